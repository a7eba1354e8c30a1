/* ast_unparse.c - an expression back to source text, with as few parentheses as precedence allows.
 *
 * `level` is the least precedence that may stand in a place without parentheses. The text is collected in a
 * _PyUnicodeWriter; functions give 0 or -1.
 */
#include "syntax/ast.h"

enum {
    P_TUPLE, P_TEST, P_OR, P_AND, P_NOT, P_CMP, P_EXPR, P_BOR = P_EXPR, P_BXOR, P_BAND, P_SHIFT, P_ARITH, P_TERM, P_FACTOR,
    P_POWER, P_AWAIT, P_ATOM
};

typedef struct { _PyUnicodeWriter out; } KrUnparser;

static int kr_put_expr(KrUnparser *u, const Kr_expr *e, int level);
static PyObject *kr_unparse_alone(const Kr_expr *e, int level);

static int kr_put(KrUnparser *u, const char *text) {
    return _PyUnicodeWriter_WriteASCIIString(&u->out, text, (Py_ssize_t)strlen(text));
}
static int kr_put_str(KrUnparser *u, PyObject *text) { return _PyUnicodeWriter_WriteStr(&u->out, text); }
static int kr_open(KrUnparser *u, bool parens) { return parens ? kr_put(u, "(") : 0; }
static int kr_close(KrUnparser *u, bool parens) { return parens ? kr_put(u, ")") : 0; }

/* Expressions with commas in between. */
static int kr_put_list(KrUnparser *u, const KrSeq *seq, int level) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++)
        if ((i && kr_put(u, ", ") < 0) || kr_put_expr(u, KR_SEQ_GET(seq, Kr_expr, i), level) < 0) return -1;
    return 0;
}

/* repr of a constant; an infinite float becomes a number that overflows to it. */
static int kr_put_repr(KrUnparser *u, PyObject *value) {
    PyObject *text = PyObject_Repr(value);
    if (!text) return -1;
    if (PyFloat_CheckExact(value) || PyComplex_CheckExact(value)) {
        PyObject *inf = PyUnicode_FromString("inf"), *big = PyUnicode_FromString("1e309");
        PyObject *replaced = inf && big ? PyUnicode_Replace(text, inf, big, -1) : NULL;
        Py_XDECREF(inf);
        Py_XDECREF(big);
        Py_SETREF(text, replaced);
        if (!text) return -1;
    }
    int result = kr_put_str(u, text);
    Py_DECREF(text);
    return result;
}

static int kr_put_constant(KrUnparser *u, PyObject *value, PyObject *kind) {
    if (value == Py_Ellipsis) return kr_put(u, "...");
    if (PyTuple_CheckExact(value)) {
        Py_ssize_t n = PyTuple_GET_SIZE(value);
        if (kr_put(u, "(") < 0) return -1;
        for (Py_ssize_t i = 0; i < n; i++)
            if ((i && kr_put(u, ", ") < 0) || kr_put_constant(u, PyTuple_GET_ITEM(value, i), NULL) < 0) return -1;
        return kr_put(u, n == 1 ? ",)" : ")");
    }
    if (kind && kr_put_str(u, kind) < 0) return -1;
    return kr_put_repr(u, value);
}

/* ---------------------------------------------------------------- operators */

static const struct { const char *text; unsigned char level; bool right; } kr_binary_text[] = {
    [KR_operator_Add] = {" + ", P_ARITH, false}, [KR_operator_Sub] = {" - ", P_ARITH, false},
    [KR_operator_Mult] = {" * ", P_TERM, false}, [KR_operator_MatMult] = {" @ ", P_TERM, false},
    [KR_operator_Div] = {" / ", P_TERM, false}, [KR_operator_Mod] = {" % ", P_TERM, false},
    [KR_operator_Pow] = {" ** ", P_POWER, true}, [KR_operator_LShift] = {" << ", P_SHIFT, false},
    [KR_operator_RShift] = {" >> ", P_SHIFT, false}, [KR_operator_BitOr] = {" | ", P_BOR, false},
    [KR_operator_BitXor] = {" ^ ", P_BXOR, false}, [KR_operator_BitAnd] = {" & ", P_BAND, false},
    [KR_operator_FloorDiv] = {" // ", P_TERM, false},
};

static int kr_put_binary(KrUnparser *u, const Kr_expr *e, int level) {
    int own = kr_binary_text[e->v.BinOp.op].level;
    bool right = kr_binary_text[e->v.BinOp.op].right, parens = level > own;
    if (kr_open(u, parens) < 0 || kr_put_expr(u, e->v.BinOp.left, own + right) < 0 ||
        kr_put(u, kr_binary_text[e->v.BinOp.op].text) < 0 || kr_put_expr(u, e->v.BinOp.right, own + !right) < 0)
        return -1;
    return kr_close(u, parens);
}

static int kr_put_unary(KrUnparser *u, const Kr_expr *e, int level) {
    static const char *const text[] = {
        [KR_unaryop_Invert] = "~", [KR_unaryop_Not] = "not ", [KR_unaryop_UAdd] = "+", [KR_unaryop_USub] = "-"};
    int own = e->v.UnaryOp.op == KR_unaryop_Not ? P_NOT : P_FACTOR;
    bool parens = level > own;
    if (kr_open(u, parens) < 0 || kr_put(u, text[e->v.UnaryOp.op]) < 0 || kr_put_expr(u, e->v.UnaryOp.operand, own) < 0) return -1;
    return kr_close(u, parens);
}

static int kr_put_bool(KrUnparser *u, const Kr_expr *e, int level) {
    bool and = e->v.BoolOp.op == KR_boolop_And;
    int own = and ? P_AND : P_OR;
    bool parens = level > own;
    if (kr_open(u, parens) < 0) return -1;
    for (Py_ssize_t i = 0; i < kr_seq_len(e->v.BoolOp.values); i++) {
        if (i && kr_put(u, and ? " and " : " or ") < 0) return -1;
        if (kr_put_expr(u, KR_SEQ_GET(e->v.BoolOp.values, Kr_expr, i), own + 1) < 0) return -1;
    }
    return kr_close(u, parens);
}

static int kr_put_compare(KrUnparser *u, const Kr_expr *e, int level) {
    static const char *const text[] = {
        [KR_cmpop_Eq] = " == ", [KR_cmpop_NotEq] = " != ", [KR_cmpop_Lt] = " < ", [KR_cmpop_LtE] = " <= ",
        [KR_cmpop_Gt] = " > ", [KR_cmpop_GtE] = " >= ", [KR_cmpop_Is] = " is ", [KR_cmpop_IsNot] = " is not ",
        [KR_cmpop_In] = " in ", [KR_cmpop_NotIn] = " not in "};
    bool parens = level > P_CMP;
    if (kr_open(u, parens) < 0 || kr_put_expr(u, e->v.Compare.left, P_CMP + 1) < 0) return -1;
    for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Compare.comparators); i++)
        if (kr_put(u, text[KR_SEQ_INT(e->v.Compare.ops, i)]) < 0 ||
            kr_put_expr(u, KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, i), P_CMP + 1) < 0)
            return -1;
    return kr_close(u, parens);
}

/* ---------------------------------------------------------------- lambda, calls, comprehensions */

static int kr_put_arg(KrUnparser *u, const Kr_arg *arg) {
    if (kr_put_str(u, arg->arg) < 0) return -1;
    return arg->annotation ? (kr_put(u, ": ") < 0 ? -1 : kr_put_expr(u, arg->annotation, P_TEST)) : 0;
}

static int kr_put_default(KrUnparser *u, const Kr_expr *value) {
    return value ? (kr_put(u, "=") < 0 ? -1 : kr_put_expr(u, value, P_TEST)) : 0;
}

static int kr_put_arguments(KrUnparser *u, const Kr_arguments *a) {
    bool first = true;
#define SEPARATE() (first ? (first = false, 0) : kr_put(u, ", "))
    Py_ssize_t n_only = kr_seq_len(a->posonlyargs), n = n_only + kr_seq_len(a->args), n_defaults = kr_seq_len(a->defaults);
    for (Py_ssize_t i = 0; i < n; i++) {
        const Kr_arg *arg = i < n_only ? KR_SEQ_GET(a->posonlyargs, Kr_arg, i) : KR_SEQ_GET(a->args, Kr_arg, i - n_only);
        Py_ssize_t d = i - (n - n_defaults);
        if (SEPARATE() < 0 || kr_put_arg(u, arg) < 0 || (d >= 0 && kr_put_default(u, KR_SEQ_GET(a->defaults, Kr_expr, d)) < 0)) return -1;
        if (n_only && i + 1 == n_only && kr_put(u, ", /") < 0) return -1;
    }
    if (a->vararg || kr_seq_len(a->kwonlyargs)) {
        if (SEPARATE() < 0 || kr_put(u, "*") < 0 || (a->vararg && kr_put_arg(u, a->vararg) < 0)) return -1;
    }
    for (Py_ssize_t i = 0; i < kr_seq_len(a->kwonlyargs); i++) {
        if (SEPARATE() < 0 || kr_put_arg(u, KR_SEQ_GET(a->kwonlyargs, Kr_arg, i)) < 0) return -1;
        if (i < kr_seq_len(a->kw_defaults) && kr_put_default(u, KR_SEQ_GET(a->kw_defaults, Kr_expr, i)) < 0) return -1;
    }
    if (a->kwarg && (SEPARATE() < 0 || kr_put(u, "**") < 0 || kr_put_arg(u, a->kwarg) < 0)) return -1;
    return 0;
#undef SEPARATE
}

static int kr_put_lambda(KrUnparser *u, const Kr_expr *e, int level) {
    const Kr_arguments *a = e->v.Lambda.args;
    bool parens = level > P_TEST, positional = kr_seq_len(a->args) || kr_seq_len(a->posonlyargs);
    if (kr_open(u, parens) < 0 || kr_put(u, positional ? "lambda " : "lambda") < 0 ||
        kr_put_arguments(u, a) < 0 || kr_put(u, ": ") < 0 || kr_put_expr(u, e->v.Lambda.body, P_TEST) < 0)
        return -1;
    return kr_close(u, parens);
}

static int kr_put_generators(KrUnparser *u, const KrSeq *generators) {
    for (Py_ssize_t i = 0; i < kr_seq_len(generators); i++) {
        const Kr_comprehension *c = KR_SEQ_GET(generators, Kr_comprehension, i);
        if (kr_put(u, c->is_async ? " async for " : " for ") < 0 || kr_put_expr(u, c->target, P_TUPLE) < 0 ||
            kr_put(u, " in ") < 0 || kr_put_expr(u, c->iter, P_TEST + 1) < 0)
            return -1;
        for (Py_ssize_t k = 0; k < kr_seq_len(c->ifs); k++)
            if (kr_put(u, " if ") < 0 || kr_put_expr(u, KR_SEQ_GET(c->ifs, Kr_expr, k), P_TEST + 1) < 0) return -1;
    }
    return 0;
}

static int kr_put_comprehension(KrUnparser *u, const char *open, const Kr_expr *elt, const Kr_expr *value, const KrSeq *generators,
                                const char *close) {
    if (kr_put(u, open) < 0 || kr_put_expr(u, elt, P_TEST) < 0) return -1;
    if (value && (kr_put(u, ": ") < 0 || kr_put_expr(u, value, P_TEST) < 0)) return -1;
    return kr_put_generators(u, generators) < 0 ? -1 : kr_put(u, close);
}

static int kr_put_call(KrUnparser *u, const Kr_expr *e) {
    const KrSeq *args = e->v.Call.args, *keywords = e->v.Call.keywords;
    if (kr_put_expr(u, e->v.Call.func, P_ATOM) < 0) return -1;
    if (kr_seq_len(args) == 1 && !kr_seq_len(keywords) && KR_SEQ_GET(args, Kr_expr, 0)->kind == KR_expr_GeneratorExp)
        return kr_put_expr(u, KR_SEQ_GET(args, Kr_expr, 0), P_TEST);
    if (kr_put(u, "(") < 0 || kr_put_list(u, args, P_TEST) < 0) return -1;
    for (Py_ssize_t i = 0; i < kr_seq_len(keywords); i++) {
        const Kr_keyword *k = KR_SEQ_GET(keywords, Kr_keyword, i);
        if ((i || kr_seq_len(args)) && kr_put(u, ", ") < 0) return -1;
        if (k->arg ? kr_put_str(u, k->arg) < 0 || kr_put(u, "=") < 0 : kr_put(u, "**") < 0) return -1;
        if (kr_put_expr(u, k->value, P_TEST) < 0) return -1;
    }
    return kr_put(u, ")");
}

/* ---------------------------------------------------------------- f-strings */

static int kr_put_fstring_part(KrUnparser *u, const Kr_expr *e, bool in_spec);

/* The parts between the quotes, braces doubled. */
static int kr_put_fstring_parts(KrUnparser *u, const KrSeq *values, bool in_spec) {
    for (Py_ssize_t i = 0; i < kr_seq_len(values); i++)
        if (kr_put_fstring_part(u, KR_SEQ_GET(values, Kr_expr, i), in_spec) < 0) return -1;
    return 0;
}

/* Doubles the braces of text. */
static int kr_put_escaped(KrUnparser *u, PyObject *text) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(text, i);
        if (_PyUnicodeWriter_WriteChar(&u->out, c) < 0) return -1;
        if ((c == '{' || c == '}') && _PyUnicodeWriter_WriteChar(&u->out, c) < 0) return -1;
    }
    return 0;
}

static int kr_put_field(KrUnparser *u, const Kr_expr *e) {
    PyObject *text = kr_unparse_alone(e->v.FormattedValue.value, P_TEST + 1);
    if (!text) return -1;
    bool brace = PyUnicode_GET_LENGTH(text) > 0 && PyUnicode_READ_CHAR(text, 0) == '{';
    int status = kr_put(u, brace ? "{ " : "{");
    if (status == 0) status = kr_put_str(u, text);
    Py_DECREF(text);
    if (status < 0) return -1;
    int conversion = e->v.FormattedValue.conversion;
    if (conversion > 0) {
        char mark[3] = {'!', (char)conversion, 0};
        if (conversion != 'a' && conversion != 'r' && conversion != 's') {
            PyErr_SetString(PyExc_SystemError, "unknown f-value conversion kind");
            return -1;
        }
        if (kr_put(u, mark) < 0) return -1;
    }
    if (e->v.FormattedValue.format_spec &&
        (kr_put(u, ":") < 0 || kr_put_fstring_part(u, e->v.FormattedValue.format_spec, true) < 0))
        return -1;
    return kr_put(u, "}");
}

static int kr_put_fstring_part(KrUnparser *u, const Kr_expr *e, bool in_spec) {
    switch (e->kind) {
    case KR_expr_Constant: return kr_put_escaped(u, e->v.Constant.value);
    case KR_expr_JoinedStr: return kr_put_fstring_parts(u, e->v.JoinedStr.values, in_spec);
    case KR_expr_FormattedValue: return kr_put_field(u, e);
    default:
        PyErr_SetString(PyExc_SystemError, "unknown expression kind inside f-string");
        return -1;
    }
}

static int kr_put_joined(KrUnparser *u, const Kr_expr *e, bool in_spec) {
    KrUnparser body;
    _PyUnicodeWriter_Init(&body.out);
    body.out.overallocate = 1;
    int status = e->kind == KR_expr_JoinedStr ? kr_put_fstring_parts(&body, e->v.JoinedStr.values, in_spec) : kr_put_field(&body, e);
    if (status < 0) {
        _PyUnicodeWriter_Dealloc(&body.out);
        return -1;
    }
    PyObject *text = _PyUnicodeWriter_Finish(&body.out);
    if (!text) return -1;
    status = in_spec ? kr_put_str(u, text) : kr_put(u, "f") < 0 ? -1 : kr_put_repr(u, text);
    Py_DECREF(text);
    return status;
}

/* ---------------------------------------------------------------- the rest */

static int kr_put_dict(KrUnparser *u, const Kr_expr *e) {
    if (kr_put(u, "{") < 0) return -1;
    for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Dict.values); i++) {
        const Kr_expr *key = KR_SEQ_GET(e->v.Dict.keys, Kr_expr, i), *value = KR_SEQ_GET(e->v.Dict.values, Kr_expr, i);
        if (i && kr_put(u, ", ") < 0) return -1;
        if (key) {
            if (kr_put_expr(u, key, P_TEST) < 0 || kr_put(u, ": ") < 0 || kr_put_expr(u, value, P_TEST) < 0) return -1;
        } else if (kr_put(u, "**") < 0 || kr_put_expr(u, value, P_EXPR) < 0) {
            return -1;
        }
    }
    return kr_put(u, "}");
}

static int kr_put_tuple(KrUnparser *u, const Kr_expr *e, int level) {
    const KrSeq *elts = e->v.Tuple.elts;
    if (!kr_seq_len(elts)) return kr_put(u, "()");
    bool parens = level > P_TUPLE;
    if (kr_open(u, parens) < 0 || kr_put_list(u, elts, P_TEST) < 0 || (elts->size == 1 && kr_put(u, ",") < 0)) return -1;
    return kr_close(u, parens);
}

static int kr_put_attribute(KrUnparser *u, const Kr_expr *e) {
    const Kr_expr *value = e->v.Attribute.value;
    bool number = value->kind == KR_expr_Constant && PyLong_CheckExact(value->v.Constant.value);
    if (kr_put_expr(u, value, P_ATOM) < 0 || kr_put(u, number ? " ." : ".") < 0) return -1;
    return kr_put_str(u, e->v.Attribute.attr);
}

static int kr_put_slice(KrUnparser *u, const Kr_expr *e) {
    const Kr_expr *lower = e->v.Slice.lower, *upper = e->v.Slice.upper, *step = e->v.Slice.step;
    if ((lower && kr_put_expr(u, lower, P_TEST) < 0) || kr_put(u, ":") < 0 || (upper && kr_put_expr(u, upper, P_TEST) < 0)) return -1;
    return step ? (kr_put(u, ":") < 0 ? -1 : kr_put_expr(u, step, P_TEST)) : 0;
}

static int kr_put_conditional(KrUnparser *u, const Kr_expr *e, int level) {
    bool parens = level > P_TEST;
    if (kr_open(u, parens) < 0 || kr_put_expr(u, e->v.IfExp.body, P_TEST + 1) < 0 || kr_put(u, " if ") < 0 ||
        kr_put_expr(u, e->v.IfExp.test, P_TEST + 1) < 0 || kr_put(u, " else ") < 0 || kr_put_expr(u, e->v.IfExp.orelse, P_TEST) < 0)
        return -1;
    return kr_close(u, parens);
}

static int kr_put_named(KrUnparser *u, const Kr_expr *e, int level) {
    bool parens = level > P_TUPLE;
    if (kr_open(u, parens) < 0 || kr_put_expr(u, e->v.NamedExpr.target, P_ATOM) < 0 || kr_put(u, " := ") < 0 ||
        kr_put_expr(u, e->v.NamedExpr.value, P_ATOM) < 0)
        return -1;
    return kr_close(u, parens);
}

/* "(yield value)" and the like. */
static int kr_put_wrapped(KrUnparser *u, const char *open, const Kr_expr *value, int level, const char *close) {
    return kr_put(u, open) < 0 || kr_put_expr(u, value, level) < 0 ? -1 : kr_put(u, close);
}

static int kr_put_expr(KrUnparser *u, const Kr_expr *e, int level) {
    if (Py_EnterRecursiveCall(" during compilation")) return -1;
    int result;
    switch (e->kind) {
    case KR_expr_BoolOp: result = kr_put_bool(u, e, level); break;
    case KR_expr_BinOp: result = kr_put_binary(u, e, level); break;
    case KR_expr_UnaryOp: result = kr_put_unary(u, e, level); break;
    case KR_expr_Lambda: result = kr_put_lambda(u, e, level); break;
    case KR_expr_IfExp: result = kr_put_conditional(u, e, level); break;
    case KR_expr_Dict: result = kr_put_dict(u, e); break;
    case KR_expr_Set: result = kr_put(u, "{") < 0 || kr_put_list(u, e->v.Set.elts, P_TEST) < 0 ? -1 : kr_put(u, "}"); break;
    case KR_expr_GeneratorExp: result = kr_put_comprehension(u, "(", e->v.GeneratorExp.elt, NULL, e->v.GeneratorExp.generators, ")"); break;
    case KR_expr_ListComp: result = kr_put_comprehension(u, "[", e->v.ListComp.elt, NULL, e->v.ListComp.generators, "]"); break;
    case KR_expr_SetComp: result = kr_put_comprehension(u, "{", e->v.SetComp.elt, NULL, e->v.SetComp.generators, "}"); break;
    case KR_expr_DictComp:
        result = kr_put_comprehension(u, "{", e->v.DictComp.key, e->v.DictComp.value, e->v.DictComp.generators, "}");
        break;
    case KR_expr_Yield: result = e->v.Yield.value ? kr_put_wrapped(u, "(yield ", e->v.Yield.value, P_TEST, ")") : kr_put(u, "(yield)"); break;
    case KR_expr_YieldFrom: result = kr_put_wrapped(u, "(yield from ", e->v.YieldFrom.value, P_TEST, ")"); break;
    case KR_expr_Await:
        result = kr_put_wrapped(u, level > P_AWAIT ? "(await " : "await ", e->v.Await.value, P_ATOM, level > P_AWAIT ? ")" : "");
        break;
    case KR_expr_Compare: result = kr_put_compare(u, e, level); break;
    case KR_expr_Call: result = kr_put_call(u, e); break;
    case KR_expr_Constant: result = kr_put_constant(u, e->v.Constant.value, e->v.Constant.kind); break;
    case KR_expr_JoinedStr:
    case KR_expr_FormattedValue: result = kr_put_joined(u, e, false); break;
    case KR_expr_Attribute: result = kr_put_attribute(u, e); break;
    case KR_expr_Starred: result = kr_put_wrapped(u, "*", e->v.Starred.value, P_EXPR, ""); break;
    case KR_expr_Subscript:
        result = kr_put_expr(u, e->v.Subscript.value, P_ATOM) < 0 ? -1 : kr_put_wrapped(u, "[", e->v.Subscript.slice, P_TUPLE, "]");
        break;
    case KR_expr_Name: result = kr_put_str(u, e->v.Name.id); break;
    case KR_expr_List: result = kr_put(u, "[") < 0 || kr_put_list(u, e->v.List.elts, P_TEST) < 0 ? -1 : kr_put(u, "]"); break;
    case KR_expr_Tuple: result = kr_put_tuple(u, e, level); break;
    case KR_expr_NamedExpr: result = kr_put_named(u, e, level); break;
    case KR_expr_Slice: result = kr_put_slice(u, e); break;
    default:
        PyErr_SetString(PyExc_SystemError, "unknown expression kind");
        result = -1;
    }
    Py_LeaveRecursiveCall();
    return result;
}

static PyObject *kr_unparse_alone(const Kr_expr *e, int level) {
    KrUnparser u;
    _PyUnicodeWriter_Init(&u.out);
    u.out.overallocate = 1;
    if (kr_put_expr(&u, e, level) < 0) {
        _PyUnicodeWriter_Dealloc(&u.out);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&u.out);
}

PyObject *kr_ast_unparse_expr(const Kr_expr *e) { return kr_unparse_alone(e, P_TEST); }
