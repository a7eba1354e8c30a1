/* _csv_reader.c - csv.reader: an iterator that reads lines from another and gives lists of fields.
 *
 * A record is read by a state machine over the characters of its lines; END stands for the end of each line. Where a field begins, its
 * plain characters are looked for at once, and when they are the whole field it is cut out of the line. Only what
 * is quoted in part, escaped or longer than a line is collected in a buffer. The state of the record being read is the
 * caller's (Record), so that an iterable that uses its own reader does no harm.
 */
#include "module/_csv.h"

#define END 0x110001            /* after the last character of a line */

typedef enum {
    START_RECORD, START_FIELD, IN_FIELD, ESCAPED, IN_QUOTES, ESCAPED_IN_QUOTES, AFTER_QUOTE, AFTER_RECORD,
    AFTER_ESCAPED_NEWLINE,      /* and in the rest of that field: it does not end with its line */
} Where;

typedef struct {
    PyObject_HEAD
    PyObject *lines;            /* an iterator */
    CsvDialect *dialect;
    unsigned long line_num;
} Reader;

typedef struct {
    const CsvDialect *d;
    CsvState *module;
    PyObject *fields;           /* list */
    Where where;
    bool number;                /* the field will be a float */
    Py_UCS4 *text;              /* the field so far */
    Py_ssize_t length, room;
} Record;

/* ------------------------------------------------------------------ fields */

static int append_field(Record *r, PyObject *field) {
    if (field && r->number) {
        r->number = false;
        PyObject *number = PyNumber_Float(field);
        Py_DECREF(field);
        field = number;
    }
    int result = field ? PyList_Append(r->fields, field) : -1;
    Py_XDECREF(field);
    return result;
}
static int save_field(Record *r) {
    Py_ssize_t n = r->length;
    r->length = 0;
    return append_field(r, PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, r->text, n));
}
static int check_limit(Record *r, Py_ssize_t n) {
    if (KR_LIKELY(n <= r->module->field_limit || n == 0)) return 0;
    PyErr_Format(r->module->error, "field larger than field limit (%ld)", r->module->field_limit);
    return -1;
}
static int add_run(Record *r, int kind, const void *data, Py_ssize_t from, Py_ssize_t to) {
    Py_ssize_t n = to - from;
    if (check_limit(r, r->length + n) < 0) return -1;
    if (r->room - r->length < n) {
        size_t room = (size_t)(r->length + n) * 2 + 64;
        Py_UCS4 *text = PyMem_Resize(r->text, Py_UCS4, room);
        if (!text) {
            PyErr_NoMemory();
            return -1;
        }
        r->text = text;
        r->room = (Py_ssize_t)room;
    }
    for (Py_ssize_t i = from; i < to; i++) r->text[r->length++] = PyUnicode_READ(kind, data, i);
    return 0;
}
static int add_char(Record *r, Py_UCS4 c) { return add_run(r, PyUnicode_4BYTE_KIND, &c, 0, 1); }

/* The first index from i on of a character that is one of `stops`. */
static Py_ssize_t find(const Record *r, int kind, const void *data, Py_ssize_t i, Py_ssize_t n, unsigned stops) {
    const CsvDialect *d = r->d;
    if (kind == PyUnicode_1BYTE_KIND) {
        const Py_UCS1 *p = data;
        while (i < n && !(d->table[p[i]] & stops)) i++;
        return i;
    }
    while (i < n && !(kr_csv_class(d, PyUnicode_READ(kind, data, i)) & stops)) i++;
    return i;
}

/* ------------------------------------------------------------------ one line */

static int fail(Record *r, const char *message) {
    PyErr_SetString(r->module->error, message);
    return -1;
}
/* A field, and with it the record, ends before c, which is a newline or END. */
static int end_record(Record *r, Py_UCS4 c) {
    r->where = c == END ? START_RECORD : AFTER_RECORD;
    return save_field(r);
}
/* A quoted character; c may be END, which is a newline then. */
static int add_escaped(Record *r, Py_UCS4 c, Where next) {
    r->where = next;
    return add_char(r, c == END ? '\n' : c);
}
/* The field that begins at i, if it can be cut out of the line, which has no part in it then: the index of the character behind it. i
 * if it can't. -1 with an exception. */
static Py_ssize_t whole_field(Record *r, PyObject *line, int kind, const void *data, Py_ssize_t i, Py_ssize_t n) {
    const CsvDialect *d = r->d;
    if (i >= n) return i;
    unsigned class = kr_csv_class(d, PyUnicode_READ(kind, data, i));
    Py_ssize_t from = i, to, behind;
    if (class & (CSV_NEWLINE | CSV_ESCAPE)) return i;
    if ((class & CSV_QUOTE) && d->quoting != CSV_QUOTE_NONE) {
        to = find(r, kind, data, ++from, n, CSV_QUOTE | CSV_ESCAPE);
        if (to >= n || !d->doublequote) return i;
        class = kr_csv_class(d, PyUnicode_READ(kind, data, to));
        behind = to + 1;
        if ((class & (CSV_QUOTE | CSV_ESCAPE)) != CSV_QUOTE) return i;
        if (behind < n && (kr_csv_class(d, PyUnicode_READ(kind, data, behind)) & (CSV_DELIMITER | CSV_QUOTE)) != CSV_DELIMITER) return i;
    } else {
        if (d->skipinitialspace && PyUnicode_READ(kind, data, i) == ' ') return i;
        if (!(class & CSV_DELIMITER)) r->number = d->quoting == CSV_QUOTE_NONNUMERIC;
        to = behind = find(r, kind, data, i, n, CSV_DELIMITER | CSV_NEWLINE | CSV_ESCAPE);
        if (to < n && (kr_csv_class(d, PyUnicode_READ(kind, data, to)) & (CSV_NEWLINE | CSV_ESCAPE | CSV_DELIMITER)) != CSV_DELIMITER) {
            r->where = IN_FIELD;
            return add_run(r, kind, data, from, to) < 0 ? -1 : to;
        }
    }
    if (check_limit(r, to - from) < 0 || append_field(r, PyUnicode_Substring(line, from, to)) < 0) return -1;
    r->where = behind < n ? START_FIELD : START_RECORD;
    return behind + 1;
}
/* One character, or END, in the states that take them one at a time. */
static int take(Record *r, Py_UCS4 c) {
    const CsvDialect *d = r->d;
    const unsigned class = c == END ? CSV_NEWLINE : kr_csv_class(d, c);
    const bool quotes = (class & CSV_QUOTE) && d->quoting != CSV_QUOTE_NONE;
    switch (r->where) {
    case START_RECORD:
        if (c == END) return 0;
        if (class & CSV_NEWLINE) {
            r->where = AFTER_RECORD;
            return 0;
        }
        r->where = START_FIELD;
        /* fall through */
    case START_FIELD:
        if (class & CSV_NEWLINE) return end_record(r, c);
        if (quotes) r->where = IN_QUOTES;
        else if (class & CSV_ESCAPE) r->where = ESCAPED;
        else if (c == ' ' && d->skipinitialspace) ;
        else if (class & CSV_DELIMITER) return save_field(r);
        else {
            r->number = d->quoting == CSV_QUOTE_NONNUMERIC;
            r->where = IN_FIELD;
            return add_char(r, c);
        }
        return 0;
    case ESCAPED: return add_escaped(r, c, c != END && (class & CSV_NEWLINE) ? AFTER_ESCAPED_NEWLINE : IN_FIELD);
    case AFTER_ESCAPED_NEWLINE:
        if (c == END) return 0;
        /* fall through */
    case IN_FIELD:
        if (class & CSV_NEWLINE) return end_record(r, c);
        if (!(class & (CSV_ESCAPE | CSV_DELIMITER))) return add_char(r, c);
        r->where = class & CSV_ESCAPE ? ESCAPED : START_FIELD;
        return class & CSV_ESCAPE ? 0 : save_field(r);
    case IN_QUOTES:
        if (c == END) return 0;
        if (class & CSV_ESCAPE) r->where = ESCAPED_IN_QUOTES;
        else if (quotes) r->where = d->doublequote ? AFTER_QUOTE : IN_FIELD;
        else return add_char(r, c);
        return 0;
    case ESCAPED_IN_QUOTES: return add_escaped(r, c, IN_QUOTES);
    case AFTER_QUOTE:
        if (quotes) {
            r->where = IN_QUOTES;
            return add_char(r, c);
        }
        if (class & CSV_DELIMITER) {
            r->where = START_FIELD;
            return save_field(r);
        }
        if (class & CSV_NEWLINE) return end_record(r, c);
        if (d->strict) {
            PyErr_Format(r->module->error, "'%c' expected after '%c'", (int)d->delimiter, (int)d->quotechar);
            return -1;
        }
        r->where = IN_FIELD;
        return add_char(r, c);
    case AFTER_RECORD:
        if (c == END) r->where = START_RECORD;
        else if (!(class & CSV_NEWLINE))
            return fail(r, "new-line character seen in unquoted field - do you need to open the file in universal-newline mode?");
        return 0;
    }
    KR_UNREACHABLE();
}
static int take_line(Record *r, PyObject *line) {
    const int kind = PyUnicode_KIND(line);
    const void *data = PyUnicode_DATA(line);
    const Py_ssize_t n = PyUnicode_GET_LENGTH(line);
    for (Py_ssize_t i = 0, next; i <= n; i = next) {
        if (r->where <= START_FIELD && (next = whole_field(r, line, kind, data, i, n)) != i) {
            if (next < 0) return -1;
            continue;
        }
        if (r->where == IN_QUOTES || r->where == IN_FIELD) {
            next = find(r, kind, data, i, n, r->where == IN_QUOTES ? CSV_QUOTE | CSV_ESCAPE : CSV_DELIMITER | CSV_ESCAPE | CSV_NEWLINE);
            if (add_run(r, kind, data, i, next) < 0) return -1;
            i = next;
        }
        if (take(r, i < n ? PyUnicode_READ(kind, data, i) : END) < 0) return -1;
        next = i + 1;
    }
    return 0;
}

/* ------------------------------------------------------------------ the iterator */

/* The next line, a ready str; NULL at the end, and with an exception. */
static PyObject *next_line(Reader *self, CsvState *module) {
    PyObject *line = PyIter_Next(self->lines);
    if (!line) return NULL;
    if (!PyUnicode_Check(line)) {
        PyErr_Format(module->error, "iterator should return strings, not %.200s (the file should be opened in text mode)", Py_TYPE(line)->tp_name);
        Py_CLEAR(line);
    } else if (PyUnicode_READY(line) < 0) {
        Py_CLEAR(line);
    } else {
        self->line_num++;
    }
    return line;
}
static PyObject *reader_next(PyObject *op) {
    Reader *self = (Reader *)op;
    Record r = {.d = self->dialect, .module = kr_csv_state_of(Py_TYPE(op)), .where = START_RECORD};
    if (!r.module || !(r.fields = PyList_New(0))) return NULL;
    do {
        PyObject *line = next_line(self, r.module);
        if (!line) {
            if (!PyErr_Occurred() && (r.length || r.where == IN_QUOTES)) {
                if (r.d->strict) fail(&r, "unexpected end of data");
                else if (save_field(&r) == 0) break;
            }
            Py_CLEAR(r.fields);
            break;
        }
        int taken = take_line(&r, line);
        Py_DECREF(line);
        if (taken < 0) {
            Py_CLEAR(r.fields);
            break;
        }
    } while (r.where != START_RECORD);
    PyMem_Free(r.text);
    return r.fields;
}
PyObject *kr_csv_reader(PyObject *module, PyObject *args, PyObject *kwargs) {
    PyObject *lines, *dialect = NULL;
    CsvState *state = kr_csv_state(module);
    if (!PyArg_UnpackTuple(args, "", 1, 2, &lines, &dialect)) return NULL;
    Reader *self = (Reader *)state->reader_type->tp_alloc(state->reader_type, 0);
    if (!self) return NULL;
    if (!(self->lines = PyObject_GetIter(lines)) || !(self->dialect = kr_csv_make_dialect(state, dialect, kwargs))) Py_CLEAR(self);
    return (PyObject *)self;
}

/* ------------------------------------------------------------------ the type
 * It has no tp_clear: its iterator is used as long as anything can reach it, and breaks cycles itself. */

static int reader_traverse(PyObject *op, visitproc visit, void *arg) {
    Reader *self = (Reader *)op;
    Py_VISIT(self->lines);
    Py_VISIT(self->dialect);
    Py_VISIT(Py_TYPE(op));
    return 0;
}
static void reader_dealloc(PyObject *op) {
    Reader *self = (Reader *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(self->lines);
    Py_XDECREF(self->dialect);
    type->tp_free(op);
    Py_DECREF(type);
}
static PyMemberDef reader_members[] = {
    {"dialect", T_OBJECT, offsetof(Reader, dialect), READONLY}, {"line_num", T_ULONG, offsetof(Reader, line_num), READONLY}, {NULL}};
PyDoc_STRVAR(reader_doc, "An iterator over the records of CSV text, lists of str. csv.reader() makes it.");
static PyType_Slot reader_slots[] = {
    {Py_tp_doc, (void *)reader_doc}, {Py_tp_dealloc, reader_dealloc}, {Py_tp_traverse, reader_traverse}, {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, reader_next}, {Py_tp_members, reader_members}, {0, NULL}};
PyType_Spec kr_csv_reader_spec = {
    .name = "_csv.reader", .basicsize = sizeof(Reader), .slots = reader_slots,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION};
