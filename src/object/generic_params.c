/* generic_params.c - type parameters of generic aliases and unions: finding them, replacing them, writing arguments.
 *
 * A type parameter is any argument that is not a class and has __typing_subst__, which is called with its replacement.
 * An argument without it that has parameters of its own (__parameters__) is subscripted with their replacements. A
 * parameter may first rearrange the given arguments (__typing_prepare_subst__): that is how one TypeVarTuple takes
 * several of them, as a tuple (PEP 646).
 */
#include "object/union.h"
#include "object/genericalias.h"

/* Position by identity, -1 if absent. */
static Py_ssize_t index_of(PyObject *const *items, Py_ssize_t n, PyObject *o) {
    for (Py_ssize_t i = 0; i < n; i++)
        if (items[i] == o)
            return i;
    return -1;
}

static int append_once(PyObject *list, PyObject *o) {
    return index_of(PySequence_Fast_ITEMS(list), PyList_GET_SIZE(list), o) >= 0 ? 0 : PyList_Append(list, o);
}

static int append_all(PyObject *list, PyObject *tuple) {
    return PyList_SetSlice(list, PyList_GET_SIZE(list), PyList_GET_SIZE(list), tuple);
}

/* The list as a tuple; the list is dropped. Passes an error on when r < 0. */
static PyObject *finish(PyObject *list, int r) {
    PyObject *tuple = r < 0 ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}

/* ------------------------------------------------------------------ finding */

/* New reference to o.__parameters__ when that is a tuple; 1, 0 when there is none, -1. */
static int own_parameters(PyObject *o, PyObject **parameters) {
    int r = _PyObject_LookupAttr(o, KR_STR(__parameters__), parameters);
    if (r > 0 && !PyTuple_Check(*parameters)) {
        Py_CLEAR(*parameters);
        r = 0;
    }
    return r;
}

/* Adds what arg brings: itself, or the parameters inside it. */
static int collect(PyObject *list, PyObject *arg) {
    PyObject *found;
    if (PyType_Check(arg))  /* a class's __parameters__ is a descriptor or about itself */
        return 0;
    int r = _PyObject_LookupAttr(arg, KR_STR(__typing_subst__), &found);
    if (r > 0) {
        Py_DECREF(found);
        return append_once(list, arg);
    }
    if (r < 0 || (r = own_parameters(arg, &found)) <= 0)
        return r;
    for (Py_ssize_t i = 0; r >= 0 && i < PyTuple_GET_SIZE(found); i++)
        r = append_once(list, PyTuple_GET_ITEM(found, i));
    Py_DECREF(found);
    return r < 0 ? -1 : 0;
}

PyObject *kr_generic_parameters(PyObject *args) {
    Py_ssize_t n = PyTuple_GET_SIZE(args), i = 0;
    while (i < n && PyType_Check(PyTuple_GET_ITEM(args, i)))
        i++;
    if (i == n)     /* the usual case */
        return PyTuple_New(0);
    PyObject *list = PyList_New(0);
    int r = list == NULL ? -1 : 0;
    for (; r == 0 && i < n; i++)
        r = collect(list, PyTuple_GET_ITEM(args, i));
    return finish(list, r);
}

/* ------------------------------------------------------------------ replacing */

/* What a starred argument like *tuple[int, str] stands for: new reference to a tuple, or NULL. */
static PyObject *unpacked_args(PyObject *arg) {
    if (PyType_Check(arg))
        return NULL;
    if (Py_IS_TYPE(arg, &Py_GenericAliasType)) {
        KrGenericAlias *alias = KR_GENERIC_ALIAS(arg);
        return alias->starred && alias->origin == (PyObject *)&PyTuple_Type ? Py_NewRef(alias->args) : NULL;
    }
    PyObject *args;
    if (_PyObject_LookupAttr(arg, KR_STR(__typing_unpacked_tuple_args__), &args) <= 0)
        return NULL;
    if (!PyTuple_Check(args))
        Py_CLEAR(args);
    return args;
}

/* The given subscript as a tuple, its starred tuples of known length spread out. */
static PyObject *unpack_item(PyObject *item) {
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    Py_ssize_t n = PyTuple_Check(item) ? PyTuple_GET_SIZE(item) : 1;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        PyObject *arg = PyTuple_Check(item) ? PyTuple_GET_ITEM(item, i) : item, *inside = unpacked_args(arg);
        if (inside != NULL) {
            Py_ssize_t m = PyTuple_GET_SIZE(inside);
            bool endless = m > 0 && PyTuple_GET_ITEM(inside, m - 1) == Py_Ellipsis;
            r = endless ? PyList_Append(list, arg) : append_all(list, inside);
            Py_DECREF(inside);
        } else {
            r = PyErr_Occurred() ? -1 : PyList_Append(list, arg);
        }
    }
    return finish(list, r);
}

/* Lets each parameter rearrange the arguments; takes over item and returns its successor. */
static PyObject *prepare_item(PyObject *owner, PyObject *parameters, PyObject *item) {
    for (Py_ssize_t i = 0; item != NULL && i < PyTuple_GET_SIZE(parameters); i++) {
        PyObject *prepare;
        int r = _PyObject_LookupAttr(PyTuple_GET_ITEM(parameters, i), KR_STR(__typing_prepare_subst__), &prepare);
        if (r < 0)
            Py_CLEAR(item);
        if (r > 0 && prepare != Py_None) {
            PyObject *one = PyTuple_Check(item) ? Py_NewRef(item) : PyTuple_Pack(1, item);
            PyObject *stack[2] = {owner, one};
            Py_SETREF(item, one == NULL ? NULL : PyObject_Vectorcall(prepare, stack, 2, NULL));
            Py_XDECREF(one);
        }
        Py_XDECREF(prepare);
    }
    return item;
}

/* An argument that has parameters inside: subscripts it with the replacements of those. New reference. */
static PyObject *replace_inside(PyObject *arg, PyObject *parameters, PyObject *const *given, Py_ssize_t n) {
    PyObject *inside;
    int r = own_parameters(arg, &inside);
    if (r < 0)
        return NULL;
    if (r == 0 || PyTuple_GET_SIZE(inside) == 0) {
        Py_XDECREF(inside);
        return Py_NewRef(arg);
    }
    PyObject *list = PyList_New(0), *result = NULL;
    r = list == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(inside); i++) {
        PyObject *parameter = PyTuple_GET_ITEM(inside, i), *value = parameter;
        Py_ssize_t where = index_of(PySequence_Fast_ITEMS(parameters), n, parameter);
        if (where >= 0)
            value = given[where];
        bool several = where >= 0 && Py_TYPE(parameter)->tp_iter != NULL && PyTuple_Check(value);    /* a TypeVarTuple */
        r = several ? append_all(list, value) : PyList_Append(list, value);
    }
    Py_DECREF(inside);
    PyObject *subscript = finish(list, r);
    if (subscript != NULL) {
        result = PyObject_GetItem(arg, subscript);
        Py_DECREF(subscript);
    }
    return result;
}

/* Whether arg is *Ts: what replaces it is a tuple to be spread out. */
static int is_unpacked_typevartuple(PyObject *arg) {
    PyObject *flag;
    int r = _PyObject_LookupAttr(arg, KR_STR(__typing_is_unpacked_typevartuple__), &flag);
    if (r > 0) {
        r = PyObject_IsTrue(flag);
        Py_DECREF(flag);
    }
    return r;
}

/* Appends what becomes of one argument. */
static int replace_one(PyObject *list, PyObject *arg, PyObject *parameters, PyObject *const *given, Py_ssize_t n) {
    if (PyType_Check(arg))
        return PyList_Append(list, arg);
    PyObject *substitute, *value;
    int spread = is_unpacked_typevartuple(arg);
    if (spread < 0 || _PyObject_LookupAttr(arg, KR_STR(__typing_subst__), &substitute) < 0)
        return -1;
    if (substitute != NULL) {
        Py_ssize_t where = index_of(PySequence_Fast_ITEMS(parameters), n, arg);
        value = where < 0 ? Py_NewRef(arg) : PyObject_CallOneArg(substitute, given[where]);
        Py_DECREF(substitute);
    } else {
        value = replace_inside(arg, parameters, given, n);
    }
    if (value == NULL)
        return -1;
    int r = spread && PyTuple_Check(value) ? append_all(list, value) : PyList_Append(list, value);
    Py_DECREF(value);
    return r;
}

PyObject *kr_generic_substitute(PyObject *owner, PyObject *args, PyObject *parameters, PyObject *item) {
    Py_ssize_t n = PyTuple_GET_SIZE(parameters);
    if (n == 0)
        return PyErr_Format(PyExc_TypeError, "%R is not a generic class", owner);
    item = unpack_item(item);
    if (item != NULL)
        item = prepare_item(owner, parameters, item);
    if (item == NULL)
        return NULL;
    bool is_tuple = PyTuple_Check(item);
    Py_ssize_t count = is_tuple ? PyTuple_GET_SIZE(item) : 1;
    PyObject *list = NULL;
    int r = -1;
    if (count != n)
        PyErr_Format(PyExc_TypeError, "Too %s arguments for %R; actual %zd, expected %zd", count > n ? "many" : "few", owner, count, n);
    else if ((list = PyList_New(0)) != NULL)
        r = 0;
    PyObject *const *given = is_tuple ? PySequence_Fast_ITEMS(item) : &item;
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(args); i++)
        r = replace_one(list, PyTuple_GET_ITEM(args, i), parameters, given, n);
    PyObject *result = finish(list, r);
    Py_DECREF(item);
    return result;
}

/* ------------------------------------------------------------------ writing */

static int write_and_drop(_PyUnicodeWriter *writer, PyObject *text) {
    int r = text == NULL ? -1 : _PyUnicodeWriter_WriteStr(writer, text);
    Py_XDECREF(text);
    return r;
}

static int has_attribute(PyObject *o, PyObject *name) {
    PyObject *value;
    int r = _PyObject_LookupAttr(o, name, &value);
    Py_XDECREF(value);
    return r;
}

int kr_generic_write_argument(_PyUnicodeWriter *writer, PyObject *arg) {
    if (arg == Py_Ellipsis)
        return _PyUnicodeWriter_WriteASCIIString(writer, "...", 3);
    int r = has_attribute(arg, KR_STR(__origin__));
    if (r > 0)
        r = has_attribute(arg, KR_STR(__args__));
    if (r != 0)     /* another alias writes itself */
        return r < 0 ? -1 : write_and_drop(writer, PyObject_Repr(arg));
    PyObject *qualname, *module = NULL, *text = NULL;
    if (_PyObject_LookupAttr(arg, KR_STR(__qualname__), &qualname) < 0)
        return -1;
    if (qualname == NULL || (r = _PyObject_LookupAttr(arg, KR_STR(__module__), &module)) == 0 || module == Py_None)
        text = PyObject_Repr(arg);
    else if (r > 0)
        text = PyUnicode_Check(module) && _PyUnicode_EqualToASCIIString(module, "builtins") ? PyObject_Str(qualname)
                                                                                            : PyUnicode_FromFormat("%S.%S", module, qualname);
    Py_XDECREF(qualname);
    Py_XDECREF(module);
    return write_and_drop(writer, text);
}
