/* unicode_format.c - the % operator of str, and numbers' digits from any script. */
#include "object/format.h"
#include "object/long.h"
#include "object/unicode.h"

typedef struct {
    PyObject *format;
    int kind;
    const void *data;
    Py_ssize_t at, end;
    PyObject *args, *mapping;   /* borrowed; mapping NULL when args can't be one */
    PyObject *value;            /* owned: what the last (key) gave, now args; or NULL */
    bool single;                /* args is the one argument, not a tuple of them */
    Py_ssize_t next, count;     /* arguments taken, and how many there are */
    _PyUnicodeWriter w;
} Formatter;

typedef struct {
    bool left, sign, blank, alternate, zero;
    Py_ssize_t width, precision;
    Py_UCS4 c;
} Conversion;

static Py_UCS4 peek(Formatter *f) { return f->at < f->end ? PyUnicode_READ(f->kind, f->data, f->at) : 0; }

/* The next value (borrowed). */
static PyObject *next_arg(Formatter *f) {
    if (f->next < f->count) {
        Py_ssize_t i = f->next++;
        return f->single ? f->args : PyTuple_GET_ITEM(f->args, i);
    }
    PyErr_SetString(PyExc_TypeError, "not enough arguments for format string");
    return NULL;
}
/* (key): looked up in the mapping; the value becomes the one argument, of what follows too. */
static int take_key(Formatter *f) {
    if (!f->mapping) {
        PyErr_SetString(PyExc_TypeError, "format requires a mapping");
        return -1;
    }
    Py_ssize_t start = ++f->at, depth = 1;
    while (f->at < f->end && depth > 0) {
        Py_UCS4 c = peek(f);
        depth += (c == '(') - (c == ')');
        f->at++;
    }
    if (depth > 0) {
        PyErr_SetString(PyExc_ValueError, "incomplete format key");
        return -1;
    }
    PyObject *key = PyUnicode_Substring(f->format, start, f->at - 1), *value = key ? PyObject_GetItem(f->mapping, key) : NULL;
    Py_XDECREF(key);
    if (!value) return -1;
    Py_XSETREF(f->value, value);
    f->args = value;
    f->single = true;
    f->count = 1;
    f->next = 0;
    return 0;
}
/* A number, or '*' for one taken from the arguments. */
static int take_number(Formatter *f, Py_ssize_t *value, bool precision) {
    Py_UCS4 c = peek(f);
    if (c == '*') {
        PyObject *o = next_arg(f);
        if (!o) return -1;
        if (!PyLong_Check(o)) {
            PyErr_SetString(PyExc_TypeError, "* wants int");
            return -1;
        }
        *value = precision ? (Py_ssize_t)_PyLong_AsInt(o) : PyLong_AsSsize_t(o);
        if (*value == -1 && PyErr_Occurred()) return -1;
        f->at++;
        if (f->at >= f->end) {
            PyErr_SetString(PyExc_ValueError, "incomplete format");
            return -1;
        }
        return 1;
    }
    if (c < '0' || c > '9') return 0;
    *value = 0;
    for (; c >= '0' && c <= '9'; c = peek(f)) {
        Py_ssize_t limit = precision ? INT_MAX : PY_SSIZE_T_MAX;
        if (*value > (limit - (Py_ssize_t)(c - '0')) / 10) {
            PyErr_SetString(PyExc_ValueError, precision ? "precision too big" : "width too big");
            return -1;
        }
        *value = *value * 10 + (Py_ssize_t)(c - '0');
        f->at++;
    }
    return 1;
}
static int parse_conversion(Formatter *f, Conversion *k) {
    *k = (Conversion){.width = -1, .precision = -1};
    if (peek(f) == '(' && take_key(f) < 0) return -1;
    for (;; f->at++) {
        Py_UCS4 c = peek(f);
        if (c == '-') k->left = true;
        else if (c == '+') k->sign = true;
        else if (c == ' ') k->blank = true;
        else if (c == '#') k->alternate = true;
        else if (c == '0') k->zero = true;
        else break;
    }
    if (take_number(f, &k->width, false) < 0) return -1;
    if (k->width < -1) {
        k->left = true;
        k->width = -k->width;
    }
    if (peek(f) == '.' && f->at < f->end) {
        f->at++;
        k->precision = 0;
        if (take_number(f, &k->precision, true) < 0) return -1;
        if (k->precision < 0) k->precision = 0;
    }
    Py_UCS4 c = peek(f);
    if (f->at < f->end && (c == 'h' || c == 'l' || c == 'L')) f->at++;
    if (f->at >= f->end) {
        PyErr_SetString(PyExc_ValueError, "incomplete format");
        return -1;
    }
    k->c = peek(f);
    f->at++;
    return 0;
}

/* ------------------------------------------------------------------ numbers */

/* An int for d, i, u, or (index true) o, x, X. */
static PyObject *number_of(PyObject *v, Py_UCS4 c, bool index) {
    if (PyLong_Check(v)) return Py_NewRef(v);
    if (PyNumber_Check(v)) {
        PyObject *n = index ? PyNumber_Index(v) : PyNumber_Long(v);
        if (n) return n;
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
        PyErr_Clear();
    }
    PyErr_Format(PyExc_TypeError, index ? "%%%c format: an integer is required, not %.200s" : "%%%c format: a real number is required, not %.200s", (char)c, Py_TYPE(v)->tp_name);
    return NULL;
}
/* Digits of an int for %d %u %i %o %x %X with precision and prefix, sign '-' included. */
PyObject *_PyUnicode_FormatLong(PyObject *v, int alternate, int precision, int type) {
    int base = type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
    PyObject *text = _PyLong_Format(v, base);
    if (!text) return NULL;
    const char *s = (const char *)PyUnicode_1BYTE_DATA(text);
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), at = 0;
    bool negative = *s == '-';
    s += negative;
    n -= negative;
    char prefix[2] = {0, 0};
    if (base != 10) {
        prefix[0] = s[0];
        prefix[1] = s[1];
        s += 2;
        n -= 2;
    }
    Py_ssize_t zeros = precision > n ? precision - n : 0, total = negative + (alternate && base != 10 ? 2 : 0) + zeros + n;
    PyObject *r = PyUnicode_New(total, 127);
    if (!r) {
        Py_DECREF(text);
        return NULL;
    }
    if (total == 1) {           /* a shared character: don't write into it */
        Py_SETREF(r, kr_latin1_char((Py_UCS1)(type == 'X' ? Py_TOUPPER(Py_CHARMASK(*s)) : *s)));
        Py_DECREF(text);
        return r;
    }
    char *to = (char *)PyUnicode_1BYTE_DATA(r);
    if (negative) to[at++] = '-';
    if (alternate && base != 10) to[at++] = prefix[0], to[at++] = prefix[1];
    while (zeros--) to[at++] = '0';
    memcpy(to + at, s, (size_t)n);
    if (type == 'X')
        for (Py_ssize_t i = 0; i < total; i++) to[i] = (char)Py_TOUPPER(Py_CHARMASK(to[i]));
    Py_DECREF(text);
    return r;
}
static PyObject *format_integer(PyObject *v, Conversion *k) {
    bool index = k->c == 'o' || k->c == 'x' || k->c == 'X';
    PyObject *n = number_of(v, k->c, index), *text;
    if (!n) return NULL;
    text = _PyUnicode_FormatLong(n, k->alternate, (int)k->precision, (int)k->c);
    Py_DECREF(n);
    return text;
}
static PyObject *format_float(PyObject *v, Conversion *k) {
    double x = PyFloat_AsDouble(v);
    if (x == -1.0 && PyErr_Occurred()) return NULL;
    char *s = PyOS_double_to_string(x, (char)k->c, k->precision < 0 ? 6 : (int)k->precision, k->alternate ? Py_DTSF_ALT : 0, NULL);
    PyObject *text = s ? _PyUnicode_FromASCII(s, (Py_ssize_t)strlen(s)) : NULL;
    PyMem_Free(s);
    return text;
}
static PyObject *format_char(PyObject *v) {
    if (kr_unicode_check(v)) {
        if (PyUnicode_GET_LENGTH(v) == 1) return kr_unicode_exact(v);
    } else if (PyIndex_Check(v)) {
        PyObject *i = PyNumber_Index(v);
        if (!i) return NULL;
        int overflow;
        long x = PyLong_AsLongAndOverflow(i, &overflow);
        Py_DECREF(i);
        if (x == -1 && !overflow && PyErr_Occurred()) return NULL;
        if (!overflow && x >= 0 && x <= 0x10ffff) return PyUnicode_FromOrdinal((int)x);
        PyErr_SetString(PyExc_OverflowError, "%c arg not in range(0x110000)");
        return NULL;
    }
    PyErr_SetString(PyExc_TypeError, "%c requires int or char");
    return NULL;
}

/* ------------------------------------------------------------------ one conversion */

/* Writes text with sign and padding; number: it may begin with '-' and, for bases, a prefix. */
static int write_padded(Formatter *f, PyObject *text, const Conversion *k, bool number) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), skip = 0;
    if (!number && k->precision >= 0 && k->precision < n) n = k->precision;
    Py_UCS4 sign = 0, first = n ? PyUnicode_READ_CHAR(text, 0) : 0;
    if (number) {
        if (first == '-' || first == '+') sign = first, skip = 1;
        else if (k->sign) sign = '+';
        else if (k->blank) sign = ' ';
    }
    bool zero = number && k->zero && !k->left;
    bool prefix = number && k->alternate && (k->c == 'x' || k->c == 'X' || k->c == 'o') && zero;
    Py_ssize_t body = n - skip, padding = k->width > body + (sign != 0) ? k->width - body - (sign != 0) : 0;
    if (!k->left && !zero && kr_writer_fill(&f->w, padding, ' ') < 0) return -1;
    if (sign && _PyUnicodeWriter_WriteChar(&f->w, sign) < 0) return -1;
    if (prefix) {
        if (_PyUnicodeWriter_WriteSubstring(&f->w, text, skip, skip + 2) < 0) return -1;
        skip += 2;
    }
    if (zero && kr_writer_fill(&f->w, padding, '0') < 0) return -1;
    if (_PyUnicodeWriter_WriteSubstring(&f->w, text, skip, n) < 0) return -1;
    return k->left ? kr_writer_fill(&f->w, padding, ' ') : 0;
}
/* Writes a str or an int that needs no padding straight to the writer: 1 if done, 0 if this isn't such a case, -1 with an exception. */
static int write_plain(Formatter *f, PyObject *v, const Conversion *k) {
    if (k->width >= 0 || k->precision >= 0 || k->sign || k->blank) return 0;
    int r;
    if (PyUnicode_CheckExact(v) && k->c == 's') r = _PyUnicodeWriter_WriteStr(&f->w, v);
    else if (!PyLong_CheckExact(v)) return 0;
    else if (k->c == 's' || k->c == 'd' || k->c == 'i') r = _PyLong_FormatWriter(&f->w, v, 10, 0);
    else if (k->c == 'x' || k->c == 'o') r = _PyLong_FormatWriter(&f->w, v, k->c == 'x' ? 16 : 8, k->alternate);
    else return 0;
    return r < 0 ? -1 : 1;
}
static int format_one(Formatter *f) {
    Conversion k;
    PyObject *v, *text = NULL;
    bool number = false;
    if (parse_conversion(f, &k) < 0) return -1;
    if (!(v = next_arg(f))) return -1;
    if (f->at >= f->end) f->w.overallocate = 0;
    int done = write_plain(f, v, &k);
    if (done != 0) return done < 0 ? -1 : 0;
    switch (k.c) {
    case 's': text = PyObject_Str(v); break;
    case 'r': text = PyObject_Repr(v); break;
    case 'a': text = PyObject_ASCII(v); break;
    case 'i': case 'd': case 'u': case 'o': case 'x': case 'X':
        number = true;
        text = format_integer(v, &k);
        break;
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
        number = true;
        text = format_float(v, &k);
        break;
    case 'c':
        text = format_char(v);
        k.precision = -1;
        break;
    default:
        PyErr_Format(PyExc_ValueError, "unsupported format character '%c' (0x%x) at index %zd", k.c >= 31 && k.c <= 126 ? (int)k.c : '?', (unsigned)k.c, f->at - 1);
        return -1;
    }
    int r = text ? write_padded(f, text, &k, number) : -1;
    Py_XDECREF(text);
    return r;
}
PyObject *PyUnicode_Format(PyObject *format, PyObject *args) {
    if (!format || !args) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (kr_ensure_unicode(format) < 0) return NULL;
    Formatter formatter = {.format = format, .kind = PyUnicode_KIND(format), .data = PyUnicode_DATA(format), .end = PyUnicode_GET_LENGTH(format), .args = args}, *f = &formatter;
    f->single = !PyTuple_Check(args);
    f->count = f->single ? 1 : PyTuple_GET_SIZE(args);
    if (PyMapping_Check(args) && !PyTuple_Check(args) && !kr_unicode_check(args)) f->mapping = args;
    _PyUnicodeWriter_Init(&f->w);
    f->w.min_length = f->end + 100;
    f->w.overallocate = 1;
    while (f->at < f->end) {
        Py_ssize_t start = f->at;
        while (f->at < f->end && peek(f) != '%') f->at++;
        if (f->at >= f->end) f->w.overallocate = 0;
        if (_PyUnicodeWriter_WriteSubstring(&f->w, format, start, f->at) < 0) goto error;
        if (f->at >= f->end) break;
        f->at++;
        if (peek(f) == '%') {
            f->at++;
            if (_PyUnicodeWriter_WriteChar(&f->w, '%') < 0) goto error;
        } else if (format_one(f) < 0) {
            goto error;
        }
    }
    if (f->next < f->count && !f->mapping) {
        PyErr_SetString(PyExc_TypeError, "not all arguments converted during string formatting");
        goto error;
    }
    Py_XDECREF(f->value);
    return _PyUnicodeWriter_Finish(&f->w);
error:
    Py_XDECREF(f->value);
    _PyUnicodeWriter_Dealloc(&f->w);
    return NULL;
}

/* ------------------------------------------------------------------ digits of any script */

PyObject *_PyUnicode_TransformDecimalAndSpaceToASCII(PyObject *s) {
    if (!kr_unicode_check(s)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (PyUnicode_IS_ASCII(s)) return Py_NewRef(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    PyObject *r = PyUnicode_New(n, 127);
    if (!r) return NULL;
    Py_UCS1 *to = PyUnicode_1BYTE_DATA(r);
    if (n == 1) {
        Py_DECREF(r);
        Py_UCS4 c = PyUnicode_READ_CHAR(s, 0);
        int digit = Py_UNICODE_TODECIMAL(c);
        return kr_latin1_char(Py_UNICODE_ISSPACE(c) ? ' ' : digit >= 0 ? (Py_UCS4)('0' + digit) : '?');
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(s, i);
        int digit;
        if (c < 127) to[i] = (Py_UCS1)c;
        else if (Py_UNICODE_ISSPACE(c)) to[i] = ' ';
        else if ((digit = Py_UNICODE_TODECIMAL(c)) >= 0) to[i] = (Py_UCS1)('0' + digit);
        else {
            /* not a number: what follows need not be looked at */
            to[i] = '?';
            to[i + 1] = 0;
            ((PyASCIIObject *)r)->length = i + 1;
            break;
        }
    }
    return r;
}
