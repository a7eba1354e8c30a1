/* namespace.c - types.SimpleNamespace: an object that is nothing but its attributes.
 *
 * ns_dict holds them; it is made by __new__ and replaced by nobody, so it is NULL only after the collector cleared it.
 */
#include "object/container.h"

PyAPI_DATA(PyTypeObject) _PyNamespace_Type;
PyAPI_FUNC(PyObject *) _PyNamespace_New(PyObject *kwds);

typedef struct {
    PyObject_HEAD
    PyObject *ns_dict;
} KrNamespace;
#define NS(o) ((KrNamespace *)(o))

static PyObject *namespace_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL && (NS(self)->ns_dict = PyDict_New()) == NULL)
        Py_CLEAR(self);
    return self;
}

static int namespace_init(PyObject *self, PyObject *args, PyObject *kwds) {
    if (PyTuple_GET_SIZE(args) != 0) {
        PyErr_Format(PyExc_TypeError, "no positional arguments expected");
        return -1;
    }
    if (kwds == NULL)
        return 0;
    return PyArg_ValidateKeywordArguments(kwds) ? PyDict_Update(NS(self)->ns_dict, kwds) : -1;
}

/* A namespace with the items of kwds, a dict or NULL. */
PyObject *_PyNamespace_New(PyObject *kwds) {
    PyObject *self = namespace_new(&_PyNamespace_Type, NULL, NULL);
    if (self != NULL && kwds != NULL && PyDict_Update(NS(self)->ns_dict, kwds) < 0)
        Py_CLEAR(self);
    return self;
}

static void namespace_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_CLEAR(NS(self)->ns_dict);
    Py_TYPE(self)->tp_free(self);
}
static int namespace_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(NS(self)->ns_dict);
    return 0;
}
static int namespace_clear(PyObject *self) {
    Py_CLEAR(NS(self)->ns_dict);
    return 0;
}

/* "name=repr" of each attribute, separated by commas. */
static int write_items(_PyUnicodeWriter *writer, PyObject *dict) {
    Py_ssize_t pos = 0;
    PyObject *key, *value;
    bool first = true;
    while (PyDict_Next(dict, &pos, &key, &value)) {
        if (!PyUnicode_Check(key) || PyUnicode_GET_LENGTH(key) == 0)
            continue;
        Py_INCREF(key);
        PyObject *text = PyObject_Repr(value);
        int r = text == NULL || (!first && _PyUnicodeWriter_WriteASCIIString(writer, ", ", 2) < 0) ||
                _PyUnicodeWriter_WriteStr(writer, key) < 0 || _PyUnicodeWriter_WriteChar(writer, '=') < 0 ||
                _PyUnicodeWriter_WriteStr(writer, text) < 0;
        Py_XDECREF(text);
        Py_DECREF(key);
        if (r)
            return -1;
        first = false;
    }
    return 0;
}

static PyObject *namespace_repr(PyObject *self) {
    const char *name = Py_IS_TYPE(self, &_PyNamespace_Type) ? "namespace" : Py_TYPE(self)->tp_name;
    int nested = Py_ReprEnter(self);
    if (nested != 0)
        return nested > 0 ? PyUnicode_FromFormat("%s(...)", name) : NULL;
    PyObject *dict = PyDict_Copy(NS(self)->ns_dict), *result = NULL;   /* a repr may change the original */
    _PyUnicodeWriter writer;
    _PyUnicodeWriter_Init(&writer);
    writer.overallocate = 1;
    if (dict != NULL && _PyUnicodeWriter_WriteASCIIString(&writer, name, -1) == 0 && _PyUnicodeWriter_WriteChar(&writer, '(') == 0 &&
        write_items(&writer, dict) == 0 && _PyUnicodeWriter_WriteChar(&writer, ')') == 0)
        result = _PyUnicodeWriter_Finish(&writer);
    else
        _PyUnicodeWriter_Dealloc(&writer);
    Py_XDECREF(dict);
    Py_ReprLeave(self);
    return result;
}

static PyObject *namespace_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyObject_TypeCheck(a, &_PyNamespace_Type) || !PyObject_TypeCheck(b, &_PyNamespace_Type))
        Py_RETURN_NOTIMPLEMENTED;
    return PyObject_RichCompare(NS(a)->ns_dict, NS(b)->ns_dict, op);
}

static PyObject *namespace_reduce(PyObject *self, PyObject *unused) {
    return Py_BuildValue("(O()O)", Py_TYPE(self), NS(self)->ns_dict);
}

static PyMethodDef namespace_methods[] = {
    {"__reduce__", namespace_reduce, METH_NOARGS, PyDoc_STR("What pickle needs: the class, no arguments, the attributes.")},
    {NULL}};
static PyMemberDef namespace_members[] = {{"__dict__", T_OBJECT, offsetof(KrNamespace, ns_dict), READONLY}, {NULL}};

PyTypeObject _PyNamespace_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "types.SimpleNamespace",
    .tp_basicsize = sizeof(KrNamespace),
    .tp_dealloc = namespace_dealloc,
    .tp_repr = namespace_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("An object whose attributes are the keyword arguments, and any that are set later.\n\nSimpleNamespace(**kwargs)"),
    .tp_traverse = namespace_traverse,
    .tp_clear = namespace_clear,
    .tp_richcompare = namespace_richcompare,
    .tp_methods = namespace_methods,
    .tp_members = namespace_members,
    .tp_dictoffset = offsetof(KrNamespace, ns_dict),
    .tp_init = namespace_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = namespace_new,
    .tp_free = PyObject_GC_Del,
};
