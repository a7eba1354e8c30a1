/* structseq.c - struct sequences: tuples with named fields, of which only the first are items.
 *
 * The layout is a tuple's with room for n_fields items, while ob_size says n_sequence_fields. The numbers of fields are in
 * the type's dict (n_fields, n_sequence_fields, n_unnamed_fields), the names in its tp_members, where unnamed fields are left out: field i
 * behind all unnamed ones is member i - n_unnamed_fields.
 */
#include "object/structseq.h"
#include "object/container.h"

const char *const PyStructSequence_UnnamedField = "unnamed field";

/* ------------------------------------------------------------------ the type's numbers */

static Py_ssize_t type_number(PyTypeObject *type, PyObject *name) {
    PyObject *v = PyDict_GetItemWithError(type->tp_dict, name);
    if (v == NULL) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "Missed attribute '%U' of type %s", name, type->tp_name);
        return -1;
    }
    return PyLong_AsSsize_t(v);
}

#define VISIBLE(type) type_number(type, KR_STR(n_sequence_fields))
#define REAL(type) type_number(type, KR_STR(n_fields))
#define UNNAMED(type) type_number(type, KR_STR(n_unnamed_fields))

/* A struct sequence's real size must be known while its type is torn down, too: then the dict may be gone. */
static Py_ssize_t real_size(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    Py_ssize_t n = type->tp_dict != NULL ? REAL(type) : -1;
    if (n < 0) {
        PyErr_Clear();
        n = Py_SIZE(self);
    }
    return n;
}

/* ------------------------------------------------------------------ objects */

PyObject *PyStructSequence_New(PyTypeObject *type) {
    Py_ssize_t n = REAL(type), visible = VISIBLE(type);
    if (n < 0 || visible < 0)
        return NULL;
    PyTupleObject *t = PyObject_GC_NewVar(PyTupleObject, type, n);
    if (t == NULL)
        return NULL;
    memset(t->ob_item, 0, (size_t)n * sizeof(PyObject *));
    Py_SET_SIZE(t, visible);
    KR_TRACK(t);
    return (PyObject *)t;
}

void PyStructSequence_SetItem(PyObject *self, Py_ssize_t i, PyObject *v) { PyTuple_SET_ITEM(self, i, v); }
PyObject *PyStructSequence_GetItem(PyObject *self, Py_ssize_t i) { return PyTuple_GET_ITEM(self, i); }

static int structseq_traverse(PyObject *self, visitproc visit, void *arg) {
    if (Py_TYPE(self)->tp_flags & Py_TPFLAGS_HEAPTYPE)
        Py_VISIT(Py_TYPE(self));
    Py_ssize_t n = real_size(self);
    for (Py_ssize_t i = 0; i < n; i++)
        Py_VISIT(PyTuple_GET_ITEM(self, i));
    return 0;
}

static void structseq_dealloc(PyObject *self) {
    KR_FORGET(self);
    PyTypeObject *type = Py_TYPE(self);
    Py_ssize_t n = real_size(self);
    for (Py_ssize_t i = 0; i < n; i++)
        Py_XDECREF(PyTuple_GET_ITEM(self, i));
    PyObject_GC_Del(self);
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE)
        Py_DECREF(type);
}

static PyObject *structseq_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"sequence", "dict", NULL};
    PyObject *sequence, *dict = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:structseq", keywords, &sequence, &dict))
        return NULL;
    Py_ssize_t least = VISIBLE(type), most = REAL(type), unnamed = UNNAMED(type);
    if (least < 0 || most < 0 || unnamed < 0)
        return NULL;
    PyObject *fast = PySequence_Fast(sequence, "constructor requires a sequence");
    if (fast == NULL)
        return NULL;
    PyObject *self = NULL;
    if (dict != NULL && !PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "%.500s() takes a dict as second arg, if any", type->tp_name);
        goto done;
    }
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    if (least != most && n < least) {
        PyErr_Format(PyExc_TypeError, "%.500s() takes an at least %zd-sequence (%zd-sequence given)", type->tp_name, least, n);
        goto done;
    }
    if (least != most && n > most) {
        PyErr_Format(PyExc_TypeError, "%.500s() takes an at most %zd-sequence (%zd-sequence given)", type->tp_name, most, n);
        goto done;
    }
    if (least == most && n != least) {
        PyErr_Format(PyExc_TypeError, "%.500s() takes a %zd-sequence (%zd-sequence given)", type->tp_name, least, n);
        goto done;
    }
    if ((self = PyStructSequence_New(type)) == NULL)
        goto done;
    Py_ssize_t i = 0;
    for (; i < n; i++)
        PyTuple_SET_ITEM(self, i, Py_NewRef(PySequence_Fast_GET_ITEM(fast, i)));
    for (; i < most; i++) {     /* hidden fields not in the sequence */
        PyObject *v = NULL;
        if (dict != NULL) {
            v = _PyDict_GetItemStringWithError(dict, type->tp_members[i - unnamed].name);
            if (v == NULL && PyErr_Occurred()) {
                Py_CLEAR(self);
                break;
            }
        }
        PyTuple_SET_ITEM(self, i, Py_NewRef(v == NULL ? Py_None : v));
    }
done:
    Py_DECREF(fast);
    return self;
}

static PyObject *structseq_repr(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    if (_PyUnicodeWriter_WriteASCIIString(&w, type->tp_name, -1) < 0 || _PyUnicodeWriter_WriteChar(&w, '(') < 0)
        goto error;
    Py_ssize_t n = Py_SIZE(self);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i > 0 && _PyUnicodeWriter_WriteASCIIString(&w, ", ", 2) < 0)
            goto error;
        const char *name = type->tp_members[i].name;
        if (name == NULL) {
            PyErr_Format(PyExc_SystemError, "In structseq_repr(), member %zd name is NULL for type %.500s", i, type->tp_name);
            goto error;
        }
        PyObject *s = PyUnicode_FromFormat("%s=%R", name, PyTuple_GET_ITEM(self, i));
        if (s == NULL)
            goto error;
        int r = _PyUnicodeWriter_WriteStr(&w, s);
        Py_DECREF(s);
        if (r < 0)
            goto error;
    }
    w.overallocate = 0;
    if (_PyUnicodeWriter_WriteChar(&w, ')') < 0)
        goto error;
    return _PyUnicodeWriter_Finish(&w);
error:
    _PyUnicodeWriter_Dealloc(&w);
    return NULL;
}

/* (type, (tuple of the items, dict of the hidden fields)) */
static PyObject *structseq_reduce(PyObject *self, PyObject *unused) {
    PyTypeObject *type = Py_TYPE(self);
    Py_ssize_t n = REAL(type), visible = VISIBLE(type), unnamed = UNNAMED(type);
    if (n < 0 || visible < 0 || unnamed < 0)
        return NULL;
    PyObject *items = PyTuple_New(visible), *dict = items == NULL ? NULL : PyDict_New();
    if (dict == NULL)
        goto error;
    for (Py_ssize_t i = 0; i < visible; i++)
        PyTuple_SET_ITEM(items, i, Py_NewRef(PyTuple_GET_ITEM(self, i)));
    for (Py_ssize_t i = visible; i < n; i++)
        if (PyDict_SetItemString(dict, type->tp_members[i - unnamed].name, PyTuple_GET_ITEM(self, i)) < 0)
            goto error;
    return Py_BuildValue("(O(NN))", type, items, dict);
error:
    Py_XDECREF(items);
    Py_XDECREF(dict);
    return NULL;
}

static PyMethodDef structseq_methods[] = {{"__reduce__", structseq_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

/* ------------------------------------------------------------------ types */

typedef struct {
    Py_ssize_t fields, unnamed;
    PyMemberDef *members;       /* owned */
} KrFields;

static int read_fields(PyStructSequence_Desc *desc, KrFields *f) {
    f->fields = f->unnamed = 0;
    for (PyStructSequence_Field *p = desc->fields; p->name != NULL; p++) {
        f->fields++;
        f->unnamed += p->name == PyStructSequence_UnnamedField;
    }
    f->members = PyMem_New(PyMemberDef, f->fields - f->unnamed + 1);
    if (f->members == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t k = 0;
    for (Py_ssize_t i = 0; i < f->fields; i++) {
        if (desc->fields[i].name == PyStructSequence_UnnamedField)
            continue;
        f->members[k++] = (PyMemberDef){
            desc->fields[i].name, T_OBJECT, offsetof(PyTupleObject, ob_item) + i * (Py_ssize_t)sizeof(PyObject *), READONLY,
            desc->fields[i].doc};
    }
    f->members[k] = (PyMemberDef){NULL, 0, 0, 0, NULL};
    return 0;
}

static int set_number(PyObject *dict, const char *name, Py_ssize_t n) {
    PyObject *v = PyLong_FromSsize_t(n);
    int r = v == NULL ? -1 : PyDict_SetItemString(dict, name, v);
    Py_XDECREF(v);
    return r;
}

static int fill_type_dict(PyObject *dict, PyStructSequence_Desc *desc, KrFields *f) {
    if (set_number(dict, "n_sequence_fields", desc->n_in_sequence) < 0 || set_number(dict, "n_fields", f->fields) < 0 ||
        set_number(dict, "n_unnamed_fields", f->unnamed) < 0)
        return -1;
    /* Named fields among the items, for pattern matching. */
    PyObject *names = PyList_New(0);
    int r = names == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; r == 0 && i < desc->n_in_sequence; i++) {
        if (desc->fields[i].name == PyStructSequence_UnnamedField)
            continue;
        PyObject *name = PyUnicode_FromString(desc->fields[i].name);
        r = name == NULL ? -1 : PyList_Append(names, name);
        Py_XDECREF(name);
    }
    PyObject *keys = r < 0 ? NULL : PyList_AsTuple(names);
    Py_XDECREF(names);
    r = keys == NULL ? -1 : PyDict_SetItemString(dict, "__match_args__", keys);
    Py_XDECREF(keys);
    return r;
}

int _PyStructSequence_InitType(PyTypeObject *type, PyStructSequence_Desc *desc, unsigned long tp_flags) {
    KrFields f;
    if (type->tp_flags & Py_TPFLAGS_READY)      /* already done, by another interpreter */
        return 0;
    if (read_fields(desc, &f) < 0)
        return -1;
    *type = (PyTypeObject){
        KR_STATIC_TYPE_HEAD
        .tp_name = desc->name,
        .tp_basicsize = sizeof(PyStructSequence) - sizeof(PyObject *),
        .tp_itemsize = sizeof(PyObject *),
        .tp_dealloc = structseq_dealloc,
        .tp_repr = structseq_repr,
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | tp_flags,
        .tp_doc = desc->doc,
        .tp_traverse = structseq_traverse,
        .tp_methods = structseq_methods,
        .tp_members = f.members,
        .tp_base = &PyTuple_Type,
        .tp_new = tp_flags & Py_TPFLAGS_DISALLOW_INSTANTIATION ? NULL : structseq_new,
    };
    if (PyType_Ready(type) < 0 || fill_type_dict(type->tp_dict, desc, &f) < 0) {
        PyMem_Free(f.members);
        return -1;
    }
    return 0;
}

int PyStructSequence_InitType2(PyTypeObject *type, PyStructSequence_Desc *desc) {
    return _PyStructSequence_InitType(type, desc, 0);
}

void PyStructSequence_InitType(PyTypeObject *type, PyStructSequence_Desc *desc) { (void)_PyStructSequence_InitType(type, desc, 0); }

PyTypeObject *_PyStructSequence_NewType(PyStructSequence_Desc *desc, unsigned long tp_flags) {
    KrFields f;
    if (read_fields(desc, &f) < 0)
        return NULL;
    PyType_Slot slots[] = {
        {Py_tp_dealloc, structseq_dealloc}, {Py_tp_repr, structseq_repr}, {Py_tp_doc, (void *)desc->doc},
        {Py_tp_methods, structseq_methods}, {Py_tp_new, structseq_new}, {Py_tp_members, f.members},
        {Py_tp_traverse, structseq_traverse}, {0, NULL}};
    PyType_Spec spec = {
        .name = desc->name, .basicsize = sizeof(PyStructSequence) - sizeof(PyObject *), .itemsize = sizeof(PyObject *),
        .flags = (unsigned int)(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | tp_flags), .slots = slots};
    PyObject *bases = PyTuple_Pack(1, &PyTuple_Type);
    PyTypeObject *type = bases == NULL ? NULL : (PyTypeObject *)PyType_FromSpecWithBases(&spec, bases);
    Py_XDECREF(bases);
    PyMem_Free(f.members);      /* the type has its own copy */
    if (type != NULL && fill_type_dict(type->tp_dict, desc, &f) < 0)
        Py_CLEAR(type);
    return type;
}

PyTypeObject *PyStructSequence_NewType(PyStructSequence_Desc *desc) { return _PyStructSequence_NewType(desc, 0); }
