/* number.h - part of the loop (eval.c): special forms of arithmetic, comparison and subscripts.
 *
 * A result needs no new object when a box that nobody else holds is at hand: an operand that is consumed, or the value that the
 * destination is about to lose (x += 1).
 */

    /* A box of `type` that may be overwritten once v and w, the operands, are read: NULL if there is none. */
#define SPARE_BOX(type) \
    (CONSUMED(in.b) && Py_REFCNT(v) == 1 && Py_IS_TYPE(v, type) ? v : CONSUMED(in.c) && Py_REFCNT(w) == 1 && Py_IS_TYPE(w, type) ? w : \
     !(in.a & KR_DEST_DEAD) && REG(in.a) && Py_REFCNT(REG(in.a)) == 1 && Py_IS_TYPE(REG(in.a), type) ? REG(in.a) : NULL)
    /* The spare box becomes the destination's value, the operands are released. */
#define STORE_SPARE(spare) do { \
        PyObject *keep_ = (spare); \
        if (keep_ == v && CONSUMED(in.b)) REG(in.b) = NULL; \
        else DONE(in.b); \
        if (keep_ == w && CONSUMED(in.c)) REG(in.c) = NULL; \
        else DONE(in.c); \
        if (keep_ != REG(in.a)) SET(in.a, keep_); \
        NEXT(); \
    } while (0)
#define INT_RESULT(value) do { \
        int64_t result_ = (value); \
        uint64_t size_ = result_ < 0 ? 0 - (uint64_t)result_ : (uint64_t)result_; \
        if (!kr_is_small_int_value(result_) && KR_LIKELY(!(size_ >> (2 * PyLong_SHIFT)))) { \
            PyLongObject *spare_ = (PyLongObject *)SPARE_BOX(&PyLong_Type); \
            if (spare_) { \
                Py_ssize_t digits_ = 1 + (size_ > PyLong_MASK); \
                spare_->ob_digit[0] = (digit)size_ & PyLong_MASK; \
                spare_->ob_digit[1] = (digit)(size_ >> PyLong_SHIFT); \
                Py_SET_SIZE(spare_, result_ < 0 ? -digits_ : digits_); \
                STORE_SPARE((PyObject *)spare_); \
            } \
        } \
        BINARY(kr_long_from_i64(result_)); \
    } while (0)
#define FLOAT_RESULT(value) do { \
        double result_ = (value); \
        PyObject *spare_ = SPARE_BOX(&PyFloat_Type); \
        if (spare_) { \
            ((PyFloatObject *)spare_)->ob_fval = result_; \
            STORE_SPARE(spare_); \
        } \
        BINARY(kr_float_new(result_)); \
    } while (0)

#define GUARD_INTS(GENERIC) \
    v = R(in.b), w = R(in.c); \
    GUARD(PyLong_CheckExact(v) && PyLong_CheckExact(w), GENERIC); \
    int64_t x, y; \
    if (KR_LIKELY(kr_long_is_compact(v) && kr_long_is_compact(w))) { \
        x = kr_long_compact_value(v), y = kr_long_compact_value(w); \
    } else { \
        GUARD(kr_long_is_short(v) && kr_long_is_short(w), GENERIC); \
        x = kr_long_short_value(v), y = kr_long_short_value(w); \
    }
#define GUARD_FLOATS(GENERIC) \
    v = R(in.b), w = R(in.c); \
    GUARD(PyFloat_CheckExact(v) && PyFloat_CheckExact(w), GENERIC); \
    double x = PyFloat_AS_DOUBLE(v), y = PyFloat_AS_DOUBLE(w);
    /* Floats and ints of up to two digits in any mixture but two ints; an int is converted as int.__float__ does. For sites that see several. */
#define GUARD_NUMBERS(GENERIC) \
    double x, y; \
    if (PyFloat_CheckExact(v)) { \
        x = PyFloat_AS_DOUBLE(v); \
        if (PyFloat_CheckExact(w)) { \
            y = PyFloat_AS_DOUBLE(w); \
        } else { \
            GUARD(PyLong_CheckExact(w) && kr_long_is_short(w), GENERIC); \
            y = (double)kr_long_short_value(w); \
        } \
    } else { \
        GUARD(PyFloat_CheckExact(w) && PyLong_CheckExact(v) && kr_long_is_short(v), GENERIC); \
        x = (double)kr_long_short_value(v), y = PyFloat_AS_DOUBLE(w); \
    }

#define INT_FORM(GENERIC, condition, expr) SPECIAL(GENERIC##_INT): { GUARD_INTS(GENERIC) GUARD(condition, GENERIC); INT_RESULT(expr); }
#define FLOAT_FORM(GENERIC, condition, expr, int_condition) \
    SPECIAL(GENERIC##_FLOAT): { GUARD_FLOATS(GENERIC) GUARD(condition, GENERIC); FLOAT_RESULT(expr); } \
    SPECIAL(GENERIC##_NUMBER): { \
        v = R(in.b), w = R(in.c); \
        if (int_condition && PyLong_CheckExact(v) && PyLong_CheckExact(w) && kr_long_is_compact(v) && kr_long_is_compact(w)) { \
            int64_t x = kr_long_compact_value(v), y = kr_long_compact_value(w); \
            INT_RESULT(expr); \
        } \
        GUARD_NUMBERS(GENERIC) \
        GUARD(condition, GENERIC); \
        FLOAT_RESULT(expr); \
    }
    INT_FORM(BINARY_ADD, true, x + y)
    INT_FORM(INPLACE_ADD, true, x + y)
    INT_FORM(BINARY_SUB, true, x - y)
    INT_FORM(INPLACE_SUB, true, x - y)
    INT_FORM(BINARY_MUL, kr_long_is_compact(v) && kr_long_is_compact(w), x * y)
    INT_FORM(INPLACE_MUL, kr_long_is_compact(v) && kr_long_is_compact(w), x * y)
    INT_FORM(BINARY_FLOORDIV, y != 0, kr_i64_floordiv(x, y))
    INT_FORM(BINARY_MOD, y != 0, kr_i64_mod(x, y))
    INT_FORM(BINARY_AND, true, x & y)
    INT_FORM(INPLACE_AND, true, x & y)
    INT_FORM(BINARY_OR, true, x | y)
    INT_FORM(INPLACE_OR, true, x | y)
    INT_FORM(BINARY_XOR, true, x ^ y)
    INT_FORM(INPLACE_XOR, true, x ^ y)
    INT_FORM(BINARY_LSHIFT, kr_long_is_compact(v) && y >= 0 && y < 30, (int64_t)((uint64_t)x << y))
    INT_FORM(INPLACE_LSHIFT, kr_long_is_compact(v) && y >= 0 && y < 30, (int64_t)((uint64_t)x << y))
    INT_FORM(BINARY_RSHIFT, y >= 0 && y < 63, x >> y)
    INT_FORM(INPLACE_RSHIFT, y >= 0 && y < 63, x >> y)
    FLOAT_FORM(BINARY_ADD, true, x + y, true)
    FLOAT_FORM(INPLACE_ADD, true, x + y, true)
    FLOAT_FORM(BINARY_SUB, true, x - y, true)
    FLOAT_FORM(INPLACE_SUB, true, x - y, true)
    FLOAT_FORM(BINARY_MUL, true, x * y, true)
    FLOAT_FORM(INPLACE_MUL, true, x * y, true)
    FLOAT_FORM(BINARY_TRUEDIV, y != 0, x / y, false)
    FLOAT_FORM(INPLACE_TRUEDIV, y != 0, x / y, false)

    SPECIAL(INPLACE_ADD_STR): {
        v = R(in.b), w = R(in.c);
        GUARD(PyUnicode_CheckExact(v) && PyUnicode_CheckExact(w), INPLACE_ADD);
        if ((in.a & KR_REG_MASK) != (in.b & KR_REG_MASK) || (in.b & KR_OPERAND_CONST)) goto body_INPLACE_ADD;
        /* the register's own reference is handed over, so that the str can grow where it is */
        PyObject *text = v;
        w = Py_NewRef(w);
        REG(in.b) = NULL;
        PyUnicode_Append(&text, w);
        Py_DECREF(w);
        if (!text) goto error;
        DONE(in.c);
        REG(in.a) = text;
        NEXT();
    }

    /* A comparison whose result only decides the jump that follows makes no bool. */
#define BRANCH(result) do { \
        n = (result); \
        DONE(in.b); \
        DONE(in.c); \
        KrInstr jump_ = *pc; \
        if (jump_.a == in.a && (in.a & KR_DEST_DEAD) && (jump_.op == KR_OP_JUMP_IF_FALSE || jump_.op == KR_OP_JUMP_IF_TRUE)) { \
            pc++; \
            if (n == (jump_.op == KR_OP_JUMP_IF_TRUE)) JUMP_TO(jump_); \
            NEXT(); \
        } \
        SET(in.a, Py_NewRef(n ? Py_True : Py_False)); \
        NEXT(); \
    } while (0)
#define COMPARE_FORM(GENERIC, op) \
    SPECIAL(GENERIC##_INT): { GUARD_INTS(GENERIC) BRANCH(x op y); } \
    SPECIAL(GENERIC##_FLOAT): { GUARD_FLOATS(GENERIC) BRANCH(x op y); } \
    SPECIAL(GENERIC##_NUMBER): { \
        v = R(in.b), w = R(in.c); \
        if (PyLong_CheckExact(v) && PyLong_CheckExact(w) && kr_long_is_compact(v) && kr_long_is_compact(w)) BRANCH(kr_long_compact_value(v) op kr_long_compact_value(w)); \
        GUARD((!PyLong_CheckExact(v) || kr_long_is_compact(v)) && (!PyLong_CheckExact(w) || kr_long_is_compact(w)), GENERIC); \
        GUARD_NUMBERS(GENERIC) \
        BRANCH(x op y); \
    }
    COMPARE_FORM(COMPARE_LT, <)
    COMPARE_FORM(COMPARE_LE, <=)
    COMPARE_FORM(COMPARE_EQ, ==)
    COMPARE_FORM(COMPARE_NE, !=)
    COMPARE_FORM(COMPARE_GT, >)
    COMPARE_FORM(COMPARE_GE, >=)
#define STR_EQUAL_FORM(GENERIC, expr) \
    SPECIAL(GENERIC##_STR): { \
            v = R(in.b), w = R(in.c); \
        GUARD(PyUnicode_CheckExact(v) && PyUnicode_CheckExact(w), GENERIC); \
        BRANCH(expr); \
    }
    STR_EQUAL_FORM(COMPARE_EQ, v == w || _PyUnicode_EQ(v, w))
    STR_EQUAL_FORM(COMPARE_NE, v != w && !_PyUnicode_EQ(v, w))

    /* an index of the sequence: an int of one digit, negative ones counted from the end */
#define GUARD_INDEX(key, size, GENERIC) \
    GUARD(PyLong_CheckExact(key) && kr_long_is_compact(key), GENERIC); \
    Py_ssize_t i = kr_long_compact_value(key); \
    if (i < 0) i += (size); \
    GUARD((size_t)i < (size_t)(size), GENERIC)
    SPECIAL(LOAD_SUBSCR_LIST): {
        v = R(in.b), w = R(in.c);
        GUARD(PyList_CheckExact(v), LOAD_SUBSCR);
        GUARD_INDEX(w, PyList_GET_SIZE(v), LOAD_SUBSCR);
        BINARY(Py_NewRef(PyList_GET_ITEM(v, i)));
    }
    SPECIAL(LOAD_SUBSCR_TUPLE): {
        v = R(in.b), w = R(in.c);
        GUARD(PyTuple_CheckExact(v), LOAD_SUBSCR);
        GUARD_INDEX(w, PyTuple_GET_SIZE(v), LOAD_SUBSCR);
        BINARY(Py_NewRef(PyTuple_GET_ITEM(v, i)));
    }
    SPECIAL(LOAD_SUBSCR_STR): {
        v = R(in.b), w = R(in.c);
        GUARD(PyUnicode_CheckExact(v), LOAD_SUBSCR);
        GUARD_INDEX(w, PyUnicode_GET_LENGTH(v), LOAD_SUBSCR);
        BINARY(PyUnicode_FromOrdinal((int)PyUnicode_READ_CHAR(v, i)));
    }
    SPECIAL(LOAD_SUBSCR_DICT): {
        v = R(in.b), w = R(in.c);
        GUARD(PyDict_CheckExact(v), LOAD_SUBSCR);
        PyObject *item = PyDict_GetItemWithError(v, w);
        if (KR_UNLIKELY(!item)) {
            if (!PyErr_Occurred()) _PyErr_SetKeyError(w);
            goto error;
        }
        BINARY(Py_NewRef(item));
    }
    SPECIAL(STORE_SUBSCR_LIST): {
        v = R(in.a), w = R(in.b);
        GUARD(PyList_CheckExact(v), STORE_SUBSCR);
        GUARD_INDEX(w, PyList_GET_SIZE(v), STORE_SUBSCR);
        PyObject *old = PyList_GET_ITEM(v, i), *new;
        if (CONSUMED(in.c)) {
            new = REG(in.c);
            REG(in.c) = NULL;
        } else {
            new = Py_NewRef(R(in.c));
        }
        PyList_SET_ITEM(v, i, new);
        Py_DECREF(old);
        DONE(in.a);
        DONE(in.b);
        NEXT();
    }
    SPECIAL(STORE_SUBSCR_DICT): {
        v = R(in.a);
        GUARD(PyDict_CheckExact(v), STORE_SUBSCR);
        CHECK(PyDict_SetItem(v, R(in.b), R(in.c)));
        DONE(in.c);
        DONE(in.a);
        DONE(in.b);
        NEXT();
    }
