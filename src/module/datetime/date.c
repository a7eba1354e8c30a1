/* date.c - the type date, and what date.isocalendar() gives.
 */
#include "module/datetime/dt.h"

#define YEAR(o) PyDateTime_GET_YEAR(o)
#define MONTH(o) PyDateTime_GET_MONTH(o)
#define DAY(o) PyDateTime_GET_DAY(o)
#define DATA(o) (((PyDateTime_Date *)(o))->data)

static int ordinal_of(PyObject *o) { return kr_dt_ordinal(YEAR(o), MONTH(o), DAY(o)); }

/* ------------------------------------------------------------------ making */

static PyObject *allocate(PyTypeObject *type) {
    PyDateTime_Date *self = type == &kr_dt_date ? PyObject_New(PyDateTime_Date, type) : (PyDateTime_Date *)type->tp_alloc(type, 0);
    if (self) {
        self->hashcode = -1;
        self->hastzinfo = 0;
    }
    return (PyObject *)self;
}
PyObject *kr_dt_new_date(int year, int month, int day, PyTypeObject *type) {
    if (kr_dt_check_date(year, month, day) < 0) return NULL;
    PyObject *self = allocate(type);
    if (self) {
        DATA(self)[0] = (unsigned char)(year >> 8);
        DATA(self)[1] = (unsigned char)year;
        DATA(self)[2] = (unsigned char)month;
        DATA(self)[3] = (unsigned char)day;
    }
    return self;
}
PyObject *kr_dt_make_date(PyObject *cls, int year, int month, int day) {
    if (cls == (PyObject *)&kr_dt_date) return kr_dt_new_date(year, month, day, &kr_dt_date);
    return PyObject_CallFunction(cls, "iii", year, month, day);
}
static PyObject *date_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "month", "day", NULL};
    int year, month, day;
    if (PyTuple_GET_SIZE(args) == 1 && kr_dt_is_state(PyTuple_GET_ITEM(args, 0), _PyDateTime_DATE_DATASIZE, 2, 1, 12, false)) {
        PyObject *state = kr_dt_state_bytes(PyTuple_GET_ITEM(args, 0), "date"), *self = state ? allocate(type) : NULL;
        if (self) memcpy(DATA(self), PyBytes_AS_STRING(state), _PyDateTime_DATE_DATASIZE);
        Py_XDECREF(state);
        return self;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iii", keywords, &year, &month, &day)) return NULL;
    return kr_dt_new_date(year, month, day, type);
}
static PyObject *date_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    int year, month, day;
    if (PyVectorcall_NARGS(nargsf) == 3 && !kwnames && kr_dt_small_int(args[0], &year) && kr_dt_small_int(args[1], &month) && kr_dt_small_int(args[2], &day))
        return kr_dt_new_date(year, month, day, (PyTypeObject *)type);
    return kr_dt_call_new((PyTypeObject *)type, args, nargsf, kwnames);
}
static void date_dealloc(PyObject *self) { Py_TYPE(self)->tp_free(self); }

static PyObject *from_seconds(PyObject *cls, time_t seconds) {
    struct tm tm;
    if (_PyTime_localtime(seconds, &tm) < 0) return NULL;
    return kr_dt_make_date(cls, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}
static PyObject *date_fromtimestamp(PyObject *cls, PyObject *timestamp) {
    time_t seconds;
    return _PyTime_ObjectToTime_t(timestamp, &seconds, _PyTime_ROUND_FLOOR) < 0 ? NULL : from_seconds(cls, seconds);
}
PyObject *kr_dt_date_from_timestamp(PyObject *cls, PyObject *args) {
    PyObject *timestamp;
    return PyArg_UnpackTuple(args, "fromtimestamp", 1, 1, &timestamp) ? date_fromtimestamp(cls, timestamp) : NULL;
}
static PyObject *date_today(PyObject *cls, PyObject *unused) {
    PyObject *now = kr_dt_call_module(KR_STR(time), KR_STR(time), NULL), *result = now ? PyObject_CallMethodOneArg(cls, KR_STR(fromtimestamp), now) : NULL;
    Py_XDECREF(now);
    return result;
}
static PyObject *from_ordinal(PyObject *cls, int ordinal) {
    int year, month, day;
    kr_dt_from_ordinal(ordinal, &year, &month, &day);
    return kr_dt_make_date(cls, year, month, day);
}
static PyObject *date_fromordinal(PyObject *cls, PyObject *const *args, Py_ssize_t nargs) {
    int ordinal;
    if (!(nargs == 1 && kr_dt_small_int(args[0], &ordinal)) && !_PyArg_ParseStack(args, nargs, "i:fromordinal", &ordinal)) return NULL;
    if (ordinal < 1) {
        PyErr_SetString(PyExc_ValueError, "ordinal must be >= 1");
        return NULL;
    }
    if (ordinal > INT_MAX - 400) ordinal = INT_MAX - 400; /* out of range all the same */
    return from_ordinal(cls, ordinal);
}
static PyObject *date_fromisoformat(PyObject *cls, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "fromisoformat: argument must be str");
        return NULL;
    }
    Py_ssize_t n;
    int year, month, day;
    const char *s = PyUnicode_AsUTF8AndSize(text, &n);
    if (s && kr_dt_parse_date(s, n, &year, &month, &day)) return kr_dt_make_date(cls, year, month, day);
    if (!s) PyErr_Clear();
    return kr_dt_parse_failed(text);
}
static PyObject *date_fromisocalendar(PyObject *cls, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "week", "day", NULL};
    int iso_year, week, weekday, year, month, day;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iii:fromisocalendar", keywords, &iso_year, &week, &weekday)) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) PyErr_SetString(PyExc_ValueError, "ISO calendar component out of range");
        return NULL;
    }
    switch (kr_dt_from_iso(iso_year, week, weekday, &year, &month, &day)) {
    case 0: return kr_dt_make_date(cls, year, month, day);
    case -2: return PyErr_Format(PyExc_ValueError, "Invalid week: %d", week);
    case -3: return PyErr_Format(PyExc_ValueError, "Invalid day: %d (range is [1, 7])", weekday);
    default: return PyErr_Format(PyExc_ValueError, "Year is out of range: %d", iso_year);
    }
}

/* ------------------------------------------------------------------ arithmetic and comparison */

static PyObject *add_days(PyObject *date, int64_t days) {
    int64_t in_month = DAY(date) + days;
    if (in_month >= 1 && in_month <= 28) return kr_dt_make_date((PyObject *)Py_TYPE(date), YEAR(date), MONTH(date), (int)in_month);
    int64_t ordinal = ordinal_of(date) + days;
    if (ordinal < 1 || ordinal > MAX_ORDINAL) {
        PyErr_SetString(PyExc_OverflowError, "date value out of range");
        return NULL;
    }
    int year, month, day;
    kr_dt_from_ordinal((int)ordinal, &year, &month, &day);
    return kr_dt_make_date((PyObject *)Py_TYPE(date), year, month, day);
}
static PyObject *date_add(PyObject *a, PyObject *b) {
    if (IS_DATETIME(a) || IS_DATETIME(b)) Py_RETURN_NOTIMPLEMENTED;
    if (IS_DATE(a) && IS_DELTA(b)) return add_days(a, DELTA(b)->days);
    if (IS_DELTA(a) && IS_DATE(b)) return add_days(b, DELTA(a)->days);
    Py_RETURN_NOTIMPLEMENTED;
}
static PyObject *date_subtract(PyObject *a, PyObject *b) {
    if (IS_DATETIME(a) || IS_DATETIME(b) || !IS_DATE(a)) Py_RETURN_NOTIMPLEMENTED;
    if (IS_DATE(b)) return kr_dt_new_delta(ordinal_of(a) - ordinal_of(b), 0, 0, false, &kr_dt_timedelta);
    return IS_DELTA(b) ? add_days(a, -(int64_t)DELTA(b)->days) : Py_NewRef(Py_NotImplemented);
}
PyObject *kr_dt_compare(int sign, int op) { Py_RETURN_RICHCOMPARE(sign, 0, op); }
PyObject *kr_dt_cannot_compare(PyObject *a, PyObject *b) {
    PyErr_Format(PyExc_TypeError, "can't compare %s to %s", Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
    return NULL;
}
static PyObject *date_richcompare(PyObject *a, PyObject *b, int op) {
    if (!IS_DATE(b)) Py_RETURN_NOTIMPLEMENTED;
    return kr_dt_compare(memcmp(DATA(a), DATA(b), _PyDateTime_DATE_DATASIZE), op);
}
static Py_hash_t date_hash(PyObject *o) {
    PyDateTime_Date *self = (PyDateTime_Date *)o;
    if (self->hashcode == -1) self->hashcode = _Py_HashBytes(self->data, _PyDateTime_DATE_DATASIZE);
    return self->hashcode;
}

/* ------------------------------------------------------------------ text */

static PyObject *date_repr(PyObject *self) { return PyUnicode_FromFormat("%s(%d, %d, %d)", Py_TYPE(self)->tp_name, YEAR(self), MONTH(self), DAY(self)); }
static PyObject *date_isoformat(PyObject *self, PyObject *unused) {
    char text[ISO_DATE_MAX];
    return PyUnicode_FromStringAndSize(text, kr_dt_iso_date(text, YEAR(self), MONTH(self), DAY(self)) - text);
}
static PyObject *date_str(PyObject *self) { return PyObject_CallMethodNoArgs(self, KR_STR(isoformat)); }
static KrFields fields_of(PyObject *self) { return (KrFields){YEAR(self), MONTH(self), DAY(self), 0, 0, 0, 0, 0}; }
static PyObject *date_ctime(PyObject *self, PyObject *unused) {
    KrFields fields = fields_of(self);
    return kr_dt_ctime(&fields);
}
static PyObject *date_strftime(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"format", NULL};
    PyObject *format, *tuple, *result;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U:strftime", keywords, &format)) return NULL;
    tuple = PyObject_CallMethodNoArgs(self, KR_STR(timetuple));
    if (!tuple) return NULL;
    result = kr_dt_strftime(self, format, tuple, self);
    Py_DECREF(tuple);
    return result;
}
static PyObject *date_timetuple(PyObject *self, PyObject *unused) {
    KrFields fields = fields_of(self);
    return kr_dt_struct_time(&fields, -1);
}

/* ------------------------------------------------------------------ other methods */

static PyObject *date_isoweekday(PyObject *self, PyObject *unused) { return PyLong_FromLong(kr_dt_weekday(YEAR(self), MONTH(self), DAY(self)) + 1); }
static PyObject *date_weekday(PyObject *self, PyObject *unused) { return PyLong_FromLong(kr_dt_weekday(YEAR(self), MONTH(self), DAY(self))); }
static PyObject *date_toordinal(PyObject *self, PyObject *unused) { return PyLong_FromLong(ordinal_of(self)); }
static PyObject *new_iso(PyTypeObject *type, int year, int week, int weekday) {
    PyObject *self = type->tp_alloc(type, 3);
    const int parts[] = {year, week, weekday};
    for (int i = 0; self && i < 3; i++) {
        PyObject *part = PyLong_FromLong(parts[i]);
        if (part)
            PyTuple_SET_ITEM(self, i, part);
        else
            Py_CLEAR(self);
    }
    return self;
}
static PyObject *date_isocalendar(PyObject *self, PyObject *unused) {
    int year = YEAR(self), day = ordinal_of(self), monday = kr_dt_iso_first_monday(year);
    if (day < monday)
        monday = kr_dt_iso_first_monday(--year);
    else if (day >= monday + 52 * 7 && day >= kr_dt_iso_first_monday(year + 1))
        monday = kr_dt_iso_first_monday(++year);
    return new_iso(&kr_dt_isocalendar, year, (day - monday) / 7 + 1, (day - monday) % 7 + 1);
}
static PyObject *date_replace(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "month", "day", NULL};
    int year = YEAR(self), month = MONTH(self), day = DAY(self);
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|iii:replace", keywords, &year, &month, &day)) return NULL;
    return kr_dt_make_date((PyObject *)Py_TYPE(self), year, month, day);
}
static PyObject *date_reduce(PyObject *self, PyObject *unused) {
    return Py_BuildValue("O(y#)", Py_TYPE(self), (char *)DATA(self), (Py_ssize_t)_PyDateTime_DATE_DATASIZE);
}
static PyObject *date_get_year(PyObject *self, void *unused) { return PyLong_FromLong(YEAR(self)); }
static PyObject *date_get_month(PyObject *self, void *unused) { return PyLong_FromLong(MONTH(self)); }
static PyObject *date_get_day(PyObject *self, void *unused) { return PyLong_FromLong(DAY(self)); }

/* ------------------------------------------------------------------ the type */

static PyNumberMethods date_as_number = {.nb_add = date_add, .nb_subtract = date_subtract};
static PyGetSetDef date_getset[] = {{"year", date_get_year}, {"month", date_get_month}, {"day", date_get_day}, {NULL}};
static PyMethodDef date_methods[] = {
    {"fromtimestamp", date_fromtimestamp, METH_O | METH_CLASS,
     PyDoc_STR("fromtimestamp($type, timestamp, /)\n--\n\nCreate a date from a POSIX timestamp, which is taken as local time.")},
    {"fromordinal", KR_METH(date_fromordinal), METH_FASTCALL | METH_CLASS, PyDoc_STR("int -> date corresponding to a proleptic Gregorian ordinal.")},
    {"fromisoformat", date_fromisoformat, METH_O | METH_CLASS, PyDoc_STR("str -> Construct a date from a string in ISO 8601 format.")},
    {"fromisocalendar", KR_METH(date_fromisocalendar), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("int, int, int -> Construct a date from the ISO year, week number and weekday.\n\nThis is the inverse of the function date.isocalendar()")},
    {"today", date_today, METH_NOARGS | METH_CLASS, PyDoc_STR("Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).")},
    {"ctime", date_ctime, METH_NOARGS, PyDoc_STR("Return ctime() style string.")},
    {"strftime", KR_METH(date_strftime), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("format -> strftime() style string.")},
    {"__format__", kr_dt_format, METH_VARARGS, PyDoc_STR("Formats self with strftime.")},
    {"timetuple", date_timetuple, METH_NOARGS, PyDoc_STR("Return time tuple, compatible with time.localtime().")},
    {"isocalendar", date_isocalendar, METH_NOARGS, PyDoc_STR("Return a named tuple containing ISO year, week number, and weekday.")},
    {"isoformat", date_isoformat, METH_NOARGS, PyDoc_STR("Return string in ISO 8601 format, YYYY-MM-DD.")},
    {"isoweekday", date_isoweekday, METH_NOARGS, PyDoc_STR("Return the day of the week represented by the date.\nMonday == 1 ... Sunday == 7")},
    {"toordinal", date_toordinal, METH_NOARGS, PyDoc_STR("Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.")},
    {"weekday", date_weekday, METH_NOARGS, PyDoc_STR("Return the day of the week represented by the date.\nMonday == 0 ... Sunday == 6")},
    {"replace", KR_METH(date_replace), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("Return date with new specified fields.")},
    {"__reduce__", date_reduce, METH_NOARGS, PyDoc_STR("__reduce__() -> (cls, state)")},
    {NULL},
};
PyTypeObject kr_dt_date = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.date",
    .tp_basicsize = sizeof(PyDateTime_Date),
    .tp_dealloc = date_dealloc,
    .tp_repr = date_repr,
    .tp_as_number = &date_as_number,
    .tp_hash = date_hash,
    .tp_str = date_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("date(year, month, day) --> date object"),
    .tp_richcompare = date_richcompare,
    .tp_methods = date_methods,
    .tp_getset = date_getset,
    .tp_new = date_new,
    .tp_vectorcall = date_vectorcall,
};

/* ------------------------------------------------------------------ the tuple (ISO year, week, weekday) */

static PyObject *iso_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"year", "week", "weekday", NULL};
    int year, week, weekday;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iii:IsoCalendarDate", keywords, &year, &week, &weekday)) return NULL;
    return new_iso(type, year, week, weekday);
}
static PyObject *iso_repr(PyObject *self) {
    return PyUnicode_FromFormat("%s(year=%S, week=%S, weekday=%S)", Py_TYPE(self)->tp_name, PyTuple_GET_ITEM(self, 0), PyTuple_GET_ITEM(self, 1),
                                PyTuple_GET_ITEM(self, 2));
}
/* A plain tuple is what comes out of a pickle. */
static PyObject *iso_reduce(PyObject *self, PyObject *unused) {
    return Py_BuildValue("O(N)", &PyTuple_Type, PySequence_Tuple(self));
}
static PyObject *iso_get(PyObject *self, void *index) { return Py_NewRef(PyTuple_GET_ITEM(self, (Py_ssize_t)index)); }
static PyGetSetDef iso_getset[] = {{"year", iso_get, NULL, NULL, (void *)0}, {"week", iso_get, NULL, NULL, (void *)1}, {"weekday", iso_get, NULL, NULL, (void *)2}, {NULL}};
static PyMethodDef iso_methods[] = {{"__reduce__", iso_reduce, METH_NOARGS, PyDoc_STR("__reduce__() -> (cls, state)")}, {NULL}};
PyTypeObject kr_dt_isocalendar = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.IsoCalendarDate",
    .tp_repr = iso_repr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = PyDoc_STR("The result of date.isocalendar() or datetime.isocalendar()\n\nA tuple (year, week, weekday), whose parts are attributes, too."),
    .tp_methods = iso_methods,
    .tp_getset = iso_getset,
    .tp_base = &PyTuple_Type,
    .tp_new = iso_new,
};
