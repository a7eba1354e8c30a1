/* textio.c - _io.TextIOWrapper: text over a buffered binary stream.
 *
 * Reading: `decoded` is text that was decoded, `used` how much of it was taken. With tell() in mind a snapshot is kept:
 * (decoder flags, bytes that were fed to it since), from which the byte position of any character of `decoded` can be found by
 * decoding again. A position given out by tell() is an int packing byte position, decoder flags, bytes to feed, characters to skip.
 * Writing: text is encoded at once into `pending` (bytearray) and passed on when it exceeds a chunk, at a line end with
 * line buffering, and before anything that reads or moves.
 */
#include "module/io/io.h"
#include <langinfo.h>

typedef struct {
    PyObject_HEAD
    PyObject *buffer, *encoding, *errors, *encoder, *decoder;
    PyObject *decoded;          /* str or NULL */
    Py_ssize_t used;
    PyObject *pending;          /* bytearray or NULL */
    PyObject *snapshot_input;   /* bytes fed to the decoder since snapshot_flags; NULL: no snapshot */
    unsigned long long snapshot_flags;
    PyObject *readnl, *writenl; /* str; readnl NULL for None */
    Py_ssize_t chunk;
    double b2c_ratio;
    bool ok, detached, line_buffering, write_through, universal, translate, seekable, telling, has_read1, finalizing, encoding_start;
    enum { ENC_OTHER, ENC_MARKED, ENC_UTF8, ENC_LATIN1, ENC_ASCII } fast;   /* from ENC_UTF8 on: encoded here */
    PyObject *dict, *weakrefs;
} Text;

static int check_init(Text *self) {
    if (self->ok) return 0;
    PyErr_SetString(PyExc_ValueError, self->detached ? "underlying buffer has been detached" : "I/O operation on uninitialized object");
    return -1;
}
static int check_open(Text *self) {
    if (check_init(self) < 0) return -1;
    return kr_io_check_closed((PyObject *)self);
}
#define CHECK(self) if (check_init(self) < 0) return NULL
#define CHECK_OPEN(self) if (check_open(self) < 0) return NULL

/* _PyObject_LookupAttr by a C string. */
static int lookup_string(PyObject *o, const char *attr, PyObject **v) {
    *v = NULL;
    PyObject *name = PyUnicode_InternFromString(attr);
    int r = name ? _PyObject_LookupAttr(o, name, v) : -1;
    Py_XDECREF(name);
    return r;
}

/* The locale's encoding, UTF-8 in UTF-8 mode. */
static const char *locale_encoding(void) { return kr_runtime.process.preconfig.utf8_mode ? "utf-8" : nl_langinfo(CODESET); }

/* ------------------------------------------------------------------ construction */

static const char *const newlines[] = {"", "\n", "\r", "\r\n"};
static int valid_newline(const char *s) {
    if (!s) return 0;
    for (size_t i = 0; i < KR_ARRAY_LEN(newlines); i++)
        if (!strcmp(s, newlines[i])) return 0;
    PyErr_Format(PyExc_ValueError, "illegal newline value: %s", s);
    return -1;
}
static int set_newline(Text *self, const char *nl) {
    PyObject *read = nl ? PyUnicode_FromString(nl) : NULL, *write = NULL;
    if (nl && !read) return -1;
    self->universal = !nl || !*nl;
    self->translate = !nl;
    bool write_translate = !nl || *nl;
    if (write_translate && nl && strcmp(nl, "\n")) write = Py_NewRef(read);
    Py_XSETREF(self->readnl, read);
    Py_XSETREF(self->writenl, write);
    return 0;
}

/* The codec's incremental object; new reference. */
static PyObject *make_codec(PyObject *info, const char *attr, PyObject *errors) {
    PyObject *cls = PyObject_GetAttrString(info, attr);
    PyObject *r = cls ? PyObject_CallOneArg(cls, errors) : NULL;
    Py_XDECREF(cls);
    return r;
}
static int set_codecs(Text *self, PyObject *info) {
    PyObject *r = PyObject_CallMethodNoArgs(self->buffer, KR_STR(readable));
    if (!r) return -1;
    int yes = PyObject_IsTrue(r);
    Py_DECREF(r);
    if (yes < 0) return -1;
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->encoder);
    if (yes) {
        if (!(self->decoder = make_codec(info, "incrementaldecoder", self->errors))) return -1;
        if (self->universal) {
            PyObject *wrapped = PyObject_CallFunction((PyObject *)&kr_io_newline_type, "OO", self->decoder, self->translate ? Py_True : Py_False);
            Py_SETREF(self->decoder, wrapped);
            if (!wrapped) return -1;
        }
    }
    r = PyObject_CallMethodNoArgs(self->buffer, KR_STR(writable));
    if (!r) return -1;
    yes = PyObject_IsTrue(r);
    Py_DECREF(r);
    if (yes < 0) return -1;
    self->fast = ENC_OTHER;
    if (yes) {
        if (!(self->encoder = make_codec(info, "incrementalencoder", self->errors))) return -1;
        PyObject *name;
        if (_PyObject_LookupAttr(info, KR_STR(name), &name) < 0) return -1;
        if (name && PyUnicode_Check(name)) {
            const char *s = PyUnicode_AsUTF8(name);
            self->fast = !s ? ENC_OTHER : !strcmp(s, "utf-8") ? ENC_UTF8 : !strcmp(s, "iso8859-1") ? ENC_LATIN1 : !strcmp(s, "ascii") ? ENC_ASCII
                         : !strcmp(s, "utf-16") || !strcmp(s, "utf-32") ? ENC_MARKED : ENC_OTHER;
        }
        Py_XDECREF(name);
    }
    return PyErr_Occurred() ? -1 : 0;
}
/* The codec's CodecInfo; it must be a text encoding. */
static PyObject *lookup_text(PyObject *encoding, const char *instead) {
    const char *name = PyUnicode_AsUTF8(encoding);
    PyObject *info = name ? _PyCodec_Lookup(name) : NULL, *flag = NULL;
    if (!info) return NULL;
    int text = 1;
    if (_PyObject_LookupAttr(info, KR_STR(_is_text_encoding), &flag) < 0) text = -1;
    else if (flag) text = PyObject_IsTrue(flag);
    Py_XDECREF(flag);
    if (text == 0) PyErr_Format(PyExc_LookupError, "%R is not a text encoding; use %s to handle arbitrary codecs", encoding, instead);
    if (text <= 0) Py_CLEAR(info);
    return info;
}
/* An encoder that writes into the middle of a file must not emit a byte order mark; UTF-16 and UTF-32 on what has no beginning to go back to
 * (a pipe) don't either. */
static int fix_encoder_state(Text *self) {
    if (!self->encoder) return 0;
    if (!self->seekable) {
        if (self->fast != ENC_MARKED) return 0;
        PyObject *r = PyObject_CallMethod(self->encoder, "setstate", "i", 0);
        Py_XDECREF(r);
        return r ? 0 : -1;
    }
    self->encoding_start = true;
    PyObject *at = PyObject_CallMethodNoArgs(self->buffer, KR_STR(tell));
    if (!at) return -1;
    int nonzero = PyObject_IsTrue(at);
    Py_DECREF(at);
    if (nonzero < 0) return -1;
    if (nonzero) {
        self->encoding_start = false;
        PyObject *r = PyObject_CallMethod(self->encoder, "setstate", "i", 0);
        if (!r) return -1;
        Py_DECREF(r);
    }
    return 0;
}

static int text_init(Text *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"buffer", "encoding", "errors", "newline", "line_buffering", "write_through", NULL};
    PyObject *buffer, *errors = Py_None, *info = NULL;
    const char *encoding = NULL, *newline = NULL;
    int line_buffering = 0, write_through = 0;
    self->ok = self->detached = false;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|zOzpp:TextIOWrapper", names, &buffer, &encoding, &errors, &newline, &line_buffering, &write_through)) return -1;
    if (valid_newline(newline) < 0) return -1;
    if (errors == Py_None) errors = KR_STR(strict);
    else if (!PyUnicode_Check(errors)) {
        PyErr_Format(PyExc_TypeError, "TextIOWrapper() argument 'errors' must be str or None, not %.50s", Py_TYPE(errors)->tp_name);
        return -1;
    }
    Py_CLEAR(self->decoded);
    Py_CLEAR(self->pending);
    Py_CLEAR(self->snapshot_input);
    self->used = 0;
    self->b2c_ratio = 0;
    if (!encoding && kr_interp()->config.warn_default_encoding &&
        PyErr_WarnEx(PyExc_EncodingWarning, "'encoding' argument not specified", 1) < 0)
        return -1;
    PyObject *enc = PyUnicode_FromString(encoding && strcmp(encoding, "locale") ? encoding : locale_encoding());
    if (!enc) return -1;
    Py_XSETREF(self->encoding, enc);
    if (!(info = lookup_text(enc, "codecs.open()"))) return -1;
    Py_INCREF(errors);
    Py_XSETREF(self->errors, errors);
    if (kr_interp()->config.dev_mode) {
        const char *e = PyUnicode_AsUTF8(errors);
        PyObject *h = e ? PyCodec_LookupError(e) : NULL;
        if (!h) goto fail;
        Py_DECREF(h);
    }
    self->chunk = IO_BUFFER_SIZE;
    self->line_buffering = line_buffering;
    self->write_through = write_through;
    if (set_newline(self, newline) < 0) goto fail;
    Py_INCREF(buffer);
    Py_XSETREF(self->buffer, buffer);
    if (set_codecs(self, info) < 0) goto fail;
    PyObject *r = PyObject_CallMethodNoArgs(buffer, KR_STR(seekable));
    if (!r) goto fail;
    int seekable = PyObject_IsTrue(r);
    Py_DECREF(r);
    if (seekable < 0) goto fail;
    self->seekable = self->telling = seekable;
    PyObject *read1;
    int has = lookup_string(buffer, "read1", &read1);
    if (has < 0) goto fail;
    Py_XDECREF(read1);
    self->has_read1 = has;
    self->encoding_start = false;
    if (fix_encoder_state(self) < 0) goto fail;
    Py_DECREF(info);
    self->ok = true;
    return 0;
fail:
    Py_XDECREF(info);
    return -1;
}

static int text_traverse(Text *self, visitproc visit, void *arg) {
    Py_VISIT(self->buffer);
    Py_VISIT(self->encoder);
    Py_VISIT(self->decoder);
    Py_VISIT(self->dict);
    return 0;
}
static int text_clear(Text *self) {
    self->ok = false;
    Py_CLEAR(self->buffer);
    Py_CLEAR(self->encoding);
    Py_CLEAR(self->errors);
    Py_CLEAR(self->encoder);
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->decoded);
    Py_CLEAR(self->pending);
    Py_CLEAR(self->snapshot_input);
    Py_CLEAR(self->readnl);
    Py_CLEAR(self->writenl);
    Py_CLEAR(self->dict);
    return 0;
}
static void text_dealloc(Text *self) {
    self->finalizing = true;
    if (kr_io_finalize_from_dealloc((PyObject *)self) < 0) return;
    self->ok = false;
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    text_clear(self);
    Py_TYPE(self)->tp_free(self);
}

/* ------------------------------------------------------------------ writing */

/* Passes pending bytes on. 0 or -1; they are kept for a retry only if write() did not start. */
static int write_pending(Text *self) {
    if (!self->pending || PyByteArray_GET_SIZE(self->pending) == 0) return 0;
    PyObject *b = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(self->pending), PyByteArray_GET_SIZE(self->pending));
    if (!b || PyByteArray_Resize(self->pending, 0) < 0) {
        Py_XDECREF(b);
        return -1;
    }
    PyObject *r;
    do r = PyObject_CallMethodOneArg(self->buffer, KR_STR(write), b);
    while (!r && PyErr_ExceptionMatches(PyExc_InterruptedError) && (PyErr_Clear(), 1));
    Py_DECREF(b);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
static int add_pending(Text *self, const char *p, Py_ssize_t n) {
    if (!self->pending && !(self->pending = PyByteArray_FromStringAndSize(NULL, 0))) return -1;
    Py_ssize_t old = PyByteArray_GET_SIZE(self->pending);
    if (PyByteArray_Resize(self->pending, old + n) < 0) return -1;
    memcpy(PyByteArray_AS_STRING(self->pending) + old, p, (size_t)n);
    return 0;
}
/* The same; what is pending goes first when both would exceed a chunk, so that big texts are not copied together. */
static int add_encoded(Text *self, const char *p, Py_ssize_t n) {
    if (self->pending && PyByteArray_GET_SIZE(self->pending) + n > self->chunk && write_pending(self) < 0) return -1;
    return add_pending(self, p, n);
}
/* Forgets what was read ahead: a write comes in between. */
static int drop_read_state(Text *self) {
    Py_CLEAR(self->decoded);
    self->used = 0;
    Py_CLEAR(self->snapshot_input);
    return self->decoder ? kr_io_call(self->decoder, KR_STR(reset)) : 0;
}

static PyObject *text_write(Text *self, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "write() argument must be str, not %.100s", Py_TYPE(text)->tp_name);
        return NULL;
    }
    CHECK_OPEN(self);
    if (!self->encoder) return kr_io_unsupported("not writable");
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    bool has_nl = (self->writenl || self->line_buffering) && PyUnicode_FindChar(text, '\n', 0, length, 1) >= 0;
    bool needs_flush = self->write_through ||
                       (self->line_buffering && (has_nl || PyUnicode_FindChar(text, '\r', 0, length, 1) >= 0));
    PyObject *out = NULL;
    if (has_nl && self->writenl) {
        PyObject *nl = PyUnicode_FromString("\n");
        out = nl ? PyUnicode_Replace(text, nl, self->writenl, -1) : NULL;
        Py_XDECREF(nl);
        if (!out) return NULL;
    } else {
        out = Py_NewRef(text);
    }
    int rc;
    if (self->fast >= ENC_UTF8 && PyUnicode_IS_COMPACT_ASCII(out)) {
        rc = add_encoded(self, PyUnicode_DATA(out), PyUnicode_GET_LENGTH(out));
    } else {
        PyObject *b;
        const char *errors = PyUnicode_AsUTF8(self->errors);
        if (self->fast == ENC_UTF8) b = _PyUnicode_AsUTF8String(out, errors);
        else if (self->fast == ENC_LATIN1) b = _PyUnicode_AsLatin1String(out, errors);
        else if (self->fast == ENC_ASCII) b = _PyUnicode_AsASCIIString(out, errors);
        else b = PyObject_CallMethodOneArg(self->encoder, KR_STR(encode), out);
        if (b && !PyBytes_Check(b)) {
            PyErr_Format(PyExc_TypeError, "encoder should return a bytes object, not '%.200s'", Py_TYPE(b)->tp_name);
            Py_CLEAR(b);
        }
        rc = b ? add_encoded(self, PyBytes_AS_STRING(b), PyBytes_GET_SIZE(b)) : -1;
        Py_XDECREF(b);
    }
    Py_DECREF(out);
    if (rc < 0) return NULL;
    if (PyByteArray_GET_SIZE(self->pending) >= self->chunk || needs_flush) {
        if (write_pending(self) < 0) return NULL;
    }
    if (needs_flush && self->line_buffering && kr_io_call(self->buffer, KR_STR(flush)) < 0) return NULL;
    if ((self->decoded || self->snapshot_input) && drop_read_state(self) < 0) return NULL;
    return PyLong_FromSsize_t(length);
}

/* ------------------------------------------------------------------ reading */

static void set_decoded(Text *self, PyObject *text) {
    Py_XSETREF(self->decoded, text);
    self->used = 0;
}
/* At most n characters (-1: all) of what is decoded. */
static PyObject *take(Text *self, Py_ssize_t n) {
    if (!self->decoded) return PyUnicode_FromStringAndSize(NULL, 0);
    Py_ssize_t left = PyUnicode_GET_LENGTH(self->decoded) - self->used;
    if (n < 0 || n > left) n = left;
    PyObject *r = PyUnicode_Substring(self->decoded, self->used, self->used + n);
    if (r) self->used += n;
    return r;
}
static PyObject *decode(Text *self, PyObject *input, int final) {
    if (Py_IS_TYPE(self->decoder, &kr_io_newline_type)) return kr_io_newline_decode(self->decoder, input, final);
    PyObject *r = PyObject_CallMethodObjArgs(self->decoder, KR_STR(decode), input, final ? Py_True : Py_False, NULL);
    if (r && !PyUnicode_Check(r)) {
        PyErr_Format(PyExc_TypeError, "decoder should return a string result, not '%.200s'", Py_TYPE(r)->tp_name);
        Py_CLEAR(r);
    }
    return r;
}
/* getstate() of the decoder: (bytes, flags); new reference to the bytes. */
static PyObject *decoder_state(Text *self, unsigned long long *flags) {
    PyObject *state = PyObject_CallMethod(self->decoder, "getstate", NULL), *bytes = NULL;
    if (!state) return NULL;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "illegal decoder state");
    } else if (PyArg_ParseTuple(state, "OK;illegal decoder state", &bytes, flags)) {
        if (PyBytes_Check(bytes)) Py_INCREF(bytes);
        else {
            PyErr_Format(PyExc_TypeError, "illegal decoder state: the first item should be a bytes object, not '%.200s'", Py_TYPE(bytes)->tp_name);
            bytes = NULL;
        }
    } else {
        bytes = NULL;
    }
    Py_DECREF(state);
    return bytes;
}
/* Reads and decodes a chunk. 1 if it was not the end, 0 at the end, -1 on error. */
static int read_chunk(Text *self, Py_ssize_t hint) {
    if (!self->decoder) {
        kr_io_unsupported("not readable");
        return -1;
    }
    PyObject *state = NULL;
    unsigned long long flags = 0;
    if (self->telling && !(state = decoder_state(self, &flags))) return -1;
    if (hint > 0) hint = (Py_ssize_t)(Py_MAX(self->b2c_ratio, 1.0) * (double)hint);
    PyObject *n = PyLong_FromSsize_t(Py_MAX(self->chunk, hint));
    PyObject *method = PyUnicode_InternFromString(self->has_read1 ? "read1" : "read");
    PyObject *input = n && method ? PyObject_CallMethodOneArg(self->buffer, method, n) : NULL;
    Py_XDECREF(n);
    Py_XDECREF(method);
    if (!input) goto fail;
    Py_buffer view;
    if (PyObject_GetBuffer(input, &view, PyBUF_SIMPLE) < 0) {
        PyErr_Format(PyExc_TypeError, "underlying %s() should have returned a bytes-like object, not '%.200s'", self->has_read1 ? "read1" : "read", Py_TYPE(input)->tp_name);
        goto fail;
    }
    Py_ssize_t nbytes = view.len;
    int eof = nbytes == 0;
    PyObject *text = decode(self, input, eof);
    if (!text) {
        PyBuffer_Release(&view);
        goto fail;
    }
    Py_ssize_t nchars = PyUnicode_GET_LENGTH(text);
    set_decoded(self, text);
    self->b2c_ratio = nchars > 0 ? (double)nbytes / (double)nchars : 0.0;
    if (nchars > 0) eof = 0;
    if (self->telling) {
        PyObject *fed = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(state) + nbytes);
        if (!fed) {
            PyBuffer_Release(&view);
            goto fail;
        }
        memcpy(PyBytes_AS_STRING(fed), PyBytes_AS_STRING(state), (size_t)PyBytes_GET_SIZE(state));
        memcpy(PyBytes_AS_STRING(fed) + PyBytes_GET_SIZE(state), view.buf, (size_t)nbytes);
        Py_XSETREF(self->snapshot_input, fed);
        self->snapshot_flags = flags;
    }
    PyBuffer_Release(&view);
    Py_DECREF(input);
    Py_XDECREF(state);
    return !eof;
fail:
    Py_XDECREF(input);
    Py_XDECREF(state);
    return -1;
}

static PyObject *text_read(Text *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|O&:read", kr_io_size, &n)) return NULL;
    CHECK_OPEN(self);
    if (!self->decoder) return kr_io_unsupported("not readable");
    if (write_pending(self) < 0) return NULL;
    if (n < 0) {
        PyObject *bytes = PyObject_CallMethodNoArgs(self->buffer, KR_STR(read));
        PyObject *rest = bytes ? decode(self, bytes, 1) : NULL;
        Py_XDECREF(bytes);
        if (!rest) return NULL;
        PyObject *r = take(self, -1);
        if (!r) {
            Py_DECREF(rest);
            return NULL;
        }
        PyUnicode_AppendAndDel(&r, rest);
        Py_CLEAR(self->decoded);
        self->used = 0;
        Py_CLEAR(self->snapshot_input);
        return r;
    }
    PyObject *r = take(self, n), *chunks = NULL;
    if (!r) return NULL;
    Py_ssize_t left = n - PyUnicode_GET_LENGTH(r);
    while (left > 0) {
        int more = read_chunk(self, left);
        if (more < 0) {
            if (PyErr_ExceptionMatches(PyExc_InterruptedError)) {
                PyErr_Clear();
                continue;
            }
            goto fail;
        }
        if (!more) break;
        if (!chunks && !(chunks = PyList_New(0))) goto fail;
        if (PyUnicode_GET_LENGTH(r) > 0 && PyList_Append(chunks, r) < 0) goto fail;
        Py_SETREF(r, take(self, left));
        if (!r) goto fail;
        left -= PyUnicode_GET_LENGTH(r);
    }
    if (chunks) {
        PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0);
        if (!empty || PyList_Append(chunks, r) < 0) {
            Py_XDECREF(empty);
            goto fail;
        }
        Py_SETREF(r, PyUnicode_Join(empty, chunks));
        Py_DECREF(empty);
        Py_DECREF(chunks);
    }
    return r;
fail:
    Py_XDECREF(r);
    Py_XDECREF(chunks);
    return NULL;
}

/* A line of at most `limit` characters (-1: any); "" at the end. */
static PyObject *read_line(Text *self, Py_ssize_t limit) {
    CHECK_OPEN(self);
    if (write_pending(self) < 0) return NULL;
    PyObject *start = NULL; /* what earlier chunks gave of this line */
    for (;;) {
        if (!self->decoded || self->used >= PyUnicode_GET_LENGTH(self->decoded)) {
            int more = read_chunk(self, 0);
            if (more < 0) {
                if (PyErr_ExceptionMatches(PyExc_InterruptedError)) {
                    PyErr_Clear();
                    continue;
                }
                Py_XDECREF(start);
                return NULL;
            }
            if (!more) {
                Py_CLEAR(self->decoded);
                Py_CLEAR(self->snapshot_input);
                self->used = 0;
                return start ? start : PyUnicode_FromStringAndSize(NULL, 0);
            }
            if (PyUnicode_GET_LENGTH(self->decoded) == 0) continue;
        }
        /* look at what is kept of the line and the decoded text as one; positions in `text` are `shift` ahead of `decoded` */
        Py_ssize_t shift = 0, from = self->used, scan = from;
        PyObject *text = Py_NewRef(self->decoded);
        if (start) {
            shift = PyUnicode_GET_LENGTH(start) - from;
            scan = self->translate ? shift + from : Py_MAX(shift + from - 1, 0);
            PyObject *tail = from ? PyUnicode_Substring(text, from, PyUnicode_GET_LENGTH(text)) : Py_NewRef(text);
            Py_SETREF(text, tail ? PyUnicode_Concat(start, tail) : NULL);
            Py_XDECREF(tail);
            Py_CLEAR(start);
            if (!text) return NULL;
            from = 0;
        }
        Py_ssize_t consumed, n = PyUnicode_GET_LENGTH(text);
        Py_ssize_t end = kr_io_find_line(text, scan, self->translate, self->universal, self->readnl, &consumed);
        if (end < 0 && limit >= 0 && n - from >= limit) end = from + limit;
        if (end >= 0 && limit >= 0 && end - from > limit) end = from + limit;
        if (end >= 0) {
            PyObject *line = from == 0 && end == n ? Py_NewRef(text) : PyUnicode_Substring(text, from, end);
            self->used = end - shift;
            Py_DECREF(text);
            return line;
        }
        start = from == 0 ? Py_NewRef(text) : PyUnicode_Substring(text, from, n);
        Py_DECREF(text);
        if (!start) return NULL;
        self->used = PyUnicode_GET_LENGTH(self->decoded);
    }
}
static PyObject *text_readline(Text *self, PyObject *args) {
    Py_ssize_t limit = -1;
    if (!PyArg_ParseTuple(args, "|n:readline", &limit)) return NULL;
    CHECK(self);
    return read_line(self, limit);
}
static PyObject *text_next(Text *self) {
    CHECK(self);
    self->telling = false;
    PyObject *line;
    if (Py_IS_TYPE(self, &kr_io_wrapper_type)) {
        line = read_line(self, -1);
    } else {
        line = PyObject_CallMethodNoArgs((PyObject *)self, KR_STR(readline));
        if (line && !PyUnicode_Check(line)) {
            PyErr_Format(PyExc_OSError, "readline() should have returned a str object, not '%.200s'", Py_TYPE(line)->tp_name);
            Py_CLEAR(line);
        }
    }
    if (line && PyUnicode_GET_LENGTH(line) == 0) {
        Py_CLEAR(line);
        Py_CLEAR(self->snapshot_input);
        self->telling = self->seekable;
    }
    return line;
}

/* ------------------------------------------------------------------ positions */

/* The int tell() gives: start position in bits 0-63, then decoder flags, bytes to feed, characters to skip (32 bits
 * each), and whether the decoder had seen the end. */
typedef struct {
    long long start;
    unsigned flags, feed, skip;
    bool eof;
} Cookie;
enum { COOKIE_BYTES = 8 + 4 + 4 + 4 + 1 };

static PyObject *cookie_pack(const Cookie *c) {
    unsigned char b[COOKIE_BYTES];
    memcpy(b, &c->start, 8);
    memcpy(b + 8, &c->flags, 4);
    memcpy(b + 12, &c->feed, 4);
    memcpy(b + 16, &c->skip, 4);
    b[20] = c->eof;
    return _PyLong_FromByteArray(b, sizeof b, 1, 0);
}
static int cookie_parse(PyObject *o, Cookie *c) {
    unsigned char b[COOKIE_BYTES];
    PyObject *i = PyNumber_Long(o);
    if (!i) return -1;
    int rc = _PyLong_AsByteArray((PyLongObject *)i, b, sizeof b, 1, 0);
    Py_DECREF(i);
    if (rc < 0) return -1;
    memcpy(&c->start, b, 8);
    memcpy(&c->flags, b + 8, 4);
    memcpy(&c->feed, b + 12, 4);
    memcpy(&c->skip, b + 16, 4);
    c->eof = b[20];
    return 0;
}
static int decoder_set(Text *self, const char *bytes, Py_ssize_t n, unsigned long long flags) {
    PyObject *r = PyObject_CallMethod(self->decoder, "setstate", "((y#K))", bytes, n, flags);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
static int decoder_set_flags(Text *self, unsigned long long flags) { return decoder_set(self, "", 0, flags); }
/* Feeds n bytes and counts the characters that come out. -1 on error. */
static Py_ssize_t count_chars(Text *self, const char *p, Py_ssize_t n, bool final) {
    PyObject *b = PyBytes_FromStringAndSize(p, n), *t = b ? PyObject_CallMethodObjArgs(self->decoder, KR_STR(decode), b, final ? Py_True : Py_False, NULL) : NULL;
    Py_XDECREF(b);
    if (!t) return -1;
    Py_ssize_t len = PyUnicode_Check(t) ? PyUnicode_GET_LENGTH(t) : -1;
    if (len < 0) PyErr_Format(PyExc_TypeError, "decoder should return a string result, not '%.200s'", Py_TYPE(t)->tp_name);
    Py_DECREF(t);
    return len;
}

static PyObject *text_tell(Text *self, PyObject *ignored) {
    CHECK_OPEN(self);
    if (!self->seekable) return kr_io_unsupported("underlying stream is not seekable");
    if (!self->telling) {
        PyErr_SetString(PyExc_OSError, "telling position disabled by next() call");
        return NULL;
    }
    if (write_pending(self) < 0 || kr_io_call((PyObject *)self, KR_STR(flush)) < 0) return NULL;
    PyObject *at = PyObject_CallMethodNoArgs(self->buffer, KR_STR(tell));
    if (!at || !self->decoder || !self->snapshot_input) return at;
    Cookie c = {0};
    long long position = PyLong_AsLongLong(at);
    Py_DECREF(at);
    if (position == -1 && PyErr_Occurred()) return NULL;
    const char *input = PyBytes_AS_STRING(self->snapshot_input);
    Py_ssize_t n = PyBytes_GET_SIZE(self->snapshot_input), skip = self->used;
    c.start = position - n;
    c.flags = (unsigned)self->snapshot_flags;
    if (skip == 0 || !self->decoded) return cookie_pack(&c);
    /* Find the last place before the wanted character where the decoder is in a state that can be written down: feed
     * byte by byte, noting each place where it holds no bytes back. */
    unsigned long long saved_flags, flags;
    PyObject *saved = decoder_state(self, &saved_flags), *result = NULL;
    if (!saved) return NULL;
    Py_ssize_t fed = 0, chars = 0, safe_fed = 0, safe_chars = 0;
    unsigned long long safe_flags = self->snapshot_flags;
    if (decoder_set_flags(self, self->snapshot_flags) < 0) goto done;
    /* a first guess: as many bytes as the ratio suggests, taken if the decoder is clean there and not too far */
    Py_ssize_t guess = (Py_ssize_t)(self->b2c_ratio * (double)skip);
    if (guess > n) guess = n;
    while (guess > 16) {
        if (decoder_set_flags(self, self->snapshot_flags) < 0) goto done;
        Py_ssize_t got = count_chars(self, input, guess, false);
        if (got < 0) goto done;
        PyObject *held = decoder_state(self, &flags);
        if (!held) goto done;
        bool clean = PyBytes_GET_SIZE(held) == 0;
        Py_ssize_t held_n = PyBytes_GET_SIZE(held);
        Py_DECREF(held);
        if (got <= skip && clean) {
            fed = safe_fed = guess;
            chars = safe_chars = got;
            safe_flags = flags;
            break;
        }
        guess = got > skip ? guess - guess / 4 - 1 : guess - Py_MAX(held_n, 1);
    }
    if (fed == 0 && decoder_set_flags(self, self->snapshot_flags) < 0) goto done;
    bool finished = chars >= skip;
    while (!finished && fed < n) {
        Py_ssize_t got = count_chars(self, input + fed, 1, false);
        if (got < 0) goto done;
        fed++;
        chars += got;
        PyObject *held = decoder_state(self, &flags);
        if (!held) goto done;
        bool clean = PyBytes_GET_SIZE(held) == 0;
        Py_DECREF(held);
        if (clean && chars <= skip) {
            safe_fed = fed;
            safe_chars = chars;
            safe_flags = flags;
        }
        if (chars >= skip) finished = true;
    }
    c.start += safe_fed;
    c.flags = (unsigned)safe_flags;
    c.skip = (unsigned)(skip - safe_chars);
    if (c.skip) c.feed = (unsigned)(fed - safe_fed);
    if (!finished) {
        Py_ssize_t got = count_chars(self, "", 0, true);
        if (got < 0) goto done;
        c.eof = true;
        chars += got;
        c.feed = (unsigned)(fed - safe_fed);
        if (chars < skip) {
            PyErr_SetString(PyExc_OSError, "can't reconstruct logical file position");
            goto done;
        }
    }
    if (c.skip == 0) c.feed = 0, c.eof = false;
    result = cookie_pack(&c);
done:;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    if (decoder_set(self, PyBytes_AS_STRING(saved), PyBytes_GET_SIZE(saved), saved_flags) < 0) {
        Py_CLEAR(result);
        if (t) PyErr_Clear();
    }
    Py_DECREF(saved);
    if (t) PyErr_Restore(t, v, tb);
    return result;
}

static int encoder_reset(Text *self, bool at_start) {
    if (!self->encoder) return 0;
    PyObject *r = at_start ? PyObject_CallMethodNoArgs(self->encoder, KR_STR(reset)) : PyObject_CallMethod(self->encoder, "setstate", "i", 0);
    if (!r) return -1;
    Py_DECREF(r);
    self->encoding_start = at_start;
    return 0;
}

static PyObject *text_seek(Text *self, PyObject *args) {
    PyObject *o, *r;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "O|i:seek", &o, &whence)) return NULL;
    CHECK_OPEN(self);
    if (!self->seekable) return kr_io_unsupported("underlying stream is not seekable");
    Py_INCREF(o);
    PyObject *zero = PyLong_FromLong(0);
    int is_zero = zero ? PyObject_RichCompareBool(o, zero, Py_EQ) : -1;
    Py_XDECREF(zero);
    if (is_zero < 0) goto fail;
    if (whence == 1) {
        if (!is_zero) {
            kr_io_unsupported("can't do nonzero cur-relative seeks");
            goto fail;
        }
        Py_SETREF(o, PyObject_CallMethodNoArgs((PyObject *)self, KR_STR(tell)));
        if (!o) goto fail;
    } else if (whence == 2) {
        if (!is_zero) {
            kr_io_unsupported("can't do nonzero end-relative seeks");
            goto fail;
        }
        if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0 || drop_read_state(self) < 0) goto fail;
        r = PyObject_CallMethod(self->buffer, "seek", "ii", 0, 2);
        if (r && self->encoder) {
            int nonzero = PyObject_IsTrue(r);
            if (nonzero < 0 || encoder_reset(self, !nonzero) < 0) Py_CLEAR(r);
        }
        Py_DECREF(o);
        return r;
    } else if (whence != 0) {
        PyErr_Format(PyExc_ValueError, "invalid whence (%d, should be %d, %d or %d)", whence, 0, 1, 2);
        goto fail;
    }
    zero = PyLong_FromLong(0);
    int negative = zero ? PyObject_RichCompareBool(o, zero, Py_LT) : -1;
    Py_XDECREF(zero);
    if (negative) {
        if (negative > 0) PyErr_Format(PyExc_ValueError, "negative seek position %R", o);
        goto fail;
    }
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) goto fail;
    Cookie c;
    if (cookie_parse(o, &c) < 0) goto fail;
    r = PyObject_CallMethod(self->buffer, "seek", "L", c.start);
    if (!r) goto fail;
    Py_DECREF(r);
    Py_CLEAR(self->decoded);
    self->used = 0;
    Py_CLEAR(self->snapshot_input);
    if (self->decoder && (c.start == 0 && c.flags == 0 ? kr_io_call(self->decoder, KR_STR(reset)) : decoder_set_flags(self, c.flags)) < 0) goto fail;
    if (c.skip) {
        PyObject *n = PyLong_FromUnsignedLong(c.feed), *input = n ? PyObject_CallMethodOneArg(self->buffer, KR_STR(read), n) : NULL;
        Py_XDECREF(n);
        if (!input) goto fail;
        if (!PyBytes_Check(input)) {
            PyErr_Format(PyExc_TypeError, "underlying read() should have returned a bytes object, not '%.200s'", Py_TYPE(input)->tp_name);
            Py_DECREF(input);
            goto fail;
        }
        PyObject *text = decode(self, input, c.eof);
        if (!text) {
            Py_DECREF(input);
            goto fail;
        }
        self->snapshot_flags = c.flags;
        Py_XSETREF(self->snapshot_input, input);
        set_decoded(self, text);
        if (PyUnicode_GET_LENGTH(text) < (Py_ssize_t)c.skip) {
            PyErr_SetString(PyExc_OSError, "can't restore logical file position");
            goto fail;
        }
        self->used = c.skip;
    } else {
        self->snapshot_flags = c.flags;
        Py_XSETREF(self->snapshot_input, PyBytes_FromStringAndSize(NULL, 0));
        if (!self->snapshot_input) goto fail;
    }
    if (encoder_reset(self, c.start == 0 && c.flags == 0) < 0) goto fail;
    return o;
fail:
    Py_XDECREF(o);
    return NULL;
}

/* ------------------------------------------------------------------ the rest */

static PyObject *text_truncate(Text *self, PyObject *args) {
    PyObject *pos = Py_None;
    if (!PyArg_ParseTuple(args, "|O:truncate", &pos)) return NULL;
    CHECK(self);
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) return NULL;
    return PyObject_CallMethodOneArg(self->buffer, KR_STR(truncate), pos);
}
static PyObject *text_flush(Text *self, PyObject *ignored) {
    CHECK_OPEN(self);
    self->telling = self->seekable;
    if (write_pending(self) < 0) return NULL;
    return PyObject_CallMethodNoArgs(self->buffer, KR_STR(flush));
}
static PyObject *text_close(Text *self, PyObject *ignored) {
    CHECK(self);
    int closed = kr_io_is_closed((PyObject *)self);
    if (closed < 0) return NULL;
    if (closed) Py_RETURN_NONE;
    PyObject *t = NULL, *v = NULL, *tb = NULL;
    if (self->finalizing) kr_io_dealloc_warn(self->buffer, (PyObject *)self);
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) PyErr_Fetch(&t, &v, &tb);
    PyObject *r = PyObject_CallMethodNoArgs(self->buffer, KR_STR(close));
    if (t) {
        Py_CLEAR(r);
        _PyErr_ChainExceptions(t, v, tb);
    }
    return r;
}
static PyObject *text_detach(Text *self, PyObject *ignored) {
    CHECK(self);
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) return NULL;
    PyObject *b = self->buffer;
    self->buffer = NULL;
    self->detached = true;
    self->ok = false;
    return b;
}
static PyObject *text_reconfigure(Text *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"encoding", "errors", "newline", "line_buffering", "write_through", NULL};
    PyObject *encoding = Py_None, *errors = Py_None, *newline_obj = NULL, *lb = Py_None, *wt = Py_None;
    const char *newline = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$OOOOO:reconfigure", names, &encoding, &errors, &newline_obj, &lb, &wt)) return NULL;
    CHECK(self);
    if (self->decoded && (encoding != Py_None || errors != Py_None || newline_obj)) return kr_io_unsupported("It is not possible to set the encoding or newline of stream after the first read");
    if (newline_obj && newline_obj != Py_None) {
        if (!PyUnicode_Check(newline_obj)) {
            PyErr_Format(PyExc_TypeError, "reconfigure() argument 'newline' must be str or None, not %s", Py_TYPE(newline_obj)->tp_name);
            return NULL;
        }
        if (!(newline = PyUnicode_AsUTF8(newline_obj)) || valid_newline(newline) < 0) return NULL;
    }
    int line_buffering = lb == Py_None ? self->line_buffering : PyObject_IsTrue(lb), write_through = wt == Py_None ? self->write_through : PyObject_IsTrue(wt);
    if (line_buffering < 0 || write_through < 0) return NULL;
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) return NULL;
    self->b2c_ratio = 0;
    if (newline_obj && set_newline(self, newline) < 0) return NULL;
    if (encoding != Py_None || errors != Py_None || newline_obj) {
        PyObject *enc, *err;
        if (encoding == Py_None) {
            enc = Py_NewRef(self->encoding);
            err = Py_NewRef(errors == Py_None ? self->errors : errors);
        } else {
            if (!PyUnicode_Check(encoding)) {
                PyErr_Format(PyExc_TypeError, "reconfigure() argument 'encoding' must be str or None, not %s", Py_TYPE(encoding)->tp_name);
                return NULL;
            }
            enc = _PyUnicode_EqualToASCIIString(encoding, "locale") ? PyUnicode_FromString(locale_encoding()) : Py_NewRef(encoding);
            err = Py_NewRef(errors == Py_None ? KR_STR(strict) : errors);
        }
        PyObject *info = enc ? lookup_text(enc, "codecs.open()") : NULL;
        if (!info || !PyUnicode_Check(err)) {
            if (info) PyErr_SetString(PyExc_TypeError, "errors must be str or None");
            Py_XDECREF(info);
            Py_XDECREF(enc);
            Py_DECREF(err);
            return NULL;
        }
        Py_SETREF(self->encoding, enc);
        Py_SETREF(self->errors, err);
        int rc = set_codecs(self, info);
        Py_DECREF(info);
        if (rc < 0 || fix_encoder_state(self) < 0) return NULL;
    }
    self->line_buffering = line_buffering;
    self->write_through = write_through;
    Py_RETURN_NONE;
}
static PyObject *ask(Text *self, PyObject *name) {
    CHECK(self);
    return PyObject_CallMethodNoArgs(self->buffer, name);
}
static PyObject *text_fileno(Text *self, PyObject *ignored) { return ask(self, KR_STR(fileno)); }
static PyObject *text_seekable(Text *self, PyObject *ignored) { return ask(self, KR_STR(seekable)); }
static PyObject *text_readable(Text *self, PyObject *ignored) { return ask(self, KR_STR(readable)); }
static PyObject *text_writable(Text *self, PyObject *ignored) { return ask(self, KR_STR(writable)); }
static PyObject *text_isatty(Text *self, PyObject *ignored) { return ask(self, KR_STR(isatty)); }
static PyObject *no_pickle(PyObject *self, PyObject *args) {
    PyErr_Format(PyExc_TypeError, "cannot pickle '%.100s' object", Py_TYPE(self)->tp_name);
    return NULL;
}
static PyObject *text_repr(Text *self) {
    if (!self->detached) CHECK(self);
    int status = Py_ReprEnter((PyObject *)self);
    if (status) {
        if (status > 0) PyErr_Format(PyExc_RuntimeError, "reentrant call inside %s.__repr__", Py_TYPE(self)->tp_name);
        return NULL;
    }
    PyObject *r = PyUnicode_FromString("<_io.TextIOWrapper");
    static const char *const parts[] = {" name=%R", " mode=%R"};
    PyObject *const attrs[] = {KR_STR(name), KR_STR(mode)};
    for (int i = 0; r && i < 2; i++) {
        PyObject *v;
        if (_PyObject_LookupAttr((PyObject *)self, attrs[i], &v) < 0) {
            if (!PyErr_ExceptionMatches(PyExc_ValueError)) {
                Py_CLEAR(r);
                break;
            }
            PyErr_Clear();
            v = NULL;
        }
        if (!v) continue;
        PyUnicode_AppendAndDel(&r, PyUnicode_FromFormat(parts[i], v));
        Py_DECREF(v);
    }
    if (r) PyUnicode_AppendAndDel(&r, PyUnicode_FromFormat(" encoding=%R>", self->encoding));
    Py_ReprLeave((PyObject *)self);
    return r;
}
static PyObject *get_name(Text *self, void *ignored) {
    CHECK(self);
    return PyObject_GetAttr(self->buffer, KR_STR(name));
}
PyObject *kr_io_text_below(PyObject *self) { return ((Text *)self)->ok ? ((Text *)self)->buffer : NULL; }
static PyObject *get_closed(Text *self, void *ignored) {
    CHECK(self);
    return PyObject_GetAttr(self->buffer, KR_STR(closed));
}
static PyObject *get_newlines(Text *self, void *ignored) {
    CHECK(self);
    PyObject *v;
    if (!self->decoder || lookup_string(self->decoder, "newlines", &v) == 0) Py_RETURN_NONE;
    return v;
}
static PyObject *get_errors(Text *self, void *ignored) {
    if (!self->detached) CHECK(self);
    return Py_NewRef(self->errors);
}
static PyObject *get_chunk(Text *self, void *ignored) {
    CHECK(self);
    return PyLong_FromSsize_t(self->chunk);
}
static int set_chunk(Text *self, PyObject *v, void *ignored) {
    if (!v) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete attribute");
        return -1;
    }
    Py_ssize_t n = PyNumber_AsSsize_t(v, PyExc_ValueError);
    if (n == -1 && PyErr_Occurred()) return -1;
    if (n <= 0) {
        PyErr_SetString(PyExc_ValueError, "a strictly positive integer is required");
        return -1;
    }
    self->chunk = n;
    return 0;
}
static PyMethodDef text_methods[] = {
    {"detach", KR_METH(text_detach), METH_NOARGS, "detach($self, /)\n--\n\nTakes the underlying stream away; this one is unusable then."},
    {"reconfigure", KR_METH(text_reconfigure), METH_VARARGS | METH_KEYWORDS, "reconfigure($self, /, *, encoding=None, errors=None, newline=None,\n            line_buffering=None, write_through=None)\n--\n\nChanges how text is read and written."},
    {"write", KR_METH(text_write), METH_O, "write($self, text, /)\n--\n\nWrites; how much was taken."},
    {"read", KR_METH(text_read), METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads so much, or to the end."},
    {"readline", KR_METH(text_readline), METH_VARARGS, "readline($self, size=-1, /)\n--\n\nA line, or so much of it."},
    {"flush", KR_METH(text_flush), METH_NOARGS, "flush($self, /)\n--\n\nWrites what is buffered."},
    {"close", KR_METH(text_close), METH_NOARGS, "close($self, /)\n--\n\nFlushes and closes."},
    {"fileno", KR_METH(text_fileno), METH_NOARGS, "fileno($self, /)\n--\n\nThe descriptor."},
    {"seekable", KR_METH(text_seekable), METH_NOARGS, "seekable($self, /)\n--\n\nWhether seek() works."},
    {"readable", KR_METH(text_readable), METH_NOARGS, "readable($self, /)\n--\n\nWhether read() works."},
    {"writable", KR_METH(text_writable), METH_NOARGS, "writable($self, /)\n--\n\nWhether write() works."},
    {"isatty", KR_METH(text_isatty), METH_NOARGS, "isatty($self, /)\n--\n\nWhether it is a terminal."},
    {"seek", KR_METH(text_seek), METH_VARARGS, "seek($self, cookie, whence=0, /)\n--\n\nMoves the stream position; the new one."},
    {"tell", KR_METH(text_tell), METH_NOARGS, "tell($self, /)\n--\n\nThe stream position."},
    {"truncate", KR_METH(text_truncate), METH_VARARGS, "truncate($self, pos=None, /)\n--\n\nCuts the file at a size, the position by default."},
    {"__reduce__", no_pickle, METH_VARARGS}, {"__reduce_ex__", no_pickle, METH_VARARGS}, {NULL}};
static PyMemberDef text_members[] = {{"encoding", T_OBJECT, offsetof(Text, encoding), READONLY}, {"buffer", T_OBJECT, offsetof(Text, buffer), READONLY},
    {"line_buffering", T_BOOL, offsetof(Text, line_buffering), READONLY}, {"write_through", T_BOOL, offsetof(Text, write_through), READONLY},
    {"_finalizing", T_BOOL, offsetof(Text, finalizing), 0}, {NULL}};
static PyGetSetDef text_getset[] = {{"name", (getter)get_name, NULL, NULL}, {"closed", (getter)get_closed, NULL, NULL},
    {"newlines", (getter)get_newlines, NULL, NULL}, {"errors", (getter)get_errors, NULL, NULL}, {"_CHUNK_SIZE", (getter)get_chunk, (setter)set_chunk, NULL}, {NULL}};
PyTypeObject kr_io_wrapper_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.TextIOWrapper", .tp_basicsize = sizeof(Text), .tp_dealloc = (destructor)text_dealloc,
    .tp_repr = (reprfunc)text_repr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "TextIOWrapper(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)\n--\n\nText over a buffered binary stream.",
    .tp_traverse = (traverseproc)text_traverse, .tp_clear = (inquiry)text_clear, .tp_weaklistoffset = offsetof(Text, weakrefs),
    .tp_iternext = (iternextfunc)text_next, .tp_methods = text_methods, .tp_members = text_members, .tp_getset = text_getset, .tp_base = &kr_io_textbase_type,
    .tp_dictoffset = offsetof(Text, dict), .tp_init = (initproc)text_init, .tp_new = PyType_GenericNew};
