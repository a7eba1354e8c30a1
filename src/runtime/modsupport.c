/* modsupport.c - Py_BuildValue: Python objects from C values, by a format.
 *
 * A Builder walks the format and the va_list in step. A bracketed group counts its values first, builds them into an array, then
 * makes the container. References passed by N belong to the builder from the start: after a failure the remaining values are
 * still built, and dropped.
 */
#include "runtime/modsupport.h"
#include <stdarg.h>

typedef struct {
    const char *f;
    va_list va;
    bool ssize;                 /* lengths of # are Py_ssize_t */
} Builder;

static PyObject *build_one(Builder *b);

/* The number of values up to `end`, at this level; -1 with SystemError. */
static Py_ssize_t count_values(const char *f, char end) {
    Py_ssize_t n = 0;
    int level = 0;
    for (; level > 0 || *f != end; f++) {
        switch (*f) {
        case 0:
            PyErr_SetString(PyExc_SystemError, "unmatched paren in format");
            return -1;
        case '(': case '[': case '{':
            if (level++ == 0) n++;
            break;
        case ')': case ']': case '}': level--; break;
        case '#': case '&': case ',': case ':': case ' ': case '\t': break;
        default:
            if (level == 0) n++;
        }
    }
    return n;
}
/* Builds n values into items. On failure the rest is built all the same and dropped, so that references that N passes are not lost. */
static int build_items(Builder *b, PyObject **items, Py_ssize_t n) {
    PyObject *t = NULL, *v = NULL, *tb = NULL;
    int r = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        items[i] = build_one(b);
        if (!items[i]) {
            if (r == 0) {
                r = -1;
                PyErr_Fetch(&t, &v, &tb);
            } else {
                PyErr_Clear();
            }
        }
    }
    if (r < 0) {
        for (Py_ssize_t i = 0; i < n; i++) Py_CLEAR(items[i]);
        PyErr_Restore(t, v, tb);
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "NULL object passed to Py_BuildValue");
    }
    return r;
}
static void skip_blanks(Builder *b) {
    while (*b->f == ',' || *b->f == ':' || *b->f == ' ' || *b->f == '\t') b->f++;
}
static int close_bracket(Builder *b, char end) {
    skip_blanks(b);
    if (*b->f != end) {
        PyErr_SetString(PyExc_SystemError, "Unmatched paren in format");
        return -1;
    }
    if (end) b->f++;
    return 0;
}
static PyObject *build_sequence(Builder *b, char end, Py_ssize_t n, bool list) {
    if (n < 0) return NULL;
    PyObject *small[8], **items = n <= 8 ? small : PyMem_New(PyObject *, n), *o = NULL;
    if (!items) return PyErr_NoMemory();
    if (build_items(b, items, n) == 0) {
        if (close_bracket(b, end) == 0 && (o = list ? PyList_New(n) : PyTuple_New(n))) {
            for (Py_ssize_t i = 0; i < n; i++) {
                if (list) PyList_SET_ITEM(o, i, items[i]);
                else PyTuple_SET_ITEM(o, i, items[i]);
            }
        } else {
            for (Py_ssize_t i = 0; i < n; i++) Py_DECREF(items[i]);
        }
    }
    if (items != small) PyMem_Free(items);
    return o;
}
static PyObject *build_dict(Builder *b, Py_ssize_t n) {
    if (n < 0) return NULL;
    if (n % 2) {
        PyErr_SetString(PyExc_SystemError, "Bad dict format");
        return NULL;
    }
    PyObject **items = PyMem_New(PyObject *, n + 1), *d = NULL;
    if (!items) return PyErr_NoMemory();
    if (build_items(b, items, n) == 0) {
        d = PyDict_New();
        for (Py_ssize_t i = 0; i < n; i += 2) {
            if (d && PyDict_SetItem(d, items[i], items[i + 1]) < 0) Py_CLEAR(d);
            Py_DECREF(items[i]);
            Py_DECREF(items[i + 1]);
        }
        if (d && close_bracket(b, '}') < 0) Py_CLEAR(d);
    }
    PyMem_Free(items);
    return d;
}
/* The length after a '#', -1 if there is no '#', -2 with an exception. */
static Py_ssize_t take_length(Builder *b) {
    if (*b->f != '#') return -1;
    b->f++;
    if (b->ssize) {
        Py_ssize_t n = va_arg(b->va, Py_ssize_t);
        return n < 0 ? -1 : n;
    }
    PyErr_SetString(PyExc_SystemError, "PY_SSIZE_T_CLEAN macro must be defined for '#' formats");
    return -2;
}
static PyObject *build_text(Builder *b, bool bytes) {
    const char *s = va_arg(b->va, const char *);
    Py_ssize_t n = take_length(b);
    if (n == -2) return NULL;
    if (!s) Py_RETURN_NONE;
    if (n < 0) n = (Py_ssize_t)strlen(s);
    return bytes ? PyBytes_FromStringAndSize(s, n) : PyUnicode_FromStringAndSize(s, n);
}
static PyObject *build_object(Builder *b, bool steal) {
    if (*b->f == '&') {
        b->f++;
        PyObject *(*convert)(void *) = va_arg(b->va, PyObject * (*)(void *));
        return convert(va_arg(b->va, void *));
    }
    PyObject *o = va_arg(b->va, PyObject *);
    if (o) return steal ? o : Py_NewRef(o);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "NULL object passed to Py_BuildValue");
    return NULL;
}
static PyObject *build_one(Builder *b) {
    for (;;) {
        char c = *b->f++;
        switch (c) {
        case '(': return build_sequence(b, ')', count_values(b->f, ')'), false);
        case '[': return build_sequence(b, ']', count_values(b->f, ']'), true);
        case '{': return build_dict(b, count_values(b->f, '}'));
        case 'b': case 'B': case 'h': case 'i': return PyLong_FromLong(va_arg(b->va, int));
        case 'H': return PyLong_FromLong((long)va_arg(b->va, unsigned));
        case 'I': return PyLong_FromUnsignedLong(va_arg(b->va, unsigned));
        case 'n': return PyLong_FromSsize_t(va_arg(b->va, Py_ssize_t));
        case 'l': return PyLong_FromLong(va_arg(b->va, long));
        case 'k': return PyLong_FromUnsignedLong(va_arg(b->va, unsigned long));
        case 'L': return PyLong_FromLongLong(va_arg(b->va, long long));
        case 'K': return PyLong_FromUnsignedLongLong(va_arg(b->va, unsigned long long));
        case 'f': case 'd': return PyFloat_FromDouble(va_arg(b->va, double));
        case 'D': return PyComplex_FromCComplex(*va_arg(b->va, Py_complex *));
        case 'c': {
            char byte = (char)va_arg(b->va, int);
            return PyBytes_FromStringAndSize(&byte, 1);
        }
        case 'C': return PyUnicode_FromOrdinal(va_arg(b->va, int));
        case 'u': {
            const wchar_t *w = va_arg(b->va, const wchar_t *);
            Py_ssize_t n = take_length(b);
            if (n == -2) return NULL;
            if (!w) Py_RETURN_NONE;
            return PyUnicode_FromWideChar(w, n);
        }
        case 's': case 'z': case 'U': return build_text(b, false);
        case 'y': return build_text(b, true);
        case 'N': return build_object(b, true);
        case 'S': case 'O': return build_object(b, false);
        case ':': case ',': case ' ': case '\t': continue;
        default:
            PyErr_SetString(PyExc_SystemError, "bad format char passed to Py_BuildValue");
            return NULL;
        }
    }
}
static PyObject *build_value(const char *format, va_list va, bool ssize) {
    Py_ssize_t n = count_values(format, 0);
    if (n < 0) return NULL;
    if (n == 0) Py_RETURN_NONE;
    Builder b = {.f = format, .ssize = ssize};
    va_copy(b.va, va);
    PyObject *r = n == 1 ? build_one(&b) : build_sequence(&b, 0, n, false);
    va_end(b.va);
    return r;
}
PyObject **kr_build_stack(PyObject **small, Py_ssize_t room, const char *format, va_list va, bool ssize, Py_ssize_t *count) {
    Py_ssize_t n = count_values(format, 0);
    *count = 0;
    if (n < 0) return NULL;
    PyObject **items = n <= room ? small : PyMem_New(PyObject *, n);
    if (!items) {
        PyErr_NoMemory();
        return NULL;
    }
    Builder b = {.f = format, .ssize = ssize};
    va_copy(b.va, va);
    int r = build_items(&b, items, n);
    va_end(b.va);
    if (r == 0) {
        *count = n;
        return items;
    }
    if (items != small) PyMem_Free(items);
    return NULL;
}

#undef Py_BuildValue
#undef Py_VaBuildValue
#undef _Py_VaBuildStack
PyAPI_FUNC(PyObject *) Py_BuildValue(const char *, ...);
PyAPI_FUNC(PyObject *) Py_VaBuildValue(const char *, va_list);
PyAPI_FUNC(PyObject *) _Py_VaBuildValue_SizeT(const char *, va_list);
PyAPI_FUNC(PyObject **) _Py_VaBuildStack(PyObject **, Py_ssize_t, const char *, va_list, Py_ssize_t *);
PyAPI_FUNC(PyObject **) _Py_VaBuildStack_SizeT(PyObject **, Py_ssize_t, const char *, va_list, Py_ssize_t *);

PyObject *Py_VaBuildValue(const char *format, va_list va) { return build_value(format, va, false); }
PyObject *_Py_VaBuildValue_SizeT(const char *format, va_list va) { return build_value(format, va, true); }
PyObject *Py_BuildValue(const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *r = build_value(format, va, false);
    va_end(va);
    return r;
}
PyObject *_Py_BuildValue_SizeT(const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *r = build_value(format, va, true);
    va_end(va);
    return r;
}
PyObject **_Py_VaBuildStack(PyObject **small, Py_ssize_t room, const char *format, va_list va, Py_ssize_t *n) { return kr_build_stack(small, room, format, va, false, n); }
PyObject **_Py_VaBuildStack_SizeT(PyObject **small, Py_ssize_t room, const char *format, va_list va, Py_ssize_t *n) { return kr_build_stack(small, room, format, va, true, n); }
