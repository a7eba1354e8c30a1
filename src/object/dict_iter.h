/* dict_iter.h - the dict iterators' struct, for the interpreter loop. */
#ifndef KRAIT_DICT_ITER_H
#define KRAIT_DICT_ITER_H
#include "object/dict_keys.h"

typedef struct {
    PyObject_HEAD
    PyDictObject *dict;         /* NULL once exhausted */
    Py_ssize_t used;            /* the dict's size at the beginning; -1 once a change was reported */
    Py_ssize_t pos;             /* kr_dict_next's, or kr_dict_previous's, position */
    Py_ssize_t remaining;
    PyObject *result;           /* items: the pair, used again while nobody else holds it */
} KrDictIter;

/* The next key and value, borrowed; false at the end, or with an exception set. For the forward iterators. */
bool kr_dict_iter_step(KrDictIter *it, PyObject **key, PyObject **value) KR_MAY_RAISE;

#endif
