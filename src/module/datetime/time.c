/* time.c - the type time: a time of day, with or without a tzinfo, whose methods are called with None.
 */
#include "module/datetime/dt.h"

#define HOUR(o) PyDateTime_TIME_GET_HOUR(o)
#define MINUTE(o) PyDateTime_TIME_GET_MINUTE(o)
#define SECOND(o) PyDateTime_TIME_GET_SECOND(o)
#define US(o) PyDateTime_TIME_GET_MICROSECOND(o)
#define FOLD(o) PyDateTime_TIME_GET_FOLD(o)
#define TZINFO(o) PyDateTime_TIME_GET_TZINFO(o)
#define DATA(o) (((PyDateTime_Time *)(o))->data)

/* ------------------------------------------------------------------ making */

static PyObject *allocate(PyTypeObject *type, PyObject *tzinfo) {
    const bool aware = tzinfo != Py_None;
    PyDateTime_Time *self;
    if (type == &kr_dt_time) {
        self = PyObject_Malloc(aware ? sizeof(PyDateTime_Time) : sizeof(_PyDateTime_BaseTime));
        if (!self) return PyErr_NoMemory();
        PyObject_Init((PyObject *)self, type);
    }
    else {
        self = (PyDateTime_Time *)type->tp_alloc(type, 0);
        if (!self) return NULL;
    }
    self->hashcode = -1;
    self->hastzinfo = aware;
    if (aware) self->tzinfo = Py_NewRef(tzinfo);
    return (PyObject *)self;
}
PyObject *kr_dt_new_time(int hour, int minute, int second, int us, PyObject *tzinfo, int fold, PyTypeObject *type) {
    if (kr_dt_check_time(hour, minute, second, us, fold) < 0 || kr_dt_check_tzinfo(tzinfo) < 0) return NULL;
    PyObject *self = allocate(type, tzinfo);
    if (self) {
        DATA(self)[0] = (unsigned char)hour;
        DATA(self)[1] = (unsigned char)minute;
        DATA(self)[2] = (unsigned char)second;
        DATA(self)[3] = (unsigned char)(us >> 16);
        DATA(self)[4] = (unsigned char)(us >> 8);
        DATA(self)[5] = (unsigned char)us;
        ((PyDateTime_Time *)self)->fold = (unsigned char)fold;
    }
    return self;
}
static PyObject *from_state(PyTypeObject *type, PyObject *state, PyObject *tzinfo) {
    if (tzinfo != Py_None && !IS_TZINFO(tzinfo)) {
        PyErr_SetString(PyExc_TypeError, "bad tzinfo state arg");
        return NULL;
    }
    PyObject *bytes = kr_dt_state_bytes(state, "time"), *self = bytes ? allocate(type, tzinfo) : NULL;
    if (self) {
        memcpy(DATA(self), PyBytes_AS_STRING(bytes), _PyDateTime_TIME_DATASIZE);
        ((PyDateTime_Time *)self)->fold = DATA(self)[0] >> 7;
        DATA(self)[0] &= 0x7f;
    }
    Py_XDECREF(bytes);
    return self;
}
static PyObject *time_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"hour", "minute", "second", "microsecond", "tzinfo", "fold", NULL};
    int hour = 0, minute = 0, second = 0, us = 0, fold = 0;
    PyObject *tzinfo = Py_None;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n >= 1 && n <= 2 && kr_dt_is_state(PyTuple_GET_ITEM(args, 0), _PyDateTime_TIME_DATASIZE, 0, 0, 23, true))
        return from_state(type, PyTuple_GET_ITEM(args, 0), n == 2 ? PyTuple_GET_ITEM(args, 1) : Py_None);
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|iiiiO$i", keywords, &hour, &minute, &second, &us, &tzinfo, &fold)) return NULL;
    return kr_dt_new_time(hour, minute, second, us, tzinfo, fold, type);
}
static PyObject *time_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    int parts[4] = {0};
    Py_ssize_t n = PyVectorcall_NARGS(nargsf), i = 0;
    while (!kwnames && n <= 4 && i < n && kr_dt_small_int(args[i], &parts[i])) i++;
    if (kwnames || i < n) return kr_dt_call_new((PyTypeObject *)type, args, nargsf, kwnames);
    return kr_dt_new_time(parts[0], parts[1], parts[2], parts[3], Py_None, 0, (PyTypeObject *)type);
}
static void time_dealloc(PyObject *self) {
    if (((PyDateTime_Time *)self)->hastzinfo) Py_XDECREF(((PyDateTime_Time *)self)->tzinfo);
    Py_TYPE(self)->tp_free(self);
}
static PyObject *make(PyObject *cls, const KrFields *f, PyObject *tzinfo) {
    if (cls == (PyObject *)&kr_dt_time) return kr_dt_new_time(f->hour, f->minute, f->second, f->us, tzinfo, f->fold, &kr_dt_time);
    PyObject *self = PyObject_CallFunction(cls, "iiiiO", f->hour, f->minute, f->second, f->us, tzinfo);
    if (self && f->fold && IS_TIME(self)) ((PyDateTime_Time *)self)->fold = 1;
    return self;
}
static PyObject *time_fromisoformat(PyObject *cls, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "fromisoformat: argument must be str");
        return NULL;
    }
    Py_ssize_t n;
    const char *s = PyUnicode_AsUTF8AndSize(text, &n);
    KrFields fields = {0};
    int64_t offset;
    bool has_offset;
    if (!s) {
        PyErr_Clear();
        return kr_dt_parse_failed(text);
    }
    if (*s == 'T') s++, n--;
    if (!kr_dt_parse_time(s, n, &fields, &offset, &has_offset)) return kr_dt_parse_failed(text);
    PyObject *tzinfo = kr_dt_timezone_of(offset, has_offset), *self = tzinfo ? make(cls, &fields, tzinfo) : NULL;
    Py_XDECREF(tzinfo);
    return self;
}

/* ------------------------------------------------------------------ the tzinfo's methods */

static PyObject *time_utcoffset(PyObject *self, PyObject *unused) { return kr_dt_call_offset(TZINFO(self), KR_STR(utcoffset), Py_None); }
static PyObject *time_dst(PyObject *self, PyObject *unused) { return kr_dt_call_offset(TZINFO(self), KR_STR(dst), Py_None); }
static PyObject *time_tzname(PyObject *self, PyObject *unused) { return kr_dt_call_tzname(TZINFO(self), Py_None); }

/* ------------------------------------------------------------------ comparison */

static int64_t us_of_day(PyObject *self) { return ((int64_t)HOUR(self) * 3600 + MINUTE(self) * 60 + SECOND(self)) * SECOND_US + US(self); }

static PyObject *time_richcompare(PyObject *a, PyObject *b, int op) {
    if (!IS_TIME(b)) Py_RETURN_NOTIMPLEMENTED;
    if (TZINFO(a) == TZINFO(b)) return kr_dt_compare(memcmp(DATA(a), DATA(b), _PyDateTime_TIME_DATASIZE), op);
    int64_t x, y;
    int known_a = kr_dt_offset_us(TZINFO(a), Py_None, &x), known_b = known_a < 0 ? -1 : kr_dt_offset_us(TZINFO(b), Py_None, &y);
    if (known_b < 0) return NULL;
    if (known_a != known_b) {
        if (op == Py_EQ || op == Py_NE) return PyBool_FromLong(op == Py_NE);
        PyErr_SetString(PyExc_TypeError, "can't compare offset-naive and offset-aware times");
        return NULL;
    }
    x = us_of_day(a) - x;
    y = us_of_day(b) - y;
    return kr_dt_compare((x > y) - (x < y), op);
}
static Py_hash_t time_hash(PyObject *o) {
    PyDateTime_Time *self = (PyDateTime_Time *)o;
    if (self->hashcode == -1) {
        int64_t offset;
        int known = kr_dt_offset_us(TZINFO(o), Py_None, &offset);
        if (known < 0) return -1;
        if (!known)
            self->hashcode = _Py_HashBytes(self->data, _PyDateTime_TIME_DATASIZE);
        else {
            PyObject *utc = kr_dt_delta_from_us(us_of_day(o) - offset);
            if (!utc) return -1;
            self->hashcode = PyObject_Hash(utc);
            Py_DECREF(utc);
        }
    }
    return self->hashcode;
}

/* ------------------------------------------------------------------ text */

static PyObject *time_repr(PyObject *self) {
    char parts[64], *p = parts;
    p += sprintf(p, "%d, %d", HOUR(self), MINUTE(self));
    if (SECOND(self) || US(self)) p += sprintf(p, ", %d", SECOND(self));
    if (US(self)) p += sprintf(p, ", %d", US(self));
    const char *type = Py_TYPE(self)->tp_name, *fold = FOLD(self) ? ", fold=1" : "";
    if (TZINFO(self) != Py_None) return PyUnicode_FromFormat("%s(%s, tzinfo=%R%s)", type, parts, TZINFO(self), fold);
    return PyUnicode_FromFormat("%s(%s%s)", type, parts, fold);
}
static PyObject *time_isoformat(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"timespec", NULL};
    const char *timespec = NULL;
    char text[ISO_TIME_MAX + ISO_OFFSET_MAX], *end;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|s:isoformat", keywords, &timespec)) return NULL;
    end = kr_dt_iso_time(text, timespec, HOUR(self), MINUTE(self), SECOND(self), US(self));
    if (end) end = kr_dt_iso_offset(end, ":", TZINFO(self), Py_None);
    return end ? PyUnicode_FromStringAndSize(text, end - text) : NULL;
}
static PyObject *time_str(PyObject *self) { return PyObject_CallMethodNoArgs(self, KR_STR(isoformat)); }
static PyObject *time_strftime(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"format", NULL};
    PyObject *format, *tuple, *result;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U:strftime", keywords, &format)) return NULL;
    tuple = Py_BuildValue("iiiiiiiii", 1900, 1, 1, HOUR(self), MINUTE(self), SECOND(self), 0, 1, -1); /* strftime needs some day */
    if (!tuple) return NULL;
    result = kr_dt_strftime(self, format, tuple, Py_None);
    Py_DECREF(tuple);
    return result;
}

/* ------------------------------------------------------------------ other methods */

static PyObject *time_replace(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"hour", "minute", "second", "microsecond", "tzinfo", "fold", NULL};
    KrFields f = {.hour = HOUR(self), .minute = MINUTE(self), .second = SECOND(self), .us = US(self), .fold = FOLD(self)};
    PyObject *tzinfo = TZINFO(self);
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|iiiiO$i:replace", keywords, &f.hour, &f.minute, &f.second, &f.us, &tzinfo, &f.fold)) return NULL;
    return kr_dt_new_time(f.hour, f.minute, f.second, f.us, tzinfo, f.fold, Py_TYPE(self));
}
static PyObject *reduce(PyObject *self, bool with_fold) {
    char data[_PyDateTime_TIME_DATASIZE];
    memcpy(data, DATA(self), sizeof data);
    if (with_fold && FOLD(self)) data[0] |= (char)0x80;
    if (TZINFO(self) == Py_None) return Py_BuildValue("O(y#)", Py_TYPE(self), data, (Py_ssize_t)sizeof data);
    return Py_BuildValue("O(y#O)", Py_TYPE(self), data, (Py_ssize_t)sizeof data, TZINFO(self));
}
static PyObject *time_reduce_ex(PyObject *self, PyObject *args) {
    int protocol;
    return PyArg_ParseTuple(args, "i:__reduce_ex__", &protocol) ? reduce(self, protocol > 3) : NULL;
}
static PyObject *time_reduce(PyObject *self, PyObject *unused) { return reduce(self, false); }

static PyObject *time_get_hour(PyObject *self, void *unused) { return PyLong_FromLong(HOUR(self)); }
static PyObject *time_get_minute(PyObject *self, void *unused) { return PyLong_FromLong(MINUTE(self)); }
static PyObject *time_get_second(PyObject *self, void *unused) { return PyLong_FromLong(SECOND(self)); }
static PyObject *time_get_us(PyObject *self, void *unused) { return PyLong_FromLong(US(self)); }
static PyObject *time_get_tzinfo(PyObject *self, void *unused) { return Py_NewRef(TZINFO(self)); }
static PyObject *time_get_fold(PyObject *self, void *unused) { return PyLong_FromLong(FOLD(self)); }

static PyGetSetDef time_getset[] = {{"hour", time_get_hour},    {"minute", time_get_minute}, {"second", time_get_second}, {"microsecond", time_get_us},
                                    {"tzinfo", time_get_tzinfo}, {"fold", time_get_fold},     {NULL}};
static PyMethodDef time_methods[] = {
    {"isoformat", KR_METH(time_isoformat), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Return string in ISO 8601 format, [HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].\n\n"
               "timespec: 'auto', 'hours', 'minutes', 'seconds', 'milliseconds' or 'microseconds', the last part that is written.")},
    {"strftime", KR_METH(time_strftime), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("format -> strftime() style string.")},
    {"__format__", kr_dt_format, METH_VARARGS, PyDoc_STR("Formats self with strftime.")},
    {"utcoffset", time_utcoffset, METH_NOARGS, PyDoc_STR("Return self.tzinfo.utcoffset(self).")},
    {"tzname", time_tzname, METH_NOARGS, PyDoc_STR("Return self.tzinfo.tzname(self).")},
    {"dst", time_dst, METH_NOARGS, PyDoc_STR("Return self.tzinfo.dst(self).")},
    {"replace", KR_METH(time_replace), METH_VARARGS | METH_KEYWORDS, PyDoc_STR("Return time with new specified fields.")},
    {"fromisoformat", time_fromisoformat, METH_O | METH_CLASS, PyDoc_STR("string -> time from a string in ISO 8601 format")},
    {"__reduce_ex__", time_reduce_ex, METH_VARARGS, PyDoc_STR("__reduce_ex__(proto) -> (cls, state)")},
    {"__reduce__", time_reduce, METH_NOARGS, PyDoc_STR("__reduce__() -> (cls, state)")},
    {NULL},
};
PyTypeObject kr_dt_time = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.time",
    .tp_basicsize = sizeof(PyDateTime_Time),
    .tp_dealloc = time_dealloc,
    .tp_repr = time_repr,
    .tp_hash = time_hash,
    .tp_str = time_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\n"
                        "All arguments are optional. tzinfo may be None, or an instance of\na tzinfo subclass. The remaining arguments may be ints.\n"),
    .tp_richcompare = time_richcompare,
    .tp_methods = time_methods,
    .tp_getset = time_getset,
    .tp_new = time_new,
    .tp_vectorcall = time_vectorcall,
};
