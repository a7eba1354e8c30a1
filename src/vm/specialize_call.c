/* specialize_call.c - special forms of calls, by what is called; see specialize.h. */
#include "vm/specialize.h"
#include "object/method.h"
#include "object/type.h"
#include "vm/code_object.h"

/* The form for calling a builtin function or method descriptor: forms in the order no arguments, one, array, array and keywords, tuple. */
static int c_form(PyMethodDef *def, Py_ssize_t nargs, const int forms[5]) {
    switch (def->ml_flags & KR_METH_CONVENTION) {
    case METH_NOARGS: return nargs == 0 ? forms[0] : 0;
    case METH_O: return nargs == 1 ? forms[1] : 0;
    case METH_FASTCALL: return forms[2];
    case METH_FASTCALL | METH_KEYWORDS: return forms[3];
    case METH_VARARGS: return forms[4];
    default: return 0;
    }
}
static bool is_builtin(PyObject *f, const char *name, PyMethodDef **def) {
    PyObject *v = PyDict_GetItemString(kr_interp()->builtins, name);
    *def = ((PyCFunctionObject *)f)->m_ml;
    return v == f;
}
/* Whether a function takes this many positional arguments, with its defaults, and no others. */
static bool takes_any(PyFunctionObject *f, Py_ssize_t nargs) {
    PyCodeObject *b = (PyCodeObject *)f->func_code;
    if (b->co_kwonlyargcount || (b->co_flags & (CO_VARARGS | CO_VARKEYWORDS))) return false;
    return nargs <= b->co_argcount && nargs + (f->func_defaults ? PyTuple_GET_SIZE(f->func_defaults) : 0) >= b->co_argcount;
}
bool kr_call_plan(PyFunctionObject *f, Py_ssize_t nargs, PyObject *kwnames, uint64_t *plan) {
    PyCodeObject *b = (PyCodeObject *)f->func_code;
    Py_ssize_t count = b->co_argcount, params = count + b->co_kwonlyargcount, defaults = f->func_defaults ? PyTuple_GET_SIZE(f->func_defaults) : 0;
    if ((b->co_flags & (CO_VARARGS | CO_VARKEYWORDS)) || params > KR_PLAN_MAX || nargs > count) return false;
    *plan = 0;
    for (Py_ssize_t i = 0, found = 0; i < params; i++) {
        uint64_t source = i < nargs ? (uint64_t)i : KR_PLAN_DEFAULT;
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); k++) {
            if (PyTuple_GET_ITEM(b->co_localsplusnames, i) != PyTuple_GET_ITEM(kwnames, k)) continue;  /* both are interned */
            if (i < nargs || i < b->co_posonlyargcount) return false;
            source = (uint64_t)(nargs + k);
            found++;
        }
        if (source == KR_PLAN_DEFAULT && (i >= count || i < count - defaults)) return false;
        if (i == params - 1 && found != PyTuple_GET_SIZE(kwnames)) return false;
        *plan |= source << (KR_PLAN_BITS * i);
    }
    return params > 0;
}
static bool specialize_python(KrInstr *at, KrCache *c, PyFunctionObject *f, bool bound, Py_ssize_t nargs) {
    KrCode *code = (KrCode *)f->func_code;
    PyCodeObject *b = &code->base;
    if (f->vectorcall != _PyFunction_Vectorcall || !(c->version = kr_code_version(code))) return kr_special_none(c);
    if (b->co_flags & KR_CODE_MAKES_GENERATOR) return kr_call_is_exact(code, nargs) ? kr_special_set(at, c, KR_OP_CALL_PY_GENERATOR) : kr_special_none(c);
    if (c->extra && takes_any(f, nargs)) return kr_special_set(at, c, KR_OP_CALL_PY_ANY);      /* a form for one function has failed here before */
    if (kr_call_is_exact(code, nargs)) return kr_special_set(at, c, bound ? KR_OP_CALL_PY_METHOD : KR_OP_CALL_PY_EXACT);
    if (takes_any(f, nargs)) return kr_special_set(at, c, KR_OP_CALL_PY_DEFAULTS);
    return kr_special_none(c);
}
/* A class that is called like most: plain object.__new__, and what `init` is. */
static bool is_plain_class(PyTypeObject *t, initproc init) {
    return Py_TYPE(t)->tp_call == PyType_Type.tp_call && t->tp_vectorcall == kr_class_vectorcall && t->tp_new == kr_object_new && t->tp_init == init &&
           !(t->tp_flags & Py_TPFLAGS_IS_ABSTRACT) && t->tp_alloc == PyType_GenericAlloc;
}
/* The form `op` for a class with an __init__ in Python. */
static bool specialize_init(KrInstr *at, KrCache *c, PyTypeObject *t, int op) {
    if (!is_plain_class(t, kr_slot_init) || !(c->version = kr_type_version(t))) return kr_special_none(c);
    PyObject *init = _PyType_Lookup(t, KR_STR(__init__));
    if (!init || !PyFunction_Check(init) || ((PyFunctionObject *)init)->vectorcall != _PyFunction_Vectorcall) return kr_special_none(c);
    KrCode *code = (KrCode *)((PyFunctionObject *)init)->func_code;
    if ((code->base.co_flags & KR_CODE_MAKES_GENERATOR) || !(c->version2 = kr_code_version(code))) return kr_special_none(c);
    c->object = init;
    return kr_special_set(at, c, op);
}
static bool specialize_class(KrInstr *at, KrCache *c, PyTypeObject *t, Py_ssize_t nargs) {
    if (t == &PyType_Type) return nargs == 1 ? kr_special_set(at, c, KR_OP_CALL_TYPE_1) : kr_special_none(c);
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE) && Py_IS_TYPE(t, &PyType_Type) && t->tp_vectorcall) {
        c->object = (PyObject *)t;
        return kr_special_set(at, c, KR_OP_CALL_STATIC_TYPE);
    }
    if (nargs == 0 && is_plain_class(t, kr_object_init) && (c->version = kr_type_version(t))) return kr_special_set(at, c, KR_OP_CALL_CLASS_PLAIN);
    return specialize_init(at, c, t, KR_OP_CALL_CLASS_INIT);
}
bool kr_specialize_call_kw(KrInstr *at, KrCache *c, PyObject **base, PyObject *kwnames) {
    PyObject *f = base[0];
    bool bound = base[1] != NULL;
    Py_ssize_t nargs = at->c + bound - PyTuple_GET_SIZE(kwnames);
    uint64_t plan;
    if (!bound && Py_IS_TYPE(f, &PyMethod_Type)) {      /* the instruction unpacks it before it runs the form */
        f = PyMethod_GET_FUNCTION(f);
        bound = true;
        nargs++;
    }
    if (PyType_Check(f) && !bound) return specialize_init(at, c, (PyTypeObject *)f, KR_OP_CALL_KW_CLASS_INIT);
    if (!PyFunction_Check(f)) return kr_special_none(c);
    PyFunctionObject *func = (PyFunctionObject *)f;
    if (func->vectorcall != _PyFunction_Vectorcall || (((PyCodeObject *)func->func_code)->co_flags & KR_CODE_MAKES_GENERATOR) ||
        !(c->version = kr_code_version((KrCode *)func->func_code)) || !kr_call_plan(func, nargs, kwnames, &plan))
        return kr_special_none(c);
    c->word[1] = plan;
    c->extra = bound;
    return kr_special_set(at, c, KR_OP_CALL_KW_PY);
}

/* super() in a method, of which only a method of its instance's is wanted: neither is made. */
static bool specialize_super(KrInstr *at, KrCache *c) {
    KrFrame *f = kr_frame_current();
    PyCodeObject *code = &f->code->base;
    PyObject *self = code->co_argcount ? f->regs[0] : NULL, *kinds = code->co_localspluskinds, *cell = NULL, *method = NULL;
    int i = code->co_nlocalsplus - code->co_nfreevars;
    if (!self || (PyBytes_AS_STRING(kinds)[0] & KR_KIND_CELL) || PyType_Check(self)) return false;
    if (!(at->a & KR_DEST_DEAD) || kr_op_generic[at[1].op] != KR_OP_LOAD_METHOD || at[1].b != ((at->a & KR_REG_MASK) | KR_OPERAND_CONSUME)) return false;
    while (i < code->co_nlocalsplus && PyTuple_GET_ITEM(code->co_localsplusnames, i) != KR_STR(__class__)) i++;
    if (i < code->co_nlocalsplus) cell = f->regs[i];
    PyTypeObject *type = cell && PyCell_Check(cell) ? (PyTypeObject *)PyCell_GET(cell) : NULL;
    PyObject *name = f->code->names[at[1].c];
    if (!type || !PyType_Check(type) || !PyType_IsSubtype(Py_TYPE(self), type) || name == KR_STR(__class__)) return false;
    if (!(c->version = kr_type_version(Py_TYPE(self))) || !(c->version2 = kr_type_version(type)) || i >= (int)KR_INDEX_NONE) return false;
    if (!(method = kr_super_find(type, Py_TYPE(self), name))) {
        PyErr_Clear();
        return false;
    }
    bool bound = PyType_HasFeature(Py_TYPE(method), Py_TPFLAGS_METHOD_DESCRIPTOR) && (Py_TYPE(method)->tp_flags & Py_TPFLAGS_IMMUTABLETYPE);
    c->object = method;         /* the class has it */
    c->index = (uint16_t)i;
    Py_DECREF(method);
    return bound && kr_special_set(at, c, KR_OP_CALL_SUPER_METHOD);
}
bool kr_specialize_call(KrInstr *at, KrCache *c, PyObject **base, Py_ssize_t nargs) {
    static const int functions[5] = {0, KR_OP_CALL_C_O, KR_OP_CALL_C_FAST, KR_OP_CALL_C_FAST_KEYWORDS, KR_OP_CALL_C_VARARGS};
    static const int methods[5] = {KR_OP_CALL_METHOD_NOARGS, KR_OP_CALL_METHOD_O, KR_OP_CALL_METHOD_FAST, KR_OP_CALL_METHOD_FAST_KEYWORDS, KR_OP_CALL_METHOD_VARARGS};
    PyObject *f = base[0], *self = base[1];
    PyMethodDef *def;
    int form = 0;
    if (PyFunction_Check(f)) return specialize_python(at, c, (PyFunctionObject *)f, self != NULL, nargs);
    if (!self && Py_IS_TYPE(f, &PyMethod_Type) && PyFunction_Check(PyMethod_GET_FUNCTION(f)))
        return specialize_python(at, c, (PyFunctionObject *)PyMethod_GET_FUNCTION(f), true, nargs + 1);
    if (f == (PyObject *)&PySuper_Type && !self && nargs == 0 && specialize_super(at, c)) return true;
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
