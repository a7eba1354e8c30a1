/* _imp.c - the module `_imp`: the primitives importlib's bootstrap is built on.
 *
 * The import lock is one recursive lock an interpreter,
 * kept as a threading primitive in the module's state; it is also taken around fork.
 */
#include "krait.h"
#include "runtime/config.h"
#include "runtime/image.h"
#include "runtime/import.h"
#include "vm/code.h"
#include <marshal.h>

typedef struct {
    PyThread_type_lock lock;
    unsigned long owner;
    int level;
} ImportLock;

static ImportLock *import_lock(void) {
    KrInterpRuntime *r = &kr_interp()->runtime;
    if (!r->import_lock) {
        ImportLock *l = PyMem_RawCalloc(1, sizeof *l);
        if (!l) return NULL;
        if (!(l->lock = PyThread_allocate_lock())) {
            PyMem_RawFree(l);
            return NULL;
        }
        r->import_lock = l;
    }
    return r->import_lock;
}

void kr_import_lock_free(KrInterp *interp) {
    ImportLock *l = interp->runtime.import_lock;
    if (!l) return;
    PyThread_free_lock(l->lock);
    PyMem_RawFree(l);
    interp->runtime.import_lock = NULL;
}

void _PyImport_AcquireLock(void) {
    ImportLock *l = import_lock();
    unsigned long me = PyThread_get_thread_ident();
    if (!l) return;
    if (l->level && l->owner == me) {
        l->level++;
        return;
    }
    if (!PyThread_acquire_lock(l->lock, NOWAIT_LOCK)) {
        PyThreadState *ts = PyEval_SaveThread();
        PyThread_acquire_lock(l->lock, WAIT_LOCK);
        PyEval_RestoreThread(ts);
    }
    l->owner = me;
    l->level = 1;
}
int _PyImport_ReleaseLock(void) {
    ImportLock *l = import_lock();
    if (!l || !l->level || l->owner != PyThread_get_thread_ident()) return -1;
    if (--l->level == 0) PyThread_release_lock(l->lock);
    return 1;
}

PyDoc_STRVAR(lock_held_doc, "lock_held($module, /)\n--\n\nWhether the import lock is held.");
static PyObject *imp_lock_held(PyObject *self, PyObject *ignored) {
    ImportLock *l = import_lock();
    return PyBool_FromLong(l && l->level);
}
PyDoc_STRVAR(acquire_lock_doc, "acquire_lock($module, /)\n--\n\nTakes the import lock, recursively.");
static PyObject *imp_acquire_lock(PyObject *self, PyObject *ignored) {
    _PyImport_AcquireLock();
    Py_RETURN_NONE;
}
PyDoc_STRVAR(release_lock_doc, "release_lock($module, /)\n--\n\nReleases the import lock.");
static PyObject *imp_release_lock(PyObject *self, PyObject *ignored) {
    if (_PyImport_ReleaseLock() < 0) {
        PyErr_SetString(PyExc_RuntimeError, "not holding the import lock");
        return NULL;
    }
    Py_RETURN_NONE;
}
PyDoc_STRVAR(extension_suffixes_doc, "extension_suffixes($module, /)\n--\n\nFile name endings of extension modules.");
static PyObject *imp_extension_suffixes(PyObject *self, PyObject *ignored) {
    return Py_BuildValue("[sss]", ".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so");
}
PyDoc_STRVAR(is_builtin_doc, "is_builtin($module, name, /)\n--\n\n1 if a native module has this name, -1 if it can't be made again, else 0.");
static PyObject *imp_is_builtin(PyObject *self, PyObject *name) {
    if (!PyUnicode_Check(name)) {
        _PyArg_BadArgument("is_builtin", "argument", "str", name);
        return NULL;
    }
    struct _inittab *e = kr_import_native(name);
    return PyLong_FromLong(!e ? 0 : e->initfunc ? 1 : -1);
}

/* ------------------------------------------------------------------ frozen modules: those of the image (runtime/image.h) */

static bool check_name(PyObject *name, const char *function) {
    if (PyUnicode_Check(name)) return true;
    _PyArg_BadArgument(function, "argument", "str", name);
    return false;
}
static PyObject *no_such_frozen(PyObject *name) {
    PyObject *text = PyUnicode_FromFormat("No such frozen object named %R", name);
    if (text) PyErr_SetImportError(text, name, NULL);
    Py_XDECREF(text);
    return NULL;
}
PyDoc_STRVAR(is_frozen_doc, "is_frozen($module, name, /)\n--\n\nWhether a frozen module has this name.");
static PyObject *imp_is_frozen(PyObject *self, PyObject *name) {
    return check_name(name, "is_frozen") ? PyBool_FromLong(kr_image_frozen(name) != NULL) : NULL;
}
PyDoc_STRVAR(find_frozen_doc, "find_frozen($module, name, /, *, withdata=False)\n--\n\n(data, whether it is a package, original name) of a frozen module, or None. data is None\n"
                              "unless withdata is true; then it can be given to get_frozen_object().");
static PyObject *imp_find_frozen(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"", "withdata", NULL};
    PyObject *name, *data = NULL, *origname = NULL, *r = NULL;
    int with_data = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U|$p:find_frozen", names, &name, &with_data)) return NULL;
    const KrImageEntry *e = kr_image_frozen(name);
    if (!e) Py_RETURN_NONE;
    data = with_data ? PyMemoryView_FromMemory((char *)kr_image_bytes(e), e->code_size, PyBUF_READ) : Py_NewRef(Py_None);
    origname = e->origname ? PyUnicode_FromString(kr_image_string(e->origname)) : Py_NewRef(Py_None);
    if (data && origname) r = Py_BuildValue("OOO", data, e->flags & KR_IMAGE_PACKAGE ? Py_True : Py_False, origname);
    Py_XDECREF(data);
    Py_XDECREF(origname);
    return r;
}
PyDoc_STRVAR(get_frozen_object_doc, "get_frozen_object($module, name, data=None, /)\n--\n\nThe code of a frozen module.");
static PyObject *imp_get_frozen_object(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("get_frozen_object", nargs, 1, 2) || !check_name(args[0], "get_frozen_object")) return NULL;
    if (nargs == 1 || args[1] == Py_None) {
        const KrImageEntry *e = kr_image_frozen(args[0]);
        return e ? kr_image_code(e) : no_such_frozen(args[0]);
    }
    Py_buffer data;
    if (PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *code = PyMarshal_ReadObjectFromString(data.buf, data.len);
    PyBuffer_Release(&data);
    if (!code) return NULL;
    if (PyCode_Check(code)) return code;
    PyErr_Format(PyExc_TypeError, "frozen object %R is not a code object", args[0]);
    Py_DECREF(code);
    return NULL;
}
PyDoc_STRVAR(is_frozen_package_doc, "is_frozen_package($module, name, /)\n--\n\nWhether a frozen module is a package.");
static PyObject *imp_is_frozen_package(PyObject *self, PyObject *name) {
    if (!check_name(name, "is_frozen_package")) return NULL;
    const KrImageEntry *e = kr_image_frozen(name);
    return e ? PyBool_FromLong(e->flags & KR_IMAGE_PACKAGE) : no_such_frozen(name);
}
PyDoc_STRVAR(init_frozen_doc, "init_frozen($module, name, /)\n--\n\nThe frozen module of this name, imported; None if there is none.");
static PyObject *imp_init_frozen(PyObject *self, PyObject *name) {
    if (!check_name(name, "init_frozen")) return NULL;
    int found = PyImport_ImportFrozenModuleObject(name);
    return found < 0 ? NULL : found ? Py_XNewRef(PyImport_AddModuleObject(name)) : Py_NewRef(Py_None);
}
PyDoc_STRVAR(frozen_names_doc, "_frozen_module_names($module, /)\n--\n\nThe list of all frozen modules' names.");
static PyObject *imp_frozen_names(PyObject *self, PyObject *ignored) { return kr_image_names(); }
PyDoc_STRVAR(override_frozen_doc, "_override_frozen_modules_for_tests($module, override, /)\n--\n\nFrozen modules are used (1), not used (-1), or as configured (0).");
static PyObject *imp_override_frozen(PyObject *self, PyObject *arg) {
    int override = _PyLong_AsInt(arg);
    if (override == -1 && PyErr_Occurred()) return NULL;
    kr_interp()->runtime.frozen_override = override;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(create_builtin_doc, "create_builtin($module, spec, /)\n--\n\nMakes the native module a spec names.");
static PyObject *imp_create_builtin(PyObject *self, PyObject *spec) { return kr_import_create_builtin(spec); }
PyDoc_STRVAR(exec_builtin_doc, "exec_builtin($module, mod, /)\n--\n\nRuns the execution phase of a native module.");
static PyObject *imp_exec(PyObject *self, PyObject *module) {
    PyModuleDef *def = PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
    int rc = 0;
    if (def && def->m_slots && !PyModule_GetState(module)) rc = PyModule_ExecDef(module, def);
    return rc < 0 ? NULL : PyLong_FromLong(0);
}
PyDoc_STRVAR(create_dynamic_doc, "create_dynamic($module, spec, file=<unrepresentable>, /)\n--\n\nLoads the extension module a spec names.");
static PyObject *imp_create_dynamic(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("create_dynamic", nargs, 1, 2)) return NULL;
    return kr_import_dynamic(args[0]);
}
PyDoc_STRVAR(exec_dynamic_doc, "exec_dynamic($module, mod, /)\n--\n\nRuns the execution phase of an extension module.");

PyDoc_STRVAR(fix_co_filename_doc, "_fix_co_filename($module, code, path, /)\n--\n\nSets the file name of code that was compiled elsewhere.");
static PyObject *imp_fix_co_filename(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("_fix_co_filename", nargs, 2, 2)) return NULL;
    if (!PyCode_Check(args[0])) {
        _PyArg_BadArgument("_fix_co_filename", "argument 1", "code", args[0]);
        return NULL;
    }
    if (!PyUnicode_Check(args[1])) {
        _PyArg_BadArgument("_fix_co_filename", "argument 2", "str", args[1]);
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)args[0];
    PyObject *old = Py_NewRef(code->co_filename);
    int same = PyUnicode_Compare(old, args[1]) == 0;
    int rc = same ? 0 : kr_code_set_filename((KrCode *)code, old, args[1]);
    Py_DECREF(old);
    if (rc < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(source_hash_doc, "source_hash($module, /, key, source)\n--\n\nThe hash that hash-based bytecode caches carry, 8 bytes.");
static PyObject *imp_source_hash(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"key", "source", NULL};
    long key;
    Py_buffer source;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "ly*:source_hash", names, &key, &source)) return NULL;
    uint64_t h = kr_keyed_hash((uint64_t)key, source.buf, source.len);
    PyBuffer_Release(&source);
    unsigned char out[8];
    for (int i = 0; i < 8; i++) out[i] = (unsigned char)(h >> (8 * i));
    return PyBytes_FromStringAndSize((char *)out, 8);
}

static PyMethodDef imp_methods[] = {
    {"lock_held", imp_lock_held, METH_NOARGS, lock_held_doc},
    {"acquire_lock", imp_acquire_lock, METH_NOARGS, acquire_lock_doc},
    {"release_lock", imp_release_lock, METH_NOARGS, release_lock_doc},
    {"extension_suffixes", imp_extension_suffixes, METH_NOARGS, extension_suffixes_doc},
    {"is_builtin", imp_is_builtin, METH_O, is_builtin_doc},
    {"is_frozen", imp_is_frozen, METH_O, is_frozen_doc},
    {"is_frozen_package", imp_is_frozen_package, METH_O, is_frozen_package_doc},
    {"find_frozen", KR_METH(imp_find_frozen), METH_VARARGS | METH_KEYWORDS, find_frozen_doc},
    {"get_frozen_object", KR_METH(imp_get_frozen_object), METH_FASTCALL, get_frozen_object_doc},
    {"init_frozen", imp_init_frozen, METH_O, init_frozen_doc},
    {"_frozen_module_names", imp_frozen_names, METH_NOARGS, frozen_names_doc},
    {"_override_frozen_modules_for_tests", imp_override_frozen, METH_O, override_frozen_doc},
    {"create_builtin", imp_create_builtin, METH_O, create_builtin_doc},
    {"exec_builtin", imp_exec, METH_O, exec_builtin_doc},
    {"create_dynamic", KR_METH(imp_create_dynamic), METH_FASTCALL, create_dynamic_doc},
    {"exec_dynamic", imp_exec, METH_O, exec_dynamic_doc},
    {"_fix_co_filename", KR_METH(imp_fix_co_filename), METH_FASTCALL, fix_co_filename_doc},
    {"source_hash", KR_METH(imp_source_hash), METH_VARARGS | METH_KEYWORDS, source_hash_doc},
    {NULL},
};
PyDoc_STRVAR(imp_doc, "(Extremely) low-level import machinery, for importlib.");
static struct PyModuleDef imp_module = {PyModuleDef_HEAD_INIT, "_imp", imp_doc, -1, imp_methods};

PyObject *PyInit__imp(void) {
    PyObject *m = PyModule_Create(&imp_module);
    PyObject *mode = m ? kr_str_from_wide(kr_interp()->config.check_hash_pycs_mode) : NULL;
    if (m && (!mode || PyModule_AddObjectRef(m, "check_hash_based_pycs", mode) < 0)) Py_CLEAR(m);
    Py_XDECREF(mode);
    return m;
}
