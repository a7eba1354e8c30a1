/* errors.c - the error indicator: setting, fetching, chaining and reporting exceptions.
 *
 * The exception that is being raised is three owned fields of the thread state, curexc_type, curexc_value and
 * curexc_traceback: all NULL, or a type with a value that is NULL, an instance of the type, or anything the type can
 * be called with (then it isn't normalised yet). The exceptions being handled are a chain of _PyErr_StackItem from
 * ts->exc_info, one item a generator and one at the bottom; exc_value is NULL or None when nothing is handled there.
 * The classes themselves are in object/exceptions*.c.
 */
#include "runtime/errors.h"
#include "object/call.h"
#include "object/tuple.h"
#include <errno.h>
#include <stdio.h>

KR_INLINE PyThreadState *thread(void) { return &kr_thread()->base; }

/* ------------------------------------------------------------------ the indicator */

void _PyErr_Restore(PyThreadState *ts, PyObject *type, PyObject *value, PyObject *tb) {
    if (tb && !PyTraceBack_Check(tb)) Py_CLEAR(tb);
    PyObject *old_type = ts->curexc_type, *old_value = ts->curexc_value, *old_tb = ts->curexc_traceback;
    ts->curexc_type = type;
    ts->curexc_value = value;
    ts->curexc_traceback = tb;
    Py_XDECREF(old_type);
    Py_XDECREF(old_value);
    Py_XDECREF(old_tb);
}
void PyErr_Restore(PyObject *type, PyObject *value, PyObject *tb) { _PyErr_Restore(thread(), type, value, tb); }

void _PyErr_Fetch(PyThreadState *ts, PyObject **type, PyObject **value, PyObject **tb) {
    *type = ts->curexc_type;
    *value = ts->curexc_value;
    *tb = ts->curexc_traceback;
    ts->curexc_type = ts->curexc_value = ts->curexc_traceback = NULL;
}
void PyErr_Fetch(PyObject **type, PyObject **value, PyObject **tb) { _PyErr_Fetch(thread(), type, value, tb); }

void _PyErr_Clear(PyThreadState *ts) {
    if (ts->curexc_type) _PyErr_Restore(ts, NULL, NULL, NULL);
}
void PyErr_Clear(void) { _PyErr_Clear(thread()); }

PyObject *PyErr_Occurred(void) {
    KrThread *t = kr_thread();
    return t ? t->base.curexc_type : NULL;
}

_PyErr_StackItem *_PyErr_GetTopmostException(PyThreadState *ts) {
    _PyErr_StackItem *item = ts->exc_info;
    while ((!item->exc_value || item->exc_value == Py_None) && item->previous_item) item = item->previous_item;
    return item;
}

/* An instance of the class made from the value of an unnormalised exception. Of RecursionError and MemoryError without a call, which may be what has
 * just failed; of MemoryError always. */
static PyObject *make_instance(PyObject *type, PyObject *value) {
    if (type == PyExc_RecursionError || type == PyExc_MemoryError) {
        PyObject *args = !value || value == Py_None ? NULL : PyTuple_Check(value) ? Py_NewRef(value) : PyTuple_Pack(1, value);
        if (!args) PyErr_Clear();
        PyObject *e = ((PyTypeObject *)type)->tp_new((PyTypeObject *)type, args, NULL);
        Py_XDECREF(args);
        return e;
    }
    PyObject *e = !value || value == Py_None ? PyObject_CallNoArgs(type)
                  : PyTuple_Check(value)     ? PyObject_Call(type, value, NULL)
                                             : PyObject_CallOneArg(type, value);
    if (e && !PyExceptionInstance_Check(e)) {
        PyErr_Format(PyExc_TypeError, "calling %R should have returned an instance of BaseException, not %s", type, Py_TYPE(e)->tp_name);
        Py_CLEAR(e);
    }
    return e;
}

/* Makes `handled` the context of e, first cutting e out of handled's own chain of contexts, which must not become a cycle.
 * The chain may have a cycle that Python code made: a second pointer at half speed stops the walk. */
static void chain_context(PyObject *e, PyObject *handled) {
    if (e == handled) return;
    PyObject *o = handled, *slow = handled, *next;
    bool step = false;
    while ((next = ((PyBaseExceptionObject *)o)->context)) {
        if (next == e) {
            PyException_SetContext(o, NULL);
            break;
        }
        o = next;
        if (o == slow) break;
        if (step) slow = ((PyBaseExceptionObject *)slow)->context;
        step = !step;
    }
    PyException_SetContext(e, Py_NewRef(handled));
}

void _PyErr_SetObject(PyThreadState *ts, PyObject *type, PyObject *value) {
    if (type && !PyExceptionClass_Check(type)) {
        PyErr_Format(PyExc_SystemError, "_PyErr_SetObject: exception %R is not a BaseException subclass", type);
        return;
    }
    Py_XINCREF(value);
    PyObject *handled = _PyErr_GetTopmostException(ts)->exc_value;
    if (handled && handled != Py_None) {
        Py_INCREF(handled);
        if (!value || !PyExceptionInstance_Check(value)) {
            _PyErr_Clear(ts);
            PyObject *e = make_instance(type, value);
            Py_XDECREF(value);
            if (!e) {
                Py_DECREF(handled);
                return;
            }
            value = e;
        }
        chain_context(value, handled);
        Py_DECREF(handled);
    }
    PyObject *tb = value && PyExceptionInstance_Check(value) ? PyException_GetTraceback(value) : NULL;
    _PyErr_Restore(ts, Py_XNewRef(type), value, tb);
}
void PyErr_SetObject(PyObject *type, PyObject *value) { _PyErr_SetObject(thread(), type, value); }

/* KeyError(key): a tuple is one key, not the arguments. */
void _PyErr_SetKeyError(PyObject *key) {
    if (!PyTuple_Check(key) && !PyExceptionInstance_Check(key)) {
        PyErr_SetObject(PyExc_KeyError, key);
        return;
    }
    PyObject *args = PyTuple_Pack(1, key);
    if (!args) return;
    PyErr_SetObject(PyExc_KeyError, args);
    Py_DECREF(args);
}

void _PyErr_SetNone(PyThreadState *ts, PyObject *type) { _PyErr_SetObject(ts, type, NULL); }
void PyErr_SetNone(PyObject *type) { PyErr_SetObject(type, NULL); }

void _PyErr_SetString(PyThreadState *ts, PyObject *type, const char *text) {
    PyObject *value = PyUnicode_FromString(text);
    if (!value) return;
    _PyErr_SetObject(ts, type, value);
    Py_DECREF(value);
}
void PyErr_SetString(PyObject *type, const char *text) { _PyErr_SetString(thread(), type, text); }

PyObject *PyErr_FormatV(PyObject *type, const char *format, va_list va) {
    PyErr_Clear(); /* %S and its like run Python code, which must find a clean slate */
    PyObject *text = PyUnicode_FromFormatV(format, va);
    if (text) {
        PyErr_SetObject(type, text);
        Py_DECREF(text);
    }
    return NULL;
}
PyObject *PyErr_Format(PyObject *type, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyErr_FormatV(type, format, va);
    va_end(va);
    return NULL;
}
PyObject *_PyErr_Format(PyThreadState *ts, PyObject *type, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyErr_FormatV(type, format, va);
    va_end(va);
    return NULL;
}

/* The same with the current exception as __cause__ and __context__ of the new one. */
static void format_from_cause(PyObject *type, const char *format, va_list va) {
    PyObject *cause = kr_err_fetch();
    PyErr_FormatV(type, format, va);
    if (!cause) return;
    PyObject *e = kr_err_fetch();
    if (e) {
        PyException_SetCause(e, Py_NewRef(cause));
        PyException_SetContext(e, Py_NewRef(cause));
        kr_err_restore(e);
    }
    Py_DECREF(cause);
}
PyObject *_PyErr_FormatFromCause(PyObject *type, const char *format, ...) {
    va_list va;
    va_start(va, format);
    format_from_cause(type, format, va);
    va_end(va);
    return NULL;
}
PyObject *_PyErr_FormatFromCauseTstate(PyThreadState *ts, PyObject *type, const char *format, ...) {
    va_list va;
    va_start(va, format);
    format_from_cause(type, format, va);
    va_end(va);
    return NULL;
}

/* ------------------------------------------------------------------ matching and normalising */

/* Whether an exception (class or instance) is caught by a class or a tuple of them. Uses the MRO only: no Python code runs. */
int PyErr_GivenExceptionMatches(PyObject *e, PyObject *classes) {
    if (!e || !classes) return 0;
    if (PyTuple_Check(classes)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(classes); i++)
            if (PyErr_GivenExceptionMatches(e, PyTuple_GET_ITEM(classes, i))) return 1;
        return 0;
    }
    if (PyExceptionInstance_Check(e)) e = PyExceptionInstance_Class(e);
    if (e == classes) return 1;
    return PyExceptionClass_Check(e) && PyExceptionClass_Check(classes) && PyType_IsSubtype((PyTypeObject *)e, (PyTypeObject *)classes);
}
int _PyErr_ExceptionMatches(PyThreadState *ts, PyObject *classes) { return PyErr_GivenExceptionMatches(ts->curexc_type, classes); }
int PyErr_ExceptionMatches(PyObject *classes) { return PyErr_GivenExceptionMatches(PyErr_Occurred(), classes); }

/* The instance for (type, value), both taken over, and the type it has; on failure, those of the exception that came up. */
static bool normalize_once(PyObject **type, PyObject **value, PyObject **tb) {
    if (!*value) *value = Py_NewRef(Py_None);
    if (!PyExceptionClass_Check(*type)) return true;
    PyObject *cls = PyExceptionInstance_Check(*value) ? (PyObject *)Py_TYPE(*value) : NULL;
    int fits = 0;
    if (cls) {
        fits = PyObject_IsSubclass(cls, *type);
        if (fits < 0) goto failed;
    }
    if (!fits) {
        PyObject *e = make_instance(*type, *value);
        if (!e) goto failed;
        Py_SETREF(*value, e);
    } else if (cls != *type) {
        Py_SETREF(*type, Py_NewRef(cls));
    }
    return true;
failed:;
    PyObject *t, *v, *new_tb;
    PyErr_Fetch(&t, &v, &new_tb);
    Py_SETREF(*type, t);
    Py_SETREF(*value, v);
    if (new_tb) Py_XSETREF(*tb, new_tb);
    return false;
}

void PyErr_NormalizeException(PyObject **type, PyObject **value, PyObject **tb) {
    /* Making the instance can fail, and so can making the instance of that failure: after a while it is a RecursionError, which fails only for want of
     * memory, and making a MemoryError does not fail. */
    for (int tries = 0; *type && !normalize_once(type, value, tb); tries++) {
        if (tries >= 32 && *type != PyExc_MemoryError) {
            PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded while normalizing an exception");
            PyObject *t, *v, *new_tb;
            PyErr_Fetch(&t, &v, &new_tb);
            Py_XSETREF(*type, t);
            Py_XSETREF(*value, v);
            Py_XDECREF(new_tb);
        }
    }
}
void _PyErr_NormalizeException(PyThreadState *ts, PyObject **type, PyObject **value, PyObject **tb) { PyErr_NormalizeException(type, value, tb); }

PyObject *kr_err_fetch(void) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    if (!type) return NULL;
    PyErr_NormalizeException(&type, &value, &tb);
    if (tb) PyException_SetTraceback(value, tb);
    Py_XDECREF(tb);
    Py_DECREF(type);
    return value;
}

void kr_err_restore(PyObject *e) {
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(e)), e, PyException_GetTraceback(e));
}

/* ------------------------------------------------------------------ the exception being handled */

PyObject *_PyErr_GetHandledException(PyThreadState *ts) {
    PyObject *e = _PyErr_GetTopmostException(ts)->exc_value;
    return !e || e == Py_None ? NULL : Py_NewRef(e);
}
PyObject *PyErr_GetHandledException(void) { return _PyErr_GetHandledException(thread()); }

void _PyErr_SetHandledException(PyThreadState *ts, PyObject *e) { Py_XSETREF(ts->exc_info->exc_value, Py_XNewRef(e)); }
void PyErr_SetHandledException(PyObject *e) { _PyErr_SetHandledException(thread(), e); }

/* Type, value and traceback of a handled exception, new references; None for each when there is none. */
static void handled_parts(PyObject *e, PyObject **type, PyObject **value, PyObject **tb) {
    bool none = !e || e == Py_None;
    *type = Py_NewRef(none ? Py_None : (PyObject *)Py_TYPE(e));
    *value = Py_NewRef(none ? Py_None : e);
    *tb = none ? NULL : PyException_GetTraceback(e);
    if (!*tb) *tb = Py_NewRef(Py_None);
}

PyObject *_PyErr_StackItemToExcInfoTuple(_PyErr_StackItem *item) {
    PyObject *type, *value, *tb;
    handled_parts(item->exc_value, &type, &value, &tb);
    return kr_tuple_from_array_steal((PyObject *[]){type, value, tb}, 3);
}

void _PyErr_GetExcInfo(PyThreadState *ts, PyObject **type, PyObject **value, PyObject **tb) {
    handled_parts(_PyErr_GetTopmostException(ts)->exc_value, type, value, tb);
}
void PyErr_GetExcInfo(PyObject **type, PyObject **value, PyObject **tb) { _PyErr_GetExcInfo(thread(), type, value, tb); }

void PyErr_SetExcInfo(PyObject *type, PyObject *value, PyObject *tb) {
    PyErr_SetHandledException(value);
    Py_XDECREF(value);
    Py_XDECREF(type); /* both are the instance's own */
    Py_XDECREF(tb);
}

/* Ends a clean-up: the exception given (all taken over) comes back; if the clean-up raised one of its own, that one stays and the given
 * one becomes its context. */
void _PyErr_ChainExceptions(PyObject *type, PyObject *value, PyObject *tb) {
    if (!type) return;
    if (!PyErr_Occurred()) {
        PyErr_Restore(type, value, tb);
        return;
    }
    PyObject *e = kr_err_fetch();       /* first: making the other an object may run code */
    PyErr_NormalizeException(&type, &value, &tb);
    if (tb) {
        PyException_SetTraceback(value, tb);
        Py_DECREF(tb);
    }
    Py_DECREF(type);
    PyException_SetContext(e, value);
    kr_err_restore(e);
}

/* Gives the current exception the item's exception (or the one being handled) as its context, as if raised while that was handled. */
void _PyErr_ChainStackItem(_PyErr_StackItem *item) {
    PyThreadState *ts = thread();
    _PyErr_StackItem *saved = NULL, *given = item ? item : ts->exc_info;
    if (!given->exc_value || given->exc_value == Py_None) return;   /* nothing is handled there; further out does not count */
    if (item) {
        item->previous_item = saved = ts->exc_info;
        ts->exc_info = item;
    }
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    if (tb) PyException_SetTraceback(value, tb);    /* SetObject takes it from there */
    _PyErr_SetObject(ts, type, value);
    Py_DECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    if (item) ts->exc_info = saved;
}

/* ------------------------------------------------------------------ convenience */

int PyErr_BadArgument(void) {
    PyErr_SetString(PyExc_TypeError, "bad argument type for built-in operation");
    return 0;
}

PyObject *_PyErr_NoMemory(PyThreadState *ts) {
    PyObject *e = kr_memory_error();
    if (e) kr_err_set_instance(e);
    else _PyErr_Restore(ts, Py_NewRef(PyExc_MemoryError), NULL, NULL); /* takes no memory */
    return NULL;
}
PyObject *PyErr_NoMemory(void) { return _PyErr_NoMemory(thread()); }

void kr_err_set_instance(PyObject *e) {
    PyErr_SetObject((PyObject *)Py_TYPE(e), e);
    Py_DECREF(e);
}

#undef PyErr_BadInternalCall
void _PyErr_BadInternalCall(const char *file, int line) { PyErr_Format(PyExc_SystemError, "%s:%d: bad argument to internal function", file, line); }
void PyErr_BadInternalCall(void) { PyErr_SetString(PyExc_SystemError, "bad argument to internal function"); }

PyObject *PyErr_SetFromErrnoWithFilenameObjects(PyObject *type, PyObject *filename, PyObject *filename2) {
    int code = errno;
    if (code == EINTR && PyErr_CheckSignals()) return NULL;
    PyObject *text = code ? PyUnicode_DecodeLocale(strerror(code), "surrogateescape") : PyUnicode_FromString("Error");
    if (!text) return NULL;
    PyObject *args = !filename    ? Py_BuildValue("(iN)", code, text)
                     : !filename2 ? Py_BuildValue("(iNO)", code, text, filename)
                                  : Py_BuildValue("(iNOiO)", code, text, filename, 0, filename2);
    PyObject *e = args ? PyObject_Call(type, args, NULL) : NULL;
    Py_XDECREF(args);
    if (e) {
        PyErr_SetObject((PyObject *)Py_TYPE(e), e);
        Py_DECREF(e);
    }
    return NULL;
}
PyObject *PyErr_SetFromErrnoWithFilenameObject(PyObject *type, PyObject *filename) {
    return PyErr_SetFromErrnoWithFilenameObjects(type, filename, NULL);
}
PyObject *PyErr_SetFromErrnoWithFilename(PyObject *type, const char *filename) {
    PyObject *name = NULL;
    if (filename) {
        int code = errno;
        name = PyUnicode_DecodeFSDefault(filename);
        if (!name) return NULL;
        errno = code;
    }
    PyErr_SetFromErrnoWithFilenameObjects(type, name, NULL);
    Py_XDECREF(name);
    return NULL;
}
PyObject *PyErr_SetFromErrno(PyObject *type) { return PyErr_SetFromErrnoWithFilenameObjects(type, NULL, NULL); }

PyObject *PyErr_SetImportErrorSubclass(PyObject *type, PyObject *msg, PyObject *name, PyObject *path) {
    int is = PyObject_IsSubclass(type, PyExc_ImportError);
    if (is < 0) return NULL;
    if (!is) {
        PyErr_SetString(PyExc_TypeError, "expected a subclass of ImportError");
        return NULL;
    }
    if (!msg) {
        PyErr_SetString(PyExc_TypeError, "expected a message argument");
        return NULL;
    }
    PyObject *kwargs = PyDict_New(), *e = NULL;
    if (kwargs && PyDict_SetItem(kwargs, KR_STR(name), name ? name : Py_None) == 0 &&
        PyDict_SetItem(kwargs, KR_STR(path), path ? path : Py_None) == 0)
        e = PyObject_VectorcallDict(type, &msg, 1, kwargs);
    Py_XDECREF(kwargs);
    if (e) kr_err_set_instance(e);
    return NULL;
}
PyObject *PyErr_SetImportError(PyObject *msg, PyObject *name, PyObject *path) {
    return PyErr_SetImportErrorSubclass(PyExc_ImportError, msg, name, path);
}

/* ------------------------------------------------------------------ new classes */

PyObject *PyErr_NewException(const char *name, PyObject *base, PyObject *dict) {
    const char *dot = strrchr(name, '.');
    if (!dot) {
        PyErr_SetString(PyExc_SystemError, "PyErr_NewException: name must be module.class");
        return NULL;
    }
    PyObject *own = NULL, *bases = NULL, *result = NULL, *module;
    if (!base) base = PyExc_Exception;
    if (!dict && !(dict = own = PyDict_New())) return NULL;
    int has = PyDict_Contains(dict, KR_STR(__module__));
    if (has < 0) goto out;
    if (!has) {
        if (!(module = PyUnicode_FromStringAndSize(name, dot - name))) goto out;
        int r = PyDict_SetItem(dict, KR_STR(__module__), module);
        Py_DECREF(module);
        if (r < 0) goto out;
    }
    bases = PyTuple_Check(base) ? Py_NewRef(base) : PyTuple_Pack(1, base);
    if (bases) result = PyObject_CallFunction((PyObject *)&PyType_Type, "sOO", dot + 1, bases, dict);
out:
    Py_XDECREF(bases);
    Py_XDECREF(own);
    return result;
}

PyObject *PyErr_NewExceptionWithDoc(const char *name, const char *doc, PyObject *base, PyObject *dict) {
    PyObject *own = NULL, *result = NULL;
    if (!dict && !(dict = own = PyDict_New())) return NULL;
    bool ok = true;
    if (doc) {
        PyObject *text = PyUnicode_FromString(doc);
        ok = text && PyDict_SetItem(dict, KR_STR(__doc__), text) == 0;
        Py_XDECREF(text);
    }
    if (ok) result = PyErr_NewException(name, base, dict);
    Py_XDECREF(own);
    return result;
}
