/* exceptions_attrs.c - exception classes with a few attributes of their own: StopIteration, SystemExit, ImportError, NameError,
 * AttributeError, SyntaxError; and KeyError, which only reads differently. Their fields are owned objects, NULL when not set. */
#include "object/exceptions.h"
#include "object/tuple.h"

#define MEMBER(S, field, text) {#field, T_OBJECT, offsetof(S, field), 0, PyDoc_STR(text)}

/* ------------------------------------------------------------------ StopIteration, SystemExit */

KR_EXC_LIFECYCLE(StopIteration, PyStopIterationObject, value, 1)

static int kr_exc_StopIteration_init(PyObject *o, PyObject *args, PyObject *kwds) {
    if (kr_exc_BaseException_init(o, args, kwds) < 0) return -1;
    PyObject *value = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : Py_None;
    Py_XSETREF(((PyStopIterationObject *)o)->value, Py_NewRef(value));
    return 0;
}
#define kr_exc_StopIteration_new kr_exc_BaseException_new

static PyMemberDef stop_members[] = {MEMBER(PyStopIterationObject, value, "generator return value"), {NULL}};

PyTypeObject kr_exc_StopIteration = {
    KR_EXC_TYPE(StopIteration, &kr_exc_Exception, StopIteration, PyStopIterationObject),
    .tp_doc = PyDoc_STR("iterator.__next__() has no more items."),
    .tp_members = stop_members,
};
PyObject *PyExc_StopIteration = (PyObject *)&kr_exc_StopIteration;

KR_EXC_LIFECYCLE(SystemExit, PySystemExitObject, code, 1)

static int kr_exc_SystemExit_init(PyObject *o, PyObject *args, PyObject *kwds) {
    if (kr_exc_BaseException_init(o, args, kwds) < 0) return -1;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n > 0) Py_XSETREF(((PySystemExitObject *)o)->code, Py_NewRef(n == 1 ? PyTuple_GET_ITEM(args, 0) : args));
    return 0;
}
#define kr_exc_SystemExit_new kr_exc_BaseException_new

static PyMemberDef exit_members[] = {MEMBER(PySystemExitObject, code, "exception code"), {NULL}};

PyTypeObject kr_exc_SystemExit = {
    KR_EXC_TYPE(SystemExit, &kr_exc_BaseException, SystemExit, PySystemExitObject),
    .tp_doc = PyDoc_STR("The program asks to be ended."),
    .tp_members = exit_members,
};
PyObject *PyExc_SystemExit = (PyObject *)&kr_exc_SystemExit;

/* ------------------------------------------------------------------ classes with keyword arguments */

/* BaseException's init with the positional arguments, then the keywords of the format into a and b, which keep their old values when not
 * given; new references in the fields. */
static int init_with_keywords(PyObject *o, PyObject *args, PyObject *kwds, const char *format, char **names, PyObject **a, PyObject **b) {
    if (kr_exc_BaseException_init(o, args, NULL) < 0) return -1;
    PyObject *va = NULL, *vb = NULL;
    if (kwds && !PyArg_ParseTupleAndKeywords(kr_empty_tuple(), kwds, format, names, &va, &vb)) return -1;
    Py_XSETREF(*a, Py_XNewRef(va));
    if (b) Py_XSETREF(*b, Py_XNewRef(vb));
    return 0;
}

/* ------------------------------------------------------------------ ImportError */

#define IMPORT(o) ((PyImportErrorObject *)(o))
KR_EXC_LIFECYCLE(ImportError, PyImportErrorObject, msg, 3)
#define kr_exc_ImportError_new kr_exc_BaseException_new

int kr_exc_ImportError_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", "path", NULL};
    if (init_with_keywords(o, args, kwds, "|$OO:ImportError", names, &IMPORT(o)->name, &IMPORT(o)->path) < 0) return -1;
    PyObject *msg = PyTuple_GET_SIZE(args) == 1 ? Py_NewRef(PyTuple_GET_ITEM(args, 0)) : NULL;
    Py_XSETREF(IMPORT(o)->msg, msg);
    return 0;
}

static PyObject *import_str(PyObject *o) {
    PyObject *msg = IMPORT(o)->msg;
    return msg && PyUnicode_CheckExact(msg) ? Py_NewRef(msg) : kr_exc_BaseException_str(o);
}

static PyObject *import_reduce(PyObject *o, PyObject *ignored) {
    PyObject *state = kr_exc_state(o, KR_STR(name), IMPORT(o)->name, KR_STR(path), IMPORT(o)->path);
    if (!state) return NULL;
    PyObject *r = state == Py_None ? PyTuple_Pack(2, Py_TYPE(o), IMPORT(o)->args) : PyTuple_Pack(3, Py_TYPE(o), IMPORT(o)->args, state);
    Py_DECREF(state);
    return r;
}

static PyMemberDef import_members[] = {
    MEMBER(PyImportErrorObject, msg, "exception message"),
    MEMBER(PyImportErrorObject, name, "module name"),
    MEMBER(PyImportErrorObject, path, "module path"),
    {NULL},
};
static PyMethodDef import_methods[] = {{"__reduce__", import_reduce, METH_NOARGS}, {NULL}};

PyTypeObject kr_exc_ImportError = {
    KR_EXC_TYPE(ImportError, &kr_exc_Exception, ImportError, PyImportErrorObject),
    .tp_doc = PyDoc_STR("A module, or a name in it, can't be imported."),
    .tp_str = import_str,
    .tp_members = import_members,
    .tp_methods = import_methods,
};
PyObject *PyExc_ImportError = (PyObject *)&kr_exc_ImportError;

/* ------------------------------------------------------------------ NameError, AttributeError */

KR_EXC_LIFECYCLE(NameError, PyNameErrorObject, name, 1)
#define kr_exc_NameError_new kr_exc_BaseException_new

int kr_exc_NameError_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", NULL};
    return init_with_keywords(o, args, kwds, "|$O:NameError", names, &((PyNameErrorObject *)o)->name, NULL);
}

static PyMemberDef name_members[] = {MEMBER(PyNameErrorObject, name, "name"), {NULL}};

PyTypeObject kr_exc_NameError = {
    KR_EXC_TYPE(NameError, &kr_exc_Exception, NameError, PyNameErrorObject),
    .tp_doc = PyDoc_STR("A name is not known."),
    .tp_str = kr_exc_BaseException_str,
    .tp_members = name_members,
};
PyObject *PyExc_NameError = (PyObject *)&kr_exc_NameError;

KR_EXC_LIFECYCLE(AttributeError, PyAttributeErrorObject, obj, 2)
#define kr_exc_AttributeError_new kr_exc_BaseException_new

static int kr_exc_AttributeError_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", "obj", NULL};
    PyAttributeErrorObject *e = (PyAttributeErrorObject *)o;
    return init_with_keywords(o, args, kwds, "|$OO:AttributeError", names, &e->name, &e->obj);
}

static PyMemberDef attribute_members[] = {
    MEMBER(PyAttributeErrorObject, name, "attribute name"),
    MEMBER(PyAttributeErrorObject, obj, "object"),
    {NULL},
};

PyTypeObject kr_exc_AttributeError = {
    KR_EXC_TYPE(AttributeError, &kr_exc_Exception, AttributeError, PyAttributeErrorObject),
    .tp_doc = PyDoc_STR("An object has no such attribute, or it can't be changed."),
    .tp_str = kr_exc_BaseException_str,
    .tp_members = attribute_members,
};
PyObject *PyExc_AttributeError = (PyObject *)&kr_exc_AttributeError;

/* ------------------------------------------------------------------ KeyError */

/* The one argument's repr: a bare '' would tell nothing. */
static PyObject *key_str(PyObject *o) {
    PyObject *args = ((PyBaseExceptionObject *)o)->args;
    return PyTuple_GET_SIZE(args) == 1 ? PyObject_Repr(PyTuple_GET_ITEM(args, 0)) : kr_exc_BaseException_str(o);
}

PyTypeObject kr_exc_KeyError = {
    KR_EXC_TYPE(KeyError, &kr_exc_LookupError, BaseException, PyBaseExceptionObject),
    .tp_doc = PyDoc_STR("A mapping has no such key."),
    .tp_str = key_str,
    .tp_vectorcall = kr_exc_BaseException_vectorcall,
};
PyObject *PyExc_KeyError = (PyObject *)&kr_exc_KeyError;

/* ------------------------------------------------------------------ SyntaxError */

#define SYNTAX(o) ((PySyntaxErrorObject *)(o))
KR_EXC_LIFECYCLE(SyntaxError, PySyntaxErrorObject, msg, 8)
#define kr_exc_SyntaxError_new kr_exc_BaseException_new

/* SyntaxError(msg, (filename, lineno, offset, text[, end_lineno, end_offset])). */
int kr_exc_SyntaxError_init(PyObject *o, PyObject *args, PyObject *kwds) {
    if (kr_exc_BaseException_init(o, args, kwds) < 0) return -1;
    PySyntaxErrorObject *e = SYNTAX(o);
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n >= 1) Py_XSETREF(e->msg, Py_NewRef(PyTuple_GET_ITEM(args, 0)));
    if (n != 2) return 0;
    PyObject *info = PySequence_Tuple(PyTuple_GET_ITEM(args, 1)), *end_lineno = NULL, *end_offset = NULL;
    PyObject *filename, *lineno, *offset, *text;
    if (!info) return -1;
    int r = -1;
    if (PyArg_ParseTuple(info, "OOOO|OO", &filename, &lineno, &offset, &text, &end_lineno, &end_offset)) {
        Py_XSETREF(e->filename, Py_NewRef(filename));
        Py_XSETREF(e->lineno, Py_NewRef(lineno));
        Py_XSETREF(e->offset, Py_NewRef(offset));
        Py_XSETREF(e->text, Py_NewRef(text));
        Py_XSETREF(e->end_lineno, Py_XNewRef(end_lineno));
        Py_XSETREF(e->end_offset, Py_XNewRef(end_offset));
        if (end_lineno && !end_offset) PyErr_SetString(PyExc_TypeError, "end_offset must be provided when end_lineno is provided");
        else r = 0;
    }
    Py_DECREF(info);
    return r;
}

/* The part of a path after its last slash. */
static PyObject *base_name(PyObject *path) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(path), slash = PyUnicode_FindChar(path, '/', 0, n, -1);
    return slash < 0 ? Py_NewRef(path) : PyUnicode_Substring(path, slash + 1, n);
}

static PyObject *syntax_str(PyObject *o) {
    PySyntaxErrorObject *e = SYNTAX(o);
    PyObject *msg = e->msg ? e->msg : Py_None, *r, *file = NULL;
    bool line = e->lineno && PyLong_CheckExact(e->lineno);
    if (e->filename && PyUnicode_Check(e->filename) && !(file = base_name(e->filename))) return NULL;
    if (!file && !line) return PyObject_Str(msg);
    int overflow;
    long n = line ? PyLong_AsLongAndOverflow(e->lineno, &overflow) : 0;
    r = file && line ? PyUnicode_FromFormat("%S (%U, line %ld)", msg, file, n)
        : file       ? PyUnicode_FromFormat("%S (%U)", msg, file)
                     : PyUnicode_FromFormat("%S (line %ld)", msg, n);
    Py_XDECREF(file);
    return r;
}

static PyMemberDef syntax_members[] = {
    MEMBER(PySyntaxErrorObject, msg, "exception msg"),
    MEMBER(PySyntaxErrorObject, filename, "exception filename"),
    MEMBER(PySyntaxErrorObject, lineno, "exception lineno"),
    MEMBER(PySyntaxErrorObject, offset, "exception offset"),
    MEMBER(PySyntaxErrorObject, text, "exception text"),
    MEMBER(PySyntaxErrorObject, end_lineno, "exception end lineno"),
    MEMBER(PySyntaxErrorObject, end_offset, "exception end offset"),
    MEMBER(PySyntaxErrorObject, print_file_and_line, "exception print_file_and_line"),
    {NULL},
};

PyTypeObject kr_exc_SyntaxError = {
    KR_EXC_TYPE(SyntaxError, &kr_exc_Exception, SyntaxError, PySyntaxErrorObject),
    .tp_doc = PyDoc_STR("The source text is not valid Python."),
    .tp_str = syntax_str,
    .tp_members = syntax_members,
};
PyObject *PyExc_SyntaxError = (PyObject *)&kr_exc_SyntaxError;
