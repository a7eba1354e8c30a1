/* getargs_convert.c - the format units of PyArg_Parse, one conversion each.
 *
 * A conversion takes its C destinations from a->va, in the order of the format, and returns NULL, or the middle of a message
 * ("must be str, not int"). It may set an exception instead, then the text it returns does not matter. A text that begins with
 * a parenthesis is the extension's mistake (SystemError). Whatever it acquired it hands to remember(), which undoes it if a later unit fails.
 */
#include "runtime/getargs.h"
#include <float.h>

void kr_args_init(KrArgs *a, va_list va, bool ssize) {
    va_copy(a->va, va);
    a->dry = false;
    a->ssize = ssize;
    a->levels[0] = 0;
    a->done = NULL;
    a->ndone = a->capacity = 0;
}
int kr_args_finish(KrArgs *a, bool ok) {
    if (!ok) {
        PyObject *t, *v, *tb;
        PyErr_Fetch(&t, &v, &tb);
        for (int i = 0; i < a->ndone; i++) {
            if (a->done[i].convert) a->done[i].convert(NULL, a->done[i].what);
            else a->done[i].undo(a->done[i].what);
        }
        PyErr_Restore(t, v, tb);
    }
    PyMem_Free(a->done);
    va_end(a->va);
    return ok;
}
static const char *remember(KrArgs *a, void *what, int (*undo)(void *)) {
    if (a->ndone == a->capacity) {
        int n = a->capacity ? a->capacity * 2 : 8;
        void *p = PyMem_Realloc(a->done, (size_t)n * sizeof *a->done);
        if (!p) {
            if (undo) undo(what);
            PyErr_NoMemory();
            return "(out of memory)";
        }
        a->done = p;
        a->capacity = n;
    }
    a->done[a->ndone].what = what;
    a->done[a->ndone].convert = NULL;
    a->done[a->ndone++].undo = undo;
    return NULL;
}
static int undo_buffer(void *p) { PyBuffer_Release(p); return 0; }
static int undo_memory(void *p) {
    void **at = p;
    PyMem_Free(*at);
    *at = NULL;
    return 0;
}
typedef int (*Converter)(PyObject *, void *);

/* ------------------------------------------------------------------ messages */

static const char *must_be(KrArgs *a, const char *expected, PyObject *arg) {
    if (expected[0] == '(') snprintf(a->message, sizeof a->message, "%.100s", expected);
    else snprintf(a->message, sizeof a->message, "must be %.50s, not %.50s", expected, arg == Py_None ? "None" : Py_TYPE(arg)->tp_name);
    return a->message;
}
#define RAISED "(an exception is set)"
static const char *overflow(const char *text) {
    PyErr_SetString(PyExc_OverflowError, text);
    return RAISED;
}

/* ------------------------------------------------------------------ numbers */

static const char *convert_small(KrArgs *a, PyObject *arg, char c) {
    long v = PyLong_AsLong(arg);
    if (v == -1 && PyErr_Occurred()) return RAISED;
    if (c == 'b') {
        if (v < 0) return overflow("unsigned byte integer is less than minimum");
        if (v > UCHAR_MAX) return overflow("unsigned byte integer is greater than maximum");
        *va_arg(a->va, unsigned char *) = (unsigned char)v;
    } else if (c == 'h') {
        if (v < SHRT_MIN) return overflow("signed short integer is less than minimum");
        if (v > SHRT_MAX) return overflow("signed short integer is greater than maximum");
        *va_arg(a->va, short *) = (short)v;
    } else {
        if (v < INT_MIN) return overflow("signed integer is less than minimum");
        if (v > INT_MAX) return overflow("signed integer is greater than maximum");
        *va_arg(a->va, int *) = (int)v;
    }
    return NULL;
}
static const char *convert_number(KrArgs *a, PyObject *arg, char c) {
    switch (c) {
    case 'b': case 'h': case 'i': return convert_small(a, arg, c);
    case 'B': case 'H': case 'I': {
        unsigned long v = PyLong_AsUnsignedLongMask(arg);
        if (v == (unsigned long)-1 && PyErr_Occurred()) return RAISED;
        if (c == 'B') *va_arg(a->va, unsigned char *) = (unsigned char)v;
        else if (c == 'H') *va_arg(a->va, unsigned short *) = (unsigned short)v;
        else *va_arg(a->va, unsigned *) = (unsigned)v;
        return NULL;
    }
    case 'l': {
        long v = PyLong_AsLong(arg);
        if (v == -1 && PyErr_Occurred()) return RAISED;
        *va_arg(a->va, long *) = v;
        return NULL;
    }
    case 'k':
        if (!PyLong_Check(arg)) return must_be(a, "int", arg);
        *va_arg(a->va, unsigned long *) = PyLong_AsUnsignedLongMask(arg);
        return NULL;
    case 'L': {
        long long v = PyLong_AsLongLong(arg);
        if (v == -1 && PyErr_Occurred()) return RAISED;
        *va_arg(a->va, long long *) = v;
        return NULL;
    }
    case 'K':
        if (!PyLong_Check(arg)) return must_be(a, "int", arg);
        *va_arg(a->va, unsigned long long *) = PyLong_AsUnsignedLongLongMask(arg);
        return NULL;
    case 'n': {
        PyObject *index = PyNumber_Index(arg);
        if (!index) return RAISED;
        Py_ssize_t v = PyLong_AsSsize_t(index);
        Py_DECREF(index);
        if (v == -1 && PyErr_Occurred()) return RAISED;
        *va_arg(a->va, Py_ssize_t *) = v;
        return NULL;
    }
    case 'f': case 'd': {
        double v = PyFloat_AsDouble(arg);
        if (v == -1.0 && PyErr_Occurred()) return RAISED;
        if (c == 'f') *va_arg(a->va, float *) = (float)v;
        else *va_arg(a->va, double *) = v;
        return NULL;
    }
    default: {                  /* D */
        Py_complex z = PyComplex_AsCComplex(arg);
        if (PyErr_Occurred()) return RAISED;
        *va_arg(a->va, Py_complex *) = z;
        return NULL;
    }
    }
}

/* ------------------------------------------------------------------ text and buffers */

/* A contiguous read-only view; the buffer must stay valid without it, so only simple exporters will do. */
static const char *simple_buffer(KrArgs *a, PyObject *arg, const void **p, Py_ssize_t *n) {
    PyBufferProcs *procs = Py_TYPE(arg)->tp_as_buffer;
    Py_buffer view;
    if (procs && procs->bf_releasebuffer) return must_be(a, "read-only bytes-like object", arg);
    if (PyObject_GetBuffer(arg, &view, PyBUF_SIMPLE) < 0) return RAISED;
    *p = view.buf;
    *n = view.len;
    PyBuffer_Release(&view);
    return NULL;
}
static const char *view_of(KrArgs *a, PyObject *arg, Py_buffer *view, bool writable) {
    if (PyObject_GetBuffer(arg, view, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE) < 0) {
        if (writable) PyErr_Clear();    /* the other kind's own message is good */
        return must_be(a, writable ? "read-write bytes-like object" : "bytes-like object", arg);
    }
    if (!PyBuffer_IsContiguous(view, 'C')) {
        PyBuffer_Release(view);
        return must_be(a, "contiguous buffer", arg);
    }
    return remember(a, view, undo_buffer);
}
/* Passes over a '#' and says whether there was one; an extension compiled for int lengths gets its error in *error. */
static bool take_sharp(KrArgs *a, const char **format, const char **error) {
    *error = NULL;
    if (**format != '#') return false;
    ++*format;
    if (!a->ssize) {
        PyErr_SetString(PyExc_SystemError, "PY_SSIZE_T_CLEAN macro must be defined for '#' formats");
        *error = RAISED;
    }
    return true;
}
/* s z y and their # and * forms. */
static const char *convert_text(KrArgs *a, PyObject *arg, char c, const char **format) {
    bool none = c == 'z' && arg == Py_None;
    const void *p = NULL;
    Py_ssize_t n = 0;
    if (**format == '*') {
        ++*format;
        Py_buffer *view = va_arg(a->va, Py_buffer *);
        if (none) {
            PyBuffer_FillInfo(view, NULL, NULL, 0, 1, 0);
            return remember(a, view, undo_buffer);
        }
        if (c != 'y' && PyUnicode_Check(arg)) {
            const char *s = PyUnicode_AsUTF8AndSize(arg, &n);
            if (!s) return RAISED;
            PyBuffer_FillInfo(view, arg, (void *)s, n, 1, 0);
            return remember(a, view, undo_buffer);
        }
        return view_of(a, arg, view, false);
    }
    const char **to = va_arg(a->va, const char **), *error;
    bool sized = take_sharp(a, format, &error);
    if (error) return error;
    if (none) {
        /* NULL */
    } else if (c != 'y' && PyUnicode_Check(arg)) {
        if (!(p = PyUnicode_AsUTF8AndSize(arg, &n))) return RAISED;
    } else if (c == 'y' || sized) {
        if ((error = simple_buffer(a, arg, &p, &n))) return error;
    } else {
        return must_be(a, c == 'z' ? "str or None" : "str", arg);
    }
    *to = p;
    if (sized) {
        *va_arg(a->va, Py_ssize_t *) = n;
    } else if (p && strlen(p) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, c == 'y' ? "embedded null byte" : "embedded null character");
        return RAISED;
    }
    return NULL;
}
/* u Z and their # forms. */
static const char *convert_wide(KrArgs *a, PyObject *arg, char c, const char **format) {
    const wchar_t **to = va_arg(a->va, const wchar_t **);
    const char *error;
    Py_ssize_t n = 0;
    if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "getargs: The '%c' format is deprecated. Use 'U' instead.", c) < 0) return RAISED;
    bool sized = take_sharp(a, format, &error);
    if (error) return error;
    if (c == 'Z' && arg == Py_None) {
        *to = NULL;
    } else if (PyUnicode_Check(arg)) {
        if (!(*to = PyUnicode_AsUnicodeAndSize(arg, &n))) return RAISED;
        if (!sized && wcslen(*to) != (size_t)n) {
            PyErr_SetString(PyExc_ValueError, "embedded null character");
            return RAISED;
        }
    } else {
        return must_be(a, c == 'Z' ? "str or None" : "str", arg);
    }
    if (sized) *va_arg(a->va, Py_ssize_t *) = n;
    return NULL;
}
/* es, et, es#, et#. */
static const char *convert_encoded(KrArgs *a, PyObject *arg, const char **format) {
    bool recode = **format == 's';
    const char *encoding = va_arg(a->va, const char *);
    if (**format != 's' && **format != 't') return must_be(a, "(unknown parser marker combination)", arg);
    ++*format;
    char **to = va_arg(a->va, char **);
    if (!to) return must_be(a, "(buffer is NULL)", arg);
    PyObject *bytes;
    const char *s;
    Py_ssize_t n;
    if (!recode && (PyBytes_Check(arg) || PyByteArray_Check(arg))) {
        bytes = Py_NewRef(arg);
        s = PyBytes_Check(arg) ? PyBytes_AS_STRING(arg) : PyByteArray_AS_STRING(arg);
        n = PyBytes_Check(arg) ? PyBytes_GET_SIZE(arg) : PyByteArray_GET_SIZE(arg);
    } else if (PyUnicode_Check(arg)) {
        if (!(bytes = PyUnicode_AsEncodedString(arg, encoding, NULL))) return must_be(a, "(encoding failed)", arg);
        s = PyBytes_AS_STRING(bytes);
        n = PyBytes_GET_SIZE(bytes);
    } else {
        return must_be(a, recode ? "str" : "str, bytes or bytearray", arg);
    }
    const char *error;
    bool sized = take_sharp(a, format, &error);
    if (error) {
        /* raised */
    } else if (sized) {
        Py_ssize_t *size = va_arg(a->va, Py_ssize_t *);
        if (!*to) {
            if (!(*to = PyMem_Malloc((size_t)n + 1))) PyErr_NoMemory();
            error = *to ? remember(a, to, undo_memory) : RAISED;
        } else if (n + 1 > *size) {
            PyErr_Format(PyExc_ValueError, "encoded string too long (%zd, maximum length %zd)", n, *size - 1);
            error = RAISED;
        }
        if (!error) *size = n;
    } else if (strlen(s) != (size_t)n) {
        error = must_be(a, "encoded string without null bytes", arg);
    } else {
        if (!(*to = PyMem_Malloc((size_t)n + 1))) PyErr_NoMemory();
        error = *to ? remember(a, to, undo_memory) : RAISED;
    }
    if (!error) {
        memcpy(*to, s, (size_t)n);
        (*to)[n] = 0;
    }
    Py_DECREF(bytes);
    return error;
}

/* ------------------------------------------------------------------ objects */

static const char *convert_object(KrArgs *a, PyObject *arg, const char **format) {
    if (**format == '!') {
        ++*format;
        PyTypeObject *type = va_arg(a->va, PyTypeObject *);
        PyObject **to = va_arg(a->va, PyObject **);
        if (!PyType_IsSubtype(Py_TYPE(arg), type)) return must_be(a, type->tp_name, arg);
        *to = arg;
    } else if (**format == '&') {
        ++*format;
        Converter convert = va_arg(a->va, Converter);
        void *to = va_arg(a->va, void *);
        int r = convert(arg, to);
        if (!r) return must_be(a, "(unspecified)", arg);
        if (r == Py_CLEANUP_SUPPORTED) {
            const char *error = remember(a, to, NULL);
            if (error) {
                convert(NULL, to);
                return error;
            }
            a->done[a->ndone - 1].convert = convert;
        }
    } else {
        *va_arg(a->va, PyObject **) = arg;
    }
    return NULL;
}
static const char *convert_one(KrArgs *a, PyObject *arg, const char **format) {
    char c = *(*format)++;
    switch (c) {
    case 'b': case 'B': case 'h': case 'H': case 'i': case 'I': case 'l': case 'k': case 'L': case 'K': case 'n': case 'f': case 'd': case 'D':
        return convert_number(a, arg, c);
    case 'c':
        if (PyBytes_Check(arg) && PyBytes_GET_SIZE(arg) == 1) *va_arg(a->va, char *) = PyBytes_AS_STRING(arg)[0];
        else if (PyByteArray_Check(arg) && PyByteArray_GET_SIZE(arg) == 1) *va_arg(a->va, char *) = PyByteArray_AS_STRING(arg)[0];
        else return must_be(a, "a byte string of length 1", arg);
        return NULL;
    case 'C':
        if (!PyUnicode_Check(arg) || PyUnicode_GET_LENGTH(arg) != 1) return must_be(a, "a unicode character", arg);
        *va_arg(a->va, int *) = (int)PyUnicode_READ_CHAR(arg, 0);
        return NULL;
    case 'p': {
        int v = PyObject_IsTrue(arg);
        if (v < 0) return RAISED;
        *va_arg(a->va, int *) = v;
        return NULL;
    }
    case 's': case 'z': case 'y': return convert_text(a, arg, c, format);
    case 'u': case 'Z': return convert_wide(a, arg, c, format);
    case 'e': return convert_encoded(a, arg, format);
    case 'S':
        if (!PyBytes_Check(arg)) return must_be(a, "bytes", arg);
        *va_arg(a->va, PyObject **) = arg;
        return NULL;
    case 'Y':
        if (!PyByteArray_Check(arg)) return must_be(a, "bytearray", arg);
        *va_arg(a->va, PyObject **) = arg;
        return NULL;
    case 'U':
        if (!PyUnicode_Check(arg)) return must_be(a, "str", arg);
        *va_arg(a->va, PyObject **) = arg;
        return NULL;
    case 'O': return convert_object(a, arg, format);
    case 'w':
        if (**format != '*') return must_be(a, "(invalid use of 'w' format character)", arg);
        ++*format;
        return view_of(a, arg, va_arg(a->va, Py_buffer *), true);
    default: return must_be(a, "(impossible<bad format char>)", arg);
    }
}
/* A parenthesised group: a sequence of that many items. */
static const char *convert_tuple(KrArgs *a, PyObject *arg, const char **format, int depth) {
    const char *f = *format;
    Py_ssize_t n = 0;
    for (int level = 0;; f++) {
        char c = *f;
        if (c == '(') {
            if (level == 0) n++;
            level++;
        } else if (c == ')') {
            if (level == 0) break;
            level--;
        } else if (c == ':' || c == ';' || c == 0) {
            break;
        } else if (level == 0 && Py_ISALPHA(Py_CHARMASK(c)) && !(c == 's' && f[-1] == 'e') && !(c == 't' && f[-1] == 'e')) {
            n++;
        }
    }
    if (!PySequence_Check(arg) || PyBytes_Check(arg)) {
        a->levels[depth] = 0;
        snprintf(a->message, sizeof a->message, "must be %zd-item sequence, not %.50s", n, arg == Py_None ? "None" : Py_TYPE(arg)->tp_name);
        return a->message;
    }
    Py_ssize_t len = PySequence_Size(arg);
    if (len < 0) PyErr_Clear();
    if (len != n) {
        a->levels[depth] = 0;
        snprintf(a->message, sizeof a->message, "must be sequence of length %zd, not %zd", n, len);
        return a->message;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PySequence_GetItem(arg, i);
        if (!item) {
            PyErr_Clear();
            a->levels[depth] = (int)i + 1;
            if (depth + 1 < KR_ARG_LEVELS) a->levels[depth + 1] = 0;
            snprintf(a->message, sizeof a->message, "is not retrievable");
            return a->message;
        }
        const char *error;
        if (**format == '(') {
            ++*format;
            error = depth + 2 < KR_ARG_LEVELS ? convert_tuple(a, item, format, depth + 1) : "too many tuple nesting levels in argument format string";
            if (!error) ++*format;
        } else {
            if (depth + 1 < KR_ARG_LEVELS) a->levels[depth + 1] = 0;
            error = convert_one(a, item, format);
        }
        Py_DECREF(item);        /* the sequence keeps it */
        if (error) {
            a->levels[depth] = (int)i + 1;
            return error;
        }
    }
    return NULL;
}
const char *kr_args_convert(KrArgs *a, PyObject *arg, const char **format) {
    const char *error;
    a->levels[0] = 0;
    if (**format == '(') {
        ++*format;
        error = convert_tuple(a, arg, format, 0);
        if (!error) ++*format;
    } else {
        error = convert_one(a, arg, format);
    }
    return error;
}
static void drop(KrArgs *a) {
    if (!a->dry) (void)va_arg(a->va, void *);
}
const char *kr_args_skip(KrArgs *a, const char **format) {
    const char *start = *format, *error;
    char c = *(*format)++;
    switch (c) {
    case 'e':
        if (**format != 's' && **format != 't') goto bad;
        ++*format;
        drop(a);
        /* fall through */
    case 's': case 'z': case 'y': case 'u': case 'Z': case 'w':
        drop(a);
        if (take_sharp(a, format, &error)) {
            if (error) return error;
            drop(a);
        } else if (**format == '*' && c != 'e' && c != 'u' && c != 'Z') {
            ++*format;
        }
        return NULL;
    case 'O':
        if (**format == '!' || **format == '&') {
            ++*format;
            drop(a);
        }
        drop(a);
        return NULL;
    case '(':
        while (**format != ')') {
            if (!**format) return "unmatched left paren in getargs format string";
            if ((error = kr_args_skip(a, format))) return error;
        }
        ++*format;
        return NULL;
    case 'b': case 'B': case 'h': case 'H': case 'i': case 'I': case 'l': case 'k': case 'L': case 'K': case 'n': case 'f': case 'd': case 'D':
    case 'c': case 'C': case 'p': case 'S': case 'Y': case 'U':
        drop(a);
        return NULL;
    default:
    bad:
        *format = start;
        return "impossible<bad format char>";
    }
}
void kr_args_error(KrArgs *a, Py_ssize_t i, const char *what, const char *fname, const char *message) {
    char text[768], *p = text, *end = text + sizeof text;
    if (PyErr_Occurred()) return;
    if (!message) {
        if (fname) p += snprintf(p, (size_t)(end - p), "%.200s() ", fname);
        if (i != 0) {
            p += snprintf(p, (size_t)(end - p), "argument %zd", i);
            for (int k = 0; k < KR_ARG_LEVELS && a->levels[k] > 0; k++) p += snprintf(p, (size_t)(end - p), ", item %d", a->levels[k] - 1);
        } else {
            p += snprintf(p, (size_t)(end - p), "argument");
        }
        snprintf(p, (size_t)(end - p), " %.256s", what);
        message = text;
    }
    if (what[0] == '(') PyErr_SetString(PyExc_SystemError, message);
    else PyErr_SetString(PyExc_TypeError, message);
}

/* ------------------------------------------------------------------ converters for O& */

static int wide_converter(PyObject *o, void *to, bool none_too) {
    wchar_t **w = to;
    if (!o) {
        PyMem_Free(*w);
        *w = NULL;
        return 1;
    }
    if (none_too && o == Py_None) {
        *w = NULL;
        return 1;
    }
    if (!PyUnicode_Check(o)) {
        PyErr_Format(PyExc_TypeError, "argument must be %s, not %.50s", none_too ? "str or None" : "str", Py_TYPE(o)->tp_name);
        return 0;
    }
    *w = PyUnicode_AsWideCharString(o, NULL);
    return *w ? Py_CLEANUP_SUPPORTED : 0;
}
int _PyUnicode_WideCharString_Converter(PyObject *o, void *to) { return wide_converter(o, to, false); }
int _PyUnicode_WideCharString_Opt_Converter(PyObject *o, void *to) { return wide_converter(o, to, true); }
