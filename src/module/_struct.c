/* _struct.c - the module _struct: values to and from packed bytes.
 *
 * A format is compiled once into a Struct: an array of items (format character, byte order, size, offset, repeat count),
 * the total size and the number of values. The functions of the module keep the last Structs in a
 * dict by format. Native and standard formats differ in sizes, alignment and in the texts of some errors.
 */
#include "krait.h"
#include <math.h>

typedef struct {
    PyObject *cache;
    PyTypeObject *struct_type, *iterator_type;
    PyObject *error;
} StructState;

typedef struct {
    char c;
    bool native;          /* native size */
    bool little;          /* byte order */
    bool little_text;     /* errors worded as those of the machine's own order */
    Py_ssize_t size;      /* of one; for s and p the length of all */
    Py_ssize_t offset;
    Py_ssize_t repeat;
} Item;

typedef struct {
    PyObject_HEAD
    Py_ssize_t size, count; /* -1 before __init__ */
    Item *items;            /* ends with c == 0 */
    PyObject *format;       /* bytes */
    PyObject *weakrefs;
} Struct;
#define ST(o) ((Struct *)(o))

static struct PyModuleDef struct_module;
static StructState *state_of_type(PyTypeObject *t) {
    PyObject *m = PyType_GetModuleByDef(t, &struct_module);
    return m == NULL ? NULL : PyModule_GetState(m);
}

/* ------------------------------------------------------------------ formats */

/* Native size and alignment; the standard size is `standard`, 0 when the format is native only. */
typedef struct {
    char c;
    unsigned char size, align, standard;
} Format;
#define F(c, T, standard) {c, sizeof(T), _Alignof(T), standard}
static const Format formats[] = {
    {'x', 1, 0, 1}, {'c', 1, 0, 1}, {'s', 1, 0, 1}, {'p', 1, 0, 1}, {'b', 1, 0, 1}, {'B', 1, 0, 1},
    F('?', _Bool, 1), F('h', short, 2), F('H', short, 2), F('i', int, 4), F('I', int, 4), F('l', long, 4), F('L', long, 4),
    F('q', long long, 8), F('Q', long long, 8), F('n', Py_ssize_t, 0), F('N', size_t, 0), F('P', void *, 0),
    {'e', 2, _Alignof(short), 2}, F('f', float, 4), F('d', double, 8),
};
#undef F

static const Format *find_format(char c, bool native) {
    for (size_t i = 0; i < KR_ARRAY_LEN(formats); i++)
        if (formats[i].c == c)
            return native || formats[i].standard ? &formats[i] : NULL;
    return NULL;
}

/* Compiles self->format; -1 with struct.error. Two passes: the first counts. */
static int compile(Struct *self, StructState *st) {
    const char *s = PyBytes_AS_STRING(self->format), *end = s + PyBytes_GET_SIZE(self->format);
    bool native = true, little = PY_LITTLE_ENDIAN;
    if (strlen(s) != (size_t)(end - s)) {
        PyErr_SetString(st->error, "embedded null character");
        return -1;
    }
    switch (*s) {
    case '<': native = false; little = true; s++; break;
    case '>': case '!': native = false; little = false; s++; break;
    case '=': native = false; s++; break;
    case '@': s++; break;
    default: break;
    }
    Item *items = PyMem_New(Item, end - s + 1);
    if (items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t size = 0, count = 0, n = 0;
    while (*s) {
        char c = *s++;
        if (Py_ISSPACE(Py_CHARMASK(c)))
            continue;
        Py_ssize_t repeat = 1;
        if (Py_ISDIGIT(Py_CHARMASK(c))) {
            repeat = c - '0';
            while (Py_ISDIGIT(Py_CHARMASK(*s))) {
                c = *s++;
                if (repeat > (PY_SSIZE_T_MAX - (c - '0')) / 10)
                    goto overflow;
                repeat = repeat * 10 + (c - '0');
            }
            if (*s == '\0') {
                PyErr_SetString(st->error, "repeat count given without format specifier");
                goto fail;
            }
            c = *s++;
        }
        const Format *f = find_format(c, native);
        if (f == NULL) {
            PyErr_SetString(st->error, "bad char in struct format");
            goto fail;
        }
        Py_ssize_t item = native ? f->size : f->standard;
        if (native && f->align > 1) {
            Py_ssize_t rest = size % f->align;
            if (rest != 0) {
                if (size > PY_SSIZE_T_MAX - (f->align - rest))
                    goto overflow;
                size += f->align - rest;
            }
        }
        if (item != 0 && repeat > (PY_SSIZE_T_MAX - size) / item)
            goto overflow;
        if (c != 'x' && (c == 's' || c == 'p' || repeat > 0)) {
            bool string = c == 's' || c == 'p';
            items[n++] = (Item){c, native, little, native || little == PY_LITTLE_ENDIAN, string ? repeat : item, size, string ? 1 : repeat};
            count += string ? 1 : repeat;
        }
        size += item * repeat;
    }
    items[n].c = '\0';
    PyMem_Free(self->items);
    self->items = items;
    self->size = size;
    self->count = count;
    return 0;
overflow:
    PyErr_SetString(st->error, "total struct size too long");
fail:
    PyMem_Free(items);
    return -1;
}

/* ------------------------------------------------------------------ one item */

static uint64_t load(const char *p, Py_ssize_t n, bool little) {
    uint64_t v = 0;
    if (little == PY_LITTLE_ENDIAN) {
        switch (n) {
        case 1: return (unsigned char)*p;
        case 2: { uint16_t x; memcpy(&x, p, 2); return x; }
        case 4: { uint32_t x; memcpy(&x, p, 4); return x; }
        default: memcpy(&v, p, 8); return v;
        }
    }
    for (Py_ssize_t i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)p[little ? i : n - 1 - i] << (8 * i);
    return v;
}
static void store(char *p, uint64_t v, Py_ssize_t n, bool little) {
    if (n == 8 && little == PY_LITTLE_ENDIAN) {
        memcpy(p, &v, 8);
        return;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        p[little ? i : n - 1 - i] = (char)(v >> (8 * i));
}

static PyObject *unpack_item(const char *p, const Item *it) {
    const bool little = it->little;
    switch (it->c) {
    case 'c': return PyBytes_FromStringAndSize(p, 1);
    case 's': return PyBytes_FromStringAndSize(p, it->size);
    case 'p': {
        Py_ssize_t n = it->size > 0 ? (unsigned char)*p : 0;
        if (n >= it->size)
            n = it->size > 0 ? it->size - 1 : 0;
        return PyBytes_FromStringAndSize(p + 1, n);
    }
    case 'b': return PyLong_FromLong((signed char)*p);
    case '?': {
        for (Py_ssize_t i = 0; i < it->size; i++)
            if (p[i])
                Py_RETURN_TRUE;
        Py_RETURN_FALSE;
    }
    case 'h': case 'i': case 'l': case 'q': case 'n': {
        uint64_t v = load(p, it->size, little), sign = (uint64_t)1 << (8 * it->size - 1);
        return PyLong_FromLongLong((long long)((v ^ sign) - sign));
    }
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': return PyLong_FromUnsignedLongLong(load(p, it->size, little));
    case 'P': return PyLong_FromVoidPtr((void *)(uintptr_t)load(p, it->size, little));
    case 'e': case 'f': case 'd': {
        double v = it->c == 'e' ? PyFloat_Unpack2(p, little) : it->c == 'f' ? PyFloat_Unpack4(p, little) : PyFloat_Unpack8(p, little);
        return v == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(v);
    }
    default: KR_UNREACHABLE();
    }
}

/* The argument as an int: new reference, struct.error when it has no __index__. */
static PyObject *as_int(StructState *st, PyObject *v) {
    if (PyLong_Check(v))
        return Py_NewRef(v);
    if (PyIndex_Check(v))
        return PyNumber_Index(v);
    PyErr_SetString(st->error, "required argument is not an integer");
    return NULL;
}

static int out_of_range(StructState *st, const Item *it, bool native_text) {
    switch (it->c) {
    case 'b': PyErr_SetString(st->error, "byte format requires -128 <= number <= 127"); return -1;
    case 'B': PyErr_SetString(st->error, "ubyte format requires 0 <= number <= 255"); return -1;
    case 'h':
        if (native_text) {
            PyErr_Format(st->error, "short format requires %i <= number <= %i", SHRT_MIN, SHRT_MAX);
            return -1;
        }
        break;
    case 'H':
        if (native_text) {
            PyErr_Format(st->error, "ushort format requires 0 <= number <= %u", USHRT_MAX);
            return -1;
        }
        break;
    default: break;
    }
    if (Py_ISLOWER(Py_CHARMASK(it->c))) {
        long long max = it->size == 8 ? LLONG_MAX : ((long long)1 << (8 * it->size - 1)) - 1;
        PyErr_Format(st->error, "'%c' format requires %lld <= number <= %lld", it->c, -max - 1, max);
    }
    else
        PyErr_Format(st->error, "'%c' format requires 0 <= number <= %llu", it->c,
                     it->size == 8 ? ULLONG_MAX : ((unsigned long long)1 << (8 * it->size)) - 1);
    return -1;
}

static int pack_int(StructState *st, char *p, PyObject *arg, const Item *it) {
    PyObject *v = as_int(st, arg);
    if (v == NULL)
        return -1;
    bool native = it->little_text, is_signed = it->c != 'I' && it->c != 'L' && it->c != 'Q' && it->c != 'N' && (native || it->c != 'H');
    int overflow = 0;
    uint64_t bits;
    if (is_signed)
        bits = (uint64_t)PyLong_AsLongLongAndOverflow(v, &overflow);
    else {
        bits = PyLong_AsUnsignedLongLong(v);
        overflow = bits == (uint64_t)-1 && PyErr_Occurred();
    }
    Py_DECREF(v);
    if (overflow) {
        PyErr_Clear();
        PyErr_SetString(st->error, (it->c == 'q' || it->c == 'Q') && !native ? "int too large to convert" : "argument out of range");
        return -1;
    }
    if (it->size < 8) {
        bool bad;
        if (it->c == 'B' || it->c == 'H' || !is_signed)
            bad = bits >> (8 * it->size) != 0;
        else {
            int64_t x = (int64_t)bits, half = (int64_t)1 << (8 * it->size - 1);
            bad = x < -half || x >= half;
        }
        if (bad)
            return out_of_range(st, it, native);
    }
    store(p, bits, it->size, it->little);
    return 0;
}

static int pack_item(StructState *st, char *p, PyObject *v, const Item *it) {
    switch (it->c) {
    case 'c':
        if (!PyBytes_Check(v) || PyBytes_GET_SIZE(v) != 1) {
            PyErr_SetString(st->error, "char format requires a bytes object of length 1");
            return -1;
        }
        *p = PyBytes_AS_STRING(v)[0];
        return 0;
    case 's': case 'p': {
        bool array = PyByteArray_Check(v);
        if (!array && !PyBytes_Check(v)) {
            PyErr_Format(st->error, "argument for '%c' must be a bytes object", it->c);
            return -1;
        }
        const char *s = array ? PyByteArray_AS_STRING(v) : PyBytes_AS_STRING(v);
        Py_ssize_t n = Py_SIZE(v), room = it->c == 's' ? it->size : it->size - 1;
        if (n > room)
            n = room;
        if (it->c == 's') {
            if (n > 0)
                memcpy(p, s, (size_t)n);
        }
        else if (it->size > 0) {
            if (n > 0)
                memcpy(p + 1, s, (size_t)n);
            *p = (char)(n > 255 ? 255 : n);
        }
        return 0;
    }
    case '?': {
        int truth = PyObject_IsTrue(v);
        if (truth < 0)
            return -1;
        store(p, (uint64_t)truth, it->size, it->little);
        return 0;
    }
    case 'e': case 'f': case 'd': {
        double x = PyFloat_AsDouble(v);
        if (x == -1 && PyErr_Occurred()) {
            PyErr_SetString(st->error, "required argument is not a float");
            return -1;
        }
        if (it->c == 'f' && it->native) { /* as a C conversion: infinite when too large */
            float f = (float)x;
            memcpy(p, &f, sizeof f);
            return 0;
        }
        return it->c == 'e' ? PyFloat_Pack2(x, p, it->little) : it->c == 'f' ? PyFloat_Pack4(x, p, it->little) : PyFloat_Pack8(x, p, it->little);
    }
    case 'P': {
        PyObject *i = as_int(st, v);
        if (i == NULL)
            return -1;
        void *x = PyLong_AsVoidPtr(i);
        Py_DECREF(i);
        if (x == NULL && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_OverflowError))
                PyErr_SetString(st->error, "int too large to convert");
            return -1;
        }
        store(p, (uint64_t)(uintptr_t)x, it->size, it->little);
        return 0;
    }
    default: return pack_int(st, p, v, it);
    }
}

/* ------------------------------------------------------------------ whole structs */

static int check_ready(Struct *self) {
    if (self->items != NULL)
        return 0;
    PyErr_SetString(PyExc_RuntimeError, "Struct object is not initialized");
    return -1;
}

static PyObject *unpack_all(Struct *self, const char *p) {
    PyObject *r = PyTuple_New(self->count);
    if (r == NULL)
        return NULL;
    Py_ssize_t k = 0;
    for (const Item *it = self->items; it->c; it++) {
        const char *q = p + it->offset;
        for (Py_ssize_t i = 0; i < it->repeat; i++, q += it->size) {
            PyObject *v = unpack_item(q, it);
            if (v == NULL) {
                Py_DECREF(r);
                return NULL;
            }
            PyTuple_SET_ITEM(r, k++, v);
        }
    }
    return r;
}

static int pack_all(StructState *st, Struct *self, char *p, PyObject *const *args) {
    memset(p, 0, (size_t)self->size);
    for (const Item *it = self->items; it->c; it++) {
        char *q = p + it->offset;
        for (Py_ssize_t i = 0; i < it->repeat; i++, q += it->size)
            if (pack_item(st, q, *args++, it) < 0) {
                if ((it->c == 'b' || it->c == 'h' || it->c == 'i' || it->c == 'l' || it->c == 'q' || Py_ISUPPER(Py_CHARMASK(it->c))) &&
                    PyErr_ExceptionMatches(PyExc_OverflowError))
                    PyErr_SetString(st->error, "int too large to convert");
                return -1;
            }
    }
    return 0;
}

static PyObject *struct_unpack_bytes(StructState *st, Struct *self, PyObject *buffer) {
    if (check_ready(self) < 0)
        return NULL;
    Py_buffer view;
    if (PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *r = NULL;
    if (view.len != self->size)
        PyErr_Format(st->error, "unpack requires a buffer of %zd bytes", self->size);
    else
        r = unpack_all(self, view.buf);
    PyBuffer_Release(&view);
    return r;
}

static PyObject *struct_unpack_at(StructState *st, Struct *self, Py_buffer *view, Py_ssize_t offset) {
    if (check_ready(self) < 0)
        return NULL;
    if (offset < 0) {
        if (offset + self->size > 0) {
            PyErr_Format(st->error, "not enough data to unpack %zd bytes at offset %zd", self->size, offset);
            return NULL;
        }
        if (offset + view->len < 0) {
            PyErr_Format(st->error, "offset %zd out of range for %zd-byte buffer", offset, view->len);
            return NULL;
        }
        offset += view->len;
    }
    if (view->len - offset < self->size) {
        PyErr_Format(st->error,
                     "unpack_from requires a buffer of at least %zu bytes for unpacking %zd bytes at offset %zd (actual buffer size is %zd)",
                     (size_t)self->size + (size_t)offset, self->size, offset, view->len);
        return NULL;
    }
    return unpack_all(self, (char *)view->buf + offset);
}

static PyObject *struct_pack_args(StructState *st, Struct *self, PyObject *const *args, Py_ssize_t nargs) {
    if (check_ready(self) < 0)
        return NULL;
    if (nargs != self->count) {
        PyErr_Format(st->error, "pack expected %zd items for packing (got %zd)", self->count, nargs);
        return NULL;
    }
    PyObject *r = PyBytes_FromStringAndSize(NULL, self->size);
    if (r != NULL && pack_all(st, self, PyBytes_AS_STRING(r), args) < 0)
        Py_CLEAR(r);
    return r;
}

static PyObject *struct_pack_into_args(StructState *st, Struct *self, PyObject *const *args, Py_ssize_t nargs) {
    if (check_ready(self) < 0)
        return NULL;
    if (nargs != self->count + 2) {
        if (nargs == 0)
            PyErr_Format(st->error, "pack_into expected buffer argument");
        else if (nargs == 1)
            PyErr_Format(st->error, "pack_into expected offset argument");
        else
            PyErr_Format(st->error, "pack_into expected %zd items for packing (got %zd)", self->count, nargs - 2);
        return NULL;
    }
    Py_buffer view;
    if (!PyArg_Parse(args[0], "w*", &view))
        return NULL;
    PyObject *r = NULL;
    Py_ssize_t offset = PyNumber_AsSsize_t(args[1], PyExc_IndexError);
    if (offset == -1 && PyErr_Occurred())
        goto done;
    if (offset < 0) {
        if (offset + self->size > 0) {
            PyErr_Format(st->error, "no space to pack %zd bytes at offset %zd", self->size, offset);
            goto done;
        }
        if (offset + view.len < 0) {
            PyErr_Format(st->error, "offset %zd out of range for %zd-byte buffer", offset, view.len);
            goto done;
        }
        offset += view.len;
    }
    if (view.len - offset < self->size) {
        PyErr_Format(st->error,
                     "pack_into requires a buffer of at least %zu bytes for packing %zd bytes at offset %zd (actual buffer size is %zd)",
                     (size_t)self->size + (size_t)offset, self->size, offset, view.len);
        goto done;
    }
    if (pack_all(st, self, (char *)view.buf + offset, args + 2) == 0)
        r = Py_NewRef(Py_None);
done:
    PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    Struct *of;      /* NULL once exhausted */
    Py_buffer view;
    Py_ssize_t index;
} UnpackIter;

static PyObject *iter_unpack(StructState *st, Struct *self, PyObject *buffer) {
    if (check_ready(self) < 0)
        return NULL;
    if (self->size == 0) {
        PyErr_Format(st->error, "cannot iteratively unpack with a struct of length 0");
        return NULL;
    }
    UnpackIter *it = (UnpackIter *)PyType_GenericAlloc(st->iterator_type, 0);
    if (it == NULL)
        return NULL;
    if (PyObject_GetBuffer(buffer, &it->view, PyBUF_SIMPLE) < 0) {
        it->view.obj = NULL;
        Py_DECREF(it);
        return NULL;
    }
    if (it->view.len % self->size != 0) {
        PyErr_Format(st->error, "iterative unpacking requires a buffer of a multiple of %zd bytes", self->size);
        Py_DECREF(it);
        return NULL;
    }
    Py_INCREF(self);
    it->of = self;
    return (PyObject *)it;
}

static void iter_dealloc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    Py_XDECREF(((UnpackIter *)o)->of);
    PyBuffer_Release(&((UnpackIter *)o)->view);
    t->tp_free(o);
    Py_DECREF(t);
}
static int iter_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(((UnpackIter *)o)->of);
    Py_VISIT(((UnpackIter *)o)->view.obj);
    return 0;
}
static PyObject *iter_next(PyObject *o) {
    UnpackIter *it = (UnpackIter *)o;
    if (it->of == NULL)
        return NULL;
    if (it->index >= it->view.len) {
        Py_CLEAR(it->of);
        PyBuffer_Release(&it->view);
        return NULL;
    }
    PyObject *r = unpack_all(it->of, (char *)it->view.buf + it->index);
    it->index += it->of->size;
    return r;
}
static PyObject *iter_length_hint(PyObject *o, PyObject *ignored) {
    UnpackIter *it = (UnpackIter *)o;
    return PyLong_FromSsize_t(it->of == NULL ? 0 : (it->view.len - it->index) / it->of->size);
}
static PyMethodDef iter_methods[] = {{"__length_hint__", iter_length_hint, METH_NOARGS, NULL}, {NULL}};
static PyType_Slot iter_slots[] = {
    {Py_tp_dealloc, iter_dealloc}, {Py_tp_getattro, PyObject_GenericGetAttr}, {Py_tp_traverse, iter_traverse},
    {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, iter_next}, {Py_tp_methods, iter_methods}, {0, NULL},
};
static PyType_Spec iter_spec = {
    .name = "_struct.unpack_iterator",
    .basicsize = sizeof(UnpackIter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = iter_slots,
};

/* ------------------------------------------------------------------ the type Struct */

static PyObject *struct_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Struct *self = (Struct *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self != NULL) {
        self->format = Py_NewRef(Py_None);
        self->size = self->count = -1;
    }
    return (PyObject *)self;
}

static int set_format(StructState *st, Struct *self, PyObject *format) {
    if (PyUnicode_Check(format)) {
        format = PyUnicode_AsASCIIString(format);
        if (format == NULL)
            return -1;
    }
    else if (PyBytes_Check(format))
        Py_INCREF(format);
    else {
        PyErr_Format(PyExc_TypeError, "Struct() argument 1 must be a str or bytes object, not %.200s", Py_TYPE(format)->tp_name);
        return -1;
    }
    Py_XSETREF(self->format, format);
    return compile(self, st);
}

static int struct_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"format", NULL};
    PyObject *format;
    StructState *st = state_of_type(Py_TYPE(o));
    if (st == NULL || !PyArg_ParseTupleAndKeywords(args, kwds, "O:Struct", keywords, &format))
        return -1;
    return set_format(st, ST(o), format);
}

static int struct_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    return 0;
}
static int struct_clear(PyObject *o) {
    Py_CLEAR(ST(o)->format);
    return 0;
}
static void struct_dealloc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    if (ST(o)->weakrefs != NULL)
        PyObject_ClearWeakRefs(o);
    PyMem_Free(ST(o)->items);
    Py_XDECREF(ST(o)->format);
    ((freefunc)PyType_GetSlot(t, Py_tp_free))(o);
    Py_DECREF(t);
}

#define STATE(o)                                     \
    StructState *st = state_of_type(Py_TYPE(o));     \
    if (st == NULL)                                  \
        return NULL
static PyObject *Struct_unpack(PyObject *o, PyObject *buffer) {
    STATE(o);
    return struct_unpack_bytes(st, ST(o), buffer);
}
static PyObject *Struct_unpack_from(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"buffer", "offset", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|n:unpack_from"};
    STATE(o);
    Py_buffer view;
    Py_ssize_t offset = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &view, &offset))
        return NULL;
    PyObject *r = struct_unpack_at(st, ST(o), &view, offset);
    PyBuffer_Release(&view);
    return r;
}
static PyObject *Struct_iter_unpack(PyObject *o, PyObject *buffer) {
    STATE(o);
    return iter_unpack(st, ST(o), buffer);
}
static PyObject *Struct_pack(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    STATE(o);
    return struct_pack_args(st, ST(o), args, nargs);
}
static PyObject *Struct_pack_into(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    STATE(o);
    return struct_pack_into_args(st, ST(o), args, nargs);
}
static PyObject *Struct_sizeof(PyObject *o, PyObject *ignored) {
    Py_ssize_t n = 1;
    for (const Item *it = ST(o)->items; it != NULL && it->c; it++)
        n++;
    return PyLong_FromSsize_t(Py_TYPE(o)->tp_basicsize + n * (Py_ssize_t)sizeof(Item));
}
static PyObject *Struct_get_format(PyObject *o, void *ignored) {
    if (!PyBytes_Check(ST(o)->format)) {
        check_ready(ST(o));
        return NULL;
    }
    return PyUnicode_FromStringAndSize(PyBytes_AS_STRING(ST(o)->format), PyBytes_GET_SIZE(ST(o)->format));
}
static PyObject *Struct_get_size(PyObject *o, void *ignored) { return PyLong_FromSsize_t(ST(o)->size); }

static PyMethodDef Struct_methods[] = {
    {"iter_unpack", Struct_iter_unpack, METH_O, PyDoc_STR("iter_unpack($self, buffer, /)\n--\n\nAn iterator over the tuples of values in the buffer.")},
    {"pack", KR_METH(Struct_pack), METH_FASTCALL, PyDoc_STR("S.pack(v1, v2, ...) -> bytes\n\nThe values, packed.")},
    {"pack_into", KR_METH(Struct_pack_into), METH_FASTCALL,
     PyDoc_STR("S.pack_into(buffer, offset, v1, v2, ...)\n\nPacks the values into a writable buffer, from the offset on.")},
    {"unpack", Struct_unpack, METH_O, PyDoc_STR("unpack($self, buffer, /)\n--\n\nThe values in a buffer of exactly self.size bytes, as a tuple.")},
    {"unpack_from", KR_METH(Struct_unpack_from), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("unpack_from($self, /, buffer, offset=0)\n--\n\nThe values in a buffer from the offset on, as a tuple.")},
    {"__sizeof__", Struct_sizeof, METH_NOARGS, PyDoc_STR("S.__sizeof__() -> size of S in memory, in bytes")},
    {NULL}
};
static PyMemberDef Struct_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Struct, weakrefs), READONLY}, {NULL}};
static PyGetSetDef Struct_getset[] = {
    {"format", Struct_get_format, NULL, PyDoc_STR("struct format string"), NULL},
    {"size", Struct_get_size, NULL, PyDoc_STR("struct size in bytes"), NULL},
    {NULL}
};
static PyType_Slot Struct_slots[] = {
    {Py_tp_dealloc, struct_dealloc}, {Py_tp_getattro, PyObject_GenericGetAttr}, {Py_tp_setattro, PyObject_GenericSetAttr},
    {Py_tp_doc, "Struct(fmt) --> compiled struct object\n\nA compiled format: packs and unpacks values."},
    {Py_tp_traverse, struct_traverse}, {Py_tp_clear, struct_clear}, {Py_tp_methods, Struct_methods}, {Py_tp_members, Struct_members},
    {Py_tp_getset, Struct_getset}, {Py_tp_init, struct_init}, {Py_tp_alloc, PyType_GenericAlloc}, {Py_tp_new, struct_new},
    {Py_tp_free, PyObject_GC_Del}, {0, NULL},
};
static PyType_Spec Struct_spec = {
    .name = "_struct.Struct",
    .basicsize = sizeof(Struct),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = Struct_slots,
};

/* ------------------------------------------------------------------ functions */

#define KR_STRUCT_CACHE_MAX 100

/* The Struct of a format, borrowed from the cache or owned: always a new reference. */
static Struct *cached_struct(StructState *st, PyObject *format) {
    if (st->cache == NULL && (st->cache = PyDict_New()) == NULL)
        return NULL;
    PyObject *s = PyDict_GetItemWithError(st->cache, format);
    if (s != NULL)
        return (Struct *)Py_NewRef(s);
    if (PyErr_Occurred())
        return NULL;
    s = PyObject_CallOneArg((PyObject *)st->struct_type, format);
    if (s == NULL)
        return NULL;
    if (PyDict_GET_SIZE(st->cache) >= KR_STRUCT_CACHE_MAX)
        PyDict_Clear(st->cache);
    if (PyDict_SetItem(st->cache, format, s) < 0)
        PyErr_Clear();
    return (Struct *)s;
}

static PyObject *module_clearcache(PyObject *m, PyObject *ignored) {
    Py_CLEAR(((StructState *)PyModule_GetState(m))->cache);
    Py_RETURN_NONE;
}
static PyObject *module_calcsize(PyObject *m, PyObject *format) {
    Struct *s = cached_struct(PyModule_GetState(m), format);
    if (s == NULL)
        return NULL;
    PyObject *r = PyLong_FromSsize_t(s->size);
    Py_DECREF(s);
    return r;
}

enum { PACK, PACK_INTO };
static PyObject *module_pack_common(PyObject *m, PyObject *const *args, Py_ssize_t nargs, int how) {
    StructState *st = PyModule_GetState(m);
    if (nargs == 0) {
        PyErr_SetString(PyExc_TypeError, "missing format argument");
        return NULL;
    }
    Struct *s = cached_struct(st, args[0]);
    if (s == NULL)
        return NULL;
    PyObject *r = how == PACK ? struct_pack_args(st, s, args + 1, nargs - 1) : struct_pack_into_args(st, s, args + 1, nargs - 1);
    Py_DECREF(s);
    return r;
}
static PyObject *module_pack(PyObject *m, PyObject *const *args, Py_ssize_t nargs) { return module_pack_common(m, args, nargs, PACK); }
static PyObject *module_pack_into(PyObject *m, PyObject *const *args, Py_ssize_t nargs) { return module_pack_common(m, args, nargs, PACK_INTO); }

static PyObject *module_unpack(PyObject *m, PyObject *const *args, Py_ssize_t nargs) {
    StructState *st = PyModule_GetState(m);
    if (!_PyArg_CheckPositional("unpack", nargs, 2, 2))
        return NULL;
    Struct *s = cached_struct(st, args[0]);
    if (s == NULL)
        return NULL;
    PyObject *r = struct_unpack_bytes(st, s, args[1]);
    Py_DECREF(s);
    return r;
}
static PyObject *module_iter_unpack(PyObject *m, PyObject *const *args, Py_ssize_t nargs) {
    StructState *st = PyModule_GetState(m);
    if (!_PyArg_CheckPositional("iter_unpack", nargs, 2, 2))
        return NULL;
    Struct *s = cached_struct(st, args[0]);
    if (s == NULL)
        return NULL;
    PyObject *r = iter_unpack(st, s, args[1]);
    Py_DECREF(s);
    return r;
}
static PyObject *module_unpack_from(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "buffer", "offset", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "Oy*|n:unpack_from"};
    StructState *st = PyModule_GetState(m);
    PyObject *format;
    Py_buffer view;
    Py_ssize_t offset = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &format, &view, &offset))
        return NULL;
    Struct *s = cached_struct(st, format);
    PyObject *r = s == NULL ? NULL : struct_unpack_at(st, s, &view, offset);
    Py_XDECREF(s);
    PyBuffer_Release(&view);
    return r;
}

static PyMethodDef struct_functions[] = {
    {"_clearcache", module_clearcache, METH_NOARGS, PyDoc_STR("_clearcache($module, /)\n--\n\nEmpties the cache of compiled formats.")},
    {"calcsize", module_calcsize, METH_O, PyDoc_STR("calcsize($module, format, /)\n--\n\nThe size in bytes of what the format describes.")},
    {"iter_unpack", KR_METH(module_iter_unpack), METH_FASTCALL,
     PyDoc_STR("iter_unpack($module, format, buffer, /)\n--\n\nAn iterator over the tuples of values in the buffer.")},
    {"pack", KR_METH(module_pack), METH_FASTCALL, PyDoc_STR("pack(format, v1, v2, ...) -> bytes\n\nThe values, packed by the format.")},
    {"pack_into", KR_METH(module_pack_into), METH_FASTCALL,
     PyDoc_STR("pack_into(format, buffer, offset, v1, v2, ...)\n\nPacks the values into a writable buffer, from the offset on.")},
    {"unpack", KR_METH(module_unpack), METH_FASTCALL,
     PyDoc_STR("unpack($module, format, buffer, /)\n--\n\nThe values in a buffer of exactly calcsize(format) bytes, as a tuple.")},
    {"unpack_from", KR_METH(module_unpack_from), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("unpack_from($module, format, /, buffer, offset=0)\n--\n\nThe values in a buffer from the offset on, as a tuple.")},
    {NULL}
};

static int struct_exec(PyObject *m) {
    StructState *st = PyModule_GetState(m);
    st->struct_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &Struct_spec, NULL);
    if (st->struct_type == NULL || PyModule_AddType(m, st->struct_type) < 0)
        return -1;
    st->iterator_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &iter_spec, NULL);
    if (st->iterator_type == NULL)
        return -1;
    st->error = PyErr_NewException("struct.error", NULL, NULL);
    return st->error == NULL ? -1 : PyModule_AddObjectRef(m, "error", st->error);
}
static int struct_state_traverse(PyObject *m, visitproc visit, void *arg) {
    StructState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_VISIT(st->cache);
        Py_VISIT(st->struct_type);
        Py_VISIT(st->iterator_type);
        Py_VISIT(st->error);
    }
    return 0;
}
static int struct_state_clear(PyObject *m) {
    StructState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_CLEAR(st->cache);
        Py_CLEAR(st->struct_type);
        Py_CLEAR(st->iterator_type);
        Py_CLEAR(st->error);
    }
    return 0;
}
static void struct_state_free(void *m) { struct_state_clear(m); }

PyDoc_STRVAR(struct_doc,
             "Conversion between Python values and C structs, held as bytes.\n\n"
             "A format may begin with the byte order: '@' native with alignment (the default), '=' native, '<' little-endian,\n"
             "'>' or '!' big-endian, all three with standard sizes. Then come items, each perhaps after a count:\n"
             "x pad byte, c char, b B char as number, ? bool, h H short, i I int, l L long, q Q long long, e f d floats,\n"
             "s bytes (the count is the length), p Pascal string; native only: n N ssize_t, size_t, P pointer.\n"
             "Capitals are unsigned. White space between items is ignored.");

static PyModuleDef_Slot struct_slots[] = {{Py_mod_exec, struct_exec}, {0, NULL}};
static struct PyModuleDef struct_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_struct",
    .m_doc = struct_doc,
    .m_size = sizeof(StructState),
    .m_methods = struct_functions,
    .m_slots = struct_slots,
    .m_traverse = struct_state_traverse,
    .m_clear = struct_state_clear,
    .m_free = struct_state_free,
};
PyMODINIT_FUNC PyInit__struct(void) { return PyModuleDef_Init(&struct_module); }
