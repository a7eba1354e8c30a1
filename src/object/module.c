/* module.c - the type `module`: a namespace with attribute access.
 *
 * All attributes are entries of md_dict; what the type adds is the fallback to a function __getattr__ in the dict
 * (PEP 562) and the error messages. How modules come from C definitions is module_def.c. The three hooks of a C module
 * (traverse, clear, free) are called only when the state they expect is there: see has_state_for_hooks.
 */
#include "object/module.h"

/* ------------------------------------------------------------------ lifecycle */

static KrModule *module_alloc(PyTypeObject *type) {
    KrModule *m = (KrModule *)type->tp_alloc(type, 0);
    if (m == NULL)
        return NULL;
    m->md_def = NULL;
    m->md_state = NULL;
    m->md_weaklist = NULL;
    m->md_name = NULL;
    m->md_dict = PyDict_New();
    if (m->md_dict != NULL)
        return m;
    Py_DECREF(m);
    return NULL;
}

static PyObject *module_new(PyTypeObject *type, PyObject *args, PyObject *kwds) { return (PyObject *)module_alloc(type); }

/* The five names that every module starts with. */
static int init_dict(KrModule *m, PyObject *name, PyObject *doc) {
    PyObject *d = m->md_dict;
    if (doc == NULL)
        doc = Py_None;
    if (PyDict_SetItem(d, KR_STR(__name__), name) < 0 || PyDict_SetItem(d, KR_STR(__doc__), doc) < 0 ||
        PyDict_SetItem(d, KR_STR(__package__), Py_None) < 0 || PyDict_SetItem(d, KR_STR(__loader__), Py_None) < 0 ||
        PyDict_SetItem(d, KR_STR(__spec__), Py_None) < 0)
        return -1;
    if (PyUnicode_CheckExact(name))
        Py_XSETREF(m->md_name, Py_NewRef(name));
    return 0;
}

PyObject *PyModule_NewObject(PyObject *name) {
    KrModule *m = module_alloc(&PyModule_Type);
    if (m != NULL && init_dict(m, name, NULL) < 0)
        Py_CLEAR(m);
    return (PyObject *)m;
}

PyObject *PyModule_New(const char *name) {
    PyObject *s = PyUnicode_FromString(name);
    if (s == NULL)
        return NULL;
    PyObject *m = PyModule_NewObject(s);
    Py_DECREF(s);
    return m;
}

static int module_init(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"name", "doc", NULL};
    PyObject *name, *doc = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|O:module", keywords, &name, &doc))
        return -1;
    if (!PyUnicode_Check(name)) {
        _PyArg_BadArgument("module", "argument 'name'", "str", name);
        return -1;
    }
    KrModule *m = KR_MODULE_OBJECT(self);
    if (m->md_dict == NULL && (m->md_dict = PyDict_New()) == NULL)
        return -1;
    return init_dict(m, name, doc);
}

/* Whether the definition's hooks may look at the module: not before a wanted state block exists. */
static bool has_state_for_hooks(KrModule *m) { return m->md_def != NULL && (m->md_def->m_size <= 0 || m->md_state != NULL); }

static void module_dealloc(PyObject *self) {
    KrModule *m = KR_MODULE_OBJECT(self);
    PyObject_GC_UnTrack(self);
    if (m->md_name && kr_interp()->config.verbose) PySys_FormatStderr("# destroy %S\n", m->md_name);
    if (m->md_weaklist != NULL)
        PyObject_ClearWeakRefs(self);
    if (has_state_for_hooks(m) && m->md_def->m_free != NULL)
        m->md_def->m_free(m);
    Py_XDECREF(m->md_dict);
    Py_XDECREF(m->md_name);
    PyMem_Free(m->md_state);
    Py_TYPE(self)->tp_free(self);
}

static int module_traverse(PyObject *self, visitproc visit, void *arg) {
    KrModule *m = KR_MODULE_OBJECT(self);
    if (has_state_for_hooks(m) && m->md_def->m_traverse != NULL) {
        int r = m->md_def->m_traverse(self, visit, arg);
        if (r != 0)
            return r;
    }
    Py_VISIT(m->md_dict);
    return 0;
}

static int module_clear(PyObject *self) {
    KrModule *m = KR_MODULE_OBJECT(self);
    if (has_state_for_hooks(m) && m->md_def->m_clear != NULL) {
        int r = m->md_def->m_clear(self);
        if (PyErr_Occurred()) {
            PySys_FormatStderr("Exception ignored in m_clear of module%s%V\n", m->md_name ? " " : "", m->md_name, "");
            PyErr_WriteUnraisable(NULL);
        }
        if (r != 0)
            return r;
    }
    Py_CLEAR(m->md_dict);
    return 0;
}

/* ------------------------------------------------------------------ attributes */

int _PyModuleSpec_IsInitializing(PyObject *spec) {
    if (spec != NULL) {
        PyObject *value = PyObject_GetAttr(spec, KR_STR(_initializing));
        if (value != NULL) {
            int yes = PyObject_IsTrue(value);
            Py_DECREF(value);
            if (yes >= 0)
                return yes;
        }
    }
    PyErr_Clear();
    return 0;
}

/* Whether a package's spec says that its submodule `name` is being imported now; other attributes of specs don't matter. */
static bool is_submodule_being_made(PyObject *spec, PyObject *name) {
    PyObject *names = NULL;
    int r = spec == NULL ? 0 : _PyObject_LookupAttr(spec, KR_STR(_uninitialized_submodules), &names);
    if (r > 0) r = PySequence_Contains(names, name);
    Py_XDECREF(names);
    if (r < 0) PyErr_Clear();
    return r > 0;
}
/* What a missing attribute gives: the answer of the module's own __getattr__, else AttributeError. */
static KR_COLD PyObject *missing_attribute(KrModule *m, PyObject *name) {
    if (m->md_dict != NULL) {
        PyObject *hook = PyDict_GetItemWithError(m->md_dict, KR_STR(__getattr__));
        if (hook != NULL) {
            Py_INCREF(hook);
            PyObject *r = PyObject_CallOneArg(hook, name);
            Py_DECREF(hook);
            return r;
        }
        PyObject *module_name = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(m->md_dict, KR_STR(__name__));
        if (module_name != NULL && PyUnicode_Check(module_name)) {
            Py_INCREF(module_name);
            PyObject *spec = PyDict_GetItemWithError(m->md_dict, KR_STR(__spec__));
            Py_XINCREF(spec);
            if (spec != NULL || !PyErr_Occurred()) {
                if (!_PyModuleSpec_IsInitializing(spec) && is_submodule_being_made(spec, name))
                    PyErr_Format(PyExc_AttributeError, "cannot access submodule '%U' of module '%U' (most likely due to a circular import)", name, module_name);
                else
                    PyErr_Format(PyExc_AttributeError, _PyModuleSpec_IsInitializing(spec)
                                     ? "partially initialized module '%U' has no attribute '%U' (most likely due to a circular import)"
                                     : "module '%U' has no attribute '%U'", module_name, name);
            }
            Py_XDECREF(spec);
            Py_DECREF(module_name);
            return NULL;
        }
        if (PyErr_Occurred())
            return NULL;
    }
    PyErr_Format(PyExc_AttributeError, "module has no attribute '%U'", name);
    return NULL;
}

static PyObject *module_getattro(PyObject *self, PyObject *name) {
    PyObject *value = _PyObject_GenericGetAttrWithDict(self, name, NULL, 1);
    return value != NULL || PyErr_Occurred() ? value : missing_attribute(KR_MODULE_OBJECT(self), name);
}

int kr_module_lookup(PyObject *self, PyObject *name, PyObject **result) {
    if ((*result = _PyObject_GenericGetAttrWithDict(self, name, NULL, 1)) != NULL)
        return 1;
    if (PyErr_Occurred())
        return -1;
    PyObject *d = KR_MODULE_OBJECT(self)->md_dict;
    if (d != NULL && PyDict_GetItemWithError(d, KR_STR(__getattr__)) != NULL)
        return 2;
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *module_repr(PyObject *self) {
    PyObject *importlib = kr_interp()->importlib;
    if (importlib != NULL)
        return PyObject_CallMethodOneArg(importlib, KR_STR(_module_repr), self);
    PyObject *name = KR_MODULE_OBJECT(self)->md_name;     /* before there is import */
    return name == NULL ? PyUnicode_FromString("<module '?'>") : PyUnicode_FromFormat("<module %R>", name);
}

/* New reference to self.__dict__, which a subclass may have replaced; TypeError unless it is a dict. */
static PyObject *own_dict(PyObject *self) {
    PyObject *d = PyObject_GetAttr(self, KR_STR(__dict__));
    if (d != NULL && !PyDict_Check(d)) {
        PyErr_SetString(PyExc_TypeError, "<module>.__dict__ is not a dictionary");
        Py_CLEAR(d);
    }
    return d;
}

static PyObject *module_dir(PyObject *self, PyObject *unused) {
    PyObject *d = own_dict(self), *r = NULL;
    if (d == NULL)
        return NULL;
    PyObject *hook = PyDict_GetItemWithError(d, KR_STR(__dir__));
    if (hook != NULL) {
        Py_INCREF(hook);
        r = PyObject_CallNoArgs(hook);
        Py_DECREF(hook);
    } else if (!PyErr_Occurred()) {
        r = PyDict_Keys(d);
    }
    Py_DECREF(d);
    return r;
}

static PyMethodDef module_methods[] = {
    {"__dir__", module_dir, METH_NOARGS, PyDoc_STR("The names in the module's namespace, or what its own __dir__() says.")},
    {NULL}};

static PyObject *module_get_annotations(PyObject *self, void *unused) {
    PyObject *d = own_dict(self);
    if (d == NULL)
        return NULL;
    PyObject *r = PyDict_GetItemWithError(d, KR_STR(__annotations__));
    if (r != NULL) {
        Py_INCREF(r);
    } else if (!PyErr_Occurred()) {
        r = PyDict_New();
        if (r != NULL && PyDict_SetItem(d, KR_STR(__annotations__), r) < 0)
            Py_CLEAR(r);
    }
    Py_DECREF(d);
    return r;
}

static int module_set_annotations(PyObject *self, PyObject *value, void *unused) {
    PyObject *d = own_dict(self);
    if (d == NULL)
        return -1;
    int r;
    if (value != NULL) {
        r = PyDict_SetItem(d, KR_STR(__annotations__), value);
    } else {
        r = PyDict_DelItem(d, KR_STR(__annotations__));
        if (r < 0 && PyErr_ExceptionMatches(PyExc_KeyError))
            PyErr_SetString(PyExc_AttributeError, "__annotations__");
    }
    Py_DECREF(d);
    return r;
}

static PyGetSetDef module_getsets[] = {{"__annotations__", module_get_annotations, module_set_annotations}, {NULL}};
static PyMemberDef module_members[] = {{"__dict__", T_OBJECT, offsetof(KrModule, md_dict), READONLY}, {NULL}};

PyTypeObject PyModule_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "module",
    .tp_basicsize = sizeof(KrModule),
    .tp_dealloc = module_dealloc,
    .tp_repr = module_repr,
    .tp_getattro = module_getattro,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("module(name, doc=None)\n--\n\nA new, empty module called name."),
    .tp_traverse = module_traverse,
    .tp_clear = module_clear,
    .tp_weaklistoffset = offsetof(KrModule, md_weaklist),
    .tp_methods = module_methods,
    .tp_members = module_members,
    .tp_getset = module_getsets,
    .tp_dictoffset = offsetof(KrModule, md_dict),
    .tp_init = module_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = module_new,
    .tp_free = PyObject_GC_Del,
};
