/* import_fast.c - the two methods of importlib that every import of a file goes through, in C.
 *
 * FileFinder.find_spec does what importlib's own does, but does not list a folder of the standard library that the image of start-up modules
 * knows, nor any folder for the first names that are looked for in it: it asks for the files. `_path_mtime`, importlib's "state of the folder that was listed", counts those looks downwards from -1, so that
 * invalidate_caches() begins anew. SourceFileLoader.get_code takes code from the image of start-up modules or from a bytecode cache whose
 * head says that it was made from this source. Whatever is out of the ordinary (subclasses, methods or functions that were replaced,
 * audit hooks, -v, caches kept elsewhere or checked by hash) goes to importlib's own methods, which are kept in
 * KrInterpRuntime.import_fast.
 */
#include "runtime/import_fast.h"
#include "object/type.h"
#include "runtime/config.h"
#include "runtime/image.h"
#include "runtime/import.h"
#include "vm/code_store.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DIRECT_LOOKS = 2,           /* listing a big folder costs as much as asking for about a hundred names; a look for one that isn't there takes six */
    SMALL_FOLDER = 4096,        /* by its own size: listed at once */
};

static const char *const functions[] = {"cache_from_source", "_classify_pyc", "_validate_timestamp_pyc", "_compile_bytecode", "MAGIC_NUMBER"};

/* A path in the file system's encoding. */
typedef struct {
    char text[PATH_MAX];
    size_t size;                /* without what was put behind it last */
} Path;

/* The path `o` without a slash at its end; false (no exception) if it can't be one. */
static bool path_set(Path *p, PyObject *o) {
    Py_ssize_t n;
    const char *s = PyUnicode_CheckExact(o) ? PyUnicode_AsUTF8AndSize(o, &n) : NULL;
    if (!s) PyErr_Clear();
    if (!s || n >= PATH_MAX || strlen(s) != (size_t)n) return false;
    if (!PyUnicode_IS_ASCII(o) && wcscmp(kr_interp()->config.filesystem_encoding, L"utf-8")) return false;
    while (n > 0 && s[n - 1] == '/') n--;
    memcpy(p->text, s, (size_t)n);
    p->text[p->size = (size_t)n] = 0;
    return true;
}
/* Puts /<middle><tail> behind the path: whether there is something of this kind. */
static bool path_is(Path *p, mode_t kind, const char *middle, const char *tail) {
    struct stat st;
    int n = snprintf(p->text + p->size, sizeof p->text - p->size, "/%s%s", middle, tail);
    return n > 0 && (size_t)n < sizeof p->text - p->size && stat(p->text, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/* ------------------------------------------------------------------ FileFinder.find_spec */

static PyObject *get_spec(PyObject *self, PyObject *loader, PyObject *fullname, PyObject *path, PyObject *locations, PyObject *target) {
    PyObject *args[] = {self, loader, fullname, path, locations, target};
    return path ? PyObject_VectorcallMethod(KR_STR(_get_spec), args, KR_ARRAY_LEN(args) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL) : NULL;
}
/* The state of the folder, as importlib has it. */
static double folder_state(const Path *folder) {
    struct stat st;
    return stat(folder->size ? folder->text : "/", &st) < 0 ? -1 : (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec;
}
/* What is known to be in a folder: by the image, by importlib's set of names, or by neither. */
typedef struct {
    const KrImageFolder *image;
    PyObject *names;            /* owned */
} Listing;

/* -1 on error. */
static int listing(PyObject *self, const Path *folder, Listing *found) {
    PyObject *known = PyObject_GetAttr(self, KR_STR(_path_mtime));
    double now, then = known ? PyFloat_AsDouble(known) : -1;
    Py_XDECREF(known);
    if (then == -1 && PyErr_Occurred()) return -1;
    if (then < 0 && (found->image = kr_image_folder(folder->text))) return 0;
    struct stat st;
    bool fresh = then < 0 && stat(folder->text, &st) == 0 && st.st_size > SMALL_FOLDER;
    if (fresh && then > -1 - DIRECT_LOOKS && access(folder->text, R_OK) == 0) {     /* what can't be listed holds no modules */
        PyObject *next = PyFloat_FromDouble(then - 1);
        int rc = next ? PyObject_SetAttr(self, KR_STR(_path_mtime), next) : -1;
        Py_XDECREF(next);
        return rc;
    }
    if ((now = folder_state(folder)) != then) {
        PyObject *r = PyObject_CallMethodNoArgs(self, KR_STR(_fill_cache)), *state = r ? PyFloat_FromDouble(now) : NULL;
        int rc = state ? PyObject_SetAttr(self, KR_STR(_path_mtime), state) : -1;
        Py_XDECREF(r);
        Py_XDECREF(state);
        if (rc < 0) return -1;
    }
    return (found->names = PyObject_GetAttr(self, KR_STR(_path_cache))) ? 0 : -1;
}
/* Whether a folder may have a name: 1, 0, -1. */
static int may_have(const Listing *l, const char *name, const char *suffix) {
    if (!l->image && !l->names) return 1;
    char text[300];
    size_t n = strlen(name), m = strlen(suffix);
    if (n + m >= sizeof text) return 1;
    memcpy(text, name, n);
    memcpy(text + n, suffix, m + 1);
    if (l->image) return kr_image_folder_has(l->image, text);
    PyObject *s = PyUnicode_FromStringAndSize(text, (Py_ssize_t)(n + m));
    int r = s ? PySequence_Contains(l->names, s) : -1;
    Py_XDECREF(s);
    return r;
}

static PyObject *find_in_folder(PyObject *self, Path *folder, PyObject *loaders, const Listing *names, PyObject *fullname, const char *tail, PyObject *target) {
    PyObject *base = NULL, *r = NULL;
    int has = may_have(names, tail, "");
    if (has < 0) return NULL;
    bool is_folder = has && path_is(folder, S_IFDIR, tail, "");
    if (is_folder) {
        if (!(base = PyUnicode_DecodeFSDefault(folder->text))) return NULL;
        char init[300];
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(loaders); i++) {
            PyObject *pair = PyList_GET_ITEM(loaders, i);
            const char *suffix = PyUnicode_AsUTF8(PyTuple_GET_ITEM(pair, 0));
            if (!suffix || (size_t)snprintf(init, sizeof init, "/__init__%s", suffix) >= sizeof init) break;
            if (!path_is(folder, S_IFREG, tail, init)) continue;
            PyObject *path = PyUnicode_DecodeFSDefault(folder->text), *locations = path ? PyList_New(1) : NULL;
            if (locations) {
                PyList_SET_ITEM(locations, 0, base);
                base = NULL;
                r = get_spec(self, PyTuple_GET_ITEM(pair, 1), fullname, path, locations, target);
            }
            Py_XDECREF(path);
            Py_XDECREF(locations);
            Py_XDECREF(base);
            return r;
        }
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(loaders) && !PyErr_Occurred(); i++) {
        PyObject *pair = PyList_GET_ITEM(loaders, i);
        const char *suffix = PyUnicode_AsUTF8(PyTuple_GET_ITEM(pair, 0));
        if (!suffix || (has = may_have(names, tail, suffix)) < 0) break;
        if (!has || !path_is(folder, S_IFREG, tail, suffix)) continue;
        PyObject *path = PyUnicode_DecodeFSDefault(folder->text);
        r = get_spec(self, PyTuple_GET_ITEM(pair, 1), fullname, path, Py_None, target);
        Py_XDECREF(path);
        Py_XDECREF(base);
        return r;
    }
    if (PyErr_Occurred()) {
        Py_XDECREF(base);
        return NULL;
    }
    if (!is_folder) return Py_NewRef(Py_None);
    /* a folder without __init__: a portion of a namespace package */
    PyObject *list = PyList_New(1);
    if (list) PyList_SET_ITEM(list, 0, base);
    else Py_DECREF(base);
    r = list ? PyObject_CallMethod(kr_interp()->importlib, "ModuleSpec", "OO", fullname, Py_None) : NULL;
    if (r && PyObject_SetAttrString(r, "submodule_search_locations", list) < 0) Py_CLEAR(r);
    Py_XDECREF(list);
    return r;
}
PyDoc_STRVAR(find_spec_doc, "find_spec($self, /, fullname, target=None)\n--\n\nTry to find a spec for the specified module.\n\nReturns the matching spec, or None if not found.");
static PyObject *finder_find_spec(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"fullname", "target", NULL};
    static _PyArg_Parser parser = {.format = "O|O:find_spec", .keywords = keywords};
    PyObject *fullname, *target = Py_None, *dir = NULL, *loaders = NULL, *r = NULL;
    Listing names = {NULL, NULL};
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &fullname, &target)) return NULL;
    Path folder;
    const char *tail = PyUnicode_CheckExact(fullname) && PyUnicode_IS_ASCII(fullname) ? PyUnicode_AsUTF8(fullname) : NULL, *dot = tail ? strrchr(tail, '.') : NULL;
    if (dot) tail = dot + 1;
    bool plain = tail && strlen(tail) < 200 && strlen(PyUnicode_AsUTF8(fullname)) == (size_t)PyUnicode_GET_LENGTH(fullname) && !strchr(tail, '/')
              && !kr_interp()->config.verbose;
    if (!(dir = PyObject_GetAttr(self, KR_STR(path))) || !(loaders = PyObject_GetAttr(self, KR_STR(_loaders)))) goto done;
    plain = plain && PyList_CheckExact(loaders) && path_set(&folder, dir) && (folder.size || PyUnicode_GET_LENGTH(dir));
    for (Py_ssize_t i = 0; plain && i < PyList_GET_SIZE(loaders); i++) {
        PyObject *pair = PyList_GET_ITEM(loaders, i);
        plain = PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2 && PyUnicode_CheckExact(PyTuple_GET_ITEM(pair, 0)) && PyUnicode_IS_ASCII(PyTuple_GET_ITEM(pair, 0));
    }
    if (!plain) r = PyObject_CallFunctionObjArgs(kr_interp()->runtime.import_fast.find_spec, self, fullname, target, NULL);
    else if (listing(self, &folder, &names) == 0) r = find_in_folder(self, &folder, loaders, &names, fullname, tail, target);
done:
    Py_XDECREF(dir);
    Py_XDECREF(loaders);
    Py_XDECREF(names.names);
    return r;
}

/* ------------------------------------------------------------------ SourceFileLoader.get_code */

/* The file's contents as bytes; NULL without exception if it can't be read, or has no head of a bytecode cache for this source. */
static PyObject *read_cache(const char *path, const struct stat *source) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) return NULL;
    PyObject *data = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 16 && st.st_size < INT32_MAX ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)st.st_size) : NULL;
    char *p = data ? PyBytes_AS_STRING(data) : NULL;
    Py_ssize_t have = 0, n;
    while (data && have < PyBytes_GET_SIZE(data)) {
        n = read(fd, p + have, (size_t)(PyBytes_GET_SIZE(data) - have));
        if (n <= 0) break;
        have += n;
    }
    close(fd);
    uint32_t head[4];
    if (data) memcpy(head, p, sizeof head);
    if (data && (have < PyBytes_GET_SIZE(data) || head[0] != (uint32_t)PyImport_GetMagicNumber() || head[1] != 0 || head[2] != (uint32_t)source->st_mtim.tv_sec ||
                 head[3] != (uint32_t)source->st_size))
        Py_CLEAR(data);
    PyErr_Clear();
    return data;
}
/* <folder>/__pycache__/<name>.<tag>[.opt-N].pyc for <folder>/<name>.py, or <prefix><folder>/<name>... with sys.pycache_prefix; false if there
 * is no place. */
static bool cache_path(const char *source, const char *prefix, int level, char *out, size_t size) {
    const char *name = strrchr(source, '/'), *dot = strrchr(source, '.');
    if (!name || !dot || dot <= name + 1) return false;
    char opt[30] = "";
    if (level) snprintf(opt, sizeof opt, ".opt-%d", level);
    if (prefix && *source != '/') return false;
    int n = snprintf(out, size, "%s%.*s%s/%.*s." KR_CACHE_TAG "%s.pyc", prefix ? prefix : "", (int)(name - source), source, prefix ? "" : "/__pycache__", (int)(dot - name - 1),
                     name + 1, opt);
    return n > 0 && (size_t)n < size;
}
/* Code for a source file from where it is kept; NULL without exception if importlib has to look. */
static PyObject *kept_code(PyObject *path) {
    KrInterp *interp = kr_interp();
    Path source;
    char cache[PATH_MAX];
    struct stat st;
    size_t used;
    int level = interp->config.optimization_level;
    if (!path_set(&source, path) || stat(source.text, &st) < 0 || !S_ISREG(st.st_mode)) return NULL;
    const KrImageEntry *e = level == 0 ? kr_image_source(source.text, &st) : NULL;
    PyObject *code = e ? kr_image_code(e) : NULL, *prefix = PySys_GetObject("pycache_prefix");
    Path folder;
    bool prefixed = prefix && prefix != Py_None, plain = prefix && (!prefixed || path_set(&folder, prefix));
    if (!code && !PyErr_Occurred() && plain && cache_path(source.text, prefixed ? folder.text : NULL, level, cache, sizeof cache)) {
        PyObject *data = read_cache(cache, &st);
        const unsigned char *p = data ? (unsigned char *)PyBytes_AS_STRING(data) + 16 : NULL;
        size_t n = data ? (size_t)PyBytes_GET_SIZE(data) - 16 : 0;
        if (n > 2 && (p[0] & 0x7f) == 'c' && p[1] < 8 && n > 2u + p[1]) code = (PyObject *)kr_store_read(p + 2 + p[1], n - 2 - p[1], data, false, &used);
        Py_XDECREF(data);
    }
    if (code && PyUnicode_Compare(((PyCodeObject *)code)->co_filename, path) != 0) {
        PyObject *from = Py_NewRef(((PyCodeObject *)code)->co_filename);
        if (kr_code_set_filename((KrCode *)code, from, path) < 0) Py_CLEAR(code);
        Py_DECREF(from);
    }
    if (!code) PyErr_Clear();   /* importlib says what is wrong with it */
    return code;
}
/* Whether importlib is as it was: nobody replaced a method or a function that get_code uses. */
static bool untouched(KrImportFast *f) {
    PyTypeObject *t = (PyTypeObject *)f->loader;
    if (kr_type_version(t) != f->loader_version) return false;
    for (size_t i = 0; i < KR_ARRAY_LEN(functions); i++)
        if (PyDict_GetItemString(f->module_dict, functions[i]) != f->functions[i]) return false;
    PyObject *implementation = PySys_GetObject("implementation"), *tag = implementation ? PyObject_GetAttr(implementation, KR_STR(cache_tag)) : NULL;
    bool same = tag && PyUnicode_Check(tag) && _PyUnicode_EqualToASCIIString(tag, KR_CACHE_TAG);
    Py_XDECREF(tag);
    PyErr_Clear();
    return same;
}
PyDoc_STRVAR(get_code_doc, "get_code($self, /, fullname)\n--\n\nConcrete implementation of InspectLoader.get_code.");
static PyObject *loader_get_code(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"fullname", NULL};
    static _PyArg_Parser parser = {.format = "O:get_code", .keywords = keywords};
    KrInterp *interp = kr_interp();
    KrImportFast *f = &interp->runtime.import_fast;
    PyObject *fullname, *name = NULL, *path = NULL, *code = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &fullname)) return NULL;
    if (Py_IS_TYPE(self, (PyTypeObject *)f->loader) && !interp->config.verbose && !interp->runtime.audit_hook_list && untouched(f) &&
        (name = PyObject_GetAttr(self, KR_STR(name))) && (path = PyObject_GetAttr(self, KR_STR(path))) && PyUnicode_CheckExact(path) &&
        PyUnicode_CheckExact(name) && PyUnicode_CheckExact(fullname) && _PyUnicode_EQ(name, fullname))
        code = kept_code(path);
    PyErr_Clear();
    Py_XDECREF(name);
    Py_XDECREF(path);
    return code ? code : PyObject_CallFunctionObjArgs(f->get_code, self, fullname, NULL);
}

/* ------------------------------------------------------------------ putting them in */

static int replace(PyObject *type, PyMethodDef *method, PyObject **kept) {
    PyObject *descr = (*kept = PyObject_GetAttrString(type, method->ml_name)) ? PyDescr_NewMethod((PyTypeObject *)type, method) : NULL;
    int rc = descr ? PyObject_SetAttrString(type, method->ml_name, descr) : -1;
    Py_XDECREF(descr);
    return rc;
}
int kr_import_fast_init(KrInterp *interp, PyObject *external) {
    static PyMethodDef find_spec = {"find_spec", KR_METH(finder_find_spec), METH_FASTCALL | METH_KEYWORDS, find_spec_doc};
    static PyMethodDef get_code = {"get_code", KR_METH(loader_get_code), METH_FASTCALL | METH_KEYWORDS, get_code_doc};
    KrImportFast *f = &interp->runtime.import_fast;
    PyObject *finder = PyObject_GetAttrString(external, "FileFinder");
    f->loader = PyObject_GetAttrString(external, "SourceFileLoader");
    int rc = finder && f->loader && replace(finder, &find_spec, &f->find_spec) == 0 ? replace(f->loader, &get_code, &f->get_code) : -1;
    Py_XDECREF(finder);
    if (rc < 0) return -1;
    f->module_dict = PyModule_GetDict(external);
    for (size_t i = 0; i < KR_ARRAY_LEN(functions); i++) f->functions[i] = PyDict_GetItemString(f->module_dict, functions[i]);
    f->loader_version = kr_type_version((PyTypeObject *)f->loader);
    return 0;
}
void kr_import_fast_clear(KrInterp *interp) {
    KrImportFast *f = &interp->runtime.import_fast;
    Py_CLEAR(f->find_spec);
    Py_CLEAR(f->get_code);
    Py_CLEAR(f->loader);
}
