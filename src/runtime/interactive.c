/* interactive.c - the prompt: lines are read until they make a statement, which is run.
 *
 * What was typed is compiled again with each line; the compiler says "incomplete input" as long as more is needed. A block is
 * closed by an empty line only. The end of input closes everything: what is missing then is an error like any other.
 */
#include "runtime/run.h"
#include "syntax/ast.h"
#include <errno.h>
#include <stdlib.h>

enum { AT_END = 11 };       /* what the public functions return at the end of input */

/* The lines of one statement, UTF-8, NUL-terminated. */
typedef struct {
    char *text;
    size_t size;
} Input;

/* str of sys.ps1 or sys.ps2 as UTF-8; *keep owns it. */
static const char *prompt_text(const char *name, PyObject **keep) {
    PyObject *p = PySys_GetObject(name);
    *keep = p ? PyObject_Str(p) : NULL;
    const char *s = *keep ? PyUnicode_AsUTF8(*keep) : NULL;
    if (!s) PyErr_Clear();
    return s ? s : "";
}

/* A line with its end (a last one may have none), "" at the end of input; PyMem. NULL with an exception. */
static char *read_line(FILE *f, const char *prompt_name) {
    PyObject *keep;
    const char *prompt = prompt_text(prompt_name, &keep);
    char *line;
    if (f == stdin) {
        line = PyOS_Readline(stdin, stdout, prompt);
    } else {
        enum { MAX = 4096 };
        line = PyMem_Malloc(MAX);
        fputs(prompt, stderr);
        if (line && !fgets(line, MAX, f)) line[0] = 0;
        if (!line) PyErr_NoMemory();
    }
    Py_XDECREF(keep);
    if (!line && !PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
    if (!line && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) PySys_WriteStderr("\n");
    return line;
}

static int undecodable(PyObject *filename) {
    PyObject *type, *value, *tb, *args = NULL, *text = NULL;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    if (value) text = PyUnicode_FromFormat("(unicode error) %S", value);
    if (text) args = Py_BuildValue("(O(Oiis))", text, filename, 0, 0, "");
    if (args) PyErr_SetObject(PyExc_SyntaxError, args);
    Py_XDECREF(args);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    return -1;
}
/* Adds a line, which is in the encoding of sys.stdin. */
static int append(Input *in, const char *line, PyObject *filename) {
    PyObject *file = PySys_GetObject("stdin"), *name = file ? PyObject_GetAttr(file, KR_STR(encoding)) : NULL;
    const char *encoding = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (!encoding) PyErr_Clear();
    PyObject *text = PyUnicode_Decode(line, (Py_ssize_t)strlen(line), encoding ? encoding : "utf-8", "strict");
    Py_XDECREF(name);
    if (!text) return undecodable(filename);
    Py_ssize_t n;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &n);
    char *more = utf8 ? realloc(in->text, in->size + (size_t)n + 1) : NULL;
    if (more) {
        in->text = more;
        memcpy(more + in->size, utf8, (size_t)n + 1);
        in->size += (size_t)n;
    } else if (utf8) {
        PyErr_NoMemory();
    }
    Py_DECREF(text);
    return more ? 0 : -1;
}

/* Whether the exception says that more lines are needed; it is cleared then. */
static bool is_incomplete(void) {
    if (!PyErr_ExceptionMatches(PyExc_SyntaxError)) return false;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    PyObject *msg = PyObject_GetAttrString(value, "msg");
    bool yes = msg && PyUnicode_Check(msg) && _PyUnicode_EqualToASCIIString(msg, "incomplete input");
    Py_XDECREF(msg);
    PyErr_Clear();
    if (!yes) {
        PyErr_Restore(type, value, tb);
        return false;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    return true;
}
/* Whether text, which can be compiled, ends in the last line of a block: without its line end it is unfinished. */
static bool block_is_open(Input *in, PyObject *filename, PyCompilerFlags flags) {
    if (in->size < 2 || in->text[in->size - 1] != '\n') return false;
    in->text[in->size - 1] = '\0';
    flags.cf_flags |= PyCF_ONLY_AST;
    PyObject *tree = kr_compile_source(in->text, filename, Py_single_input, &flags, -1);
    in->text[in->size - 1] = '\n';
    Py_XDECREF(tree);
    PyErr_Clear();
    return tree == NULL;
}
/* The code of a whole statement; NULL without an exception when lines are missing. */
static PyObject *compile_input(Input *in, PyObject *filename, PyCompilerFlags *flags, bool last_is_blank, bool at_end) {
    PyCompilerFlags probe = *flags;
    probe.cf_flags |= PyCF_IGNORE_COOKIE | KR_CF_PROMPT;
    if (!at_end) probe.cf_flags |= PyCF_ALLOW_INCOMPLETE_INPUT | (last_is_blank ? 0 : PyCF_DONT_IMPLY_DEDENT);
    PyObject *code = kr_compile_source(in->text, filename, Py_single_input, &probe, -1);
    if (!code) {
        if (!at_end) is_incomplete();
        return NULL;
    }
    if (!at_end && !last_is_blank && block_is_open(in, filename, probe)) {
        Py_DECREF(code);
        return NULL;
    }
    flags->cf_flags |= probe.cf_flags & PyCF_MASK;
    return code;
}

/* Reads lines until they make a statement, whose code goes to *code (NULL with an exception); false at the end of input. */
static bool read_statement(FILE *f, PyObject *filename, PyCompilerFlags *flags, PyObject **code) {
    Input in = {0};
    bool more_input = true, whole_line = true;
    *code = NULL;
    if (PySys_Audit("compile", "OO", Py_None, filename) < 0) return true;
    while (!*code && !PyErr_Occurred()) {
        char *line = read_line(f, in.text ? "ps2" : "ps1");
        if (!line) break;
        size_t n = strlen(line);
        bool at_end = n == 0, blank = line[strspn(line, " \t\r\n\f")] == 0;
        if (at_end) PySys_WriteStderr("\n");
        if (at_end && !in.text) {
            more_input = false;
        } else if (!in.text && n && line[n - 1] == '\n' && (blank || line[strspn(line, " \t\f")] == '#')) {
            /* nothing to run */
        } else if (append(&in, line, filename) == 0) {
            blank = blank && whole_line;
            whole_line = at_end || line[n - 1] == '\n';
            if (whole_line) *code = compile_input(&in, filename, flags, blank, at_end);
        }
        PyMem_Free(line);
        if (at_end) break;
    }
    free(in.text);
    return more_input;
}

static int run_one(FILE *f, PyObject *filename, PyCompilerFlags *flags) {
    PyObject *code;
    if (!read_statement(f, filename, flags, &code)) return AT_END;
    if (!code) return PyErr_Occurred() ? -1 : 0;
    PyObject *m = PyImport_AddModule("__main__"), *d = m ? PyModule_GetDict(m) : NULL;
    PyObject *r = d ? kr_run_code(code, d, d) : NULL;
    Py_DECREF(code);
    kr_flush_stream("stderr");
    kr_flush_stream("stdout");
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int PyRun_InteractiveOneObject(FILE *f, PyObject *filename, PyCompilerFlags *flags) {
    PyCompilerFlags local = {.cf_feature_version = PY_MINOR_VERSION};
    int rc = run_one(f, filename, flags ? flags : &local);
    if (rc == -1) {
        PyErr_Print();
        kr_flush_stream("stderr");
    }
    return rc;
}
int PyRun_InteractiveOneFlags(FILE *f, const char *filename, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename);
    int rc = name ? PyRun_InteractiveOneObject(f, name, flags) : -1;
    Py_XDECREF(name);
    return rc;
}
int (PyRun_InteractiveOne)(FILE *f, const char *n) { return PyRun_InteractiveOneFlags(f, n, NULL); }

int _PyRun_InteractiveLoopObject(FILE *f, PyObject *filename, PyCompilerFlags *flags) {
    PyCompilerFlags local = {.cf_feature_version = PY_MINOR_VERSION};
    if (!flags) flags = &local;
    static const char *const prompts[][2] = {{"ps1", ">>> "}, {"ps2", "... "}};
    for (size_t i = 0; i < KR_ARRAY_LEN(prompts); i++) {
        PyObject *s = PySys_GetObject(prompts[i][0]) ? NULL : PyUnicode_FromString(prompts[i][1]);
        if (s) PySys_SetObject(prompts[i][0], s);
        Py_XDECREF(s);
    }
    for (int memory_errors = 0;;) {     /* in a row: without memory nothing can be done, not even read what would end the session */
        int rc = run_one(f, filename, flags);
        if (rc == AT_END) return 0;
        bool out_of_memory = rc == -1 && PyErr_ExceptionMatches(PyExc_MemoryError);
        memory_errors = out_of_memory ? memory_errors + 1 : 0;
        if (memory_errors > 16) {
            PyErr_Clear();
            return -1;
        }
        if (rc == -1) {
            PyErr_Print();
            kr_flush_stream("stderr");
        }
    }
}
int PyRun_InteractiveLoopFlags(FILE *f, const char *filename, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename);
    int rc = name ? _PyRun_InteractiveLoopObject(f, name, flags) : -1;
    Py_XDECREF(name);
    return rc;
}
int (PyRun_InteractiveLoop)(FILE *f, const char *n) { return PyRun_InteractiveLoopFlags(f, n, NULL); }
