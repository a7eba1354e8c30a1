/* parser_pattern.c - the match statement.
 *
 * match and case are names everywhere else, so a match statement is tried and, when its first line does not fit,
 * given up for an expression.
 */
#include "syntax/parser.h"

#define KR_PATTERN(p, Kind, span, ...) \
    kr_new_pattern(p, &(Kr_pattern){.kind = KR_pattern_##Kind, .at = span, .v.Kind = {__VA_ARGS__}})

static Kr_pattern *kr_new_pattern(KrParser *p, const Kr_pattern *from) {
    Kr_pattern *node = kr_new_node(p, sizeof *node);
    if (node) *node = *from;
    return node;
}

/* ---------------------------------------------------------------- literals, names */

/* ['-'] NUMBER. */
static Kr_expr *kr_parse_signed_number(KrParser *p) {
    KrToken *t = kr_peek(p);
    if (t->type == TK_NUMBER) return kr_parse_number(p);
    if (t->type != TK_MINUS) return NULL;
    p->mark++;
    Kr_expr *e = kr_parse_number(p);
    return e ? KR_EXPR(p, UnaryOp, kr_span_from(p, t), KR_unaryop_USub, e) : NULL;
}

/* A number, or real +- imaginary. */
static Kr_expr *kr_parse_pattern_number(KrParser *p) {
    Kr_expr *left = kr_parse_signed_number(p);
    if (!left) return NULL;
    int type = kr_peek_type(p);
    if (type != TK_PLUS && type != TK_MINUS) return left;
    Kr_expr *digits = left->kind == KR_expr_UnaryOp ? left->v.UnaryOp.operand : left;
    if (PyComplex_CheckExact(digits->v.Constant.value))
        return kr_error_span(p, digits->at, "real number required in complex literal");
    p->mark++;
    Kr_expr *right = kr_parse_number(p);
    if (!right) return NULL;
    if (!PyComplex_CheckExact(right->v.Constant.value))
        return kr_error_span(p, right->at, "imaginary number required in complex literal");
    return KR_EXPR(p, BinOp, kr_span_to(left->at, right->at), left, type == TK_PLUS ? KR_operator_Add : KR_operator_Sub, right);
}

/* A literal that may be a pattern or a key: an expression, with None, True, False among them. */
static Kr_expr *kr_parse_literal(KrParser *p) {
    KrToken *t = kr_peek(p);
    PyObject *value;
    switch (t->type) {
    case TK_NUMBER:
    case TK_MINUS: return kr_parse_pattern_number(p);
    case TK_STRING: return KR_MEMO(p, KR_RULE_STRINGS, kr_parse_strings);
    case K_None: value = Py_None; break;
    case K_True: value = Py_True; break;
    case K_False: value = Py_False; break;
    default: return NULL;
    }
    p->mark++;
    return kr_new_constant(p, Py_NewRef(value), NULL, kr_token_span(t));
}

/* NAME ('.' NAME)*. */
static Kr_expr *kr_parse_name_or_attr(KrParser *p) {
    KrToken *t = kr_accept(p, TK_NAME);
    Kr_expr *e = t ? kr_name_of_token(p, t, KR_expr_context_Load) : NULL;
    while (e && kr_at(p, TK_DOT)) {
        p->mark++;
        t = kr_accept(p, TK_NAME);
        if (!t) {
            p->mark--;
            break;
        }
        PyObject *attr = kr_identifier(p, t);
        if (!attr) return NULL;
        e = KR_EXPR(p, Attribute, kr_span_after(p, e->at), e, attr, KR_expr_context_Load);
    }
    return p->error ? NULL : e;
}

/* A name to bind: not "_", and not the start of something longer. NULL if there is none. */
static PyObject *kr_parse_capture(KrParser *p) {
    KrToken *t = kr_peek(p);
    if (t->type != TK_NAME || KR_TOKEN_IS(t, "_")) return NULL;
    p->mark++;
    int next = kr_peek_type(p);
    if (next == TK_DOT || next == TK_LPAR || next == TK_EQUAL) return NULL;
    return p->error ? NULL : kr_identifier(p, t);
}

/* ---------------------------------------------------------------- sequences, mappings, classes */

static Kr_pattern *kr_parse_star_pattern(KrParser *p) {
    KrToken *t = kr_accept(p, TK_STAR);
    if (!t) return NULL;
    KrToken *name = kr_peek(p);
    PyObject *target = NULL;
    if (KR_TOKEN_IS(name, "_")) p->mark++;
    else if (!(target = kr_parse_capture(p))) return NULL;
    return KR_PATTERN(p, MatchStar, kr_span_from(p, t), target);
}

static Kr_pattern *kr_parse_maybe_star(KrParser *p) {
    return kr_at(p, TK_STAR) ? kr_parse_star_pattern(p) : kr_parse_pattern(p);
}

/* Pushes patterns up to one that does not parse; *comma: the last was followed by one. 0 or -1. */
static int kr_parse_pattern_list(KrParser *p, Kr_pattern *(*item)(KrParser *), bool *comma) {
    int end = p->mark;
    *comma = false;
    for (;;) {
        Kr_pattern *pattern = item(p);
        if (p->error) return -1;
        if (!pattern) break;
        if (kr_push(p, pattern) < 0) return -1;
        *comma = kr_accept(p, TK_COMMA) != NULL;
        end = p->mark;
        if (!*comma) break;
    }
    p->mark = end;
    return p->error ? -1 : 0;
}

/* '[' ... ']' or '(' ... ')': a sequence, or a group. */
static Kr_pattern *kr_parse_sequence_pattern(KrParser *p) {
    KrToken *t = kr_peek(p);
    bool square = t->type == TK_LSQB, comma;
    size_t base = p->n_stack;
    KrSeq *patterns;
    p->mark++;
    if (!kr_deeper(p, 20)) return NULL;
    int result = kr_parse_pattern_list(p, kr_parse_maybe_star, &comma);
    p->level -= 20;
    size_t n = p->n_stack - base;
    if (result < 0 || !kr_accept(p, square ? TK_RSQB : TK_RPAR)) {
        p->n_stack = base;
        return NULL;
    }
    if (!square && n == 1 && !comma) {
        Kr_pattern *only = p->stack[base];
        p->n_stack = base;
        return only->kind == KR_pattern_MatchStar ? NULL : only;
    }
    if (kr_pop_seq(p, base, &patterns) < 0) return NULL;
    return KR_PATTERN(p, MatchSequence, kr_span_from(p, t), patterns);
}

static Kr_pattern *kr_parse_mapping_pattern(KrParser *p) {
    KrToken *t = kr_peek(p);
    size_t base = p->n_stack;
    PyObject *rest = NULL;
    p->mark++;
    if (!kr_deeper(p, 20)) return NULL;
    while (!rest && !kr_at(p, TK_RBRACE)) {
        if (kr_accept(p, TK_DOUBLESTAR)) {
            rest = kr_parse_capture(p);
            if (!rest) goto fail;
        } else {
            Kr_expr *key = kr_at(p, TK_NAME) ? kr_parse_name_or_attr(p) : kr_parse_literal(p);
            if (!key || key->kind == KR_expr_Name || !kr_accept(p, TK_COLON)) goto fail;
            Kr_pattern *value = kr_parse_pattern(p);
            if (!value || kr_push(p, key) < 0 || kr_push(p, value) < 0) goto fail;
        }
        if (!kr_accept(p, TK_COMMA)) break;
    }
    if (!kr_accept(p, TK_RBRACE)) goto fail;
    p->level -= 20;
    size_t n = (p->n_stack - base) / 2;
    KrSeq *keys = NULL, *patterns = NULL;
    p->n_stack = base;
    if (n) {
        keys = kr_seq_new(p->arena, (Py_ssize_t)n);
        patterns = keys ? kr_seq_new(p->arena, (Py_ssize_t)n) : NULL;
        if (!patterns) {
            p->error = true;
            return NULL;
        }
        for (size_t i = 0; i < n; i++) {
            keys->items[i] = p->stack[base + 2 * i];
            patterns->items[i] = p->stack[base + 2 * i + 1];
        }
    }
    return KR_PATTERN(p, MatchMapping, kr_span_from(p, t), keys, patterns, rest);
fail:
    p->level -= 20;
    p->n_stack = base;
    return NULL;
}

/* '(' ... ')' after a class's name. */
static Kr_pattern *kr_parse_class_pattern(KrParser *p, KrToken *start, Kr_expr *cls) {
    size_t base = p->n_stack, n = 0;
    KrSeq *patterns = NULL, *names = NULL, *values = NULL;
    bool keyword = false;
    int mark = p->mark;
    p->mark++;
    if (!kr_deeper(p, 20)) return NULL;
    while (!kr_at(p, TK_RPAR)) {
        KrToken *t = kr_peek(p);
        if (t->type == TK_NAME && kr_peek_second(p)->type == TK_EQUAL) {
            if (!keyword && kr_pop_seq(p, base, &patterns) < 0) goto fail;
            keyword = true;
            p->mark += 2;
            PyObject *name = kr_identifier(p, t);
            if (!name || kr_push(p, name) < 0) goto fail;
        } else if (keyword) {
            goto fail;
        }
        Kr_pattern *pattern = kr_parse_pattern(p);
        if (!pattern || kr_push(p, pattern) < 0) goto fail;
        if (!kr_accept(p, TK_COMMA)) break;
    }
    if (!kr_accept(p, TK_RPAR)) goto fail;
    p->level -= 20;
    if (!keyword) {
        if (kr_pop_seq(p, base, &patterns) < 0) return NULL;
    } else {
        n = (p->n_stack - base) / 2;
        p->n_stack = base;
        names = kr_seq_new(p->arena, (Py_ssize_t)n);
        values = names ? kr_seq_new(p->arena, (Py_ssize_t)n) : NULL;
        if (!values) {
            p->error = true;
            return NULL;
        }
        for (size_t i = 0; i < n; i++) {
            names->items[i] = p->stack[base + 2 * i];
            values->items[i] = p->stack[base + 2 * i + 1];
        }
    }
    return KR_PATTERN(p, MatchClass, kr_span_from(p, start), cls, patterns, names, values);
fail:
    p->level -= 20;
    p->n_stack = base;
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_class_pattern(p);
    return NULL;
}

static Kr_pattern *kr_closed_pattern_raw(KrParser *p) {
    KrToken *t = kr_peek(p);
    Kr_expr *e;
    switch (t->type) {
    case TK_NAME: {
        int next = kr_peek_second(p)->type;
        bool wildcard = KR_TOKEN_IS(t, "_");          /* whatever follows */
        if (wildcard || (next != TK_DOT && next != TK_LPAR && next != TK_EQUAL)) {
            PyObject *name = wildcard ? NULL : kr_identifier(p, t);
            if (p->error) return NULL;
            p->mark++;
            return KR_PATTERN(p, MatchAs, kr_token_span(t), NULL, name);
        }
        e = kr_parse_name_or_attr(p);
        if (!e) return NULL;
        next = kr_peek_type(p);
        if (next == TK_LPAR) return kr_parse_class_pattern(p, t, e);
        if (e->kind == KR_expr_Name || next == TK_DOT || next == TK_EQUAL) return NULL;
        return KR_PATTERN(p, MatchValue, e->at, e);
    }
    case TK_LPAR:
    case TK_LSQB: return kr_parse_sequence_pattern(p);
    case TK_LBRACE: return kr_parse_mapping_pattern(p);
    case K_None:
    case K_True:
    case K_False:
        e = kr_parse_literal(p);
        return e ? KR_PATTERN(p, MatchSingleton, e->at, e->v.Constant.value) : NULL;
    default:
        e = kr_parse_literal(p);
        return e ? KR_PATTERN(p, MatchValue, e->at, e) : NULL;
    }
}
static Kr_pattern *kr_parse_closed_pattern(KrParser *p) { return KR_MEMO(p, KR_RULE_CLOSED_PATTERN, kr_closed_pattern_raw); }

/* ---------------------------------------------------------------- whole patterns */

/* closed ('|' closed)*. */
static Kr_pattern *kr_parse_or_pattern(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_pattern *first = kr_parse_closed_pattern(p);
    if (!first || !kr_at(p, TK_VBAR)) return first;
    size_t base = p->n_stack;
    KrSeq *patterns;
    int mark = p->mark;
    if (kr_push(p, first) < 0) return NULL;
    while (kr_accept(p, TK_VBAR)) {
        Kr_pattern *next = kr_parse_closed_pattern(p);
        if (!next || kr_push(p, next) < 0) break;
        mark = p->mark;
    }
    if (p->error) {
        p->n_stack = base;
        return NULL;
    }
    p->mark = mark;
    if (p->n_stack == base + 1) {
        p->n_stack = base;
        return first;
    }
    if (kr_pop_seq(p, base, &patterns) < 0) return NULL;
    return KR_PATTERN(p, MatchOr, kr_span_from(p, start), patterns);
}

Kr_pattern *kr_parse_pattern(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_pattern *pattern = kr_parse_or_pattern(p);
    if (!pattern || !kr_at(p, K_as)) return pattern;
    int after = p->mark++;
    PyObject *name = kr_parse_capture(p);
    if (name) return KR_PATTERN(p, MatchAs, kr_span_from(p, start), pattern, name);
    if (p->error) return NULL;
    if (p->diagnose) {
        p->mark = after + 1;
        if (kr_diagnose_as_pattern(p) < 0) return NULL;
    }
    p->mark = after;
    return pattern;
}

/* The pattern of a case: an open sequence, or one pattern. */
Kr_pattern *kr_parse_patterns(KrParser *p) {
    KrToken *t = kr_peek(p);
    Kr_pattern *first = kr_parse_maybe_star(p);
    if (!first) return NULL;
    if (!kr_at(p, TK_COMMA)) return first->kind == KR_pattern_MatchStar ? NULL : first;
    size_t base = p->n_stack;
    bool comma;
    KrSeq *patterns;
    p->mark++;
    if (kr_push(p, first) < 0 || kr_parse_pattern_list(p, kr_parse_maybe_star, &comma) < 0) {
        p->n_stack = base;
        return NULL;
    }
    if (kr_pop_seq(p, base, &patterns) < 0) return NULL;
    return KR_PATTERN(p, MatchSequence, kr_span_from(p, t), patterns);
}

/* ---------------------------------------------------------------- the statement */

Kr_expr *kr_parse_subject(KrParser *p) {
    KrToken *t = kr_peek(p);
    int mark = p->mark;
    Kr_expr *e = kr_parse_star_named_expression(p);
    if (p->error) return NULL;
    if (e && kr_accept(p, TK_COMMA)) {
        size_t base = p->n_stack;
        KrSeq *elts;
        if (kr_push(p, e) < 0) return NULL;
        for (;;) {
            int item = p->mark;
            e = kr_parse_star_named_expression(p);
            if (p->error) break;
            if (!e) {
                p->mark = item;
                break;
            }
            if (kr_push(p, e) < 0 || !kr_accept(p, TK_COMMA)) break;
        }
        if (p->error) {
            p->n_stack = base;
            return NULL;
        }
        if (kr_pop_seq(p, base, &elts) < 0) return NULL;
        return KR_EXPR(p, Tuple, kr_span_from(p, t), elts, KR_expr_context_Load);
    }
    if (e && e->kind != KR_expr_Starred) return e;
    p->mark = mark;
    return p->memoize ? kr_parse_named_expression(p) : NULL;
}

static Kr_match_case *kr_parse_case(KrParser *p) {
    KrToken *t = kr_peek(p);
    if (!KR_TOKEN_IS(t, "case")) return NULL;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_CASE) < 0) return NULL;
    p->mark++;
    Kr_pattern *pattern = kr_parse_patterns(p);
    Kr_expr *guard = NULL;
    if (!pattern) return NULL;
    int mark = p->mark;
    if (kr_accept(p, K_if)) {
        guard = kr_parse_named_expression(p);
        if (p->error) return NULL;
        if (!guard) p->mark = mark;
    }
    KrSeq *body = kr_accept(p, TK_COLON) ? kr_parse_block(p) : NULL;
    Kr_match_case *node = body ? kr_new_node(p, sizeof *node) : NULL;
    if (node) *node = (Kr_match_case){.pattern = pattern, .guard = guard, .body = body};
    return node;
}

Kr_stmt *kr_parse_match(KrParser *p) {
    KrToken *t = kr_peek(p);
    int mark = p->mark++;
    size_t base = p->n_stack;
    KrSeq *cases;
    Kr_expr *subject = kr_parse_subject(p);
    if (!subject || !kr_accept(p, TK_COLON) || !kr_accept(p, TK_NEWLINE) || !kr_accept(p, TK_INDENT)) goto mistake;
    if (!kr_deeper(p, 8)) return NULL;
    for (;;) {
        int before = p->mark;
        Kr_match_case *c = kr_parse_case(p);
        if (!c) {
            if (!p->error) p->mark = before;
            break;
        }
        if (kr_push(p, c) < 0) break;
    }
    p->level -= 8;
    if (p->error || p->n_stack == base || !kr_accept(p, TK_DEDENT)) goto mistake;
    if (kr_pop_seq(p, base, &cases) < 0 || !kr_check_version(p, 10, "Pattern matching is")) return NULL;
    return KR_STMT(p, Match, kr_span_statement(p, t), subject, cases);
mistake:
    p->n_stack = base;
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_header(p, KR_MISTAKES_MATCH_END);
    return NULL;
}
