/* memoryview_items.c - items of memory views: native formats to objects and back, lists, comparison, copying.
 *
 * Native formats are single characters, perhaps after an "@". Other struct formats can only be compared; that goes through
 * the struct module's unpackers.
 */
#include "object/memoryview.h"

/* ------------------------------------------------------------------ native formats */

/* X(character, C type, kind) */
#define NATIVE_FORMATS(X)         \
    X('b', signed char)           \
    X('B', unsigned char)         \
    X('h', short)                 \
    X('H', unsigned short)        \
    X('i', int)                   \
    X('I', unsigned int)          \
    X('l', long)                  \
    X('L', unsigned long)         \
    X('q', long long)             \
    X('Q', unsigned long long)    \
    X('n', Py_ssize_t)            \
    X('N', size_t)

char kr_native_format(const char *format, Py_ssize_t *itemsize) {
    if (format[0] == '@')
        format++;
    if (format[0] == '\0' || format[1] != '\0')
        return 0;
    switch (format[0]) {
#define SIZE(c, T) case c: *itemsize = sizeof(T); break;
        NATIVE_FORMATS(SIZE)
#undef SIZE
    case 'c': *itemsize = 1; break;
    case '?': *itemsize = sizeof(bool); break;
    case 'f': *itemsize = sizeof(float); break;
    case 'd': *itemsize = sizeof(double); break;
    case 'P': *itemsize = sizeof(void *); break;
    default: return 0;
    }
    return format[0];
}

const char *kr_item_format(const Py_buffer *view) {
    const char *f = view->format[0] == '@' ? view->format + 1 : view->format;
    /* Items of size 0, as ctypes has them, hold nothing that could be read. */
    if (f[0] != '\0' && f[1] == '\0' && KR_LIKELY(view->itemsize != 0))
        return f;
    PyErr_Format(PyExc_NotImplementedError, "memoryview: unsupported format %s", view->format);
    return NULL;
}

#define LOAD(T, p) ({ T kr_v; memcpy(&kr_v, p, sizeof kr_v); kr_v; })
#define STORE(T, p, v) do { T kr_v = (T)(v); memcpy(p, &kr_v, sizeof kr_v); } while (0)

PyObject *kr_item_unpack(const char *p, const char *format) {
    switch (format[0]) {
    case 'B': return PyLong_FromLong(*(const unsigned char *)p);
    case 'b': return PyLong_FromLong(*(const signed char *)p);
    case 'h': return PyLong_FromLong(LOAD(short, p));
    case 'H': return PyLong_FromLong(LOAD(unsigned short, p));
    case 'i': return PyLong_FromLong(LOAD(int, p));
    case 'l': return PyLong_FromLong(LOAD(long, p));
    case '?': return PyBool_FromLong(LOAD(unsigned char, p) != 0);
    case 'I': return PyLong_FromUnsignedLong(LOAD(unsigned int, p));
    case 'L': return PyLong_FromUnsignedLong(LOAD(unsigned long, p));
    case 'q': return PyLong_FromLongLong(LOAD(long long, p));
    case 'Q': return PyLong_FromUnsignedLongLong(LOAD(unsigned long long, p));
    case 'n': return PyLong_FromSsize_t(LOAD(Py_ssize_t, p));
    case 'N': return PyLong_FromSize_t(LOAD(size_t, p));
    case 'f': return PyFloat_FromDouble(LOAD(float, p));
    case 'd': return PyFloat_FromDouble(LOAD(double, p));
    case 'c': return PyBytes_FromStringAndSize(p, 1);
    case 'P': return PyLong_FromVoidPtr(LOAD(void *, p));
    default: PyErr_Format(PyExc_NotImplementedError, "memoryview: format %s not supported", format); return NULL;
    }
}

static int bad_type(const char *format) {
    PyErr_Format(PyExc_TypeError, "memoryview: invalid type for format '%s'", format);
    return -1;
}
static int bad_value(const char *format) {
    PyErr_Format(PyExc_ValueError, "memoryview: invalid value for format '%s'", format);
    return -1;
}
/* Rewords the exception of a failed conversion. */
static int bad_item(const char *format) {
    if (PyErr_ExceptionMatches(PyExc_TypeError))
        return bad_type(format);
    if (PyErr_ExceptionMatches(PyExc_OverflowError) || PyErr_ExceptionMatches(PyExc_ValueError))
        return bad_value(format);
    return -1;
}

int kr_item_pack(PyMemoryViewObject *m, char *p, PyObject *item, const char *format) {
    long long ll = 0;
    unsigned long long ull = 0;
    double d = 0;
    void *pointer = NULL;
    int truth = 0;
    char f = format[0];
    switch (f) {
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n': case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': case 'P': {
        PyObject *i = PyNumber_Index(item);
        if (i == NULL)
            return bad_item(format);
        bool is_signed = strchr("bhilqn", f) != NULL;
        if (f == 'P')
            pointer = PyLong_AsVoidPtr(i);
        else if (is_signed)
            ll = PyLong_AsLongLong(i);
        else
            ull = PyLong_AsUnsignedLongLong(i);
        Py_DECREF(i);
        if (PyErr_Occurred())
            return bad_item(format);
        break;
    }
    case 'f': case 'd':
        d = PyFloat_AsDouble(item);
        if (d == -1.0 && PyErr_Occurred())
            return bad_item(format);
        break;
    case '?':
        truth = PyObject_IsTrue(item);
        if (truth < 0)
            return -1; /* preserve the exception */
        break;
    case 'c':
        if (!PyBytes_Check(item))
            return bad_type(format);
        if (Py_SIZE(item) != 1)
            return bad_value(format);
        break;
    default:
        PyErr_Format(PyExc_NotImplementedError, "memoryview: format %s not supported", format);
        return -1;
    }
    if (kr_view_released(m)) {
        PyErr_SetString(PyExc_ValueError, "operation forbidden on released memoryview object");
        return -1;
    }
#define SIGNED(T, low, high)              \
    if (ll < (low) || ll > (high))        \
        return bad_value(format);         \
    STORE(T, p, ll);                      \
    return 0
#define UNSIGNED(T, high)                 \
    if (ull > (high))                     \
        return bad_value(format);         \
    STORE(T, p, ull);                     \
    return 0
    switch (f) {
    case 'b': SIGNED(signed char, SCHAR_MIN, SCHAR_MAX);
    case 'h': SIGNED(short, SHRT_MIN, SHRT_MAX);
    case 'i': SIGNED(int, INT_MIN, INT_MAX);
    case 'l': case 'q': case 'n': STORE(long long, p, ll); return 0;
    case 'B': UNSIGNED(unsigned char, UCHAR_MAX);
    case 'H': UNSIGNED(unsigned short, USHRT_MAX);
    case 'I': UNSIGNED(unsigned int, UINT_MAX);
    case 'L': case 'Q': case 'N': STORE(unsigned long long, p, ull); return 0;
    case 'f': STORE(float, p, d); return 0;
    case 'd': STORE(double, p, d); return 0;
    case '?': *p = (char)truth; return 0;
    case 'P': STORE(void *, p, pointer); return 0;
    default: *p = PyBytes_AS_STRING(item)[0]; return 0;
    }
#undef SIGNED
#undef UNSIGNED
}

/* ------------------------------------------------------------------ lists */

static PyObject *tolist(char *p, const Py_buffer *v, int dim, const char *format) {
    if (dim == v->ndim)
        return kr_item_unpack(p, format);
    PyObject *list = PyList_New(v->shape[dim]);
    if (list == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < v->shape[dim]; i++, p += v->strides[dim]) {
        PyObject *item = tolist(kr_follow(p, v->suboffsets, dim), v, dim + 1, format);
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}
PyObject *kr_view_tolist(const Py_buffer *v, const char *format) { return tolist(v->buf, v, 0, format); }

/* ------------------------------------------------------------------ comparison */

/* Unpacks items of any struct format: the struct's unpack_from, and a buffer that one item is copied into. */
typedef struct {
    PyObject *unpack, *bytes, *view;
    char *item;
    Py_ssize_t itemsize;
} Unpacker;

static void unpacker_free(Unpacker *u) {
    Py_XDECREF(u->unpack);
    Py_XDECREF(u->view);
    Py_XDECREF(u->bytes);
}

static int unpacker_init(Unpacker *u, const char *format, Py_ssize_t itemsize) {
    memset(u, 0, sizeof *u);
    PyObject *Struct = NULL, *s = NULL, *module = PyImport_ImportModule("struct");
    if (module != NULL) {
        Struct = PyObject_GetAttrString(module, "Struct");
        Py_DECREF(module);
    }
    if (Struct != NULL) {
        s = PyObject_CallFunction(Struct, "y", format);
        Py_DECREF(Struct);
    }
    if (s == NULL)
        return -1;
    u->unpack = PyObject_GetAttrString(s, "unpack_from");
    Py_DECREF(s);
    u->bytes = PyByteArray_FromStringAndSize(NULL, itemsize);
    if (u->unpack == NULL || u->bytes == NULL) {
        unpacker_free(u);
        return -1;
    }
    u->item = PyByteArray_AS_STRING(u->bytes);
    u->itemsize = itemsize;
    return 0;
}

/* The item at p: the value, or the tuple of values of a compound format. */
static PyObject *unpacker_item(Unpacker *u, const char *p) {
    memcpy(u->item, p, (size_t)u->itemsize);
    PyObject *t = PyObject_CallOneArg(u->unpack, u->bytes);
    if (t != NULL && PyTuple_GET_SIZE(t) == 1)
        Py_SETREF(t, Py_NewRef(PyTuple_GET_ITEM(t, 0)));
    return t;
}

typedef struct {
    char format; /* of both, or 0: by unpackers */
    Unpacker a, b;
} Comparison;

static int items_equal(Comparison *c, const char *p, const char *q) {
    switch (c->format) {
#define EQUAL(ch, T) case ch: return LOAD(T, p) == LOAD(T, q);
        NATIVE_FORMATS(EQUAL)
#undef EQUAL
    case 'c': return *p == *q;
    case '?': return (*p != 0) == (*q != 0);
    case 'f': return LOAD(float, p) == LOAD(float, q);
    case 'd': return LOAD(double, p) == LOAD(double, q);
    case 'P': return LOAD(void *, p) == LOAD(void *, q);
    }
    PyObject *x = unpacker_item(&c->a, p);
    if (x == NULL)
        return -1;
    PyObject *y = unpacker_item(&c->b, q);
    if (y == NULL) {
        Py_DECREF(x);
        return -1;
    }
    int r = PyObject_RichCompareBool(x, y, Py_EQ);
    Py_DECREF(x);
    Py_DECREF(y);
    return r;
}

static int dims_equal(Comparison *c, char *p, char *q, const Py_buffer *a, const Py_buffer *b, int dim) {
    if (dim == a->ndim)
        return items_equal(c, p, q);
    for (Py_ssize_t i = 0; i < a->shape[dim]; i++) {
        /* a view without strides is a plain array of one dimension */
        Py_ssize_t as = a->strides ? a->strides[dim] : a->itemsize, bs = b->strides ? b->strides[dim] : b->itemsize;
        int r = dims_equal(c, kr_follow(p + i * as, a->suboffsets, dim), kr_follow(q + i * bs, b->suboffsets, dim), a, b, dim + 1);
        if (r <= 0)
            return r;
    }
    return 1;
}

static bool same_shape(const Py_buffer *a, const Py_buffer *b) {
    if (a->ndim != b->ndim)
        return false;
    for (int i = 0; i < a->ndim; i++) {
        if (a->shape[i] != b->shape[i])
            return false;
        if (a->shape[i] == 0)
            break;
    }
    return true;
}

int kr_views_equal(const Py_buffer *a, const Py_buffer *b) {
    if (!same_shape(a, b))
        return 0;
    Comparison c;
    memset(&c, 0, sizeof c);
    Py_ssize_t size;
    const char *fa = a->format ? a->format : "B", *fb = b->format ? b->format : "B";
    char na = kr_native_format(fa, &size), nb = kr_native_format(fb, &size);
    if (na != 0 && na == nb)
        c.format = na;
    else if (unpacker_init(&c.a, fa, a->itemsize) < 0 || unpacker_init(&c.b, fb, b->itemsize) < 0) {
        /* an unknown format: never equal */
        unpacker_free(&c.a);
        if (PyErr_ExceptionMatches(PyExc_MemoryError))
            return -1;
        PyErr_Clear();
        return 0;
    }
    int r = dims_equal(&c, a->buf, b->buf, a, b, 0);
    if (c.format == 0) {
        unpacker_free(&c.a);
        unpacker_free(&c.b);
    }
    return r;
}

/* ------------------------------------------------------------------ copying */

int kr_view_copy_1d(const Py_buffer *dest, const Py_buffer *src) {
    const char *fd = dest->format[0] == '@' ? dest->format + 1 : dest->format, *fs = src->format ? src->format : "B";
    if (fs[0] == '@')
        fs++;
    if (strcmp(fd, fs) != 0 || dest->itemsize != src->itemsize || !same_shape(dest, src)) {
        PyErr_SetString(PyExc_ValueError, "memoryview assignment: lvalue and rvalue have different structures");
        return -1;
    }
    Py_ssize_t n = dest->shape[0], size = dest->itemsize, ds = dest->strides[0], ss = src->strides ? src->strides[0] : size;
    if (ds == size && ss == size && dest->suboffsets == NULL && src->suboffsets == NULL) {
        memmove(dest->buf, src->buf, (size_t)(n * size));
        return 0;
    }
    /* through a packed copy, since they may overlap */
    char *packed = PyMem_Malloc((size_t)(n * size) + 1);
    if (packed == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        memcpy(packed + i * size, kr_follow((char *)src->buf + i * ss, src->suboffsets, 0), (size_t)size);
    for (Py_ssize_t i = 0; i < n; i++)
        memcpy(kr_follow((char *)dest->buf + i * ds, dest->suboffsets, 0), packed + i * size, (size_t)size);
    PyMem_Free(packed);
    return 0;
}
