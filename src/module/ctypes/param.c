/* param.c - Python objects as arguments of C functions: from_param of all classes, what it and byref() give (CArgObject), and the last step, which
 * takes any object: what from_param gave, or, without argument types, the argument itself.
 */
#include "module/ctypes/ctypes.h"

/* ------------------------------------------------------------------ CArgObject */

KrCArg *kr_c_arg_new(char tag, ffi_type *ffi) {
    KrCArg *a = PyObject_New(KrCArg, &kr_c_arg_type);
    if (!a) return NULL;
    a->tag = tag;
    a->ffi = ffi;
    memset(&a->value, 0, sizeof a->value);
    a->obj = NULL;
    return a;
}
PyObject *kr_c_byref(PyObject *data, Py_ssize_t offset) {
    KrCArg *a = kr_c_arg_new('P', &ffi_type_pointer);
    if (!a) return NULL;
    a->value.p = (void *)((uintptr_t)KR_C_DATA(data)->ptr + (size_t)offset);
    a->obj = Py_NewRef(data);
    return (PyObject *)a;
}
static void arg_dealloc(PyObject *self) {
    Py_XDECREF(KR_C_ARG(self)->obj);
    PyObject_Free(self);
}
static PyObject *arg_repr(PyObject *self) {
    KrCArg *a = KR_C_ARG(self);
    switch (a->tag) {
    case 'b':
    case 'B': return PyUnicode_FromFormat("<cparam '%c' (%d)>", a->tag, a->value.b);
    case 'h':
    case 'H': return PyUnicode_FromFormat("<cparam '%c' (%d)>", a->tag, a->value.h);
    case 'i':
    case 'I': return PyUnicode_FromFormat("<cparam '%c' (%d)>", a->tag, a->value.i);
    case 'l':
    case 'L': return PyUnicode_FromFormat("<cparam '%c' (%ld)>", a->tag, a->value.l);
    case 'q':
    case 'Q': return PyUnicode_FromFormat("<cparam '%c' (%lld)>", a->tag, a->value.q);
    case 'd':
    case 'f': {
        PyObject *f = PyFloat_FromDouble(a->tag == 'f' ? a->value.f : a->value.d);
        PyObject *r = f ? PyUnicode_FromFormat("<cparam '%c' (%R)>", a->tag, f) : NULL;
        Py_XDECREF(f);
        return r;
    }
    case 'c': {
        const unsigned char c = (unsigned char)a->value.c;
        if (c >= ' ' && c < 127 && c != '\'' && c != '\\') return PyUnicode_FromFormat("<cparam '%c' ('%c')>", a->tag, c);
        return PyUnicode_FromFormat("<cparam '%c' ('\\x%02x')>", a->tag, c);
    }
    case 'z':
    case 'Z':
    case 'P': return PyUnicode_FromFormat("<cparam '%c' (%p)>", a->tag, a->value.p);
    default: return PyUnicode_FromFormat("<cparam '%c' at %p>", a->tag, self);
    }
}
static PyMemberDef arg_members[] = {{"_obj", T_OBJECT, offsetof(KrCArg, obj), READONLY, PyDoc_STR("the wrapped object")}, {NULL}};
PyTypeObject kr_c_arg_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "CArgObject",
    .tp_basicsize = sizeof(KrCArg),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = arg_dealloc,
    .tp_repr = arg_repr,
    .tp_members = arg_members,
};

/* A pointer argument: an address, and what has to live. */
static PyObject *pointer_arg(char tag, const void *p, PyObject *keep) {
    KrCArg *a = kr_c_arg_new(tag, &ffi_type_pointer);
    if (!a) return NULL;
    a->value.p = (void *)p;
    a->obj = Py_XNewRef(keep);
    return (PyObject *)a;
}
/* The argument that a setter makes of the value; NULL with an exception. */
static PyObject *converted_arg(const KrCCode *code, PyObject *value) {
    KrCArg *a = kr_c_arg_new(code->code, code->ffi);
    if (!a) return NULL;
    a->obj = code->set(a->value.bytes, value, 0);
    if (!a->obj) Py_CLEAR(a);
    return (PyObject *)a;
}

/* ------------------------------------------------------------------ from_param */

typedef PyObject *(*FromParam)(PyTypeObject *, PyObject *);

/* Goes on with value._as_parameter_, or says that the value is of no use: in `message`, or, if that is NULL, naming both types. */
static PyObject *as_parameter(FromParam again, PyTypeObject *type, PyObject *value, const char *message) {
    PyObject *inner, *r = NULL;
    if (_PyObject_LookupAttr(value, KR_STR(_as_parameter_), &inner) < 0) return NULL;
    if (!inner) {
        if (message) PyErr_SetString(PyExc_TypeError, message);
        else PyErr_Format(PyExc_TypeError, "expected %s instance instead of %s", type->tp_name, Py_TYPE(value)->tp_name);
        return NULL;
    }
    if (!Py_EnterRecursiveCall("while processing _as_parameter_")) {
        r = again(type, inner);
        Py_LeaveRecursiveCall();
    }
    Py_DECREF(inner);
    return r;
}

/* 1 if value is an instance of type or, in a CArgObject, a pointer to something that is one of the type's items; 0, -1. */
static int is_instance(PyTypeObject *type, PyObject *value) { return Py_IS_TYPE(value, type) ? 1 : PyObject_IsInstance(value, (PyObject *)type); }

static PyObject *instance_from_param(PyTypeObject *type, PyObject *value) {
    KrCInfo *info = kr_c_any_info(type);
    int r = is_instance(type, value);
    if (r) return r < 0 ? NULL : Py_NewRef(value);
    if (!Py_IS_TYPE(value, &kr_c_arg_type)) return as_parameter(instance_from_param, type, value, NULL);
    PyObject *o = KR_C_ARG(value)->obj;
    if (o && info && info->item && (r = PyObject_IsInstance(o, (PyObject *)info->item))) return r < 0 ? NULL : Py_NewRef(value);
    PyErr_Format(PyExc_TypeError, "expected %s instance instead of pointer to %s", type->tp_name, o ? Py_TYPE(o)->tp_name : "???");
    return NULL;
}
static PyObject *pointer_from_param(PyTypeObject *type, PyObject *value) {
    if (value == Py_None) Py_RETURN_NONE;
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    if (kr_c_is_data(value) && info->item) {
        /* What it points to is taken for a pointer to it, and so is an array, or another pointer, to such things. */
        int r = PyObject_IsInstance(value, (PyObject *)info->item);
        if (r) return r < 0 ? NULL : kr_c_byref(value, 0);
        KrCInfo *given = kr_c_info(Py_TYPE(value));
        if (given && given->item && (given->kind == KR_C_ARRAY || given->kind == KR_C_POINTER)) {
            r = PyObject_IsSubclass((PyObject *)given->item, (PyObject *)info->item);
            if (r) return r < 0 ? NULL : Py_NewRef(value);
        }
    }
    return instance_from_param(type, value);
}
static PyObject *simple_from_param(PyTypeObject *type, PyObject *value) {
    int r = is_instance(type, value);
    if (r) return r < 0 ? NULL : Py_NewRef(value);
    KrCInfo *info = kr_c_concrete_info(type);
    if (!info) return NULL;
    PyObject *arg = converted_arg(info->code, value);
    if (arg) return arg;
    PyErr_Clear();
    return as_parameter(simple_from_param, type, value, "wrong type");
}
PyObject *kr_c_from_param(PyTypeObject *type, PyObject *value) {
    KrCInfo *info = kr_c_any_info(type);
    switch (info ? info->kind : KR_C_NONE) {
    case KR_C_SIMPLE: return simple_from_param(type, value);
    case KR_C_POINTER: return pointer_from_param(type, value);
    default: return instance_from_param(type, value);
    }
}

/* Is it an array of, or a pointer to, items of the code (0: of any type)? */
static bool points_to(PyObject *o, char code) {
    KrCInfo *info = kr_c_is_data(o) ? kr_c_info(Py_TYPE(o)) : NULL;
    if (!info || (info->kind != KR_C_ARRAY && info->kind != KR_C_POINTER)) return false;
    if (!code) return true;
    KrCInfo *item = info->item ? kr_c_info(info->item) : NULL;
    return item && item->code && item->code->code == code;
}
/* What char * and wchar_t * take alike: None, a str or bytes, instances, arrays of and pointers to characters, byref() of one. */
static PyObject *string_from_param(PyTypeObject *type, PyObject *value, PyTypeObject *text, char string_code, char char_code, FromParam again) {
    if (value == Py_None) Py_RETURN_NONE;
    if (PyObject_TypeCheck(value, text)) return converted_arg(kr_c_code(string_code), value);
    int r = is_instance(type, value);
    if (r) return r < 0 ? NULL : Py_NewRef(value);
    if (points_to(value, char_code)) return Py_NewRef(value);
    if (Py_IS_TYPE(value, &kr_c_arg_type)) {
        PyObject *o = KR_C_ARG(value)->obj;
        KrCInfo *info = o && kr_c_is_data(o) ? kr_c_info(Py_TYPE(o)) : NULL;
        if (info && info->code && info->code->code == char_code) return Py_NewRef(value);
    }
    return as_parameter(again, type, value, "wrong type");
}
static PyObject *bytes_from_param(PyTypeObject *type, PyObject *value) {
    return string_from_param(type, value, &PyBytes_Type, 'z', 'c', bytes_from_param);
}
static PyObject *wide_from_param(PyTypeObject *type, PyObject *value) {
    return string_from_param(type, value, &PyUnicode_Type, 'Z', 'u', wide_from_param);
}
/* void *: anything with an address. */
static PyObject *address_from_param(PyTypeObject *type, PyObject *value) {
    if (value == Py_None) Py_RETURN_NONE;
    if (PyLong_Check(value)) return converted_arg(kr_c_code('P'), value);
    if (PyBytes_Check(value)) return converted_arg(kr_c_code('z'), value);
    if (PyUnicode_Check(value)) return converted_arg(kr_c_code('Z'), value);
    int r = is_instance(type, value);
    if (r) return r < 0 ? NULL : Py_NewRef(value);
    if (points_to(value, 0) || (Py_IS_TYPE(value, &kr_c_arg_type) && KR_C_ARG(value)->tag == 'P')) return Py_NewRef(value);
    KrCInfo *info = kr_c_is_data(value) ? kr_c_info(Py_TYPE(value)) : NULL;
    const char code = info && info->code ? info->code->code : 0;
    if ((info && info->kind == KR_C_FUNCTION) || code == 'z' || code == 'Z') {
        void *p;
        if (!kr_c_in_memory(KR_C_DATA(value), KR_C_DATA(value)->ptr, sizeof p)) return NULL;
        memcpy(&p, KR_C_DATA(value)->ptr, sizeof p);
        return pointer_arg(code ? 'Z' : 'P', p, value);
    }
    return as_parameter(address_from_param, type, value, "wrong type");
}
static PyObject *z_from_param(PyObject *type, PyObject *value) { return bytes_from_param((PyTypeObject *)type, value); }
static PyObject *Z_from_param(PyObject *type, PyObject *value) { return wide_from_param((PyTypeObject *)type, value); }
static PyObject *P_from_param(PyObject *type, PyObject *value) { return address_from_param((PyTypeObject *)type, value); }
PyMethodDef *kr_c_special_from_param(char code) {
    static const char doc[] = "Convert a Python object into a function call parameter.";
    static PyMethodDef defs[] = {
        {"from_param", z_from_param, METH_O, doc},
        {"from_param", Z_from_param, METH_O, doc},
        {"from_param", P_from_param, METH_O, doc},
    };
    return code == 'z' ? &defs[0] : code == 'Z' ? &defs[1] : code == 'P' ? &defs[2] : NULL;
}

/* ------------------------------------------------------------------ the last step */

int kr_c_pass_data(KrCData *o, KrCInfo *info, KrCPassed *a) {
    if (!kr_c_in_memory(o, o->ptr, info->size)) return -1;
    a->place = &a->value;
    switch (info->kind) {
    case KR_C_ARRAY:        /* decays to a pointer */
        a->ffi = &ffi_type_pointer;
        a->value.p = o->ptr;
        return 0;
    case KR_C_STRUCT:
    case KR_C_UNION:
        a->ffi = kr_c_ffi_type(Py_TYPE(o));
        a->place = o->ptr;
        return a->ffi ? 0 : -1;
    default:
        a->ffi = info->ffi;
        memcpy(&a->value, o->ptr, (size_t)info->size);
        return 0;
    }
}
/* An int without a type is an int. */
static int pass_int(PyObject *o, KrCPassed *a) {
    unsigned long v = PyLong_AsUnsignedLong(o);
    if (v == (unsigned long)-1 && PyErr_Occurred()) {
        PyErr_Clear();
        v = (unsigned long)PyLong_AsLong(o);
        if (v == (unsigned long)-1 && PyErr_Occurred()) {
            PyErr_SetString(PyExc_OverflowError, "int too long to convert");
            return -1;
        }
    }
    a->ffi = &ffi_type_sint32;
    a->value.i = (int)v;
    return 0;
}
int kr_c_pass(PyObject *o, Py_ssize_t i, KrCPassed *a) {
    a->keep = NULL;
    a->place = &a->value;
    if (kr_c_is_data(o)) {
        KrCInfo *info = kr_c_concrete_info(Py_TYPE(o));
        return info ? kr_c_pass_data(KR_C_DATA(o), info, a) : -1;
    }
    if (Py_IS_TYPE(o, &kr_c_arg_type)) {
        a->ffi = KR_C_ARG(o)->ffi;
        a->value = KR_C_ARG(o)->value;
        return 0;
    }
    if (PyLong_Check(o)) return pass_int(o, a);
    a->ffi = &ffi_type_pointer;
    if (o == Py_None) {
        a->value.p = NULL;
        return 0;
    }
    if (PyBytes_Check(o)) {
        a->value.p = PyBytes_AS_STRING(o);
        return 0;
    }
    if (PyUnicode_Check(o)) return (a->value.p = kr_c_wide_string(o, &a->keep)) ? 0 : -1;
    PyObject *inner;
    if (_PyObject_LookupAttr(o, KR_STR(_as_parameter_), &inner) < 0) return -1;
    if (!inner) {
        PyErr_Format(PyExc_TypeError, "Don't know how to convert parameter %d", (int)i);
        return -1;
    }
    int r = -1;
    if (!Py_EnterRecursiveCall("while processing _as_parameter_")) {
        r = kr_c_pass(inner, i, a);
        Py_LeaveRecursiveCall();
    }
    if (r == 0 && !a->keep) a->keep = inner;
    else Py_DECREF(inner);
    return r;
}
