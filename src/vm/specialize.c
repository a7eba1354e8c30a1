/* specialize.c - warming code up, and special forms for operands that are told apart by type alone; see specialize.h. */
#include "vm/specialize.h"
#include "object/dict_iter.h"
#include "object/list.h"
#include "object/long.h"
#include "object/range.h"
#include "object/tuple.h"

void kr_code_count(KrCode *c, int points) {
    if ((c->warmth = (uint16_t)(c->warmth + points)) < KR_WARM_AT) return;
    c->warmth = 0;
    if (!(c->caches = PyMem_Calloc(c->ninstrs, sizeof *c->caches))) return; /* slower, but all the same */
    _Static_assert(sizeof(KrCache) == 3 * sizeof(KrInstr), "cache_bias relies on it");
    if (c->first_traceable == 0) c->entry = c->instrs + 1;
    c->cache_bias = (uintptr_t)c->caches - 3 * (uintptr_t)(c->instrs + 1);
}

bool kr_special_none(KrCache *c) {
    uint32_t retry = c->extra >= KR_FIRST_RETRY && c->extra < KR_LAST_RETRY ? c->extra * 2 : c->extra == KR_LAST_RETRY ? KR_LAST_RETRY : KR_FIRST_RETRY;
    *c = (KrCache){.counter = (uint16_t)retry, .extra = retry};
    return false;
}

uint32_t kr_code_version(KrCode *c) {
    uint32_t *last = &kr_runtime.process.versions.code;
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

bool kr_specialize_binary(KrInstr *at, KrCache *c, PyObject *a, PyObject *b) {
    int op = kr_op_generic[at->op];
    bool ints = PyLong_CheckExact(a) && PyLong_CheckExact(b), floats = PyFloat_CheckExact(a) && PyFloat_CheckExact(b);
    bool strs = PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b);
    bool mixed = (PyLong_CheckExact(a) && PyFloat_CheckExact(b)) || (PyFloat_CheckExact(a) && PyLong_CheckExact(b));
    bool numbers = mixed || ((ints || floats) && c->extra);     /* another form failed here before */
    static const struct { uint16_t generic, ints, floats, strs, numbers; } forms[] = {
#define KR_BINARY_FORMS(name, ints, floats, strs, numbers) {KR_OP_##name, ints, floats, strs, numbers}
        KR_BINARY_FORMS(BINARY_ADD, KR_OP_BINARY_ADD_INT, KR_OP_BINARY_ADD_FLOAT, 0, KR_OP_BINARY_ADD_NUMBER),
        KR_BINARY_FORMS(BINARY_SUB, KR_OP_BINARY_SUB_INT, KR_OP_BINARY_SUB_FLOAT, 0, KR_OP_BINARY_SUB_NUMBER),
        KR_BINARY_FORMS(BINARY_MUL, KR_OP_BINARY_MUL_INT, KR_OP_BINARY_MUL_FLOAT, 0, KR_OP_BINARY_MUL_NUMBER),
        KR_BINARY_FORMS(BINARY_TRUEDIV, 0, KR_OP_BINARY_TRUEDIV_FLOAT, 0, KR_OP_BINARY_TRUEDIV_NUMBER),
        KR_BINARY_FORMS(INPLACE_ADD, KR_OP_INPLACE_ADD_INT, KR_OP_INPLACE_ADD_FLOAT, KR_OP_INPLACE_ADD_STR, KR_OP_INPLACE_ADD_NUMBER),
        KR_BINARY_FORMS(INPLACE_SUB, KR_OP_INPLACE_SUB_INT, KR_OP_INPLACE_SUB_FLOAT, 0, KR_OP_INPLACE_SUB_NUMBER),
        KR_BINARY_FORMS(INPLACE_MUL, KR_OP_INPLACE_MUL_INT, KR_OP_INPLACE_MUL_FLOAT, 0, KR_OP_INPLACE_MUL_NUMBER),
        KR_BINARY_FORMS(INPLACE_TRUEDIV, 0, KR_OP_INPLACE_TRUEDIV_FLOAT, 0, KR_OP_INPLACE_TRUEDIV_NUMBER),
        KR_BINARY_FORMS(BINARY_FLOORDIV, KR_OP_BINARY_FLOORDIV_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_MOD, KR_OP_BINARY_MOD_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_AND, KR_OP_BINARY_AND_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_OR, KR_OP_BINARY_OR_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_XOR, KR_OP_BINARY_XOR_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_LSHIFT, KR_OP_BINARY_LSHIFT_INT, 0, 0, 0),
        KR_BINARY_FORMS(BINARY_RSHIFT, KR_OP_BINARY_RSHIFT_INT, 0, 0, 0),
        KR_BINARY_FORMS(INPLACE_AND, KR_OP_INPLACE_AND_INT, 0, 0, 0),
        KR_BINARY_FORMS(INPLACE_OR, KR_OP_INPLACE_OR_INT, 0, 0, 0),
        KR_BINARY_FORMS(INPLACE_XOR, KR_OP_INPLACE_XOR_INT, 0, 0, 0),
        KR_BINARY_FORMS(INPLACE_LSHIFT, KR_OP_INPLACE_LSHIFT_INT, 0, 0, 0),
        KR_BINARY_FORMS(INPLACE_RSHIFT, KR_OP_INPLACE_RSHIFT_INT, 0, 0, 0),
        KR_BINARY_FORMS(COMPARE_LT, KR_OP_COMPARE_LT_INT, KR_OP_COMPARE_LT_FLOAT, 0, KR_OP_COMPARE_LT_NUMBER),
        KR_BINARY_FORMS(COMPARE_LE, KR_OP_COMPARE_LE_INT, KR_OP_COMPARE_LE_FLOAT, 0, KR_OP_COMPARE_LE_NUMBER),
        KR_BINARY_FORMS(COMPARE_EQ, KR_OP_COMPARE_EQ_INT, KR_OP_COMPARE_EQ_FLOAT, KR_OP_COMPARE_EQ_STR, KR_OP_COMPARE_EQ_NUMBER),
        KR_BINARY_FORMS(COMPARE_NE, KR_OP_COMPARE_NE_INT, KR_OP_COMPARE_NE_FLOAT, KR_OP_COMPARE_NE_STR, KR_OP_COMPARE_NE_NUMBER),
        KR_BINARY_FORMS(COMPARE_GT, KR_OP_COMPARE_GT_INT, KR_OP_COMPARE_GT_FLOAT, 0, KR_OP_COMPARE_GT_NUMBER),
        KR_BINARY_FORMS(COMPARE_GE, KR_OP_COMPARE_GE_INT, KR_OP_COMPARE_GE_FLOAT, 0, KR_OP_COMPARE_GE_NUMBER),
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(forms); i++) {
        if (forms[i].generic != op) continue;
        int special = numbers && forms[i].numbers ? forms[i].numbers : ints && kr_long_is_short(a) && kr_long_is_short(b) ? forms[i].ints : floats ? forms[i].floats :
                      strs ? forms[i].strs : 0;
        if (special) return kr_special_set(at, c, special);
    }
    return kr_special_none(c);
}

/* ------------------------------------------------------------------ subscripts */

bool kr_specialize_subscr(KrInstr *at, KrCache *c, PyObject *o, PyObject *key) {
    int op = 0;
    if (PyDict_CheckExact(o)) op = KR_OP_LOAD_SUBSCR_DICT;
    else if (PyLong_CheckExact(key) && kr_long_is_compact(key))
        op = PyList_CheckExact(o) ? KR_OP_LOAD_SUBSCR_LIST : PyTuple_CheckExact(o) ? KR_OP_LOAD_SUBSCR_TUPLE : PyUnicode_CheckExact(o) ? KR_OP_LOAD_SUBSCR_STR : 0;
    return op ? kr_special_set(at, c, op) : kr_special_none(c);
}
bool kr_specialize_store_subscr(KrInstr *at, KrCache *c, PyObject *o, PyObject *key) {
    if (PyDict_CheckExact(o)) return kr_special_set(at, c, KR_OP_STORE_SUBSCR_DICT);
    if (PyList_CheckExact(o) && PyLong_CheckExact(key) && kr_long_is_compact(key)) return kr_special_set(at, c, KR_OP_STORE_SUBSCR_LIST);
    return kr_special_none(c);
}

/* ------------------------------------------------------------------ iteration */

bool kr_specialize_for_iter(KrInstr *at, KrCache *c, PyObject *it) {
    PyTypeObject *t = Py_TYPE(it);
    int op = t == &PyListIter_Type ? KR_OP_FOR_ITER_LIST : t == &PyTupleIter_Type ? KR_OP_FOR_ITER_TUPLE : t == &PyRangeIter_Type ? KR_OP_FOR_ITER_RANGE :
             t == &PyGen_Type ? KR_OP_FOR_ITER_GENERATOR : 0;
    return op ? kr_special_set(at, c, op) : kr_special_none(c);
}
