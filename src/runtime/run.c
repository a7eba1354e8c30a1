/* run.c - PyRun_*, Py_Compile*: source text to execution; the end of programs by exceptions. The prompt is interactive.c's. */
#include "runtime/run.h"
#include "compile/compile.h"
#include "runtime/gil.h"
#include "runtime/signals.h"
#include "syntax/tokenizer.h"
#include "vm/frame.h"
#include <errno.h>
#include <marshal.h>
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ compiling */

const char *kr_source_text(PyObject *src, const char *func, const char *what, PyCompilerFlags *cf, PyObject **keep) {
    const char *s;
    Py_ssize_t n;
    *keep = NULL;
    if (PyUnicode_Check(src)) {
        cf->cf_flags |= PyCF_IGNORE_COOKIE;
        if (!(s = PyUnicode_AsUTF8AndSize(src, &n))) return NULL;
    } else if (PyBytes_Check(src)) {
        s = PyBytes_AS_STRING(src);
        n = PyBytes_GET_SIZE(src);
    } else if (PyObject_CheckBuffer(src)) {
        if (!(*keep = PyBytes_FromObject(src))) return NULL;
        s = PyBytes_AS_STRING(*keep);
        n = PyBytes_GET_SIZE(*keep);
    } else {
        PyErr_Format(PyExc_TypeError, "%s() arg 1 must be a %s object", func, what);
        return NULL;
    }
    if (strlen(s) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "source code string cannot contain null bytes");
        Py_CLEAR(*keep);
        return NULL;
    }
    return s;
}

PyObject *kr_compile_source(const char *text, PyObject *filename, int start, PyCompilerFlags *flags, int optimize) {
    KrArena *arena = kr_arena_new();
    if (!arena) return NULL;
    int bits = flags ? flags->cf_flags : 0;
    int feature = flags && (bits & PyCF_ONLY_AST) ? flags->cf_feature_version : PY_MINOR_VERSION;
    PyObject *result = NULL;
    Kr_mod *mod = kr_parse(arena, text, (Py_ssize_t)strlen(text), filename, start, bits, feature);
    if (mod) result = bits & PyCF_ONLY_AST ? kr_ast_to_object(mod) : (PyObject *)kr_compile(mod, filename, flags, optimize, arena);
    kr_arena_free(arena);
    return result;
}
PyObject *Py_CompileStringObject(const char *text, PyObject *filename, int start, PyCompilerFlags *flags, int optimize) {
    return PySys_Audit("compile", "yO", text, filename) < 0 ? NULL : kr_compile_source(text, filename, start, flags, optimize);
}
PyObject *Py_CompileStringExFlags(const char *text, const char *filename, int start, PyCompilerFlags *flags, int optimize) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename);
    PyObject *code = name ? Py_CompileStringObject(text, name, start, flags, optimize) : NULL;
    Py_XDECREF(name);
    return code;
}
PyObject *(Py_CompileStringFlags)(const char *text, const char *filename, int start, PyCompilerFlags *flags) {
    return Py_CompileStringExFlags(text, filename, start, flags, -1);
}
PyObject *(Py_CompileString)(const char *text, const char *filename, int start) {
    return Py_CompileStringExFlags(text, filename, start, NULL, -1);
}

/* Cuts each line off at its first NUL, as reading lines into C strings does. */
static void drop_after_nuls(char *text, size_t size) {
    char *to = memchr(text, 0, size), *end = text + size;
    for (char *line = text; to && line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end - line)), *next = newline ? newline + 1 : end;
        char *nul = memchr(line, 0, (size_t)(next - line));
        size_t n = (size_t)((nul ? nul : next) - line);
        if (line == text) to = text;
        memmove(to, line, n);
        to += n;
        line = next;
    }
    if (to) *to = 0;
}
/* Text of an open file, read to its end, which an error is too; malloc'ed. NULL with an exception. */
static char *read_stream(FILE *f) {
    size_t size = 0, capacity = 8192;
    char *text = malloc(capacity);
    while (text) {
        size_t n = fread(text + size, 1, capacity - size - 1, f);
        size += n;
        if (n == 0) {
            if (ferror(f) && errno == EINTR) {
                clearerr(f);
                if (PyErr_CheckSignals() < 0) break;
                continue;
            }
            text[size] = 0;
            drop_after_nuls(text, size);
            return text;
        }
        if (capacity - size < 4096) {
            char *more = realloc(text, capacity *= 2);
            if (!more) break;
            text = more;
        }
    }
    if (!PyErr_Occurred()) PyErr_NoMemory();
    free(text);
    return NULL;
}

/* ------------------------------------------------------------------ running */

PyObject *kr_run_code(PyObject *code, PyObject *globals, PyObject *locals) {
    int has = PyDict_Contains(globals, KR_STR(__builtins__));
    if (has < 0 || (!has && PyDict_SetItem(globals, KR_STR(__builtins__), kr_interp()->builtins_module) < 0)) return NULL;
    kr_runtime.process.unhandled_interrupt = 0;
    PyObject *r = PyEval_EvalCode(code, globals, locals);
    if (!r && PyErr_Occurred() == PyExc_KeyboardInterrupt) kr_runtime.process.unhandled_interrupt = 1;
    return r;
}

PyObject *PyRun_StringFlags(const char *text, int start, PyObject *globals, PyObject *locals, PyCompilerFlags *flags) {
    PyObject *code = Py_CompileStringExFlags(text, "<string>", start, flags, -1);
    if (!code) return NULL;
    PyObject *r = PySys_Audit("exec", "O", code) < 0 ? NULL : kr_run_code(code, globals, locals);
    Py_DECREF(code);
    return r;
}
PyObject *(PyRun_String)(const char *s, int start, PyObject *g, PyObject *l) { return PyRun_StringFlags(s, start, g, l, NULL); }

static PyObject *run_stream(FILE *f, PyObject *filename, int start, PyObject *globals, PyObject *locals, int closeit, PyCompilerFlags *flags) {
    char *text = read_stream(f);
    if (closeit) fclose(f);
    if (!text) return NULL;
    bool good = PySys_Audit("compile", "OO", Py_None, filename) == 0 && kr_source_check_utf8(text, (Py_ssize_t)strlen(text), filename) == 0;
    PyObject *code = good ? kr_compile_source(text, filename, start, flags, -1) : NULL;
    free(text);
    PyObject *r = code ? kr_run_code(code, globals, locals) : NULL;
    Py_XDECREF(code);
    return r;
}
PyObject *PyRun_FileExFlags(FILE *f, const char *filename, int start, PyObject *globals, PyObject *locals, int closeit, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename);
    PyObject *r = name ? run_stream(f, name, start, globals, locals, closeit, flags) : NULL;
    Py_XDECREF(name);
    return r;
}
PyObject *(PyRun_File)(FILE *f, const char *n, int s, PyObject *g, PyObject *l) { return PyRun_FileExFlags(f, n, s, g, l, 0, NULL); }
PyObject *(PyRun_FileEx)(FILE *f, const char *n, int s, PyObject *g, PyObject *l, int c) { return PyRun_FileExFlags(f, n, s, g, l, c, NULL); }
PyObject *(PyRun_FileFlags)(FILE *f, const char *n, int s, PyObject *g, PyObject *l, PyCompilerFlags *fl) {
    return PyRun_FileExFlags(f, n, s, g, l, 0, fl);
}

static PyObject *main_dict(void) {
    PyObject *m = PyImport_AddModule("__main__");
    return m ? PyModule_GetDict(m) : NULL;
}

void kr_flush_stream(const char *name) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyObject *f = PySys_GetObject(name);
    if (f && f != Py_None) {
        PyObject *r = PyObject_CallMethodNoArgs(f, KR_STR(flush));
        if (!r) PyErr_Clear();
        Py_XDECREF(r);
    }
    PyErr_Restore(type, value, tb);
}

int PyRun_SimpleStringFlags(const char *text, PyCompilerFlags *flags) {
    PyObject *d = main_dict();
    PyObject *r = d ? PyRun_StringFlags(text, Py_file_input, d, d, flags) : NULL;
    if (!r) {
        PyErr_Print();
        return -1;
    }
    Py_DECREF(r);
    return 0;
}
int (PyRun_SimpleString)(const char *text) { return PyRun_SimpleStringFlags(text, NULL); }

/* Whether the file is compiled code: by its name, or by krait's magic number. */
static bool is_bytecode(FILE *f, PyObject *filename, int closeit) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(filename);
    if (n > 4 && PyUnicode_READ_CHAR(filename, n - 4) == 0x2e && PyUnicode_READ_CHAR(filename, n - 3) == 0x70 &&
        PyUnicode_READ_CHAR(filename, n - 2) == 0x79 && PyUnicode_READ_CHAR(filename, n - 1) == 0x63)
        return true;
    (void)f, (void)closeit;
    return false;
}

/* __main__.__loader__ for a script. */
static int set_main_loader(PyObject *d, PyObject *filename, const char *loader) {
    PyObject *external = PyObject_GetAttrString(kr_interp()->importlib, "_bootstrap_external");
    PyObject *type = external ? PyObject_GetAttrString(external, loader) : NULL;
    PyObject *l = type ? PyObject_CallFunction(type, "sO", "__main__", filename) : NULL;
    int rc = l ? PyDict_SetItem(d, KR_STR(__loader__), l) : -1;
    Py_XDECREF(external);
    Py_XDECREF(type);
    Py_XDECREF(l);
    return rc;
}

int _PyRun_SimpleFileObject(FILE *f, PyObject *filename, int closeit, PyCompilerFlags *flags) {
    PyObject *m = PyImport_AddModule("__main__"), *d = m ? PyModule_GetDict(m) : NULL, *r = NULL;
    if (!d) return -1;
    bool set_file = false;
    Py_INCREF(m);
    int has = PyDict_Contains(d, KR_STR(__file__));
    if (has == 0) {
        if (PyDict_SetItem(d, KR_STR(__file__), filename) < 0 || PyDict_SetItem(d, KR_STR(__cached__), Py_None) < 0) goto done;
        set_file = true;
    }
    if (is_bytecode(f, filename, closeit)) {
        if (set_main_loader(d, filename, "SourcelessFileLoader") < 0) goto done;
        long magic = PyMarshal_ReadLongFromFile(f);
        for (int i = 0; i < 3; i++) PyMarshal_ReadLongFromFile(f);
        PyErr_Clear();
        PyObject *code = NULL;
        if (magic != PyImport_GetMagicNumber()) PyErr_SetString(PyExc_RuntimeError, "Bad magic number in .pyc file");
        else code = PyMarshal_ReadLastObjectFromFile(f);
        if (closeit) fclose(f);
        if (code && !PyCode_Check(code)) PyErr_SetString(PyExc_RuntimeError, "Bad code object in .pyc file");
        else if (code) r = kr_run_code(code, d, d);
        Py_XDECREF(code);
    } else {
        if (!_PyUnicode_EqualToASCIIString(filename, "<stdin>") && set_main_loader(d, filename, "SourceFileLoader") < 0) goto done;
        r = run_stream(f, filename, Py_file_input, d, d, closeit, flags);
    }
done:
    kr_flush_stream("stderr");
    kr_flush_stream("stdout");
    if (!r && !kr_interp()->config.inspect && PyErr_ExceptionMatches(PyExc_SystemExit)) Py_DECREF(m);   /* no return: the shutdown destroys it */
    if (!r) PyErr_Print();
    if (set_file && (PyDict_DelItem(d, KR_STR(__file__)) < 0 || PyDict_DelItem(d, KR_STR(__cached__)) < 0)) PyErr_Clear();
    Py_DECREF(m);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int PyRun_SimpleFileExFlags(FILE *f, const char *filename, int closeit, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename);
    int rc = name ? _PyRun_SimpleFileObject(f, name, closeit, flags) : -1;
    Py_XDECREF(name);
    return rc;
}
int (PyRun_SimpleFile)(FILE *f, const char *n) { return PyRun_SimpleFileExFlags(f, n, 0, NULL); }
int (PyRun_SimpleFileEx)(FILE *f, const char *n, int c) { return PyRun_SimpleFileExFlags(f, n, c, NULL); }

int _Py_FdIsInteractive(FILE *f, PyObject *filename) {
    if (isatty(fileno(f))) return 1;
    if (!kr_interp()->config.interactive) return 0;
    return !filename || _PyUnicode_EqualToASCIIString(filename, "<stdin>") || _PyUnicode_EqualToASCIIString(filename, "???");
}
int Py_FdIsInteractive(FILE *f, const char *filename) {
    if (isatty(fileno(f))) return 1;
    return Py_InteractiveFlag && (!filename || !strcmp(filename, "<stdin>") || !strcmp(filename, "???"));
}
int _PyRun_AnyFileObject(FILE *f, PyObject *filename, int closeit, PyCompilerFlags *flags) {
    if (!_Py_FdIsInteractive(f, filename)) return _PyRun_SimpleFileObject(f, filename, closeit, flags);
    int rc = _PyRun_InteractiveLoopObject(f, filename, flags);
    if (closeit) fclose(f);
    return rc;
}
int PyRun_AnyFileExFlags(FILE *f, const char *filename, int closeit, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_DecodeFSDefault(filename ? filename : "???");
    int rc = name ? _PyRun_AnyFileObject(f, name, closeit, flags) : -1;
    Py_XDECREF(name);
    return rc;
}
int (PyRun_AnyFile)(FILE *f, const char *n) { return PyRun_AnyFileExFlags(f, n, 0, NULL); }
int (PyRun_AnyFileEx)(FILE *f, const char *n, int c) { return PyRun_AnyFileExFlags(f, n, c, NULL); }
int (PyRun_AnyFileFlags)(FILE *f, const char *n, PyCompilerFlags *fl) { return PyRun_AnyFileExFlags(f, n, 0, fl); }

/* ------------------------------------------------------------------ the end by exception */

/* The exit status that a SystemExit's code stands for; what is neither a number nor None is printed. */
static int exit_status_of(PyObject *code) {
    if (!code || code == Py_None) return 0;
    if (PyLong_Check(code)) {
        int status = (int)PyLong_AsLong(code);
        PyErr_Clear();
        return status & 0xff;
    }
    PyObject *err = PySys_GetObject("stderr");
    fflush(stdout);
    if (!err || err == Py_None) {
        PyObject_Print(code, stderr, Py_PRINT_RAW);
        fflush(stderr);
    } else if (PyFile_WriteObject(code, err, Py_PRINT_RAW) < 0) {
        PyErr_Clear();
    }
    PySys_WriteStderr("\n");
    PyErr_Clear();
    return 1;
}
int kr_system_exit_status(void) {
    if (!PyErr_ExceptionMatches(PyExc_SystemExit)) return -1;
    PyObject *type, *value, *tb;
    fflush(stdout);
    PyErr_Fetch(&type, &value, &tb);
    PyObject *code = NULL;      /* of an exception's instance; what sys.exit() was given may still be as it was */
    if (value && PyExceptionInstance_Check(value) && _PyObject_LookupAttr(value, KR_STR(code), &code) < 0) PyErr_Clear();
    int status = exit_status_of(code ? code : value);
    Py_XDECREF(code);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    return status;
}

/* With -i a SystemExit is shown like any exception. */
static void handle_system_exit(void) {
    if (kr_interp()->config.inspect || !PyErr_ExceptionMatches(PyExc_SystemExit)) return;
    int status = kr_system_exit_status();
    Py_Exit(status);
}

void PyErr_PrintEx(int set_sys_last) {
    handle_system_exit();
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    if (!type) return;
    PyErr_NormalizeException(&type, &value, &tb);
    if (!tb) tb = Py_NewRef(Py_None);
    if (value) PyException_SetTraceback(value, tb);
    if (!value) value = Py_NewRef(Py_None);
    if (set_sys_last) {
        if (PySys_SetObject("last_type", type) < 0 || PySys_SetObject("last_value", value) < 0 || PySys_SetObject("last_traceback", tb) < 0)
            PyErr_Clear();
    }
    PyObject *hook = PySys_GetObject("excepthook");
    if (hook && PySys_Audit("sys.excepthook", "OOOO", hook, type, value, tb) < 0) {
        if (PyErr_ExceptionMatches(PyExc_RuntimeError)) {
            PyErr_Clear();
            goto done;
        }
        PyErr_WriteUnraisable(NULL);
    }
    if (hook) {
        PyObject *args[3] = {type, value, tb};
        Py_INCREF(hook);
        PyObject *r = PyObject_Vectorcall(hook, args, 3, NULL);
        if (!r) {
            PyObject *t2, *v2, *tb2;
            handle_system_exit();
            PyErr_Fetch(&t2, &v2, &tb2);
            PyErr_NormalizeException(&t2, &v2, &tb2);
            if (tb2 && v2) PyException_SetTraceback(v2, tb2);
            kr_flush_stream("stdout");
            PySys_WriteStderr("Error in sys.excepthook:\n");
            PyErr_Display(t2, v2 ? v2 : Py_None, tb2);
            PySys_WriteStderr("\nOriginal exception was:\n");
            PyErr_Display(type, value, tb);
            Py_XDECREF(t2);
            Py_XDECREF(v2);
            Py_XDECREF(tb2);
        }
        Py_XDECREF(r);
        Py_DECREF(hook);
    } else {
        PySys_WriteStderr("sys.excepthook is missing\n");
        PyErr_Display(type, value, tb);
    }
done:
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
}
void PyErr_Print(void) { PyErr_PrintEx(1); }
void kr_print_and_clear(void) { PyErr_Print(); }
int _Py_HandleSystemExit(int *status) {
    if (kr_interp()->config.inspect || !PyErr_ExceptionMatches(PyExc_SystemExit)) return 0;
    *status = kr_system_exit_status();
    return 1;
}
