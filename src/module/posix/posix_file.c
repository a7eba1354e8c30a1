/* posix_file.c - posix: functions on paths: create, link, rename, remove, permissions, times, extended attributes. */
#include "module/posix/posix.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>

/* The result of a system call on one path: None or OSError; the path is done with. */
static PyObject *path_result(Path *p, int rc) {
    PyObject *r = rc ? posix_path_error(p) : Py_NewRef(Py_None);
    posix_path_done(p);
    return r;
}
static PyObject *path_audit_fail(Path *p) {
    posix_path_done(p);
    return NULL;
}
#define CALL(rc, expr) Py_BEGIN_ALLOW_THREADS rc = (expr); Py_END_ALLOW_THREADS

static PyObject *posix_access(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "mode", "dir_fd", "effective_ids", "follow_symlinks", NULL};
    Path p = PATH("access", "path");
    int mode, dir_fd = AT_FDCWD, effective = 0, follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&i|$O&pp:access", names, posix_path, &p, &mode, posix_dir_fd, &dir_fd, &effective, &follow)) return NULL;
    CALL(rc, faccessat(dir_fd, p.name, mode, (effective ? AT_EACCESS : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW)))
    posix_path_done(&p);
    return PyBool_FromLong(rc == 0);
}
static PyObject *posix_chdir(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    Path p = PATH_OR_FD("chdir", "path");
    int rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&:chdir", names, posix_path, &p)) return NULL;
    if (PySys_Audit("os.chdir", "(O)", p.object) < 0) return path_audit_fail(&p);
    CALL(rc, p.fd != -1 ? fchdir(p.fd) : chdir(p.name))
    return path_result(&p, rc);
}
static PyObject *posix_fchdir(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:fchdir", names, &o)) return NULL;
    int fd = PyObject_AsFileDescriptor(o), rc;
    if (fd < 0 || PySys_Audit("os.chdir", "(i)", fd) < 0) return NULL;
    CALL(rc, fchdir(fd))
    return rc ? posix_error() : Py_NewRef(Py_None);
}
static PyObject *posix_chmod(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "mode", "dir_fd", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("chmod", "path");
    int mode, dir_fd = AT_FDCWD, follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&i|$O&p:chmod", names, posix_path, &p, &mode, posix_dir_fd, &dir_fd, &follow)) return NULL;
    if (PySys_Audit("os.chmod", "Oii", p.object, mode, dir_fd == AT_FDCWD ? -1 : dir_fd) < 0) return path_audit_fail(&p);
    if (!follow) {
        PyErr_SetString(PyExc_NotImplementedError, "chmod: follow_symlinks unavailable on this platform");
        return path_audit_fail(&p);
    }
    CALL(rc, p.fd != -1 ? fchmod(p.fd, (mode_t)mode) : fchmodat(dir_fd, p.name, (mode_t)mode, 0))
    return path_result(&p, rc);
}
static PyObject *posix_fchmod(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "mode", NULL};
    int fd, mode, rc, raised = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "ii:fchmod", names, &fd, &mode)) return NULL;
    if (PySys_Audit("os.chmod", "iii", fd, mode, -1) < 0) return NULL;
    POSIX_RETRY(rc, raised, fchmod(fd, (mode_t)mode));
    return rc ? raised ? NULL : posix_error() : Py_NewRef(Py_None);
}
static PyObject *posix_chown(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "uid", "gid", "dir_fd", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("chown", "path");
    uid_t uid;
    gid_t gid;
    int dir_fd = AT_FDCWD, follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&O&|$O&p:chown", names, posix_path, &p, _Py_Uid_Converter, &uid, _Py_Gid_Converter, &gid,
                                     posix_dir_fd, &dir_fd, &follow))
        return NULL;
    if (PySys_Audit("os.chown", "OIIi", p.object, uid, gid, dir_fd == AT_FDCWD ? -1 : dir_fd) < 0) return path_audit_fail(&p);
    CALL(rc, p.fd != -1 ? fchown(p.fd, uid, gid) : fchownat(dir_fd, p.name, uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW))
    return path_result(&p, rc);
}
static PyObject *posix_lchown(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "uid", "gid", NULL};
    Path p = PATH("lchown", "path");
    uid_t uid;
    gid_t gid;
    int rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&O&:lchown", names, posix_path, &p, _Py_Uid_Converter, &uid, _Py_Gid_Converter, &gid)) return NULL;
    if (PySys_Audit("os.chown", "OIIi", p.object, uid, gid, -1) < 0) return path_audit_fail(&p);
    CALL(rc, lchown(p.name, uid, gid))
    return path_result(&p, rc);
}
static PyObject *posix_fchown(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "uid", "gid", NULL};
    int fd, rc;
    uid_t uid;
    gid_t gid;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iO&O&:fchown", names, &fd, _Py_Uid_Converter, &uid, _Py_Gid_Converter, &gid)) return NULL;
    if (PySys_Audit("os.chown", "iIIi", fd, uid, gid, -1) < 0) return NULL;
    CALL(rc, fchown(fd, uid, gid))
    return rc ? posix_error() : Py_NewRef(Py_None);
}
static PyObject *posix_chroot(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    Path p = PATH("chroot", "path");
    int rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&:chroot", names, posix_path, &p)) return NULL;
    CALL(rc, chroot(p.name))
    return path_result(&p, rc);
}

static PyObject *current_dir(bool as_bytes) {
    char *s;
    Py_BEGIN_ALLOW_THREADS s = getcwd(NULL, 0);
    Py_END_ALLOW_THREADS
    if (!s) return posix_error();
    PyObject *r = posix_name(s, -1, as_bytes);
    free(s);
    return r;
}
static PyObject *posix_getcwd(PyObject *self, PyObject *ignored) { return current_dir(false); }
static PyObject *posix_getcwdb(PyObject *self, PyObject *ignored) { return current_dir(true); }

static PyObject *posix_link(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"src", "dst", "src_dir_fd", "dst_dir_fd", "follow_symlinks", NULL};
    Path a = PATH("link", "src"), b = PATH("link", "dst");
    int afd = AT_FDCWD, bfd = AT_FDCWD, follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&|$O&O&p:link", names, posix_path, &a, posix_path, &b, posix_dir_fd, &afd, posix_dir_fd, &bfd, &follow))
        return NULL;
    PyObject *r = NULL;
    if (PySys_Audit("os.link", "OOii", a.object, b.object, afd == AT_FDCWD ? -1 : afd, bfd == AT_FDCWD ? -1 : bfd) == 0) {
        CALL(rc, linkat(afd, a.name, bfd, b.name, follow ? AT_SYMLINK_FOLLOW : 0))
        r = rc ? posix_path_error2(&a, &b) : Py_NewRef(Py_None);
    }
    posix_path_done(&a);
    posix_path_done(&b);
    return r;
}
static PyObject *do_rename(PyObject *args, PyObject *kwds, const char *format, const char *function) {
    static char *names[] = {"src", "dst", "src_dir_fd", "dst_dir_fd", NULL};
    Path a = PATH(function, "src"), b = PATH(function, "dst");
    int afd = AT_FDCWD, bfd = AT_FDCWD, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, posix_path, &a, posix_path, &b, posix_dir_fd, &afd, posix_dir_fd, &bfd)) return NULL;
    PyObject *r = NULL;
    if (PySys_Audit("os.rename", "OOii", a.object, b.object, afd == AT_FDCWD ? -1 : afd, bfd == AT_FDCWD ? -1 : bfd) == 0) {
        CALL(rc, renameat(afd, a.name, bfd, b.name))
        r = rc ? posix_path_error2(&a, &b) : Py_NewRef(Py_None);
    }
    posix_path_done(&a);
    posix_path_done(&b);
    return r;
}
static PyObject *posix_rename(PyObject *self, PyObject *args, PyObject *kwds) { return do_rename(args, kwds, "O&O&|$O&O&:rename", "rename"); }
static PyObject *posix_replace(PyObject *self, PyObject *args, PyObject *kwds) { return do_rename(args, kwds, "O&O&|$O&O&:replace", "replace"); }
static PyObject *posix_symlink(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"src", "dst", "target_is_directory", "dir_fd", NULL};
    Path a = PATH("symlink", "src"), b = PATH("symlink", "dst");
    int dir = 0, dir_fd = AT_FDCWD, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&|p$O&:symlink", names, posix_path, &a, posix_path, &b, &dir, posix_dir_fd, &dir_fd)) return NULL;
    PyObject *r = NULL;
    if (PySys_Audit("os.symlink", "OOi", a.object, b.object, dir_fd == AT_FDCWD ? -1 : dir_fd) == 0) {
        CALL(rc, symlinkat(a.name, dir_fd, b.name))
        r = rc ? posix_path_error2(&a, &b) : Py_NewRef(Py_None);
    }
    posix_path_done(&a);
    posix_path_done(&b);
    return r;
}
static PyObject *posix_readlink(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "dir_fd", NULL};
    Path p = PATH("readlink", "path");
    int dir_fd = AT_FDCWD;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|$O&:readlink", names, posix_path, &p, posix_dir_fd, &dir_fd)) return NULL;
    char buf[PATH_MAX + 1];
    ssize_t n;
    CALL(n, readlinkat(dir_fd, p.name, buf, PATH_MAX))
    PyObject *r = n < 0 ? posix_path_error(&p) : posix_name(buf, n, p.is_bytes);
    posix_path_done(&p);
    return r;
}
static PyObject *posix_mkdir(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "mode", "dir_fd", NULL};
    Path p = PATH("mkdir", "path");
    int mode = 0777, dir_fd = AT_FDCWD, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|i$O&:mkdir", names, posix_path, &p, &mode, posix_dir_fd, &dir_fd)) return NULL;
    if (PySys_Audit("os.mkdir", "Oii", p.object, mode, dir_fd == AT_FDCWD ? -1 : dir_fd) < 0) return path_audit_fail(&p);
    CALL(rc, mkdirat(dir_fd, p.name, (mode_t)mode))
    return path_result(&p, rc);
}
static PyObject *do_unlink(PyObject *args, PyObject *kwds, const char *format, const char *function, const char *event, int flags) {
    static char *names[] = {"path", "dir_fd", NULL};
    Path p = PATH(function, "path");
    int dir_fd = AT_FDCWD, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, posix_path, &p, posix_dir_fd, &dir_fd)) return NULL;
    if (PySys_Audit(event, "Oi", p.object, dir_fd == AT_FDCWD ? -1 : dir_fd) < 0) return path_audit_fail(&p);
    CALL(rc, unlinkat(dir_fd, p.name, flags))
    return path_result(&p, rc);
}
static PyObject *posix_rmdir(PyObject *self, PyObject *args, PyObject *kwds) { return do_unlink(args, kwds, "O&|$O&:rmdir", "rmdir", "os.rmdir", AT_REMOVEDIR); }
static PyObject *posix_unlink(PyObject *self, PyObject *args, PyObject *kwds) { return do_unlink(args, kwds, "O&|$O&:unlink", "unlink", "os.remove", 0); }
static PyObject *posix_remove(PyObject *self, PyObject *args, PyObject *kwds) { return do_unlink(args, kwds, "O&|$O&:remove", "remove", "os.remove", 0); }
static PyObject *posix_mkfifo(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "mode", "dir_fd", NULL};
    Path p = PATH("mkfifo", "path");
    int mode = 0666, dir_fd = AT_FDCWD, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|i$O&:mkfifo", names, posix_path, &p, &mode, posix_dir_fd, &dir_fd)) return NULL;
    CALL(rc, mkfifoat(dir_fd, p.name, (mode_t)mode))
    return path_result(&p, rc);
}
static PyObject *posix_mknod(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "mode", "device", "dir_fd", NULL};
    Path p = PATH("mknod", "path");
    int mode = 0600, dir_fd = AT_FDCWD, rc;
    unsigned long long device = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|iK$O&:mknod", names, posix_path, &p, &mode, &device, posix_dir_fd, &dir_fd)) return NULL;
    CALL(rc, mknodat(dir_fd, p.name, (mode_t)mode, (dev_t)device))
    return path_result(&p, rc);
}
static PyObject *posix_truncate(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "length", NULL};
    Path p = PATH_OR_FD("truncate", "path");
    long long length;
    int rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&L:truncate", names, posix_path, &p, &length)) return NULL;
    if (PySys_Audit("os.truncate", "OL", p.object, length) < 0) return path_audit_fail(&p);
    CALL(rc, p.fd != -1 ? ftruncate(p.fd, length) : truncate(p.name, length))
    return path_result(&p, rc);
}
static PyObject *posix_major(PyObject *self, PyObject *o) {
    unsigned long long d = PyLong_AsUnsignedLongLong(o);
    return d == (unsigned long long)-1 && PyErr_Occurred() ? NULL : PyLong_FromUnsignedLong(major(d));
}
static PyObject *posix_minor(PyObject *self, PyObject *o) {
    unsigned long long d = PyLong_AsUnsignedLongLong(o);
    return d == (unsigned long long)-1 && PyErr_Occurred() ? NULL : PyLong_FromUnsignedLong(minor(d));
}
static PyObject *posix_makedev(PyObject *self, PyObject *args) {
    int a, b;
    return PyArg_ParseTuple(args, "ii:makedev", &a, &b) ? PyLong_FromUnsignedLongLong(makedev(a, b)) : NULL;
}

/* utime(): (atime, mtime) in seconds, ns=(atime, mtime), or now. */
static int ns_to_timespec(PyObject *o, struct timespec *ts) {
    PyObject *k = PyLong_FromLong(1000000000), *dm = k ? PyNumber_Divmod(o, k) : NULL;
    Py_XDECREF(k);
    if (!dm) return -1;
    if (!PyTuple_Check(dm) || PyTuple_GET_SIZE(dm) != 2) {
        PyErr_Format(PyExc_TypeError, "%.200s.__divmod__() must return a 2-tuple, not %.200s", Py_TYPE(o)->tp_name, Py_TYPE(dm)->tp_name);
        Py_DECREF(dm);
        return -1;
    }
    ts->tv_sec = _PyLong_AsTime_t(PyTuple_GET_ITEM(dm, 0));
    if (!(ts->tv_sec == -1 && PyErr_Occurred())) ts->tv_nsec = PyLong_AsLong(PyTuple_GET_ITEM(dm, 1));
    Py_DECREF(dm);
    return PyErr_Occurred() ? -1 : 0;
}
static PyObject *posix_utime(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "times", "ns", "dir_fd", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("utime", "path");
    PyObject *times = Py_None, *ns = NULL;
    int dir_fd = AT_FDCWD, follow = 1, rc;
    struct timespec ts[2];
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|O$OO&p:utime", names, posix_path, &p, &times, &ns, posix_dir_fd, &dir_fd, &follow)) return NULL;
    bool now = false;
    const char *why = NULL;
    if (times != Py_None && ns) why = "utime: you may specify either 'times' or 'ns' but not both";
    if (why) {
        PyErr_SetString(PyExc_ValueError, why);
        return path_audit_fail(&p);
    }
    if (times != Py_None) {
        if (!PyTuple_CheckExact(times) || PyTuple_GET_SIZE(times) != 2) {
            PyErr_SetString(PyExc_TypeError, "utime: 'times' must be either a tuple of two ints or None");
            return path_audit_fail(&p);
        }
        for (int i = 0; i < 2; i++)
            if (_PyTime_ObjectToTimespec(PyTuple_GET_ITEM(times, i), &ts[i].tv_sec, &ts[i].tv_nsec, _PyTime_ROUND_FLOOR) < 0) return path_audit_fail(&p);
    } else if (ns) {
        if (!PyTuple_CheckExact(ns) || PyTuple_GET_SIZE(ns) != 2) {
            PyErr_SetString(PyExc_TypeError, "utime: 'ns' must be a tuple of two ints");
            return path_audit_fail(&p);
        }
        for (int i = 0; i < 2; i++)
            if (ns_to_timespec(PyTuple_GET_ITEM(ns, i), &ts[i]) < 0) return path_audit_fail(&p);
    } else {
        now = true;
    }
    if (p.fd != -1 && (dir_fd != AT_FDCWD || !follow)) {
        PyErr_SetString(PyExc_ValueError, dir_fd != AT_FDCWD ? "utime: can't specify dir_fd without matching path"
                                                             : "utime: cannot use fd and follow_symlinks together");
        return path_audit_fail(&p);
    }
    if (PySys_Audit("os.utime", "OOOi", p.object, times, ns ? ns : Py_None, dir_fd == AT_FDCWD ? -1 : dir_fd) < 0) return path_audit_fail(&p);
    CALL(rc, p.fd != -1 ? futimens(p.fd, now ? NULL : ts) : utimensat(dir_fd, p.name, now ? NULL : ts, follow ? 0 : AT_SYMLINK_NOFOLLOW))
    return path_result(&p, rc);
}

/* ------------------------------------------------------------------ extended attributes */

static PyObject *posix_getxattr(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "attribute", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("getxattr", "path"), a = PATH("getxattr", "attribute");
    int follow = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&|$p:getxattr", names, posix_path, &p, posix_path, &a, &follow)) return NULL;
    PyObject *b = NULL;
    for (ssize_t size = PySys_Audit("os.getxattr", "OO", p.object, a.object) < 0 ? 0 : 128; size;) {
        if (!(b = PyBytes_FromStringAndSize(NULL, size))) break;
        ssize_t n;
        void *buf = PyBytes_AS_STRING(b);
        CALL(n, p.fd != -1 ? fgetxattr(p.fd, a.name, buf, (size_t)size) : follow ? getxattr(p.name, a.name, buf, (size_t)size) : lgetxattr(p.name, a.name, buf, (size_t)size))
        if (n >= 0) {
            _PyBytes_Resize(&b, n);
            break;
        }
        Py_CLEAR(b);
        if (errno != ERANGE || size > 65536) {
            posix_path_error(&p);
            break;
        }
        size = size == 128 ? 65536 : 65537;
    }
    posix_path_done(&p);
    posix_path_done(&a);
    return b;
}
static PyObject *posix_setxattr(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "attribute", "value", "flags", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("setxattr", "path"), a = PATH("setxattr", "attribute");
    Py_buffer v;
    int flags = 0, follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&y*|i$p:setxattr", names, posix_path, &p, posix_path, &a, &v, &flags, &follow)) return NULL;
    if (PySys_Audit("os.setxattr", "OOy#i", p.object, a.object, v.buf, v.len, flags) < 0) {
        PyBuffer_Release(&v);
        posix_path_done(&a);
        return path_audit_fail(&p);
    }
    CALL(rc, p.fd != -1 ? fsetxattr(p.fd, a.name, v.buf, (size_t)v.len, flags)
              : follow  ? setxattr(p.name, a.name, v.buf, (size_t)v.len, flags)
                        : lsetxattr(p.name, a.name, v.buf, (size_t)v.len, flags))
    PyBuffer_Release(&v);
    posix_path_done(&a);
    return path_result(&p, rc);
}
static PyObject *posix_removexattr(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "attribute", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("removexattr", "path"), a = PATH("removexattr", "attribute");
    int follow = 1, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O&|$p:removexattr", names, posix_path, &p, posix_path, &a, &follow)) return NULL;
    if (PySys_Audit("os.removexattr", "OO", p.object, a.object) < 0) {
        posix_path_done(&a);
        return path_audit_fail(&p);
    }
    CALL(rc, p.fd != -1 ? fremovexattr(p.fd, a.name) : follow ? removexattr(p.name, a.name) : lremovexattr(p.name, a.name))
    posix_path_done(&a);
    return path_result(&p, rc);
}
static PyObject *posix_listxattr(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "follow_symlinks", NULL};
    Path p = PATH_OR_FD("listxattr", "path");
    p.nullable = true;
    int follow = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O&$p:listxattr", names, posix_path, &p, &follow)) return NULL;
    if (PySys_Audit("os.listxattr", "O", p.object ? p.object : Py_None) < 0) return path_audit_fail(&p);
    char *buf = PyMem_Malloc(65536);
    PyObject *list = NULL;
    if (!buf) {
        PyErr_NoMemory();
    } else {
        ssize_t n;
        const char *name = p.name ? p.name : ".";
        CALL(n, p.fd != -1 ? flistxattr(p.fd, buf, 65536) : follow ? listxattr(name, buf, 65536) : llistxattr(name, buf, 65536))
        if (n < 0) posix_path_error(&p);
        else list = PyList_New(0);
        for (char *s = buf; list && s < buf + n; s += strlen(s) + 1) {
            PyObject *o = PyUnicode_DecodeFSDefault(s);
            if (!o || PyList_Append(list, o) < 0) Py_CLEAR(list);
            Py_XDECREF(o);
        }
    }
    PyMem_Free(buf);
    posix_path_done(&p);
    return list;
}

#define KW(name, doc) {#name, KR_METH(posix_##name), METH_VARARGS | METH_KEYWORDS, doc}
PyMethodDef posix_file_methods[] = {
    KW(access, "access($module, /, path, mode, *, dir_fd=None, effective_ids=False,\n       follow_symlinks=True)\n--\n\nWhether the real user may use a file so."),
    KW(chdir, "chdir($module, /, path)\n--\n\nChanges the current folder."),
    KW(fchdir, "fchdir($module, /, fd)\n--\n\nChanges the current folder to an open one."),
    KW(chmod, "chmod($module, /, path, mode, *, dir_fd=None, follow_symlinks=True)\n--\n\nSets a file's permissions."),
    KW(fchmod, "fchmod($module, /, fd, mode)\n--\n\nSets an open file's permissions."),
    KW(chown, "chown($module, /, path, uid, gid, *, dir_fd=None, follow_symlinks=True)\n--\n\nSets a file's owner."),
    KW(lchown, "lchown($module, /, path, uid, gid)\n--\n\nSets a file's owner, a link's own."),
    KW(fchown, "fchown($module, /, fd, uid, gid)\n--\n\nSets an open file's owner."),
    KW(chroot, "chroot($module, /, path)\n--\n\nChanges the root folder."),
    {"getcwd", posix_getcwd, METH_NOARGS, "getcwd($module, /)\n--\n\nThe current folder."},
    {"getcwdb", posix_getcwdb, METH_NOARGS, "getcwdb($module, /)\n--\n\nThe current folder as bytes."},
    KW(link, "link($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None,\n     follow_symlinks=True)\n--\n\nMakes a hard link."),
    KW(rename, "rename($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\nRenames."),
    KW(replace, "replace($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None)\n--\n\nRenames over what was there."),
    KW(symlink, "symlink($module, /, src, dst, target_is_directory=False, *, dir_fd=None)\n--\n\nMakes a symbolic link."),
    KW(readlink, "readlink($module, /, path, *, dir_fd=None)\n--\n\nWhat a symbolic link says."),
    KW(mkdir, "mkdir($module, /, path, mode=511, *, dir_fd=None)\n--\n\nMakes a folder."),
    KW(rmdir, "rmdir($module, /, path, *, dir_fd=None)\n--\n\nRemoves an empty folder."),
    KW(unlink, "unlink($module, /, path, *, dir_fd=None)\n--\n\nRemoves a file."),
    KW(remove, "remove($module, /, path, *, dir_fd=None)\n--\n\nRemoves a file."),
    KW(mkfifo, "mkfifo($module, /, path, mode=438, *, dir_fd=None)\n--\n\nMakes a named pipe."),
    KW(mknod, "mknod($module, /, path, mode=384, device=0, *, dir_fd=None)\n--\n\nMakes a file system node."),
    KW(truncate, "truncate($module, /, path, length)\n--\n\nSets a file's length."),
    {"major", posix_major, METH_O, "major($module, device, /)\n--\n\nThe major number of a device."},
    {"minor", posix_minor, METH_O, "minor($module, device, /)\n--\n\nThe minor number of a device."},
    {"makedev", posix_makedev, METH_VARARGS, "makedev($module, major, minor, /)\n--\n\nA device of two numbers."},
    KW(utime, "utime($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None,\n      follow_symlinks=True)\n--\n\nSets a file's access and modification times."),
    KW(getxattr, "getxattr($module, /, path, attribute, *, follow_symlinks=True)\n--\n\nAn extended attribute."),
    KW(setxattr, "setxattr($module, /, path, attribute, value, flags=0, *,\n         follow_symlinks=True)\n--\n\nSets an extended attribute."),
    KW(removexattr, "removexattr($module, /, path, attribute, *, follow_symlinks=True)\n--\n\nRemoves an extended attribute."),
    KW(listxattr, "listxattr($module, /, path=None, *, follow_symlinks=True)\n--\n\nThe names of extended attributes."),
    {NULL}};
