/* unicode_codecs.c - the machinery of decoders and encoders, error handling, and the codecs with one byte a character. */
#include "object/unicode_codecs.h"

/* ------------------------------------------------------------------ decoders */

void kr_decoder_init(KrDecoder *d, const char *encoding, const char *errors, const void *s, Py_ssize_t n) {
    memset(d, 0, sizeof *d);
    d->encoding = encoding;
    d->errors = errors;
    d->s = s;
    d->n = n;
    _PyUnicodeWriter_Init(&d->w);
    d->w.min_length = n;
    d->w.overallocate = 1;
}
PyObject *kr_decoder_finish(KrDecoder *d, bool failed) {
    PyObject *r = failed ? NULL : _PyUnicodeWriter_Finish(&d->w);
    _PyUnicodeWriter_Dealloc(&d->w);
    Py_XDECREF(d->handler);
    Py_XDECREF(d->exc);
    return r;
}
static bool named(const char *errors, const char *name) { return errors && strcmp(errors, name) == 0; }
static bool is_strict(const char *errors) { return !errors || strcmp(errors, "strict") == 0; }

static int make_decode_exception(KrDecoder *d, Py_ssize_t start, Py_ssize_t end, const char *reason) {
    if (!d->exc) {
        d->exc = PyUnicodeDecodeError_Create(d->encoding, (const char *)d->s, d->n, start, end, reason);
        return d->exc ? 0 : -1;
    }
    return PyUnicodeDecodeError_SetStart(d->exc, start) < 0 || PyUnicodeDecodeError_SetEnd(d->exc, end) < 0 || PyUnicodeDecodeError_SetReason(d->exc, reason) < 0 ? -1 : 0;
}
/* Checks a handler's answer (replacement, position) and normalises the position. */
static int check_answer(PyObject *answer, bool bytes_too, Py_ssize_t n, PyObject **replacement, Py_ssize_t *next) {
    if (!answer) return -1;
    if (!PyTuple_Check(answer) || !PyArg_ParseTuple(answer, "On", replacement, next)
        || !(kr_unicode_check(*replacement) || (bytes_too && PyBytes_Check(*replacement)))) {
        PyErr_SetString(PyExc_TypeError, bytes_too ? "encoding error handler must return (str/bytes, int) tuple" : "decoding error handler must return (str, int) tuple");
        return -1;
    }
    Py_ssize_t given = *next;
    if (given < 0) *next += n;
    if (*next < 0 || *next > n) {
        PyErr_Format(PyExc_IndexError, "position %zd from error handler out of bounds", *next);
        return -1;
    }
    return 0;
}
static int call_decode_handler(KrDecoder *d, Py_ssize_t start, Py_ssize_t end, const char *reason, Py_ssize_t *next) {
    if (!d->handler && !(d->handler = PyCodec_LookupError(d->errors))) return -1;
    if (make_decode_exception(d, start, end, reason) < 0) return -1;
    PyObject *answer = PyObject_CallOneArg(d->handler, d->exc), *replacement, *input = NULL;
    int r = -1;
    if (!answer) return -1;
    /* the handler may have set another input */
    if ((input = PyUnicodeDecodeError_GetObject(d->exc)) && PyBytes_Check(input)) {
        if (PyBytes_AS_STRING(input) != (const char *)d->s) {
            d->s = (const unsigned char *)PyBytes_AS_STRING(input);
            d->n = PyBytes_GET_SIZE(input);
        }
        if (check_answer(answer, false, d->n, &replacement, next) == 0) r = _PyUnicodeWriter_WriteStr(&d->w, replacement);
    }
    Py_XDECREF(input);          /* the exception keeps it */
    Py_DECREF(answer);
    return r;
}
int kr_decode_error(KrDecoder *d, Py_ssize_t start, Py_ssize_t end, const char *reason, Py_ssize_t *next) {
    if (is_strict(d->errors)) {
        if (make_decode_exception(d, start, end, reason) == 0) PyErr_SetObject((PyObject *)Py_TYPE(d->exc), d->exc);
        return -1;
    }
    *next = end;
    if (named(d->errors, "ignore")) return 0;
    if (named(d->errors, "replace")) return _PyUnicodeWriter_WriteChar(&d->w, 0xfffd);
    if (named(d->errors, "surrogateescape")) {
        bool all = true;
        for (Py_ssize_t i = start; i < end; i++) all &= d->s[i] >= 0x80;
        if (all && end > start) {
            for (Py_ssize_t i = start; i < end; i++)
                if (_PyUnicodeWriter_WriteChar(&d->w, 0xdc00 + d->s[i]) < 0) return -1;
            return 0;
        }
    }
    return call_decode_handler(d, start, end, reason, next);
}

/* ------------------------------------------------------------------ encoders */

int kr_encoder_init(KrEncoder *e, const char *encoding, const char *errors, PyObject *str, Py_ssize_t room) {
    memset(e, 0, sizeof *e);
    e->encoding = encoding;
    e->errors = errors;
    e->str = str;
    e->kind = PyUnicode_KIND(str);
    e->data = PyUnicode_DATA(str);
    e->n = PyUnicode_GET_LENGTH(str);
    e->out = PyBytes_FromStringAndSize(NULL, Py_MAX(room, 2));
    return e->out ? 0 : -1;
}
PyObject *kr_encoder_finish(KrEncoder *e, bool failed) {
    PyObject *out = e->out;
    Py_XDECREF(e->handler);
    Py_XDECREF(e->exc);
    if (failed) {
        Py_XDECREF(out);
        return NULL;
    }
    _PyBytes_Resize(&out, e->size);
    return out;
}
char *kr_encoder_room(KrEncoder *e, Py_ssize_t n) {
    Py_ssize_t capacity = PyBytes_GET_SIZE(e->out);
    if (capacity - e->size < n) {
        if (n > PY_SSIZE_T_MAX / 2 - e->size) {
            PyErr_NoMemory();
            return NULL;
        }
        if (_PyBytes_Resize(&e->out, (e->size + n) + (e->size + n) / 2) < 0) return NULL;
    }
    return PyBytes_AS_STRING(e->out) + e->size;
}
static int make_encode_exception(KrEncoder *e, Py_ssize_t start, Py_ssize_t end, const char *reason) {
    if (!e->exc) {
        e->exc = PyObject_CallFunction(PyExc_UnicodeEncodeError, "sOnns", e->encoding, e->str, start, end, reason);
        return e->exc ? 0 : -1;
    }
    return PyUnicodeEncodeError_SetStart(e->exc, start) < 0 || PyUnicodeEncodeError_SetEnd(e->exc, end) < 0 || PyUnicodeEncodeError_SetReason(e->exc, reason) < 0 ? -1 : 0;
}
static int raise_encode_error(KrEncoder *e, Py_ssize_t start, Py_ssize_t end, const char *reason) {
    if (make_encode_exception(e, start, end, reason) == 0) PyErr_SetObject((PyObject *)Py_TYPE(e->exc), e->exc);
    return -1;
}
static int put_bytes(KrEncoder *e, const void *bytes, Py_ssize_t n) {
    char *to = kr_encoder_room(e, n);
    if (!to) return -1;
    memcpy(to, bytes, (size_t)n);
    e->size += n;
    return 0;
}
int kr_encode_error(KrEncoder *e, Py_ssize_t start, Py_ssize_t end, const char *reason, Py_ssize_t *next) {
    if (is_strict(e->errors)) return raise_encode_error(e, start, end, reason);
    *next = end;
    if (named(e->errors, "ignore")) return 0;
    if (named(e->errors, "surrogateescape")) {
        Py_ssize_t i = start;
        while (i < end) {
            Py_UCS4 c = PyUnicode_READ(e->kind, e->data, i);
            if (c < 0xdc80 || c > 0xdcff) break;
            i++;
        }
        if (i > start && e->put != NULL) {
            for (Py_ssize_t k = start; k < i; k++) {
                char byte = (char)(PyUnicode_READ(e->kind, e->data, k) - 0xdc00);
                if (put_bytes(e, &byte, 1) < 0) return -1;
            }
            *next = i;
            return 0;
        }
    }
    if (!e->handler && !(e->handler = PyCodec_LookupError(e->errors))) return -1;
    if (make_encode_exception(e, start, end, reason) < 0) return -1;
    PyObject *answer = PyObject_CallOneArg(e->handler, e->exc), *replacement;
    int r = check_answer(answer, true, e->n, &replacement, next);
    if (r == 0 && e->unit && (PyBytes_Check(replacement) ? PyBytes_GET_SIZE(replacement) % e->unit != 0 : !PyUnicode_IS_ASCII(replacement))) {
        r = raise_encode_error(e, start, end, reason);
    } else if (r == 0 && PyBytes_Check(replacement)) {
        r = put_bytes(e, PyBytes_AS_STRING(replacement), PyBytes_GET_SIZE(replacement));
    } else if (r == 0) {
        int kind = PyUnicode_KIND(replacement);
        const void *data = PyUnicode_DATA(replacement);
        for (Py_ssize_t i = 0; r == 0 && i < PyUnicode_GET_LENGTH(replacement); i++) r = e->put(e, PyUnicode_READ(kind, data, i));
        if (r > 0) r = raise_encode_error(e, start, end, reason);
    }
    Py_XDECREF(answer);
    return r;
}
int kr_encode_all(KrEncoder *e, const char *reason) {
    for (Py_ssize_t i = 0; i < e->n;) {
        int r = e->put(e, PyUnicode_READ(e->kind, e->data, i));
        if (r < 0) return -1;
        if (r == 0) {
            i++;
            continue;
        }
        /* the whole run of characters that don't go: tried on a throw-away position */
        Py_ssize_t end = i + 1, size = e->size;
        while (end < e->n && (r = e->put(e, PyUnicode_READ(e->kind, e->data, end))) == 1) end++;
        if (r < 0) return -1;
        e->size = size;
        if (kr_encode_error(e, i, end, reason, &i) < 0) return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------ ASCII, Latin-1 */

PyObject *PyUnicode_DecodeASCII(const char *s, Py_ssize_t n, const char *errors) {
    if (kr_is_ascii(s, n)) return _PyUnicode_FromASCII(s, n);
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "ascii", errors, s, n);
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < d->n;) {
        if (d->s[i] < 0x80) r = _PyUnicodeWriter_WriteChar(&d->w, d->s[i++]);
        else r = kr_decode_error(d, i, i + 1, "ordinal not in range(128)", &i);
    }
    return kr_decoder_finish(d, r < 0);
}
PyObject *PyUnicode_DecodeLatin1(const char *s, Py_ssize_t n, const char *errors) {
    (void)errors;
    return kr_unicode_from_units(1, s, n);
}
static int put_below(KrEncoder *e, Py_UCS4 c, Py_UCS4 limit) {
    if (c >= limit) return 1;
    char *to = kr_encoder_room(e, 1);
    if (!to) return -1;
    *to = (char)c;
    e->size++;
    return 0;
}
static int put_ascii(KrEncoder *e, Py_UCS4 c) { return put_below(e, c, 0x80); }
static int put_latin1(KrEncoder *e, Py_UCS4 c) { return put_below(e, c, 0x100); }

static int check_str(PyObject *o) {
    if (kr_unicode_check(o)) return 0;
    PyErr_BadArgument();
    return -1;
}
PyObject *_PyUnicode_AsASCIIString(PyObject *o, const char *errors) {
    if (check_str(o) < 0) return NULL;
    if (PyUnicode_IS_ASCII(o)) return PyBytes_FromStringAndSize(PyUnicode_DATA(o), PyUnicode_GET_LENGTH(o));
    KrEncoder e;
    if (kr_encoder_init(&e, "ascii", errors, o, PyUnicode_GET_LENGTH(o)) < 0) return NULL;
    e.put = put_ascii;
    return kr_encoder_finish(&e, kr_encode_all(&e, "ordinal not in range(128)") < 0);
}
PyObject *_PyUnicode_AsLatin1String(PyObject *o, const char *errors) {
    if (check_str(o) < 0) return NULL;
    if (PyUnicode_KIND(o) == 1) return PyBytes_FromStringAndSize(PyUnicode_DATA(o), PyUnicode_GET_LENGTH(o));
    KrEncoder e;
    if (kr_encoder_init(&e, "latin-1", errors, o, PyUnicode_GET_LENGTH(o)) < 0) return NULL;
    e.put = put_latin1;
    return kr_encoder_finish(&e, kr_encode_all(&e, "ordinal not in range(256)") < 0);
}
PyObject *PyUnicode_AsASCIIString(PyObject *o) { return _PyUnicode_AsASCIIString(o, NULL); }
PyObject *PyUnicode_AsLatin1String(PyObject *o) { return _PyUnicode_AsLatin1String(o, NULL); }
