/* code_type.c - the type of code objects: attributes, replace, equality, iteration over lines and positions. */
#include "vm/code_object.h"
#include <structmember.h>

#define CODE(o) ((KrCode *)(o))
#define BASE(o) ((PyCodeObject *)(o))

/* ------------------------------------------------------------------ life */

static void code_dealloc(PyObject *self) {
    KrCode *c = CODE(self);
    PyCodeObject *b = &c->base;
    if (b->co_weakreflist) PyObject_ClearWeakRefs(self);
    PyMem_Free(c->instrs);
    PyMem_Free(c->exc_entries);
    PyMem_Free(c->caches);
    PyMem_Free(b->co_extra);
    Py_XDECREF(b->co_consts);
    Py_XDECREF(b->co_names);
    Py_XDECREF(b->co_localsplusnames);
    Py_XDECREF(b->co_localspluskinds);
    Py_XDECREF(b->co_filename);
    Py_XDECREF(b->co_name);
    Py_XDECREF(b->co_qualname);
    Py_XDECREF(b->co_linetable);
    Py_XDECREF(b->_co_code);
    PyObject_Free(self);
}
static PyObject *code_repr(PyObject *self) {
    PyCodeObject *c = BASE(self);
    int line = c->co_firstlineno ? c->co_firstlineno : -1;
    if (PyUnicode_Check(c->co_filename)) return PyUnicode_FromFormat("<code object %U at %p, file \"%U\", line %d>", c->co_name, c, c->co_filename, line);
    return PyUnicode_FromFormat("<code object %U at %p, file ???, line %d>", c->co_name, c, line);
}
static bool equal_objects(PyObject *a, PyObject *b, int *r) {
    *r = PyObject_RichCompareBool(a, b, Py_EQ);
    return *r > 0;
}
static bool equal_instrs(KrCode *a, KrCode *b) {
    if (a->ninstrs != b->ninstrs || a->nregs != b->nregs) return false;
    for (uint32_t i = 0; i < a->ninstrs; i++) {
        KrInstr x = a->instrs[i], y = b->instrs[i];
        if (kr_op_generic[x.op] != kr_op_generic[y.op] || x.a != y.a || x.b != y.b || x.c != y.c) return false;
    }
    return a->nexc_entries == b->nexc_entries && memcmp(a->exc_entries, b->exc_entries, a->nexc_entries * sizeof(KrExcEntry)) == 0;
}
static PyObject *code_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyCode_Check(self) || !PyCode_Check(other)) Py_RETURN_NOTIMPLEMENTED;
    PyCodeObject *a = BASE(self), *b = BASE(other);
    int r = a->co_argcount == b->co_argcount && a->co_posonlyargcount == b->co_posonlyargcount && a->co_kwonlyargcount == b->co_kwonlyargcount
        && a->co_flags == b->co_flags && a->co_firstlineno == b->co_firstlineno && equal_instrs(CODE(a), CODE(b));
    if (r && equal_objects(a->co_name, b->co_name, &r) && equal_objects(a->co_names, b->co_names, &r) && equal_objects(a->co_localsplusnames, b->co_localsplusnames, &r)
        && equal_objects(a->co_linetable, b->co_linetable, &r)) {
        PyObject *ka = _PyCode_ConstantKey(a->co_consts), *kb = ka ? _PyCode_ConstantKey(b->co_consts) : NULL;
        if (!kb) r = -1;
        else equal_objects(ka, kb, &r);
        Py_XDECREF(ka);
        Py_XDECREF(kb);
    }
    return r < 0 ? NULL : PyBool_FromLong((r != 0) == (op == Py_EQ));
}
static Py_hash_t code_hash(PyObject *self) {
    PyCodeObject *c = BASE(self);
    PyObject *parts[] = {c->co_name, c->co_names, c->co_consts, c->co_localsplusnames, c->co_linetable};
    Py_uhash_t h = 20221212;
    for (size_t i = 0; i < KR_ARRAY_LEN(parts); i++) {
        Py_hash_t one = PyObject_Hash(parts[i]);
        if (one == -1) return -1;
        h = (h ^ (Py_uhash_t)one) * _PyHASH_MULTIPLIER;
    }
    h ^= (Py_uhash_t)c->co_firstlineno ^ (Py_uhash_t)CODE(self)->ninstrs << 20;
    return h == (Py_uhash_t)-1 ? -2 : (Py_hash_t)h;
}

/* ------------------------------------------------------------------ construction from Python */

/* A new code object from a specification with instructions and exception entries given as bytes. */
static PyObject *from_bytes(KrCodeSpec *s, PyObject *code, PyObject *exceptions) {
    if (PyBytes_GET_SIZE(code) % (Py_ssize_t)sizeof(KrInstr) || PyBytes_GET_SIZE(exceptions) % (Py_ssize_t)sizeof(KrExcEntry)) {
        PyErr_SetString(PyExc_ValueError, "code: malformed bytecode");
        return NULL;
    }
    s->instrs = (const KrInstr *)PyBytes_AS_STRING(code);
    s->ninstrs = PyBytes_GET_SIZE(code) / (Py_ssize_t)sizeof(KrInstr);
    s->exc_entries = (const KrExcEntry *)PyBytes_AS_STRING(exceptions);
    s->nexc_entries = PyBytes_GET_SIZE(exceptions) / (Py_ssize_t)sizeof(KrExcEntry);
    return kr_code_validate(s) < 0 ? NULL : (PyObject *)kr_code_new(s);
}
static int check_names(PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        if (PyUnicode_Check(PyTuple_GET_ITEM(tuple, i))) continue;
        PyErr_Format(PyExc_TypeError, "name tuples must contain only strings, not '%.500s'", Py_TYPE(PyTuple_GET_ITEM(tuple, i))->tp_name);
        return -1;
    }
    return 0;
}
/* localsplusnames and kinds from the three tuples; a cell that is also a variable keeps its register. */
static int join_names(PyObject *vars, PyObject *cells, PyObject *frees, PyObject **names, PyObject **kinds) {
    PyObject *list = PySequence_List(vars);
    *names = *kinds = NULL;
    if (!list || check_names(vars) < 0 || check_names(cells) < 0 || check_names(frees) < 0) goto fail;
    Py_ssize_t n = PyTuple_GET_SIZE(vars);
    if (!(*kinds = PyBytes_FromStringAndSize(NULL, n + PyTuple_GET_SIZE(cells) + PyTuple_GET_SIZE(frees)))) goto fail;
    char *k = PyBytes_AS_STRING(*kinds);
    memset(k, KR_KIND_LOCAL, (size_t)n);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cells); i++) {
        PyObject *name = PyTuple_GET_ITEM(cells, i);
        Py_ssize_t at = 0;
        while (at < PyTuple_GET_SIZE(vars) && !_PyUnicode_EQ(PyTuple_GET_ITEM(vars, at), name)) at++;
        if (at < PyTuple_GET_SIZE(vars)) {
            k[at] |= KR_KIND_CELL;
        } else {
            if (PyList_Append(list, name) < 0) goto fail;
            k[n++] = KR_KIND_CELL;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(frees); i++) {
        if (PyList_Append(list, PyTuple_GET_ITEM(frees, i)) < 0) goto fail;
        k[n++] = (char)KR_KIND_FREE;
    }
    if (_PyBytes_Resize(kinds, n) < 0 || !(*names = PyList_AsTuple(list))) goto fail;
    Py_DECREF(list);
    return 0;
fail:
    Py_XDECREF(list);
    Py_CLEAR(*kinds);
    return -1;
}
static PyObject *code_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    (void)type;
    KrCodeSpec s = {0};
    int stacksize;
    PyObject *code, *vars, *frees = NULL, *cells = NULL, *exceptions, *empty, *r = NULL, *names = NULL, *kinds = NULL;
    if (!_PyArg_NoKeywords("code", kwds)
        || !PyArg_ParseTuple(args, "iiiiiiSO!O!O!UUUiSS|O!O!:code", &s.argcount, &s.posonlyargcount, &s.kwonlyargcount, &s.nlocals, &stacksize, &s.flags, &code,
                             &PyTuple_Type, &s.consts, &PyTuple_Type, &s.names, &PyTuple_Type, &vars, &s.filename, &s.name, &s.qualname, &s.firstlineno, &s.linetable,
                             &exceptions, &PyTuple_Type, &frees, &PyTuple_Type, &cells))
        return NULL;
    const char *wrong = s.argcount < 0 ? "argcount" : s.posonlyargcount < 0 ? "posonlyargcount" : s.kwonlyargcount < 0 ? "kwonlyargcount" : s.nlocals < 0 ? "nlocals" : NULL;
    if (wrong) {
        PyErr_Format(PyExc_ValueError, "code: %s must not be negative", wrong);
        return NULL;
    }
    if (!(empty = PyTuple_New(0))) return NULL;
    if (s.nlocals != PyTuple_GET_SIZE(vars)) {
        PyErr_SetString(PyExc_ValueError, "code: co_nlocals != len(co_varnames)");
    } else if (check_names(s.names) == 0 && join_names(vars, cells ? cells : empty, frees ? frees : empty, &names, &kinds) == 0) {
        s.localsplusnames = names;
        s.localspluskinds = kinds;
        s.nregs = (int)PyTuple_GET_SIZE(names) + Py_MAX(stacksize, 0);
        r = from_bytes(&s, code, exceptions);
    }
    Py_DECREF(empty);
    Py_XDECREF(names);
    Py_XDECREF(kinds);
    return r;
}
static PyObject *code_replace(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags", "co_firstlineno", "co_code",
                                           "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name", "co_qualname", "co_linetable",
                                           "co_exceptiontable", NULL};
    static _PyArg_Parser parser = {.format = "|$iiiiiiiSO!O!O!O!O!UUUSS:replace", .keywords = keywords};
    PyCodeObject *c = BASE(self);
    KrCodeSpec s = {.argcount = c->co_argcount, .posonlyargcount = c->co_posonlyargcount, .kwonlyargcount = c->co_kwonlyargcount, .nlocals = c->co_nlocals,
                    .flags = c->co_flags, .firstlineno = c->co_firstlineno, .consts = c->co_consts, .names = c->co_names, .filename = c->co_filename, .name = c->co_name,
                    .qualname = c->co_qualname, .linetable = c->co_linetable};
    int stacksize = c->co_stacksize;
    PyObject *code = NULL, *vars = NULL, *frees = NULL, *cells = NULL, *exceptions = NULL, *names = NULL, *kinds = NULL, *r = NULL;
    PyObject *own[5] = {NULL};
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &s.argcount, &s.posonlyargcount, &s.kwonlyargcount, &s.nlocals, &stacksize, &s.flags, &s.firstlineno,
                                      &code, &PyTuple_Type, &s.consts, &PyTuple_Type, &s.names, &PyTuple_Type, &vars, &PyTuple_Type, &frees, &PyTuple_Type, &cells,
                                      &s.filename, &s.name, &s.qualname, &s.linetable, &exceptions))
        return NULL;
    if (!code && !(code = own[0] = kr_code_bytes(CODE(self)))) goto done;
    if (!exceptions && !(exceptions = own[1] = kr_code_exception_bytes(CODE(self)))) goto done;
    if (!vars && !(vars = own[2] = kr_code_names_of(CODE(self), KR_KIND_LOCAL))) goto done;
    if (!cells && !(cells = own[3] = kr_code_names_of(CODE(self), KR_KIND_CELL))) goto done;
    if (!frees && !(frees = own[4] = kr_code_names_of(CODE(self), KR_KIND_FREE))) goto done;
    if (s.nlocals != PyTuple_GET_SIZE(vars)) {
        PyErr_SetString(PyExc_ValueError, "code: co_nlocals != len(co_varnames)");
        goto done;
    }
    if (check_names(s.names) < 0 || join_names(vars, cells, frees, &names, &kinds) < 0) goto done;
    s.localsplusnames = names;
    s.localspluskinds = kinds;
    s.nregs = (int)PyTuple_GET_SIZE(names) + Py_MAX(stacksize, 0);
    r = from_bytes(&s, code, exceptions);
done:
    for (int i = 0; i < 5; i++) Py_XDECREF(own[i]);
    Py_XDECREF(names);
    Py_XDECREF(kinds);
    return r;
}

/* ------------------------------------------------------------------ lines and positions */

static PyObject *line_or_none(int line) { return line < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(line); }

static PyObject *code_lines(PyObject *self, PyObject *unused) {
    (void)unused;
    KrCode *c = CODE(self);
    PyObject *list = PyList_New(0), *it = NULL;
    for (uint32_t i = 0; list && i < c->ninstrs;) {
        int line = kr_code_line(c, i);
        uint32_t end = i + 1;
        while (end < c->ninstrs && kr_code_line(c, end) == line) end++;
        PyObject *entry = Py_BuildValue("(IIN)", i * 2, end * 2, line_or_none(line));
        if (!entry || PyList_Append(list, entry) < 0) Py_CLEAR(list);
        Py_XDECREF(entry);
        i = end;
    }
    if (list) it = PyObject_GetIter(list);
    Py_XDECREF(list);
    return it;
}
static PyObject *code_positions(PyObject *self, PyObject *unused) {
    (void)unused;
    KrCode *c = CODE(self);
    PyObject *list = PyList_New(0), *it = NULL;
    for (uint32_t i = 0; list && i < c->ninstrs; i++) {
        KrLocation at = kr_code_location(c, i);
        PyObject *entry = Py_BuildValue("(NNNN)", line_or_none(at.line), line_or_none(at.end_line), line_or_none(at.col), line_or_none(at.end_col));
        if (!entry || PyList_Append(list, entry) < 0) Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    if (list) it = PyObject_GetIter(list);
    Py_XDECREF(list);
    return it;
}
/* The line table of Python 3.9 and before: pairs of byte increments. */
static PyObject *get_lnotab(PyObject *self, void *unused) {
    (void)unused;
    KrCode *c = CODE(self);
    PyObject *bytes = PyByteArray_FromStringAndSize("", 0), *r = NULL;
    int line = c->base.co_firstlineno;
    uint32_t at = 0;
    for (uint32_t i = 0; bytes && i < c->ninstrs; i++) {
        int here = kr_code_line(c, i);
        if (here < 0 || here == line) continue;
        int dline = here - line;
        uint32_t doffset = 2 * (i - at);
        while (bytes && (doffset > 0 || dline != 0)) {
            int step = doffset > 254 ? 0 : Py_MAX(Py_MIN(dline, 127), -128);
            unsigned char pair[2] = {(unsigned char)Py_MIN(doffset, 254), (unsigned char)step};
            Py_ssize_t n = PyByteArray_GET_SIZE(bytes);
            if (PyByteArray_Resize(bytes, n + 2) < 0) {
                Py_CLEAR(bytes);
                break;
            }
            memcpy(PyByteArray_AS_STRING(bytes) + n, pair, 2);
            doffset -= pair[0];
            dline -= step;
        }
        line = here;
        at = i;
    }
    if (bytes) r = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(bytes), PyByteArray_GET_SIZE(bytes));
    Py_XDECREF(bytes);
    return r;
}

/* ------------------------------------------------------------------ the type */

static PyObject *varname_from_oparg(PyObject *self, PyObject *arg) {
    Py_ssize_t i = PyLong_AsSsize_t(arg);
    if (i == -1 && PyErr_Occurred()) return NULL;
    if (i < 0 || i >= BASE(self)->co_nlocalsplus) {
        PyErr_SetString(PyExc_IndexError, "tuple index out of range");
        return NULL;
    }
    return Py_NewRef(PyTuple_GET_ITEM(BASE(self)->co_localsplusnames, i));
}
static PyObject *code_sizeof(PyObject *self, PyObject *unused) {
    (void)unused;
    KrCode *c = CODE(self);
    return PyLong_FromSize_t(sizeof *c + c->ninstrs * sizeof *c->instrs + c->nexc_entries * sizeof *c->exc_entries + (c->caches ? c->ninstrs * sizeof *c->caches : 0));
}
static PyObject *get_code(PyObject *self, void *unused) { (void)unused; return PyCode_GetCode(BASE(self)); }
static PyObject *get_exceptiontable(PyObject *self, void *unused) { (void)unused; return kr_code_exception_bytes(CODE(self)); }
static PyObject *get_names(PyObject *self, void *kind) { return kr_code_names_of(CODE(self), (int)(intptr_t)kind); }

static PyGetSetDef code_getset[] = {
    {"co_code", get_code, NULL, "the instructions, 8 bytes each", NULL},
    {"_co_code_adaptive", get_code, NULL, NULL, NULL},
    {"co_exceptiontable", get_exceptiontable, NULL, NULL, NULL},
    {"co_lnotab", get_lnotab, NULL, NULL, NULL},
    {"co_varnames", get_names, NULL, NULL, (void *)KR_KIND_LOCAL},
    {"co_cellvars", get_names, NULL, NULL, (void *)KR_KIND_CELL},
    {"co_freevars", get_names, NULL, NULL, (void *)KR_KIND_FREE},
    {NULL, NULL, NULL, NULL, NULL},
};
#define MEMBER(name, type) {#name, type, offsetof(PyCodeObject, name), READONLY, NULL}
static PyMemberDef code_members[] = {
    MEMBER(co_argcount, T_INT), MEMBER(co_posonlyargcount, T_INT), MEMBER(co_kwonlyargcount, T_INT), MEMBER(co_stacksize, T_INT), MEMBER(co_flags, T_INT),
    MEMBER(co_nlocals, T_INT), MEMBER(co_names, T_OBJECT), MEMBER(co_filename, T_OBJECT), MEMBER(co_name, T_OBJECT), MEMBER(co_qualname, T_OBJECT),
    MEMBER(co_firstlineno, T_INT), MEMBER(co_linetable, T_OBJECT), MEMBER(co_consts, T_OBJECT),
    {NULL, 0, 0, 0, NULL},
};
static PyMethodDef code_methods[] = {
    {"__sizeof__", code_sizeof, METH_NOARGS, "The size in memory, in bytes."},
    {"co_lines", code_lines, METH_NOARGS, "Triples (start, end, line) of instruction offsets."},
    {"co_positions", code_positions, METH_NOARGS, "The position (line, end line, column, end column) of each instruction."},
    {"replace", KR_METH(code_replace), METH_FASTCALL | METH_KEYWORDS, "A copy with some attributes changed."},
    {"_varname_from_oparg", varname_from_oparg, METH_O, "The name of a local register."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject PyCode_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "code", .tp_basicsize = sizeof(KrCode), .tp_dealloc = code_dealloc, .tp_repr = code_repr, .tp_hash = code_hash,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_doc = "A compiled block of Python code; made by compile().",
    .tp_richcompare = code_richcompare, .tp_weaklistoffset = offsetof(PyCodeObject, co_weakreflist), .tp_methods = code_methods, .tp_members = code_members,
    .tp_getset = code_getset, .tp_new = code_new,
};
