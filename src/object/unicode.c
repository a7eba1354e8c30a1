/* unicode.c - the type str. */
#include "object/unicode.h"

#define ASCII(o) ((PyASCIIObject *)(o))
#define COMPACT(o) ((PyCompactUnicodeObject *)(o))
#define FULL(o) ((PyUnicodeObject *)(o))

/* ------------------------------------------------------------------ life */

static void unicode_dealloc(PyObject *o) {
    if (ASCII(o)->state.interned) kr_unicode_unintern(o);
    if (ASCII(o)->wstr && (void *)ASCII(o)->wstr != PyUnicode_DATA(o)) PyObject_Free(ASCII(o)->wstr);
    if (!PyUnicode_IS_COMPACT_ASCII(o) && COMPACT(o)->utf8 && COMPACT(o)->utf8 != PyUnicode_DATA(o)) PyObject_Free(COMPACT(o)->utf8);
    if (!PyUnicode_IS_COMPACT(o)) PyObject_Free(FULL(o)->data.any);
    Py_TYPE(o)->tp_free(o);
}
/* An instance of a subclass with the characters of s (taken over). */
static PyObject *subtype_new(PyTypeObject *type, PyObject *s) {
    PyObject *o = s ? type->tp_alloc(type, 0) : NULL;
    if (!o) {
        Py_XDECREF(s);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    int kind = PyUnicode_KIND(s);
    ASCII(o)->length = n;
    ASCII(o)->hash = ASCII(s)->hash;
    ASCII(o)->state.kind = (unsigned)kind & 7;
    ASCII(o)->state.ascii = PyUnicode_IS_ASCII(s);
    ASCII(o)->state.ready = 1;
    void *data = PyObject_Malloc(((size_t)n + 1) * (size_t)kind);
    if (!data) {
        Py_DECREF(o);
        Py_DECREF(s);
        return PyErr_NoMemory();
    }
    memcpy(data, PyUnicode_DATA(s), ((size_t)n + 1) * (size_t)kind);
    FULL(o)->data.any = data;
    if (PyUnicode_IS_ASCII(s)) {
        COMPACT(o)->utf8 = data;
        COMPACT(o)->utf8_length = n;
    }
    if (kind == 4) {
        ASCII(o)->wstr = data;
        COMPACT(o)->wstr_length = n;
    }
    Py_DECREF(s);
    return o;
}
static PyObject *exact_new(PyObject *x, const char *encoding, const char *errors) {
    if (!x) return kr_unicode_empty();
    return encoding || errors ? PyUnicode_FromEncodedObject(x, encoding, errors) : PyObject_Str(x);
}
static PyObject *unicode_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *names[] = {"object", "encoding", "errors", NULL};
    PyObject *x = NULL, *given[2] = {NULL, NULL};
    const char *text[2] = {NULL, NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OOO:str", names, &x, &given[0], &given[1])) return NULL;
    for (int i = 0; i < 2; i++) {
        if (!given[i]) continue;
        if (!kr_unicode_check(given[i])) {
            _PyArg_BadArgument("str", i ? "argument 'errors'" : "argument 'encoding'", "str", given[i]);
            return NULL;
        }
        if (!(text[i] = PyUnicode_AsUTF8(given[i]))) return NULL;
    }
    const char *encoding = text[0], *errors = text[1];
    PyObject *s = exact_new(x, encoding, errors);
    return type == &PyUnicode_Type ? s : subtype_new(type, s);
}
static PyObject *unicode_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n == 1 && !kwnames) return PyObject_Str(args[0]);
    if (n == 0 && !kwnames) return kr_unicode_empty();
    PyObject *tuple = PyTuple_New(n), *kwds = kwnames ? PyDict_New() : NULL, *r = NULL;
    if (tuple && (!kwnames || kwds)) {
        for (Py_ssize_t i = 0; i < n; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
        Py_ssize_t i = 0, nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
        while (i < nkw && PyDict_SetItem(kwds, PyTuple_GET_ITEM(kwnames, i), args[n + i]) == 0) i++;
        if (i == nkw) r = unicode_new((PyTypeObject *)type, tuple, kwds);
    }
    Py_XDECREF(tuple);
    Py_XDECREF(kwds);
    return r;
}

/* ------------------------------------------------------------------ protocols */

static Py_hash_t unicode_hash(PyObject *o) {
    if (ASCII(o)->hash == -1) ASCII(o)->hash = _Py_HashBytes(PyUnicode_DATA(o), PyUnicode_GET_LENGTH(o) * (Py_ssize_t)PyUnicode_KIND(o));
    return ASCII(o)->hash;
}
static PyObject *unicode_str(PyObject *o) { return kr_unicode_exact(o); }

/* How many characters repr writes for c, with quotes escaped as `quote` asks. */
static Py_ssize_t repr_width(Py_UCS4 c, Py_UCS4 quote) {
    if (c == quote || c == '\\' || c == '\t' || c == '\n' || c == '\r') return 2;
    if (c < ' ' || c == 0x7f) return 4;
    if (c < 0x7f || Py_UNICODE_ISPRINTABLE(c)) return 1;
    return c < 0x100 ? 4 : c < 0x10000 ? 6 : 10;
}
static Py_ssize_t put_hex(int kind, void *data, Py_ssize_t at, Py_UCS4 letter, Py_UCS4 c, int digits) {
    PyUnicode_WRITE(kind, data, at++, '\\');
    PyUnicode_WRITE(kind, data, at++, letter);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) PyUnicode_WRITE(kind, data, at++, (Py_UCS4)Py_hexdigits[(c >> shift) & 15]);
    return at;
}
static PyObject *unicode_repr(PyObject *o) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(o), single = 0, dbl = 0, width = 2;
    int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    Py_UCS4 max = 0x7f;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        single += c == '\'';
        dbl += c == '"';
    }
    Py_UCS4 quote = single && !dbl ? '"' : '\'';
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        Py_ssize_t w = repr_width(c, quote);
        if (w == 1 && c > max) max = c;
        if (width > PY_SSIZE_T_MAX - w) {
            PyErr_SetString(PyExc_OverflowError, "string is too long to generate repr");
            return NULL;
        }
        width += w;
    }
    PyObject *r = PyUnicode_New(width, max);
    if (!r) return NULL;
    int rkind = PyUnicode_KIND(r);
    void *out = PyUnicode_DATA(r);
    Py_ssize_t at = 0;
    PyUnicode_WRITE(rkind, out, at++, quote);
    if (width == n + 2) {
        kr_unicode_copy(r, 1, o, 0, n);
        at += n;
    } else {
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_UCS4 c = PyUnicode_READ(kind, data, i);
            switch (repr_width(c, quote)) {
            case 1: PyUnicode_WRITE(rkind, out, at++, c); break;
            case 2:
                PyUnicode_WRITE(rkind, out, at++, '\\');
                PyUnicode_WRITE(rkind, out, at++, c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c);
                break;
            case 4: at = put_hex(rkind, out, at, 'x', c, 2); break;
            case 6: at = put_hex(rkind, out, at, 'u', c, 4); break;
            default: at = put_hex(rkind, out, at, 'U', c, 8); break;
            }
        }
    }
    PyUnicode_WRITE(rkind, out, at, quote);
    return r;
}

static Py_ssize_t unicode_length(PyObject *o) { return PyUnicode_GET_LENGTH(o); }
static PyObject *unicode_item(PyObject *o, Py_ssize_t i) {
    if (i < 0 || i >= PyUnicode_GET_LENGTH(o)) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return NULL;
    }
    Py_UCS4 c = PyUnicode_READ_CHAR(o, i);
    return c < 256 ? kr_latin1_char(c) : PyUnicode_FromOrdinal((int)c);
}
static PyObject *unicode_repeat(PyObject *o, Py_ssize_t times) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    if (times < 1 || n == 0) return kr_unicode_empty();
    if (times == 1) return kr_unicode_exact(o);
    if (n > PY_SSIZE_T_MAX / times) {
        PyErr_SetString(PyExc_OverflowError, "repeated string is too long");
        return NULL;
    }
    PyObject *r = PyUnicode_New(n * times, PyUnicode_MAX_CHAR_VALUE(o));
    if (!r) return NULL;
    if (n == 1) {
        _PyUnicode_FastFill(r, 0, times, PyUnicode_READ_CHAR(o, 0));
        return r;
    }
    size_t unit = (size_t)n * PyUnicode_KIND(o), total = unit * (size_t)times, done = unit;
    char *to = PyUnicode_DATA(r);
    memcpy(to, PyUnicode_DATA(o), unit);
    for (; done < total; done += Py_MIN(done, total - done)) memcpy(to + done, to, Py_MIN(done, total - done));
    return r;
}
static PyObject *unicode_subscript(PyObject *o, PyObject *index) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    if (PyIndex_Check(index)) {
        Py_ssize_t i = PyNumber_AsSsize_t(index, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred()) return NULL;
        return unicode_item(o, i < 0 ? i + n : i);
    }
    if (!PySlice_Check(index)) {
        PyErr_Format(PyExc_TypeError, "string indices must be integers, not '%.200s'", Py_TYPE(index)->tp_name);
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(index, &start, &stop, &step) < 0) return NULL;
    Py_ssize_t count = PySlice_AdjustIndices(n, &start, &stop, step);
    if (count <= 0) return kr_unicode_empty();
    if (step == 1) return PyUnicode_Substring(o, start, start + count);
    int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    Py_UCS4 max = 0;
    if (PyUnicode_IS_ASCII(o)) max = 0x7f;
    else for (Py_ssize_t k = 0, i = start; k < count; k++, i += step) max |= PyUnicode_READ(kind, data, i);
    PyObject *r = PyUnicode_New(count, Py_MIN(max, 0x10ffff));
    if (!r) return NULL;
    if (PyUnicode_KIND(r) == 1 && count == 1) {
        Py_DECREF(r);
        return unicode_item(o, start);
    }
    int rkind = PyUnicode_KIND(r);
    void *out = PyUnicode_DATA(r);
    for (Py_ssize_t k = 0, i = start; k < count; k++, i += step) PyUnicode_WRITE(rkind, out, k, PyUnicode_READ(kind, data, i));
    return r;
}
static PyObject *unicode_mod(PyObject *a, PyObject *b) {
    if (!kr_unicode_check(a)) Py_RETURN_NOTIMPLEMENTED;
    return PyUnicode_Format(a, b);
}
PyObject *kr_unicode_iter(PyObject *o);

static PySequenceMethods as_sequence = {
    .sq_length = unicode_length, .sq_concat = PyUnicode_Concat, .sq_repeat = unicode_repeat, .sq_item = unicode_item, .sq_contains = PyUnicode_Contains,
};
static PyMappingMethods as_mapping = {.mp_length = unicode_length, .mp_subscript = unicode_subscript};
static PyNumberMethods as_number = {.nb_remainder = unicode_mod};

PyTypeObject PyUnicode_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "str", .tp_basicsize = sizeof(PyUnicodeObject), .tp_dealloc = unicode_dealloc, .tp_repr = unicode_repr,
    .tp_as_number = &as_number, .tp_as_sequence = &as_sequence, .tp_as_mapping = &as_mapping, .tp_hash = unicode_hash, .tp_str = unicode_str,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_UNICODE_SUBCLASS | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
              "Text. str(object) is what the object's __str__ gives; with encoding or errors, bytes are decoded.",
    .tp_richcompare = PyUnicode_RichCompare, .tp_iter = kr_unicode_iter, .tp_methods = kr_str_methods, .tp_base = &PyBaseObject_Type,
    .tp_new = unicode_new, .tp_free = PyObject_Del, .tp_vectorcall = unicode_vectorcall,
};

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *s;                /* NULL once exhausted */
} StrIter;

static void iter_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((StrIter *)self)->s);
    PyObject_GC_Del(self);
}
static int iter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((StrIter *)self)->s);
    return 0;
}
static PyObject *iter_next(PyObject *self) {
    StrIter *it = (StrIter *)self;
    if (!it->s) return NULL;
    if (it->index < PyUnicode_GET_LENGTH(it->s)) return unicode_item(it->s, it->index++);
    Py_CLEAR(it->s);
    return NULL;
}
static PyObject *iter_length_hint(PyObject *self, PyObject *unused) {
    (void)unused;
    StrIter *it = (StrIter *)self;
    return PyLong_FromSsize_t(it->s ? PyUnicode_GET_LENGTH(it->s) - it->index : 0);
}
static PyObject *iter_reduce(PyObject *self, PyObject *unused) {
    (void)unused;
    StrIter *it = (StrIter *)self;
    PyObject *iter = _PyEval_GetBuiltin(KR_STR(iter));
    if (!iter) return NULL;
    return it->s ? Py_BuildValue("N(O)n", iter, it->s, it->index) : Py_BuildValue("N(N)", iter, kr_unicode_empty());
}
static PyObject *iter_setstate(PyObject *self, PyObject *state) {
    StrIter *it = (StrIter *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred()) return NULL;
    if (it->s) it->index = i < 0 ? 0 : Py_MIN(i, PyUnicode_GET_LENGTH(it->s));
    Py_RETURN_NONE;
}
static PyMethodDef iter_methods[] = {
    {"__length_hint__", iter_length_hint, METH_NOARGS, "How many characters are left."},
    {"__reduce__", iter_reduce, METH_NOARGS, "What pickle stores."},
    {"__setstate__", iter_setstate, METH_O, "Sets the position."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject PyUnicodeIter_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "str_iterator", .tp_basicsize = sizeof(StrIter), .tp_dealloc = iter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = iter_traverse,
    .tp_iter = PyObject_SelfIter, .tp_iternext = iter_next, .tp_methods = iter_methods,
};
PyObject *kr_unicode_iter(PyObject *o) {
    StrIter *it = PyObject_GC_New(StrIter, &PyUnicodeIter_Type);
    if (!it) return NULL;
    it->index = 0;
    it->s = Py_NewRef(o);
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
