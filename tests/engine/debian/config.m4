PHP_ARG_ENABLE([probe], [whether to enable probe], [AS_HELP_STRING([--enable-probe], [a probe])], [yes])
PHP_ADD_LIBRARY(yaml, 1, PROBE_SHARED_LIBADD)
PHP_SUBST(PROBE_SHARED_LIBADD)
PHP_NEW_EXTENSION(probe, probe_php.c, $ext_shared)
