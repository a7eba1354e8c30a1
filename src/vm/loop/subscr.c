/* subscr.c - handlers: special forms of subscripts and of unpacking. */
#include "vm/loop.h"
#include "object/dict.h"

/* i is an index of the sequence: an int of one digit, negative ones counted from the end. */
#define GUARD_INDEX(key, size) \
    GUARD(PyLong_CheckExact(key) && kr_long_is_compact(key)); \
    Py_ssize_t i = kr_long_compact_value(key); \
    if (i < 0) i += (size); \
    GUARD((size_t)i < (size_t)(size))
OP(LOAD_SUBSCR_LIST) {
    PyObject *v = R(in.b), *w = R(in.c);
    GUARD(PyList_CheckExact(v));
    GUARD_INDEX(w, PyList_GET_SIZE(v));
    STORE2(Py_NewRef(PyList_GET_ITEM(v, i)));
}
OP(LOAD_SUBSCR_TUPLE) {
    PyObject *v = R(in.b), *w = R(in.c);
    GUARD(PyTuple_CheckExact(v));
    GUARD_INDEX(w, PyTuple_GET_SIZE(v));
    STORE2(Py_NewRef(PyTuple_GET_ITEM(v, i)));
}
OP(LOAD_SUBSCR_BYTES) {
    PyObject *v = R(in.b), *w = R(in.c);
    GUARD(PyBytes_CheckExact(v));
    GUARD_INDEX(w, PyBytes_GET_SIZE(v));
    STORE2(kr_small_int((unsigned char)PyBytes_AS_STRING(v)[i]));
}
OP(LOAD_SUBSCR_STR) {
    PyObject *v = R(in.b), *w = R(in.c);
    GUARD(PyUnicode_CheckExact(v) && PyUnicode_IS_READY(v));
    GUARD_INDEX(w, PyUnicode_GET_LENGTH(v));
    SAVE();
    BINARY(PyUnicode_FromOrdinal((int)PyUnicode_READ_CHAR(v, i)));
}
static PyObject *dict_item(PyObject *dict, PyObject *key) {
    PyObject *item = PyDict_GetItemWithError(dict, key);
    if (KR_UNLIKELY(!item) && !PyErr_Occurred()) _PyErr_SetKeyError(key);
    return Py_XNewRef(item);
}
OP(LOAD_SUBSCR_DICT) {
    PyObject *v = R(in.b);
    GUARD(PyDict_CheckExact(v));
    SAVE();
    BINARY(dict_item(v, R(in.c)));
}
OP(STORE_SUBSCR_LIST) {
    PyObject *v = R(in.a), *w = R(in.b);
    GUARD(PyList_CheckExact(v));
    GUARD_INDEX(w, PyList_GET_SIZE(v));
    PyObject *new = OWN(in.c), *old = PyList_GET_ITEM(v, i), *list = TAKE(in.a), *key = TAKE(in.b);
    PyList_SET_ITEM(v, i, new);
    NEXT_RELEASING(old, list, key, NULL);
}
OP(STORE_SUBSCR_DICT) {
    PyObject *v = R(in.a);
    GUARD(PyDict_CheckExact(v));
    SAVE();
    CHECK(PyDict_SetItem(v, R(in.b), R(in.c)));
    PyObject *value = TAKE(in.c), *dict = TAKE(in.a), *key = TAKE(in.b);
    NEXT_RELEASING(value, dict, key, NULL);
}

/* ------------------------------------------------------------------ __getitem__ and __setitem__ in Python run in this loop */

#define GUARD_PYTHON_METHOD(owner, GENERIC) \
    KrCache *cache = CACHE(); \
    GUARD(Py_TYPE(owner)->tp_version_tag == cache->version); \
    PyFunctionObject *method = (PyFunctionObject *)cache->object; \
    GUARD(((KrCode *)method->func_code)->version == cache->version2); \
    PyObject **window = t->vm.reg_top; \
    if (!CAN_PUSH(window, (KrCode *)method->func_code)) GOTO(kr_body_##GENERIC)
OP(LOAD_SUBSCR_GETITEM) {
    GUARD_PYTHON_METHOD(R(in.b), LOAD_SUBSCR);
    Py_INCREF(method);
    window[0] = OWN(in.b);
    window[1] = OWN(in.c);
    PUSH_EXACT(method, window, KR_CONT_STORE);
    NEXT();
}
OP(STORE_SUBSCR_SETITEM) {
    GUARD_PYTHON_METHOD(R(in.a), STORE_SUBSCR);
    Py_INCREF(method);
    window[0] = OWN(in.a);
    window[1] = OWN(in.b);
    window[2] = OWN(in.c);
    PUSH_EXACT(method, window, KR_CONT_DISCARD);
    NEXT();
}

/* ------------------------------------------------------------------ unpacking */

#define GUARD_TUPLE(n) \
    PyObject *seq = R(in.b); \
    GUARD(PyTuple_CheckExact(seq) && PyTuple_GET_SIZE(seq) == (n))
#define ITEM(i) Py_NewRef(PyTuple_GET_ITEM(seq, i))
OP(UNPACK_TUPLE) {
    int n = in.c;
    GUARD_TUPLE(n);
    for (int i = 0; i < n; i++) regs[in.a + i] = ITEM(i);
    PyObject *owner = TAKE(in.b);
    NEXT_RELEASING(owner, NULL, NULL, NULL);
}
OP(UNPACK_PAIR) {
    GUARD_TUPLE(2);
    PyObject *x = ITEM(0), *y = ITEM(1), *owner = TAKE(in.b);
    regs[in.a] = x;
    regs[in.a + 1] = y;
    NEXT_RELEASING(owner, NULL, NULL, NULL);
}
/* The items' new places are the destinations of the moves that follow. */
#define MOVED_ITEM(i) PyObject *new##i = ITEM(i), **at##i = &REG(pc[i].a), *old##i = *at##i; *at##i = new##i
OP(UNPACK_PAIR_MOVED) {
    GUARD_TUPLE(2);
    PyObject *owner = TAKE(in.b);
    MOVED_ITEM(0);
    MOVED_ITEM(1);
    pc += 2;
    NEXT_RELEASING(old0, old1, owner, NULL);
}
OP(UNPACK_TRIPLE_MOVED) {
    GUARD_TUPLE(3);
    PyObject *owner = TAKE(in.b);
    MOVED_ITEM(0);
    MOVED_ITEM(1);
    MOVED_ITEM(2);
    pc += 3;
    NEXT_RELEASING(old0, old1, old2, owner);
}
