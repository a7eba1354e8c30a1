/* posix_constants.c - posix: the constants of the system headers, and sysconf, confstr, pathconf with their names. */
#define _GNU_SOURCE
#include "module/posix/posix.h"
#include <dlfcn.h>
#include <limits.h>
#include <linux/limits.h>
#include <linux/memfd.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sysexits.h>

typedef struct { const char *name; long value; } Constant;

static const Constant constants[] = {
    {"CLD_CONTINUED", (long)CLD_CONTINUED}, {"CLD_DUMPED", (long)CLD_DUMPED}, {"CLD_EXITED", (long)CLD_EXITED},
    {"CLD_KILLED", (long)CLD_KILLED}, {"CLD_STOPPED", (long)CLD_STOPPED}, {"CLD_TRAPPED", (long)CLD_TRAPPED},
    {"EFD_CLOEXEC", (long)EFD_CLOEXEC}, {"EFD_NONBLOCK", (long)EFD_NONBLOCK}, {"EFD_SEMAPHORE", (long)EFD_SEMAPHORE},
    {"EX_CANTCREAT", (long)EX_CANTCREAT}, {"EX_CONFIG", (long)EX_CONFIG}, {"EX_DATAERR", (long)EX_DATAERR},
    {"EX_IOERR", (long)EX_IOERR}, {"EX_NOHOST", (long)EX_NOHOST}, {"EX_NOINPUT", (long)EX_NOINPUT}, {"EX_NOPERM", (long)EX_NOPERM},
    {"EX_NOUSER", (long)EX_NOUSER}, {"EX_OK", (long)EX_OK}, {"EX_OSERR", (long)EX_OSERR}, {"EX_OSFILE", (long)EX_OSFILE},
    {"EX_PROTOCOL", (long)EX_PROTOCOL}, {"EX_SOFTWARE", (long)EX_SOFTWARE}, {"EX_TEMPFAIL", (long)EX_TEMPFAIL},
    {"EX_UNAVAILABLE", (long)EX_UNAVAILABLE}, {"EX_USAGE", (long)EX_USAGE}, {"F_LOCK", (long)F_LOCK}, {"F_OK", (long)F_OK},
    {"F_TEST", (long)F_TEST}, {"F_TLOCK", (long)F_TLOCK}, {"F_ULOCK", (long)F_ULOCK}, {"GRND_NONBLOCK", (long)GRND_NONBLOCK},
    {"GRND_RANDOM", (long)GRND_RANDOM}, {"MFD_ALLOW_SEALING", (long)MFD_ALLOW_SEALING}, {"MFD_CLOEXEC", (long)MFD_CLOEXEC},
    {"MFD_HUGETLB", (long)MFD_HUGETLB}, {"MFD_HUGE_16GB", (long)MFD_HUGE_16GB}, {"MFD_HUGE_16MB", (long)MFD_HUGE_16MB},
    {"MFD_HUGE_1GB", (long)MFD_HUGE_1GB}, {"MFD_HUGE_1MB", (long)MFD_HUGE_1MB}, {"MFD_HUGE_256MB", (long)MFD_HUGE_256MB},
    {"MFD_HUGE_2GB", (long)MFD_HUGE_2GB}, {"MFD_HUGE_2MB", (long)MFD_HUGE_2MB}, {"MFD_HUGE_32MB", (long)MFD_HUGE_32MB},
    {"MFD_HUGE_512KB", (long)MFD_HUGE_512KB}, {"MFD_HUGE_512MB", (long)MFD_HUGE_512MB}, {"MFD_HUGE_64KB", (long)MFD_HUGE_64KB},
    {"MFD_HUGE_8MB", (long)MFD_HUGE_8MB}, {"MFD_HUGE_MASK", (long)MFD_HUGE_MASK}, {"MFD_HUGE_SHIFT", (long)MFD_HUGE_SHIFT},
    {"NGROUPS_MAX", (long)NGROUPS_MAX}, {"O_ACCMODE", (long)O_ACCMODE}, {"O_APPEND", (long)O_APPEND}, {"O_ASYNC", (long)O_ASYNC},
    {"O_CLOEXEC", (long)O_CLOEXEC}, {"O_CREAT", (long)O_CREAT}, {"O_DIRECT", (long)O_DIRECT}, {"O_DIRECTORY", (long)O_DIRECTORY},
    {"O_DSYNC", (long)O_DSYNC}, {"O_EXCL", (long)O_EXCL}, {"O_FSYNC", (long)O_FSYNC}, {"O_LARGEFILE", (long)O_LARGEFILE},
    {"O_NDELAY", (long)O_NDELAY}, {"O_NOATIME", (long)O_NOATIME}, {"O_NOCTTY", (long)O_NOCTTY}, {"O_NOFOLLOW", (long)O_NOFOLLOW},
    {"O_NONBLOCK", (long)O_NONBLOCK}, {"O_PATH", (long)O_PATH}, {"O_RDONLY", (long)O_RDONLY}, {"O_RDWR", (long)O_RDWR},
    {"O_RSYNC", (long)O_RSYNC}, {"O_SYNC", (long)O_SYNC}, {"O_TMPFILE", (long)O_TMPFILE}, {"O_TRUNC", (long)O_TRUNC},
    {"O_WRONLY", (long)O_WRONLY}, {"POSIX_FADV_DONTNEED", (long)POSIX_FADV_DONTNEED},
    {"POSIX_FADV_NOREUSE", (long)POSIX_FADV_NOREUSE}, {"POSIX_FADV_NORMAL", (long)POSIX_FADV_NORMAL},
    {"POSIX_FADV_RANDOM", (long)POSIX_FADV_RANDOM}, {"POSIX_FADV_SEQUENTIAL", (long)POSIX_FADV_SEQUENTIAL},
    {"POSIX_FADV_WILLNEED", (long)POSIX_FADV_WILLNEED}, {"POSIX_SPAWN_CLOSE", (long)1}, {"POSIX_SPAWN_DUP2", (long)2},
    {"POSIX_SPAWN_OPEN", (long)0}, {"PRIO_PGRP", (long)PRIO_PGRP}, {"PRIO_PROCESS", (long)PRIO_PROCESS},
    {"PRIO_USER", (long)PRIO_USER}, {"P_ALL", (long)P_ALL}, {"P_PGID", (long)P_PGID}, {"P_PID", (long)P_PID},
    {"P_PIDFD", (long)P_PIDFD}, {"RTLD_DEEPBIND", (long)RTLD_DEEPBIND}, {"RTLD_GLOBAL", (long)RTLD_GLOBAL},
    {"RTLD_LAZY", (long)RTLD_LAZY}, {"RTLD_LOCAL", (long)RTLD_LOCAL}, {"RTLD_NODELETE", (long)RTLD_NODELETE},
    {"RTLD_NOLOAD", (long)RTLD_NOLOAD}, {"RTLD_NOW", (long)RTLD_NOW}, {"RWF_APPEND", (long)RWF_APPEND},
    {"RWF_DSYNC", (long)RWF_DSYNC}, {"RWF_HIPRI", (long)RWF_HIPRI}, {"RWF_NOWAIT", (long)RWF_NOWAIT}, {"RWF_SYNC", (long)RWF_SYNC},
    {"R_OK", (long)R_OK}, {"SCHED_BATCH", (long)SCHED_BATCH}, {"SCHED_FIFO", (long)SCHED_FIFO}, {"SCHED_IDLE", (long)SCHED_IDLE},
    {"SCHED_OTHER", (long)SCHED_OTHER}, {"SCHED_RESET_ON_FORK", (long)SCHED_RESET_ON_FORK}, {"SCHED_RR", (long)SCHED_RR},
    {"SEEK_DATA", (long)SEEK_DATA}, {"SEEK_HOLE", (long)SEEK_HOLE}, {"SPLICE_F_MORE", (long)SPLICE_F_MORE},
    {"SPLICE_F_MOVE", (long)SPLICE_F_MOVE}, {"SPLICE_F_NONBLOCK", (long)SPLICE_F_NONBLOCK}, {"ST_APPEND", (long)ST_APPEND},
    {"ST_MANDLOCK", (long)ST_MANDLOCK}, {"ST_NOATIME", (long)ST_NOATIME}, {"ST_NODEV", (long)ST_NODEV},
    {"ST_NODIRATIME", (long)ST_NODIRATIME}, {"ST_NOEXEC", (long)ST_NOEXEC}, {"ST_NOSUID", (long)ST_NOSUID},
    {"ST_RDONLY", (long)ST_RDONLY}, {"ST_RELATIME", (long)ST_RELATIME}, {"ST_SYNCHRONOUS", (long)ST_SYNCHRONOUS},
    {"ST_WRITE", (long)ST_WRITE}, {"TMP_MAX", (long)TMP_MAX}, {"WCONTINUED", (long)WCONTINUED}, {"WEXITED", (long)WEXITED},
    {"WNOHANG", (long)WNOHANG}, {"WNOWAIT", (long)WNOWAIT}, {"WSTOPPED", (long)WSTOPPED}, {"WUNTRACED", (long)WUNTRACED},
    {"W_OK", (long)W_OK}, {"XATTR_CREATE", (long)XATTR_CREATE}, {"XATTR_REPLACE", (long)XATTR_REPLACE},
    {"XATTR_SIZE_MAX", (long)65536}, {"X_OK", (long)X_OK},
};
static const Constant sysconf_names[] = {
    {"SC_2_CHAR_TERM", _SC_2_CHAR_TERM}, {"SC_2_C_BIND", _SC_2_C_BIND}, {"SC_2_C_DEV", _SC_2_C_DEV},
    {"SC_2_C_VERSION", _SC_2_C_VERSION}, {"SC_2_FORT_DEV", _SC_2_FORT_DEV}, {"SC_2_FORT_RUN", _SC_2_FORT_RUN},
    {"SC_2_LOCALEDEF", _SC_2_LOCALEDEF}, {"SC_2_SW_DEV", _SC_2_SW_DEV}, {"SC_2_UPE", _SC_2_UPE}, {"SC_2_VERSION", _SC_2_VERSION},
    {"SC_AIO_LISTIO_MAX", _SC_AIO_LISTIO_MAX}, {"SC_AIO_MAX", _SC_AIO_MAX}, {"SC_AIO_PRIO_DELTA_MAX", _SC_AIO_PRIO_DELTA_MAX},
    {"SC_ARG_MAX", _SC_ARG_MAX}, {"SC_ASYNCHRONOUS_IO", _SC_ASYNCHRONOUS_IO}, {"SC_ATEXIT_MAX", _SC_ATEXIT_MAX},
    {"SC_AVPHYS_PAGES", _SC_AVPHYS_PAGES}, {"SC_BC_BASE_MAX", _SC_BC_BASE_MAX}, {"SC_BC_DIM_MAX", _SC_BC_DIM_MAX},
    {"SC_BC_SCALE_MAX", _SC_BC_SCALE_MAX}, {"SC_BC_STRING_MAX", _SC_BC_STRING_MAX},
    {"SC_CHARCLASS_NAME_MAX", _SC_CHARCLASS_NAME_MAX}, {"SC_CHAR_BIT", _SC_CHAR_BIT}, {"SC_CHAR_MAX", _SC_CHAR_MAX},
    {"SC_CHAR_MIN", _SC_CHAR_MIN}, {"SC_CHILD_MAX", _SC_CHILD_MAX}, {"SC_CLK_TCK", _SC_CLK_TCK},
    {"SC_COLL_WEIGHTS_MAX", _SC_COLL_WEIGHTS_MAX}, {"SC_DELAYTIMER_MAX", _SC_DELAYTIMER_MAX},
    {"SC_EQUIV_CLASS_MAX", _SC_EQUIV_CLASS_MAX}, {"SC_EXPR_NEST_MAX", _SC_EXPR_NEST_MAX}, {"SC_FSYNC", _SC_FSYNC},
    {"SC_GETGR_R_SIZE_MAX", _SC_GETGR_R_SIZE_MAX}, {"SC_GETPW_R_SIZE_MAX", _SC_GETPW_R_SIZE_MAX}, {"SC_INT_MAX", _SC_INT_MAX},
    {"SC_INT_MIN", _SC_INT_MIN}, {"SC_IOV_MAX", _SC_IOV_MAX}, {"SC_JOB_CONTROL", _SC_JOB_CONTROL}, {"SC_LINE_MAX", _SC_LINE_MAX},
    {"SC_LOGIN_NAME_MAX", _SC_LOGIN_NAME_MAX}, {"SC_LONG_BIT", _SC_LONG_BIT}, {"SC_MAPPED_FILES", _SC_MAPPED_FILES},
    {"SC_MB_LEN_MAX", _SC_MB_LEN_MAX}, {"SC_MEMLOCK", _SC_MEMLOCK}, {"SC_MEMLOCK_RANGE", _SC_MEMLOCK_RANGE},
    {"SC_MEMORY_PROTECTION", _SC_MEMORY_PROTECTION}, {"SC_MESSAGE_PASSING", _SC_MESSAGE_PASSING},
    {"SC_MINSIGSTKSZ", _SC_MINSIGSTKSZ}, {"SC_MQ_OPEN_MAX", _SC_MQ_OPEN_MAX}, {"SC_MQ_PRIO_MAX", _SC_MQ_PRIO_MAX},
    {"SC_NGROUPS_MAX", _SC_NGROUPS_MAX}, {"SC_NL_ARGMAX", _SC_NL_ARGMAX}, {"SC_NL_LANGMAX", _SC_NL_LANGMAX},
    {"SC_NL_MSGMAX", _SC_NL_MSGMAX}, {"SC_NL_NMAX", _SC_NL_NMAX}, {"SC_NL_SETMAX", _SC_NL_SETMAX},
    {"SC_NL_TEXTMAX", _SC_NL_TEXTMAX}, {"SC_NPROCESSORS_CONF", _SC_NPROCESSORS_CONF}, {"SC_NPROCESSORS_ONLN", _SC_NPROCESSORS_ONLN},
    {"SC_NZERO", _SC_NZERO}, {"SC_OPEN_MAX", _SC_OPEN_MAX}, {"SC_PAGESIZE", _SC_PAGESIZE}, {"SC_PAGE_SIZE", _SC_PAGE_SIZE},
    {"SC_PASS_MAX", _SC_PASS_MAX}, {"SC_PHYS_PAGES", _SC_PHYS_PAGES}, {"SC_PII", _SC_PII}, {"SC_PII_INTERNET", _SC_PII_INTERNET},
    {"SC_PII_INTERNET_DGRAM", _SC_PII_INTERNET_DGRAM}, {"SC_PII_INTERNET_STREAM", _SC_PII_INTERNET_STREAM},
    {"SC_PII_OSI", _SC_PII_OSI}, {"SC_PII_OSI_CLTS", _SC_PII_OSI_CLTS}, {"SC_PII_OSI_COTS", _SC_PII_OSI_COTS},
    {"SC_PII_OSI_M", _SC_PII_OSI_M}, {"SC_PII_SOCKET", _SC_PII_SOCKET}, {"SC_PII_XTI", _SC_PII_XTI}, {"SC_POLL", _SC_POLL},
    {"SC_PRIORITIZED_IO", _SC_PRIORITIZED_IO}, {"SC_PRIORITY_SCHEDULING", _SC_PRIORITY_SCHEDULING},
    {"SC_REALTIME_SIGNALS", _SC_REALTIME_SIGNALS}, {"SC_RE_DUP_MAX", _SC_RE_DUP_MAX}, {"SC_RTSIG_MAX", _SC_RTSIG_MAX},
    {"SC_SAVED_IDS", _SC_SAVED_IDS}, {"SC_SCHAR_MAX", _SC_SCHAR_MAX}, {"SC_SCHAR_MIN", _SC_SCHAR_MIN}, {"SC_SELECT", _SC_SELECT},
    {"SC_SEMAPHORES", _SC_SEMAPHORES}, {"SC_SEM_NSEMS_MAX", _SC_SEM_NSEMS_MAX}, {"SC_SEM_VALUE_MAX", _SC_SEM_VALUE_MAX},
    {"SC_SHARED_MEMORY_OBJECTS", _SC_SHARED_MEMORY_OBJECTS}, {"SC_SHRT_MAX", _SC_SHRT_MAX}, {"SC_SHRT_MIN", _SC_SHRT_MIN},
    {"SC_SIGQUEUE_MAX", _SC_SIGQUEUE_MAX}, {"SC_SSIZE_MAX", _SC_SSIZE_MAX}, {"SC_STREAM_MAX", _SC_STREAM_MAX},
    {"SC_SYNCHRONIZED_IO", _SC_SYNCHRONIZED_IO}, {"SC_THREADS", _SC_THREADS},
    {"SC_THREAD_ATTR_STACKADDR", _SC_THREAD_ATTR_STACKADDR}, {"SC_THREAD_ATTR_STACKSIZE", _SC_THREAD_ATTR_STACKSIZE},
    {"SC_THREAD_DESTRUCTOR_ITERATIONS", _SC_THREAD_DESTRUCTOR_ITERATIONS}, {"SC_THREAD_KEYS_MAX", _SC_THREAD_KEYS_MAX},
    {"SC_THREAD_PRIORITY_SCHEDULING", _SC_THREAD_PRIORITY_SCHEDULING}, {"SC_THREAD_PRIO_INHERIT", _SC_THREAD_PRIO_INHERIT},
    {"SC_THREAD_PRIO_PROTECT", _SC_THREAD_PRIO_PROTECT}, {"SC_THREAD_PROCESS_SHARED", _SC_THREAD_PROCESS_SHARED},
    {"SC_THREAD_SAFE_FUNCTIONS", _SC_THREAD_SAFE_FUNCTIONS}, {"SC_THREAD_STACK_MIN", _SC_THREAD_STACK_MIN},
    {"SC_THREAD_THREADS_MAX", _SC_THREAD_THREADS_MAX}, {"SC_TIMERS", _SC_TIMERS}, {"SC_TIMER_MAX", _SC_TIMER_MAX},
    {"SC_TTY_NAME_MAX", _SC_TTY_NAME_MAX}, {"SC_TZNAME_MAX", _SC_TZNAME_MAX}, {"SC_T_IOV_MAX", _SC_T_IOV_MAX},
    {"SC_UCHAR_MAX", _SC_UCHAR_MAX}, {"SC_UINT_MAX", _SC_UINT_MAX}, {"SC_UIO_MAXIOV", _SC_UIO_MAXIOV},
    {"SC_ULONG_MAX", _SC_ULONG_MAX}, {"SC_USHRT_MAX", _SC_USHRT_MAX}, {"SC_VERSION", _SC_VERSION}, {"SC_WORD_BIT", _SC_WORD_BIT},
    {"SC_XBS5_ILP32_OFF32", _SC_XBS5_ILP32_OFF32}, {"SC_XBS5_ILP32_OFFBIG", _SC_XBS5_ILP32_OFFBIG},
    {"SC_XBS5_LP64_OFF64", _SC_XBS5_LP64_OFF64}, {"SC_XBS5_LPBIG_OFFBIG", _SC_XBS5_LPBIG_OFFBIG},
    {"SC_XOPEN_CRYPT", _SC_XOPEN_CRYPT}, {"SC_XOPEN_ENH_I18N", _SC_XOPEN_ENH_I18N}, {"SC_XOPEN_LEGACY", _SC_XOPEN_LEGACY},
    {"SC_XOPEN_REALTIME", _SC_XOPEN_REALTIME}, {"SC_XOPEN_REALTIME_THREADS", _SC_XOPEN_REALTIME_THREADS},
    {"SC_XOPEN_SHM", _SC_XOPEN_SHM}, {"SC_XOPEN_UNIX", _SC_XOPEN_UNIX}, {"SC_XOPEN_VERSION", _SC_XOPEN_VERSION},
    {"SC_XOPEN_XCU_VERSION", _SC_XOPEN_XCU_VERSION}, {"SC_XOPEN_XPG2", _SC_XOPEN_XPG2}, {"SC_XOPEN_XPG3", _SC_XOPEN_XPG3},
    {"SC_XOPEN_XPG4", _SC_XOPEN_XPG4},
};
static const Constant confstr_names[] = {
    {"CS_GNU_LIBC_VERSION", _CS_GNU_LIBC_VERSION}, {"CS_GNU_LIBPTHREAD_VERSION", _CS_GNU_LIBPTHREAD_VERSION},
    {"CS_LFS64_CFLAGS", _CS_LFS64_CFLAGS}, {"CS_LFS64_LDFLAGS", _CS_LFS64_LDFLAGS}, {"CS_LFS64_LIBS", _CS_LFS64_LIBS},
    {"CS_LFS64_LINTFLAGS", _CS_LFS64_LINTFLAGS}, {"CS_LFS_CFLAGS", _CS_LFS_CFLAGS}, {"CS_LFS_LDFLAGS", _CS_LFS_LDFLAGS},
    {"CS_LFS_LIBS", _CS_LFS_LIBS}, {"CS_LFS_LINTFLAGS", _CS_LFS_LINTFLAGS}, {"CS_PATH", _CS_PATH},
    {"CS_XBS5_ILP32_OFF32_CFLAGS", _CS_XBS5_ILP32_OFF32_CFLAGS}, {"CS_XBS5_ILP32_OFF32_LDFLAGS", _CS_XBS5_ILP32_OFF32_LDFLAGS},
    {"CS_XBS5_ILP32_OFF32_LIBS", _CS_XBS5_ILP32_OFF32_LIBS}, {"CS_XBS5_ILP32_OFF32_LINTFLAGS", _CS_XBS5_ILP32_OFF32_LINTFLAGS},
    {"CS_XBS5_ILP32_OFFBIG_CFLAGS", _CS_XBS5_ILP32_OFFBIG_CFLAGS}, {"CS_XBS5_ILP32_OFFBIG_LDFLAGS", _CS_XBS5_ILP32_OFFBIG_LDFLAGS},
    {"CS_XBS5_ILP32_OFFBIG_LIBS", _CS_XBS5_ILP32_OFFBIG_LIBS}, {"CS_XBS5_ILP32_OFFBIG_LINTFLAGS", _CS_XBS5_ILP32_OFFBIG_LINTFLAGS},
    {"CS_XBS5_LP64_OFF64_CFLAGS", _CS_XBS5_LP64_OFF64_CFLAGS}, {"CS_XBS5_LP64_OFF64_LDFLAGS", _CS_XBS5_LP64_OFF64_LDFLAGS},
    {"CS_XBS5_LP64_OFF64_LIBS", _CS_XBS5_LP64_OFF64_LIBS}, {"CS_XBS5_LP64_OFF64_LINTFLAGS", _CS_XBS5_LP64_OFF64_LINTFLAGS},
    {"CS_XBS5_LPBIG_OFFBIG_CFLAGS", _CS_XBS5_LPBIG_OFFBIG_CFLAGS}, {"CS_XBS5_LPBIG_OFFBIG_LDFLAGS", _CS_XBS5_LPBIG_OFFBIG_LDFLAGS},
    {"CS_XBS5_LPBIG_OFFBIG_LIBS", _CS_XBS5_LPBIG_OFFBIG_LIBS}, {"CS_XBS5_LPBIG_OFFBIG_LINTFLAGS", _CS_XBS5_LPBIG_OFFBIG_LINTFLAGS},
};
static const Constant pathconf_names[] = {
    {"PC_ALLOC_SIZE_MIN", _PC_ALLOC_SIZE_MIN}, {"PC_ASYNC_IO", _PC_ASYNC_IO}, {"PC_CHOWN_RESTRICTED", _PC_CHOWN_RESTRICTED},
    {"PC_FILESIZEBITS", _PC_FILESIZEBITS}, {"PC_LINK_MAX", _PC_LINK_MAX}, {"PC_MAX_CANON", _PC_MAX_CANON},
    {"PC_MAX_INPUT", _PC_MAX_INPUT}, {"PC_NAME_MAX", _PC_NAME_MAX}, {"PC_NO_TRUNC", _PC_NO_TRUNC}, {"PC_PATH_MAX", _PC_PATH_MAX},
    {"PC_PIPE_BUF", _PC_PIPE_BUF}, {"PC_PRIO_IO", _PC_PRIO_IO}, {"PC_REC_INCR_XFER_SIZE", _PC_REC_INCR_XFER_SIZE},
    {"PC_REC_MAX_XFER_SIZE", _PC_REC_MAX_XFER_SIZE}, {"PC_REC_MIN_XFER_SIZE", _PC_REC_MIN_XFER_SIZE},
    {"PC_REC_XFER_ALIGN", _PC_REC_XFER_ALIGN}, {"PC_SOCK_MAXBUF", _PC_SOCK_MAXBUF}, {"PC_SYMLINK_MAX", _PC_SYMLINK_MAX},
    {"PC_SYNC_IO", _PC_SYNC_IO}, {"PC_VDISABLE", _PC_VDISABLE},
};

/* The number of a configuration name: an int, or a str of the table. */
static int name_number(PyObject *o, const Constant *table, size_t n, int *out) {
    if (PyLong_Check(o)) {
        *out = _PyLong_AsInt(o);
        return *out == -1 && PyErr_Occurred() ? -1 : 0;
    }
    if (!PyUnicode_Check(o)) {
        PyErr_SetString(PyExc_TypeError, "configuration names must be strings or integers");
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (_PyUnicode_EqualToASCIIString(o, table[i].name)) {
            *out = (int)table[i].value;
            return 0;
        }
    PyErr_SetString(PyExc_ValueError, "unrecognized configuration name");
    return -1;
}

static PyObject *posix_sysconf(PyObject *self, PyObject *arg) {
    int name;
    if (name_number(arg, sysconf_names, KR_ARRAY_LEN(sysconf_names), &name) < 0) return NULL;
    errno = 0;
    long v = sysconf(name);
    return v == -1 && errno ? posix_error() : PyLong_FromLong(v);
}
static PyObject *posix_confstr(PyObject *self, PyObject *arg) {
    int name;
    char buf[4096];
    if (name_number(arg, confstr_names, KR_ARRAY_LEN(confstr_names), &name) < 0) return NULL;
    errno = 0;
    size_t n = confstr(name, buf, sizeof buf);
    if (n == 0) return errno ? posix_error() : Py_NewRef(Py_None);
    return PyUnicode_DecodeFSDefaultAndSize(buf, (Py_ssize_t)(n < sizeof buf ? n : sizeof buf) - 1);
}
static PyObject *posix_pathconf(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "name", NULL};
    Path p = PATH_OR_FD("pathconf", "path");
    PyObject *o, *r = NULL;
    int name;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&O:pathconf", names, posix_path, &p, &o)) return NULL;
    if (name_number(o, pathconf_names, KR_ARRAY_LEN(pathconf_names), &name) == 0) {
        errno = 0;
        long v = p.fd != -1 ? fpathconf(p.fd, name) : pathconf(p.name, name);
        r = v == -1 && errno ? posix_path_error(&p) : PyLong_FromLong(v);
    }
    posix_path_done(&p);
    return r;
}
static PyObject *posix_fpathconf(PyObject *self, PyObject *args) {
    int fd, name;
    PyObject *o;
    if (!PyArg_ParseTuple(args, "iO:fpathconf", &fd, &o) || name_number(o, pathconf_names, KR_ARRAY_LEN(pathconf_names), &name) < 0) return NULL;
    errno = 0;
    long v = fpathconf(fd, name);
    return v == -1 && errno ? posix_error() : PyLong_FromLong(v);
}
static PyMethodDef methods[] = {
    {"sysconf", posix_sysconf, METH_O, "sysconf($module, name, /)\n--\n\nA number of the system's configuration."},
    {"confstr", posix_confstr, METH_O, "confstr($module, name, /)\n--\n\nA text of the system's configuration."},
    {"pathconf", KR_METH(posix_pathconf), METH_VARARGS | METH_KEYWORDS, "pathconf($module, /, path, name)\n--\n\nA limit of a file's file system."},
    {"fpathconf", posix_fpathconf, METH_VARARGS, "fpathconf($module, fd, name, /)\n--\n\nA limit of an open file's file system."},
    {NULL}};

static int add_names(PyObject *m, const char *attr, const Constant *table, size_t n) {
    PyObject *d = PyDict_New();
    int rc = d ? PyModule_AddObjectRef(m, attr, d) : -1;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        PyObject *v = PyLong_FromLong(table[i].value);
        rc = v ? PyDict_SetItemString(d, table[i].name, v) : -1;
        Py_XDECREF(v);
    }
    Py_XDECREF(d);
    return rc;
}

int posix_constants_init(PyObject *m) {
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(m, constants[i].name, constants[i].value) < 0) return -1;
    return PyModule_AddFunctions(m, methods) < 0 || add_names(m, "sysconf_names", sysconf_names, KR_ARRAY_LEN(sysconf_names)) < 0 ||
                   add_names(m, "confstr_names", confstr_names, KR_ARRAY_LEN(confstr_names)) < 0 ||
                   add_names(m, "pathconf_names", pathconf_names, KR_ARRAY_LEN(pathconf_names)) < 0
               ? -1
               : 0;
}
