/* eval.c - the interpreter loop's tables, what is common to its handlers, and how C code enters it.
 *
 * vm/loop.h says how the loop is made. A Python function called by an instruction gets its frame pushed and the loop goes on there; the value it returns
 * comes back by f->cont. Everything else recurses through the C API. While the thread traces, only generic bodies run.
 */
#include "vm/loop.h"
#include "vm/generator.h"

/* ------------------------------------------------------------------ tables */

const struct KrDispatch kr_dispatch_plain = {{
#define KR_OP(name, a, b, c, flags) [KR_OP_##name] = kr_op_##name,
#define KR_SPECIAL(name, generic) [KR_OP_##name] = kr_op_##name,
#include "compile/opcodes.def"
}};
/* The generic body behind each special form. */
static const struct KrDispatch bodies = {{
#define KR_SPECIAL(name, generic) [KR_OP_##name] = kr_body_##generic,
#include "compile/opcodes.def"
}};

static PyObject *trace_instruction(KR_LOOP_PARAMS) {
    if (in.op != KR_OP_DATA && kr_tracing(t)) {
        SAVE();
        CHECK(in.op == KR_OP_RESUME ? kr_trace_entry(t, f) : kr_trace_instruction(t, f));
    }
    KR_TAIL kr_dispatch_plain.op[kr_op_generic[in.op]](KR_LOOP_ARGS);
}
const struct KrDispatch kr_dispatch_trace = {{[0 ... KR_OP_COUNT - 1] = trace_instruction}};

static PyObject *count_instruction(KR_LOOP_PARAMS) {
    KrOpStats *stats = t->base.interp->vm.op_stats;
    stats->ran[in.op]++;
    stats->pairs[stats->last][in.op]++;
    stats->last = in.op;
    kr_opstats_note(stats, f, in);
    KR_TAIL kr_dispatch_plain.op[in.op](KR_LOOP_ARGS);
}
const struct KrDispatch kr_dispatch_count = {{[0 ... KR_OP_COUNT - 1] = count_instruction}};

/* ------------------------------------------------------------------ what handlers share */

PyObject *kr_loop_miss(KR_LOOP_PARAMS) {
    KrHandler *body = bodies.op[in.op];
    if (KR_UNLIKELY(dispatch == &kr_dispatch_count)) t->base.interp->vm.op_stats->missed[in.op]++;
    kr_special_miss(pc - 1, CACHE(), kr_op_generic[in.op]);
    KR_TAIL body(KR_LOOP_ARGS);
}
PyObject *kr_loop_poll(KR_LOOP_PARAMS) {
    SAVE();
    CHECK(kr_eval_poll(t));
    NEXT();
}
KrThread *kr_loop_dealloc(KrThread *t, PyObject *o) {
    _Py_Dealloc(o);
    return t;
}
static KR_NOINLINE PyObject *bury(KR_LOOP_PARAMS) {
    SAVE();
    _Py_Dealloc(t->vm.dying[0]);
    RELOAD();
    if (BREAKER()) GOTO(kr_loop_poll);
    NEXT();
}
PyObject *kr_loop_bury(KR_LOOP_PARAMS) {
    if (!kr_loop_free_number(t, t->vm.dying[0])) GOTO(bury);
    NEXT();
}
PyObject *kr_loop_bury_all(KR_LOOP_PARAMS) {
    SAVE();
    /* read first: what is destroyed may come back here */
    PyObject *x = t->vm.dying[0], *y = t->vm.dying[1], *z = t->vm.dying[2], *w = t->vm.dying[3];
    if (x) _Py_Dealloc(x);
    if (y) _Py_Dealloc(y);
    if (z) _Py_Dealloc(z);
    if (w) _Py_Dealloc(w);
    RELOAD();
    if (BREAKER()) GOTO(kr_loop_poll);
    NEXT();
}
KrThread *kr_loop_forget(KrThread *t, PyObject *x, PyObject *y, PyObject *z, PyObject *w) {
    Py_XDECREF(x);
    Py_XDECREF(y);
    Py_XDECREF(z);
    Py_XDECREF(w);
    return t;
}
KrThread *kr_loop_release(KrThread *t, PyObject **registers, int n) {
    for (int i = 0; i < n; i++) Py_CLEAR(registers[i]);
    return t;
}

/* ------------------------------------------------------------------ entries from C */

PyObject *kr_eval_frame(KrThread *t, KrFrame *f, int throwing) {
    const struct KrDispatch *dispatch = t->vm.dispatch;
    KrInstr *pc = f->pc;
    if (TRACED() && f->owner == KR_FRAME_IN_GENERATOR && (throwing || pc != f->code->instrs) && kr_trace_entry(t, f) < 0) ERROR();
    if (throwing) ERROR();
    pc = f->pc;
    dispatch = t->vm.dispatch;
    return dispatch->op[pc->op](t, f, f->regs, pc + 1, dispatch);
}

KrFrame *kr_frame_current(void) { return kr_frame_visible(kr_thread()->vm.frame); }

/* The same for the most frequent case, a warm function that takes just these arguments: true, and the call has been made. func is borrowed. */
KR_INLINE bool run_exactly(KrThread *t, PyFunctionObject *func, PyObject *const *args, Py_ssize_t nargs, PyObject **result) {
    KrCode *code = (KrCode *)func->func_code;
    PyObject **window = t->vm.reg_top;
    const struct KrDispatch *dispatch = t->vm.dispatch;
    if (!code->cache_bias || !(code->base.co_flags & CO_OPTIMIZED) || !kr_call_is_exact(code, nargs) || !CAN_PUSH(window, code) || TRACED() || kr_c_stack_low()) return false;
    for (Py_ssize_t i = 0; i < nargs; i++) window[i] = Py_NewRef(args[i]);
    KrFrame *f = (KrFrame *)t->vm.frame_top;
    t->base.recursion_remaining--;
    t->vm.frame_top = (char *)(f + 1);
    Py_INCREF(func);
    kr_frame_fill(t, f, func, code, window, KR_CONT_ENTRY, 0);
    KrInstr *pc = code->entry;
    f->pc = pc;
    *result = dispatch->op[pc->op](t, f, window, pc + 1, dispatch);
    return true;
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
        f = kr_loop_push(t, func, at, nargs, kwnames, KR_CONT_ENTRY, true);
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

PyObject *_PyFunction_Vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyFunctionObject *func = (PyFunctionObject *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!(((KrCode *)func->func_code)->base.co_flags & KR_CODE_MAKES_GENERATOR)) {
        KrThread *t = kr_thread();
        PyObject *result;
        if (!kwnames && run_exactly(t, func, args, nargs, &result)) return result;
        Py_INCREF(func);
        return run_function(t, func, args, nargs, kwnames, NULL);
    }
    Py_INCREF(func);
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
