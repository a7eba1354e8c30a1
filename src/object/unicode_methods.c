/* unicode_methods.c - the method table of str, and the methods about substrings, padding and stripping. */
#include "object/unicode_methods.h"

/* ------------------------------------------------------------------ arguments */

/* (sub[, start[, end]]) of the method called name. */
static int parse_find_args(const char *name, PyObject *const *args, Py_ssize_t n, PyObject **sub, Py_ssize_t *start, Py_ssize_t *end) {
    if (n < 1 || n > 3) {
        PyErr_Format(PyExc_TypeError, n < 1 ? "%s() takes at least 1 argument (%zd given)" : "%s() takes at most 3 arguments (%zd given)", name, n);
        return -1;
    }
    *start = 0;
    *end = PY_SSIZE_T_MAX;
    if (n > 1 && args[1] != Py_None && !_PyEval_SliceIndex(args[1], start)) return -1;
    if (n > 2 && args[2] != Py_None && !_PyEval_SliceIndex(args[2], end)) return -1;
    *sub = args[0];
    return 0;
}
static int parse_substring(const char *name, PyObject *const *args, Py_ssize_t n, PyObject **sub, Py_ssize_t *start, Py_ssize_t *end) {
    if (parse_find_args(name, args, n, sub, start, end) < 0) return -1;
    return kr_ensure_unicode(*sub);
}
#define FIND_METHOD(name, forward, must)                                                                             \
    static PyObject *str_##name(PyObject *s, PyObject *const *args, Py_ssize_t n) {                                  \
        PyObject *sub;                                                                                               \
        Py_ssize_t start, end;                                                                                       \
        if (parse_substring(#name, args, n, &sub, &start, &end) < 0) return NULL;                                    \
        Py_ssize_t at = kr_unicode_find(s, sub, start, end, forward);                                                \
        if (at == -2) return NULL;                                                                                   \
        if (must && at < 0) {                                                                                        \
            PyErr_SetString(PyExc_ValueError, "substring not found");                                                \
            return NULL;                                                                                             \
        }                                                                                                            \
        return PyLong_FromSsize_t(at);                                                                               \
    }
FIND_METHOD(find, true, false)
FIND_METHOD(rfind, false, false)
FIND_METHOD(index, true, true)
FIND_METHOD(rindex, false, true)
static PyObject *str_count(PyObject *s, PyObject *const *args, Py_ssize_t n) {
    PyObject *sub;
    Py_ssize_t start, end;
    if (parse_substring("count", args, n, &sub, &start, &end) < 0) return NULL;
    Py_ssize_t count = kr_unicode_count(s, sub, start, end, PY_SSIZE_T_MAX);
    return count < 0 ? NULL : PyLong_FromSsize_t(count);
}
static PyObject *tail_match(const char *name, PyObject *s, PyObject *const *args, Py_ssize_t n, bool at_end) {
    PyObject *sub;
    Py_ssize_t start, end;
    if (parse_find_args(name, args, n, &sub, &start, &end) < 0) return NULL;
    if (PyTuple_Check(sub)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sub); i++) {
            PyObject *one = PyTuple_GET_ITEM(sub, i);
            if (!kr_unicode_check(one)) {
                PyErr_Format(PyExc_TypeError, "tuple for %s must only contain str, not %.100s", name, Py_TYPE(one)->tp_name);
                return NULL;
            }
            if (kr_unicode_tail_match(s, one, start, end, at_end)) Py_RETURN_TRUE;
        }
        Py_RETURN_FALSE;
    }
    if (!kr_unicode_check(sub)) {
        PyErr_Format(PyExc_TypeError, "%s first arg must be str or a tuple of str, not %.100s", name, Py_TYPE(sub)->tp_name);
        return NULL;
    }
    return PyBool_FromLong(kr_unicode_tail_match(s, sub, start, end, at_end));
}
static PyObject *str_startswith(PyObject *s, PyObject *const *args, Py_ssize_t n) { return tail_match("startswith", s, args, n, false); }
static PyObject *str_endswith(PyObject *s, PyObject *const *args, Py_ssize_t n) { return tail_match("endswith", s, args, n, true); }

/* An integer argument of a size; false with an exception. */
static bool ssize_arg(PyObject *o, Py_ssize_t *value) {
    PyObject *index = PyNumber_Index(o);
    if (!index) return false;
    *value = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    return !(*value == -1 && PyErr_Occurred());
}
static int str_arg(const char *method, const char *which, PyObject *o) {
    if (kr_unicode_check(o)) return 0;
    _PyArg_BadArgument(method, which, "str", o);
    return -1;
}
static PyObject *str_removeprefix(PyObject *s, PyObject *prefix) {
    if (str_arg("removeprefix", "argument", prefix) < 0) return NULL;
    if (!kr_unicode_tail_match(s, prefix, 0, PY_SSIZE_T_MAX, false)) return kr_unicode_exact(s);
    return PyUnicode_Substring(s, PyUnicode_GET_LENGTH(prefix), PyUnicode_GET_LENGTH(s));
}
static PyObject *str_removesuffix(PyObject *s, PyObject *suffix) {
    if (str_arg("removesuffix", "argument", suffix) < 0) return NULL;
    if (!kr_unicode_tail_match(s, suffix, 0, PY_SSIZE_T_MAX, true)) return kr_unicode_exact(s);
    return PyUnicode_Substring(s, 0, PyUnicode_GET_LENGTH(s) - PyUnicode_GET_LENGTH(suffix));
}
static PyObject *str_replace(PyObject *s, PyObject *const *args, Py_ssize_t n) {
    Py_ssize_t max = -1;
    if (!_PyArg_CheckPositional("replace", n, 2, 3) || str_arg("replace", "argument 1", args[0]) < 0 || str_arg("replace", "argument 2", args[1]) < 0) return NULL;
    if (n > 2 && !ssize_arg(args[2], &max)) return NULL;
    return kr_unicode_replace(s, args[0], args[1], max);
}
static PyObject *split_method(PyObject *s, PyObject *const *args, Py_ssize_t n, PyObject *kwnames, bool forward) {
    static const char *const names[] = {"sep", "maxsplit", NULL};
    static _PyArg_Parser split_parser = {.keywords = names, .fname = "split"}, rsplit_parser = {.keywords = names, .fname = "rsplit"};
    PyObject *buffer[2] = {NULL, NULL};
    Py_ssize_t max = -1;
    Py_ssize_t given = n + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    if (!(args = _PyArg_UnpackKeywords(args, n, NULL, kwnames, forward ? &split_parser : &rsplit_parser, 0, 2, 0, buffer))) return NULL;
    PyObject *sep = given && args[0] ? args[0] : Py_None;
    if (given && (kwnames || n > 1) && args[1] && !ssize_arg(args[1], &max)) return NULL;
    if (sep == Py_None) return kr_unicode_split(s, NULL, max, forward);
    if (kr_unicode_check(sep)) return kr_unicode_split(s, sep, max, forward);
    PyErr_Format(PyExc_TypeError, "must be str or None, not %.100s", Py_TYPE(sep)->tp_name);
    return NULL;
}
static PyObject *str_split(PyObject *s, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) { return split_method(s, args, n, kwnames, true); }
static PyObject *str_rsplit(PyObject *s, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) { return split_method(s, args, n, kwnames, false); }
/* The one optional int argument of a method; false with an exception. */
static bool int_arg(PyObject *const *args, Py_ssize_t n, PyObject *kwnames, _PyArg_Parser *parser, int *value) {
    PyObject *buffer[1] = {NULL};
    if (n == 0 && !kwnames) return true;
    if (!(args = _PyArg_UnpackKeywords(args, n, NULL, kwnames, parser, 0, 1, 0, buffer))) return false;
    if (args[0]) *value = _PyLong_AsInt(args[0]);
    return !(*value == -1 && PyErr_Occurred());
}
static PyObject *str_splitlines(PyObject *s, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    static const char *const names[] = {"keepends", NULL};
    static _PyArg_Parser parser = {.keywords = names, .fname = "splitlines"};
    int keepends = 0;
    return int_arg(args, n, kwnames, &parser, &keepends) ? PyUnicode_Splitlines(s, keepends) : NULL;
}
static PyObject *str_join(PyObject *s, PyObject *iterable) { return PyUnicode_Join(s, iterable); }
static PyObject *str_partition(PyObject *s, PyObject *sep) { return PyUnicode_Partition(s, sep); }
static PyObject *str_rpartition(PyObject *s, PyObject *sep) { return PyUnicode_RPartition(s, sep); }

/* ------------------------------------------------------------------ stripping */

enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };
/* Whether c is in the set; low: a bit for the low six bits of each of its characters. */
static bool in_set(PyObject *set, uint64_t low, Py_UCS4 c) {
    return (low >> (c & 63) & 1) && PyUnicode_FindChar(set, c, 0, PyUnicode_GET_LENGTH(set), 1) >= 0;
}
PyObject *_PyUnicode_XStrip(PyObject *s, int type, PyObject *set) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t i = 0, j = PyUnicode_GET_LENGTH(s), n = PyUnicode_GET_LENGTH(set);
    uint64_t low = 0;
    for (Py_ssize_t k = 0; k < n; k++) low |= UINT64_C(1) << (PyUnicode_READ_CHAR(set, k) & 63);
    if (type != 1)
        while (i < j && in_set(set, low, PyUnicode_READ(kind, data, i))) i++;
    if (type != 0)
        while (j > i && in_set(set, low, PyUnicode_READ(kind, data, j - 1))) j--;
    return PyUnicode_Substring(s, i, j);
}
static PyObject *strip(PyObject *s, int sides, const char *name, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional(name, n, 0, 1)) return NULL;
    if (n == 1 && args[0] != Py_None) {
        if (!kr_unicode_check(args[0])) {
            PyErr_Format(PyExc_TypeError, "%s arg must be None or str", name);
            return NULL;
        }
        return _PyUnicode_XStrip(s, sides == STRIP_LEFT ? 0 : sides == STRIP_RIGHT ? 1 : 2, args[0]);
    }
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t i = 0, j = PyUnicode_GET_LENGTH(s);
    if (sides & STRIP_LEFT)
        while (i < j && Py_UNICODE_ISSPACE(PyUnicode_READ(kind, data, i))) i++;
    if (sides & STRIP_RIGHT)
        while (j > i && Py_UNICODE_ISSPACE(PyUnicode_READ(kind, data, j - 1))) j--;
    return PyUnicode_Substring(s, i, j);
}
static PyObject *str_strip(PyObject *s, PyObject *const *args, Py_ssize_t n) { return strip(s, STRIP_LEFT | STRIP_RIGHT, "strip", args, n); }
static PyObject *str_lstrip(PyObject *s, PyObject *const *args, Py_ssize_t n) { return strip(s, STRIP_LEFT, "lstrip", args, n); }
static PyObject *str_rstrip(PyObject *s, PyObject *const *args, Py_ssize_t n) { return strip(s, STRIP_RIGHT, "rstrip", args, n); }

/* ------------------------------------------------------------------ padding */

static PyObject *pad(PyObject *s, Py_ssize_t left, Py_ssize_t right, Py_UCS4 fill) {
    left = Py_MAX(left, 0);
    right = Py_MAX(right, 0);
    if (left == 0 && right == 0) return kr_unicode_exact(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    if (left > PY_SSIZE_T_MAX - n || right > PY_SSIZE_T_MAX - (left + n)) {
        PyErr_SetString(PyExc_OverflowError, "padded string is too long");
        return NULL;
    }
    PyObject *r = PyUnicode_New(left + n + right, Py_MAX(PyUnicode_MAX_CHAR_VALUE(s), fill));
    if (!r) return NULL;
    _PyUnicode_FastFill(r, 0, left, fill);
    kr_unicode_copy(r, left, s, 0, n);
    _PyUnicode_FastFill(r, left + n, right, fill);
    return r;
}
static PyObject *justify(PyObject *s, const char *name, PyObject *const *args, Py_ssize_t nargs, int where) {
    Py_UCS4 fill = ' ';
    if (!_PyArg_CheckPositional(name, nargs, 1, 2)) return NULL;
    Py_ssize_t width, n = PyUnicode_GET_LENGTH(s);
    if (!ssize_arg(args[0], &width)) return NULL;
    if (nargs > 1) {
        if (!kr_unicode_check(args[1])) {
            PyErr_Format(PyExc_TypeError, "The fill character must be a unicode character, not %.100s", Py_TYPE(args[1])->tp_name);
            return NULL;
        }
        if (PyUnicode_GET_LENGTH(args[1]) != 1) {
            PyErr_SetString(PyExc_TypeError, "The fill character must be exactly one character long");
            return NULL;
        }
        fill = PyUnicode_READ_CHAR(args[1], 0);
    }
    if (width <= n) return kr_unicode_exact(s);
    Py_ssize_t margin = width - n, left = where < 0 ? 0 : where > 0 ? margin : margin / 2 + (margin & width & 1);
    return pad(s, left, margin - left, fill);
}
static PyObject *str_ljust(PyObject *s, PyObject *const *args, Py_ssize_t n) { return justify(s, "ljust", args, n, -1); }
static PyObject *str_rjust(PyObject *s, PyObject *const *args, Py_ssize_t n) { return justify(s, "rjust", args, n, 1); }
static PyObject *str_center(PyObject *s, PyObject *const *args, Py_ssize_t n) { return justify(s, "center", args, n, 0); }
static PyObject *str_zfill(PyObject *s, PyObject *arg) {
    Py_ssize_t width, n = PyUnicode_GET_LENGTH(s);
    if (!ssize_arg(arg, &width)) return NULL;
    if (n >= width) return kr_unicode_exact(s);
    Py_ssize_t fill = width - n;
    PyObject *r = pad(s, fill, 0, '0');
    if (!r || n == 0) return r;
    int kind = PyUnicode_KIND(r);
    void *data = PyUnicode_DATA(r);
    Py_UCS4 sign = PyUnicode_READ(kind, data, fill);
    if (sign == '+' || sign == '-') {
        PyUnicode_WRITE(kind, data, 0, sign);
        PyUnicode_WRITE(kind, data, fill, '0');
    }
    return r;
}
static PyObject *str_expandtabs(PyObject *s, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"tabsize", NULL};
    static _PyArg_Parser parser = {.keywords = names, .fname = "expandtabs"};
    int tab = 8;
    if (!int_arg(args, nargs, kwnames, &parser, &tab)) return NULL;
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), column = 0, size = 0;
    bool found = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        Py_ssize_t add = 1;
        if (c == '\t') {
            found = true;
            add = tab > 0 ? tab - column % tab : 0;
        }
        if (size > PY_SSIZE_T_MAX - add) {
            PyErr_SetString(PyExc_OverflowError, "new string is too long");
            return NULL;
        }
        size += add;
        column = c == '\n' || c == '\r' ? 0 : column + add;
    }
    if (!found) return kr_unicode_exact(s);
    PyObject *r = PyUnicode_New(size, PyUnicode_MAX_CHAR_VALUE(s));
    if (!r) return NULL;
    void *out = PyUnicode_DATA(r);
    Py_ssize_t at = 0;
    column = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c == '\t') {
            Py_ssize_t add = tab > 0 ? tab - column % tab : 0;
            column += add;
            while (add--) PyUnicode_WRITE(kind, out, at++, ' ');
        } else {
            PyUnicode_WRITE(kind, out, at++, c);
            column = c == '\n' || c == '\r' ? 0 : column + 1;
        }
    }
    return r;
}

/* ------------------------------------------------------------------ the rest */

/* A C string argument without null characters; NULL with an exception. */
static const char *c_string_arg(const char *method, const char *which, PyObject *o) {
    Py_ssize_t size;
    if (str_arg(method, which, o) < 0) return NULL;
    const char *text = PyUnicode_AsUTF8AndSize(o, &size);
    if (text && strlen(text) != (size_t)size) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return NULL;
    }
    return text;
}
static PyObject *str_encode(PyObject *s, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    static const char *const names[] = {"encoding", "errors", NULL};
    static _PyArg_Parser parser = {.keywords = names, .fname = "encode"};
    PyObject *buffer[2] = {NULL, NULL};
    const char *encoding = NULL, *errors = NULL;
    if (n || kwnames) {
        if (!(args = _PyArg_UnpackKeywords(args, n, NULL, kwnames, &parser, 0, 2, 0, buffer))) return NULL;
        if (args[0] && !(encoding = c_string_arg("encode", "argument 'encoding'", args[0]))) return NULL;
        if ((kwnames || n > 1) && args[1] && !(errors = c_string_arg("encode", "argument 'errors'", args[1]))) return NULL;
    }
    return PyUnicode_AsEncodedString(s, encoding, errors);
}
static PyObject *str_getnewargs(PyObject *s, PyObject *unused) {
    (void)unused;
    return Py_BuildValue("(N)", _PyUnicode_Copy(s));
}
static PyObject *str_sizeof(PyObject *s, PyObject *unused) {
    (void)unused;
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), size;
    if (PyUnicode_IS_COMPACT_ASCII(s)) size = (Py_ssize_t)sizeof(PyASCIIObject) + n + 1;
    else if (PyUnicode_IS_COMPACT(s)) size = (Py_ssize_t)sizeof(PyCompactUnicodeObject) + (n + 1) * (Py_ssize_t)PyUnicode_KIND(s);
    else size = (Py_ssize_t)sizeof(PyUnicodeObject) + (n + 1) * (Py_ssize_t)PyUnicode_KIND(s);
    const PyCompactUnicodeObject *c = (PyCompactUnicodeObject *)s;
    if (!PyUnicode_IS_COMPACT_ASCII(s) && c->utf8 && c->utf8 != PyUnicode_DATA(s)) size += c->utf8_length + 1;
    if (c->_base.wstr && (void *)c->_base.wstr != PyUnicode_DATA(s)) size += (Py_ssize_t)(((size_t)n + 1) * sizeof(wchar_t));
    return PyLong_FromSsize_t(size);
}

#define FAST(name, doc) {#name, KR_METH(str_##name), METH_FASTCALL, doc}
#define KEYS(name, doc) {#name, KR_METH(str_##name), METH_FASTCALL | METH_KEYWORDS, doc}
#define ONE(name, doc) {#name, str_##name, METH_O, doc}
#define CHARS(name, doc) {#name, kr_str_##name, METH_NOARGS, #name "($self, /)\n--\n\n" doc}

PyMethodDef kr_str_methods[] = {
    KEYS(encode, "encode($self, /, encoding='utf-8', errors='strict')\n--\n\nThe text as bytes in an encoding."),
    FAST(replace, "replace($self, old, new, count=-1, /)\n--\n\nA copy with occurrences of old replaced by new, at most count of them."),
    KEYS(split, "split($self, /, sep=None, maxsplit=-1)\n--\n\nThe parts between separators, from the left; by runs of white space without sep."),
    KEYS(rsplit, "rsplit($self, /, sep=None, maxsplit=-1)\n--\n\nThe parts between separators, splitting from the right."),
    {"join", str_join, METH_O, "join($self, iterable, /)\n--\n\nThe strings of an iterable with this one between them."},
    CHARS(capitalize, "A copy with the first character in title case and the rest in lower case."),
    CHARS(casefold, "A copy for comparison without regard to case."),
    CHARS(title, "A copy in which words start in title case."),
    FAST(center, "center($self, width, fillchar=' ', /)\n--\n\nCentred in a string of the width."),
    FAST(count, "S.count(sub[, start[, end]]) -> int\n\nHow often sub occurs in S[start:end], without overlaps."),
    KEYS(expandtabs, "expandtabs($self, /, tabsize=8)\n--\n\nA copy with tabs expanded to blanks."),
    FAST(find, "S.find(sub[, start[, end]]) -> int\n\nThe lowest index at which sub occurs in S[start:end]; -1 if none."),
    {"partition", str_partition, METH_O, "partition($self, sep, /)\n--\n\nWhat is before the first separator, the separator, and what is after."},
    FAST(index, "S.index(sub[, start[, end]]) -> int\n\nLike find, but ValueError if sub isn't there."),
    FAST(ljust, "ljust($self, width, fillchar=' ', /)\n--\n\nAt the left of a string of the width."),
    CHARS(lower, "A copy in lower case."),
    FAST(lstrip, "lstrip($self, chars=None, /)\n--\n\nWithout leading white space, or leading characters of chars."),
    FAST(rfind, "S.rfind(sub[, start[, end]]) -> int\n\nThe highest index at which sub occurs in S[start:end]; -1 if none."),
    FAST(rindex, "S.rindex(sub[, start[, end]]) -> int\n\nLike rfind, but ValueError if sub isn't there."),
    FAST(rjust, "rjust($self, width, fillchar=' ', /)\n--\n\nAt the right of a string of the width."),
    FAST(rstrip, "rstrip($self, chars=None, /)\n--\n\nWithout trailing white space, or trailing characters of chars."),
    {"rpartition", str_rpartition, METH_O, "rpartition($self, sep, /)\n--\n\nWhat is before the last separator, the separator, and what is after."},
    KEYS(splitlines, "splitlines($self, /, keepends=False)\n--\n\nThe lines, with their ends if asked."),
    FAST(strip, "strip($self, chars=None, /)\n--\n\nWithout white space, or characters of chars, at both ends."),
    CHARS(swapcase, "A copy with upper and lower case exchanged."),
    {"translate", kr_str_translate, METH_O, "translate($self, table, /)\n--\n\nEach character replaced by what table says: a code point, a string, or None to leave it out."},
    CHARS(upper, "A copy in upper case."),
    FAST(startswith, "S.startswith(prefix[, start[, end]]) -> bool\n\nWhether S[start:end] begins with prefix, or one of a tuple of them."),
    FAST(endswith, "S.endswith(suffix[, start[, end]]) -> bool\n\nWhether S[start:end] ends with suffix, or one of a tuple of them."),
    {"removeprefix", str_removeprefix, METH_O, "removeprefix($self, prefix, /)\n--\n\nWithout the prefix, if it is there."},
    {"removesuffix", str_removesuffix, METH_O, "removesuffix($self, suffix, /)\n--\n\nWithout the suffix, if it is there."},
    CHARS(isascii, "Whether all characters are ASCII; true for an empty string."),
    CHARS(islower, "Whether all cased characters are lower case, and there is one."),
    CHARS(isupper, "Whether all cased characters are upper case, and there is one."),
    CHARS(istitle, "Whether words start in title or upper case and go on in lower case."),
    CHARS(isspace, "Whether all characters are white space, and there is one."),
    CHARS(isdecimal, "Whether all characters are decimal digits, and there is one."),
    CHARS(isdigit, "Whether all characters are digits, and there is one."),
    CHARS(isnumeric, "Whether all characters are numeric, and there is one."),
    CHARS(isalpha, "Whether all characters are letters, and there is one."),
    CHARS(isalnum, "Whether all characters are letters or numeric, and there is one."),
    CHARS(isidentifier, "Whether the string is a valid identifier; keywords are too."),
    CHARS(isprintable, "Whether all characters are printable; true for an empty string."),
    {"zfill", str_zfill, METH_O, "zfill($self, width, /)\n--\n\nPadded on the left with zeros after a sign."},
    {"format", KR_METH(kr_str_format), METH_VARARGS | METH_KEYWORDS, "S.format(*args, **kwargs) -> str\n\nThe string with its replacement fields in braces filled in."},
    {"format_map", kr_str_format_map, METH_O, "S.format_map(mapping) -> str\n\nLike format(**mapping), using the mapping itself."},
    {"__format__", kr_str_dunder_format, METH_O, "__format__($self, format_spec, /)\n--\n\nThe string formatted as format_spec says."},
    {"maketrans", KR_METH(kr_str_maketrans), METH_FASTCALL | METH_STATIC, "A table for translate: from a dict, or from two or three strings."},
    {"__getnewargs__", str_getnewargs, METH_NOARGS, NULL},
    {"__sizeof__", str_sizeof, METH_NOARGS, "__sizeof__($self, /)\n--\n\nThe size in memory, in bytes."},
    {NULL, NULL, 0, NULL},
};
