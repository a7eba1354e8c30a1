/* _testinternalcapi.c - the module `_testinternalcapi`: what the standard library's tests ask about the insides of the interpreter.
 *
 * lib-dynload's module of this name reads CPython's private state, which krait does not have; this one answers from krait's own.
 * It has the functions that can be asked of any interpreter: the configuration, the depth of calls, the size of the collector's head.
 */
#include "krait.h"
#include "memory/gc.h"
#include "runtime/config.h"
#include "runtime/lifecycle.h"
#include "runtime/state.h"

static PyObject *get_config(PyObject *module, PyObject *unused) { return kr_config_as_dict(&kr_interp()->config); }
/* The interpreter is set up again by a configuration like get_config()'s. */
static PyObject *set_config(PyObject *module, PyObject *d) {
    KrInterp *interp = kr_interp();
    PyConfig c = {0};
    if (!PyDict_Check(d)) {
        PyErr_SetString(PyExc_TypeError, "dict expected");
        return NULL;
    }
    int r = kr_config_from_dict(&c, d);
    if (r == 0 && PyStatus_Exception(kr_config_paths(&c))) PyErr_NoMemory(), r = -1;
    if (r == 0 && PyStatus_Exception(kr_config_copy(&interp->config, &c))) PyErr_NoMemory(), r = -1;
    if (r == 0) kr_config_publish(&interp->config);
    PyConfig_Clear(&c);
    return r == 0 && kr_sys_configure(interp) == 0 ? Py_NewRef(Py_None) : NULL;
}
static PyObject *reset_path_config(PyObject *module, PyObject *unused) { Py_RETURN_NONE; }     /* krait computes paths anew each time */

static PyObject *get_recursion_depth(PyObject *module, PyObject *unused) {
    PyThreadState *ts = PyThreadState_Get();
    return PyLong_FromLong(ts->recursion_limit - ts->recursion_remaining - 1);    /* without this call */
}

/* How the configuration's conversions treat errors, by the codecs' names for that; 0 for what they don't know. */
static int error_handling(const char *name) {
    if (!name || strcmp(name, "strict") == 0) return 1;
    return strcmp(name, "surrogateescape") == 0 ? 2 : strcmp(name, "surrogatepass") == 0 ? 6 : 0;
}
static PyObject *conversion_failed(int status, const char *what, size_t at, const char *reason) {
    if (status == -1) return PyErr_NoMemory();
    if (status == -2) PyErr_Format(PyExc_RuntimeError, "%s error: pos=%zu, reason=%s", what, at, reason);
    else PyErr_SetString(PyExc_ValueError, "unsupported error handler");
    return NULL;
}
PyAPI_FUNC(int) _Py_DecodeLocaleEx(const char *arg, wchar_t **wstr, size_t *wlen, const char **reason, int current_locale, int errors);
PyAPI_FUNC(int) _Py_EncodeLocaleEx(const wchar_t *text, char **str, size_t *error_pos, const char **reason, int raw_malloc, int current_locale, int errors);
static PyObject *decode_locale_ex(PyObject *module, PyObject *args) {
    const char *bytes, *errors = NULL, *reason = NULL;
    int current_locale = 0;
    wchar_t *text = NULL;
    size_t n = 0;
    if (!PyArg_ParseTuple(args, "y|is", &bytes, &current_locale, &errors)) return NULL;
    int status = _Py_DecodeLocaleEx(bytes, &text, &n, &reason, current_locale, error_handling(errors));
    if (status < 0) return conversion_failed(status, "decode", n, reason);
    PyObject *result = PyUnicode_FromWideChar(text, (Py_ssize_t)n);
    PyMem_RawFree(text);
    return result;
}
static PyObject *encode_locale_ex(PyObject *module, PyObject *args) {
    PyObject *text;
    const char *errors = NULL, *reason = NULL;
    int current_locale = 0;
    char *bytes = NULL;
    size_t at = 0;
    if (!PyArg_ParseTuple(args, "U|is", &text, &current_locale, &errors)) return NULL;
    wchar_t *wide = PyUnicode_AsWideCharString(text, NULL);
    if (!wide) return NULL;
    int status = _Py_EncodeLocaleEx(wide, &bytes, &at, &reason, 0, current_locale, error_handling(errors));
    PyMem_Free(wide);
    if (status < 0) return conversion_failed(status, "encode", at, reason);
    PyObject *result = PyBytes_FromString(bytes);
    PyMem_Free(bytes);
    return result;
}

/* posix's own function for paths, which must be absolute. */
static PyObject *normalize_path(PyObject *module, PyObject *path) {
    PyObject *posix = PyImport_ImportModule("posix"), *result = posix ? PyObject_CallMethod(posix, "_path_normpath", "O", path) : NULL;
    Py_XDECREF(posix);
    return result;
}

static PyMethodDef functions[] = {
    {"normalize_path", normalize_path, METH_O, PyDoc_STR("normalize_path(path): an absolute path without '.', '..' and doubled slashes.")},
    {"set_config", set_config, METH_O, NULL},
    {"reset_path_config", reset_path_config, METH_NOARGS, NULL},
    {"DecodeLocaleEx", decode_locale_ex, METH_VARARGS, PyDoc_STR("DecodeLocaleEx(bytes, current_locale=0, errors='strict'): as the configuration decodes.")},
    {"EncodeLocaleEx", encode_locale_ex, METH_VARARGS, PyDoc_STR("EncodeLocaleEx(str, current_locale=0, errors='strict'): as the configuration encodes.")},
    {"get_config", get_config, METH_NOARGS, PyDoc_STR("get_config($module, /)\n--\n\nThe interpreter's configuration, as a dict.")},
    {"get_recursion_depth", get_recursion_depth, METH_NOARGS,
     PyDoc_STR("get_recursion_depth($module, /)\n--\n\nHow many calls of Python functions are under way.")},
    {NULL}};

static int testinternalcapi_exec(PyObject *module) { return PyModule_AddIntConstant(module, "SIZEOF_PYGC_HEAD", sizeof(KrGCHead)); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)testinternalcapi_exec}, {0}};

static PyModuleDef testinternalcapi_module = {PyModuleDef_HEAD_INIT, .m_name = "_testinternalcapi",
    .m_doc = PyDoc_STR("Questions about the insides, for tests."), .m_methods = functions, .m_slots = slots};

PyMODINIT_FUNC PyInit__testinternalcapi(void);
PyMODINIT_FUNC PyInit__testinternalcapi(void) { return PyModuleDef_Init(&testinternalcapi_module); }
