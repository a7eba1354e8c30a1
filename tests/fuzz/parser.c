/* parser.c - libFuzzer on source text: the tokenizer, the parser, the symbol table and the code generator.
 *
 * The first byte of an input chooses the mode (exec, eval, single) and flags; the rest is the source. Whatever is raised is fine; a crash, a
 * sanitizer's report, or a time-out is a bug.
 */
#include "krait.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    PyStatus status = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
    PyConfig_Clear(&config);
    return PyRun_SimpleString("import warnings\nwarnings.simplefilter('ignore')\n");
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int modes[] = {Py_file_input, Py_eval_input, Py_single_input};
    if (size < 2 || size > 100000) return 0;
    char *source = PyMem_RawMalloc(size);
    if (!source) return 0;
    memcpy(source, data + 1, size - 1);
    source[size - 1] = '\0';
    PyCompilerFlags flags = {.cf_flags = data[0] & 4 ? PyCF_ALLOW_TOP_LEVEL_AWAIT : data[0] & 8 ? PyCF_TYPE_COMMENTS | PyCF_ONLY_AST : 0, .cf_feature_version = PY_MINOR_VERSION};
    Py_XDECREF(Py_CompileStringExFlags(source, "<fuzz>", modes[data[0] % 3], &flags, -1));
    PyErr_Clear();
    PyMem_RawFree(source);
    return 0;
}
