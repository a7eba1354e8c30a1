/* reduce.c - pickling what is no value of a built-in type: references to the attributes of modules (functions, classes), and
 * objects as a call that makes them again (__reduce_ex__ and its relatives).
 */
#include "module/pickle/pickle.h"
#include "object/long.h"

/* ------------------------------------------------------------------ names */

static void no_attribute(PyObject *name, PyObject *o) {
    PyErr_Clear();
    PyErr_Format(PyExc_AttributeError, "Can't get attribute %R on %R", name, o);
}
PyObject *kr_pickle_deep_attribute(PyObject *o, PyObject *name, bool parts, PyObject **parent) {
    PyObject *found = NULL, *last = NULL;
    if (parent) *parent = NULL;
    if (!parts || !PyUnicode_Check(name) || PyUnicode_FindChar(name, '.', 0, PyUnicode_GET_LENGTH(name), 1) < 0) {
        if (parts && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "<locals>") == 0)
            return PyErr_Format(PyExc_AttributeError, "Can't pickle local attribute %R on %R", name, o);
        if (_PyObject_LookupAttr(o, name, &found) == 0) no_attribute(name, o);
        if (found && parent) *parent = Py_NewRef(o);
        return found;
    }
    PyObject *dot = PyUnicode_FromString("."), *path = dot ? PyUnicode_Split(name, dot, -1) : NULL;
    Py_XDECREF(dot);
    if (!path) return NULL;
    found = Py_NewRef(o);
    for (Py_ssize_t i = 0; found && i < PyList_GET_SIZE(path); i++) {
        PyObject *part = PyList_GET_ITEM(path, i);
        Py_XSETREF(last, found);
        found = NULL;
        if (PyUnicode_CompareWithASCIIString(part, "<locals>") == 0) PyErr_Format(PyExc_AttributeError, "Can't pickle local attribute %R on %R", name, o);
        else if (_PyObject_LookupAttr(last, part, &found) == 0) no_attribute(name, o);
    }
    Py_DECREF(path);
    if (parent && found) *parent = last;
    else Py_XDECREF(last);
    return found;
}
/* Whether o is what `name` means in the module; errors of the look-up mean no. -1 when an exception isn't an AttributeError. */
static int is_in_module(PyObject *module, PyObject *module_name, PyObject *name, PyObject *o) {
    if (module == Py_None) return 0;
    if (PyUnicode_Check(module_name) &&
        (PyUnicode_CompareWithASCIIString(module_name, "__main__") == 0 || PyUnicode_CompareWithASCIIString(module_name, "__mp_main__") == 0))
        return 0;
    PyObject *found = kr_pickle_deep_attribute(module, name, true, NULL);
    if (!found) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
        PyErr_Clear();
        return 0;
    }
    Py_DECREF(found);
    return found == o;
}
/* The name of the module that o says it is from, or is found in. */
static PyObject *which_module(PyObject *o, PyObject *name) {
    PyObject *module_name;
    if (_PyObject_LookupAttr(o, KR_STR(__module__), &module_name) < 0) return NULL;
    if (module_name && module_name != Py_None) return module_name;
    Py_XDECREF(module_name);
    PyObject *modules = PySys_GetObject("modules"), *items = modules ? PyMapping_Items(modules) : NULL;
    if (!items) {
        if (!modules) PyErr_SetString(PyExc_RuntimeError, "unable to get sys.modules");
        return NULL;
    }
    module_name = NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items) && !module_name; i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) continue;
        int is = is_in_module(PyTuple_GET_ITEM(item, 1), PyTuple_GET_ITEM(item, 0), name, o);
        if (is < 0) {
            Py_DECREF(items);
            return NULL;
        }
        if (is) module_name = Py_NewRef(PyTuple_GET_ITEM(item, 0));
    }
    Py_DECREF(items);
    return module_name ? module_name : Py_NewRef(KR_STR(__main__));
}

/* ------------------------------------------------------------------ globals */

/* The number of a name that copyreg.add_extension() knows, as an opcode of its own: 1 if it was saved, 0 if there is none. */
static int save_extension(Pickler *p, PyObject *o, PyObject *module_name, PyObject *name) {
    PyObject *key = PyTuple_Pack(2, module_name, name), *number = key ? PyDict_GetItemWithError(p->st->extension_registry, key) : NULL;
    Py_XDECREF(key);
    if (!number) return PyErr_Occurred() ? -1 : 0;
    if (!PyLong_Check(number)) {
        PyErr_Format(p->st->pickling_error, "Can't pickle %R: extension code %R isn't an integer", o, number);
        return -1;
    }
    long code = PyLong_AsLong(number);
    if (code == -1 && PyErr_Occurred()) return -1;
    if (code <= 0 || code > INT32_MAX) {
        PyErr_Format(p->st->pickling_error, "Can't pickle %R: extension code %ld is out of range", o, code);
        return -1;
    }
    int n = code <= 0xff ? 1 : code <= 0xffff ? 2 : 4;
    char text[5] = {(char)(n == 1 ? OP_EXT1 : n == 2 ? OP_EXT2 : OP_EXT4)};
    for (int i = 0; i < n; i++) text[1 + i] = (char)(code >> (8 * i));
    return kr_pickle_put(p, text, 1 + n) < 0 ? -1 : 1;
}
/* The names that Python 2 has for a module and an attribute; replaces references. */
static int python2_names(const PickleState *st, PyObject **module_name, PyObject **name) {
    PyObject *key = PyTuple_Pack(2, *module_name, *name), *pair = key ? PyDict_GetItemWithError(st->reverse_name_mapping, key) : NULL;
    Py_XDECREF(key);
    if (pair) {
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_Format(PyExc_RuntimeError, "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples, not %.200s", Py_TYPE(pair)->tp_name);
            return -1;
        }
        PyObject *module2 = PyTuple_GET_ITEM(pair, 0), *name2 = PyTuple_GET_ITEM(pair, 1);
        if (!PyUnicode_Check(module2) || !PyUnicode_Check(name2)) {
            PyErr_Format(PyExc_RuntimeError, "_compat_pickle.REVERSE_NAME_MAPPING values should be pairs of str, not (%.200s, %.200s)",
                         Py_TYPE(module2)->tp_name, Py_TYPE(name2)->tp_name);
            return -1;
        }
        Py_SETREF(*module_name, Py_NewRef(module2));
        Py_SETREF(*name, Py_NewRef(name2));
        return 0;
    }
    PyObject *module2 = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(st->reverse_import_mapping, *module_name);
    if (!module2) return PyErr_Occurred() ? -1 : 0;
    if (!PyUnicode_Check(module2)) {
        PyErr_Format(PyExc_RuntimeError, "_compat_pickle.REVERSE_IMPORT_MAPPING values should be strings, not %.200s", Py_TYPE(module2)->tp_name);
        return -1;
    }
    Py_SETREF(*module_name, Py_NewRef(module2));
    return 0;
}
static int save_name_line(Pickler *p, PyObject *name, const char *what) {
    PyObject *encoded = p->proto >= 3 ? PyUnicode_AsUTF8String(name) : PyUnicode_AsASCIIString(name);
    if (!encoded) {
        if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            PyErr_Clear();
            PyErr_Format(p->st->pickling_error, "can't pickle %s identifier '%S' using pickle protocol %i", what, name, p->proto);
        }
        return -1;
    }
    int r = kr_pickle_put(p, PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded)) < 0 ? -1 : kr_pickle_op(p, '\n');
    Py_DECREF(encoded);
    return r;
}
/* GLOBAL and two lines of text. */
static int save_name_lines(Pickler *p, PyObject *module_name, PyObject *name) {
    Py_INCREF(module_name);
    Py_INCREF(name);
    int r = p->fix_imports && p->proto < 3 ? python2_names(p->st, &module_name, &name) : 0;
    if (r == 0) r = kr_pickle_op(p, OP_GLOBAL);
    if (r == 0) r = save_name_line(p, module_name, "module");
    if (r == 0) r = save_name_line(p, name, "global");
    Py_DECREF(module_name);
    Py_DECREF(name);
    return r;
}
/* The part of a dotted name behind the last dot. */
static PyObject *last_part(PyObject *name) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(name), dot = PyUnicode_FindChar(name, '.', 0, n, -1);
    return dot < 0 ? Py_NewRef(name) : PyUnicode_Substring(name, dot + 1, n);
}
/* A name that is known to lead from the module by way of `parent`, which may be the module after all, to o. */
static int save_found(Pickler *p, PyObject *o, PyObject *module, PyObject *module_name, PyObject *name, PyObject *parent) {
    int r = p->proto >= 2 ? save_extension(p, o, module_name, name) : 0;
    if (r) return r < 0 ? -1 : 0;
    if (p->proto >= 4) {
        if (kr_pickle_save(p, module_name, false) < 0 || kr_pickle_save(p, name, false) < 0 || kr_pickle_op(p, OP_STACK_GLOBAL) < 0) return -1;
    } else if (parent != module) {
        PyObject *last = last_part(name), *reduced = last ? Py_BuildValue("(O(ON))", p->st->getattr, parent, last) : NULL;
        r = reduced ? kr_pickle_save_reduce(p, reduced, NULL) : -1;
        Py_XDECREF(reduced);
        if (r < 0) return -1;
    } else if (save_name_lines(p, module_name, name) < 0) {
        return -1;
    }
    return kr_pickle_memoize(p, o);
}
/* The names of o: its qualified name unless one is given, and its module. */
static int find_names(PyObject *o, PyObject **name, PyObject **module_name) {
    if (*name) Py_INCREF(*name);
    else if (_PyObject_LookupAttr(o, KR_STR(__qualname__), name) < 0) return -1;
    else if (!*name && !(*name = PyObject_GetAttr(o, KR_STR(__name__)))) return -1;
    if (PyUnicode_Check(*name) && PyUnicode_READY(*name) == 0 && PyUnicode_FindChar(*name, '<', 0, PyUnicode_GET_LENGTH(*name), 1) >= 0) {
        PyObject *dot = PyUnicode_FromString("."), *parts = dot ? PyUnicode_Split(*name, dot, -1) : NULL;
        Py_XDECREF(dot);
        if (!parts) return -1;
        bool local = false;
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parts); i++)
            local = local || PyUnicode_CompareWithASCIIString(PyList_GET_ITEM(parts, i), "<locals>") == 0;
        Py_DECREF(parts);
        if (local) {
            PyErr_Format(PyExc_AttributeError, "Can't pickle local object %R", *name);
            return -1;
        }
    }
    return (*module_name = which_module(o, *name)) ? 0 : -1;
}
/* The module of that name, imported if need be. */
static PyObject *module_named(PyObject *name) {
    PyObject *module = PyUnicode_Check(name) ? PyImport_GetModule(name) : NULL;
    if (module || PyErr_Occurred()) return module;
    PyObject *package = PyImport_ImportModuleLevelObject(name, NULL, NULL, NULL, 0);
    if (!package) return NULL;
    module = PyImport_GetModule(name);
    if (!module && !PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, name);
    Py_DECREF(package);
    return module;
}
int kr_pickle_save_global(Pickler *p, PyObject *o, PyObject *name) {
    PyObject *module_name = NULL, *module = NULL, *found = NULL, *parent = NULL;
    int r = -1;
    if (find_names(o, &name, &module_name) < 0) goto done;
    if (!(module = module_named(module_name))) {
        PyErr_Clear();
        PyErr_Format(p->st->pickling_error, "Can't pickle %R: import of module %R failed", o, module_name);
        goto done;
    }
    if (!(found = kr_pickle_deep_attribute(module, name, true, &parent))) {
        PyErr_Clear();
        PyErr_Format(p->st->pickling_error, "Can't pickle %R: attribute lookup %S on %S failed", o, name, module_name);
    } else if (found != o) {
        PyErr_Format(p->st->pickling_error, "Can't pickle %R: it's not the same object as %S.%S", o, module_name, name);
    } else {
        if (parent == module) Py_SETREF(name, last_part(name));
        r = name ? save_found(p, o, module, module_name, name, parent) : -1;
    }
done:
    Py_XDECREF(name);
    Py_XDECREF(module_name);
    Py_XDECREF(module);
    Py_XDECREF(found);
    Py_XDECREF(parent);
    return r;
}
int kr_pickle_save_type(Pickler *p, PyObject *o) {
    PyObject *only = o == (PyObject *)Py_TYPE(Py_None)             ? Py_None
                     : o == (PyObject *)&PyEllipsis_Type           ? Py_Ellipsis
                     : o == (PyObject *)Py_TYPE(Py_NotImplemented) ? Py_NotImplemented
                                                                   : NULL;
    if (!only) return kr_pickle_save_global(p, o, NULL);
    PyObject *reduced = Py_BuildValue("(O(O))", &PyType_Type, only);
    int r = reduced ? kr_pickle_save_reduce(p, reduced, o) : -1;
    Py_XDECREF(reduced);
    return r;
}

/* ------------------------------------------------------------------ reduced objects */

static int wrong(Pickler *p, const char *message) {
    PyErr_SetString(p->st->pickling_error, message);
    return -1;
}
static int wrong_type(Pickler *p, const char *message, PyObject *o) {
    PyErr_Format(p->st->pickling_error, message, Py_TYPE(o)->tp_name);
    return -1;
}
/* copyreg.__newobj_ex__(cls, args, kwargs) */
static int save_newobj_ex(Pickler *p, PyObject *args) {
    if (PyTuple_GET_SIZE(args) != 3) {
        PyErr_Format(p->st->pickling_error, "length of the NEWOBJ_EX argument tuple must be exactly 3, not %zd", PyTuple_GET_SIZE(args));
        return -1;
    }
    PyObject *cls = PyTuple_GET_ITEM(args, 0), *arguments = PyTuple_GET_ITEM(args, 1), *kwargs = PyTuple_GET_ITEM(args, 2);
    if (!PyType_Check(cls)) return wrong_type(p, "first item from NEWOBJ_EX argument tuple must be a class, not %.200s", cls);
    if (!PyTuple_Check(arguments)) return wrong_type(p, "second item from NEWOBJ_EX argument tuple must be a tuple, not %.200s", arguments);
    if (!PyDict_Check(kwargs)) return wrong_type(p, "third item from NEWOBJ_EX argument tuple must be a dict, not %.200s", kwargs);
    if (p->proto >= 4) {
        if (kr_pickle_save(p, cls, false) < 0 || kr_pickle_save(p, arguments, false) < 0 || kr_pickle_save(p, kwargs, false) < 0) return -1;
        return kr_pickle_op(p, OP_NEWOBJ_EX);
    }
    /* functools.partial(cls.__new__, cls, *args, **kwargs)() */
    PyObject *head = Py_BuildValue("(NO)", PyObject_GetAttr(cls, KR_STR(__new__)), cls), *all = head ? PySequence_Concat(head, arguments) : NULL;
    PyObject *partial = all ? PyObject_Call(p->st->partial, all, kwargs) : NULL, *none = partial ? PyTuple_New(0) : NULL;
    int r = none && kr_pickle_save(p, partial, false) == 0 && kr_pickle_save(p, none, false) == 0 ? kr_pickle_op(p, OP_REDUCE) : -1;
    Py_XDECREF(head);
    Py_XDECREF(all);
    Py_XDECREF(partial);
    Py_XDECREF(none);
    return r;
}
/* copyreg.__newobj__(cls, *args) */
static int save_newobj(Pickler *p, PyObject *args, PyObject *o) {
    if (PyTuple_GET_SIZE(args) < 1) return wrong(p, "__newobj__ arglist is empty");
    PyObject *cls = PyTuple_GET_ITEM(args, 0);
    if (!PyType_Check(cls)) return wrong(p, "args[0] from __newobj__ args is not a type");
    if (o && (PyObject *)Py_TYPE(o) != cls) {
        PyObject *class = PyObject_GetAttr(o, KR_STR(__class__));
        if (!class) return -1;
        Py_DECREF(class);
        if (class != cls) return wrong(p, "args[0] from __newobj__ args has the wrong class");
    }
    PyObject *rest = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args));
    int r = rest && kr_pickle_save(p, cls, false) == 0 && kr_pickle_save(p, rest, false) == 0 ? kr_pickle_op(p, OP_NEWOBJ) : -1;
    Py_XDECREF(rest);
    return r;
}
/* The object that callable(*args) makes, which is o if that isn't NULL. */
static int save_call(Pickler *p, PyObject *callable, PyObject *args, PyObject *o) {
    if (p->proto >= 2) {
        PyObject *name;
        if (_PyObject_LookupAttr(callable, KR_STR(__name__), &name) < 0) return -1;
        bool newobj = name && PyUnicode_Check(name) && _PyUnicode_EQ(name, KR_STR(__newobj__));
        bool newobj_ex = name && PyUnicode_Check(name) && _PyUnicode_EQ(name, KR_STR(__newobj_ex__));
        Py_XDECREF(name);
        if (newobj) return save_newobj(p, args, o);
        if (newobj_ex) return save_newobj_ex(p, args);
    }
    if (kr_pickle_save(p, callable, false) < 0 || kr_pickle_save(p, args, false) < 0) return -1;
    return kr_pickle_op(p, OP_REDUCE);
}
/* state_setter(o, state), of which nothing stays on the stack. */
static int save_state_setter(Pickler *p, PyObject *setter, PyObject *o, PyObject *state) {
    static const char end[] = {(char)OP_TUPLE2, OP_REDUCE, OP_POP};
    if (kr_pickle_save(p, setter, false) < 0 || kr_pickle_save(p, o, false) < 0 || kr_pickle_save(p, state, false) < 0) return -1;
    return kr_pickle_put(p, end, sizeof end);
}
int kr_pickle_save_reduce(Pickler *p, PyObject *reduced, PyObject *o) {
    PyObject *part[6] = {NULL};         /* callable, args, state, list items, dict items, state setter */
    Py_ssize_t n = PyTuple_GET_SIZE(reduced);
    if (n < 2 || n > 6) return wrong(p, "tuple returned by __reduce__ must contain 2 through 6 elements");
    for (Py_ssize_t i = 0; i < n; i++) {
        part[i] = PyTuple_GET_ITEM(reduced, i);
        if (i >= 2 && part[i] == Py_None) part[i] = NULL;
    }
    PyObject *state = part[2], *list_items = part[3], *dict_items = part[4], *setter = part[5];
    if (!PyCallable_Check(part[0])) return wrong(p, "first item of the tuple returned by __reduce__ must be callable");
    if (!PyTuple_Check(part[1])) return wrong(p, "second item of the tuple returned by __reduce__ must be a tuple");
    if (list_items && !PyIter_Check(list_items))
        return wrong_type(p, "fourth element of the tuple returned by __reduce__ must be an iterator, not %s", list_items);
    if (dict_items && !PyIter_Check(dict_items))
        return wrong_type(p, "fifth element of the tuple returned by __reduce__ must be an iterator, not %s", dict_items);
    if (setter && !PyCallable_Check(setter))
        return wrong_type(p, "sixth element of the tuple returned by __reduce__ must be a function, not %s", setter);
    if (save_call(p, part[0], part[1], o) < 0) return -1;
    if (o) {
        if (kr_memo_find(&p->memo, o)) {        /* it was saved by what it is made of: that one is used */
            if (kr_pickle_op(p, OP_POP) < 0 || kr_pickle_get(p, o) < 0) return -1;
        } else if (kr_pickle_memoize(p, o) < 0) {
            return -1;
        }
    }
    if (list_items && kr_pickle_save_appends(p, list_items) < 0) return -1;
    if (dict_items && kr_pickle_save_setitems(p, dict_items) < 0) return -1;
    if (!state) return 0;
    if (setter && o) return save_state_setter(p, setter, o, state);
    return kr_pickle_save(p, state, false) < 0 ? -1 : kr_pickle_op(p, OP_BUILD);
}

/* The function that reduces objects of a type by one argument, from the Pickler's or copyreg's table; NULL without an exception
 * if there is none. */
static PyObject *find_reducer(Pickler *p, PyObject *type) {
    if (!p->dispatch_table) return Py_XNewRef(PyDict_GetItemWithError(p->st->dispatch_table, type));
    PyObject *reducer = PyObject_GetItem(p->dispatch_table, type);
    if (!reducer && PyErr_ExceptionMatches(PyExc_KeyError)) PyErr_Clear();
    return reducer;
}
/* What __reduce_ex__ or __reduce__ gives. */
static PyObject *reduce(Pickler *p, PyObject *o) {
    PyObject *method, *result, *protocol = kr_small_int(p->proto);
    if (Py_TYPE(o)->tp_getattro == PyObject_GenericGetAttr) {       /* then there is one, from object if from nowhere else */
        PyObject *args[] = {o, protocol};
        return PyObject_VectorcallMethod(KR_STR(__reduce_ex__), args, 2, NULL);
    }
    if (_PyObject_LookupAttr(o, KR_STR(__reduce_ex__), &method) < 0) return NULL;
    if (method) {
        result = PyObject_CallOneArg(method, protocol);
    } else {
        if (_PyObject_LookupAttr(o, KR_STR(__reduce__), &method) < 0) return NULL;
        if (!method) return PyErr_Format(p->st->pickling_error, "can't pickle '%.200s' object: %R", Py_TYPE(o)->tp_name, o);
        result = PyObject_CallNoArgs(method);
    }
    Py_DECREF(method);
    return result;
}
int kr_pickle_save_other(Pickler *p, PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject *reduced = NULL;
    if (p->reducer_override) {
        reduced = kr_pickle_call_hook(p, p->reducer_override, false, o);
        if (!reduced) return -1;
        if (reduced == Py_NotImplemented) Py_CLEAR(reduced);
    }
    if (!reduced) {
        if (type == &PyType_Type) return kr_pickle_save_type(p, o);
        if (type == &PyFunction_Type) return kr_pickle_save_global(p, o, NULL);
        PyObject *reducer = find_reducer(p, (PyObject *)type);
        if (!reducer) {
            if (PyErr_Occurred()) return -1;
            if (PyType_IsSubtype(type, &PyType_Type)) return kr_pickle_save_global(p, o, NULL);
            reduced = reduce(p, o);
        } else {
            reduced = PyObject_CallOneArg(reducer, o);
            Py_DECREF(reducer);
        }
        if (!reduced) return -1;
    }
    int r = PyUnicode_Check(reduced)  ? kr_pickle_save_global(p, o, reduced)
            : PyTuple_Check(reduced) ? kr_pickle_save_reduce(p, reduced, o)
                                      : wrong(p, "__reduce__ must return a string or tuple");
    Py_DECREF(reduced);
    return r;
}
