/* array.c - the module array: arrays of one C type.
 *
 * `items` is a PyMem block of `allocated` items of kind->size bytes (NULL and 0 while empty), ob_size of them in use. While
 * exports > 0 somebody holds a buffer: the size must not change then. A Kind says how items of a type code are read, written
 * and compared; pickles of protocol 3 and up carry the machine format instead, so that they can be read on other machines.
 */
#include "krait.h"
#include "object/container.h"
#include <wchar.h>

typedef struct Array Array;

typedef struct Kind {
    char code;
    int size;
    PyObject *(*get)(const char *);
    int (*set)(char *, PyObject *); /* converts and stores; a NULL place only converts, for its errors */
    const char *format;             /* of buffers */
    bool is_integer, is_signed;
} Kind;

struct Array {
    PyObject_VAR_HEAD
    char *items;
    Py_ssize_t allocated;
    const Kind *kind;
    PyObject *weakrefs;
    Py_ssize_t exports;
};
#define AR(o) ((Array *)(o))

typedef struct {
    PyTypeObject *array_type, *iter_type;
} ArrayState;

static struct PyModuleDef array_module;
static ArrayState *state_of_type(PyTypeObject *t) {
    PyObject *m = PyType_GetModuleByDef(t, &array_module);
    return m == NULL ? NULL : PyModule_GetState(m);
}
/* The operand that is an array decides; a slot is only called when one is. */
static bool is_array(ArrayState *st, PyObject *o) { return PyObject_TypeCheck(o, st->array_type); }

/* ------------------------------------------------------------------ kinds of items */

#define GETTER(name, T, make)               \
    static PyObject *get_##name(const char *p) { \
        T v;                                \
        memcpy(&v, p, sizeof v);            \
        return make(v);                     \
    }
GETTER(b, signed char, PyLong_FromLong)
GETTER(B, unsigned char, PyLong_FromLong)
GETTER(h, short, PyLong_FromLong)
GETTER(H, unsigned short, PyLong_FromLong)
GETTER(i, int, PyLong_FromLong)
GETTER(I, unsigned int, PyLong_FromUnsignedLong)
GETTER(l, long, PyLong_FromLong)
GETTER(L, unsigned long, PyLong_FromUnsignedLong)
GETTER(q, long long, PyLong_FromLongLong)
GETTER(Q, unsigned long long, PyLong_FromUnsignedLongLong)
GETTER(f, float, PyFloat_FromDouble)
GETTER(d, double, PyFloat_FromDouble)
static PyObject *get_u(const char *p) {
    wchar_t v;
    memcpy(&v, p, sizeof v);
    return PyUnicode_FromOrdinal((int)v);
}

#define STORE(p, v)                 \
    do {                            \
        if (p != NULL)              \
            memcpy(p, &v, sizeof v); \
        return 0;                   \
    } while (0)

static int overflow(const char *message) {
    PyErr_SetString(PyExc_OverflowError, message);
    return -1;
}
/* The argument as a C long by __index__, within limits. */
static int to_long(PyObject *o, long low, long high, const char *below, const char *above, long *v) {
    *v = PyLong_AsLong(o);
    if (*v == -1 && PyErr_Occurred())
        return -1;
    if (*v < low)
        return overflow(below);
    return *v > high ? overflow(above) : 0;
}
#define SIGNED_SETTER(name, T, low, high, below, above)    \
    static int set_##name(char *p, PyObject *o) {          \
        long v;                                            \
        if (to_long(o, low, high, below, above, &v) < 0)   \
            return -1;                                     \
        T x = (T)v;                                        \
        STORE(p, x);                                       \
    }
SIGNED_SETTER(b, signed char, SCHAR_MIN, SCHAR_MAX, "signed char is less than minimum", "signed char is greater than maximum")
SIGNED_SETTER(B, unsigned char, 0, UCHAR_MAX, "unsigned byte integer is less than minimum", "unsigned byte integer is greater than maximum")
SIGNED_SETTER(h, short, SHRT_MIN, SHRT_MAX, "signed short integer is less than minimum", "signed short integer is greater than maximum")
SIGNED_SETTER(i, int, INT_MIN, INT_MAX, "signed integer is less than minimum", "signed integer is greater than maximum")
SIGNED_SETTER(l, long, LONG_MIN, LONG_MAX, "", "")
static int set_H(char *p, PyObject *o) {
    long v;
    if (to_long(o, INT_MIN, INT_MAX, "signed integer is less than minimum", "signed integer is greater than maximum", &v) < 0)
        return -1;
    if (v < 0)
        return overflow("unsigned short is less than minimum");
    if (v > USHRT_MAX)
        return overflow("unsigned short is greater than maximum");
    unsigned short x = (unsigned short)v;
    STORE(p, x);
}
static int set_q(char *p, PyObject *o) {
    long long v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred())
        return -1;
    STORE(p, v);
}
/* An unsigned long by __index__. */
static int to_unsigned(PyObject *o, unsigned long *v) {
    PyObject *i = PyNumber_Index(o);
    if (i == NULL)
        return -1;
    *v = PyLong_AsUnsignedLong(i);
    Py_DECREF(i);
    return *v == (unsigned long)-1 && PyErr_Occurred() ? -1 : 0;
}
static int set_I(char *p, PyObject *o) {
    unsigned long v;
    if (to_unsigned(o, &v) < 0)
        return -1;
    if (v > UINT_MAX)
        return overflow("unsigned int is greater than maximum");
    unsigned int x = (unsigned int)v;
    STORE(p, x);
}
static int set_L(char *p, PyObject *o) {
    unsigned long v;
    if (to_unsigned(o, &v) < 0)
        return -1;
    STORE(p, v);
}
static int set_Q(char *p, PyObject *o) {
    PyObject *i = PyNumber_Index(o);
    if (i == NULL)
        return -1;
    unsigned long long v = PyLong_AsUnsignedLongLong(i);
    Py_DECREF(i);
    if (v == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    STORE(p, v);
}
static int set_f(char *p, PyObject *o) {
    double v = PyFloat_AsDouble(o);
    if (v == -1.0 && PyErr_Occurred())
        return -1;
    float x = (float)v;
    STORE(p, x);
}
static int set_d(char *p, PyObject *o) {
    double v = PyFloat_AsDouble(o);
    if (v == -1.0 && PyErr_Occurred())
        return -1;
    STORE(p, v);
}
static int set_u(char *p, PyObject *o) {
    if (!PyUnicode_Check(o) || PyUnicode_READY(o) < 0 || PyUnicode_GET_LENGTH(o) != 1) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "array item must be unicode character");
        return -1;
    }
    wchar_t v = (wchar_t)PyUnicode_READ_CHAR(o, 0);
    STORE(p, v);
}

static const Kind kinds[] = {
    {'b', 1, get_b, set_b, "b", true, true},
    {'B', 1, get_B, set_B, "B", true, false},
    {'u', sizeof(wchar_t), get_u, set_u, "w", false, false},
    {'h', sizeof(short), get_h, set_h, "h", true, true},
    {'H', sizeof(short), get_H, set_H, "H", true, false},
    {'i', sizeof(int), get_i, set_i, "i", true, true},
    {'I', sizeof(int), get_I, set_I, "I", true, false},
    {'l', sizeof(long), get_l, set_l, "l", true, true},
    {'L', sizeof(long), get_L, set_L, "L", true, false},
    {'q', sizeof(long long), get_q, set_q, "q", true, true},
    {'Q', sizeof(long long), get_Q, set_Q, "Q", true, false},
    {'f', sizeof(float), get_f, set_f, "f", false, false},
    {'d', sizeof(double), get_d, set_d, "d", false, false},
};
static const Kind *find_kind(int code) {
    for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++)
        if (kinds[i].code == code)
            return &kinds[i];
    return NULL;
}

static PyObject *get_item(const Array *a, Py_ssize_t i) { return a->kind->get(a->items + i * a->kind->size); }

/* ------------------------------------------------------------------ size */

static int array_resize(Array *a, Py_ssize_t n) {
    if (a->exports > 0 && n != Py_SIZE(a)) {
        PyErr_SetString(PyExc_BufferError, "cannot resize an array that is exporting buffers");
        return -1;
    }
    if (a->allocated >= n && Py_SIZE(a) < n + 16 && a->items != NULL) {
        Py_SET_SIZE(a, n);
        return 0;
    }
    if (n == 0) {
        PyMem_Free(a->items);
        a->items = NULL;
        a->allocated = 0;
        Py_SET_SIZE(a, 0);
        return 0;
    }
    size_t room = ((size_t)n >> 4) + (Py_SIZE(a) < 8 ? 3 : 7) + (size_t)n;
    if (room > (size_t)PY_SSIZE_T_MAX / (size_t)a->kind->size) {
        PyErr_NoMemory();
        return -1;
    }
    char *items = PyMem_Realloc(a->items, room * (size_t)a->kind->size);
    if (items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    a->items = items;
    a->allocated = (Py_ssize_t)room;
    Py_SET_SIZE(a, n);
    return 0;
}

/* A new array of n items to be filled in. */
static Array *array_make(PyTypeObject *type, Py_ssize_t n, const Kind *kind) {
    if (n > PY_SSIZE_T_MAX / kind->size) {
        PyErr_NoMemory();
        return NULL;
    }
    Array *a = (Array *)type->tp_alloc(type, 0);
    if (a == NULL)
        return NULL;
    a->kind = kind;
    a->allocated = n;
    a->weakrefs = NULL;
    a->exports = 0;
    a->items = NULL;
    Py_SET_SIZE(a, n);
    if (n > 0) {
        a->items = PyMem_Malloc((size_t)n * (size_t)kind->size);
        if (a->items == NULL) {
            Py_SET_SIZE(a, 0);
            Py_DECREF(a);
            PyErr_NoMemory();
            return NULL;
        }
    }
    return a;
}

static void array_dealloc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    if (AR(o)->weakrefs != NULL)
        PyObject_ClearWeakRefs(o);
    PyMem_Free(AR(o)->items);
    t->tp_free(o);
    Py_DECREF(t);
}
static int array_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    return 0;
}

/* Inserts at i, clipped like a list's insert. */
static int insert(Array *a, Py_ssize_t i, PyObject *v) {
    if (a->kind->set(NULL, v) < 0)
        return -1;
    Py_ssize_t n = Py_SIZE(a), size = a->kind->size;
    if (array_resize(a, n + 1) < 0)
        return -1;
    if (i < 0 && (i += n) < 0)
        i = 0;
    if (i > n)
        i = n;
    char *p = a->items + i * size;
    if (i != n)
        memmove(p + size, p, (size_t)((n - i) * size));
    /* converting again may run Python code that shrinks the array */
    long long value[2] = {0};
    if (a->kind->set((char *)value, v) < 0)
        return -1;
    if (i < Py_SIZE(a))
        memcpy(a->items + i * size, value, (size_t)size);
    return 0;
}

/* Removes the items lo .. hi. */
static int delete_range(Array *a, Py_ssize_t lo, Py_ssize_t hi) {
    Py_ssize_t size = a->kind->size, n = Py_SIZE(a);
    if (lo >= hi)
        return 0;
    if (a->exports > 0) {
        PyErr_SetString(PyExc_BufferError, "cannot resize an array that is exporting buffers");
        return -1;
    }
    memmove(a->items + lo * size, a->items + hi * size, (size_t)((n - hi) * size));
    return array_resize(a, n - (hi - lo));
}

static int extend_iterable(Array *a, PyObject *iterable) {
    PyObject *it = PyObject_GetIter(iterable), *item;
    if (it == NULL)
        return -1;
    int failed;
    while ((item = kr_iter_next(it, &failed)) != NULL) {
        failed = insert(a, Py_SIZE(a), item);
        Py_DECREF(item);
        if (failed)
            break;
    }
    Py_DECREF(it);
    return failed;
}

static int extend_array(Array *a, Array *b) {
    if (a->kind != b->kind) {
        PyErr_SetString(PyExc_TypeError, "can only extend with array of same kind");
        return -1;
    }
    Py_ssize_t n = Py_SIZE(a), more = Py_SIZE(b);
    if (more > PY_SSIZE_T_MAX - n) {
        PyErr_NoMemory();
        return -1;
    }
    if (array_resize(a, n + more) < 0)
        return -1;
    if (more > 0)
        memcpy(a->items + n * a->kind->size, b->items, (size_t)(more * a->kind->size));
    return 0;
}

static int array_ass_item(PyObject *o, Py_ssize_t i, PyObject *v);

/* ------------------------------------------------------------------ construction */

static int frombytes(Array *a, PyObject *source) {
    Py_buffer view;
    if (PyObject_GetBuffer(source, &view, PyBUF_SIMPLE) < 0)
        return -1;
    int r = -1;
    Py_ssize_t size = a->kind->size, n = Py_SIZE(a), more = view.len / size;
    if (view.itemsize != 1)
        PyErr_SetString(PyExc_TypeError, "a bytes-like object is required");
    else if (view.len % size != 0)
        PyErr_SetString(PyExc_ValueError, "bytes length not a multiple of item size");
    else if (more > PY_SSIZE_T_MAX / size - n)
        PyErr_NoMemory();
    else {
        r = array_resize(a, n + more);
        if (r == 0 && more > 0)
            memcpy(a->items + n * size, view.buf, (size_t)(more * size));
    }
    PyBuffer_Release(&view);
    return r;
}

static int append_unicode(Array *a, PyObject *text) {
    Py_ssize_t n = Py_SIZE(a), more = PyUnicode_AsWideChar(text, NULL, 0);
    if (more < 0)
        return -1;
    more--; /* the NUL */
    if (more == 0)
        return 0;
    if (array_resize(a, n + more) < 0)
        return -1;
    return PyUnicode_AsWideChar(text, (wchar_t *)a->items + n, more) < 0 ? -1 : 0;
}

static PyObject *array_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    ArrayState *st = state_of_type(type);
    if (st == NULL)
        return NULL;
    int c;
    PyObject *initial = NULL;
    if ((type == st->array_type || type->tp_init == st->array_type->tp_init) && !_PyArg_NoKeywords("array.array", kwds))
        return NULL;
    if (!PyArg_ParseTuple(args, "C|O:array", &c, &initial))
        return NULL;
    if (PySys_Audit("array.__new__", "CO", c, initial ? initial : Py_None) < 0)
        return NULL;
    if (initial != NULL && c != 'u') {
        if (PyUnicode_Check(initial)) {
            PyErr_Format(PyExc_TypeError, "cannot use a str to initialize an array with typecode '%c'", c);
            return NULL;
        }
        if (is_array(st, initial) && AR(initial)->kind->code == 'u') {
            PyErr_Format(PyExc_TypeError, "cannot use a unicode array to initialize an array with typecode '%c'", c);
            return NULL;
        }
    }
    const Kind *kind = find_kind(c);
    if (kind == NULL) {
        PyErr_SetString(PyExc_ValueError, "bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)");
        return NULL;
    }
    PyObject *it = NULL;
    bool bytes = initial != NULL && (PyBytes_Check(initial) || PyByteArray_Check(initial));
    bool text = initial != NULL && c == 'u' && PyUnicode_Check(initial);
    bool sequence = initial != NULL && (PyList_Check(initial) || PyTuple_Check(initial));
    bool array = initial != NULL && is_array(st, initial);
    if (initial != NULL && !bytes && !text && !sequence && !array && (it = PyObject_GetIter(initial)) == NULL)
        return NULL;
    bool item_by_item = sequence || (array && AR(initial)->kind != kind);
    Py_ssize_t n = item_by_item ? PySequence_Length(initial) : text ? PyUnicode_AsWideChar(initial, NULL, 0) - 1 : 0; /* without the NUL */
    Array *a = n < 0 ? NULL : array_make(type, n, kind);
    if (a == NULL) {
        Py_XDECREF(it);
        return NULL;
    }
    int r = 0;
    if (bytes)
        r = frombytes(a, initial);
    else if (text)
        r = n > 0 && PyUnicode_AsWideChar(initial, (wchar_t *)a->items, n) < 0 ? -1 : 0;
    else if (item_by_item) {
        if (n > 0)
            memset(a->items, 0, (size_t)(n * kind->size));
        for (Py_ssize_t i = 0; r == 0 && i < n; i++) { /* converting may shrink the sequence: an IndexError then */
            PyObject *v = PySequence_GetItem(initial, i);
            r = v == NULL ? -1 : array_ass_item((PyObject *)a, i, v);
            Py_XDECREF(v);
        }
    }
    else if (array)
        r = extend_array(a, AR(initial));
    else if (it != NULL)
        r = extend_iterable(a, it);
    Py_XDECREF(it);
    if (r < 0)
        Py_CLEAR(a);
    return (PyObject *)a;
}

/* ------------------------------------------------------------------ comparison, text */

static PyObject *array_richcompare(PyObject *v, PyObject *w, int op) {
    ArrayState *st = state_of_type(Py_TYPE(v));
    if (st == NULL)
        return NULL;
    if (!is_array(st, v) || !is_array(st, w))
        Py_RETURN_NOTIMPLEMENTED;
    Array *a = AR(v), *b = AR(w);
    if (Py_SIZE(a) != Py_SIZE(b) && (op == Py_EQ || op == Py_NE))
        return PyBool_FromLong(op == Py_NE);
    if (a->kind == b->kind && a->kind->is_integer && (op == Py_EQ || op == Py_NE)) {
        bool equal = Py_SIZE(a) == 0 || memcmp(a->items, b->items, (size_t)(Py_SIZE(a) * a->kind->size)) == 0;
        return PyBool_FromLong(equal == (op == Py_EQ));
    }
    for (Py_ssize_t i = 0; i < Py_SIZE(a) && i < Py_SIZE(b); i++) {
        PyObject *x = get_item(a, i), *y = x ? get_item(b, i) : NULL;
        int equal = y == NULL ? -1 : PyObject_RichCompareBool(x, y, Py_EQ);
        PyObject *r = NULL;
        if (equal == 0)
            r = op == Py_EQ ? Py_NewRef(Py_False) : op == Py_NE ? Py_NewRef(Py_True) : PyObject_RichCompare(x, y, op);
        Py_XDECREF(x);
        Py_XDECREF(y);
        if (equal <= 0)
            return r;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    Py_RETURN_RICHCOMPARE(na, nb, op);
}

static PyObject *array_tolist(PyObject *o, PyObject *ignored) {
    Py_ssize_t n = Py_SIZE(o);
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *v = get_item(AR(o), i);
        if (v == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, v);
    }
    return list;
}

static PyObject *array_tounicode(PyObject *o, PyObject *ignored) {
    if (AR(o)->kind->code != 'u') {
        PyErr_SetString(PyExc_ValueError, "tounicode() may only be called on unicode type arrays");
        return NULL;
    }
    return PyUnicode_FromWideChar((wchar_t *)AR(o)->items, Py_SIZE(o));
}

static PyObject *array_repr(PyObject *o) {
    const char *name = _PyType_Name(Py_TYPE(o));
    int c = AR(o)->kind->code;
    if (Py_SIZE(o) == 0)
        return PyUnicode_FromFormat("%s('%c')", name, c);
    PyObject *v = c == 'u' ? array_tounicode(o, NULL) : array_tolist(o, NULL);
    if (v == NULL)
        return NULL;
    PyObject *r = PyUnicode_FromFormat("%s('%c', %R)", name, c, v);
    Py_DECREF(v);
    return r;
}

/* ------------------------------------------------------------------ sequence protocol */

static Py_ssize_t array_length(PyObject *o) { return Py_SIZE(o); }

static PyObject *array_item(PyObject *o, Py_ssize_t i) {
    if (i < 0 || i >= Py_SIZE(o)) {
        PyErr_SetString(PyExc_IndexError, "array index out of range");
        return NULL;
    }
    return get_item(AR(o), i);
}

static PyObject *array_slice(PyObject *o, Py_ssize_t lo, Py_ssize_t n) {
    ArrayState *st = state_of_type(Py_TYPE(o));
    Array *r = st == NULL ? NULL : array_make(st->array_type, n, AR(o)->kind);
    if (r != NULL && n > 0)
        memcpy(r->items, AR(o)->items + lo * r->kind->size, (size_t)(n * r->kind->size));
    return (PyObject *)r;
}

static PyObject *array_concat(PyObject *o, PyObject *other) {
    ArrayState *st = state_of_type(Py_TYPE(o));
    if (st == NULL)
        return NULL;
    if (!is_array(st, other)) {
        PyErr_Format(PyExc_TypeError, "can only append array (not \"%.200s\") to array", Py_TYPE(other)->tp_name);
        return NULL;
    }
    Array *a = AR(o), *b = AR(other);
    if (a->kind != b->kind) {
        PyErr_BadArgument();
        return NULL;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b), size = a->kind->size;
    if (na > PY_SSIZE_T_MAX - nb)
        return PyErr_NoMemory();
    Array *r = array_make(st->array_type, na + nb, a->kind);
    if (r != NULL && na > 0)
        memcpy(r->items, a->items, (size_t)(na * size));
    if (r != NULL && nb > 0)
        memcpy(r->items + na * size, b->items, (size_t)(nb * size));
    return (PyObject *)r;
}

/* Fills the items after the first n with copies of them. */
static void fill_copies(Array *a, Py_ssize_t n, Py_ssize_t times) {
    size_t unit = (size_t)(n * a->kind->size), total = unit * (size_t)times;
    for (size_t done = unit; done < total;) {
        size_t part = Py_MIN(done, total - done);
        memcpy(a->items + done, a->items, part);
        done += part;
    }
}

static PyObject *array_repeat(PyObject *o, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(o);
    if (times < 0)
        times = 0;
    if (n > 0 && times > PY_SSIZE_T_MAX / n)
        return PyErr_NoMemory();
    ArrayState *st = state_of_type(Py_TYPE(o));
    Array *r = st == NULL ? NULL : array_make(st->array_type, n * times, AR(o)->kind);
    if (r != NULL && n * times > 0) {
        memcpy(r->items, AR(o)->items, (size_t)(n * r->kind->size));
        fill_copies(r, n, times);
    }
    return (PyObject *)r;
}

static PyObject *array_irepeat(PyObject *o, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(o);
    if (times < 0)
        times = 0;
    if (n > 0 && times != 1) {
        if (times > PY_SSIZE_T_MAX / (n * AR(o)->kind->size))
            return PyErr_NoMemory();
        if (array_resize(AR(o), n * times) < 0)
            return NULL;
        if (times > 1)
            fill_copies(AR(o), n, times);
    }
    return Py_NewRef(o);
}

static PyObject *array_iconcat(PyObject *o, PyObject *other) {
    ArrayState *st = state_of_type(Py_TYPE(o));
    if (st == NULL)
        return NULL;
    if (!is_array(st, other)) {
        PyErr_Format(PyExc_TypeError, "can only extend array with array (not \"%.200s\")", Py_TYPE(other)->tp_name);
        return NULL;
    }
    return extend_array(AR(o), AR(other)) < 0 ? NULL : Py_NewRef(o);
}

/* Index of the first item equal to v in start .. stop, -1 if none, -2 on error. */
static Py_ssize_t find_item(Array *a, PyObject *v, Py_ssize_t start, Py_ssize_t stop) {
    for (Py_ssize_t i = start; i < stop && i < Py_SIZE(a); i++) {
        PyObject *x = get_item(a, i);
        int equal = x == NULL ? -1 : PyObject_RichCompareBool(x, v, Py_EQ);
        Py_XDECREF(x);
        if (equal != 0)
            return equal < 0 ? -2 : i;
    }
    return -1;
}
static int array_contains(PyObject *o, PyObject *v) {
    Py_ssize_t i = find_item(AR(o), v, 0, PY_SSIZE_T_MAX);
    return i == -2 ? -1 : i >= 0;
}

static int array_ass_item(PyObject *o, Py_ssize_t i, PyObject *v) {
    Array *a = AR(o);
    if (i < 0 || i >= Py_SIZE(a)) {
        PyErr_SetString(PyExc_IndexError, "array assignment index out of range");
        return -1;
    }
    if (v == NULL)
        return delete_range(a, i, i + 1);
    long long value[2];
    if (a->kind->set((char *)value, v) < 0)
        return -1;
    if (i < Py_SIZE(a)) /* converting may have shrunk it */
        memcpy(a->items + i * a->kind->size, value, (size_t)a->kind->size);
    return 0;
}

static PyObject *array_subscript(PyObject *o, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        return array_item(o, i < 0 ? i + Py_SIZE(o) : i);
    }
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "array indices must be integers");
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(o), &start, &stop, step);
    if (n <= 0 || step == 1)
        return array_slice(o, start, n <= 0 ? 0 : n);
    ArrayState *st = state_of_type(Py_TYPE(o));
    Array *r = st == NULL ? NULL : array_make(st->array_type, n, AR(o)->kind);
    if (r != NULL) {
        Py_ssize_t size = r->kind->size;
        for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
            memcpy(r->items + i * size, AR(o)->items + at * size, (size_t)size);
    }
    return (PyObject *)r;
}

static int array_ass_subscript(PyObject *o, PyObject *key, PyObject *value) {
    Array *a = AR(o), *other = NULL;
    ArrayState *st = state_of_type(Py_TYPE(o));
    if (st == NULL)
        return -1;
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return -1;
        return array_ass_item(o, i < 0 ? i + Py_SIZE(o) : i, value);
    }
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "array indices must be integers");
        return -1;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return -1;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(a), &start, &stop, step), needed = 0, size = a->kind->size;
    if (value != NULL) {
        if (!is_array(st, value)) {
            PyErr_Format(PyExc_TypeError, "can only assign array (not \"%.200s\") to array slice", Py_TYPE(value)->tp_name);
            return -1;
        }
        other = AR(value);
        needed = Py_SIZE(other);
        if (other == a) { /* a copy first */
            PyObject *copy = array_slice(value, 0, needed);
            if (copy == NULL)
                return -1;
            int r = array_ass_subscript(o, key, copy);
            Py_DECREF(copy);
            return r;
        }
        if (other->kind != a->kind) {
            PyErr_BadArgument();
            return -1;
        }
    }
    if ((step > 0 && stop < start) || (step < 0 && stop > start))
        stop = start;
    if (a->exports > 0 && (value == NULL || (step == 1 && needed != n)) && !(value == NULL && n == 0)) {
        PyErr_SetString(PyExc_BufferError, "cannot resize an array that is exporting buffers");
        return -1;
    }
    if (step == 1) {
        Py_ssize_t total = Py_SIZE(a);
        if (n > needed) {
            memmove(a->items + (start + needed) * size, a->items + stop * size, (size_t)((total - stop) * size));
            if (array_resize(a, total + needed - n) < 0)
                return -1;
        }
        else if (n < needed) {
            if (array_resize(a, total + needed - n) < 0)
                return -1;
            memmove(a->items + (start + needed) * size, a->items + stop * size, (size_t)((total - stop) * size));
        }
        if (needed > 0)
            memcpy(a->items + start * size, other->items, (size_t)(needed * size));
        return 0;
    }
    if (value == NULL) {
        if (n == 0)
            return 0;
        if (step < 0) {
            start += step * (n - 1);
            step = -step;
        }
        Py_ssize_t total = Py_SIZE(a), out = start;
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_ssize_t from = start + i * step + 1, to = i + 1 < n ? from + step - 1 : total;
            memmove(a->items + out * size, a->items + from * size, (size_t)((to - from) * size));
            out += to - from;
        }
        return array_resize(a, total - n);
    }
    if (n != needed) {
        PyErr_Format(PyExc_ValueError, "attempt to assign array of size %zd to extended slice of size %zd", needed, n);
        return -1;
    }
    for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
        memcpy(a->items + at * size, other->items + i * size, (size_t)size);
    return 0;
}

/* ------------------------------------------------------------------ buffer */

static char empty_buffer[] = "";

static int array_getbuffer(PyObject *o, Py_buffer *view, int flags) {
    Array *a = AR(o);
    if (view == NULL) {
        PyErr_SetString(PyExc_BufferError, "array_buffer_getbuf: view==NULL argument is obsolete");
        return -1;
    }
    view->buf = a->items ? a->items : empty_buffer;
    view->obj = Py_NewRef(o);
    view->len = Py_SIZE(a) * a->kind->size;
    view->readonly = 0;
    view->ndim = 1;
    view->itemsize = a->kind->size;
    view->suboffsets = NULL;
    view->shape = (flags & PyBUF_ND) == PyBUF_ND ? &((PyVarObject *)a)->ob_size : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &view->itemsize : NULL;
    view->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? (char *)a->kind->format : NULL;
    view->internal = NULL;
    a->exports++;
    return 0;
}
static void array_releasebuffer(PyObject *o, Py_buffer *view) { AR(o)->exports--; }

/* ------------------------------------------------------------------ methods */

static PyObject *none_or_null(int r) { return r < 0 ? NULL : Py_NewRef(Py_None); }

static PyObject *array_append(PyObject *o, PyObject *v) { return none_or_null(insert(AR(o), Py_SIZE(o), v)); }

static PyObject *array_buffer_info(PyObject *o, PyObject *ignored) {
    return Py_BuildValue("Nn", PyLong_FromVoidPtr(AR(o)->items), Py_SIZE(o));
}

static void reverse_bytes(char *p, int size) {
    for (int i = 0; i < size / 2; i++) {
        char t = p[i];
        p[i] = p[size - 1 - i];
        p[size - 1 - i] = t;
    }
}
static PyObject *array_byteswap(PyObject *o, PyObject *ignored) {
    for (Py_ssize_t i = 0; i < Py_SIZE(o); i++)
        reverse_bytes(AR(o)->items + i * AR(o)->kind->size, AR(o)->kind->size);
    Py_RETURN_NONE;
}

static PyObject *array_count(PyObject *o, PyObject *v) {
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; (i = find_item(AR(o), v, i, PY_SSIZE_T_MAX)) != -1; i++) {
        if (i == -2)
            return NULL;
        n++;
    }
    return PyLong_FromSsize_t(n);
}

static PyObject *array_copy(PyObject *o, PyObject *ignored) { return array_slice(o, 0, Py_SIZE(o)); }

static PyObject *array_extend(PyObject *o, PyObject *v) {
    ArrayState *st = state_of_type(Py_TYPE(o));
    if (st == NULL)
        return NULL;
    return none_or_null(is_array(st, v) ? extend_array(AR(o), AR(v)) : extend_iterable(AR(o), v));
}

static PyObject *array_frombytes(PyObject *o, PyObject *v) {
    if (!PyObject_CheckBuffer(v)) {
        PyErr_Format(PyExc_TypeError, "a bytes-like object is required, not '%.100s'", Py_TYPE(v)->tp_name);
        return NULL;
    }
    return none_or_null(frombytes(AR(o), v));
}

static PyObject *array_fromfile(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("fromfile", nargs, 2, 2))
        return NULL;
    Py_ssize_t n = PyNumber_AsSsize_t(args[1], PyExc_OverflowError), size = AR(o)->kind->size;
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "negative count");
        return NULL;
    }
    if (n > PY_SSIZE_T_MAX / size)
        return PyErr_NoMemory();
    PyObject *b = PyObject_CallMethod(args[0], "read", "n", n * size);
    if (b == NULL)
        return NULL;
    int r = -1;
    if (!PyBytes_Check(b))
        PyErr_SetString(PyExc_TypeError, "read() didn't return bytes");
    else {
        bool enough = PyBytes_GET_SIZE(b) == n * size;
        r = frombytes(AR(o), b);
        if (r == 0 && !enough) {
            PyErr_SetString(PyExc_EOFError, "read() didn't return enough bytes");
            r = -1;
        }
    }
    Py_DECREF(b);
    return none_or_null(r);
}

static PyObject *array_tofile(PyObject *o, PyObject *file) {
    const Py_ssize_t block = 64 * 1024;
    for (Py_ssize_t at = 0; at < Py_SIZE(o) * AR(o)->kind->size; at += block) {
        Py_ssize_t n = Py_MIN(block, Py_SIZE(o) * AR(o)->kind->size - at);
        PyObject *b = PyBytes_FromStringAndSize(AR(o)->items + at, n);
        if (b == NULL)
            return NULL;
        PyObject *r = PyObject_CallMethod(file, "write", "O", b);
        Py_DECREF(b);
        if (r == NULL)
            return NULL;
        Py_DECREF(r);
    }
    if (Py_SIZE(o) == 0) { /* even so a file is expected */
        PyObject *write = PyObject_GetAttrString(file, "write");
        if (write == NULL)
            PyErr_Clear();
        Py_XDECREF(write);
    }
    Py_RETURN_NONE;
}

static PyObject *array_fromlist(PyObject *o, PyObject *list) {
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "arg must be list");
        return NULL;
    }
    Array *a = AR(o);
    Py_ssize_t n = PyList_GET_SIZE(list), old = Py_SIZE(a);
    if (n == 0)
        Py_RETURN_NONE;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *v = Py_NewRef(PyList_GET_ITEM(list, i));
        int r = insert(a, Py_SIZE(a), v);
        Py_DECREF(v);
        if (r == 0 && n != PyList_GET_SIZE(list)) {
            PyErr_SetString(PyExc_RuntimeError, "list changed size during iteration");
            r = -1;
        }
        if (r < 0) { /* all or nothing */
            if (Py_SIZE(a) > old) {
                PyObject *type, *value, *traceback;
                PyErr_Fetch(&type, &value, &traceback);
                if (array_resize(a, old) < 0)
                    PyErr_Clear();
                PyErr_Restore(type, value, traceback);
            }
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

static PyObject *array_fromunicode(PyObject *o, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "fromunicode() argument must be str, not %.50s", Py_IsNone(text) ? "None" : Py_TYPE(text)->tp_name);
        return NULL;
    }
    if (AR(o)->kind->code != 'u') {
        PyErr_SetString(PyExc_ValueError, "fromunicode() may only be called on unicode type arrays");
        return NULL;
    }
    return none_or_null(append_unicode(AR(o), text));
}

static PyObject *array_index(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t start = 0, stop = PY_SSIZE_T_MAX;
    if (!_PyArg_CheckPositional("index", nargs, 1, 3) || (nargs > 1 && !_PyEval_SliceIndexNotNone(args[1], &start)) ||
        (nargs > 2 && !_PyEval_SliceIndexNotNone(args[2], &stop)))
        return NULL;
    if (start < 0 && (start += Py_SIZE(o)) < 0)
        start = 0;
    if (stop < 0)
        stop += Py_SIZE(o);
    Py_ssize_t i = find_item(AR(o), args[0], start, stop);
    if (i >= 0)
        return PyLong_FromSsize_t(i);
    if (i == -1)
        PyErr_SetString(PyExc_ValueError, "array.index(x): x not in array");
    return NULL;
}

/* An index argument as Py_ssize_t. */
static int index_argument(PyObject *arg, Py_ssize_t *i) {
    PyObject *index = PyNumber_Index(arg);
    if (index == NULL)
        return -1;
    *i = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    return *i == -1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *array_insert(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i;
    if (!_PyArg_CheckPositional("insert", nargs, 2, 2) || index_argument(args[0], &i) < 0)
        return NULL;
    return none_or_null(insert(AR(o), i, args[1]));
}

static PyObject *array_pop(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i = -1;
    if (!_PyArg_CheckPositional("pop", nargs, 0, 1) || (nargs > 0 && index_argument(args[0], &i) < 0))
        return NULL;
    if (Py_SIZE(o) == 0) {
        PyErr_SetString(PyExc_IndexError, "pop from empty array");
        return NULL;
    }
    if (i < 0)
        i += Py_SIZE(o);
    if (i < 0 || i >= Py_SIZE(o)) {
        PyErr_SetString(PyExc_IndexError, "pop index out of range");
        return NULL;
    }
    PyObject *v = get_item(AR(o), i);
    if (v != NULL && delete_range(AR(o), i, i + 1) < 0)
        Py_CLEAR(v);
    return v;
}

static PyObject *array_remove(PyObject *o, PyObject *v) {
    Py_ssize_t i = find_item(AR(o), v, 0, PY_SSIZE_T_MAX);
    if (i >= 0)
        return none_or_null(delete_range(AR(o), i, i + 1));
    if (i == -1)
        PyErr_SetString(PyExc_ValueError, "array.remove(x): x not in array");
    return NULL;
}

static PyObject *array_reverse(PyObject *o, PyObject *ignored) {
    Py_ssize_t size = AR(o)->kind->size;
    char item[16];
    if (Py_SIZE(o) > 1)
        for (char *i = AR(o)->items, *j = i + (Py_SIZE(o) - 1) * size; i < j; i += size, j -= size) {
            memcpy(item, i, (size_t)size);
            memcpy(i, j, (size_t)size);
            memcpy(j, item, (size_t)size);
        }
    Py_RETURN_NONE;
}

static PyObject *array_tobytes(PyObject *o, PyObject *ignored) {
    return PyBytes_FromStringAndSize(AR(o)->items, Py_SIZE(o) * AR(o)->kind->size);
}

static PyObject *array_sizeof(PyObject *o, PyObject *ignored) {
    return PyLong_FromSsize_t(Py_TYPE(o)->tp_basicsize + AR(o)->allocated * AR(o)->kind->size);
}

static PyObject *array_get_typecode(PyObject *o, void *ignored) { return PyUnicode_FromOrdinal(AR(o)->kind->code); }
static PyObject *array_get_itemsize(PyObject *o, void *ignored) { return PyLong_FromLong(AR(o)->kind->size); }

/* ------------------------------------------------------------------ machine formats */

/* The codes are part of pickles: even ones little-endian, but for the two of one byte. */
typedef struct {
    int size;
    bool is_signed, big, is_float, is_text;
} MachineFormat;
static const MachineFormat machine_formats[] = {
    {1, false, false, false, false}, {1, true, false, false, false},  {2, false, false, false, false}, {2, false, true, false, false},
    {2, true, false, false, false},  {2, true, true, false, false},   {4, false, false, false, false}, {4, false, true, false, false},
    {4, true, false, false, false},  {4, true, true, false, false},   {8, false, false, false, false}, {8, false, true, false, false},
    {8, true, false, false, false},  {8, true, true, false, false},   {4, false, false, true, false},  {4, false, true, true, false},
    {8, false, false, true, false},  {8, false, true, true, false},   {4, false, false, false, true},  {4, false, true, false, true},
    {8, false, false, false, true},  {8, false, true, false, true},
};

static int machine_format(const Kind *kind) {
    const int big = PY_BIG_ENDIAN;
    switch (kind->code) {
    case 'b': return 1;
    case 'B': return 0;
    case 'f': return 14 + big;
    case 'd': return 16 + big;
    case 'u': return (sizeof(wchar_t) == 2 ? 18 : 20) + big;
    default: return (kind->size == 2 ? 2 : kind->size == 4 ? 6 : 10) + (kind->is_signed ? 2 : 0) + big;
    }
}

/* Calls array(typecode, items) of a type. */
static PyObject *make_array(PyTypeObject *type, int code, PyObject *items) {
    return PyObject_CallFunction((PyObject *)type, "CO", code, items);
}

static PyObject *array_reconstructor(PyObject *m, PyObject *args) {
    ArrayState *st = PyModule_GetState(m);
    PyTypeObject *type;
    int code, format;
    PyObject *otype, *bytes;
    if (!PyArg_ParseTuple(args, "OCiO:_array_reconstructor", &otype, &code, &format, &bytes))
        return NULL;
    type = (PyTypeObject *)otype;
    if (!PyType_Check(otype)) {
        PyErr_Format(PyExc_TypeError, "first argument must be a type object, not %.200s", Py_TYPE(otype)->tp_name);
        return NULL;
    }
    if (!PyType_IsSubtype(type, st->array_type)) {
        PyErr_Format(PyExc_TypeError, "%.200s is not a subtype of %.200s", type->tp_name, st->array_type->tp_name);
        return NULL;
    }
    const Kind *kind = find_kind(code);
    if (kind == NULL) {
        PyErr_SetString(PyExc_ValueError, "second argument must be a valid type code");
        return NULL;
    }
    if (format < 0 || format >= (int)KR_ARRAY_LEN(machine_formats)) {
        PyErr_SetString(PyExc_ValueError, "third argument must be a valid machine format code.");
        return NULL;
    }
    if (!PyBytes_Check(bytes)) {
        PyErr_Format(PyExc_TypeError, "fourth argument should be bytes, not %.200s", Py_TYPE(bytes)->tp_name);
        return NULL;
    }
    if (format == machine_format(kind))
        return make_array(type, code, bytes);
    MachineFormat f = machine_formats[format];
    if (f.is_text)
        f.size /= 2; /* of a code unit: 2 or 4 */
    Py_ssize_t n = PyBytes_GET_SIZE(bytes) / f.size;
    if (PyBytes_GET_SIZE(bytes) % f.size != 0) {
        PyErr_SetString(PyExc_ValueError, "string length not a multiple of item size");
        return NULL;
    }
    const char *p = PyBytes_AS_STRING(bytes);
    PyObject *items;
    if (f.is_text) {
        int order = f.big ? 1 : -1;
        items = f.size == 2 ? PyUnicode_DecodeUTF16(p, PyBytes_GET_SIZE(bytes), "strict", &order)
                            : PyUnicode_DecodeUTF32(p, PyBytes_GET_SIZE(bytes), "strict", &order);
    }
    else {
        items = PyList_New(n);
        for (Py_ssize_t i = 0; items != NULL && i < n; i++, p += f.size) {
            PyObject *v;
            if (f.is_float) {
                double x = f.size == 4 ? PyFloat_Unpack4(p, !f.big) : PyFloat_Unpack8(p, !f.big);
                v = PyFloat_FromDouble(x);
            }
            else
                v = _PyLong_FromByteArray((const unsigned char *)p, (size_t)f.size, !f.big, f.is_signed);
            if (v == NULL)
                Py_CLEAR(items);
            else
                PyList_SET_ITEM(items, i, v);
        }
        /* the kind that has just this size and sign here */
        for (size_t i = 0; !f.is_float && i < KR_ARRAY_LEN(kinds); i++)
            if (kinds[i].is_integer && kinds[i].size == f.size && kinds[i].is_signed == f.is_signed)
                code = kinds[i].code;
    }
    if (items == NULL)
        return NULL;
    PyObject *r = make_array(type, code, items);
    Py_DECREF(items);
    return r;
}

static PyObject *array_reduce_ex(PyObject *o, PyObject *protocol) {
    if (!PyLong_Check(protocol)) {
        PyErr_SetString(PyExc_TypeError, "__reduce_ex__ argument should be an integer");
        return NULL;
    }
    long version = PyLong_AsLong(protocol);
    if (version == -1 && PyErr_Occurred())
        return NULL;
    PyObject *dict;
    if (_PyObject_LookupAttr(o, KR_STR(__dict__), &dict) < 0)
        return NULL;
    if (dict == NULL)
        dict = Py_NewRef(Py_None);
    if (version < 3) {
        PyObject *list = array_tolist(o, NULL);
        if (list == NULL) {
            Py_DECREF(dict);
            return NULL;
        }
        return Py_BuildValue("O(CN)N", Py_TYPE(o), AR(o)->kind->code, list, dict);
    }
    PyObject *module = PyImport_ImportModule("array"), *func = module ? PyObject_GetAttrString(module, "_array_reconstructor") : NULL;
    PyObject *bytes = func ? array_tobytes(o, NULL) : NULL;
    Py_XDECREF(module);
    if (bytes == NULL) {
        Py_XDECREF(func);
        Py_DECREF(dict);
        return NULL;
    }
    return Py_BuildValue("N(OCiN)N", func, Py_TYPE(o), AR(o)->kind->code, machine_format(AR(o)->kind), bytes, dict);
}

/* ------------------------------------------------------------------ the type array */

static PyMethodDef array_methods[] = {
    {"append", array_append, METH_O, PyDoc_STR("append($self, v, /)\n--\n\nAppends one item.")},
    {"buffer_info", array_buffer_info, METH_NOARGS, PyDoc_STR("buffer_info($self, /)\n--\n\n(address, length) of the memory, the length in items.")},
    {"byteswap", array_byteswap, METH_NOARGS, PyDoc_STR("byteswap($self, /)\n--\n\nReverses the bytes of every item.")},
    {"count", array_count, METH_O, PyDoc_STR("count($self, v, /)\n--\n\nHow many items equal v.")},
    {"__copy__", array_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\nA copy.")},
    {"__deepcopy__", array_copy, METH_O, PyDoc_STR("__deepcopy__($self, unused, /)\n--\n\nA copy.")},
    {"extend", array_extend, METH_O, PyDoc_STR("extend($self, bb, /)\n--\n\nAppends all items of an array or iterable.")},
    {"fromfile", KR_METH(array_fromfile), METH_FASTCALL, PyDoc_STR("fromfile($self, f, n, /)\n--\n\nReads n items from a binary file and appends them.")},
    {"fromlist", array_fromlist, METH_O, PyDoc_STR("fromlist($self, list, /)\n--\n\nAppends all items of a list, or none when one doesn't fit.")},
    {"frombytes", array_frombytes, METH_O, PyDoc_STR("frombytes($self, buffer, /)\n--\n\nAppends items from their bytes.")},
    {"fromunicode", array_fromunicode, METH_O, PyDoc_STR("fromunicode($self, ustr, /)\n--\n\nAppends the characters of a str, to an array of type 'u'.")},
    {"index", KR_METH(array_index), METH_FASTCALL,
     PyDoc_STR("index($self, v, start=0, stop=sys.maxsize, /)\n--\n\nIndex of the first item that equals v; ValueError when there is none.")},
    {"insert", KR_METH(array_insert), METH_FASTCALL, PyDoc_STR("insert($self, i, v, /)\n--\n\nInserts an item before position i.")},
    {"pop", KR_METH(array_pop), METH_FASTCALL, PyDoc_STR("pop($self, i=-1, /)\n--\n\nRemoves the item at i and returns it.")},
    {"__reduce_ex__", array_reduce_ex, METH_O, PyDoc_STR("__reduce_ex__($self, value, /)\n--\n\nState for pickling.")},
    {"remove", array_remove, METH_O, PyDoc_STR("remove($self, v, /)\n--\n\nRemoves the first item that equals v.")},
    {"reverse", array_reverse, METH_NOARGS, PyDoc_STR("reverse($self, /)\n--\n\nReverses the order in place.")},
    {"tofile", array_tofile, METH_O, PyDoc_STR("tofile($self, f, /)\n--\n\nWrites all items to a binary file.")},
    {"tolist", array_tolist, METH_NOARGS, PyDoc_STR("tolist($self, /)\n--\n\nThe items as a list.")},
    {"tobytes", array_tobytes, METH_NOARGS, PyDoc_STR("tobytes($self, /)\n--\n\nThe items as bytes, as they are in memory.")},
    {"tounicode", array_tounicode, METH_NOARGS, PyDoc_STR("tounicode($self, /)\n--\n\nThe characters of an array of type 'u' as a str.")},
    {"__sizeof__", array_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize in memory, in bytes.")},
    {NULL}
};
static PyGetSetDef array_getset[] = {
    {"typecode", array_get_typecode, NULL, PyDoc_STR("the typecode character used to create the array"), NULL},
    {"itemsize", array_get_itemsize, NULL, PyDoc_STR("the size, in bytes, of one array item"), NULL},
    {NULL}
};
static PyMemberDef array_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Array, weakrefs), READONLY}, {NULL}};

static PyObject *array_iter(PyObject *o);

PyDoc_STRVAR(array_type_doc,
             "array(typecode [, initializer]) -> array\n\n"
             "A mutable sequence whose items are all of one C type, given by the type code: b B h H i I l L q Q for integers\n"
             "(capitals unsigned) of growing size, f and d for floats, u for characters. The initializer is a list, bytes,\n"
             "for 'u' a str, or an iterable of items.");

static PyType_Slot array_slots[] = {
    {Py_tp_dealloc, array_dealloc}, {Py_tp_repr, array_repr}, {Py_tp_getattro, PyObject_GenericGetAttr}, {Py_tp_doc, (void *)array_type_doc},
    {Py_tp_richcompare, array_richcompare}, {Py_tp_hash, PyObject_HashNotImplemented}, {Py_tp_iter, array_iter},
    {Py_tp_methods, array_methods}, {Py_tp_members, array_members}, {Py_tp_getset, array_getset}, {Py_tp_alloc, PyType_GenericAlloc},
    {Py_tp_new, array_new}, {Py_tp_traverse, array_traverse},
    {Py_sq_length, array_length}, {Py_sq_concat, array_concat}, {Py_sq_repeat, array_repeat}, {Py_sq_item, array_item},
    {Py_sq_ass_item, array_ass_item}, {Py_sq_contains, array_contains}, {Py_sq_inplace_concat, array_iconcat},
    {Py_sq_inplace_repeat, array_irepeat}, {Py_mp_length, array_length}, {Py_mp_subscript, array_subscript},
    {Py_mp_ass_subscript, array_ass_subscript}, {Py_bf_getbuffer, array_getbuffer}, {Py_bf_releasebuffer, array_releasebuffer},
    {0, NULL},
};
static PyType_Spec array_spec = {
    .name = "array.array",
    .basicsize = sizeof(Array),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_SEQUENCE,
    .slots = array_slots,
};

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    Array *array; /* NULL once exhausted */
} ArrayIter;
#define IT(o) ((ArrayIter *)(o))

static PyObject *array_iter(PyObject *o) {
    ArrayState *st = state_of_type(Py_TYPE(o));
    ArrayIter *it = st == NULL ? NULL : PyObject_GC_New(ArrayIter, st->iter_type);
    if (it == NULL)
        return NULL;
    it->index = 0;
    it->array = (Array *)Py_NewRef(o);
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
static void iter_dealloc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    Py_XDECREF(IT(o)->array);
    PyObject_GC_Del(o);
    Py_DECREF(t);
}
static int iter_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(IT(o)->array);
    return 0;
}
static PyObject *iter_next(PyObject *o) {
    ArrayIter *it = IT(o);
    if (it->array == NULL)
        return NULL;
    if (it->index < Py_SIZE(it->array))
        return get_item(it->array, it->index++);
    Py_CLEAR(it->array);
    return NULL;
}
static PyObject *iter_reduce(PyObject *o, PyObject *ignored) {
    PyObject *iter = kr_builtin("iter");
    if (iter == NULL)
        return NULL;
    return IT(o)->array == NULL ? Py_BuildValue("N(())", iter) : Py_BuildValue("N(O)n", iter, IT(o)->array, IT(o)->index);
}
static PyObject *iter_setstate(PyObject *o, PyObject *state) {
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (IT(o)->array != NULL)
        IT(o)->index = i < 0 ? 0 : Py_MIN(i, Py_SIZE(IT(o)->array));
    Py_RETURN_NONE;
}
static PyMethodDef iter_methods[] = {
    {"__reduce__", iter_reduce, METH_NOARGS, PyDoc_STR("__reduce__($self, /)\n--\n\nState for pickling.")},
    {"__setstate__", iter_setstate, METH_O, PyDoc_STR("__setstate__($self, state, /)\n--\n\nSets the position from a pickle.")},
    {NULL}
};
static PyType_Slot iter_slots[] = {
    {Py_tp_dealloc, iter_dealloc}, {Py_tp_getattro, PyObject_GenericGetAttr}, {Py_tp_traverse, iter_traverse},
    {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, iter_next}, {Py_tp_methods, iter_methods}, {0, NULL},
};
static PyType_Spec iter_spec = {
    .name = "array.arrayiterator",
    .basicsize = sizeof(ArrayIter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = iter_slots,
};

/* ------------------------------------------------------------------ module */

static PyMethodDef array_functions[] = {
    {"_array_reconstructor", array_reconstructor, METH_VARARGS,
     PyDoc_STR("_array_reconstructor($module, arraytype, typecode, mformat_code, items,\n                     /)\n--\n\nMakes an array from a pickle.")},
    {NULL}
};

static int array_exec(PyObject *m) {
    ArrayState *st = PyModule_GetState(m);
    st->iter_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &iter_spec, NULL);
    if (st->iter_type == NULL)
        return -1;
    st->array_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &array_spec, NULL);
    if (st->array_type == NULL || PyModule_AddObjectRef(m, "ArrayType", (PyObject *)st->array_type) < 0)
        return -1;
    PyObject *abc = PyImport_ImportModule("collections.abc");
    if (abc == NULL)
        return -1;
    PyObject *sequence = PyObject_GetAttrString(abc, "MutableSequence"), *r = NULL;
    Py_DECREF(abc);
    if (sequence != NULL) {
        r = PyObject_CallMethod(sequence, "register", "O", (PyObject *)st->array_type);
        Py_DECREF(sequence);
    }
    if (r == NULL)
        return -1;
    Py_DECREF(r);
    if (PyModule_AddType(m, st->array_type) < 0)
        return -1;
    char codes[KR_ARRAY_LEN(kinds) + 1] = {0};
    for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++)
        codes[i] = kinds[i].code;
    return PyModule_AddStringConstant(m, "typecodes", codes);
}
static int array_state_traverse(PyObject *m, visitproc visit, void *arg) {
    ArrayState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_VISIT(st->array_type);
        Py_VISIT(st->iter_type);
    }
    return 0;
}
static int array_state_clear(PyObject *m) {
    ArrayState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_CLEAR(st->array_type);
        Py_CLEAR(st->iter_type);
    }
    return 0;
}
static void array_state_free(void *m) { array_state_clear(m); }

static PyModuleDef_Slot array_module_slots[] = {{Py_mod_exec, array_exec}, {0, NULL}};
static struct PyModuleDef array_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "array",
    .m_doc = PyDoc_STR("Compact arrays of basic C values: integers, floats, characters."),
    .m_size = sizeof(ArrayState),
    .m_methods = array_functions,
    .m_slots = array_module_slots,
    .m_traverse = array_state_traverse,
    .m_clear = array_state_clear,
    .m_free = array_state_free,
};
PyMODINIT_FUNC PyInit_array(void) { return PyModuleDef_Init(&array_module); }
