/* format.c - dates and times as text: ISO 8601, strftime, ctime; struct_time.
 */
#include "module/datetime/dt.h"

/* ------------------------------------------------------------------ ISO 8601 */

static char *digits(char *out, int value, int n) {
    for (int i = n - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
    return out + n;
}
char *kr_dt_iso_date(char *out, int year, int month, int day) {
    out = digits(out, year, 4);
    *out++ = '-';
    out = digits(out, month, 2);
    *out++ = '-';
    return digits(out, day, 2);
}
char *kr_dt_iso_time(char *out, const char *timespec, int hour, int minute, int second, int us) {
    static const char *const specs[] = {"hours", "minutes", "seconds", "milliseconds", "microseconds"};
    enum { HOURS, MINUTES, SECONDS, MILLISECONDS, MICROSECONDS, UNKNOWN };
    int spec = HOURS;
    if (!timespec || strcmp(timespec, "auto") == 0)
        spec = us ? MICROSECONDS : SECONDS;
    else
        while (spec < UNKNOWN && strcmp(timespec, specs[spec]) != 0) spec++;
    if (spec == UNKNOWN) {
        PyErr_SetString(PyExc_ValueError, "Unknown timespec value");
        return NULL;
    }
    out = digits(out, hour, 2);
    if (spec >= MINUTES) {
        *out++ = ':';
        out = digits(out, minute, 2);
    }
    if (spec >= SECONDS) {
        *out++ = ':';
        out = digits(out, second, 2);
    }
    if (spec >= MILLISECONDS) {
        *out++ = '.';
        out = spec == MILLISECONDS ? digits(out, us / 1000, 3) : digits(out, us, 6);
    }
    return out;
}
char *kr_dt_iso_offset_us(char *out, const char *sep, int64_t us) {
    size_t n = strlen(sep);
    *out++ = us < 0 ? '-' : '+';
    if (us < 0) us = -us;
    int seconds = (int)(us / SECOND_US), rest = (int)(us % SECOND_US);
    out = digits(out, seconds / 3600, 2);
    memcpy(out, sep, n);
    out = digits(out + n, seconds / 60 % 60, 2);
    if (seconds % 60 || rest) {
        memcpy(out, sep, n);
        out = digits(out + n, seconds % 60, 2);
    }
    if (rest) {
        *out++ = '.';
        out = digits(out, rest, 6);
    }
    return out;
}
char *kr_dt_iso_offset(char *out, const char *sep, PyObject *tzinfo, PyObject *argument) {
    int64_t us;
    int known = kr_dt_offset_us(tzinfo, argument, &us);
    return known < 0 ? NULL : known ? kr_dt_iso_offset_us(out, sep, us) : out;
}

/* ------------------------------------------------------------------ the module time */

PyObject *kr_dt_call_module(PyObject *module, PyObject *attribute, ...) {
    /* one that is there and complete needs no import */
    PyObject *args[4], *m = module == KR_STR(time) ? PyImport_GetModule(module) : NULL, *function, *result = NULL;
    if (!m && !PyErr_Occurred()) m = PyImport_Import(module);
    function = m ? PyObject_GetAttr(m, attribute) : NULL;
    size_t n = 0;
    va_list va;
    va_start(va, attribute);
    while ((args[n] = va_arg(va, PyObject *))) n++;
    va_end(va);
    if (function) result = PyObject_Vectorcall(function, args, n, NULL);
    Py_XDECREF(function);
    Py_XDECREF(m);
    return result;
}
PyObject *kr_dt_struct_time(const KrFields *f, int dst) {
    PyObject *tuple = Py_BuildValue("iiiiiiiii", f->year, f->month, f->day, f->hour, f->minute, f->second, kr_dt_weekday(f->year, f->month, f->day),
                                    kr_dt_days_before_month(f->year, f->month) + f->day, dst);
    PyObject *result = tuple ? kr_dt_call_module(KR_STR(time), KR_STR(struct_time), tuple, NULL) : NULL;
    Py_XDECREF(tuple);
    return result;
}

/* ------------------------------------------------------------------ strftime */

/* The texts of %f, %z and %Z: str, or NULL until one is needed. */
typedef struct {
    PyObject *us, *offset, *name;
} Replacements;

static PyObject *offset_text(PyObject *object, PyObject *argument) {
    char text[ISO_OFFSET_MAX], *end;
    PyObject *tzinfo = PyObject_GetAttr(object, KR_STR(tzinfo));
    if (!tzinfo) return NULL;
    end = kr_dt_iso_offset(text, "", tzinfo, argument);
    Py_DECREF(tzinfo);
    return end ? PyUnicode_FromStringAndSize(text, end - text) : NULL;
}
/* The time zone's name with % doubled, for strftime. */
static PyObject *name_text(PyObject *object, PyObject *argument) {
    PyObject *tzinfo = PyObject_GetAttr(object, KR_STR(tzinfo)), *name = tzinfo ? kr_dt_call_tzname(tzinfo, argument) : NULL, *text = NULL;
    Py_XDECREF(tzinfo);
    if (!name || name == Py_None) {
        Py_XDECREF(name);
        return name ? PyUnicode_New(0, 0) : NULL;
    }
    text = PyObject_CallMethod(name, "replace", "ss", "%", "%%");
    Py_DECREF(name);
    if (text && !PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "tzname.replace() did not return a string");
        Py_CLEAR(text);
    }
    return text;
}
static PyObject *us_text(PyObject *object) {
    int us = IS_DATETIME(object) ? PyDateTime_DATE_GET_MICROSECOND(object) : IS_TIME(object) ? PyDateTime_TIME_GET_MICROSECOND(object) : 0;
    return PyUnicode_FromFormat("%06d", us);
}

PyObject *kr_dt_strftime(PyObject *object, PyObject *format, PyObject *timetuple, PyObject *argument) {
    Replacements r = {NULL, NULL, NULL};
    PyObject *result = NULL, *expanded = NULL;
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(format, &n);
    if (!text) return NULL;
    bool plain = (size_t)n == strlen(text);
    for (Py_ssize_t i = 0; i + 1 < n && plain; i++)
        if (text[i] == '%') {
            i++;
            plain = text[i] != 'z' && text[i] != 'Z' && text[i] != 'f';
        }
    if (plain)
        expanded = Py_NewRef(format);
    else {
        _PyUnicodeWriter w;
        _PyUnicodeWriter_Init(&w);
        w.overallocate = 1;
        Py_ssize_t length = PyUnicode_GET_LENGTH(format), start = 0, nul = PyUnicode_FindChar(format, 0, 0, length, 1);
        if (nul >= 0) length = nul; /* as C's strftime does */
        for (Py_ssize_t i = 0; i + 1 < length; i++) {
            if (PyUnicode_READ_CHAR(format, i) != '%') continue;
            Py_UCS4 c = PyUnicode_READ_CHAR(format, ++i);
            PyObject **slot = c == 'f' ? &r.us : c == 'z' ? &r.offset : c == 'Z' ? &r.name : NULL;
            if (!slot) continue;
            if (!*slot) {
                *slot = c == 'f' ? us_text(object) : !IS_DATETIME(object) && !IS_TIME(object) ? PyUnicode_New(0, 0) : c == 'z' ? offset_text(object, argument) : name_text(object, argument);
                if (!*slot) goto fail;
            }
            if (_PyUnicodeWriter_WriteSubstring(&w, format, start, i - 1) < 0 || _PyUnicodeWriter_WriteStr(&w, *slot) < 0) goto fail;
            start = i + 1;
        }
        if (_PyUnicodeWriter_WriteSubstring(&w, format, start, length) < 0) goto fail;
        expanded = _PyUnicodeWriter_Finish(&w);
        goto call;
    fail:
        _PyUnicodeWriter_Dealloc(&w);
    }
call:
    if (expanded) result = kr_dt_call_module(KR_STR(time), KR_STR(strftime), expanded, timetuple, NULL);
    Py_XDECREF(expanded);
    Py_XDECREF(r.us);
    Py_XDECREF(r.offset);
    Py_XDECREF(r.name);
    return result;
}

PyObject *kr_dt_ctime(const KrFields *f) {
    static const char days[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return PyUnicode_FromFormat("%s %s %2d %02d:%02d:%02d %04d", days[kr_dt_weekday(f->year, f->month, f->day)], months[f->month - 1], f->day, f->hour, f->minute,
                                f->second, f->year);
}

PyObject *kr_dt_format(PyObject *self, PyObject *args) {
    PyObject *spec;
    if (!PyArg_ParseTuple(args, "U:__format__", &spec)) return NULL;
    return PyUnicode_GetLength(spec) == 0 ? PyObject_Str(self) : PyObject_CallMethodOneArg(self, KR_STR(strftime), spec);
}
