/* unicodedata_normalize.c - the four normal forms (Unicode Standard Annex #15).
 *
 * Work is done in an array of code points: first each character is decomposed as far as it goes and marks are put in the order of their
 * combining classes, then, for the composed forms, starters and what follows them are joined in place. Hangul is decomposed and
 * composed by arithmetic. The database knows decompositions of one step, so decomposing recurses.
 */
#include "module/unicodedata.h"

enum { S_BASE = 0xac00, L_BASE = 0x1100, V_BASE = 0x1161, T_BASE = 0x11a7, L_COUNT = 19, V_COUNT = 21, T_COUNT = 28,
       S_COUNT = L_COUNT * V_COUNT * T_COUNT };

typedef struct {
    Py_UCS4 *at;
    Py_ssize_t n, room;
    bool compat, old;
} Buffer;

static int append(Buffer *b, Py_UCS4 c) {
    if (b->n == b->room) {
        Py_ssize_t room = b->room + b->room / 2 + 32;
        Py_UCS4 *more = PyMem_Realloc(b->at, (size_t)room * sizeof *more);
        if (!more) {
            PyErr_NoMemory();
            return -1;
        }
        b->at = more;
        b->room = room;
    }
    b->at[b->n++] = c;
    return 0;
}
/* Appends the full decomposition of c. The depth is that of the database's chains, a handful. */
static int decompose(Buffer *b, Py_UCS4 c) {
    if (c < 0x80) return append(b, c);
    if (c >= S_BASE && c < S_BASE + S_COUNT) {
        unsigned i = c - S_BASE, tail = i % T_COUNT;
        if (append(b, L_BASE + i / (V_COUNT * T_COUNT)) < 0 || append(b, V_BASE + i / T_COUNT % V_COUNT) < 0) return -1;
        return tail ? append(b, T_BASE + tail) : 0;
    }
    if (b->old) {
        const OldFacts *old = kr_char_old_facts(c);
        if (old && old->correction) return decompose(b, old->correction);
        if (old && old->facts.category == KR_CATEGORY_UNASSIGNED) return append(b, c);
    }
    Py_ssize_t n;
    const char *prefix;
    const unsigned *to = kr_char_decomposition(c, &n, &prefix);
    if (!to || (*prefix && !b->compat)) return append(b, c);
    for (Py_ssize_t i = 0; i < n; i++)
        if (decompose(b, to[i]) < 0) return -1;
    return 0;
}
/* Sorts each run of characters of classes other than 0 by class, keeping the order of equals. */
static void order_marks(Buffer *b) {
    for (Py_ssize_t i = 1; i < b->n; i++) {
        Py_UCS4 c = b->at[i];
        unsigned char class = c < 0x300 ? 0 : kr_char_facts(c)->combining;
        if (!class) continue;
        Py_ssize_t k = i;
        while (k > 0 && kr_char_facts(b->at[k - 1])->combining > class) {
            b->at[k] = b->at[k - 1];
            k--;
        }
        b->at[k] = c;
    }
}
static Py_UCS4 compose_two(Py_UCS4 a, Py_UCS4 b) {
    if (a >= L_BASE && a < L_BASE + L_COUNT && b >= V_BASE && b < V_BASE + V_COUNT) return S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
    if (a >= S_BASE && a < S_BASE + S_COUNT && (a - S_BASE) % T_COUNT == 0 && b > T_BASE && b < T_BASE + T_COUNT) return a + (b - T_BASE);
    return b < 0x300 ? 0 : kr_char_compose(a, b);
}
/* Joins each starter with the marks after it that nothing of their class or higher, and no starter, separates from it. */
static void compose(Buffer *b) {
    Py_ssize_t starter = -1, n = 0;
    int last_class = -1;                /* of the last character kept after the starter; -1: none */
    for (Py_ssize_t i = 0; i < b->n; i++) {
        Py_UCS4 c = b->at[i], both;
        int class = c < 0x300 ? 0 : kr_char_facts(c)->combining;
        if (starter >= 0 && last_class < class && (both = compose_two(b->at[starter], c))) {
            b->at[starter] = both;
            continue;
        }
        if (class == 0) {
            starter = n;
            last_class = -1;
        } else {
            last_class = class;
        }
        b->at[n++] = c;
    }
    b->n = n;
}
PyObject *kr_normalize(PyObject *s, KrNormalForm form, bool old) {
    Buffer b = {.compat = form.compat, .old = old};
    PyObject *result = NULL;
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    for (Py_ssize_t i = 0, n = PyUnicode_GET_LENGTH(s); i < n; i++)
        if (decompose(&b, PyUnicode_READ(kind, data, i)) < 0) goto done;
    order_marks(&b);
    if (form.compose) compose(&b);
    result = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, b.at, b.n);
done:
    PyMem_Free(b.at);
    return result;
}
KrNormal kr_normal_quick(PyObject *s, KrNormalForm form, bool old) {
    if (old) return KR_NORMAL_NO;
    if (PyUnicode_IS_ASCII(s)) return KR_NORMAL_YES;
    int shift = form.compose * 4 + form.compat * 2, kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    unsigned char last = 0;
    KrNormal result = KR_NORMAL_YES;
    for (Py_ssize_t i = 0, n = PyUnicode_GET_LENGTH(s); i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (c < 0xa0) {
            last = 0;
            continue;
        }
        const CharFacts *f = kr_char_facts(c);
        unsigned quick = (f->quick >> shift) & 3;
        if ((f->combining && f->combining < last) || quick == 1) return KR_NORMAL_NO;
        if (quick) result = KR_NORMAL_MAYBE;
        last = f->combining;
    }
    return result;
}
