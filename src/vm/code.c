/* code.c - making code objects, and the C API about them. The type is in code_type.c.
 *
 * A code object owns its instructions (they are quickened in place) and shares the rest: constants and names are the tuples that Python
 * sees, line table and exception table the bytes that Python sees or parts of a store (code_store.h), and the loop's pointers into them
 * stay valid because nothing replaces them.
 * co_extra is a KrCodeExtra: one pointer for each user that _PyEval_RequestCodeExtraIndex gave a number.
 */
#include "vm/code_object.h"
#include "vm/code_store.h"

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
/* Interns strings in a tuple of constants, nested ones too. 1: an item became another object, 0: none did, -1. */
static int intern_constants(PyObject *tuple) {
    int changed = 0;
    if (Py_EnterRecursiveCall(" while interning constants")) return -1;
    for (Py_ssize_t i = 0; changed >= 0 && i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject **at = &((PyTupleObject *)tuple)->ob_item[i], *v = *at;
        if (PyUnicode_CheckExact(v)) {
            if (looks_like_name(v)) PyUnicode_InternInPlace(at);
            changed |= *at != v;
        } else if (PyTuple_CheckExact(v)) {
            int r = intern_constants(v);
            changed = r < 0 ? -1 : changed | r;
        } else if (PyFrozenSet_CheckExact(v)) {
            PyObject *items = PySequence_Tuple(v), *copy = NULL;
            int r = items ? intern_constants(items) : -1;
            if (r > 0) r = (copy = PyFrozenSet_New(items)) ? 1 : -1;
            Py_XDECREF(items);
            if (copy) Py_SETREF(*at, copy);
            changed = r < 0 ? -1 : changed | r;
        }
    }
    Py_LeaveRecursiveCall();
    return changed;
}
void kr_code_set_instrs(KrCode *c, KrInstr *instrs) {
    c->entry = c->instrs = instrs;
    while (c->first_traceable < c->ninstrs && instrs[c->first_traceable].op != KR_OP_RESUME) c->first_traceable++;
    c->base._co_firsttraceable = (int)c->first_traceable;
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
    if (!c->instrs) PyErr_NoMemory();
    b->co_exceptiontable = PyBytes_FromStringAndSize((const char *)s->exc_entries, s->nexc_entries * (Py_ssize_t)sizeof *c->exc_entries);
    if (!c->instrs || !b->co_exceptiontable) {
        Py_DECREF(c);
        return NULL;
    }
    c->exc_entries = (const KrExcEntry *)PyBytes_AS_STRING(b->co_exceptiontable);
    c->lines = (const unsigned char *)PyBytes_AS_STRING(b->co_linetable);
    c->lines_size = (uint32_t)PyBytes_GET_SIZE(b->co_linetable);
    memcpy(c->instrs, s->instrs, (size_t)s->ninstrs * sizeof *c->instrs);
    kr_code_set_instrs(c, c->instrs);
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
PyObject *kr_code_linetable(KrCode *c) {
    PyObject **at = &c->base.co_linetable;
    if (!*at && !(*at = PyBytes_FromStringAndSize((const char *)c->lines, c->lines_size))) return NULL;
    return Py_NewRef(*at);
}
PyObject *kr_code_exceptiontable(KrCode *c) {
    PyObject **at = &c->base.co_exceptiontable;
    if (kr_code_ready(c) < 0) return NULL;
    if (!*at && !(*at = PyBytes_FromStringAndSize((const char *)c->exc_entries, (Py_ssize_t)(c->nexc_entries * sizeof *c->exc_entries)))) return NULL;
    return Py_NewRef(*at);
}
PyObject *kr_code_names_of(KrCode *c, int kind) {
    if (kr_code_ready(c) < 0) return NULL;
    PyObject *list = PyList_New(0);
    const unsigned char *kinds = (unsigned char *)PyBytes_AS_STRING(c->base.co_localspluskinds);
    for (int i = 0; list && i < c->base.co_nlocalsplus; i++)
        if ((kinds[i] & kind) && PyList_Append(list, PyTuple_GET_ITEM(c->base.co_localsplusnames, i)) < 0) Py_CLEAR(list);
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

int kr_code_check_names(PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        if (PyUnicode_Check(PyTuple_GET_ITEM(tuple, i))) continue;
        PyErr_Format(PyExc_TypeError, "name tuples must contain only strings, not '%.500s'", Py_TYPE(PyTuple_GET_ITEM(tuple, i))->tp_name);
        return -1;
    }
    return 0;
}
int kr_code_join_names(PyObject *vars, PyObject *cells, PyObject *frees, PyObject **names, PyObject **kinds) {
    PyObject *list = PySequence_List(vars);
    *names = *kinds = NULL;
    if (!list || kr_code_check_names(vars) < 0 || kr_code_check_names(cells) < 0 || kr_code_check_names(frees) < 0) goto fail;
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
PyObject *kr_code_new_hollow(KrCodeSpec *s) {
    int base = (int)PyTuple_GET_SIZE(s->localsplusnames);
    KrInstr instrs[] = {{KR_OP_RESUME, 0, 0, 0}, {KR_OP_LOAD_ASSERTION_ERROR, (uint16_t)(base | KR_DEST_DEAD), 0, 0}, {KR_OP_RAISE, (uint16_t)(base | KR_OPERAND_CONSUME), 0, 1}};
    KrLineTableBuilder lines = {.firstlineno = s->firstlineno, .line = s->firstlineno};
    KrLocation at = {s->firstlineno, s->firstlineno, -1, -1};
    for (size_t i = 0; i < KR_ARRAY_LEN(instrs); i++)
        if (kr_linetable_add(&lines, at) < 0) {
            PyMem_Free(lines.data);
            return NULL;
        }
    PyObject *table = kr_linetable_finish(&lines);
    if (!table) return NULL;
    s->linetable = table;
    s->instrs = instrs;
    s->ninstrs = KR_ARRAY_LEN(instrs);
    s->exc_entries = NULL;
    s->nexc_entries = 0;
    s->nregs = Py_MAX(s->nregs, base + 1);
    PyObject *c = kr_code_validate(s) < 0 ? NULL : (PyObject *)kr_code_new(s);
    s->instrs = NULL;
    s->linetable = NULL;
    Py_DECREF(table);
    return c;
}
PyObject *kr_code_from_bytes(KrCodeSpec *s, PyObject *instrs, PyObject *exceptions) {
    if (PyBytes_GET_SIZE(instrs) == 0) return kr_code_new_hollow(s);
    if (PyBytes_GET_SIZE(instrs) % (Py_ssize_t)sizeof(KrInstr) || PyBytes_GET_SIZE(exceptions) % (Py_ssize_t)sizeof(KrExcEntry)) {
        PyErr_SetString(PyExc_ValueError, "code: malformed bytecode");
        return NULL;
    }
    s->instrs = (const KrInstr *)PyBytes_AS_STRING(instrs);
    s->ninstrs = PyBytes_GET_SIZE(instrs) / (Py_ssize_t)sizeof(KrInstr);
    s->exc_entries = (const KrExcEntry *)PyBytes_AS_STRING(exceptions);
    s->nexc_entries = PyBytes_GET_SIZE(exceptions) / (Py_ssize_t)sizeof(KrExcEntry);
    return kr_code_validate(s) < 0 ? NULL : (PyObject *)kr_code_new(s);
}

/* ------------------------------------------------------------------ the API */

/* Without a body of krait's, such as extensions make for their tracebacks, the code is hollow. */
PyCodeObject *PyCode_NewWithPosOnlyArgs(int argcount, int posonlyargcount, int kwonlyargcount, int nlocals, int stacksize, int flags, PyObject *code, PyObject *consts,
                                        PyObject *names, PyObject *varnames, PyObject *freevars, PyObject *cellvars, PyObject *filename, PyObject *name,
                                        PyObject *qualname, int firstlineno, PyObject *linetable, PyObject *exceptiontable) {
    bool shape = argcount >= posonlyargcount && posonlyargcount >= 0 && kwonlyargcount >= 0 && nlocals >= 0 && stacksize >= 0 && flags >= 0 && code && PyBytes_Check(code)
        && consts && PyTuple_Check(consts) && names && PyTuple_Check(names) && varnames && PyTuple_Check(varnames) && freevars && PyTuple_Check(freevars) && cellvars
        && PyTuple_Check(cellvars) && filename && PyUnicode_Check(filename) && name && PyUnicode_Check(name) && qualname && PyUnicode_Check(qualname) && linetable
        && PyBytes_Check(linetable) && exceptiontable && PyBytes_Check(exceptiontable);
    if (!shape) {
        PyErr_BadInternalCall();
        return NULL;
    }
    KrCodeSpec s = {.argcount = argcount, .posonlyargcount = posonlyargcount, .kwonlyargcount = kwonlyargcount, .nlocals = nlocals, .flags = flags, .consts = consts, .names = names,
                    .filename = filename, .name = name, .qualname = qualname, .firstlineno = firstlineno, .linetable = linetable};
    PyObject *kinds, *c = NULL;
    if (nlocals != PyTuple_GET_SIZE(varnames)) {
        PyErr_SetString(PyExc_ValueError, "code: co_nlocals != len(co_varnames)");
        return NULL;
    }
    if (kr_code_join_names(varnames, cellvars, freevars, &s.localsplusnames, &kinds) < 0) return NULL;
    s.localspluskinds = kinds;
    s.nregs = (int)Py_MIN(PyTuple_GET_SIZE(s.localsplusnames) + stacksize, KR_REG_MAX + 1);
    c = kr_code_from_bytes(&s, code, exceptiontable);
    Py_DECREF(s.localsplusnames);
    Py_DECREF(kinds);
    return (PyCodeObject *)c;
}
PyCodeObject *PyCode_New(int argcount, int kwonlyargcount, int nlocals, int stacksize, int flags, PyObject *code, PyObject *consts, PyObject *names, PyObject *varnames,
                         PyObject *freevars, PyObject *cellvars, PyObject *filename, PyObject *name, PyObject *qualname, int firstlineno, PyObject *linetable,
                         PyObject *exceptiontable) {
    return PyCode_NewWithPosOnlyArgs(argcount, 0, kwonlyargcount, nlocals, stacksize, flags, code, consts, names, varnames, freevars, cellvars, filename, name, qualname,
                                     firstlineno, linetable, exceptiontable);
}
PyCodeObject *PyCode_NewEmpty(const char *filename, const char *funcname, int firstlineno) {
    PyObject *file = PyUnicode_DecodeFSDefault(filename), *name = PyUnicode_FromString(funcname), *empty = PyTuple_New(0), *kinds = PyBytes_FromStringAndSize("", 0), *c = NULL;
    if (file && name && empty && kinds) {
        KrCodeSpec s = {.nregs = 1, .flags = CO_OPTIMIZED | CO_NEWLOCALS, .firstlineno = firstlineno, .consts = empty, .names = empty, .localsplusnames = empty,
                        .localspluskinds = kinds, .filename = file, .name = name, .qualname = name};
        c = kr_code_new_hollow(&s);
    }
    Py_XDECREF(file);
    Py_XDECREF(name);
    Py_XDECREF(empty);
    Py_XDECREF(kinds);
    return (PyCodeObject *)c;
}
int PyCode_Addr2Line(PyCodeObject *code, int offset) { return offset < 0 ? code->co_firstlineno : kr_code_line((KrCode *)code, (uint32_t)offset / 2); }
int PyCode_Addr2Location(PyCodeObject *code, int offset, int *line, int *col, int *end_line, int *end_col) {
    if (offset < 0) {
        *line = *end_line = code->co_firstlineno;
        *col = *end_col = 0;
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
    if (kr_code_ready((KrCode *)code) < 0) return NULL;
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

/* ------------------------------------------------------------------ what extensions attach to code objects */

typedef struct { Py_ssize_t size; void *slots[]; } KrCodeExtra;

Py_ssize_t _PyEval_RequestCodeExtraIndex(freefunc free) {
    KrInterpVM *vm = &kr_interp()->vm;
    if (vm->ncode_extras == KR_ARRAY_LEN(vm->code_extra_free)) return -1;
    vm->code_extra_free[vm->ncode_extras] = (void (*)(void *))free;
    return vm->ncode_extras++;
}
int _PyCode_GetExtra(PyObject *code, Py_ssize_t index, void **extra) {
    if (!PyCode_Check(code)) {
        PyErr_BadInternalCall();
        return -1;
    }
    KrCodeExtra *e = ((PyCodeObject *)code)->co_extra;
    *extra = e && index >= 0 && index < e->size ? e->slots[index] : NULL;
    return 0;
}
int _PyCode_SetExtra(PyObject *code, Py_ssize_t index, void *extra) {
    KrInterpVM *vm = &kr_interp()->vm;
    if (!PyCode_Check(code) || index < 0 || index >= vm->ncode_extras) {
        PyErr_BadInternalCall();
        return -1;
    }
    PyCodeObject *c = (PyCodeObject *)code;
    KrCodeExtra *e = c->co_extra;
    Py_ssize_t old_size = e ? e->size : 0;
    if (old_size <= index) {
        if (!(e = PyMem_Realloc(e, sizeof *e + (size_t)vm->ncode_extras * sizeof *e->slots))) {
            PyErr_NoMemory();
            return -1;
        }
        for (Py_ssize_t i = old_size; i < vm->ncode_extras; i++) e->slots[i] = NULL;
        e->size = vm->ncode_extras;
        c->co_extra = e;
    }
    void *old = e->slots[index];
    e->slots[index] = extra;
    if (old && vm->code_extra_free[index]) vm->code_extra_free[index](old);
    return 0;
}
void kr_code_release_extras(PyCodeObject *c) {
    KrInterpVM *vm = &kr_interp()->vm;
    KrCodeExtra *e = c->co_extra;
    if (!e) return;
    c->co_extra = NULL;
    for (Py_ssize_t i = 0; i < e->size; i++)
        if (e->slots[i] && vm->code_extra_free[i]) vm->code_extra_free[i](e->slots[i]);
    PyMem_Free(e);
}

/* ------------------------------------------------------------------ keys of constants */

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
        if (keys && Py_EnterRecursiveCall(" while comparing constants")) Py_CLEAR(keys);
        else if (keys) {
            for (Py_ssize_t i = 0; keys && i < PyTuple_GET_SIZE(items); i++) {
                PyObject *k = _PyCode_ConstantKey(PyTuple_GET_ITEM(items, i));
                if (k) PyTuple_SET_ITEM(keys, i, k);
                else Py_CLEAR(keys);
            }
            Py_LeaveRecursiveCall();
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
