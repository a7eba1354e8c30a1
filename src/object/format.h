/* format.h - the format mini-language (format(), str.format, f-strings) of str, int, float and complex.
 *
 * Each writes `obj` to the writer as the specification spec[start:end] says. 0, or -1 with ValueError naming what is wrong
 * with the specification, or another exception. The specification is a str; "" gives str(obj). Source: PEP 3101, PEP 378,
 * and the language reference's "Format Specification Mini-Language".
 */
#ifndef KRAIT_FORMAT_H
#define KRAIT_FORMAT_H
#include "krait.h"

PyAPI_FUNC(int) _PyUnicode_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
PyAPI_FUNC(int) _PyLong_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
PyAPI_FUNC(int) _PyFloat_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
PyAPI_FUNC(int) _PyComplex_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
/* Appends n times the character; n <= 0: nothing. */
int kr_writer_fill(_PyUnicodeWriter *, Py_ssize_t n, Py_UCS4 fill) KR_MAY_RAISE;

/* The decimal point and the thousands separator of localeconv()'s result, decoded as the locale of LC_NUMERIC has them. */
struct lconv;
int kr_locale_numeric(const struct lconv *, PyObject **point, PyObject **separator) KR_MAY_RAISE;
#endif
