/* timedelta.c - the type timedelta: durations.
 *
 * 0 <= seconds < a day and 0 <= microseconds < a second always hold; days has the sign. Arithmetic is done on microseconds in 128 bits; Python ints take
 * over where that could overflow before a result that is in range.
 */
#include "module/datetime/dt.h"
#include <math.h>

PyDateTime_Delta kr_dt_zero = {.ob_base = {KR_IMMORTAL_REFCNT, &kr_dt_timedelta}, .hashcode = -1};

/* ------------------------------------------------------------------ making and taking apart */

PyObject *kr_dt_new_delta(int days, int seconds, int us, bool normalize, PyTypeObject *type) {
    if (normalize) {
        int64_t s = seconds, d = days;
        int carry = us / SECOND_US - (us % SECOND_US < 0);
        us -= carry * SECOND_US;
        s += carry;
        int64_t whole = s / DAY_SECONDS - (s % DAY_SECONDS < 0);
        seconds = (int)(s - whole * DAY_SECONDS);
        d += whole;
        if (d < INT_MIN || d > INT_MAX) d = d < 0 ? INT_MIN : INT_MAX;
        days = (int)d;
    }
    if (days < -MAX_DELTA_DAYS || days > MAX_DELTA_DAYS) {
        PyErr_Format(PyExc_OverflowError, "days=%d; must have magnitude <= %d", days, MAX_DELTA_DAYS);
        return NULL;
    }
    PyDateTime_Delta *self = type == &kr_dt_timedelta ? PyObject_New(PyDateTime_Delta, type) : (PyDateTime_Delta *)type->tp_alloc(type, 0);
    if (self) {
        self->hashcode = -1;
        self->days = days;
        self->seconds = seconds;
        self->microseconds = us;
    }
    return (PyObject *)self;
}
static PyObject *too_large(void) {
    PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
    return NULL;
}
static PyObject *from_us(KrDuration us, PyTypeObject *type) {
    int64_t days, rest;
    if (KR_LIKELY(us == (int64_t)us)) {
        days = (int64_t)us / DAY_US;
        rest = (int64_t)us % DAY_US;
    }
    else {
        KrDuration d = us / DAY_US;
        days = (int64_t)d;
        rest = (int64_t)(us - d * DAY_US);
        if (d != days) return too_large();
    }
    if (rest < 0) {
        rest += DAY_US;
        days--;
    }
    if (days != (int)days) return too_large();
    return kr_dt_new_delta((int)days, (int)(rest / SECOND_US), (int)(rest % SECOND_US), false, type);
}
PyObject *kr_dt_delta_from_us(KrDuration us) { return from_us(us, &kr_dt_timedelta); }
KrDuration kr_dt_delta_us(PyObject *o) {
    PyDateTime_Delta *d = DELTA(o);
    return (KrDuration)((int64_t)d->days * DAY_SECONDS + d->seconds) * SECOND_US + d->microseconds;
}

static PyObject *int_of(KrDuration us) {
    if (us == (int64_t)us) return PyLong_FromLongLong((int64_t)us);
    return _PyLong_FromByteArray((unsigned char *)&us, sizeof us, PY_LITTLE_ENDIAN, 1);
}
/* A timedelta of so many microseconds, an int that is released; NULL passes an exception on. */
static PyObject *from_int(PyObject *us, PyTypeObject *type) {
    KrDuration value;
    if (!us) return NULL;
    int r = _PyLong_AsByteArray((PyLongObject *)us, (unsigned char *)&value, sizeof value, PY_LITTLE_ENDIAN, 1);
    Py_DECREF(us);
    return r < 0 ? too_large() : from_us(value, type);
}

/* ------------------------------------------------------------------ the constructor */

/* The units in the order in which they are added up; `argument` is their place among the arguments. */
static const struct {
    const char *name;
    int64_t us;
    int argument;
} units[] = {
    {"microseconds", 1, 2}, {"milliseconds", 1000, 3}, {"seconds", SECOND_US, 1}, {"minutes", 60 * (int64_t)SECOND_US, 4},
    {"hours", 3600 * (int64_t)SECOND_US, 5}, {"days", DAY_SECONDS * (int64_t)SECOND_US, 0}, {"weeks", 7 * DAY_SECONDS * (int64_t)SECOND_US, 6},
};
enum { UNITS = KR_ARRAY_LEN(units) };

/* Microseconds nearest to what fractions sum up to; an even total wins a tie. odd: whether the rest of the total is. */
static double round_rest(double rest, bool odd) {
    double whole = round(rest);
    if (fabs(whole - rest) == 0.5) whole = 2.0 * round((rest + odd) * 0.5) - odd;
    return whole;
}
/* Splits a float number of units: *whole units, and the fraction's microseconds as whole and a rest. */
static void split_float(double value, int64_t us, double *whole, double *fraction_us, double *rest) {
    double fraction = modf(value, whole);
    *fraction_us = 0;
    if (fraction != 0) *rest += modf((double)us * fraction, fraction_us);
}

/* The sum of the arguments with Python ints (a new reference). */
static PyObject *sum_objects(PyObject *const args[UNITS]) {
    PyObject *sum = PyLong_FromLong(0);
    double rest = 0;
    for (int i = 0; sum && i < UNITS; i++) {
        PyObject *arg = args[units[i].argument], *count, *term = NULL;
        if (!arg) continue;
        double whole = 0, extra = 0;
        if (PyLong_Check(arg))
            count = Py_NewRef(arg);
        else {
            split_float(PyFloat_AS_DOUBLE(arg), units[i].us, &whole, &extra, &rest);
            count = PyLong_FromDouble(whole);
        }
        PyObject *us = count ? PyLong_FromLongLong(units[i].us) : NULL, *add = us ? PyLong_FromDouble(extra) : NULL;
        if (add) term = PyLong_Type.tp_as_number->nb_multiply(count, us);
        if (term) Py_SETREF(term, PyNumber_Add(term, add));
        Py_SETREF(sum, term ? PyNumber_Add(sum, term) : NULL);
        Py_XDECREF(term);
        Py_XDECREF(add);
        Py_XDECREF(us);
        Py_XDECREF(count);
    }
    if (sum && rest != 0) {
        bool odd = PyLong_AsUnsignedLongLongMask(sum) & 1;
        PyObject *last = PyLong_FromDouble(round_rest(rest, odd));
        Py_SETREF(sum, last ? PyNumber_Add(sum, last) : NULL);
        Py_XDECREF(last);
    }
    return sum;
}

static PyObject *from_arguments(PyTypeObject *type, PyObject *const args[UNITS]) {
    KrDuration sum = 0;
    double rest = 0;
    bool large = false;
    for (int i = 0; i < UNITS; i++) {
        PyObject *arg = args[units[i].argument];
        if (!arg) continue;
        if (PyLong_Check(arg)) {
            int overflow;
            sum += (KrDuration)PyLong_AsLongLongAndOverflow(arg, &overflow) * units[i].us;
            large |= overflow;
        }
        else if (PyFloat_Check(arg)) {
            double whole, extra, value = PyFloat_AS_DOUBLE(arg);
            if (!(fabs(value) < 1e15)) {
                if (!isfinite(value)) return PyLong_FromDouble(value); /* raises */
                large = true;
                continue;
            }
            split_float(value, units[i].us, &whole, &extra, &rest);
            sum += (KrDuration)(int64_t)whole * units[i].us + (int64_t)extra;
        }
        else {
            PyErr_Format(PyExc_TypeError, "unsupported type for timedelta %s component: %s", units[i].name, Py_TYPE(arg)->tp_name);
            return NULL;
        }
    }
    if (KR_UNLIKELY(large)) return from_int(sum_objects(args), type);
    if (rest != 0) sum += (int64_t)round_rest(rest, sum & 1);
    return from_us(sum, type);
}

static PyObject *delta_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks", NULL};
    PyObject *a[UNITS] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OOOOOOO:__new__", keywords, a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6)) return NULL;
    return from_arguments(type, a);
}
static PyObject *delta_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *const names[UNITS] = {KR_STR(days), KR_STR(seconds), KR_STR(microseconds), KR_STR(milliseconds), KR_STR(minutes), KR_STR(hours), KR_STR(weeks)};
    PyObject *a[UNITS] = {NULL};
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n > UNITS) goto other;
    for (Py_ssize_t i = 0; i < n; i++) a[i] = args[i];
    for (Py_ssize_t k = 0; kwnames && k < PyTuple_GET_SIZE(kwnames); k++) {
        int i = 0;
        while (i < UNITS && names[i] != PyTuple_GET_ITEM(kwnames, k)) i++;
        if (i == UNITS || a[i]) goto other;
        a[i] = args[n + k];
    }
    return from_arguments((PyTypeObject *)type, a);
other:
    return kr_dt_call_new((PyTypeObject *)type, args, nargsf, kwnames);
}
static void delta_dealloc(PyObject *self) { Py_TYPE(self)->tp_free(self); }

/* ------------------------------------------------------------------ arithmetic */

static PyObject *delta_add(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a) || !IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    return kr_dt_new_delta(DELTA(a)->days + DELTA(b)->days, DELTA(a)->seconds + DELTA(b)->seconds, DELTA(a)->microseconds + DELTA(b)->microseconds, true, &kr_dt_timedelta);
}
static PyObject *delta_subtract(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a) || !IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    return kr_dt_new_delta(DELTA(a)->days - DELTA(b)->days, DELTA(a)->seconds - DELTA(b)->seconds, DELTA(a)->microseconds - DELTA(b)->microseconds, true, &kr_dt_timedelta);
}
static PyObject *delta_negative(PyObject *a) {
    return kr_dt_new_delta(-DELTA(a)->days, -DELTA(a)->seconds, -DELTA(a)->microseconds, true, &kr_dt_timedelta);
}
static PyObject *delta_positive(PyObject *a) { return kr_dt_new_delta(DELTA(a)->days, DELTA(a)->seconds, DELTA(a)->microseconds, false, &kr_dt_timedelta); }
static PyObject *delta_absolute(PyObject *a) { return DELTA(a)->days < 0 ? delta_negative(a) : delta_positive(a); }
static int delta_bool(PyObject *a) { return DELTA(a)->days || DELTA(a)->seconds || DELTA(a)->microseconds; }

/* a * factor (or a / factor) for a float, exactly, rounded to the nearest microsecond, half to even. */
static PyObject *scale_by_float(PyObject *a, PyObject *factor, bool divide) {
    PyObject *ratio = PyObject_CallMethodNoArgs(factor, KR_STR(as_integer_ratio)), *us = NULL, *product = NULL, *result = NULL;
    if (!ratio) return NULL;
    if (!PyTuple_Check(ratio)) {
        PyErr_Format(PyExc_TypeError, "unexpected return type from as_integer_ratio(): expected tuple, got '%.200s'", Py_TYPE(ratio)->tp_name);
        goto done;
    }
    if (PyTuple_Size(ratio) != 2) {
        PyErr_SetString(PyExc_ValueError, "as_integer_ratio() must return a 2-tuple");
        goto done;
    }
    us = int_of(kr_dt_delta_us(a));
    if (us) product = PyNumber_Multiply(us, PyTuple_GET_ITEM(ratio, divide));
    if (product && !PyLong_Check(product)) {
        PyErr_Format(PyExc_TypeError, "unexpected return type from as_integer_ratio(): expected tuple of ints");
        goto done;
    }
    if (product) {
        PyObject *by = PyTuple_GET_ITEM(ratio, !divide), *pair = NULL;
        pair = _PyLong_DivmodNear(product, by);
        if (pair) result = from_int(Py_NewRef(PyTuple_GET_ITEM(pair, 0)), &kr_dt_timedelta);
        Py_XDECREF(pair);
    }
done:
    Py_XDECREF(product);
    Py_XDECREF(us);
    Py_DECREF(ratio);
    return result;
}
static PyObject *delta_multiply(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a)) {
        PyObject *t = a;
        a = b;
        b = t;
    }
    if (PyLong_Check(b)) {
        int overflow;
        KrDuration us = kr_dt_delta_us(a), product;
        long long factor = PyLong_AsLongLongAndOverflow(b, &overflow);
        if (us == 0) return kr_dt_new_delta(0, 0, 0, false, &kr_dt_timedelta);
        if (overflow || __builtin_mul_overflow(us, (KrDuration)factor, &product)) return too_large();
        return kr_dt_delta_from_us(product);
    }
    if (PyFloat_Check(b)) return scale_by_float(a, b, false);
    Py_RETURN_NOTIMPLEMENTED;
}

static PyObject *no_division(const char *message) {
    PyErr_SetString(PyExc_ZeroDivisionError, message);
    return NULL;
}
/* Floor of a / b and what is left; b isn't 0. */
static KrDuration floor_divide(KrDuration a, KrDuration b, KrDuration *rest) {
    KrDuration q, r;
    if (a == (int64_t)a && b == (int64_t)b && b != -1) {
        q = (int64_t)a / (int64_t)b;
        r = (int64_t)a % (int64_t)b;
    }
    else {
        q = a / b;
        r = a % b;
    }
    if (r && (r < 0) != (b < 0)) {
        q--;
        r += b;
    }
    *rest = r;
    return q;
}
static PyObject *divide_by_int(PyObject *a, PyObject *b, bool nearest) {
    int overflow;
    KrDuration us = kr_dt_delta_us(a), rest, by = PyLong_AsLongLongAndOverflow(b, &overflow);
    if (overflow) { /* the quotient is tiny, but not in range of the C types */
        PyObject *n = int_of(us), *q = NULL;
        if (n && nearest) {
            PyObject *pair = _PyLong_DivmodNear(n, b);
            q = pair ? Py_NewRef(PyTuple_GET_ITEM(pair, 0)) : NULL;
            Py_XDECREF(pair);
        }
        else if (n)
            q = PyNumber_FloorDivide(n, b);
        Py_XDECREF(n);
        return from_int(q, &kr_dt_timedelta);
    }
    if (by == 0) return no_division("integer division or modulo by zero");
    KrDuration q = floor_divide(us, by, &rest);
    if (nearest) {
        KrDuration twice = 2 * (rest < 0 ? -rest : rest), size = by < 0 ? -by : by;
        q += twice > size || (twice == size && (q & 1));
    }
    return kr_dt_delta_from_us(q);
}
static PyObject *delta_floor_divide(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a)) Py_RETURN_NOTIMPLEMENTED;
    if (PyLong_Check(b)) return divide_by_int(a, b, false);
    if (!IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    KrDuration by = kr_dt_delta_us(b), rest;
    return by == 0 ? no_division("integer division or modulo by zero") : int_of(floor_divide(kr_dt_delta_us(a), by, &rest));
}
/* a / b rounded once. */
static PyObject *true_divide(KrDuration a, KrDuration b) {
    const KrDuration exact = (KrDuration)1 << 53;
    if (b == 0) return no_division("division by zero");
    if (a >= -exact && a <= exact && b >= -exact && b <= exact) return PyFloat_FromDouble((double)a / (double)b);
    PyObject *x = int_of(a), *y = int_of(b), *q = x && y ? PyNumber_TrueDivide(x, y) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(y);
    return q;
}
static PyObject *delta_true_divide(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a)) Py_RETURN_NOTIMPLEMENTED;
    if (IS_DELTA(b)) return true_divide(kr_dt_delta_us(a), kr_dt_delta_us(b));
    if (PyFloat_Check(b)) return scale_by_float(a, b, true);
    if (PyLong_Check(b)) return divide_by_int(a, b, true);
    Py_RETURN_NOTIMPLEMENTED;
}
static PyObject *delta_remainder(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a) || !IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    KrDuration by = kr_dt_delta_us(b), rest;
    if (by == 0) return no_division("integer modulo by zero");
    floor_divide(kr_dt_delta_us(a), by, &rest);
    return kr_dt_delta_from_us(rest);
}
static PyObject *delta_divmod(PyObject *a, PyObject *b) {
    if (!IS_DELTA(a) || !IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    KrDuration by = kr_dt_delta_us(b), rest;
    if (by == 0) return no_division("integer division or modulo by zero");
    KrDuration q = floor_divide(kr_dt_delta_us(a), by, &rest);
    PyObject *quotient = int_of(q), *remainder = quotient ? kr_dt_delta_from_us(rest) : NULL, *pair = remainder ? PyTuple_Pack(2, quotient, remainder) : NULL;
    Py_XDECREF(quotient);
    Py_XDECREF(remainder);
    return pair;
}

/* ------------------------------------------------------------------ protocols */

static PyObject *delta_richcompare(PyObject *a, PyObject *b, int op) {
    if (!IS_DELTA(b)) Py_RETURN_NOTIMPLEMENTED;
    int diff = DELTA(a)->days - DELTA(b)->days;
    if (!diff) diff = DELTA(a)->seconds - DELTA(b)->seconds;
    if (!diff) diff = DELTA(a)->microseconds - DELTA(b)->microseconds;
    return kr_dt_compare(diff, op);
}
/* As a tuple of the three numbers, so that sets have CPython's order. */
static Py_hash_t delta_hash(PyObject *o) {
    PyDateTime_Delta *self = DELTA(o);
    if (self->hashcode == -1) {
        PyObject *tuple = Py_BuildValue("iii", self->days, self->seconds, self->microseconds);
        if (!tuple) return -1;
        self->hashcode = PyObject_Hash(tuple);
        Py_DECREF(tuple);
    }
    return self->hashcode;
}
static PyObject *delta_repr(PyObject *o) {
    PyDateTime_Delta *self = DELTA(o);
    char parts[96], *p = parts;
    const struct {
        const char *name;
        int value;
    } fields[] = {{"days", self->days}, {"seconds", self->seconds}, {"microseconds", self->microseconds}};
    for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++)
        if (fields[i].value) p += sprintf(p, "%s%s=%d", p == parts ? "" : ", ", fields[i].name, fields[i].value);
    if (p == parts) strcpy(parts, "0");
    return PyUnicode_FromFormat("%s(%s)", Py_TYPE(self)->tp_name, parts);
}
static PyObject *delta_str(PyObject *o) {
    PyDateTime_Delta *self = DELTA(o);
    char text[64], *p = text;
    if (self->days) p += sprintf(p, "%d day%s, ", self->days, self->days == 1 || self->days == -1 ? "" : "s");
    p += sprintf(p, "%d:%02d:%02d", self->seconds / 3600, self->seconds / 60 % 60, self->seconds % 60);
    if (self->microseconds) p += sprintf(p, ".%06d", self->microseconds);
    return PyUnicode_FromStringAndSize(text, p - text);
}
PyObject *kr_dt_float_seconds(KrDuration us) { return true_divide(us, SECOND_US); }
static PyObject *delta_total_seconds(PyObject *self, PyObject *unused) { return kr_dt_float_seconds(kr_dt_delta_us(self)); }
static PyObject *delta_reduce(PyObject *o, PyObject *unused) {
    PyDateTime_Delta *self = DELTA(o);
    return Py_BuildValue("O(iii)", Py_TYPE(self), self->days, self->seconds, self->microseconds);
}

static PyNumberMethods delta_as_number = {
    .nb_add = delta_add,
    .nb_subtract = delta_subtract,
    .nb_multiply = delta_multiply,
    .nb_remainder = delta_remainder,
    .nb_divmod = delta_divmod,
    .nb_negative = delta_negative,
    .nb_positive = delta_positive,
    .nb_absolute = delta_absolute,
    .nb_bool = delta_bool,
    .nb_floor_divide = delta_floor_divide,
    .nb_true_divide = delta_true_divide,
};
static PyMethodDef delta_methods[] = {
    {"total_seconds", delta_total_seconds, METH_NOARGS, PyDoc_STR("Total seconds in the duration.")},
    {"__reduce__", delta_reduce, METH_NOARGS, PyDoc_STR("__reduce__() -> (cls, state)")},
    {NULL},
};
static PyMemberDef delta_members[] = {
    {"days", T_INT, offsetof(PyDateTime_Delta, days), READONLY, PyDoc_STR("Number of days.")},
    {"seconds", T_INT, offsetof(PyDateTime_Delta, seconds), READONLY, PyDoc_STR("Number of seconds (>= 0 and less than 1 day).")},
    {"microseconds", T_INT, offsetof(PyDateTime_Delta, microseconds), READONLY, PyDoc_STR("Number of microseconds (>= 0 and less than 1 second).")},
    {NULL},
};
PyTypeObject kr_dt_timedelta = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.timedelta",
    .tp_basicsize = sizeof(PyDateTime_Delta),
    .tp_dealloc = delta_dealloc,
    .tp_repr = delta_repr,
    .tp_as_number = &delta_as_number,
    .tp_hash = delta_hash,
    .tp_str = delta_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("Difference between two datetime values.\n\n"
                        "timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)\n\n"
                        "All arguments are optional and default to 0.\nArguments may be integers or floats, and may be positive or negative."),
    .tp_richcompare = delta_richcompare,
    .tp_methods = delta_methods,
    .tp_members = delta_members,
    .tp_new = delta_new,
    .tp_vectorcall = delta_vectorcall,
};
