/* array.c - Array and its metatype: a fixed number of items of one type. Arrays of char and wchar_t are strings, too: value, raw, and slices that are
 * strings.
 */
#include "module/ctypes/ctypes.h"
#include <wchar.h>

/* ------------------------------------------------------------------ characters */

/* The memory of an instance as characters; false with TypeError if it isn't that. */
static bool chars_of(PyObject *self, char **p, Py_ssize_t *size) {
    KrCData *o = KR_C_DATA(self);
    *p = o->ptr;
    *size = o->size;
    return kr_c_in_memory(o, o->ptr, 0);
}
static int no_deleting(PyObject *exception, const char *message) {
    PyErr_SetString(exception, message);
    return -1;
}
static PyObject *char_get_raw(PyObject *self, void *unused) {
    char *p;
    Py_ssize_t size;
    return chars_of(self, &p, &size) ? PyBytes_FromStringAndSize(p, size) : NULL;
}
static int too_long(const char *what) {
    PyErr_Format(PyExc_ValueError, "%s too long", what);
    return -1;
}
static int char_set_raw(PyObject *self, PyObject *value, void *unused) {
    char *p;
    Py_ssize_t size;
    Py_buffer b;
    if (!value) return no_deleting(PyExc_AttributeError, "cannot delete attribute");
    if (!chars_of(self, &p, &size) || PyObject_GetBuffer(value, &b, PyBUF_SIMPLE) < 0) return -1;
    int r = 0;
    if (b.len > size) r = too_long("byte string");
    else memmove(p, b.buf, (size_t)b.len);
    PyBuffer_Release(&b);
    return r;
}
static PyObject *char_get_value(PyObject *self, void *unused) {
    char *p;
    Py_ssize_t size;
    return chars_of(self, &p, &size) ? kr_c_chars_get(p, size) : NULL;
}
static int char_set_value(PyObject *self, PyObject *value, void *unused) {
    char *p;
    Py_ssize_t size;
    if (!value) return no_deleting(PyExc_TypeError, "can't delete attribute");
    if (!PyBytes_Check(value)) {
        PyErr_Format(PyExc_TypeError, "bytes expected instead of %s instance", Py_TYPE(value)->tp_name);
        return -1;
    }
    if (!chars_of(self, &p, &size)) return -1;
    Py_ssize_t n = PyBytes_GET_SIZE(value);
    if (n > size) return too_long("byte string");
    memcpy(p, PyBytes_AS_STRING(value), (size_t)(n < size ? n + 1 : n));
    return 0;
}
static PyObject *wide_get_value(PyObject *self, void *unused) {
    char *p;
    Py_ssize_t size;
    return chars_of(self, &p, &size) ? kr_c_wide_get(p, size) : NULL;
}
static int wide_set_value(PyObject *self, PyObject *value, void *unused) {
    char *p;
    Py_ssize_t size;
    if (!value) return no_deleting(PyExc_TypeError, "can't delete attribute");
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "unicode string expected instead of %s instance", Py_TYPE(value)->tp_name);
        return -1;
    }
    if (!chars_of(self, &p, &size)) return -1;
    Py_ssize_t n = PyUnicode_AsWideChar(value, NULL, 0);
    if (n < 0) return -1;
    if (n - 1 > size / (Py_ssize_t)sizeof(wchar_t)) return too_long("string");
    PyObject *r = kr_c_wide_set(p, value, size);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
static PyGetSetDef char_getsets[] = {
    {"value", char_get_value, char_set_value, PyDoc_STR("string value")},
    {"raw", char_get_raw, char_set_raw, PyDoc_STR("value")},
    {NULL},
};
static PyGetSetDef wide_getsets[] = {
    {"value", wide_get_value, wide_set_value, PyDoc_STR("string value")},
    {NULL},
};
static int add_getsets(PyTypeObject *type, PyGetSetDef *def) {
    for (; def->name; def++) {
        PyObject *descriptor = PyDescr_NewGetSet(type, def);
        int r = descriptor ? PyDict_SetItemString(type->tp_dict, def->name, descriptor) : -1;
        Py_XDECREF(descriptor);
        if (r < 0) return -1;
    }
    PyType_Modified(type);
    return 0;
}

/* ------------------------------------------------------------------ metatype */

/* The attribute of the class that says so; NULL with AttributeError if there is none. */
static PyObject *required(PyTypeObject *type, PyObject *name) {
    PyObject *value;
    if (_PyObject_LookupAttr((PyObject *)type, name, &value) >= 0 && !value)
        PyErr_Format(PyExc_AttributeError, "class must define a '%U' attribute", name);
    return value;
}
/* The class's _length_, -1 with an exception. */
static Py_ssize_t length_of(PyTypeObject *type) {
    PyObject *value = required(type, KR_STR(_length_));
    if (!value) return -1;
    Py_ssize_t length = -1;
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "The '_length_' attribute must be an integer");
    } else if (_PyLong_Sign(value) < 0) {
        PyErr_SetString(PyExc_ValueError, "The '_length_' attribute must not be negative");
    } else if ((length = PyLong_AsSsize_t(value)) == -1 && PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_SetString(PyExc_OverflowError, "The '_length_' attribute is too large");
    }
    Py_DECREF(value);
    return length;
}
static int fill_in(KrCInfo *info, PyTypeObject *type) {
    Py_ssize_t length = length_of(type);
    PyObject *item = length < 0 ? NULL : required(type, KR_STR(_type_));
    if (!item) return -1;
    KrCInfo *of = kr_c_info_of(item);
    if (!of) {
        Py_DECREF(item);
        PyErr_SetString(PyExc_TypeError, "_type_ must have storage info");
        return -1;
    }
    info->item = (PyTypeObject *)item;
    if (of->size && length > PY_SSIZE_T_MAX / of->size) {
        PyErr_SetString(PyExc_OverflowError, "array too large");
        return -1;
    }
    info->size = length * of->size;
    info->align = of->align;
    info->length = length;
    info->has_pointer = of->has_pointer;
    info->ndim = of->ndim + 1;
    info->shape = PyMem_New(Py_ssize_t, info->ndim);
    if (!info->shape) {
        PyErr_NoMemory();
        return -1;
    }
    info->shape[0] = length;
    for (int i = 0; i < of->ndim; i++) info->shape[i + 1] = of->shape[i];
    if (!(info->format = kr_c_format_concat("", of->format))) return -1;
    of->final = true;
    info->ready = true;
    return of->is_char ? add_getsets(type, char_getsets) : of->is_wide ? add_getsets(type, wide_getsets) : 0;
}
static PyObject *array_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) {
    bool done;
    PyTypeObject *type = kr_c_type_new(meta, args, kwds, KR_C_ARRAY, &done);
    if (type && !done && fill_in(kr_c_any_info(type), type) < 0) Py_CLEAR(type);
    return (PyObject *)type;
}

PyTypeObject kr_c_array_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.PyCArrayType",
    .tp_doc = PyDoc_STR("metatype for the Array Objects"),
    .tp_methods = kr_c_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_new = array_type_new,
};

/* ------------------------------------------------------------------ items */

/* Where item i is; NULL with IndexError. */
static char *place_of(KrCData *o, KrCInfo *info, Py_ssize_t i) {
    if (i < 0 || i >= o->length) {
        PyErr_SetString(PyExc_IndexError, "invalid index");
        return NULL;
    }
    Py_ssize_t size = ((KrCType *)info->item)->info.size;
    char *p = o->ptr + i * size;
    return kr_c_in_memory(o, p, size) ? p : NULL;
}
static PyObject *array_item(PyObject *self, Py_ssize_t i) {
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    char *p = info ? place_of(KR_C_DATA(self), info, i) : NULL;
    return p ? kr_c_item_get(KR_C_DATA(self), info->item, i, p) : NULL;
}
static int array_set_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    if (!value) return no_deleting(PyExc_TypeError, "Array does not support item deletion");
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    char *p = info ? place_of(KR_C_DATA(self), info, i) : NULL;
    return p ? kr_c_item_set(KR_C_DATA(self), info->item, i, p, value) : -1;
}
static Py_ssize_t array_length(PyObject *self) { return KR_C_DATA(self)->length; }

/* The items of a slice: of characters a string, else a list. */
static PyObject *slice(PyObject *self, KrCInfo *info, Py_ssize_t start, Py_ssize_t step, Py_ssize_t n) {
    KrCData *o = KR_C_DATA(self);
    KrCInfo *item = &((KrCType *)info->item)->info;
    if (!kr_c_in_memory(o, o->ptr, o->length * item->size)) return NULL;
    if (item->is_char || item->is_wide) return kr_c_text_slice(o->ptr, item->size, start, step, n);
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        const Py_ssize_t k = start + i * step;
        PyObject *v = kr_c_item_get(o, info->item, k, o->ptr + k * item->size);
        if (v) PyList_SET_ITEM(list, i, v);
        else Py_CLEAR(list);
    }
    return list;
}
/* An index, negative ones from the end; false with an exception. */
static bool index_of(PyObject *self, PyObject *key, Py_ssize_t *i) {
    *i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (*i == -1 && PyErr_Occurred()) return false;
    if (*i < 0) *i += KR_C_DATA(self)->length;
    return true;
}
static PyObject *array_subscript(PyObject *self, PyObject *key) {
    Py_ssize_t i, start, stop, step;
    if (PyIndex_Check(key)) return index_of(self, key, &i) ? array_item(self, i) : NULL;
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "indices must be integers");
        return NULL;
    }
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    if (!info || PySlice_Unpack(key, &start, &stop, &step) < 0) return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(KR_C_DATA(self)->length, &start, &stop, step);
    return slice(self, info, start, step, n);
}
static int array_ass_subscript(PyObject *self, PyObject *key, PyObject *value) {
    Py_ssize_t i, start, stop, step;
    if (!value) return no_deleting(PyExc_TypeError, "Array does not support item deletion");
    if (PyIndex_Check(key)) return index_of(self, key, &i) ? array_set_item(self, i, value) : -1;
    if (!PySlice_Check(key)) return no_deleting(PyExc_TypeError, "indices must be integer");
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) return -1;
    Py_ssize_t n = PySlice_AdjustIndices(KR_C_DATA(self)->length, &start, &stop, step), given = PyObject_Size(value);
    if (given < 0) PyErr_Clear();
    if (given != n) return no_deleting(PyExc_ValueError, "Can only assign sequence of same size");
    for (i = 0; i < n; i++) {
        PyObject *item = PySequence_GetItem(value, i);
        int r = item ? array_set_item(self, start + i * step, item) : -1;
        Py_XDECREF(item);
        if (r < 0) return -1;
    }
    return 0;
}
static int array_init(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    for (Py_ssize_t i = 0; i < n; i++)
        if (PySequence_SetItem(self, i, args[i]) < 0) return -1;
    return 0;
}

static PyMethodDef array_methods[] = {{"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")}, {NULL}};
static PySequenceMethods array_as_sequence = {.sq_length = array_length, .sq_item = array_item, .sq_ass_item = array_set_item};
static PyMappingMethods array_as_mapping = {.mp_length = array_length, .mp_subscript = array_subscript, .mp_ass_subscript = array_ass_subscript};
KrCType kr_c_array = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_array_meta, 0)
        .tp_name = "_ctypes.Array",
        .tp_basicsize = sizeof(KrCData),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_doc = PyDoc_STR("XXX to be provided"),
        .tp_as_sequence = &array_as_sequence,
        .tp_as_mapping = &array_as_mapping,
        .tp_methods = array_methods,
        .tp_init = kr_c_data_init,
        .tp_new = kr_c_data_new,
    },
    .info = {.kind = KR_C_ARRAY, .init = array_init},
};
