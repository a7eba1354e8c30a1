/* posix_dir.c - posix: stat and its results, directories, scandir() with its DirEntry. */
#include "module/posix/posix.h"
#include "runtime/exit_check.h"
#include <dirent.h>
#include <sys/statvfs.h>

/* ------------------------------------------------------------------ stat */

static PyStructSequence_Field stat_fields[] = {
    {"st_mode", "protection bits"}, {"st_ino", "inode"}, {"st_dev", "device"}, {"st_nlink", "number of hard links"},
    {"st_uid", "user ID of owner"}, {"st_gid", "group ID of owner"}, {"st_size", "total size, in bytes"},
    {"", "integer time of last access"}, {"", "integer time of last modification"}, {"", "integer time of last change"},
    {"st_atime", "time of last access"}, {"st_mtime", "time of last modification"}, {"st_ctime", "time of last change"},
    {"st_atime_ns", "time of last access in nanoseconds"}, {"st_mtime_ns", "time of last modification in nanoseconds"},
    {"st_ctime_ns", "time of last change in nanoseconds"}, {"st_blksize", "blocksize for filesystem I/O"},
    {"st_blocks", "number of blocks allocated"}, {"st_rdev", "device type (if inode device)"}, {0}};
static PyStructSequence_Desc stat_desc = {"os.stat_result",
    "What stat(), fstat() and lstat() give: a tuple of ten numbers, more by attribute.", stat_fields, 10};
static PyStructSequence_Field statvfs_fields[] = {{"f_bsize"}, {"f_frsize"}, {"f_blocks"}, {"f_bfree"}, {"f_bavail"}, {"f_files"},
    {"f_ffree"}, {"f_favail"}, {"f_flag"}, {"f_namemax"}, {"f_fsid"}, {0}};
static PyStructSequence_Desc statvfs_desc = {"os.statvfs_result", "What statvfs() and fstatvfs() give.", statvfs_fields, 10};

PyObject *posix_stat_result(const struct stat *st) {
    PosixModule *m = posix_module_state();
    PyObject *r = m ? PyStructSequence_New(m->stat_result) : NULL;
    if (!r) return NULL;
    const struct timespec *times[] = {&st->st_atim, &st->st_mtim, &st->st_ctim};
    PyStructSequence_SET_ITEM(r, 0, PyLong_FromLong((long)st->st_mode));
    PyStructSequence_SET_ITEM(r, 1, PyLong_FromUnsignedLongLong(st->st_ino));
    PyStructSequence_SET_ITEM(r, 2, PyLong_FromUnsignedLongLong(st->st_dev));
    PyStructSequence_SET_ITEM(r, 3, PyLong_FromLong((long)st->st_nlink));
    PyStructSequence_SET_ITEM(r, 4, _PyLong_FromUid(st->st_uid));
    PyStructSequence_SET_ITEM(r, 5, _PyLong_FromGid(st->st_gid));
    PyStructSequence_SET_ITEM(r, 6, PyLong_FromLongLong(st->st_size));
    for (int i = 0; i < 3; i++) {
        PyStructSequence_SET_ITEM(r, 7 + i, PyLong_FromLongLong(times[i]->tv_sec));
        PyStructSequence_SET_ITEM(r, 10 + i, PyFloat_FromDouble((double)times[i]->tv_sec + 1e-9 * (double)times[i]->tv_nsec));
        PyStructSequence_SET_ITEM(r, 13 + i, PyLong_FromLongLong(times[i]->tv_sec * 1000000000LL + times[i]->tv_nsec));
    }
    PyStructSequence_SET_ITEM(r, 16, PyLong_FromLong(st->st_blksize));
    PyStructSequence_SET_ITEM(r, 17, PyLong_FromLong(st->st_blocks));
    PyStructSequence_SET_ITEM(r, 18, PyLong_FromUnsignedLongLong(st->st_rdev));
    if (PyErr_Occurred()) Py_CLEAR(r);
    return r;
}

static PyObject *do_stat(Path *p, int dir_fd, bool follow) {
    struct stat st;
    int rc;
    if (p->fd != -1 && dir_fd != AT_FDCWD) return PyErr_Format(PyExc_ValueError, "%s: can't specify dir_fd without matching path", p->function);
    if (p->fd != -1 && !follow) return PyErr_Format(PyExc_ValueError, "%s: cannot use fd and follow_symlinks together", p->function);
    Py_BEGIN_ALLOW_THREADS
    rc = p->fd != -1 ? fstat(p->fd, &st) : fstatat(dir_fd, p->name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    Py_END_ALLOW_THREADS
    return rc ? posix_path_error(p) : posix_stat_result(&st);
}
static PyObject *posix_stat(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"path", "dir_fd", "follow_symlinks", NULL};
    static _PyArg_Parser parser = {.format = "O&|$O&p:stat", .keywords = names};
    Path p = PATH_OR_FD("stat", "path");
    int dir_fd = AT_FDCWD, follow = 1;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, posix_path, &p, posix_dir_fd, &dir_fd, &follow)) return NULL;
    PyObject *r = do_stat(&p, dir_fd, follow);
    posix_path_done(&p);
    return r;
}
static PyObject *posix_lstat(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"path", "dir_fd", NULL};
    static _PyArg_Parser parser = {.format = "O&|$O&:lstat", .keywords = names};
    Path p = PATH("lstat", "path");
    int dir_fd = AT_FDCWD;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, posix_path, &p, posix_dir_fd, &dir_fd)) return NULL;
    PyObject *r = do_stat(&p, dir_fd, false);
    posix_path_done(&p);
    return r;
}
static PyObject *posix_fstat(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    int fd;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:fstat", names, &fd)) return NULL;
    struct stat st;
    int rc, raised = 0;
    POSIX_RETRY(rc, raised, fstat(fd, &st));
    return rc ? (raised ? NULL : posix_error()) : posix_stat_result(&st);
}

static PyObject *statvfs_result(const struct statvfs *st) {
    PosixModule *m = posix_module_state();
    PyObject *r = m ? PyStructSequence_New(m->statvfs_result) : NULL;
    if (!r) return NULL;
    unsigned long long v[] = {st->f_bsize, st->f_frsize, st->f_blocks, st->f_bfree, st->f_bavail, st->f_files, st->f_ffree, st->f_favail,
                              st->f_flag, st->f_namemax, st->f_fsid};
    for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) PyStructSequence_SET_ITEM(r, (Py_ssize_t)i, PyLong_FromUnsignedLongLong(v[i]));
    return r;
}
static PyObject *posix_statvfs(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    Path p = PATH_OR_FD("statvfs", "path");
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&:statvfs", names, posix_path, &p)) return NULL;
    struct statvfs st;
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = p.fd != -1 ? fstatvfs(p.fd, &st) : statvfs(p.name, &st);
    Py_END_ALLOW_THREADS
    PyObject *r = rc ? posix_path_error(&p) : statvfs_result(&st);
    posix_path_done(&p);
    return r;
}
static PyObject *posix_fstatvfs(PyObject *self, PyObject *arg) {
    int fd = _PyLong_AsInt(arg);
    struct statvfs st;
    if (fd == -1 && PyErr_Occurred()) return NULL;
    return fstatvfs(fd, &st) ? posix_error() : statvfs_result(&st);
}

/* ------------------------------------------------------------------ directories */

/* An open directory for a path, a descriptor (duplicated), or "." */
static DIR *open_dir(const Path *p) {
    DIR *d;
    if (p->fd != -1) {
        int fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0) return NULL;
        if ((d = fdopendir(fd))) rewinddir(d);
        else close(fd);
        return d;
    }
    Py_BEGIN_ALLOW_THREADS d = opendir(p->name ? p->name : ".");
    Py_END_ALLOW_THREADS
    return d;
}
static bool is_dots(const char *s) { return s[0] == '.' && (!s[1] || (s[1] == '.' && !s[2])); }

static PyObject *posix_listdir(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    Path p = PATH_OR_FD("listdir", "path");
    p.nullable = true;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O&:listdir", names, posix_path, &p)) return NULL;
    PyObject *list = NULL;
    if (PySys_Audit("os.listdir", "O", p.object ? p.object : Py_None) < 0) goto done;
    DIR *d = open_dir(&p);
    if (!d) {
        posix_path_error(&p);
        goto done;
    }
    list = PyList_New(0);
    while (list) {
        errno = 0;
        struct dirent *e;
        Py_BEGIN_ALLOW_THREADS e = readdir(d);
        Py_END_ALLOW_THREADS
        if (!e) {
            if (errno) {
                posix_path_error(&p);
                Py_CLEAR(list);
            }
            break;
        }
        if (is_dots(e->d_name)) continue;
        PyObject *name = posix_name(e->d_name, -1, p.is_bytes);
        if (!name || PyList_Append(list, name) < 0) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    if (p.fd != -1) rewinddir(d);
    closedir(d);
done:
    posix_path_done(&p);
    return list;
}

/* ------------------------------------------------------------------ scandir */

typedef struct {
    PyObject_HEAD
    PyObject *name, *path, *stat, *lstat;
    unsigned char type;
    ino_t inode;
    int dir_fd;                 /* the descriptor scandir() was given, or -1 */
} DirEntry;
typedef struct {
    PyObject_HEAD
    Path path;
    PyObject *given;
    DIR *dir;
} ScandirIterator;

static void entry_dealloc(DirEntry *e) {
    PyTypeObject *type = Py_TYPE(e);
    Py_XDECREF(e->name);
    Py_XDECREF(e->path);
    Py_XDECREF(e->stat);
    Py_XDECREF(e->lstat);
    type->tp_free(e);
    Py_DECREF(type);
}
static PyObject *entry_fetch(DirEntry *e, bool follow) {
    PyObject *bytes = NULL;
    struct stat st;
    const char *s;
    PyObject *which = e->dir_fd != -1 ? e->name : e->path;
    if (PyBytes_Check(which)) bytes = Py_NewRef(which);
    else if (!(bytes = PyUnicode_EncodeFSDefault(which))) return NULL;
    s = PyBytes_AS_STRING(bytes);
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = fstatat(e->dir_fd != -1 ? e->dir_fd : AT_FDCWD, s, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    Py_END_ALLOW_THREADS
    Py_DECREF(bytes);
    if (rc) return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, e->path);
    return posix_stat_result(&st);
}
/* 1/0 whether it is a symbolic link; -1 on error. */
static int entry_link(DirEntry *e);
static PyObject *entry_get_stat(DirEntry *e, bool follow) {
    PyObject **cache = follow ? &e->stat : &e->lstat;
    if (*cache) return Py_NewRef(*cache);
    if (follow) {
        int link = entry_link(e);
        if (link < 0) return NULL;
        PyObject *st = link ? entry_fetch(e, true) : entry_get_stat(e, false);
        if (!st) return NULL;
        *cache = st;
    } else if (!(*cache = entry_fetch(e, false))) {
        return NULL;
    }
    return Py_NewRef(*cache);
}
/* 1/0 whether the mode's file type is `want`; a file that is gone is 0. */
static int entry_test(DirEntry *e, bool follow, mode_t want, unsigned char dtype) {
    if (e->type != DT_UNKNOWN && (e->type != DT_LNK || !follow)) return e->type == dtype;
    PyObject *st = entry_get_stat(e, follow);
    if (!st) {
        if (!PyErr_ExceptionMatches(PyExc_FileNotFoundError)) return -1;
        PyErr_Clear();
        return 0;
    }
    long mode = PyLong_AsLong(PyStructSequence_GET_ITEM(st, 0));
    Py_DECREF(st);
    return mode == -1 && PyErr_Occurred() ? -1 : (mode & S_IFMT) == want;
}
static int entry_link(DirEntry *e) { return entry_test(e, false, S_IFLNK, DT_LNK); }
static int follow_argument(PyObject *args, PyObject *kwds, const char *format, int *follow) {
    static char *names[] = {"follow_symlinks", NULL};
    *follow = 1;
    return PyArg_ParseTupleAndKeywords(args, kwds, format, names, follow) ? 0 : -1;
}
static PyObject *entry_is_dir(DirEntry *e, PyObject *args, PyObject *kwds) {
    int follow;
    if (follow_argument(args, kwds, "|$p:is_dir", &follow) < 0) return NULL;
    int r = entry_test(e, follow, S_IFDIR, DT_DIR);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
static PyObject *entry_is_file(DirEntry *e, PyObject *args, PyObject *kwds) {
    int follow;
    if (follow_argument(args, kwds, "|$p:is_file", &follow) < 0) return NULL;
    int r = entry_test(e, follow, S_IFREG, DT_REG);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
static PyObject *entry_stat(DirEntry *e, PyObject *args, PyObject *kwds) {
    int follow;
    return follow_argument(args, kwds, "|$p:stat", &follow) < 0 ? NULL : entry_get_stat(e, follow);
}
static PyObject *entry_is_symlink(DirEntry *e, PyObject *ignored) {
    int r = entry_link(e);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
static PyObject *entry_inode(DirEntry *e, PyObject *ignored) { return PyLong_FromUnsignedLongLong(e->inode); }
static PyObject *entry_fspath(DirEntry *e, PyObject *ignored) { return Py_NewRef(e->path); }
static PyObject *entry_repr(DirEntry *e) { return PyUnicode_FromFormat("<DirEntry %R>", e->name); }
static PyMethodDef entry_methods[] = {
    {"is_dir", KR_METH(entry_is_dir), METH_VARARGS | METH_KEYWORDS, "is_dir($self, /, *, follow_symlinks=True)\n--\n\nWhether it is a folder."},
    {"is_file", KR_METH(entry_is_file), METH_VARARGS | METH_KEYWORDS, "is_file($self, /, *, follow_symlinks=True)\n--\n\nWhether it is a file."},
    {"is_symlink", KR_METH(entry_is_symlink), METH_NOARGS, "is_symlink($self, /)\n--\n\nWhether it is a symbolic link."},
    {"stat", KR_METH(entry_stat), METH_VARARGS | METH_KEYWORDS, "stat($self, /, *, follow_symlinks=True)\n--\n\nIts stat_result, asked for once."},
    {"inode", KR_METH(entry_inode), METH_NOARGS, "inode($self, /)\n--\n\nIts inode number."},
    {"__fspath__", KR_METH(entry_fspath), METH_NOARGS, "__fspath__($self, /)\n--\n\nIts path."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL}};
static PyMemberDef entry_members[] = {{"name", T_OBJECT_EX, offsetof(DirEntry, name), READONLY, "The entry's name within scandir()'s path."},
                                      {"path", T_OBJECT_EX, offsetof(DirEntry, path), READONLY, "scandir()'s path joined with the name."}, {NULL}};
static PyType_Slot entry_slots[] = {{Py_tp_dealloc, entry_dealloc}, {Py_tp_repr, entry_repr}, {Py_tp_methods, entry_methods},
                                    {Py_tp_members, entry_members}, {0, NULL}};
static PyType_Spec entry_spec = {"posix.DirEntry", sizeof(DirEntry), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, entry_slots};

static void scandir_shut(ScandirIterator *it) {
    DIR *d = it->dir;
    it->dir = NULL;
    if (!d) return;
    if (it->path.fd != -1) rewinddir(d);
    Py_BEGIN_ALLOW_THREADS closedir(d);
    Py_END_ALLOW_THREADS
}
static PyObject *scandir_next(ScandirIterator *it) {
    while (it->dir) {
        errno = 0;
        struct dirent *e;
        Py_BEGIN_ALLOW_THREADS e = readdir(it->dir);
        Py_END_ALLOW_THREADS
        if (!e) {
            if (errno) posix_path_error(&it->path);
            break;
        }
        if (is_dots(e->d_name)) continue;
        PyTypeObject *type = posix_module_state()->dir_entry;
        DirEntry *d = (DirEntry *)type->tp_alloc(type, 0);
        if (!d) break;
        d->type = e->d_type;
        d->inode = e->d_ino;
        d->dir_fd = it->path.fd;
        d->name = posix_name(e->d_name, -1, it->path.is_bytes);
        if (it->path.fd != -1) {
            d->path = Py_XNewRef(d->name);
        } else {
            const char *base = it->path.name ? it->path.name : ".";
            size_t n = strlen(base);
            PyObject *joined = PyBytes_FromFormat("%s%s%s", base, n && base[n - 1] == '/' ? "" : "/", e->d_name);
            if (joined && !it->path.is_bytes) Py_SETREF(joined, PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(joined), PyBytes_GET_SIZE(joined)));
            d->path = joined;
        }
        if (d->name && d->path) return (PyObject *)d;
        Py_DECREF(d);
        break;
    }
    scandir_shut(it);
    return NULL;
}
static PyObject *scandir_close(ScandirIterator *it, PyObject *ignored) {
    scandir_shut(it);
    Py_RETURN_NONE;
}
static PyObject *scandir_enter(PyObject *it, PyObject *ignored) { return Py_NewRef(it); }
static PyObject *scandir_exit(ScandirIterator *it, PyObject *args) { return scandir_close(it, NULL); }
static void scandir_finalize(ScandirIterator *it) {
    if (!it->dir) return;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    if (PyErr_ResourceWarning((PyObject *)it, 1, "unclosed scandir iterator %R", it) < 0 && PyErr_ExceptionMatches(PyExc_Warning))
        PyErr_WriteUnraisable((PyObject *)it);
    scandir_shut(it);
    PyErr_Restore(t, v, tb);
}
static void scandir_dealloc(ScandirIterator *it) {
    PyTypeObject *type = Py_TYPE(it);
    if (PyObject_CallFinalizerFromDealloc((PyObject *)it) < 0) return;
    kr_exit_watch(-1);
    scandir_shut(it);
    posix_path_done(&it->path);
    Py_XDECREF(it->given);
    type->tp_free(it);
    Py_DECREF(type);
}
static PyMethodDef scandir_methods[] = {{"__enter__", scandir_enter, METH_NOARGS}, {"__exit__", KR_METH(scandir_exit), METH_VARARGS},
                                        {"close", KR_METH(scandir_close), METH_NOARGS}, {NULL}};
static PyType_Slot scandir_slots[] = {{Py_tp_dealloc, scandir_dealloc}, {Py_tp_finalize, scandir_finalize}, {Py_tp_iter, PyObject_SelfIter},
                                      {Py_tp_iternext, scandir_next}, {Py_tp_methods, scandir_methods}, {0, NULL}};
static PyType_Spec scandir_spec = {"posix.ScandirIterator", sizeof(ScandirIterator), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, scandir_slots};

static PyObject *posix_scandir(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    Path p = PATH_OR_FD("scandir", "path");
    p.nullable = true;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O&:scandir", names, posix_path, &p)) return NULL;
    PosixModule *m = PyModule_GetState(self);
    ScandirIterator *it = NULL;
    if (PySys_Audit("os.scandir", "O", p.object ? p.object : Py_None) == 0) it = (ScandirIterator *)m->scandir_iterator->tp_alloc(m->scandir_iterator, 0);
    if (!it) {
        posix_path_done(&p);
        return NULL;
    }
    kr_exit_watch(1);
    it->path = p; /* the iterator owns it now */
    it->given = Py_XNewRef(p.object);
    if (!(it->dir = open_dir(&p))) {
        posix_path_error(&p);
        Py_CLEAR(it);
    }
    return (PyObject *)it;
}

PyMethodDef posix_dir_methods[] = {
    {"stat", KR_METH(posix_stat), METH_FASTCALL | METH_KEYWORDS, "stat($module, /, path, *, dir_fd=None, follow_symlinks=True)\n--\n\nA file's status."},
    {"lstat", KR_METH(posix_lstat), METH_FASTCALL | METH_KEYWORDS, "lstat($module, /, path, *, dir_fd=None)\n--\n\nA file's status, a link's own."},
    {"fstat", KR_METH(posix_fstat), METH_VARARGS | METH_KEYWORDS, "fstat($module, /, fd)\n--\n\nAn open file's status."},
    {"statvfs", KR_METH(posix_statvfs), METH_VARARGS | METH_KEYWORDS, "statvfs($module, /, path)\n--\n\nA file system's status."},
    {"fstatvfs", posix_fstatvfs, METH_O, "fstatvfs($module, fd, /)\n--\n\nThe status of an open file's file system."},
    {"listdir", KR_METH(posix_listdir), METH_VARARGS | METH_KEYWORDS, "listdir($module, /, path=None)\n--\n\nThe names in a folder."},
    {"scandir", KR_METH(posix_scandir), METH_VARARGS | METH_KEYWORDS, "scandir($module, /, path=None)\n--\n\nAn iterator of DirEntry over a folder."},
    {NULL}};

int posix_dir_init(PyObject *module, PosixModule *m) {
    /* the marker of an unnamed field is not a constant expression */
    PyStructSequence_Field fields[KR_ARRAY_LEN(stat_fields)];
    memcpy(fields, stat_fields, sizeof fields);
    for (int i = 7; i <= 9; i++) fields[i].name = PyStructSequence_UnnamedField;
    PyStructSequence_Desc desc = stat_desc;
    desc.fields = fields;
    if (!(m->stat_result = PyStructSequence_NewType(&desc)) || !(m->statvfs_result = PyStructSequence_NewType(&statvfs_desc)) ||
        !(m->dir_entry = (PyTypeObject *)PyType_FromSpec(&entry_spec)) || !(m->scandir_iterator = (PyTypeObject *)PyType_FromSpec(&scandir_spec)))
        return -1;
    return PyModule_AddType(module, m->stat_result) < 0 || PyModule_AddType(module, m->statvfs_result) < 0 || PyModule_AddType(module, m->dir_entry) < 0 ? -1 : 0;
}
