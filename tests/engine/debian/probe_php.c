#include <php.h>
#include <yaml.h>

PHP_FUNCTION(probe)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_STRING(yaml_get_version_string());
}

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(none, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

static const zend_function_entry functions[] = {PHP_FE(probe, none) PHP_FE_END};
zend_module_entry probe_module_entry = {
    STANDARD_MODULE_HEADER, "probe", functions, NULL, NULL, NULL, NULL, NULL, "1", STANDARD_MODULE_PROPERTIES};

ZEND_GET_MODULE(probe)
