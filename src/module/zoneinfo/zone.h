/* zone.h - what the files of the module _zoneinfo share.
 *
 * A zone answers from two sources: the transitions of its file, and after the last of them a rule, the POSIX TZ string at the file's end (rule.c). Times are
 * seconds since 1970, in UTC or in "local seconds" (the wall clock's reading taken as if it were UTC). Transitions and rules never change once loaded.
 */
#ifndef KRAIT_ZONE_H
#define KRAIT_ZONE_H
#include "krait.h"
#include "module/datetime/dt.h"

/* What holds between two transitions. All three objects are NULL for a local time that no zone data describe. */
typedef struct {
    PyObject *utcoff, *dstoff;      /* timedelta */
    PyObject *name;                 /* str */
    int offset;                     /* utcoff in seconds */
} KrLocal;

/* One of the two yearly changes: a day and the seconds of the local time from its beginning. */
typedef struct {
    enum { RULE_WEEKDAY, RULE_DAY, RULE_JULIAN } kind;
    int month, week, day;           /* of RULE_WEEKDAY: 1-12, 1-5 (5: the last), 0-6 (0: Sunday); the others: only day */
    int seconds;
} KrRuleDay;

typedef struct {
    KrLocal standard, daylight;
    KrRuleDay start, end;           /* of daylight saving time */
    bool changes;                   /* else only `standard` is in use */
} KrRule;

/* ------------------------------------------------------------------ rule.c */

/* Reads a TZ string (bytes) into a zeroed rule; -1 with a ValueError. */
int kr_rule_parse(KrRule *, PyObject *text) KR_MAY_RAISE;
void kr_rule_clear(KrRule *);
/* What holds at a local time of the given year. */
const KrLocal *kr_rule_at_local(const KrRule *, int64_t local, int year, int fold);
/* What holds at a UTC time; year: of the same UTC time. */
const KrLocal *kr_rule_at_utc(const KrRule *, int64_t utc, int year, int *fold);

/* ------------------------------------------------------------------ zoneinfo.c */

/* A timedelta, shared with whoever asked for the same before. */
PyObject *kr_zone_delta(int seconds) KR_MAY_RAISE;
int kr_local_init(KrLocal *, int offset, int dst_offset, PyObject *name) KR_MAY_RAISE;
void kr_local_clear(KrLocal *);

#endif
