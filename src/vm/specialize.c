/* specialize.c - warming code up, and special forms for operands that are told apart by type alone; see specialize.h. */
#include "vm/specialize.h"
#include "object/dict_iter.h"
#include "object/iter.h"
#include "object/list.h"
#include "object/long.h"
#include "object/range.h"
#include "object/tuple.h"
#include "object/type.h"

void kr_code_count(KrCode *c, int points) {
    if ((c->warmth = (uint16_t)(c->warmth + points)) < KR_WARM_AT) return;
    c->warmth = 0;
    if (!(c->caches = PyMem_Calloc(c->ninstrs, sizeof *c->caches))) return; /* slower, but all the same */
    _Static_assert(sizeof(KrCache) == 3 * sizeof(KrInstr), "cache_bias relies on it");
    if (c->first_traceable == 0) c->entry = c->instrs + 1;
    c->cache_bias = (uintptr_t)c->caches - 3 * (uintptr_t)(c->instrs + 1);
    for (uint32_t i = 0; i < c->ninstrs; i++) {    /* what needs no looking at values */
        KrInstr *at = c->instrs + i;
        if (at->op == KR_OP_MOVE && !(at->b & KR_OPERAND_CONST) && (at->b & KR_OPERAND_CONSUME))
            kr_special_set(at, c->caches + i, KR_OP_MOVE_TEMP);
        else if (at->op == KR_OP_MOVE && (at->a & KR_DEST_DEAD))
            kr_special_set(at, c->caches + i, at->b & KR_OPERAND_CONST ? KR_OP_MOVE_CONST : KR_OP_MOVE_LOCAL);
    }
}

bool kr_special_none(KrCache *c) {
    uint32_t retry = c->extra >= KR_FIRST_RETRY && c->extra < KR_LAST_RETRY ? c->extra * 2 : c->extra == KR_LAST_RETRY ? KR_LAST_RETRY : KR_FIRST_RETRY;
    *c = (KrCache){.counter = (uint16_t)retry, .extra = retry};
    return false;
}

uint32_t kr_code_version(KrCode *c) {
    uint32_t *last = &kr_runtime.process.versions.code;
    if (!(c->base.co_flags & CO_OPTIMIZED)) return 0;   /* of a module or a class: its frames need locals */
    if (kr_code_ready(c) < 0) {
        PyErr_Clear();          /* the call will say it */
        return 0;
    }
    if (c->version == 0 && *last != UINT32_MAX) c->version = ++*last;
    return c->version;
}

bool kr_special_lacks(PyObject *dict, PyObject *name) {
    PyDictObject *d = (PyDictObject *)dict;
    return d->ma_keys->kind != KR_KEYS_GENERAL && kr_dict_get_str(d, name) == NULL;
}

/* ------------------------------------------------------------------ globals */

/* Where a combined str-keyed dict keeps the value of name; NULL if absent. Valid for the keys' version, which is given out. */
static PyObject **dict_slot(PyObject *dict, PyObject *name, uint32_t *version) {
    if (!PyDict_CheckExact(dict)) return NULL;
    PyDictObject *d = (PyDictObject *)dict;
    if (d->ma_values || d->ma_keys->kind != KR_KEYS_UNICODE) return NULL;
    Py_ssize_t i = kr_dict_find_str(d, name);
    return i < 0 || !(*version = kr_dict_keys_version(d)) ? NULL : &kr_keys_unicode_entries(d->ma_keys)[i].value;
}
bool kr_special_dict_slot(KrCache *c, PyObject *dict, PyObject *name) {
    PyObject **slot = dict_slot(dict, name, &c->version);
    c->object = (PyObject *)slot;
    return slot != NULL;
}
bool kr_specialize_load_global(KrInstr *at, KrCache *c, PyObject *globals, PyObject *builtins, PyObject *name) {
    if (kr_special_dict_slot(c, globals, name)) return kr_special_set(at, c, KR_OP_LOAD_GLOBAL_MODULE);
    if (!PyDict_CheckExact(globals) || !kr_special_lacks(globals, name)) return kr_special_none(c);
    PyObject **slot = dict_slot(builtins, name, &c->version2);
    if (!slot || !(c->version = kr_dict_keys_version((PyDictObject *)globals))) return kr_special_none(c);
    c->object = (PyObject *)slot;
    return kr_special_set(at, c, KR_OP_LOAD_GLOBAL_BUILTIN);
}

/* ------------------------------------------------------------------ arithmetic and comparison */

/* The forms of a generic instruction, 0 where there is none. `ints` and `floats` are the first of the forms for where the operands are (KR_KINDS); those of a
 * comparison want the jump behind it, and any_ints, any_floats do without. */
typedef struct { uint16_t generic, ints, floats, any_ints, any_floats, strs, numbers, method; } BinaryForms;
static const BinaryForms binary_forms[] = {
#define KR_ARITHMETIC(name, strs_, method_) \
    {.generic = KR_OP_##name, .ints = KR_OP_##name##_INT_LL, .floats = KR_OP_##name##_FLOAT_LL, .numbers = KR_OP_##name##_NUMBER, .strs = strs_, .method = method_}
#define KR_DIVISION(name, method_) {.generic = KR_OP_##name, .floats = KR_OP_##name##_FLOAT_LL, .numbers = KR_OP_##name##_NUMBER, .method = method_}
#define KR_INTEGER(name, method_) {.generic = KR_OP_##name, .any_ints = KR_OP_##name##_INT, .method = method_}
#define KR_COMPARISON(name, strs_) \
    {.generic = KR_OP_##name, .ints = KR_OP_##name##_INT_LL, .floats = KR_OP_##name##_FLOAT_LL, .any_ints = KR_OP_##name##_INT, .any_floats = KR_OP_##name##_FLOAT, \
     .numbers = KR_OP_##name##_NUMBER, .strs = strs_, .method = KR_OP_##name##_METHOD}
    KR_ARITHMETIC(BINARY_ADD, KR_OP_BINARY_ADD_STR, KR_OP_BINARY_ADD_METHOD), KR_ARITHMETIC(BINARY_SUB, 0, KR_OP_BINARY_SUB_METHOD), KR_ARITHMETIC(BINARY_MUL, 0, KR_OP_BINARY_MUL_METHOD), KR_DIVISION(BINARY_TRUEDIV, KR_OP_BINARY_TRUEDIV_METHOD),
    KR_ARITHMETIC(INPLACE_ADD, KR_OP_INPLACE_ADD_STR, 0), KR_ARITHMETIC(INPLACE_SUB, 0, 0), KR_ARITHMETIC(INPLACE_MUL, 0, 0), KR_DIVISION(INPLACE_TRUEDIV, 0),
    KR_INTEGER(BINARY_FLOORDIV, 0), KR_INTEGER(BINARY_MOD, 0), KR_INTEGER(BINARY_AND, KR_OP_BINARY_AND_METHOD), KR_INTEGER(BINARY_OR, KR_OP_BINARY_OR_METHOD), KR_INTEGER(BINARY_XOR, 0),
    KR_INTEGER(BINARY_LSHIFT, 0), KR_INTEGER(BINARY_RSHIFT, 0), KR_INTEGER(INPLACE_AND, 0), KR_INTEGER(INPLACE_OR, 0), KR_INTEGER(INPLACE_XOR, 0),
    KR_INTEGER(INPLACE_LSHIFT, 0), KR_INTEGER(INPLACE_RSHIFT, 0),
    KR_COMPARISON(COMPARE_LT, 0), KR_COMPARISON(COMPARE_LE, 0), KR_COMPARISON(COMPARE_EQ, KR_OP_COMPARE_EQ_STR), KR_COMPARISON(COMPARE_NE, KR_OP_COMPARE_NE_STR),
    KR_COMPARISON(COMPARE_GT, 0), KR_COMPARISON(COMPARE_GE, 0),
};
/* Which of the forms that KR_KINDS makes the instruction's operands want: what to add to the first; -1 for two constants. */
static int kind_of_operands(const KrInstr *at) {
    enum { L, T, C };
    int b = at->b & KR_OPERAND_CONST ? C : at->b & KR_OPERAND_CONSUME ? T : L, c = at->c & KR_OPERAND_CONST ? C : at->c & KR_OPERAND_CONSUME ? T : L;
    return b == C && c == C ? -1 : 3 * b + c;
}
static bool only_decides_a_jump(const KrInstr *at) {
    return (at->a & KR_DEST_DEAD) && at[1].a == at->a && (at[1].op == KR_OP_JUMP_IF_FALSE || at[1].op == KR_OP_JUMP_IF_TRUE);
}
/* The method that a form for operators in Python calls. */
static PyObject *operator_name(int form) {
    switch (form) {
    case KR_OP_BINARY_ADD_METHOD: return KR_STR(__add__);
    case KR_OP_BINARY_SUB_METHOD: return KR_STR(__sub__);
    case KR_OP_BINARY_MUL_METHOD: return KR_STR(__mul__);
    case KR_OP_BINARY_TRUEDIV_METHOD: return KR_STR(__truediv__);
    case KR_OP_BINARY_AND_METHOD: return KR_STR(__and__);
    case KR_OP_BINARY_OR_METHOD: return KR_STR(__or__);
    case KR_OP_COMPARE_LT_METHOD: return KR_STR(__lt__);
    case KR_OP_COMPARE_LE_METHOD: return KR_STR(__le__);
    case KR_OP_COMPARE_EQ_METHOD: return KR_STR(__eq__);
    case KR_OP_COMPARE_NE_METHOD: return KR_STR(__ne__);
    case KR_OP_COMPARE_GT_METHOD: return KR_STR(__gt__);
    case KR_OP_COMPARE_GE_METHOD: return KR_STR(__ge__);
    default: KR_UNREACHABLE();
    }
}
static bool has_python_method(KrCache *c, PyTypeObject *t, PyObject *name, Py_ssize_t nargs);
bool kr_specialize_binary(KrInstr *at, KrCache *c, PyObject *a, PyObject *b) {
    const BinaryForms *forms = binary_forms;
    while (forms->generic != kr_op_generic[at->op]) forms++;
    bool ints = PyLong_CheckExact(a) && PyLong_CheckExact(b), floats = PyFloat_CheckExact(a) && PyFloat_CheckExact(b);
    bool mixed = (PyLong_CheckExact(a) && PyFloat_CheckExact(b)) || (PyFloat_CheckExact(a) && PyLong_CheckExact(b));
    int kind = !forms->any_floats || only_decides_a_jump(at) ? kind_of_operands(at) : -1, form = 0;
    if (forms->numbers && (mixed || ((ints || floats) && c->extra))) form = forms->numbers; /* for two of a kind, another form has failed here before */
    else if (ints && kr_long_is_short(a) && kr_long_is_short(b)) form = kind >= 0 && forms->ints ? forms->ints + kind : forms->any_ints;
    else if (floats) form = kind >= 0 && forms->floats ? forms->floats + kind : forms->any_floats;
    else if (PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b)) form = forms->strs;
    else if (forms->method && (Py_TYPE(a) == Py_TYPE(b) || !(Py_TYPE(b)->tp_flags & Py_TPFLAGS_HEAPTYPE)) && has_python_method(c, Py_TYPE(a), operator_name(forms->method), 2))
        form = forms->method;
    return form ? kr_special_set(at, c, form) : kr_special_none(c);
}

/* ------------------------------------------------------------------ subscripts */

/* A class whose special method `name` is a Python function that takes exactly nargs. */
static bool has_python_method(KrCache *c, PyTypeObject *t, PyObject *name, Py_ssize_t nargs) {
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE) || !(c->version = kr_type_version(t))) return false;
    PyObject *method = _PyType_Lookup(t, name);
    if (!method || !PyFunction_Check(method) || ((PyFunctionObject *)method)->vectorcall != _PyFunction_Vectorcall) return false;
    KrCode *code = (KrCode *)((PyFunctionObject *)method)->func_code;
    c->object = method;
    return kr_call_is_exact(code, nargs) && !(code->base.co_flags & KR_CODE_MAKES_GENERATOR) && (c->version2 = kr_code_version(code));
}
bool kr_specialize_subscr(KrInstr *at, KrCache *c, PyObject *o, PyObject *key) {
    int op = 0;
    if (PyDict_CheckExact(o)) op = KR_OP_LOAD_SUBSCR_DICT;
    else if (PyLong_CheckExact(key) && kr_long_is_compact(key))
        op = PyList_CheckExact(o) ? KR_OP_LOAD_SUBSCR_LIST : PyTuple_CheckExact(o) ? KR_OP_LOAD_SUBSCR_TUPLE : PyUnicode_CheckExact(o) ? KR_OP_LOAD_SUBSCR_STR :
             PyBytes_CheckExact(o) ? KR_OP_LOAD_SUBSCR_BYTES : 0;
    if (!op && has_python_method(c, Py_TYPE(o), KR_STR(__getitem__), 2)) op = KR_OP_LOAD_SUBSCR_GETITEM;
    return op ? kr_special_set(at, c, op) : kr_special_none(c);
}
bool kr_specialize_store_subscr(KrInstr *at, KrCache *c, PyObject *o, PyObject *key) {
    if (PyDict_CheckExact(o)) return kr_special_set(at, c, KR_OP_STORE_SUBSCR_DICT);
    if (PyList_CheckExact(o) && PyLong_CheckExact(key) && kr_long_is_compact(key)) return kr_special_set(at, c, KR_OP_STORE_SUBSCR_LIST);
    if (has_python_method(c, Py_TYPE(o), KR_STR(__setitem__), 3)) return kr_special_set(at, c, KR_OP_STORE_SUBSCR_SETITEM);
    return kr_special_none(c);
}

/* Whether the instructions behind an UNPACK_SEQUENCE move its items, in order, to other registers. */
static bool items_are_moved(const KrInstr *at) {
    for (int i = 0; i < at->c; i++)
        if (kr_op_generic[at[1 + i].op] != KR_OP_MOVE || at[1 + i].b != ((at->a + i) | KR_OPERAND_CONSUME)) return false;
    return true;
}
bool kr_specialize_unpack(KrInstr *at, KrCache *c, PyObject *sequence) {
    if (!PyTuple_CheckExact(sequence) || PyTuple_GET_SIZE(sequence) != at->c) return kr_special_none(c);
    if (at->c == 2) return kr_special_set(at, c, items_are_moved(at) ? KR_OP_UNPACK_PAIR_MOVED : KR_OP_UNPACK_PAIR);
    return kr_special_set(at, c, at->c == 3 && items_are_moved(at) ? KR_OP_UNPACK_TRIPLE_MOVED : KR_OP_UNPACK_TUPLE);
}

/* ------------------------------------------------------------------ iteration */

/* The form for an iterator of pairs, each of which is taken apart at once: `for k, v in d.items()`. */
static int pair_form(const KrInstr *at, PyObject *it) {
    const KrInstr *unpack = at + 2;     /* behind the loop's JUMP out */
    if (kr_op_generic[unpack->op] != KR_OP_UNPACK_SEQUENCE || unpack->c != 2 || unpack->b != ((at->a & KR_REG_MASK) | KR_OPERAND_CONSUME) || !items_are_moved(unpack)) return 0;
    return Py_IS_TYPE(it, &PyDictIterItem_Type) ? KR_OP_FOR_ITER_ITEMS : Py_IS_TYPE(it, &PyEnum_Type) ? KR_OP_FOR_ITER_ENUMERATE : kr_is_zip_of_two(it) ? KR_OP_FOR_ITER_ZIP : 0;
}
bool kr_specialize_for_iter(KrInstr *at, KrCache *c, PyObject *it) {
    PyTypeObject *t = Py_TYPE(it);
    int op = t == &PyListIter_Type ? KR_OP_FOR_ITER_LIST : t == &PyTupleIter_Type ? KR_OP_FOR_ITER_TUPLE : t == &PyRangeIter_Type ? KR_OP_FOR_ITER_RANGE :
             t == &PyGen_Type ? KR_OP_FOR_ITER_GENERATOR : pair_form(at, it);
    return op ? kr_special_set(at, c, op) : kr_special_none(c);
}
