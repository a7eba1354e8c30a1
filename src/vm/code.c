/* code.c - making code objects, and the C API about them. The type is in code_type.c. */
#include "vm/code_object.h"

/* ------------------------------------------------------------------ construction */

/* Strings that look like names are interned: constants are compared and used as attribute names often. */
static bool looks_like_name(PyObject *s) {
    if (!PyUnicode_IS_ASCII(s)) return false;
    const unsigned char *p = PyUnicode_1BYTE_DATA(s);
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(s); i++)
        if (!Py_ISALNUM(p[i]) && p[i] != '_') return false;
    return true;
}
static void intern_all(PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) PyUnicode_InternInPlace(&((PyTupleObject *)tuple)->ob_item[i]);
}
static int intern_constants(PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *v = PyTuple_GET_ITEM(tuple, i);
        if (PyUnicode_CheckExact(v)) {
            if (looks_like_name(v)) PyUnicode_InternInPlace(&((PyTupleObject *)tuple)->ob_item[i]);
        } else if (PyTuple_CheckExact(v)) {
            if (intern_constants(v) < 0) return -1;
        } else if (PyFrozenSet_CheckExact(v)) {
            PyObject *items = PySequence_Tuple(v);
            int r = items ? intern_constants(items) : -1;
            PyObject *copy = r == 0 ? PyFrozenSet_New(items) : NULL;
            Py_XDECREF(items);
            if (!copy) return -1;
            ((PyTupleObject *)tuple)->ob_item[i] = copy;
            Py_DECREF(v);
        }
    }
    return 0;
}
KrCode *kr_code_new(const KrCodeSpec *s) {
    KrCode *c = PyObject_New(KrCode, &PyCode_Type);
    if (!c) return NULL;
    PyCodeObject *b = &c->base;
    memset((char *)c + offsetof(PyCodeObject, co_consts), 0, sizeof *c - offsetof(PyCodeObject, co_consts));
    Py_SET_SIZE(b, 0);
    b->co_consts = Py_NewRef(s->consts);
    b->co_names = Py_NewRef(s->names);
    b->co_localsplusnames = Py_NewRef(s->localsplusnames);
    b->co_localspluskinds = Py_NewRef(s->localspluskinds);
    b->co_filename = Py_NewRef(s->filename);
    b->co_name = Py_NewRef(s->name);
    b->co_qualname = Py_NewRef(s->qualname);
    b->co_linetable = Py_NewRef(s->linetable);
    b->co_flags = s->flags;
    b->co_argcount = s->argcount;
    b->co_posonlyargcount = s->posonlyargcount;
    b->co_kwonlyargcount = s->kwonlyargcount;
    b->co_firstlineno = s->firstlineno;
    b->co_nlocalsplus = (int)PyTuple_GET_SIZE(s->localsplusnames);
    b->co_nlocals = s->nlocals;
    b->co_stacksize = s->nregs - b->co_nlocalsplus;
    const unsigned char *kinds = (unsigned char *)PyBytes_AS_STRING(s->localspluskinds);
    for (int i = 0; i < b->co_nlocalsplus; i++) {
        if (kinds[i] & KR_KIND_CELL) b->co_ncellvars++, b->co_nplaincellvars += !(kinds[i] & KR_KIND_LOCAL);
        b->co_nfreevars += (kinds[i] & KR_KIND_FREE) != 0;
    }
    c->ninstrs = (uint32_t)s->ninstrs;
    c->nexc_entries = (uint32_t)s->nexc_entries;
    c->nregs = (uint16_t)s->nregs;
    c->temp_base = (uint16_t)b->co_nlocalsplus;
    c->instrs = PyMem_Malloc(((size_t)s->ninstrs + 1) * sizeof *c->instrs);
    c->exc_entries = PyMem_Malloc(((size_t)s->nexc_entries + 1) * sizeof *c->exc_entries);
    if (!c->instrs || !c->exc_entries) {
        Py_DECREF(c);
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(c->instrs, s->instrs, (size_t)s->ninstrs * sizeof *c->instrs);
    if (s->nexc_entries) memcpy(c->exc_entries, s->exc_entries, (size_t)s->nexc_entries * sizeof *c->exc_entries);
    while (c->first_traceable < c->ninstrs && c->instrs[c->first_traceable].op != KR_OP_RESUME) c->first_traceable++;
    b->_co_firsttraceable = (int)c->first_traceable;
    intern_all(b->co_names);
    intern_all(b->co_localsplusnames);
    PyUnicode_InternInPlace(&b->co_name);
    PyUnicode_InternInPlace(&b->co_qualname);
    PyUnicode_InternInPlace(&b->co_filename);
    if (intern_constants(b->co_consts) < 0) {
        Py_DECREF(c);
        return NULL;
    }
    c->consts = ((PyTupleObject *)b->co_consts)->ob_item;
    c->names = ((PyTupleObject *)b->co_names)->ob_item;
    return c;
}

/* ------------------------------------------------------------------ tables as bytes */

PyObject *kr_code_bytes(KrCode *c) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)c->ninstrs * (Py_ssize_t)sizeof(KrInstr));
    if (!bytes) return NULL;
    KrInstr *to = (KrInstr *)PyBytes_AS_STRING(bytes);
    for (uint32_t i = 0; i < c->ninstrs; i++) {
        KrInstr in = c->instrs[i];
        in.op = kr_op_generic[in.op];
        memcpy(&to[i], &in, sizeof in);
    }
    return bytes;
}
PyObject *kr_code_exception_bytes(KrCode *c) { return PyBytes_FromStringAndSize((char *)c->exc_entries, (Py_ssize_t)(c->nexc_entries * sizeof(KrExcEntry))); }

PyObject *kr_code_names_of(KrCode *c, int kind) {
    PyObject *list = PyList_New(0);
    const unsigned char *kinds = (unsigned char *)PyBytes_AS_STRING(c->base.co_localspluskinds);
    for (int i = 0; list && i < c->base.co_nlocalsplus; i++)
        if ((kinds[i] & kind) && PyList_Append(list, PyTuple_GET_ITEM(c->base.co_localsplusnames, i)) < 0) Py_CLEAR(list);
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

/* ------------------------------------------------------------------ the API */

/* A code object that does nothing but return None; its traceback shows the given place. */
PyCodeObject *PyCode_NewEmpty(const char *filename, const char *funcname, int firstlineno) {
    PyObject *file = PyUnicode_DecodeFSDefault(filename), *name = PyUnicode_FromString(funcname), *empty = PyTuple_New(0), *consts = PyTuple_Pack(1, Py_None),
             *kinds = PyBytes_FromStringAndSize("", 0), *table = NULL;
    KrCode *c = NULL;
    KrInstr instrs[] = {{KR_OP_RESUME, 0, 0, 0}, {KR_OP_RETURN, KR_OPERAND_CONST, 0, 0}};
    KrLineTableBuilder lines = {.firstlineno = firstlineno, .line = firstlineno};
    KrLocation at = {firstlineno, firstlineno, -1, -1};
    if (file && name && empty && consts && kinds && kr_linetable_add(&lines, at) == 0 && kr_linetable_add(&lines, at) == 0 && (table = kr_linetable_finish(&lines))) {
        KrCodeSpec spec = {.nregs = 1, .flags = CO_OPTIMIZED | CO_NEWLOCALS, .firstlineno = firstlineno, .instrs = instrs, .ninstrs = 2, .consts = consts, .names = empty,
                           .localsplusnames = empty, .localspluskinds = kinds, .filename = file, .name = name, .qualname = name, .linetable = table};
        c = kr_code_new(&spec);
    }
    Py_XDECREF(file);
    Py_XDECREF(name);
    Py_XDECREF(empty);
    Py_XDECREF(consts);
    Py_XDECREF(kinds);
    Py_XDECREF(table);
    return (PyCodeObject *)c;
}
int PyCode_Addr2Line(PyCodeObject *code, int offset) { return offset < 0 ? code->co_firstlineno : kr_code_line((KrCode *)code, (uint32_t)offset / 2); }
int PyCode_Addr2Location(PyCodeObject *code, int offset, int *line, int *col, int *end_line, int *end_col) {
    if (offset < 0) {
        *line = code->co_firstlineno;
        *end_line = *col = *end_col = 0;
        return 1;
    }
    KrLocation at = kr_code_location((KrCode *)code, (uint32_t)offset / 2);
    *line = at.line;
    *end_line = at.end_line;
    *col = at.col;
    *end_col = at.end_col;
    return 1;
}
PyObject *PyCode_GetCode(PyCodeObject *code) {
    if (!code->_co_code && !(code->_co_code = kr_code_bytes((KrCode *)code))) return NULL;
    return Py_NewRef(code->_co_code);
}
PyObject *PyCode_GetVarnames(PyCodeObject *code) { return kr_code_names_of((KrCode *)code, KR_KIND_LOCAL); }
PyObject *PyCode_GetCellvars(PyCodeObject *code) { return kr_code_names_of((KrCode *)code, KR_KIND_CELL); }
PyObject *PyCode_GetFreevars(PyCodeObject *code) { return kr_code_names_of((KrCode *)code, KR_KIND_FREE); }
PyObject *PyCode_Optimize(PyObject *code, PyObject *consts, PyObject *names, PyObject *lnotab) {
    (void)consts, (void)names, (void)lnotab;
    return Py_NewRef(code);
}
int _PyCode_CheckLineNumber(int lasti, PyCodeAddressRange *bounds) {
    (void)lasti, (void)bounds;
    return -1;
}

/* A key under which only constants that may be one and the same object are equal: 1, 1.0 and True differ, 0.0 and -0.0 too. */
static PyObject *float_key(PyObject *o, double v) {
    bool negative_zero = v == 0.0 && copysign(1.0, v) < 0;
    return negative_zero ? PyTuple_Pack(3, Py_TYPE(o), o, Py_None) : PyTuple_Pack(2, Py_TYPE(o), o);
}
PyObject *_PyCode_ConstantKey(PyObject *o) {
    PyObject *key = NULL;
    if (o == Py_None || o == Py_Ellipsis || PyLong_CheckExact(o) || PyUnicode_CheckExact(o) || PyCode_Check(o)) return Py_NewRef(o);
    if (PyBool_Check(o) || PyBytes_CheckExact(o)) return PyTuple_Pack(2, Py_TYPE(o), o);
    if (PyFloat_CheckExact(o)) return float_key(o, PyFloat_AS_DOUBLE(o));
    if (PyComplex_CheckExact(o)) {
        Py_complex z = PyComplex_AsCComplex(o);
        PyObject *real = PyBool_FromLong(z.real == 0 && copysign(1.0, z.real) < 0), *imag = PyBool_FromLong(z.imag == 0 && copysign(1.0, z.imag) < 0);
        key = PyTuple_Pack(4, Py_TYPE(o), o, real, imag);
        Py_DECREF(real);
        Py_DECREF(imag);
        return key;
    }
    if (PyTuple_CheckExact(o) || PyFrozenSet_CheckExact(o)) {
        PyObject *items = PyTuple_CheckExact(o) ? Py_NewRef(o) : PySequence_Tuple(o), *keys = items ? PyTuple_New(PyTuple_GET_SIZE(items)) : NULL;
        for (Py_ssize_t i = 0; keys && i < PyTuple_GET_SIZE(items); i++) {
            PyObject *k = _PyCode_ConstantKey(PyTuple_GET_ITEM(items, i));
            if (k) PyTuple_SET_ITEM(keys, i, k);
            else Py_CLEAR(keys);
        }
        Py_XDECREF(items);
        if (keys && PyFrozenSet_CheckExact(o)) Py_SETREF(keys, PyFrozenSet_New(keys));
        if (keys) key = PyTuple_Pack(2, keys, o);
        if (key && PyFrozenSet_CheckExact(o)) Py_SETREF(key, PyTuple_Pack(2, Py_TYPE(o), keys));
        Py_XDECREF(keys);
        return key;
    }
    PyObject *id = PyLong_FromVoidPtr(o);
    key = id ? PyTuple_Pack(2, id, o) : NULL;
    Py_XDECREF(id);
    return key;
}
