/* _tracemalloc.c - the module behind tracemalloc. Allocations are not traced yet: start() says so, everything else answers as when tracing is off. */
#include "krait.h"

PyAPI_FUNC(int) PyTraceMalloc_Track(unsigned int domain, uintptr_t ptr, size_t size);
PyAPI_FUNC(int) PyTraceMalloc_Untrack(unsigned int domain, uintptr_t ptr);
PyAPI_FUNC(PyObject *) _PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr);
int PyTraceMalloc_Track(unsigned int domain, uintptr_t ptr, size_t size) { (void)domain, (void)ptr, (void)size; return -2; }
int PyTraceMalloc_Untrack(unsigned int domain, uintptr_t ptr) { (void)domain, (void)ptr; return -2; }
PyObject *_PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr) { (void)domain, (void)ptr; Py_RETURN_NONE; }

static PyObject *is_tracing(PyObject *m, PyObject *u) { (void)m, (void)u; Py_RETURN_FALSE; }
static PyObject *nothing(PyObject *m, PyObject *u) { (void)m, (void)u; Py_RETURN_NONE; }
static PyObject *empty_list(PyObject *m, PyObject *u) { (void)m, (void)u; return PyList_New(0); }
static PyObject *one(PyObject *m, PyObject *u) { (void)m, (void)u; return PyLong_FromLong(1); }
static PyObject *zero(PyObject *m, PyObject *u) { (void)m, (void)u; return PyLong_FromLong(0); }
static PyObject *two_zeros(PyObject *m, PyObject *u) { (void)m, (void)u; return Py_BuildValue("(ii)", 0, 0); }
static PyObject *start(PyObject *m, PyObject *args) {
    int frames = 1;
    (void)m;
    if (!PyArg_ParseTuple(args, "|i:start", &frames)) return NULL;
    PyErr_SetString(PyExc_NotImplementedError, "krait does not trace memory allocations yet");
    return NULL;
}
static PyMethodDef methods[] = {
    {"is_tracing", is_tracing, METH_NOARGS, "is_tracing($module, /)\n--\n\nWhether allocations are traced."},
    {"clear_traces", nothing, METH_NOARGS, "clear_traces($module, /)\n--\n\nForgets the traces."},
    {"_get_traces", empty_list, METH_NOARGS, "_get_traces($module, /)\n--\n\nThe traces."},
    {"_get_object_traceback", nothing, METH_O, "_get_object_traceback($module, obj, /)\n--\n\nWhere an object was allocated."},
    {"start", start, METH_VARARGS, "start($module, nframe=1, /)\n--\n\nStarts tracing."},
    {"stop", nothing, METH_NOARGS, "stop($module, /)\n--\n\nStops tracing."},
    {"get_traceback_limit", one, METH_NOARGS, "get_traceback_limit($module, /)\n--\n\nHow many frames a trace keeps."},
    {"get_tracemalloc_memory", zero, METH_NOARGS, "get_tracemalloc_memory($module, /)\n--\n\nMemory used for traces, in bytes."},
    {"get_traced_memory", two_zeros, METH_NOARGS, "get_traced_memory($module, /)\n--\n\nCurrent and peak size of traced blocks, in bytes."},
    {"reset_peak", nothing, METH_NOARGS, "reset_peak($module, /)\n--\n\nMakes the current size the peak."},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_tracemalloc", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit__tracemalloc(void) { return PyModuleDef_Init(&definition); }
