/* specialize_call.c - special forms of calls, by what is called; see specialize.h. */
#include "vm/specialize.h"
#include "object/method.h"
#include "object/type.h"

/* The form for calling a builtin function or method descriptor: forms in the order no arguments, one, array, array and keywords. */
static int c_form(PyMethodDef *def, Py_ssize_t nargs, const int forms[4]) {
    switch (def->ml_flags & KR_METH_CONVENTION) {
    case METH_NOARGS: return nargs == 0 ? forms[0] : 0;
    case METH_O: return nargs == 1 ? forms[1] : 0;
    case METH_FASTCALL: return forms[2];
    case METH_FASTCALL | METH_KEYWORDS: return forms[3];
    default: return 0;
    }
}
static bool is_builtin(PyObject *f, const char *name, PyMethodDef **def) {
    PyObject *v = PyDict_GetItemString(kr_interp()->builtins, name);
    *def = ((PyCFunctionObject *)f)->m_ml;
    return v == f;
}
static bool specialize_python(KrInstr *at, KrCache *c, PyFunctionObject *f, bool bound, Py_ssize_t nargs) {
    KrCode *code = (KrCode *)f->func_code;
    PyCodeObject *b = &code->base;
    if (f->vectorcall != _PyFunction_Vectorcall || !(c->version = kr_code_version(code))) return kr_special_none(c);
    if (b->co_flags & KR_CODE_MAKES_GENERATOR) return kr_call_is_exact(code, nargs) ? kr_special_set(at, c, KR_OP_CALL_PY_GENERATOR) : kr_special_none(c);
    if (kr_call_is_exact(code, nargs)) return kr_special_set(at, c, bound ? KR_OP_CALL_PY_METHOD : KR_OP_CALL_PY_EXACT);
    if (nargs < b->co_argcount && b->co_kwonlyargcount == 0 && !(b->co_flags & (CO_VARARGS | CO_VARKEYWORDS)) && f->func_defaults &&
        nargs + PyTuple_GET_SIZE(f->func_defaults) >= b->co_argcount)
        return kr_special_set(at, c, KR_OP_CALL_PY_DEFAULTS);
    return kr_special_none(c);
}
static bool specialize_class(KrInstr *at, KrCache *c, PyTypeObject *t, Py_ssize_t nargs) {
    if (t == &PyType_Type) return nargs == 1 ? kr_special_set(at, c, KR_OP_CALL_TYPE_1) : kr_special_none(c);
    if (Py_TYPE(t)->tp_call != PyType_Type.tp_call || t->tp_vectorcall != kr_class_vectorcall || t->tp_new != kr_object_new || t->tp_init != kr_slot_init ||
        (t->tp_flags & Py_TPFLAGS_IS_ABSTRACT) || t->tp_alloc != PyType_GenericAlloc || !(c->version = kr_type_version(t)))
        return kr_special_none(c);
    PyObject *init = _PyType_Lookup(t, KR_STR(__init__));
    if (!init || !PyFunction_Check(init) || ((PyFunctionObject *)init)->vectorcall != _PyFunction_Vectorcall) return kr_special_none(c);
    KrCode *code = (KrCode *)((PyFunctionObject *)init)->func_code;
    if ((code->base.co_flags & KR_CODE_MAKES_GENERATOR) || !(c->version2 = kr_code_version(code))) return kr_special_none(c);
    c->object = init;
    return kr_special_set(at, c, KR_OP_CALL_CLASS_INIT);
}

bool kr_specialize_call(KrInstr *at, KrCache *c, PyObject **base, Py_ssize_t nargs) {
    static const int functions[4] = {0, KR_OP_CALL_C_O, KR_OP_CALL_C_FAST, KR_OP_CALL_C_FAST_KEYWORDS};
    static const int methods[4] = {KR_OP_CALL_METHOD_NOARGS, KR_OP_CALL_METHOD_O, KR_OP_CALL_METHOD_FAST, KR_OP_CALL_METHOD_FAST_KEYWORDS};
    PyObject *f = base[0], *self = base[1];
    PyMethodDef *def;
    int form = 0;
    if (PyFunction_Check(f)) return specialize_python(at, c, (PyFunctionObject *)f, self != NULL, nargs);
    if (!self && Py_IS_TYPE(f, &PyMethod_Type) && PyFunction_Check(PyMethod_GET_FUNCTION(f)))
        return specialize_python(at, c, (PyFunctionObject *)PyMethod_GET_FUNCTION(f), true, nargs + 1);
    if (PyType_Check(f)) return self ? kr_special_none(c) : specialize_class(at, c, (PyTypeObject *)f, nargs);
    if (Py_IS_TYPE(f, &PyCFunction_Type) && !self) {
        if (nargs == 1 && is_builtin(f, "len", &def)) form = KR_OP_CALL_LEN;
        else if (nargs == 2 && is_builtin(f, "isinstance", &def)) form = KR_OP_CALL_ISINSTANCE;
        else form = c_form(def = ((PyCFunctionObject *)f)->m_ml, nargs, functions);
    } else if (Py_IS_TYPE(f, &PyMethodDescr_Type) && self) {
        def = ((PyMethodDescrObject *)f)->d_method;
        if (PyObject_TypeCheck(self, PyDescr_TYPE(f))) form = c_form(def, nargs - 1, methods);
        if (form == KR_OP_CALL_METHOD_O && PyDescr_TYPE(f) == &PyList_Type && strcmp(def->ml_name, "append") == 0) form = KR_OP_CALL_LIST_APPEND;
    } else {
        return kr_special_none(c);
    }
    c->object = (PyObject *)def;
    return form ? kr_special_set(at, c, form) : kr_special_none(c);
}
