PHP_ARG_ENABLE([hello], [hello], [AS_HELP_STRING([--enable-hello], [Enable hello])], [yes])
PHP_NEW_EXTENSION([hello], [hello.c], [$ext_shared])
