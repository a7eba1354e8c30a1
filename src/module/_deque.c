/* _deque.c - collections.deque: a ring buffer.
 *
 * items[(first + i) & mask] is item i; mask + 1 is a power of two. `state` changes with every change of length, so that iterators notice.
 * maxlen < 0: no limit; else items fall off the other end.
 */
#include "module/_collections.h"
#include "module/module_types.h"

typedef struct {
    PyObject_HEAD
    PyObject **items;
    Py_ssize_t first, n, mask, maxlen;
    size_t state;
    PyObject *weakrefs;
} Deque;

#define DEQUE(o) ((Deque *)(o))
#define AT(d, i) ((d)->items[((d)->first + (i)) & (d)->mask])
#define deque_check(o) PyObject_TypeCheck(o, &kr_deque_type)

/* ------------------------------------------------------------------ storage */

static int grow(Deque *d) {
    Py_ssize_t size = d->items ? (d->mask + 1) * 2 : 8;
    if (size > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(PyObject *)) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject **items = PyMem_New(PyObject *, size);
    if (!items) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < d->n; i++) items[i] = AT(d, i);
    PyMem_Free(d->items);
    d->items = items;
    d->first = 0;
    d->mask = size - 1;
    return 0;
}
static PyObject *take_left(Deque *d) {
    PyObject *o = AT(d, 0);
    d->first = (d->first + 1) & d->mask;
    d->n--;
    d->state++;
    return o;
}
static PyObject *take_right(Deque *d) {
    d->n--;
    d->state++;
    return AT(d, d->n);
}
/* Adds an item (taken over) at an end; with maxlen the other end gives way. */
static int push(Deque *d, PyObject *o, bool left) {
    if (!o) return -1;
    if (d->maxlen == 0) {
        Py_DECREF(o);
        return 0;
    }
    PyObject *out = NULL;
    if (d->maxlen > 0 && d->n >= d->maxlen) {
        out = left ? take_right(d) : take_left(d);
    } else if ((!d->items || d->n > d->mask) && grow(d) < 0) {
        Py_DECREF(o);
        return -1;
    }
    if (left) {
        d->first = (d->first - 1) & d->mask;
        d->n++;
        AT(d, 0) = o;
    } else {
        AT(d, d->n) = o;
        d->n++;
    }
    d->state++;
    Py_XDECREF(out);
    return 0;
}
static int clear(PyObject *self) {
    Deque *d = DEQUE(self);
    PyObject **items = d->items;
    Py_ssize_t first = d->first, n = d->n, mask = d->mask;
    d->items = NULL;
    d->first = d->n = d->mask = 0;
    d->state++;
    for (Py_ssize_t i = 0; i < n; i++) Py_DECREF(items[(first + i) & mask]);
    PyMem_Free(items);
    return 0;
}
static int extend(Deque *d, PyObject *iterable, bool left) {
    PyObject *copy = iterable == (PyObject *)d ? PySequence_List(iterable) : NULL, *it, *o;
    if (iterable == (PyObject *)d && !copy) return -1;
    it = PyObject_GetIter(copy ? copy : iterable);
    Py_XDECREF(copy);
    if (!it) return -1;
    int r = 0;
    while (r == 0 && (o = PyIter_Next(it))) r = push(d, o, left);
    Py_DECREF(it);
    return r < 0 || PyErr_Occurred() ? -1 : 0;
}

/* ------------------------------------------------------------------ life */

static PyObject *deque_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    (void)args, (void)kwds;
    Deque *d = (Deque *)type->tp_alloc(type, 0);
    if (d) d->maxlen = -1;
    return (PyObject *)d;
}
static int deque_init(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"iterable", "maxlen", NULL};
    PyObject *iterable = NULL, *maxlen = NULL;
    Py_ssize_t limit = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OO:deque", names, &iterable, &maxlen)) return -1;
    if (maxlen && maxlen != Py_None) {
        limit = PyLong_AsSsize_t(maxlen);
        if (limit == -1 && PyErr_Occurred()) return -1;
        if (limit < 0) {
            PyErr_SetString(PyExc_ValueError, "maxlen must be non-negative");
            return -1;
        }
    }
    DEQUE(self)->maxlen = limit;
    if (DEQUE(self)->n) clear(self);
    return iterable ? extend(DEQUE(self), iterable, false) : 0;
}
static int deque_traverse(PyObject *self, visitproc visit, void *arg) {
    for (Py_ssize_t i = 0; i < DEQUE(self)->n; i++) Py_VISIT(AT(DEQUE(self), i));
    return 0;
}
static void deque_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    if (DEQUE(self)->weakrefs) PyObject_ClearWeakRefs(self);
    Py_TRASHCAN_BEGIN(self, deque_dealloc)
    clear(self);
    Py_TYPE(self)->tp_free(self);
    Py_TRASHCAN_END
}
static PyObject *deque_copy(PyObject *self, PyObject *unused) {
    (void)unused;
    Deque *d = DEQUE(self);
    if (Py_IS_TYPE(self, &kr_deque_type)) {
        Deque *copy = DEQUE(deque_new(&kr_deque_type, NULL, NULL));
        if (!copy) return NULL;
        copy->maxlen = d->maxlen;
        if (extend(copy, self, false) < 0) Py_CLEAR(copy);
        return (PyObject *)copy;
    }
    PyObject *r = d->maxlen < 0 ? PyObject_CallOneArg((PyObject *)Py_TYPE(self), self) : PyObject_CallFunction((PyObject *)Py_TYPE(self), "On", self, d->maxlen);
    if (r && !deque_check(r)) {
        PyErr_Format(PyExc_TypeError, "%.200s() must return a deque, not %.200s", Py_TYPE(self)->tp_name, Py_TYPE(r)->tp_name);
        Py_CLEAR(r);
    }
    return r;
}

/* ------------------------------------------------------------------ ends */

static PyObject *none_or_error(int r) { return r < 0 ? NULL : Py_NewRef(Py_None); }
static PyObject *deque_append(PyObject *self, PyObject *o) { return none_or_error(push(DEQUE(self), Py_NewRef(o), false)); }
static PyObject *deque_appendleft(PyObject *self, PyObject *o) { return none_or_error(push(DEQUE(self), Py_NewRef(o), true)); }
static PyObject *deque_extend(PyObject *self, PyObject *o) { return none_or_error(extend(DEQUE(self), o, false)); }
static PyObject *deque_extendleft(PyObject *self, PyObject *o) { return none_or_error(extend(DEQUE(self), o, true)); }
static PyObject *pop(PyObject *self, bool left) {
    if (DEQUE(self)->n) return left ? take_left(DEQUE(self)) : take_right(DEQUE(self));
    PyErr_SetString(PyExc_IndexError, "pop from an empty deque");
    return NULL;
}
static PyObject *deque_pop(PyObject *self, PyObject *unused) { (void)unused; return pop(self, false); }
static PyObject *deque_popleft(PyObject *self, PyObject *unused) { (void)unused; return pop(self, true); }
static PyObject *deque_clear(PyObject *self, PyObject *unused) { (void)unused; return none_or_error(clear(self)); }

static void rotate(Deque *d, Py_ssize_t by) {
    if (d->n < 2) return;
    by %= d->n;
    if (by < 0) by += d->n;
    d->state++;
    /* by steps to the right, or n - by to the left, whichever is shorter */
    if (by <= d->n / 2) {
        for (; by > 0; by--) {
            PyObject *o = AT(d, d->n - 1);
            d->first = (d->first - 1) & d->mask;
            AT(d, 0) = o;
        }
    } else {
        for (by = d->n - by; by > 0; by--) {
            PyObject *o = AT(d, 0);
            d->first = (d->first + 1) & d->mask;
            AT(d, d->n - 1) = o;
        }
    }
}
static PyObject *deque_rotate(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Py_ssize_t by = 1;
    if (!_PyArg_CheckPositional("deque.rotate", n, 0, 1)) return NULL;
    if (n) {
        PyObject *index = PyNumber_Index(args[0]);
        by = index ? PyLong_AsSsize_t(index) : -1;
        Py_XDECREF(index);
        if (by == -1 && PyErr_Occurred()) return NULL;
    }
    rotate(DEQUE(self), by);
    Py_RETURN_NONE;
}
static PyObject *deque_reverse(PyObject *self, PyObject *unused) {
    (void)unused;
    Deque *d = DEQUE(self);
    for (Py_ssize_t i = 0, j = d->n - 1; i < j; i++, j--) {
        PyObject *o = AT(d, i);
        AT(d, i) = AT(d, j);
        AT(d, j) = o;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ searching */

/* Whether item i equals value; -1 with an exception, also when the deque changed meanwhile. */
static int item_equals(Deque *d, Py_ssize_t i, PyObject *value, PyObject *error, const char *text) {
    PyObject *o = Py_NewRef(AT(d, i));
    size_t state = d->state;
    int r = PyObject_RichCompareBool(o, value, Py_EQ);
    Py_DECREF(o);
    if (r >= 0 && state != d->state) {
        PyErr_SetString(error, text);
        return -1;
    }
    return r;
}
static int deque_contains(PyObject *self, PyObject *value) {
    for (Py_ssize_t i = 0; i < DEQUE(self)->n; i++) {
        int r = item_equals(DEQUE(self), i, value, PyExc_RuntimeError, "deque mutated during iteration");
        if (r) return r;
    }
    return 0;
}
static PyObject *deque_count(PyObject *self, PyObject *value) {
    Py_ssize_t count = 0;
    for (Py_ssize_t i = 0; i < DEQUE(self)->n; i++) {
        int r = item_equals(DEQUE(self), i, value, PyExc_RuntimeError, "deque mutated during iteration");
        if (r < 0) return NULL;
        count += r;
    }
    return PyLong_FromSsize_t(count);
}
static PyObject *deque_index(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Deque *d = DEQUE(self);
    Py_ssize_t start = 0, stop = d->n;
    if (!_PyArg_CheckPositional("index", n, 1, 3)) return NULL;
    if ((n > 1 && !_PyEval_SliceIndexNotNone(args[1], &start)) || (n > 2 && !_PyEval_SliceIndexNotNone(args[2], &stop))) return NULL;
    if (start < 0) start = Py_MAX(start + d->n, 0);
    if (stop < 0) stop = Py_MAX(stop + d->n, 0);
    for (Py_ssize_t i = start; i < Py_MIN(stop, d->n); i++) {
        int r = item_equals(d, i, args[0], PyExc_RuntimeError, "deque mutated during iteration");
        if (r < 0) return NULL;
        if (r) return PyLong_FromSsize_t(i);
    }
    PyErr_Format(PyExc_ValueError, "%R is not in deque", args[0]);
    return NULL;
}
static int remove_at(Deque *d, Py_ssize_t i) {
    PyObject *o = AT(d, i);
    for (; i < d->n - 1; i++) AT(d, i) = AT(d, i + 1);
    d->n--;
    d->state++;
    Py_DECREF(o);
    return 0;
}
static PyObject *deque_remove(PyObject *self, PyObject *value) {
    Deque *d = DEQUE(self);
    for (Py_ssize_t i = 0; i < d->n; i++) {
        int r = item_equals(d, i, value, PyExc_IndexError, "deque mutated during remove().");
        if (r < 0) return NULL;
        if (r) return none_or_error(remove_at(d, i));
    }
    PyErr_SetString(PyExc_ValueError, "deque.remove(x): x not in deque");
    return NULL;
}
static PyObject *deque_insert(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Deque *d = DEQUE(self);
    if (!_PyArg_CheckPositional("insert", n, 2, 2)) return NULL;
    PyObject *index = PyNumber_Index(args[0]);
    Py_ssize_t i = index ? PyLong_AsSsize_t(index) : -1;
    Py_XDECREF(index);
    if (i == -1 && PyErr_Occurred()) return NULL;
    if (d->maxlen >= 0 && d->n >= d->maxlen) {
        PyErr_SetString(PyExc_IndexError, "deque already at its maximum size");
        return NULL;
    }
    if (i < 0) i = Py_MAX(i + d->n, 0);
    if (i > d->n) i = d->n;
    if (push(d, Py_NewRef(args[1]), false) < 0) return NULL;
    for (Py_ssize_t k = d->n - 1; k > i; k--) {
        PyObject *o = AT(d, k);
        AT(d, k) = AT(d, k - 1);
        AT(d, k - 1) = o;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ sequence */

static Py_ssize_t deque_length(PyObject *self) { return DEQUE(self)->n; }
static int check_index(Deque *d, Py_ssize_t i) {
    if (i >= 0 && i < d->n) return 0;
    PyErr_SetString(PyExc_IndexError, "deque index out of range");
    return -1;
}
static PyObject *deque_item(PyObject *self, Py_ssize_t i) { return check_index(DEQUE(self), i) < 0 ? NULL : Py_NewRef(AT(DEQUE(self), i)); }
static int deque_ass_item(PyObject *self, Py_ssize_t i, PyObject *v) {
    if (check_index(DEQUE(self), i) < 0) return -1;
    if (!v) return remove_at(DEQUE(self), i);
    PyObject *old = AT(DEQUE(self), i);
    AT(DEQUE(self), i) = Py_NewRef(v);
    Py_DECREF(old);
    return 0;
}
static PyObject *deque_inplace_concat(PyObject *self, PyObject *other) { return extend(DEQUE(self), other, false) < 0 ? NULL : Py_NewRef(self); }
static PyObject *deque_concat(PyObject *self, PyObject *other) {
    if (!deque_check(other)) {
        PyErr_Format(PyExc_TypeError, "can only concatenate deque (not \"%.200s\") to deque", Py_TYPE(other)->tp_name);
        return NULL;
    }
    PyObject *copy = deque_copy(self, NULL);
    if (copy && extend(DEQUE(copy), other, false) < 0) Py_CLEAR(copy);
    return copy;
}
static PyObject *deque_inplace_repeat(PyObject *self, Py_ssize_t times) {
    Deque *d = DEQUE(self);
    if (times <= 0) {
        clear(self);
        return Py_NewRef(self);
    }
    PyObject *items = d->n ? PySequence_List(self) : NULL;
    if (d->n && !items) return NULL;
    if (items && d->maxlen < 0 && PyList_GET_SIZE(items) > PY_SSIZE_T_MAX / 16 / times) {
        Py_DECREF(items);
        return PyErr_NoMemory();
    }
    if (items && d->maxlen > 0) times = Py_MIN(times, d->maxlen / PyList_GET_SIZE(items) + 2);
    for (Py_ssize_t i = 1; items && i < times; i++) {
        if (extend(d, items, false) < 0) {
            Py_DECREF(items);
            return NULL;
        }
    }
    Py_XDECREF(items);
    return Py_NewRef(self);
}
static PyObject *deque_repeat(PyObject *self, Py_ssize_t times) {
    PyObject *copy = deque_copy(self, NULL), *r = copy ? deque_inplace_repeat(copy, times) : NULL;
    Py_XDECREF(copy);
    return r;
}
static PyObject *deque_repr(PyObject *self) {
    int busy = Py_ReprEnter(self);
    if (busy) return busy < 0 ? NULL : PyUnicode_FromString("[...]");
    PyObject *list = PySequence_List(self), *r = NULL;
    if (list && DEQUE(self)->maxlen >= 0) r = PyUnicode_FromFormat("%s(%R, maxlen=%zd)", _PyType_Name(Py_TYPE(self)), list, DEQUE(self)->maxlen);
    else if (list) r = PyUnicode_FromFormat("%s(%R)", _PyType_Name(Py_TYPE(self)), list);
    Py_ReprLeave(self);
    Py_XDECREF(list);
    return r;
}
static PyObject *deque_richcompare(PyObject *a, PyObject *b, int op) {
    if (!deque_check(a) || !deque_check(b)) Py_RETURN_NOTIMPLEMENTED;
    if ((op == Py_EQ || op == Py_NE) && a != b && DEQUE(a)->n != DEQUE(b)->n) return PyBool_FromLong(op == Py_NE);
    PyObject *x = PySequence_List(a), *y = x ? PySequence_List(b) : NULL, *r = y ? PyObject_RichCompare(x, y, op) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(y);
    return r;
}
static PyObject *deque_reduce(PyObject *self, PyObject *unused) {
    (void)unused;
    PyObject *state = _PyObject_GetState(self), *it = state ? PyObject_GetIter(self) : NULL;
    if (!it) {
        Py_XDECREF(state);
        return NULL;
    }
    if (DEQUE(self)->maxlen < 0) return Py_BuildValue("O()NN", Py_TYPE(self), state, it);
    return Py_BuildValue("O(()n)NN", Py_TYPE(self), DEQUE(self)->maxlen, state, it);
}
static PyObject *deque_sizeof(PyObject *self, PyObject *unused) {
    (void)unused;
    return PyLong_FromSize_t((size_t)Py_TYPE(self)->tp_basicsize + (DEQUE(self)->items ? (size_t)(DEQUE(self)->mask + 1) * sizeof(PyObject *) : 0));
}
static PyObject *get_maxlen(PyObject *self, void *unused) {
    (void)unused;
    return DEQUE(self)->maxlen < 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(DEQUE(self)->maxlen);
}

/* ------------------------------------------------------------------ iterators */

typedef struct {
    PyObject_HEAD
    Deque *deque;
    Py_ssize_t left;            /* items still to come */
    size_t state;
} DequeIter;
static PyObject *iter_of(PyObject *self, PyTypeObject *type) {
    DequeIter *it = PyObject_GC_New(DequeIter, type);
    if (!it) return NULL;
    it->deque = DEQUE(Py_NewRef(self));
    it->left = DEQUE(self)->n;
    it->state = DEQUE(self)->state;
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
static void iter_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((DequeIter *)self)->deque);
    PyObject_GC_Del(self);
}
static int iter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((DequeIter *)self)->deque);
    return 0;
}
static PyObject *iter_next(PyObject *self) {
    DequeIter *it = (DequeIter *)self;
    if (it->state != it->deque->state) {
        it->left = 0;
        PyErr_SetString(PyExc_RuntimeError, "deque mutated during iteration");
        return NULL;
    }
    if (it->left == 0) return NULL;
    Py_ssize_t i = Py_IS_TYPE(self, &kr_deque_iter_type) ? it->deque->n - it->left : it->left - 1;
    it->left--;
    return Py_NewRef(AT(it->deque, i));
}
static PyObject *iter_length_hint(PyObject *self, PyObject *unused) { (void)unused; return PyLong_FromSsize_t(((DequeIter *)self)->left); }
static PyObject *iter_reduce(PyObject *self, PyObject *unused) {
    (void)unused;
    DequeIter *it = (DequeIter *)self;
    return Py_BuildValue("O(On)", Py_TYPE(self), it->deque, it->deque->n - it->left);
}
static PyObject *iter_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *deque;
    Py_ssize_t index = 0;
    (void)kwds;
    if (!PyArg_ParseTuple(args, "O!|n", &kr_deque_type, &deque, &index)) return NULL;
    DequeIter *it = (DequeIter *)iter_of(deque, type);
    if (it) it->left = Py_MAX(0, it->left - Py_MAX(index, 0));
    return (PyObject *)it;
}
static PyMethodDef iter_methods[] = {
    {"__length_hint__", iter_length_hint, METH_NOARGS, "How many items are left."},
    {"__reduce__", iter_reduce, METH_NOARGS, "What pickle stores."},
    {NULL, NULL, 0, NULL},
};
#define ITER_TYPE(name)                                                                                                            \
    KR_STATIC_TYPE_HEAD .tp_name = name, .tp_basicsize = sizeof(DequeIter), .tp_dealloc = iter_dealloc, .tp_getattro = PyObject_GenericGetAttr, \
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = iter_traverse, .tp_iter = PyObject_SelfIter, .tp_iternext = iter_next,  \
    .tp_methods = iter_methods, .tp_new = iter_new
PyTypeObject kr_deque_iter_type = {ITER_TYPE("_collections._deque_iterator")};
PyTypeObject kr_deque_reverse_iter_type = {ITER_TYPE("_collections._deque_reverse_iterator")};
static PyObject *deque_iter(PyObject *self) { return iter_of(self, &kr_deque_iter_type); }
static PyObject *deque_reversed(PyObject *self, PyObject *unused) { (void)unused; return iter_of(self, &kr_deque_reverse_iter_type); }

/* ------------------------------------------------------------------ the type */

static PyMethodDef methods[] = {
    {"append", deque_append, METH_O, "Add an item at the right."},
    {"appendleft", deque_appendleft, METH_O, "Add an item at the left."},
    {"clear", deque_clear, METH_NOARGS, "Remove all items."},
    {"__copy__", deque_copy, METH_NOARGS, "A shallow copy."},
    {"copy", deque_copy, METH_NOARGS, "A shallow copy."},
    {"count", deque_count, METH_O, "D.count(value) -- how many items equal value"},
    {"extend", deque_extend, METH_O, "Add the items of an iterable at the right."},
    {"extendleft", deque_extendleft, METH_O, "Add the items of an iterable at the left, one after the other."},
    {"index", KR_METH(deque_index), METH_FASTCALL, "D.index(value, [start, [stop]]) -- the first index of value; ValueError if it is not there"},
    {"insert", KR_METH(deque_insert), METH_FASTCALL, "D.insert(index, object) -- insert before index"},
    {"pop", deque_pop, METH_NOARGS, "Remove the rightmost item and return it."},
    {"popleft", deque_popleft, METH_NOARGS, "Remove the leftmost item and return it."},
    {"__reduce__", deque_reduce, METH_NOARGS, "What pickle stores."},
    {"remove", deque_remove, METH_O, "D.remove(value) -- remove the first item that equals value"},
    {"__reversed__", deque_reversed, METH_NOARGS, "An iterator from right to left."},
    {"reverse", deque_reverse, METH_NOARGS, "Reverse in place."},
    {"rotate", KR_METH(deque_rotate), METH_FASTCALL, "Rotate n steps to the right (default 1); to the left if n is negative."},
    {"__sizeof__", deque_sizeof, METH_NOARGS, "The size in memory, in bytes."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef getset[] = {{"maxlen", get_maxlen, NULL, "maximum size of a deque or None if unbounded", NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PySequenceMethods as_sequence = {
    .sq_length = deque_length, .sq_concat = deque_concat, .sq_repeat = deque_repeat, .sq_item = deque_item, .sq_ass_item = deque_ass_item,
    .sq_contains = deque_contains, .sq_inplace_concat = deque_inplace_concat, .sq_inplace_repeat = deque_inplace_repeat,
};
PyTypeObject kr_deque_type = {
    KR_STATIC_TYPE_HEAD .tp_name = "collections.deque", .tp_basicsize = sizeof(Deque), .tp_dealloc = deque_dealloc, .tp_repr = deque_repr, .tp_as_sequence = &as_sequence,
    .tp_hash = PyObject_HashNotImplemented, .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_SEQUENCE,
    .tp_doc = "deque([iterable[, maxlen]]) --> deque object\n\nA list-like sequence with fast appends and pops at both ends.",
    .tp_traverse = deque_traverse, .tp_clear = clear, .tp_richcompare = deque_richcompare, .tp_weaklistoffset = offsetof(Deque, weakrefs), .tp_iter = deque_iter,
    .tp_methods = methods, .tp_getset = getset, .tp_init = deque_init, .tp_alloc = PyType_GenericAlloc, .tp_new = deque_new, .tp_free = PyObject_GC_Del,
};
