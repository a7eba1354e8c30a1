/* import.c - the C side of import: the PyImport_* API, the table of native modules, and start-up of importlib.
 *
 * The import system itself is the standard library's importlib/_bootstrap.py and _bootstrap_external.py, whose code comes from the image
 * of start-up modules or is compiled (bootstrap.c), and run as the modules _frozen_importlib and _frozen_importlib_external.
 * A look-up that finds a fully initialised module in sys.modules never enters Python.
 * Extension modules of others are loaded by kr_import_dynamic (dlopen, PyInit_<name>).
 */
#include "krait.h"
#include "object/type.h"
#include "runtime/bootstrap.h"
#include "runtime/config.h"
#include "runtime/image.h"
#include "runtime/import.h"
#include "runtime/import_fast.h"
#include "runtime/lifecycle.h"
#include "vm/frame.h"
#include <dlfcn.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ the table of native modules */

#define KR_MODULE(name, init) PyObject *init(void);
#include "module/modules.def"
#undef KR_MODULE

static struct _inittab native_modules[] = {
#define KR_MODULE(name, init) {#name, init},
#include "module/modules.def"
#undef KR_MODULE
    {"builtins", NULL}, {"sys", NULL}, {NULL, NULL}};

struct _inittab *PyImport_Inittab = native_modules;
const struct _frozen *PyImport_FrozenModules = NULL;

int PyImport_ExtendInittab(struct _inittab *added) {
    if (kr_runtime.initialized) Py_FatalError("PyImport_ExtendInittab() may not be called after Py_Initialize()");
    size_t have = 0, more = 0;
    while (PyImport_Inittab[have].name) have++;
    while (added[more].name) more++;
    if (!more) return 0;
    struct _inittab *t = malloc((have + more + 1) * sizeof *t);
    if (!t) return -1;
    memcpy(t, PyImport_Inittab, have * sizeof *t);
    memcpy(t + have, added, (more + 1) * sizeof *t);
    if (PyImport_Inittab != native_modules) free(PyImport_Inittab);
    PyImport_Inittab = t;
    return 0;
}
int PyImport_AppendInittab(const char *name, PyObject *(*init)(void)) {
    struct _inittab one[2] = {{name, init}, {NULL, NULL}};
    return PyImport_ExtendInittab(one);
}

struct _inittab *kr_import_native(PyObject *name) {
    for (struct _inittab *e = PyImport_Inittab; e->name; e++)
        if (_PyUnicode_EqualToASCIIString(name, e->name)) return e;
    return NULL;
}

/* ------------------------------------------------------------------ sys.modules */

PyObject *PyImport_GetModuleDict(void) {
    KrInterp *interp = kr_interp();
    if (!interp->modules) Py_FatalError("interpreter has no modules dictionary");
    return interp->modules;
}

PyObject *PyImport_GetModule(PyObject *name) {
    PyObject *modules = kr_interp()->modules;
    if (!modules) {
        PyErr_SetString(PyExc_RuntimeError, "unable to get sys.modules");
        return NULL;
    }
    if (PyDict_CheckExact(modules)) return Py_XNewRef(PyDict_GetItemWithError(modules, name));
    PyObject *m = PyObject_GetItem(modules, name);
    if (!m && PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Clear();
    return m;
}
PyObject *_PyImport_GetModuleId(_Py_Identifier *id) {
    PyObject *name = _PyUnicode_FromId(id);
    return name ? PyImport_GetModule(name) : NULL;
}
int _PyImport_SetModule(PyObject *name, PyObject *m) { return PyObject_SetItem(kr_interp()->modules, name, m); }
int _PyImport_SetModuleString(const char *name, PyObject *m) { return PyMapping_SetItemString(kr_interp()->modules, name, m); }

PyObject *PyImport_AddModuleObject(PyObject *name) {
    PyObject *modules = PyImport_GetModuleDict();
    PyObject *m = PyImport_GetModule(name);
    if (m) {
        Py_DECREF(m); /* sys.modules keeps it */
        if (PyModule_Check(m)) return m;
    }
    if (PyErr_Occurred()) return NULL;
    if (!(m = PyModule_NewObject(name))) return NULL;
    int bad = PyObject_SetItem(modules, name, m) < 0;
    Py_DECREF(m);
    return bad ? NULL : m;
}
PyObject *PyImport_AddModule(const char *name) {
    PyObject *s = PyUnicode_FromString(name);
    PyObject *m = s ? PyImport_AddModuleObject(s) : NULL;
    Py_XDECREF(s);
    return m;
}

/* ------------------------------------------------------------------ native modules and extensions */

/* A single-phase module that has been initialised: its definition is the extension's own, so all interpreters share it. */
typedef struct KrExtension {
    struct KrExtension *next;
    PyModuleDef *def;
    size_t size;                /* of the key: file and name, each with its NUL, in UTF-8 (surrogates too) */
    char key[];
} KrExtension;

/* The key of (filename, name), bytes. */
static PyObject *extension_key(PyObject *name, PyObject *filename) {
    PyObject *f = _PyUnicode_AsUTF8String(filename, "surrogatepass"), *n = f ? _PyUnicode_AsUTF8String(name, "surrogatepass") : NULL;
    PyObject *key = n ? PyBytes_FromFormat("%s%c%s%c", PyBytes_AS_STRING(f), 0, PyBytes_AS_STRING(n), 0) : NULL;
    Py_XDECREF(f);
    Py_XDECREF(n);
    return key;
}
static KrExtension *find_extension(PyObject *key) {
    KrExtension *e = kr_runtime.process.extensions;
    while (e && !(e->size == (size_t)PyBytes_GET_SIZE(key) && !memcmp(e->key, PyBytes_AS_STRING(key), e->size))) e = e->next;
    return e;
}
static int record_extension(PyObject *name, PyObject *filename, PyModuleDef *def) {
    PyObject *key = extension_key(name, filename);
    if (!key) return -1;
    KrExtension *e = find_extension(key);
    size_t size = (size_t)PyBytes_GET_SIZE(key);
    if (!e && (e = PyMem_RawMalloc(sizeof *e + size))) {
        e->size = size;
        memcpy(e->key, PyBytes_AS_STRING(key), size);
        e->next = kr_runtime.process.extensions;
        kr_runtime.process.extensions = e;
    }
    Py_DECREF(key);
    if (e) e->def = def;
    else PyErr_NoMemory();
    return e ? 0 : -1;
}

int _PyImport_FixupExtensionObject(PyObject *module, PyObject *name, PyObject *filename, PyObject *modules) {
    PyModuleDef *def = PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
    if (!def) {
        PyErr_BadInternalCall();
        return -1;
    }
    if (PyObject_SetItem(modules, name, module) < 0) return -1;
    if (PyState_AddModule(module, def) < 0) goto fail;
    if (def->m_size == -1) {
        /* can't be initialised twice: remember its first dict */
        Py_XSETREF(def->m_base.m_copy, PyDict_Copy(PyModule_GetDict(module)));
        if (!def->m_base.m_copy) goto fail;
    } else if (kr_interp() != kr_runtime.main_interp) {
        return 0;               /* the main interpreter may yet import it for the first time */
    }
    if (record_extension(name, filename, def) == 0) return 0;
fail:
    if (PyObject_DelItem(modules, name) < 0) PyErr_Clear();
    return -1;
}

/* The interpreter's end: the modules that it initialised, and that can't be a second time without the dict they left, forget that dict, which
 * is full of its objects. */
void kr_import_forget_modules(KrInterp *interp) {
    PyObject *list = interp->runtime.modules_by_index;
    for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++) {
        PyObject *m = PyList_GET_ITEM(list, i);
        PyModuleDef *def = PyModule_Check(m) ? PyModule_GetDef(m) : NULL;
        if (def) Py_CLEAR(def->m_base.m_copy);
    }
    if (list && PyList_SetSlice(list, 0, PY_SSIZE_T_MAX, NULL) < 0) PyErr_Clear();
}
int _PyImport_FixupBuiltin(PyObject *module, const char *name, PyObject *modules) {
    PyObject *s = PyUnicode_InternFromString(name);
    int rc = s ? _PyImport_FixupExtensionObject(module, s, s, modules) : -1;
    Py_XDECREF(s);
    return rc;
}

/* A single-phase module that was loaded before under this name and file, in any interpreter; NULL without exception if none. */
static PyObject *find_loaded_extension(PyObject *name, PyObject *filename) {
    if (!kr_runtime.process.extensions) return NULL;
    PyObject *key = extension_key(name, filename), *m;
    if (!key) return NULL;
    KrExtension *e = find_extension(key);
    Py_DECREF(key);
    if (!e) return NULL;
    PyModuleDef *def = e->def;
    if (def->m_size == -1) {
        if (!def->m_base.m_copy) return NULL;
        if (!(m = PyImport_AddModuleObject(name))) return NULL;
        Py_INCREF(m);
        if (PyDict_Update(PyModule_GetDict(m), def->m_base.m_copy) < 0) {
            Py_DECREF(m);
            return NULL;
        }
    } else {
        if (!def->m_base.m_init || !(m = def->m_base.m_init())) return NULL;
        if (PyObject_SetItem(kr_interp()->modules, name, m) < 0) {
            Py_DECREF(m);
            return NULL;
        }
    }
    if (PyState_AddModule(m, def) < 0) {
        if (PyObject_DelItem(kr_interp()->modules, name) < 0) PyErr_Clear();
        Py_CLEAR(m);
    }
    return m;
}

/* Finishes what an init function returned: a multi-phase definition becomes a module of spec, a module is registered. */
static PyObject *finish_init(PyObject *got, PyObject *(*init)(void), PyObject *name, PyObject *filename, PyObject *spec) {
    if (!got) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_SystemError, "initialization of %U failed without raising an exception", name);
        return NULL;
    }
    if (PyErr_Occurred()) {
        _PyErr_FormatFromCause(PyExc_SystemError, "initialization of %U raised unreported exception", name);
        return NULL;
    }
    if (Py_TYPE(got) == NULL) {
        PyErr_Format(PyExc_SystemError, "init function of %U returned uninitialized object", name);
        return NULL;
    }
    if (PyObject_TypeCheck(got, &PyModuleDef_Type)) return PyModule_FromDefAndSpec((PyModuleDef *)got, spec);
    PyModuleDef *def = PyModule_Check(got) ? PyModule_GetDef(got) : NULL;
    if (!def) {
        PyErr_Format(PyExc_SystemError, "initialization of %U did not return an extension module", name);
        Py_DECREF(got);
        return NULL;
    }
    def->m_base.m_init = init;
    if (filename != name && PyModule_AddObjectRef(got, "__file__", filename) < 0) PyErr_Clear();
    if (_PyImport_FixupExtensionObject(got, name, filename, kr_interp()->modules) < 0) Py_CLEAR(got);
    return got;
}

PyObject *kr_import_create_builtin(PyObject *spec) {
    PyObject *name = PyObject_GetAttr(spec, KR_STR(name));
    if (!name) return NULL;
    PyObject *m = find_loaded_extension(name, name);
    if (m || PyErr_Occurred()) goto done;
    KrInterp *interp = kr_interp();
    struct _inittab *e = kr_import_native(name);
    if (!e) m = Py_NewRef(Py_None);
    else if (!strcmp(e->name, "sys")) m = Py_NewRef(interp->sys_module);
    else if (!strcmp(e->name, "builtins")) m = Py_NewRef(interp->builtins_module);
    else m = finish_init(e->initfunc(), e->initfunc, name, name, spec);
done:
    Py_DECREF(name);
    return m;
}

/* The init function's name for module `name` (its last part); punycode for non-ASCII names as PEP 489. */
static int init_symbol(PyObject *name, char *out, size_t size) {
    Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, PyUnicode_GET_LENGTH(name), -1);
    PyObject *last = PyUnicode_Substring(name, dot + 1, PY_SSIZE_T_MAX);
    if (!last) return -1;
    bool ascii = PyUnicode_IS_ASCII(last);
    PyObject *enc = PyUnicode_AsEncodedString(last, ascii ? "ascii" : "punycode", NULL);
    Py_DECREF(last);
    if (!enc) return -1;
    int n = snprintf(out, size, "%s_%s", ascii ? "PyInit" : "PyInitU", PyBytes_AS_STRING(enc));
    Py_DECREF(enc);
    for (char *p = out; *p; p++)
        if (*p == '-') *p = '_';
    if (n < 0 || (size_t)n >= size) {
        PyErr_SetString(PyExc_ImportError, "module name too long");
        return -1;
    }
    return 0;
}

PyObject *kr_import_dynamic(PyObject *spec) {
    PyObject *name = PyObject_GetAttr(spec, KR_STR(name));
    PyObject *path = name ? PyObject_GetAttrString(spec, "origin") : NULL, *m = NULL, *bytes = NULL;
    char symbol[300];
    if (!path) goto done;
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "spec.name must be a string");
        goto done;
    }
    m = find_loaded_extension(name, path);
    if (m || PyErr_Occurred()) goto done;
    if (PySys_Audit("import", "OOOOO", name, path, Py_None, Py_None, Py_None) < 0) goto done;
    if (!(bytes = PyUnicode_EncodeFSDefault(path)) || init_symbol(name, symbol, sizeof symbol) < 0) goto done;
    void *handle = dlopen(PyBytes_AS_STRING(bytes), kr_interp()->runtime.dlopenflags);
    if (!handle) {
        const char *why = dlerror();
        PyObject *text = PyUnicode_DecodeLocale(why ? why : "unknown dlopen() error", "surrogateescape");
        if (text) PyErr_SetImportError(text, name, path);
        Py_XDECREF(text);
        goto done;
    }
    kr_interp()->runtime.extensions_loaded = true;
    if (strncmp(PyBytes_AS_STRING(bytes), KR_STDLIB "/lib-dynload/", strlen(KR_STDLIB "/lib-dynload/"))) {
        kr_interp()->runtime.foreign_extensions = true;
        if (kr_types_fill_dicts() < 0) goto done;
    }
    PyObject *(*init)(void) = (PyObject * (*)(void)) dlsym(handle, symbol);
    if (!init) {
        PyObject *text = PyUnicode_FromFormat("dynamic module does not define module export function (%s)", symbol);
        if (text) PyErr_SetImportError(text, name, path);
        Py_XDECREF(text);
        goto done;
    }
    KrThread *t = kr_thread();
    const char *saved = t->runtime.package_context;
    t->runtime.package_context = PyUnicode_AsUTF8(name);
    PyObject *got = init();
    t->runtime.package_context = saved;
    m = finish_init(got, init, name, path, spec);
done:
    Py_XDECREF(name);
    Py_XDECREF(path);
    Py_XDECREF(bytes);
    return m;
}

/* ------------------------------------------------------------------ the import statement */

/* The absolute name of a relative import from a module with these globals. */
static PyObject *resolve_name(PyObject *name, PyObject *globals, int level) {
    if (!globals) {
        PyErr_SetString(PyExc_KeyError, "'__name__' not in globals");
        return NULL;
    }
    if (!PyDict_Check(globals)) {
        PyErr_SetString(PyExc_TypeError, "globals must be a dict");
        return NULL;
    }
    PyObject *package = PyDict_GetItemWithError(globals, KR_STR(__package__)), *parent = NULL;
    if (!package && PyErr_Occurred()) return NULL;
    PyObject *spec = PyDict_GetItemWithError(globals, KR_STR(__spec__));
    if (!spec && PyErr_Occurred()) return NULL;
    Py_XINCREF(spec);
    if (package && package != Py_None) {
        Py_INCREF(package);
        if (!PyUnicode_Check(package)) {
            PyErr_SetString(PyExc_TypeError, "package must be a string");
            goto fail;
        }
        if (spec && spec != Py_None) {
            if (!(parent = PyObject_GetAttrString(spec, "parent"))) goto fail;
            int eq = PyObject_RichCompareBool(package, parent, Py_EQ);
            if (eq < 0 || (eq == 0 && PyErr_WarnEx(PyExc_ImportWarning, "__package__ != __spec__.parent", 1) < 0)) goto fail;
        }
    } else if (spec && spec != Py_None) {
        if (!(package = PyObject_GetAttrString(spec, "parent"))) goto fail;
        if (!PyUnicode_Check(package)) {
            PyErr_SetString(PyExc_TypeError, "__spec__.parent must be a string");
            goto fail;
        }
    } else {
        package = NULL;
        if (PyErr_WarnEx(PyExc_ImportWarning,
                         "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__", 1) < 0)
            goto fail;
        PyObject *n = PyDict_GetItemWithError(globals, KR_STR(__name__));
        if (!n) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_KeyError, "'__name__' not in globals");
            goto fail;
        }
        if (!PyUnicode_Check(n)) {
            PyErr_SetString(PyExc_TypeError, "__name__ must be a string");
            goto fail;
        }
        int has_path = PyDict_Contains(globals, KR_STR(__path__));
        if (has_path < 0) goto fail;
        Py_ssize_t dot = has_path ? PyUnicode_GET_LENGTH(n) : PyUnicode_FindChar(n, '.', 0, PyUnicode_GET_LENGTH(n), -1);
        if (!(package = dot < 0 ? PyUnicode_FromString("") : PyUnicode_Substring(n, 0, dot))) goto fail;
    }
    Py_ssize_t end = PyUnicode_GET_LENGTH(package);
    if (end == 0) {
        PyErr_SetString(PyExc_ImportError, "attempted relative import with no known parent package");
        goto fail;
    }
    for (int up = 1; up < level; up++) {
        end = PyUnicode_FindChar(package, '.', 0, end, -1);
        if (end < 0) {
            if (end == -1) PyErr_SetString(PyExc_ImportError, "attempted relative import beyond top-level package");
            goto fail;
        }
    }
    PyObject *base = PyUnicode_Substring(package, 0, end), *result = NULL;
    if (base) result = PyUnicode_GET_LENGTH(name) ? PyUnicode_FromFormat("%U.%U", base, name) : Py_NewRef(base);
    Py_XDECREF(base);
    Py_DECREF(package);
    Py_XDECREF(parent);
    Py_XDECREF(spec);
    return result;
fail:
    Py_XDECREF(package);
    Py_XDECREF(parent);
    Py_XDECREF(spec);
    return NULL;
}

/* Whether the module's spec says it is being initialised (by this or another thread). -1 on error. */
static int is_initializing(PyObject *module) {
    PyObject *spec, *v = NULL;
    if (_PyObject_LookupAttr(module, KR_STR(__spec__), &spec) < 0) return -1;
    if (!spec) return 0;
    int rc = 0;
    if (spec != Py_None && _PyObject_LookupAttr(spec, KR_STR(_initializing), &v) < 0) rc = -1;
    if (v) rc = PyObject_IsTrue(v);
    Py_XDECREF(v);
    Py_DECREF(spec);
    return rc;
}

/* -X importtime: an import that is timed, within others. */
static PyObject *find_and_load_timed(KrInterp *interp, PyObject *name) {
    KrInterpRuntime *r = &interp->runtime;
    _PyTime_t outer = r->import_nested_time, start = _PyTime_GetPerfCounter();
    if (!r->import_time_header) fputs("import time: self [us] | cumulative | imported package\n", stderr);
    r->import_time_header = true;
    r->import_nested_time = 0;
    r->import_depth++;
    PyObject *m = PyObject_CallMethodObjArgs(interp->importlib, KR_STR(_find_and_load), name, interp->import_func, NULL);
    _PyTime_t whole = _PyTime_GetPerfCounter() - start;
    r->import_depth--;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    const char *utf8 = PyUnicode_AsUTF8(name);
    fprintf(stderr, "import time: %9ld | %10ld | %*s%s\n", (long)_PyTime_AsMicroseconds(whole - r->import_nested_time, _PyTime_ROUND_CEILING),
            (long)_PyTime_AsMicroseconds(whole, _PyTime_ROUND_CEILING), r->import_depth * 2, "", utf8 ? utf8 : "?");
    PyErr_Restore(type, value, tb);
    r->import_nested_time = outer + whole;
    return m;
}
static PyObject *find_and_load(PyObject *name) {
    KrInterp *interp = kr_interp();
    if (!interp->importlib) {
        PyErr_Format(PyExc_ImportError, "import machinery is not available to import %R", name);
        return NULL;
    }
    PyObject *path = PySys_GetObject("path"), *meta = PySys_GetObject("meta_path"), *hooks = PySys_GetObject("path_hooks");
    if (PySys_Audit("import", "OOOOO", name, Py_None, path ? path : Py_None, meta ? meta : Py_None, hooks ? hooks : Py_None) < 0)
        return NULL;
    if (interp->config.import_time) return find_and_load_timed(interp, name);
    return PyObject_CallMethodObjArgs(interp->importlib, KR_STR(_find_and_load), name, interp->import_func, NULL);
}

/* Drops importlib's frames from the traceback of an exception on its way out of an import: all of them for ImportError,
 * else those at the chunk that runs the module's own code. */
static void remove_importlib_frames(void) {
    PyObject *type, *value, *base_tb;
    PyErr_Fetch(&type, &value, &base_tb);
    if (!type || kr_interp()->config.verbose) {
        PyErr_Restore(type, value, base_tb);
        return;
    }
    bool always = PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)PyExc_ImportError);
    PyObject **prev_link = &base_tb, **outer_link = NULL, *tb = base_tb;
    bool in_importlib = false;
    while (tb) {
        PyTracebackObject *t = (PyTracebackObject *)tb;
        PyCodeObject *code = PyFrame_GetCode(t->tb_frame);
        bool now = _PyUnicode_EqualToASCIIString(code->co_filename, "<frozen importlib._bootstrap>") ||
                   _PyUnicode_EqualToASCIIString(code->co_filename, "<frozen importlib._bootstrap_external>");
        if (now && !in_importlib) outer_link = prev_link;
        in_importlib = now;
        PyObject *next = (PyObject *)t->tb_next;
        if (now && (always || _PyUnicode_EqualToASCIIString(code->co_name, "_call_with_frames_removed"))) {
            Py_XINCREF(next);
            Py_XSETREF(*outer_link, next);
            prev_link = outer_link;
        } else {
            prev_link = (PyObject **)&t->tb_next;
        }
        Py_DECREF(code);
        tb = next;
    }
    if (value && base_tb && PyExceptionInstance_Check(value)) PyException_SetTraceback(value, base_tb);
    PyErr_Restore(type, value, base_tb);
}

PyObject *PyImport_ImportModuleLevelObject(PyObject *name, PyObject *globals, PyObject *locals, PyObject *fromlist, int level) {
    PyObject *abs_name = NULL, *module = NULL, *result = NULL;
    if (!name) {
        PyErr_SetString(PyExc_ValueError, "Empty module name");
        return NULL;
    }
    if (!PyUnicode_Check(name) || PyUnicode_READY(name) < 0) {
        PyErr_SetString(PyExc_TypeError, "module name must be a string");
        return NULL;
    }
    if (level < 0) {
        PyErr_SetString(PyExc_ValueError, "level must be >= 0");
        return NULL;
    }
    if (level > 0) {
        if (!(abs_name = resolve_name(name, globals, level))) goto done;
    } else {
        if (PyUnicode_GET_LENGTH(name) == 0) {
            PyErr_SetString(PyExc_ValueError, "Empty module name");
            goto done;
        }
        abs_name = Py_NewRef(name);
    }
    module = PyImport_GetModule(abs_name);
    if (!module && PyErr_Occurred()) goto done;
    if (module && module != Py_None) {
        int busy = is_initializing(module);
        if (busy < 0) goto done;
        if (busy) {
            PyObject *r = PyObject_CallMethodOneArg(kr_interp()->importlib, KR_STR(_lock_unlock_module), abs_name);
            if (!r) goto done;
            Py_DECREF(r);
        }
    } else {
        Py_XSETREF(module, find_and_load(abs_name));
        if (!module) goto done;
    }
    int has_from = fromlist && fromlist != Py_None ? PyObject_IsTrue(fromlist) : 0;
    if (has_from < 0) goto done;
    if (has_from) {
        PyObject *path;
        if (_PyObject_LookupAttr(module, KR_STR(__path__), &path) < 0) goto done;
        if (path) {
            Py_DECREF(path);
            result = PyObject_CallMethodObjArgs(kr_interp()->importlib, KR_STR(_handle_fromlist), module, fromlist,
                                                kr_interp()->import_func, NULL);
        } else {
            result = Py_NewRef(module);
        }
        goto done;
    }
    Py_ssize_t len = PyUnicode_GET_LENGTH(name);
    Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, len, 1);
    if (dot == -2) goto done;
    if (level > 0 && len == 0) {
        result = Py_NewRef(module);
    } else if (dot == -1) {
        result = Py_NewRef(module);
    } else if (level == 0) {
        PyObject *front = PyUnicode_Substring(name, 0, dot);
        if (front) result = PyImport_ImportModuleLevelObject(front, NULL, NULL, NULL, 0);
        Py_XDECREF(front);
    } else {
        PyObject *to = PyUnicode_Substring(abs_name, 0, PyUnicode_GET_LENGTH(abs_name) - (len - dot));
        if (to && !(result = PyImport_GetModule(to)) && !PyErr_Occurred())
            PyErr_Format(PyExc_KeyError, "%R not in sys.modules as expected", to);
        Py_XDECREF(to);
    }
done:
    Py_XDECREF(abs_name);
    Py_XDECREF(module);
    if (!result) remove_importlib_frames();
    return result;
}

PyObject *PyImport_ImportModuleLevel(const char *name, PyObject *globals, PyObject *locals, PyObject *fromlist, int level) {
    PyObject *s = PyUnicode_FromString(name);
    PyObject *m = s ? PyImport_ImportModuleLevelObject(s, globals, locals, fromlist, level) : NULL;
    Py_XDECREF(s);
    return m;
}

PyObject *PyImport_Import(PyObject *name) {
    PyObject *globals = PyEval_GetGlobals(), *import = NULL, *result = NULL, *builtins = NULL;
    if (globals) {
        Py_INCREF(globals);
        builtins = PyObject_GetItem(globals, KR_STR(__builtins__));
        if (!builtins) PyErr_Clear();
    }
    if (!builtins) {
        if (PyErr_Occurred()) PyErr_Clear();
        Py_XSETREF(builtins, Py_NewRef(kr_interp()->builtins));
        Py_XSETREF(globals, Py_BuildValue("{OO}", KR_STR(__builtins__), builtins));
        if (!globals) goto done;
    }
    import = PyDict_Check(builtins) ? Py_XNewRef(PyDict_GetItemWithError(builtins, KR_STR(__import__)))
                                    : PyObject_GetAttr(builtins, KR_STR(__import__));
    if (!import) {
        if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, KR_STR(__import__));
        goto done;
    }
    PyObject *fromlist = PyList_New(0);
    PyObject *r = fromlist ? PyObject_CallFunction(import, "OOOOi", name, globals, globals, fromlist, 0) : NULL;
    Py_XDECREF(fromlist);
    if (!r) goto done;
    Py_DECREF(r);
    if (!(result = PyImport_GetModule(name)) && !PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, name);
done:
    Py_XDECREF(globals);
    Py_XDECREF(builtins);
    Py_XDECREF(import);
    return result;
}
PyObject *PyImport_ImportModule(const char *name) {
    PyObject *s = PyUnicode_FromString(name);
    PyObject *m = s ? PyImport_Import(s) : NULL;
    Py_XDECREF(s);
    return m;
}
PyObject *PyImport_ImportModuleNoBlock(const char *name) { return PyImport_ImportModule(name); }

PyObject *PyImport_ReloadModule(PyObject *m) {
    PyObject *importlib = PyImport_ImportModule("importlib");
    PyObject *r = importlib ? PyObject_CallMethod(importlib, "reload", "O", m) : NULL;
    Py_XDECREF(importlib);
    return r;
}

PyObject *_PyImport_GetModuleAttr(PyObject *module, PyObject *attr) {
    PyObject *m = PyImport_Import(module);
    PyObject *v = m ? PyObject_GetAttr(m, attr) : NULL;
    Py_XDECREF(m);
    return v;
}
PyObject *_PyImport_GetModuleAttrString(const char *module, const char *attr) {
    PyObject *m = PyImport_ImportModule(module);
    PyObject *v = m ? PyObject_GetAttrString(m, attr) : NULL;
    Py_XDECREF(m);
    return v;
}

/* ------------------------------------------------------------------ running code as a module */

PyObject *PyImport_ExecCodeModuleObject(PyObject *name, PyObject *code, PyObject *path, PyObject *cpath) {
    PyObject *m = PyImport_AddModuleObject(name);
    if (!m) return NULL;
    PyObject *d = PyModule_GetDict(m);
    if (!PyDict_GetItemWithError(d, KR_STR(__builtins__)) && PyDict_SetItem(d, KR_STR(__builtins__), PyEval_GetBuiltins()) < 0) return NULL;
    if (!path) path = ((PyCodeObject *)code)->co_filename;
    PyObject *external = PyObject_GetAttrString(kr_interp()->importlib, "_bootstrap_external");
    PyObject *r = external ? PyObject_CallMethodObjArgs(external, KR_STR(_fix_up_module), d, name, path, cpath ? cpath : path, NULL) : NULL;
    Py_XDECREF(external);
    if (!r) goto fail;
    Py_DECREF(r);
    if (!(r = PyEval_EvalCode(code, d, d))) goto fail;
    Py_DECREF(r);
    if (!(m = PyImport_GetModule(name)) && !PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "Loaded module %R not found in sys.modules", name);
    return m;
fail:;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    if (PyObject_DelItem(kr_interp()->modules, name) < 0) PyErr_Clear();
    PyErr_Restore(t, v, tb);
    return NULL;
}
PyObject *PyImport_ExecCodeModuleWithPathnames(const char *name, PyObject *code, const char *path, const char *cpath) {
    PyObject *n = PyUnicode_FromString(name), *p = path ? PyUnicode_DecodeFSDefault(path) : NULL;
    PyObject *c = cpath ? PyUnicode_DecodeFSDefault(cpath) : NULL, *m = NULL;
    if (n && (p || !path) && (c || !cpath)) m = PyImport_ExecCodeModuleObject(n, code, p, c);
    Py_XDECREF(n);
    Py_XDECREF(p);
    Py_XDECREF(c);
    return m;
}
PyObject *PyImport_ExecCodeModuleEx(const char *name, PyObject *code, const char *path) {
    return PyImport_ExecCodeModuleWithPathnames(name, code, path, NULL);
}
PyObject *PyImport_ExecCodeModule(const char *name, PyObject *code) { return PyImport_ExecCodeModuleEx(name, code, NULL); }

/* 1: imported, 0: there is none of this name, -1. */
int PyImport_ImportFrozenModuleObject(PyObject *name) {
    const KrImageEntry *e = kr_image_frozen(name);
    if (!e) return 0;
    PyObject *code = kr_image_code(e), *m = code ? PyImport_AddModuleObject(name) : NULL, *d = m ? PyModule_GetDict(m) : NULL, *r = NULL;
    PyObject *path = d && (e->flags & KR_IMAGE_PACKAGE) ? PyList_New(0) : NULL;
    if (d && (!(e->flags & KR_IMAGE_PACKAGE) || (path && PyDict_SetItem(d, KR_STR(__path__), path) == 0)) &&
        PyDict_SetItem(d, KR_STR(__builtins__), kr_interp()->builtins) == 0 && kr_image_set_origname(e, d) == 0)
        r = PyEval_EvalCode(code, d, d);
    Py_XDECREF(path);
    Py_XDECREF(code);
    Py_XDECREF(r);
    return r ? 1 : -1;
}
int PyImport_ImportFrozenModule(const char *name) {
    PyObject *s = PyUnicode_InternFromString(name);
    int r = s ? PyImport_ImportFrozenModuleObject(s) : -1;
    Py_XDECREF(s);
    return r;
}

PyObject *PyImport_GetImporter(PyObject *path) {
    PyObject *cache = PySys_GetObject("path_importer_cache"), *hooks = PySys_GetObject("path_hooks");
    if (!cache || !hooks || !PyList_Check(hooks)) Py_RETURN_NONE;
    PyObject *importer = PyDict_GetItemWithError(cache, path);
    if (importer || PyErr_Occurred()) return Py_XNewRef(importer);
    if (PyDict_SetItem(cache, path, Py_None) < 0) return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks); i++) {
        PyObject *found = PyObject_CallOneArg(PyList_GET_ITEM(hooks, i), path);
        if (found) {
            if (PyDict_SetItem(cache, path, found) < 0) Py_CLEAR(found);
            return found;
        }
        if (!PyErr_ExceptionMatches(PyExc_ImportError)) return NULL;
        PyErr_Clear();
    }
    Py_RETURN_NONE;
}

/* KR_CODE_DIGEST (CMakeLists.txt) changes with the compiler and the format of code; then come the two bytes that text mode would
 * change. CPython 3.11's own number is avoided: its files can't be run. */
long PyImport_GetMagicNumber(void) { return 0x0a0d0000L | (KR_CODE_DIGEST == 3495 ? 3496 : KR_CODE_DIGEST); }
const char *PyImport_GetMagicTag(void) { return KR_CACHE_TAG; }
int _PyImport_IsInitialized(PyInterpreterState *interp) { return interp->modules != NULL; }

/* ------------------------------------------------------------------ start-up of importlib */

/* sys.meta_path, path_hooks and path_importer_cache: importlib fills them. */
static int make_path_lists(KrInterp *interp) {
    static const char *const names[] = {"meta_path", "path_hooks", "path_importer_cache"};
    for (int i = 0; i < 3; i++) {
        PyObject *o = i < 2 ? PyList_New(0) : PyDict_New();
        int r = o ? PyDict_SetItemString(interp->sysdict, names[i], o) : -1;
        Py_XDECREF(o);
        if (r < 0) return -1;
    }
    return 0;
}
/* importlib's file says CPython's number. */
static int set_magic_number(PyObject *external) {
    long number = PyImport_GetMagicNumber();
    char bytes[4] = {(char)number, (char)(number >> 8), (char)(number >> 16), (char)(number >> 24)};
    PyObject *b = PyBytes_FromStringAndSize(bytes, 4), *i = PyLong_FromLong(number);
    int r = b && i && PyObject_SetAttrString(external, "MAGIC_NUMBER", b) == 0 ? PyObject_SetAttrString(external, "_RAW_MAGIC_NUMBER", i) : -1;
    Py_XDECREF(b);
    Py_XDECREF(i);
    return r;
}
/* The first of sys.path_hooks: imports zipimport, which takes over, when a path is or leads through a file; most programs have none. */
static PyObject *zip_hook(PyObject *self, PyObject *path) {
    PyObject *text = NULL;
    if (!PyUnicode_FSDecoder(path, &text)) return NULL;
    const char *whole = PyUnicode_AsUTF8(text);
    char *name = whole ? strdup(whole) : NULL;
    bool is_file = false;
    struct stat st;
    for (char *slash; name && *name; *slash = 0) {
        if (stat(name, &st) == 0) {
            is_file = S_ISREG(st.st_mode);
            break;
        }
        if (!(slash = strrchr(name, '/'))) break;
    }
    free(name);
    Py_DECREF(text);
    if (!whole) PyErr_Clear();
    if (!is_file) {
        PyErr_Format(PyExc_ImportError, "not a Zip file: %R", path);
        return NULL;
    }
    /* Out of the list first: importing zipimport looks through the same path. */
    PyObject *hooks = Py_XNewRef(PySys_GetObject("path_hooks")), *own = NULL;
    Py_ssize_t at = 0;
    for (; hooks && PyList_Check(hooks) && at < PyList_GET_SIZE(hooks) && !own; at++) {
        PyObject *hook = PyList_GET_ITEM(hooks, at);
        if (PyCFunction_Check(hook) && PyCFunction_GET_FUNCTION(hook) == zip_hook) own = Py_NewRef(hook);
    }
    if (own && PyList_SetSlice(hooks, at - 1, at, NULL) < 0) PyErr_Clear();
    PyObject *module = PyImport_ImportModule("zipimport"), *importer = NULL;
    PyObject *type = module ? PyObject_GetAttrString(module, "zipimporter") : NULL;
    if (own) {
        PyObject *t, *v, *tb;
        PyErr_Fetch(&t, &v, &tb);
        if (PyList_Insert(hooks, at - 1, type ? type : own) < 0) PyErr_Clear();
        PyErr_Restore(t, v, tb);
    }
    if (type) importer = PyObject_CallOneArg(type, path);
    Py_XDECREF(module);
    Py_XDECREF(type);
    Py_XDECREF(own);
    Py_XDECREF(hooks);
    return importer;
}
static int add_zip_hook(void) {
    static PyMethodDef method = {"zipimporter", zip_hook, METH_O, PyDoc_STR("zipimport.zipimporter, which is imported when it is needed.")};
    PyObject *hooks = PySys_GetObject("path_hooks"), *f = hooks ? PyCFunction_New(&method, NULL) : NULL;
    int r = f ? PyList_Insert(hooks, 0, f) : -1;
    Py_XDECREF(f);
    return r;
}
int kr_import_init(KrInterp *interp) {
    if (make_path_lists(interp) < 0) return -1;
    PyObject *bootstrap = kr_bootstrap_module("importlib._bootstrap", "_frozen_importlib");
    if (!bootstrap) return -1;
    interp->importlib = bootstrap;
    PyObject *imp = PyInit__imp();
    if (!imp) return -1;
    PyObject *done = NULL;
    if (PyDict_SetItemString(interp->modules, "_imp", imp) == 0)
        done = PyObject_CallMethod(bootstrap, "_install", "OO", interp->sys_module, imp);
    Py_DECREF(imp);
    if (!done) return -1;
    Py_DECREF(done);
    PyObject *import_function = PyDict_GetItemWithError(interp->builtins, KR_STR(__import__));
    if (!import_function) return -1;
    Py_XSETREF(interp->import_func, Py_NewRef(import_function));
    PyObject *external = kr_image_frozen_named("_frozen_importlib_external") ? PyImport_ImportModule("_frozen_importlib_external")
                                                                             : kr_bootstrap_module("importlib._bootstrap_external", "_frozen_importlib_external");
    int r = external && set_magic_number(external) == 0 ? kr_import_fast_init(interp, external) : -1;
    Py_XDECREF(external);
    if (r < 0) return -1;
    if (!(done = PyObject_CallMethod(bootstrap, "_install_external_importers", NULL))) return -1;
    Py_DECREF(done);
    return add_zip_hook();
}
