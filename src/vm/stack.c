/* stack.c - segments of the register stack and of frame headers; see stack.h. */
#include "vm/stack.h"
#include <pthread.h>
#include <stdlib.h>

enum { FIRST_REGISTERS = 2000, FIRST_HEADERS = 100 };

static KrRegChunk *reg_chunk_new(size_t n, KrRegChunk *previous) {
    KrRegChunk *c = PyMem_RawCalloc(1, sizeof *c + n * sizeof(PyObject *)); /* zeroed: registers above the top are NULL */
    if (!c) {
        if (kr_thread()) PyErr_NoMemory();
        return NULL;
    }
    c->size = n;
    c->previous = previous;
    return c;
}
static KrFrameChunk *frame_chunk_new(size_t bytes, KrFrameChunk *previous) {
    KrFrameChunk *c = PyMem_RawMalloc(sizeof *c + bytes);
    if (!c) {
        if (kr_thread()) PyErr_NoMemory();
        return NULL;
    }
    c->size = bytes;
    c->previous = previous;
    return c;
}

int kr_vm_thread_init(KrThread *t) {
    KrThreadVM *v = &t->vm;
    if (!(v->reg_chunk = reg_chunk_new(FIRST_REGISTERS, NULL))) return -1;
    if (!(v->frame_chunk = frame_chunk_new(FIRST_HEADERS * sizeof(KrFrame), NULL))) return -1;
    v->reg_top = v->reg_chunk->regs;
    v->reg_limit = v->reg_chunk->regs + v->reg_chunk->size;
    v->frame_top = v->frame_chunk->bytes;
    v->frame_limit = v->frame_chunk->bytes + v->frame_chunk->size;
    return 0;
}
void kr_vm_thread_fini(KrThread *t) {
    while (t->vm.reg_chunk) {
        KrRegChunk *c = t->vm.reg_chunk;
        t->vm.reg_chunk = c->previous;
        PyMem_RawFree(c);
    }
    while (t->vm.frame_chunk) {
        KrFrameChunk *c = t->vm.frame_chunk;
        t->vm.frame_chunk = c->previous;
        PyMem_RawFree(c);
    }
}

void kr_vm_thread_set_stack(KrThread *t) {
    pthread_attr_t attr;
    void *low;
    size_t size;
    enum { RESERVE = 256 * 1024 }; /* for C code that does not ask, and for handling the RecursionError */
    t->vm.stack_low = NULL;
    if (pthread_getattr_np(pthread_self(), &attr)) return;
    if (pthread_attr_getstack(&attr, &low, &size) == 0) t->vm.stack_low = (char *)low + (size > 4 * RESERVE ? RESERVE : size / 4);
    pthread_attr_destroy(&attr);
}

KrFrame *kr_frame_alloc(KrThread *t) {
    KrThreadVM *v = &t->vm;
    if (KR_UNLIKELY(v->frame_limit - v->frame_top < (ptrdiff_t)sizeof(KrFrame))) {
        KrFrameChunk *c = frame_chunk_new(v->frame_chunk->size * 2, v->frame_chunk);
        if (!c) return NULL;
        c->saved_top = v->frame_top;
        v->frame_chunk = c;
        v->frame_top = c->bytes;
        v->frame_limit = c->bytes + c->size;
    }
    KrFrame *f = (KrFrame *)v->frame_top;
    v->frame_top += sizeof *f;
    return f;
}
void kr_frame_release(KrThread *t, KrFrame *f) {
    KrThreadVM *v = &t->vm;
    KR_ASSERT((char *)(f + 1) == v->frame_top);
    v->frame_top = (char *)f;
    if (v->frame_top == v->frame_chunk->bytes && v->frame_chunk->previous) {
        KrFrameChunk *c = v->frame_chunk;
        v->frame_chunk = c->previous;
        v->frame_top = c->saved_top;
        v->frame_limit = c->previous->bytes + c->previous->size;
        PyMem_RawFree(c);
    }
}

PyObject **kr_regs_open(KrThread *t, PyObject **at, size_t have, size_t n) {
    KrThreadVM *v = &t->vm;
    if (KR_LIKELY((size_t)(v->reg_limit - at) >= n)) {
        v->reg_top = at + n;
        return at;
    }
    size_t size = v->reg_chunk->size * 2;
    while (size < n) size *= 2;
    KrRegChunk *c = reg_chunk_new(size, v->reg_chunk);
    if (!c) return NULL;
    c->saved_top = v->reg_top;
    for (size_t i = 0; i < have; i++) {
        c->regs[i] = at[i];
        at[i] = NULL;
    }
    v->reg_chunk = c;
    v->reg_top = c->regs + n;
    v->reg_limit = c->regs + c->size;
    return c->regs;
}
void kr_regs_close(KrThread *t, PyObject **base, PyObject **top) {
    KrThreadVM *v = &t->vm;
    if (KR_UNLIKELY(base == v->reg_chunk->regs && v->reg_chunk->previous)) {
        KrRegChunk *c = v->reg_chunk;
        v->reg_chunk = c->previous;
        v->reg_limit = c->previous->regs + c->previous->size;
        PyMem_RawFree(c);
    }
    v->reg_top = top;
}
