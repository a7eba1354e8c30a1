/* datetime_make.c - datetimes from clocks, timestamps, texts and parts: the class methods of datetime, and conversion between time zones.
 */
#include "module/datetime/datetime.h"

/* ------------------------------------------------------------------ clocks and timestamps */

/* The datetime of so many seconds since 1970 and microseconds: local time, or UTC for tz.fromutc() or a naive result. */
static PyObject *from_clock(PyObject *cls, bool local, time_t seconds, int us, PyObject *tzinfo) {
    struct tm tm;
    if ((local ? _PyTime_localtime(seconds, &tm) : _PyTime_gmtime(seconds, &tm)) < 0) return NULL;
    /* leap seconds have no other place */
    KrFields f = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, Py_MIN(tm.tm_sec, 59), us, 0};
    if (f.year < MIN_YEAR || f.year > MAX_YEAR) return PyErr_Format(PyExc_ValueError, "year %i is out of range", f.year);
    if (local) {
        /* the second time a local time is shown: some time before, the clock was further ahead, and showed the same */
        const int64_t utc = (int64_t)EPOCH_ORDINAL * DAY_SECONDS + seconds;
        int64_t shown = (int64_t)kr_dt_ordinal(f.year, f.month, f.day) * DAY_SECONDS + f.hour * 3600 + f.minute * 60 + f.second;
        int64_t before = kr_dt_local_seconds(utc - DAY_SECONDS);
        if (before < 0) return NULL;
        int64_t back = shown - before - DAY_SECONDS;
        if (back < 0) {
            before = kr_dt_local_seconds(utc + back);
            if (before < 0) return NULL;
            f.fold = before == shown;
        }
    }
    return kr_dt_make_datetime(cls, &f, tzinfo);
}
/* Passes a UTC datetime through tz.fromutc(); it is released, and may be NULL for an exception. */
static PyObject *through_zone(PyObject *utc, PyObject *tz) {
    if (!utc || tz == Py_None) return utc;
    PyObject *result = PyObject_CallMethodOneArg(tz, KR_STR(fromutc), utc);
    Py_DECREF(utc);
    return result;
}
static PyObject *from_now(PyObject *cls, bool local, PyObject *tz) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return from_clock(cls, local, now.tv_sec, (int)(now.tv_nsec / 1000), tz);
}
static PyObject *from_timestamp(PyObject *cls, bool local, PyObject *timestamp, PyObject *tz) {
    time_t seconds;
    long us;
    return _PyTime_ObjectToTimeval(timestamp, &seconds, &us, _PyTime_ROUND_HALF_EVEN) < 0 ? NULL : from_clock(cls, local, seconds, (int)us, tz);
}

PyObject *kr_datetime_now(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"tz", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|O:now"};
    PyObject *tz = Py_None;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &tz) || kr_dt_check_tzinfo(tz) < 0) return NULL;
    return through_zone(from_now(cls, tz == Py_None, tz), tz);
}
PyObject *kr_datetime_utcnow(PyObject *cls, PyObject *unused) { return from_now(cls, false, Py_None); }
PyObject *kr_datetime_fromtimestamp(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"timestamp", "tz", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|O:fromtimestamp"};
    PyObject *timestamp, *tz = Py_None;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &timestamp, &tz) || kr_dt_check_tzinfo(tz) < 0) return NULL;
    return through_zone(from_timestamp(cls, tz == Py_None, timestamp, tz), tz);
}
PyObject *kr_dt_datetime_from_timestamp(PyObject *cls, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"timestamp", "tz", NULL};
    PyObject *values[2] = {NULL, Py_None};
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|O:fromtimestamp", keywords, &values[0], &values[1])) return NULL;
    return kr_datetime_fromtimestamp(cls, values, 2, NULL);
}
PyObject *kr_datetime_utcfromtimestamp(PyObject *cls, PyObject *args) {
    PyObject *timestamp;
    return PyArg_ParseTuple(args, "O:utcfromtimestamp", &timestamp) ? from_timestamp(cls, false, timestamp, Py_None) : NULL;
}

/* ------------------------------------------------------------------ texts and parts */

PyObject *kr_datetime_strptime(PyObject *cls, PyObject *args) {
    PyObject *text, *format;
    if (!PyArg_ParseTuple(args, "UU:strptime", &text, &format)) return NULL;
    return kr_dt_call_module(KR_STR(_strptime), KR_STR(_strptime_datetime), cls, text, format, NULL);
}
PyObject *kr_datetime_combine(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"date", "time", "tzinfo", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O!O!|O:combine"};
    PyObject *date, *time, *tzinfo = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &kr_dt_date, &date, &kr_dt_time, &time, &tzinfo)) return NULL;
    KrFields f = {PyDateTime_GET_YEAR(date),         PyDateTime_GET_MONTH(date),        PyDateTime_GET_DAY(date),       PyDateTime_TIME_GET_HOUR(time),
                  PyDateTime_TIME_GET_MINUTE(time),  PyDateTime_TIME_GET_SECOND(time),  PyDateTime_TIME_GET_MICROSECOND(time), PyDateTime_TIME_GET_FOLD(time)};
    return kr_dt_make_datetime(cls, &f, tzinfo ? tzinfo : PyDateTime_TIME_GET_TZINFO(time));
}
PyObject *kr_datetime_fromisoformat(PyObject *cls, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "fromisoformat: argument must be str");
        return NULL;
    }
    if (PyUnicode_READY(text) < 0) return NULL;
    /* the separator may be any character, and nothing else may be non-ASCII: as a control character it is one byte and fits nowhere else */
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), date_length, i;
    char small[64], *copy = NULL;
    const char *s;
    if (PyUnicode_IS_ASCII(text))
        s = (const char *)PyUnicode_1BYTE_DATA(text);
    else {
        char *p = n < (Py_ssize_t)sizeof small ? small : (copy = PyMem_Malloc((size_t)n + 1));
        if (!p) return PyErr_NoMemory();
        for (i = 0; i < n; i++) {
            Py_UCS4 c = PyUnicode_READ_CHAR(text, i);
            p[i] = c < 128 ? (char)c : '\1';
        }
        p[n] = 0;
        s = p;
    }
    KrFields f = {0};
    int64_t offset = 0;
    bool has_offset = false, valid = n >= 7 && (date_length = kr_dt_date_length(s, n)) <= n && kr_dt_parse_date(s, date_length, &f.year, &f.month, &f.day);
    if (valid && n > date_length) {
        for (i = date_length + 1; i < n; i++) valid &= s[i] != '\1';
        valid = valid && kr_dt_parse_time(s + date_length + 1, n - date_length - 1, &f, &offset, &has_offset);
    }
    PyMem_Free(copy);
    if (!valid) return kr_dt_parse_failed(text);
    PyObject *tzinfo = kr_dt_timezone_of(offset, has_offset), *self = tzinfo ? kr_dt_make_datetime(cls, &f, tzinfo) : NULL;
    Py_XDECREF(tzinfo);
    return self;
}

/* ------------------------------------------------------------------ time zones */

static int64_t seconds_of(const KrFields *f) { return (int64_t)kr_dt_ordinal(f->year, f->month, f->day) * DAY_SECONDS + f->hour * 3600 + f->minute * 60 + f->second; }

PyObject *kr_datetime_timestamp(PyObject *self, PyObject *unused) {
    PyObject *tzinfo = PyDateTime_DATE_GET_TZINFO(self);
    const int64_t epoch = (int64_t)EPOCH_ORDINAL * DAY_SECONDS;
    if (tzinfo == Py_None) {
        KrFields f = kr_dt_fields(self);
        int64_t utc = kr_dt_utc_seconds(seconds_of(&f), f.fold);
        return utc < 0 ? NULL : PyFloat_FromDouble((double)(utc - epoch) + f.us / 1e6);
    }
    int64_t offset;
    int known = kr_dt_offset_us(tzinfo, self, &offset);
    if (known < 0) return NULL;
    if (!known) return kr_datetime_mixed("subtract");
    return kr_dt_float_seconds((KrDuration)kr_dt_moment(self) - offset - epoch * SECOND_US);
}

PyObject *kr_datetime_astimezone(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"tz", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|O:astimezone"};
    PyObject *tz = Py_None, *from = PyDateTime_DATE_GET_TZINFO(self);
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &tz) || kr_dt_check_tzinfo(tz) < 0) return NULL;
    if (from == tz && from != Py_None) return Py_NewRef(self);
    int64_t offset = 0;
    int known = kr_dt_offset_us(from, self, &offset);
    if (known < 0) return NULL;
    KrFields f = kr_dt_fields(self);
    if (!known) { /* naive: local time */
        int64_t local = seconds_of(&f), utc = kr_dt_utc_seconds(local, f.fold);
        struct tm tm;
        if (utc < 0 || kr_dt_local(utc, &tm) < 0) return NULL;
        offset = (int64_t)tm.tm_gmtoff * SECOND_US;
    }
    KrMoment moment = kr_dt_moment(self) - offset;
    if (kr_dt_from_moment(moment, &f) < 0) return NULL;
    f.fold = 0;
    PyObject *zone = tz == Py_None ? kr_dt_local_timezone(moment / SECOND_US) : Py_NewRef(tz);
    PyObject *result = zone ? through_zone(kr_dt_make_datetime((PyObject *)Py_TYPE(self), &f, zone), zone) : NULL;
    Py_XDECREF(zone);
    return result;
}
