/* _csv.h - what the files of _csv share: a dialect, and the module's state. */
#ifndef KRAIT_CSV_H
#define KRAIT_CSV_H
#include "krait.h"

typedef struct {
    PyObject *error;            /* csv.Error */
    PyObject *dialects;         /* name -> Dialect */
    PyTypeObject *dialect_type, *reader_type, *writer_type;
    long field_limit;           /* the most characters of a field that is read */
} CsvState;

enum { CSV_QUOTE_MINIMAL, CSV_QUOTE_ALL, CSV_QUOTE_NONNUMERIC, CSV_QUOTE_NONE };

/* What a character is to a dialect: a set, because one character may have several parts. */
enum {
    CSV_DELIMITER = 1, CSV_QUOTE = 2, CSV_ESCAPE = 4,
    CSV_TERMINATOR = 8,         /* is in the line terminator that is written */
    CSV_NEWLINE = 16,           /* CR or LF: ends a line that is read */
};

#define CSV_UNSET 0x110000      /* a character that isn't set */

/* Never changes once it is made. */
typedef struct {
    PyObject_HEAD
    char doublequote, skipinitialspace, strict;
    int quoting;
    Py_UCS4 delimiter, quotechar, escapechar;
    PyObject *lineterminator;   /* str */
    bool wide;                  /* one of its characters is not in the table */
    unsigned char table[256];   /* what the characters of Latin-1 are */
} CsvDialect;

/* _csv_dialect.c: what a character outside Latin-1 is. */
unsigned kr_csv_class_wide(const CsvDialect *, Py_UCS4 c);
KR_INLINE unsigned kr_csv_class(const CsvDialect *d, Py_UCS4 c) {
    return c < 256 ? d->table[c] : d->wide ? kr_csv_class_wide(d, c) : 0;
}
/* _csv_dialect.c: the dialect that reader(), writer() and register_dialect() are given: a name, an object with attributes or NULL,
 * and keyword arguments. */
CsvDialect *kr_csv_make_dialect(CsvState *, PyObject *dialect, PyObject *kwargs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* _csv_dialect.c: the registered dialect of that name. */
PyObject *kr_csv_find_dialect(CsvState *, PyObject *name) KR_NEW_REF KR_MAY_RAISE;

extern struct PyModuleDef kr_csv_module;
extern PyType_Spec kr_csv_dialect_spec, kr_csv_reader_spec, kr_csv_writer_spec;

/* The functions csv.reader and csv.writer (_csv_reader.c, _csv_writer.c). */
PyObject *kr_csv_reader(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *kr_csv_writer(PyObject *module, PyObject *args, PyObject *kwargs);

KR_INLINE CsvState *kr_csv_state(PyObject *module) { return PyModule_GetState(module); }
/* The state of the module whose type, or a base of it, `type` is. */
static inline KR_UNUSED CsvState *kr_csv_state_of(PyTypeObject *type) {
    PyObject *module = PyType_GetModuleByDef(type, &kr_csv_module);
    return module ? PyModule_GetState(module) : NULL;
}

#endif
