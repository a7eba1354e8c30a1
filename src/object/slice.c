/* slice.c - slice objects, the arithmetic of their indices, and Ellipsis.
 *
 * A slice holds three objects, none NULL; None stands for what was left out. One dead slice is kept for the next.
 */
#include "object/container.h"

/* ------------------------------------------------------------------ making */

/* Takes over the three references, on failure too. */
static PyObject *slice_new_steal(PyObject *start, PyObject *stop, PyObject *step) {
    KrContainerState *s = &kr_interp()->container;
    PySliceObject *slice = s->slice_free;
    if (slice != NULL) {
        s->slice_free = NULL;
        _Py_NewReference((PyObject *)slice);
    } else if ((slice = PyObject_GC_New(PySliceObject, &PySlice_Type)) == NULL) {
        Py_DECREF(start);
        Py_DECREF(stop);
        Py_DECREF(step);
        return NULL;
    }
    slice->start = start;
    slice->stop = stop;
    slice->step = step;
    KR_TRACK(slice);
    return (PyObject *)slice;
}

PyObject *PySlice_New(PyObject *start, PyObject *stop, PyObject *step) {
    return slice_new_steal(Py_NewRef(start == NULL ? Py_None : start), Py_NewRef(stop == NULL ? Py_None : stop),
                           Py_NewRef(step == NULL ? Py_None : step));
}

PyObject *_PySlice_FromIndices(Py_ssize_t start, Py_ssize_t stop) {
    PyObject *a = PyLong_FromSsize_t(start);
    if (a == NULL)
        return NULL;
    PyObject *b = PyLong_FromSsize_t(stop);
    if (b == NULL) {
        Py_DECREF(a);
        return NULL;
    }
    return slice_new_steal(a, b, Py_NewRef(Py_None));
}

static void slice_dealloc(PyObject *self) {
    PySliceObject *slice = (PySliceObject *)self;
    KR_FORGET(self);
    Py_DECREF(slice->start);
    Py_DECREF(slice->stop);
    Py_DECREF(slice->step);
    KrContainerState *s = &kr_interp()->container;
    if (KR_FREE_LISTS && s->slice_free == NULL)
        s->slice_free = slice;
    else
        PyObject_GC_Del(self);
}

static int slice_traverse(PyObject *self, visitproc visit, void *arg) {
    PySliceObject *slice = (PySliceObject *)self;
    Py_VISIT(slice->start);
    Py_VISIT(slice->stop);
    Py_VISIT(slice->step);
    return 0;
}

static PyObject *slice_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *start, *stop = NULL, *step = NULL;
    if (!_PyArg_NoKeywords("slice", kwargs) || !PyArg_UnpackTuple(args, "slice", 1, 3, &start, &stop, &step))
        return NULL;
    if (stop == NULL) {         /* one argument is the stop */
        stop = start;
        start = NULL;
    }
    return PySlice_New(start, stop, step);
}

/* ------------------------------------------------------------------ indices */

int PySlice_Unpack(PyObject *self, Py_ssize_t *start, Py_ssize_t *stop, Py_ssize_t *step) {
    PySliceObject *s = (PySliceObject *)self;
    if (s->step == Py_None) {
        *step = 1;
    } else {
        if (!_PyEval_SliceIndex(s->step, step))
            return -1;
        if (*step == 0) {
            PyErr_SetString(PyExc_ValueError, "slice step cannot be zero");
            return -1;
        }
        if (*step < -PY_SSIZE_T_MAX)    /* so that -step exists */
            *step = -PY_SSIZE_T_MAX;
    }
    if (s->start == Py_None)
        *start = *step < 0 ? PY_SSIZE_T_MAX : 0;
    else if (!_PyEval_SliceIndex(s->start, start))
        return -1;
    if (s->stop == Py_None)
        *stop = *step < 0 ? PY_SSIZE_T_MIN : PY_SSIZE_T_MAX;
    else if (!_PyEval_SliceIndex(s->stop, stop))
        return -1;
    return 0;
}

KR_INLINE Py_ssize_t clip_index(Py_ssize_t i, Py_ssize_t length, bool backwards) {
    if (i < 0) {
        i += length;
        return i >= 0 ? i : backwards ? -1 : 0;
    }
    return i < length ? i : backwards ? length - 1 : length;
}

Py_ssize_t PySlice_AdjustIndices(Py_ssize_t length, Py_ssize_t *start, Py_ssize_t *stop, Py_ssize_t step) {
    *start = clip_index(*start, length, step < 0);
    *stop = clip_index(*stop, length, step < 0);
    if (step < 0)
        return *stop < *start ? (*start - *stop - 1) / -step + 1 : 0;
    return *start < *stop ? (*stop - *start - 1) / step + 1 : 0;
}

#undef PySlice_GetIndicesEx
int PySlice_GetIndicesEx(PyObject *slice, Py_ssize_t length, Py_ssize_t *start, Py_ssize_t *stop, Py_ssize_t *step,
                         Py_ssize_t *slicelength) {
    if (PySlice_Unpack(slice, start, stop, step) < 0)
        return -1;
    *slicelength = PySlice_AdjustIndices(length, start, stop, *step);
    return 0;
}

/* The old interface: ints only, and no clipping of what is out of range. */
int PySlice_GetIndices(PyObject *self, Py_ssize_t length, Py_ssize_t *start, Py_ssize_t *stop, Py_ssize_t *step) {
    PySliceObject *s = (PySliceObject *)self;
    *step = 1;
    if (s->step != Py_None) {
        if (!PyLong_Check(s->step))
            return -1;
        *step = PyLong_AsSsize_t(s->step);
    }
    *start = *step < 0 ? length - 1 : 0;
    if (s->start != Py_None) {
        if (!PyLong_Check(s->start))
            return -1;
        *start = PyLong_AsSsize_t(s->start);
        if (*start < 0)
            *start += length;
    }
    *stop = *step < 0 ? -1 : length;
    if (s->stop != Py_None) {
        if (!PyLong_Check(s->stop))
            return -1;
        *stop = PyLong_AsSsize_t(s->stop);
        if (*stop < 0)
            *stop += length;
    }
    return *stop > length || *start >= length || *step == 0 ? -1 : 0;
}

static PyObject *long_index(PyObject *v) {
    if (PyIndex_Check(v))
        return PyNumber_Index(v);
    PyErr_SetString(PyExc_TypeError, "slice indices must be integers or None or have an __index__ method");
    return NULL;
}

/* v clipped to lower .. upper, counted from the end when negative. */
static PyObject *long_clip(PyObject *v, PyObject *length, PyObject *lower, PyObject *upper) {
    PyObject *i = long_index(v);
    if (i == NULL)
        return NULL;
    int outside;
    if (_PyLong_Sign(i) < 0) {
        Py_SETREF(i, PyNumber_Add(i, length));
        if (i == NULL)
            return NULL;
        outside = PyObject_RichCompareBool(i, lower, Py_LT);
        if (outside > 0)
            Py_SETREF(i, Py_NewRef(lower));
    } else {
        outside = PyObject_RichCompareBool(i, upper, Py_GT);
        if (outside > 0)
            Py_SETREF(i, Py_NewRef(upper));
    }
    if (outside < 0)
        Py_CLEAR(i);
    return i;
}

/* slice.indices() for a length of any size; `length` is an int, not negative. New references. */
int _PySlice_GetLongIndices(PySliceObject *self, PyObject *length, PyObject **start_ptr, PyObject **stop_ptr, PyObject **step_ptr) {
    PyObject *start = NULL, *stop = NULL, *step = NULL, *lower = NULL, *upper = NULL;
    bool backwards = false;
    if (self->step == Py_None) {
        step = PyLong_FromLong(1);
    } else if ((step = long_index(self->step)) != NULL) {
        int sign = _PyLong_Sign(step);
        backwards = sign < 0;
        if (sign == 0) {
            PyErr_SetString(PyExc_ValueError, "slice step cannot be zero");
            goto error;
        }
    }
    if (step == NULL || (lower = PyLong_FromLong(backwards ? -1 : 0)) == NULL)
        goto error;
    upper = backwards ? PyNumber_Add(length, lower) : Py_NewRef(length);
    if (upper == NULL)
        goto error;
    start = self->start == Py_None ? Py_NewRef(backwards ? upper : lower) : long_clip(self->start, length, lower, upper);
    if (start == NULL)
        goto error;
    stop = self->stop == Py_None ? Py_NewRef(backwards ? lower : upper) : long_clip(self->stop, length, lower, upper);
    if (stop == NULL)
        goto error;
    Py_DECREF(lower);
    Py_DECREF(upper);
    *start_ptr = start;
    *stop_ptr = stop;
    *step_ptr = step;
    return 0;
error:
    *start_ptr = *stop_ptr = *step_ptr = NULL;
    Py_XDECREF(start);
    Py_XDECREF(step);
    Py_XDECREF(lower);
    Py_XDECREF(upper);
    return -1;
}

static PyObject *slice_indices(PyObject *self, PyObject *arg) {
    PyObject *length = PyNumber_Index(arg), *start, *stop, *step;
    if (length == NULL)
        return NULL;
    if (_PyLong_Sign(length) < 0) {
        PyErr_SetString(PyExc_ValueError, "length should not be negative");
        Py_DECREF(length);
        return NULL;
    }
    int r = _PySlice_GetLongIndices((PySliceObject *)self, length, &start, &stop, &step);
    Py_DECREF(length);
    return r < 0 ? NULL : Py_BuildValue("(NNN)", start, stop, step);
}

/* ------------------------------------------------------------------ the type */

static PyObject *slice_repr(PyObject *self) {
    PySliceObject *s = (PySliceObject *)self;
    return PyUnicode_FromFormat("slice(%R, %R, %R)", s->start, s->stop, s->step);
}

static PyObject *slice_reduce(PyObject *self, PyObject *unused) {
    PySliceObject *s = (PySliceObject *)self;
    return Py_BuildValue("O(OOO)", Py_TYPE(s), s->start, s->stop, s->step);
}

/* Slices compare like tuples of their three parts. */
static PyObject *slice_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PySlice_Check(a) || !PySlice_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    if (a == b)
        return PyBool_FromLong(op == Py_EQ || op == Py_LE || op == Py_GE);
    PySliceObject *x = (PySliceObject *)a, *y = (PySliceObject *)b;
    PyObject *s = PyTuple_Pack(3, x->start, x->stop, x->step), *t = PyTuple_Pack(3, y->start, y->stop, y->step);
    PyObject *result = s == NULL || t == NULL ? NULL : PyObject_RichCompare(s, t, op);
    Py_XDECREF(s);
    Py_XDECREF(t);
    return result;
}

static PyMethodDef slice_methods[] = {
    {"indices", slice_indices, METH_O,
     PyDoc_STR("S.indices(len) -> (start, stop, stride)\n\nThe ints that S means for a sequence of that length, clipped to it.")},
    {"__reduce__", slice_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {NULL, NULL, 0, NULL}};

static PyMemberDef slice_members[] = {
    {"start", T_OBJECT, offsetof(PySliceObject, start), READONLY, NULL},
    {"stop", T_OBJECT, offsetof(PySliceObject, stop), READONLY, NULL},
    {"step", T_OBJECT, offsetof(PySliceObject, step), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

PyTypeObject PySlice_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "slice",
    .tp_basicsize = sizeof(PySliceObject),
    .tp_dealloc = slice_dealloc,
    .tp_repr = slice_repr,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("slice(stop)\nslice(start, stop[, step])\n\nWhich items extended indexing selects (e.g. a[0:10:2])."),
    .tp_traverse = slice_traverse,
    .tp_richcompare = slice_richcompare,
    .tp_methods = slice_methods,
    .tp_members = slice_members,
    .tp_new = slice_new,
};

/* ------------------------------------------------------------------ Ellipsis */

static PyObject *ellipsis_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (PyTuple_GET_SIZE(args) > 0 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0)) {
        PyErr_SetString(PyExc_TypeError, "EllipsisType takes no arguments");
        return NULL;
    }
    return Py_NewRef(Py_Ellipsis);
}

static PyObject *ellipsis_repr(PyObject *self) { return PyUnicode_FromString("Ellipsis"); }
static PyObject *ellipsis_reduce(PyObject *self, PyObject *unused) { return PyUnicode_FromString("Ellipsis"); }
static void ellipsis_dealloc(PyObject *self) { kr_make_immortal(self); }

static PyMethodDef ellipsis_methods[] = {{"__reduce__", ellipsis_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

PyTypeObject PyEllipsis_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "ellipsis",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = ellipsis_dealloc,
    .tp_repr = ellipsis_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = ellipsis_methods,
    .tp_new = ellipsis_new,
};

PyObject _Py_EllipsisObject = {KR_IMMORTAL_REFCNT, &PyEllipsis_Type};
