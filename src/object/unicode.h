/* unicode.h - what the files of str share.
 *
 * Layout: PEP 393, as cpython/unicodeobject.h declares it. Every str of type str is ready. Those made here are compact; instances of
 * subclasses and those that were made of wchar_t (unicode_legacy.c) keep their characters in a block of their own (data.any). "", and the 256 one-character strings up to U+00FF are
 * made once per interpreter (text_state.h) and immortal.
 */
#ifndef KRAIT_UNICODE_H
#define KRAIT_UNICODE_H
#include "krait.h"

extern PyMethodDef kr_str_methods[];

KR_INLINE PyObject *kr_unicode_empty(void) { return Py_NewRef(kr_interp()->text.empty); }
KR_INLINE PyObject *kr_latin1_char(Py_UCS4 c) { return Py_NewRef(kr_interp()->text.latin1[c]); }

/* The type of strings that are not ready (unicode_legacy.c). */
extern PyTypeObject kr_LegacyStr_Type;
/* Whether o is a str, which it makes ready; false without memory for that, too. */
KR_INLINE bool kr_unicode_check(PyObject *o) {
    return PyUnicode_Check(o) && (KR_LIKELY(PyUnicode_IS_READY(o)) || _PyUnicode_Ready(o) == 0);
}

/* The largest code point that the kind of the largest unit asks for: 0x7f, 0xff, 0xffff or 0x10ffff. */
Py_UCS4 kr_find_maxchar(int kind, const void *data, Py_ssize_t n);
/* Copies n characters between ready strings; dst is wide enough. No checks. */
void kr_unicode_copy(PyObject *dst, Py_ssize_t at, PyObject *src, Py_ssize_t from, Py_ssize_t n);
/* Copies n units of one kind to units of another, wider or equal or known to hold them. */
void kr_unicode_convert(int to_kind, void *to, int from_kind, const void *from, Py_ssize_t n);
/* A str of n units, in the narrowest kind. */
PyObject *kr_unicode_from_units(int kind, const void *data, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* 0 if o is a str (made ready), else -1 with TypeError "must be str, not X". */
int kr_ensure_unicode(PyObject *o) KR_MAY_RAISE;
/* o itself when it is an exact str, else its copy as one. */
PyObject *kr_unicode_exact(PyObject *o) KR_NEW_REF KR_MAY_RAISE;
/* Whether two ready strings hold the same characters. */
KR_INLINE bool kr_unicode_equal(PyObject *a, PyObject *b) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(a);
    return n == PyUnicode_GET_LENGTH(b) && PyUnicode_KIND(a) == PyUnicode_KIND(b)
        && memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), (size_t)n * PyUnicode_KIND(a)) == 0;
}
/* True if all n bytes are below 0x80. */
KR_INLINE bool kr_is_ascii(const void *bytes, Py_ssize_t n) {
    const unsigned char *p = bytes, *end = p + n;
    for (; end - p >= 8; p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        if (w & UINT64_C(0x8080808080808080)) return false;
    }
    for (; p < end; p++)
        if (*p & 0x80) return false;
    return true;
}

/* unicode_intern.c: takes a dying interned string out of the table. */
void kr_unicode_unintern(PyObject *s);
int kr_unicode_intern_init(KrInterp *) KR_MAY_RAISE; /* unicode_intern.c: the table, for kr_unicode_init */
/* The interned string of n ASCII characters, made only when it isn't known. */
PyObject *kr_intern_ascii(const char *text, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;

#endif
