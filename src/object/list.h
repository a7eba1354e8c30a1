/* list.h - list's private face. */
#ifndef KRAIT_LIST_H
#define KRAIT_LIST_H
#include "object/container.h"

typedef struct {
    PyObject_HEAD
    PyListObject *seq;          /* NULL once exhausted */
    Py_ssize_t index;
} KrListIter;                   /* the reversed iterator has the same shape, counting down */

/* Makes room for and sets the size to n; items from the old size on are undefined. 0, or -1 with MemoryError. */
int kr_list_resize(PyListObject *l, Py_ssize_t n) KR_MAY_RAISE;
/* Appends, taking over the item's reference, also on failure. */
int kr_list_append_grow(PyListObject *l, PyObject *item) KR_MAY_RAISE;
KR_INLINE int kr_list_append_steal(PyListObject *l, PyObject *item) {
    Py_ssize_t n = Py_SIZE(l);
    if (KR_LIKELY(n < l->allocated)) {
        l->ob_item[n] = item;
        Py_SET_SIZE(l, n + 1);
        return 0;
    }
    return kr_list_append_grow(l, item);
}
/* A list of n items copied from an array. */
PyObject *kr_list_from_array(PyObject *const *items, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* The same, taking over the references, on failure too. */
PyObject *kr_list_from_array_steal(PyObject *const *items, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* list.extend: 0 or -1. */
int kr_list_extend(PyListObject *l, PyObject *iterable) KR_MAY_RAISE KR_RUNS_PYTHON;
/* list_sort.c: sorts in place; key may be NULL. */
int kr_list_sort(PyListObject *l, PyObject *key, int reverse) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Reverses items[lo..hi). */
KR_INLINE void kr_items_reverse(PyObject **lo, PyObject **hi) {
    for (; hi - lo > 1; lo++) {
        PyObject *t = *lo;
        *lo = *--hi;
        *hi = t;
    }
}

/* Next item of a list iterator, NULL at the end. */
KR_INLINE PyObject *kr_list_iter_next(KrListIter *it) {
    PyListObject *seq = it->seq;
    if (seq == NULL)
        return NULL;
    if (it->index < Py_SIZE(seq))
        return Py_NewRef(seq->ob_item[it->index++]);
    it->seq = NULL;
    Py_DECREF(seq);
    return NULL;
}

void kr_list_fini(KrInterp *);

#endif
