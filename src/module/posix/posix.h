/* posix.h - what the files of the module `posix` share: path arguments, errors, the method tables.
 *
 * A path argument (Path) is str, bytes, os.PathLike, or a descriptor where the function says so; it owns what its `name`
 * points into until path_done. Functions raise OSError with the path as it was given.
 */
#ifndef KRAIT_POSIX_H
#define KRAIT_POSIX_H
#include "krait.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *function, *argument;
    bool nullable, allow_fd;
    const char *name;           /* NULL: a descriptor, or None */
    int fd;                     /* -1 unless a descriptor was given */
    bool is_bytes;              /* given as bytes: results are bytes too */
    PyObject *object, *owner;
} Path;
#define PATH(func, arg) {.function = func, .argument = arg, .fd = -1}
#define PATH_OR_FD(func, arg) {.function = func, .argument = arg, .fd = -1, .allow_fd = true}

/* "O&" converter filling a Path; cleans up by path_done. */
int posix_path(PyObject *o, void *path);
void posix_path_done(Path *p);
/* "O&" converters: dir_fd (None or int), uid_t, gid_t. */
int posix_dir_fd(PyObject *o, void *fd);
PyObject *_PyLong_FromUid(uid_t);
PyObject *_PyLong_FromGid(gid_t);
int _Py_Uid_Converter(PyObject *, uid_t *);
int _Py_Gid_Converter(PyObject *, gid_t *);
PyObject *posix_error(void);                     /* OSError from errno */
PyObject *posix_path_error(const Path *p);
PyObject *posix_path_error2(const Path *a, const Path *b);
/* A system name as str or bytes. */
PyObject *posix_name(const char *s, Py_ssize_t n, bool as_bytes);

typedef struct {
    PyTypeObject *stat_result, *statvfs_result, *terminal_size, *times_result, *uname_result, *waitid_result, *sched_param, *dir_entry, *scandir_iterator;
} PosixModule;
PosixModule *posix_module_state(void);
PyObject *posix_stat_result(const struct stat *st);

extern PyMethodDef posix_file_methods[], posix_process_methods[], posix_fd_methods[], posix_dir_methods[];
int posix_dir_init(PyObject *module, PosixModule *m);
int posix_process_init(PyObject *module, PosixModule *m);
int posix_constants_init(PyObject *module);

/* Runs a system call without the GIL, again after EINTR unless a handler raised: rc -1 then has errno or, if `raised`, an exception. */
#define POSIX_RETRY(rc, raised, call)                                     \
    do {                                                                  \
        Py_BEGIN_ALLOW_THREADS rc = (call);                               \
        Py_END_ALLOW_THREADS                                              \
    } while (rc < 0 && errno == EINTR && !(raised = PyErr_CheckSignals()))
#endif
