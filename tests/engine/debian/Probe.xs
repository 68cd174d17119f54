#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"
#include <yaml.h>

MODULE = Probe  PACKAGE = Probe

const char *
version()
  CODE:
    RETVAL = yaml_get_version_string();
  OUTPUT:
    RETVAL
