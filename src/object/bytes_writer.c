/* bytes_writer.c - _PyBytesWriter: builds a bytes or bytearray of unknown length.
 *
 * While small, the text is in the writer's own buffer of 512 bytes; then in a bytes or bytearray object (`buffer`) of
 * `allocated` bytes, over-allocated by a quarter when `overallocate`. `min_size` is what has been promised so far. The
 * caller holds the write position; every call that may move the text takes the position and returns the new one. On
 * failure the writer has been emptied.
 */
#include "object/bytes.h"

void _PyBytesWriter_Init(_PyBytesWriter *w) {
    memset(w, 0, offsetof(_PyBytesWriter, small_buffer));
}

void _PyBytesWriter_Dealloc(_PyBytesWriter *w) { Py_CLEAR(w->buffer); }

static char *writer_start(_PyBytesWriter *w) { return w->use_small_buffer ? w->small_buffer : kr_bytes_data(w->buffer); }

void *_PyBytesWriter_Resize(_PyBytesWriter *w, void *str, Py_ssize_t size) {
    Py_ssize_t allocated = size;
    if (w->overallocate && allocated <= PY_SSIZE_T_MAX - allocated / 4)
        allocated += allocated / 4;
    Py_ssize_t at = (char *)str - writer_start(w);
    if (w->use_small_buffer) {
        PyObject *buffer = w->use_bytearray ? PyByteArray_FromStringAndSize(NULL, allocated) : PyBytes_FromStringAndSize(NULL, allocated);
        if (buffer == NULL)
            return NULL;
        if (at > 0)
            memcpy(kr_bytes_data(buffer), w->small_buffer, (size_t)at);
        w->buffer = buffer;
        w->use_small_buffer = 0;
    }
    else if (w->use_bytearray ? PyByteArray_Resize(w->buffer, allocated) < 0 : _PyBytes_Resize(&w->buffer, allocated) < 0) {
        Py_CLEAR(w->buffer);
        return NULL;
    }
    w->allocated = allocated;
    return kr_bytes_data(w->buffer) + at;
}

void *_PyBytesWriter_Prepare(_PyBytesWriter *w, void *str, Py_ssize_t size) {
    if (size == 0)
        return str;
    if (w->min_size > PY_SSIZE_T_MAX - size) {
        PyErr_NoMemory();
        _PyBytesWriter_Dealloc(w);
        return NULL;
    }
    w->min_size += size;
    return w->min_size > w->allocated ? _PyBytesWriter_Resize(w, str, w->min_size) : str;
}

void *_PyBytesWriter_Alloc(_PyBytesWriter *w, Py_ssize_t size) {
    w->use_small_buffer = 1;
    w->allocated = sizeof w->small_buffer;
    return _PyBytesWriter_Prepare(w, w->small_buffer, size);
}

void *_PyBytesWriter_WriteBytes(_PyBytesWriter *w, void *str, const void *bytes, Py_ssize_t size) {
    char *out = _PyBytesWriter_Prepare(w, str, size);
    if (out == NULL)
        return NULL;
    memcpy(out, bytes, (size_t)size);
    return out + size;
}

PyObject *_PyBytesWriter_Finish(_PyBytesWriter *w, void *str) {
    char *start = writer_start(w);
    Py_ssize_t n = (char *)str - start;
    if (w->use_small_buffer)
        return w->use_bytearray ? PyByteArray_FromStringAndSize(start, n) : PyBytes_FromStringAndSize(start, n);
    PyObject *r = w->buffer;
    w->buffer = NULL;
    if (n != Py_SIZE(r)) {
        if (w->use_bytearray) {
            if (PyByteArray_Resize(r, n) < 0)
                Py_CLEAR(r);
        }
        else
            _PyBytes_Resize(&r, n);
    }
    return r;
}
