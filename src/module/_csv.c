/* _csv.c - the module _csv: the registry of dialects and the limit of a field. Dialects are in _csv_dialect.c, reading is in
 * _csv_reader.c, writing in _csv_writer.c. */
#include "module/_csv.h"

/* ------------------------------------------------------------------ functions */

static PyObject *csv_list_dialects(PyObject *module, PyObject *args) { return PyDict_Keys(kr_csv_state(module)->dialects); }
static PyObject *csv_register_dialect(PyObject *module, PyObject *args, PyObject *kwargs) {
    PyObject *name, *dialect = NULL;
    CsvState *state = kr_csv_state(module);
    if (!PyArg_UnpackTuple(args, "", 1, 2, &name, &dialect)) return NULL;
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "dialect name must be a string");
        return NULL;
    }
    PyObject *made = (PyObject *)kr_csv_make_dialect(state, dialect, kwargs);
    int r = made ? PyDict_SetItem(state->dialects, name, made) : -1;
    Py_XDECREF(made);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
static char *const name_keyword[] = {"name", NULL};
static PyObject *csv_unregister_dialect(PyObject *module, PyObject *args, PyObject *kwargs) {
    PyObject *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:unregister_dialect", (char **)name_keyword, &name)) return NULL;
    PyObject *known = kr_csv_find_dialect(kr_csv_state(module), name);
    int r = known ? PyDict_DelItem(kr_csv_state(module)->dialects, name) : -1;
    Py_XDECREF(known);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *csv_get_dialect(PyObject *module, PyObject *args, PyObject *kwargs) {
    PyObject *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:get_dialect", (char **)name_keyword, &name)) return NULL;
    return kr_csv_find_dialect(kr_csv_state(module), name);
}
static PyObject *csv_field_size_limit(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"new_limit", NULL};
    PyObject *given = NULL;
    CsvState *state = kr_csv_state(module);
    long old = state->field_limit;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:field_size_limit", keywords, &given)) return NULL;
    if (given) {
        if (!PyLong_CheckExact(given)) {
            PyErr_SetString(PyExc_TypeError, "limit must be an integer");
            return NULL;
        }
        long limit = PyLong_AsLong(given);
        if (limit == -1 && PyErr_Occurred()) return NULL;
        state->field_limit = limit;
    }
    return PyLong_FromLong(old);
}
static PyMethodDef csv_functions[] = {
    {"reader", KR_METH(kr_csv_reader), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("reader(iterable [, dialect='excel'] [, settings by keyword])\n\nAn iterator over the records in an iterable of lines: lists of str.")},
    {"writer", KR_METH(kr_csv_writer), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("writer(file [, dialect='excel'] [, settings by keyword])\n\nAn object whose writerow() and writerows() write to the file.")},
    {"list_dialects", csv_list_dialects, METH_NOARGS, PyDoc_STR("list_dialects()\n\nThe names of the registered dialects.")},
    {"register_dialect", KR_METH(csv_register_dialect), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("register_dialect(name [, dialect] [, settings by keyword])\n\nGives a dialect a name.")},
    {"unregister_dialect", KR_METH(csv_unregister_dialect), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("unregister_dialect($module, /, name)\n--\n\nForgets the dialect of that name.")},
    {"get_dialect", KR_METH(csv_get_dialect), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("get_dialect($module, /, name)\n--\n\nThe dialect of that name.")},
    {"field_size_limit", KR_METH(csv_field_size_limit), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("field_size_limit([limit])\n\nThe most characters that a field read may have; a new limit may be set.")},
    {NULL}};

/* ------------------------------------------------------------------ the module */

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **slot, const char *name) {
    *slot = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *slot ? PyModule_AddObjectRef(module, name, (PyObject *)*slot) : -1;
}
static int csv_exec(PyObject *module) {
    static const char *const quotings[] = {"QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE"};
    CsvState *state = kr_csv_state(module);
    state->field_limit = 128 * 1024;
    if (PyModule_AddStringConstant(module, "__version__", "1.0") < 0) return -1;
    if (!(state->dialects = PyDict_New()) || PyModule_AddObjectRef(module, "_dialects", state->dialects) < 0) return -1;
    for (int i = 0; i < (int)KR_ARRAY_LEN(quotings); i++)
        if (PyModule_AddIntConstant(module, quotings[i], i) < 0) return -1;
    if (add_type(module, &kr_csv_dialect_spec, &state->dialect_type, "Dialect") < 0 || add_type(module, &kr_csv_reader_spec, &state->reader_type, "Reader") < 0 ||
        add_type(module, &kr_csv_writer_spec, &state->writer_type, "Writer") < 0)
        return -1;
    state->error = PyErr_NewException("_csv.Error", NULL, NULL);
    return state->error ? PyModule_AddObjectRef(module, "Error", state->error) : -1;
}
static int csv_traverse(PyObject *module, visitproc visit, void *arg) {
    CsvState *state = kr_csv_state(module);
    Py_VISIT(state->error);
    Py_VISIT(state->dialects);
    Py_VISIT(state->dialect_type);
    Py_VISIT(state->reader_type);
    Py_VISIT(state->writer_type);
    return 0;
}
static int csv_clear(PyObject *module) {
    CsvState *state = kr_csv_state(module);
    Py_CLEAR(state->error);
    Py_CLEAR(state->dialects);
    Py_CLEAR(state->dialect_type);
    Py_CLEAR(state->reader_type);
    Py_CLEAR(state->writer_type);
    return 0;
}
static void csv_free(void *module) { csv_clear(module); }
static PyModuleDef_Slot csv_slots[] = {{Py_mod_exec, csv_exec}, {0, NULL}};
PyDoc_STRVAR(csv_doc, "Reading and writing CSV text: reader(), writer(), and dialects, which are named sets of settings.");
struct PyModuleDef kr_csv_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_csv", .m_doc = csv_doc, .m_size = sizeof(CsvState), .m_methods = csv_functions,
    .m_slots = csv_slots, .m_traverse = csv_traverse, .m_clear = csv_clear, .m_free = csv_free};

PyMODINIT_FUNC PyInit__csv(void);
PyMODINIT_FUNC PyInit__csv(void) { return PyModuleDef_Init(&kr_csv_module); }
