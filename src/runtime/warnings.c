/* warnings.c - PyErr_Warn* and the module `_warnings`: filter matching, registries, showing.
 *
 * The filter list, the once registry and the default action live in the interpreter and are the very objects of the
 * module `_warnings`; the standard library's warnings.py replaces them through its own module globals, which win when
 * that module has been imported. A module's __warningregistry__ carries the filters' version it was filled under.
 */
#include "krait.h"
#include "runtime/lifecycle.h"
#include "vm/frame.h"
#include <frameobject.h>

/* The attribute of the module warnings, if it was imported (try_import: import it); NULL without exception if not, or at the end of the
 * program, when importing may fail. */
static PyObject *from_warnings(PyObject *attr, bool try_import) {
    PyObject *name = PyUnicode_FromString("warnings"), *m, *v = NULL;
    if (!name) return NULL;
    const bool ending = kr_runtime.finalizing || kr_interp()->runtime.finalizing;
    if (try_import && !ending) {
        m = PyImport_Import(name);
        if (!m && PyErr_ExceptionMatches(PyExc_ImportError)) PyErr_Clear();
    } else {
        m = ending ? NULL : PyImport_GetModule(name);
    }
    Py_DECREF(name);
    if (!m) return NULL;
    _PyObject_LookupAttr(m, attr, &v);
    Py_DECREF(m);
    return v;
}

/* Borrowed: warnings.<attr> when there is one of the right type, else the interpreter's own, which it replaces. */
static PyObject *current_setting(PyObject **own, PyObject *attr, PyTypeObject *type, const char *message) {
    PyObject *v = from_warnings(attr, false);
    if (!v) return PyErr_Occurred() ? NULL : *own;
    if (!PyObject_TypeCheck(v, type)) {
        PyErr_Format(PyExc_TypeError, message, Py_TYPE(v)->tp_name);
        Py_DECREF(v);
        return NULL;
    }
    Py_XSETREF(*own, v);
    return v;
}

/* 1 if the filter's field matches: None, an equal str, or a compiled pattern's match(). -1 on error. */
static int field_matches(PyObject *pattern, PyObject *text) {
    if (pattern == Py_None) return 1;
    if (PyUnicode_CheckExact(pattern)) {
        int eq = PyUnicode_Compare(pattern, text);
        return PyErr_Occurred() ? -1 : eq == 0;
    }
    PyObject *r = PyObject_CallMethod(pattern, "match", "O", text);
    if (!r) return -1;
    int rc = PyObject_IsTrue(r);
    Py_DECREF(r);
    return rc;
}

/* The action (new reference) for a warning, and the filter item it came from (new reference, None for the default). */
static PyObject *find_action(PyObject *category, PyObject *text, Py_ssize_t lineno, PyObject *module, PyObject **item_out) {
    KrInterpRuntime *r = &kr_interp()->runtime;
    PyObject *filters = current_setting(&r->warn_filters, KR_STR(filters), &PyList_Type, "_warnings.filters must be a list, not '%.200s'");
    if (!filters) return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(filters); i++) {
        PyObject *item = PyList_GET_ITEM(filters, i);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 5) {
            PyErr_Format(PyExc_ValueError, "_warnings.filters item %zd isn't a 5-tuple", i);
            return NULL;
        }
        PyObject *action = PyTuple_GET_ITEM(item, 0);
        if (!PyUnicode_Check(action)) {
            PyErr_Format(PyExc_TypeError, "action must be a string, not '%.200s'", Py_TYPE(action)->tp_name);
            return NULL;
        }
        Py_INCREF(item);
        int ok = field_matches(PyTuple_GET_ITEM(item, 1), text);
        if (ok > 0) ok = PyObject_IsSubclass(category, PyTuple_GET_ITEM(item, 2));
        if (ok > 0) ok = field_matches(PyTuple_GET_ITEM(item, 3), module);
        if (ok > 0) {
            Py_ssize_t line = PyLong_AsSsize_t(PyTuple_GET_ITEM(item, 4));
            ok = line == -1 && PyErr_Occurred() ? -1 : line == 0 || line == lineno;
        }
        if (ok > 0) {
            *item_out = item;
            return Py_NewRef(action);
        }
        Py_DECREF(item);
        if (ok < 0) return NULL;
    }
    PyObject *action = current_setting(&r->warn_default, KR_STR(defaultaction), &PyUnicode_Type,
                                       "_warnings.defaultaction must be a string, not '%.200s'");
    if (!action) return NULL;
    *item_out = Py_NewRef(Py_None);
    return Py_NewRef(action);
}

/* Whether key was warned about under the present filters; notes it when should_set. -1 on error. */
static int already_warned(PyObject *registry, PyObject *key, bool should_set) {
    if (!key) return -1;
    KrInterpRuntime *r = &kr_interp()->runtime;
    PyObject *version = PyDict_GetItemWithError(registry, KR_STR(version));
    if (!version && PyErr_Occurred()) return -1;
    if (!version || !PyLong_CheckExact(version) || PyLong_AsLong(version) != r->warn_filters_version) {
        PyErr_Clear();
        PyDict_Clear(registry);
        version = PyLong_FromLong(r->warn_filters_version);
        int rc = version ? PyDict_SetItem(registry, KR_STR(version), version) : -1;
        Py_XDECREF(version);
        if (rc < 0) return -1;
    } else {
        PyObject *seen = PyDict_GetItemWithError(registry, key);
        if (seen) return PyObject_IsTrue(seen);
        if (PyErr_Occurred()) return -1;
    }
    return should_set && PyDict_SetItem(registry, key, Py_True) < 0 ? -1 : 0;
}

/* The module name for a file: its path without ".py". */
static PyObject *module_of_file(PyObject *filename) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(filename);
    if (n == 0) return PyUnicode_FromString("<unknown>");
    if (n >= 3 && PyUnicode_READ_CHAR(filename, n - 3) == '.' && PyUnicode_READ_CHAR(filename, n - 2) == 'p' &&
        PyUnicode_READ_CHAR(filename, n - 1) == 'y')
        return PyUnicode_Substring(filename, 0, n - 3);
    return Py_NewRef(filename);
}

/* What is printed before warnings.py is there: "file:line: Category: text" and the source line. */
static void show_plain(PyObject *filename, int lineno, PyObject *text, PyObject *category, PyObject *sourceline) {
    PyObject *err = PySys_GetObject("stderr"), *name = PyObject_GetAttr(category, KR_STR(__name__));
    if (!err || err == Py_None || !name) goto done;
    PyObject *line = PyUnicode_FromFormat("%U:%d: %U: %U\n", filename, lineno, name, text);
    if (line) PyFile_WriteObject(line, err, Py_PRINT_RAW);
    Py_XDECREF(line);
    if (sourceline && PyUnicode_Check(sourceline)) {
        PyObject *stripped = PyObject_CallMethod(sourceline, "strip", NULL);
        PyObject *shown = stripped ? PyUnicode_FromFormat("  %U\n", stripped) : NULL;
        if (shown) PyFile_WriteObject(shown, err, Py_PRINT_RAW);
        Py_XDECREF(stripped);
        Py_XDECREF(shown);
    } else {
        _Py_DisplaySourceLine(err, filename, lineno, 2, NULL, NULL);
    }
done:
    PyErr_Clear();
    Py_XDECREF(name);
}

static int show(PyObject *category, PyObject *text, PyObject *message, PyObject *filename, int lineno, PyObject *lineno_obj,
                PyObject *sourceline, PyObject *source) {
    PyObject *fn = from_warnings(KR_STR(_showwarnmsg), source != NULL);
    if (!fn) {
        if (PyErr_Occurred()) return -1;
        show_plain(filename, lineno, text, category, sourceline);
        return 0;
    }
    int rc = -1;
    PyObject *cls = NULL, *msg = NULL, *r = NULL;
    if (!PyCallable_Check(fn)) {
        PyErr_SetString(PyExc_TypeError, "warnings._showwarnmsg() must be set to a callable");
        goto done;
    }
    if (!(cls = from_warnings(PyUnicode_InternFromString("WarningMessage"), false))) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "unable to get warnings.WarningMessage");
        goto done;
    }
    msg = PyObject_CallFunctionObjArgs(cls, message, category, filename, lineno_obj, Py_None, Py_None, source, NULL);
    if (msg && (r = PyObject_CallOneArg(fn, msg))) rc = 0;
done:
    Py_XDECREF(r);
    Py_XDECREF(msg);
    Py_XDECREF(cls);
    Py_DECREF(fn);
    return rc;
}

/* The heart: decides by filter and registries, shows or raises. None, or NULL with an exception. */
static PyObject *warn_explicit(PyObject *category, PyObject *message, PyObject *filename, int lineno, PyObject *module,
                               PyObject *registry, PyObject *sourceline, PyObject *source) {
    PyObject *text = NULL, *key = NULL, *action = NULL, *item = NULL, *lineno_obj = NULL, *result = NULL;
    if (module == Py_None) Py_RETURN_NONE;
    if (registry && !PyDict_Check(registry) && registry != Py_None) {
        PyErr_Format(PyExc_TypeError, "'registry' must be a dict or None, not '%.200s'", Py_TYPE(registry)->tp_name);
        return NULL;
    }
    module = module ? Py_NewRef(module) : module_of_file(filename);
    if (!module) return NULL;
    Py_INCREF(message);
    int is_warning = PyObject_IsInstance(message, PyExc_Warning);
    if (is_warning < 0) goto done;
    if (is_warning) {
        if (!(text = PyObject_Str(message))) goto done;
        category = (PyObject *)Py_TYPE(message);
    } else {
        text = Py_NewRef(message);
        Py_SETREF(message, PyObject_CallOneArg(category, text));
        if (!message) goto done;
    }
    if (!(lineno_obj = PyLong_FromLong(lineno))) goto done;
    if (source == Py_None) source = NULL;
    if (!(key = PyTuple_Pack(3, text, category, lineno_obj))) goto done;
    bool has_registry = registry && registry != Py_None;
    if (has_registry) {
        int seen = already_warned(registry, key, false);
        if (seen < 0) goto done;
        if (seen) {
            result = Py_NewRef(Py_None);
            goto done;
        }
    }
    if (!(action = find_action(category, text, lineno, module, &item))) goto done;
    const char *a = PyUnicode_AsUTF8(action);
    if (!a) goto done;
    if (!strcmp(a, "error")) {
        PyErr_SetObject(category, message);
        goto done;
    }
    if (!strcmp(a, "ignore")) {
        result = Py_NewRef(Py_None);
        goto done;
    }
    int seen = 0;
    if (strcmp(a, "always")) {
        if (has_registry && PyDict_SetItem(registry, key, Py_True) < 0) goto done;
        if (!strcmp(a, "once")) {
            PyObject *once = has_registry ? registry : NULL;
            if (!once && !(once = current_setting(&kr_interp()->runtime.warn_once, KR_STR(onceregistry), &PyDict_Type,
                                                  "_warnings.onceregistry must be a dict, not '%.200s'")))
                goto done;
            PyObject *k = PyTuple_Pack(2, text, category);
            seen = already_warned(once, k, true);
            Py_XDECREF(k);
        } else if (!strcmp(a, "module")) {
            PyObject *zero = PyLong_FromLong(0), *k = zero ? PyTuple_Pack(3, text, category, zero) : NULL;
            seen = has_registry ? already_warned(registry, k, true) : 0;
            Py_XDECREF(zero);
            Py_XDECREF(k);
        } else if (strcmp(a, "default")) {
            PyErr_Format(PyExc_RuntimeError, "Unrecognized action (%R) in warnings.filters:\n %R", action, item);
            goto done;
        }
    }
    if (seen < 0 || (!seen && show(category, text, message, filename, lineno, lineno_obj, sourceline, source) < 0)) goto done;
    result = Py_NewRef(Py_None);
done:
    Py_XDECREF(item);
    Py_XDECREF(action);
    Py_XDECREF(key);
    Py_XDECREF(text);
    Py_XDECREF(lineno_obj);
    Py_DECREF(module);
    Py_XDECREF(message);
    return result;
}

/* ------------------------------------------------------------------ where a warning is attributed */

static bool is_internal_frame(PyFrameObject *f) {
    PyCodeObject *code = PyFrame_GetCode(f);
    const char *name = PyUnicode_AsUTF8(code->co_filename);
    bool internal = name && strstr(name, "importlib") && strstr(name, "_bootstrap");
    if (!name) PyErr_Clear();
    Py_DECREF(code);
    return internal;
}
/* The caller of f (consumed); frames of the import system are passed over. */
static PyFrameObject *next_external(PyFrameObject *f) {
    do {
        PyFrameObject *back = PyFrame_GetBack(f);
        Py_DECREF(f);
        f = back;
    } while (f && is_internal_frame(f));
    return f;
}

static PyObject *do_warn(PyObject *message, PyObject *category, Py_ssize_t stack_level, PyObject *source) {
    if (!kr_interp()->sysdict) Py_RETURN_NONE;      /* the interpreter has been taken apart: nobody is left to tell */
    PyFrameObject *f = PyThreadState_GetFrame(PyThreadState_Get());
    if (stack_level <= 0 || (f && is_internal_frame(f))) {
        while (--stack_level > 0 && f) {
            PyFrameObject *back = PyFrame_GetBack(f);
            Py_DECREF(f);
            f = back;
        }
    } else {
        while (--stack_level > 0 && f) f = next_external(f);
    }
    PyObject *globals, *filename, *result = NULL, *module = NULL, *registry = NULL;
    int lineno;
    if (!f) {
        globals = Py_NewRef(kr_interp()->sysdict);
        filename = PyUnicode_FromString("sys");
        lineno = 1;
    } else {
        globals = PyFrame_GetGlobals(f);
        PyCodeObject *code = PyFrame_GetCode(f);
        filename = Py_NewRef(code->co_filename);
        Py_DECREF(code);
        lineno = PyFrame_GetLineNumber(f);
        Py_DECREF(f);
    }
    if (!filename) goto done;
    registry = PyDict_GetItemWithError(globals, KR_STR(__warningregistry__));
    if (registry) Py_INCREF(registry);
    else {
        if (PyErr_Occurred() || !(registry = PyDict_New()) || PyDict_SetItem(globals, KR_STR(__warningregistry__), registry) < 0) goto done;
    }
    module = PyDict_GetItemWithError(globals, KR_STR(__name__));
    if (!module && PyErr_Occurred()) goto done;
    module = module && (module == Py_None || PyUnicode_Check(module)) ? Py_NewRef(module) : PyUnicode_FromString("<string>");
    if (module) result = warn_explicit(category, message, filename, lineno, module, registry, NULL, source);
done:
    Py_XDECREF(module);
    Py_XDECREF(registry);
    Py_XDECREF(filename);
    Py_DECREF(globals);
    return result;
}

/* The category to use: the message's own class, or the given one, or UserWarning. */
static PyObject *pick_category(PyObject *message, PyObject *category) {
    int rc = PyObject_IsInstance(message, PyExc_Warning);
    if (rc < 0) return NULL;
    if (rc) category = (PyObject *)Py_TYPE(message);
    else if (!category || category == Py_None) category = PyExc_UserWarning;
    if (!PyType_Check(category) || (rc = PyObject_IsSubclass(category, PyExc_Warning)) <= 0) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "category must be a Warning subclass, not '%s'", Py_TYPE(category)->tp_name);
        return NULL;
    }
    return category;
}

/* ------------------------------------------------------------------ C API */

static int warn_unicode(PyObject *category, PyObject *text, Py_ssize_t level, PyObject *source) {
    if (!text) return -1;
    PyObject *r = do_warn(text, category ? category : PyExc_RuntimeWarning, level, source);
    Py_DECREF(text);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int PyErr_WarnEx(PyObject *category, const char *text, Py_ssize_t level) { return warn_unicode(category, PyUnicode_FromString(text), level, NULL); }
int (PyErr_Warn)(PyObject *category, const char *text) { return PyErr_WarnEx(category, text, 1); }
int PyErr_WarnFormat(PyObject *category, Py_ssize_t level, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *text = PyUnicode_FromFormatV(format, va);
    va_end(va);
    return warn_unicode(category, text, level, NULL);
}
int PyErr_ResourceWarning(PyObject *source, Py_ssize_t level, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *text = PyUnicode_FromFormatV(format, va);
    va_end(va);
    return warn_unicode(PyExc_ResourceWarning, text, level, source);
}
int PyErr_WarnExplicitObject(PyObject *category, PyObject *message, PyObject *filename, int lineno, PyObject *module, PyObject *registry) {
    PyObject *r = warn_explicit(category ? category : PyExc_RuntimeWarning, message, filename, lineno, module, registry, NULL, NULL);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int PyErr_WarnExplicit(PyObject *category, const char *text, const char *filename, int lineno, const char *module, PyObject *registry) {
    PyObject *t = PyUnicode_FromString(text), *f = PyUnicode_DecodeFSDefault(filename), *m = module ? PyUnicode_FromString(module) : NULL;
    int rc = t && f && (m || !module) ? PyErr_WarnExplicitObject(category, t, f, lineno, m, registry) : -1;
    Py_XDECREF(t);
    Py_XDECREF(f);
    Py_XDECREF(m);
    return rc;
}
int PyErr_WarnExplicitFormat(PyObject *category, const char *filename, int lineno, const char *module, PyObject *registry, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *t = PyUnicode_FromFormatV(format, va), *f = PyUnicode_DecodeFSDefault(filename), *m = module ? PyUnicode_FromString(module) : NULL;
    va_end(va);
    int rc = t && f && (m || !module) ? PyErr_WarnExplicitObject(category, t, f, lineno, m, registry) : -1;
    Py_XDECREF(t);
    Py_XDECREF(f);
    Py_XDECREF(m);
    return rc;
}

void _PyErr_WarnUnawaitedCoroutine(PyObject *coro) {
    PyObject *name = PyUnicode_InternFromString("_warn_unawaited_coroutine");
    PyObject *fn = name ? from_warnings(name, true) : NULL;
    bool warned = false;
    Py_XDECREF(name);
    if (fn) {
        PyObject *r = PyObject_CallOneArg(fn, coro);
        if (r || PyErr_ExceptionMatches(PyExc_RuntimeWarning)) warned = true;
        Py_XDECREF(r);
        Py_DECREF(fn);
    }
    if (PyErr_Occurred()) PyErr_WriteUnraisable(coro);
    if (!warned && PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%S' was never awaited", ((PyCoroObject *)coro)->cr_qualname) < 0)
        PyErr_WriteUnraisable(coro);
}

/* ------------------------------------------------------------------ the module */

PyDoc_STRVAR(warn_doc, "warn($module, /, message, category=None, stacklevel=1, source=None)\n--\n\nIssues a warning, or ignores it, or raises.");
static PyObject *warnings_warn(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"message", "category", "stacklevel", "source", NULL};
    static _PyArg_Parser parser = {.format = "O|OnO:warn", .keywords = names};
    PyObject *message, *category = NULL, *source = NULL;
    Py_ssize_t level = 1;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &message, &category, &level, &source)) return NULL;
    return (category = pick_category(message, category)) ? do_warn(message, category, level, source) : NULL;
}

/* The source line from the module's loader, NULL without exception if there is none. */
static PyObject *source_line(PyObject *globals, int lineno) {
    PyObject *loader = PyDict_GetItemWithError(globals, KR_STR(__loader__)), *name = PyDict_GetItemWithError(globals, KR_STR(__name__));
    PyObject *get, *source, *lines, *line = NULL;
    if (!loader || !name) return NULL;
    if (_PyObject_LookupAttr(loader, PyUnicode_InternFromString("get_source"), &get) <= 0) return NULL;
    source = PyObject_CallOneArg(get, name);
    Py_DECREF(get);
    if (!source || source == Py_None) {
        Py_XDECREF(source);
        return NULL;
    }
    lines = PyUnicode_Splitlines(source, 0);
    Py_DECREF(source);
    if (lines && lineno > 0 && lineno <= PyList_GET_SIZE(lines)) line = Py_NewRef(PyList_GET_ITEM(lines, lineno - 1));
    Py_XDECREF(lines);
    return line;
}

PyDoc_STRVAR(warn_explicit_doc, "warn_explicit($module, /, message, category, filename, lineno,\n              module=None, registry=None, module_globals=None, source=None)\n--\n\n"
                                "Issues a warning for a given place.");
static PyObject *warnings_warn_explicit(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"message", "category", "filename", "lineno", "module", "registry", "module_globals", "source", NULL};
    PyObject *message, *category, *filename, *module = NULL, *registry = NULL, *globals = NULL, *source = NULL, *line = NULL;
    int lineno;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "OOUi|OOOO:warn_explicit", names, &message, &category, &filename, &lineno, &module,
                                     &registry, &globals, &source))
        return NULL;
    if (globals && globals != Py_None) {
        if (!PyDict_Check(globals)) {
            PyErr_Format(PyExc_TypeError, "module_globals must be a dict, not '%.200s'", Py_TYPE(globals)->tp_name);
            return NULL;
        }
        line = source_line(globals, lineno);
        if (!line && PyErr_Occurred()) return NULL;
    }
    PyObject *r = warn_explicit(category, message, filename, lineno, module, registry, line, source);
    Py_XDECREF(line);
    return r;
}
PyDoc_STRVAR(filters_mutated_doc, "_filters_mutated($module, /)\n--\n\nMakes registries forget what they saw: the filters changed.");
static PyObject *warnings_filters_mutated(PyObject *self, PyObject *ignored) {
    kr_interp()->runtime.warn_filters_version++;
    Py_RETURN_NONE;
}
static PyMethodDef warnings_methods[] = {
    {"warn", KR_METH(warnings_warn), METH_FASTCALL | METH_KEYWORDS, warn_doc},
    {"warn_explicit", KR_METH(warnings_warn_explicit), METH_VARARGS | METH_KEYWORDS, warn_explicit_doc},
    {"_filters_mutated", warnings_filters_mutated, METH_NOARGS, filters_mutated_doc},
    {NULL},
};
PyDoc_STRVAR(warnings_doc, "The filtering and issuing of warnings, for the module warnings.");
static int warnings_exec(PyObject *m) {
    KrInterpRuntime *r = &kr_interp()->runtime;
    return PyModule_AddObjectRef(m, "filters", r->warn_filters) < 0 || PyModule_AddObjectRef(m, "_onceregistry", r->warn_once) < 0 ||
                   PyModule_AddObjectRef(m, "_defaultaction", r->warn_default) < 0
               ? -1
               : 0;
}
static PyModuleDef_Slot warnings_slots[] = {{Py_mod_exec, warnings_exec}, {0, NULL}};
static struct PyModuleDef warnings_module = {PyModuleDef_HEAD_INIT, "_warnings", warnings_doc, 0, warnings_methods, warnings_slots};
PyObject *PyInit__warnings(void) { return PyModuleDef_Init(&warnings_module); }

int kr_warnings_init(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    r->warn_filters = Py_BuildValue("[(sOOsi)(sOOOi)(sOOOi)(sOOOi)(sOOOi)]", "default", Py_None, PyExc_DeprecationWarning, "__main__", 0,
                                    "ignore", Py_None, PyExc_DeprecationWarning, Py_None, 0, "ignore", Py_None,
                                    PyExc_PendingDeprecationWarning, Py_None, 0, "ignore", Py_None, PyExc_ImportWarning, Py_None, 0,
                                    "ignore", Py_None, PyExc_ResourceWarning, Py_None, 0);
    r->warn_once = PyDict_New();
    r->warn_default = PyUnicode_InternFromString("default");
    return r->warn_filters && r->warn_once && r->warn_default ? 0 : -1;
}
