/* unicode_utf7.c - UTF-7 (RFC 2152).
 *
 * Text is ASCII with shifted sequences: '+', the UTF-16 units in base64 without padding, and an end: '-', which is dropped, or any
 * character that is not of base64, which counts for itself. "+-" is a plus.
 */
#include "object/unicode_codecs.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a base64 digit, -1 for other characters. */
static int digit_value(unsigned c) {
    return c >= 'A' && c <= 'Z' ? (int)c - 'A' : c >= 'a' && c <= 'z' ? (int)c - 'a' + 26 : c >= '0' && c <= '9' ? (int)c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* ------------------------------------------------------------------ decoding */

static bool goes_unshifted(unsigned c) { return c < 0x80 && c != '+'; }

typedef struct {
    bool shifted;
    Py_ssize_t start, out;      /* of the shifted sequence: index of its '+', and how much text came before */
    uint32_t buffer;            /* the lowest `bits` are not used yet */
    int bits;
    Py_UCS4 high;               /* a high surrogate that waits for its other half, or 0 */
} Shift;

static int put_unit(KrDecoder *d, Shift *z, Py_UCS4 unit) {
    if (z->high) {
        Py_UCS4 high = z->high;
        z->high = 0;
        if (Py_UNICODE_IS_LOW_SURROGATE(unit)) return _PyUnicodeWriter_WriteChar(&d->w, Py_UNICODE_JOIN_SURROGATES(high, unit));
        if (_PyUnicodeWriter_WriteChar(&d->w, high) < 0) return -1;
    }
    if (!Py_UNICODE_IS_HIGH_SURROGATE(unit)) return _PyUnicodeWriter_WriteChar(&d->w, unit);
    z->high = unit;
    return 0;
}
static int put_digit(KrDecoder *d, Shift *z, int digit) {
    z->buffer = z->buffer << 6 | (uint32_t)digit;
    z->bits += 6;
    if (z->bits < 16) return 0;
    z->bits -= 16;
    Py_UCS4 unit = z->buffer >> z->bits & 0xffff;
    z->buffer &= ((uint32_t)1 << z->bits) - 1;
    return put_unit(d, z, unit);
}
/* One step from index *i on. */
static int decode_step(KrDecoder *d, Shift *z, Py_ssize_t *i) {
    unsigned c = d->s[*i];
    int digit = digit_value(c);
    if (z->shifted && digit >= 0) {
        ++*i;
        return put_digit(d, z, digit);
    }
    if (z->shifted) {
        z->shifted = false;
        if (z->bits >= 6) return kr_decode_error(d, z->start, *i + 1, "partial character in base64 sequence", i);
        if (z->bits > 0 && z->buffer) return kr_decode_error(d, z->start, *i + 1, "non-zero padding bits in base64 sequence", i);
        if (z->high && goes_unshifted(c)) {
            if (_PyUnicodeWriter_WriteChar(&d->w, z->high) < 0) return -1;
            z->high = 0;
        }
        *i += c == '-';
        return 0;
    }
    if (c == '+') {
        Py_ssize_t start = (*i)++;
        if (*i < d->n && d->s[*i] == '-') {
            ++*i;
            return _PyUnicodeWriter_WriteChar(&d->w, '+');
        }
        if (*i < d->n && digit_value(d->s[*i]) < 0) return kr_decode_error(d, start, *i + 1, "ill-formed sequence", i);
        *z = (Shift){.shifted = true, .start = start, .out = d->w.pos};
        return 0;
    }
    if (!goes_unshifted(c)) return kr_decode_error(d, *i, *i + 1, "unexpected special character", i);
    ++*i;
    return _PyUnicodeWriter_WriteChar(&d->w, c);
}
/* consumed == NULL: there is no more to come. Else what belongs to a sequence that has not ended is left for the next time. */
PyObject *PyUnicode_DecodeUTF7Stateful(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed) {
    if (n == 0) {
        if (consumed) *consumed = 0;
        return kr_unicode_empty();
    }
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "utf7", errors, s, n);
    Shift shift = {0}, *z = &shift;
    Py_ssize_t i = 0;
    int r = 0;
    while (r == 0) {
        while (r == 0 && i < d->n) r = decode_step(d, z, &i);
        if (r < 0 || !z->shifted || consumed) break;
        z->shifted = false;
        if (z->high || z->bits >= 6 || (z->bits > 0 && z->buffer)) r = kr_decode_error(d, z->start, d->n, "unterminated shift sequence", &i);
    }
    PyObject *text = kr_decoder_finish(d, r < 0);
    if (text && consumed) {
        *consumed = z->shifted ? z->start : i;
        if (z->shifted) Py_SETREF(text, PyUnicode_Substring(text, 0, z->out));
    }
    return text;
}
PyObject *PyUnicode_DecodeUTF7(const char *s, Py_ssize_t n, const char *errors) { return PyUnicode_DecodeUTF7Stateful(s, n, errors, NULL); }

/* ------------------------------------------------------------------ encoding */

/* Characters that may stand for themselves: RFC 2152's set D always, its set O and white space unless asked otherwise. */
static bool is_direct(Py_UCS4 c, bool optional, bool white_space) {
    if (c == 0 || c >= 0x80) return false;
    if (Py_ISALNUM((int)c) || strchr("'(),-./:?", (int)c)) return true;
    return (optional && strchr("!\"#$%&*;<=>@[]^_`{|}", (int)c)) || (white_space && strchr(" \t\n\r", (int)c));
}

typedef struct {
    char *out;
    uint32_t buffer;
    int bits;
} Base64;

static void put_bits(Base64 *b, Py_UCS4 unit) {
    b->buffer = b->buffer << 16 | unit;
    for (b->bits += 16; b->bits >= 6; *b->out++ = base64[b->buffer >> b->bits & 63]) b->bits -= 6;
    b->buffer &= ((uint32_t)1 << b->bits) - 1;
}
static void put_rest(Base64 *b) {
    if (b->bits) *b->out++ = base64[b->buffer << (6 - b->bits) & 63];
    b->bits = 0;
    b->buffer = 0;
}
PyObject *_PyUnicode_EncodeUTF7(PyObject *s, int base64_optional, int base64_white_space, const char *errors) {
    if (!kr_unicode_check(s)) {
        PyErr_BadArgument();
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    /* at worst a character takes '+', 6 digits and '-' */
    if (n > PY_SSIZE_T_MAX / 8) return PyErr_NoMemory();
    PyObject *bytes = n ? PyBytes_FromStringAndSize(NULL, n * 8) : NULL;
    if (!bytes) return n ? NULL : PyBytes_FromStringAndSize(NULL, 0);
    Base64 b = {.out = PyBytes_AS_STRING(bytes)};
    bool shifted = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ((unsigned)kind, data, i);
        if (is_direct(c, !base64_optional, !base64_white_space)) {
            if (shifted) {
                put_rest(&b);
                if (digit_value(c) >= 0 || c == '-') *b.out++ = '-';
                shifted = false;
            }
            *b.out++ = (char)c;
        } else if (c == '+' && !shifted) {
            *b.out++ = '+';
            *b.out++ = '-';
        } else {
            if (!shifted) *b.out++ = '+';
            shifted = true;
            if (c > 0xffff) {
                put_bits(&b, Py_UNICODE_HIGH_SURROGATE(c));
                c = Py_UNICODE_LOW_SURROGATE(c);
            }
            put_bits(&b, c);
        }
    }
    if (shifted) {
        put_rest(&b);
        *b.out++ = '-';
    }
    (void)errors;
    _PyBytes_Resize(&bytes, b.out - PyBytes_AS_STRING(bytes));
    return bytes;
}
