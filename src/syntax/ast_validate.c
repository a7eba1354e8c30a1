/* ast_validate.c - checks of a tree that did not come from the parser.
 *
 * The compiler trusts a tree's shape: contexts fit their place, bodies are not empty, constants are constants. Trees made
 * by programs are checked here before they are compiled.
 */
#include "syntax/ast.h"

typedef struct { int depth, limit; } KrValidator;

static bool kr_check_expr(KrValidator *v, const Kr_expr *e, int ctx);
static bool kr_check_stmt(KrValidator *v, const Kr_stmt *s);
static bool kr_check_pattern(KrValidator *v, const Kr_pattern *p, bool star_ok);

static bool kr_invalid(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return false;
}

static bool kr_enter(KrValidator *v) {
    if (++v->depth <= v->limit && !kr_c_stack_low()) return true;
    PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded during compilation");
    return false;
}

static bool kr_check_span(KrSpan at) {
    if (at.lineno > at.end_lineno) {
        PyErr_Format(PyExc_ValueError, "AST node line range (%d, %d) is not valid", at.lineno, at.end_lineno);
        return false;
    }
    if ((at.lineno < 0 && at.end_lineno != at.lineno) || (at.col_offset < 0 && at.col_offset != at.end_col_offset)) {
        PyErr_Format(PyExc_ValueError, "AST node column range (%d, %d) for line range (%d, %d) is not valid", at.col_offset,
                     at.end_col_offset, at.lineno, at.end_lineno);
        return false;
    }
    if (at.lineno == at.end_lineno && at.col_offset > at.end_col_offset) {
        PyErr_Format(PyExc_ValueError, "line %d, column %d-%d is not a valid range", at.lineno, at.col_offset, at.end_col_offset);
        return false;
    }
    return true;
}

static bool kr_check_name(PyObject *name) {
    static const char *const words[] = {"None", "True", "False"};
    for (size_t i = 0; i < KR_ARRAY_LEN(words); i++) {
        if (PyUnicode_CompareWithASCIIString(name, words[i]) == 0) {
            PyErr_Format(PyExc_ValueError, "identifier field can't represent '%s' constant", words[i]);
            return false;
        }
    }
    return true;
}

static bool kr_check_nonempty(const KrSeq *seq, const char *what, const char *owner) {
    if (kr_seq_len(seq)) return true;
    PyErr_Format(PyExc_ValueError, "empty %s on %s", what, owner);
    return false;
}

/* ---------------------------------------------------------------- expressions */

static bool kr_check_exprs(KrValidator *v, const KrSeq *seq, int ctx, bool null_ok) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++) {
        const Kr_expr *e = KR_SEQ_GET(seq, Kr_expr, i);
        if (!e) {
            if (!null_ok) return kr_invalid("None disallowed in expression list");
        } else if (!kr_check_expr(v, e, ctx)) {
            return false;
        }
    }
    return true;
}

static bool kr_check_assignable(KrValidator *v, const KrSeq *targets, const char *owner, int ctx) {
    return kr_check_nonempty(targets, "targets", owner) && kr_check_exprs(v, targets, ctx, false);
}

static bool kr_check_optional(KrValidator *v, const Kr_expr *e) { return !e || kr_check_expr(v, e, KR_expr_context_Load); }
static bool kr_check_load(KrValidator *v, const Kr_expr *e) { return kr_check_expr(v, e, KR_expr_context_Load); }

static bool kr_check_keywords(KrValidator *v, const KrSeq *keywords) {
    for (Py_ssize_t i = 0; i < kr_seq_len(keywords); i++)
        if (!kr_check_load(v, KR_SEQ_GET(keywords, Kr_keyword, i)->value)) return false;
    return true;
}

static bool kr_check_comprehension(KrValidator *v, const KrSeq *generators) {
    if (!kr_seq_len(generators)) return kr_invalid("comprehension with no generators");
    for (Py_ssize_t i = 0; i < generators->size; i++) {
        const Kr_comprehension *c = KR_SEQ_GET(generators, Kr_comprehension, i);
        if (!kr_check_expr(v, c->target, KR_expr_context_Store) || !kr_check_load(v, c->iter) ||
            !kr_check_exprs(v, c->ifs, KR_expr_context_Load, false))
            return false;
    }
    return true;
}

static bool kr_check_arg(KrValidator *v, const Kr_arg *arg) {
    return !arg || (kr_check_span(arg->at) && kr_check_optional(v, arg->annotation));
}

static bool kr_check_args(KrValidator *v, const KrSeq *args) {
    for (Py_ssize_t i = 0; i < kr_seq_len(args); i++)
        if (!kr_check_arg(v, KR_SEQ_GET(args, Kr_arg, i))) return false;
    return true;
}

static bool kr_check_arguments(KrValidator *v, const Kr_arguments *a) {
    if (!kr_check_args(v, a->posonlyargs) || !kr_check_args(v, a->args) || !kr_check_arg(v, a->vararg) ||
        !kr_check_args(v, a->kwonlyargs) || !kr_check_arg(v, a->kwarg))
        return false;
    if (kr_seq_len(a->defaults) > kr_seq_len(a->posonlyargs) + kr_seq_len(a->args))
        return kr_invalid("more positional defaults than args on arguments");
    if (kr_seq_len(a->kw_defaults) != kr_seq_len(a->kwonlyargs))
        return kr_invalid("length of kwonlyargs is not the same as kw_defaults on arguments");
    return kr_check_exprs(v, a->defaults, KR_expr_context_Load, false) &&
           kr_check_exprs(v, a->kw_defaults, KR_expr_context_Load, true);
}

static bool kr_check_constant(KrValidator *v, PyObject *value) {
    if (value == Py_None || value == Py_Ellipsis || PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
        PyComplex_CheckExact(value) || PyBool_Check(value) || PyUnicode_CheckExact(value) || PyBytes_CheckExact(value))
        return true;
    if (PyTuple_CheckExact(value) || PyFrozenSet_CheckExact(value)) {
        if (!kr_enter(v)) return false;
        PyObject *it = PyObject_GetIter(value), *item;
        if (!it) return false;
        while ((item = PyIter_Next(it))) {
            bool ok = kr_check_constant(v, item);
            Py_DECREF(item);
            if (!ok) break;
        }
        Py_DECREF(it);
        v->depth--;
        return !PyErr_Occurred();
    }
    PyErr_Format(PyExc_TypeError, "got an invalid type in Constant: %s", _PyType_Name(Py_TYPE(value)));
    return false;
}

static const char *kr_context_name(int ctx) {
    switch (ctx) {
    case KR_expr_context_Load: return "Load";
    case KR_expr_context_Store: return "Store";
    default: return "Del";
    }
}

static bool kr_check_expr_fields(KrValidator *v, const Kr_expr *e, int ctx) {
    int own;
    switch (e->kind) {
    case KR_expr_Attribute: own = e->v.Attribute.ctx; break;
    case KR_expr_Subscript: own = e->v.Subscript.ctx; break;
    case KR_expr_Starred: own = e->v.Starred.ctx; break;
    case KR_expr_Name:
        if (!kr_check_name(e->v.Name.id)) return false;
        own = e->v.Name.ctx;
        break;
    case KR_expr_List: own = e->v.List.ctx; break;
    case KR_expr_Tuple: own = e->v.Tuple.ctx; break;
    default:
        if (ctx != KR_expr_context_Load) {
            PyErr_Format(PyExc_ValueError, "expression which can't be assigned to in %s context", kr_context_name(ctx));
            return false;
        }
        own = KR_expr_context_Load;
    }
    if (own != ctx) {
        PyErr_Format(PyExc_ValueError, "expression must have %s context but has %s instead", kr_context_name(ctx), kr_context_name(own));
        return false;
    }
    const int load = KR_expr_context_Load;
    switch (e->kind) {
    case KR_expr_BoolOp:
        if (kr_seq_len(e->v.BoolOp.values) < 2) return kr_invalid("BoolOp with less than 2 values");
        return kr_check_exprs(v, e->v.BoolOp.values, load, false);
    case KR_expr_BinOp: return kr_check_load(v, e->v.BinOp.left) && kr_check_load(v, e->v.BinOp.right);
    case KR_expr_UnaryOp: return kr_check_load(v, e->v.UnaryOp.operand);
    case KR_expr_Lambda: return kr_check_arguments(v, e->v.Lambda.args) && kr_check_load(v, e->v.Lambda.body);
    case KR_expr_IfExp:
        return kr_check_load(v, e->v.IfExp.test) && kr_check_load(v, e->v.IfExp.body) && kr_check_load(v, e->v.IfExp.orelse);
    case KR_expr_Dict:
        if (kr_seq_len(e->v.Dict.keys) != kr_seq_len(e->v.Dict.values))
            return kr_invalid("Dict doesn't have the same number of keys as values");
        /* No key: an unpacked mapping. */
        return kr_check_exprs(v, e->v.Dict.keys, load, true) && kr_check_exprs(v, e->v.Dict.values, load, false);
    case KR_expr_Set: return kr_check_exprs(v, e->v.Set.elts, load, false);
    case KR_expr_ListComp: return kr_check_comprehension(v, e->v.ListComp.generators) && kr_check_load(v, e->v.ListComp.elt);
    case KR_expr_SetComp: return kr_check_comprehension(v, e->v.SetComp.generators) && kr_check_load(v, e->v.SetComp.elt);
    case KR_expr_GeneratorExp:
        return kr_check_comprehension(v, e->v.GeneratorExp.generators) && kr_check_load(v, e->v.GeneratorExp.elt);
    case KR_expr_DictComp:
        return kr_check_comprehension(v, e->v.DictComp.generators) && kr_check_load(v, e->v.DictComp.key) &&
               kr_check_load(v, e->v.DictComp.value);
    case KR_expr_Yield: return kr_check_optional(v, e->v.Yield.value);
    case KR_expr_YieldFrom: return kr_check_load(v, e->v.YieldFrom.value);
    case KR_expr_Await: return kr_check_load(v, e->v.Await.value);
    case KR_expr_Compare:
        if (!kr_seq_len(e->v.Compare.comparators)) return kr_invalid("Compare with no comparators");
        if (kr_seq_len(e->v.Compare.comparators) != kr_seq_len(e->v.Compare.ops))
            return kr_invalid("Compare has a different number of comparators and operands");
        return kr_check_exprs(v, e->v.Compare.comparators, load, false) && kr_check_load(v, e->v.Compare.left);
    case KR_expr_Call:
        return kr_check_load(v, e->v.Call.func) && kr_check_exprs(v, e->v.Call.args, load, false) &&
               kr_check_keywords(v, e->v.Call.keywords);
    case KR_expr_Constant: return kr_check_constant(v, e->v.Constant.value);
    case KR_expr_JoinedStr: return kr_check_exprs(v, e->v.JoinedStr.values, load, false);
    case KR_expr_FormattedValue:
        return kr_check_load(v, e->v.FormattedValue.value) && kr_check_optional(v, e->v.FormattedValue.format_spec);
    case KR_expr_Attribute: return kr_check_load(v, e->v.Attribute.value);
    case KR_expr_Subscript: return kr_check_load(v, e->v.Subscript.slice) && kr_check_load(v, e->v.Subscript.value);
    case KR_expr_Starred: return kr_check_expr(v, e->v.Starred.value, ctx);
    case KR_expr_Slice:
        return kr_check_optional(v, e->v.Slice.lower) && kr_check_optional(v, e->v.Slice.upper) && kr_check_optional(v, e->v.Slice.step);
    case KR_expr_List: return kr_check_exprs(v, e->v.List.elts, ctx, false);
    case KR_expr_Tuple: return kr_check_exprs(v, e->v.Tuple.elts, ctx, false);
    case KR_expr_NamedExpr: return kr_check_load(v, e->v.NamedExpr.value);
    default: return true;
    }
}

static bool kr_check_expr(KrValidator *v, const Kr_expr *e, int ctx) {
    if (!kr_check_span(e->at) || !kr_enter(v)) return false;
    bool ok = kr_check_expr_fields(v, e, ctx);
    v->depth--;
    return ok;
}

/* ---------------------------------------------------------------- patterns */

/* Is e a number (real or imaginary as allowed), perhaps with a minus? */
static bool kr_is_number(const Kr_expr *e, bool real, bool imaginary) {
    if (e->kind != KR_expr_Constant) return false;
    PyObject *value = e->v.Constant.value;
    return (real && (PyFloat_CheckExact(value) || PyLong_CheckExact(value))) || (imaginary && PyComplex_CheckExact(value));
}
static bool kr_is_negative(const Kr_expr *e, bool real, bool imaginary) {
    return e->kind == KR_expr_UnaryOp && e->v.UnaryOp.op == KR_unaryop_USub && kr_is_number(e->v.UnaryOp.operand, real, imaginary);
}

/* The value of a pattern or key: a literal or a dotted name. */
static bool kr_check_pattern_value(KrValidator *v, const Kr_expr *e) {
    if (!kr_check_load(v, e)) return false;
    switch (e->kind) {
    case KR_expr_Constant: {
        PyObject *value = e->v.Constant.value;
        if (PyLong_CheckExact(value) || PyFloat_CheckExact(value) || PyBytes_CheckExact(value) || PyComplex_CheckExact(value) ||
            PyUnicode_CheckExact(value))
            return true;
        return kr_invalid("unexpected constant inside of a literal pattern");
    }
    case KR_expr_Attribute:
    case KR_expr_JoinedStr: return true;
    case KR_expr_UnaryOp:
        if (kr_is_negative(e, true, true)) return true;
        break;
    case KR_expr_BinOp: {
        const Kr_expr *left = e->v.BinOp.left;
        int op = e->v.BinOp.op;
        if ((op == KR_operator_Add || op == KR_operator_Sub) &&
            (kr_is_number(left, true, false) || kr_is_negative(left, true, false)) && kr_is_number(e->v.BinOp.right, false, true))
            return true;
        break;
    }
    default: break;
    }
    return kr_invalid("patterns may only match literals and attribute lookups");
}

static bool kr_check_capture(PyObject *name) {
    if (PyUnicode_CompareWithASCIIString(name, "_") == 0) return kr_invalid("can't capture name '_' in patterns");
    return kr_check_name(name);
}

static bool kr_check_patterns(KrValidator *v, const KrSeq *patterns, bool star_ok) {
    for (Py_ssize_t i = 0; i < kr_seq_len(patterns); i++)
        if (!kr_check_pattern(v, KR_SEQ_GET(patterns, Kr_pattern, i), star_ok)) return false;
    return true;
}

static bool kr_check_pattern_fields(KrValidator *v, const Kr_pattern *p, bool star_ok) {
    switch (p->kind) {
    case KR_pattern_MatchValue: return kr_check_pattern_value(v, p->v.MatchValue.value);
    case KR_pattern_MatchSingleton: {
        PyObject *value = p->v.MatchSingleton.value;
        if (value == Py_None || PyBool_Check(value)) return true;
        return kr_invalid("MatchSingleton can only contain True, False and None");
    }
    case KR_pattern_MatchSequence: return kr_check_patterns(v, p->v.MatchSequence.patterns, true);
    case KR_pattern_MatchMapping: {
        const KrSeq *keys = p->v.MatchMapping.keys;
        if (kr_seq_len(keys) != kr_seq_len(p->v.MatchMapping.patterns))
            return kr_invalid("MatchMapping doesn't have the same number of keys as patterns");
        if (p->v.MatchMapping.rest && !kr_check_capture(p->v.MatchMapping.rest)) return false;
        for (Py_ssize_t i = 0; i < kr_seq_len(keys); i++) {
            const Kr_expr *key = KR_SEQ_GET(keys, Kr_expr, i);
            if (key->kind == KR_expr_Constant && (key->v.Constant.value == Py_None || PyBool_Check(key->v.Constant.value))) continue;
            if (!kr_check_pattern_value(v, key)) return false;
        }
        return kr_check_patterns(v, p->v.MatchMapping.patterns, false);
    }
    case KR_pattern_MatchClass: {
        if (kr_seq_len(p->v.MatchClass.kwd_attrs) != kr_seq_len(p->v.MatchClass.kwd_patterns))
            return kr_invalid("MatchClass doesn't have the same number of keyword attributes as patterns");
        const Kr_expr *cls = p->v.MatchClass.cls;
        if (!kr_check_load(v, cls)) return false;
        while (cls->kind == KR_expr_Attribute) cls = cls->v.Attribute.value;
        if (cls->kind != KR_expr_Name) return kr_invalid("MatchClass cls field can only contain Name or Attribute nodes.");
        for (Py_ssize_t i = 0; i < kr_seq_len(p->v.MatchClass.kwd_attrs); i++)
            if (!kr_check_name(KR_SEQ_OBJ(p->v.MatchClass.kwd_attrs, i))) return false;
        return kr_check_patterns(v, p->v.MatchClass.patterns, false) && kr_check_patterns(v, p->v.MatchClass.kwd_patterns, false);
    }
    case KR_pattern_MatchStar:
        if (!star_ok) return kr_invalid("can't use MatchStar here");
        return !p->v.MatchStar.name || kr_check_capture(p->v.MatchStar.name);
    case KR_pattern_MatchAs:
        if (p->v.MatchAs.name && !kr_check_capture(p->v.MatchAs.name)) return false;
        if (!p->v.MatchAs.pattern) return true;
        if (!p->v.MatchAs.name) return kr_invalid("MatchAs must specify a target name if a pattern is given");
        return kr_check_pattern(v, p->v.MatchAs.pattern, false);
    case KR_pattern_MatchOr:
        if (kr_seq_len(p->v.MatchOr.patterns) < 2) return kr_invalid("MatchOr requires at least 2 patterns");
        return kr_check_patterns(v, p->v.MatchOr.patterns, false);
    default: return true;
    }
}

static bool kr_check_pattern(KrValidator *v, const Kr_pattern *p, bool star_ok) {
    if (!p) return kr_invalid("None disallowed in pattern list");
    if (!kr_check_span(p->at) || !kr_enter(v)) return false;
    bool ok = kr_check_pattern_fields(v, p, star_ok);
    v->depth--;
    return ok;
}

/* ---------------------------------------------------------------- statements */

static bool kr_check_stmts(KrValidator *v, const KrSeq *body) {
    for (Py_ssize_t i = 0; i < kr_seq_len(body); i++) {
        const Kr_stmt *s = KR_SEQ_GET(body, Kr_stmt, i);
        if (!s) return kr_invalid("None disallowed in statement list");
        if (!kr_check_stmt(v, s)) return false;
    }
    return true;
}

static bool kr_check_body(KrValidator *v, const KrSeq *body, const char *owner) {
    return kr_check_nonempty(body, "body", owner) && kr_check_stmts(v, body);
}

static bool kr_check_with(KrValidator *v, const KrSeq *items, const KrSeq *body, const char *owner) {
    if (!kr_check_nonempty(items, "items", owner)) return false;
    for (Py_ssize_t i = 0; i < items->size; i++) {
        const Kr_withitem *item = KR_SEQ_GET(items, Kr_withitem, i);
        if (!kr_check_load(v, item->context_expr)) return false;
        if (item->optional_vars && !kr_check_expr(v, item->optional_vars, KR_expr_context_Store)) return false;
    }
    return kr_check_body(v, body, owner);
}

static bool kr_check_try(KrValidator *v, const KrSeq *body, const KrSeq *handlers, const KrSeq *orelse, const KrSeq *final,
                         const char *owner) {
    if (!kr_check_body(v, body, owner)) return false;
    if (!kr_seq_len(handlers) && !kr_seq_len(final)) {
        PyErr_Format(PyExc_ValueError, "%s has neither except handlers nor finalbody", owner);
        return false;
    }
    if (!kr_seq_len(handlers) && kr_seq_len(orelse)) {
        PyErr_Format(PyExc_ValueError, "%s has orelse but no except handlers", owner);
        return false;
    }
    for (Py_ssize_t i = 0; i < kr_seq_len(handlers); i++) {
        const Kr_excepthandler *h = KR_SEQ_GET(handlers, Kr_excepthandler, i);
        if (!kr_check_span(h->at) || !kr_check_optional(v, h->v.ExceptHandler.type) ||
            !kr_check_body(v, h->v.ExceptHandler.body, "ExceptHandler"))
            return false;
    }
    return kr_check_stmts(v, final) && kr_check_stmts(v, orelse);
}

static bool kr_check_def(KrValidator *v, const KrSeq *body, const Kr_arguments *args, const KrSeq *decorators,
                         const Kr_expr *returns, const char *owner) {
    return kr_check_body(v, body, owner) && kr_check_arguments(v, args) &&
           kr_check_exprs(v, decorators, KR_expr_context_Load, false) && kr_check_optional(v, returns);
}

static bool kr_check_stmt_fields(KrValidator *v, const Kr_stmt *s) {
    const int load = KR_expr_context_Load, store = KR_expr_context_Store;
    switch (s->kind) {
    case KR_stmt_FunctionDef:
        return kr_check_def(v, s->v.FunctionDef.body, s->v.FunctionDef.args, s->v.FunctionDef.decorator_list,
                            s->v.FunctionDef.returns, "FunctionDef");
    case KR_stmt_AsyncFunctionDef:
        return kr_check_def(v, s->v.AsyncFunctionDef.body, s->v.AsyncFunctionDef.args, s->v.AsyncFunctionDef.decorator_list,
                            s->v.AsyncFunctionDef.returns, "AsyncFunctionDef");
    case KR_stmt_ClassDef:
        return kr_check_body(v, s->v.ClassDef.body, "ClassDef") && kr_check_exprs(v, s->v.ClassDef.bases, load, false) &&
               kr_check_keywords(v, s->v.ClassDef.keywords) && kr_check_exprs(v, s->v.ClassDef.decorator_list, load, false);
    case KR_stmt_Return: return kr_check_optional(v, s->v.Return.value);
    case KR_stmt_Delete: return kr_check_assignable(v, s->v.Delete.targets, "Delete", KR_expr_context_Del);
    case KR_stmt_Assign: return kr_check_assignable(v, s->v.Assign.targets, "Assign", store) && kr_check_load(v, s->v.Assign.value);
    case KR_stmt_AugAssign: return kr_check_expr(v, s->v.AugAssign.target, store) && kr_check_load(v, s->v.AugAssign.value);
    case KR_stmt_AnnAssign:
        if (s->v.AnnAssign.target->kind != KR_expr_Name && s->v.AnnAssign.simple) {
            PyErr_SetString(PyExc_TypeError, "AnnAssign with simple non-Name target");
            return false;
        }
        return kr_check_expr(v, s->v.AnnAssign.target, store) && kr_check_optional(v, s->v.AnnAssign.value) &&
               kr_check_load(v, s->v.AnnAssign.annotation);
    case KR_stmt_For:
        return kr_check_expr(v, s->v.For.target, store) && kr_check_load(v, s->v.For.iter) &&
               kr_check_body(v, s->v.For.body, "For") && kr_check_stmts(v, s->v.For.orelse);
    case KR_stmt_AsyncFor:
        return kr_check_expr(v, s->v.AsyncFor.target, store) && kr_check_load(v, s->v.AsyncFor.iter) &&
               kr_check_body(v, s->v.AsyncFor.body, "AsyncFor") && kr_check_stmts(v, s->v.AsyncFor.orelse);
    case KR_stmt_While:
        return kr_check_load(v, s->v.While.test) && kr_check_body(v, s->v.While.body, "While") && kr_check_stmts(v, s->v.While.orelse);
    case KR_stmt_If:
        return kr_check_load(v, s->v.If.test) && kr_check_body(v, s->v.If.body, "If") && kr_check_stmts(v, s->v.If.orelse);
    case KR_stmt_With: return kr_check_with(v, s->v.With.items, s->v.With.body, "With");
    case KR_stmt_AsyncWith: return kr_check_with(v, s->v.AsyncWith.items, s->v.AsyncWith.body, "AsyncWith");
    case KR_stmt_Match:
        if (!kr_check_load(v, s->v.Match.subject) || !kr_check_nonempty(s->v.Match.cases, "cases", "Match")) return false;
        for (Py_ssize_t i = 0; i < s->v.Match.cases->size; i++) {
            const Kr_match_case *c = KR_SEQ_GET(s->v.Match.cases, Kr_match_case, i);
            if (!kr_check_pattern(v, c->pattern, false) || !kr_check_optional(v, c->guard) || !kr_check_body(v, c->body, "match_case"))
                return false;
        }
        return true;
    case KR_stmt_Raise:
        if (s->v.Raise.exc) return kr_check_load(v, s->v.Raise.exc) && kr_check_optional(v, s->v.Raise.cause);
        return !s->v.Raise.cause || kr_invalid("Raise with cause but no exception");
    case KR_stmt_Try:
        return kr_check_try(v, s->v.Try.body, s->v.Try.handlers, s->v.Try.orelse, s->v.Try.finalbody, "Try");
    case KR_stmt_TryStar:
        return kr_check_try(v, s->v.TryStar.body, s->v.TryStar.handlers, s->v.TryStar.orelse, s->v.TryStar.finalbody, "TryStar");
    case KR_stmt_Assert: return kr_check_load(v, s->v.Assert.test) && kr_check_optional(v, s->v.Assert.msg);
    case KR_stmt_Import: return kr_check_nonempty(s->v.Import.names, "names", "Import");
    case KR_stmt_ImportFrom:
        if (s->v.ImportFrom.level < 0) return kr_invalid("Negative ImportFrom level");
        return kr_check_nonempty(s->v.ImportFrom.names, "names", "ImportFrom");
    case KR_stmt_Global: return kr_check_nonempty(s->v.Global.names, "names", "Global");
    case KR_stmt_Nonlocal: return kr_check_nonempty(s->v.Nonlocal.names, "names", "Nonlocal");
    case KR_stmt_Expr: return kr_check_load(v, s->v.Expr.value);
    default: return true;
    }
}

static bool kr_check_stmt(KrValidator *v, const Kr_stmt *s) {
    if (!kr_check_span(s->at) || !kr_enter(v)) return false;
    bool ok = kr_check_stmt_fields(v, s);
    v->depth--;
    return ok;
}

int kr_ast_validate(const Kr_mod *mod) {
    KrValidator v = {0, Py_MIN(Py_GetRecursionLimit(), KR_RECURSION_MAX) * 3};
    bool ok = true;
    switch (mod->kind) {
    case KR_mod_Module: ok = kr_check_stmts(&v, mod->v.Module.body); break;
    case KR_mod_Interactive: ok = kr_check_stmts(&v, mod->v.Interactive.body); break;
    case KR_mod_Expression: ok = kr_check_load(&v, mod->v.Expression.body); break;
    case KR_mod_FunctionType:
        ok = kr_check_exprs(&v, mod->v.FunctionType.argtypes, KR_expr_context_Load, false) &&
             kr_check_load(&v, mod->v.FunctionType.returns);
        break;
    }
    return ok ? 0 : -1;
}
