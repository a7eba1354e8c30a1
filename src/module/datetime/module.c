/* module.c - the module _datetime: its types with their constants, and the capsule datetime.datetime_CAPI for extension modules.
 */
#include "module/datetime/dt.h"

/* ------------------------------------------------------------------ the C API: datetime.h says what each does */

static PyObject *capi_date(int year, int month, int day, PyTypeObject *type) { return kr_dt_new_date(year, month, day, type); }
static PyObject *capi_datetime_fold(int year, int month, int day, int hour, int minute, int second, int us, PyObject *tzinfo, int fold, PyTypeObject *type) {
    const KrFields f = {year, month, day, hour, minute, second, us, fold};
    return kr_dt_new_datetime(&f, tzinfo, type);
}
static PyObject *capi_datetime(int year, int month, int day, int hour, int minute, int second, int us, PyObject *tzinfo, PyTypeObject *type) {
    return capi_datetime_fold(year, month, day, hour, minute, second, us, tzinfo, 0, type);
}
static PyObject *capi_time_fold(int hour, int minute, int second, int us, PyObject *tzinfo, int fold, PyTypeObject *type) {
    return kr_dt_new_time(hour, minute, second, us, tzinfo, fold, type);
}
static PyObject *capi_time(int hour, int minute, int second, int us, PyObject *tzinfo, PyTypeObject *type) {
    return kr_dt_new_time(hour, minute, second, us, tzinfo, 0, type);
}
static PyObject *capi_delta(int days, int seconds, int us, int normalize, PyTypeObject *type) { return kr_dt_new_delta(days, seconds, us, normalize, type); }
static PyObject *capi_timezone(PyObject *offset, PyObject *name) {
    if (!IS_DELTA(offset)) {
        PyErr_Format(PyExc_TypeError, "offset must be a timedelta, not %R", Py_TYPE(offset));
        return NULL;
    }
    return kr_dt_make_timezone(offset, name);
}
static const PyDateTime_CAPI capi = {
    .DateType = &kr_dt_date,
    .DateTimeType = &kr_dt_datetime,
    .TimeType = &kr_dt_time,
    .DeltaType = &kr_dt_timedelta,
    .TZInfoType = &kr_dt_tzinfo,
    .TimeZone_UTC = (PyObject *)&kr_dt_utc,
    .Date_FromDate = capi_date,
    .DateTime_FromDateAndTime = capi_datetime,
    .Time_FromTime = capi_time,
    .Delta_FromDelta = capi_delta,
    .TimeZone_FromTimeZone = capi_timezone,
    .DateTime_FromTimestamp = kr_dt_datetime_from_timestamp,
    .Date_FromTimestamp = kr_dt_date_from_timestamp,
    .DateTime_FromDateAndTimeAndFold = capi_datetime_fold,
    .Time_FromTimeAndFold = capi_time_fold,
};

/* ------------------------------------------------------------------ module */

/* type.name = value, which is released; NULL passes an exception on. 0 or -1. */
static int set_constant(PyTypeObject *type, const char *name, PyObject *value) {
    int r = value ? PyDict_SetItemString(type->tp_dict, name, value) : -1;
    Py_XDECREF(value);
    return r;
}
static PyObject *zone_of_minutes(int minutes) {
    PyObject *offset = kr_dt_delta_from_us((KrDuration)minutes * 60 * SECOND_US), *zone = offset ? kr_dt_new_timezone(offset, NULL) : NULL;
    Py_XDECREF(offset);
    return zone;
}
/* The types are the process's, so the constants are made once. */
static int add_constants(void) {
    static const KrFields first = {MIN_YEAR, 1, 1, 0, 0, 0, 0, 0}, last = {MAX_YEAR, 12, 31, 23, 59, 59, 999999, 0};
    if (PyDict_GetItemString(kr_dt_timezone.tp_dict, "utc")) return 0;
    if (set_constant(&kr_dt_timedelta, "resolution", kr_dt_delta_from_us(1)) < 0 ||
        set_constant(&kr_dt_timedelta, "min", kr_dt_new_delta(-MAX_DELTA_DAYS, 0, 0, false, &kr_dt_timedelta)) < 0 ||
        set_constant(&kr_dt_timedelta, "max", kr_dt_new_delta(MAX_DELTA_DAYS, DAY_SECONDS - 1, SECOND_US - 1, false, &kr_dt_timedelta)) < 0 ||
        set_constant(&kr_dt_date, "min", kr_dt_new_date(MIN_YEAR, 1, 1, &kr_dt_date)) < 0 ||
        set_constant(&kr_dt_date, "max", kr_dt_new_date(MAX_YEAR, 12, 31, &kr_dt_date)) < 0 ||
        set_constant(&kr_dt_date, "resolution", kr_dt_delta_from_us(DAY_US)) < 0 ||
        set_constant(&kr_dt_time, "min", kr_dt_new_time(0, 0, 0, 0, Py_None, 0, &kr_dt_time)) < 0 ||
        set_constant(&kr_dt_time, "max", kr_dt_new_time(23, 59, 59, 999999, Py_None, 0, &kr_dt_time)) < 0 ||
        set_constant(&kr_dt_time, "resolution", kr_dt_delta_from_us(1)) < 0 ||
        set_constant(&kr_dt_datetime, "min", kr_dt_new_datetime(&first, Py_None, &kr_dt_datetime)) < 0 ||
        set_constant(&kr_dt_datetime, "max", kr_dt_new_datetime(&last, Py_None, &kr_dt_datetime)) < 0 ||
        set_constant(&kr_dt_datetime, "resolution", kr_dt_delta_from_us(1)) < 0 || set_constant(&kr_dt_timezone, "min", zone_of_minutes(-(24 * 60 - 1))) < 0 ||
        set_constant(&kr_dt_timezone, "max", zone_of_minutes(24 * 60 - 1)) < 0 ||
        set_constant(&kr_dt_timezone, "utc", Py_NewRef((PyObject *)&kr_dt_utc)) < 0)
        return -1;
    PyTypeObject *const types[] = {&kr_dt_date, &kr_dt_time, &kr_dt_datetime, &kr_dt_timedelta, &kr_dt_timezone};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++) PyType_Modified(types[i]);
    return 0;
}
static int datetime_exec(PyObject *module) {
    PyTypeObject *const types[] = {&kr_dt_date, &kr_dt_datetime, &kr_dt_time, &kr_dt_timedelta, &kr_dt_tzinfo, &kr_dt_timezone};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyModule_AddType(module, types[i]) < 0) return -1;
    if (PyType_Ready(&kr_dt_isocalendar) < 0 || add_constants() < 0) return -1;
    if (PyModule_AddIntConstant(module, "MINYEAR", MIN_YEAR) < 0 || PyModule_AddIntConstant(module, "MAXYEAR", MAX_YEAR) < 0 ||
        PyModule_AddObjectRef(module, "UTC", (PyObject *)&kr_dt_utc) < 0)
        return -1;
    PyObject *capsule = PyCapsule_New((void *)&capi, PyDateTime_CAPSULE_NAME, NULL);
    int r = capsule ? PyModule_AddObjectRef(module, "datetime_CAPI", capsule) : -1;
    Py_XDECREF(capsule);
    return r;
}
static PyModuleDef_Slot datetime_slots[] = {{Py_mod_exec, datetime_exec}, {0, NULL}};
static struct PyModuleDef datetime_module = {PyModuleDef_HEAD_INIT, .m_name = "_datetime", .m_doc = PyDoc_STR("Fast implementation of the datetime type."), .m_slots = datetime_slots};
PyMODINIT_FUNC PyInit__datetime(void) { return PyModuleDef_Init(&datetime_module); }
