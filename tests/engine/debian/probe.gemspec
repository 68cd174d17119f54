Gem::Specification.new do |gem|
  gem.name, gem.version, gem.summary, gem.authors = "probe", "1.0", "a probe", ["slimfix"]
  gem.files = ["extconf.rb", "probe_ruby.c"]
  gem.extensions = ["extconf.rb"]
  gem.require_paths = ["."]
end
