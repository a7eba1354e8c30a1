/* unicode_utf16.c - UTF-16 and UTF-32, both byte orders. */
#include "object/unicode_codecs.h"

typedef struct { int width; bool big; } Form;

static Py_UCS4 unit(const unsigned char *p, Form f) {
    if (f.width == 2) return f.big ? (Py_UCS4)(p[0] << 8 | p[1]) : (Py_UCS4)(p[1] << 8 | p[0]);
    return f.big ? (Py_UCS4)p[0] << 24 | (Py_UCS4)p[1] << 16 | (Py_UCS4)p[2] << 8 | p[3] : (Py_UCS4)p[3] << 24 | (Py_UCS4)p[2] << 16 | (Py_UCS4)p[1] << 8 | p[0];
}
static const char *name_of(int width, int order) {
    if (width == 2) return order == 0 ? "utf-16" : order < 0 ? "utf-16-le" : "utf-16-be";
    return order == 0 ? "utf-32" : order < 0 ? "utf-32-le" : "utf-32-be";
}
/* One character or error at i; 1: stop, the rest is incomplete. */
static int step(KrDecoder *d, Form f, Py_ssize_t *i, bool partial) {
    Py_ssize_t left = d->n - *i;
    if (left < f.width) return partial ? 1 : kr_decode_error(d, *i, d->n, "truncated data", i);
    Py_UCS4 c = unit(d->s + *i, f);
    if (f.width == 4) {
        if (c > 0x10ffff) return kr_decode_error(d, *i, *i + 4, "code point not in range(0x110000)", i);
        if (Py_UNICODE_IS_SURROGATE(c)) return kr_decode_error(d, *i, *i + 4, "code point in surrogate code point range(0xd800, 0xe000)", i);
        *i += 4;
        return _PyUnicodeWriter_WriteChar(&d->w, c);
    }
    if (!Py_UNICODE_IS_SURROGATE(c)) {
        *i += 2;
        return _PyUnicodeWriter_WriteChar(&d->w, c);
    }
    if (Py_UNICODE_IS_LOW_SURROGATE(c)) return kr_decode_error(d, *i, *i + 2, "illegal encoding", i);
    if (left < 4) return partial ? 1 : kr_decode_error(d, *i, d->n, "unexpected end of data", i);
    Py_UCS4 low = unit(d->s + *i + 2, f);
    if (!Py_UNICODE_IS_LOW_SURROGATE(low)) return kr_decode_error(d, *i, *i + 2, "illegal UTF-16 surrogate", i);
    *i += 4;
    return _PyUnicodeWriter_WriteChar(&d->w, Py_UNICODE_JOIN_SURROGATES(c, low));
}
static PyObject *decode(const char *s, Py_ssize_t n, const char *errors, int *byteorder, Py_ssize_t *consumed, int width) {
    int order = byteorder ? *byteorder : 0;
    Form f = {width, order > 0};
    Py_ssize_t i = 0;
    KrDecoder decoder, *d = &decoder;
    if (order == 0 && n >= width) {     /* a byte order mark decides and is left out */
        Py_UCS4 little = unit((const unsigned char *)s, (Form){width, false}), big = unit((const unsigned char *)s, (Form){width, true});
        if (little == 0xfeff || big == 0xfeff) {
            order = little == 0xfeff ? -1 : 1;
            f.big = order > 0;
            i = width;
        }
    }
    if (byteorder) *byteorder = order;
    kr_decoder_init(d, name_of(width, order), errors, s, n);
    d->w.min_length = n / width;
    int r = 0;
    while (r == 0 && i < d->n) r = step(d, f, &i, consumed != NULL);
    if (consumed) *consumed = i;
    return kr_decoder_finish(d, r < 0);
}
PyObject *PyUnicode_DecodeUTF16Stateful(const char *s, Py_ssize_t n, const char *errors, int *order, Py_ssize_t *consumed) { return decode(s, n, errors, order, consumed, 2); }
PyObject *PyUnicode_DecodeUTF16(const char *s, Py_ssize_t n, const char *errors, int *order) { return decode(s, n, errors, order, NULL, 2); }
PyObject *PyUnicode_DecodeUTF32Stateful(const char *s, Py_ssize_t n, const char *errors, int *order, Py_ssize_t *consumed) { return decode(s, n, errors, order, consumed, 4); }
PyObject *PyUnicode_DecodeUTF32(const char *s, Py_ssize_t n, const char *errors, int *order) { return decode(s, n, errors, order, NULL, 4); }

static int put_unit(KrEncoder *e, Form f, Py_UCS4 c) {
    unsigned char *p = (unsigned char *)kr_encoder_room(e, f.width);
    if (!p) return -1;
    for (int k = 0; k < f.width; k++) p[f.big ? f.width - 1 - k : k] = (unsigned char)(c >> 8 * k);
    e->size += f.width;
    return 0;
}
static int put(KrEncoder *e, Py_UCS4 c) {
    Form f = *(Form *)e->arg;
    if (Py_UNICODE_IS_SURROGATE(c)) return 1;
    if (f.width == 4 || c < 0x10000) return put_unit(e, f, c);
    return put_unit(e, f, Py_UNICODE_HIGH_SURROGATE(c)) < 0 ? -1 : put_unit(e, f, Py_UNICODE_LOW_SURROGATE(c));
}
static PyObject *encode(PyObject *s, const char *errors, int order, int width) {
    if (!kr_unicode_check(s)) {
        PyErr_BadArgument();
        return NULL;
    }
    Form f = {width, order > 0};
    KrEncoder e;
    if (kr_encoder_init(&e, name_of(width, order), errors, s, (PyUnicode_GET_LENGTH(s) + 1) * width) < 0) return NULL;
    e.put = put;
    e.arg = &f;
    e.unit = width;
    int r = order == 0 ? put_unit(&e, f, 0xfeff) : 0;
    if (r == 0) r = kr_encode_all(&e, "surrogates not allowed");
    return kr_encoder_finish(&e, r < 0);
}
PyObject *_PyUnicode_EncodeUTF16(PyObject *s, const char *errors, int order) { return encode(s, errors, order, 2); }
PyObject *_PyUnicode_EncodeUTF32(PyObject *s, const char *errors, int order) { return encode(s, errors, order, 4); }
PyObject *PyUnicode_AsUTF16String(PyObject *s) { return encode(s, NULL, 0, 2); }
PyObject *PyUnicode_AsUTF32String(PyObject *s) { return encode(s, NULL, 0, 4); }
