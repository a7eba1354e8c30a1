/* rule.c - POSIX TZ strings (IEEE Std 1003.1, Environment Variables; RFC 8536): "EST5EDT,M3.2.0,M11.1.0/2:00:00".
 */
#include "module/zoneinfo/zone.h"

/* ------------------------------------------------------------------ reading
 * These advance *p over what they read and return whether it was there. */

/* A number of min to max digits. */
static bool read_number(const char **p, int min, int max, int *value) {
    int n = 0;
    for (*value = 0; n < max && Py_ISDIGIT(Py_CHARMASK(**p)); n++) *value = *value * 10 + *(*p)++ - '0';
    return n >= min;
}
/* hh[:mm[:ss]] */
static bool read_time(const char **p, int *seconds) {
    int hour, minute = 0, second = 0;
    if (!read_number(p, 1, 2, &hour)) return false;
    if (**p == ':') {
        ++*p;
        if (!read_number(p, 2, 2, &minute)) return false;
        if (**p == ':') {
            ++*p;
            if (!read_number(p, 2, 2, &second)) return false;
        }
    }
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}
/* The offset of a zone from UTC, which these strings count positive towards the west. */
static bool read_offset(const char **p, int *seconds) {
    int sign = -1;
    if (**p == '+' || **p == '-') sign = *(*p)++ == '-' ? 1 : -1;
    if (!read_time(p, seconds) || *seconds > DAY_SECONDS) return false;
    *seconds *= sign;
    return true;
}
/* A zone's name: letters, or <letters, digits and signs>. NULL for neither, without an exception unless memory is out. */
static PyObject *read_name(const char **p) {
    const char *start = *p;
    Py_ssize_t n;
    if (*start == '<') {
        const char *s = ++start;
        while (Py_ISALNUM(Py_CHARMASK(*s)) || *s == '+' || *s == '-') s++;
        if (*s != '>') return NULL;
        n = s - start;
        *p = s + 1;
    }
    else {
        while (Py_ISALPHA(Py_CHARMASK(**p))) ++*p;
        n = *p - start;
        if (n == 0) return NULL;
    }
    return PyUnicode_FromStringAndSize(start, n);
}
/* Mm.w.d, Jn or n, then [/[+|-]time]; the time is two o'clock unless given. */
static bool read_day(const char **p, KrRuleDay *day) {
    if (**p == 'M') {
        ++*p;
        day->kind = RULE_WEEKDAY;
        if (!read_number(p, 1, 2, &day->month) || *(*p)++ != '.' || !read_number(p, 1, 1, &day->week) || *(*p)++ != '.' || !read_number(p, 1, 1, &day->day))
            return false;
        if (day->month < 1 || day->month > 12 || day->week < 1 || day->week > 5 || day->day > 6) return false;
    }
    else {
        day->kind = **p == 'J' ? RULE_JULIAN : RULE_DAY;
        *p += day->kind == RULE_JULIAN;
        if (!read_number(p, 1, 3, &day->day) || day->day > 365 || day->day < (day->kind == RULE_JULIAN)) return false;
    }
    day->seconds = 2 * 3600;
    if (**p != '/') return true;
    ++*p;
    int sign = 1;
    if (**p == '+' || **p == '-') sign = *(*p)++ == '-' ? -1 : 1;
    if (!read_time(p, &day->seconds)) return false;
    day->seconds *= sign;
    return true;
}

static int bad_string(const char *what, PyObject *text) {
    if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "%s %R", what, text);
    return -1;
}

/* "name offset" into local. */
static int read_local(const char **p, PyObject *text, KrLocal *local, const KrLocal *standard) {
    int offset = standard ? standard->offset + 3600 : 0;
    PyObject *name = read_name(p);
    if (!name) return bad_string(standard ? "Invalid DST format in" : "Invalid STD format in", text);
    if ((!standard || (**p && **p != ',')) && !read_offset(p, &offset)) {
        Py_DECREF(name);
        return bad_string(standard ? "Invalid DST offset in" : "Invalid STD offset in", text);
    }
    int r = kr_local_init(local, offset, standard ? offset - standard->offset : 0, name);
    Py_DECREF(name);
    return r;
}

int kr_rule_parse(KrRule *rule, PyObject *text) {
    const char *p = PyBytes_AS_STRING(text), *end = p + PyBytes_GET_SIZE(text);
    if (read_local(&p, text, &rule->standard, NULL) < 0) return -1;
    if (p == end) return 0;
    rule->changes = true;
    if (read_local(&p, text, &rule->daylight, &rule->standard) < 0) return -1;
    KrRuleDay *const days[] = {&rule->start, &rule->end};
    for (size_t i = 0; i < KR_ARRAY_LEN(days); i++) {
        if (*p != ',') return bad_string("Missing transition rules in TZ string:", text);
        p++;
        if (!read_day(&p, days[i])) return bad_string("Malformed transition rule in TZ string:", text);
    }
    return p == end ? 0 : bad_string("Extraneous characters at end of TZ string:", text);
}
void kr_rule_clear(KrRule *rule) {
    kr_local_clear(&rule->standard);
    kr_local_clear(&rule->daylight);
}

/* ------------------------------------------------------------------ use */

/* The local seconds of a change in a year. Days without a month count from the last day of the year before, and a leap year's come a day later from 59 on,
 * as the library has it. */
static int64_t change_in_year(const KrRuleDay *day, int year) {
    int64_t days;
    if (day->kind == RULE_WEEKDAY) {
        /* Weekdays count from Sunday here, from Monday in calendar.c. */
        int first = (kr_dt_weekday(year, day->month, 1) + 1) % 7, date = (day->day - first + 7) % 7 + 1 + (day->week - 1) * 7;
        if (date > kr_dt_days_in_month(year, day->month)) date -= 7;
        days = kr_dt_ordinal(year, day->month, date);
    }
    else {
        bool leap = kr_dt_days_in_month(year, 2) == 29;
        days = kr_dt_ordinal(year, 1, 1) - 1 + day->day + (day->kind == RULE_JULIAN && day->day >= 59 && leap);
    }
    return (days - EPOCH_ORDINAL) * DAY_SECONDS + day->seconds;
}
/* Whether `now` is from start to end, which may go round the end of the year. */
static bool is_daylight(int64_t start, int64_t end, int64_t now) { return start < end ? start <= now && now < end : start <= now || now < end; }

const KrLocal *kr_rule_at_local(const KrRule *rule, int64_t local, int year, int fold) {
    if (!rule->changes) return &rule->standard;
    int64_t start = change_in_year(&rule->start, year), end = change_in_year(&rule->end, year);
    const int shift = rule->daylight.offset - rule->standard.offset;
    /* Of two readings of a repeated hour the first belongs to what was before, of a skipped hour likewise. */
    if (fold == (shift >= 0)) end -= shift;
    else start += shift;
    return is_daylight(start, end, local) ? &rule->daylight : &rule->standard;
}
const KrLocal *kr_rule_at_utc(const KrRule *rule, int64_t utc, int year, int *fold) {
    *fold = 0;
    if (!rule->changes) return &rule->standard;
    const int shift = rule->daylight.offset - rule->standard.offset;
    int64_t start = change_in_year(&rule->start, year) - rule->standard.offset, end = change_in_year(&rule->end, year) - rule->daylight.offset;
    /* The second reading of the repeated hour lasts for |shift| from where the clock is put back. */
    int64_t back = shift > 0 ? end : start;
    *fold = back <= utc && utc < back + (shift > 0 ? shift : -shift);
    return is_daylight(start, end, utc) ? &rule->daylight : &rule->standard;
}
