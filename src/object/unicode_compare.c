/* unicode_compare.c - equality, order, and comparison with C strings. */
#include "object/unicode.h"

/* Order of the first n characters of two strings of any kinds. */
static int compare_units(PyObject *a, PyObject *b, Py_ssize_t n) {
    int ka = PyUnicode_KIND(a), kb = PyUnicode_KIND(b);
    const void *pa = PyUnicode_DATA(a), *pb = PyUnicode_DATA(b);
    if (ka == 1 && kb == 1) {
        int r = memcmp(pa, pb, (size_t)n);
        return r < 0 ? -1 : r > 0;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 ca = PyUnicode_READ(ka, pa, i), cb = PyUnicode_READ(kb, pb, i);
        if (ca != cb) return ca < cb ? -1 : 1;
    }
    return 0;
}
static int compare(PyObject *a, PyObject *b) {
    if (a == b) return 0;
    Py_ssize_t n = PyUnicode_GET_LENGTH(a), m = PyUnicode_GET_LENGTH(b);
    int r = compare_units(a, b, Py_MIN(n, m));
    return r ? r : n < m ? -1 : n > m;
}
int PyUnicode_Compare(PyObject *a, PyObject *b) {
    if (kr_unicode_check(a) && kr_unicode_check(b)) return compare(a, b);
    PyErr_Format(PyExc_TypeError, "Can't compare %.100s and %.100s", Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
    return -1;
}
int PyUnicode_CompareWithASCIIString(PyObject *o, const char *s) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    if (kind == 1) {
        size_t m = strlen(s);
        int r = memcmp(data, s, Py_MIN((size_t)n, m));
        return r ? (r < 0 ? -1 : 1) : (size_t)n > m ? 1 : (size_t)n < m ? -1 : 0;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (!s[i]) return 1;
        if (c != (unsigned char)s[i]) return c < (unsigned char)s[i] ? -1 : 1;
    }
    return s[n] ? -1 : 0;
}
int _PyUnicode_EqualToASCIIString(PyObject *o, const char *s) {
    if (!PyUnicode_IS_ASCII(o)) return 0;
    size_t n = (size_t)PyUnicode_GET_LENGTH(o);
    return strlen(s) == n && memcmp(PyUnicode_1BYTE_DATA(o), s, n) == 0;
}
int _PyUnicode_EqualToASCIIId(PyObject *o, _Py_Identifier *id) { return _PyUnicode_EqualToASCIIString(o, id->string); }
int _PyUnicode_EQ(PyObject *a, PyObject *b) { return a == b || kr_unicode_equal(a, b); }
int _PyUnicode_Equal(PyObject *a, PyObject *b) { return a == b || kr_unicode_equal(a, b); }

PyObject *PyUnicode_RichCompare(PyObject *a, PyObject *b, int op) {
    if (!kr_unicode_check(a) || !kr_unicode_check(b)) Py_RETURN_NOTIMPLEMENTED;
    if (a == b) return PyBool_FromLong(op == Py_EQ || op == Py_LE || op == Py_GE);
    if (op == Py_EQ || op == Py_NE) return PyBool_FromLong(kr_unicode_equal(a, b) == (op == Py_EQ));
    int r = compare(a, b);
    Py_RETURN_RICHCOMPARE(r, 0, op);
}
