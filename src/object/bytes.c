/* bytes.c - the type bytes: creation, protocols, the type object, its iterator.
 *
 * A bytes is a PyVarObject with a cached hash (-1 while unknown) and ob_size bytes, a NUL after them. It is immutable once
 * others can see it; the one writable moment is between PyBytes_FromStringAndSize(NULL, n) and handing it out, and
 * _PyBytes_Resize of an unshared one. The empty bytes and the 256 one-byte ones are immortal static objects, which every
 * constructor that copies data gives out. Methods are in bytes_methods.c, text forms in bytes_text.c, % in bytes_format.c.
 */
#include "object/bytes.h"
#include "object/container.h"
#include "object/fastsearch.h"

#define KR_BYTES_HEADER offsetof(KrStaticBytes, sval)
#define KR_BYTES_MAX (PY_SSIZE_T_MAX - (Py_ssize_t)KR_BYTES_HEADER - 1)

/* ------------------------------------------------------------------ the static ones */

#define C1(c) {.base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyBytes_Type}, .ob_size = 1}, .hash = -1, .sval = {(char)(c)}},
#define C4(c) C1(c) C1((c) + 1) C1((c) + 2) C1((c) + 3)
#define C16(c) C4(c) C4((c) + 4) C4((c) + 8) C4((c) + 12)
#define C64(c) C16(c) C16((c) + 16) C16((c) + 32) C16((c) + 48)
KrStaticBytes kr_bytes_chars[256] = {C64(0) C64(64) C64(128) C64(192)};
#undef C1
#undef C4
#undef C16
#undef C64
KrStaticBytes kr_bytes_empty_storage = {.base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyBytes_Type}, .ob_size = 0}, .hash = -1};

/* ------------------------------------------------------------------ creation */

/* A new bytes of n bytes to be filled in. */
static PyObject *bytes_alloc(Py_ssize_t n) {
    if (n > KR_BYTES_MAX) {
        PyErr_SetString(PyExc_OverflowError, "byte string is too large");
        return NULL;
    }
    KrStaticBytes *o = PyObject_Malloc(KR_BYTES_HEADER + (size_t)n + 1);
    if (o == NULL)
        return PyErr_NoMemory();
    PyObject_InitVar(&o->base, &PyBytes_Type, n);
    o->hash = -1;
    ((PyBytesObject *)o)->ob_sval[n] = '\0';
    return (PyObject *)o;
}

PyObject *PyBytes_FromStringAndSize(const char *s, Py_ssize_t n) {
    if (n < 0) {
        PyErr_SetString(PyExc_SystemError, "Negative size passed to PyBytes_FromStringAndSize");
        return NULL;
    }
    if (n == 0)
        return Py_NewRef(kr_bytes_empty());
    if (n == 1 && s != NULL)
        return Py_NewRef(kr_bytes_char((unsigned char)*s));
    PyObject *o = bytes_alloc(n);
    if (o != NULL && s != NULL)
        memcpy(kr_bytes_data(o), s, (size_t)n);
    return o;
}

PyObject *PyBytes_FromString(const char *s) {
    size_t n = strlen(s);
    if (n > (size_t)KR_BYTES_MAX) {
        PyErr_SetString(PyExc_OverflowError, "byte string is too long");
        return NULL;
    }
    return PyBytes_FromStringAndSize(s, (Py_ssize_t)n);
}

int _PyBytes_Resize(PyObject **pv, Py_ssize_t n) {
    PyObject *o = *pv;
    if (!PyBytes_Check(o) || n < 0)
        goto bad;
    if (Py_SIZE(o) == n)
        return 0;
    if (Py_SIZE(o) == 0) {
        *pv = PyBytes_FromStringAndSize(NULL, n);
        Py_DECREF(o);
        return *pv == NULL ? -1 : 0;
    }
    if (n == 0) {
        *pv = Py_NewRef(kr_bytes_empty());
        Py_DECREF(o);
        return 0;
    }
    if (Py_REFCNT(o) != 1)
        goto bad;
    if (n > KR_BYTES_MAX) {
        *pv = NULL;
        Py_DECREF(o);
        PyErr_NoMemory();
        return -1;
    }
#ifdef Py_TRACE_REFS
    _Py_ForgetReference(o);
#endif
    KrStaticBytes *r = PyObject_Realloc(o, KR_BYTES_HEADER + (size_t)n + 1);
    if (r == NULL) {
        *pv = NULL;
#ifdef Py_TRACE_REFS
        _Py_NewReference(o);
#endif
        Py_DECREF(o);
        PyErr_NoMemory();
        return -1;
    }
#ifdef Py_TRACE_REFS
    _Py_NewReference((PyObject *)r);
#endif
    Py_SET_SIZE(r, n);
    r->hash = -1;
    ((PyBytesObject *)r)->ob_sval[n] = '\0';
    *pv = (PyObject *)r;
    return 0;
bad:
    *pv = NULL;
    Py_DECREF(o);
    PyErr_BadInternalCall();
    return -1;
}

/* ------------------------------------------------------------------ access */

static int require_bytes(PyObject *o) {
    if (PyBytes_Check(o))
        return 0;
    PyErr_Format(PyExc_TypeError, "expected bytes, %.200s found", Py_TYPE(o)->tp_name);
    return -1;
}
Py_ssize_t PyBytes_Size(PyObject *o) { return require_bytes(o) < 0 ? -1 : Py_SIZE(o); }
char *PyBytes_AsString(PyObject *o) { return require_bytes(o) < 0 ? NULL : kr_bytes_data(o); }

int PyBytes_AsStringAndSize(PyObject *o, char **s, Py_ssize_t *n) {
    if (s == NULL) {
        PyErr_BadInternalCall();
        return -1;
    }
    if (require_bytes(o) < 0)
        return -1;
    *s = kr_bytes_data(o);
    if (n != NULL)
        *n = Py_SIZE(o);
    else if (strlen(*s) != (size_t)Py_SIZE(o)) {
        PyErr_SetString(PyExc_ValueError, "embedded null byte");
        return -1;
    }
    return 0;
}

Py_ssize_t _PyBytes_Find(const char *s, Py_ssize_t n, const char *p, Py_ssize_t m, Py_ssize_t offset) {
    Py_ssize_t i = kr_find_1((const Py_UCS1 *)s, n, (const Py_UCS1 *)p, m);
    return i < 0 ? i : i + offset;
}
Py_ssize_t _PyBytes_ReverseFind(const char *s, Py_ssize_t n, const char *p, Py_ssize_t m, Py_ssize_t offset) {
    Py_ssize_t i = kr_rfind_1((const Py_UCS1 *)s, n, (const Py_UCS1 *)p, m);
    return i < 0 ? i : i + offset;
}
void _PyBytes_Repeat(char *dst, Py_ssize_t ndst, const char *src, Py_ssize_t nsrc) {
    if (nsrc > 0)
        kr_bytes_fill(dst, src, nsrc, ndst / nsrc);
}

/* ------------------------------------------------------------------ sequence protocol */

static Py_ssize_t bytes_length(PyObject *o) { return Py_SIZE(o); }

static PyObject *bytes_concat(PyObject *a, PyObject *b) {
    Py_buffer va = {NULL, NULL}, vb = {NULL, NULL};
    PyObject *r = NULL;
    if (PyObject_GetBuffer(a, &va, PyBUF_SIMPLE) != 0 || PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE) != 0) {
        PyErr_Format(PyExc_TypeError, "can't concat %.100s to %.100s", Py_TYPE(b)->tp_name, Py_TYPE(a)->tp_name);
        goto done;
    }
    if (va.len == 0 && PyBytes_CheckExact(b))
        r = Py_NewRef(b);
    else if (vb.len == 0 && PyBytes_CheckExact(a))
        r = Py_NewRef(a);
    else if (va.len > PY_SSIZE_T_MAX - vb.len)
        PyErr_NoMemory();
    else if ((r = PyBytes_FromStringAndSize(NULL, va.len + vb.len)) != NULL) {
        memcpy(kr_bytes_data(r), va.buf, (size_t)va.len);
        memcpy(kr_bytes_data(r) + va.len, vb.buf, (size_t)vb.len);
    }
done:
    if (va.obj != NULL)
        PyBuffer_Release(&va);
    if (vb.obj != NULL)
        PyBuffer_Release(&vb);
    return r;
}

static PyObject *bytes_repeat(PyObject *o, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(o);
    if (times < 0)
        times = 0;
    if (n > 0 && times > PY_SSIZE_T_MAX / n) {
        PyErr_SetString(PyExc_OverflowError, "repeated bytes are too long");
        return NULL;
    }
    if (n * times == n && PyBytes_CheckExact(o))
        return Py_NewRef(o);
    if (n * times > KR_BYTES_MAX)
        return PyErr_NoMemory();
    PyObject *r = bytes_alloc(n * times);       /* a new one even if it is empty */
    if (r != NULL)
        kr_bytes_fill(kr_bytes_data(r), kr_bytes_data(o), n, times);
    return r;
}

static PyObject *bytes_item(PyObject *o, Py_ssize_t i) {
    if (i < 0 || i >= Py_SIZE(o)) {
        PyErr_SetString(PyExc_IndexError, "index out of range");
        return NULL;
    }
    return PyLong_FromLong((unsigned char)kr_bytes_data(o)[i]);
}

static PyObject *bytes_subscript(PyObject *o, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        return bytes_item(o, i < 0 ? i + Py_SIZE(o) : i);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "byte indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(o), &start, &stop, step);
    if (n <= 0)
        return Py_NewRef(kr_bytes_empty());
    const char *s = kr_bytes_data(o);
    if (step == 1)
        return n == Py_SIZE(o) && PyBytes_CheckExact(o) ? Py_NewRef(o) : PyBytes_FromStringAndSize(s + start, n);
    if (n == 1)
        return PyBytes_FromStringAndSize(s + start, 1);
    PyObject *r = PyBytes_FromStringAndSize(NULL, n);
    if (r != NULL) {
        char *p = kr_bytes_data(r);
        for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
            p[i] = s[at];
    }
    return r;
}

static int bytes_getbuffer(PyObject *o, Py_buffer *view, int flags) {
    return PyBuffer_FillInfo(view, o, kr_bytes_data(o), Py_SIZE(o), 1, flags);
}

/* ------------------------------------------------------------------ comparison, hash, text */

static Py_hash_t bytes_hash(PyObject *o) {
    Py_hash_t *slot = kr_bytes_hash_slot(o);
    if (*slot == -1)
        *slot = _Py_HashBytes(kr_bytes_data(o), Py_SIZE(o));
    return *slot;
}

static PyObject *bytes_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyBytes_Check(a) || !PyBytes_Check(b)) {
        if (KR_UNLIKELY(_Py_GetConfig()->bytes_warning) && (op == Py_EQ || op == Py_NE)) {
            if ((PyUnicode_Check(a) || PyUnicode_Check(b)) && PyErr_WarnEx(PyExc_BytesWarning, "Comparison between bytes and string", 1))
                return NULL;
            if ((PyLong_Check(a) || PyLong_Check(b)) && PyErr_WarnEx(PyExc_BytesWarning, "Comparison between bytes and int", 1))
                return NULL;
        }
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    if (a == b)
        Py_RETURN_RICHCOMPARE(0, 0, op);
    if (op == Py_EQ || op == Py_NE) {
        bool equal = na == nb && memcmp(kr_bytes_data(a), kr_bytes_data(b), (size_t)na) == 0;
        return PyBool_FromLong(equal == (op == Py_EQ));
    }
    int c = memcmp(kr_bytes_data(a), kr_bytes_data(b), (size_t)Py_MIN(na, nb));
    if (c == 0)
        Py_RETURN_RICHCOMPARE(na, nb, op);
    Py_RETURN_RICHCOMPARE(c, 0, op);
}

PyObject *PyBytes_Repr(PyObject *o, int smart_quotes) { return kr_bytes_repr("", kr_bytes_data(o), Py_SIZE(o), smart_quotes, ""); }
static PyObject *bytes_repr(PyObject *o) { return PyBytes_Repr(o, 1); }
static PyObject *bytes_str(PyObject *o) {
    if (_Py_GetConfig()->bytes_warning && PyErr_WarnEx(PyExc_BytesWarning, "str() on a bytes instance", 1))
        return NULL;
    return bytes_repr(o);
}

/* ------------------------------------------------------------------ bytes() */

int kr_bytes_collect(PyObject *iterable, const char *message, char **p, Py_ssize_t *n, Py_ssize_t *room) {
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return -1;
    Py_ssize_t hint = PyObject_LengthHint(iterable, 64);
    if (hint < 0) {
        Py_DECREF(it);
        return -1;
    }
    int failed;
    PyObject *item;
    while ((item = kr_iter_next(it, &failed)) != NULL) {
        int c = kr_byte_value(item, message);
        Py_DECREF(item);
        if (c < 0) {
            failed = -1;
            break;
        }
        if (*n >= *room) {
            Py_ssize_t want = *room == 0 ? Py_MAX(hint, 16) : *room + (*room >> 1) + 16;
            char *bigger = PyMem_Realloc(*p, (size_t)want);
            if (bigger == NULL) {
                PyErr_NoMemory();
                failed = -1;
                break;
            }
            *p = bigger;
            *room = want;
        }
        (*p)[(*n)++] = (char)c;
    }
    Py_DECREF(it);
    return failed;
}

PyObject *PyBytes_FromObject(PyObject *x) {
    if (x == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (PyBytes_CheckExact(x))
        return Py_NewRef(x);
    if (PyObject_CheckBuffer(x)) {
        Py_buffer view;
        if (PyObject_GetBuffer(x, &view, PyBUF_FULL_RO) < 0)
            return NULL;
        PyObject *r = PyBytes_FromStringAndSize(NULL, view.len);
        if (r != NULL && PyBuffer_ToContiguous(kr_bytes_data(r), &view, view.len, 'C') < 0)
            Py_CLEAR(r);
        PyBuffer_Release(&view);
        return r;
    }
    if (!PyUnicode_Check(x)) {
        PyTypeObject *t = Py_TYPE(x);
        if (t->tp_iter != NULL || PySequence_Check(x)) {
            char *p = NULL;
            Py_ssize_t n = 0, room = 0;
            PyObject *r = kr_bytes_collect(x, "bytes must be in range(0, 256)", &p, &n, &room) < 0 ? NULL : PyBytes_FromStringAndSize(p, n);
            PyMem_Free(p);
            return r;
        }
    }
    PyErr_Format(PyExc_TypeError, "cannot convert '%.200s' object to bytes", Py_TYPE(x)->tp_name);
    return NULL;
}

static PyObject *bytes_from_args(PyObject *x, const char *encoding, const char *errors) {
    if (x == NULL) {
        if (encoding == NULL && errors == NULL)
            return Py_NewRef(kr_bytes_empty());
        PyErr_SetString(PyExc_TypeError, encoding != NULL ? "encoding without a string argument" : "errors without a string argument");
        return NULL;
    }
    if (encoding != NULL) {
        if (PyUnicode_Check(x))
            return PyUnicode_AsEncodedString(x, encoding, errors);
        PyErr_SetString(PyExc_TypeError, "encoding without a string argument");
        return NULL;
    }
    if (errors != NULL) {
        PyErr_SetString(PyExc_TypeError, PyUnicode_Check(x) ? "string argument without an encoding" : "errors without a string argument");
        return NULL;
    }
    if (PyBytes_CheckExact(x))
        return Py_NewRef(x);
    /* __bytes__ of whatever it is, even of a str's or int's subclass */
    PyObject *method = kr_special_lookup(x, KR_STR(__bytes__));
    if (method != NULL) {
        PyObject *r = PyObject_CallNoArgs(method);
        Py_DECREF(method);
        if (r != NULL && !PyBytes_Check(r)) {
            PyErr_Format(PyExc_TypeError, "__bytes__ returned non-bytes (type %.200s)", Py_TYPE(r)->tp_name);
            Py_CLEAR(r);
        }
        return r;
    }
    if (PyErr_Occurred())
        return NULL;
    if (PyUnicode_Check(x)) {
        PyErr_SetString(PyExc_TypeError, "string argument without an encoding");
        return NULL;
    }
    if (PyIndex_Check(x)) {
        Py_ssize_t n = PyNumber_AsSsize_t(x, PyExc_OverflowError);
        if (n == -1 && PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_TypeError))
                return NULL;
            PyErr_Clear(); /* __index__ refuses: perhaps it is iterable */
        }
        else {
            if (n < 0) {
                PyErr_SetString(PyExc_ValueError, "negative count");
                return NULL;
            }
            PyObject *r = PyBytes_FromStringAndSize(NULL, n);
            if (r != NULL && n > 0)
                memset(kr_bytes_data(r), 0, (size_t)n);
            return r;
        }
    }
    return PyBytes_FromObject(x);
}

static PyObject *bytes_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"source", "encoding", "errors", NULL};
    PyObject *x = NULL;
    const char *encoding = NULL, *errors = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Oss:bytes", keywords, &x, &encoding, &errors))
        return NULL;
    PyObject *v = bytes_from_args(x, encoding, errors);
    if (v == NULL || type == &PyBytes_Type)
        return v;
    Py_ssize_t n = Py_SIZE(v);
    PyObject *o = type->tp_alloc(type, n);
    if (o != NULL) {
        memcpy(kr_bytes_data(o), kr_bytes_data(v), (size_t)n + 1);
        *kr_bytes_hash_slot(o) = *kr_bytes_hash_slot(v);
    }
    Py_DECREF(v);
    return o;
}

static PyObject *bytes_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n <= 1 && kwnames == NULL)
        return bytes_from_args(n > 0 ? args[0] : NULL, NULL, NULL);
    static const char *const keywords[] = {"source", "encoding", "errors", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|Oss:bytes"};
    PyObject *x = NULL;
    const char *encoding = NULL, *errors = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, n, kwnames, &parser, &x, &encoding, &errors))
        return NULL;
    return bytes_from_args(x, encoding, errors);
}

/* ------------------------------------------------------------------ methods that bytearray has otherwise or not at all */

static PyObject *bytes_getnewargs(PyObject *o, PyObject *ignored) { return Py_BuildValue("(y#)", kr_bytes_data(o), Py_SIZE(o)); }
static PyObject *bytes_bytes(PyObject *o, PyObject *ignored) {
    return PyBytes_CheckExact(o) ? Py_NewRef(o) : PyBytes_FromStringAndSize(kr_bytes_data(o), Py_SIZE(o));
}
static PyObject *bytes_fromhex(PyObject *type, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "fromhex() argument must be str, not %.50s", Py_IsNone(text) ? "None" : Py_TYPE(text)->tp_name);
        return NULL;
    }
    PyObject *r = _PyBytes_FromHex(text, 0);
    if (r != NULL && type != (PyObject *)&PyBytes_Type)
        Py_SETREF(r, PyObject_CallOneArg(type, r));
    return r;
}

static PyMethodDef bytes_methods[] = {
    {"__getnewargs__", bytes_getnewargs, METH_NOARGS, NULL},
    {"__bytes__", bytes_bytes, METH_NOARGS, PyDoc_STR("__bytes__($self, /)\n--\n\nself as an exact bytes.")},
    {"fromhex", bytes_fromhex, METH_O | METH_CLASS,
     PyDoc_STR("fromhex($type, string, /)\n--\n\nThe bytes that pairs of hexadecimal digits stand for; white space between pairs is skipped.")},
    KR_BYTES_MAKETRANS_ENTRY
    KR_BYTES_SHARED_METHODS(KR_BYTES_SHARED_ENTRY)
    {NULL}
};

static PySequenceMethods bytes_as_sequence = {
    .sq_length = bytes_length,
    .sq_concat = bytes_concat,
    .sq_repeat = bytes_repeat,
    .sq_item = bytes_item,
    .sq_contains = kr_bytes_contains,
};
static PyMappingMethods bytes_as_mapping = {.mp_length = bytes_length, .mp_subscript = bytes_subscript};
static PyBufferProcs bytes_as_buffer = {.bf_getbuffer = bytes_getbuffer};
static PyObject *bytes_mod(PyObject *a, PyObject *b) {
    if (!PyBytes_Check(a))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_bytes_mod(a, b);
}
static PyNumberMethods bytes_as_number = {.nb_remainder = bytes_mod};

PyDoc_STRVAR(bytes_doc,
             "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> immutable copy\n"
             "bytes(int) -> so many zero bytes\nbytes() -> empty bytes\n\nAn immutable array of bytes.");

PyTypeObject PyBytes_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "bytes",
    .tp_basicsize = KR_BYTES_HEADER + 1,
    .tp_itemsize = 1,
    .tp_repr = bytes_repr,
    .tp_as_number = &bytes_as_number,
    .tp_as_sequence = &bytes_as_sequence,
    .tp_as_mapping = &bytes_as_mapping,
    .tp_hash = bytes_hash,
    .tp_str = bytes_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_as_buffer = &bytes_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_BYTES_SUBCLASS | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = bytes_doc,
    .tp_richcompare = bytes_richcompare,
    .tp_iter = kr_bytes_iter,
    .tp_methods = bytes_methods,
    .tp_new = bytes_new,
    .tp_free = PyObject_Free,
    .tp_vectorcall = bytes_vectorcall,
};

/* ------------------------------------------------------------------ concatenation in place */

void PyBytes_Concat(PyObject **pv, PyObject *w) {
    if (*pv == NULL)
        return;
    if (w == NULL) {
        Py_CLEAR(*pv);
        return;
    }
    if (Py_REFCNT(*pv) == 1 && PyBytes_CheckExact(*pv) && Py_SIZE(*pv) > 0) {
        Py_buffer view;
        if (PyObject_GetBuffer(w, &view, PyBUF_SIMPLE) != 0) {
            PyErr_Format(PyExc_TypeError, "can't concat %.100s to %.100s", Py_TYPE(w)->tp_name, Py_TYPE(*pv)->tp_name);
            Py_CLEAR(*pv);
            return;
        }
        Py_ssize_t n = Py_SIZE(*pv);
        if (n > PY_SSIZE_T_MAX - view.len) {
            PyErr_NoMemory();
            Py_CLEAR(*pv);
        }
        else if (_PyBytes_Resize(pv, n + view.len) == 0)
            memcpy(kr_bytes_data(*pv) + n, view.buf, (size_t)view.len);
        PyBuffer_Release(&view);
        return;
    }
    PyObject *r = bytes_concat(*pv, w);
    Py_SETREF(*pv, r);
}

void PyBytes_ConcatAndDel(PyObject **pv, PyObject *w) {
    PyBytes_Concat(pv, w);
    Py_XDECREF(w);
}
