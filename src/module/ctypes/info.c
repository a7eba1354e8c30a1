/* info.c - the classes of all kinds: life of a KrCInfo, and what their metatypes share: from_address, from_buffer, from_buffer_copy, in_dll,
 * from_param, and type * length with its cache.
 *
 * An item type knows the array types made of it by weak references, so that an array type goes when nobody uses it. Entries of types that are gone
 * are thrown out when the table has grown to twice what was alive the last time.
 */
#include "module/ctypes/ctypes.h"
#include <dlfcn.h>

/* ------------------------------------------------------------------ life */

int kr_c_type_traverse(PyObject *self, visitproc visit, void *arg) {
    KrCInfo *info = &((KrCType *)self)->info;
    Py_VISIT(info->item);
    Py_VISIT(info->fields);
    Py_VISIT(info->argtypes);
    Py_VISIT(info->converters);
    Py_VISIT(info->restype);
    Py_VISIT(info->checker);
    Py_VISIT(info->arrays);
    return PyType_Type.tp_traverse(self, visit, arg);
}
/* The layout stays: instances may outlive this. */
int kr_c_type_clear(PyObject *self) {
    KrCInfo *info = &((KrCType *)self)->info;
    Py_CLEAR(info->argtypes);
    KrCSignature *signature = info->signature;
    info->signature = NULL;
    kr_c_signature_release(signature);
    Py_CLEAR(info->converters);
    Py_CLEAR(info->restype);
    Py_CLEAR(info->checker);
    Py_CLEAR(info->arrays);
    Py_CLEAR(info->fields);
    if (info->kind == KR_C_POINTER) Py_CLEAR(info->item);
    return PyType_Type.tp_clear(self);
}
void kr_c_type_dealloc(PyObject *self) {
    KrCInfo *info = &((KrCType *)self)->info;
    PyObject_GC_UnTrack(self);
    kr_c_signature_release(info->signature);
    Py_CLEAR(info->item);
    Py_CLEAR(info->fields);
    Py_CLEAR(info->argtypes);
    Py_CLEAR(info->converters);
    Py_CLEAR(info->restype);
    Py_CLEAR(info->checker);
    Py_CLEAR(info->arrays);
    PyMem_Free(info->format);
    PyMem_Free(info->shape);
    if (info->kind == KR_C_STRUCT || info->kind == KR_C_UNION || info->kind == KR_C_ARRAY) PyMem_Free(info->ffi);
    PyObject_GC_Track(self);
    PyType_Type.tp_dealloc(self);
}

PyTypeObject *kr_c_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds, KrCKind kind, bool *done) {
    *done = false;
    PyObject *made = PyType_Type.tp_new(meta, args, kwds);
    if (!made) return NULL;
    KrCInfo *info = PyType_Check(made) ? kr_c_any_info((PyTypeObject *)made) : NULL;
    PyTypeObject *base = kind == KR_C_FUNCTION ? KR_C_TYPE(kr_c_function) : &kr_c_data_type;
    if (!info || info->kind != KR_C_NONE) {
        *done = true;       /* another metatype's __new__ has seen to it */
        return (PyTypeObject *)made;
    }
    info->kind = kind;
    if (((PyTypeObject *)made)->tp_vectorcall) ((PyTypeObject *)made)->tp_vectorcall = kr_c_class_vectorcall;
    info->bare = !PyType_IsSubtype((PyTypeObject *)made, base);
    return (PyTypeObject *)made;
}
KrCInfo *kr_c_concrete_info(PyTypeObject *type) {
    KrCInfo *info = kr_c_info(type);
    if (info && !info->bare) return info;
    PyErr_SetString(PyExc_TypeError, "abstract class");
    return NULL;
}
PyObject *kr_c_own_attribute(PyTypeObject *type, PyObject *name) { return PyDict_GetItemWithError(type->tp_dict, name); }

/* ------------------------------------------------------------------ formats */

char *kr_c_format_concat(const char *prefix, const char *format) {
    if (!format) format = "B";
    size_t n = strlen(prefix), m = strlen(format) + 1;
    char *r = PyMem_Malloc(n + m);
    if (!r) return (char *)PyErr_NoMemory();
    memcpy(r, prefix, n);
    memcpy(r + n, format, m);
    return r;
}
char *kr_c_format_shaped(const Py_ssize_t *shape, int ndim, const char *format) {
    if (!ndim) return kr_c_format_concat("", format);
    char *prefix = PyMem_Malloc((size_t)ndim * 21 + 3), *p = prefix;
    if (!prefix) return (char *)PyErr_NoMemory();
    for (int i = 0; i < ndim; i++) p += sprintf(p, "%c%zd", i ? ',' : '(', shape[i]);
    strcpy(p, ")");
    char *r = kr_c_format_concat(prefix, format);
    PyMem_Free(prefix);
    return r;
}

/* ------------------------------------------------------------------ methods of all classes */

PyObject *kr_c_type_from_address(PyObject *type, PyObject *value) {
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "integer expected");
        return NULL;
    }
    void *address = PyLong_AsVoidPtr(value);
    return address || !PyErr_Occurred() ? kr_c_data_at((PyTypeObject *)type, address) : NULL;
}

/* size bytes from offset on lie in the buffer, else ValueError. */
static bool fits(const Py_buffer *b, Py_ssize_t offset, Py_ssize_t size) {
    if (offset < 0) {
        PyErr_SetString(PyExc_ValueError, "offset cannot be negative");
        return false;
    }
    if (offset <= b->len && size <= b->len - offset) return true;
    PyErr_Format(PyExc_ValueError, "Buffer size too small (%zd instead of at least %zd bytes)", b->len,
                 size > PY_SSIZE_T_MAX - offset ? PY_SSIZE_T_MAX : size + offset);
    return false;
}
/* The offset that may follow the buffer; false with an exception, also for a wrong number of arguments. */
static bool read_offset(const char *name, PyObject *const *args, Py_ssize_t n, Py_ssize_t *offset) {
    *offset = 0;
    if (n < 1 || n > 2) {
        PyErr_Format(PyExc_TypeError, "%s() takes at %s (%zd given)", name, n < 1 ? "least 1 argument" : "most 2 arguments", n);
        return false;
    }
    if (n == 1) return true;
    PyObject *index = PyNumber_Index(args[1]);
    if (!index) return false;
    *offset = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    return *offset != -1 || !PyErr_Occurred();
}
PyObject *kr_c_type_from_buffer(PyObject *type, PyObject *const *args, Py_ssize_t n) {
    Py_ssize_t offset;
    KrCInfo *info = kr_c_concrete_info((PyTypeObject *)type);
    if (!info || !read_offset("from_buffer", args, n, &offset)) return NULL;
    PyObject *view = PyMemoryView_FromObject(args[0]), *result = NULL;
    if (!view) return NULL;
    const Py_buffer *b = PyMemoryView_GET_BUFFER(view);
    if (b->readonly) PyErr_SetString(PyExc_TypeError, "underlying buffer is not writable");
    else if (!PyBuffer_IsContiguous(b, 'C')) PyErr_SetString(PyExc_TypeError, "underlying buffer is not C contiguous");
    else if (fits(b, offset, info->size) && PySys_Audit("ctypes.cdata/buffer", "nnn", (Py_ssize_t)b->buf, b->len, offset) >= 0)
        result = kr_c_data_at((PyTypeObject *)type, (char *)b->buf + offset);
    if (!result) {
        Py_DECREF(view);
        return NULL;
    }
    if (kr_c_keep(KR_C_DATA(result), -1, view) < 0) Py_CLEAR(result);
    return result;
}
PyObject *kr_c_type_from_buffer_copy(PyObject *type, PyObject *const *args, Py_ssize_t n) {
    Py_buffer b;
    Py_ssize_t offset;
    KrCInfo *info = kr_c_concrete_info((PyTypeObject *)type);
    if (!info || !read_offset("from_buffer_copy", args, n, &offset) || PyObject_GetBuffer(args[0], &b, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *result = NULL;
    if (fits(&b, offset, info->size) && PySys_Audit("ctypes.cdata/buffer", "nnn", (Py_ssize_t)b.buf, b.len, offset) >= 0)
        result = kr_c_data_new((PyTypeObject *)type, NULL, NULL);
    if (result) memcpy(KR_C_DATA(result)->ptr, (char *)b.buf + offset, (size_t)info->size);
    PyBuffer_Release(&b);
    return result;
}

void *kr_c_symbol(PyObject *dll, const char *name, PyObject *not_found) {
    PyObject *handle = PyObject_GetAttrString(dll, "_handle");
    if (!handle) return NULL;
    void *library = NULL, *address = NULL;
    bool ok = false;
    if (!PyLong_Check(handle)) {
        PyErr_SetString(PyExc_TypeError, "the _handle attribute of the second argument must be an integer");
    } else if (!(library = PyLong_AsVoidPtr(handle)) && PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "could not convert the _handle attribute to a pointer");
    } else {
        ok = true;
    }
    Py_DECREF(handle);
    if (!ok) return NULL;
    address = dlsym(library, name);
    if (!address) {
        const char *why = dlerror();
        PyErr_SetString(not_found, why ? why : "symbol is NULL");
    }
    return address;
}
PyObject *kr_c_type_in_dll(PyObject *type, PyObject *args) {
    PyObject *dll;
    const char *name;
    if (!PyArg_ParseTuple(args, "Os:in_dll", &dll, &name) || PySys_Audit("ctypes.dlsym", "O", args) < 0) return NULL;
    void *address = kr_c_symbol(dll, name, PyExc_ValueError);
    return address ? kr_c_data_at((PyTypeObject *)type, address) : NULL;
}
PyObject *kr_c_type_from_param(PyObject *type, PyObject *value) { return kr_c_from_param((PyTypeObject *)type, value); }

PyMethodDef kr_c_type_methods[] = {KR_C_TYPE_METHODS, {NULL}};

PyTypeObject *kr_c_native_converter(PyObject *o) {
    if (!PyCFunction_Check(o)) return NULL;
    PyCFunction f = PyCFunction_GET_FUNCTION(o);
    PyObject *self = PyCFunction_GET_SELF(o);
    bool ours = f == kr_c_type_from_param;
    for (const char *code = "zZP"; !ours && *code; code++) ours = kr_c_special_from_param(*code)->ml_meth == f;
    return ours && kr_c_info_of(self) ? (PyTypeObject *)self : NULL;
}

/* ------------------------------------------------------------------ type * length */

/* Throws out the entries whose types are gone. */
static int sweep_arrays(KrCInfo *info) {
    PyObject *alive = PyDict_New(), *key, *ref;
    if (!alive) return -1;
    Py_ssize_t pos = 0;
    while (PyDict_Next(info->arrays, &pos, &key, &ref))
        if (PyWeakref_GET_OBJECT(ref) != Py_None && PyDict_SetItem(alive, key, ref) < 0) {
            Py_DECREF(alive);
            return -1;
        }
    Py_SETREF(info->arrays, alive);
    info->arrays_limit = 2 * PyDict_GET_SIZE(alive) + 8;
    return 0;
}
static int remember_array(KrCInfo *info, PyObject *key, PyObject *array) {
    if (!info->arrays && !(info->arrays = PyDict_New())) return -1;
    if (PyDict_GET_SIZE(info->arrays) >= info->arrays_limit && sweep_arrays(info) < 0) return -1;
    PyObject *ref = PyWeakref_NewRef(array, NULL);
    int r = ref ? PyDict_SetItem(info->arrays, key, ref) : -1;
    Py_XDECREF(ref);
    return r;
}
PyObject *kr_c_array_of(PyTypeObject *item, Py_ssize_t length) {
    KrCInfo *info = kr_c_any_info(item);
    if (length < 0) {
        PyErr_Format(PyExc_ValueError, "Array length must be >= 0, not %zd", length);
        return NULL;
    }
    if (!info || !info->ready) {
        PyErr_SetString(PyExc_TypeError, "_type_ must have storage info");
        return NULL;
    }
    PyObject *key = PyLong_FromSsize_t(length), *array = NULL;
    if (!key) return NULL;
    PyObject *ref = info->arrays ? PyDict_GetItemWithError(info->arrays, key) : NULL;
    if (ref && PyWeakref_GET_OBJECT(ref) != Py_None) {
        array = Py_NewRef(PyWeakref_GET_OBJECT(ref));
    } else if (!PyErr_Occurred()) {
        PyObject *name = PyUnicode_FromFormat("%.200s_Array_%zd", item->tp_name, length);
        if (name)
            array = PyObject_CallFunction((PyObject *)&kr_c_array_meta, "O(O){s:n,s:O}", name, &kr_c_array, "_length_", length, "_type_", item);
        Py_XDECREF(name);
        if (array && remember_array(info, key, array) < 0) Py_CLEAR(array);
    }
    Py_DECREF(key);
    return array;
}
static PyObject *repeat(PyObject *self, Py_ssize_t length) { return kr_c_array_of((PyTypeObject *)self, length); }
PySequenceMethods kr_c_type_as_sequence = {.sq_repeat = repeat};
