/* method.h - calling C functions that a PyMethodDef describes: one inline function for each calling convention.
 *
 * The two callables made from a PyMethodDef, builtin functions (method.c) and method descriptors (descr_call.c), differ only
 * in where self comes from. Both check and call through kr_c_call_<convention>(), so the messages are written once.
 */
#ifndef KRAIT_METHOD_H
#define KRAIT_METHOD_H
#include "object/call.h"

/* The flags of a PyMethodDef that choose how its function is called. */
#define KR_METH_CONVENTION (METH_VARARGS | METH_KEYWORDS | METH_NOARGS | METH_O | METH_FASTCALL | METH_METHOD)

/* X(name, flags): every convention there is. */
#define KR_C_CONVENTIONS(X)                                                 \
    X(varargs, METH_VARARGS)                                                \
    X(varargs_keywords, METH_VARARGS | METH_KEYWORDS)                       \
    X(noargs, METH_NOARGS)                                                  \
    X(o, METH_O)                                                            \
    X(fastcall, METH_FASTCALL)                                              \
    X(fastcall_keywords, METH_FASTCALL | METH_KEYWORDS)                     \
    X(method, METH_METHOD | METH_FASTCALL | METH_KEYWORDS)

/* What a call needs besides self. `callable` is only named in messages; cls is the class that defines the method, for
 * METH_METHOD; args and nargs leave self out. */
typedef struct {
    PyObject *callable;
    PyMethodDef *def;
    PyTypeObject *cls;
    PyObject *const *args;
    Py_ssize_t nargs;
    PyObject *kwnames;
} KrCCall;

/* TypeError "f() <complaint>", f being the callable's full name; a %zd in complaint is n. NULL. */
PyObject *kr_c_call_refuse(PyObject *callable, const char *complaint, Py_ssize_t n) KR_MAY_RAISE;
/* SystemError for a PyMethodDef with flags that are no convention. NULL. */
PyObject *kr_c_call_bad_flags(PyMethodDef *def) KR_MAY_RAISE;
/* f(self, tuple of args[, dict of kwnames]). */
PyObject *kr_c_call_tuple(PyObject *self, const KrCCall *c) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Gives back what the free lists hold. */
void kr_method_fini(KrInterp *);

#define KR_C_ENTER() (KR_UNLIKELY(Py_EnterRecursiveCall(" while calling a Python object") < 0))
#define KR_C_FUNCTION(c, type) ((type)(void (*)(void))(c)->def->ml_meth)

KR_INLINE bool kr_c_call_has_keywords(const KrCCall *c) { return c->kwnames != NULL && PyTuple_GET_SIZE(c->kwnames) != 0; }
KR_INLINE bool kr_c_call_no_keywords(const KrCCall *c) {
    return KR_LIKELY(!kr_c_call_has_keywords(c)) || kr_c_call_refuse(c->callable, "takes no keyword arguments", 0);
}

KR_INLINE PyObject *kr_c_call_noargs(PyObject *self, const KrCCall *c) {
    if (!kr_c_call_no_keywords(c)) return NULL;
    if (KR_UNLIKELY(c->nargs != 0)) return kr_c_call_refuse(c->callable, "takes no arguments (%zd given)", c->nargs);
    if (KR_C_ENTER()) return NULL;
    PyObject *r = c->def->ml_meth(self, NULL);
    Py_LeaveRecursiveCall();
    return r;
}
KR_INLINE PyObject *kr_c_call_o(PyObject *self, const KrCCall *c) {
    if (!kr_c_call_no_keywords(c)) return NULL;
    if (KR_UNLIKELY(c->nargs != 1)) return kr_c_call_refuse(c->callable, "takes exactly one argument (%zd given)", c->nargs);
    if (KR_C_ENTER()) return NULL;
    PyObject *r = c->def->ml_meth(self, c->args[0]);
    Py_LeaveRecursiveCall();
    return r;
}
KR_INLINE PyObject *kr_c_call_fastcall(PyObject *self, const KrCCall *c) {
    if (!kr_c_call_no_keywords(c) || KR_C_ENTER()) return NULL;
    PyObject *r = KR_C_FUNCTION(c, _PyCFunctionFast)(self, c->args, c->nargs);
    Py_LeaveRecursiveCall();
    return r;
}
KR_INLINE PyObject *kr_c_call_fastcall_keywords(PyObject *self, const KrCCall *c) {
    if (KR_C_ENTER()) return NULL;
    PyObject *r = KR_C_FUNCTION(c, _PyCFunctionFastWithKeywords)(self, c->args, c->nargs, c->kwnames);
    Py_LeaveRecursiveCall();
    return r;
}
KR_INLINE PyObject *kr_c_call_method(PyObject *self, const KrCCall *c) {
    if (KR_C_ENTER()) return NULL;
    PyObject *r = KR_C_FUNCTION(c, PyCMethod)(self, c->cls, c->args, (size_t)c->nargs, c->kwnames);
    Py_LeaveRecursiveCall();
    return r;
}
KR_INLINE PyObject *kr_c_call_varargs(PyObject *self, const KrCCall *c) { return kr_c_call_no_keywords(c) ? kr_c_call_tuple(self, c) : NULL; }
KR_INLINE PyObject *kr_c_call_varargs_keywords(PyObject *self, const KrCCall *c) { return kr_c_call_tuple(self, c); }

#endif
