/* unicode_fromformat.c - PyUnicode_FromFormat: printf for C code that makes strings. */
#include "object/unicode.h"
#include <stdarg.h>

const char *Py_hexdigits = "0123456789abcdef";

typedef struct {
    bool left, zero;
    Py_ssize_t width, precision;    /* -1: none */
    enum { SIZE_INT, SIZE_LONG, SIZE_LONGLONG, SIZE_SIZE } size;
} Directive;

/* Writes s, cut to the precision and padded with blanks to the width. */
static int write_padded(_PyUnicodeWriter *w, PyObject *s, const Directive *d) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    if (d->precision >= 0 && d->precision < n) n = d->precision;
    Py_ssize_t fill = d->width > n ? d->width - n : 0;
    if (fill) {
        if (_PyUnicodeWriter_Prepare(w, fill + n, _PyUnicode_FindMaxChar(s, 0, n)) < 0) return -1;
        if (!d->left) {
            _PyUnicode_FastFill(w->buffer, w->pos, fill, ' ');
            w->pos += fill;
        }
    }
    if (_PyUnicodeWriter_WriteSubstring(w, s, 0, n) < 0) return -1;
    if (fill && d->left) {
        if (_PyUnicodeWriter_Prepare(w, fill, ' ') < 0) return -1;
        _PyUnicode_FastFill(w->buffer, w->pos, fill, ' ');
        w->pos += fill;
    }
    return 0;
}
static int write_bytes(_PyUnicodeWriter *w, const char *s, const Directive *d) {
    Py_ssize_t n = 0, limit = d->precision < 0 ? PY_SSIZE_T_MAX : d->precision;
    while (n < limit && s[n]) n++;
    PyObject *text = PyUnicode_DecodeUTF8Stateful(s, n, "replace", d->precision < 0 ? NULL : &n);
    if (!text) return -1;
    Directive whole = *d;
    whole.precision = -1;
    int r = write_padded(w, text, &whole);
    Py_DECREF(text);
    return r;
}
/* Writes the result of a conversion function, which it takes over. */
static int write_object(_PyUnicodeWriter *w, PyObject *s, const Directive *d) {
    if (!s) return -1;
    int r = write_padded(w, s, d);
    Py_DECREF(s);
    return r;
}
static int write_number(_PyUnicodeWriter *w, const char *digits, const Directive *d) {
    /* digits: an optional sign, then at least one digit */
    bool negative = *digits == '-';
    Py_ssize_t n = (Py_ssize_t)strlen(digits + negative), zeros = d->precision > n ? d->precision - n : 0;
    Py_ssize_t total = n + negative + zeros, fill = d->width > total ? d->width - total : 0;
    if (d->zero && !d->left && fill) {
        zeros += fill;
        fill = 0;
    }
    if (_PyUnicodeWriter_Prepare(w, total + fill + zeros, 127) < 0) return -1;
    for (; fill && !d->left; fill--) _PyUnicodeWriter_WriteChar(w, ' ');
    if (negative) _PyUnicodeWriter_WriteChar(w, '-');
    while (zeros--) _PyUnicodeWriter_WriteChar(w, '0');
    if (_PyUnicodeWriter_WriteASCIIString(w, digits + negative, n) < 0) return -1;
    for (; fill > 0; fill--) _PyUnicodeWriter_WriteChar(w, ' ');
    return 0;
}
static int format_integer(_PyUnicodeWriter *w, char conversion, const Directive *d, va_list *va) {
    char digits[48];
    if (conversion == 'd' || conversion == 'i') {
        long long v = d->size == SIZE_LONG ? va_arg(*va, long) : d->size == SIZE_LONGLONG ? va_arg(*va, long long)
            : d->size == SIZE_SIZE ? (long long)va_arg(*va, Py_ssize_t) : va_arg(*va, int);
        snprintf(digits, sizeof digits, "%lld", v);
    } else {
        unsigned long long v = d->size == SIZE_LONG ? va_arg(*va, unsigned long) : d->size == SIZE_LONGLONG ? va_arg(*va, unsigned long long)
            : d->size == SIZE_SIZE ? va_arg(*va, size_t) : va_arg(*va, unsigned);
        snprintf(digits, sizeof digits, conversion == 'x' ? "%llx" : "%llu", v);
    }
    return write_number(w, digits, d);
}
/* Reads the flags, width, precision and size after a '%'; the conversion character is at the result. */
static const char *parse_directive(const char *f, Directive *d) {
    *d = (Directive){.width = -1, .precision = -1, .size = SIZE_INT};
    for (;; f++) {
        if (*f == '0') d->zero = true;
        else if (*f == '-') d->left = true;
        else break;
    }
    if (*f >= '0' && *f <= '9') {
        d->width = 0;
        for (; *f >= '0' && *f <= '9'; f++) {
            if (d->width > (PY_SSIZE_T_MAX - 9) / 10) {
                PyErr_SetString(PyExc_ValueError, "width too big");
                return NULL;
            }
            d->width = d->width * 10 + (*f - '0');
        }
    }
    if (*f == '.') {
        d->precision = 0;
        for (f++; *f >= '0' && *f <= '9'; f++) {
            if (d->precision > (PY_SSIZE_T_MAX - 9) / 10) {
                PyErr_SetString(PyExc_ValueError, "precision too big");
                return NULL;
            }
            d->precision = d->precision * 10 + (*f - '0');
        }
    }
    if (*f == 'l' && f[1] == 'l' && (f[2] == 'd' || f[2] == 'u' || f[2] == 'i' || f[2] == 'x')) {
        d->size = SIZE_LONGLONG;
        f += 2;
    } else if (*f == 'l' && (f[1] == 'd' || f[1] == 'u' || f[1] == 'i' || f[1] == 'x')) {
        d->size = SIZE_LONG;
        f++;
    } else if (*f == 'z' && (f[1] == 'd' || f[1] == 'u' || f[1] == 'i' || f[1] == 'x')) {
        d->size = SIZE_SIZE;
        f++;
    }
    return f;
}
/* One directive, after its '%'; NULL on error. */
static const char *format_one(_PyUnicodeWriter *w, const char *f, va_list *va) {
    Directive d;
    const char *s;
    PyObject *o;
    char pointer[32];
    int r, c;
    if (!(f = parse_directive(f, &d))) return NULL;
    switch (*f) {
    case 'c':
        c = va_arg(*va, int);
        if (c < 0 || c > 0x10ffff) {
            PyErr_SetString(PyExc_OverflowError, "character argument not in range(0x110000)");
            return NULL;
        }
        r = _PyUnicodeWriter_WriteChar(w, (Py_UCS4)c);
        break;
    case 'd': case 'i': case 'u': case 'x': r = format_integer(w, *f, &d, va); break;
    case 'p':
        snprintf(pointer, sizeof pointer, "%p", va_arg(*va, void *));
        r = pointer[0] == '0' ? 0 : _PyUnicodeWriter_WriteASCIIString(w, "0x", 2);  /* the C library's "(nil)" */
        if (r == 0) r = _PyUnicodeWriter_WriteASCIIString(w, pointer, -1);
        break;
    case 's': r = write_bytes(w, va_arg(*va, const char *), &d); break;
    case 'U': r = write_padded(w, va_arg(*va, PyObject *), &d); break;
    case 'V':
        o = va_arg(*va, PyObject *);
        s = va_arg(*va, const char *);
        r = o ? write_padded(w, o, &d) : write_bytes(w, s, &d);
        break;
    case 'S': r = write_object(w, PyObject_Str(va_arg(*va, PyObject *)), &d); break;
    case 'R': r = write_object(w, PyObject_Repr(va_arg(*va, PyObject *)), &d); break;
    case 'A': r = write_object(w, PyObject_ASCII(va_arg(*va, PyObject *)), &d); break;
    case '%': r = _PyUnicodeWriter_WriteChar(w, '%'); break;
    default:
        PyErr_SetString(PyExc_SystemError, "invalid format string");
        return NULL;
    }
    return r < 0 ? NULL : f + 1;
}
PyObject *PyUnicode_FromFormatV(const char *format, va_list args) {
    _PyUnicodeWriter w;
    va_list va;
    _PyUnicodeWriter_Init(&w);
    w.min_length = (Py_ssize_t)strlen(format) + 64;
    w.overallocate = 1;
    va_copy(va, args);
    while (format && *format) {
        if (*format == '%') {
            format = format_one(&w, format + 1, &va);
            continue;
        }
        const char *end = format;
        while (*end && *end != '%') end++;
        if (!kr_is_ascii(format, end - format)) {
            PyErr_Format(PyExc_ValueError, "PyUnicode_FromFormatV() expects an ASCII-encoded format string, got a non-ASCII byte: 0x%02x", (unsigned char)*format);
            format = NULL;
        } else {
            format = _PyUnicodeWriter_WriteASCIIString(&w, format, end - format) < 0 ? NULL : end;
        }
    }
    va_end(va);
    if (format) return _PyUnicodeWriter_Finish(&w);
    _PyUnicodeWriter_Dealloc(&w);
    return NULL;
}
PyObject *PyUnicode_FromFormat(const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *s = PyUnicode_FromFormatV(format, va);
    va_end(va);
    return s;
}
