/* field.c - CField, the descriptor of a struct's or union's field.
 */
#include "module/ctypes/ctypes.h"

KrCField *kr_c_field_new(void) {
    KrCField *f = PyObject_GC_New(KrCField, &kr_c_field_type);
    if (f) memset((char *)f + sizeof(PyObject), 0, sizeof *f - sizeof(PyObject));
    return f;
}

/* Where the field is in an instance; NULL with TypeError for what has no such field. */
static char *place_in(KrCField *f, PyObject *o) {
    if (!kr_c_is_data(o)) {
        PyErr_SetString(PyExc_TypeError, "not a ctype instance");
        return NULL;
    }
    KrCData *data = KR_C_DATA(o);
    const bool in_unit = f->bits && !f->whole;
    char *p = data->ptr + (in_unit ? f->unit_offset : f->offset);
    return kr_c_in_memory(data, p, in_unit ? (Py_ssize_t)f->unit : ((KrCType *)f->type)->info.size) ? p : NULL;
}
static PyObject *field_get(PyObject *self, PyObject *o, PyObject *type) {
    if (!o) return Py_NewRef(self);
    KrCField *f = KR_C_FIELD(self);
    char *p = place_in(f, o);
    if (!p) return NULL;
    KrCInfo *info = &((KrCType *)f->type)->info;
    if (f->bits && !f->whole) return kr_c_bits_get(info->code, f->swapped, p, f->unit, f->shift, f->bits);
    return f->get ? f->get(p, info->size) : kr_c_item_get(KR_C_DATA(o), f->type, f->index, p);
}
static int field_set(PyObject *self, PyObject *o, PyObject *value) {
    KrCField *f = KR_C_FIELD(self);
    char *p = place_in(f, o);
    if (!p) return -1;
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "can't delete attribute");
        return -1;
    }
    KrCInfo *info = &((KrCType *)f->type)->info;
    if (f->bits && !f->whole) return kr_c_bits_set(info->code, f->swapped, p, f->unit, f->shift, f->bits, value);
    return f->set ? kr_c_keep(KR_C_DATA(o), f->index, f->set(p, value, info->size)) : kr_c_item_set(KR_C_DATA(o), f->type, f->index, p, value);
}
/* What the attribute `size` is: for a bit field both numbers in one. */
static Py_ssize_t size_of(KrCField *f) { return f->bits ? (Py_ssize_t)f->bits << 16 | f->shift : f->size; }
static PyObject *field_get_size(PyObject *self, void *unused) { return PyLong_FromSsize_t(size_of(KR_C_FIELD(self))); }
static PyObject *field_get_offset(PyObject *self, void *unused) { return PyLong_FromSsize_t(KR_C_FIELD(self)->offset); }
static PyObject *field_repr(PyObject *self) {
    KrCField *f = KR_C_FIELD(self);
    const char *type = f->type->tp_name;
    if (f->bits) return PyUnicode_FromFormat("<Field type=%s, ofs=%zd:%u, bits=%u>", type, f->offset, f->shift, f->bits);
    return PyUnicode_FromFormat("<Field type=%s, ofs=%zd, size=%zd>", type, f->offset, f->size);
}

static int field_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT((PyObject *)KR_C_FIELD(self)->type);
    return 0;
}
/* No tp_clear: the type is needed as long as the field is; cycles go through the class, which lets go of its fields. */
static void field_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF((PyObject *)KR_C_FIELD(self)->type);
    Py_XDECREF(KR_C_FIELD(self)->name);
    PyObject_GC_Del(self);
}

static PyGetSetDef field_getsets[] = {
    {"offset", field_get_offset, NULL, PyDoc_STR("offset in bytes of this field")},
    {"size", field_get_size, NULL, PyDoc_STR("size in bytes of this field")},
    {NULL},
};
PyTypeObject kr_c_field_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_ctypes.CField",
    .tp_basicsize = sizeof(KrCField),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = PyDoc_STR("Structure/Union member"),
    .tp_dealloc = field_dealloc,
    .tp_traverse = field_traverse,
    .tp_repr = field_repr,
    .tp_getset = field_getsets,
    .tp_descr_get = field_get,
    .tp_descr_set = field_set,
    .tp_free = PyObject_GC_Del,
};
