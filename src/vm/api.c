/* api.c - the C API around evaluation that is neither loop, frame nor generator. */
#include "vm/frame.h"
#include "vm/stack.h"
#include "vm/support.h"
#include <frameobject.h>

/* ------------------------------------------------------------------ slices */

static int slice_index(PyObject *v, Py_ssize_t *pi, bool none) {
    if (none && v == Py_None) return 1;
    if (!PyIndex_Check(v)) {
        PyErr_SetString(PyExc_TypeError, none ? "slice indices must be integers or None or have an __index__ method" : "slice indices must be integers or have an __index__ method");
        return 0;
    }
    Py_ssize_t i = PyNumber_AsSsize_t(v, NULL);
    if (i == -1 && PyErr_Occurred()) return 0;
    *pi = i;
    return 1;
}
int _PyEval_SliceIndex(PyObject *v, Py_ssize_t *pi) { return slice_index(v, pi, true); }
int _PyEval_SliceIndexNotNone(PyObject *v, Py_ssize_t *pi) { return slice_index(v, pi, false); }

/* ------------------------------------------------------------------ looking around */

PyObject *_PyEval_GetBuiltin(PyObject *name) {
    PyObject *builtins = PyEval_GetBuiltins(), *v = builtins ? PyObject_GetItem(builtins, name) : NULL;
    if (!v && PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_SetObject(PyExc_AttributeError, name);
    return v;
}
PyObject *_PyEval_GetBuiltinId(_Py_Identifier *id) {
    PyObject *name = _PyUnicode_FromId(id);
    return name ? _PyEval_GetBuiltin(name) : NULL;
}
int PyEval_MergeCompilerFlags(PyCompilerFlags *cf) {
    KrFrame *f = kr_frame_current();
    int result = cf->cf_flags != 0;
    if (f) {
        int inherited = f->code->base.co_flags & PyCF_MASK;
        if (inherited) {
            result = 1;
            cf->cf_flags |= inherited;
        }
    }
    return result;
}
const char *PyEval_GetFuncName(PyObject *f) {
    if (PyMethod_Check(f)) return PyEval_GetFuncName(PyMethod_GET_FUNCTION(f));
    if (PyFunction_Check(f)) return PyUnicode_AsUTF8(((PyFunctionObject *)f)->func_name);
    if (PyCFunction_Check(f)) return ((PyCFunctionObject *)f)->m_ml->ml_name;
    return Py_TYPE(f)->tp_name;
}
const char *PyEval_GetFuncDesc(PyObject *f) { return PyMethod_Check(f) || PyFunction_Check(f) || PyCFunction_Check(f) ? "()" : " object"; }

/* ------------------------------------------------------------------ running code the long way */

PyObject *PyEval_EvalCodeEx(PyObject *code, PyObject *globals, PyObject *locals, PyObject *const *args, int argc, PyObject *const *kws, int kwc,
                            PyObject *const *defaults, int ndefaults, PyObject *kwdefaults, PyObject *closure) {
    PyObject *func = PyFunction_New(code, globals), *tuple = NULL, *names = NULL, *r = NULL;
    if (!func) return NULL;
    PyFunctionObject *f = (PyFunctionObject *)func;
    if (ndefaults) {
        if (!(tuple = PyTuple_New(ndefaults))) goto done;
        for (int i = 0; i < ndefaults; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(defaults[i]));
        Py_XSETREF(f->func_defaults, tuple);
    }
    if (kwdefaults) Py_XSETREF(f->func_kwdefaults, Py_NewRef(kwdefaults));
    if (closure) Py_XSETREF(f->func_closure, Py_NewRef(closure));
    if (!(((PyCodeObject *)code)->co_flags & CO_OPTIMIZED) && argc == 0 && kwc == 0) {
        r = kr_eval_function_in(func, locals ? locals : globals);
        goto done;
    }
    PyObject **all = PyMem_New(PyObject *, argc + kwc + 1);
    names = PyTuple_New(kwc);
    if (all && names) {
        for (int i = 0; i < argc; i++) all[i] = args[i];
        for (int i = 0; i < kwc; i++) {
            PyTuple_SET_ITEM(names, i, Py_NewRef(kws[2 * i]));
            all[argc + i] = kws[2 * i + 1];
        }
        r = _PyFunction_Vectorcall(func, all, (size_t)argc, kwc ? names : NULL);
    } else if (!all) {
        PyErr_NoMemory();
    }
    PyMem_Free(all);
done:
    Py_XDECREF(names);
    Py_DECREF(func);
    return r;
}
PyObject *PyEval_EvalFrame(PyFrameObject *f) { return PyEval_EvalFrameEx(f, 0); }
/* What the loop's frames are is krait's own business: this is for who hands on the frame it was given. */
PyObject *_PyEval_EvalFrameDefault(PyThreadState *ts, struct _PyInterpreterFrame *frame, int throwing) {
    return kr_eval_frame((KrThread *)ts, (KrFrame *)frame, throwing);
}
