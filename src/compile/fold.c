/* fold.c - constant expressions are worked out before code is made.
 *
 * A node whose operands are constants becomes a Constant in place. Nothing is folded that raises, or whose result would be big (the
 * limits below): then the program meets it at run time. The lists and sets that are only looked into or iterated over become tuples
 * and frozensets.
 */
#include "compile/symtable.h"

#define MAX_INT_BITS 128
#define MAX_COLLECTION 256
#define MAX_STR 4096
#define MAX_TUPLE_ITEMS (1 << 20)

typedef struct {
    KrArena *arena;
    int optimize, features;
    KrCompileDepth depth;
} Folder;

static int fold(Folder *, Kr_expr *);
static int fold_stmts(Folder *, KrSeq *);
#define TRY(x) do { if ((x) < 0) return -1; } while (0)

PyObject *kr_docstring(const KrSeq *body) {
    if (kr_seq_len(body) == 0) return NULL;
    Kr_stmt *s = KR_SEQ_GET(body, Kr_stmt, 0);
    if (s->kind != KR_stmt_Expr || s->v.Expr.value->kind != KR_expr_Constant) return NULL;
    PyObject *v = s->v.Expr.value->v.Constant.value;
    return PyUnicode_CheckExact(v) ? v : NULL;
}
static bool is_const(Kr_expr *e) { return e->kind == KR_expr_Constant; }

/* Makes e the constant `value`, which is taken over; NULL: an exception is cleared unless it is an interrupt, and e stays. */
static int become(Folder *f, Kr_expr *e, PyObject *value) {
    if (!value) {
        if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) return -1;
        PyErr_Clear();
        return 0;
    }
    TRY(kr_arena_own(f->arena, value));
    e->kind = KR_expr_Constant;
    e->v.Constant.value = value;
    e->v.Constant.kind = NULL;
    return 0;
}

/* ------------------------------------------------------------------ operators */

static int fold_unary(Folder *f, Kr_expr *e) {
    Kr_expr *arg = e->v.UnaryOp.operand;
    if (is_const(arg)) {
        PyObject *v = arg->v.Constant.value;
        switch (e->v.UnaryOp.op) {
        case KR_unaryop_Invert: return become(f, e, PyNumber_Invert(v));
        case KR_unaryop_UAdd: return become(f, e, PyNumber_Positive(v));
        case KR_unaryop_USub: return become(f, e, PyNumber_Negative(v));
        default: {
            int truth = PyObject_IsTrue(v);
            return become(f, e, truth < 0 ? NULL : PyBool_FromLong(!truth));
        }
        }
    }
    /* not (a in b) is a not in b, and so on */
    if (e->v.UnaryOp.op != KR_unaryop_Not || arg->kind != KR_expr_Compare || kr_seq_len(arg->v.Compare.ops) != 1) return 0;
    int op = KR_SEQ_INT(arg->v.Compare.ops, 0), inverse;
    switch (op) {
    case KR_cmpop_Is: inverse = KR_cmpop_IsNot; break;
    case KR_cmpop_IsNot: inverse = KR_cmpop_Is; break;
    case KR_cmpop_In: inverse = KR_cmpop_NotIn; break;
    case KR_cmpop_NotIn: inverse = KR_cmpop_In; break;
    default: return 0;
    }
    arg->v.Compare.ops->items[0] = (void *)(intptr_t)inverse;
    *e = *arg;
    return 0;
}
static Py_ssize_t length_of(PyObject *o) {
    if (PyUnicode_Check(o)) return PyUnicode_GET_LENGTH(o);
    if (PyBytes_Check(o)) return PyBytes_GET_SIZE(o);
    if (PyTuple_Check(o)) return PyTuple_GET_SIZE(o);
    return -1;
}
/* Items in a tuple, nested ones counted; more than limit: -1. */
static Py_ssize_t count_items(PyObject *o, Py_ssize_t limit) {
    if (!PyTuple_Check(o)) return limit;
    limit -= PyTuple_GET_SIZE(o);
    for (Py_ssize_t i = 0; limit >= 0 && i < PyTuple_GET_SIZE(o); i++) limit = count_items(PyTuple_GET_ITEM(o, i), limit);
    return limit;
}
static PyObject *safe_multiply(PyObject *a, PyObject *b) {
    if (PyLong_Check(a) && PyLong_Check(b)) {
        if (_PyLong_NumBits(a) + _PyLong_NumBits(b) > MAX_INT_BITS) return NULL;
    } else if (PyLong_Check(a) || PyLong_Check(b)) {
        PyObject *number = PyLong_Check(a) ? a : b, *seq = number == a ? b : a;
        Py_ssize_t n = length_of(seq), limit = PyTuple_Check(seq) ? MAX_COLLECTION : MAX_STR;
        if (n > 0) {
            long times = PyLong_AsLong(number);
            if (PyErr_Occurred() || times < 0 || times > limit / n) return NULL;
            if (times && PyTuple_Check(seq) && count_items(seq, MAX_TUPLE_ITEMS / times) < 0) return NULL;
        }
    }
    return PyNumber_Multiply(a, b);
}
static PyObject *safe_power(PyObject *a, PyObject *b) {
    if (PyLong_Check(a) && PyLong_Check(b) && Py_SIZE(b) > 0) {
        size_t bits = _PyLong_NumBits(a), power = PyLong_AsSize_t(b);
        if (power == (size_t)-1 || (bits && power > MAX_INT_BITS / bits)) return NULL;
    }
    return PyNumber_Power(a, b, Py_None);
}
static PyObject *safe_lshift(PyObject *a, PyObject *b) {
    if (PyLong_Check(a) && PyLong_Check(b) && Py_SIZE(a) && Py_SIZE(b) > 0) {
        size_t bits = _PyLong_NumBits(a), by = PyLong_AsSize_t(b);
        if (by > MAX_INT_BITS || bits > MAX_INT_BITS - by) return NULL;
    }
    return PyNumber_Lshift(a, b);
}
static PyObject *operate(int op, PyObject *a, PyObject *b) {
    switch (op) {
    case KR_operator_Add: return PyNumber_Add(a, b);
    case KR_operator_Sub: return PyNumber_Subtract(a, b);
    case KR_operator_Mult: return safe_multiply(a, b);
    case KR_operator_Div: return PyNumber_TrueDivide(a, b);
    case KR_operator_FloorDiv: return PyNumber_FloorDivide(a, b);
    case KR_operator_Mod: return PyUnicode_Check(a) || PyBytes_Check(a) ? NULL : PyNumber_Remainder(a, b);
    case KR_operator_Pow: return safe_power(a, b);
    case KR_operator_LShift: return safe_lshift(a, b);
    case KR_operator_RShift: return PyNumber_Rshift(a, b);
    case KR_operator_BitOr: return PyNumber_Or(a, b);
    case KR_operator_BitXor: return PyNumber_Xor(a, b);
    case KR_operator_BitAnd: return PyNumber_And(a, b);
    default: return NULL;
    }
}
static PyObject *tuple_of(const KrSeq *elts) {
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++)
        if (!is_const(KR_SEQ_GET(elts, Kr_expr, i))) return NULL;
    PyObject *t = PyTuple_New(kr_seq_len(elts));
    for (Py_ssize_t i = 0; t && i < kr_seq_len(elts); i++) PyTuple_SET_ITEM(t, i, Py_NewRef(KR_SEQ_GET(elts, Kr_expr, i)->v.Constant.value));
    return t;
}
/* What is only iterated over or looked into: a list becomes a tuple, a set of constants a frozenset. */
static int fold_iterable(Folder *f, Kr_expr *e) {
    if (e->kind == KR_expr_List) {
        for (Py_ssize_t i = 0; i < kr_seq_len(e->v.List.elts); i++)
            if (KR_SEQ_GET(e->v.List.elts, Kr_expr, i)->kind == KR_expr_Starred) return 0;
        PyObject *t = tuple_of(e->v.List.elts);
        if (t) return become(f, e, t);
        if (PyErr_Occurred()) return -1;
        KrSeq *elts = e->v.List.elts;
        e->kind = KR_expr_Tuple;
        e->v.Tuple.elts = elts;
        e->v.Tuple.ctx = KR_expr_context_Load;
    } else if (e->kind == KR_expr_Set) {
        PyObject *t = tuple_of(e->v.Set.elts);
        if (t) Py_SETREF(t, PyFrozenSet_New(t));
        if (t || PyErr_Occurred()) return become(f, e, t);
    }
    return 0;
}

/* ------------------------------------------------------------------ expressions */

static int fold_all(Folder *f, const KrSeq *s) {
    for (Py_ssize_t i = 0; i < kr_seq_len(s); i++)
        if (s->items[i]) TRY(fold(f, KR_SEQ_GET(s, Kr_expr, i)));
    return 0;
}
static int fold_opt(Folder *f, Kr_expr *e) { return e ? fold(f, e) : 0; }
static int fold_arguments(Folder *f, Kr_arguments *a) {
    const KrSeq *lists[] = {a->posonlyargs, a->args, a->kwonlyargs};
    for (int k = 0; !(f->features & CO_FUTURE_ANNOTATIONS) && k < 3; k++)
        for (Py_ssize_t i = 0; i < kr_seq_len(lists[k]); i++) TRY(fold_opt(f, KR_SEQ_GET(lists[k], Kr_arg, i)->annotation));
    if (!(f->features & CO_FUTURE_ANNOTATIONS)) {
        if (a->vararg) TRY(fold_opt(f, a->vararg->annotation));
        if (a->kwarg) TRY(fold_opt(f, a->kwarg->annotation));
    }
    TRY(fold_all(f, a->defaults));
    return fold_all(f, a->kw_defaults);
}
static int fold_generators(Folder *f, const KrSeq *generators) {
    for (Py_ssize_t i = 0; i < kr_seq_len(generators); i++) {
        Kr_comprehension *g = KR_SEQ_GET(generators, Kr_comprehension, i);
        TRY(fold(f, g->target));
        TRY(fold(f, g->iter));
        TRY(fold_iterable(f, g->iter));
        TRY(fold_all(f, g->ifs));
    }
    return 0;
}
static int fold_inner(Folder *f, Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_BoolOp: return fold_all(f, e->v.BoolOp.values);
    case KR_expr_NamedExpr: return fold(f, e->v.NamedExpr.value);
    case KR_expr_BinOp:
        TRY(fold(f, e->v.BinOp.left));
        TRY(fold(f, e->v.BinOp.right));
        if (!is_const(e->v.BinOp.left) || !is_const(e->v.BinOp.right)) return 0;
        return become(f, e, operate(e->v.BinOp.op, e->v.BinOp.left->v.Constant.value, e->v.BinOp.right->v.Constant.value));
    case KR_expr_UnaryOp: TRY(fold(f, e->v.UnaryOp.operand)); return fold_unary(f, e);
    case KR_expr_Lambda: TRY(fold_arguments(f, e->v.Lambda.args)); return fold(f, e->v.Lambda.body);
    case KR_expr_IfExp: TRY(fold(f, e->v.IfExp.test)); TRY(fold(f, e->v.IfExp.body)); return fold(f, e->v.IfExp.orelse);
    case KR_expr_Dict: TRY(fold_all(f, e->v.Dict.keys)); return fold_all(f, e->v.Dict.values);
    case KR_expr_Set: return fold_all(f, e->v.Set.elts);
    case KR_expr_ListComp:
    case KR_expr_SetComp:
    case KR_expr_GeneratorExp: TRY(fold(f, e->v.ListComp.elt)); return fold_generators(f, e->v.ListComp.generators);
    case KR_expr_DictComp: TRY(fold(f, e->v.DictComp.key)); TRY(fold(f, e->v.DictComp.value)); return fold_generators(f, e->v.DictComp.generators);
    case KR_expr_Await: return fold(f, e->v.Await.value);
    case KR_expr_Yield: return fold_opt(f, e->v.Yield.value);
    case KR_expr_YieldFrom: return fold(f, e->v.YieldFrom.value);
    case KR_expr_Compare: {
        TRY(fold(f, e->v.Compare.left));
        TRY(fold_all(f, e->v.Compare.comparators));
        Py_ssize_t last = kr_seq_len(e->v.Compare.ops) - 1;
        int op = KR_SEQ_INT(e->v.Compare.ops, last);
        return op == KR_cmpop_In || op == KR_cmpop_NotIn ? fold_iterable(f, KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, last)) : 0;
    }
    case KR_expr_Call:
        TRY(fold(f, e->v.Call.func));
        TRY(fold_all(f, e->v.Call.args));
        for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Call.keywords); i++) TRY(fold(f, KR_SEQ_GET(e->v.Call.keywords, Kr_keyword, i)->value));
        return 0;
    case KR_expr_FormattedValue: TRY(fold(f, e->v.FormattedValue.value)); return fold_opt(f, e->v.FormattedValue.format_spec);
    case KR_expr_JoinedStr: return fold_all(f, e->v.JoinedStr.values);
    case KR_expr_Attribute: return fold(f, e->v.Attribute.value);
    case KR_expr_Subscript:
        TRY(fold(f, e->v.Subscript.value));
        TRY(fold(f, e->v.Subscript.slice));
        if (e->v.Subscript.ctx != KR_expr_context_Load || !is_const(e->v.Subscript.value) || !is_const(e->v.Subscript.slice)) return 0;
        return become(f, e, PyObject_GetItem(e->v.Subscript.value->v.Constant.value, e->v.Subscript.slice->v.Constant.value));
    case KR_expr_Starred: return fold(f, e->v.Starred.value);
    case KR_expr_List: return fold_all(f, e->v.List.elts);
    case KR_expr_Tuple: {
        TRY(fold_all(f, e->v.Tuple.elts));
        if (e->v.Tuple.ctx != KR_expr_context_Load) return 0;
        PyObject *t = tuple_of(e->v.Tuple.elts);
        return t ? become(f, e, t) : PyErr_Occurred() ? -1 : 0;
    }
    case KR_expr_Slice: TRY(fold_opt(f, e->v.Slice.lower)); TRY(fold_opt(f, e->v.Slice.upper)); return fold_opt(f, e->v.Slice.step);
    case KR_expr_Name:
        if (e->v.Name.ctx == KR_expr_context_Load && PyUnicode_CompareWithASCIIString(e->v.Name.id, "__debug__") == 0) return become(f, e, PyBool_FromLong(!f->optimize));
        return 0;
    default: return 0;
    }
}
static int fold(Folder *f, Kr_expr *e) {
    TRY(kr_depth_enter(&f->depth));
    int r = fold_inner(f, e);
    kr_depth_leave(&f->depth);
    return r;
}

/* ------------------------------------------------------------------ patterns: only what stands for a value */

static int fold_pattern(Folder *f, Kr_pattern *p);
static int fold_patterns(Folder *f, const KrSeq *s) {
    for (Py_ssize_t i = 0; i < kr_seq_len(s); i++) TRY(fold_pattern(f, KR_SEQ_GET(s, Kr_pattern, i)));
    return 0;
}
static int fold_pattern_inner(Folder *f, Kr_pattern *p) {
    switch (p->kind) {
    case KR_pattern_MatchValue: return fold(f, p->v.MatchValue.value);
    case KR_pattern_MatchSequence: return fold_patterns(f, p->v.MatchSequence.patterns);
    case KR_pattern_MatchMapping: TRY(fold_all(f, p->v.MatchMapping.keys)); return fold_patterns(f, p->v.MatchMapping.patterns);
    case KR_pattern_MatchClass: TRY(fold_patterns(f, p->v.MatchClass.patterns)); return fold_patterns(f, p->v.MatchClass.kwd_patterns);
    case KR_pattern_MatchAs: return p->v.MatchAs.pattern ? fold_pattern(f, p->v.MatchAs.pattern) : 0;
    case KR_pattern_MatchOr: return fold_patterns(f, p->v.MatchOr.patterns);
    default: return 0;
    }
}
static int fold_pattern(Folder *f, Kr_pattern *p) {
    TRY(kr_depth_enter(&f->depth));
    int r = fold_pattern_inner(f, p);
    kr_depth_leave(&f->depth);
    return r;
}

/* ------------------------------------------------------------------ statements */

static int fold_function(Folder *f, Kr_stmt *s) {
    TRY(fold_all(f, s->v.FunctionDef.decorator_list));
    TRY(fold_arguments(f, s->v.FunctionDef.args));
    if (!(f->features & CO_FUTURE_ANNOTATIONS)) TRY(fold_opt(f, s->v.FunctionDef.returns));
    return fold_stmts(f, s->v.FunctionDef.body);
}
static int fold_stmt_inner(Folder *f, Kr_stmt *s) {
    switch (s->kind) {
    case KR_stmt_FunctionDef:
    case KR_stmt_AsyncFunctionDef: return fold_function(f, s);
    case KR_stmt_ClassDef:
        TRY(fold_all(f, s->v.ClassDef.bases));
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.ClassDef.keywords); i++) TRY(fold(f, KR_SEQ_GET(s->v.ClassDef.keywords, Kr_keyword, i)->value));
        TRY(fold_all(f, s->v.ClassDef.decorator_list));
        return fold_stmts(f, s->v.ClassDef.body);
    case KR_stmt_Return: return fold_opt(f, s->v.Return.value);
    case KR_stmt_Delete: return fold_all(f, s->v.Delete.targets);
    case KR_stmt_Assign: TRY(fold_all(f, s->v.Assign.targets)); return fold(f, s->v.Assign.value);
    case KR_stmt_AugAssign: TRY(fold(f, s->v.AugAssign.target)); return fold(f, s->v.AugAssign.value);
    case KR_stmt_AnnAssign:
        TRY(fold(f, s->v.AnnAssign.target));
        if (!(f->features & CO_FUTURE_ANNOTATIONS)) TRY(fold(f, s->v.AnnAssign.annotation));
        return fold_opt(f, s->v.AnnAssign.value);
    case KR_stmt_For:
    case KR_stmt_AsyncFor:
        TRY(fold(f, s->v.For.target));
        TRY(fold(f, s->v.For.iter));
        if (s->kind == KR_stmt_For) TRY(fold_iterable(f, s->v.For.iter));
        TRY(fold_stmts(f, s->v.For.body));
        return fold_stmts(f, s->v.For.orelse);
    case KR_stmt_While: TRY(fold(f, s->v.While.test)); TRY(fold_stmts(f, s->v.While.body)); return fold_stmts(f, s->v.While.orelse);
    case KR_stmt_If: TRY(fold(f, s->v.If.test)); TRY(fold_stmts(f, s->v.If.body)); return fold_stmts(f, s->v.If.orelse);
    case KR_stmt_With:
    case KR_stmt_AsyncWith:
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.With.items); i++) {
            Kr_withitem *w = KR_SEQ_GET(s->v.With.items, Kr_withitem, i);
            TRY(fold(f, w->context_expr));
            TRY(fold_opt(f, w->optional_vars));
        }
        return fold_stmts(f, s->v.With.body);
    case KR_stmt_Match:
        TRY(fold(f, s->v.Match.subject));
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Match.cases); i++) {
            Kr_match_case *c = KR_SEQ_GET(s->v.Match.cases, Kr_match_case, i);
            TRY(fold_pattern(f, c->pattern));
            TRY(fold_opt(f, c->guard));
            TRY(fold_stmts(f, c->body));
        }
        return 0;
    case KR_stmt_Raise: TRY(fold_opt(f, s->v.Raise.exc)); return fold_opt(f, s->v.Raise.cause);
    case KR_stmt_Try:
    case KR_stmt_TryStar:
        TRY(fold_stmts(f, s->v.Try.body));
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Try.handlers); i++) {
            Kr_excepthandler *h = KR_SEQ_GET(s->v.Try.handlers, Kr_excepthandler, i);
            TRY(fold_opt(f, h->v.ExceptHandler.type));
            TRY(fold_stmts(f, h->v.ExceptHandler.body));
        }
        TRY(fold_stmts(f, s->v.Try.orelse));
        return fold_stmts(f, s->v.Try.finalbody);
    case KR_stmt_Assert: TRY(fold(f, s->v.Assert.test)); return fold_opt(f, s->v.Assert.msg);
    case KR_stmt_Expr: return fold(f, s->v.Expr.value);
    default: return 0;
    }
}
static int fold_stmts(Folder *f, KrSeq *body) {
    /* a string that folding makes is not a docstring */
    bool had_docstring = kr_docstring(body) != NULL;
    TRY(kr_depth_enter(&f->depth));
    for (Py_ssize_t i = 0; i < kr_seq_len(body); i++) TRY(fold_stmt_inner(f, KR_SEQ_GET(body, Kr_stmt, i)));
    kr_depth_leave(&f->depth);
    if (!had_docstring && kr_docstring(body)) {
        Kr_expr *e = KR_SEQ_GET(body, Kr_stmt, 0)->v.Expr.value, *copy = kr_arena_alloc(f->arena, sizeof *copy);
        KrSeq *values = copy ? kr_seq_new(f->arena, 1) : NULL;
        if (!values) return -1;
        *copy = *e;
        values->items[0] = copy;
        e->kind = KR_expr_JoinedStr;
        e->v.JoinedStr.values = values;
    }
    return 0;
}
int kr_fold(Kr_mod *mod, KrArena *arena, int optimize, int features) {
    Folder folder = {.arena = arena, .optimize = optimize, .features = features}, *f = &folder;
    kr_depth_init(&f->depth);
    switch (mod->kind) {
    case KR_mod_Module: return fold_stmts(f, mod->v.Module.body);
    case KR_mod_Interactive: return fold_stmts(f, mod->v.Interactive.body);
    case KR_mod_Expression: return fold(f, mod->v.Expression.body);
    default: return 0;
    }
}
