/* module.c - the module _ctypes: its functions and constants.
 *
 * What belongs to the interpreter is in the module's state. The copy of errno, one for each thread, is in the thread's dict.
 */
#include "module/ctypes/ctypes.h"
#include "module/module_constants.h"
#include <dlfcn.h>

typedef struct {
    PyObject *argument_error;
    PyObject *pointer_types;        /* _pointer_type_cache: {class: pointer type} */
    PyObject *unpickle;
} State;

static struct PyModuleDef ctypes_module;
/* NULL when the module is gone. */
static State *state(void) {
    PyObject *module = PyState_FindModule(&ctypes_module);
    return module ? PyModule_GetState(module) : NULL;
}
PyObject *kr_c_argument_error(void) {
    State *m = state();
    return m && m->argument_error ? m->argument_error : PyExc_TypeError;
}
PyObject *kr_c_unpickle(void) {
    State *m = state();
    if (m && m->unpickle) return m->unpickle;
    PyErr_SetString(PyExc_RuntimeError, "the module _ctypes is gone");
    return NULL;
}

/* ------------------------------------------------------------------ types and instances */

/* The info of a class, or of an instance's class; NULL without an exception. */
static KrCInfo *info_of_either(PyObject *o) {
    KrCInfo *info = kr_c_info_of(o);
    return info ? info : kr_c_is_data(o) ? kr_c_info(Py_TYPE(o)) : NULL;
}
static PyObject *fail_with(PyObject *exception, const char *message) {
    PyErr_SetString(exception, message);
    return NULL;
}
static PyObject *m_sizeof(PyObject *module, PyObject *o) {
    KrCInfo *info = kr_c_info_of(o);
    if (info) return PyLong_FromSsize_t(info->size);
    if (kr_c_is_data(o)) return PyLong_FromSsize_t(KR_C_DATA(o)->size);
    return fail_with(PyExc_TypeError, "this type has no size");
}
static PyObject *m_alignment(PyObject *module, PyObject *o) {
    KrCInfo *info = info_of_either(o);
    return info ? PyLong_FromSsize_t(info->align) : fail_with(PyExc_TypeError, "no alignment info");
}
static PyObject *m_byref(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    Py_ssize_t offset = 0;
    if (!_PyArg_CheckPositional("byref", n, 1, 2)) return NULL;
    if (n == 2 && (offset = PyNumber_AsSsize_t(args[1], NULL)) == -1 && PyErr_Occurred()) return NULL;
    if (kr_c_is_data(args[0])) return kr_c_byref(args[0], offset);
    PyErr_Format(PyExc_TypeError, "byref() argument must be a ctypes instance, not '%s'", Py_TYPE(args[0])->tp_name);
    return NULL;
}
static PyObject *m_addressof(PyObject *module, PyObject *o) {
    if (!kr_c_is_data(o)) return fail_with(PyExc_TypeError, "invalid type");
    return PySys_Audit("ctypes.addressof", "(O)", o) < 0 ? NULL : PyLong_FromVoidPtr(KR_C_DATA(o)->ptr);
}
static PyObject *m_resize(PyObject *module, PyObject *args) {
    PyObject *o;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "On:resize", &o, &size)) return NULL;
    if (!kr_c_is_data(o)) return fail_with(PyExc_TypeError, "excepted ctypes instance");
    if (kr_c_data_resize(KR_C_DATA(o), size) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *m_buffer_info(PyObject *module, PyObject *o) {
    KrCInfo *info = info_of_either(o);
    if (!info) return fail_with(PyExc_TypeError, "not a ctypes type or object");
    PyObject *shape = PyTuple_New(info->ndim);
    for (int i = 0; shape && i < info->ndim; i++) {
        PyObject *n = PyLong_FromSsize_t(info->shape[i]);
        if (n) PyTuple_SET_ITEM(shape, i, n);
        else Py_CLEAR(shape);
    }
    return shape ? Py_BuildValue("siN", info->format ? info->format : "B", info->ndim, shape) : NULL;
}
static PyObject *m_unpickle(PyObject *module, PyObject *args) {
    PyObject *type, *state;
    if (!PyArg_ParseTuple(args, "OO!", &type, &PyTuple_Type, &state)) return NULL;
    PyObject *o = PyObject_CallMethodOneArg(type, KR_STR(__new__), type);
    PyObject *method = o ? PyObject_GetAttr(o, KR_STR(__setstate__)) : NULL, *r = method ? PyObject_Call(method, state, NULL) : NULL;
    Py_XDECREF(method);
    if (!r) Py_CLEAR(o);
    Py_XDECREF(r);
    return o;
}

/* ------------------------------------------------------------------ pointer types */

/* A new pointer type LP_name; target is NULL for one that gets it later. */
static PyObject *new_pointer_type(const char *name, PyObject *target) {
    PyObject *full = PyUnicode_FromFormat("LP_%s", name), *r = NULL;
    if (!full) return NULL;
    if (target) r = PyObject_CallFunction((PyObject *)&kr_c_pointer_meta, "O(O){sO}", full, &kr_c_pointer, "_type_", target);
    else r = PyObject_CallFunction((PyObject *)&kr_c_pointer_meta, "O(O){}", full, &kr_c_pointer);
    Py_DECREF(full);
    return r;
}
/* POINTER(type). */
static PyObject *pointer_type(State *m, PyObject *type) {
    if (!m->pointer_types) return fail_with(PyExc_RuntimeError, "the module _ctypes is gone");
    PyObject *known = PyDict_GetItemWithError(m->pointer_types, type), *made, *key;
    if (known || PyErr_Occurred()) return Py_XNewRef(known);
    if (PyUnicode_CheckExact(type)) {
        const char *name = PyUnicode_AsUTF8(type);
        made = name ? new_pointer_type(name, NULL) : NULL;
        key = made ? PyLong_FromVoidPtr(made) : NULL;
    } else if (PyType_Check(type)) {
        made = new_pointer_type(((PyTypeObject *)type)->tp_name, type);
        key = Py_NewRef(type);
    } else {
        return fail_with(PyExc_TypeError, "must be a ctypes type");
    }
    if (made && (!key || PyDict_SetItem(m->pointer_types, key, made) < 0)) Py_CLEAR(made);
    Py_XDECREF(key);
    return made;
}
static PyObject *m_POINTER(PyObject *module, PyObject *type) { return pointer_type(PyModule_GetState(module), type); }
static PyObject *m_pointer(PyObject *module, PyObject *o) {
    PyObject *type = pointer_type(PyModule_GetState(module), (PyObject *)Py_TYPE(o));
    PyObject *r = type ? PyObject_CallOneArg(type, o) : NULL;
    Py_XDECREF(type);
    return r;
}

/* ------------------------------------------------------------------ libraries and calls */

static int to_address(PyObject *o, void *p) {
    void *address = PyLong_AsVoidPtr(o);
    *(void **)p = address;
    return address || !PyErr_Occurred();
}
static PyObject *fail_with_dlerror(PyObject *exception) {
    const char *why = dlerror();
    return fail_with(exception, why ? why : "dlopen() error");
}
static PyObject *m_dlopen(PyObject *module, PyObject *args) {
    PyObject *name, *encoded = NULL;
    int mode = RTLD_NOW;
    if (!PyArg_ParseTuple(args, "O|i:dlopen", &name, &mode) || (name != Py_None && !PyUnicode_FSConverter(name, &encoded))) return NULL;
    void *handle = NULL;
    bool allowed = PySys_Audit("ctypes.dlopen", "O", name) >= 0;
    if (allowed) handle = dlopen(encoded ? PyBytes_AS_STRING(encoded) : NULL, mode | RTLD_NOW);
    Py_XDECREF(encoded);
    return handle ? PyLong_FromVoidPtr(handle) : allowed ? fail_with_dlerror(PyExc_OSError) : NULL;
}
static PyObject *m_dlclose(PyObject *module, PyObject *args) {
    void *handle;
    if (!PyArg_ParseTuple(args, "O&:dlclose", to_address, &handle)) return NULL;
    if (!handle) return fail_with(PyExc_OSError, "invalid handle");
    if (dlclose(handle)) return fail_with_dlerror(PyExc_OSError);
    Py_RETURN_NONE;
}
static PyObject *m_dlsym(PyObject *module, PyObject *args) {
    void *handle;
    const char *name;
    if (!PyArg_ParseTuple(args, "O&s:dlsym", to_address, &handle, &name) || PySys_Audit("ctypes.dlsym/handle", "O", args) < 0) return NULL;
    void *address = dlsym(handle, name);
    return address ? PyLong_FromVoidPtr(address) : fail_with_dlerror(PyExc_OSError);
}
static PyObject *call_address(PyObject *args, int flags) {
    void *address;
    PyObject *given;
    if (!PyArg_ParseTuple(args, "O&O!", to_address, &address, &PyTuple_Type, &given)) return NULL;
    if (PySys_Audit("ctypes.call_function", "nO", (Py_ssize_t)address, given) < 0) return NULL;
    if (!address) return fail_with(PyExc_ValueError, "NULL function pointer access");
    return kr_c_call(address, flags, NULL, NULL, ((PyTupleObject *)given)->ob_item, PyTuple_GET_SIZE(given), NULL, NULL);
}
static PyObject *m_call_function(PyObject *module, PyObject *args) { return call_address(args, 0); }
static PyObject *m_call_cdeclfunction(PyObject *module, PyObject *args) { return call_address(args, KR_C_CDECL); }

static void free_errno_copy(PyObject *capsule) { PyMem_Free(PyCapsule_GetPointer(capsule, "_ctypes errno")); }
int *kr_c_errno_copy(void) {
    PyObject *dict = PyThreadState_GetDict();
    if (!dict) {
        PyErr_SetString(PyExc_RuntimeError, "cannot get thread state");
        return NULL;
    }
    PyObject *key = PyUnicode_FromString("_ctypes errno"), *capsule = key ? PyDict_GetItemWithError(dict, key) : NULL;
    Py_XDECREF(key);
    if (capsule) return PyCapsule_GetPointer(capsule, "_ctypes errno");
    if (PyErr_Occurred()) return NULL;
    int *copy = PyMem_Calloc(1, sizeof *copy);
    if (!copy) return (int *)PyErr_NoMemory();
    if (!(capsule = PyCapsule_New(copy, "_ctypes errno", free_errno_copy))) {
        PyMem_Free(copy);
        return NULL;
    }
    int r = PyDict_SetItemString(dict, "_ctypes errno", capsule);
    Py_DECREF(capsule);
    return r < 0 ? NULL : copy;
}
static PyObject *m_get_errno(PyObject *module, PyObject *unused) {
    int *copy = PySys_Audit("ctypes.get_errno", NULL) < 0 ? NULL : kr_c_errno_copy();
    return copy ? PyLong_FromLong(*copy) : NULL;
}
static PyObject *m_set_errno(PyObject *module, PyObject *args) {
    int value;
    if (PySys_Audit("ctypes.set_errno", "O", args) < 0 || !PyArg_ParseTuple(args, "i", &value)) return NULL;
    int *copy = kr_c_errno_copy();
    if (!copy) return NULL;
    PyObject *r = PyLong_FromLong(*copy);
    if (r) *copy = value;
    return r;
}

/* ------------------------------------------------------------------ raw objects */

static PyObject *m_PyObj_FromPtr(PyObject *module, PyObject *args) {
    PyObject *o;
    if (!PyArg_ParseTuple(args, "O&:PyObj_FromPtr", to_address, &o)) return NULL;
    if (!o) return fail_with(PyExc_ValueError, "PyObject is NULL");
    return PySys_Audit("ctypes.PyObj_FromPtr", "(O)", o) < 0 ? NULL : Py_NewRef(o);
}
static PyObject *m_Py_INCREF(PyObject *module, PyObject *o) {
    Py_INCREF(o);
    return Py_NewRef(o);
}
static PyObject *m_Py_DECREF(PyObject *module, PyObject *o) {
    Py_DECREF(o);
    return Py_NewRef(o);
}

/* ------------------------------------------------------------------ functions that the library calls by address, with the GIL */

static PyObject *string_at(const char *p, int size) {
    if (PySys_Audit("ctypes.string_at", "ni", (Py_ssize_t)p, size) < 0) return NULL;
    return size == -1 ? PyBytes_FromStringAndSize(p, (Py_ssize_t)strlen(p)) : PyBytes_FromStringAndSize(p, size);
}
static PyObject *wstring_at(const wchar_t *p, int size) {
    if (PySys_Audit("ctypes.wstring_at", "ni", (Py_ssize_t)p, size) < 0) return NULL;
    return PyUnicode_FromWideChar(p, size);
}
/* Only what holds an address can be cast to. */
static bool can_cast_to(PyObject *type) {
    KrCInfo *info = PyType_Check(type) ? kr_c_any_info((PyTypeObject *)type) : NULL;
    if (info && (info->kind == KR_C_POINTER || info->kind == KR_C_FUNCTION || (info->code && info->code->is_pointer))) return true;
    PyErr_Format(PyExc_TypeError, "cast() argument 2 must be a pointer type, not %s",
                 PyType_Check(type) ? ((PyTypeObject *)type)->tp_name : Py_TYPE(type)->tp_name);
    return false;
}
/* A pointer of the type to p, which keeps the source alive, and shares with it what that keeps alive. */
static PyObject *cast(void *p, PyObject *source, PyObject *type) {
    if (!can_cast_to(type)) return NULL;
    PyObject *o = PyObject_CallNoArgs(type);
    if (!o) return NULL;
    if (!kr_c_is_data(o) || !kr_c_in_memory(KR_C_DATA(o), KR_C_DATA(o)->ptr, sizeof p)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "cast() argument 2 must make pointers");
        goto fail;
    }
    if (kr_c_is_data(source)) {
        PyObject *kept = kr_c_kept(KR_C_DATA(source));
        if (!kept) goto fail;
        Py_XSETREF(KR_C_DATA(o)->objects, Py_NewRef(kept));
        if (PyDict_CheckExact(kept)) {
            PyObject *key = PyLong_FromVoidPtr(source);
            int r = key ? PyDict_SetItem(kept, key, source) : -1;
            Py_XDECREF(key);
            if (r < 0) goto fail;
        }
    }
    memcpy(KR_C_DATA(o)->ptr, &p, sizeof p);
    return o;
fail:
    Py_DECREF(o);
    return NULL;
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef ctypes_methods[] = {
    {"get_errno", m_get_errno, METH_NOARGS, NULL},
    {"set_errno", m_set_errno, METH_VARARGS, NULL},
    {"POINTER", m_POINTER, METH_O, NULL},
    {"pointer", m_pointer, METH_O, NULL},
    {"_unpickle", m_unpickle, METH_VARARGS, NULL},
    {"buffer_info", m_buffer_info, METH_O, PyDoc_STR("Return buffer interface information")},
    {"resize", m_resize, METH_VARARGS, PyDoc_STR("Resize the memory buffer of a ctypes instance")},
    {"dlopen", m_dlopen, METH_VARARGS, PyDoc_STR("dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library")},
    {"dlclose", m_dlclose, METH_VARARGS, PyDoc_STR("dlclose a library")},
    {"dlsym", m_dlsym, METH_VARARGS, PyDoc_STR("find symbol in shared library")},
    {"alignment", m_alignment, METH_O,
     PyDoc_STR("alignment(C type) -> integer\nalignment(C instance) -> integer\nReturn the alignment requirements of a C instance")},
    {"sizeof", m_sizeof, METH_O, PyDoc_STR("sizeof(C type) -> integer\nsizeof(C instance) -> integer\nReturn the size in bytes of a C instance")},
    {"byref", KR_METH(m_byref), METH_FASTCALL,
     PyDoc_STR("byref(C instance[, offset=0]) -> byref-object\nReturn a pointer lookalike to a C instance, only usable\nas function argument")},
    {"addressof", m_addressof, METH_O, PyDoc_STR("addressof(C instance) -> integer\nReturn the address of the C instance internal buffer")},
    {"call_function", m_call_function, METH_VARARGS, NULL},
    {"call_cdeclfunction", m_call_cdeclfunction, METH_VARARGS, NULL},
    {"PyObj_FromPtr", m_PyObj_FromPtr, METH_VARARGS, NULL},
    {"Py_INCREF", m_Py_INCREF, METH_O, NULL},
    {"Py_DECREF", m_Py_DECREF, METH_O, NULL},
    {NULL},
};
static const KrConstant constants[] = {
    {"FUNCFLAG_CDECL", KR_C_CDECL},
    {"FUNCFLAG_USE_ERRNO", KR_C_USE_ERRNO},
    {"FUNCFLAG_USE_LASTERROR", KR_C_USE_LASTERROR},
    {"FUNCFLAG_PYTHONAPI", KR_C_PYTHONAPI},
    {"CTYPES_MAX_ARGCOUNT", KR_C_MAX_ARGS},
    {"RTLD_LOCAL", RTLD_LOCAL},
    {"RTLD_GLOBAL", RTLD_GLOBAL},
};

/* module.name = o, which is released; NULL passes an exception on. */
static int add(PyObject *module, const char *name, PyObject *o) {
    int r = o ? PyModule_AddObjectRef(module, name, o) : -1;
    Py_XDECREF(o);
    return r;
}
static int add_types(PyObject *module) {
    PyTypeObject *const hidden[] = {&kr_c_struct_meta, &kr_c_union_meta, &kr_c_array_meta, &kr_c_pointer_meta, &kr_c_simple_meta, &kr_c_function_meta,
                                    &kr_c_data_type,   &kr_c_arg_type,   &kr_c_field_type, &kr_c_thunk_type};
    PyTypeObject *const visible[] = {KR_C_TYPE(kr_c_structure), KR_C_TYPE(kr_c_union),  KR_C_TYPE(kr_c_array),
                                     KR_C_TYPE(kr_c_pointer),   KR_C_TYPE(kr_c_simple), KR_C_TYPE(kr_c_function)};
    for (size_t i = 0; i < KR_ARRAY_LEN(hidden); i++)
        if (PyType_Ready(hidden[i]) < 0) return -1;
    for (size_t i = 0; i < KR_ARRAY_LEN(visible); i++)
        if (PyModule_AddType(module, visible[i]) < 0) return -1;
    return 0;
}
static int add_addresses(PyObject *module) {
    const struct {
        const char *name;
        void *address;
    } functions[] = {
        {"_memmove_addr", memmove},       {"_memset_addr", memset}, {"_string_at_addr", string_at},
        {"_wstring_at_addr", wstring_at}, {"_cast_addr", cast},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(functions); i++)
        if (add(module, functions[i].name, PyLong_FromVoidPtr(functions[i].address)) < 0) return -1;
    return 0;
}
static int ctypes_traverse(PyObject *module, visitproc visit, void *arg) {
    State *m = PyModule_GetState(module);
    Py_VISIT(m->argument_error);
    Py_VISIT(m->pointer_types);
    Py_VISIT(m->unpickle);
    return 0;
}
static int ctypes_clear(PyObject *module) {
    State *m = PyModule_GetState(module);
    Py_CLEAR(m->argument_error);
    Py_CLEAR(m->pointer_types);
    Py_CLEAR(m->unpickle);
    return 0;
}
static void ctypes_free(void *module) { ctypes_clear(module); }
static struct PyModuleDef ctypes_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_ctypes",
    .m_doc = PyDoc_STR("Create and manipulate C compatible data types in Python."),
    .m_size = sizeof(State),
    .m_methods = ctypes_methods,
    .m_traverse = ctypes_traverse,
    .m_clear = ctypes_clear,
    .m_free = ctypes_free,
};
PyMODINIT_FUNC PyInit__ctypes(void) {
    PyObject *module = PyModule_Create(&ctypes_module);
    if (!module) return NULL;
    State *m = PyModule_GetState(module);
    if ((m->argument_error = PyErr_NewException("ctypes.ArgumentError", NULL, NULL)) && (m->pointer_types = PyDict_New()) &&
        (m->unpickle = PyObject_GetAttrString(module, "_unpickle")) && PyModule_AddObjectRef(module, "ArgumentError", m->argument_error) == 0 &&
        PyModule_AddObjectRef(module, "_pointer_type_cache", m->pointer_types) == 0 && add_types(module) == 0 && add_addresses(module) == 0 &&
        PyModule_AddStringConstant(module, "__version__", "1.1.0") == 0 && kr_add_constants(module, constants, KR_ARRAY_LEN(constants)) == 0)
        return module;
    Py_DECREF(module);
    return NULL;
}
