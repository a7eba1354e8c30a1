/* parser_diagnose.c - the second pass's knowledge of common mistakes.
 *
 * Each function stands for a place in the grammar. It tries the mistaken forms known there, in a fixed order, and
 * raises about the first that fits: it returns -1. Otherwise it puts `mark` back and returns 0. The forms are parsed with
 * the ordinary functions, so that mistakes nested in them are found first.
 */
#include "syntax/parser.h"

/* Ends a form: back to where it began. */
KR_INLINE bool kr_again(KrParser *p, int mark) {
    if (p->error) return false;
    p->mark = mark;
    return true;
}

KR_INLINE int kr_result(KrParser *p, int mark) {
    if (p->error) return -1;
    p->mark = mark;
    return 0;
}

/* Accepts one of three types. */
static KrToken *kr_accept_any(KrParser *p, int a, int b, int c) {
    KrToken *t = kr_peek(p);
    if (t->type != a && t->type != b && t->type != c) return NULL;
    p->mark++;
    return t;
}

/* ---------------------------------------------------------------- expressions */

/* Is e the name of a statement that became a function? */
static bool kr_is_legacy(PyObject *name) {
    return PyUnicode_CompareWithASCIIString(name, "print") == 0 || PyUnicode_CompareWithASCIIString(name, "exec") == 0;
}

int kr_diagnose_expression(KrParser *p) {
    int mark = p->mark;
    KrToken *t = kr_peek(p);
    Kr_expr *a, *b;
    bool name = t->type == TK_NAME, skip = false;
    if (name) {
        /* Soft keywords read like names; 3.11 takes their beginnings for them, too. */
        size_t len = (size_t)(t->end - t->start);
        skip = !strncmp(t->start, "_", len) || !strncmp(t->start, "case", len) || !strncmp(t->start, "match", len);
        skip |= kr_peek_second(p)->type == TK_STRING;
    }
    if (!skip && (a = kr_parse_disjunction(p))) {
        bool legacy = a->kind == KR_expr_Name && kr_is_legacy(a->v.Name.id);
        p->diagnose = false;
        b = kr_parse_expression_unmemoized(p);
        p->diagnose = true;
        if (b && !legacy && kr_previous(p)->level != 0) {
            kr_error_range(p, a->at, b->at, "invalid syntax. Perhaps you forgot a comma?");
            return -1;
        }
    }
    if (!kr_again(p, mark)) return -1;
    if ((a = kr_parse_disjunction(p)) && kr_accept(p, K_if) && (b = kr_parse_disjunction(p))) {
        int type = kr_peek_type(p);
        if (!p->error && type != K_else && type != TK_COLON) {
            kr_error_range(p, a->at, b->at, "expected 'else' after 'if' expression");
            return -1;
        }
    }
    if (!kr_again(p, mark)) return -1;
    if (name && kr_peek_second(p)->type != TK_LPAR) {
        p->mark++;
        b = kr_parse_star_expressions(p);
        PyObject *id = b ? kr_identifier(p, t) : NULL;
        if (id && kr_is_legacy(id)) {
            kr_error_range(p, kr_token_span(t), b->at, "Missing parentheses in call to '%U'. Did you mean %U(...)?", id, id);
            return -1;
        }
    }
    return kr_result(p, mark);
}

static void *kr_named_expression_mistakes(KrParser *p) {
    int mark = p->mark, type;
    KrToken *t = kr_peek(p);
    Kr_expr *a = kr_parse_expression(p), *b;
    if (a && kr_accept(p, TK_COLONEQUAL) && kr_parse_expression(p))
        return kr_error_span(p, a->at, "cannot use assignment expressions with %s", kr_expr_name(a));
    if (!kr_again(p, mark)) return NULL;
    if (kr_accept(p, TK_NAME) && kr_accept(p, TK_EQUAL) && (b = kr_parse_bitwise_or(p))) {
        type = kr_peek_type(p);
        if (type != TK_EQUAL && type != TK_COLONEQUAL)
            return kr_error_range(p, kr_token_span(t), b->at, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    }
    if (!kr_again(p, mark)) return NULL;
    /* Displays are targets; the words get a message of their own. */
    if (t->type == K_True || t->type == K_None || t->type == K_False) return NULL;
    if (t->type == TK_LSQB || t->type == TK_LPAR) {
        a = kr_parse_atom(p);
        if (!kr_again(p, mark)) return NULL;
        bool own = a && a->at.lineno == t->lineno && a->at.col_offset == t->col;
        if (own && (a->kind == KR_expr_List || a->kind == KR_expr_Tuple || a->kind == KR_expr_GeneratorExp)) return NULL;
    }
    if ((a = kr_parse_bitwise_or(p)) && kr_accept(p, TK_EQUAL) && kr_parse_bitwise_or(p)) {
        type = kr_peek_type(p);
        if (!p->error && type != TK_EQUAL && type != TK_COLONEQUAL)
            return kr_error_span(p, a->at, "cannot assign to %s here. Maybe you meant '==' instead of '='?", kr_expr_name(a));
    }
    return NULL;
}

int kr_diagnose_named_expression(KrParser *p) {
    int mark = p->mark;
    kr_memoized(p, KR_RULE_NAMED_HOOK, kr_named_expression_mistakes);
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- assignments */

/* (target '=')*. */
static void kr_skip_targets(KrParser *p) {
    int mark = p->mark;
    while (kr_parse_star_targets(p) && kr_accept(p, TK_EQUAL)) mark = p->mark;
    if (!p->error) p->mark = mark;
}

int kr_diagnose_assignment(KrParser *p) {
    int mark = p->mark, type = kr_peek_type(p);
    Kr_expr *a;
    if (type == TK_LSQB || type == TK_LPAR) {
        a = kr_parse_atom(p);
        if (a && (a->kind == KR_expr_List || a->kind == KR_expr_Tuple) && kr_accept(p, TK_COLON) && kr_parse_expression(p))
            kr_error_span(p, a->at, "only single target (not %s) can be annotated", kr_expr_name(a));
        if (!kr_again(p, mark)) return -1;
    }
    if ((a = kr_parse_star_named_expression(p)) && kr_accept(p, TK_COMMA)) {
        KrSeq *more;
        for (;;) {
            int item = p->mark;
            if (kr_parse_star_named_list(p, &more) == 0) continue;
            if (!kr_again(p, item)) return -1;
            break;
        }
        if (kr_accept(p, TK_COLON) && kr_parse_expression(p))
            kr_error_span(p, a->at, "only single target (not tuple) can be annotated");
    }
    if (!kr_again(p, mark)) return -1;
    if ((a = kr_parse_expression(p)) && kr_accept(p, TK_COLON) && kr_parse_expression(p))
        kr_error_span(p, a->at, "illegal target for annotation");
    if (!kr_again(p, mark)) return -1;
    kr_skip_targets(p);
    if (p->error) return -1;
    int value = p->mark;
    if ((a = kr_parse_star_expressions(p)) && kr_accept(p, TK_EQUAL)) kr_raise_invalid_target(p, a, KR_TARGETS_STAR);
    if (!kr_again(p, value)) return -1;
    if ((a = kr_parse_yield(p)) && kr_accept(p, TK_EQUAL)) kr_error_span(p, a->at, "assignment to yield expression not possible");
    if (!kr_again(p, mark)) return -1;
    if ((a = kr_parse_star_expressions(p)) && (type = kr_peek_type(p)) >= TK_PLUSEQUAL && type <= TK_ATEQUAL &&
        type != TK_DOUBLESLASH && type != TK_AT) {
        p->mark++;
        if (kr_parse_yield_or_star_expressions(p))
            kr_error_span(p, a->at, "'%s' is an illegal expression for augmented assignment", kr_expr_name(a));
    }
    return kr_result(p, mark);
}

int kr_diagnose_del(KrParser *p) {
    int mark = p->mark++;
    Kr_expr *a = kr_parse_star_expressions(p);
    if (a) kr_raise_invalid_target(p, a, KR_TARGETS_DEL);
    return kr_result(p, mark);
}

int kr_diagnose_for_target(KrParser *p) {
    int mark = p->mark;
    kr_accept(p, TK_ASYNC);
    p->mark++;
    Kr_expr *a = kr_parse_star_expressions(p);
    if (a) kr_raise_invalid_target(p, a, KR_TARGETS_FOR);
    return kr_result(p, mark);
}

int kr_diagnose_with_item(KrParser *p) {
    int mark = p->mark;
    Kr_expr *a;
    if (kr_parse_expression(p) && kr_accept(p, K_as) && (a = kr_parse_expression(p))) {
        int type = kr_peek_type(p);
        if (type == TK_COMMA || type == TK_RPAR || type == TK_COLON) kr_raise_invalid_target(p, a, KR_TARGETS_STAR);
    }
    return kr_result(p, mark);
}

int kr_diagnose_import_targets(KrParser *p) {
    int mark = p->mark;
    if (kr_parse_import_as_names(p) && kr_accept(p, TK_COMMA) && kr_accept(p, TK_NEWLINE))
        kr_error_here(p, "trailing comma not allowed without surrounding parentheses");
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- brackets */

int kr_diagnose_group(KrParser *p) {
    int mark = p->mark++;
    Kr_expr *a;
    KrToken *t;
    if ((a = kr_parse_starred_expression(p)) && kr_accept(p, TK_RPAR)) kr_error_span(p, a->at, "cannot use starred expression here");
    if (!kr_again(p, mark + 1)) return -1;
    if ((t = kr_accept(p, TK_DOUBLESTAR)) && kr_parse_expression(p) && kr_accept(p, TK_RPAR))
        kr_error_span(p, kr_token_span(t), "cannot use double starred expression here");
    return kr_result(p, mark);
}

int kr_diagnose_comprehension(KrParser *p) {
    static const char forgot[] = "did you forget parentheses around the comprehension target?";
    int mark = p->mark;
    bool paren = kr_at(p, TK_LPAR);
    Kr_expr *a;
    KrSeq *more;
    KrToken *comma;
    p->mark++;
    if ((a = kr_parse_starred_expression(p)) && kr_parse_for_clauses(p))
        kr_error_span(p, a->at, "iterable unpacking cannot be used in comprehension");
    if (!kr_again(p, mark + 1)) return -1;
    if (!paren && (a = kr_parse_star_named_expression(p)) && (comma = kr_accept(p, TK_COMMA))) {
        int after = p->mark;
        if (kr_parse_star_named_list(p, &more) == 0 && kr_parse_for_clauses(p))
            kr_error_range(p, a->at, KR_SEQ_GET(more, Kr_expr, more->size - 1)->at, forgot);
        if (!kr_again(p, after)) return -1;
        if (kr_parse_for_clauses(p)) kr_error_range(p, a->at, kr_token_span(comma), forgot);
    }
    return kr_result(p, mark);
}

int kr_diagnose_dict_comprehension(KrParser *p) {
    int mark = p->mark++;
    KrToken *t = kr_accept(p, TK_DOUBLESTAR);
    if (t && kr_parse_bitwise_or(p) && kr_parse_for_clauses(p) && kr_accept(p, TK_RBRACE))
        kr_error_span(p, kr_token_span(t), "dict unpacking cannot be used in dict comprehension");
    return kr_result(p, mark);
}

/* key ':' with no proper value; raises. */
static void kr_diagnose_dict_value(KrParser *p) {
    int mark = p->mark;
    KrToken *t;
    if (kr_parse_expression(p) && kr_accept(p, TK_COLON) && (t = kr_accept(p, TK_STAR)) && kr_parse_bitwise_or(p))
        kr_error_from(p, kr_token_span(t), "cannot use a starred expression in a dictionary value");
    if (!kr_again(p, mark)) return;
    if (kr_parse_expression(p) && (t = kr_accept(p, TK_COLON)) && (kr_at(p, TK_RBRACE) || kr_at(p, TK_COMMA)))
        kr_error_span(p, kr_token_span(t), "expression expected after dictionary key and ':'");
}

int kr_diagnose_dict(KrParser *p) {
    int mark = p->mark, end = -1, found;
    Kr_expr *key, *value;
    while ((found = kr_parse_kvpair(p, &key, &value)) > 0) {
        end = p->mark;
        if (!kr_accept(p, TK_COMMA)) break;
    }
    if (found < 0) return -1;
    if (end >= 0) {
        p->mark = end;
        if (kr_accept(p, TK_COMMA)) {
            int pair = p->mark;
            if ((key = kr_parse_expression(p)) && !kr_at(p, TK_COLON) && !p->error)
                kr_raise_at(p, PyExc_SyntaxError, key->at.lineno, key->at.end_col_offset - 1, key->at.end_lineno, -1,
                            "':' expected after dictionary key");
            if (!kr_again(p, pair)) return -1;
            kr_diagnose_dict_value(p);
        }
    }
    if (!kr_again(p, mark)) return -1;
    kr_diagnose_dict_value(p);
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- arguments */

/* Range of the last part of the last clause. */
static KrSpan kr_last_clause_span(KrSeq *clauses) {
    Kr_comprehension *last = KR_SEQ_GET(clauses, Kr_comprehension, clauses->size - 1);
    Py_ssize_t n = kr_seq_len(last->ifs);
    return n ? KR_SEQ_GET(last->ifs, Kr_expr, n - 1)->at : last->iter->at;
}

int kr_diagnose_arguments(KrParser *p) {
    static const char parenthesize[] = "Generator expression must be parenthesized";
    int mark = p->mark;
    KrCallArgs *args;
    Kr_expr *a;
    KrSeq *clauses;
    KrToken *t = kr_peek(p), *equal;
    if ((args = kr_parse_args(p)) && kr_accept(p, TK_COMMA) && kr_accept(p, TK_STAR))
        kr_error_span(p, args->span, "iterable argument unpacking follows keyword argument unpacking");
    if (!kr_again(p, mark)) return -1;
    if ((a = kr_parse_expression(p)) && (clauses = kr_parse_for_clauses(p)) && kr_accept(p, TK_COMMA)) {
        int rest = p->mark;
        if (!kr_parse_args(p)) {
            if (!kr_again(p, rest)) return -1;
            if (kr_parse_expression(p)) kr_parse_for_clauses(p);
        }
        if (p->error) return -1;
        kr_error_range(p, a->at, kr_last_clause_span(clauses), parenthesize);
    }
    if (!kr_again(p, mark)) return -1;
    if (kr_accept(p, TK_NAME) && (equal = kr_accept(p, TK_EQUAL)) && kr_parse_expression(p) && kr_parse_for_clauses(p))
        kr_error_range(p, kr_token_span(t), kr_token_span(equal), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    if (!kr_again(p, mark)) return -1;
    if ((args = kr_parse_args(p)) && (clauses = kr_parse_for_clauses(p))) {
        Py_ssize_t n = kr_seq_len(args->args);
        if (n > 1)
            kr_error_range(p, KR_SEQ_GET(args->args, Kr_expr, n - 1)->at, kr_last_clause_span(clauses), parenthesize);
    }
    if (!kr_again(p, mark)) return -1;
    if (kr_parse_args(p) && kr_accept(p, TK_COMMA) && (a = kr_parse_expression(p)) && (clauses = kr_parse_for_clauses(p)))
        kr_error_range(p, a->at, kr_last_clause_span(clauses), parenthesize);
    if (!kr_again(p, mark)) return -1;
    if ((args = kr_parse_args(p)) && kr_accept(p, TK_COMMA) && kr_parse_args(p)) {
        bool unpacking = false;
        for (Py_ssize_t i = 0; i < kr_seq_len(args->keywords); i++)
            unpacking |= KR_SEQ_GET(args->keywords, Kr_keyword, i)->arg == NULL;
        kr_error_here(p, unpacking ? "positional argument follows keyword argument unpacking"
                                   : "positional argument follows keyword argument");
    }
    return kr_result(p, mark);
}

int kr_diagnose_keyword_argument(KrParser *p) {
    int mark = p->mark;
    KrToken *t = kr_peek(p), *equal;
    Kr_expr *a;
    if (kr_accept_any(p, K_True, K_False, K_None) && (equal = kr_accept(p, TK_EQUAL)))
        kr_error_range(p, kr_token_span(t), kr_token_span(equal), "cannot assign to %s",
                       t->type == K_True ? "True" : t->type == K_False ? "False" : "None");
    if (!kr_again(p, mark)) return -1;
    if (kr_accept(p, TK_NAME) && (equal = kr_accept(p, TK_EQUAL)) && kr_parse_expression(p) && kr_parse_for_clauses(p))
        kr_error_range(p, kr_token_span(t), kr_token_span(equal), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    if (!kr_again(p, mark)) return -1;
    if (t->type == TK_NAME && kr_peek_second(p)->type == TK_EQUAL) return kr_result(p, mark);
    if ((a = kr_parse_expression(p)) && (equal = kr_accept(p, TK_EQUAL)))
        kr_error_range(p, a->at, kr_token_span(equal), "expression cannot contain assignment, perhaps you meant \"==\"?");
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- parameters */

/* Skips parameters of a kind; how many there were. */
static int kr_skip_params(KrParser *p, bool lambda, int kind) {
    Kr_arg *arg;
    Kr_expr *value;
    int n = 0, mark = p->mark;
    while (kr_parse_param(p, lambda, kind, false, &arg, &value)) {
        n++;
        mark = p->mark;
    }
    if (!p->error) p->mark = mark;
    return n;
}

static bool kr_skip_param(KrParser *p, bool lambda, int kind) {
    Kr_arg *arg;
    Kr_expr *value;
    int mark = p->mark;
    if (kr_parse_param(p, lambda, kind, false, &arg, &value)) return true;
    if (!p->error) p->mark = mark;
    return false;
}

/* '/' that ends positional-only parameters, with its comma or before the end. */
static bool kr_skip_slash(KrParser *p, bool lambda) {
    return kr_accept(p, TK_SLASH) && (kr_accept(p, TK_COMMA) || kr_at(p, lambda ? TK_COLON : TK_RPAR));
}

/* Positional-only parameters, all without defaults or (with_default) at least the last with one. */
static bool kr_skip_positional_only(KrParser *p, bool lambda, bool with_default) {
    int mark = p->mark, n = kr_skip_params(p, lambda, KR_PARAM_PLAIN);
    if (!p->error && with_default) n = kr_skip_params(p, lambda, KR_PARAM_DEFAULT);
    if (!p->error && n && kr_skip_slash(p, lambda)) return true;
    if (!p->error) p->mark = mark;
    return false;
}

int kr_diagnose_params(KrParser *p, bool lambda) {
    int mark = p->mark;
    KrToken *t, *open;
    /* A parameter without default after one with it. */
    kr_skip_params(p, lambda, KR_PARAM_PLAIN);
    if (p->error) return -1;
    int after;
    if (kr_skip_params(p, lambda, KR_PARAM_DEFAULT) > 0) {
        Kr_arg *arg;
        Kr_expr *value;
        after = p->mark;
        if (!p->error && !kr_skip_slash(p, lambda)) p->mark = after;
        if (!p->error && kr_parse_param(p, lambda, KR_PARAM_PLAIN, false, &arg, &value))
            kr_error_span(p, arg->at, "non-default argument follows default argument");
    }
    if (!kr_again(p, mark)) return -1;
    /* Parentheses. */
    kr_skip_params(p, lambda, KR_PARAM_PLAIN);
    if (p->error) return -1;
    if ((open = kr_accept(p, TK_LPAR))) {
        int n = 0;
        if (lambda) {
            while (kr_accept(p, TK_NAME)) {
                n++;
                int comma = p->mark;
                if (!kr_accept(p, TK_COMMA)) break;
                if (!kr_at(p, TK_NAME)) {
                    p->mark = comma;
                    break;
                }
            }
        } else {
            n = kr_skip_params(p, lambda, KR_PARAM_PLAIN);
        }
        if (n && !p->error) {
            kr_accept(p, TK_COMMA);
            if ((t = kr_accept(p, TK_RPAR)))
                kr_error_range(p, kr_token_span(open), kr_token_span(t), "%s parameters cannot be parenthesized",
                               lambda ? "Lambda expression" : "Function");
        }
    }
    if (!kr_again(p, mark)) return -1;
    /* Slashes. */
    if ((t = kr_accept(p, TK_SLASH)) && kr_accept(p, TK_COMMA))
        kr_error_span(p, kr_token_span(t), "at least one argument must precede /");
    if (!kr_again(p, mark)) return -1;
    bool slash = kr_skip_positional_only(p, lambda, false);
    if (!slash && !p->error) slash = kr_skip_positional_only(p, lambda, true);
    if (p->error) return -1;
    after = p->mark;
    if (slash) {
        kr_skip_params(p, lambda, KR_PARAM_EITHER);
        if (!p->error && (t = kr_accept(p, TK_SLASH))) kr_error_span(p, kr_token_span(t), "/ may appear only once");
        if (!kr_again(p, after)) return -1;
    }
    kr_skip_params(p, lambda, KR_PARAM_EITHER);
    if (!p->error && kr_accept(p, TK_STAR) && (kr_accept(p, TK_COMMA) || kr_skip_param(p, lambda, KR_PARAM_PLAIN))) {
        kr_skip_params(p, lambda, KR_PARAM_EITHER);
        if (!p->error && (t = kr_accept(p, TK_SLASH))) kr_error_span(p, kr_token_span(t), "/ must be ahead of *");
    }
    if (!kr_again(p, mark)) return -1;
    if (kr_skip_params(p, lambda, KR_PARAM_EITHER) && !p->error && kr_accept(p, TK_SLASH) && (t = kr_accept(p, TK_STAR)))
        kr_error_span(p, kr_token_span(t), "expected comma between / and *");
    return kr_result(p, mark);
}

int kr_diagnose_star_params(KrParser *p, bool lambda) {
    int mark = p->mark, close = lambda ? TK_COLON : TK_RPAR;
    KrToken *star = kr_accept(p, TK_STAR), *t;
    if (!star) return p->error ? -1 : 0;
    bool bare = kr_at(p, close);
    if (!bare && kr_accept(p, TK_COMMA)) bare = kr_at(p, close) || kr_at(p, TK_DOUBLESTAR);
    if (bare) {
        if (lambda) {
            p->mark++;
            kr_error_here(p, "named arguments must follow bare *");
        } else {
            kr_error_span(p, kr_token_span(star), "named arguments must follow bare *");
        }
    }
    if (!kr_again(p, mark + 1)) return -1;
    if (!lambda && kr_accept(p, TK_COMMA) && kr_accept(p, TK_TYPE_COMMENT)) kr_error_here(p, "bare * has associated type comment");
    if (!kr_again(p, mark + 1)) return -1;
    if (kr_parse_bare_param(p, lambda, false) && (t = kr_accept(p, TK_EQUAL)))
        kr_error_span(p, kr_token_span(t), "var-positional argument cannot have default value");
    if (!kr_again(p, mark + 1)) return -1;
    if (kr_skip_param(p, lambda, KR_PARAM_PLAIN) || (!p->error && kr_accept(p, TK_COMMA))) {
        kr_skip_params(p, lambda, KR_PARAM_EITHER);
        if (!p->error && (t = kr_accept(p, TK_STAR)) && (kr_skip_param(p, lambda, KR_PARAM_PLAIN) || kr_accept(p, TK_COMMA)))
            kr_error_span(p, kr_token_span(t), "* argument may appear only once");
    }
    return kr_result(p, mark);
}

int kr_diagnose_double_star_params(KrParser *p, bool lambda) {
    static const char follow[] = "arguments cannot follow var-keyword argument";
    int mark = p->mark++;
    KrToken *t;
    Kr_arg *arg;
    if (kr_parse_bare_param(p, lambda, false)) {
        if ((t = kr_accept(p, TK_EQUAL))) kr_error_span(p, kr_token_span(t), "var-keyword argument cannot have default value");
        if (kr_accept(p, TK_COMMA)) {
            if ((arg = kr_parse_bare_param(p, lambda, false))) kr_error_span(p, arg->at, follow);
            else if ((t = kr_accept_any(p, TK_STAR, TK_DOUBLESTAR, TK_SLASH))) kr_error_span(p, kr_token_span(t), follow);
        }
    }
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- patterns */

/* mark is at the '(' of a class pattern. */
int kr_diagnose_class_pattern(KrParser *p) {
    int mark = p->mark++, end = p->mark;
    Kr_pattern *first = NULL, *last = NULL, *pattern;
    bool keyword = false;
    /* [patterns ','] keywords ',' */
    while (kr_parse_pattern(p) && kr_accept(p, TK_COMMA)) end = p->mark;
    if (p->error) return -1;
    for (p->mark = end; kr_accept(p, TK_NAME) && kr_accept(p, TK_EQUAL) && kr_parse_pattern(p);) {
        keyword = true;
        end = p->mark;
        if (!kr_accept(p, TK_COMMA)) break;
    }
    if (!kr_again(p, end)) return -1;
    if (keyword && kr_accept(p, TK_COMMA)) {
        while ((pattern = kr_parse_pattern(p))) {
            if (!first) first = pattern;
            last = pattern;
            if (!kr_accept(p, TK_COMMA)) break;
        }
        if (first && !p->error) kr_error_range(p, first->at, last->at, "positional patterns follow keyword patterns");
    }
    return kr_result(p, mark);
}

/* mark is after the 'as'. */
int kr_diagnose_as_pattern(KrParser *p) {
    int mark = p->mark;
    KrToken *t = kr_peek(p);
    Kr_expr *a;
    if (KR_TOKEN_IS(t, "_")) kr_error_span(p, kr_token_span(t), "cannot use '_' as a target");
    else if (t->type != TK_NAME && (a = kr_parse_expression(p))) kr_error_span(p, a->at, "invalid pattern target");
    return kr_result(p, mark);
}

/* ---------------------------------------------------------------- blocks and headers */

int kr_diagnose_block(KrParser *p) {
    int mark = p->mark;
    if (kr_accept(p, TK_NEWLINE) && !kr_at(p, TK_INDENT) && !p->error) kr_indentation_error(p, "expected an indented block");
    return kr_result(p, mark);
}

/* At the end of a header: a newline instead of the colon (if colon), or a colon without a block after it. */
static void kr_diagnose_header_end(KrParser *p, bool colon, const char *what, int line) {
    if (p->error) return;
    if (colon && kr_accept(p, TK_NEWLINE)) {
        kr_error_here(p, "expected ':'");
    } else if (kr_accept(p, TK_COLON) && kr_accept(p, TK_NEWLINE) && !kr_at(p, TK_INDENT) && !p->error) {
        kr_indentation_error(p, "expected an indented block after %s on line %d", what, line);
    }
}

/* 'as' NAME, if it is there. */
static void kr_skip_as_name(KrParser *p) {
    int mark = p->mark;
    if (!(kr_accept(p, K_as) && kr_accept(p, TK_NAME)) && !p->error) p->mark = mark;
}

/* Items of a with statement. False if there is none. */
static bool kr_skip_with_items(KrParser *p, Kr_expr *(*item)(KrParser *)) {
    int mark = p->mark;
    bool any = false;
    do {
        if (!item(p)) break;
        any = true;
        mark = p->mark;
        if (kr_accept(p, K_as)) {
            if (kr_parse_star_target(p)) mark = p->mark;
            else if (!p->error) p->mark = mark;
        }
    } while (kr_accept(p, TK_COMMA));
    if (!p->error) p->mark = mark;
    return any && !p->error;
}

/* with_end: the statement has failed; otherwise only a missing block counts. */
static void kr_diagnose_with(KrParser *p, bool with_end) {
    int start;
    kr_accept(p, TK_ASYNC);
    int line = kr_peek(p)->lineno;
    p->mark++;
    start = p->mark;
    for (int paren = 0; paren < 2; paren++) {
        p->mark = start;
        if (paren && !kr_accept(p, TK_LPAR)) return;
        if (kr_skip_with_items(p, paren ? kr_parse_expressions : kr_parse_expression)) {
            bool closed = !paren || (kr_accept(p, TK_COMMA), kr_accept(p, TK_RPAR));
            if (closed && with_end && kr_at(p, TK_NEWLINE)) {
                p->mark++;
                kr_error_here(p, "expected ':'");
            } else if (closed && !with_end) {
                kr_diagnose_header_end(p, false, "'with' statement", line);
            }
        }
        if (p->error) return;
    }
}

static void kr_diagnose_try(KrParser *p, int line) {
    static const char both[] = "cannot have both 'except' and 'except*' on the same 'try'";
    int mark = p->mark;
    kr_diagnose_header_end(p, false, "'try' statement", line);
    if (!kr_again(p, mark)) return;
    if (!kr_accept(p, TK_COLON)) return;
    int blocks = p->mark;
    if (kr_parse_block(p)) {
        int type = kr_peek_type(p);
        if (!p->error && type != K_except && type != K_finally) kr_error_here(p, "expected 'except' or 'finally' block");
    }
    for (int star = 0; star < 2 && kr_again(p, blocks); star++) {
        int end = p->mark, handlers = 0;
        while (kr_parse_block(p)) end = p->mark;
        if (!kr_again(p, end)) return;
        while (kr_parse_except(p, star)) {
            handlers++;
            end = p->mark;
        }
        if (!kr_again(p, end)) return;
        KrToken *except, *t;
        if (!handlers || !(except = kr_accept(p, K_except))) continue;
        if (!star) {
            if (!(t = kr_accept(p, TK_STAR)) || !kr_parse_expression(p)) continue;
            kr_skip_as_name(p);
            if (kr_accept(p, TK_COLON)) kr_error_range(p, kr_token_span(except), kr_token_span(t), both);
        } else {
            end = p->mark;
            if (kr_parse_expression(p)) kr_skip_as_name(p);
            else if (!kr_again(p, end)) return;
            if (kr_accept(p, TK_COLON)) kr_error_span(p, kr_token_span(except), both);
        }
    }
}

/* The failed except clause. */
static void kr_diagnose_failed_except(KrParser *p) {
    int mark = p->mark;
    Kr_expr *a;
    kr_accept(p, TK_STAR);
    if ((a = kr_parse_expression(p)) && kr_accept(p, TK_COMMA) && kr_parse_expressions(p)) {
        kr_skip_as_name(p);
        if (kr_accept(p, TK_COLON)) kr_error_from(p, a->at, "multiple exception types must be parenthesized");
    }
    if (!kr_again(p, mark)) return;
    kr_accept(p, TK_STAR);
    if (kr_parse_expression(p)) {
        kr_skip_as_name(p);
        if (kr_accept(p, TK_NEWLINE)) kr_error_here(p, "expected ':'");
    }
    if (!kr_again(p, mark)) return;
    if (kr_accept(p, TK_NEWLINE)) kr_error_here(p, "expected ':'");
    if (!kr_again(p, mark)) return;
    if (kr_accept(p, TK_STAR) && kr_accept_any(p, TK_NEWLINE, TK_COLON, TK_COLON))
        kr_error_here(p, "expected one or more exception types");
}

static void kr_diagnose_except_block(KrParser *p, bool star, int line) {
    if (star) {
        if (kr_accept(p, TK_STAR) && kr_parse_expression(p)) {
            kr_skip_as_name(p);
            kr_diagnose_header_end(p, false, "'except*' statement", line);
        }
        return;
    }
    int mark = p->mark;
    if (kr_parse_expression(p)) kr_skip_as_name(p);
    else if (!kr_again(p, mark)) return;
    kr_diagnose_header_end(p, false, "'except' statement", line);
}

static void kr_diagnose_def(KrParser *p, int line) {
    if (!kr_accept(p, TK_NAME) || !kr_accept(p, TK_LPAR)) return;
    if (!kr_parse_params(p, false) || !kr_accept(p, TK_RPAR)) return;
    int mark = p->mark;
    if (kr_accept(p, TK_RARROW) && !kr_parse_expression(p) && !p->error) p->mark = mark;
    kr_diagnose_header_end(p, false, "function definition", line);
}

static void kr_diagnose_class(KrParser *p, int line) {
    if (!kr_accept(p, TK_NAME)) return;
    int mark = p->mark;
    if (kr_accept(p, TK_LPAR)) {
        int args = p->mark;
        if (!kr_memoized(p, KR_RULE_ARGUMENTS, (void *(*)(KrParser *))kr_parse_arguments) && !kr_again(p, args)) return;
        if (!kr_accept(p, TK_RPAR)) p->mark = mark;
    }
    kr_diagnose_header_end(p, true, "class definition", line);
}

static void kr_diagnose_case(KrParser *p, int line) {
    if (!kr_parse_patterns(p)) return;
    int mark = p->mark;
    if (kr_accept(p, K_if) && !kr_parse_named_expression(p) && !kr_again(p, mark)) return;
    kr_diagnose_header_end(p, true, "'case' statement", line);
}

int kr_diagnose_header(KrParser *p, int what) {
    int mark = p->mark;
    KrToken *t = kr_peek(p);
    int line = t->lineno;
    if (what == KR_MISTAKES_WITH || what == KR_MISTAKES_WITH_END) {
        kr_diagnose_with(p, what == KR_MISTAKES_WITH_END);
        return kr_result(p, mark);
    }
    if (t->type == TK_ASYNC) {
        p->mark++;
        line = kr_peek(p)->lineno;
    }
    p->mark++;
    switch (what) {
    case KR_MISTAKES_IF:
        if (kr_parse_named_expression(p)) kr_diagnose_header_end(p, true, "'if' statement", line);
        break;
    case KR_MISTAKES_ELIF:
        if (kr_parse_named_expression(p)) kr_diagnose_header_end(p, true, "'elif' statement", line);
        break;
    case KR_MISTAKES_WHILE:
        if (kr_parse_named_expression(p)) kr_diagnose_header_end(p, true, "'while' statement", line);
        break;
    case KR_MISTAKES_FOR:
        if (kr_parse_star_targets(p) && kr_accept(p, K_in) && kr_parse_star_expressions(p))
            kr_diagnose_header_end(p, true, "'for' statement", line);
        break;
    case KR_MISTAKES_ELSE: kr_diagnose_header_end(p, false, "'else' statement", line); break;
    case KR_MISTAKES_FINALLY: kr_diagnose_header_end(p, false, "'finally' statement", line); break;
    case KR_MISTAKES_TRY: kr_diagnose_try(p, line); break;
    case KR_MISTAKES_EXCEPT: kr_diagnose_except_block(p, false, line); break;
    case KR_MISTAKES_EXCEPT_STAR: kr_diagnose_except_block(p, true, line); break;
    case KR_MISTAKES_EXCEPT_END: kr_diagnose_failed_except(p); break;
    case KR_MISTAKES_DEF: kr_diagnose_def(p, line); break;
    case KR_MISTAKES_CLASS: kr_diagnose_class(p, line); break;
    case KR_MISTAKES_CASE: kr_diagnose_case(p, line); break;
    case KR_MISTAKES_MATCH_END:
        if (kr_parse_subject(p)) kr_diagnose_header_end(p, true, "'match' statement", line);
        break;
    }
    return kr_result(p, mark);
}
