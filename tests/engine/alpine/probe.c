#include <Python.h>
#include <ffi.h>
#include <libpq-fe.h>
static int twice(int n) { return 2 * n; }
static PyObject *answer(PyObject *self, PyObject *none)
{
    ffi_cif cif;
    ffi_type *types[] = { &ffi_type_sint };
    int n = 21;
    void *values[] = { &n };
    ffi_arg result;
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 1, &ffi_type_sint, types) != FFI_OK) return NULL;
    ffi_call(&cif, FFI_FN(twice), &result, values);
    return Py_BuildValue("ii", (int) result, PQlibVersion());
}
static PyMethodDef methods[] = { { "answer", answer, METH_NOARGS, "" }, { NULL } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods };
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&module); }
