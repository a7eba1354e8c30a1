/* stack.c - segments of the register stack and of frame headers, and the recursion limit; see stack.h. */
#include "vm/loop.h"
#include "vm/stack.h"
#include "runtime/gil.h"
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

/* A thread begins with segments of the first size, the interpreter's first thread with four such. */
enum { FIRST_REGISTERS = 500, FIRST_HEADERS = 25, MORE_REGISTERS = 16000, MORE_HEADERS = 1000 };
/* Bytes of registers and headers that a thread may have in use: recursion whose limit is set too high ends here, or at KR_RECURSION_MAX levels, and not
 * when the machine has no memory left. */
#define STACK_MAX ((size_t)512 << 20)

/* ------------------------------------------------------------------ segments */

static KrRegChunk *reg_chunk_new(size_t n) {
    KrRegChunk *c = PyMem_RawCalloc(1, sizeof *c + n * sizeof(PyObject *)); /* zeroed: registers above the top are NULL */
    if (c) c->size = n;
    return c;
}
static KrFrameChunk *frame_chunk_new(size_t bytes) {
    KrFrameChunk *c = PyMem_RawMalloc(sizeof *c + bytes);
    if (c) c->size = bytes;
    return c;
}
static void reg_chunk_enter(KrThreadVM *v, KrRegChunk *c) {
    c->previous = v->reg_chunk;
    v->reg_chunk = c;
    v->stack_used += c->size * sizeof(PyObject *);
    v->reg_limit = c->regs + c->size;
}
static void frame_chunk_enter(KrThreadVM *v, KrFrameChunk *c) {
    c->previous = v->frame_chunk;
    v->frame_chunk = c;
    v->stack_used += c->size;
    v->frame_top = c->bytes;
    v->frame_limit = c->bytes + c->size;
}

int kr_vm_thread_init(KrThread *t) {
    size_t times = t->base.interp->threads ? 1 : 4;
    KrRegChunk *r = reg_chunk_new(times * FIRST_REGISTERS);
    KrFrameChunk *f = r ? frame_chunk_new(times * FIRST_HEADERS * sizeof(KrFrame)) : NULL;
    if (!f) {
        PyMem_RawFree(r);
        return -1;
    }
    reg_chunk_enter(&t->vm, r);
    frame_chunk_enter(&t->vm, f);
    t->vm.reg_top = r->regs;
    t->vm.dispatch = t->base.interp->vm.op_stats ? &kr_dispatch_count : &kr_dispatch_plain;
    return 0;
}
void kr_vm_thread_fini(KrThread *t) {
    KrThreadVM *v = &t->vm;
    while (v->reg_chunk) {
        KrRegChunk *c = v->reg_chunk;
        v->reg_chunk = c->previous;
        PyMem_RawFree(c);
    }
    while (v->frame_chunk) {
        KrFrameChunk *c = v->frame_chunk;
        v->frame_chunk = c->previous;
        PyMem_RawFree(c);
    }
    PyMem_RawFree(v->reg_spare);
    PyMem_RawFree(v->frame_spare);
    v->reg_spare = NULL;
    v->frame_spare = NULL;
}

/* Whether there may be another segment; else RecursionError. */
static bool may_grow(KrThreadVM *v) {
    if (v->stack_used <= STACK_MAX) return true;
    PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
    return false;
}
KrFrame *kr_frame_alloc_segment(KrThread *t) {
    KrThreadVM *v = &t->vm;
    if (!may_grow(v)) return NULL;
    KrFrameChunk *c = v->frame_spare;
    if (c) v->frame_spare = NULL;
    else if (!(c = frame_chunk_new(MORE_HEADERS * sizeof(KrFrame)))) return (KrFrame *)PyErr_NoMemory();
    frame_chunk_enter(v, c);
    KrFrame *f = (KrFrame *)v->frame_top;
    v->frame_top = (char *)(f + 1);
    f->flags = KR_FRAME_HEADER_SEGMENT;
    return f;
}
PyObject **kr_regs_segment(KrThread *t, size_t n) {
    KrThreadVM *v = &t->vm;
    if (!may_grow(v)) return NULL;
    KrRegChunk *c = v->reg_spare;
    if (c && c->size >= n) v->reg_spare = NULL;
    else if (!(c = reg_chunk_new(n > MORE_REGISTERS / 2 ? 2 * n : MORE_REGISTERS))) return (PyObject **)PyErr_NoMemory();
    reg_chunk_enter(v, c);
    return c->regs;
}
void kr_frame_close_segments(KrThread *t, KrFrame *f) {
    KrThreadVM *v = &t->vm;
    uint8_t flags = f->flags;
    if (flags & KR_FRAME_REG_SEGMENT) {
        KrRegChunk *c = v->reg_chunk;
        v->reg_chunk = c->previous;
        v->stack_used -= c->size * sizeof(PyObject *);
        v->reg_limit = c->previous->regs + c->previous->size;
        if (v->reg_spare) PyMem_RawFree(c);
        else v->reg_spare = c;
    }
    if (flags & KR_FRAME_HEADER_SEGMENT) {
        KrFrameChunk *c = v->frame_chunk;
        v->frame_chunk = c->previous;
        v->stack_used -= c->size;
        v->frame_limit = c->previous->bytes + c->previous->size;
        /* the segment below is full up to its last whole header */
        v->frame_top = c->previous->bytes + c->previous->size / sizeof(KrFrame) * sizeof(KrFrame);
        if (v->frame_spare) PyMem_RawFree(c);
        else v->frame_spare = c;
    } else {
        v->frame_top = (char *)f;
    }
}

void kr_frame_leave_object(KrFrame *f) {
    PyFrameObject *o = f->object;
    if (Py_REFCNT(o) > 1) {
        PyObject *type, *value, *tb;
        PyErr_Fetch(&type, &value, &tb);        /* of what leaves the frame */
        if (kr_frame_detach(f) < 0) PyErr_Clear();      /* then the object shows no locals */
        PyErr_Restore(type, value, tb);
    }
    f->object = NULL;
    for (int i = 0; i < f->code->nregs; i++) Py_CLEAR(f->regs[i]);
    Py_DECREF(o);
}

/* ------------------------------------------------------------------ limits */

/* The lowest address that the main thread's stack can grow to: what pthread_getattr_np says after reading /proc/self/maps. The string of
 * AT_EXECFN is the topmost thing on the stack that the program began with. False if it can't be known so. */
static bool main_stack(void **low, size_t *size) {
    struct rlimit limit;
    const char *top = (const char *)getauxval(AT_EXECFN);
    if (gettid() != getpid() || !top || getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    uintptr_t page = (uintptr_t)getpagesize(), end = ((uintptr_t)top + strlen(top) + sizeof(void *) + page) & ~(page - 1);
    if ((uintptr_t)&limit > end || end - (uintptr_t)&limit > limit.rlim_cur) return false;
    *low = (void *)(end - limit.rlim_cur);
    *size = limit.rlim_cur;
    return true;
}
void kr_note_stack_bounds(void) {
    pthread_attr_t attr;
    void *low;
    size_t size;
    const size_t most = (size_t)1 << 30;    /* of a stack without a limit */
    kr_tls_stack_low = NULL;
    if (!main_stack(&low, &size)) {
        if (pthread_getattr_np(pthread_self(), &attr)) return;
        bool known = pthread_attr_getstack(&attr, &low, &size) == 0;
        pthread_attr_destroy(&attr);
        if (!known) return;
    }
    size_t unused = size > most ? size - most : size > 2 * KR_STACK_RESERVE ? KR_STACK_RESERVE : size / 2;
    kr_tls_stack_low = (char *)low + unused;
}
void *kr_raise_stack_low(const char *where) {
    PyErr_Format(PyExc_RecursionError, "maximum recursion depth exceeded%s", where);
    return NULL;
}

int kr_recursion_exceeded(KrThread *t, const char *where) {
    PyThreadState *ts = &t->base;
    /* while a RecursionError is being made, some more levels are allowed */
    if (ts->recursion_headroom && ts->recursion_remaining >= -50 && !kr_c_stack_low()) return 0;
    ts->recursion_headroom++;
    PyErr_Format(PyExc_RecursionError, "maximum recursion depth exceeded%s", where);
    ts->recursion_headroom--;
    ts->recursion_remaining++;
    return -1;
}
int Py_EnterRecursiveCall(const char *where) {
    KrThread *t = kr_thread();
    if (KR_UNLIKELY(t->base.recursion_remaining-- <= 0 || kr_c_stack_low())) return kr_recursion_exceeded(t, where);
    return 0;
}
/* Of the stable ABI, in no public header: what the macros of older versions call when the count has run out. */
PyAPI_FUNC(int) _Py_CheckRecursiveCall(PyThreadState *ts, const char *where);
int _Py_CheckRecursiveCall(PyThreadState *ts, const char *where) { return kr_recursion_exceeded((KrThread *)ts, where); }
void Py_LeaveRecursiveCall(void) { kr_thread()->base.recursion_remaining++; }
int Py_GetRecursionLimit(void) { return kr_interp()->vm.recursion_limit; }
void Py_SetRecursionLimit(int limit) {
    KrInterp *interp = kr_interp();
    interp->vm.recursion_limit = limit;
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) {
        int effective = Py_MIN(limit, KR_RECURSION_MAX);
        t->base.recursion_remaining += effective - t->base.recursion_limit;
        t->base.recursion_limit = effective;
    }
}
