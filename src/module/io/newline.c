/* newline.c - _io.IncrementalNewlineDecoder, and the search for line ends that text streams share.
 *
 * Wraps an incremental decoder (or None: text comes in as text). A \r at the end of a piece is held back (pending_cr), as a \n
 * may follow. `seen` notes which line ends were met: bit 0 \r, bit 1 \n, bit 2 \r\n.
 */
#include "module/io/io.h"

typedef struct {
    PyObject_HEAD
    PyObject *decoder, *errors;
    bool ok, pending_cr, translate;
    unsigned char seen;
} Newline;
enum { SEEN_CR = 1, SEEN_LF = 2, SEEN_CRLF = 4 };

static int newline_init(Newline *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"decoder", "translate", "errors", NULL};
    PyObject *decoder, *errors = NULL;
    int translate;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "Op|O:IncrementalNewlineDecoder", names, &decoder, &translate, &errors)) return -1;
    PyObject *e = errors ? Py_NewRef(errors) : PyUnicode_FromString("strict");
    if (!e) return -1;
    Py_XSETREF(self->errors, e);
    Py_INCREF(decoder);
    Py_XSETREF(self->decoder, decoder);
    self->translate = translate;
    self->seen = 0;
    self->pending_cr = false;
    self->ok = true;
    return 0;
}
static void newline_dealloc(Newline *self) {
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->errors);
    Py_TYPE(self)->tp_free(self);
}
static int check(Newline *self) {
    if (self->ok) return 0;
    PyErr_SetString(PyExc_ValueError, "IncrementalNewlineDecoder.__init__() not called");
    return -1;
}

PyObject *kr_io_newline_decode(PyObject *o, PyObject *input, int final) {
    Newline *self = (Newline *)o;
    if (check(self) < 0) return NULL;
    PyObject *text;
    if (self->decoder != Py_None) text = PyObject_CallMethodObjArgs(self->decoder, KR_STR(decode), input, final ? Py_True : Py_False, NULL);
    else text = Py_NewRef(input);
    if (!text) return NULL;
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "decoder should return a string result, not '%.200s'", Py_TYPE(text)->tp_name);
        Py_DECREF(text);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    if (self->pending_cr && (final || n > 0)) {
        PyObject *cr = PyUnicode_FromOrdinal('\r'), *joined = cr ? PyUnicode_Concat(cr, text) : NULL;
        Py_XDECREF(cr);
        Py_SETREF(text, joined);
        if (!text) return NULL;
        n++;
        self->pending_cr = false;
    }
    if (!final && n > 0 && PyUnicode_READ_CHAR(text, n - 1) == '\r') {
        Py_SETREF(text, PyUnicode_Substring(text, 0, n - 1));
        if (!text) return NULL;
        n--;
        self->pending_cr = true;
    }
    if (n == 0) return text;
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    unsigned seen = self->seen;
    bool has_cr = kind == PyUnicode_1BYTE_KIND ? memchr(data, '\r', (size_t)n) != NULL : PyUnicode_FindChar(text, '\r', 0, n, 1) >= 0;
    if (!has_cr) {
        if (!(seen & SEEN_LF) && PyUnicode_FindChar(text, '\n', 0, n, 1) >= 0) self->seen |= SEEN_LF;
        return text;
    }
    PyObject *out = self->translate ? PyUnicode_New(n, PyUnicode_MAX_CHAR_VALUE(text)) : NULL;
    if (self->translate && !out) {
        Py_DECREF(text);
        return NULL;
    }
    Py_ssize_t w = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c == '\r') {
            if (i + 1 < n && PyUnicode_READ(kind, data, i + 1) == '\n') {
                seen |= SEEN_CRLF;
                i++;
            } else {
                seen |= SEEN_CR;
            }
            c = '\n';
        } else if (c == '\n') {
            seen |= SEEN_LF;
        }
        if (out) PyUnicode_WRITE(PyUnicode_KIND(out), PyUnicode_DATA(out), w, c);
        w++;
    }
    self->seen = (unsigned char)seen;
    if (!out) return text;
    Py_DECREF(text);
    PyObject *r = w == n ? Py_NewRef(out) : PyUnicode_Substring(out, 0, w);
    Py_DECREF(out);
    return r;
}
static PyObject *newline_decode(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"input", "final", NULL};
    PyObject *input;
    int final = 0;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O|p:decode", names, &input, &final) ? kr_io_newline_decode(self, input, final) : NULL;
}
static PyObject *newline_getstate(Newline *self, PyObject *ignored) {
    if (check(self) < 0) return NULL;
    PyObject *buffer;
    unsigned long long flag = 0;
    if (self->decoder != Py_None) {
        PyObject *state = PyObject_CallMethod(self->decoder, "getstate", NULL);
        if (!state) return NULL;
        if (!PyTuple_Check(state)) {
            PyErr_SetString(PyExc_TypeError, "illegal decoder state");
            Py_DECREF(state);
            return NULL;
        }
        int ok = PyArg_ParseTuple(state, "OK;illegal decoder state", &buffer, &flag);
        if (ok) Py_INCREF(buffer);
        Py_DECREF(state);
        if (!ok) return NULL;
    } else if (!(buffer = PyBytes_FromString(""))) {
        return NULL;
    }
    return Py_BuildValue("NK", buffer, flag << 1 | self->pending_cr);
}
static PyObject *newline_setstate(Newline *self, PyObject *state) {
    PyObject *buffer;
    unsigned long long flag;
    if (check(self) < 0) return NULL;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state argument must be a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "OK;setstate(): illegal state argument", &buffer, &flag)) return NULL;
    self->pending_cr = flag & 1;
    if (self->decoder != Py_None) return PyObject_CallMethod(self->decoder, "setstate", "((OK))", buffer, flag >> 1);
    Py_RETURN_NONE;
}
static PyObject *newline_reset(Newline *self, PyObject *ignored) {
    if (check(self) < 0) return NULL;
    self->seen = 0;
    self->pending_cr = false;
    if (self->decoder != Py_None) return PyObject_CallMethodNoArgs(self->decoder, KR_STR(reset));
    Py_RETURN_NONE;
}
static PyObject *newline_newlines(Newline *self, void *ignored) {
    if (check(self) < 0) return NULL;
    switch (self->seen) {
    case SEEN_CR: return PyUnicode_FromString("\r");
    case SEEN_LF: return PyUnicode_FromString("\n");
    case SEEN_CRLF: return PyUnicode_FromString("\r\n");
    case SEEN_CR | SEEN_LF: return Py_BuildValue("ss", "\r", "\n");
    case SEEN_CR | SEEN_CRLF: return Py_BuildValue("ss", "\r", "\r\n");
    case SEEN_LF | SEEN_CRLF: return Py_BuildValue("ss", "\n", "\r\n");
    case SEEN_CR | SEEN_LF | SEEN_CRLF: return Py_BuildValue("sss", "\r", "\n", "\r\n");
    default: Py_RETURN_NONE;
    }
}
static PyMethodDef newline_methods[] = {
    {"decode", KR_METH(newline_decode), METH_VARARGS | METH_KEYWORDS, "decode($self, /, input, final=False)\n--\n\nDecodes, with line ends translated."},
    {"getstate", KR_METH(newline_getstate), METH_NOARGS, "getstate($self, /)\n--\n\nWhat is needed to go on from here."},
    {"setstate", KR_METH(newline_setstate), METH_O, "setstate($self, state, /)\n--\n\nGoes on from such a state."},
    {"reset", KR_METH(newline_reset), METH_NOARGS, "reset($self, /)\n--\n\nBegins anew."}, {NULL}};
static PyGetSetDef newline_getset[] = {{"newlines", (getter)newline_newlines, NULL, NULL}, {NULL}};
PyTypeObject kr_io_newline_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.IncrementalNewlineDecoder", .tp_basicsize = sizeof(Newline),
    .tp_dealloc = (destructor)newline_dealloc, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = "IncrementalNewlineDecoder(decoder, translate, errors='strict')\n--\n\nTranslates line ends of what a decoder gives.",
    .tp_methods = newline_methods, .tp_getset = newline_getset, .tp_init = (initproc)newline_init, .tp_new = PyType_GenericNew};

Py_ssize_t kr_io_find_line(PyObject *text, Py_ssize_t start, int translated, int universal, PyObject *newline, Py_ssize_t *consumed) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), at;
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    *consumed = n;
    if (translated || (!universal && PyUnicode_GET_LENGTH(newline) == 1 && PyUnicode_READ_CHAR(newline, 0) == '\n')) {
        at = start < n ? PyUnicode_FindChar(text, '\n', start, n, 1) : -1;
        return at < 0 ? -1 : at + 1;
    }
    if (universal) {
        for (Py_ssize_t i = start; i < n; i++) {
            Py_UCS4 c = PyUnicode_READ(kind, data, i);
            if (c == '\n') return i + 1;
            if (c == '\r') {
                if (i + 1 < n) return i + 1 + (PyUnicode_READ(kind, data, i + 1) == '\n');
                return i + 1; /* the decoder holds back a \r that may be half of \r\n */
            }
        }
        return -1;
    }
    at = PyUnicode_Find(text, newline, start, n, 1);
    if (at >= 0) return at + PyUnicode_GET_LENGTH(newline);
    /* the newline's first character at the very end may be completed by what comes next */
    if (n > start && PyUnicode_READ(kind, data, n - 1) == PyUnicode_READ_CHAR(newline, 0)) *consumed = n - 1;
    return -1;
}
