/* shim.c - lets a native module of krait run inside python3.11, so that it can be tested before, and apart from, the
 * interpreter: it provides the state that krait.h declares, and PyInit_<name> of the module under test as it is.
 * Compiled together with the module's own sources into one extension module.
 */
#include "krait.h"
#include "runtime/lifecycle.h"
#include "vm/frame.h"

KrRuntime kr_runtime;
KrNames kr_names;
_Thread_local KrThread *kr_tls_thread __attribute__((tls_model("initial-exec")));

_Thread_local char *kr_tls_stack_low __attribute__((tls_model("initial-exec")));
void *kr_raise_stack_low(const char *where) { return NULL; }
static KrInterp interp;
static KrThread thread;

__attribute__((constructor)) static void shim_init(void) {
    thread.base.interp = &interp;
    kr_tls_thread = &thread;
    kr_runtime.main_interp = &interp;
#define KR_NAME(n) kr_names.n_##n = PyUnicode_InternFromString(#n);
#include "object/names.def"
#undef KR_NAME
}

/* What posix's fork functions ask of the runtime: python3.11 does its own bookkeeping through its own fork. */
#include "runtime/gil.h"
#include "runtime/signals.h"
void kr_gil_reinit_after_fork(KrThread *t) {}
void kr_thread_bind(KrThread *t) {}
void kr_threads_delete_others(KrThread *t) {}
void kr_signals_clear(void) {}
void kr_subinterps_forget(void) {}

/* python3.11 always takes the interpreter apart. */
#include "runtime/exit_check.h"
void kr_exit_watch(int change) {}

/* What StringIO asks of str. */
#include "object/unicode.h"
void kr_unicode_convert(int to_kind, void *to, int from_kind, const void *from, Py_ssize_t n) {
    for (Py_ssize_t i = 0; i < n; i++)
        PyUnicode_WRITE(to_kind, to, i, PyUnicode_READ(from_kind, from, i));
}
