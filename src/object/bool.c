/* bool.c - bool: True and False, two immortal ints of a subclass of int. */
#include "object/long.h"

PyLongObject _Py_FalseStruct = {.ob_base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyBool_Type}, .ob_size = 0}, .ob_digit = {0}};
PyLongObject _Py_TrueStruct = {.ob_base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyBool_Type}, .ob_size = 1}, .ob_digit = {1}};

PyObject *PyBool_FromLong(long v) { return Py_NewRef(v ? Py_True : Py_False); }

static PyObject *bool_repr(PyObject *o) {
    return PyUnicode_InternFromString(o == Py_True ? "True" : "False");
}

static PyObject *bool_of(PyObject *x) {
    int truth = PyObject_IsTrue(x);
    return truth < 0 ? NULL : Py_NewRef(truth ? Py_True : Py_False);
}

static PyObject *bool_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *x = Py_False;
    if (!_PyArg_NoKeywords("bool", kwds) || !PyArg_UnpackTuple(args, "bool", 0, 1, &x))
        return NULL;
    return bool_of(x);
}

static PyObject *bool_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("bool", kwnames) || !_PyArg_CheckPositional("bool", n, 0, 1))
        return NULL;
    return n == 0 ? Py_NewRef(Py_False) : bool_of(args[0]);
}

/* &, | and ^ of two bools are bools; with any other int they are int's. */
#define BOOL_OP(name, slot, op)                                       \
    static PyObject *name(PyObject *a, PyObject *b) {                 \
        if (!PyBool_Check(a) || !PyBool_Check(b))                     \
            return kr_long_as_number.slot(a, b);                      \
        return PyBool_FromLong((a == Py_True)op(b == Py_True));       \
    }
BOOL_OP(bool_and, nb_and, &)
BOOL_OP(bool_or, nb_or, |)
BOOL_OP(bool_xor, nb_xor, ^)
#undef BOOL_OP

static void bool_dealloc(PyObject *o) { kr_make_immortal(o); } /* only after a bug in somebody's counting */

static PyNumberMethods bool_as_number = {.nb_and = bool_and, .nb_xor = bool_xor, .nb_or = bool_or};

PyDoc_STRVAR(bool_doc, "bool(x) -> bool\n\nThe truth of x: True or False, the only two instances of this class.\n"
                       "bool is a subclass of int and can't be subclassed itself.");

PyTypeObject PyBool_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "bool",
    .tp_basicsize = offsetof(PyLongObject, ob_digit),
    .tp_itemsize = sizeof(digit),
    .tp_dealloc = bool_dealloc,
    .tp_repr = bool_repr,
    .tp_as_number = &bool_as_number,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = bool_doc,
    .tp_base = &PyLong_Type,
    .tp_new = bool_new,
    .tp_vectorcall = bool_vectorcall,
};
