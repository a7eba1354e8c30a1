/* unicode_writer.c - _PyUnicodeWriter: a string under construction.
 *
 * buffer is a str that only the writer sees, widened as characters need it, or (readonly) a str that was written first and may turn out to be
 * all: it is shared until something is appended. kind, data, size and maxchar mirror the buffer; kind is 0 while there is none or it is
 * shared, so that the first write goes through PrepareInternal.
 */
#include "object/unicode.h"

void _PyUnicodeWriter_Init(_PyUnicodeWriter *w) { memset(w, 0, sizeof *w); }

static void mirror(_PyUnicodeWriter *w) {
    w->maxchar = PyUnicode_MAX_CHAR_VALUE(w->buffer);
    w->data = PyUnicode_DATA(w->buffer);
    if (w->readonly) {
        w->kind = PyUnicode_WCHAR_KIND;
        w->size = 0;
    } else {
        w->kind = PyUnicode_KIND(w->buffer);
        w->size = PyUnicode_GET_LENGTH(w->buffer);
    }
}
int _PyUnicodeWriter_PrepareInternal(_PyUnicodeWriter *w, Py_ssize_t length, Py_UCS4 maxchar) {
    if (length > PY_SSIZE_T_MAX - w->pos) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t needed = w->pos + length;
    maxchar = Py_MAX(maxchar, w->min_char);
    Py_ssize_t size = Py_MAX(needed, w->min_length);
    if (w->overallocate && needed <= PY_SSIZE_T_MAX - needed / 4) size = Py_MAX(size, needed + needed / 4);
    if (!w->buffer) {
        if (!(w->buffer = PyUnicode_New(size, maxchar))) return -1;
    } else {
        bool wider = maxchar > w->maxchar || w->readonly;
        if (!wider && needed <= w->size) return 0;
        if (!wider) {
            Py_ssize_t n = size;
            if (PyUnicode_Resize(&w->buffer, n) < 0) return -1;
        } else {
            PyObject *bigger = PyUnicode_New(w->readonly || needed > w->size ? size : w->size, Py_MAX(maxchar, w->maxchar));
            if (!bigger) return -1;
            kr_unicode_copy(bigger, 0, w->buffer, 0, w->pos);
            w->readonly = 0;
            Py_SETREF(w->buffer, bigger);
        }
    }
    mirror(w);
    return 0;
}
int _PyUnicodeWriter_PrepareKindInternal(_PyUnicodeWriter *w, enum PyUnicode_Kind kind) {
    return _PyUnicodeWriter_PrepareInternal(w, 0, kind == 4 ? 0x10ffff : kind == 2 ? 0xffff : 0xff);
}
int _PyUnicodeWriter_WriteChar(_PyUnicodeWriter *w, Py_UCS4 c) {
    if (_PyUnicodeWriter_Prepare(w, 1, c) < 0) return -1;
    PyUnicode_WRITE(w->kind, w->data, w->pos++, c);
    return 0;
}
int _PyUnicodeWriter_WriteStr(_PyUnicodeWriter *w, PyObject *s) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    if (n == 0) return 0;
    Py_UCS4 max = PyUnicode_MAX_CHAR_VALUE(s);
    if (max > w->maxchar || n > w->size - w->pos) {
        if (!w->buffer && !w->overallocate && PyUnicode_CheckExact(s)) {
            w->readonly = 1;
            w->buffer = Py_NewRef(s);
            w->pos = n;
            mirror(w);
            return 0;
        }
        if (_PyUnicodeWriter_PrepareInternal(w, n, max) < 0) return -1;
    }
    kr_unicode_copy(w->buffer, w->pos, s, 0, n);
    w->pos += n;
    return 0;
}
int _PyUnicodeWriter_WriteSubstring(_PyUnicodeWriter *w, PyObject *s, Py_ssize_t start, Py_ssize_t end) {
    if (end == 0 || start >= end) return 0;
    if (start == 0 && end == PyUnicode_GET_LENGTH(s)) return _PyUnicodeWriter_WriteStr(w, s);
    Py_UCS4 max = PyUnicode_MAX_CHAR_VALUE(s);
    if (max > w->maxchar) max = _PyUnicode_FindMaxChar(s, start, end);
    if (_PyUnicodeWriter_Prepare(w, end - start, max) < 0) return -1;
    kr_unicode_copy(w->buffer, w->pos, s, start, end - start);
    w->pos += end - start;
    return 0;
}
int _PyUnicodeWriter_WriteLatin1String(_PyUnicodeWriter *w, const char *s, Py_ssize_t n) {
    if (n == 0) return 0;
    if (_PyUnicodeWriter_Prepare(w, n, kr_find_maxchar(1, s, n)) < 0) return -1;
    kr_unicode_convert(w->kind, (char *)w->data + w->pos * (Py_ssize_t)w->kind, 1, s, n);
    w->pos += n;
    return 0;
}
int _PyUnicodeWriter_WriteASCIIString(_PyUnicodeWriter *w, const char *s, Py_ssize_t n) {
    return _PyUnicodeWriter_WriteLatin1String(w, s, n < 0 ? (Py_ssize_t)strlen(s) : n);
}
PyObject *_PyUnicodeWriter_Finish(_PyUnicodeWriter *w) {
    PyObject *s = w->buffer;
    w->buffer = NULL;
    if (w->pos == 0) {
        Py_XDECREF(s);
        return kr_unicode_empty();
    }
    if (w->readonly) return s;
    if (PyUnicode_GET_LENGTH(s) != w->pos && PyUnicode_Resize(&s, w->pos) < 0) {
        Py_DECREF(s);
        return NULL;
    }
    /* what was reserved may be wider than what was written; one character is a singleton */
    int kind = PyUnicode_KIND(s);
    if (w->pos == 1 || (!PyUnicode_IS_ASCII(s) && kr_find_maxchar(kind, PyUnicode_DATA(s), w->pos) < PyUnicode_MAX_CHAR_VALUE(s)))
        Py_SETREF(s, kr_unicode_from_units(kind, PyUnicode_DATA(s), w->pos));
    return s;
}
void _PyUnicodeWriter_Dealloc(_PyUnicodeWriter *w) { Py_CLEAR(w->buffer); }
