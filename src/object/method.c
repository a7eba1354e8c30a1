/* method.c - C functions as objects: builtin_function_or_method and builtin_method.
 *
 * A function object points to its PyMethodDef (not owned: a table of the module or type) and owns its self (NULL, a module,
 * an instance or, for class methods, a class) and the value of __module__. builtin_method adds the defining class, for METH_METHOD.
 * Invariant: `vectorcall` fits the flags; it is NULL for METH_VARARGS, whose functions want a tuple anyway, so that tp_call
 * gets the caller's. Dead objects of the exact type builtin_function_or_method are kept for the next bound builtin.
 */
#include "object/method.h"
#include "memory/gc.h"
#include "object/container.h"
#include "object/tuple.h"

#define FREE_MAX 64

/* ------------------------------------------------------------------ calls by convention */

PyObject *kr_c_call_refuse(PyObject *callable, const char *complaint, Py_ssize_t n) {
    PyObject *name = kr_function_str(callable);
    if (name == NULL) return NULL;
    char text[64];
    PyOS_snprintf(text, sizeof text, complaint, n);
    PyErr_Format(PyExc_TypeError, "%U %s", name, text);
    Py_DECREF(name);
    return NULL;
}

PyObject *kr_c_call_bad_flags(PyMethodDef *def) {
    PyErr_Format(PyExc_SystemError, "%s() method: bad call flags", def->ml_name);
    return NULL;
}

PyObject *kr_c_call_tuple(PyObject *self, const KrCCall *c) {
    PyObject *args = kr_stack_as_tuple(c->args, c->nargs), *kwargs = NULL, *r = NULL;
    if (args == NULL) return NULL;
    if (kr_c_call_has_keywords(c) && (kwargs = _PyStack_AsDict(c->args + c->nargs, c->kwnames)) == NULL) goto out;
    if (KR_C_ENTER()) goto out;
    r = c->def->ml_flags & METH_KEYWORDS ? KR_C_FUNCTION(c, PyCFunctionWithKeywords)(self, args, kwargs) : c->def->ml_meth(self, args);
    Py_LeaveRecursiveCall();
out:
    Py_DECREF(args);
    Py_XDECREF(kwargs);
    return r;
}

#define VECTORCALL(name, flags)                                                                                                     \
    static PyObject *cfunction_vectorcall_##name(PyObject *f, PyObject *const *args, size_t nargsf, PyObject *kwnames) {            \
        PyMethodDef *def = ((PyCFunctionObject *)f)->m_ml;                                                                          \
        KrCCall c = {f, def, (flags)&METH_METHOD ? ((PyCMethodObject *)f)->mm_class : NULL, args, PyVectorcall_NARGS(nargsf), kwnames}; \
        PyObject *self = KR_UNLIKELY(def->ml_flags & METH_STATIC) ? NULL : ((PyCFunctionObject *)f)->m_self;                        \
        return kr_c_call_##name(self, &c);                                                                                          \
    }
VECTORCALL(noargs, METH_NOARGS)
VECTORCALL(o, METH_O)
VECTORCALL(fastcall, METH_FASTCALL)
VECTORCALL(fastcall_keywords, METH_FASTCALL | METH_KEYWORDS)
VECTORCALL(method, METH_METHOD | METH_FASTCALL | METH_KEYWORDS)

/* The vectorcall function for flags; false if they are no convention. */
static bool choose_vectorcall(int flags, vectorcallfunc *f) {
    switch (flags & KR_METH_CONVENTION) {
        case METH_VARARGS:
        case METH_VARARGS | METH_KEYWORDS: *f = NULL; return true;
        case METH_NOARGS: *f = cfunction_vectorcall_noargs; return true;
        case METH_O: *f = cfunction_vectorcall_o; return true;
        case METH_FASTCALL: *f = cfunction_vectorcall_fastcall; return true;
        case METH_FASTCALL | METH_KEYWORDS: *f = cfunction_vectorcall_fastcall_keywords; return true;
        case METH_METHOD | METH_FASTCALL | METH_KEYWORDS: *f = cfunction_vectorcall_method; return true;
        default: return false;
    }
}

/* tp_call: the METH_VARARGS functions; the others through their vectorcall. */
static PyObject *cfunction_call(PyObject *f, PyObject *args, PyObject *kwargs) {
    PyMethodDef *def = ((PyCFunctionObject *)f)->m_ml;
    if (!(def->ml_flags & METH_VARARGS)) return PyVectorcall_Call(f, args, kwargs);
    PyObject *self = PyCFunction_GET_SELF(f);
    if (def->ml_flags & METH_KEYWORDS) return ((PyCFunctionWithKeywords)(void (*)(void))def->ml_meth)(self, args, kwargs);
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_Format(PyExc_TypeError, "%.200s() takes no keyword arguments", def->ml_name);
        return NULL;
    }
    return def->ml_meth(self, args);
}

PyObject *PyCFunction_Call(PyObject *f, PyObject *args, PyObject *kwargs) { return PyObject_Call(f, args, kwargs); }

/* ------------------------------------------------------------------ making */

static PyCFunctionObject *cfunction_alloc(void) {
    KrTypeState *s = &kr_interp()->type;
    PyCFunctionObject *f = s->cfunction_free;
    if (f == NULL) return PyObject_GC_New(PyCFunctionObject, &PyCFunction_Type);
    s->cfunction_free = (PyCFunctionObject *)f->m_self;
    s->cfunction_free_count--;
    _Py_NewReference((PyObject *)f);
    return f;
}

PyObject *PyCMethod_New(PyMethodDef *def, PyObject *self, PyObject *module, PyTypeObject *cls) {
    vectorcallfunc vectorcall;
    PyCFunctionObject *f;
    if (!choose_vectorcall(def->ml_flags, &vectorcall)) return kr_c_call_bad_flags(def);
    if (def->ml_flags & METH_METHOD) {
        if (cls == NULL) {
            PyErr_SetString(PyExc_SystemError, "attempting to create PyCMethod with a METH_METHOD flag but no class");
            return NULL;
        }
        PyCMethodObject *m = PyObject_GC_New(PyCMethodObject, &PyCMethod_Type);
        if (m == NULL) return NULL;
        m->mm_class = (PyTypeObject *)Py_NewRef(cls);
        f = &m->func;
    } else {
        if (cls != NULL) {
            PyErr_SetString(PyExc_SystemError, "attempting to create PyCFunction with class but no METH_METHOD flag");
            return NULL;
        }
        f = cfunction_alloc();
        if (f == NULL) return NULL;
    }
    f->m_ml = def;
    f->m_self = Py_XNewRef(self);
    f->m_module = Py_XNewRef(module);
    f->m_weakreflist = NULL;
    f->vectorcall = vectorcall;
    KR_TRACK(f);
    return (PyObject *)f;
}

PyObject *(PyCFunction_NewEx)(PyMethodDef *def, PyObject *self, PyObject *module) { return PyCMethod_New(def, self, module, NULL); }
PyObject *(PyCFunction_New)(PyMethodDef *def, PyObject *self) { return PyCMethod_New(def, self, NULL, NULL); }

static void cfunction_dealloc(PyObject *self) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, cfunction_dealloc)
    if (f->m_weakreflist != NULL) PyObject_ClearWeakRefs(self);
    if (PyCMethod_Check(self)) Py_XDECREF(((PyCMethodObject *)self)->mm_class);
    Py_XDECREF(f->m_self);
    Py_XDECREF(f->m_module);
    KrTypeState *s = &kr_interp()->type;
    if (KR_FREE_LISTS && PyCFunction_CheckExact(self) && s->cfunction_free_count < FREE_MAX) {
        f->m_self = (PyObject *)s->cfunction_free;
        s->cfunction_free = f;
        s->cfunction_free_count++;
    } else {
        PyObject_GC_Del(self);
    }
    KR_TRASHCAN_END
}

static int cfunction_traverse(PyObject *self, visitproc visit, void *arg) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    if (PyCMethod_Check(self)) Py_VISIT(((PyCMethodObject *)self)->mm_class);
    Py_VISIT(f->m_self);
    Py_VISIT(f->m_module);
    return 0;
}

/* ------------------------------------------------------------------ access from C */

static PyCFunctionObject *checked(PyObject *o) {
    if (PyCFunction_Check(o)) return (PyCFunctionObject *)o;
    PyErr_BadInternalCall();
    return NULL;
}
PyCFunction PyCFunction_GetFunction(PyObject *o) {
    PyCFunctionObject *f = checked(o);
    return f == NULL ? NULL : f->m_ml->ml_meth;
}
PyObject *PyCFunction_GetSelf(PyObject *o) { return checked(o) == NULL ? NULL : PyCFunction_GET_SELF(o); }
int PyCFunction_GetFlags(PyObject *o) {
    PyCFunctionObject *f = checked(o);
    return f == NULL ? -1 : f->m_ml->ml_flags;
}

/* ------------------------------------------------------------------ attributes */

/* Whether it is a plain function: one of a module, or with no self at all. */
static bool is_module_function(PyCFunctionObject *f) { return f->m_self == NULL || PyModule_Check(f->m_self); }

static PyObject *cfunction_get_doc(PyObject *self, void *closure) {
    PyMethodDef *def = ((PyCFunctionObject *)self)->m_ml;
    return _PyType_GetDocFromInternalDoc(def->ml_name, def->ml_doc);
}
static PyObject *cfunction_get_text_signature(PyObject *self, void *closure) {
    PyMethodDef *def = ((PyCFunctionObject *)self)->m_ml;
    return _PyType_GetTextSignatureFromInternalDoc(def->ml_name, def->ml_doc);
}
static PyObject *cfunction_get_name(PyObject *self, void *closure) { return PyUnicode_FromString(((PyCFunctionObject *)self)->m_ml->ml_name); }
static PyObject *cfunction_get_qualname(PyObject *self, void *closure) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    if (is_module_function(f)) return PyUnicode_FromString(f->m_ml->ml_name);
    PyObject *cls = PyType_Check(f->m_self) ? f->m_self : (PyObject *)Py_TYPE(f->m_self), *r = NULL;
    PyObject *qualname = PyObject_GetAttr(cls, KR_STR(__qualname__));
    if (qualname == NULL) return NULL;
    if (PyUnicode_Check(qualname)) r = PyUnicode_FromFormat("%S.%s", qualname, f->m_ml->ml_name);
    else PyErr_SetString(PyExc_TypeError, "<method>.__class__.__qualname__ is not a unicode object");
    Py_DECREF(qualname);
    return r;
}
static PyObject *cfunction_get_self(PyObject *self, void *closure) {
    PyObject *s = PyCFunction_GET_SELF(self);
    return Py_NewRef(s == NULL ? Py_None : s);
}

static PyGetSetDef cfunction_getsets[] = {
    {"__doc__", cfunction_get_doc},
    {"__name__", cfunction_get_name},
    {"__qualname__", cfunction_get_qualname},
    {"__self__", cfunction_get_self},
    {"__text_signature__", cfunction_get_text_signature},
    {NULL},
};
static PyMemberDef cfunction_members[] = {
    {"__module__", T_OBJECT, offsetof(PyCFunctionObject, m_module), 0},
    {NULL},
};

/* ------------------------------------------------------------------ protocols */

static PyObject *cfunction_repr(PyObject *self) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    if (is_module_function(f)) return PyUnicode_FromFormat("<built-in function %s>", f->m_ml->ml_name);
    return PyUnicode_FromFormat("<built-in method %s of %s object at %p>", f->m_ml->ml_name, Py_TYPE(f->m_self)->tp_name, f->m_self);
}

static PyObject *cfunction_richcompare(PyObject *a, PyObject *b, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyCFunction_Check(a) || !PyCFunction_Check(b)) Py_RETURN_NOTIMPLEMENTED;
    PyCFunctionObject *f = (PyCFunctionObject *)a, *g = (PyCFunctionObject *)b;
    bool same = f->m_self == g->m_self && f->m_ml->ml_meth == g->m_ml->ml_meth;
    return PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t cfunction_hash(PyObject *self) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    Py_hash_t h = _Py_HashPointer(f->m_self) ^ _Py_HashPointer((void *)f->m_ml->ml_meth);
    return h == -1 ? -2 : h;
}

static PyObject *cfunction_reduce(PyObject *self, PyObject *unused) {
    PyCFunctionObject *f = (PyCFunctionObject *)self;
    if (is_module_function(f)) return PyUnicode_FromString(f->m_ml->ml_name);
    return Py_BuildValue("N(Os)", kr_builtin("getattr"), f->m_self, f->m_ml->ml_name);
}

static PyMethodDef cfunction_methods[] = {
    {"__reduce__", cfunction_reduce, METH_NOARGS, NULL},
    {NULL},
};

PyTypeObject PyCFunction_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "builtin_function_or_method",
    .tp_basicsize = sizeof(PyCFunctionObject),
    .tp_dealloc = cfunction_dealloc,
    .tp_vectorcall_offset = offsetof(PyCFunctionObject, vectorcall),
    .tp_repr = cfunction_repr,
    .tp_hash = cfunction_hash,
    .tp_call = cfunction_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_traverse = cfunction_traverse,
    .tp_richcompare = cfunction_richcompare,
    .tp_weaklistoffset = offsetof(PyCFunctionObject, m_weakreflist),
    .tp_methods = cfunction_methods,
    .tp_members = cfunction_members,
    .tp_getset = cfunction_getsets,
};

PyTypeObject PyCMethod_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "builtin_method",
    .tp_basicsize = sizeof(PyCMethodObject),
    .tp_base = &PyCFunction_Type,
    .tp_dealloc = cfunction_dealloc,
    .tp_vectorcall_offset = offsetof(PyCFunctionObject, vectorcall),
    .tp_call = cfunction_call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_traverse = cfunction_traverse,
};

void kr_method_fini(KrInterp *interp) {
    KrTypeState *s = &interp->type;
    while (s->cfunction_free != NULL) {
        PyCFunctionObject *f = s->cfunction_free;
        s->cfunction_free = (PyCFunctionObject *)f->m_self;
        PyObject_GC_Del(f);
    }
    while (s->method_free != NULL) {
        PyMethodObject *m = s->method_free;
        s->method_free = (PyMethodObject *)m->im_self;
        PyObject_GC_Del(m);
    }
    s->cfunction_free_count = s->method_free_count = 0;
}
