/* _testinternalcapi.c - the module `_testinternalcapi`: what the standard library's tests ask about the insides of the interpreter.
 *
 * lib-dynload's module of this name reads CPython's private state, which krait does not have; this one answers from krait's own.
 * It has the functions that can be asked of any interpreter: the configuration, the depth of calls, the size of the collector's head.
 */
#include "krait.h"
#include "memory/gc.h"
#include "runtime/config.h"
#include "runtime/state.h"

static PyObject *get_config(PyObject *module, PyObject *unused) { return kr_config_as_dict(&kr_interp()->config); }

static PyObject *get_recursion_depth(PyObject *module, PyObject *unused) {
    PyThreadState *ts = PyThreadState_Get();
    return PyLong_FromLong(ts->recursion_limit - ts->recursion_remaining - 1);    /* without this call */
}

static PyMethodDef functions[] = {
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
