/* unpickler.c - the type Unpickler, and finding classes and functions by name. */
#include "module/pickle/pickle.h"

/* ------------------------------------------------------------------ finding classes */

/* The names that Python 3 has for those of Python 2; replaces references. */
static int python3_names(const PickleState *st, PyObject **module, PyObject **name) {
    PyObject *key = PyTuple_Pack(2, *module, *name), *pair = key ? PyDict_GetItemWithError(st->name_mapping, key) : NULL;
    Py_XDECREF(key);
    if (pair) {
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_Format(PyExc_RuntimeError, "_compat_pickle.NAME_MAPPING values should be 2-tuples, not %.200s", Py_TYPE(pair)->tp_name);
            return -1;
        }
        PyObject *module3 = PyTuple_GET_ITEM(pair, 0), *name3 = PyTuple_GET_ITEM(pair, 1);
        if (!PyUnicode_Check(module3) || !PyUnicode_Check(name3)) {
            PyErr_Format(PyExc_RuntimeError, "_compat_pickle.NAME_MAPPING values should be pairs of str, not (%.200s, %.200s)",
                         Py_TYPE(module3)->tp_name, Py_TYPE(name3)->tp_name);
            return -1;
        }
        Py_SETREF(*module, Py_NewRef(module3));
        Py_SETREF(*name, Py_NewRef(name3));
        return 0;
    }
    PyObject *module3 = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(st->import_mapping, *module);
    if (!module3) return PyErr_Occurred() ? -1 : 0;
    if (!PyUnicode_Check(module3)) {
        PyErr_Format(PyExc_RuntimeError, "_compat_pickle.IMPORT_MAPPING values should be strings, not %.200s", Py_TYPE(module3)->tp_name);
        return -1;
    }
    Py_SETREF(*module, Py_NewRef(module3));
    return 0;
}
PyObject *kr_unpickler_find_class(Unpickler *u, PyObject *module_name, PyObject *name) {
    if (PySys_Audit("pickle.find_class", "OO", module_name, name) < 0) return NULL;
    PyObject *found = NULL;
    Py_INCREF(module_name);
    Py_INCREF(name);
    if (u->proto >= 3 || !u->fix_imports || python3_names(u->st, &module_name, &name) == 0) {
        PyObject *module = PyImport_Import(module_name);
        if (module) found = kr_pickle_deep_attribute(module, name, u->proto >= 4, NULL);
        Py_XDECREF(module);
    }
    Py_DECREF(module_name);
    Py_DECREF(name);
    return found;
}

/* ------------------------------------------------------------------ the object */

/* Replaces *to by a copy of the argument, or of its default if that is NULL. */
static int set_text(char **to, const char *function, const char *name, PyObject *from, const char *otherwise) {
    Py_ssize_t n = (Py_ssize_t)strlen(otherwise);
    if (from && !PyUnicode_Check(from)) {
        PyErr_Format(PyExc_TypeError, "%s() argument '%s' must be str, not %.50s", function, name, from == Py_None ? "None" : Py_TYPE(from)->tp_name);
        return -1;
    }
    const char *text = from ? PyUnicode_AsUTF8AndSize(from, &n) : otherwise;
    if (!text) return -1;
    if (strlen(text) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return -1;
    }
    char *copy = PyMem_Malloc((size_t)n + 1);
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(copy, text, (size_t)n + 1);
    PyMem_Free(*to);
    *to = copy;
    return 0;
}
int kr_unpickler_setup(Unpickler *u, const char *function, PyObject *encoding, PyObject *errors, PyObject *buffers, int fix_imports) {
    if (set_text(&u->encoding, function, "encoding", encoding, "ASCII") < 0 || set_text(&u->errors, function, "errors", errors, "strict") < 0) return -1;
    PyObject *iterator = NULL;
    if (buffers && buffers != Py_None && !(iterator = PyObject_GetIter(buffers))) return -1;
    Py_XSETREF(u->buffers, iterator);
    u->fix_imports = fix_imports;
    u->proto = 0;
    return 0;
}
static int unpickler_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"file", "fix_imports", "encoding", "errors", "buffers", NULL};
    Unpickler *u = (Unpickler *)self;
    PyObject *file, *encoding = NULL, *errors = NULL, *buffers = NULL;
    int fix_imports = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$pOOO:Unpickler", keywords, &file, &fix_imports, &encoding, &errors, &buffers)) return -1;
    u->ready = false;
    kr_unmemo_clear(&u->memo);
    if (kr_input_set_file(&u->in, file) < 0 || kr_unpickler_setup(u, "Unpickler", encoding, errors, buffers, fix_imports) < 0) return -1;
    if (Py_TYPE(self) != u->st->unpickler_type &&
        kr_pickle_find_hook(self, KR_STR(persistent_load), &u->persistent_load, &u->persistent_load_bound) < 0)
        return -1;
    u->ready = true;
    return 0;
}
static PyObject *unpickler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PickleState *st = kr_pickle_state_of(type);
    Unpickler *u = st ? (Unpickler *)type->tp_alloc(type, 0) : NULL;
    if (u) u->st = st;
    return (PyObject *)u;
}
static PyObject *unpickler_load(PyObject *self, PyObject *unused) {
    Unpickler *u = (Unpickler *)self;
    if (u->ready) return kr_pickle_load(u);
    return PyErr_Format(u->st->unpickling_error, "Unpickler.__init__() was not called by %s.__init__()", Py_TYPE(self)->tp_name);
}
static PyObject *unpickler_find_class(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional("find_class", n, 2, 2)) return NULL;
    return kr_unpickler_find_class((Unpickler *)self, args[0], args[1]);
}
static PyObject *unpickler_sizeof(PyObject *self, PyObject *unused) {
    const Unpickler *u = (Unpickler *)self;
    size_t size = (size_t)Py_TYPE(self)->tp_basicsize + (size_t)u->memo.room * sizeof(PyObject *);
    if (u->encoding) size += strlen(u->encoding) + 1;
    if (u->errors) size += strlen(u->errors) + 1;
    return PyLong_FromSize_t(size);
}
static PyObject *get_persistent_load(PyObject *self, void *closure) {
    const Unpickler *u = (Unpickler *)self;
    return kr_pickle_get_hook(self, "persistent_load", u->persistent_load, u->persistent_load_bound);
}
static int set_persistent_load(PyObject *self, PyObject *value, void *closure) {
    Unpickler *u = (Unpickler *)self;
    return kr_pickle_set_hook("persistent_load", value, &u->persistent_load, &u->persistent_load_bound);
}
static PyObject *get_memo(PyObject *self, void *closure) { return kr_pickle_memo_proxy(((Unpickler *)self)->st, self, false); }

static int unpickler_traverse(PyObject *self, visitproc visit, void *arg) {
    const Unpickler *u = (Unpickler *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(u->in.read);
    Py_VISIT(u->in.readline);
    Py_VISIT(u->in.readinto);
    Py_VISIT(u->in.peek);
    Py_VISIT(u->in.view.obj);
    Py_VISIT(u->persistent_load);
    Py_VISIT(u->buffers);
    return kr_unmemo_traverse(&u->memo, visit, arg);
}
void kr_unpickler_clear_all(Unpickler *u) {
    kr_input_clear(&u->in);
    kr_unmemo_clear(&u->memo);
    Py_CLEAR(u->persistent_load);
    Py_CLEAR(u->buffers);
}
static int unpickler_clear(PyObject *self) {
    ((Unpickler *)self)->ready = false;
    kr_unpickler_clear_all((Unpickler *)self);
    return 0;
}
static void unpickler_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    unpickler_clear(self);
    PyMem_Free(((Unpickler *)self)->encoding);
    PyMem_Free(((Unpickler *)self)->errors);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef unpickler_getset[] = {
    {"memo", get_memo, kr_unpickler_set_memo}, {"persistent_load", get_persistent_load, set_persistent_load}, {NULL}};
static PyMethodDef unpickler_methods[] = {
    {"load", unpickler_load, METH_NOARGS, PyDoc_STR("load($self, /)\n--\n\nReads a pickle and gives the object it describes.")},
    {"find_class", KR_METH(unpickler_find_class), METH_FASTCALL,
     PyDoc_STR("find_class($self, module_name, global_name, /)\n--\n\n"
               "The object of that name in a module, which is imported. Called for whatever a pickle refers to by\n"
               "name: subclasses override it to restrict that.")},
    {"__sizeof__", unpickler_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize in memory, in bytes.")},
    {NULL}};
PyDoc_STRVAR(unpickler_doc,
             "Unpickler(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())\n--\n\n"
             "Reads pickles from a binary file, by its methods read() and readline(), and readinto() and peek() if it has them. The\n"
             "protocol is told by the pickle.\n\n"
             "fix_imports, encoding and errors are for pickles made by Python 2: whether renamed modules are looked for by\n"
             "their new names, and how its str is decoded; the encoding 'bytes' leaves it bytes. buffers gives the\n"
             "buffers that were transmitted outside the pickle.");
static PyType_Slot unpickler_slots[] = {
    {Py_tp_doc, (void *)unpickler_doc}, {Py_tp_new, unpickler_new}, {Py_tp_init, unpickler_init}, {Py_tp_dealloc, unpickler_dealloc},
    {Py_tp_traverse, unpickler_traverse}, {Py_tp_clear, unpickler_clear}, {Py_tp_getset, unpickler_getset}, {Py_tp_methods, unpickler_methods},
    {0, NULL}};
PyType_Spec kr_unpickler_spec = {
    .name = "_pickle.Unpickler", .basicsize = sizeof(Unpickler), .slots = unpickler_slots,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE};
