/* code_type.c - the type of code objects: attributes, replace, equality, iteration over lines and positions. */
#include "vm/code_object.h"
#include "vm/code_store.h"
#include <structmember.h>

#define CODE(o) ((KrCode *)(o))
#define BASE(o) ((PyCodeObject *)(o))

/* ------------------------------------------------------------------ life */

static void code_dealloc(PyObject *self) {
    KrCode *c = CODE(self);
    PyCodeObject *b = &c->base;
    if (b->co_weakreflist) PyObject_ClearWeakRefs(self);
    kr_code_release_extras(b);
    PyMem_Free(c->instrs);
    PyMem_Free(c->caches);
    PyMem_Free(b->_co_linearray);
    Py_XDECREF(b->co_exceptiontable);
    Py_XDECREF(b->co_consts);
    Py_XDECREF(b->co_names);
    Py_XDECREF(b->co_localsplusnames);
    Py_XDECREF(b->co_localspluskinds);
    Py_XDECREF(b->co_filename);
    Py_XDECREF(b->co_name);
    Py_XDECREF(b->co_qualname);
    Py_XDECREF(b->co_linetable);
    Py_XDECREF(b->_co_code);
    kr_store_release(c->store);
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
    if (kr_code_ready(CODE(a)) < 0 || kr_code_ready(CODE(b)) < 0) return NULL;
    int r = a->co_argcount == b->co_argcount && a->co_posonlyargcount == b->co_posonlyargcount && a->co_kwonlyargcount == b->co_kwonlyargcount
        && a->co_flags == b->co_flags && a->co_firstlineno == b->co_firstlineno && equal_instrs(CODE(a), CODE(b))
        && CODE(a)->lines_size == CODE(b)->lines_size && memcmp(CODE(a)->lines, CODE(b)->lines, CODE(a)->lines_size) == 0;
    if (r && equal_objects(a->co_name, b->co_name, &r) && equal_objects(a->co_names, b->co_names, &r) && equal_objects(a->co_localsplusnames, b->co_localsplusnames, &r)) {
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
    if (kr_code_ready(CODE(c)) < 0) return -1;
    PyObject *parts[] = {c->co_name, c->co_names, c->co_consts, c->co_localsplusnames};
    Py_uhash_t h = 20221212;
    for (size_t i = 0; i < KR_ARRAY_LEN(parts); i++) {
        Py_hash_t one = PyObject_Hash(parts[i]);
        if (one == -1) return -1;
        h = (h ^ (Py_uhash_t)one) * _PyHASH_MULTIPLIER;
    }
    h ^= (Py_uhash_t)_Py_HashBytes(CODE(self)->lines, CODE(self)->lines_size) ^ (Py_uhash_t)c->co_firstlineno ^ (Py_uhash_t)CODE(self)->ninstrs << 20;
    return h == (Py_uhash_t)-1 ? -2 : (Py_hash_t)h;
}

/* ------------------------------------------------------------------ construction from Python */

/* What the constructor and replace() share: checks the sizes, tells the audit hooks, joins the names. */
static PyObject *build(KrCodeSpec *s, int stacksize, PyObject *code, PyObject *exceptions, PyObject *vars, PyObject *cells, PyObject *frees) {
    PyObject *r = NULL, *kinds;
    if (PySys_Audit("code.__new__", "OOOiiiiii", code, s->filename, s->name, s->argcount, s->posonlyargcount, s->kwonlyargcount, s->nlocals, stacksize, s->flags) < 0)
        return NULL;
    if (stacksize < 0 || s->flags < 0 || s->posonlyargcount > s->argcount) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (s->nlocals != PyTuple_GET_SIZE(vars)) {
        PyErr_SetString(PyExc_ValueError, "code: co_nlocals != len(co_varnames)");
        return NULL;
    }
    if (kr_code_join_names(vars, cells, frees, &s->localsplusnames, &kinds) < 0) return NULL;
    s->localspluskinds = kinds;
    s->nregs = (int)Py_MIN(PyTuple_GET_SIZE(s->localsplusnames) + stacksize, KR_REG_MAX + 1);
    r = kr_code_from_bytes(s, code, exceptions);
    Py_DECREF(s->localsplusnames);
    Py_DECREF(kinds);
    return r;
}
static PyObject *code_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    KrCodeSpec s = {0};
    int stacksize;
    PyObject *code, *vars, *frees = NULL, *cells = NULL, *exceptions, *empty;
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
    PyObject *r = build(&s, stacksize, code, exceptions, vars, cells ? cells : empty, frees ? frees : empty);
    Py_DECREF(empty);
    return r;
}
static PyObject *code_replace(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags", "co_firstlineno", "co_code",
                                           "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name", "co_qualname", "co_linetable",
                                           "co_exceptiontable", NULL};
    static _PyArg_Parser parser = {.format = "|$iiiiiiiSO!O!O!O!O!UUUSS:replace", .keywords = keywords};
    PyCodeObject *c = BASE(self);
    if (kr_code_ready(CODE(c)) < 0) return NULL;
    KrCodeSpec s = {.argcount = c->co_argcount, .posonlyargcount = c->co_posonlyargcount, .kwonlyargcount = c->co_kwonlyargcount, .nlocals = c->co_nlocals,
                    .flags = c->co_flags, .firstlineno = c->co_firstlineno, .consts = c->co_consts, .names = c->co_names, .filename = c->co_filename, .name = c->co_name,
                    .qualname = c->co_qualname};
    int stacksize = c->co_stacksize;
    PyObject *code = NULL, *vars = NULL, *frees = NULL, *cells = NULL, *exceptions = NULL, *r = NULL, *own[6] = {NULL};
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &s.argcount, &s.posonlyargcount, &s.kwonlyargcount, &s.nlocals, &stacksize, &s.flags, &s.firstlineno,
                                      &code, &PyTuple_Type, &s.consts, &PyTuple_Type, &s.names, &PyTuple_Type, &vars, &PyTuple_Type, &frees, &PyTuple_Type, &cells,
                                      &s.filename, &s.name, &s.qualname, &s.linetable, &exceptions))
        return NULL;
    int values[] = {s.argcount, s.posonlyargcount, s.kwonlyargcount, s.nlocals, stacksize, s.flags, s.firstlineno};
    for (size_t i = 0; i < KR_ARRAY_LEN(values); i++)
        if (values[i] < 0) {
            PyErr_Format(PyExc_ValueError, "%s must be a positive integer", keywords[i]);
            return NULL;
        }
    if (!s.linetable && !(s.linetable = own[4] = kr_code_linetable(CODE(c)))) goto done;
    if (!exceptions && !(exceptions = own[5] = kr_code_exceptiontable(CODE(c)))) goto done;
    if (!code && !(code = own[0] = PyCode_GetCode(c))) goto done;
    if (!vars && !(vars = own[1] = PyCode_GetVarnames(c))) goto done;
    if (!cells && !(cells = own[2] = PyCode_GetCellvars(c))) goto done;
    if (!frees && !(frees = own[3] = PyCode_GetFreevars(c))) goto done;
    r = build(&s, stacksize, code, exceptions, vars, cells, frees);
done:
    for (size_t i = 0; i < KR_ARRAY_LEN(own); i++) Py_XDECREF(own[i]);
    return r;
}

/* ------------------------------------------------------------------ lines and positions */

static PyObject *code_lines(PyObject *self, PyObject *unused) { return kr_code_lines_iter(CODE(self)); }
static PyObject *code_positions(PyObject *self, PyObject *unused) { return kr_code_positions_iter(CODE(self)); }

/* The line table of Python 3.9 and before: pairs of byte increments of offset and line. */
static PyObject *get_lnotab(PyObject *self, void *unused) {
    KrCode *c = CODE(self);
    PyObject *pairs = PyByteArray_FromStringAndSize("", 0), *r = NULL;
    int line = c->base.co_firstlineno;
    uint32_t from = 0;
    KrLineCursor cursor;
    kr_line_cursor_init(&cursor, c);
    while (pairs && kr_line_cursor_next(&cursor)) {
        if (cursor.at.line < 0 || cursor.at.line == line) continue;
        int dline = cursor.at.line - line;
        uint32_t doffset = 2 * (cursor.start - from);
        while (doffset > 0 || dline != 0) {
            int step = doffset > 254 ? 0 : Py_MAX(Py_MIN(dline, 127), -128);
            unsigned char pair[2] = {(unsigned char)Py_MIN(doffset, 254), (unsigned char)step};
            Py_ssize_t n = PyByteArray_GET_SIZE(pairs);
            if (PyByteArray_Resize(pairs, n + 2) < 0) {
                Py_DECREF(pairs);
                return NULL;
            }
            memcpy(PyByteArray_AS_STRING(pairs) + n, pair, 2);
            doffset -= pair[0];
            dline -= step;
        }
        line = cursor.at.line;
        from = cursor.start;
    }
    if (pairs) r = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(pairs), PyByteArray_GET_SIZE(pairs));
    Py_XDECREF(pairs);
    return r;
}

/* ------------------------------------------------------------------ the type */

static PyObject *varname_from_oparg(PyObject *self, PyObject *arg) {
    int i = _PyLong_AsInt(arg);
    if ((i == -1 && PyErr_Occurred()) || kr_code_ready(CODE(self)) < 0) return NULL;
    if (i < 0 || i >= BASE(self)->co_nlocalsplus) {
        PyErr_SetString(PyExc_IndexError, "tuple index out of range");
        return NULL;
    }
    return Py_NewRef(PyTuple_GET_ITEM(BASE(self)->co_localsplusnames, i));
}
static PyObject *code_sizeof(PyObject *self, PyObject *unused) {
    KrCode *c = CODE(self);
    size_t each = sizeof *c->instrs + (c->caches ? sizeof *c->caches : 0) + (size_t)c->base._co_linearray_entry_size;
    return PyLong_FromSize_t(sizeof *c + c->ninstrs * each);
}
static PyObject *get_code(PyObject *self, void *unused) { return PyCode_GetCode(BASE(self)); }
static PyObject *get_names(PyObject *self, void *kind) { return kr_code_names_of(CODE(self), (int)(intptr_t)kind); }

static PyObject *get_linetable(PyObject *self, void *unused) { return kr_code_linetable(CODE(self)); }
static PyObject *get_exceptiontable(PyObject *self, void *unused) { return kr_code_exceptiontable(CODE(self)); }
/* co_consts, co_names: `at` is the field's offset. */
static PyObject *get_loaded(PyObject *self, void *at) { return kr_code_ready(CODE(self)) < 0 ? NULL : Py_NewRef(*(PyObject **)((char *)self + (size_t)at)); }
static PyObject *get_adaptive(PyObject *self, void *unused) {
    if (kr_code_ready(CODE(self)) < 0) return NULL;
    return PyBytes_FromStringAndSize((char *)CODE(self)->instrs, (Py_ssize_t)CODE(self)->ninstrs * (Py_ssize_t)sizeof(KrInstr));
}

static PyGetSetDef code_getset[] = {
    {"co_code", get_code, NULL, "the instructions, 8 bytes each", NULL},
    {"_co_code_adaptive", get_adaptive, NULL, "the instructions as they are now, specialised", NULL},
    {"co_consts", get_loaded, NULL, NULL, (void *)offsetof(PyCodeObject, co_consts)},
    {"co_names", get_loaded, NULL, NULL, (void *)offsetof(PyCodeObject, co_names)},
    {"co_linetable", get_linetable, NULL, NULL, NULL},
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
    MEMBER(co_nlocals, T_INT), MEMBER(co_filename, T_OBJECT), MEMBER(co_name, T_OBJECT), MEMBER(co_qualname, T_OBJECT),
    MEMBER(co_firstlineno, T_INT),
    {NULL, 0, 0, 0, NULL},
};
static PyMethodDef code_methods[] = {
    {"__sizeof__", code_sizeof, METH_NOARGS, "The size in memory, in bytes."},
    {"co_lines", code_lines, METH_NOARGS, "Triples (start, end, line) of instruction offsets."},
    {"co_positions", code_positions, METH_NOARGS, "The position (line, end line, column, end column) of each instruction."},
    {"replace", KR_METH(code_replace), METH_FASTCALL | METH_KEYWORDS,
     "replace($self, /, *, co_argcount=-1, co_posonlyargcount=-1,\n        co_kwonlyargcount=-1, co_nlocals=-1, co_stacksize=-1,\n"
     "        co_flags=-1, co_firstlineno=-1, co_code=None, co_consts=None,\n        co_names=None, co_varnames=None, co_freevars=None,\n"
     "        co_cellvars=None, co_filename=None, co_name=None,\n        co_qualname=None, co_linetable=None, co_exceptiontable=None)\n--\n\n"
     "A copy with some attributes changed."},
    {"_varname_from_oparg", varname_from_oparg, METH_O, "_varname_from_oparg($self, /, oparg)\n--\n\nThe name of a local register."},
    {NULL, NULL, 0, NULL},
};
PyDoc_STRVAR(code_doc,
    "code(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize,\n"
    "     flags, codestring, constants, names, varnames, filename, name,\n"
    "     qualname, firstlineno, linetable, exceptiontable, freevars=(),\n"
    "     cellvars=(), /)\n--\n\n"
    "A compiled block of Python code; compile() makes them.");
PyTypeObject PyCode_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "code", .tp_basicsize = sizeof(KrCode), .tp_dealloc = code_dealloc, .tp_repr = code_repr, .tp_hash = code_hash,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT, .tp_doc = code_doc,
    .tp_richcompare = code_richcompare, .tp_weaklistoffset = offsetof(PyCodeObject, co_weakreflist), .tp_methods = code_methods, .tp_members = code_members,
    .tp_getset = code_getset, .tp_new = code_new,
};
