/* unicode_strformat.h - the grammar of str.format's strings, for str.format and the module _string. */
#ifndef KRAIT_UNICODE_STRFORMAT_H
#define KRAIT_UNICODE_STRFORMAT_H
#include "krait.h"

typedef struct { PyObject *s; Py_ssize_t at, end; } KrMarkup;
/* Text [start, text_end), then, if has_field, a field; conversion 0: none. nested: the spec holds braces. */
typedef struct {
    Py_ssize_t start, text_end, name_start, name_end, spec_start, spec_end;
    Py_UCS4 conversion;
    bool has_field, nested;
} KrField;
/* The next piece: 1, 0 at the end, -1 with ValueError. */
int kr_markup_next(KrMarkup *, KrField *) KR_MAY_RAISE;

/* The first part of a field name: where it ends, and its number or -1. 0, or -1 with ValueError. */
int kr_name_first(PyObject *s, Py_ssize_t start, Py_ssize_t end, Py_ssize_t *first_end, Py_ssize_t *index) KR_MAY_RAISE;
/* One .attribute or [index] at *at: s[start:end], index its number or -1. 1, 0 at the end, -1 with ValueError. */
typedef struct { Py_ssize_t start, end, index; bool attribute; } KrAccess;
int kr_name_next(PyObject *s, Py_ssize_t *at, Py_ssize_t end, KrAccess *) KR_MAY_RAISE;

#endif
