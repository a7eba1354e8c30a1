/* format.h - the format mini-language (format(), str.format, f-strings) of str, int, float and complex.
 *
 * Each writes `obj` to the writer as the specification spec[start:end] says. 0, or -1 with ValueError naming what is wrong
 * with the specification, or another exception. The specification is a str; "" gives str(obj). Source: PEP 3101, PEP 378,
 * and the language reference's "Format Specification Mini-Language".
 */
#ifndef KRAIT_FORMAT_H
#define KRAIT_FORMAT_H
#include "krait.h"

int _PyUnicode_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
int _PyLong_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
int _PyFloat_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
int _PyComplex_FormatAdvancedWriter(_PyUnicodeWriter *, PyObject *obj, PyObject *spec, Py_ssize_t start, Py_ssize_t end) KR_MAY_RAISE;
#endif
