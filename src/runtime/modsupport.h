/* modsupport.h - building values by format, for the functions that call objects by format. */
#ifndef KRAIT_MODSUPPORT_H
#define KRAIT_MODSUPPORT_H
#include "krait.h"

/* The values of a Py_BuildValue format as an array of new references, in `small` if they fit, else from PyMem; ssize: # lengths are
 * Py_ssize_t (else formats with # are refused). */
PyObject **kr_build_stack(PyObject **small, Py_ssize_t room, const char *format, va_list va, bool ssize, Py_ssize_t *n) KR_MAY_RAISE;

#endif
