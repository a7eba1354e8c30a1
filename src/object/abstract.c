/* abstract.c - the object protocol: size, items, iteration, formatting, isinstance, buffers.
 *
 * Each function looks at the slots of the operand's type and nothing else; what a class written in Python does comes in
 * through the slot functions of type_slots.c. Numbers are in abstract_number.c, sequences and mappings in
 * abstract_sequence.c.
 */
#include "object/call.h"
#include "object/abstract.h"
#include "object/union.h"

PyObject *kr_null_argument(void) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "null argument to internal routine");
    return NULL;
}

PyObject *kr_type_error(const char *format, PyObject *o) {
    PyErr_Format(PyExc_TypeError, format, Py_TYPE(o)->tp_name);
    return NULL;
}

PyObject *PyObject_Type(PyObject *o) { return o ? Py_NewRef((PyObject *)Py_TYPE(o)) : kr_null_argument(); }

/* ------------------------------------------------------------------ size */

Py_ssize_t PyObject_Size(PyObject *o) {
    if (!o) {
        kr_null_argument();
        return -1;
    }
    PySequenceMethods *m = Py_TYPE(o)->tp_as_sequence;
    return m && m->sq_length ? m->sq_length(o) : PyMapping_Size(o);
}
#undef PyObject_Length
Py_ssize_t PyObject_Length(PyObject *o) { return PyObject_Size(o); }

int _PyObject_HasLen(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    return (t->tp_as_sequence && t->tp_as_sequence->sq_length) || (t->tp_as_mapping && t->tp_as_mapping->mp_length);
}

/* Clears a TypeError, whose place the default takes; any other error stays. */
static Py_ssize_t hint_or_error(Py_ssize_t fallback) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return -1;
    PyErr_Clear();
    return fallback;
}

Py_ssize_t PyObject_LengthHint(PyObject *o, Py_ssize_t fallback) {
    if (_PyObject_HasLen(o)) {
        Py_ssize_t n = PyObject_Size(o);
        if (n >= 0) return n;
        if (hint_or_error(0) < 0) return -1;
    }
    PyObject *hint = _PyType_Lookup(Py_TYPE(o), KR_STR(__length_hint__));
    if (!hint) return PyErr_Occurred() ? -1 : fallback;
    descrgetfunc get = Py_TYPE(hint)->tp_descr_get;
    hint = get ? get(hint, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(hint);
    if (!hint) return -1;
    PyObject *r = PyObject_CallNoArgs(hint);
    Py_DECREF(hint);
    if (!r) return hint_or_error(fallback);
    if (r == Py_NotImplemented) {
        Py_DECREF(r);
        return fallback;
    }
    if (!PyLong_Check(r)) {
        kr_type_error("__length_hint__ must be an integer, not %.100s", r);
        Py_DECREF(r);
        return -1;
    }
    Py_ssize_t n = PyLong_AsSsize_t(r);
    Py_DECREF(r);
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "__length_hint__() should return >= 0");
        return -1;
    }
    return n;
}

/* ------------------------------------------------------------------ items */

/* type[key]: a generic alias, or what the class's __class_getitem__ says. */
static PyObject *type_subscript(PyTypeObject *t, PyObject *key) {
    if (t == &PyType_Type) return Py_GenericAlias((PyObject *)t, key);
    PyObject *method;
    if (_PyObject_LookupAttr((PyObject *)t, KR_STR(__class_getitem__), &method) < 0) return NULL;
    if (method && method != Py_None) {
        PyObject *r = PyObject_CallOneArg(method, key);
        Py_DECREF(method);
        return r;
    }
    Py_XDECREF(method);
    PyErr_Format(PyExc_TypeError, "type '%.200s' is not subscriptable", t->tp_name);
    return NULL;
}

/* key as an index of a type that only has sq_item or sq_ass_item; -1 with an exception set. */
static Py_ssize_t sequence_key(PyObject *key) {
    if (!PyIndex_Check(key)) {
        kr_type_error("sequence index must be integer, not '%.200s'", key);
        return -1;
    }
    return PyNumber_AsSsize_t(key, PyExc_IndexError);
}

PyObject *PyObject_GetItem(PyObject *o, PyObject *key) {
    if (!o || !key) return kr_null_argument();
    PyTypeObject *t = Py_TYPE(o);
    if (t->tp_as_mapping && t->tp_as_mapping->mp_subscript) return t->tp_as_mapping->mp_subscript(o, key);
    if (t->tp_as_sequence && t->tp_as_sequence->sq_item) {
        Py_ssize_t i = sequence_key(key);
        return i == -1 && PyErr_Occurred() ? NULL : PySequence_GetItem(o, i);
    }
    if (PyType_Check(o)) return type_subscript((PyTypeObject *)o, key);
    return kr_type_error("'%.200s' object is not subscriptable", o);
}

/* o[key] = value, or del o[key] when value is NULL. */
static int assign_item(PyObject *o, PyObject *key, PyObject *value) {
    PyTypeObject *t = Py_TYPE(o);
    if (t->tp_as_mapping && t->tp_as_mapping->mp_ass_subscript) return t->tp_as_mapping->mp_ass_subscript(o, key, value);
    PySequenceMethods *m = t->tp_as_sequence;
    if (m) {
        if (PyIndex_Check(key)) {
            Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
            if (i == -1 && PyErr_Occurred()) return -1;
            return value ? PySequence_SetItem(o, i, value) : PySequence_DelItem(o, i);
        }
        if (m->sq_ass_item) {
            kr_type_error("sequence index must be integer, not '%.200s'", key);
            return -1;
        }
    }
    kr_type_error(value ? "'%.200s' object does not support item assignment" : "'%.200s' object does not support item deletion", o);
    return -1;
}

int PyObject_SetItem(PyObject *o, PyObject *key, PyObject *value) {
    if (!o || !key || !value) {
        kr_null_argument();
        return -1;
    }
    return assign_item(o, key, value);
}

int PyObject_DelItem(PyObject *o, PyObject *key) {
    if (!o || !key) {
        kr_null_argument();
        return -1;
    }
    return assign_item(o, key, NULL);
}

int PyObject_DelItemString(PyObject *o, const char *name) {
    if (!o || !name) {
        kr_null_argument();
        return -1;
    }
    PyObject *key = PyUnicode_FromString(name);
    if (!key) return -1;
    int r = PyObject_DelItem(o, key);
    Py_DECREF(key);
    return r;
}

/* ------------------------------------------------------------------ iteration */

PyObject *PyObject_GetIter(PyObject *o) {
    getiterfunc f = Py_TYPE(o)->tp_iter;
    if (!f) return PySequence_Check(o) ? PySeqIter_New(o) : kr_type_error("'%.200s' object is not iterable", o);
    PyObject *it = f(o);
    if (it && !PyIter_Check(it)) {
        kr_type_error("iter() returned non-iterator of type '%.100s'", it);
        Py_CLEAR(it);
    }
    return it;
}

PyObject *PyObject_GetAIter(PyObject *o) {
    PyAsyncMethods *m = Py_TYPE(o)->tp_as_async;
    if (!m || !m->am_aiter) return kr_type_error("'%.200s' object is not an async iterable", o);
    PyObject *it = m->am_aiter(o);
    if (it && !PyAIter_Check(it)) {
        kr_type_error("aiter() returned not an async iterator of type '%.100s'", it);
        Py_CLEAR(it);
    }
    return it;
}

int PyIter_Check(PyObject *o) {
    iternextfunc next = Py_TYPE(o)->tp_iternext;
    return next && next != &_PyObject_NextNotImplemented;
}

int PyAIter_Check(PyObject *o) {
    PyAsyncMethods *m = Py_TYPE(o)->tp_as_async;
    return m && m->am_anext && m->am_anext != &_PyObject_NextNotImplemented;
}

PyObject *PyIter_Next(PyObject *it) {
    PyObject *r = kr_iternext(it);
    if (!r && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_StopIteration)) PyErr_Clear();
    return r;
}

PySendResult PyIter_Send(PyObject *it, PyObject *value, PyObject **result) {
    PyTypeObject *t = Py_TYPE(it);
    if (t->tp_as_async && t->tp_as_async->am_send) {
        PySendResult r = t->tp_as_async->am_send(it, value, result);
        return r;
    }
    *result = value == Py_None && PyIter_Check(it) ? kr_iternext(it) : PyObject_CallMethodOneArg(it, KR_STR(send), value);
    if (*result) return PYGEN_NEXT;
    return _PyGen_FetchStopIterationValue(result) == 0 ? PYGEN_RETURN : PYGEN_ERROR;
}

/* ------------------------------------------------------------------ format */

PyObject *PyObject_Format(PyObject *o, PyObject *spec) {
    if (spec && !PyUnicode_Check(spec)) {
        PyErr_Format(PyExc_SystemError, "Format specifier must be a string, not %.200s", Py_TYPE(spec)->tp_name);
        return NULL;
    }
    if (!spec || PyUnicode_GET_LENGTH(spec) == 0) {
        if (PyUnicode_CheckExact(o)) return Py_NewRef(o);
        if (PyLong_CheckExact(o)) return PyObject_Str(o);
    }
    if (PyUnicode_Check(o) && PyUnicode_READY(o) < 0) return NULL;
    PyObject *empty = spec ? NULL : PyUnicode_New(0, 0);
    if (!spec && !(spec = empty)) return NULL;
    PyObject *r = NULL, *format = _PyType_Lookup(Py_TYPE(o), KR_STR(__format__));
    if (!format) {
        if (!PyErr_Occurred()) kr_type_error("Type %.100s doesn't define __format__", o);
    } else if (PyType_HasFeature(Py_TYPE(format), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        PyObject *args[2] = {o, spec};
        Py_INCREF(format);
        r = PyObject_Vectorcall(format, args, 2, NULL);
        Py_DECREF(format);
    } else {
        descrgetfunc get = Py_TYPE(format)->tp_descr_get;
        format = get ? get(format, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(format);
        if (format) {
            r = PyObject_CallOneArg(format, spec);
            Py_DECREF(format);
        }
    }
    if (r && !PyUnicode_Check(r)) {
        kr_type_error("__format__ must return a str, not %.200s", r);
        Py_CLEAR(r);
    }
    Py_XDECREF(empty);
    return r;
}

/* ------------------------------------------------------------------ isinstance and issubclass
 * Classes that aren't types take part through a tuple attribute __bases__. */

/* o.__bases__ if it is a tuple, else NULL, with an exception only for errors other than AttributeError. */
static PyObject *bases_of(PyObject *o) {
    PyObject *bases;
    if (_PyObject_LookupAttr(o, KR_STR(__bases__), &bases) < 0) return NULL;
    if (bases && !PyTuple_Check(bases)) Py_CLEAR(bases);
    return bases;
}

/* Whether `derived` reaches cls along __bases__: follows single bases in a loop, several by recursion. */
static int abstract_is_subclass(PyObject *derived, PyObject *cls) {
    PyObject *bases = NULL;
    int r = 0;
    Py_INCREF(derived);
    for (;;) {
        if (derived == cls) {
            r = 1;
            break;
        }
        Py_XSETREF(bases, bases_of(derived));
        Py_CLEAR(derived);
        if (!bases) {
            r = PyErr_Occurred() ? -1 : 0;
            break;
        }
        Py_ssize_t n = PyTuple_GET_SIZE(bases);
        if (n == 0) break;
        if (n == 1) {
            derived = Py_NewRef(PyTuple_GET_ITEM(bases, 0));
            continue;
        }
        if (Py_EnterRecursiveCall(" in __issubclass__")) {
            r = -1;
            break;
        }
        for (Py_ssize_t i = 0; i < n && r == 0; i++) r = abstract_is_subclass(PyTuple_GET_ITEM(bases, i), cls);
        Py_LeaveRecursiveCall();
        break;
    }
    Py_XDECREF(derived);
    Py_XDECREF(bases);
    return r;
}

static bool check_class(PyObject *cls, const char *message) {
    PyObject *bases = bases_of(cls);
    if (!bases) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, message);
        return false;
    }
    Py_DECREF(bases);
    return true;
}

int _PyObject_RealIsInstance(PyObject *o, PyObject *cls) {
    PyObject *oc;
    int r;
    if (PyType_Check(cls)) {
        if (PyObject_TypeCheck(o, (PyTypeObject *)cls)) return 1;
        if ((r = _PyObject_LookupAttr(o, KR_STR(__class__), &oc)) <= 0) return r;
        r = oc != (PyObject *)Py_TYPE(o) && PyType_Check(oc) ? PyType_IsSubtype((PyTypeObject *)oc, (PyTypeObject *)cls) : 0;
        Py_DECREF(oc);
        return r;
    }
    if (!check_class(cls, "isinstance() arg 2 must be a type, a tuple of types, or a union")) return -1;
    if ((r = _PyObject_LookupAttr(o, KR_STR(__class__), &oc)) <= 0) return r;
    r = abstract_is_subclass(oc, cls);
    Py_DECREF(oc);
    return r;
}

int _PyObject_RealIsSubclass(PyObject *derived, PyObject *cls) {
    if (PyType_Check(cls) && PyType_Check(derived))
        return derived == cls || PyType_IsSubtype((PyTypeObject *)derived, (PyTypeObject *)cls);
    if (!check_class(derived, "issubclass() arg 1 must be a class")) return -1;
    if (!Py_IS_TYPE(cls, &_PyUnion_Type) && !check_class(cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union"))
        return -1;
    return abstract_is_subclass(derived, cls);
}

typedef int (*ClassTest)(PyObject *o, PyObject *cls);

/* cls.<hook>(o) as a truth value; 2 when the metaclass has no such method. */
static int ask_class(PyObject *o, PyObject *cls, PyObject *hook, const char *where) {
    PyObject *checker = _PyType_Lookup(Py_TYPE(cls), hook);
    if (!checker) return PyErr_Occurred() ? -1 : 2;
    if (Py_EnterRecursiveCall(where)) return -1;
    descrgetfunc get = Py_TYPE(checker)->tp_descr_get;
    PyObject *r = NULL;
    if (PyType_HasFeature(Py_TYPE(checker), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        PyObject *args[2] = {cls, o};
        Py_INCREF(checker);
        r = PyObject_Vectorcall(checker, args, 2, NULL);
        Py_DECREF(checker);
    } else {
        checker = get ? get(checker, cls, (PyObject *)Py_TYPE(cls)) : Py_NewRef(checker);
        if (checker) {
            r = PyObject_CallOneArg(checker, o);
            Py_DECREF(checker);
        }
    }
    Py_LeaveRecursiveCall();
    if (!r) return -1;
    int truth = PyObject_IsTrue(r);
    Py_DECREF(r);
    return truth;
}

/* isinstance and issubclass: any of a tuple's classes, else the class's own hook, else the plain rule. */
static int test_class(PyObject *o, PyObject *cls, PyObject *hook, ClassTest plain, ClassTest again) {
    const char *where = plain == _PyObject_RealIsInstance ? " in __instancecheck__" : " in __subclasscheck__";
    if (Py_IS_TYPE(cls, &_PyUnion_Type)) cls = kr_union_args(cls);
    if (PyTuple_Check(cls)) {
        if (Py_EnterRecursiveCall(where)) return -1;
        int r = 0;
        for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(cls); i++) r = again(o, PyTuple_GET_ITEM(cls, i));
        Py_LeaveRecursiveCall();
        return r;
    }
    int r = ask_class(o, cls, hook, where);
    return r == 2 ? plain(o, cls) : r;
}

int PyObject_IsInstance(PyObject *o, PyObject *cls) {
    if (Py_IS_TYPE(o, (PyTypeObject *)cls)) return 1;
    if (PyType_CheckExact(cls)) return _PyObject_RealIsInstance(o, cls);
    return test_class(o, cls, KR_STR(__instancecheck__), _PyObject_RealIsInstance, PyObject_IsInstance);
}

int PyObject_IsSubclass(PyObject *derived, PyObject *cls) {
    if (PyType_CheckExact(cls)) return derived == cls ? 1 : _PyObject_RealIsSubclass(derived, cls);
    return test_class(derived, cls, KR_STR(__subclasscheck__), _PyObject_RealIsSubclass, PyObject_IsSubclass);
}

/* ------------------------------------------------------------------ buffers */

int PyObject_CheckBuffer(PyObject *o) {
    PyBufferProcs *b = Py_TYPE(o)->tp_as_buffer;
    return b && b->bf_getbuffer;
}

int PyObject_GetBuffer(PyObject *o, Py_buffer *view, int flags) {
    PyBufferProcs *b = Py_TYPE(o)->tp_as_buffer;
    if (!b || !b->bf_getbuffer) {
        kr_type_error("a bytes-like object is required, not '%.100s'", o);
        return -1;
    }
    return b->bf_getbuffer(o, view, flags);
}

void PyBuffer_Release(Py_buffer *view) {
    PyObject *o = view->obj;
    if (!o) return;
    PyBufferProcs *b = Py_TYPE(o)->tp_as_buffer;
    if (b && b->bf_releasebuffer) b->bf_releasebuffer(o, view);
    view->obj = NULL;
    Py_DECREF(o);
}

int PyObject_CheckReadBuffer(PyObject *o) {
    Py_buffer view;
    if (!PyObject_CheckBuffer(o)) return 0;
    if (PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) < 0) {
        PyErr_Clear();
        return 0;
    }
    PyBuffer_Release(&view);
    return 1;
}

/* The old buffer functions give a pointer that nothing keeps valid; the caller must. */
static int old_buffer(PyObject *o, void **buffer, Py_ssize_t *len, int flags) {
    if (!o || !buffer || !len) {
        kr_null_argument();
        return -1;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(o, &view, flags) < 0) return -1;
    *buffer = view.buf;
    *len = view.len;
    PyBuffer_Release(&view);
    return 0;
}
int PyObject_AsReadBuffer(PyObject *o, const void **buffer, Py_ssize_t *len) { return old_buffer(o, (void **)buffer, len, PyBUF_SIMPLE); }
int PyObject_AsCharBuffer(PyObject *o, const char **buffer, Py_ssize_t *len) { return old_buffer(o, (void **)buffer, len, PyBUF_SIMPLE); }
int PyObject_AsWriteBuffer(PyObject *o, void **buffer, Py_ssize_t *len) {
    if (o && PyObject_CheckBuffer(o)) {
        Py_buffer view;
        if (PyObject_GetBuffer(o, &view, PyBUF_WRITABLE) == 0) {
            *buffer = view.buf;
            *len = view.len;
            PyBuffer_Release(&view);
            return 0;
        }
    } else if (!o)
        return old_buffer(o, buffer, len, 0);
    PyErr_SetString(PyExc_TypeError, "expected a writable bytes-like object");
    return -1;
}

/* Steps a multi-dimensional index, last dimension fastest (C) or first (F). */
void _Py_add_one_to_index_C(int nd, Py_ssize_t *index, const Py_ssize_t *shape) {
    for (int k = nd - 1; k >= 0; k--) {
        if (++index[k] < shape[k]) return;
        index[k] = 0;
    }
}
void _Py_add_one_to_index_F(int nd, Py_ssize_t *index, const Py_ssize_t *shape) {
    for (int k = 0; k < nd; k++) {
        if (++index[k] < shape[k]) return;
        index[k] = 0;
    }
}

int PyObject_CopyData(PyObject *dest, PyObject *src) {
    if (!PyObject_CheckBuffer(dest) || !PyObject_CheckBuffer(src)) {
        PyErr_SetString(PyExc_TypeError, "both destination and source must be bytes-like objects");
        return -1;
    }
    Py_buffer to, from;
    if (PyObject_GetBuffer(dest, &to, PyBUF_FULL) < 0) return -1;
    if (PyObject_GetBuffer(src, &from, PyBUF_FULL_RO) < 0) {
        PyBuffer_Release(&to);
        return -1;
    }
    int r = -1;
    if (to.len < from.len) {
        PyErr_SetString(PyExc_BufferError, "destination is too small to receive data from source");
    } else if ((PyBuffer_IsContiguous(&to, 'C') && PyBuffer_IsContiguous(&from, 'C')) ||
               (PyBuffer_IsContiguous(&to, 'F') && PyBuffer_IsContiguous(&from, 'F'))) {
        memcpy(to.buf, from.buf, (size_t)from.len);
        r = 0;
    } else {
        Py_ssize_t *index = PyMem_Calloc((size_t)(from.ndim ? from.ndim : 1), sizeof *index), items = 1;
        if (!index) {
            PyErr_NoMemory();
        } else {
            for (int k = 0; k < from.ndim; k++) items *= from.shape[k];
            for (; items > 0; items--) {
                memcpy(PyBuffer_GetPointer(&to, index), PyBuffer_GetPointer(&from, index), (size_t)from.itemsize);
                _Py_add_one_to_index_C(from.ndim, index, from.shape);
            }
            PyMem_Free(index);
            r = 0;
        }
    }
    PyBuffer_Release(&to);
    PyBuffer_Release(&from);
    return r;
}
