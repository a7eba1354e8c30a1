/* parser_string.c - string literals: escapes, concatenation, f-strings.
 *
 * A run of STRING tokens makes one Constant or JoinedStr; all nodes in it have the range of the whole run, except the
 * expressions of f-strings, which have their own place. Such an expression is parsed from its text in parentheses
 * (so that blanks and line ends don't matter) by a parser of its own.
 */
#include "syntax/parser.h"

/* Parts of the string being put together. */
typedef struct {
    PyObject *text;          /* pending literal str, or NULL */
    PyObject *kind;          /* u"": the str 'u', owned by the arena, or NULL */
    KrSpan at, field_at;     /* of constants: the run, in a format specification the token; of fields: the run */
    const KrToken *token;    /* being read */
    bool raw, formatted;
} KrStringBuilder;

/* ---------------------------------------------------------------- escapes */

/* Warns of an escape that means nothing, or of an octal one above 0o377; at: what follows the backslash. -1 if the
 * warning is an error. */
static int kr_warn_escape(KrParser *p, const KrToken *t, const char *at) {
    char text[4] = {at[0], 0};
    bool octal = at[0] >= '4' && at[0] <= '7';
    if (octal) {
        text[1] = at[1];
        text[2] = at[2];
    }
    PyObject *message = PyUnicode_FromFormat(octal ? "invalid octal escape sequence '\\%s'" : "invalid escape sequence '\\%s'", text);
    if (!message) return -1;
    int result = PyErr_WarnExplicitObject(PyExc_DeprecationWarning, message, p->tok->filename, t->lineno, NULL, NULL);
    if (result < 0 && PyErr_ExceptionMatches(PyExc_DeprecationWarning)) {
        PyErr_Clear();
        kr_error_span(p, kr_token_span(t), "%U", message);
    }
    Py_DECREF(message);
    return result < 0 ? -1 : 0;
}

/* Value of n hexadecimal digits at s, or -1. */
static long kr_hex(const char *s, const char *end, int n) {
    long value = 0;
    if (end - s < n) return -1;
    for (int i = 0; i < n; i++) {
        int c = (unsigned char)s[i];
        if (!Py_ISXDIGIT(c)) return -1;
        value = value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

/* What a one-letter escape stands for, or -1. */
static int kr_simple_escape(int c) {
    switch (c) {
    case '\\': case '\'': case '"': return c;
    case 'b': return '\b';
    case 'f': return '\014';
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 'v': return '\013';
    case 'a': return '\007';
    default: return -1;
    }
}

/* Up to three octal digits at *s, consumed. */
static int kr_octal(const char **s, const char *end) {
    int value = 0;
    for (int i = 0; i < 3 && *s < end && **s >= '0' && **s <= '7'; i++) value = value * 8 + (*(*s)++ - '0');
    return value;
}

static char *kr_put_utf8(char *out, unsigned long c) {
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* The unicode-escape codec does the rest: names, surrogates, malformed escapes. Non-ASCII characters are handed to it as
 * escapes; with twice, the backslashes of unknown escapes (which this file warns of) as two. */
static PyObject *kr_decode_by_codec(const char *s, const char *end, bool twice) {
    char *buffer = PyMem_Malloc((size_t)(end - s) * 10 + 8), *out = buffer;
    if (!buffer) return PyErr_NoMemory();
    while (s < end) {
        if (*s == '\\') {
            *out++ = *s++;
            if (s >= end || (unsigned char)*s >= 0x80) {
                memcpy(out, "u005c", 5);
                out += 5;
                continue;
            }
            if (twice && kr_simple_escape(*s) < 0 && !strchr("\nxuUN01234567", *s)) *out++ = '\\';
            *out++ = *s++;
            continue;
        }
        if ((unsigned char)*s < 0x80) {
            *out++ = *s++;
            continue;
        }
        const char *run = s;
        while (s < end && (unsigned char)*s >= 0x80) s++;
        PyObject *text = PyUnicode_DecodeUTF8(run, s - run, NULL);
        if (!text) {
            PyMem_Free(buffer);
            return NULL;
        }
        for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(text); i++)
            out += sprintf(out, "\\U%08x", (unsigned)PyUnicode_READ_CHAR(text, i));
        Py_DECREF(text);
    }
    PyObject *result = PyUnicode_DecodeUnicodeEscape(buffer, out - buffer, NULL);
    PyMem_Free(buffer);
    return result;
}

/* The text of a str literal without its quotes. */
static PyObject *kr_decode_text(KrParser *p, const KrToken *t, const char *s, const char *end, bool raw) {
    if (raw || !memchr(s, '\\', (size_t)(end - s))) return PyUnicode_DecodeUTF8(s, end - s, NULL);
    char *buffer = PyMem_Malloc((size_t)(end - s) * 2 + 4), *out = buffer;
    if (!buffer) return PyErr_NoMemory();
    const char *unknown = NULL;
    bool codec = false;
    const char *in = s;
    while (in < end) {
        const char *backslash = memchr(in, '\\', (size_t)(end - in));
        size_t n = (size_t)((backslash ? backslash : end) - in);
        memcpy(out, in, n);
        out += n;
        in += n;
        if (!backslash) break;
        in++;
        int c = in < end ? (unsigned char)*in : 128;
        if (c >= 128) {
            *out++ = '\\';
            continue;
        }
        int simple = kr_simple_escape(c);
        if (simple >= 0) {
            *out++ = (char)simple;
            in++;
        } else if (c == '\n') {
            in++;
        } else if (c >= '0' && c <= '7') {
            const char *digits = in;
            int value = kr_octal(&in, end);
            if (value > 0377 && !unknown) unknown = digits;
            out = kr_put_utf8(out, (unsigned long)value);
        } else if (c == 'x' || c == 'u' || c == 'U') {
            int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
            long value = kr_hex(in + 1, end, digits);
            if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
                codec = true;
                in++;
                continue;
            }
            out = kr_put_utf8(out, (unsigned long)value);
            in += 1 + digits;
        } else if (c == 'N') {
            codec = true;
            in++;
        } else {
            if (!unknown) unknown = in;
            *out++ = '\\';
        }
    }
    PyObject *result = codec ? kr_decode_by_codec(s, end, true) : PyUnicode_DecodeUTF8(buffer, out - buffer, NULL);
    if (!result && codec && unknown && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();                    /* again, for the position in the message */
        result = kr_decode_by_codec(s, end, false);
    }
    PyMem_Free(buffer);
    if (result && unknown && kr_warn_escape(p, t, unknown) < 0) Py_CLEAR(result);
    return result;
}

/* The value of a bytes literal without its quotes. */
static PyObject *kr_decode_bytes(KrParser *p, const KrToken *t, const char *s, const char *end, bool raw) {
    for (const char *in = s; in < end; in++)
        if ((unsigned char)*in >= 0x80) return kr_error_here(p, "bytes can only contain ASCII literal characters");
    if (raw || !memchr(s, '\\', (size_t)(end - s))) return PyBytes_FromStringAndSize(s, end - s);
    char *buffer = PyMem_Malloc((size_t)(end - s)), *out = buffer;
    if (!buffer) return PyErr_NoMemory();
    const char *unknown = NULL;
    const char *in = s;
    while (in < end) {
        if (*in != '\\') {
            *out++ = *in++;
            continue;
        }
        in++;
        int c = (unsigned char)*in, simple = kr_simple_escape(c);
        if (simple >= 0) {
            *out++ = (char)simple;
            in++;
        } else if (c == '\n') {
            in++;
        } else if (c >= '0' && c <= '7') {
            const char *digits = in;
            int value = kr_octal(&in, end);
            if (value > 0377 && !unknown) unknown = digits;
            *out++ = (char)value;
        } else if (c == 'x') {
            long value = kr_hex(in + 1, end, 2);
            if (value < 0) {
                PyErr_Format(PyExc_ValueError, "invalid \\x escape at position %zd", in - 1 - s);
                PyMem_Free(buffer);
                return NULL;
            }
            *out++ = (char)value;
            in += 3;
        } else {
            if (!unknown) unknown = in;
            *out++ = '\\';
        }
    }
    PyObject *result = PyBytes_FromStringAndSize(buffer, out - buffer);
    PyMem_Free(buffer);
    if (result && unknown && kr_warn_escape(p, t, unknown) < 0) Py_CLEAR(result);
    return result;
}

/* ---------------------------------------------------------------- the builder */

/* Appends text, a reference the builder takes. */
static int kr_builder_add(KrStringBuilder *b, PyObject *text) {
    if (!text) return -1;
    if (PyUnicode_GET_LENGTH(text) == 0) {
        Py_DECREF(text);
    } else if (!b->text) {
        b->text = text;
    } else {
        PyUnicode_Append(&b->text, text);
        Py_DECREF(text);
        if (!b->text) return -1;
    }
    return 0;
}

/* Pushes the pending text as a Constant. */
static int kr_builder_flush(KrParser *p, KrStringBuilder *b) {
    if (!b->text) return 0;
    PyObject *text = b->text;
    b->text = NULL;
    Kr_expr *e = kr_new_constant(p, text, b->kind, b->at);
    return e ? kr_push(p, e) : -1;
}

/* ---------------------------------------------------------------- f-strings */

static Kr_expr *kr_fstring_parts(KrParser *p, KrStringBuilder *b, const char **s, const char *end, int depth, bool whole);

/* Reads a literal up to a brace or the end. 1: it ends with a doubled brace and goes on, 0, or -1. */
static int kr_fstring_literal(KrParser *p, KrStringBuilder *b, const char **pos, const char *end, int depth) {
    const char *s = *pos, *start = s;
    int doubled = 0;
    const char *literal_end;
    for (;;) {
        if (s >= end) {
            literal_end = *pos = end;
            break;
        }
        char c = *s++;
        if (!b->raw && c == '\\' && s < end) {
            c = *s++;
            if (c == 'N') {
                if (s < end && *s++ == '{')
                    while (s < end && *s++ != '}') {}
                continue;
            }
            if (c == '{' && kr_warn_escape(p, b->token, s - 1) < 0) return -1;
        }
        if (c != '{' && c != '}') continue;
        if (depth == 0) {
            if (s < end && *s == c) {
                literal_end = s;
                *pos = s + 1;
                doubled = 1;
                break;
            }
            if (c == '}') {
                kr_error_here(p, "f-string: single '}' is not allowed");
                return -1;
            }
        }
        literal_end = *pos = s - 1;
        break;
    }
    if (literal_end > start && kr_builder_add(b, kr_decode_text(p, b->token, start, literal_end, b->raw)) < 0) return -1;
    return doubled;
}

/* Finds the end of an expression: the '!', ':', '=' or '}' that stops it. NULL with SyntaxError if it is malformed. */
static const char *kr_fstring_scan(KrParser *p, const char *s, const char *end) {
    char parens[KR_MAX_PARENS], quote = 0;
    int depth = 0, quotes = 0;
    for (; s < end; s++) {
        char c = *s;
        if (c == '\\') return kr_error_here(p, "f-string expression part cannot include a backslash");
        if (quote) {
            if (c == quote) {
                if (quotes == 1) {
                    quote = 0;
                } else if (s + 2 < end && s[1] == c && s[2] == c) {
                    s += 2;
                    quote = 0;
                }
            }
            continue;
        }
        if (c == '\'' || c == '"') {
            quotes = s + 2 < end && s[1] == c && s[2] == c ? 3 : 1;
            s += quotes - 1;
            quote = c;
        } else if (c == '[' || c == '{' || c == '(') {
            if (depth >= KR_MAX_PARENS) return kr_error_here(p, "f-string: too many nested parenthesis");
            parens[depth++] = c;
        } else if (c == '#') {
            return kr_error_here(p, "f-string expression part cannot include '#'");
        } else if (depth == 0 && (c == '!' || c == ':' || c == '}' || c == '=' || c == '>' || c == '<')) {
            if (s + 1 < end && s[1] == '=' && c != ':' && c != '}') {
                s++;
                continue;
            }
            if (c != '>' && c != '<') break;
        } else if (c == ']' || c == '}' || c == ')') {
            if (!depth) return kr_error_here(p, "f-string: unmatched '%c'", c);
            char open = parens[--depth];
            if (c != (open == '(' ? ')' : open + 2))
                return kr_error_here(p, "f-string: closing parenthesis '%c' does not match opening parenthesis '%c'", c, open);
        }
    }
    if (quote) return kr_error_here(p, "f-string: unterminated string");
    if (depth) return kr_error_here(p, "f-string: unmatched '%c'", parens[depth - 1]);
    if (s >= end) return kr_error_here(p, "f-string: expecting '}'");
    return s;
}

/* Parses the expression text [s, end), the '{' being at s - 1. */
static Kr_expr *kr_fstring_expression(KrParser *p, const KrToken *t, const char *s, const char *end) {
    const char *c = s;
    while (c < end && (*c == ' ' || *c == '\t' || *c == '\n' || *c == '\014' || *c == '\r')) c++;
    if (c == end) {
        if (*end == '!' || *end == ':' || *end == '=')
            return kr_error_here(p, "f-string: expression required before '%c'", *end);
        return kr_error_here(p, "f-string: empty expression not allowed");
    }
    size_t len = (size_t)(end - s);
    char *text = PyMem_Malloc(len + 4);
    if (!text) return (void *)PyErr_NoMemory();
    text[0] = '(';
    memcpy(text + 1, s, len);
    memcpy(text + 1 + len, ")\n", 3);
    const char *brace = s - 1, *line = brace, *first = s;
    int lines = 0, cols = 0;
    while (*first == ' ' || *first == '\t' || *first == '\014') first++;
    if (*first != '\n' && *first != '}') {
        while (line > t->start && *line != '\n') line--;
        cols = (int)(brace - line);
        if (*line == '\n') cols--;
    }
    for (const char *n = t->start; n < brace; n++) lines += *n == '\n';
    Kr_expr *e = kr_parse_fstring_expr(p, text, (Py_ssize_t)len + 3, t->lineno + lines - 1, t->lineno + lines,
                                       lines ? cols : t->col + cols);
    PyMem_Free(text);
    return e;
}

/* Reads the replacement field at '{' and pushes it. */
static int kr_fstring_field(KrParser *p, KrStringBuilder *b, const char **pos, const char *end, int depth) {
    if (depth >= 2) {
        kr_error_here(p, "f-string: expressions nested too deeply");
        return -1;
    }
    const char *start = *pos + 1, *s = kr_fstring_scan(p, start, end);
    if (!s) return -1;
    Kr_expr *value = kr_fstring_expression(p, b->token, start, s), *spec = NULL;
    if (!value) return -1;
    bool shows_text = *s == '=';
    if (shows_text) {
        if (p->feature_version < 8) {
            kr_error_here(p, "f-string: self documenting expressions are only supported in Python 3.8 and greater");
            return -1;
        }
        s++;
        while (Py_ISSPACE(*s)) s++;
        if (s >= end) goto unfinished;
        if (kr_builder_add(b, PyUnicode_DecodeUTF8(start, s - start, NULL)) < 0) return -1;
    }
    int conversion = -1;
    if (*s == '!') {
        if (++s >= end) goto unfinished;
        conversion = (unsigned char)*s++;
        if (conversion != 's' && conversion != 'r' && conversion != 'a') {
            kr_error_here(p, "f-string: invalid conversion character: expected 's', 'r', or 'a'");
            return -1;
        }
    }
    if (s >= end) goto unfinished;
    if (*s == ':') {
        if (++s >= end) goto unfinished;
        KrStringBuilder nested = {.kind = b->kind, .at = kr_token_span(b->token), .field_at = b->field_at, .token = b->token, .raw = b->raw};
        spec = kr_fstring_parts(p, &nested, &s, end, depth + 1, true);
        Py_XDECREF(nested.text);
        if (!spec) return -1;
    }
    if (s >= end || *s != '}') goto unfinished;
    *pos = s + 1;
    if (shows_text && !spec && conversion == -1) conversion = 'r';
    if (kr_builder_flush(p, b) < 0) return -1;
    Kr_expr *field = KR_EXPR(p, FormattedValue, b->field_at, value, conversion, spec);
    return field ? kr_push(p, field) : -1;
unfinished:
    kr_error_here(p, "f-string: expecting '}'");
    return -1;
}

/* Reads an f-string's text, or (depth > 0) a format specification up to its '}'. With whole, gives all of it as a
 * JoinedStr; otherwise pushes the parts and gives NULL. */
static Kr_expr *kr_fstring_parts(KrParser *p, KrStringBuilder *b, const char **s, const char *end, int depth, bool whole) {
    size_t base = p->n_stack;
    KrSeq *values;
    for (;;) {
        int doubled = kr_fstring_literal(p, b, s, end, depth);
        if (doubled < 0) goto fail;
        if (doubled) continue;
        if (*s >= end || **s == '}') break;
        if (kr_fstring_field(p, b, s, end, depth) < 0) goto fail;
    }
    if (depth && (*s >= end || **s != '}')) {
        kr_error_here(p, "f-string: expecting '}'");
        goto fail;
    }
    if (!whole) return NULL;
    if (kr_builder_flush(p, b) < 0 || kr_pop_seq(p, base, &values) < 0) goto fail;
    return KR_EXPR(p, JoinedStr, b->at, values);
fail:
    p->error = true;
    p->n_stack = base;
    return NULL;
}

/* ---------------------------------------------------------------- literals */

/* A token's prefix and the text between its quotes. */
typedef struct { bool bytes, raw, formatted, u; const char *start, *end; } KrStringText;

static KrStringText kr_string_text(const KrToken *t) {
    KrStringText text = {0};
    const char *s = t->start;
    for (; *s != '\'' && *s != '"'; s++) {
        switch (*s | 32) {
        case 'b': text.bytes = true; break;
        case 'r': text.raw = true; break;
        case 'f': text.formatted = true; break;
        case 'u': text.u = true; break;
        }
    }
    int quotes = t->end - s >= 6 && s[1] == *s && s[2] == *s ? 3 : 1;
    text.start = s + quotes;
    text.end = t->end - quotes;
    return text;
}

Kr_expr *kr_parse_strings(KrParser *p) {
    KrToken *first = kr_peek(p), *t;
    int start = p->mark;
    while (kr_accept(p, TK_STRING)) {}
    if (p->error || p->mark == start) return NULL;
    int end = p->mark;
    size_t base = p->n_stack;
    PyObject *bytes = NULL;
    KrStringBuilder b = {.at = kr_span_from(p, first), .field_at = kr_span_from(p, first)};
    Kr_expr *result = NULL;
    bool in_bytes = false;
    if (*first->start == 'u') {
        b.kind = PyUnicode_InternFromString("u");
        if (!b.kind || kr_arena_own(p->arena, b.kind) < 0) goto done;
    }
    for (int i = start; i < end; i++) {
        t = KR_TOKEN_AT(p, i);
        KrStringText text = kr_string_text(t);
        if (text.formatted && p->feature_version < 6) {
            kr_error_here(p, "Format strings are only supported in Python 3.6 and greater");
            goto done;
        }
        PyObject *value = NULL;
        if (text.bytes) {
            value = kr_decode_bytes(p, t, text.start, text.end, text.raw);
            if (!value) goto done;
        } else if (!text.formatted) {
            value = kr_decode_text(p, t, text.start, text.end, text.raw);
            if (!value) goto done;
        }
        if (i > start && text.bytes != in_bytes) {
            Py_XDECREF(value);
            kr_error_here(p, "cannot mix bytes and nonbytes literals");
            goto done;
        }
        in_bytes = text.bytes;
        if (text.bytes) {
            if (!bytes) {
                bytes = value;
            } else {
                PyBytes_ConcatAndDel(&bytes, value);
                if (!bytes) goto done;
            }
        } else if (text.formatted) {
            b.formatted = true;
            b.raw = text.raw;
            b.token = t;
            const char *s = text.start;
            kr_fstring_parts(p, &b, &s, text.end, 0, false);
            if (p->error) goto done;
        } else if (kr_builder_add(&b, value) < 0) {
            goto done;
        }
    }
    if (in_bytes) {
        result = kr_new_constant(p, bytes, NULL, b.at);
        bytes = NULL;
    } else if (b.formatted) {
        KrSeq *values;
        if (kr_builder_flush(p, &b) < 0 || kr_pop_seq(p, base, &values) < 0) goto done;
        result = KR_EXPR(p, JoinedStr, b.at, values);
    } else {
        PyObject *text = b.text ? b.text : PyUnicode_FromStringAndSize(NULL, 0);
        b.text = NULL;
        result = kr_new_constant(p, text, b.kind, b.at);
    }
done:
    Py_XDECREF(bytes);
    Py_XDECREF(b.text);
    if (result) return result;
    p->n_stack = base;
    if (!p->error || !PyErr_ExceptionMatches(PyExc_SyntaxError)) {
        p->error = false;
        kr_raise_decode_problem(p);
    }
    p->error = true;
    return NULL;
}
