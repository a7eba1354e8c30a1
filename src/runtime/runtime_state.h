/* runtime_state.h - GIL, signals, warnings, atexit and process-wide state. */
#ifndef KRAIT_RUNTIME_STATE_H
#define KRAIT_RUNTIME_STATE_H

#include <pthread.h>
#include <signal.h>

typedef struct {
    int gil_wanted;
    uint64_t gil_switches;
    int tss_bound;                  /* PyGILState: created by it */
} KrThreadRuntime;

typedef struct {
    pthread_mutex_t gil_mutex;
    pthread_cond_t gil_cond, gil_switch_cond;
    struct KrThread *gil_holder, *gil_last_holder;
    volatile int gil_locked, gil_drop_request;
    unsigned long gil_interval_us;  /* 5000 */
    uint64_t gil_switch_number;
    volatile int pending_async_exc; /* some thread has base.async_exc */
    struct { int (*func)(void *); void *arg; } pending_calls[32];
    int pending_first, pending_last;
    pthread_mutex_t pending_mutex;
    volatile int pending_to_do;
    PyObject *warn_filters, *warn_once, *warn_default;
    long warn_filters_version;
    struct KrAtExit *atexit;        /* newest first */
    int audit_hooks;
    PyObject *audit_hook_list;
    int int_flag_finalizing;
    uint64_t next_thread_id;
    long thread_count;              /* running threads that _thread started */
    void *import_lock;              /* module/_imp.c */
    PyObject *(*eval_frame)(PyThreadState *, struct _PyInterpreterFrame *, int);
    int dlopenflags;
    PyObject *before_forkers, *after_forkers_parent, *after_forkers_child;
    PyObject *extensions;           /* single-phase modules: (name, filename) -> PyModuleDef */
    PyObject *modules_by_index;     /* list, by m_base.m_index */
    PyBaseExceptionObject *memory_errors; /* kept ready, linked by dict */
    int memory_error_count;
    PyObject *last_memory_error;    /* when they are used up and another cannot be made: this one, shared */
    PyObject *exception_group;      /* the class ExceptionGroup */
} KrInterpRuntime;

#define KR_NSIG 65
typedef struct {
    struct { volatile sig_atomic_t tripped; PyObject *handler; } signals[KR_NSIG];
    volatile sig_atomic_t signals_tripped;
    int wakeup_fd, wakeup_warn;
    unsigned long main_thread_ident;
    unsigned char hash_secret[24];  /* SipHash key and spare */
    int hash_seeded;
    Py_ssize_t module_index;        /* last PyModuleDef index given out */
    int argc; char **argv;          /* as main() got them */
    PyPreConfig preconfig;
    bool preinitialized;
    size_t thread_stack_size;       /* bytes; 0 = the system's */
    int unhandled_interrupt;        /* the program ended by KeyboardInterrupt */
    void (*exit_functions[32])(void);
    int exit_function_count;
    wchar_t *search_path, *program_name, *home; /* set before start-up */
    uint32_t next_type_index;
} KrRuntimeProcess;

#endif
