/* engine.c - matching: a backtracking machine without C recursion.
 *
 * One stack holds choice points and a trail. Going forward, every change of the state that backtracking must take back (a mark,
 * lastindex, the current repeat, a repeat's counters) pushes an UNDO entry with the old value; a place with another way to go
 * on pushes a choice. Failing pops: undo entries are applied, the first choice is resumed. Lookarounds, atomic groups and
 * possessive repeats push a barrier; when their body succeeds the choices above it are cut away, the undo entries stay.
 * The memory grows with the subject, never the C stack; signals are looked for every few thousand steps.
 */
#include "module/sre/sre.h"
#include <ctype.h>

typedef struct Repeat {
    const SreCode *op;          /* the word after REPEAT: skip, min, max, body */
    Py_ssize_t count, last_ptr;
    struct Repeat *outer;
} Repeat;

typedef enum {
    UNDO_MARK, UNDO_LASTINDEX, UNDO_REPEAT, UNDO_COUNT,
    CHOICE_BRANCH, CHOICE_TAIL, CHOICE_BODY, CHOICE_REPEAT_ONE, CHOICE_MIN_REPEAT_ONE,
    BARRIER_ASSERT, BARRIER_ASSERT_NOT, BARRIER_ATOMIC, BARRIER_POSSESSIVE
} Kind;
typedef struct {
    Kind kind;
    uint32_t index;
    const SreCode *pc;
    Py_ssize_t ptr, n;          /* position; count or old value */
    void *object;               /* Repeat */
} Entry;

typedef struct Block {
    struct Block *next;
    int used;
    Repeat repeats[128];
} Block;
typedef struct SreStack {
    Entry *entries;
    Py_ssize_t size, capacity;
    Block *blocks;
} SreStack;

void sre_stack_free(SreStack *s) {
    if (!s) return;
    for (Block *b = s->blocks; b;) {
        Block *next = b->next;
        PyMem_Free(b);
        b = next;
    }
    PyMem_Free(s->entries);
    PyMem_Free(s);
}
bool sre_stack_keeps(SreStack *s) { return s && s->capacity <= 1024 && (!s->blocks || !s->blocks->next); }
static KR_NOINLINE bool grow(SreStack *s) {
    Py_ssize_t n = s->capacity ? s->capacity * 2 : 64;
    Entry *e = PyMem_Realloc(s->entries, (size_t)n * sizeof *e);
    if (!e) {
        PyErr_NoMemory();
        return false;
    }
    s->entries = e;
    s->capacity = n;
    return true;
}
KR_INLINE Entry *push(SreStack *s, Kind kind) {
    if (KR_UNLIKELY(s->size == s->capacity) && !grow(s)) return NULL;
    Entry *e = &s->entries[s->size++];
    e->kind = kind;
    return e;
}
static Repeat *new_repeat(SreStack *s) {
    if (!s->blocks || s->blocks->used == (int)KR_ARRAY_LEN(s->blocks->repeats)) {
        Block *b = PyMem_Malloc(sizeof *b);
        if (!b) {
            PyErr_NoMemory();
            return NULL;
        }
        b->next = s->blocks;
        b->used = 0;
        s->blocks = b;
    }
    return &s->blocks->repeats[s->blocks->used++];
}

/* ------------------------------------------------------------------ characters */

static bool is_linebreak(Py_UCS4 c) { return c == '\n'; }
static bool ascii_word(Py_UCS4 c) { return c < 128 && (Py_ISALNUM(c) || c == '_'); }
static bool locale_word(Py_UCS4 c) { return c < 256 && (isalnum((int)c) || c == '_'); }
static bool unicode_word(Py_UCS4 c) { return c < 128 ? ascii_word(c) : Py_UNICODE_ISALNUM(c); }

bool sre_category(SreCode category, Py_UCS4 c) {
    bool yes;
    switch (category / 2) { /* each is followed by its negation */
    case 0: yes = c < 128 && Py_ISDIGIT(c); break;
    case 1: yes = c < 128 && Py_ISSPACE(c); break;
    case 2: yes = ascii_word(c); break;
    case 3: yes = is_linebreak(c); break;
    case 4: yes = locale_word(c); break;
    case 5: yes = Py_UNICODE_ISDECIMAL(c); break;
    case 6: yes = Py_UNICODE_ISSPACE(c); break;
    case 7: yes = unicode_word(c); break;
    case 8: yes = Py_UNICODE_ISLINEBREAK(c); break;
    default: return false;
    }
    return yes != (category & 1);
}
static Py_UCS4 lower_ascii(Py_UCS4 c) { return c < 128 ? (Py_UCS4)Py_TOLOWER(c) : c; }
static Py_UCS4 lower_locale(Py_UCS4 c) { return c < 256 ? (Py_UCS4)tolower((int)c) : c; }
static Py_UCS4 upper_locale(Py_UCS4 c) { return c < 256 ? (Py_UCS4)toupper((int)c) : c; }
static Py_UCS4 lower_unicode(Py_UCS4 c) { return Py_UNICODE_TOLOWER(c); }
Py_UCS4 sre_lower(Py_UCS4 c, int unicode) { return unicode ? lower_unicode(c) : lower_ascii(c); }

bool sre_charset(const SreCode *set, Py_UCS4 c) {
    bool ok = true;
    for (;;) {
        switch (*set++) {
        case OP_FAILURE: return !ok;
        case OP_LITERAL:
            if (c == set[0]) return ok;
            set++;
            break;
        case OP_CATEGORY:
            if (sre_category(set[0], c)) return ok;
            set++;
            break;
        case OP_CHARSET:
            if (c < 256 && (set[c >> 5] & (1u << (c & 31)))) return ok;
            set += 8;
            break;
        case OP_RANGE:
            if (set[0] <= c && c <= set[1]) return ok;
            set += 2;
            break;
        case OP_RANGE_UNI_IGNORE: {
            if (set[0] <= c && c <= set[1]) return ok;
            Py_UCS4 u = Py_UNICODE_TOUPPER(c);
            if (set[0] <= u && u <= set[1]) return ok;
            set += 2;
            break;
        }
        case OP_NEGATE: ok = !ok; break;
        case OP_BIGCHARSET: {
            SreCode count = *set++;
            if (c < 65536) {
                SreCode block = ((const unsigned char *)set)[c >> 8];
                const SreCode *bits = set + 64 + block * 8;
                if (bits[(c & 255) >> 5] & (1u << (c & 31))) return ok;
            }
            set += 64 + count * 8;
            break;
        }
        default: return false; /* excluded by sre_validate */
        }
    }
}
bool sre_charset_locale(const SreCode *set, Py_UCS4 c) {
    Py_UCS4 lo = lower_locale(c), up;
    return sre_in(set, lo) || ((up = upper_locale(c)) != lo && sre_in(set, up));
}
static bool same_locale(SreCode literal, Py_UCS4 c) { return c == literal || lower_locale(c) == literal || upper_locale(c) == literal; }

/* ------------------------------------------------------------------ the machine, for each character width */

#define SRE_CHAR Py_UCS1
#define SRE(name) name##_ucs1
#include "module/sre/engine_impl.h"
#undef SRE_CHAR
#undef SRE
#define SRE_CHAR Py_UCS2
#define SRE(name) name##_ucs2
#include "module/sre/engine_impl.h"
#undef SRE_CHAR
#undef SRE
#define SRE_CHAR Py_UCS4
#define SRE(name) name##_ucs4
#include "module/sre/engine_impl.h"
#undef SRE_CHAR
#undef SRE

static SreStack *stack_of(State *st) {
    if (!st->stack && !(st->stack = PyMem_Calloc(1, sizeof *st->stack))) PyErr_NoMemory();
    return st->stack;
}
int sre_match(State *st, const SreCode *program) {
    if (!stack_of(st)) return -1;
    return st->charsize == 1 ? match_ucs1(st, program, st->start) : st->charsize == 2 ? match_ucs2(st, program, st->start) : match_ucs4(st, program, st->start);
}
int sre_search(State *st, const SreCode *program) {
    if (!stack_of(st)) return -1;
    return st->charsize == 1 ? search_ucs1(st, program) : st->charsize == 2 ? search_ucs2(st, program) : search_ucs4(st, program);
}
