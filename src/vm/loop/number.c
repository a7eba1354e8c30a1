/* number.c - handlers: special forms of arithmetic and comparison on int and float, and of += on str.
 *
 * A form may be made for where its operands are: L a register that is borrowed, T one that is consumed, C a constant; its name ends with two such
 * letters (opcodes.def). D stands for a form that looks. A result needs no new object when a box that nobody else holds is at hand: an operand that is
 * consumed, or the value that the destination is about to lose (x += 1).
 */
#include "vm/loop.h"

/* Operand x, and whether it is consumed, for each letter. */
#define VALUE_L(x) regs[x]
#define VALUE_T(x) regs[(x) - KR_OPERAND_CONSUME]
#define VALUE_C(x) f->consts[(x) - KR_OPERAND_CONST]
#define VALUE_D(x) R(x)
#define CONSUMED_L(x) 0
#define CONSUMED_T(x) 1
#define CONSUMED_C(x) 0
#define CONSUMED_D(x) CONSUMED(x)
/* A form for each pair but two constants, in the order of opcodes.def. */
#define ALL_KINDS(X, ...) \
    X(L, L, __VA_ARGS__) X(L, T, __VA_ARGS__) X(L, C, __VA_ARGS__) X(T, L, __VA_ARGS__) X(T, T, __VA_ARGS__) X(T, C, __VA_ARGS__) X(C, L, __VA_ARGS__) \
        X(C, T, __VA_ARGS__)

/* Chooses the object that the result of v and w goes to, so that `new_` is it: one that is `reusable`, or a new one, `allocated` (NULL: the list of free
 * ones is empty). b_ and c_ are what else the operands owned. */
#define CHOOSE_BOX(kb, kc, type, allocated) \
    if (CONSUMED_##kb(in.b) && Py_REFCNT(v) == 1 && Py_IS_TYPE(v, &type)) { \
        new_ = v; \
        REG(in.b) = NULL; \
        if (CONSUMED_##kc(in.c)) c_ = kr_reg_take(&REG(in.c)); \
    } else if (CONSUMED_##kc(in.c) && Py_REFCNT(w) == 1 && Py_IS_TYPE(w, &type)) { \
        new_ = w; \
        REG(in.c) = NULL; \
        if (CONSUMED_##kb(in.b)) b_ = kr_reg_take(&REG(in.b)); \
    } else { \
        if (*at_ && Py_REFCNT(*at_) == 1 && Py_IS_TYPE(*at_, &type)) new_ = kr_reg_take(at_); \
        else if (KR_UNLIKELY(!(new_ = allocated))) GOTO(refill); \
        if (CONSUMED_##kb(in.b)) b_ = kr_reg_take(&REG(in.b)); \
        if (CONSUMED_##kc(in.c)) c_ = kr_reg_take(&REG(in.c)); \
    }
#define TAKE_OPERANDS(kb, kc) \
    if (CONSUMED_##kb(in.b)) b_ = kr_reg_take(&REG(in.b)); \
    if (CONSUMED_##kc(in.c)) c_ = kr_reg_take(&REG(in.c));

/* The free list of ints, or floats, is empty: gets it some boxes, then the instruction runs again. */
static KR_COLD PyObject *refill(KR_LOOP_PARAMS) {
    enum { BOXES = 8 };
    KrNumberState *st = &t->base.interp->number;
    bool ints = !st->long_free, floats = !st->float_free;
    for (int i = 0; i < BOXES; i++) {
        PyObject *o = ints ? PyObject_Malloc(KR_LONG_MIN_BYTES) : NULL;
        if (o) {
            Py_SET_TYPE(o, (PyTypeObject *)st->long_free);
            st->long_free = o;
            st->long_free_count++;
        }
        if (!floats || !(o = PyObject_Malloc(sizeof(PyFloatObject)))) continue;
        Py_SET_TYPE(o, (PyTypeObject *)st->float_free);
        st->float_free = (PyFloatObject *)o;
        st->float_free_count++;
    }
    if (st->long_free && st->float_free) KR_TAIL dispatch->op[in.op](KR_LOOP_ARGS);
    SAVE();
    PyErr_NoMemory();
    ERROR();
}
/* A box from the interpreter's free list, with a count of 1; NULL when that is empty. */
KR_INLINE PyObject *spare_int(KrThread *t) {
    KrNumberState *st = &t->base.interp->number;
    PyObject *o = st->long_free;
    if (KR_LIKELY(o != NULL)) {
        st->long_free = (PyObject *)Py_TYPE(o);
        st->long_free_count--;
        Py_SET_TYPE(o, &PyLong_Type);
        Py_SET_REFCNT(o, 1);
    }
    return o;
}
KR_INLINE PyObject *spare_float(KrThread *t) {
    KrNumberState *st = &t->base.interp->number;
    PyObject *o = (PyObject *)st->float_free;
    if (KR_LIKELY(o != NULL)) {
        st->float_free = (PyFloatObject *)Py_TYPE(o);
        st->float_free_count--;
        Py_SET_TYPE(o, &PyFloat_Type);
        Py_SET_REFCNT(o, 1);
    }
    return o;
}
#define INT_RESULT(kb, kc, GENERIC, expr) do { \
        int64_t result_ = (expr); \
        PyObject *b_ = NULL, *c_ = NULL, *new_, **at_ = &REG(in.a), *old_; \
        if (kr_is_small_int_value(result_)) { \
            new_ = kr_small_int((int)result_); \
            TAKE_OPERANDS(kb, kc) \
        } else { \
            uint64_t size_ = result_ < 0 ? 0 - (uint64_t)result_ : (uint64_t)result_; \
            if (KR_UNLIKELY(size_ >> (2 * PyLong_SHIFT))) GOTO(kr_body_##GENERIC); \
            CHOOSE_BOX(kb, kc, PyLong_Type, spare_int(t)) \
            Py_ssize_t digits_ = 1 + (size_ > PyLong_MASK); \
            KR_DIGITS(new_)[0] = (digit)size_ & PyLong_MASK; \
            KR_DIGITS(new_)[1] = (digit)(size_ >> PyLong_SHIFT); \
            Py_SET_SIZE(new_, result_ < 0 ? -digits_ : digits_); \
        } \
        old_ = *at_; \
        *at_ = new_; \
        NEXT_RELEASING(b_, c_, old_, NULL); \
    } while (0)
#define FLOAT_RESULT(kb, kc, expr) do { \
        double result_ = (expr); \
        PyObject *b_ = NULL, *c_ = NULL, *new_, **at_ = &REG(in.a), *old_; \
        CHOOSE_BOX(kb, kc, PyFloat_Type, spare_float(t)) \
        ((PyFloatObject *)new_)->ob_fval = result_; \
        old_ = *at_; \
        *at_ = new_; \
        NEXT_RELEASING(b_, c_, old_, NULL); \
    } while (0)

/* ------------------------------------------------------------------ guards: v and w are the operands, x and y their values */

#define OPERANDS(kb, kc) PyObject *v = VALUE_##kb(in.b), *w = VALUE_##kc(in.c)
#define GUARD_INTS(kb, kc) \
    OPERANDS(kb, kc); \
    GUARD(PyLong_CheckExact(v) && PyLong_CheckExact(w)); \
    int64_t x, y; \
    if (KR_LIKELY(kr_long_is_compact(v) && kr_long_is_compact(w))) { \
        x = kr_long_compact_value(v), y = kr_long_compact_value(w); \
    } else { \
        GUARD(kr_long_is_short(v) && kr_long_is_short(w)); \
        x = kr_long_short_value(v), y = kr_long_short_value(w); \
    }
#define GUARD_FLOATS(kb, kc) \
    OPERANDS(kb, kc); \
    GUARD(PyFloat_CheckExact(v) && PyFloat_CheckExact(w)); \
    double x = PyFloat_AS_DOUBLE(v), y = PyFloat_AS_DOUBLE(w)
/* Floats and ints of up to two digits in any mixture but two ints; an int is converted as int.__float__ does. For sites that see several. */
#define GUARD_NUMBERS() \
    double x, y; \
    if (PyFloat_CheckExact(v)) { \
        x = PyFloat_AS_DOUBLE(v); \
        if (PyFloat_CheckExact(w)) { \
            y = PyFloat_AS_DOUBLE(w); \
        } else { \
            GUARD(PyLong_CheckExact(w) && kr_long_is_short(w)); \
            y = (double)kr_long_short_value(w); \
        } \
    } else { \
        GUARD(PyFloat_CheckExact(w) && PyLong_CheckExact(v) && kr_long_is_short(v)); \
        x = (double)kr_long_short_value(v), y = PyFloat_AS_DOUBLE(w); \
    }
#define COMPACT() (kr_long_is_compact(v) && kr_long_is_compact(w))
#define TWO_COMPACT_INTS() (PyLong_CheckExact(v) && PyLong_CheckExact(w) && COMPACT())

/* ------------------------------------------------------------------ arithmetic */

#define INT_KIND(kb, kc, GENERIC, condition, expr) OP(GENERIC##_INT_##kb##kc) { GUARD_INTS(kb, kc) GUARD(condition); INT_RESULT(kb, kc, GENERIC, expr); }
#define FLOAT_KIND(kb, kc, GENERIC, condition, expr) OP(GENERIC##_FLOAT_##kb##kc) { GUARD_FLOATS(kb, kc); GUARD(condition); FLOAT_RESULT(kb, kc, expr); }
#define INT_FORM(GENERIC, condition, expr) OP(GENERIC##_INT) { GUARD_INTS(D, D) GUARD(condition); INT_RESULT(D, D, GENERIC, expr); }
#define NUMBER_FORM(GENERIC, condition, expr, int_condition) \
    OP(GENERIC##_NUMBER) { \
        OPERANDS(D, D); \
        if (int_condition && TWO_COMPACT_INTS()) { \
            int64_t x = kr_long_compact_value(v), y = kr_long_compact_value(w); \
            INT_RESULT(D, D, GENERIC, expr); \
        } \
        GUARD_NUMBERS() \
        GUARD(condition); \
        FLOAT_RESULT(D, D, expr); \
    }
#define ARITHMETIC(name, int_condition, expr) \
    ALL_KINDS(INT_KIND, BINARY_##name, int_condition, expr) \
    ALL_KINDS(INT_KIND, INPLACE_##name, int_condition, expr) \
    ALL_KINDS(FLOAT_KIND, BINARY_##name, true, expr) \
    ALL_KINDS(FLOAT_KIND, INPLACE_##name, true, expr) \
    NUMBER_FORM(BINARY_##name, true, expr, true) \
    NUMBER_FORM(INPLACE_##name, true, expr, true)
ARITHMETIC(ADD, true, x + y)
ARITHMETIC(SUB, true, x - y)
ARITHMETIC(MUL, COMPACT(), x * y)
ALL_KINDS(FLOAT_KIND, BINARY_TRUEDIV, y != 0, x / y)
ALL_KINDS(FLOAT_KIND, INPLACE_TRUEDIV, y != 0, x / y)
NUMBER_FORM(BINARY_TRUEDIV, y != 0, x / y, false)
NUMBER_FORM(INPLACE_TRUEDIV, y != 0, x / y, false)
INT_FORM(BINARY_FLOORDIV, y != 0, kr_i64_floordiv(x, y))
INT_FORM(BINARY_MOD, y != 0, kr_i64_mod(x, y))
#define BITWISE(name, condition, expr) INT_FORM(BINARY_##name, condition, expr) INT_FORM(INPLACE_##name, condition, expr)
BITWISE(AND, true, x & y)
BITWISE(OR, true, x | y)
BITWISE(XOR, true, x ^ y)
BITWISE(LSHIFT, kr_long_is_compact(v) && y >= 0 && y < 30, (int64_t)((uint64_t)x << y))
BITWISE(RSHIFT, y >= 0 && y < 63, x >> y)

OP(BINARY_ADD_STR) {
    OPERANDS(D, D);
    GUARD(PyUnicode_CheckExact(v) && PyUnicode_CheckExact(w));
    SAVE();
    BINARY(PyUnicode_Concat(v, w));
}
OP(INPLACE_ADD_STR) {
    OPERANDS(D, D);
    GUARD(PyUnicode_CheckExact(v) && PyUnicode_CheckExact(w));
    if ((in.a & KR_REG_MASK) != (in.b & KR_REG_MASK) || (in.b & KR_OPERAND_CONST)) GOTO(kr_body_INPLACE_ADD);
    SAVE();
    CHECK(kr_vm_append_str(&REG(in.b), w));
    DONE(in.c);
    NEXT();
}

/* ------------------------------------------------------------------ comparison */

/* The result only decides the jump that is the next instruction: no bool is made. */
#define BRANCH(kb, kc, condition) do { \
        bool n_ = (condition); \
        PyObject *b_ = NULL, *c_ = NULL; \
        TAKE_OPERANDS(kb, kc) \
        KrInstr jump_ = *pc++; \
        if (n_ == (jump_.op == KR_OP_JUMP_IF_TRUE)) JUMP_TO(jump_); \
        NEXT_RELEASING(b_, c_, NULL, NULL); \
    } while (0)
#define COMPARE_RESULT(condition) STORE_TRUTH(condition, TAKE(in.b), TAKE(in.c))
#define INT_BRANCH(kb, kc, GENERIC, op) OP(GENERIC##_INT_##kb##kc) { GUARD_INTS(kb, kc) BRANCH(kb, kc, x op y); }
#define FLOAT_BRANCH(kb, kc, GENERIC, op) OP(GENERIC##_FLOAT_##kb##kc) { GUARD_FLOATS(kb, kc); BRANCH(kb, kc, x op y); }
#define COMPARISON(GENERIC, op) \
    ALL_KINDS(INT_BRANCH, GENERIC, op) \
    ALL_KINDS(FLOAT_BRANCH, GENERIC, op) \
    OP(GENERIC##_INT) { GUARD_INTS(D, D) COMPARE_RESULT(x op y); } \
    OP(GENERIC##_FLOAT) { GUARD_FLOATS(D, D); COMPARE_RESULT(x op y); } \
    OP(GENERIC##_NUMBER) { \
        OPERANDS(D, D); \
        if (TWO_COMPACT_INTS()) COMPARE_RESULT(kr_long_compact_value(v) op kr_long_compact_value(w)); \
        GUARD((!PyLong_CheckExact(v) || kr_long_is_compact(v)) && (!PyLong_CheckExact(w) || kr_long_is_compact(w))); \
        GUARD_NUMBERS() \
        COMPARE_RESULT(x op y); \
    }
COMPARISON(COMPARE_LT, <)
COMPARISON(COMPARE_LE, <=)
COMPARISON(COMPARE_EQ, ==)
COMPARISON(COMPARE_NE, !=)
COMPARISON(COMPARE_GT, >)
COMPARISON(COMPARE_GE, >=)
#define STR_EQUAL_FORM(GENERIC, expr) \
    OP(GENERIC##_STR) { \
        OPERANDS(D, D); \
        GUARD(PyUnicode_CheckExact(v) && PyUnicode_CheckExact(w)); \
        COMPARE_RESULT(expr); \
    }
STR_EQUAL_FORM(COMPARE_EQ, v == w || _PyUnicode_EQ(v, w))
STR_EQUAL_FORM(COMPARE_NE, v != w && !_PyUnicode_EQ(v, w))

/* ------------------------------------------------------------------ methods in Python run in this loop */

/* The operands stay where they are meanwhile: the other one's method may have to be asked. */
#define METHOD_FORM(GENERIC) \
    OP(GENERIC##_METHOD) { \
        OPERANDS(D, D); \
        KrCache *cache = CACHE(); \
        GUARD(Py_TYPE(v)->tp_version_tag == cache->version && (Py_TYPE(w) == Py_TYPE(v) || !(Py_TYPE(w)->tp_flags & Py_TPFLAGS_HEAPTYPE))); \
        PyFunctionObject *method = (PyFunctionObject *)cache->object; \
        GUARD(((KrCode *)method->func_code)->version == cache->version2); \
        PyObject **window = t->vm.reg_top; \
        if (!CAN_PUSH(window, (KrCode *)method->func_code)) GOTO(kr_body_##GENERIC); \
        Py_INCREF(method); \
        window[0] = Py_NewRef(v); \
        window[1] = Py_NewRef(w); \
        PUSH_EXACT(method, window, KR_CONT_OPERATOR); \
        NEXT(); \
    }
METHOD_FORM(BINARY_ADD)
METHOD_FORM(BINARY_SUB)
METHOD_FORM(BINARY_MUL)
METHOD_FORM(BINARY_TRUEDIV)
METHOD_FORM(BINARY_AND)
METHOD_FORM(BINARY_OR)
METHOD_FORM(COMPARE_LT)
METHOD_FORM(COMPARE_LE)
METHOD_FORM(COMPARE_EQ)
METHOD_FORM(COMPARE_NE)
METHOD_FORM(COMPARE_GT)
METHOD_FORM(COMPARE_GE)
