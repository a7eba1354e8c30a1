/* dt.h - what the files of the module _datetime share.
 *
 * The layouts are those of CPython's published datetime.h, which extension modules read with macros: fields are packed big-endian into data[]; a time or
 * datetime of the exact class without a tzinfo is allocated without room for one (hastzinfo says so; fold is always there, in what would be padding).
 * Objects never change, apart from their cached hash.
 *
 * An ordinal is a day's number, 1 for 1 January of year 1, in the proleptic Gregorian calendar. Moments are counted in microseconds since the beginning
 * of ordinal 0 (KrMoment), which fits 64 bits; durations (KrDuration) take up to 67 bits.
 */
#ifndef KRAIT_DT_H
#define KRAIT_DT_H
#include "krait.h"
#define _PY_DATETIME_IMPL
#include <datetime.h>
#include <time.h>

enum { MIN_YEAR = 1, MAX_YEAR = 9999, MAX_ORDINAL = 3652059, MAX_DELTA_DAYS = 999999999, DAY_SECONDS = 24 * 3600, SECOND_US = 1000000, EPOCH_ORDINAL = 719163 };
#define DAY_US ((int64_t)DAY_SECONDS * SECOND_US)

typedef int64_t KrMoment;
typedef __int128 KrDuration;

extern PyTypeObject kr_dt_date, kr_dt_time, kr_dt_datetime, kr_dt_timedelta, kr_dt_tzinfo, kr_dt_timezone, kr_dt_isocalendar;

#define IS_DATE(o) PyObject_TypeCheck(o, &kr_dt_date)
#define IS_TIME(o) PyObject_TypeCheck(o, &kr_dt_time)
#define IS_DATETIME(o) PyObject_TypeCheck(o, &kr_dt_datetime)
#define IS_DELTA(o) PyObject_TypeCheck(o, &kr_dt_timedelta)
#define IS_TZINFO(o) PyObject_TypeCheck(o, &kr_dt_tzinfo)
#define DELTA(o) ((PyDateTime_Delta *)(o))

/* ------------------------------------------------------------------ calendar.c */

int kr_dt_days_in_month(int year, int month);
int kr_dt_days_before_month(int year, int month);
int kr_dt_ordinal(int year, int month, int day);
/* The date of any ordinal within about 2^30 of 0. */
void kr_dt_from_ordinal(int ordinal, int *year, int *month, int *day);
/* 0: Monday */
int kr_dt_weekday(int year, int month, int day);
/* The ordinal of the Monday of the ISO year's first week. */
int kr_dt_iso_first_monday(int year);
/* The date of ISO week and weekday (1 to 7): 0, or what is wrong: -2 the week, -3 the weekday, -4 the year. */
int kr_dt_from_iso(int iso_year, int week, int weekday, int *year, int *month, int *day);
/* 0, or -1 with a ValueError. */
int kr_dt_check_date(int year, int month, int day) KR_MAY_RAISE;
int kr_dt_check_time(int hour, int minute, int second, int us, int fold) KR_MAY_RAISE;
int kr_dt_check_tzinfo(PyObject *tzinfo) KR_MAY_RAISE;

/* ------------------------------------------------------------------ timedelta.c */

/* The singleton timedelta(0), immortal. */
extern PyDateTime_Delta kr_dt_zero;
/* normalize: seconds and us may have any values; else they are in range. */
PyObject *kr_dt_new_delta(int days, int seconds, int us, bool normalize, PyTypeObject *type) KR_MAY_RAISE;
PyObject *kr_dt_delta_from_us(KrDuration us) KR_MAY_RAISE;
KrDuration kr_dt_delta_us(PyObject *delta);
/* As a float, rounded once. */
PyObject *kr_dt_float_seconds(KrDuration us) KR_MAY_RAISE;

/* ------------------------------------------------------------------ date.c, time.c, datetime.c */

typedef struct {
    int year, month, day, hour, minute, second, us, fold;
} KrFields;

/* Of the given type by allocation; its constructor isn't called. */
PyObject *kr_dt_new_date(int year, int month, int day, PyTypeObject *type) KR_MAY_RAISE;
PyObject *kr_dt_new_time(int hour, int minute, int second, int us, PyObject *tzinfo, int fold, PyTypeObject *type) KR_MAY_RAISE;
PyObject *kr_dt_new_datetime(const KrFields *, PyObject *tzinfo, PyTypeObject *type) KR_MAY_RAISE;
/* What a class method or an operation makes of its class: a subclass's constructor is called. */
PyObject *kr_dt_make_date(PyObject *cls, int year, int month, int day) KR_MAY_RAISE;
PyObject *kr_dt_make_datetime(PyObject *cls, const KrFields *, PyObject *tzinfo) KR_MAY_RAISE;
KrFields kr_dt_fields(PyObject *datetime);
/* Without the offset from UTC. */
KrMoment kr_dt_moment(PyObject *datetime);
/* The fields of a moment; -1 with an OverflowError if there is no such date. */
int kr_dt_from_moment(KrMoment, KrFields *) KR_MAY_RAISE;
/* a `op` b for the sign of a comparison. */
PyObject *kr_dt_compare(int sign, int op);
PyObject *kr_dt_cannot_compare(PyObject *a, PyObject *b);
PyObject *kr_dt_date_from_timestamp(PyObject *cls, PyObject *timestamp) KR_MAY_RAISE;
PyObject *kr_dt_datetime_from_timestamp(PyObject *cls, PyObject *args, PyObject *kwds) KR_MAY_RAISE;

/* local.c: the system's local time. Seconds count as those of moments. */
int kr_dt_local(int64_t utc, struct tm *) KR_MAY_RAISE;
/* Seconds of local time that belong to the UTC seconds; -1 with an exception (the result is positive). */
int64_t kr_dt_local_seconds(int64_t utc) KR_MAY_RAISE;
/* UTC seconds of a local time. */
int64_t kr_dt_utc_seconds(int64_t local, int fold) KR_MAY_RAISE;
/* The timezone in use at these UTC seconds. */
PyObject *kr_dt_local_timezone(int64_t utc) KR_MAY_RAISE;

/* ------------------------------------------------------------------ tzinfo.c */

typedef struct {
    PyObject_HEAD
    PyObject *offset;           /* a timedelta */
    PyObject *name;             /* str or NULL */
} KrTimezone;
extern KrTimezone kr_dt_utc;    /* the singleton timezone.utc, immortal */

/* timezone(offset[, name]); name may be NULL. The offset is in range. utc for a nameless 0. */
PyObject *kr_dt_new_timezone(PyObject *offset, PyObject *name) KR_MAY_RAISE;
/* The same with the offset checked. */
PyObject *kr_dt_make_timezone(PyObject *offset, PyObject *name) KR_MAY_RAISE;
/* tzinfo.<method>(argument): a timedelta in range or None; tzinfo may be None. method is utcoffset or dst. */
PyObject *kr_dt_call_offset(PyObject *tzinfo, PyObject *method, PyObject *argument) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The UTC offset in microseconds: 1, or 0 for None, or -1. */
int kr_dt_offset_us(PyObject *tzinfo, PyObject *argument, int64_t *us) KR_MAY_RAISE KR_RUNS_PYTHON;
/* tzinfo.tzname(argument): str or None. */
PyObject *kr_dt_call_tzname(PyObject *tzinfo, PyObject *argument) KR_MAY_RAISE KR_RUNS_PYTHON;

/* ------------------------------------------------------------------ format.c */

#define ISO_TIME_MAX 16         /* bytes that kr_dt_iso_time writes at most, with the end */
#define ISO_DATE_MAX 11
#define ISO_OFFSET_MAX 24
/* Writes YYYY-MM-DD; returns the end. */
char *kr_dt_iso_date(char *out, int year, int month, int day);
/* Writes HH:MM:SS.ffffff as the timespec says (NULL: auto); NULL with a ValueError for an unknown one. */
char *kr_dt_iso_time(char *out, const char *timespec, int hour, int minute, int second, int us) KR_MAY_RAISE;
/* Writes +HH[:]MM[[:]SS[.ffffff]] for the UTC offset, nothing for None; sep: between the parts. NULL: an exception. */
char *kr_dt_iso_offset(char *out, const char *sep, PyObject *tzinfo, PyObject *argument) KR_MAY_RAISE KR_RUNS_PYTHON;
char *kr_dt_iso_offset_us(char *out, const char *sep, int64_t us);
/* time.strftime with the directives %z, %Z and %f filled in; argument: for the tzinfo's methods. */
PyObject *kr_dt_strftime(PyObject *object, PyObject *format, PyObject *timetuple, PyObject *argument) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_dt_ctime(const KrFields *) KR_MAY_RAISE;
/* time.struct_time(...) */
PyObject *kr_dt_struct_time(const KrFields *, int dst) KR_MAY_RAISE;
/* object.__format__(spec): str(object), or object.strftime(spec). */
PyObject *kr_dt_format(PyObject *object, PyObject *args) KR_MAY_RAISE KR_RUNS_PYTHON;
/* module.attribute(args...) of an imported module; the last argument is NULL. */
PyObject *kr_dt_call_module(PyObject *module, PyObject *attribute, ...) KR_MAY_RAISE KR_RUNS_PYTHON;

/* ------------------------------------------------------------------ parse.c: ISO 8601 as isoformat() writes it and somewhat more
 * They return false when the text isn't one, without an exception; numbers are not checked for their range. */

bool kr_dt_parse_date(const char *text, Py_ssize_t n, int *year, int *month, int *day);
/* *offset_us: of UTC; *has_offset: whether there is one. */
bool kr_dt_parse_time(const char *text, Py_ssize_t n, KrFields *, int64_t *offset_us, bool *has_offset);
/* Length of the date at the beginning of a datetime. */
Py_ssize_t kr_dt_date_length(const char *text, Py_ssize_t n);
PyObject *kr_dt_parse_failed(PyObject *text);
/* None, utc (for less than a second, too) or a timezone. */
PyObject *kr_dt_timezone_of(int64_t offset_us, bool has_offset) KR_MAY_RAISE;

/* ------------------------------------------------------------------ shared by the constructors */

/* Whether the argument of a constructor is the state of a pickled object: n bytes (bytes, or str for Latin-1) of which the one at `index`, without its
 * highest bit when `fold`, is from low to high. */
bool kr_dt_is_state(PyObject *, Py_ssize_t n, int index, int low, int high, bool fold);
/* The bytes of such a state (new reference). */
PyObject *kr_dt_state_bytes(PyObject *, const char *class_name) KR_MAY_RAISE;
/* Calls type->tp_new with a vector of arguments. */
PyObject *kr_dt_call_new(PyTypeObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) KR_MAY_RAISE;
/* The value of a small int; false for anything else. */
KR_INLINE bool kr_dt_small_int(PyObject *o, int *value) {
    if (!PyLong_CheckExact(o) || (size_t)Py_SIZE(o) > 1) return false;
    *value = Py_SIZE(o) ? (int)((PyLongObject *)o)->ob_digit[0] : 0;
    return true;
}
#endif
