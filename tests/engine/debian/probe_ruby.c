#include <ruby.h>
#include <yaml.h>

void Init_probe(void)
{
    rb_define_global_const("YAML_VERSION", rb_str_new_cstr(yaml_get_version_string()));
}
