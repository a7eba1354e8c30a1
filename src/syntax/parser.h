/* parser.h - what the parser's files share.
 *
 * The parser is recursive descent over an array of tokens that are read when first looked at. Every kr_parse_x function
 * returns a node and leaves `mark` after it, or returns NULL: either `error` is set and an exception raised, or the
 * text at `mark` is no x, `mark` may stand anywhere and the caller resets it if it has another idea.
 *
 * Valid sources are parsed in one pass. When it fails, the position of the furthest token looked at is where "invalid
 * syntax" would be reported, so functions must not look further than they need. Then a second pass runs the same
 * functions with `diagnose` set: at the same places, these ask parser_diagnose.c whether the text is one of the known
 * mistakes, which may parse ahead as it likes. The second pass memoizes results by token and rule.
 *
 * `stack` is a scratch stack for lists under construction; who pushes, pops (also on failure).
 */
#ifndef KRAIT_PARSER_H
#define KRAIT_PARSER_H
#include "syntax/ast.h"
#include "syntax/tokenizer.h"

#define KR_TOKEN_CHUNK 512
#define KR_PARSER_MAX_LEVEL 6000
#define KR_PARSE_FSTRING 800              /* start rule of the expression in an f-string */

typedef struct KrMemo { int rule, end; void *node; struct KrMemo *next; } KrMemo;

typedef struct {
    int type;                             /* TK_..., K_... */
    int level;                            /* open parentheses after it */
    const char *start, *end;
    int lineno, col, end_lineno, end_col; /* col -1: not known */
    KrMemo *memo;
} KrToken;

typedef struct { const char *start; int len; unsigned hash; PyObject *name; } KrIdentifier;

typedef struct KrParser {
    KrTokenizer *tok;
    KrArena *arena;
    KrToken **chunks;
    int n_chunks, fill, mark;
    int start_rule, flags, feature_version;
    int level;
    bool error;                           /* an exception is set */
    bool diagnose, memoize;
    bool parsing_started;
    int starting_lineno, starting_col;    /* of an f-string's expression in its file */
    void **stack;
    size_t n_stack, stack_capacity;
    KrIdentifier *identifiers;            /* open addressing */
    unsigned n_identifiers, identifiers_mask;
    PyObject *normalize;                  /* unicodedata.normalize, once needed */
    void **type_ignores;
    size_t n_type_ignores, type_ignores_capacity;
} KrParser;

/* --- tokens --- */
#define KR_TOKEN_AT(p, i) (&(p)->chunks[(i) / KR_TOKEN_CHUNK][(i) % KR_TOKEN_CHUNK])
KrToken *kr_parser_fill(KrParser *);
/* The token at mark. After an error: one of type TK_ERRORTOKEN. */
KR_INLINE KrToken *kr_peek(KrParser *p) {
    if (KR_LIKELY(p->mark < p->fill)) return KR_TOKEN_AT(p, p->mark);
    return kr_parser_fill(p);
}
KR_INLINE int kr_peek_type(KrParser *p) { return kr_peek(p)->type; }
KR_INLINE bool kr_at(KrParser *p, int type) { return kr_peek(p)->type == type; }
/* The token after the one at mark, which was looked at. */
KR_INLINE KrToken *kr_peek_second(KrParser *p) {
    p->mark++;
    KrToken *t = kr_peek(p);
    p->mark--;
    return t;
}
/* Consumes a token of that type, or returns NULL. */
KR_INLINE KrToken *kr_accept(KrParser *p, int type) {
    KrToken *t = kr_peek(p);
    if (t->type != type) return NULL;
    p->mark++;
    return t;
}
KR_INLINE bool kr_token_is(const KrToken *t, const char *word, size_t len) {
    return t->type == TK_NAME && (size_t)(t->end - t->start) == len && !memcmp(t->start, word, len);
}
#define KR_TOKEN_IS(t, word) kr_token_is(t, word, sizeof(word) - 1)
/* The last token before mark. */
KR_INLINE KrToken *kr_previous(KrParser *p) { return KR_TOKEN_AT(p, p->mark - 1); }
KrToken *kr_previous_visible(KrParser *p);   /* no NEWLINE, INDENT, DEDENT, ENDMARKER */
/* Consumes a token that must come now: "expected '...'" in either pass. */
KrToken *kr_expect_forced(KrParser *, int type, const char *text);

KR_INLINE KrSpan kr_token_span(const KrToken *t) { return (KrSpan){t->lineno, t->col, t->end_lineno, t->end_col}; }
/* From a token to the last one consumed. */
KR_INLINE KrSpan kr_span_from(KrParser *p, const KrToken *start) {
    KrToken *last = kr_previous(p);
    return (KrSpan){start->lineno, start->col, last->end_lineno, last->end_col};
}
KR_INLINE KrSpan kr_span_after(KrParser *p, KrSpan start) {
    KrToken *last = kr_previous(p);
    return (KrSpan){start.lineno, start.col_offset, last->end_lineno, last->end_col};
}
KR_INLINE KrSpan kr_span_to(KrSpan a, KrSpan b) {
    return (KrSpan){a.lineno, a.col_offset, b.end_lineno, b.end_col_offset};
}
/* From a token to the last visible one consumed: statements. */
KR_INLINE KrSpan kr_span_statement(KrParser *p, const KrToken *start) {
    KrToken *last = kr_previous_visible(p);
    return (KrSpan){start->lineno, start->col, last->end_lineno, last->end_col};
}

/* The interned (and NFKC-normalized) identifier of a token; owned by the arena. */
PyObject *kr_identifier(KrParser *, const KrToken *);

/* --- lists --- */
int kr_push(KrParser *, void *item);
/* The items above base as a sequence, *out NULL if there are none; pops them. 0 or -1. */
int kr_pop_seq(KrParser *, size_t base, KrSeq **out);

/* --- depth: leaves a margin to the C stack --- */
bool kr_deeper_slow(KrParser *);
KR_INLINE bool kr_deeper(KrParser *p, int by) {
    p->level += by;
    return KR_LIKELY(p->level <= KR_PARSER_MAX_LEVEL && !kr_c_stack_low()) || kr_deeper_slow(p);
}

/* --- memo of the second pass --- */
enum {
    KR_RULE_EXPRESSION = 1, KR_RULE_STAR_EXPRESSION, KR_RULE_DISJUNCTION, KR_RULE_CONJUNCTION, KR_RULE_INVERSION,
    KR_RULE_BITWISE_OR, KR_RULE_FACTOR, KR_RULE_PRIMARY, KR_RULE_STRINGS, KR_RULE_ARGUMENTS, KR_RULE_BLOCK,
    KR_RULE_SIMPLE_STATEMENT, KR_RULE_NAMED_HOOK, KR_RULE_STAR_TARGET, KR_RULE_CLOSED_PATTERN
};
/* Runs parse, or gives what it gave at this token before. */
void *kr_memoized(KrParser *, int rule, void *(*parse)(KrParser *));
#define KR_MEMO(p, rule, parse) ((p)->memoize ? kr_memoized(p, rule, (void *(*)(KrParser *))(parse)) : (void *)(parse)(p))

/* --- errors; all return NULL --- */
void *kr_raise_at(KrParser *, PyObject *type, int lineno, int col, int end_lineno, int end_col, const char *format, ...);
#define KR_CURRENT_POS (-5)
void *kr_error_here(KrParser *, const char *format, ...);                         /* at the last token read */
void *kr_indentation_error(KrParser *, const char *format, ...);                  /* the same */
void *kr_error_span(KrParser *, KrSpan, const char *format, ...);
void *kr_error_range(KrParser *, KrSpan from, KrSpan to, const char *format, ...);
void *kr_error_from(KrParser *, KrSpan from, const char *format, ...);            /* to where the tokenizer is */
void *kr_raise_decode_problem(KrParser *);
/* False with SyntaxError if the version asked for has not got the feature: "<what> only supported in Python 3.N..." */
bool kr_check_version(KrParser *, int minor, const char *what);

/* --- nodes --- */
KR_INLINE Kr_expr *kr_new_expr(KrParser *p, const Kr_expr *e) {
    Kr_expr *node = kr_arena_alloc(p->arena, sizeof(Kr_expr));
    if (KR_UNLIKELY(!node)) {
        p->error = true;
        return NULL;
    }
    *node = *e;
    return node;
}
#define KR_EXPR(p, Kind, span, ...) \
    kr_new_expr(p, &(Kr_expr){.kind = KR_expr_##Kind, .at = span, .v.Kind = {__VA_ARGS__}})
KR_INLINE Kr_stmt *kr_new_stmt(KrParser *p, const Kr_stmt *s) {
    Kr_stmt *node = kr_arena_alloc(p->arena, sizeof(Kr_stmt));
    if (KR_UNLIKELY(!node)) {
        p->error = true;
        return NULL;
    }
    *node = *s;
    return node;
}
#define KR_STMT(p, Kind, span, ...) \
    kr_new_stmt(p, &(Kr_stmt){.kind = KR_stmt_##Kind, .at = span, .v.Kind = {__VA_ARGS__}})
/* Any other struct of the tree, zeroed. */
KR_INLINE void *kr_new_node(KrParser *p, size_t size) {
    void *node = kr_arena_alloc(p->arena, size);
    if (KR_UNLIKELY(!node)) p->error = true;
    return node;
}
Kr_expr *kr_new_constant(KrParser *, PyObject *value, PyObject *kind, KrSpan) KR_STEALS(2);
Kr_expr *kr_name_of_token(KrParser *, const KrToken *, int ctx);

/* --- expressions (parser_expr.c) --- */
Kr_expr *kr_parse_expression(KrParser *);
Kr_expr *kr_parse_expression_unmemoized(KrParser *);
Kr_expr *kr_parse_atom(KrParser *);
Kr_expr *kr_parse_disjunction(KrParser *);
Kr_expr *kr_parse_bitwise_or(KrParser *);
Kr_expr *kr_parse_primary(KrParser *);
Kr_expr *kr_parse_named_expression(KrParser *);
Kr_expr *kr_parse_star_expression(KrParser *);
Kr_expr *kr_parse_star_expressions(KrParser *);
Kr_expr *kr_parse_star_named_expression(KrParser *);
Kr_expr *kr_parse_starred_expression(KrParser *);     /* '*' expression */
Kr_expr *kr_parse_yield(KrParser *);
Kr_expr *kr_parse_yield_or_star_expressions(KrParser *);
Kr_expr *kr_parse_expressions(KrParser *);
Kr_expr *kr_parse_number(KrParser *);
Kr_expr *kr_parse_walrus(KrParser *, bool *cut);
Kr_expr *kr_parse_genexp_element(KrParser *);
int kr_parse_star_named_list(KrParser *, KrSeq **out);  /* pushes nothing; -1: none or error */
KrSeq *kr_parse_for_clauses(KrParser *);
KrSeq *kr_parse_import_as_names(KrParser *);
int kr_parse_kvpair(KrParser *, Kr_expr **key, Kr_expr **value);

/* --- targets (parser_target.c) --- */
enum { KR_TARGETS_STAR, KR_TARGETS_DEL, KR_TARGETS_FOR };
Kr_expr *kr_parse_star_target(KrParser *);
Kr_expr *kr_parse_star_targets(KrParser *);
KrSeq *kr_parse_del_targets(KrParser *);
bool kr_is_star_target(const Kr_expr *);
bool kr_is_single_target(const Kr_expr *);
void kr_set_context(Kr_expr *, int ctx);
const char *kr_expr_name(const Kr_expr *);
/* The part of e that cannot be assigned to or deleted, or NULL. */
Kr_expr *kr_invalid_target(Kr_expr *e, int kind);
/* Raises "cannot assign to ..." or "cannot delete ..." about the invalid part of e, if there is one. NULL. */
void *kr_raise_invalid_target(KrParser *, Kr_expr *e, int kind);

/* --- arguments (parser_args.c) --- */
typedef struct { KrSeq *args, *keywords; KrSpan span; } KrCallArgs;
/* What stands between the parentheses of a call; NULL if that is no argument list. */
KrCallArgs *kr_parse_arguments(KrParser *);
/* The same in the first pass, when the '(' just consumed may be a generator expression's. */
KrCallArgs *kr_parse_call_arguments(KrParser *);
KrCallArgs *kr_parse_args(KrParser *);                /* without the check of what follows */
Kr_arguments *kr_parse_params(KrParser *, bool lambda);   /* may be empty */
/* One parameter with its comma, or before the closing ')' or ':'. */
enum { KR_PARAM_PLAIN, KR_PARAM_DEFAULT, KR_PARAM_EITHER };
bool kr_parse_param(KrParser *, bool lambda, int kind, bool star_annotation, Kr_arg **arg, Kr_expr **value);
Kr_arg *kr_parse_bare_param(KrParser *, bool lambda, bool star_annotation);

/* --- strings (parser_string.c) --- */
Kr_expr *kr_parse_strings(KrParser *);
/* Runs the parser over the text of an f-string's expression. */
Kr_expr *kr_parse_fstring_expr(KrParser *, const char *text, Py_ssize_t len, int lineno_before, int starting_lineno, int starting_col);

/* --- statements (parser_stmt.c, parser_compound.c, parser_pattern.c) --- */
int kr_parse_statement(KrParser *);                   /* pushes one or more; 0 or -1 */
int kr_parse_simple_statements(KrParser *);           /* the same, up to NEWLINE */
Kr_stmt *kr_parse_simple_statement(KrParser *);
KrSeq *kr_parse_statements(KrParser *);               /* one or more */
KrSeq *kr_parse_block(KrParser *);
Kr_stmt *kr_parse_compound(KrParser *);               /* NULL if there is none */
Kr_stmt *kr_parse_match(KrParser *);
PyObject *kr_type_comment(KrParser *, bool *ok);      /* of an optional TYPE_COMMENT token */
Kr_pattern *kr_parse_patterns(KrParser *);
Kr_pattern *kr_parse_pattern(KrParser *);
Kr_expr *kr_parse_subject(KrParser *);
Kr_withitem *kr_parse_with_item(KrParser *);
Kr_excepthandler *kr_parse_except(KrParser *, bool star);

/* --- known mistakes (parser_diagnose.c): -1 when one was raised, else 0 and mark where it was --- */
int kr_diagnose_expression(KrParser *);
int kr_diagnose_named_expression(KrParser *);
int kr_diagnose_assignment(KrParser *);
int kr_diagnose_comprehension(KrParser *);
int kr_diagnose_dict_comprehension(KrParser *);
int kr_diagnose_dict(KrParser *);
int kr_diagnose_group(KrParser *);
int kr_diagnose_arguments(KrParser *);
int kr_diagnose_keyword_argument(KrParser *);
int kr_diagnose_params(KrParser *, bool lambda);
int kr_diagnose_star_params(KrParser *, bool lambda);
int kr_diagnose_double_star_params(KrParser *, bool lambda);
int kr_diagnose_for_target(KrParser *);
int kr_diagnose_with_item(KrParser *);
int kr_diagnose_del(KrParser *);
int kr_diagnose_import_targets(KrParser *);
int kr_diagnose_block(KrParser *);
/* Compound statements, before they are parsed or (..._END) when that has failed. */
enum {
    KR_MISTAKES_IF, KR_MISTAKES_ELIF, KR_MISTAKES_ELSE, KR_MISTAKES_WHILE, KR_MISTAKES_FOR, KR_MISTAKES_WITH,
    KR_MISTAKES_WITH_END, KR_MISTAKES_TRY, KR_MISTAKES_EXCEPT, KR_MISTAKES_EXCEPT_STAR, KR_MISTAKES_EXCEPT_END,
    KR_MISTAKES_FINALLY, KR_MISTAKES_DEF, KR_MISTAKES_CLASS, KR_MISTAKES_MATCH_END, KR_MISTAKES_CASE
};
int kr_diagnose_header(KrParser *, int what);
int kr_diagnose_class_pattern(KrParser *);
int kr_diagnose_as_pattern(KrParser *);

#endif
