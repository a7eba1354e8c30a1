/* state.h - the three owners of everything mutable.
 *
 *   KrRuntime   the process: one static instance, kr_runtime
 *   KrInterp    an interpreter; it is the struct behind the public, opaque PyInterpreterState
 *   KrThread    an OS thread in an interpreter; begins with the public PyThreadState
 *
 * No other file-scope variable may be mutable (constant tables and static types apart). A part that needs
 * state keeps it in a struct of its own header, embedded below; it is zeroed when its owner is created.
 */
#ifndef KRAIT_STATE_H
#define KRAIT_STATE_H

#include "memory/memory_state.h"
#include "object/number_state.h"
#include "object/text_state.h"
#include "object/container_state.h"
#include "object/type_state.h"
#include "vm/vm_state.h"
#include "runtime/runtime_state.h"

typedef struct _is KrInterp;      /* == PyInterpreterState */

typedef struct KrThread {
    PyThreadState base;           /* must be first: extensions see it */
    KrThreadVM vm;                /* register stack, frames, stack bounds */
    KrThreadRuntime runtime;      /* import */
} KrThread;

struct _is {
    PyInterpreterState *next;
    int64_t id;
    KrThread *threads;            /* list by base.next */
    PyObject *modules;            /* sys.modules, dict */
    PyObject *sysdict;            /* sys.__dict__ */
    PyObject *builtins;           /* builtins.__dict__ */
    PyObject *sys_module, *builtins_module;
    PyObject *importlib;          /* the bootstrap module, NULL until import works */
    PyObject *import_func;        /* builtins.__import__ as installed at start-up */
    PyObject *codec_search_path, *codec_search_cache, *codec_error_registry;
    PyObject *dict;               /* PyInterpreterState_GetDict */
    PyConfig config;
    KrMemoryState memory;         /* collector, small free lists */
    KrNumberState number;         /* int, float, complex, bytes, ... */
    KrTextState text;             /* interned strings, latin-1 characters */
    KrContainerState container;   /* list, dict, tuple, set free lists */
    KrTypeState type;             /* type attribute cache, version tags */
    KrInterpVM vm;                /* eval breaker, tracing counts */
    KrInterpRuntime runtime;      /* GIL, warnings, atexit, signals */
};

typedef struct KrRuntime {
    KrInterp *main_interp, *interps;
    bool initialized, finalizing;
    KrRuntimeProcess process;     /* signal table, hash secret, start-up arguments */
} KrRuntime;

/* The greatest depth of calls: a recursion limit above it counts as this, lest recursion without end take all of the machine's memory. */
#define KR_RECURSION_MAX 1500000
/* Bytes of a C stack that are left for code that does not look how full it is, and for handling the RecursionError. */
#ifdef KR_ASAN
#define KR_STACK_RESERVE ((size_t)1 << 20)
#else
#define KR_STACK_RESERVE ((size_t)256 << 10)
#endif

extern KrRuntime kr_runtime;
extern _Thread_local KrThread *kr_tls_thread __attribute__((tls_model("initial-exec")));

/* The calling OS thread's C stack may not grow below this; NULL until the thread has had a thread state. */
extern _Thread_local char *kr_tls_stack_low __attribute__((tls_model("initial-exec")));

/* Whether the C stack is nearly used up. What recurses in C over data or calls of unknown depth asks this, or calls Py_EnterRecursiveCall, which does. */
KR_INLINE bool kr_c_stack_low(void) {
    char here;
    return KR_UNLIKELY((uintptr_t)&here < (uintptr_t)kr_tls_stack_low);
}
/* RecursionError "maximum recursion depth exceeded<where>". NULL. */
void *kr_raise_stack_low(const char *where);

/* The calling thread's state; NULL when it holds no GIL. */
KR_INLINE KrThread *kr_thread(void) { return kr_tls_thread; }
KR_INLINE KrInterp *kr_interp(void) { return kr_tls_thread->base.interp; }

#endif
