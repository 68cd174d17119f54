#include <ruby.h>

static VALUE fast(VALUE self) { return rb_str_new_cstr("fast"); }

void Init_fast(void) { rb_define_global_function("fast", fast, 0); }
