/* codegen_try.c - try, try-star, with.
 *
 * A handler finds its exception in the temporary that is the depth of the construct, d. PUSH_EXC_INFO makes it [d] the
 * exception handled before, [d + 1] the exception. Code that runs while an exception is handled is covered by a second
 * handler at depth d + 2, which puts the old handled exception back (POP_EXCEPT d) and raises on: "restore" below.
 */
#include "compile/codegen.h"

static int body_of(Cg *cg, const KrSeq *seq) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++) CG_TRY(cg_stmt(cg, KR_SEQ_GET(seq, Kr_stmt, i)));
    return 0;
}
/* The restoring handler at `label` for handled state in temporary d. */
static int emit_restore(Cg *cg, int label, int d) {
    cg_place(cg, label);
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d), 0, 0));
    return cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 3), cg_take(cg, d + 2), 1);
}
static int jump_to(Cg *cg, int label) {
    cg->at = CG_NO_SPAN;
    return cg_emit_jump(cg, KR_OP_JUMP, 0, label);
}

/* ------------------------------------------------------------------ except */

static int handler_body(Cg *cg, Kr_excepthandler *h, int d, int end, int cover) {
    CgUnit *u = cg->u;
    PyObject *name = h->v.ExceptHandler.name;
    CgBlock block;
    int restoring = u->cover;
    if (name) {
        int failed = cg_label(cg);
        if (failed < 0) return -1;
        CG_TRY(cg_store_name(cg, name, cg_temp(cg, d + 1)));
        CG_TRY(cg_block_push(cg, &block, CG_HANDLER, d));
        block.name = name;
        block.cover = cover;
        if ((u->cover = cg_handler(cg, failed, d + 2, true)) < 0) return -1;
        CG_TRY(body_of(cg, h->v.ExceptHandler.body));
        cg_block_pop(cg, &block);
        u->cover = cover;
        cg->at = CG_NO_SPAN;
        CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d), 0, 0));
        CG_TRY(cg_delete_handler_name(cg, name));
        CG_TRY(jump_to(cg, end));
        u->cover = restoring;
        cg_place(cg, failed);
        int depth = u->depth;
        u->depth = d + 4;
        cg->at = CG_NO_SPAN;
        CG_TRY(cg_delete_handler_name(cg, name));
        u->depth = depth;
        return cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 3), cg_take(cg, d + 2), 1);
    }
    CG_TRY(cg_block_push(cg, &block, CG_HANDLER, d));
    block.cover = cover;
    CG_TRY(body_of(cg, h->v.ExceptHandler.body));
    cg_block_pop(cg, &block);
    u->cover = cover;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d), 0, 0));
    CG_TRY(jump_to(cg, end));
    u->cover = restoring;
    return 0;
}
static int try_except(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *handlers = s->v.Try.handlers;
    Py_ssize_t n = kr_seq_len(handlers);
    int d = u->depth, cover = u->cover, except = cg_label(cg), restore = cg_label(cg), end = cg_label(cg);
    CgBlock block;
    if (except < 0 || restore < 0 || end < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    if ((u->cover = cg_handler(cg, except, d, false)) < 0) return -1;
    CG_TRY(cg_block_push(cg, &block, CG_TRY_BODY, d));
    block.cover = cover;
    CG_TRY(body_of(cg, s->v.Try.body));
    cg_block_pop(cg, &block);
    u->cover = cover;
    CG_TRY(body_of(cg, s->v.Try.orelse));
    CG_TRY(jump_to(cg, end));

    cg_place(cg, except);
    cg_reserve(cg, 2);
    if ((u->cover = cg_handler(cg, restore, d + 2, true)) < 0) return -1;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_PUSH_EXC_INFO, cg_temp(cg, d), 0, 0));
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_excepthandler *h = KR_SEQ_GET(handlers, Kr_excepthandler, i);
        int next = cg_label(cg), type;
        if (next < 0) return -1;
        cg->at = h->at;
        if (!h->v.ExceptHandler.type && i < n - 1) return cg_error_here(cg, "default 'except:' must be last");
        if (h->v.ExceptHandler.type) {
            CG_TRY(cg_value(cg, h->v.ExceptHandler.type, CG_ANYWHERE, &type));
            u->depth = d + 2;
            int t = cg_reserve(cg, 1);
            CG_TRY(cg_emit(cg, KR_OP_CHECK_EXC_MATCH, cg_dead(cg, t), cg_temp(cg, d + 1), type));
            CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_FALSE, cg_take(cg, t), next));
            u->depth = d + 2;
        } else {
            CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
        }
        CG_TRY(handler_body(cg, h, d, end, cover));
        cg_place(cg, next);
    }
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 1), 0, 0));
    u->cover = cover;
    CG_TRY(emit_restore(cg, restore, d));
    cg_place(cg, end);
    u->depth = d;
    return 0;
}

/* ------------------------------------------------------------------ except* */

/* [d] handled before, [d+1] the exception; then [d+2] the exception again, [d+3] list of what clauses raised, [d+4] what is left, [d+5] match. */
static int star_handler(Cg *cg, Kr_excepthandler *h, int d) {
    CgUnit *u = cg->u;
    PyObject *name = h->v.ExceptHandler.name;
    int no_match = cg_label(cg), failed = cg_label(cg), next = cg_label(cg), restoring = u->cover, type;
    CgBlock block;
    if (no_match < 0 || failed < 0 || next < 0) return -1;
    cg->at = h->at;
    CG_TRY(cg_value(cg, h->v.ExceptHandler.type, CG_ANYWHERE, &type));
    u->depth = d + 5;
    cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_CHECK_EG_MATCH, cg_temp(cg, d + 4), cg_take(cg, d + 4), type));
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_NONE, cg_temp(cg, d + 5), no_match));
    if (name) CG_TRY(cg_store_name(cg, name, cg_take(cg, d + 5)));
    else CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d + 5), 0, 0));
    u->depth = d + 5;
    CG_TRY(cg_block_push(cg, &block, CG_GROUP_HANDLER, d));
    if ((u->cover = cg_handler(cg, failed, d + 5, true)) < 0) return -1;
    CG_TRY(body_of(cg, h->v.ExceptHandler.body));
    cg_block_pop(cg, &block);
    u->cover = restoring;
    cg->at = CG_NO_SPAN;
    if (name) CG_TRY(cg_delete_handler_name(cg, name));
    CG_TRY(jump_to(cg, next));
    cg_place(cg, failed);
    u->depth = d + 5;
    cg_reserve(cg, 2);
    cg->at = CG_NO_SPAN;
    if (name) CG_TRY(cg_delete_handler_name(cg, name));
    CG_TRY(cg_emit(cg, KR_OP_LIST_APPEND, cg_temp(cg, d + 3), cg_take(cg, d + 6), 0));
    cg_place(cg, no_match);
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d + 5), 0, 0));
    cg_place(cg, next);
    u->depth = d + 5;
    return 0;
}
static int try_except_star(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *handlers = s->v.TryStar.handlers;
    int d = u->depth, cover = u->cover, except = cg_label(cg), restore = cg_label(cg), reraise = cg_label(cg), end = cg_label(cg);
    CgBlock block;
    if (except < 0 || restore < 0 || reraise < 0 || end < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    if ((u->cover = cg_handler(cg, except, d, false)) < 0) return -1;
    CG_TRY(cg_block_push(cg, &block, CG_TRY_BODY, d));
    block.cover = cover;
    CG_TRY(body_of(cg, s->v.TryStar.body));
    cg_block_pop(cg, &block);
    u->cover = cover;
    CG_TRY(body_of(cg, s->v.TryStar.orelse));
    CG_TRY(jump_to(cg, end));

    cg_place(cg, except);
    cg_reserve(cg, 5);
    if ((u->cover = cg_handler(cg, restore, d + 2, true)) < 0) return -1;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_PUSH_EXC_INFO, cg_temp(cg, d), 0, 0));
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, d + 2), cg_temp(cg, d + 1), 0));
    CG_TRY(cg_emit(cg, KR_OP_BUILD_LIST, cg_dead(cg, d + 3), cg_temp(cg, d + 3), 0));
    CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, d + 4), cg_temp(cg, d + 1), 0));
    for (Py_ssize_t i = 0; i < kr_seq_len(handlers); i++) CG_TRY(star_handler(cg, KR_SEQ_GET(handlers, Kr_excepthandler, i), d));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_LIST_APPEND, cg_temp(cg, d + 3), cg_take(cg, d + 4), 0));
    CG_TRY(cg_emit(cg, KR_OP_PREP_RERAISE_STAR, cg_dead(cg, d + 4), cg_take(cg, d + 2), cg_take(cg, d + 3)));
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_NOT_NONE, cg_temp(cg, d + 4), reraise));
    u->cover = cover;
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d + 4), 0, 0));
    CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d), 0, 0));
    CG_TRY(jump_to(cg, end));
    cg_place(cg, reraise);
    CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d), 0, 0));
    CG_TRY(cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 4), 0, 0));
    CG_TRY(emit_restore(cg, restore, d));
    cg_place(cg, end);
    u->depth = d;
    return 0;
}

/* ------------------------------------------------------------------ finally */

static int try_finally(Cg *cg, Kr_stmt *s, bool star) {
    CgUnit *u = cg->u;
    const KrSeq *final = s->v.Try.finalbody;
    int d = u->depth, cover = u->cover, failed = cg_label(cg), restore = cg_label(cg), end = cg_label(cg);
    CgBlock block;
    if (failed < 0 || restore < 0 || end < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    if ((u->cover = cg_handler(cg, failed, d, false)) < 0) return -1;
    CG_TRY(cg_block_push(cg, &block, CG_FINALLY_TRY, d));
    block.cover = cover;
    block.final = final;
    if (kr_seq_len(s->v.Try.handlers)) CG_TRY(star ? try_except_star(cg, s) : try_except(cg, s));
    else CG_TRY(body_of(cg, s->v.Try.body));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_NOP, 0, 0, 0));
    cg_block_pop(cg, &block);
    u->cover = cover;
    CG_TRY(body_of(cg, final));
    CG_TRY(jump_to(cg, end));

    cg_place(cg, failed);
    cg_reserve(cg, 2);
    if ((u->cover = cg_handler(cg, restore, d + 2, true)) < 0) return -1;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_PUSH_EXC_INFO, cg_temp(cg, d), 0, 0));
    CG_TRY(cg_block_push(cg, &block, CG_FINALLY_END, d));
    block.cover = cover;
    CG_TRY(body_of(cg, final));
    cg_block_pop(cg, &block);
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 1), 0, 0));
    u->cover = cover;
    CG_TRY(emit_restore(cg, restore, d));
    cg_place(cg, end);
    u->depth = d;
    return 0;
}
int cg_try(Cg *cg, Kr_stmt *s) { return kr_seq_len(s->v.Try.finalbody) ? try_finally(cg, s, false) : try_except(cg, s); }
int cg_try_star(Cg *cg, Kr_stmt *s) { return kr_seq_len(s->v.TryStar.finalbody) ? try_finally(cg, s, true) : try_except_star(cg, s); }

/* ------------------------------------------------------------------ with */

/* [d] exit function, [d+1] what __enter__ gave. The handler finds [d+1] the index of the raising instruction, [d+2] the exception. */
int cg_with(Cg *cg, Kr_stmt *s, Py_ssize_t item, bool async) {
    CgUnit *u = cg->u;
    Kr_withitem *w = KR_SEQ_GET(s->v.With.items, Kr_withitem, item);
    int d = u->depth, cover = u->cover, failed = cg_label(cg), restore = cg_label(cg), end = cg_label(cg), suppress = cg_label(cg), manager, none;
    CgBlock block;
    if (failed < 0 || restore < 0 || end < 0 || suppress < 0) return -1;
    CG_TRY(cg_value(cg, w->context_expr, CG_ANYWHERE, &manager));
    u->depth = d;
    cg_reserve(cg, 2);
    KrSpan at = cg->at;
    CG_TRY(cg_emit(cg, async ? KR_OP_BEFORE_ASYNC_WITH : KR_OP_BEFORE_WITH, cg_temp(cg, d), manager, 0));
    if (async) CG_TRY(cg_await(cg, d + 1, 3, 1));
    if ((u->cover = cg_handler(cg, failed, d + 1, true)) < 0) return -1;
    CG_TRY(cg_block_push(cg, &block, async ? CG_ASYNC_WITH : CG_WITH, d));
    block.cover = cover;
    block.span = at;
    if (w->optional_vars) {
        u->depth = d + 2;
        CG_TRY(cg_store(cg, w->optional_vars, cg_take(cg, d + 1)));
    } else {
        CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d + 1), 0, 0));
    }
    u->depth = d + 1;
    if (item + 1 < kr_seq_len(s->v.With.items)) CG_TRY(cg_with(cg, s, item + 1, async));
    else CG_TRY(body_of(cg, s->v.With.body));
    cg_block_pop(cg, &block);
    u->cover = cover;
    cg->at = at;
    u->depth = d;
    cg_reserve(cg, 5);
    CG_TRY(cg_const(cg, Py_None, &none));
    for (int i = 0; i < 3; i++) CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, d + 2 + i), none, 0));
    CG_TRY(cg_emit(cg, KR_OP_CALL, cg_dead(cg, d), cg_temp(cg, d), 3));
    u->depth = d + 1;
    if (async) CG_TRY(cg_await(cg, d, 3, 2));
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d), 0, 0));
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP, 0, end));

    cg_place(cg, failed);
    u->depth = d;
    cg_reserve(cg, 4);
    cg->at = at;
    if ((u->cover = cg_handler(cg, restore, d + 4, true)) < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_PUSH_EXC_INFO, cg_temp(cg, d + 2), 0, 0));
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_WITH_EXCEPT_START, cg_dead(cg, t), cg_temp(cg, d), cg_temp(cg, d + 3)));
    if (async) CG_TRY(cg_await(cg, t, 3, 2));
    CG_TRY(cg_emit_jump(cg, KR_OP_JUMP_IF_TRUE, cg_take(cg, t), suppress));
    u->depth = d + 4;
    CG_TRY(cg_emit(cg, KR_OP_RERAISE, cg_take(cg, d + 3), cg_take(cg, d + 1), 1));
    u->cover = cover;
    cg_place(cg, suppress);
    CG_TRY(cg_emit(cg, KR_OP_POP_EXCEPT, cg_temp(cg, d + 2), 0, 0));
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d + 1), 0, 0));
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, d), 0, 0));
    CG_TRY(jump_to(cg, end));
    CG_TRY(emit_restore(cg, restore, d + 2));
    cg_place(cg, end);
    u->depth = d;
    cg->at = at;
    return 0;
}
