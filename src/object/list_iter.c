/* list_iter.c - the iterators of list, forwards and backwards.
 *
 * Both hold the list and a position, and let go of the list when they end; ended ones stay ended. The position of a
 * reversed iterator is -1 when it has ended. The list may grow or shrink meanwhile: each step checks against its size of then.
 */
#include "object/list.h"

static void listiter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrListIter *)self)->seq);
    PyObject_GC_Del(self);
}

static int listiter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrListIter *)self)->seq);
    return 0;
}

static PyObject *listiter_next(PyObject *self) { return kr_list_iter_next((KrListIter *)self); }

static PyObject *listiter_length_hint(PyObject *self, PyObject *unused) {
    KrListIter *it = (KrListIter *)self;
    Py_ssize_t n = it->seq == NULL ? 0 : Py_SIZE(it->seq) - it->index;
    return PyLong_FromSsize_t(n < 0 ? 0 : n);
}

static PyObject *list_iterator_reduce(KrListIter *it, const char *function, bool live) {
    if (live)
        return Py_BuildValue("N(O)n", kr_builtin(function), it->seq, it->index);
    return Py_BuildValue("N([])", kr_builtin("iter"));
}

static PyObject *listiter_reduce(PyObject *self, PyObject *unused) {
    KrListIter *it = (KrListIter *)self;
    return list_iterator_reduce(it, "iter", it->seq != NULL);
}

static PyObject *listiter_setstate(PyObject *self, PyObject *state) {
    KrListIter *it = (KrListIter *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (it->seq != NULL)
        it->index = i < 0 ? 0 : i > Py_SIZE(it->seq) ? Py_SIZE(it->seq) : i;
    Py_RETURN_NONE;
}

static PyMethodDef listiter_methods[] = {
    {"__length_hint__", listiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", listiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", listiter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyListIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "list_iterator",
    .tp_basicsize = sizeof(KrListIter),
    .tp_dealloc = listiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = listiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = listiter_next,
    .tp_methods = listiter_methods,
};

/* ------------------------------------------------------------------ backwards */

static PyObject *listreviter_next(PyObject *self) {
    KrListIter *it = (KrListIter *)self;
    PyListObject *seq = it->seq;
    if (seq == NULL)
        return NULL;
    Py_ssize_t i = it->index;
    if (i >= 0 && i < Py_SIZE(seq)) {
        it->index--;
        return Py_NewRef(seq->ob_item[i]);
    }
    it->index = -1;
    it->seq = NULL;
    Py_DECREF(seq);
    return NULL;
}

static PyObject *listreviter_length_hint(PyObject *self, PyObject *unused) {
    KrListIter *it = (KrListIter *)self;
    Py_ssize_t n = it->index + 1;
    return PyLong_FromSsize_t(it->seq == NULL || Py_SIZE(it->seq) < n ? 0 : n);
}

static PyObject *listreviter_reduce(PyObject *self, PyObject *unused) {
    KrListIter *it = (KrListIter *)self;
    return list_iterator_reduce(it, "reversed", it->seq != NULL);
}

static PyObject *listreviter_setstate(PyObject *self, PyObject *state) {
    KrListIter *it = (KrListIter *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (it->seq != NULL)
        it->index = i < -1 ? -1 : i > Py_SIZE(it->seq) - 1 ? Py_SIZE(it->seq) - 1 : i;
    Py_RETURN_NONE;
}

static PyMethodDef listreviter_methods[] = {
    {"__length_hint__", listreviter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", listreviter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", listreviter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyListRevIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "list_reverseiterator",
    .tp_basicsize = sizeof(KrListIter),
    .tp_dealloc = listiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = listiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = listreviter_next,
    .tp_methods = listreviter_methods,
};
