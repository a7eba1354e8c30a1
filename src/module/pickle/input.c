/* input.c - where an Unpickler reads from: bytes in memory, or the methods of a file.
 *
 * A file is asked for exactly what is needed, so that it stands behind the pickle in the end; frames make that few calls. A file with
 * peek() is looked at ahead instead, and told to skip what was used before anything else is done with it.
 */
#include "module/pickle/pickle.h"

enum { LOOK_AHEAD = 128 * 1024, CHUNK = 16 * 1024 * 1024 /* allocated before there is anything to put there */ };

static const char *truncated(Unpickler *u) {
    PyErr_SetString(u->st->unpickling_error, "pickle data was truncated");
    return NULL;
}
static void drop_data(PickleInput *in) {
    Py_buffer view = in->view;
    in->data = NULL;
    in->at = in->length = 0;
    in->ahead = false;
    in->view = (Py_buffer){.obj = NULL};
    if (view.obj) PyBuffer_Release(&view);
}
/* Makes a bytes-like object the data. */
int kr_input_set_bytes(PickleInput *in, PyObject *data) {
    drop_data(in);
    if (PyObject_GetBuffer(data, &in->view, PyBUF_CONTIG_RO) < 0) {
        in->view.obj = NULL;
        return -1;
    }
    in->data = in->view.buf;
    in->length = in->view.len;
    return 0;
}
int kr_input_set_file(PickleInput *in, PyObject *file) {
    kr_input_clear(in);
    if (_PyObject_LookupAttr(file, KR_STR(peek), &in->peek) < 0 || _PyObject_LookupAttr(file, KR_STR(readinto), &in->readinto) < 0 ||
        _PyObject_LookupAttr(file, KR_STR(read), &in->read) < 0 || _PyObject_LookupAttr(file, KR_STR(readline), &in->readline) < 0) {
        kr_input_clear(in);
        return -1;
    }
    if (in->read && in->readline) return 0;
    kr_input_clear(in);
    PyErr_SetString(PyExc_TypeError, "file must have 'read' and 'readline' attributes");
    return -1;
}
void kr_input_clear(PickleInput *in) {
    drop_data(in);
    Py_CLEAR(in->read);
    Py_CLEAR(in->readline);
    Py_CLEAR(in->readinto);
    Py_CLEAR(in->peek);
}

/* ------------------------------------------------------------------ the file */

static PyObject *call_file(PyObject *method, PyObject *arg) {
    Py_INCREF(method);
    PyObject *result = arg ? PyObject_CallOneArg(method, arg) : PyObject_CallNoArgs(method);
    Py_DECREF(method);
    return result;
}
static PyObject *call_with_size(PyObject *method, Py_ssize_t n) {
    PyObject *size = PyLong_FromSsize_t(n), *result = size ? call_file(method, size) : NULL;
    Py_XDECREF(size);
    return result;
}
/* The result of read() or readline() becomes the data; takes it over. */
static int take_data(PickleInput *in, PyObject *result) {
    if (!result) return -1;
    int r = 0;
    if (!PyBytes_Check(result) && !PyObject_CheckBuffer(result)) {
        PyErr_Format(PyExc_TypeError, "a bytes-like object is required, not '%.100s'", Py_TYPE(result)->tp_name);
        r = -1;
    } else {
        r = kr_input_set_bytes(in, result);
    }
    Py_DECREF(result);
    return r;
}
/* Lets the file skip what was used of what it showed; afterwards there is no data. -1 also if other data is left, which has no way
 * back: an opcode that goes beyond its frame. */
static int settle(Unpickler *u) {
    PickleInput *in = &u->in;
    Py_ssize_t used = in->at;
    if (in->at < in->length && !in->ahead) return truncated(u), -1;
    bool skip = in->ahead && used > 0;
    drop_data(in);
    if (!skip) return 0;
    PyObject *skipped = call_with_size(in->read, used);
    Py_XDECREF(skipped);
    return skipped ? 0 : -1;
}
/* Looks ahead, if the file can: 1 if there is data now. */
static int look_ahead(PickleInput *in) {
    if (!in->peek) return 0;
    PyObject *shown = call_with_size(in->peek, LOOK_AHEAD);
    if (!shown) {
        if (!PyErr_ExceptionMatches(PyExc_NotImplementedError)) return -1;
        PyErr_Clear();
        Py_CLEAR(in->peek);
        return 0;
    }
    if (take_data(in, shown) < 0) return -1;
    in->ahead = true;
    return in->length > 0;
}
/* Reads n bytes into data; there may be less. */
static int read_file(Unpickler *u, Py_ssize_t n) {
    PickleInput *in = &u->in;
    if (settle(u) < 0) return -1;
    int shown = look_ahead(in);
    if (shown < 0 || (shown && in->length >= n)) return shown < 0 ? -1 : 0;
    if (n <= CHUNK) {
        drop_data(in);
        if (!in->read) return truncated(u), -1;
        return take_data(in, call_with_size(in->read, n));
    }
    PyObject *all = kr_input_read_object(u, n, false);
    return take_data(in, all);
}

/* ------------------------------------------------------------------ reading */

const char *kr_input_read_slow(Unpickler *u, Py_ssize_t n) {
    PickleInput *in = &u->in;
    if (!in->read) {
        if (n <= PY_SSIZE_T_MAX - in->at) return truncated(u);
        PyErr_SetString(u->st->unpickling_error, "read would overflow (invalid bytecode)");
        return NULL;
    }
    if (read_file(u, n) < 0) return NULL;
    if (in->length - in->at < n) return truncated(u);
    const char *p = in->data + in->at;
    in->at += n;
    return p;
}
int kr_input_opcode_slow(Unpickler *u) {
    PickleInput *in = &u->in;
    if (in->read && read_file(u, 1) < 0) return -1;
    if (in->at < in->length) return (unsigned char)in->data[in->at++];
    PyErr_SetString(PyExc_EOFError, "Ran out of input");
    return -1;
}
const char *kr_input_line(Unpickler *u, Py_ssize_t *length) {
    PickleInput *in = &u->in;
    const char *start = in->data + in->at, *newline = in->at < in->length ? memchr(start, '\n', (size_t)(in->length - in->at)) : NULL;
    if (!newline && in->read) {
        if (settle(u) < 0) return NULL;
        if (!in->readline) return truncated(u);
        if (take_data(in, call_file(in->readline, NULL)) < 0) return NULL;
        start = in->data;
        newline = in->length > 0 && start[in->length - 1] == '\n' ? start + in->length - 1 : NULL;
    }
    if (!newline) return truncated(u);
    *length = newline + 1 - start;
    in->at = newline + 1 - in->data;
    return start;
}
int kr_input_frame(Unpickler *u, Py_ssize_t n) {
    if (!kr_input_read(u, n)) return -1;
    u->in.at -= n;
    return 0;
}
int kr_input_finish(Unpickler *u) { return u->in.ahead ? settle(u) : 0; }

/* ------------------------------------------------------------------ large objects */

/* Fills a part of a bytearray by readinto(): the number read, -1 with an exception. A view that the file keeps blocks resizing. */
static Py_ssize_t read_into(PickleInput *in, PyObject *bytearray, Py_ssize_t from, Py_ssize_t to) {
    PyObject *view = PyMemoryView_FromObject(bytearray), *part = view ? PySequence_GetSlice(view, from, to) : NULL;
    PyObject *result = part ? call_file(in->readinto, part) : NULL;
    Py_XDECREF(part);
    Py_XDECREF(view);
    if (!result) return -1;
    if (!PyLong_Check(result)) PyErr_SetString(PyExc_TypeError, "an integer is required");
    Py_ssize_t got = PyLong_Check(result) ? PyLong_AsSsize_t(result) : -1;
    Py_DECREF(result);
    if (got < 0 && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "readinto() returned negative size");
    if (got > to - from) {
        PyErr_SetString(PyExc_ValueError, "readinto() returned more than there was room for");
        return -1;
    }
    return got;
}
/* At most n bytes by read(), to o from `at` on; nobody else has o. */
static Py_ssize_t read_to(PickleInput *in, PyObject *o, bool mutable, Py_ssize_t at, Py_ssize_t n) {
    PyObject *data = call_with_size(in->read, n);
    Py_buffer view;
    if (!data || PyObject_GetBuffer(data, &view, PyBUF_CONTIG_RO) < 0) {
        Py_XDECREF(data);
        return -1;
    }
    Py_ssize_t got = view.len < n ? view.len : n;
    memcpy((mutable ? PyByteArray_AS_STRING(o) : PyBytes_AS_STRING(o)) + at, view.buf, (size_t)got);
    PyBuffer_Release(&view);
    Py_DECREF(data);
    return got;
}
PyObject *kr_input_read_object(Unpickler *u, Py_ssize_t n, bool mutable) {
    PickleInput *in = &u->in;
    Py_ssize_t have = in->length - in->at, got = have < n ? have : n;
    if (got < n && !in->read) return (PyObject *)kr_input_read_slow(u, n);
    Py_ssize_t size = n - got > CHUNK ? got + CHUNK : n;
    PyObject *o = mutable ? PyByteArray_FromStringAndSize(NULL, size) : PyBytes_FromStringAndSize(NULL, size);
    if (!o || n == 0) return o;
    if (got) memcpy(mutable ? PyByteArray_AS_STRING(o) : PyBytes_AS_STRING(o), in->data + in->at, (size_t)got);
    in->at += got;
    if (got == n) return o;
    if (settle(u) < 0) goto fail;
    for (;;) {
        while (got < size) {
            Py_ssize_t more = !in->read ? 0 : mutable && in->readinto ? read_into(in, o, got, size) : read_to(in, o, mutable, got, size - got);
            if (more <= 0) {
                if (more == 0) truncated(u);
                goto fail;
            }
            got += more;
        }
        if (size == n) return o;
        size = n - size > size ? size * 2 : n;
        if ((mutable ? PyByteArray_Resize(o, size) : _PyBytes_Resize(&o, size)) < 0) goto fail;
    }
fail:
    Py_XDECREF(o);
    return NULL;
}
