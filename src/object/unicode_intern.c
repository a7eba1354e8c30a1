/* unicode_intern.c - the table of interned strings.
 *
 * A dict from each string to itself. Its two references are not counted in the string's reference count, so that a string nobody else
 * uses dies; kr_unicode_unintern then takes it out.
 */
#include "object/unicode.h"
#include "runtime/lifecycle.h"

#define STATE(o) (((PyASCIIObject *)(o))->state)

void PyUnicode_InternInPlace(PyObject **at) {
    PyObject *s = *at;
    if (!s || !PyUnicode_CheckExact(s) || STATE(s).interned) return;
    KrTextState *t = &kr_interp()->text;
    Py_ssize_t before = PyDict_GET_SIZE(t->interned);
    PyObject *known = PyDict_SetDefault(t->interned, s, s);
    if (!known) {
        PyErr_Clear();
        return;
    }
    if (PyDict_GET_SIZE(t->interned) == before) {
        Py_INCREF(known);
        Py_SETREF(*at, known);
        return;
    }
    if (!kr_is_immortal(s)) Py_SET_REFCNT(s, Py_REFCNT(s) - 2);
    STATE(s).interned = SSTATE_INTERNED_MORTAL;
}
void PyUnicode_InternImmortal(PyObject **at) {
    PyUnicode_InternInPlace(at);
    if (*at && STATE(*at).interned) {
        STATE(*at).interned = SSTATE_INTERNED_IMMORTAL;
        kr_make_immortal(*at);
    }
}
PyObject *PyUnicode_InternFromString(const char *s) {
    PyObject *o = PyUnicode_FromString(s);
    if (o) PyUnicode_InternInPlace(&o);
    return o;
}
void kr_unicode_unintern(PyObject *s) {
    Py_SET_REFCNT(s, 3);        /* the table's two, and one that keeps it from dying a second time */
    STATE(s).interned = SSTATE_NOT_INTERNED;
    if (PyDict_DelItem(kr_interp()->text.interned, s) < 0) PyErr_Clear();
    Py_SET_REFCNT(s, 0);
}
/* An identifier's string lives in the identifier; interned and immortal. */
PyObject *_PyUnicode_FromId(_Py_Identifier *id) {
    PyObject *s = (PyObject *)id->index;
    if (id->index > 0) return s;
    s = PyUnicode_FromString(id->string);
    if (!s) return NULL;
    PyUnicode_InternImmortal(&s);
    id->index = (Py_ssize_t)s;
    return s;
}
void kr_unicode_fini(KrInterp *interp) {
    KrTextState *t = &interp->text;
    if (t->interned) {
        /* give the table its references back, and let go of the strings with it */
        PyObject *key, *value;
        Py_ssize_t pos = 0;
        while (PyDict_Next(t->interned, &pos, &key, &value)) {
            STATE(key).interned = SSTATE_NOT_INTERNED;
            if (!kr_is_immortal(key)) Py_SET_REFCNT(key, Py_REFCNT(key) + 2);
        }
        Py_CLEAR(t->interned);
    }
}
