/* bytes_text.c - text forms of byte strings: repr, hexadecimal, escapes, printf-like construction. */
#include "object/bytes.h"
#include "object/long.h"
#include <stdarg.h>
#include <stdio.h>

static const char hex_digits[] = "0123456789abcdef";

/* ------------------------------------------------------------------ repr */

PyObject *kr_bytes_repr(const char *prefix, const char *s, Py_ssize_t n, bool smart_quotes, const char *suffix) {
    Py_ssize_t extra = 0, single = 0, doubled = 0, limit = PY_SSIZE_T_MAX - n - 64;
    for (Py_ssize_t i = 0; i < n && extra <= limit; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\'')
            single++;
        else if (c == '"')
            doubled++;
        else if (c == '\\' || c == '\t' || c == '\n' || c == '\r')
            extra++;
        else if (c < ' ' || c >= 0x7f)
            extra += 3;
    }
    char quote = smart_quotes && single > 0 && doubled == 0 ? '"' : '\'';
    if (quote == '\'')
        extra += single;
    if (extra > limit) {
        PyErr_SetString(PyExc_OverflowError, "bytes object is too large to make repr");
        return NULL;
    }
    size_t np = strlen(prefix), ns = strlen(suffix);
    PyObject *r = PyUnicode_New((Py_ssize_t)(np + ns) + n + extra + 3, 127);
    if (r == NULL)
        return NULL;
    char *out = (char *)PyUnicode_DATA(r);
    memcpy(out, prefix, np);
    out += np;
    *out++ = 'b';
    *out++ = quote;
    for (Py_ssize_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == quote || c == '\\') {
            *out++ = '\\';
            *out++ = (char)c;
        }
        else if (c == '\t' || c == '\n' || c == '\r') {
            *out++ = '\\';
            *out++ = c == '\t' ? 't' : c == '\n' ? 'n' : 'r';
        }
        else if (c < ' ' || c >= 0x7f) {
            *out++ = '\\';
            *out++ = 'x';
            *out++ = hex_digits[c >> 4];
            *out++ = hex_digits[c & 15];
        }
        else
            *out++ = (char)c;
    }
    *out++ = quote;
    memcpy(out, suffix, ns);
    return r;
}

/* ------------------------------------------------------------------ to hexadecimal */

/* Digits of n bytes with a separator every `group` bytes (counted from the right, from the left when negative). */
static PyObject *strhex(const char *s, Py_ssize_t n, PyObject *osep, int group, bool as_bytes) {
    Py_UCS1 sep = 0;
    if (osep != NULL) {
        Py_ssize_t len = PyObject_Length(osep);
        if (len < 0)
            return NULL;
        if (len != 1) {
            PyErr_SetString(PyExc_ValueError, "sep must be length 1.");
            return NULL;
        }
        if (PyUnicode_Check(osep)) {
            if (PyUnicode_READY(osep) < 0)
                return NULL;
            if (PyUnicode_KIND(osep) != PyUnicode_1BYTE_KIND) {
                PyErr_SetString(PyExc_ValueError, "sep must be ASCII.");
                return NULL;
            }
            sep = PyUnicode_1BYTE_DATA(osep)[0];
        }
        else if (PyBytes_Check(osep))
            sep = (Py_UCS1)kr_bytes_data(osep)[0];
        else {
            PyErr_SetString(PyExc_TypeError, "sep must be str or bytes.");
            return NULL;
        }
        if (sep > 127 && !as_bytes) {
            PyErr_SetString(PyExc_ValueError, "sep must be ASCII.");
            return NULL;
        }
    }
    else
        group = 0;
    size_t every = group < 0 ? (size_t)-(long)group : (size_t)group;
    Py_ssize_t seps = every > 0 && n > 0 ? (Py_ssize_t)((size_t)(n - 1) / every) : 0;
    if (n > (PY_SSIZE_T_MAX - seps) / 2)
        return PyErr_NoMemory();
    Py_ssize_t total = 2 * n + seps;
    PyObject *r = as_bytes ? PyBytes_FromStringAndSize(NULL, total) : PyUnicode_New(total, 127);
    if (r == NULL || total == 0)
        return r;
    Py_UCS1 *out = as_bytes ? (Py_UCS1 *)kr_bytes_data(r) : PyUnicode_1BYTE_DATA(r);
    /* bytes until the next separator */
    size_t left = every == 0 ? (size_t)n : group < 0 ? every : ((size_t)n - 1) % every + 1;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (left == 0) {
            *out++ = sep;
            left = every;
        }
        left--;
        unsigned char c = (unsigned char)s[i];
        *out++ = (Py_UCS1)hex_digits[c >> 4];
        *out++ = (Py_UCS1)hex_digits[c & 15];
    }
    return r;
}
PyObject *_Py_strhex(const char *s, const Py_ssize_t n) { return strhex(s, n, NULL, 0, false); }
PyObject *_Py_strhex_bytes(const char *s, const Py_ssize_t n) { return strhex(s, n, NULL, 0, true); }
PyObject *_Py_strhex_with_sep(const char *s, const Py_ssize_t n, PyObject *sep, const int group) { return strhex(s, n, sep, group, false); }
PyObject *_Py_strhex_bytes_with_sep(const char *s, const Py_ssize_t n, PyObject *sep, const int group) { return strhex(s, n, sep, group, true); }

/* ------------------------------------------------------------------ from hexadecimal */

PyObject *_PyBytes_FromHex(PyObject *text, int use_bytearray) {
    if (PyUnicode_READY(text) < 0)
        return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), i = 0;
    unsigned kind = PyUnicode_KIND(text);
    const void *s = PyUnicode_DATA(text);
    char local[256], *buffer = n / 2 <= (Py_ssize_t)sizeof local ? local : PyMem_Malloc((size_t)(n / 2)), *out = buffer;
    PyObject *r = NULL;
    if (buffer == NULL)
        return PyErr_NoMemory();
    while (i < n) {
        Py_UCS4 c = PyUnicode_READ(kind, s, i);
        if (c < 128 && Py_ISSPACE(c)) {
            i++;
            continue;
        }
        int high = c < 128 ? _PyLong_DigitValue[c] : 37;
        if (high < 16) {
            i++;
            c = i < n ? PyUnicode_READ(kind, s, i) : 0;
            int low = c < 128 ? _PyLong_DigitValue[c] : 37;
            if (low < 16) {
                *out++ = (char)(high << 4 | low);
                i++;
                continue;
            }
        }
        PyErr_Format(PyExc_ValueError, "non-hexadecimal number found in fromhex() arg at position %zd", i);
        goto done;
    }
    r = use_bytearray ? PyByteArray_FromStringAndSize(buffer, out - buffer) : PyBytes_FromStringAndSize(buffer, out - buffer);
done:
    if (buffer != local)
        PyMem_Free(buffer);
    return r;
}

/* ------------------------------------------------------------------ escapes of literals */

/* Decodes backslash escapes. The first unknown escape is reported through the pointers, not warned about: its character, or the value of an octal
 * escape above \377. */
PyObject *_PyBytes_DecodeEscape2(const char *s, Py_ssize_t n, const char *errors, int *bad_char, const char **bad_at) {
    const char *start = s, *end = s + n;
    *bad_char = -1;
    *bad_at = NULL;
    PyObject *r = PyBytes_FromStringAndSize(NULL, n);
    if (r == NULL || n == 0)
        return r;
    char *first = kr_bytes_data(r), *out = first;
    while (s < end) {
        const char *slash = memchr(s, '\\', (size_t)(end - s));
        Py_ssize_t plain = (slash ? slash : end) - s;
        memcpy(out, s, (size_t)plain);
        out += plain;
        s += plain;
        if (s == end)
            break;
        if (++s == end) {
            PyErr_SetString(PyExc_ValueError, "Trailing \\ in string");
            goto fail;
        }
        char c = *s++;
        switch (c) {
        case '\n': break;
        case '\\': case '\'': case '"': *out++ = c; break;
        case 'b': *out++ = '\b'; break;
        case 'f': *out++ = '\f'; break;
        case 't': *out++ = '\t'; break;
        case 'n': *out++ = '\n'; break;
        case 'r': *out++ = '\r'; break;
        case 'v': *out++ = '\v'; break;
        case 'a': *out++ = '\a'; break;
        case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': {
            int v = c - '0';
            for (int k = 0; k < 2 && s < end && *s >= '0' && *s <= '7'; k++)
                v = v * 8 + *s++ - '0';
            if (v > 0377 && *bad_char == -1) {
                *bad_char = v;
                *bad_at = s - 3;
            }
            *out++ = (char)v;
            break;
        }
        case 'x': {
            int high = s < end ? _PyLong_DigitValue[Py_CHARMASK(s[0])] : 37, low = s + 1 < end ? _PyLong_DigitValue[Py_CHARMASK(s[1])] : 37;
            if (high < 16 && low < 16) {
                *out++ = (char)(high << 4 | low);
                s += 2;
                break;
            }
            if (errors == NULL || strcmp(errors, "strict") == 0) {
                PyErr_Format(PyExc_ValueError, "invalid \\x escape at position %zd", s - 2 - start);
                goto fail;
            }
            if (strcmp(errors, "replace") == 0)
                *out++ = '?';
            else if (strcmp(errors, "ignore") != 0) {
                PyErr_Format(PyExc_ValueError, "decoding error; unknown error handling code: %.400s", errors);
                goto fail;
            }
            if (high < 16) /* a lone digit goes with it */
                s++;
            break;
        }
        default:
            if (*bad_char == -1) {
                *bad_char = (unsigned char)c;
                *bad_at = s - 1;
            }
            *out++ = '\\';
            s--;
        }
    }
    if (_PyBytes_Resize(&r, out - first) < 0)
        return NULL;
    return r;
fail:
    Py_DECREF(r);
    return NULL;
}

PyObject *_PyBytes_DecodeEscape(const char *s, Py_ssize_t n, const char *errors, const char **first_invalid_escape) {
    int c;
    return _PyBytes_DecodeEscape2(s, n, errors, &c, first_invalid_escape);
}

PyObject *PyBytes_DecodeEscape(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t unicode, const char *recode_encoding) {
    int c;
    const char *at;
    PyObject *r = _PyBytes_DecodeEscape2(s, n, errors, &c, &at);
    if (r != NULL && at != NULL) {
        int failed = c > 0377 ? PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "invalid octal escape sequence '\\%.3s'", at)
                              : PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "invalid escape sequence '\\%c'", c);
        if (failed)
            Py_CLEAR(r);
    }
    return r;
}

/* ------------------------------------------------------------------ printf */

/* Directives: %% %c %s (with a precision) %d %i %u %ld %lu %zd %zu %x %p. From an unknown one on, the format is copied. */
PyObject *PyBytes_FromFormatV(const char *format, va_list va) {
    _PyBytesWriter w;
    _PyBytesWriter_Init(&w);
    char *out = _PyBytesWriter_Alloc(&w, (Py_ssize_t)strlen(format));
    if (out == NULL)
        return NULL;
    w.overallocate = 1;
    char text[40];
    for (const char *f = format; *f; f++) {
        const char *piece = f;
        Py_ssize_t n = 1;
        if (*f == '%') {
            const char *p = f;
            f++;
            while (Py_ISDIGIT(Py_CHARMASK(*f))) /* a width is read and not used */
                f++;
            Py_ssize_t precision = -1;
            if (*f == '.') {
                precision = 0;
                for (f++; Py_ISDIGIT(Py_CHARMASK(*f)); f++)
                    precision = precision < 100000000 ? precision * 10 + (*f - '0') : precision;
            }
            bool is_long = false, is_size = false;
            if (*f == 'l' && (f[1] == 'd' || f[1] == 'u')) {
                is_long = true;
                f++;
            }
            else if (*f == 'z' && (f[1] == 'd' || f[1] == 'u')) {
                is_size = true;
                f++;
            }
            piece = text;
            switch (*f) {
            case '%': text[0] = '%'; break;
            case 'c': {
                int c = va_arg(va, int);
                if (c < 0 || c > 255) {
                    PyErr_SetString(PyExc_OverflowError, "PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]");
                    goto fail;
                }
                text[0] = (char)c;
                break;
            }
            case 'd':
                n = is_long   ? snprintf(text, sizeof text, "%ld", va_arg(va, long))
                    : is_size ? snprintf(text, sizeof text, "%zd", va_arg(va, Py_ssize_t))
                              : snprintf(text, sizeof text, "%d", va_arg(va, int));
                break;
            case 'u':
                n = is_long   ? snprintf(text, sizeof text, "%lu", va_arg(va, unsigned long))
                    : is_size ? snprintf(text, sizeof text, "%zu", va_arg(va, size_t))
                              : snprintf(text, sizeof text, "%u", va_arg(va, unsigned));
                break;
            case 'i': n = snprintf(text, sizeof text, "%i", va_arg(va, int)); break;
            case 'x': n = snprintf(text, sizeof text, "%x", va_arg(va, int)); break;
            case 's':
                piece = va_arg(va, const char *);
                n = (Py_ssize_t)(precision < 0 ? strlen(piece) : strnlen(piece, (size_t)precision));
                break;
            case 'p': n = snprintf(text, sizeof text, "0x%lx", (unsigned long)(uintptr_t)va_arg(va, void *)); break;
            default: /* the rest as it is */
                out = _PyBytesWriter_WriteBytes(&w, out, p, (Py_ssize_t)strlen(p));
                return out == NULL ? NULL : _PyBytesWriter_Finish(&w, out);
            }
        }
        out = _PyBytesWriter_WriteBytes(&w, out, piece, n);
        if (out == NULL)
            goto fail;
    }
    return _PyBytesWriter_Finish(&w, out);
fail:
    _PyBytesWriter_Dealloc(&w);
    return NULL;
}

PyObject *PyBytes_FromFormat(const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *r = PyBytes_FromFormatV(format, va);
    va_end(va);
    return r;
}
