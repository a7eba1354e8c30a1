/* zlib.c - the module zlib: checksums, compression and decompression by the system's zlib.
 *
 * A Stream is a compressor (type Compress) or a decompressor (Decompress). `live` says that libz has a state behind `z`; a compressor that
 * was finished has none. The lock is held while libz works without the GIL, and whatever calls libz or changes the attributes holds it.
 *
 * Output grows by doubling in an Output, whose bytes object becomes the result. libz counts in 32 bits, so longer inputs and outputs are
 * handed over in pieces (feed, Output's room).
 */
#include "krait.h"
#include "module/module_constants.h"
#include <zlib.h>

#define FIRST_ROOM 16384            /* bytes of output, at first */
#define MEMORY_LEVEL 8              /* libz's default */

typedef struct {
    PyTypeObject *compress_type, *decompress_type;
    PyObject *error;
} ModuleState;

typedef struct {
    PyObject_HEAD
    z_stream z;
    bool live;
    char eof;
    PyObject *unused_data, *unconsumed_tail;    /* bytes; a decompressor's */
    PyObject *zdict;                            /* the preset dictionary or NULL; a decompressor's */
    PyThread_type_lock lock;
} Stream;
#define S(o) ((Stream *)(o))

static ModuleState *state_of(Stream *self) { return PyType_GetModuleState(Py_TYPE(self)); }

/* ------------------------------------------------------------------ helpers */

static void *allocate(void *opaque, unsigned items, unsigned size) { return items && size > UINT_MAX / items ? NULL : PyMem_RawMalloc((size_t)items * size); }
static void release(void *opaque, void *p) { PyMem_RawFree(p); }

static PyObject *raise_error(PyObject *type, z_stream *z, int code, const char *doing) {
    const char *reason = code == Z_VERSION_ERROR ? "library version mismatch" : z->msg;
    if (!reason)
        reason = code == Z_BUF_ERROR      ? "incomplete or truncated stream"
                 : code == Z_STREAM_ERROR ? "inconsistent stream state"
                 : code == Z_DATA_ERROR   ? "invalid input data"
                                          : NULL;
    if (reason)
        PyErr_Format(type, "Error %d %s: %.200s", code, doing, reason);
    else
        PyErr_Format(type, "Error %d %s", code, doing);
    return NULL;
}
static PyObject *no_memory(const char *message) {
    PyErr_SetString(PyExc_MemoryError, message);
    return NULL;
}

/* What libz has produced: `used` bytes of `bytes`, not counting what it wrote since the last make_room. */
typedef struct {
    PyObject *bytes;
    Py_ssize_t limit;               /* at most so many bytes, -1: no limit */
} Output;

/* Gives libz a place for output, larger than before; 0 when the limit is reached, -1 with an exception set. */
static int make_room(Output *out, z_stream *z, Py_ssize_t first) {
    Py_ssize_t used = 0, size = first;
    if (out->bytes) {
        used = (char *)z->next_out - PyBytes_AS_STRING(out->bytes);
        size = PyBytes_GET_SIZE(out->bytes);
        if (used == size) {
            if (size == out->limit) return 0;
            if (size > PY_SSIZE_T_MAX / 2) goto no_memory;
            size *= 2;
        }
    }
    if (out->limit >= 0 && size > out->limit) size = out->limit;
    if (!out->bytes)
        out->bytes = PyBytes_FromStringAndSize(NULL, size);
    else if (size != PyBytes_GET_SIZE(out->bytes))
        _PyBytes_Resize(&out->bytes, size);
    if (!out->bytes) goto no_memory;
    z->next_out = (Bytef *)PyBytes_AS_STRING(out->bytes) + used;
    z->avail_out = (uInt)Py_MIN(size - used, (Py_ssize_t)UINT_MAX);
    return size > used;
no_memory:
    PyErr_SetString(PyExc_MemoryError, "Unable to allocate output buffer.");
    return -1;
}
static PyObject *finish_output(Output *out, z_stream *z) {
    if (_PyBytes_Resize(&out->bytes, (char *)z->next_out - PyBytes_AS_STRING(out->bytes)) < 0) return NULL;
    return out->bytes;
}

/* Hands the next piece of the input over; `left` is what comes after it. */
static void feed(z_stream *z, Py_ssize_t *left) {
    z->avail_in = (uInt)Py_MIN(*left, (Py_ssize_t)UINT_MAX);
    *left -= z->avail_in;
}

typedef int Work(z_stream *, int flush);

/* Lets libz work on `n` bytes of input until all is consumed or the stream ends or the output is full; the last piece goes with `flush`.
 * libz's code, or Z_ERRNO with an exception set; the input not consumed is counted in *n. */
static int run(z_stream *z, Work *work, int flush, Output *out, Py_ssize_t first, Py_ssize_t *n) {
    int code = Z_OK, room;
    do {
        feed(z, n);
        do {
            room = make_room(out, z, first);
            if (room < 0) return Z_ERRNO;
            if (room == 0) break;
            Py_BEGIN_ALLOW_THREADS
            code = work(z, *n ? Z_NO_FLUSH : flush);
            Py_END_ALLOW_THREADS
        } while ((code == Z_OK || code == Z_BUF_ERROR) && z->avail_out == 0);
        *n += z->avail_in;
    } while (room && code == Z_OK && z->avail_in == 0 && *n);
    return code;
}

/* ------------------------------------------------------------------ in one go */

static PyObject *compress_all(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "level", "wbits", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|ii:compress"};
    ModuleState *state = PyModule_GetState(module);
    Py_buffer data;
    int level = Z_DEFAULT_COMPRESSION, wbits = MAX_WBITS;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &data, &level, &wbits)) return NULL;
    z_stream z = {.zalloc = allocate, .zfree = release, .next_in = data.buf};
    Output out = {NULL, -1};
    PyObject *result = NULL;
    int code = deflateInit2(&z, level, Z_DEFLATED, wbits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    if (code == Z_MEM_ERROR)
        no_memory("Out of memory while compressing data");
    else if (code == Z_STREAM_ERROR)
        PyErr_SetString(state->error, "Bad compression level");
    else if (code != Z_OK) {
        deflateEnd(&z);
        raise_error(state->error, &z, code, "while compressing data");
    }
    else {
        Py_ssize_t left = data.len;
        code = run(&z, deflate, Z_FINISH, &out, FIRST_ROOM, &left);
        int end = deflateEnd(&z);
        if (code == Z_STREAM_END && end == Z_OK)
            result = finish_output(&out, &z);
        else if (code != Z_ERRNO)
            raise_error(state->error, &z, code == Z_STREAM_END ? end : code, code == Z_STREAM_END ? "while finishing compression" : "while compressing data");
        if (!result) Py_CLEAR(out.bytes);
    }
    PyBuffer_Release(&data);
    return result;
}

static PyObject *decompress_all(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "wbits", "bufsize", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|in:decompress"};
    ModuleState *state = PyModule_GetState(module);
    Py_buffer data;
    int wbits = MAX_WBITS;
    Py_ssize_t first = FIRST_ROOM;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &data, &wbits, &first)) return NULL;
    z_stream z = {.zalloc = allocate, .zfree = release, .next_in = data.buf};
    Output out = {NULL, -1};
    PyObject *result = NULL;
    int code = Z_OK;
    if (first < 0)
        PyErr_SetString(PyExc_ValueError, "bufsize must be non-negative");
    else if ((code = inflateInit2(&z, wbits)) == Z_MEM_ERROR)
        no_memory("Out of memory while decompressing data");
    else if (code != Z_OK) {
        inflateEnd(&z);
        raise_error(state->error, &z, code, "while preparing to decompress data");
    }
    else {
        Py_ssize_t left = data.len;
        code = run(&z, inflate, Z_SYNC_FLUSH, &out, first ? first : 1, &left);
        if (code == Z_MEM_ERROR)
            no_memory("Out of memory while decompressing data");
        else if (code == Z_OK || code == Z_BUF_ERROR)
            raise_error(state->error, &z, Z_BUF_ERROR, "while decompressing data");
        else if (code != Z_STREAM_END && code != Z_ERRNO)
            raise_error(state->error, &z, code, "while decompressing data");
        int end = inflateEnd(&z);
        if (code == Z_STREAM_END) {
            if (end == Z_OK)
                result = finish_output(&out, &z);
            else
                raise_error(state->error, &z, end, "while finishing decompression");
        }
        if (!result) Py_CLEAR(out.bytes);
    }
    PyBuffer_Release(&data);
    return result;
}

/* ------------------------------------------------------------------ streams */

static Stream *new_stream(PyTypeObject *type) {
    Stream *self = PyObject_New(Stream, type);
    if (!self) return NULL;
    self->z = (z_stream){.zalloc = allocate, .zfree = release};
    self->live = false;
    self->eof = 0;
    self->zdict = NULL;
    self->unconsumed_tail = PyBytes_FromStringAndSize("", 0);
    self->unused_data = Py_XNewRef(self->unconsumed_tail);
    self->lock = PyThread_allocate_lock();
    if (!self->lock && !PyErr_Occurred()) PyErr_SetString(PyExc_MemoryError, "Unable to allocate lock");
    if (!self->lock || !self->unused_data) Py_CLEAR(self);
    return self;
}
static void free_stream(Stream *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (self->lock) PyThread_free_lock(self->lock);
    Py_XDECREF(self->unused_data);
    Py_XDECREF(self->unconsumed_tail);
    Py_XDECREF(self->zdict);
    PyObject_Free(self);
    Py_DECREF(type);
}
static void compress_dealloc(PyObject *self) {
    if (S(self)->live) deflateEnd(&S(self)->z);
    free_stream(S(self));
}
static void decompress_dealloc(PyObject *self) {
    if (S(self)->live) inflateEnd(&S(self)->z);
    free_stream(S(self));
}

static void enter(Stream *self) {
    if (PyThread_acquire_lock(self->lock, 0)) return;
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(self->lock, 1);
    Py_END_ALLOW_THREADS
}
static void leave(Stream *self) { PyThread_release_lock(self->lock); }

static PyObject *compressobj(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"level", "method", "wbits", "memLevel", "strategy", "zdict", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|iiiiiy*:compressobj"};
    ModuleState *state = PyModule_GetState(module);
    int level = Z_DEFAULT_COMPRESSION, method = Z_DEFLATED, wbits = MAX_WBITS, memory = MEMORY_LEVEL, strategy = Z_DEFAULT_STRATEGY;
    Py_buffer zdict = {0};
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &level, &method, &wbits, &memory, &strategy, &zdict)) return NULL;
    Stream *self = NULL;
    if (zdict.len > UINT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "zdict length does not fit in an unsigned int");
        goto done;
    }
    self = new_stream(state->compress_type);
    if (!self) goto done;
    int code = deflateInit2(&self->z, level, method, wbits, memory, strategy);
    self->live = code == Z_OK;
    if (code == Z_OK && zdict.buf) {
        code = deflateSetDictionary(&self->z, zdict.buf, (uInt)zdict.len);
        if (code != Z_OK) PyErr_SetString(PyExc_ValueError, code == Z_STREAM_ERROR ? "Invalid dictionary" : "deflateSetDictionary()");
    }
    else if (code == Z_MEM_ERROR)
        no_memory("Can't allocate memory for compression object");
    else if (code == Z_STREAM_ERROR)
        PyErr_SetString(PyExc_ValueError, "Invalid initialization option");
    else if (code != Z_OK)
        raise_error(state->error, &self->z, code, "while creating compression object");
    if (code != Z_OK) Py_CLEAR(self);
done:
    if (zdict.obj) PyBuffer_Release(&zdict);
    return (PyObject *)self;
}

static PyObject *compress_compress(PyObject *o, PyTypeObject *defining, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*:compress"};
    Stream *self = S(o);
    Py_buffer data;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &data)) return NULL;
    Output out = {NULL, -1};
    PyObject *result = NULL;
    Py_ssize_t left = data.len;
    enter(self);
    self->z.next_in = data.buf;
    int code = run(&self->z, deflate, Z_NO_FLUSH, &out, FIRST_ROOM, &left);
    if (code == Z_STREAM_ERROR)
        raise_error(state_of(self)->error, &self->z, code, "while compressing data");
    else if (code != Z_ERRNO)
        result = finish_output(&out, &self->z);
    if (!result) Py_CLEAR(out.bytes);
    leave(self);
    PyBuffer_Release(&data);
    return result;
}

static PyObject *compress_flush(PyObject *o, PyTypeObject *defining, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|i:flush"};
    Stream *self = S(o);
    int mode = Z_FINISH;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &mode)) return NULL;
    if (mode == Z_NO_FLUSH) return PyBytes_FromStringAndSize(NULL, 0);
    Output out = {NULL, -1};
    PyObject *result = NULL;
    Py_ssize_t left = 0;
    enter(self);
    int code = run(&self->z, deflate, mode, &out, FIRST_ROOM, &left);
    if (code == Z_STREAM_END && mode == Z_FINISH) {
        code = deflateEnd(&self->z);
        self->live = code != Z_OK;
        if (code != Z_OK) raise_error(state_of(self)->error, &self->z, code, "while finishing compression");
    }
    else if (code == Z_BUF_ERROR)
        code = Z_OK; /* there was nothing to flush */
    else if (code != Z_OK && code != Z_ERRNO)
        raise_error(state_of(self)->error, &self->z, code, "while flushing");
    if (code == Z_OK) result = finish_output(&out, &self->z);
    if (!result) Py_CLEAR(out.bytes);
    leave(self);
    return result;
}

typedef int Copy(z_stream *, z_stream *);
/* The same function, whatever libz's declaration calls its arguments. */
static PyObject *copy_stream(Stream *self, Copy *copy, const char *no_memory_message, const char *doing) {
    Stream *other = new_stream(Py_TYPE(self));
    if (!other) return NULL;
    enter(self);
    int code = copy(&other->z, &self->z);
    other->live = code == Z_OK;
    if (code == Z_OK) {
        Py_XSETREF(other->unused_data, Py_NewRef(self->unused_data));
        Py_XSETREF(other->unconsumed_tail, Py_NewRef(self->unconsumed_tail));
        other->zdict = Py_XNewRef(self->zdict);
        other->eof = self->eof;
    }
    else if (code == Z_STREAM_ERROR)
        PyErr_SetString(PyExc_ValueError, "Inconsistent stream state");
    else if (code == Z_MEM_ERROR)
        no_memory(no_memory_message);
    else
        raise_error(state_of(self)->error, &self->z, code, doing);
    leave(self);
    if (code != Z_OK) Py_CLEAR(other);
    return (PyObject *)other;
}
static PyObject *compress_copy(PyObject *self, PyObject *unused) {
    return copy_stream(S(self), deflateCopy, "Can't allocate memory for compression object", "while copying compression object");
}
static PyObject *decompress_copy(PyObject *self, PyObject *unused) {
    return copy_stream(S(self), inflateCopy, "Can't allocate memory for decompression object", "while copying decompression object");
}

/* ------------------------------------------------------------------ decompressors */

/* Tells libz the preset dictionary. 0 or -1. */
static int set_dictionary(ModuleState *state, Stream *self) {
    Py_buffer zdict;
    if (PyObject_GetBuffer(self->zdict, &zdict, PyBUF_SIMPLE) < 0) return -1;
    int code = Z_ERRNO;
    if (zdict.len > UINT_MAX)
        PyErr_SetString(PyExc_OverflowError, "zdict length does not fit in an unsigned int");
    else if ((code = inflateSetDictionary(&self->z, zdict.buf, (uInt)zdict.len)) != Z_OK)
        raise_error(state->error, &self->z, code, "while setting zdict");
    PyBuffer_Release(&zdict);
    return code == Z_OK ? 0 : -1;
}

static PyObject *decompressobj(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"wbits", "zdict", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|iO:decompressobj"};
    ModuleState *state = PyModule_GetState(module);
    int wbits = MAX_WBITS;
    PyObject *zdict = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &wbits, &zdict)) return NULL;
    if (zdict && !PyObject_CheckBuffer(zdict)) {
        PyErr_SetString(PyExc_TypeError, "zdict argument must support the buffer protocol");
        return NULL;
    }
    Stream *self = new_stream(state->decompress_type);
    if (!self) return NULL;
    self->zdict = Py_XNewRef(zdict);
    int code = inflateInit2(&self->z, wbits);
    self->live = code == Z_OK;
    if (code == Z_OK) {
        /* a raw stream doesn't ask for its dictionary */
        if (zdict && wbits < 0 && set_dictionary(state, self) < 0) Py_CLEAR(self);
        return (PyObject *)self;
    }
    if (code == Z_STREAM_ERROR)
        PyErr_SetString(PyExc_ValueError, "Invalid initialization option");
    else if (code == Z_MEM_ERROR)
        no_memory("Can't allocate memory for decompression object");
    else
        raise_error(state->error, &self->z, code, "while creating decompression object");
    Py_DECREF(self);
    return NULL;
}

/* Keeps the input that libz left: beyond the end of the stream in unused_data, else in unconsumed_tail. 0 or -1. */
static int keep_rest(Stream *self, const Py_buffer *data, int code) {
    const char *rest = (const char *)self->z.next_in;
    Py_ssize_t n = data ? (const char *)data->buf + data->len - rest : 0;
    if (code == Z_STREAM_END && n > 0) {
        Py_ssize_t old = PyBytes_GET_SIZE(self->unused_data);
        if (n > PY_SSIZE_T_MAX - old) {
            PyErr_NoMemory();
            return -1;
        }
        PyObject *all = PyBytes_FromStringAndSize(NULL, old + n);
        if (!all) return -1;
        memcpy(PyBytes_AS_STRING(all), PyBytes_AS_STRING(self->unused_data), (size_t)old);
        memcpy(PyBytes_AS_STRING(all) + old, rest, (size_t)n);
        Py_SETREF(self->unused_data, all);
        n = 0;
    }
    if (n || PyBytes_GET_SIZE(self->unconsumed_tail)) {
        PyObject *tail = PyBytes_FromStringAndSize(rest, n);
        if (!tail) return -1;
        Py_SETREF(self->unconsumed_tail, tail);
    }
    return 0;
}

/* Decompresses `data`, at most `limit` bytes of output (-1: all). With Z_FINISH, what libz has to say against the data is passed over. */
static PyObject *inflate_some(Stream *self, ModuleState *state, const Py_buffer *data, int flush, Py_ssize_t first, Py_ssize_t limit) {
    Output out = {NULL, limit};
    Py_ssize_t left = data->len;
    self->z.next_in = data->buf;
    int code;
    while ((code = run(&self->z, inflate, flush, &out, first, &left)) == Z_NEED_DICT && self->zdict)
        if (set_dictionary(state, self) < 0) goto fail;
    if (code == Z_ERRNO || keep_rest(self, data, code) < 0) goto fail;
    if (code == Z_STREAM_END)
        self->eof = 1;
    else if (code != Z_OK && code != Z_BUF_ERROR && flush != Z_FINISH) {
        raise_error(state->error, &self->z, code, "while decompressing data");
        goto fail;
    }
    return finish_output(&out, &self->z);
fail:
    Py_XDECREF(out.bytes);
    return NULL;
}

static PyObject *decompress_decompress(PyObject *o, PyTypeObject *defining, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "max_length", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|n:decompress"};
    Stream *self = S(o);
    Py_buffer data;
    Py_ssize_t limit = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &data, &limit)) return NULL;
    PyObject *result = NULL;
    if (limit < 0)
        PyErr_SetString(PyExc_ValueError, "max_length must be non-negative");
    else {
        enter(self);
        result = inflate_some(self, PyType_GetModuleState(defining), &data, Z_SYNC_FLUSH, FIRST_ROOM, limit ? limit : -1);
        leave(self);
    }
    PyBuffer_Release(&data);
    return result;
}

static PyObject *decompress_flush(PyObject *o, PyTypeObject *defining, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|n:flush"};
    Stream *self = S(o);
    Py_ssize_t first = FIRST_ROOM;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &first)) return NULL;
    if (first <= 0) {
        PyErr_SetString(PyExc_ValueError, "length must be greater than zero");
        return NULL;
    }
    enter(self);
    ModuleState *state = PyType_GetModuleState(defining);
    PyObject *result = NULL, *tail = Py_NewRef(self->unconsumed_tail);
    Py_buffer data;
    if (PyObject_GetBuffer(tail, &data, PyBUF_SIMPLE) == 0) {
        result = inflate_some(self, state, &data, Z_FINISH, first, -1);
        PyBuffer_Release(&data);
    }
    if (result && self->eof && self->live) { /* nothing more can come of it */
        int code = inflateEnd(&self->z);
        self->live = code != Z_OK;
        if (code != Z_OK) {
            raise_error(state->error, &self->z, code, "while finishing decompression");
            Py_CLEAR(result);
        }
    }
    Py_DECREF(tail);
    leave(self);
    return result;
}

/* ------------------------------------------------------------------ checksums */

static PyObject *checksum(const char *name, PyObject *const *args, Py_ssize_t nargs, uLong sum, uLong (*update)(uLong, const Bytef *, z_size_t)) {
    Py_buffer data;
    if (!_PyArg_CheckPositional(name, nargs, 1, 2) || PyObject_GetBuffer(args[0], &data, PyBUF_SIMPLE) < 0) return NULL;
    if (nargs > 1) {
        sum = PyLong_AsUnsignedLongMask(args[1]);
        if (sum == (unsigned long)-1 && PyErr_Occurred()) {
            PyBuffer_Release(&data);
            return NULL;
        }
        sum &= 0xffffffffu;
    }
    if (data.len > 1024 * 5) {
        Py_BEGIN_ALLOW_THREADS
        sum = update(sum, data.buf, (z_size_t)data.len);
        Py_END_ALLOW_THREADS
    }
    else
        sum = update(sum, data.buf, (z_size_t)data.len);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(sum & 0xffffffffu);
}
static PyObject *adler32_(PyObject *module, PyObject *const *args, Py_ssize_t nargs) { return checksum("adler32", args, nargs, 1, adler32_z); }
static PyObject *crc32_(PyObject *module, PyObject *const *args, Py_ssize_t nargs) { return checksum("crc32", args, nargs, 0, crc32_z); }

/* ------------------------------------------------------------------ types and module */

#define METHOD_FLAGS (METH_METHOD | METH_FASTCALL | METH_KEYWORDS)

static PyMethodDef compress_methods[] = {
    {"compress", KR_METH(compress_compress), METHOD_FLAGS,
     PyDoc_STR("compress($self, data, /)\n--\n\nCompresses more data: the output that is ready; the rest comes with later calls or flush().")},
    {"flush", KR_METH(compress_flush), METHOD_FLAGS,
     PyDoc_STR("flush($self, mode=zlib.Z_FINISH, /)\n--\n\nThe output still pending. After Z_FINISH, the object can't be used any more.")},
    {"copy", compress_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA compressor in the same state.")},
    {"__copy__", compress_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\n")},
    {"__deepcopy__", compress_copy, METH_O, PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\n")},
    {NULL},
};
static PyMethodDef decompress_methods[] = {
    {"decompress", KR_METH(decompress_decompress), METHOD_FLAGS,
     PyDoc_STR("decompress($self, data, /, max_length=0)\n--\n\n"
               "Decompresses more data: the output, at most max_length bytes; input not used for them is kept in unconsumed_tail.")},
    {"flush", KR_METH(decompress_flush), METHOD_FLAGS,
     PyDoc_STR("flush($self, length=zlib.DEF_BUF_SIZE, /)\n--\n\nDecompresses unconsumed_tail; length is the size of the output at first.")},
    {"copy", decompress_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA decompressor in the same state.")},
    {"__copy__", decompress_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\n")},
    {"__deepcopy__", decompress_copy, METH_O, PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\n")},
    {NULL},
};
static PyMemberDef decompress_members[] = {
    {"unused_data", T_OBJECT, offsetof(Stream, unused_data), READONLY, NULL},
    {"unconsumed_tail", T_OBJECT, offsetof(Stream, unconsumed_tail), READONLY, NULL},
    {"eof", T_BOOL, offsetof(Stream, eof), READONLY, NULL},
    {NULL},
};
#define STREAM_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION)
static PyType_Slot compress_slots[] = {{Py_tp_dealloc, compress_dealloc}, {Py_tp_methods, compress_methods}, {0, NULL}};
static PyType_Slot decompress_slots[] = {
    {Py_tp_dealloc, decompress_dealloc}, {Py_tp_methods, decompress_methods}, {Py_tp_members, decompress_members}, {0, NULL}};
static PyType_Spec compress_spec = {"zlib.Compress", sizeof(Stream), 0, STREAM_FLAGS, compress_slots};
static PyType_Spec decompress_spec = {"zlib.Decompress", sizeof(Stream), 0, STREAM_FLAGS, decompress_slots};

static PyMethodDef zlib_methods[] = {
    {"adler32", KR_METH(adler32_), METH_FASTCALL, PyDoc_STR("adler32($module, data, value=1, /)\n--\n\nThe Adler-32 checksum of the data, going on from value.")},
    {"crc32", KR_METH(crc32_), METH_FASTCALL, PyDoc_STR("crc32($module, data, value=0, /)\n--\n\nThe CRC-32 of the data, going on from value.")},
    {"compress", KR_METH(compress_all), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("compress($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)\n--\n\n"
               "The data compressed. level: 0 (none) to 9 (best), or -1; wbits: size of the window and format of the container.")},
    {"decompress", KR_METH(decompress_all), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("decompress($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)\n--\n\n"
               "The data decompressed. wbits: size of the window and format of the container; bufsize: the size of the output at first.")},
    {"compressobj", KR_METH(compressobj), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("compressobj($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED,\n            wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL,\n"
               "            strategy=Z_DEFAULT_STRATEGY, zdict=None)\n--\n\nA compressor. zdict: bytes that the decompressor will know, too.")},
    {"decompressobj", KR_METH(decompressobj), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("decompressobj($module, /, wbits=MAX_WBITS, zdict=b'')\n--\n\nA decompressor. zdict: the bytes the compressor was given.")},
    {NULL},
};

#define CONSTANT(name) {#name, name}
static const KrConstant constants[] = {
    CONSTANT(MAX_WBITS), CONSTANT(Z_NO_COMPRESSION), CONSTANT(Z_BEST_SPEED), CONSTANT(Z_BEST_COMPRESSION), CONSTANT(Z_DEFAULT_COMPRESSION),
    CONSTANT(Z_FILTERED), CONSTANT(Z_HUFFMAN_ONLY), CONSTANT(Z_RLE), CONSTANT(Z_FIXED), CONSTANT(Z_DEFAULT_STRATEGY),
    CONSTANT(Z_NO_FLUSH), CONSTANT(Z_PARTIAL_FLUSH), CONSTANT(Z_SYNC_FLUSH), CONSTANT(Z_FULL_FLUSH), CONSTANT(Z_FINISH), CONSTANT(Z_BLOCK), CONSTANT(Z_TREES),
    {"DEFLATED", Z_DEFLATED}, {"DEF_MEM_LEVEL", MEMORY_LEVEL}, {"DEF_BUF_SIZE", FIRST_ROOM},
};

static int zlib_exec(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    state->compress_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &compress_spec, NULL);
    state->decompress_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &decompress_spec, NULL);
    state->error = PyErr_NewException("zlib.error", NULL, NULL);
    if (!state->compress_type || !state->decompress_type || !state->error || PyModule_AddObjectRef(module, "error", state->error) < 0) return -1;
    if (kr_add_constants(module, constants, KR_ARRAY_LEN(constants)) < 0) return -1;
    return PyModule_AddStringConstant(module, "ZLIB_VERSION", ZLIB_VERSION) < 0 || PyModule_AddStringConstant(module, "ZLIB_RUNTIME_VERSION", zlibVersion()) < 0 ||
                   PyModule_AddStringConstant(module, "__version__", "1.0") < 0
               ? -1
               : 0;
}
static int zlib_traverse(PyObject *module, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->compress_type);
    Py_VISIT(state->decompress_type);
    Py_VISIT(state->error);
    return 0;
}
static int zlib_clear(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->compress_type);
    Py_CLEAR(state->decompress_type);
    Py_CLEAR(state->error);
    return 0;
}
static void zlib_free(void *module) { zlib_clear(module); }

static PyModuleDef_Slot zlib_slots[] = {{Py_mod_exec, zlib_exec}, {0, NULL}};
static struct PyModuleDef zlib_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zlib",
    .m_doc = PyDoc_STR("Compression and decompression compatible with gzip, and checksums, by the zlib library."),
    .m_size = sizeof(ModuleState),
    .m_methods = zlib_methods,
    .m_slots = zlib_slots,
    .m_traverse = zlib_traverse,
    .m_clear = zlib_clear,
    .m_free = zlib_free,
};
PyMODINIT_FUNC PyInit_zlib(void) { return PyModuleDef_Init(&zlib_module); }
