/* simple.c - _SimpleCData and its metatype: one C value, by the type code in _type_.
 *
 * Classes directly below _SimpleCData stand for their values (c_int fields give ints); further subclasses give instances. A class made by this
 * metatype itself gets a twin in the other byte order, __ctype_be__, if its code allows that.
 */
#include "module/ctypes/ctypes.h"

/* ------------------------------------------------------------------ metatype */

/* The code in the class's _type_, NULL with an exception. */
static const KrCCode *code_of(PyTypeObject *type) {
    PyObject *name;
    const KrCCode *code = NULL;
    if (_PyObject_LookupAttr((PyObject *)type, KR_STR(_type_), &name) < 0) return NULL;
    if (!name) {
        PyErr_SetString(PyExc_AttributeError, "class must define a '_type_' attribute");
        return NULL;
    }
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "class must define a '_type_' string attribute");
        goto done;
    }
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(name, &n);
    if (!text) goto done;
    if (n != 1) {
        PyErr_SetString(PyExc_ValueError, "class must define a '_type_' attribute which must be a string of length 1");
    } else if (!*text || !strchr(kr_c_all_codes, *text)) {
        if (*text)
            PyErr_Format(PyExc_AttributeError,
                         "class must define a '_type_' attribute which must be\na single character string containing one of '%s'.", kr_c_all_codes);
        else PyErr_SetString(PyExc_ValueError, "_type_ '' not supported");
    } else if (!(code = kr_c_code(*text))) {
        PyErr_Format(PyExc_ValueError, "_type_ '%s' not supported", text);
    }
done:
    Py_DECREF(name);
    return code;
}
static int fill_in(KrCInfo *info, PyTypeObject *type, const KrCCode *code, bool swapped) {
    const char format[3] = {swapped ? '>' : '<', code->format};
    if (!(info->format = kr_c_format_concat(format, ""))) return -1;
    info->code = code;
    info->size = code->size;
    info->align = code->align;
    info->get = swapped ? code->get_swapped : code->get;
    info->set = swapped ? code->set_swapped : code->set;
    info->ffi = code->ffi;
    info->has_pointer = code->is_pointer;
    info->is_char = code->code == 'c';
    info->is_wide = code->code == 'u';
    info->plain = type->tp_base == KR_C_TYPE(kr_c_simple);
    info->ready = true;
    return 0;
}
/* The same class in the other byte order, by the arguments it was made of. */
static PyTypeObject *swapped_twin(PyObject *args, PyObject *kwds, const KrCCode *code) {
    bool done = false;
    PyObject *name = PyUnicode_FromFormat("%S_be", PyTuple_GET_ITEM(args, 0));
    PyObject *renamed = name ? PyTuple_Pack(3, name, PyTuple_GET_ITEM(args, 1), PyTuple_GET_ITEM(args, 2)) : NULL;
    PyTypeObject *twin = renamed ? kr_c_type_new(&kr_c_simple_meta, renamed, kwds, KR_C_SIMPLE, &done) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(renamed);
    if (twin && !done && fill_in(kr_c_any_info(twin), twin, code, true) < 0) Py_CLEAR(twin);
    return twin;
}
static int add_twins(PyTypeObject *type, PyObject *args, PyObject *kwds, const KrCCode *code) {
    PyTypeObject *twin = swapped_twin(args, kwds, code);
    int r = -1;
    if (twin && PyObject_SetAttr((PyObject *)type, KR_STR(__ctype_be__), (PyObject *)twin) >= 0 &&
        PyObject_SetAttr((PyObject *)type, KR_STR(__ctype_le__), (PyObject *)type) >= 0 &&
        PyObject_SetAttr((PyObject *)twin, KR_STR(__ctype_be__), (PyObject *)twin) >= 0 &&
        PyObject_SetAttr((PyObject *)twin, KR_STR(__ctype_le__), (PyObject *)type) >= 0)
        r = 0;
    Py_XDECREF(twin);
    return r;
}
/* Strings and untyped pointers take more than their own instances as arguments. */
static int add_from_param(PyTypeObject *type, const KrCCode *code) {
    PyMethodDef *def = kr_c_special_from_param(code->code);
    if (!def) return 0;
    PyObject *method = PyDescr_NewClassMethod(type, def);
    int r = method ? PyDict_SetItem(type->tp_dict, KR_STR(from_param), method) : -1;
    Py_XDECREF(method);
    PyType_Modified(type);
    return r;
}
static PyObject *simple_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) {
    bool done;
    PyTypeObject *type = kr_c_type_new(meta, args, kwds, KR_C_SIMPLE, &done);
    if (!type || done) return (PyObject *)type;
    const KrCCode *code = code_of(type);
    if (!code || fill_in(kr_c_any_info(type), type, code, false) < 0 ||
        (type->tp_base == KR_C_TYPE(kr_c_simple) && add_from_param(type, code) < 0) ||
        (meta == &kr_c_simple_meta && code->get_swapped && add_twins(type, args, kwds, code) < 0))
        Py_CLEAR(type);
    return (PyObject *)type;
}

PyTypeObject kr_c_simple_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.PyCSimpleType",
    .tp_doc = PyDoc_STR("metatype for the PyCSimpleType Objects"),
    .tp_methods = kr_c_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_new = simple_type_new,
};

/* ------------------------------------------------------------------ instances */

/* The conversions of an instance's class; NULL with TypeError if its memory is not for it. */
static KrCInfo *info_of(PyObject *self) {
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    return info && kr_c_in_memory(KR_C_DATA(self), KR_C_DATA(self)->ptr, info->size) ? info : NULL;
}
static PyObject *simple_get_value(PyObject *self, void *unused) {
    KrCInfo *info = info_of(self);
    return info ? info->get(KR_C_DATA(self)->ptr, info->size) : NULL;
}
static int simple_set_value(PyObject *self, PyObject *value, void *unused) {
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "can't delete attribute");
        return -1;
    }
    KrCInfo *info = info_of(self);
    return info ? kr_c_keep(KR_C_DATA(self), 0, info->set(KR_C_DATA(self)->ptr, value, info->size)) : -1;
}
static int simple_init(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    if (!_PyArg_CheckPositional("__init__", n, 0, 1)) return -1;
    return n ? simple_set_value(self, args[0], NULL) : 0;
}
static int simple_bool(PyObject *self) {
    KrCData *o = KR_C_DATA(self);
    for (Py_ssize_t i = 0; i < o->size; i++)
        if (o->ptr[i]) return 1;
    return 0;
}
static PyObject *simple_repr(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (type->tp_base != KR_C_TYPE(kr_c_simple)) return PyUnicode_FromFormat("<%s object at %p>", type->tp_name, self);
    PyObject *value = simple_get_value(self, NULL);
    if (!value) return NULL;
    PyObject *r = PyUnicode_FromFormat("%s(%R)", type->tp_name, value);
    Py_DECREF(value);
    return r;
}
static PyObject *simple_from_outparam(PyObject *self, PyObject *unused) {
    return Py_TYPE(self)->tp_base == KR_C_TYPE(kr_c_simple) ? simple_get_value(self, NULL) : Py_NewRef(self);
}

static PyMethodDef simple_methods[] = {{"__ctypes_from_outparam__", simple_from_outparam, METH_NOARGS, NULL}, {NULL}};
static PyGetSetDef simple_getsets[] = {{"value", simple_get_value, simple_set_value, PyDoc_STR("current value")}, {NULL}};
static PyNumberMethods simple_as_number = {.nb_bool = simple_bool};
KrCType kr_c_simple = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_simple_meta, 0)
        .tp_name = "_ctypes._SimpleCData",
        .tp_basicsize = sizeof(KrCData),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_doc = PyDoc_STR("XXX to be provided"),
        .tp_repr = simple_repr,
        .tp_as_number = &simple_as_number,
        .tp_methods = simple_methods,
        .tp_getset = simple_getsets,
        .tp_init = kr_c_data_init,
        .tp_new = kr_c_data_new,
    },
    .info = {.kind = KR_C_SIMPLE, .init = simple_init},
};
