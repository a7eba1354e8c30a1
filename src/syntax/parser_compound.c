/* parser_compound.c - compound statements: if, while, for, with, try, def, class and their decorators.
 *
 * In the second pass each begins with a look at the known mistakes in its header.
 */
#include "syntax/parser.h"

/* ---------------------------------------------------------------- if, while, for */

/* 'else' ':' block, *out NULL if there is none. 0 or -1. */
static int kr_parse_else(KrParser *p, KrSeq **out) {
    *out = NULL;
    if (!kr_at(p, K_else)) return p->error ? -1 : 0;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_ELSE) < 0) return -1;
    int mark = p->mark++;
    if (!kr_expect_forced(p, TK_COLON, ":")) return -1;
    *out = kr_parse_block(p);
    if (!*out && !p->error) p->mark = mark;
    return p->error ? -1 : 0;
}

/* if and its elifs; they are nested from the last to the first when all have been read. */
static Kr_stmt *kr_parse_if(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *orelse;
    Kr_stmt *s = NULL;
    int word = K_if, level = p->level;
    while (kr_at(p, word)) {
        KrToken *t = kr_peek(p);
        int mark = p->mark;
        if (p->diagnose && kr_diagnose_header(p, word == K_if ? KR_MISTAKES_IF : KR_MISTAKES_ELIF) < 0) goto fail;
        p->mark++;
        Kr_expr *test = kr_parse_named_expression(p);
        KrSeq *body = test && kr_accept(p, TK_COLON) ? kr_parse_block(p) : NULL;
        if (!body) {
            if (p->error || word == K_if) goto fail;
            p->mark = mark;
            break;
        }
        if (kr_push(p, t) < 0 || kr_push(p, test) < 0 || kr_push(p, body) < 0 || !kr_deeper(p, 1)) goto fail;
        word = K_elif;
    }
    if (p->error || kr_parse_else(p, &orelse) < 0) goto fail;
    for (size_t i = p->n_stack; i > base; i -= 3) {
        KrToken *t = p->stack[i - 3];
        s = KR_STMT(p, If, kr_span_statement(p, t), p->stack[i - 2], p->stack[i - 1], orelse);
        if (!s) goto fail;
        if (i - 3 > base) {
            orelse = kr_seq_new(p->arena, 1);
            if (!orelse) {
                p->error = true;
                goto fail;
            }
            orelse->items[0] = s;
        }
    }
    p->n_stack = base;
    p->level = level;
    return s;
fail:
    p->n_stack = base;
    p->level = level;
    return NULL;
}

static Kr_stmt *kr_parse_while(KrParser *p) {
    KrToken *t = kr_peek(p);
    KrSeq *orelse;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_WHILE) < 0) return NULL;
    p->mark++;
    Kr_expr *test = kr_parse_named_expression(p);
    KrSeq *body = test && kr_accept(p, TK_COLON) ? kr_parse_block(p) : NULL;
    if (!body || kr_parse_else(p, &orelse) < 0) return NULL;
    return KR_STMT(p, While, kr_span_statement(p, t), test, body, orelse);
}

static Kr_stmt *kr_parse_for(KrParser *p) {
    KrToken *t = kr_peek(p);
    int mark = p->mark;
    bool is_async = t->type == TK_ASYNC, ok;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_FOR) < 0) return NULL;
    p->mark += 1 + is_async;
    Kr_expr *target = kr_parse_star_targets(p), *iter;
    if (!target || !kr_accept(p, K_in)) {
        if (p->error) return NULL;
        p->mark = mark;
        if (p->diagnose) kr_diagnose_for_target(p);
        return NULL;
    }
    KrSeq *body = NULL, *orelse;
    PyObject *comment = NULL;
    iter = kr_parse_star_expressions(p);
    if (!iter || !kr_accept(p, TK_COLON)) return NULL;
    comment = kr_type_comment(p, &ok);
    body = ok ? kr_parse_block(p) : NULL;
    if (!body || kr_parse_else(p, &orelse) < 0) return NULL;
    KrSpan at = kr_span_statement(p, t);
    if (!is_async) return KR_STMT(p, For, at, target, iter, body, orelse, comment);
    if (!kr_check_version(p, 5, "Async for loops are")) return NULL;
    return KR_STMT(p, AsyncFor, at, target, iter, body, orelse, comment);
}

/* ---------------------------------------------------------------- with */

Kr_withitem *kr_parse_with_item(KrParser *p) {
    int mark = p->mark;
    Kr_expr *target = NULL, *e = kr_parse_expression(p);
    if (!e) return NULL;
    if (kr_at(p, K_as)) {
        int after = p->mark++;
        target = kr_parse_star_target(p);
        if (p->error) return NULL;
        int type = target ? kr_peek_type(p) : 0;
        if (!target || (type != TK_COMMA && type != TK_RPAR && type != TK_COLON)) {
            target = NULL;
            p->mark = mark;
            if (p->error || (p->diagnose && kr_diagnose_with_item(p) < 0)) return NULL;
            p->mark = after;
        }
    }
    Kr_withitem *item = kr_new_node(p, sizeof *item);
    if (item) *item = (Kr_withitem){.context_expr = e, .optional_vars = target};
    return item;
}

/* One or more items; a last comma is not consumed. */
static KrSeq *kr_parse_with_items(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *items;
    int mark = p->mark;
    do {
        Kr_withitem *item = kr_parse_with_item(p);
        if (!item) {
            if (!p->error) p->mark = mark;
            break;
        }
        if (kr_push(p, item) < 0) break;
        mark = p->mark;
    } while (kr_accept(p, TK_COMMA));
    if (p->error || p->n_stack == base || kr_pop_seq(p, base, &items) < 0) {
        p->n_stack = base;
        return NULL;
    }
    return items;
}

static Kr_stmt *kr_parse_with(KrParser *p) {
    KrToken *t = kr_peek(p);
    int mark = p->mark;
    bool is_async = t->type == TK_ASYNC, ok;
    KrSeq *items = NULL, *body = NULL;
    PyObject *comment = NULL;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_WITH) < 0) return NULL;
    p->mark += 1 + is_async;
    int start = p->mark;
    if (kr_accept(p, TK_LPAR)) {
        items = kr_parse_with_items(p);
        if (items) kr_accept(p, TK_COMMA);
        if (items && kr_accept(p, TK_RPAR) && kr_accept(p, TK_COLON) && !kr_at(p, TK_TYPE_COMMENT)) {
            body = kr_parse_block(p);
            if (body && !kr_check_version(p, 9, "Parenthesized context managers are")) return NULL;
        }
        if (p->error) return NULL;
    }
    if (!body) {
        p->mark = start;
        items = kr_parse_with_items(p);
        if (items && kr_accept(p, TK_COLON)) {
            comment = kr_type_comment(p, &ok);
            body = ok ? kr_parse_block(p) : NULL;
        }
        if (p->error) return NULL;
    }
    if (!body) {
        p->mark = mark;
        if (p->diagnose) kr_diagnose_header(p, KR_MISTAKES_WITH_END);
        return NULL;
    }
    KrSpan at = kr_span_statement(p, t);
    if (!is_async) return KR_STMT(p, With, at, items, body, comment);
    if (!kr_check_version(p, 5, "Async with statements are")) return NULL;
    return KR_STMT(p, AsyncWith, at, items, body, comment);
}

/* ---------------------------------------------------------------- try */

/* One except clause of the kind asked for; NULL if there is none. */
Kr_excepthandler *kr_parse_except(KrParser *p, bool star) {
    KrToken *t = kr_peek(p);
    int mark = p->mark;
    if (t->type != K_except) return NULL;
    if (p->diagnose && kr_diagnose_header(p, star ? KR_MISTAKES_EXCEPT_STAR : KR_MISTAKES_EXCEPT) < 0) return NULL;
    p->mark++;
    Kr_expr *type = NULL;
    PyObject *name = NULL;
    KrSeq *body = NULL;
    if (star && !kr_accept(p, TK_STAR)) goto mistake;
    if (star || !kr_at(p, TK_COLON)) {
        type = kr_parse_expression(p);
        if (!type) goto mistake;
        if (kr_at(p, K_as)) {
            p->mark++;
            KrToken *as = kr_accept(p, TK_NAME);
            if (!as || !(name = kr_identifier(p, as))) goto mistake;
        }
    }
    if (!kr_accept(p, TK_COLON) || !(body = kr_parse_block(p))) goto mistake;
    Kr_excepthandler *handler = kr_new_node(p, sizeof *handler);
    if (handler) {
        handler->kind = KR_excepthandler_ExceptHandler;
        handler->at = kr_span_statement(p, t);
        handler->v.ExceptHandler.type = type;
        handler->v.ExceptHandler.name = name;
        handler->v.ExceptHandler.body = body;
    }
    return handler;
mistake:
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_header(p, KR_MISTAKES_EXCEPT_END);
    return NULL;
}

/* All except clauses of that kind. 0 or -1. */
static int kr_parse_handlers(KrParser *p, bool star, KrSeq **out) {
    size_t base = p->n_stack;
    for (;;) {
        int mark = p->mark;
        Kr_excepthandler *handler = kr_parse_except(p, star);
        if (!handler) {
            if (!p->error) p->mark = mark;
            break;
        }
        if (kr_push(p, handler) < 0) break;
    }
    if (p->error) {
        p->n_stack = base;
        return -1;
    }
    return kr_pop_seq(p, base, out);
}

static KrSeq *kr_parse_finally(KrParser *p) {
    if (!kr_at(p, K_finally)) return NULL;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_FINALLY) < 0) return NULL;
    p->mark++;
    return kr_expect_forced(p, TK_COLON, ":") ? kr_parse_block(p) : NULL;
}

static Kr_stmt *kr_parse_try(KrParser *p) {
    KrToken *t = kr_peek(p);
    KrSeq *body, *handlers = NULL, *orelse = NULL, *final = NULL;
    bool star = false;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_TRY) < 0) return NULL;
    p->mark++;
    if (!kr_expect_forced(p, TK_COLON, ":") || !(body = kr_parse_block(p))) return NULL;
    if (kr_at(p, K_except)) {
        if (kr_parse_handlers(p, false, &handlers) < 0) return NULL;
        if (!handlers) {
            star = true;
            if (kr_parse_handlers(p, true, &handlers) < 0) return NULL;
        }
        if (!handlers || kr_parse_else(p, &orelse) < 0) return NULL;
    }
    int mark = p->mark;
    final = kr_parse_finally(p);
    if (p->error) return NULL;
    if (!final) {
        if (!handlers) return NULL;
        p->mark = mark;
    }
    KrSpan at = kr_span_statement(p, t);
    if (!star) return KR_STMT(p, Try, at, body, handlers, orelse, final);
    if (!kr_check_version(p, 11, "Exception groups are")) return NULL;
    return KR_STMT(p, TryStar, at, body, handlers, orelse, final);
}

/* ---------------------------------------------------------------- def, class */

/* The type comment of a function: after the ':', or alone on the first line of the body. */
static PyObject *kr_parse_func_type_comment(KrParser *p, bool *ok) {
    int mark = p->mark;
    KrToken *t;
    *ok = true;
    if (!(p->flags & PyCF_TYPE_COMMENTS)) return NULL;
    if (kr_accept(p, TK_NEWLINE) && (t = kr_accept(p, TK_TYPE_COMMENT)) && kr_accept(p, TK_NEWLINE) && kr_at(p, TK_INDENT)) {
        p->mark = mark + 1;
        PyObject *comment = kr_type_comment(p, ok);
        return comment;
    }
    p->mark = mark;
    if (p->diagnose && kr_accept(p, TK_TYPE_COMMENT) && kr_accept(p, TK_NEWLINE) && kr_accept(p, TK_TYPE_COMMENT) &&
        kr_accept(p, TK_NEWLINE) && kr_accept(p, TK_INDENT)) {
        *ok = false;
        return kr_error_here(p, "Cannot have two type comments on def");
    }
    p->mark = mark;
    return p->error ? NULL : kr_type_comment(p, ok);
}

static Kr_stmt *kr_parse_def(KrParser *p, KrSeq *decorators) {
    KrToken *t = kr_peek(p), *name;
    bool is_async = t->type == TK_ASYNC, ok;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_DEF) < 0) return NULL;
    p->mark += 1 + is_async;
    if (!(name = kr_accept(p, TK_NAME)) || !kr_expect_forced(p, TK_LPAR, "(")) return NULL;
    Kr_arguments *params = kr_parse_params(p, false);
    Kr_expr *returns = NULL;
    if (!params || !kr_accept(p, TK_RPAR)) return NULL;
    int mark = p->mark;
    if (kr_accept(p, TK_RARROW)) {
        returns = kr_parse_expression(p);
        if (p->error) return NULL;
        if (!returns) p->mark = mark;
    }
    if (!kr_expect_forced(p, TK_COLON, ":")) return NULL;
    PyObject *comment = kr_parse_func_type_comment(p, &ok), *id;
    KrSeq *body = ok && !p->error ? kr_parse_block(p) : NULL;
    if (!body || !(id = kr_identifier(p, name))) return NULL;
    KrSpan at = kr_span_statement(p, t);
    if (!is_async) return KR_STMT(p, FunctionDef, at, id, params, body, decorators, returns, comment);
    if (!kr_check_version(p, 5, "Async functions are")) return NULL;
    return KR_STMT(p, AsyncFunctionDef, at, id, params, body, decorators, returns, comment);
}

static Kr_stmt *kr_parse_class(KrParser *p, KrSeq *decorators) {
    KrToken *t = kr_peek(p), *name;
    if (p->diagnose && kr_diagnose_header(p, KR_MISTAKES_CLASS) < 0) return NULL;
    p->mark++;
    if (!(name = kr_accept(p, TK_NAME))) return NULL;
    KrCallArgs none = {0}, *args = &none;
    if (kr_accept(p, TK_LPAR)) {
        int mark = p->mark;
        args = KR_MEMO(p, KR_RULE_ARGUMENTS, kr_parse_arguments);
        if (p->error) return NULL;
        if (!args) {
            args = &none;
            p->mark = mark;
        }
        if (!kr_accept(p, TK_RPAR)) return NULL;
    }
    KrSeq *body = kr_accept(p, TK_COLON) ? kr_parse_block(p) : NULL;
    PyObject *id = body ? kr_identifier(p, name) : NULL;
    if (!id) return NULL;
    return KR_STMT(p, ClassDef, kr_span_statement(p, t), id, args->args, args->keywords, body, decorators);
}

/* '@' lines, then a def or class. */
static Kr_stmt *kr_parse_decorated(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *decorators;
    while (kr_accept(p, TK_AT)) {
        Kr_expr *e = kr_parse_named_expression(p);
        if (!e || !kr_accept(p, TK_NEWLINE) || kr_push(p, e) < 0) {
            p->n_stack = base;
            return NULL;
        }
    }
    if (p->error || kr_pop_seq(p, base, &decorators) < 0) return NULL;
    int type = kr_peek_type(p);
    if (type == K_def || (type == TK_ASYNC && kr_peek_second(p)->type == K_def)) return kr_parse_def(p, decorators);
    return type == K_class ? kr_parse_class(p, decorators) : NULL;
}

Kr_stmt *kr_parse_compound(KrParser *p) {
    KrToken *t = kr_peek(p);
    switch (t->type) {
    case K_def: return kr_parse_def(p, NULL);
    case TK_AT: return kr_parse_decorated(p);
    case TK_ASYNC:
        switch (kr_peek_second(p)->type) {
        case K_def: return kr_parse_def(p, NULL);
        case K_with: return kr_parse_with(p);
        case K_for: return kr_parse_for(p);
        default: return NULL;
        }
    case K_if: return kr_parse_if(p);
    case K_class: return kr_parse_class(p, NULL);
    case K_with: return kr_parse_with(p);
    case K_for: return kr_parse_for(p);
    case K_try: return kr_parse_try(p);
    case K_while: return kr_parse_while(p);
    case TK_NAME:
        if (KR_TOKEN_IS(t, "match")) return kr_parse_match(p);
        return NULL;
    default: return NULL;
    }
}
