/* _opcode.c - the module _opcode: the list of instructions (compile/opcodes.def) for lib/opcode.py. */
#include "krait.h"
#include "compile/codegen.h"
#include "vm/code.h"

/* ((name, roles of the three operands, flags, number of the generic form), ...) by number. */
static PyObject *opcode_instructions(PyObject *module, PyObject *unused) {
    PyObject *all = PyTuple_New(KR_OP_COUNT);
    for (int i = 0; all && i < KR_OP_COUNT; i++) {
        int generic = kr_op_generic[i];
        char roles[4] = {cg_roles[generic][0], cg_roles[generic][1], cg_roles[generic][2], 0};
        PyObject *row = Py_BuildValue("(sssi)", kr_op_names[i], roles, cg_op_flags[generic], generic);
        if (!row) Py_CLEAR(all);
        else PyTuple_SET_ITEM(all, i, row);
    }
    return all;
}
static PyObject *opcode_stack_effect(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"opcode", "oparg", "jump", NULL};
    PyObject *oparg = Py_None, *jump = Py_None;
    int opcode;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|O$O:stack_effect", keywords, &opcode, &oparg, &jump)) return NULL;
    PyErr_SetString(PyExc_NotImplementedError, "krait's instructions work on registers, they have no stack effect");
    return NULL;
}
static PyObject *opcode_get_specialization_stats(PyObject *module, PyObject *unused) { Py_RETURN_NONE; }

static PyMethodDef opcode_functions[] = {
    {"instructions", opcode_instructions, METH_NOARGS,
     PyDoc_STR("instructions($module, /)\n--\n\nName, roles of the three operands, flags and number of the generic form of each instruction, by number.")},
    {"stack_effect", KR_METH(opcode_stack_effect), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("stack_effect($module, opcode, oparg=None, /, *, jump=None)\n--\n\nNotImplementedError.")},
    {"get_specialization_stats", opcode_get_specialization_stats, METH_NOARGS, PyDoc_STR("get_specialization_stats($module, /)\n--\n\nNone: -X opstats prints what there is to know.")},
    {NULL}};
static PyModuleDef opcode_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_opcode", .m_doc = PyDoc_STR("The interpreter's instructions."), .m_methods = opcode_functions};

PyMODINIT_FUNC PyInit__opcode(void);
PyMODINIT_FUNC PyInit__opcode(void) { return PyModuleDef_Init(&opcode_module); }
