/* _lsprof.c - the module _lsprof: the profiler behind cProfile.
 *
 * A Profiler has an entry for each function that was called, found by the code object or, for C functions, by the PyMethodDef; and in an entry, if subcalls are
 * wanted, one for each function it called. The calls that have not returned make a list of contexts, innermost first. Times are integers, nanoseconds or whatever the
 * given timer counts.
 *
 * The given timer, and the repr() that names a method, are Python code that runs inside the profiler's callback: `busy` keeps it from taking the tables away.
 */
#include "krait.h"
#include "object/structseq.h"

PyAPI_FUNC(int) _PyEval_SetProfile(PyThreadState *ts, Py_tracefunc func, PyObject *arg);

typedef struct Entry {
    const void *key;                    /* of a function: see above; of a subcall: its function's entry */
    PyObject *what;                     /* code object or name (strong); NULL for a subcall */
    int64_t total, own;                 /* time in it, and without its callees */
    long calls, recursive_calls, depth;
    struct Table *callees;              /* NULL: none */
    struct Entry *next;                 /* in order of the first call */
} Entry;
typedef struct Table {
    Entry **slots;                      /* open addressing, mask + 1 of them, at most half used */
    size_t used, mask;
    Entry *first, **last;
} Table;
typedef struct Context {
    int64_t begin, in_callees;
    Entry *entry;
    struct Context *caller;
} Context;

typedef struct {
    PyObject_HEAD
    Table functions;
    Context *current, *spare;           /* spare: contexts to use again */
    PyObject *timer;                    /* or NULL: the performance counter */
    double timer_unit;                  /* of the timer's ints, in seconds; 0: it counts in seconds */
    bool enabled, subcalls, builtins, out_of_memory, busy;
} Profiler;
#define PROFILER(o) ((Profiler *)(o))

typedef struct {
    PyTypeObject *profiler, *entry, *subentry;
} ModuleState;
static struct PyModuleDef lsprof_module;

/* ------------------------------------------------------------------ tables */

static size_t slot_of(Table *t, const void *key) {
    size_t h = (size_t)key;
    size_t i = ((h >> 4) ^ (h >> 13)) & t->mask;
    while (t->slots[i] && t->slots[i]->key != key) i = (i + 1) & t->mask;
    return i;
}
static Entry *find(Table *t, const void *key) { return t && t->slots ? t->slots[slot_of(t, key)] : NULL; }
/* A new entry for a key that has none; NULL without memory, and without an exception. */
static Entry *add(Table *t, const void *key) {
    if (!t->slots || t->used * 2 > t->mask) {
        size_t room = t->slots ? (t->mask + 1) * 2 : 16;
        Entry **slots = PyMem_Calloc(room, sizeof *slots);
        if (!slots) return NULL;
        PyMem_Free(t->slots);
        if (!t->last) t->last = &t->first;
        t->slots = slots;
        t->mask = room - 1;
        for (Entry *e = t->first; e; e = e->next) t->slots[slot_of(t, e->key)] = e;
    }
    Entry *e = PyMem_Calloc(1, sizeof *e);
    if (!e) return NULL;
    e->key = key;
    t->slots[slot_of(t, key)] = e;
    t->used++;
    *t->last = e;
    t->last = &e->next;
    return e;
}
static void clear_table(Table *t) {
    Table old = *t;
    *t = (Table){NULL, 0, 0, NULL, NULL};
    for (Entry *e = old.first, *next; e; e = next) {
        next = e->next;
        Py_XDECREF(e->what);
        if (e->callees) {
            clear_table(e->callees);
            PyMem_Free(e->callees);
        }
        PyMem_Free(e);
    }
    PyMem_Free(old.slots);
}
static Entry *callee_entry(Entry *caller, Entry *callee, bool make) {
    Entry *e = find(caller->callees, callee);
    if (e || !make) return e;
    if (!caller->callees && !(caller->callees = PyMem_Calloc(1, sizeof *caller->callees))) return NULL;
    return add(caller->callees, callee);
}

/* ------------------------------------------------------------------ time */

/* Now. The given timer's errors are unraisable and count as 0. */
static int64_t now(Profiler *self) {
    if (!self->timer) return _PyTime_GetPerfCounter();
    bool was_busy = self->busy;
    PyObject *timer = Py_NewRef(self->timer), *answer;
    _PyTime_t t = 0;
    self->busy = true;
    answer = PyObject_CallNoArgs(timer);
    self->busy = was_busy;
    int r = -1;
    if (answer && self->timer_unit > 0.0) {
        if (!PyLong_Check(answer)) PyErr_Format(PyExc_TypeError, "expect int, got %s", Py_TYPE(answer)->tp_name);
        else r = (t = PyLong_AsLongLong(answer)) == -1 && PyErr_Occurred() ? -1 : 0;
    } else if (answer) {
        r = _PyTime_FromSecondsObject(&t, answer, _PyTime_ROUND_FLOOR);
    }
    if (r < 0) {
        PyErr_WriteUnraisable(timer);
        t = 0;
    }
    Py_XDECREF(answer);
    Py_DECREF(timer);
    return t;
}

/* ------------------------------------------------------------------ calls and returns */

static void begin_call(Profiler *self, Entry *entry) {
    Context *context = self->spare;
    if (context) self->spare = context->caller;
    else if (!(context = PyMem_Malloc(sizeof *context))) {
        self->out_of_memory = true;
        return;
    }
    context->entry = entry;
    context->caller = self->current;
    context->in_callees = 0;
    entry->depth++;
    if (self->subcalls && self->current) {
        Entry *callee = callee_entry(self->current->entry, entry, true);
        if (callee) callee->depth++;
        else self->out_of_memory = true;
    }
    self->current = context;
    context->begin = now(self);
}
static void count(Entry *e, int64_t total, int64_t own) {
    if (--e->depth == 0) e->total += total;
    else e->recursive_calls++;
    e->own += own;
    e->calls++;
}
/* Ends the innermost call, which is one of `entry`; anything else (what was called before the profiler was there) is passed over. */
static void end_call(Profiler *self, Entry *entry) {
    Context *context = self->current;
    if (!context || context->entry != entry) return;
    int64_t total = now(self) - context->begin, own = total - context->in_callees;
    if (context->caller) context->caller->in_callees += total;
    count(entry, total, own);
    Entry *callee = self->subcalls && context->caller ? callee_entry(context->caller->entry, entry, false) : NULL;
    if (callee) count(callee, total, own);
    self->current = context->caller;
    context->caller = self->spare;
    self->spare = context;
}

/* What a C function is called in the statistics. */
static PyObject *name_of_function(PyCFunctionObject *f) {
    if (f->m_self) {
        PyObject *name = PyUnicode_FromString(f->m_ml->ml_name), *method = name ? _PyType_Lookup(Py_TYPE(f->m_self), name) : NULL;
        Py_XDECREF(name);
        if (method) {
            Py_INCREF(method);
            PyObject *repr = PyObject_Repr(method);
            Py_DECREF(method);
            if (repr) return repr;
        }
        PyErr_Clear();
    }
    if (f->m_module && PyUnicode_Check(f->m_module)) return PyUnicode_FromFormat("<built-in method %U.%s>", f->m_module, f->m_ml->ml_name);
    return PyUnicode_FromFormat("<built-in method %s>", f->m_ml->ml_name);
}
static Entry *entry_for(Profiler *self, const void *key, PyObject *code, PyObject *function) {
    Entry *e = find(&self->functions, key);
    if (e) return e;
    PyObject *what = code ? Py_NewRef(code) : name_of_function((PyCFunctionObject *)function);
    if (what) e = add(&self->functions, key);
    if (e) {
        e->what = what;
        return e;
    }
    Py_XDECREF(what);
    PyErr_Clear();
    self->out_of_memory = true;
    return NULL;
}
static int on_event(PyObject *o, PyFrameObject *frame, int what, PyObject *arg) {
    Profiler *self = PROFILER(o);
    PyObject *type, *value, *traceback, *code = NULL;
    if (self->busy) return 0;
    PyErr_Fetch(&type, &value, &traceback);     /* the traced program's; timers and repr() must not meet it */
    self->busy = true;
    Entry *e;
    switch (what) {
    case PyTrace_CALL:
        code = (PyObject *)PyFrame_GetCode(frame);
        if ((e = entry_for(self, code, code, NULL)) != NULL) begin_call(self, e);
        break;
    case PyTrace_RETURN:
        code = (PyObject *)PyFrame_GetCode(frame);
        end_call(self, find(&self->functions, code));
        break;
    case PyTrace_C_CALL:
        if (self->builtins && PyCFunction_Check(arg) && (e = entry_for(self, ((PyCFunctionObject *)arg)->m_ml, NULL, arg)) != NULL) begin_call(self, e);
        break;
    case PyTrace_C_RETURN:
    case PyTrace_C_EXCEPTION:
        if (self->builtins && PyCFunction_Check(arg)) end_call(self, find(&self->functions, ((PyCFunctionObject *)arg)->m_ml));
        break;
    }
    self->busy = false;
    Py_XDECREF(code);
    PyErr_Restore(type, value, traceback);
    return 0;
}

/* ------------------------------------------------------------------ methods */

static bool refuse_busy(Profiler *self, const char *what) {
    if (self->busy) PyErr_Format(PyExc_RuntimeError, "cannot %s the profiler while it is at work", what);
    return self->busy;
}

PyDoc_STRVAR(enable_doc, "enable(subcalls=True, builtins=True)\n\nStarts collecting. With subcalls, for each function also what it called; with builtins,\n"
                         "also calls of built-in functions.");
static PyObject *profiler_enable(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"subcalls", "builtins", NULL};
    Profiler *self = PROFILER(o);
    int subcalls = -1, builtins = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|pp:enable", names, &subcalls, &builtins) || refuse_busy(self, "enable")) return NULL;
    if (subcalls >= 0) self->subcalls = subcalls;
    if (builtins >= 0) self->builtins = builtins;
    if (_PyEval_SetProfile(PyThreadState_Get(), on_event, o) < 0) return NULL;
    self->enabled = true;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(disable_doc, "disable()\n\nStops collecting.");
static PyObject *profiler_disable(PyObject *o, PyObject *unused) {
    Profiler *self = PROFILER(o);
    if (refuse_busy(self, "disable")) return NULL;
    if (self->enabled) {
        if (_PyEval_SetProfile(PyThreadState_Get(), NULL, NULL) < 0) return NULL;
        self->enabled = false;
    }
    self->busy = true;
    while (self->current) end_call(self, self->current->entry);
    self->busy = false;
    if (!self->out_of_memory) Py_RETURN_NONE;
    self->out_of_memory = false;
    PyErr_SetString(PyExc_MemoryError, "memory was exhausted while profiling");
    return NULL;
}
static void free_contexts(Context *context) {
    for (Context *caller; context; context = caller) {
        caller = context->caller;
        PyMem_Free(context);
    }
}
PyDoc_STRVAR(clear_doc, "clear()\n\nForgets what was collected.");
static PyObject *profiler_clear(PyObject *o, PyObject *unused) {
    Profiler *self = PROFILER(o);
    if (refuse_busy(self, "clear")) return NULL;
    free_contexts(self->current);
    free_contexts(self->spare);
    self->current = self->spare = NULL;
    clear_table(&self->functions);
    Py_RETURN_NONE;
}

/* (what, calls, recursive_calls, total, own[, callees]) of the type; callees (taken over) is NULL for a subcall. */
static PyObject *make_record(PyTypeObject *type, Entry *e, PyObject *what, double unit, PyObject *callees) {
    PyObject *record = PyStructSequence_New(type);
    if (!record) {
        Py_XDECREF(callees);
        return NULL;
    }
    PyStructSequence_SET_ITEM(record, 0, Py_NewRef(what));
    PyStructSequence_SET_ITEM(record, 1, PyLong_FromLong(e->calls));
    PyStructSequence_SET_ITEM(record, 2, PyLong_FromLong(e->recursive_calls));
    PyStructSequence_SET_ITEM(record, 3, PyFloat_FromDouble(unit * (double)e->total));
    PyStructSequence_SET_ITEM(record, 4, PyFloat_FromDouble(unit * (double)e->own));
    if (callees) PyStructSequence_SET_ITEM(record, 5, callees);
    if (PyErr_Occurred()) Py_CLEAR(record);
    return record;
}
/* Appends the record (taken over). */
static int append(PyObject *list, PyObject *record) {
    int r = record ? PyList_Append(list, record) : -1;
    Py_XDECREF(record);
    return r;
}
static PyObject *callees_of(ModuleState *state, Entry *function, double unit) {
    if (!function->callees) return Py_NewRef(Py_None);
    PyObject *list = PyList_New(0);
    for (Entry *e = function->callees->first; list && e; e = e->next)
        if (e->calls && append(list, make_record(state->subentry, e, ((const Entry *)e->key)->what, unit, NULL)) < 0) Py_CLEAR(list);
    return list;
}
PyDoc_STRVAR(getstats_doc, "getstats($self, /)\n--\n\nA list of profiler_entry, one for each function that has returned:\n\n"
                           "code           code object, or name of a built-in function\n"
                           "callcount      how often it was called\n"
                           "reccallcount   how often it was called while it ran already\n"
                           "totaltime      seconds in it and what it called\n"
                           "inlinetime     seconds in it alone\n"
                           "calls          list of profiler_subentry with the same but calls, or None");
static PyObject *profiler_getstats(PyObject *o, PyObject *unused) {
    Profiler *self = PROFILER(o);
    ModuleState *state = PyModule_GetState(PyType_GetModuleByDef(Py_TYPE(o), &lsprof_module));
    double unit = self->timer && self->timer_unit > 0.0 ? self->timer_unit : 1e-9;
    if (refuse_busy(self, "read")) return NULL;
    PyObject *list = PyList_New(0);
    self->busy = true;                          /* the collector may run finalizers */
    for (Entry *e = self->functions.first; list && e; e = e->next) {
        if (!e->calls) continue;
        PyObject *callees = callees_of(state, e, unit);
        if (!callees || append(list, make_record(state->entry, e, e->what, unit, callees)) < 0) Py_CLEAR(list);
    }
    self->busy = false;
    return list;
}

/* ------------------------------------------------------------------ the type */

static int profiler_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"timer", "timeunit", "subcalls", "builtins", NULL};
    Profiler *self = PROFILER(o);
    PyObject *timer = NULL;
    double unit = 0.0;
    int subcalls = 1, builtins = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Odpp:Profiler", names, &timer, &unit, &subcalls, &builtins) || refuse_busy(self, "initialise")) return -1;
    self->subcalls = subcalls;
    self->builtins = builtins;
    self->timer_unit = unit;
    Py_XSETREF(self->timer, timer && timer != Py_None ? Py_NewRef(timer) : NULL);
    return 0;
}
static int profiler_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(PROFILER(o)->timer);
    return 0;
}
static int profiler_clear_references(PyObject *o) {
    Py_CLEAR(PROFILER(o)->timer);
    return 0;
}
static void profiler_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    free_contexts(PROFILER(o)->current);        /* it is no thread's profiler: that would keep it alive */
    free_contexts(PROFILER(o)->spare);
    clear_table(&PROFILER(o)->functions);
    Py_XDECREF(PROFILER(o)->timer);
    type->tp_free(o);
    Py_DECREF(type);
}
PyDoc_STRVAR(profiler_doc, "Profiler(timer=None, timeunit=None, subcalls=True, builtins=True)\n\n"
                           "A profiler. Its timer is one of real time, or a function: of seconds, or, if timeunit is\n"
                           "given, of ints that count units of so many seconds.");
static PyMethodDef profiler_methods[] = {{"getstats", profiler_getstats, METH_NOARGS, getstats_doc},
                                         {"enable", KR_METH(profiler_enable), METH_VARARGS | METH_KEYWORDS, enable_doc},
                                         {"disable", profiler_disable, METH_NOARGS, disable_doc},
                                         {"clear", profiler_clear, METH_NOARGS, clear_doc},
                                         {NULL}};
static PyType_Slot profiler_slots[] = {{Py_tp_dealloc, profiler_dealloc}, {Py_tp_traverse, profiler_traverse}, {Py_tp_clear, profiler_clear_references},
                                       {Py_tp_methods, profiler_methods}, {Py_tp_init, profiler_init}, {Py_tp_doc, (void *)profiler_doc}, {0, NULL}};
static PyType_Spec profiler_spec = {"_lsprof.Profiler", sizeof(Profiler), 0,
                                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, profiler_slots};

static PyStructSequence_Field entry_fields[] = {
    {"code", "code object or built-in function name"}, {"callcount", "how many times this was called"},
    {"reccallcount", "how many times called recursively"}, {"totaltime", "total time in this entry"},
    {"inlinetime", "inline time in this entry (not in subcalls)"}, {"calls", "details of the calls"}, {NULL, NULL}};
static PyStructSequence_Field subentry_fields[] = {
    {"code", "called code object or built-in function name"}, {"callcount", "how many times this is called"},
    {"reccallcount", "how many times this is called recursively"}, {"totaltime", "total time spent in this call"},
    {"inlinetime", "inline time (not in further subcalls)"}, {NULL, NULL}};
static PyStructSequence_Desc entry_desc = {"_lsprof.profiler_entry", NULL, entry_fields, 6}, subentry_desc = {"_lsprof.profiler_subentry", NULL, subentry_fields, 5};

static int exec(PyObject *m) {
    ModuleState *state = PyModule_GetState(m);
    if (!(state->profiler = (PyTypeObject *)PyType_FromModuleAndSpec(m, &profiler_spec, NULL)) || !(state->entry = PyStructSequence_NewType(&entry_desc)) ||
        !(state->subentry = PyStructSequence_NewType(&subentry_desc)))
        return -1;
    return PyModule_AddType(m, state->profiler) < 0 || PyModule_AddType(m, state->entry) < 0 ? -1 : PyModule_AddType(m, state->subentry);
}
static int traverse(PyObject *m, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(m);
    Py_VISIT(state->profiler);
    Py_VISIT(state->entry);
    Py_VISIT(state->subentry);
    return 0;
}
static int clear(PyObject *m) {
    ModuleState *state = PyModule_GetState(m);
    Py_CLEAR(state->profiler);
    Py_CLEAR(state->entry);
    Py_CLEAR(state->subentry);
    return 0;
}
static void free_state(void *m) { clear(m); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static struct PyModuleDef lsprof_module = {PyModuleDef_HEAD_INIT, .m_name = "_lsprof", .m_doc = PyDoc_STR("Fast profiler"), .m_size = sizeof(ModuleState),
                                           .m_slots = slots, .m_traverse = traverse, .m_clear = clear, .m_free = free_state};
PyMODINIT_FUNC PyInit__lsprof(void) { return PyModuleDef_Init(&lsprof_module); }
