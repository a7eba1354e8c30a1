/* _csv_dialect.c - csv's Dialect: the checked, unchanging settings of readers and writers.
 *
 * A setting comes from a keyword argument, or else from the attribute of the same name of the object that `dialect` is, or else it
 * has its default. From the characters a table is made that says what each character of Latin-1 is.
 */
#include "module/_csv.h"

/* ------------------------------------------------------------------ settings */

static int set_bool(char *to, PyObject *from) {
    int truth = from ? PyObject_IsTrue(from) : *to;
    *to = truth > 0;
    return truth < 0 ? -1 : 0;
}
/* A character, or with `optional` None. */
static int set_char(Py_UCS4 *to, const char *name, PyObject *from, bool optional) {
    if (!from) return 0;
    if (optional && from == Py_None) {
        *to = CSV_UNSET;
        return 0;
    }
    if (!PyUnicode_Check(from)) {
        PyErr_Format(PyExc_TypeError, "\"%s\" must be string%s, not %.200s", name, optional ? " or None" : "", Py_TYPE(from)->tp_name);
        return -1;
    }
    if (PyUnicode_READY(from) < 0) return -1;
    if (PyUnicode_GET_LENGTH(from) != 1) {
        PyErr_Format(PyExc_TypeError, "\"%s\" must be a 1-character string", name);
        return -1;
    }
    *to = PyUnicode_READ_CHAR(from, 0);
    return 0;
}
static int set_terminator(PyObject **to, PyObject *from) {
    if (!from) return (*to = PyUnicode_FromString("\r\n")) ? 0 : -1;
    if (from != Py_None && !PyUnicode_Check(from)) {
        PyErr_SetString(PyExc_TypeError, "\"lineterminator\" must be a string");
        return -1;
    }
    if (from != Py_None && PyUnicode_READY(from) < 0) return -1;
    *to = from == Py_None ? NULL : Py_NewRef(from);
    return 0;
}
static int set_quoting(int *to, PyObject *from) {
    if (!from) return 0;
    if (!PyLong_CheckExact(from)) {
        PyErr_SetString(PyExc_TypeError, "\"quoting\" must be an integer");
        return -1;
    }
    *to = _PyLong_AsInt(from);
    return *to == -1 && PyErr_Occurred() ? -1 : 0;
}

/* ------------------------------------------------------------------ classes of characters */

unsigned kr_csv_class_wide(const CsvDialect *d, Py_UCS4 c) {
    unsigned class = (c == d->delimiter ? CSV_DELIMITER : 0) | (c == d->quotechar ? CSV_QUOTE : 0) | (c == d->escapechar ? CSV_ESCAPE : 0);
    if (PyUnicode_FindChar(d->lineterminator, c, 0, PyUnicode_GET_LENGTH(d->lineterminator), 1) >= 0) class |= CSV_TERMINATOR;
    return class;
}
static void fill_table(CsvDialect *d) {
    const Py_UCS4 chars[] = {d->delimiter, d->quotechar, d->escapechar};
    for (size_t i = 0; i < KR_ARRAY_LEN(chars); i++)
        if (chars[i] < 256) d->table[chars[i]] = (unsigned char)kr_csv_class_wide(d, chars[i]);
        else if (chars[i] != CSV_UNSET) d->wide = true;
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(d->lineterminator); i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(d->lineterminator, i);
        if (c < 256) d->table[c] |= CSV_TERMINATOR;
        else d->wide = true;
    }
    d->table['\n'] |= CSV_NEWLINE;
    d->table['\r'] |= CSV_NEWLINE;
}

/* ------------------------------------------------------------------ making one */

enum { DELIMITER, DOUBLEQUOTE, ESCAPECHAR, LINETERMINATOR, QUOTECHAR, QUOTING, SKIPINITIALSPACE, STRICT, N_SETTINGS };
static char *const setting_names[] = {"dialect", "delimiter", "doublequote", "escapechar", "lineterminator", "quotechar",
                                      "quoting", "skipinitialspace", "strict", NULL};

/* Checks and takes over the settings (NULL: default). */
static int configure(CsvDialect *d, PyObject *const *given) {
    d->delimiter = ',';
    d->quotechar = '"';
    d->escapechar = CSV_UNSET;
    d->doublequote = 1;
    if (set_char(&d->delimiter, "delimiter", given[DELIMITER], false) < 0 || set_bool(&d->doublequote, given[DOUBLEQUOTE]) < 0 ||
        set_char(&d->escapechar, "escapechar", given[ESCAPECHAR], true) < 0 || set_terminator(&d->lineterminator, given[LINETERMINATOR]) < 0 ||
        set_char(&d->quotechar, "quotechar", given[QUOTECHAR], true) < 0 || set_quoting(&d->quoting, given[QUOTING]) < 0 ||
        set_bool(&d->skipinitialspace, given[SKIPINITIALSPACE]) < 0 || set_bool(&d->strict, given[STRICT]) < 0)
        return -1;
    const char *wrong = NULL;
    if (given[QUOTECHAR] == Py_None && !given[QUOTING]) d->quoting = CSV_QUOTE_NONE;
    if (d->quoting < CSV_QUOTE_MINIMAL || d->quoting > CSV_QUOTE_NONE) wrong = "bad \"quoting\" value";
    else if (d->quoting != CSV_QUOTE_NONE && d->quotechar == CSV_UNSET) wrong = "quotechar must be set if quoting enabled";
    else if (!d->lineterminator) wrong = "lineterminator must be set";
    if (!wrong) return 0;
    PyErr_SetString(PyExc_TypeError, wrong);
    return -1;
}
static PyObject *dialect_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *dialect = NULL, *given[N_SETTINGS] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOOOOOOO", (char **)setting_names, &dialect, &given[0], &given[1], &given[2], &given[3],
                                     &given[4], &given[5], &given[6], &given[7]))
        return NULL;
    CsvState *state = kr_csv_state_of(type);
    if (!state) return NULL;
    bool any = false;
    for (int i = 0; i < N_SETTINGS; i++) any = any || given[i];
    if (dialect && PyUnicode_Check(dialect)) {
        if (!(dialect = kr_csv_find_dialect(state, dialect))) return NULL;
    } else {
        Py_XINCREF(dialect);
    }
    if (dialect && !any && PyObject_TypeCheck(dialect, state->dialect_type)) return dialect;
    for (int i = 0; i < N_SETTINGS; i++) {
        Py_XINCREF(given[i]);
        if (given[i] || !dialect) continue;
        if (!(given[i] = PyObject_GetAttrString(dialect, setting_names[i + 1]))) PyErr_Clear();
    }
    CsvDialect *d = (CsvDialect *)type->tp_alloc(type, 0);
    if (d && configure(d, given) == 0) fill_table(d);
    else Py_CLEAR(d);
    for (int i = 0; i < N_SETTINGS; i++) Py_XDECREF(given[i]);
    Py_XDECREF(dialect);
    return (PyObject *)d;
}
CsvDialect *kr_csv_make_dialect(CsvState *state, PyObject *dialect, PyObject *kwargs) {
    PyObject *args = dialect ? PyTuple_Pack(1, dialect) : PyTuple_New(0);
    if (!args) return NULL;
    PyObject *made = PyObject_Call((PyObject *)state->dialect_type, args, kwargs);
    Py_DECREF(args);
    return (CsvDialect *)made;
}
PyObject *kr_csv_find_dialect(CsvState *state, PyObject *name) {
    PyObject *dialect = PyDict_GetItemWithError(state->dialects, name);
    if (!dialect && !PyErr_Occurred()) PyErr_SetString(state->error, "unknown dialect");
    return Py_XNewRef(dialect);
}

/* ------------------------------------------------------------------ the type
 * It has no tp_clear: a dialect is used as long as anything can reach it, and a cycle through lineterminator also goes
 * through the dict of that str. */

static PyObject *char_or_none(Py_UCS4 c) { return c == CSV_UNSET ? Py_NewRef(Py_None) : PyUnicode_FromOrdinal((int)c); }
static PyObject *get_delimiter(PyObject *self, void *closure) { return char_or_none(((CsvDialect *)self)->delimiter); }
static PyObject *get_escapechar(PyObject *self, void *closure) { return char_or_none(((CsvDialect *)self)->escapechar); }
static PyObject *get_quotechar(PyObject *self, void *closure) { return char_or_none(((CsvDialect *)self)->quotechar); }
static PyObject *get_lineterminator(PyObject *self, void *closure) { return Py_XNewRef(((CsvDialect *)self)->lineterminator); }
static PyObject *get_quoting(PyObject *self, void *closure) { return PyLong_FromLong(((CsvDialect *)self)->quoting); }
static PyGetSetDef dialect_getset[] = {
    {"delimiter", get_delimiter}, {"escapechar", get_escapechar}, {"lineterminator", get_lineterminator},
    {"quotechar", get_quotechar}, {"quoting", get_quoting}, {NULL}};
static PyMemberDef dialect_members[] = {
    {"skipinitialspace", T_BOOL, offsetof(CsvDialect, skipinitialspace), READONLY},
    {"doublequote", T_BOOL, offsetof(CsvDialect, doublequote), READONLY},
    {"strict", T_BOOL, offsetof(CsvDialect, strict), READONLY},
    {NULL}};

static PyObject *dialect_reduce(PyObject *self, PyObject *args) {
    return PyErr_Format(PyExc_TypeError, "cannot pickle '%.100s' instances", _PyType_Name(Py_TYPE(self)));
}
static PyMethodDef dialect_methods[] = {
    {"__reduce__", dialect_reduce, METH_VARARGS, PyDoc_STR("Raises TypeError: dialects aren't pickled.")},
    {"__reduce_ex__", dialect_reduce, METH_VARARGS, PyDoc_STR("Raises TypeError: dialects aren't pickled.")},
    {NULL}};

static int dialect_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((CsvDialect *)self)->lineterminator);
    Py_VISIT(Py_TYPE(self));
    return 0;
}
static void dialect_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((CsvDialect *)self)->lineterminator);
    type->tp_free(self);
    Py_DECREF(type);
}
PyDoc_STRVAR(dialect_doc, "Dialect(dialect=None, **fmtparams)\n\nThe settings of a CSV format: delimiter, doublequote, escapechar, lineterminator, quotechar,\n"
                          "quoting, skipinitialspace, strict.");
static PyType_Slot dialect_slots[] = {
    {Py_tp_doc, (void *)dialect_doc}, {Py_tp_new, dialect_new}, {Py_tp_dealloc, dialect_dealloc}, {Py_tp_traverse, dialect_traverse},
    {Py_tp_getset, dialect_getset}, {Py_tp_members, dialect_members}, {Py_tp_methods, dialect_methods}, {0, NULL}};
PyType_Spec kr_csv_dialect_spec = {
    .name = "_csv.Dialect", .basicsize = sizeof(CsvDialect), .slots = dialect_slots,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE};
