/* _symtable.c - the module _symtable: the compiler's symbol tables for symtable.py. */
#include "krait.h"
#include "compile/compile.h"
#include "compile/symtable.h"
#include "runtime/run.h"

static PyObject *symtable_symtable(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    static const struct { const char *name; int start; } modes[] = {{"exec", Py_file_input}, {"eval", Py_eval_input}, {"single", Py_single_input}};
    PyObject *filename = NULL, *keep = NULL, *result = NULL;
    int start = 0;
    if (!_PyArg_CheckPositional("symtable", nargs, 3, 3)) return NULL;
    PyCompilerFlags flags = {.cf_flags = PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION};
    const char *mode = NULL, *text = kr_source_text(args[0], "symtable", "string or bytes", &flags, &keep);
    if (!text || !PyUnicode_FSDecoder(args[1], &filename) || !(mode = PyUnicode_AsUTF8(args[2]))) goto done;
    for (size_t i = 0; i < KR_ARRAY_LEN(modes); i++)
        if (strcmp(mode, modes[i].name) == 0) start = modes[i].start;
    if (!start) {
        PyErr_SetString(PyExc_ValueError, "symtable() arg 3 must be 'exec' or 'eval' or 'single'");
        goto done;
    }
    KrArena *arena = kr_arena_new();
    Kr_mod *mod = arena ? kr_parse(arena, text, (Py_ssize_t)strlen(text), filename, start, flags.cf_flags, PY_MINOR_VERSION) : NULL;
    if (mod) result = kr_symtable_build(mod, filename, flags.cf_flags, arena);
    if (arena) kr_arena_free(arena);
done:
    Py_XDECREF(filename);
    Py_XDECREF(keep);
    return result;
}

static PyMethodDef symtable_functions[] = {
    {"symtable", KR_METH(symtable_symtable), METH_FASTCALL,
     PyDoc_STR("symtable($module, source, filename, startstr, /)\n--\n\nThe symbol table of a program: the entry of its outermost block.")},
    {NULL}};

static int symtable_exec(PyObject *module) {
    static const struct { const char *name; int value; } constants[] = {
        {"USE", KR_USE}, {"DEF_GLOBAL", KR_DEF_GLOBAL}, {"DEF_NONLOCAL", KR_DEF_NONLOCAL}, {"DEF_LOCAL", KR_DEF_LOCAL}, {"DEF_PARAM", KR_DEF_PARAM},
        {"DEF_FREE", KR_DEF_FREE}, {"DEF_FREE_CLASS", KR_DEF_FREE_CLASS}, {"DEF_IMPORT", KR_DEF_IMPORT}, {"DEF_BOUND", KR_DEF_BOUND}, {"DEF_ANNOT", KR_DEF_ANNOT},
        {"TYPE_FUNCTION", KR_BLOCK_FUNCTION}, {"TYPE_CLASS", KR_BLOCK_CLASS}, {"TYPE_MODULE", KR_BLOCK_MODULE},
        {"LOCAL", KR_SCOPE_LOCAL}, {"GLOBAL_EXPLICIT", KR_SCOPE_GLOBAL_EXPLICIT}, {"GLOBAL_IMPLICIT", KR_SCOPE_GLOBAL_IMPLICIT}, {"FREE", KR_SCOPE_FREE}, {"CELL", KR_SCOPE_CELL},
        {"SCOPE_OFF", KR_SCOPE_OFFSET}, {"SCOPE_MASK", KR_SCOPE_MASK}};
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0) return -1;
    return 0;
}
static PyModuleDef_Slot symtable_slots[] = {{Py_mod_exec, symtable_exec}, {0, NULL}};
static PyModuleDef symtable_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_symtable", .m_doc = PyDoc_STR("Symbol tables of programs."), .m_methods = symtable_functions, .m_slots = symtable_slots};

PyMODINIT_FUNC PyInit__symtable(void);
PyMODINIT_FUNC PyInit__symtable(void) { return PyModuleDef_Init(&symtable_module); }
