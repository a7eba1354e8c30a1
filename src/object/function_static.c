/* function_static.c - staticmethod and classmethod.
 *
 * Both own one callable (NULL until __init__ has run) and a __dict__, which takes the callable's names and docstring; they
 * differ in what __get__ gives: the callable itself, or the callable bound to the class. A classmethod around another descriptor
 * binds that one to the class instead (a property, say). Only a staticmethod can be called directly.
 */
#include "object/container.h"
#include "object/descr.h"

typedef struct {
    PyObject_HEAD
    PyObject *callable;
    PyObject *dict;
} KrStatic;

PyObject *kr_static_wrapped(PyObject *method) { return ((KrStatic *)method)->callable; }

/* ------------------------------------------------------------------ shared by both */

/* Copies those of the names and docs of `from` that it has to `to`. */
static int copy_wrapped_attrs(PyObject *to, PyObject *from) {
    bool plain = Py_TYPE(to)->tp_setattro == PyObject_GenericSetAttr && !(Py_TYPE(to)->tp_flags & Py_TPFLAGS_HEAPTYPE);
    PyObject **dict = &((KrStatic *)to)->dict;
    if (plain && *dict == NULL && (*dict = PyDict_New()) == NULL) return -1;
    PyObject *names[] = {KR_STR(__module__), KR_STR(__name__), KR_STR(__qualname__), KR_STR(__doc__), KR_STR(__annotations__)};
    for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
        PyObject *v;
        if (_PyObject_LookupAttr(from, names[i], &v) < 0) return -1;
        if (v == NULL) continue;
        int failed = plain ? PyDict_SetItem(*dict, names[i], v) : PyObject_SetAttr(to, names[i], v);
        Py_DECREF(v);
        if (failed) return -1;
    }
    return 0;
}

static int init_as(PyObject *self, PyObject *args, PyObject *kwargs, const char *name) {
    PyObject *callable;
    if (!_PyArg_NoKeywords(name, kwargs) || !PyArg_UnpackTuple(args, name, 1, 1, &callable)) return -1;
    Py_XSETREF(((KrStatic *)self)->callable, Py_NewRef(callable));
    return copy_wrapped_attrs(self, callable);
}

static PyObject *new_as(PyTypeObject *type, PyObject *callable) {
    KrStatic *s = (KrStatic *)PyType_GenericAlloc(type, 0);
    if (s != NULL) s->callable = Py_NewRef(callable);
    return (PyObject *)s;
}

static int static_clear(PyObject *self) {
    Py_CLEAR(((KrStatic *)self)->callable);
    Py_CLEAR(((KrStatic *)self)->dict);
    return 0;
}

static void static_dealloc(PyObject *self) {
    KR_FORGET(self);
    static_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static int static_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrStatic *)self)->callable);
    Py_VISIT(((KrStatic *)self)->dict);
    return 0;
}

/* The callable, borrowed; RuntimeError before __init__. */
static PyObject *initialized(PyObject *self, const char *name) {
    PyObject *callable = ((KrStatic *)self)->callable;
    if (callable == NULL) PyErr_Format(PyExc_RuntimeError, "uninitialized %s object", name);
    return callable;
}

static PyObject *get_isabstract(PyObject *self, void *closure) {
    int abstract = _PyObject_IsAbstract(((KrStatic *)self)->callable);
    return abstract < 0 ? NULL : PyBool_FromLong(abstract);
}

static PyMemberDef static_members[] = {
    {"__func__", T_OBJECT, offsetof(KrStatic, callable), READONLY},
    {"__wrapped__", T_OBJECT, offsetof(KrStatic, callable), READONLY},
    {NULL},
};
static PyGetSetDef static_getsets[] = {
    {"__isabstractmethod__", get_isabstract},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict},
    {NULL},
};

/* ------------------------------------------------------------------ staticmethod */

PyObject *PyStaticMethod_New(PyObject *callable) { return new_as(&PyStaticMethod_Type, callable); }

static int staticmethod_init(PyObject *self, PyObject *args, PyObject *kwargs) { return init_as(self, args, kwargs, "staticmethod"); }
static PyObject *staticmethod_repr(PyObject *self) { return PyUnicode_FromFormat("<staticmethod(%R)>", ((KrStatic *)self)->callable); }
static PyObject *staticmethod_descr_get(PyObject *self, PyObject *obj, PyObject *type) { return Py_XNewRef(initialized(self, "staticmethod")); }
static PyObject *staticmethod_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    PyObject *callable = initialized(self, "staticmethod");
    return callable == NULL ? NULL : PyObject_Call(callable, args, kwargs);
}

PyTypeObject PyStaticMethod_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "staticmethod",
    .tp_basicsize = sizeof(KrStatic),
    .tp_dealloc = static_dealloc,
    .tp_repr = staticmethod_repr,
    .tp_call = staticmethod_call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("staticmethod(function) -> method\n\n"
                        "Makes a function of a class take neither instance nor class.\n\n"
                        "As a decorator: @staticmethod before def f(arg1, ...). Both C.f() and C().f()\n"
                        "then call it with just the arguments given. See classmethod for the other kind."),
    .tp_traverse = static_traverse,
    .tp_clear = static_clear,
    .tp_members = static_members,
    .tp_getset = static_getsets,
    .tp_descr_get = staticmethod_descr_get,
    .tp_dictoffset = offsetof(KrStatic, dict),
    .tp_init = staticmethod_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ classmethod */

PyObject *PyClassMethod_New(PyObject *callable) { return new_as(&PyClassMethod_Type, callable); }

static int classmethod_init(PyObject *self, PyObject *args, PyObject *kwargs) { return init_as(self, args, kwargs, "classmethod"); }
static PyObject *classmethod_repr(PyObject *self) { return PyUnicode_FromFormat("<classmethod(%R)>", ((KrStatic *)self)->callable); }
static PyObject *classmethod_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyObject *callable = initialized(self, "classmethod");
    if (callable == NULL) return NULL;
    if (type == NULL) type = (PyObject *)Py_TYPE(obj);
    if (PyFunction_Check(callable)) return PyMethod_New(callable, type);
    descrgetfunc get = Py_TYPE(callable)->tp_descr_get;
    return get != NULL ? get(callable, type, type) : PyMethod_New(callable, type);
}

PyTypeObject PyClassMethod_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "classmethod",
    .tp_basicsize = sizeof(KrStatic),
    .tp_dealloc = static_dealloc,
    .tp_repr = classmethod_repr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("classmethod(function) -> method\n\n"
                        "Makes a function of a class take the class as its first argument.\n\n"
                        "As a decorator: @classmethod before def f(cls, arg1, ...). Both C.f() and C().f()\n"
                        "then pass C; a derived class passes itself. See staticmethod for functions that\n"
                        "take neither."),
    .tp_traverse = static_traverse,
    .tp_clear = static_clear,
    .tp_members = static_members,
    .tp_getset = static_getsets,
    .tp_descr_get = classmethod_descr_get,
    .tp_dictoffset = offsetof(KrStatic, dict),
    .tp_init = classmethod_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_GC_Del,
};
