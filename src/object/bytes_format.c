/* bytes_format.c - the % operator of bytes and bytearray (PEP 461).
 *
 * A directive is % [(key)] [flags] [width] [.precision] [length] code. Arguments come from a tuple, one after the other, or
 * from a mapping by key. Each directive makes its text first, as (sign, prefix, body), and is then padded to its width.
 */
#include "object/bytes.h"
#include "object/container.h"
#include "object/long.h"

enum { LEFT = 1, SIGN = 2, BLANK = 4, ALTERNATE = 8, ZERO = 16, NO_NEGATIVE_ZERO = 32 };

typedef struct {
    PyObject *args; /* tuple or single argument, or the mapping's values one by one */
    Py_ssize_t index, count; /* count is -1 for a single argument, then -2 once it is used */
    PyObject *mapping; /* borrowed; NULL when keys can't be used */
    PyObject *keyed;   /* value of the current (key), owned */
} Args;

/* Next argument, borrowed. */
static PyObject *next_arg(Args *a) {
    if (a->keyed != NULL)
        return a->keyed;
    if (a->count >= 0) {
        if (a->index < a->count)
            return PyTuple_GET_ITEM(a->args, a->index++);
    }
    else if (a->count == -1) {
        a->count = -2;
        return a->args;
    }
    PyErr_SetString(PyExc_TypeError, "not enough arguments for format string");
    return NULL;
}

/* A byte string as %b and %s take it: its buffer, or what __bytes__ returns. New reference; *s and *n point into it. */
static PyObject *format_bytes(PyObject *v, const char **s, Py_ssize_t *n) {
    PyObject *r = NULL;
    if (PyBytes_Check(v))
        r = Py_NewRef(v);
    else if (PyByteArray_Check(v))
        r = PyBytes_FromStringAndSize(kr_bytes_data(v), Py_SIZE(v));
    else {
        PyObject *method = kr_special_lookup(v, KR_STR(__bytes__));
        if (method != NULL) {
            r = PyObject_CallNoArgs(method);
            Py_DECREF(method);
            if (r != NULL && !PyBytes_Check(r)) {
                PyErr_Format(PyExc_TypeError, "__bytes__ returned non-bytes (type %.200s)", Py_TYPE(r)->tp_name);
                Py_CLEAR(r);
            }
        }
        else if (PyErr_Occurred())
            return NULL;
        else if (PyObject_CheckBuffer(v))
            r = PyBytes_FromObject(v);
        else
            PyErr_Format(PyExc_TypeError, "%%b requires a bytes-like object, or an object that implements __bytes__, not '%.100s'",
                         Py_TYPE(v)->tp_name);
    }
    if (r != NULL) {
        *s = kr_bytes_data(r);
        *n = Py_SIZE(r);
    }
    return r;
}

/* The byte of %c, or -1. */
static int format_char(PyObject *v) {
    if (PyBytes_Check(v) || PyByteArray_Check(v)) {
        if (Py_SIZE(v) == 1)
            return (unsigned char)kr_bytes_data(v)[0];
    }
    else if (PyIndex_Check(v)) {
        int overflow;
        long c = PyLong_AsLongAndOverflow(v, &overflow);
        if (c == -1 && PyErr_Occurred())
            return -1;
        if (c < 0 || c > 255) {
            PyErr_SetString(PyExc_OverflowError, "%c arg not in range(256)");
            return -1;
        }
        return (int)c;
    }
    PyErr_SetString(PyExc_TypeError, "%c requires an integer in range(256) or a single byte");
    return -1;
}

/* The text of an integer code, a str. */
static PyObject *format_int(PyObject *v, int flags, int precision, int type) {
    bool hex = type == 'x' || type == 'X' || type == 'o';
    if (!PyNumber_Check(v))
        goto bad;
    PyObject *i;
    if (PyLong_Check(v))
        i = Py_NewRef(v);
    else if (hex) {
        i = PyNumber_Index(v);
        if (i == NULL && !PyErr_ExceptionMatches(PyExc_TypeError))
            return NULL;
    }
    else {
        i = PyNumber_Long(v);
        if (i == NULL && !PyErr_ExceptionMatches(PyExc_TypeError))
            return NULL;
    }
    if (i == NULL) {
        PyErr_Clear();
        goto bad;
    }
    PyObject *r = _PyUnicode_FormatLong(i, flags & ALTERNATE, precision, type);
    Py_DECREF(i);
    return r;
bad:
    PyErr_Format(PyExc_TypeError, hex ? "%%%c format: an integer is required, not %.200s" : "%%%c format: a real number is required, not %.200s",
                 type, Py_TYPE(v)->tp_name);
    return NULL;
}

/* * or digits of a width or precision. */
static int read_number(const char **f, Py_ssize_t *left, Args *args, Py_ssize_t *value, const char *too_big, bool is_width, int *flags) {
    if (*left > 0 && **f == '*') {
        PyObject *v = next_arg(args);
        if (v == NULL)
            return -1;
        if (!PyLong_Check(v)) {
            PyErr_SetString(PyExc_TypeError, "* wants int");
            return -1;
        }
        *value = is_width ? PyLong_AsSsize_t(v) : _PyLong_AsInt(v);
        if (*value == -1 && PyErr_Occurred())
            return -1;
        if (*value < 0) {
            if (is_width)
                *flags |= LEFT;
            *value = is_width ? -*value : 0;
        }
        (*f)++;
        (*left)--;
        return 0;
    }
    Py_ssize_t limit = is_width ? PY_SSIZE_T_MAX : INT_MAX;
    bool any = false;
    Py_ssize_t n = 0;
    while (*left > 0 && Py_ISDIGIT(Py_CHARMASK(**f))) {
        if (n > (limit - (**f - '0')) / 10) {
            PyErr_SetString(PyExc_ValueError, too_big);
            return -1;
        }
        n = n * 10 + (**f - '0');
        any = true;
        (*f)++;
        (*left)--;
    }
    if (any)
        *value = n;
    return 0;
}

PyObject *_PyBytes_FormatEx(const char *format, Py_ssize_t left, PyObject *oargs, int use_bytearray) {
    if (format == NULL || oargs == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    Args args = {oargs, 0, PyTuple_Check(oargs) ? PyTuple_GET_SIZE(oargs) : -1, NULL, NULL};
    if (PyMapping_Check(oargs) && !PyTuple_Check(oargs) && !PyBytes_Check(oargs) && !PyUnicode_Check(oargs) && !PyByteArray_Check(oargs))
        args.mapping = oargs;
    const char *f = format;
    _PyBytesWriter w;
    _PyBytesWriter_Init(&w);
    w.use_bytearray = use_bytearray;
    char *out = _PyBytesWriter_Alloc(&w, left);
    if (out == NULL)
        return NULL;
    w.overallocate = 1;
    PyObject *temp = NULL;
    while (left > 0) {
        if (*f != '%') {
            const char *percent = memchr(f, '%', (size_t)left);
            Py_ssize_t n = percent ? percent - f : left;
            out = _PyBytesWriter_WriteBytes(&w, out, f, n);
            if (out == NULL)
                goto fail;
            f += n;
            left -= n;
            continue;
        }
        f++;
        left--;
        if (left > 0 && *f == '%') {
            out = _PyBytesWriter_WriteBytes(&w, out, "%", 1);
            if (out == NULL)
                goto fail;
            f++;
            left--;
            continue;
        }
        Py_ssize_t width = -1, precision = -1;
        int flags = 0;
        if (left > 0 && *f == '(') {
            if (args.mapping == NULL) {
                PyErr_SetString(PyExc_TypeError, "format requires a mapping");
                goto fail;
            }
            int depth = 1;
            const char *key = ++f;
            left--;
            while (left > 0 && depth > 0) {
                depth += *f == '(' ? 1 : *f == ')' ? -1 : 0;
                f++;
                left--;
            }
            if (depth > 0) {
                PyErr_SetString(PyExc_ValueError, "incomplete format key");
                goto fail;
            }
            PyObject *okey = PyBytes_FromStringAndSize(key, f - key - 1);
            if (okey == NULL)
                goto fail;
            Py_XSETREF(args.keyed, PyObject_GetItem(args.mapping, okey));
            Py_DECREF(okey);
            if (args.keyed == NULL)
                goto fail;
        }
        for (; left > 0; f++, left--) {
            int flag = *f == '-' ? LEFT : *f == '+' ? SIGN : *f == ' ' ? BLANK : *f == '#' ? ALTERNATE : *f == '0' ? ZERO : *f == 'z' ? NO_NEGATIVE_ZERO : 0;
            if (flag == 0)
                break;
            flags |= flag;
        }
        if (read_number(&f, &left, &args, &width, "width too big", true, &flags) < 0)
            goto fail;
        if (left > 0 && *f == '.') {
            f++;
            left--;
            precision = 0;
            if (read_number(&f, &left, &args, &precision, "prec too big", false, &flags) < 0)
                goto fail;
        }
        if (left > 0 && (*f == 'h' || *f == 'l' || *f == 'L')) {
            f++;
            left--;
        }
        if (left == 0) {
            PyErr_SetString(PyExc_ValueError, "incomplete format");
            goto fail;
        }
        char code = *f++;
        left--;
        PyObject *v = next_arg(&args);
        if (v == NULL)
            goto fail;
        const char *body = NULL;
        char *allocated = NULL, one, fill = ' ';
        Py_ssize_t n = 0;
        bool numeric = false;
        switch (code) {
        case 'r': case 'a':
            temp = PyObject_ASCII(v);
            if (temp == NULL)
                goto fail;
            body = (const char *)PyUnicode_DATA(temp);
            n = PyUnicode_GET_LENGTH(temp);
            if (precision >= 0 && n > precision)
                n = precision;
            break;
        case 's': case 'b':
            temp = format_bytes(v, &body, &n);
            if (temp == NULL)
                goto fail;
            if (precision >= 0 && n > precision)
                n = precision;
            break;
        case 'i': case 'd': case 'u': case 'o': case 'x': case 'X':
            temp = format_int(v, flags, (int)precision, code == 'i' ? 'd' : code);
            if (temp == NULL)
                goto fail;
            body = (const char *)PyUnicode_DATA(temp);
            n = PyUnicode_GET_LENGTH(temp);
            numeric = true;
            break;
        case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': {
            double x = PyFloat_AsDouble(v);
            if (x == -1.0 && PyErr_Occurred()) {
                PyErr_Format(PyExc_TypeError, "float argument required, not %.200s", Py_TYPE(v)->tp_name);
                goto fail;
            }
            allocated = PyOS_double_to_string(x, code, precision < 0 ? 6 : (int)precision, (flags & ALTERNATE ? Py_DTSF_ALT : 0) | (flags & NO_NEGATIVE_ZERO ? Py_DTSF_NO_NEG_0 : 0), NULL);
            if (allocated == NULL)
                goto fail;
            body = allocated;
            n = (Py_ssize_t)strlen(allocated);
            numeric = true;
            break;
        }
        case 'c': {
            int c = format_char(v);
            if (c < 0)
                goto fail;
            one = (char)c;
            body = &one;
            n = 1;
            break;
        }
        default:
            PyErr_Format(PyExc_ValueError, "unsupported format character '%c' (0x%x) at index %zd", code, code, f - 1 - format);
            goto fail;
        }
        char sign = 0;
        Py_ssize_t prefix = 0;
        if (numeric) {
            if (flags & ZERO)
                fill = '0';
            if (n > 0 && (*body == '-' || *body == '+')) {
                sign = *body++;
                n--;
            }
            else if (flags & SIGN)
                sign = '+';
            else if (flags & BLANK)
                sign = ' ';
            if ((flags & ALTERNATE) && (code == 'x' || code == 'X' || code == 'o'))
                prefix = 2;
        }
        Py_ssize_t pad = width - n - (sign != 0);
        if (pad < 0)
            pad = 0;
        char *room = pad > PY_SSIZE_T_MAX - n - 1 ? (PyErr_NoMemory(), NULL) : _PyBytesWriter_Prepare(&w, out, n + pad + (sign != 0));
        if (room == NULL) {
            PyMem_Free(allocated);
            goto fail;
        }
        out = room;
        if (!(flags & LEFT) && fill == ' ') {
            memset(out, ' ', (size_t)pad);
            out += pad;
            pad = 0;
        }
        if (sign)
            *out++ = sign;
        if (prefix) {
            *out++ = body[0];
            *out++ = body[1];
        }
        if (!(flags & LEFT)) { /* zeros */
            memset(out, fill, (size_t)pad);
            out += pad;
            pad = 0;
        }
        memcpy(out, body + prefix, (size_t)(n - prefix));
        out += n - prefix;
        memset(out, ' ', (size_t)pad);
        out += pad;
        PyMem_Free(allocated);
        Py_CLEAR(temp);
        if (args.mapping != NULL && args.keyed != NULL)
            Py_CLEAR(args.keyed);
    }
    if (args.mapping == NULL && (args.count >= 0 ? args.index < args.count : args.count == -1)) {
        PyErr_SetString(PyExc_TypeError, "not all arguments converted during bytes formatting");
        goto fail;
    }
    return _PyBytesWriter_Finish(&w, out);
fail:
    Py_XDECREF(temp);
    Py_XDECREF(args.keyed);
    _PyBytesWriter_Dealloc(&w);
    return NULL;
}

/* A bytearray counts as exported meanwhile, since the arguments' methods could resize it. */
PyObject *kr_bytes_mod(PyObject *self, PyObject *args) {
    if (!PyByteArray_Check(self))
        return _PyBytes_FormatEx(kr_bytes_data(self), Py_SIZE(self), args, 0);
    ((PyByteArrayObject *)self)->ob_exports++;
    PyObject *r = _PyBytes_FormatEx(kr_bytes_data(self), Py_SIZE(self), args, 1);
    ((PyByteArrayObject *)self)->ob_exports--;
    return r;
}
