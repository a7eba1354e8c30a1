/* asyncio.c - the module _asyncio: which loop runs in a thread, which task runs in a loop, and all tasks.
 *
 * The running loop is in the thread's dict together with the process that set it: a child of a fork has none.
 */
#include "module/asyncio/asyncio.h"
#include <unistd.h>

/* ------------------------------------------------------------------ calls of the loop */

int kr_asyncio_call_soon(AsyncioState *s, PyObject *loop, PyObject *callback, PyObject *argument, PyObject *context) {
    PyObject *stack[5] = {NULL, loop, callback, argument, argument};
    size_t n = argument ? 3 : 2;
    if (context) stack[1 + n] = context;
    PyObject *handle = PyObject_VectorcallMethod(NAME(s, call_soon), stack + 1, n | PY_VECTORCALL_ARGUMENTS_OFFSET, context ? s->context_keyword : NULL);
    Py_XDECREF(handle);
    return handle ? 0 : -1;
}
void kr_asyncio_call_exception_handler(AsyncioState *s, PyObject *loop, PyObject *description) {
    PyObject *function = PyObject_GetAttr(loop, NAME(s, call_exception_handler)), *result = function ? PyObject_CallOneArg(function, description) : NULL;
    if (!result) PyErr_WriteUnraisable(function);
    Py_XDECREF(result);
    Py_XDECREF(function);
}

/* ------------------------------------------------------------------ running loops */

/* What the thread's dict has: (loop, process), borrowed, or NULL. */
static PyObject *running(AsyncioState *s) {
    PyObject *dict = PyThreadState_GetDict(), *entry;
    if (!dict) {
        PyErr_SetString(PyExc_RuntimeError, "thread-local storage is not available");
        return NULL;
    }
    entry = PyDict_GetItemWithError(dict, s->running_key);
    return entry && PyTuple_CheckExact(entry) && PyTuple_GET_SIZE(entry) == 2 ? entry : NULL;
}
/* 1 with the running loop (new reference), 0, -1. */
static int running_loop(AsyncioState *s, PyObject **loop) {
    PyObject *entry = running(s);
    if (!entry) return PyErr_Occurred() ? -1 : 0;
    if (PyLong_AsLong(PyTuple_GET_ITEM(entry, 1)) != (long)getpid()) return 0;
    *loop = Py_NewRef(PyTuple_GET_ITEM(entry, 0));
    return 1;
}
static int set_running_loop(AsyncioState *s, PyObject *loop) {
    PyObject *dict = PyThreadState_GetDict();
    if (!dict) {
        PyErr_SetString(PyExc_RuntimeError, "thread-local storage is not available");
        return -1;
    }
    if (loop == Py_None) {
        if (!PyDict_GetItemWithError(dict, s->running_key)) return PyErr_Occurred() ? -1 : 0;
        return PyDict_DelItem(dict, s->running_key);
    }
    PyObject *entry = Py_BuildValue("(Ol)", loop, (long)getpid());
    int r = entry ? PyDict_SetItem(dict, s->running_key, entry) : -1;
    Py_XDECREF(entry);
    return r;
}
PyObject *kr_asyncio_get_event_loop(AsyncioState *s) {
    PyObject *loop = NULL;
    if (running_loop(s, &loop) != 0) return loop;
    PyObject *policy = PyObject_CallNoArgs(s->get_policy);
    loop = policy ? PyObject_CallMethodNoArgs(policy, NAME(s, get_event_loop)) : NULL;
    Py_XDECREF(policy);
    return loop;
}

static AsyncioState *state_of(PyObject *m) { return PyModule_GetState(m); }

PyDoc_STRVAR(get_event_loop_doc, "get_event_loop($module, /)\n--\n\nThe running event loop, or the one that the policy gives.");
static PyObject *get_event_loop(PyObject *m, PyObject *unused) { return kr_asyncio_get_event_loop(state_of(m)); }
PyDoc_STRVAR(private_get_event_loop_doc, "_get_event_loop($module, /, stacklevel=3)\n--\n\n");
static PyObject *private_get_event_loop(PyObject *m, PyObject *args, PyObject *kwds) {
    static char *names[] = {"stacklevel", NULL};
    int level;
    return PyArg_ParseTupleAndKeywords(args, kwds, "|i:_get_event_loop", names, &level) ? kr_asyncio_get_event_loop(state_of(m)) : NULL;
}
PyDoc_STRVAR(get_running_loop_doc, "get_running_loop($module, /)\n--\n\nThe running event loop. RuntimeError if there is none.");
static PyObject *get_running_loop(PyObject *m, PyObject *unused) {
    PyObject *loop = NULL;
    if (running_loop(state_of(m), &loop) == 0) PyErr_SetString(PyExc_RuntimeError, "no running event loop");
    return loop;
}
PyDoc_STRVAR(private_get_running_loop_doc, "_get_running_loop($module, /)\n--\n\nThe running event loop, or None.");
static PyObject *private_get_running_loop(PyObject *m, PyObject *unused) {
    PyObject *loop = NULL;
    return running_loop(state_of(m), &loop) == 0 ? Py_NewRef(Py_None) : loop;
}
PyDoc_STRVAR(private_set_running_loop_doc, "_set_running_loop($module, loop, /)\n--\n\nSets the running event loop of this thread, or, with None, that there is none.");
static PyObject *private_set_running_loop(PyObject *m, PyObject *loop) { return set_running_loop(state_of(m), loop) < 0 ? NULL : Py_NewRef(Py_None); }

/* ------------------------------------------------------------------ tasks */

/* What WeakSet.add() does, unless there are references to remove before. */
int kr_asyncio_register_task(AsyncioState *s, PyObject *task) {
    if (s->all_tasks_data && PyList_GET_SIZE(s->all_tasks_pending) == 0) {
        PyObject *reference = PyWeakref_NewRef(task, s->all_tasks_remove);
        int r = reference ? PySet_Add(s->all_tasks_data, reference) : -1;
        Py_XDECREF(reference);
        return r;
    }
    PyObject *result = PyObject_CallMethodOneArg(s->all_tasks, NAME(s, add), task);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
int kr_asyncio_enter_task(AsyncioState *s, PyObject *loop, PyObject *task) {
    Py_ssize_t others = PyDict_GET_SIZE(s->current_tasks);
    PyObject *current = Py_XNewRef(PyDict_SetDefault(s->current_tasks, loop, task));
    int r = current && PyDict_GET_SIZE(s->current_tasks) > others ? 0 : -1;
    if (r < 0 && current) PyErr_Format(PyExc_RuntimeError, "Cannot enter into task %R while another task %R is being executed.", task, current);
    Py_XDECREF(current);
    return r;
}
int kr_asyncio_leave_task(AsyncioState *s, PyObject *loop, PyObject *task) {
    PyObject *current = PyDict_GetItemWithError(s->current_tasks, loop);
    if (!current && PyErr_Occurred()) return -1;
    if (current == task) return PyDict_DelItem(s->current_tasks, loop);
    current = Py_NewRef(current ? current : Py_None);
    PyErr_Format(PyExc_RuntimeError, "Leaving task %R does not match the current task %R.", task, current);
    Py_DECREF(current);
    return -1;
}

/* The arguments (loop, task), or (task) alone. */
static bool parse(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, _PyArg_Parser *parser, int n, PyObject **values) {
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, parser, n, n, 0, buffer);
    for (int i = 0; a && i < n; i++) values[i] = a[i];
    return a != NULL;
}
static const char *const two[] = {"loop", "task", NULL}, *const one[] = {"task", NULL};
#define FUNCTION(function, n, keyword_names, ...)                                                                        \
    static PyObject *function(PyObject *m, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {                 \
        static _PyArg_Parser parser = {.keywords = keyword_names, .fname = #function};                                   \
        PyObject *v[2];                                                                                                  \
        return parse(args, nargs, kwnames, &parser, n, v) && (__VA_ARGS__) == 0 ? Py_NewRef(Py_None) : NULL;             \
    }
static int unregister_task(AsyncioState *s, PyObject *task) {
    PyObject *result = PyObject_CallMethodOneArg(s->all_tasks, NAME(s, discard), task);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
FUNCTION(_register_task, 1, one, kr_asyncio_register_task(state_of(m), v[0]))
FUNCTION(_unregister_task, 1, one, unregister_task(state_of(m), v[0]))
FUNCTION(_enter_task, 2, two, kr_asyncio_enter_task(state_of(m), v[0], v[1]))
FUNCTION(_leave_task, 2, two, kr_asyncio_leave_task(state_of(m), v[0], v[1]))

/* ------------------------------------------------------------------ the module */

static int import_into(PyObject **at, const char *module, const char *name) {
    PyObject *m = PyImport_ImportModule(module);
    *at = m ? PyObject_GetAttrString(m, name) : NULL;
    Py_XDECREF(m);
    return *at ? 0 : -1;
}
/* Where a WeakSet keeps what; a class that has been changed is used through its methods only. */
static void look_into_all_tasks(AsyncioState *s) {
    PyObject *data = PyObject_GetAttrString(s->all_tasks, "data"), *remove = PyObject_GetAttrString(s->all_tasks, "_remove");
    PyObject *pending = PyObject_GetAttrString(s->all_tasks, "_pending_removals");
    if (data && remove && pending && PySet_CheckExact(data) && PyList_CheckExact(pending)) {
        s->all_tasks_data = Py_NewRef(data);
        s->all_tasks_remove = Py_NewRef(remove);
        s->all_tasks_pending = Py_NewRef(pending);
    }
    Py_XDECREF(data);
    Py_XDECREF(remove);
    Py_XDECREF(pending);
    PyErr_Clear();
}
static int make_types(PyObject *m, AsyncioState *s) {
    PyObject *bases;
    if (!(s->future_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &kr_future_spec, NULL)) ||
        !(s->iter_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &kr_future_iter_spec, NULL)) ||
        !(s->step_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &kr_task_step_spec, NULL)) || !(bases = PyTuple_Pack(1, s->future_type)))
        return -1;
    s->task_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &kr_task_spec, bases);
    Py_DECREF(bases);
    return s->task_type && PyModule_AddType(m, s->future_type) == 0 && PyModule_AddType(m, s->task_type) == 0 ? 0 : -1;
}
static int exec(PyObject *m) {
#define N(name) #name,
    static const char *const names[AN_COUNT] = {ASYNCIO_NAMES};
#undef N
    AsyncioState *s = state_of(m);
    PyObject *weak_set = NULL;
    for (int i = 0; i < AN_COUNT; i++)
        if (!(s->names[i] = PyUnicode_InternFromString(names[i]))) return -1;
    if (!(s->context_keyword = PyTuple_Pack(1, NAME(s, context))) || !(s->running_key = PyUnicode_InternFromString("__asyncio_running_event_loop__")) ||
        !(s->coroutine_types = PySet_New(NULL)) || !(s->current_tasks = PyDict_New()) || make_types(m, s) < 0 ||
        import_into(&s->get_policy, "asyncio.events", "get_event_loop_policy") < 0 || import_into(&s->extract_stack, "traceback", "extract_stack") < 0 ||
        import_into(&s->future_repr, "asyncio.base_futures", "_future_repr") < 0 || import_into(&s->task_repr, "asyncio.base_tasks", "_task_repr") < 0 ||
        import_into(&s->task_get_stack, "asyncio.base_tasks", "_task_get_stack") < 0 ||
        import_into(&s->task_print_stack, "asyncio.base_tasks", "_task_print_stack") < 0 ||
        import_into(&s->is_coroutine, "asyncio.coroutines", "iscoroutine") < 0 ||
        import_into(&s->cancelled_error, "asyncio.exceptions", "CancelledError") < 0 ||
        import_into(&s->invalid_state_error, "asyncio.exceptions", "InvalidStateError") < 0 || import_into(&weak_set, "weakref", "WeakSet") < 0)
        return -1;
    s->all_tasks = PyObject_CallNoArgs(weak_set);
    Py_DECREF(weak_set);
    if (!s->all_tasks) return -1;
    look_into_all_tasks(s);
    s->next_name = 1;
    return PyModule_AddObjectRef(m, "_all_tasks", s->all_tasks) < 0 || PyModule_AddObjectRef(m, "_current_tasks", s->current_tasks) < 0 ? -1 : 0;
}
static int traverse(PyObject *m, visitproc visit, void *arg) {
    PyObject **references = (PyObject **)state_of(m);
    for (size_t i = 0; i < ASYNCIO_REFERENCES; i++) Py_VISIT(references[i]);
    return 0;
}
static int clear(PyObject *m) {
    PyObject **references = (PyObject **)state_of(m);
    for (size_t i = 0; i < ASYNCIO_REFERENCES; i++) Py_CLEAR(references[i]);
    return 0;
}
static void free_state(void *m) { clear(m); }

#define KEYWORDS METH_FASTCALL | METH_KEYWORDS
static PyMethodDef methods[] = {
    {"get_event_loop", get_event_loop, METH_NOARGS, get_event_loop_doc},
    {"_get_event_loop", KR_METH(private_get_event_loop), METH_VARARGS | METH_KEYWORDS, private_get_event_loop_doc},
    {"get_running_loop", get_running_loop, METH_NOARGS, get_running_loop_doc},
    {"_get_running_loop", private_get_running_loop, METH_NOARGS, private_get_running_loop_doc},
    {"_set_running_loop", private_set_running_loop, METH_O, private_set_running_loop_doc},
    {"_register_task", KR_METH(_register_task), KEYWORDS, "_register_task($module, /, task)\n--\n\nAdds a task to all tasks."},
    {"_unregister_task", KR_METH(_unregister_task), KEYWORDS, "_unregister_task($module, /, task)\n--\n\nRemoves a task from all tasks."},
    {"_enter_task", KR_METH(_enter_task), KEYWORDS, "_enter_task($module, /, loop, task)\n--\n\nSays that the loop begins or goes on to execute a task."},
    {"_leave_task", KR_METH(_leave_task), KEYWORDS, "_leave_task($module, /, loop, task)\n--\n\nSays that the loop no longer executes a task."},
    {NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
struct PyModuleDef kr_asyncio_module = {PyModuleDef_HEAD_INIT, .m_name = "_asyncio", .m_doc = PyDoc_STR("Accelerator module for asyncio"),
                                        .m_size = sizeof(AsyncioState), .m_methods = methods, .m_slots = slots, .m_traverse = traverse,
                                        .m_clear = clear, .m_free = free_state};
PyMODINIT_FUNC PyInit__asyncio(void) { return PyModuleDef_Init(&kr_asyncio_module); }
