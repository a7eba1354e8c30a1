/* list.c - list: storage, protocols, methods (sorting is in list_sort.c, the iterators in list_iter.c).
 *
 * The items are a separately allocated vector with room to grow: 0 <= ob_size <= allocated, and ob_item == NULL only when
 * allocated == 0. While a list is being sorted, allocated is -1, and the list looks empty. Every call that may run
 * Python code may change the list: items and size are read again after it. Items that leave the list are moved
 * out first and released last, when the list is whole again. Heads of exact lists are kept on a free list.
 */
#include "object/list.h"
#include "memory/gc.h"
#include "object/sequence_common.h"

/* ------------------------------------------------------------------ storage */

int kr_list_resize(PyListObject *l, Py_ssize_t n) {
    Py_ssize_t allocated = l->allocated;
    if (allocated >= n && n >= (allocated >> 1)) {
        Py_SET_SIZE(l, n);
        return 0;
    }
    /* An eighth more and a little, rounded to four: linear total cost of repeated appends. */
    size_t room = ((size_t)n + ((size_t)n >> 3) + 6) & ~(size_t)3;
    if (n - Py_SIZE(l) > (Py_ssize_t)(room - (size_t)n))
        room = ((size_t)n + 3) & ~(size_t)3;
    if (n == 0)
        room = 0;
    PyObject **items = NULL;
    if (room <= (size_t)PY_SSIZE_T_MAX / sizeof(PyObject *))
        items = PyMem_Realloc(l->ob_item, room * sizeof(PyObject *));
    if (items == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    l->ob_item = items;
    Py_SET_SIZE(l, n);
    l->allocated = (Py_ssize_t)room;
    return 0;
}

/* Room for exactly n items in an empty list without storage. */
static int list_preallocate(PyListObject *l, Py_ssize_t n) {
    if (n > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(PyObject *) || (l->ob_item = PyMem_Malloc((size_t)n * sizeof(PyObject *))) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    l->allocated = n;
    return 0;
}

static PyListObject *list_alloc(void) {
    KrContainerState *s = &kr_interp()->container;
    PyListObject *l;
    if (s->list_free_count > 0) {
        l = s->list_free[--s->list_free_count];
        _Py_NewReference((PyObject *)l);
    } else if ((l = PyObject_GC_New(PyListObject, &PyList_Type)) == NULL) {
        return NULL;
    }
    Py_SET_SIZE(l, 0);
    l->ob_item = NULL;
    l->allocated = 0;
    return l;
}

/* A list with room for n items and size 0, untracked. */
static PyListObject *list_new_room(Py_ssize_t n) {
    PyListObject *l = list_alloc();
    if (l != NULL && n > 0 && list_preallocate(l, n) < 0)
        Py_CLEAR(l);
    return l;
}

PyObject *PyList_New(Py_ssize_t size) {
    if (size < 0) {
        PyErr_BadInternalCall();
        return NULL;
    }
    PyListObject *l = list_new_room(size);
    if (l == NULL)
        return NULL;
    if (size > 0)
        memset(l->ob_item, 0, (size_t)size * sizeof(PyObject *));
    Py_SET_SIZE(l, size);
    KR_TRACK(l);
    return (PyObject *)l;
}

PyObject *kr_list_from_array(PyObject *const *items, Py_ssize_t n) {
    PyListObject *l = list_new_room(n);
    if (l == NULL)
        return NULL;
    kr_items_copy(l->ob_item, items, n);
    Py_SET_SIZE(l, n);
    KR_TRACK(l);
    return (PyObject *)l;
}

PyObject *kr_list_from_array_steal(PyObject *const *items, Py_ssize_t n) {
    PyListObject *l = list_new_room(n);
    if (l == NULL) {
        for (Py_ssize_t i = 0; i < n; i++)
            Py_DECREF(items[i]);
        return NULL;
    }
    if (n > 0)
        memcpy(l->ob_item, items, (size_t)n * sizeof *items);
    Py_SET_SIZE(l, n);
    KR_TRACK(l);
    return (PyObject *)l;
}

static void list_dealloc(PyObject *self) {
    PyListObject *l = (PyListObject *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, list_dealloc)
    if (l->ob_item != NULL) {
        for (Py_ssize_t i = Py_SIZE(l); --i >= 0;)
            Py_XDECREF(l->ob_item[i]);
        PyMem_Free(l->ob_item);
    }
    KrContainerState *s = &kr_interp()->container;
    if (KR_FREE_LISTS && s->list_free_count < KR_FREE_MAX && PyList_CheckExact(self))
        s->list_free[s->list_free_count++] = l;
    else
        Py_TYPE(self)->tp_free(self);
    KR_TRASHCAN_END
}

void kr_list_fini(KrInterp *interp) {
    KrContainerState *s = &interp->container;
    while (s->list_free_count > 0)
        PyObject_GC_Del(s->list_free[--s->list_free_count]);
}

static int list_traverse(PyObject *self, visitproc visit, void *arg) {
    PyListObject *l = (PyListObject *)self;
    for (Py_ssize_t i = Py_SIZE(l); --i >= 0;)
        Py_VISIT(l->ob_item[i]);
    return 0;
}

/* Empties the list before it releases anything. */
static int list_clear_items(PyObject *self) {
    PyListObject *l = (PyListObject *)self;
    PyObject **items = l->ob_item;
    Py_ssize_t n = Py_SIZE(l);
    if (items == NULL)
        return 0;
    l->ob_item = NULL;
    Py_SET_SIZE(l, 0);
    l->allocated = 0;
    while (--n >= 0)
        Py_XDECREF(items[n]);
    PyMem_Free(items);
    return 0;
}

/* ------------------------------------------------------------------ adding and removing */

int kr_list_append_grow(PyListObject *l, PyObject *item) {
    Py_ssize_t n = Py_SIZE(l);
    if (kr_list_resize(l, n + 1) < 0) {
        Py_DECREF(item);
        return -1;
    }
    l->ob_item[n] = item;
    return 0;
}

static int list_insert_at(PyListObject *l, Py_ssize_t where, PyObject *v) {
    Py_ssize_t n = Py_SIZE(l);
    if (kr_list_resize(l, n + 1) < 0)
        return -1;
    if (where < 0 && (where += n) < 0)
        where = 0;
    if (where > n)
        where = n;
    memmove(l->ob_item + where + 1, l->ob_item + where, (size_t)(n - where) * sizeof(PyObject *));
    l->ob_item[where] = Py_NewRef(v);
    return 0;
}

/* Replaces items lo .. hi-1 by the items of v (NULL: by none). */
static int list_assign_range(PyListObject *l, Py_ssize_t lo, Py_ssize_t hi, PyObject *v) {
    PyObject *fast = NULL, **src = NULL;
    Py_ssize_t n = 0;
    if (v != NULL) {
        fast = (PyObject *)l == v ? kr_list_from_array(l->ob_item, Py_SIZE(l)) : PySequence_Fast(v, "can only assign an iterable");
        if (fast == NULL)
            return -1;
        n = PySequence_Fast_GET_SIZE(fast);
        src = PySequence_Fast_ITEMS(fast);
    }
    Py_ssize_t size = Py_SIZE(l);
    if (lo < 0)
        lo = 0;
    else if (lo > size)
        lo = size;
    if (hi < lo)
        hi = lo;
    else if (hi > size)
        hi = size;
    Py_ssize_t gone = hi - lo, change = n - gone;
    int result = -1;
    PyObject *small[16], **old = small;
    if (size + change == 0) {
        result = list_clear_items((PyObject *)l);
        Py_XDECREF(fast);
        return result;
    }
    if (gone > (Py_ssize_t)KR_ARRAY_LEN(small) && (old = PyMem_New(PyObject *, gone)) == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (gone > 0)
        memcpy(old, l->ob_item + lo, (size_t)gone * sizeof *old);
    size_t tail = (size_t)(size - hi) * sizeof *old;
    if (change < 0) {
        memmove(l->ob_item + hi + change, l->ob_item + hi, tail);
        if (kr_list_resize(l, size + change) < 0) {
            /* shrinking failed: put everything back */
            memmove(l->ob_item + hi, l->ob_item + hi + change, tail);
            memcpy(l->ob_item + lo, old, (size_t)gone * sizeof *old);
            goto done;
        }
    } else if (change > 0) {
        if (kr_list_resize(l, size + change) < 0)
            goto done;
        memmove(l->ob_item + hi + change, l->ob_item + hi, tail);
    }
    kr_items_copy(l->ob_item + lo, src, n);
    for (Py_ssize_t i = gone; --i >= 0;)
        Py_XDECREF(old[i]);
    result = 0;
done:
    if (old != small)
        PyMem_Free(old);
    Py_XDECREF(fast);
    return result;
}

/* Appends n items of an array that is not l's own; the list may be its owner's only if it cannot be resized. */
static int list_extend_array(PyListObject *l, PyObject *const *src, Py_ssize_t n) {
    Py_ssize_t size = Py_SIZE(l);
    if (l->ob_item == NULL) {
        if (list_preallocate(l, n) < 0)
            return -1;
        Py_SET_SIZE(l, n);
    } else if (kr_list_resize(l, size + n) < 0) {
        return -1;
    }
    kr_items_copy(l->ob_item + size, src, n);
    return 0;
}

int kr_list_extend(PyListObject *l, PyObject *iterable) {
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable)) {
        Py_ssize_t n = Py_SIZE(iterable);
        if (n == 0)
            return 0;
        if ((PyObject *)l == iterable) {
            Py_ssize_t size = Py_SIZE(l);
            if (kr_list_resize(l, size + size) < 0)
                return -1;
            kr_items_copy(l->ob_item + size, l->ob_item, size);
            return 0;
        }
        return list_extend_array(l, PySequence_Fast_ITEMS(iterable), n);
    }
    if ((PyObject *)l == iterable) {        /* of a subclass: its own iterator would not come to an end */
        PyObject *copy = PySequence_List(iterable);
        int r = copy == NULL ? -1 : kr_list_extend(l, copy);
        Py_XDECREF(copy);
        return r;
    }
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return -1;
    Py_ssize_t hint = PyObject_LengthHint(iterable, 8);
    if (hint < 0) {
        Py_DECREF(it);
        return -1;
    }
    Py_ssize_t size = Py_SIZE(l);
    if (l->ob_item == NULL) {
        if (hint > 0 && list_preallocate(l, hint) < 0)
            goto error;
    } else if (size <= PY_SSIZE_T_MAX - hint) {
        if (kr_list_resize(l, size + hint) < 0)
            goto error;
        Py_SET_SIZE(l, size);
    }
    iternextfunc next = Py_TYPE(it)->tp_iternext;
    for (;;) {
        PyObject *item = next(it);
        if (item == NULL) {
            if (kr_iter_ended() < 0)
                goto error;
            break;
        }
        if (kr_list_append_steal(l, item) < 0)
            goto error;
    }
    /* The hint may have been far too large. */
    if (Py_SIZE(l) < l->allocated && kr_list_resize(l, Py_SIZE(l)) < 0)
        goto error;
    Py_DECREF(it);
    return 0;
error:
    Py_DECREF(it);
    return -1;
}

/* ------------------------------------------------------------------ C API */

#define LIST_OR_FAIL(op, failure) \
    do { \
        if ((op) == NULL || !PyList_Check(op)) { \
            PyErr_BadInternalCall(); \
            return failure; \
        } \
    } while (0)

Py_ssize_t PyList_Size(PyObject *op) {
    LIST_OR_FAIL(op, -1);
    return Py_SIZE(op);
}

PyObject *PyList_GetItem(PyObject *op, Py_ssize_t i) {
    LIST_OR_FAIL(op, NULL);
    if ((size_t)i >= (size_t)Py_SIZE(op)) {
        PyErr_SetString(PyExc_IndexError, "list index out of range");
        return NULL;
    }
    return PyList_GET_ITEM(op, i);
}

int PyList_SetItem(PyObject *op, Py_ssize_t i, PyObject *item) {
    if (!PyList_Check(op)) {
        Py_XDECREF(item);
        PyErr_BadInternalCall();
        return -1;
    }
    if ((size_t)i >= (size_t)Py_SIZE(op)) {
        Py_XDECREF(item);
        PyErr_SetString(PyExc_IndexError, "list assignment index out of range");
        return -1;
    }
    Py_XSETREF(((PyListObject *)op)->ob_item[i], item);
    return 0;
}

int PyList_Insert(PyObject *op, Py_ssize_t where, PyObject *item) {
    LIST_OR_FAIL(op, -1);
    if (item == NULL) {
        PyErr_BadInternalCall();
        return -1;
    }
    return list_insert_at((PyListObject *)op, where, item);
}

int PyList_Append(PyObject *op, PyObject *item) {
    if (!PyList_Check(op) || item == NULL) {
        PyErr_BadInternalCall();
        return -1;
    }
    return kr_list_append_steal((PyListObject *)op, Py_NewRef(item));
}

PyObject *PyList_GetSlice(PyObject *op, Py_ssize_t lo, Py_ssize_t hi) {
    LIST_OR_FAIL(op, NULL);
    if (lo < 0)
        lo = 0;
    else if (lo > Py_SIZE(op))
        lo = Py_SIZE(op);
    if (hi < lo)
        hi = lo;
    else if (hi > Py_SIZE(op))
        hi = Py_SIZE(op);
    return kr_list_from_array(((PyListObject *)op)->ob_item + lo, hi - lo);
}

int PyList_SetSlice(PyObject *op, Py_ssize_t lo, Py_ssize_t hi, PyObject *v) {
    if (!PyList_Check(op)) {
        PyErr_BadInternalCall();
        return -1;
    }
    return list_assign_range((PyListObject *)op, lo, hi, v);
}

PyObject *_PyList_Extend(PyListObject *self, PyObject *iterable) {
    if (kr_list_extend(self, iterable) < 0)
        return NULL;
    Py_RETURN_NONE;
}

int PyList_Reverse(PyObject *op) {
    LIST_OR_FAIL(op, -1);
    PyListObject *l = (PyListObject *)op;
    kr_items_reverse(l->ob_item, l->ob_item + Py_SIZE(l));
    return 0;
}

int PyList_Sort(PyObject *op) {
    LIST_OR_FAIL(op, -1);
    return kr_list_sort((PyListObject *)op, NULL, 0);
}

PyObject *PyList_AsTuple(PyObject *op) {
    LIST_OR_FAIL(op, NULL);
    Py_ssize_t n = Py_SIZE(op);
    PyObject *t = PyTuple_New(n);
    if (t != NULL)
        kr_items_copy(((PyTupleObject *)t)->ob_item, ((PyListObject *)op)->ob_item, n);
    return t;
}

void _PyList_DebugMallocStats(FILE *out) {
    fprintf(out, "%d free PyListObjects\n", kr_interp()->container.list_free_count);
}

/* ------------------------------------------------------------------ protocols */

static PyObject *list_repr(PyObject *self) {
    if (Py_SIZE(self) == 0)
        return PyUnicode_FromString("[]");
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromString("[...]") : NULL;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    w.min_length = 3 * Py_SIZE(self);
    if (_PyUnicodeWriter_WriteChar(&w, '[') < 0 || kr_seq_write_items(&w, self, true) < 0)
        goto error;
    w.overallocate = 0;
    if (_PyUnicodeWriter_WriteChar(&w, ']') < 0)
        goto error;
    Py_ReprLeave(self);
    return _PyUnicodeWriter_Finish(&w);
error:
    _PyUnicodeWriter_Dealloc(&w);
    Py_ReprLeave(self);
    return NULL;
}

static Py_ssize_t list_length(PyObject *self) { return Py_SIZE(self); }

static int list_contains(PyObject *self, PyObject *v) {
    Py_ssize_t i = kr_seq_find(self, v, 0, PY_SSIZE_T_MAX, true);
    return i == -2 ? -1 : i >= 0;
}

static PyObject *list_item(PyObject *self, Py_ssize_t i) {
    if ((size_t)i >= (size_t)Py_SIZE(self)) {
        PyErr_SetString(PyExc_IndexError, "list index out of range");
        return NULL;
    }
    return Py_NewRef(PyList_GET_ITEM(self, i));
}

static PyObject *list_concat(PyObject *a, PyObject *b) {
    if (!PyList_Check(b)) {
        PyErr_Format(PyExc_TypeError, "can only concatenate list (not \"%.200s\") to list", Py_TYPE(b)->tp_name);
        return NULL;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    if (na > PY_SSIZE_T_MAX - nb)
        return PyErr_NoMemory();
    PyListObject *l = list_new_room(na + nb);
    if (l == NULL)
        return NULL;
    kr_items_copy(l->ob_item, ((PyListObject *)a)->ob_item, na);
    kr_items_copy(l->ob_item + na, ((PyListObject *)b)->ob_item, nb);
    Py_SET_SIZE(l, na + nb);
    KR_TRACK(l);
    return (PyObject *)l;
}

static PyObject *list_repeat(PyObject *self, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(self);
    if (n == 0 || times <= 0)
        return PyList_New(0);
    if (n > PY_SSIZE_T_MAX / times)
        return PyErr_NoMemory();
    PyListObject *l = list_new_room(n * times);
    if (l == NULL)
        return NULL;
    kr_items_repeat(l->ob_item, ((PyListObject *)self)->ob_item, n, times);
    Py_SET_SIZE(l, n * times);
    KR_TRACK(l);
    return (PyObject *)l;
}

static PyObject *list_inplace_repeat(PyObject *self, Py_ssize_t times) {
    PyListObject *l = (PyListObject *)self;
    Py_ssize_t n = Py_SIZE(l);
    if (n == 0 || times == 1)
        return Py_NewRef(self);
    if (times < 1) {
        list_clear_items(self);
        return Py_NewRef(self);
    }
    if (n > PY_SSIZE_T_MAX / times)
        return PyErr_NoMemory();
    if (kr_list_resize(l, n * times) < 0)
        return NULL;
    kr_items_repeat(l->ob_item + n, l->ob_item, n, times - 1);
    return Py_NewRef(self);
}

static PyObject *list_inplace_concat(PyObject *self, PyObject *other) {
    return kr_list_extend((PyListObject *)self, other) < 0 ? NULL : Py_NewRef(self);
}

static int list_ass_item(PyObject *self, Py_ssize_t i, PyObject *v) {
    PyListObject *l = (PyListObject *)self;
    if ((size_t)i >= (size_t)Py_SIZE(l)) {
        PyErr_SetString(PyExc_IndexError, "list assignment index out of range");
        return -1;
    }
    if (v == NULL)
        return list_assign_range(l, i, i + 1, NULL);
    PyObject *old = l->ob_item[i];
    l->ob_item[i] = Py_NewRef(v);
    Py_DECREF(old);
    return 0;
}

static PyObject *list_subscript(PyObject *self, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        return list_item(self, i < 0 ? i + Py_SIZE(self) : i);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "list indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(self), &start, &stop, step);
    if (n <= 0)
        return PyList_New(0);
    if (step == 1)
        return kr_list_from_array(((PyListObject *)self)->ob_item + start, n);
    PyListObject *l = list_new_room(n);
    if (l == NULL)
        return NULL;
    for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
        l->ob_item[i] = Py_NewRef(PyList_GET_ITEM(self, at));
    Py_SET_SIZE(l, n);
    KR_TRACK(l);
    return (PyObject *)l;
}

/* del l[start::step] of n items, step not 1. */
static int list_delete_stepped(PyListObject *l, Py_ssize_t start, Py_ssize_t step, Py_ssize_t n) {
    if (n <= 0)
        return 0;
    if (step < 0) {
        start += step * (n - 1);
        step = -step;
    }
    PyObject **gone = PyMem_New(PyObject *, n);
    if (gone == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject **items = l->ob_item;
    Py_ssize_t size = Py_SIZE(l), to = start;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t at = start + i * step;
        gone[i] = items[at];
        Py_ssize_t next = i + 1 < n ? at + step : size;
        memmove(items + to, items + at + 1, (size_t)(next - at - 1) * sizeof *items);
        to += next - at - 1;
    }
    int result = kr_list_resize(l, to);
    if (result < 0) {           /* the vector stays larger than it need be */
        PyErr_Clear();
        Py_SET_SIZE(l, to);
        result = 0;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        Py_DECREF(gone[i]);
    PyMem_Free(gone);
    return result;
}

/* l[start:stop:step] = v with step not 1. */
static int list_assign_stepped(PyListObject *l, PyObject *slice, PyObject *v) {
    PyObject *fast = (PyObject *)l == v ? kr_list_from_array(l->ob_item, Py_SIZE(l))
                                        : PySequence_Fast(v, "must assign iterable to extended slice");
    if (fast == NULL)
        return -1;
    /* Making `fast` may have changed l. */
    Py_ssize_t start, stop, step, n, given = PySequence_Fast_GET_SIZE(fast);
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0)
        goto error;
    n = PySlice_AdjustIndices(Py_SIZE(l), &start, &stop, step);
    if (given != n) {
        PyErr_Format(PyExc_ValueError, "attempt to assign sequence of size %zd to extended slice of size %zd", given, n);
        goto error;
    }
    if (n > 0) {
        PyObject **old = PyMem_New(PyObject *, n);
        if (old == NULL) {
            PyErr_NoMemory();
            goto error;
        }
        PyObject **src = PySequence_Fast_ITEMS(fast);
        for (Py_ssize_t i = 0, at = start; i < n; i++, at += step) {
            old[i] = l->ob_item[at];
            l->ob_item[at] = Py_NewRef(src[i]);
        }
        for (Py_ssize_t i = 0; i < n; i++)
            Py_DECREF(old[i]);
        PyMem_Free(old);
    }
    Py_DECREF(fast);
    return 0;
error:
    Py_DECREF(fast);
    return -1;
}

static int list_ass_subscript(PyObject *self, PyObject *key, PyObject *v) {
    PyListObject *l = (PyListObject *)self;
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return -1;
        return list_ass_item(self, i < 0 ? i + Py_SIZE(l) : i, v);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "list indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return -1;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return -1;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(l), &start, &stop, step);
    if (step == 1)
        return list_assign_range(l, start, stop, v);
    if (v == NULL)
        return list_delete_stepped(l, start, step, n);
    return list_assign_stepped(l, key, v);
}

static PyObject *list_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyList_Check(a) || !PyList_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_seq_compare(a, b, op, true);
}

/* ------------------------------------------------------------------ construction */

static int list_init_impl(PyListObject *l, PyObject *iterable) {
    if (l->ob_item != NULL)
        list_clear_items((PyObject *)l);
    return iterable == NULL ? 0 : kr_list_extend(l, iterable);
}

static int list_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    if ((Py_IS_TYPE(self, &PyList_Type) || Py_TYPE(self)->tp_new == PyList_Type.tp_new) && !_PyArg_NoKeywords("list", kwargs))
        return -1;
    if (!_PyArg_CheckPositional("list", PyTuple_GET_SIZE(args), 0, 1))
        return -1;
    return list_init_impl((PyListObject *)self, PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : NULL);
}

static PyObject *list_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (!_PyArg_NoKwnames("list", kwnames))
        return NULL;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_CheckPositional("list", nargs, 0, 1))
        return NULL;
    PyObject *l = (PyTypeObject *)type == &PyList_Type ? PyList_New(0) : PyType_GenericAlloc((PyTypeObject *)type, 0);
    if (l != NULL && nargs > 0 && kr_list_extend((PyListObject *)l, args[0]) < 0)
        Py_CLEAR(l);
    return l;
}

/* ------------------------------------------------------------------ methods */

static PyObject *list_append(PyObject *self, PyObject *item) {
    if (kr_list_append_steal((PyListObject *)self, Py_NewRef(item)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *list_extend(PyObject *self, PyObject *iterable) { return _PyList_Extend((PyListObject *)self, iterable); }

static PyObject *list_insert(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("insert", nargs, 2, 2))
        return NULL;
    Py_ssize_t where = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
    if (where == -1 && PyErr_Occurred())
        return NULL;
    if (list_insert_at((PyListObject *)self, where, args[1]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *list_pop(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    PyListObject *l = (PyListObject *)self;
    Py_ssize_t i = -1;
    if (!_PyArg_CheckPositional("pop", nargs, 0, 1))
        return NULL;
    if (nargs > 0) {
        i = PyNumber_AsSsize_t(args[0], PyExc_OverflowError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
    }
    Py_ssize_t n = Py_SIZE(l);
    if (n == 0) {
        PyErr_SetString(PyExc_IndexError, "pop from empty list");
        return NULL;
    }
    if (i < 0)
        i += n;
    if ((size_t)i >= (size_t)n) {
        PyErr_SetString(PyExc_IndexError, "pop index out of range");
        return NULL;
    }
    PyObject *item = l->ob_item[i];
    if (i < n - 1)
        memmove(l->ob_item + i, l->ob_item + i + 1, (size_t)(n - 1 - i) * sizeof(PyObject *));
    if (kr_list_resize(l, n - 1) < 0) {
        PyErr_Clear();
        Py_SET_SIZE(l, n - 1);
    }
    return item;
}

static PyObject *list_remove(PyObject *self, PyObject *v) {
    Py_ssize_t i = kr_seq_find(self, v, 0, PY_SSIZE_T_MAX, true);
    if (i == -2)
        return NULL;
    if (i == -1) {
        PyErr_SetString(PyExc_ValueError, "list.remove(x): x not in list");
        return NULL;
    }
    if (list_assign_range((PyListObject *)self, i, i + 1, NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *list_index(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t start, stop;
    if (kr_seq_index_args(self, args, nargs, &start, &stop) < 0)
        return NULL;
    Py_ssize_t i = kr_seq_find(self, args[0], start, stop, true);
    if (i >= 0)
        return PyLong_FromSsize_t(i);
    if (i == -1)
        PyErr_Format(PyExc_ValueError, "%R is not in list", args[0]);
    return NULL;
}

static PyObject *list_count(PyObject *self, PyObject *v) { return kr_seq_count(self, v, true); }

static PyObject *list_clear(PyObject *self, PyObject *unused) {
    list_clear_items(self);
    Py_RETURN_NONE;
}

static PyObject *list_copy(PyObject *self, PyObject *unused) {
    return kr_list_from_array(((PyListObject *)self)->ob_item, Py_SIZE(self));
}

static PyObject *list_reverse(PyObject *self, PyObject *unused) {
    PyList_Reverse(self);
    Py_RETURN_NONE;
}

static PyObject *list_sort(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"key", "reverse", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "sort"};
    PyObject *buffer[2], *key = NULL;
    Py_ssize_t nkw = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    int reverse = 0;
    if (nargs + nkw > 0) {
        PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 0, 0, 0, buffer);
        if (a == NULL)
            return NULL;
        if (a[0] != NULL && a[0] != Py_None)
            key = a[0];
        if (a[1] != NULL) {
            reverse = _PyLong_AsInt(a[1]);
            if (reverse == -1 && PyErr_Occurred())
                return NULL;
        }
    }
    if (kr_list_sort((PyListObject *)self, key, reverse) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *list_sizeof(PyObject *self, PyObject *unused) {
    Py_ssize_t n = Py_TYPE(self)->tp_basicsize + ((PyListObject *)self)->allocated * (Py_ssize_t)sizeof(void *);
    return PyLong_FromSsize_t(n);
}

static PyObject *list_iter(PyObject *self) {
    KrListIter *it = PyObject_GC_New(KrListIter, &PyListIter_Type);
    if (it == NULL)
        return NULL;
    it->index = 0;
    it->seq = (PyListObject *)Py_NewRef(self);
    KR_TRACK(it);
    return (PyObject *)it;
}

static PyObject *list_reversed(PyObject *self, PyObject *unused) {
    KrListIter *it = PyObject_GC_New(KrListIter, &PyListRevIter_Type);
    if (it == NULL)
        return NULL;
    it->index = Py_SIZE(self) - 1;
    it->seq = (PyListObject *)Py_NewRef(self);
    KR_TRACK(it);
    return (PyObject *)it;
}

static PyMethodDef list_methods[] = {
    {"__getitem__", list_subscript, METH_O | METH_COEXIST, PyDoc_STR("__getitem__($self, index, /)\n--\n\nReturn self[index].")},
    {"__reversed__", list_reversed, METH_NOARGS, PyDoc_STR("__reversed__($self, /)\n--\n\nAn iterator from the last item to the first.")},
    {"__sizeof__", list_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nBytes of memory the list takes.")},
    {"clear", list_clear, METH_NOARGS, PyDoc_STR("clear($self, /)\n--\n\nRemove all items.")},
    {"copy", list_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA shallow copy.")},
    {"append", list_append, METH_O, PyDoc_STR("append($self, object, /)\n--\n\nAdd object at the end.")},
    {"insert", KR_METH(list_insert), METH_FASTCALL, PyDoc_STR("insert($self, index, object, /)\n--\n\nPut object before position index.")},
    {"extend", list_extend, METH_O, PyDoc_STR("extend($self, iterable, /)\n--\n\nAdd the iterable's items at the end.")},
    {"pop", KR_METH(list_pop), METH_FASTCALL,
     PyDoc_STR("pop($self, index=-1, /)\n--\n\nTake out the item at index and return it.\n\n"
               "Raises IndexError if the list is empty or index is out of range.")},
    {"remove", list_remove, METH_O, PyDoc_STR("remove($self, value, /)\n--\n\nTake out the first item equal to value.\n\nRaises ValueError if there is none.")},
    {"index", KR_METH(list_index), METH_FASTCALL,
     PyDoc_STR("index($self, value, start=0, stop=sys.maxsize, /)\n--\n\nPosition of the first item equal to value.\n\nRaises ValueError if there is none.")},
    {"count", list_count, METH_O, PyDoc_STR("count($self, value, /)\n--\n\nNumber of items equal to value.")},
    {"reverse", list_reverse, METH_NOARGS, PyDoc_STR("reverse($self, /)\n--\n\nTurn the order around, in place.")},
    {"sort", KR_METH(list_sort), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("sort($self, /, *, key=None, reverse=False)\n--\n\nSort in place, in ascending order; equal items keep their order.\n\n"
               "key maps an item to what is compared; reverse sorts in descending order.")},
    KR_CLASS_GETITEM_METHOD,
    {NULL, NULL, 0, NULL}};

static PySequenceMethods list_as_sequence = {
    .sq_length = list_length, .sq_concat = list_concat, .sq_repeat = list_repeat, .sq_item = list_item,
    .sq_ass_item = list_ass_item, .sq_contains = list_contains,
    .sq_inplace_concat = list_inplace_concat, .sq_inplace_repeat = list_inplace_repeat};
static PyMappingMethods list_as_mapping = {
    .mp_length = list_length, .mp_subscript = list_subscript, .mp_ass_subscript = list_ass_subscript};

PyTypeObject PyList_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "list",
    .tp_basicsize = sizeof(PyListObject),
    .tp_dealloc = list_dealloc,
    .tp_repr = list_repr,
    .tp_as_sequence = &list_as_sequence,
    .tp_as_mapping = &list_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_LIST_SUBCLASS |
                _Py_TPFLAGS_MATCH_SELF | Py_TPFLAGS_SEQUENCE,
    .tp_doc = PyDoc_STR("list(iterable=(), /)\n--\n\nA mutable sequence, at first of the iterable's items."),
    .tp_traverse = list_traverse,
    .tp_clear = list_clear_items,
    .tp_richcompare = list_richcompare,
    .tp_iter = list_iter,
    .tp_methods = list_methods,
    .tp_init = list_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = list_vectorcall,
};
