/* paths.c - where things are: the program, the prefixes, sys.path.
 *
 * The library is looked for where PYTHONHOME says, else above the program (so that a tree may be moved), else where it was when krait was
 * built. pyvenv.cfg beside or above the program names the installation of a virtual environment; a file PROGRAM._pth is the whole sys.path
 * and isolates. krait's own modules, which stand for those that describe CPython's bytecode, come before the library, but not into a ._pth's path.
 * Nothing that the configuration has already is changed.
 */
#include "runtime/config.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef char Path[PATH_MAX];
#define VERSION_FOLDER "python" Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)
#define ZIP_NAME "python" Py_STRINGIFY(PY_MAJOR_VERSION) Py_STRINGIFY(PY_MINOR_VERSION) ".zip"

typedef struct {
    PyConfig *c;
    Path executable;        /* as it was called, absolute */
    Path base;              /* a virtual environment's: of the installation it belongs to */
    Path real;              /* base without symbolic links */
    Path platlib;           /* "lib" */
    Path prefix, exec_prefix;
    bool prefix_found, exec_found;
} Search;

static bool is_dir(const char *p) {
    struct stat st;
    return stat(p, &st) == 0 && S_ISDIR(st.st_mode);
}
static bool is_file(const char *p) {
    struct stat st;
    return stat(p, &st) == 0 && S_ISREG(st.st_mode);
}
/* The bytes of a path; empty when it has none or doesn't fit. */
static void narrow(const wchar_t *path, char *out, size_t size) {
    char *bytes = path ? Py_EncodeLocale(path, NULL) : NULL;
    snprintf(out, size, "%s", bytes && strlen(bytes) < size ? bytes : "");
    PyMem_Free(bytes);
}
/* Folder of path, in place. */
static void parent(char *path) {
    char *slash = strrchr(path, '/');
    if (slash && slash != path) *slash = 0;
    else strcpy(path, "/");
}
static void join(char *out, const char *folder, const char *name) {
    if (*name == '/') snprintf(out, PATH_MAX, "%s", name);
    else snprintf(out, PATH_MAX, "%s%s%s", folder, *folder && folder[strlen(folder) - 1] != '/' ? "/" : "", name);
}
/* path without ".", ".." and doubled slashes, in place; it is absolute. */
static void normalize(char *path) {
    char *to = path, *next;
    for (char *from = path; *from; from = next) {
        next = from + 1 + strcspn(from + 1, "/");
        size_t n = (size_t)(next - from);       /* with the slash before it */
        if (n == 1 || (n == 2 && from[1] == '.')) continue;
        if (n == 3 && from[1] == '.' && from[2] == '.') {
            while (to > path && *--to != '/') {}
            continue;
        }
        memmove(to, from, n);
        to += n;
    }
    if (to == path) *to++ = '/';
    *to = 0;
}

/* ------------------------------------------------------------------ the program */

/* Absolute path of the program as it was called (symbolic links kept); empty when it can't be found. */
static void find_executable(const PyConfig *c, char *out) {
    Path name;
    const char *given = c->use_environment ? getenv("PYTHONEXECUTABLE") : NULL;
    if (!given || !*given) given = c->use_environment ? getenv("__PYVENV_LAUNCHER__") : NULL;
    if (given && *given) {
        snprintf(out, PATH_MAX, "%s", given);
        return;
    }
    narrow(c->program_name, name, sizeof name);
    if (strchr(name, '/')) {
        Path cwd;
        if (*name == '/') snprintf(out, PATH_MAX, "%s", name);
        else if (getcwd(cwd, sizeof cwd)) join(out, cwd, strncmp(name, "./", 2) ? name : name + 2);
        else *out = 0;
        return;
    }
    for (const char *path = *name ? getenv("PATH") : NULL; path && *path;) {
        size_t n = strcspn(path, ":");
        snprintf(out, PATH_MAX, "%.*s/%s", (int)n, path, name);
        if (n && is_file(out) && access(out, X_OK) == 0) return;
        path += n + (path[n] == ':');
    }
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
}

/* Whether a virtual environment's pyvenv.cfg is beside or above the program; `home = ...` of it. */
static bool read_venv(const char *executable, char *home) {
    Path dir, file;
    char line[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", executable);
    for (int up = 0; up < 2; up++) {
        parent(dir);
        join(file, dir, "pyvenv.cfg");
        FILE *f = fopen(file, "re");
        if (!f) continue;
        *home = 0;
        while (fgets(line, sizeof line, f)) {
            char *eq = strchr(line, '=');
            if (!eq || strncmp(line, "home", 4) || strspn(line + 4, " \t") != (size_t)(eq - line - 4)) continue;
            eq++;
            eq += strspn(eq, " \t");
            eq[strcspn(eq, "\r\n")] = 0;
            snprintf(home, PATH_MAX, "%s", eq);
        }
        fclose(f);
        return true;
    }
    return false;
}
static void find_base(Search *s) {
    Path home;
    snprintf(s->base, sizeof s->base, "%s", s->executable);
    if (*s->executable && read_venv(s->executable, home) && *home) {
        const char *leaf = strrchr(s->executable, '/');
        join(s->base, home, leaf ? leaf + 1 : "krait");
        if (!is_file(s->base)) join(s->base, home, "krait");
    }
    if (!realpath(s->base, s->real)) snprintf(s->real, sizeof s->real, "%s", s->base);
}

/* ------------------------------------------------------------------ the library */

/* The nearest folder above `from` that has platlib/name, into out. Not the root, whose /lib is often another name of /usr/lib. */
static bool find_above(const char *from, const char *platlib, const char *name, char *out) {
    Path dir, there;
    snprintf(dir, sizeof dir, "%s", from);
    if (*dir != '/') return false;
    for (parent(dir); dir[1]; parent(dir)) {
        snprintf(there, sizeof there, "%s/%s/%s", dir, platlib, name);
        if (access(there, F_OK)) continue;
        snprintf(out, PATH_MAX, "%s", dir);
        return true;
    }
    return false;
}
/* The prefixes that krait was built with: KR_STDLIB without "/lib/python3.11". */
static void built_prefix(char *out) {
    snprintf(out, PATH_MAX, "%s", KR_STDLIB);
    parent(out);
    parent(out);
}
static bool has(const char *prefix, const char *platlib, const char *name) {
    Path there;
    snprintf(there, sizeof there, "%s/%s/%s", prefix, platlib, name);
    return access(there, F_OK) == 0;
}
static void find_prefixes(Search *s) {
    static const char *const landmarks[] = {VERSION_FOLDER "/os.py", VERSION_FOLDER "/os.pyc", ZIP_NAME};
    Path home;
    narrow(s->c->home, home, sizeof home);
    if (*home) {
        char *colon = strchr(home, ':');
        if (colon) *colon = 0;
        snprintf(s->prefix, sizeof s->prefix, "%s", home);
        snprintf(s->exec_prefix, sizeof s->exec_prefix, "%s", colon ? colon + 1 : home);
        s->prefix_found = s->exec_found = true;
        return;
    }
    built_prefix(s->prefix);
    built_prefix(s->exec_prefix);
    for (size_t i = 0; i < KR_ARRAY_LEN(landmarks) && !s->prefix_found; i++)
        s->prefix_found = find_above(s->real, s->platlib, landmarks[i], s->prefix) || has(s->prefix, s->platlib, landmarks[i]);
    s->exec_found = find_above(s->real, s->platlib, VERSION_FOLDER "/lib-dynload", s->exec_prefix) || has(s->exec_prefix, s->platlib, VERSION_FOLDER "/lib-dynload");
}

/* krait's own modules: beside the program, or where it was installed or built. */
static bool own_library(const char *program, char *out) {
    Path lib;
    snprintf(lib, sizeof lib, "%s", program);
    parent(lib);
    if (strlen(lib) + 20 < sizeof lib) strcat(lib, "/../lib/krait");
    if (!is_dir(lib)) snprintf(lib, sizeof lib, "%s", KR_SOURCE_LIB);
    if (!is_dir(lib)) snprintf(lib, sizeof lib, "%s", KR_INSTALL_LIB);
    return realpath(lib, out);
}

/* ------------------------------------------------------------------ sys.path */

static PyStatus add(PyConfig *c, const char *path) {
    wchar_t *w = Py_DecodeLocale(path, NULL);
    if (!w) return PyStatus_NoMemory();
    PyStatus st = PyWideStringList_Append(&c->module_search_paths, w);
    PyMem_RawFree(w);
    return st;
}
/* PYTHONPATH's entries; relative ones are of the current folder. */
static PyStatus add_pythonpath(PyConfig *c) {
    PyStatus st = PyStatus_Ok();
    char *all = c->pythonpath_env ? Py_EncodeLocale(c->pythonpath_env, NULL) : NULL;
    Path cwd, path;
    if (!getcwd(cwd, sizeof cwd)) *cwd = 0;
    for (char *one = all, *rest; one && !PyStatus_Exception(st); one = rest) {
        rest = strchr(one, ':');
        if (rest) *rest++ = 0;
        if (*one) join(path, cwd, one);
        else snprintf(path, sizeof path, "%s", cwd);
        st = add(c, path);
    }
    PyMem_Free(all);
    return st;
}
static PyStatus add_library(Search *s) {
    Path path;
    PyStatus st = add_pythonpath(s->c);
    if (!PyStatus_Exception(st) && own_library(s->real, path)) st = add(s->c, path);
    struct { const char *prefix, *name; } parts[] = {{s->prefix, ZIP_NAME}, {s->prefix, VERSION_FOLDER}, {s->exec_prefix, VERSION_FOLDER "/lib-dynload"}};
    for (size_t i = 0; i < KR_ARRAY_LEN(parts) && !PyStatus_Exception(st); i++) {
        snprintf(path, sizeof path, "%s/%s/%s", parts[i].prefix, s->platlib, parts[i].name);
        st = add(s->c, path);
    }
    return st;
}
/* The lines of PROGRAM._pth: folders, from its own; comments; "import site". Then nothing else counts. */
static PyStatus read_pth(Search *s, FILE *f, const char *folder) {
    PyConfig *c = s->c;
    char line[PATH_MAX];
    Path path;
    PyStatus st = PyStatus_Ok();
    c->isolated = c->safe_path = 1;
    c->use_environment = c->site_import = 0;
    while (fgets(line, sizeof line, f) && !PyStatus_Exception(st)) {
        line[strcspn(line, "#\r\n")] = 0;
        char *text = line + strspn(line, " \t"), *end = text + strlen(text);
        while (end > text && (end[-1] == ' ' || end[-1] == '\t')) *--end = 0;
        if (!*text) continue;
        if (!strcmp(text, "import site")) {
            c->site_import = 1;
        } else if (!strncmp(text, "import ", 7)) {
            if (c->pathconfig_warnings) fputs("unsupported 'import' line in ._pth file\n", stderr);
        } else {
            join(path, folder, text);
            normalize(path);
            st = add(c, path);
        }
    }
    snprintf(s->prefix, sizeof s->prefix, "%s", folder);
    snprintf(s->exec_prefix, sizeof s->exec_prefix, "%s", folder);
    s->prefix_found = s->exec_found = true;
    return st;
}
/* The ._pth file beside the program as it was called, or as it is; its folder in *folder. */
static FILE *open_pth(const Search *s, char *folder) {
    const char *const programs[] = {s->executable, s->real};
    for (size_t i = 0; i < KR_ARRAY_LEN(programs) && *s->executable && (!s->c->home || !*s->c->home); i++) {
        char name[PATH_MAX + 10];
        snprintf(name, sizeof name, "%s._pth", programs[i]);
        FILE *f = fopen(name, "re");
        if (!f) continue;
        snprintf(folder, PATH_MAX, "%s", programs[i]);
        parent(folder);
        return f;
    }
    return NULL;
}

PyStatus kr_config_paths(PyConfig *c) {
    Search *s = PyMem_RawCalloc(1, sizeof *s);
    if (!s) return PyStatus_NoMemory();
    s->c = c;
    PyStatus st = PyStatus_Ok();
    if (c->executable) narrow(c->executable, s->executable, sizeof s->executable);
    else find_executable(c, s->executable);
    narrow(c->platlibdir, s->platlib, sizeof s->platlib);
    find_base(s);
    Path folder;
    FILE *pth = c->module_search_paths_set ? NULL : open_pth(s, folder);
    if (pth) {
        st = read_pth(s, pth, folder);
        fclose(pth);
    } else {
        find_prefixes(s);
        if (!c->module_search_paths_set) st = add_library(s);
        if (c->pathconfig_warnings && !s->prefix_found) fputs("Could not find platform independent libraries <prefix>\n", stderr);
        if (c->pathconfig_warnings && !s->exec_found) fputs("Could not find platform dependent libraries <exec_prefix>\n", stderr);
    }
    c->module_search_paths_set = 1;
    bool in_venv = strcmp(s->base, s->executable) != 0;
    Path stdlib;
    snprintf(stdlib, sizeof stdlib, "%s/%s/%s", s->prefix, s->platlib, VERSION_FOLDER);
    struct { wchar_t **field; const char *value; } fields[] = {
        {&c->executable, s->executable}, {&c->base_executable, s->base}, {&c->prefix, s->prefix}, {&c->exec_prefix, s->exec_prefix},
        {&c->base_prefix, s->prefix}, {&c->base_exec_prefix, s->exec_prefix}, {&c->stdlib_dir, stdlib}};
    struct { wchar_t **field; const wchar_t *from; } bases[] = {
        {&c->base_executable, c->executable && !in_venv ? c->executable : NULL}, {&c->base_prefix, c->prefix}, {&c->base_exec_prefix, c->exec_prefix}};
    for (size_t i = 0; i < KR_ARRAY_LEN(bases) && !PyStatus_Exception(st); i++)
        if (!*bases[i].field && bases[i].from) st = PyConfig_SetString(c, bases[i].field, bases[i].from);
    for (size_t i = 0; i < KR_ARRAY_LEN(fields) && !PyStatus_Exception(st); i++)
        if (!*fields[i].field) st = PyConfig_SetBytesString(c, fields[i].field, fields[i].value);
    PyMem_RawFree(s);
    return st;
}

static void show(const char *name, const wchar_t *value) {
    PyObject *text = value ? PyUnicode_FromWideChar(value, -1) : NULL;
    PySys_FormatStderr(text ? "  %s = %R\n" : "  %s = (not set)\n", name, text);
    Py_XDECREF(text);
}
void kr_config_show_paths(const PyConfig *c) {
    PySys_WriteStderr("Python path configuration:\n");
    show("PYTHONHOME", c->home);
    show("PYTHONPATH", c->pythonpath_env);
    show("program name", c->program_name);
    PySys_WriteStderr("  isolated = %i\n  environment = %i\n  user site = %i\n  safe_path = %i\n  import site = %i\n  is in build tree = %i\n", c->isolated,
                      c->use_environment, c->user_site_directory, c->safe_path, c->site_import, c->_is_python_build);
    show("stdlib dir", c->stdlib_dir);
    show("sys._base_executable", c->base_executable);
    show("sys.base_prefix", c->base_prefix);
    show("sys.base_exec_prefix", c->base_exec_prefix);
    show("sys.platlibdir", c->platlibdir);
    show("sys.executable", c->executable);
    show("sys.prefix", c->prefix);
    show("sys.exec_prefix", c->exec_prefix);
    PyObject *path = PySys_GetObject("path");
    if (!path || !PyList_Check(path)) return;
    PySys_WriteStderr("  sys.path = [\n");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(path); i++) PySys_FormatStderr("    %R,\n", PyList_GET_ITEM(path, i));
    PySys_WriteStderr("  ]\n");
}
