/* _json_encode.c - make_encoder: writes a JSON document.
 *
 * An encoder takes its settings when it is made. Calling it with an object and an indentation level gives a tuple of one str.
 * `markers`, a dict or None, holds the ids of the containers that are being written, to find circular references. Indentation is
 * done by the Python code of json.encoder, which does not ask for this encoder then.
 */
#include "module/_json.h"
#include "object/long.h"
#include <math.h>

typedef struct {
    PyObject_HEAD
    PyObject *markers, *defaultfn, *encoder, *indent, *key_separator, *item_separator;
    bool sort_keys, skipkeys;
    int allow_nan;
    PyCFunction fast;           /* the C function that encoder is, or NULL */
} Encoder;

static int write_value(Encoder *e, _PyUnicodeWriter *w, PyObject *o);

static int write_ascii(_PyUnicodeWriter *w, const char *text) { return _PyUnicodeWriter_WriteASCIIString(w, text, (Py_ssize_t)strlen(text)); }
static int write_owned(_PyUnicodeWriter *w, PyObject *text) {
    if (!text) return -1;
    int r = _PyUnicodeWriter_WriteStr(w, text);
    Py_DECREF(text);
    return r;
}

/* ------------------------------------------------------------------ scalars */

static int write_str(Encoder *e, _PyUnicodeWriter *w, PyObject *s) {
    if (e->fast) return kr_json_write_string(w, s, e->fast == kr_json_encode_ascii);
    PyObject *text = PyObject_CallOneArg(e->encoder, s);
    if (text && !PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "encoder() must return a string, not %.80s", Py_TYPE(text)->tp_name);
        Py_CLEAR(text);
    }
    return write_owned(w, text);
}
/* The text of a float, by its value. */
static PyObject *float_text(Encoder *e, PyObject *o) {
    double v = PyFloat_AS_DOUBLE(o);
    if (isfinite(v)) return PyFloat_Type.tp_repr(o);
    if (!e->allow_nan) {
        PyErr_SetString(PyExc_ValueError, "Out of range float values are not JSON compliant");
        return NULL;
    }
    return PyUnicode_FromString(v > 0 ? "Infinity" : v < 0 ? "-Infinity" : "NaN");
}
static const char *constant_text(PyObject *o) { return o == Py_None ? "null" : o == Py_True ? "true" : o == Py_False ? "false" : NULL; }

/* ------------------------------------------------------------------ containers */

/* Notes that the container o is being written; its id is given out. 0 without markers, NULL id then. */
static int enter(Encoder *e, PyObject *o, PyObject **id) {
    *id = NULL;
    if (e->markers == Py_None) return 0;
    if (!(*id = PyLong_FromVoidPtr(o))) return -1;
    int known = PyDict_Contains(e->markers, *id);
    if (known > 0) PyErr_SetString(PyExc_ValueError, "Circular reference detected");
    if (known || PyDict_SetItem(e->markers, *id, o) < 0) {
        Py_CLEAR(*id);
        return -1;
    }
    return 0;
}
static int leave(Encoder *e, PyObject *id) {
    if (!id) return 0;
    int r = PyDict_DelItem(e->markers, id);
    Py_DECREF(id);
    return r;
}
/* The str that a key is written as: new reference. NULL without an exception: it is skipped. */
static PyObject *key_text(Encoder *e, PyObject *key) {
    if (PyUnicode_Check(key)) return Py_NewRef(key);
    if (PyFloat_Check(key)) return float_text(e, key);
    if (constant_text(key)) return PyUnicode_FromString(constant_text(key));
    if (PyLong_Check(key)) return PyLong_Type.tp_repr(key);
    if (!e->skipkeys) PyErr_Format(PyExc_TypeError, "keys must be str, int, float, bool or None, not %.100s", Py_TYPE(key)->tp_name);
    return NULL;
}
static int write_member(Encoder *e, _PyUnicodeWriter *w, PyObject *key, PyObject *value, bool *first) {
    PyObject *text = key_text(e, key);
    if (!text) return PyErr_Occurred() ? -1 : 0;
    int r = *first ? 0 : _PyUnicodeWriter_WriteStr(w, e->item_separator);
    *first = false;
    if (r == 0) r = write_str(e, w, text);
    Py_DECREF(text);
    if (r < 0 || _PyUnicodeWriter_WriteStr(w, e->key_separator) < 0) return -1;
    return write_value(e, w, value);
}
static int write_dict(Encoder *e, _PyUnicodeWriter *w, PyObject *o) {
    if (PyDict_GET_SIZE(o) == 0) return write_ascii(w, "{}");
    PyObject *id, *items = NULL;
    if (enter(e, o, &id) < 0) return -1;
    int r = -1;
    bool first = true;
    if (_PyUnicodeWriter_WriteChar(w, '{') < 0) goto done;
    if (!(items = PyMapping_Items(o)) || (e->sort_keys && PyList_Sort(items) < 0)) goto done;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
            PyErr_SetString(PyExc_ValueError, "items must return 2-tuples");
            goto done;
        }
        if (write_member(e, w, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1), &first) < 0) goto done;
    }
    r = _PyUnicodeWriter_WriteChar(w, '}');
done:
    Py_XDECREF(items);
    if (r == 0) return leave(e, id);
    Py_XDECREF(id);
    return -1;
}
static int write_list(Encoder *e, _PyUnicodeWriter *w, PyObject *o) {
    PyObject *id, *items = PySequence_Fast(o, "_iterencode_list needs a sequence");
    if (!items) return -1;
    int r = -1;
    if (PySequence_Fast_GET_SIZE(items) == 0) {
        Py_DECREF(items);
        return write_ascii(w, "[]");
    }
    if (enter(e, o, &id) < 0) {
        Py_DECREF(items);
        return -1;
    }
    if (_PyUnicodeWriter_WriteChar(w, '[') < 0) goto done;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); i++) {
        if (i && _PyUnicodeWriter_WriteStr(w, e->item_separator) < 0) goto done;
        PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(items, i));
        int written = write_value(e, w, item);
        Py_DECREF(item);
        if (written < 0) goto done;
    }
    r = _PyUnicodeWriter_WriteChar(w, ']');
done:
    Py_DECREF(items);
    if (r == 0) return leave(e, id);
    Py_XDECREF(id);
    return -1;
}
/* What default(o) gives is written instead. */
static int write_other(Encoder *e, _PyUnicodeWriter *w, PyObject *o) {
    PyObject *id;
    if (enter(e, o, &id) < 0) return -1;
    PyObject *instead = PyObject_CallOneArg(e->defaultfn, o);
    int r = instead ? write_value(e, w, instead) : -1;
    Py_XDECREF(instead);
    if (r == 0) return leave(e, id);
    Py_XDECREF(id);
    return -1;
}
static int write_value(Encoder *e, _PyUnicodeWriter *w, PyObject *o) {
    const char *constant = constant_text(o);
    if (constant) return write_ascii(w, constant);
    if (PyUnicode_Check(o)) return write_str(e, w, o);
    if (PyLong_CheckExact(o)) return _PyLong_FormatWriter(w, o, 10, 0);
    if (PyLong_Check(o)) return write_owned(w, PyLong_Type.tp_repr(o));
    if (PyFloat_Check(o)) return write_owned(w, float_text(e, o));
    if (Py_EnterRecursiveCall(" while encoding a JSON object")) return -1;
    int r = PyList_Check(o) || PyTuple_Check(o) ? write_list(e, w, o) : PyDict_Check(o) ? write_dict(e, w, o) : write_other(e, w, o);
    Py_LeaveRecursiveCall();
    return r;
}

/* ------------------------------------------------------------------ the type */

static PyObject *encoder_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"obj", "_current_indent_level", NULL};
    PyObject *o;
    Py_ssize_t level;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "On:_iterencode", keywords, &o, &level)) return NULL;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    if (write_value((Encoder *)self, &w, o) == 0) return Py_BuildValue("(N)", _PyUnicodeWriter_Finish(&w));
    _PyUnicodeWriter_Dealloc(&w);
    return NULL;
}
static PyObject *encoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"markers", "default", "encoder", "indent", "key_separator", "item_separator", "sort_keys", "skipkeys", "allow_nan", NULL};
    PyObject *markers, *defaultfn, *encoder, *indent, *key_separator, *item_separator;
    int sort_keys, skipkeys, allow_nan;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOUUppp:make_encoder", keywords, &markers, &defaultfn, &encoder, &indent, &key_separator, &item_separator, &sort_keys, &skipkeys,
                                     &allow_nan))
        return NULL;
    if (markers != Py_None && !PyDict_Check(markers))
        return PyErr_Format(PyExc_TypeError, "make_encoder() argument 1 must be dict or None, not %.200s", Py_TYPE(markers)->tp_name);
    Encoder *e = (Encoder *)type->tp_alloc(type, 0);
    if (!e) return NULL;
    e->markers = Py_NewRef(markers);
    e->defaultfn = Py_NewRef(defaultfn);
    e->encoder = Py_NewRef(encoder);
    e->indent = Py_NewRef(indent);
    e->key_separator = Py_NewRef(key_separator);
    e->item_separator = Py_NewRef(item_separator);
    e->sort_keys = sort_keys;
    e->skipkeys = skipkeys;
    e->allow_nan = allow_nan;
    PyCFunction f = PyCFunction_Check(encoder) ? PyCFunction_GET_FUNCTION(encoder) : NULL;
    e->fast = f == kr_json_encode || f == kr_json_encode_ascii ? f : NULL;
    return (PyObject *)e;
}
static int encoder_traverse(PyObject *self, visitproc visit, void *arg) {
    Encoder *e = (Encoder *)self;
    Py_VISIT(e->markers);
    Py_VISIT(e->defaultfn);
    Py_VISIT(e->encoder);
    Py_VISIT(e->indent);
    Py_VISIT(e->key_separator);
    Py_VISIT(e->item_separator);
    return 0;
}
static int encoder_clear(PyObject *self) {
    Encoder *e = (Encoder *)self;
    Py_CLEAR(e->markers);
    Py_CLEAR(e->defaultfn);
    Py_CLEAR(e->encoder);
    Py_CLEAR(e->indent);
    Py_CLEAR(e->key_separator);
    Py_CLEAR(e->item_separator);
    return 0;
}
static void encoder_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    encoder_clear(self);
    Py_TYPE(self)->tp_free(self);
}
static PyMemberDef encoder_members[] = {
    {"markers", T_OBJECT, offsetof(Encoder, markers), READONLY},
    {"default", T_OBJECT, offsetof(Encoder, defaultfn), READONLY},
    {"encoder", T_OBJECT, offsetof(Encoder, encoder), READONLY},
    {"indent", T_OBJECT, offsetof(Encoder, indent), READONLY},
    {"key_separator", T_OBJECT, offsetof(Encoder, key_separator), READONLY},
    {"item_separator", T_OBJECT, offsetof(Encoder, item_separator), READONLY},
    {"sort_keys", T_BOOL, offsetof(Encoder, sort_keys), READONLY},
    {"skipkeys", T_BOOL, offsetof(Encoder, skipkeys), READONLY},
    {NULL}};

PyTypeObject kr_json_Encoder_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "_json.Encoder", .tp_basicsize = sizeof(Encoder), .tp_dealloc = encoder_dealloc, .tp_call = encoder_call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_doc = PyDoc_STR("Writes JSON documents."), .tp_traverse = encoder_traverse, .tp_clear = encoder_clear,
    .tp_members = encoder_members, .tp_new = encoder_new,
};
