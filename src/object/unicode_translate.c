/* unicode_translate.c - str.translate and str.maketrans.
 *
 * A table maps code points to code points, strings or None. For an ASCII string what the table says is kept in an array of 128 bytes
 * as long as the result is ASCII too, one character for at most one; from the first other character on the table is asked each time
 * and a writer takes the result.
 */
#include "object/unicode_methods.h"

/* What the table says about c: 1 and *out (new reference: an int, a str or None), 0 when it says nothing (the character stays), -1. */
static int look_up(PyObject *table, Py_UCS4 c, PyObject **out) {
    PyObject *key = PyLong_FromUnsignedLong(c);
    if (!key) return -1;
    *out = PyObject_GetItem(table, key);
    Py_DECREF(key);
    if (*out) {
        if (*out == Py_None || kr_unicode_check(*out)) return 1;
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
/* What an ASCII character becomes: a character below 128, or one of these. */
enum { NOT_ASKED = 0x80, LEAVE_OUT = 0xfe, NOT_ASCII = 0xff };
/* Asks the table about the ASCII character c and remembers the answer; -1 with an exception. */
static int ask_ascii(PyObject *table, unsigned char *cache, Py_UCS4 c) {
    PyObject *to;
    int known = look_up(table, c, &to);
    if (known < 0) return -1;
    if (!known) return cache[c] = (unsigned char)c;
    unsigned char becomes = NOT_ASCII;
    if (to == Py_None) {
        becomes = LEAVE_OUT;
    } else if (kr_unicode_check(to)) {
        if (PyUnicode_GET_LENGTH(to) == 0) becomes = LEAVE_OUT;
        else if (PyUnicode_GET_LENGTH(to) == 1 && PyUnicode_READ_CHAR(to, 0) < 128) becomes = (unsigned char)PyUnicode_READ_CHAR(to, 0);
    } else {
        long v = PyLong_AsLong(to);
        if (v < 128) becomes = (unsigned char)v;
    }
    Py_DECREF(to);
    return cache[c] = becomes;
}
/* Translates the characters of an ASCII string to out up to the first that doesn't become at most one ASCII character (or the table
   raises for, or there is none); *used: how many. Returns how many it wrote, -1 with an exception. */
static Py_ssize_t translate_ascii(const unsigned char *in, Py_ssize_t n, PyObject *table, unsigned char *out, Py_ssize_t *used) {
    unsigned char cache[128];
    Py_ssize_t i = 0, at = 0;
    memset(cache, NOT_ASKED, sizeof cache);
    for (; i < n; i++) {
        int to = cache[in[i]];
        if (to == NOT_ASKED && (to = ask_ascii(table, cache, in[i])) < 0) return -1;
        if (to < 128) out[at++] = (unsigned char)to;
        else if (to == NOT_ASCII) break;
    }
    *used = i;
    return at;
}
/* Lets an error handler say what replaces s[start:end], which the table maps to None; the index to go on at, -1 with an exception. */
static Py_ssize_t replace_undefined(_PyUnicodeWriter *w, PyObject *s, Py_ssize_t start, Py_ssize_t end, const char *errors) {
    Py_ssize_t next = -1, n = PyUnicode_GET_LENGTH(s);
    PyObject *handler = PyCodec_LookupError(errors), *text, *result = NULL;
    PyObject *exc = handler ? _PyUnicodeTranslateError_Create(s, start, end, "character maps to <undefined>") : NULL;
    if (exc) result = PyObject_CallOneArg(handler, exc);
    if (result && !PyTuple_Check(result)) {
        PyErr_SetString(PyExc_TypeError, "translating error handler must return (str, int) tuple");
    } else if (result && PyArg_ParseTuple(result, "O!n;translating error handler must return (str, int) tuple", &PyUnicode_Type, &text, &next)) {
        Py_ssize_t at = next < 0 ? next + n : next;
        if (at < 0 || at > n) PyErr_Format(PyExc_IndexError, "position %zd from error handler out of bounds", at);
        next = at < 0 || at > n || _PyUnicodeWriter_WriteStr(w, text) < 0 ? -1 : at;
    } else {
        next = -1;
    }
    Py_XDECREF(result);
    Py_XDECREF(exc);
    Py_XDECREF(handler);
    return next;
}
/* Where the run of characters ends that the table maps to None, and of which s[i] is one; -1 with an exception. */
static Py_ssize_t undefined_end(PyObject *s, PyObject *table, Py_ssize_t i) {
    int known = 1;
    while (known && ++i < PyUnicode_GET_LENGTH(s)) {
        PyObject *to = NULL;
        if ((known = look_up(table, PyUnicode_READ_CHAR(s, i), &to)) < 0) return -1;
        known = to == Py_None;
        Py_XDECREF(to);
    }
    return i;
}
/* Writes what s[i] becomes; the index to go on at, -1 with an exception. None leaves the character out, or is the error handler's affair. */
static Py_ssize_t translate_at(_PyUnicodeWriter *w, PyObject *s, PyObject *table, Py_ssize_t i, bool leave_out, const char *errors) {
    Py_UCS4 c = PyUnicode_READ_CHAR(s, i);
    PyObject *to;
    int known = look_up(table, c, &to), r = 0;
    if (known < 0) return -1;
    if (!known) return _PyUnicodeWriter_WriteChar(w, c) < 0 ? -1 : i + 1;
    if (to == Py_None) {
        Py_DECREF(to);
        if (leave_out) return i + 1;
        Py_ssize_t end = undefined_end(s, table, i);
        return end < 0 ? -1 : replace_undefined(w, s, i, end, errors);
    }
    if (kr_unicode_check(to)) r = _PyUnicodeWriter_WriteStr(w, to);
    else r = _PyUnicodeWriter_WriteChar(w, (Py_UCS4)PyLong_AsLong(to));
    Py_DECREF(to);
    return r < 0 ? -1 : i + 1;
}
/* errors "ignore", which is what str.translate wants, leaves out what the table maps to None. */
static PyObject *translate(PyObject *s, PyObject *table, const char *errors) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), i = 0;
    bool leave_out = errors && strcmp(errors, "ignore") == 0;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    if (n == 0) return kr_unicode_empty();
    if (leave_out && PyUnicode_IS_ASCII(s)) {
        PyObject *r = PyUnicode_New(n, 127);
        if (!r) return NULL;
        Py_ssize_t size = translate_ascii(PyUnicode_1BYTE_DATA(s), n, table, PyUnicode_1BYTE_DATA(r), &i);
        if (size == n && n > 1) return r;
        PyObject *start = size < 0 ? NULL : kr_unicode_from_units(1, PyUnicode_DATA(r), size);
        Py_DECREF(r);
        if (!start || i == n) return start;
        w.min_length = n;
        int failed = _PyUnicodeWriter_WriteStr(&w, start);
        Py_DECREF(start);
        if (failed) {
            _PyUnicodeWriter_Dealloc(&w);
            return NULL;
        }
    }
    w.min_length = n;
    while (i < n) {
        if ((i = translate_at(&w, s, table, i, leave_out, errors)) < 0) {
            _PyUnicodeWriter_Dealloc(&w);
            return NULL;
        }
    }
    return _PyUnicodeWriter_Finish(&w);
}
PyObject *kr_str_translate(PyObject *s, PyObject *table) { return translate(s, table, "ignore"); }
PyObject *PyUnicode_Translate(PyObject *s, PyObject *table, const char *errors) {
    return kr_ensure_unicode(s) < 0 ? NULL : translate(s, table, errors);
}

static int set_code(PyObject *table, Py_UCS4 from, PyObject *to) {
    PyObject *key = PyLong_FromUnsignedLong(from);
    int r = key ? PyDict_SetItem(table, key, to) : -1;
    Py_XDECREF(key);
    return r;
}
static int from_strings(PyObject *table, PyObject *x, PyObject *y, PyObject *z) {
    if (!kr_unicode_check(x)) {
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
        if (kr_unicode_check(key)) {
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
        if (kr_unicode_check(args[i])) continue;
        _PyArg_BadArgument("maketrans", i == 1 ? "argument 2" : "argument 3", "str", args[i]);
        return NULL;
    }
    PyObject *table = PyDict_New();
    int r = !table ? -1 : n > 1 ? from_strings(table, args[0], args[1], n > 2 ? args[2] : NULL) : from_dict(table, args[0]);
    if (r < 0) Py_CLEAR(table);
    return table;
}
