/* unicode_new.c - making strings: from sizes, units, bytes; resizing, copying, slicing; the empty and the one-character strings. */
#include "memory/alloc.h"
#include "object/unicode.h"
#include "runtime/lifecycle.h"

#define ASCII(o) ((PyASCIIObject *)(o))
#define COMPACT(o) ((PyCompactUnicodeObject *)(o))

/* ------------------------------------------------------------------ helpers on units */

Py_UCS4 kr_find_maxchar(int kind, const void *data, Py_ssize_t n) {
    Py_UCS4 bits = 0;
    if (kind == 1) return kr_is_ascii(data, n) ? 0x7f : 0xff;
    if (kind == 2) {
        const Py_UCS2 *p = data;
        for (Py_ssize_t i = 0; i < n; i++) bits |= p[i];
    } else {
        const Py_UCS4 *p = data;
        for (Py_ssize_t i = 0; i < n; i++) bits |= p[i];
    }
    return bits < 0x80 ? 0x7f : bits < 0x100 ? 0xff : bits < 0x10000 ? 0xffff : 0x10ffff;
}
#define CONVERT(TO, FROM)                                                          \
    do {                                                                           \
        TO *to_ = to;                                                              \
        const FROM *from_ = from;                                                  \
        for (Py_ssize_t i = 0; i < n; i++) to_[i] = (TO)from_[i];                  \
    } while (0)
void kr_unicode_convert(int to_kind, void *to, int from_kind, const void *from, Py_ssize_t n) {
    if (to_kind == from_kind) memcpy(to, from, (size_t)n * (size_t)to_kind);
    else if (to_kind == 1 && from_kind == 2) CONVERT(Py_UCS1, Py_UCS2);
    else if (to_kind == 1) CONVERT(Py_UCS1, Py_UCS4);
    else if (to_kind == 2 && from_kind == 1) CONVERT(Py_UCS2, Py_UCS1);
    else if (to_kind == 2) CONVERT(Py_UCS2, Py_UCS4);
    else if (from_kind == 1) CONVERT(Py_UCS4, Py_UCS1);
    else CONVERT(Py_UCS4, Py_UCS2);
}
void kr_unicode_copy(PyObject *dst, Py_ssize_t at, PyObject *src, Py_ssize_t from, Py_ssize_t n) {
    int to = PyUnicode_KIND(dst), kind = PyUnicode_KIND(src);
    kr_unicode_convert(to, (char *)PyUnicode_DATA(dst) + at * to, kind, (char *)PyUnicode_DATA(src) + from * kind, n);
}
int kr_ensure_unicode(PyObject *o) {
    if (kr_unicode_check(o)) return PyUnicode_READY(o);
    PyErr_Format(PyExc_TypeError, "must be str, not %.100s", Py_TYPE(o)->tp_name);
    return -1;
}

/* ------------------------------------------------------------------ allocation */

static void set_state(PyObject *o, int kind, bool compact, bool ascii) {
    memset(&ASCII(o)->state, 0, sizeof ASCII(o)->state);
    ASCII(o)->state.kind = (unsigned)kind & 7;
    ASCII(o)->state.compact = compact;
    ASCII(o)->state.ascii = ascii;
    ASCII(o)->state.ready = 1;
}
/* What PyUnicode_New does but for the size 0. */
static PyObject *allocate(Py_ssize_t size, Py_UCS4 maxchar) {
    bool ascii = maxchar < 0x80;
    int kind = maxchar < 0x100 ? 1 : maxchar < 0x10000 ? 2 : 4;
    size_t head = ascii ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    if (size > (PY_SSIZE_T_MAX - (Py_ssize_t)head) / kind - 1) return PyErr_NoMemory();
    PyObject *o = PyObject_Malloc(head + ((size_t)size + 1) * (size_t)kind);
    if (!o) return PyErr_NoMemory();
    PyObject_Init(o, &PyUnicode_Type);
    ASCII(o)->length = size;
    ASCII(o)->hash = -1;
    ASCII(o)->wstr = NULL;
    set_state(o, kind, true, ascii);
    char *data;
    if (ascii) {
        data = (char *)(ASCII(o) + 1);
    } else {
        COMPACT(o)->utf8 = NULL;
        COMPACT(o)->utf8_length = 0;
        COMPACT(o)->wstr_length = 0;
        if (kind == 4) {
            ASCII(o)->wstr = (wchar_t *)(COMPACT(o) + 1);   /* wchar_t has 32 bits: it is the data */
            COMPACT(o)->wstr_length = size;
        }
        data = (char *)(COMPACT(o) + 1);
    }
    memset(data + size * kind, 0, (size_t)kind);
    return o;
}

PyObject *PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar) {
    if (size <= 0) {
        if (size == 0) return kr_unicode_empty();
        PyErr_SetString(PyExc_SystemError, "Negative size passed to PyUnicode_New");
        return NULL;
    }
    if (maxchar > 0x10ffff) {
        PyErr_SetString(PyExc_SystemError, "invalid maximum character passed to PyUnicode_New");
        return NULL;
    }
    return allocate(size, maxchar);
}

/* ------------------------------------------------------------------ from units and bytes */

static PyObject *one_char(Py_UCS4 c) {
    if (c < 256) return kr_latin1_char(c);
    PyObject *o = allocate(1, c);
    if (o) PyUnicode_WRITE(PyUnicode_KIND(o), PyUnicode_DATA(o), 0, c);
    return o;
}
PyObject *kr_unicode_from_units(int kind, const void *data, Py_ssize_t n) {
    if (n == 0) return kr_unicode_empty();
    if (n == 1) return one_char(PyUnicode_READ(kind, data, 0));
    PyObject *o = allocate(n, kr_find_maxchar(kind, data, n));
    if (o) kr_unicode_convert(PyUnicode_KIND(o), PyUnicode_DATA(o), kind, data, n);
    return o;
}
PyObject *PyUnicode_FromKindAndData(int kind, const void *data, Py_ssize_t n) {
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "size must be positive");
        return NULL;
    }
    if (kind != 1 && kind != 2 && kind != 4) {
        PyErr_SetString(PyExc_SystemError, "invalid kind");
        return NULL;
    }
    return kr_unicode_from_units(kind, data, n);
}
PyObject *_PyUnicode_FromASCII(const char *s, Py_ssize_t n) {
    if (n == 0) return kr_unicode_empty();
    if (n == 1) return kr_latin1_char((unsigned char)*s);
    if (n > PY_SSIZE_T_MAX - (Py_ssize_t)sizeof(PyASCIIObject) - 1) return PyErr_NoMemory();
    PyASCIIObject *o = kr_object_malloc(sizeof *o + (size_t)n + 1);
    if (!o) return PyErr_NoMemory();
    Py_SET_TYPE(o, &PyUnicode_Type);
    _Py_NewReference((PyObject *)o);
    o->length = n;
    o->hash = -1;
    o->wstr = NULL;
    set_state((PyObject *)o, 1, true, true);
    char *data = memcpy(o + 1, s, (size_t)n);
    data[n] = 0;
    return (PyObject *)o;
}
PyObject *PyUnicode_FromStringAndSize(const char *s, Py_ssize_t n) {
    if (n < 0) {
        PyErr_SetString(PyExc_SystemError, "Negative size passed to PyUnicode_FromStringAndSize");
        return NULL;
    }
    if (!s) return n == 0 ? kr_unicode_empty() : PyUnicode_New(n, 0x10ffff);
    return PyUnicode_DecodeUTF8Stateful(s, n, NULL, NULL);
}
PyObject *PyUnicode_FromString(const char *s) {
    size_t n = strlen(s);
    if (n > PY_SSIZE_T_MAX) {
        PyErr_SetString(PyExc_OverflowError, "input too long");
        return NULL;
    }
    return PyUnicode_DecodeUTF8Stateful(s, (Py_ssize_t)n, NULL, NULL);
}
PyObject *PyUnicode_FromOrdinal(int c) {
    if (c < 0 || c > 0x10ffff) {
        PyErr_SetString(PyExc_ValueError, "chr() arg not in range(0x110000)");
        return NULL;
    }
    return one_char((Py_UCS4)c);
}
PyObject *_PyUnicode_Copy(PyObject *o) {
    if (!kr_unicode_check(o)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    PyObject *copy = PyUnicode_New(n, PyUnicode_MAX_CHAR_VALUE(o));
    if (copy && n) memcpy(PyUnicode_DATA(copy), PyUnicode_DATA(o), (size_t)n * PyUnicode_KIND(o));
    return copy;
}
PyObject *kr_unicode_exact(PyObject *o) { return PyUnicode_CheckExact(o) ? Py_NewRef(o) : _PyUnicode_Copy(o); }
PyObject *PyUnicode_FromObject(PyObject *o) {
    if (kr_unicode_check(o)) return kr_unicode_exact(o);
    PyErr_Format(PyExc_TypeError, "Can't convert '%.100s' object to str implicitly", Py_TYPE(o)->tp_name);
    return NULL;
}
PyObject *PyUnicode_Substring(PyObject *self, Py_ssize_t start, Py_ssize_t end) {
    if (PyUnicode_READY(self) < 0) return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(self);
    if (end > n) end = n;
    if (start == 0 && end == n) return kr_unicode_exact(self);
    if (start < 0 || end < 0) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return NULL;
    }
    if (start >= n || end < start) return kr_unicode_empty();
    int kind = PyUnicode_KIND(self);
    const char *data = (const char *)PyUnicode_DATA(self) + start * kind;
    return PyUnicode_IS_ASCII(self) ? _PyUnicode_FromASCII(data, end - start) : kr_unicode_from_units(kind, data, end - start);
}

/* ------------------------------------------------------------------ in-place work on new strings */

/* Whether nobody else can see s: it may be changed. */
static bool modifiable(PyObject *s) {
    return Py_REFCNT(s) == 1 && PyUnicode_CheckExact(s) && ASCII(s)->hash == -1 && !ASCII(s)->state.interned;
}
static int check_modifiable(PyObject *s) {
    if (modifiable(s)) return 0;
    PyErr_SetString(PyExc_SystemError, "Cannot modify a string currently used");
    return -1;
}
static void drop_caches(PyObject *o) {
    if (!PyUnicode_IS_COMPACT_ASCII(o)) {
        if (COMPACT(o)->utf8 && COMPACT(o)->utf8 != PyUnicode_DATA(o)) PyObject_Free(COMPACT(o)->utf8);
        COMPACT(o)->utf8 = NULL;
        COMPACT(o)->utf8_length = 0;
    }
    if (ASCII(o)->wstr && (void *)ASCII(o)->wstr != PyUnicode_DATA(o)) PyObject_Free(ASCII(o)->wstr);
    ASCII(o)->wstr = NULL;
}
/* Changes the size of a compact string that nobody else sees; NULL leaves it as it was. */
static PyObject *resize_compact(PyObject *o, Py_ssize_t n) {
    int kind = PyUnicode_KIND(o);
    size_t head = PyUnicode_IS_COMPACT_ASCII(o) ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    if (n > (PY_SSIZE_T_MAX - (Py_ssize_t)head) / kind - 1) return PyErr_NoMemory();
    drop_caches(o);
    PyObject *r = PyObject_Realloc(o, head + ((size_t)n + 1) * (size_t)kind);
    if (!r) return PyErr_NoMemory();
    ASCII(r)->length = n;
    memset((char *)PyUnicode_DATA(r) + n * kind, 0, (size_t)kind);
    if (kind == 4) {
        ASCII(r)->wstr = PyUnicode_DATA(r);
        COMPACT(r)->wstr_length = n;
    }
    return r;
}
int PyUnicode_Resize(PyObject **at, Py_ssize_t n) {
    PyObject *o = at ? *at : NULL;
    if (!o || !kr_unicode_check(o) || n < 0) {
        PyErr_BadInternalCall();
        return -1;
    }
    Py_ssize_t old = PyUnicode_GET_LENGTH(o);
    if (old == n) return 0;
    PyObject *r;
    if (n == 0) {
        r = kr_unicode_empty();
        Py_DECREF(o);
    } else if (modifiable(o) && PyUnicode_IS_COMPACT(o)) {
        if (!(r = resize_compact(o, n))) return -1;
    } else {
        if (!(r = PyUnicode_New(n, PyUnicode_MAX_CHAR_VALUE(o)))) return -1;
        kr_unicode_copy(r, 0, o, 0, Py_MIN(old, n));
        Py_DECREF(o);
    }
    *at = r;
    return 0;
}
Py_ssize_t PyUnicode_CopyCharacters(PyObject *to, Py_ssize_t at, PyObject *from, Py_ssize_t start, Py_ssize_t n) {
    if (!kr_unicode_check(to) || !kr_unicode_check(from)) {
        PyErr_BadInternalCall();
        return -1;
    }
    if ((size_t)start > (size_t)PyUnicode_GET_LENGTH(from) || (size_t)at > (size_t)PyUnicode_GET_LENGTH(to)) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return -1;
    }
    if (n < 0) {
        PyErr_SetString(PyExc_SystemError, "how_many cannot be negative");
        return -1;
    }
    n = Py_MIN(PyUnicode_GET_LENGTH(from) - start, n);
    if (at + n > PyUnicode_GET_LENGTH(to)) {
        PyErr_Format(PyExc_SystemError, "Cannot write %zi characters at %zi in a string of %zi characters", n, at, PyUnicode_GET_LENGTH(to));
        return -1;
    }
    if (n == 0) return 0;
    if (check_modifiable(to) < 0) return -1;
    int kind = PyUnicode_KIND(from);
    if (kr_find_maxchar(kind, (char *)PyUnicode_DATA(from) + start * kind, n) > PyUnicode_MAX_CHAR_VALUE(to)) {
        PyErr_Format(PyExc_SystemError, "Cannot copy %s characters into a string of %s characters", "wider", "narrower");
        return -1;
    }
    kr_unicode_copy(to, at, from, start, n);
    return n;
}
void _PyUnicode_FastCopyCharacters(PyObject *to, Py_ssize_t at, PyObject *from, Py_ssize_t start, Py_ssize_t n) { kr_unicode_copy(to, at, from, start, n); }
void _PyUnicode_FastFill(PyObject *o, Py_ssize_t start, Py_ssize_t n, Py_UCS4 c) {
    void *data = PyUnicode_DATA(o);
    switch (PyUnicode_KIND(o)) {
    case 1: memset((Py_UCS1 *)data + start, (int)c, (size_t)n); break;
    case 2: for (Py_ssize_t i = 0; i < n; i++) ((Py_UCS2 *)data)[start + i] = (Py_UCS2)c; break;
    default: for (Py_ssize_t i = 0; i < n; i++) ((Py_UCS4 *)data)[start + i] = c; break;
    }
}
Py_ssize_t PyUnicode_Fill(PyObject *o, Py_ssize_t start, Py_ssize_t n, Py_UCS4 c) {
    if (!kr_unicode_check(o)) {
        PyErr_BadInternalCall();
        return -1;
    }
    if (check_modifiable(o) < 0) return -1;
    if (start < 0) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return -1;
    }
    if (c > PyUnicode_MAX_CHAR_VALUE(o)) {
        PyErr_SetString(PyExc_ValueError, "fill character is bigger than the string maximum character");
        return -1;
    }
    n = Py_MIN(PyUnicode_GET_LENGTH(o) - start, n);
    if (n <= 0) return 0;
    _PyUnicode_FastFill(o, start, n, c);
    return n;
}
Py_UCS4 _PyUnicode_FindMaxChar(PyObject *o, Py_ssize_t start, Py_ssize_t end) {
    if (start == 0 && end == PyUnicode_GET_LENGTH(o)) return PyUnicode_MAX_CHAR_VALUE(o);
    if (start == end || PyUnicode_IS_ASCII(o)) return 127;
    int kind = PyUnicode_KIND(o);
    return kr_find_maxchar(kind, (char *)PyUnicode_DATA(o) + start * kind, end - start);
}
Py_ssize_t PyUnicode_GetLength(PyObject *o) {
    if (kr_unicode_check(o)) return PyUnicode_GET_LENGTH(o);
    PyErr_BadArgument();
    return -1;
}
Py_UCS4 PyUnicode_ReadChar(PyObject *o, Py_ssize_t i) {
    if (!kr_unicode_check(o)) {
        PyErr_BadArgument();
        return (Py_UCS4)-1;
    }
    if (i < 0 || i >= PyUnicode_GET_LENGTH(o)) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return (Py_UCS4)-1;
    }
    return PyUnicode_READ_CHAR(o, i);
}
int PyUnicode_WriteChar(PyObject *o, Py_ssize_t i, Py_UCS4 c) {
    if (!kr_unicode_check(o) || !PyUnicode_IS_COMPACT(o)) {
        PyErr_BadArgument();
        return -1;
    }
    if (i < 0 || i >= PyUnicode_GET_LENGTH(o)) {
        PyErr_SetString(PyExc_IndexError, "string index out of range");
        return -1;
    }
    if (check_modifiable(o) < 0) return -1;
    if (c > PyUnicode_MAX_CHAR_VALUE(o)) {
        PyErr_SetString(PyExc_ValueError, "character out of range");
        return -1;
    }
    PyUnicode_WRITE(PyUnicode_KIND(o), PyUnicode_DATA(o), i, c);
    return 0;
}
Py_UCS4 *PyUnicode_AsUCS4(PyObject *o, Py_UCS4 *buffer, Py_ssize_t size, int copy_null) {
    if (!buffer || size < 0) {
        PyErr_BadInternalCall();
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    if (size < n + (copy_null != 0)) {
        PyErr_SetString(PyExc_SystemError, "string is longer than the buffer");
        if (copy_null && size > 0) buffer[0] = 0;
        return NULL;
    }
    kr_unicode_convert(4, buffer, PyUnicode_KIND(o), PyUnicode_DATA(o), n);
    if (copy_null) buffer[n] = 0;
    return buffer;
}
Py_UCS4 *PyUnicode_AsUCS4Copy(PyObject *o) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    Py_UCS4 *buffer = PyMem_New(Py_UCS4, n + 1);
    if (!buffer) {
        PyErr_NoMemory();
        return NULL;
    }
    return PyUnicode_AsUCS4(o, buffer, n + 1, 1);
}
int _PyUnicode_CheckConsistency(PyObject *o, int check_content) {
    (void)check_content;
    return kr_unicode_check(o) && ASCII(o)->state.ready;
}

/* ------------------------------------------------------------------ concatenation */

PyObject *PyUnicode_Concat(PyObject *a, PyObject *b) {
    if (kr_ensure_unicode(a) < 0) return NULL;
    if (!kr_unicode_check(b)) {
        PyErr_Format(PyExc_TypeError, "can only concatenate str (not \"%.200s\") to str", Py_TYPE(b)->tp_name);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(a), m = PyUnicode_GET_LENGTH(b);
    if (n == 0) return PyUnicode_FromObject(b);
    if (m == 0) return PyUnicode_FromObject(a);
    if (n > PY_SSIZE_T_MAX - m) {
        PyErr_SetString(PyExc_OverflowError, "strings are too large to concat");
        return NULL;
    }
    PyObject *r = allocate(n + m, Py_MAX(PyUnicode_MAX_CHAR_VALUE(a), PyUnicode_MAX_CHAR_VALUE(b)));
    if (!r) return NULL;
    kr_unicode_copy(r, 0, a, 0, n);
    kr_unicode_copy(r, n, b, 0, m);
    return r;
}
void PyUnicode_Append(PyObject **at, PyObject *right) {
    PyObject *left = at ? *at : NULL, *r;
    if (!left || !right || !kr_unicode_check(left) || !kr_unicode_check(right)) {
        if (at && !PyErr_Occurred()) PyErr_BadInternalCall();
        if (at) Py_CLEAR(*at);
        return;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(left), m = PyUnicode_GET_LENGTH(right);
    if (m == 0 && PyUnicode_CheckExact(left)) return;
    bool fits = Py_REFCNT(left) == 1 && PyUnicode_CheckExact(left) && PyUnicode_IS_COMPACT(left) && !ASCII(left)->state.interned && PyUnicode_CheckExact(right)
        && PyUnicode_KIND(right) <= PyUnicode_KIND(left) && !(PyUnicode_IS_ASCII(left) && !PyUnicode_IS_ASCII(right)) && n > 0 && m <= PY_SSIZE_T_MAX - n;
    if (fits) {
        ASCII(left)->hash = -1;
        r = resize_compact(left, n + m);
        if (r) {
            *at = r;
            kr_unicode_copy(r, n, right == left ? r : right, 0, m);
            return;
        }
    } else {
        r = PyUnicode_Concat(left, right);
    }
    Py_DECREF(left);
    *at = r;
}
void PyUnicode_AppendAndDel(PyObject **at, PyObject *right) {
    PyUnicode_Append(at, right);
    Py_XDECREF(right);
}

/* ------------------------------------------------------------------ start and end */

int kr_unicode_init(KrInterp *interp) {
    KrTextState *t = &interp->text;
    if (interp != kr_runtime.main_interp) {
        t->empty = kr_runtime.main_interp->text.empty;
        memcpy(t->latin1, kr_runtime.main_interp->text.latin1, sizeof t->latin1);
        return kr_unicode_intern_init(interp);
    }
    if (!(t->empty = allocate(0, 0))) return -1;
    kr_make_immortal(t->empty);
    for (int c = 0; c < 256; c++) {
        PyObject *o = allocate(1, (Py_UCS4)c);
        if (!o) return -1;
        PyUnicode_WRITE(1, PyUnicode_DATA(o), 0, (Py_UCS4)c);
        kr_make_immortal(o);
        t->latin1[c] = o;
    }
    return kr_unicode_intern_init(interp);
}
