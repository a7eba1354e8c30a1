/* _ast.c - the module _ast: the classes of the syntax tree and the flags of compile() for it.
 *
 * The classes belong to the interpreter (syntax/ast_object.c); the module only names them.
 */
#include "syntax/ast_object.h"

static int kr_ast_module_exec(PyObject *module) {
    if (kr_ast_add_types(module) < 0 || PyModule_AddIntMacro(module, PyCF_ALLOW_TOP_LEVEL_AWAIT) < 0 ||
        PyModule_AddIntMacro(module, PyCF_ONLY_AST) < 0)
        return -1;
    return PyModule_AddIntMacro(module, PyCF_TYPE_COMMENTS);
}

static PyModuleDef_Slot kr_ast_module_slots[] = {{Py_mod_exec, kr_ast_module_exec}, {0, NULL}};

static struct PyModuleDef kr_ast_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_ast", .m_slots = kr_ast_module_slots,
};

PyMODINIT_FUNC PyInit__ast(void) { return PyModuleDef_Init(&kr_ast_module); }
