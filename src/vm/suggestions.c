/* suggestions.c - "Did you mean: 'x'?" for names and attributes that don't exist.
 *
 * The candidate with the smallest edit distance (Levenshtein, by Wagner and Fischer's table, one row at a time), where an insertion, a deletion or
 * a substitution costs 2 and another case of the same letter 1; at most a third of the letters may differ.
 */
#include "vm/suggestions.h"
#include <frameobject.h>

enum { MOVE = 2, OTHER_CASE = 1, MAX_LENGTH = 40, MAX_CANDIDATES = 750 };

static Py_ssize_t change_cost(char a, char b) {
    if ((a & 31) != (b & 31)) return MOVE;
    if (a == b) return 0;
    return Py_TOLOWER(Py_CHARMASK(a)) == Py_TOLOWER(Py_CHARMASK(b)) ? OTHER_CASE : MOVE;
}
/* The distance of a and b, or more than `limit`. */
static Py_ssize_t distance(const char *a, size_t na, const char *b, size_t nb, Py_ssize_t limit) {
    Py_ssize_t row[MAX_LENGTH + 1];
    while (na && nb && *a == *b) a++, b++, na--, nb--;
    while (na && nb && a[na - 1] == b[nb - 1]) na--, nb--;
    if (na == 0 || nb == 0) return (Py_ssize_t)(na + nb) * MOVE;
    if (na > MAX_LENGTH || nb > MAX_LENGTH) return limit + 1;
    for (size_t j = 0; j <= nb; j++) row[j] = (Py_ssize_t)j * MOVE;
    for (size_t i = 1; i <= na; i++) {
        Py_ssize_t diagonal = row[0], best = row[0] = (Py_ssize_t)i * MOVE;
        for (size_t j = 1; j <= nb; j++) {
            Py_ssize_t substitute = diagonal + change_cost(a[i - 1], b[j - 1]), move = Py_MIN(row[j], row[j - 1]) + MOVE;
            diagonal = row[j];
            row[j] = Py_MIN(substitute, move);
            best = Py_MIN(best, row[j]);
        }
        if (best > limit) return limit + 1;
    }
    return row[nb];
}
/* The best of a list of names (borrowed from it), NULL when none is near. */
static PyObject *nearest(PyObject *candidates, PyObject *name) {
    Py_ssize_t n = PyList_GET_SIZE(candidates), size, best_distance = PY_SSIZE_T_MAX;
    const char *s = PyUnicode_AsUTF8AndSize(name, &size);
    PyObject *best = NULL;
    if (!s || n >= MAX_CANDIDATES) return NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PyList_GET_ITEM(candidates, i);
        Py_ssize_t length;
        const char *t = PyUnicode_Check(item) ? PyUnicode_AsUTF8AndSize(item, &length) : NULL;
        if (!t) {
            PyErr_Clear();
            continue;
        }
        if (PyUnicode_Compare(name, item) == 0) continue;
        Py_ssize_t limit = Py_MIN((size + length + 3) * MOVE / 6, best_distance - 1), d = distance(s, (size_t)size, t, (size_t)length, limit);
        if (d > limit) continue;
        best = item;
        best_distance = d;
    }
    return best;
}
static PyObject *from_mapping_keys(PyObject *mapping, PyObject *name) {
    PyObject *keys = mapping ? PyMapping_Keys(mapping) : NULL, *r = keys && PyList_Check(keys) ? Py_XNewRef(nearest(keys, name)) : NULL;
    Py_XDECREF(keys);
    return r;
}
static PyObject *for_attribute(PyObject *exc) {
    PyAttributeErrorObject *e = (PyAttributeErrorObject *)exc;
    if (!e->name || !e->obj || !PyUnicode_CheckExact(e->name)) return NULL;
    PyObject *names = PyObject_Dir(e->obj), *r = names ? Py_XNewRef(nearest(names, e->name)) : NULL;
    Py_XDECREF(names);
    return r;
}
/* Of the names the failing frame sees: those of its code's variables, bound or not; globals; builtins. */
static PyObject *for_name(PyObject *exc) {
    PyNameErrorObject *e = (PyNameErrorObject *)exc;
    PyObject *tb = PyException_GetTraceback(exc), *r = NULL;
    if (!e->name || !PyUnicode_CheckExact(e->name) || !tb) {
        Py_XDECREF(tb);
        return NULL;
    }
    PyTracebackObject *last = (PyTracebackObject *)tb;
    while (last->tb_next) last = last->tb_next;
    PyCodeObject *code = PyFrame_GetCode(last->tb_frame);
    PyObject *variables = PySequence_List(code->co_localsplusnames), *globals = PyFrame_GetGlobals(last->tb_frame), *builtins = PyFrame_GetBuiltins(last->tb_frame);
    if (variables) r = Py_XNewRef(nearest(variables, e->name));
    if (!r) r = from_mapping_keys(globals, e->name);
    if (!r) r = from_mapping_keys(builtins, e->name);
    Py_DECREF(code);
    Py_XDECREF(variables);
    Py_XDECREF(globals);
    Py_XDECREF(builtins);
    Py_DECREF(tb);
    return r;
}
PyObject *kr_suggestion(PyObject *exc) {
    PyObject *r = NULL;
    if (Py_IS_TYPE(exc, (PyTypeObject *)PyExc_AttributeError)) r = for_attribute(exc);
    else if (Py_IS_TYPE(exc, (PyTypeObject *)PyExc_NameError)) r = for_name(exc);
    if (PyErr_Occurred()) PyErr_Clear();
    return r;
}
