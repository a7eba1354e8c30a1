/* main.c - the program `krait`, and Py_RunMain, which decides what is run: -c, -m, a file, a folder or zip, stdin. */
#include "krait.h"
#include "runtime/config.h"
#include "runtime/lifecycle.h"
#include "runtime/run.h"
#include "runtime/signals.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Prints the current exception like an uncaught one; the exit status it asks for. */
static int report(void) {
    int status;
    if (_Py_HandleSystemExit(&status)) return status;
    if (PyErr_Occurred() == PyExc_KeyboardInterrupt) kr_runtime.process.unhandled_interrupt = 1;
    PyErr_Print();
    return 1;
}

static int run_command(const wchar_t *command, PyCompilerFlags *flags) {
    PyObject *text = PyUnicode_FromWideChar(command, -1);
    if (!text || PySys_Audit("cpython.run_command", "O", text) < 0) {
        Py_XDECREF(text);
        return report();
    }
    const char *utf8 = PyUnicode_AsUTF8(text);
    int status = 1;
    if (!utf8) {
        PySys_WriteStderr("Unable to decode the command from the command line:\n");
        status = report();
    } else {
        flags->cf_flags |= PyCF_IGNORE_COOKIE;
        PyObject *m = PyImport_AddModule("__main__"), *d = m ? PyModule_GetDict(m) : NULL;
        PyObject *r = d ? PyRun_StringFlags(utf8, Py_file_input, d, d, flags) : NULL;
        status = r ? 0 : report();
        Py_XDECREF(r);
    }
    Py_DECREF(text);
    return status;
}

static int run_module(PyObject *name, bool set_argv0) {
    if (PySys_Audit("cpython.run_module", "O", name) < 0) return report();
    PyObject *runpy = PyImport_ImportModule("runpy");
    PyObject *r = runpy ? PyObject_CallMethod(runpy, "_run_module_as_main", "OO", name, set_argv0 ? Py_True : Py_False) : NULL;
    Py_XDECREF(runpy);
    int status = r ? 0 : report();
    Py_XDECREF(r);
    return status;
}

static int run_file(const PyConfig *c, PyCompilerFlags *flags) {
    PyObject *name = PyUnicode_FromWideChar(c->run_filename, -1), *bytes = name ? PyUnicode_EncodeFSDefault(name) : NULL;
    if (!bytes || PySys_Audit("cpython.run_file", "O", name) < 0) {
        Py_XDECREF(name);
        Py_XDECREF(bytes);
        return report();
    }
    int status = 1;
    FILE *f = fopen(PyBytes_AS_STRING(bytes), "rbe");
    struct stat st;
    if (!f) {
        int why = errno;
        PyObject *shown = PyUnicode_FromFormat("%R", name);
        const char *s = shown ? PyUnicode_AsUTF8(shown) : NULL;
        fprintf(stderr, "%ls: can't open file %s: [Errno %d] %s\n", c->program_name ? c->program_name : L"krait", s ? s : "?", why, strerror(why));
        Py_XDECREF(shown);
        status = 2;
    } else if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        fprintf(stderr, "%ls: %s is a directory, cannot continue\n", c->program_name ? c->program_name : L"krait", PyBytes_AS_STRING(bytes));
        fclose(f);
    } else {
        if (c->skip_source_first_line) {
            int ch;
            while ((ch = getc(f)) != EOF && ch != '\n') {
            }
            if (ch == '\n') ungetc(ch, f);      /* an empty line: the others keep their numbers */
        }
        if (Py_MakePendingCalls() < 0) {
            fclose(f);
            status = report();
        } else {
            status = _PyRun_SimpleFileObject(f, name, 1, flags) ? 1 : 0;
        }
    }
    Py_DECREF(name);
    Py_DECREF(bytes);
    return status;
}

static void run_startup(const PyConfig *c, PyCompilerFlags *flags) {
    const char *startup = c->use_environment ? getenv("PYTHONSTARTUP") : NULL;
    if (!startup || !*startup) return;
    if (PySys_Audit("cpython.run_startup", "s", startup) < 0) {
        report();
        return;
    }
    FILE *f = fopen(startup, "re");
    if (f) {
        PyRun_SimpleFileExFlags(f, startup, 1, flags);
        PyErr_Clear();
    } else {
        int why = errno;
        PySys_WriteStderr("Could not open PYTHONSTARTUP\n");
        errno = why;
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, startup);
        report();
    }
}
/* Lines can be edited in a terminal, unless that would make the program depend on who runs it. */
static void import_readline(const PyConfig *c) {
    if (c->isolated || !isatty(0) || (!c->inspect && (c->run_command || c->run_module || c->run_filename))) return;
    PyObject *m = PyImport_ImportModule("readline");
    if (!m) PyErr_Clear();
    Py_XDECREF(m);
}
/* sys.__interactivehook__, which site sets. */
static void run_interactive_hook(void) {
    PyObject *hook = PySys_GetObject("__interactivehook__");
    if (hook && hook != Py_None) {
        Py_INCREF(hook);
        PyObject *r = PySys_Audit("cpython.run_interactivehook", "O", hook) < 0 ? NULL : PyObject_CallNoArgs(hook);
        if (!r) {
            PySys_WriteStderr("Failed calling sys.__interactivehook__\n");
            report();
        }
        Py_XDECREF(r);
        Py_DECREF(hook);
    }
}
static bool stdin_is_interactive(const PyConfig *c) { return isatty(0) || c->interactive; }

static int run_stdin(PyConfig *c, PyCompilerFlags *flags) {
    bool interactive = stdin_is_interactive(c);
    if (interactive) {
        c->inspect = 0;     /* sys.exit() ends the session; PYTHONINSPECT set by it may begin another */
        run_startup(c, flags);
        run_interactive_hook();
    }
    if (Py_MakePendingCalls() < 0 || PySys_Audit("cpython.run_stdin", NULL) < 0) return report();
    PyObject *name = PyUnicode_FromString("<stdin>");
    if (!name) return report();
    int rc = _PyRun_AnyFileObject(stdin, name, 0, flags);
    Py_DECREF(name);
    return rc != 0;
}
/* After the program, with -i or PYTHONINSPECT (which the program may have set): an interactive session in its __main__. */
static void run_inspection(PyConfig *c, PyCompilerFlags *flags, int *status) {
    const char *wanted = c->use_environment ? getenv("PYTHONINSPECT") : NULL;
    if (!(c->inspect || (wanted && *wanted)) || !stdin_is_interactive(c)) return;
    c->inspect = 0;
    kr_runtime.process.unhandled_interrupt = 0;
    run_interactive_hook();
    *status = PyRun_AnyFileExFlags(stdin, "<stdin>", 0, flags) != 0;
}

/* The path hook's importer for argv[0] when it is a folder or zip with a __main__: then it is run as a module. */
static int main_is_package(const PyConfig *c, PyObject **path) {
    *path = PyUnicode_FromWideChar(c->run_filename, -1);
    PyObject *importer = *path ? PyImport_GetImporter(*path) : NULL;
    if (!importer) {
        Py_CLEAR(*path);
        PyErr_Print();
        return 0;
    }
    int yes = importer != Py_None;
    Py_DECREF(importer);
    if (!yes) Py_CLEAR(*path);
    return yes;
}

/* What goes to the front of sys.path: the script's folder, or the current one for -c, -m and stdin. */
static int prepend_path(const PyConfig *c) {
    if (c->safe_path || c->isolated) return 0;
    PyObject *dir = NULL;
    if (c->run_module) {
        char cwd[4096];
        dir = getcwd(cwd, sizeof cwd) ? PyUnicode_DecodeFSDefault(cwd) : PyUnicode_FromString("");
    } else if (c->run_filename && !c->run_command) {
        char narrow[4096], real[4096];
        PyObject *name = PyUnicode_FromWideChar(c->run_filename, -1), *bytes = name ? PyUnicode_EncodeFSDefault(name) : NULL;
        Py_XDECREF(name);
        if (!bytes) return -1;
        snprintf(narrow, sizeof narrow, "%s", PyBytes_AS_STRING(bytes));
        Py_DECREF(bytes);
        if (realpath(narrow, real)) snprintf(narrow, sizeof narrow, "%s", real);
        char *slash = strrchr(narrow, '/');
        if (slash) slash[slash == narrow] = 0;
        else narrow[0] = 0;
        dir = PyUnicode_DecodeFSDefault(narrow);
    } else {
        dir = PyUnicode_FromString("");
    }
    PyObject *path = PySys_GetObject("path");
    int rc = dir && path && PyList_Check(path) ? PyList_Insert(path, 0, dir) : dir ? 0 : -1;
    Py_XDECREF(dir);
    return rc;
}

int kr_run_main(void) {
    PyConfig *c = &kr_interp()->config;
    PyCompilerFlags flags = {.cf_feature_version = PY_MINOR_VERSION};
    PyObject *package = NULL;
    int status;
    if (c->run_filename && !c->run_command && !c->run_module && main_is_package(c, &package)) {
        PyObject *sys_path = PySys_GetObject("path");
        if (!sys_path || !PyList_Check(sys_path) || PyList_Insert(sys_path, 0, package) < 0) return report();
    } else if (prepend_path(c) < 0) {
        return report();
    }
    if (!c->run_filename && !c->run_command && !c->run_module && (isatty(0) || c->interactive) && !c->quiet) {
        fprintf(stderr, "Python %s on %s\n", Py_GetVersion(), Py_GetPlatform());
        if (c->site_import) fputs("Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n", stderr);
    }
    import_readline(c);
    if (c->run_command) {
        status = run_command(c->run_command, &flags);
    } else if (c->run_module) {
        PyObject *name = PyUnicode_FromWideChar(c->run_module, -1);
        status = name ? run_module(name, true) : report();
        Py_XDECREF(name);
    } else if (package) {
        PyObject *name = PyUnicode_FromString("__main__");
        status = name ? run_module(name, false) : report();
        Py_XDECREF(name);
    } else if (c->run_filename) {
        status = run_file(c, &flags);
    } else {
        status = run_stdin(c, &flags);
    }
    Py_XDECREF(package);
    run_inspection(c, &flags, &status);
    return status;
}

int Py_RunMain(void) {
    int status = kr_run_main();
    if (kr_finalize(true) < 0) status = 120;
    if (kr_runtime.process.unhandled_interrupt) {
        kr_signals_die_by_sigint();
        status = 128 + SIGINT;
    }
    return status;
}

static int main_from_config(PyConfig *c) {
    PyStatus st = Py_InitializeFromConfig(c);
    PyConfig_Clear(c);
    if (PyStatus_IsExit(st)) return st.exitcode;
    if (PyStatus_Exception(st)) Py_ExitStatusException(st);
    return Py_RunMain();
}
int Py_BytesMain(int argc, char **argv) {
    PyConfig c;
    PyConfig_InitPythonConfig(&c);
    PyStatus st = PyConfig_SetBytesArgv(&c, argc, argv);
    if (PyStatus_Exception(st)) Py_ExitStatusException(st);
    return main_from_config(&c);
}
int Py_Main(int argc, wchar_t **argv) {
    PyConfig c;
    PyConfig_InitPythonConfig(&c);
    PyStatus st = PyConfig_SetArgv(&c, argc, argv);
    if (PyStatus_Exception(st)) Py_ExitStatusException(st);
    return main_from_config(&c);
}

int main(int argc, char **argv) { return Py_BytesMain(argc, argv); }
