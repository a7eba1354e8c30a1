/* function.c - Python functions: PyFunctionObject, its attributes, and the type `function`.
 *
 * A function owns everything it points to. globals, builtins, name, qualname and code are never NULL, not even after tp_clear:
 * it can be called for as long as it lives. doc is NULL until somebody asks for it: then it comes from the code. defaults is NULL or a tuple, kwdefaults NULL or a dict, annotations NULL, a dict,
 * or the compiler's flat tuple (name, value, ...) until somebody asks for the dict.
 * Invariants: closure has co_nfreevars cells (NULL for none). func_version is what call sites guard on; it goes back to 0 when code,
 * defaults, kwdefaults or annotations are replaced.
 * Running a function is the interpreter loop's: _PyFunction_Vectorcall.
 */
#include "object/container.h"
#include "memory/gc.h"
#include "object/tuple.h"
#include "vm/code.h"

/* ------------------------------------------------------------------ making */

/* The builtins dict that code with these globals uses: new reference. */
static PyObject *builtins_of(PyObject *globals) {
    PyObject *b = PyDict_GetItemWithError(globals, KR_STR(__builtins__));
    if (b != NULL) return Py_XNewRef(PyModule_Check(b) ? PyModule_GetDict(b) : b);
    return PyErr_Occurred() ? NULL : Py_XNewRef(PyEval_GetBuiltins());
}

/* A function with everything but name, docstring and module; NULL qualname stands for the code's. */
PyObject *PyFunction_NewWithQualName(PyObject *code, PyObject *globals, PyObject *qualname) {
    PyCodeObject *co = (PyCodeObject *)code;
    PyObject *builtins = builtins_of(globals);
    if (builtins == NULL) return NULL;
    PyObject *module = PyDict_GetItemWithError(globals, KR_STR(__name__));
    if (module == NULL && PyErr_Occurred()) goto failed;
    Py_XINCREF(module);
    PyFunctionObject *f = PyObject_GC_New(PyFunctionObject, &PyFunction_Type);
    if (f == NULL) {
        Py_XDECREF(module);
        goto failed;
    }
    f->func_globals = Py_NewRef(globals);
    f->func_builtins = builtins;
    f->func_name = Py_NewRef(co->co_name);
    f->func_qualname = Py_NewRef(qualname != NULL ? qualname : co->co_qualname);
    f->func_code = Py_NewRef(code);
    f->func_defaults = NULL;
    f->func_kwdefaults = NULL;
    f->func_closure = NULL;
    f->func_doc = NULL;
    f->func_dict = NULL;
    f->func_weakreflist = NULL;
    f->func_module = module;
    f->func_annotations = NULL;
    f->vectorcall = _PyFunction_Vectorcall;
    f->func_version = 0;
    KR_TRACK(f);
    return (PyObject *)f;
failed:
    Py_DECREF(builtins);
    return NULL;
}

PyObject *PyFunction_New(PyObject *code, PyObject *globals) { return PyFunction_NewWithQualName(code, globals, NULL); }

/* function(code, globals, ...): whether the closure suits the code. */
static bool closure_fits(PyCodeObject *co, PyObject *closure) {
    Py_ssize_t want = co->co_nfreevars, have = 0;
    if (!PyTuple_Check(closure)) {
        if (want != 0 && closure == Py_None) PyErr_SetString(PyExc_TypeError, "arg 5 (closure) must be tuple");
        else if (closure != Py_None) PyErr_SetString(PyExc_TypeError, "arg 5 (closure) must be None or tuple");
        else return true;
        return false;
    }
    have = PyTuple_GET_SIZE(closure);
    if (have != want) {
        PyErr_Format(PyExc_ValueError, "%U requires closure of length %zd, not %zd", co->co_name, want, have);
        return false;
    }
    for (Py_ssize_t i = 0; i < have; i++) {
        PyObject *cell = PyTuple_GET_ITEM(closure, i);
        if (PyCell_Check(cell)) continue;
        PyErr_Format(PyExc_TypeError, "arg 5 (closure) expected cell, found %s", Py_TYPE(cell)->tp_name);
        return false;
    }
    return true;
}

static PyObject *function_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *const keywords[] = {"code", "globals", "name", "argdefs", "closure", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "function"};
    PyObject *buffer[5];
    PyObject *const *a = _PyArg_UnpackKeywords(((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args), kwargs, NULL, &parser, 2, 5, 0, buffer);
    if (a == NULL) return NULL;
    Py_ssize_t given = PyTuple_GET_SIZE(args) + (kwargs != NULL ? PyDict_GET_SIZE(kwargs) : 0);
    PyObject *optional[3] = {Py_None, Py_None, Py_None};     /* name, argdefs, closure */
    for (int i = 0, left = (int)given - 2; i < 3 && left > 0; i++)
        if (a[i + 2] != NULL) {
            optional[i] = a[i + 2];
            left--;
        }
    PyObject *name = optional[0], *defaults = optional[1], *closure = optional[2];
    if (!PyCode_Check(a[0])) {
        _PyArg_BadArgument("function", "argument 'code'", "code", a[0]);
        return NULL;
    }
    if (!PyDict_Check(a[1])) {
        _PyArg_BadArgument("function", "argument 'globals'", "dict", a[1]);
        return NULL;
    }
    PyCodeObject *co = (PyCodeObject *)a[0];
    if (name != Py_None && !PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "arg 3 (name) must be None or string");
        return NULL;
    }
    if (defaults != Py_None && !PyTuple_Check(defaults)) {
        PyErr_SetString(PyExc_TypeError, "arg 4 (defaults) must be None or tuple");
        return NULL;
    }
    if (!closure_fits(co, closure)) return NULL;
    if (PySys_Audit("function.__new__", "O", co) < 0) return NULL;
    PyFunctionObject *f = (PyFunctionObject *)PyFunction_New((PyObject *)co, a[1]);
    if (f == NULL) return NULL;
    if (name != Py_None) Py_SETREF(f->func_name, Py_NewRef(name));
    if (defaults != Py_None) f->func_defaults = Py_NewRef(defaults);
    if (closure != Py_None) f->func_closure = Py_NewRef(closure);
    return (PyObject *)f;
}

/* ------------------------------------------------------------------ life */

/* Globals, builtins, names, code and closure stay (see above): cycles through them are broken at the dicts and cells. */
static int function_clear(PyObject *self) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    f->func_version = 0;
    Py_CLEAR(f->func_module);
    Py_CLEAR(f->func_defaults);
    Py_CLEAR(f->func_kwdefaults);
    Py_CLEAR(f->func_doc);
    Py_CLEAR(f->func_dict);
    Py_CLEAR(f->func_annotations);
    return 0;
}
/* The collector's; dict or names may be part of a cycle, too: str subclasses can be. */
static int function_tp_clear(PyObject *self) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0);
    if (empty != NULL) {
        Py_SETREF(f->func_name, Py_NewRef(empty));
        Py_SETREF(f->func_qualname, empty);
    }
    return function_clear(self);
}

static void function_dealloc(PyObject *self) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, function_dealloc)
    if (f->func_weakreflist != NULL) PyObject_ClearWeakRefs(self);
    function_clear(self);
    Py_DECREF(f->func_globals);
    Py_DECREF(f->func_builtins);
    Py_DECREF(f->func_name);
    Py_DECREF(f->func_qualname);
    Py_DECREF(f->func_code);
    Py_XDECREF(f->func_closure);
    PyObject_GC_Del(self);
    KR_TRASHCAN_END
}

static int function_traverse(PyObject *self, visitproc visit, void *arg) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    Py_VISIT(f->func_code);
    Py_VISIT(f->func_globals);
    Py_VISIT(f->func_builtins);
    Py_VISIT(f->func_module);
    Py_VISIT(f->func_defaults);
    Py_VISIT(f->func_kwdefaults);
    Py_VISIT(f->func_doc);
    Py_VISIT(f->func_name);
    Py_VISIT(f->func_qualname);
    Py_VISIT(f->func_dict);
    Py_VISIT(f->func_closure);
    Py_VISIT(f->func_annotations);
    return 0;
}

/* ------------------------------------------------------------------ access from C */

static PyFunctionObject *checked(PyObject *o) {
    if (PyFunction_Check(o)) return (PyFunctionObject *)o;
    PyErr_BadInternalCall();
    return NULL;
}

/* The annotations as a dict, made of the compiler's tuple if need be; borrowed, NULL without an exception when there are none. */
static PyObject *annotations_dict(PyFunctionObject *f) {
    PyObject *pairs = f->func_annotations;
    if (pairs == NULL || !PyTuple_CheckExact(pairs)) return pairs;
    PyObject *d = PyDict_New();
    for (Py_ssize_t i = 0; d != NULL && i + 1 < PyTuple_GET_SIZE(pairs); i += 2)
        if (PyDict_SetItem(d, PyTuple_GET_ITEM(pairs, i), PyTuple_GET_ITEM(pairs, i + 1)) < 0) Py_CLEAR(d);
    if (d != NULL) Py_SETREF(f->func_annotations, d);
    return d;
}

#define GETTER(name, field)                            \
    PyObject *PyFunction_Get##name(PyObject *o) {      \
        PyFunctionObject *f = checked(o);              \
        return f == NULL ? NULL : f->field;            \
    }
GETTER(Code, func_code)
GETTER(Globals, func_globals)
GETTER(Module, func_module)
GETTER(Defaults, func_defaults)
GETTER(KwDefaults, func_kwdefaults)
GETTER(Closure, func_closure)

PyObject *PyFunction_GetAnnotations(PyObject *o) {
    PyFunctionObject *f = checked(o);
    return f == NULL ? NULL : annotations_dict(f);
}

/* Puts value (None: nothing) into a field of o if it is of the type with this flag; else SystemError of the message, which may name
 * the value's type. */
static int set_field(PyObject *o, size_t offset, PyObject *value, unsigned long type_flag, const char *message) {
    PyFunctionObject *f = checked(o);
    if (f == NULL) return -1;
    if (value == Py_None) value = NULL;
    if (value != NULL && !PyType_HasFeature(Py_TYPE(value), type_flag)) {
        PyErr_Format(PyExc_SystemError, message, Py_TYPE(value)->tp_name);
        return -1;
    }
    f->func_version = 0;
    PyObject **field = (PyObject **)((char *)f + offset);
    Py_XSETREF(*field, Py_XNewRef(value));
    return 0;
}
int PyFunction_SetDefaults(PyObject *o, PyObject *value) {
    return set_field(o, offsetof(PyFunctionObject, func_defaults), value, Py_TPFLAGS_TUPLE_SUBCLASS, "non-tuple default args");
}
int PyFunction_SetKwDefaults(PyObject *o, PyObject *value) {
    return set_field(o, offsetof(PyFunctionObject, func_kwdefaults), value, Py_TPFLAGS_DICT_SUBCLASS, "non-dict keyword only default args");
}
int PyFunction_SetClosure(PyObject *o, PyObject *value) {
    return set_field(o, offsetof(PyFunctionObject, func_closure), value, Py_TPFLAGS_TUPLE_SUBCLASS, "expected tuple for closure, got '%.100s'");
}
int PyFunction_SetAnnotations(PyObject *o, PyObject *value) {
    return set_field(o, offsetof(PyFunctionObject, func_annotations), value, Py_TPFLAGS_DICT_SUBCLASS, "non-dict annotations");
}

/* ------------------------------------------------------------------ attributes */

static PyObject *function_get_code(PyObject *self, void *closure) {
    return PySys_Audit("object.__getattr__", "Os", self, "__code__") < 0 ? NULL : Py_NewRef(PyFunction_GET_CODE(self));
}

static PyObject *own_doc(PyFunctionObject *f) {
    if (f->func_doc == NULL) f->func_doc = Py_XNewRef(kr_code_doc((KrCode *)f->func_code));
    return f->func_doc;
}
static PyObject *function_get_doc(PyObject *self, void *closure) { return Py_XNewRef(own_doc((PyFunctionObject *)self)); }
static int function_set_doc(PyObject *self, PyObject *value, void *closure) {
    Py_XSETREF(((PyFunctionObject *)self)->func_doc, Py_NewRef(value == NULL ? Py_None : value));
    return 0;
}

static int function_set_code(PyObject *self, PyObject *value, void *closure) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    if (value == NULL || !PyCode_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "__code__ must be set to a code object");
        return -1;
    }
    Py_ssize_t want = ((PyCodeObject *)value)->co_nfreevars, have = f->func_closure == NULL ? 0 : PyTuple_GET_SIZE(f->func_closure);
    if (want != have) {
        PyErr_Format(PyExc_ValueError, "%U() requires a code object with %zd free vars, not %zd", f->func_name, have, want);
        return -1;
    }
    if (PySys_Audit("object.__setattr__", "OsO", self, "__code__", value) < 0) return -1;
    if (own_doc(f) == NULL) return -1;
    f->func_version = 0;
    Py_SETREF(f->func_code, Py_NewRef(value));
    return 0;
}

/* The attributes that are one field each; a getset entry's closure points to the description. */
typedef struct {
    size_t offset;
    unsigned long type_flag;
    bool optional;          /* deleting and None empty it */
    bool versioned;
    const char *message;
    const char *audited;    /* the name that audit hooks are told, or NULL */
} FieldAttr;
static const FieldAttr attr_name = {offsetof(PyFunctionObject, func_name), Py_TPFLAGS_UNICODE_SUBCLASS, false, false,
                                    "__name__ must be set to a string object"};
static const FieldAttr attr_qualname = {offsetof(PyFunctionObject, func_qualname), Py_TPFLAGS_UNICODE_SUBCLASS, false, false,
                                        "__qualname__ must be set to a string object"};
static const FieldAttr attr_defaults = {offsetof(PyFunctionObject, func_defaults), Py_TPFLAGS_TUPLE_SUBCLASS, true, true,
                                        "__defaults__ must be set to a tuple object", "__defaults__"};
static const FieldAttr attr_kwdefaults = {offsetof(PyFunctionObject, func_kwdefaults), Py_TPFLAGS_DICT_SUBCLASS, true, true,
                                          "__kwdefaults__ must be set to a dict object", "__kwdefaults__"};
static const FieldAttr attr_annotations = {offsetof(PyFunctionObject, func_annotations), Py_TPFLAGS_DICT_SUBCLASS, true, true,
                                           "__annotations__ must be set to a dict object"};

static PyObject *function_get_field(PyObject *self, void *closure) {
    const FieldAttr *a = closure;
    if (a->audited && PySys_Audit("object.__getattr__", "Os", self, a->audited) < 0) return NULL;
    PyObject *v = *(PyObject **)((char *)self + a->offset);
    return Py_NewRef(v == NULL ? Py_None : v);
}

static int function_set_field(PyObject *self, PyObject *value, void *closure) {
    const FieldAttr *a = closure;
    if (a->optional && value == Py_None) value = NULL;
    if (value == NULL ? !a->optional : !PyType_HasFeature(Py_TYPE(value), a->type_flag)) {
        PyErr_SetString(PyExc_TypeError, a->message);
        return -1;
    }
    int refused = !a->audited ? 0 : value ? PySys_Audit("object.__setattr__", "OsO", self, a->audited, value)
                                          : PySys_Audit("object.__delattr__", "Os", self, a->audited);
    if (refused < 0) return -1;
    if (a->versioned) ((PyFunctionObject *)self)->func_version = 0;
    PyObject **field = (PyObject **)((char *)self + a->offset);
    Py_XSETREF(*field, Py_XNewRef(value));
    return 0;
}

static PyObject *function_get_annotations(PyObject *self, void *closure) {
    PyFunctionObject *f = (PyFunctionObject *)self;
    if (f->func_annotations == NULL) f->func_annotations = PyDict_New();
    return Py_XNewRef(annotations_dict(f));
}

static PyGetSetDef function_getsets[] = {
    {"__code__", function_get_code, function_set_code},
    {"__doc__", function_get_doc, function_set_doc},
    {"__defaults__", function_get_field, function_set_field, NULL, (void *)&attr_defaults},
    {"__kwdefaults__", function_get_field, function_set_field, NULL, (void *)&attr_kwdefaults},
    {"__annotations__", function_get_annotations, function_set_field, NULL, (void *)&attr_annotations},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict},
    {"__name__", function_get_field, function_set_field, NULL, (void *)&attr_name},
    {"__qualname__", function_get_field, function_set_field, NULL, (void *)&attr_qualname},
    {NULL},
};
static PyMemberDef function_members[] = {
    {"__closure__", T_OBJECT, offsetof(PyFunctionObject, func_closure), READONLY},
    {"__globals__", T_OBJECT, offsetof(PyFunctionObject, func_globals), READONLY},
    {"__module__", T_OBJECT, offsetof(PyFunctionObject, func_module), 0},
    {"__builtins__", T_OBJECT, offsetof(PyFunctionObject, func_builtins), READONLY},
    {NULL},
};

/* ------------------------------------------------------------------ protocols */

static PyObject *function_repr(PyObject *self) { return PyUnicode_FromFormat("<function %U at %p>", ((PyFunctionObject *)self)->func_qualname, self); }

static PyObject *function_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    return obj == NULL || obj == Py_None ? Py_NewRef(self) : PyMethod_New(self, obj);
}

PyTypeObject PyFunction_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "function",
    .tp_basicsize = sizeof(PyFunctionObject),
    .tp_dealloc = function_dealloc,
    .tp_vectorcall_offset = offsetof(PyFunctionObject, vectorcall),
    .tp_repr = function_repr,
    .tp_call = PyVectorcall_Call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_doc = PyDoc_STR("function(code, globals, name=None, argdefs=None, closure=None)\n--\n\n"
                        "A function that runs a code object.\n\n"
                        "globals is the dict of its global names; name replaces the code's own; argdefs is a\n"
                        "tuple of default values for the last arguments; closure is a tuple of cells, one for\n"
                        "each free variable of the code."),
    .tp_traverse = function_traverse,
    .tp_clear = function_tp_clear,
    .tp_weaklistoffset = offsetof(PyFunctionObject, func_weakreflist),
    .tp_members = function_members,
    .tp_getset = function_getsets,
    .tp_descr_get = function_descr_get,
    .tp_dictoffset = offsetof(PyFunctionObject, func_dict),
    .tp_new = function_new,
};
