/* unicode_strformat.c - str.format, str.format_map, str.__format__, and what string.Formatter needs of the module _string.
 *
 * A format string is text and fields {name!conversion:spec}; a field's spec may hold fields itself, two levels deep. Field names are parsed in
 * place: a first part (number or keyword), then .attribute and [index].
 */
#include "object/unicode_methods.h"
#include "object/unicode_strformat.h"
#include "object/format.h"

/* ------------------------------------------------------------------ the markup */

int kr_markup_next(KrMarkup *m, KrField *out) {
    PyObject *s = m->s;
    *out = (KrField){.start = m->at};
    if (m->at >= m->end) return 0;
    Py_ssize_t i = m->at;
    Py_UCS4 c = 0;
    bool found = false;
    while (i < m->end) {
        c = PyUnicode_READ_CHAR(s, i++);
        if (c == '{' || c == '}') {
            found = true;
            break;
        }
    }
    out->text_end = found ? i - 1 : i;
    m->at = i;
    if (!found) return 1;
    bool at_end = i >= m->end;
    if (c == '}' && (at_end || PyUnicode_READ_CHAR(s, i) != '}')) {
        PyErr_SetString(PyExc_ValueError, "Single '}' encountered in format string");
        return -1;
    }
    if (at_end) {
        PyErr_SetString(PyExc_ValueError, "Single '{' encountered in format string");
        return -1;
    }
    if (PyUnicode_READ_CHAR(s, i) == c) {       /* doubled: the character itself */
        out->text_end = i;
        m->at = i + 1;
        return 1;
    }
    /* a field: to its closing brace */
    out->has_field = true;
    out->name_start = i;
    Py_ssize_t depth = 1;
    bool bracket = false;
    Py_ssize_t stop = -1;
    for (; i < m->end; i++) {
        c = PyUnicode_READ_CHAR(s, i);
        if (c == '[') bracket = true;
        else if (c == ']') bracket = false;
        else if (bracket) continue;
        else if (c == '{') {
            PyErr_SetString(PyExc_ValueError, "unexpected '{' in field name");
            return -1;
        } else if (c == '}' || c == ':' || c == '!') {
            stop = i;
            break;
        }
    }
    if (stop < 0) {
        PyErr_SetString(PyExc_ValueError, "expected '}' before end of string");
        return -1;
    }
    out->name_end = i;
    if (c == '!') {
        if (i + 1 >= m->end) {
            PyErr_SetString(PyExc_ValueError, "end of string while looking for conversion specifier");
            return -1;
        }
        out->conversion = PyUnicode_READ_CHAR(s, ++i);
        if (++i >= m->end) {
            PyErr_SetString(PyExc_ValueError, "unmatched '{' in format spec");
            return -1;
        }
        c = PyUnicode_READ_CHAR(s, i);
        if (c != ':' && c != '}') {
            PyErr_SetString(PyExc_ValueError, "expected ':' after conversion specifier");
            return -1;
        }
    }
    out->spec_start = out->spec_end = i;
    if (c == ':') {
        out->spec_start = ++i;
        for (; i < m->end; i++) {
            c = PyUnicode_READ_CHAR(s, i);
            if (c == '{') {
                out->nested = true;
                depth++;
            } else if (c == '}' && --depth == 0) {
                break;
            }
        }
        if (i >= m->end) {
            PyErr_SetString(PyExc_ValueError, "unmatched '{' in format spec");
            return -1;
        }
        out->spec_end = i;
    }
    m->at = i + 1;
    return 1;
}

/* ------------------------------------------------------------------ field names */

/* The number that s[start:end] spells, -1 when it is none, -2 with an exception when it is too big. */
static Py_ssize_t parse_index(PyObject *s, Py_ssize_t start, Py_ssize_t end) {
    Py_ssize_t v = 0;
    if (start >= end) return -1;
    for (Py_ssize_t i = start; i < end; i++) {
        int digit = Py_UNICODE_TODECIMAL(PyUnicode_READ_CHAR(s, i));
        if (digit < 0) return -1;
        if (v > (PY_SSIZE_T_MAX - digit) / 10) {
            PyErr_SetString(PyExc_ValueError, "Too many decimal digits in format string");
            return -2;
        }
        v = v * 10 + digit;
    }
    return v;
}
int kr_name_first(PyObject *s, Py_ssize_t start, Py_ssize_t end, Py_ssize_t *first_end, Py_ssize_t *index) {
    Py_ssize_t i = start;
    while (i < end) {
        Py_UCS4 c = PyUnicode_READ_CHAR(s, i);
        if (c == '.' || c == '[') break;
        i++;
    }
    *first_end = i;
    *index = parse_index(s, start, i);
    return *index == -2 ? -1 : 0;
}
int kr_name_next(PyObject *s, Py_ssize_t *at, Py_ssize_t end, KrAccess *out) {
    if (*at >= end) return 0;
    Py_UCS4 c = PyUnicode_READ_CHAR(s, *at);
    Py_ssize_t i = *at + 1;
    out->start = i;
    out->index = -1;
    if (c == '.') {
        while (i < end && (c = PyUnicode_READ_CHAR(s, i), c != '.' && c != '[')) i++;
        out->end = i;
        out->attribute = true;
    } else if (c == '[') {
        while (i < end && PyUnicode_READ_CHAR(s, i) != ']') i++;
        if (i >= end) {
            PyErr_SetString(PyExc_ValueError, "Missing ']' in format string");
            return -1;
        }
        out->end = i++;
        out->attribute = false;
        if ((out->index = parse_index(s, out->start, out->end)) == -2) return -1;
    } else {
        PyErr_SetString(PyExc_ValueError, "Only '.' or '[' may follow ']' in format field specifier");
        return -1;
    }
    if (out->end == out->start) {
        PyErr_SetString(PyExc_ValueError, "Empty attribute in format string");
        return -1;
    }
    *at = i;
    return 1;
}

/* ------------------------------------------------------------------ formatting */

typedef struct {
    PyObject *args, *kwargs;    /* kwargs: a mapping or NULL */
    Py_ssize_t next;            /* automatic numbering */
    enum { NUMBERING_NONE, NUMBERING_AUTO, NUMBERING_MANUAL } numbering;
} Context;

static int build(Context *, PyObject *s, Py_ssize_t start, Py_ssize_t end, int depth, _PyUnicodeWriter *);

static int note_numbering(Context *cx, bool automatic) {
    int now = automatic ? NUMBERING_AUTO : NUMBERING_MANUAL;
    if (cx->numbering == NUMBERING_NONE) cx->numbering = now;
    if ((int)cx->numbering == now) return 0;
    PyErr_SetString(PyExc_ValueError, automatic ? "cannot switch from manual field specification to automatic field numbering"
                                                : "cannot switch from automatic field numbering to manual field specification");
    return -1;
}
static PyObject *get_object(Context *cx, PyObject *s, const KrField *f) {
    Py_ssize_t at, index;
    if (kr_name_first(s, f->name_start, f->name_end, &at, &index) < 0) return NULL;
    bool empty = at == f->name_start;
    if ((empty || index >= 0) && note_numbering(cx, empty) < 0) return NULL;
    if (empty) index = cx->next++;
    PyObject *o;
    if (index < 0) {
        PyObject *key = PyUnicode_Substring(s, f->name_start, at);
        if (!key) return NULL;
        if (!cx->kwargs) {
            PyErr_SetObject(PyExc_KeyError, key);
            o = NULL;
        } else if (PyDict_CheckExact(cx->kwargs)) {
            o = Py_XNewRef(PyDict_GetItemWithError(cx->kwargs, key));
            if (!o && !PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
        } else {
            o = PyObject_GetItem(cx->kwargs, key);
        }
        Py_DECREF(key);
    } else if (!cx->args) {
        PyErr_SetString(PyExc_ValueError, "Format string contains positional fields");
        return NULL;
    } else if (index >= PyTuple_GET_SIZE(cx->args)) {
        PyErr_Format(PyExc_IndexError, "Replacement index %zd out of range for positional args tuple", index);
        return NULL;
    } else {
        o = Py_NewRef(PyTuple_GET_ITEM(cx->args, index));
    }
    KrAccess access;
    int more;
    while (o && (more = kr_name_next(s, &at, f->name_end, &access)) != 0) {
        PyObject *name = NULL, *inner = NULL;
        if (more > 0) name = !access.attribute && access.index >= 0 ? PyLong_FromSsize_t(access.index) : PyUnicode_Substring(s, access.start, access.end);
        if (name) inner = access.attribute ? PyObject_GetAttr(o, name) : PyObject_GetItem(o, name);
        Py_XDECREF(name);
        Py_SETREF(o, inner);
    }
    return o;
}
static PyObject *convert(PyObject *o, Py_UCS4 conversion) {
    switch (conversion) {
    case 's': return PyObject_Str(o);
    case 'r': return PyObject_Repr(o);
    case 'a': return PyObject_ASCII(o);
    default:
        if (conversion > 32 && conversion < 127) PyErr_Format(PyExc_ValueError, "Unknown conversion specifier %c", (char)conversion);
        else PyErr_Format(PyExc_ValueError, "Unknown conversion specifier \\x%x", (unsigned)conversion);
        return NULL;
    }
}
static int write_value(PyObject *o, PyObject *spec, Py_ssize_t start, Py_ssize_t end, _PyUnicodeWriter *w) {
    if (PyUnicode_CheckExact(o)) return _PyUnicode_FormatAdvancedWriter(w, o, spec, start, end);
    if (PyLong_CheckExact(o)) return _PyLong_FormatAdvancedWriter(w, o, spec, start, end);
    if (PyFloat_CheckExact(o)) return _PyFloat_FormatAdvancedWriter(w, o, spec, start, end);
    if (PyComplex_CheckExact(o)) return _PyComplex_FormatAdvancedWriter(w, o, spec, start, end);
    PyObject *part = PyUnicode_Substring(spec, start, end), *text = part ? PyObject_Format(o, part) : NULL;
    int r = text ? _PyUnicodeWriter_WriteStr(w, text) : -1;
    Py_XDECREF(part);
    Py_XDECREF(text);
    return r;
}
static int write_field(Context *cx, PyObject *s, const KrField *f, int depth, _PyUnicodeWriter *w) {
    PyObject *o = get_object(cx, s, f), *spec = NULL;
    int r = -1;
    if (!o) return -1;
    if (f->conversion) Py_SETREF(o, convert(o, f->conversion));
    if (!o) return -1;
    if (f->nested) {
        _PyUnicodeWriter inner;
        _PyUnicodeWriter_Init(&inner);
        inner.overallocate = 1;
        if (build(cx, s, f->spec_start, f->spec_end, depth - 1, &inner) == 0) spec = _PyUnicodeWriter_Finish(&inner);
        else _PyUnicodeWriter_Dealloc(&inner);
        if (spec) r = write_value(o, spec, 0, PyUnicode_GET_LENGTH(spec), w);
        Py_XDECREF(spec);
    } else {
        r = write_value(o, s, f->spec_start, f->spec_end, w);
    }
    Py_DECREF(o);
    return r;
}
static int build(Context *cx, PyObject *s, Py_ssize_t start, Py_ssize_t end, int depth, _PyUnicodeWriter *w) {
    if (depth <= 0) {
        PyErr_SetString(PyExc_ValueError, "Max string recursion exceeded");
        return -1;
    }
    KrMarkup m = {s, start, end};
    KrField f;
    int more;
    while ((more = kr_markup_next(&m, &f)) > 0) {
        if (m.at >= end && !f.has_field) w->overallocate = 0;
        if (_PyUnicodeWriter_WriteSubstring(w, s, f.start, f.text_end) < 0) return -1;
        if (m.at >= end) w->overallocate = 0;
        if (f.has_field && write_field(cx, s, &f, depth, w) < 0) return -1;
    }
    return more;
}
static PyObject *do_format(PyObject *s, PyObject *args, PyObject *kwargs) {
    Context cx = {.args = args, .kwargs = kwargs};
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    w.min_length = PyUnicode_GET_LENGTH(s) + 100;
    if (build(&cx, s, 0, PyUnicode_GET_LENGTH(s), 2, &w) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&w);
}
PyObject *kr_str_format(PyObject *s, PyObject *args, PyObject *kwargs) { return do_format(s, args, kwargs); }
PyObject *kr_str_format_map(PyObject *s, PyObject *mapping) { return do_format(s, NULL, mapping); }
PyObject *kr_str_dunder_format(PyObject *s, PyObject *spec) {
    if (!kr_unicode_check(spec)) {
        _PyArg_BadArgument("__format__", "argument", "str", spec);
        return NULL;
    }
    if (PyUnicode_GET_LENGTH(spec) == 0) return PyUnicode_CheckExact(s) ? Py_NewRef(s) : PyObject_Str(s);
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    if (_PyUnicode_FormatAdvancedWriter(&w, s, spec, 0, PyUnicode_GET_LENGTH(spec)) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&w);
}
