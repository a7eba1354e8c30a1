/* _stat.c - the module `_stat`: the S_* tests and constants of stat.h. */
#include "krait.h"
#include <sys/stat.h>

/* st_mode of an argument; 0 with an exception set. */
static int mode_of(PyObject *o, mode_t *mode) {
    unsigned long v = PyLong_AsUnsignedLong(o);
    if (v == (unsigned long)-1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_TypeError, "an integer is required");
        return -1;
    }
    if ((unsigned long)(mode_t)v != v) {
        PyErr_SetString(PyExc_OverflowError, "mode out of range");
        return -1;
    }
    *mode = (mode_t)v;
    return 0;
}
#define TEST(name)                                                    \
    static PyObject *stat_##name(PyObject *self, PyObject *o) {       \
        mode_t m;                                                     \
        return mode_of(o, &m) < 0 ? NULL : PyBool_FromLong(name(m));  \
    }
TEST(S_ISDIR)
TEST(S_ISCHR)
TEST(S_ISBLK)
TEST(S_ISREG)
TEST(S_ISFIFO)
TEST(S_ISLNK)
TEST(S_ISSOCK)
static PyObject *stat_never(PyObject *self, PyObject *o) {
    mode_t m;
    return mode_of(o, &m) < 0 ? NULL : PyBool_FromLong(0);
}
static PyObject *stat_S_IMODE(PyObject *self, PyObject *o) {
    mode_t m;
    return mode_of(o, &m) < 0 ? NULL : PyLong_FromUnsignedLong(m & 07777);
}
static PyObject *stat_S_IFMT(PyObject *self, PyObject *o) {
    mode_t m;
    return mode_of(o, &m) < 0 ? NULL : PyLong_FromUnsignedLong(m & S_IFMT);
}
static PyObject *stat_filemode(PyObject *self, PyObject *o) {
    mode_t m;
    if (mode_of(o, &m) < 0) return NULL;
    char s[11] = "?rwxrwxrwx";
    s[0] = S_ISREG(m) ? '-' : S_ISDIR(m) ? 'd' : S_ISLNK(m) ? 'l' : S_ISBLK(m) ? 'b' : S_ISCHR(m) ? 'c' : S_ISFIFO(m) ? 'p' : S_ISSOCK(m) ? 's' : '?';
    for (int i = 0; i < 9; i++)
        if (!(m & (0400u >> i))) s[i + 1] = '-';
    if (m & S_ISUID) s[3] = m & S_IXUSR ? 's' : 'S';
    if (m & S_ISGID) s[6] = m & S_IXGRP ? 's' : 'S';
    if (m & S_ISVTX) s[9] = m & S_IXOTH ? 't' : 'T';
    return PyUnicode_FromString(s);
}
#define M(name) {#name, stat_##name, METH_O, #name "(mode)\n--\n\nThe test or part of a file's mode."}
static PyMethodDef stat_methods[] = {
    M(S_ISDIR), M(S_ISCHR), M(S_ISBLK), M(S_ISREG), M(S_ISFIFO), M(S_ISLNK), M(S_ISSOCK), M(S_IMODE), M(S_IFMT),
    {"S_ISDOOR", stat_never, METH_O, "False here."}, {"S_ISPORT", stat_never, METH_O, "False here."}, {"S_ISWHT", stat_never, METH_O, "False here."},
    {"filemode", stat_filemode, METH_O, "filemode(mode)\n--\n\nThe mode as ls -l shows it."}, {NULL}};

static int stat_exec(PyObject *m) {
    static const struct { const char *name; unsigned long value; } constants[] = {
#define C(n) {#n, n}
        C(S_IFDIR), C(S_IFCHR), C(S_IFBLK), C(S_IFREG), C(S_IFIFO), C(S_IFLNK), C(S_IFSOCK), C(S_ISUID), C(S_ISGID), C(S_ISVTX),
        C(S_IREAD), C(S_IWRITE), C(S_IEXEC), C(S_IRWXU), C(S_IRUSR), C(S_IWUSR), C(S_IXUSR), C(S_IRWXG), C(S_IRGRP), C(S_IWGRP),
        C(S_IXGRP), C(S_IRWXO), C(S_IROTH), C(S_IWOTH), C(S_IXOTH),
#undef C
        {"S_IFDOOR", 0}, {"S_IFPORT", 0}, {"S_IFWHT", 0}, {"S_ENFMT", S_ISGID}, {"UF_NODUMP", 1}, {"UF_IMMUTABLE", 2}, {"UF_APPEND", 4},
        {"UF_OPAQUE", 8}, {"UF_NOUNLINK", 16}, {"UF_COMPRESSED", 32}, {"UF_HIDDEN", 0x8000}, {"SF_ARCHIVED", 0x10000},
        {"SF_IMMUTABLE", 0x20000}, {"SF_APPEND", 0x40000}, {"SF_NOUNLINK", 0x100000}, {"SF_SNAPSHOT", 0x200000},
        {"ST_MODE", 0}, {"ST_INO", 1}, {"ST_DEV", 2}, {"ST_NLINK", 3}, {"ST_UID", 4}, {"ST_GID", 5}, {"ST_SIZE", 6}, {"ST_ATIME", 7},
        {"ST_MTIME", 8}, {"ST_CTIME", 9}};
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(m, constants[i].name, (long)constants[i].value) < 0) return -1;
    return 0;
}
static PyModuleDef_Slot stat_slots[] = {{Py_mod_exec, stat_exec}, {0, NULL}};
static struct PyModuleDef stat_module = {PyModuleDef_HEAD_INIT, "_stat", "File modes.", 0, stat_methods, stat_slots};
PyObject *PyInit__stat(void) { return PyModuleDef_Init(&stat_module); }
