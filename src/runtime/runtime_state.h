/* runtime_state.h - GIL, signals, warnings, atexit and process-wide state. */
#ifndef KRAIT_RUNTIME_STATE_H
#define KRAIT_RUNTIME_STATE_H

#include <pthread.h>
#include <signal.h>

typedef struct {
    const char *package_context;    /* full dotted name of the single-phase module that the thread initialises; NULL: none */
} KrThreadRuntime;

/* gil.c. Everything but `interval_us` is written with the mutex held. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t freed, switched;
    struct KrThread *holder;        /* the current thread state; NULL while the lock is held without one */
    struct KrThread *last_holder;
    volatile int locked, drop_request;
    unsigned long interval_us;      /* 5000 */
    uint64_t switch_number;
} KrGil;

/* import_fast.c: what its methods replaced, and how importlib was then. */
typedef struct {
    PyObject *find_spec, *get_code, *loader;        /* owned: the functions, the class SourceFileLoader */
    PyObject *module_dict, *functions[5];           /* borrowed, compared only */
    unsigned loader_version;
} KrImportFast;

typedef struct {
    KrGil *gil;                     /* kr_runtime.process.gil: the interpreters of a process share it for now */
    volatile int pending_async_exc; /* some thread has base.async_exc */
    struct { int (*func)(void *); void *arg; } pending_calls[32];
    int pending_first, pending_last;
    pthread_mutex_t pending_mutex;
    volatile int pending_to_do;
    PyObject *warn_filters, *warn_once, *warn_default;
    long warn_filters_version;
    struct KrAtExit *atexit;        /* newest first */
    PyObject *audit_hook_list;      /* audit.c: callables, or NULL; not tracked by the collector */
    bool finalizing;                /* its modules are being taken apart */
    bool busy;                      /* somebody starts it, ends it, or runs code in its first thread state */
    int64_t id_refcount;            /* InterpreterID objects that stand for it */
    bool requires_idref;            /* it ends with the last of them */
    uint64_t next_thread_id;
    long thread_count;              /* running threads that _thread started */
    KrImportFast import_fast;
    void *import_lock;              /* module/_imp.c */
    int import_depth;               /* -X importtime: imports under way, what those within the innermost took, whether there is a heading */
    int64_t import_nested_time;
    bool import_time_header;
    PyObject *(*eval_frame)(PyThreadState *, struct _PyInterpreterFrame *, int);
    int dlopenflags;
    bool extensions_loaded;         /* extension modules are in the process, */
    bool foreign_extensions;        /* and not only such as belong to the standard library */
    int frozen_override;            /* _imp._override_frozen_modules_for_tests(): 1 on, -1 off, 0 as configured */
    int exit_watched;               /* exit_check.c: kr_exit_watch */
    PyObject *before_forkers, *after_forkers_parent, *after_forkers_child;
    PyObject *modules_by_index;     /* list, by m_base.m_index */
    PyBaseExceptionObject *memory_errors; /* kept ready, linked by dict */
    int memory_error_count;
    PyObject *last_memory_error;    /* when they are used up and another cannot be made: this one, shared */
    PyObject *exception_group;      /* the class ExceptionGroup */
} KrInterpRuntime;

/* Numbers that guards of caches compare. They are given out once a process: a cache may be asked about an object, a static type
 * or an extension's dict, that another interpreter numbered. */
typedef struct {
    unsigned int type;              /* last tp_version_tag; UINT_MAX: all have been given out */
    uint32_t keys, code;            /* last version of a dict's keys block (1 is the empty block's), of a code object */
    uint64_t dict;                  /* last ma_version_tag */
} KrVersions;

#define KR_NSIG 65
typedef struct {
    KrGil gil;
    KrVersions versions;
    int64_t next_interp_id;
    bool gil_check_off;             /* there were sub-interpreters: PyGILState_Check can't tell any more */
    unsigned long finalizing_ident; /* the OS thread that runs Py_FinalizeEx */
    KrGCHead orphans;               /* kr_gc_abandon */
    struct KrShareable *shareables; /* runtime/crossinterp.c */
    struct KrChannel *channels;     /* module/subinterpreters/channel.c: newest first */
    int64_t next_channel_id;
    struct KrExtension *extensions; /* runtime/import.c: single-phase modules loaded so far */
    struct { PyObject *name; short first; } slot_names[256]; /* set of names: special method -> first row of the slot table; by address */
    struct { volatile sig_atomic_t tripped; PyObject *handler; } signals[KR_NSIG];
    struct KrLazyType *lazy_types;  /* object/type_ready.c: types whose dict start-up left empty */
    int lazy_type_count;
    bool leave_dicts_empty;         /* static types that become ready now are such types */
    volatile sig_atomic_t signals_tripped;
    int wakeup_fd, wakeup_warn;
    volatile sig_atomic_t wakeup_errno;     /* of a write to it that failed and is not reported yet */
    unsigned long main_thread_ident;
    unsigned char hash_secret[24];  /* SipHash key and spare */
    int hash_seeded;
    Py_ssize_t module_index;        /* last PyModuleDef index given out */
    int argc; char **argv;          /* as main() got them */
    PyPreConfig preconfig;
    bool preinitialized;
    size_t thread_stack_size;       /* bytes; 0 = the system's */
    int unhandled_interrupt;        /* the program ended by KeyboardInterrupt */
    bool dying;                     /* a fatal error is being reported */
    void (*exit_functions[32])(void);
    int exit_function_count;
    void *audit_hooks;              /* audit.c: list of the hooks in C */
    Py_OpenCodeHookFunction open_code_hook;
    void *open_code_data;
    void *curses;                   /* module/curses: the library and the state of the terminal, or NULL */
    wchar_t *search_path, *program_name, *home; /* set before start-up */
    uint32_t next_type_index;
    const struct KrImageHead *image;    /* image.c: mapped, NULL if there is none */
    bool image_sought;
    uint32_t image_seen;                /* number of the frozen module whose source was just looked at, and when; once more is believed */
    int64_t image_seen_at;              /* nanoseconds; 0: none */
    size_t image_touched;               /* bytes of it that have come into memory since kr_image_touched gave all back, roughly */
} KrRuntimeProcess;

#endif
