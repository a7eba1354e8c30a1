/* _tracemalloc.c - the module behind tracemalloc; memory/tracemalloc.c does the work. */
#include "memory/gc.h"
#include "memory/tracemalloc.h"

PyAPI_FUNC(PyObject *) _PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr);

static PyObject *is_tracing(PyObject *m, PyObject *unused) { return PyBool_FromLong(kr_tracemalloc_is_on()); }
static PyObject *clear_traces(PyObject *m, PyObject *unused) {
    if (kr_tracemalloc_is_on()) kr_tracemalloc_clear();
    Py_RETURN_NONE;
}
static PyObject *get_traces(PyObject *m, PyObject *unused) { return kr_tracemalloc_traces(); }
static PyObject *get_object_traceback(PyObject *m, PyObject *o) {
    return _PyTraceMalloc_GetTraceback(0, (uintptr_t)o - kr_type_prefix(Py_TYPE(o)));
}
static PyObject *start(PyObject *m, PyObject *const *args, Py_ssize_t nargs) {
    int frames = 1;
    if (!_PyArg_CheckPositional("start", nargs, 0, 1) || (nargs && (frames = _PyLong_AsInt(args[0])) == -1 && PyErr_Occurred())) return NULL;
    if (kr_tracemalloc_start(frames) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *stop(PyObject *m, PyObject *unused) {
    kr_tracemalloc_stop();
    Py_RETURN_NONE;
}
static PyObject *get_traceback_limit(PyObject *m, PyObject *unused) { return PyLong_FromLong(kr_tracemalloc_limit()); }
static PyObject *get_tracemalloc_memory(PyObject *m, PyObject *unused) { return PyLong_FromSize_t(kr_tracemalloc_overhead()); }
static PyObject *get_traced_memory(PyObject *m, PyObject *unused) {
    size_t now, peak;
    kr_tracemalloc_sizes(&now, &peak);
    return Py_BuildValue("(nn)", (Py_ssize_t)now, (Py_ssize_t)peak);
}
static PyObject *reset_peak(PyObject *m, PyObject *unused) {
    kr_tracemalloc_reset_peak();
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {
    {"is_tracing", is_tracing, METH_NOARGS, "is_tracing($module, /)\n--\n\nWhether allocations are traced."},
    {"clear_traces", clear_traces, METH_NOARGS, "clear_traces($module, /)\n--\n\nForgets the traces so far."},
    {"_get_traces", get_traces, METH_NOARGS, "_get_traces($module, /)\n--\n\nA list of (domain, size, traceback, number of frames), one for each block in use."},
    {"_get_object_traceback", get_object_traceback, METH_O, "_get_object_traceback($module, obj, /)\n--\n\nWhere an object's memory was allocated, or None."},
    {"start", KR_METH(start), METH_FASTCALL, "start($module, nframe=1, /)\n--\n\nStarts tracing; each trace keeps up to nframe frames."},
    {"stop", stop, METH_NOARGS, "stop($module, /)\n--\n\nStops tracing and forgets the traces."},
    {"get_traceback_limit", get_traceback_limit, METH_NOARGS, "get_traceback_limit($module, /)\n--\n\nHow many frames a trace keeps."},
    {"get_tracemalloc_memory", get_tracemalloc_memory, METH_NOARGS, "get_tracemalloc_memory($module, /)\n--\n\nBytes that the traces take."},
    {"get_traced_memory", get_traced_memory, METH_NOARGS, "get_traced_memory($module, /)\n--\n\nBytes in traced blocks, now and at most."},
    {"reset_peak", reset_peak, METH_NOARGS, "reset_peak($module, /)\n--\n\nMakes the present size the peak."},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_tracemalloc", .m_doc = "Which memory Python uses, and where it was allocated.", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit__tracemalloc(void) { return PyModuleDef_Init(&definition); }
