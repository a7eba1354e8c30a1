/* datetime.c - the type datetime: a date and a time of day, with or without a tzinfo.
 *
 * Two datetimes are compared and subtracted as they stand when they have the same tzinfo object, else as moments in UTC.
 */
#include "module/datetime/datetime.h"

#define YEAR(o) PyDateTime_GET_YEAR(o)
#define MONTH(o) PyDateTime_GET_MONTH(o)
#define DAY(o) PyDateTime_GET_DAY(o)
#define HOUR(o) PyDateTime_DATE_GET_HOUR(o)
#define MINUTE(o) PyDateTime_DATE_GET_MINUTE(o)
#define SECOND(o) PyDateTime_DATE_GET_SECOND(o)
#define US(o) PyDateTime_DATE_GET_MICROSECOND(o)
#define FOLD(o) PyDateTime_DATE_GET_FOLD(o)
#define TZINFO(o) PyDateTime_DATE_GET_TZINFO(o)
#define DATA(o) (((PyDateTime_DateTime *)(o))->data)

/* ------------------------------------------------------------------ making */

static PyObject *allocate(PyTypeObject *type, PyObject *tzinfo) {
    const bool aware = tzinfo != Py_None;
    PyDateTime_DateTime *self;
    if (type == &kr_dt_datetime) {
        self = PyObject_Malloc(aware ? sizeof(PyDateTime_DateTime) : sizeof(_PyDateTime_BaseDateTime));
        if (!self) return PyErr_NoMemory();
        PyObject_Init((PyObject *)self, type);
    }
    else {
        self = (PyDateTime_DateTime *)type->tp_alloc(type, 0);
        if (!self) return NULL;
    }
    self->hashcode = -1;
    self->hastzinfo = aware;
    if (aware) self->tzinfo = Py_NewRef(tzinfo);
    return (PyObject *)self;
}
PyObject *kr_dt_new_datetime(const KrFields *f, PyObject *tzinfo, PyTypeObject *type) {
    if (kr_dt_check_date(f->year, f->month, f->day) < 0 || kr_dt_check_time(f->hour, f->minute, f->second, f->us, f->fold) < 0 || kr_dt_check_tzinfo(tzinfo) < 0)
        return NULL;
    PyObject *self = allocate(type, tzinfo);
    if (!self) return NULL;
    unsigned char *data = DATA(self);
    data[0] = (unsigned char)(f->year >> 8);
    data[1] = (unsigned char)f->year;
    data[2] = (unsigned char)f->month;
    data[3] = (unsigned char)f->day;
    data[4] = (unsigned char)f->hour;
    data[5] = (unsigned char)f->minute;
    data[6] = (unsigned char)f->second;
    data[7] = (unsigned char)(f->us >> 16);
    data[8] = (unsigned char)(f->us >> 8);
    data[9] = (unsigned char)f->us;
    ((PyDateTime_DateTime *)self)->fold = (unsigned char)f->fold;
    return self;
}
PyObject *kr_dt_make_datetime(PyObject *cls, const KrFields *f, PyObject *tzinfo) {
    if (cls == (PyObject *)&kr_dt_datetime) return kr_dt_new_datetime(f, tzinfo, &kr_dt_datetime);
    PyObject *self = PyObject_CallFunction(cls, "iiiiiiiO", f->year, f->month, f->day, f->hour, f->minute, f->second, f->us, tzinfo);
    if (self && f->fold && IS_DATETIME(self)) ((PyDateTime_DateTime *)self)->fold = 1;
    return self;
}
static PyObject *from_state(PyTypeObject *type, PyObject *state, PyObject *tzinfo) {
    if (tzinfo != Py_None && !IS_TZINFO(tzinfo)) {
        PyErr_SetString(PyExc_TypeError, "bad tzinfo state arg");
        return NULL;
    }
    PyObject *bytes = kr_dt_state_bytes(state, "datetime"), *self = bytes ? allocate(type, tzinfo) : NULL;
    if (self) {
        memcpy(DATA(self), PyBytes_AS_STRING(bytes), _PyDateTime_DATETIME_DATASIZE);
        ((PyDateTime_DateTime *)self)->fold = DATA(self)[2] >> 7;
        DATA(self)[2] &= 0x7f;
    }
    Py_XDECREF(bytes);
    return self;
}
static PyObject *datetime_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold", NULL};
    KrFields f = {0};
    PyObject *tzinfo = Py_None;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n >= 1 && n <= 2 && kr_dt_is_state(PyTuple_GET_ITEM(args, 0), _PyDateTime_DATETIME_DATASIZE, 2, 1, 12, true))
        return from_state(type, PyTuple_GET_ITEM(args, 0), n == 2 ? PyTuple_GET_ITEM(args, 1) : Py_None);
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iii|iiiiO$i", keywords, &f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second, &f.us, &tzinfo, &f.fold)) return NULL;
    return kr_dt_new_datetime(&f, tzinfo, type);
}
static PyObject *datetime_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    int parts[7] = {0};
    PyObject *tzinfo = Py_None;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf), ints = Py_MIN(n, 7), i = 0;
    while (i < ints && kr_dt_small_int(args[i], &parts[i])) i++;
    if (n < 3 || n > 8 || i < ints) goto other;
    if (n == 8) tzinfo = args[7];
    if (kwnames) {
        if (PyTuple_GET_SIZE(kwnames) != 1 || PyTuple_GET_ITEM(kwnames, 0) != KR_STR(tzinfo) || n == 8) goto other;
        tzinfo = args[n];
    }
    const KrFields f = {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], 0};
    return kr_dt_new_datetime(&f, tzinfo, (PyTypeObject *)type);
other:
    return kr_dt_call_new((PyTypeObject *)type, args, nargsf, kwnames);
}
static void datetime_dealloc(PyObject *self) {
    if (((PyDateTime_DateTime *)self)->hastzinfo) Py_XDECREF(((PyDateTime_DateTime *)self)->tzinfo);
    Py_TYPE(self)->tp_free(self);
}

KrFields kr_dt_fields(PyObject *o) { return (KrFields){YEAR(o), MONTH(o), DAY(o), HOUR(o), MINUTE(o), SECOND(o), US(o), FOLD(o)}; }
KrMoment kr_dt_moment(PyObject *o) {
    int64_t seconds = (int64_t)kr_dt_ordinal(YEAR(o), MONTH(o), DAY(o)) * DAY_SECONDS + HOUR(o) * 3600 + MINUTE(o) * 60 + SECOND(o);
    return seconds * SECOND_US + US(o);
}
int kr_dt_from_moment(KrMoment moment, KrFields *f) {
    if (moment < DAY_US || moment >= (MAX_ORDINAL + 1) * DAY_US) {
        PyErr_SetString(PyExc_OverflowError, "date value out of range");
        return -1;
    }
    int64_t in_day = moment % DAY_US;
    kr_dt_from_ordinal((int)(moment / DAY_US), &f->year, &f->month, &f->day);
    int seconds = (int)(in_day / SECOND_US);
    f->us = (int)(in_day % SECOND_US);
    f->hour = seconds / 3600;
    f->minute = seconds / 60 % 60;
    f->second = seconds % 60;
    f->fold = 0;
    return 0;
}

/* ------------------------------------------------------------------ the tzinfo's methods */

static PyObject *datetime_utcoffset(PyObject *self, PyObject *unused) { return kr_dt_call_offset(TZINFO(self), KR_STR(utcoffset), self); }
static PyObject *datetime_dst(PyObject *self, PyObject *unused) { return kr_dt_call_offset(TZINFO(self), KR_STR(dst), self); }
static PyObject *datetime_tzname(PyObject *self, PyObject *unused) { return kr_dt_call_tzname(TZINFO(self), self); }

/* The offset of the same time with another fold. */
static int offset_with_fold(PyObject *self, int fold, int64_t *us) {
    KrFields f = kr_dt_fields(self);
    f.fold = fold;
    PyObject *other = kr_dt_new_datetime(&f, TZINFO(self), Py_TYPE(self));
    int known = other ? kr_dt_offset_us(TZINFO(self), other, us) : -1;
    Py_XDECREF(other);
    return known;
}

/* ------------------------------------------------------------------ arithmetic */

static PyObject *add_delta(PyObject *self, PyObject *delta, int sign) {
    PyDateTime_Delta *d = DELTA(delta);
    KrFields f = kr_dt_fields(self);
    f.us += sign * d->microseconds;
    int carry = (f.us >= SECOND_US) - (f.us < 0), seconds = f.hour * 3600 + f.minute * 60 + f.second + sign * d->seconds + carry;
    f.us -= carry * SECOND_US;
    int day = (seconds >= DAY_SECONDS) - (seconds < 0), days = sign * d->days + day;
    seconds -= day * DAY_SECONDS;
    f.hour = seconds / 3600;
    f.minute = seconds / 60 % 60;
    f.second = seconds % 60;
    f.fold = 0;
    int64_t in_month = (int64_t)f.day + days;
    if (in_month >= 1 && in_month <= 28)
        f.day = (int)in_month;
    else {
        int64_t ordinal = (int64_t)kr_dt_ordinal(f.year, f.month, f.day) + days;
        if (ordinal < 1 || ordinal > MAX_ORDINAL) {
            PyErr_SetString(PyExc_OverflowError, "date value out of range");
            return NULL;
        }
        kr_dt_from_ordinal((int)ordinal, &f.year, &f.month, &f.day);
    }
    return kr_dt_make_datetime((PyObject *)Py_TYPE(self), &f, TZINFO(self));
}
static PyObject *datetime_add(PyObject *a, PyObject *b) {
    if (IS_DATETIME(a)) return IS_DELTA(b) ? add_delta(a, b, 1) : Py_NewRef(Py_NotImplemented);
    return IS_DELTA(a) ? add_delta(b, a, 1) : Py_NewRef(Py_NotImplemented);
}
PyObject *kr_datetime_mixed(const char *verb) { return PyErr_Format(PyExc_TypeError, "can't %s offset-naive and offset-aware datetimes", verb); }

static PyObject *datetime_subtract(PyObject *a, PyObject *b) {
    if (!IS_DATETIME(a)) Py_RETURN_NOTIMPLEMENTED;
    if (IS_DELTA(b)) return add_delta(a, b, -1);
    if (!IS_DATETIME(b)) Py_RETURN_NOTIMPLEMENTED;
    if (TZINFO(a) == TZINFO(b))
        return kr_dt_new_delta(kr_dt_ordinal(YEAR(a), MONTH(a), DAY(a)) - kr_dt_ordinal(YEAR(b), MONTH(b), DAY(b)),
                               (HOUR(a) - HOUR(b)) * 3600 + (MINUTE(a) - MINUTE(b)) * 60 + SECOND(a) - SECOND(b), US(a) - US(b), true, &kr_dt_timedelta);
    int64_t x, y;
    int known_a = kr_dt_offset_us(TZINFO(a), a, &x), known_b = known_a < 0 ? -1 : kr_dt_offset_us(TZINFO(b), b, &y);
    if (known_b < 0) return NULL;
    if (known_a != known_b) return kr_datetime_mixed("subtract");
    return kr_dt_delta_from_us((kr_dt_moment(a) - x) - (kr_dt_moment(b) - y));
}

/* ------------------------------------------------------------------ comparison */

/* Whether the offset depends on fold (PEP 495: such times equal none of another zone). 1, 0 or -1. */
static int depends_on_fold(PyObject *self, int known, int64_t offset) {
    if (TZINFO(self) == Py_None || Py_IS_TYPE(TZINFO(self), &kr_dt_timezone)) return 0;
    int64_t flipped;
    int flipped_known = offset_with_fold(self, !FOLD(self), &flipped);
    return flipped_known < 0 ? -1 : flipped_known != known || flipped != offset;
}
static PyObject *datetime_richcompare(PyObject *a, PyObject *b, int op) {
    if (!IS_DATETIME(b)) {
        if (!IS_DATE(b)) Py_RETURN_NOTIMPLEMENTED; /* a date is none, although its class is a base */
        return op == Py_EQ || op == Py_NE ? PyBool_FromLong(op == Py_NE) : kr_dt_cannot_compare(a, b);
    }
    if (TZINFO(a) == TZINFO(b)) return kr_dt_compare(memcmp(DATA(a), DATA(b), _PyDateTime_DATETIME_DATASIZE), op);
    int64_t x, y;
    int known_a = kr_dt_offset_us(TZINFO(a), a, &x), known_b = known_a < 0 ? -1 : kr_dt_offset_us(TZINFO(b), b, &y);
    if (known_b < 0) return NULL;
    if (known_a != known_b) return op == Py_EQ || op == Py_NE ? PyBool_FromLong(op == Py_NE) : kr_datetime_mixed("compare");
    KrMoment left = kr_dt_moment(a) - x, right = kr_dt_moment(b) - y;
    int sign = (left > right) - (left < right);
    if (sign == 0 && (op == Py_EQ || op == Py_NE)) {
        int depends = depends_on_fold(a, known_a, x);
        if (depends == 0) depends = depends_on_fold(b, known_b, y);
        if (depends < 0) return NULL;
        sign = depends;
    }
    return kr_dt_compare(sign, op);
}
static Py_hash_t datetime_hash(PyObject *o) {
    PyDateTime_DateTime *self = (PyDateTime_DateTime *)o;
    if (self->hashcode == -1) {
        int64_t offset = 0;
        int known = FOLD(o) ? offset_with_fold(o, 0, &offset) : kr_dt_offset_us(TZINFO(o), o, &offset);
        if (known < 0) return -1;
        if (!known)
            self->hashcode = _Py_HashBytes(self->data, _PyDateTime_DATETIME_DATASIZE);
        else {
            PyObject *utc = kr_dt_delta_from_us(kr_dt_moment(o) - offset);
            if (!utc) return -1;
            self->hashcode = PyObject_Hash(utc);
            Py_DECREF(utc);
        }
    }
    return self->hashcode;
}

/* ------------------------------------------------------------------ text */

static PyObject *datetime_repr(PyObject *self) {
    char parts[80], *p = parts;
    p += sprintf(p, "%d, %d, %d, %d, %d", YEAR(self), MONTH(self), DAY(self), HOUR(self), MINUTE(self));
    if (SECOND(self) || US(self)) p += sprintf(p, ", %d", SECOND(self));
    if (US(self)) p += sprintf(p, ", %d", US(self));
    if (FOLD(self)) strcpy(p, ", fold=1");
    const char *type = Py_TYPE(self)->tp_name;
    return TZINFO(self) == Py_None ? PyUnicode_FromFormat("%s(%s)", type, parts) : PyUnicode_FromFormat("%s(%s, tzinfo=%R)", type, parts, TZINFO(self));
}
static PyObject *isoformat(PyObject *self, int sep, const char *timespec) {
    char text[ISO_DATE_MAX + ISO_TIME_MAX + ISO_OFFSET_MAX], *middle = kr_dt_iso_date(text, YEAR(self), MONTH(self), DAY(self)), *end;
    *middle = sep < 128 ? (char)sep : 0;
    end = kr_dt_iso_time(middle + 1, timespec, HOUR(self), MINUTE(self), SECOND(self), US(self));
    if (end) end = kr_dt_iso_offset(end, ":", TZINFO(self), self);
    if (!end) return NULL;
    if (sep < 128) return PyUnicode_FromStringAndSize(text, end - text);
    *end = 0;
    return PyUnicode_FromFormat("%s%c%s", text, sep, middle + 1);
}
static PyObject *datetime_isoformat(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"sep", "timespec", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|Cs:isoformat"};
    int sep = 'T';
    const char *timespec = NULL;
    if ((nargs || kwnames) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &sep, &timespec)) return NULL;
    return isoformat(self, sep, timespec);
}
static PyObject *datetime_str(PyObject *self) {
    if (Py_IS_TYPE(self, &kr_dt_datetime)) return isoformat(self, ' ', NULL);
    return PyObject_CallMethod(self, "isoformat", "s", " ");
}
static PyObject *datetime_ctime(PyObject *self, PyObject *unused) {
    KrFields f = kr_dt_fields(self);
    return kr_dt_ctime(&f);
}

/* ------------------------------------------------------------------ parts */

static PyObject *datetime_date(PyObject *self, PyObject *unused) { return kr_dt_new_date(YEAR(self), MONTH(self), DAY(self), &kr_dt_date); }
static PyObject *datetime_time(PyObject *self, PyObject *unused) {
    return kr_dt_new_time(HOUR(self), MINUTE(self), SECOND(self), US(self), Py_None, FOLD(self), &kr_dt_time);
}
static PyObject *datetime_timetz(PyObject *self, PyObject *unused) {
    return kr_dt_new_time(HOUR(self), MINUTE(self), SECOND(self), US(self), TZINFO(self), FOLD(self), &kr_dt_time);
}
static PyObject *datetime_timetuple(PyObject *self, PyObject *unused) {
    KrFields f = kr_dt_fields(self);
    int flag = -1;
    if (TZINFO(self) != Py_None) {
        PyObject *dst = kr_dt_call_offset(TZINFO(self), KR_STR(dst), self);
        if (!dst) return NULL;
        if (dst != Py_None) flag = kr_dt_delta_us(dst) != 0;
        Py_DECREF(dst);
    }
    return kr_dt_struct_time(&f, flag);
}
static PyObject *datetime_utctimetuple(PyObject *self, PyObject *unused) {
    KrFields f;
    int64_t offset;
    if (kr_dt_offset_us(TZINFO(self), self, &offset) < 0 || kr_dt_from_moment(kr_dt_moment(self) - offset, &f) < 0) return NULL;
    return kr_dt_struct_time(&f, 0);
}
static PyObject *datetime_replace(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold", NULL};
    KrFields f = kr_dt_fields(self);
    PyObject *tzinfo = TZINFO(self);
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|iiiiiiiO$i:replace", keywords, &f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second, &f.us, &tzinfo, &f.fold))
        return NULL;
    return kr_dt_new_datetime(&f, tzinfo, Py_TYPE(self));
}
static PyObject *reduce(PyObject *self, bool with_fold) {
    char data[_PyDateTime_DATETIME_DATASIZE];
    memcpy(data, DATA(self), sizeof data);
    if (with_fold && FOLD(self)) data[2] |= (char)0x80;
    if (TZINFO(self) == Py_None) return Py_BuildValue("O(y#)", Py_TYPE(self), data, (Py_ssize_t)sizeof data);
    return Py_BuildValue("O(y#O)", Py_TYPE(self), data, (Py_ssize_t)sizeof data, TZINFO(self));
}
static PyObject *datetime_reduce_ex(PyObject *self, PyObject *args) {
    int protocol;
    return PyArg_ParseTuple(args, "i:__reduce_ex__", &protocol) ? reduce(self, protocol > 3) : NULL;
}
static PyObject *datetime_reduce(PyObject *self, PyObject *unused) { return reduce(self, false); }

static PyObject *datetime_get_hour(PyObject *self, void *unused) { return PyLong_FromLong(HOUR(self)); }
static PyObject *datetime_get_minute(PyObject *self, void *unused) { return PyLong_FromLong(MINUTE(self)); }
static PyObject *datetime_get_second(PyObject *self, void *unused) { return PyLong_FromLong(SECOND(self)); }
static PyObject *datetime_get_us(PyObject *self, void *unused) { return PyLong_FromLong(US(self)); }
static PyObject *datetime_get_tzinfo(PyObject *self, void *unused) { return Py_NewRef(TZINFO(self)); }
static PyObject *datetime_get_fold(PyObject *self, void *unused) { return PyLong_FromLong(FOLD(self)); }

/* ------------------------------------------------------------------ the type */

static PyNumberMethods datetime_as_number = {.nb_add = datetime_add, .nb_subtract = datetime_subtract};
static PyGetSetDef datetime_getset[] = {{"hour", datetime_get_hour},     {"minute", datetime_get_minute}, {"second", datetime_get_second}, {"microsecond", datetime_get_us},
                                        {"tzinfo", datetime_get_tzinfo}, {"fold", datetime_get_fold},     {NULL}};
static PyMethodDef datetime_methods[] = {
    {"now", KR_METH(kr_datetime_now), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("now($type, /, tz=None)\n--\n\nReturns new datetime object representing current time local to tz.\n\n  tz\n    Timezone object.\n\n"
               "If no tz is specified, uses local timezone.")},
    {"utcnow", kr_datetime_utcnow, METH_NOARGS | METH_CLASS, PyDoc_STR("Return a new datetime representing UTC day and time.")},
    {"fromtimestamp", KR_METH(kr_datetime_fromtimestamp), METH_FASTCALL | METH_KEYWORDS | METH_CLASS, PyDoc_STR("timestamp[, tz] -> tz's local time from POSIX timestamp.")},
    {"utcfromtimestamp", kr_datetime_utcfromtimestamp, METH_VARARGS | METH_CLASS, PyDoc_STR("Construct a naive UTC datetime from a POSIX timestamp.")},
    {"strptime", kr_datetime_strptime, METH_VARARGS | METH_CLASS, PyDoc_STR("string, format -> new datetime parsed from a string (like time.strptime()).")},
    {"combine", KR_METH(kr_datetime_combine), METH_FASTCALL | METH_KEYWORDS | METH_CLASS, PyDoc_STR("date, time -> datetime with same date and time fields")},
    {"fromisoformat", kr_datetime_fromisoformat, METH_O | METH_CLASS, PyDoc_STR("string -> datetime from a string in most ISO 8601 formats")},
    {"date", datetime_date, METH_NOARGS, PyDoc_STR("Return date object with same year, month and day.")},
    {"time", datetime_time, METH_NOARGS, PyDoc_STR("Return time object with same time but with tzinfo=None.")},
    {"timetz", datetime_timetz, METH_NOARGS, PyDoc_STR("Return time object with same time and tzinfo.")},
    {"ctime", datetime_ctime, METH_NOARGS, PyDoc_STR("Return ctime() style string.")},
    {"timetuple", datetime_timetuple, METH_NOARGS, PyDoc_STR("Return time tuple, compatible with time.localtime().")},
    {"timestamp", kr_datetime_timestamp, METH_NOARGS, PyDoc_STR("Return POSIX timestamp as float.")},
    {"utctimetuple", datetime_utctimetuple, METH_NOARGS, PyDoc_STR("Return UTC time tuple, compatible with time.localtime().")},
    {"isoformat", KR_METH(datetime_isoformat), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("[sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].\n\n"
               "sep: what separates the year from the time, and defaults to 'T'.\n"
               "timespec: 'auto', 'hours', 'minutes', 'seconds', 'milliseconds' or 'microseconds', the last part that is written.")},
    {"utcoffset", datetime_utcoffset, METH_NOARGS, PyDoc_STR("Return self.tzinfo.utcoffset(self).")},
    {"tzname", datetime_tzname, METH_NOARGS, PyDoc_STR("Return self.tzinfo.tzname(self).")},
    {"dst", datetime_dst, METH_NOARGS, PyDoc_STR("Return self.tzinfo.dst(self).")},
    {"replace", KR_METH(datetime_replace), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("Return datetime with new specified fields.")},
    {"astimezone", KR_METH(kr_datetime_astimezone), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR("tz -> convert to local time in new timezone tz\n")},
    {"__reduce_ex__", datetime_reduce_ex, METH_VARARGS, PyDoc_STR("__reduce_ex__(proto) -> (cls, state)")},
    {"__reduce__", datetime_reduce, METH_NOARGS, PyDoc_STR("__reduce__() -> (cls, state)")},
    {NULL},
};
PyTypeObject kr_dt_datetime = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.datetime",
    .tp_basicsize = sizeof(PyDateTime_DateTime),
    .tp_dealloc = datetime_dealloc,
    .tp_repr = datetime_repr,
    .tp_as_number = &datetime_as_number,
    .tp_hash = datetime_hash,
    .tp_str = datetime_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\n"
                        "The year, month and day arguments are required. tzinfo may be None, or an\ninstance of a tzinfo subclass. "
                        "The remaining arguments may be ints.\n"),
    .tp_richcompare = datetime_richcompare,
    .tp_methods = datetime_methods,
    .tp_getset = datetime_getset,
    .tp_base = &kr_dt_date,
    .tp_new = datetime_new,
    .tp_vectorcall = datetime_vectorcall,
};
