/* _json.h - what the files of _json share. */
#ifndef KRAIT_JSON_H
#define KRAIT_JSON_H
#include "krait.h"

/* _json.c: raises json.JSONDecodeError(message, document, position). */
void kr_json_error(const char *message, PyObject *document, Py_ssize_t position);
/* _json.c: the str whose first character, behind the quote, is at `begin`; *end is the index behind the closing quote. */
PyObject *kr_json_scan_string(PyObject *s, Py_ssize_t begin, bool strict, Py_ssize_t *end) KR_NEW_REF KR_MAY_RAISE;
/* _json.c: appends s as a JSON string in quotes; ascii: other characters as \u escapes. */
int kr_json_write_string(_PyUnicodeWriter *, PyObject *s, bool ascii) KR_MAY_RAISE;
/* The module's two functions; the encoder recognises them. */
PyObject *kr_json_encode(PyObject *module, PyObject *s);
PyObject *kr_json_encode_ascii(PyObject *module, PyObject *s);

extern PyTypeObject kr_json_Scanner_Type, kr_json_Encoder_Type;

#endif
