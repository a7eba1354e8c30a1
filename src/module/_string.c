/* _string.c - the module _string: str.format's grammar, for string.Formatter.
 *
 * Two iterators walk a string that they hold; the grammar itself is in object/unicode_strformat.c.
 */
#include "object/unicode_strformat.h"

/* ------------------------------------------------------------------ markup */

typedef struct {
    PyObject_HEAD
    KrMarkup markup;        /* owns its string */
} MarkupIterator;
static PyTypeObject markup_iterator_type;

static void markup_dealloc(PyObject *self) {
    Py_DECREF(((MarkupIterator *)self)->markup.s);
    PyObject_Free(self);
}
/* The next (text, field name, spec, conversion); without a field the last three are None. */
static PyObject *markup_next(PyObject *self) {
    KrMarkup *m = &((MarkupIterator *)self)->markup;
    KrField f;
    if (kr_markup_next(m, &f) <= 0) return NULL;
    PyObject *text = PyUnicode_Substring(m->s, f.start, f.text_end), *conversion;
    if (!f.has_field) return Py_BuildValue("(NOOO)", text, Py_None, Py_None, Py_None);
    conversion = f.conversion ? PyUnicode_FromOrdinal((int)f.conversion) : Py_NewRef(Py_None);
    return Py_BuildValue("(NNNN)", text, PyUnicode_Substring(m->s, f.name_start, f.name_end), PyUnicode_Substring(m->s, f.spec_start, f.spec_end),
                         conversion);
}
static PyTypeObject markup_iterator_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "formatteriterator",
    .tp_basicsize = sizeof(MarkupIterator),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = markup_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = markup_next,
};

/* ------------------------------------------------------------------ field names */

typedef struct {
    PyObject_HEAD
    PyObject *s;            /* owned */
    Py_ssize_t at;
} NameIterator;
static PyTypeObject name_iterator_type;

static void name_dealloc(PyObject *self) {
    Py_DECREF(((NameIterator *)self)->s);
    PyObject_Free(self);
}
/* The key of s[start:end]: the int `index` unless that is -1, else a str. */
static PyObject *make_key(PyObject *s, Py_ssize_t start, Py_ssize_t end, Py_ssize_t index) {
    return index >= 0 ? PyLong_FromSsize_t(index) : PyUnicode_Substring(s, start, end);
}
/* The next (is attribute, name or index). */
static PyObject *name_next(PyObject *self) {
    NameIterator *it = (NameIterator *)self;
    KrAccess a;
    if (kr_name_next(it->s, &it->at, PyUnicode_GET_LENGTH(it->s), &a) <= 0) return NULL;
    return Py_BuildValue("(ON)", a.attribute ? Py_True : Py_False, make_key(it->s, a.start, a.end, a.index));
}
static PyTypeObject name_iterator_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "fieldnameiterator",
    .tp_basicsize = sizeof(NameIterator),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = name_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = name_next,
};

/* ------------------------------------------------------------------ the module */

static int check_str(PyObject *o) {
    if (PyUnicode_Check(o)) return PyUnicode_READY(o);
    PyErr_Format(PyExc_TypeError, "expected str, got %s", Py_TYPE(o)->tp_name);
    return -1;
}
static PyObject *formatter_parser(PyObject *module, PyObject *s) {
    if (check_str(s) < 0) return NULL;
    MarkupIterator *it = PyObject_New(MarkupIterator, &markup_iterator_type);
    if (it) it->markup = (KrMarkup){Py_NewRef(s), 0, PyUnicode_GET_LENGTH(s)};
    return (PyObject *)it;
}
static PyObject *formatter_field_name_split(PyObject *module, PyObject *s) {
    Py_ssize_t end, index;
    if (check_str(s) < 0 || kr_name_first(s, 0, PyUnicode_GET_LENGTH(s), &end, &index) < 0) return NULL;
    NameIterator *it = PyObject_New(NameIterator, &name_iterator_type);
    if (!it) return NULL;
    it->s = Py_NewRef(s);
    it->at = end;
    return Py_BuildValue("(NN)", make_key(s, 0, end, index), it);
}
static PyMethodDef string_functions[] = {
    {"formatter_field_name_split", formatter_field_name_split, METH_O,
     "Splits a field name: (first part, iterator over pairs that say whether an attribute follows or an item, and which)."},
    {"formatter_parser", formatter_parser, METH_O, "Iterates over the parts of a format string: (text, field name, spec, conversion)."},
    {NULL, NULL, 0, NULL},
};
static int string_exec(PyObject *module) { return PyType_Ready(&markup_iterator_type) < 0 || PyType_Ready(&name_iterator_type) < 0 ? -1 : 0; }
static PyModuleDef_Slot string_slots[] = {
    {Py_mod_exec, string_exec},
    {0, NULL},
};
static PyModuleDef string_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_string", .m_doc = PyDoc_STR("Helpers of the module string."), .m_methods = string_functions,
    .m_slots = string_slots};

PyMODINIT_FUNC PyInit__string(void);
PyMODINIT_FUNC PyInit__string(void) { return PyModuleDef_Init(&string_module); }
