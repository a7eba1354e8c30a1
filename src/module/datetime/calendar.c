/* calendar.c - the proleptic Gregorian calendar and ISO weeks, as numbers; checks of fields.
 *
 * Dates to days and back by H. Hinnant's algorithms ("chrono-Compatible Low-Level Date Algorithms", 2013): years begin in March, so that
 * the leap day is a year's last, in eras of 400 years.
 */
#include "module/datetime/dt.h"

enum { ERA_DAYS = 146097, MARCH_OFFSET = 305 }; /* ordinal 1 is 306 days after 1 March of year 0 */

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int kr_dt_days_in_month(int year, int month) { return month == 2 ? 28 + is_leap(year) : 30 + ((month + (month >> 3)) & 1); }
int kr_dt_days_before_month(int year, int month) {
    static const short before[] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return before[month] + (month > 2 && is_leap(year));
}
int kr_dt_ordinal(int year, int month, int day) {
    int y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + kr_dt_days_before_month(year, month) + day;
}
void kr_dt_from_ordinal(int ordinal, int *year, int *month, int *day) {
    int days = ordinal + MARCH_OFFSET, era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    unsigned in_era = (unsigned)(days - era * ERA_DAYS);
    unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned m = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)year_of_era + era * 400 + (*month <= 2);
}
int kr_dt_weekday(int year, int month, int day) { return (kr_dt_ordinal(year, month, day) + 6) % 7; }

int kr_dt_iso_first_monday(int year) {
    int first = kr_dt_ordinal(year, 1, 1), weekday = (first + 6) % 7;
    return first - weekday + (weekday > 3 ? 7 : 0);
}
int kr_dt_from_iso(int iso_year, int week, int weekday, int *year, int *month, int *day) {
    if (iso_year < MIN_YEAR || iso_year > MAX_YEAR) return -4;
    if (week <= 0 || week >= 53) {
        /* years of 53 weeks begin on a Thursday, or on a Wednesday when they are leap years */
        int first = kr_dt_weekday(iso_year, 1, 1);
        if (week != 53 || !(first == 3 || (first == 2 && is_leap(iso_year)))) return -2;
    }
    if (weekday <= 0 || weekday >= 8) return -3;
    kr_dt_from_ordinal(kr_dt_iso_first_monday(iso_year) + (week - 1) * 7 + weekday - 1, year, month, day);
    return 0;
}

static int value_error(const char *message) {
    PyErr_SetString(PyExc_ValueError, message);
    return -1;
}
int kr_dt_check_date(int year, int month, int day) {
    if (year < MIN_YEAR || year > MAX_YEAR) {
        PyErr_Format(PyExc_ValueError, "year %i is out of range", year);
        return -1;
    }
    if (month < 1 || month > 12) return value_error("month must be in 1..12");
    if (day < 1 || day > kr_dt_days_in_month(year, month)) return value_error("day is out of range for month");
    return 0;
}
int kr_dt_check_time(int hour, int minute, int second, int us, int fold) {
    if (hour < 0 || hour > 23) return value_error("hour must be in 0..23");
    if (minute < 0 || minute > 59) return value_error("minute must be in 0..59");
    if (second < 0 || second > 59) return value_error("second must be in 0..59");
    if (us < 0 || us > 999999) return value_error("microsecond must be in 0..999999");
    if (fold != 0 && fold != 1) return value_error("fold must be either 0 or 1");
    return 0;
}
int kr_dt_check_tzinfo(PyObject *tzinfo) {
    if (tzinfo == Py_None || IS_TZINFO(tzinfo)) return 0;
    PyErr_Format(PyExc_TypeError, "tzinfo argument must be None or of a tzinfo subclass, not type '%s'", Py_TYPE(tzinfo)->tp_name);
    return -1;
}

/* ------------------------------------------------------------------ constructors' arguments */

bool kr_dt_is_state(PyObject *o, Py_ssize_t n, int index, int low, int high, bool fold) {
    Py_UCS4 c;
    if (PyBytes_Check(o)) {
        if (PyBytes_GET_SIZE(o) != n) return false;
        c = (unsigned char)PyBytes_AS_STRING(o)[index];
    }
    else if (PyUnicode_Check(o)) {
        if (PyUnicode_READY(o) < 0) {
            PyErr_Clear();
            return false;
        }
        if (PyUnicode_GET_LENGTH(o) != n) return false;
        c = PyUnicode_READ_CHAR(o, index);
    }
    else
        return false;
    if (fold) c &= 0x7f;
    return c >= (Py_UCS4)low && c <= (Py_UCS4)high;
}
PyObject *kr_dt_state_bytes(PyObject *state, const char *class_name) {
    if (PyBytes_Check(state)) return Py_NewRef(state);
    PyObject *bytes = PyUnicode_AsLatin1String(state);
    if (!bytes && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "Failed to encode latin1 string when unpickling a %s object. pickle.load(data, encoding='latin1') is assumed.", class_name);
    }
    return bytes;
}
PyObject *kr_dt_call_new(PyTypeObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    PyObject *tuple = PyTuple_New(n), *dict = NULL, *result = NULL;
    if (!tuple) return NULL;
    for (Py_ssize_t i = 0; i < n; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    if (kwnames && PyTuple_GET_SIZE(kwnames)) {
        dict = PyDict_New();
        if (!dict) goto done;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kwnames); i++)
            if (PyDict_SetItem(dict, PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0) goto done;
    }
    result = type->tp_new(type, tuple, dict);
done:
    Py_XDECREF(dict);
    Py_DECREF(tuple);
    return result;
}
