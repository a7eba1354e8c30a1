/* support.c - see support.h. */
#include "vm/support.h"
#include "object/exceptions.h"
#include "object/abstract.h"
#include "object/dict.h"
#include "object/list.h"
#include "object/long.h"
#include "runtime/errors.h"
#include "vm/generator.h"

/* ------------------------------------------------------------------ names */

static void name_error(PyObject *class, const char *format, PyObject *name) {
    PyErr_Format(class, format, name);
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyErr_NormalizeException(&t, &v, &tb);
    if (v && t == PyExc_NameError && PyObject_SetAttr(v, KR_STR(name), name) < 0) PyErr_Clear();
    PyErr_Restore(t, v, tb);
}
void kr_vm_unbound(KrFrame *f, int reg) {
    KrCode *c = f->code;
    PyObject *name = PyTuple_GET_ITEM(c->base.co_localsplusnames, reg);
    if (reg < c->base.co_nlocalsplus - c->base.co_nfreevars)
        name_error(PyExc_UnboundLocalError, "cannot access local variable '%U' where it is not associated with a value", name);
    else
        name_error(PyExc_NameError, "cannot access free variable '%U' where it is not associated with a value in enclosing scope", name);
}
/* A name of a mapping that need not be a dict: NULL without exception when absent. */
static PyObject *mapping_get(PyObject *m, PyObject *name) {
    if (PyDict_CheckExact(m)) return Py_XNewRef(PyDict_GetItemWithError(m, name));
    PyObject *v = PyObject_GetItem(m, name);
    if (!v && PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Clear();
    return v;
}
PyObject *kr_vm_load_global(KrFrame *f, PyObject *name) {
    PyObject *v;
    if (PyDict_CheckExact(f->globals) && PyDict_CheckExact(f->builtins)) {
        v = kr_dict_load_global(f->globals, f->builtins, name);
    } else {
        v = mapping_get(f->globals, name);
        if (!v && !PyErr_Occurred()) v = mapping_get(f->builtins, name);
    }
    if (!v && !PyErr_Occurred()) name_error(PyExc_NameError, "name '%U' is not defined", name);
    return v;
}
PyObject *kr_vm_load_name(KrFrame *f, PyObject *name) {
    if (!f->locals) return PyErr_Format(PyExc_SystemError, "no locals when loading %R", name);
    PyObject *v = mapping_get(f->locals, name);
    return v || PyErr_Occurred() ? v : kr_vm_load_global(f, name);
}
int kr_vm_store_name(KrFrame *f, PyObject *name, PyObject *value) {
    if (!f->locals) {
        PyErr_Format(PyExc_SystemError, value ? "no locals found when storing %R" : "no locals when deleting %R", name);
        return -1;
    }
    if (value) return PyDict_CheckExact(f->locals) ? PyDict_SetItem(f->locals, name, value) : PyObject_SetItem(f->locals, name, value);
    if (PyObject_DelItem(f->locals, name) == 0) return 0;
    if (PyErr_ExceptionMatches(PyExc_KeyError)) {
        PyErr_Clear();
        name_error(PyExc_NameError, "name '%U' is not defined", name);
    }
    return -1;
}
int kr_vm_delete_global(KrFrame *f, PyObject *name) {
    if (PyDict_DelItem(f->globals, name) == 0) return 0;
    if (PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Format(PyExc_NameError, "name '%U' is not defined", name);
    return -1;
}
int kr_vm_setup_annotations(KrFrame *f) {
    PyObject *v = PyMapping_Check(f->locals) ? PyObject_GetItem(f->locals, KR_STR(__annotations__)) : NULL;
    int r = 0;
    if (!v) {
        if (!PyErr_ExceptionMatches(PyExc_KeyError)) return -1;
        PyErr_Clear();
        if (!(v = PyDict_New())) return -1;
        r = PyObject_SetItem(f->locals, KR_STR(__annotations__), v);
    }
    Py_DECREF(v);
    return r;
}
PyObject *kr_vm_build_class_function(KrFrame *f) {
    PyObject *name = KR_STR(__build_class__);
    PyObject *v = PyDict_CheckExact(f->builtins) ? Py_XNewRef(PyDict_GetItemWithError(f->builtins, name)) : PyObject_GetItem(f->builtins, name);
    if (!v && (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_KeyError))) PyErr_SetString(PyExc_NameError, "__build_class__ not found");
    return v;
}
PyObject *kr_vm_load_classderef(KrFrame *f, PyObject *cell, PyObject *name) {
    PyObject *v = mapping_get(f->locals, name);
    if (v || PyErr_Occurred()) return v;
    if ((v = PyCell_GET(cell))) return Py_NewRef(v);
    name_error(PyExc_NameError, "cannot access free variable '%U' where it is not associated with a value in enclosing scope", name);
    return NULL;
}

/* ------------------------------------------------------------------ sequences and calls */

/* Drops what was unpacked so far. */
static int unpack_failed(PyObject **out, Py_ssize_t n) {
    while (n-- > 0) Py_CLEAR(out[n]);
    return -1;
}
static PyObject *unpack_iter(PyObject *seq) {
    PyObject *it = PyObject_GetIter(seq);
    if (!it && PyErr_ExceptionMatches(PyExc_TypeError) && !Py_TYPE(seq)->tp_iter && !PySequence_Check(seq))
        PyErr_Format(PyExc_TypeError, "cannot unpack non-iterable %.200s object", Py_TYPE(seq)->tp_name);
    return it;
}
int kr_vm_unpack(PyObject *seq, Py_ssize_t n, PyObject **out) {
    if (PyTuple_CheckExact(seq) && PyTuple_GET_SIZE(seq) == n) {
        for (Py_ssize_t i = 0; i < n; i++) out[i] = Py_NewRef(PyTuple_GET_ITEM(seq, i));
        return 0;
    }
    if (PyList_CheckExact(seq) && PyList_GET_SIZE(seq) == n) {
        for (Py_ssize_t i = 0; i < n; i++) out[i] = Py_NewRef(PyList_GET_ITEM(seq, i));
        return 0;
    }
    PyObject *it = unpack_iter(seq);
    if (!it) return -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!(out[i] = PyIter_Next(it))) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected %zd, got %zd)", n, i);
            Py_DECREF(it);
            return unpack_failed(out, i);
        }
    }
    PyObject *extra = PyIter_Next(it);
    Py_DECREF(it);
    if (!extra && !PyErr_Occurred()) return 0;
    if (extra) PyErr_Format(PyExc_ValueError, "too many values to unpack (expected %zd)", n);
    Py_XDECREF(extra);
    return unpack_failed(out, n);
}
PyObject *kr_vm_operator_declined(int op, PyObject *v, PyObject *w) {
    switch (op) {
    case KR_OP_BINARY_ADD: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_add), "+");
    case KR_OP_BINARY_SUB: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_subtract), "-");
    case KR_OP_BINARY_MUL: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_multiply), "*");
    case KR_OP_BINARY_TRUEDIV: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_true_divide), "/");
    case KR_OP_BINARY_AND: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_and), "&");
    case KR_OP_BINARY_OR: return kr_binary_declined(v, w, offsetof(PyNumberMethods, nb_or), "|");
    case KR_OP_COMPARE_LT: return kr_compare_declined(v, w, Py_LT);
    case KR_OP_COMPARE_LE: return kr_compare_declined(v, w, Py_LE);
    case KR_OP_COMPARE_EQ: return kr_compare_declined(v, w, Py_EQ);
    case KR_OP_COMPARE_NE: return kr_compare_declined(v, w, Py_NE);
    case KR_OP_COMPARE_GT: return kr_compare_declined(v, w, Py_GT);
    case KR_OP_COMPARE_GE: return kr_compare_declined(v, w, Py_GE);
    default: KR_UNREACHABLE();
    }
}
/* A bound of a slice of a sequence, if that is None or a small int: an index from 0 to size. */
static bool slice_bound(PyObject *o, Py_ssize_t size, Py_ssize_t if_none, Py_ssize_t *index) {
    if (PyLong_CheckExact(o) && kr_long_is_compact(o)) {
        Py_ssize_t i = kr_long_compact_value(o);
        *index = i < 0 ? Py_MAX(i + size, 0) : Py_MIN(i, size);
        return true;
    }
    *index = if_none;
    return o == Py_None;
}
/* Both bounds, in order. */
static bool slice_bounds(PyObject *lo, PyObject *hi, Py_ssize_t size, Py_ssize_t *start, Py_ssize_t *stop) {
    if (!slice_bound(lo, size, 0, start) || !slice_bound(hi, size, size, stop)) return false;
    if (*stop < *start) *stop = *start;
    return true;
}
PyObject *kr_vm_get_slice(PyObject *o, PyObject *lo, PyObject *hi) {
    Py_ssize_t i, j;
    if (PyList_CheckExact(o)) {
        if (slice_bounds(lo, hi, PyList_GET_SIZE(o), &i, &j)) return kr_list_from_array(&PyList_GET_ITEM(o, i), j - i);
    } else if (PyUnicode_CheckExact(o)) {
        if (slice_bounds(lo, hi, PyUnicode_GET_LENGTH(o), &i, &j)) return PyUnicode_Substring(o, i, j);
    } else if (PyTuple_CheckExact(o)) {
        if (slice_bounds(lo, hi, PyTuple_GET_SIZE(o), &i, &j)) return PyTuple_GetSlice(o, i, j);
    } else if (PyBytes_CheckExact(o)) {
        if (slice_bounds(lo, hi, PyBytes_GET_SIZE(o), &i, &j))
            return j - i == PyBytes_GET_SIZE(o) ? Py_NewRef(o) : PyBytes_FromStringAndSize(PyBytes_AS_STRING(o) + i, j - i);
    }
    PyObject *slice = PySlice_New(lo, hi, NULL), *v = slice ? PyObject_GetItem(o, slice) : NULL;
    Py_XDECREF(slice);
    return v;
}
int kr_vm_set_slice(PyObject *o, PyObject *lo, PyObject *hi, PyObject *v) {
    Py_ssize_t i, j;
    if (PyList_CheckExact(o) && slice_bounds(lo, hi, PyList_GET_SIZE(o), &i, &j)) return PyList_SetSlice(o, i, j, v);
    PyObject *slice = PySlice_New(lo, hi, NULL);
    int r = slice ? PyObject_SetItem(o, slice, v) : -1;
    Py_XDECREF(slice);
    return r;
}
int kr_vm_unpack_ex(PyObject *seq, Py_ssize_t before, Py_ssize_t after, PyObject **out) {
    PyObject *it = unpack_iter(seq);
    if (!it) return -1;
    for (Py_ssize_t i = 0; i < before; i++)
        if (!(out[i] = PyIter_Next(it))) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected at least %zd, got %zd)", before + after, i);
            Py_DECREF(it);
            return unpack_failed(out, i);
        }
    PyObject *list = PySequence_List(it);
    Py_DECREF(it);
    if (!list) return unpack_failed(out, before);
    Py_ssize_t n = PyList_GET_SIZE(list);
    if (n < after) {
        PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected at least %zd, got %zd)", before + after, before + n);
        Py_DECREF(list);
        return unpack_failed(out, before);
    }
    for (Py_ssize_t i = 0; i < after; i++) out[before + 1 + i] = Py_NewRef(PyList_GET_ITEM(list, n - after + i));
    if (PyList_SetSlice(list, n - after, n, NULL) < 0) {
        Py_DECREF(list);
        unpack_failed(out + before + 1, after);
        return unpack_failed(out, before);
    }
    out[before] = list;
    return 0;
}
static void release(PyObject **at, int n) {
    for (int i = 0; i < n; i++) Py_CLEAR(at[i]);
}
PyObject *kr_vm_build_set(PyObject **at, int n) {
    PyObject *set = PySet_New(NULL);
    if (!set) return NULL;
    for (int i = 0; i < n; i++)
        if (PySet_Add(set, at[i]) < 0) {
            Py_DECREF(set);
            return NULL;
        }
    release(at, n);
    return set;
}
PyObject *kr_vm_build_map(PyObject **at, int n) {
    PyObject *dict = _PyDict_NewPresized(n);
    if (!dict) return NULL;
    for (int i = 0; i < 2 * n; i += 2)
        if (PyDict_SetItem(dict, at[i], at[i + 1]) < 0) {
            Py_DECREF(dict);
            return NULL;
        }
    release(at, 2 * n);
    return dict;
}
PyObject *kr_vm_build_string(PyObject **at, int n) {
    PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0), *text = empty ? _PyUnicode_JoinArray(empty, at, n) : NULL;
    Py_XDECREF(empty);
    if (text) release(at, n);
    return text;
}
PyObject *kr_vm_make_function(KrFrame *f, PyObject **at, int parts) {
    PyObject **part[4] = {NULL};
    for (int i = 0; i < 4; i++)
        if (parts & 1 << i) part[i] = at++;
    PyFunctionObject *func = (PyFunctionObject *)PyFunction_New(*at, f->globals);
    if (!func) return NULL;
    Py_CLEAR(*at);
    PyObject **field[4] = {&func->func_defaults, &func->func_kwdefaults, &func->func_annotations, &func->func_closure};
    for (int i = 0; i < 4; i++)
        if (part[i]) {
            Py_XSETREF(*field[i], *part[i]);
            *part[i] = NULL;
        }
    return (PyObject *)func;
}
int kr_vm_list_extend(PyObject *list, PyObject *iterable) {
    if (kr_list_extend((PyListObject *)list, iterable) == 0) return 0;
    if (PyErr_ExceptionMatches(PyExc_TypeError) && !Py_TYPE(iterable)->tp_iter && !PySequence_Check(iterable))
        PyErr_Format(PyExc_TypeError, "Value after * must be an iterable, not %.200s", Py_TYPE(iterable)->tp_name);
    return -1;
}
int kr_vm_dict_update(PyObject *dict, PyObject *mapping) {
    if (PyDict_Update(dict, mapping) == 0) return 0;
    if (PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Format(PyExc_TypeError, "'%.200s' object is not a mapping", Py_TYPE(mapping)->tp_name);
    return -1;
}
int kr_vm_append_str(PyObject **at, PyObject *text) {
    Py_INCREF(text);            /* it may be what *at holds */
    PyUnicode_Append(at, text);
    Py_DECREF(text);
    return *at ? 0 : -1;
}
int kr_vm_dict_merge(PyObject *dict, PyObject *mapping, PyObject *callee) {
    if (_PyDict_MergeEx(dict, mapping, 2) == 0) return 0;
    PyObject *text = NULL;
    if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        if ((text = _PyObject_FunctionStr(callee)))
            PyErr_Format(PyExc_TypeError, "%U argument after ** must be a mapping, not %.200s", text, Py_TYPE(mapping)->tp_name);
    } else if (PyErr_ExceptionMatches(PyExc_KeyError)) {
        PyObject *t, *v, *tb;
        PyErr_Fetch(&t, &v, &tb);
        PyErr_NormalizeException(&t, &v, &tb);
        PyObject *args = v ? PyObject_GetAttr(v, KR_STR(args)) : NULL;
        if (args && PyTuple_Check(args) && PyTuple_GET_SIZE(args) == 1 && (text = _PyObject_FunctionStr(callee))) {
            PyErr_Format(PyExc_TypeError, "%U got multiple values for keyword argument '%S'", text, PyTuple_GET_ITEM(args, 0));
            Py_XDECREF(t);
            Py_XDECREF(v);
            Py_XDECREF(tb);
        } else {
            PyErr_Restore(t, v, tb);
        }
        Py_XDECREF(args);
    }
    Py_XDECREF(text);
    return -1;
}
PyObject *kr_vm_convert(PyObject *value, int conversion) {
    switch (conversion) {
    case 1: return PyObject_Str(value);
    case 2: return PyObject_Repr(value);
    case 3: return PyObject_ASCII(value);
    default: return Py_NewRef(value);
    }
}
PyObject *kr_vm_format(PyObject *value, int conversion, PyObject *spec) {
    PyObject *v = kr_vm_convert(value, conversion);
    if (!v || (PyUnicode_CheckExact(v) && !spec)) return v;
    PyObject *r = PyObject_Format(v, spec);
    Py_DECREF(v);
    return r;
}
PyObject *kr_vm_call_ex(PyObject *callable, PyObject *args, PyObject *kwargs) {
    PyObject *tuple = NULL, *text;
    if (!PyTuple_CheckExact(args)) {
        if (!Py_TYPE(args)->tp_iter && !PySequence_Check(args)) {
            if ((text = _PyObject_FunctionStr(callable)))
                PyErr_Format(PyExc_TypeError, "%U argument after * must be an iterable, not %.200s", text, Py_TYPE(args)->tp_name);
            Py_XDECREF(text);
            return NULL;
        }
        if (!(args = tuple = PySequence_Tuple(args))) return NULL;
    }
    PyObject *r = PyObject_Call(callable, args, kwargs);
    Py_XDECREF(tuple);
    return r;
}

/* ------------------------------------------------------------------ exceptions */

/* An instance for `raise exc`; steals. NULL with TypeError. */
static PyObject *exception_instance(PyObject *exc, const char *message) {
    if (PyExceptionInstance_Check(exc)) return exc;
    PyObject *v = NULL;
    if (PyExceptionClass_Check(exc)) {
        v = PyObject_CallNoArgs(exc);
        if (v && !PyExceptionInstance_Check(v)) {
            PyErr_Format(PyExc_TypeError, "calling %R should have returned an instance of BaseException, not %R", exc, Py_TYPE(v));
            Py_CLEAR(v);
        }
    } else {
        PyErr_SetString(PyExc_TypeError, message);
    }
    Py_DECREF(exc);
    return v;
}
void kr_vm_raise(PyObject *exc, PyObject *cause) {
    if (!exc) {
        PyObject *v = PyErr_GetHandledException();
        if (!v) {
            PyErr_SetString(PyExc_RuntimeError, "No active exception to reraise");
            return;
        }
        PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(v)), v, PyException_GetTraceback(v));
        return;
    }
    PyObject *v = exception_instance(exc, "exceptions must derive from BaseException");
    if (v && cause) {
        PyObject *c = cause == Py_None ? NULL : exception_instance(cause, "exception causes must derive from BaseException");
        if (cause == Py_None) Py_DECREF(cause);
        if (!c && cause != Py_None) Py_CLEAR(v);
        else PyException_SetCause(v, c);
        cause = NULL;
    }
    Py_XDECREF(cause);
    if (!v) return;
    PyErr_SetObject((PyObject *)Py_TYPE(v), v);
    Py_DECREF(v);
}
static int check_except_type(PyObject *type, const char *message) {
    if (PyTuple_Check(type)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type); i++)
            if (!PyExceptionClass_Check(PyTuple_GET_ITEM(type, i))) {
                PyErr_SetString(PyExc_TypeError, message);
                return -1;
            }
        return 0;
    }
    if (PyExceptionClass_Check(type)) return 0;
    PyErr_SetString(PyExc_TypeError, message);
    return -1;
}
int kr_vm_exc_matches(PyObject *exc, PyObject *type) {
    if (check_except_type(type, "catching classes that do not inherit from BaseException is not allowed") < 0) return -1;
    return PyErr_GivenExceptionMatches(exc, type);
}
static int refuse_groups(PyObject *type) {
    for (Py_ssize_t i = 0, n = PyTuple_Check(type) ? PyTuple_GET_SIZE(type) : 1; i < n; i++) {
        int group = PyObject_IsSubclass(PyTuple_Check(type) ? PyTuple_GET_ITEM(type, i) : type, PyExc_BaseExceptionGroup);
        if (group > 0) PyErr_SetString(PyExc_TypeError, "catching ExceptionGroup with except* is not allowed. Use except instead.");
        if (group) return -1;
    }
    return 0;
}
int kr_vm_split_group(PyObject *exc, PyObject *type, PyObject **match, PyObject **rest) {
    if (check_except_type(type, "catching classes that do not inherit from BaseException is not allowed") < 0 || refuse_groups(type) < 0) return -1;
    return kr_exception_group_match(exc, type, match, rest);
}
PyObject *kr_vm_get_aiter(PyObject *o) {
    PyAsyncMethods *m = Py_TYPE(o)->tp_as_async;
    if (!m || !m->am_aiter) {
        PyErr_Format(PyExc_TypeError, "'async for' requires an object with __aiter__ method, got %.100s", Py_TYPE(o)->tp_name);
        return NULL;
    }
    PyObject *it = m->am_aiter(o);
    if (it && (!Py_TYPE(it)->tp_as_async || !Py_TYPE(it)->tp_as_async->am_anext)) {
        PyErr_Format(PyExc_TypeError, "'async for' received an object from __aiter__ that does not implement __anext__: %.100s", Py_TYPE(it)->tp_name);
        Py_CLEAR(it);
    }
    return it;
}
PyObject *kr_vm_get_anext(PyObject *it) {
    PyAsyncMethods *m = Py_TYPE(it)->tp_as_async;
    if (!m || !m->am_anext) return PyErr_Format(PyExc_TypeError, "'async for' requires an iterator with __anext__ method, got %.100s", Py_TYPE(it)->tp_name);
    PyObject *next = m->am_anext(it), *awaitable = next ? kr_coro_awaitable_iter(next) : NULL;
    if (next && !awaitable)
        _PyErr_FormatFromCause(PyExc_TypeError, "'async for' received an invalid object from __anext__: %.100s", Py_TYPE(next)->tp_name);
    Py_XDECREF(next);
    return awaitable;
}
PyObject *kr_vm_exit_with(PyObject *exit, PyObject *exc) {
    PyObject *tb = PyException_GetTraceback(exc), *args[] = {(PyObject *)Py_TYPE(exc), exc, tb ? tb : Py_None};
    PyObject *v = PyObject_Vectorcall(exit, args, 3, NULL);
    Py_XDECREF(tb);
    return v;
}
int kr_vm_print_expr(PyObject *value) {
    PyObject *hook = Py_XNewRef(PySys_GetObject("displayhook")), *v = hook ? PyObject_CallOneArg(hook, value) : NULL;
    if (!hook) PyErr_SetString(PyExc_RuntimeError, "lost sys.displayhook");
    Py_XDECREF(hook);
    Py_XDECREF(v);
    return v ? 0 : -1;
}
/* A special method of o's type bound to o; NULL without exception when there is none. */
static PyObject *special(PyObject *o, PyObject *name) {
    PyObject *m = _PyType_Lookup(Py_TYPE(o), name);
    if (!m) return NULL;
    descrgetfunc get = Py_TYPE(m)->tp_descr_get;
    return get ? get(m, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(m);
}
int kr_vm_enter_with(PyObject *manager, bool is_async, PyObject **exit, PyObject **entered) {
    PyObject *enter = special(manager, is_async ? KR_STR(__aenter__) : KR_STR(__enter__));
    const char *kind = is_async ? "asynchronous context manager" : "context manager";
    if (!enter) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "'%.200s' object does not support the %s protocol", Py_TYPE(manager)->tp_name, kind);
        return -1;
    }
    *exit = special(manager, is_async ? KR_STR(__aexit__) : KR_STR(__exit__));
    if (!*exit) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "'%.200s' object does not support the %s protocol (missed %s method)", Py_TYPE(manager)->tp_name, kind, is_async ? "__aexit__" : "__exit__");
        Py_DECREF(enter);
        return -1;
    }
    *entered = PyObject_CallNoArgs(enter);
    Py_DECREF(enter);
    if (*entered) return 0;
    Py_CLEAR(*exit);
    return -1;
}

/* ------------------------------------------------------------------ imports */

PyObject *kr_vm_import_name(KrFrame *f, PyObject *name, PyObject *fromlist, PyObject *level) {
    PyObject *import = mapping_get(f->builtins, KR_STR(__import__));
    if (!import) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ImportError, "__import__ not found");
        return NULL;
    }
    PyObject *locals = f->locals ? f->locals : Py_None, *r;
    if (import == kr_interp()->import_func) {
        int n = _PyLong_AsInt(level);
        r = n == -1 && PyErr_Occurred() ? NULL : PyImport_ImportModuleLevelObject(name, f->globals, locals, fromlist, n);
    } else {
        PyObject *args[] = {name, f->globals, locals, fromlist, level};
        r = PyObject_Vectorcall(import, args, 5, NULL);
    }
    Py_DECREF(import);
    return r;
}
PyObject *kr_vm_import_from(PyObject *module, PyObject *name) {
    PyObject *v;
    if (_PyObject_LookupAttr(module, name, &v) != 0) return v;
    /* a circular import may have put the submodule into sys.modules already */
    PyObject *package = PyObject_GetAttr(module, KR_STR(__name__)), *full = NULL, *file = NULL, *text = NULL;
    if (package && PyUnicode_Check(package)) {
        if (!(full = PyUnicode_FromFormat("%U.%U", package, name))) goto done;
        if ((v = PyImport_GetModule(full)) || PyErr_Occurred()) goto done;
    } else {
        PyErr_Clear();
        Py_XSETREF(package, PyUnicode_FromString("<unknown module name>"));
        if (!package) goto done;
    }
    file = PyModule_Check(module) ? PyModule_GetFilenameObject(module) : NULL;
    if (!file) {
        PyErr_Clear();
        text = PyUnicode_FromFormat("cannot import name %R from %R (unknown location)", name, package);
    } else {
        PyObject *spec = PyObject_GetAttr(module, KR_STR(__spec__)), *busy = NULL;
        int initializing = 0;
        if (spec && _PyObject_LookupAttr(spec, KR_STR(_initializing), &busy) > 0) initializing = PyObject_IsTrue(busy);
        if (!spec || initializing < 0) PyErr_Clear();
        Py_XDECREF(spec);
        Py_XDECREF(busy);
        text = PyUnicode_FromFormat(initializing > 0 ? "cannot import name %R from partially initialized module %R (most likely due to a circular import) (%S)"
                                                     : "cannot import name %R from %R (%S)", name, package, file);
    }
    if (text) PyErr_SetImportError(text, package, file);
done:
    Py_XDECREF(package);
    Py_XDECREF(full);
    Py_XDECREF(file);
    Py_XDECREF(text);
    return v;
}
int kr_vm_import_star(KrFrame *f, PyObject *module) {
    PyObject *all, *dict = NULL;
    bool skip_underscore = false;
    if (_PyObject_LookupAttr(module, KR_STR(__all__), &all) < 0) return -1;
    if (!all) {
        if (_PyObject_LookupAttr(module, KR_STR(__dict__), &dict) < 0) return -1;
        if (!dict) {
            PyErr_SetString(PyExc_ImportError, "from-import-* object has no __dict__ and no __all__");
            return -1;
        }
        all = PyMapping_Keys(dict);
        Py_DECREF(dict);
        if (!all) return -1;
        skip_underscore = true;
    }
    int rc = 0;
    for (Py_ssize_t i = 0; rc == 0; i++) {
        PyObject *name = PySequence_GetItem(all, i);
        if (!name) {
            if (PyErr_ExceptionMatches(PyExc_IndexError)) PyErr_Clear();
            else rc = -1;
            break;
        }
        if (!PyUnicode_Check(name)) {
            PyObject *m = PyObject_GetAttr(module, KR_STR(__name__));
            if (m && PyUnicode_Check(m))
                PyErr_Format(PyExc_TypeError, "%s in %U.%s must be str, not %.100s", skip_underscore ? "Key" : "Item", m, skip_underscore ? "__dict__" : "__all__", Py_TYPE(name)->tp_name);
            else if (m)
                PyErr_Format(PyExc_TypeError, "module __name__ must be a string, not %.100s", Py_TYPE(m)->tp_name);
            Py_XDECREF(m);
            rc = -1;
        } else if (!skip_underscore || PyUnicode_GET_LENGTH(name) == 0 || PyUnicode_READ_CHAR(name, 0) != '_') {
            /* a plain module's public names are what its dict has */
            bool plain = PyModule_CheckExact(module) && PyUnicode_CheckExact(name) && PyUnicode_GET_LENGTH(name) && PyUnicode_READ_CHAR(name, 0) != '_';
            PyObject *v = plain ? Py_XNewRef(PyDict_GetItemWithError(PyModule_GetDict(module), name)) : NULL;
            if (!v && !PyErr_Occurred()) v = PyObject_GetAttr(module, name);
            rc = v ? kr_vm_store_name(f, name, v) : -1;
            Py_XDECREF(v);
        }
        Py_DECREF(name);
    }
    Py_DECREF(all);
    return rc;
}

/* ------------------------------------------------------------------ matching */

PyObject *kr_vm_match_keys(PyObject *subject, PyObject *keys) {
    Py_ssize_t n = PyTuple_GET_SIZE(keys);
    PyObject *values = PyTuple_New(n), *get = NULL, *seen = NULL, *dummy = NULL;
    if (!values || n == 0) return values;
    if (!(get = PyObject_GetAttr(subject, KR_STR(get))) || !(seen = PySet_New(NULL)) || !(dummy = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type))) goto fail;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *key = PyTuple_GET_ITEM(keys, i);
        int again = PySet_Contains(seen, key);
        if (again < 0 || (!again && PySet_Add(seen, key) < 0)) goto fail;
        if (again) {
            PyErr_Format(PyExc_ValueError, "mapping pattern checks duplicate key (%R)", key);
            goto fail;
        }
        PyObject *v = PyObject_CallFunctionObjArgs(get, key, dummy, NULL);
        if (!v) goto fail;
        if (v == dummy) {
            Py_DECREF(v);
            Py_SETREF(values, Py_NewRef(Py_None));
            break;
        }
        PyTuple_SET_ITEM(values, i, v);
    }
    goto done;
fail:
    Py_CLEAR(values);
done:
    Py_XDECREF(get);
    Py_XDECREF(seen);
    Py_XDECREF(dummy);
    return values;
}
/* Attribute `name` of the subject, once; NULL without exception when it has none. */
static PyObject *match_attr(PyObject *subject, PyObject *type, PyObject *name, PyObject *seen) {
    int again = PySet_Contains(seen, name);
    if (again || PySet_Add(seen, name) < 0) {
        if (again > 0) PyErr_Format(PyExc_TypeError, "%s() got multiple sub-patterns for attribute %R", ((PyTypeObject *)type)->tp_name, name);
        return NULL;
    }
    PyObject *v;
    _PyObject_LookupAttr(subject, name, &v);
    return v;
}
PyObject *kr_vm_match_class(PyObject *subject, PyObject *type, Py_ssize_t npos, PyObject *names) {
    if (!PyType_Check(type)) return PyErr_Format(PyExc_TypeError, "called match pattern must be a class");
    int is = PyObject_IsInstance(subject, type);
    if (is <= 0) return is < 0 ? NULL : Py_NewRef(Py_None);
    PyObject *seen = PySet_New(NULL), *list = PyList_New(0), *result = NULL, *match_args = NULL, *v;
    if (!seen || !list) goto done;
    if (npos) {
        bool self = false;
        if (_PyObject_LookupAttr(type, KR_STR(__match_args__), &match_args) < 0) goto done;
        if (match_args && !PyTuple_CheckExact(match_args)) {
            PyErr_Format(PyExc_TypeError, "%s.__match_args__ must be a tuple (got %s)", ((PyTypeObject *)type)->tp_name, Py_TYPE(match_args)->tp_name);
            goto done;
        }
        if (!match_args) self = PyType_HasFeature((PyTypeObject *)type, _Py_TPFLAGS_MATCH_SELF);
        Py_ssize_t allowed = self ? 1 : match_args ? PyTuple_GET_SIZE(match_args) : 0;
        if (allowed < npos) {
            PyErr_Format(PyExc_TypeError, "%s() accepts %zd positional sub-pattern%s (%zd given)", ((PyTypeObject *)type)->tp_name, allowed, allowed == 1 ? "" : "s", npos);
            goto done;
        }
        if (self && PyList_Append(list, subject) < 0) goto done;
        for (Py_ssize_t i = 0; !self && i < npos; i++) {
            PyObject *name = PyTuple_GET_ITEM(match_args, i);
            if (!PyUnicode_CheckExact(name)) {
                PyErr_Format(PyExc_TypeError, "__match_args__ elements must be strings (got %s)", Py_TYPE(name)->tp_name);
                goto done;
            }
            if (!(v = match_attr(subject, type, name, seen))) goto absent;
            int rc = PyList_Append(list, v);
            Py_DECREF(v);
            if (rc < 0) goto done;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (!(v = match_attr(subject, type, PyTuple_GET_ITEM(names, i), seen))) goto absent;
        int rc = PyList_Append(list, v);
        Py_DECREF(v);
        if (rc < 0) goto done;
    }
    result = PyList_AsTuple(list);
    goto done;
absent:
    if (!PyErr_Occurred()) result = Py_NewRef(Py_None);
done:
    Py_XDECREF(seen);
    Py_XDECREF(list);
    Py_XDECREF(match_args);
    return result;
}
