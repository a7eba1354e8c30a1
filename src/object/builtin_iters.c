/* builtin_iters.c - map, filter and zip.
 *
 * Each holds its argument iterators, none before they all exist; calls of next on an ended one go through to them again.
 */
#include "object/iter.h"
#include "object/tuple.h"

/* A tuple of the iterators of args[0..n). */
static PyObject *make_iterators(PyObject *const *args, Py_ssize_t n) {
    PyObject *t = PyTuple_New(n);
    for (Py_ssize_t i = 0; t != NULL && i < n; i++) {
        PyObject *it = PyObject_GetIter(args[i]);
        if (it == NULL)
            Py_CLEAR(t);
        else
            PyTuple_SET_ITEM(t, i, it);
    }
    return t;
}

/* ------------------------------------------------------------------ map */

typedef struct {
    PyObject_HEAD
    PyObject *iters;            /* tuple */
    PyObject *func;
} KrMap;

enum { MAP_SMALL = 8 };

static PyObject *map_new_impl(PyTypeObject *type, PyObject *const *args, Py_ssize_t n) {
    if (n < 2) {
        PyErr_SetString(PyExc_TypeError, "map() must have at least two arguments.");
        return NULL;
    }
    PyObject *iters = make_iterators(args + 1, n - 1);
    if (iters == NULL)
        return NULL;
    KrMap *m = (KrMap *)type->tp_alloc(type, 0);
    if (m == NULL) {
        Py_DECREF(iters);
        return NULL;
    }
    m->iters = iters;
    m->func = Py_NewRef(args[0]);
    return (PyObject *)m;
}

static PyObject *map_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if ((type == &PyMap_Type || type->tp_init == PyMap_Type.tp_init) && !_PyArg_NoKeywords("map", kwargs))
        return NULL;
    return map_new_impl(type, ((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args));
}

static PyObject *map_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (!_PyArg_NoKwnames("map", kwnames))
        return NULL;
    return map_new_impl((PyTypeObject *)type, args, PyVectorcall_NARGS(nargsf));
}

static void map_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrMap *)self)->iters);
    Py_XDECREF(((KrMap *)self)->func);
    Py_TYPE(self)->tp_free(self);
}

static int map_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrMap *)self)->iters);
    Py_VISIT(((KrMap *)self)->func);
    return 0;
}

static PyObject *map_next(PyObject *self) {
    KrMap *m = (KrMap *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(m->iters), i;
    PyObject *small[MAP_SMALL + 1], **args = small + 1, *result = NULL;
    if (n > MAP_SMALL) {
        args = PyMem_New(PyObject *, n + 1);
        if (args == NULL)
            return PyErr_NoMemory();
        args++;
    }
    for (i = 0; i < n; i++) {
        PyObject *it = PyTuple_GET_ITEM(m->iters, i);
        if ((args[i] = kr_iternext(it)) == NULL)
            goto done;
    }
    result = PyObject_Vectorcall(m->func, args, (size_t)n | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
done:
    while (i > 0)
        Py_DECREF(args[--i]);
    if (args != small + 1)
        PyMem_Free(args - 1);
    return result;
}

static PyObject *map_reduce(PyObject *self, PyObject *unused) {
    KrMap *m = (KrMap *)self;
    PyObject *head = PyTuple_Pack(1, m->func), *args = head == NULL ? NULL : PySequence_Concat(head, m->iters);
    Py_XDECREF(head);
    return args == NULL ? NULL : Py_BuildValue("ON", Py_TYPE(self), args);
}

static PyMethodDef map_methods[] = {
    {"__reduce__", map_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, {NULL, NULL, 0, NULL}};

PyTypeObject PyMap_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "map",
    .tp_basicsize = sizeof(KrMap),
    .tp_dealloc = map_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("map(func, *iterables) --> map object\n\nCalls func with one item of each iterable, until the shortest ends."),
    .tp_traverse = map_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = map_next,
    .tp_methods = map_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = map_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = map_vectorcall,
};

/* ------------------------------------------------------------------ filter */

typedef struct {
    PyObject_HEAD
    PyObject *func, *it;
} KrFilter;

static PyObject *filter_new_impl(PyTypeObject *type, PyObject *func, PyObject *iterable) {
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return NULL;
    KrFilter *f = (KrFilter *)type->tp_alloc(type, 0);
    if (f == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    f->func = Py_NewRef(func);
    f->it = it;
    return (PyObject *)f;
}

static PyObject *filter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *func, *iterable;
    if ((type == &PyFilter_Type || type->tp_init == PyFilter_Type.tp_init) && !_PyArg_NoKeywords("filter", kwargs))
        return NULL;
    if (!PyArg_UnpackTuple(args, "filter", 2, 2, &func, &iterable))
        return NULL;
    return filter_new_impl(type, func, iterable);
}

static PyObject *filter_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("filter", kwnames) || !_PyArg_CheckPositional("filter", n, 2, 2))
        return NULL;
    return filter_new_impl((PyTypeObject *)type, args[0], args[1]);
}

static void filter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrFilter *)self)->func);
    Py_XDECREF(((KrFilter *)self)->it);
    Py_TYPE(self)->tp_free(self);
}

static int filter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrFilter *)self)->func);
    Py_VISIT(((KrFilter *)self)->it);
    return 0;
}

static PyObject *filter_next(PyObject *self) {
    KrFilter *f = (KrFilter *)self;
    bool truth = f->func == Py_None || f->func == (PyObject *)&PyBool_Type;
    PyObject *item;
    while ((item = kr_iternext(f->it)) != NULL) {
        int good;
        if (truth) {
            good = PyObject_IsTrue(item);
        } else {
            PyObject *r = PyObject_CallOneArg(f->func, item);
            good = r == NULL ? -1 : PyObject_IsTrue(r);
            Py_XDECREF(r);
        }
        if (good > 0)
            return item;
        Py_DECREF(item);
        if (good < 0)
            return NULL;
    }
    return NULL;
}

static PyObject *filter_reduce(PyObject *self, PyObject *unused) {
    KrFilter *f = (KrFilter *)self;
    return Py_BuildValue("O(OO)", Py_TYPE(self), f->func, f->it);
}

static PyMethodDef filter_methods[] = {
    {"__reduce__", filter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, {NULL, NULL, 0, NULL}};

PyTypeObject PyFilter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "filter",
    .tp_basicsize = sizeof(KrFilter),
    .tp_dealloc = filter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("filter(function or None, iterable) --> filter object\n\n"
                        "The items that function is true for; with None, the items that are true themselves."),
    .tp_traverse = filter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = filter_next,
    .tp_methods = filter_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = filter_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = filter_vectorcall,
};

/* ------------------------------------------------------------------ zip */

static PyObject *zip_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    int strict = 0;
    if (kwargs != NULL) {
        static char *keywords[] = {"strict", NULL};
        int ok = PyArg_ParseTupleAndKeywords(kr_empty_tuple(), kwargs, "|$p:zip", keywords, &strict);
        if (!ok)
            return NULL;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *iters = make_iterators(((PyTupleObject *)args)->ob_item, n), *result = NULL;
    if (iters == NULL || (result = PyTuple_New(n)) == NULL) {
        Py_XDECREF(iters);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        PyTuple_SET_ITEM(result, i, Py_NewRef(Py_None));
    KrZip *z = (KrZip *)type->tp_alloc(type, 0);
    if (z == NULL) {
        Py_DECREF(iters);
        Py_DECREF(result);
        return NULL;
    }
    z->iters = iters;
    z->result = result;
    z->strict = strict;
    return (PyObject *)z;
}

static void zip_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrZip *)self)->iters);
    Py_XDECREF(((KrZip *)self)->result);
    Py_TYPE(self)->tp_free(self);
}

static int zip_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrZip *)self)->iters);
    Py_VISIT(((KrZip *)self)->result);
    return 0;
}

/* strict, and iterator i ended: an error unless it is the first and all the others end as well. */
static PyObject *zip_check_lengths(KrZip *z, Py_ssize_t i) {
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration))
            return NULL;
        PyErr_Clear();
    }
    if (i > 0) {
        PyErr_Format(PyExc_ValueError, "zip() argument %zd is shorter than argument%s%zd", i + 1, i == 1 ? " " : "s 1-", i);
        return NULL;
    }
    for (i = 1; i < PyTuple_GET_SIZE(z->iters); i++) {
        PyObject *it = PyTuple_GET_ITEM(z->iters, i), *item = kr_iternext(it);
        if (item != NULL) {
            Py_DECREF(item);
            PyErr_Format(PyExc_ValueError, "zip() argument %zd is longer than argument%s%zd", i + 1, i == 1 ? " " : "s 1-", i);
            return NULL;
        }
        if (PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_StopIteration))
                return NULL;
            PyErr_Clear();
        }
    }
    return NULL;
}

static PyObject *zip_next(PyObject *self) {
    KrZip *z = (KrZip *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(z->iters), i;
    PyObject *result = z->result;
    if (n == 0)
        return NULL;
    bool fresh = Py_REFCNT(result) != 1;
    if (fresh) {
        if ((result = PyTuple_New(n)) == NULL)
            return NULL;
    } else {
        Py_INCREF(result);
    }
    for (i = 0; i < n; i++) {
        PyObject *it = PyTuple_GET_ITEM(z->iters, i), *item = kr_iternext(it);
        if (item == NULL) {
            Py_DECREF(result);
            return z->strict ? zip_check_lengths(z, i) : NULL;
        }
        PyObject *old = PyTuple_GET_ITEM(result, i);
        PyTuple_SET_ITEM(result, i, item);
        Py_XDECREF(old);
    }
    if (!fresh && !kr_gc_is_tracked(result))
        kr_gc_track(result);
    return result;
}

bool kr_zip_pair(PyObject *self, PyObject *pair[2]) {
    PyObject *iters = ((KrZip *)self)->iters, *first = kr_iternext(PyTuple_GET_ITEM(iters, 0)), *second;
    if (first == NULL)
        return false;
    if ((second = kr_iternext(PyTuple_GET_ITEM(iters, 1))) == NULL) {
        Py_DECREF(first);
        return false;
    }
    pair[0] = first;
    pair[1] = second;
    return true;
}

static PyObject *zip_reduce(PyObject *self, PyObject *unused) {
    KrZip *z = (KrZip *)self;
    if (z->strict)
        return PyTuple_Pack(3, Py_TYPE(self), z->iters, Py_True);
    return PyTuple_Pack(2, Py_TYPE(self), z->iters);
}

static PyObject *zip_setstate(PyObject *self, PyObject *state) {
    int strict = PyObject_IsTrue(state);
    if (strict < 0)
        return NULL;
    ((KrZip *)self)->strict = strict;
    Py_RETURN_NONE;
}

static PyMethodDef zip_methods[] = {
    {"__reduce__", zip_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", zip_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyZip_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "zip",
    .tp_basicsize = sizeof(KrZip),
    .tp_dealloc = zip_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("zip(*iterables, strict=False) --> tuples of one item of each iterable\n\n"
                        "Ends with the shortest; with strict, iterables of different lengths are a ValueError.\n\n"
                        ">>> list(zip((1, 2), 'ab'))\n[(1, 'a'), (2, 'b')]"),
    .tp_traverse = zip_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = zip_next,
    .tp_methods = zip_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = zip_new,
    .tp_free = PyObject_GC_Del,
};
