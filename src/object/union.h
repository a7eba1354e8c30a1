/* union.h - X | Y of types. */
#ifndef KRAIT_UNION_H
#define KRAIT_UNION_H
#include "krait.h"

extern PyTypeObject _PyUnion_Type;
/* type.__or__: the union of two types, None, generic aliases or unions; NotImplemented for anything else. */
PyObject *_Py_union_type_or(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The members of a union: a tuple. */
PyObject *kr_union_args(PyObject *o) KR_BORROWED;
/* The tuple of type parameters (objects with __typing_subst__) in a tuple of arguments, each once. */
PyObject *kr_generic_parameters(PyObject *args) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* args with its parameters replaced by item (one, or a tuple); owner is named in messages. */
PyObject *kr_generic_substitute(PyObject *owner, PyObject *args, PyObject *parameters, PyObject *item) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Appends the way an argument reads in a repr. */
int kr_generic_write_argument(_PyUnicodeWriter *writer, PyObject *arg) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
