/* data.c - instances of all kinds (_CData): their memory, items in it, what they keep alive, pickling, and the buffer they are.
 *
 * What is stored somewhere in an instance's memory is kept alive by the outermost instance, whose memory it is: in a dict, under the path of indices
 * that leads there, innermost first ("2:0" is item 2 of the field 0), in hexadecimal. An instance without items keeps one object in place of the
 * dict; if its memory is somebody's buffer, that and the object.
 *
 * A block of an instance's own has a head that leads to the blocks it had before it was resized. They live as long as the instance: others may point
 * into them.
 */
#include "module/ctypes/ctypes.h"

/* ------------------------------------------------------------------ memory */

typedef struct Block {
    struct Block *before;
    size_t unused;
} Block;
_Static_assert(sizeof(Block) == 16, "the memory behind it is aligned for everything");

static char *block_new(Py_ssize_t size) {
    if (size > PY_SSIZE_T_MAX - (Py_ssize_t)sizeof(Block)) return (char *)PyErr_NoMemory();
    Block *b = PyMem_Calloc(1, sizeof(Block) + (size_t)(size ? size : 1));      /* the pointer handed out is into the block */
    return b ? (char *)(b + 1) : (char *)PyErr_NoMemory();
}
static void free_memory(KrCData *o) {
    if (o->owns && o->ptr != o->value.bytes)
        for (Block *b = (Block *)o->ptr - 1, *before; b; b = before) {
            before = b->before;
            PyMem_Free(b);
        }
    o->ptr = NULL;
}

/* An instance without memory. */
static KrCData *instance(PyTypeObject *type, KrCInfo *info) {
    KrCData *o = (KrCData *)type->tp_alloc(type, 0);
    if (!o) return NULL;
    info->final = true;
    o->length = info->length;
    o->size = info->size;
    if (info->kind == KR_C_FUNCTION) KR_C_FUNC(o)->vectorcall = kr_c_function_vectorcall;
    return o;
}
/* An instance with memory of its own. */
static KrCData *instance_with_memory(PyTypeObject *type, KrCInfo *info) {
    KrCData *o = instance(type, info);
    if (!o) return NULL;
    o->ptr = o->value.bytes;
    if (info->size > (Py_ssize_t)sizeof o->value && !(o->ptr = block_new(info->size))) {
        Py_DECREF(o);
        return NULL;
    }
    o->owns = 1;
    return o;
}
PyObject *kr_c_data_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    KrCInfo *info = kr_c_concrete_info(type);
    return info ? (PyObject *)instance_with_memory(type, info) : NULL;
}
PyObject *kr_c_data_view(PyTypeObject *type, KrCData *base, Py_ssize_t index, char *p) {
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    KrCData *o = base ? instance(type, info) : instance_with_memory(type, info);
    if (!o) return NULL;
    o->index = index;
    if (base) {
        o->base = (KrCData *)Py_NewRef(base);
        o->ptr = p;
    } else {
        memcpy(o->ptr, p, (size_t)info->size);
    }
    return (PyObject *)o;
}
PyObject *kr_c_data_at(PyTypeObject *type, void *p) {
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info || PySys_Audit("ctypes.cdata", "n", (Py_ssize_t)p) < 0) return NULL;
    KrCData *o = instance(type, info);
    if (o) o->ptr = p;
    return (PyObject *)o;
}
int kr_c_data_resize(KrCData *o, Py_ssize_t size) {
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(o));
    if (!info) return -1;
    if (size < info->size) {
        PyErr_Format(PyExc_ValueError, "minimum size is %zd", info->size);
        return -1;
    }
    if (!o->owns) {
        PyErr_SetString(PyExc_ValueError, "Memory cannot be resized because this object doesn't own it");
        return -1;
    }
    if (o->ptr != o->value.bytes || size > (Py_ssize_t)sizeof o->value) {
        char *p = block_new(size);
        if (!p) return -1;
        memcpy(p, o->ptr, (size_t)(o->size < size ? o->size : size));
        if (o->ptr != o->value.bytes) ((Block *)p - 1)->before = (Block *)o->ptr - 1;
        o->ptr = p;
    }
    o->size = size;
    return 0;
}
bool kr_c_in_memory(KrCData *o, const char *p, Py_ssize_t size) {
    if (o->ptr && p >= o->ptr && size <= o->size && p - o->ptr <= o->size - size) return true;
    PyErr_Format(PyExc_TypeError, "not in the memory of this '%.200s' instance", Py_TYPE(o)->tp_name);
    return false;
}

/* ------------------------------------------------------------------ calling a class */

int kr_c_flatten(KrCFlat *f, PyObject *args, PyObject *kwds) {
    Py_ssize_t n = PyTuple_GET_SIZE(args), nkw = kwds ? PyDict_GET_SIZE(kwds) : 0, i = 0;
    *f = (KrCFlat){((PyTupleObject *)args)->ob_item, n, NULL, NULL};
    if (!nkw) return 0;
    if (!(f->own = PyMem_New(PyObject *, n + nkw))) {
        PyErr_NoMemory();
        return -1;
    }
    if (!(f->kwnames = PyTuple_New(nkw))) {
        PyMem_Free(f->own);
        return -1;
    }
    PyObject *name, *value;
    for (; i < n; i++) f->own[i] = PyTuple_GET_ITEM(args, i);
    for (Py_ssize_t pos = 0; PyDict_Next(kwds, &pos, &name, &value); i++) {
        PyTuple_SET_ITEM(f->kwnames, i - n, Py_NewRef(name));
        f->own[i] = Py_NewRef(value);
    }
    f->args = f->own;
    return 0;
}
void kr_c_flat_release(KrCFlat *f) {
    for (Py_ssize_t i = 0; f->kwnames && i < PyTuple_GET_SIZE(f->kwnames); i++) Py_DECREF(f->own[f->n + i]);
    Py_XDECREF(f->kwnames);
    PyMem_Free(f->own);
}
/* The abstract base of classes of this kind; NULL: their tp_new wants to see the arguments. */
static KrCType *base_of(KrCKind kind) {
    switch (kind) {
    case KR_C_STRUCT: return &kr_c_structure;
    case KR_C_UNION: return &kr_c_union;
    case KR_C_ARRAY: return &kr_c_array;
    case KR_C_POINTER: return &kr_c_pointer;
    case KR_C_SIMPLE: return &kr_c_simple;
    default: return NULL;
    }
}
int kr_c_data_init(PyObject *self, PyObject *args, PyObject *kwds) {
    KrCInfo *info = kr_c_any_info(Py_TYPE(self));
    KrCType *base = info ? base_of(info->kind) : NULL;
    KrCFlat f;
    if (!base || !kr_c_concrete_info(Py_TYPE(self)) || kr_c_flatten(&f, args, kwds) < 0) return -1;
    int r = base->info.init(self, f.args, f.n, f.kwnames);
    kr_c_flat_release(&f);
    return r;
}
PyObject *kr_c_class_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyTypeObject *type = (PyTypeObject *)self;
    KrCInfo *info = kr_c_any_info(type);
    KrCType *base = info ? base_of(info->kind) : NULL;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (KR_UNLIKELY(!base || type->tp_init != kr_c_data_init || type->tp_new != KR_C_TYPE(*base)->tp_new))
        return _PyObject_MakeTpCall(PyThreadState_Get(), self, args, n, kwnames);
    PyObject *o = type->tp_new(type, NULL, NULL);
    if (o && base->info.init(o, args, n, kwnames) < 0) Py_CLEAR(o);
    return o;
}

/* ------------------------------------------------------------------ keeping alive */

static KrCData *outermost(KrCData *o) {
    while (o->base) o = o->base;
    return o;
}
PyObject *kr_c_kept(KrCData *o) {
    o = outermost(o);
    if (!o->objects) o->objects = o->length ? PyDict_New() : Py_NewRef(Py_None);
    return o->objects;
}
static char *append_hex(char *p, unsigned v) {
    int digits = 1;
    while (digits < 8 && v >> 4 * digits) digits++;
    while (digits--) *p++ = Py_hexdigits[v >> 4 * digits & 15];
    return p;
}
static PyObject *path_of(KrCData *o, Py_ssize_t index) {
    char text[256], *p = append_hex(text, (unsigned)index);
    for (; o->base; o = o->base) {
        if (p > text + sizeof text - 24) {
            PyErr_SetString(PyExc_ValueError, "ctypes object structure too deep");
            return NULL;
        }
        *p++ = ':';
        p = append_hex(p, (unsigned)o->index);
    }
    return PyUnicode_FromStringAndSize(text, p - text);
}
int kr_c_keep(KrCData *o, Py_ssize_t index, PyObject *keep) {
    if (!keep) return -1;
    if (keep == Py_None) {
        Py_DECREF(keep);
        return 0;
    }
    int r = -1;
    PyObject *kept = kr_c_kept(o);
    if (!kept) {
        Py_DECREF(keep);
    } else if (!PyDict_CheckExact(kept)) {
        KrCData *owner = outermost(o);
        PyObject *buffer = PyTuple_CheckExact(kept) ? PyTuple_GET_ITEM(kept, 0) : kept;
        if (!owner->owns && PyMemoryView_Check(buffer)) Py_SETREF(keep, PyTuple_Pack(2, buffer, keep));
        if (keep) Py_SETREF(owner->objects, keep);
        r = keep ? 0 : -1;
    } else {
        Py_INCREF(kept);
        PyObject *path = path_of(o, index);
        if (path) r = PyDict_SetItem(kept, path, keep);
        Py_XDECREF(path);
        Py_DECREF(kept);
        Py_DECREF(keep);
    }
    return r;
}

/* ------------------------------------------------------------------ items */

PyObject *kr_c_item_get(KrCData *o, PyTypeObject *type, Py_ssize_t index, char *p) {
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    return info->plain ? info->get(p, info->size) : kr_c_data_view(type, o, index, p);
}

/* Stores a value that is no instance of the C type: by the type's own conversion, or an instance made of a tuple. */
static PyObject *store(KrCData *, PyTypeObject *, char *, PyObject *);
static PyObject *store_converted(KrCData *o, PyTypeObject *type, KrCInfo *info, char *p, PyObject *value) {
    if (info->set) return info->set(p, value, info->size);
    if (PyTuple_Check(value)) {
        PyObject *made = PyObject_CallObject((PyObject *)type, value);
        if (made) {
            PyObject *keep = NULL;
            if (PyTuple_Check(made)) PyErr_Format(PyExc_TypeError, "expected %s instance, got %s", type->tp_name, Py_TYPE(made)->tp_name);
            else keep = store(o, type, p, made);
            Py_DECREF(made);
            return keep;
        }
        kr_c_wrap_error(PyExc_RuntimeError, "(%s) ", type->tp_name);
        return NULL;
    }
    if (value == Py_None && info->kind == KR_C_POINTER) {
        memset(p, 0, sizeof(void *));
        Py_RETURN_NONE;
    }
    PyErr_Format(PyExc_TypeError, "expected %s instance, got %s", type->tp_name, Py_TYPE(value)->tp_name);
    return NULL;
}
/* Stores value at p. New reference to what must live as long as it is there; NULL with an exception. */
static PyObject *store(KrCData *o, PyTypeObject *type, char *p, PyObject *value) {
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    if (!kr_c_is_data(value)) return store_converted(o, type, info, p, value);
    int is_instance = PyObject_IsInstance(value, (PyObject *)type);
    if (is_instance < 0) return NULL;
    KrCData *source = KR_C_DATA(value);
    if (is_instance) {
        if (!kr_c_in_memory(source, source->ptr, info->size)) return NULL;
        memmove(p, source->ptr, (size_t)info->size);
        return Py_XNewRef(kr_c_kept(source));
    }
    KrCInfo *given = kr_c_info(Py_TYPE(value));
    if (info->kind == KR_C_POINTER && given && given->kind == KR_C_ARRAY && given->item == info->item) {
        /* An array decays to a pointer: it is kept itself, with what it keeps. */
        PyObject *kept = kr_c_kept(source);
        if (!kept) return NULL;
        memcpy(p, &source->ptr, sizeof(void *));
        return PyTuple_Pack(2, kept, value);
    }
    PyErr_Format(PyExc_TypeError, "incompatible types, %s instance instead of %s instance", Py_TYPE(value)->tp_name, type->tp_name);
    return NULL;
}
int kr_c_item_set(KrCData *o, PyTypeObject *type, Py_ssize_t index, char *p, PyObject *value) {
    KrCInfo *info = kr_c_info(type);
    if (KR_LIKELY(info && info->set && !kr_c_is_data(value))) {
        PyObject *keep = info->set(p, value, info->size);
        if (KR_LIKELY(keep == Py_None)) {
            Py_DECREF(keep);
            return 0;
        }
        return kr_c_keep(o, index, keep);
    }
    return kr_c_keep(o, index, store(o, type, p, value));
}

/* ------------------------------------------------------------------ pickling */

static PyObject *data_reduce(PyObject *self, PyObject *unused) {
    KrCData *o = KR_C_DATA(self);
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    if (!info) return NULL;
    if (info->has_pointer) {
        PyErr_SetString(PyExc_ValueError, "ctypes objects containing pointers cannot be pickled");
        return NULL;
    }
    PyObject *unpickle = kr_c_unpickle(), *dict = unpickle ? PyObject_GetAttr(self, KR_STR(__dict__)) : NULL;
    if (!dict) return NULL;
    return Py_BuildValue("O(O(NN))", unpickle, Py_TYPE(self), dict, PyBytes_FromStringAndSize(o->ptr, o->size));
}
static PyObject *data_setstate(PyObject *self, PyObject *args) {
    KrCData *o = KR_C_DATA(self);
    PyObject *attributes;
    const char *bytes;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "O!s#", &PyDict_Type, &attributes, &bytes, &n)) return NULL;
    if (o->ptr) memmove(o->ptr, bytes, (size_t)(n < o->size ? n : o->size));
    PyObject *dict = PyObject_GetAttr(self, KR_STR(__dict__));
    if (!dict) return NULL;
    int r = -1;
    if (PyDict_Check(dict)) r = PyDict_Update(dict, attributes);
    else PyErr_Format(PyExc_TypeError, "%.200s.__dict__ must be a dictionary, not %.200s", Py_TYPE(self)->tp_name, Py_TYPE(dict)->tp_name);
    Py_DECREF(dict);
    if (r < 0) return NULL;
    Py_RETURN_NONE;
}
/* What an "out" parameter gives when the call has returned. */
static PyObject *data_from_outparam(PyObject *self, PyObject *unused) { return Py_NewRef(self); }

/* ------------------------------------------------------------------ the type */

static int data_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    KrCData *o = KR_C_DATA(self);
    KrCInfo *info = kr_c_info(Py_TYPE(self)), *item = info;
    view->obj = NULL;
    if (!info || (!o->ptr && o->size) || o->size < info->size) {
        PyErr_SetString(PyExc_BufferError, "no memory behind this instance");
        return -1;
    }
    while (item->kind == KR_C_ARRAY) item = &((KrCType *)item->item)->info;
    *view = (Py_buffer){
        .buf = o->ptr,
        .obj = Py_NewRef(self),
        .len = o->size,
        .format = info->format ? info->format : "B",
        .itemsize = item->size,
        .ndim = info->ndim,
        .shape = info->shape,
    };
    return 0;
}
static Py_hash_t data_hash(PyObject *self) {
    PyErr_SetString(PyExc_TypeError, "unhashable type");
    return -1;
}

int kr_c_data_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(KR_C_DATA(self)->objects);
    Py_VISIT((PyObject *)KR_C_DATA(self)->base);
    return 0;
}
/* The base stays: the memory is there. */
int kr_c_data_clear(PyObject *self) {
    Py_CLEAR(KR_C_DATA(self)->objects);
    return 0;
}
void kr_c_data_dealloc(PyObject *self) {
    KrCData *o = KR_C_DATA(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(o->objects);
    free_memory(o);
    Py_CLEAR(o->base);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef data_methods[] = {
    {"__ctypes_from_outparam__", data_from_outparam, METH_NOARGS, NULL},
    {"__reduce__", data_reduce, METH_NOARGS, NULL},
    {"__setstate__", data_setstate, METH_VARARGS, NULL},
    {NULL},
};
static PyMemberDef data_members[] = {
    {"_b_base_", T_OBJECT, offsetof(KrCData, base), READONLY, PyDoc_STR("the base object")},
    {"_b_needsfree_", T_INT, offsetof(KrCData, owns), READONLY, PyDoc_STR("whether the object owns the memory or not")},
    {"_objects", T_OBJECT, offsetof(KrCData, objects), READONLY, PyDoc_STR("internal objects tree (NEVER CHANGE THIS OBJECT!)")},
    {NULL},
};
static PyBufferProcs data_as_buffer = {.bf_getbuffer = data_getbuffer};
PyTypeObject kr_c_data_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_ctypes._CData",
    .tp_basicsize = sizeof(KrCData),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("XXX to be provided"),
    .tp_dealloc = kr_c_data_dealloc,
    .tp_traverse = kr_c_data_traverse,
    .tp_clear = kr_c_data_clear,
    .tp_hash = data_hash,
    .tp_as_buffer = &data_as_buffer,
    .tp_methods = data_methods,
    .tp_members = data_members,
    .tp_new = kr_c_data_new,
    .tp_free = PyObject_GC_Del,
};
