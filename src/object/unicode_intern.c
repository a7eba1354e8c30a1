/* unicode_intern.c - the table of interned strings.
 *
 * Open addressing with linear probing over words that hold a string's address and, in the upper 16 bits, which addresses of user space
 * leave free, bits of its hash. The table owns no references: a string nobody else uses dies, and kr_unicode_unintern takes it out.
 * A removed string leaves DEAD behind; at most two thirds of the words are not 0.
 *
 * There is a table an interpreter. Immortal strings are shared: a new interpreter's table begins with those of the main interpreter's, so
 * what is compared by address (the names of names.def, of the slot table) is one string in all of them. Any other string that gets from
 * one interpreter into another is, if it is interned, so in its own table only; addresses that differ prove nothing there.
 */
#include "object/container.h"
#include "object/unicode.h"
#include "runtime/lifecycle.h"

#define STATE(o) (((PyASCIIObject *)(o))->state)
#define HASH(o) (((PyASCIIObject *)(o))->hash)

enum { TAG_SHIFT = 48, FIRST_SIZE = 8192 };
#define DEAD ((uint64_t)1)
#define ADDRESS_MASK (((uint64_t)1 << TAG_SHIFT) - 1)

KR_INLINE uint64_t tag_of(Py_hash_t hash) { return (uint64_t)hash >> TAG_SHIFT << TAG_SHIFT; }
KR_INLINE PyObject *string_at(uint64_t word) { return (PyObject *)(uintptr_t)(word & ADDRESS_MASK); }

/* ------------------------------------------------------------------ the table */

static int resize(KrInternTable *t, size_t size) {
    uint64_t *words = PyMem_RawCalloc(size, sizeof *words);
    if (!words) return -1;
    for (size_t k = 0; t->words && k <= t->mask; k++) {
        uint64_t word = t->words[k];
        if (word <= DEAD) continue;
        size_t i = (size_t)HASH(string_at(word)) & (size - 1);
        while (words[i]) i = (i + 1) & (size - 1);
        words[i] = word;
    }
    PyMem_RawFree(t->words);
    t->words = words;
    t->mask = size - 1;
    t->filled = t->live;
    return 0;
}
/* Puts in a string that is not there. -1 without memory. */
static int insert(KrInternTable *t, PyObject *s) {
    if (KR_UNLIKELY(3 * (t->filled + 1) > 2 * (t->mask + 1)) && resize(t, (t->mask + 1) << (2 * t->live > t->mask)) < 0) return -1;
    size_t i = (size_t)HASH(s) & t->mask;
    while (t->words[i] > DEAD) i = (i + 1) & t->mask;
    t->filled += t->words[i] == 0;
    t->live++;
    t->words[i] = (uint64_t)(uintptr_t)s | tag_of(HASH(s));
    return 0;
}
/* The string of the table that equals s; NULL if there is none. */
static PyObject *find(const KrInternTable *t, PyObject *s, Py_hash_t hash) {
    uint64_t tag = tag_of(hash), word;
    for (size_t i = (size_t)hash & t->mask; (word = t->words[i]) != 0; i = (i + 1) & t->mask) {
        if (word == DEAD || word >> TAG_SHIFT << TAG_SHIFT != tag) continue;
        PyObject *known = string_at(word);
        if (HASH(known) == hash && kr_str_equal(known, s)) return known;
    }
    return NULL;
}
/* Takes out this very string; false if it isn't there. */
static bool take_out(KrInternTable *t, PyObject *s) {
    if (!t->words) return false;
    uint64_t mine = (uint64_t)(uintptr_t)s | tag_of(HASH(s));
    size_t i = (size_t)HASH(s) & t->mask;
    while (t->words[i] && t->words[i] != mine) i = (i + 1) & t->mask;
    if (!t->words[i]) return false;
    bool last = t->words[(i + 1) & t->mask] == 0;      /* no chain leads on: the word can be free again */
    t->words[i] = last ? 0 : DEAD;
    t->filled -= last;
    t->live--;
    return true;
}

/* ------------------------------------------------------------------ interning */

void PyUnicode_InternInPlace(PyObject **at) {
    PyObject *s = *at;
    if (!s || !PyUnicode_CheckExact(s) || STATE(s).interned) return;
    KrInternTable *t = &kr_interp()->text.interned;
    Py_hash_t hash = PyUnicode_READY(s) < 0 ? -1 : PyObject_Hash(s);
    if (hash == -1) {
        PyErr_Clear();
        return;
    }
    PyObject *known = find(t, s, hash);
    if (known) {
        Py_INCREF(known);
        Py_SETREF(*at, known);
        return;
    }
    if (insert(t, s) == 0) STATE(s).interned = SSTATE_INTERNED_MORTAL;
}
PyObject *kr_intern_ascii(const char *text, Py_ssize_t n) {
    KrInternTable *t = &kr_interp()->text.interned;
    Py_hash_t hash = _Py_HashBytes(text, n);
    uint64_t tag = tag_of(hash), word;
    for (size_t i = (size_t)hash & t->mask; (word = t->words[i]) != 0; i = (i + 1) & t->mask) {
        if (word == DEAD || word >> TAG_SHIFT << TAG_SHIFT != tag) continue;
        PyObject *known = string_at(word);
        if (HASH(known) == hash && PyUnicode_GET_LENGTH(known) == n && PyUnicode_IS_ASCII(known) && memcmp(PyUnicode_1BYTE_DATA(known), text, (size_t)n) == 0)
            return Py_NewRef(known);
    }
    PyObject *s = _PyUnicode_FromASCII(text, n);
    if (!s || STATE(s).interned) return s;
    HASH(s) = hash;
    if (insert(t, s) == 0) STATE(s).interned = SSTATE_INTERNED_MORTAL;
    return s;
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
    KrInternTable *t = &kr_runtime.main_interp->text.interned;
    PyObject *known = find(t, s, HASH(s));
    if (!known) (void)insert(t, s);
    else if (known != s) immortalize(known);
}
PyObject *PyUnicode_InternFromString(const char *s) {
    const unsigned char *p = (const unsigned char *)s;
    while (*p && *p < 0x80) p++;
    if (!*p) return kr_intern_ascii(s, (Py_ssize_t)((const char *)p - s));
    PyObject *o = PyUnicode_FromString(s);
    if (o) PyUnicode_InternInPlace(&o);
    return o;
}
/* Nearly always this interpreter's table has it. */
void kr_unicode_unintern(PyObject *s) {
    STATE(s).interned = SSTATE_NOT_INTERNED;
    if (take_out(&kr_interp()->text.interned, s)) return;
    for (KrInterp *interp = kr_runtime.interps; interp && !take_out(&interp->text.interned, s); interp = interp->next) {}
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
    KrInternTable *t = &interp->text.interned, *first = &kr_runtime.main_interp->text.interned;
    if (resize(t, FIRST_SIZE) < 0) return -1;
    for (size_t i = 0; interp != kr_runtime.main_interp && i <= first->mask; i++)
        if (first->words[i] > DEAD && kr_is_immortal(string_at(first->words[i])) && insert(t, string_at(first->words[i])) < 0) return -1;
    return 0;
}
void kr_unicode_fini(KrInterp *interp) {
    KrInternTable *t = &interp->text.interned;
    for (size_t i = 0; t->words && i <= t->mask; i++)
        if (t->words[i] > DEAD && !kr_is_immortal(string_at(t->words[i]))) STATE(string_at(t->words[i])).interned = SSTATE_NOT_INTERNED;
    PyMem_RawFree(t->words);
    *t = (KrInternTable){0};
}
