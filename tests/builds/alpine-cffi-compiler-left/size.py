import cffi

print(cffi.FFI().sizeof("long"))
