/* asyncio.h - the module _asyncio: futures (future.c), tasks (task.c), running loops and the registers of tasks (asyncio.c).
 *
 * The rest of asyncio, the event loop above all, is the library's Python code, which has Python versions of these two classes as well: messages and the order of
 * what is called are theirs. All state belongs to the module object; a future keeps a pointer to it, which its type keeps valid.
 */
#ifndef KRAIT_ASYNCIO_H
#define KRAIT_ASYNCIO_H
#include "krait.h"

/* Names that are looked up or passed. */
#define ASYNCIO_NAMES                                                                                                                              \
    N(_asyncio_future_blocking) N(_loop) N(add) N(add_done_callback) N(call_exception_handler) N(call_soon) N(cancel) N(context) N(discard)       \
    N(exception) N(future) N(get_debug) N(get_event_loop) N(get_loop) N(message) N(result) N(source_traceback) N(task)
#define N(name) AN_##name,
typedef enum { ASYNCIO_NAMES AN_COUNT } AsyncioName;
#undef N

typedef struct {
    /* Strong references, the first REFERENCES words of the struct. */
    PyTypeObject *future_type, *iter_type, *task_type, *step_type;
    PyObject *names[AN_COUNT];
    PyObject *context_keyword;                  /* ("context",) */
    PyObject *cancelled_error, *invalid_state_error;
    PyObject *get_policy, *extract_stack;       /* asyncio.events.get_event_loop_policy, traceback.extract_stack */
    PyObject *future_repr, *task_repr, *task_get_stack, *task_print_stack, *is_coroutine;
    PyObject *all_tasks, *current_tasks;        /* a WeakSet; {loop: task} */
    PyObject *all_tasks_data, *all_tasks_remove, *all_tasks_pending;    /* the WeakSet's set, callback and list of references to remove */
    PyObject *coroutine_types;                  /* set of types of which is_coroutine() was true once */
    PyObject *running_key;                      /* of the running loop in a thread's dict */
    /* The rest. */
    uint64_t next_name;                         /* of tasks without a name */
} AsyncioState;
#define ASYNCIO_REFERENCES (offsetof(AsyncioState, next_name) / sizeof(PyObject *))
#define NAME(state, n) ((state)->names[AN_##n])

extern struct PyModuleDef kr_asyncio_module;
static inline AsyncioState *asyncio_state_of_type(PyTypeObject *type) { return PyModule_GetState(PyType_GetModuleByDef(type, &kr_asyncio_module)); }

/* ------------------------------------------------------------------ futures */

typedef enum { FUTURE_PENDING, FUTURE_CANCELLED, FUTURE_FINISHED } FutureStatus;

typedef struct {
    PyObject_HEAD
    AsyncioState *state;
    PyObject *loop;                             /* NULL before __init__ */
    PyObject *callback, *context;               /* the first callback and its context; most futures have one */
    PyObject *callbacks;                        /* list of (callback, context): the others; or NULL */
    PyObject *result, *exception, *exception_traceback;
    PyObject *cancel_message;
    PyObject *cancelled_error;                  /* that ended a task: raised once by result() */
    PyObject *source_traceback;                 /* where it was made, in debug mode */
    PyObject *dict, *weakreflist;
    uint8_t status;
    bool log_traceback;                         /* has an exception that nobody has asked for */
    bool blocking;                              /* has been awaited, and its task hasn't seen that yet */
} Future;

typedef struct {
    Future future;
    PyObject *coro, *context;
    PyObject *waiter;                           /* the future it waits for, NULL while a step is scheduled */
    PyObject *name;                             /* str; NULL: "Task-<number>" */
    uint64_t number;
    int cancel_requests;
    bool must_cancel, log_destroy_pending;
} Task;
#define FUTURE(o) ((Future *)(o))
#define TASK(o) ((Task *)(o))

extern PyType_Spec kr_future_spec, kr_future_iter_spec, kr_task_spec, kr_task_step_spec;

/* A future or task of the module's own types, no class below them: what methods would do can be done directly. */
static inline bool is_plain_future(AsyncioState *s, PyObject *o) { return Py_IS_TYPE(o, s->future_type) || Py_IS_TYPE(o, s->task_type); }

PyObject *kr_future_new(PyTypeObject *type, PyObject *args, PyObject *kwds);
int kr_future_init(Future *, PyObject *loop) KR_RUNS_PYTHON;
int kr_future_traverse(PyObject *, visitproc, void *);
int kr_future_clear(PyObject *);
void kr_future_report_lost(PyObject *) KR_RUNS_PYTHON;
PyObject *kr_future_iter(PyObject *);
extern PyGetSetDef kr_future_getset[];
/* Whether the future is initialised; raises RuntimeError if not. */
bool kr_future_ready(PyObject *);

/* A done future's result; 1 with *value, 0 when it raises: *value is the exception instance then; -1 with an exception set. */
int kr_future_outcome(Future *, PyObject **value);
int kr_future_set_result(Future *, PyObject *result) KR_RUNS_PYTHON;
int kr_future_set_exception(Future *, PyObject *exception) KR_RUNS_PYTHON;
/* 1 when it was pending, 0 when it was not. */
int kr_future_cancel(Future *, PyObject *message) KR_RUNS_PYTHON;
int kr_future_add_callback(Future *, PyObject *callback, PyObject *context) KR_RUNS_PYTHON;
/* The CancelledError to raise, which forgets the saved one. */
PyObject *kr_future_cancelled_error(Future *) KR_NEW_REF;

PyObject *kr_task_cancel_method(PyObject *, PyObject *const *, Py_ssize_t, PyObject *kwnames);
PyObject *kr_task_cancel(Task *, PyObject *message) KR_RUNS_PYTHON;

/* loop.call_soon(callback[, argument], context=context); context may be NULL. */
int kr_asyncio_call_soon(AsyncioState *, PyObject *loop, PyObject *callback, PyObject *argument, PyObject *context) KR_RUNS_PYTHON;
/* loop.call_exception_handler(description); what it raises is unraisable. */
void kr_asyncio_call_exception_handler(AsyncioState *, PyObject *loop, PyObject *description) KR_RUNS_PYTHON;
/* The running loop, or the policy's. */
PyObject *kr_asyncio_get_event_loop(AsyncioState *) KR_NEW_REF KR_RUNS_PYTHON;
int kr_asyncio_register_task(AsyncioState *, PyObject *task) KR_RUNS_PYTHON;
int kr_asyncio_enter_task(AsyncioState *, PyObject *loop, PyObject *task) KR_RUNS_PYTHON;
int kr_asyncio_leave_task(AsyncioState *, PyObject *loop, PyObject *task) KR_RUNS_PYTHON;

#endif
