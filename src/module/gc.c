/* gc.c - the module gc: the collector's controls and the views of what it tracks. The collector itself is memory/gc.c.
 *
 * gc.garbage and gc.callbacks are lists that the collector's state owns too; rebinding the module attribute changes nothing.
 */
#include "memory/gc.h"
#include "object/type.h"

PyMODINIT_FUNC PyInit_gc(void);

static KrMemoryState *state(void) { return &kr_interp()->memory; }

static PyObject *gc_enable(PyObject *module, PyObject *unused) {
    PyGC_Enable();
    Py_RETURN_NONE;
}
static PyObject *gc_disable(PyObject *module, PyObject *unused) {
    PyGC_Disable();
    Py_RETURN_NONE;
}
static PyObject *gc_isenabled(PyObject *module, PyObject *unused) { return PyBool_FromLong(PyGC_IsEnabled()); }

static PyObject *gc_collect(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"generation", NULL};
    int generation = 2;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|i:collect", names, &generation))
        return NULL;
    if (generation < 0 || generation > 2) {
        PyErr_SetString(PyExc_ValueError, "invalid generation");
        return NULL;
    }
    return PyLong_FromSsize_t(kr_gc_collect_generation(kr_interp(), generation));
}

static PyObject *gc_set_debug(PyObject *module, PyObject *arg) {
    int flags = _PyLong_AsInt(arg);
    if (flags == -1 && PyErr_Occurred())
        return NULL;
    state()->debug = flags;
    Py_RETURN_NONE;
}
static PyObject *gc_get_debug(PyObject *module, PyObject *unused) { return PyLong_FromLong(state()->debug); }

static PyObject *gc_set_threshold(PyObject *module, PyObject *args) {
    KrGeneration *g = state()->generations;
    if (!PyArg_ParseTuple(args, "i|ii:set_threshold", &g[0].threshold, &g[1].threshold, &g[2].threshold))
        return NULL;
    Py_RETURN_NONE;
}
static PyObject *gc_get_threshold(PyObject *module, PyObject *unused) {
    KrGeneration *g = state()->generations;
    return Py_BuildValue("(iii)", g[0].threshold, g[1].threshold, g[2].threshold);
}
static PyObject *gc_get_count(PyObject *module, PyObject *unused) {
    KrGeneration *g = state()->generations;
    return Py_BuildValue("(iii)", Py_MAX(g[0].count, 0), g[1].count, g[2].count);   /* below 0: still starting */
}

static int visit_is_any_of(PyObject *o, void *objects) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(objects); i++)
        if (PyTuple_GET_ITEM((PyObject *)objects, i) == o)
            return 1;
    return 0;
}

/* Appends the tracked objects that refer to one of `objects`. */
static int add_referrers(KrGCHead *list, PyObject *objects, PyObject *result) {
    for (KrGCHead *g = kr_gc_next(list); g != list; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        if (o == objects || o == result)
            continue;
        if (Py_TYPE(o)->tp_traverse(o, visit_is_any_of, objects) && PyList_Append(result, o) < 0)
            return -1;
    }
    return 0;
}

static PyObject *gc_get_referrers(PyObject *module, PyObject *args) {
    PyObject *result = PyList_New(0);
    if (result == NULL)
        return NULL;
    if (PySys_Audit("gc.get_referrers", "(O)", args) < 0)
        goto fail;
    for (int i = 0; i < 3; i++)
        if (add_referrers(&state()->generations[i].head, args, result) < 0)
            goto fail;
    return result;
fail:
    Py_DECREF(result);
    return NULL;
}

static int visit_append(PyObject *o, void *list) { return PyList_Append(list, o) < 0; }

static PyObject *gc_get_referents(PyObject *module, PyObject *args) {
    if (PySys_Audit("gc.get_referents", "(O)", args) < 0)
        return NULL;
    PyObject *result = PyList_New(0);
    if (result == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++) {
        PyObject *o = PyTuple_GET_ITEM(args, i);
        if (kr_is_gc(o) && Py_TYPE(o)->tp_traverse != NULL && Py_TYPE(o)->tp_traverse(o, visit_append, result)) {
            Py_DECREF(result);
            return NULL;
        }
    }
    return result;
}

static int add_objects(KrGCHead *list, PyObject *result) {
    for (KrGCHead *g = kr_gc_next(list); g != list; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        if (o != result && PyList_Append(result, o) < 0)
            return -1;
    }
    return 0;
}

static PyObject *gc_get_objects(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"generation", NULL};
    PyObject *which = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O:get_objects", names, &which))
        return NULL;
    Py_ssize_t generation = -1;
    if (which != Py_None) {
        generation = PyNumber_AsSsize_t(which, PyExc_OverflowError);
        if (generation == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_TypeError))
                PyErr_Format(PyExc_TypeError, "argument should be integer or None, not %.200s", Py_TYPE(which)->tp_name);
            return NULL;
        }
    }
    if (PySys_Audit("gc.get_objects", "n", generation) < 0 || kr_types_fill_dicts() < 0)
        return NULL;
    if (which != Py_None && generation >= 3) {
        PyErr_Format(PyExc_ValueError, "generation parameter must be less than the number of available generations (%i)", 3);
        return NULL;
    }
    if (which != Py_None && generation < 0) {
        PyErr_SetString(PyExc_ValueError, "generation parameter cannot be negative");
        return NULL;
    }
    PyObject *result = PyList_New(0);
    if (result == NULL)
        return NULL;
    for (int i = 0; i < 3; i++)
        if ((generation < 0 || generation == i) && add_objects(&state()->generations[i].head, result) < 0) {
            Py_DECREF(result);
            return NULL;
        }
    return result;
}

static PyObject *gc_get_stats(PyObject *module, PyObject *unused) {
    PyObject *result = PyList_New(3);
    if (result == NULL)
        return NULL;
    for (int i = 0; i < 3; i++) {
        PyObject *d = Py_BuildValue("{snsnsn}", "collections", state()->stats[i].collections, "collected",
                                    state()->stats[i].collected, "uncollectable", state()->stats[i].uncollectable);
        if (d == NULL) {
            Py_DECREF(result);
            return NULL;
        }
        PyList_SET_ITEM(result, i, d);
    }
    return result;
}

static PyObject *gc_is_tracked(PyObject *module, PyObject *o) { return PyBool_FromLong(PyObject_GC_IsTracked(o)); }
static PyObject *gc_is_finalized(PyObject *module, PyObject *o) { return PyBool_FromLong(PyObject_GC_IsFinalized(o)); }

static PyObject *gc_freeze(PyObject *module, PyObject *unused) {
    for (int i = 0; i < 3; i++) {
        kr_gc_list_merge(&state()->generations[i].head, &state()->permanent);
        state()->generations[i].count = 0;
    }
    Py_RETURN_NONE;
}
static PyObject *gc_unfreeze(PyObject *module, PyObject *unused) {
    kr_gc_list_merge(&state()->permanent, &state()->generations[2].head);
    Py_RETURN_NONE;
}
static PyObject *gc_get_freeze_count(PyObject *module, PyObject *unused) {
    return PyLong_FromSsize_t(kr_gc_list_size(&state()->permanent));
}

PyDoc_STRVAR(enable_doc, "enable($module, /)\n--\n\nSwitch automatic garbage collection on.");
PyDoc_STRVAR(disable_doc, "disable($module, /)\n--\n\nSwitch automatic garbage collection off.");
PyDoc_STRVAR(isenabled_doc, "isenabled($module, /)\n--\n\nWhether automatic garbage collection is on.");
PyDoc_STRVAR(collect_doc, "collect($module, /, generation=2)\n--\n\nCollect a generation and the younger ones.\n\n"
                          "Returns how many objects were unreachable. ValueError for a generation that doesn't exist.");
PyDoc_STRVAR(set_debug_doc, "set_debug($module, flags, /)\n--\n\nChoose what the collector reports on stderr: an or of the DEBUG_ constants.");
PyDoc_STRVAR(get_debug_doc, "get_debug($module, /)\n--\n\nThe debugging flags in force.");
PyDoc_STRVAR(set_threshold_doc, "set_threshold(threshold0, [threshold1, threshold2]) -> None\n\n"
                                "Set how often collection happens; threshold0 of zero turns it off.");
PyDoc_STRVAR(get_threshold_doc, "get_threshold($module, /)\n--\n\nThe collection thresholds, a tuple of three.");
PyDoc_STRVAR(get_count_doc, "get_count($module, /)\n--\n\nThe collection counts, a tuple of three.");
PyDoc_STRVAR(get_referrers_doc, "get_referrers(*objs) -> list\nTracked objects that refer directly to any of objs.");
PyDoc_STRVAR(get_referents_doc, "get_referents(*objs) -> list\nObjects that objs refer to directly.");
PyDoc_STRVAR(get_objects_doc, "get_objects($module, /, generation=None)\n--\n\nThe objects the collector tracks, of one generation or of all.");
PyDoc_STRVAR(get_stats_doc, "get_stats($module, /)\n--\n\nCounts since start-up, one dictionary a generation.");
PyDoc_STRVAR(is_tracked_doc, "is_tracked($module, obj, /)\n--\n\nWhether the collector tracks the object.");
PyDoc_STRVAR(is_finalized_doc, "is_finalized($module, obj, /)\n--\n\nWhether the object's finalizer has run.");
PyDoc_STRVAR(freeze_doc, "freeze($module, /)\n--\n\nMove all tracked objects where collections don't look, e.g. before fork.");
PyDoc_STRVAR(unfreeze_doc, "unfreeze($module, /)\n--\n\nMove the frozen objects to the oldest generation.");
PyDoc_STRVAR(get_freeze_count_doc, "get_freeze_count($module, /)\n--\n\nHow many objects are frozen.");

static PyMethodDef gc_methods[] = {
    {"enable", gc_enable, METH_NOARGS, enable_doc},
    {"disable", gc_disable, METH_NOARGS, disable_doc},
    {"isenabled", gc_isenabled, METH_NOARGS, isenabled_doc},
    {"set_debug", gc_set_debug, METH_O, set_debug_doc},
    {"get_debug", gc_get_debug, METH_NOARGS, get_debug_doc},
    {"get_count", gc_get_count, METH_NOARGS, get_count_doc},
    {"set_threshold", gc_set_threshold, METH_VARARGS, set_threshold_doc},
    {"get_threshold", gc_get_threshold, METH_NOARGS, get_threshold_doc},
    {"collect", KR_METH(gc_collect), METH_VARARGS | METH_KEYWORDS, collect_doc},
    {"get_objects", KR_METH(gc_get_objects), METH_VARARGS | METH_KEYWORDS, get_objects_doc},
    {"get_stats", gc_get_stats, METH_NOARGS, get_stats_doc},
    {"is_tracked", gc_is_tracked, METH_O, is_tracked_doc},
    {"is_finalized", gc_is_finalized, METH_O, is_finalized_doc},
    {"get_referrers", gc_get_referrers, METH_VARARGS, get_referrers_doc},
    {"get_referents", gc_get_referents, METH_VARARGS, get_referents_doc},
    {"freeze", gc_freeze, METH_NOARGS, freeze_doc},
    {"unfreeze", gc_unfreeze, METH_NOARGS, unfreeze_doc},
    {"get_freeze_count", gc_get_freeze_count, METH_NOARGS, get_freeze_count_doc},
    {NULL},
};

static int gc_exec(PyObject *module) {
    KrMemoryState *m = state();
    if (m->garbage == NULL && (m->garbage = PyList_New(0)) == NULL)
        return -1;
    if (m->callbacks == NULL && (m->callbacks = PyList_New(0)) == NULL)
        return -1;
    if (PyModule_AddObjectRef(module, "garbage", m->garbage) < 0 || PyModule_AddObjectRef(module, "callbacks", m->callbacks) < 0)
        return -1;
    static const struct { const char *name; int value; } flags[] = {
        {"DEBUG_STATS", KR_GC_DEBUG_STATS},
        {"DEBUG_COLLECTABLE", KR_GC_DEBUG_COLLECTABLE},
        {"DEBUG_UNCOLLECTABLE", KR_GC_DEBUG_UNCOLLECTABLE},
        {"DEBUG_SAVEALL", KR_GC_DEBUG_SAVEALL},
        {"DEBUG_LEAK", KR_GC_DEBUG_LEAK},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(flags); i++)
        if (PyModule_AddIntConstant(module, flags[i].name, flags[i].value) < 0)
            return -1;
    return 0;
}

static PyModuleDef_Slot gc_slots[] = {{Py_mod_exec, gc_exec}, {0, NULL}};

PyDoc_STRVAR(gc_doc, "Control of the garbage collector that frees reference cycles, and views of what it tracks.");

static PyModuleDef gc_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "gc",
    .m_doc = gc_doc,
    .m_methods = gc_methods,
    .m_slots = gc_slots,
};

PyMODINIT_FUNC PyInit_gc(void) { return PyModuleDef_Init(&gc_module); }
