/* layout.c - _fields_ of a struct or union: where each field is, the size of the whole, the format of buffers, and the names that anonymous fields
 * lend.
 *
 * Bit fields share a unit, an integer of the size of the widest of their types, as long as they fit; a wider type widens the unit in place. Positions
 * are the ones CPython gives: a field of a narrower type than its unit is at the unit's end. Where its bits lie beyond that type it is reached
 * through the whole unit. In a union every field begins at the beginning.
 *
 * Nothing of the class changes before everything is known to be right.
 */
#include "module/ctypes/ctypes.h"

typedef struct {
    PyTypeObject *type;
    bool is_union, swapped, packed;
    Py_ssize_t pack;                    /* greatest alignment; 0: no limit */
    Py_ssize_t size, offset, align;     /* of what has been laid out; offset is where the next field may begin */
    Py_ssize_t union_size;
    unsigned unit_bits, used_bits;      /* of the open unit, which ends at offset; 0: none is open */
    Py_ssize_t index;                   /* of the next field, counting those of bases */
    bool has_pointer;
    char *format;
    PyObject *fields;                   /* list */
} Layout;

static int add(Py_ssize_t *to, Py_ssize_t n) {
    if (!__builtin_add_overflow(*to, n, to)) return 0;
    PyErr_SetString(PyExc_OverflowError, "structure too large");
    return -1;
}

/* ------------------------------------------------------------------ one field */

/* Places a field, which has its type and bits. */
static int place(Layout *l, KrCField *f, KrCInfo *info) {
    const unsigned unit = f->bits ? (unsigned)info->size * 8 : 0, wanted = l->used_bits + f->bits;
    Py_ssize_t align = info->align;
    if (l->pack && l->pack < align) align = l->pack;
    if (f->bits && l->unit_bits && unit <= l->unit_bits && wanted <= l->unit_bits) {
        align = 1;
    } else if (f->bits && l->unit_bits && unit >= l->unit_bits && wanted <= unit) {
        const Py_ssize_t more = info->size - l->unit_bits / 8;
        if (add(&l->offset, more) < 0 || add(&l->size, more) < 0) return -1;
        l->unit_bits = unit;
        align = 1;
    } else {
        const Py_ssize_t gap = align && l->offset % align ? align - l->offset % align : 0;
        if (add(&l->offset, gap) < 0 || add(&l->offset, info->size) < 0 || add(&l->size, gap) < 0 || add(&l->size, info->size) < 0) return -1;
        l->unit_bits = unit;
        l->used_bits = 0;
    }
    f->size = info->size;
    f->offset = l->offset - info->size;
    if (f->bits) {
        f->shift = l->swapped ? l->unit_bits - l->used_bits - f->bits : l->used_bits;
        l->used_bits += f->bits;
        const bool within = f->shift + f->bits <= unit;
        f->unit = within ? (unsigned)info->size : l->unit_bits / 8;
        f->unit_offset = l->offset - f->unit;
    }
    if (align > l->align) l->align = align;
    return 0;
}

/* Appends "format:name:" of a field. */
static int extend_format(Layout *l, KrCField *f, KrCInfo *info) {
    const char *name = PyUnicode_AsUTF8(f->name);
    char *shaped = name ? kr_c_format_shaped(info->shape, info->ndim, info->format) : NULL;
    if (!shaped) return -1;
    size_t n = strlen(l->format), m = strlen(shaped), k = strlen(name);
    char *whole = PyMem_Realloc(l->format, n + m + k + 3);
    if (whole) {
        l->format = whole;
        memcpy(whole + n, shaped, m);
        whole[n + m] = ':';
        memcpy(whole + n + m + 1, name, k);
        strcpy(whole + n + m + 1 + k, ":");
    } else {
        PyErr_NoMemory();
    }
    PyMem_Free(shaped);
    return whole ? 0 : -1;
}

/* The number of bits of a bit field; false with an exception: not a number, or none that the type has. */
static bool check_bits(PyObject *o, PyTypeObject *type, KrCInfo *info, unsigned *bits) {
    int v = _PyLong_AsInt(o);
    if (v == -1 && PyErr_Occurred()) {
        PyErr_SetString(PyExc_TypeError, "'_fields_' must be a sequence of (name, C type) pairs");
        return false;
    }
    if (info->kind != KR_C_SIMPLE || !info->code->bit_fields) {
        PyErr_Format(PyExc_TypeError, "bit fields not allowed for type %s", type->tp_name);
        return false;
    }
    if (v <= 0 || v > info->size * 8) {
        PyErr_SetString(PyExc_ValueError, "number of bits invalid for bit field");
        return false;
    }
    *bits = (unsigned)v;
    return true;
}
/* Lays out one item of _fields_. */
static int add_field(Layout *l, Py_ssize_t i, PyObject *pair) {
    Py_ssize_t n = PyTuple_Check(pair) ? PyTuple_GET_SIZE(pair) : 0;
    if (n < 2 || n > 3 || !PyUnicode_Check(PyTuple_GET_ITEM(pair, 0))) {
        PyErr_SetString(PyExc_TypeError, "'_fields_' must be a sequence of (name, C type) pairs");
        return -1;
    }
    PyObject *type = PyTuple_GET_ITEM(pair, 1);
    KrCInfo *info = kr_c_info_of(type);
    unsigned bits = 0;
    if (n == 3 && info && !check_bits(PyTuple_GET_ITEM(pair, 2), (PyTypeObject *)type, info, &bits)) return -1;
    if (!info) {
        PyErr_Format(PyExc_TypeError, "second item in _fields_ tuple (index %zd) must be a C type", i);
        return -1;
    }
    info->final = true;
    if (kr_c_any_info(l->type)->final) {
        PyErr_SetString(PyExc_AttributeError, "Structure or union cannot contain itself");
        return -1;
    }
    KrCField *f = kr_c_field_new();
    if (!f) return -1;
    f->type = (PyTypeObject *)Py_NewRef(type);
    f->name = Py_NewRef(PyTuple_GET_ITEM(pair, 0));
    f->bits = bits;
    f->whole = bits && info->code->code == '?';
    f->swapped = info->code && info->get != info->code->get;
    f->index = l->index++;
    if (info->kind == KR_C_ARRAY) {
        KrCInfo *item = &((KrCType *)info->item)->info;
        f->get = item->is_char ? kr_c_chars_get : item->is_wide ? kr_c_wide_get : NULL;
        f->set = item->is_char ? kr_c_chars_set : item->is_wide ? kr_c_wide_set : NULL;
    }
    PyObject_GC_Track(f);
    l->has_pointer |= info->has_pointer;
    if (l->is_union) l->size = l->offset = l->unit_bits = l->used_bits = 0;
    int r = place(l, f, info);
    if (r == 0 && l->size > l->union_size) l->union_size = l->size;
    if (r == 0 && l->format) r = extend_format(l, f, info);
    if (r == 0) r = PyList_Append(l->fields, (PyObject *)f);
    Py_DECREF(f);
    return r;
}

/* ------------------------------------------------------------------ anonymous fields */

/* Adds the fields of an anonymous field's type to the class, as if they were its own. */
static int lend_fields(PyTypeObject *type, KrCField *anonymous, Py_ssize_t index, Py_ssize_t offset) {
    PyObject *names = PyObject_GetAttr((PyObject *)anonymous->type, KR_STR(_fields_));
    if (!names) return -1;
    PyObject *list = PySequence_Fast(names, "_fields_ must be a sequence");
    Py_DECREF(names);
    int r = list ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PySequence_Fast_GET_SIZE(list); i++) {
        PyObject *pair = Py_NewRef(PySequence_Fast_GET_ITEM(list, i));
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) < 2 || PyTuple_GET_SIZE(pair) > 3) {
            PyErr_SetString(PyExc_TypeError, "'_fields_' must be a sequence of (name, C type) pairs");
            Py_DECREF(pair);
            r = -1;
            break;
        }
        PyObject *name = PyTuple_GET_ITEM(pair, 0), *o = PyObject_GetAttr((PyObject *)anonymous->type, name);
        KrCField *from = o && Py_IS_TYPE(o, &kr_c_field_type) ? KR_C_FIELD(o) : NULL, *f;
        r = -1;
        if (o && !from) {
            PyErr_SetString(PyExc_TypeError, "unexpected type");
        } else if (from && from->anonymous) {
            if (!Py_EnterRecursiveCall(" in anonymous fields")) {
                r = lend_fields(type, from, index + from->index, offset + from->offset);
                Py_LeaveRecursiveCall();
            }
        } else if (from && (f = kr_c_field_new())) {
            memcpy((char *)f + sizeof(PyObject), (char *)from + sizeof(PyObject), sizeof *f - sizeof(PyObject));
            Py_INCREF(f->type);
            Py_INCREF(f->name);
            f->index += index;
            f->offset += offset;
            f->unit_offset += offset;
            PyObject_GC_Track(f);
            r = PyObject_SetAttr((PyObject *)type, name, (PyObject *)f);
            Py_DECREF(f);
        }
        Py_XDECREF(o);
        Py_DECREF(pair);
    }
    Py_XDECREF(list);
    return r;
}
/* Does so for every name in _anonymous_. */
static int add_anonymous(PyTypeObject *type) {
    PyObject *names;
    if (_PyObject_LookupAttr((PyObject *)type, KR_STR(_anonymous_), &names) < 0) return -1;
    if (!names) return 0;
    PyObject *list = PySequence_Fast(names, "_anonymous_ must be a sequence");
    Py_DECREF(names);
    int r = list ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PySequence_Fast_GET_SIZE(list); i++) {
        PyObject *name = Py_NewRef(PySequence_Fast_GET_ITEM(list, i)), *o = PyObject_GetAttr((PyObject *)type, name);
        r = -1;
        if (o && !Py_IS_TYPE(o, &kr_c_field_type)) {
            PyErr_Format(PyExc_AttributeError, "'%U' is specified in _anonymous_ but not in _fields_", name);
        } else if (o) {
            KR_C_FIELD(o)->anonymous = true;
            r = lend_fields(type, KR_C_FIELD(o), KR_C_FIELD(o)->index, KR_C_FIELD(o)->offset);
        }
        Py_XDECREF(o);
        Py_DECREF(name);
    }
    Py_XDECREF(list);
    return r;
}

/* ------------------------------------------------------------------ the whole */

/* -1, 0 or 1: has the class, or a base, this attribute? */
static int has_attribute(PyTypeObject *type, PyObject *name) {
    PyObject *o;
    int r = _PyObject_LookupAttr((PyObject *)type, name, &o);
    Py_XDECREF(o);
    return r;
}
static int read_options(Layout *l) {
    int swapped = has_attribute(l->type, KR_STR(_swappedbytes_));
    if (swapped < 0) return -1;
    l->swapped = swapped;
    PyObject *pack;
    if (_PyObject_LookupAttr((PyObject *)l->type, KR_STR(_pack_), &pack) < 0) return -1;
    if (pack) {
        int v = _PyLong_AsInt(pack);
        Py_DECREF(pack);
        if (v < 0) {
            if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_OverflowError))
                PyErr_SetString(PyExc_ValueError, "_pack_ must be a non-negative integer");
            return -1;
        }
        l->pack = v;
        l->packed = true;
    }
    return 0;
}
/* Starts where the base's fields end. */
static int begin(Layout *l) {
    KrCInfo *base = kr_c_info(l->type->tp_base);
    int apart = PyObject_HasAttrString((PyObject *)l->type, "_use_broken_old_ctypes_structure_semantics_");
    l->align = 1;
    if (base && !apart) {
        base->final = true;
        l->size = l->offset = l->union_size = base->size;
        if (base->align > 1) l->align = base->align;
        l->has_pointer = base->has_pointer;
    }
    if (base) l->index = base->length;
    if (l->is_union || l->packed) return 0;
    l->format = kr_c_format_concat("T{", "");
    return l->format ? 0 : -1;
}
/* Gives the class what has been worked out. */
static int finish(Layout *l) {
    KrCInfo *info = kr_c_any_info(l->type);
    Py_ssize_t size = l->is_union ? l->union_size : l->size, over = size % l->align;
    if (over && add(&size, l->align - over) < 0) return -1;
    char *format = l->format ? PyMem_Realloc(l->format, strlen(l->format) + 2) : NULL;
    if (l->format && !format) {
        PyErr_NoMemory();
        return -1;
    }
    if (format) l->format = strcat(format, "}");
    else if (!(l->format = kr_c_format_concat("", NULL))) return -1;
    PyObject *fields = PyList_AsTuple(l->fields);
    if (!fields) return -1;
    if (info->final) {
        PyErr_SetString(PyExc_AttributeError, "_fields_ is final");
        Py_DECREF(fields);
        return -1;
    }
    info->size = size;
    info->align = l->align;
    info->length = l->index;
    info->has_pointer = l->has_pointer;
    PyMem_Free(info->format);
    info->format = l->format;
    l->format = NULL;
    Py_XSETREF(info->fields, Py_NewRef(fields));
    info->final = true;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(fields); i++)
        r = PyObject_SetAttr((PyObject *)l->type, KR_C_FIELD(PyTuple_GET_ITEM(fields, i))->name, PyTuple_GET_ITEM(fields, i));
    Py_DECREF(fields);
    return r == 0 ? add_anonymous(l->type) : -1;
}

int kr_c_layout(PyTypeObject *type, PyObject *fields) {
    int abstract = has_attribute(type, KR_STR(_abstract_));
    if (abstract) return abstract < 0 ? -1 : 0;
    KrCInfo *info = kr_c_any_info(type);
    Layout l = {.type = type, .is_union = info && info->kind == KR_C_UNION};
    if (read_options(&l) < 0) return -1;
    Py_ssize_t n = PySequence_Size(fields);
    if (n < 0 || PyDict_Check(fields)) {
        if (n >= 0 || PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_TypeError, "'_fields_' must be a sequence of pairs");
        return -1;
    }
    if (!info || !info->ready) {
        PyErr_SetString(PyExc_TypeError, "ctypes state is not initialized");
        return -1;
    }
    if (info->final) {
        PyErr_SetString(PyExc_AttributeError, "_fields_ is final");
        return -1;
    }
    int r = begin(&l);
    l.fields = r == 0 ? PyList_New(0) : NULL;
    if (!l.fields) r = -1;
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        PyObject *pair = PySequence_GetItem(fields, i);
        r = pair ? add_field(&l, i, pair) : -1;
        Py_XDECREF(pair);
    }
    if (r == 0) r = finish(&l);
    PyMem_Free(l.format);
    Py_XDECREF(l.fields);
    return r;
}
