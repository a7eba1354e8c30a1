/* parser_stmt.c - simple statements and sequences of statements.
 *
 * A statement that begins with an expression is parsed as such first; the token after it tells whether it was a target.
 */
#include "syntax/parser.h"

/* ---------------------------------------------------------------- assignments */

/* The optional type comment at mark as a str, NULL if there is none; *ok false on error. */
PyObject *kr_type_comment(KrParser *p, bool *ok) {
    *ok = true;
    KrToken *t = kr_accept(p, TK_TYPE_COMMENT);
    if (!t) return NULL;
    PyObject *text = PyUnicode_DecodeUTF8(t->start, t->end - t->start, NULL);
    if (!text || kr_arena_own(p->arena, text) < 0) {
        p->error = true;
        *ok = false;
        return NULL;
    }
    return text;
}

/* The operator of an augmented assignment, or 0. */
static int kr_augmented_op(int type) {
    switch (type) {
    case TK_PLUSEQUAL: return KR_operator_Add;
    case TK_MINEQUAL: return KR_operator_Sub;
    case TK_STAREQUAL: return KR_operator_Mult;
    case TK_ATEQUAL: return KR_operator_MatMult;
    case TK_SLASHEQUAL: return KR_operator_Div;
    case TK_PERCENTEQUAL: return KR_operator_Mod;
    case TK_AMPEREQUAL: return KR_operator_BitAnd;
    case TK_VBAREQUAL: return KR_operator_BitOr;
    case TK_CIRCUMFLEXEQUAL: return KR_operator_BitXor;
    case TK_LEFTSHIFTEQUAL: return KR_operator_LShift;
    case TK_RIGHTSHIFTEQUAL: return KR_operator_RShift;
    case TK_DOUBLESTAREQUAL: return KR_operator_Pow;
    case TK_DOUBLESLASHEQUAL: return KR_operator_FloorDiv;
    default: return 0;
    }
}

/* ':' annotation ['=' value] after the target e. */
static Kr_stmt *kr_parse_annotated(KrParser *p, KrToken *start, Kr_expr *e) {
    p->mark++;
    Kr_expr *value = NULL, *annotation = kr_parse_expression(p);
    if (!annotation) return NULL;
    int mark = p->mark;
    if (kr_accept(p, TK_EQUAL)) {
        value = kr_parse_yield_or_star_expressions(p);
        if (p->error) return NULL;
        if (!value) p->mark = mark;
    }
    bool simple = start->type == TK_NAME && e->kind == KR_expr_Name;
    if (!kr_check_version(p, 6, simple ? "Variable annotation syntax is" : "Variable annotations syntax is")) return NULL;
    kr_set_context(e, KR_expr_context_Store);
    return KR_STMT(p, AnnAssign, kr_span_from(p, start), e, annotation, value, simple);
}

/* ('=' target)* '=' value after the target e. NULL: it is no such assignment. */
static Kr_stmt *kr_parse_chain(KrParser *p, KrToken *start, Kr_expr *e) {
    size_t base = p->n_stack;
    KrSeq *targets;
    for (;;) {
        kr_set_context(e, KR_expr_context_Store);
        if (kr_push(p, e) < 0) goto fail;
        p->mark++;
        if (kr_at(p, K_yield)) {
            e = kr_parse_yield(p);
            if (!e || kr_at(p, TK_EQUAL)) goto fail;
            break;
        }
        e = kr_parse_star_expressions(p);
        if (!e) goto fail;
        if (!kr_at(p, TK_EQUAL)) break;
        if (!kr_is_star_target(e)) goto fail;
    }
    bool ok;
    PyObject *comment = kr_type_comment(p, &ok);
    if (!ok || kr_pop_seq(p, base, &targets) < 0) goto fail;
    return KR_STMT(p, Assign, kr_span_from(p, start), targets, e, comment);
fail:
    p->n_stack = base;
    return NULL;
}

/* May the target e, which began at the token at mark and ends at the mark `end`, be annotated? A single target in
 * parentheses must be all of it. */
static bool kr_may_annotate(KrParser *p, const Kr_expr *e, int end) {
    if (!kr_is_single_target(e)) return false;
    if (!kr_at(p, TK_LPAR)) return true;
    Kr_expr *group = kr_parse_atom(p);
    return !group || p->mark == end || !kr_is_single_target(group);
}

/* A statement that begins with an expression. */
static Kr_stmt *kr_parse_expression_statement(KrParser *p) {
    KrToken *start = kr_peek(p);
    int mark = p->mark;
    Kr_stmt *s = NULL;
    Kr_expr *e = kr_parse_star_expressions(p);
    if (p->error) return NULL;
    if (e) {
        int after = p->mark, type = kr_peek_type(p), op;
        if (type == TK_NEWLINE || type == TK_SEMI) return KR_STMT(p, Expr, kr_span_from(p, start), e);
        if (type == TK_EQUAL) {
            if (kr_is_star_target(e)) s = kr_parse_chain(p, start, e);
        } else if (type == TK_COLON) {
            p->mark = mark;
            bool may = kr_may_annotate(p, e, after);
            if (p->error) return NULL;
            p->mark = after;
            if (may) s = kr_parse_annotated(p, start, e);
        } else if ((op = kr_augmented_op(type))) {
            if (kr_is_single_target(e)) {
                p->mark++;
                if (type == TK_ATEQUAL && !kr_check_version(p, 5, "The '@' operator is")) return NULL;
                Kr_expr *value = kr_parse_yield_or_star_expressions(p);
                if (value) {
                    kr_set_context(e, KR_expr_context_Store);
                    return KR_STMT(p, AugAssign, kr_span_from(p, start), e, op, value);
                }
                if (p->error) return NULL;
                /* It can be nothing else any more, so no other mistake is looked for. */
                p->mark = after;
                return KR_STMT(p, Expr, kr_span_from(p, start), e);
            }
        }
        if (s || p->error) return s;
        p->mark = after;
        if (!p->diagnose) return KR_STMT(p, Expr, kr_span_from(p, start), e);
    }
    if (p->diagnose) {
        p->mark = mark;
        if (kr_diagnose_assignment(p) < 0) return NULL;
        p->mark = mark;
        e = kr_parse_star_expressions(p);
        if (e) return KR_STMT(p, Expr, kr_span_from(p, start), e);
    }
    return NULL;
}

/* ---------------------------------------------------------------- import */

/* NAME ('.' NAME)*; the name, and its range in *span. */
static PyObject *kr_parse_dotted_name(KrParser *p, KrSpan *span) {
    KrToken *t = kr_accept(p, TK_NAME), *last = t;
    if (!t) return NULL;
    PyObject *name = kr_identifier(p, t);
    while (name && kr_at(p, TK_DOT)) {
        p->mark++;
        KrToken *next = kr_accept(p, TK_NAME);
        if (!next) {
            if (!p->error) p->mark--;
            break;
        }
        last = next;
        PyObject *part = kr_identifier(p, last);
        if (!part) return NULL;
        name = PyUnicode_FromFormat("%U.%U", name, part);
        if (!name) {
            p->error = true;
            return NULL;
        }
        PyUnicode_InternInPlace(&name);
        if (kr_arena_own(p->arena, name) < 0) {
            p->error = true;
            return NULL;
        }
    }
    *span = kr_span_to(kr_token_span(t), kr_token_span(last));
    return p->error ? NULL : name;
}

/* Pushes name [as asname]. 1, 0 if there is none, -1. */
static int kr_parse_alias(KrParser *p, bool dotted) {
    KrSpan span = {0};
    KrToken *t = kr_peek(p);
    PyObject *name, *asname = NULL;
    if (t->type != TK_NAME) return p->error ? -1 : 0;
    if (dotted) {
        name = kr_parse_dotted_name(p, &span);
    } else {
        p->mark++;
        name = kr_identifier(p, t);
    }
    if (!name) return -1;
    int mark = p->mark;
    if (kr_accept(p, K_as)) {
        KrToken *as = kr_accept(p, TK_NAME);
        if (as) asname = kr_identifier(p, as);
        else p->mark = mark;
    }
    Kr_alias *alias = p->error ? NULL : kr_new_node(p, sizeof *alias);
    if (!alias) return -1;
    *alias = (Kr_alias){.at = kr_span_from(p, t), .name = name, .asname = asname};
    return kr_push(p, alias) < 0 ? -1 : 1;
}

/* One or more aliases; NULL if there is none. */
static KrSeq *kr_parse_aliases(KrParser *p, bool dotted) {
    size_t base = p->n_stack;
    KrSeq *names;
    int mark;
    do {
        mark = p->mark;
        int found = kr_parse_alias(p, dotted);
        if (found < 0) goto fail;
        if (!found) {
            if (p->n_stack > base) p->mark = mark - 1;       /* the comma is not part of it */
            break;
        }
    } while (kr_accept(p, TK_COMMA));
    if (p->error || p->n_stack == base || kr_pop_seq(p, base, &names) < 0) goto fail;
    return names;
fail:
    p->n_stack = base;
    return NULL;
}

KrSeq *kr_parse_import_as_names(KrParser *p) { return kr_parse_aliases(p, false); }

static Kr_stmt *kr_parse_import(KrParser *p, KrToken *start) {
    p->mark++;
    KrSeq *names = kr_parse_aliases(p, true);
    return names ? KR_STMT(p, Import, kr_span_from(p, start), names) : NULL;
}

/* '(' names [','] ')', names, or '*'. */
static KrSeq *kr_parse_from_targets(KrParser *p) {
    KrToken *t = kr_peek(p);
    int mark = p->mark;
    KrSeq *names;
    if (t->type == TK_LPAR) {
        p->mark++;
        names = kr_parse_aliases(p, false);
        if (!names) return NULL;
        kr_accept(p, TK_COMMA);
        return kr_accept(p, TK_RPAR) ? names : NULL;
    }
    if (t->type == TK_STAR) {
        p->mark++;
        PyObject *star = PyUnicode_InternFromString("*");
        Kr_alias *alias = star && kr_arena_own(p->arena, star) == 0 ? kr_new_node(p, sizeof *alias) : NULL;
        size_t base = p->n_stack;
        if (!alias) {
            p->error = true;
            return NULL;
        }
        *alias = (Kr_alias){.at = kr_token_span(t), .name = star};
        return kr_push(p, alias) < 0 || kr_pop_seq(p, base, &names) < 0 ? NULL : names;
    }
    names = kr_parse_aliases(p, false);
    if (names && !kr_at(p, TK_COMMA)) return names;
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_import_targets(p);
    return NULL;
}

static Kr_stmt *kr_parse_import_from(KrParser *p, KrToken *start) {
    int level = 0;
    PyObject *module = NULL;
    KrSpan span;
    p->mark++;
    for (;; p->mark++) {
        int type = kr_peek_type(p);
        if (type == TK_DOT) level++;
        else if (type == TK_ELLIPSIS) level += 3;
        else break;
    }
    if (kr_at(p, TK_NAME)) module = kr_parse_dotted_name(p, &span);
    else if (!level) return NULL;
    if (!kr_accept(p, K_import)) return NULL;
    KrSeq *names = kr_parse_from_targets(p);
    if (!names) return NULL;
    if (!level && module && PyUnicode_CompareWithASCIIString(module, "__future__") == 0) {
        for (Py_ssize_t i = 0; i < names->size; i++)
            if (PyUnicode_CompareWithASCIIString(KR_SEQ_GET(names, Kr_alias, i)->name, "barry_as_FLUFL") == 0)
                p->flags |= CO_FUTURE_BARRY_AS_BDFL;
    }
    return KR_STMT(p, ImportFrom, kr_span_from(p, start), module, names, level);
}

/* ---------------------------------------------------------------- other simple statements */

/* Identifiers after global or nonlocal. */
static KrSeq *kr_parse_names(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *names;
    int mark = p->mark;
    do {
        KrToken *t = kr_accept(p, TK_NAME);
        if (!t) {
            p->mark = mark;
            break;
        }
        PyObject *name = kr_identifier(p, t);
        if (!name || kr_push(p, name) < 0) break;
        mark = p->mark;
    } while (kr_accept(p, TK_COMMA));
    if (p->error || p->n_stack == base || kr_pop_seq(p, base, &names) < 0) {
        p->n_stack = base;
        return NULL;
    }
    return names;
}

/* An optional expression; *ok false on error. mark stays where it was if there is none. */
static Kr_expr *kr_parse_optional(KrParser *p, Kr_expr *(*parse)(KrParser *), bool *ok) {
    int mark = p->mark;
    Kr_expr *e = parse(p);
    *ok = !p->error;
    if (!e) p->mark = mark;
    return e;
}

static Kr_stmt *kr_simple_statement_raw(KrParser *p) {
    KrToken *t = kr_peek(p);
    Kr_expr *e, *second = NULL;
    KrSeq *seq;
    bool ok;
    int mark;
    switch (t->type) {
    case K_return:
        p->mark++;
        e = kr_parse_optional(p, kr_parse_star_expressions, &ok);
        return ok ? KR_STMT(p, Return, kr_span_from(p, t), e) : NULL;
    case K_import: return kr_parse_import(p, t);
    case K_from: return kr_parse_import_from(p, t);
    case K_raise:
        p->mark++;
        e = kr_parse_optional(p, kr_parse_expression, &ok);
        if (!ok) return NULL;
        mark = p->mark;
        if (e && kr_accept(p, K_from)) {
            second = kr_parse_optional(p, kr_parse_expression, &ok);
            if (!ok) return NULL;
            if (!second) p->mark = mark;
        }
        return KR_STMT(p, Raise, kr_span_from(p, t), e, second);
    case K_pass:
        p->mark++;
        return KR_STMT(p, Pass, kr_token_span(t));
    case K_break:
        p->mark++;
        return KR_STMT(p, Break, kr_token_span(t));
    case K_continue:
        p->mark++;
        return KR_STMT(p, Continue, kr_token_span(t));
    case K_del:
        mark = p->mark++;
        seq = kr_parse_del_targets(p);
        if (seq && (kr_at(p, TK_SEMI) || kr_at(p, TK_NEWLINE))) return KR_STMT(p, Delete, kr_span_from(p, t), seq);
        if (p->error) return NULL;
        p->mark = mark;
        if (p->diagnose) kr_diagnose_del(p);
        return NULL;
    case K_yield:
        e = kr_parse_yield(p);
        if (e && p->diagnose && kr_at(p, TK_EQUAL)) {
            kr_error_span(p, e->at, "assignment to yield expression not possible");
            return NULL;
        }
        return e ? KR_STMT(p, Expr, kr_span_from(p, t), e) : NULL;
    case K_assert:
        p->mark++;
        e = kr_parse_expression(p);
        if (!e) return NULL;
        mark = p->mark;
        if (kr_accept(p, TK_COMMA)) {
            second = kr_parse_optional(p, kr_parse_expression, &ok);
            if (!ok) return NULL;
            if (!second) p->mark = mark;
        }
        return KR_STMT(p, Assert, kr_span_from(p, t), e, second);
    case K_global:
        p->mark++;
        seq = kr_parse_names(p);
        return seq ? KR_STMT(p, Global, kr_span_from(p, t), seq) : NULL;
    case K_nonlocal:
        p->mark++;
        seq = kr_parse_names(p);
        return seq ? KR_STMT(p, Nonlocal, kr_span_from(p, t), seq) : NULL;
    default: return kr_parse_expression_statement(p);
    }
}
Kr_stmt *kr_parse_simple_statement(KrParser *p) { return KR_MEMO(p, KR_RULE_SIMPLE_STATEMENT, kr_simple_statement_raw); }

/* ---------------------------------------------------------------- sequences */

int kr_parse_simple_statements(KrParser *p) {
    size_t base = p->n_stack;
    for (;;) {
        int mark = p->mark;
        Kr_stmt *s = kr_parse_simple_statement(p);
        if (!s) {
            if (p->error || p->n_stack == base) goto fail;
            p->mark = mark;
            break;
        }
        if (kr_push(p, s) < 0) goto fail;
        if (!kr_accept(p, TK_SEMI)) break;
    }
    if (!kr_accept(p, TK_NEWLINE)) goto fail;
    return 0;
fail:
    p->n_stack = base;
    return -1;
}

int kr_parse_statement(KrParser *p) {
    int mark = p->mark;
    Kr_stmt *s = kr_parse_compound(p);
    if (s) return kr_push(p, s);
    if (p->error) return -1;
    p->mark = mark;
    return kr_parse_simple_statements(p);
}

KrSeq *kr_parse_statements(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *body;
    for (;;) {
        KrToken *t = kr_peek(p);
        if (t->type == TK_ENDMARKER || t->type == TK_DEDENT) break;
        int mark = p->mark;
        if (kr_parse_statement(p) < 0) {
            p->mark = mark;
            break;
        }
    }
    if (p->error) {
        p->n_stack = base;
        return NULL;
    }
    return kr_pop_seq(p, base, &body) < 0 ? NULL : body;
}

static KrSeq *kr_block_raw(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *body = NULL;
    int mark = p->mark;
    if (kr_at(p, TK_NEWLINE)) {
        p->mark++;
        if (kr_accept(p, TK_INDENT)) {
            if (!kr_deeper(p, 8)) return NULL;
            body = kr_parse_statements(p);
            p->level -= 8;
            if (body && kr_accept(p, TK_DEDENT)) return body;
        }
        if (p->error) return NULL;
        p->mark = mark;
        if (p->diagnose) kr_diagnose_block(p);
        return NULL;
    }
    if (kr_parse_simple_statements(p) < 0 || kr_pop_seq(p, base, &body) < 0) return NULL;
    return body;
}
KrSeq *kr_parse_block(KrParser *p) { return KR_MEMO(p, KR_RULE_BLOCK, kr_block_raw); }
