/* curses.c - the module `_curses`: its constants, its parts put together, its C API for other modules.
 *
 * One interpreter at a time uses the terminal: the first that imports the module, until its module dies. What belongs to the module hangs
 * from the process's KrCurses as borrowed pointers, which are good as long as any of its functions or windows is.
 */
#include "module/curses/curses_module.h"
#include "module/module_constants.h"
#include <structseq.h>
#include <stdio.h>

typedef struct {
    PyObject *error;
    PyTypeObject *window_type;
} ModuleState;

#define C(name) {#name, (long)(name)}
static const KrConstant constants[] = {
    C(ERR), C(OK), C(A_ATTRIBUTES), C(A_NORMAL), C(A_STANDOUT), C(A_UNDERLINE), C(A_REVERSE), C(A_BLINK), C(A_DIM), C(A_BOLD), C(A_ALTCHARSET),
    C(A_INVIS), C(A_PROTECT), C(A_CHARTEXT), C(A_COLOR), C(A_HORIZONTAL), C(A_LEFT), C(A_LOW), C(A_RIGHT), C(A_TOP), C(A_VERTICAL), C(A_ITALIC),
    C(COLOR_BLACK), C(COLOR_RED), C(COLOR_GREEN), C(COLOR_YELLOW), C(COLOR_BLUE), C(COLOR_MAGENTA), C(COLOR_CYAN), C(COLOR_WHITE),
#define BUTTON(n) C(BUTTON##n##_PRESSED), C(BUTTON##n##_RELEASED), C(BUTTON##n##_CLICKED), C(BUTTON##n##_DOUBLE_CLICKED), C(BUTTON##n##_TRIPLE_CLICKED)
    BUTTON(1), BUTTON(2), BUTTON(3), BUTTON(4), BUTTON(5), C(BUTTON_SHIFT), C(BUTTON_CTRL), C(BUTTON_ALT), C(ALL_MOUSE_EVENTS), C(REPORT_MOUSE_POSITION),
#define K(name) {"KEY_" #name, KEY_##name}
    K(MIN), K(MAX), K(BREAK), K(DOWN), K(UP), K(LEFT), K(RIGHT), K(HOME), K(BACKSPACE), K(DL), K(IL), K(DC), K(IC), K(EIC), K(CLEAR), K(EOS), K(EOL),
    K(SF), K(SR), K(NPAGE), K(PPAGE), K(STAB), K(CTAB), K(CATAB), K(ENTER), K(SRESET), K(RESET), K(PRINT), K(LL), K(A1), K(A3), K(B2), K(C1), K(C3),
    K(BTAB), K(BEG), K(CANCEL), K(CLOSE), K(COMMAND), K(COPY), K(CREATE), K(END), K(EXIT), K(FIND), K(HELP), K(MARK), K(MESSAGE), K(MOVE), K(NEXT),
    K(OPEN), K(OPTIONS), K(PREVIOUS), K(REDO), K(REFERENCE), K(REFRESH), K(REPLACE), K(RESTART), K(RESUME), K(SAVE), K(SBEG), K(SCANCEL), K(SCOMMAND),
    K(SCOPY), K(SCREATE), K(SDC), K(SDL), K(SELECT), K(SEND), K(SEOL), K(SEXIT), K(SFIND), K(SHELP), K(SHOME), K(SIC), K(SLEFT), K(SMESSAGE), K(SMOVE),
    K(SNEXT), K(SOPTIONS), K(SPREVIOUS), K(SPRINT), K(SREDO), K(SREPLACE), K(SRIGHT), K(SRSUME), K(SSAVE), K(SSUSPEND), K(SUNDO), K(SUSPEND), K(UNDO),
    K(MOUSE), K(RESIZE),
};
enum { FUNCTION_KEYS = 64 };    /* KEY_F0 to KEY_F63 */

static PyStructSequence_Field version_fields[] = {
    {"major", "Major release number"}, {"minor", "Minor release number"}, {"patch", "Patch release number"}, {NULL}};
static PyStructSequence_Desc version_desc = {
    "curses.ncurses_version", "The version of the curses library that the module was compiled for.", version_fields, 3};
static PyObject *library_version(void) {
    PyTypeObject *type = PyStructSequence_NewType(&version_desc);
    PyObject *v = type ? PyStructSequence_New(type) : NULL;
    static const int numbers[] = {NCURSES_VERSION_MAJOR, NCURSES_VERSION_MINOR, NCURSES_VERSION_PATCH};
    for (Py_ssize_t i = 0; v && i < 3; i++) {
        PyObject *o = PyLong_FromLong(numbers[i]);
        if (o) PyStructSequence_SET_ITEM(v, i, o);
        else Py_CLEAR(v);
    }
    Py_XDECREF(type);
    return v;
}

/* module.name = value, taking value over; NULL is an error. */
static int add(PyObject *module, const char *name, PyObject *value) {
    int r = value ? PyModule_AddObjectRef(module, name, value) : -1;
    Py_XDECREF(value);
    return r;
}
static int add_function_keys(PyObject *module) {
    for (int i = 0; i < FUNCTION_KEYS; i++) {
        char name[12];
        snprintf(name, sizeof name, "KEY_F%d", i);
        if (PyModule_AddIntConstant(module, name, KEY_F(i)) < 0) return -1;
    }
    return 0;
}

static int curses_exec(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    if (kr_curses_load() < 0) return -1;
    if (NC.owner) {
        PyErr_SetString(PyExc_ImportError, "_curses: the terminal belongs to another module or interpreter");
        return -1;
    }
    if (!(state->window_type = kr_curses_window_type(module)) || !(state->error = PyErr_NewException("_curses.error", NULL, NULL))) return -1;
    NC.owner = kr_interp();
    NC.window_type = state->window_type;
    NC.error = state->error;
    NC.module_dict = PyModule_GetDict(module);
    NC.api[0] = state->window_type;
    NC.api[1] = (void *)kr_curses_terminal_known;
    NC.api[2] = (void *)kr_curses_initialised;
    NC.api[3] = (void *)kr_curses_has_colours;
    if (PyModule_AddFunctions(module, kr_curses_screen_functions) < 0 || PyModule_AddFunctions(module, kr_curses_color_functions) < 0 ||
        PyModule_AddFunctions(module, kr_curses_terminfo_functions) < 0)
        return -1;
    if (kr_add_constants(module, constants, KR_ARRAY_LEN(constants)) < 0 || add_function_keys(module) < 0) return -1;
    return PyModule_AddObjectRef(module, "error", state->error) < 0 || PyModule_AddObjectRef(module, "window", (PyObject *)state->window_type) < 0 ||
                   add(module, "_C_API", PyCapsule_New(NC.api, PyCurses_CAPSULE_NAME, NULL)) < 0 || add(module, "version", PyBytes_FromString("2.2")) < 0 ||
                   add(module, "__version__", PyBytes_FromString("2.2")) < 0 || add(module, "ncurses_version", library_version()) < 0
               ? -1
               : 0;
}
static int curses_traverse(PyObject *module, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->error);
    Py_VISIT(state->window_type);
    return 0;
}
static void curses_free(void *module) {
    ModuleState *state = PyModule_GetState(module);
    if (KR_CURSES && state->window_type && NC.window_type == state->window_type) NC.owner = NULL;
    Py_CLEAR(state->error);
    Py_CLEAR(state->window_type);
}
static PyModuleDef_Slot curses_slots[] = {{Py_mod_exec, curses_exec}, {0, NULL}};
static struct PyModuleDef curses_module = {PyModuleDef_HEAD_INIT, .m_name = "_curses", .m_size = sizeof(ModuleState), .m_slots = curses_slots,
                                           .m_traverse = curses_traverse, .m_free = curses_free};
PyObject *PyInit__curses(void) { return PyModuleDef_Init(&curses_module); }
