/* context.c - contextvars: Context, ContextVar, Token, and the C API over them.
 *
 * A context is a persistent map from variables to values (hamt.c), so copying one is O(1). The thread's current
 * context is base.context; base.context_ver changes whenever another becomes current or the current one is written, which is
 * what a variable's cache of its last value is checked against. A context is current in one place at a time, and remembers
 * the one it replaced.
 */
#include "vm/hamt.h"
#include "vm/context.h"

struct _pycontextobject {
    PyObject_HEAD
    PyContext *previous;        /* owned while entered */
    KrHamt *vars;
    PyObject *weakrefs;
    bool entered;
};

struct _pycontextvarobject {
    PyObject_HEAD
    PyObject *name;
    PyObject *fallback;         /* default, or NULL */
    PyObject *cached;           /* borrowed: the value in the context of version cached_version of thread cached_thread */
    uint64_t cached_thread, cached_version;
    Py_hash_t hash;
};

struct _pycontexttokenobject {
    PyObject_HEAD
    PyContext *context;
    PyContextVar *var;
    PyObject *old;              /* value before, or NULL */
    bool used;
};

static int types_ready(void);

/* ------------------------------------------------------------------ contexts */

/* A context over vars (borrowed). */
static PyContext *context_new(KrHamt *vars) {
    PyContext *c = PyObject_GC_New(PyContext, &PyContext_Type);
    if (c == NULL)
        return NULL;
    c->previous = NULL;
    c->vars = (KrHamt *)Py_NewRef(vars);
    c->weakrefs = NULL;
    c->entered = false;
    PyObject_GC_Track(c);
    return c;
}
PyObject *PyContext_New(void) {
    if (types_ready() < 0)
        return NULL;
    KrHamt *vars = kr_hamt_new();
    if (vars == NULL)
        return NULL;
    PyContext *c = context_new(vars);
    Py_DECREF(vars);
    return (PyObject *)c;
}

/* The thread's context, made when there is none; borrowed. */
static PyContext *context_current(PyThreadState *ts) {
    if (ts->context == NULL)
        ts->context = PyContext_New();
    return (PyContext *)ts->context;
}

static bool is_context(PyObject *o) {
    if (PyContext_CheckExact(o))
        return true;
    PyErr_SetString(PyExc_TypeError, "an instance of Context was expected");
    return false;
}
PyObject *PyContext_Copy(PyObject *o) { return is_context(o) ? (PyObject *)context_new(((PyContext *)o)->vars) : NULL; }
PyObject *PyContext_CopyCurrent(void) {
    PyContext *c = context_current(PyThreadState_Get());
    return c == NULL ? NULL : (PyObject *)context_new(c->vars);
}

static int context_enter(PyThreadState *ts, PyContext *c) {
    if (c->entered) {
        PyErr_Format(PyExc_RuntimeError, "cannot enter context: %R is already entered", c);
        return -1;
    }
    c->previous = (PyContext *)ts->context;     /* its reference moves here */
    c->entered = true;
    ts->context = Py_NewRef(c);
    ts->context_ver++;
    return 0;
}
static int context_exit(PyThreadState *ts, PyContext *c) {
    if (!c->entered) {
        PyErr_Format(PyExc_RuntimeError, "cannot exit context: %R has not been entered", c);
        return -1;
    }
    if (ts->context != (PyObject *)c) {
        PyErr_SetString(PyExc_RuntimeError, "cannot exit context: thread state references a different context object");
        return -1;
    }
    PyContext *previous = c->previous;
    c->previous = NULL;
    c->entered = false;
    ts->context = (PyObject *)previous;
    ts->context_ver++;
    Py_DECREF(c);
    return 0;
}
int PyContext_Enter(PyObject *o) { return is_context(o) ? context_enter(PyThreadState_Get(), (PyContext *)o) : -1; }
int PyContext_Exit(PyObject *o) { return is_context(o) ? context_exit(PyThreadState_Get(), (PyContext *)o) : -1; }

static PyObject *context_tp_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    if (PyTuple_GET_SIZE(args) || (kwds != NULL && PyDict_GET_SIZE(kwds))) {
        PyErr_SetString(PyExc_TypeError, "Context() does not accept any arguments");
        return NULL;
    }
    return PyContext_New();
}
static int context_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((PyContext *)o)->previous);
    Py_VISIT(((PyContext *)o)->vars);
    return 0;
}
static int context_clear(PyObject *o) {
    Py_CLEAR(((PyContext *)o)->previous);
    Py_CLEAR(((PyContext *)o)->vars);
    return 0;
}
static void context_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    if (((PyContext *)o)->weakrefs != NULL)
        PyObject_ClearWeakRefs(o);
    context_clear(o);
    PyObject_GC_Del(o);
}

/* Value of a key that must be a variable: 1, 0, -1. */
static int context_find(PyContext *c, PyObject *key, PyObject **value) {
    if (!PyContextVar_CheckExact(key)) {
        PyErr_Format(PyExc_TypeError, "a ContextVar key was expected, got %R", key);
        return -1;
    }
    return kr_hamt_find(c->vars, key, value);
}
static Py_ssize_t context_len(PyObject *o) { return ((PyContext *)o)->vars->count; }
static PyObject *context_subscript(PyObject *o, PyObject *key) {
    PyObject *value;
    int r = context_find((PyContext *)o, key, &value);
    if (r > 0)
        return Py_NewRef(value);
    if (r == 0)
        PyErr_SetObject(PyExc_KeyError, key);
    return NULL;
}
static int context_contains(PyObject *o, PyObject *key) {
    PyObject *value;
    return context_find((PyContext *)o, key, &value);
}
static PyObject *context_compare(PyObject *a, PyObject *b, int op) {
    if (!PyContext_CheckExact(a) || !PyContext_CheckExact(b) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    int r = kr_hamt_equal(((PyContext *)a)->vars, ((PyContext *)b)->vars);
    return r < 0 ? NULL : PyBool_FromLong(op == Py_EQ ? r : !r);
}
static PyObject *context_iter(PyObject *o) { return kr_hamt_iter(((PyContext *)o)->vars, KR_HAMT_KEYS); }

PyDoc_STRVAR(context_get_doc, "get($self, key, default=None, /)\n--\n\nThe value of the variable in this context, or default.");
static PyObject *context_get(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *value;
    if (!_PyArg_CheckPositional("get", nargs, 1, 2))
        return NULL;
    int r = context_find((PyContext *)o, args[0], &value);
    return r < 0 ? NULL : Py_NewRef(r ? value : nargs > 1 ? args[1] : Py_None);
}
PyDoc_STRVAR(context_items_doc, "items($self, /)\n--\n\nAll (variable, value) pairs.");
static PyObject *context_items(PyObject *o, PyObject *unused) { return kr_hamt_view(((PyContext *)o)->vars, KR_HAMT_ITEMS); }
PyDoc_STRVAR(context_keys_doc, "keys($self, /)\n--\n\nThe variables that have a value here.");
static PyObject *context_keys(PyObject *o, PyObject *unused) { return kr_hamt_view(((PyContext *)o)->vars, KR_HAMT_KEYS); }
PyDoc_STRVAR(context_values_doc, "values($self, /)\n--\n\nThe variables' values.");
static PyObject *context_values(PyObject *o, PyObject *unused) { return kr_hamt_view(((PyContext *)o)->vars, KR_HAMT_VALUES); }
PyDoc_STRVAR(context_copy_doc, "copy($self, /)\n--\n\nA context with the same values.");
static PyObject *context_copy(PyObject *o, PyObject *unused) { return PyContext_Copy(o); }

static PyObject *context_run(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyThreadState *ts = PyThreadState_Get();
    if (nargs < 1) {
        PyErr_SetString(PyExc_TypeError, "run() missing 1 required positional argument");
        return NULL;
    }
    if (context_enter(ts, (PyContext *)o) < 0)
        return NULL;
    PyObject *r = PyObject_Vectorcall(args[0], args + 1, (size_t)(nargs - 1), kwnames);
    if (context_exit(ts, (PyContext *)o) < 0)
        Py_CLEAR(r);
    return r;
}

static PyMethodDef context_methods[] = {
    {"get", KR_METH(context_get), METH_FASTCALL, context_get_doc},
    {"items", context_items, METH_NOARGS, context_items_doc},
    {"keys", context_keys, METH_NOARGS, context_keys_doc},
    {"values", context_values, METH_NOARGS, context_values_doc},
    {"copy", context_copy, METH_NOARGS, context_copy_doc},
    {"run", KR_METH(context_run), METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL},
};
static PySequenceMethods context_as_sequence = {.sq_contains = context_contains};
static PyMappingMethods context_as_mapping = {.mp_length = context_len, .mp_subscript = context_subscript};
PyTypeObject PyContext_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_contextvars.Context",
    .tp_basicsize = sizeof(PyContext),
    .tp_dealloc = context_dealloc,
    .tp_as_sequence = &context_as_sequence,
    .tp_as_mapping = &context_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = context_traverse,
    .tp_clear = context_clear,
    .tp_richcompare = context_compare,
    .tp_weaklistoffset = offsetof(PyContext, weakrefs),
    .tp_iter = context_iter,
    .tp_methods = context_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = context_tp_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ variables */

static PyContextVar *var_new(PyObject *name, PyObject *fallback) {
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "context variable name must be a str");
        return NULL;
    }
    Py_hash_t h = PyObject_Hash(name);
    if (h == -1 || types_ready() < 0)
        return NULL;
    PyContextVar *v = PyObject_GC_New(PyContextVar, &PyContextVar_Type);
    if (v == NULL)
        return NULL;
    v->name = Py_NewRef(name);
    v->fallback = Py_XNewRef(fallback);
    v->cached = NULL;
    v->cached_thread = v->cached_version = 0;
    v->hash = h ^ _Py_HashPointer(v);
    if (v->hash == -1)
        v->hash = -2;
    PyObject_GC_Track(v);
    return v;
}
PyObject *PyContextVar_New(const char *name, PyObject *fallback) {
    PyObject *s = PyUnicode_FromString(name);
    if (s == NULL)
        return NULL;
    PyContextVar *v = var_new(s, fallback);
    Py_DECREF(s);
    return (PyObject *)v;
}

static bool is_var(PyObject *o) {
    if (PyContextVar_CheckExact(o))
        return true;
    PyErr_SetString(PyExc_TypeError, "an instance of ContextVar was expected");
    return false;
}
static void var_remember(PyContextVar *v, PyThreadState *ts, PyObject *value) {
    v->cached = value;
    v->cached_thread = ts->id;
    v->cached_version = ts->context_ver;
}

int PyContextVar_Get(PyObject *o, PyObject *fallback, PyObject **value) {
    if (!is_var(o)) {
        *value = NULL;
        return -1;
    }
    PyContextVar *v = (PyContextVar *)o;
    PyThreadState *ts = PyThreadState_Get();
    *value = NULL;
    if (ts->context != NULL) {
        if (v->cached != NULL && v->cached_thread == ts->id && v->cached_version == ts->context_ver) {
            *value = Py_NewRef(v->cached);
            return 0;
        }
        int r = kr_hamt_find(((PyContext *)ts->context)->vars, o, value);
        if (r < 0)
            return -1;
        if (r > 0) {
            var_remember(v, ts, *value);
            Py_INCREF(*value);
            return 0;
        }
    }
    *value = Py_XNewRef(fallback != NULL ? fallback : v->fallback);
    return 0;
}

/* Gives the variable a value in the current context, or takes it away (NULL). */
static int var_assign(PyContextVar *v, PyObject *value) {
    PyThreadState *ts = PyThreadState_Get();
    PyContext *c = context_current(ts);
    if (c == NULL)
        return -1;
    v->cached = NULL;
    KrHamt *vars = value != NULL ? kr_hamt_set(c->vars, (PyObject *)v, value) : kr_hamt_delete(c->vars, (PyObject *)v);
    if (vars == NULL)
        return -1;
    if (value == NULL && vars == c->vars) {
        Py_DECREF(vars);
        PyErr_SetObject(PyExc_LookupError, (PyObject *)v);
        return -1;
    }
    Py_SETREF(c->vars, vars);
    ts->context_ver++;
    if (value != NULL)
        var_remember(v, ts, value);
    return 0;
}

PyObject *PyContextVar_Set(PyObject *o, PyObject *value) {
    if (!is_var(o))
        return NULL;
    PyContextVar *v = (PyContextVar *)o;
    PyContext *c = context_current(PyThreadState_Get());
    PyObject *old = NULL;
    if (c == NULL || kr_hamt_find(c->vars, o, &old) < 0)
        return NULL;
    PyContextToken *token = PyObject_GC_New(PyContextToken, &PyContextToken_Type);
    if (token == NULL)
        return NULL;
    token->context = (PyContext *)Py_NewRef(c);
    token->var = (PyContextVar *)Py_NewRef(v);
    token->old = Py_XNewRef(old);
    token->used = false;
    PyObject_GC_Track(token);
    if (var_assign(v, value) < 0) {
        Py_DECREF(token);
        return NULL;
    }
    return (PyObject *)token;
}

int PyContextVar_Reset(PyObject *o, PyObject *t) {
    if (!is_var(o))
        return -1;
    if (!PyContextToken_CheckExact(t)) {
        PyErr_SetString(PyExc_TypeError, "an instance of Token was expected");
        return -1;
    }
    PyContextToken *token = (PyContextToken *)t;
    if (token->used) {
        PyErr_Format(PyExc_RuntimeError, "%R has already been used once", t);
        return -1;
    }
    if (token->var != (PyContextVar *)o) {
        PyErr_Format(PyExc_ValueError, "%R was created by a different ContextVar", t);
        return -1;
    }
    PyContext *c = context_current(PyThreadState_Get());
    if (c == NULL)
        return -1;
    if (c != token->context) {
        PyErr_Format(PyExc_ValueError, "%R was created in a different Context", t);
        return -1;
    }
    token->used = true;
    return var_assign((PyContextVar *)o, token->old);
}

static PyObject *var_tp_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    static char *names[] = {"", "default", NULL};
    PyObject *name, *fallback = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|$O:ContextVar", names, &name, &fallback))
        return NULL;
    return (PyObject *)var_new(name, fallback);
}
static int var_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((PyContextVar *)o)->name);
    Py_VISIT(((PyContextVar *)o)->fallback);
    return 0;
}
static int var_clear(PyObject *o) {
    PyContextVar *v = (PyContextVar *)o;
    Py_CLEAR(v->name);
    Py_CLEAR(v->fallback);
    v->cached = NULL;
    return 0;
}
static void var_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    var_clear(o);
    PyObject_GC_Del(o);
}
static Py_hash_t var_hash(PyObject *o) { return ((PyContextVar *)o)->hash; }
static PyObject *var_repr(PyObject *o) {
    PyContextVar *v = (PyContextVar *)o;
    if (v->fallback == NULL)
        return PyUnicode_FromFormat("<ContextVar name=%R at %p>", v->name, v);
    int nested = Py_ReprEnter(o);           /* the default may lead back here */
    if (nested != 0)
        return nested < 0 ? NULL : PyUnicode_FromString("...");
    PyObject *r = PyUnicode_FromFormat("<ContextVar name=%R default=%R at %p>", v->name, v->fallback, v);
    Py_ReprLeave(o);
    return r;
}

PyDoc_STRVAR(var_get_doc, "get($self, default=<unrepresentable>, /)\n--\n\n"
                          "The variable's value in the current context, else default, else the variable's default, else LookupError.");
static PyObject *var_get(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *value;
    if (!_PyArg_CheckPositional("get", nargs, 0, 1) || PyContextVar_Get(o, nargs ? args[0] : NULL, &value) < 0)
        return NULL;
    if (value == NULL)
        PyErr_SetObject(PyExc_LookupError, o);
    return value;
}
PyDoc_STRVAR(var_set_doc, "set($self, value, /)\n--\n\nSets the value in the current context; the token undoes it.");
static PyObject *var_set(PyObject *o, PyObject *value) { return PyContextVar_Set(o, value); }
PyDoc_STRVAR(var_reset_doc, "reset($self, token, /)\n--\n\nThe value it had before the set() that gave the token.");
static PyObject *var_reset(PyObject *o, PyObject *token) {
    if (!PyContextToken_CheckExact(token)) {
        PyErr_Format(PyExc_TypeError, "expected an instance of Token, got %R", token);
        return NULL;
    }
    if (PyContextVar_Reset(o, token) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMemberDef var_members[] = {{"name", T_OBJECT, offsetof(PyContextVar, name), READONLY, NULL}, {NULL}};
static PyMethodDef var_methods[] = {
    {"get", KR_METH(var_get), METH_FASTCALL, var_get_doc},
    {"set", var_set, METH_O, var_set_doc},
    {"reset", var_reset, METH_O, var_reset_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    {NULL},
};
PyTypeObject PyContextVar_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_contextvars.ContextVar",
    .tp_basicsize = sizeof(PyContextVar),
    .tp_dealloc = var_dealloc,
    .tp_repr = var_repr,
    .tp_hash = var_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = var_traverse,
    .tp_clear = var_clear,
    .tp_methods = var_methods,
    .tp_members = var_members,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = var_tp_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ tokens */

static PyObject *missing_repr(PyObject *o) { return PyUnicode_FromString("<Token.MISSING>"); }
static void missing_dealloc(PyObject *o) {}
static PyTypeObject missing_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "Token.MISSING",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = missing_dealloc,
    .tp_repr = missing_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};
static PyObject token_missing = {KR_IMMORTAL_REFCNT, &missing_type};

static PyObject *token_tp_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    PyErr_SetString(PyExc_RuntimeError, "Tokens can only be created by ContextVars");
    return NULL;
}
static int token_traverse(PyObject *o, visitproc visit, void *arg) {
    PyContextToken *t = (PyContextToken *)o;
    Py_VISIT(t->context);
    Py_VISIT(t->var);
    Py_VISIT(t->old);
    return 0;
}
static int token_clear(PyObject *o) {
    PyContextToken *t = (PyContextToken *)o;
    Py_CLEAR(t->context);
    Py_CLEAR(t->var);
    Py_CLEAR(t->old);
    return 0;
}
static void token_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    token_clear(o);
    PyObject_GC_Del(o);
}
static PyObject *token_repr(PyObject *o) {
    PyContextToken *t = (PyContextToken *)o;
    return PyUnicode_FromFormat("<Token%s var=%R at %p>", t->used ? " used" : "", t->var, t);
}
static PyObject *token_get_var(PyObject *o, void *unused) { return Py_NewRef(((PyContextToken *)o)->var); }
static PyObject *token_get_old(PyObject *o, void *unused) {
    PyObject *old = ((PyContextToken *)o)->old;
    return Py_NewRef(old == NULL ? &token_missing : old);
}
static PyGetSetDef token_getsets[] = {
    {"var", token_get_var, NULL, NULL, NULL},
    {"old_value", token_get_old, NULL, NULL, NULL},
    {NULL},
};
static PyMethodDef token_methods[] = {
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    {NULL},
};
PyTypeObject PyContextToken_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_contextvars.Token",
    .tp_basicsize = sizeof(PyContextToken),
    .tp_dealloc = token_dealloc,
    .tp_repr = token_repr,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = token_traverse,
    .tp_clear = token_clear,
    .tp_methods = token_methods,
    .tp_getset = token_getsets,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = token_tp_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ the rest */

static int types_ready(void) {
    if (KR_LIKELY(PyContextToken_Type.tp_flags & Py_TPFLAGS_READY))
        return 0;
    if (kr_hamt_ready() < 0 || PyType_Ready(&PyContext_Type) < 0 || PyType_Ready(&PyContextVar_Type) < 0 ||
        PyType_Ready(&missing_type) < 0 || PyType_Ready(&PyContextToken_Type) < 0)
        return -1;
    if (PyDict_SetItemString(PyContextToken_Type.tp_dict, "MISSING", &token_missing) < 0)
        return -1;
    PyType_Modified(&PyContextToken_Type);
    return 0;
}
int kr_context_ready(void) { return types_ready(); }

PyObject *_PyContext_NewHamtForTests(void) { return (PyObject *)kr_hamt_new(); }
