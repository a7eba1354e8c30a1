/* eval.c - the interpreter loop.
 *
 * State of the loop: `f` the running frame, and cached from it `regs`, `consts`, `names`; `pc` the next instruction. f->pc is stored
 * at every dispatch, so a handler may raise or run Python at any point. A Python function called by CALL gets its frame pushed
 * and the loop goes on there; the return value comes back through f->cont. Everything else recurses through the C API.
 *
 * Discipline: a handler reads operands with R() (borrowed), releases consumed ones with DONE() after use, and stores with SET(). On
 * failure it goes to `error` with an exception set, consumed operands in place or already released; the unwinder releases what is
 * left above the handler's depth, or everything.
 *
 * The generic form of each instruction is here; special forms (specialize.h) are in the files of loop/, which are parts of the loop's one function. A
 * special form checks its guard with GUARD(), before it changes anything, and falls back to the generic body. While the thread
 * traces only generic bodies run.
 */
#include "vm/generator.h"
#include "vm/stack.h"
#include "vm/opstats.h"
#include "vm/specialize.h"
#include "vm/support.h"
#include "vm/trace.h"
#include "object/descr.h"
#include "object/exceptions.h"
#include "object/float.h"
#include "object/list.h"
#include "object/long.h"
#include "object/module.h"
#include "object/range.h"
#include "object/tuple.h"
#include <frameobject.h>

/* ------------------------------------------------------------------ frames */

/* Pushes a frame for func with `nargs` positional arguments (and kwnames' values after them) that lie, owned, at args. They stay there, as the
 * beginning of the window, unless they are `outside` the register stack (C arrays, generators' registers) or it is full. Takes over func
 * and the arguments, also on failure. */
static KrFrame *push_call(KrThread *t, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames, KrCont cont, bool outside) {
    KrCode *code = (KrCode *)func->func_code;
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0), need = Py_MAX((size_t)code->nregs, given) + 1;
    KrFrame *f = kr_frame_alloc(t);
    PyObject **regs = outside ? t->vm.reg_top : args;
    if (f && (size_t)(t->vm.reg_limit - regs) < need && (regs = kr_regs_segment(t, need))) f->flags |= KR_FRAME_REG_SEGMENT;
    if (!f || !regs) {
        for (size_t i = 0; i < given; i++) Py_CLEAR(args[i]);
    } else {
        if (regs != args) {
            for (size_t i = 0; i < given; i++) {
                regs[i] = args[i];
                args[i] = NULL;
            }
        }
        if ((kr_call_is_exact(code, nargs) && !kwnames) || kr_bind_window(t, func, regs, nargs, kwnames) == 0) {
            kr_frame_push(t, f, func, code, regs, cont);
            return f;
        }
    }
    if (f) kr_frame_close_segments(t, f);
    Py_DECREF(func);
    return NULL;
}
/* Ends the activation of a frame on the stack, of which the first n registers may be live, and makes its caller current. */
KR_INLINE void pop_frame(KrThread *t, KrFrame *f, int n) {
    kr_frame_release(f, n);
    kr_frame_pop(t, f);
}

/* Calls func from C with borrowed arguments: a frame of its own, run to its end. Takes over func. */
static PyObject *run_function(KrThread *t, PyFunctionObject *func, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject *locals) {
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0);
    if (kr_c_stack_low() || kr_recursion_enter(t) < 0) {
        if (!PyErr_Occurred()) kr_raise_stack_low("");
        Py_DECREF(func);
        return NULL;
    }
    PyObject *small[16], **at = given <= KR_ARRAY_LEN(small) ? small : PyMem_Malloc(given * sizeof *at), *r = NULL;
    KrFrame *f = NULL;
    if (at) {
        for (size_t i = 0; i < given; i++) at[i] = Py_NewRef(args[i]);
        f = push_call(t, func, at, nargs, kwnames, KR_CONT_ENTRY, true);
        if (at != small) PyMem_Free(at);
    } else {
        PyErr_NoMemory();
        Py_DECREF(func);
    }
    if (!f) {
        kr_recursion_leave(t);
        return NULL;
    }
    if (locals) Py_XSETREF(f->locals, Py_NewRef(locals));
    r = kr_eval_frame(t, f, 0);
    return r;
}

KrFrame *kr_frame_current(void) { return kr_thread()->vm.frame; }

/* ------------------------------------------------------------------ unwinding */

/* The handler for an instruction, NULL if it has none. Entries are sorted and don't overlap. */
static const KrExcEntry *find_handler(const KrCode *c, uint32_t i) {
    uint32_t lo = 0, hi = c->nexc_entries;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (c->exc_entries[mid].end <= i) lo = mid + 1;
        else hi = mid;
    }
    return lo < c->nexc_entries && c->exc_entries[lo].start <= i ? &c->exc_entries[lo] : NULL;
}
/* The current exception as one normalised object with its traceback (owned); the indicator is clear then. */
static PyObject *take_exception(void) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyErr_NormalizeException(&t, &v, &tb);
    if (tb) PyException_SetTraceback(v, tb);
    Py_XDECREF(t);
    Py_XDECREF(tb);
    return v;
}

/* ------------------------------------------------------------------ the loop */

/* What every instruction uses stays in registers; left alone, gcc spills it, with a profile all but pc. */
#if defined(__x86_64__) && !defined(__clang__)
#define KR_PIN(name) __asm__(name)
#else
#define KR_PIN(name)
#endif

typedef PyObject *(*Binary)(PyObject *, PyObject *);
static PyObject *binary_power(PyObject *a, PyObject *b) { return PyNumber_Power(a, b, Py_None); }
static PyObject *inplace_power(PyObject *a, PyObject *b) { return PyNumber_InPlacePower(a, b, Py_None); }

PyObject *kr_eval_frame(KrThread *t, KrFrame *entry, int throwing) {
    static const void *const table[] = {
#define KR_OP(name, a, b, c, flags) &&op_##name,
#define KR_SPECIAL(name, generic)
#include "compile/opcodes.def"
#define KR_OP(name, a, b, c, flags)
#define KR_SPECIAL(name, generic) &&op_##name,
#include "compile/opcodes.def"
    };
    /* While the thread traces, every instruction goes through op_trace first. */
    static const void *const trace_table[KR_OP_COUNT] = {[0 ... KR_OP_COUNT - 1] = &&op_trace};
    /* -X opstats: every instruction goes through op_count. */
    static const void *const count_table[KR_OP_COUNT] = {[0 ... KR_OP_COUNT - 1] = &&op_count};
    KrOpStats *stats = t->base.interp->vm.op_stats;
    const void *const *untraced_table = KR_UNLIKELY(stats != NULL) ? count_table : table;
    register const void *const *dispatch KR_PIN("r12") = untraced_table;
    register KrFrame *f KR_PIN("r15") = entry;
    register PyObject **regs KR_PIN("r14") = f->regs;
    register KrInstr *pc KR_PIN("r13") = f->pc;
    PyObject **consts = f->code->consts, *v, *w;
    int n;

#define SYNC_TRACING() (dispatch = KR_UNLIKELY(kr_tracing(t)) ? trace_table : untraced_table)
#define TRACED() KR_UNLIKELY(dispatch == trace_table)
#define LOAD_FRAME() (regs = f->regs, consts = f->code->consts, pc = f->pc, SYNC_TRACING())
/* The running instruction; a handler that skips the DATA word behind it does so last. */
#define in (pc[-1])
#define NEXT() do { f->pc = pc + 1; goto *dispatch[(pc++)->op]; } while (0)
#define CASE(name) op_##name
#define SPECIAL(name) op_##name
/* The running instruction's cache; only in warm code. */
#define CACHE() ((KrCache *)(f->code->cache_bias + 3 * (uintptr_t)pc))
/* At the beginning of a generic instruction that has special forms: `specialize(at, cache, ...)` when it is time. */
#define ADAPT(specialize, ...) do { \
        if (f->code->cache_bias && !TRACED()) { \
            KrCache *cache_ = CACHE(); \
            if (cache_->counter) cache_->counter--; \
            else if (specialize(pc - 1, cache_, __VA_ARGS__)) goto *table[pc[-1].op]; \
        } \
    } while (0)
/* In a special form, where nothing has changed yet: goes on as the generic instruction unless `condition` holds. */
#define GUARD(condition, GENERIC) do { \
        if (KR_UNLIKELY(!(condition))) { \
            if (KR_UNLIKELY(stats != NULL)) stats->missed[in.op]++; \
            kr_special_miss(pc - 1, CACHE(), KR_OP_##GENERIC); \
            goto body_##GENERIC; \
        } \
    } while (0)
#define R(x) (((x) & KR_OPERAND_CONST ? consts : regs)[(x) & KR_REG_MASK])
#define CONSUMED(x) ((x) & KR_OPERAND_CONSUME)
#define DONE(x) do { if (CONSUMED(x)) Py_CLEAR(regs[(x) & KR_REG_MASK]); } while (0)
#define REG(x) regs[(x) & KR_REG_MASK]
#define SET(x, value) do { PyObject *new_ = (value), **at_ = &REG(x), *old_ = *at_; *at_ = new_; if (!((x) & KR_DEST_DEAD)) Py_XDECREF(old_); } while (0)
#define NAME(i) (f->code->names[i])
#define POLL() do { if (KR_UNLIKELY(t->base.interp->vm.eval_breaker) && kr_eval_poll(t) < 0) goto error; } while (0)
#define JUMP_TO(i) (pc = f->code->instrs + kr_instr_target(i))

    SYNC_TRACING();
    if (TRACED() && f->owner == KR_FRAME_IN_GENERATOR && (throwing || pc != f->code->instrs) && kr_trace_entry(t, f) < 0) goto error;
    if (throwing) goto error;
    NEXT();

op_trace:
    if (in.op != KR_OP_DATA && kr_tracing(t)) {
        if (in.op == KR_OP_RESUME ? kr_trace_entry(t, f) < 0 : kr_trace_instruction(t, f) < 0) goto error;
        pc = f->pc;
    }
    SYNC_TRACING();
    goto *table[kr_op_generic[in.op]];

op_count:
    stats->ran[in.op]++;
    stats->pairs[stats->last][in.op]++;
    stats->last = in.op;
    goto *table[in.op];

    CASE(NOP): NEXT();
    CASE(DATA): KR_UNREACHABLE();
    CASE(RESUME):
        if (KR_UNLIKELY(!f->code->cache_bias)) kr_code_count(f->code, KR_WARM_CALL);
        POLL();
        NEXT();
    CASE(MOVE): {
        uint16_t b = in.b;
        if (CONSUMED(b)) {
            v = REG(b);
            REG(b) = NULL;
        } else {
            v = Py_XNewRef(R(b));
        }
        SET(in.a, v);
        NEXT();
    }
    CASE(LOAD_CONST): SET(in.a, Py_NewRef(consts[kr_instr_target(in)])); NEXT();
    CASE(KILL): Py_CLEAR(REG(in.a)); NEXT();

    CASE(CHECK_LOCAL):
        if (KR_UNLIKELY(!REG(in.a))) {
            kr_vm_unbound(f, in.a & KR_REG_MASK);
            goto error;
        }
        NEXT();
    CASE(DELETE_LOCAL):
        if (!REG(in.a)) {
            kr_vm_unbound(f, in.a & KR_REG_MASK);
            goto error;
        }
        Py_CLEAR(REG(in.a));
        NEXT();
    CASE(MAKE_CELL):
        if (!(v = PyCell_New(REG(in.a)))) goto error;
        Py_XSETREF(REG(in.a), v);
        NEXT();
    CASE(COPY_FREE_VARS):
        for (int i = 0; i < in.c; i++) REG(f->code->temp_base - in.c + i) = Py_NewRef(PyTuple_GET_ITEM(f->func->func_closure, i));
        NEXT();
    CASE(LOAD_DEREF):
        if (!(v = PyCell_GET(R(in.b)))) {
            kr_vm_unbound(f, in.b & KR_REG_MASK);
            goto error;
        }
        SET(in.a, Py_NewRef(v));
        NEXT();
    CASE(STORE_DEREF): {
        PyCellObject *cell = (PyCellObject *)REG(in.a);
        v = Py_NewRef(R(in.b));
        DONE(in.b);
        w = cell->ob_ref;
        cell->ob_ref = v;
        Py_XDECREF(w);
        NEXT();
    }
    CASE(DELETE_DEREF): {
        PyCellObject *cell = (PyCellObject *)REG(in.a);
        if (!cell->ob_ref) {
            kr_vm_unbound(f, in.a & KR_REG_MASK);
            goto error;
        }
        Py_CLEAR(cell->ob_ref);
        NEXT();
    }
#define STORE_RESULT(expr) do { if (!(v = (expr))) goto error; SET(in.a, v); NEXT(); } while (0)
#define CHECK(expr) do { if ((expr) < 0) goto error; } while (0)
    CASE(LOAD_CLASSDEREF): STORE_RESULT(kr_vm_load_classderef(f, R(in.b), NAME(in.c)));
    CASE(LOAD_NAME): STORE_RESULT(kr_vm_load_name(f, NAME(in.b)));
    CASE(STORE_NAME): CHECK(kr_vm_store_name(f, NAME(in.a), R(in.b))); DONE(in.b); NEXT();
    CASE(DELETE_NAME): CHECK(kr_vm_store_name(f, NAME(in.a), NULL)); NEXT();
    CASE(LOAD_GLOBAL): ADAPT(kr_specialize_load_global, f->globals, f->builtins, NAME(in.b));
    body_LOAD_GLOBAL: STORE_RESULT(kr_vm_load_global(f, NAME(in.b)));
    CASE(STORE_GLOBAL): CHECK(PyDict_SetItem(f->globals, NAME(in.a), R(in.b))); DONE(in.b); NEXT();
    CASE(DELETE_GLOBAL):
        if (PyDict_DelItem(f->globals, NAME(in.a)) < 0) {
            if (PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Format(PyExc_NameError, "name '%U' is not defined", NAME(in.a));
            goto error;
        }
        NEXT();
    CASE(SETUP_ANNOTATIONS): {
        v = PyMapping_Check(f->locals) ? PyObject_GetItem(f->locals, KR_STR(__annotations__)) : NULL;
        if (!v) {
            if (!PyErr_ExceptionMatches(PyExc_KeyError)) goto error;
            PyErr_Clear();
            if (!(v = PyDict_New())) goto error;
            n = PyObject_SetItem(f->locals, KR_STR(__annotations__), v);
            if (n < 0) {
                Py_DECREF(v);
                goto error;
            }
        }
        Py_DECREF(v);
        NEXT();
    }

    /* results of one or two operands: compute, release the operands, store */
#define UNARY(expr) do { if (!(v = (expr))) goto error; DONE(in.b); SET(in.a, v); NEXT(); } while (0)
#define BINARY(expr) do { if (!(v = (expr))) goto error; DONE(in.b); DONE(in.c); SET(in.a, v); NEXT(); } while (0)
    CASE(LOAD_ATTR): ADAPT(kr_specialize_load_attr, R(in.b), NAME(in.c));
    body_LOAD_ATTR: UNARY(PyObject_GetAttr(R(in.b), NAME(in.c)));
    CASE(STORE_ATTR): ADAPT(kr_specialize_store_attr, R(in.a), NAME(in.b));
    body_STORE_ATTR: CHECK(PyObject_SetAttr(R(in.a), NAME(in.b), R(in.c))); DONE(in.c); DONE(in.a); NEXT();
    CASE(DELETE_ATTR): CHECK(PyObject_SetAttr(R(in.a), NAME(in.b), NULL)); DONE(in.a); NEXT();
    CASE(LOAD_METHOD): ADAPT(kr_specialize_load_method, R(in.b), NAME(in.c));
    body_LOAD_METHOD: {
        PyObject *self = R(in.b), *method = NULL;
        int unbound = _PyObject_GetMethod(self, NAME(in.c), &method);
        if (!method) goto error;
        if (unbound) Py_INCREF(self);
        DONE(in.b);
        REG(in.a) = method;
        REG(in.a + 1) = unbound ? self : NULL;
        NEXT();
    }
    CASE(LOAD_SUBSCR): ADAPT(kr_specialize_subscr, R(in.b), R(in.c));
    body_LOAD_SUBSCR: BINARY(PyObject_GetItem(R(in.b), R(in.c)));
    CASE(STORE_SUBSCR): ADAPT(kr_specialize_store_subscr, R(in.a), R(in.b));
    body_STORE_SUBSCR: CHECK(PyObject_SetItem(R(in.a), R(in.b), R(in.c))); DONE(in.c); DONE(in.a); DONE(in.b); NEXT();
    CASE(DELETE_SUBSCR): CHECK(PyObject_DelItem(R(in.a), R(in.b))); DONE(in.a); DONE(in.b); NEXT();
    CASE(BUILD_SLICE):
        if (!(v = PySlice_New(REG(in.b), REG(in.b + 1), in.c == 3 ? REG(in.b + 2) : NULL))) goto error;
        for (int i = 0; i < in.c; i++) Py_CLEAR(REG(in.b + i));
        SET(in.a, v);
        NEXT();

#define ADAPTING(name, expr) CASE(name): ADAPT(kr_specialize_binary, R(in.b), R(in.c)); body_##name: BINARY(expr);
#define PLAIN_OP(name, function) CASE(name): BINARY(function(R(in.b), R(in.c)));
#define BINARY_OP(name, function) ADAPTING(BINARY_##name, function(R(in.b), R(in.c)))
#define INPLACE_OP(name, function) ADAPTING(INPLACE_##name, function(R(in.b), R(in.c)))
    BINARY_OP(ADD, PyNumber_Add) BINARY_OP(SUB, PyNumber_Subtract) BINARY_OP(MUL, PyNumber_Multiply) PLAIN_OP(BINARY_MATMUL, PyNumber_MatrixMultiply)
    BINARY_OP(TRUEDIV, PyNumber_TrueDivide) BINARY_OP(MOD, PyNumber_Remainder) PLAIN_OP(BINARY_POW, binary_power) BINARY_OP(LSHIFT, PyNumber_Lshift)
    BINARY_OP(RSHIFT, PyNumber_Rshift) BINARY_OP(OR, PyNumber_Or) BINARY_OP(XOR, PyNumber_Xor) BINARY_OP(AND, PyNumber_And) BINARY_OP(FLOORDIV, PyNumber_FloorDivide)
    INPLACE_OP(ADD, PyNumber_InPlaceAdd) INPLACE_OP(SUB, PyNumber_InPlaceSubtract) INPLACE_OP(MUL, PyNumber_InPlaceMultiply) PLAIN_OP(INPLACE_MATMUL, PyNumber_InPlaceMatrixMultiply)
    INPLACE_OP(TRUEDIV, PyNumber_InPlaceTrueDivide) PLAIN_OP(INPLACE_MOD, PyNumber_InPlaceRemainder) PLAIN_OP(INPLACE_POW, inplace_power) INPLACE_OP(LSHIFT, PyNumber_InPlaceLshift)
    INPLACE_OP(RSHIFT, PyNumber_InPlaceRshift) INPLACE_OP(OR, PyNumber_InPlaceOr) INPLACE_OP(XOR, PyNumber_InPlaceXor) INPLACE_OP(AND, PyNumber_InPlaceAnd)
    PLAIN_OP(INPLACE_FLOORDIV, PyNumber_InPlaceFloorDivide)
    CASE(UNARY_NEG): UNARY(PyNumber_Negative(R(in.b)));
    CASE(UNARY_POS): UNARY(PyNumber_Positive(R(in.b)));
    CASE(UNARY_INVERT): UNARY(PyNumber_Invert(R(in.b)));
    CASE(UNARY_NOT):
        if ((n = PyObject_IsTrue(R(in.b))) < 0) goto error;
        DONE(in.b);
        SET(in.a, Py_NewRef(n ? Py_False : Py_True));
        NEXT();
    ADAPTING(COMPARE_LT, PyObject_RichCompare(R(in.b), R(in.c), Py_LT))
    ADAPTING(COMPARE_LE, PyObject_RichCompare(R(in.b), R(in.c), Py_LE))
    ADAPTING(COMPARE_EQ, PyObject_RichCompare(R(in.b), R(in.c), Py_EQ))
    ADAPTING(COMPARE_NE, PyObject_RichCompare(R(in.b), R(in.c), Py_NE))
    ADAPTING(COMPARE_GT, PyObject_RichCompare(R(in.b), R(in.c), Py_GT))
    ADAPTING(COMPARE_GE, PyObject_RichCompare(R(in.b), R(in.c), Py_GE))
#define TRUTH(expr) do { if ((n = (expr)) < 0) goto error; DONE(in.b); DONE(in.c); SET(in.a, Py_NewRef(n ? Py_True : Py_False)); NEXT(); } while (0)
    CASE(IS): TRUTH(R(in.b) == R(in.c));
    CASE(IS_NOT): TRUTH(R(in.b) != R(in.c));
    CASE(IN): TRUTH(PySequence_Contains(R(in.c), R(in.b)));
    CASE(NOT_IN): TRUTH((n = PySequence_Contains(R(in.c), R(in.b))) < 0 ? n : !n);

    CASE(JUMP): JUMP_TO(in); NEXT();
    CASE(JUMP_BACK):
        if (KR_UNLIKELY(!f->code->cache_bias)) kr_code_count(f->code, KR_WARM_LOOP);
        POLL();
        JUMP_TO(in);
        NEXT();
#define TRUTH_OF(o) ((o) == Py_True ? 1 : (o) == Py_False || (o) == Py_None ? 0 : PyObject_IsTrue(o))
#define JUMP_IF(name, when) \
    CASE(name): \
        v = R(in.a); \
        if ((n = TRUTH_OF(v)) < 0) goto error; \
        DONE(in.a); \
        if (n == (when)) JUMP_TO(in); \
        NEXT();
    JUMP_IF(JUMP_IF_FALSE, 0)
    JUMP_IF(JUMP_IF_TRUE, 1)
    CASE(JUMP_IF_FALSE_OR_KILL):
    CASE(JUMP_IF_TRUE_OR_KILL):
        v = REG(in.a);
        if ((n = TRUTH_OF(v)) < 0) goto error;
        if (n == (in.op == KR_OP_JUMP_IF_TRUE_OR_KILL)) JUMP_TO(in);
        else Py_CLEAR(REG(in.a));
        NEXT();
    CASE(JUMP_IF_NONE):
    CASE(JUMP_IF_NOT_NONE):
        n = R(in.a) == Py_None;
        DONE(in.a);
        if (n == (in.op == KR_OP_JUMP_IF_NONE)) JUMP_TO(in);
        NEXT();

    CASE(GET_ITER): UNARY(PyObject_GetIter(R(in.b)));
    CASE(FOR_ITER): ADAPT(kr_specialize_for_iter, REG(in.b));
    body_FOR_ITER: {
        PyObject *it = REG(in.b);
        v = Py_TYPE(it)->tp_iternext(it);
        if (v) {
            SET(in.a, v);
            pc++;
            NEXT();
        }
        if (PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_StopIteration)) goto error;
            if (TRACED()) kr_trace_exception(t, f);
            PyErr_Clear();
        }
        Py_CLEAR(REG(in.b));
        NEXT();
    }
    CASE(GET_AITER): UNARY(kr_vm_get_aiter(R(in.b)));
    CASE(GET_ANEXT): {
        PyObject *it = R(in.b), *next;
        PyAsyncMethods *am = Py_TYPE(it)->tp_as_async;
        if (!am || !am->am_anext) {
            PyErr_Format(PyExc_TypeError, "'async for' requires an iterator with __anext__ method, got %.100s", Py_TYPE(it)->tp_name);
            goto error;
        }
        if (!(next = am->am_anext(it))) goto error;
        v = kr_coro_awaitable_iter(next);
        if (!v) _PyErr_FormatFromCause(PyExc_TypeError, "'async for' received an invalid object from __anext__: %.100s", Py_TYPE(next)->tp_name);
        Py_DECREF(next);
        if (!v) goto error;
        SET(in.a, v);
        NEXT();
    }
    CASE(END_ASYNC_FOR):
        v = R(in.b);
        if (!PyErr_GivenExceptionMatches(v, PyExc_StopAsyncIteration)) {
            REG(in.b) = NULL;
            PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(v)), v, PyException_GetTraceback(v));
            goto unwind;
        }
        DONE(in.b);
        Py_CLEAR(REG(in.a));
        NEXT();
    CASE(UNPACK_SEQUENCE): CHECK(kr_vm_unpack(R(in.b), in.c, &REG(in.a))); DONE(in.b); NEXT();
    CASE(UNPACK_EX): CHECK(kr_vm_unpack_ex(R(in.b), pc->b, pc->c, &REG(in.a))); DONE(in.b); pc++; NEXT();

    CASE(BUILD_TUPLE):
        if (!(v = PyTuple_New(in.c))) goto error;
        for (int i = 0; i < in.c; i++) {
            PyTuple_SET_ITEM(v, i, REG(in.b + i));
            REG(in.b + i) = NULL;
        }
        SET(in.a, v);
        NEXT();
    CASE(BUILD_LIST):
        if (!(v = PyList_New(in.c))) goto error;
        for (int i = 0; i < in.c; i++) {
            PyList_SET_ITEM(v, i, REG(in.b + i));
            REG(in.b + i) = NULL;
        }
        SET(in.a, v);
        NEXT();
    CASE(BUILD_SET):
        if (!(v = PySet_New(NULL))) goto error;
        for (int i = 0; i < in.c; i++) {
            n = PySet_Add(v, REG(in.b + i));
            if (n < 0) {
                Py_DECREF(v);
                goto error;
            }
            Py_CLEAR(REG(in.b + i));
        }
        SET(in.a, v);
        NEXT();
    CASE(BUILD_MAP):
        if (!(v = _PyDict_NewPresized(in.c))) goto error;
        for (int i = 0; i < 2 * in.c; i += 2) {
            if (PyDict_SetItem(v, REG(in.b + i), REG(in.b + i + 1)) < 0) {
                Py_DECREF(v);
                goto error;
            }
            Py_CLEAR(REG(in.b + i));
            Py_CLEAR(REG(in.b + i + 1));
        }
        SET(in.a, v);
        NEXT();
    CASE(BUILD_STRING): {
        PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0);
        v = empty ? _PyUnicode_JoinArray(empty, &REG(in.b), in.c) : NULL;
        Py_XDECREF(empty);
        if (!v) goto error;
        for (int i = 0; i < in.c; i++) Py_CLEAR(REG(in.b + i));
        SET(in.a, v);
        NEXT();
    }
    CASE(LIST_APPEND): CHECK(PyList_Append(REG(in.a), R(in.b))); DONE(in.b); NEXT();
    CASE(SET_ADD): CHECK(PySet_Add(REG(in.a), R(in.b))); DONE(in.b); NEXT();
    CASE(MAP_ADD): CHECK(PyDict_SetItem(REG(in.a), R(in.b), R(in.c))); DONE(in.b); DONE(in.c); NEXT();
    CASE(LIST_EXTEND):
        if (!(v = _PyList_Extend((PyListObject *)REG(in.a), R(in.b)))) {
            w = R(in.b);
            if (PyErr_ExceptionMatches(PyExc_TypeError) && !Py_TYPE(w)->tp_iter && !PySequence_Check(w))
                PyErr_Format(PyExc_TypeError, "Value after * must be an iterable, not %.200s", Py_TYPE(w)->tp_name);
            goto error;
        }
        Py_DECREF(v);
        DONE(in.b);
        NEXT();
    CASE(SET_UPDATE): CHECK(_PySet_Update(REG(in.a), R(in.b))); DONE(in.b); NEXT();
    CASE(DICT_UPDATE):
        if (PyDict_Update(REG(in.a), R(in.b)) < 0) {
            if (PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Format(PyExc_TypeError, "'%.200s' object is not a mapping", Py_TYPE(R(in.b))->tp_name);
            goto error;
        }
        DONE(in.b);
        NEXT();
    CASE(DICT_MERGE): CHECK(kr_vm_dict_merge(REG(in.a), R(in.b), R(in.c))); DONE(in.b); NEXT();
    CASE(LIST_TO_TUPLE): UNARY(PyList_AsTuple(R(in.b)));
    CASE(FORMAT_VALUE): UNARY(kr_vm_format(R(in.b), in.c, NULL));
    CASE(FORMAT_WITH_SPEC): BINARY(PyObject_Format(R(in.b), R(in.c)));
    CASE(CONVERT_VALUE): UNARY(kr_vm_convert(R(in.b), in.c));

    CASE(CALL): ADAPT(kr_specialize_call, &REG(in.b), in.c + (REG(in.b + 1) != NULL));
    CASE(CALL_KW):
    body_CALL: {
        const KrInstr call = in;
        bool kw = call.op == KR_OP_CALL_KW;
        PyObject *kwnames = kw ? consts[pc->a & KR_REG_MASK] : NULL, **base = &REG(call.b);
        if (!base[1] && Py_IS_TYPE(base[0], &PyMethod_Type)) {
            PyMethodObject *m = (PyMethodObject *)base[0];
            base[1] = Py_NewRef(m->im_self);
            base[0] = Py_NewRef(m->im_func);
            Py_DECREF(m);
        }
        PyObject **args = base + (base[1] ? 1 : 2);
        Py_ssize_t total = call.c + (base[1] != NULL), nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
        if (kw) f->pc = ++pc;
        if (PyFunction_Check(base[0]) && ((PyFunctionObject *)base[0])->vectorcall == _PyFunction_Vectorcall &&
            !(((KrCode *)((PyFunctionObject *)base[0])->func_code)->base.co_flags & KR_CODE_MAKES_GENERATOR)) {
            POLL();
            CHECK(kr_recursion_enter(t));
            PyFunctionObject *func = (PyFunctionObject *)base[0];
            base[0] = NULL;
            KrFrame *callee = push_call(t, func, args, total - nkw, kwnames, KR_CONT_STORE, f->owner != KR_FRAME_ON_STACK);
            if (!callee) {
                kr_recursion_leave(t);
                goto error;
            }
            f = callee;
            LOAD_FRAME();
            NEXT();
        }
        v = TRACED() ? kr_trace_c_call(t, base[0], args, (size_t)(total - nkw) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames)
                     : PyObject_Vectorcall(base[0], args, (size_t)(total - nkw) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
        SYNC_TRACING();
        for (Py_ssize_t i = 0; i < call.c + 2; i++) Py_CLEAR(base[i]);
        if (!v) goto error;
        SET(call.a, v);
        POLL();                 /* a signal that came while C code waited is handled here */
        NEXT();
    }
    CASE(CALL_EX): {
        PyObject **base = &REG(in.b);
        v = TRACED() ? kr_trace_c_call_ex(t, base[0], base[2], in.c ? base[3] : NULL) : kr_vm_call_ex(base[0], base[2], in.c ? base[3] : NULL);
        SYNC_TRACING();
        Py_CLEAR(base[0]);
        Py_CLEAR(base[2]);
        if (in.c) Py_CLEAR(base[3]);
        if (!v) goto error;
        SET(in.a, v);
        NEXT();
    }
    CASE(MAKE_FUNCTION): {
        PyObject **at = &REG(in.b), **part[4] = {NULL};
        for (int i = 0; i < 4; i++)
            if (in.c & 1 << i) part[i] = at++;
        PyFunctionObject *func = (PyFunctionObject *)PyFunction_New(*at, f->globals);
        if (!func) goto error;
        Py_CLEAR(*at);
        PyObject **field[4] = {&func->func_defaults, &func->func_kwdefaults, &func->func_annotations, &func->func_closure};
        for (int i = 0; i < 4; i++)
            if (part[i]) {
                Py_XSETREF(*field[i], *part[i]);
                *part[i] = NULL;
            }
        SET(in.a, (PyObject *)func);
        NEXT();
    }
    CASE(LOAD_BUILD_CLASS): {
        v = PyDict_CheckExact(f->builtins) ? Py_XNewRef(PyDict_GetItemWithError(f->builtins, KR_STR(__build_class__))) : PyObject_GetItem(f->builtins, KR_STR(__build_class__));
        if (!v) {
            if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_SetString(PyExc_NameError, "__build_class__ not found");
            goto error;
        }
        SET(in.a, v);
        NEXT();
    }
    CASE(RETURN): {
        v = Py_NewRef(R(in.a));
        DONE(in.a);
        if (TRACED() && kr_trace_exit(t, f, v) < 0) {
            Py_DECREF(v);
            goto error;
        }
        if (KR_LIKELY(f->cont == KR_CONT_STORE)) {
            pop_frame(t, f, f->code->temp_base);
            f = t->vm.frame;
            LOAD_FRAME();
            if (KR_UNLIKELY(in.op == KR_OP_DATA)) SET(pc[-2].a, v);
            else SET(in.a, v);
            NEXT();
        }
        switch (f->cont) {
        case KR_CONT_INIT:
            w = f->init_self;
            f->init_self = NULL;
            pop_frame(t, f, f->code->temp_base);
            f = t->vm.frame;
            LOAD_FRAME();
            if (KR_UNLIKELY(v != Py_None)) {
                PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'", Py_TYPE(v)->tp_name);
                Py_DECREF(v);
                Py_DECREF(w);
                goto error;
            }
            Py_DECREF(v);
            SET(in.a, w);
            NEXT();
        case KR_CONT_FOR_ITER:
            kr_gen_finish(t, kr_frame_gen(f));
            Py_DECREF(v);
            f = t->vm.frame;
            LOAD_FRAME();
            Py_CLEAR(REG(in.b));
            NEXT();
        case KR_CONT_SEND:
            kr_gen_finish(t, kr_frame_gen(f));
            f = t->vm.frame;
            LOAD_FRAME();
            REG(in.a) = v;
            Py_CLEAR(REG(in.b));
            NEXT();
        default:
            if (f->owner == KR_FRAME_ON_STACK) pop_frame(t, f, f->code->temp_base);
            else kr_gen_finish(t, kr_frame_gen(f));
            return v;
        }
    }

    /* goes on in the generator frame f with the value sent to it. A signal is handled where a body goes on, not where it only
     * passes a value on to an inner generator */
#define RESUME_GENERATOR(value) do { \
        bool at_yield_ = f->pc != f->code->instrs && f->pc[-1].op == KR_OP_YIELD; \
        kr_gen_deliver(f, value); \
        LOAD_FRAME(); \
        if (at_yield_) POLL(); \
        NEXT(); \
    } while (0)
    /* generators: the frame lies in the generator object. It was entered from C, or by a FOR_ITER or YIELD_FROM of this loop */
    CASE(YIELD):
        v = Py_NewRef(R(in.b));
        DONE(in.b);
        if (TRACED() && kr_trace_exit(t, f, v) < 0) {
            Py_DECREF(v);
            goto error;
        }
        if (in.c && !(v = kr_asyncgen_wrap(v))) goto error;
    yielded:
        n = f->cont;
        kr_gen_leave(t, kr_frame_gen(f), KR_GEN_SUSPENDED);
        if (n == KR_CONT_ENTRY) return v;
        f = t->vm.frame;
        LOAD_FRAME();
        if (n == KR_CONT_SEND) {    /* a YIELD_FROM waits here: it yields the value on */
            if (TRACED() && kr_trace_exit(t, f, v) < 0) {
                Py_DECREF(v);
                goto error;
            }
            goto yielded;
        }
        SET(in.a, v);
        pc++;
        NEXT();
    CASE(YIELD_FROM): {
        PyObject *received = REG(in.a);
        PyGenObject *inner = (PyGenObject *)REG(in.b);
        if ((Py_IS_TYPE(inner, &PyCoro_Type) || Py_IS_TYPE(inner, &PyGen_Type)) && !TRACED() &&
            (inner->gi_frame_state == KR_GEN_SUSPENDED || (inner->gi_frame_state == KR_GEN_CREATED && received == Py_None))) {
            CHECK(kr_gen_enter(t, inner, KR_CONT_SEND));
            REG(in.a) = NULL;
            f = kr_gen_frame(inner);
            RESUME_GENERATOR(received);
        }
        PyObject *result;       /* v stays in a machine register: its address is never taken */
        PySendResult how = TRACED() ? kr_trace_send(t, f, REG(in.b), received, &result) : PyIter_Send(REG(in.b), received, &result);
        if (how == PYGEN_ERROR) goto error;
        v = result;
        Py_CLEAR(REG(in.a));
        if (how == PYGEN_NEXT) {
            if (TRACED() && kr_trace_exit(t, f, v) < 0) {
                Py_DECREF(v);
                goto error;
            }
            goto yielded;
        }
        REG(in.a) = v;
        Py_CLEAR(REG(in.b));
        NEXT();
    }
    CASE(GET_YIELD_FROM_ITER): UNARY(kr_gen_yield_from_iter(f, R(in.b)));
    CASE(GET_AWAITABLE): UNARY(kr_coro_get_awaitable(R(in.b), in.c));

    CASE(RAISE): {
        PyObject *exc = in.c > 0 ? Py_NewRef(R(in.a)) : NULL, *cause = in.c > 1 ? Py_NewRef(R(in.b)) : NULL;
        if (in.c > 0) DONE(in.a);
        if (in.c > 1) DONE(in.b);
        kr_vm_raise(exc, cause);
        if (!exc && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_RuntimeError)) goto unwind;
        goto error;
    }
    CASE(RERAISE):
        v = Py_NewRef(R(in.a));
        DONE(in.a);
        if (in.c) {             /* the line is that of the first raise, the handler that of this instruction */
            f->pc = f->code->instrs + PyLong_AsLong(R(in.b)) + 1;
            DONE(in.b);
        }
        PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(v)), v, PyException_GetTraceback(v));
        goto unwind_here;
    CASE(PUSH_EXC_INFO): {
        _PyErr_StackItem *info = t->base.exc_info;
        v = REG(in.a);
        REG(in.a + 1) = v;
        REG(in.a) = info->exc_value ? info->exc_value : Py_NewRef(Py_None);
        info->exc_value = Py_NewRef(v);
        NEXT();
    }
    CASE(POP_EXCEPT): {
        _PyErr_StackItem *info = t->base.exc_info;
        w = info->exc_value;
        info->exc_value = REG(in.a);
        REG(in.a) = NULL;
        Py_XDECREF(w);
        Py_CLEAR(REG(in.a + 1));
        NEXT();
    }
    CASE(CHECK_EXC_MATCH):
        if ((n = kr_vm_exc_matches(R(in.b), R(in.c))) < 0) goto error;
        DONE(in.c);
        SET(in.a, Py_NewRef(n ? Py_True : Py_False));
        NEXT();
    CASE(CHECK_EG_MATCH): {
        PyObject *match, *rest;
        CHECK(kr_vm_split_group(R(in.b), R(in.c), &match, &rest));
        DONE(in.b);
        DONE(in.c);
        if (match != Py_None) PyErr_SetHandledException(match);
        REG(in.a) = rest;
        REG(in.a + 1) = match;
        NEXT();
    }
    CASE(PREP_RERAISE_STAR): BINARY(kr_exception_group_reraise(R(in.b), R(in.c)));
    CASE(LOAD_ASSERTION_ERROR): SET(in.a, Py_NewRef(PyExc_AssertionError)); NEXT();
    CASE(BEFORE_WITH):
    CASE(BEFORE_ASYNC_WITH): {
        PyObject *exit, *entered;
        CHECK(kr_vm_enter_with(R(in.b), in.op == KR_OP_BEFORE_ASYNC_WITH, &exit, &entered));
        DONE(in.b);
        REG(in.a) = exit;
        REG(in.a + 1) = entered;
        NEXT();
    }
    CASE(WITH_EXCEPT_START): {
        PyObject *exc = R(in.c), *tb = PyException_GetTraceback(exc), *args[] = {(PyObject *)Py_TYPE(exc), exc, tb ? tb : Py_None};
        v = PyObject_Vectorcall(R(in.b), args, 3, NULL);
        Py_XDECREF(tb);
        if (!v) goto error;
        SET(in.a, v);
        NEXT();
    }

    CASE(IMPORT_NAME):
        if (!(v = kr_vm_import_name(f, NAME(in.c), REG(in.b + 1), REG(in.b)))) goto error;
        Py_CLEAR(REG(in.b));
        Py_CLEAR(REG(in.b + 1));
        SET(in.a, v);
        NEXT();
    CASE(IMPORT_FROM): STORE_RESULT(kr_vm_import_from(R(in.b), NAME(in.c)));
    CASE(IMPORT_STAR): CHECK(kr_vm_import_star(f, R(in.a))); DONE(in.a); NEXT();
    CASE(GET_LEN): {
        Py_ssize_t size = PyObject_Size(R(in.b));
        if (size < 0) goto error;
        STORE_RESULT(PyLong_FromSsize_t(size));
    }
    CASE(MATCH_SEQUENCE): SET(in.a, Py_NewRef(Py_TYPE(R(in.b))->tp_flags & Py_TPFLAGS_SEQUENCE ? Py_True : Py_False)); NEXT();
    CASE(MATCH_MAPPING): SET(in.a, Py_NewRef(Py_TYPE(R(in.b))->tp_flags & Py_TPFLAGS_MAPPING ? Py_True : Py_False)); NEXT();
    CASE(MATCH_KEYS): BINARY(kr_vm_match_keys(R(in.b), R(in.c)));
    CASE(MATCH_CLASS): {
        uint16_t subject = pc->a;
        v = kr_vm_match_class(R(subject), REG(in.b), in.c, REG(in.b + 1));
        if (!v) goto error;
        DONE(subject);
        Py_CLEAR(REG(in.b));
        Py_CLEAR(REG(in.b + 1));
        SET(in.a, v);
        pc++;
        NEXT();
    }
    CASE(PRINT_EXPR): {
        PyObject *hook = PySys_GetObject("displayhook");
        if (!hook) {
            PyErr_SetString(PyExc_RuntimeError, "lost sys.displayhook");
            goto error;
        }
        Py_INCREF(hook);
        v = PyObject_CallOneArg(hook, R(in.a));
        Py_DECREF(hook);
        if (!v) goto error;
        Py_DECREF(v);
        DONE(in.a);
        NEXT();
    }

#include "vm/loop/call.h"
#include "vm/loop/attr.h"
#include "vm/loop/iter.h"
#include "vm/loop/number.h"

error: {
    PyFrameObject *o = kr_frame_object(f);
    if (o) PyTraceBack_Here(o);
    if (TRACED()) kr_trace_exception(t, f);
}
unwind:
    pc = f->pc;
unwind_here:
    for (;;) {
        const KrExcEntry *entry = find_handler(f->code, (uint32_t)(pc - 1 - f->code->instrs));
        if (entry) {
            int base = f->code->temp_base + entry->depth;
            for (int i = base; i < f->code->nregs; i++) Py_CLEAR(f->regs[i]);
            regs = f->regs;
            PyObject *exc = take_exception();
            if (entry->lasti) {
                /* an exception here leaves none of the handler's registers set: it goes to the next handler out */
                regs[base] = PyLong_FromLong((long)(f->pc - 1 - f->code->instrs));
                regs[base + 1] = exc;
            } else {
                regs[base] = exc;
            }
            f->pc = f->code->instrs + entry->handler;
            LOAD_FRAME();
            NEXT();
        }
        bool leave = f->cont == KR_CONT_ENTRY;
        if (TRACED()) kr_trace_exit(t, f, NULL);
        if (f->owner == KR_FRAME_ON_STACK) {
            if (KR_UNLIKELY(f->init_self != NULL)) Py_CLEAR(f->init_self);
            pop_frame(t, f, f->code->nregs);
        } else {
            kr_gen_finish_error(t, kr_frame_gen(f));
        }
        if (leave) return NULL;
        f = t->vm.frame;
        LOAD_FRAME();
        goto error;
    }
}

/* ------------------------------------------------------------------ entries from C */

PyObject *_PyFunction_Vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyFunctionObject *func = (PyFunctionObject *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    Py_INCREF(func);
    if (!(((KrCode *)func->func_code)->base.co_flags & KR_CODE_MAKES_GENERATOR)) return run_function(kr_thread(), func, args, nargs, kwnames, NULL);
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0);
    PyObject **owned = PyMem_Malloc((given + 1) * sizeof *owned);
    if (!owned) {
        Py_DECREF(func);
        return PyErr_NoMemory();
    }
    for (size_t i = 0; i < given; i++) owned[i] = Py_NewRef(args[i]);
    PyObject *r = kr_gen_from_call(kr_thread(), func, owned, nargs, kwnames);
    PyMem_Free(owned);
    return r;
}

/* Runs func, which is taken over, without arguments over locals; a coroutine (a module with `await` in it) is only made. */
static PyObject *run_in(PyFunctionObject *func, PyObject *locals) {
    if (!(((KrCode *)func->func_code)->base.co_flags & KR_CODE_MAKES_GENERATOR)) return run_function(kr_thread(), func, NULL, 0, NULL, locals);
    PyObject *g = kr_gen_from_call(kr_thread(), func, NULL, 0, NULL);
    if (g) Py_XSETREF(kr_gen_frame((PyGenObject *)g)->locals, Py_XNewRef(locals));
    return g;
}
PyObject *kr_eval_code_closure(PyObject *code, PyObject *globals, PyObject *locals, PyObject *closure) {
    PyFunctionObject *func = (PyFunctionObject *)PyFunction_New(code, globals);
    if (!func) return NULL;
    Py_XSETREF(func->func_closure, Py_XNewRef(closure));
    return run_in(func, locals);
}
PyObject *kr_eval_code(PyObject *code, PyObject *globals, PyObject *locals) { return kr_eval_code_closure(code, globals, locals ? locals : globals, NULL); }
PyObject *PyEval_EvalCode(PyObject *code, PyObject *globals, PyObject *locals) { return kr_eval_code(code, globals, locals); }
PyObject *kr_eval_function_in(PyObject *func, PyObject *locals) {
    Py_INCREF(func);
    return run_in((PyFunctionObject *)func, locals);
}
