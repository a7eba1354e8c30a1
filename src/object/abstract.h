/* abstract.h - what the files of the abstract protocols share. */
#ifndef KRAIT_ABSTRACT_H
#define KRAIT_ABSTRACT_H
#include "krait.h"

/* SystemError for a NULL argument, unless an exception is set already. NULL. */
PyObject *kr_null_argument(void);
/* TypeError whose format has one %s for the name of o's type. NULL. */
PyObject *kr_type_error(const char *format, PyObject *o);
/* A binary operator given by the offset of its slot in PyNumberMethods: result, NULL with an exception, or
 * NotImplemented (new reference) when neither operand takes it. */
/* The rest of an operator when a's slot has declined and b is of a's type or of a static one: b's slot, then the sequence's + or *; TypeError. */
PyObject *kr_binary_declined(PyObject *a, PyObject *b, size_t slot, const char *op) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same of a comparison (object.c). */
PyObject *kr_compare_declined(PyObject *a, PyObject *b, int op) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_binary_op(PyObject *a, PyObject *b, size_t slot) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same for augmented assignment: a's own in-place slot first. */
PyObject *kr_inplace_op(PyObject *a, PyObject *b, size_t inplace_slot, size_t slot) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
