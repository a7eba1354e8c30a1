/* binascii.c - the module binascii: base64, uuencode, hexadecimal, quoted-printable, checksums.
 *
 * Functions to text take any buffer; functions from text also take an ASCII str. Output is built by _PyBytesWriter or in a
 * bytes object of known size.
 */
#include "krait.h"
#include "object/bytes.h"
#include "object/long.h"
#include <zlib.h>

typedef struct {
    PyObject *error, *incomplete;
} BinasciiState;

static PyObject *error(PyObject *m, const char *message) {
    PyErr_SetString(((BinasciiState *)PyModule_GetState(m))->error, message);
    return NULL;
}

/* A text argument: a buffer or an ASCII str. view->obj is NULL for a str. 0 or -1. */
static int text_argument(PyObject *o, Py_buffer *view) {
    if (PyUnicode_Check(o)) {
        if (PyUnicode_READY(o) < 0)
            return -1;
        if (!PyUnicode_IS_ASCII(o)) {
            PyErr_SetString(PyExc_ValueError, "string argument should contain only ASCII characters");
            return -1;
        }
        view->buf = PyUnicode_1BYTE_DATA(o);
        view->len = PyUnicode_GET_LENGTH(o);
        view->obj = NULL;
        return 0;
    }
    if (PyObject_GetBuffer(o, view, PyBUF_SIMPLE) != 0) {
        PyErr_Format(PyExc_TypeError, "argument should be bytes, buffer or ASCII string, not '%.100s'", Py_TYPE(o)->tp_name);
        return -1;
    }
    return 0;
}
static void release(Py_buffer *view) {
    if (view->obj != NULL)
        PyBuffer_Release(view);
}

/* ------------------------------------------------------------------ uuencode */

static PyObject *a2b_uu(PyObject *m, PyObject *arg) {
    Py_buffer view;
    if (text_argument(arg, &view) < 0)
        return NULL;
    const unsigned char *p = view.buf, *end = p + view.len;
    int n = ((view.len > 0 ? *p++ : 0) - ' ') & 077;
    PyObject *r = PyBytes_FromStringAndSize(NULL, n);
    if (r == NULL)
        goto done;
    unsigned char *out = (unsigned char *)PyBytes_AS_STRING(r);
    unsigned acc = 0;
    int bits = 0;
    while (n > 0) {
        unsigned c = 0; /* missing characters count as blanks, lines may have lost them */
        if (p < end) {
            c = *p++;
            if (c == '\n' || c == '\r')
                c = 0;
            else if (c < ' ' || c > ' ' + 64) {
                error(m, "Illegal char");
                Py_CLEAR(r);
                goto done;
            }
            else
                c = (c - ' ') & 077;
        }
        acc = acc << 6 | c;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (unsigned char)(acc >> bits);
            acc &= (1u << bits) - 1;
            n--;
        }
    }
    for (; p < end; p++)
        if (*p != ' ' && *p != ' ' + 64 && *p != '\n' && *p != '\r') {
            error(m, "Trailing garbage");
            Py_CLEAR(r);
            break;
        }
done:
    release(&view);
    return r;
}

static PyObject *b2a_uu(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "backtick", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|$p:b2a_uu"};
    Py_buffer view;
    int backtick = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &view, &backtick))
        return NULL;
    PyObject *r = NULL;
    if (view.len > 45)
        error(m, "At most 45 bytes at once");
    else if ((r = PyBytes_FromStringAndSize(NULL, 2 + (view.len + 2) / 3 * 4)) != NULL) {
        const unsigned char *p = view.buf, *end = p + view.len;
        char *out = PyBytes_AS_STRING(r);
        const char zero = backtick ? '`' : ' ';
        *out++ = view.len == 0 ? zero : (char)(' ' + view.len);
        while (p < end) {
            unsigned v = (unsigned)*p << 16 | (p + 1 < end ? (unsigned)p[1] << 8 : 0) | (p + 2 < end ? p[2] : 0);
            p += 3;
            for (int shift = 18; shift >= 0; shift -= 6) {
                unsigned c = v >> shift & 077;
                *out++ = c ? (char)(c + ' ') : zero;
            }
        }
        *out = '\n';
    }
    PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ base64 */

static const char base64_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* By character: its value and 1; 0 for what is not of the alphabet. */
static const unsigned char base64_values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};
/* 64 and more: not of the alphabet. */
static inline unsigned base64_value(unsigned char c) { return base64_values[c] - 1u; }

static PyObject *a2b_base64(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "strict_mode", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|$p:a2b_base64"};
    PyObject *arg;
    int strict = 0;
    Py_buffer view;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &arg, &strict) || text_argument(arg, &view) < 0)
        return NULL;
    const unsigned char *p = view.buf, *end = p + view.len;
    _PyBytesWriter w;
    _PyBytesWriter_Init(&w);
    PyObject *r = NULL;
    unsigned char *start = _PyBytesWriter_Alloc(&w, (view.len + 3) / 4 * 3), *out = start;
    if (out == NULL)
        goto done;
    const char *message = NULL;
    if (strict && p < end && *p == '=')
        message = "Leading padding not allowed";
    unsigned left = 0;
    int quad = 0, pads = 0;
    bool padding = false;
    for (; p < end && message == NULL; p++) {
        if (quad == 0 && !padding) {    /* whole groups of the alphabet */
            while (end - p > 4) {
                unsigned a = base64_value(p[0]), b = base64_value(p[1]), c = base64_value(p[2]), d = base64_value(p[3]);
                if ((a | b | c | d) >= 64)
                    break;
                *out++ = (unsigned char)(a << 2 | b >> 4);
                *out++ = (unsigned char)(b << 4 | c >> 2);
                *out++ = (unsigned char)(c << 6 | d);
                p += 4;
                pads = 0;
            }
        }
        if (*p == '=') {
            padding = true;
            if (quad >= 2 && quad + ++pads >= 4) { /* complete: nothing more is read */
                if (strict && p + 1 < end)
                    message = "Excess data after padding";
                goto finished;
            }
            continue;
        }
        unsigned v = base64_value(*p);
        if (v >= 64) {
            if (strict)
                message = "Only base64 data is allowed";
            continue;
        }
        if (strict && padding) {
            message = "Discontinuous padding not allowed";
            break;
        }
        pads = 0;
        switch (quad) {
        case 0: quad = 1; left = v; break;
        case 1: quad = 2; *out++ = (unsigned char)(left << 2 | v >> 4); left = v & 0x0f; break;
        case 2: quad = 3; *out++ = (unsigned char)(left << 4 | v >> 2); left = v & 0x03; break;
        default: quad = 0; *out++ = (unsigned char)(left << 6 | v); left = 0; break;
        }
    }
    if (message == NULL && quad == 1) {
        PyErr_Format(((BinasciiState *)PyModule_GetState(m))->error,
                     "Invalid base64-encoded string: number of data characters (%zd) cannot be 1 more than a multiple of 4",
                     (out - start) / 3 * 4 + 1);
        _PyBytesWriter_Dealloc(&w);
        goto done;
    }
    if (message == NULL && quad != 0)
        message = "Incorrect padding";
finished:
    if (message != NULL) {
        error(m, message);
        _PyBytesWriter_Dealloc(&w);
    }
    else
        r = _PyBytesWriter_Finish(&w, out);
done:
    release(&view);
    return r;
}

static PyObject *b2a_base64(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "newline", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|$p:b2a_base64"};
    Py_buffer view;
    int newline = 1;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &view, &newline))
        return NULL;
    PyObject *r = NULL;
    if (view.len > (PY_SSIZE_T_MAX - 3) / 2)
        error(m, "Too much data for base64 line");
    else if ((r = PyBytes_FromStringAndSize(NULL, (view.len + 2) / 3 * 4 + newline)) != NULL) {
        const unsigned char *p = view.buf, *end = p + view.len;
        char *out = PyBytes_AS_STRING(r);
        for (; end - p >= 3; p += 3) {
            unsigned v = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
            *out++ = base64_chars[v >> 18];
            *out++ = base64_chars[v >> 12 & 63];
            *out++ = base64_chars[v >> 6 & 63];
            *out++ = base64_chars[v & 63];
        }
        if (p < end) {
            unsigned v = (unsigned)p[0] << 16 | (p + 1 < end ? (unsigned)p[1] << 8 : 0);
            *out++ = base64_chars[v >> 18];
            *out++ = base64_chars[v >> 12 & 63];
            *out++ = p + 1 < end ? base64_chars[v >> 6 & 63] : '=';
            *out++ = '=';
        }
        if (newline)
            *out = '\n';
    }
    PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ hexadecimal */

static PyObject *hexlify(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, _PyArg_Parser *parser) {
    Py_buffer view;
    PyObject *sep = NULL;
    int group = 1;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &view, &sep, &group))
        return NULL;
    PyObject *r = _Py_strhex_bytes_with_sep(view.buf, view.len, sep, group);
    PyBuffer_Release(&view);
    return r;
}
static const char *const hex_keywords[] = {"data", "sep", "bytes_per_sep", NULL};
static PyObject *b2a_hex(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = hex_keywords, .format = "y*|Oi:b2a_hex"};
    return hexlify(args, nargs, kwnames, &parser);
}
static PyObject *binascii_hexlify(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = hex_keywords, .format = "y*|Oi:hexlify"};
    return hexlify(args, nargs, kwnames, &parser);
}

static PyObject *a2b_hex(PyObject *m, PyObject *arg) {
    Py_buffer view;
    if (text_argument(arg, &view) < 0)
        return NULL;
    PyObject *r = NULL;
    if (view.len % 2)
        error(m, "Odd-length string");
    else if ((r = PyBytes_FromStringAndSize(NULL, view.len / 2)) != NULL) {
        const unsigned char *p = view.buf;
        char *out = PyBytes_AS_STRING(r);
        for (Py_ssize_t i = 0; i < view.len; i += 2) {
            unsigned high = _PyLong_DigitValue[p[i]], low = _PyLong_DigitValue[p[i + 1]];
            if (high >= 16 || low >= 16) {
                error(m, "Non-hexadecimal digit found");
                Py_CLEAR(r);
                break;
            }
            *out++ = (char)(high << 4 | low);
        }
    }
    release(&view);
    return r;
}

/* ------------------------------------------------------------------ checksums */

/* CRC-CCITT, polynomial 0x1021, most significant bit first, without a table. */
static PyObject *crc_hqx(PyObject *m, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("crc_hqx", nargs, 2, 2))
        return NULL;
    Py_buffer view;
    if (PyObject_GetBuffer(args[0], &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *r = NULL;
    unsigned crc = (unsigned)PyLong_AsUnsignedLongMask(args[1]);
    if (!(crc == (unsigned)-1 && PyErr_Occurred())) {
        const unsigned char *p = view.buf, *end = p + view.len;
        crc &= 0xffff;
        for (; p < end; p++) {
            crc = (crc >> 8 | crc << 8) & 0xffff;
            crc ^= *p;
            crc ^= (crc & 0xff) >> 4;
            crc ^= crc << 12 & 0xffff;
            crc ^= (crc & 0xff) << 5;
        }
        r = PyLong_FromLong((long)crc);
    }
    PyBuffer_Release(&view);
    return r;
}

static PyObject *binascii_crc32(PyObject *m, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("crc32", nargs, 1, 2))
        return NULL;
    Py_buffer view;
    uint32_t crc = 0;
    if (nargs > 1) {
        unsigned long v = PyLong_AsUnsignedLongMask(args[1]);
        if (v == (unsigned long)-1 && PyErr_Occurred())
            return NULL;
        crc = (uint32_t)v;
    }
    if (PyObject_GetBuffer(args[0], &view, PyBUF_SIMPLE) < 0)
        return NULL;
    unsigned long r = crc32_z(crc, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLong(r & 0xffffffffu);
}

/* ------------------------------------------------------------------ quoted-printable */

#define KR_QP_LINE 76

static PyObject *a2b_qp(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"data", "header", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|p:a2b_qp"};
    PyObject *arg;
    int header = 0;
    Py_buffer view;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &arg, &header) || text_argument(arg, &view) < 0)
        return NULL;
    const unsigned char *s = view.buf;
    Py_ssize_t n = view.len, i = 0;
    PyObject *r = NULL;
    char *buffer = PyMem_Malloc((size_t)n + 1), *out = buffer;
    if (buffer == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    while (i < n) {
        if (s[i] != '=') {
            *out++ = header && s[i] == '_' ? ' ' : (char)s[i];
            i++;
            continue;
        }
        if (++i >= n)
            break;
        if (s[i] == '\n' || s[i] == '\r') { /* soft line break */
            while (i < n && s[i] != '\n')
                i++;
            if (i < n)
                i++;
        }
        else if (s[i] == '=') { /* as an old, broken encoder wrote it */
            *out++ = '=';
            i++;
        }
        else if (i + 1 < n && _PyLong_DigitValue[s[i]] < 16 && _PyLong_DigitValue[s[i + 1]] < 16) {
            *out++ = (char)(_PyLong_DigitValue[s[i]] << 4 | _PyLong_DigitValue[s[i + 1]]);
            i += 2;
        }
        else
            *out++ = '=';
    }
    r = PyBytes_FromStringAndSize(buffer, out - buffer);
    PyMem_Free(buffer);
done:
    release(&view);
    return r;
}

/* Whether the byte at i has to be written as =XX; `column` is how much of the line is written. */
static bool qp_must_quote(const unsigned char *s, Py_ssize_t n, Py_ssize_t i, Py_ssize_t column, bool quotetabs, bool istext, bool header) {
    unsigned char c = s[i];
    if (c > 126 || c == '=' || (header && c == '_'))
        return true;
    if (c == '.' && column == 0 && (i + 1 == n || s[i + 1] == '\n' || s[i + 1] == '\r' || s[i + 1] == 0))
        return true; /* a line of one dot ends a mail */
    if (c == '\r' || c == '\n')
        return !istext;
    if (c == '\t' || c == ' ')
        return quotetabs || i + 1 == n;
    return c < 33;
}

static PyObject *b2a_qp(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"data", "quotetabs", "istext", "header", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "y*|ppp:b2a_qp"};
    Py_buffer view;
    int quotetabs = 0, istext = 1, header = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &view, &quotetabs, &istext, &header))
        return NULL;
    static const char upper_hex[] = "0123456789ABCDEF";
    const unsigned char *s = view.buf;
    Py_ssize_t n = view.len, i = 0, column = 0;
    PyObject *r = NULL;
    if (n > (PY_SSIZE_T_MAX - 64) / 8) {
        PyErr_NoMemory();
        PyBuffer_Release(&view);
        return NULL;
    }
    const unsigned char *newline = n > 0 ? memchr(s, '\n', (size_t)n) : NULL;
    bool crlf = newline != NULL && newline > s && newline[-1] == '\r';
    /* at worst three characters a byte, and a soft break of three every 73 */
    char *buffer = PyMem_Malloc((size_t)n * 4 + 64), *out = buffer;
    if (buffer == NULL) {
        PyErr_NoMemory();
        goto done;
    }
#define SOFT_BREAK()         \
    do {                     \
        *out++ = '=';        \
        if (crlf)            \
            *out++ = '\r';   \
        *out++ = '\n';       \
        column = 0;          \
    } while (0)
    while (i < n) {
        if (qp_must_quote(s, n, i, column, quotetabs, istext, header)) {
            if (column + 3 >= KR_QP_LINE)
                SOFT_BREAK();
            *out++ = '=';
            *out++ = upper_hex[s[i] >> 4];
            *out++ = upper_hex[s[i] & 15];
            i++;
            column += 3;
        }
        else if (istext && (s[i] == '\n' || (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n'))) {
            column = 0;
            if (out > buffer && (out[-1] == ' ' || out[-1] == '\t')) { /* no white space at the end of a line */
                unsigned char c = (unsigned char)out[-1];
                out[-1] = '=';
                *out++ = upper_hex[c >> 4];
                *out++ = upper_hex[c & 15];
            }
            if (crlf)
                *out++ = '\r';
            *out++ = '\n';
            i += s[i] == '\r' ? 2 : 1;
        }
        else {
            if (i + 1 != n && s[i + 1] != '\n' && column + 1 >= KR_QP_LINE)
                SOFT_BREAK();
            column++;
            *out++ = header && s[i] == ' ' ? '_' : (char)s[i];
            i++;
        }
    }
    r = PyBytes_FromStringAndSize(buffer, out - buffer);
    PyMem_Free(buffer);
done:
    PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ module */

static PyMethodDef binascii_methods[] = {
    {"a2b_uu", a2b_uu, METH_O, PyDoc_STR("a2b_uu($module, data, /)\n--\n\nDecodes a line of uuencoded data.")},
    {"b2a_uu", KR_METH(b2a_uu), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR("b2a_uu($module, data, /, *, backtick=False)\n--\n\nUuencodes a line.")},
    {"a2b_base64", KR_METH(a2b_base64), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("a2b_base64($module, data, /, *, strict_mode=False)\n--\n\nDecodes base64. In strict mode, anything not to the letter is an error.")},
    {"b2a_base64", KR_METH(b2a_base64), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("b2a_base64($module, data, /, *, newline=True)\n--\n\nEncodes one line of base64.")},
    {"b2a_hex", KR_METH(b2a_hex), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("b2a_hex($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nHexadecimal digits of binary data, as bytes.")},
    {"hexlify", KR_METH(binascii_hexlify), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("hexlify($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nHexadecimal digits of binary data, as bytes.")},
    {"a2b_hex", a2b_hex, METH_O, PyDoc_STR("a2b_hex($module, hexstr, /)\n--\n\nThe binary data of hexadecimal digits.")},
    {"unhexlify", a2b_hex, METH_O, PyDoc_STR("unhexlify($module, hexstr, /)\n--\n\nThe binary data of hexadecimal digits.")},
    {"crc_hqx", KR_METH(crc_hqx), METH_FASTCALL, PyDoc_STR("crc_hqx($module, data, crc, /)\n--\n\nCRC-CCITT of the data, going on from crc.")},
    {"crc32", KR_METH(binascii_crc32), METH_FASTCALL, PyDoc_STR("crc32($module, data, crc=0, /)\n--\n\nCRC-32 of the data, going on from crc.")},
    {"a2b_qp", KR_METH(a2b_qp), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR("a2b_qp($module, /, data, header=False)\n--\n\nDecodes quoted-printable data.")},
    {"b2a_qp", KR_METH(b2a_qp), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("b2a_qp($module, /, data, quotetabs=False, istext=True, header=False)\n--\n\n"
               "Encodes as quoted-printable. Newlines stay when istext, blanks become _ for a header, are quoted with quotetabs.")},
    {NULL}
};

static int binascii_exec(PyObject *m) {
    BinasciiState *st = PyModule_GetState(m);
    st->error = PyErr_NewException("binascii.Error", PyExc_ValueError, NULL);
    if (st->error == NULL || PyModule_AddObjectRef(m, "Error", st->error) < 0)
        return -1;
    st->incomplete = PyErr_NewException("binascii.Incomplete", NULL, NULL);
    return st->incomplete == NULL ? -1 : PyModule_AddObjectRef(m, "Incomplete", st->incomplete);
}
static int binascii_traverse(PyObject *m, visitproc visit, void *arg) {
    BinasciiState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_VISIT(st->error);
        Py_VISIT(st->incomplete);
    }
    return 0;
}
static int binascii_clear(PyObject *m) {
    BinasciiState *st = PyModule_GetState(m);
    if (st != NULL) {
        Py_CLEAR(st->error);
        Py_CLEAR(st->incomplete);
    }
    return 0;
}
static void binascii_free(void *m) { binascii_clear(m); }

static PyModuleDef_Slot binascii_slots[] = {{Py_mod_exec, binascii_exec}, {0, NULL}};
static struct PyModuleDef binascii_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "binascii",
    .m_doc = PyDoc_STR("Conversion between binary data and ASCII"),
    .m_size = sizeof(BinasciiState),
    .m_methods = binascii_methods,
    .m_slots = binascii_slots,
    .m_traverse = binascii_traverse,
    .m_clear = binascii_clear,
    .m_free = binascii_free,
};
PyMODINIT_FUNC PyInit_binascii(void) { return PyModuleDef_Init(&binascii_module); }
