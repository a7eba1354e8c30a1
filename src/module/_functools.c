/* _functools.c - the module _functools: partial, reduce and cmp_to_key. The cache behind lru_cache is in _functools_lru.c.
 *
 * partial: fn, args and kw are what it was made with; kw belongs to the partial and is readable, so it may change between
 * calls. A partial of a partial that has no attributes of its own is flattened into one.
 */
#include "module/_functools.h"
#include "module/module_types.h"

/* ------------------------------------------------------------------ partial */

typedef struct {
    PyObject_HEAD
    PyObject *fn, *args, *kw;   /* any callable, tuple, dict */
    PyObject *dict, *weakreflist;
    vectorcallfunc vectorcall;
} Partial;
#define PARTIAL(o) ((Partial *)(o))

static PyObject *partial_call(PyObject *self, PyObject *args, PyObject *kwds) { return PyVectorcall_Call(self, args, kwds); }

/* The call's keyword arguments over the partial's, as a dict of the callee's own. */
static PyObject *merge_keywords(PyObject *kw, PyObject *const *values, PyObject *kwnames) {
    PyObject *merged = PyDict_Copy(kw);
    for (Py_ssize_t i = 0; merged != NULL && kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++)
        if (PyDict_SetItem(merged, PyTuple_GET_ITEM(kwnames, i), values[i]) < 0)
            Py_CLEAR(merged);
    return merged;
}

#define STACK_ARGS 12           /* up to so many arguments are passed without a heap block */

static PyObject *partial_vectorcall(PyObject *o, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Partial *self = PARTIAL(o);
    PyObject *fn = self->fn, *stored = self->args, *merged = NULL, *result = NULL;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), nstored = PyTuple_GET_SIZE(stored);
    Py_ssize_t nkw = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    bool own_keywords = PyDict_GET_SIZE(self->kw) > 0;
    if (nstored == 0 && !own_keywords)
        return PyObject_Vectorcall(fn, args, nargsf, kwnames);
    /* The stored arguments, then the call's; its keyword values too unless they go into `merged`. */
    Py_ssize_t ncopied = own_keywords ? nargs : nargs + nkw;
    PyObject *small[STACK_ARGS + 1], **block = small;
    if (nstored + ncopied > STACK_ARGS && (block = PyMem_New(PyObject *, nstored + ncopied + 1)) == NULL)
        return PyErr_NoMemory();
    PyObject **stack = block + 1;       /* the callee may use the place before it */
    if (nstored > 0)
        memcpy(stack, PySequence_Fast_ITEMS(stored), (size_t)nstored * sizeof(PyObject *));
    if (ncopied > 0)
        memcpy(stack + nstored, args, (size_t)ncopied * sizeof(PyObject *));
    Py_INCREF(fn);                      /* __setstate__ during the call must not free them */
    Py_INCREF(stored);
    size_t total = (size_t)(nstored + nargs) | PY_VECTORCALL_ARGUMENTS_OFFSET;
    if (!own_keywords)
        result = PyObject_Vectorcall(fn, stack, total, kwnames);
    else if ((merged = merge_keywords(self->kw, args + nargs, kwnames)) != NULL)
        result = PyObject_VectorcallDict(fn, stack, total, merged);
    Py_XDECREF(merged);
    Py_DECREF(stored);
    Py_DECREF(fn);
    if (block != small)
        PyMem_Free(block);
    return result;
}

static PyObject *partial_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n < 1) {
        PyErr_SetString(PyExc_TypeError, "type 'partial' takes at least one argument");
        return NULL;
    }
    PyObject *fn = PyTuple_GET_ITEM(args, 0), *inner_args = NULL, *inner_kw = NULL;
    if (Py_TYPE(fn)->tp_call == partial_call && PARTIAL(fn)->dict == NULL) {
        inner_args = PARTIAL(fn)->args;
        inner_kw = PARTIAL(fn)->kw;
        fn = PARTIAL(fn)->fn;
    }
    if (!PyCallable_Check(fn)) {
        PyErr_SetString(PyExc_TypeError, "the first argument must be callable");
        return NULL;
    }
    Partial *self = (Partial *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->fn = Py_NewRef(fn);
    self->vectorcall = partial_vectorcall;
    self->args = PyTuple_GetSlice(args, 1, n);
    if (self->args != NULL && inner_args != NULL && PyTuple_GET_SIZE(inner_args) > 0)
        Py_SETREF(self->args, PySequence_Concat(inner_args, self->args));
    self->kw = inner_kw != NULL ? PyDict_Copy(inner_kw) : PyDict_New();
    if (self->args == NULL || self->kw == NULL || (kwds != NULL && PyDict_Update(self->kw, kwds) < 0))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int partial_clear(PyObject *o) {
    Py_CLEAR(PARTIAL(o)->fn);
    Py_CLEAR(PARTIAL(o)->args);
    Py_CLEAR(PARTIAL(o)->kw);
    Py_CLEAR(PARTIAL(o)->dict);
    return 0;
}

static void partial_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_TRASHCAN_BEGIN(o, partial_dealloc)
    if (PARTIAL(o)->weakreflist != NULL)
        PyObject_ClearWeakRefs(o);
    partial_clear(o);
    Py_TYPE(o)->tp_free(o);
    Py_TRASHCAN_END
}

static int partial_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(PARTIAL(o)->fn);
    Py_VISIT(PARTIAL(o)->args);
    Py_VISIT(PARTIAL(o)->kw);
    Py_VISIT(PARTIAL(o)->dict);
    return 0;
}

/* Appends the text, which is taken over. */
static int write_and_drop(_PyUnicodeWriter *writer, PyObject *text) {
    int r = text == NULL ? -1 : _PyUnicodeWriter_WriteStr(writer, text);
    Py_XDECREF(text);
    return r;
}

/* name(fn, *args, **kw); the three are held, for a repr may call __setstate__. */
static int write_partial(_PyUnicodeWriter *writer, const char *name, PyObject *fn, PyObject *args, PyObject *kw) {
    int r = write_and_drop(writer, PyUnicode_FromFormat("%s(%R", name, fn));
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(args); i++)
        r = write_and_drop(writer, PyUnicode_FromFormat(", %R", PyTuple_GET_ITEM(args, i)));
    Py_ssize_t pos = 0;
    PyObject *key, *value;
    while (r == 0 && PyDict_Next(kw, &pos, &key, &value)) {
        Py_INCREF(key);         /* pos stays valid; the items may go */
        Py_INCREF(value);
        r = write_and_drop(writer, PyUnicode_FromFormat(", %S=%R", key, value));
        Py_DECREF(key);
        Py_DECREF(value);
    }
    return r < 0 ? -1 : _PyUnicodeWriter_WriteChar(writer, ')');
}

static PyObject *partial_repr(PyObject *o) {
    int nested = Py_ReprEnter(o);
    if (nested != 0)
        return nested > 0 ? PyUnicode_FromString("...") : NULL;
    PyObject *fn = Py_NewRef(PARTIAL(o)->fn), *args = Py_NewRef(PARTIAL(o)->args), *kw = Py_NewRef(PARTIAL(o)->kw), *result = NULL;
    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    if (write_partial(&writer, Py_TYPE(o)->tp_name, fn, args, kw) == 0)
        result = _PyUnicodeWriter_Finish(&writer);
    else
        _PyUnicodeWriter_Dealloc(&writer);
    Py_DECREF(fn);
    Py_DECREF(args);
    Py_DECREF(kw);
    Py_ReprLeave(o);
    return result;
}

/* type(fn), then __setstate__((fn, args, kw, dict)). */
static PyObject *partial_reduce(PyObject *o, PyObject *unused) {
    Partial *self = PARTIAL(o);
    return Py_BuildValue("O(O)(OOOO)", Py_TYPE(o), self->fn, self->fn, self->args, self->kw, self->dict == NULL ? Py_None : self->dict);
}

static PyObject *partial_setstate(PyObject *o, PyObject *state) {
    PyObject *fn, *args, *kw, *dict;
    if (!PyTuple_Check(state) || !PyArg_ParseTuple(state, "OOOO", &fn, &args, &kw, &dict) || !PyCallable_Check(fn) ||
        !PyTuple_Check(args) || (kw != Py_None && !PyDict_Check(kw)) || (dict != Py_None && !PyDict_Check(dict))) {
        PyErr_SetString(PyExc_TypeError, "invalid partial state");
        return NULL;
    }
    args = PyTuple_CheckExact(args) ? Py_NewRef(args) : PySequence_Tuple(args);
    if (args == NULL)
        return NULL;
    kw = kw == Py_None ? PyDict_New() : PyDict_CheckExact(kw) ? Py_NewRef(kw) : PyDict_Copy(kw);
    if (kw == NULL) {
        Py_DECREF(args);
        return NULL;
    }
    Py_SETREF(PARTIAL(o)->fn, Py_NewRef(fn));
    Py_SETREF(PARTIAL(o)->args, args);
    Py_SETREF(PARTIAL(o)->kw, kw);
    Py_XSETREF(PARTIAL(o)->dict, dict == Py_None ? NULL : Py_NewRef(dict));
    Py_RETURN_NONE;
}

static PyMethodDef partial_methods[] = {
    {"__reduce__", partial_reduce, METH_NOARGS},
    {"__setstate__", partial_setstate, METH_O},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    {NULL}};
static PyMemberDef partial_members[] = {
    {"func", T_OBJECT, offsetof(Partial, fn), READONLY, "the callable"},
    {"args", T_OBJECT, offsetof(Partial, args), READONLY, "the positional arguments that come first"},
    {"keywords", T_OBJECT, offsetof(Partial, kw), READONLY, "the keyword arguments, unless a call gives others"},
    {NULL}};
static PyGetSetDef partial_getsets[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict}, {NULL}};

PyTypeObject kr_partial_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "functools.partial",
    .tp_basicsize = sizeof(Partial),
    .tp_dealloc = partial_dealloc,
    .tp_vectorcall_offset = offsetof(Partial, vectorcall),
    .tp_repr = partial_repr,
    .tp_call = partial_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = PyDoc_STR("partial(func, *args, **keywords) - func with some arguments given in advance."),
    .tp_traverse = partial_traverse,
    .tp_clear = partial_clear,
    .tp_weaklistoffset = offsetof(Partial, weakreflist),
    .tp_methods = partial_methods,
    .tp_members = partial_members,
    .tp_getset = partial_getsets,
    .tp_dictoffset = offsetof(Partial, dict),
    .tp_new = partial_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ cmp_to_key */

typedef struct {
    PyObject_HEAD
    PyObject *cmp;
    PyObject *object;           /* NULL in what cmp_to_key returns: calling that makes the keys */
} Key;
#define KEY(o) ((Key *)(o))

static PyTypeObject key_type;

static PyObject *key_make(PyObject *cmp, PyObject *object) {
    Key *key = PyObject_GC_New(Key, &key_type);
    if (key == NULL)
        return NULL;
    key->cmp = Py_NewRef(cmp);
    key->object = Py_XNewRef(object);
    PyObject_GC_Track(key);
    return (PyObject *)key;
}

static PyObject *cmp_to_key(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"mycmp", NULL};
    PyObject *cmp;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O:cmp_to_key", keywords, &cmp) ? key_make(cmp, NULL) : NULL;
}

static PyObject *key_call(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"obj", NULL};
    PyObject *object;
    if (kwds == NULL && PyTuple_GET_SIZE(args) == 1)
        return key_make(KEY(self)->cmp, PyTuple_GET_ITEM(args, 0));
    return PyArg_ParseTupleAndKeywords(args, kwds, "O:K", keywords, &object) ? key_make(KEY(self)->cmp, object) : NULL;
}

/* a OP b is cmp(a, b) OP 0. */
static PyObject *key_richcompare(PyObject *a, PyObject *b, int op) {
    if (!Py_IS_TYPE(b, &key_type)) {
        PyErr_Format(PyExc_TypeError, "other argument must be K instance");
        return NULL;
    }
    PyObject *stack[2] = {KEY(a)->object, KEY(b)->object};
    if (stack[0] == NULL || stack[1] == NULL) {
        PyErr_Format(PyExc_AttributeError, "object");
        return NULL;
    }
    PyObject *order = PyObject_Vectorcall(KEY(a)->cmp, stack, 2, NULL);
    if (order == NULL)
        return NULL;
    PyObject *zero = PyLong_FromLong(0), *result = zero == NULL ? NULL : PyObject_RichCompare(order, zero, op);
    Py_XDECREF(zero);
    Py_DECREF(order);
    return result;
}

static int key_clear(PyObject *o) {
    Py_CLEAR(KEY(o)->cmp);
    Py_CLEAR(KEY(o)->object);
    return 0;
}
static void key_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    key_clear(o);
    PyObject_GC_Del(o);
}
static int key_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(KEY(o)->cmp);
    Py_VISIT(KEY(o)->object);
    return 0;
}

static PyMemberDef key_members[] = {{"obj", T_OBJECT, offsetof(Key, object), 0, "the value that is compared"}, {NULL}};

static PyTypeObject key_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "functools.KeyWrapper",
    .tp_basicsize = sizeof(Key),
    .tp_dealloc = key_dealloc,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_call = key_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = key_traverse,
    .tp_clear = key_clear,
    .tp_richcompare = key_richcompare,
    .tp_members = key_members,
};

/* ------------------------------------------------------------------ reduce */

static PyObject *functools_reduce(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("reduce", nargs, 2, 3))
        return NULL;
    PyObject *function = args[0], *result = nargs == 3 ? Py_NewRef(args[2]) : NULL, *it = PyObject_GetIter(args[1]), *item;
    if (it == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            PyErr_SetString(PyExc_TypeError, "reduce() arg 2 must support iteration");
        Py_XDECREF(result);
        return NULL;
    }
    while ((item = PyIter_Next(it)) != NULL) {
        if (result != NULL) {
            PyObject *space[3] = {NULL, result, item};
            PyObject *next = PyObject_Vectorcall(function, space + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
            Py_DECREF(result);
            Py_DECREF(item);
            item = next;
        }
        result = item;
        if (result == NULL)
            break;
    }
    Py_DECREF(it);
    if (PyErr_Occurred())
        Py_CLEAR(result);
    else if (result == NULL)
        PyErr_SetString(PyExc_TypeError, "reduce() of empty iterable with no initial value");
    return result;
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef functools_functions[] = {
    {"reduce", KR_METH(functools_reduce), METH_FASTCALL,
     PyDoc_STR("reduce(function, iterable[, initial]) -> value\n\n"
               "Joins all items into one value with a function of two arguments, from left to right:\n"
               "reduce(f, [a, b, c]) is f(f(a, b), c). initial comes before the items, and is the value when there are none.")},
    {"cmp_to_key", KR_METH(cmp_to_key), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("A key function for sorting from mycmp(a, b), which returns a number below, equal to or above 0.")},
    {NULL}};

static int functools_exec(PyObject *module) {
    if (PyType_Ready(&key_type) < 0 || PyType_Ready(&kr_lru_link_type) < 0)
        return -1;
    return kr_module_add_type(module, &kr_partial_type) < 0 || kr_module_add_type(module, &kr_lru_cache_type) < 0 ? -1 : 0;
}

static PyModuleDef_Slot functools_slots[] = {{Py_mod_exec, functools_exec}, {0, NULL}};
static PyModuleDef functools_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_functools", .m_doc = PyDoc_STR("Tools that operate on functions."),
    .m_methods = functools_functions, .m_slots = functools_slots};

PyMODINIT_FUNC PyInit__functools(void);
PyMODINIT_FUNC PyInit__functools(void) { return PyModuleDef_Init(&functools_module); }
