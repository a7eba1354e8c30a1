/* exceptions_group.c - BaseExceptionGroup and ExceptionGroup: several exceptions raised as one, and what except* needs.
 *
 * A group is immutable: msg is a str and excs a non-empty tuple of exceptions, some of which may be groups, so a group is a
 * tree. split and subgroup cut the tree by a condition on its nodes: a node that meets it is taken whole. The parts
 * are made by the group's derive(), and get its traceback, cause, context and notes. ExceptionGroup is a heap class, as it
 * derives from BaseExceptionGroup and Exception; it belongs to the interpreter's runtime state.
 */
#include "object/exceptions.h"
#include "object/tuple.h"
#include "runtime/errors.h"

#define GROUP(o) ((PyBaseExceptionGroupObject *)(o))
#define BASE(o) ((PyBaseExceptionObject *)(o))
KR_EXC_LIFECYCLE(BaseExceptionGroup, PyBaseExceptionGroupObject, msg, 2)

KR_INLINE PyObject *exception_group(void) { return kr_interp()->runtime.exception_group; }
KR_INLINE bool is_group(PyObject *o) { return PyObject_TypeCheck(o, &kr_exc_BaseExceptionGroup); }

/* ------------------------------------------------------------------ construction and text */

/* Checks that all are exceptions; *base: some are not of Exception. */
static bool check_members(PyObject *excs, bool *base) {
    Py_ssize_t n = PyTuple_GET_SIZE(excs);
    *base = false;
    if (n == 0) {
        PyErr_SetString(PyExc_ValueError, "second argument (exceptions) must be a non-empty sequence");
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *e = PyTuple_GET_ITEM(excs, i);
        if (!PyExceptionInstance_Check(e)) {
            PyErr_Format(PyExc_ValueError, "Item %d of second argument (exceptions) is not an exception", (int)i);
            return false;
        }
        if (!PyObject_TypeCheck(e, &kr_exc_Exception)) *base = true;
    }
    return true;
}

static PyObject *kr_exc_BaseExceptionGroup_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    PyObject *message, *seq;
    if (!PyArg_ParseTuple(args, "UO:BaseExceptionGroup.__new__", &message, &seq)) return NULL;
    if (!PySequence_Check(seq)) {
        PyErr_SetString(PyExc_TypeError, "second argument (exceptions) must be a sequence");
        return NULL;
    }
    PyObject *excs = PySequence_Tuple(seq), *o;
    bool base;
    if (!excs || !check_members(excs, &base)) goto failed;
    if (t == &kr_exc_BaseExceptionGroup) {
        if (!base) t = (PyTypeObject *)exception_group();
    } else if (base && t == (PyTypeObject *)exception_group()) {
        PyErr_SetString(PyExc_TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
        goto failed;
    } else if (base && PyType_IsSubtype(t, &kr_exc_Exception)) {
        PyErr_Format(PyExc_TypeError, "Cannot nest BaseExceptions in '%.200s'", t->tp_name);
        goto failed;
    }
    if (!(o = kr_exc_BaseException_new(t, args, kwds))) goto failed;
    GROUP(o)->msg = Py_NewRef(message);
    GROUP(o)->excs = excs;
    return o;
failed:
    Py_XDECREF(excs);
    return NULL;
}

static int kr_exc_BaseExceptionGroup_init(PyObject *o, PyObject *args, PyObject *kwds) { return kr_exc_BaseException_init(o, args, kwds); }

PyObject *kr_exception_group_new(const char *message, PyObject *exceptions) {
    return PyObject_CallFunction((PyObject *)&kr_exc_BaseExceptionGroup, "(sO)", message, exceptions);
}
PyObject *_PyExc_CreateExceptionGroup(const char *message, PyObject *exceptions) { return kr_exception_group_new(message, exceptions); }

static PyObject *group_str(PyObject *o) {
    Py_ssize_t n = PyTuple_GET_SIZE(GROUP(o)->excs);
    return PyUnicode_FromFormat("%S (%zd sub-exception%s)", GROUP(o)->msg, n, n > 1 ? "s" : "");
}

static PyObject *group_derive(PyObject *o, PyObject *args) {
    PyObject *excs;
    if (!PyArg_ParseTuple(args, "O", &excs)) return NULL;
    return PyObject_CallFunctionObjArgs((PyObject *)&kr_exc_BaseExceptionGroup, GROUP(o)->msg, excs, NULL);
}

/* ------------------------------------------------------------------ splitting */

typedef enum { BY_TYPE, BY_PREDICATE, BY_IDENTITY } Condition;
typedef struct { PyObject *match, *rest; } Parts; /* owned; NULL for nothing */

/* The part of `group` that has just the exceptions of the list: NULL without an exception for an empty list. */
static int make_part(PyObject *group, PyObject *list, PyObject **part) {
    *part = NULL;
    if (PyList_GET_SIZE(list) == 0) return 0;
    PyObject *name = PyUnicode_InternFromString("derive");
    PyObject *g = name ? PyObject_CallMethodOneArg(group, name, list) : NULL;
    Py_XDECREF(name);
    if (!g) return -1;
    if (!is_group(g)) {
        PyErr_SetString(PyExc_TypeError, "derive must return an instance of BaseExceptionGroup");
        goto failed;
    }
    if (BASE(group)->traceback && PyException_SetTraceback(g, BASE(group)->traceback) < 0) goto failed;
    PyException_SetContext(g, PyException_GetContext(group));
    PyException_SetCause(g, PyException_GetCause(group));
    PyObject *notes;
    if (_PyObject_LookupAttr(group, KR_STR(__notes__), &notes) < 0) goto failed;
    if (notes) {
        int r = 0;
        if (PySequence_Check(notes)) { /* each part has a list of its own */
            PyObject *copy = PySequence_List(notes);
            r = copy ? PyObject_SetAttr(g, KR_STR(__notes__), copy) : -1;
            Py_XDECREF(copy);
        }
        Py_DECREF(notes);
        if (r < 0) goto failed;
    }
    *part = g;
    return 0;
failed:
    Py_DECREF(g);
    return -1;
}

static int meets(PyObject *e, Condition how, PyObject *value) {
    switch (how) {
    case BY_TYPE: return PyErr_GivenExceptionMatches(e, value);
    case BY_PREDICATE: {
        PyObject *r = PyObject_CallOneArg(value, e);
        int truth = r ? PyObject_IsTrue(r) : -1;
        Py_XDECREF(r);
        return truth;
    }
    default: {
        if (is_group(e)) return 0;
        PyObject *id = PyLong_FromVoidPtr(e);
        int in = id ? PySet_Contains(value, id) : -1;
        Py_XDECREF(id);
        return in;
    }
    }
}

static int split_tree(PyObject *e, Condition how, PyObject *value, bool want_rest, Parts *out) {
    *out = (Parts){NULL, NULL};
    int yes = meets(e, how, value);
    if (yes < 0) return -1;
    if (yes) {
        out->match = Py_NewRef(e);
        return 0;
    }
    if (!is_group(e)) {
        if (want_rest) out->rest = Py_NewRef(e);
        return 0;
    }
    PyObject *match = PyList_New(0), *rest = want_rest ? PyList_New(0) : NULL;
    int r = match && (rest || !want_rest) ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(GROUP(e)->excs); i++) {
        Parts parts;
        if ((r = Py_EnterRecursiveCall(" in exceptiongroup_split_recursive") ? -1 : 0) < 0) break;
        r = split_tree(PyTuple_GET_ITEM(GROUP(e)->excs, i), how, value, want_rest, &parts);
        Py_LeaveRecursiveCall();
        if (r == 0 && parts.match) r = PyList_Append(match, parts.match);
        if (r == 0 && parts.rest) r = PyList_Append(rest, parts.rest);
        Py_XDECREF(parts.match);
        Py_XDECREF(parts.rest);
    }
    if (r == 0) r = make_part(e, match, &out->match);
    if (r == 0 && want_rest && (r = make_part(e, rest, &out->rest)) < 0) Py_CLEAR(out->match);
    Py_XDECREF(match);
    Py_XDECREF(rest);
    return r;
}

/* What a condition given from Python is. */
static bool condition_of(PyObject *value, Condition *how) {
    if (PyFunction_Check(value)) {
        *how = BY_PREDICATE;
        return true;
    }
    bool ok = PyExceptionClass_Check(value);
    if (PyTuple_CheckExact(value)) {
        ok = true;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); i++) ok &= PyExceptionClass_Check(PyTuple_GET_ITEM(value, i));
    }
    if (!ok) PyErr_SetString(PyExc_TypeError, "expected a function, exception type or tuple of exception types");
    *how = BY_TYPE;
    return ok;
}

static PyObject *group_split(PyObject *o, PyObject *args) {
    PyObject *value;
    Condition how;
    Parts parts;
    if (!PyArg_UnpackTuple(args, "split", 1, 1, &value) || !condition_of(value, &how) || split_tree(o, how, value, true, &parts) < 0) return NULL;
    return kr_tuple_pair_steal(parts.match ? parts.match : Py_NewRef(Py_None), parts.rest ? parts.rest : Py_NewRef(Py_None));
}

static PyObject *group_subgroup(PyObject *o, PyObject *args) {
    PyObject *value;
    Condition how;
    Parts parts;
    if (!PyArg_UnpackTuple(args, "subgroup", 1, 1, &value) || !condition_of(value, &how) || split_tree(o, how, value, false, &parts) < 0) return NULL;
    return parts.match ? parts.match : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ except* */

int kr_exception_group_match(PyObject *e, PyObject *type, PyObject **match, PyObject **rest) {
    *match = *rest = NULL;
    if (e == Py_None) {
        *match = Py_NewRef(Py_None);
        *rest = Py_NewRef(Py_None);
        return 0;
    }
    if (PyErr_GivenExceptionMatches(e, type)) {
        if (is_group(e)) {
            *match = Py_NewRef(e);
        } else {
            PyObject *one = PyTuple_Pack(1, e);
            if (!one) return -1;
            *match = kr_exception_group_new("", one);
            Py_DECREF(one);
            if (!*match) return -1;
        }
        *rest = Py_NewRef(Py_None);
        return 0;
    }
    if (is_group(e)) {
        PyObject *name = PyUnicode_InternFromString("split"); /* a subclass may have its own */
        PyObject *pair = name ? PyObject_CallMethodOneArg(e, name, type) : NULL;
        Py_XDECREF(name);
        if (!pair) return -1;
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) < 2) {
            if (!PyTuple_CheckExact(pair))
                PyErr_Format(PyExc_TypeError, "%.200s.split must return a tuple, not %.200s", Py_TYPE(e)->tp_name, Py_TYPE(pair)->tp_name);
            else
                PyErr_Format(PyExc_TypeError, "%.200s.split must return a 2-tuple, got tuple of size %zd", Py_TYPE(e)->tp_name, PyTuple_GET_SIZE(pair));
            Py_DECREF(pair);
            return -1;
        }
        *match = Py_NewRef(PyTuple_GET_ITEM(pair, 0));
        *rest = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
        Py_DECREF(pair);
        return 0;
    }
    *match = Py_NewRef(Py_None);
    *rest = Py_NewRef(e);
    return 0;
}

/* Adds the addresses of e's leaves to a set. */
static int collect_leaves(PyObject *e, PyObject *set) {
    if (e == Py_None) return 0;
    if (!is_group(e)) {
        PyObject *id = PyLong_FromVoidPtr(e);
        int r = id ? PySet_Add(set, id) : -1;
        Py_XDECREF(id);
        return r;
    }
    int r = Py_EnterRecursiveCall(" in collect_exception_group_leaf_ids") ? -1 : 0;
    if (r < 0) return -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(GROUP(e)->excs); i++) r = collect_leaves(PyTuple_GET_ITEM(GROUP(e)->excs, i), set);
    Py_LeaveRecursiveCall();
    return r;
}

/* The part of a group that has the leaves of the exceptions in the list; None if there are none. */
static PyObject *project(PyObject *group, PyObject *list) {
    PyObject *set = PySet_New(NULL);
    Parts parts = {NULL, NULL};
    int r = set ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(list); i++) r = collect_leaves(PyList_GET_ITEM(list, i), set);
    if (r == 0) r = split_tree(group, BY_IDENTITY, set, false, &parts);
    Py_XDECREF(set);
    if (r < 0) return NULL;
    return parts.match ? parts.match : Py_NewRef(Py_None);
}

/* Whether e is a part of the exception that came in that nobody touched: derive() copied these over. */
static bool is_left_over(PyObject *e, PyObject *original) {
    return BASE(e)->notes == BASE(original)->notes && BASE(e)->traceback == BASE(original)->traceback &&
           BASE(e)->cause == BASE(original)->cause && BASE(e)->context == BASE(original)->context;
}

PyObject *kr_exception_group_reraise(PyObject *original, PyObject *exceptions) {
    Py_ssize_t n = PyList_GET_SIZE(exceptions);
    if (n == 0) Py_RETURN_NONE;
    if (!is_group(original)) /* a lone exception: at most one clause ran */
        return Py_NewRef(PyList_GET_ITEM(exceptions, 0));
    PyObject *raised = PyList_New(0), *left = PyList_New(0), *again = NULL, *r = NULL;
    if (!raised || !left) goto out;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *e = PyList_GET_ITEM(exceptions, i);
        if (e != Py_None && PyList_Append(is_left_over(e, original) ? left : raised, e) < 0) goto out;
    }
    again = project(original, left);
    if (!again) goto out;
    if (PyList_GET_SIZE(raised) == 0) {
        r = Py_NewRef(again);
        goto out;
    }
    if (again != Py_None && PyList_Append(raised, again) < 0) goto out;
    r = kr_exception_group_new("", raised);
out:
    Py_XDECREF(raised);
    Py_XDECREF(left);
    Py_XDECREF(again);
    return r;
}
PyObject *_PyExc_PrepReraiseStar(PyObject *original, PyObject *exceptions) { return kr_exception_group_reraise(original, exceptions); }

/* ------------------------------------------------------------------ types */

static PyMemberDef group_members[] = {
    {"message", T_OBJECT, offsetof(PyBaseExceptionGroupObject, msg), READONLY, PyDoc_STR("exception message")},
    {"exceptions", T_OBJECT, offsetof(PyBaseExceptionGroupObject, excs), READONLY, PyDoc_STR("nested exceptions")},
    {NULL},
};
static PyMethodDef group_methods[] = {
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    {"derive", group_derive, METH_VARARGS},
    {"split", group_split, METH_VARARGS},
    {"subgroup", group_subgroup, METH_VARARGS},
    {NULL},
};

PyTypeObject kr_exc_BaseExceptionGroup = {
    KR_EXC_TYPE(BaseExceptionGroup, &kr_exc_BaseException, BaseExceptionGroup, PyBaseExceptionGroupObject),
    .tp_doc = PyDoc_STR("Several exceptions that have nothing to do with each other."),
    .tp_str = group_str,
    .tp_members = group_members,
    .tp_methods = group_methods,
};
PyObject *PyExc_BaseExceptionGroup = (PyObject *)&kr_exc_BaseExceptionGroup;

int kr_exc_group_init(PyObject *dict) {
    PyObject *bases = PyTuple_Pack(2, PyExc_BaseExceptionGroup, PyExc_Exception);
    if (!bases) return -1;
    PyObject *cls = PyErr_NewException("builtins.ExceptionGroup", bases, NULL);
    Py_DECREF(bases);
    if (!cls) return -1;
    Py_XSETREF(kr_interp()->runtime.exception_group, cls);
    return PyDict_SetItemString(dict, "ExceptionGroup", cls);
}

void kr_exc_group_fini(KrInterp *interp) { Py_CLEAR(interp->runtime.exception_group); }
