/* basic.c - handlers: moves, names, the generic forms of attributes, subscripts, arithmetic and comparison, jumps, iteration, building, imports, matching. */
#include "vm/loop.h"
#include "vm/generator.h"
#include "object/list.h"
#include "object/type.h"

/* ------------------------------------------------------------------ moves and constants */

OP(NOP) { NEXT(); }
OP(DATA) { KR_UNREACHABLE(); }
OP(RESUME) {
    SAVE();
    if (KR_UNLIKELY(!f->code->cache_bias)) kr_code_count(f->code, KR_WARM_CALL);
    POLL();
    NEXT();
}
OP(MOVE) { GOTO(kr_body_MOVE); }
BODY(MOVE) {
    NEXT_SETTING(in.a, CONSUMED(in.b) ? kr_reg_take(&REG(in.b)) : Py_XNewRef(R(in.b)));
}
OP(MOVE_LOCAL) {
    PyObject *v = regs[in.b];
    GUARD(v != NULL);
    regs[in.a - KR_DEST_DEAD] = Py_NewRef(v);
    NEXT();
}
OP(MOVE_CONST) {
    regs[in.a - KR_DEST_DEAD] = Py_NewRef(f->consts[in.b - KR_OPERAND_CONST]);
    NEXT();
}
OP(MOVE_TEMP) { NEXT_SETTING(in.a, kr_reg_take(&regs[in.b - KR_OPERAND_CONSUME])); }
OP(LOAD_CONST) { NEXT_SETTING(in.a, Py_NewRef(f->consts[kr_instr_target(in)])); }
OP(KILL) { NEXT_RELEASING(kr_reg_take(&REG(in.a)), NULL, NULL, NULL); }

/* ------------------------------------------------------------------ locals, cells, names */

/* UnboundLocalError or NameError for a register of the running instruction's. */
static KR_COLD PyObject *unbound(KrThread *t, KrFrame *f, KrInstr *pc, int reg) {
    SAVE();
    kr_vm_unbound(f, reg & KR_REG_MASK);
    ERROR();
}
OP(CHECK_LOCAL) {
    if (KR_UNLIKELY(!REG(in.a))) return unbound(t, f, pc, in.a);
    NEXT();
}
OP(DELETE_LOCAL) {
    if (!REG(in.a)) return unbound(t, f, pc, in.a);
    CLEAR(&REG(in.a));
    NEXT();
}
OP(MAKE_CELL) {
    SAVE();
    PyObject *cell = PyCell_New(REG(in.a));
    RELOAD();
    if (!cell) ERROR();
    NEXT_SETTING(in.a, cell);
}
OP(COPY_FREE_VARS) {
    if ((KrCode *)f->func->func_code != f->code) NEXT();     /* a comprehension got them from its caller */
    for (int i = 0; i < in.c; i++) REG(f->code->temp_base - in.c + i) = Py_NewRef(PyTuple_GET_ITEM(f->func->func_closure, i));
    NEXT();
}
OP(LOAD_DEREF) {
    PyObject *v = PyCell_GET(REG(in.b));
    if (KR_UNLIKELY(!v)) return unbound(t, f, pc, in.b);
    NEXT_SETTING(in.a, Py_NewRef(v));
}
OP(STORE_DEREF) {
    PyCellObject *cell = (PyCellObject *)REG(in.a);
    PyObject *v = OWN(in.b), *old = cell->ob_ref;
    cell->ob_ref = v;
    NEXT_RELEASING(old, NULL, NULL, NULL);
}
OP(DELETE_DEREF) {
    PyCellObject *cell = (PyCellObject *)REG(in.a);
    if (!cell->ob_ref) return unbound(t, f, pc, in.a);
    CLEAR(&cell->ob_ref);
    NEXT();
}
OP(LOAD_CLASSDEREF) { SAVE(); STORE_RESULT(kr_vm_load_classderef(f, REG(in.b), NAME(in.c))); }
OP(LOAD_NAME) { SAVE(); STORE_RESULT(kr_vm_load_name(f, NAME(in.b))); }
OP(STORE_NAME) { SAVE(); CHECK(kr_vm_store_name(f, NAME(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(DELETE_NAME) { SAVE(); CHECK(kr_vm_store_name(f, NAME(in.a), NULL)); NEXT(); }
ADAPTIVE(LOAD_GLOBAL, kr_specialize_load_global, f->globals, f->builtins, NAME(in.b)) { SAVE(); STORE_RESULT(kr_vm_load_global(f, NAME(in.b))); }
OP(STORE_GLOBAL) { SAVE(); CHECK(PyDict_SetItem(f->globals, NAME(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(DELETE_GLOBAL) { SAVE(); CHECK(kr_vm_delete_global(f, NAME(in.a))); NEXT(); }
OP(SETUP_ANNOTATIONS) { SAVE(); CHECK(kr_vm_setup_annotations(f)); NEXT(); }

/* ------------------------------------------------------------------ attributes and subscripts */

ADAPTIVE(LOAD_ATTR, kr_specialize_load_attr, R(in.b), NAME(in.c)) { SAVE(); UNARY(PyObject_GetAttr(R(in.b), NAME(in.c))); }
ADAPTIVE(STORE_ATTR, kr_specialize_store_attr, R(in.a), NAME(in.b)) {
    SAVE();
    CHECK(PyObject_SetAttr(R(in.a), NAME(in.b), R(in.c)));
    PyObject *owner = TAKE(in.a), *value = TAKE(in.c);
    NEXT_RELEASING(value, owner, NULL, NULL);
}
OP(DELETE_ATTR) { SAVE(); CHECK(PyObject_SetAttr(R(in.a), NAME(in.b), NULL)); DONE(in.a); NEXT(); }
/* Looks up method `name` of operand b: registers a and a + 1 are then what CALL wants. */
static KR_NOINLINE int load_method(KrFrame *f, KrInstr i, PyObject *name) {
    PyObject **regs = f->regs, *self = R(i.b), *method = NULL;
    int unbound = Py_IS_TYPE(self, &PySuper_Type) ? kr_super_method(self, name, &method, &self) : 0;
    if (unbound < 0) return -1;
    if (!unbound && (unbound = _PyObject_GetMethod(self, name, &method))) Py_INCREF(self);
    if (!method) return -1;
    if (CONSUMED(i.b)) Py_CLEAR(REG(i.b));
    REG(i.a) = method;
    REG(i.a + 1) = unbound ? self : NULL;
    return 0;
}
ADAPTIVE(LOAD_METHOD, kr_specialize_load_method, R(in.b), NAME(in.c)) { SAVE(); CHECK(load_method(f, in, NAME(in.c))); NEXT(); }
ADAPTIVE(LOAD_SUBSCR, kr_specialize_subscr, R(in.b), R(in.c)) { SAVE(); BINARY(PyObject_GetItem(R(in.b), R(in.c))); }
ADAPTIVE(STORE_SUBSCR, kr_specialize_store_subscr, R(in.a), R(in.b)) {
    SAVE();
    CHECK(PyObject_SetItem(R(in.a), R(in.b), R(in.c)));
    PyObject *owner = TAKE(in.a), *key = TAKE(in.b), *value = TAKE(in.c);
    NEXT_RELEASING(value, owner, key, NULL);
}
OP(DELETE_SUBSCR) { SAVE(); CHECK(PyObject_DelItem(R(in.a), R(in.b))); DONE(in.a); DONE(in.b); NEXT(); }
OP(LOAD_SLICE) {
    SAVE();
    PyObject *v = kr_vm_get_slice(R(in.b), R(in.c), R(pc->a));
    RELOAD();
    if (!v) ERROR();
    PyObject *o = TAKE(in.b), *lo = TAKE(in.c), *hi = TAKE(pc->a), **at = &REG(in.a), *old = *at;
    *at = v;
    pc++;
    NEXT_RELEASING(o, lo, hi, old);
}
OP(STORE_SLICE) {
    SAVE();
    CHECK(kr_vm_set_slice(R(in.a), R(in.b), R(in.c), R(pc->a)));
    PyObject *o = TAKE(in.a), *lo = TAKE(in.b), *hi = TAKE(in.c), *v = TAKE(pc->a);
    pc++;
    NEXT_RELEASING(v, o, lo, hi);
}
OP(BUILD_SLICE) {
    SAVE();
    PyObject *v = PySlice_New(REG(in.b), REG(in.b + 1), in.c == 3 ? REG(in.b + 2) : NULL);
    RELOAD();
    if (!v) ERROR();
    for (int i = 0; i < in.c; i++) CLEAR(&REG(in.b + i));
    NEXT_SETTING(in.a, v);
}

/* ------------------------------------------------------------------ arithmetic and comparison */

static PyObject *binary_power(PyObject *a, PyObject *b) { return PyNumber_Power(a, b, Py_None); }
static PyObject *inplace_power(PyObject *a, PyObject *b) { return PyNumber_InPlacePower(a, b, Py_None); }

#define ADAPTING(name, expr) ADAPTIVE(name, kr_specialize_binary, R(in.b), R(in.c)) { SAVE(); BINARY(expr); }
#define PLAIN_OP(name, function) OP(name) { SAVE(); BINARY(function(R(in.b), R(in.c))); }
#define BINARY_OP(name, function) ADAPTING(BINARY_##name, function(R(in.b), R(in.c)))
#define INPLACE_OP(name, function) ADAPTING(INPLACE_##name, function(R(in.b), R(in.c)))
BINARY_OP(ADD, PyNumber_Add)
BINARY_OP(SUB, PyNumber_Subtract)
BINARY_OP(MUL, PyNumber_Multiply)
PLAIN_OP(BINARY_MATMUL, PyNumber_MatrixMultiply)
BINARY_OP(TRUEDIV, PyNumber_TrueDivide)
BINARY_OP(MOD, PyNumber_Remainder)
PLAIN_OP(BINARY_POW, binary_power)
BINARY_OP(LSHIFT, PyNumber_Lshift)
BINARY_OP(RSHIFT, PyNumber_Rshift)
BINARY_OP(OR, PyNumber_Or)
BINARY_OP(XOR, PyNumber_Xor)
BINARY_OP(AND, PyNumber_And)
BINARY_OP(FLOORDIV, PyNumber_FloorDivide)
INPLACE_OP(ADD, PyNumber_InPlaceAdd)
INPLACE_OP(SUB, PyNumber_InPlaceSubtract)
INPLACE_OP(MUL, PyNumber_InPlaceMultiply)
PLAIN_OP(INPLACE_MATMUL, PyNumber_InPlaceMatrixMultiply)
INPLACE_OP(TRUEDIV, PyNumber_InPlaceTrueDivide)
PLAIN_OP(INPLACE_MOD, PyNumber_InPlaceRemainder)
PLAIN_OP(INPLACE_POW, inplace_power)
INPLACE_OP(LSHIFT, PyNumber_InPlaceLshift)
INPLACE_OP(RSHIFT, PyNumber_InPlaceRshift)
INPLACE_OP(OR, PyNumber_InPlaceOr)
INPLACE_OP(XOR, PyNumber_InPlaceXor)
INPLACE_OP(AND, PyNumber_InPlaceAnd)
PLAIN_OP(INPLACE_FLOORDIV, PyNumber_InPlaceFloorDivide)
OP(UNARY_NEG) { SAVE(); UNARY(PyNumber_Negative(R(in.b))); }
OP(UNARY_POS) { SAVE(); UNARY(PyNumber_Positive(R(in.b))); }
OP(UNARY_INVERT) { SAVE(); UNARY(PyNumber_Invert(R(in.b))); }
ADAPTING(COMPARE_LT, PyObject_RichCompare(R(in.b), R(in.c), Py_LT))
ADAPTING(COMPARE_LE, PyObject_RichCompare(R(in.b), R(in.c), Py_LE))
ADAPTING(COMPARE_EQ, PyObject_RichCompare(R(in.b), R(in.c), Py_EQ))
ADAPTING(COMPARE_NE, PyObject_RichCompare(R(in.b), R(in.c), Py_NE))
ADAPTING(COMPARE_GT, PyObject_RichCompare(R(in.b), R(in.c), Py_GT))
ADAPTING(COMPARE_GE, PyObject_RichCompare(R(in.b), R(in.c), Py_GE))

/* Whether o is true: 1, 0, or -1 with an exception. */
static KR_NOINLINE int truth_of_object(PyObject *o) {
    if (PyLong_CheckExact(o) || PyList_CheckExact(o) || PyTuple_CheckExact(o)) return Py_SIZE(o) != 0;
    if (PyUnicode_CheckExact(o) && PyUnicode_IS_READY(o)) return PyUnicode_GET_LENGTH(o) != 0;
    if (PyBytes_CheckExact(o)) return PyBytes_GET_SIZE(o) != 0;
    return PyObject_IsTrue(o);
}
KR_INLINE int truth(PyObject *o) { return o == Py_True ? 1 : o == Py_False || o == Py_None ? 0 : truth_of_object(o); }
OP(UNARY_NOT) {
    SAVE();
    int n = truth(R(in.b));
    RELOAD();
    if (n < 0) ERROR();
    STORE_TRUTH(!n, TAKE(in.b), NULL);
}
#define IDENTITY(name, op) \
    OP(name) { \
        bool n = R(in.b) op R(in.c); \
        STORE_TRUTH(n, TAKE(in.b), TAKE(in.c)); \
    }
IDENTITY(IS, ==)
IDENTITY(IS_NOT, !=)
#define CONTAINMENT(name, result) \
    OP(name) { \
        SAVE(); \
        int n = PySequence_Contains(R(in.c), R(in.b)); \
        RELOAD(); \
        if (n < 0) ERROR(); \
        STORE_TRUTH(result, TAKE(in.b), TAKE(in.c)); \
    }
CONTAINMENT(IN, n)
CONTAINMENT(NOT_IN, !n)

/* ------------------------------------------------------------------ jumps */

OP(JUMP) { JUMP_TO(in); NEXT(); }
static KR_COLD PyObject *jump_back_slowly(KR_LOOP_PARAMS) {
    SAVE();
    if (!f->code->cache_bias) kr_code_count(f->code, KR_WARM_LOOP);
    POLL();
    JUMP_TO(in);
    NEXT();
}
OP(JUMP_BACK) {
    if (KR_UNLIKELY(!f->code->cache_bias) || BREAKER()) GOTO(jump_back_slowly);
    JUMP_TO(in);
    NEXT();
}
#define JUMP_IF(name, when) \
    OP(name) { \
        PyObject *v = R(in.a); \
        int n; \
        if (KR_LIKELY(v == Py_True)) { \
            n = 1; \
        } else if (v == Py_False || v == Py_None) { \
            n = 0; \
        } else { \
            SAVE(); \
            n = truth_of_object(v); \
            RELOAD(); \
            if (n < 0) ERROR(); \
        } \
        v = TAKE(in.a); \
        if (n == (when)) JUMP_TO(in); \
        NEXT_RELEASING(v, NULL, NULL, NULL); \
    } \
    OP(name##_OR_KILL) { \
        SAVE(); \
        int n = truth(REG(in.a)); \
        RELOAD(); \
        if (n < 0) ERROR(); \
        if (n == (when)) JUMP_TO(in); \
        else CLEAR(&REG(in.a)); \
        NEXT(); \
    }
JUMP_IF(JUMP_IF_FALSE, 0)
JUMP_IF(JUMP_IF_TRUE, 1)
#define JUMP_ON_NONE(name, op) \
    OP(name) { \
        bool n = R(in.a) op Py_None; \
        PyObject *v = TAKE(in.a); \
        if (n) JUMP_TO(in); \
        NEXT_RELEASING(v, NULL, NULL, NULL); \
    }
JUMP_ON_NONE(JUMP_IF_NONE, ==)
JUMP_ON_NONE(JUMP_IF_NOT_NONE, !=)

/* ------------------------------------------------------------------ iteration */

OP(GET_ITER) { SAVE(); UNARY(PyObject_GetIter(R(in.b))); }
/* The iterator in register b gave nothing: it is exhausted, or raised. */
static KR_NOINLINE PyObject *no_item(KR_LOOP_PARAMS) {
    SAVE();
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration)) ERROR();
        if (TRACED()) kr_trace_exception(t, f);
        PyErr_Clear();
    }
    CLEAR(&REG(in.b));
    NEXT();
}
ADAPTIVE(FOR_ITER, kr_specialize_for_iter, REG(in.b)) {
    SAVE();
    PyObject *it = REG(in.b), *v = Py_TYPE(it)->tp_iternext(it);
    RELOAD();
    if (!v) GOTO(no_item);
    PyObject **at = &REG(in.a), *old = *at;
    *at = v;
    pc++;
    NEXT_RELEASING(old, NULL, NULL, NULL);
}
/* Unpacks any sequence or iterable. */
static KR_NOINLINE PyObject *unpack_anything(KR_LOOP_PARAMS) { SAVE(); CHECK(kr_vm_unpack(R(in.b), in.c, &REG(in.a))); DONE(in.b); NEXT(); }
ADAPTIVE(UNPACK_SEQUENCE, kr_specialize_unpack, R(in.b)) { GOTO(unpack_anything); }
OP(UNPACK_EX) { SAVE(); CHECK(kr_vm_unpack_ex(R(in.b), pc->b, pc->c, &REG(in.a))); DONE(in.b); pc++; NEXT(); }

/* ------------------------------------------------------------------ building */

OP(BUILD_TUPLE) {
    SAVE();
    PyObject *v = PyTuple_New(in.c);
    RELOAD();
    if (!v) ERROR();
    for (int i = 0; i < in.c; i++) PyTuple_SET_ITEM(v, i, kr_reg_take(&REG(in.b + i)));
    NEXT_SETTING(in.a, v);
}
OP(BUILD_LIST) {
    SAVE();
    PyObject *v = PyList_New(in.c);
    RELOAD();
    if (!v) ERROR();
    for (int i = 0; i < in.c; i++) PyList_SET_ITEM(v, i, kr_reg_take(&REG(in.b + i)));
    NEXT_SETTING(in.a, v);
}
OP(BUILD_SET) { SAVE(); STORE_RESULT(kr_vm_build_set(&REG(in.b), in.c)); }
OP(BUILD_MAP) { SAVE(); STORE_RESULT(kr_vm_build_map(&REG(in.b), in.c)); }
OP(BUILD_STRING) { SAVE(); STORE_RESULT(kr_vm_build_string(&REG(in.b), in.c)); }
OP(LIST_APPEND) { SAVE(); CHECK(kr_list_append_steal((PyListObject *)REG(in.a), OWN(in.b))); NEXT(); }
OP(SET_ADD) { SAVE(); CHECK(PySet_Add(REG(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(MAP_ADD) { SAVE(); CHECK(PyDict_SetItem(REG(in.a), R(in.b), R(in.c))); DONE(in.b); DONE(in.c); NEXT(); }
OP(LIST_EXTEND) { SAVE(); CHECK(kr_vm_list_extend(REG(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(SET_UPDATE) { SAVE(); CHECK(_PySet_Update(REG(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(DICT_UPDATE) { SAVE(); CHECK(kr_vm_dict_update(REG(in.a), R(in.b))); DONE(in.b); NEXT(); }
OP(DICT_MERGE) { SAVE(); CHECK(kr_vm_dict_merge(REG(in.a), R(in.b), R(in.c))); DONE(in.b); NEXT(); }
OP(LIST_TO_TUPLE) { SAVE(); UNARY(PyList_AsTuple(R(in.b))); }
OP(FORMAT_VALUE) { SAVE(); UNARY(kr_vm_format(R(in.b), in.c, NULL)); }
OP(FORMAT_WITH_SPEC) { SAVE(); BINARY(PyObject_Format(R(in.b), R(in.c))); }
OP(CONVERT_VALUE) { SAVE(); UNARY(kr_vm_convert(R(in.b), in.c)); }

/* ------------------------------------------------------------------ imports, matching, the rest */

OP(IMPORT_NAME) {
    SAVE();
    PyObject *v = kr_vm_import_name(f, NAME(in.c), REG(in.b + 1), REG(in.b));
    RELOAD();
    if (!v) ERROR();
    CLEAR(&REG(in.b));
    CLEAR(&REG(in.b + 1));
    NEXT_SETTING(in.a, v);
}
OP(IMPORT_FROM) { SAVE(); STORE_RESULT(kr_vm_import_from(R(in.b), NAME(in.c))); }
OP(IMPORT_STAR) { SAVE(); CHECK(kr_vm_import_star(f, R(in.a))); DONE(in.a); NEXT(); }
OP(GET_LEN) {
    SAVE();
    Py_ssize_t size = PyObject_Size(R(in.b));
    STORE_RESULT(size < 0 ? NULL : PyLong_FromSsize_t(size));
}
OP(MATCH_SEQUENCE) { NEXT_SETTING(in.a, BOOL(Py_TYPE(R(in.b))->tp_flags & Py_TPFLAGS_SEQUENCE)); }
OP(MATCH_MAPPING) { NEXT_SETTING(in.a, BOOL(Py_TYPE(R(in.b))->tp_flags & Py_TPFLAGS_MAPPING)); }
OP(MATCH_KEYS) { SAVE(); BINARY(kr_vm_match_keys(R(in.b), R(in.c))); }
OP(MATCH_CLASS) {
    SAVE();
    PyObject *v = kr_vm_match_class(R(pc->a), REG(in.b), in.c, REG(in.b + 1));
    RELOAD();
    if (!v) ERROR();
    DONE(pc->a);
    CLEAR(&REG(in.b));
    CLEAR(&REG(in.b + 1));
    SET(in.a, v);
    pc++;
    NEXT();
}
OP(PRINT_EXPR) { SAVE(); CHECK(kr_vm_print_expr(R(in.a))); DONE(in.a); NEXT(); }
