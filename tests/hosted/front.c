/* front.c - krait's front end as an extension module for python3.11: krfront.parse(source, filename, mode, flags) gives krait's
 * own ast objects, krfront.roundtrip(tree, mode) sends one through the C tree and its validation. */
#include "syntax/ast.h"
#include "syntax/ast_object.h"

static PyObject *front_parse(PyObject *self, PyObject *args) {
    PyObject *source, *filename, *result = NULL;
    int mode, flags;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "OOii", &source, &filename, &mode, &flags)) return NULL;
    const char *text;
    if (PyUnicode_Check(source)) {
        text = PyUnicode_AsUTF8AndSize(source, &n);
        flags |= PyCF_IGNORE_COOKIE;
    } else {
        text = PyBytes_AS_STRING(source);
        n = PyBytes_GET_SIZE(source);
    }
    KrArena *arena = text ? kr_arena_new() : NULL;
    if (!arena) return NULL;
    Kr_mod *mod = kr_parse(arena, text, n, filename, mode, flags | PyCF_ONLY_AST, PY_MINOR_VERSION);
    if (mod) result = kr_ast_to_object(mod);
    kr_arena_free(arena);
    return result;
}
static PyObject *front_roundtrip(PyObject *self, PyObject *args) {
    PyObject *tree, *result = NULL;
    int mode;
    if (!PyArg_ParseTuple(args, "Oi", &tree, &mode)) return NULL;
    KrArena *arena = kr_arena_new();
    if (!arena) return NULL;
    Kr_mod *mod = kr_ast_from_object(arena, tree, mode);
    if (mod && kr_ast_validate(mod) == 0) result = kr_ast_to_object(mod);
    kr_arena_free(arena);
    return result;
}
static PyMethodDef methods[] = {{"parse", front_parse, METH_VARARGS}, {"roundtrip", front_roundtrip, METH_VARARGS}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "krfront", NULL, -1, methods};
PyMODINIT_FUNC PyInit_krfront(void) {
    PyObject *m = PyModule_Create(&module);
    if (m && kr_ast_add_types(m) < 0) Py_CLEAR(m);
    return m;
}
