/* tzinfo.c - the abstract type tzinfo, the type timezone (a fixed offset from UTC), and calls of a tzinfo's methods.
 */
#include "module/datetime/dt.h"

KrTimezone kr_dt_utc = {.ob_base = {KR_IMMORTAL_REFCNT, &kr_dt_timezone}, .offset = (PyObject *)&kr_dt_zero};

/* ------------------------------------------------------------------ calling a tzinfo */

PyObject *kr_dt_call_offset(PyObject *tzinfo, PyObject *method, PyObject *argument) {
    if (tzinfo == Py_None) return Py_NewRef(Py_None);
    if (Py_IS_TYPE(tzinfo, &kr_dt_timezone) && (argument == Py_None || IS_DATETIME(argument)))
        return Py_NewRef(method == KR_STR(utcoffset) ? ((KrTimezone *)tzinfo)->offset : Py_None);
    PyObject *offset = PyObject_CallMethodOneArg(tzinfo, method, argument);
    if (!offset || offset == Py_None) return offset;
    if (!IS_DELTA(offset))
        PyErr_Format(PyExc_TypeError, "tzinfo.%U() must return None or timedelta, not '%.200s'", method, Py_TYPE(offset)->tp_name);
    else if (DELTA(offset)->days < -1 || DELTA(offset)->days > 0 || (DELTA(offset)->days == -1 && !DELTA(offset)->seconds && !DELTA(offset)->microseconds))
        PyErr_SetString(PyExc_ValueError, "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24).");
    else
        return offset;
    Py_DECREF(offset);
    return NULL;
}
int kr_dt_offset_us(PyObject *tzinfo, PyObject *argument, int64_t *us) {
    *us = 0;
    if (tzinfo == Py_None) return 0;
    PyObject *offset = kr_dt_call_offset(tzinfo, KR_STR(utcoffset), argument);
    if (!offset) return -1;
    int known = offset != Py_None;
    if (known) *us = (int64_t)kr_dt_delta_us(offset);
    Py_DECREF(offset);
    return known;
}
PyObject *kr_dt_call_tzname(PyObject *tzinfo, PyObject *argument) {
    if (tzinfo == Py_None) return Py_NewRef(Py_None);
    PyObject *name = PyObject_CallMethodOneArg(tzinfo, KR_STR(tzname), argument);
    if (!name || name == Py_None || PyUnicode_Check(name)) return name;
    PyErr_Format(PyExc_TypeError, "tzinfo.tzname() must return None or a string, not '%s'", Py_TYPE(name)->tp_name);
    Py_DECREF(name);
    return NULL;
}

/* ------------------------------------------------------------------ tzinfo */

static PyObject *not_implemented(const char *method) {
    PyErr_Format(PyExc_NotImplementedError, "a tzinfo subclass must implement %s()", method);
    return NULL;
}
static PyObject *tzinfo_tzname(PyObject *self, PyObject *dt) { return not_implemented("tzname"); }
static PyObject *tzinfo_utcoffset(PyObject *self, PyObject *dt) { return not_implemented("utcoffset"); }
static PyObject *tzinfo_dst(PyObject *self, PyObject *dt) { return not_implemented("dst"); }

static int check_fromutc(PyObject *self, PyObject *dt) {
    if (!IS_DATETIME(dt))
        PyErr_SetString(PyExc_TypeError, "fromutc: argument must be a datetime");
    else if (PyDateTime_DATE_GET_TZINFO(dt) != self)
        PyErr_SetString(PyExc_ValueError, "fromutc: dt.tzinfo is not self");
    else
        return 0;
    return -1;
}
/* Standard time first, then the daylight saving that holds there. */
static PyObject *tzinfo_fromutc(PyObject *self, PyObject *dt) {
    if (check_fromutc(self, dt) < 0) return NULL;
    PyObject *offset = PyObject_CallMethodNoArgs(dt, KR_STR(utcoffset)), *dst = NULL, *standard = NULL, *result = NULL;
    if (!offset) return NULL;
    if (offset == Py_None) {
        PyErr_SetString(PyExc_ValueError, "fromutc: non-None utcoffset() result required");
        goto done;
    }
    dst = PyObject_CallMethodNoArgs(dt, KR_STR(dst));
    if (!dst) goto done;
    if (dst == Py_None) {
        PyErr_SetString(PyExc_ValueError, "fromutc: non-None dst() result required");
        goto done;
    }
    standard = PyNumber_Subtract(offset, dst);
    if (standard) result = PyNumber_Add(dt, standard);
    if (!result) goto done;
    Py_SETREF(dst, PyObject_CallMethodNoArgs(result, KR_STR(dst)));
    if (dst == Py_None) {
        PyErr_SetString(PyExc_ValueError, "fromutc: tz.dst() gave inconsistent results; cannot convert");
        Py_CLEAR(result);
    }
    else
        Py_SETREF(result, dst ? PyNumber_Add(result, dst) : NULL);
done:
    Py_XDECREF(standard);
    Py_XDECREF(dst);
    Py_XDECREF(offset);
    return result;
}
static PyObject *tzinfo_reduce(PyObject *self, PyObject *unused) {
    PyObject *function, *args = NULL, *state = NULL, *result = NULL;
    if (_PyObject_LookupAttr(self, KR_STR(__getinitargs__), &function) < 0) return NULL;
    args = function ? PyObject_CallNoArgs(function) : PyTuple_New(0);
    if (args) state = _PyObject_GetState(self);
    if (state) result = PyTuple_Pack(3, Py_TYPE(self), args, state);
    Py_XDECREF(function);
    Py_XDECREF(args);
    Py_XDECREF(state);
    return result;
}
static void tzinfo_dealloc(PyObject *self) { Py_TYPE(self)->tp_free(self); }

static PyMethodDef tzinfo_methods[] = {
    {"tzname", tzinfo_tzname, METH_O, PyDoc_STR("datetime -> string name of time zone.")},
    {"utcoffset", tzinfo_utcoffset, METH_O, PyDoc_STR("datetime -> timedelta showing offset from UTC, negative values indicating West of UTC")},
    {"dst", tzinfo_dst, METH_O, PyDoc_STR("datetime -> DST offset as timedelta positive east of UTC.")},
    {"fromutc", tzinfo_fromutc, METH_O, PyDoc_STR("datetime in UTC -> datetime in local time.")},
    {"__reduce__", tzinfo_reduce, METH_NOARGS, PyDoc_STR("-> (cls, state)")},
    {NULL},
};
PyTypeObject kr_dt_tzinfo = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.tzinfo",
    .tp_basicsize = sizeof(PyDateTime_TZInfo),
    .tp_dealloc = tzinfo_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("Abstract base class for time zone info objects."),
    .tp_methods = tzinfo_methods,
    .tp_new = PyType_GenericNew,
};

/* ------------------------------------------------------------------ timezone */

PyObject *kr_dt_new_timezone(PyObject *offset, PyObject *name) {
    if (!name && !DELTA(offset)->days && !DELTA(offset)->seconds && !DELTA(offset)->microseconds) return Py_NewRef((PyObject *)&kr_dt_utc);
    KrTimezone *self = PyObject_New(KrTimezone, &kr_dt_timezone);
    if (self) {
        self->offset = Py_NewRef(offset);
        self->name = Py_XNewRef(name);
    }
    return (PyObject *)self;
}
PyObject *kr_dt_make_timezone(PyObject *offset, PyObject *name) {
    PyDateTime_Delta *d = DELTA(offset);
    if (d->days < -1 || d->days > 0 || (d->days == -1 && !d->seconds && !d->microseconds)) {
        PyErr_Format(PyExc_ValueError, "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not %R.", offset);
        return NULL;
    }
    return kr_dt_new_timezone(offset, name);
}
static PyObject *timezone_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"offset", "name", NULL};
    PyObject *offset, *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O!|U:timezone", keywords, &kr_dt_timedelta, &offset, &name)) return NULL;
    return kr_dt_make_timezone(offset, name);
}
static PyObject *timezone_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    if (PyVectorcall_NARGS(nargsf) == 1 && !kwnames && IS_DELTA(args[0])) return kr_dt_make_timezone(args[0], NULL);
    return kr_dt_call_new((PyTypeObject *)type, args, nargsf, kwnames);
}
static void timezone_dealloc(PyObject *self) {
    Py_XDECREF(((KrTimezone *)self)->offset);
    Py_XDECREF(((KrTimezone *)self)->name);
    Py_TYPE(self)->tp_free(self);
}

static int check_argument(PyObject *dt, const char *method) {
    if (dt == Py_None || IS_DATETIME(dt)) return 0;
    PyErr_Format(PyExc_TypeError, "%s(dt) argument must be a datetime instance or None, not %.200s", method, Py_TYPE(dt)->tp_name);
    return -1;
}
static PyObject *timezone_str(PyObject *o) {
    KrTimezone *self = (KrTimezone *)o;
    if (self->name) return Py_NewRef(self->name);
    if (self == &kr_dt_utc || !kr_dt_delta_us(self->offset)) return PyUnicode_FromString("UTC");
    char text[3 + ISO_OFFSET_MAX] = "UTC";
    return PyUnicode_FromStringAndSize(text, kr_dt_iso_offset_us(text + 3, ":", (int64_t)kr_dt_delta_us(self->offset)) - text);
}
static PyObject *timezone_tzname(PyObject *self, PyObject *dt) { return check_argument(dt, "tzname") < 0 ? NULL : timezone_str(self); }
static PyObject *timezone_utcoffset(PyObject *self, PyObject *dt) {
    return check_argument(dt, "utcoffset") < 0 ? NULL : Py_NewRef(((KrTimezone *)self)->offset);
}
static PyObject *timezone_dst(PyObject *self, PyObject *dt) { return check_argument(dt, "dst") < 0 ? NULL : Py_NewRef(Py_None); }
static PyObject *timezone_fromutc(PyObject *self, PyObject *dt) {
    return check_fromutc(self, dt) < 0 ? NULL : PyNumber_Add(dt, ((KrTimezone *)self)->offset);
}
static PyObject *timezone_getinitargs(PyObject *o, PyObject *unused) {
    KrTimezone *self = (KrTimezone *)o;
    return self->name ? PyTuple_Pack(2, self->offset, self->name) : PyTuple_Pack(1, self->offset);
}
static PyObject *timezone_repr(PyObject *o) {
    KrTimezone *self = (KrTimezone *)o;
    const char *type = Py_TYPE(o)->tp_name;
    if (self == &kr_dt_utc) return PyUnicode_FromFormat("%s.utc", type);
    return self->name ? PyUnicode_FromFormat("%s(%R, %R)", type, self->offset, self->name) : PyUnicode_FromFormat("%s(%R)", type, self->offset);
}
static Py_hash_t timezone_hash(PyObject *self) { return PyObject_Hash(((KrTimezone *)self)->offset); }
static PyObject *timezone_richcompare(PyObject *a, PyObject *b, int op) {
    if ((op != Py_EQ && op != Py_NE) || !Py_IS_TYPE(b, &kr_dt_timezone)) Py_RETURN_NOTIMPLEMENTED;
    return PyObject_RichCompare(((KrTimezone *)a)->offset, ((KrTimezone *)b)->offset, op);
}

static PyMethodDef timezone_methods[] = {
    {"tzname", timezone_tzname, METH_O, PyDoc_STR("If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.")},
    {"utcoffset", timezone_utcoffset, METH_O, PyDoc_STR("Return fixed offset.")},
    {"dst", timezone_dst, METH_O, PyDoc_STR("Return None.")},
    {"fromutc", timezone_fromutc, METH_O, PyDoc_STR("datetime in UTC -> datetime in local time.")},
    {"__getinitargs__", timezone_getinitargs, METH_NOARGS, PyDoc_STR("pickle support")},
    {NULL},
};
PyTypeObject kr_dt_timezone = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "datetime.timezone",
    .tp_basicsize = sizeof(KrTimezone),
    .tp_dealloc = timezone_dealloc,
    .tp_repr = timezone_repr,
    .tp_hash = timezone_hash,
    .tp_str = timezone_str,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = PyDoc_STR("Fixed offset from UTC implementation of tzinfo."),
    .tp_richcompare = timezone_richcompare,
    .tp_methods = timezone_methods,
    .tp_base = &kr_dt_tzinfo,
    .tp_new = timezone_new,
    .tp_vectorcall = timezone_vectorcall,
};
