/* module.c - the module `_xxsubinterpreters`: interpreters and channels for programs. */
#include "module/subinterpreters/channel.h"
#include "object/interpreterid.h"
#include "runtime/gil.h"

/* Error classes, by what the functions of channel.h return, and RunFailedError. */
typedef struct {
    PyObject *run_failed, *channel_error, *channel[KR_CHANNEL_NOT_EMPTY + 1];
} State;

/* ------------------------------------------------------------------ errors of channels */

/* NULL when status is one, with the exception; None else. */
static PyObject *channel_result(PyObject *module, KrChannelStatus status, int64_t id) {
    State *s = PyModule_GetState(module);
    switch (status) {
    case KR_CHANNEL_OK: Py_RETURN_NONE;
    case KR_CHANNEL_RAISED: return NULL;
    case KR_CHANNEL_NOT_FOUND: return PyErr_Format(s->channel[status], "channel %lld not found", (long long)id);
    case KR_CHANNEL_CLOSED: return PyErr_Format(s->channel[status], "channel %lld closed", (long long)id);
    case KR_CHANNEL_RELEASED: return PyErr_Format(s->channel[status], "channel already closed");
    case KR_CHANNEL_EMPTY: return PyErr_Format(s->channel[status], "channel %lld is empty", (long long)id);
    case KR_CHANNEL_NOT_EMPTY: return PyErr_Format(s->channel[status], "may not be closed if not empty (try force=True)");
    }
    Py_UNREACHABLE();
}

/* ------------------------------------------------------------------ code in another interpreter */

/* Names and values on their way into another interpreter. */
typedef struct {
    Py_ssize_t n;
    struct { PyObject *name; _PyCrossInterpreterData value; } items[]; /* name: borrowed from the dict's copy that the caller keeps */
} Shared;

static void shared_free(Shared *s) {
    for (Py_ssize_t i = 0; s && i < s->n; i++) _PyCrossInterpreterData_Release(&s->items[i].value);
    PyMem_RawFree(s);
}
/* dict: a copy that lives as long as the result. */
static Shared *shared_new(PyObject *dict) {
    PyObject *name, *value;
    Py_ssize_t pos = 0;
    Shared *s = PyMem_RawCalloc(1, sizeof *s + (size_t)PyDict_GET_SIZE(dict) * sizeof *s->items);
    if (!s) return (Shared *)PyErr_NoMemory();
    while (PyDict_Next(dict, &pos, &name, &value)) {
        if (!PyUnicode_AsUTF8(name) || _PyObject_GetCrossInterpreterData(value, &s->items[s->n].value) < 0) {
            shared_free(s);
            return NULL;
        }
        s->items[s->n++].name = name;
    }
    return s;
}
/* In the interpreter: the values under their names. */
static int shared_apply(Shared *s, PyObject *namespace) {
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < s->n; i++) {
        Py_ssize_t n;
        const char *text = PyUnicode_AsUTF8AndSize(s->items[i].name, &n);
        PyObject *name = PyUnicode_FromStringAndSize(text, n);
        if (name) PyUnicode_InternInPlace(&name);
        PyObject *value = name ? _PyCrossInterpreterData_NewObject(&s->items[i].value) : NULL;
        r = value ? PyDict_SetItem(namespace, name, value) : -1;
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    return r;
}

/* A copy of str(o), from PyMem_RawMalloc; NULL, without an exception, when there is none. */
static char *copy_str(PyObject *o) {
    PyObject *text = o ? PyObject_Str(o) : NULL, *bytes = text ? _PyUnicode_AsUTF8String(text, "backslashreplace") : NULL;
    char *copy = bytes ? _PyMem_RawStrdup(PyBytes_AS_STRING(bytes)) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    if (!copy) PyErr_Clear();
    return copy;
}

/* How a script failed, in words that cross. */
typedef struct { char *type, *text; } Failure;

static void take_failure(Failure *f) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    f->type = copy_str(type);
    f->text = value ? copy_str(value) : NULL;
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
}
static void raise_failure(PyObject *module, Failure *f) {
    PyObject *error = ((State *)PyModule_GetState(module))->run_failed;
    if (f->type && f->text) PyErr_Format(error, "%s: %s", f->type, f->text);
    else if (f->type || f->text) PyErr_SetString(error, f->type ? f->type : f->text);
    else PyErr_SetNone(error);
    PyMem_RawFree(f->type);
    PyMem_RawFree(f->text);
}

/* Runs the script in the current interpreter's __main__. */
static int run_script(KrInterp *interp, const char *script, Shared *shared) {
    PyObject *main_module = _PyInterpreterState_GetMainModule(interp), *r = NULL;
    if (main_module) {
        PyObject *namespace = Py_NewRef(PyModule_GetDict(main_module));
        Py_DECREF(main_module);
        if (!shared || shared_apply(shared, namespace) == 0) r = PyRun_StringFlags(script, Py_file_input, namespace, namespace, NULL);
        Py_DECREF(namespace);
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_RuntimeError, "interpreter not initialized");
    }
    Py_XDECREF(r);
    return r ? 0 : -1;
}

/* Whether code runs in the interpreter's first thread state; -1 when it has several. */
static int is_running(KrInterp *interp) {
    KrThread *t = interp->threads;
    if (!t) return 0;
    if (t->base.next) {
        PyErr_SetString(PyExc_RuntimeError, "interpreter has more than one thread");
        return -1;
    }
    return interp->runtime.busy || t->vm.frame != NULL;
}
static int check_not_running(KrInterp *interp) {
    int running = is_running(interp);
    if (running > 0) PyErr_SetString(PyExc_RuntimeError, "interpreter already running");
    return running ? -1 : 0;
}

static int run_in(PyObject *module, KrInterp *interp, const char *script, Shared *shared) {
    if (check_not_running(interp) < 0) return -1;
    KrThread *t = kr_first_thread(interp);
    if (!t) {
        PyErr_SetString(PyExc_RuntimeError, "interpreter not initialized");
        return -1;
    }
    Failure failure;
    _PyInterpreterState_IDIncref(interp);       /* it lasts until the caller is back here */
    interp->runtime.busy = true;
    KrThread *caller = kr_thread_swap(t);
    int r = run_script(interp, script, shared);
    if (r < 0) take_failure(&failure);
    kr_thread_swap(caller);
    interp->runtime.busy = false;
    if (r < 0) raise_failure(module, &failure);
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    _PyInterpreterState_IDDecref(interp);
    PyErr_Restore(type, value, tb);
    return r;
}

/* ------------------------------------------------------------------ interpreters */

PyDoc_STRVAR(create_doc, "create(*, isolated=True) -> ID\n\nMakes an interpreter, which ends with the last InterpreterID that stands for it.\nIn an isolated one threads, forks and subprocesses can't be started.");
static PyObject *interp_create(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"isolated", NULL};
    int isolated = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$i:create", names, &isolated)) return NULL;
    KrThread *caller = kr_thread();
    PyThreadState *ts = _Py_NewInterpreter(isolated);
    if (!ts) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "interpreter creation failed");
        return NULL;
    }
    kr_thread_swap(caller);
    PyObject *id = _PyInterpreterState_GetIDObject(ts->interp);
    if (id) {
        _PyInterpreterState_RequireIDRef(ts->interp, 1);
        return id;
    }
    kr_thread_swap((KrThread *)ts);
    Py_EndInterpreter(ts);
    kr_thread_swap(caller);
    return NULL;
}

/* The interpreter of a call's only argument `id`. */
static KrInterp *id_argument(PyObject *args, PyObject *kwds, const char *format) {
    static char *names[] = {"id", NULL};
    PyObject *id;
    return PyArg_ParseTupleAndKeywords(args, kwds, format, names, &id) ? _PyInterpreterID_LookUp(id) : NULL;
}

PyDoc_STRVAR(destroy_doc, "destroy(id)\n\nEnds an interpreter, which must be another one in which nothing runs.");
static PyObject *interp_destroy(PyObject *module, PyObject *args, PyObject *kwds) {
    KrInterp *interp = id_argument(args, kwds, "O:destroy");
    if (!interp) return NULL;
    if (interp == kr_interp()) return PyErr_Format(PyExc_RuntimeError, "cannot destroy the current interpreter");
    if (check_not_running(interp) < 0) return NULL;
    KrThread *t = kr_first_thread(interp);
    if (!t || interp == kr_runtime.main_interp) return PyErr_Format(PyExc_RuntimeError, "cannot destroy this interpreter");
    KrThread *caller = kr_thread_swap(t);
    Py_EndInterpreter(&t->base);
    kr_thread_swap(caller);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(list_all_doc, "list_all() -> [ID]\n\nThe IDs of all interpreters, the oldest first.");
static PyObject *interp_list_all(PyObject *module, PyObject *ignored) {
    PyObject *list = PyList_New(0);
    for (KrInterp *i = kr_runtime.interps; list && i; i = i->next) {
        PyObject *id = _PyInterpreterState_GetIDObject(i);
        int bad = !id || PyList_Insert(list, 0, id) < 0;
        Py_XDECREF(id);
        if (!bad) continue;
        Py_DECREF(list);
        return NULL;
    }
    return list;
}
PyDoc_STRVAR(get_current_doc, "get_current() -> ID\n\nThe ID of the interpreter that the caller is in.");
static PyObject *interp_get_current(PyObject *module, PyObject *ignored) { return _PyInterpreterState_GetIDObject(kr_interp()); }
PyDoc_STRVAR(get_main_doc, "get_main() -> ID\n\nThe ID of the process's first interpreter.");
static PyObject *interp_get_main(PyObject *module, PyObject *ignored) { return _PyInterpreterState_GetIDObject(kr_runtime.main_interp); }

PyDoc_STRVAR(is_running_doc, "is_running(id) -> bool\n\nWhether code runs in the interpreter.");
static PyObject *interp_is_running(PyObject *module, PyObject *args, PyObject *kwds) {
    KrInterp *interp = id_argument(args, kwds, "O:is_running");
    int running = interp ? is_running(interp) : -1;
    return running < 0 ? NULL : PyBool_FromLong(running);
}

PyDoc_STRVAR(run_string_doc, "run_string(id, script, shared=None)\n\nRuns source text in the interpreter's module __main__, where the values of the dict `shared`\nare put before. RunFailedError tells what exception the script ended with.");
static PyObject *interp_run_string(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"id", "script", "shared", NULL};
    PyObject *id, *script, *given = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "OU|O:run_string", names, &id, &script, &given)) return NULL;
    KrInterp *interp = _PyInterpreterID_LookUp(id);
    if (!interp) return NULL;
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(script, &n);
    if (!text) return NULL;
    if (strlen(text) != (size_t)n) return PyErr_Format(PyExc_ValueError, "source code string cannot contain null bytes");
    if (given && given != Py_None && !PyDict_Check(given)) return PyErr_Format(PyExc_TypeError, "run_string() argument 3 must be dict, not %.200s", Py_TYPE(given)->tp_name);
    PyObject *copy = given && given != Py_None ? PyDict_Copy(given) : NULL;
    if (given && given != Py_None && !copy) return NULL;
    int64_t number = interp->id;
    Shared *shared = copy ? shared_new(copy) : NULL;
    int r = -1;
    if ((shared || !copy) && (interp = _PyInterpreterState_LookUpID(number))) /* again: sharing may have run Python code */
        r = run_in(module, interp, text, shared);
    shared_free(shared);
    Py_XDECREF(copy);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(is_shareable_doc, "is_shareable(obj) -> bool\n\nWhether the object can be taken into another interpreter.");
static PyObject *interp_is_shareable(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"obj", NULL};
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:is_shareable", names, &o)) return NULL;
    return PyBool_FromLong(_PyCrossInterpreterData_Lookup(o) != NULL);
}

/* ------------------------------------------------------------------ channels */

PyDoc_STRVAR(channel_create_doc, "channel_create() -> cid\n\nMakes a channel; it lasts as long as there are IDs of it.");
static PyObject *channel_create(PyObject *module, PyObject *ignored) {
    int64_t id = kr_channel_create();
    if (id < 0) return NULL;
    KrChannelStatus status;
    PyObject *o = kr_channelid_new(id, KR_BOTH, false, false, &status);
    if (!o) kr_channel_destroy(id);
    return o;
}

PyDoc_STRVAR(channel_destroy_doc, "channel_destroy(cid)\n\nCloses the channel and forgets it, as if it had never been.");
static PyObject *channel_destroy(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", NULL};
    int64_t id;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&:channel_destroy", names, kr_channelid_convert, &id)) return NULL;
    return channel_result(module, kr_channel_destroy(id), id);
}

PyDoc_STRVAR(channel_list_all_doc, "channel_list_all() -> [cid]\n\nThe IDs of all channels, the newest first.");
static PyObject *channel_list_all(PyObject *module, PyObject *ignored) {
    Py_ssize_t n;
    int64_t *ids = kr_channel_list(&n);
    PyObject *list = ids ? PyList_New(0) : NULL;
    for (Py_ssize_t i = 0; list && i < n; i++) {
        KrChannelStatus status;
        PyObject *id = kr_channelid_new(ids[i], KR_BOTH, false, false, &status);
        if (status == KR_CHANNEL_NOT_FOUND) continue;       /* gone meanwhile */
        if (!id || PyList_Append(list, id) < 0) Py_CLEAR(list);
        Py_XDECREF(id);
    }
    PyMem_RawFree(ids);
    return list;
}

PyDoc_STRVAR(channel_list_interpreters_doc, "channel_list_interpreters(cid, *, send) -> [ID]\n\nThe interpreters that use the sending or the receiving end.");
static PyObject *channel_list_interpreters(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", "send", NULL};
    int64_t id;
    int send;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&$p:channel_list_interpreters", names, kr_channelid_convert, &id, &send)) return NULL;
    PyObject *list = PyList_New(0);
    for (KrInterp *i = kr_runtime.interps; list && i; i = i->next) {
        bool associated = false;
        KrChannelStatus status = kr_channel_has(id, send ? KR_SEND : KR_RECV, i->id, &associated);
        PyObject *o = associated ? _PyInterpreterState_GetIDObject(i) : NULL;
        if (associated && (!o || PyList_Insert(list, 0, o) < 0)) status = KR_CHANNEL_RAISED;
        Py_XDECREF(o);
        if (!status) continue;
        Py_DECREF(list);
        return channel_result(module, status, id);
    }
    return list;
}

PyDoc_STRVAR(channel_send_doc, "channel_send(cid, obj)\n\nPuts the object's data into the channel.");
static PyObject *channel_send(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", "obj", NULL};
    int64_t id;
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O:channel_send", names, kr_channelid_convert, &id, &o)) return NULL;
    return channel_result(module, kr_channel_send(id, o), id);
}

PyDoc_STRVAR(channel_recv_doc, "channel_recv(cid, [default]) -> obj\n\nAn object of the data that has been in the channel longest; for an empty channel the default,\nor ChannelEmptyError.");
static PyObject *channel_recv(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", "default", NULL};
    int64_t id;
    PyObject *otherwise = NULL, *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|O:channel_recv", names, kr_channelid_convert, &id, &otherwise)) return NULL;
    KrChannelStatus status = kr_channel_recv(id, &o);
    if (status == KR_CHANNEL_OK) return o;
    return status == KR_CHANNEL_EMPTY && otherwise ? Py_NewRef(otherwise) : channel_result(module, status, id);
}

PyDoc_STRVAR(channel_close_doc, "channel_close(cid, *, send=None, recv=None, force=False)\n\nCloses the channel for all interpreters. One that isn't empty can be closed with `force`, which\ndrops what is in it, or for sending only: it is closed when the last object has been received.");
static PyObject *channel_close(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", "send", "recv", "force", NULL};
    int64_t id;
    int send = 0, recv = 0, force = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|$ppp:channel_close", names, kr_channelid_convert, &id, &send, &recv, &force)) return NULL;
    return channel_result(module, kr_channel_close(id, (KrEnd)(send - recv), force), id);
}

PyDoc_STRVAR(channel_release_doc, "channel_release(cid, *, send=None, recv=None, force=True)\n\nCloses one end, or by default both, for the current interpreter.");
static PyObject *channel_release(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"cid", "send", "recv", "force", NULL};
    int64_t id;
    int send = 0, recv = 0, force = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|$ppp:channel_release", names, kr_channelid_convert, &id, &send, &recv, &force)) return NULL;
    return channel_result(module, kr_channel_release(id, (KrEnd)(send - recv)), id);
}

PyDoc_STRVAR(channel_id_doc, "_channel_id(id, *, send=None, recv=None, force=False, _resolve=False) -> cid\n\nA ChannelID, also of a channel that doesn't exist when forced.");
static PyObject *channel_id(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"id", "send", "recv", "force", "_resolve", NULL};
    int64_t id;
    int send = -1, recv = -1, force = 0, resolve = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|$pppp:ChannelID.__new__", names, kr_channelid_convert, &id, &send, &recv, &force, &resolve)) return NULL;
    if (send == 0 && recv == 0) return PyErr_Format(PyExc_ValueError, "'send' and 'recv' cannot both be False");
    KrEnd end = send > 0 && recv <= 0 ? KR_SEND : recv > 0 && send <= 0 ? KR_RECV : KR_BOTH;
    KrChannelStatus status;
    PyObject *o = kr_channelid_new(id, end, force, resolve, &status);
    return o ? o : channel_result(module, status, id);
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef functions[] = {
    {"create", KR_METH(interp_create), METH_VARARGS | METH_KEYWORDS, create_doc},
    {"destroy", KR_METH(interp_destroy), METH_VARARGS | METH_KEYWORDS, destroy_doc},
    {"list_all", interp_list_all, METH_NOARGS, list_all_doc},
    {"get_current", interp_get_current, METH_NOARGS, get_current_doc},
    {"get_main", interp_get_main, METH_NOARGS, get_main_doc},
    {"is_running", KR_METH(interp_is_running), METH_VARARGS | METH_KEYWORDS, is_running_doc},
    {"run_string", KR_METH(interp_run_string), METH_VARARGS | METH_KEYWORDS, run_string_doc},
    {"is_shareable", KR_METH(interp_is_shareable), METH_VARARGS | METH_KEYWORDS, is_shareable_doc},
    {"channel_create", channel_create, METH_NOARGS, channel_create_doc},
    {"channel_destroy", KR_METH(channel_destroy), METH_VARARGS | METH_KEYWORDS, channel_destroy_doc},
    {"channel_list_all", channel_list_all, METH_NOARGS, channel_list_all_doc},
    {"channel_list_interpreters", KR_METH(channel_list_interpreters), METH_VARARGS | METH_KEYWORDS, channel_list_interpreters_doc},
    {"channel_send", KR_METH(channel_send), METH_VARARGS | METH_KEYWORDS, channel_send_doc},
    {"channel_recv", KR_METH(channel_recv), METH_VARARGS | METH_KEYWORDS, channel_recv_doc},
    {"channel_close", KR_METH(channel_close), METH_VARARGS | METH_KEYWORDS, channel_close_doc},
    {"channel_release", KR_METH(channel_release), METH_VARARGS | METH_KEYWORDS, channel_release_doc},
    {"_channel_id", KR_METH(channel_id), METH_VARARGS | METH_KEYWORDS, channel_id_doc},
    {NULL},
};

/* A new error class, also put into the module. */
static int add_error(PyObject *m, const char *name, PyObject *base, PyObject **out) {
    char full[100];
    snprintf(full, sizeof full, "_xxsubinterpreters.%s", name);
    if (!(*out = PyErr_NewException(full, base, NULL))) return -1;
    return PyModule_AddObjectRef(m, name, *out);
}
static int exec(PyObject *m) {
    State *s = PyModule_GetState(m);
    if (kr_channelid_register() < 0 || add_error(m, "RunFailedError", PyExc_RuntimeError, &s->run_failed) < 0 ||
        add_error(m, "ChannelError", PyExc_RuntimeError, &s->channel_error) < 0 ||
        add_error(m, "ChannelNotFoundError", s->channel_error, &s->channel[KR_CHANNEL_NOT_FOUND]) < 0 ||
        add_error(m, "ChannelClosedError", s->channel_error, &s->channel[KR_CHANNEL_CLOSED]) < 0 ||
        add_error(m, "ChannelEmptyError", s->channel_error, &s->channel[KR_CHANNEL_EMPTY]) < 0 ||
        add_error(m, "ChannelNotEmptyError", s->channel_error, &s->channel[KR_CHANNEL_NOT_EMPTY]) < 0)
        return -1;
    s->channel[KR_CHANNEL_RELEASED] = Py_NewRef(s->channel[KR_CHANNEL_CLOSED]);
    return PyModule_AddObjectRef(m, "ChannelID", (PyObject *)&kr_ChannelID_Type) < 0 ? -1
                                                                                    : PyModule_AddObjectRef(m, "InterpreterID", (PyObject *)&_PyInterpreterID_Type);
}
static int traverse(PyObject *m, visitproc visit, void *arg) {
    State *s = PyModule_GetState(m);
    Py_VISIT(s->run_failed);
    Py_VISIT(s->channel_error);
    for (size_t i = 0; i < KR_ARRAY_LEN(s->channel); i++) Py_VISIT(s->channel[i]);
    return 0;
}
static int clear(PyObject *m) {
    State *s = PyModule_GetState(m);
    Py_CLEAR(s->run_failed);
    Py_CLEAR(s->channel_error);
    for (size_t i = 0; i < KR_ARRAY_LEN(s->channel); i++) Py_CLEAR(s->channel[i]);
    return 0;
}
static void free_module(void *m) { clear(m); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
PyDoc_STRVAR(module_doc, "Interpreters in one process, and channels between them.");
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_xxsubinterpreters", module_doc, sizeof(State), functions, slots, traverse, clear, free_module};
PyObject *PyInit__xxsubinterpreters(void) { return PyModuleDef_Init(&definition); }
