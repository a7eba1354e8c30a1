/* frame.c - frame objects: what Python sees of an activation, made when somebody asks.
 *
 * While the activation runs, object->frame points to the running KrFrame and its fields are read there. When the activation
 * ends first, kr_frame_detach moves its state into object->own and its registers into object->regs; object->frame then points to own.
 * A reference cycle through regs is broken by tp_clear. f_lasti counts 2 for an instruction and is -1 before the first,
 * 0 in a generator.
 */
#include "vm/generator.h"
#include "memory/gc.h"
#include "vm/trace.h"
#include <frameobject.h>

struct _frame {
    PyObject_HEAD
    KrFrame *frame;
    PyFrameObject *back;        /* once detached: the caller's object, if it was wanted too */
    PyObject *trace;            /* local trace function */
    PyObject *locals_snapshot;  /* f_locals of a function: filled by FastToLocals */
    char trace_lines, trace_opcodes, detached;
    char locals_shown;          /* f_locals has been asked for since PyFrame_LocalsToFast: what a trace function did to it is to be copied back */
    KrFrame own;
    PyObject **regs;
};

PyFrameObject *kr_frame_object(KrFrame *f) {
    if (f->object) return f->object;
    PyFrameObject *o = PyObject_GC_New(PyFrameObject, &PyFrame_Type);
    if (!o) return NULL;
    o->frame = f;
    o->back = NULL;
    o->trace = o->locals_snapshot = NULL;
    o->trace_lines = 1;
    o->locals_shown = 0;
    o->trace_opcodes = o->detached = 0;
    o->regs = NULL;
    if (KR_UNLIKELY(f->object != NULL)) {       /* the allocation ran the collector, and that code which asked for the same */
        Py_DECREF(o);
        return f->object;
    }
    f->object = o;
    f->flags |= KR_FRAME_SEEN;
    PyObject_GC_Track(o);
    return o;
}

PyObject *PyFrame_GetGenerator(PyFrameObject *o) {
    return o->frame->owner == KR_FRAME_IN_GENERATOR ? Py_NewRef((PyObject *)kr_frame_gen(o->frame)) : NULL;
}
PyFrameObject *PyFrame_New(PyThreadState *ts, PyCodeObject *code, PyObject *globals, PyObject *locals) {
    PyObject *func = kr_code_ready((KrCode *)code) < 0 ? NULL : PyFunction_New((PyObject *)code, globals);
    KrFrame *caller = kr_frame_visible(((KrThread *)ts)->vm.frame);
    if (!func) return NULL;
    KrFrame f = {.code = (KrCode *)code, .func = (PyFunctionObject *)func, .locals = Py_XNewRef(locals), .pc = ((KrCode *)code)->instrs,
                 .globals = ((PyFunctionObject *)func)->func_globals, .builtins = ((PyFunctionObject *)func)->func_builtins, .owner = KR_FRAME_IN_OBJECT, .trace_prev = -1};
    PyFrameObject *o = kr_frame_object(&f);
    if (o) {
        o->own = f;
        o->own.object = NULL;
        Py_INCREF(code);
        o->regs = PyMem_Calloc((size_t)code->co_nlocalsplus + 1, sizeof *o->regs);
        o->own.regs = o->regs;
        o->frame = &o->own;
        o->detached = 1;
        if (caller && kr_frame_object(caller)) o->back = (PyFrameObject *)Py_NewRef((PyObject *)caller->object);
        if (!o->regs) {
            Py_DECREF(o);
            PyErr_NoMemory();
            return NULL;
        }
    } else {
        Py_DECREF(func);
        Py_XDECREF(locals);
    }
    return o;
}

/* Runs the code of a frame that PyFrame_New made, with what its locals hold; it runs in an activation of its own. */
PyObject *PyEval_EvalFrameEx(PyFrameObject *o, int throwing) {
    KrCode *c = o->frame->code;
    if (!o->detached || o->own.pc != c->instrs) {
        PyErr_SetString(PyExc_RuntimeError, "the frame has been run already");
        return NULL;
    }
    if (throwing) {
        PyTraceBack_Here(o);
        return NULL;
    }
    o->own.pc++;
    if (!(c->base.co_flags & CO_OPTIMIZED)) return kr_eval_function_in((PyObject *)o->own.func, o->own.locals ? o->own.locals : o->own.globals);
    Py_ssize_t n = 0;
    while (n < c->base.co_argcount && o->regs[n]) n++;
    return _PyFunction_Vectorcall((PyObject *)o->own.func, o->regs, (size_t)n, NULL);
}

int kr_frame_detach(KrFrame *f) {
    PyFrameObject *o = f->object;
    int n = f->code->base.co_nlocalsplus, rc = 0;
    o->own = *f;
    o->own.object = NULL;
    o->own.init_self = NULL;
    o->own.owner = KR_FRAME_IN_OBJECT;
    o->own.previous = NULL;
    Py_INCREF(o->own.code);
    Py_XINCREF(o->own.func);
    Py_XINCREF(o->own.locals);
    o->regs = PyMem_Calloc((size_t)n + 1, sizeof *o->regs);
    if (o->regs) {
        for (int i = 0; i < n; i++) {
            o->regs[i] = f->regs[i];
            f->regs[i] = NULL;
        }
    } else {
        PyErr_NoMemory();
        rc = -1;
    }
    o->own.regs = o->regs;
    KrFrame *caller = kr_frame_visible(f->previous);
    if (caller) {
        PyFrameObject *back = kr_frame_object(caller);
        if (back) o->back = (PyFrameObject *)Py_NewRef((PyObject *)back);
        else rc = -1;
    }
    o->frame = &o->own;
    o->detached = 1;
    return rc;
}

static void drop_registers(PyFrameObject *o) {
    if (!o->detached || !o->regs) return;
    for (int i = 0; i < o->own.code->base.co_nlocalsplus; i++) Py_CLEAR(o->regs[i]);
}
static int frame_traverse(PyFrameObject *o, visitproc visit, void *arg) {
    Py_VISIT((PyObject *)o->back);
    Py_VISIT(o->trace);
    Py_VISIT(o->locals_snapshot);
    if (o->detached) {
        Py_VISIT(o->own.func);
        Py_VISIT(o->own.locals);
        for (int i = 0; o->regs && i < o->own.code->base.co_nlocalsplus; i++) Py_VISIT(o->regs[i]);
    }
    return 0;
}
static int frame_tp_clear(PyFrameObject *o) {
    Py_CLEAR(o->trace);
    Py_CLEAR(o->locals_snapshot);
    drop_registers(o);
    return 0;
}
static void frame_dealloc(PyFrameObject *o) {
    PyObject_GC_UnTrack(o);
    KR_TRASHCAN_BEGIN(o, frame_dealloc);
    Py_CLEAR(o->back);
    frame_tp_clear(o);
    if (o->detached) {
        PyMem_Free(o->regs);
        Py_CLEAR(o->own.code);
        Py_CLEAR(o->own.func);
        Py_CLEAR(o->own.locals);
    }
    PyObject_GC_Del(o);
    KR_TRASHCAN_END
}

/* ------------------------------------------------------------------ locals */

/* The value of register i: a cell's contents for cell and free variables that are cells already; before the frame has begun, free variables are in
 * the function's closure. Borrowed, NULL if unbound. */
static PyObject *local_value(KrFrame *f, int i) {
    PyObject *v = f->regs ? f->regs[i] : NULL;
    char kind = PyBytes_AS_STRING(f->code->base.co_localspluskinds)[i];
    int free = i - (f->code->base.co_nlocalsplus - f->code->base.co_nfreevars);
    if (!v && (kind & 0x80) && f->pc == f->code->instrs && f->func && f->func->func_closure && free < PyTuple_GET_SIZE(f->func->func_closure))
        v = PyTuple_GET_ITEM(f->func->func_closure, free);
    return v && (kind & 0xc0) && PyCell_Check(v) ? PyCell_GET(v) : v;
}
/* Brings the mapping of f_locals up to date. */
static int fast_to_locals(PyFrameObject *o) {
    KrFrame *f = o->frame;
    PyObject *d = f->locals;
    KrCode *c = f->code;
    if (!d) {
        if (!o->locals_snapshot && !(o->locals_snapshot = PyDict_New())) return -1;
        d = o->locals_snapshot;
    }
    for (int i = 0; i < c->base.co_nlocalsplus; i++) {
        char kind = PyBytes_AS_STRING(c->base.co_localspluskinds)[i];
        if ((kind & 0x80) && !(c->base.co_flags & CO_OPTIMIZED)) continue; /* a class body's free variables are not its locals */
        PyObject *name = PyTuple_GET_ITEM(c->base.co_localsplusnames, i), *v = local_value(f, i);
        if (v) {
            if (PyObject_SetItem(d, name, v) < 0) return -1;
        } else if (PyObject_DelItem(d, name) < 0) {
            if (!PyErr_ExceptionMatches(PyExc_KeyError)) return -1;
            PyErr_Clear();
        }
    }
    return 0;
}
int PyFrame_FastToLocalsWithError(PyFrameObject *o) {
    int r = fast_to_locals(o);
    if (r == 0) o->locals_shown = 1;
    return r;
}
void PyFrame_FastToLocals(PyFrameObject *o) {
    if (PyFrame_FastToLocalsWithError(o) < 0) PyErr_Clear();
}
void PyFrame_LocalsToFast(PyFrameObject *o, int clear) {
    KrFrame *f = o->frame;
    PyObject *d = f->locals ? f->locals : o->locals_snapshot;
    KrCode *c = f->code;
    if (!o->locals_shown || !d || !f->regs) return;
    o->locals_shown = 0;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    for (int i = 0; i < c->base.co_nlocalsplus; i++) {
        char kind = PyBytes_AS_STRING(c->base.co_localspluskinds)[i];
        if ((kind & 0x80) && !(c->base.co_flags & CO_OPTIMIZED)) continue;
        PyObject *value = PyObject_GetItem(d, PyTuple_GET_ITEM(c->base.co_localsplusnames, i)), *old = f->regs[i];
        if (!value) {
            PyErr_Clear();
            if (!clear) continue;
        }
        if (old && (kind & 0xc0) && PyCell_Check(old)) {
            if (value != PyCell_GET(old)) PyCell_Set(old, value);
            Py_XDECREF(value);
        } else {
            f->regs[i] = value;
            Py_XDECREF(old);
        }
    }
    PyErr_Restore(t, v, tb);
}
PyObject *PyFrame_GetLocals(PyFrameObject *o) {
    if (PyFrame_FastToLocalsWithError(o) < 0) return NULL;
    return Py_NewRef(o->frame->locals ? o->frame->locals : o->locals_snapshot);
}
PyObject *PyEval_GetLocals(void) {
    KrFrame *f = kr_frame_current();
    if (!f) {
        PyErr_SetString(PyExc_SystemError, "frame does not exist");
        return NULL;
    }
    PyFrameObject *o = kr_frame_object(f);
    if (!o || fast_to_locals(o) < 0) return NULL;
    return f->locals ? f->locals : o->locals_snapshot;
}
PyObject *PyEval_GetGlobals(void) {
    KrFrame *f = kr_frame_current();
    return f ? f->globals : NULL;
}
PyObject *PyEval_GetBuiltins(void) {
    KrFrame *f = kr_frame_current();
    return f ? f->builtins : kr_interp()->builtins;
}
PyFrameObject *PyEval_GetFrame(void) {
    KrFrame *f = kr_frame_current();
    return f ? kr_frame_object(f) : NULL;
}

int kr_frame_super_args(PyTypeObject **type, PyObject **self) {
    KrFrame *f = kr_frame_current();
    const char *why = NULL;
    PyObject *first = NULL, *cell = NULL;
    if (!f) {
        PyErr_SetString(PyExc_RuntimeError, "super(): no current frame");
        return -1;
    }
    KrCode *c = f->code;
    if (c->base.co_argcount == 0) why = "super(): no arguments";
    else if (!(first = local_value(f, 0))) why = "super(): arg[0] deleted";
    for (int i = c->base.co_nlocalsplus - c->base.co_nfreevars; !why && i < c->base.co_nlocalsplus; i++)
        if (_PyUnicode_EQ(PyTuple_GET_ITEM(c->base.co_localsplusnames, i), KR_STR(__class__))) cell = f->regs[i];
    if (!why && (!cell || !PyCell_Check(cell))) why = "super(): __class__ cell not found";
    if (!why && !PyCell_GET(cell)) why = "super(): empty __class__ cell";
    if (why) {
        PyErr_SetString(PyExc_RuntimeError, why);
        return -1;
    }
    if (!PyType_Check(PyCell_GET(cell))) {
        PyErr_Format(PyExc_RuntimeError, "super(): __class__ is not a type (%s)", Py_TYPE(PyCell_GET(cell))->tp_name);
        return -1;
    }
    *type = (PyTypeObject *)PyCell_GET(cell);
    *self = first;
    return 0;
}

/* ------------------------------------------------------------------ C API and attributes */

/* Index of the instruction that runs, or ran last; -1 before the first. */
static int instruction_index(KrFrame *f) { return (int)(f->pc - f->code->instrs) - 1; }
int PyFrame_GetLasti(PyFrameObject *o) {
    int i = instruction_index(o->frame);
    return i < 0 ? -1 : 2 * i;
}
bool kr_frame_jumps(PyFrameObject *o) { return o->frame->trace_prev <= KR_TRACE_JUMP_PENDING; }
int PyFrame_GetLineNumber(PyFrameObject *o) {
    KrFrame *f = o->frame;
    int i = f->trace_prev <= KR_TRACE_JUMP_PENDING ? KR_TRACE_JUMP_PENDING - f->trace_prev : instruction_index(f);
    return i < 0 ? f->code->base.co_firstlineno : kr_code_line(f->code, (uint32_t)i);
}
PyCodeObject *PyFrame_GetCode(PyFrameObject *o) { return (PyCodeObject *)Py_NewRef((PyObject *)o->frame->code); }
PyObject *PyFrame_GetGlobals(PyFrameObject *o) { return Py_XNewRef(o->frame->globals); }
PyObject *PyFrame_GetBuiltins(PyFrameObject *o) { return Py_XNewRef(o->frame->builtins); }
PyFrameObject *PyFrame_GetBack(PyFrameObject *o) {
    if (o->detached) return (PyFrameObject *)Py_XNewRef((PyObject *)o->back);
    KrFrame *back = kr_frame_visible(o->frame->previous);
    return back ? (PyFrameObject *)Py_XNewRef((PyObject *)kr_frame_object(back)) : NULL;
}
int _PyFrame_IsEntryFrame(PyFrameObject *o) { return o->frame->cont == KR_CONT_ENTRY; }
PyObject *kr_frame_get_trace(PyFrameObject *o) { return Py_XNewRef(o->trace); }
bool kr_frame_traces_lines(PyFrameObject *o) { return o->trace_lines; }
bool kr_frame_traces_opcodes(PyFrameObject *o) { return o->trace_opcodes; }
void kr_frame_set_trace(PyFrameObject *o, PyObject *f) {
    Py_XINCREF(f);
    Py_XSETREF(o->trace, f);
}

static PyObject *get_back(PyFrameObject *o, void *ignored) {
    PyObject *b = (PyObject *)PyFrame_GetBack(o);
    return b || PyErr_Occurred() ? b : Py_NewRef(Py_None);
}
static PyObject *get_locals(PyFrameObject *o, void *ignored) { return PyFrame_GetLocals(o); }
static PyObject *get_code(PyFrameObject *o, void *ignored) {
    return PySys_Audit("object.__getattr__", "Os", o, "f_code") < 0 ? NULL : (PyObject *)PyFrame_GetCode(o);
}
static PyObject *get_globals(PyFrameObject *o, void *ignored) { return PyFrame_GetGlobals(o); }
static PyObject *get_builtins(PyFrameObject *o, void *ignored) { return PyFrame_GetBuiltins(o); }
/* A generator's frame has begun when it exists: making the generator is its first instruction. */
static PyObject *get_lasti(PyFrameObject *o, void *ignored) {
    int at = PyFrame_GetLasti(o);
    return PyLong_FromLong(at < 0 && o->frame->owner == KR_FRAME_IN_GENERATOR ? 0 : at);
}
static PyObject *get_lineno(PyFrameObject *o, void *ignored) {
    int line = PyFrame_GetLineNumber(o);
    return line < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(line);
}
static int set_lineno(PyFrameObject *o, PyObject *v, void *ignored) { return kr_frame_jump(o->frame, o, v); }
static PyObject *get_trace(PyFrameObject *o, void *ignored) { return Py_NewRef(o->trace ? o->trace : Py_None); }
static int set_trace(PyFrameObject *o, PyObject *v, void *ignored) {
    kr_frame_set_trace(o, v == Py_None ? NULL : v);
    return 0;
}
static PyObject *get_trace_opcodes(PyFrameObject *o, void *ignored) { return PyBool_FromLong(o->trace_opcodes); }
static int set_trace_opcodes(PyFrameObject *o, PyObject *v, void *ignored) {
    if (!v || !PyBool_Check(v)) {
        PyErr_SetString(PyExc_TypeError, "attribute value type must be bool");
        return -1;
    }
    o->trace_opcodes = v == Py_True;
    return 0;
}
static PyGetSetDef frame_getset[] = {{"f_back", (getter)get_back, NULL, NULL}, {"f_locals", (getter)get_locals, NULL, NULL}, {"f_code", (getter)get_code, NULL, NULL},
    {"f_globals", (getter)get_globals, NULL, NULL}, {"f_builtins", (getter)get_builtins, NULL, NULL}, {"f_lasti", (getter)get_lasti, NULL, NULL},
    {"f_lineno", (getter)get_lineno, (setter)set_lineno, NULL}, {"f_trace", (getter)get_trace, (setter)set_trace, NULL},
    {"f_trace_opcodes", (getter)get_trace_opcodes, (setter)set_trace_opcodes, NULL}, {NULL}};
static PyMemberDef frame_members[] = {{"f_trace_lines", T_BOOL, offsetof(struct _frame, trace_lines), 0}, {NULL}};

static PyObject *frame_clear_method(PyFrameObject *o, PyObject *ignored) {
    if (!o->detached && o->frame->owner == KR_FRAME_IN_GENERATOR && kr_frame_gen(o->frame)->gi_frame_state != KR_GEN_EXECUTING) {
        _PyGen_Finalize((PyObject *)kr_frame_gen(o->frame));    /* a suspended generator's frame: the generator is closed */
        Py_RETURN_NONE;
    }
    if (!o->detached) {
        PyErr_SetString(PyExc_RuntimeError, "cannot clear an executing frame");
        return NULL;
    }
    frame_tp_clear(o);
    Py_RETURN_NONE;
}
static PyObject *frame_sizeof(PyFrameObject *o, PyObject *ignored) {
    return PyLong_FromSize_t(sizeof *o + (o->regs ? (size_t)o->own.code->base.co_nlocalsplus * sizeof(PyObject *) : 0));
}
static PyObject *frame_repr(PyFrameObject *o) {
    PyCodeObject *c = &o->frame->code->base;
    return PyUnicode_FromFormat("<frame at %p, file %R, line %d, code %S>", o, c->co_filename, PyFrame_GetLineNumber(o), c->co_name);
}
static PyMethodDef frame_methods[] = {{"clear", (PyCFunction)frame_clear_method, METH_NOARGS, "clear($self, /)\n--\n\nReleases what the frame refers to."},
                                      {"__sizeof__", (PyCFunction)frame_sizeof, METH_NOARGS, NULL}, {NULL}};
PyTypeObject PyFrame_Type = {KR_STATIC_TYPE_HEAD.tp_name = "frame", .tp_basicsize = sizeof(struct _frame), .tp_dealloc = (destructor)frame_dealloc,
    .tp_repr = (reprfunc)frame_repr, .tp_getattro = PyObject_GenericGetAttr, .tp_setattro = PyObject_GenericSetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)frame_traverse, .tp_clear = (inquiry)frame_tp_clear, .tp_methods = frame_methods, .tp_members = frame_members, .tp_getset = frame_getset};
