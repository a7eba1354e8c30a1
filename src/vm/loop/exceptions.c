/* exceptions.c - handlers: raising, what except and with clauses do; and unwinding. */
#include "vm/loop.h"
#include "vm/generator.h"
#include "object/exceptions.h"

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
/* The frame's handler for the current exception at instruction `raised` - 1 gets it: true, and f->pc is where to go on. */
static KR_NOINLINE bool enter_handler(KrFrame *f, KrInstr *raised) {
    const KrExcEntry *entry = find_handler(f->code, (uint32_t)(raised - 1 - f->code->instrs));
    if (!entry) return false;
    int base = f->code->temp_base + entry->depth;
    for (int i = base; i < f->code->nregs; i++) Py_CLEAR(f->regs[i]);
    PyObject *exc = take_exception();
    if (entry->lasti) {
        if (!(f->regs[base] = PyLong_FromLong((long)(f->pc - 1 - f->code->instrs)))) {
            PyErr_Clear();
            f->regs[base] = PyLong_FromLong(-1);    /* not known, for want of memory; small numbers need none */
        }
        f->regs[base + 1] = exc;
    } else {
        f->regs[base] = exc;
    }
    f->pc = f->code->instrs + entry->handler;
    return true;
}
/* Adds the running frame to the traceback. */
static KR_NOINLINE void add_to_traceback(KrThread *t, KrFrame *f) {
    PyFrameObject *o = kr_frame_object(f);
    if (o) PyTraceBack_Here(o);
    if (KR_UNLIKELY(kr_tracing(t))) kr_trace_exception(t, f);
}
PyObject *kr_loop_unwind(KrThread *t, KrInstr *raised) {
    KrFrame *f = t->vm.frame;
    while (!enter_handler(f, raised)) {
        bool leave = f->cont == KR_CONT_ENTRY;
        if (KR_UNLIKELY(kr_tracing(t))) kr_trace_exit(t, f, NULL);
        if (f->owner == KR_FRAME_ON_STACK) {
            if (KR_UNLIKELY(f->cont == KR_CONT_INIT)) Py_CLEAR(f->init_self);
            kr_frame_release(f, f->code->nregs);
            kr_frame_pop(t, f);
        } else {
            kr_gen_finish_error(t, kr_frame_gen(f));
        }
        if (leave) return NULL;
        f = t->vm.frame;
        add_to_traceback(t, f);
        raised = f->pc;
    }
    const struct KrDispatch *dispatch = t->vm.dispatch;
    KrInstr *pc = f->pc;
    return dispatch->op[pc->op](t, f, f->regs, pc + 1, dispatch);
}
PyObject *kr_loop_error(KrThread *t) {
    add_to_traceback(t, t->vm.frame);
    return kr_loop_unwind(t, t->vm.frame->pc);
}

/* ------------------------------------------------------------------ raising and handling */

OP(RAISE) {
    SAVE();
    PyObject *exc = in.c > 0 ? OWN(in.a) : NULL, *cause = in.c > 1 ? OWN(in.b) : NULL;
    bool again = exc == NULL;
    kr_vm_raise(exc, cause);
    RELOAD();
    if (again && PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_RuntimeError)) return kr_loop_unwind(t, f->pc);
    ERROR();
}
OP(RERAISE) {
    SAVE();
    PyObject *v = OWN(in.a);
    if (in.c) {             /* the line is that of the first raise, the handler that of this instruction */
        long at = PyLong_AsLong(R(in.b));
        if (at >= 0) f->pc = f->code->instrs + at + 1;
        if (CONSUMED(in.b)) Py_CLEAR(REG(in.b));
    }
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(v)), v, PyException_GetTraceback(v));
    return kr_loop_unwind(t, pc);
}
OP(PUSH_EXC_INFO) {
    _PyErr_StackItem *info = t->base.exc_info;
    PyObject *v = REG(in.a);
    REG(in.a + 1) = v;
    REG(in.a) = info->exc_value ? info->exc_value : Py_NewRef(Py_None);
    info->exc_value = Py_NewRef(v);
    NEXT();
}
OP(POP_EXCEPT) {
    _PyErr_StackItem *info = t->base.exc_info;
    PyObject *handled = info->exc_value;
    info->exc_value = kr_reg_take(&REG(in.a));
    XRELEASE(handled);
    CLEAR(&REG(in.a + 1));
    NEXT();
}
OP(CHECK_EXC_MATCH) {
    SAVE();
    int n = (PyObject *)Py_TYPE(R(in.b)) == R(in.c) ? 1 : kr_vm_exc_matches(R(in.b), R(in.c));
    RELOAD();
    if (n < 0) ERROR();
    STORE_TRUTH(n, NULL, TAKE(in.c));
}
/* Splits operand b by type c into register a (the rest, or None) and a + 1 (what matches, or None), releasing both. */
static KR_NOINLINE int check_group(KrFrame *f, KrInstr i) {
    PyObject **regs = f->regs, *match, *rest;
    if (kr_vm_split_group(R(i.b), R(i.c), &match, &rest) < 0) return -1;
    if (CONSUMED(i.b)) Py_CLEAR(REG(i.b));
    if (CONSUMED(i.c)) Py_CLEAR(REG(i.c));
    if (match != Py_None) PyErr_SetHandledException(match);
    REG(i.a) = rest;
    REG(i.a + 1) = match;
    return 0;
}
OP(CHECK_EG_MATCH) { SAVE(); CHECK(check_group(f, in)); NEXT(); }
OP(PREP_RERAISE_STAR) { SAVE(); BINARY(kr_exception_group_reraise(R(in.b), R(in.c))); }
OP(LOAD_ASSERTION_ERROR) { SET(in.a, Py_NewRef(PyExc_AssertionError)); NEXT(); }
/* Enters the context manager in operand b, which is released: register a = its bound exit method, a + 1 = what its enter method gave. */
static KR_NOINLINE int enter_with(KrFrame *f, KrInstr i, bool is_async) {
    PyObject **regs = f->regs, *exit, *entered;
    if (kr_vm_enter_with(R(i.b), is_async, &exit, &entered) < 0) return -1;
    if (CONSUMED(i.b)) Py_CLEAR(REG(i.b));
    REG(i.a) = exit;
    REG(i.a + 1) = entered;
    return 0;
}
OP(BEFORE_WITH) { SAVE(); CHECK(enter_with(f, in, false)); NEXT(); }
OP(BEFORE_ASYNC_WITH) { SAVE(); CHECK(enter_with(f, in, true)); NEXT(); }
OP(WITH_EXCEPT_START) { SAVE(); STORE_RESULT(kr_vm_exit_with(R(in.b), R(in.c))); }
