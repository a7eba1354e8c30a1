/* module_def.c - modules from C definitions: PyModuleDef, single-phase (PyModule_Create2) and multi-phase
 * (PyModule_FromDefAndSpec2, PyModule_ExecDef) creation, and the PyModule_Add... and PyModule_Get... functions.
 *
 * A definition is a static struct of the extension; the first use makes it a proper object (type, count) and gives it
 * an index of its own for PyState_FindModule. Multi-phase: creation runs Py_mod_create and adds functions and docstring,
 * execution makes the state block (once) and runs the Py_mod_exec slots in order.
 */
#include "object/module.h"

/* ------------------------------------------------------------------ definitions */

PyTypeObject PyModuleDef_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "moduledef",
    .tp_basicsize = sizeof(PyModuleDef),
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

PyObject *PyModuleDef_Init(PyModuleDef *def) {
    if (PyType_Ready(&PyModuleDef_Type) < 0)
        return NULL;
    if (def->m_base.m_index == 0) {
        def->m_base.m_index = ++kr_runtime.process.module_index;
        Py_SET_REFCNT((PyObject *)def, 1);
        Py_SET_TYPE((PyObject *)def, &PyModuleDef_Type);
    }
    return (PyObject *)def;
}

/* Warns about a module that was compiled for another version of the C API. */
static int check_api_version(const char *name, int version) {
    if (version == PYTHON_API_VERSION || version == PYTHON_ABI_VERSION)
        return 0;
    return PyErr_WarnFormat(PyExc_RuntimeWarning, 1,
                            "Python C API version mismatch for module %.100s: This Python has API version %d, module %.100s has version %d.",
                            name, PYTHON_API_VERSION, name, version);
}

/* Zeroed state block of at least one byte. */
static int make_state(KrModule *m, PyModuleDef *def) {
    m->md_state = PyMem_Calloc(1, def->m_size > 0 ? (size_t)def->m_size : 1);
    if (m->md_state != NULL)
        return 0;
    PyErr_NoMemory();
    return -1;
}

/* Sets builtin functions as attributes of m (a module or whatever Py_mod_create made). */
static int add_functions(PyObject *m, PyObject *name, PyMethodDef *functions) {
    for (PyMethodDef *f = functions; f->ml_name != NULL; f++) {
        if (f->ml_flags & (METH_CLASS | METH_STATIC)) {
            PyErr_SetString(PyExc_ValueError, "module functions cannot set METH_CLASS or METH_STATIC");
            return -1;
        }
        PyObject *function = PyCFunction_NewEx(f, m, name);
        if (function == NULL)
            return -1;
        int r = PyModule_CheckExact(m) ? PyDict_SetItemString(kr_module_dict(m), f->ml_name, function) : PyObject_SetAttrString(m, f->ml_name, function);
        Py_DECREF(function);
        if (r < 0)
            return -1;
    }
    return 0;
}

int PyModule_AddFunctions(PyObject *m, PyMethodDef *functions) {
    PyObject *name = PyModule_GetNameObject(m);
    if (name == NULL)
        return -1;
    int r = add_functions(m, name, functions);
    Py_DECREF(name);
    return r;
}

int PyModule_SetDocString(PyObject *m, const char *doc) {
    PyObject *s = PyUnicode_FromString(doc);
    int r = s == NULL ? -1 : PyObject_SetAttr(m, KR_STR(__doc__), s);
    Py_XDECREF(s);
    return r;
}

/* ------------------------------------------------------------------ single-phase */

PyObject *_PyModule_CreateInitialized(PyModuleDef *def, int version) {
    const char *name = def->m_name;
    if (PyModuleDef_Init(def) == NULL || check_api_version(name, version) < 0)
        return NULL;
    if (def->m_slots != NULL) {
        PyErr_Format(PyExc_SystemError, "module %s: PyModule_Create is incompatible with m_slots", name);
        return NULL;
    }
    /* A module knows only the last part of its name; the importer knows all of it. */
    const char **context = &kr_thread()->runtime.package_context, *last = *context == NULL ? NULL : strrchr(*context, '.');
    if (last != NULL && strcmp(name, last + 1) == 0) {
        name = *context;
        *context = NULL;
    }
    PyObject *m = PyModule_New(name);
    if (m == NULL)
        return NULL;
    if ((def->m_size > 0 && make_state(KR_MODULE_OBJECT(m), def) < 0) ||
        (def->m_methods != NULL && PyModule_AddFunctions(m, def->m_methods) < 0) ||
        (def->m_doc != NULL && PyModule_SetDocString(m, def->m_doc) < 0)) {
        Py_DECREF(m);
        return NULL;
    }
    KR_MODULE_OBJECT(m)->md_def = def;
    return m;
}

PyObject *PyModule_Create2(PyModuleDef *def, int version) { return _PyModule_CreateInitialized(def, version); }

/* ------------------------------------------------------------------ multi-phase */

/* Finds the Py_mod_create slot (NULL if none) and whether there are others. */
static int read_slots(PyModuleDef *def, const char *name, PyObject *(**create)(PyObject *, PyModuleDef *), bool *executes) {
    *create = NULL;
    *executes = false;
    for (PyModuleDef_Slot *s = def->m_slots; s != NULL && s->slot != 0; s++) {
        if (s->slot == Py_mod_create) {
            if (*create != NULL) {
                PyErr_Format(PyExc_SystemError, "module %s has multiple create slots", name);
                return -1;
            }
            *create = (PyObject *(*)(PyObject *, PyModuleDef *))s->value;
        } else if (s->slot == Py_mod_exec) {
            *executes = true;
        } else {
            PyErr_Format(PyExc_SystemError, "module %s uses unknown slot ID %i", name, s->slot);
            return -1;
        }
    }
    return 0;
}

/* Calls Py_mod_create and holds it to the rule: a result or an exception, not both and not neither. */
static PyObject *call_create(PyObject *(*create)(PyObject *, PyModuleDef *), PyObject *spec, PyModuleDef *def, const char *name) {
    PyObject *m = create(spec, def);
    if (m == NULL) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_SystemError, "creation of module %s failed without setting an exception", name);
    } else if (PyErr_Occurred()) {
        _PyErr_FormatFromCause(PyExc_SystemError, "creation of module %s raised unreported exception", name);
        Py_CLEAR(m);
    }
    return m;
}

/* The body of PyModule_FromDefAndSpec2 with the module's name at hand. */
static PyObject *create_from_def(PyModuleDef *def, PyObject *spec, PyObject *name_object, const char *name) {
    if (def->m_size < 0) {
        PyErr_Format(PyExc_SystemError, "module %s: m_size may not be negative for multi-phase initialization", name);
        return NULL;
    }
    PyObject *(*create)(PyObject *, PyModuleDef *);
    bool executes;
    if (read_slots(def, name, &create, &executes) < 0)
        return NULL;
    PyObject *m = create != NULL ? call_create(create, spec, def, name) : PyModule_NewObject(name_object);
    if (m == NULL)
        return NULL;
    if (PyModule_Check(m)) {
        KR_MODULE_OBJECT(m)->md_state = NULL;
        KR_MODULE_OBJECT(m)->md_def = def;
    } else if (def->m_size > 0 || def->m_traverse != NULL || def->m_clear != NULL || def->m_free != NULL) {
        PyErr_Format(PyExc_SystemError, "module %s is not a module object, but requests module state", name);
        goto fail;
    } else if (executes) {
        PyErr_Format(PyExc_SystemError, "module %s specifies execution slots, but did not create a ModuleType instance", name);
        goto fail;
    }
    if ((def->m_methods != NULL && add_functions(m, name_object, def->m_methods) < 0) ||
        (def->m_doc != NULL && PyModule_SetDocString(m, def->m_doc) < 0))
        goto fail;
    return m;
fail:
    Py_DECREF(m);
    return NULL;
}

PyObject *PyModule_FromDefAndSpec2(PyModuleDef *def, PyObject *spec, int version) {
    if (PyModuleDef_Init(def) == NULL)
        return NULL;
    PyObject *name_object = PyObject_GetAttr(spec, KR_STR(name)), *m = NULL;
    if (name_object == NULL)
        return NULL;
    const char *name = PyUnicode_AsUTF8(name_object);
    if (name != NULL && check_api_version(name, version) == 0)
        m = create_from_def(def, spec, name_object, name);
    Py_DECREF(name_object);
    return m;
}

int PyModule_ExecDef(PyObject *m, PyModuleDef *def) {
    const char *name = PyModule_GetName(m);
    if (name == NULL)
        return -1;
    if (def->m_size >= 0 && KR_MODULE_OBJECT(m)->md_state == NULL && make_state(KR_MODULE_OBJECT(m), def) < 0)
        return -1;
    for (PyModuleDef_Slot *s = def->m_slots; s != NULL && s->slot != 0; s++) {
        if (s->slot == Py_mod_create)
            continue;
        if (s->slot != Py_mod_exec) {
            PyErr_Format(PyExc_SystemError, "module %s initialized with unknown slot %i", name, s->slot);
            return -1;
        }
        if (((int (*)(PyObject *))s->value)(m) != 0) {
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_SystemError, "execution of module %s failed without setting an exception", name);
            return -1;
        }
        if (PyErr_Occurred()) {
            _PyErr_FormatFromCause(PyExc_SystemError, "execution of module %s raised unreported exception", name);
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ reading modules */

PyObject *PyModule_GetDict(PyObject *m) {
    if (!PyModule_Check(m)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    return kr_module_dict(m);
}

/* New reference to the str under `key`; SystemError with `message` when there is none. */
static PyObject *get_text(PyObject *m, PyObject *key, const char *message) {
    if (!PyModule_Check(m)) {
        PyErr_BadArgument();
        return NULL;
    }
    PyObject *d = kr_module_dict(m), *text = d == NULL ? NULL : PyDict_GetItemWithError(d, key);
    if (text != NULL && PyUnicode_Check(text))
        return Py_NewRef(text);
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_SystemError, message);
    return NULL;
}

PyObject *PyModule_GetNameObject(PyObject *m) { return get_text(m, KR_STR(__name__), "nameless module"); }
PyObject *PyModule_GetFilenameObject(PyObject *m) { return get_text(m, KR_STR(__file__), "module filename missing"); }

/* The text lives on in the module's dict. */
static const char *borrowed_utf8(PyObject *s) {
    if (s == NULL)
        return NULL;
    Py_DECREF(s);
    return PyUnicode_AsUTF8(s);
}
const char *PyModule_GetName(PyObject *m) { return borrowed_utf8(PyModule_GetNameObject(m)); }
const char *PyModule_GetFilename(PyObject *m) { return borrowed_utf8(PyModule_GetFilenameObject(m)); }

PyModuleDef *PyModule_GetDef(PyObject *m) {
    if (PyModule_Check(m))
        return KR_MODULE_OBJECT(m)->md_def;
    PyErr_BadArgument();
    return NULL;
}

void *PyModule_GetState(PyObject *m) {
    if (PyModule_Check(m))
        return KR_MODULE_OBJECT(m)->md_state;
    PyErr_BadArgument();
    return NULL;
}

/* ------------------------------------------------------------------ filling modules */

int PyModule_AddObjectRef(PyObject *m, const char *name, PyObject *value) {
    if (!PyModule_Check(m)) {
        PyErr_SetString(PyExc_TypeError, "PyModule_AddObjectRef() first argument must be a module");
        return -1;
    }
    if (value == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_SystemError, "PyModule_AddObjectRef() must be called with an exception raised if value is NULL");
        return -1;
    }
    PyObject *d = kr_module_dict(m);
    if (d != NULL)
        return PyDict_SetItemString(d, name, value);
    const char *module_name = PyModule_GetName(m);
    if (module_name != NULL)
        PyErr_Format(PyExc_SystemError, "module '%s' has no __dict__", module_name);
    return -1;
}

int PyModule_AddObject(PyObject *m, const char *name, PyObject *value) {
    int r = PyModule_AddObjectRef(m, name, value);
    if (r == 0)
        Py_DECREF(value);
    return r;
}

/* Adds and drops a value that was made for the module. */
static int add_and_drop(PyObject *m, const char *name, PyObject *value) {
    int r = value == NULL ? -1 : PyModule_AddObjectRef(m, name, value);
    Py_XDECREF(value);
    return r;
}
int PyModule_AddIntConstant(PyObject *m, const char *name, long value) { return add_and_drop(m, name, PyLong_FromLong(value)); }
int PyModule_AddStringConstant(PyObject *m, const char *name, const char *value) { return add_and_drop(m, name, PyUnicode_FromString(value)); }

int PyModule_AddType(PyObject *m, PyTypeObject *type) {
    if (PyType_Ready(type) < 0)
        return -1;
    return PyModule_AddObjectRef(m, _PyType_Name(type), (PyObject *)type);
}
