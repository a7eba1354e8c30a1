/* time.c - the module `time`: clocks, sleeping, broken-down time. Conversions are in runtime/pytime.c. */
#include "krait.h"
#include <errno.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    PyTypeObject *struct_time;
} TimeModule;

static PyStructSequence_Field struct_time_fields[] = {
    {"tm_year", "year, for example, 1993"}, {"tm_mon", "month of year, range [1, 12]"}, {"tm_mday", "day of month, range [1, 31]"},
    {"tm_hour", "hours, range [0, 23]"}, {"tm_min", "minutes, range [0, 59]"}, {"tm_sec", "seconds, range [0, 61])"},
    {"tm_wday", "day of week, range [0, 6], Monday is 0"}, {"tm_yday", "day of year, range [1, 366]"},
    {"tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"}, {"tm_zone", "abbreviation of timezone name"},
    {"tm_gmtoff", "offset from UTC in seconds"}, {0}};
static PyStructSequence_Desc struct_time_desc = {"time.struct_time",
    "The broken-down time that gmtime(), localtime() and strptime() give.", struct_time_fields, 9};

static PyObject *from_tm(PyObject *module, const struct tm *p) {
    TimeModule *m = PyModule_GetState(module);
    PyObject *r = PyStructSequence_New(m->struct_time);
    if (!r) return NULL;
    long v[] = {p->tm_year + 1900L, p->tm_mon + 1, p->tm_mday, p->tm_hour, p->tm_min, p->tm_sec, (p->tm_wday + 6) % 7, p->tm_yday + 1, p->tm_isdst};
    for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) PyStructSequence_SET_ITEM(r, (Py_ssize_t)i, PyLong_FromLong(v[i]));
    PyStructSequence_SET_ITEM(r, 9, PyUnicode_DecodeLocale(p->tm_zone ? p->tm_zone : "", "surrogateescape"));
    PyStructSequence_SET_ITEM(r, 10, PyLong_FromLong(p->tm_gmtoff));
    if (PyErr_Occurred()) Py_CLEAR(r);
    return r;
}

/* Fields of a struct_time or 9-tuple. */
static int to_tm(PyObject *module, PyObject *args, struct tm *p, const char *format) {
    TimeModule *m = PyModule_GetState(module);
    memset(p, 0, sizeof *p);
    PyObject *t;
    if (PyTuple_CheckExact(args)) {
        t = Py_NewRef(args);
    } else if (Py_IS_TYPE(args, m->struct_time)) {
        t = PyTuple_New(9);
        for (Py_ssize_t i = 0; t && i < 9; i++) PyTuple_SET_ITEM(t, i, Py_NewRef(PyStructSequence_GET_ITEM(args, i)));
        if (!t) return -1;
    } else {
        PyErr_SetString(PyExc_TypeError, "Tuple or struct_time argument required");
        return -1;
    }
    int year;
    int ok = PyArg_ParseTuple(t, format, &year, &p->tm_mon, &p->tm_mday, &p->tm_hour, &p->tm_min, &p->tm_sec, &p->tm_wday, &p->tm_yday, &p->tm_isdst);
    Py_DECREF(t);
    if (!ok) return -1;
    if (year < INT_MIN + 1900) {
        PyErr_SetString(PyExc_OverflowError, "year out of range");
        return -1;
    }
    p->tm_year = year - 1900;
    p->tm_mon--;
    p->tm_wday = (p->tm_wday + 1) % 7;
    p->tm_yday--;
    if (Py_IS_TYPE(args, m->struct_time)) {
        PyObject *zone = PyStructSequence_GET_ITEM(args, 9), *off = PyStructSequence_GET_ITEM(args, 10);
        if (zone != Py_None && !(p->tm_zone = PyUnicode_AsUTF8(zone))) return -1;
        if (off != Py_None) {
            p->tm_gmtoff = PyLong_AsLong(off);
            if (p->tm_gmtoff == -1 && PyErr_Occurred()) return -1;
        }
    }
    return 0;
}

/* Ranges that asctime() and strftime() need; zeros where older programs pass them. */
static int check_tm(struct tm *p) {
    const char *why = NULL;
    if (p->tm_mon == -1) p->tm_mon = 0;
    else if (p->tm_mon < 0 || p->tm_mon > 11) why = "month out of range";
    if (p->tm_mday == 0) p->tm_mday = 1;
    else if (p->tm_mday < 0 || p->tm_mday > 31) why = "day of month out of range";
    if (p->tm_hour < 0 || p->tm_hour > 23) why = "hour out of range";
    if (p->tm_min < 0 || p->tm_min > 59) why = "minute out of range";
    if (p->tm_sec < 0 || p->tm_sec > 61) why = "seconds out of range";
    if (p->tm_wday < 0) why = "day of week out of range";
    if (p->tm_yday == -1) p->tm_yday = 0;
    else if (p->tm_yday < 0 || p->tm_yday > 365) why = "day of year out of range";
    if (why) PyErr_SetString(PyExc_ValueError, why);
    return why ? -1 : 0;
}

/* ------------------------------------------------------------------ clocks */

static PyObject *as_float(_PyTime_t t) { return PyFloat_FromDouble(_PyTime_AsSecondsDouble(t)); }
static int process_clock(_PyTime_t *t, _Py_clock_info_t *info);
static int thread_clock(_PyTime_t *t, _Py_clock_info_t *info);

/* f() and f_ns() for a clock. */
#define CLOCK(name, get, what)                                                                                 \
    PyDoc_STRVAR(name##_doc, #name "() -> floating point number\n\n" what);                                    \
    static PyObject *time_##name(PyObject *self, PyObject *ignored) {                                          \
        _PyTime_t t;                                                                                           \
        return get(&t, NULL) < 0 ? NULL : as_float(t);                                                         \
    }                                                                                                          \
    PyDoc_STRVAR(name##_ns_doc, #name "_ns() -> int\n\nThe same in nanoseconds.");                             \
    static PyObject *time_##name##_ns(PyObject *self, PyObject *ignored) {                                     \
        _PyTime_t t;                                                                                           \
        return get(&t, NULL) < 0 ? NULL : _PyTime_AsNanosecondsObject(t);                                      \
    }
CLOCK(time, _PyTime_GetSystemClockWithInfo, "Seconds since the epoch.")
CLOCK(monotonic, _PyTime_GetMonotonicClockWithInfo, "Seconds of a clock that never goes back.")
CLOCK(perf_counter, _PyTime_GetPerfCounterWithInfo, "Seconds of the most precise clock, for measuring.")
CLOCK(process_time, process_clock, "Processor seconds of this process.")
CLOCK(thread_time, thread_clock, "Processor seconds of this thread.")

static int cpu_clock(clockid_t id, const char *name, _PyTime_t *t, _Py_clock_info_t *info) {
    struct timespec ts, res;
    if (clock_gettime(id, &ts)) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if (info) {
        info->implementation = name;
        info->monotonic = 1;
        info->adjustable = 0;
        info->resolution = clock_getres(id, &res) ? 1e-9 : (double)res.tv_sec + res.tv_nsec * 1e-9;
    }
    return _PyTime_FromTimespec(t, &ts);
}
static int process_clock(_PyTime_t *t, _Py_clock_info_t *info) {
    return cpu_clock(CLOCK_PROCESS_CPUTIME_ID, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", t, info);
}
static int thread_clock(_PyTime_t *t, _Py_clock_info_t *info) {
    return cpu_clock(CLOCK_THREAD_CPUTIME_ID, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", t, info);
}

/* clockid_t of an argument. */
static int clock_id(PyObject *o, clockid_t *id) {
    int v = _PyLong_AsInt(o);
    if (v == -1 && PyErr_Occurred()) return -1;
    *id = (clockid_t)v;
    return 0;
}
static PyObject *clock_get(PyObject *arg, int (*get)(clockid_t, struct timespec *), bool ns) {
    clockid_t id;
    struct timespec ts;
    _PyTime_t t;
    if (clock_id(arg, &id) < 0) return NULL;
    if (get(id, &ts)) return PyErr_SetFromErrno(PyExc_OSError);
    if (_PyTime_FromTimespec(&t, &ts) < 0) return NULL;
    return ns ? _PyTime_AsNanosecondsObject(t) : as_float(t);
}
PyDoc_STRVAR(clock_gettime_doc, "clock_gettime(clk_id) -> float\n\nThe time of a clock.");
static PyObject *time_clock_gettime(PyObject *self, PyObject *arg) { return clock_get(arg, clock_gettime, false); }
PyDoc_STRVAR(clock_gettime_ns_doc, "clock_gettime_ns(clk_id) -> int\n\nThe time of a clock in nanoseconds.");
static PyObject *time_clock_gettime_ns(PyObject *self, PyObject *arg) { return clock_get(arg, clock_gettime, true); }
PyDoc_STRVAR(clock_getres_doc, "clock_getres(clk_id) -> float\n\nThe resolution of a clock.");
static PyObject *time_clock_getres(PyObject *self, PyObject *arg) { return clock_get(arg, clock_getres, false); }

static PyObject *clock_set(PyObject *args, const char *format, bool ns) {
    int id;
    PyObject *o;
    _PyTime_t t;
    struct timespec ts;
    if (!PyArg_ParseTuple(args, format, &id, &o)) return NULL;
    if ((ns ? _PyTime_FromNanosecondsObject(&t, o) : _PyTime_FromSecondsObject(&t, o, _PyTime_ROUND_FLOOR)) < 0) return NULL;
    if (_PyTime_AsTimespec(t, &ts) < 0) return NULL;
    if (clock_settime((clockid_t)id, &ts)) return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}
PyDoc_STRVAR(clock_settime_doc, "clock_settime(clk_id, time)\n\nSets a clock.");
static PyObject *time_clock_settime(PyObject *self, PyObject *args) { return clock_set(args, "iO:clock_settime", false); }
PyDoc_STRVAR(clock_settime_ns_doc, "clock_settime_ns(clk_id, time)\n\nSets a clock, in nanoseconds.");
static PyObject *time_clock_settime_ns(PyObject *self, PyObject *args) { return clock_set(args, "iO:clock_settime_ns", true); }
PyDoc_STRVAR(pthread_getcpuclockid_doc, "pthread_getcpuclockid(thread_id) -> int\n\nThe processor clock of a thread.");
static PyObject *time_pthread_getcpuclockid(PyObject *self, PyObject *arg) {
    unsigned long id = PyLong_AsUnsignedLongMask(arg);
    clockid_t c;
    if (id == (unsigned long)-1 && PyErr_Occurred()) return NULL;
    int rc = pthread_getcpuclockid((pthread_t)id, &c);
    if (rc) {
        errno = rc;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLong(c);
}

PyObject *_PyNamespace_New(PyObject *);
PyDoc_STRVAR(get_clock_info_doc, "get_clock_info(name: str) -> dict\n\nProperties of a clock.");
static PyObject *time_get_clock_info(PyObject *self, PyObject *args) {
    static const struct { const char *name; int (*get)(_PyTime_t *, _Py_clock_info_t *); } clocks[] = {
        {"time", _PyTime_GetSystemClockWithInfo}, {"monotonic", _PyTime_GetMonotonicClockWithInfo},
        {"perf_counter", _PyTime_GetPerfCounterWithInfo}, {"process_time", process_clock}, {"thread_time", thread_clock}};
    const char *name;
    if (!PyArg_ParseTuple(args, "s:get_clock_info", &name)) return NULL;
    for (size_t i = 0; i < KR_ARRAY_LEN(clocks); i++) {
        if (strcmp(name, clocks[i].name)) continue;
        _PyTime_t t;
        _Py_clock_info_t info;
        if (clocks[i].get(&t, &info) < 0) return NULL;
        PyObject *d = Py_BuildValue("{s:s,s:O,s:O,s:d}", "implementation", info.implementation, "monotonic", info.monotonic ? Py_True : Py_False,
                                    "adjustable", info.adjustable ? Py_True : Py_False, "resolution", info.resolution);
        PyObject *ns = d ? _PyNamespace_New(d) : NULL;
        Py_XDECREF(d);
        return ns;
    }
    PyErr_SetString(PyExc_ValueError, "unknown clock");
    return NULL;
}

PyDoc_STRVAR(sleep_doc, "sleep(seconds)\n\nWaits so many seconds, also when signals come in between.");
static PyObject *time_sleep(PyObject *self, PyObject *arg) {
    _PyTime_t t, end;
    if (_PyTime_FromSecondsObject(&t, arg, _PyTime_ROUND_TIMEOUT) < 0) return NULL;
    if (t < 0) {
        PyErr_SetString(PyExc_ValueError, "sleep length must be non-negative");
        return NULL;
    }
    end = _PyTime_Add(_PyTime_GetMonotonicClock(), t);
    struct timespec until;
    if (_PyTime_AsTimespec(end, &until) < 0) return NULL;
    for (;;) {
        int rc;
        Py_BEGIN_ALLOW_THREADS rc = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        Py_END_ALLOW_THREADS
        if (rc == 0) Py_RETURN_NONE;
        if (rc != EINTR) {
            errno = rc;
            return PyErr_SetFromErrno(PyExc_OSError);
        }
        if (PyErr_CheckSignals() < 0) return NULL;
    }
}

/* ------------------------------------------------------------------ broken-down time */

/* Optional seconds argument; now without one. */
static int seconds_argument(PyObject *args, const char *format, time_t *t) {
    PyObject *o = NULL;
    if (!PyArg_ParseTuple(args, format, &o)) return -1;
    if (!o || o == Py_None) {
        *t = time(NULL);
        return 0;
    }
    return _PyTime_ObjectToTime_t(o, t, _PyTime_ROUND_FLOOR);
}
PyDoc_STRVAR(gmtime_doc, "gmtime([seconds]) -> (tm_year, tm_mon, tm_mday, tm_hour, tm_min,\n                       tm_sec, tm_wday, tm_yday, tm_isdst)\n\nUTC of a time.");
static PyObject *time_gmtime(PyObject *self, PyObject *args) {
    time_t t;
    struct tm tm;
    return seconds_argument(args, "|O:gmtime", &t) < 0 || _PyTime_gmtime(t, &tm) < 0 ? NULL : from_tm(self, &tm);
}
PyDoc_STRVAR(localtime_doc, "localtime([seconds]) -> (tm_year,tm_mon,tm_mday,tm_hour,tm_min,\n                          tm_sec,tm_wday,tm_yday,tm_isdst)\n\nLocal time of a time.");
static PyObject *time_localtime(PyObject *self, PyObject *args) {
    time_t t;
    struct tm tm;
    return seconds_argument(args, "|O:localtime", &t) < 0 || _PyTime_localtime(t, &tm) < 0 ? NULL : from_tm(self, &tm);
}
PyDoc_STRVAR(mktime_doc, "mktime(tuple) -> floating point number\n\nSeconds since the epoch of a local time.");
static PyObject *time_mktime(PyObject *self, PyObject *arg) {
    struct tm tm;
    if (to_tm(self, arg, &tm, "iiiiiiiii;mktime(): illegal time tuple argument") < 0) return NULL;
    tm.tm_wday = -1; /* mktime() sets it when it succeeds */
    time_t t = mktime(&tm);
    if (t == (time_t)-1 && tm.tm_wday == -1) {
        PyErr_SetString(PyExc_OverflowError, "mktime argument out of range");
        return NULL;
    }
    return PyFloat_FromDouble((double)t);
}

static PyObject *ascii_time(const struct tm *p) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    return PyUnicode_FromFormat("%.3s %.3s%3d %.2d:%.2d:%.2d %d", days + 3 * p->tm_wday, months + 3 * p->tm_mon, p->tm_mday, p->tm_hour,
                                p->tm_min, p->tm_sec, 1900 + p->tm_year);
}
PyDoc_STRVAR(asctime_doc, "asctime([tuple]) -> string\n\nLike 'Sat Jun 06 16:26:11 1998'.");
static PyObject *time_asctime(PyObject *self, PyObject *args) {
    PyObject *t = NULL;
    struct tm tm;
    if (!PyArg_UnpackTuple(args, "asctime", 0, 1, &t)) return NULL;
    if (!t) {
        if (_PyTime_localtime(time(NULL), &tm) < 0) return NULL;
    } else if (to_tm(self, t, &tm, "iiiiiiiii;asctime(): illegal time tuple argument") < 0 || check_tm(&tm) < 0) {
        return NULL;
    }
    tm.tm_wday %= 7;
    return ascii_time(&tm);
}
PyDoc_STRVAR(ctime_doc, "ctime(seconds) -> string\n\nasctime(localtime(seconds)).");
static PyObject *time_ctime(PyObject *self, PyObject *args) {
    time_t t;
    struct tm tm;
    return seconds_argument(args, "|O:ctime", &t) < 0 || _PyTime_localtime(t, &tm) < 0 ? NULL : ascii_time(&tm);
}

PyDoc_STRVAR(strftime_doc, "strftime(format[, tuple]) -> string\n\nA time formatted by the C library's directives.");
static PyObject *time_strftime(PyObject *self, PyObject *args) {
    PyObject *format, *t = NULL;
    struct tm tm;
    if (!PyArg_ParseTuple(args, "U|O:strftime", &format, &t)) return NULL;
    if (!t) {
        if (_PyTime_localtime(time(NULL), &tm) < 0) return NULL;
    } else if (to_tm(self, t, &tm, "iiiiiiiii;strftime(): illegal time tuple argument") < 0 || check_tm(&tm) < 0) {
        return NULL;
    }
    tm.tm_wday %= 7;
    if (tm.tm_isdst < -1) tm.tm_isdst = -1;
    if (tm.tm_isdst > 1) tm.tm_isdst = 1;
    PyObject *bytes = PyUnicode_EncodeLocale(format, "surrogateescape");
    if (!bytes) return NULL;
    /* a leading character tells an empty result from one that did not fit */
    size_t flen = (size_t)PyBytes_GET_SIZE(bytes);
    char *f = PyMem_Malloc(flen + 2), *out = NULL;
    PyObject *result = NULL;
    if (!f) {
        PyErr_NoMemory();
        goto done;
    }
    f[0] = 'x';
    memcpy(f + 1, PyBytes_AS_STRING(bytes), flen + 1);
    for (size_t size = 1024;; size *= 2) {
        char *more = PyMem_Realloc(out, size);
        if (!more) {
            PyErr_NoMemory();
            break;
        }
        out = more;
        size_t n = strftime(out, size, f, &tm);
        if (n > 0) {
            result = PyUnicode_DecodeLocaleAndSize(out + 1, (Py_ssize_t)n - 1, "surrogateescape");
            break;
        }
        if (size > 256 * (flen + 2) + 65536) {
            PyErr_SetString(PyExc_ValueError, "strftime() result too long");
            break;
        }
    }
done:
    PyMem_Free(f);
    PyMem_Free(out);
    Py_DECREF(bytes);
    return result;
}
PyDoc_STRVAR(strptime_doc, "strptime(string, format) -> struct_time\n\nParses a time by strftime()'s directives.");
static PyObject *time_strptime(PyObject *self, PyObject *args) {
    PyObject *f = _PyImport_GetModuleAttrString("_strptime", "_strptime_time");
    PyObject *r = f ? PyObject_Call(f, args, NULL) : NULL;
    Py_XDECREF(f);
    return r;
}

/* timezone, altzone, daylight, tzname: from the zone's offsets in January and July of this year. */
static int set_zone(PyObject *m) {
    static const time_t year = (365 * 24 + 6) * 3600;
    struct tm tm;
    char names[2][50];
    long offsets[2];
    time_t t = time(NULL) / year * year;
    for (int i = 0; i < 2; i++) {
        if (_PyTime_localtime(i ? t + year / 2 : t, &tm) < 0) return -1;
        snprintf(names[i], sizeof names[i], "%s", tm.tm_zone ? tm.tm_zone : "   ");
        offsets[i] = -tm.tm_gmtoff;
    }
    int winter = offsets[0] < offsets[1]; /* the greater offset west is standard time */
    long standard = offsets[winter], summer = offsets[!winter];
    if (PyModule_AddIntConstant(m, "timezone", standard) < 0 || PyModule_AddIntConstant(m, "altzone", summer) < 0 ||
        PyModule_AddIntConstant(m, "daylight", standard != summer) < 0)
        return -1;
    PyObject *a = PyUnicode_DecodeLocale(names[winter], "surrogateescape"), *b = PyUnicode_DecodeLocale(names[!winter], "surrogateescape");
    PyObject *pair = a && b ? PyTuple_Pack(2, a, b) : NULL;
    int rc = pair ? PyModule_AddObjectRef(m, "tzname", pair) : -1;
    Py_XDECREF(a);
    Py_XDECREF(b);
    Py_XDECREF(pair);
    return rc;
}
PyDoc_STRVAR(tzset_doc, "tzset()\n\nReads the environment variable TZ again.");
static PyObject *time_tzset(PyObject *self, PyObject *ignored) {
    tzset();
    if (set_zone(self) < 0) return NULL;
    Py_RETURN_NONE;
}

#define BOTH(name) {#name, time_##name, METH_NOARGS, name##_doc}, {#name "_ns", time_##name##_ns, METH_NOARGS, name##_ns_doc}
static PyMethodDef time_methods[] = {
    BOTH(time), BOTH(monotonic), BOTH(perf_counter), BOTH(process_time), BOTH(thread_time),
    {"clock_gettime", time_clock_gettime, METH_O, clock_gettime_doc},
    {"clock_gettime_ns", time_clock_gettime_ns, METH_O, clock_gettime_ns_doc},
    {"clock_settime", time_clock_settime, METH_VARARGS, clock_settime_doc},
    {"clock_settime_ns", time_clock_settime_ns, METH_VARARGS, clock_settime_ns_doc},
    {"clock_getres", time_clock_getres, METH_O, clock_getres_doc},
    {"pthread_getcpuclockid", time_pthread_getcpuclockid, METH_O, pthread_getcpuclockid_doc},
    {"sleep", time_sleep, METH_O, sleep_doc},
    {"gmtime", time_gmtime, METH_VARARGS, gmtime_doc},
    {"localtime", time_localtime, METH_VARARGS, localtime_doc},
    {"asctime", time_asctime, METH_VARARGS, asctime_doc},
    {"ctime", time_ctime, METH_VARARGS, ctime_doc},
    {"mktime", time_mktime, METH_O, mktime_doc},
    {"strftime", time_strftime, METH_VARARGS, strftime_doc},
    {"strptime", time_strptime, METH_VARARGS, strptime_doc},
    {"tzset", time_tzset, METH_NOARGS, tzset_doc},
    {"get_clock_info", time_get_clock_info, METH_VARARGS, get_clock_info_doc},
    {NULL},
};
static int time_exec(PyObject *module) {
    TimeModule *m = PyModule_GetState(module);
    static const struct { const char *name; long value; } ids[] = {
#define C(n) {#n, n}
        C(CLOCK_REALTIME), C(CLOCK_MONOTONIC), C(CLOCK_MONOTONIC_RAW), C(CLOCK_PROCESS_CPUTIME_ID), C(CLOCK_THREAD_CPUTIME_ID), C(CLOCK_BOOTTIME), C(CLOCK_TAI)
#undef C
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(ids); i++)
        if (PyModule_AddIntConstant(module, ids[i].name, ids[i].value) < 0) return -1;
    if (!(m->struct_time = PyStructSequence_NewType(&struct_time_desc)) || PyModule_AddType(module, m->struct_time) < 0 ||
        PyModule_AddIntConstant(module, "_STRUCT_TM_ITEMS", 11) < 0)
        return -1;
    tzset();
    return set_zone(module);
}
static int time_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(((TimeModule *)PyModule_GetState(module))->struct_time);
    return 0;
}
static int time_clear(PyObject *module) {
    Py_CLEAR(((TimeModule *)PyModule_GetState(module))->struct_time);
    return 0;
}
static void time_free(void *module) { time_clear(module); }
static PyModuleDef_Slot time_slots[] = {{Py_mod_exec, time_exec}, {0, NULL}};
PyDoc_STRVAR(time_module_doc, "Clocks, sleeping and broken-down time.");
static struct PyModuleDef time_module = {PyModuleDef_HEAD_INIT, "time", time_module_doc, sizeof(TimeModule), time_methods, time_slots, time_traverse, time_clear, time_free};
PyObject *PyInit_time(void) { return PyModuleDef_Init(&time_module); }
