/* exceptions.c - BaseException, all classes that add nothing to their base, MemoryError, and the start of them all.
 *
 * An instance owns args (a tuple, never NULL once made), its dict, and four references that are NULL or set: notes (unused:
 * __notes__ is in the dict), traceback, context and cause. A few MemoryErrors are kept ready, since making one when memory is
 * out could fail; they are linked by `dict`, untracked.
 */
#include "object/exceptions.h"
#include "memory/gc.h"
#include "object/call.h"
#include "object/tuple.h"
#include "runtime/errors.h"
#include "runtime/lifecycle.h"

#define BASE(o) ((PyBaseExceptionObject *)(o))

/* ------------------------------------------------------------------ lifecycle */

int kr_exc_BaseException_clear(PyObject *o) {
    Py_CLEAR(BASE(o)->dict);
    Py_CLEAR(BASE(o)->args);
    Py_CLEAR(BASE(o)->notes);
    Py_CLEAR(BASE(o)->traceback);
    Py_CLEAR(BASE(o)->cause);
    Py_CLEAR(BASE(o)->context);
    return 0;
}

int kr_exc_BaseException_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(BASE(o)->dict);
    Py_VISIT(BASE(o)->args);
    Py_VISIT(BASE(o)->notes);
    Py_VISIT(BASE(o)->traceback);
    Py_VISIT(BASE(o)->cause);
    Py_VISIT(BASE(o)->context);
    return 0;
}

int kr_exc_fields_clear(PyObject *o, PyObject **first, int n) {
    for (int i = 0; i < n; i++) Py_CLEAR(first[i]);
    return kr_exc_BaseException_clear(o);
}
int kr_exc_fields_traverse(PyObject *o, PyObject **first, int n, visitproc visit, void *arg) {
    for (int i = 0; i < n; i++) Py_VISIT(first[i]);
    return kr_exc_BaseException_traverse(o, visit, arg);
}

void kr_exc_BaseException_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    KR_TRASHCAN_BEGIN(o, kr_exc_BaseException_dealloc) /* chains of contexts can be long */
    kr_exc_BaseException_clear(o);
    Py_TYPE(o)->tp_free(o);
    KR_TRASHCAN_END
}

PyObject *kr_exc_BaseException_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    PyObject *o = t->tp_alloc(t, 0);
    if (o) BASE(o)->args = args ? Py_NewRef(args) : kr_empty_tuple();
    return o;
}

int kr_exc_BaseException_init(PyObject *o, PyObject *args, PyObject *kwds) {
    if (!_PyArg_NoKeywords(Py_TYPE(o)->tp_name, kwds)) return -1;
    if (BASE(o)->args != args) Py_XSETREF(BASE(o)->args, Py_NewRef(args));
    return 0;
}

PyObject *kr_exc_BaseException_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyTypeObject *t = (PyTypeObject *)type;
    if (!_PyArg_NoKwnames(t->tp_name, kwnames)) return NULL;
    PyObject *tuple = kr_stack_as_tuple(args, PyVectorcall_NARGS(nargsf));
    if (!tuple) return NULL;
    PyObject *o = t->tp_alloc(t, 0);
    if (!o) {
        Py_DECREF(tuple);
        return NULL;
    }
    BASE(o)->args = tuple;
    return o;
}

/* ------------------------------------------------------------------ text */

PyObject *kr_exc_BaseException_str(PyObject *o) {
    PyObject *args = BASE(o)->args;
    switch (PyTuple_GET_SIZE(args)) {
    case 0: return PyUnicode_New(0, 0);
    case 1: return PyObject_Str(PyTuple_GET_ITEM(args, 0));
    default: return PyObject_Str(args);
    }
}

static PyObject *base_repr(PyObject *o) {
    const char *name = _PyType_Name(Py_TYPE(o));
    PyObject *args = BASE(o)->args;
    if (PyTuple_GET_SIZE(args) == 1) return PyUnicode_FromFormat("%s(%R)", name, PyTuple_GET_ITEM(args, 0));
    return PyUnicode_FromFormat("%s%R", name, args);
}

/* ------------------------------------------------------------------ attributes */

/* Sets a field to a value that is NULL or taken over. */
KR_INLINE void set_field(PyObject **field, PyObject *value) { Py_XSETREF(*field, value); }

static PyObject *get_args(PyObject *o, void *closure) { return Py_NewRef(BASE(o)->args ? BASE(o)->args : Py_None); }
static int set_args(PyObject *o, PyObject *value, void *closure) {
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "args may not be deleted");
        return -1;
    }
    PyObject *tuple = PySequence_Tuple(value);
    if (!tuple) return -1;
    set_field(&BASE(o)->args, tuple);
    return 0;
}

static PyObject *get_traceback(PyObject *o, void *closure) { return Py_NewRef(BASE(o)->traceback ? BASE(o)->traceback : Py_None); }
static int set_traceback(PyObject *o, PyObject *tb, void *closure) {
    if (!tb) {
        PyErr_SetString(PyExc_TypeError, "__traceback__ may not be deleted");
        return -1;
    }
    if (tb != Py_None && !PyTraceBack_Check(tb)) {
        PyErr_SetString(PyExc_TypeError, "__traceback__ must be a traceback or None");
        return -1;
    }
    set_field(&BASE(o)->traceback, tb == Py_None ? NULL : Py_NewRef(tb));
    return 0;
}

/* Checks a value for __context__ or __cause__. */
static bool check_link(PyObject *value, const char *deleted, const char *wrong) {
    if (value && (value == Py_None || PyExceptionInstance_Check(value))) return true;
    PyErr_SetString(PyExc_TypeError, value ? wrong : deleted);
    return false;
}

static PyObject *get_context(PyObject *o, void *closure) { return Py_NewRef(BASE(o)->context ? BASE(o)->context : Py_None); }
static int set_context(PyObject *o, PyObject *value, void *closure) {
    if (!check_link(value, "__context__ may not be deleted", "exception context must be None or derive from BaseException")) return -1;
    PyException_SetContext(o, value == Py_None ? NULL : Py_NewRef(value));
    return 0;
}
static PyObject *get_cause(PyObject *o, void *closure) { return Py_NewRef(BASE(o)->cause ? BASE(o)->cause : Py_None); }
static int set_cause(PyObject *o, PyObject *value, void *closure) {
    if (!check_link(value, "__cause__ may not be deleted", "exception cause must be None or derive from BaseException")) return -1;
    PyException_SetCause(o, value == Py_None ? NULL : Py_NewRef(value));
    return 0;
}

static PyGetSetDef base_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict},
    {"args", get_args, set_args},
    {"__traceback__", get_traceback, set_traceback},
    {"__context__", get_context, set_context, PyDoc_STR("exception context")},
    {"__cause__", get_cause, set_cause, PyDoc_STR("exception cause")},
    {NULL},
};
static PyMemberDef base_members[] = {
    {"__suppress_context__", T_BOOL, offsetof(PyBaseExceptionObject, suppress_context)},
    {NULL},
};

/* ------------------------------------------------------------------ methods */

PyObject *kr_exc_state(PyObject *o, PyObject *name1, PyObject *value1, PyObject *name2, PyObject *value2) {
    PyObject *dict = BASE(o)->dict;
    if (!value1 && !value2) return Py_NewRef(dict ? dict : Py_None);
    PyObject *state = dict ? PyDict_Copy(dict) : PyDict_New();
    if (state && ((value1 && PyDict_SetItem(state, name1, value1) < 0) || (value2 && PyDict_SetItem(state, name2, value2) < 0))) Py_CLEAR(state);
    return state;
}

static PyObject *base_reduce(PyObject *o, PyObject *ignored) {
    PyObject *args = BASE(o)->args ? BASE(o)->args : kr_empty_tuple();
    if (BASE(o)->dict) return PyTuple_Pack(3, Py_TYPE(o), args, BASE(o)->dict);
    return PyTuple_Pack(2, Py_TYPE(o), args);
}

static PyObject *base_setstate(PyObject *o, PyObject *state) {
    if (state != Py_None) {
        if (!PyDict_Check(state)) {
            PyErr_SetString(PyExc_TypeError, "state is not a dictionary");
            return NULL;
        }
        PyObject *k, *v;
        Py_ssize_t pos = 0;
        while (PyDict_Next(state, &pos, &k, &v)) {
            Py_INCREF(k);
            Py_INCREF(v);
            int r = PyObject_SetAttr(o, k, v);
            Py_DECREF(k);
            Py_DECREF(v);
            if (r < 0) return NULL;
        }
    }
    Py_RETURN_NONE;
}

static PyObject *base_with_traceback(PyObject *o, PyObject *tb) { return PyException_SetTraceback(o, tb) < 0 ? NULL : Py_NewRef(o); }

static PyObject *base_add_note(PyObject *o, PyObject *note) {
    if (!PyUnicode_Check(note)) {
        PyErr_Format(PyExc_TypeError, "note must be a str, not '%s'", Py_TYPE(note)->tp_name);
        return NULL;
    }
    PyObject *notes;
    if (_PyObject_LookupAttr(o, KR_STR(__notes__), &notes) < 0) return NULL;
    if (!notes) {
        notes = PyList_New(0);
        if (!notes) return NULL;
        if (PyObject_SetAttr(o, KR_STR(__notes__), notes) < 0) {
            Py_DECREF(notes);
            return NULL;
        }
    }
    bool ok = false;
    if (!PyList_Check(notes)) PyErr_SetString(PyExc_TypeError, "Cannot add note: __notes__ is not a list");
    else ok = PyList_Append(notes, note) == 0;
    Py_DECREF(notes);
    if (!ok) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef base_methods[] = {
    {"__reduce__", base_reduce, METH_NOARGS},
    {"__setstate__", base_setstate, METH_O},
    {"with_traceback", base_with_traceback, METH_O, PyDoc_STR("Exception.with_traceback(tb) --\n    sets __traceback__; the exception itself.")},
    {"add_note", base_add_note, METH_O, PyDoc_STR("Exception.add_note(note) --\n    adds a line that is shown after the message.")},
    {NULL},
};

PyTypeObject kr_exc_BaseException = {
    KR_EXC_TYPE(BaseException, &PyBaseObject_Type, BaseException, PyBaseExceptionObject),
    .tp_doc = PyDoc_STR("Base of all exceptions."),
    .tp_repr = base_repr,
    .tp_str = kr_exc_BaseException_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_methods = base_methods,
    .tp_members = base_members,
    .tp_getset = base_getset,
    .tp_vectorcall = kr_exc_BaseException_vectorcall,
};
PyObject *PyExc_BaseException = (PyObject *)&kr_exc_BaseException;

/* ------------------------------------------------------------------ the simple classes */

#define kr_vectorcall_of_BaseException kr_exc_BaseException_vectorcall
#define kr_vectorcall_of_OSError NULL
#define kr_vectorcall_of_ImportError NULL
#define kr_vectorcall_of_NameError NULL
#define kr_vectorcall_of_SyntaxError NULL
#define kr_exc_ImportError_new kr_exc_BaseException_new
#define kr_exc_NameError_new kr_exc_BaseException_new
#define kr_exc_SyntaxError_new kr_exc_BaseException_new
#define KR_OWN(name)
#define KR_SIMPLE(name, base, layout, doc)                                     \
    PyTypeObject kr_exc_##name = {                                             \
        KR_EXC_TYPE(name, &kr_exc_##base, layout, kr_exc_##layout##_struct),   \
        .tp_doc = PyDoc_STR(doc),                                              \
        .tp_vectorcall = kr_vectorcall_of_##layout,                            \
    };                                                                         \
    PyObject *PyExc_##name = (PyObject *)&kr_exc_##name;
#include "object/exceptions.def"
#undef KR_SIMPLE
#undef KR_OWN

/* ------------------------------------------------------------------ MemoryError */

#define KR_MEMORY_ERRORS 16

static PyObject *take_memory_error(void) {
    KrInterpRuntime *rt = &kr_interp()->runtime;
    PyBaseExceptionObject *o = rt->memory_errors;
    if (!o) return NULL;
    rt->memory_errors = (PyBaseExceptionObject *)o->dict;
    rt->memory_error_count--;
    o->dict = NULL;
    o->args = kr_empty_tuple();
    o->suppress_context = 0;
    _Py_NewReference((PyObject *)o);
    PyObject_GC_Track(o);
    return (PyObject *)o;
}

PyObject *kr_memory_error(void) { return take_memory_error(); }

static PyObject *memory_error_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    PyObject *o = t == &kr_exc_MemoryError ? take_memory_error() : NULL;
    if (!o && (o = kr_exc_BaseException_new(t, args, kwds))) return o;
    if (!o) {
        /* the last one, which all the places share that find no memory now */
        PyObject *last = t == &kr_exc_MemoryError ? kr_interp()->runtime.last_memory_error : NULL;
        if (last) PyErr_Clear();
        return Py_XNewRef(last);
    }
    if (args) Py_SETREF(BASE(o)->args, Py_NewRef(args));
    return o;
}

static void memory_error_dealloc(PyObject *o) {
    KrInterpRuntime *rt = &kr_interp()->runtime;
    if (!Py_IS_TYPE(o, &kr_exc_MemoryError) || rt->memory_error_count >= KR_MEMORY_ERRORS) {
        kr_exc_BaseException_dealloc(o);
        return;
    }
    PyObject_GC_UnTrack(o);
    kr_exc_BaseException_clear(o);
    BASE(o)->dict = (PyObject *)rt->memory_errors;
    rt->memory_errors = BASE(o);
    rt->memory_error_count++;
}

PyTypeObject kr_exc_MemoryError = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "MemoryError",
    .tp_basicsize = sizeof(PyBaseExceptionObject),
    .tp_dealloc = memory_error_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASE_EXC_SUBCLASS,
    .tp_doc = PyDoc_STR("Out of memory."),
    .tp_traverse = kr_exc_BaseException_traverse,
    .tp_clear = kr_exc_BaseException_clear,
    .tp_base = &kr_exc_Exception,
    .tp_dictoffset = offsetof(PyBaseExceptionObject, dict),
    .tp_init = kr_exc_BaseException_init,
    .tp_new = memory_error_new,
};
PyObject *PyExc_MemoryError = (PyObject *)&kr_exc_MemoryError;

static int fill_memory_errors(void) {
    PyObject *made[KR_MEMORY_ERRORS];
    int n = 0;
    while (n < KR_MEMORY_ERRORS && (made[n] = kr_exc_BaseException_new(&kr_exc_MemoryError, NULL, NULL))) n++;
    for (int i = 0; i < n; i++) Py_DECREF(made[i]);
    return n == KR_MEMORY_ERRORS && (kr_interp()->runtime.last_memory_error = kr_exc_BaseException_new(&kr_exc_MemoryError, NULL, NULL)) ? 0 : -1;
}

/* ------------------------------------------------------------------ C API */

PyObject *PyException_GetTraceback(PyObject *o) { return Py_XNewRef(BASE(o)->traceback); }
int PyException_SetTraceback(PyObject *o, PyObject *tb) { return set_traceback(o, tb, NULL); }
PyObject *PyException_GetCause(PyObject *o) { return Py_XNewRef(BASE(o)->cause); }
void PyException_SetCause(PyObject *o, PyObject *cause) {
    BASE(o)->suppress_context = 1;
    set_field(&BASE(o)->cause, cause);
}
PyObject *PyException_GetContext(PyObject *o) { return Py_XNewRef(BASE(o)->context); }
void PyException_SetContext(PyObject *o, PyObject *context) { set_field(&BASE(o)->context, context); }

#undef PyExceptionClass_Name
const char *PyExceptionClass_Name(PyObject *cls) { return ((PyTypeObject *)cls)->tp_name; }

/* Whether text can be put before an exception's message without losing anything: a plain class, no argument or one str, no attributes. */
static bool has_only_text(PyObject *e) {
    PyTypeObject *t = Py_TYPE(e);
    PyObject *args = BASE(e)->args;
    Py_ssize_t size = kr_exc_BaseException.tp_basicsize;
    if (t->tp_weaklistoffset > 0) size += (Py_ssize_t)sizeof(PyObject *);
    if (t->tp_init != kr_exc_BaseException_init || t->tp_new != kr_exc_BaseException_new || t->tp_basicsize != size || t->tp_itemsize != kr_exc_BaseException.tp_itemsize)
        return false;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n > 1 || (n == 1 && !PyUnicode_CheckExact(PyTuple_GET_ITEM(args, 0)))) return false;
    return !BASE(e)->dict || PyDict_GET_SIZE(BASE(e)->dict) == 0;
}

PyObject *_PyErr_TrySetFromCause(const char *format, ...) {
    PyObject *e = kr_err_fetch();
    if (!e) return NULL;
    if (!has_only_text(e)) {
        kr_err_restore(e);
        return NULL;
    }
    va_list va;
    va_start(va, format);
    PyObject *prefix = PyUnicode_FromFormatV(format, va);
    va_end(va);
    if (!prefix) {
        Py_DECREF(e);
        return NULL;
    }
    PyTypeObject *t = Py_TYPE(e);
    PyErr_Format((PyObject *)t, "%U (%s: %S)", prefix, t->tp_name, e);
    Py_DECREF(prefix);
    PyObject *n = kr_err_fetch();
    if (BASE(e)->traceback) PyException_SetTraceback(n, BASE(e)->traceback);
    PyException_SetCause(n, e);
    kr_err_restore(n);
    return n;
}

/* ------------------------------------------------------------------ start and end */

PyObject *PyExc_EnvironmentError = (PyObject *)&kr_exc_OSError;
PyObject *PyExc_IOError = (PyObject *)&kr_exc_OSError;

static PyTypeObject *const classes[] = {
#define KR_SIMPLE(name, base, layout, doc) &kr_exc_##name,
#define KR_OWN(name) &kr_exc_##name,
#include "object/exceptions.def"
#undef KR_SIMPLE
#undef KR_OWN
};

int kr_exceptions_init(PyObject *dict) {
    kr_runtime.process.leave_dicts_empty = true;
    int r = 0;
    for (size_t i = 0; r == 0 && i < KR_ARRAY_LEN(classes); i++)
        r = PyType_Ready(classes[i]);
    kr_runtime.process.leave_dicts_empty = false;
    if (r < 0) return -1;
    for (size_t i = 0; i < KR_ARRAY_LEN(classes); i++)
        if (PyDict_SetItemString(dict, classes[i]->tp_name, (PyObject *)classes[i]) < 0) return -1;
    if (PyDict_SetItemString(dict, "EnvironmentError", PyExc_OSError) < 0 || PyDict_SetItemString(dict, "IOError", PyExc_OSError) < 0) return -1;
    return kr_exc_group_init(dict) < 0 || fill_memory_errors() < 0 ? -1 : 0;
}

void kr_exceptions_fini(KrInterp *interp) {
    KrInterpRuntime *rt = &interp->runtime;
    kr_exc_group_fini(interp);
    Py_CLEAR(rt->last_memory_error);
    rt->memory_error_count = KR_MEMORY_ERRORS;
    for (PyBaseExceptionObject *o; (o = rt->memory_errors);) {
        rt->memory_errors = (PyBaseExceptionObject *)o->dict;
        PyObject_GC_Del(o);
    }
}
