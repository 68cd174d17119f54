require "mkmf"
abort unless have_library("yaml")
$srcs = ["probe_ruby.c"]
create_makefile("probe")
