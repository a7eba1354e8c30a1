/* range.h - range and its fast iterator. */
#ifndef KRAIT_RANGE_H
#define KRAIT_RANGE_H
#include "object/container.h"

typedef struct {
    PyObject_HEAD
    PyObject *start, *stop, *step;      /* exact ints */
    PyObject *length;
} KrRange;

/* The iterator of a compact range. */
typedef struct KrRangeIter {
    PyObject_HEAD
    long next, step, remaining;
    long start;                         /* for pickling */
} KrRangeIter;

PyObject *kr_range_iter_new(long start, long step, long length) KR_NEW_REF KR_MAY_RAISE;

KR_INLINE PyObject *kr_range_iter_next(KrRangeIter *it) {
    if (it->remaining <= 0)
        return NULL;
    long v = it->next;
    it->next = (long)((unsigned long)v + (unsigned long)it->step);
    it->remaining--;
    return PyLong_FromLong(v);
}

void kr_range_fini(KrInterp *);

#endif
