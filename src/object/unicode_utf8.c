/* unicode_utf8.c - UTF-8.
 *
 * Decoding looks once whether the input is valid and how wide its characters are, and then fills a string of the right size; only
 * input with errors goes character by character through the error handler. Ill-formed sequences are cut into the maximal subparts that the
 * Unicode standard (chapter 3, "U+FFFD substitution") recommends.
 */
#include "object/unicode_codecs.h"

#define COMPACT(o) ((PyCompactUnicodeObject *)(o))

/* Length of the well-formed sequence at p, or the negated length of an ill-formed subpart; 0: the input ends within a good beginning. */
static int sequence(const unsigned char *p, Py_ssize_t left, Py_UCS4 *c) {
    unsigned first = p[0], low = 0x80, high = 0xbf;
    int n;
    if (first < 0x80) {
        *c = first;
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) return -1;
    if (first < 0xe0) {
        n = 2;
        *c = first & 0x1f;
    } else if (first < 0xf0) {
        n = 3;
        *c = first & 0x0f;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else {
        n = 4;
        *c = first & 0x07;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    }
    for (int i = 1; i < n; i++) {
        if (i >= left) return 0;
        if (p[i] < low || p[i] > high) return -i;
        *c = *c << 6 | (p[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return n;
}
/* Counts the characters of the valid beginning; *max collects their bits. Returns how many bytes are valid. */
static Py_ssize_t scan(const unsigned char *s, Py_ssize_t n, Py_ssize_t *chars, Py_UCS4 *max) {
    Py_ssize_t i = 0, count = 0;
    Py_UCS4 bits = 0, c;
    while (i < n) {
        if (s[i] < 0x80) {
            uint64_t w;
            while (i + 8 <= n && (memcpy(&w, s + i, 8), !(w & UINT64_C(0x8080808080808080)))) {
                i += 8;
                count += 8;
            }
            if (i < n && s[i] < 0x80) {
                i++;
                count++;
            }
            continue;
        }
        int k = sequence(s + i, n - i, &c);
        if (k <= 0) break;
        i += k;
        count++;
        bits |= c;
    }
    *chars = count;
    *max = bits < 0x80 ? 0x7f : bits < 0x100 ? 0xff : bits < 0x10000 ? 0xffff : 0x10ffff;
    return i;
}
static void fill(PyObject *o, const unsigned char *s, Py_ssize_t bytes) {
    int kind = PyUnicode_KIND(o);
    void *to = PyUnicode_DATA(o);
    Py_ssize_t at = 0;
    Py_UCS4 c = 0;
    for (Py_ssize_t i = 0; i < bytes;) {
        i += sequence(s + i, 4, &c);
        PyUnicode_WRITE(kind, to, at++, c);
    }
}
static PyObject *decode_with_errors(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed) {
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "utf-8", errors, s, n);
    Py_ssize_t i = 0;
    int r = 0;
    while (r == 0 && i < d->n) {
        Py_UCS4 c;
        int k = sequence(d->s + i, d->n - i, &c);
        if (k > 0) {
            r = _PyUnicodeWriter_WriteChar(&d->w, c);
            i += k;
        } else if (k == 0) {
            if (consumed) break;
            r = kr_decode_error(d, i, d->n, "unexpected end of data", &i);
        } else {
            bool half_surrogate = d->s[i] == 0xed && d->n - i == 2 && d->s[i + 1] >= 0xa0 && d->s[i + 1] <= 0xbf;
            if (consumed && half_surrogate) break;      /* for "surrogatepass", which wants it whole */
            bool start = k == -1 && (d->s[i] < 0xc2 || d->s[i] > 0xf4);
            r = kr_decode_error(d, i, i - k, start ? "invalid start byte" : "invalid continuation byte", &i);
        }
    }
    if (consumed) *consumed = i;
    return kr_decoder_finish(d, r < 0);
}
PyObject *PyUnicode_DecodeUTF8Stateful(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed) {
    Py_ssize_t chars;
    Py_UCS4 max;
    if (kr_is_ascii(s, n)) {
        if (consumed) *consumed = n;
        return _PyUnicode_FromASCII(s, n);
    }
    Py_ssize_t valid = scan((const unsigned char *)s, n, &chars, &max);
    if (valid < n) {
        Py_UCS4 c;
        bool unfinished = consumed && sequence((const unsigned char *)s + valid, n - valid, &c) == 0;
        if (!unfinished) return decode_with_errors(s, n, errors, consumed);
    }
    if (consumed) *consumed = valid;
    if (chars == 0) return kr_unicode_empty();
    if (chars == 1 && max < 0x100) {
        Py_UCS4 c;
        sequence((const unsigned char *)s, valid, &c);
        return kr_latin1_char(c);
    }
    PyObject *o = PyUnicode_New(chars, max);
    if (o) fill(o, (const unsigned char *)s, valid);
    return o;
}
PyObject *PyUnicode_DecodeUTF8(const char *s, Py_ssize_t n, const char *errors) { return PyUnicode_DecodeUTF8Stateful(s, n, errors, NULL); }

/* ------------------------------------------------------------------ encoding */

static char *write_char(char *p, Py_UCS4 c) {
    if (c < 0x80) {
        *p++ = (char)c;
    } else if (c < 0x800) {
        *p++ = (char)(0xc0 | c >> 6);
        *p++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *p++ = (char)(0xe0 | c >> 12);
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    } else {
        *p++ = (char)(0xf0 | c >> 18);
        *p++ = (char)(0x80 | (c >> 12 & 0x3f));
        *p++ = (char)(0x80 | (c >> 6 & 0x3f));
        *p++ = (char)(0x80 | (c & 0x3f));
    }
    return p;
}
static int put_utf8(KrEncoder *e, Py_UCS4 c) {
    if (c >= 0xd800 && c < 0xe000) return 1;
    char *to = kr_encoder_room(e, 4);
    if (!to) return -1;
    e->size += write_char(to, c) - to;
    return 0;
}
/* The number of bytes of o in UTF-8, -1 when it holds a surrogate (no exception). */
static Py_ssize_t encoded_size(PyObject *o) {
    int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    Py_ssize_t n = PyUnicode_GET_LENGTH(o), size = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c >= 0xd800 && c < 0xe000) return -1;
        size += 1 + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
    }
    return size;
}
static void encode_to(PyObject *o, char *to) {
    int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    for (Py_ssize_t i = 0; i < n; i++) to = write_char(to, PyUnicode_READ(kind, data, i));
}
PyObject *_PyUnicode_AsUTF8String(PyObject *o, const char *errors) {
    if (!kr_unicode_check(o)) {
        PyErr_BadArgument();
        return NULL;
    }
    if (PyUnicode_IS_ASCII(o)) return PyBytes_FromStringAndSize(PyUnicode_DATA(o), PyUnicode_GET_LENGTH(o));
    if (COMPACT(o)->utf8) return PyBytes_FromStringAndSize(COMPACT(o)->utf8, COMPACT(o)->utf8_length);
    Py_ssize_t size = encoded_size(o);
    if (size >= 0) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
        if (bytes) encode_to(o, PyBytes_AS_STRING(bytes));
        return bytes;
    }
    KrEncoder e;
    if (kr_encoder_init(&e, "utf-8", errors, o, PyUnicode_GET_LENGTH(o) * 2) < 0) return NULL;
    e.put = put_utf8;
    e.unit = 1;
    return kr_encoder_finish(&e, kr_encode_all(&e, "surrogates not allowed") < 0);
}
PyObject *PyUnicode_AsUTF8String(PyObject *o) { return _PyUnicode_AsUTF8String(o, NULL); }

const char *PyUnicode_AsUTF8AndSize(PyObject *o, Py_ssize_t *size) {
    if (!kr_unicode_check(o)) {
        PyErr_BadArgument();
        return NULL;
    }
    if (PyUnicode_IS_COMPACT_ASCII(o)) {
        if (size) *size = PyUnicode_GET_LENGTH(o);
        return PyUnicode_DATA(o);
    }
    if (!COMPACT(o)->utf8) {
        Py_ssize_t n = encoded_size(o);
        if (n < 0) {
            PyObject *error = _PyUnicode_AsUTF8String(o, NULL);     /* raises */
            Py_XDECREF(error);
            return NULL;
        }
        char *copy = PyObject_Malloc((size_t)n + 1);
        if (!copy) {
            PyErr_NoMemory();
            return NULL;
        }
        encode_to(o, copy);
        copy[n] = 0;
        COMPACT(o)->utf8 = copy;
        COMPACT(o)->utf8_length = n;
    }
    if (size) *size = COMPACT(o)->utf8_length;
    return COMPACT(o)->utf8;
}
const char *PyUnicode_AsUTF8(PyObject *o) { return PyUnicode_AsUTF8AndSize(o, NULL); }
