/* posix.c - the module `posix`: path arguments, the module object, environment and small system information. */
#include "module/posix/posix.h"
#include <stdlib.h>
#include <sys/sysmacros.h>

/* ------------------------------------------------------------------ path arguments */

void posix_path_done(Path *p) { Py_CLEAR(p->owner); }

int posix_path(PyObject *o, void *out) {
    Path *p = out;
    const char *prefix = p->function ? p->function : "", *sep = p->function ? ": " : "";
    if (!o) {
        posix_path_done(p);
        return 1;
    }
    p->object = o;
    p->fd = -1;
    p->name = NULL;
    if (o == Py_None && p->nullable) return 1;
    PyObject *given = Py_NewRef(o);
    if (!PyUnicode_Check(o) && !PyBytes_Check(o)) {
        if (p->allow_fd && PyIndex_Check(o)) {
            Py_DECREF(given);
            int overflow;
            PyObject *index = PyNumber_Index(o);
            if (!index) return 0;
            long v = PyLong_AsLongAndOverflow(index, &overflow);
            Py_DECREF(index);
            if (overflow > 0 || v > INT_MAX) {
                PyErr_SetString(PyExc_OverflowError, "fd is greater than maximum");
                return 0;
            }
            if (overflow < 0 || v < INT_MIN) {
                PyErr_SetString(PyExc_OverflowError, "fd is less than minimum");
                return 0;
            }
            p->fd = (int)v;
            return 1;
        }
        PyObject *fspath = _PyType_Lookup(Py_TYPE(o), KR_STR(__fspath__));
        if (fspath) {
            Py_DECREF(given);
            given = PyOS_FSPath(o);
            if (!given) return 0;
        } else if (PyObject_CheckBuffer(o)) {
            if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "%s%s%s should be %s, not %.200s", prefix, sep, p->argument ? p->argument : "path",
                                 p->allow_fd && p->nullable ? "string, bytes, os.PathLike, integer or None"
                                 : p->allow_fd              ? "string, bytes, os.PathLike or integer"
                                 : p->nullable              ? "string, bytes, os.PathLike or None"
                                                            : "string, bytes or os.PathLike",
                                 Py_TYPE(o)->tp_name) < 0) {
                Py_DECREF(given);
                return 0;
            }
            Py_SETREF(given, PyBytes_FromObject(o));
            if (!given) return 0;
        } else {
            PyErr_Format(PyExc_TypeError, "%s%s%s should be %s, not %.200s", prefix, sep, p->argument ? p->argument : "path",
                         p->allow_fd && p->nullable ? "string, bytes, os.PathLike, integer or None"
                         : p->allow_fd              ? "string, bytes, os.PathLike or integer"
                         : p->nullable              ? "string, bytes, os.PathLike or None"
                                                    : "string, bytes or os.PathLike",
                         Py_TYPE(o)->tp_name);
            Py_DECREF(given);
            return 0;
        }
    }
    PyObject *bytes;
    p->is_bytes = PyBytes_Check(given);
    if (p->is_bytes) {
        bytes = given;
    } else {
        bytes = PyUnicode_EncodeFSDefault(given);
        Py_DECREF(given);
        if (!bytes) return 0;
    }
    if (strlen(PyBytes_AS_STRING(bytes)) != (size_t)PyBytes_GET_SIZE(bytes)) {
        PyErr_Format(PyExc_ValueError, "%s%sembedded null character in %s", prefix, sep, p->argument ? p->argument : "path");
        Py_DECREF(bytes);
        return 0;
    }
    p->owner = bytes;
    p->name = PyBytes_AS_STRING(bytes);
    return Py_CLEANUP_SUPPORTED;
}

int posix_dir_fd(PyObject *o, void *out) {
    if (o == Py_None) {
        *(int *)out = AT_FDCWD;
        return 1;
    }
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "argument should be integer or None, not %.200s", Py_TYPE(o)->tp_name);
        return 0;
    }
    int fd = _PyLong_AsInt(o);
    if (fd == -1 && PyErr_Occurred()) return 0;
    *(int *)out = fd;
    return 1;
}

/* uid_t and gid_t: -1 is allowed and means "leave as it is". */
static int id_converter(PyObject *o, void *out, const char *what) {
    PyObject *index = PyNumber_Index(o);
    if (!index) {
        PyErr_Format(PyExc_TypeError, "%s should be integer, not %.200s", what, Py_TYPE(o)->tp_name);
        return 0;
    }
    int overflow;
    long v = PyLong_AsLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    if (overflow < 0 || v < -1) {
        PyErr_Format(PyExc_OverflowError, "%s is less than minimum", what);
        return 0;
    }
    if (overflow > 0 || v > (long)UINT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "%s is greater than maximum", what);
        return 0;
    }
    *(uint32_t *)out = (uint32_t)v;
    return 1;
}
int _Py_Uid_Converter(PyObject *o, uid_t *out) { return id_converter(o, out, "uid"); }
int _Py_Gid_Converter(PyObject *o, gid_t *out) { return id_converter(o, out, "gid"); }
PyObject *_PyLong_FromUid(uid_t id) { return id == (uid_t)-1 ? PyLong_FromLong(-1) : PyLong_FromUnsignedLong(id); }
PyObject *_PyLong_FromGid(gid_t id) { return _PyLong_FromUid(id); }

PyObject *posix_error(void) { return PyErr_SetFromErrno(PyExc_OSError); }
PyObject *posix_path_error(const Path *p) {
    return p->object && p->object != Py_None ? PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, p->object) : posix_error();
}
PyObject *posix_path_error2(const Path *a, const Path *b) { return PyErr_SetFromErrnoWithFilenameObjects(PyExc_OSError, a->object, b->object); }
PyObject *posix_name(const char *s, Py_ssize_t n, bool as_bytes) {
    if (n < 0) n = (Py_ssize_t)strlen(s);
    return as_bytes ? PyBytes_FromStringAndSize(s, n) : PyUnicode_DecodeFSDefaultAndSize(s, n);
}

PyObject *PyOS_FSPath(PyObject *o) {
    if (PyUnicode_Check(o) || PyBytes_Check(o)) return Py_NewRef(o);
    PyObject *meth = _PyType_Lookup(Py_TYPE(o), KR_STR(__fspath__));
    if (!meth) return PyErr_Format(PyExc_TypeError, "expected str, bytes or os.PathLike object, not %.200s", Py_TYPE(o)->tp_name);
    PyObject *bound = Py_TYPE(meth)->tp_descr_get ? Py_TYPE(meth)->tp_descr_get(meth, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(meth);
    PyObject *r = bound ? PyObject_CallNoArgs(bound) : NULL;
    Py_XDECREF(bound);
    if (r && !PyUnicode_Check(r) && !PyBytes_Check(r)) {
        PyErr_Format(PyExc_TypeError, "expected %.200s.__fspath__() to return str or bytes, not %.200s", Py_TYPE(o)->tp_name, Py_TYPE(r)->tp_name);
        Py_CLEAR(r);
    }
    return r;
}

/* ------------------------------------------------------------------ environment and the rest */

static PyObject *posix_fspath(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    PyObject *o;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O:fspath", names, &o) ? PyOS_FSPath(o) : NULL;
}

static PyObject *environ_dict(void) {
    extern char **environ;
    PyObject *d = PyDict_New();
    for (char **e = environ; d && e && *e; e++) {
        const char *eq = strchr(*e, '=');
        if (!eq) continue;
        PyObject *k = PyBytes_FromStringAndSize(*e, eq - *e), *v = PyBytes_FromString(eq + 1);
        if (!k || !v || !PyDict_SetDefault(d, k, v)) Py_CLEAR(d);
        Py_XDECREF(k);
        Py_XDECREF(v);
    }
    return d;
}
static PyObject *posix_putenv(PyObject *self, PyObject *args) {
    PyObject *k, *v, *result = NULL;
    if (!PyArg_ParseTuple(args, "O&O&:putenv", PyUnicode_FSConverter, &k, PyUnicode_FSConverter, &v)) return NULL;
    if (strchr(PyBytes_AS_STRING(k), '=')) PyErr_SetString(PyExc_ValueError, "illegal environment variable name");
    else if (PySys_Audit("os.putenv", "OO", k, v) == 0) result = setenv(PyBytes_AS_STRING(k), PyBytes_AS_STRING(v), 1) ? posix_error() : Py_NewRef(Py_None);
    Py_DECREF(k);
    Py_DECREF(v);
    return result;
}
static PyObject *posix_unsetenv(PyObject *self, PyObject *args) {
    PyObject *k, *result = NULL;
    if (!PyArg_ParseTuple(args, "O&:unsetenv", PyUnicode_FSConverter, &k)) return NULL;
    if (PySys_Audit("os.unsetenv", "O", k) == 0) result = unsetenv(PyBytes_AS_STRING(k)) ? posix_error() : Py_NewRef(Py_None);
    Py_DECREF(k);
    return result;
}
static PyObject *posix_strerror(PyObject *self, PyObject *arg) {
    int code = _PyLong_AsInt(arg);
    if (code == -1 && PyErr_Occurred()) return NULL;
    return PyUnicode_DecodeLocale(strerror(code), "surrogateescape");
}
static PyObject *posix_abort(PyObject *self, PyObject *ignored) { abort(); }
static PyObject *posix_urandom(PyObject *self, PyObject *arg) {
    Py_ssize_t n = PyLong_AsSsize_t(arg);
    if (n == -1 && PyErr_Occurred()) return NULL;
    if (n < 0) return PyErr_Format(PyExc_ValueError, "negative argument not allowed");
    PyObject *b = PyBytes_FromStringAndSize(NULL, n);
    if (b && _PyOS_URandom(PyBytes_AS_STRING(b), n) < 0) Py_CLEAR(b);
    return b;
}
static PyObject *posix_path_normpath(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:_path_normpath", names, &o)) return NULL;
    if (!PyUnicode_Check(o)) {
        _PyArg_BadArgument("_path_normpath", "argument", "str", o);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(o), out = 0, floor;
    Py_UCS4 *in = PyUnicode_AsUCS4Copy(o), *buf = in ? PyMem_Malloc((size_t)(n + 1) * sizeof *buf) : NULL;
    if (!buf) {
        PyMem_Free(in);
        return in ? PyErr_NoMemory() : NULL;
    }
    Py_ssize_t i = 0;
    while (i < n && in[i] == '/') i++;
    Py_ssize_t slashes = i == 2 ? 2 : i > 0;
    for (Py_ssize_t k = 0; k < slashes; k++) buf[out++] = '/';
    floor = out;
    while (i < n) {
        Py_ssize_t j = i;
        while (j < n && in[j] != '/') j++;
        Py_ssize_t len = j - i;
        if (len == 2 && in[i] == '.' && in[i + 1] == '.') {
            Py_ssize_t last = out;
            while (last > floor && buf[last - 1] != '/') last--;
            bool parent_dots = out - last == 2 && buf[last] == '.' && buf[last + 1] == '.';
            if (out > floor && !parent_dots) {
                out = last > floor ? last - 1 : floor;
            } else if (!slashes) {
                if (out > floor) buf[out++] = '/';
                buf[out++] = '.';
                buf[out++] = '.';
            }
        } else if (len && !(len == 1 && in[i] == '.')) {
            if (out > floor) buf[out++] = '/';
            memcpy(buf + out, in + i, (size_t)len * sizeof *buf);
            out += len;
        }
        i = j;
        while (i < n && in[i] == '/') i++;
    }
    PyObject *r = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, buf, out);    /* perhaps empty: posixpath makes "." of it */
    PyMem_Free(in);
    PyMem_Free(buf);
    return r;
}

static PyMethodDef posix_misc_methods[] = {
    {"fspath", KR_METH(posix_fspath), METH_VARARGS | METH_KEYWORDS, "fspath($module, /, path)\n--\n\nThe str or bytes of a path object."},
    {"putenv", posix_putenv, METH_VARARGS, "putenv($module, name, value, /)\n--\n\nSets an environment variable."},
    {"unsetenv", posix_unsetenv, METH_VARARGS, "unsetenv($module, name, /)\n--\n\nRemoves an environment variable."},
    {"strerror", posix_strerror, METH_O, "strerror($module, code, /)\n--\n\nThe system's text for an error number."},
    {"abort", posix_abort, METH_NOARGS, "abort($module, /)\n--\n\nEnds the process at once with SIGABRT."},
    {"urandom", posix_urandom, METH_O, "urandom($module, size, /)\n--\n\nRandom bytes fit for cryptography."},
    {"_path_normpath", KR_METH(posix_path_normpath), METH_VARARGS | METH_KEYWORDS, "_path_normpath($module, /, path)\n--\n\nA path without '.', '..' and doubled slashes."},
    {NULL},
};

/* ------------------------------------------------------------------ the module */

static PyObject *have_functions(void) {
    static const char names[] = "HAVE_EVENTFD HAVE_FACCESSAT HAVE_FCHDIR HAVE_FCHMOD HAVE_FCHMODAT HAVE_FCHOWN HAVE_FCHOWNAT HAVE_FEXECVE "
                                "HAVE_FDOPENDIR HAVE_FPATHCONF HAVE_FSTATAT HAVE_FSTATVFS HAVE_FTRUNCATE HAVE_FUTIMENS HAVE_FUTIMES "
                                "HAVE_FUTIMESAT HAVE_LINKAT HAVE_LCHOWN HAVE_LSTAT HAVE_LUTIMES HAVE_MEMFD_CREATE HAVE_MKDIRAT "
                                "HAVE_MKFIFOAT HAVE_MKNODAT HAVE_OPENAT HAVE_READLINKAT HAVE_RENAMEAT HAVE_SYMLINKAT HAVE_UNLINKAT "
                                "HAVE_UTIMENSAT";
    PyObject *text = PyUnicode_FromString(names), *list = text ? PyUnicode_Split(text, NULL, -1) : NULL;
    Py_XDECREF(text);
    return list;
}

static int add_new(PyObject *m, const char *name, PyObject *v) {
    int rc = v ? PyModule_AddObjectRef(m, name, v) : -1;
    Py_XDECREF(v);
    return rc;
}

static int posix_exec(PyObject *module) {
    PosixModule *m = PyModule_GetState(module);
    PyMethodDef *const tables[] = {posix_misc_methods, posix_file_methods, posix_process_methods, posix_fd_methods, posix_dir_methods};
    for (size_t i = 0; i < KR_ARRAY_LEN(tables); i++)
        if (PyModule_AddFunctions(module, tables[i]) < 0) return -1;
    if (add_new(module, "environ", environ_dict()) < 0 || add_new(module, "_have_functions", have_functions()) < 0 ||
        PyModule_AddObjectRef(module, "error", PyExc_OSError) < 0)
        return -1;
    return posix_constants_init(module) < 0 || posix_dir_init(module, m) < 0 || posix_process_init(module, m) < 0 ? -1 : 0;
}
PosixModule *posix_module_state(void) {
    PyObject *name = PyUnicode_InternFromString("posix"), *m = name ? PyImport_GetModule(name) : NULL;
    Py_XDECREF(name);
    if (!m) return NULL;
    PosixModule *state = PyModule_GetState(m);
    Py_DECREF(m);
    return state;
}

#define TYPES(X) X(stat_result) X(statvfs_result) X(terminal_size) X(times_result) X(uname_result) X(waitid_result) X(sched_param) X(dir_entry) X(scandir_iterator)
static int posix_traverse(PyObject *module, visitproc visit, void *arg) {
    PosixModule *m = PyModule_GetState(module);
#define X(t) Py_VISIT(m->t);
    TYPES(X)
#undef X
    return 0;
}
static int posix_clear(PyObject *module) {
    PosixModule *m = PyModule_GetState(module);
#define X(t) Py_CLEAR(m->t);
    TYPES(X)
#undef X
    return 0;
}
static void posix_free(void *module) { posix_clear(module); }
static PyModuleDef_Slot posix_slots[] = {{Py_mod_exec, posix_exec}, {0, NULL}};
PyDoc_STRVAR(posix_doc, "The operating system's functions; the module os is for programs.");
static struct PyModuleDef posix_module = {PyModuleDef_HEAD_INIT, "posix", posix_doc, sizeof(PosixModule), NULL, posix_slots, posix_traverse, posix_clear, posix_free};
PyObject *PyInit_posix(void) { return PyModuleDef_Init(&posix_module); }
