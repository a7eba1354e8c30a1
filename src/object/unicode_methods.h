/* unicode_methods.h - what str's methods share with its C API. All strings are ready. */
#ifndef KRAIT_UNICODE_METHODS_H
#define KRAIT_UNICODE_METHODS_H
#include "object/unicode.h"

/* Index of p in s[start:end] (slice indices), -1 when it isn't there, -2 with an exception. */
Py_ssize_t kr_unicode_find(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, bool forward) KR_MAY_RAISE;
/* Non-overlapping occurrences, at most max; -1 with an exception. */
Py_ssize_t kr_unicode_count(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, Py_ssize_t max) KR_MAY_RAISE;
bool kr_unicode_tail_match(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, bool at_end);
PyObject *kr_unicode_replace(PyObject *s, PyObject *from, PyObject *to, Py_ssize_t max) KR_NEW_REF KR_MAY_RAISE;
/* sep NULL: runs of white space. */
PyObject *kr_unicode_split(PyObject *s, PyObject *sep, Py_ssize_t max, bool forward) KR_NEW_REF KR_MAY_RAISE;

/* unicode_case.c: the methods that change or test characters. */
PyObject *kr_str_capitalize(PyObject *, PyObject *), *kr_str_casefold(PyObject *, PyObject *), *kr_str_title(PyObject *, PyObject *),
    *kr_str_lower(PyObject *, PyObject *), *kr_str_upper(PyObject *, PyObject *), *kr_str_swapcase(PyObject *, PyObject *),
    *kr_str_isascii(PyObject *, PyObject *), *kr_str_islower(PyObject *, PyObject *), *kr_str_isupper(PyObject *, PyObject *),
    *kr_str_istitle(PyObject *, PyObject *), *kr_str_isspace(PyObject *, PyObject *), *kr_str_isdecimal(PyObject *, PyObject *),
    *kr_str_isdigit(PyObject *, PyObject *), *kr_str_isnumeric(PyObject *, PyObject *), *kr_str_isalpha(PyObject *, PyObject *),
    *kr_str_isalnum(PyObject *, PyObject *), *kr_str_isidentifier(PyObject *, PyObject *), *kr_str_isprintable(PyObject *, PyObject *);
/* unicode_translate.c */
PyObject *kr_str_translate(PyObject *, PyObject *table), *kr_str_maketrans(PyObject *, PyObject *const *args, Py_ssize_t n);
/* unicode_strformat.c */
PyObject *kr_str_format(PyObject *, PyObject *args, PyObject *kwargs), *kr_str_format_map(PyObject *, PyObject *mapping),
    *kr_str_dunder_format(PyObject *, PyObject *spec);

#endif
