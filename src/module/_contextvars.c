/* _contextvars.c - the module behind contextvars; the types are vm/context.c's. */
#include "vm/context.h"

PyDoc_STRVAR(copy_context_doc, "copy_context($module, /)\n--\n\nA copy of the current context.");
static PyObject *copy_context(PyObject *self, PyObject *unused) { return PyContext_CopyCurrent(); }

static int contextvars_exec(PyObject *m) {
    return kr_context_ready() < 0 || PyModule_AddType(m, &PyContext_Type) < 0 || PyModule_AddType(m, &PyContextVar_Type) < 0 ||
                   PyModule_AddType(m, &PyContextToken_Type) < 0
               ? -1
               : 0;
}

static PyMethodDef contextvars_methods[] = {
    {"copy_context", copy_context, METH_NOARGS, copy_context_doc},
    {NULL},
};
static PyModuleDef_Slot contextvars_slots[] = {{Py_mod_exec, contextvars_exec}, {0, NULL}};
static PyModuleDef contextvars_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_contextvars",
    .m_doc = PyDoc_STR("Context Variables"),
    .m_methods = contextvars_methods,
    .m_slots = contextvars_slots,
};
PyMODINIT_FUNC PyInit__contextvars(void) { return PyModuleDef_Init(&contextvars_module); }
