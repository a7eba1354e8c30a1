/* memoryview.h - what the files of memoryview share. */
#ifndef KRAIT_MEMORYVIEW_H
#define KRAIT_MEMORYVIEW_H
#include "krait.h"

extern PyTypeObject _PyMemoryIter_Type;

/* Where an item is after stepping along a dimension: follows a pointer when the dimension has a suboffset. */
KR_INLINE char *kr_follow(char *p, const Py_ssize_t *suboffsets, int dim) {
    return suboffsets != NULL && suboffsets[dim] >= 0 ? *(char **)p + suboffsets[dim] : p;
}
KR_INLINE bool kr_view_released(const PyMemoryViewObject *m) {
    return (m->flags & _Py_MEMORYVIEW_RELEASED) || (m->mbuf->flags & _Py_MANAGED_BUFFER_RELEASED);
}

/* memoryview_items.c */
/* The format character of a native single-character format ("x" or "@x") and its size; 0 when it is none. */
char kr_native_format(const char *format, Py_ssize_t *itemsize);
/* The format a view has, an "@" taken away; NULL with NotImplementedError when it is not one native character. */
const char *kr_item_format(const Py_buffer *view) KR_MAY_RAISE;
/* The object at p, of a native format character. */
PyObject *kr_item_unpack(const char *p, const char *format) KR_NEW_REF KR_MAY_RAISE;
/* Stores an object at p; the view is checked for having been released while the object was converted. */
int kr_item_pack(PyMemoryViewObject *m, char *p, PyObject *item, const char *format) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Nested lists of all items. */
PyObject *kr_view_tolist(const Py_buffer *view, const char *format) KR_NEW_REF KR_MAY_RAISE;
/* Whether two views have the same shape and equal items: 1, 0, -1. */
int kr_views_equal(const Py_buffer *a, const Py_buffer *b) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Copies one dimension; the structures must be equal (ValueError). */
int kr_view_copy_1d(const Py_buffer *dest, const Py_buffer *src) KR_MAY_RAISE;

#endif
