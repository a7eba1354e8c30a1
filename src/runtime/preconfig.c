/* preconfig.c - pre-initialization: PyPreConfig, the locale and its coercion (PEP 538), UTF-8 mode (PEP 540), allocators.
 *
 * It runs once, before anything is decoded or allocated, and looks only at the environment and at the options -E, -I and -X of a command
 * line. Its result is kr_runtime.process.preconfig.
 */
#include "runtime/preconfig.h"
#include "memory/alloc.h"
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>

PyStatus kr_status_error(const char *func, const char *message) { return (PyStatus){._type = _PyStatus_TYPE_ERROR, .func = func, .err_msg = message}; }

/* ------------------------------------------------------------------ options */

int kr_option_next(KrOptions *o) {
    if (o->done) return KR_OPTION_END;
    if (!o->letters || !*o->letters) {
        const wchar_t *arg = o->next < o->argc ? o->argv[o->next] : NULL;
        if (!arg || arg[0] != L'-' || !arg[1]) {
            o->done = true;
            return KR_OPTION_END;
        }
        o->next++;
        if (arg[1] == L'-') {
            o->done = !arg[2];
            if (o->done) return KR_OPTION_END;
            o->value = arg;
            if (wcscmp(arg, L"--check-hash-based-pycs")) return KR_OPTION_LONG;
            o->value = o->next < o->argc ? o->argv[o->next++] : NULL;
            return KR_OPTION_HASH_PYCS;
        }
        o->letters = arg + 1;
    }
    wchar_t letter = o->letter = *o->letters++;
    if (wcschr(L"cmWX", letter)) {
        o->value = *o->letters ? o->letters : o->next < o->argc ? o->argv[o->next++] : NULL;
        o->letters = NULL;
        if (!o->value) return KR_OPTION_NO_VALUE;
    }
    o->done = letter == L'c' || letter == L'm';
    return (int)letter < 128 ? (int)letter : '?' + 128;      /* any letter that is no option */
}

const wchar_t *kr_xoption(const PyWideStringList *xoptions, const wchar_t *name) {
    size_t n = wcslen(name);
    for (Py_ssize_t i = xoptions->length; i-- > 0;) {
        const wchar_t *o = xoptions->items[i];
        if (!wcsncmp(o, name, n) && (o[n] == 0 || o[n] == L'=')) return o[n] ? o + n + 1 : o + n;
    }
    return NULL;
}

/* ------------------------------------------------------------------ what is asked for */

void PyPreConfig_InitPythonConfig(PyPreConfig *c) {
    *c = (PyPreConfig){._config_init = 2, .parse_argv = 1, .use_environment = 1, .configure_locale = 1, .coerce_c_locale = -1,
                       .coerce_c_locale_warn = -1, .utf8_mode = -1, .dev_mode = -1};
}
void PyPreConfig_InitIsolatedConfig(PyPreConfig *c) { *c = (PyPreConfig){._config_init = 3, .isolated = 1, .dev_mode = 0}; }
/* For Py_Initialize(): only what the program asked for by global variables and the environment. */
static void init_compat(PyPreConfig *c) {
    *c = (PyPreConfig){._config_init = 1, .use_environment = 1, .configure_locale = 1, .utf8_mode = Py_UTF8Mode > 0 ? 1 : -1, .dev_mode = -1};
}

typedef struct { const wchar_t *utf8, *dev; } Asked;     /* NULL: not given */

/* -E, -I, -X utf8 and -X dev of a command line into c and what is given back. */
static Asked read_options(PyPreConfig *c, Py_ssize_t argc, wchar_t *const *argv) {
    KrOptions o = {.argv = argv, .argc = argc, .next = 1};
    Asked asked = {0};
    for (int opt; (opt = kr_option_next(&o));) {
        if (opt == 'E') c->use_environment = 0;
        if (opt == 'I') c->isolated = 1;
        if (opt != 'X') continue;
        PyWideStringList one = {1, (wchar_t **)&o.value};
        const wchar_t *v;
        if ((v = kr_xoption(&one, L"utf8"))) asked.utf8 = v;
        if ((v = kr_xoption(&one, L"dev"))) asked.dev = v;
    }
    return asked;
}
static const char *variable(const PyPreConfig *c, const char *name) {
    const char *v = c->use_environment ? getenv(name) : NULL;
    return v && *v ? v : NULL;
}
static bool locale_is_legacy(void) {
    const char *ctype = setlocale(LC_CTYPE, NULL);
    return ctype && (!strcmp(ctype, "C") || !strcmp(ctype, "POSIX"));
}

static PyStatus choose_utf8_mode(PyPreConfig *c, const wchar_t *xoption) {
    if (c->utf8_mode >= 0) return PyStatus_Ok();
    const char *v = variable(c, "PYTHONUTF8");
    if (xoption) {
        if (*xoption && wcscmp(xoption, L"0") && wcscmp(xoption, L"1")) return kr_status_error("preconfig_init_utf8_mode", "invalid -X utf8 option value");
        c->utf8_mode = *xoption != L'0';
    } else if (v) {
        if (strcmp(v, "0") && strcmp(v, "1")) return kr_status_error("preconfig_init_utf8_mode", "invalid PYTHONUTF8 environment variable value");
        c->utf8_mode = *v == '1';
    } else {
        c->utf8_mode = locale_is_legacy();
    }
    return PyStatus_Ok();
}
/* Whether the C locale is to be replaced: unless LC_ALL or PYTHONCOERCECLOCALE=0 says no. */
static void choose_coercion(PyPreConfig *c) {
    const char *v = variable(c, "PYTHONCOERCECLOCALE"), *all = getenv("LC_ALL");
    if (v && !strcmp(v, "0") && c->coerce_c_locale < 0) c->coerce_c_locale = 0;
    if (c->coerce_c_locale_warn < 0) c->coerce_c_locale_warn = v && !strcmp(v, "warn");
    if (c->coerce_c_locale < 0) c->coerce_c_locale = locale_is_legacy() && !(all && *all);
}
static PyStatus choose_allocator(PyPreConfig *c) {
    const char *v = variable(c, "PYTHONMALLOC");
    PyMemAllocatorName name = PYMEM_ALLOCATOR_NOT_SET;
    if (c->allocator != PYMEM_ALLOCATOR_NOT_SET) return PyStatus_Ok();
    if (v && _PyMem_GetAllocatorName(v, &name) < 0) return kr_status_error("preconfig_init_allocator", "PYTHONMALLOC: unknown allocator");
    if (!v && c->dev_mode) name = PYMEM_ALLOCATOR_DEBUG;
    c->allocator = name;
    return PyStatus_Ok();
}

/* ------------------------------------------------------------------ doing it */

/* LC_CTYPE, in the environment too, becomes the first UTF-8 locale there is. */
int _Py_CoerceLegacyLocale(int warn) {
    static const char *const targets[] = {"C.UTF-8", "C.utf8", "UTF-8"};
    const char *all = getenv("LC_ALL");
    if (all && *all) return 0;
    for (size_t i = 0; i < KR_ARRAY_LEN(targets); i++) {
        if (!setlocale(LC_CTYPE, targets[i])) continue;
        const char *codeset = nl_langinfo(CODESET);
        if (!codeset || !*codeset) continue;
        if (setenv("LC_CTYPE", targets[i], 1) < 0) {
            fputs("Error setting LC_CTYPE, skipping C locale coercion\n", stderr);
            return 0;
        }
        if (warn)
            fprintf(stderr, "Python detected LC_CTYPE=C: LC_CTYPE coerced to %.20s (set another locale or PYTHONCOERCECLOCALE=0 to disable "
                            "this locale coercion behavior).\n", targets[i]);
        setlocale(LC_CTYPE, "");
        return 1;
    }
    setlocale(LC_CTYPE, "");
    return 0;
}
int _Py_LegacyLocaleDetected(int warn) { return locale_is_legacy(); }
void kr_warn_legacy_locale(void) {
    if (kr_runtime.process.preconfig.coerce_c_locale_warn > 0 && locale_is_legacy())
        fputs("Python runtime initialized with LC_CTYPE=C (a locale with default ASCII encoding), which may cause Unicode compatibility problems. "
              "Using C.UTF-8, C.utf8, or UTF-8 (if available) as alternative Unicode-compatible locales is recommended.\n", stderr);
}

static PyStatus preinitialize(const PyPreConfig *given, Py_ssize_t argc, wchar_t *const *argv) {
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->preinitialized) return PyStatus_Ok();
    PyPreConfig c = *given;
    Asked asked = {0};
    if (c.parse_argv && argc > 0) asked = read_options(&c, argc, argv);
    if (c.isolated > 0) c.use_environment = 0;
    if (c.use_environment < 0) c.use_environment = 1;
    if (c.dev_mode < 0) c.dev_mode = asked.dev || variable(&c, "PYTHONDEVMODE");
    if (c.configure_locale) setlocale(LC_CTYPE, "");
    PyStatus st = choose_utf8_mode(&c, asked.utf8);
    if (!PyStatus_Exception(st)) st = choose_allocator(&c);
    if (PyStatus_Exception(st)) return st;
    choose_coercion(&c);
    if (c.coerce_c_locale && c.configure_locale) _Py_CoerceLegacyLocale(c.coerce_c_locale_warn > 0);
    if (c.allocator != PYMEM_ALLOCATOR_NOT_SET && _PyMem_SetupAllocators((PyMemAllocatorName)c.allocator) < 0) return PyStatus_NoMemory();
    Py_UTF8Mode = c.utf8_mode;
    p->preconfig = c;
    p->preinitialized = true;
    return st;
}

PyStatus Py_PreInitializeFromArgs(const PyPreConfig *c, Py_ssize_t argc, wchar_t **argv) { return preinitialize(c, argc, argv); }
PyStatus Py_PreInitialize(const PyPreConfig *c) { return preinitialize(c, 0, NULL); }
/* Options are ASCII: bytes become characters one by one, as nothing says yet how they decode. */
PyStatus Py_PreInitializeFromBytesArgs(const PyPreConfig *c, Py_ssize_t argc, char **argv) {
    size_t total = 0;
    for (Py_ssize_t i = 0; i < argc; i++) total += strlen(argv[i]) + 1;
    wchar_t **wide = malloc(((size_t)argc + 1) * sizeof *wide), *text = malloc((total + 1) * sizeof *text), *to = text;
    PyStatus st = PyStatus_NoMemory();
    if (wide && text) {
        for (Py_ssize_t i = 0; i < argc; i++) {
            const unsigned char *s = (const unsigned char *)argv[i];
            wide[i] = to;
            do *to++ = (wchar_t)*s;
            while (*s++);
        }
        st = preinitialize(c, argc, wide);
    }
    free(wide);
    free(text);
    return st;
}
PyStatus kr_preinitialize_for(const PyConfig *c) {
    PyPreConfig pre;
    if (c->_config_init == 3) PyPreConfig_InitIsolatedConfig(&pre);
    else if (c->_config_init == 2) PyPreConfig_InitPythonConfig(&pre);
    else init_compat(&pre);
    if (c->isolated > 0) pre.isolated = 1;
    if (c->use_environment == 0) pre.use_environment = 0;
    if (c->dev_mode > 0) pre.dev_mode = 1;
    pre.parse_argv = c->parse_argv > 0;
    return preinitialize(&pre, c->argv.length, c->argv.items);
}
