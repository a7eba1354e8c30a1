/* tokenizer.h - Python source text to tokens.
 *
 * The source is one NUL-terminated UTF-8 buffer that outlives the tokenizer's use; tokens are ranges of it. The tokenizer
 * still advances line by line (buf, inp), because messages quote the line it stands on: [buf, inp) is the current line,
 * or all lines of the token being read. `done` says why it stopped.
 */
#ifndef KRAIT_TOKENIZER_H
#define KRAIT_TOKENIZER_H
#include "krait.h"
#include "syntax/token.h"

#define KR_MAX_INDENT 100
#define KR_MAX_PARENS 200

typedef enum {
    KR_TOK_OK,
    KR_TOK_EOF,               /* the end of the text */
    KR_TOK_EOF_IN_STRING,     /* the end inside a one-line or a triple-quoted string */
    KR_TOK_ERROR,             /* an exception is set */
    KR_TOK_BAD_UTF8,          /* an undecodable identifier; an exception is set */
    KR_TOK_TABS,              /* inconsistent use of tabs */
    KR_TOK_DEDENT,            /* a dedent to a column nobody indented to */
    KR_TOK_TOO_DEEP,          /* too many levels of indentation */
    KR_TOK_LINE_CONTINUATION  /* something after a backslash */
} KrTokenizerDone;

typedef struct KrTokenizer {
    const char *source;                    /* the whole text */
    const char *buf, *cur, *inp;           /* current line(s), next character, end of the line read so far */
    const char *start;                     /* of the token being read, or NULL */
    const char *line_start, *multi_line_start;
    KrTokenizerDone done;
    int lineno, first_lineno;              /* first_lineno: where the last string began */
    int level;                             /* open parentheses */
    int indent, pending;                   /* depth; INDENTs (>0) or DEDENTs (<0) to hand out */
    bool at_line_start, has_encoding, type_comments, quiet;
    bool stop_at_end;           /* the end of the text is the end marker, also within parentheses: what was typed is looked at again */
    bool async_as_name, in_async_def, async_def_had_newline;   /* Python before 3.7 */
    int async_def_indent;
    PyObject *filename;                    /* borrowed */
    char *owned_source;                    /* to free, or NULL */
    char encoding[64];                     /* that a coding line names, or "" */
    char paren[KR_MAX_PARENS];
    int paren_line[KR_MAX_PARENS], paren_col[KR_MAX_PARENS];
    int columns[KR_MAX_INDENT], alt_columns[KR_MAX_INDENT];   /* columns of each indent, tabs to 8 and to 1 */
} KrTokenizer;

/* Readies a tokenizer for UTF-8 text. The text is copied only if it needs a final newline or has carriage returns.
 * ignore_cookie: the text is UTF-8 whatever it says; otherwise its BOM and coding line count. 0 or -1 with an exception. */
int kr_tokenizer_init(KrTokenizer *, const char *text, Py_ssize_t len, PyObject *filename, bool ignore_cookie,
                      bool add_newline) KR_MAY_RAISE;
void kr_tokenizer_clear(KrTokenizer *);
/* The next token's type; *start and *end its text, or NULL. TK_ERRORTOKEN: see `done`. */
int kr_tokenizer_next(KrTokenizer *, const char **start, const char **end) KR_MAY_RAISE;
/* Type of an operator of one, two, three characters; TK_OP if there is none. */
int kr_token_of_char(int c);
/* Raises SyntaxError at columns [col, end_col] (1-based; -1: where the tokenizer is) of the current line. Gives TK_ERRORTOKEN. */
int kr_tokenizer_error_at(KrTokenizer *, int col, int end_col, const char *format, ...);

/* Raises SyntaxError, as running a file does, when bytes without a coding line or BOM are not UTF-8. */
int kr_source_check_utf8(const char *text, Py_ssize_t len, PyObject *filename) KR_MAY_RAISE;

#endif
