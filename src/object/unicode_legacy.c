/* unicode_legacy.c - str objects made of wchar_t: PyUnicode_FromUnicode and its kin, which old extension modules use.
 *
 * PyUnicode_FromUnicode(NULL, n) gives an object of n characters that the caller writes through PyUnicode_AS_UNICODE; until
 * then nobody knows how wide they are. Such an object is "not ready": state.ready is 0, length 0, the characters are only in wstr. It has
 * the type kr_LegacyStr_Type, a subclass of str that nobody sees: whatever is done with the object goes through that type's
 * slots, which make it ready, that is, an ordinary str of type str, and do the thing again. C code that takes a str asks
 * kr_unicode_check, which does the same. All other code may take every str of type str to be ready.
 */
#include "object/type.h"
#include "object/unicode.h"

#define ASCII(o) ((PyASCIIObject *)(o))
#define COMPACT(o) ((PyCompactUnicodeObject *)(o))
#define FULL(o) ((PyUnicodeObject *)(o))

/* ------------------------------------------------------------------ becoming ready */

int _PyUnicode_Ready(PyObject *o) {
    if (PyUnicode_IS_READY(o)) return 0;
    const wchar_t *w = ASCII(o)->wstr;
    Py_ssize_t n = COMPACT(o)->wstr_length;
    Py_UCS4 max = 0;
    for (Py_ssize_t i = 0; i < n; i++) max = Py_MAX(max, (Py_UCS4)w[i]);
    if (max > 0x10ffff) {
        PyErr_Format(PyExc_ValueError, "character U+%x is not in range [U+0000; U+10ffff]", max);
        return -1;
    }
    int kind = max < 0x100 ? 1 : max < 0x10000 ? 2 : 4;
    void *data = ASCII(o)->wstr;
    if (kind != 4) {
        if (!(data = PyObject_Malloc(((size_t)n + 1) * (size_t)kind))) {
            PyErr_NoMemory();
            return -1;
        }
        for (Py_ssize_t i = 0; i <= n; i++) PyUnicode_WRITE((unsigned)kind, data, i, (Py_UCS4)w[i]);
        PyObject_Free(ASCII(o)->wstr);
        ASCII(o)->wstr = NULL;
        COMPACT(o)->wstr_length = 0;
    }
    FULL(o)->data.any = data;
    ASCII(o)->length = n;
    ASCII(o)->state.kind = (unsigned)kind & 7;
    ASCII(o)->state.ascii = max < 0x80;
    ASCII(o)->state.ready = 1;
    if (max < 0x80) {
        COMPACT(o)->utf8 = data;
        COMPACT(o)->utf8_length = n;
    }
    if (Py_IS_TYPE(o, &kr_LegacyStr_Type)) Py_SET_TYPE(o, &PyUnicode_Type);
    return 0;
}

/* ------------------------------------------------------------------ the type */

static void legacy_dealloc(PyObject *o) {
    PyObject_Free(ASCII(o)->wstr);
    PyObject_Free(o);
}

#define READY(o, failure) \
    if (_PyUnicode_Ready(o) < 0) return failure
static PyObject *legacy_repr(PyObject *o) {
    READY(o, NULL);
    return PyObject_Repr(o);
}
static PyObject *legacy_str(PyObject *o) {
    READY(o, NULL);
    return Py_NewRef(o);
}
static Py_hash_t legacy_hash(PyObject *o) {
    READY(o, -1);
    return PyObject_Hash(o);
}
static PyObject *legacy_getattro(PyObject *o, PyObject *name) {
    READY(o, NULL);
    return PyObject_GetAttr(o, name);
}
static PyObject *legacy_richcompare(PyObject *a, PyObject *b, int op) {
    READY(a, NULL);
    return PyObject_RichCompare(a, b, op);
}
static PyObject *legacy_iter(PyObject *o) {
    READY(o, NULL);
    return PyObject_GetIter(o);
}
static Py_ssize_t legacy_length(PyObject *o) {
    READY(o, -1);
    return PyUnicode_GET_LENGTH(o);
}
static PyObject *legacy_concat(PyObject *a, PyObject *b) {
    READY(a, NULL);
    return PyUnicode_Concat(a, b);
}
static PyObject *legacy_repeat(PyObject *o, Py_ssize_t n) {
    READY(o, NULL);
    return PySequence_Repeat(o, n);
}
static PyObject *legacy_item(PyObject *o, Py_ssize_t i) {
    READY(o, NULL);
    return PySequence_GetItem(o, i);
}
static int legacy_contains(PyObject *o, PyObject *part) {
    READY(o, -1);
    return PyUnicode_Contains(o, part);
}
static PyObject *legacy_subscript(PyObject *o, PyObject *key) {
    READY(o, NULL);
    return PyObject_GetItem(o, key);
}
static PyObject *legacy_remainder(PyObject *a, PyObject *b) {
    if (PyUnicode_Check(a)) READY(a, NULL);
    if (PyUnicode_Check(b)) READY(b, NULL);
    return PyNumber_Remainder(a, b);
}

static PySequenceMethods legacy_as_sequence = {.sq_length = legacy_length, .sq_concat = legacy_concat, .sq_repeat = legacy_repeat,
                                               .sq_item = legacy_item, .sq_contains = legacy_contains};
static PyMappingMethods legacy_as_mapping = {.mp_length = legacy_length, .mp_subscript = legacy_subscript};
static PyNumberMethods legacy_as_number = {.nb_remainder = legacy_remainder};

PyTypeObject kr_LegacyStr_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "str", .tp_basicsize = sizeof(PyUnicodeObject), .tp_dealloc = legacy_dealloc, .tp_repr = legacy_repr,
    .tp_as_number = &legacy_as_number, .tp_as_sequence = &legacy_as_sequence, .tp_as_mapping = &legacy_as_mapping, .tp_hash = legacy_hash,
    .tp_str = legacy_str, .tp_getattro = legacy_getattro, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_richcompare = legacy_richcompare, .tp_iter = legacy_iter, .tp_base = &PyUnicode_Type,
};

/* ------------------------------------------------------------------ making and reading them */

PyObject *PyUnicode_FromUnicode(const Py_UNICODE *u, Py_ssize_t n) {
    if (n < 0) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (u || n == 0) return PyUnicode_FromWideChar(u, n);
    if (!(kr_LegacyStr_Type.tp_flags & Py_TPFLAGS_READY)) {
        if (PyType_Ready(&kr_LegacyStr_Type) < 0) return NULL;
        kr_type_remove_from_bases(&kr_LegacyStr_Type, kr_LegacyStr_Type.tp_bases);      /* not one of str.__subclasses__() */
    }
    if ((size_t)n >= PY_SSIZE_T_MAX / sizeof(wchar_t)) return PyErr_NoMemory();
    wchar_t *w = PyObject_Calloc((size_t)n + 1, sizeof *w);
    PyUnicodeObject *o = w ? PyObject_New(PyUnicodeObject, &kr_LegacyStr_Type) : NULL;
    if (!o) {
        PyObject_Free(w);
        return PyErr_NoMemory();
    }
    memset((char *)o + sizeof(PyObject), 0, sizeof *o - sizeof(PyObject));
    ASCII(o)->hash = -1;
    ASCII(o)->wstr = w;
    COMPACT(o)->wstr_length = n;
    return (PyObject *)o;
}
Py_UNICODE *PyUnicode_AsUnicodeAndSize(PyObject *o, Py_ssize_t *size) {
    if (!PyUnicode_Check(o)) {
        PyErr_BadArgument();
        return NULL;
    }
    bool ready = PyUnicode_IS_READY(o);
    Py_ssize_t n = ready ? PyUnicode_GET_LENGTH(o) : COMPACT(o)->wstr_length;
    if (!ASCII(o)->wstr) {
        wchar_t *w = PyObject_Malloc(((size_t)n + 1) * sizeof *w);
        if (!w) {
            PyErr_NoMemory();
            return NULL;
        }
        kr_unicode_convert(4, w, PyUnicode_KIND(o), PyUnicode_DATA(o), n);
        w[n] = 0;
        ASCII(o)->wstr = w;
        if (!PyUnicode_IS_COMPACT_ASCII(o)) COMPACT(o)->wstr_length = n;
    }
    if (size) *size = n;
    return ASCII(o)->wstr;
}
Py_UNICODE *PyUnicode_AsUnicode(PyObject *o) { return PyUnicode_AsUnicodeAndSize(o, NULL); }
const Py_UNICODE *_PyUnicode_AsUnicode(PyObject *o) { return PyUnicode_AsUnicodeAndSize(o, NULL); }
Py_ssize_t PyUnicode_GetSize(PyObject *o) { return PyUnicode_GetLength(o); }
