/* enum.c - enumerate and reversed.
 *
 * enumerate counts in a machine word, and in an int object once that is used up. Its result tuple is handed out again while
 * nobody else holds it. reversed walks a sequence's indices downwards; -1 means ended.
 */
#include "object/iter.h"
#include "object/long.h"
#include "object/tuple.h"

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;           /* next number, as long as big is NULL */
    PyObject *it;
    PyObject *result;
    PyObject *big;              /* next number beyond a word */
} KrEnumerate;

static PyObject *enum_new_impl(PyTypeObject *type, PyObject *iterable, PyObject *start) {
    KrEnumerate *e = (KrEnumerate *)type->tp_alloc(type, 0);
    if (e == NULL)
        return NULL;
    if (start != NULL) {
        PyObject *n = PyNumber_Index(start);
        if (n == NULL)
            goto error;
        e->index = PyLong_AsSsize_t(n);
        if (e->index == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            e->index = PY_SSIZE_T_MAX;
            e->big = n;
        } else {
            Py_DECREF(n);
        }
    }
    e->it = PyObject_GetIter(iterable);
    if (e->it == NULL || (e->result = PyTuple_Pack(2, Py_None, Py_None)) == NULL)
        goto error;
    return (PyObject *)e;
error:
    Py_DECREF(e);
    return NULL;
}

static PyObject *enum_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"iterable", "start", NULL};
    PyObject *iterable, *start = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:enumerate", keywords, &iterable, &start))
        return NULL;
    return enum_new_impl(type, iterable, start);
}

static bool keyword_is(PyObject *kwnames, Py_ssize_t i, const char *name) {
    return _PyUnicode_EqualToASCIIString(PyTuple_GET_ITEM(kwnames, i), name);
}

static PyObject *enum_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf), nkw = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    PyObject *iterable = n > 0 ? args[0] : NULL, *start = n > 1 ? args[1] : NULL;
    if (n + nkw > 2) {
        PyErr_Format(PyExc_TypeError, "enumerate() takes at most 2 arguments (%zd given)", n + nkw);
        return NULL;
    }
    if (n + nkw == 0) {
        PyErr_Format(PyExc_TypeError, "enumerate() missing required argument 'iterable'");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < nkw; i++) {
        if (iterable == NULL && keyword_is(kwnames, i, "iterable")) {
            iterable = args[n + i];
        } else if (start == NULL && keyword_is(kwnames, i, "start") && n + nkw == 2) {
            start = args[n + i];
        } else {
            PyErr_Format(PyExc_TypeError, "'%.200s' is an invalid keyword argument for enumerate()",
                         PyUnicode_AsUTF8(PyTuple_GET_ITEM(kwnames, i)));
            return NULL;
        }
    }
    return enum_new_impl((PyTypeObject *)type, iterable, start);
}

static void enum_dealloc(PyObject *self) {
    KrEnumerate *e = (KrEnumerate *)self;
    KR_FORGET(self);
    Py_XDECREF(e->it);
    Py_XDECREF(e->result);
    Py_XDECREF(e->big);
    Py_TYPE(self)->tp_free(self);
}

static int enum_traverse(PyObject *self, visitproc visit, void *arg) {
    KrEnumerate *e = (KrEnumerate *)self;
    Py_VISIT(e->it);
    Py_VISIT(e->result);
    Py_VISIT(e->big);
    return 0;
}

/* The next number; NULL on error. */
static PyObject *enum_count(KrEnumerate *e) {
    if (e->index < PY_SSIZE_T_MAX)
        return PyLong_FromSsize_t(e->index++);
    if (e->big == NULL && (e->big = PyLong_FromSsize_t(PY_SSIZE_T_MAX)) == NULL)
        return NULL;
    PyObject *now = e->big, *next = PyNumber_Add(now, kr_small_int(1));
    if (next == NULL)
        return NULL;
    e->big = next;
    return now;
}

static PyObject *enum_next(PyObject *self) {
    KrEnumerate *e = (KrEnumerate *)self;
    PyObject *item = kr_iternext(e->it);
    if (item == NULL)
        return NULL;
    PyObject *number = enum_count(e), *result = e->result;
    if (number == NULL) {
        Py_DECREF(item);
        return NULL;
    }
    if (Py_REFCNT(result) == 1) {
        PyObject *old_number = PyTuple_GET_ITEM(result, 0), *old_item = PyTuple_GET_ITEM(result, 1);
        Py_INCREF(result);
        PyTuple_SET_ITEM(result, 0, number);
        PyTuple_SET_ITEM(result, 1, item);
        Py_DECREF(old_number);
        Py_DECREF(old_item);
        if (!kr_gc_is_tracked(result))
            kr_gc_track(result);
        return result;
    }
    return kr_tuple_pair_steal(number, item);
}

bool kr_enumerate_pair(PyObject *self, PyObject *pair[2]) {
    KrEnumerate *e = (KrEnumerate *)self;
    PyObject *item = kr_iternext(e->it), *number = item == NULL ? NULL : enum_count(e);
    if (number == NULL) {
        Py_XDECREF(item);
        return false;
    }
    pair[0] = number;
    pair[1] = item;
    return true;
}

static PyObject *enum_reduce(PyObject *self, PyObject *unused) {
    KrEnumerate *e = (KrEnumerate *)self;
    if (e->big != NULL)
        return Py_BuildValue("O(OO)", Py_TYPE(self), e->it, e->big);
    return Py_BuildValue("O(On)", Py_TYPE(self), e->it, e->index);
}

static PyMethodDef enum_methods[] = {
    {"__reduce__", enum_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, KR_CLASS_GETITEM_METHOD, {NULL, NULL, 0, NULL}};

PyTypeObject PyEnum_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "enumerate",
    .tp_basicsize = sizeof(KrEnumerate),
    .tp_dealloc = enum_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("enumerate(iterable, start=0)\n--\n\nAn iterator over (number, item) pairs, numbers counting up from start."),
    .tp_traverse = enum_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = enum_next,
    .tp_methods = enum_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = enum_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = enum_vectorcall,
};

/* ------------------------------------------------------------------ reversed */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *seq;              /* NULL once exhausted */
} KrReversed;

static PyObject *reversed_new_impl(PyTypeObject *type, PyObject *seq) {
    PyObject *method = kr_special_lookup(seq, KR_STR(__reversed__));
    if (method == Py_None) {
        Py_DECREF(method);
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not reversible", Py_TYPE(seq)->tp_name);
        return NULL;
    }
    if (method != NULL) {
        PyObject *result = PyObject_CallNoArgs(method);
        Py_DECREF(method);
        return result;
    }
    if (PyErr_Occurred())
        return NULL;
    if (!PySequence_Check(seq)) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not reversible", Py_TYPE(seq)->tp_name);
        return NULL;
    }
    Py_ssize_t n = PySequence_Size(seq);
    if (n == -1)
        return NULL;
    KrReversed *r = (KrReversed *)type->tp_alloc(type, 0);
    if (r == NULL)
        return NULL;
    r->index = n - 1;
    r->seq = Py_NewRef(seq);
    return (PyObject *)r;
}

static PyObject *reversed_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *seq;
    if ((type == &PyReversed_Type || type->tp_init == PyReversed_Type.tp_init) && !_PyArg_NoKeywords("reversed", kwargs))
        return NULL;
    if (!PyArg_UnpackTuple(args, "reversed", 1, 1, &seq))
        return NULL;
    return reversed_new_impl(type, seq);
}

static PyObject *reversed_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("reversed", kwnames) || !_PyArg_CheckPositional("reversed", n, 1, 1))
        return NULL;
    return reversed_new_impl((PyTypeObject *)type, args[0]);
}

static void reversed_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrReversed *)self)->seq);
    Py_TYPE(self)->tp_free(self);
}

static int reversed_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrReversed *)self)->seq);
    return 0;
}

static PyObject *reversed_next(PyObject *self) {
    KrReversed *r = (KrReversed *)self;
    if (r->index >= 0) {
        PyObject *item = PySequence_GetItem(r->seq, r->index);
        if (item != NULL) {
            r->index--;
            return item;
        }
        if (PyErr_ExceptionMatches(PyExc_IndexError) || PyErr_ExceptionMatches(PyExc_StopIteration))
            PyErr_Clear();
    }
    r->index = -1;
    Py_CLEAR(r->seq);
    return NULL;
}

static PyObject *reversed_length_hint(PyObject *self, PyObject *unused) {
    KrReversed *r = (KrReversed *)self;
    if (r->seq == NULL)
        return PyLong_FromLong(0);
    Py_ssize_t n = PySequence_Size(r->seq);
    if (n == -1)
        return NULL;
    return PyLong_FromSsize_t(n < r->index + 1 ? 0 : r->index + 1);
}

static PyObject *reversed_reduce(PyObject *self, PyObject *unused) {
    KrReversed *r = (KrReversed *)self;
    if (r->seq != NULL)
        return Py_BuildValue("O(O)n", Py_TYPE(self), r->seq, r->index);
    return Py_BuildValue("O(())", Py_TYPE(self));
}

static PyObject *reversed_setstate(PyObject *self, PyObject *state) {
    KrReversed *r = (KrReversed *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (r->seq != NULL) {
        Py_ssize_t n = PySequence_Size(r->seq);
        if (n < 0)
            return NULL;
        r->index = i < -1 ? -1 : i > n - 1 ? n - 1 : i;
    }
    Py_RETURN_NONE;
}

static PyMethodDef reversed_methods[] = {
    {"__length_hint__", reversed_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", reversed_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", reversed_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyReversed_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "reversed",
    .tp_basicsize = sizeof(KrReversed),
    .tp_dealloc = reversed_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("reversed(sequence, /)\n--\n\nAn iterator over the items, last one first."),
    .tp_traverse = reversed_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = reversed_next,
    .tp_methods = reversed_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = reversed_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = reversed_vectorcall,
};
