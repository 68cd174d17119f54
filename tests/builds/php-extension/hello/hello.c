#include "php.h"

PHP_FUNCTION(hello) { RETURN_STRING("hello"); }

ZEND_BEGIN_ARG_INFO(arginfo_hello, 0)
ZEND_END_ARG_INFO()

static const zend_function_entry functions[] = {PHP_FE(hello, arginfo_hello) PHP_FE_END};

zend_module_entry hello_module_entry = {
    STANDARD_MODULE_HEADER, "hello", functions, NULL, NULL, NULL, NULL, NULL, "0.1", STANDARD_MODULE_PROPERTIES};

ZEND_GET_MODULE(hello)
