/* tuple.c - tuple and its iterator.
 *
 * A tuple is a PyVarObject with its items inline. The empty tuple is one static, immortal object, so it can be used
 * before anything is initialised. Exact tuples of 1 .. KR_TUPLE_FREE_SIZES-1 items go to a free list of their
 * size, linked through ob_item[0]. A tuple whose items are all incapable of cycles is untracked by the collector when
 * it first meets it (kr_tuple_is_simple). Items may be NULL only while the maker fills a tuple.
 */
#include "object/tuple.h"
#include "memory/gc.h"
#include "object/sequence_common.h"

struct KrEmptyTuple kr_empty_tuple_storage = {
    {0, 0}, {.ob_base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyTuple_Type}, .ob_size = 0}}};

/* ------------------------------------------------------------------ allocation */

PyObject *kr_tuple_alloc(Py_ssize_t n) {
    if (n < KR_TUPLE_FREE_SIZES) {
        KrContainerState *s = &kr_interp()->container;
        PyTupleObject *t = s->tuple_free[n];
        if (t != NULL) {
            s->tuple_free[n] = (PyTupleObject *)t->ob_item[0];
            s->tuple_free_count[n]--;
            _Py_NewReference((PyObject *)t);
            return (PyObject *)t;
        }
    }
    if ((size_t)n > ((size_t)PY_SSIZE_T_MAX - sizeof(PyTupleObject) - sizeof(PyObject *)) / sizeof(PyObject *))
        return PyErr_NoMemory();
    return (PyObject *)PyObject_GC_NewVar(PyTupleObject, &PyTuple_Type, n);
}

PyObject *PyTuple_New(Py_ssize_t size) {
    if (size <= 0) {
        if (size == 0)
            return kr_empty_tuple();
        PyErr_BadInternalCall();
        return NULL;
    }
    PyObject *t = kr_tuple_alloc(size);
    if (t == NULL)
        return NULL;
    memset(((PyTupleObject *)t)->ob_item, 0, (size_t)size * sizeof(PyObject *));
    KR_TRACK(t);
    return t;
}

PyObject *kr_tuple_from_array(PyObject *const *items, Py_ssize_t n) {
    if (n == 0)
        return kr_empty_tuple();
    PyObject *t = kr_tuple_alloc(n);
    if (t == NULL)
        return NULL;
    kr_items_copy(((PyTupleObject *)t)->ob_item, items, n);
    KR_TRACK(t);
    return t;
}

PyObject *kr_tuple_from_array_steal(PyObject *const *items, Py_ssize_t n) {
    if (n == 0)
        return kr_empty_tuple();
    PyObject *t = kr_tuple_alloc(n);
    if (t == NULL) {
        for (Py_ssize_t i = 0; i < n; i++)
            Py_DECREF(items[i]);
        return NULL;
    }
    memcpy(((PyTupleObject *)t)->ob_item, items, (size_t)n * sizeof *items);
    KR_TRACK(t);
    return t;
}

PyObject *kr_tuple_pair_steal(PyObject *a, PyObject *b) {
    if (a == NULL || b == NULL) {
        Py_XDECREF(a);
        Py_XDECREF(b);
        return NULL;
    }
    return kr_tuple_from_array_steal((PyObject *[]){a, b}, 2);
}

PyObject *PyTuple_Pack(Py_ssize_t n, ...) {
    if (n == 0)
        return kr_empty_tuple();
    PyObject *t = kr_tuple_alloc(n);
    if (t == NULL)
        return NULL;
    va_list va;
    va_start(va, n);
    for (Py_ssize_t i = 0; i < n; i++)
        ((PyTupleObject *)t)->ob_item[i] = Py_NewRef(va_arg(va, PyObject *));
    va_end(va);
    KR_TRACK(t);
    return t;
}

static void tuple_dealloc(PyObject *self) {
    PyTupleObject *t = (PyTupleObject *)self;
    if (KR_UNLIKELY(self == kr_empty_tuple())) {
        kr_make_immortal(self);
        return;
    }
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, tuple_dealloc)
    Py_ssize_t n = Py_SIZE(t);
    for (Py_ssize_t i = n; --i >= 0;)
        Py_XDECREF(t->ob_item[i]);
    if (n > 0 && n < KR_TUPLE_FREE_SIZES && PyTuple_CheckExact(self)) {
        KrContainerState *s = &kr_interp()->container;
        if (KR_FREE_LISTS && s->tuple_free_count[n] < KR_TUPLE_FREE_MAX) {
            t->ob_item[0] = (PyObject *)s->tuple_free[n];
            s->tuple_free[n] = t;
            s->tuple_free_count[n]++;
            goto done;
        }
    }
    Py_TYPE(self)->tp_free(self);
done:;
    KR_TRASHCAN_END
}

void kr_tuple_fini(KrInterp *interp) {
    KrContainerState *s = &interp->container;
    for (int n = 1; n < KR_TUPLE_FREE_SIZES; n++) {
        while (s->tuple_free[n] != NULL) {
            PyTupleObject *t = s->tuple_free[n];
            s->tuple_free[n] = (PyTupleObject *)t->ob_item[0];
            PyObject_GC_Del(t);
        }
        s->tuple_free_count[n] = 0;
    }
}

static int tuple_traverse(PyObject *self, visitproc visit, void *arg) {
    for (Py_ssize_t i = Py_SIZE(self); --i >= 0;)
        Py_VISIT(((PyTupleObject *)self)->ob_item[i]);
    return 0;
}

/* ------------------------------------------------------------------ C API */

Py_ssize_t PyTuple_Size(PyObject *op) {
    if (!PyTuple_Check(op)) {
        PyErr_BadInternalCall();
        return -1;
    }
    return Py_SIZE(op);
}

PyObject *PyTuple_GetItem(PyObject *op, Py_ssize_t i) {
    if (!PyTuple_Check(op)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if ((size_t)i >= (size_t)Py_SIZE(op)) {
        PyErr_SetString(PyExc_IndexError, "tuple index out of range");
        return NULL;
    }
    return PyTuple_GET_ITEM(op, i);
}

int PyTuple_SetItem(PyObject *op, Py_ssize_t i, PyObject *item) {
    if (!PyTuple_Check(op) || Py_REFCNT(op) != 1) {
        Py_XDECREF(item);
        PyErr_BadInternalCall();
        return -1;
    }
    if ((size_t)i >= (size_t)Py_SIZE(op)) {
        Py_XDECREF(item);
        PyErr_SetString(PyExc_IndexError, "tuple assignment index out of range");
        return -1;
    }
    Py_XSETREF(((PyTupleObject *)op)->ob_item[i], item);
    return 0;
}

PyObject *PyTuple_GetSlice(PyObject *op, Py_ssize_t lo, Py_ssize_t hi) {
    if (op == NULL || !PyTuple_Check(op)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    Py_ssize_t n = Py_SIZE(op);
    if (lo < 0)
        lo = 0;
    if (hi > n)
        hi = n;
    if (hi < lo)
        hi = lo;
    if (lo == 0 && hi == n && PyTuple_CheckExact(op))
        return Py_NewRef(op);
    return kr_tuple_from_array(((PyTupleObject *)op)->ob_item + lo, hi - lo);
}

bool kr_tuple_is_simple(PyObject *op) {
    for (Py_ssize_t i = 0; i < Py_SIZE(op); i++) {
        PyObject *item = PyTuple_GET_ITEM(op, i);
        if (item == NULL || kr_object_may_cycle(item))
            return false;       /* a NULL item: still being filled */
    }
    return true;
}

void _PyTuple_MaybeUntrack(PyObject *op) {
    if (PyTuple_CheckExact(op) && kr_gc_is_tracked(op) && kr_tuple_is_simple(op))
        kr_gc_untrack(op);
}

int _PyTuple_Resize(PyObject **pv, Py_ssize_t newsize) {
    PyTupleObject *v = (PyTupleObject *)*pv;
    if (v == NULL || !PyTuple_CheckExact(v) || (Py_SIZE(v) != 0 && Py_REFCNT(v) != 1)) {
        *pv = NULL;
        Py_XDECREF(v);
        PyErr_BadInternalCall();
        return -1;
    }
    Py_ssize_t oldsize = Py_SIZE(v);
    if (oldsize == newsize)
        return 0;
    if (newsize == 0 || oldsize == 0) {
        Py_DECREF(v);
        *pv = PyTuple_New(newsize);
        return *pv == NULL ? -1 : 0;
    }
    KR_FORGET(v);
    for (Py_ssize_t i = newsize; i < oldsize; i++)
        Py_CLEAR(v->ob_item[i]);
    PyTupleObject *moved = PyObject_GC_Resize(PyTupleObject, v, newsize);
    if (moved == NULL) {
        *pv = NULL;
        for (Py_ssize_t i = 0; i < oldsize && i < newsize; i++)
            Py_XDECREF(v->ob_item[i]);
        PyObject_GC_Del(v);
        return -1;
    }
    if (newsize > oldsize)
        memset(&moved->ob_item[oldsize], 0, (size_t)(newsize - oldsize) * sizeof(PyObject *));
    *pv = (PyObject *)moved;
    KR_TRACK(moved);
    return 0;
}

void _PyTuple_DebugMallocStats(FILE *out) {
    KrContainerState *s = &kr_interp()->container;
    for (int n = 1; n < KR_TUPLE_FREE_SIZES; n++)
        fprintf(out, "%d free %d-sized PyTupleObjects\n", s->tuple_free_count[n], n);
}

/* ------------------------------------------------------------------ protocols */

static PyObject *tuple_repr(PyObject *self) {
    Py_ssize_t n = Py_SIZE(self);
    if (n == 0)
        return PyUnicode_FromString("()");
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromString("(...)") : NULL;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    w.min_length = n > 1 ? 3 * n : 4;
    if (_PyUnicodeWriter_WriteChar(&w, '(') < 0 || kr_seq_write_items(&w, self, false) < 0)
        goto error;
    w.overallocate = 0;
    if (_PyUnicodeWriter_WriteASCIIString(&w, n == 1 ? ",)" : ")", n == 1 ? 2 : 1) < 0)
        goto error;
    Py_ReprLeave(self);
    return _PyUnicodeWriter_Finish(&w);
error:
    _PyUnicodeWriter_Dealloc(&w);
    Py_ReprLeave(self);
    return NULL;
}

/* xxHash's 64-bit round over the items' hashes, as published for CPython since 3.8. */
static Py_hash_t tuple_hash(PyObject *self) {
    const Py_uhash_t p1 = 11400714785074694791ULL, p2 = 14029467366897019727ULL, p5 = 2870177450012600261ULL;
    Py_ssize_t n = Py_SIZE(self);
    Py_uhash_t acc = p5;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_uhash_t lane = (Py_uhash_t)kr_hash(((PyTupleObject *)self)->ob_item[i]);
        if (lane == (Py_uhash_t)-1)
            return -1;
        acc += lane * p2;
        acc = (acc << 31) | (acc >> 33);
        acc *= p1;
    }
    acc += (Py_uhash_t)n ^ (p5 ^ 3527539UL);
    return acc == (Py_uhash_t)-1 ? 1546275796 : (Py_hash_t)acc;
}

static Py_ssize_t tuple_length(PyObject *self) { return Py_SIZE(self); }

static int tuple_contains(PyObject *self, PyObject *v) {
    Py_ssize_t i = kr_seq_find(self, v, 0, PY_SSIZE_T_MAX, false);
    return i == -2 ? -1 : i >= 0;
}

static PyObject *tuple_item(PyObject *self, Py_ssize_t i) {
    if ((size_t)i >= (size_t)Py_SIZE(self)) {
        PyErr_SetString(PyExc_IndexError, "tuple index out of range");
        return NULL;
    }
    return Py_NewRef(PyTuple_GET_ITEM(self, i));
}

static PyObject *tuple_concat(PyObject *a, PyObject *b) {
    if (Py_SIZE(a) == 0 && PyTuple_CheckExact(b))
        return Py_NewRef(b);
    if (!PyTuple_Check(b)) {
        PyErr_Format(PyExc_TypeError, "can only concatenate tuple (not \"%.200s\") to tuple", Py_TYPE(b)->tp_name);
        return NULL;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    if (nb == 0 && PyTuple_CheckExact(a))
        return Py_NewRef(a);
    if (na > PY_SSIZE_T_MAX - nb)
        return PyErr_NoMemory();
    if (na + nb == 0)
        return kr_empty_tuple();
    PyObject *t = kr_tuple_alloc(na + nb);
    if (t == NULL)
        return NULL;
    kr_items_copy(((PyTupleObject *)t)->ob_item, ((PyTupleObject *)a)->ob_item, na);
    kr_items_copy(((PyTupleObject *)t)->ob_item + na, ((PyTupleObject *)b)->ob_item, nb);
    KR_TRACK(t);
    return t;
}

static PyObject *tuple_repeat(PyObject *self, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(self);
    if ((n == 0 || times == 1) && PyTuple_CheckExact(self))
        return Py_NewRef(self);
    if (n == 0 || times <= 0)
        return kr_empty_tuple();
    if (n > PY_SSIZE_T_MAX / times)
        return PyErr_NoMemory();
    PyObject *t = kr_tuple_alloc(n * times);
    if (t == NULL)
        return NULL;
    kr_items_repeat(((PyTupleObject *)t)->ob_item, ((PyTupleObject *)self)->ob_item, n, times);
    KR_TRACK(t);
    return t;
}

static PyObject *tuple_subscript(PyObject *self, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        return tuple_item(self, i < 0 ? i + Py_SIZE(self) : i);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "tuple indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(self), &start, &stop, step);
    if (n <= 0)
        return kr_empty_tuple();
    if (step == 1)
        return PyTuple_GetSlice(self, start, stop);
    PyObject *t = kr_tuple_alloc(n);
    if (t == NULL)
        return NULL;
    for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
        ((PyTupleObject *)t)->ob_item[i] = Py_NewRef(PyTuple_GET_ITEM(self, at));
    KR_TRACK(t);
    return t;
}

static PyObject *tuple_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyTuple_Check(a) || !PyTuple_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_seq_compare(a, b, op, false);
}

/* ------------------------------------------------------------------ construction */

static PyObject *tuple_new_impl(PyTypeObject *type, PyObject *iterable) {
    if (type == &PyTuple_Type)
        return iterable == NULL ? kr_empty_tuple() : PySequence_Tuple(iterable);
    PyObject *items = iterable == NULL ? kr_empty_tuple() : PySequence_Tuple(iterable);
    if (items == NULL)
        return NULL;
    Py_ssize_t n = Py_SIZE(items);
    PyObject *t = type->tp_alloc(type, n);
    if (t != NULL)
        kr_items_copy(((PyTupleObject *)t)->ob_item, ((PyTupleObject *)items)->ob_item, n);
    Py_DECREF(items);
    return t;
}

static PyObject *tuple_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *iterable = NULL;
    if ((type == &PyTuple_Type || type->tp_init == PyTuple_Type.tp_init) && !_PyArg_NoKeywords("tuple", kwargs))
        return NULL;
    if (!_PyArg_CheckPositional("tuple", PyTuple_GET_SIZE(args), 0, 1))
        return NULL;
    if (PyTuple_GET_SIZE(args) > 0)
        iterable = PyTuple_GET_ITEM(args, 0);
    return tuple_new_impl(type, iterable);
}

static PyObject *tuple_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (!_PyArg_NoKwnames("tuple", kwnames))
        return NULL;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_CheckPositional("tuple", nargs, 0, 1))
        return NULL;
    return tuple_new_impl((PyTypeObject *)type, nargs > 0 ? args[0] : NULL);
}

/* ------------------------------------------------------------------ methods */

static PyObject *tuple_index(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t start, stop;
    if (kr_seq_index_args(self, args, nargs, &start, &stop) < 0)
        return NULL;
    Py_ssize_t i = kr_seq_find(self, args[0], start, stop, false);
    if (i >= 0)
        return PyLong_FromSsize_t(i);
    if (i == -1)
        PyErr_SetString(PyExc_ValueError, "tuple.index(x): x not in tuple");
    return NULL;
}

static PyObject *tuple_count(PyObject *self, PyObject *v) { return kr_seq_count(self, v, false); }

static PyObject *tuple_getnewargs(PyObject *self, PyObject *unused) {
    PyObject *copy = kr_tuple_from_array(((PyTupleObject *)self)->ob_item, Py_SIZE(self));
    return copy == NULL ? NULL : kr_tuple_from_array_steal(&copy, 1);
}

static PyObject *tuple_iter(PyObject *self);

static PyMethodDef tuple_methods[] = {
    {"__getnewargs__", tuple_getnewargs, METH_NOARGS, PyDoc_STR("__getnewargs__($self, /)\n--\n\n")},
    {"index", KR_METH(tuple_index), METH_FASTCALL,
     PyDoc_STR("index($self, value, start=0, stop=sys.maxsize, /)\n--\n\n"
               "Position of the first item equal to value.\n\nRaises ValueError if there is none.")},
    {"count", tuple_count, METH_O, PyDoc_STR("count($self, value, /)\n--\n\nNumber of items equal to value.")},
    KR_CLASS_GETITEM_METHOD,
    {NULL, NULL, 0, NULL}};

static PySequenceMethods tuple_as_sequence = {
    .sq_length = tuple_length, .sq_concat = tuple_concat, .sq_repeat = tuple_repeat,
    .sq_item = tuple_item, .sq_contains = tuple_contains};
static PyMappingMethods tuple_as_mapping = {.mp_length = tuple_length, .mp_subscript = tuple_subscript};

PyTypeObject PyTuple_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "tuple",
    .tp_basicsize = sizeof(PyTupleObject) - sizeof(PyObject *),
    .tp_itemsize = sizeof(PyObject *),
    .tp_dealloc = tuple_dealloc,
    .tp_repr = tuple_repr,
    .tp_as_sequence = &tuple_as_sequence,
    .tp_as_mapping = &tuple_as_mapping,
    .tp_hash = tuple_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_TUPLE_SUBCLASS |
                _Py_TPFLAGS_MATCH_SELF | Py_TPFLAGS_SEQUENCE,
    .tp_doc = PyDoc_STR("tuple(iterable=(), /)\n--\n\nAn immutable sequence of the iterable's items.\n\n"
                        "A tuple that is passed in is returned as it is."),
    .tp_traverse = tuple_traverse,
    .tp_richcompare = tuple_richcompare,
    .tp_iter = tuple_iter,
    .tp_methods = tuple_methods,
    .tp_new = tuple_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = tuple_vectorcall,
};

/* ------------------------------------------------------------------ iterator */

static PyObject *tuple_iter(PyObject *self) {
    KrTupleIter *it = PyObject_GC_New(KrTupleIter, &PyTupleIter_Type);
    if (it == NULL)
        return NULL;
    it->index = 0;
    it->seq = Py_NewRef(self);
    KR_TRACK(it);
    return (PyObject *)it;
}

static void tupleiter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrTupleIter *)self)->seq);
    PyObject_GC_Del(self);
}

static int tupleiter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrTupleIter *)self)->seq);
    return 0;
}

static PyObject *tupleiter_next(PyObject *self) { return kr_tuple_iter_next((KrTupleIter *)self); }

static PyObject *tupleiter_length_hint(PyObject *self, PyObject *unused) {
    KrTupleIter *it = (KrTupleIter *)self;
    return PyLong_FromSsize_t(it->seq == NULL ? 0 : Py_SIZE(it->seq) - it->index);
}

static PyObject *tupleiter_reduce(PyObject *self, PyObject *unused) {
    KrTupleIter *it = (KrTupleIter *)self;
    if (it->seq != NULL)
        return Py_BuildValue("N(O)n", kr_builtin("iter"), it->seq, it->index);
    return Py_BuildValue("N(())", kr_builtin("iter"));
}

static PyObject *tupleiter_setstate(PyObject *self, PyObject *state) {
    KrTupleIter *it = (KrTupleIter *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (it->seq != NULL)
        it->index = i < 0 ? 0 : i > Py_SIZE(it->seq) ? Py_SIZE(it->seq) : i;
    Py_RETURN_NONE;
}

static PyMethodDef tupleiter_methods[] = {
    {"__length_hint__", tupleiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", tupleiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", tupleiter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyTupleIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "tuple_iterator",
    .tp_basicsize = sizeof(KrTupleIter),
    .tp_dealloc = tupleiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = tupleiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = tupleiter_next,
    .tp_methods = tupleiter_methods,
};
