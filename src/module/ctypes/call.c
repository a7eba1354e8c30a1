/* call.c - calling a C function: arguments, libffi, result.
 *
 * The types of a prototype are prepared once, in a KrCSignature: for types whose from_param is the module's own, what the usual arguments of such a
 * type are, so that these are converted in place, without calling from_param and making an object; and libffi's description of the call. Any other
 * argument goes the long way.
 */
#include "module/ctypes/ctypes.h"
#include <errno.h>

enum { FEW = 8 };       /* arguments that need no memory from the heap */

typedef enum { BY_FROM_PARAM, BY_INT, BY_FLOAT, BY_DOUBLE, BY_SETTER, BY_BYTES, BY_WIDE, BY_ADDRESS, BY_OBJECT, BY_POINTER, BY_INSTANCE } How;

typedef struct {
    How how;
    const KrCCode *code;
    PyTypeObject *type;             /* of from_param, which keeps it alive */
} Parameter;

struct KrCSignature {
    Py_ssize_t refs, n;
    ffi_type *result;               /* that cif is prepared for; NULL if it isn't yet */
    ffi_cif cif;
    ffi_type **types;               /* n; of aggregates NULL until needed */
    Parameter parameters[];
};

/* ------------------------------------------------------------------ signatures */

static How how_for(KrCInfo *info, PyObject *converter) {
    switch (info->kind) {
    case KR_C_POINTER: return BY_POINTER;
    case KR_C_SIMPLE: break;
    default: return BY_INSTANCE;
    }
    switch (info->code->code) {
    case 'f': return BY_FLOAT;
    case 'd': return BY_DOUBLE;
    case 'O': return BY_OBJECT;
    /* Classes of these codes that are not directly below _SimpleCData have the plain from_param. */
    case 'z': return PyCFunction_GET_FUNCTION(converter) == kr_c_special_from_param('z')->ml_meth ? BY_BYTES : BY_INSTANCE;
    case 'Z': return PyCFunction_GET_FUNCTION(converter) == kr_c_special_from_param('Z')->ml_meth ? BY_WIDE : BY_INSTANCE;
    case 'P': return PyCFunction_GET_FUNCTION(converter) == kr_c_special_from_param('P')->ml_meth ? BY_ADDRESS : BY_INSTANCE;
    default: return info->code->bit_fields && info->code->code != '?' ? BY_INT : BY_SETTER;
    }
}
KrCSignature *kr_c_signature_new(PyObject *converters) {
    Py_ssize_t n = PyTuple_GET_SIZE(converters);
    KrCSignature *s = PyMem_Calloc(1, sizeof *s + (size_t)n * (sizeof(Parameter) + sizeof(ffi_type *)));
    if (!s) return (KrCSignature *)PyErr_NoMemory();
    s->refs = 1;
    s->n = n;
    s->types = (ffi_type **)&s->parameters[n];
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *converter = PyTuple_GET_ITEM(converters, i);
        Parameter *p = &s->parameters[i];
        KrCInfo *info = (p->type = kr_c_native_converter(converter)) ? kr_c_info(p->type) : NULL;
        if (!info) continue;
        p->how = how_for(info, converter);
        p->code = info->code;
        s->types[i] = info->kind == KR_C_ARRAY ? &ffi_type_pointer : info->ffi;
    }
    return s;
}
void kr_c_signature_release(KrCSignature *s) {
    if (s && --s->refs == 0) PyMem_Free(s);
}

/* ------------------------------------------------------------------ arguments */

/* Is o of the pointer type's target type, or of an array of such, or does it point to one? Then *address is where. */
static bool is_target(PyTypeObject *pointer, PyObject *o, void **address) {
    PyTypeObject *item = ((KrCType *)pointer)->info.item, *type = Py_TYPE(o);
    if (!item) return false;
    if (type == &kr_c_arg_type) {
        *address = KR_C_ARG(o)->value.p;
        return KR_C_ARG(o)->tag == 'P' && KR_C_ARG(o)->obj && Py_IS_TYPE(KR_C_ARG(o)->obj, item);
    }
    if (!kr_c_is_data(o)) return false;
    *address = KR_C_DATA(o)->ptr;
    if (type == item) return true;
    KrCInfo *info = kr_c_info(type);
    return info && info->kind == KR_C_ARRAY && info->item == item;
}
/* Is o an array of or a pointer to characters of a code (0: of anything)? Then *address is that of the first. */
static bool has_items(PyObject *o, char code, void **address) {
    KrCInfo *info = kr_c_is_data(o) ? kr_c_info(Py_TYPE(o)) : NULL, *item = info && info->item ? &((KrCType *)info->item)->info : NULL;
    if (!item || (code && !(code == 'c' ? item->is_char : item->is_wide))) return false;
    if (info->kind == KR_C_ARRAY) *address = KR_C_DATA(o)->ptr;
    else if (KR_C_DATA(o)->ptr && KR_C_DATA(o)->size >= (Py_ssize_t)sizeof(void *)) memcpy(address, KR_C_DATA(o)->ptr, sizeof(void *));
    else return false;
    return true;
}
/* Converts an argument of the usual kind in place. False: not one; no exception is set. */
static bool convert_in_place(const Parameter *p, PyObject *o, ffi_type *type, KrCPassed *a) {
    a->keep = NULL;
    a->place = &a->value;
    a->ffi = type;
    switch (p->how) {
    case BY_INT:
        if (!PyLong_Check(o)) break;
        a->value.q = (long long)PyLong_AsUnsignedLongLongMask(o);
        return true;
    case BY_FLOAT:
        if (!PyFloat_Check(o)) break;
        a->value.f = (float)PyFloat_AS_DOUBLE(o);
        return true;
    case BY_DOUBLE:
        if (!PyFloat_Check(o)) break;
        a->value.d = PyFloat_AS_DOUBLE(o);
        return true;
    case BY_OBJECT:
        if (PyObject_TypeCheck(o, p->type)) break;
        a->value.p = o;
        return true;
    case BY_SETTER: {
        if (kr_c_is_data(o)) break;
        PyObject *keep = p->code->set(a->value.bytes, o, 0);
        if (!keep) {
            PyErr_Clear();
            return false;
        }
        Py_DECREF(keep);        /* such codes keep nothing */
        return true;
    }
    case BY_BYTES:
    case BY_ADDRESS:
        if (PyBytes_Check(o)) {
            a->value.p = PyBytes_AS_STRING(o);
            return true;
        }
        if (p->how == BY_ADDRESS && PyLong_Check(o)) {
            a->value.p = kr_c_address(o);
            return true;
        }
        /* fallthrough */
    case BY_WIDE:
        if (o == Py_None) a->value.p = NULL;
        else if (!has_items(o, p->how == BY_BYTES ? 'c' : p->how == BY_WIDE ? 'u' : 0, &a->value.p)) break;
        return true;
    case BY_POINTER:
        if (o == Py_None) a->value.p = NULL;
        else if (!is_target(p->type, o, &a->value.p)) break;
        return true;
    case BY_INSTANCE:
    case BY_FROM_PARAM: break;
    }
    if (p->how == BY_FROM_PARAM || !Py_IS_TYPE(o, p->type)) return false;
    if (kr_c_pass_data(KR_C_DATA(o), kr_c_info(p->type), a) == 0) return true;
    PyErr_Clear();
    return false;
}
void kr_c_wrap_error(PyObject *exception, const char *format, ...) {
    PyObject *type, *value, *tb;
    va_list va;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    va_start(va, format);
    PyObject *prefix = PyUnicode_FromFormatV(format, va), *name = NULL, *text = NULL;
    va_end(va);
    if (prefix) name = PyType_GetName((PyTypeObject *)type);
    if (name && !(text = PyObject_Str(value))) {
        PyErr_Clear();
        text = PyUnicode_FromString("???");
    }
    if (text) PyErr_Format(exception, "%U%U: %U", prefix, name, text);
    Py_XDECREF(prefix);
    Py_XDECREF(name);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
}
/* Any argument; converter may be NULL. */
static int convert(PyObject *converter, PyObject *o, Py_ssize_t i, KrCPassed *a) {
    PyObject *converted = NULL;
    a->keep = NULL;
    if (converter && !(converted = PyObject_CallOneArg(converter, o))) goto failed;
    if (kr_c_pass(converted ? converted : o, i + 1, a) == 0) {
        if (!a->keep) a->keep = converted;
        else Py_XDECREF(converted);
        return 0;
    }
    Py_XDECREF(converted);
failed:
    a->keep = NULL;
    kr_c_wrap_error(kr_c_argument_error(), "argument %zd: ", i + 1);
    return -1;
}

/* ------------------------------------------------------------------ the call */

static int check_status(ffi_status status, const char *function) {
    if (status == FFI_OK) return 0;
    PyErr_Format(PyExc_RuntimeError, "%s failed", function);
    return -1;
}
/* The description of a call with these arguments, from the signature if they are what it says. types is room for n. */
static int prepare(ffi_cif *cif, KrCSignature *s, ffi_type *result, const KrCPassed *args, Py_ssize_t n, ffi_type **types) {
    bool as_declared = s && n == s->n;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (as_declared && s->types[i] != args[i].ffi) {
            if (s->types[i]) as_declared = false;
            else s->types[i] = args[i].ffi;
        }
        types[i] = args[i].ffi;
    }
    if (!as_declared) {
        if (s && s->n && n > s->n)
            return check_status(ffi_prep_cif_var(cif, FFI_DEFAULT_ABI, (unsigned)s->n, (unsigned)n, result, types), "ffi_prep_cif_var");
        return check_status(ffi_prep_cif(cif, FFI_DEFAULT_ABI, (unsigned)n, result, types), "ffi_prep_cif");
    }
    if (s->result != result) {
        s->result = NULL;
        if (check_status(ffi_prep_cif(&s->cif, FFI_DEFAULT_ABI, (unsigned)n, result, s->types), "ffi_prep_cif") < 0) return -1;
        s->result = result;
    }
    *cif = s->cif;      /* a copy: another thread may prepare it for another result meanwhile */
    return 0;
}
/* Calls; -1 with an exception, which a function of the C API may have set. */
static int invoke(ffi_cif *cif, void *address, int flags, void *result, void **places) {
    int *copy = NULL;
    if (flags & KR_C_USE_ERRNO && !(copy = kr_c_errno_copy())) return -1;
    PyThreadState *ts = flags & KR_C_PYTHONAPI ? NULL : PyEval_SaveThread();
    int saved = 0;
    if (copy) errno = *copy;
    ffi_call(cif, FFI_FN(address), result, places);
    if (copy) saved = errno;
    if (ts) PyEval_RestoreThread(ts);
    if (copy) *copy = saved;
    return flags & KR_C_PYTHONAPI && PyErr_Occurred() ? -1 : 0;
}
/* How a result comes back; NULL with an exception. */
static ffi_type *result_type(PyObject *restype) {
    KrCInfo *info;
    if (restype == Py_None) return &ffi_type_void;
    if (!restype || !(PyType_Check(restype) && (info = kr_c_any_info((PyTypeObject *)restype)))) return &ffi_type_sint32;
    return info->ready && info->ffi ? info->ffi : kr_c_ffi_type((PyTypeObject *)restype);
}
/* The object for a result. Takes over the reference that a py_object result is. */
static PyObject *result_object(PyObject *restype, char *result) {
    if (restype == Py_None) Py_RETURN_NONE;
    KrCInfo *info = restype ? kr_c_info_of(restype) : NULL;
    if (!info) {
        PyObject *v = PyLong_FromLong(*(int *)result);
        if (v && restype) Py_SETREF(v, PyObject_CallOneArg(restype, v));
        return v;
    }
    if (info->code && info->code->code == 'O') {
        PyObject *o = *(PyObject **)result;
        if (!o) PyErr_SetString(PyExc_ValueError, "PyObject is NULL");
        if (!o || info->plain) return o;
        PyObject *v = kr_c_data_view((PyTypeObject *)restype, NULL, 0, result);
        if (!v) Py_DECREF(o);
        else if (kr_c_keep(KR_C_DATA(v), 0, o) < 0) Py_CLEAR(v);
        return v;
    }
    return info->plain ? info->get(result, info->size) : kr_c_data_view((PyTypeObject *)restype, NULL, 0, result);
}

/* The call proper, with arguments in place. */
static PyObject *call_passed(void *address, int flags, KrCSignature *s, KrCPassed *args, Py_ssize_t n, ffi_type **types, void **places,
                             PyObject *restype) {
    union {
        KrCValue value;
        ffi_arg words[4];
    } few;
    ffi_type *type = result_type(restype);
    ffi_cif cif;
    if (!type || prepare(&cif, s, type, args, n, types) < 0) return NULL;
    char *result = (char *)&few;
    if (type->size > sizeof few && !(result = PyMem_Malloc(type->size))) return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n; i++) places[i] = args[i].place;
    PyObject *r = invoke(&cif, address, flags, result, places) < 0 ? NULL : result_object(restype, result);
    if (result != (char *)&few) PyMem_Free(result);
    return r;
}
PyObject *kr_c_call(void *address, int flags, KrCSignature *s, PyObject *converters, PyObject *const *args, Py_ssize_t n, PyObject *restype,
                    PyObject *checker) {
    struct {
        KrCPassed passed[FEW];
        ffi_type *types[FEW];
        void *places[FEW];
    } few;
    KrCPassed *passed = few.passed;
    ffi_type **types = few.types;
    void **places = few.places;
    if (n > KR_C_MAX_ARGS) {
        PyErr_Format(kr_c_argument_error(), "too many arguments (%zi), maximum is %i", n, KR_C_MAX_ARGS);
        return NULL;
    }
    if (n > FEW) {
        passed = PyMem_Malloc((size_t)n * (sizeof *passed + sizeof *types + sizeof *places));
        if (!passed) return PyErr_NoMemory();
        types = (ffi_type **)(passed + n);
        places = (void **)(types + n);
    }
    /* The prototype may be changed while arguments are converted, or by another thread during the call. */
    if (s) s->refs++;
    Py_XINCREF(converters);
    Py_XINCREF(restype);
    Py_XINCREF(checker);
    PyObject *r = NULL;
    Py_ssize_t done = 0;
    for (; done < n; done++) {
        bool declared = s && done < s->n;
        if (declared && convert_in_place(&s->parameters[done], args[done], s->types[done], &passed[done])) continue;
        if (convert(declared ? PyTuple_GET_ITEM(converters, done) : NULL, args[done], done, &passed[done]) < 0) break;
    }
    if (done == n) r = call_passed(address, flags, s, passed, n, types, places, restype);
    if (r && checker) Py_SETREF(r, PyObject_CallOneArg(checker, r));
    for (Py_ssize_t i = 0; i < done; i++) Py_XDECREF(passed[i].keep);
    if (passed != few.passed) PyMem_Free(passed);
    kr_c_signature_release(s);
    Py_XDECREF(converters);
    Py_XDECREF(restype);
    Py_XDECREF(checker);
    return r;
}
