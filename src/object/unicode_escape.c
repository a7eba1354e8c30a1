/* unicode_escape.c - the codecs unicode_escape (as in string literals) and raw_unicode_escape (\u and \U only). */
#include "object/unicode_codecs.h"
#include "object/long.h"

/* Reads `digits` hex digits at i; how many there are, *value when all. */
static int hex_digits(const KrDecoder *d, Py_ssize_t i, int digits, Py_UCS4 *value) {
    Py_UCS4 v = 0;
    int k = 0;
    for (; k < digits && i + k < d->n; k++) {
        int x = _PyLong_DigitValue[d->s[i + k]];
        if (x >= 16) break;
        v = v << 4 | (Py_UCS4)x;
    }
    *value = v;
    return k;
}
/* Finds the character of a name in the module unicodedata: whether there is one; -1 with UnicodeError without the module. */
static int character_called(const char *name, Py_ssize_t n, Py_UCS4 *c) {
    PyObject *module = PyImport_ImportModule("unicodedata"), *r = module ? PyObject_CallMethod(module, "lookup", "s#", name, n) : NULL;
    if (!module) {
        PyErr_SetString(PyExc_UnicodeError, "\\N escapes not supported (can't load unicodedata module)");
        return -1;
    }
    Py_DECREF(module);
    bool good = r && kr_unicode_check(r) && PyUnicode_GET_LENGTH(r) == 1;
    if (good) *c = PyUnicode_READ_CHAR(r, 0);
    Py_XDECREF(r);
    if (!good) PyErr_Clear();
    return good;
}
typedef struct {
    bool partial;               /* stop before what is unfinished */
    int *invalid;               /* the first unknown escape */
    const char **invalid_at;
} EscapeOptions;

/* The escape whose backslash is at *i. 1: unfinished. */
static int escape(KrDecoder *d, Py_ssize_t *i, const EscapeOptions *o) {
    Py_ssize_t start = *i, at = start + 1;
    Py_UCS4 c, v;
    int digits;
    const char *message;
    if (at >= d->n) {
        if (o->partial) return 1;
        return kr_decode_error(d, start, d->n, "\\ at end of string", i);
    }
    c = d->s[at++];
    switch (c) {
    case '\n': *i = at; return 0;
    case '\\': case '\'': case '"': break;
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 't': c = '\t'; break;
    case 'n': c = '\n'; break;
    case 'r': c = '\r'; break;
    case 'v': c = '\v'; break;
    case 'a': c = '\a'; break;
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7':
        c -= '0';
        for (int k = 0; k < 2 && at < d->n && d->s[at] >= '0' && d->s[at] <= '7'; k++) c = c << 3 | (Py_UCS4)(d->s[at++] - '0');
        if (c > 0xff && *o->invalid == -1) {
            *o->invalid = (int)c;
            *o->invalid_at = (const char *)d->s + start + 1;
        }
        break;
    case 'x': digits = 2, message = "truncated \\xXX escape"; goto hex;
    case 'u': digits = 4, message = "truncated \\uXXXX escape"; goto hex;
    case 'U': digits = 8, message = "truncated \\UXXXXXXXX escape";
    hex: {
        int got = hex_digits(d, at, digits, &v);
        if (got < digits) {
            if (o->partial && at + got >= d->n) return 1;
            return kr_decode_error(d, start, at + got, message, i);
        }
        if (v > 0x10ffff) return kr_decode_error(d, start, at + digits, "illegal Unicode character", i);
        c = v;
        at += digits;
        break;
    }
    case 'N': {
        Py_ssize_t end = at;
        if (at < d->n && d->s[at] == '{') {
            while (end < d->n && d->s[end] != '}') end++;
            if (end >= d->n && o->partial) return 1;
            if (end < d->n && end > at + 1) {
                int known = character_called((const char *)d->s + at + 1, end - at - 1, &c);
                if (known <= 0) return known < 0 ? -1 : kr_decode_error(d, start, end + 1, "unknown Unicode character name", i);
                at = end + 1;
                break;
            }
            if (end < d->n) end++;
        } else if (at >= d->n && o->partial) {
            return 1;
        }
        return kr_decode_error(d, start, end, "malformed \\N character escape", i);
    }
    default:
        if (*o->invalid == -1) {
            *o->invalid = (int)c;
            *o->invalid_at = (const char *)d->s + start + 1;
        }
        if (_PyUnicodeWriter_WriteChar(&d->w, '\\') < 0) return -1;
        break;
    }
    *i = at;
    return _PyUnicodeWriter_WriteChar(&d->w, c);
}
PyObject *_PyUnicode_DecodeUnicodeEscapeInternal2(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed, int *invalid, const char **invalid_at) {
    EscapeOptions o = {consumed != NULL, invalid, invalid_at};
    *invalid = -1;
    *invalid_at = NULL;
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "unicodeescape", errors, s, n);
    Py_ssize_t i = 0;
    int r = 0;
    while (r == 0 && i < d->n) {
        if (d->s[i] == '\\') {
            r = escape(d, &i, &o);
        } else {
            Py_ssize_t start = i;
            while (i < d->n && d->s[i] != '\\') i++;
            r = _PyUnicodeWriter_WriteLatin1String(&d->w, (const char *)d->s + start, i - start);
        }
    }
    if (consumed) *consumed = i;
    return kr_decoder_finish(d, r < 0);
}
PyObject *_PyUnicode_DecodeUnicodeEscapeInternal(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed, const char **invalid_at) {
    int invalid;
    return _PyUnicode_DecodeUnicodeEscapeInternal2(s, n, errors, consumed, &invalid, invalid_at);
}
PyObject *_PyUnicode_DecodeUnicodeEscapeStateful(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed) {
    int invalid;
    const char *at;     /* not to be looked at: an error handler may have put another text in place of s */
    PyObject *r = _PyUnicode_DecodeUnicodeEscapeInternal2(s, n, errors, consumed, &invalid, &at);
    if (!r || invalid == -1) return r;
    int warned = invalid > 0xff ? PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "invalid octal escape sequence '\\%c%c%c'", '0' + (invalid >> 6),
                                                   '0' + (invalid >> 3 & 7), '0' + (invalid & 7))
                                : PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "invalid escape sequence '\\%c'", invalid);
    if (warned < 0) Py_CLEAR(r);
    return r;
}
PyObject *PyUnicode_DecodeUnicodeEscape(const char *s, Py_ssize_t n, const char *errors) { return _PyUnicode_DecodeUnicodeEscapeStateful(s, n, errors, NULL); }

PyObject *_PyUnicode_DecodeRawUnicodeEscapeStateful(const char *s, Py_ssize_t n, const char *errors, Py_ssize_t *consumed) {
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "rawunicodeescape", errors, s, n);
    Py_ssize_t i = 0;
    int r = 0;
    while (r == 0 && i < d->n) {
        Py_UCS4 c = d->s[i], v;
        if (c != '\\' || (i + 1 >= d->n && !consumed)) {
            r = _PyUnicodeWriter_WriteChar(&d->w, c);
            i++;
            continue;
        }
        if (i + 1 >= d->n) break;
        Py_UCS4 kind = d->s[i + 1];
        if (kind != 'u' && kind != 'U') {
            r = _PyUnicodeWriter_WriteChar(&d->w, '\\');
            if (r == 0) r = _PyUnicodeWriter_WriteChar(&d->w, kind);
            i += 2;
            continue;
        }
        int digits = kind == 'u' ? 4 : 8, got = hex_digits(d, i + 2, digits, &v);
        if (got < digits) {
            if (consumed && i + 2 + got >= d->n) break;
            r = kr_decode_error(d, i, i + 2 + got, kind == 'u' ? "truncated \\uXXXX escape" : "truncated \\UXXXXXXXX escape", &i);
        } else if (v > 0x10ffff) {
            r = kr_decode_error(d, i, i + 2 + digits, "\\Uxxxxxxxx out of range", &i);
        } else {
            r = _PyUnicodeWriter_WriteChar(&d->w, v);
            i += 2 + digits;
        }
    }
    if (consumed) *consumed = i;
    return kr_decoder_finish(d, r < 0);
}
PyObject *PyUnicode_DecodeRawUnicodeEscape(const char *s, Py_ssize_t n, const char *errors) { return _PyUnicode_DecodeRawUnicodeEscapeStateful(s, n, errors, NULL); }

/* ------------------------------------------------------------------ encoding */

static PyObject *encode(PyObject *s, bool raw) {
    KrEncoder e;
    if (!kr_unicode_check(s)) {
        PyErr_BadArgument();
        return NULL;
    }
    if (kr_encoder_init(&e, "unicodeescape", NULL, s, PyUnicode_GET_LENGTH(s) + 16) < 0) return NULL;
    for (Py_ssize_t i = 0; i < e.n; i++) {
        Py_UCS4 c = PyUnicode_READ(e.kind, e.data, i);
        char *to = kr_encoder_room(&e, 12);
        if (!to) return kr_encoder_finish(&e, true);
        if (c > 0xffff) e.size += sprintf(to, "\\U%08x", (unsigned)c);
        else if (c > 0xff) e.size += sprintf(to, "\\u%04x", (unsigned)c);
        else if (raw) *to = (char)c, e.size++;
        else if (c == '\\') e.size += sprintf(to, "\\\\");
        else if (c == '\t') e.size += sprintf(to, "\\t");
        else if (c == '\n') e.size += sprintf(to, "\\n");
        else if (c == '\r') e.size += sprintf(to, "\\r");
        else if (c < ' ' || c >= 0x7f) e.size += sprintf(to, "\\x%02x", (unsigned)c);
        else *to = (char)c, e.size++;
    }
    return kr_encoder_finish(&e, false);
}
PyObject *PyUnicode_AsUnicodeEscapeString(PyObject *s) { return encode(s, false); }
PyObject *PyUnicode_AsRawUnicodeEscapeString(PyObject *s) { return encode(s, true); }
