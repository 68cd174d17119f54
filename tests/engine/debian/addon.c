/* An addon for Node that asks zlib's sister libyaml for its version. */
#include <node_api.h>
#include <yaml.h>

static napi_value init(napi_env env, napi_value exports)
{
    napi_value version;

    napi_create_string_utf8(env, yaml_get_version_string(), NAPI_AUTO_LENGTH, &version);
    napi_set_named_property(env, exports, "yaml", version);
    return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
