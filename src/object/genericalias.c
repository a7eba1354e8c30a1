/* genericalias.c - types.GenericAlias: list[int], and the iterator behind *tuple[int, ...].
 *
 * An alias stands for its origin: calls and most attributes go there, a few names (own_names) stay with the alias.
 * origin and args never change; parameters is filled in on first use (generic_params.c). Instances made by a call are
 * told where they come from in __orig_class__, if they let it be set.
 */
#include "object/genericalias.h"
#include "object/container.h"
#include "object/union.h"

/* ------------------------------------------------------------------ lifecycle */

static PyObject *alias_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames);

/* args becomes a tuple of one when it isn't a tuple. */
static PyObject *alias_make(PyTypeObject *type, PyObject *origin, PyObject *args, bool starred) {
    args = PyTuple_Check(args) ? Py_NewRef(args) : PyTuple_Pack(1, args);
    if (args == NULL)
        return NULL;
    KrGenericAlias *a = (KrGenericAlias *)type->tp_alloc(type, 0);
    if (a == NULL) {
        Py_DECREF(args);
        return NULL;
    }
    a->origin = Py_NewRef(origin);
    a->args = args;
    a->parameters = NULL;
    a->weakreflist = NULL;
    a->vectorcall = alias_vectorcall;
    a->starred = starred;
    return (PyObject *)a;
}

PyObject *Py_GenericAlias(PyObject *origin, PyObject *args) { return alias_make(&Py_GenericAliasType, origin, args, false); }

static PyObject *alias_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    if (!_PyArg_NoKeywords("GenericAlias", kwds) || !_PyArg_CheckPositional("GenericAlias", PyTuple_GET_SIZE(args), 2, 2))
        return NULL;
    return alias_make(type, PyTuple_GET_ITEM(args, 0), PyTuple_GET_ITEM(args, 1), false);
}

static void alias_dealloc(PyObject *self) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    PyObject_GC_UnTrack(self);
    if (a->weakreflist != NULL)
        PyObject_ClearWeakRefs(self);
    Py_XDECREF(a->origin);
    Py_XDECREF(a->args);
    Py_XDECREF(a->parameters);
    Py_TYPE(self)->tp_free(self);
}

static int alias_traverse(PyObject *self, visitproc visit, void *arg) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    Py_VISIT(a->origin);
    Py_VISIT(a->args);
    Py_VISIT(a->parameters);
    return 0;
}

/* ------------------------------------------------------------------ protocols */

static PyObject *alias_repr(PyObject *self) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    Py_ssize_t n = PyTuple_GET_SIZE(a->args);
    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    int r = a->starred ? _PyUnicodeWriter_WriteChar(&writer, '*') : 0;
    if (r == 0 && (r = kr_generic_write_argument(&writer, a->origin)) == 0)
        r = _PyUnicodeWriter_WriteChar(&writer, '[');
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        if (i > 0)
            r = _PyUnicodeWriter_WriteASCIIString(&writer, ", ", 2);
        if (r == 0)
            r = kr_generic_write_argument(&writer, PyTuple_GET_ITEM(a->args, i));
    }
    if (r == 0 && n == 0)
        r = _PyUnicodeWriter_WriteASCIIString(&writer, "()", 2);
    if (r == 0 && _PyUnicodeWriter_WriteChar(&writer, ']') == 0)
        return _PyUnicodeWriter_Finish(&writer);
    _PyUnicodeWriter_Dealloc(&writer);
    return NULL;
}

static Py_hash_t alias_hash(PyObject *self) {
    Py_hash_t origin = PyObject_Hash(KR_GENERIC_ALIAS(self)->origin);
    Py_hash_t args = origin == -1 ? -1 : PyObject_Hash(KR_GENERIC_ALIAS(self)->args);
    if (args == -1)
        return -1;
    Py_hash_t h = origin ^ args;
    return h == -1 ? -2 : h;
}

static PyObject *alias_richcompare(PyObject *x, PyObject *y, int op) {
    if (!PyObject_TypeCheck(x, &Py_GenericAliasType) || !PyObject_TypeCheck(y, &Py_GenericAliasType) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    KrGenericAlias *a = KR_GENERIC_ALIAS(x), *b = KR_GENERIC_ALIAS(y);
    int equal = a->starred == b->starred;
    if (equal)
        equal = PyObject_RichCompareBool(a->origin, b->origin, Py_EQ);
    if (equal > 0)
        equal = PyObject_RichCompareBool(a->args, b->args, Py_EQ);
    return equal < 0 ? NULL : PyBool_FromLong(equal == (op == Py_EQ));
}

/* Tells a new object its alias; objects that refuse attributes are left alone. Takes over o. */
static PyObject *set_orig_class(PyObject *o, PyObject *self) {
    if (o == NULL || PyObject_SetAttr(o, KR_STR(__orig_class__), self) == 0)
        return o;
    if (PyErr_ExceptionMatches(PyExc_AttributeError) || PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        return o;
    }
    Py_DECREF(o);
    return NULL;
}

static PyObject *alias_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    return set_orig_class(PyObject_Vectorcall(KR_GENERIC_ALIAS(self)->origin, args, nargsf, kwnames), self);
}

static PyObject *alias_call(PyObject *self, PyObject *args, PyObject *kwds) {
    return set_orig_class(PyObject_Call(KR_GENERIC_ALIAS(self)->origin, args, kwds), self);
}

/* The alias's own attributes; all others are the origin's. */
static const char *const own_names[] = {"__class__", "__origin__", "__args__", "__unpacked__", "__parameters__",
                                        "__typing_unpacked_tuple_args__", "__mro_entries__", "__reduce_ex__", "__reduce__",
                                        "__copy__", "__deepcopy__"};

static PyObject *alias_getattro(PyObject *self, PyObject *name) {
    if (PyUnicode_Check(name) && PyUnicode_GET_LENGTH(name) > 4 && PyUnicode_READ_CHAR(name, 0) == '_')
        for (size_t i = 0; i < KR_ARRAY_LEN(own_names); i++)
            if (_PyUnicode_EqualToASCIIString(name, own_names[i]))
                return PyObject_GenericGetAttr(self, name);
    if (PyUnicode_Check(name))
        return PyObject_GetAttr(KR_GENERIC_ALIAS(self)->origin, name);
    return PyObject_GenericGetAttr(self, name);
}

/* New reference to the tuple of type parameters. */
static PyObject *alias_parameters(PyObject *self, void *unused) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    if (a->parameters == NULL) {
        PyObject *p = kr_generic_parameters(a->args);
        if (a->parameters == NULL)
            a->parameters = p;
        else    /* asked for while being found */
            Py_XDECREF(p);
    }
    return Py_XNewRef(a->parameters);
}

static PyObject *alias_getitem(PyObject *self, PyObject *item) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    PyObject *parameters = alias_parameters(self, NULL), *result = NULL;
    if (parameters == NULL)
        return NULL;
    PyObject *args = kr_generic_substitute(self, a->args, parameters, item);
    Py_DECREF(parameters);
    if (args != NULL) {
        result = alias_make(&Py_GenericAliasType, a->origin, args, a->starred);
        Py_DECREF(args);
    }
    return result;
}

/* ------------------------------------------------------------------ methods */

static PyObject *alias_mro_entries(PyObject *self, PyObject *bases) { return PyTuple_Pack(1, KR_GENERIC_ALIAS(self)->origin); }

static PyObject *alias_instancecheck(PyObject *self, PyObject *unused) {
    PyErr_SetString(PyExc_TypeError, "isinstance() argument 2 cannot be a parameterized generic");
    return NULL;
}
static PyObject *alias_subclasscheck(PyObject *self, PyObject *unused) {
    PyErr_SetString(PyExc_TypeError, "issubclass() argument 2 cannot be a parameterized generic");
    return NULL;
}

static PyObject *alias_reduce(PyObject *self, PyObject *unused) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    if (!a->starred)
        return Py_BuildValue("O(OO)", Py_TYPE(self), a->origin, a->args);
    PyObject *plain = Py_GenericAlias(a->origin, a->args);      /* pickled as next(iter(plain)) */
    PyObject *it = plain == NULL ? NULL : PyObject_GetIter(plain), *next = it == NULL ? NULL : kr_builtin("next");
    Py_XDECREF(plain);
    if (next == NULL) {
        Py_XDECREF(it);
        return NULL;
    }
    return Py_BuildValue("N(N)", next, it);
}

static PyObject *alias_dir(PyObject *self, PyObject *unused) {
    PyObject *dir = PyObject_Dir(KR_GENERIC_ALIAS(self)->origin);
    for (size_t i = 0; dir != NULL && i < KR_ARRAY_LEN(own_names); i++) {
        PyObject *name = PyUnicode_InternFromString(own_names[i]);
        int r = name == NULL ? -1 : PySequence_Contains(dir, name);
        if (r == 0)
            r = PyList_Append(dir, name);
        Py_XDECREF(name);
        if (r < 0)
            Py_CLEAR(dir);
    }
    return dir;
}

static PyMethodDef alias_methods[] = {
    {"__mro_entries__", alias_mro_entries, METH_O},
    {"__instancecheck__", alias_instancecheck, METH_O},
    {"__subclasscheck__", alias_subclasscheck, METH_O},
    {"__reduce__", alias_reduce, METH_NOARGS},
    {"__dir__", alias_dir, METH_NOARGS},
    {NULL}};

static PyMemberDef alias_members[] = {
    {"__origin__", T_OBJECT, offsetof(KrGenericAlias, origin), READONLY},
    {"__args__", T_OBJECT, offsetof(KrGenericAlias, args), READONLY},
    {"__unpacked__", T_BOOL, offsetof(KrGenericAlias, starred), READONLY},
    {NULL}};

static PyObject *alias_unpacked_tuple_args(PyObject *self, void *unused) {
    KrGenericAlias *a = KR_GENERIC_ALIAS(self);
    return Py_NewRef(a->starred && a->origin == (PyObject *)&PyTuple_Type ? a->args : Py_None);
}

static PyGetSetDef alias_getsets[] = {
    {"__parameters__", alias_parameters, NULL, PyDoc_STR("The type variables among the arguments.")},
    {"__typing_unpacked_tuple_args__", alias_unpacked_tuple_args, NULL, NULL},
    {NULL}};

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    PyObject *alias;    /* NULL when done */
} KrAliasIter;
#define ALIAS_ITER(o) ((KrAliasIter *)(o))

static PyObject *alias_iter(PyObject *self) {
    KrAliasIter *it = PyObject_GC_New(KrAliasIter, &kr_GenericAliasIter_Type);
    if (it == NULL)
        return NULL;
    it->alias = Py_NewRef(self);
    PyObject_GC_Track(it);
    return (PyObject *)it;
}

static void alias_iter_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(ALIAS_ITER(self)->alias);
    PyObject_GC_Del(self);
}
static int alias_iter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(ALIAS_ITER(self)->alias);
    return 0;
}
static int alias_iter_clear(PyObject *self) {
    Py_CLEAR(ALIAS_ITER(self)->alias);
    return 0;
}

static PyObject *alias_iter_next(PyObject *self) {
    if (ALIAS_ITER(self)->alias == NULL)
        return NULL;
    KrGenericAlias *a = KR_GENERIC_ALIAS(ALIAS_ITER(self)->alias);
    PyObject *starred = alias_make(&Py_GenericAliasType, a->origin, a->args, true);
    if (starred != NULL)
        Py_CLEAR(ALIAS_ITER(self)->alias);
    return starred;
}

/* Pickled as iter(alias), once done as iter(()). */
static PyObject *alias_iter_reduce(PyObject *self, PyObject *unused) {
    PyObject *iter = kr_builtin("iter");
    if (iter == NULL)
        return NULL;
    if (ALIAS_ITER(self)->alias == NULL)
        return Py_BuildValue("N(())", iter);
    return Py_BuildValue("N(O)", iter, ALIAS_ITER(self)->alias);
}

static PyMethodDef alias_iter_methods[] = {{"__reduce__", alias_iter_reduce, METH_NOARGS}, {NULL}};

PyTypeObject kr_GenericAliasIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "generic_alias_iterator",
    .tp_basicsize = sizeof(KrAliasIter),
    .tp_dealloc = alias_iter_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = alias_iter_traverse,
    .tp_clear = alias_iter_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = alias_iter_next,
    .tp_methods = alias_iter_methods,
};

/* ------------------------------------------------------------------ the type */

static PyNumberMethods alias_as_number = {.nb_or = _Py_union_type_or};
static PyMappingMethods alias_as_mapping = {.mp_subscript = alias_getitem};

PyTypeObject Py_GenericAliasType = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "types.GenericAlias",
    .tp_basicsize = sizeof(KrGenericAlias),
    .tp_dealloc = alias_dealloc,
    .tp_vectorcall_offset = offsetof(KrGenericAlias, vectorcall),
    .tp_repr = alias_repr,
    .tp_as_number = &alias_as_number,
    .tp_as_mapping = &alias_as_mapping,
    .tp_hash = alias_hash,
    .tp_call = alias_call,
    .tp_getattro = alias_getattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = PyDoc_STR("A generic type with its arguments, as in PEP 585.\n\n"
                        "list[int] is one: its __origin__ is list, its __args__ are (int,)."),
    .tp_traverse = alias_traverse,
    .tp_richcompare = alias_richcompare,
    .tp_weaklistoffset = offsetof(KrGenericAlias, weakreflist),
    .tp_iter = alias_iter,
    .tp_methods = alias_methods,
    .tp_members = alias_members,
    .tp_getset = alias_getsets,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = alias_new,
    .tp_free = PyObject_GC_Del,
};
