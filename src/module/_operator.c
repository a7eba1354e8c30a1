/* _operator.c - the module _operator: Python's operators as functions, and the constant-time comparison of secrets. The callable
 * types itemgetter, attrgetter and methodcaller are in _operator_getters.c.
 */
#include "module/_operator.h"
#include "module/module_types.h"

#define UNARY(name, expression) \
    static PyObject *op_##name(PyObject *module, PyObject *a) { return expression; }
#define BINARY(name, expression) \
    static PyObject *op_##name(PyObject *module, PyObject *const *args, Py_ssize_t nargs) { \
        if (!_PyArg_CheckPositional(#name, nargs, 2, 2)) \
            return NULL; \
        PyObject *a = args[0], *b = args[1]; \
        return expression; \
    }

/* What a function that gives 0, 1 or -1 means as a bool object. */
static PyObject *truth_value(int r) { return r < 0 ? NULL : PyBool_FromLong(r); }
static PyObject *size_value(Py_ssize_t n) { return n < 0 ? NULL : PyLong_FromSsize_t(n); }
static PyObject *none_value(int r) { return r < 0 ? NULL : Py_NewRef(Py_None); }

UNARY(truth, truth_value(PyObject_IsTrue(a)))
UNARY(not_, truth_value(PyObject_Not(a)))
UNARY(index, PyNumber_Index(a))
UNARY(neg, PyNumber_Negative(a))
UNARY(pos, PyNumber_Positive(a))
UNARY(abs, PyNumber_Absolute(a))
UNARY(invert, PyNumber_Invert(a))

BINARY(add, PyNumber_Add(a, b))
BINARY(sub, PyNumber_Subtract(a, b))
BINARY(mul, PyNumber_Multiply(a, b))
BINARY(matmul, PyNumber_MatrixMultiply(a, b))
BINARY(floordiv, PyNumber_FloorDivide(a, b))
BINARY(truediv, PyNumber_TrueDivide(a, b))
BINARY(mod, PyNumber_Remainder(a, b))
BINARY(pow, PyNumber_Power(a, b, Py_None))
BINARY(lshift, PyNumber_Lshift(a, b))
BINARY(rshift, PyNumber_Rshift(a, b))
BINARY(and_, PyNumber_And(a, b))
BINARY(xor, PyNumber_Xor(a, b))
BINARY(or_, PyNumber_Or(a, b))

BINARY(iadd, PyNumber_InPlaceAdd(a, b))
BINARY(isub, PyNumber_InPlaceSubtract(a, b))
BINARY(imul, PyNumber_InPlaceMultiply(a, b))
BINARY(imatmul, PyNumber_InPlaceMatrixMultiply(a, b))
BINARY(ifloordiv, PyNumber_InPlaceFloorDivide(a, b))
BINARY(itruediv, PyNumber_InPlaceTrueDivide(a, b))
BINARY(imod, PyNumber_InPlaceRemainder(a, b))
BINARY(ipow, PyNumber_InPlacePower(a, b, Py_None))
BINARY(ilshift, PyNumber_InPlaceLshift(a, b))
BINARY(irshift, PyNumber_InPlaceRshift(a, b))
BINARY(iand, PyNumber_InPlaceAnd(a, b))
BINARY(ixor, PyNumber_InPlaceXor(a, b))
BINARY(ior, PyNumber_InPlaceOr(a, b))

BINARY(eq, PyObject_RichCompare(a, b, Py_EQ))
BINARY(ne, PyObject_RichCompare(a, b, Py_NE))
BINARY(lt, PyObject_RichCompare(a, b, Py_LT))
BINARY(le, PyObject_RichCompare(a, b, Py_LE))
BINARY(gt, PyObject_RichCompare(a, b, Py_GT))
BINARY(ge, PyObject_RichCompare(a, b, Py_GE))
BINARY(is_, PyBool_FromLong(a == b))
BINARY(is_not, PyBool_FromLong(a != b))

BINARY(concat, PySequence_Concat(a, b))
BINARY(iconcat, PySequence_InPlaceConcat(a, b))
BINARY(contains, truth_value(PySequence_Contains(a, b)))
BINARY(indexOf, size_value(PySequence_Index(a, b)))
BINARY(countOf, size_value(PySequence_Count(a, b)))
BINARY(getitem, PyObject_GetItem(a, b))
BINARY(delitem, none_value(PyObject_DelItem(a, b)))

static PyObject *op_setitem(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    return _PyArg_CheckPositional("setitem", nargs, 3, 3) ? none_value(PyObject_SetItem(args[0], args[1], args[2])) : NULL;
}

static PyObject *op_length_hint(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("length_hint", nargs, 1, 2))
        return NULL;
    Py_ssize_t fallback = 0;
    if (nargs == 2) {
        PyObject *n = PyNumber_Index(args[1]);
        fallback = n == NULL ? -1 : PyLong_AsSsize_t(n);
        Py_XDECREF(n);
        if (fallback == -1 && PyErr_Occurred())
            return NULL;
    }
    Py_ssize_t hint = PyObject_LengthHint(args[0], fallback);
    return hint == -1 && PyErr_Occurred() ? NULL : PyLong_FromSsize_t(hint);
}

static PyObject *op_call(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (!_PyArg_CheckPositional("call", nargs, 1, PY_SSIZE_T_MAX))
        return NULL;
    return PyObject_Vectorcall(args[0], args + 1, (size_t)(nargs - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames);
}

/* ------------------------------------------------------------------ comparison in constant time */

/* Equality in a time that depends on b's length only, not on where the bytes differ. */
static bool same_bytes(const unsigned char *a, Py_ssize_t na, const unsigned char *b, Py_ssize_t nb) {
    const volatile unsigned char *left = na == nb ? a : b, *right = b;
    volatile unsigned char difference = na == nb ? 0 : 1;
    for (Py_ssize_t i = 0; i < nb; i++)
        difference |= left[i] ^ right[i];
    return difference == 0;
}

static int flat_buffer(PyObject *o, Py_buffer *view) {
    if (PyObject_GetBuffer(o, view, PyBUF_SIMPLE) < 0)
        return -1;
    if (view->ndim <= 1)
        return 0;
    PyErr_SetString(PyExc_BufferError, "Buffer must be single dimension");
    PyBuffer_Release(view);
    return -1;
}

static PyObject *op_compare_digest(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("_compare_digest", nargs, 2, 2))
        return NULL;
    PyObject *a = args[0], *b = args[1];
    if (PyUnicode_Check(a) && PyUnicode_Check(b)) {
        if (PyUnicode_READY(a) < 0 || PyUnicode_READY(b) < 0)
            return NULL;
        if (!PyUnicode_IS_ASCII(a) || !PyUnicode_IS_ASCII(b)) {
            PyErr_SetString(PyExc_TypeError, "comparing strings with non-ASCII characters is not supported");
            return NULL;
        }
        return PyBool_FromLong(same_bytes(PyUnicode_DATA(a), PyUnicode_GET_LENGTH(a), PyUnicode_DATA(b), PyUnicode_GET_LENGTH(b)));
    }
    if (!PyObject_CheckBuffer(a) && !PyObject_CheckBuffer(b))
        return PyErr_Format(PyExc_TypeError, "unsupported operand types(s) or combination of types: '%.100s' and '%.100s'",
                            Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
    Py_buffer x, y;
    if (flat_buffer(a, &x) < 0)
        return NULL;
    if (flat_buffer(b, &y) < 0) {
        PyBuffer_Release(&x);
        return NULL;
    }
    bool same = same_bytes(x.buf, x.len, y.buf, y.len);
    PyBuffer_Release(&x);
    PyBuffer_Release(&y);
    return PyBool_FromLong(same);
}

/* ------------------------------------------------------------------ the module */

#define ONE(name, doc) {#name, op_##name, METH_O, PyDoc_STR(#name "($module, a, /)\n--\n\nThe same as " doc ".")}
#define TWO(name, doc) {#name, KR_METH(op_##name), METH_FASTCALL, PyDoc_STR(#name "($module, a, b, /)\n--\n\nThe same as " doc ".")}

static PyMethodDef operator_functions[] = {
    ONE(truth, "bool(a)"), ONE(not_, "not a"), ONE(neg, "-a"), ONE(pos, "+a"), ONE(abs, "abs(a)"), ONE(index, "a.__index__()"),
    {"inv", op_invert, METH_O, PyDoc_STR("inv($module, a, /)\n--\n\nThe same as ~a.")}, ONE(invert, "~a"),
    TWO(add, "a + b"), TWO(sub, "a - b"), TWO(mul, "a * b"), TWO(matmul, "a @ b"), TWO(floordiv, "a // b"), TWO(truediv, "a / b"),
    TWO(mod, "a % b"), TWO(pow, "a ** b"), TWO(lshift, "a << b"), TWO(rshift, "a >> b"), TWO(and_, "a & b"), TWO(xor, "a ^ b"),
    TWO(or_, "a | b"),
    TWO(iadd, "a += b"), TWO(isub, "a -= b"), TWO(imul, "a *= b"), TWO(imatmul, "a @= b"), TWO(ifloordiv, "a //= b"),
    TWO(itruediv, "a /= b"), TWO(imod, "a %= b"), TWO(ipow, "a **= b"), TWO(ilshift, "a <<= b"), TWO(irshift, "a >>= b"),
    TWO(iand, "a &= b"), TWO(ixor, "a ^= b"), TWO(ior, "a |= b"),
    TWO(eq, "a == b"), TWO(ne, "a != b"), TWO(lt, "a < b"), TWO(le, "a <= b"), TWO(gt, "a > b"), TWO(ge, "a >= b"),
    TWO(is_, "a is b"), TWO(is_not, "a is not b"),
    TWO(concat, "a + b, for sequences"), TWO(iconcat, "a += b, for sequences"), TWO(contains, "b in a (the operands change places)"),
    TWO(indexOf, "the index of the first b in a"), TWO(countOf, "the number of items of a that are or equal b"),
    TWO(getitem, "a[b]"), TWO(delitem, "del a[b]"),
    {"setitem", KR_METH(op_setitem), METH_FASTCALL, PyDoc_STR("setitem($module, a, b, c, /)\n--\n\nThe same as a[b] = c.")},
    {"length_hint", KR_METH(op_length_hint), METH_FASTCALL,
     PyDoc_STR("length_hint($module, obj, default=0, /)\n--\n\n"
               "How many items obj has or, by its __length_hint__(), may have; default when it can't tell.")},
    {"call", KR_METH(op_call), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("call($module, obj, /, *args, **kwargs)\n--\n\nThe same as obj(*args, **kwargs).")},
    {"_compare_digest", KR_METH(op_compare_digest), METH_FASTCALL,
     PyDoc_STR("_compare_digest($module, a, b, /)\n--\n\n"
               "a == b for two ASCII strs or two bytes-like objects, taking equally long wherever they differ.\n\n"
               "The length, and the kind of objects, may be learnt from the time it takes.")},
    {NULL}};

static int operator_exec(PyObject *module) {
    PyTypeObject *const types[] = {&kr_itemgetter_type, &kr_attrgetter_type, &kr_methodcaller_type};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (kr_module_add_type(module, types[i]) < 0)
            return -1;
    return 0;
}

static PyModuleDef_Slot operator_slots[] = {{Py_mod_exec, operator_exec}, {0, NULL}};
static PyModuleDef operator_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_operator", .m_doc = PyDoc_STR("Functions for Python's operators; the module operator shows them."),
    .m_methods = operator_functions, .m_slots = operator_slots};

PyMODINIT_FUNC PyInit__operator(void);
PyMODINIT_FUNC PyInit__operator(void) { return PyModuleDef_Init(&operator_module); }
