/* aggregate.c - Structure and Union with their metatypes. The layout is layout.c's; assigning _fields_, in the class statement or later, brings it
 * about.
 */
#include "module/ctypes/ctypes.h"

/* ------------------------------------------------------------------ metatypes */

/* A class without fields of its own is laid out like its base. */
static int inherit(KrCInfo *info, PyTypeObject *base) {
    KrCInfo *from = kr_c_info(base);
    info->ready = true;
    if (!from) return 0;
    from->final = true;
    if (from->kind != KR_C_STRUCT && from->kind != KR_C_UNION) return 0;
    if (from->format && !(info->format = kr_c_format_concat("", from->format))) return -1;
    info->size = from->size;
    info->align = from->align;
    info->length = from->length;
    info->has_pointer = from->has_pointer;
    return 0;
}
static PyObject *aggregate_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds, KrCKind kind) {
    bool done;
    PyTypeObject *type = kr_c_type_new(meta, args, kwds, kind, &done);
    if (!type || done) return (PyObject *)type;
    KrCInfo *info = kr_c_any_info(type);
    if (kr_c_own_attribute(type, KR_STR(_abstract_))) return (PyObject *)type;
    PyObject *fields = PyErr_Occurred() ? NULL : kr_c_own_attribute(type, KR_STR(_fields_));
    int r = PyErr_Occurred() ? -1 : 0;
    if (r == 0 && !fields) {
        r = inherit(info, type->tp_base);
    } else if (r == 0) {
        /* Through the attribute: a metaclass may want to see, or change, what is assigned. */
        info->ready = true;
        Py_INCREF(fields);
        r = PyObject_SetAttr((PyObject *)type, KR_STR(_fields_), fields);
        Py_DECREF(fields);
    }
    if (r < 0) Py_CLEAR(type);
    return (PyObject *)type;
}
static PyObject *struct_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) { return aggregate_type_new(meta, args, kwds, KR_C_STRUCT); }
static PyObject *union_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) { return aggregate_type_new(meta, args, kwds, KR_C_UNION); }
static int aggregate_type_setattro(PyObject *self, PyObject *name, PyObject *value) {
    if (PyType_Type.tp_setattro(self, name, value) < 0) return -1;
    if (!value || !PyUnicode_Check(name) || !_PyUnicode_Equal(name, KR_STR(_fields_))) return 0;
    return kr_c_layout((PyTypeObject *)self, value);
}

PyTypeObject kr_c_struct_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.PyCStructType",
    .tp_doc = PyDoc_STR("metatype for the CData Objects"),
    .tp_methods = kr_c_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_setattro = aggregate_type_setattro,
    .tp_new = struct_type_new,
};
PyTypeObject kr_c_union_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.UnionType",
    .tp_doc = PyDoc_STR("metatype for the CData Objects"),
    .tp_methods = kr_c_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_setattro = aggregate_type_setattro,
    .tp_new = union_type_new,
};

/* ------------------------------------------------------------------ instances */

static bool has_name(PyObject *kwnames, PyObject *name) {
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++)
        if (_PyUnicode_Equal(PyTuple_GET_ITEM(kwnames, i), name)) return true;
    return false;
}
/* Assigns positional arguments from number i on to the fields of type and, first, its bases. The next argument's number, -1 with an exception. */
static Py_ssize_t set_positional(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t n, PyObject *kwnames, Py_ssize_t i) {
    KrCInfo *info = kr_c_info(type);
    if (type->tp_base && kr_c_info(type->tp_base)) i = set_positional(self, type->tp_base, args, n, kwnames, i);
    if (i < 0 || !info || !info->fields) return i;
    PyObject *fields = Py_NewRef(info->fields);
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(fields) && i < n; k++, i++) {
        PyObject *name = KR_C_FIELD(PyTuple_GET_ITEM(fields, k))->name;
        const bool twice = has_name(kwnames, name);
        if (twice) PyErr_Format(PyExc_TypeError, "duplicate values for field %R", name);
        if (twice || PyObject_SetAttr(self, name, args[i]) < 0) {
            i = -1;
            break;
        }
    }
    Py_DECREF(fields);
    return i;
}
static int aggregate_init(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    if (n) {
        Py_ssize_t used = set_positional(self, Py_TYPE(self), args, n, kwnames, 0);
        if (used < 0) return -1;
        if (used < n) {
            PyErr_SetString(PyExc_TypeError, "too many initializers");
            return -1;
        }
    }
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++)
        if (PyObject_SetAttr(self, PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0) return -1;
    return 0;
}

KrCType kr_c_structure = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_struct_meta, 0)
        .tp_name = "_ctypes.Structure",
        .tp_basicsize = sizeof(KrCData),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_doc = PyDoc_STR("Structure base class"),
        .tp_init = kr_c_data_init,
        .tp_new = kr_c_data_new,
    },
    .info = {.kind = KR_C_STRUCT, .init = aggregate_init},
};
KrCType kr_c_union = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_union_meta, 0)
        .tp_name = "_ctypes.Union",
        .tp_basicsize = sizeof(KrCData),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_doc = PyDoc_STR("Union base class"),
        .tp_init = kr_c_data_init,
        .tp_new = kr_c_data_new,
    },
    .info = {.kind = KR_C_UNION, .init = aggregate_init},
};
