/* _json.c - the module _json: strings of JSON, both ways. Documents are read in _json_scan.c and written in _json_encode.c.
 *
 * A string without escapes, nearly every one, is found by one pass over its characters and copied at once.
 */
#include "module/_json.h"
#include "object/long.h"

/* ------------------------------------------------------------------ errors */

void kr_json_error(const char *message, PyObject *document, Py_ssize_t position) {
    PyObject *module = PyImport_ImportModule("json.decoder"), *type = module ? PyObject_GetAttrString(module, "JSONDecodeError") : NULL;
    PyObject *e = type ? PyObject_CallFunction(type, "sOn", message, document, position) : NULL;
    if (e) PyErr_SetObject(type, e);
    Py_XDECREF(e);
    Py_XDECREF(type);
    Py_XDECREF(module);
}

/* ------------------------------------------------------------------ reading */

/* The value of four hexadecimal digits at i; -1 if they aren't. */
static int hex4(int kind, const void *data, Py_ssize_t i) {
    int value = 0;
    if (kind == PyUnicode_1BYTE_KIND) {
        const unsigned char *p = (const unsigned char *)data + i;
        unsigned a = _PyLong_DigitValue[p[0]], b = _PyLong_DigitValue[p[1]], c = _PyLong_DigitValue[p[2]], d = _PyLong_DigitValue[p[3]];
        return (a | b | c | d) >= 16 ? -1 : (int)(a << 12 | b << 8 | c << 4 | d);
    }
    for (Py_ssize_t k = i; k < i + 4; k++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, k);
        int digit = c < 128 ? _PyLong_DigitValue[c] : 37;
        if (digit >= 16) return -1;
        value = value << 4 | digit;
    }
    return value;
}
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
/* Bit 7 of the bytes of w that are below n; bytes above one that is may be wrong, so that only the first counts. */
#define BELOW(w, n) (((w) - EACH(n)) & ~(w) & EACH(0x80))
#define EQUAL(w, c) BELOW((w) ^ EACH(c), 1)
/* The first of the bytes from p on that is a quote, a backslash or, when strict, a control character. *high: whether one before it is not ASCII. */
static const unsigned char *plain_bytes(const unsigned char *p, const unsigned char *end, bool strict, bool *high) {
    uint64_t all = 0;
    for (; end - p >= 8; p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        if (EQUAL(w, '"') | EQUAL(w, '\\') | BELOW(w, 0x20)) break;
        all |= w;
    }
    unsigned char rest = 0;
    for (; p < end && *p != '"' && *p != '\\' && (*p >= 0x20 || !strict); p++) rest |= *p;
    *high = (all & EACH(0x80)) || (rest & 0x80);
    return p;
}
/* The first index from i on of a quote, a backslash or, when strict, a control character; n if there is none. *ascii: whether what is
 * before it is known to be ASCII. */
static Py_ssize_t plain_end(int kind, const void *data, Py_ssize_t i, Py_ssize_t n, bool strict, bool *ascii) {
    if (kind == PyUnicode_1BYTE_KIND) {
        bool high;
        const unsigned char *start = data, *p = plain_bytes(start + i, start + n, strict, &high);
        *ascii = !high;
        return p - start;
    }
    const Py_UCS4 control = strict ? 0x20 : 0;
    Py_UCS4 all = 0;
    if (kind == PyUnicode_2BYTE_KIND) {
        const Py_UCS2 *p = data;
        for (; i < n && p[i] != '"' && p[i] != '\\' && p[i] >= control; i++) all |= p[i];
    } else {
        const Py_UCS4 *p = data;
        for (; i < n && p[i] != '"' && p[i] != '\\' && p[i] >= control; i++) all |= p[i];
    }
    *ascii = all < 128;
    return i;
}
/* The character of the escape whose backslash is at i; *end is the index behind it. -1 with an exception. */
static int64_t scan_escape(PyObject *s, int kind, const void *data, Py_ssize_t i, Py_ssize_t begin, Py_ssize_t *end) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    if (i + 1 >= n) {
        kr_json_error("Unterminated string starting at", s, begin - 1);
        return -1;
    }
    Py_UCS4 c = PyUnicode_READ(kind, data, i + 1);
    if (c != 'u') {
        const char *at = c && c < 128 ? strchr(from, (int)c) : NULL;
        if (!at) {
            kr_json_error("Invalid \\escape", s, i);
            return -1;
        }
        *end = i + 2;
        return to[at - from];
    }
    int value = i + 6 <= n ? hex4(kind, data, i + 2) : -1;
    if (value < 0) {
        kr_json_error("Invalid \\uXXXX escape", s, i + 1);
        return -1;
    }
    *end = i + 6;
    if (Py_UNICODE_IS_HIGH_SURROGATE(value) && i + 12 <= n && PyUnicode_READ(kind, data, i + 6) == '\\' && PyUnicode_READ(kind, data, i + 7) == 'u') {
        int low = hex4(kind, data, i + 8);
        if (low >= 0 && Py_UNICODE_IS_LOW_SURROGATE(low)) {
            *end = i + 12;
            return Py_UNICODE_JOIN_SURROGATES(value, low);
        }
    }
    return value;
}
/* Writes the characters of the escapes that follow one another from the backslash at *i on; *i becomes the index behind them. */
static int scan_escapes(_PyUnicodeWriter *w, PyObject *s, int kind, const void *data, Py_ssize_t *i, Py_ssize_t begin) {
    Py_UCS4 run[64], all = 0;
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), count = 0;
    do {
        int64_t value = scan_escape(s, kind, data, *i, begin, i);
        if (value < 0) return -1;
        run[count++] = (Py_UCS4)value;
        all |= (Py_UCS4)value;
    } while (count < (Py_ssize_t)KR_ARRAY_LEN(run) && *i < n && PyUnicode_READ(kind, data, *i) == '\\');
    if (_PyUnicodeWriter_Prepare(w, count, all > 0x10ffff ? 0x10ffff : all) < 0) return -1;
    for (Py_ssize_t k = 0; k < count; k++) PyUnicode_WRITE(w->kind, w->data, w->pos++, run[k]);
    return 0;
}
static PyObject *ascii_text(int kind, const void *data, Py_ssize_t from, Py_ssize_t to) {
    PyObject *text = PyUnicode_New(to - from, 127);
    if (!text) return NULL;
    Py_UCS1 *p = PyUnicode_1BYTE_DATA(text);
    if (kind == PyUnicode_1BYTE_KIND) memcpy(p, (const Py_UCS1 *)data + from, (size_t)(to - from));
    else for (Py_ssize_t i = from; i < to; i++) *p++ = (Py_UCS1)PyUnicode_READ(kind, data, i);
    return text;
}
PyObject *kr_json_scan_string(PyObject *s, Py_ssize_t begin, bool strict, Py_ssize_t *end) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), i = begin;
    if (begin < 0 || begin > n) {
        PyErr_SetString(PyExc_ValueError, "end is out of bounds");
        return NULL;
    }
    _PyUnicodeWriter writer;
    bool writing = false, ascii;
    for (;;) {
        Py_ssize_t stop = plain_end(kind, data, i, n, strict, &ascii);
        if (stop >= n) {
            kr_json_error("Unterminated string starting at", s, begin - 1);
            break;
        }
        Py_UCS4 c = PyUnicode_READ(kind, data, stop);
        if (c == '"') {
            *end = stop + 1;
            if (!writing) return ascii && stop - i > 1 ? ascii_text(kind, data, i, stop) : PyUnicode_Substring(s, i, stop);
            if (_PyUnicodeWriter_WriteSubstring(&writer, s, i, stop) < 0) break;
            return _PyUnicodeWriter_Finish(&writer);
        }
        if (c != '\\') {
            kr_json_error("Invalid control character at", s, stop);
            break;
        }
        if (!writing) {
            _PyUnicodeWriter_Init(&writer);
            writer.overallocate = 1;
            writing = true;
        }
        if (stop > i && _PyUnicodeWriter_WriteSubstring(&writer, s, i, stop) < 0) break;
        i = stop;
        if (scan_escapes(&writer, s, kind, data, &i, begin) < 0) break;
    }
    if (writing) _PyUnicodeWriter_Dealloc(&writer);
    return NULL;
}
static PyObject *json_scanstring(PyObject *module, PyObject *args) {
    PyObject *s;
    Py_ssize_t begin, end;
    int strict = 1;
    if (!PyArg_ParseTuple(args, "On|p:scanstring", &s, &begin, &strict)) return NULL;
    if (!PyUnicode_Check(s)) return PyErr_Format(PyExc_TypeError, "first argument must be a string, not %.80s", Py_TYPE(s)->tp_name);
    if (PyUnicode_READY(s) < 0) return NULL;
    PyObject *text = kr_json_scan_string(s, begin, strict, &end);
    return text ? Py_BuildValue("Nn", text, end) : NULL;
}

/* ------------------------------------------------------------------ writing */

KR_INLINE Py_ssize_t escaped_size(Py_UCS4 c, bool ascii) {
    if (c > '\\') return !ascii || c <= 0x7e ? 1 : c < 0x10000 ? 6 : 12;
    switch (c) {
    case '"': case '\\': case '\b': case '\f': case '\n': case '\r': case '\t': return 2;
    default: return c < 0x20 ? 6 : 1;
    }
}
static const char hex_digits[] = "0123456789abcdef";
KR_INLINE unsigned char *put_hex(unsigned char *p, Py_UCS4 c) {
    p[0] = '\\';
    p[1] = 'u';
    p[2] = (unsigned char)hex_digits[c >> 12];
    p[3] = (unsigned char)hex_digits[c >> 8 & 15];
    p[4] = (unsigned char)hex_digits[c >> 4 & 15];
    p[5] = (unsigned char)hex_digits[c & 15];
    return p + 6;
}
/* Puts the escape of c, or c itself if it is ASCII, at p; gives the place behind it. */
KR_INLINE unsigned char *put_escaped(unsigned char *p, Py_UCS4 c) {
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    if (c >= 0x10000) return put_hex(put_hex(p, Py_UNICODE_HIGH_SURROGATE(c)), Py_UNICODE_LOW_SURROGATE(c));
    if (c > 0x7e) return put_hex(p, c);
    if (c >= 0x20 && c != '"' && c != '\\') {
        *p++ = (unsigned char)c;
        return p;
    }
    const char *at = c ? strchr(from, (int)c) : NULL;
    if (!at) return put_hex(p, c);
    *p++ = '\\';
    *p++ = (unsigned char)to[at - from];
    return p;
}
/* Writes the characters of s, escaped where needed; the room for them is there. */
static void write_escaped(_PyUnicodeWriter *w, int kind, const void *data, Py_ssize_t n, bool ascii) {
    if (ascii && w->kind == PyUnicode_1BYTE_KIND) {
        unsigned char *start = (unsigned char *)w->data + w->pos, *p = start;
        for (Py_ssize_t i = 0; i < n; i++) p = put_escaped(p, PyUnicode_READ(kind, data, i));
        w->pos += p - start;
        return;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (escaped_size(c, ascii) == 1) {
            PyUnicode_WRITE(w->kind, w->data, w->pos++, c);
            continue;
        }
        unsigned char escape[12], *end = put_escaped(escape, c);
        for (unsigned char *p = escape; p < end; p++) PyUnicode_WRITE(w->kind, w->data, w->pos++, *p);
    }
}
int kr_json_write_string(_PyUnicodeWriter *w, PyObject *s, bool ascii) {
    if (PyUnicode_READY(s) < 0) return -1;
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), size = 0;
    if (PyUnicode_IS_ASCII(s)) {
        const unsigned char *p = data;
        Py_ssize_t i = 0;
        for (; n - i >= 8; i += 8) {
            uint64_t v;
            memcpy(&v, p + i, 8);
            if (EQUAL(v, '"') | EQUAL(v, '\\') | BELOW(v, 0x20) | EQUAL(v, 0x7f)) break;
        }
        for (size = i; i < n; i++) size += p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\' ? 1 : escaped_size(p[i], ascii);
    } else {
        for (Py_ssize_t i = 0; i < n; i++) {
            size += escaped_size(PyUnicode_READ(kind, data, i), ascii);
            if (size > PY_SSIZE_T_MAX - 16) {
                PyErr_SetString(PyExc_OverflowError, "string is too long to escape");
                return -1;
            }
        }
    }
    Py_UCS4 most = ascii ? 127 : PyUnicode_MAX_CHAR_VALUE(s);
    if (_PyUnicodeWriter_Prepare(w, size + 2, most) < 0) return -1;
    PyUnicode_WRITE(w->kind, w->data, w->pos++, '"');
    if (size == n && w->kind == (enum PyUnicode_Kind)kind) {
        memcpy((char *)w->data + w->pos * kind, data, (size_t)n * (size_t)kind);
        w->pos += n;
    } else {
        write_escaped(w, kind, data, n, ascii);
    }
    PyUnicode_WRITE(w->kind, w->data, w->pos++, '"');
    return 0;
}
static PyObject *encode(PyObject *s, bool ascii) {
    if (!PyUnicode_Check(s)) return PyErr_Format(PyExc_TypeError, "first argument must be a string, not %.80s", Py_TYPE(s)->tp_name);
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    if (kr_json_write_string(&w, s, ascii) == 0) return _PyUnicodeWriter_Finish(&w);
    _PyUnicodeWriter_Dealloc(&w);
    return NULL;
}
PyObject *kr_json_encode(PyObject *module, PyObject *s) { return encode(s, false); }
PyObject *kr_json_encode_ascii(PyObject *module, PyObject *s) { return encode(s, true); }

/* ------------------------------------------------------------------ the module */

static PyMethodDef json_functions[] = {
    {"encode_basestring_ascii", kr_json_encode_ascii, METH_O,
     PyDoc_STR("encode_basestring_ascii(string) -> string\n\nThe JSON form of a str, with every character outside ASCII escaped.")},
    {"encode_basestring", kr_json_encode, METH_O, PyDoc_STR("encode_basestring(string) -> string\n\nThe JSON form of a str.")},
    {"scanstring", json_scanstring, METH_VARARGS,
     PyDoc_STR("scanstring(string, end, strict=True) -> (string, end)\n\nReads the JSON string whose first character behind the quote is at index end: its value, and the index\n"
               "behind its closing quote. Strict: control characters in it are refused.")},
    {NULL}};

static int json_exec(PyObject *module) {
    static const struct { const char *name; PyTypeObject *type; } types[] = {{"make_scanner", &kr_json_Scanner_Type}, {"make_encoder", &kr_json_Encoder_Type}};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyType_Ready(types[i].type) < 0 || PyModule_AddObjectRef(module, types[i].name, (PyObject *)types[i].type) < 0) return -1;
    return 0;
}
static PyModuleDef_Slot json_slots[] = {{Py_mod_exec, json_exec}, {0, NULL}};
static PyModuleDef json_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_json", .m_doc = PyDoc_STR("The fast part of json."), .m_methods = json_functions, .m_slots = json_slots};

PyMODINIT_FUNC PyInit__json(void);
PyMODINIT_FUNC PyInit__json(void) { return PyModuleDef_Init(&json_module); }
