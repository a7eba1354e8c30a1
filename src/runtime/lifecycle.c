/* lifecycle.c - start-up and shutdown: Py_Initialize*, Py_FinalizeEx, Py_RunMain, exit functions.
 *
 * The order of start-up is in lifecycle.h. Shutdown, unless the process ends and nobody could tell (exit_check.h), runs backwards: wait for threads, atexit, flush, drop modules
 * (newest first, builtins and sys last), collect, clear the interpreter, free lists, names, static state.
 */
#include "runtime/lifecycle.h"
#include "memory/alloc.h"
#include "memory/gc.h"
#include "memory/tracemalloc.h"
#include "object/method.h"
#include "runtime/bootstrap.h"
#include "runtime/config.h"
#include "runtime/exit_check.h"
#include "runtime/gil.h"
#include "runtime/image.h"
#include "runtime/import.h"
#include "runtime/preconfig.h"
#include "runtime/run.h"
#include "runtime/signals.h"
#include "vm/frame.h"
#include "vm/opstats.h"
#include "vm/specialize.h"
#include "vm/traceback.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------ small process things */

/* The hash secret: from the seed by a linear congruential generator, or from the kernel. */
static int init_hash_secret(const PyConfig *c) {
    unsigned char *secret = kr_runtime.process.hash_secret;
    size_t n = sizeof kr_runtime.process.hash_secret;
    if (c->use_hash_seed) {
        memset(secret, 0, n);
        uint32_t x = (uint32_t)c->hash_seed;
        for (size_t i = 0; x && i < n; i++) {
            x = x * 214013 + 2531011;
            secret[i] = (unsigned char)(x >> 16);
        }
        return 0;
    }
    return getrandom(secret, n, GRND_NONBLOCK) == (ssize_t)n ? 0 : _PyOS_URandomNonblock(secret, (Py_ssize_t)n);
}

static int urandom(void *buffer, size_t size, unsigned flags) {
    char *p = buffer;
    while (size > 0) {
        ssize_t n = getrandom(p, size, flags);
        if (n < 0) {
            if (errno == EINTR) {
                if (kr_thread() && PyErr_CheckSignals() < 0) return -1;
                continue;
            }
            if (kr_thread()) PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
        p += n;
        size -= (size_t)n;
    }
    return 0;
}
int _PyOS_URandom(void *buffer, Py_ssize_t size) { return urandom(buffer, (size_t)size, 0); }
int _PyOS_URandomNonblock(void *buffer, Py_ssize_t size) { return urandom(buffer, (size_t)size, GRND_NONBLOCK); }

int _Py_IsFinalizing(void) { return kr_runtime.finalizing; }
int Py_IsInitialized(void) { return kr_runtime.initialized; }
int _Py_IsCoreInitialized(void) { return kr_runtime.initialized; }

char *_Py_SetLocaleFromEnv(int category) { return setlocale(category, ""); }

/* ------------------------------------------------------------------ exit functions */

#define MAX_EXIT_FUNCTIONS 32
static void run_exit_functions(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    while (p->exit_function_count > 0) p->exit_functions[--p->exit_function_count]();
}
int Py_AtExit(void (*f)(void)) {
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->exit_function_count >= MAX_EXIT_FUNCTIONS) return -1;
    p->exit_functions[p->exit_function_count++] = f;
    return 0;
}
void _Py_NO_RETURN Py_Exit(int status) {
    if (kr_finalize(true) < 0) status = 120;
    exit(status);
}

/* ------------------------------------------------------------------ streams */

/* The text stream of a standard descriptor, None when the descriptor is closed. */
static PyObject *make_stream(KrInterp *interp, PyObject *io, int fd, bool write_mode, const char *name) {
    const PyConfig *c = &interp->config;
    struct stat st;
    if (fstat(fd, &st) < 0) Py_RETURN_NONE;
    PyObject *raw = NULL, *buffer = NULL, *text = NULL, *stream = NULL, *encoding = NULL, *err = NULL;
    int buffering = !c->buffered_stdio && write_mode ? 0 : -1;
    buffer = PyObject_CallMethod(io, "open", "isisssO", fd, write_mode ? "wb" : "rb", buffering, Py_None, Py_None, Py_None, Py_False);
    if (!buffer) {
        PyErr_Clear();
        buffer = PyObject_CallMethod(io, "open", "isiOOOO", fd, write_mode ? "wb" : "rb", buffering, Py_None, Py_None, Py_None, Py_False);
    }
    if (!buffer) return NULL;
    raw = buffering ? PyObject_GetAttrString(buffer, "raw") : Py_NewRef(buffer);
    text = raw ? PyUnicode_FromString(name) : NULL;
    if (!text || PyObject_SetAttrString(raw, "name", text) < 0) goto done;
    PyObject *tty = PyObject_CallMethodNoArgs(raw, KR_STR(isatty));
    if (!tty) goto done;
    int is_tty = PyObject_IsTrue(tty);
    Py_DECREF(tty);
    bool write_through = !c->buffered_stdio && write_mode;
    bool line_buffering = c->buffered_stdio && (is_tty || fd == 2);
    encoding = PyUnicode_FromWideChar(c->stdio_encoding, -1);
    err = fd == 2 ? PyUnicode_FromString("backslashreplace") : PyUnicode_FromWideChar(c->stdio_errors, -1);
    if (!encoding || !err) goto done;
    stream = PyObject_CallMethod(io, "TextIOWrapper", "OOOsOO", buffer, encoding, err, "\n", line_buffering ? Py_True : Py_False,
                                 write_through ? Py_True : Py_False);
    if (!stream) goto done;
    PyObject *mode = PyUnicode_FromString(write_mode ? "w" : "r");
    if (!mode || PyObject_SetAttrString(stream, "mode", mode) < 0) Py_CLEAR(stream);
    Py_XDECREF(mode);
done:
    Py_XDECREF(raw);
    Py_XDECREF(buffer);
    Py_XDECREF(text);
    Py_XDECREF(encoding);
    Py_XDECREF(err);
    return stream;
}

/* sys.stdin, stdout, stderr and their __x__ originals. */
static int init_streams(KrInterp *interp) {
    PyObject *io = PyImport_ImportModule("io");
    if (!io) return -1;
    PyObject *open = PyObject_GetAttrString(io, "open");
    int rc = open ? PyDict_SetItem(interp->builtins, KR_STR(open), open) : -1;
    Py_XDECREF(open);
    static const char *const names[][3] = {{"stdin", "__stdin__", "<stdin>"}, {"stdout", "__stdout__", "<stdout>"}, {"stderr", "__stderr__", "<stderr>"}};
    for (int fd = 0; fd < 3 && rc == 0; fd++) {
        PyObject *s = make_stream(interp, io, fd, fd > 0, names[fd][2]);
        rc = s && PySys_SetObject(names[fd][0], s) == 0 && PySys_SetObject(names[fd][1], s) == 0 ? 0 : -1;
        Py_XDECREF(s);
    }
    Py_DECREF(io);
    return rc;
}

/* The C library's streams, which extension modules and the prompt use, are buffered as sys's are. */
static void configure_c_streams(const PyConfig *c) {
    if (!c->configure_c_stdio) return;
    if (!c->buffered_stdio) {
        setvbuf(stdin, NULL, _IONBF, BUFSIZ);
        setvbuf(stdout, NULL, _IONBF, BUFSIZ);
        setvbuf(stderr, NULL, _IONBF, BUFSIZ);
    } else if (c->interactive) {
        setvbuf(stdin, NULL, _IOLBF, BUFSIZ);
        setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    }
}

/* ------------------------------------------------------------------ start-up */

/* The exception stays set: Py_ExitStatusException shows it. */
static PyStatus failed(const char *what) { return PyStatus_Error(what); }

/* Encodings of the configuration get the names that their codecs have. */
static int normalize_encodings(PyConfig *c) {
    wchar_t **fields[] = {&c->filesystem_encoding, &c->stdio_encoding};
    for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++) {
        char given[100];
        snprintf(given, sizeof given, "%ls", *fields[i]);
        PyObject *codec = _PyCodec_Lookup(given), *name = codec ? PyObject_GetAttr(codec, KR_STR(name)) : NULL;
        wchar_t *wide = name ? PyUnicode_AsWideCharString(name, NULL) : NULL;
        int bad = !wide || PyStatus_Exception(PyConfig_SetString(c, fields[i], wide));
        Py_XDECREF(codec);
        Py_XDECREF(name);
        PyMem_Free(wide);
        if (bad) return -1;
    }
    return 0;
}

/* __main__ with its builtins and loader. */
static int init_main_module(KrInterp *interp) {
    PyObject *m = PyImport_AddModule("__main__");
    if (!m) return -1;
    PyObject *d = PyModule_GetDict(m), *annotations = PyDict_New();
    int rc = annotations ? PyDict_SetItem(d, KR_STR(__annotations__), annotations) : -1;
    Py_XDECREF(annotations);
    if (rc == 0) rc = PyDict_SetItem(d, KR_STR(__builtins__), interp->builtins_module);
    PyObject *loader = rc == 0 ? PyObject_GetAttrString(interp->importlib, "BuiltinImporter") : NULL;
    if (loader && (!PyDict_GetItemString(d, "__loader__") || PyDict_GetItemString(d, "__loader__") == Py_None))
        rc = PyDict_SetItem(d, KR_STR(__loader__), loader);
    if (!loader) rc = -1;
    Py_XDECREF(loader);
    return rc;
}

const char *kr_interp_init(KrInterp *interp) {
    const bool first = interp == kr_runtime.main_interp;
    if (kr_unicode_init(interp) < 0 || kr_long_init(interp) < 0) return "can't make the first objects";
    if (first) {
        if (kr_names_init() < 0) return "can't intern names";
        if (kr_types_init() < 0) return "can't ready the types";
    }
    if (!(interp->modules = PyDict_New())) return "can't make sys.modules";
    const char *error;
    int digits = kr_config_max_str_digits(&interp->config, &error);
    interp->number.max_str_digits = digits < 0 ? 4300 : digits;
    if (!(interp->builtins_module = kr_builtins_init())) return "can't make builtins";
    interp->builtins = Py_NewRef(PyModule_GetDict(interp->builtins_module));
    if (kr_exceptions_init(interp->builtins) < 0) return "can't make the exceptions";
    PyObject *sys = kr_sys_init(interp);
    if (!sys) return "can't make sys";
    int bad = PyDict_SetItemString(interp->modules, "sys", sys) < 0 || PySys_SetObject("modules", interp->modules) < 0 ||
              PyDict_SetItemString(interp->modules, "builtins", interp->builtins_module) < 0;
    Py_DECREF(sys);
    PyObject *printer = bad ? NULL : PyFile_NewStdPrinter(2);
    bad = !printer || PySys_SetObject("stderr", printer) < 0 || PySys_SetObject("__stderr__", printer) < 0;
    Py_XDECREF(printer);
    if (bad || kr_sys_configure(interp) < 0) return "can't configure sys";
    if (kr_warnings_init(interp) < 0) return "can't set up warnings";
    if (kr_import_init(interp) < 0) return "can't set up import";
    if (first && kr_signals_init(interp, interp->config.install_signal_handlers) < 0) return "can't set up signals";
    PyObject *encodings = PyImport_ImportModule("encodings");
    if (!encodings) {
        PyObject *type, *value, *tb;
        PyErr_Fetch(&type, &value, &tb);
        kr_config_show_paths(&interp->config);
        PyErr_Restore(type, value, tb);
        return "init_fs_encoding: failed to get the Python codec of the filesystem encoding";
    }
    Py_DECREF(encodings);
    if (normalize_encodings(&interp->config) < 0) return "init_stdio_encoding: failed to get the Python codec name of the stdio encoding";
    struct stat st;
    if (fstat(0, &st) == 0 && S_ISDIR(st.st_mode)) return "init_sys_streams: <stdin> is a directory, cannot continue";
    if (init_streams(interp) < 0) return "init_sys_streams: can't initialize sys standard streams";
    if (first && PySys_HasWarnOptions()) {
        PyObject *w = PyImport_ImportModule("warnings");
        if (!w) PyErr_Clear();
        Py_XDECREF(w);
    }
    if (init_main_module(interp) < 0) return "can't make __main__";
    if (first && interp->config.tracemalloc > 0) {
        if (interp->config.tracemalloc > KR_TRACEMALLOC_MAX_FRAMES)
            PyErr_Format(PyExc_ValueError, "the number of frames must be in range [1; %i]", KR_TRACEMALLOC_MAX_FRAMES);
        if (PyErr_Occurred() || kr_tracemalloc_start(interp->config.tracemalloc) < 0) return "init_interp_main: can't initialize tracemalloc";
    }
    return NULL;
}

int kr_import_site(void) {
    PyObject *m = PyImport_ImportModule("site");
    Py_XDECREF(m);
    return m ? 0 : -1;
}

PyStatus Py_InitializeFromConfig(const PyConfig *given) {
    if (kr_runtime.initialized) return PyStatus_Ok();
    PyStatus st = kr_preinitialize_for(given);
    if (PyStatus_Exception(st)) return st;
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    st = kr_config_copy(&config, given);
    if (!PyStatus_Exception(st)) st = kr_config_read(&config);
    if (!PyStatus_Exception(st)) st = kr_config_paths(&config);
    if (PyStatus_Exception(st)) {
        PyConfig_Clear(&config);
        return st;
    }
    kr_config_publish(&config);
    configure_c_streams(&config);
    if (init_hash_secret(&config) < 0) return PyStatus_Error("can't get random numbers for hashing");
    kr_runtime.process.wakeup_fd = -1;
    kr_runtime.process.main_thread_ident = PyThread_get_thread_ident();
    KrInterp *interp = PyInterpreterState_New();
    if (!interp) return PyStatus_NoMemory();
    interp->config = config;
    PyThreadState *ts = PyThreadState_New(interp);
    if (!ts) return PyStatus_NoMemory();
    kr_gil_acquire_unbound(interp->runtime.gil);
    kr_gil_adopt((KrThread *)ts);
    const char *error = kr_interp_init(interp);
    if (error) return failed(error);
    kr_runtime.initialized = true;
    kr_warn_legacy_locale();
    if (kr_config_has_xoption(&interp->config, L"opstats")) kr_opstats_enable(interp);
    if (interp->config.faulthandler) {
        PyObject *m = PyImport_ImportModule("faulthandler"), *r = m ? PyObject_CallMethod(m, "enable", NULL) : NULL;
        if (!r) PyErr_Clear();
        Py_XDECREF(m);
        Py_XDECREF(r);
    }
    if (interp->config.site_import && kr_import_site() < 0) return failed("init_import_site: Failed to import the site module");
    kr_gc_begin(interp);
    kr_image_give_back();
    return PyStatus_Ok();
}
PyStatus _Py_InitializeMain(void) { return PyStatus_Ok(); }

void Py_InitializeEx(int install_sigs) {
    if (kr_runtime.initialized) return;
    PyConfig c;
    _PyConfig_InitCompatConfig(&c);
    c.install_signal_handlers = install_sigs;
    if (kr_runtime.process.program_name) PyConfig_SetString(&c, &c.program_name, kr_runtime.process.program_name);
    if (kr_runtime.process.home) PyConfig_SetString(&c, &c.home, kr_runtime.process.home);
    PyStatus st = Py_InitializeFromConfig(&c);
    PyConfig_Clear(&c);
    if (PyStatus_Exception(st)) Py_ExitStatusException(st);
}
void Py_Initialize(void) { Py_InitializeEx(1); }

/* ------------------------------------------------------------------ shutdown */

static int flush_std_files(void) {
    int rc = 0;
    static const char *const names[] = {"stdout", "stderr"};
    for (size_t i = 0; i < 2; i++) {
        PyObject *f = PySys_GetObject(names[i]);
        if (!f || f == Py_None) continue;
        PyObject *closed = PyObject_GetAttr(f, KR_STR(closed));
        int is_closed = closed ? PyObject_IsTrue(closed) : 0;
        if (!closed || is_closed < 0) PyErr_Clear();
        Py_XDECREF(closed);
        if (is_closed > 0) continue;
        PyObject *r = PyObject_CallMethodNoArgs(f, KR_STR(flush));
        if (!r) {
            if (i == 0) PyErr_WriteUnraisable(f);
            else PyErr_Clear();
            rc = -1;
        }
        Py_XDECREF(r);
    }
    return rc;
}

void kr_wait_for_threads(void) {
    PyObject *threading = PyImport_GetModule(KR_STR(threading));
    if (!threading) {
        PyErr_Clear();
        return;
    }
    PyObject *r = PyObject_CallMethodNoArgs(threading, KR_STR(_shutdown));
    if (!r) PyErr_WriteUnraisable(threading);
    Py_XDECREF(r);
    Py_DECREF(threading);
}

/* What -v reports of the shutdown. */
static void tell(int level, const char *format, const void *what) {
    PyObject *type, *value, *tb;
    if (kr_interp()->config.verbose < level) return;
    PyErr_Fetch(&type, &value, &tb);
    PySys_FormatStderr(format, what);
    PyErr_Restore(type, value, tb);
}

/* Empties a module's dict: names beginning with one underscore first, then the others, __builtins__ last. */
static void clear_module_dict(PyObject *d) {
    for (int pass = 1; pass <= 2; pass++) {
        Py_ssize_t pos = 0;
        PyObject *k, *v;
        while (PyDict_Next(d, &pos, &k, &v)) {
            if (v == Py_None || !PyUnicode_Check(k)) continue;
            bool underscore = PyUnicode_GET_LENGTH(k) > 0 && PyUnicode_READ_CHAR(k, 0) == '_' &&
                              !(PyUnicode_GET_LENGTH(k) > 1 && PyUnicode_READ_CHAR(k, 1) == '_');
            if (pass == 1 ? !underscore : _PyUnicode_EqualToASCIIString(k, "__builtins__")) continue;
            tell(2, pass == 1 ? "#   clear[1] %S\n" : "#   clear[2] %S\n", k);
            if (PyDict_SetItem(d, k, Py_None) < 0) PyErr_WriteUnraisable(NULL);
        }
    }
}
void _PyModule_ClearDict(PyObject *d) { clear_module_dict(d); }
void _PyModule_Clear(PyObject *m) {
    PyObject *d = PyModule_GetDict(m);
    if (d) clear_module_dict(d);
}

/* sys's references to program objects go first, then every module by dropping it, collecting, and clearing what is still alive; builtins
 * and sys last. */
void kr_finalize_modules(KrInterp *interp) {
    static const char *const sys_names[] = {"path", "argv", "ps1", "ps2", "last_type", "last_value", "last_traceback", "path_hooks",
                                            "path_importer_cache", "meta_path", "__interactivehook__"};
    static const char *const sys_files[][2] = {{"stdin", "__stdin__"}, {"stdout", "__stdout__"}, {"stderr", "__stderr__"}};
    PyObject *modules = interp->modules;
    if (!modules || !interp->sysdict) return;
    tell(1, "# clear builtins._\n", NULL);
    if (PyDict_SetItemString(interp->builtins, "_", Py_None) < 0) PyErr_Clear();
    for (size_t i = 0; i < KR_ARRAY_LEN(sys_names); i++) {
        tell(1, "# clear sys.%s\n", sys_names[i]);
        if (PyDict_SetItemString(interp->sysdict, sys_names[i], Py_None) < 0) PyErr_Clear();
    }
    for (size_t i = 0; i < 3; i++) {
        tell(1, "# restore sys.%s\n", sys_files[i][0]);
        PyObject *original = PyDict_GetItemString(interp->sysdict, sys_files[i][1]);
        if (PyDict_SetItemString(interp->sysdict, sys_files[i][0], original ? original : Py_None) < 0) PyErr_Clear();
    }
    PyObject *weak = PyList_New(0), *k, *v;
    Py_ssize_t pos = 0;
    while (weak && PyDict_Next(modules, &pos, &k, &v)) {
        if (!PyModule_Check(v)) continue;
        tell(1, "# cleanup[2] removing %U\n", k);
        PyObject *ref = PyWeakref_NewRef(v, NULL), *pair = ref ? PyTuple_Pack(2, k, ref) : NULL;
        if (!pair || PyList_Append(weak, pair) < 0) PyErr_Clear();
        Py_XDECREF(ref);
        Py_XDECREF(pair);
    }
    PyDict_Clear(modules);          /* sys.modules stays: what finalizers run may look into it */
    kr_import_forget_modules(interp);
    kr_gc_collect_nofail(interp);
    kr_gc_report_shutdown(interp);      /* warnings need modules */
    for (Py_ssize_t i = weak ? PyList_GET_SIZE(weak) : 0; i-- > 0;) {
        PyObject *m = PyWeakref_GET_OBJECT(PyTuple_GET_ITEM(PyList_GET_ITEM(weak, i), 1));
        if (m == Py_None || m == interp->sys_module || m == interp->builtins_module) continue;
        Py_INCREF(m);
        tell(1, "# cleanup[3] wiping %S\n", PyTuple_GET_ITEM(PyList_GET_ITEM(weak, i), 0));
        _PyModule_Clear(m);
        Py_DECREF(m);
    }
    Py_XDECREF(weak);
    tell(1, "# cleanup[3] wiping sys\n", NULL);
    _PyModule_ClearDict(interp->sysdict);
    tell(1, "# cleanup[3] wiping builtins\n", NULL);
    _PyModule_ClearDict(interp->builtins);
    kr_gc_collect_nofail(interp);
}

int kr_finalize(bool process_ends) {
    if (!kr_runtime.initialized) return 0;
    KrInterp *interp = kr_interp();
    kr_wait_for_threads();
    if (interp->runtime.pending_to_do) Py_MakePendingCalls();
    kr_atexit_run(interp);
    int rc = flush_std_files();
    if (interp != kr_runtime.main_interp) {
        /* sys.exit() in a sub-interpreter: the process ends where the main interpreter stands. */
        if (!kr_enter_main_interp()) return rc;
        interp = kr_runtime.main_interp;
        if (flush_std_files() < 0) rc = -1;
    }
    kr_subinterps_end();
    kr_signals_restore();
    kr_runtime.process.finalizing_ident = PyThread_get_thread_ident();
    kr_runtime.finalizing = true;
    kr_runtime.initialized = false;
    if (process_ends && !kr_exit_can_be_seen(interp)) {
        kr_opstats_print(interp);
        run_exit_functions();
        fflush(NULL);
        return rc;
    }
    PyGC_Collect();
    kr_finalize_modules(interp);
    kr_opstats_print(interp);
    if (flush_std_files() < 0) rc = -1;
    PyInterpreterState_Clear(interp);
    PyGC_Collect();
    kr_gc_fini(interp);
    kr_many_fini(interp);
    kr_method_fini(interp);
    if (interp->config.malloc_stats) _PyObject_DebugMallocStats(stderr);
    run_exit_functions();
    fflush(stdout);
    fflush(stderr);
    return rc;
}
int Py_FinalizeEx(void) { return kr_finalize(false); }
void Py_Finalize(void) { Py_FinalizeEx(); }
