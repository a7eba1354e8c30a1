/* union.c - types.UnionType: int | str.
 *
 * args is a tuple of at least two different classes and aliases: nested unions are flattened, None stands as NoneType,
 * an equal second member is dropped, the order is kept. isinstance() and issubclass() look at args through
 * kr_union_args(). parameters is filled in on first use.
 */
#include "object/union.h"

typedef struct {
    PyObject_HEAD
    PyObject *args;
    PyObject *parameters;
} KrUnion;
#define UNION(o) ((KrUnion *)(o))

PyObject *kr_union_args(PyObject *o) { return UNION(o)->args; }

/* ------------------------------------------------------------------ making */

static bool is_alias(PyObject *o) { return PyObject_TypeCheck(o, &Py_GenericAliasType); }
static bool is_union(PyObject *o) { return Py_IS_TYPE(o, &_PyUnion_Type); }
static bool is_unionable(PyObject *o) { return o == Py_None || PyType_Check(o) || is_alias(o) || is_union(o); }

/* Adds o unless it is there; aliases are the same when equal. */
static int add_member(PyObject *list, PyObject *o) {
    if (o == Py_None)
        o = (PyObject *)Py_TYPE(o);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *other = PyList_GET_ITEM(list, i);
        int same = is_alias(o) && is_alias(other) ? PyObject_RichCompareBool(other, o, Py_EQ) : o == other;
        if (same != 0)
            return same < 0 ? -1 : 0;
    }
    return PyList_Append(list, o);
}

static int add_flat(PyObject *list, PyObject *o) {
    if (!is_union(o))
        return add_member(list, o);
    PyObject *args = UNION(o)->args;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(args); i++)
        r = add_member(list, PyTuple_GET_ITEM(args, i));
    return r;
}

/* The union of a list's members, or its only member. Drops the list. */
static PyObject *make_union(PyObject *list) {
    PyObject *result = NULL;
    if (PyList_GET_SIZE(list) == 1) {
        result = Py_NewRef(PyList_GET_ITEM(list, 0));
    } else {
        PyObject *args = PyList_AsTuple(list);
        KrUnion *u = args == NULL ? NULL : PyObject_GC_New(KrUnion, &_PyUnion_Type);
        if (u != NULL) {
            u->args = args;
            u->parameters = NULL;
            PyObject_GC_Track(u);
            result = (PyObject *)u;
        } else {
            Py_XDECREF(args);
        }
    }
    Py_DECREF(list);
    return result;
}

PyObject *_Py_union_type_or(PyObject *a, PyObject *b) {
    if (!is_unionable(a) || !is_unionable(b))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    if (add_flat(list, a) == 0 && add_flat(list, b) == 0)
        return make_union(list);
    Py_DECREF(list);
    return NULL;
}

static void union_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(UNION(self)->args);
    Py_XDECREF(UNION(self)->parameters);
    PyObject_GC_Del(self);
}

static int union_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(UNION(self)->args);
    Py_VISIT(UNION(self)->parameters);
    return 0;
}

/* ------------------------------------------------------------------ protocols */

static PyObject *union_repr(PyObject *self) {
    PyObject *args = UNION(self)->args;
    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++) {
        PyObject *arg = PyTuple_GET_ITEM(args, i);
        if ((i > 0 && _PyUnicodeWriter_WriteASCIIString(&writer, " | ", 3) < 0) ||
            (arg == (PyObject *)Py_TYPE(Py_None) ? _PyUnicodeWriter_WriteASCIIString(&writer, "None", 4)
                                                 : kr_generic_write_argument(&writer, arg)) < 0) {
            _PyUnicodeWriter_Dealloc(&writer);
            return NULL;
        }
    }
    return _PyUnicodeWriter_Finish(&writer);
}

static Py_hash_t union_hash(PyObject *self) {
    PyObject *set = PyFrozenSet_New(UNION(self)->args);
    if (set == NULL)
        return -1;
    Py_hash_t h = PyObject_Hash(set);
    Py_DECREF(set);
    return h;
}

/* Equal when the sets of members are. */
static PyObject *union_richcompare(PyObject *a, PyObject *b, int op) {
    if (!is_union(b) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *x = PySet_New(UNION(a)->args), *y = x == NULL ? NULL : PySet_New(UNION(b)->args);
    PyObject *result = y == NULL ? NULL : PyObject_RichCompare(x, y, op);
    Py_XDECREF(x);
    Py_XDECREF(y);
    return result;
}

static PyObject *union_getattro(PyObject *self, PyObject *name) {
    if (PyUnicode_Check(name) && _PyUnicode_EqualToASCIIString(name, "__module__"))     /* typing asks for it */
        return PyObject_GetAttr((PyObject *)Py_TYPE(self), name);
    return PyObject_GenericGetAttr(self, name);
}

static PyObject *union_parameters(PyObject *self, void *unused) {
    KrUnion *u = UNION(self);
    if (u->parameters == NULL) {
        PyObject *p = kr_generic_parameters(u->args);
        if (u->parameters == NULL)
            u->parameters = p;
        else
            Py_XDECREF(p);
    }
    return Py_XNewRef(u->parameters);
}

/* Replaces the type parameters and joins the results again by |, which need not give a UnionType. */
static PyObject *union_getitem(PyObject *self, PyObject *item) {
    PyObject *parameters = union_parameters(self, NULL);
    if (parameters == NULL)
        return NULL;
    PyObject *args = kr_generic_substitute(self, UNION(self)->args, parameters, item), *result = NULL;
    Py_DECREF(parameters);
    if (args == NULL)
        return NULL;
    if (PyTuple_GET_SIZE(args) > 0)
        result = Py_NewRef(PyTuple_GET_ITEM(args, 0));
    else
        PyErr_SetString(PyExc_TypeError, "Cannot take a Union of no types.");
    for (Py_ssize_t i = 1; result != NULL && i < PyTuple_GET_SIZE(args); i++)
        Py_SETREF(result, PyNumber_Or(result, PyTuple_GET_ITEM(args, i)));
    Py_DECREF(args);
    return result;
}

static PyMemberDef union_members[] = {{"__args__", T_OBJECT, offsetof(KrUnion, args), READONLY}, {NULL}};
static PyGetSetDef union_getsets[] = {
    {"__parameters__", union_parameters, NULL, PyDoc_STR("The type variables among the members.")}, {NULL}};
static PyNumberMethods union_as_number = {.nb_or = _Py_union_type_or};
static PyMappingMethods union_as_mapping = {.mp_subscript = union_getitem};

PyTypeObject _PyUnion_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "types.UnionType",
    .tp_basicsize = sizeof(KrUnion),
    .tp_dealloc = union_dealloc,
    .tp_repr = union_repr,
    .tp_as_number = &union_as_number,
    .tp_as_mapping = &union_as_mapping,
    .tp_hash = union_hash,
    .tp_getattro = union_getattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = PyDoc_STR("A union of types, as in PEP 604: int | str."),
    .tp_traverse = union_traverse,
    .tp_richcompare = union_richcompare,
    .tp_members = union_members,
    .tp_getset = union_getsets,
};
