/* parser_expr.c - expressions: from star_expressions down to atoms.
 *
 * Binary operators are parsed by precedence climbing. An operator whose right operand does not parse is given back, so
 * that the caller sees it: "a if b" leaves `mark` at the `if`. In the second pass the alternatives at brackets are tried
 * in a fixed order (display, group, comprehension), for that order decides which mistake is reported.
 */
#include "syntax/parser.h"

/* ---------------------------------------------------------------- constants, names */

Kr_expr *kr_new_constant(KrParser *p, PyObject *value, PyObject *kind, KrSpan at) {
    if (!value || kr_arena_own(p->arena, value) < 0) {
        p->error = true;
        return NULL;
    }
    return KR_EXPR(p, Constant, at, value, kind);
}

Kr_expr *kr_name_of_token(KrParser *p, const KrToken *t, int ctx) {
    PyObject *id = kr_identifier(p, t);
    return id ? KR_EXPR(p, Name, kr_token_span(t), id, ctx) : NULL;
}

/* The value of a number's text without underscores. */
static PyObject *kr_number_value(const char *s, size_t len) {
    char last = s[len - 1];
    bool radix = s[0] == '0' && len > 1 && strchr("xXoObB", s[1]);
    if (!radix) {
        if (last == 'j' || last == 'J') {
            char *end;
            double imag = PyOS_string_to_double(s, &end, NULL);
            return imag == -1.0 && PyErr_Occurred() ? NULL : PyComplex_FromDoubles(0.0, imag);
        }
        if (strpbrk(s, ".eE")) {
            double value = PyOS_string_to_double(s, NULL, NULL);
            return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
        }
        if (len <= 18) {
            long value = 0;
            for (size_t i = 0; i < len; i++) value = value * 10 + (s[i] - '0');
            return PyLong_FromLong(value);
        }
    }
    return PyLong_FromString(s, NULL, 0);
}

Kr_expr *kr_parse_number(KrParser *p) {
    KrToken *t = kr_accept(p, TK_NUMBER);
    if (!t) return NULL;
    size_t len = (size_t)(t->end - t->start), n = 0;
    char small[64], *text = small;
    if (p->feature_version < 6 && memchr(t->start, '_', len)) {
        p->error = true;
        return kr_error_here(p, "Underscores in numeric literals are only supported in Python 3.6 and greater");
    }
    if (len >= sizeof small && !(text = PyMem_Malloc(len + 1))) {
        PyErr_NoMemory();
        p->error = true;
        return NULL;
    }
    for (size_t i = 0; i < len; i++)
        if (t->start[i] != '_') text[n++] = t->start[i];
    text[n] = 0;
    PyObject *value = kr_number_value(text, n);
    if (text != small) PyMem_Free(text);
    if (!value && PyErr_ExceptionMatches(PyExc_ValueError)) {
        /* Only int() refuses well-formed digits: too many. */
        PyObject *type, *cause, *traceback;
        PyErr_Fetch(&type, &cause, &traceback);
        kr_raise_at(p, PyExc_SyntaxError, t->lineno, -1, t->end_lineno, -1,
                    "%S - Consider hexadecimal for huge integer literals to avoid decimal conversion limits.", cause);
        Py_XDECREF(type);
        Py_XDECREF(cause);
        Py_XDECREF(traceback);
        return NULL;
    }
    return kr_new_constant(p, value, NULL, kr_token_span(t));
}

/* ---------------------------------------------------------------- comma-separated lists */

/* Items, at least one, and an optional last comma; pushes them and gives their number, *comma whether a comma followed
 * the first. 0: no item; -1: error. */
static int kr_parse_comma_list(KrParser *p, Kr_expr *(*item)(KrParser *), bool *comma) {
    int n = 0;
    *comma = false;
    for (;;) {
        int mark = p->mark;
        Kr_expr *e = item(p);
        if (!e) {
            if (p->error) return -1;
            p->mark = mark;
            return n;
        }
        if (kr_push(p, e) < 0) return -1;
        n++;
        if (!kr_accept(p, TK_COMMA)) return p->error ? -1 : n;
        *comma = true;
    }
}

/* item, or a tuple of items. */
static Kr_expr *kr_parse_tuple_of(KrParser *p, Kr_expr *(*item)(KrParser *)) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = item(p);
    if (!e || !kr_at(p, TK_COMMA)) return e;
    size_t base = p->n_stack;
    p->mark++;
    bool comma;
    KrSeq *elts;
    if (kr_push(p, e) < 0 || kr_parse_comma_list(p, item, &comma) < 0) {
        p->n_stack = base;
        return NULL;
    }
    if (kr_pop_seq(p, base, &elts) < 0) return NULL;
    return KR_EXPR(p, Tuple, kr_span_from(p, start), elts, KR_expr_context_Load);
}

Kr_expr *kr_parse_expressions(KrParser *p) { return kr_parse_tuple_of(p, kr_parse_expression); }

Kr_expr *kr_parse_star_expressions(KrParser *p) { return kr_parse_tuple_of(p, kr_parse_star_expression); }

int kr_parse_star_named_list(KrParser *p, KrSeq **out) {
    size_t base = p->n_stack;
    bool comma;
    if (kr_parse_comma_list(p, kr_parse_star_named_expression, &comma) <= 0) {
        p->n_stack = base;
        return -1;
    }
    return kr_pop_seq(p, base, out);
}

static Kr_expr *kr_parse_star(KrParser *p, Kr_expr *(*operand)(KrParser *)) {
    KrToken *star = kr_accept(p, TK_STAR);
    Kr_expr *e = star ? operand(p) : NULL;
    return e ? KR_EXPR(p, Starred, kr_span_from(p, star), e, KR_expr_context_Load) : NULL;
}

static Kr_expr *kr_star_expression_raw(KrParser *p) {
    if (kr_at(p, TK_STAR)) return kr_parse_star(p, kr_parse_bitwise_or);
    return kr_parse_expression(p);
}
Kr_expr *kr_parse_star_expression(KrParser *p) { return KR_MEMO(p, KR_RULE_STAR_EXPRESSION, kr_star_expression_raw); }

Kr_expr *kr_parse_star_named_expression(KrParser *p) {
    if (kr_at(p, TK_STAR)) return kr_parse_star(p, kr_parse_bitwise_or);
    return kr_parse_named_expression(p);
}

Kr_expr *kr_parse_starred_expression(KrParser *p) { return kr_parse_star(p, kr_parse_expression); }

Kr_expr *kr_parse_yield(KrParser *p) {
    KrToken *t = kr_accept(p, K_yield);
    Kr_expr *e;
    if (!t) return NULL;
    int mark = p->mark;
    if (kr_accept(p, K_from)) {
        e = kr_parse_expression(p);
        if (e) return KR_EXPR(p, YieldFrom, kr_span_from(p, t), e);
        if (p->error) return NULL;
        p->mark = mark;
    }
    e = kr_parse_star_expressions(p);
    if (!e) {
        if (p->error) return NULL;
        p->mark = mark;
    }
    return KR_EXPR(p, Yield, kr_span_from(p, t), e);
}

Kr_expr *kr_parse_yield_or_star_expressions(KrParser *p) {
    return kr_at(p, K_yield) ? kr_parse_yield(p) : kr_parse_star_expressions(p);
}

/* ---------------------------------------------------------------- named expressions, conditionals, lambda */

/* NAME ':=' expression. *cut: it began like one, so it can be nothing else. */
Kr_expr *kr_parse_walrus(KrParser *p, bool *cut) {
    *cut = false;
    KrToken *t = kr_peek(p);
    if (t->type != TK_NAME || kr_peek_second(p)->type != TK_COLONEQUAL) return NULL;
    *cut = true;
    p->mark += 2;
    Kr_expr *value = kr_parse_expression(p);
    if (!value || !kr_check_version(p, 8, "Assignment expressions are")) return NULL;
    Kr_expr *target = kr_name_of_token(p, t, KR_expr_context_Store);
    return target ? KR_EXPR(p, NamedExpr, kr_span_from(p, t), target, value) : NULL;
}

/* expression, if no ':=' follows. */
static Kr_expr *kr_parse_expression_no_walrus(KrParser *p) {
    Kr_expr *e = kr_parse_expression(p);
    return e && !kr_at(p, TK_COLONEQUAL) ? e : NULL;
}

Kr_expr *kr_parse_named_expression(KrParser *p) {
    bool cut;
    Kr_expr *e = kr_parse_walrus(p, &cut);
    if (e || cut || p->error) return e;
    if (p->diagnose && kr_diagnose_named_expression(p) < 0) return NULL;
    return kr_parse_expression_no_walrus(p);
}

/* What a generator expression in a call, or an argument, consists of. */
Kr_expr *kr_parse_genexp_element(KrParser *p) {
    bool cut;
    Kr_expr *e = kr_parse_walrus(p, &cut);
    if (e || cut || p->error) return e;
    return kr_parse_expression_no_walrus(p);
}

static Kr_expr *kr_parse_lambda(KrParser *p) {
    KrToken *t = kr_accept(p, K_lambda);
    if (!t || !kr_deeper(p, 3)) return NULL;
    Kr_expr *body = NULL;
    Kr_arguments *params = kr_parse_params(p, true);
    if (params && kr_accept(p, TK_COLON)) body = kr_parse_expression(p);
    p->level -= 3;
    return body ? KR_EXPR(p, Lambda, kr_span_from(p, t), params, body) : NULL;
}

Kr_expr *kr_parse_expression_unmemoized(KrParser *p) {
    KrToken *start = kr_peek(p);
    if (!kr_deeper(p, 1)) return NULL;
    if (p->diagnose && kr_diagnose_expression(p) < 0) return NULL;
    Kr_expr *result;
    if (kr_at(p, K_lambda)) {
        result = kr_parse_lambda(p);
    } else {
        result = kr_parse_disjunction(p);
        if (result && kr_at(p, K_if)) {
            int mark = p->mark++;
            Kr_expr *orelse = NULL, *test = kr_parse_disjunction(p);
            if (test && kr_accept(p, K_else)) orelse = kr_parse_expression(p);
            if (orelse) result = KR_EXPR(p, IfExp, kr_span_from(p, start), test, result, orelse);
            else p->mark = mark;
        }
    }
    p->level--;
    return p->error ? NULL : result;
}
Kr_expr *kr_parse_expression(KrParser *p) { return KR_MEMO(p, KR_RULE_EXPRESSION, kr_parse_expression_unmemoized); }

/* ---------------------------------------------------------------- boolean operators, comparisons */

/* operand (word operand)*, as one node of all. */
static Kr_expr *kr_parse_bool_op(KrParser *p, int word, int op, Kr_expr *(*operand)(KrParser *)) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = operand(p);
    if (!e || !kr_at(p, word)) return e;
    size_t base = p->n_stack;
    if (kr_push(p, e) < 0) return NULL;
    int mark = p->mark;
    while (kr_accept(p, word)) {
        Kr_expr *right = operand(p);
        if (!right) break;
        if (kr_push(p, right) < 0) break;
        mark = p->mark;
    }
    p->mark = mark;
    if (p->error || p->n_stack == base + 1) {
        p->n_stack = base;
        return p->error ? NULL : e;
    }
    KrSeq *values;
    if (kr_pop_seq(p, base, &values) < 0) return NULL;
    return KR_EXPR(p, BoolOp, kr_span_from(p, start), op, values);
}

/* The comparison operator at mark, consumed; 0 if there is none. */
static int kr_parse_compare_op(KrParser *p) {
    KrToken *t = kr_peek(p);
    int op;
    switch (t->type) {
    case TK_EQEQUAL: op = KR_cmpop_Eq; break;
    case TK_NOTEQUAL: {
        bool old = t->start[0] == '<', barry = (p->flags & CO_FUTURE_BARRY_AS_BDFL) != 0;
        if (barry && !old) {
            kr_error_here(p, "with Barry as BDFL, use '<>' instead of '!='");
            return 0;
        }
        if (barry != old) {
            p->mark++;
            return 0;
        }
        op = KR_cmpop_NotEq;
        break;
    }
    case TK_LESS: op = KR_cmpop_Lt; break;
    case TK_LESSEQUAL: op = KR_cmpop_LtE; break;
    case TK_GREATER: op = KR_cmpop_Gt; break;
    case TK_GREATEREQUAL: op = KR_cmpop_GtE; break;
    case K_in: op = KR_cmpop_In; break;
    case K_not:
        if (kr_peek_second(p)->type != K_in) return 0;
        p->mark++;
        op = KR_cmpop_NotIn;
        break;
    case K_is:
        op = KR_cmpop_Is;
        if (kr_peek_second(p)->type == K_not) {
            p->mark++;
            op = KR_cmpop_IsNot;
        }
        break;
    default: return 0;
    }
    p->mark++;
    return op;
}

static Kr_expr *kr_parse_comparison(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = kr_parse_bitwise_or(p);
    if (!e) return NULL;
    size_t base = p->n_stack;
    KrSeq *ops, *right;
    int mark = p->mark, op;
    size_t n = 0;
    while ((op = kr_parse_compare_op(p))) {
        Kr_expr *operand = kr_parse_bitwise_or(p);
        if (!operand) break;
        if (kr_push(p, (void *)(intptr_t)op) < 0 || kr_push(p, operand) < 0) break;
        mark = p->mark;
        n++;
    }
    p->mark = mark;
    if (p->error || !n) {
        p->n_stack = base;
        return p->error ? NULL : e;
    }
    ops = kr_seq_new(p->arena, (Py_ssize_t)n);
    right = ops ? kr_seq_new(p->arena, (Py_ssize_t)n) : NULL;
    p->n_stack = base;
    if (!right) {
        p->error = true;
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        ops->items[i] = p->stack[base + 2 * i];
        right->items[i] = p->stack[base + 2 * i + 1];
    }
    return KR_EXPR(p, Compare, kr_span_from(p, start), e, ops, right);
}

static Kr_expr *kr_inversion_raw(KrParser *p) {
    KrToken *t = kr_peek(p);
    if (t->type != K_not) return kr_parse_comparison(p);
    if (!kr_deeper(p, 1)) return NULL;
    p->mark++;
    Kr_expr *e = KR_MEMO(p, KR_RULE_INVERSION, kr_inversion_raw);
    p->level--;
    return e ? KR_EXPR(p, UnaryOp, kr_span_from(p, t), KR_unaryop_Not, e) : NULL;
}
static Kr_expr *kr_parse_inversion(KrParser *p) { return KR_MEMO(p, KR_RULE_INVERSION, kr_inversion_raw); }

static Kr_expr *kr_conjunction_raw(KrParser *p) { return kr_parse_bool_op(p, K_and, KR_boolop_And, kr_parse_inversion); }
static Kr_expr *kr_parse_conjunction(KrParser *p) { return KR_MEMO(p, KR_RULE_CONJUNCTION, kr_conjunction_raw); }

static Kr_expr *kr_disjunction_raw(KrParser *p) { return kr_parse_bool_op(p, K_or, KR_boolop_Or, kr_parse_conjunction); }
Kr_expr *kr_parse_disjunction(KrParser *p) { return KR_MEMO(p, KR_RULE_DISJUNCTION, kr_disjunction_raw); }

/* ---------------------------------------------------------------- arithmetic */

static const struct { unsigned char precedence, op; } kr_binary_ops[TK_N_TOKENS] = {
    [TK_VBAR] = {1, KR_operator_BitOr}, [TK_CIRCUMFLEX] = {2, KR_operator_BitXor}, [TK_AMPER] = {3, KR_operator_BitAnd},
    [TK_LEFTSHIFT] = {4, KR_operator_LShift}, [TK_RIGHTSHIFT] = {4, KR_operator_RShift},
    [TK_PLUS] = {5, KR_operator_Add}, [TK_MINUS] = {5, KR_operator_Sub},
    [TK_STAR] = {6, KR_operator_Mult}, [TK_SLASH] = {6, KR_operator_Div}, [TK_DOUBLESLASH] = {6, KR_operator_FloorDiv},
    [TK_PERCENT] = {6, KR_operator_Mod}, [TK_AT] = {6, KR_operator_MatMult},
};

static Kr_expr *kr_parse_factor(KrParser *p);

static Kr_expr *kr_factor_raw(KrParser *p) {
    KrToken *t = kr_peek(p);
    int op;
    switch (t->type) {
    case TK_PLUS: op = KR_unaryop_UAdd; break;
    case TK_MINUS: op = KR_unaryop_USub; break;
    case TK_TILDE: op = KR_unaryop_Invert; break;
    default: {
        Kr_expr *e;
        if (t->type == TK_AWAIT) {
            p->mark++;
            e = kr_parse_primary(p);
            if (!e || !kr_check_version(p, 5, "Await expressions are")) return NULL;
            e = KR_EXPR(p, Await, kr_span_from(p, t), e);
        } else {
            e = kr_parse_primary(p);
        }
        if (!e || !kr_at(p, TK_DOUBLESTAR)) return e;
        int mark = p->mark;
        if (!kr_deeper(p, 2)) return NULL;
        p->mark++;
        Kr_expr *right = kr_parse_factor(p);
        p->level -= 2;
        if (p->error) return NULL;
        if (right) return KR_EXPR(p, BinOp, kr_span_from(p, t), e, KR_operator_Pow, right);
        p->mark = mark;
        return e;
    }
    }
    if (!kr_deeper(p, 1)) return NULL;
    p->mark++;
    Kr_expr *e = kr_parse_factor(p);
    p->level--;
    return e ? KR_EXPR(p, UnaryOp, kr_span_from(p, t), op, e) : NULL;
}
static Kr_expr *kr_parse_factor(KrParser *p) { return KR_MEMO(p, KR_RULE_FACTOR, kr_factor_raw); }

/* Operands joined by operators of at least this precedence. */
static Kr_expr *kr_parse_binary(KrParser *p, int precedence) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = kr_parse_factor(p);
    while (e) {
        int type = kr_peek_type(p);
        if (type >= TK_N_TOKENS || !kr_binary_ops[type].precedence || kr_binary_ops[type].precedence < precedence) break;
        int mark = p->mark++;
        Kr_expr *right = kr_parse_binary(p, kr_binary_ops[type].precedence + 1);
        if (!right) {
            if (!p->memoize) return NULL;   /* nothing else fits, and the levels of precedence outside must not each try it again */
            p->mark = mark;
            break;
        }
        if (type == TK_AT && !kr_check_version(p, 5, "The '@' operator is")) return NULL;
        e = KR_EXPR(p, BinOp, kr_span_from(p, start), e, kr_binary_ops[type].op, right);
    }
    return p->error ? NULL : e;
}

static Kr_expr *kr_bitwise_or_raw(KrParser *p) {
    return kr_parse_binary(p, 1);
}
Kr_expr *kr_parse_bitwise_or(KrParser *p) { return KR_MEMO(p, KR_RULE_BITWISE_OR, kr_bitwise_or_raw); }

/* ---------------------------------------------------------------- comprehensions */

/* One or more "for x in y if z ..."; NULL if there is none or on error. */
KrSeq *kr_parse_for_clauses(KrParser *p) {
    size_t base = p->n_stack;
    KrSeq *clauses;
    for (;;) {
        int mark = p->mark;
        KrToken *t = kr_peek(p);
        bool is_async = t->type == TK_ASYNC;
        if (is_async) {
            if (kr_peek_second(p)->type != K_for) break;
            p->mark += 2;
        } else {
            if (t->type != K_for) break;
            p->mark++;
        }
        Kr_expr *iter = NULL, *target = kr_parse_star_targets(p);
        if (!target || !kr_at(p, K_in)) {
            if (p->error) goto fail;
            p->mark = mark;
            if (p->diagnose && kr_diagnose_for_target(p) < 0) goto fail;
            break;
        }
        p->mark++;
        iter = kr_parse_disjunction(p);
        if (!iter) goto fail;             /* after "in" it can be nothing else */
        size_t ifs_base = p->n_stack;
        int end = p->mark;
        while (kr_accept(p, K_if)) {
            Kr_expr *test = kr_parse_disjunction(p);
            if (!test) break;
            if (kr_push(p, test) < 0) goto fail;
            end = p->mark;
        }
        if (p->error) goto fail;
        p->mark = end;
        KrSeq *ifs;
        if (kr_pop_seq(p, ifs_base, &ifs) < 0) goto fail;
        if (is_async && !kr_check_version(p, 6, "Async comprehensions are")) goto fail;
        Kr_comprehension *c = kr_new_node(p, sizeof *c);
        if (!c) goto fail;
        *c = (Kr_comprehension){.target = target, .iter = iter, .ifs = ifs, .is_async = is_async};
        if (kr_push(p, c) < 0) goto fail;
    }
    if (p->error || kr_pop_seq(p, base, &clauses) < 0) return NULL;
    return clauses;
fail:
    p->n_stack = base;
    return NULL;
}

KR_INLINE bool kr_at_for(KrParser *p) {
    int type = kr_peek_type(p);
    return type == K_for || type == TK_ASYNC;
}

/* ---------------------------------------------------------------- brackets */


/* '(' named_expression ... : a tuple, from the opening token; NULL if there is no comma or no ')'. */
static Kr_expr *kr_tuple_alternative(KrParser *p, KrToken *open) {
    size_t base = p->n_stack;
    bool comma = false;
    KrSeq *elts;
    p->mark++;
    int n = kr_at(p, TK_RPAR) ? 0 : kr_parse_comma_list(p, kr_parse_star_named_expression, &comma);
    if (n < 0 || (n > 0 && !comma) || !kr_accept(p, TK_RPAR)) {
        p->n_stack = base;
        return NULL;
    }
    if (kr_pop_seq(p, base, &elts) < 0) return NULL;
    return KR_EXPR(p, Tuple, kr_span_from(p, open), elts, KR_expr_context_Load);
}

static Kr_expr *kr_genexp_alternative(KrParser *p) {
    KrToken *open = kr_peek(p);
    int mark = p->mark++;
    KrSeq *clauses = NULL;
    Kr_expr *e = kr_parse_genexp_element(p);
    if (e) clauses = kr_parse_for_clauses(p);
    if (clauses && kr_accept(p, TK_RPAR)) return KR_EXPR(p, GeneratorExp, kr_span_from(p, open), e, clauses);
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_comprehension(p);
    return NULL;
}

/* Second pass: tuple, group, generator expression, in this order. */
static Kr_expr *kr_paren_diagnosing(KrParser *p) {
    KrToken *open = kr_peek(p);
    int mark = p->mark;
    Kr_expr *e = kr_tuple_alternative(p, open);
    if (e || p->error) return e;
    p->mark = mark + 1;
    e = kr_at(p, K_yield) ? kr_parse_yield(p) : kr_parse_named_expression(p);
    if (p->error) return NULL;
    if (e && kr_accept(p, TK_RPAR)) return e;
    p->mark = mark;
    if (p->diagnose && kr_diagnose_group(p) < 0) return NULL;
    p->mark = mark;
    return kr_genexp_alternative(p);
}

/* '(' : tuple, group or generator expression. */
static Kr_expr *kr_parse_paren(KrParser *p) {
    if (!kr_deeper(p, 25)) return NULL;
    Kr_expr *e;
    if (p->memoize) {
        e = kr_paren_diagnosing(p);
        p->level -= 25;
        return e;
    }
    KrToken *open = kr_peek(p);
    size_t base = p->n_stack;
    KrSeq *elts = NULL, *clauses;
    p->mark++;
    if (kr_accept(p, TK_RPAR)) {
        e = KR_EXPR(p, Tuple, kr_span_from(p, open), NULL, KR_expr_context_Load);
    } else if (kr_at(p, K_yield)) {
        e = kr_parse_yield(p);
        if (e && !kr_accept(p, TK_RPAR)) e = NULL;
    } else if ((e = kr_parse_star_named_expression(p))) {
        if (kr_at(p, TK_COMMA)) {
            bool comma;
            p->mark++;
            if (kr_push(p, e) < 0 || kr_parse_comma_list(p, kr_parse_star_named_expression, &comma) < 0 ||
                !kr_accept(p, TK_RPAR) || kr_pop_seq(p, base, &elts) < 0)
                e = NULL;
            else
                e = KR_EXPR(p, Tuple, kr_span_from(p, open), elts, KR_expr_context_Load);
            p->n_stack = base;
        } else if (e->kind == KR_expr_Starred) {
            e = NULL;
        } else if (kr_at_for(p)) {
            clauses = kr_parse_for_clauses(p);
            e = clauses && kr_accept(p, TK_RPAR) ? KR_EXPR(p, GeneratorExp, kr_span_from(p, open), e, clauses) : NULL;
        } else if (!kr_accept(p, TK_RPAR)) {
            e = NULL;
        }
    }
    p->level -= 25;
    return e;
}

/* '[' : list or list comprehension. */
static Kr_expr *kr_parse_list(KrParser *p) {
    KrToken *open = kr_peek(p);
    int mark = p->mark++;
    size_t base = p->n_stack;
    bool comma = false;
    KrSeq *elts, *clauses;
    int n = kr_at(p, TK_RSQB) ? 0 : kr_parse_comma_list(p, kr_parse_star_named_expression, &comma);
    if (n >= 0 && kr_accept(p, TK_RSQB)) {
        if (kr_pop_seq(p, base, &elts) < 0) return NULL;
        return KR_EXPR(p, List, kr_span_from(p, open), elts, KR_expr_context_Load);
    }
    Kr_expr *e = n == 1 && !comma ? p->stack[base] : NULL;
    p->n_stack = base;
    if (p->error) return NULL;
    if (e && e->kind != KR_expr_Starred && kr_at_for(p)) {
        clauses = kr_parse_for_clauses(p);
        if (clauses && kr_accept(p, TK_RSQB)) return KR_EXPR(p, ListComp, kr_span_from(p, open), e, clauses);
        if (p->error) return NULL;
    }
    if (p->diagnose) {
        p->mark = mark + 1;
        e = kr_parse_named_expression(p);
        if (e) kr_parse_for_clauses(p);
        if (p->error) return NULL;
        p->mark = mark;
        kr_diagnose_comprehension(p);
    }
    return NULL;
}

/* key ':' value, or '**' mapping with *key NULL. 1, 0 if there is none, -1. */
int kr_parse_kvpair(KrParser *p, Kr_expr **key, Kr_expr **value) {
    *key = NULL;
    if (kr_accept(p, TK_DOUBLESTAR)) {
        *value = kr_parse_bitwise_or(p);
    } else {
        *key = kr_parse_expression(p);
        *value = *key && kr_accept(p, TK_COLON) ? kr_parse_expression(p) : NULL;
    }
    return p->error ? -1 : *value != NULL;
}

/* The dict of the keys and values pushed in turn above base. */
static Kr_expr *kr_finish_dict(KrParser *p, KrToken *open, size_t base) {
    size_t n = (p->n_stack - base) / 2;
    KrSeq *keys = NULL, *values = NULL;
    p->n_stack = base;
    if (n) {
        keys = kr_seq_new(p->arena, (Py_ssize_t)n);
        values = keys ? kr_seq_new(p->arena, (Py_ssize_t)n) : NULL;
        if (!values) {
            p->error = true;
            return NULL;
        }
        for (size_t i = 0; i < n; i++) {
            keys->items[i] = p->stack[base + 2 * i];
            values->items[i] = p->stack[base + 2 * i + 1];
        }
    }
    return KR_EXPR(p, Dict, kr_span_from(p, open), keys, values);
}

/* Pushes further pairs, each after a comma; an optional last comma. 0 or -1. */
static int kr_parse_more_pairs(KrParser *p) {
    while (kr_accept(p, TK_COMMA)) {
        Kr_expr *key, *value;
        int mark = p->mark, found = kr_parse_kvpair(p, &key, &value);
        if (found < 0) return -1;
        if (!found) {
            p->mark = mark;
            return 0;
        }
        if (kr_push(p, key) < 0 || kr_push(p, value) < 0) return -1;
    }
    return p->error ? -1 : 0;
}

/* Second pass: dict, set, dict comprehension, set comprehension, in this order. */
static Kr_expr *kr_brace_diagnosing(KrParser *p, KrToken *open) {
    int mark = p->mark;
    size_t base = p->n_stack;
    Kr_expr *key, *value, *e;
    KrSeq *elts, *clauses;
    p->mark++;
    int found = kr_parse_kvpair(p, &key, &value);
    if (found > 0 && (kr_push(p, key) < 0 || kr_push(p, value) < 0 || kr_parse_more_pairs(p) < 0)) found = -1;
    if (found < 0) goto fail;
    if (!found) p->mark = mark + 1;
    if (kr_accept(p, TK_RBRACE)) return kr_finish_dict(p, open, base);
    p->n_stack = base;
    p->mark = mark + 1;
    if (kr_diagnose_dict(p) < 0) goto fail;           /* in the first pass, too */

    p->mark = mark + 1;
    if (kr_parse_star_named_list(p, &elts) == 0 && kr_accept(p, TK_RBRACE))
        return KR_EXPR(p, Set, kr_span_from(p, open), elts);
    if (p->error) goto fail;

    p->mark = mark + 1;
    if (!kr_at(p, TK_DOUBLESTAR)) {
        found = kr_parse_kvpair(p, &key, &value);
        clauses = found > 0 ? kr_parse_for_clauses(p) : NULL;
        if (clauses && kr_accept(p, TK_RBRACE)) return KR_EXPR(p, DictComp, kr_span_from(p, open), key, value, clauses);
        if (p->error) goto fail;
    }
    p->mark = mark;
    if (p->diagnose && kr_diagnose_dict_comprehension(p) < 0) goto fail;

    p->mark = mark + 1;
    e = kr_parse_named_expression(p);
    clauses = e ? kr_parse_for_clauses(p) : NULL;
    if (clauses && kr_accept(p, TK_RBRACE)) return KR_EXPR(p, SetComp, kr_span_from(p, open), e, clauses);
    if (p->error) goto fail;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_comprehension(p);
fail:
    p->n_stack = base;
    return NULL;
}

static Kr_expr *kr_brace_predicting(KrParser *p, KrToken *open) {
    size_t base = p->n_stack;
    Kr_expr *e, *value;
    KrSeq *elts, *clauses;
    p->mark++;
    if (kr_accept(p, TK_RBRACE)) return KR_EXPR(p, Dict, kr_span_from(p, open), NULL, NULL);
    if (kr_at(p, TK_DOUBLESTAR)) {
        int found = kr_parse_kvpair(p, &e, &value);
        if (found <= 0 || kr_push(p, NULL) < 0 || kr_push(p, value) < 0 || kr_parse_more_pairs(p) < 0) goto fail;
        if (!kr_accept(p, TK_RBRACE)) goto fail;
        return kr_finish_dict(p, open, base);
    }
    KrToken *first = kr_peek(p);
    e = kr_parse_star_named_expression(p);
    if (!e) return NULL;
    if (kr_at(p, TK_COLON)) {
        if (e->kind == KR_expr_Starred || (e->kind == KR_expr_NamedExpr && first->type == TK_NAME)) return NULL;
        p->mark++;
        value = kr_parse_expression(p);
        if (!value) return NULL;
        if (kr_at_for(p)) {
            clauses = kr_parse_for_clauses(p);
            if (!clauses || !kr_accept(p, TK_RBRACE)) return NULL;
            return KR_EXPR(p, DictComp, kr_span_from(p, open), e, value, clauses);
        }
        if (kr_push(p, e) < 0 || kr_push(p, value) < 0 || kr_parse_more_pairs(p) < 0 || !kr_accept(p, TK_RBRACE)) goto fail;
        return kr_finish_dict(p, open, base);
    }
    if (kr_at_for(p)) {
        if (e->kind == KR_expr_Starred) return NULL;
        clauses = kr_parse_for_clauses(p);
        if (!clauses || !kr_accept(p, TK_RBRACE)) return NULL;
        return KR_EXPR(p, SetComp, kr_span_from(p, open), e, clauses);
    }
    bool comma;
    if (kr_push(p, e) < 0) goto fail;
    if (kr_accept(p, TK_COMMA) && kr_parse_comma_list(p, kr_parse_star_named_expression, &comma) < 0) goto fail;
    if (!kr_accept(p, TK_RBRACE) || kr_pop_seq(p, base, &elts) < 0) goto fail;
    return KR_EXPR(p, Set, kr_span_from(p, open), elts);
fail:
    p->n_stack = base;
    return NULL;
}

/* '{' : dict, set or their comprehensions. Mistakes in a dict's pairs are found in the first pass already. Nothing but
 * a display begins with '{' in an expression, so when it does not parse nothing will; from here on results are memoized,
 * lest nested displays be parsed again and again. */
static Kr_expr *kr_parse_brace(KrParser *p) {
    KrToken *open = kr_peek(p);
    int mark = p->mark;
    if (p->memoize) return kr_brace_diagnosing(p, open);
    Kr_expr *e = kr_brace_predicting(p, open);
    if (e || p->error) return e;
    p->memoize = true;
    p->mark = mark + 1;
    kr_diagnose_dict(p);
    return NULL;
}

/* ---------------------------------------------------------------- atoms, primaries */

Kr_expr *kr_parse_atom(KrParser *p) {
    KrToken *t = kr_peek(p);
    PyObject *value;
    Kr_expr *e;
    switch (t->type) {
    case TK_NAME:
        p->mark++;
        return kr_name_of_token(p, t, KR_expr_context_Load);
    case TK_NUMBER: return kr_parse_number(p);
    case TK_STRING: return KR_MEMO(p, KR_RULE_STRINGS, kr_parse_strings);
    case TK_LPAR: return kr_parse_paren(p);
    case TK_LSQB:
    case TK_LBRACE:
        if (!kr_deeper(p, 25)) return NULL;
        e = t->type == TK_LSQB ? kr_parse_list(p) : kr_parse_brace(p);
        p->level -= 25;
        return e;
    case K_None: value = Py_None; break;
    case K_True: value = Py_True; break;
    case K_False: value = Py_False; break;
    case TK_ELLIPSIS: value = Py_Ellipsis; break;
    default: return NULL;
    }
    p->mark++;
    return kr_new_constant(p, Py_NewRef(value), NULL, kr_token_span(t));
}

/* [lower] ':' [upper] [':' [step]], or a named expression. */
static Kr_expr *kr_parse_slice(KrParser *p) {
    KrToken *start = kr_peek(p);
    int mark = p->mark;
    Kr_expr *lower = NULL, *upper = NULL, *step = NULL;
    if (p->memoize) {
        if (start->type != TK_COLON) lower = kr_parse_expression(p);
        if (p->error) return NULL;
        if (!lower) p->mark = mark;
        if (!kr_at(p, TK_COLON)) {
            p->mark = mark;
            return kr_parse_named_expression(p);
        }
    } else if (start->type != TK_COLON) {
        lower = kr_parse_named_expression(p);
        if (!lower || !kr_at(p, TK_COLON)) return lower;
        if (lower->kind == KR_expr_NamedExpr && start->type == TK_NAME) return lower;
    }
    p->mark++;
    mark = p->mark;
    if (!kr_at(p, TK_COLON)) {
        upper = kr_parse_expression(p);
        if (p->error) return NULL;
        if (!upper) p->mark = mark;
    }
    if (kr_accept(p, TK_COLON)) {
        mark = p->mark;
        step = kr_parse_expression(p);
        if (!step) p->mark = mark;
    }
    if (p->error) return NULL;
    return KR_EXPR(p, Slice, kr_span_from(p, start), lower, upper, step);
}

static Kr_expr *kr_parse_slice_or_star(KrParser *p) {
    return kr_at(p, TK_STAR) ? kr_parse_starred_expression(p) : kr_parse_slice(p);
}

static Kr_expr *kr_parse_slices(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = kr_parse_slice_or_star(p);
    if (!e || (!kr_at(p, TK_COMMA) && e->kind != KR_expr_Starred)) return e;
    size_t base = p->n_stack;
    bool comma;
    KrSeq *elts;
    if (kr_push(p, e) < 0) return NULL;
    if (kr_accept(p, TK_COMMA) && kr_parse_comma_list(p, kr_parse_slice_or_star, &comma) < 0) {
        p->n_stack = base;
        return NULL;
    }
    if (kr_pop_seq(p, base, &elts) < 0) return NULL;
    return KR_EXPR(p, Tuple, kr_span_from(p, start), elts, KR_expr_context_Load);
}

/* A call's parentheses after e; NULL if they do not parse. */
static Kr_expr *kr_parse_call(KrParser *p, KrToken *start, Kr_expr *e) {
    int mark = p->mark;
    if (p->memoize) {
        /* A lone generator expression is tried first. */
        Kr_expr *genexp = kr_genexp_alternative(p);
        if (p->error) return NULL;
        if (genexp) {
            KrSeq *args = kr_seq_new(p->arena, 1);
            if (!args) {
                p->error = true;
                return NULL;
            }
            args->items[0] = genexp;
            return KR_EXPR(p, Call, kr_span_from(p, start), e, args, NULL);
        }
        p->mark = mark;
    }
    p->mark++;
    KrCallArgs none = {0}, *args = &none;
    if (!kr_at(p, TK_RPAR)) {
        args = p->memoize ? kr_memoized(p, KR_RULE_ARGUMENTS, (void *(*)(KrParser *))kr_parse_arguments) : kr_parse_call_arguments(p);
        if (!args) {
            if (p->error || !p->memoize) return NULL;
            p->mark = mark + 1;
            args = &none;
        }
    }
    if (!kr_accept(p, TK_RPAR)) return NULL;
    return KR_EXPR(p, Call, kr_span_from(p, start), e, args->args, args->keywords);
}

static Kr_expr *kr_primary_raw(KrParser *p) {
    KrToken *start = kr_peek(p);
    Kr_expr *e = kr_parse_atom(p), *next;
    while (e) {
        int mark = p->mark;
        KrToken *t;
        switch (kr_peek_type(p)) {
        case TK_DOT:
            p->mark++;
            next = NULL;
            if ((t = kr_accept(p, TK_NAME))) {
                PyObject *attr = kr_identifier(p, t);
                if (attr) next = KR_EXPR(p, Attribute, kr_span_from(p, start), e, attr, KR_expr_context_Load);
            }
            break;
        case TK_LPAR:
            if (!kr_deeper(p, 25)) return NULL;
            next = kr_parse_call(p, start, e);
            p->level -= 25;
            break;
        case TK_LSQB: {
            if (!kr_deeper(p, 25)) return NULL;
            if (p->diagnose && kr_diagnose_comprehension(p) < 0) return NULL;
            p->mark++;
            Kr_expr *slice = kr_parse_slices(p);
            next = slice && kr_accept(p, TK_RSQB)
                       ? KR_EXPR(p, Subscript, kr_span_from(p, start), e, slice, KR_expr_context_Load)
                       : NULL;
            p->level -= 25;
            break;
        }
        case TK_LBRACE:
            /* As after any operand, a generator expression is tried; at a brace it can only be mistaken. */
            if (p->diagnose && kr_diagnose_comprehension(p) < 0) return NULL;
            return e;
        default:
            return e;
        }
        if (p->error) return NULL;
        if (!next) {
            p->mark = mark;
            return e;
        }
        e = next;
    }
    return NULL;
}
Kr_expr *kr_parse_primary(KrParser *p) { return KR_MEMO(p, KR_RULE_PRIMARY, kr_primary_raw); }
