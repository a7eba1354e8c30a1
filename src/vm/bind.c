/* bind.c - binding a call's arguments to the parameters of a Python function, and the messages when they don't fit.
 *
 * Registers 0..nparams-1 are positional-or-keyword parameters, then keyword-only ones, then *args, then **kwargs, in the order of
 * co_localsplusnames. On entry the arguments lie in the first registers in the order of the call.
 */
#include "object/dict.h"
#include "vm/stack.h"

static KrCode *code_of(PyFunctionObject *f) { return (KrCode *)f->func_code; }
static PyObject *parameter_name(KrCode *c, Py_ssize_t i) { return PyTuple_GET_ITEM(c->base.co_localsplusnames, i); }

/* "'a'", "'a' and 'b'", "'a', 'b', and 'c'" of a list of str. */
static PyObject *name_list(PyObject *names) {
    Py_ssize_t n = PyList_GET_SIZE(names);
    if (n == 1) return PyUnicode_FromFormat("%R", PyList_GET_ITEM(names, 0));
    if (n == 2) return PyUnicode_FromFormat("%R and %R", PyList_GET_ITEM(names, 0), PyList_GET_ITEM(names, 1));
    PyObject *text = PyUnicode_FromFormat("%R", PyList_GET_ITEM(names, 0));
    for (Py_ssize_t i = 1; text && i < n; i++)
        PyUnicode_AppendAndDel(&text, PyUnicode_FromFormat(i + 1 < n ? ", %R" : ", and %R", PyList_GET_ITEM(names, i)));
    return text;
}

/* TypeError for parameters start..end that got no argument. */
static void missing(PyFunctionObject *f, PyObject **regs, Py_ssize_t start, Py_ssize_t end, const char *kind) {
    KrCode *c = code_of(f);
    PyObject *names = PyList_New(0);
    for (Py_ssize_t i = start; names && i < end; i++)
        if (!regs[i] && PyList_Append(names, parameter_name(c, i)) < 0) Py_CLEAR(names);
    PyObject *text = names ? name_list(names) : NULL;
    if (text) {
        Py_ssize_t n = PyList_GET_SIZE(names);
        PyErr_Format(PyExc_TypeError, "%U() missing %zd required %s argument%s: %U", f->func_qualname, n, kind, n == 1 ? "" : "s", text);
    }
    Py_XDECREF(names);
    Py_XDECREF(text);
}

/* TypeError for too many positional arguments; kwonly_given of the keyword-only parameters had been given. */
static void too_many(PyFunctionObject *f, Py_ssize_t given, Py_ssize_t kwonly_given) {
    KrCode *c = code_of(f);
    Py_ssize_t count = c->base.co_argcount, defaults = f->func_defaults ? PyTuple_GET_SIZE(f->func_defaults) : 0;
    bool plural = defaults ? true : count != 1;
    PyObject *takes = defaults ? PyUnicode_FromFormat("from %zd to %zd", count - defaults, count) : PyUnicode_FromFormat("%zd", count);
    PyObject *extra = !takes ? NULL
                      : kwonly_given ? PyUnicode_FromFormat(" positional argument%s (and %zd keyword-only argument%s)", given != 1 ? "s" : "", kwonly_given, kwonly_given != 1 ? "s" : "")
                                     : PyUnicode_FromString("");
    if (extra)
        PyErr_Format(PyExc_TypeError, "%U() takes %U positional argument%s but %zd%U %s given", f->func_qualname, takes, plural ? "s" : "", given, extra,
                     given == 1 && !kwonly_given ? "was" : "were");
    Py_XDECREF(takes);
    Py_XDECREF(extra);
}

/* TypeError when positional-only parameters were named in the call. 1 if so, 0 if not, -1 on another error. */
static int positional_only_named(PyFunctionObject *f, PyObject *kwnames) {
    KrCode *c = code_of(f);
    PyObject *wrong = PyList_New(0);
    for (Py_ssize_t i = 0; wrong && i < c->base.co_posonlyargcount; i++)
        for (Py_ssize_t k = 0; wrong && k < PyTuple_GET_SIZE(kwnames); k++) {
            int same = PyObject_RichCompareBool(parameter_name(c, i), PyTuple_GET_ITEM(kwnames, k), Py_EQ);
            if (same < 0 || (same && PyList_Append(wrong, parameter_name(c, i)) < 0)) Py_CLEAR(wrong);
        }
    if (!wrong) return -1;
    int found = PyList_GET_SIZE(wrong) > 0;
    if (found) {
        PyObject *comma = PyUnicode_FromString(", "), *joined = comma ? PyUnicode_Join(comma, wrong) : NULL;
        if (joined) PyErr_Format(PyExc_TypeError, "%U() got some positional-only arguments passed as keyword arguments: '%U'", f->func_qualname, joined);
        Py_XDECREF(comma);
        Py_XDECREF(joined);
    }
    Py_DECREF(wrong);
    return found;
}

/* The parameter a keyword names; -1 if none, -2 on error. Names are mostly interned: identity first. */
static Py_ssize_t find_parameter(KrCode *c, PyObject *name) {
    Py_ssize_t total = c->base.co_argcount + c->base.co_kwonlyargcount;
    for (Py_ssize_t i = c->base.co_posonlyargcount; i < total; i++)
        if (parameter_name(c, i) == name) return i;
    for (Py_ssize_t i = c->base.co_posonlyargcount; i < total; i++) {
        int same = PyObject_RichCompareBool(parameter_name(c, i), name, Py_EQ);
        if (same < 0) return -2;
        if (same) return i;
    }
    return -1;
}

int kr_bind_arguments(PyFunctionObject *f, PyObject **regs, Py_ssize_t nargs, PyObject *kwnames) {
    KrCode *c = code_of(f);
    Py_ssize_t count = c->base.co_argcount, kwonly = c->base.co_kwonlyargcount, params = count + kwonly;
    Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    bool star = c->base.co_flags & CO_VARARGS, star_star = c->base.co_flags & CO_VARKEYWORDS;
    PyObject *rest = NULL, *kwargs = NULL, *small[16], **named = small;
    Py_ssize_t named_left = 0;
    int result = -1;
    /* keyword values leave the registers, which parameters will take */
    if (nkw > (Py_ssize_t)KR_ARRAY_LEN(small) && !(named = PyMem_Malloc((size_t)nkw * sizeof *named))) {
        named = small;
        PyErr_NoMemory();
        goto fail;
    }
    for (Py_ssize_t i = 0; i < nkw; i++) {
        named[i] = regs[nargs + i];
        regs[nargs + i] = NULL;
    }
    named_left = nkw;
    Py_ssize_t positional = Py_MIN(nargs, count);
    if (star) {
        if (!(rest = PyTuple_New(nargs - positional))) goto fail;
        for (Py_ssize_t i = positional; i < nargs; i++) {
            PyTuple_SET_ITEM(rest, i - positional, regs[i]);
            regs[i] = NULL;
        }
    }
    if (star_star && !(kwargs = PyDict_New())) goto fail;
    /* extra positional arguments lie where keyword-only parameters belong: out of the way until the message is made */
    Py_ssize_t extra = star ? 0 : nargs - positional;
    for (Py_ssize_t i = positional; i < positional + extra; i++) Py_CLEAR(regs[i]);
    for (Py_ssize_t k = 0; k < nkw; k++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, k);
        if (!PyUnicode_Check(name)) {
            PyErr_Format(PyExc_TypeError, "%U() keywords must be strings", f->func_qualname);
            goto fail;
        }
        Py_ssize_t i = find_parameter(c, name);
        if (i == -2) goto fail;
        if (i == -1) {
            if (!kwargs) {
                if (c->base.co_posonlyargcount && positional_only_named(f, kwnames)) goto fail;
                PyErr_Format(PyExc_TypeError, "%U() got an unexpected keyword argument '%S'", f->func_qualname, name);
                goto fail;
            }
            if (PyDict_SetItem(kwargs, name, named[k]) < 0) goto fail;
            Py_CLEAR(named[k]);
            continue;
        }
        if (regs[i]) {
            PyErr_Format(PyExc_TypeError, "%U() got multiple values for argument '%S'", f->func_qualname, name);
            goto fail;
        }
        regs[i] = named[k];
        named[k] = NULL;
    }
    if (extra) {
        Py_ssize_t given = 0;
        for (Py_ssize_t i = count; i < params; i++) given += regs[i] != NULL;
        too_many(f, nargs, given);
        goto fail;
    }
    if (nargs < count) {
        Py_ssize_t defaults = f->func_defaults ? PyTuple_GET_SIZE(f->func_defaults) : 0, required = count - defaults;
        for (Py_ssize_t i = nargs; i < required; i++)
            if (!regs[i]) {
                missing(f, regs, nargs, required, "positional");
                goto fail;
            }
        for (Py_ssize_t i = Py_MAX(nargs, required); i < count; i++)
            if (!regs[i]) regs[i] = Py_NewRef(PyTuple_GET_ITEM(f->func_defaults, i - required));
    }
    for (Py_ssize_t i = count; i < params; i++) {
        if (regs[i]) continue;
        PyObject *v = f->func_kwdefaults ? PyDict_GetItemWithError(f->func_kwdefaults, parameter_name(c, i)) : NULL;
        if (v) {
            regs[i] = Py_NewRef(v);
            continue;
        }
        if (PyErr_Occurred()) goto fail;
        for (Py_ssize_t j = i + 1; j < params; j++) {
            if (regs[j] || !f->func_kwdefaults) continue;
            PyObject *d = PyDict_GetItemWithError(f->func_kwdefaults, parameter_name(c, j));
            if (d) regs[j] = Py_NewRef(d); /* so that only the missing ones are named */
            else if (PyErr_Occurred()) goto fail;
        }
        missing(f, regs, count, params, "keyword-only");
        goto fail;
    }
    if (star) regs[params] = rest, rest = NULL;
    if (star_star) regs[params + star] = kwargs, kwargs = NULL;
    result = 0;
fail:
    for (Py_ssize_t i = 0; i < named_left; i++) Py_XDECREF(named[i]);
    if (named != small) PyMem_Free(named);
    Py_XDECREF(rest);
    Py_XDECREF(kwargs);
    if (result < 0) {
        Py_ssize_t used = Py_MAX(nargs + nkw, params);
        for (Py_ssize_t i = 0; i < used; i++) Py_CLEAR(regs[i]);
    }
    return result;
}
int kr_bind_window(KrThread *t, PyFunctionObject *f, PyObject **regs, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject **top = t->vm.reg_top;
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0);
    t->vm.reg_top = regs + Py_MAX((size_t)code_of(f)->nregs, given);
    int r = kr_bind_arguments(f, regs, nargs, kwnames);
    t->vm.reg_top = top;
    return r;
}
