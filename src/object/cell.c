/* cell.c - cells: the variables that closures share.
 *
 * A cell owns its content; NULL means that the variable is unset. The collector breaks closures' cycles here.
 */
#include "object/container.h"
#include "memory/gc.h"

PyObject *PyCell_New(PyObject *content) {
    PyCellObject *c = PyObject_GC_New(PyCellObject, &PyCell_Type);
    if (c == NULL) return NULL;
    c->ob_ref = Py_XNewRef(content);
    KR_TRACK(c);
    return (PyObject *)c;
}

PyObject *PyCell_Get(PyObject *cell) {
    if (PyCell_Check(cell)) return Py_XNewRef(PyCell_GET(cell));
    PyErr_BadInternalCall();
    return NULL;
}

int PyCell_Set(PyObject *cell, PyObject *content) {
    if (!PyCell_Check(cell)) {
        PyErr_BadInternalCall();
        return -1;
    }
    Py_XSETREF(((PyCellObject *)cell)->ob_ref, Py_XNewRef(content));
    return 0;
}

static PyObject *cell_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *content = NULL;
    if (!_PyArg_NoKeywords("cell", kwargs) || !PyArg_UnpackTuple(args, "cell", 0, 1, &content)) return NULL;
    return PyCell_New(content);
}

static void cell_dealloc(PyObject *self) {
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, cell_dealloc)
    Py_XDECREF(PyCell_GET(self));
    PyObject_GC_Del(self);
    KR_TRASHCAN_END
}

static int cell_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(PyCell_GET(self));
    return 0;
}

static int cell_clear(PyObject *self) {
    Py_CLEAR(((PyCellObject *)self)->ob_ref);
    return 0;
}

static PyObject *cell_repr(PyObject *self) {
    PyObject *v = PyCell_GET(self);
    if (v == NULL) return PyUnicode_FromFormat("<cell at %p: empty>", self);
    return PyUnicode_FromFormat("<cell at %p: %.80s object at %p>", self, Py_TYPE(v)->tp_name, v);
}

/* Compares the contents; an empty cell is less than any other. */
static PyObject *cell_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyCell_Check(a) || !PyCell_Check(b)) Py_RETURN_NOTIMPLEMENTED;
    PyObject *v = PyCell_GET(a), *w = PyCell_GET(b);
    if (v == NULL || w == NULL) Py_RETURN_RICHCOMPARE(v != NULL, w != NULL, op);
    Py_INCREF(v);
    Py_INCREF(w);
    PyObject *r = PyObject_RichCompare(v, w, op);
    Py_DECREF(v);
    Py_DECREF(w);
    return r;
}

static PyObject *cell_get_contents(PyObject *self, void *closure) {
    PyObject *v = PyCell_GET(self);
    if (v == NULL) PyErr_SetString(PyExc_ValueError, "Cell is empty");
    return Py_XNewRef(v);
}

static int cell_set_contents(PyObject *self, PyObject *value, void *closure) { return PyCell_Set(self, value); }

static PyGetSetDef cell_getsets[] = {
    {"cell_contents", cell_get_contents, cell_set_contents},
    {NULL},
};

PyTypeObject PyCell_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "cell",
    .tp_basicsize = sizeof(PyCellObject),
    .tp_dealloc = cell_dealloc,
    .tp_repr = cell_repr,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("cell([contents])\n--\n\nA variable shared by closures, empty unless contents are given.\n\n"
                        "Reading cell_contents of an empty cell raises ValueError."),
    .tp_traverse = cell_traverse,
    .tp_clear = cell_clear,
    .tp_richcompare = cell_richcompare,
    .tp_getset = cell_getsets,
    .tp_new = cell_new,
};
