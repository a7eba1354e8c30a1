/* unicode_case.c - methods of str that test or change characters one by one. */
#include "object/unicode_methods.h"

/* ------------------------------------------------------------------ tests */

typedef int (*CharTest)(Py_UCS4);
static PyObject *all_chars(PyObject *s, CharTest test, bool empty) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    for (Py_ssize_t i = 0; i < n; i++)
        if (!test(PyUnicode_READ(kind, data, i))) Py_RETURN_FALSE;
    return PyBool_FromLong(n > 0 || empty);
}
static int is_space(Py_UCS4 c) { return Py_UNICODE_ISSPACE(c); }
static int is_decimal(Py_UCS4 c) { return Py_UNICODE_ISDECIMAL(c); }
static int is_digit(Py_UCS4 c) { return Py_UNICODE_ISDIGIT(c); }
static int is_numeric(Py_UCS4 c) { return Py_UNICODE_ISNUMERIC(c); }
static int is_alpha(Py_UCS4 c) { return Py_UNICODE_ISALPHA(c); }
static int is_alnum(Py_UCS4 c) { return Py_UNICODE_ISALNUM(c); }
static int is_printable(Py_UCS4 c) { return Py_UNICODE_ISPRINTABLE(c); }
PyObject *kr_str_isspace(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_space, false); }
PyObject *kr_str_isdecimal(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_decimal, false); }
PyObject *kr_str_isdigit(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_digit, false); }
PyObject *kr_str_isnumeric(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_numeric, false); }
PyObject *kr_str_isalpha(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_alpha, false); }
PyObject *kr_str_isalnum(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_alnum, false); }
PyObject *kr_str_isprintable(PyObject *s, PyObject *u) { (void)u; return all_chars(s, is_printable, true); }
PyObject *kr_str_isascii(PyObject *s, PyObject *u) { (void)u; return PyBool_FromLong(PyUnicode_IS_ASCII(s)); }

/* All cased characters are of one case. */
static PyObject *one_case(PyObject *s, bool upper) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    bool cased = false;
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(s); i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        bool is_upper = Py_UNICODE_ISUPPER(c), is_lower = Py_UNICODE_ISLOWER(c);
        if ((upper ? is_lower : is_upper) || Py_UNICODE_ISTITLE(c)) Py_RETURN_FALSE;
        cased |= upper ? is_upper : is_lower;
    }
    return PyBool_FromLong(cased);
}
PyObject *kr_str_islower(PyObject *s, PyObject *u) { (void)u; return one_case(s, false); }
PyObject *kr_str_isupper(PyObject *s, PyObject *u) { (void)u; return one_case(s, true); }
PyObject *kr_str_istitle(PyObject *s, PyObject *u) {
    (void)u;
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    bool cased = false, inside = false;
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(s); i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (Py_UNICODE_ISUPPER(c) || Py_UNICODE_ISTITLE(c)) {
            if (inside) Py_RETURN_FALSE;
            inside = cased = true;
        } else if (Py_UNICODE_ISLOWER(c)) {
            if (!inside) Py_RETURN_FALSE;
            cased = true;
        } else {
            inside = false;
        }
    }
    return PyBool_FromLong(cased);
}
Py_ssize_t _PyUnicode_ScanIdentifier(PyObject *s) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), i = 1;
    if (n == 0) return 0;
    Py_UCS4 first = PyUnicode_READ(kind, data, 0);
    if (first != '_' && !_PyUnicode_IsXidStart(first)) return 0;
    while (i < n && _PyUnicode_IsXidContinue(PyUnicode_READ(kind, data, i))) i++;
    return i;
}
int PyUnicode_IsIdentifier(PyObject *s) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    return n > 0 && _PyUnicode_ScanIdentifier(s) == n;
}
PyObject *kr_str_isidentifier(PyObject *s, PyObject *u) { (void)u; return PyBool_FromLong(PyUnicode_IsIdentifier(s)); }

/* ------------------------------------------------------------------ changes */

/* Lower case of the character at i; a capital sigma at the end of a word becomes the final form. */
static int lower_at(int kind, const void *data, Py_ssize_t n, Py_ssize_t i, Py_UCS4 *out) {
    Py_UCS4 c = PyUnicode_READ(kind, data, i);
    if (c != 0x3a3) return _PyUnicode_ToLowerFull(c, out);
    Py_ssize_t j = i - 1;
    while (j >= 0 && _PyUnicode_IsCaseIgnorable(PyUnicode_READ(kind, data, j))) j--;
    bool final = j >= 0 && _PyUnicode_IsCased(PyUnicode_READ(kind, data, j));
    if (final) {
        j = i + 1;
        while (j < n && _PyUnicode_IsCaseIgnorable(PyUnicode_READ(kind, data, j))) j++;
        final = j == n || !_PyUnicode_IsCased(PyUnicode_READ(kind, data, j));
    }
    out[0] = final ? 0x3c2 : 0x3c3;
    return 1;
}
typedef enum { LOWER, UPPER, FOLD, SWAP, CAPITALIZE, TITLE } Change;
/* Writes what the character at i becomes (at most 3); *inside: the character before was cased. */
static int change_at(Change change, int kind, const void *data, Py_ssize_t n, Py_ssize_t i, bool *inside, Py_UCS4 *out) {
    Py_UCS4 c = PyUnicode_READ(kind, data, i);
    int count;
    switch (change) {
    case LOWER: return lower_at(kind, data, n, i, out);
    case UPPER: return _PyUnicode_ToUpperFull(c, out);
    case FOLD: return _PyUnicode_ToFoldedFull(c, out);
    case SWAP:
        if (Py_UNICODE_ISUPPER(c)) return lower_at(kind, data, n, i, out);
        if (Py_UNICODE_ISLOWER(c)) return _PyUnicode_ToUpperFull(c, out);
        out[0] = c;
        return 1;
    case CAPITALIZE: return i == 0 ? _PyUnicode_ToTitleFull(c, out) : lower_at(kind, data, n, i, out);
    default:
        count = *inside ? lower_at(kind, data, n, i, out) : _PyUnicode_ToTitleFull(c, out);
        *inside = _PyUnicode_IsCased(c);
        return count;
    }
}
/* Of eight ASCII characters: 0x20 in the bytes that lie in first..first+25. */
KR_INLINE uint64_t letters(uint64_t w, unsigned first) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t from = w + (0x80 - first) * ones, beyond = w + (0x80 - (first + 26)) * ones;
    return ((from & ~beyond) >> 2) & (ones << 5);
}
/* Every upper or lower case letter (or both) of n ASCII characters to the other case. */
static void flip_ascii(unsigned char *to, const unsigned char *from, Py_ssize_t n, bool uppers, bool lowers) {
    Py_ssize_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t w, flip = 0;
        memcpy(&w, from + i, 8);
        if (uppers) flip = letters(w, 'A');
        if (lowers) flip |= letters(w, 'a');
        w ^= flip;
        memcpy(to + i, &w, 8);
    }
    for (; i < n; i++) {
        unsigned char c = from[i];
        to[i] = (uppers && Py_ISUPPER(c)) || (lowers && Py_ISLOWER(c)) ? c ^ 0x20 : c;
    }
}
static PyObject *change_ascii(PyObject *s, Change change) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    PyObject *r = PyUnicode_New(n, 127);
    if (!r || n == 0) return r;
    const unsigned char *from = PyUnicode_1BYTE_DATA(s);
    unsigned char *to = PyUnicode_1BYTE_DATA(r);
    bool inside = false;
    switch (change) {
    case LOWER: case FOLD: flip_ascii(to, from, n, true, false); break;
    case UPPER: flip_ascii(to, from, n, false, true); break;
    case SWAP: flip_ascii(to, from, n, true, true); break;
    case CAPITALIZE:
        flip_ascii(to, from, n, true, false);
        to[0] = Py_TOUPPER(from[0]);
        break;
    default:
        for (Py_ssize_t i = 0; i < n; i++) {
            unsigned char c = from[i];
            to[i] = inside ? Py_TOLOWER(c) : Py_TOUPPER(c);
            inside = Py_ISALPHA(c);
        }
    }
    return r;
}
static PyObject *change_case(PyObject *s, Change change) {
    if (PyUnicode_IS_ASCII(s)) return change_ascii(s, change);
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), at = 0;
    if (n > PY_SSIZE_T_MAX / 12) return PyErr_NoMemory();
    Py_UCS4 *out = PyMem_Malloc((size_t)n * 3 * sizeof *out + sizeof *out);
    if (!out) return PyErr_NoMemory();
    bool inside = false;
    for (Py_ssize_t i = 0; i < n; i++) at += change_at(change, kind, data, n, i, &inside, out + at);
    PyObject *r = kr_unicode_from_units(4, out, at);
    PyMem_Free(out);
    return r;
}
PyObject *kr_str_lower(PyObject *s, PyObject *u) { (void)u; return change_case(s, LOWER); }
PyObject *kr_str_upper(PyObject *s, PyObject *u) { (void)u; return change_case(s, UPPER); }
PyObject *kr_str_casefold(PyObject *s, PyObject *u) { (void)u; return change_case(s, FOLD); }
PyObject *kr_str_swapcase(PyObject *s, PyObject *u) { (void)u; return change_case(s, SWAP); }
PyObject *kr_str_capitalize(PyObject *s, PyObject *u) { (void)u; return change_case(s, CAPITALIZE); }
PyObject *kr_str_title(PyObject *s, PyObject *u) { (void)u; return change_case(s, TITLE); }
