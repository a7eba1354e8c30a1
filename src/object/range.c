/* range.c - range and its two iterators: on machine words, and on ints of any size.
 *
 * A range that machine words hold (Words) is computed with them, made from its ints when they are needed; any other with int objects.
 */
#include "object/range.h"
#include "object/long.h"

/* ------------------------------------------------------------------ making */

/* Number of items from lo to hi (exclusive) by step > 0, as an int. */
static PyObject *count_steps(PyObject *lo, PyObject *hi, PyObject *step) {
    int empty = PyObject_RichCompareBool(lo, hi, Py_GE);
    if (empty != 0)
        return empty < 0 ? NULL : PyLong_FromLong(0);
    PyObject *one = PyLong_FromLong(1), *n = one == NULL ? NULL : PyNumber_Subtract(hi, lo);
    if (n != NULL)
        Py_SETREF(n, PyNumber_Subtract(n, one));
    if (n != NULL)
        Py_SETREF(n, PyNumber_FloorDivide(n, step));
    if (n != NULL)
        Py_SETREF(n, PyNumber_Add(n, one));
    Py_XDECREF(one);
    return n;
}

static PyObject *compute_length(PyObject *start, PyObject *stop, PyObject *step) {
    if (_PyLong_Sign(step) > 0)
        return count_steps(start, stop, step);
    PyObject *back = PyNumber_Negative(step);
    if (back == NULL)
        return NULL;
    PyObject *n = count_steps(stop, start, back);
    Py_DECREF(back);
    return n;
}

/* A range in machine words: one step beyond either end does not overflow. */
typedef struct {
    long start, step, length;
} Words;

/* Start and step as words; false if they are too big. */
static bool get_words(KrRange *r, Words *w) {
    int overflow;
    w->start = PyLong_AsLongAndOverflow(r->start, &overflow);
    if (overflow)
        return false;
    w->step = PyLong_AsLongAndOverflow(r->step, &overflow);
    return !overflow && w->step != LONG_MIN;
}
static bool ends_fit(const Words *w) {
    long end, sink;
    return !__builtin_mul_overflow(w->length, w->step, &end) && !__builtin_add_overflow(w->start, end, &end) && !__builtin_sub_overflow(w->start, w->step, &sink);
}
/* The length of a range that has none yet. */
static PyObject *make_length(KrRange *r) {
    Words w;
    int overflow;
    long stop = PyLong_AsLongAndOverflow(r->stop, &overflow);
    if (!overflow && get_words(r, &w)) {
        unsigned long n = 0;
        if (w.step > 0 && w.start < stop)
            n = ((unsigned long)stop - (unsigned long)w.start - 1) / (unsigned long)w.step + 1;
        else if (w.step < 0 && w.start > stop)
            n = ((unsigned long)w.start - (unsigned long)stop - 1) / (unsigned long)-w.step + 1;
        w.length = (long)n;
        if (n <= LONG_MAX && ends_fit(&w))
            return PyLong_FromLong(w.length);
    }
    return compute_length(r->start, r->stop, r->step);
}
/* The range in machine words; false if they don't hold it. */
static bool range_words(KrRange *r, Words *w) {
    int overflow;
    w->length = PyLong_AsLongAndOverflow(r->length, &overflow);
    return !overflow && get_words(r, w) && ends_fit(w);
}

/* Takes over the three exact ints, on failure too. */
static PyObject *range_new_steal(PyTypeObject *type, PyObject *start, PyObject *stop, PyObject *step) {
    KrRange *r = PyObject_New(KrRange, type);
    if (r == NULL) {
        Py_DECREF(start);
        Py_DECREF(stop);
        Py_DECREF(step);
        return NULL;
    }
    r->start = start;
    r->stop = stop;
    r->step = step;
    r->length = make_length(r);
    if (r->length == NULL)
        Py_CLEAR(r);
    return (PyObject *)r;
}

static PyObject *range_from_array(PyTypeObject *type, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional("range", n, 1, 3))
        return NULL;
    PyObject *start = n == 1 ? PyLong_FromLong(0) : PyNumber_Index(args[0]), *stop = NULL, *step = NULL;
    if (start == NULL || (stop = PyNumber_Index(args[n == 1 ? 0 : 1])) == NULL)
        goto error;
    step = n < 3 ? PyLong_FromLong(1) : PyNumber_Index(args[2]);
    if (step == NULL)
        goto error;
    if (_PyLong_Sign(step) == 0) {
        PyErr_SetString(PyExc_ValueError, "range() arg 3 must not be zero");
        goto error;
    }
    return range_new_steal(type, start, stop, step);
error:
    Py_XDECREF(start);
    Py_XDECREF(stop);
    Py_XDECREF(step);
    return NULL;
}

static PyObject *range_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (!_PyArg_NoKeywords("range", kwargs))
        return NULL;
    return range_from_array(type, ((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args));
}

static PyObject *range_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (!_PyArg_NoKwnames("range", kwnames))
        return NULL;
    return range_from_array((PyTypeObject *)type, args, PyVectorcall_NARGS(nargsf));
}

static void range_dealloc(PyObject *self) {
    KrRange *r = (KrRange *)self;
    Py_DECREF(r->start);
    Py_DECREF(r->stop);
    Py_DECREF(r->step);
    Py_XDECREF(r->length);
    PyObject_Free(r);
}

/* ------------------------------------------------------------------ items */

/* start + i*step for an int i. */
static PyObject *range_at(KrRange *r, PyObject *i) {
    PyObject *v = PyNumber_Multiply(i, r->step);
    if (v != NULL)
        Py_SETREF(v, PyNumber_Add(r->start, v));
    return v;
}

static PyObject *index_error(void) {
    PyErr_SetString(PyExc_IndexError, "range object index out of range");
    return NULL;
}

static PyObject *range_item_long(KrRange *r, PyObject *index) {
    int overflow;
    long i = PyLong_AsLongAndOverflow(index, &overflow);
    Words w;
    if (range_words(r, &w)) {
        if (overflow)
            return index_error();
        if (i < 0)
            i += w.length;
        if (i < 0 || i >= w.length)
            return index_error();
        return PyLong_FromLong(w.start + i * w.step);
    }
    PyObject *at = _PyLong_Sign(index) < 0 ? PyNumber_Add(index, r->length) : Py_NewRef(index), *result = NULL;
    if (at == NULL)
        return NULL;
    int outside = _PyLong_Sign(at) < 0 ? 1 : PyObject_RichCompareBool(at, r->length, Py_GE);
    if (outside > 0)
        index_error();
    else if (outside == 0)
        result = range_at(r, at);
    Py_DECREF(at);
    return result;
}

static PyObject *range_item(PyObject *self, Py_ssize_t i) {
    PyObject *index = PyLong_FromSsize_t(i);
    if (index == NULL)
        return NULL;
    PyObject *result = i < 0 ? index_error() : range_item_long((KrRange *)self, index);
    Py_DECREF(index);
    return result;
}

static PyObject *range_slice(KrRange *r, PyObject *slice) {
    PyObject *start, *stop, *step, *sub_start = NULL, *sub_stop = NULL, *sub_step;
    if (_PySlice_GetLongIndices((PySliceObject *)slice, r->length, &start, &stop, &step) < 0)
        return NULL;
    sub_step = PyNumber_Multiply(r->step, step);
    if (sub_step != NULL && (sub_start = range_at(r, start)) != NULL)
        sub_stop = range_at(r, stop);
    Py_DECREF(start);
    Py_DECREF(stop);
    Py_DECREF(step);
    if (sub_stop == NULL) {
        Py_XDECREF(sub_start);
        Py_XDECREF(sub_step);
        return NULL;
    }
    return range_new_steal(Py_TYPE(r), sub_start, sub_stop, sub_step);
}

static PyObject *range_subscript(PyObject *self, PyObject *key) {
    if (PyIndex_Check(key)) {
        PyObject *index = PyNumber_Index(key);
        if (index == NULL)
            return NULL;
        PyObject *result = range_item_long((KrRange *)self, index);
        Py_DECREF(index);
        return result;
    }
    if (PySlice_Check(key))
        return range_slice((KrRange *)self, key);
    PyErr_Format(PyExc_TypeError, "range indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
    return NULL;
}

static Py_ssize_t range_length(PyObject *self) { return PyLong_AsSsize_t(((KrRange *)self)->length); }
static int range_bool(PyObject *self) { return _PyLong_Sign(((KrRange *)self)->length) != 0; }

/* Whether an exact int or bool is in the range: 1, 0, -1. */
static int range_contains_long(KrRange *r, PyObject *v) {
    int overflow;
    Words w;
    if (range_words(r, &w)) {
        long x = PyLong_AsLongAndOverflow(v, &overflow), last = w.start + (w.length - 1) * w.step;
        if (overflow || w.length == 0)
            return 0;
        if (w.step > 0 ? x < w.start || x > last : x > w.start || x < last)
            return 0;
        unsigned long away = w.step > 0 ? (unsigned long)x - (unsigned long)w.start : (unsigned long)w.start - (unsigned long)x;
        return away % (unsigned long)(w.step > 0 ? w.step : -w.step) == 0;
    }
    bool up = _PyLong_Sign(r->step) > 0;
    int c = PyObject_RichCompareBool(up ? r->start : v, up ? v : r->start, Py_LE);
    if (c > 0)
        c = PyObject_RichCompareBool(up ? v : r->stop, up ? r->stop : v, Py_LT);
    if (c <= 0)
        return c;
    PyObject *d = PyNumber_Subtract(v, r->start);
    if (d != NULL)
        Py_SETREF(d, PyNumber_Remainder(d, r->step));
    if (d == NULL)
        return -1;
    c = _PyLong_Sign(d) == 0;
    Py_DECREF(d);
    return c;
}

#define IS_PLAIN_INT(v) (PyLong_CheckExact(v) || PyBool_Check(v))

static int range_contains(PyObject *self, PyObject *v) {
    if (IS_PLAIN_INT(v))
        return range_contains_long((KrRange *)self, v);
    return (int)_PySequence_IterSearch(self, v, PY_ITERSEARCH_CONTAINS);
}

static PyObject *range_count(PyObject *self, PyObject *v) {
    if (IS_PLAIN_INT(v)) {
        int r = range_contains_long((KrRange *)self, v);
        return r < 0 ? NULL : PyLong_FromLong(r);
    }
    Py_ssize_t n = _PySequence_IterSearch(self, v, PY_ITERSEARCH_COUNT);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}

static PyObject *range_index(PyObject *self, PyObject *v) {
    KrRange *r = (KrRange *)self;
    if (!IS_PLAIN_INT(v)) {
        Py_ssize_t i = _PySequence_IterSearch(self, v, PY_ITERSEARCH_INDEX);
        return i < 0 ? NULL : PyLong_FromSsize_t(i);
    }
    int found = range_contains_long(r, v);
    if (found < 0)
        return NULL;
    if (!found) {
        PyErr_Format(PyExc_ValueError, "%R is not in range", v);
        return NULL;
    }
    PyObject *d = PyNumber_Subtract(v, r->start);
    if (d != NULL)
        Py_SETREF(d, PyNumber_FloorDivide(d, r->step));
    return d;
}

/* ------------------------------------------------------------------ comparison, hash, repr */

/* Two ranges are equal when they yield the same ints. */
static int range_equal(KrRange *a, KrRange *b) {
    if (a == b)
        return 1;
    int c = PyObject_RichCompareBool(a->length, b->length, Py_EQ);
    if (c <= 0 || _PyLong_Sign(a->length) == 0)
        return c;
    c = PyObject_RichCompareBool(a->start, b->start, Py_EQ);
    if (c <= 0)
        return c;
    if (PyLong_CheckExact(a->length) && _PyLong_NumBits(a->length) == 1)
        return 1;               /* one item: the step does not matter */
    return PyObject_RichCompareBool(a->step, b->step, Py_EQ);
}

static PyObject *range_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyRange_Check(b) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    int eq = range_equal((KrRange *)a, (KrRange *)b);
    return eq < 0 ? NULL : PyBool_FromLong(eq == (op == Py_EQ));
}

static Py_hash_t range_hash(PyObject *self) {
    KrRange *r = (KrRange *)self;
    bool empty = _PyLong_Sign(r->length) == 0, one = !empty && _PyLong_NumBits(r->length) == 1;
    PyObject *t = PyTuple_Pack(3, r->length, empty ? Py_None : r->start, empty || one ? Py_None : r->step);
    if (t == NULL)
        return -1;
    Py_hash_t h = PyObject_Hash(t);
    Py_DECREF(t);
    return h;
}

static PyObject *range_repr(PyObject *self) {
    KrRange *r = (KrRange *)self;
    Py_ssize_t step = PyNumber_AsSsize_t(r->step, NULL);
    if (step == 1)
        return PyUnicode_FromFormat("range(%R, %R)", r->start, r->stop);
    return PyUnicode_FromFormat("range(%R, %R, %R)", r->start, r->stop, r->step);
}

static PyObject *range_reduce(PyObject *self, PyObject *unused) {
    KrRange *r = (KrRange *)self;
    return Py_BuildValue("(O(OOO))", Py_TYPE(self), r->start, r->stop, r->step);
}

/* ------------------------------------------------------------------ iterators */

typedef struct {
    PyObject_HEAD
    PyObject *index, *start, *step, *length;
} KrLongRangeIter;

PyObject *kr_range_iter_new(long start, long step, long length) {
    KrContainerState *s = &kr_interp()->container;
    KrRangeIter *it;
    if (s->range_iter_free_count > 0) {
        it = s->range_iter_free[--s->range_iter_free_count];
        _Py_NewReference((PyObject *)it);
    } else if ((it = PyObject_New(KrRangeIter, &PyRangeIter_Type)) == NULL) {
        return NULL;
    }
    it->start = it->next = start;
    it->step = step;
    it->remaining = length;
    return (PyObject *)it;
}

static void rangeiter_dealloc(PyObject *self) {
    KrContainerState *s = &kr_interp()->container;
    if (KR_FREE_LISTS && s->range_iter_free_count < (int)KR_ARRAY_LEN(s->range_iter_free))
        s->range_iter_free[s->range_iter_free_count++] = (KrRangeIter *)self;
    else
        PyObject_Free(self);
}

void kr_range_fini(KrInterp *interp) {
    KrContainerState *s = &interp->container;
    while (s->range_iter_free_count > 0)
        PyObject_Free(s->range_iter_free[--s->range_iter_free_count]);
}

/* Takes over start and step. */
static PyObject *long_range_iter_new(PyObject *start, PyObject *step, PyObject *length) {
    KrLongRangeIter *it = start == NULL || step == NULL ? NULL : PyObject_New(KrLongRangeIter, &PyLongRangeIter_Type);
    if (it == NULL) {
        Py_XDECREF(start);
        Py_XDECREF(step);
        return NULL;
    }
    it->start = start;
    it->step = step;
    it->length = Py_NewRef(length);
    if ((it->index = PyLong_FromLong(0)) == NULL)
        Py_CLEAR(it);
    return (PyObject *)it;
}

static PyObject *range_iter(PyObject *self) {
    KrRange *r = (KrRange *)self;
    Words w;
    if (range_words(r, &w))
        return kr_range_iter_new(w.start, w.step, w.length);
    return long_range_iter_new(Py_NewRef(r->start), Py_NewRef(r->step), r->length);
}

static PyObject *range_reversed(PyObject *self, PyObject *unused) {
    KrRange *r = (KrRange *)self;
    Words w;
    if (range_words(r, &w))
        return kr_range_iter_new(w.start + (w.length - 1) * w.step, -w.step, w.length);
    PyObject *last = PyNumber_Subtract(r->length, kr_small_int(1));
    if (last != NULL)
        Py_SETREF(last, range_at(r, last));
    return long_range_iter_new(last, last == NULL ? NULL : PyNumber_Negative(r->step), r->length);
}

static PyMethodDef range_methods[] = {
    {"__reversed__", range_reversed, METH_NOARGS, PyDoc_STR("An iterator over the same ints, last one first.")},
    {"__reduce__", range_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"count", range_count, METH_O, PyDoc_STR("rangeobject.count(value) -> integer -- number of items equal to value")},
    {"index", range_index, METH_O,
     PyDoc_STR("rangeobject.index(value) -> integer -- position of value.\nRaises ValueError if it is not there.")},
    {NULL, NULL, 0, NULL}};

static PyMemberDef range_members[] = {
    {"start", T_OBJECT_EX, offsetof(KrRange, start), READONLY, NULL},
    {"stop", T_OBJECT_EX, offsetof(KrRange, stop), READONLY, NULL},
    {"step", T_OBJECT_EX, offsetof(KrRange, step), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PySequenceMethods range_as_sequence = {.sq_length = range_length, .sq_item = range_item, .sq_contains = range_contains};
static PyMappingMethods range_as_mapping = {.mp_length = range_length, .mp_subscript = range_subscript};
static PyNumberMethods range_as_number = {.nb_bool = range_bool};

PyTypeObject PyRange_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "range",
    .tp_basicsize = sizeof(KrRange),
    .tp_dealloc = range_dealloc,
    .tp_repr = range_repr,
    .tp_as_number = &range_as_number,
    .tp_as_sequence = &range_as_sequence,
    .tp_as_mapping = &range_as_mapping,
    .tp_hash = range_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_SEQUENCE,
    .tp_doc = PyDoc_STR("range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\n"
                        "The ints from start (0) up to stop, by step (1); stop itself is left out."),
    .tp_richcompare = range_richcompare,
    .tp_iter = range_iter,
    .tp_methods = range_methods,
    .tp_members = range_members,
    .tp_new = range_new,
    .tp_vectorcall = range_vectorcall,
};

static PyObject *rangeiter_next(PyObject *self) { return kr_range_iter_next((KrRangeIter *)self); }

static PyObject *rangeiter_length_hint(PyObject *self, PyObject *unused) {
    return PyLong_FromLong(((KrRangeIter *)self)->remaining);
}

static PyObject *rangeiter_reduce(PyObject *self, PyObject *unused) {
    KrRangeIter *it = (KrRangeIter *)self;
    long index = (long)((unsigned long)it->next - (unsigned long)it->start) / it->step;
    PyObject *range = PyObject_CallFunction((PyObject *)&PyRange_Type, "lll", it->start, it->next + it->remaining * it->step, it->step);
    return range == NULL ? NULL : Py_BuildValue("N(N)l", kr_builtin("iter"), range, index);
}

static PyObject *rangeiter_setstate(PyObject *self, PyObject *state) {
    KrRangeIter *it = (KrRangeIter *)self;
    long i = PyLong_AsLong(state), length = (it->next - it->start) / it->step + it->remaining;
    if (i == -1 && PyErr_Occurred())
        return NULL;
    i = i < 0 ? 0 : i > length ? length : i;
    it->next = it->start + i * it->step;
    it->remaining = length - i;
    Py_RETURN_NONE;
}

static PyMethodDef rangeiter_methods[] = {
    {"__length_hint__", rangeiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", rangeiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", rangeiter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyRangeIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "range_iterator",
    .tp_basicsize = sizeof(KrRangeIter),
    .tp_dealloc = rangeiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = rangeiter_next,
    .tp_methods = rangeiter_methods,
};

static void longrangeiter_dealloc(PyObject *self) {
    KrLongRangeIter *it = (KrLongRangeIter *)self;
    Py_XDECREF(it->index);
    Py_DECREF(it->start);
    Py_DECREF(it->step);
    Py_DECREF(it->length);
    PyObject_Free(it);
}

static PyObject *longrangeiter_next(PyObject *self) {
    KrLongRangeIter *it = (KrLongRangeIter *)self;
    int more = PyObject_RichCompareBool(it->index, it->length, Py_LT);
    if (more <= 0)
        return NULL;
    PyObject *next = PyNumber_Add(it->index, kr_small_int(1)), *v;
    if (next == NULL)
        return NULL;
    v = PyNumber_Multiply(it->index, it->step);
    if (v != NULL)
        Py_SETREF(v, PyNumber_Add(it->start, v));
    if (v == NULL) {
        Py_DECREF(next);
        return NULL;
    }
    Py_SETREF(it->index, next);
    return v;
}

static PyObject *longrangeiter_length_hint(PyObject *self, PyObject *unused) {
    return PyNumber_Subtract(((KrLongRangeIter *)self)->length, ((KrLongRangeIter *)self)->index);
}

static PyObject *longrangeiter_reduce(PyObject *self, PyObject *unused) {
    KrLongRangeIter *it = (KrLongRangeIter *)self;
    PyObject *stop = PyNumber_Multiply(it->length, it->step), *range;
    if (stop != NULL)
        Py_SETREF(stop, PyNumber_Add(it->start, stop));
    if (stop == NULL)
        return NULL;
    range = PyObject_CallFunctionObjArgs((PyObject *)&PyRange_Type, it->start, stop, it->step, NULL);
    Py_DECREF(stop);
    return range == NULL ? NULL : Py_BuildValue("N(N)O", kr_builtin("iter"), range, it->index);
}

static PyObject *longrangeiter_setstate(PyObject *self, PyObject *state) {
    KrLongRangeIter *it = (KrLongRangeIter *)self;
    PyObject *index = NULL;
    int negative = PyObject_RichCompareBool(state, kr_small_int(0), Py_LT);
    if (negative > 0) {
        index = PyLong_FromLong(0);
    } else if (negative == 0) {
        int beyond = PyObject_RichCompareBool(it->length, state, Py_LT);
        if (beyond >= 0)
            index = Py_NewRef(beyond ? it->length : state);
    }
    if (index == NULL)
        return NULL;
    Py_SETREF(it->index, index);
    Py_RETURN_NONE;
}

static PyMethodDef longrangeiter_methods[] = {
    {"__length_hint__", longrangeiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", longrangeiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", longrangeiter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PyLongRangeIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "longrange_iterator",
    .tp_basicsize = sizeof(KrLongRangeIter),
    .tp_dealloc = longrangeiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = longrangeiter_next,
    .tp_methods = longrangeiter_methods,
};
