/* function.c - CFuncPtr and its metatype: addresses of functions, with a prototype in the class that an object may override.
 *
 * A function comes from a library, from an address, or is a thunk that calls a Python callable. Parameter flags add names, defaults and "out"
 * parameters, which the caller doesn't give and gets back instead of the result.
 */
#include "module/ctypes/ctypes.h"
#include <dlfcn.h>

/* ------------------------------------------------------------------ prototypes */

/* The tuple of a sequence of argument types, and that of their from_param attributes. */
static int read_argtypes(PyObject *given, PyObject **argtypes, PyObject **converters) {
    PyObject *types = PySequence_Tuple(given), *methods = NULL;
    if (!types) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_TypeError, "_argtypes_ must be a sequence of types");
        return -1;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(types);
    if (n > KR_C_MAX_ARGS)
        PyErr_Format(kr_c_argument_error(), "_argtypes_ has too many arguments (%zi), maximum is %i", n, KR_C_MAX_ARGS);
    else methods = PyTuple_New(n);
    for (Py_ssize_t i = 0; methods && i < n; i++) {
        PyObject *method;
        int r = _PyObject_LookupAttr(PyTuple_GET_ITEM(types, i), KR_STR(from_param), &method);
        if (r > 0) {
            PyTuple_SET_ITEM(methods, i, method);
            continue;
        }
        if (r == 0) PyErr_Format(PyExc_TypeError, "item %zd in _argtypes_ has no from_param method", i + 1);
        Py_CLEAR(methods);
    }
    if (!methods) {
        Py_DECREF(types);
        return -1;
    }
    *argtypes = types;
    *converters = methods;
    return 0;
}
/* Checks a result type and finds its _check_retval_, new reference or NULL. */
static int read_restype(PyObject *restype, const char *name, PyObject **checker) {
    *checker = NULL;
    if (restype != Py_None && !kr_c_info_of(restype) && !PyCallable_Check(restype)) {
        PyErr_Format(PyExc_TypeError, "%s must be a type, a callable, or None", name);
        return -1;
    }
    return _PyObject_LookupAttr(restype, KR_STR(_check_retval_), checker) < 0 ? -1 : 0;
}
static int fill_in(KrCInfo *info, PyTypeObject *type) {
    info->size = sizeof(void *);
    info->align = _Alignof(void *);
    info->length = 1;
    info->ffi = &ffi_type_pointer;
    info->has_pointer = true;
    if (!(info->format = kr_c_format_concat("X{}", ""))) return -1;
    PyObject *flags = kr_c_own_attribute(type, KR_STR(_flags_));
    if (!flags || !PyLong_Check(flags)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "class must define _flags_ which must be an integer");
        return -1;
    }
    info->func_flags = (int)PyLong_AsUnsignedLongMask(flags);
    PyObject *argtypes = kr_c_own_attribute(type, KR_STR(_argtypes_));
    if (argtypes) {
        if (read_argtypes(argtypes, &info->argtypes, &info->converters) < 0 || !(info->signature = kr_c_signature_new(info->converters))) return -1;
    }
    PyObject *restype = PyErr_Occurred() ? NULL : kr_c_own_attribute(type, KR_STR(_restype_));
    if (restype) {
        if (read_restype(restype, "_restype_", &info->checker) < 0) return -1;
        info->restype = Py_NewRef(restype);
    }
    return PyErr_Occurred() ? -1 : 0;
}
static PyObject *function_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds) {
    bool done;
    PyTypeObject *type = kr_c_type_new(meta, args, kwds, KR_C_FUNCTION, &done);
    if (!type || done) return (PyObject *)type;
    KrCInfo *info = kr_c_any_info(type);
    if (fill_in(info, type) < 0) {
        Py_DECREF(type);
        return NULL;
    }
    info->ready = true;
    /* Instances keep the promise themselves: kr_c_function_vectorcall looks whether the class still calls like this. */
    if (type->tp_call == kr_c_function_call) type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    return (PyObject *)type;
}

PyTypeObject kr_c_function_meta = {
    KR_C_METATYPE,
    .tp_name = "_ctypes.PyCFuncPtrType",
    .tp_doc = PyDoc_STR("metatype for C function pointers"),
    .tp_methods = kr_c_type_methods,
    .tp_as_sequence = &kr_c_type_as_sequence,
    .tp_new = function_type_new,
};

/* ------------------------------------------------------------------ making one */

enum { IN = 1, OUT = 2, LCID = 4 };

typedef struct {
    unsigned flags;
    PyObject *name, *value;         /* borrowed; NULL if not given */
} ParamFlag;

static bool read_paramflag(PyObject *item, ParamFlag *f) {
    Py_ssize_t n = PyTuple_Check(item) ? PyTuple_GET_SIZE(item) : 0;
    *f = (ParamFlag){0, NULL, NULL};
    if (n >= 1 && n <= 3 && PyLong_Check(PyTuple_GET_ITEM(item, 0)) &&
        (n == 1 || PyTuple_GET_ITEM(item, 1) == Py_None || PyUnicode_Check(PyTuple_GET_ITEM(item, 1)))) {
        f->flags = (unsigned)PyLong_AsUnsignedLongMask(PyTuple_GET_ITEM(item, 0));
        if (n > 1 && PyTuple_GET_ITEM(item, 1) != Py_None) f->name = PyTuple_GET_ITEM(item, 1);
        if (n > 2) f->value = PyTuple_GET_ITEM(item, 2);
        return true;
    }
    PyErr_SetString(PyExc_TypeError, "paramflags must be a sequence of (int [,string [,value]]) tuples");
    return false;
}
/* An "out" parameter must be something that C can store through. */
static int check_out_type(PyObject *type, Py_ssize_t i) {
    KrCInfo *info = kr_c_info_of(type);
    if (info && (info->kind == KR_C_POINTER || info->kind == KR_C_ARRAY || (info->kind == KR_C_SIMPLE && strchr("PzZ", info->code->code)))) return 0;
    PyErr_Format(PyExc_TypeError, "'out' parameter %zd must be a pointer type, not %s", i,
                 PyType_Check(type) ? ((PyTypeObject *)type)->tp_name : Py_TYPE(type)->tp_name);
    return -1;
}
static int check_paramflags(KrCInfo *info, PyObject *paramflags) {
    if (!info->argtypes) return 0;
    if (!PyTuple_Check(paramflags)) {
        PyErr_SetString(PyExc_TypeError, "paramflags must be a tuple or None");
        return -1;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(paramflags);
    if (n != PyTuple_GET_SIZE(info->argtypes)) {
        PyErr_SetString(PyExc_ValueError, "paramflags must have the same length as argtypes");
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        ParamFlag f;
        if (!read_paramflag(PyTuple_GET_ITEM(paramflags, i), &f)) return -1;
        switch (f.flags & (IN | OUT | LCID)) {
        case 0:
        case IN:
        case IN | LCID:
        case IN | OUT: break;
        case OUT:
            if (check_out_type(PyTuple_GET_ITEM(info->argtypes, i), i + 1) < 0) return -1;
            break;
        default: PyErr_Format(PyExc_TypeError, "paramflag value %d not supported", (int)f.flags); return -1;
        }
    }
    return 0;
}

/* The address of a symbol given as (name, library); NULL with an exception. */
static void *find_symbol(PyObject *pair) {
    if (PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "illegal func_spec argument");
        return NULL;
    }
    PyObject *name = PyTuple_GET_ITEM(pair, 0);
    const char *text = NULL;
    if (PyUnicode_Check(name)) text = PyUnicode_AsUTF8(name);
    else if (PyBytes_Check(name)) text = PyBytes_AS_STRING(name);
    else PyErr_SetString(PyExc_TypeError, "function name must be string, bytes object or integer");
    if (!text || PySys_Audit("ctypes.dlsym", "OO", PyTuple_GET_ITEM(pair, 1), name) < 0) return NULL;
    return kr_c_symbol(PyTuple_GET_ITEM(pair, 1), text, PyExc_AttributeError);
}
static PyObject *at_address(PyTypeObject *type, void *address) {
    PyObject *self = kr_c_data_new(type, NULL, NULL);
    if (self) memcpy(KR_C_DATA(self)->ptr, &address, sizeof address);
    return self;
}
static PyObject *from_library(PyTypeObject *type, KrCInfo *info, PyObject *given, PyObject *paramflags) {
    PyObject *pair = PySequence_Tuple(given), *self = NULL;
    if (!pair) return NULL;
    void *address = find_symbol(pair);
    if (paramflags == Py_None) paramflags = NULL;
    if (address && (!paramflags || check_paramflags(info, paramflags) == 0)) self = at_address(type, address);
    if (self) {
        KR_C_FUNC(self)->paramflags = Py_XNewRef(paramflags);
        if (kr_c_keep(KR_C_DATA(self), 0, Py_NewRef(PyTuple_GET_ITEM(pair, 1))) < 0) Py_CLEAR(self);
    }
    Py_DECREF(pair);
    return self;
}
static PyObject *from_callable(PyTypeObject *type, KrCInfo *info, PyObject *callable) {
    if (!PyCallable_Check(callable)) {
        PyErr_SetString(PyExc_TypeError, "argument must be callable or integer function address");
        return NULL;
    }
    if (!info->argtypes) {
        PyErr_SetString(PyExc_TypeError, "cannot construct instance of this class: no argtypes");
        return NULL;
    }
    void *code;
    PyObject *thunk = kr_c_thunk_new(callable, info->argtypes, info->restype ? info->restype : Py_None, info->func_flags, &code);
    PyObject *self = thunk ? at_address(type, code) : NULL;
    if (!self) {
        Py_XDECREF(thunk);
        return NULL;
    }
    KR_C_FUNC(self)->thunk = Py_NewRef(thunk);
    KR_C_FUNC(self)->callable = Py_NewRef(callable);
    if (kr_c_keep(KR_C_DATA(self), 0, thunk) < 0) Py_CLEAR(self);
    return self;
}
static PyObject *function_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n == 0) return kr_c_data_new(type, NULL, NULL);
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    PyObject *first = PyTuple_GET_ITEM(args, 0);
    if (n <= 2 && PyTuple_Check(first)) return from_library(type, info, first, n == 2 ? PyTuple_GET_ITEM(args, 1) : NULL);
    if (n == 1 && PyLong_Check(first)) {
        void *address = PyLong_AsVoidPtr(first);
        return address || !PyErr_Occurred() ? at_address(type, address) : NULL;
    }
    if (n == 1) return from_callable(type, info, first);
    PyErr_Format(PyExc_TypeError, "function takes exactly 1 argument (%zd given)", n);
    return NULL;
}

/* ------------------------------------------------------------------ attributes */

static int function_set_errcheck(PyObject *self, PyObject *value, void *unused) {
    if (value && !PyCallable_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "the errcheck attribute must be callable");
        return -1;
    }
    Py_XSETREF(KR_C_FUNC(self)->errcheck, Py_XNewRef(value));
    return 0;
}
static PyObject *function_get_errcheck(PyObject *self, void *unused) {
    PyObject *o = KR_C_FUNC(self)->errcheck;
    return Py_NewRef(o ? o : Py_None);
}
static int function_set_restype(PyObject *self, PyObject *value, void *unused) {
    PyObject *checker = NULL;
    if (value && read_restype(value, "restype", &checker) < 0) return -1;
    Py_XSETREF(KR_C_FUNC(self)->checker, checker);
    Py_XSETREF(KR_C_FUNC(self)->restype, Py_XNewRef(value));
    return 0;
}
/* What the object overrides, else the class's: NULL if there is neither. */
static PyObject *own_or(PyObject *own, PyObject *of_class) { return own ? own : of_class; }
static PyObject *function_get_restype(PyObject *self, void *unused) {
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    PyObject *o = info ? own_or(KR_C_FUNC(self)->restype, info->restype) : NULL;
    return info ? Py_NewRef(o ? o : Py_None) : NULL;
}
static int function_set_argtypes(PyObject *self, PyObject *value, void *unused) {
    KrCFunction *f = KR_C_FUNC(self);
    PyObject *types = NULL, *converters = NULL;
    KrCSignature *signature = NULL, *old = f->signature;
    if (value && value != Py_None) {
        if (read_argtypes(value, &types, &converters) < 0) return -1;
        Py_DECREF(types);
        if (!(signature = kr_c_signature_new(converters))) {
            Py_DECREF(converters);
            return -1;
        }
        types = Py_NewRef(value);
    }
    f->signature = signature;
    Py_XSETREF(f->converters, converters);
    Py_XSETREF(f->argtypes, types);
    kr_c_signature_release(old);
    return 0;
}
static PyObject *function_get_argtypes(PyObject *self, void *unused) {
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    PyObject *o = info ? own_or(KR_C_FUNC(self)->argtypes, info->argtypes) : NULL;
    return info ? Py_NewRef(o ? o : Py_None) : NULL;
}

/* ------------------------------------------------------------------ calling one */

/* The arguments of a call with parameter flags. */
typedef struct {
    PyObject *const *args;
    Py_ssize_t n;
    PyObject *kwnames;
    Py_ssize_t used;                /* by position or name */
} Given;

/* The next argument: by position, by name, or the default; borrowed, NULL with TypeError. */
static PyObject *next_argument(Given *g, const ParamFlag *f) {
    if (g->used < g->n) return g->args[g->used++];
    for (Py_ssize_t i = 0; f->name && g->kwnames && i < PyTuple_GET_SIZE(g->kwnames); i++)
        if (_PyUnicode_Equal(PyTuple_GET_ITEM(g->kwnames, i), f->name)) {
            g->used++;
            return g->args[g->n + i];
        }
    if (f->value) return f->value;
    if (f->name) PyErr_Format(PyExc_TypeError, "required argument '%S' missing", f->name);
    else PyErr_SetString(PyExc_TypeError, "not enough arguments");
    return NULL;
}
/* What C stores the value of an "out" parameter of the type into: an instance of what the type points to. */
static PyObject *out_instance(PyObject *type) {
    KrCInfo *info = kr_c_info_of(type);
    if (info && info->kind == KR_C_ARRAY) return PyObject_CallNoArgs(type);
    if (info && info->kind == KR_C_POINTER && info->item) return PyObject_CallNoArgs((PyObject *)info->item);
    PyErr_Format(PyExc_TypeError, "%s 'out' parameter must be passed as default value",
                 PyType_Check(type) ? ((PyTypeObject *)type)->tp_name : Py_TYPE(type)->tp_name);
    return NULL;
}
/* The tuple of arguments C gets. */
static PyObject *arguments_by_flags(KrCFunction *f, PyObject *argtypes, Given *g) {
    Py_ssize_t n = PyTuple_GET_SIZE(argtypes);
    PyObject *all = PyTuple_New(n);
    for (Py_ssize_t i = 0; all && i < n; i++) {
        ParamFlag p;
        PyObject *o = NULL;
        if (i < PyTuple_GET_SIZE(f->paramflags) && read_paramflag(PyTuple_GET_ITEM(f->paramflags, i), &p)) {
            switch (p.flags & (IN | OUT | LCID)) {
            case IN | LCID: o = p.value ? Py_NewRef(p.value) : PyLong_FromLong(0); break;
            case OUT: o = p.value ? Py_NewRef(p.value) : out_instance(PyTuple_GET_ITEM(argtypes, i)); break;
            case 0:
            case IN:
            case IN | OUT: o = Py_XNewRef(next_argument(g, &p)); break;
            default: PyErr_Format(PyExc_ValueError, "paramflag %u not yet implemented", p.flags);
            }
        }
        if (o) PyTuple_SET_ITEM(all, i, o);
        else Py_CLEAR(all);
    }
    Py_ssize_t given = g->n + (g->kwnames ? PyTuple_GET_SIZE(g->kwnames) : 0);
    if (all && given != g->used) {
        PyErr_Format(PyExc_TypeError, "call takes exactly %d arguments (%zd given)", (int)g->used, given);
        Py_CLEAR(all);
    }
    return all;
}
/* What the "out" parameters hold after the call: one value, or a tuple. The result itself if there are none. Takes over result. */
static PyObject *out_values(KrCFunction *f, PyObject *args, PyObject *result) {
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < PyTuple_GET_SIZE(args); i++) {
        ParamFlag p;
        PyObject *o = PyTuple_GET_ITEM(args, i), *v = NULL;
        if (!read_paramflag(PyTuple_GET_ITEM(f->paramflags, i), &p)) Py_CLEAR(list);
        else if (p.flags & OUT && (v = p.flags & IN ? Py_NewRef(o) : PyObject_CallMethodNoArgs(o, KR_STR(__ctypes_from_outparam__)))) {
            if (PyList_Append(list, v) < 0) Py_CLEAR(list);
            Py_DECREF(v);
        } else if (p.flags & OUT) {
            Py_CLEAR(list);
        }
    }
    Py_ssize_t n = list ? PyList_GET_SIZE(list) : -1;
    if (n) Py_DECREF(result);
    if (n) result = n < 0 ? NULL : n == 1 ? Py_NewRef(PyList_GET_ITEM(list, 0)) : PyList_AsTuple(list);
    Py_XDECREF(list);
    return result;
}
static int check_count(int flags, Py_ssize_t required, Py_ssize_t given) {
    if (flags & KR_C_CDECL ? given >= required : given == required) return 0;
    PyErr_Format(PyExc_TypeError, "this function takes %s%d argument%s (%d given)", flags & KR_C_CDECL ? "at least " : "", (int)required,
                 required == 1 ? "" : "s", (int)given);
    return -1;
}
static PyObject *tuple_of(PyObject *const *args, Py_ssize_t n) {
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple && i < n; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    return tuple;
}
/* Lets errcheck look at a result, which is taken over. It gives the arguments back when there is nothing to say: then *said is false. */
static PyObject *check_errors(KrCFunction *f, PyObject *errcheck, PyObject *result, PyObject *args, bool *said) {
    PyObject *v = PyObject_CallFunctionObjArgs(errcheck, result, f, args, NULL);
    *said = v != args;
    if (*said) {
        Py_DECREF(result);
        return v;
    }
    Py_DECREF(v);
    return result;
}
static PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    KrCFunction *f = KR_C_FUNC(self);
    KrCInfo *info = kr_c_concrete_info(Py_TYPE(self));
    void *address;
    if (!info || !kr_c_in_memory(&f->data, f->data.ptr, sizeof address)) return NULL;
    memcpy(&address, f->data.ptr, sizeof address);
    if (!address) {
        PyErr_SetString(PyExc_ValueError, "NULL function pointer access");
        return NULL;
    }
    PyObject *converters = f->converters ? f->converters : info->converters, *tuple = NULL, *errcheck = NULL;
    KrCSignature *signature = f->converters ? f->signature : info->signature;
    const bool by_flags = f->paramflags && info->argtypes && PyTuple_GET_SIZE(info->argtypes);
    if (by_flags) {
        Given g = {args, n, kwnames, 0};
        if (!(tuple = arguments_by_flags(f, info->argtypes, &g))) return NULL;
        n = PyTuple_GET_SIZE(tuple);
        args = ((PyTupleObject *)tuple)->ob_item;
    } else if (f->errcheck) {
        if (!(tuple = tuple_of(args, n))) return NULL;
        args = ((PyTupleObject *)tuple)->ob_item;
    }
    PyObject *result = NULL;
    if (!converters || check_count(info->func_flags, PyTuple_GET_SIZE(converters), n) == 0)
        result = kr_c_call(address, info->func_flags, signature, converters, args, n, own_or(f->restype, info->restype),
                           f->restype ? f->checker : info->checker);
    bool said = false;
    if (result && tuple && (errcheck = Py_XNewRef(f->errcheck))) {
        result = check_errors(f, errcheck, result, tuple, &said);
        Py_DECREF(errcheck);
    }
    if (result && by_flags && !said) result = out_values(f, tuple, result);
    Py_XDECREF(tuple);
    return result;
}
PyObject *kr_c_function_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (KR_LIKELY(Py_TYPE(self)->tp_call == kr_c_function_call)) return call(self, args, n, kwnames);
    return _PyObject_MakeTpCall(PyThreadState_Get(), self, args, n, kwnames);
}
PyObject *kr_c_function_call(PyObject *self, PyObject *args, PyObject *kwds) {
    KrCFlat f;
    if (kr_c_flatten(&f, args, kwds) < 0) return NULL;
    PyObject *r = call(self, f.args, f.n, f.kwnames);
    kr_c_flat_release(&f);
    return r;
}

/* ------------------------------------------------------------------ the type */

static int function_bool(PyObject *self) {
    KrCData *o = KR_C_DATA(self);
    void *address;
    if (!kr_c_in_memory(o, o->ptr, sizeof address)) return -1;
    memcpy(&address, o->ptr, sizeof address);
    return address != NULL;
}
static PyObject *function_repr(PyObject *self) { return PyUnicode_FromFormat("<%s object at %p>", Py_TYPE(self)->tp_name, self); }
static int function_traverse(PyObject *self, visitproc visit, void *arg) {
    KrCFunction *f = KR_C_FUNC(self);
    Py_VISIT(f->thunk);
    Py_VISIT(f->callable);
    Py_VISIT(f->converters);
    Py_VISIT(f->argtypes);
    Py_VISIT(f->restype);
    Py_VISIT(f->checker);
    Py_VISIT(f->errcheck);
    Py_VISIT(f->paramflags);
    return kr_c_data_traverse(self, visit, arg);
}
static int function_clear(PyObject *self) {
    KrCFunction *f = KR_C_FUNC(self);
    KrCSignature *signature = f->signature;
    f->signature = NULL;
    kr_c_signature_release(signature);
    Py_CLEAR(f->converters);
    Py_CLEAR(f->argtypes);
    Py_CLEAR(f->thunk);
    Py_CLEAR(f->callable);
    Py_CLEAR(f->restype);
    Py_CLEAR(f->checker);
    Py_CLEAR(f->errcheck);
    Py_CLEAR(f->paramflags);
    return kr_c_data_clear(self);
}
static void function_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    function_clear(self);
    kr_c_data_dealloc(self);
}

static PyGetSetDef function_getsets[] = {
    {"errcheck", function_get_errcheck, function_set_errcheck, PyDoc_STR("a function to check for errors")},
    {"restype", function_get_restype, function_set_restype, PyDoc_STR("specify the result type")},
    {"argtypes", function_get_argtypes, function_set_argtypes, PyDoc_STR("specify the argument types")},
    {NULL},
};
static PyNumberMethods function_as_number = {.nb_bool = function_bool};
KrCType kr_c_function = {
    .heap.ht_type = {
        PyVarObject_HEAD_INIT(&kr_c_function_meta, 0)
        .tp_name = "_ctypes.CFuncPtr",
        .tp_basicsize = sizeof(KrCFunction),
        .tp_base = &kr_c_data_type,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .tp_doc = PyDoc_STR("Function Pointer"),
        .tp_vectorcall_offset = offsetof(KrCFunction, vectorcall),
        .tp_dealloc = function_dealloc,
        .tp_traverse = function_traverse,
        .tp_clear = function_clear,
        .tp_repr = function_repr,
        .tp_call = kr_c_function_call,
        .tp_as_number = &function_as_number,
        .tp_getset = function_getsets,
        .tp_new = function_new,
    },
    .info.kind = KR_C_FUNCTION,
};
