/* marshal.c - the serialisation behind bytecode caches: the PyMarshal_* API and the module `marshal`.
 *
 * The format is Python's marshal version 4 (one type byte, the top bit marks an object that later bytes may refer to by
 * number), little-endian. Code objects ('c') are blocks of krait's own (code_store.h), so files with code are krait's alone; everything
 * else is interchangeable with CPython. Input is never trusted: sizes are checked against what is left, nesting is limited, and code is
 * validated before it is run.
 */
#include "runtime/marshal.h"
#include "object/unicode.h"
#include "vm/code_store.h"
#include <marshal.h>
#include <sys/stat.h>

enum {
    M_NULL = '0', M_NONE = 'N', M_FALSE = 'F', M_TRUE = 'T', M_STOPITER = 'S', M_ELLIPSIS = '.', M_INT = 'i', M_INT64 = 'I',
    M_FLOAT = 'f', M_BINARY_FLOAT = 'g', M_COMPLEX = 'x', M_BINARY_COMPLEX = 'y', M_LONG = 'l', M_STRING = 's',
    M_INTERNED = 't', M_REF = 'r', M_TUPLE = '(', M_LIST = '[', M_DICT = '{', M_CODE = 'c', M_UNICODE = 'u', M_UNKNOWN = '?',
    M_SET = '<', M_FROZENSET = '>', M_ASCII = 'a', M_ASCII_INTERNED = 'A', M_SMALL_TUPLE = ')', M_SHORT_ASCII = 'z',
    M_SHORT_ASCII_INTERNED = 'Z', FLAG_REF = 0x80, MAX_DEPTH = 2000
};

/* ------------------------------------------------------------------ writing */

typedef struct {
    char *data;
    size_t size, capacity;
    FILE *file;                 /* flushed to when set */
    int depth, version;
    bool plain;                 /* strings are not marked as interned */
    enum { WRITE_OK, WRITE_UNMARSHALLABLE, WRITE_NESTED, WRITE_NOMEMORY } error;
    PyObject *refs;             /* id(object) -> number, from version 3 on */
    PyObject *keep;             /* list of temporaries whose ids are in refs */
} Writer;

static void w_bytes(Writer *w, const void *p, size_t n) {
    if (w->capacity - w->size < n) {
        size_t cap = w->capacity ? w->capacity * 2 : 256;
        while (cap - w->size < n) cap *= 2;
        char *d = PyMem_Realloc(w->data, cap);
        if (!d) {
            w->error = WRITE_NOMEMORY;
            return;
        }
        w->data = d;
        w->capacity = cap;
    }
    memcpy(w->data + w->size, p, n);
    w->size += n;
}
static void w_byte(Writer *w, int c) {
    char b = (char)c;
    w_bytes(w, &b, 1);
}
static void w_short(Writer *w, int v) {
    unsigned char b[2] = {(unsigned char)v, (unsigned char)(v >> 8)};
    w_bytes(w, b, 2);
}
static void w_long(Writer *w, long v) {
    unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16), (unsigned char)(v >> 24)};
    w_bytes(w, b, 4);
}
static void w_size(Writer *w, Py_ssize_t n) {
    if (n > INT32_MAX) {
        w->error = WRITE_UNMARSHALLABLE;
        n = 0;
    }
    w_long(w, (long)n);
}
static void w_sized(Writer *w, const char *p, Py_ssize_t n) {
    w_size(w, n);
    w_bytes(w, p, (size_t)n);
}

/* 15-bit digits, as the format prescribes. */
static void w_int(Writer *w, PyObject *o, int flag) {
    PyLongObject *v = (PyLongObject *)o;
    int overflow;
    long small = PyLong_AsLongAndOverflow(o, &overflow);
    if (!overflow && small >= INT32_MIN && small <= INT32_MAX) {
        w_byte(w, M_INT | flag);
        w_long(w, small);
        return;
    }
    Py_ssize_t n = Py_ABS(Py_SIZE(v));
    digit top = v->ob_digit[n - 1];
    Py_ssize_t shorts = (n - 1) * 2;
    for (digit d = top; d; d >>= 15) shorts++;
    w_byte(w, M_LONG | flag);
    w_long(w, (long)(Py_SIZE(v) > 0 ? shorts : -shorts));
    for (Py_ssize_t i = 0; i < n - 1; i++) {
        w_short(w, (int)(v->ob_digit[i] & 0x7fff));
        w_short(w, (int)(v->ob_digit[i] >> 15));
    }
    for (digit d = top; d; d >>= 15) w_short(w, (int)(d & 0x7fff));
}

static void w_double(Writer *w, double d) {
    char b[8];
    if (PyFloat_Pack8(d, b, 1) < 0) w->error = WRITE_UNMARSHALLABLE;
    w_bytes(w, b, 8);
}
static void w_double_text(Writer *w, double d) {
    char *s = PyOS_double_to_string(d, 'g', 17, 0, NULL);
    if (!s) {
        w->error = WRITE_NOMEMORY;
        return;
    }
    w_byte(w, (int)strlen(s));
    w_bytes(w, s, strlen(s));
    PyMem_Free(s);
}

static void w_object(Writer *w, PyObject *o);
static PyObject *write_to_string(PyObject *o, int version, int depth);

/* 1: a reference was written; 0: write the object with *flag. */
static int w_ref(Writer *w, PyObject *o, int *flag) {
    *flag = 0;
    if (w->version < 3 || Py_REFCNT(o) == 1 || !w->refs) return 0;
    PyObject *key = PyLong_FromVoidPtr(o), *number = key ? PyDict_GetItemWithError(w->refs, key) : NULL;
    int rc = 0;
    if (number) {
        w_byte(w, M_REF);
        w_long(w, PyLong_AsLong(number));
        rc = 1;
    } else {
        PyObject *n = key ? PyLong_FromSsize_t(PyDict_GET_SIZE(w->refs)) : NULL;
        if (!n || PyDict_SetItem(w->refs, key, n) < 0) w->error = WRITE_NOMEMORY, rc = 1;
        else *flag = FLAG_REF;
        Py_XDECREF(n);
    }
    Py_XDECREF(key);
    return rc;
}

static void w_text(Writer *w, PyObject *o, int flag) {
    bool interned = PyUnicode_CHECK_INTERNED(o) != 0 && w->version >= 3 && !w->plain;
    if (w->version >= 4 && PyUnicode_IS_ASCII(o)) {
        Py_ssize_t n = PyUnicode_GET_LENGTH(o);
        bool is_short = n < 256;
        w_byte(w, (is_short ? (interned ? M_SHORT_ASCII_INTERNED : M_SHORT_ASCII) : interned ? M_ASCII_INTERNED : M_ASCII) | flag);
        if (is_short) {
            w_byte(w, (int)n);
            w_bytes(w, PyUnicode_1BYTE_DATA(o), (size_t)n);
        } else {
            w_sized(w, (char *)PyUnicode_1BYTE_DATA(o), n);
        }
        return;
    }
    PyObject *b = PyUnicode_AsEncodedString(o, "utf-8", "surrogatepass");
    if (!b) {
        w->error = WRITE_UNMARSHALLABLE;
        return;
    }
    w_byte(w, (interned ? M_INTERNED : M_UNICODE) | flag);
    w_sized(w, PyBytes_AS_STRING(b), PyBytes_GET_SIZE(b));
    Py_DECREF(b);
}

/* Sets are written in the order of their items' own serialisations, so that the bytes do not depend on the hash seed. */
static void w_set(Writer *w, PyObject *o, int flag) {
    w_byte(w, (PyFrozenSet_Check(o) ? M_FROZENSET : M_SET) | flag);
    w_size(w, PySet_GET_SIZE(o));
    PyObject *pairs = PyList_New(0), *item, *it = pairs ? PyObject_GetIter(o) : NULL;
    if (!it) goto memory;
    while ((item = PyIter_Next(it))) {
        PyObject *dump = write_to_string(item, w->version, w->depth);
        PyObject *pair = dump ? PyTuple_Pack(2, dump, item) : NULL;
        int bad = !pair || PyList_Append(pairs, pair) < 0;
        Py_XDECREF(dump);
        Py_XDECREF(pair);
        Py_DECREF(item);
        if (bad) goto unmarshallable;
    }
    if (PyErr_Occurred() || PyList_Sort(pairs) < 0) goto unmarshallable;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); i++) w_object(w, PyTuple_GET_ITEM(PyList_GET_ITEM(pairs, i), 1));
    if (!w->keep || PyList_Append(w->keep, pairs) < 0) PyErr_Clear();
    Py_DECREF(it);
    Py_DECREF(pairs);
    return;
unmarshallable:
    PyErr_Clear();
    w->error = WRITE_UNMARSHALLABLE;
memory:
    if (w->error == WRITE_OK) w->error = WRITE_NOMEMORY;
    Py_XDECREF(it);
    Py_XDECREF(pairs);
}

/* A block of code_store.h at a multiple of 8 bytes, so that it can be used where it is read. */
static void w_code(Writer *w, KrCode *c, int flag) {
    PyObject *block = kr_store_write(c);
    if (!block) {
        w->error = PyErr_ExceptionMatches(PyExc_MemoryError) ? WRITE_NOMEMORY : WRITE_UNMARSHALLABLE;
        PyErr_Clear();
        return;
    }
    int pad = (int)(-(w->size + 2) & 7);
    w_byte(w, M_CODE | flag);
    w_byte(w, pad);
    w_bytes(w, "\0\0\0\0\0\0\0", (size_t)pad);
    w_bytes(w, PyBytes_AS_STRING(block), (size_t)PyBytes_GET_SIZE(block));
    Py_DECREF(block);
}

static void w_object(Writer *w, PyObject *o) {
    int flag = 0;
    if (++w->depth > MAX_DEPTH || kr_c_stack_low()) {
        w->error = WRITE_NESTED;
    } else if (!o) {
        w_byte(w, M_NULL);
    } else if (o == Py_None) {
        w_byte(w, M_NONE);
    } else if (o == PyExc_StopIteration) {
        w_byte(w, M_STOPITER);
    } else if (o == Py_Ellipsis) {
        w_byte(w, M_ELLIPSIS);
    } else if (o == Py_False) {
        w_byte(w, M_FALSE);
    } else if (o == Py_True) {
        w_byte(w, M_TRUE);
    } else if (w_ref(w, o, &flag)) {
    } else if (PyLong_CheckExact(o)) {
        w_int(w, o, flag);
    } else if (PyFloat_CheckExact(o)) {
        w_byte(w, (w->version > 1 ? M_BINARY_FLOAT : M_FLOAT) | flag);
        if (w->version > 1) w_double(w, PyFloat_AS_DOUBLE(o));
        else w_double_text(w, PyFloat_AS_DOUBLE(o));
    } else if (PyComplex_CheckExact(o)) {
        w_byte(w, (w->version > 1 ? M_BINARY_COMPLEX : M_COMPLEX) | flag);
        void (*put)(Writer *, double) = w->version > 1 ? w_double : w_double_text;
        put(w, PyComplex_RealAsDouble(o));
        put(w, PyComplex_ImagAsDouble(o));
    } else if (PyBytes_CheckExact(o)) {
        w_byte(w, M_STRING | flag);
        w_sized(w, PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o));
    } else if (PyUnicode_CheckExact(o)) {
        w_text(w, o, flag);
    } else if (PyTuple_CheckExact(o)) {
        Py_ssize_t n = PyTuple_GET_SIZE(o);
        bool small = w->version >= 4 && n < 256;
        w_byte(w, (small ? M_SMALL_TUPLE : M_TUPLE) | flag);
        if (small) w_byte(w, (int)n);
        else w_size(w, n);
        for (Py_ssize_t i = 0; i < n; i++) w_object(w, PyTuple_GET_ITEM(o, i));
    } else if (PyList_CheckExact(o)) {
        w_byte(w, M_LIST | flag);
        w_size(w, PyList_GET_SIZE(o));
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(o); i++) w_object(w, PyList_GET_ITEM(o, i));
    } else if (PyDict_CheckExact(o)) {
        Py_ssize_t pos = 0;
        PyObject *k, *v;
        w_byte(w, M_DICT | flag);
        while (PyDict_Next(o, &pos, &k, &v)) {
            w_object(w, k);
            w_object(w, v);
        }
        w_object(w, NULL);
    } else if (PyAnySet_CheckExact(o)) {
        w_set(w, o, flag);
    } else if (PyCode_Check(o)) {
        w_code(w, (KrCode *)o, flag);
    } else if (PyObject_CheckBuffer(o)) {
        Py_buffer view;
        if (PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) < 0) {
            PyErr_Clear();
            w_byte(w, M_UNKNOWN);
            w->error = WRITE_UNMARSHALLABLE;
        } else {
            w_byte(w, M_STRING | flag);
            w_sized(w, view.buf, view.len);
            PyBuffer_Release(&view);
        }
    } else {
        w_byte(w, M_UNKNOWN);
        w->error = WRITE_UNMARSHALLABLE;
    }
    w->depth--;
}

static int writer_run(Writer *w, PyObject *o, int version, int depth) {
    memset(w, 0, sizeof *w);
    w->version = version;
    w->depth = depth;
    if (version >= 3 && !(w->refs = PyDict_New())) return -1;
    if (!(w->keep = PyList_New(0))) {
        Py_CLEAR(w->refs);
        return -1;
    }
    w_object(w, o);
    Py_CLEAR(w->refs);
    Py_CLEAR(w->keep);
    return 0;
}

/* The bytes for o, which is `depth` levels down in something. */
static PyObject *write_to_string(PyObject *o, int version, int depth) {
    Writer w;
    if (writer_run(&w, o, version, depth) < 0) return NULL;
    PyObject *r = NULL;
    if (w.error == WRITE_NOMEMORY) PyErr_NoMemory();
    else if (w.error == WRITE_OK) r = PyBytes_FromStringAndSize(w.data, (Py_ssize_t)w.size);
    else PyErr_SetString(PyExc_ValueError, w.error == WRITE_UNMARSHALLABLE ? "unmarshallable object" : "object too deeply nested to marshal");
    PyMem_Free(w.data);
    return r;
}
PyObject *kr_marshal_write_part(PyObject *o, bool plain) {
    Writer w = {.version = Py_MARSHAL_VERSION, .plain = plain, .keep = PyList_New(0)};
    PyObject *r = NULL;
    if (w.keep) w_object(&w, o);
    if (w.keep && w.error == WRITE_OK) r = PyBytes_FromStringAndSize(w.data, (Py_ssize_t)w.size);
    else if (!PyErr_Occurred()) PyErr_SetString(w.error == WRITE_NOMEMORY ? PyExc_MemoryError : PyExc_ValueError, "unmarshallable object");
    Py_XDECREF(w.keep);
    PyMem_Free(w.data);
    return r;
}
PyObject *PyMarshal_WriteObjectToString(PyObject *o, int version) {
    if (PySys_Audit("marshal.dumps", "Oi", o, version) < 0) return NULL;
    return write_to_string(o, version, 0);
}
void PyMarshal_WriteObjectToFile(PyObject *o, FILE *f, int version) {
    Writer w;
    if (writer_run(&w, o, version, 0) < 0) return;
    fwrite(w.data, 1, w.size, f);
    PyMem_Free(w.data);
}
void PyMarshal_WriteLongToFile(long v, FILE *f, int version) {
    unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16), (unsigned char)(v >> 24)};
    fwrite(b, 1, 4, f);
}

/* ------------------------------------------------------------------ reading */

typedef struct {
    const unsigned char *p, *end;
    PyObject *readable;         /* file-like source; then p..end is its last chunk */
    PyObject *chunk;
    FILE *file;
    unsigned char *buffer;      /* chunk from file */
    PyObject *refs;             /* list; NULL: there are none */
    PyObject *owner;            /* an immutable object that keeps p..end, or NULL */
    int depth;
} Reader;

static void eof_error(void) { PyErr_SetString(PyExc_EOFError, "marshal data too short"); }
static void bad_data(const char *why) { PyErr_Format(PyExc_ValueError, "bad marshal data (%s)", why); }

/* n bytes, valid until the next call; NULL with EOFError and its kin. */
static const unsigned char *r_bytes(Reader *r, Py_ssize_t n) {
    if (r->readable || r->file) {
        if (r->file) {
            unsigned char *b = PyMem_Realloc(r->buffer, (size_t)n + 1);
            if (!b) {
                PyErr_NoMemory();
                return NULL;
            }
            r->buffer = b;
            if (fread(b, 1, (size_t)n, r->file) != (size_t)n) {
                eof_error();
                return NULL;
            }
            return b;
        }
        /* a view of memory that lives as long as somebody keeps it */
        PyObject *memory = PyByteArray_FromStringAndSize(NULL, n), *view = memory ? PyMemoryView_FromObject(memory) : NULL;
        Py_XSETREF(r->chunk, memory);
        PyObject *count = view ? PyObject_CallMethod(r->readable, "readinto", "O", view) : NULL;
        Py_ssize_t got = count ? PyNumber_AsSsize_t(count, PyExc_ValueError) : -1;
        Py_XDECREF(count);
        Py_XDECREF(view);
        if (got == n && PyByteArray_GET_SIZE(memory) == n) return (const unsigned char *)PyByteArray_AS_STRING(memory);
        if (PyErr_Occurred()) return NULL;
        if (got > n) PyErr_Format(PyExc_ValueError, "read() returned too much data: %zd bytes requested, %zd returned", n, got);
        else PyErr_SetString(PyExc_EOFError, "EOF read where not expected");
        return NULL;
    }
    if (r->end - r->p < n) {
        eof_error();
        return NULL;
    }
    const unsigned char *at = r->p;
    r->p += n;
    return at;
}
static int r_byte(Reader *r) {
    const unsigned char *b = r_bytes(r, 1);
    return b ? *b : -1;
}
static int r_short(Reader *r, int *out) {
    const unsigned char *b = r_bytes(r, 2);
    if (!b) return -1;
    *out = b[0] | b[1] << 8;
    return 0;
}
static int r_long(Reader *r, long *out) {
    const unsigned char *b = r_bytes(r, 4);
    if (!b) return -1;
    *out = (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
    return 0;
}
/* A count of things that take at least one byte each. */
static int r_count(Reader *r, const char *what, Py_ssize_t *out) {
    long n;
    if (r_long(r, &n) < 0) return -1;
    if (n < 0) {
        bad_data(what);
        return -1;
    }
    if (!r->readable && !r->file && n > r->end - r->p) {
        eof_error();
        return -1;
    }
    *out = n;
    return 0;
}

static PyObject *r_object(Reader *r);

static int r_double(Reader *r, double *d) {
    const unsigned char *b = r_bytes(r, 8);
    if (!b) return -1;
    *d = PyFloat_Unpack8((const char *)b, 1);
    return *d == -1.0 && PyErr_Occurred() ? -1 : 0;
}
static int r_double_text(Reader *r, double *d) {
    int n = r_byte(r);
    const unsigned char *b = n < 0 ? NULL : r_bytes(r, n);
    if (!b) return -1;
    char text[256];
    memcpy(text, b, (size_t)n);
    text[n] = 0;
    *d = PyOS_string_to_double(text, NULL, NULL);
    return *d == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *r_int(Reader *r) {
    long n;
    if (r_long(r, &n) < 0) return NULL;
    if (n < -INT32_MAX) {
        bad_data("long size out of range");
        return NULL;
    }
    Py_ssize_t shorts = n < 0 ? -n : n;
    if (shorts == 0) return PyLong_FromLong(0);
    if (!r->readable && !r->file && shorts * 2 > r->end - r->p) {
        eof_error();
        return NULL;
    }
    PyLongObject *v = _PyLong_New((shorts + 1) / 2);
    if (!v) return NULL;
    for (Py_ssize_t i = 0; i < shorts; i++) {
        int d;
        if (r_short(r, &d) < 0) goto fail;
        if (d > 0x7fff || (i == shorts - 1 && d == 0)) {
            bad_data(d ? "digit out of range in long" : "unnormalized long data");
            goto fail;
        }
        if (i & 1) v->ob_digit[i / 2] |= (digit)d << 15;
        else v->ob_digit[i / 2] = (digit)d;
    }
    if (n < 0) Py_SET_SIZE(v, -Py_SIZE(v));
    return (PyObject *)v;
fail:
    Py_DECREF(v);
    return NULL;
}

static PyObject *r_text(Reader *r, Py_ssize_t n, bool ascii, bool interned) {
    const unsigned char *b = r_bytes(r, n);
    if (!b) return NULL;
    PyObject *s;
    if (ascii) {
        if (!kr_is_ascii(b, n)) {
            bad_data("non-ASCII byte in ASCII string");
            return NULL;
        }
        if (interned) return kr_intern_ascii((const char *)b, n);
        s = _PyUnicode_FromASCII((const char *)b, n);
    } else {
        s = PyUnicode_DecodeUTF8((const char *)b, n, "surrogatepass");
    }
    if (s && interned) PyUnicode_InternInPlace(&s);
    return s;
}

static Py_ssize_t r_reserve(Reader *r, int flag) {
    if (!flag) return 0;
    Py_ssize_t i = PyList_GET_SIZE(r->refs);
    return PyList_Append(r->refs, Py_None) < 0 ? -1 : i;
}
static PyObject *r_insert(Reader *r, PyObject *o, Py_ssize_t i, int flag) {
    if (o && flag && PyList_SetItem(r->refs, i, Py_NewRef(o)) < 0) Py_CLEAR(o);
    return o;
}
/* Notes o as the next reference when flag says so. */
static PyObject *r_ref(Reader *r, PyObject *o, int flag) {
    if (o && flag && PyList_Append(r->refs, o) < 0) Py_CLEAR(o);
    return o;
}

/* A block of code_store.h: whatever it comes from, it is one run of bytes. */
static PyObject *r_code(Reader *r) {
    int pad = r_byte(r);
    if (pad < 0 || (pad > 0 && !r_bytes(r, pad))) return NULL;
    size_t used;
    if (!r->readable && !r->file) {
        PyObject *code = (PyObject *)kr_store_read(r->p, (size_t)(r->end - r->p), r->owner, false, &used);
        if (code) r->p += used;
        return code;
    }
    KrStoreHead head;
    const unsigned char *b = r_bytes(r, sizeof head);
    if (!b) return NULL;
    memcpy(&head, b, sizeof head);
    if (head.size < sizeof head || head.size > INT32_MAX) {
        bad_data("code object of a wrong size");
        return NULL;
    }
    char *whole = PyMem_Malloc(head.size);
    if (!whole) return PyErr_NoMemory();
    PyObject *code = NULL;
    if ((b = r_bytes(r, (Py_ssize_t)(head.size - sizeof head)))) {
        memcpy(whole, &head, sizeof head);
        memcpy(whole + sizeof head, b, head.size - sizeof head);
        code = (PyObject *)kr_store_read((unsigned char *)whole, head.size, NULL, false, &used);
    }
    PyMem_Free(whole);
    return code;
}

/* A container's items through `put`, which steals the item. */
static PyObject *r_items(Reader *r, PyObject *c, Py_ssize_t n, int (*put)(PyObject *, Py_ssize_t, PyObject *)) {
    for (Py_ssize_t i = 0; c && i < n; i++) {
        PyObject *item = r_object(r);
        if (!item && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "NULL object in marshal data for container");
        if (!item || put(c, i, item) < 0) Py_CLEAR(c);
    }
    return c;
}
static int put_tuple(PyObject *t, Py_ssize_t i, PyObject *item) {
    PyTuple_SET_ITEM(t, i, item);
    return 0;
}
static int put_list(PyObject *l, Py_ssize_t i, PyObject *item) {
    PyList_SET_ITEM(l, i, item);
    return 0;
}
static int put_set(PyObject *s, Py_ssize_t i, PyObject *item) {
    int rc = PySet_Add(s, item);
    Py_DECREF(item);
    return rc;
}

/* The next object; NULL without exception for the null marker. */
static PyObject *r_object(Reader *r) {
    int code = r_byte(r);
    if (code < 0) {
        if (PyErr_ExceptionMatches(PyExc_EOFError)) PyErr_SetString(PyExc_EOFError, "EOF read where object expected");
        return NULL;
    }
    if (++r->depth > MAX_DEPTH || kr_c_stack_low()) {
        r->depth--;
        PyErr_SetString(PyExc_ValueError, "recursion limit exceeded");
        return NULL;
    }
    int flag = r->refs ? code & FLAG_REF : 0;
    PyObject *o = NULL;
    Py_ssize_t n, at;
    long v;
    double re, im;
    switch (code & ~FLAG_REF) {
    case M_NULL: break;
    case M_NONE: o = Py_NewRef(Py_None); break;
    case M_STOPITER: o = Py_NewRef(PyExc_StopIteration); break;
    case M_ELLIPSIS: o = Py_NewRef(Py_Ellipsis); break;
    case M_FALSE: o = Py_NewRef(Py_False); break;
    case M_TRUE: o = Py_NewRef(Py_True); break;
    case M_INT:
        if (r_long(r, &v) == 0) o = r_ref(r, PyLong_FromLong(v), flag);
        break;
    case M_INT64: {
        const unsigned char *b = r_bytes(r, 8);
        if (b) o = r_ref(r, _PyLong_FromByteArray(b, 8, 1, 1), flag);
        break;
    }
    case M_LONG: o = r_ref(r, r_int(r), flag); break;
    case M_FLOAT:
        if (r_double_text(r, &re) == 0) o = r_ref(r, PyFloat_FromDouble(re), flag);
        break;
    case M_BINARY_FLOAT:
        if (r_double(r, &re) == 0) o = r_ref(r, PyFloat_FromDouble(re), flag);
        break;
    case M_COMPLEX:
        if (r_double_text(r, &re) == 0 && r_double_text(r, &im) == 0) o = r_ref(r, PyComplex_FromDoubles(re, im), flag);
        break;
    case M_BINARY_COMPLEX:
        if (r_double(r, &re) == 0 && r_double(r, &im) == 0) o = r_ref(r, PyComplex_FromDoubles(re, im), flag);
        break;
    case M_STRING: {
        if (r_count(r, "bytes object size out of range", &n) < 0) break;
        const unsigned char *b = r_bytes(r, n);
        if (b) o = r_ref(r, PyBytes_FromStringAndSize((const char *)b, n), flag);
        break;
    }
    case M_ASCII:
    case M_ASCII_INTERNED:
        if (r_count(r, "string size out of range", &n) == 0)
            o = r_ref(r, r_text(r, n, true, (code & ~FLAG_REF) == M_ASCII_INTERNED), flag);
        break;
    case M_SHORT_ASCII:
    case M_SHORT_ASCII_INTERNED:
        if ((n = r_byte(r)) >= 0) o = r_ref(r, r_text(r, n, true, (code & ~FLAG_REF) == M_SHORT_ASCII_INTERNED), flag);
        break;
    case M_UNICODE:
    case M_INTERNED:
        if (r_count(r, "string size out of range", &n) == 0)
            o = r_ref(r, r_text(r, n, false, (code & ~FLAG_REF) == M_INTERNED), flag);
        break;
    case M_SMALL_TUPLE:
    case M_TUPLE:
        if ((code & ~FLAG_REF) == M_SMALL_TUPLE) {
            if ((n = r_byte(r)) < 0) break;
        } else if (r_count(r, "tuple size out of range", &n) < 0) {
            break;
        }
        if ((at = r_reserve(r, flag)) < 0) break;
        o = r_insert(r, r_items(r, PyTuple_New(n), n, put_tuple), at, flag);
        break;
    case M_LIST:
        if (r_count(r, "list size out of range", &n) == 0) o = r_items(r, r_ref(r, PyList_New(n), flag), n, put_list);
        break;
    case M_DICT:
        o = r_ref(r, PyDict_New(), flag);
        while (o) {
            PyObject *key = r_object(r), *val = NULL;
            if (!key) {
                if (PyErr_Occurred()) Py_CLEAR(o);
                break;
            }
            val = r_object(r);
            if (!val) {
                Py_DECREF(key);
                if (PyErr_Occurred()) Py_CLEAR(o);
                break;
            }
            if (PyDict_SetItem(o, key, val) < 0) Py_CLEAR(o);
            Py_DECREF(key);
            Py_DECREF(val);
        }
        break;
    case M_SET:
        if (r_count(r, "set size out of range", &n) == 0) o = r_items(r, r_ref(r, PySet_New(NULL), flag), n, put_set);
        break;
    case M_FROZENSET:
        if (r_count(r, "set size out of range", &n) < 0 || (at = r_reserve(r, flag)) < 0) break;
        o = r_insert(r, r_items(r, PyFrozenSet_New(NULL), n, put_set), at, flag);
        break;
    case M_CODE:
        if ((at = r_reserve(r, flag)) >= 0) o = r_insert(r, r_code(r), at, flag);
        break;
    case M_REF:
        if (r_long(r, &v) < 0) break;
        if (!r->refs || v < 0 || v >= PyList_GET_SIZE(r->refs) || PyList_GET_ITEM(r->refs, v) == Py_None) bad_data("invalid reference");
        else o = Py_NewRef(PyList_GET_ITEM(r->refs, v));
        break;
    default: bad_data("unknown type code");
    }
    r->depth--;
    return o;
}

/* The one object of a source; clears the reader. */
static PyObject *reader_run(Reader *r) {
    if (PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "marshal: called with an exception set");
        return NULL;
    }
    PyObject *o = NULL;
    int audited = r->p ? PySys_Audit("marshal.loads", "y#", r->p, (Py_ssize_t)(r->end - r->p)) : PySys_Audit("marshal.load", NULL);
    if (audited == 0 && (r->refs = PyList_New(0))) {
        o = r_object(r);
        if (!o && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "NULL object in marshal data for object");
    }
    Py_CLEAR(r->refs);
    Py_CLEAR(r->chunk);
    PyMem_Free(r->buffer);
    r->buffer = NULL;
    return o;
}

PyObject *PyMarshal_ReadObjectFromString(const char *s, Py_ssize_t n) {
    Reader r = {.p = (const unsigned char *)s, .end = (const unsigned char *)s + n};
    return reader_run(&r);
}
PyObject *kr_marshal_read_part(const unsigned char *p, const unsigned char *end) {
    if (end - p >= 2 && p[0] == M_SHORT_ASCII_INTERNED && p[1] <= end - p - 2 && kr_is_ascii(p + 2, p[1])) return kr_intern_ascii((const char *)p + 2, p[1]);
    Reader r = {.p = p, .end = end};
    PyObject *o = r_object(&r);
    if (!o && !PyErr_Occurred()) bad_data("NULL object");
    return o;
}
PyObject *PyMarshal_ReadObjectFromFile(FILE *f) {
    Reader r = {.file = f};
    return reader_run(&r);
}
PyObject *PyMarshal_ReadLastObjectFromFile(FILE *f) { return PyMarshal_ReadObjectFromFile(f); }
long PyMarshal_ReadLongFromFile(FILE *f) {
    Reader r = {.file = f};
    long v;
    int rc = r_long(&r, &v);
    PyMem_Free(r.buffer);
    return rc < 0 ? -1 : v;
}
int PyMarshal_ReadShortFromFile(FILE *f) {
    Reader r = {.file = f};
    int v;
    int rc = r_short(&r, &v);
    PyMem_Free(r.buffer);
    return rc < 0 ? -1 : (int16_t)v;
}

/* ------------------------------------------------------------------ the module */

PyDoc_STRVAR(dump_doc, "dump($module, value, file, version=version, /)\n--\n\nWrites a value to an open binary file.");
static PyObject *marshal_dump(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("dump", nargs, 2, 3)) return NULL;
    int version = nargs > 2 ? _PyLong_AsInt(args[2]) : Py_MARSHAL_VERSION;
    if (version == -1 && PyErr_Occurred()) return NULL;
    PyObject *s = PyMarshal_WriteObjectToString(args[0], version);
    PyObject *r = s ? PyObject_CallMethodOneArg(args[1], KR_STR(write), s) : NULL;
    Py_XDECREF(s);
    return r;
}
PyDoc_STRVAR(dumps_doc, "dumps($module, value, version=version, /)\n--\n\nThe bytes of a value.");
static PyObject *marshal_dumps(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("dumps", nargs, 1, 2)) return NULL;
    int version = nargs > 1 ? _PyLong_AsInt(args[1]) : Py_MARSHAL_VERSION;
    if (version == -1 && PyErr_Occurred()) return NULL;
    return PyMarshal_WriteObjectToString(args[0], version);
}
PyDoc_STRVAR(load_doc, "load($module, file, /)\n--\n\nReads one value from an open binary file.");
static PyObject *marshal_load(PyObject *self, PyObject *f) {
    PyObject *probe = PyObject_CallMethod(f, "read", "i", 0);
    if (!probe) return NULL;
    bool ok = PyBytes_Check(probe);
    if (!ok) PyErr_Format(PyExc_TypeError, "file.read() returned not bytes but %.100s", Py_TYPE(probe)->tp_name);
    Py_DECREF(probe);
    if (!ok) return NULL;
    Reader r = {.readable = f};
    return reader_run(&r);
}
PyDoc_STRVAR(loads_doc, "loads($module, bytes, /)\n--\n\nThe value that bytes-like data holds; what follows it is ignored.");
static PyObject *marshal_loads(PyObject *self, PyObject *arg) {
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_SIMPLE) < 0) return NULL;
    Reader r = {.p = view.buf, .end = (unsigned char *)view.buf + view.len, .owner = PyMemoryView_Check(arg) ? PyMemoryView_GET_BUFFER(arg)->obj : arg};
    if (r.owner && !PyBytes_CheckExact(r.owner)) r.owner = NULL;
    PyObject *o = reader_run(&r);
    PyBuffer_Release(&view);
    return o;
}
static PyMethodDef marshal_methods[] = {
    {"dump", KR_METH(marshal_dump), METH_FASTCALL, dump_doc},
    {"dumps", KR_METH(marshal_dumps), METH_FASTCALL, dumps_doc},
    {"load", marshal_load, METH_O, load_doc},
    {"loads", marshal_loads, METH_O, loads_doc},
    {NULL},
};
static int marshal_exec(PyObject *m) { return PyModule_AddIntConstant(m, "version", Py_MARSHAL_VERSION); }
static PyModuleDef_Slot marshal_slots[] = {{Py_mod_exec, marshal_exec}, {0, NULL}};
PyDoc_STRVAR(marshal_doc, "Reads and writes Python values in a binary format, for bytecode caches.");
static struct PyModuleDef marshal_module = {PyModuleDef_HEAD_INIT, "marshal", marshal_doc, 0, marshal_methods, marshal_slots};
PyObject *PyMarshal_Init(void) { return PyModuleDef_Init(&marshal_module); }
