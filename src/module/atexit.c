/* atexit.c - the module `atexit`: functions to call at shutdown, last registered first. */
#include "krait.h"
#include "runtime/lifecycle.h"

typedef struct KrAtExit {
    struct KrAtExit *older;
    PyObject *func, *args, *kwds;
} KrAtExit;

static void entry_free(KrAtExit *e) {
    Py_DECREF(e->func);
    Py_DECREF(e->args);
    Py_XDECREF(e->kwds);
    PyMem_Free(e);
}

void kr_atexit_clear(KrInterp *interp) {
    KrAtExit *e = interp->runtime.atexit;
    interp->runtime.atexit = NULL;
    while (e) {
        KrAtExit *older = e->older;
        entry_free(e);
        e = older;
    }
}

void kr_atexit_run(KrInterp *interp) {
    KrAtExit *e;
    while ((e = interp->runtime.atexit)) {
        interp->runtime.atexit = e->older;
        PyObject *r = PyObject_Call(e->func, e->args, e->kwds);
        if (!r) _PyErr_WriteUnraisableMsg("in atexit callback", e->func);
        Py_XDECREF(r);
        entry_free(e);
    }
}

PyDoc_STRVAR(register_doc, "register(func, *args, **kwargs) -> func\n\nCalls func(*args, **kwargs) at shutdown.");
static PyObject *atexit_register(PyObject *self, PyObject *args, PyObject *kwds) {
    if (PyTuple_GET_SIZE(args) == 0) {
        PyErr_SetString(PyExc_TypeError, "register() takes at least 1 argument (0 given)");
        return NULL;
    }
    PyObject *func = PyTuple_GET_ITEM(args, 0);
    if (!PyCallable_Check(func)) {
        PyErr_SetString(PyExc_TypeError, "the first argument must be callable");
        return NULL;
    }
    KrAtExit *e = PyMem_Malloc(sizeof *e);
    if (!e) return PyErr_NoMemory();
    if (!(e->args = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)))) {
        PyMem_Free(e);
        return NULL;
    }
    e->func = Py_NewRef(func);
    e->kwds = Py_XNewRef(kwds);
    KrInterp *interp = kr_interp();
    e->older = interp->runtime.atexit;
    interp->runtime.atexit = e;
    return Py_NewRef(func);
}
PyDoc_STRVAR(run_doc, "_run_exitfuncs() -> None\n\nCalls the registered functions now.");
static PyObject *atexit_run(PyObject *self, PyObject *ignored) {
    kr_atexit_run(kr_interp());
    Py_RETURN_NONE;
}
PyDoc_STRVAR(clear_doc, "_clear() -> None\n\nForgets the registered functions.");
static PyObject *atexit_clear(PyObject *self, PyObject *ignored) {
    kr_atexit_clear(kr_interp());
    Py_RETURN_NONE;
}
PyDoc_STRVAR(ncallbacks_doc, "_ncallbacks() -> int\n\nHow many functions are registered.");
static PyObject *atexit_ncallbacks(PyObject *self, PyObject *ignored) {
    long n = 0;
    for (KrAtExit *e = kr_interp()->runtime.atexit; e; e = e->older) n++;
    return PyLong_FromLong(n);
}
PyDoc_STRVAR(unregister_doc, "unregister(func) -> None\n\nForgets every registration of func.");
static PyObject *atexit_unregister(PyObject *self, PyObject *func) {
    KrInterp *interp = kr_interp();
    for (;;) {
        /* a comparison may run Python code that changes the list: start over after each removal */
        KrAtExit **link = &interp->runtime.atexit;
        bool removed = false;
        while (*link) {
            KrAtExit *e = *link;
            PyObject *f = Py_NewRef(e->func);
            int eq = PyObject_RichCompareBool(func, f, Py_EQ);
            Py_DECREF(f);
            if (eq < 0) return NULL;
            if (eq) {
                KrAtExit **at = &interp->runtime.atexit;
                while (*at && *at != e) at = &(*at)->older;
                if (*at) {
                    *at = e->older;
                    entry_free(e);
                }
                removed = true;
                break;
            }
            link = &e->older;
        }
        if (!removed) Py_RETURN_NONE;
    }
}
static PyMethodDef atexit_methods[] = {
    {"register", KR_METH(atexit_register), METH_VARARGS | METH_KEYWORDS, register_doc},
    {"unregister", atexit_unregister, METH_O, unregister_doc},
    {"_clear", atexit_clear, METH_NOARGS, clear_doc},
    {"_run_exitfuncs", atexit_run, METH_NOARGS, run_doc},
    {"_ncallbacks", atexit_ncallbacks, METH_NOARGS, ncallbacks_doc},
    {NULL},
};
PyDoc_STRVAR(atexit_doc, "Functions called at a normal end of the interpreter.");
static struct PyModuleDef atexit_module = {PyModuleDef_HEAD_INIT, "atexit", atexit_doc, 0, atexit_methods};
PyObject *PyInit_atexit(void) { return PyModuleDef_Init(&atexit_module); }
