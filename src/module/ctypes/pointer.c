/* pointer.c - _Pointer and its metatype: the address of a value, or of the first of many. Indexing reads and writes raw memory, as in C.
 *
 * A pointer keeps its target alive under the index 1, and what the target keeps under 0. A pointer type may be made without a target type, which
 * set_type() gives it later.
 */
#include "module/ctypes/ctypes.h"

/* ------------------------------------------------------------------ metatype */

/* Sets the target type once; raises for what can't be one. */
static int set_target(KrCInfo *info, PyObject *target) {
    if (!PyType_Check(target)) {
        PyErr_SetString(PyExc_TypeError, "_type_ must be a type");
        return -1;
    }
    KrCInfo *of = kr_c_info_of(target);
    if (!of) {
        PyErr_SetString(PyExc_TypeError, "_type_ must have storage info");
        return -1;
    }
    char *shaped = kr_c_format_shaped(of->shape, of->ndim, of->format), *format = shaped ? kr_c_format_concat("&", shaped) : NULL;
    PyMem_Free(shaped);
    if (!format) return -1;
    /* A format that was handed out with a buffer stays as it is. */
    if (info->format) PyMem_Free(format);
    else info->format = format;
    Py_XSETREF(info->item, (PyTypeObject *)Py_NewRef(target));
    return 0;
}
static PyObject *pointer_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) {
    bool done;
    PyTypeObject *type = kr_c_type_new(meta, args, kwds, KR_C_POINTER, &done);
    if (!type || done) return (PyObject *)type;
    KrCInfo *info = kr_c_any_info(type);
    info->size = sizeof(void *);
    info->align = _Alignof(void *);
    info->length = 1;
    info->ffi = &ffi_type_pointer;
    info->has_pointer = true;
    PyObject *target = kr_c_own_attribute(type, KR_STR(_type_));
    if (PyErr_Occurred() || (target && set_target(info, target) < 0)) Py_CLEAR(type);
    else info->ready = true;
    return (PyObject *)type;
}
static PyObject *pointer_type_set_type(PyObject *self, PyObject *target) {
    KrCInfo *info = kr_c_info((PyTypeObject *)self);
    if (!info) {
        PyErr_SetString(PyExc_TypeError, "abstract class");
        return NULL;
    }
    if (set_target(info, target) < 0 || PyObject_SetAttr(self, KR_STR(_type_), target) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef pointer_type_methods[] = {KR_C_TYPE_METHODS, {"set_type", pointer_type_set_type, METH_O, NULL}, {NULL}};
PyTypeObject kr_c_pointer_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.PyCPointerType",
    .tp_doc = PyDoc_STR("metatype for the Pointer Objects"),
    .tp_methods = pointer_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_new = pointer_type_new,
};

/* ------------------------------------------------------------------ instances */

/* The class's info and the address the pointer holds; NULL with an exception: no target type, a null pointer. */
static KrCInfo *target_of(PyObject *self, char **address) {
    KrCData *o = KR_C_DATA(self);
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    if (!info || !kr_c_in_memory(o, o->ptr, sizeof(void *))) return NULL;
    memcpy(address, o->ptr, sizeof(void *));
    if (!*address) {
        PyErr_SetString(PyExc_ValueError, "NULL pointer access");
        return NULL;
    }
    if (info->item) return info;
    PyErr_SetString(PyExc_TypeError, "Cannot create instance: has no _type_");
    return NULL;
}
static Py_ssize_t item_size(KrCInfo *info) { return ((KrCType *)info->item)->info.size; }
static char *place_of(KrCInfo *info, char *address, Py_ssize_t i) { return (char *)((uintptr_t)address + (size_t)i * (size_t)item_size(info)); }

static PyObject *pointer_get_contents(PyObject *self, void *unused) {
    char *address;
    KrCInfo *info = target_of(self, &address);
    return info ? kr_c_data_view(info->item, KR_C_DATA(self), 0, address) : NULL;
}
static int pointer_set_contents(PyObject *self, PyObject *value, void *unused) {
    KrCData *o = KR_C_DATA(self);
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "Pointer does not support item deletion");
        return -1;
    }
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    if (!info || !kr_c_in_memory(o, o->ptr, sizeof(void *))) return -1;
    if (!kr_c_is_data(value)) {     /* which type it is does not matter: C would let one cast */
        PyErr_Format(PyExc_TypeError, "expected %s instead of %s", info->item ? info->item->tp_name : "a ctypes instance", Py_TYPE(value)->tp_name);
        return -1;
    }
    PyObject *kept = kr_c_kept(KR_C_DATA(value));
    if (!kept) return -1;
    memcpy(o->ptr, &KR_C_DATA(value)->ptr, sizeof(void *));
    Py_INCREF(kept);
    if (kr_c_keep(o, 1, Py_NewRef(value)) < 0) {
        Py_DECREF(kept);
        return -1;
    }
    return kr_c_keep(o, 0, kept);
}
static PyObject *pointer_item(PyObject *self, Py_ssize_t i) {
    char *address;
    KrCInfo *info = target_of(self, &address);
    return info ? kr_c_item_get(KR_C_DATA(self), info->item, i, place_of(info, address, i)) : NULL;
}
static int pointer_set_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "Pointer does not support item deletion");
        return -1;
    }
    char *address;
    KrCInfo *info = target_of(self, &address);
    return info ? kr_c_item_set(KR_C_DATA(self), info->item, i, place_of(info, address, i), value) : -1;
}

/* A bound of a slice; false with an exception. */
static bool bound(PyObject *o, Py_ssize_t *v) {
    *v = PyNumber_AsSsize_t(o, PyExc_ValueError);
    return *v != -1 || !PyErr_Occurred();
}
/* A pointer has no length, so a slice must say where it ends, and where it begins if it goes backwards. */
static bool slice_bounds(PySliceObject *s, Py_ssize_t *start, Py_ssize_t *step, Py_ssize_t *n) {
    Py_ssize_t stop;
    *step = 1;
    if (s->step != Py_None && !bound(s->step, step)) return false;
    if (!*step) {
        PyErr_SetString(PyExc_ValueError, "slice step cannot be zero");
        return false;
    }
    *start = 0;
    if (s->start != Py_None) {
        if (!bound(s->start, start)) return false;
    } else if (*step < 0) {
        PyErr_SetString(PyExc_ValueError, "slice start is required for step < 0");
        return false;
    }
    if (s->stop == Py_None) {
        PyErr_SetString(PyExc_ValueError, "slice stop is required");
        return false;
    }
    if (!bound(s->stop, &stop)) return false;
    size_t distance = *step > 0 ? (size_t)stop - (size_t)*start : (size_t)*start - (size_t)stop;
    size_t stride = *step > 0 ? (size_t)*step : 0 - (size_t)*step;
    *n = (*step > 0 ? stop > *start : stop < *start) ? (Py_ssize_t)((distance - 1) / stride + 1) : 0;
    return true;
}
static PyObject *pointer_subscript(PyObject *self, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        return i == -1 && PyErr_Occurred() ? NULL : pointer_item(self, i);
    }
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "Pointer indices must be integer");
        return NULL;
    }
    Py_ssize_t start, step, n;
    if (!slice_bounds((PySliceObject *)key, &start, &step, &n)) return NULL;
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self)), *item = info && info->item ? &((KrCType *)info->item)->info : NULL;
    if (item && (item->is_char || item->is_wide)) {
        char *address = NULL;
        if (n && !target_of(self, &address)) return NULL;
        return kr_c_text_slice(address, item->size, start, step, n);
    }
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        PyObject *v = pointer_item(self, start + i * step);
        if (v) PyList_SET_ITEM(list, i, v);
        else Py_CLEAR(list);
    }
    return list;
}
static int pointer_init(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    if (!_PyArg_CheckPositional("POINTER", n, 0, 1)) return -1;
    return n ? pointer_set_contents(self, args[0], NULL) : 0;
}
static PyObject *pointer_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    KrCInfo *info = kr_c_info(type);
    if (info && info->item) return kr_c_data_new(type, args, kwds);
    PyErr_SetString(PyExc_TypeError, "Cannot create instance: has no _type_");
    return NULL;
}
static int pointer_bool(PyObject *self) {
    KrCData *o = KR_C_DATA(self);
    void *address;
    if (!kr_c_in_memory(o, o->ptr, sizeof address)) return -1;
    memcpy(&address, o->ptr, sizeof address);
    return address != NULL;
}

static PyGetSetDef pointer_getsets[] = {
    {"contents", pointer_get_contents, pointer_set_contents, PyDoc_STR("the object this pointer points to (read-write)")},
    {NULL},
};
static PyNumberMethods pointer_as_number = {.nb_bool = pointer_bool};
static PySequenceMethods pointer_as_sequence = {.sq_item = pointer_item, .sq_ass_item = pointer_set_item};
static PyMappingMethods pointer_as_mapping = {.mp_subscript = pointer_subscript};
KrCType kr_c_pointer = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_pointer_meta, 0)
        .tp_name = "_ctypes._Pointer",
        .tp_basicsize = sizeof(KrCData),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_doc = PyDoc_STR("XXX to be provided"),
        .tp_as_number = &pointer_as_number,
        .tp_as_sequence = &pointer_as_sequence,
        .tp_as_mapping = &pointer_as_mapping,
        .tp_getset = pointer_getsets,
        .tp_init = kr_c_data_init,
        .tp_new = pointer_new,
    },
    .info = {.kind = KR_C_POINTER, .init = pointer_init},
};
