/* instance.c - the attribute storage of instances: values block, managed dict, or a dict pointer at tp_dictoffset.
 *
 * The layout and its invariant are instance.h's. The values block belongs to the instance until a dict takes it over; the
 * shared keys belong to the class (ht_cached_keys), and a dict made here holds its own reference to them, so an instance
 * whose class is changed is made to have a dict first. Fixed-offset dicts (not managed) are plain dicts, made on first use.
 */
#include "object/instance.h"

KR_INLINE PyDictKeysObject *class_keys(PyObject *o) { return ((PyHeapTypeObject *)Py_TYPE(o))->ht_cached_keys; }

/* Where an object that isn't managed keeps its dict, NULL if its type has none. A negative offset counts from the end
 * of a variable-sized object. */
static PyObject **fixed_dict_ptr(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    Py_ssize_t offset = t->tp_dictoffset;
    if (offset == 0)
        return NULL;
    if (offset < 0) {
        Py_ssize_t n = Py_SIZE(o);
        offset += (Py_ssize_t)_PyObject_VAR_SIZE(t, n < 0 ? -n : n);
    }
    return (PyObject **)((char *)o + offset);
}

/* The dict of a managed object, making it from the values if there is none. */
static PyObject *managed_dict(PyObject *o) {
    PyObject **dict = kr_instance_dict_ptr(o);
    if (*dict != NULL)
        return *dict;
    PyDictKeysObject *keys = class_keys(o);
    PyDictValues **slot = kr_instance_values_ptr(o), *values = *slot;
    if (values == NULL) {
        if (keys == NULL)
            return *dict = PyDict_New();
        values = kr_values_new(keys, 0);
    } else if (kr_values_inline(values)) {
        values = kr_values_moved_out(values);
    }
    if (values == NULL)
        return NULL;
    PyObject *d = kr_dict_from_values(keys, values);
    if (d == NULL) {
        if (*slot != values)
            kr_values_discard(values);
        return NULL;
    }
    *slot = NULL;
    *dict = d;
    return d;
}

PyObject *kr_object_dict(PyObject *o) {
    if (kr_has_managed_dict(o))
        return managed_dict(o);
    PyObject **p = fixed_dict_ptr(o);
    if (p == NULL)
        return NULL;
    if (*p == NULL)
        *p = PyDict_New();
    return *p;
}

PyObject **kr_object_dict_ptr(PyObject *o) {
    if (!kr_has_managed_dict(o))
        return fixed_dict_ptr(o);
    if (*kr_instance_values_ptr(o) != NULL && managed_dict(o) == NULL)
        return NULL;
    return kr_instance_dict_ptr(o);
}
PyObject **_PyObject_GetDictPtr(PyObject *o) {
    PyObject **p = kr_object_dict_ptr(o);
    if (p == NULL && kr_has_managed_dict(o))
        PyErr_Clear();
    return p;
}

static PyObject *dict_get(PyObject *d, PyObject *name) {
    if (d == NULL)
        return NULL;
    Py_INCREF(d);
    PyObject *v = PyDict_GetItemWithError(d, name);
    Py_XINCREF(v);
    Py_DECREF(d);
    return v;
}

PyObject *kr_instance_get(PyObject *o, PyObject *name) {
    if (!kr_has_managed_dict(o)) {
        PyObject **p = fixed_dict_ptr(o);
        return p == NULL ? NULL : dict_get(*p, name);
    }
    PyDictValues *values = *kr_instance_values_ptr(o);
    if (values == NULL)
        return dict_get(*kr_instance_dict_ptr(o), name);
    if (KR_UNLIKELY(!PyUnicode_CheckExact(name)))
        return managed_dict(o) == NULL ? NULL : dict_get(*kr_instance_dict_ptr(o), name);
    Py_ssize_t i = kr_shared_keys_find(class_keys(o), name);
    return i < 0 || i >= kr_values_capacity(values) ? NULL : Py_XNewRef(values->values[i]);
}

static int dict_set(PyObject *d, PyObject *name, PyObject *value) {
    int r;
    Py_INCREF(d);
    if (value != NULL) {
        r = PyDict_SetItem(d, name, value);
    } else {
        r = PyDict_DelItem(d, name);
        if (r < 0 && PyErr_ExceptionMatches(PyExc_KeyError)) {
            PyErr_Clear();
            r = -2;
        }
    }
    Py_DECREF(d);
    return r;
}

int kr_instance_set(PyObject *o, PyObject *name, PyObject *value) {
    PyObject *d;
    if (kr_has_managed_dict(o) && *kr_instance_dict_ptr(o) == NULL && class_keys(o) != NULL && PyUnicode_CheckExact(name)) {
        PyDictValues **slot = kr_instance_values_ptr(o);
        PyDictKeysObject *keys = class_keys(o);
        if (value == NULL) {
            Py_ssize_t i = *slot == NULL ? -1 : kr_shared_keys_find(keys, name);
            if (i < 0 || i >= kr_values_capacity(*slot) || (*slot)->values[i] == NULL)
                return -2;
            Py_DECREF(kr_values_set(*slot, i, NULL));
            return 0;
        }
        Py_ssize_t i = *slot == NULL && keys->usable < 0 ? -1 : kr_shared_keys_add(keys, name);
        if (i >= 0) {
            if (*slot == NULL) {
                if ((*slot = kr_values_new(keys, i + 1)) == NULL)
                    return -1;
            } else if (i >= kr_values_capacity(*slot) && kr_values_reserve(slot, keys, i) < 0) {
                return -1;
            }
            Py_XDECREF(kr_values_set(*slot, i, Py_NewRef(value)));
            return 0;
        }
        if (*slot == NULL && *kr_instance_dict_ptr(o) == NULL)  /* the table is full: a dict of its own */
            if ((*kr_instance_dict_ptr(o) = PyDict_New()) == NULL)
                return -1;
    }
    if (value == NULL) {        /* don't make a dict only to find that it is empty */
        PyObject **p = kr_has_managed_dict(o) ? NULL : fixed_dict_ptr(o);
        if (p != NULL && *p == NULL)
            return -2;
    }
    d = kr_object_dict(o);
    if (d == NULL)
        return PyErr_Occurred() ? -1 : -2;
    return dict_set(d, name, value);
}

int kr_instance_traverse(PyObject *o, visitproc visit, void *arg) {
    PyDictValues *values = *kr_instance_values_ptr(o);
    if (values != NULL) {
        for (int i = 0; i < kr_values_capacity(values); i++)
            Py_VISIT(values->values[i]);
    } else {
        Py_VISIT(*kr_instance_dict_ptr(o));
    }
    return 0;
}

void kr_instance_clear(PyObject *o) {
    PyDictValues **slot = kr_instance_values_ptr(o), *values = *slot;
    if (values != NULL) {
        *slot = NULL;
        kr_values_free(values);
    }
    Py_CLEAR(*kr_instance_dict_ptr(o));
}
