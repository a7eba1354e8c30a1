/* call.c - calling objects: the vectorcall protocol, tp_call, and the conversions between the two.
 *
 * A vectorcall's arguments are an array of borrowed references: the positional ones, then the values of the keywords
 * named by the tuple kwnames (NULL for none). Converting to tp_call makes a tuple and a dict; converting from a tuple
 * and a dict flattens them into an array on the C stack when they are few. PY_VECTORCALL_ARGUMENTS_OFFSET means that
 * args[-1] may be overwritten for the time of the call.
 */
#include "object/call.h"
#include "object/abstract.h"
#include "object/descr.h"
#include "object/tuple.h"
#include "runtime/modsupport.h"

#define SMALL 8     /* arguments that are flattened on the C stack */

/* ------------------------------------------------------------------ results */

PyObject *_Py_CheckFunctionResult(PyThreadState *ts, PyObject *callable, PyObject *result, const char *where) {
    bool raised = ts->curexc_type != NULL;
    if (!result && !raised) {
        if (callable) PyErr_Format(PyExc_SystemError, "%R returned NULL without setting an exception", callable);
        else PyErr_Format(PyExc_SystemError, "%s returned NULL without setting an exception", where);
        return NULL;
    }
    if (result && raised) {
        Py_DECREF(result);
        if (callable) _PyErr_FormatFromCause(PyExc_SystemError, "%R returned a result with an exception set", callable);
        else _PyErr_FormatFromCause(PyExc_SystemError, "%s returned a result with an exception set", where);
        return NULL;
    }
    return result;
}

PyObject *kr_function_str(PyObject *f) {
    PyObject *name, *module, *r = NULL;
    if (_PyObject_LookupAttr(f, KR_STR(__qualname__), &name) < 0) return NULL;
    if (!name) return PyObject_Str(f);
    if (_PyObject_LookupAttr(f, KR_STR(__module__), &module) >= 0) {
        int bare = !module || module == Py_None ? 1 : PyObject_RichCompareBool(module, KR_STR(builtins), Py_EQ);
        if (bare >= 0) r = bare ? PyUnicode_FromFormat("%S()", name) : PyUnicode_FromFormat("%S.%S()", module, name);
        Py_XDECREF(module);
    }
    Py_DECREF(name);
    return r;
}

/* ------------------------------------------------------------------ between arrays and tuple plus dict */

PyObject *kr_stack_as_tuple(PyObject *const *args, Py_ssize_t n) { return n == 0 ? kr_empty_tuple() : kr_tuple_from_array(args, n); }

PyObject *_PyStack_AsDict(PyObject *const *values, PyObject *kwnames) {
    PyObject *d = PyDict_New();
    Py_ssize_t n = PyTuple_GET_SIZE(kwnames);
    for (Py_ssize_t i = 0; d && i < n; i++)
        if (PyDict_SetItem(d, PyTuple_GET_ITEM(kwnames, i), values[i]) < 0) Py_CLEAR(d);
    return d;
}

/* Arguments flattened from an array and a dict. `args` may be used as args[-1] .. ; flat_free() releases it. */
typedef struct {
    PyObject **args;        /* borrowed references, except the keywords' values */
    PyObject *kwnames;
    Py_ssize_t nargs;
    PyObject *small[SMALL + 1];
} FlatArgs;

static void flat_free(FlatArgs *f) {
    Py_ssize_t n = PyTuple_GET_SIZE(f->kwnames);
    for (Py_ssize_t i = 0; i < n; i++) Py_DECREF(f->args[f->nargs + i]);
    Py_DECREF(f->kwnames);
    if (f->args != f->small + 1) PyMem_Free(f->args - 1);
}

static bool flat_make(FlatArgs *f, PyObject *const *args, Py_ssize_t nargs, PyObject *kwargs) {
    Py_ssize_t nkw = PyDict_GET_SIZE(kwargs), i = 0, pos = 0;
    if (nargs + nkw <= SMALL) {
        f->args = f->small + 1;
    } else {
        PyObject **mem = PyMem_Malloc((size_t)(nargs + nkw + 1) * sizeof *mem);
        if (!mem) return PyErr_NoMemory();
        f->args = mem + 1;
    }
    f->nargs = nargs;
    f->kwnames = PyTuple_New(nkw);
    if (!f->kwnames) {
        if (f->args != f->small + 1) PyMem_Free(f->args - 1);
        return false;
    }
    if (nargs) memcpy(f->args, args, (size_t)nargs * sizeof *args);
    PyObject *k, *v;
    bool strings = true;
    while (i < nkw && PyDict_Next(kwargs, &pos, &k, &v)) {
        strings &= PyUnicode_Check(k);
        PyTuple_SET_ITEM(f->kwnames, i, Py_NewRef(k));
        f->args[nargs + i++] = Py_NewRef(v);
    }
    if (strings) return true;
    PyErr_SetString(PyExc_TypeError, "keywords must be strings");
    flat_free(f);
    return false;
}

/* ------------------------------------------------------------------ tp_call */

/* Calls a callable without vectorcall; keywords is NULL, a dict, or a tuple of names whose values follow args. */
PyObject *_PyObject_MakeTpCall(PyThreadState *ts, PyObject *callable, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords) {
    ternaryfunc call = Py_TYPE(callable)->tp_call;
    if (!call) return kr_type_error("'%.200s' object is not callable", callable);
    PyObject *self = NULL;      /* of a slot wrapper: it takes the other arguments as a tuple */
    if (Py_IS_TYPE(callable, &PyWrapperDescr_Type) && nargs >= 1 && PyType_IsSubtype(Py_TYPE(args[0]), PyDescr_TYPE(callable))) {
        self = *args++;
        nargs--;
    }
    PyObject *tuple = kr_stack_as_tuple(args, nargs), *dict = NULL, *r = NULL;
    if (!tuple) return NULL;
    if (keywords && PyDict_Check(keywords)) dict = Py_NewRef(keywords);
    else if (keywords && PyTuple_GET_SIZE(keywords) && !(dict = _PyStack_AsDict(args + nargs, keywords))) goto out;
    if (Py_EnterRecursiveCall(" while calling a Python object") == 0) {
        r = self ? kr_wrapper_call_slot((PyWrapperDescrObject *)callable, self, tuple, dict) : call(callable, tuple, dict);
        Py_LeaveRecursiveCall();
        r = kr_check_result(ts, callable, r);
    }
out:
    Py_DECREF(tuple);
    Py_XDECREF(dict);
    return r;
}

/* ------------------------------------------------------------------ vectorcall */

vectorcallfunc PyVectorcall_Function(PyObject *callable) { return kr_vectorcall_function(callable); }

PyObject *PyObject_Vectorcall(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    return kr_vectorcall(callable, args, nargsf, kwnames);
}

PyObject *_PyObject_FastCall(PyObject *callable, PyObject *const *args, Py_ssize_t nargs) {
    return kr_vectorcall(callable, args, (size_t)nargs, NULL);
}

PyObject *PyObject_VectorcallDict(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwargs) {
    PyThreadState *ts = &kr_thread()->base;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    vectorcallfunc f = kr_vectorcall_function(callable);
    if (kr_c_stack_low()) return kr_raise_stack_low(" while calling a Python object");
    if (!f) return _PyObject_MakeTpCall(ts, callable, args, nargs, kwargs);
    if (!kwargs || PyDict_GET_SIZE(kwargs) == 0) return kr_check_result(ts, callable, f(callable, args, nargsf, NULL));
    FlatArgs flat;
    if (!flat_make(&flat, args, nargs, kwargs)) return NULL;
    PyObject *r = f(callable, flat.args, (size_t)nargs | PY_VECTORCALL_ARGUMENTS_OFFSET, flat.kwnames);
    flat_free(&flat);
    return kr_check_result(ts, callable, r);
}

static PyObject *vectorcall_tuple(PyThreadState *ts, vectorcallfunc f, PyObject *callable, PyObject *tuple, PyObject *kwargs) {
    Py_ssize_t nargs = PyTuple_GET_SIZE(tuple);
    PyObject *const *args = ((PyTupleObject *)tuple)->ob_item;
    if (kr_c_stack_low()) return kr_raise_stack_low(" while calling a Python object");
    if (!kwargs || PyDict_GET_SIZE(kwargs) == 0) return kr_check_result(ts, callable, f(callable, args, (size_t)nargs, NULL));
    FlatArgs flat;
    if (!flat_make(&flat, args, nargs, kwargs)) return NULL;
    PyObject *r = f(callable, flat.args, (size_t)nargs | PY_VECTORCALL_ARGUMENTS_OFFSET, flat.kwnames);
    flat_free(&flat);
    return kr_check_result(ts, callable, r);
}

PyObject *PyVectorcall_Call(PyObject *callable, PyObject *tuple, PyObject *kwargs) {
    Py_ssize_t offset = Py_TYPE(callable)->tp_vectorcall_offset;
    vectorcallfunc f = offset > 0 ? *(vectorcallfunc *)((char *)callable + offset) : NULL;
    if (!f) return kr_type_error("'%.200s' object does not support vectorcall", callable);
    return vectorcall_tuple(&kr_thread()->base, f, callable, tuple, kwargs);
}

PyObject *PyObject_Call(PyObject *callable, PyObject *args, PyObject *kwargs) {
    PyThreadState *ts = &kr_thread()->base;
    vectorcallfunc f = kr_vectorcall_function(callable);
    if (f) return vectorcall_tuple(ts, f, callable, args, kwargs);
    ternaryfunc call = Py_TYPE(callable)->tp_call;
    if (!call) return kr_type_error("'%.200s' object is not callable", callable);
    if (Py_EnterRecursiveCall(" while calling a Python object")) return NULL;
    PyObject *r = call(callable, args, kwargs);
    Py_LeaveRecursiveCall();
    return kr_check_result(ts, callable, r);
}

PyObject *PyObject_CallNoArgs(PyObject *callable) { return kr_vectorcall(callable, NULL, 0, NULL); }

PyObject *PyObject_CallOneArg(PyObject *callable, PyObject *arg) {
    PyObject *args[2] = {NULL, arg};
    return kr_vectorcall(callable, args + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

PyObject *PyObject_CallObject(PyObject *callable, PyObject *args) {
    if (!args) return PyObject_CallNoArgs(callable);
    if (PyTuple_Check(args)) return PyObject_Call(callable, args, NULL);
    PyErr_SetString(PyExc_TypeError, "argument list must be a tuple");
    return NULL;
}

PyObject *PyEval_CallObjectWithKeywords(PyObject *callable, PyObject *args, PyObject *kwargs) {
    if (args && !PyTuple_Check(args)) {
        PyErr_SetString(PyExc_TypeError, "argument list must be a tuple");
        return NULL;
    }
    if (kwargs && !PyDict_Check(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "keyword list must be a dictionary");
        return NULL;
    }
    return PyObject_Call(callable, args ? args : kr_empty_tuple(), kwargs);
}

/* ------------------------------------------------------------------ one argument before the others */

PyObject *kr_call_prepend(PyObject *callable, PyObject *first, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    Py_ssize_t n = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    PyObject *small[SMALL + 2], **all = small;
    if (n > SMALL && !(all = PyMem_Malloc((size_t)(n + 2) * sizeof *all))) return PyErr_NoMemory();
    all[1] = first;
    if (n) memcpy(all + 2, args, (size_t)n * sizeof *args);
    PyObject *r = kr_vectorcall(callable, all + 1, (size_t)(nargs + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
    if (all != small) PyMem_Free(all);
    return r;
}

PyObject *kr_call_prepend_tuple(PyObject *callable, PyObject *first, PyObject *args, PyObject *kwargs) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *small[SMALL + 2], **all = small;
    if (n > SMALL && !(all = PyMem_Malloc((size_t)(n + 2) * sizeof *all))) return PyErr_NoMemory();
    all[1] = first;
    if (n) memcpy(all + 2, ((PyTupleObject *)args)->ob_item, (size_t)n * sizeof *all);
    PyObject *r = PyObject_VectorcallDict(callable, all + 1, (size_t)(n + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwargs);
    if (all != small) PyMem_Free(all);
    return r;
}

/* ------------------------------------------------------------------ arguments by format
 * One tuple as the only argument stands for its items: PyObject_CallFunction(f, "O", tuple) calls f(*tuple). */

static PyObject *call_format(PyObject *callable, const char *format, va_list va, bool ssize) {
    if (!callable) return kr_null_argument();
    if (!format || !*format) return PyObject_CallNoArgs(callable);
    PyObject *small[SMALL], *r;
    Py_ssize_t n;
    PyObject **args = kr_build_stack(small, SMALL, format, va, ssize, &n);
    if (!args) return NULL;
    if (n == 1 && PyTuple_Check(args[0]))
        r = kr_vectorcall(callable, ((PyTupleObject *)args[0])->ob_item, (size_t)PyTuple_GET_SIZE(args[0]), NULL);
    else
        r = kr_vectorcall(callable, args, (size_t)n, NULL);
    for (Py_ssize_t i = 0; i < n; i++) Py_DECREF(args[i]);
    if (args != small) PyMem_Free(args);
    return r;
}

/* Calls an attribute, taken over. */
static PyObject *call_attribute(PyObject *method, const char *format, va_list va, bool ssize) {
    if (!method) return NULL;
    PyObject *r = PyCallable_Check(method) ? call_format(method, format, va, ssize)
                                           : kr_type_error("attribute of type '%.200s' is not callable", method);
    Py_DECREF(method);
    return r;
}

#undef PyObject_CallFunction
#undef PyObject_CallMethod
#undef _PyObject_CallMethodId
/* The headers name only the _SizeT forms when PY_SSIZE_T_CLEAN is defined. */
PyAPI_FUNC(PyObject *) PyObject_CallFunction(PyObject *callable, const char *format, ...);
PyAPI_FUNC(PyObject *) PyObject_CallMethod(PyObject *o, const char *name, const char *format, ...);
PyAPI_FUNC(PyObject *) _PyObject_CallMethodId(PyObject *o, _Py_Identifier *id, const char *format, ...);

#define CALL_WITH(expression)  \
    va_list va;                \
    va_start(va, format);      \
    PyObject *r = expression;  \
    va_end(va);                \
    return r

PyObject *PyObject_CallFunction(PyObject *callable, const char *format, ...) { CALL_WITH(call_format(callable, format, va, false)); }
PyObject *_PyObject_CallFunction_SizeT(PyObject *callable, const char *format, ...) { CALL_WITH(call_format(callable, format, va, true)); }
PyObject *PyEval_CallFunction(PyObject *callable, const char *format, ...) { CALL_WITH(call_format(callable, format, va, false)); }

static PyObject *attribute(PyObject *o, const char *name) { return o && name ? PyObject_GetAttrString(o, name) : kr_null_argument(); }

PyObject *PyObject_CallMethod(PyObject *o, const char *name, const char *format, ...) {
    CALL_WITH(call_attribute(attribute(o, name), format, va, false));
}
PyObject *_PyObject_CallMethod_SizeT(PyObject *o, const char *name, const char *format, ...) {
    CALL_WITH(call_attribute(attribute(o, name), format, va, true));
}
PyObject *PyEval_CallMethod(PyObject *o, const char *name, const char *format, ...) {
    CALL_WITH(call_attribute(attribute(o, name), format, va, false));
}
PyObject *_PyObject_CallMethod(PyObject *o, PyObject *name, const char *format, ...) {
    CALL_WITH(call_attribute(o && name ? PyObject_GetAttr(o, name) : kr_null_argument(), format, va, true));
}

static PyObject *attribute_id(PyObject *o, _Py_Identifier *id) {
    PyObject *name = o && id ? _PyUnicode_FromId(id) : kr_null_argument();
    return name ? PyObject_GetAttr(o, name) : NULL;
}
PyObject *_PyObject_CallMethodId(PyObject *o, _Py_Identifier *id, const char *format, ...) {
    CALL_WITH(call_attribute(attribute_id(o, id), format, va, false));
}
PyObject *_PyObject_CallMethodId_SizeT(PyObject *o, _Py_Identifier *id, const char *format, ...) {
    CALL_WITH(call_attribute(attribute_id(o, id), format, va, true));
}

/* ------------------------------------------------------------------ methods by name */

PyObject *PyObject_VectorcallMethod(PyObject *name, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *method = NULL;
    int unbound = _PyObject_GetMethod(args[0], name, &method);
    if (!method) return NULL;
    if (unbound) nargsf &= ~PY_VECTORCALL_ARGUMENTS_OFFSET; /* args[-1] may be the caller's, and is not needed */
    else nargsf--, args++;
    PyObject *r = kr_vectorcall(method, args, nargsf, kwnames);
    Py_DECREF(method);
    return r;
}

/* callable([self,] ...) with the objects of va up to a NULL. */
static PyObject *call_objects(PyObject *callable, PyObject *self, va_list va) {
    if (!callable) return kr_null_argument();
    va_list count;
    va_copy(count, va);
    Py_ssize_t n = self != NULL;
    while (va_arg(count, PyObject *)) n++;
    va_end(count);
    PyObject *small[SMALL], **args = small;
    if (n > SMALL && !(args = PyMem_Malloc((size_t)n * sizeof *args))) return PyErr_NoMemory();
    Py_ssize_t i = 0;
    if (self) args[i++] = self;
    for (; i < n; i++) args[i] = va_arg(va, PyObject *);
    PyObject *r = kr_vectorcall(callable, args, (size_t)n, NULL);
    if (args != small) PyMem_Free(args);
    return r;
}

PyObject *PyObject_CallFunctionObjArgs(PyObject *callable, ...) {
    va_list va;
    va_start(va, callable);
    PyObject *r = call_objects(callable, NULL, va);
    va_end(va);
    return r;
}

static PyObject *call_method_objects(PyObject *o, PyObject *name, va_list va) {
    if (!o || !name) return kr_null_argument();
    PyObject *method = NULL;
    int unbound = _PyObject_GetMethod(o, name, &method);
    if (!method) return NULL;
    PyObject *r = call_objects(method, unbound ? o : NULL, va);
    Py_DECREF(method);
    return r;
}
PyObject *PyObject_CallMethodObjArgs(PyObject *o, PyObject *name, ...) {
    va_list va;
    va_start(va, name);
    PyObject *r = call_method_objects(o, name, va);
    va_end(va);
    return r;
}
PyObject *_PyObject_CallMethodIdObjArgs(PyObject *o, _Py_Identifier *id, ...) {
    PyObject *name = id ? _PyUnicode_FromId(id) : NULL;
    if (!name) return kr_null_argument();
    va_list va;
    va_start(va, id);
    PyObject *r = call_method_objects(o, name, va);
    va_end(va);
    return r;
}
