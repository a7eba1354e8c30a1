/* codegen_comp.c - comprehensions and generator expressions: code like that of a function whose one argument, .0, is the first iterator; it runs in a frame
 * of its own, but no function object is made for it. */
#include "compile/codegen.h"

typedef struct {
    int kind;                   /* KR_COMP_... */
    const KrSeq *generators;
    Kr_expr *elt, *value;
    int collection;             /* temporary of the list, set or dict */
} Comprehension;

static int emit_element(Cg *cg, Comprehension *c) {
    CgUnit *u = cg->u;
    int mark = u->depth, key, value;
    CG_TRY(cg_value(cg, c->elt, CG_ANYWHERE, &key));
    switch (c->kind) {
    case KR_COMP_GENERATOR: {
        u->depth = mark;
        int t = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_YIELD, cg_dead(cg, t), key, u->ste->coroutine));
        CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, t), 0, 0));
        break;
    }
    case KR_COMP_LIST: CG_TRY(cg_emit(cg, KR_OP_LIST_APPEND, cg_temp(cg, c->collection), key, 0)); break;
    case KR_COMP_SET: CG_TRY(cg_emit(cg, KR_OP_SET_ADD, cg_temp(cg, c->collection), key, 0)); break;
    default:
        CG_TRY(cg_pin(cg, &key, c->value));
        CG_TRY(cg_value(cg, c->value, CG_ANYWHERE, &value));
        CG_TRY(cg_emit(cg, KR_OP_MAP_ADD, cg_temp(cg, c->collection), key, value));
        break;
    }
    u->depth = mark;
    return 0;
}
static int emit_generator(Cg *cg, Comprehension *c, Py_ssize_t index);

static int emit_ifs(Cg *cg, Kr_comprehension *g, int next) {
    for (Py_ssize_t i = 0; i < kr_seq_len(g->ifs); i++) CG_TRY(cg_jump_if(cg, KR_SEQ_GET(g->ifs, Kr_expr, i), next, false));
    return 0;
}
/* What is inside one loop: the conditions, then the next loop or the element. */
static int emit_inside(Cg *cg, Comprehension *c, Py_ssize_t index, int next) {
    Kr_comprehension *g = KR_SEQ_GET(c->generators, Kr_comprehension, index);
    CG_TRY(emit_ifs(cg, g, next));
    return index + 1 < kr_seq_len(c->generators) ? emit_generator(cg, c, index + 1) : emit_element(cg, c);
}
static int emit_generator(Cg *cg, Comprehension *c, Py_ssize_t index) {
    CgUnit *u = cg->u;
    Kr_comprehension *g = KR_SEQ_GET(c->generators, Kr_comprehension, index);
    int start = cg_label(cg), next = cg_label(cg), end = cg_label(cg), mark = u->depth, iter, value;
    if (start < 0 || next < 0 || end < 0) return -1;
    if (index == 0) {
        iter = 0;               /* the argument .0 */
    } else {
        CG_TRY(cg_value(cg, g->iter, CG_ANYWHERE, &value));
        u->depth = mark;
        int t = cg_reserve(cg, 1);
        iter = cg_temp(cg, t);
        CG_TRY(cg_emit(cg, g->is_async ? KR_OP_GET_AITER : KR_OP_GET_ITER, cg_dead(cg, t), value, 0));
    }
    int inner = u->depth;
    cg_place(cg, start);
    if (g->is_async) {
        int failed = cg_label(cg), cover = u->cover, t = cg_reserve(cg, 1), none;
        if (failed < 0) return -1;
        u->cover = cg_handler(cg, failed, inner, false);
        if (u->cover < 0) return -1;
        int awaited = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_GET_ANEXT, cg_dead(cg, awaited), iter, 0));
        CG_TRY(cg_const(cg, Py_None, &none));
        CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, t), none, 0));
        CG_TRY(cg_emit(cg, KR_OP_YIELD_FROM, cg_temp(cg, t), cg_temp(cg, awaited), 2));
        u->cover = cover;
        CG_TRY(cg_store(cg, g->target, cg_take(cg, t)));
        u->depth = inner;
        CG_TRY(emit_inside(cg, c, index, next));
        cg_place(cg, next);
        CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_BACK, 0, start));
        cg_place(cg, failed);
        CG_TRY(cg_emit(cg, KR_OP_END_ASYNC_FOR, iter, cg_take(cg, inner), 0));
    } else {
        int reg = g->target->kind == KR_expr_Name ? cg_local_register(cg, g->target->v.Name.id) : -1;
        int t = reg < 0 ? cg_reserve(cg, 1) : 0;
        CG_TRY(cg_emit(cg, KR_OP_FOR_ITER, reg < 0 ? cg_dead(cg, t) : reg, iter, 0));
        CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, end));
        if (reg < 0) CG_TRY(cg_store(cg, g->target, cg_take(cg, t)));
        else CG_TRY(cg_show_line(cg, g->target->at));
        u->depth = inner;
        CG_TRY(emit_inside(cg, c, index, next));
        cg_place(cg, next);
        CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_BACK, 0, start));
        cg_place(cg, end);
    }
    u->depth = mark;
    return 0;
}

/* Runs a comprehension's code over its first iterator; the result goes to dest, which may be the first free temporary. */
static int call_code(Cg *cg, PyCodeObject *code, Kr_comprehension *outermost, int dest) {
    CgUnit *u = cg->u;
    KrSpan saved = cg->at;
    int base = u->depth, iter, index;
    CG_TRY(index = cg_const_index(cg, (PyObject *)code));
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));        /* its line, when the iterator's is another */
    CG_TRY(cg_value(cg, outermost->iter, CG_ANYWHERE, &iter));
    u->depth = base;
    CG_TRY(cg_reserve(cg, 1));
    cg->at = saved;
    CG_TRY(cg_emit(cg, outermost->is_async ? KR_OP_GET_AITER : KR_OP_GET_ITER, cg_dead(cg, base), iter, 0));
    CG_TRY(cg_push_cells(cg, code));
    CG_TRY(cg_emit(cg, KR_OP_CALL_COMPREHENSION, dest, cg_temp(cg, base), code->co_nfreevars));
    CG_TRY(cg_emit(cg, KR_OP_DATA, 0, index & 0xffff, index >> 16));
    u->depth = base;
    return 0;
}

int cg_comprehension(Cg *cg, Kr_expr *e, int want, int *operand) {
    static const struct { const char *name; int kind, op; } kinds[] = {
        {"<listcomp>", KR_COMP_LIST, KR_OP_BUILD_LIST}, {"<setcomp>", KR_COMP_SET, KR_OP_BUILD_SET},
        {"<dictcomp>", KR_COMP_DICT, KR_OP_BUILD_MAP}, {"<genexpr>", KR_COMP_GENERATOR, KR_OP_NOP},
    };
    CgUnit *u = cg->u;
    int k = e->kind == KR_expr_ListComp ? 0 : e->kind == KR_expr_SetComp ? 1 : e->kind == KR_expr_DictComp ? 2 : 3;
    Comprehension c = {.kind = kinds[k].kind, .generators = e->v.ListComp.generators, .elt = e->v.ListComp.elt};
    if (k == 2) {
        c.generators = e->v.DictComp.generators;
        c.elt = e->v.DictComp.key;
        c.value = e->v.DictComp.value;
    }
    Kr_comprehension *outermost = KR_SEQ_GET(c.generators, Kr_comprehension, 0);
    bool top_level_await = (cg->flags & PyCF_ALLOW_TOP_LEVEL_AWAIT) && u->ste->type == KR_BLOCK_MODULE;
    KrSTEntry *entry = kr_symtable_lookup(&cg->table, e);
    bool async_body = entry && entry->coroutine, outer_async = u->scope == CG_SCOPE_ASYNC_FUNCTION || u->is_async_comprehension;
    KrSpan saved = cg->at;
    CG_TRY(cg_enter_unit_called(cg, kinds[k].name, CG_SCOPE_COMPREHENSION, e, e->at.lineno));
    cg->u->argcount = 1;
    cg->u->is_async_comprehension = async_body && k != 3;
    cg->at = saved;
    if (async_body && k != 3 && !outer_async && u->scope != CG_SCOPE_COMPREHENSION && !top_level_await)
        return cg_error(cg, e->at, "asynchronous comprehension outside of an asynchronous function");
    if (k != 3) {
        c.collection = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, kinds[k].op, cg_dead(cg, c.collection), cg_temp(cg, c.collection), 0));
    }
    CG_TRY(emit_generator(cg, &c, 0));
    int value;
    if (k == 3) {
        cg->at = CG_NO_SPAN;
        CG_TRY(cg_const(cg, Py_None, &value));
    } else {
        value = cg_take(cg, c.collection);
    }
    CG_TRY(cg_emit(cg, KR_OP_RETURN, value, 0, 0));
    PyCodeObject *code = cg_leave_unit(cg);
    if (!code) return -1;
    cg->at = saved;
    bool awaited = async_body && k != 3, direct = !awaited && want != CG_ANYWHERE;
    int base = u->depth, r = call_code(cg, code, outermost, direct ? want : cg_dead(cg, base));
    Py_DECREF(code);
    if (r < 0 || direct) return r;
    int t = cg_reserve(cg, 1);
    if (awaited) CG_TRY(cg_await(cg, t, 1, 0));
    if (want == CG_ANYWHERE) {
        *operand = cg_take(cg, t);
        return 0;
    }
    u->depth = t;
    return cg_emit(cg, KR_OP_MOVE, want, cg_take(cg, t), 0);
}
