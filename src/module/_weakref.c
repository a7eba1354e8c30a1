/* _weakref.c - the module behind weakref: the types, counting references, removing dead ones from a dict. */
#include "krait.h"
#include "object/dict.h"

static PyWeakReference **list_of(PyObject *o) {
    return PyType_SUPPORTS_WEAKREFS(Py_TYPE(o)) ? (PyWeakReference **)PyObject_GET_WEAKREFS_LISTPTR(o) : NULL;
}
static PyObject *getweakrefcount(PyObject *module, PyObject *o) {
    (void)module;
    PyWeakReference **list = list_of(o);
    return PyLong_FromSsize_t(list ? _PyWeakref_GetWeakrefCount(*list) : 0);
}
static PyObject *getweakrefs(PyObject *module, PyObject *o) {
    (void)module;
    PyWeakReference **list = list_of(o);
    PyObject *result = PyList_New(0);
    for (PyWeakReference *r = list && result ? *list : NULL; result && r; r = r->wr_next)
        if (Py_REFCNT(r) > 0 && PyList_Append(result, (PyObject *)r) < 0) Py_CLEAR(result);
    return result;
}
static PyObject *proxy(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    (void)module;
    if (!_PyArg_CheckPositional("proxy", n, 1, 2)) return NULL;
    return PyWeakref_NewProxy(args[0], n > 1 ? args[1] : NULL);
}
static int is_dead(PyObject *value) {
    if (!PyWeakref_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "not a weakref");
        return -1;
    }
    return PyWeakref_GET_OBJECT(value) == Py_None;
}
static PyObject *remove_dead_weakref(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    (void)module;
    if (!_PyArg_CheckPositional("_remove_dead_weakref", n, 2, 2)) return NULL;
    if (!PyDict_Check(args[0])) {
        _PyArg_BadArgument("_remove_dead_weakref", "argument 1", "dict", args[0]);
        return NULL;
    }
    if (_PyDict_DelItemIf(args[0], args[1], is_dead) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_KeyError)) return NULL;
        PyErr_Clear();          /* somebody else removed it */
    }
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {
    {"getweakrefcount", getweakrefcount, METH_O, "getweakrefcount($module, object, /)\n--\n\nHow many weak references and proxies refer to the object."},
    {"getweakrefs", getweakrefs, METH_O, "getweakrefs($module, object, /)\n--\n\nA list of them."},
    {"proxy", KR_METH(proxy), METH_FASTCALL, "proxy($module, object, callback=None, /)\n--\n\nA proxy that stands for the object."},
    {"_remove_dead_weakref", KR_METH(remove_dead_weakref), METH_FASTCALL, "_remove_dead_weakref($module, dct, key, /)\n--\n\nDeletes key if its value is a dead weak reference."},
    {NULL, NULL, 0, NULL},
};
static int exec(PyObject *module) {
    static const struct { const char *name; PyTypeObject *type; } types[] = {
        {"ref", &_PyWeakref_RefType}, {"ReferenceType", &_PyWeakref_RefType}, {"ProxyType", &_PyWeakref_ProxyType}, {"CallableProxyType", &_PyWeakref_CallableProxyType},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyModule_AddObjectRef(module, types[i].name, (PyObject *)types[i].type) < 0) return -1;
    return 0;
}
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_weakref", .m_doc = "Weak-reference support module.", .m_methods = methods, .m_slots = slots,
};
PyMODINIT_FUNC PyInit__weakref(void) { return PyModuleDef_Init(&definition); }
