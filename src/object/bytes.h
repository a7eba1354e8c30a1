/* bytes.h - the private face of bytes and bytearray. */
#ifndef KRAIT_BYTES_H
#define KRAIT_BYTES_H
#include "krait.h"
#include "object/bytes_methods.h"

/* The layout of a static bytes object with room for one character; the same as PyBytesObject's. */
typedef struct {
    PyVarObject base;
    Py_hash_t hash;
    char sval[8];
} KrStaticBytes;
extern KrStaticBytes kr_bytes_chars[256], kr_bytes_empty_storage; /* immortal */
KR_INLINE PyObject *kr_bytes_empty(void) { return (PyObject *)&kr_bytes_empty_storage; }
KR_INLINE PyObject *kr_bytes_char(unsigned char c) { return (PyObject *)&kr_bytes_chars[c]; }

/* Where the cached hash of a bytes object is, -1 while not computed. */
KR_INLINE Py_hash_t *kr_bytes_hash_slot(PyObject *o) { return &((KrStaticBytes *)o)->hash; }

/* The characters of a bytes or bytearray object. */
KR_INLINE char *kr_bytes_data(PyObject *o) { return PyBytes_Check(o) ? ((KrStaticBytes *)o)->sval : PyByteArray_AS_STRING(o); }
/* A new bytes, or a new bytearray when self is one. */
KR_INLINE PyObject *kr_bytes_like(PyObject *self, const char *s, Py_ssize_t n) {
    return PyByteArray_Check(self) ? PyByteArray_FromStringAndSize(s, n) : PyBytes_FromStringAndSize(s, n);
}

/* A number in 0 .. 255 from any index object; -1 with an exception, the ValueError being `message`. */
int kr_byte_value(PyObject *o, const char *message) KR_MAY_RAISE;
/* Appends the values of an iterable to *p, a PyMem block of *n used and *room bytes (may start NULL). `message` as above. */
int kr_bytes_collect(PyObject *iterable, const char *message, char **p, Py_ssize_t *n, Py_ssize_t *room) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The repr of a byte string, with prefix and suffix: "b'...'" or "bytearray(b'...')". */
PyObject *kr_bytes_repr(const char *prefix, const char *s, Py_ssize_t n, bool smart_quotes, const char *suffix) KR_NEW_REF KR_MAY_RAISE;
/* tp_iter of both (bytes_iter.c). */
PyObject *kr_bytes_iter(PyObject *self) KR_NEW_REF KR_MAY_RAISE;
/* sq_contains of both. */
int kr_bytes_contains(PyObject *self, PyObject *item) KR_MAY_RAISE;
/* Fills n * times bytes at dst with copies of the n bytes at src, which may be dst itself. */
void kr_bytes_fill(char *dst, const char *src, Py_ssize_t n, Py_ssize_t times);
/* Exported by CPython and used by extension modules, though no public header declares them. */
PyAPI_FUNC(PyObject *) _Py_strhex(const char *s, const Py_ssize_t n);
PyAPI_FUNC(PyObject *) _Py_strhex_bytes(const char *s, const Py_ssize_t n);
PyAPI_FUNC(PyObject *) _Py_strhex_with_sep(const char *s, const Py_ssize_t n, PyObject *sep, const int group);
PyAPI_FUNC(PyObject *) _Py_strhex_bytes_with_sep(const char *s, const Py_ssize_t n, PyObject *sep, const int group);
PyAPI_FUNC(Py_ssize_t) _PyBytes_Find(const char *s, Py_ssize_t n, const char *p, Py_ssize_t m, Py_ssize_t offset);
PyAPI_FUNC(Py_ssize_t) _PyBytes_ReverseFind(const char *s, Py_ssize_t n, const char *p, Py_ssize_t m, Py_ssize_t offset);
PyAPI_FUNC(void) _PyBytes_Repeat(char *dst, Py_ssize_t ndst, const char *src, Py_ssize_t nsrc);

/* mod: format % args. */
PyObject *kr_bytes_mod(PyObject *self, PyObject *args) KR_NEW_REF KR_MAY_RAISE;

#endif
