/* call.h - calling objects, in line for the parts that do it often. */
#ifndef KRAIT_CALL_H
#define KRAIT_CALL_H
#include "krait.h"

/* The callable's vectorcall function, NULL if it has none. */
KR_INLINE vectorcallfunc kr_vectorcall_function(PyObject *callable) {
    PyTypeObject *t = Py_TYPE(callable);
    if (!PyType_HasFeature(t, Py_TPFLAGS_HAVE_VECTORCALL)) return NULL;
    return *(vectorcallfunc *)((char *)callable + t->tp_vectorcall_offset);
}

/* The iterator's tp_iternext. Iterators over iterators call it, which may lie any number deep: RecursionError then. */
KR_INLINE PyObject *kr_iternext(PyObject *it) {
    if (kr_c_stack_low()) return kr_raise_stack_low(" in an iterator");
    return Py_TYPE(it)->tp_iternext(it);
}

/* _Py_CheckFunctionResult in line: a result and an exception exclude each other. */
KR_INLINE PyObject *kr_check_result(PyThreadState *ts, PyObject *callable, PyObject *result) {
    if (KR_LIKELY((result != NULL) == (ts->curexc_type == NULL))) return result;
    return _Py_CheckFunctionResult(ts, callable, result, NULL);
}

/* PyObject_Vectorcall in line. */
KR_INLINE PyObject *kr_vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyThreadState *ts = &kr_thread()->base;
    vectorcallfunc f = kr_vectorcall_function(callable);
    if (kr_c_stack_low()) return kr_raise_stack_low(" while calling a Python object");
    if (KR_UNLIKELY(f == NULL)) return _PyObject_MakeTpCall(ts, callable, args, PyVectorcall_NARGS(nargsf), kwnames);
    return kr_check_result(ts, callable, f(callable, args, nargsf, kwnames));
}

/* callable(first, *args[, **kwnames]). */
PyObject *kr_call_prepend(PyObject *callable, PyObject *first, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
    KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* callable(first, *args, **kwargs) of a tuple and a dict or NULL. */
PyObject *kr_call_prepend_tuple(PyObject *callable, PyObject *first, PyObject *args, PyObject *kwargs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* A tuple of n new references. */
PyObject *kr_stack_as_tuple(PyObject *const *args, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* "f" of f(...) as error messages name a callable: its qualified name with "()", with the module's name before it unless that is
 * builtins; its str if it has no name. */
PyObject *kr_function_str(PyObject *callable) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
