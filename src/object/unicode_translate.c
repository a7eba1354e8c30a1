/* unicode_translate.c - str.translate and str.maketrans. */
#include "object/unicode_methods.h"

/* What the table says about c: 1 and *out (new reference: an int, a str or None), 0 when it says nothing (the character stays), -1. */
static int look_up(PyObject *table, Py_UCS4 c, PyObject **out) {
    PyObject *key = PyLong_FromUnsignedLong(c);
    if (!key) return -1;
    *out = PyObject_GetItem(table, key);
    Py_DECREF(key);
    if (*out) {
        if (*out == Py_None || PyUnicode_Check(*out)) return 1;
        if (PyLong_Check(*out)) {
            long v = PyLong_AsLong(*out);
            if (v >= 0 && v <= 0x10ffff) return 1;
            PyErr_Clear();
            PyErr_SetString(PyExc_ValueError, "character mapping must be in range(0x110000)");
        } else {
            PyErr_SetString(PyExc_TypeError, "character mapping must return integer, None or str");
        }
        Py_CLEAR(*out);
        return -1;
    }
    if (!PyErr_ExceptionMatches(PyExc_LookupError)) return -1;
    PyErr_Clear();
    return 0;
}
static int translate_one(_PyUnicodeWriter *w, PyObject *table, Py_UCS4 c) {
    PyObject *to;
    int known = look_up(table, c, &to);
    if (known < 0) return -1;
    if (!known) return _PyUnicodeWriter_WriteChar(w, c);
    int r = to == Py_None ? 0 : PyUnicode_Check(to) ? _PyUnicodeWriter_WriteStr(w, to) : _PyUnicodeWriter_WriteChar(w, (Py_UCS4)PyLong_AsLong(to));
    Py_DECREF(to);
    return r;
}
PyObject *kr_str_translate(PyObject *s, PyObject *table) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    /* what ASCII characters become: 0x80 not asked yet, 0xfe leave out, 0xff not a single ASCII character */
    unsigned char cache[128];
    _PyUnicodeWriter w;
    memset(cache, 0x80, sizeof cache);
    _PyUnicodeWriter_Init(&w);
    w.min_length = n;
    w.overallocate = 1;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        int r = 0;
        if (c < 128 && cache[c] < 0x80) {
            r = _PyUnicodeWriter_WriteChar(&w, cache[c]);
        } else if (!(c < 128 && cache[c] == 0xfe)) {
            Py_ssize_t before = w.pos;
            r = translate_one(&w, table, c);
            if (r == 0 && c < 128) {
                if (w.pos == before) cache[c] = 0xfe;
                else if (w.pos == before + 1 && w.kind && PyUnicode_READ(w.kind, w.data, before) < 128) cache[c] = (unsigned char)PyUnicode_READ(w.kind, w.data, before);
                else cache[c] = 0xff;
            }
        }
        if (r < 0) {
            _PyUnicodeWriter_Dealloc(&w);
            return NULL;
        }
    }
    return _PyUnicodeWriter_Finish(&w);
}
PyObject *PyUnicode_Translate(PyObject *s, PyObject *table, const char *errors) {
    (void)errors;
    return kr_ensure_unicode(s) < 0 ? NULL : kr_str_translate(s, table);
}

static int set_code(PyObject *table, Py_UCS4 from, PyObject *to) {
    PyObject *key = PyLong_FromUnsignedLong(from);
    int r = key ? PyDict_SetItem(table, key, to) : -1;
    Py_XDECREF(key);
    return r;
}
static int from_strings(PyObject *table, PyObject *x, PyObject *y, PyObject *z) {
    if (!PyUnicode_Check(x)) {
        PyErr_SetString(PyExc_TypeError, "first maketrans argument must be a string if there is a second argument");
        return -1;
    }
    if (PyUnicode_GET_LENGTH(x) != PyUnicode_GET_LENGTH(y)) {
        PyErr_SetString(PyExc_ValueError, "the first two maketrans arguments must have equal length");
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(x); i++) {
        PyObject *to = PyLong_FromUnsignedLong(PyUnicode_READ_CHAR(y, i));
        int r = to ? set_code(table, PyUnicode_READ_CHAR(x, i), to) : -1;
        Py_XDECREF(to);
        if (r < 0) return -1;
    }
    for (Py_ssize_t i = 0; z && i < PyUnicode_GET_LENGTH(z); i++)
        if (set_code(table, PyUnicode_READ_CHAR(z, i), Py_None) < 0) return -1;
    return 0;
}
static int from_dict(PyObject *table, PyObject *x) {
    if (!PyDict_CheckExact(x)) {
        PyErr_SetString(PyExc_TypeError, "if you give only one argument to maketrans it must be a dict");
        return -1;
    }
    PyObject *key, *value;
    Py_ssize_t pos = 0;
    while (PyDict_Next(x, &pos, &key, &value)) {
        if (PyUnicode_Check(key)) {
            if (PyUnicode_GET_LENGTH(key) != 1) {
                PyErr_SetString(PyExc_ValueError, "string keys in translate table must be of length 1");
                return -1;
            }
            if (set_code(table, PyUnicode_READ_CHAR(key, 0), value) < 0) return -1;
        } else if (PyLong_Check(key)) {
            if (PyDict_SetItem(table, key, value) < 0) return -1;
        } else {
            PyErr_SetString(PyExc_TypeError, "keys in translate table must be strings or integers");
            return -1;
        }
    }
    return 0;
}
PyObject *kr_str_maketrans(PyObject *unused, PyObject *const *args, Py_ssize_t n) {
    (void)unused;
    if (!_PyArg_CheckPositional("maketrans", n, 1, 3)) return NULL;
    for (Py_ssize_t i = 1; i < n; i++) {
        if (PyUnicode_Check(args[i])) continue;
        _PyArg_BadArgument("maketrans", i == 1 ? "argument 2" : "argument 3", "str", args[i]);
        return NULL;
    }
    PyObject *table = PyDict_New();
    int r = !table ? -1 : n > 1 ? from_strings(table, args[0], args[1], n > 2 ? args[2] : NULL) : from_dict(table, args[0]);
    if (r < 0) Py_CLEAR(table);
    return table;
}
