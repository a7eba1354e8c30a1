/* unicode_intern.c - the table of interned strings.
 *
 * A dict from each string to itself, one an interpreter. Its two references are not counted in the string's reference count, so that a
 * string nobody else uses dies; kr_unicode_unintern then takes it out.
 *
 * Immortal strings are shared: a new interpreter's table begins with those of the main interpreter's, so what is compared by address (the
 * names of names.def, of the slot table) is one string in all of them. Any other string that gets from one interpreter into another is, if
 * it is interned, so in its own table only; addresses that differ prove nothing there.
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

/* Makes an interned string immortal. */
static void immortalize(PyObject *s) {
    STATE(s).interned = SSTATE_INTERNED_IMMORTAL;
    kr_make_immortal(s);
}
void PyUnicode_InternImmortal(PyObject **at) {
    PyUnicode_InternInPlace(at);
    PyObject *s = *at;
    if (!s || !STATE(s).interned || STATE(s).interned == SSTATE_INTERNED_IMMORTAL) return;
    immortalize(s);
    if (kr_interp() == kr_runtime.main_interp) return;
    /* Known to the main interpreter too, or every interpreter to come would leave another such string behind. */
    PyObject *known = PyDict_SetDefault(kr_runtime.main_interp->text.interned, s, s);
    if (!known) PyErr_Clear();
    else if (known != s) immortalize(known);
}
PyObject *PyUnicode_InternFromString(const char *s) {
    PyObject *o = PyUnicode_FromString(s);
    if (o) PyUnicode_InternInPlace(&o);
    return o;
}
/* The table that s is in: nearly always this interpreter's. */
static PyObject *table_of(PyObject *s) {
    PyObject *own = kr_interp()->text.interned;
    if (KR_LIKELY(!kr_runtime.interps->next)) return own;
    for (KrInterp *interp = kr_runtime.interps; interp; interp = interp->next)
        if (interp->text.interned && interp->text.interned != own && PyDict_GetItemWithError(interp->text.interned, s) == s) return interp->text.interned;
    return own;
}
void kr_unicode_unintern(PyObject *s) {
    Py_SET_REFCNT(s, 3);        /* the table's two, and one that keeps it from dying a second time */
    STATE(s).interned = SSTATE_NOT_INTERNED;
    if (PyDict_DelItem(table_of(s), s) < 0) PyErr_Clear();
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

/* ------------------------------------------------------------------ start and end */

int kr_unicode_intern_init(KrInterp *interp) {
    KrInterp *first = kr_runtime.main_interp;
    PyObject *table = PyDict_New(), *key, *value;
    Py_ssize_t pos = 0;
    while (table && interp != first && PyDict_Next(first->text.interned, &pos, &key, &value))
        if (kr_is_immortal(key) && PyDict_SetItem(table, key, key) < 0) Py_CLEAR(table);
    interp->text.interned = table;
    return table ? 0 : -1;
}

void kr_unicode_fini(KrInterp *interp) {
    KrTextState *t = &interp->text;
    PyObject *table = t->interned, *key, *value;
    if (!table) return;
    /* give the table its references back, and let go of the strings with it */
    Py_ssize_t pos = 0;
    while (PyDict_Next(table, &pos, &key, &value)) {
        if (kr_is_immortal(key)) continue;
        STATE(key).interned = SSTATE_NOT_INTERNED;
        Py_SET_REFCNT(key, Py_REFCNT(key) + 2);
    }
    t->interned = NULL;
    Py_DECREF(table);
}
