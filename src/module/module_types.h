/* module_types.h - adding static types to a module so that they look like classes of that module. */
#ifndef KRAIT_MODULE_TYPES_H
#define KRAIT_MODULE_TYPES_H
#include "krait.h"

/* Readies the type, gives it __module__ (instances see it, too) from the part of tp_name before the last dot, adds it. */
static inline KR_UNUSED int kr_module_add_type(PyObject *module, PyTypeObject *type) {
    const char *dot = strrchr(type->tp_name, '.');
    if (PyModule_AddType(module, type) < 0)
        return -1;
    if (dot == NULL || PyDict_Contains(type->tp_dict, KR_STR(__module__)) != 0)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *name = PyUnicode_FromStringAndSize(type->tp_name, dot - type->tp_name);
    int r = name == NULL ? -1 : PyDict_SetItem(type->tp_dict, KR_STR(__module__), name);
    Py_XDECREF(name);
    PyType_Modified(type);
    return r;
}

#endif
