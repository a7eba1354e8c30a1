/* unicode_codecs.h - decoders and encoders: positions, output, and what happens at an error.
 *
 * A decoder reads d->s[0 .. d->n) by index and writes to d->w. An encoder reads code points of e->str by index and appends bytes. At an error
 * they call kr_decode_error / kr_encode_error, which does what `errors` says and gives the index to go on at. A handler may put another
 * bytes object in place of the input: then d->s and d->n change.
 */
#ifndef KRAIT_UNICODE_CODECS_H
#define KRAIT_UNICODE_CODECS_H
#include "object/unicode.h"

typedef struct {
    const char *encoding, *errors;
    const unsigned char *s;
    Py_ssize_t n;
    _PyUnicodeWriter w;
    PyObject *handler, *exc;    /* made at the first error that needs them */
} KrDecoder;

void kr_decoder_init(KrDecoder *, const char *encoding, const char *errors, const void *s, Py_ssize_t n);
/* The text, or NULL if `failed` or memory is out; frees the decoder. */
PyObject *kr_decoder_finish(KrDecoder *, bool failed) KR_NEW_REF KR_MAY_RAISE;
/* Bytes [start, end) can't be decoded. 0 and *next, or -1 with an exception. */
int kr_decode_error(KrDecoder *, Py_ssize_t start, Py_ssize_t end, const char *reason, Py_ssize_t *next) KR_MAY_RAISE KR_RUNS_PYTHON;

typedef struct KrEncoder {
    const char *encoding, *errors;
    PyObject *str;
    int kind;
    const void *data;
    Py_ssize_t n;
    PyObject *out;              /* bytes under construction */
    Py_ssize_t size;            /* used */
    PyObject *handler, *exc;
    /* Appends one character: 0, 1 when the encoding has none for it, -1 with an exception. */
    int (*put)(struct KrEncoder *, Py_UCS4);
    void *arg;                  /* of put */
    int unit;                   /* of the UTFs: bytes a code unit, of which replacements must be made, and from ASCII if they are str; else 0 */
} KrEncoder;

int kr_encoder_init(KrEncoder *, const char *encoding, const char *errors, PyObject *str, Py_ssize_t room) KR_MAY_RAISE;
PyObject *kr_encoder_finish(KrEncoder *, bool failed) KR_NEW_REF KR_MAY_RAISE;
/* Room for n more bytes: where they go, NULL with MemoryError. The caller then adds to e->size. */
char *kr_encoder_room(KrEncoder *, Py_ssize_t n) KR_MAY_RAISE;
/* Characters [start, end) can't be encoded. */
int kr_encode_error(KrEncoder *, Py_ssize_t start, Py_ssize_t end, const char *reason, Py_ssize_t *next) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Puts every character by e->put; reason is for those it has none for. */
int kr_encode_all(KrEncoder *, const char *reason) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
