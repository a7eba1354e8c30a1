/* codegen_expr.c - expressions, assignment targets, conditions and calls. */
#include "compile/codegen.h"

/* ------------------------------------------------------------------ destinations */

/* The destination for a result: the one wanted, or a new temporary, which *operand then consumes. Call it after the operands have been
 * dropped from the temporaries. */
static int result(Cg *cg, int want, int *operand) {
    if (want != CG_ANYWHERE) return want;
    int t = cg_reserve(cg, 1);
    *operand = cg_take(cg, t);
    return cg_dead(cg, t);
}
int cg_push_operand(Cg *cg, int operand) {
    int t = cg_reserve(cg, 1);
    if (operand == cg_take(cg, t)) return 0;
    return cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), operand, 0);
}
int cg_push_const(Cg *cg, PyObject *value) {
    int t = cg_reserve(cg, 1);
    return cg_emit_load_const(cg, cg_dead(cg, t), value);
}
int cg_push_const_at(Cg *cg, PyObject *value, KrSpan at) {
    KrSpan saved = cg->at;
    cg->at = at;
    int r = cg_push_const(cg, value);
    cg->at = saved;
    return r;
}
int cg_value_to(Cg *cg, Kr_expr *e, int i) { return cg_value(cg, e, cg_dead(cg, i), NULL); }
int cg_push(Cg *cg, Kr_expr *e) { return cg_value_to(cg, e, cg_reserve(cg, 1)); }
int cg_discard(Cg *cg, int operand) {
    if (!(operand & KR_OPERAND_CONST) && (operand & KR_OPERAND_CONSUME)) return cg_emit(cg, KR_OP_KILL, operand & KR_REG_MASK, 0, 0);
    return 0;
}

/* ------------------------------------------------------------------ walruses */

static bool seq_has_walrus(Cg *cg, const KrSeq *s);
static bool walrus_in(Cg *cg, Kr_expr *e) {
    if (!e) return false;
#define W(x) walrus_in(cg, x)
#define WS(x) seq_has_walrus(cg, x)
    switch (e->kind) {
    case KR_expr_NamedExpr: return true;
    case KR_expr_BoolOp: return WS(e->v.BoolOp.values);
    case KR_expr_BinOp: return W(e->v.BinOp.left) || W(e->v.BinOp.right);
    case KR_expr_UnaryOp: return W(e->v.UnaryOp.operand);
    case KR_expr_IfExp: return W(e->v.IfExp.test) || W(e->v.IfExp.body) || W(e->v.IfExp.orelse);
    case KR_expr_Dict: return WS(e->v.Dict.keys) || WS(e->v.Dict.values);
    case KR_expr_Set: return WS(e->v.Set.elts);
    case KR_expr_Await: return W(e->v.Await.value);
    case KR_expr_Yield: return W(e->v.Yield.value);
    case KR_expr_YieldFrom: return W(e->v.YieldFrom.value);
    case KR_expr_Compare: return W(e->v.Compare.left) || WS(e->v.Compare.comparators);
    case KR_expr_Call:
        for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Call.keywords); i++)
            if (W(KR_SEQ_GET(e->v.Call.keywords, Kr_keyword, i)->value)) return true;
        return W(e->v.Call.func) || WS(e->v.Call.args);
    case KR_expr_FormattedValue: return W(e->v.FormattedValue.value) || W(e->v.FormattedValue.format_spec);
    case KR_expr_JoinedStr: return WS(e->v.JoinedStr.values);
    case KR_expr_Attribute: return W(e->v.Attribute.value);
    case KR_expr_Subscript: return W(e->v.Subscript.value) || W(e->v.Subscript.slice);
    case KR_expr_Starred: return W(e->v.Starred.value);
    case KR_expr_List: return WS(e->v.List.elts);
    case KR_expr_Tuple: return WS(e->v.Tuple.elts);
    case KR_expr_Slice: return W(e->v.Slice.lower) || W(e->v.Slice.upper) || W(e->v.Slice.step);
    case KR_expr_Lambda: return WS(e->v.Lambda.args->defaults) || WS(e->v.Lambda.args->kw_defaults);
    case KR_expr_ListComp:
    case KR_expr_SetComp:
    case KR_expr_GeneratorExp: return W(KR_SEQ_GET(e->v.ListComp.generators, Kr_comprehension, 0)->iter);
    case KR_expr_DictComp: return W(KR_SEQ_GET(e->v.DictComp.generators, Kr_comprehension, 0)->iter);
    default: return false;
    }
#undef W
#undef WS
}
static bool seq_has_walrus(Cg *cg, const KrSeq *s) {
    for (Py_ssize_t i = 0; i < kr_seq_len(s); i++)
        if (walrus_in(cg, KR_SEQ_GET(s, Kr_expr, i))) return true;
    return false;
}
bool cg_has_walrus(Cg *cg, Kr_expr *e) { return cg->u->ste->has_walrus && walrus_in(cg, e); }
int cg_pin(Cg *cg, int *operand, Kr_expr *later) {
    if (!cg_is_local_operand(*operand) || !cg_has_walrus(cg, later)) return 0;
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), *operand, 0));
    *operand = cg_take(cg, t);
    return 0;
}

/* ------------------------------------------------------------------ warnings */

static const char *type_name_of(Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_Tuple: return "tuple";
    case KR_expr_List:
    case KR_expr_ListComp: return "list";
    case KR_expr_Dict:
    case KR_expr_DictComp: return "dict";
    case KR_expr_Set:
    case KR_expr_SetComp: return "set";
    case KR_expr_GeneratorExp: return "generator";
    case KR_expr_Lambda: return "function";
    case KR_expr_JoinedStr:
    case KR_expr_FormattedValue: return "str";
    case KR_expr_Constant: return Py_TYPE(e->v.Constant.value)->tp_name;
    default: return NULL;
    }
}
static int check_callable(Cg *cg, Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_Constant: case KR_expr_Tuple: case KR_expr_List: case KR_expr_ListComp: case KR_expr_Dict: case KR_expr_DictComp:
    case KR_expr_Set: case KR_expr_SetComp: case KR_expr_GeneratorExp: case KR_expr_JoinedStr: case KR_expr_FormattedValue:
        return kr_compile_warning(cg->filename, cg->at, "'%.200s' object is not callable; perhaps you missed a comma?", type_name_of(e));
    default: return 0;
    }
}
static int check_subscriptable(Cg *cg, Kr_expr *e) {
    PyObject *v;
    switch (e->kind) {
    case KR_expr_Constant:
        v = e->v.Constant.value;
        if (!(v == Py_None || v == Py_Ellipsis || PyLong_Check(v) || PyFloat_Check(v) || PyComplex_Check(v) || PyAnySet_Check(v))) return 0;
        break;
    case KR_expr_Set: case KR_expr_SetComp: case KR_expr_GeneratorExp: case KR_expr_Lambda: break;
    default: return 0;
    }
    return kr_compile_warning(cg->filename, cg->at, "'%.200s' object is not subscriptable; perhaps you missed a comma?", type_name_of(e));
}
static int check_index(Cg *cg, Kr_expr *e, Kr_expr *index) {
    const char *type = type_name_of(index);
    if (!type || (index->kind == KR_expr_Constant && (PyLong_Check(index->v.Constant.value) || PySlice_Check(index->v.Constant.value)))) return 0;
    switch (e->kind) {
    case KR_expr_Constant:
        if (!PyUnicode_Check(e->v.Constant.value) && !PyBytes_Check(e->v.Constant.value) && !PyTuple_Check(e->v.Constant.value)) return 0;
        break;
    case KR_expr_Tuple: case KR_expr_List: case KR_expr_ListComp: case KR_expr_JoinedStr: case KR_expr_FormattedValue: break;
    default: return 0;
    }
    return kr_compile_warning(cg->filename, cg->at, "%.200s indices must be integers or slices, not %.200s; perhaps you missed a comma?", type_name_of(e), type);
}
/* A literal whose identity means nothing. */
static bool is_plain_literal(Kr_expr *e) {
    if (e->kind == KR_expr_Tuple) return true;
    if (e->kind != KR_expr_Constant) return false;
    PyObject *v = e->v.Constant.value;
    return v != Py_None && v != Py_False && v != Py_True && v != Py_Ellipsis;
}
static int check_compare(Cg *cg, Kr_expr *e) {
    bool left = !is_plain_literal(e->v.Compare.left);
    for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Compare.ops); i++) {
        int op = KR_SEQ_INT(e->v.Compare.ops, i);
        bool right = !is_plain_literal(KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, i));
        if ((op == KR_cmpop_Is || op == KR_cmpop_IsNot) && (!right || !left))
            return kr_compile_warning(cg->filename, cg->at, op == KR_cmpop_Is ? "\"is\" with a literal. Did you mean \"==\"?"
                                                                             : "\"is not\" with a literal. Did you mean \"!=\"?");
        left = right;
    }
    return 0;
}

/* ------------------------------------------------------------------ operators */

static const uint16_t binary_ops[] = {
    [KR_operator_Add] = KR_OP_BINARY_ADD, [KR_operator_Sub] = KR_OP_BINARY_SUB, [KR_operator_Mult] = KR_OP_BINARY_MUL,
    [KR_operator_MatMult] = KR_OP_BINARY_MATMUL, [KR_operator_Div] = KR_OP_BINARY_TRUEDIV, [KR_operator_Mod] = KR_OP_BINARY_MOD,
    [KR_operator_Pow] = KR_OP_BINARY_POW, [KR_operator_LShift] = KR_OP_BINARY_LSHIFT, [KR_operator_RShift] = KR_OP_BINARY_RSHIFT,
    [KR_operator_BitOr] = KR_OP_BINARY_OR, [KR_operator_BitXor] = KR_OP_BINARY_XOR, [KR_operator_BitAnd] = KR_OP_BINARY_AND,
    [KR_operator_FloorDiv] = KR_OP_BINARY_FLOORDIV,
};
static const uint16_t compare_ops[] = {
    [KR_cmpop_Eq] = KR_OP_COMPARE_EQ, [KR_cmpop_NotEq] = KR_OP_COMPARE_NE, [KR_cmpop_Lt] = KR_OP_COMPARE_LT, [KR_cmpop_LtE] = KR_OP_COMPARE_LE,
    [KR_cmpop_Gt] = KR_OP_COMPARE_GT, [KR_cmpop_GtE] = KR_OP_COMPARE_GE, [KR_cmpop_Is] = KR_OP_IS, [KR_cmpop_IsNot] = KR_OP_IS_NOT,
    [KR_cmpop_In] = KR_OP_IN, [KR_cmpop_NotIn] = KR_OP_NOT_IN,
};

static int binary(Cg *cg, Kr_expr *e, int want, int *operand) {
    int mark = cg->u->depth, left, right;
    CG_TRY(cg_value(cg, e->v.BinOp.left, CG_ANYWHERE, &left));
    CG_TRY(cg_pin(cg, &left, e->v.BinOp.right));
    CG_TRY(cg_value(cg, e->v.BinOp.right, CG_ANYWHERE, &right));
    cg->u->depth = mark;
    return cg_emit(cg, binary_ops[e->v.BinOp.op], result(cg, want, operand), left, right);
}
static int unary(Cg *cg, Kr_expr *e, int want, int *operand) {
    static const uint16_t ops[] = {[KR_unaryop_Invert] = KR_OP_UNARY_INVERT, [KR_unaryop_Not] = KR_OP_UNARY_NOT,
                                   [KR_unaryop_UAdd] = KR_OP_UNARY_POS, [KR_unaryop_USub] = KR_OP_UNARY_NEG};
    int mark = cg->u->depth, value;
    CG_TRY(cg_value(cg, e->v.UnaryOp.operand, CG_ANYWHERE, &value));
    cg->u->depth = mark;
    return cg_emit(cg, ops[e->v.UnaryOp.op], result(cg, want, operand), value, 0);
}
/* Values that are worked out in a temporary before they go to a local. */
static int through_temp(Cg *cg, int want, int *t) {
    bool direct = want != CG_ANYWHERE && (int)(want & KR_REG_MASK) >= cg->u->temp_base;
    *t = direct ? (int)(want & KR_REG_MASK) - cg->u->temp_base : cg_reserve(cg, 1);
    return direct;
}
static int finish_temp(Cg *cg, bool direct, int t, int want, int *operand) {
    if (direct) return 0;
    cg->u->depth = t + 1;
    if (want == CG_ANYWHERE) {
        *operand = cg_take(cg, t);
        return 0;
    }
    cg->u->depth = t;
    return cg_emit(cg, KR_OP_MOVE, want, cg_take(cg, t), 0);
}
static int bool_op(Cg *cg, Kr_expr *e, int want, int *operand) {
    int t, end = cg_label(cg);
    bool direct = through_temp(cg, want, &t);
    if (end < 0) return -1;
    Py_ssize_t n = kr_seq_len(e->v.BoolOp.values);
    int op = e->v.BoolOp.op == KR_boolop_And ? KR_OP_JUMP_IF_FALSE_OR_KILL : KR_OP_JUMP_IF_TRUE_OR_KILL;
    for (Py_ssize_t i = 0; i < n; i++) {
        CG_TRY(cg_value_to(cg, KR_SEQ_GET(e->v.BoolOp.values, Kr_expr, i), t));
        if (i < n - 1) CG_TRY(cg_emit_jump(cg, op, cg_temp(cg, t), end));
    }
    cg_place(cg, end);
    return finish_temp(cg, direct, t, want, operand);
}
/* A JUMP that shows no line of its own. */
static int emit_artificial_jump(Cg *cg, int label) {
    KrSpan saved = cg->at;
    cg->at = CG_NO_SPAN;
    int r = cg_emit_jump(cg, KR_OP_JUMP, 0, label);
    cg->at = saved;
    return r;
}
static int conditional(Cg *cg, Kr_expr *e, int want, int *operand) {
    int t, orelse = cg_label(cg), end = cg_label(cg);
    bool direct = through_temp(cg, want, &t);
    if (orelse < 0 || end < 0) return -1;
    CG_TRY(cg_jump_if(cg, e->v.IfExp.test, orelse, false));
    CG_TRY(cg_value_to(cg, e->v.IfExp.body, t));
    CG_TRY(emit_artificial_jump(cg, end));
    cg_place(cg, orelse);
    CG_TRY(cg_value_to(cg, e->v.IfExp.orelse, t));
    cg_place(cg, end);
    return finish_temp(cg, direct, t, want, operand);
}

/* Comparisons. A chain keeps the middle value for the next link; where a link fails, that value is dropped. */
static int compare_chain(Cg *cg, Kr_expr *e, int t, int jump_label, bool when) {
    CgUnit *u = cg->u;
    Py_ssize_t n = kr_seq_len(e->v.Compare.ops);
    int mark = u->depth, left, right, cleanup = cg_label(cg), end = cg_label(cg);
    bool kept_any = false;
    int kept[1] = {0};
    if (cleanup < 0 || end < 0) return -1;
    CG_TRY(cg_value(cg, e->v.Compare.left, CG_ANYWHERE, &left));
    CG_TRY(cg_pin(cg, &left, KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, 0)));
    int first_middle = u->depth;
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_expr *next = KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, i);
        int op = compare_ops[KR_SEQ_INT(e->v.Compare.ops, i)], use;
        CG_TRY(cg_value(cg, next, CG_ANYWHERE, &right));
        bool last = i == n - 1;
        for (Py_ssize_t k = i + 1; !last && k < n; k++) CG_TRY(cg_pin(cg, &right, KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, k)));
        use = last || (right & KR_OPERAND_CONST) ? right : (int)(right & ~KR_OPERAND_CONSUME);
        if (!last && !(right & KR_OPERAND_CONST) && (right & KR_OPERAND_CONSUME)) {
            kept_any = true;
            kept[0] = Py_MAX(kept[0], u->depth);
        }
        CG_TRY(cg_emit(cg, op, cg_dead(cg, t), left, use));
        if (last) break;
        if (jump_label == CG_NO_LABEL) CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_FALSE_OR_KILL, cg_temp(cg, t), cleanup));
        else CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_FALSE, cg_take(cg, t), cleanup));
        if (kept_any && right == cg_take(cg, first_middle + 1)) {       /* the one below it is consumed: a long chain needs no more than two */
            CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, first_middle), right, 0));
            right = cg_take(cg, first_middle);
            u->depth = first_middle + 1;
        }
        left = right;
    }
    if (jump_label != CG_NO_LABEL) CG_TRY(cg_emit_jump(cg, when ? KR_OP_JUMP_IF_TRUE : KR_OP_JUMP_IF_FALSE, cg_take(cg, t), jump_label));
    if (!kept_any && jump_label == CG_NO_LABEL) {
        cg_place(cg, cleanup);
    } else {
        CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, end));
        cg_place(cg, cleanup);
        for (int i = first_middle; kept_any && i < kept[0]; i++) CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, i), 0, 0));
        if (jump_label != CG_NO_LABEL && !when) CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, jump_label));
        cg_place(cg, end);
    }
    u->depth = mark;
    return 0;
}
static int compare(Cg *cg, Kr_expr *e, int want, int *operand) {
    CG_TRY(check_compare(cg, e));
    if (kr_seq_len(e->v.Compare.ops) > 1) {
        int t;
        bool direct = through_temp(cg, want, &t);
        CG_TRY(compare_chain(cg, e, t, CG_NO_LABEL, false));
        return finish_temp(cg, direct, t, want, operand);
    }
    Kr_expr *second = KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, 0);
    int mark = cg->u->depth, left, right;
    CG_TRY(cg_value(cg, e->v.Compare.left, CG_ANYWHERE, &left));
    CG_TRY(cg_pin(cg, &left, second));
    CG_TRY(cg_value(cg, second, CG_ANYWHERE, &right));
    cg->u->depth = mark;
    return cg_emit(cg, compare_ops[KR_SEQ_INT(e->v.Compare.ops, 0)], result(cg, want, operand), left, right);
}

int cg_jump_if(Cg *cg, Kr_expr *e, int label, bool when) {
    CgUnit *u = cg->u;
    int mark = u->depth, operand;
    switch (e->kind) {
    case KR_expr_UnaryOp:
        if (e->v.UnaryOp.op == KR_unaryop_Not) {
            CG_TRY(kr_depth_enter(&cg->depth));
            int r = cg_jump_if(cg, e->v.UnaryOp.operand, label, !when);
            kr_depth_leave(&cg->depth);
            return r;
        }
        break;
    case KR_expr_BoolOp: {
        /* a short circuit goes to the label when its truth is the one asked for, else past the end */
        bool stops_on = e->v.BoolOp.op == KR_boolop_Or;
        int past = stops_on == when ? label : cg_label(cg);
        Py_ssize_t n = kr_seq_len(e->v.BoolOp.values);
        if (past < 0) return -1;
        CG_TRY(kr_depth_enter(&cg->depth));
        for (Py_ssize_t i = 0; i < n - 1; i++) CG_TRY(cg_jump_if(cg, KR_SEQ_GET(e->v.BoolOp.values, Kr_expr, i), past, stops_on));
        CG_TRY(cg_jump_if(cg, KR_SEQ_GET(e->v.BoolOp.values, Kr_expr, n - 1), label, when));
        kr_depth_leave(&cg->depth);
        if (past != label) cg_place(cg, past);
        return 0;
    }
    case KR_expr_IfExp: {
        int orelse = cg_label(cg), end = cg_label(cg);
        if (orelse < 0 || end < 0) return -1;
        CG_TRY(kr_depth_enter(&cg->depth));
        CG_TRY(cg_jump_if(cg, e->v.IfExp.test, orelse, false));
        CG_TRY(cg_jump_if(cg, e->v.IfExp.body, label, when));
        CG_TRY(emit_artificial_jump(cg, end));
        cg_place(cg, orelse);
        CG_TRY(cg_jump_if(cg, e->v.IfExp.orelse, label, when));
        cg_place(cg, end);
        kr_depth_leave(&cg->depth);
        return 0;
    }
    case KR_expr_Compare: {
        Py_ssize_t n = kr_seq_len(e->v.Compare.ops);
        cg->at = e->at;
        if (n > 1) {
            CG_TRY(check_compare(cg, e));
            int t = cg_reserve(cg, 1), r = compare_chain(cg, e, t, label, when);
            u->depth = mark;
            return r;
        }
        Kr_expr *second = KR_SEQ_GET(e->v.Compare.comparators, Kr_expr, 0);
        int op = KR_SEQ_INT(e->v.Compare.ops, 0);
        if ((op == KR_cmpop_Is || op == KR_cmpop_IsNot) && second->kind == KR_expr_Constant && second->v.Constant.value == Py_None) {
            CG_TRY(check_compare(cg, e));
            CG_TRY(cg_value(cg, e->v.Compare.left, CG_ANYWHERE, &operand));
            u->depth = mark;
            return cg_emit_jump(cg, (op == KR_cmpop_Is) == when ? KR_OP_JUMP_IF_NONE : KR_OP_JUMP_IF_NOT_NONE, operand, label);
        }
        break;
    }
    case KR_expr_Constant: {
        int truth = PyObject_IsTrue(e->v.Constant.value);
        if (truth < 0) return -1;
        CG_TRY(cg_show_line(cg, e->at));
        return truth == when ? cg_emit_jump(cg, KR_OP_JUMP, 0, label) : cg_emit(cg, KR_OP_NOP, 0, 0, 0);
    }
    default: break;
    }
    CG_TRY(cg_value(cg, e, CG_ANYWHERE, &operand));
    u->depth = mark;
    return cg_emit_jump(cg, when ? KR_OP_JUMP_IF_TRUE : KR_OP_JUMP_IF_FALSE, operand, label);
}

/* ------------------------------------------------------------------ displays */

#define IN_ONE_GO 30            /* items put into registers at once; longer displays are filled in steps */

static bool all_constant(const KrSeq *elts) {
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++)
        if (KR_SEQ_GET(elts, Kr_expr, i)->kind != KR_expr_Constant) return false;
    return true;
}
static PyObject *constant_tuple(const KrSeq *elts) {
    PyObject *t = PyTuple_New(kr_seq_len(elts));
    for (Py_ssize_t i = 0; t && i < kr_seq_len(elts); i++) PyTuple_SET_ITEM(t, i, Py_NewRef(KR_SEQ_GET(elts, Kr_expr, i)->v.Constant.value));
    return t;
}
static bool has_star(const KrSeq *elts) {
    for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++)
        if (KR_SEQ_GET(elts, Kr_expr, i)->kind == KR_expr_Starred) return true;
    return false;
}
/* A list or set in temporary t filled with elts, the first `done` of which are in registers from t on. */
static int fill_sequence(Cg *cg, const KrSeq *elts, bool set, int t) {
    CgUnit *u = cg->u;
    Py_ssize_t n = kr_seq_len(elts), i = 0;
    while (i < n && i < IN_ONE_GO && n <= IN_ONE_GO && KR_SEQ_GET(elts, Kr_expr, i)->kind != KR_expr_Starred) {
        if (i == 0) CG_TRY(cg_value_to(cg, KR_SEQ_GET(elts, Kr_expr, i), t));
        else CG_TRY(cg_push(cg, KR_SEQ_GET(elts, Kr_expr, i)));
        i++;
    }
    u->depth = t + 1;
    CG_TRY(cg_emit(cg, set ? KR_OP_BUILD_SET : KR_OP_BUILD_LIST, cg_dead(cg, t), cg_temp(cg, t), (int)i));
    for (; i < n; i++) {
        Kr_expr *e = KR_SEQ_GET(elts, Kr_expr, i);
        bool star = e->kind == KR_expr_Starred;
        int value, op = star ? (set ? KR_OP_SET_UPDATE : KR_OP_LIST_EXTEND) : set ? KR_OP_SET_ADD : KR_OP_LIST_APPEND;
        CG_TRY(cg_value(cg, star ? e->v.Starred.value : e, CG_ANYWHERE, &value));
        u->depth = t + 1;
        CG_TRY(cg_emit(cg, op, cg_temp(cg, t), value, 0));
    }
    return 0;
}
static int list_or_set(Cg *cg, const KrSeq *elts, bool set, int want, int *operand) {
    CgUnit *u = cg->u;
    int t, value, mark = u->depth;
    Py_ssize_t n = kr_seq_len(elts);
    if (n > 2 && all_constant(elts)) {
        bool direct = through_temp(cg, want, &t);
        PyObject *all = constant_tuple(elts);
        if (all && set) Py_SETREF(all, PyFrozenSet_New(all));
        if (!all) return -1;
        CG_TRY(cg_emit(cg, set ? KR_OP_BUILD_SET : KR_OP_BUILD_LIST, cg_dead(cg, t), cg_temp(cg, t), 0));
        int r = cg_const(cg, all, &value);
        Py_DECREF(all);
        if (r < 0 || cg_emit(cg, set ? KR_OP_SET_UPDATE : KR_OP_LIST_EXTEND, cg_temp(cg, t), value, 0) < 0) return -1;
        return finish_temp(cg, direct, t, want, operand);
    }
    if (n <= IN_ONE_GO && !has_star(elts)) {
        for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(elts, Kr_expr, i)));
        u->depth = mark;
        return cg_emit(cg, set ? KR_OP_BUILD_SET : KR_OP_BUILD_LIST, result(cg, want, operand), cg_temp(cg, mark), (int)n);
    }
    t = cg_reserve(cg, 1);
    CG_TRY(fill_sequence(cg, elts, set, t));
    return finish_temp(cg, false, t, want, operand);
}
static int tuple(Cg *cg, const KrSeq *elts, int want, int *operand) {
    CgUnit *u = cg->u;
    int mark = u->depth;
    Py_ssize_t n = kr_seq_len(elts);
    if (n <= IN_ONE_GO && !has_star(elts)) {
        for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(elts, Kr_expr, i)));
        u->depth = mark;
        return cg_emit(cg, KR_OP_BUILD_TUPLE, result(cg, want, operand), cg_temp(cg, mark), (int)n);
    }
    int t = cg_reserve(cg, 1);
    CG_TRY(fill_sequence(cg, elts, false, t));
    u->depth = mark;
    return cg_emit(cg, KR_OP_LIST_TO_TUPLE, result(cg, want, operand), cg_take(cg, t), 0);
}
#define PAIRS_IN_ONE_GO 15
/* The pairs [from, to) into consecutive temporaries. Several keys that are all constant show no line, as CPython has them in one tuple. */
static int push_pairs(Cg *cg, const KrSeq *keys, const KrSeq *values, Py_ssize_t from, Py_ssize_t to) {
    bool constant = to - from > 1;
    for (Py_ssize_t i = from; constant && i < to; i++) constant = KR_SEQ_GET(keys, Kr_expr, i)->kind == KR_expr_Constant;
    for (Py_ssize_t i = from; i < to; i++) {
        Kr_expr *key = KR_SEQ_GET(keys, Kr_expr, i), *value = KR_SEQ_GET(values, Kr_expr, i);
        CG_TRY(constant ? cg_push_const_at(cg, key->v.Constant.value, value->at) : cg_push(cg, key));
        CG_TRY(cg_push(cg, value));
    }
    return 0;
}
/* The length of the run of pairs that begins at i. */
static Py_ssize_t run_of_pairs(const KrSeq *keys, Py_ssize_t i) {
    Py_ssize_t end = i;
    while (end < kr_seq_len(keys) && keys->items[end]) end++;
    return end - i;
}
static int add_pair(Cg *cg, Kr_expr *key, Kr_expr *value, int t) {
    int k, v;
    CG_TRY(cg_value(cg, key, CG_ANYWHERE, &k));
    CG_TRY(cg_pin(cg, &k, value));
    CG_TRY(cg_value(cg, value, CG_ANYWHERE, &v));
    CG_TRY(cg_emit(cg, KR_OP_MAP_ADD, cg_temp(cg, t), k, v));
    cg->u->depth = t + 1;
    return 0;
}
/* As in CPython, which trace functions and tracebacks show: while more than a few pairs are left in a row, they are added one by one, 17 of them
 * before that is looked at again; a few are put into registers and made a dict. */
static int dict_display(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    const KrSeq *keys = e->v.Dict.keys, *values = e->v.Dict.values;
    Py_ssize_t n = kr_seq_len(values), i = 0, run = run_of_pairs(keys, 0);
    int mark = u->depth, more, value;
    if (run <= PAIRS_IN_ONE_GO) {
        CG_TRY(push_pairs(cg, keys, values, 0, run));
        i = run;
    }
    u->depth = mark;
    if (i == n) return cg_emit(cg, KR_OP_BUILD_MAP, result(cg, want, operand), cg_temp(cg, mark), (int)n);
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, t), cg_temp(cg, t), (int)i));
    while (i < n) {
        run = run_of_pairs(keys, i);
        if (run > PAIRS_IN_ONE_GO) {
            for (Py_ssize_t end = i + Py_MIN(run, 17); i < end; i++) CG_TRY(add_pair(cg, KR_SEQ_GET(keys, Kr_expr, i), KR_SEQ_GET(values, Kr_expr, i), t));
            continue;
        }
        if (run) {
            CG_TRY(push_pairs(cg, keys, values, i, i + run));
            u->depth = t + 1;
            more = cg_reserve(cg, 1);
            CG_TRY(cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, more), cg_temp(cg, more), (int)run));
            CG_TRY(cg_emit(cg, KR_OP_DICT_UPDATE, cg_temp(cg, t), cg_take(cg, more), 0));
            i += run;
        } else {
            CG_TRY(cg_value(cg, KR_SEQ_GET(values, Kr_expr, i++), CG_ANYWHERE, &value));
            CG_TRY(cg_emit(cg, KR_OP_DICT_UPDATE, cg_temp(cg, t), value, 0));
        }
        u->depth = t + 1;
    }
    return finish_temp(cg, false, t, want, operand);
}

/* ------------------------------------------------------------------ f-strings */

static int joined_str(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    const KrSeq *values = e->v.JoinedStr.values;
    Py_ssize_t n = kr_seq_len(values);
    int mark = u->depth;
    if (n == 1) return cg_value(cg, KR_SEQ_GET(values, Kr_expr, 0), want, operand);
    if (n > KR_REG_MAX / 4) {
        /* far too many parts for registers: "".join(list) */
        int base = cg_reserve(cg, 3), value, t = base + 2, join = cg_name_index(cg, KR_STR(join));
        PyObject *empty = PyUnicode_FromStringAndSize("", 0);
        int r = empty ? cg_const(cg, empty, &value) : -1;
        Py_XDECREF(empty);
        if (r < 0 || join < 0) return -1;
        CG_TRY(cg_emit(cg, KR_OP_LOAD_METHOD, cg_temp(cg, base), value, join));
        CG_TRY(fill_sequence(cg, values, false, t));
        u->depth = mark;
        return cg_emit(cg, KR_OP_CALL, result(cg, want, operand), cg_temp(cg, base), 1);
    }
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(values, Kr_expr, i)));
    u->depth = mark;
    return cg_emit(cg, KR_OP_BUILD_STRING, result(cg, want, operand), cg_temp(cg, mark), (int)n);
}
static int formatted_value(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    Kr_expr *spec = e->v.FormattedValue.format_spec;
    int mark = u->depth, value, with, conversion;
    switch (e->v.FormattedValue.conversion) {
    case 's': conversion = 1; break;
    case 'r': conversion = 2; break;
    case 'a': conversion = 3; break;
    case -1: conversion = 0; break;
    default: PyErr_Format(PyExc_SystemError, "Unrecognized conversion character %d", e->v.FormattedValue.conversion); return -1;
    }
    CG_TRY(cg_value(cg, e->v.FormattedValue.value, CG_ANYWHERE, &value));
    if (!spec) {
        u->depth = mark;
        return cg_emit(cg, KR_OP_FORMAT_VALUE, result(cg, want, operand), value, conversion);
    }
    if (conversion) {
        u->depth = mark;
        int t = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_CONVERT_VALUE, cg_dead(cg, t), value, conversion));
        value = cg_take(cg, t);
    }
    CG_TRY(cg_pin(cg, &value, spec));
    CG_TRY(cg_value(cg, spec, CG_ANYWHERE, &with));
    u->depth = mark;
    return cg_emit(cg, KR_OP_FORMAT_WITH_SPEC, result(cg, want, operand), value, with);
}

/* ------------------------------------------------------------------ attributes, subscripts */

void cg_move_to_attribute(Cg *cg, Kr_expr *e) {
    if (e->at.lineno == e->at.end_lineno) return;
    cg->at.lineno = e->at.end_lineno;
    int len = (int)PyUnicode_GET_LENGTH(e->v.Attribute.attr);
    if (len <= e->at.end_col_offset) cg->at.col_offset = e->at.end_col_offset - len;
    else cg->at.col_offset = cg->at.end_col_offset = -1;
}
static int attribute(Cg *cg, Kr_expr *e, int want, int *operand) {
    int mark = cg->u->depth, value, name = cg_name_index(cg, e->v.Attribute.attr);
    if (name < 0) return -1;
    CG_TRY(cg_value(cg, e->v.Attribute.value, CG_ANYWHERE, &value));
    cg->u->depth = mark;
    cg_move_to_attribute(cg, e);
    return cg_emit(cg, KR_OP_LOAD_ATTR, result(cg, want, operand), value, name);
}
static int slice(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    int mark = u->depth;
    Kr_expr *parts[] = {e->v.Slice.lower, e->v.Slice.upper, e->v.Slice.step};
    int n = e->v.Slice.step ? 3 : 2;
    for (int i = 0; i < n; i++) CG_TRY(parts[i] ? cg_push(cg, parts[i]) : cg_push_const(cg, Py_None));
    u->depth = mark;
    return cg_emit(cg, KR_OP_BUILD_SLICE, result(cg, want, operand), cg_temp(cg, mark), n);
}
/* Whether a subscript is a[i:j], for which no slice object is made. */
static bool is_plain_slice(Kr_expr *index) { return index->kind == KR_expr_Slice && !index->v.Slice.step; }
/* The bounds of a plain slice of *value. */
static int slice_bounds(Cg *cg, Kr_expr *e, int *value, int *lower, int *upper) {
    Kr_expr *lo = e->v.Slice.lower, *hi = e->v.Slice.upper;
    CG_TRY(cg_pin(cg, value, e));
    CG_TRY(lo ? cg_value(cg, lo, CG_ANYWHERE, lower) : cg_const(cg, Py_None, lower));
    if (hi) CG_TRY(cg_pin(cg, lower, hi));
    return hi ? cg_value(cg, hi, CG_ANYWHERE, upper) : cg_const(cg, Py_None, upper);
}
static int subscript(Cg *cg, Kr_expr *e, int want, int *operand) {
    int mark = cg->u->depth, value, index, upper;
    CG_TRY(check_subscriptable(cg, e->v.Subscript.value));
    CG_TRY(check_index(cg, e->v.Subscript.value, e->v.Subscript.slice));
    CG_TRY(cg_value(cg, e->v.Subscript.value, CG_ANYWHERE, &value));
    if (is_plain_slice(e->v.Subscript.slice)) {
        CG_TRY(slice_bounds(cg, e->v.Subscript.slice, &value, &index, &upper));
        cg->u->depth = mark;
        CG_TRY(cg_emit(cg, KR_OP_LOAD_SLICE, result(cg, want, operand), value, index));
        return cg_emit(cg, KR_OP_DATA, upper, 0, 0);
    }
    CG_TRY(cg_pin(cg, &value, e->v.Subscript.slice));
    CG_TRY(cg_value(cg, e->v.Subscript.slice, CG_ANYWHERE, &index));
    cg->u->depth = mark;
    return cg_emit(cg, KR_OP_LOAD_SUBSCR, result(cg, want, operand), value, index);
}

/* ------------------------------------------------------------------ targets */

static int unpack_to(Cg *cg, Kr_expr *target, const KrSeq *elts, int operand) {
    CgUnit *u = cg->u;
    Py_ssize_t n = kr_seq_len(elts), star = -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (KR_SEQ_GET(elts, Kr_expr, i)->kind != KR_expr_Starred) continue;
        if (star >= 0) return cg_error(cg, cg->at, "multiple starred expressions in assignment");
        star = i;
    }
    (void)target;
    if (star >= 0 && (star >= 1 << 8 || n - star - 1 >= INT_MAX >> 8)) return cg_error(cg, cg->at, "too many expressions in star-unpacking assignment");
    if (n > KR_REG_MAX / 2) {
        PyErr_SetString(PyExc_OverflowError, "too many targets in an assignment");
        return -1;
    }
    int mark = u->depth, base = cg_reserve(cg, (int)n);
    if (star < 0) {
        CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, base), operand, (int)n));
    } else {
        CG_TRY(cg_emit(cg, KR_OP_UNPACK_EX, cg_temp(cg, base), operand, 0));
        CG_TRY(cg_emit(cg, KR_OP_DATA, 0, (int)star, (int)(n - star - 1)));
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_expr *e = KR_SEQ_GET(elts, Kr_expr, i);
        CG_TRY(cg_store(cg, e->kind == KR_expr_Starred ? e->v.Starred.value : e, cg_take(cg, base + (int)i)));
    }
    u->depth = mark;
    return 0;
}
int cg_store(Cg *cg, Kr_expr *target, int operand) {
    CgUnit *u = cg->u;
    KrSpan saved = cg->at;
    int mark, value, index, upper, r;
    CG_TRY(kr_depth_enter(&cg->depth));
    cg->at = target->at;
    CG_TRY(cg_pin(cg, &operand, target));
    mark = u->depth;
    switch (target->kind) {
    case KR_expr_Name: r = cg_store_name(cg, target->v.Name.id, operand); break;
    case KR_expr_Attribute:
        if (PyUnicode_CompareWithASCIIString(target->v.Attribute.attr, "__debug__") == 0) return cg_error_here(cg, "cannot assign to __debug__");
        CG_TRY(cg_value(cg, target->v.Attribute.value, CG_ANYWHERE, &value));
        if ((index = cg_name_index(cg, target->v.Attribute.attr)) < 0) return -1;
        cg_move_to_attribute(cg, target);
        r = cg_emit(cg, KR_OP_STORE_ATTR, value, index, operand);
        break;
    case KR_expr_Subscript:
        CG_TRY(cg_value(cg, target->v.Subscript.value, CG_ANYWHERE, &value));
        if (is_plain_slice(target->v.Subscript.slice)) {
            CG_TRY(slice_bounds(cg, target->v.Subscript.slice, &value, &index, &upper));
            CG_TRY(cg_emit(cg, KR_OP_STORE_SLICE, value, index, upper));
            r = cg_emit(cg, KR_OP_DATA, operand, 0, 0);
            break;
        }
        CG_TRY(cg_pin(cg, &value, target->v.Subscript.slice));
        CG_TRY(cg_value(cg, target->v.Subscript.slice, CG_ANYWHERE, &index));
        r = cg_emit(cg, KR_OP_STORE_SUBSCR, value, index, operand);
        break;
    case KR_expr_Tuple: r = unpack_to(cg, target, target->v.Tuple.elts, operand); break;
    case KR_expr_List: r = unpack_to(cg, target, target->v.List.elts, operand); break;
    case KR_expr_Starred: return cg_error_here(cg, "starred assignment target must be in a list or tuple");
    default: PyErr_SetString(PyExc_SystemError, "compiler: not an assignment target"); return -1;
    }
    u->depth = mark;
    cg->at = saved;
    kr_depth_leave(&cg->depth);
    return r;
}

/* ------------------------------------------------------------------ calls */

/* The same keyword twice is refused; also __debug__. */
static int check_keywords(Cg *cg, const KrSeq *keywords) {
    Py_ssize_t n = kr_seq_len(keywords);
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_keyword *k = KR_SEQ_GET(keywords, Kr_keyword, i);
        if (!k->arg) continue;
        if (PyUnicode_CompareWithASCIIString(k->arg, "__debug__") == 0) return cg_error(cg, k->at, "cannot assign to __debug__");
        for (Py_ssize_t j = i + 1; j < n; j++) {
            Kr_keyword *other = KR_SEQ_GET(keywords, Kr_keyword, j);
            if (other->arg && PyUnicode_Compare(k->arg, other->arg) == 0) return cg_error(cg, other->at, "keyword argument repeated: %U", k->arg);
        }
    }
    return 0;
}
static bool is_simple_call(const KrSeq *args, const KrSeq *keywords) {
    Py_ssize_t nkw = kr_seq_len(keywords);
    if (has_star(args) || kr_seq_len(args) + 2 * nkw > IN_ONE_GO) return false;
    for (Py_ssize_t i = 0; i < nkw; i++)
        if (!KR_SEQ_GET(keywords, Kr_keyword, i)->arg) return false;
    return true;
}
/* Unlike other names in a class, those of keyword arguments stay as they are. */
static PyObject *keyword_names(const KrSeq *keywords) {
    PyObject *names = PyTuple_New(kr_seq_len(keywords));
    for (Py_ssize_t i = 0; names && i < kr_seq_len(keywords); i++)
        PyTuple_SET_ITEM(names, i, Py_NewRef(KR_SEQ_GET(keywords, Kr_keyword, i)->arg));
    return names;
}
/* How many of the keywords from i on have names, before a `**`. */
static Py_ssize_t run_of_names(const KrSeq *keywords, Py_ssize_t i) {
    Py_ssize_t from = i;
    while (i < kr_seq_len(keywords) && KR_SEQ_GET(keywords, Kr_keyword, i)->arg) i++;
    return i - from;
}
/* A dict of the named keywords [from, to), in a new temporary. As in a display, a few are put into registers first, where several names show no line, and
 * more are added one by one. */
static int named_keywords(Cg *cg, const KrSeq *keywords, Py_ssize_t from, Py_ssize_t to) {
    CgUnit *u = cg->u;
    Py_ssize_t n = to - from;
    int t = u->depth, key, value;
    bool few = n <= PAIRS_IN_ONE_GO;
    if (!few) CG_TRY(cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, cg_reserve(cg, 1)), cg_temp(cg, t), 0));
    for (Py_ssize_t i = from; i < to; i++) {
        Kr_keyword *k = KR_SEQ_GET(keywords, Kr_keyword, i);
        if (few) {
            CG_TRY(cg_push_const_at(cg, k->arg, n > 1 ? k->value->at : cg->at));
            CG_TRY(cg_push(cg, k->value));
            continue;
        }
        CG_TRY(cg_const(cg, k->arg, &key));
        CG_TRY(cg_value(cg, k->value, CG_ANYWHERE, &value));
        CG_TRY(cg_emit(cg, KR_OP_MAP_ADD, cg_temp(cg, t), key, value));
        u->depth = t + 1;
    }
    u->depth = t;
    cg_reserve(cg, 1);
    return few ? cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, t), cg_temp(cg, t), (int)n) : 0;
}
/* The dict of keyword arguments, in a new temporary; base is the callable, for messages. */
static int keyword_dict(Cg *cg, const KrSeq *keywords, int base) {
    CgUnit *u = cg->u;
    int t = u->depth, value;
    Py_ssize_t n = kr_seq_len(keywords), i = run_of_names(keywords, 0);
    CG_TRY(named_keywords(cg, keywords, 0, i));
    while (i < n) {
        Kr_keyword *k = KR_SEQ_GET(keywords, Kr_keyword, i);
        if (!k->arg) {
            CG_TRY(cg_value(cg, k->value, CG_ANYWHERE, &value));
            CG_TRY(cg_emit(cg, KR_OP_DICT_MERGE, cg_temp(cg, t), value, cg_temp(cg, base)));
            i++;
        } else {
            Py_ssize_t names = run_of_names(keywords, i);
            CG_TRY(named_keywords(cg, keywords, i, i + names));
            i += names;
            CG_TRY(cg_emit(cg, KR_OP_DICT_MERGE, cg_temp(cg, t), cg_take(cg, t + 1), cg_temp(cg, base)));
        }
        u->depth = t + 1;
    }
    return 0;
}
int cg_call(Cg *cg, int base, int given, const KrSeq *args, const KrSeq *keywords, int want, int *operand, KrSpan at) {
    CgUnit *u = cg->u;
    Py_ssize_t nargs = kr_seq_len(args), nkw = kr_seq_len(keywords);
    CG_TRY(check_keywords(cg, keywords));
    if (is_simple_call(args, keywords)) {
        for (Py_ssize_t i = 0; i < nargs; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(args, Kr_expr, i)));
        int count = given + (int)(nargs + nkw);
        if (nkw == 0) {
            u->depth = base;
            cg->at = at;
            return cg_emit(cg, KR_OP_CALL, result(cg, want, operand), cg_temp(cg, base), count);
        }
        for (Py_ssize_t i = 0; i < nkw; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(keywords, Kr_keyword, i)->value));
        PyObject *names = keyword_names(keywords);
        int index = names ? cg_const_index(cg, names) : -1;
        Py_XDECREF(names);
        if (index < 0) return -1;
        if (index > KR_CONST_OPERAND_MAX) {
            PyErr_SetString(PyExc_OverflowError, "too many constants in a code block");
            return -1;
        }
        u->depth = base;
        cg->at = at;
        CG_TRY(cg_emit(cg, KR_OP_CALL_KW, result(cg, want, operand), cg_temp(cg, base), count));
        return cg_emit(cg, KR_OP_DATA, index | KR_OPERAND_CONST, 0, 0);
    }
    /* with stars: positional arguments as one tuple, keywords as one dict */
    int list = base + 2;
    if (given == 0 && nargs == 1 && KR_SEQ_GET(args, Kr_expr, 0)->kind == KR_expr_Starred) {
        u->depth = list;
        CG_TRY(cg_push(cg, KR_SEQ_GET(args, Kr_expr, 0)->v.Starred.value));
    } else if (given == 0 && nargs > 2 && all_constant(args)) {
        PyObject *all = constant_tuple(args);
        u->depth = list;
        int r = all ? cg_push_const(cg, all) : -1;
        Py_XDECREF(all);
        if (r < 0) return -1;
    } else {
        u->depth = list + given;
        if (given == 0) cg_reserve(cg, 1);
        if (u->depth > u->max_depth) u->max_depth = u->depth;
        CG_TRY(cg_emit(cg, KR_OP_BUILD_LIST, cg_dead(cg, list), cg_temp(cg, list), given));
        u->depth = list + 1;
        for (Py_ssize_t i = 0; i < nargs; i++) {
            Kr_expr *e = KR_SEQ_GET(args, Kr_expr, i);
            bool star = e->kind == KR_expr_Starred;
            int value;
            CG_TRY(cg_value(cg, star ? e->v.Starred.value : e, CG_ANYWHERE, &value));
            u->depth = list + 1;
            CG_TRY(cg_emit(cg, star ? KR_OP_LIST_EXTEND : KR_OP_LIST_APPEND, cg_temp(cg, list), value, 0));
        }
        CG_TRY(cg_emit(cg, KR_OP_LIST_TO_TUPLE, cg_dead(cg, list), cg_take(cg, list), 0));
    }
    if (nkw) CG_TRY(keyword_dict(cg, keywords, base));
    u->depth = base;
    cg->at = at;
    return cg_emit(cg, KR_OP_CALL_EX, result(cg, want, operand), cg_temp(cg, base), nkw > 0);
}
static int call(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    Kr_expr *func = e->v.Call.func;
    int base;
    KrSpan at = e->at;
    CG_TRY(check_callable(cg, func));
    if (func->kind == KR_expr_Attribute && is_simple_call(e->v.Call.args, e->v.Call.keywords)) {
        int object, name = cg_name_index(cg, func->v.Attribute.attr), mark = u->depth;
        if (name < 0) return -1;
        CG_TRY(cg_value(cg, func->v.Attribute.value, CG_ANYWHERE, &object));
        u->depth = mark;
        base = cg_reserve(cg, 2);
        cg->at = func->at;
        cg_move_to_attribute(cg, func);
        CG_TRY(cg_emit(cg, KR_OP_LOAD_METHOD, cg_temp(cg, base), object, name));
        cg->at = e->at;
        cg_move_to_attribute(cg, func);
        /* the call's own end is the expression's */
        at = cg->at;
        at.end_lineno = e->at.end_lineno;
        at.end_col_offset = cg->at.end_col_offset < 0 ? -1 : e->at.end_col_offset;
        cg->at = e->at;
    } else {
        base = cg_reserve(cg, 2);
        CG_TRY(cg_value_to(cg, func, base));
    }
    return cg_call(cg, base, 0, e->v.Call.args, e->v.Call.keywords, want, operand, at);
}

/* ------------------------------------------------------------------ yield, await */

int cg_await(Cg *cg, int i, int kind, int call_kind) {
    CgUnit *u = cg->u;
    int mark = u->depth, none;
    u->depth = Py_MAX(u->depth, i + 1);
    int it = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_GET_AWAITABLE, cg_dead(cg, it), cg_take(cg, i), call_kind));
    CG_TRY(cg_const(cg, Py_None, &none));
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, i), none, 0));
    CG_TRY(cg_emit(cg, KR_OP_YIELD_FROM, cg_temp(cg, i), cg_temp(cg, it), kind));
    u->depth = mark;
    return 0;
}
static int await_value(Cg *cg, int i) {
    CgUnit *u = cg->u;
    if (!((cg->flags & PyCF_ALLOW_TOP_LEVEL_AWAIT) && u->ste->type == KR_BLOCK_MODULE)) {
        if (u->ste->type != KR_BLOCK_FUNCTION) return cg_error_here(cg, "'await' outside function");
        if (u->scope != CG_SCOPE_ASYNC_FUNCTION && u->scope != CG_SCOPE_COMPREHENSION) return cg_error_here(cg, "'await' outside async function");
    }
    return cg_await(cg, i, 1, 0);
}
static int await_expr(Cg *cg, Kr_expr *e, int want, int *operand) {
    int t;
    bool direct = through_temp(cg, want, &t);
    CG_TRY(cg_value_to(cg, e->v.Await.value, t));
    CG_TRY(await_value(cg, t));
    return finish_temp(cg, direct, t, want, operand);
}
static int yield_expr(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    int mark = u->depth, value;
    if (u->ste->type != KR_BLOCK_FUNCTION) return cg_error_here(cg, "'yield' outside function");
    if (e->v.Yield.value) CG_TRY(cg_value(cg, e->v.Yield.value, CG_ANYWHERE, &value));
    else CG_TRY(cg_const(cg, Py_None, &value));
    u->depth = mark;
    return cg_emit(cg, KR_OP_YIELD, result(cg, want, operand), value, u->ste->coroutine);
}
static int yield_from(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    int t, value, none;
    if (u->ste->type != KR_BLOCK_FUNCTION) return cg_error_here(cg, "'yield' outside function");
    if (u->scope == CG_SCOPE_ASYNC_FUNCTION) return cg_error_here(cg, "'yield from' inside async function");
    bool direct = through_temp(cg, want, &t);
    int mark = u->depth = Py_MAX(u->depth, t + 1);
    CG_TRY(cg_value(cg, e->v.YieldFrom.value, CG_ANYWHERE, &value));
    u->depth = mark;
    int it = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_GET_YIELD_FROM_ITER, cg_dead(cg, it), value, 0));
    CG_TRY(cg_const(cg, Py_None, &none));
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), none, 0));
    CG_TRY(cg_emit(cg, KR_OP_YIELD_FROM, cg_temp(cg, t), cg_temp(cg, it), 0));
    u->depth = mark;
    return finish_temp(cg, direct, t, want, operand);
}

/* ------------------------------------------------------------------ dispatch */

static int named_expr(Cg *cg, Kr_expr *e, int want, int *operand) {
    CgUnit *u = cg->u;
    PyObject *name = e->v.NamedExpr.target->v.Name.id;
    int reg = cg_local_register(cg, name), value, mark = u->depth;
    if (reg >= 0) {
        CG_TRY(cg_value(cg, e->v.NamedExpr.value, reg, NULL));
        u->depth = mark;
        if (want == CG_ANYWHERE) {
            *operand = reg;
            return 0;
        }
        return (int)(want & KR_REG_MASK) == reg ? 0 : cg_emit(cg, KR_OP_MOVE, want, reg, 0);
    }
    int t;
    bool direct = through_temp(cg, want, &t);
    CG_TRY(cg_value_to(cg, e->v.NamedExpr.value, t));
    value = cg_temp(cg, t);
    CG_TRY(cg_store_name(cg, name, value));
    return finish_temp(cg, direct, t, want, operand);
}
/* Expressions whose only write to the destination is their last instruction, so that a local may be it. */
static bool writes_once(Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_List:
    case KR_expr_Set: return !all_constant(e->v.List.elts);
    default: return true;       /* the others go through a temporary where need be */
    }
}
/* lines: what the expression is part of goes over several. */
static int dispatch(Cg *cg, Kr_expr *e, bool lines, int want, int *operand) {
    int value;
    switch (e->kind) {
    case KR_expr_Constant:
        if (want != CG_ANYWHERE) return cg_emit_load_const(cg, want, e->v.Constant.value);
        if (lines) CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));      /* shows the line, if nothing else does */
        return cg_const(cg, e->v.Constant.value, operand);
    case KR_expr_Name: return cg_load_name(cg, e->v.Name.id, want, operand);
    case KR_expr_BoolOp: return bool_op(cg, e, want, operand);
    case KR_expr_NamedExpr: return named_expr(cg, e, want, operand);
    case KR_expr_BinOp: return binary(cg, e, want, operand);
    case KR_expr_UnaryOp: return unary(cg, e, want, operand);
    case KR_expr_Lambda: return cg_lambda(cg, e, want, operand);
    case KR_expr_IfExp: return conditional(cg, e, want, operand);
    case KR_expr_Dict: return dict_display(cg, e, want, operand);
    case KR_expr_Set: return list_or_set(cg, e->v.Set.elts, true, want, operand);
    case KR_expr_List: return list_or_set(cg, e->v.List.elts, false, want, operand);
    case KR_expr_Tuple: return tuple(cg, e->v.Tuple.elts, want, operand);
    case KR_expr_ListComp:
    case KR_expr_SetComp:
    case KR_expr_DictComp:
    case KR_expr_GeneratorExp: return cg_comprehension(cg, e, want, operand);
    case KR_expr_Await: return await_expr(cg, e, want, operand);
    case KR_expr_Yield: return yield_expr(cg, e, want, operand);
    case KR_expr_YieldFrom: return yield_from(cg, e, want, operand);
    case KR_expr_Compare: return compare(cg, e, want, operand);
    case KR_expr_Call: return call(cg, e, want, operand);
    case KR_expr_JoinedStr: return joined_str(cg, e, want, operand);
    case KR_expr_FormattedValue: return formatted_value(cg, e, want, operand);
    case KR_expr_Attribute: return attribute(cg, e, want, operand);
    case KR_expr_Subscript: return subscript(cg, e, want, operand);
    case KR_expr_Slice: return slice(cg, e, want, operand);
    case KR_expr_Starred:
        value = e->v.Starred.ctx == KR_expr_context_Store;
        return cg_error_here(cg, value ? "starred assignment target must be in a list or tuple" : "can't use starred expression here");
    default: PyErr_Format(PyExc_SystemError, "compiler: unknown expression %d", e->kind); return -1;
    }
}
int cg_value(Cg *cg, Kr_expr *e, int want, int *operand) {
    KrSpan saved = cg->at;
    CG_TRY(kr_depth_enter(&cg->depth));
    cg->at = e->at;
    CgUnit *u = cg->u;
    int mark = u->depth, r;
    bool lines = saved.lineno != saved.end_lineno;
    if (want != CG_ANYWHERE && (int)(want & KR_REG_MASK) < u->temp_base && !writes_once(e)) {
        int value;
        r = dispatch(cg, e, lines, CG_ANYWHERE, &value);
        u->depth = mark;
        if (r == 0) r = cg_emit(cg, KR_OP_MOVE, want, value, 0);
    } else {
        r = dispatch(cg, e, lines, want, operand);
        if (want != CG_ANYWHERE) u->depth = mark;
    }
    cg->at = saved;
    kr_depth_leave(&cg->depth);
    return r;
}
