/* xxsubtype.c - the module `xxsubtype`: a list and a dict with one more field, as an example of subclassing built-in types in C.
 *
 * The standard library's tests use it to look at types that inherit from a built-in type without being classes of Python.
 */
#include "krait.h"
#include <structmember.h>
#include <time.h>

typedef struct {
    PyListObject list;
    int state;
} SpamList;

typedef struct {
    PyDictObject dict;
    int state;
} SpamDict;

/* getstate(), setstate(state) and __init__, which begins with state 0. */
#define STATEFUL(prefix, Type, base) \
    static PyObject *prefix##_getstate(PyObject *self, PyObject *unused) { return PyLong_FromLong(((Type *)self)->state); } \
    static PyObject *prefix##_setstate(PyObject *self, PyObject *args) { \
        int state; \
        if (!PyArg_ParseTuple(args, "i:setstate", &state)) \
            return NULL; \
        ((Type *)self)->state = state; \
        Py_RETURN_NONE; \
    } \
    static int prefix##_init(PyObject *self, PyObject *args, PyObject *kwargs) { \
        ((Type *)self)->state = 0; \
        return base.tp_init(self, args, kwargs); \
    }
STATEFUL(spamlist, SpamList, PyList_Type)
STATEFUL(spamdict, SpamDict, PyDict_Type)

#define STATE_METHODS(prefix) \
    {"getstate", prefix##_getstate, METH_NOARGS, PyDoc_STR("getstate() -> the number kept beside the items")}, \
    {"setstate", prefix##_setstate, METH_VARARGS, PyDoc_STR("setstate(state): changes that number")}

/* (first, args, kwargs): what a class method or a static method was called with. */
static PyObject *show_call(PyObject *first, PyObject *args, PyObject *kwargs) {
    return PyTuple_Pack(3, first == NULL ? Py_None : first, args, kwargs == NULL ? Py_None : kwargs);
}

static PyObject *spamlist_get_state(PyObject *self, void *unused) { return spamlist_getstate(self, NULL); }

static PyMethodDef spamlist_methods[] = {
    STATE_METHODS(spamlist),
    {"classmeth", KR_METH(show_call), METH_VARARGS | METH_KEYWORDS | METH_CLASS, PyDoc_STR("classmeth(*args, **kwargs) -> (class, args, kwargs)")},
    {"staticmeth", KR_METH(show_call), METH_VARARGS | METH_KEYWORDS | METH_STATIC, PyDoc_STR("staticmeth(*args, **kwargs) -> (None, args, kwargs)")},
    {NULL}};

static PyGetSetDef spamlist_getset[] = {{"state", spamlist_get_state, NULL, PyDoc_STR("the number kept beside the items")}, {NULL}};

static PyTypeObject spamlist_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "xxsubtype.spamlist",
    .tp_basicsize = sizeof(SpamList),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_base = &PyList_Type,
    .tp_methods = spamlist_methods,
    .tp_getset = spamlist_getset,
    .tp_init = spamlist_init,
};

static PyMethodDef spamdict_methods[] = {STATE_METHODS(spamdict), {NULL}};

static PyMemberDef spamdict_members[] = {
    {"state", T_INT, offsetof(SpamDict, state), READONLY, PyDoc_STR("the number kept beside the items")}, {NULL}};

static PyTypeObject spamdict_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "xxsubtype.spamdict",
    .tp_basicsize = sizeof(SpamDict),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_base = &PyDict_Type,
    .tp_methods = spamdict_methods,
    .tp_members = spamdict_members,
    .tp_init = spamdict_init,
};

static PyObject *xxsubtype_bench(PyObject *module, PyObject *args) {
    PyObject *o, *name;
    int n = 1000;
    if (!PyArg_ParseTuple(args, "OU|i", &o, &name, &n))
        return NULL;
    clock_t start = clock();
    while (n-- > 0) {
        PyObject *value = PyObject_GetAttr(o, name);
        if (value == NULL)
            return NULL;
        Py_DECREF(value);
    }
    return PyFloat_FromDouble((double)(clock() - start) / CLOCKS_PER_SEC);
}

static PyMethodDef xxsubtype_functions[] = {
    {"bench", xxsubtype_bench, METH_VARARGS, PyDoc_STR("bench(object, name, n=1000) -> processor seconds that n reads of the attribute take")},
    {NULL}};

static int xxsubtype_exec(PyObject *module) {
    return PyModule_AddType(module, &spamlist_type) < 0 || PyModule_AddType(module, &spamdict_type) < 0 ? -1 : 0;
}

static PyModuleDef_Slot xxsubtype_slots[] = {{Py_mod_exec, (void *)xxsubtype_exec}, {0}};

static PyModuleDef xxsubtype_module = {PyModuleDef_HEAD_INIT, .m_name = "xxsubtype",
    .m_doc = PyDoc_STR("Built-in types subclassed in C."), .m_methods = xxsubtype_functions, .m_slots = xxsubtype_slots};

PyMODINIT_FUNC PyInit_xxsubtype(void);
PyMODINIT_FUNC PyInit_xxsubtype(void) { return PyModuleDef_Init(&xxsubtype_module); }
