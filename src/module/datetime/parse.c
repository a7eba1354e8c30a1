/* parse.c - reading ISO 8601, as fromisoformat() takes it: extended and basic forms, ISO weeks, fractions of a second, UTC offsets.
 */
#include "module/datetime/dt.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* n digits at *p, which is moved. */
static bool number(const char **p, const char *end, int n, int *value) {
    if (end - *p < n) return false;
    *value = 0;
    for (int i = 0; i < n; i++) {
        if (!is_digit((*p)[i])) return false;
        *value = *value * 10 + (*p)[i] - '0';
    }
    *p += n;
    return true;
}
/* Steps over the separator if there has to be one; none may be there otherwise. */
static bool separator(const char **p, const char *end, bool wanted) {
    bool there = *p < end && **p == '-';
    *p += there;
    return there == wanted;
}

/* Of a text that is long enough, what follows a shorter form isn't looked at, as in CPython. */
bool kr_dt_parse_date(const char *p, Py_ssize_t n, int *year, int *month, int *day) {
    const char *end = p + n;
    if ((n != 7 && n != 8 && n != 10) || !number(&p, end, 4, year)) return false;
    bool dashes = *p == '-';
    p += dashes;
    if (p < end && *p == 'W') {
        int week, weekday = 1;
        p++;
        if (!number(&p, end, 2, &week)) return false;
        if (p < end && (!separator(&p, end, dashes) || !number(&p, end, 1, &weekday))) return false;
        return kr_dt_from_iso(*year, week, weekday, year, month, day) == 0;
    }
    return number(&p, end, 2, month) && separator(&p, end, dashes) && number(&p, end, 2, day);
}

/* HH[:MM[:SS[.fffffffff]]], or without colons. 0, 1 when text is left that CPython puts up with before a UTC offset, -1 if it is no time:
 * one character after the last pair of digits, or anything after six digits of a fraction. A NUL is no text. */
static int clock_time(const char *p, const char *end, int *hour, int *minute, int *second, int *us) {
    int *parts[] = {hour, minute, second};
    bool colons = false;
    *hour = *minute = *second = *us = 0;
    for (int i = 0; i < 3; i++) {
        if (!number(&p, end, 2, parts[i])) return -1;
        if (p >= end) return 0;
        char c = *p++;
        if (p >= end) return c != 0;
        if (i == 0) colons = c == ':';
        if (c == '.' || c == ',') break;
        if (!colons)
            p--;
        else if (c != ':')
            return -1;
    }
    int given = (int)Py_MIN(end - p, (Py_ssize_t)6);
    if (!number(&p, end, given, us)) return -1;
    for (; given < 6; given++) *us *= 10;
    while (p < end && is_digit(*p)) p++;
    return p < end && *p;
}

bool kr_dt_parse_time(const char *text, Py_ssize_t n, KrFields *f, int64_t *offset_us, bool *has_offset) {
    const char *end = text + n, *zone = text;
    while (zone < end && *zone != '+' && *zone != '-' && *zone != 'Z') zone++;
    *has_offset = zone < end;
    *offset_us = 0;
    int left = clock_time(text, zone, &f->hour, &f->minute, &f->second, &f->us);
    if (left < 0) return false;
    if (!*has_offset) return left == 0;
    if (*zone == 'Z') return zone + 1 == end;
    int hour, minute, second, us;
    if (clock_time(zone + 1, end, &hour, &minute, &second, &us) != 0) return false;
    *offset_us = ((int64_t)hour * 3600 + minute * 60 + second) * SECOND_US + us;
    if (*zone == '-') *offset_us = -*offset_us;
    return true;
}

/* Where both a longer and a shorter date would do, the choice is the one that leaves a time of whole pairs of digits. */
Py_ssize_t kr_dt_date_length(const char *s, Py_ssize_t n) {
    if (n == 7) return 7; /* a week alone */
    if (s[4] == '-') {
        if (s[5] != 'W') return 10; /* YYYY-MM-DD */
        if (n <= 8 || s[8] != '-') return 8; /* YYYY-Www */
        return n > 10 && is_digit(s[10]) ? 8 : 10; /* YYYY-Www-d, but YYYY-Www-hh */
    }
    if (s[4] != 'W') return 8; /* YYYYMMDD */
    Py_ssize_t i = 7;
    while (i < n && is_digit(s[i])) i++;
    return i < 9 ? i : i % 2 == 0 ? 7 : 8; /* YYYYWww or YYYYWwwd */
}

PyObject *kr_dt_parse_failed(PyObject *text) {
    PyErr_Format(PyExc_ValueError, "Invalid isoformat string: %R", text);
    return NULL;
}
PyObject *kr_dt_timezone_of(int64_t offset_us, bool has_offset) {
    if (!has_offset) return Py_NewRef(Py_None);
    if (offset_us / SECOND_US == 0) return Py_NewRef((PyObject *)&kr_dt_utc);
    PyObject *delta = kr_dt_delta_from_us(offset_us), *zone = delta ? kr_dt_make_timezone(delta, NULL) : NULL;
    Py_XDECREF(delta);
    return zone;
}
