/* interpreterid.c - the type InterpreterID: the number of an interpreter, which keeps an interpreter alive that asks for it.
 *
 * Such an object counts in its interpreter's id_refcount; with the last one an interpreter ends that was made to (subinterp.c). A forced one
 * may name an interpreter that is none. The module _xxsubinterpreters makes and reads them.
 */
#include "object/interpreterid.h"
#include "runtime/crossinterp.h"

typedef struct {
    PyObject_HEAD
    int64_t id;
    bool counted;               /* there was such an interpreter when this was made */
} InterpreterID;

int kr_id_from_object(PyObject *o, const char *what, int64_t *id) {
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "%s ID must be an int, got %.100s", what, Py_TYPE(o)->tp_name);
        return 0;
    }
    long long n = PyLong_AsLongLong(o);
    if (n == -1 && PyErr_Occurred()) return 0;
    if (n < 0) {
        PyErr_Format(PyExc_ValueError, "%s ID must be a non-negative int, got %R", what, o);
        return 0;
    }
    *id = n;
    return 1;
}
PyObject *kr_id_compare(int64_t id, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyNumber_Check(other)) Py_RETURN_NOTIMPLEMENTED;
    PyObject *n = PyLong_FromLongLong(id), *r = n ? PyObject_RichCompare(n, other, op) : NULL;
    Py_XDECREF(n);
    return r;
}

static int convert(PyObject *o, int64_t *id) {
    if (!PyObject_TypeCheck(o, &_PyInterpreterID_Type)) return kr_id_from_object(o, "interpreter", id);
    *id = ((InterpreterID *)o)->id;
    return 1;
}

PyInterpreterState *_PyInterpreterID_LookUp(PyObject *o) {
    int64_t id;
    return convert(o, &id) ? _PyInterpreterState_LookUpID(id) : NULL;
}

/* ------------------------------------------------------------------ life */

static PyObject *new_id(PyTypeObject *type, int64_t id, bool force) {
    KrInterp *interp = force ? kr_interp_find(id) : _PyInterpreterState_LookUpID(id);
    if (!interp && !force) return NULL;
    InterpreterID *self = (InterpreterID *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->id = id;
    if ((self->counted = interp != NULL)) _PyInterpreterState_IDIncref(interp);
    return (PyObject *)self;
}
PyObject *_PyInterpreterID_New(int64_t id) { return new_id(&_PyInterpreterID_Type, id, false); }
PyObject *_PyInterpreterState_GetIDObject(PyInterpreterState *interp) { return _PyInterpreterID_New(interp->id); }

static PyObject *id_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *names[] = {"id", "force", NULL};
    int64_t id;
    int force = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|$p:InterpreterID.__init__", names, convert, &id, &force)) return NULL;
    return new_id(type, id, force);
}
static void id_dealloc(PyObject *self) {
    KrInterp *interp = ((InterpreterID *)self)->counted ? kr_interp_find(((InterpreterID *)self)->id) : NULL;
    Py_TYPE(self)->tp_free(self);
    if (interp) _PyInterpreterState_IDDecref(interp);
}

/* ------------------------------------------------------------------ the type */

static PyObject *id_int(PyObject *self) { return PyLong_FromLongLong(((InterpreterID *)self)->id); }
static PyObject *id_str(PyObject *self) { return PyUnicode_FromFormat("%lld", (long long)((InterpreterID *)self)->id); }
static PyObject *id_repr(PyObject *self) { return PyUnicode_FromFormat("%s(%lld)", _PyType_Name(Py_TYPE(self)), (long long)((InterpreterID *)self)->id); }
static Py_hash_t id_hash(PyObject *self) {
    PyObject *n = id_int(self);
    Py_hash_t hash = n ? PyObject_Hash(n) : -1;
    Py_XDECREF(n);
    return hash;
}
static PyObject *id_richcompare(PyObject *self, PyObject *other, int op) {
    int64_t id = ((InterpreterID *)self)->id;
    if ((op == Py_EQ || op == Py_NE) && PyObject_TypeCheck(other, &_PyInterpreterID_Type))
        return PyBool_FromLong((id == ((InterpreterID *)other)->id) == (op == Py_EQ));
    return kr_id_compare(id, other, op);
}
static PyNumberMethods id_as_number = {.nb_int = id_int, .nb_index = id_int};

PyTypeObject _PyInterpreterID_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "InterpreterID",
    .tp_basicsize = sizeof(InterpreterID),
    .tp_dealloc = id_dealloc,
    .tp_repr = id_repr,
    .tp_as_number = &id_as_number,
    .tp_hash = id_hash,
    .tp_str = id_str,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("The number of an interpreter; may be used as an int."),
    .tp_richcompare = id_richcompare,
    .tp_new = id_new,
};
