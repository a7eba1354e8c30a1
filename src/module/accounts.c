/* accounts.c - the modules `pwd`, `grp` and `spwd`: the user, group and shadow databases. */
#include "krait.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <unistd.h>

int _Py_Uid_Converter(PyObject *, uid_t *);
int _Py_Gid_Converter(PyObject *, gid_t *);
PyObject *_PyLong_FromUid(uid_t);
PyObject *_PyLong_FromGid(gid_t);

static PyObject *text(const char *s) { return s ? PyUnicode_DecodeFSDefault(s) : Py_NewRef(Py_None); }
/* The module's only type is its state. */
static PyTypeObject *entry_type(PyObject *module) { return *(PyTypeObject **)PyModule_GetState(module); }
static int types_traverse(PyObject *m, visitproc visit, void *arg) {
    Py_VISIT(*(PyObject **)PyModule_GetState(m));
    return 0;
}
static int types_clear(PyObject *m) {
    Py_CLEAR(*(PyObject **)PyModule_GetState(m));
    return 0;
}
static void types_free(void *m) { types_clear(m); }
static int add_type(PyObject *m, PyStructSequence_Desc *desc) {
    PyTypeObject *t = PyStructSequence_NewType(desc);
    *(PyTypeObject **)PyModule_GetState(m) = t;
    return t ? PyModule_AddType(m, t) : -1;
}
/* Calls a reentrant look-up with a growing buffer: sets *found (NULL: no such entry); -1 with OSError or MemoryError. */
#define LOOKUP(found, entry, buf, call)                                    \
    char *buf = NULL;                                                      \
    int rc_ = ERANGE;                                                      \
    for (size_t size_ = 1024; rc_ == ERANGE; size_ *= 2) {                 \
        char *more_ = PyMem_RawRealloc(buf, size_);                        \
        if (!more_) break;                                                 \
        buf = more_;                                                       \
        Py_BEGIN_ALLOW_THREADS rc_ = call(buf, size_);                     \
        Py_END_ALLOW_THREADS                                               \
    }

/* ------------------------------------------------------------------ pwd */

static PyStructSequence_Field pwd_fields[] = {{"pw_name", "user name"}, {"pw_passwd", "password"}, {"pw_uid", "user id"}, {"pw_gid", "group id"},
    {"pw_gecos", "real name"}, {"pw_dir", "home directory"}, {"pw_shell", "shell program"}, {0}};
static PyStructSequence_Desc pwd_desc = {"pwd.struct_passwd", "An entry of the user database.", pwd_fields, 7};
static PyObject *make_pwd(PyObject *module, const struct passwd *p) {
    PyObject *v = PyStructSequence_New(entry_type(module));
    if (!v) return NULL;
    PyObject *items[] = {text(p->pw_name), text(p->pw_passwd), _PyLong_FromUid(p->pw_uid), _PyLong_FromGid(p->pw_gid), text(p->pw_gecos), text(p->pw_dir), text(p->pw_shell)};
    for (Py_ssize_t i = 0; i < 7; i++) PyStructSequence_SET_ITEM(v, i, items[i]);
    if (PyErr_Occurred()) Py_CLEAR(v);
    return v;
}
static PyObject *pwd_getpwuid(PyObject *self, PyObject *arg) {
    uid_t uid;
    if (!_Py_Uid_Converter(arg, &uid)) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) PyErr_Format(PyExc_KeyError, "getpwuid(): uid not found");
        return NULL;
    }
    struct passwd entry, *found = NULL;
#define CALL(b, n) getpwuid_r(uid, &entry, b, n, &found)
    LOOKUP(found, entry, buf, CALL)
#undef CALL
    PyObject *r = found ? make_pwd(self, found) : NULL;
    if (!found) {
        PyObject *o = _PyLong_FromUid(uid);
        if (o) PyErr_Format(PyExc_KeyError, "getpwuid(): uid not found: %S", o);
        Py_XDECREF(o);
    }
    PyMem_RawFree(buf);
    return r;
}
static PyObject *pwd_getpwnam(PyObject *self, PyObject *arg) {
    if (!PyUnicode_Check(arg)) {
        _PyArg_BadArgument("getpwnam", "argument", "str", arg);
        return NULL;
    }
    PyObject *bytes = PyUnicode_EncodeFSDefault(arg);
    char *name;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &name, NULL) < 0) {
        Py_XDECREF(bytes);
        return NULL;
    }
    struct passwd entry, *found = NULL;
#define CALL(b, n) getpwnam_r(name, &entry, b, n, &found)
    LOOKUP(found, entry, buf, CALL)
#undef CALL
    PyObject *r = found ? make_pwd(self, found) : PyErr_Format(PyExc_KeyError, "getpwnam(): name not found: %R", arg);
    PyMem_RawFree(buf);
    Py_DECREF(bytes);
    return r;
}
/* Every entry of a database by its get/end functions. */
#define ALL_ENTRIES(set, get, end, type, make)                             \
    PyObject *list = PyList_New(0);                                        \
    type *p;                                                               \
    set();                                                                 \
    while (list && (p = get())) {                                          \
        PyObject *v = make(self, p);                                       \
        if (!v || PyList_Append(list, v) < 0) Py_CLEAR(list);              \
        Py_XDECREF(v);                                                     \
    }                                                                      \
    end();                                                                 \
    return list;
static PyObject *pwd_getpwall(PyObject *self, PyObject *ignored) { ALL_ENTRIES(setpwent, getpwent, endpwent, struct passwd, make_pwd) }
static PyMethodDef pwd_methods[] = {{"getpwuid", pwd_getpwuid, METH_O, "getpwuid($module, uidobj, /)\n--\n\nThe entry of a user number."},
    {"getpwnam", pwd_getpwnam, METH_O, "getpwnam($module, name, /)\n--\n\nThe entry of a user name."},
    {"getpwall", pwd_getpwall, METH_NOARGS, "getpwall($module, /)\n--\n\nAll entries."}, {NULL}};
static int pwd_exec(PyObject *m) { return add_type(m, &pwd_desc); }
static PyModuleDef_Slot pwd_slots[] = {{Py_mod_exec, pwd_exec}, {0, NULL}};
static struct PyModuleDef pwd_module = {PyModuleDef_HEAD_INIT, "pwd", "The user database.", sizeof(PyTypeObject *), pwd_methods, pwd_slots, types_traverse, types_clear, types_free};
PyObject *PyInit_pwd(void) { return PyModuleDef_Init(&pwd_module); }

/* ------------------------------------------------------------------ grp */

static PyStructSequence_Field grp_fields[] = {{"gr_name", "group name"}, {"gr_passwd", "password"}, {"gr_gid", "group id"}, {"gr_mem", "group members"}, {0}};
static PyStructSequence_Desc grp_desc = {"grp.struct_group", "An entry of the group database.", grp_fields, 4};
static PyObject *make_grp(PyObject *module, const struct group *g) {
    PyObject *v = PyStructSequence_New(entry_type(module)), *members = PyList_New(0);
    for (char **p = g->gr_mem; v && members && *p; p++) {
        PyObject *s = text(*p);
        if (!s || PyList_Append(members, s) < 0) Py_CLEAR(members);
        Py_XDECREF(s);
    }
    if (!v || !members) {
        Py_XDECREF(v);
        Py_XDECREF(members);
        return NULL;
    }
    PyStructSequence_SET_ITEM(v, 0, text(g->gr_name));
    PyStructSequence_SET_ITEM(v, 1, text(g->gr_passwd));
    PyStructSequence_SET_ITEM(v, 2, _PyLong_FromGid(g->gr_gid));
    PyStructSequence_SET_ITEM(v, 3, members);
    if (PyErr_Occurred()) Py_CLEAR(v);
    return v;
}
static PyObject *grp_getgrgid(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"id", NULL};
    PyObject *arg;
    gid_t gid;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:getgrgid", names, &arg)) return NULL;
    if (!_Py_Gid_Converter(arg, &gid)) return NULL;
    struct group entry, *found = NULL;
#define CALL(b, n) getgrgid_r(gid, &entry, b, n, &found)
    LOOKUP(found, entry, buf, CALL)
#undef CALL
    PyObject *r = found ? make_grp(self, found) : NULL;
    if (!found) {
        PyObject *o = _PyLong_FromGid(gid);
        if (o) PyErr_Format(PyExc_KeyError, "getgrgid(): gid not found: %S", o);
        Py_XDECREF(o);
    }
    PyMem_RawFree(buf);
    return r;
}
static PyObject *grp_getgrnam(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", NULL};
    PyObject *arg;
    char *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U:getgrnam", names, &arg)) return NULL;
    PyObject *bytes = PyUnicode_EncodeFSDefault(arg);
    if (!bytes || PyBytes_AsStringAndSize(bytes, &name, NULL) < 0) {
        Py_XDECREF(bytes);
        return NULL;
    }
    struct group entry, *found = NULL;
#define CALL(b, n) getgrnam_r(name, &entry, b, n, &found)
    LOOKUP(found, entry, buf, CALL)
#undef CALL
    PyObject *r = found ? make_grp(self, found) : PyErr_Format(PyExc_KeyError, "getgrnam(): name not found: %R", arg);
    PyMem_RawFree(buf);
    Py_DECREF(bytes);
    return r;
}
static PyObject *grp_getgrall(PyObject *self, PyObject *ignored) { ALL_ENTRIES(setgrent, getgrent, endgrent, struct group, make_grp) }
static PyMethodDef grp_methods[] = {{"getgrgid", KR_METH(grp_getgrgid), METH_VARARGS | METH_KEYWORDS, "getgrgid($module, /, id)\n--\n\nThe entry of a group number."},
    {"getgrnam", KR_METH(grp_getgrnam), METH_VARARGS | METH_KEYWORDS, "getgrnam($module, /, name)\n--\n\nThe entry of a group name."},
    {"getgrall", grp_getgrall, METH_NOARGS, "getgrall($module, /)\n--\n\nAll entries."}, {NULL}};
static int grp_exec(PyObject *m) { return add_type(m, &grp_desc); }
static PyModuleDef_Slot grp_slots[] = {{Py_mod_exec, grp_exec}, {0, NULL}};
static struct PyModuleDef grp_module = {PyModuleDef_HEAD_INIT, "grp", "The group database.", sizeof(PyTypeObject *), grp_methods, grp_slots, types_traverse, types_clear, types_free};
PyObject *PyInit_grp(void) { return PyModuleDef_Init(&grp_module); }

/* ------------------------------------------------------------------ spwd */

static PyStructSequence_Field spwd_fields[] = {{"sp_namp", "login name"}, {"sp_pwdp", "encrypted password"}, {"sp_lstchg", "date of last change"},
    {"sp_min", "min #days between changes"}, {"sp_max", "max #days between changes"}, {"sp_warn", "#days before pw expires to warn user about it"},
    {"sp_inact", "#days after pw expires until account is disabled"}, {"sp_expire", "#days since 1970-01-01 when account expires"}, {"sp_flag", "reserved"},
    {"sp_nam", "login name; deprecated"}, {"sp_pwd", "encrypted password; deprecated"}, {0}};
static PyStructSequence_Desc spwd_desc = {"spwd.struct_spwd", "An entry of the shadow database.", spwd_fields, 9};
static PyObject *make_spwd(PyObject *module, const struct spwd *p) {
    PyObject *v = PyStructSequence_New(entry_type(module));
    if (!v) return NULL;
    long numbers[] = {p->sp_lstchg, p->sp_min, p->sp_max, p->sp_warn, p->sp_inact, p->sp_expire, (long)p->sp_flag};
    PyStructSequence_SET_ITEM(v, 0, text(p->sp_namp));
    PyStructSequence_SET_ITEM(v, 1, text(p->sp_pwdp));
    for (Py_ssize_t i = 0; i < 7; i++) PyStructSequence_SET_ITEM(v, i + 2, PyLong_FromLong(numbers[i]));
    PyStructSequence_SET_ITEM(v, 9, text(p->sp_namp));
    PyStructSequence_SET_ITEM(v, 10, text(p->sp_pwdp));
    if (PyErr_Occurred()) Py_CLEAR(v);
    return v;
}
static PyObject *spwd_getspnam(PyObject *self, PyObject *arg) {
    if (!PyUnicode_Check(arg)) {
        _PyArg_BadArgument("getspnam", "argument", "str", arg);
        return NULL;
    }
    PyObject *bytes = PyUnicode_EncodeFSDefault(arg);
    char *name;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &name, NULL) < 0) {
        Py_XDECREF(bytes);
        return NULL;
    }
    errno = 0;
    struct spwd *p = getspnam(name);
    PyObject *r = p ? make_spwd(self, p) : errno && errno != ENOENT ? PyErr_SetFromErrno(PyExc_OSError) : PyErr_Format(PyExc_KeyError, "getspnam(): name not found");
    Py_DECREF(bytes);
    return r;
}
static PyObject *spwd_getspall(PyObject *self, PyObject *ignored) { ALL_ENTRIES(setspent, getspent, endspent, struct spwd, make_spwd) }
static PyMethodDef spwd_methods[] = {{"getspnam", spwd_getspnam, METH_O, "getspnam($module, arg, /)\n--\n\nThe entry of a user name."},
    {"getspall", spwd_getspall, METH_NOARGS, "getspall($module, /)\n--\n\nAll entries."}, {NULL}};
static int spwd_exec(PyObject *m) { return add_type(m, &spwd_desc); }
static PyModuleDef_Slot spwd_slots[] = {{Py_mod_exec, spwd_exec}, {0, NULL}};
static struct PyModuleDef spwd_module = {PyModuleDef_HEAD_INIT, "spwd", "The shadow password database.", sizeof(PyTypeObject *), spwd_methods, spwd_slots, types_traverse, types_clear, types_free};
PyObject *PyInit_spwd(void) { return PyModuleDef_Init(&spwd_module); }
