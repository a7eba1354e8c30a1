/* codegen_stmt.c - statements, but for try, with and match. */
#include "compile/codegen.h"

static int stmts(Cg *cg, const KrSeq *seq) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++) CG_TRY(cg_stmt(cg, KR_SEQ_GET(seq, Kr_stmt, i)));
    return 0;
}

/* ------------------------------------------------------------------ assignment */

static const KrSeq *plain_elements(Kr_expr *e) {
    const KrSeq *s = e->kind == KR_expr_Tuple ? e->v.Tuple.elts : e->kind == KR_expr_List ? e->v.List.elts : NULL;
    for (Py_ssize_t i = 0; i < kr_seq_len(s); i++)
        if (KR_SEQ_GET(s, Kr_expr, i)->kind == KR_expr_Starred) return NULL;
    return s;
}
#define PARALLEL_MAX 8
/* a, b = x, y without a tuple. */
static int parallel_assign(Cg *cg, const KrSeq *targets, const KrSeq *values) {
    CgUnit *u = cg->u;
    Py_ssize_t n = kr_seq_len(values);
    int mark = u->depth;
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(values, Kr_expr, i)));
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_store(cg, KR_SEQ_GET(targets, Kr_expr, i), cg_take(cg, mark + (int)i)));
    u->depth = mark;
    return 0;
}
static int assign(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *targets = s->v.Assign.targets;
    Kr_expr *value = s->v.Assign.value, *first = KR_SEQ_GET(targets, Kr_expr, 0);
    Py_ssize_t n = kr_seq_len(targets);
    int mark = u->depth, operand;
    if (n == 1) {
        if (first->kind == KR_expr_Name) {
            int reg = cg_local_register(cg, first->v.Name.id);
            if (reg >= 0) {
                CG_TRY(cg_value(cg, value, reg, NULL));
                cg->at = first->at;
                return cg_emit(cg, KR_OP_NOP, 0, 0, 0);     /* shows the target's line */
            }
        }
        const KrSeq *elts = plain_elements(first), *from = value->kind == KR_expr_Tuple ? plain_elements(value) : NULL;
        if (elts && from && kr_seq_len(elts) == kr_seq_len(from) && kr_seq_len(from) <= PARALLEL_MAX) return parallel_assign(cg, elts, from);
    }
    CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
    if (n > 1 && cg_is_local_operand(operand)) {
        int t = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), operand, 0));
        operand = cg_take(cg, t);
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        int use = i < n - 1 && !(operand & KR_OPERAND_CONST) ? (int)(operand & ~KR_OPERAND_CONSUME) : operand;
        Kr_expr *target = KR_SEQ_GET(targets, Kr_expr, i);
        /* a borrowed temporary must stay out of the way of what an unpacking reserves: it lies below u->depth */
        CG_TRY(cg_store(cg, target, use));
    }
    u->depth = mark;
    return 0;
}
static const uint16_t inplace_ops[] = {
    [KR_operator_Add] = KR_OP_INPLACE_ADD, [KR_operator_Sub] = KR_OP_INPLACE_SUB, [KR_operator_Mult] = KR_OP_INPLACE_MUL,
    [KR_operator_MatMult] = KR_OP_INPLACE_MATMUL, [KR_operator_Div] = KR_OP_INPLACE_TRUEDIV, [KR_operator_Mod] = KR_OP_INPLACE_MOD,
    [KR_operator_Pow] = KR_OP_INPLACE_POW, [KR_operator_LShift] = KR_OP_INPLACE_LSHIFT, [KR_operator_RShift] = KR_OP_INPLACE_RSHIFT,
    [KR_operator_BitOr] = KR_OP_INPLACE_OR, [KR_operator_BitXor] = KR_OP_INPLACE_XOR, [KR_operator_BitAnd] = KR_OP_INPLACE_AND,
    [KR_operator_FloorDiv] = KR_OP_INPLACE_FLOORDIV,
};
static int borrow(int operand) { return operand & KR_OPERAND_CONST ? operand : (int)(operand & ~KR_OPERAND_CONSUME); }

static int aug_assign(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *target = s->v.AugAssign.target, *value = s->v.AugAssign.value;
    int mark = u->depth, op = inplace_ops[s->v.AugAssign.op], object, index = 0, old, operand, t;
    KrSpan at = s->at;
    switch (target->kind) {
    case KR_expr_Name: {
        int reg = cg_local_register(cg, target->v.Name.id);
        CG_TRY(cg_value(cg, target, CG_ANYWHERE, &old));
        CG_TRY(cg_pin(cg, &old, value));
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        u->depth = mark;
        if (reg >= 0) return cg_emit(cg, op, reg, old, operand);
        t = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, op, cg_dead(cg, t), old, operand));
        CG_TRY(cg_store_name(cg, target->v.Name.id, cg_take(cg, t)));
        break;
    }
    case KR_expr_Attribute:
        CG_TRY(cg_value(cg, target->v.Attribute.value, CG_ANYWHERE, &object));
        CG_TRY(cg_pin(cg, &object, value));
        if ((index = cg_name_index(cg, target->v.Attribute.attr)) < 0) return -1;
        t = cg_reserve(cg, 1);
        cg->at = target->at;
        cg_move_to_attribute(cg, target);
        KrSpan there = cg->at;
        CG_TRY(cg_emit(cg, KR_OP_LOAD_ATTR, cg_dead(cg, t), borrow(object), index));
        cg->at = at;
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        CG_TRY(cg_emit(cg, op, cg_dead(cg, t), cg_take(cg, t), operand));
        cg->at = there;
        CG_TRY(cg_emit(cg, KR_OP_STORE_ATTR, object, index, cg_take(cg, t)));
        break;
    default:
        CG_TRY(cg_value(cg, target->v.Subscript.value, CG_ANYWHERE, &object));
        CG_TRY(cg_pin(cg, &object, target->v.Subscript.slice));
        CG_TRY(cg_pin(cg, &object, value));
        CG_TRY(cg_value(cg, target->v.Subscript.slice, CG_ANYWHERE, &index));
        CG_TRY(cg_pin(cg, &index, value));
        t = cg_reserve(cg, 1);
        cg->at = target->at;
        CG_TRY(cg_emit(cg, KR_OP_LOAD_SUBSCR, cg_dead(cg, t), borrow(object), borrow(index)));
        cg->at = at;
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        CG_TRY(cg_emit(cg, op, cg_dead(cg, t), cg_take(cg, t), operand));
        cg->at = target->at;
        CG_TRY(cg_emit(cg, KR_OP_STORE_SUBSCR, object, index, cg_take(cg, t)));
        break;
    }
    u->depth = mark;
    return 0;
}
static int evaluate_and_drop(Cg *cg, Kr_expr *e) {
    int mark = cg->u->depth, operand;
    CG_TRY(cg_value(cg, e, CG_ANYWHERE, &operand));
    CG_TRY(cg_discard(cg, operand));
    cg->u->depth = mark;
    return 0;
}
/* The parts of a subscript in an annotation without a value are evaluated, slice parts one by one. */
static int check_ann_subscript(Cg *cg, Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_Slice:
        if (e->v.Slice.lower) CG_TRY(evaluate_and_drop(cg, e->v.Slice.lower));
        if (e->v.Slice.upper) CG_TRY(evaluate_and_drop(cg, e->v.Slice.upper));
        if (e->v.Slice.step) CG_TRY(evaluate_and_drop(cg, e->v.Slice.step));
        return 0;
    case KR_expr_Tuple:
        for (Py_ssize_t i = 0; i < kr_seq_len(e->v.Tuple.elts); i++) CG_TRY(check_ann_subscript(cg, KR_SEQ_GET(e->v.Tuple.elts, Kr_expr, i)));
        return 0;
    default: return evaluate_and_drop(cg, e);
    }
}
static int ann_assign(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *target = s->v.AnnAssign.target;
    int mark = u->depth, operand;
    bool evaluated = u->scope == CG_SCOPE_MODULE || u->scope == CG_SCOPE_CLASS;
    if (s->v.AnnAssign.value) {
        CG_TRY(cg_value(cg, s->v.AnnAssign.value, CG_ANYWHERE, &operand));
        CG_TRY(cg_store(cg, target, operand));
        u->depth = mark;
    }
    switch (target->kind) {
    case KR_expr_Name:
        if (PyUnicode_CompareWithASCIIString(target->v.Name.id, "__debug__") == 0) return cg_error_here(cg, "cannot assign to __debug__");
        if (s->v.AnnAssign.simple && evaluated) {
            int value = u->depth, where, key;
            CG_TRY(cg_push_annotation(cg, s->v.AnnAssign.annotation));
            CG_TRY(cg_load_name(cg, KR_STR(__annotations__), CG_ANYWHERE, &where));
            PyObject *name = kr_mangle(u->private, target->v.Name.id);
            int r = name ? cg_const(cg, name, &key) : -1;
            Py_XDECREF(name);
            if (r < 0 || cg_emit(cg, KR_OP_STORE_SUBSCR, where, key, cg_take(cg, value)) < 0) return -1;
            u->depth = mark;
        }
        return 0;
    case KR_expr_Attribute:
        if (PyUnicode_CompareWithASCIIString(target->v.Attribute.attr, "__debug__") == 0) return cg_error_here(cg, "cannot assign to __debug__");
        if (!s->v.AnnAssign.value) CG_TRY(evaluate_and_drop(cg, target->v.Attribute.value));
        break;
    case KR_expr_Subscript:
        if (!s->v.AnnAssign.value) {
            CG_TRY(evaluate_and_drop(cg, target->v.Subscript.value));
            CG_TRY(check_ann_subscript(cg, target->v.Subscript.slice));
        }
        break;
    default: PyErr_SetString(PyExc_SystemError, "invalid node type for annotated assignment"); return -1;
    }
    if (!s->v.AnnAssign.simple && evaluated && !(cg->features & CO_FUTURE_ANNOTATIONS)) CG_TRY(evaluate_and_drop(cg, s->v.AnnAssign.annotation));
    return 0;
}
static int delete_target(Cg *cg, Kr_expr *e) {
    int mark = cg->u->depth, object, index;
    KrSpan saved = cg->at;
    cg->at = e->at;
    switch (e->kind) {
    case KR_expr_Name: CG_TRY(cg_delete_name(cg, e->v.Name.id)); break;
    case KR_expr_Attribute:
        if (PyUnicode_CompareWithASCIIString(e->v.Attribute.attr, "__debug__") == 0) return cg_error_here(cg, "cannot delete __debug__");
        CG_TRY(cg_value(cg, e->v.Attribute.value, CG_ANYWHERE, &object));
        if ((index = cg_name_index(cg, e->v.Attribute.attr)) < 0) return -1;
        cg_move_to_attribute(cg, e);
        CG_TRY(cg_emit(cg, KR_OP_DELETE_ATTR, object, index, 0));
        break;
    case KR_expr_Subscript:
        CG_TRY(cg_value(cg, e->v.Subscript.value, CG_ANYWHERE, &object));
        CG_TRY(cg_pin(cg, &object, e->v.Subscript.slice));
        CG_TRY(cg_value(cg, e->v.Subscript.slice, CG_ANYWHERE, &index));
        CG_TRY(cg_emit(cg, KR_OP_DELETE_SUBSCR, object, index, 0));
        break;
    default: {
        const KrSeq *elts = e->kind == KR_expr_Tuple ? e->v.Tuple.elts : e->v.List.elts;
        CG_TRY(kr_depth_enter(&cg->depth));
        for (Py_ssize_t i = 0; i < kr_seq_len(elts); i++) CG_TRY(delete_target(cg, KR_SEQ_GET(elts, Kr_expr, i)));
        kr_depth_leave(&cg->depth);
    }
    }
    cg->at = saved;
    cg->u->depth = mark;
    return 0;
}

/* ------------------------------------------------------------------ leaving blocks */

static int block_weight(CgBlockKind kind) { return kind == CG_HANDLER || kind == CG_GROUP_HANDLER ? 2 : 1; }
int cg_block_push(Cg *cg, CgBlock *b, CgBlockKind kind, int at) {
    *b = (CgBlock){.kind = kind, .at = at, .cover = cg->u->cover, .outer = cg->u->block, .span = cg->at};
    cg->u->block = b;
    cg->u->nblocks += block_weight(kind);
    return cg->u->nblocks > CO_MAXBLOCKS ? cg_error_here(cg, "too many statically nested blocks") : 0;
}
void cg_block_pop(Cg *cg, CgBlock *b) {
    cg->u->block = b->outer;
    cg->u->nblocks -= block_weight(b->kind);
}

bool cg_unwind_runs_code(Cg *cg) {
    for (CgBlock *b = cg->u->block; b; b = b->outer)
        if (b->kind != CG_WHILE_LOOP && b->kind != CG_FOR_LOOP && b->kind != CG_TRY_BODY && !(b->kind == CG_HANDLER && !b->name)) return true;
    return false;
}
/* exit(None, None, None) of the context manager whose exit function is in temporary `exit`; the result is dropped. */
static int call_exit(Cg *cg, int exit, bool async) {
    CgUnit *u = cg->u;
    int mark = u->depth, base = cg_reserve(cg, 5), none;
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, base), cg_take(cg, exit), 0));
    CG_TRY(cg_const(cg, Py_None, &none));
    for (int i = 0; i < 3; i++) CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, base + 2 + i), none, 0));
    CG_TRY(cg_emit(cg, KR_OP_CALL, cg_dead(cg, base), cg_temp(cg, base), 3));
    u->depth = base + 1;
    if (async) CG_TRY(cg_await(cg, base, 3, 2));
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, base), 0, 0));
    u->depth = mark;
    return 0;
}
int cg_delete_handler_name(Cg *cg, PyObject *name) {
    int none, mark = cg->u->depth;
    CG_TRY(cg_const(cg, Py_None, &none));
    CG_TRY(cg_store_name(cg, name, none));
    cg->u->depth = mark;
    return cg_delete_name(cg, name);
}
/* Code that leaves block b. */
static int leave(Cg *cg, CgBlock *b) {
    KrSpan saved = cg->at;
    cg->u->cover = b->cover;
    switch (b->kind) {
    case CG_WHILE_LOOP:
    case CG_TRY_BODY: return 0;
    case CG_FOR_LOOP: return cg_emit(cg, KR_OP_KILL, cg_temp(cg, b->at), 0, 0);
    case CG_FINALLY_TRY: {
        CgBlock *saved_block = cg->u->block;
        cg->u->block = b->outer;
        int r = stmts(cg, b->final);
        cg->u->block = saved_block;
        cg->at = CG_NO_SPAN;
        return r;
    }
    case CG_FINALLY_END: return cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, b->at), 0, 0);
    case CG_WITH:
    case CG_ASYNC_WITH:
        cg->at = b->span;
        CG_TRY(call_exit(cg, b->at, b->kind == CG_ASYNC_WITH));
        cg->at = CG_NO_SPAN;
        return 0;
    case CG_HANDLER:
        if (b->at >= 0) CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, b->at), 0, 0));
        if (b->name) CG_TRY(cg_delete_handler_name(cg, b->name));
        return 0;
    case CG_GROUP_HANDLER:
        cg->at = saved;
        return cg_error_here(cg, "'break', 'continue' and 'return' cannot appear in an except* block");
    }
    return 0;
}
int cg_unwind(Cg *cg, bool to_loop, CgBlock **loop) {
    if (loop) *loop = NULL;
    for (CgBlock *b = cg->u->block; b; b = b->outer) {
        if (to_loop && (b->kind == CG_WHILE_LOOP || b->kind == CG_FOR_LOOP)) {
            *loop = b;
            return 0;
        }
        /* a return inside a final body that is being run here sees only the blocks further out */
        CG_TRY(leave(cg, b));
    }
    return 0;
}
static int return_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *value = s->v.Return.value;
    int mark = u->depth, cover = u->cover, operand;
    if (u->ste->type != KR_BLOCK_FUNCTION) return cg_error_here(cg, "'return' outside function");
    if (value && u->ste->coroutine && u->ste->generator) return cg_error_here(cg, "'return' with value in async generator");
    if (value) {
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        cg->at = s->at;
        if (cg_is_local_operand(operand) && cg_unwind_runs_code(cg)) {
            int t = cg_reserve(cg, 1);
            CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), operand, 0));
            operand = cg_take(cg, t);
        }
    } else {
        CG_TRY(cg_const(cg, Py_None, &operand));
    }
    if (u->block) CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    CG_TRY(cg_unwind(cg, false, NULL));
    CG_TRY(cg_emit(cg, KR_OP_RETURN, operand, 0, 0));
    u->cover = cover;
    u->depth = mark;
    cg->at = s->at;
    return 0;
}
static int loop_jump(Cg *cg, Kr_stmt *s, bool is_break) {
    CgUnit *u = cg->u;
    int cover = u->cover;
    CgBlock *loop;
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    CG_TRY(cg_unwind(cg, true, &loop));
    if (!loop) {
        cg->at = s->at;
        return cg_error_here(cg, is_break ? "'break' outside loop" : "'continue' not properly in loop");
    }
    u->cover = loop->cover;
    if (is_break && loop->kind == CG_FOR_LOOP) CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, loop->at), 0, 0));
    CG_TRY(cg_emit_jump(cg, is_break ? KR_OP_JUMP : KR_OP_JUMP_BACK, 0, is_break ? loop->end : loop->start));
    u->cover = cover;
    cg->at = s->at;
    return 0;
}

/* ------------------------------------------------------------------ if, while, for */

static int if_stmt(Cg *cg, Kr_stmt *s) {
    int orelse = cg_label(cg), end = kr_seq_len(s->v.If.orelse) ? cg_label(cg) : orelse;
    if (orelse < 0 || end < 0) return -1;
    CG_TRY(cg_jump_if(cg, s->v.If.test, orelse, false));
    CG_TRY(stmts(cg, s->v.If.body));
    if (end != orelse) {
        cg->at = CG_NO_SPAN;
        CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, end));
        cg_place(cg, orelse);
        CG_TRY(stmts(cg, s->v.If.orelse));
    }
    cg_place(cg, end);
    return 0;
}
static int while_stmt(Cg *cg, Kr_stmt *s) {
    int start = cg_label(cg), orelse = cg_label(cg), end = cg_label(cg);
    CgBlock loop;
    if (start < 0 || orelse < 0 || end < 0) return -1;
    CG_TRY(cg_block_push(cg, &loop, CG_WHILE_LOOP, 0));
    loop.start = start;
    loop.end = end;
    cg_place(cg, start);
    CG_TRY(cg_jump_if(cg, s->v.While.test, orelse, false));
    CG_TRY(stmts(cg, s->v.While.body));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_BACK, 0, start));
    cg->at = s->at;
    cg_block_pop(cg, &loop);
    cg_place(cg, orelse);
    CG_TRY(stmts(cg, s->v.While.orelse));
    cg_place(cg, end);
    return 0;
}
static int for_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *target = s->v.For.target, *iter = s->v.For.iter;
    int start = cg_label(cg), exhausted = cg_label(cg), end = cg_label(cg), mark = u->depth, value;
    CgBlock loop;
    if (start < 0 || exhausted < 0 || end < 0) return -1;
    CG_TRY(cg_value(cg, iter, CG_ANYWHERE, &value));
    u->depth = mark;
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_GET_ITER, cg_dead(cg, t), value, 0));
    CG_TRY(cg_block_push(cg, &loop, CG_FOR_LOOP, t));
    loop.start = start;
    loop.end = end;
    cg_place(cg, start);
    int reg = target->kind == KR_expr_Name ? cg_local_register(cg, target->v.Name.id) : -1, item = reg < 0 ? cg_reserve(cg, 1) : 0;
    CG_TRY(cg_emit(cg, KR_OP_FOR_ITER, reg < 0 ? cg_dead(cg, item) : reg, cg_temp(cg, t), 0));
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, exhausted));
    if (reg < 0) CG_TRY(cg_store(cg, target, cg_take(cg, item)));
    else CG_TRY(cg_show_line(cg, target->at));
    u->depth = t + 1;
    CG_TRY(stmts(cg, s->v.For.body));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_BACK, 0, start));
    cg->at = s->at;
    cg_block_pop(cg, &loop);
    u->depth = mark;
    cg_place(cg, exhausted);
    CG_TRY(stmts(cg, s->v.For.orelse));
    cg_place(cg, end);
    return 0;
}
/* Whether an async statement may be here; a module where one is allowed becomes a coroutine by it. */
static bool async_is_allowed(Cg *cg) {
    if (cg->u->scope == CG_SCOPE_ASYNC_FUNCTION) return true;
    if (!(cg->flags & PyCF_ALLOW_TOP_LEVEL_AWAIT) || cg->u->ste->type != KR_BLOCK_MODULE) return false;
    cg->u->ste->coroutine = true;
    return true;
}

static int async_for_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    int start = cg_label(cg), failed = cg_label(cg), end = cg_label(cg), mark = u->depth, value, none;
    CgBlock loop;
    if (!async_is_allowed(cg)) return cg_error_here(cg, "'async for' outside async function");
    if (start < 0 || failed < 0 || end < 0) return -1;
    CG_TRY(cg_value(cg, s->v.AsyncFor.iter, CG_ANYWHERE, &value));
    u->depth = mark;
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_GET_AITER, cg_dead(cg, t), value, 0));
    CG_TRY(cg_block_push(cg, &loop, CG_FOR_LOOP, t));
    loop.start = start;
    loop.end = end;
    cg_place(cg, start);
    int cover = u->cover, item = cg_reserve(cg, 2);
    if ((u->cover = cg_handler(cg, failed, t + 1, false)) < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_GET_ANEXT, cg_dead(cg, item + 1), cg_temp(cg, t), 0));
    CG_TRY(cg_const(cg, Py_None, &none));
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, item), none, 0));
    CG_TRY(cg_emit(cg, KR_OP_YIELD_FROM, cg_temp(cg, item), cg_temp(cg, item + 1), 2));
    u->cover = cover;
    u->depth = item + 1;
    CG_TRY(cg_store(cg, s->v.AsyncFor.target, cg_take(cg, item)));
    u->depth = t + 1;
    CG_TRY(stmts(cg, s->v.AsyncFor.body));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_BACK, 0, start));
    cg_block_pop(cg, &loop);
    cg_place(cg, failed);
    cg->at = s->v.AsyncFor.iter->at;
    CG_TRY(cg_emit(cg, KR_OP_END_ASYNC_FOR, cg_temp(cg, t), cg_take(cg, t + 1), 0));
    u->depth = mark;
    CG_TRY(stmts(cg, s->v.AsyncFor.orelse));
    cg_place(cg, end);
    return 0;
}

/* ------------------------------------------------------------------ import, raise, assert */

/* IMPORT_NAME into a new temporary. */
static int import_name(Cg *cg, PyObject *module, int level, PyObject *fromlist, int *t) {
    CgUnit *u = cg->u;
    int mark = u->depth, name;
    PyObject *number = PyLong_FromLong(level);
    int r = number ? cg_push_const(cg, number) : -1;
    Py_XDECREF(number);
    if (r < 0) return -1;
    CG_TRY(cg_push_const(cg, fromlist));
    /* module names are not mangled */
    PyObject *private = u->private;
    u->private = NULL;
    name = cg_name_index(cg, module);
    u->private = private;
    if (name < 0) return -1;
    u->depth = mark;
    *t = cg_reserve(cg, 1);
    return cg_emit(cg, KR_OP_IMPORT_NAME, cg_dead(cg, *t), cg_temp(cg, *t), name);
}
/* import a.b.c as d binds the last part of the dotted name. */
static int import_as(Cg *cg, PyObject *dotted, PyObject *asname, int t) {
    Py_ssize_t dot = PyUnicode_FindChar(dotted, '.', 0, PyUnicode_GET_LENGTH(dotted), 1), len = PyUnicode_GET_LENGTH(dotted);
    if (dot == -2) return -1;
    while (dot >= 0) {
        Py_ssize_t next = PyUnicode_FindChar(dotted, '.', dot + 1, len, 1);
        PyObject *part = next == -2 ? NULL : PyUnicode_Substring(dotted, dot + 1, next < 0 ? len : next);
        int name = part ? cg_name_index(cg, part) : -1;
        Py_XDECREF(part);
        if (name < 0) return -1;
        int into = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_IMPORT_FROM, cg_dead(cg, into), cg_temp(cg, t), name));
        CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, t), 0, 0));
        t = into;
        dot = next;
    }
    return cg_store_name(cg, asname, cg_take(cg, t));
}
static int import_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Import.names); i++) {
        Kr_alias *a = KR_SEQ_GET(s->v.Import.names, Kr_alias, i);
        int mark = u->depth, t;
        CG_TRY(import_name(cg, a->name, 0, Py_None, &t));
        if (a->asname) {
            CG_TRY(import_as(cg, a->name, a->asname, t));
        } else {
            Py_ssize_t dot = PyUnicode_FindChar(a->name, '.', 0, PyUnicode_GET_LENGTH(a->name), 1);
            PyObject *top = dot == -2 ? NULL : dot < 0 ? Py_NewRef(a->name) : PyUnicode_Substring(a->name, 0, dot);
            int r = top ? cg_store_name(cg, top, cg_take(cg, t)) : -1;
            Py_XDECREF(top);
            if (r < 0) return -1;
        }
        u->depth = mark;
    }
    return 0;
}
static int import_from(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *names = s->v.ImportFrom.names;
    Py_ssize_t n = kr_seq_len(names);
    int mark = u->depth, t;
    if (s->at.lineno > cg->future_line && s->v.ImportFrom.module && PyUnicode_CompareWithASCIIString(s->v.ImportFrom.module, "__future__") == 0)
        return cg_error(cg, s->at, KR_FUTURE_TOO_LATE);
    PyObject *fromlist = PyTuple_New(n), *module = s->v.ImportFrom.module ? Py_NewRef(s->v.ImportFrom.module) : PyUnicode_FromStringAndSize("", 0);
    for (Py_ssize_t i = 0; fromlist && i < n; i++) PyTuple_SET_ITEM(fromlist, i, Py_NewRef(KR_SEQ_GET(names, Kr_alias, i)->name));
    int r = fromlist && module ? import_name(cg, module, s->v.ImportFrom.level, fromlist, &t) : -1;
    Py_XDECREF(fromlist);
    Py_XDECREF(module);
    if (r < 0) return -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_alias *a = KR_SEQ_GET(names, Kr_alias, i);
        if (i == 0 && PyUnicode_CompareWithASCIIString(a->name, "*") == 0) {
            u->depth = mark;
            return cg_emit(cg, KR_OP_IMPORT_STAR, cg_take(cg, t), 0, 0);
        }
        int name = cg_name_index(cg, a->name), into = cg_reserve(cg, 1);
        if (name < 0) return -1;
        CG_TRY(cg_emit(cg, KR_OP_IMPORT_FROM, cg_dead(cg, into), cg_temp(cg, t), name));
        CG_TRY(cg_store_name(cg, a->asname ? a->asname : a->name, cg_take(cg, into)));
        u->depth = t + 1;
    }
    u->depth = mark;
    return cg_emit(cg, KR_OP_KILL, cg_temp(cg, t), 0, 0);
}
static int raise_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    int mark = u->depth, exc = 0, cause = 0, n = 0;
    if (s->v.Raise.exc) {
        CG_TRY(cg_value(cg, s->v.Raise.exc, CG_ANYWHERE, &exc));
        n++;
        if (s->v.Raise.cause) {
            CG_TRY(cg_pin(cg, &exc, s->v.Raise.cause));
            CG_TRY(cg_value(cg, s->v.Raise.cause, CG_ANYWHERE, &cause));
            n++;
        }
    }
    u->depth = mark;
    return cg_emit(cg, KR_OP_RAISE, exc, cause, n);
}
static int assert_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *test = s->v.Assert.test;
    if ((test->kind == KR_expr_Tuple && kr_seq_len(test->v.Tuple.elts))
        || (test->kind == KR_expr_Constant && PyTuple_Check(test->v.Constant.value) && PyTuple_GET_SIZE(test->v.Constant.value)))
        CG_TRY(kr_compile_warning(cg->filename, cg->at, "assertion is always true, perhaps remove parentheses?"));
    if (cg->optimize) return 0;
    int end = cg_label(cg), mark = u->depth;
    if (end < 0) return -1;
    CG_TRY(cg_jump_if(cg, test, end, true));
    int t = cg_reserve(cg, 2);
    CG_TRY(cg_emit(cg, KR_OP_LOAD_ASSERTION_ERROR, cg_dead(cg, t), 0, 0));
    if (s->v.Assert.msg) {
        CG_TRY(cg_push(cg, s->v.Assert.msg));
        CG_TRY(cg_emit(cg, KR_OP_CALL, cg_dead(cg, t), cg_temp(cg, t), 1));
    }
    CG_TRY(cg_emit(cg, KR_OP_RAISE, cg_take(cg, t), 0, 1));
    u->depth = mark;
    cg_place(cg, end);
    return 0;
}
static int expr_stmt(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    Kr_expr *value = s->v.Expr.value;
    int mark = u->depth, operand;
    if (cg->interactive && u->outer == NULL) {
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        CG_TRY(cg_emit(cg, KR_OP_PRINT_EXPR, operand, 0, 0));
    } else if (value->kind == KR_expr_Constant) {
        return cg_emit(cg, KR_OP_NOP, 0, 0, 0);
    } else {
        CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
        KrSpan saved = cg->at;
        cg->at = value->at;
        CG_TRY(cg_discard(cg, operand));
        cg->at = saved;
    }
    u->depth = mark;
    return 0;
}

/* ------------------------------------------------------------------ dispatch */

static int dispatch(Cg *cg, Kr_stmt *s) {
    switch (s->kind) {
    case KR_stmt_FunctionDef:
    case KR_stmt_AsyncFunctionDef: return cg_function(cg, s);
    case KR_stmt_ClassDef: return cg_class(cg, s);
    case KR_stmt_Return: return return_stmt(cg, s);
    case KR_stmt_Delete:
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Delete.targets); i++) CG_TRY(delete_target(cg, KR_SEQ_GET(s->v.Delete.targets, Kr_expr, i)));
        return 0;
    case KR_stmt_Assign: return assign(cg, s);
    case KR_stmt_AugAssign: return aug_assign(cg, s);
    case KR_stmt_AnnAssign: return ann_assign(cg, s);
    case KR_stmt_For: return for_stmt(cg, s);
    case KR_stmt_AsyncFor: return async_for_stmt(cg, s);
    case KR_stmt_While: return while_stmt(cg, s);
    case KR_stmt_If: return if_stmt(cg, s);
    case KR_stmt_With: return cg_with(cg, s, 0, false);
    case KR_stmt_AsyncWith:
        if (!async_is_allowed(cg)) return cg_error_here(cg, "'async with' outside async function");
        return cg_with(cg, s, 0, true);
    case KR_stmt_Match: return cg_match(cg, s);
    case KR_stmt_Raise: return raise_stmt(cg, s);
    case KR_stmt_Try: return cg_try(cg, s);
    case KR_stmt_TryStar: return cg_try_star(cg, s);
    case KR_stmt_Assert: return assert_stmt(cg, s);
    case KR_stmt_Import: return import_stmt(cg, s);
    case KR_stmt_ImportFrom: return import_from(cg, s);
    case KR_stmt_Global:
    case KR_stmt_Nonlocal: return 0;
    case KR_stmt_Expr: return expr_stmt(cg, s);
    case KR_stmt_Pass: return cg_emit(cg, KR_OP_NOP, 0, 0, 0);
    case KR_stmt_Break: return loop_jump(cg, s, true);
    case KR_stmt_Continue: return loop_jump(cg, s, false);
    default: PyErr_Format(PyExc_SystemError, "compiler: unknown statement %d", s->kind); return -1;
    }
}
int cg_stmt(Cg *cg, Kr_stmt *s) {
    CG_TRY(kr_depth_enter(&cg->depth));
    int mark = cg->u->depth;
    cg->at = s->at;
    int r = dispatch(cg, s);
    cg->u->depth = mark;
    kr_depth_leave(&cg->depth);
    return r;
}
