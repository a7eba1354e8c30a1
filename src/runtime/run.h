/* run.h - running source text and files, printing uncaught exceptions, leaving. */
#ifndef KRAIT_RUN_H
#define KRAIT_RUN_H
#include "krait.h"

/* The interactive loop's and scripts' common end: prints the current exception as the interpreter does at top level
 * (sys.excepthook); SystemExit exits the process. */
void kr_print_and_clear(void) KR_RUNS_PYTHON;
/* What the process should exit with if the current exception is SystemExit (cleared); -1 if it is another one (left). */
int kr_system_exit_status(void) KR_RUNS_PYTHON;
/* The same where -i does not want exceptions to end the process: whether it was SystemExit, and its status. */
int _Py_HandleSystemExit(int *status) KR_RUNS_PYTHON;
/* Runs main per interp->config (command, module, file, stdin, directory, zip, interactive); the exit status. */
int kr_run_main(void) KR_RUNS_PYTHON;
/* Runs a code object as (part of) the program: globals get __builtins__; remembers whether KeyboardInterrupt ended it. */
PyObject *kr_run_code(PyObject *code, PyObject *globals, PyObject *locals) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Py_CompileStringObject without telling the audit hooks. */
PyObject *kr_compile_source(const char *text, PyObject *filename, int start, PyCompilerFlags *, int optimize) KR_NEW_REF KR_MAY_RAISE;
/* Calls flush() of sys.stdout or sys.stderr; what fails is passed over, and the current exception stays. */
void kr_flush_stream(const char *name) KR_RUNS_PYTHON;
/* Source text given as str, bytes or a buffer, NUL-terminated; sets PyCF_IGNORE_COOKIE for str. *keep (NULL or a new reference) owns what the
 * pointer needs beside src. NULL with TypeError "func() arg 1 must be a `what` object" or ValueError for NULs. */
const char *kr_source_text(PyObject *src, const char *func, const char *what, PyCompilerFlags *, PyObject **keep) KR_MAY_RAISE;

#endif
