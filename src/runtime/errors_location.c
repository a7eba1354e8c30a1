/* errors_location.c - where a SyntaxError is: its attributes, and the line of source that it shows. */
#include "runtime/errors.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Line number `lineno` of a file, decoded; NULL without an exception if there is none or it can't be read. */
static PyObject *line_of_file(FILE *f, int lineno, const char *encoding) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n = -1;
    for (int i = 0; i < lineno && (n = getline(&line, &room, f)) >= 0; i++) continue;
    PyObject *r = NULL;
    if (n >= 0) {
        const char *text = line;
        if (lineno == 1 && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, n -= 3;
        if (n >= 2 && text[n - 2] == '\r' && text[n - 1] == '\n') line[(text - line) + --n - 1] = '\n';
        r = PyUnicode_Decode(text, n, encoding ? encoding : "utf-8", "replace");
        if (!r) PyErr_Clear();
    }
    free(line);
    return r;
}

PyObject *_PyErr_ProgramDecodedTextObject(PyObject *filename, int lineno, const char *encoding) {
    if (!filename || lineno <= 0) return NULL;
    FILE *f = _Py_fopen_obj(filename, "rb");
    if (!f) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *r = line_of_file(f, lineno, encoding);
    fclose(f);
    return r;
}
PyObject *PyErr_ProgramTextObject(PyObject *filename, int lineno) { return _PyErr_ProgramDecodedTextObject(filename, lineno, NULL); }

PyObject *PyErr_ProgramText(const char *filename, int lineno) {
    PyObject *name = filename ? PyUnicode_DecodeFSDefault(filename) : NULL;
    if (!name) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *r = PyErr_ProgramTextObject(name, lineno);
    Py_DECREF(name);
    return r;
}

/* Sets an attribute to a value that is taken over; failures are dropped, as losing the error itself would be worse. */
static void set(PyObject *e, PyObject *name, PyObject *value) {
    if (!value || PyObject_SetAttr(e, name, value) < 0) PyErr_Clear();
    Py_XDECREF(value);
}
static PyObject *number(int n) { return n >= 0 ? PyLong_FromLong(n) : Py_NewRef(Py_None); }

static bool lacks(PyObject *e, PyObject *name) {
    PyObject *v;
    int found = _PyObject_LookupAttr(e, name, &v);
    if (found < 0) PyErr_Clear();
    Py_XDECREF(v);
    return found == 0;
}

static void locate(PyObject *filename, int lineno, int col, int end_lineno, int end_col) {
    PyObject *type, *e, *tb;
    PyErr_Fetch(&type, &e, &tb);
    PyErr_NormalizeException(&type, &e, &tb);
    if (e) {
        set(e, KR_STR(lineno), number(lineno < 0 ? 0 : lineno));
        set(e, KR_STR(offset), number(col));
        set(e, KR_STR(end_lineno), number(end_lineno));
        set(e, KR_STR(end_offset), number(end_col));
        if (filename) {
            set(e, KR_STR(filename), Py_NewRef(filename));
            PyObject *text = PyErr_ProgramTextObject(filename, lineno);
            set(e, KR_STR(text), text ? text : Py_NewRef(Py_None));
        }
        if (type != PyExc_SyntaxError) {
            if (lacks(e, KR_STR(msg))) set(e, KR_STR(msg), PyObject_Str(e));
            if (lacks(e, KR_STR(print_file_and_line))) set(e, KR_STR(print_file_and_line), Py_NewRef(Py_None));
        }
    }
    PyErr_Restore(type, e, tb);
}

void PyErr_SyntaxLocationObject(PyObject *filename, int lineno, int col) { locate(filename, lineno, col, lineno, -1); }
void PyErr_RangedSyntaxLocationObject(PyObject *filename, int lineno, int col, int end_lineno, int end_col) {
    locate(filename, lineno, col, end_lineno, end_col);
}
void PyErr_SyntaxLocationEx(const char *filename, int lineno, int col) {
    PyObject *type, *value, *tb, *name = NULL;
    PyErr_Fetch(&type, &value, &tb);
    if (filename && !(name = PyUnicode_DecodeFSDefault(filename))) PyErr_Clear();
    PyErr_Restore(type, value, tb);
    PyErr_SyntaxLocationObject(name, lineno, col);
    Py_XDECREF(name);
}
void PyErr_SyntaxLocation(const char *filename, int lineno) { PyErr_SyntaxLocationEx(filename, lineno, -1); }
