/* parser_target.c - what may be assigned to, deleted, or looped over.
 *
 * Targets are parsed as primaries, then checked: names, attributes, subscripts, and lists and tuples of targets are
 * good. An expression parsed as a value becomes a target by giving it the context Store or Del.
 */
#include "syntax/parser.h"

const char *kr_expr_name(const Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_Attribute: return "attribute";
    case KR_expr_Subscript: return "subscript";
    case KR_expr_Starred: return "starred";
    case KR_expr_Name: return "name";
    case KR_expr_List: return "list";
    case KR_expr_Tuple: return "tuple";
    case KR_expr_Lambda: return "lambda";
    case KR_expr_Call: return "function call";
    case KR_expr_BoolOp:
    case KR_expr_BinOp:
    case KR_expr_UnaryOp: return "expression";
    case KR_expr_GeneratorExp: return "generator expression";
    case KR_expr_Yield:
    case KR_expr_YieldFrom: return "yield expression";
    case KR_expr_Await: return "await expression";
    case KR_expr_ListComp: return "list comprehension";
    case KR_expr_SetComp: return "set comprehension";
    case KR_expr_DictComp: return "dict comprehension";
    case KR_expr_Dict: return "dict literal";
    case KR_expr_Set: return "set display";
    case KR_expr_JoinedStr:
    case KR_expr_FormattedValue: return "f-string expression";
    case KR_expr_Constant: {
        PyObject *value = e->v.Constant.value;
        if (value == Py_None) return "None";
        if (value == Py_False) return "False";
        if (value == Py_True) return "True";
        if (value == Py_Ellipsis) return "ellipsis";
        return "literal";
    }
    case KR_expr_Compare: return "comparison";
    case KR_expr_IfExp: return "conditional expression";
    case KR_expr_NamedExpr: return "named expression";
    default: return "expression";
    }
}

/* The elements of a list or tuple display; NULL with *is false for other expressions. */
static KrSeq *kr_elements(const Kr_expr *e, bool *is) {
    *is = e->kind == KR_expr_List || e->kind == KR_expr_Tuple;
    return e->kind == KR_expr_List ? e->v.List.elts : e->kind == KR_expr_Tuple ? e->v.Tuple.elts : NULL;
}

bool kr_is_single_target(const Kr_expr *e) {
    return e->kind == KR_expr_Name || e->kind == KR_expr_Attribute || e->kind == KR_expr_Subscript;
}

/* May e be a target? With star, starred targets are allowed in it. */
static bool kr_is_target(const Kr_expr *e, bool star) {
    if (kr_is_single_target(e)) return true;
    if (e->kind == KR_expr_Starred) return star && e->v.Starred.value->kind != KR_expr_Starred && kr_is_target(e->v.Starred.value, star);
    bool is;
    KrSeq *elts = kr_elements(e, &is);
    if (!is) return false;
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++)
        if (!kr_is_target(KR_SEQ_GET(elts, Kr_expr, i), star)) return false;
    return true;
}

bool kr_is_star_target(const Kr_expr *e) { return kr_is_target(e, true); }

void kr_set_context(Kr_expr *e, int ctx) {
    KrSeq *elts = NULL;
    switch (e->kind) {
    case KR_expr_Name: e->v.Name.ctx = ctx; break;
    case KR_expr_Attribute: e->v.Attribute.ctx = ctx; break;
    case KR_expr_Subscript: e->v.Subscript.ctx = ctx; break;
    case KR_expr_Starred:
        e->v.Starred.ctx = ctx;
        kr_set_context(e->v.Starred.value, ctx);
        break;
    case KR_expr_List:
        e->v.List.ctx = ctx;
        elts = e->v.List.elts;
        break;
    case KR_expr_Tuple:
        e->v.Tuple.ctx = ctx;
        elts = e->v.Tuple.elts;
        break;
    default: break;
    }
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++) kr_set_context(KR_SEQ_GET(elts, Kr_expr, i), ctx);
}

Kr_expr *kr_invalid_target(Kr_expr *e, int kind) {
    if (kr_is_single_target(e)) return NULL;
    if (e->kind == KR_expr_Starred) return kind == KR_TARGETS_DEL ? e : kr_invalid_target(e->v.Starred.value, kind);
    if (e->kind == KR_expr_Compare && kind == KR_TARGETS_FOR) {
        /* "for x in y" read as an expression is a comparison whose left side is the target. */
        return KR_SEQ_INT(e->v.Compare.ops, 0) == KR_cmpop_In ? kr_invalid_target(e->v.Compare.left, kind) : NULL;
    }
    bool is;
    KrSeq *elts = kr_elements(e, &is);
    if (!is) return e;
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++) {
        Kr_expr *bad = kr_invalid_target(KR_SEQ_GET(elts, Kr_expr, i), kind);
        if (bad) return bad;
    }
    return NULL;
}

void *kr_raise_invalid_target(KrParser *p, Kr_expr *e, int kind) {
    Kr_expr *bad = kr_invalid_target(e, kind);
    if (!bad) return NULL;
    return kr_error_span(p, bad->at, kind == KR_TARGETS_DEL ? "cannot delete %s" : "cannot assign to %s", kr_expr_name(bad));
}

static Kr_expr *kr_star_target_raw(KrParser *p) {
    KrToken *t = kr_peek(p);
    if (t->type == TK_NAME) {
        int next = kr_peek_second(p)->type;
        if (next != TK_DOT && next != TK_LPAR && next != TK_LSQB) {
            p->mark++;
            return kr_name_of_token(p, t, KR_expr_context_Store);
        }
    }
    Kr_expr *e;
    if (t->type == TK_STAR) {
        p->mark++;
        if (kr_at(p, TK_STAR)) return NULL;
        e = kr_parse_star_target(p);
        return e ? KR_EXPR(p, Starred, kr_span_from(p, t), e, KR_expr_context_Store) : NULL;
    }
    e = kr_parse_primary(p);
    if (!e || !kr_is_star_target(e)) return NULL;
    kr_set_context(e, KR_expr_context_Store);
    return e;
}
Kr_expr *kr_parse_star_target(KrParser *p) { return KR_MEMO(p, KR_RULE_STAR_TARGET, kr_star_target_raw); }

Kr_expr *kr_parse_star_targets(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = kr_parse_star_target(p);
    if (!e || !kr_at(p, TK_COMMA)) return e;
    size_t base = p->n_stack;
    KrSeq *elts;
    if (kr_push(p, e) < 0) return NULL;
    while (kr_accept(p, TK_COMMA)) {
        int mark = p->mark;
        if (!(e = kr_parse_star_target(p))) {
            if (!p->error) p->mark = mark;
            break;
        }
        if (kr_push(p, e) < 0) break;
    }
    if (p->error) {
        p->n_stack = base;
        return NULL;
    }
    if (kr_pop_seq(p, base, &elts) < 0) return NULL;
    return KR_EXPR(p, Tuple, kr_span_from(p, start), elts, KR_expr_context_Store);
}

KrSeq *kr_parse_del_targets(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *targets;
    do {
        int mark = p->mark;
        Kr_expr *e = kr_parse_primary(p);
        if (p->error) goto fail;
        if (!e || !kr_is_target(e, false)) {
            p->mark = mark;
            break;
        }
        kr_set_context(e, KR_expr_context_Del);
        if (kr_push(p, e) < 0) goto fail;
    } while (kr_accept(p, TK_COMMA));
    if (p->error || p->n_stack == base || kr_pop_seq(p, base, &targets) < 0) goto fail;
    return targets;
fail:
    p->n_stack = base;
    return NULL;
}
