/* bootstrap.c - loads the modules of importlib that import itself needs, before there is an import.
 *
 * They come from the image of start-up modules (image.h). Where that has none: source is the standard library's; its compiled form is kept in the user's cache folder, in a file that begins with
 * krait's magic number, the source's size and modification time. A cache that doesn't match or doesn't load is recompiled.
 */
#include "runtime/bootstrap.h"
#include "runtime/config.h"
#include "runtime/image.h"
#include "runtime/import.h"
#include "vm/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <marshal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    uint32_t magic, size;
    int64_t mtime_ns;
} CacheHead;

/* The whole file, NUL-terminated, from PyMem_RawMalloc; NULL with errno. */
static char *read_file(const char *path, struct stat *st) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *data = NULL;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && (data = PyMem_RawMalloc((size_t)st->st_size + 1))) {
        size_t have = 0;
        while (have < (size_t)st->st_size) {
            ssize_t n = read(fd, data + have, (size_t)st->st_size - have);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            have += (size_t)n;
        }
        if (have != (size_t)st->st_size) {
            PyMem_RawFree(data);
            data = NULL;
            errno = EIO;
        } else {
            data[have] = 0;
        }
    }
    close(fd);
    return data;
}

/* <user cache>/krait/<tag>/<name>.pyc into out; false when there is no place for it. */
static bool cache_path(const char *name, char *out, size_t size, bool make) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char dir[4096];
    int n;
    if (base && *base == '/') n = snprintf(dir, sizeof dir, "%s", base);
    else if (home && *home == '/') n = snprintf(dir, sizeof dir, "%s/.cache", home);
    else return false;
    static const char *const parts[] = {"", "/krait", ("/" KR_CACHE_TAG)};
    for (size_t i = 0; i < KR_ARRAY_LEN(parts); i++) {
        if (n < 0 || (size_t)n + 20 >= sizeof dir) return false;
        n += snprintf(dir + n, sizeof dir - (size_t)n, "%s", parts[i]);
        if (make) mkdir(dir, 0700);
    }
    n = snprintf(out, size, "%s/%s.pyc", dir, name);
    return n > 0 && (size_t)n < size;
}

/* The code object in the cache, NULL without exception when it isn't there or is not for this source. */
static PyObject *load_cached(const char *name, const struct stat *source) {
    char path[4300];
    struct stat st;
    if (!cache_path(name, path, sizeof path, false)) return NULL;
    char *data = read_file(path, &st);
    if (!data) return NULL;
    PyObject *code = NULL;
    CacheHead head;
    if ((size_t)st.st_size > sizeof head && (st.st_uid == geteuid() || st.st_uid == 0)) {
        memcpy(&head, data, sizeof head);
        if (head.magic == (uint32_t)PyImport_GetMagicNumber() && head.size == (uint32_t)source->st_size &&
            head.mtime_ns == source->st_mtim.tv_sec * 1000000000LL + source->st_mtim.tv_nsec)
            code = PyMarshal_ReadObjectFromString(data + sizeof head, st.st_size - (Py_ssize_t)sizeof head);
    }
    PyMem_RawFree(data);
    PyErr_Clear();
    if (code && !PyCode_Check(code)) Py_CLEAR(code);
    return code;
}

static void save_cached(const char *name, const struct stat *source, PyObject *code) {
    char path[4300], temporary[4400];
    if (!kr_interp()->config.write_bytecode || !cache_path(name, path, sizeof path, true)) return;
    PyObject *bytes = PyMarshal_WriteObjectToString(code, Py_MARSHAL_VERSION);
    if (!bytes) {
        PyErr_Clear();
        return;
    }
    CacheHead head = {(uint32_t)PyImport_GetMagicNumber(), (uint32_t)source->st_size, source->st_mtim.tv_sec * 1000000000LL + source->st_mtim.tv_nsec};
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    FILE *f = fopen(temporary, "wbe");
    if (f) {
        bool ok = fwrite(&head, sizeof head, 1, f) == 1 &&
                  fwrite(PyBytes_AS_STRING(bytes), 1, (size_t)PyBytes_GET_SIZE(bytes), f) == (size_t)PyBytes_GET_SIZE(bytes);
        ok = fclose(f) == 0 && ok;
        if (!ok || rename(temporary, path) < 0) unlink(temporary);
    }
    Py_DECREF(bytes);
}

/* The code of a module of importlib without the image. */
static PyObject *compile_or_load(const char *source_name) {
    char path[4096], shown[200];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", KR_STDLIB, source_name);
    for (char *p = path + strlen(KR_STDLIB); *p; p++)
        if (*p == '.') *p = '/';
    snprintf(path + n, sizeof path - (size_t)n, ".py");
    snprintf(shown, sizeof shown, "<frozen %s>", source_name);
    char *text = read_file(path, &st);
    if (!text) {
        PyErr_Format(PyExc_ImportError, "can't read %s: %s", path, strerror(errno));
        return NULL;
    }
    PyObject *code = load_cached(source_name, &st);
    if (!code) {
        PyCompilerFlags flags = {.cf_flags = PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION};
        code = Py_CompileStringExFlags(text, shown, Py_file_input, &flags, 0);
        if (code) save_cached(source_name, &st, code);
    }
    PyMem_RawFree(text);
    return code;
}
PyObject *kr_bootstrap_module(const char *source_name, const char *as_name) {
    const KrImageEntry *frozen = kr_image_frozen_named(as_name);
    PyObject *code = frozen ? kr_image_code(frozen) : NULL;
    if (frozen && !code) {
        PyErr_Clear();
        frozen = NULL;
    }
    if (!code) code = compile_or_load(source_name);
    if (!code) return NULL;
    PyObject *m = PyImport_AddModule(as_name), *r = NULL;
    if (m) {
        PyObject *d = PyModule_GetDict(m);
        if (PyDict_SetItem(d, KR_STR(__builtins__), kr_interp()->builtins) == 0 && (!frozen || kr_image_set_origname(frozen, d) == 0)) r = PyEval_EvalCode(code, d, d);
    }
    Py_DECREF(code);
    if (!r) return NULL;
    Py_DECREF(r);
    return Py_NewRef(m);
}
