/* _csv_writer.c - csv.writer: turns sequences of fields into lines and gives each to a file's write().
 *
 * A row is put together in a writer of str that is the call's own, because str() of a field may run Python code that uses the same writer.
 */
#include "module/_csv.h"

typedef struct {
    PyObject_HEAD
    PyObject *write;
    CsvDialect *dialect;
} Writer;

/* ------------------------------------------------------------------ fields */

/* What is done to a character. */
typedef enum { KEEP, QUOTE_FIELD, DOUBLE, ESCAPE } Treatment;

static Treatment treatment(const CsvDialect *d, Py_UCS4 c) {
    unsigned class = kr_csv_class(d, c) & (CSV_DELIMITER | CSV_QUOTE | CSV_ESCAPE | CSV_TERMINATOR);
    if (KR_LIKELY(!class)) return KEEP;
    if (d->quoting == CSV_QUOTE_NONE) return ESCAPE;
    if (class & CSV_QUOTE) return d->doublequote ? DOUBLE : ESCAPE;
    return class & CSV_ESCAPE ? ESCAPE : QUOTE_FIELD;
}
static int write_field(CsvState *state, const CsvDialect *d, _PyUnicodeWriter *w, PyObject *field, bool quoted) {
    const int kind = PyUnicode_KIND(field);
    const void *data = PyUnicode_DATA(field);
    const Py_ssize_t n = PyUnicode_GET_LENGTH(field);
    Py_ssize_t added = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        Treatment t = treatment(d, PyUnicode_READ(kind, data, i));
        if (KR_LIKELY(t == KEEP)) continue;
        if (t == ESCAPE && d->escapechar == CSV_UNSET) {
            PyErr_SetString(state->error, "need to escape, but no escapechar set");
            return -1;
        }
        if (t != ESCAPE) quoted = true;
        if (t != QUOTE_FIELD) added++;
    }
    if (quoted && _PyUnicodeWriter_WriteChar(w, d->quotechar) < 0) return -1;
    if (!added) {
        if (_PyUnicodeWriter_WriteStr(w, field) < 0) return -1;
    } else {
        if (n > PY_SSIZE_T_MAX - added) {
            PyErr_NoMemory();
            return -1;
        }
        Py_UCS4 most = PyUnicode_MAX_CHAR_VALUE(field);
        if (d->escapechar != CSV_UNSET && d->escapechar > most) most = d->escapechar;
        if (_PyUnicodeWriter_Prepare(w, n + added, most) < 0) return -1;
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_UCS4 c = PyUnicode_READ(kind, data, i);
            Treatment t = treatment(d, c);
            if (t >= DOUBLE) PyUnicode_WRITE(w->kind, w->data, w->pos++, t == DOUBLE ? c : d->escapechar);
            PyUnicode_WRITE(w->kind, w->data, w->pos++, c);
        }
    }
    return quoted ? _PyUnicodeWriter_WriteChar(w, d->quotechar) : 0;
}
/* The text of a field: a ready str. None is empty. */
static PyObject *field_text(PyObject *field) {
    PyObject *text = PyUnicode_Check(field) ? Py_NewRef(field) : field == Py_None ? PyUnicode_New(0, 0) : PyObject_Str(field);
    if (text && PyUnicode_READY(text) < 0) Py_CLEAR(text);
    return text;
}

/* ------------------------------------------------------------------ rows */

static int write_row(CsvState *state, const CsvDialect *d, _PyUnicodeWriter *w, PyObject *fields) {
    Py_ssize_t count = 0;
    PyObject *field, *iterator = PyObject_GetIter(fields);
    if (!iterator) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_Format(state->error, "iterable expected, not %.200s", Py_TYPE(fields)->tp_name);
        return -1;
    }
    while ((field = PyIter_Next(iterator))) {
        bool quoted = d->quoting == CSV_QUOTE_ALL || (d->quoting == CSV_QUOTE_NONNUMERIC && !PyNumber_Check(field));
        PyObject *text = field_text(field);
        Py_DECREF(field);
        int r = !text ? -1 : count ? _PyUnicodeWriter_WriteChar(w, d->delimiter) : 0;
        if (r == 0) r = write_field(state, d, w, text, quoted);
        Py_XDECREF(text);
        if (r < 0) break;
        count++;
    }
    Py_DECREF(iterator);
    if (PyErr_Occurred()) return -1;
    if (count > 0 && w->pos == 0) {
        if (d->quoting == CSV_QUOTE_NONE) {
            PyErr_SetString(state->error, "single empty field record must be quoted");
            return -1;
        }
        if (_PyUnicodeWriter_WriteChar(w, d->quotechar) < 0 || _PyUnicodeWriter_WriteChar(w, d->quotechar) < 0) return -1;
    }
    return _PyUnicodeWriter_WriteStr(w, d->lineterminator);
}
static PyObject *writer_writerow(PyObject *op, PyObject *fields) {
    Writer *self = (Writer *)op;
    CsvState *state = kr_csv_state_of(Py_TYPE(op));
    if (!state) return NULL;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    if (write_row(state, self->dialect, &w, fields) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    PyObject *line = _PyUnicodeWriter_Finish(&w);
    if (!line) return NULL;
    PyObject *result = PyObject_CallOneArg(self->write, line);
    Py_DECREF(line);
    return result;
}
static PyObject *writer_writerows(PyObject *self, PyObject *rows) {
    PyObject *row, *iterator = PyObject_GetIter(rows);
    if (!iterator) return NULL;
    while ((row = PyIter_Next(iterator))) {
        PyObject *result = writer_writerow(self, row);
        Py_DECREF(row);
        Py_XDECREF(result);
        if (!result) break;
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}
PyObject *kr_csv_writer(PyObject *module, PyObject *args, PyObject *kwargs) {
    PyObject *file, *dialect = NULL;
    CsvState *state = kr_csv_state(module);
    if (!PyArg_UnpackTuple(args, "", 1, 2, &file, &dialect)) return NULL;
    Writer *self = (Writer *)state->writer_type->tp_alloc(state->writer_type, 0);
    if (!self) return NULL;
    if (_PyObject_LookupAttr(file, KR_STR(write), &self->write) < 0) goto fail;
    if (!self->write || !PyCallable_Check(self->write)) {
        PyErr_SetString(PyExc_TypeError, "argument 1 must have a \"write\" method");
        goto fail;
    }
    if ((self->dialect = kr_csv_make_dialect(state, dialect, kwargs))) return (PyObject *)self;
fail:
    Py_DECREF(self);
    return NULL;
}

/* ------------------------------------------------------------------ the type */

static int writer_traverse(PyObject *op, visitproc visit, void *arg) {
    Py_VISIT(((Writer *)op)->write);
    Py_VISIT(((Writer *)op)->dialect);
    Py_VISIT(Py_TYPE(op));
    return 0;
}
/* Nothing to write to any more: a call that comes after all raises TypeError. */
static int writer_clear(PyObject *op) {
    PyObject *write = ((Writer *)op)->write;
    ((Writer *)op)->write = write ? Py_NewRef(Py_None) : NULL;
    Py_XDECREF(write);
    return 0;
}
static void writer_dealloc(PyObject *op) {
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(((Writer *)op)->write);
    Py_XDECREF(((Writer *)op)->dialect);
    type->tp_free(op);
    Py_DECREF(type);
}
static PyMemberDef writer_members[] = {{"dialect", T_OBJECT, offsetof(Writer, dialect), READONLY}, {NULL}};
static PyMethodDef writer_methods[] = {
    {"writerow", writer_writerow, METH_O,
     PyDoc_STR("writerow(iterable)\n\nWrites the fields as one line. Values that aren't str are converted with str(), None is empty.")},
    {"writerows", writer_writerows, METH_O, PyDoc_STR("writerows(iterable of iterables)\n\nWrites each of the rows.")},
    {NULL}};
PyDoc_STRVAR(writer_doc, "Writes rows as CSV text. csv.writer() makes it.");
static PyType_Slot writer_slots[] = {
    {Py_tp_doc, (void *)writer_doc}, {Py_tp_dealloc, writer_dealloc}, {Py_tp_traverse, writer_traverse}, {Py_tp_clear, writer_clear},
    {Py_tp_methods, writer_methods}, {Py_tp_members, writer_members}, {0, NULL}};
PyType_Spec kr_csv_writer_spec = {
    .name = "_csv.writer", .basicsize = sizeof(Writer), .slots = writer_slots,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION};
