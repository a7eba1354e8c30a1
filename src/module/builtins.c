/* builtins.c - the module `builtins`: functions, constants and the names of the built-in types.
 *
 * The exception classes are added by object/exceptions.c (kr_exceptions_init). compile/eval/exec are thin: parsing and
 * code generation are in syntax/ and compile/, running in vm/. __build_class__ follows PEP 3115 and PEP 487.
 */
#include "krait.h"
#include "compile/compile.h"
#include "runtime/lifecycle.h"
#include "runtime/run.h"
#include "vm/frame.h"
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ classes */

/* bases with every non-class entry that has __mro_entries__ replaced; the same tuple (new reference) when none has. */
static PyObject *update_bases(PyObject *bases) {
    PyObject *out = NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(bases);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i), *meth = NULL;
        if (!PyType_Check(base) && _PyObject_LookupAttr(base, KR_STR(__mro_entries__), &meth) < 0) goto fail;
        if (!meth) {
            if (out && PyList_Append(out, base) < 0) goto fail;
            continue;
        }
        PyObject *entries = PyObject_CallOneArg(meth, bases);
        Py_DECREF(meth);
        if (!entries) goto fail;
        if (!PyTuple_Check(entries)) {
            PyErr_SetString(PyExc_TypeError, "__mro_entries__ must return a tuple");
            Py_DECREF(entries);
            goto fail;
        }
        if (!out) {
            out = PyList_New(0);
            for (Py_ssize_t j = 0; out && j < i; j++)
                if (PyList_Append(out, PyTuple_GET_ITEM(bases, j)) < 0) Py_CLEAR(out);
            if (!out) {
                Py_DECREF(entries);
                return NULL;
            }
        }
        int bad = PyList_SetSlice(out, PyList_GET_SIZE(out), PyList_GET_SIZE(out), entries) < 0;
        Py_DECREF(entries);
        if (bad) goto fail;
    }
    if (!out) return Py_NewRef(bases);
    PyObject *r = PyList_AsTuple(out);
    Py_DECREF(out);
    return r;
fail:
    Py_XDECREF(out);
    return NULL;
}

/* The namespace the class body runs in: metaclass.__prepare__(name, bases, **kwds), or a dict. */
static PyObject *prepare_namespace(PyObject *meta, PyObject *name, PyObject *bases, PyObject *kwds) {
    if (meta == (PyObject *)&PyType_Type) return PyDict_New();
    PyObject *prep;
    if (_PyObject_LookupAttr(meta, KR_STR(__prepare__), &prep) < 0) return NULL;
    if (!prep) return PyDict_New();
    PyObject *args[2] = {name, bases};
    PyObject *ns = PyObject_VectorcallDict(prep, args, 2, kwds);
    Py_DECREF(prep);
    if (ns && !PyMapping_Check(ns)) {
        PyErr_Format(PyExc_TypeError, "%.200s.__prepare__() must return a mapping, not %.200s",
                     PyType_Check(meta) ? ((PyTypeObject *)meta)->tp_name : "<metaclass>", Py_TYPE(ns)->tp_name);
        Py_CLEAR(ns);
    }
    return ns;
}

/* The compiler's __classcell__ must have been filled by type.__new__ with the class just made. */
static int check_class_cell(PyObject *cell, PyObject *cls, PyObject *name) {
    PyObject *got = PyCell_GET(cell);
    if (got == cls) return 0;
    if (!got)
        PyErr_Format(PyExc_RuntimeError,
                     "__class__ not set defining %.200R as %.200R. Was __classcell__ propagated to type.__new__?", name, cls);
    else
        PyErr_Format(PyExc_TypeError, "__class__ set to %.200R defining %.200R as %.200R", got, name, cls);
    return -1;
}

PyDoc_STRVAR(build_class_doc, "__build_class__(func, name, /, *bases, [metaclass], **kwds) -> class\n\n"
                              "What a class statement calls.");
static PyObject *builtin_build_class(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (nargs < 2) {
        PyErr_SetString(PyExc_TypeError, "__build_class__: not enough arguments");
        return NULL;
    }
    PyObject *func = args[0], *name = args[1];
    if (!PyFunction_Check(func)) {
        PyErr_SetString(PyExc_TypeError, "__build_class__: func must be a function");
        return NULL;
    }
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "__build_class__: name is not a string");
        return NULL;
    }
    PyObject *meta = NULL, *kwds = NULL, *ns = NULL, *cls = NULL, *cell = NULL, *bases = NULL;
    PyObject *orig_bases = PyTuple_New(nargs - 2);
    if (!orig_bases) return NULL;
    for (Py_ssize_t i = 2; i < nargs; i++) PyTuple_SET_ITEM(orig_bases, i - 2, Py_NewRef(args[i]));
    if (!(bases = update_bases(orig_bases))) goto done;
    if (kwnames) {
        if (!(kwds = PyDict_New())) goto done;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kwnames); i++) {
            PyObject *k = PyTuple_GET_ITEM(kwnames, i);
            if (_PyUnicode_EQ(k, KR_STR(metaclass))) meta = Py_NewRef(args[nargs + i]);
            else if (PyDict_SetItem(kwds, k, args[nargs + i]) < 0) goto done;
        }
    }
    bool meta_is_class = true;
    if (!meta) {
        meta = PyTuple_GET_SIZE(bases) ? (PyObject *)Py_TYPE(PyTuple_GET_ITEM(bases, 0)) : (PyObject *)&PyType_Type;
        Py_INCREF(meta);
    } else {
        meta_is_class = PyType_Check(meta);
    }
    if (meta_is_class) {
        PyTypeObject *winner = _PyType_CalculateMetaclass((PyTypeObject *)meta, bases);
        if (!winner) goto done;
        Py_INCREF(winner);
        Py_SETREF(meta, (PyObject *)winner);
    }
    if (!(ns = prepare_namespace(meta, name, bases, kwds))) goto done;
    cell = kr_eval_function_in(func, ns);
    if (!cell) goto done;
    if (bases != orig_bases && PyMapping_SetItemString(ns, "__orig_bases__", orig_bases) < 0) goto done;
    PyObject *call[3] = {name, bases, ns};
    cls = PyObject_VectorcallDict(meta, call, 3, kwds);
    if (cls && PyType_Check(cls) && PyCell_Check(cell) && check_class_cell(cell, cls, name) < 0) Py_CLEAR(cls);
done:
    Py_XDECREF(cell);
    Py_XDECREF(ns);
    Py_XDECREF(meta);
    Py_XDECREF(kwds);
    Py_XDECREF(bases);
    Py_XDECREF(orig_bases);
    return cls;
}

/* ------------------------------------------------------------------ import */

PyDoc_STRVAR(import_doc, "__import__($module, name, globals=None, locals=None, fromlist=(), level=0)\n--\n\n"
                         "What an import statement calls; importlib.import_module() is for programs.");
static PyObject *builtin_import(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", "globals", "locals", "fromlist", "level", NULL};
    PyObject *name, *globals = NULL, *locals = NULL, *fromlist = NULL;
    int level = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U|OOOi:__import__", names, &name, &globals, &locals, &fromlist, &level))
        return NULL;
    return PyImport_ImportModuleLevelObject(name, globals, locals, fromlist, level);
}

/* ------------------------------------------------------------------ numbers and objects */

PyDoc_STRVAR(abs_doc, "abs($module, x, /)\n--\n\nThe absolute value of the argument.");
static PyObject *builtin_abs(PyObject *self, PyObject *x) { return PyNumber_Absolute(x); }

PyDoc_STRVAR(all_doc, "all($module, iterable, /)\n--\n\nTrue if no item of the iterable is false.");
PyDoc_STRVAR(any_doc, "any($module, iterable, /)\n--\n\nTrue if some item of the iterable is true.");

/* True as soon as an item's truth is `stop`; otherwise the other one. */
static PyObject *scan_truth(PyObject *iterable, int stop) {
    PyObject *it = PyObject_GetIter(iterable);
    if (!it) return NULL;
    iternextfunc next = Py_TYPE(it)->tp_iternext;
    for (;;) {
        PyObject *item = next(it);
        if (!item) break;
        int truth = PyObject_IsTrue(item);
        Py_DECREF(item);
        if (truth < 0 || truth == stop) {
            Py_DECREF(it);
            return truth < 0 ? NULL : PyBool_FromLong(stop);
        }
    }
    Py_DECREF(it);
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return NULL;
        PyErr_Clear();
    }
    return PyBool_FromLong(!stop);
}
static PyObject *builtin_all(PyObject *self, PyObject *x) { return scan_truth(x, 0); }
static PyObject *builtin_any(PyObject *self, PyObject *x) { return scan_truth(x, 1); }

PyDoc_STRVAR(ascii_doc, "ascii($module, obj, /)\n--\n\nrepr() with every non-ASCII character escaped.");
static PyObject *builtin_ascii(PyObject *self, PyObject *x) { return PyObject_ASCII(x); }
PyDoc_STRVAR(bin_doc, "bin($module, number, /)\n--\n\nBinary digits of an integer, with the prefix 0b.\n\n>>> bin(10)\n'0b1010'");
static PyObject *builtin_bin(PyObject *self, PyObject *x) { return PyNumber_ToBase(x, 2); }
PyDoc_STRVAR(oct_doc, "oct($module, number, /)\n--\n\nOctal digits of an integer, with the prefix 0o.\n\n>>> oct(64)\n'0o100'");
static PyObject *builtin_oct(PyObject *self, PyObject *x) { return PyNumber_ToBase(x, 8); }
PyDoc_STRVAR(hex_doc, "hex($module, number, /)\n--\n\nHexadecimal digits of an integer, with the prefix 0x.\n\n>>> hex(500)\n'0x1f4'");
static PyObject *builtin_hex(PyObject *self, PyObject *x) { return PyNumber_ToBase(x, 16); }
PyDoc_STRVAR(callable_doc, "callable($module, obj, /)\n--\n\nWhether the object can be called.");
static PyObject *builtin_callable(PyObject *self, PyObject *x) { return PyBool_FromLong(PyCallable_Check(x)); }

PyDoc_STRVAR(format_doc, "format($module, value, format_spec='', /)\n--\n\nvalue.__format__(format_spec).");
static PyObject *builtin_format(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("format", nargs, 1, 2)) return NULL;
    if (nargs == 2 && !PyUnicode_Check(args[1])) {
        _PyArg_BadArgument("format", "argument 2", "str", args[1]);
        return NULL;
    }
    return PyObject_Format(args[0], nargs == 2 ? args[1] : NULL);
}

PyDoc_STRVAR(chr_doc, "chr($module, i, /)\n--\n\nThe one-character string of a code point, 0 <= i <= 0x10ffff.");
static PyObject *builtin_chr(PyObject *self, PyObject *x) {
    int overflow;
    PyObject *index = PyNumber_Index(x);
    if (!index) {
        if (PyErr_ExceptionMatches(PyExc_TypeError) && !PyIndex_Check(x))
            PyErr_Format(PyExc_TypeError, "'%.200s' object cannot be interpreted as an integer", Py_TYPE(x)->tp_name);
        return NULL;
    }
    long v = PyLong_AsLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    if (overflow || v < INT_MIN || v > INT_MAX) {
        PyErr_Format(PyExc_OverflowError, overflow < 0 || v < 0 ? "signed integer is less than minimum"
                                                               : "signed integer is greater than maximum");
        if (overflow) PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
        return NULL;
    }
    if (v < 0 || v > 0x10ffff) {
        PyErr_SetString(PyExc_ValueError, "chr() arg not in range(0x110000)");
        return NULL;
    }
    return PyUnicode_FromOrdinal((int)v);
}

PyDoc_STRVAR(ord_doc, "ord($module, c, /)\n--\n\nThe code point of a one-character string.");
static PyObject *builtin_ord(PyObject *self, PyObject *x) {
    Py_ssize_t size;
    if (PyBytes_Check(x)) {
        if ((size = PyBytes_GET_SIZE(x)) == 1) return PyLong_FromLong((unsigned char)PyBytes_AS_STRING(x)[0]);
    } else if (PyUnicode_Check(x)) {
        if (PyUnicode_READY(x) < 0) return NULL;
        if ((size = PyUnicode_GET_LENGTH(x)) == 1) return PyLong_FromLong((long)PyUnicode_READ_CHAR(x, 0));
    } else if (PyByteArray_Check(x)) {
        if ((size = PyByteArray_GET_SIZE(x)) == 1) return PyLong_FromLong((unsigned char)PyByteArray_AS_STRING(x)[0]);
    } else {
        PyErr_Format(PyExc_TypeError, "ord() expected string of length 1, but %.200s found", Py_TYPE(x)->tp_name);
        return NULL;
    }
    PyErr_Format(PyExc_TypeError, "ord() expected a character, but string of length %zd found", size);
    return NULL;
}

PyDoc_STRVAR(divmod_doc, "divmod($module, x, y, /)\n--\n\nThe tuple (x//y, x%y).");
static PyObject *builtin_divmod(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("divmod", nargs, 2, 2)) return NULL;
    return PyNumber_Divmod(args[0], args[1]);
}

PyDoc_STRVAR(pow_doc, "pow($module, /, base, exp, mod=None)\n--\n\nbase**exp, or (base**exp) % mod done efficiently for ints.");
static PyObject *builtin_pow(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"base", "exp", "mod", NULL};
    static _PyArg_Parser parser = {.format = "OO|O:pow", .keywords = names};
    PyObject *base, *exp, *mod = Py_None;
    if (nargs == 2 && !kwnames) return PyNumber_Power(args[0], args[1], Py_None);
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &base, &exp, &mod)) return NULL;
    return PyNumber_Power(base, exp, mod);
}

PyDoc_STRVAR(round_doc, "round($module, /, number, ndigits=None)\n--\n\n"
                        "The number rounded to ndigits decimal digits, to an int without ndigits.");
static PyObject *builtin_round(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"number", "ndigits", NULL};
    static _PyArg_Parser parser = {.format = "O|O:round", .keywords = names};
    PyObject *number, *ndigits = Py_None;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &number, &ndigits)) return NULL;
    PyObject *round = _PyType_Lookup(Py_TYPE(number), KR_STR(__round__));
    if (!round) {
        PyErr_Format(PyExc_TypeError, "type %.100s doesn't define __round__ method", Py_TYPE(number)->tp_name);
        return NULL;
    }
    descrgetfunc get = Py_TYPE(round)->tp_descr_get;
    round = get ? get(round, number, (PyObject *)Py_TYPE(number)) : Py_NewRef(round);
    if (!round) return NULL;
    PyObject *r = ndigits == Py_None ? PyObject_CallNoArgs(round) : PyObject_CallOneArg(round, ndigits);
    Py_DECREF(round);
    return r;
}

PyDoc_STRVAR(hash_doc, "hash($module, obj, /)\n--\n\nThe object's hash; equal objects have equal hashes.");
static PyObject *builtin_hash(PyObject *self, PyObject *x) {
    Py_hash_t h = PyObject_Hash(x);
    return h == -1 ? NULL : PyLong_FromSsize_t(h);
}
PyDoc_STRVAR(id_doc, "id($module, obj, /)\n--\n\nA number no other living object has.");
static PyObject *builtin_id(PyObject *self, PyObject *x) {
    PyObject *id = PyLong_FromVoidPtr(x);
    if (id && PySys_Audit("builtins.id", "O", id) < 0) Py_CLEAR(id);
    return id;
}
PyDoc_STRVAR(len_doc, "len($module, obj, /)\n--\n\nThe number of items in a container.");
static PyObject *builtin_len(PyObject *self, PyObject *x) {
    Py_ssize_t n = PyObject_Size(x);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}
PyDoc_STRVAR(repr_doc, "repr($module, obj, /)\n--\n\nThe canonical string of the object.");
static PyObject *builtin_repr(PyObject *self, PyObject *x) { return PyObject_Repr(x); }

/* ------------------------------------------------------------------ attributes and classes */

PyDoc_STRVAR(getattr_doc, "getattr(object, name[, default]) -> value\n\n"
                          "object.name; with a default, that instead of AttributeError.");
static PyObject *builtin_getattr(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("getattr", nargs, 2, 3)) return NULL;
    if (!PyUnicode_Check(args[1])) {
        PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(args[1])->tp_name);
        return NULL;
    }
    if (nargs == 2) return PyObject_GetAttr(args[0], args[1]);
    PyObject *v;
    int rc = _PyObject_LookupAttr(args[0], args[1], &v);
    if (rc < 0) return NULL;
    return v ? v : Py_NewRef(args[2]);
}
PyDoc_STRVAR(hasattr_doc, "hasattr($module, obj, name, /)\n--\n\nWhether getattr(obj, name) finds something.");
static PyObject *builtin_hasattr(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("hasattr", nargs, 2, 2)) return NULL;
    if (!PyUnicode_Check(args[1])) {
        PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(args[1])->tp_name);
        return NULL;
    }
    PyObject *v;
    int rc = _PyObject_LookupAttr(args[0], args[1], &v);
    if (rc < 0) return NULL;
    Py_XDECREF(v);
    return PyBool_FromLong(v != NULL);
}
PyDoc_STRVAR(setattr_doc, "setattr($module, obj, name, value, /)\n--\n\nobj.name = value");
static PyObject *builtin_setattr(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("setattr", nargs, 3, 3)) return NULL;
    if (PyObject_SetAttr(args[0], args[1], args[2]) < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(delattr_doc, "delattr($module, obj, name, /)\n--\n\ndel obj.name");
static PyObject *builtin_delattr(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("delattr", nargs, 2, 2)) return NULL;
    if (PyObject_SetAttr(args[0], args[1], NULL) < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(isinstance_doc, "isinstance($module, obj, class_or_tuple, /)\n--\n\nWhether obj is an instance of the class or one of them.");
static PyObject *builtin_isinstance(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("isinstance", nargs, 2, 2)) return NULL;
    int r = PyObject_IsInstance(args[0], args[1]);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
PyDoc_STRVAR(issubclass_doc, "issubclass($module, cls, class_or_tuple, /)\n--\n\nWhether cls derives from the class or one of them.");
static PyObject *builtin_issubclass(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("issubclass", nargs, 2, 2)) return NULL;
    int r = PyObject_IsSubclass(args[0], args[1]);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
PyDoc_STRVAR(dir_doc, "dir([object]) -> list of strings\n\nThe names in the current scope, or the object's attributes.");
static PyObject *builtin_dir(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("dir", nargs, 0, 1)) return NULL;
    return PyObject_Dir(nargs ? args[0] : NULL);
}
PyDoc_STRVAR(vars_doc, "vars([object]) -> dictionary\n\nlocals(), or object.__dict__.");
static PyObject *builtin_vars(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("vars", nargs, 0, 1)) return NULL;
    if (nargs == 0) return Py_XNewRef(PyEval_GetLocals());
    PyObject *d;
    if (_PyObject_LookupAttr(args[0], KR_STR(__dict__), &d) == 0)
        PyErr_SetString(PyExc_TypeError, "vars() argument must have __dict__ attribute");
    return d;
}
PyDoc_STRVAR(globals_doc, "globals($module, /)\n--\n\nThe current module's namespace.");
static PyObject *builtin_globals(PyObject *self, PyObject *ignored) { return Py_XNewRef(PyEval_GetGlobals()); }
PyDoc_STRVAR(locals_doc, "locals($module, /)\n--\n\nThe current scope's local variables.");
static PyObject *builtin_locals(PyObject *self, PyObject *ignored) { return Py_XNewRef(PyEval_GetLocals()); }

/* ------------------------------------------------------------------ iteration */

PyDoc_STRVAR(iter_doc, "iter(iterable) -> iterator\niter(callable, sentinel) -> iterator\n\n"
                       "An iterator over the object, or over a callable's results until the sentinel.");
static PyObject *builtin_iter(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("iter", nargs, 1, 2)) return NULL;
    if (nargs == 1) return PyObject_GetIter(args[0]);
    if (!PyCallable_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "iter(v, w): v must be callable");
        return NULL;
    }
    return PyCallIter_New(args[0], args[1]);
}
PyDoc_STRVAR(aiter_doc, "aiter($module, async_iterable, /)\n--\n\nAn asynchronous iterator over the object.");
static PyObject *builtin_aiter(PyObject *self, PyObject *x) { return PyObject_GetAIter(x); }

PyObject *PyAnextAwaitable_New(PyObject *, PyObject *);
PyDoc_STRVAR(anext_doc, "anext($module, async_iterator, default=<unrepresentable>, /)\n--\n\n"
                        "An awaitable for the next item, or for the default once there is none.");
static PyObject *builtin_anext(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("anext", nargs, 1, 2)) return NULL;
    PyAsyncMethods *am = Py_TYPE(args[0])->tp_as_async;
    if (!am || !am->am_anext) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an async iterator", Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    PyObject *awaitable = am->am_anext(args[0]);
    if (!awaitable || nargs == 1) return awaitable;
    PyObject *r = PyAnextAwaitable_New(awaitable, args[1]);
    Py_DECREF(awaitable);
    return r;
}

PyDoc_STRVAR(next_doc, "next(iterator[, default])\n\nThe iterator's next item; the default once it is exhausted.");
static PyObject *builtin_next(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("next", nargs, 1, 2)) return NULL;
    if (!PyIter_Check(args[0])) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an iterator", Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    PyObject *r = Py_TYPE(args[0])->tp_iternext(args[0]);
    if (r) return r;
    if (nargs == 2) {
        if (PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return NULL;
            PyErr_Clear();
        }
        return Py_NewRef(args[1]);
    }
    if (!PyErr_Occurred()) PyErr_SetNone(PyExc_StopIteration);
    return NULL;
}

PyDoc_STRVAR(min_doc, "min(iterable, *[, default=obj, key=func]) -> value\nmin(arg1, arg2, *args, *[, key=func]) -> value\n\n"
                      "The smallest item, or argument.");
PyDoc_STRVAR(max_doc, "max(iterable, *[, default=obj, key=func]) -> value\nmax(arg1, arg2, *args, *[, key=func]) -> value\n\n"
                      "The largest item, or argument.");
static PyObject *min_max(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, int op, const char *name) {
    PyObject *key = NULL, *dflt = NULL;
    if (nargs == 0) {
        PyErr_Format(PyExc_TypeError, "%s expected at least 1 argument, got 0", name);
        return NULL;
    }
    if (kwnames && PyTuple_GET_SIZE(kwnames) > 2) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most 2 keyword arguments (%zd given)", name, PyTuple_GET_SIZE(kwnames));
        return NULL;
    }
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
        PyObject *k = PyTuple_GET_ITEM(kwnames, i);
        if (_PyUnicode_EqualToASCIIString(k, "key")) key = args[nargs + i];
        else if (_PyUnicode_EqualToASCIIString(k, "default")) dflt = args[nargs + i];
        else {
            PyErr_Format(PyExc_TypeError, "'%U' is an invalid keyword argument for %s()", k, name);
            return NULL;
        }
    }
    if (key == Py_None) key = NULL;
    if (nargs > 1 && dflt) {
        PyErr_Format(PyExc_TypeError, "Cannot specify a default for %s() with multiple positional arguments", name);
        return NULL;
    }
    PyObject *it = NULL, *best = NULL, *best_key = NULL;
    if (nargs == 1 && !(it = PyObject_GetIter(args[0]))) return NULL;
    for (Py_ssize_t i = 0;; i++) {
        PyObject *item;
        if (it) {
            if (!(item = PyIter_Next(it))) {
                if (PyErr_Occurred()) goto fail;
                break;
            }
        } else {
            if (i >= nargs) break;
            item = Py_NewRef(args[i]);
        }
        PyObject *val = key ? PyObject_CallOneArg(key, item) : Py_NewRef(item);
        if (!val) {
            Py_DECREF(item);
            goto fail;
        }
        int better = 1;
        if (best) better = PyObject_RichCompareBool(val, best_key, op);
        if (better > 0) {
            Py_XSETREF(best, item);
            Py_XSETREF(best_key, val);
        } else {
            Py_DECREF(item);
            Py_DECREF(val);
            if (better < 0) goto fail;
        }
    }
    Py_XDECREF(it);
    Py_XDECREF(best_key);
    if (!best) {
        if (dflt) return Py_NewRef(dflt);
        PyErr_Format(PyExc_ValueError, "%s() arg is an empty sequence", name);
    }
    return best;
fail:
    Py_XDECREF(it);
    Py_XDECREF(best);
    Py_XDECREF(best_key);
    return NULL;
}
static PyObject *builtin_min(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kw) {
    return min_max(args, nargs, kw, Py_LT, "min");
}
static PyObject *builtin_max(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kw) {
    return min_max(args, nargs, kw, Py_GT, "max");
}

/* Adds C doubles while the items are floats and ints; keeps going with objects after the first other one. */
PyDoc_STRVAR(sum_doc, "sum($module, iterable, /, start=0)\n--\n\nstart plus the items, which are numbers.");
static PyObject *builtin_sum(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *start = NULL;
    if (nargs < 1 || nargs > 2 || kwnames) {
        static const char *const names[] = {"", "start", NULL};
        static _PyArg_Parser parser = {.format = "O|O:sum", .keywords = names};
        PyObject *ignored;
        if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &ignored, &start)) return NULL;
    } else if (nargs == 2) {
        start = args[1];
    }
    const char *joinable = !start ? NULL : PyUnicode_Check(start) ? "strings [use ''.join(seq) instead]"
                         : PyBytes_Check(start) ? "bytes [use b''.join(seq) instead]"
                         : PyByteArray_Check(start) ? "bytearray [use b''.join(seq) instead]" : NULL;
    PyObject *it = PyObject_GetIter(args[0]);
    if (!it) return NULL;
    if (joinable) {
        PyErr_Format(PyExc_TypeError, "sum() can't sum %s", joinable);
        Py_DECREF(it);
        return NULL;
    }
    iternextfunc next = Py_TYPE(it)->tp_iternext;
    PyObject *total = start ? Py_NewRef(start) : PyLong_FromLong(0), *item;
    if (!total) goto fail;
    if (PyLong_CheckExact(total)) {
        int overflow;
        long long acc = PyLong_AsLongLongAndOverflow(total, &overflow);
        while (!overflow) {
            if (!(item = next(it))) {
                Py_DECREF(total);
                total = PyLong_FromLongLong(acc);
                goto end;
            }
            long long v = 0, sum;
            int item_overflow = 1;
            if (PyLong_CheckExact(item) || PyBool_Check(item)) v = PyLong_AsLongLongAndOverflow(item, &item_overflow);
            if (!item_overflow && !__builtin_add_overflow(acc, v, &sum)) {
                acc = sum;
                Py_DECREF(item);
                continue;
            }
            Py_SETREF(total, PyLong_FromLongLong(acc));
            if (total) Py_SETREF(total, PyNumber_Add(total, item));
            Py_DECREF(item);
            if (!total) goto fail;
            break;
        }
    }
    if (PyFloat_CheckExact(total)) {
        double acc = PyFloat_AS_DOUBLE(total);
        for (;;) {
            if (!(item = next(it))) {
                Py_DECREF(total);
                total = PyFloat_FromDouble(acc);
                goto end;
            }
            if (PyFloat_CheckExact(item)) {
                acc += PyFloat_AS_DOUBLE(item);
                Py_DECREF(item);
                continue;
            }
            if (PyLong_Check(item)) {
                int overflow;
                long v = PyLong_AsLongAndOverflow(item, &overflow);
                if (!overflow) {
                    acc += (double)v;
                    Py_DECREF(item);
                    continue;
                }
            }
            Py_SETREF(total, PyFloat_FromDouble(acc));
            if (total) Py_SETREF(total, PyNumber_Add(total, item));
            Py_DECREF(item);
            if (!total) goto fail;
            break;
        }
    }
    while ((item = next(it))) {
        PyObject *sum = PyNumber_Add(total, item);
        Py_DECREF(item);
        Py_SETREF(total, sum);
        if (!sum) goto fail;
    }
end:
    Py_DECREF(it);
    if (PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_StopIteration)) {
            PyErr_Clear();
        } else {
            Py_CLEAR(total);
        }
    }
    return total;
fail:
    Py_XDECREF(total);
    Py_DECREF(it);
    return NULL;
}

PyDoc_STRVAR(sorted_doc, "sorted($module, iterable, /, *, key=None, reverse=False)\n--\n\nA new list of the items in ascending order.");
static PyObject *builtin_sorted(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (nargs != 1) {
        PyErr_Format(PyExc_TypeError, "sorted expected 1 argument, got %zd", nargs);
        return NULL;
    }
    PyObject *list = PySequence_List(args[0]);
    if (!list) return NULL;
    PyObject *sort = PyObject_GetAttr(list, KR_STR(sort));
    PyObject *r = sort ? PyObject_Vectorcall(sort, args + 1, 0, kwnames) : NULL;
    Py_XDECREF(sort);
    if (!r) Py_CLEAR(list);
    Py_XDECREF(r);
    return list;
}

/* ------------------------------------------------------------------ input and output */

PyDoc_STRVAR(print_doc, "print($module, /, *args, sep=' ', end='\\n', file=None, flush=False)\n--\n\n"
                        "Writes the arguments to a stream, sys.stdout by default.");
static PyObject *builtin_print(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *sep = NULL, *end = NULL, *file = NULL, *flush_arg = NULL;
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
        PyObject *k = PyTuple_GET_ITEM(kwnames, i), *v = args[nargs + i];
        if (_PyUnicode_EQ(k, KR_STR(sep))) sep = v;
        else if (_PyUnicode_EQ(k, KR_STR(end))) end = v;
        else if (_PyUnicode_EqualToASCIIString(k, "file")) file = v;
        else if (_PyUnicode_EQ(k, KR_STR(flush))) flush_arg = v;
        else {
            PyErr_Format(PyExc_TypeError, "'%U' is an invalid keyword argument for print()", k);
            return NULL;
        }
    }
    int flush = 0;
    if (flush_arg && (flush = PyObject_IsTrue(flush_arg)) < 0) return NULL;
    if (sep == Py_None) sep = NULL;
    if (end == Py_None) end = NULL;
    if (sep && !PyUnicode_Check(sep)) {
        PyErr_Format(PyExc_TypeError, "sep must be None or a string, not %.200s", Py_TYPE(sep)->tp_name);
        return NULL;
    }
    if (end && !PyUnicode_Check(end)) {
        PyErr_Format(PyExc_TypeError, "end must be None or a string, not %.200s", Py_TYPE(end)->tp_name);
        return NULL;
    }
    if (!file || file == Py_None) {
        file = PySys_GetObject("stdout");
        if (!file) {
            PyErr_SetString(PyExc_RuntimeError, "lost sys.stdout");
            return NULL;
        }
        if (file == Py_None) Py_RETURN_NONE;
    }
    Py_INCREF(file);
    int bad = 0;
    for (Py_ssize_t i = 0; i < nargs && !bad; i++) {
        if (i > 0) bad = sep ? PyFile_WriteObject(sep, file, Py_PRINT_RAW) : PyFile_WriteString(" ", file);
        if (!bad) bad = PyFile_WriteObject(args[i], file, Py_PRINT_RAW);
    }
    if (!bad) bad = end ? PyFile_WriteObject(end, file, Py_PRINT_RAW) : PyFile_WriteString("\n", file);
    if (!bad && flush) {
        PyObject *r = PyObject_CallMethodNoArgs(file, KR_STR(flush));
        bad = !r;
        Py_XDECREF(r);
    }
    Py_DECREF(file);
    if (bad) return NULL;
    Py_RETURN_NONE;
}

/* Whether `stream` is the terminal at descriptor `fd`. -1 with an exception cleared by the caller. */
static int is_terminal_stream(PyObject *stream, int fd) {
    PyObject *n = PyObject_CallMethodNoArgs(stream, KR_STR(fileno));
    if (!n) {
        PyErr_Clear();
        return 0;
    }
    long v = PyLong_AsLong(n);
    Py_DECREF(n);
    if (v == -1 && PyErr_Occurred()) return -1;
    return v == fd && isatty(fd);
}

/* A line read by PyOS_Readline (history, editing), decoded as stdin is, without its newline. */
static PyObject *input_from_terminal(PyObject *fin, PyObject *fout, PyObject *prompt) {
    PyObject *in_enc = PyObject_GetAttr(fin, KR_STR(encoding)), *in_err = PyObject_GetAttr(fin, KR_STR(errors));
    PyObject *out_enc = PyObject_GetAttr(fout, KR_STR(encoding)), *out_err = PyObject_GetAttr(fout, KR_STR(errors));
    PyObject *text = NULL, *bytes = NULL, *result = NULL;
    char *line = NULL;
    if (!in_enc || !in_err || !out_enc || !out_err || !PyUnicode_Check(in_enc) || !PyUnicode_Check(in_err) ||
        !PyUnicode_Check(out_enc) || !PyUnicode_Check(out_err)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "input(): lost sys.stdin or sys.stdout encoding");
        goto done;
    }
    PyObject *flushed = PyObject_CallMethodNoArgs(fout, KR_STR(flush));
    if (flushed) Py_DECREF(flushed);
    else PyErr_Clear();
    if (prompt) {
        if (!(text = PyObject_Str(prompt))) goto done;
        if (!(bytes = PyUnicode_AsEncodedString(text, PyUnicode_AsUTF8(out_enc), PyUnicode_AsUTF8(out_err)))) goto done;
        if (strlen(PyBytes_AS_STRING(bytes)) != (size_t)PyBytes_GET_SIZE(bytes)) {
            PyErr_SetString(PyExc_ValueError, "input: prompt string cannot contain null characters");
            goto done;
        }
    }
    line = PyOS_Readline(stdin, stdout, bytes ? PyBytes_AS_STRING(bytes) : "");
    if (!line) {
        if (!PyErr_Occurred()) PyErr_CheckSignals();
        if (!PyErr_Occurred()) PyErr_SetNone(PyExc_KeyboardInterrupt);
        goto done;
    }
    size_t n = strlen(line);
    if (n == 0) {
        PyErr_SetNone(PyExc_EOFError);
        goto done;
    }
    if (line[n - 1] == '\n') n--;
    result = PyUnicode_Decode(line, (Py_ssize_t)n, PyUnicode_AsUTF8(in_enc), PyUnicode_AsUTF8(in_err));
done:
    PyMem_Free(line);
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    Py_XDECREF(in_enc);
    Py_XDECREF(in_err);
    Py_XDECREF(out_enc);
    Py_XDECREF(out_err);
    return result;
}

PyDoc_STRVAR(input_doc, "input($module, prompt='', /)\n--\n\nA line of standard input, without its newline.");
static PyObject *builtin_input(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("input", nargs, 0, 1)) return NULL;
    PyObject *prompt = nargs ? args[0] : NULL;
    PyObject *fin = PySys_GetObject("stdin"), *fout = PySys_GetObject("stdout"), *ferr = PySys_GetObject("stderr");
    const char *lost = !fin || fin == Py_None ? "stdin" : !fout || fout == Py_None ? "stdout" : !ferr || ferr == Py_None ? "stderr" : NULL;
    if (lost) {
        PyErr_Format(PyExc_RuntimeError, "input(): lost sys.%s", lost);
        return NULL;
    }
    if (PySys_Audit("builtins.input", "O", prompt ? prompt : Py_None) < 0) return NULL;
    PyObject *r = PyObject_CallMethodNoArgs(ferr, KR_STR(flush));
    if (r) Py_DECREF(r);
    else PyErr_Clear();
    int in_tty = is_terminal_stream(fin, fileno(stdin)), out_tty = in_tty > 0 ? is_terminal_stream(fout, fileno(stdout)) : 0;
    if (in_tty < 0 || out_tty < 0) return NULL;
    PyObject *line;
    if (in_tty && out_tty) {
        line = input_from_terminal(fin, fout, prompt);
        if (line && PySys_Audit("builtins.input/result", "O", line) < 0) Py_CLEAR(line);
    } else {
        if (prompt && PyFile_WriteObject(prompt, fout, Py_PRINT_RAW) < 0) return NULL;
        if (!(r = PyObject_CallMethodNoArgs(fout, KR_STR(flush)))) PyErr_Clear();
        Py_XDECREF(r);
        line = PyFile_GetLine(fin, -1);
    }
    return line;
}

PyDoc_STRVAR(breakpoint_doc, "breakpoint(*args, **kws)\n\nsys.breakpointhook(*args, **kws): starts the debugger by default.");
static PyObject *builtin_breakpoint(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *hook = PySys_GetObject("breakpointhook");
    if (!hook) {
        PyErr_SetString(PyExc_RuntimeError, "lost sys.breakpointhook");
        return NULL;
    }
    if (PySys_Audit("builtins.breakpoint", "O", hook) < 0) return NULL;
    Py_INCREF(hook);
    PyObject *r = PyObject_Vectorcall(hook, args, nargs, kwnames);
    Py_DECREF(hook);
    return r;
}

/* ------------------------------------------------------------------ compile, eval, exec */

PyDoc_STRVAR(compile_doc, "compile($module, /, source, filename, mode, flags=0,\n        dont_inherit=False, optimize=-1, *, _feature_version=-1)\n--\n\n"
                          "A code object (or tree) of a source text or ast tree; mode is 'exec', 'eval' or 'single'.");
static PyObject *builtin_compile(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"source", "filename", "mode", "flags", "dont_inherit", "optimize", "_feature_version", NULL};
    static _PyArg_Parser parser = {.format = "OO&s|ipi$i:compile", .keywords = names};
    PyObject *source, *filename, *keep = NULL, *result = NULL;
    const char *mode;
    int flags = 0, dont_inherit = 0, optimize = -1, feature = -1;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &source, PyUnicode_FSDecoder, &filename, &mode, &flags,
                                      &dont_inherit, &optimize, &feature))
        return NULL;
    PyCompilerFlags cf = {.cf_flags = flags | PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION};
    if (feature >= 0 && (flags & PyCF_ONLY_AST)) cf.cf_feature_version = feature;
    if (flags & ~(PyCF_MASK | PyCF_MASK_OBSOLETE | PyCF_COMPILE_MASK)) {
        PyErr_SetString(PyExc_ValueError, "compile(): unrecognised flags");
        goto done;
    }
    if (optimize < -1 || optimize > 2) {
        PyErr_SetString(PyExc_ValueError, "compile(): invalid optimize value");
        goto done;
    }
    if (!dont_inherit) PyEval_MergeCompilerFlags(&cf);
    int start;
    if (!strcmp(mode, "exec")) start = Py_file_input;
    else if (!strcmp(mode, "eval")) start = Py_eval_input;
    else if (!strcmp(mode, "single")) start = Py_single_input;
    else if (!strcmp(mode, "func_type")) {
        if (!(flags & PyCF_ONLY_AST)) {
            PyErr_SetString(PyExc_ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
            goto done;
        }
        start = Py_func_type_input;
    } else {
        PyErr_SetString(PyExc_ValueError, flags & PyCF_ONLY_AST
                                              ? "compile() mode must be 'exec', 'eval', 'single' or 'func_type'"
                                              : "compile() mode must be 'exec', 'eval' or 'single'");
        goto done;
    }
    int is_ast = kr_ast_check_object(source);
    if (is_ast < 0) goto done;
    if (is_ast) {
        if (flags & PyCF_ONLY_AST) {
            result = Py_NewRef(source);
            goto done;
        }
        KrArena *arena = PySys_Audit("compile", "OO", source, Py_None) < 0 ? NULL : kr_arena_new();
        if (!arena) goto done;
        Kr_mod *mod = kr_ast_from_object(arena, source, start);
        if (mod && kr_ast_validate(mod) == 0) result = (PyObject *)kr_compile(mod, filename, &cf, optimize, arena);
        kr_arena_free(arena);
        goto done;
    }
    const char *text = kr_source_text(source, "compile", "string, bytes or AST", &cf, &keep);
    if (text) result = Py_CompileStringObject(text, filename, start, &cf, optimize);
    Py_XDECREF(keep);
done:
    Py_DECREF(filename);
    return result;
}

/* Completes eval/exec's namespaces: current frame's by default; __builtins__ is put into globals. Borrowed results. */
static int eval_namespaces(const char *func, PyObject **globals, PyObject **locals) {
    if (*locals == Py_None) *locals = NULL;
    if (*globals == Py_None) *globals = NULL;
    if (*locals && !PyMapping_Check(*locals)) {
        if (strcmp(func, "eval")) PyErr_Format(PyExc_TypeError, "locals must be a mapping or None, not %.100s", Py_TYPE(*locals)->tp_name);
        else PyErr_SetString(PyExc_TypeError, "locals must be a mapping");
        return -1;
    }
    if (*globals && !PyDict_Check(*globals)) {
        if (strcmp(func, "eval")) PyErr_Format(PyExc_TypeError, "exec() globals must be a dict, not %.100s", Py_TYPE(*globals)->tp_name);
        else
            PyErr_SetString(PyExc_TypeError, PyMapping_Check(*globals) ? "globals must be a real dict; try eval(code, {}, mapping)"
                                                                       : "globals must be a dict");
        return -1;
    }
    if (!*globals) {
        *globals = PyEval_GetGlobals();
        if (!*locals && !(*locals = PyEval_GetLocals())) return -1;
        if (!*globals || !*locals) {
            PyErr_Format(PyExc_SystemError, "%s must be given globals and locals when called without a frame", func);
            return -1;
        }
    } else if (!*locals) {
        *locals = *globals;
    }
    int has = PyDict_Contains(*globals, KR_STR(__builtins__));
    if (has == 0) has = PyDict_SetItem(*globals, KR_STR(__builtins__), PyEval_GetBuiltins());
    return has < 0 ? -1 : 0;
}

PyDoc_STRVAR(eval_doc, "eval($module, source, globals=None, locals=None, /)\n--\n\nThe value of an expression, a string or code object.");
static PyObject *builtin_eval(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("eval", nargs, 1, 3)) return NULL;
    PyObject *source = args[0], *globals = nargs > 1 ? args[1] : NULL, *locals = nargs > 2 ? args[2] : NULL;
    if (eval_namespaces("eval", &globals, &locals) < 0) return NULL;
    if (PyCode_Check(source)) {
        if (PySys_Audit("exec", "O", source) < 0) return NULL;
        if (PyCode_GetNumFree((PyCodeObject *)source) > 0) {
            PyErr_SetString(PyExc_TypeError, "code object passed to eval() may not contain free variables");
            return NULL;
        }
        return PyEval_EvalCode(source, globals, locals);
    }
    PyCompilerFlags cf = {.cf_flags = PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION};
    PyObject *keep;
    const char *s = kr_source_text(source, "eval", "string, bytes or code", &cf, &keep);
    if (!s) return NULL;
    while (*s == ' ' || *s == '\t') s++;
    PyEval_MergeCompilerFlags(&cf);
    Py_INCREF(globals);
    Py_INCREF(locals);
    PyObject *r = PyRun_StringFlags(s, Py_eval_input, globals, locals, &cf);
    Py_DECREF(globals);
    Py_DECREF(locals);
    Py_XDECREF(keep);
    return r;
}

PyDoc_STRVAR(exec_doc, "exec($module, source, globals=None, locals=None, /, *, closure=None)\n--\n\n"
                       "Executes statements, a string or code object.");
static PyObject *builtin_exec(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"", "", "", "closure", NULL};
    static _PyArg_Parser parser = {.format = "O|OO$O:exec", .keywords = names};
    PyObject *source, *globals = NULL, *locals = NULL, *closure = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &source, &globals, &locals, &closure)) return NULL;
    if (eval_namespaces("exec", &globals, &locals) < 0) return NULL;
    if (closure == Py_None) closure = NULL;
    PyObject *r;
    if (PyCode_Check(source)) {
        Py_ssize_t nfree = PyCode_GetNumFree((PyCodeObject *)source);
        if (nfree == 0) {
            if (closure) {
                PyErr_SetString(PyExc_TypeError, "cannot use a closure with this code object");
                return NULL;
            }
        } else {
            bool ok = closure && PyTuple_CheckExact(closure) && PyTuple_GET_SIZE(closure) == nfree;
            for (Py_ssize_t i = 0; ok && i < nfree; i++) ok = PyCell_Check(PyTuple_GET_ITEM(closure, i));
            if (!ok) {
                PyErr_Format(PyExc_TypeError, "code object requires a closure of exactly length %zd", nfree);
                return NULL;
            }
        }
        if (PySys_Audit("exec", "O", source) < 0) return NULL;
        r = closure ? kr_eval_code_closure(source, globals, locals, closure) : PyEval_EvalCode(source, globals, locals);
    } else {
        if (closure) {
            PyErr_SetString(PyExc_TypeError, "closure can only be used when source is a code object");
            return NULL;
        }
        PyCompilerFlags cf = {.cf_flags = PyCF_SOURCE_IS_UTF8, .cf_feature_version = PY_MINOR_VERSION};
        PyObject *keep;
        const char *s = kr_source_text(source, "exec", "string, bytes or code", &cf, &keep);
        if (!s) return NULL;
        PyEval_MergeCompilerFlags(&cf);
        Py_INCREF(globals);
        Py_INCREF(locals);
        r = PyRun_StringFlags(s, Py_file_input, globals, locals, &cf);
        Py_DECREF(globals);
        Py_DECREF(locals);
        Py_XDECREF(keep);
    }
    if (!r) return NULL;
    Py_DECREF(r);
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef builtin_methods[] = {
    {"__build_class__", KR_METH(builtin_build_class), METH_FASTCALL | METH_KEYWORDS, build_class_doc},
    {"__import__", KR_METH(builtin_import), METH_VARARGS | METH_KEYWORDS, import_doc},
    {"abs", builtin_abs, METH_O, abs_doc},
    {"all", builtin_all, METH_O, all_doc},
    {"any", builtin_any, METH_O, any_doc},
    {"ascii", builtin_ascii, METH_O, ascii_doc},
    {"bin", builtin_bin, METH_O, bin_doc},
    {"breakpoint", KR_METH(builtin_breakpoint), METH_FASTCALL | METH_KEYWORDS, breakpoint_doc},
    {"callable", builtin_callable, METH_O, callable_doc},
    {"chr", builtin_chr, METH_O, chr_doc},
    {"compile", KR_METH(builtin_compile), METH_FASTCALL | METH_KEYWORDS, compile_doc},
    {"delattr", KR_METH(builtin_delattr), METH_FASTCALL, delattr_doc},
    {"dir", KR_METH(builtin_dir), METH_FASTCALL, dir_doc},
    {"divmod", KR_METH(builtin_divmod), METH_FASTCALL, divmod_doc},
    {"eval", KR_METH(builtin_eval), METH_FASTCALL, eval_doc},
    {"exec", KR_METH(builtin_exec), METH_FASTCALL | METH_KEYWORDS, exec_doc},
    {"format", KR_METH(builtin_format), METH_FASTCALL, format_doc},
    {"getattr", KR_METH(builtin_getattr), METH_FASTCALL, getattr_doc},
    {"globals", builtin_globals, METH_NOARGS, globals_doc},
    {"hasattr", KR_METH(builtin_hasattr), METH_FASTCALL, hasattr_doc},
    {"hash", builtin_hash, METH_O, hash_doc},
    {"hex", builtin_hex, METH_O, hex_doc},
    {"id", builtin_id, METH_O, id_doc},
    {"input", KR_METH(builtin_input), METH_FASTCALL, input_doc},
    {"isinstance", KR_METH(builtin_isinstance), METH_FASTCALL, isinstance_doc},
    {"issubclass", KR_METH(builtin_issubclass), METH_FASTCALL, issubclass_doc},
    {"iter", KR_METH(builtin_iter), METH_FASTCALL, iter_doc},
    {"aiter", builtin_aiter, METH_O, aiter_doc},
    {"len", builtin_len, METH_O, len_doc},
    {"locals", builtin_locals, METH_NOARGS, locals_doc},
    {"max", KR_METH(builtin_max), METH_FASTCALL | METH_KEYWORDS, max_doc},
    {"min", KR_METH(builtin_min), METH_FASTCALL | METH_KEYWORDS, min_doc},
    {"next", KR_METH(builtin_next), METH_FASTCALL, next_doc},
    {"anext", KR_METH(builtin_anext), METH_FASTCALL, anext_doc},
    {"oct", builtin_oct, METH_O, oct_doc},
    {"ord", builtin_ord, METH_O, ord_doc},
    {"pow", KR_METH(builtin_pow), METH_FASTCALL | METH_KEYWORDS, pow_doc},
    {"print", KR_METH(builtin_print), METH_FASTCALL | METH_KEYWORDS, print_doc},
    {"repr", builtin_repr, METH_O, repr_doc},
    {"round", KR_METH(builtin_round), METH_FASTCALL | METH_KEYWORDS, round_doc},
    {"setattr", KR_METH(builtin_setattr), METH_FASTCALL, setattr_doc},
    {"sorted", KR_METH(builtin_sorted), METH_FASTCALL | METH_KEYWORDS, sorted_doc},
    {"sum", KR_METH(builtin_sum), METH_FASTCALL | METH_KEYWORDS, sum_doc},
    {"vars", KR_METH(builtin_vars), METH_FASTCALL, vars_doc},
    {NULL},
};

PyDoc_STRVAR(builtins_doc, "Built-in functions, types, exceptions and constants; every module sees these names.");
static struct PyModuleDef builtins_module = {PyModuleDef_HEAD_INIT, "builtins", builtins_doc, -1, builtin_methods};

PyObject *kr_builtins_init(void) {
    static const struct { const char *name; PyObject *value; } entries[] = {
        {"None", Py_None}, {"Ellipsis", Py_Ellipsis}, {"NotImplemented", Py_NotImplemented},
        {"False", Py_False}, {"True", Py_True},
        {"bool", (PyObject *)&PyBool_Type}, {"memoryview", (PyObject *)&PyMemoryView_Type},
        {"bytearray", (PyObject *)&PyByteArray_Type}, {"bytes", (PyObject *)&PyBytes_Type},
        {"classmethod", (PyObject *)&PyClassMethod_Type}, {"complex", (PyObject *)&PyComplex_Type},
        {"dict", (PyObject *)&PyDict_Type}, {"enumerate", (PyObject *)&PyEnum_Type},
        {"filter", (PyObject *)&PyFilter_Type}, {"float", (PyObject *)&PyFloat_Type},
        {"frozenset", (PyObject *)&PyFrozenSet_Type}, {"property", (PyObject *)&PyProperty_Type},
        {"int", (PyObject *)&PyLong_Type}, {"list", (PyObject *)&PyList_Type}, {"map", (PyObject *)&PyMap_Type},
        {"object", (PyObject *)&PyBaseObject_Type}, {"range", (PyObject *)&PyRange_Type},
        {"reversed", (PyObject *)&PyReversed_Type}, {"set", (PyObject *)&PySet_Type},
        {"slice", (PyObject *)&PySlice_Type}, {"staticmethod", (PyObject *)&PyStaticMethod_Type},
        {"str", (PyObject *)&PyUnicode_Type}, {"super", (PyObject *)&PySuper_Type},
        {"tuple", (PyObject *)&PyTuple_Type}, {"type", (PyObject *)&PyType_Type}, {"zip", (PyObject *)&PyZip_Type},
    };
    PyObject *m = PyModule_Create(&builtins_module);
    if (!m) return NULL;
    PyObject *d = PyModule_GetDict(m);
    for (size_t i = 0; i < KR_ARRAY_LEN(entries); i++)
        if (PyDict_SetItemString(d, entries[i].name, entries[i].value) < 0) goto fail;
    if (PyDict_SetItem(d, KR_STR(__debug__), kr_interp()->config.optimization_level ? Py_False : Py_True) < 0) goto fail;
    return m;
fail:
    Py_DECREF(m);
    return NULL;
}
