/* parser.c - the parser's engine: tokens, identifiers, lists, errors, and the two passes.
 *
 * Tokens live in chunks that never move. kr_parse runs the first pass; if that fails without an exception, the
 * second pass looks for a known mistake, and if there is none either, the error is "invalid syntax" at the furthest token
 * of the first pass. An error that the tokenizer finds in the rest of the source goes before such an error.
 */
#include "syntax/parser.h"
#include <stdarg.h>

/* ---------------------------------------------------------------- tokens */

/* The keyword's type, or TK_NAME. */
static int kr_keyword(const char *s, size_t len) {
    static const struct { char text[9]; unsigned char type; } words[] = {
        {"False", K_False}, {"None", K_None}, {"True", K_True}, {"and", K_and}, {"as", K_as}, {"assert", K_assert},
        {"break", K_break}, {"class", K_class}, {"continue", K_continue}, {"def", K_def}, {"del", K_del},
        {"elif", K_elif}, {"else", K_else}, {"except", K_except}, {"finally", K_finally}, {"for", K_for},
        {"from", K_from}, {"global", K_global}, {"if", K_if}, {"import", K_import}, {"in", K_in}, {"is", K_is},
        {"lambda", K_lambda}, {"nonlocal", K_nonlocal}, {"not", K_not}, {"or", K_or}, {"pass", K_pass},
        {"raise", K_raise}, {"return", K_return}, {"try", K_try}, {"while", K_while}, {"with", K_with},
        {"yield", K_yield},
    };
    /* Index of the first word that starts with a letter, and of the end. */
    static const unsigned char first[26][2] = {
        ['a' - 'a'] = {3, 6}, ['b' - 'a'] = {6, 7}, ['c' - 'a'] = {7, 9}, ['d' - 'a'] = {9, 11}, ['e' - 'a'] = {11, 14},
        ['f' - 'a'] = {14, 17}, ['g' - 'a'] = {17, 18}, ['i' - 'a'] = {18, 22}, ['l' - 'a'] = {22, 23},
        ['n' - 'a'] = {23, 25}, ['o' - 'a'] = {25, 26}, ['p' - 'a'] = {26, 27}, ['r' - 'a'] = {27, 29},
        ['t' - 'a'] = {29, 30}, ['w' - 'a'] = {30, 32}, ['y' - 'a'] = {32, 33},
    };
    if (len < 2 || len > 8) return TK_NAME;
    size_t from, to;
    if (s[0] >= 'a' && s[0] <= 'z') {
        from = first[s[0] - 'a'][0];
        to = first[s[0] - 'a'][1];
    } else {
        from = 0;
        to = 3;
    }
    for (; from < to; from++)
        if (words[from].text[1] == s[1] && !memcmp(words[from].text, s, len) && !words[from].text[len])
            return words[from].type;
    return TK_NAME;
}

/* Raises "'(' was never closed" about the innermost open parenthesis. */
static void *kr_raise_unclosed(KrParser *p) {
    KrTokenizer *t = p->tok;
    int i = t->level - 1;
    return kr_raise_at(p, PyExc_SyntaxError, t->paren_line[i], t->paren_col[i], t->paren_line[i], -1,
                       "'%c' was never closed", t->paren[i]);
}

/* Words the error that the tokenizer noted. */
static void kr_raise_tokenizer_error(KrParser *p) {
    KrTokenizer *t = p->tok;
    PyObject *type = PyExc_SyntaxError;
    const char *message;
    int col = 0;
    if (t->done != KR_TOK_BAD_UTF8 && PyErr_Occurred()) {
        p->error = true;
        return;
    }
    switch (t->done) {
    case KR_TOK_BAD_UTF8:
        kr_raise_decode_problem(p);
        return;
    case KR_TOK_EOF:
        if (t->level) kr_raise_unclosed(p);
        else kr_error_here(p, "unexpected EOF while parsing");
        p->error = true;
        return;
    case KR_TOK_DEDENT:
        kr_indentation_error(p, "unindent does not match any outer indentation level");
        return;
    case KR_TOK_TABS:
        type = PyExc_TabError;
        message = "inconsistent use of tabs and spaces in indentation";
        break;
    case KR_TOK_TOO_DEEP:
        type = PyExc_IndentationError;
        message = "too many levels of indentation";
        break;
    case KR_TOK_LINE_CONTINUATION:
        col = (int)(t->cur - t->buf) - 1;
        message = "unexpected character after line continuation character";
        break;
    default:
        message = "unknown parsing error";
        break;
    }
    kr_raise_at(p, type, t->lineno, col >= 0 ? col : 0, t->lineno, -1, "%s", message);
}

/* Remembers a "# type: ignore" comment. */
static int kr_add_type_ignore(KrParser *p, const char *start, const char *end) {
    Kr_type_ignore *ignore = kr_new_node(p, sizeof *ignore);
    PyObject *tag = PyUnicode_DecodeUTF8(start, end - start, NULL);
    if (!ignore || !tag || kr_arena_own(p->arena, tag) < 0) {
        p->error = true;
        return -1;
    }
    ignore->kind = KR_type_ignore_TypeIgnore;
    ignore->v.TypeIgnore.lineno = p->tok->lineno;
    ignore->v.TypeIgnore.tag = tag;
    if (p->n_type_ignores == p->type_ignores_capacity) {
        size_t capacity = p->type_ignores_capacity ? p->type_ignores_capacity * 2 : 8;
        void **items = PyMem_Realloc(p->type_ignores, capacity * sizeof(void *));
        if (!items) {
            PyErr_NoMemory();
            p->error = true;
            return -1;
        }
        p->type_ignores = items;
        p->type_ignores_capacity = capacity;
    }
    p->type_ignores[p->n_type_ignores++] = ignore;
    return 0;
}

static const KrToken kr_error_token = {.type = TK_ERRORTOKEN, .col = -1, .end_col = -1};

KR_NOINLINE KrToken *kr_parser_fill(KrParser *p) {
    if (p->error) return (KrToken *)&kr_error_token;
    if (p->fill == p->n_chunks * KR_TOKEN_CHUNK) {
        KrToken **chunks = PyMem_Realloc(p->chunks, (size_t)(p->n_chunks + 1) * sizeof(KrToken *));
        if (chunks) p->chunks = chunks;
        KrToken *chunk = chunks ? PyMem_Malloc(KR_TOKEN_CHUNK * sizeof(KrToken)) : NULL;
        if (!chunk) {
            PyErr_NoMemory();
            p->error = true;
            return (KrToken *)&kr_error_token;
        }
        p->chunks[p->n_chunks++] = chunk;
    }
    KrTokenizer *tok = p->tok;
    const char *start, *end;
    int type = kr_tokenizer_next(tok, &start, &end);
    while (type == TK_TYPE_IGNORE) {
        if (kr_add_type_ignore(p, start, end) < 0) return (KrToken *)&kr_error_token;
        type = kr_tokenizer_next(tok, &start, &end);
    }
    if (p->start_rule == KR_PARSE_SINGLE && type == TK_ENDMARKER && p->parsing_started) {
        type = TK_NEWLINE;
        p->parsing_started = false;
        if (tok->indent && !(p->flags & PyCF_DONT_IMPLY_DEDENT)) {
            tok->pending = -tok->indent;
            tok->indent = 0;
        }
    } else {
        p->parsing_started = true;
    }
    KrToken *t = KR_TOKEN_AT(p, p->fill);
    t->type = type == TK_NAME ? kr_keyword(start, (size_t)(end - start)) : type;
    t->start = start;
    t->end = end;
    t->level = tok->level;
    t->memo = NULL;
    const char *line_start = type == TK_STRING ? tok->multi_line_start : tok->line_start;
    t->lineno = type == TK_STRING ? tok->first_lineno : tok->lineno;
    t->end_lineno = tok->lineno;
    t->col = start && start >= line_start ? (int)(start - line_start) : -1;
    t->end_col = end && end >= tok->line_start ? (int)(end - tok->line_start) : -1;
    if (KR_UNLIKELY(p->starting_lineno)) {
        if (tok->lineno == p->starting_lineno) {
            t->col += p->starting_col;
            t->end_col += p->starting_col;
        }
    }
    p->fill++;
    if (KR_UNLIKELY(type == TK_ERRORTOKEN)) {
        kr_raise_tokenizer_error(p);
        p->error = true;
    }
    return t;
}

KrToken *kr_previous_visible(KrParser *p) {
    int i = p->mark - 1;
    KrToken *t = KR_TOKEN_AT(p, i);
    while (i > 0 && (t->type == TK_ENDMARKER || (t->type >= TK_NEWLINE && t->type <= TK_DEDENT))) {
        i--;
        t = KR_TOKEN_AT(p, i);
    }
    return t;
}

KrToken *kr_expect_forced(KrParser *p, int type, const char *text) {
    KrToken *t = kr_peek(p);
    if (p->error) return NULL;
    if (t->type == type) {
        p->mark++;
        return t;
    }
    return kr_error_span(p, kr_token_span(t), "expected '%s'", text);
}

/* ---------------------------------------------------------------- identifiers */

static int kr_identifiers_grow(KrParser *p) {
    unsigned size = p->identifiers ? (p->identifiers_mask + 1) * 2 : 256;
    KrIdentifier *table = PyMem_Calloc(size, sizeof(KrIdentifier));
    if (!table) {
        PyErr_NoMemory();
        return -1;
    }
    for (unsigned i = 0; p->identifiers && i <= p->identifiers_mask; i++) {
        KrIdentifier *old = &p->identifiers[i];
        if (!old->name) continue;
        unsigned k = old->hash & (size - 1);
        while (table[k].name) k = (k + 1) & (size - 1);
        table[k] = *old;
    }
    PyMem_Free(p->identifiers);
    p->identifiers = table;
    p->identifiers_mask = size - 1;
    return 0;
}

/* NFKC form of a name with non-ASCII characters. */
static PyObject *kr_normalize_identifier(KrParser *p, PyObject *name) {
    if (!p->normalize) {
        PyObject *module = PyImport_ImportModule("unicodedata");
        if (!module) return NULL;
        p->normalize = PyObject_GetAttrString(module, "normalize");
        Py_DECREF(module);
        if (!p->normalize) return NULL;
    }
    PyObject *result = PyObject_CallFunction(p->normalize, "sO", "NFKC", name);
    if (result && !PyUnicode_Check(result)) {
        PyErr_Format(PyExc_TypeError, "unicodedata.normalize() must return a string, not %.200s", Py_TYPE(result)->tp_name);
        Py_CLEAR(result);
    }
    return result;
}

PyObject *kr_identifier(KrParser *p, const KrToken *t) {
    int len = (int)(t->end - t->start);
    unsigned hash = 2166136261u, ascii = 0;
    for (int i = 0; i < len; i++) {
        unsigned char c = (unsigned char)t->start[i];
        ascii |= c;
        hash = (hash ^ c) * 16777619u;
    }
    hash ^= hash >> 15;
    if (KR_UNLIKELY(p->n_identifiers * 3 >= p->identifiers_mask * 2) && kr_identifiers_grow(p) < 0) goto error;
    unsigned k = hash & p->identifiers_mask;
    for (; p->identifiers[k].name; k = (k + 1) & p->identifiers_mask) {
        KrIdentifier *id = &p->identifiers[k];
        if (id->hash == hash && id->len == len && !memcmp(id->start, t->start, (size_t)len)) return id->name;
    }
    PyObject *name = PyUnicode_DecodeUTF8(t->start, len, NULL);
    if (name && ascii >= 128) Py_SETREF(name, kr_normalize_identifier(p, name));
    if (!name) goto error;
    PyUnicode_InternInPlace(&name);
    if (kr_arena_own(p->arena, name) < 0) goto error;
    p->identifiers[k] = (KrIdentifier){t->start, len, hash, name};
    p->n_identifiers++;
    return name;
error:
    p->error = true;
    return NULL;
}

/* ---------------------------------------------------------------- lists, depth, memo */

int kr_push(KrParser *p, void *item) {
    if (KR_UNLIKELY(p->n_stack == p->stack_capacity)) {
        size_t capacity = p->stack_capacity ? p->stack_capacity * 2 : 256;
        void **stack = PyMem_Realloc(p->stack, capacity * sizeof(void *));
        if (!stack) {
            PyErr_NoMemory();
            p->error = true;
            return -1;
        }
        p->stack = stack;
        p->stack_capacity = capacity;
    }
    p->stack[p->n_stack++] = item;
    return 0;
}

int kr_pop_seq(KrParser *p, size_t base, KrSeq **out) {
    size_t n = p->n_stack - base;
    *out = NULL;
    p->n_stack = base;
    if (!n) return 0;
    *out = kr_seq_new(p->arena, (Py_ssize_t)n);
    if (!*out) {
        p->error = true;
        return -1;
    }
    memcpy((*out)->items, p->stack + base, n * sizeof(void *));
    return 0;
}

KR_COLD bool kr_deeper_slow(KrParser *p) {
    if (!p->error) PyErr_NoMemory();
    p->error = true;
    return false;
}

void *kr_memoized(KrParser *p, int rule, void *(*parse)(KrParser *)) {
    KrToken *t = kr_peek(p);
    if (p->error) return NULL;
    for (KrMemo *m = t->memo; m; m = m->next) {
        if (m->rule != rule) continue;
        p->mark = m->end;
        return m->node;
    }
    void *node = parse(p);
    if (p->error) return NULL;
    KrMemo *m = kr_new_node(p, sizeof *m);
    if (!m) return NULL;
    *m = (KrMemo){rule, p->mark, node, t->memo};
    t->memo = m;
    return node;
}

/* ---------------------------------------------------------------- errors */

/* Line `lineno` of the source, as far as it has been read. */
static PyObject *kr_line_of_source(KrParser *p, int lineno) {
    const char *line = p->tok->source;
    int relative = p->starting_lineno ? lineno - p->starting_lineno + 1 : lineno;
    for (int i = 0; i < relative - 1; i++) {
        const char *newline = strchr(line, '\n');
        if (!newline || newline + 1 > p->tok->inp) break;
        line = newline + 1;
    }
    return PyUnicode_DecodeUTF8(line, (Py_ssize_t)strcspn(line, "\n"), "replace");
}

/* 1-based column in characters from one in bytes. */
static Py_ssize_t kr_column_in_characters(PyObject *line, Py_ssize_t column) {
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(line, &len);
    if (!text || column < 0) return text ? column : -1;
    if (column > len + 1) column = len + 1;
    PyObject *head = PyUnicode_DecodeUTF8(text, column, "replace");
    if (!head) return -1;
    column = PyUnicode_GET_LENGTH(head);
    Py_DECREF(head);
    return column;
}

/* Raises with 1-based columns in bytes; 0 or less stays as it is. */
static void *kr_raise_columns(KrParser *p, PyObject *type, int lineno, Py_ssize_t col, int end_lineno, Py_ssize_t end_col,
                              const char *format, va_list args) {
    PyObject *message = NULL, *line = NULL, *value = NULL;
    if (p->error && PyErr_Occurred()) return NULL;
    p->error = true;
    if (end_lineno == KR_CURRENT_POS) end_lineno = p->tok->lineno;
    if (end_col == KR_CURRENT_POS) end_col = p->tok->cur - p->tok->line_start;
    message = PyUnicode_FromFormatV(format, args);
    if (!message) goto done;
    if (p->start_rule == KR_PARSE_FSTRING) {
        Py_SETREF(message, PyUnicode_FromFormat("f-string: %U", message));
        if (!message) goto done;
    }
    if (p->start_rule == KR_PARSE_FILE) {
        line = _PyErr_ProgramDecodedTextObject(p->tok->filename, lineno, *p->tok->encoding ? p->tok->encoding : NULL);
        if (!line) PyErr_Clear();
    }
    if (!line) {
        KrTokenizer *t = p->tok;
        if (t->lineno <= lineno && t->inp > t->buf) line = PyUnicode_DecodeUTF8(t->buf, t->inp - t->buf, "replace");
        else line = kr_line_of_source(p, lineno);
        if (!line) goto done;
    }
    if (p->start_rule == KR_PARSE_FSTRING) {
        col -= p->starting_col;
        end_col -= p->starting_col;
    }
    if (p->tok->has_encoding) {
        col = kr_column_in_characters(line, col);
        if (end_col > 0) end_col = kr_column_in_characters(line, end_col);
        if (PyErr_Occurred()) goto done;
    }
    value = Py_BuildValue("(O(OinOin))", message, p->tok->filename, lineno, col, line, end_lineno, end_col);
    if (value) PyErr_SetObject(type, value);
done:
    Py_XDECREF(message);
    Py_XDECREF(line);
    Py_XDECREF(value);
    return NULL;
}

void *kr_raise_at(KrParser *p, PyObject *type, int lineno, int col, int end_lineno, int end_col, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_columns(p, type, lineno, col == KR_CURRENT_POS ? col : col + 1, end_lineno,
                     end_col == KR_CURRENT_POS ? end_col : end_col + 1, format, args);
    va_end(args);
    return NULL;
}

/* Raises at the last token read. */
static void *kr_raise_here(KrParser *p, PyObject *type, const char *format, va_list args) {
    if (p->error && PyErr_Occurred()) return NULL;
    if (!p->fill) return kr_raise_columns(p, type, 0, 0, 0, -1, format, args);
    KrToken *t = KR_TOKEN_AT(p, p->fill - 1);
    KrTokenizer *tok = p->tok;
    Py_ssize_t col, end_col = -1;
    if (t->col == -1) col = tok->cur == tok->buf ? 0 : tok->cur - tok->line_start;
    else col = t->col + 1;
    if (t->end_col != -1) end_col = t->end_col + 1;
    return kr_raise_columns(p, type, t->lineno, col, t->end_lineno, end_col, format, args);
}

void *kr_error_here(KrParser *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_here(p, PyExc_SyntaxError, format, args);
    va_end(args);
    return NULL;
}

void *kr_indentation_error(KrParser *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_here(p, PyExc_IndentationError, format, args);
    va_end(args);
    return NULL;
}

void *kr_error_span(KrParser *p, KrSpan at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_columns(p, PyExc_SyntaxError, at.lineno, at.col_offset + 1, at.end_lineno, at.end_col_offset + 1, format, args);
    va_end(args);
    return NULL;
}

void *kr_error_range(KrParser *p, KrSpan from, KrSpan to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_columns(p, PyExc_SyntaxError, from.lineno, from.col_offset + 1, to.end_lineno, to.end_col_offset + 1, format, args);
    va_end(args);
    return NULL;
}

void *kr_error_from(KrParser *p, KrSpan from, const char *format, ...) {
    va_list args;
    va_start(args, format);
    kr_raise_columns(p, PyExc_SyntaxError, from.lineno, from.col_offset + 1, KR_CURRENT_POS, KR_CURRENT_POS, format, args);
    va_end(args);
    return NULL;
}

/* Turns a UnicodeError or ValueError about a literal or name into a SyntaxError; another exception stays. */
void *kr_raise_decode_problem(KrParser *p) {
    const char *kind = NULL;
    if (PyErr_ExceptionMatches(PyExc_UnicodeError)) kind = "unicode error";
    else if (PyErr_ExceptionMatches(PyExc_ValueError)) kind = "value error";
    if (kind) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        PyObject *text = value ? PyObject_Str(value) : NULL;
        if (text) {
            kr_error_here(p, "(%s) %U", kind, text);
            Py_DECREF(text);
        } else {
            PyErr_Clear();
            kr_error_here(p, "(%s) unknown error", kind);
        }
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    p->error = true;
    return NULL;
}

bool kr_check_version(KrParser *p, int minor, const char *what) {
    if (KR_LIKELY(p->feature_version >= minor)) return true;
    kr_error_here(p, "%s only supported in Python 3.%i and greater", what, minor);
    return false;
}

/* ---------------------------------------------------------------- the passes */

/* With a SyntaxError set: reads the rest of the source; an error that the tokenizer finds there replaces it. */
static void kr_tokenize_rest(KrParser *p) {
    PyObject *type, *value, *traceback;
    if (p->flags & KR_CF_PROMPT) return;
    PyErr_Fetch(&type, &value, &traceback);
    int line = KR_TOKEN_AT(p, p->fill - 1)->lineno;
    for (;;) {
        const char *start, *end;
        int token = kr_tokenizer_next(p->tok, &start, &end);
        if (token == TK_ERRORTOKEN) {
            if (!PyErr_Occurred() && p->tok->level && line > p->tok->paren_line[p->tok->level - 1]) {
                p->error = false;
                kr_raise_unclosed(p);
            }
            break;
        }
        if (token == TK_ENDMARKER) break;
    }
    if (PyErr_Occurred() && p->tok->done != KR_TOK_BAD_UTF8) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    } else {
        PyErr_Restore(type, value, traceback);
    }
}

/* After the second pass: sees to it that the right exception is set. */
static void kr_finish_error(KrParser *p, KrToken *furthest) {
    KrTokenizer *t = p->tok;
    if (PyErr_Occurred()) {
        if (t->done == KR_TOK_OK && PyErr_ExceptionMatches(PyExc_SyntaxError)) kr_tokenize_rest(p);
        return;
    }
    p->error = false;
    if (!p->fill) {
        kr_error_here(p, "error at start before reading any input");
    } else if (furthest->type == TK_ERRORTOKEN && t->done == KR_TOK_EOF) {
        if (t->level) kr_raise_unclosed(p);
        else kr_error_here(p, "unexpected EOF while parsing");
    } else if (furthest->type == TK_INDENT) {
        kr_indentation_error(p, "unexpected indent");
    } else if (furthest->type == TK_DEDENT) {
        kr_indentation_error(p, "unexpected unindent");
    } else {
        kr_error_span(p, kr_token_span(furthest), "invalid syntax");
        kr_tokenize_rest(p);
    }
}

static Kr_mod *kr_new_mod(KrParser *p, Kr_mod mod) {
    Kr_mod *node = kr_new_node(p, sizeof *node);
    if (node) *node = mod;
    return node;
}

/* The rest of "(int, *str) -> bool". */
static Kr_mod *kr_parse_func_type(KrParser *p) {
    size_t base = p->n_stack;
    Kr_expr *e = NULL, *star = NULL, *twostar = NULL;
    if (!kr_accept(p, TK_LPAR)) return NULL;
    /* Positional types, then at most one *type and one **type. */
    while (!kr_at(p, TK_RPAR)) {
        bool one = kr_at(p, TK_STAR), two = kr_at(p, TK_DOUBLESTAR);
        if (twostar || (star && !two)) goto fail;
        if (one || two) p->mark++;
        e = kr_parse_expression(p);
        if (!e || kr_push(p, e) < 0) goto fail;
        if (one) star = e;
        if (two) twostar = e;
        if (twostar || !kr_at(p, TK_COMMA)) break;
        p->mark++;
        if (kr_at(p, TK_RPAR)) goto fail;
    }
    KrSeq *args;
    if (!kr_accept(p, TK_RPAR) || !kr_accept(p, TK_RARROW) || !(e = kr_parse_expression(p))) goto fail;
    while (kr_accept(p, TK_NEWLINE)) {}
    if (!kr_accept(p, TK_ENDMARKER) || kr_pop_seq(p, base, &args) < 0) goto fail;
    return kr_new_mod(p, (Kr_mod){.kind = KR_mod_FunctionType, .v.FunctionType = {args, e}});
fail:
    p->n_stack = base;
    return NULL;
}

/* One pass: a module (an expression for an f-string), or NULL. */
static void *kr_parse_start(KrParser *p) {
    KrSeq *body = NULL, *ignores = NULL;
    Kr_expr *e;
    switch (p->start_rule) {
    case KR_PARSE_FILE:
        body = kr_parse_statements(p);
        if (p->error || !kr_accept(p, TK_ENDMARKER)) return NULL;
        if (p->n_type_ignores) {
            ignores = kr_seq_new(p->arena, (Py_ssize_t)p->n_type_ignores);
            if (!ignores) {
                p->error = true;
                return NULL;
            }
            memcpy(ignores->items, p->type_ignores, p->n_type_ignores * sizeof(void *));
        }
        return kr_new_mod(p, (Kr_mod){.kind = KR_mod_Module, .v.Module = {body, ignores}});
    case KR_PARSE_SINGLE: {
        size_t base = p->n_stack;
        Kr_stmt *s = kr_parse_compound(p);
        if (!s) p->mark = 0;
        KrToken *t = kr_peek(p);
        if (p->error) return NULL;
        if (s) {
            if (t->type != TK_NEWLINE || kr_push(p, s) < 0) return NULL;
            p->mark++;
        } else if (t->type == TK_NEWLINE) {
            p->mark++;
            s = KR_STMT(p, Pass, kr_token_span(t));
            if (!s || kr_push(p, s) < 0) return NULL;
        } else if (t->type == TK_ENDMARKER) {
            return NULL;
        } else if (kr_parse_simple_statements(p) < 0) {
            return NULL;
        }
        if (kr_pop_seq(p, base, &body) < 0) return NULL;
        return kr_new_mod(p, (Kr_mod){.kind = KR_mod_Interactive, .v.Interactive = {body}});
    }
    case KR_PARSE_EVAL:
        e = kr_parse_expressions(p);
        if (!e) return NULL;
        while (kr_accept(p, TK_NEWLINE)) {}
        if (!kr_accept(p, TK_ENDMARKER)) return NULL;
        return kr_new_mod(p, (Kr_mod){.kind = KR_mod_Expression, .v.Expression = {e}});
    case KR_PARSE_FUNC_TYPE:
        return kr_parse_func_type(p);
    default:
        return kr_parse_star_expressions(p);
    }
}

/* Anything but blanks and comments after the statement of a single-input source? */
static bool kr_has_more_statements(KrParser *p) {
    const char *s = p->tok->cur;
    for (;;) {
        while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\014') s++;
        if (!*s) return false;
        if (*s != '#') return true;
        s += strcspn(s, "\n");
    }
}

static void *kr_run_parser(KrParser *p) {
    void *result = kr_parse_start(p);
    if (!result) {
        KrTokenizerDone done = p->tok->done;
        if ((p->flags & PyCF_ALLOW_INCOMPLETE_INPUT) && (done == KR_TOK_EOF || done == KR_TOK_EOF_IN_STRING)) {
            PyErr_Clear();
            p->error = false;
            return kr_error_here(p, "incomplete input");
        }
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_SyntaxError)) return NULL;
        KrToken *furthest = p->fill ? KR_TOKEN_AT(p, p->fill - 1) : NULL;
        if (!p->error) {
            p->mark = 0;
            p->level = 0;
            p->n_stack = 0;
            p->diagnose = p->memoize = true;
            for (int i = 0; i < p->fill; i++) KR_TOKEN_AT(p, i)->memo = NULL;
            p->tok->quiet = true;
            p->tok->stop_at_end = (p->flags & KR_CF_PROMPT) != 0;
            kr_parse_start(p);
        }
        kr_finish_error(p, furthest);
        return NULL;
    }
    if (p->start_rule == KR_PARSE_SINGLE && kr_has_more_statements(p))
        return kr_error_here(p, "multiple statements found while compiling a single statement");
    return result;
}

static void kr_parser_clear(KrParser *p) {
    for (int i = 0; i < p->n_chunks; i++) PyMem_Free(p->chunks[i]);
    PyMem_Free(p->chunks);
    PyMem_Free(p->stack);
    PyMem_Free(p->identifiers);
    PyMem_Free(p->type_ignores);
    Py_XDECREF(p->normalize);
}

/* A source that cannot be tokenized at all: SyntaxError without a place. */
static void kr_raise_unreadable(PyObject *filename) {
    if (!PyErr_ExceptionMatches(PyExc_LookupError) && !PyErr_ExceptionMatches(PyExc_SyntaxError) &&
        !PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    PyObject *args = text ? Py_BuildValue("(O(OiiO))", text, filename, 0, -1, Py_None) : NULL;
    if (args) PyErr_SetObject(PyExc_SyntaxError, args);
    Py_XDECREF(args);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

Kr_mod *kr_parse(KrArena *arena, const char *source, Py_ssize_t len, PyObject *filename, int mode, int flags,
                 int feature_version) {
    KrTokenizer tok;
    if (kr_tokenizer_init(&tok, source, len, filename, (flags & PyCF_IGNORE_COOKIE) != 0, mode == KR_PARSE_FILE) < 0) {
        kr_raise_unreadable(filename);
        return NULL;
    }
    KrParser p = {.tok = &tok, .arena = arena, .start_rule = mode, .flags = flags, .feature_version = PY_MINOR_VERSION};
    if ((flags & PyCF_ONLY_AST) && feature_version >= 0) p.feature_version = feature_version;
    tok.type_comments = (flags & PyCF_TYPE_COMMENTS) != 0;
    tok.async_as_name = p.feature_version < 7;
    Kr_mod *mod = kr_run_parser(&p);
    kr_parser_clear(&p);
    kr_tokenizer_clear(&tok);
    return mod;
}

Kr_expr *kr_parse_fstring_expr(KrParser *outer, const char *text, Py_ssize_t len, int lineno_before, int starting_lineno,
                               int starting_col) {
    KrTokenizer tok;
    if (kr_tokenizer_init(&tok, text, len, outer->tok->filename, false, false) < 0) {
        outer->error = true;
        return NULL;
    }
    tok.lineno = lineno_before;
    tok.async_as_name = outer->feature_version < 7;
    KrParser p = {.tok = &tok, .arena = outer->arena, .start_rule = KR_PARSE_FSTRING, .flags = outer->flags,
                  .feature_version = outer->feature_version, .level = outer->level,
                  .starting_lineno = starting_lineno, .starting_col = starting_col};
    Kr_expr *e = kr_run_parser(&p);
    kr_parser_clear(&p);
    kr_tokenizer_clear(&tok);
    if (!e) outer->error = true;
    return e;
}
