/* traceback.c - traceback objects, and the dump of frames that fault handlers write. (Printing: traceback_print.c)
 *
 * A traceback is a linked list from the outermost frame to where the exception was raised; entries are added at the
 * front while the exception travels outwards (PyTraceBack_Here). tb_lasti is fixed at that time; tb_lineno is -1
 * until somebody asks for it, unless it is not the line of tb_lasti.
 */
#include "vm/traceback.h"
#include "memory/gc.h"
#include "vm/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <frameobject.h>
#include <unistd.h>

static PyObject *new_entry(PyObject *next, PyFrameObject *frame, int lasti, int lineno) {
    PyTracebackObject *tb = PyObject_GC_New(PyTracebackObject, &PyTraceBack_Type);
    if (!tb) return NULL;
    tb->tb_next = (PyTracebackObject *)Py_XNewRef(next);
    tb->tb_frame = (PyFrameObject *)Py_NewRef((PyObject *)frame);
    tb->tb_lasti = lasti;
    tb->tb_lineno = lineno;
    PyObject_GC_Track(tb);
    return (PyObject *)tb;
}
int PyTraceBack_Here(PyFrameObject *frame) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyObject *entry = new_entry(tb, frame, PyFrame_GetLasti(frame), kr_frame_jumps(frame) ? PyFrame_GetLineNumber(frame) : -1);
    if (!entry) {
        PyErr_Clear(); /* the exception is worth more than its traceback */
        PyErr_Restore(t, v, tb);
        return -1;
    }
    Py_XDECREF(tb);
    PyErr_Restore(t, v, entry);
    return 0;
}
void _PyTraceback_Add(const char *function, const char *filename, int lineno) {
    PyObject *t, *v, *tb, *globals = NULL;
    PyErr_Fetch(&t, &v, &tb);
    PyCodeObject *code = PyCode_NewEmpty(filename, function, lineno);
    PyFrameObject *frame = NULL;
    if (code && (globals = PyDict_New())) frame = PyFrame_New(PyThreadState_Get(), code, globals, NULL);
    PyErr_Restore(t, v, tb);
    if (frame) PyTraceBack_Here(frame);
    Py_XDECREF(code);
    Py_XDECREF(globals);
    Py_XDECREF((PyObject *)frame);
}

static int tb_traverse(PyTracebackObject *tb, visitproc visit, void *arg) {
    Py_VISIT((PyObject *)tb->tb_next);
    Py_VISIT((PyObject *)tb->tb_frame);
    return 0;
}
static int tb_clear(PyTracebackObject *tb) {
    Py_CLEAR(tb->tb_next);
    Py_CLEAR(tb->tb_frame);
    return 0;
}
static void tb_dealloc(PyTracebackObject *tb) {
    PyObject_GC_UnTrack(tb);
    KR_TRASHCAN_BEGIN(tb, tb_dealloc);
    tb_clear(tb);
    PyObject_GC_Del(tb);
    KR_TRASHCAN_END
}
static PyObject *tb_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *names[] = {"tb_next", "tb_frame", "tb_lasti", "tb_lineno", NULL};
    PyObject *next, *frame;
    int lasti, lineno;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "OO!ii:TracebackType", names, &next, &PyFrame_Type, &frame, &lasti, &lineno)) return NULL;
    if (next != Py_None && !PyTraceBack_Check(next)) {
        PyErr_Format(PyExc_TypeError, "expected traceback object or None, got '%s'", Py_TYPE(next)->tp_name);
        return NULL;
    }
    return new_entry(next == Py_None ? NULL : next, (PyFrameObject *)frame, lasti, lineno);
}
static PyObject *get_next(PyTracebackObject *tb, void *ignored) { return Py_NewRef(tb->tb_next ? (PyObject *)tb->tb_next : Py_None); }
static int set_next(PyTracebackObject *tb, PyObject *v, void *ignored) {
    if (!v) {
        PyErr_SetString(PyExc_TypeError, "can't delete tb_next attribute");
        return -1;
    }
    if (v == Py_None) v = NULL;
    else if (!PyTraceBack_Check(v)) {
        PyErr_Format(PyExc_TypeError, "expected traceback object, got '%s'", Py_TYPE(v)->tp_name);
        return -1;
    }
    for (PyTracebackObject *p = (PyTracebackObject *)v; p; p = p->tb_next)
        if (p == tb) {
            PyErr_SetString(PyExc_ValueError, "traceback loop detected");
            return -1;
        }
    Py_XINCREF(v);
    Py_XSETREF(tb->tb_next, (PyTracebackObject *)v);
    return 0;
}
static PyObject *get_lineno(PyTracebackObject *tb, void *ignored) {
    if (tb->tb_lineno < 0) {
        PyCodeObject *code = PyFrame_GetCode(tb->tb_frame);
        tb->tb_lineno = PyCode_Addr2Line(code, tb->tb_lasti);
        Py_DECREF(code);
    }
    return PyLong_FromLong(tb->tb_lineno);
}
static PyObject *tb_dir(PyObject *self, PyObject *ignored) { return Py_BuildValue("[ssss]", "tb_frame", "tb_next", "tb_lasti", "tb_lineno"); }
static PyMethodDef tb_methods[] = {{"__dir__", tb_dir, METH_NOARGS, NULL}, {NULL}};
static PyMemberDef tb_members[] = {{"tb_frame", T_OBJECT, offsetof(PyTracebackObject, tb_frame), READONLY | PY_AUDIT_READ},
    {"tb_lasti", T_INT, offsetof(PyTracebackObject, tb_lasti), READONLY}, {NULL}};
static PyGetSetDef tb_getset[] = {{"tb_next", (getter)get_next, (setter)set_next, NULL}, {"tb_lineno", (getter)get_lineno, NULL, NULL}, {NULL}};
PyTypeObject PyTraceBack_Type = {KR_STATIC_TYPE_HEAD.tp_name = "traceback", .tp_basicsize = sizeof(PyTracebackObject), .tp_dealloc = (destructor)tb_dealloc,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "TracebackType(tb_next, tb_frame, tb_lasti, tb_lineno)\n--\n\nAn entry of a traceback.", .tp_traverse = (traverseproc)tb_traverse,
    .tp_clear = (inquiry)tb_clear, .tp_methods = tb_methods, .tp_members = tb_members, .tp_getset = tb_getset, .tp_new = tb_new};

/* ------------------------------------------------------------------ without allocation */

static void put(int fd, const char *s, size_t n) {
    while (n > 0) {
        ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return;
        s += k;
        n -= (size_t)k;
    }
}
#define PUTS(fd, s) put(fd, s, strlen(s))
void _Py_DumpDecimal(int fd, size_t value) {
    char buf[24], *p = buf + sizeof buf;
    do *--p = (char)('0' + value % 10);
    while (value /= 10);
    put(fd, p, (size_t)(buf + sizeof buf - p));
}
void _Py_DumpHexadecimal(int fd, uintptr_t value, Py_ssize_t width) {
    char buf[sizeof value * 2 + 1], *p = buf + sizeof buf;
    if (width > (Py_ssize_t)sizeof value * 2) width = sizeof value * 2;
    do {
        *--p = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value || buf + sizeof buf - p < width);
    put(fd, p, (size_t)(buf + sizeof buf - p));
}
/* At most 500 characters; others than printable ASCII as escapes. Reads the object's memory only. */
void _Py_DumpASCII(int fd, PyObject *text) {
    enum { MAX = 500 };
    if (!PyUnicode_Check(text) || !PyUnicode_IS_READY(text)) return;
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), shown = n > MAX ? MAX : n;
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < shown; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        char ascii = (char)c;
        if (c >= ' ' && c < 127) put(fd, &ascii, 1);
        else {
            PUTS(fd, c <= 0xff ? "\\x" : c <= 0xffff ? "\\u" : "\\U");
            _Py_DumpHexadecimal(fd, c, c <= 0xff ? 2 : c <= 0xffff ? 4 : 8);
        }
    }
    if (shown < n) PUTS(fd, "...");
}
static void dump_frames(int fd, KrThread *t) {
    enum { MAX = 100 };
    int depth = 0;
    for (KrFrame *f = kr_frame_visible(t->vm.frame); f; f = kr_frame_visible(f->previous)) {
        if (depth++ == MAX) {
            PUTS(fd, "  ...\n");
            return;
        }
        PyCodeObject *c = &f->code->base;
        int i = (int)(f->pc - f->code->instrs) - 1;
        PUTS(fd, "  File \"");
        _Py_DumpASCII(fd, c->co_filename);
        PUTS(fd, "\", line ");
        _Py_DumpDecimal(fd, (size_t)(i < 0 ? c->co_firstlineno : kr_code_line(f->code, (uint32_t)i)));
        PUTS(fd, " in ");
        _Py_DumpASCII(fd, c->co_name);
        PUTS(fd, "\n");
    }
    if (!depth) PUTS(fd, "  <no Python frame>\n");
}
void _Py_DumpTraceback(int fd, PyThreadState *ts) {
    PUTS(fd, "Stack (most recent call first):\n");
    if (ts) dump_frames(fd, (KrThread *)ts);
}
const char *_Py_DumpTracebackThreads(int fd, PyInterpreterState *interp, PyThreadState *current) {
    enum { MAX = 100 };
    if (!interp && current) interp = current->interp;
    if (!interp) interp = kr_runtime.main_interp;
    if (!interp || !interp->threads) return "unable to get the thread state";
    int n = 0;
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) {
        if (n) PUTS(fd, "\n");
        if (n++ == MAX) {
            PUTS(fd, "...\n");
            break;
        }
        PUTS(fd, &t->base == current ? "Current thread 0x" : "Thread 0x");
        _Py_DumpHexadecimal(fd, t->base.thread_id, sizeof(long) * 2);
        PUTS(fd, " (most recent call first):\n");
        if (&t->base == current && interp->memory.collecting) PUTS(fd, "  Garbage-collecting\n");
        dump_frames(fd, t);
    }
    return NULL;
}
/* Whether the frozenset (or NULL) has a str equal to name; hashes may not be computed now. */
static bool set_has(PyObject *set, PyObject *name) {
    Py_ssize_t pos = 0;
    PyObject *key;
    Py_hash_t hash;
    while (set && PyFrozenSet_Check(set) && _PySet_NextEntry(set, &pos, &key, &hash))
        if (PyUnicode_Check(key) && PyUnicode_GET_LENGTH(key) == PyUnicode_GET_LENGTH(name) && PyUnicode_KIND(key) == PyUnicode_KIND(name) &&
            !memcmp(PyUnicode_DATA(key), PyUnicode_DATA(name), (size_t)PyUnicode_GET_LENGTH(name) * PyUnicode_KIND(name)))
            return true;
    return false;
}
void _Py_DumpExtensionModules(int fd, PyInterpreterState *interp) {
    PyObject *name, *module, *known = NULL;
    Py_ssize_t pos = 0;
    size_t count = 0;
    if (!interp || !interp->modules || !PyDict_Check(interp->modules) || !interp->sysdict) return;
    while (PyDict_Next(interp->sysdict, &pos, &name, &module))
        if (PyUnicode_Check(name) && _PyUnicode_EqualToASCIIString(name, "stdlib_module_names")) known = module;
    for (pos = 0; PyDict_Next(interp->modules, &pos, &name, &module);) {
        PyModuleDef *def = PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
        if (!PyUnicode_Check(name) || !def || !def->m_methods || set_has(known, name)) continue;
        PUTS(fd, count ? ", " : "\nExtension modules: ");
        count++;
        _Py_DumpASCII(fd, name);
    }
    if (!count) return;
    PUTS(fd, " (total: ");
    _Py_DumpDecimal(fd, count);
    PUTS(fd, ")\n");
}
