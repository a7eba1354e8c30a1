/* object.c - what every object can do: repr, str, comparison, hash, truth, attributes, dir; None and NotImplemented.
 *
 * Attribute look-up order (the data model's): a data descriptor of the type, the instance's own storage (instance.c), any
 * other class attribute. A failed look-up is found out without making an exception wherever the caller doesn't want
 * one (kr_object_generic_getattr with suppress). AttributeErrors that leave PyObject_GetAttr carry `name` and `obj`.
 */
#include "object/object.h"
#include "object/container.h"
#include "object/instance.h"
#include "object/long.h"
#include "object/module.h"
#include "object/type.h"
#include <errno.h>
#include <stdio.h>

/* ------------------------------------------------------------------ text forms */

PyObject *PyObject_Repr(PyObject *o) {
    if (PyErr_CheckSignals())
        return NULL;
    if (o == NULL)
        return PyUnicode_FromString("<NULL>");
    reprfunc f = Py_TYPE(o)->tp_repr;
    if (f == NULL)
        return PyUnicode_FromFormat("<%s object at %p>", Py_TYPE(o)->tp_name, o);
    if (Py_EnterRecursiveCall(" while getting the repr of an object"))
        return NULL;
    PyObject *r = f(o);
    Py_LeaveRecursiveCall();
    if (r != NULL && !PyUnicode_Check(r)) {
        PyErr_Format(PyExc_TypeError, "__repr__ returned non-string (type %.200s)", Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return NULL;
    }
    return r;
}

PyObject *PyObject_Str(PyObject *o) {
    if (o != NULL && PyUnicode_CheckExact(o)) {
        if (PyUnicode_READY(o) < 0)
            return NULL;
        return Py_NewRef(o);
    }
    if (PyErr_CheckSignals())
        return NULL;
    if (o == NULL)
        return PyUnicode_FromString("<NULL>");
    reprfunc f = Py_TYPE(o)->tp_str;
    if (f == NULL)
        return PyObject_Repr(o);
    if (Py_EnterRecursiveCall(" while getting the str of an object"))
        return NULL;
    PyObject *r = f(o);
    Py_LeaveRecursiveCall();
    if (r != NULL && !PyUnicode_Check(r)) {
        PyErr_Format(PyExc_TypeError, "__str__ returned non-string (type %.200s)", Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return NULL;
    }
    return r;
}

PyObject *PyObject_ASCII(PyObject *o) {
    PyObject *repr = PyObject_Repr(o);
    if (repr == NULL || PyUnicode_IS_ASCII(repr))
        return repr;
    PyObject *bytes = PyUnicode_AsEncodedString(repr, "ascii", "backslashreplace");
    Py_DECREF(repr);
    if (bytes == NULL)
        return NULL;
    PyObject *r = PyUnicode_DecodeASCII(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), "strict");
    Py_DECREF(bytes);
    return r;
}

PyObject *PyObject_Bytes(PyObject *o) {
    if (o == NULL)
        return PyBytes_FromString("<NULL>");
    if (PyBytes_CheckExact(o))
        return Py_NewRef(o);
    PyObject *method = kr_lookup_special(o, KR_STR(__bytes__));
    if (method != NULL) {
        PyObject *r = PyObject_CallNoArgs(method);
        Py_DECREF(method);
        if (r != NULL && !PyBytes_Check(r)) {
            PyErr_Format(PyExc_TypeError, "__bytes__ returned non-bytes (type %.200s)", Py_TYPE(r)->tp_name);
            Py_DECREF(r);
            return NULL;
        }
        return r;
    }
    return PyErr_Occurred() ? NULL : PyBytes_FromObject(o);
}

/* Writes repr(o), or str(o) with Py_PRINT_RAW, to a C stream. */
int PyObject_Print(PyObject *o, FILE *f, int flags) {
    if (PyErr_CheckSignals())
        return -1;
    clearerr(f);
    if (o == NULL) {
        Py_BEGIN_ALLOW_THREADS fputs("<nil>", f);
        Py_END_ALLOW_THREADS
    } else if (Py_REFCNT(o) <= 0) {
        Py_BEGIN_ALLOW_THREADS fprintf(f, "<refcnt %zd at %p>", Py_REFCNT(o), (void *)o);
        Py_END_ALLOW_THREADS
    } else {
        PyObject *s = flags & Py_PRINT_RAW ? PyObject_Str(o) : PyObject_Repr(o);
        if (s == NULL)
            return -1;
        PyObject *b = PyUnicode_AsEncodedString(s, "utf-8", "backslashreplace");
        Py_DECREF(s);
        if (b == NULL)
            return -1;
        fwrite(PyBytes_AS_STRING(b), 1, (size_t)PyBytes_GET_SIZE(b), f);
        Py_DECREF(b);
    }
    if (ferror(f)) {
        PyErr_SetFromErrno(PyExc_OSError);
        clearerr(f);
        return -1;
    }
    return 0;
}

/* "module.qualname()" for messages about a call; str(o) for what has no name. */
PyObject *_PyObject_FunctionStr(PyObject *o) {
    PyObject *qualname, *module, *r = NULL;
    int found = _PyObject_LookupAttr(o, KR_STR(__qualname__), &qualname);
    if (found < 0)
        return NULL;
    if (found == 0)
        return PyObject_Str(o);
    found = _PyObject_LookupAttr(o, KR_STR(__module__), &module);
    if (found >= 0) {
        if (module != NULL && module != Py_None) {
            int builtin = PyObject_RichCompareBool(module, KR_STR(builtins), Py_EQ);
            if (builtin == 0)
                r = PyUnicode_FromFormat("%S.%S()", module, qualname);
            else if (builtin > 0)
                r = PyUnicode_FromFormat("%S()", qualname);
        } else {
            r = PyUnicode_FromFormat("%S()", qualname);
        }
    }
    Py_XDECREF(module);
    Py_DECREF(qualname);
    return r;
}

/* Containers call this before their repr and Py_ReprLeave after: 1 when o's repr is already being made in this thread. The
 * objects being shown are a list in the thread's dict. */
int Py_ReprEnter(PyObject *o) {
    PyObject *d = PyThreadState_GetDict();
    if (d == NULL)
        return 0;
    PyObject *list = PyDict_GetItemWithError(d, KR_STR(Py_Repr));
    if (list == NULL) {
        if (PyErr_Occurred() || (list = PyList_New(0)) == NULL)
            return -1;
        int bad = PyDict_SetItem(d, KR_STR(Py_Repr), list);
        Py_DECREF(list);
        if (bad < 0)
            return -1;
    }
    for (Py_ssize_t i = PyList_GET_SIZE(list); --i >= 0;)
        if (PyList_GET_ITEM(list, i) == o)
            return 1;
    return PyList_Append(list, o) < 0 ? -1 : 0;
}

void Py_ReprLeave(PyObject *o) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyObject *d = PyThreadState_GetDict(), *list = d == NULL ? NULL : PyDict_GetItemWithError(d, KR_STR(Py_Repr));
    if (list != NULL && PyList_Check(list))
        for (Py_ssize_t i = PyList_GET_SIZE(list); --i >= 0;)
            if (PyList_GET_ITEM(list, i) == o) {
                PyList_SetSlice(list, i, i + 1, NULL);
                break;
            }
    PyErr_Restore(type, value, tb);
}

/* ------------------------------------------------------------------ comparison, hash, truth */

int _Py_SwappedOp[] = {Py_GT, Py_GE, Py_EQ, Py_NE, Py_LT, Py_LE};
static const char *const op_text[] = {"<", "<=", "==", "!=", ">", ">="};

/* The right operand's method, then what is so of all objects. */
static PyObject *compare_swapped(PyObject *a, PyObject *b, int op, bool tried) {
    richcmpfunc f = tried ? NULL : Py_TYPE(b)->tp_richcompare;
    if (f != NULL) {
        PyObject *r = f(b, a, _Py_SwappedOp[op]);
        if (r != Py_NotImplemented)
            return r;
        Py_DECREF(r);
    }
    if (op == Py_EQ)
        return Py_NewRef(a == b ? Py_True : Py_False);
    if (op == Py_NE)
        return Py_NewRef(a != b ? Py_True : Py_False);
    PyErr_Format(PyExc_TypeError, "'%s' not supported between instances of '%.100s' and '%.100s'", op_text[op],
                 Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
    return NULL;
}
PyObject *kr_compare_declined(PyObject *a, PyObject *b, int op) { return compare_swapped(a, b, op, false); }

/* Tries both operands' methods, the right one's first when its type is a subtype of the left one's. */
static PyObject *compare(PyObject *a, PyObject *b, int op) {
    PyTypeObject *ta = Py_TYPE(a), *tb = Py_TYPE(b);
    richcmpfunc f;
    PyObject *r;
    bool tried_swapped = false;
    if (ta != tb && (f = tb->tp_richcompare) != NULL && PyType_IsSubtype(tb, ta)) {
        tried_swapped = true;
        r = f(b, a, _Py_SwappedOp[op]);
        if (r != Py_NotImplemented)
            return r;
        Py_DECREF(r);
    }
    if ((f = ta->tp_richcompare) != NULL) {
        r = f(a, b, op);
        if (r != Py_NotImplemented)
            return r;
        Py_DECREF(r);
    }
    return compare_swapped(a, b, op, tried_swapped);
}

PyObject *PyObject_RichCompare(PyObject *a, PyObject *b, int op) {
    if (a == NULL || b == NULL) {
        if (!PyErr_Occurred())
            PyErr_BadInternalCall();
        return NULL;
    }
    if (Py_TYPE(a) == Py_TYPE(b) && (PyUnicode_CheckExact(a) || PyLong_CheckExact(a)))
        return Py_TYPE(a)->tp_richcompare(a, b, op);
    if (Py_EnterRecursiveCall(" in comparison"))
        return NULL;
    PyObject *r = compare(a, b, op);
    Py_LeaveRecursiveCall();
    return r;
}

/* 1 or 0, with identity meaning equality; -1 with an exception set. */
int PyObject_RichCompareBool(PyObject *a, PyObject *b, int op) {
    if (a == b) {
        if (op == Py_EQ)
            return 1;
        if (op == Py_NE)
            return 0;
    }
    if (Py_TYPE(a) == Py_TYPE(b)) {
        if (op == Py_EQ || op == Py_NE) {
            int eq = kr_equal_plain(a, b);
            if (eq >= 0)
                return eq == (op == Py_EQ);
        } else if (PyLong_CheckExact(a) || (PyUnicode_CheckExact(a) && PyUnicode_IS_READY(a) && PyUnicode_IS_READY(b))) {
            int order = PyLong_CheckExact(a) ? kr_long_compare(a, b) : PyUnicode_Compare(a, b);
            return op == Py_LT ? order < 0 : op == Py_LE ? order <= 0 : op == Py_GT ? order > 0 : order >= 0;
        }
    }
    PyObject *r = PyObject_RichCompare(a, b, op);
    if (r == NULL)
        return -1;
    int truth = PyBool_Check(r) ? r == Py_True : PyObject_IsTrue(r);
    Py_DECREF(r);
    return truth;
}

Py_hash_t PyObject_HashNotImplemented(PyObject *o) {
    PyErr_Format(PyExc_TypeError, "unhashable type: '%.200s'", Py_TYPE(o)->tp_name);
    return -1;
}

/* Where the C stack is used up, or the type is not ready or has no tp_hash. */
static KR_COLD Py_hash_t hash_rarely(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    if (kr_c_stack_low()) {
        kr_raise_stack_low(" while hashing an object");
        return -1;
    }
    if (t->tp_dict == NULL && PyType_Ready(t) < 0)
        return -1;
    return t->tp_hash != NULL ? t->tp_hash(o) : PyObject_HashNotImplemented(o);
}
/* Not Py_EnterRecursiveCall: hashing has no limit but the C stack's. */
Py_hash_t PyObject_Hash(PyObject *o) {
    hashfunc hash = Py_TYPE(o)->tp_hash;
    return KR_LIKELY(hash != NULL && !kr_c_stack_low()) ? hash(o) : hash_rarely(o);
}

int PyObject_IsTrue(PyObject *o) {
    if (o == Py_True)
        return 1;
    if (o == Py_False || o == Py_None)
        return 0;
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyUnicode_Type && PyUnicode_IS_READY(o))
        return PyUnicode_GET_LENGTH(o) != 0;
    if (t == &PyLong_Type)
        return Py_SIZE(o) != 0;
    Py_ssize_t r;
    if (t->tp_as_number != NULL && t->tp_as_number->nb_bool != NULL)
        r = t->tp_as_number->nb_bool(o);
    else if (t->tp_as_mapping != NULL && t->tp_as_mapping->mp_length != NULL)
        r = t->tp_as_mapping->mp_length(o);
    else if (t->tp_as_sequence != NULL && t->tp_as_sequence->sq_length != NULL)
        r = t->tp_as_sequence->sq_length(o);
    else
        return 1;
    return r > 0 ? 1 : (int)r;
}

int PyObject_Not(PyObject *o) {
    int r = PyObject_IsTrue(o);
    return r < 0 ? r : !r;
}

int PyCallable_Check(PyObject *o) { return o != NULL && Py_TYPE(o)->tp_call != NULL; }

/* Whether o.__isabstractmethod__ is true; -1 with an exception set. */
int _PyObject_IsAbstract(PyObject *o) {
    PyObject *flag;
    if (o == NULL)
        return 0;
    int r = _PyObject_LookupAttr(o, KR_STR(__isabstractmethod__), &flag);
    if (r > 0) {
        r = PyObject_IsTrue(flag);
        Py_DECREF(flag);
    }
    return r;
}

PyObject *PyObject_SelfIter(PyObject *o) { return Py_NewRef(o); }

/* tp_iternext of types that define __next__ nowhere but need the slot filled. */
PyObject *_PyObject_NextNotImplemented(PyObject *o) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not iterable", Py_TYPE(o)->tp_name);
    return NULL;
}

/* ------------------------------------------------------------------ attributes */

static bool name_is_str(PyObject *name) {
    if (KR_LIKELY(PyUnicode_Check(name)))
        return true;
    PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(name)->tp_name);
    return false;
}

static void raise_no_attribute(PyObject *o, PyObject *name) {
    PyErr_Format(PyExc_AttributeError, "'%.100s' object has no attribute '%U'", Py_TYPE(o)->tp_name, name);
}

KR_COLD void kr_attribute_error_context(PyObject *o, PyObject *name) {
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    if (PyErr_GivenExceptionMatches(value, PyExc_AttributeError)) {
        PyAttributeErrorObject *e = (PyAttributeErrorObject *)value;
        if (e->name == NULL && e->obj == NULL) {
            e->name = Py_NewRef(name);
            e->obj = Py_NewRef(o);
        }
    }
    PyErr_Restore(type, value, tb);
}

PyObject *kr_object_generic_getattr(PyObject *o, PyObject *name, PyObject *dict, int suppress) {
    PyTypeObject *t = Py_TYPE(o);
    if (!name_is_str(name))
        return NULL;
    if (KR_UNLIKELY(t->tp_dict == NULL) && PyType_Ready(t) < 0)
        return NULL;
    PyObject *descr = _PyType_Lookup(t, name), *r;
    descrgetfunc get = NULL;
    if (descr != NULL) {
        Py_INCREF(descr);
        get = Py_TYPE(descr)->tp_descr_get;
        if (get != NULL && Py_TYPE(descr)->tp_descr_set != NULL) {
            r = get(descr, o, (PyObject *)t);
            goto called;
        }
    }
    if (dict == NULL) {
        r = kr_instance_get(o, name);
    } else {
        Py_INCREF(dict);
        r = Py_XNewRef(PyDict_GetItemWithError(dict, name));
        Py_DECREF(dict);
    }
    if (r != NULL) {
        Py_XDECREF(descr);
        return r;
    }
    if (KR_UNLIKELY(PyErr_Occurred() != NULL)) {
        Py_XDECREF(descr);
        if (suppress && PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Clear();
        return NULL;
    }
    if (get != NULL) {
        r = get(descr, o, (PyObject *)t);
        goto called;
    }
    if (descr != NULL)
        return descr;
    if (!suppress) {
        raise_no_attribute(o, name);
        kr_attribute_error_context(o, name);
    }
    return NULL;
called:
    Py_DECREF(descr);
    if (r == NULL && suppress && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return r;
}

PyObject *_PyObject_GenericGetAttrWithDict(PyObject *o, PyObject *name, PyObject *dict, int suppress) {
    return kr_object_generic_getattr(o, name, dict, suppress);
}
PyObject *PyObject_GenericGetAttr(PyObject *o, PyObject *name) { return kr_object_generic_getattr(o, name, NULL, 0); }

int _PyObject_GenericSetAttrWithDict(PyObject *o, PyObject *name, PyObject *value, PyObject *dict) {
    PyTypeObject *t = Py_TYPE(o);
    if (!name_is_str(name))
        return -1;
    if (KR_UNLIKELY(t->tp_dict == NULL) && PyType_Ready(t) < 0)
        return -1;
    int r;
    Py_INCREF(name);
    Py_INCREF(t);
    PyObject *descr = Py_XNewRef(_PyType_Lookup(t, name));
    if (descr != NULL) {
        descrsetfunc set = Py_TYPE(descr)->tp_descr_set;
        if (set != NULL) {
            r = set(descr, o, value);
            goto done;
        }
    }
    if (dict == NULL) {
        if (t->tp_dictoffset == 0 && !kr_has_managed_dict(o)) {
            if (descr == NULL)
                raise_no_attribute(o, name);
            else
                PyErr_Format(PyExc_AttributeError, "'%.50s' object attribute '%U' is read-only", t->tp_name, name);
            r = -1;
            goto done;
        }
        r = kr_instance_set(o, name, value);
    } else {
        Py_INCREF(dict);
        r = value == NULL ? PyDict_DelItem(dict, name) : PyDict_SetItem(dict, name, value);
        Py_DECREF(dict);
        if (r < 0 && PyErr_ExceptionMatches(PyExc_KeyError))
            r = -2;
    }
    if (r == -2) {
        if (PyType_IsSubtype(t, &PyType_Type))
            PyErr_Format(PyExc_AttributeError, "type object '%.50s' has no attribute '%U'", ((PyTypeObject *)o)->tp_name, name);
        else
            raise_no_attribute(o, name);
        r = -1;
    }
done:
    Py_XDECREF(descr);
    Py_DECREF(t);
    Py_DECREF(name);
    return r;
}

int PyObject_GenericSetAttr(PyObject *o, PyObject *name, PyObject *value) {
    return _PyObject_GenericSetAttrWithDict(o, name, value, NULL);
}

PyObject *PyObject_GetAttr(PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    if (!name_is_str(name))
        return NULL;
    if (kr_c_stack_low())
        return kr_raise_stack_low(" while getting an attribute");
    PyObject *r = NULL;
    if (KR_LIKELY(t->tp_getattro != NULL)) {
        r = t->tp_getattro(o, name);
    } else if (t->tp_getattr != NULL) {
        const char *s = PyUnicode_AsUTF8(name);
        if (s == NULL)
            return NULL;
        r = t->tp_getattr(o, (char *)s);
    } else {
        raise_no_attribute(o, name);
    }
    if (KR_UNLIKELY(r == NULL))
        kr_attribute_error_context(o, name);
    return r;
}

int _PyObject_LookupAttr(PyObject *o, PyObject *name, PyObject **result) {
    PyTypeObject *t = Py_TYPE(o);
    *result = NULL;
    if (!name_is_str(name))
        return -1;
    if (kr_c_stack_low()) {
        kr_raise_stack_low(" while getting an attribute");
        return -1;
    }
    if (t->tp_getattro == PyObject_GenericGetAttr) {
        *result = kr_object_generic_getattr(o, name, NULL, 1);
        return *result != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
    }
    if (t->tp_getattro == PyType_Type.tp_getattro) {
        *result = kr_type_getattr((PyTypeObject *)o, name, 1);
        return *result != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
    }
    if (t->tp_getattro == PyModule_Type.tp_getattro) {
        int found = kr_module_lookup(o, name, result);
        if (found != 2)
            return found;
    }
    if (t->tp_getattro != NULL) {
        *result = t->tp_getattro(o, name);
    } else if (t->tp_getattr != NULL) {
        const char *s = PyUnicode_AsUTF8(name);
        if (s == NULL)
            return -1;
        *result = t->tp_getattr(o, (char *)s);
    } else {
        return 0;
    }
    if (*result != NULL)
        return 1;
    if (!PyErr_ExceptionMatches(PyExc_AttributeError))
        return -1;
    PyErr_Clear();
    return 0;
}

int PyObject_HasAttr(PyObject *o, PyObject *name) {
    PyObject *r;
    if (_PyObject_LookupAttr(o, name, &r) < 0) {
        PyErr_Clear();
        return 0;
    }
    Py_XDECREF(r);
    return r != NULL;
}

int PyObject_SetAttr(PyObject *o, PyObject *name, PyObject *value) {
    PyTypeObject *t = Py_TYPE(o);
    if (!name_is_str(name))
        return -1;
    if (kr_c_stack_low()) {
        kr_raise_stack_low(" while setting an attribute");
        return -1;
    }
    int r = -1;
    Py_INCREF(name);
    PyUnicode_InternInPlace(&name);
    if (KR_LIKELY(t->tp_setattro != NULL)) {
        r = t->tp_setattro(o, name, value);
    } else if (t->tp_setattr != NULL) {
        const char *s = PyUnicode_AsUTF8(name);
        if (s != NULL)
            r = t->tp_setattr(o, (char *)s, value);
    } else {
        PyErr_Format(PyExc_TypeError,
                     t->tp_getattr == NULL && t->tp_getattro == NULL ? "'%.100s' object has no attributes (%s .%U)"
                                                                     : "'%.100s' object has only read-only attributes (%s .%U)",
                     t->tp_name, value == NULL ? "del" : "assign to", name);
    }
    Py_DECREF(name);
    return r;
}

PyObject *PyObject_GetAttrString(PyObject *o, const char *name) {
    if (Py_TYPE(o)->tp_getattr != NULL)
        return Py_TYPE(o)->tp_getattr(o, (char *)name);
    PyObject *s = PyUnicode_FromString(name);
    if (s == NULL)
        return NULL;
    PyObject *r = PyObject_GetAttr(o, s);
    Py_DECREF(s);
    return r;
}

int PyObject_HasAttrString(PyObject *o, const char *name) {
    PyObject *r = PyObject_GetAttrString(o, name);
    if (r == NULL) {
        PyErr_Clear();
        return 0;
    }
    Py_DECREF(r);
    return 1;
}

int PyObject_SetAttrString(PyObject *o, const char *name, PyObject *value) {
    if (Py_TYPE(o)->tp_setattr != NULL)
        return Py_TYPE(o)->tp_setattr(o, (char *)name, value);
    PyObject *s = PyUnicode_FromString(name);
    if (s == NULL)
        return -1;
    int r = PyObject_SetAttr(o, s, value);
    Py_DECREF(s);
    return r;
}

PyObject *_PyObject_GetAttrId(PyObject *o, _Py_Identifier *id) {
    PyObject *name = _PyUnicode_FromId(id);
    return name == NULL ? NULL : PyObject_GetAttr(o, name);
}
int _PyObject_SetAttrId(PyObject *o, _Py_Identifier *id, PyObject *value) {
    PyObject *name = _PyUnicode_FromId(id);
    return name == NULL ? -1 : PyObject_SetAttr(o, name, value);
}
int _PyObject_LookupAttrId(PyObject *o, _Py_Identifier *id, PyObject **result) {
    PyObject *name = _PyUnicode_FromId(id);
    if (name == NULL) {
        *result = NULL;
        return -1;
    }
    return _PyObject_LookupAttr(o, name, result);
}

/* Looks up o.name for a call. 1: *method is a function to be called with o put before the arguments; 0: *method is the
 * attribute, or NULL with an exception set. */
int _PyObject_GetMethod(PyObject *o, PyObject *name, PyObject **method) {
    PyTypeObject *t = Py_TYPE(o);
    *method = NULL;
    if (t->tp_getattro != PyObject_GenericGetAttr || !PyUnicode_Check(name)) {
        *method = PyObject_GetAttr(o, name);
        return 0;
    }
    if (KR_UNLIKELY(t->tp_dict == NULL) && PyType_Ready(t) < 0)
        return 0;
    PyObject *descr = _PyType_Lookup(t, name);
    descrgetfunc get = NULL;
    bool unbound = false;
    if (descr != NULL) {
        Py_INCREF(descr);
        if (PyType_HasFeature(Py_TYPE(descr), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
            unbound = true;
        } else {
            get = Py_TYPE(descr)->tp_descr_get;
            if (get != NULL && Py_TYPE(descr)->tp_descr_set != NULL) {
                *method = get(descr, o, (PyObject *)t);
                Py_DECREF(descr);
                if (*method == NULL)
                    kr_attribute_error_context(o, name);
                return 0;
            }
        }
    }
    PyObject *own = kr_instance_get(o, name);
    if (own != NULL || PyErr_Occurred()) {
        *method = own;
        Py_XDECREF(descr);
        return 0;
    }
    if (unbound) {
        *method = descr;
        return 1;
    }
    if (get != NULL) {
        *method = get(descr, o, (PyObject *)t);
        Py_DECREF(descr);
        if (*method == NULL)
            kr_attribute_error_context(o, name);
        return 0;
    }
    if (descr != NULL) {
        *method = descr;
        return 0;
    }
    raise_no_attribute(o, name);
    kr_attribute_error_context(o, name);
    return 0;
}

/* Getter for __dict__. */
PyObject *PyObject_GenericGetDict(PyObject *o, void *context) {
    PyObject *d = kr_object_dict(o);
    if (d == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_AttributeError, "This object has no __dict__");
    return Py_XNewRef(d);
}

/* Setter for __dict__. */
int PyObject_GenericSetDict(PyObject *o, PyObject *value, void *context) {
    PyObject **p = kr_object_dict_ptr(o);
    if (p == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_AttributeError, "This object has no __dict__");
        return -1;
    }
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "cannot delete __dict__");
        return -1;
    }
    if (!PyDict_Check(value)) {
        PyErr_Format(PyExc_TypeError, "__dict__ must be set to a dictionary, not a '%.200s'", Py_TYPE(value)->tp_name);
        return -1;
    }
    Py_XSETREF(*p, Py_NewRef(value));
    return 0;
}

/* ------------------------------------------------------------------ dir */

static PyObject *dir_of_locals(void) {
    PyObject *locals = PyEval_GetLocals();
    if (locals == NULL)
        return NULL;
    PyObject *names = PyMapping_Keys(locals);
    if (names != NULL && !PyList_Check(names)) {
        PyErr_Format(PyExc_TypeError, "dir(): expected keys() of locals to be a list, not '%.200s'", Py_TYPE(names)->tp_name);
        Py_CLEAR(names);
    }
    if (names != NULL && PyList_Sort(names) < 0)
        Py_CLEAR(names);
    return names;
}

PyObject *PyObject_Dir(PyObject *o) {
    if (o == NULL)
        return dir_of_locals();
    PyObject *method = kr_lookup_special(o, KR_STR(__dir__));
    if (method == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "object does not provide __dir__");
        return NULL;
    }
    PyObject *r = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (r == NULL)
        return NULL;
    PyObject *names = PySequence_List(r);
    Py_DECREF(r);
    if (names != NULL && PyList_Sort(names) < 0)
        Py_CLEAR(names);
    return names;
}

/* ------------------------------------------------------------------ None */

static PyObject *none_repr(PyObject *o) { return PyUnicode_FromString("None"); }
static int none_bool(PyObject *o) { return 0; }
/* None and NotImplemented are immortal; a count that reaches 0 is somebody's bug, and is repaired. */
static void singleton_dealloc(PyObject *o) { kr_make_immortal(o); }

static bool singleton_takes_no_arguments(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    if (PyTuple_GET_SIZE(args) == 0 && (kwds == NULL || PyDict_GET_SIZE(kwds) == 0))
        return true;
    PyErr_Format(PyExc_TypeError, "%s takes no arguments", t == &_PyNone_Type ? "NoneType" : "NotImplementedType");
    return false;
}

static PyObject *none_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    return singleton_takes_no_arguments(t, args, kwds) ? Py_NewRef(Py_None) : NULL;
}

static PyNumberMethods none_as_number = {.nb_bool = none_bool};

PyTypeObject _PyNone_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "NoneType",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = singleton_dealloc,
    .tp_repr = none_repr,
    .tp_as_number = &none_as_number,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = none_new,
};
PyObject _Py_NoneStruct = {KR_IMMORTAL_REFCNT, &_PyNone_Type};

/* ------------------------------------------------------------------ NotImplemented */

static PyObject *notimplemented_repr(PyObject *o) { return PyUnicode_FromString("NotImplemented"); }
static PyObject *notimplemented_reduce(PyObject *o, PyObject *unused) { return PyUnicode_FromString("NotImplemented"); }
static int notimplemented_bool(PyObject *o) {
    return PyErr_WarnEx(PyExc_DeprecationWarning, "NotImplemented should not be used in a boolean context", 1) < 0 ? -1 : 1;
}
static PyObject *notimplemented_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    return singleton_takes_no_arguments(t, args, kwds) ? Py_NewRef(Py_NotImplemented) : NULL;
}

static PyMethodDef notimplemented_methods[] = {{"__reduce__", notimplemented_reduce, METH_NOARGS, NULL}, {NULL}};
static PyNumberMethods notimplemented_as_number = {.nb_bool = notimplemented_bool};

PyTypeObject _PyNotImplemented_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "NotImplementedType",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = singleton_dealloc,
    .tp_repr = notimplemented_repr,
    .tp_as_number = &notimplemented_as_number,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = notimplemented_methods,
    .tp_new = notimplemented_new,
};
PyObject _Py_NotImplementedStruct = {KR_IMMORTAL_REFCNT, &_PyNotImplemented_Type};
