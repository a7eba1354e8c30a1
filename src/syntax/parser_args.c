/* parser_args.c - the arguments of a call and the parameters of a function or lambda.
 *
 * Arguments come in three stretches: positional and *iterables; then keywords and *iterables; then keywords and
 * **mappings. Parameters: positional (those before '/' only positional, defaults last), '*', keyword-only, '**'.
 */
#include "syntax/parser.h"

/* ---------------------------------------------------------------- arguments */

/* NAME '=' expression, '*' expression (if star) or '**' expression (if not). */
static void *kr_parse_keyword_or(KrParser *p, bool star, bool *is_keyword) {
    KrToken *t = kr_peek(p);
    Kr_expr *value;
    PyObject *name = NULL;
    *is_keyword = true;
    if (p->diagnose && kr_diagnose_keyword_argument(p) < 0) return NULL;
    if (t->type == TK_NAME) {
        if (kr_peek_second(p)->type != TK_EQUAL) return NULL;
        p->mark += 2;
        value = kr_parse_expression(p);
        if (!value || !(name = kr_identifier(p, t))) return NULL;
    } else if (star) {
        *is_keyword = false;
        return t->type == TK_STAR ? kr_parse_starred_expression(p) : NULL;
    } else {
        if (!kr_accept(p, TK_DOUBLESTAR) || !(value = kr_parse_expression(p))) return NULL;
    }
    Kr_keyword *keyword = kr_new_node(p, sizeof *keyword);
    if (keyword) *keyword = (Kr_keyword){.at = kr_span_from(p, t), .arg = name, .value = value};
    return keyword;
}

/* The pushed pairs (is keyword, node) above base. */
static KrCallArgs *kr_finish_args(KrParser *p, size_t base, KrToken *start) {
    size_t n = (p->n_stack - base) / 2, n_keywords = 0, a = 0, k = 0;
    void **pairs = p->stack + base;
    for (size_t i = 0; i < n; i++) n_keywords += pairs[2 * i] != NULL;
    p->n_stack = base;
    KrCallArgs *result = kr_new_node(p, sizeof *result);
    if (!result) return NULL;
    if ((n > n_keywords && !(result->args = kr_seq_new(p->arena, (Py_ssize_t)(n - n_keywords)))) ||
        (n_keywords && !(result->keywords = kr_seq_new(p->arena, (Py_ssize_t)n_keywords)))) {
        p->error = true;
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (pairs[2 * i]) result->keywords->items[k++] = pairs[2 * i + 1];
        else result->args->items[a++] = pairs[2 * i + 1];
    }
    result->span = kr_span_from(p, start);
    return result;
}

static int kr_push_arg(KrParser *p, bool keyword, void *node) {
    return kr_push(p, keyword ? p : NULL) < 0 || kr_push(p, node) < 0 ? -1 : 0;
}

/* Pushes keywords and what may stand between them; false if there is none. mark is left after the last. */
static bool kr_parse_kwargs(KrParser *p) {
    int end = p->mark;
    bool any = false, keyword;
    for (int star = 1; star >= 0; star--) {
        p->mark = end;
        if (any && !kr_accept(p, TK_COMMA)) break;
        if (!star && !kr_at(p, TK_DOUBLESTAR)) break;   /* what failed a moment ago fails again: nested, that would take exponential time */
        for (;;) {
            void *item = kr_parse_keyword_or(p, star, &keyword);
            if (p->error) return false;
            if (!item) break;
            if (kr_push_arg(p, keyword, item) < 0) return false;
            any = true;
            end = p->mark;
            if (!kr_accept(p, TK_COMMA)) return !p->error;
        }
    }
    p->mark = end;
    return any;
}

/* Arguments; open is the call's '(' if a lone generator expression may share it, or NULL. */
static KrCallArgs *kr_args_after(KrParser *p, KrToken *open) {
    size_t base = p->n_stack;
    KrToken *start = kr_peek(p);
    int end = p->mark, n = 0;
    for (;;) {
        KrToken *t = kr_peek(p);
        Kr_expr *e;
        if (t->type == TK_STAR) {
            e = kr_parse_starred_expression(p);
        } else if (t->type == TK_NAME && !p->memoize && kr_peek_second(p)->type == TK_EQUAL) {
            e = NULL;
        } else {
            e = kr_parse_genexp_element(p);
            if (e && open && n == 0 && (kr_at(p, K_for) || kr_at(p, TK_ASYNC))) {
                KrSeq *clauses = kr_parse_for_clauses(p);
                KrToken *close = kr_peek(p);
                if (!clauses || close->type != TK_RPAR) goto fail;
                e = KR_EXPR(p, GeneratorExp, kr_span_to(kr_token_span(open), kr_token_span(close)), e, clauses);
                if (!e || kr_push_arg(p, false, e) < 0) goto fail;
                return kr_finish_args(p, base, start);
            }
        }
        if (e && kr_at(p, TK_EQUAL)) e = NULL;
        if (p->error) goto fail;
        if (!e) break;
        if (kr_push_arg(p, false, e) < 0) goto fail;
        n++;
        end = p->mark;
        if (!kr_accept(p, TK_COMMA)) {
            if (p->error) goto fail;
            return kr_finish_args(p, base, start);
        }
    }
    p->mark = end;
    if (n) kr_accept(p, TK_COMMA);
    if (kr_at(p, TK_STAR) || !kr_parse_kwargs(p)) {     /* the starred argument that failed would fail again */
        if (p->error || !n) goto fail;
        p->mark = end;
    }
    return kr_finish_args(p, base, start);
fail:
    p->n_stack = base;
    return NULL;
}

KrCallArgs *kr_parse_args(KrParser *p) { return kr_args_after(p, NULL); }

KrCallArgs *kr_parse_arguments(KrParser *p) {
    int mark = p->mark;
    KrCallArgs *args = kr_parse_args(p);
    if (args) {
        kr_accept(p, TK_COMMA);
        if (kr_at(p, TK_RPAR)) return args;
    }
    if (p->error) return NULL;
    p->mark = mark;
    if (p->diagnose) kr_diagnose_arguments(p);
    return NULL;
}

KrCallArgs *kr_parse_call_arguments(KrParser *p) {
    KrCallArgs *args = kr_args_after(p, kr_previous(p));
    if (!args) return NULL;
    kr_accept(p, TK_COMMA);
    return kr_at(p, TK_RPAR) ? args : NULL;
}

/* ---------------------------------------------------------------- parameters */

Kr_arg *kr_parse_bare_param(KrParser *p, bool lambda, bool star_annotation) {
    KrToken *t = kr_accept(p, TK_NAME);
    Kr_expr *annotation = NULL;
    if (!t) return NULL;
    if (!lambda && kr_at(p, TK_COLON)) {
        int mark = p->mark++;
        annotation = star_annotation ? kr_parse_star_expression(p) : kr_parse_expression(p);
        if (p->error) return NULL;
        if (!annotation) p->mark = mark;
    }
    PyObject *name = kr_identifier(p, t);
    Kr_arg *arg = name ? kr_new_node(p, sizeof *arg) : NULL;
    if (arg) *arg = (Kr_arg){.at = kr_span_from(p, t), .arg = name, .annotation = annotation};
    return arg;
}

bool kr_parse_param(KrParser *p, bool lambda, int kind, bool star_annotation, Kr_arg **arg, Kr_expr **value) {
    *value = NULL;
    *arg = kr_parse_bare_param(p, lambda, star_annotation);
    if (!*arg) return false;
    if (kind != KR_PARAM_PLAIN) {
        int mark = p->mark;
        if (kr_accept(p, TK_EQUAL)) {
            *value = kr_parse_expression(p);
            if (p->error) return false;
            if (!*value) {
                p->mark = mark + 1;
                if (p->diagnose && (kr_at(p, TK_RPAR) || kr_at(p, TK_COMMA))) {
                    kr_error_span(p, kr_token_span(KR_TOKEN_AT(p, mark)), "expected default value expression");
                    return false;
                }
                p->mark = mark;
            }
        }
        if (kind == KR_PARAM_DEFAULT && !*value) return false;
    }
    int close = lambda ? TK_COLON : TK_RPAR;
    bool comma = kr_accept(p, TK_COMMA) != NULL;
    if (!lambda && kr_at(p, TK_TYPE_COMMENT)) {
        bool ok;
        (*arg)->type_comment = kr_type_comment(p, &ok);
        if (!ok) return false;
    }
    return comma || kr_at(p, close);
}

/* The list of parameters pushed, with their defaults in between, above base. */
static int kr_split_params(KrParser *p, size_t base, KrSeq **args, KrSeq **defaults, bool keep_missing) {
    size_t n = (p->n_stack - base) / 2, n_defaults = 0, k = 0;
    void **pairs = p->stack + base;
    p->n_stack = base;
    *args = *defaults = NULL;
    if (!n) return 0;
    for (size_t i = 0; i < n; i++) n_defaults += keep_missing || pairs[2 * i + 1];
    *args = kr_seq_new(p->arena, (Py_ssize_t)n);
    if (n_defaults) *defaults = kr_seq_new(p->arena, (Py_ssize_t)n_defaults);
    if (!*args || (n_defaults && !*defaults)) {
        p->error = true;
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        (*args)->items[i] = pairs[2 * i];
        if (keep_missing || pairs[2 * i + 1]) (*defaults)->items[k++] = pairs[2 * i + 1];
    }
    return 0;
}

/* '*' ..., keyword-only parameters, '**' ... into result. False: they do not parse. */
static bool kr_parse_star_params(KrParser *p, bool lambda, Kr_arguments *result) {
    size_t base = p->n_stack;
    Kr_arg *arg;
    Kr_expr *value;
    int mark = p->mark;
    if (p->diagnose && kr_diagnose_star_params(p, lambda) < 0) return false;
    if (kr_accept(p, TK_STAR)) {
        bool bare = kr_accept(p, TK_COMMA) != NULL;
        if (!bare) {
            if (!kr_parse_param(p, lambda, KR_PARAM_PLAIN, false, &arg, &value)) {
                if (p->error || lambda) return false;
                p->mark = mark + 1;
                if (!kr_parse_param(p, lambda, KR_PARAM_PLAIN, true, &arg, &value)) return false;
            }
            result->vararg = arg;
        }
        for (;;) {
            mark = p->mark;
            if (!kr_parse_param(p, lambda, KR_PARAM_EITHER, false, &arg, &value)) break;
            if (kr_push(p, arg) < 0 || kr_push(p, value) < 0) break;
        }
        if (p->error || (bare && p->n_stack == base)) {
            p->n_stack = base;
            return false;
        }
        p->mark = mark;
        if (kr_split_params(p, base, &result->kwonlyargs, &result->kw_defaults, true) < 0) return false;
    }
    mark = p->mark;
    if (kr_at(p, TK_DOUBLESTAR)) {
        if (p->diagnose && kr_diagnose_double_star_params(p, lambda) < 0) return false;
        p->mark++;
        if (kr_parse_param(p, lambda, KR_PARAM_PLAIN, false, &arg, &value)) {
            result->kwarg = arg;
            return true;
        }
        p->mark = mark;
    }
    return !p->error;
}

Kr_arguments *kr_parse_params(KrParser *p, bool lambda) {
    size_t base = p->n_stack;
    int close = lambda ? TK_COLON : TK_RPAR;
    Kr_arguments *result = kr_new_node(p, sizeof *result);
    if (!result || kr_at(p, close)) return result;
    if (p->diagnose && kr_diagnose_params(p, lambda) < 0) return NULL;
    bool had_default = false;
    KrSeq *first = NULL, *first_defaults = NULL;
    for (;;) {
        int mark = p->mark;
        KrToken *t = kr_peek(p);
        if (t->type == TK_SLASH && p->n_stack > base && !first) {
            p->mark++;
            if (!kr_accept(p, TK_COMMA) && !kr_at(p, close)) {
                p->mark = mark;
                break;
            }
            if (kr_split_params(p, base, &first, &first_defaults, false) < 0) goto fail;
            continue;
        }
        Kr_arg *arg;
        Kr_expr *value;
        if (t->type != TK_NAME ||
            !kr_parse_param(p, lambda, had_default ? KR_PARAM_DEFAULT : KR_PARAM_EITHER, false, &arg, &value)) {
            if (p->error) goto fail;
            p->mark = mark;
            break;
        }
        had_default = value != NULL;
        if (kr_push(p, arg) < 0 || kr_push(p, value) < 0) goto fail;
    }
    KrSeq *args, *defaults;
    if (p->error || kr_split_params(p, base, &args, &defaults, false) < 0) goto fail;
    result->posonlyargs = first;
    result->args = args;
    result->defaults = defaults;
    if (first_defaults && defaults) {
        Py_ssize_t n = first_defaults->size;
        KrSeq *both = kr_seq_new(p->arena, n + defaults->size);
        if (!both) {
            p->error = true;
            return NULL;
        }
        memcpy(both->items, first_defaults->items, (size_t)n * sizeof(void *));
        memcpy(both->items + n, defaults->items, (size_t)defaults->size * sizeof(void *));
        result->defaults = both;
    } else if (first_defaults) {
        result->defaults = first_defaults;
    }
    int mark = p->mark;
    if ((kr_at(p, TK_STAR) || kr_at(p, TK_DOUBLESTAR)) && !kr_parse_star_params(p, lambda, result)) {
        if (p->error) return NULL;
        p->mark = mark;
    }
    if (p->error || (result->posonlyargs && !kr_check_version(p, 8, "Positional-only parameters are"))) return NULL;
    return result;
fail:
    p->n_stack = base;
    return NULL;
}
