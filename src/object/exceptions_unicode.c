/* exceptions_unicode.c - UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError: what could not be coded, where, and why.
 *
 * They share one struct. `object` is the str, or bytes for decoding; [start, end) is the bad part. The attributes are
 * writable, so the C accessors clamp both to the object and check every type.
 */
#include "object/exceptions.h"

#define UNI(o) ((PyUnicodeErrorObject *)(o))

static int kr_exc_Unicode_clear(PyObject *o) {
    Py_CLEAR(UNI(o)->encoding);
    Py_CLEAR(UNI(o)->object);
    Py_CLEAR(UNI(o)->reason);
    return kr_exc_BaseException_clear(o);
}
static int kr_exc_Unicode_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(UNI(o)->encoding);
    Py_VISIT(UNI(o)->object);
    Py_VISIT(UNI(o)->reason);
    return kr_exc_BaseException_traverse(o, visit, arg);
}
static void kr_exc_Unicode_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    kr_exc_Unicode_clear(o);
    Py_TYPE(o)->tp_free(o);
}

/* ------------------------------------------------------------------ access */

/* A field checked to be a str (or bytes): new reference. */
static PyObject *field(PyObject *value, const char *name, bool bytes) {
    if (!value) {
        PyErr_Format(PyExc_TypeError, "%.200s attribute not set", name);
        return NULL;
    }
    if (bytes ? PyBytes_Check(value) : PyUnicode_Check(value)) return Py_NewRef(value);
    PyErr_Format(PyExc_TypeError, bytes ? "%.200s attribute must be bytes" : "%.200s attribute must be unicode", name);
    return NULL;
}

/* Length of the object, -1 with an exception when it isn't set or of the wrong type. */
static Py_ssize_t object_size(PyObject *o, bool bytes) {
    PyObject *object = field(UNI(o)->object, "object", bytes);
    if (!object) return -1;
    Py_ssize_t n = bytes ? PyBytes_GET_SIZE(object) : PyUnicode_GET_LENGTH(object);
    Py_DECREF(object);
    return n;
}
static Py_ssize_t clamp_start(Py_ssize_t start, Py_ssize_t size) {
    if (start < 0) start = 0;
    if (start >= size) start = size - 1;
    return start;
}
static Py_ssize_t clamp_end(Py_ssize_t end, Py_ssize_t size) {
    if (end < 1) end = 1;
    return end > size ? size : end;
}
static int get_start(PyObject *o, Py_ssize_t *start, bool bytes) {
    Py_ssize_t n = object_size(o, bytes);
    if (n < 0) return -1;
    *start = clamp_start(UNI(o)->start, n);
    return 0;
}
static int get_end(PyObject *o, Py_ssize_t *end, bool bytes) {
    Py_ssize_t n = object_size(o, bytes);
    if (n < 0) return -1;
    *end = clamp_end(UNI(o)->end, n);
    return 0;
}
static int set_reason(PyObject *o, const char *reason) {
    PyObject *text = PyUnicode_FromString(reason);
    if (!text) return -1;
    Py_XSETREF(UNI(o)->reason, text);
    return 0;
}

#define ACCESSORS(E, bytes)                                                                                        \
    PyObject *PyUnicode##E##Error_GetObject(PyObject *o) { return field(UNI(o)->object, "object", bytes); }        \
    PyObject *PyUnicode##E##Error_GetReason(PyObject *o) { return field(UNI(o)->reason, "reason", false); }        \
    int PyUnicode##E##Error_SetReason(PyObject *o, const char *reason) { return set_reason(o, reason); }           \
    int PyUnicode##E##Error_GetStart(PyObject *o, Py_ssize_t *start) { return get_start(o, start, bytes); }        \
    int PyUnicode##E##Error_GetEnd(PyObject *o, Py_ssize_t *end) { return get_end(o, end, bytes); }                \
    int PyUnicode##E##Error_SetStart(PyObject *o, Py_ssize_t start) { UNI(o)->start = start; return 0; }           \
    int PyUnicode##E##Error_SetEnd(PyObject *o, Py_ssize_t end) { UNI(o)->end = end; return 0; }
ACCESSORS(Encode, false)
ACCESSORS(Decode, true)
ACCESSORS(Translate, false)
PyObject *PyUnicodeEncodeError_GetEncoding(PyObject *o) { return field(UNI(o)->encoding, "encoding", false); }
PyObject *PyUnicodeDecodeError_GetEncoding(PyObject *o) { return field(UNI(o)->encoding, "encoding", false); }

PyObject *PyUnicodeDecodeError_Create(const char *encoding, const char *object, Py_ssize_t length, Py_ssize_t start, Py_ssize_t end, const char *reason) {
    return PyObject_CallFunction(PyExc_UnicodeDecodeError, "sy#nns", encoding, object, length, start, end, reason);
}
PyObject *_PyUnicodeTranslateError_Create(PyObject *object, Py_ssize_t start, Py_ssize_t end, const char *reason) {
    return PyObject_CallFunction(PyExc_UnicodeTranslateError, "Onns", object, start, end, reason);
}

/* ------------------------------------------------------------------ construction */

/* Sets all fields, taking over `object`. */
static int set_fields(PyObject *o, PyObject *encoding, PyObject *object, Py_ssize_t start, Py_ssize_t end, PyObject *reason) {
    PyUnicodeErrorObject *e = UNI(o);
    Py_XSETREF(e->encoding, Py_XNewRef(encoding));
    Py_XSETREF(e->object, object);
    Py_XSETREF(e->reason, Py_NewRef(reason));
    e->start = start;
    e->end = end;
    return 0;
}

static int encode_init(PyObject *o, PyObject *args, PyObject *kwds) {
    PyObject *encoding, *object, *reason;
    Py_ssize_t start, end;
    if (kr_exc_BaseException_init(o, args, kwds) < 0 || !PyArg_ParseTuple(args, "UUnnU", &encoding, &object, &start, &end, &reason)) return -1;
    return set_fields(o, encoding, Py_NewRef(object), start, end, reason);
}

static int decode_init(PyObject *o, PyObject *args, PyObject *kwds) {
    PyObject *encoding, *object, *reason;
    Py_ssize_t start, end;
    if (kr_exc_BaseException_init(o, args, kwds) < 0 || !PyArg_ParseTuple(args, "UOnnU", &encoding, &object, &start, &end, &reason)) return -1;
    if (PyBytes_Check(object)) {
        Py_INCREF(object);
    } else {
        Py_buffer view;
        if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) return -1;
        object = PyBytes_FromStringAndSize(view.buf, view.len);
        PyBuffer_Release(&view);
        if (!object) return -1;
    }
    return set_fields(o, encoding, object, start, end, reason);
}

static int translate_init(PyObject *o, PyObject *args, PyObject *kwds) {
    PyObject *object, *reason;
    Py_ssize_t start, end;
    if (kr_exc_BaseException_init(o, args, kwds) < 0 || !PyArg_ParseTuple(args, "UnnU", &object, &start, &end, &reason)) return -1;
    return set_fields(o, NULL, Py_NewRef(object), start, end, reason);
}

/* ------------------------------------------------------------------ text */

static PyObject *text_of(PyObject *o, const char *verb, bool bytes) {
    PyUnicodeErrorObject *e = UNI(o);
    if (!e->object) return PyUnicode_New(0, 0); /* not initialised */
    PyObject *reason = e->reason ? PyObject_Str(e->reason) : PyUnicode_New(0, 0), *r = NULL, *head = NULL;
    PyObject *object = reason ? field(e->object, "object", bytes) : NULL;
    if (!object) goto out;
    head = PyObject_TypeCheck(o, &kr_exc_UnicodeTranslateError)
               ? PyUnicode_FromFormat("can't %s", verb)
               : PyUnicode_FromFormat("'%S' codec can't %s", e->encoding ? e->encoding : Py_None, verb);
    if (!head) goto out;
    Py_ssize_t n = bytes ? PyBytes_GET_SIZE(object) : PyUnicode_GET_LENGTH(object), start = e->start, end = e->end;
    if (start >= 0 && start < n && end == start + 1) {
        char what[16];
        Py_UCS4 c = bytes ? (unsigned char)PyBytes_AS_STRING(object)[start] : PyUnicode_READ_CHAR(object, start);
        if (bytes) snprintf(what, sizeof what, "0x%02x", (unsigned)c);
        else snprintf(what, sizeof what, c <= 0xff ? "'\\x%02x'" : c <= 0xffff ? "'\\u%04x'" : "'\\U%08x'", (unsigned)c);
        r = PyUnicode_FromFormat("%U %s %s in position %zd: %U", head, bytes ? "byte" : "character", what, start, reason);
    } else {
        r = PyUnicode_FromFormat("%U %s in position %zd-%zd: %U", head, bytes ? "bytes" : "characters", start, end - 1, reason);
    }
out:
    Py_XDECREF(head);
    Py_XDECREF(reason);
    Py_XDECREF(object);
    return r;
}
static PyObject *encode_str(PyObject *o) { return text_of(o, "encode", false); }
static PyObject *decode_str(PyObject *o) { return text_of(o, "decode", true); }
static PyObject *translate_str(PyObject *o) { return text_of(o, "translate", false); }

/* ------------------------------------------------------------------ types */

static PyMemberDef unicode_members[] = {
    {"encoding", T_OBJECT, offsetof(PyUnicodeErrorObject, encoding), 0, PyDoc_STR("exception encoding")},
    {"object", T_OBJECT, offsetof(PyUnicodeErrorObject, object), 0, PyDoc_STR("exception object")},
    {"start", T_PYSSIZET, offsetof(PyUnicodeErrorObject, start), 0, PyDoc_STR("exception start")},
    {"end", T_PYSSIZET, offsetof(PyUnicodeErrorObject, end), 0, PyDoc_STR("exception end")},
    {"reason", T_OBJECT, offsetof(PyUnicodeErrorObject, reason), 0, PyDoc_STR("exception reason")},
    {NULL},
};

#define UNICODE_TYPE(name, verb, doc)                                                  \
    PyTypeObject kr_exc_##name = {                                                     \
        KR_STATIC_TYPE_HEAD                                                            \
        .tp_name = #name,                                                              \
        .tp_basicsize = sizeof(PyUnicodeErrorObject),                                  \
        .tp_dealloc = kr_exc_Unicode_dealloc,                                          \
        .tp_str = verb##_str,                                                          \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASE_EXC_SUBCLASS, \
        .tp_doc = PyDoc_STR(doc),                                                      \
        .tp_traverse = kr_exc_Unicode_traverse,                                        \
        .tp_clear = kr_exc_Unicode_clear,                                              \
        .tp_members = unicode_members,                                                 \
        .tp_base = &kr_exc_UnicodeError,                                               \
        .tp_dictoffset = offsetof(PyUnicodeErrorObject, dict),                         \
        .tp_init = verb##_init,                                                        \
        .tp_new = kr_exc_BaseException_new,                                            \
    };                                                                                 \
    PyObject *PyExc_##name = (PyObject *)&kr_exc_##name;
UNICODE_TYPE(UnicodeEncodeError, encode, "Text can't be encoded.")
UNICODE_TYPE(UnicodeDecodeError, decode, "Bytes can't be decoded.")
UNICODE_TYPE(UnicodeTranslateError, translate, "Text can't be translated.")
