/* module.c - the module _pickle: dump(), dumps(), load(), loads(), and the state all of it shares.
 *
 * The functions use a Pickler or an Unpickler that is no object: it lives in their frame, has no type, and nobody else can reach it.
 */
#include "module/pickle/pickle.h"

PickleState *kr_pickle_state_of(PyTypeObject *type) {
    PyObject *module = PyType_GetModuleByDef(type, &kr_pickle_module);
    return module ? PyModule_GetState(module) : NULL;
}

/* ------------------------------------------------------------------ functions */

/* Pickles o into the file, or into bytes. */
static PyObject *dump(PyObject *module, PyObject *o, PyObject *file, PyObject *protocol, int fix_imports, PyObject *buffer_callback) {
    Pickler p = {.st = PyModule_GetState(module)};
    PyObject *result = NULL;
    if (kr_pickler_setup(&p, protocol, fix_imports, buffer_callback) == 0 && (!file || kr_pickler_set_file(&p, file) == 0)) result = kr_pickler_dump(&p, o);
    kr_pickler_clear_all(&p);
    return result;
}
static PyObject *pickle_dump(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"obj", "file", "protocol", "fix_imports", "buffer_callback", NULL};
    PyObject *o, *file, *protocol = NULL, *buffer_callback = NULL;
    int fix_imports = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O$pO:dump", keywords, &o, &file, &protocol, &fix_imports, &buffer_callback)) return NULL;
    return dump(module, o, file, protocol, fix_imports, buffer_callback);
}
static PyObject *pickle_dumps(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"obj", "protocol", "fix_imports", "buffer_callback", NULL};
    PyObject *o, *protocol = NULL, *buffer_callback = NULL;
    int fix_imports = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O$pO:dumps", keywords, &o, &protocol, &fix_imports, &buffer_callback)) return NULL;
    return dump(module, o, NULL, protocol, fix_imports, buffer_callback);
}
/* Unpickles from a file or from bytes. */
static PyObject *load(PyObject *module, PyObject *from, bool file, PyObject *args, PyObject *kwargs, const char *format, char **keywords) {
    PyObject *encoding = NULL, *errors = NULL, *buffers = NULL, *result = NULL;
    int fix_imports = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, keywords, &from, &fix_imports, &encoding, &errors, &buffers)) return NULL;
    Unpickler u = {.st = PyModule_GetState(module)};
    if ((file ? kr_input_set_file : kr_input_set_bytes)(&u.in, from) == 0 && kr_unpickler_setup(&u, strchr(format, ':') + 1, encoding, errors, buffers, fix_imports) == 0)
        result = kr_pickle_load(&u);
    kr_unpickler_clear_all(&u);
    PyMem_Free(u.encoding);
    PyMem_Free(u.errors);
    return result;
}
static PyObject *pickle_load(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"file", "fix_imports", "encoding", "errors", "buffers", NULL};
    return load(module, NULL, true, args, kwargs, "O|$pOOO:load", keywords);
}
static PyObject *pickle_loads(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"", "fix_imports", "encoding", "errors", "buffers", NULL};
    return load(module, NULL, false, args, kwargs, "O|$pOOO:loads", keywords);
}
static PyMethodDef pickle_functions[] = {
    {"dump", KR_METH(pickle_dump), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("dump($module, /, obj, file, protocol=None, *, fix_imports=True,\n     buffer_callback=None)\n--\n\n"
               "Writes the pickle of an object to a binary file. Pickler says what the arguments are.")},
    {"dumps", KR_METH(pickle_dumps), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("dumps($module, /, obj, protocol=None, *, fix_imports=True,\n      buffer_callback=None)\n--\n\n"
               "The pickle of an object, as bytes. Pickler says what the arguments are.")},
    {"load", KR_METH(pickle_load), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("load($module, /, file, *, fix_imports=True, encoding='ASCII',\n     errors='strict', buffers=())\n--\n\n"
               "Reads a pickle from a binary file and gives the object it describes. Unpickler says what the arguments are.")},
    {"loads", KR_METH(pickle_loads), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("loads($module, data, /, *, fix_imports=True, encoding='ASCII',\n      errors='strict', buffers=())\n--\n\n"
               "The object that a pickle, a bytes-like object, describes. Unpickler says what the arguments are.")},
    {NULL}};

/* ------------------------------------------------------------------ the module */

/* An attribute of a module, which must be a dict (dict) or callable. */
static int import_one(PyObject **to, const char *module_name, const char *name, bool dict) {
    PyObject *module = PyImport_ImportModule(module_name);
    *to = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    if (!*to) return -1;
    if (dict ? PyDict_CheckExact(*to) : PyCallable_Check(*to)) return 0;
    PyErr_Format(PyExc_RuntimeError, dict ? "%s.%s should be a dict, not %.200s" : "%s.%s should be a callable, not %.200s", module_name, name,
                 Py_TYPE(*to)->tp_name);
    return -1;
}
static int import_all(PickleState *st) {
    return import_one(&st->dispatch_table, "copyreg", "dispatch_table", true) < 0 ||
                   import_one(&st->extension_registry, "copyreg", "_extension_registry", true) < 0 ||
                   import_one(&st->inverted_registry, "copyreg", "_inverted_registry", true) < 0 ||
                   import_one(&st->extension_cache, "copyreg", "_extension_cache", true) < 0 ||
                   import_one(&st->name_mapping, "_compat_pickle", "NAME_MAPPING", true) < 0 ||
                   import_one(&st->import_mapping, "_compat_pickle", "IMPORT_MAPPING", true) < 0 ||
                   import_one(&st->reverse_name_mapping, "_compat_pickle", "REVERSE_NAME_MAPPING", true) < 0 ||
                   import_one(&st->reverse_import_mapping, "_compat_pickle", "REVERSE_IMPORT_MAPPING", true) < 0 ||
                   import_one(&st->codecs_encode, "codecs", "encode", false) < 0 || import_one(&st->getattr, "builtins", "getattr", false) < 0 ||
                   import_one(&st->partial, "functools", "partial", false) < 0
               ? -1
               : 0;
}
static int add_error(PyObject *module, PyObject **to, const char *name, PyObject *base) {
    *to = PyErr_NewException(name, base, NULL);
    return *to ? PyModule_AddObjectRef(module, strchr(name, '.') + 1, *to) : -1;
}
static int add_type(PyObject *module, PyTypeObject **to, PyType_Spec *spec, const char *name) {
    *to = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return !*to ? -1 : name ? PyModule_AddObjectRef(module, name, (PyObject *)*to) : 0;
}
static int pickle_exec(PyObject *module) {
    PickleState *st = PyModule_GetState(module);
    if (add_type(module, &st->pickler_type, &kr_pickler_spec, "Pickler") < 0 || add_type(module, &st->unpickler_type, &kr_unpickler_spec, "Unpickler") < 0 ||
        add_type(module, &st->pickler_memo_type, &kr_pickler_memo_spec, NULL) < 0 ||
        add_type(module, &st->unpickler_memo_type, &kr_unpickler_memo_spec, NULL) < 0)
        return -1;
    if (PyModule_AddObjectRef(module, "PickleBuffer", (PyObject *)&PyPickleBuffer_Type) < 0 ||
        add_error(module, &st->error, "_pickle.PickleError", NULL) < 0 ||
        add_error(module, &st->pickling_error, "_pickle.PicklingError", st->error) < 0 ||
        add_error(module, &st->unpickling_error, "_pickle.UnpicklingError", st->error) < 0)
        return -1;
    return import_all(st);
}
#define EACH_OBJECT(X) \
    X(error) X(pickling_error) X(unpickling_error) X(dispatch_table) X(extension_registry) X(inverted_registry) X(extension_cache) \
    X(name_mapping) X(import_mapping) X(reverse_name_mapping) X(reverse_import_mapping) X(codecs_encode) X(getattr) X(partial) \
    X(pickler_type) X(unpickler_type) X(pickler_memo_type) X(unpickler_memo_type)
static int pickle_traverse(PyObject *module, visitproc visit, void *arg) {
    PickleState *st = PyModule_GetState(module);
#define X(name) Py_VISIT(st->name);
    EACH_OBJECT(X)
#undef X
    return 0;
}
static int pickle_clear(PyObject *module) {
    PickleState *st = PyModule_GetState(module);
#define X(name) Py_CLEAR(st->name);
    EACH_OBJECT(X)
#undef X
    return 0;
}
static void pickle_free(void *module) { pickle_clear(module); }
static PyModuleDef_Slot pickle_slots[] = {{Py_mod_exec, pickle_exec}, {0, NULL}};
struct PyModuleDef kr_pickle_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_pickle", .m_doc = PyDoc_STR("The fast part of pickle: protocols 0 to 5."), .m_size = sizeof(PickleState),
    .m_methods = pickle_functions, .m_slots = pickle_slots, .m_traverse = pickle_traverse, .m_clear = pickle_clear, .m_free = pickle_free};

PyMODINIT_FUNC PyInit__pickle(void);
PyMODINIT_FUNC PyInit__pickle(void) { return PyModuleDef_Init(&kr_pickle_module); }
