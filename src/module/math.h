/* math.h - the integer functions of the module math (math_int.c). */
#ifndef KRAIT_MODULE_MATH_H
#define KRAIT_MODULE_MATH_H
#include "krait.h"

PyObject *kr_math_comb(PyObject *, PyObject *const *args, Py_ssize_t nargs);
PyObject *kr_math_perm(PyObject *, PyObject *const *args, Py_ssize_t nargs);
PyObject *kr_math_factorial(PyObject *, PyObject *n);
PyObject *kr_math_gcd(PyObject *, PyObject *const *args, Py_ssize_t nargs);
PyObject *kr_math_lcm(PyObject *, PyObject *const *args, Py_ssize_t nargs);
PyObject *kr_math_isqrt(PyObject *, PyObject *n);

#endif
