/* pytime.c - _PyTime_t: nanoseconds in an int64, its conversions with rounding, and the clocks.
 *
 * Overflow is an OverflowError in functions that raise, and clamps to the ends of the range in those that cannot.
 */
#include "krait.h"
#include <errno.h>
#include <math.h>
#include <time.h>

enum { NS_PER_S = 1000000000, US_PER_S = 1000000, MS_PER_S = 1000 };
static const _PyTime_t time_min = INT64_MIN, time_max = INT64_MAX;

static int overflow(void) {
    PyErr_SetString(PyExc_OverflowError, "timestamp too large to convert to C _PyTime_t");
    return -1;
}
static int time_t_overflow(void) {
    PyErr_SetString(PyExc_OverflowError, "timestamp out of range for platform time_t");
    return -1;
}

static double round_half_even(double x) {
    double r = round(x);
    if (fabs(x - r) == 0.5) r = 2.0 * round(x / 2.0);
    return r;
}
static double round_double(double x, _PyTime_round_t how) {
    switch (how) {
    case _PyTime_ROUND_HALF_EVEN: return round_half_even(x);
    case _PyTime_ROUND_CEILING: return ceil(x);
    case _PyTime_ROUND_FLOOR: return floor(x);
    default: return x >= 0 ? ceil(x) : floor(x);
    }
}
/* t / k rounded; k > 1. */
static _PyTime_t divide(_PyTime_t t, _PyTime_t k, _PyTime_round_t how) {
    _PyTime_t q = t / k, r = t % k;
    if (!r) return q;
    switch (how) {
    case _PyTime_ROUND_HALF_EVEN: {
        _PyTime_t twice = (r < 0 ? -r : r) * 2;
        if (twice > k || (twice == k && (q & 1))) q += t >= 0 ? 1 : -1;
        return q;
    }
    case _PyTime_ROUND_CEILING: return t >= 0 ? q + 1 : q;
    case _PyTime_ROUND_FLOOR: return t >= 0 ? q : q - 1;
    default: return q + (t >= 0 ? 1 : -1);
    }
}
static _PyTime_t multiply(_PyTime_t t, _PyTime_t k) {
    _PyTime_t r;
    return __builtin_mul_overflow(t, k, &r) ? (t < 0 ? time_min : time_max) : r;
}
_PyTime_t _PyTime_Add(_PyTime_t a, _PyTime_t b) {
    _PyTime_t r;
    return __builtin_add_overflow(a, b, &r) ? (b > 0 ? time_max : time_min) : r;
}
_PyTime_t _PyTime_MulDiv(_PyTime_t t, _PyTime_t mul, _PyTime_t div) {
    return _PyTime_Add(multiply(t / div, mul), multiply(t % div, mul) / div);
}

/* ------------------------------------------------------------------ to and from other units */

_PyTime_t _PyTime_FromSeconds(int s) { return (_PyTime_t)s * NS_PER_S; }
_PyTime_t _PyTime_FromNanoseconds(_PyTime_t ns) { return ns; }
int _PyTime_FromNanosecondsObject(_PyTime_t *t, PyObject *o) {
    if (!PyLong_Check(o)) {
        PyErr_Format(PyExc_TypeError, "expect int, got %s", Py_TYPE(o)->tp_name);
        return -1;
    }
    long long ns = PyLong_AsLongLong(o);
    if (ns == -1 && PyErr_Occurred()) return PyErr_ExceptionMatches(PyExc_OverflowError) ? overflow() : -1;
    *t = ns;
    return 0;
}
int _PyTime_FromTimespec(_PyTime_t *t, struct timespec *ts) {
    if (__builtin_mul_overflow((_PyTime_t)ts->tv_sec, (_PyTime_t)NS_PER_S, t) || __builtin_add_overflow(*t, (_PyTime_t)ts->tv_nsec, t)) return overflow();
    return 0;
}
int _PyTime_FromTimeval(_PyTime_t *t, struct timeval *tv) {
    struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};
    return _PyTime_FromTimespec(t, &ts);
}

static int from_object(_PyTime_t *t, PyObject *o, _PyTime_round_t how, long unit_ns) {
    if (PyFloat_Check(o)) {
        double d = PyFloat_AsDouble(o);
        if (isnan(d)) {
            PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
            return -1;
        }
        d = round_double(d * (double)unit_ns, how);
        if (!(d >= -0x1p63 && d < 0x1p63)) return overflow();
        *t = (_PyTime_t)d;
        return 0;
    }
    long long n = PyLong_AsLongLong(o);
    if (n == -1 && PyErr_Occurred()) return PyErr_ExceptionMatches(PyExc_OverflowError) ? overflow() : -1;
    if (__builtin_mul_overflow((_PyTime_t)n, (_PyTime_t)unit_ns, t)) return overflow();
    return 0;
}
int _PyTime_FromSecondsObject(_PyTime_t *t, PyObject *o, _PyTime_round_t how) { return from_object(t, o, how, NS_PER_S); }
int _PyTime_FromMillisecondsObject(_PyTime_t *t, PyObject *o, _PyTime_round_t how) { return from_object(t, o, how, NS_PER_S / MS_PER_S); }

double _PyTime_AsSecondsDouble(_PyTime_t t) {
    return t % NS_PER_S == 0 ? (double)(t / NS_PER_S) : (double)t / 1e9;
}
PyObject *_PyTime_AsNanosecondsObject(_PyTime_t t) { return PyLong_FromLongLong(t); }
_PyTime_t _PyTime_AsNanoseconds(_PyTime_t t) { return t; }
_PyTime_t _PyTime_AsMicroseconds(_PyTime_t t, _PyTime_round_t how) { return divide(t, 1000, how); }
_PyTime_t _PyTime_AsMilliseconds(_PyTime_t t, _PyTime_round_t how) { return divide(t, 1000000, how); }

/* Splits units-per-second counts into seconds and a remainder that is not negative. */
static void split(_PyTime_t t, _PyTime_t per_second, time_t *sec, long *rest) {
    *sec = (time_t)(t / per_second);
    *rest = (long)(t % per_second);
    if (*rest < 0) {
        *rest += (long)per_second;
        *sec -= 1;
    }
}
void _PyTime_AsTimespec_clamp(_PyTime_t t, struct timespec *ts) { split(t, NS_PER_S, &ts->tv_sec, &ts->tv_nsec); }
int _PyTime_AsTimespec(_PyTime_t t, struct timespec *ts) {
    _PyTime_AsTimespec_clamp(t, ts);
    return 0;
}
void _PyTime_AsTimeval_clamp(_PyTime_t t, struct timeval *tv, _PyTime_round_t how) {
    split(divide(t, 1000, how), US_PER_S, &tv->tv_sec, &tv->tv_usec);
}
int _PyTime_AsTimeval(_PyTime_t t, struct timeval *tv, _PyTime_round_t how) {
    _PyTime_AsTimeval_clamp(t, tv, how);
    return 0;
}
int _PyTime_AsTimevalTime_t(_PyTime_t t, time_t *sec, int *us, _PyTime_round_t how) {
    long rest;
    split(divide(t, 1000, how), US_PER_S, sec, &rest);
    *us = (int)rest;
    return 0;
}

time_t _PyLong_AsTime_t(PyObject *o) {
    long long v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)) time_t_overflow();
    return (time_t)v;
}
PyObject *_PyLong_FromTime_t(time_t t) { return PyLong_FromLongLong(t); }

int _PyTime_ObjectToTime_t(PyObject *o, time_t *sec, _PyTime_round_t how) {
    if (PyFloat_Check(o)) {
        double d = PyFloat_AsDouble(o);
        if (isnan(d)) {
            PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
            return -1;
        }
        d = round_double(d, how);
        if (!(d >= -0x1p63 && d < 0x1p63)) return time_t_overflow();
        *sec = (time_t)d;
        return 0;
    }
    *sec = _PyLong_AsTime_t(o);
    return *sec == -1 && PyErr_Occurred() ? -1 : 0;
}
/* Seconds and a fraction of `per_second` units. */
static int object_to_parts(PyObject *o, time_t *sec, long *fraction, long per_second, _PyTime_round_t how) {
    if (!PyFloat_Check(o)) {
        *fraction = 0;
        return _PyTime_ObjectToTime_t(o, sec, how);
    }
    double d = PyFloat_AsDouble(o), whole;
    if (isnan(d)) {
        PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
        return -1;
    }
    double f = round_double(modf(d, &whole) * (double)per_second, how);
    if (f >= (double)per_second) {
        f -= (double)per_second;
        whole += 1.0;
    } else if (f < 0) {
        f += (double)per_second;
        whole -= 1.0;
    }
    if (!(whole >= -0x1p63 && whole < 0x1p63)) return time_t_overflow();
    *sec = (time_t)whole;
    *fraction = (long)f;
    return 0;
}
int _PyTime_ObjectToTimespec(PyObject *o, time_t *sec, long *ns, _PyTime_round_t how) { return object_to_parts(o, sec, ns, NS_PER_S, how); }
int _PyTime_ObjectToTimeval(PyObject *o, time_t *sec, long *us, _PyTime_round_t how) { return object_to_parts(o, sec, us, US_PER_S, how); }

/* ------------------------------------------------------------------ clocks */

static int clock_read(clockid_t id, const char *name, bool adjustable, _PyTime_t *t, _Py_clock_info_t *info) {
    struct timespec ts;
    if (clock_gettime(id, &ts)) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if (_PyTime_FromTimespec(t, &ts) < 0) return -1;
    if (info) {
        struct timespec res;
        info->implementation = name;
        info->monotonic = !adjustable;
        info->adjustable = adjustable;
        info->resolution = clock_getres(id, &res) == 0 ? (double)res.tv_sec + res.tv_nsec * 1e-9 : 1e-9;
    }
    return 0;
}
int _PyTime_GetSystemClockWithInfo(_PyTime_t *t, _Py_clock_info_t *info) { return clock_read(CLOCK_REALTIME, "clock_gettime(CLOCK_REALTIME)", true, t, info); }
int _PyTime_GetMonotonicClockWithInfo(_PyTime_t *t, _Py_clock_info_t *info) { return clock_read(CLOCK_MONOTONIC, "clock_gettime(CLOCK_MONOTONIC)", false, t, info); }
int _PyTime_GetPerfCounterWithInfo(_PyTime_t *t, _Py_clock_info_t *info) { return _PyTime_GetMonotonicClockWithInfo(t, info); }

static _PyTime_t clock_now(clockid_t id) {
    struct timespec ts;
    return clock_gettime(id, &ts) ? 0 : (_PyTime_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}
_PyTime_t _PyTime_GetSystemClock(void) { return clock_now(CLOCK_REALTIME); }
_PyTime_t _PyTime_GetMonotonicClock(void) { return clock_now(CLOCK_MONOTONIC); }
_PyTime_t _PyTime_GetPerfCounter(void) { return clock_now(CLOCK_MONOTONIC); }

static int broken_down(time_t t, struct tm *tm, struct tm *(*convert)(const time_t *, struct tm *)) {
    errno = 0;
    if (convert(&t, tm)) return 0;
    if (!errno) errno = EINVAL;
    if (errno == EOVERFLOW || errno == EINVAL) return time_t_overflow();
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}
int _PyTime_localtime(time_t t, struct tm *tm) { return broken_down(t, tm, localtime_r); }
int _PyTime_gmtime(time_t t, struct tm *tm) { return broken_down(t, tm, gmtime_r); }

/* ------------------------------------------------------------------ deadlines, for compiled modules */

PyAPI_FUNC(_PyTime_t) _PyDeadline_Init(_PyTime_t timeout);
PyAPI_FUNC(_PyTime_t) _PyDeadline_Get(_PyTime_t deadline);
_PyTime_t _PyDeadline_Init(_PyTime_t timeout) { return _PyTime_GetMonotonicClock() + timeout; }
_PyTime_t _PyDeadline_Get(_PyTime_t deadline) { return deadline - _PyTime_GetMonotonicClock(); }
