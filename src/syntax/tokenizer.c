/* tokenizer.c - the lexical analysis of Python 3.11: lines, indentation, names, numbers, strings, operators.
 *
 * The main function reads one token. Indentation is kept twice, with tabs at multiples of 8 and of 1; where the two
 * measures disagree about an indent, tabs and spaces are mixed inconsistently. Names are checked against the Unicode
 * identifier rules only when they have non-ASCII characters. Errors of spelling raise SyntaxError at once; errors that
 * depend on the state of the parse are only noted in `done`, and the parser words them.
 */
#include "syntax/tokenizer.h"
#include <stdarg.h>

#define TOK_EOF (-1)

enum { CC_ID_START = 1, CC_ID = 2, CC_DIGIT = 4 };
#define I3 (CC_ID_START | CC_ID)
#define D6 (CC_ID | CC_DIGIT)
static const unsigned char kr_char_class[256] = {
    ['0'] = D6, D6, D6, D6, D6, D6, D6, D6, D6, D6,
    ['A'] = I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3,
    ['_'] = I3,
    ['a'] = I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3, I3,
    [128 ... 255] = I3,
};
#undef I3
#undef D6
#define IS_ID_START(c) ((c) >= 0 && (kr_char_class[c] & CC_ID_START))
#define IS_ID(c) ((c) >= 0 && (kr_char_class[c] & CC_ID))
#define IS_DIGIT(c) ((c) >= '0' && (c) <= '9')

/* ---------------------------------------------------------------- characters */

static KR_NOINLINE int kr_tok_next_line(KrTokenizer *t) {
    if (t->done != KR_TOK_OK) return TOK_EOF;
    if (!*t->inp) {
        t->done = KR_TOK_EOF;
        t->cur = t->inp;
        return TOK_EOF;
    }
    if (!t->start) t->buf = t->cur;
    const char *end = strchr(t->inp, '\n');
    t->inp = end ? end + 1 : t->inp + strlen(t->inp);
    t->lineno++;
    t->line_start = t->cur;
    return (unsigned char)*t->cur++;
}

KR_INLINE int kr_tok_next(KrTokenizer *t) {
    if (KR_LIKELY(t->cur != t->inp)) return (unsigned char)*t->cur++;
    return kr_tok_next_line(t);
}

KR_INLINE void kr_tok_back(KrTokenizer *t, int c) {
    if (c != TOK_EOF) t->cur--;
}

/* ---------------------------------------------------------------- errors */

static int kr_tok_raise(KrTokenizer *t, int col, int end_col, const char *format, va_list args) {
    PyObject *message = PyUnicode_FromFormatV(format, args), *text = NULL, *value = NULL;
    if (!message) goto done;
    text = PyUnicode_DecodeUTF8(t->line_start, t->cur - t->line_start, "replace");
    if (!text) goto done;
    if (col == -1) col = (int)PyUnicode_GET_LENGTH(text);
    size_t length = strcspn(t->line_start, "\n");
    if (length != (size_t)(t->cur - t->line_start)) {
        Py_SETREF(text, PyUnicode_DecodeUTF8(t->line_start, (Py_ssize_t)length, "replace"));
        if (!text) goto done;
    }
    value = Py_BuildValue("(O(OiiOii))", message, t->filename, t->lineno, col, text, t->lineno,
                          end_col == -1 ? col : end_col);
    if (value) PyErr_SetObject(PyExc_SyntaxError, value);
done:
    Py_XDECREF(message);
    Py_XDECREF(text);
    Py_XDECREF(value);
    t->done = KR_TOK_ERROR;
    return TK_ERRORTOKEN;
}

int kr_tokenizer_error_at(KrTokenizer *t, int col, int end_col, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = kr_tok_raise(t, col, end_col, format, args);
    va_end(args);
    return result;
}

static KR_COLD int kr_tok_error(KrTokenizer *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = kr_tok_raise(t, -1, -1, format, args);
    va_end(args);
    return result;
}

/* Warns about the current line; a warning made an error becomes a SyntaxError. */
static KR_COLD int kr_tok_warn(KrTokenizer *t, PyObject *category, const char *kind) {
    if (t->quiet) return 0;
    PyObject *message = PyUnicode_FromFormat("invalid %s literal", kind);
    if (!message) {
        t->done = KR_TOK_ERROR;
        return -1;
    }
    int result = PyErr_WarnExplicitObject(category, message, t->filename, t->lineno, NULL, NULL);
    if (result < 0) {
        if (PyErr_ExceptionMatches(category)) {
            PyErr_Clear();
            kr_tok_error(t, "%U", message);
        }
        t->done = KR_TOK_ERROR;
    }
    Py_DECREF(message);
    return result < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------- names */

/* True if the name that ends at `cur` is an identifier; otherwise an error is noted or raised. */
static KR_COLD bool kr_tok_check_name(KrTokenizer *t) {
    PyObject *name = PyUnicode_DecodeUTF8(t->start, t->cur - t->start, NULL);
    if (!name) {
        t->done = PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) ? KR_TOK_BAD_UTF8 : KR_TOK_ERROR;
        return false;
    }
    int valid = PyUnicode_IsIdentifier(name);
    if (valid == 1) {
        Py_DECREF(name);
        return true;
    }
    /* The longest prefix that is an identifier ends at the culprit. */
    Py_ssize_t len = PyUnicode_GET_LENGTH(name), good = 0;
    for (Py_ssize_t n = 1; valid >= 0 && n <= len; n++) {
        PyObject *prefix = PyUnicode_Substring(name, 0, n);
        valid = prefix ? PyUnicode_IsIdentifier(prefix) : -1;
        Py_XDECREF(prefix);
        if (valid != 1) break;
        good = n;
    }
    if (valid < 0) {
        Py_DECREF(name);
        t->done = KR_TOK_ERROR;
        return false;
    }
    Py_UCS4 culprit = PyUnicode_ReadChar(name, good);
    if (good + 1 < len) {
        PyObject *prefix = PyUnicode_Substring(name, 0, good + 1);
        Py_ssize_t bytes;
        if (!prefix || !PyUnicode_AsUTF8AndSize(prefix, &bytes)) {
            Py_XDECREF(prefix);
            Py_DECREF(name);
            t->done = KR_TOK_ERROR;
            return false;
        }
        t->cur = t->start + bytes;
        Py_DECREF(prefix);
    }
    Py_DECREF(name);
    char hex[9];
    snprintf(hex, sizeof hex, "%04X", (unsigned)culprit);
    if (Py_UNICODE_ISPRINTABLE(culprit)) kr_tok_error(t, "invalid character '%c' (U+%s)", (int)culprit, hex);
    else kr_tok_error(t, "invalid non-printable character U+%s", hex);
    return false;
}

/* ---------------------------------------------------------------- numbers */

/* True if `word` comes next, and is all of a word; nothing is consumed. */
static bool kr_tok_word_follows(KrTokenizer *t, const char *word) {
    size_t len = strlen(word);
    return !strncmp(t->cur, word, len) && !(kr_char_class[(unsigned char)t->cur[len]] & CC_ID);
}

/* c, just read, follows a number: a keyword there is deprecated, any other name character an error. */
static bool kr_tok_number_ends(KrTokenizer *t, int c, const char *kind) {
    bool keyword = false;
    switch (c) {
    case 'a': keyword = kr_tok_word_follows(t, "nd"); break;
    case 'e': keyword = kr_tok_word_follows(t, "lse"); break;
    case 'f': keyword = kr_tok_word_follows(t, "or"); break;
    case 'i': keyword = *t->cur == 'f' || *t->cur == 'n' || *t->cur == 's'; break;
    case 'o': keyword = kr_tok_word_follows(t, "r"); break;
    case 'n': keyword = kr_tok_word_follows(t, "ot"); break;
    }
    if (keyword) {
        kr_tok_back(t, c);
        if (kr_tok_warn(t, PyExc_SyntaxWarning, kind) < 0) return false;
        kr_tok_next(t);
    } else if (IS_ID(c)) {
        kr_tok_back(t, c);
        kr_tok_error(t, "invalid %s literal", kind);
        return false;
    }
    return true;
}

/* Reads digits with single underscores; the character after them, or 0 after an error. */
static int kr_tok_digits(KrTokenizer *t) {
    int c;
    for (;;) {
        do c = kr_tok_next(t);
        while (IS_DIGIT(c));
        if (c != '_') return c;
        c = kr_tok_next(t);
        if (!IS_DIGIT(c)) {
            kr_tok_back(t, c);
            kr_tok_error(t, "invalid decimal literal");
            return 0;
        }
    }
}

static bool kr_tok_is_digit_of(int c, int base) {
    return base == 16 ? c > 0 && Py_ISXDIGIT(c) : c >= '0' && c < '0' + base;
}

/* Reads the rest of a hexadecimal, octal or binary literal; false after an error. */
static bool kr_tok_radix(KrTokenizer *t, int base, const char *kind) {
    int c = kr_tok_next(t);
    do {
        if (c == '_') c = kr_tok_next(t);
        if (!kr_tok_is_digit_of(c, base)) {
            if (IS_DIGIT(c)) {
                kr_tok_error(t, "invalid digit '%c' in %s literal", c, kind);
            } else {
                kr_tok_back(t, c);
                kr_tok_error(t, "invalid %s literal", kind);
            }
            return false;
        }
        do c = kr_tok_next(t);
        while (kr_tok_is_digit_of(c, base));
    } while (c == '_');
    if (IS_DIGIT(c)) {
        kr_tok_error(t, "invalid digit '%c' in %s literal", c, kind);
        return false;
    }
    if (!kr_tok_number_ends(t, c, kind)) return false;
    kr_tok_back(t, c);
    return true;
}

/* Reads what follows a decimal's integer part, c being the first character of that: fraction, exponent, 'j'. */
static bool kr_tok_float_tail(KrTokenizer *t, int c) {
    const char *kind = "decimal";
    if (c == '.') {
        c = kr_tok_next(t);
        if (IS_DIGIT(c) && !(c = kr_tok_digits(t))) return false;
    }
    if (c == 'e' || c == 'E') {
        int e = c;
        c = kr_tok_next(t);
        if (c == '+' || c == '-') {
            c = kr_tok_next(t);
            if (!IS_DIGIT(c)) {
                kr_tok_back(t, c);
                kr_tok_error(t, "invalid decimal literal");
                return false;
            }
        } else if (!IS_DIGIT(c)) {
            kr_tok_back(t, c);
            if (!kr_tok_number_ends(t, e, "decimal")) return false;
            kr_tok_back(t, e);
            return true;
        }
        if (!(c = kr_tok_digits(t))) return false;
    }
    if (c == 'j' || c == 'J') {
        kind = "imaginary";
        c = kr_tok_next(t);
    }
    if (!kr_tok_number_ends(t, c, kind)) return false;
    kr_tok_back(t, c);
    return true;
}

/* Reads a number that starts with the digit c. */
static bool kr_tok_number(KrTokenizer *t, int c) {
    if (c != '0') {
        if (!(c = kr_tok_digits(t))) return false;
        return kr_tok_float_tail(t, c);
    }
    c = kr_tok_next(t);
    if (c == 'x' || c == 'X') return kr_tok_radix(t, 16, "hexadecimal");
    if (c == 'o' || c == 'O') return kr_tok_radix(t, 8, "octal");
    if (c == 'b' || c == 'B') return kr_tok_radix(t, 2, "binary");
    for (;;) {
        if (c == '_') {
            c = kr_tok_next(t);
            if (!IS_DIGIT(c)) {
                kr_tok_back(t, c);
                kr_tok_error(t, "invalid decimal literal");
                return false;
            }
        }
        if (c != '0') break;
        c = kr_tok_next(t);
    }
    const char *zeros_end = t->cur;
    bool nonzero = IS_DIGIT(c);
    if (nonzero && !(c = kr_tok_digits(t))) return false;
    if (c == '.' || c == 'e' || c == 'E' || c == 'j' || c == 'J') return kr_tok_float_tail(t, c);
    if (nonzero) {
        kr_tok_back(t, c);
        kr_tokenizer_error_at(t, (int)(t->start + 1 - t->line_start), (int)(zeros_end - t->line_start),
                              "leading zeros in decimal integer literals are not permitted; "
                              "use an 0o prefix for octal integers");
        return false;
    }
    if (!kr_tok_number_ends(t, c, "decimal")) return false;
    kr_tok_back(t, c);
    return true;
}

/* ---------------------------------------------------------------- strings */

/* Reads the rest of a string whose first quote was just read; false after an error. */
static bool kr_tok_string(KrTokenizer *t, int quote) {
    t->first_lineno = t->lineno;
    t->multi_line_start = t->line_start;
    int size = 1, closing = 0, c = kr_tok_next(t);
    if (c == quote) {
        c = kr_tok_next(t);
        if (c == quote) size = 3;
        else closing = 1;            /* the empty string */
    }
    if (c != quote) kr_tok_back(t, c);
    while (closing != size) {
        c = kr_tok_next(t);
        if (c == TOK_EOF || (size == 1 && c == '\n')) {
            int last = t->lineno;
            t->cur = t->start + 1;
            t->line_start = t->multi_line_start;
            t->lineno = t->first_lineno;
            kr_tok_error(t, size == 3 ? "unterminated triple-quoted string literal (detected at line %d)"
                                      : "unterminated string literal (detected at line %d)", last);
            if (c != '\n') t->done = KR_TOK_EOF_IN_STRING;
            return false;
        }
        if (c == quote) {
            closing++;
        } else {
            closing = 0;
            if (c == '\\') kr_tok_next(t);
        }
    }
    return true;
}

/* ---------------------------------------------------------------- operators */

int kr_token_of_char(int c) {
    static const unsigned char types[128] = {
        ['('] = TK_LPAR, [')'] = TK_RPAR, ['['] = TK_LSQB, [']'] = TK_RSQB, [':'] = TK_COLON, [','] = TK_COMMA,
        [';'] = TK_SEMI, ['+'] = TK_PLUS, ['-'] = TK_MINUS, ['*'] = TK_STAR, ['/'] = TK_SLASH, ['|'] = TK_VBAR,
        ['&'] = TK_AMPER, ['<'] = TK_LESS, ['>'] = TK_GREATER, ['='] = TK_EQUAL, ['.'] = TK_DOT, ['%'] = TK_PERCENT,
        ['{'] = TK_LBRACE, ['}'] = TK_RBRACE, ['~'] = TK_TILDE, ['^'] = TK_CIRCUMFLEX, ['@'] = TK_AT,
    };
    int type = c >= 0 && c < 128 ? types[c] : 0;
    return type ? type : TK_OP;
}

/* The operator that begins with c, at t->cur - 1; consumes its further characters. */
static int kr_tok_operator(KrTokenizer *t, int c) {
    static const struct { char text[4]; unsigned char type; } longer[] = {
        {"**=", TK_DOUBLESTAREQUAL}, {"//=", TK_DOUBLESLASHEQUAL}, {"<<=", TK_LEFTSHIFTEQUAL}, {">>=", TK_RIGHTSHIFTEQUAL},
        {"**", TK_DOUBLESTAR}, {"//", TK_DOUBLESLASH}, {"<<", TK_LEFTSHIFT}, {">>", TK_RIGHTSHIFT}, {"!=", TK_NOTEQUAL},
        {"<>", TK_NOTEQUAL}, {"==", TK_EQEQUAL}, {"<=", TK_LESSEQUAL}, {">=", TK_GREATEREQUAL}, {"->", TK_RARROW},
        {":=", TK_COLONEQUAL}, {"+=", TK_PLUSEQUAL}, {"-=", TK_MINEQUAL}, {"*=", TK_STAREQUAL}, {"/=", TK_SLASHEQUAL},
        {"%=", TK_PERCENTEQUAL}, {"&=", TK_AMPEREQUAL}, {"|=", TK_VBAREQUAL}, {"^=", TK_CIRCUMFLEXEQUAL}, {"@=", TK_ATEQUAL},
    };
    int d = (unsigned char)*t->cur;
    if (t->cur < t->inp && (d == '=' || d == '*' || d == '/' || d == '<' || d == '>')) {
        for (size_t i = 0; i < KR_ARRAY_LEN(longer); i++) {
            const char *text = longer[i].text;
            if (text[0] == c && text[1] == d && (!text[2] || text[2] == t->cur[1])) {
                t->cur += text[2] ? 2 : 1;
                return longer[i].type;
            }
        }
    }
    return kr_token_of_char(c);
}

/* Keeps the books about an opening or closing parenthesis. */
static bool kr_tok_parenthesis(KrTokenizer *t, int c) {
    if (c == '(' || c == '[' || c == '{') {
        if (t->level >= KR_MAX_PARENS) {
            kr_tok_error(t, "too many nested parentheses");
            return false;
        }
        t->paren[t->level] = (char)c;
        t->paren_line[t->level] = t->lineno;
        t->paren_col[t->level] = (int)(t->start - t->line_start);
        t->level++;
        return true;
    }
    if (!t->level) {
        kr_tok_error(t, "unmatched '%c'", c);
        return false;
    }
    t->level--;
    int opening = t->paren[t->level];
    if (c == (opening == '(' ? ')' : opening + 2)) return true;
    if (t->paren_line[t->level] != t->lineno)
        kr_tok_error(t, "closing parenthesis '%c' does not match opening parenthesis '%c' on line %d", c, opening,
                     t->paren_line[t->level]);
    else
        kr_tok_error(t, "closing parenthesis '%c' does not match opening parenthesis '%c'", c, opening);
    return false;
}

/* ---------------------------------------------------------------- lines */

/* After a backslash: the newline must follow, and a further line. Its first character, unread, is next. */
static bool kr_tok_continue_line(KrTokenizer *t) {
    int c = kr_tok_next(t);
    if (c != '\n') {
        t->done = KR_TOK_LINE_CONTINUATION;
        return false;
    }
    c = kr_tok_next(t);
    if (c == TOK_EOF) {
        t->done = KR_TOK_EOF;
        t->cur = t->inp;
        return false;
    }
    kr_tok_back(t, c);
    return true;
}

static bool kr_tok_fail_line(KrTokenizer *t, KrTokenizerDone why) {
    t->done = why;
    t->cur = t->inp;
    return false;
}

/* Measures a line's indentation and sets `pending`. *blank: the line has no code. */
static bool kr_tok_indentation(KrTokenizer *t, bool *blank) {
    int col = 0, alt = 0, continued = 0, c;
    for (;;) {
        c = kr_tok_next(t);
        if (c == ' ') {
            col++;
            alt++;
        } else if (c == '\t') {
            col = (col / 8 + 1) * 8;
            alt++;
        } else if (c == '\014') {
            col = alt = 0;
        } else if (c == '\\') {
            if (!continued) continued = col;
            if (!kr_tok_continue_line(t)) return false;
        } else {
            break;
        }
    }
    kr_tok_back(t, c);
    if (c == '#' || c == '\n') *blank = true;
    if (*blank || t->level) return true;
    if (continued) col = alt = continued;
    if (col == t->columns[t->indent]) {
        if (alt != t->alt_columns[t->indent]) return kr_tok_fail_line(t, KR_TOK_TABS);
    } else if (col > t->columns[t->indent]) {
        if (t->indent + 1 >= KR_MAX_INDENT) return kr_tok_fail_line(t, KR_TOK_TOO_DEEP);
        if (alt <= t->alt_columns[t->indent]) return kr_tok_fail_line(t, KR_TOK_TABS);
        t->pending++;
        t->columns[++t->indent] = col;
        t->alt_columns[t->indent] = alt;
    } else {
        while (t->indent > 0 && col < t->columns[t->indent]) {
            t->pending--;
            t->indent--;
        }
        if (col != t->columns[t->indent]) return kr_tok_fail_line(t, KR_TOK_DEDENT);
        if (alt != t->alt_columns[t->indent]) return kr_tok_fail_line(t, KR_TOK_TABS);
    }
    return true;
}

/* The comment [start, cur) as a token, or 0 when it is only a comment. */
static int kr_tok_type_comment(KrTokenizer *t, const char *text, bool blank, const char **start, const char **end) {
    const char *p = text;
    for (const char *prefix = "# type: "; *prefix; prefix++) {
        if (*prefix == ' ') {
            while (p < t->cur && (*p == ' ' || *p == '\t')) p++;
        } else if (p < t->cur && *p == *prefix) {
            p++;
        } else {
            return 0;
        }
    }
    const char *after = p + 6;
    bool ignore = t->cur >= after && !memcmp(p, "ignore", 6) &&
                  !(t->cur > after && ((unsigned char)*after >= 128 || Py_ISALNUM(*after)));
    if (!ignore) {
        *start = p;
        *end = t->cur;
        return TK_TYPE_COMMENT;
    }
    *start = after;
    *end = t->cur;
    if (blank) {                       /* alone on its line: the newline goes with it */
        kr_tok_next(t);
        t->at_line_start = true;
    }
    return TK_TYPE_IGNORE;
}

/* ---------------------------------------------------------------- async before 3.7 */

/* The type of the name async or await where these are names outside of an async def. */
static KR_COLD int kr_tok_old_async(KrTokenizer *t, const char **start, const char **end) {
    if (t->in_async_def) return t->start[1] == 's' ? TK_ASYNC : TK_AWAIT;
    if (t->start[1] != 's') return TK_NAME;
    KrTokenizer ahead = *t;
    ahead.owned_source = NULL;
    const char *next_start, *next_end;
    int type = kr_tokenizer_next(&ahead, &next_start, &next_end);
    if (type == TK_NAME && next_end - next_start == 3 && !memcmp(next_start, "def", 3)) {
        t->async_def_indent = t->indent;
        t->in_async_def = true;
        return TK_ASYNC;
    }
    if (type == TK_ERRORTOKEN) PyErr_Clear();
    return TK_NAME;
}

/* ---------------------------------------------------------------- the next token */

/* A token whose end was found by looking at the next character: at the end of the text that is noted. */
KR_INLINE void kr_tok_look_ahead(KrTokenizer *t) {
    if (KR_UNLIKELY(!*t->cur)) t->done = KR_TOK_EOF;
}

int kr_tokenizer_next(KrTokenizer *t, const char **p_start, const char **p_end) {
    *p_start = *p_end = NULL;
    int c;
    bool blank;
next_line:
    t->start = NULL;
    blank = false;
    if (t->at_line_start) {
        t->at_line_start = false;
        if (!kr_tok_indentation(t, &blank)) return TK_ERRORTOKEN;
    }
    t->start = t->cur;
    if (t->pending) {
        if (t->pending < 0) {
            t->pending++;
            return TK_DEDENT;
        }
        t->pending--;
        return TK_INDENT;
    }
    if (KR_UNLIKELY(t->in_async_def)) {
        c = kr_tok_next(t);
        kr_tok_back(t, c);
        if (!blank && t->level == 0 && t->async_def_had_newline && t->async_def_indent >= t->indent)
            t->in_async_def = t->async_def_had_newline = false;
    }
again:
    t->start = NULL;
    do c = kr_tok_next(t);
    while (c == ' ' || c == '\t' || c == '\014');
    t->start = t->cur - (c != TOK_EOF);
    if (c == '#') {
        const char *text = t->cur - 1;
        while (t->cur < t->inp && *t->cur != '\n') t->cur++;
        if (t->type_comments) {
            int type = kr_tok_type_comment(t, text, blank, p_start, p_end);
            if (type && blank) t->async_def_had_newline = false;    /* the line's end will come */
            if (type) return type;
        }
        c = kr_tok_next(t);
    }
    if (c == TOK_EOF) {
        if (t->level && !t->stop_at_end) return TK_ERRORTOKEN;
        return t->done == KR_TOK_EOF ? TK_ENDMARKER : TK_ERRORTOKEN;
    }
    if (IS_ID_START(c)) {
        /* b, r, u, f and their combinations may be the prefix of a string. */
        bool b = false, u = false, r = false, f = false, ascii = true;
        for (;;) {
            if (!(b || u || f) && (c == 'b' || c == 'B')) b = true;
            else if (!(b || u || r || f) && (c == 'u' || c == 'U')) u = true;
            else if (!(r || u) && (c == 'r' || c == 'R')) r = true;
            else if (!(f || b || u) && (c == 'f' || c == 'F')) f = true;
            else break;
            c = kr_tok_next(t);
            if (c == '"' || c == '\'') goto string;
        }
        const unsigned char *p = (const unsigned char *)t->cur;
        if (IS_ID(c)) {
            if (c >= 128) ascii = false;
            while (kr_char_class[*p] & CC_ID) {
                if (*p >= 128) ascii = false;
                p++;
            }
            t->cur = (const char *)p;
        } else {
            kr_tok_back(t, c);
        }
        if (!ascii && !kr_tok_check_name(t)) return TK_ERRORTOKEN;
        *p_start = t->start;
        *p_end = t->cur;
        kr_tok_look_ahead(t);
        if (t->cur - t->start == 5 && t->start[0] == 'a') {
            bool is_async = !memcmp(t->start, "async", 5);
            if (is_async || !memcmp(t->start, "await", 5)) {
                if (t->async_as_name) return kr_tok_old_async(t, p_start, p_end);
                return is_async ? TK_ASYNC : TK_AWAIT;
            }
        }
        return TK_NAME;
    }
    if (c == '\n') {
        t->at_line_start = true;
        if (blank || t->level > 0) goto next_line;
        *p_start = t->start;
        *p_end = t->cur - 1;
        if (t->in_async_def) t->async_def_had_newline = true;
        return TK_NEWLINE;
    }
    if (c == '.') {
        c = kr_tok_next(t);
        if (IS_DIGIT(c)) {
            kr_tok_back(t, c);
            if (!kr_tok_float_tail(t, '.')) return TK_ERRORTOKEN;
            *p_start = t->start;
            *p_end = t->cur;
            return TK_NUMBER;
        }
        *p_start = t->start;
        if (c == '.') {
            c = kr_tok_next(t);
            if (c == '.') {
                *p_end = t->cur;
                return TK_ELLIPSIS;
            }
            kr_tok_back(t, c);
            kr_tok_back(t, '.');
        } else {
            kr_tok_back(t, c);
        }
        *p_end = t->cur;
        return TK_DOT;
    }
    if (IS_DIGIT(c)) {
        if (!kr_tok_number(t, c)) return TK_ERRORTOKEN;
        kr_tok_look_ahead(t);
        *p_start = t->start;
        *p_end = t->cur;
        return TK_NUMBER;
    }
    if (c == '"' || c == '\'') {
    string:
        if (!kr_tok_string(t, c)) return TK_ERRORTOKEN;
        *p_start = t->start;
        *p_end = t->cur;
        return TK_STRING;
    }
    if (c == '\\') {
        if (!kr_tok_continue_line(t)) return TK_ERRORTOKEN;
        goto again;
    }
    int type = kr_tok_operator(t, c);
    if (t->cur - t->start == 1) {
        if (c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}') {
            if (!kr_tok_parenthesis(t, c)) return TK_ERRORTOKEN;
        } else if (type == TK_OP && !Py_UNICODE_ISPRINTABLE((Py_UCS4)c)) {
            return kr_tok_error(t, "invalid non-printable character U+00%c%c", c >> 4 | '0', "0123456789ABCDEF"[c & 15]);
        }
    }
    *p_start = t->start;
    *p_end = t->cur;
    kr_tok_look_ahead(t);
    return type;
}
