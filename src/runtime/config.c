/* config.c - PyConfig: the command line and the environment; paths.c finds where things are.
 *
 * Order of precedence: command line, then PYTHON* variables, then defaults, as in CPython. Wide strings of a PyConfig
 * belong to it (PyMem_RawMalloc) and die with PyConfig_Clear.
 */
#include "runtime/config.h"
#include "runtime/preconfig.h"
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int Py_BytesWarningFlag, Py_DebugFlag, Py_DontWriteBytecodeFlag, Py_FrozenFlag, Py_HashRandomizationFlag, Py_IgnoreEnvironmentFlag,
    Py_InspectFlag, Py_InteractiveFlag, Py_IsolatedFlag, Py_NoSiteFlag, Py_NoUserSiteDirectory, Py_OptimizeFlag, Py_QuietFlag,
    Py_UTF8Mode, Py_UnbufferedStdioFlag, Py_VerboseFlag;

/* ------------------------------------------------------------------ PyStatus */

PyStatus PyStatus_Ok(void) { return (PyStatus){._type = _PyStatus_TYPE_OK}; }
PyStatus PyStatus_Error(const char *msg) { return (PyStatus){._type = _PyStatus_TYPE_ERROR, .err_msg = msg}; }
PyStatus PyStatus_NoMemory(void) { return PyStatus_Error("memory allocation failed"); }
PyStatus PyStatus_Exit(int code) { return (PyStatus){._type = _PyStatus_TYPE_EXIT, .exitcode = code}; }
int PyStatus_IsError(PyStatus s) { return s._type == _PyStatus_TYPE_ERROR; }
int PyStatus_IsExit(PyStatus s) { return s._type == _PyStatus_TYPE_EXIT; }
int PyStatus_Exception(PyStatus s) { return s._type != _PyStatus_TYPE_OK; }

/* ------------------------------------------------------------------ strings and lists */

PyStatus PyConfig_SetString(PyConfig *c, wchar_t **field, const wchar_t *s) {
    wchar_t *copy = NULL;
    if (s) {
        size_t n = (wcslen(s) + 1) * sizeof(wchar_t);
        if (!(copy = PyMem_RawMalloc(n))) return PyStatus_NoMemory();
        memcpy(copy, s, n);
    }
    PyMem_RawFree(*field);
    *field = copy;
    return PyStatus_Ok();
}
PyStatus PyConfig_SetBytesString(PyConfig *c, wchar_t **field, const char *s) {
    wchar_t *w = s ? Py_DecodeLocale(s, NULL) : NULL;
    if (s && !w) return PyStatus_Error("cannot decode a string of the configuration");
    PyMem_RawFree(*field);
    *field = w;
    return PyStatus_Ok();
}
PyStatus PyWideStringList_Insert(PyWideStringList *l, Py_ssize_t at, const wchar_t *s) {
    if (at < 0) return PyStatus_Error("PyWideStringList_Insert index must be >= 0");
    if (at > l->length) at = l->length;
    wchar_t *copy = NULL;
    PyStatus st = PyConfig_SetString(NULL, &copy, s);
    if (PyStatus_Exception(st)) return st;
    wchar_t **items = PyMem_RawRealloc(l->items, (size_t)(l->length + 1) * sizeof *items);
    if (!items) {
        PyMem_RawFree(copy);
        return PyStatus_NoMemory();
    }
    memmove(items + at + 1, items + at, (size_t)(l->length - at) * sizeof *items);
    items[at] = copy;
    l->items = items;
    l->length++;
    return st;
}
PyStatus PyWideStringList_Append(PyWideStringList *l, const wchar_t *s) { return PyWideStringList_Insert(l, l->length, s); }
static void list_clear(PyWideStringList *l) {
    for (Py_ssize_t i = 0; i < l->length; i++) PyMem_RawFree(l->items[i]);
    PyMem_RawFree(l->items);
    *l = (PyWideStringList){0};
}
PyStatus PyConfig_SetWideStringList(PyConfig *c, PyWideStringList *l, Py_ssize_t n, wchar_t **items) {
    PyWideStringList fresh = {0};
    for (Py_ssize_t i = 0; i < n; i++) {
        PyStatus st = PyWideStringList_Append(&fresh, items[i]);
        if (PyStatus_Exception(st)) {
            list_clear(&fresh);
            return st;
        }
    }
    list_clear(l);
    *l = fresh;
    return PyStatus_Ok();
}
PyStatus PyConfig_SetArgv(PyConfig *c, Py_ssize_t argc, wchar_t *const *argv) {
    return PyConfig_SetWideStringList(c, &c->argv, argc, (wchar_t **)argv);
}
PyStatus PyConfig_SetBytesArgv(PyConfig *c, Py_ssize_t argc, char *const *argv) {
    PyPreConfig pre;
    PyPreConfig_InitPythonConfig(&pre);
    pre.parse_argv = c->parse_argv;
    if (c->isolated > 0) pre.isolated = 1;
    if (c->use_environment == 0) pre.use_environment = 0;
    if (c->dev_mode > 0) pre.dev_mode = 1;
    PyStatus ready = Py_PreInitializeFromBytesArgs(&pre, argc, (char **)argv);
    if (PyStatus_Exception(ready)) return ready;
    list_clear(&c->argv);
    for (Py_ssize_t i = 0; i < argc; i++) {
        wchar_t *w = Py_DecodeLocale(argv[i], NULL);
        if (!w) return PyStatus_Error("cannot decode the command line");
        PyStatus st = PyWideStringList_Append(&c->argv, w);
        PyMem_RawFree(w);
        if (PyStatus_Exception(st)) return st;
    }
    return PyStatus_Ok();
}

/* Every field of a PyConfig by kind, once: initial values, copying and clearing are derived from it. */
#define CONFIG_STRINGS(X)                                                                                              \
    X(dump_refs_file) X(filesystem_encoding) X(filesystem_errors) X(pycache_prefix) X(stdio_encoding) X(stdio_errors)  \
    X(check_hash_pycs_mode) X(program_name) X(pythonpath_env) X(home) X(platlibdir) X(stdlib_dir) X(executable)        \
    X(base_executable) X(prefix) X(base_prefix) X(exec_prefix) X(base_exec_prefix) X(run_command) X(run_module) X(run_filename)
#define CONFIG_LISTS(X) X(orig_argv) X(argv) X(xoptions) X(warnoptions) X(module_search_paths)
#define CONFIG_NUMBERS(X)                                                                                                  \
    X(isolated) X(use_environment) X(dev_mode) X(install_signal_handlers) X(use_hash_seed) X(hash_seed) X(faulthandler)    \
    X(tracemalloc) X(import_time) X(code_debug_ranges) X(show_ref_count) X(dump_refs) X(malloc_stats) X(parse_argv)        \
    X(site_import) X(bytes_warning) X(warn_default_encoding) X(inspect) X(interactive) X(optimization_level)               \
    X(parser_debug) X(write_bytecode) X(verbose) X(quiet) X(user_site_directory) X(configure_c_stdio) X(buffered_stdio)    \
    X(use_frozen_modules) X(safe_path) X(pathconfig_warnings) X(module_search_paths_set) X(skip_source_first_line)         \
    X(_config_init) X(_install_importlib) X(_init_main) X(_isolated_interpreter) X(_is_python_build)

void PyConfig_InitPythonConfig(PyConfig *c) {
    *c = (PyConfig){._config_init = 2, .use_environment = 1, .install_signal_handlers = 1, .code_debug_ranges = 1, .parse_argv = 1, .site_import = 1,
                    .write_bytecode = 1, .user_site_directory = 1, .configure_c_stdio = 1, .buffered_stdio = 1,
                    .pathconfig_warnings = 1, ._install_importlib = 1, ._init_main = 1, .use_hash_seed = -1,
                    .tracemalloc = -1, .use_frozen_modules = 1};
}
void PyConfig_InitIsolatedConfig(PyConfig *c) {
    PyConfig_InitPythonConfig(c);
    c->_config_init = 3;
    c->use_hash_seed = 0;
    c->tracemalloc = 0;
    c->isolated = 1;
    c->use_environment = 0;
    c->user_site_directory = 0;
    c->safe_path = 1;
    c->parse_argv = 0;
    c->install_signal_handlers = 0;
}
void _PyConfig_InitCompatConfig(PyConfig *c) {
    PyConfig_InitPythonConfig(c);
    c->_config_init = 1;
    c->parse_argv = 0;
}
void PyConfig_Clear(PyConfig *c) {
#define X(f)                \
    PyMem_RawFree(c->f);    \
    c->f = NULL;
    CONFIG_STRINGS(X)
#undef X
#define X(f) list_clear(&c->f);
    CONFIG_LISTS(X)
#undef X
    c->module_search_paths_set = 0;
}

PyStatus kr_config_copy(PyConfig *to, const PyConfig *from) {
    PyConfig_Clear(to);
    PyConfig fresh = *from;
    PyStatus st = PyStatus_Ok();
#define X(f) fresh.f = NULL;
    CONFIG_STRINGS(X)
#undef X
#define X(f) fresh.f = (PyWideStringList){0};
    CONFIG_LISTS(X)
#undef X
    *to = fresh;
#define X(f) \
    if (!PyStatus_Exception(st)) st = PyConfig_SetString(to, &to->f, from->f);
    CONFIG_STRINGS(X)
#undef X
#define X(f) \
    if (!PyStatus_Exception(st)) st = PyConfig_SetWideStringList(to, &to->f, from->f.length, from->f.items);
    CONFIG_LISTS(X)
#undef X
    return st;
}

PyObject *kr_list_from_wide(const PyWideStringList *l) {
    PyObject *r = PyList_New(l->length);
    for (Py_ssize_t i = 0; r && i < l->length; i++) {
        PyObject *s = PyUnicode_FromWideChar(l->items[i], -1);
        if (s) PyList_SET_ITEM(r, i, s);
        else Py_CLEAR(r);
    }
    return r;
}
PyObject *kr_str_from_wide(const wchar_t *s) { return s ? PyUnicode_FromWideChar(s, -1) : Py_NewRef(Py_None); }

/* Takes value over; NULL is an error. */
static int dict_add(PyObject *d, const char *name, PyObject *value) {
    int r = value ? PyDict_SetItemString(d, name, value) : -1;
    Py_XDECREF(value);
    return r;
}
PyObject *kr_config_as_dict(const PyConfig *c) {
    PyObject *d = PyDict_New();
    int r = d ? 0 : -1;
#define X(f) \
    if (r == 0) r = dict_add(d, #f, PyLong_FromLong((long)c->f));
    CONFIG_NUMBERS(X)
#undef X
#define X(f) \
    if (r == 0) r = dict_add(d, #f, kr_str_from_wide(c->f));
    CONFIG_STRINGS(X)
#undef X
#define X(f) \
    if (r == 0) r = dict_add(d, #f, kr_list_from_wide(&c->f));
    CONFIG_LISTS(X)
#undef X
    if (r < 0) Py_CLEAR(d);
    return d;
}

/* d[name] (borrowed) for a field of a configuration; NULL with ValueError when it is missing. */
static PyObject *dict_field(PyObject *d, const char *name) {
    PyObject *v = PyDict_GetItemString(d, name);
    if (!v && !PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "missing config key: %s", name);
    return v;
}
static int bad_field(PyObject *error, const char *name, const char *what) {
    PyErr_Format(error, "invalid config %s: %s", what, name);
    return -1;
}
/* A number from 0 (or the given least) to most. */
static int number_field(PyObject *d, const char *name, unsigned long least, unsigned long most, unsigned long *to) {
    PyObject *v = dict_field(d, name);
    if (!v) return -1;
    if (!PyLong_Check(v)) return bad_field(PyExc_TypeError, name, "type");
    int overflow;
    long n = PyLong_AsLongAndOverflow(v, &overflow);
    if (n == -1 && PyErr_Occurred()) return -1;
    if (overflow || n < 0 || (unsigned long)n < least || (unsigned long)n > most) return bad_field(PyExc_ValueError, name, "value");
    *to = (unsigned long)n;
    return 0;
}
static int string_field(PyConfig *c, PyObject *v, const char *name, bool optional, wchar_t **to) {
    if (v == Py_None && optional) return 0;
    if (v == Py_None) return bad_field(PyExc_ValueError, name, "value");
    if (!PyUnicode_Check(v)) return bad_field(PyExc_TypeError, name, "type");
    wchar_t *text = PyUnicode_AsWideCharString(v, NULL);
    PyStatus st = text ? PyConfig_SetString(c, to, text) : PyStatus_Ok();
    PyMem_Free(text);
    if (PyStatus_Exception(st)) PyErr_NoMemory();
    return text && !PyStatus_Exception(st) ? 0 : -1;
}
static int list_field(PyObject *v, const char *name, PyWideStringList *to) {
    if (!PyList_Check(v) && !PyTuple_Check(v)) return bad_field(PyExc_TypeError, name, "type");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(v); i++) {
        wchar_t *one = NULL;
        if (string_field(NULL, PySequence_Fast_GET_ITEM(v, i), name, false, &one) < 0) return -1;
        PyStatus st = PyWideStringList_Append(to, one);
        PyMem_RawFree(one);
        if (PyStatus_Exception(st)) return PyErr_NoMemory(), -1;
    }
    return 0;
}
static bool is_required(const char *name) {
    static const char *const names[] = {"filesystem_encoding", "filesystem_errors", "stdio_encoding", "stdio_errors", "check_hash_pycs_mode",
                                        "program_name", "platlibdir"};
    for (size_t i = 0; i < KR_ARRAY_LEN(names); i++)
        if (!strcmp(names[i], name)) return true;
    return false;
}
int kr_config_from_dict(PyConfig *c, PyObject *d) {
    PyObject *v;
    unsigned long n;
#define X(f)                                                                                                                       \
    if (number_field(d, #f, offsetof(PyConfig, f) == offsetof(PyConfig, _config_init),                                             \
                     offsetof(PyConfig, f) == offsetof(PyConfig, _config_init) ? 3 : sizeof c->f == sizeof(long) ? UINT32_MAX : INT_MAX, &n) < 0) return -1; \
    c->f = n;
    CONFIG_NUMBERS(X)
#undef X
#define X(f) \
    if (!(v = dict_field(d, #f)) || string_field(c, v, #f, !is_required(#f), &c->f) < 0) return -1;
    CONFIG_STRINGS(X)
#undef X
#define X(f) \
    if (!(v = dict_field(d, #f)) || list_field(v, #f, &c->f) < 0) return -1;
    CONFIG_LISTS(X)
#undef X
    if (!c->module_search_paths_set) list_clear(&c->module_search_paths);
    return c->argv.length || !PyStatus_Exception(PyWideStringList_Append(&c->argv, L"")) ? 0 : (PyErr_NoMemory(), -1);
}

/* ------------------------------------------------------------------ help texts */

const char kr_usage[] =
    "Options (and corresponding environment variables):\n"
    "-b     : warn when str() is taken of bytes, or bytes are compared with str (-bb: raise)\n"
    "-B     : don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x\n"
    "-c cmd : run the program given as a string (ends the options)\n"
    "-d     : accepted for compatibility; also PYTHONDEBUG=x\n"
    "-E     : ignore PYTHON* environment variables\n"
    "-h     : print this help and exit (also -? or --help)\n"
    "-i     : go interactive after running the program; also PYTHONINSPECT=x\n"
    "-I     : isolated: implies -E, -P and -s\n"
    "-m mod : run a library module as a program (ends the options)\n"
    "-O     : leave out assert and __debug__ statements; also PYTHONOPTIMIZE=x\n"
    "-OO    : -O, and leave out docstrings\n"
    "-P     : don't put the script's or the current folder on sys.path; also PYTHONSAFEPATH=x\n"
    "-q     : no version message when interactive\n"
    "-s     : no user site folder on sys.path; also PYTHONNOUSERSITE=x\n"
    "-S     : don't import site at start-up\n"
    "-u     : unbuffered stdout and stderr; also PYTHONUNBUFFERED=x\n"
    "-v     : trace imports; also PYTHONVERBOSE=x\n"
    "-V     : print the version and exit (also --version; twice: more)\n"
    "-W arg : warning control, action:message:category:module:lineno; also PYTHONWARNINGS=arg\n"
    "-x     : skip the first line of the source\n"
    "-X opt : an implementation's own option (--help-xoptions lists them)\n"
    "--check-hash-based-pycs always|default|never:\n"
    "         how hash-based .pyc files are checked\n"
    "--help-env      : print the environment variables and exit\n"
    "--help-xoptions : print the -X options and exit\n"
    "--help-all      : print all help and exit\n"
    "\n"
    "Arguments:\n"
    "file   : a program's file, folder or zip file\n"
    "-      : the program comes from stdin (default; interactive if a terminal)\n"
    "arg ...: the program's own arguments, sys.argv[1:]\n";

static const char usage_env[] =
    "Environment variables that change behaviour:\n"
    "PYTHONSTARTUP       : file executed when interactive\n"
    "PYTHONPATH          : folders put on sys.path, separated by ':'\n"
    "PYTHONHOME          : prefix of the installation\n"
    "PYTHONPLATLIBDIR    : name of the platform library folder\n"
    "PYTHONSAFEPATH      : -P\n"
    "PYTHONINSPECT       : -i\n"
    "PYTHONOPTIMIZE      : -O; 2: -OO\n"
    "PYTHONDONTWRITEBYTECODE : -B\n"
    "PYTHONUNBUFFERED    : -u\n"
    "PYTHONVERBOSE       : -v\n"
    "PYTHONNOUSERSITE    : -s\n"
    "PYTHONWARNINGS      : -W\n"
    "PYTHONHASHSEED      : seed of hash randomisation: 'random' or 0 to 4294967295\n"
    "PYTHONINTMAXSTRDIGITS : limit of int/str conversions\n"
    "PYTHONIOENCODING    : encoding[:errors] of stdin, stdout, stderr\n"
    "PYTHONFAULTHANDLER  : -X faulthandler\n"
    "PYTHONDEVMODE       : -X dev\n"
    "PYTHONUTF8          : UTF-8 mode: text files and streams are UTF-8\n"
    "PYTHONCOERCECLOCALE : 0: the C locale stays; warn: say when it is replaced by C.UTF-8, or stays\n"
    "PYTHONMALLOC        : allocators: default, debug, malloc, malloc_debug, pymalloc, pymalloc_debug\n"
    "PYTHONMALLOCSTATS   : print statistics of the heap at exit\n"
    "PYTHONPYCACHEPREFIX : folder for .pyc files\n"
    "PYTHONBREAKPOINT    : what breakpoint() calls; 0 turns it off\n"
    "PYTHONEXECUTABLE    : sys.executable\n"
    "PYTHONUSERBASE      : where the user's site folder is, ~/.local\n"
    "PYTHONASYNCIODEBUG  : debug mode of asyncio\n"
    "PYTHONDEBUG         : accepted for compatibility, as -d\n"
    "PYTHONPROFILEIMPORTTIME, PYTHONTRACEMALLOC, PYTHONWARNDEFAULTENCODING, PYTHONNODEBUGRANGES : as the -X options\n";

static const char usage_xoptions[] =
    "Implementation-specific options:\n"
    "-X dev              : development mode\n"
    "-X faulthandler     : enable faulthandler\n"
    "-X frozen_modules=on|off : whether the modules of start-up are loaded as frozen ones\n"
    "-X importtime       : print how long each import takes\n"
    "-X int_max_str_digits=N : limit of int/str conversions, 0 for none\n"
    "-X no_debug_ranges  : no column positions in tracebacks\n"
    "-X opstats          : print instruction statistics at exit (krait's own)\n"
    "-X pycache_prefix=P : folder for .pyc files\n"
    "-X showrefcount     : accepted for compatibility\n"
    "-X tracemalloc[=N]  : trace memory allocations\n"
    "-X utf8[=0|1]       : UTF-8 mode: text files and streams are UTF-8\n"
    "-X warn_default_encoding : warn when a text encoding is not given\n";

static void print_help(const wchar_t *program, bool env, bool xoptions, bool options) {
    if (options) {
        printf("usage: %ls [option] ... [-c cmd | -m mod | file | -] [arg] ...\n", program);
        fputs(kr_usage, stdout);
    }
    if (env) fputs(usage_env, stdout);
    if (xoptions) fputs(usage_xoptions, stdout);
}

/* ------------------------------------------------------------------ the environment */

static const char *env(const PyConfig *c, const char *name) {
    const char *v = c->use_environment ? getenv(name) : NULL;
    return v && *v ? v : NULL;
}
/* Raises *flag to the variable's number, or 1 for other text. */
static void env_flag(const PyConfig *c, int *flag, const char *name) {
    const char *v = env(c, name);
    if (!v) return;
    char *end;
    long n = strtol(v, &end, 10);
    int value = *end || n < 0 || n > INT_MAX ? 1 : (int)n;
    if (*flag < value) *flag = value;
}

static const wchar_t *xoption(const PyConfig *c, const wchar_t *name) { return kr_xoption(&c->xoptions, name); }

bool kr_config_has_xoption(const PyConfig *c, const wchar_t *name) { return xoption(c, name) != NULL; }

static PyStatus read_hash_seed(PyConfig *c) {
    const char *v = c->use_hash_seed < 0 ? env(c, "PYTHONHASHSEED") : NULL;
    if (c->use_hash_seed > 0) return PyStatus_Ok();
    if (!v || !strcmp(v, "random")) {
        c->use_hash_seed = 0;
        c->hash_seed = 0;
        return PyStatus_Ok();
    }
    char *end;
    unsigned long n = strtoul(v, &end, 10);
    if (*end || *v == '-' || n > 4294967295UL)
        return kr_status_error("config_init_hash_seed", "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]");
    c->use_hash_seed = 1;
    c->hash_seed = n;
    return PyStatus_Ok();
}

/* The digits limit: -1 not given, -2 invalid. */
static long digits_limit(const wchar_t *text) {
    wchar_t *end;
    long n = wcstol(text, &end, 10);
    return *end || !*text || n < 0 || (n && n < 640) || n > INT_MAX ? -2 : n;
}

/* How many frames a trace of tracemalloc keeps, 0: off. */
static PyStatus read_tracemalloc(PyConfig *c) {
    if (c->tracemalloc >= 0) return PyStatus_Ok();
    const char *v = env(c, "PYTHONTRACEMALLOC");
    const wchar_t *x = xoption(c, L"tracemalloc");
    long n = 0;
    if (v) {
        char *end;
        n = strtol(v, &end, 10);
        if (*end || n < 0 || n > INT_MAX) return kr_status_error("config_init_tracemalloc", "PYTHONTRACEMALLOC: invalid number of frames");
    }
    if (x) {
        wchar_t *end = L"";
        n = *x ? wcstol(x, &end, 10) : 1;
        if (*end || n < 0 || n > INT_MAX)
            return kr_status_error("config_init_tracemalloc", "-X tracemalloc=NFRAME: invalid number of frames");
    }
    c->tracemalloc = (int)n;
    return PyStatus_Ok();
}
static PyStatus read_frozen_modules(PyConfig *c) {
    const wchar_t *x = xoption(c, L"frozen_modules");
    if (!x) return PyStatus_Ok();
    if (*x && wcscmp(x, L"on") && wcscmp(x, L"off"))
        return PyStatus_Error("bad value for option -X frozen_modules (expected \"on\" or \"off\")");
    c->use_frozen_modules = wcscmp(x, L"off") != 0;
    return PyStatus_Ok();
}
/* The encoding of text from the operating system: the locale's, or UTF-8 in UTF-8 mode. */
static const wchar_t *system_encoding(wchar_t *buffer, size_t size) {
    const char *name = Py_UTF8Mode > 0 ? "utf-8" : nl_langinfo(CODESET);
    static const struct { const char *name; const wchar_t *known; } usual[] = {{"UTF-8", L"utf-8"}, {"ANSI_X3.4-1968", L"ascii"}, {"", L"utf-8"}};
    for (size_t i = 0; i < KR_ARRAY_LEN(usual); i++)
        if (!strcmp(name, usual[i].name)) return usual[i].known;
    swprintf(buffer, size, L"%s", name);
    return buffer;
}
/* The encodings of file names and of the standard streams; in the C locale bytes pass through the streams that don't decode. */
static PyStatus read_encodings(PyConfig *c) {
    wchar_t buffer[60];
    const wchar_t *encoding = system_encoding(buffer, KR_ARRAY_LEN(buffer));
    const char *ctype = setlocale(LC_CTYPE, NULL);
    bool lenient = Py_UTF8Mode > 0 || (ctype && (!strcmp(ctype, "C") || !strcmp(ctype, "POSIX") || !strcmp(ctype, "C.UTF-8") ||
                                                 !strcmp(ctype, "C.utf8") || !strcmp(ctype, "UTF-8")));
    struct { wchar_t **field; const wchar_t *value; } fields[] = {
        {&c->filesystem_encoding, encoding}, {&c->filesystem_errors, L"surrogateescape"}, {&c->stdio_encoding, encoding},
        {&c->stdio_errors, lenient ? L"surrogateescape" : L"strict"}};
    PyStatus st = PyStatus_Ok();
    for (size_t i = 0; i < KR_ARRAY_LEN(fields) && !PyStatus_Exception(st); i++)
        if (!*fields[i].field) st = PyConfig_SetString(c, fields[i].field, fields[i].value);
    return st;
}

static PyStatus read_environment(PyConfig *c) {
    env_flag(c, &c->parser_debug, "PYTHONDEBUG");
    env_flag(c, &c->verbose, "PYTHONVERBOSE");
    env_flag(c, &c->optimization_level, "PYTHONOPTIMIZE");
    env_flag(c, &c->inspect, "PYTHONINSPECT");
    int off = 0;
    env_flag(c, &off, "PYTHONDONTWRITEBYTECODE");
    if (off) c->write_bytecode = 0;
    off = 0;
    env_flag(c, &off, "PYTHONNOUSERSITE");
    if (off) c->user_site_directory = 0;
    off = 0;
    env_flag(c, &off, "PYTHONUNBUFFERED");
    if (off) c->buffered_stdio = 0;
    if (env(c, "PYTHONSAFEPATH")) c->safe_path = 1;
    if (env(c, "PYTHONFAULTHANDLER") || xoption(c, L"faulthandler")) c->faulthandler = 1;
    if (c->dev_mode) c->faulthandler = 1;
    if (env(c, "PYTHONPROFILEIMPORTTIME") || xoption(c, L"importtime")) c->import_time = 1;
    if (env(c, "PYTHONWARNDEFAULTENCODING") || xoption(c, L"warn_default_encoding")) c->warn_default_encoding = 1;
    if (env(c, "PYTHONNODEBUGRANGES") || xoption(c, L"no_debug_ranges")) c->code_debug_ranges = 0;
    if (env(c, "PYTHONMALLOCSTATS")) c->malloc_stats = 1;
    PyStatus st = read_hash_seed(c);
    if (!PyStatus_Exception(st)) st = read_tracemalloc(c);
    if (!PyStatus_Exception(st)) st = read_frozen_modules(c);
    if (PyStatus_Exception(st)) return st;
    const wchar_t *x;
    const char *v;
    if ((x = xoption(c, L"pycache_prefix"))) {
        if (*x) st = PyConfig_SetString(c, &c->pycache_prefix, x);
    } else if ((v = env(c, "PYTHONPYCACHEPREFIX"))) {
        st = PyConfig_SetBytesString(c, &c->pycache_prefix, v);
    }
    if (PyStatus_Exception(st)) return st;
    if ((v = env(c, "PYTHONPATH"))) st = PyConfig_SetBytesString(c, &c->pythonpath_env, v);
    if (!PyStatus_Exception(st) && (v = env(c, "PYTHONHOME"))) st = PyConfig_SetBytesString(c, &c->home, v);
    if (!PyStatus_Exception(st) && (v = env(c, "PYTHONPLATLIBDIR"))) st = PyConfig_SetBytesString(c, &c->platlibdir, v);
    if (!PyStatus_Exception(st) && (v = env(c, "PYTHONIOENCODING"))) {
        const char *colon = strchr(v, ':');
        char name[100];
        snprintf(name, sizeof name, "%.*s", (int)(colon ? colon - v : (long)strlen(v)), v);
        if (*name) st = PyConfig_SetBytesString(c, &c->stdio_encoding, name);
        /* an encoding alone is for strict text */
        const char *errors = colon && colon[1] ? colon + 1 : *name ? "strict" : NULL;
        if (!PyStatus_Exception(st) && errors) st = PyConfig_SetBytesString(c, &c->stdio_errors, errors);
    }
    return st;
}

int kr_config_max_str_digits(const PyConfig *c, const char **error) {
    const wchar_t *x = xoption(c, L"int_max_str_digits");
    const char *v = env(c, "PYTHONINTMAXSTRDIGITS");
    *error = NULL;
    if (x && !*x && x[-1] == L'=') return 0;
    if (x) {
        long n = digits_limit(x);
        if (n >= 0) return (int)n;
        *error = "-X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited.";
    } else if (v) {
        wchar_t wide[40];
        swprintf(wide, KR_ARRAY_LEN(wide), L"%.38s", v);
        long n = digits_limit(wide);
        if (n >= 0) return (int)n;
        *error = "PYTHONINTMAXSTRDIGITS: invalid limit; must be >= 640 or 0 for unlimited.";
    }
    return -1;
}

/* ------------------------------------------------------------------ the command line */

/* A path seen from the current folder, as an absolute one; as it is where that can't be told. */
static PyStatus set_absolute(PyConfig *c, wchar_t **to, const wchar_t *path) {
    char folder[PATH_MAX];
    wchar_t *cwd = path[0] == L'/' || !getcwd(folder, sizeof folder) ? NULL : Py_DecodeLocale(folder, NULL);
    if (!cwd) return PyConfig_SetString(c, to, path);
    if (!path[0] || !wcscmp(path, L".")) {
        PyStatus st = PyConfig_SetString(c, to, cwd);
        PyMem_RawFree(cwd);
        return st;
    }
    size_t n = wcslen(cwd) + wcslen(path) + 2;
    wchar_t *whole = PyMem_RawMalloc(n * sizeof *whole);
    PyStatus st = PyStatus_NoMemory();
    if (whole) {
        swprintf(whole, n, L"%ls/%ls", cwd[1] ? cwd : L"", path);
        st = PyConfig_SetString(c, to, whole);
    }
    PyMem_RawFree(whole);
    PyMem_RawFree(cwd);
    return st;
}
/* What an option without a value, or with one, says. */
static PyStatus take_option(PyConfig *c, int option, const wchar_t *value, PyWideStringList *warnings, int *version) {
    switch (option) {
    case 'b': c->bytes_warning++; break;
    case 'B': c->write_bytecode = 0; break;
    case 'd': c->parser_debug++; break;
    case 'E':
    case 't': break; /* -E and -I are the pre-configuration's, -t does nothing */
    case 'i': c->inspect++, c->interactive++; break;
    case 'I': break;
    case 'O': c->optimization_level++; break;
    case 'P': c->safe_path = 1; break;
    case 'q': c->quiet++; break;
    case 'R': c->use_hash_seed = 0; break;
    case 's': c->user_site_directory = 0; break;
    case 'S': c->site_import = 0; break;
    case 'u': c->buffered_stdio = 0; break;
    case 'v': c->verbose++; break;
    case 'V': ++*version; break;
    case 'x': c->skip_source_first_line = 1; break;
    case 'W': return PyWideStringList_Append(warnings, value);
    case 'X': return PyWideStringList_Append(&c->xoptions, value);
    case 'm': return PyConfig_SetString(c, &c->run_module, value);
    case 'c': {
        size_t len = wcslen(value);
        c->run_command = PyMem_RawMalloc((len + 2) * sizeof(wchar_t));
        if (!c->run_command) return PyStatus_NoMemory();
        wcscpy(c->run_command, value);
        c->run_command[len] = L'\n';
        c->run_command[len + 1] = 0;
        break;
    }
    default: return PyStatus_Exit(2);
    }
    return PyStatus_Ok();
}
/* Adds a warning option unless it is empty or there already. */
static PyStatus add_warning(PyConfig *c, const wchar_t *option) {
    for (Py_ssize_t i = 0; i < c->warnoptions.length; i++)
        if (!wcscmp(c->warnoptions.items[i], option)) return PyStatus_Ok();
    return *option ? PyWideStringList_Append(&c->warnoptions, option) : PyStatus_Ok();
}
/* Reads c->argv (program name first) into c, and leaves in it what sys.argv will be. */
static PyStatus parse_argv(PyConfig *c) {
    Py_ssize_t n = c->argv.length, i;
    wchar_t **argv = c->argv.items;
    const wchar_t *program = n ? argv[0] : L"krait";
    PyStatus st = PyStatus_Ok();
    PyWideStringList warnings = {0};
    int version = 0;
    KrOptions o = {.argv = argv, .argc = n, .next = 1};
    static const struct { const wchar_t *name; bool env, xoptions, options; } helps[] = {
        {L"--help", false, false, true}, {L"--help-env", true, false, false}, {L"--help-xoptions", false, true, false}, {L"--help-all", true, true, true}};
    for (int option; (option = kr_option_next(&o));) {
        if (option == 'h' || option == '?') {
            print_help(program, false, false, true);
            return PyStatus_Exit(0);
        } else if (option == KR_OPTION_LONG) {
            for (size_t k = 0; k < KR_ARRAY_LEN(helps); k++)
                if (!wcscmp(o.value, helps[k].name)) {
                    print_help(program, helps[k].env, helps[k].xoptions, helps[k].options);
                    return PyStatus_Exit(0);
                }
            if (wcscmp(o.value, L"--version")) {
                fprintf(stderr, "unknown option %ls\n", o.value);
                goto usage;
            }
            version++;
        } else if (option == KR_OPTION_HASH_PYCS) {
            if (!o.value) {
                fputs("Argument expected for the --check-hash-based-pycs options\n", stderr);
                goto usage;
            }
            if ((wcscmp(o.value, L"always") && wcscmp(o.value, L"never") && wcscmp(o.value, L"default"))) {
                fputs("--check-hash-based-pycs must be one of 'default', 'always', or 'never'\n", stderr);
                goto usage;
            }
            st = PyConfig_SetString(c, &c->check_hash_pycs_mode, o.value);
        } else if (option == KR_OPTION_NO_VALUE) {
            fprintf(stderr, "Argument expected for the -%lc option\n", (wint_t)o.letter);
            goto usage;
        } else {
            st = take_option(c, option, o.value, &warnings, &version);
            if (PyStatus_IsExit(st)) {
                if (o.letter == L'J') fputs("-J is reserved for Jython\n", stderr);
                else fprintf(stderr, "Unknown option: -%lc\n", (wint_t)o.letter);
                goto usage;
            }
        }
        if (PyStatus_Exception(st)) return st;
    }
    i = o.next;
    if (version) {
        if (version > 1) printf("Python %s\n", Py_GetVersion());
        else printf("Python %s (krait %s)\n", PY_VERSION, KR_VERSION);
        return PyStatus_Exit(0);
    }
    if (!c->run_command && !c->run_module && i < n && wcscmp(argv[i], L"-")) {
        st = set_absolute(c, &c->run_filename, argv[i]);
        if (PyStatus_Exception(st)) return st;
    }
    /* sys.argv: the program's name, then its arguments */
    PyWideStringList rest = {0};
    const wchar_t *first = c->run_command ? L"-c" : c->run_module ? L"-m" : i < n ? argv[i++] : L"";
    st = PyWideStringList_Append(&rest, first);
    for (; i < n && !PyStatus_Exception(st); i++) st = PyWideStringList_Append(&rest, argv[i]);
    if (PyStatus_Exception(st)) return st;
    list_clear(&c->argv);
    c->argv = rest;
    /* warnings: dev mode's, PYTHONWARNINGS, -W, -b */
    const char *w = env(c, "PYTHONWARNINGS");
    if (c->dev_mode) st = add_warning(c, L"default");
    while (w && *w && !PyStatus_Exception(st)) {
        char one[500];
        size_t len = strcspn(w, ",");
        snprintf(one, sizeof one, "%.*s", (int)len, w);
        wchar_t *wide = Py_DecodeLocale(one, NULL);
        st = wide ? add_warning(c, wide) : PyStatus_NoMemory();
        PyMem_RawFree(wide);
        w += len + (w[len] == ',');
    }
    for (Py_ssize_t k = 0; k < warnings.length && !PyStatus_Exception(st); k++) st = add_warning(c, warnings.items[k]);
    list_clear(&warnings);
    if (c->bytes_warning && !PyStatus_Exception(st)) st = add_warning(c, c->bytes_warning > 1 ? L"error::BytesWarning" : L"default::BytesWarning");
    return st;
usage:
    fprintf(stderr, "usage: %ls [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `krait -h' for more information.\n", program);
    list_clear(&warnings);
    return PyStatus_Exit(2);
}

PyStatus kr_config_read(PyConfig *c) {
    PyStatus st = kr_preinitialize_for(c);
    if (PyStatus_Exception(st)) return st;
    const PyPreConfig *pre = &kr_runtime.process.preconfig;
    c->isolated = pre->isolated;
    c->use_environment = pre->use_environment;
    c->dev_mode = pre->dev_mode;
    if (c->isolated) c->user_site_directory = 0, c->safe_path = 1;
    if (c->argv.length && !c->orig_argv.length) {
        st = PyConfig_SetWideStringList(c, &c->orig_argv, c->argv.length, c->argv.items);
        if (PyStatus_Exception(st)) return st;
    }
    if (!c->program_name && c->argv.length) {
        st = PyConfig_SetString(c, &c->program_name, c->argv.items[0]);
        if (PyStatus_Exception(st)) return st;
    }
    if (c->parse_argv) {
        st = parse_argv(c);
        if (PyStatus_Exception(st)) return st;
        c->parse_argv = 0;
    } else if (!c->argv.length) {
        st = PyWideStringList_Append(&c->argv, L"");
        if (PyStatus_Exception(st)) return st;
    }
    st = read_environment(c);
    if (PyStatus_Exception(st)) return st;
    const char *error;
    kr_config_max_str_digits(c, &error);
    if (error) return kr_status_error("config_init_int_max_str_digits", error);
    st = read_encodings(c);
    if (!PyStatus_Exception(st) && !c->check_hash_pycs_mode) st = PyConfig_SetString(c, &c->check_hash_pycs_mode, L"default");
    if (!PyStatus_Exception(st) && !c->platlibdir) st = PyConfig_SetString(c, &c->platlibdir, L"lib");
    return st;
}
void kr_config_publish(const PyConfig *c) {
    Py_BytesWarningFlag = c->bytes_warning;
    Py_DebugFlag = c->parser_debug;
    Py_DontWriteBytecodeFlag = !c->write_bytecode;
    Py_HashRandomizationFlag = c->use_hash_seed == 0 || c->hash_seed != 0;
    Py_IgnoreEnvironmentFlag = !c->use_environment;
    Py_InspectFlag = c->inspect;
    Py_InteractiveFlag = c->interactive;
    Py_IsolatedFlag = c->isolated;
    Py_NoSiteFlag = !c->site_import;
    Py_NoUserSiteDirectory = !c->user_site_directory;
    Py_OptimizeFlag = c->optimization_level;
    Py_QuietFlag = c->quiet;
    Py_UnbufferedStdioFlag = !c->buffered_stdio;
    Py_VerboseFlag = c->verbose;
}
PyStatus PyConfig_Read(PyConfig *c) {
    PyStatus st = kr_config_read(c);
    return PyStatus_Exception(st) ? st : kr_config_paths(c);
}

/* ------------------------------------------------------------------ the older API */

static wchar_t *process_string(wchar_t **slot, const wchar_t *value) {
    KrInterp *interp = kr_runtime.main_interp;
    if (value && interp) PyConfig_SetString(&interp->config, slot, value);
    return *slot;
}
#define CONFIG_GETTER(function, field) \
    wchar_t *function(void) { return kr_runtime.main_interp ? process_string(&kr_runtime.main_interp->config.field, NULL) : NULL; }
CONFIG_GETTER(Py_GetPrefix, prefix)
CONFIG_GETTER(Py_GetExecPrefix, exec_prefix)
CONFIG_GETTER(Py_GetProgramFullPath, executable)
CONFIG_GETTER(Py_GetProgramName, program_name)
CONFIG_GETTER(Py_GetPythonHome, home)
wchar_t *Py_GetPath(void) { return kr_runtime.process.search_path; }
void Py_SetPath(const wchar_t *p) { PyConfig_SetString(NULL, &kr_runtime.process.search_path, p); }
void Py_SetProgramName(const wchar_t *p) { PyConfig_SetString(NULL, &kr_runtime.process.program_name, p); }
void Py_SetPythonHome(const wchar_t *p) { PyConfig_SetString(NULL, &kr_runtime.process.home, p); }
void _Py_SetProgramFullPath(const wchar_t *p) { Py_SetProgramName(p); }
void Py_GetArgcArgv(int *argc, wchar_t ***argv) {
    KrInterp *interp = kr_runtime.main_interp;
    *argc = interp ? (int)interp->config.orig_argv.length : 0;
    *argv = interp ? interp->config.orig_argv.items : NULL;
}
char *Py_GETENV(const char *name) { return Py_IgnoreEnvironmentFlag ? NULL : getenv(name); }

PyObject *kr_stdlib_module_names(void) {
    static const char names[] =
        "__future__ _abc _aix_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk "
        "_codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _compat_pickle _compression "
        "_contextvars _crypt _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib "
        "_frozen_importlib_external _functools _gdbm _hashlib _heapq _imp _io _json _locale _lsprof _lzma _markupbase "
        "_md5 _msi _multibytecodec _multiprocessing _opcode _operator _osx_support _overlapped _pickle _posixshmem "
        "_posixsubprocess _py_abc _pydecimal _pyio _queue _random _scproxy _sha1 _sha256 _sha3 _sha512 _signal "
        "_sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable _thread "
        "_threading_local _tkinter _tokenize _tracemalloc _typing _uuid _warnings _weakref _weakrefset _winapi _zoneinfo "
        "abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect "
        "builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall "
        "concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm "
        "decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput "
        "fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq "
        "hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 "
        "linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt "
        "multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib "
        "pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd "
        "py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy "
        "sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd "
        "sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau "
        "symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit "
        "tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata "
        "unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc "
        "zipapp zipfile zipimport zlib zoneinfo";
    PyObject *set = PyFrozenSet_New(NULL);
    for (const char *p = names, *end; set && *p; p = *end ? end + 1 : end) {
        end = strchrnul(p, ' ');
        PyObject *name = PyUnicode_FromStringAndSize(p, end - p);
        if (!name || PySet_Add(set, name) < 0) Py_CLEAR(set);
        Py_XDECREF(name);
    }
    return set;
}
