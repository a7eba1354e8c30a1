/* local.c - the system's local time, with PEP 495's folds and gaps.
 *
 * Seconds here count from the beginning of ordinal 0, as moments do.
 */
#include "module/datetime/dt.h"

static const int64_t epoch = (int64_t)EPOCH_ORDINAL * DAY_SECONDS;

int kr_dt_local(int64_t utc, struct tm *tm) { return _PyTime_localtime((time_t)(utc - epoch), tm); }

int64_t kr_dt_local_seconds(int64_t utc) {
    struct tm tm;
    if (kr_dt_local(utc, &tm) < 0) return -1;
    int year = tm.tm_year + 1900;
    if (year < MIN_YEAR || year > MAX_YEAR) {
        PyErr_Format(PyExc_ValueError, "year %i is out of range", year);
        return -1;
    }
    return (int64_t)kr_dt_ordinal(year, tm.tm_mon + 1, tm.tm_mday) * DAY_SECONDS + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

/* local = UTC + offset is solved by trying two offsets: the one that would hold if `local` were UTC, and the one a day before (fold 0) or after (fold 1).
 * In a gap neither fits; then fold chooses. */
int64_t kr_dt_utc_seconds(int64_t local, int fold) {
    int64_t lt = kr_dt_local_seconds(local);
    if (lt < 0) return -1;
    int64_t a = lt - local, first = local - a, t1 = kr_dt_local_seconds(first), b;
    if (t1 < 0) return -1;
    if (t1 == local) {
        /* a solution; the other one, if there are two, has the offset on the fold's side */
        int64_t other = kr_dt_local_seconds(first + (fold ? DAY_SECONDS : -DAY_SECONDS));
        if (other < 0) return -1;
        b = other - (first + (fold ? DAY_SECONDS : -DAY_SECONDS));
        if (a == b) return first;
    }
    else
        b = t1 - first;
    int64_t second = local - b, t2 = kr_dt_local_seconds(second);
    if (t2 < 0) return -1;
    if (t2 == local) return second;
    if (t1 == local) return first;
    return fold ? Py_MIN(first, second) : Py_MAX(first, second);
}

PyObject *kr_dt_local_timezone(int64_t utc) {
    struct tm tm;
    if (kr_dt_local(utc, &tm) < 0) return NULL;
    PyObject *offset = kr_dt_delta_from_us((KrDuration)tm.tm_gmtoff * SECOND_US), *name = NULL, *zone = NULL;
    if (offset) name = PyUnicode_DecodeLocale(tm.tm_zone, "surrogateescape");
    if (name) zone = kr_dt_make_timezone(offset, name);
    Py_XDECREF(name);
    Py_XDECREF(offset);
    return zone;
}
