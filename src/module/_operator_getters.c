/* _operator_getters.c - operator.itemgetter, attrgetter and methodcaller: callables that fetch from their one argument.
 *
 * All three are immutable. itemgetter keeps one key, or a tuple of several; a small int key is also kept as a C index for
 * exact tuples. attrgetter keeps the names as given and, for each, a path: an interned str, or a tuple of them for a
 * dotted name. methodcaller keeps the arguments after the object in call order: positional ones, then keyword values.
 */
#include "module/_operator.h"

/* The one argument of a call to a getter; NULL with TypeError for any other arguments. */
static PyObject *only_argument(const char *name, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (!_PyArg_NoKwnames(name, kwnames) || !_PyArg_CheckPositional(name, PyVectorcall_NARGS(nargsf), 1, 1))
        return NULL;
    return args[0];
}

/* "type(...)" for a repr inside itself, NULL with *nested == 0 to go on; pair with Py_ReprLeave. */
static PyObject *enter_repr(PyObject *self, int *nested) {
    *nested = Py_ReprEnter(self);
    return *nested > 0 ? PyUnicode_FromFormat("%s(...)", Py_TYPE(self)->tp_name) : NULL;
}

/* repr of a getter of one thing: type(x), or of several: type(x, y). */
static PyObject *repr_of(PyObject *self, PyObject *shown, bool several) {
    int nested;
    PyObject *r = enter_repr(self, &nested);
    if (nested != 0)
        return r;
    r = PyUnicode_FromFormat(several ? "%s%R" : "%s(%R)", Py_TYPE(self)->tp_name, shown);
    Py_ReprLeave(self);
    return r;
}

#define GETTER_TYPE(prefix, type_name, struct_type, doc) \
    PyTypeObject kr_##prefix##_type = { \
        KR_STATIC_TYPE_HEAD \
        .tp_name = "operator." type_name, \
        .tp_basicsize = sizeof(struct_type), \
        .tp_dealloc = prefix##_dealloc, \
        .tp_vectorcall_offset = offsetof(struct_type, vectorcall), \
        .tp_repr = prefix##_repr, \
        .tp_call = PyVectorcall_Call, \
        .tp_getattro = PyObject_GenericGetAttr, \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, \
        .tp_doc = PyDoc_STR(doc), \
        .tp_traverse = prefix##_traverse, \
        .tp_methods = prefix##_methods, \
        .tp_new = prefix##_new, \
        .tp_free = PyObject_GC_Del, \
    };
#define REDUCE(f) {{"__reduce__", f, METH_NOARGS, PyDoc_STR("What pickle needs to make an equal one.")}, {NULL}}

/* ------------------------------------------------------------------ itemgetter */

typedef struct {
    PyObject_HEAD
    PyObject *key;              /* a tuple of keys if `several` */
    Py_ssize_t index;           /* key as an index of a tuple; -1 if it isn't one */
    vectorcallfunc vectorcall;
    bool several;
} ItemGetter;
#define IG(o) ((ItemGetter *)(o))

static PyObject *itemgetter_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *o = only_argument("itemgetter", args, nargsf, kwnames);
    if (o == NULL)
        return NULL;
    if (!IG(self)->several) {
        Py_ssize_t i = IG(self)->index;
        if (i >= 0 && PyTuple_CheckExact(o) && i < PyTuple_GET_SIZE(o))
            return Py_NewRef(PyTuple_GET_ITEM(o, i));
        return PyObject_GetItem(o, IG(self)->key);
    }
    Py_ssize_t n = PyTuple_GET_SIZE(IG(self)->key);
    PyObject *result = PyTuple_New(n);
    for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
        PyObject *item = PyObject_GetItem(o, PyTuple_GET_ITEM(IG(self)->key, i));
        if (item == NULL)
            Py_CLEAR(result);
        else
            PyTuple_SET_ITEM(result, i, item);
    }
    return result;
}

static PyObject *itemgetter_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    if (!_PyArg_NoKeywords("itemgetter", kwds))
        return NULL;
    PyObject *key = args;
    bool several = PyTuple_GET_SIZE(args) > 1;
    if (!several && !PyArg_UnpackTuple(args, "itemgetter", 1, 1, &key))
        return NULL;
    ItemGetter *ig = (ItemGetter *)type->tp_alloc(type, 0);
    if (ig == NULL)
        return NULL;
    ig->key = Py_NewRef(key);
    ig->several = several;
    ig->index = -1;
    if (!several && PyLong_CheckExact(key)) {
        ig->index = PyLong_AsSsize_t(key);
        if (ig->index < 0) {
            PyErr_Clear();
            ig->index = -1;
        }
    }
    ig->vectorcall = itemgetter_call;
    return (PyObject *)ig;
}

static void itemgetter_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(IG(self)->key);
    Py_TYPE(self)->tp_free(self);
}
static int itemgetter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(IG(self)->key);
    return 0;
}

static PyObject *itemgetter_repr(PyObject *self) { return repr_of(self, IG(self)->key, IG(self)->several); }

static PyObject *itemgetter_reduce(PyObject *self, PyObject *unused) {
    return Py_BuildValue(IG(self)->several ? "OO" : "O(O)", Py_TYPE(self), IG(self)->key);
}
static PyMethodDef itemgetter_methods[] = REDUCE(itemgetter_reduce);

GETTER_TYPE(itemgetter, "itemgetter", ItemGetter,
            "itemgetter(item, ...) --> itemgetter object\n\n"
            "A callable that fetches items from what it is given: itemgetter(2)(r) is r[2],\nitemgetter(2, 5)(r) is (r[2], r[5]).")

/* ------------------------------------------------------------------ attrgetter */

typedef struct {
    PyObject_HEAD
    PyObject *names;            /* tuple of str, as given */
    PyObject *paths;            /* tuple, by name: str, or tuple of str */
    vectorcallfunc vectorcall;
} AttrGetter;
#define AG(o) ((AttrGetter *)(o))

/* o.a, or o.a.b.c for a path of several parts. */
static PyObject *get_path(PyObject *o, PyObject *path) {
    if (PyUnicode_Check(path))
        return PyObject_GetAttr(o, path);
    Py_INCREF(o);
    for (Py_ssize_t i = 0; o != NULL && i < PyTuple_GET_SIZE(path); i++)
        Py_SETREF(o, PyObject_GetAttr(o, PyTuple_GET_ITEM(path, i)));
    return o;
}

static PyObject *attrgetter_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *o = only_argument("attrgetter", args, nargsf, kwnames), *paths = AG(self)->paths;
    if (o == NULL)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(paths);
    if (n == 1)
        return get_path(o, PyTuple_GET_ITEM(paths, 0));
    PyObject *result = PyTuple_New(n);
    for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
        PyObject *value = get_path(o, PyTuple_GET_ITEM(paths, i));
        if (value == NULL)
            Py_CLEAR(result);
        else
            PyTuple_SET_ITEM(result, i, value);
    }
    return result;
}

/* The interned name, or the tuple of its interned parts. */
static PyObject *make_path(PyObject *name) {
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "attribute name must be a string");
        return NULL;
    }
    Py_ssize_t length = PyUnicode_GetLength(name), dot = PyUnicode_FindChar(name, '.', 0, length, 1);
    if (dot < 0) {
        if (dot == -2)
            return NULL;
        Py_INCREF(name);
        PyUnicode_InternInPlace(&name);
        return name;
    }
    PyObject *separator = PyUnicode_FromOrdinal('.'), *parts = separator == NULL ? NULL : PyUnicode_Split(name, separator, -1);
    Py_XDECREF(separator);
    if (parts == NULL)
        return NULL;
    PyObject *path = PyList_AsTuple(parts);
    Py_DECREF(parts);
    for (Py_ssize_t i = 0; path != NULL && i < PyTuple_GET_SIZE(path); i++)
        PyUnicode_InternInPlace(&PyTuple_GET_ITEM(path, i));
    return path;
}

static PyObject *attrgetter_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *first;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (!_PyArg_NoKeywords("attrgetter", kwds) || (n <= 1 && !PyArg_UnpackTuple(args, "attrgetter", 1, 1, &first)))
        return NULL;
    PyObject *paths = PyTuple_New(n);
    for (Py_ssize_t i = 0; paths != NULL && i < n; i++) {
        PyObject *path = make_path(PyTuple_GET_ITEM(args, i));
        if (path == NULL)
            Py_CLEAR(paths);
        else
            PyTuple_SET_ITEM(paths, i, path);
    }
    AttrGetter *ag = paths == NULL ? NULL : (AttrGetter *)type->tp_alloc(type, 0);
    if (ag == NULL) {
        Py_XDECREF(paths);
        return NULL;
    }
    ag->names = Py_NewRef(args);
    ag->paths = paths;
    ag->vectorcall = attrgetter_call;
    return (PyObject *)ag;
}

static void attrgetter_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(AG(self)->names);
    Py_XDECREF(AG(self)->paths);
    Py_TYPE(self)->tp_free(self);
}
static int attrgetter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(AG(self)->names);
    return 0;
}

static PyObject *attrgetter_repr(PyObject *self) {
    PyObject *names = AG(self)->names;
    bool several = PyTuple_GET_SIZE(names) > 1;
    return repr_of(self, several ? names : PyTuple_GET_ITEM(names, 0), several);
}

static PyObject *attrgetter_reduce(PyObject *self, PyObject *unused) { return Py_BuildValue("OO", Py_TYPE(self), AG(self)->names); }
static PyMethodDef attrgetter_methods[] = REDUCE(attrgetter_reduce);

GETTER_TYPE(attrgetter, "attrgetter", AttrGetter,
            "attrgetter(attr, ...) --> attrgetter object\n\n"
            "A callable that fetches attributes from what it is given: attrgetter('name')(r) is r.name,\n"
            "attrgetter('name', 'date.year')(r) is (r.name, r.date.year).")

/* ------------------------------------------------------------------ methodcaller */

#define STACK_ARGS 8            /* up to so many arguments are passed without a heap block */
typedef struct {
    PyObject_HEAD
    PyObject *name;             /* interned */
    PyObject *args;             /* tuple */
    PyObject *kwnames;          /* tuple of str, NULL without keyword arguments */
    PyObject *values;           /* tuple: args, then the values of kwnames */
    PyObject *kwds;             /* dict of the same, or NULL */
    vectorcallfunc vectorcall;
} MethodCaller;
#define MC(o) ((MethodCaller *)(o))

static PyObject *methodcaller_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *o = only_argument("methodcaller", args, nargsf, kwnames);
    if (o == NULL)
        return NULL;
    MethodCaller *mc = MC(self);
    Py_ssize_t n = PyTuple_GET_SIZE(mc->values);
    PyObject *small[STACK_ARGS + 1], **stack = small;
    if (n > STACK_ARGS && (stack = PyMem_New(PyObject *, n + 1)) == NULL)
        return PyErr_NoMemory();
    stack[0] = o;
    memcpy(stack + 1, PySequence_Fast_ITEMS(mc->values), (size_t)n * sizeof(PyObject *));
    PyObject *r = PyObject_VectorcallMethod(mc->name, stack, (size_t)PyTuple_GET_SIZE(mc->args) + 1, mc->kwnames);
    if (stack != small)
        PyMem_Free(stack);
    return r;
}

/* Fills in kwnames and values from args and kwds. */
static int lay_out_arguments(MethodCaller *mc) {
    if (mc->kwds == NULL) {
        mc->values = Py_NewRef(mc->args);
        return 0;
    }
    Py_ssize_t npos = PyTuple_GET_SIZE(mc->args), nkw = PyDict_GET_SIZE(mc->kwds), pos = 0;
    if ((mc->kwnames = PyTuple_New(nkw)) == NULL || (mc->values = PyTuple_New(npos + nkw)) == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < npos; i++)
        PyTuple_SET_ITEM(mc->values, i, Py_NewRef(PyTuple_GET_ITEM(mc->args, i)));
    PyObject *key, *value;
    for (Py_ssize_t i = 0; PyDict_Next(mc->kwds, &pos, &key, &value); i++) {
        PyTuple_SET_ITEM(mc->kwnames, i, Py_NewRef(key));
        PyTuple_SET_ITEM(mc->values, npos + i, Py_NewRef(value));
    }
    return 0;
}

static PyObject *methodcaller_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    if (PyTuple_GET_SIZE(args) < 1) {
        PyErr_SetString(PyExc_TypeError, "methodcaller needs at least one argument, the method name");
        return NULL;
    }
    PyObject *name = PyTuple_GET_ITEM(args, 0);
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "method name must be a string");
        return NULL;
    }
    if (kwds != NULL && !PyArg_ValidateKeywordArguments(kwds))
        return NULL;
    MethodCaller *mc = (MethodCaller *)type->tp_alloc(type, 0);
    if (mc == NULL)
        return NULL;
    mc->name = Py_NewRef(name);
    PyUnicode_InternInPlace(&mc->name);
    mc->vectorcall = methodcaller_call;
    bool named = kwds != NULL && PyDict_GET_SIZE(kwds) > 0;
    if ((mc->args = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args))) == NULL ||
        (named && (mc->kwds = PyDict_Copy(kwds)) == NULL) || lay_out_arguments(mc) < 0)
        Py_CLEAR(mc);
    return (PyObject *)mc;
}

static void methodcaller_dealloc(PyObject *self) {
    MethodCaller *mc = MC(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(mc->name);
    Py_XDECREF(mc->args);
    Py_XDECREF(mc->kwnames);
    Py_XDECREF(mc->values);
    Py_XDECREF(mc->kwds);
    Py_TYPE(self)->tp_free(self);
}

static int methodcaller_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(MC(self)->args);
    Py_VISIT(MC(self)->values);
    Py_VISIT(MC(self)->kwds);
    return 0;
}

/* Appends ", " and the text (taken over). */
static int write_next(_PyUnicodeWriter *writer, PyObject *text) {
    int r = text == NULL || _PyUnicodeWriter_WriteASCIIString(writer, ", ", 2) < 0 || _PyUnicodeWriter_WriteStr(writer, text) < 0;
    Py_XDECREF(text);
    return r ? -1 : 0;
}

static PyObject *methodcaller_repr(PyObject *self) {
    MethodCaller *mc = MC(self);
    int nested;
    PyObject *result = enter_repr(self, &nested);
    if (nested != 0)
        return result;
    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    PyObject *head = PyUnicode_FromFormat("%s(%R", Py_TYPE(self)->tp_name, mc->name);
    int r = head == NULL ? -1 : _PyUnicodeWriter_WriteStr(&writer, head);
    Py_XDECREF(head);
    Py_ssize_t npos = PyTuple_GET_SIZE(mc->args);
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(mc->values); i++) {
        PyObject *value = PyTuple_GET_ITEM(mc->values, i);
        r = write_next(&writer, i < npos ? PyObject_Repr(value)
                                         : PyUnicode_FromFormat("%U=%R", PyTuple_GET_ITEM(mc->kwnames, i - npos), value));
    }
    if (r == 0 && _PyUnicodeWriter_WriteChar(&writer, ')') == 0)
        result = _PyUnicodeWriter_Finish(&writer);
    else
        _PyUnicodeWriter_Dealloc(&writer);
    Py_ReprLeave(self);
    return result;
}

/* (type, (name, *args)); keyword arguments go through functools.partial(type, name, **kwds). */
static PyObject *methodcaller_reduce(PyObject *self, PyObject *unused) {
    MethodCaller *mc = MC(self);
    if (mc->kwds == NULL) {
        Py_ssize_t n = PyTuple_GET_SIZE(mc->args);
        PyObject *args = PyTuple_New(n + 1);
        if (args == NULL)
            return NULL;
        PyTuple_SET_ITEM(args, 0, Py_NewRef(mc->name));
        for (Py_ssize_t i = 0; i < n; i++)
            PyTuple_SET_ITEM(args, i + 1, Py_NewRef(PyTuple_GET_ITEM(mc->args, i)));
        return Py_BuildValue("ON", Py_TYPE(self), args);
    }
    PyObject *functools = PyImport_ImportModule("functools"), *partial = functools == NULL ? NULL : PyObject_GetAttrString(functools, "partial");
    Py_XDECREF(functools);
    if (partial == NULL)
        return NULL;
    PyObject *stack[2] = {(PyObject *)Py_TYPE(self), mc->name};
    PyObject *maker = PyObject_VectorcallDict(partial, stack, 2, mc->kwds);
    Py_DECREF(partial);
    return maker == NULL ? NULL : Py_BuildValue("NO", maker, mc->args);
}
static PyMethodDef methodcaller_methods[] = REDUCE(methodcaller_reduce);

GETTER_TYPE(methodcaller, "methodcaller", MethodCaller,
            "methodcaller(name, ...) --> methodcaller object\n\n"
            "A callable that calls a method of what it is given: methodcaller('name', 'x', y=1)(r) is r.name('x', y=1).")
