/* sre.h - the regular expression engine of the module `_sre`.
 *
 * The program is the array of 32-bit words that the standard library's re/_compiler.py emits; opcodes.def-like list below in its
 * order (re._constants, MAGIC 20220615). A program is checked once by sre_validate; the engine then trusts it.
 */
#ifndef KRAIT_SRE_H
#define KRAIT_SRE_H
#include "krait.h"

#define SRE_MAGIC 20220615
typedef uint32_t SreCode;
#define SRE_MAXREPEAT UINT32_MAX
#define SRE_MAXGROUPS (INT32_MAX / 2)

enum {
    OP_FAILURE, OP_SUCCESS, OP_ANY, OP_ANY_ALL, OP_ASSERT, OP_ASSERT_NOT, OP_AT, OP_BRANCH, OP_CATEGORY, OP_CHARSET, OP_BIGCHARSET,
    OP_GROUPREF, OP_GROUPREF_EXISTS, OP_IN, OP_INFO, OP_JUMP, OP_LITERAL, OP_MARK, OP_MAX_UNTIL, OP_MIN_UNTIL, OP_NOT_LITERAL, OP_NEGATE,
    OP_RANGE, OP_REPEAT, OP_REPEAT_ONE, OP_SUBPATTERN, OP_MIN_REPEAT_ONE, OP_ATOMIC_GROUP, OP_POSSESSIVE_REPEAT, OP_POSSESSIVE_REPEAT_ONE,
    OP_GROUPREF_IGNORE, OP_IN_IGNORE, OP_LITERAL_IGNORE, OP_NOT_LITERAL_IGNORE, OP_GROUPREF_LOC_IGNORE, OP_IN_LOC_IGNORE,
    OP_LITERAL_LOC_IGNORE, OP_NOT_LITERAL_LOC_IGNORE, OP_GROUPREF_UNI_IGNORE, OP_IN_UNI_IGNORE, OP_LITERAL_UNI_IGNORE,
    OP_NOT_LITERAL_UNI_IGNORE, OP_RANGE_UNI_IGNORE,
    OP_BITMAP   /* krait's own: begins a set, then the distance from here to 8 words of bits for characters below 256, which are followed by the set itself */
};
enum {
    AT_BEGINNING, AT_BEGINNING_LINE, AT_BEGINNING_STRING, AT_BOUNDARY, AT_NON_BOUNDARY, AT_END, AT_END_LINE, AT_END_STRING,
    AT_LOC_BOUNDARY, AT_LOC_NON_BOUNDARY, AT_UNI_BOUNDARY, AT_UNI_NON_BOUNDARY
};
enum { CATEGORY_COUNT = 18 };
enum { FLAG_IGNORECASE = 2, FLAG_LOCALE = 4, FLAG_UNICODE = 32, FLAG_TEMPLATE = 1, FLAG_DEBUG = 128 };
enum { INFO_PREFIX = 1, INFO_LITERAL = 2, INFO_CHARSET = 4 };

typedef struct {
    PyObject_VAR_HEAD
    Py_ssize_t groups;
    PyObject *groupindex, *indexgroup, *pattern, *weakrefs;
    int flags, isbytes;         /* isbytes: 1 bytes, 0 str, -1 either */
    bool refers;                /* to what a group matched */
    Py_ssize_t codesize;        /* with the bitmaps behind the program */
    SreCode code[];
} Pattern;

/* One search or match over a string. Positions are character indices. */
typedef struct {
    PyObject *string;
    Py_buffer buffer;           /* buf NULL for str */
    const void *data;
    int charsize;
    Py_ssize_t length, beginning, start, end, pos, endpos;
    Py_ssize_t ptr;             /* where the match ended */
    bool must_advance, match_all, refers;
    Py_ssize_t lastindex;
    Py_ssize_t *mark, own_marks[12];    /* 2 * groups entries, -1 = not set */
    Py_ssize_t nmarks;
    struct SreStack *stack;
} State;

/* 1 match (ptr, mark set), 0 none, -1 with an exception. */
int sre_match(State *, const SreCode *program);
/* Looks for a match from start on; sets start to where it begins. */
int sre_search(State *, const SreCode *program);
void sre_stack_free(struct SreStack *);
/* Whether a stack is small enough to be kept for the next match. */
bool sre_stack_keeps(struct SreStack *);
/* What a program is found to hold: where its sets begin (some may be there twice), and whether it refers to what a group matched. */
typedef struct {
    uint32_t *sets;
    Py_ssize_t nsets, capacity;
    bool refers;
} SreSurvey;
/* 0, or -1 with RuntimeError "invalid SRE code". */
int sre_validate(const SreCode *code, Py_ssize_t n, Py_ssize_t groups, SreSurvey *found);
/* How many words sre_add_bitmaps appends; it replaces the sets of a valid program of n words by bitmaps. */
Py_ssize_t sre_bitmap_words(const SreCode *code, const SreSurvey *found);
void sre_add_bitmaps(SreCode *code, Py_ssize_t n, const SreSurvey *found);

Py_UCS4 sre_lower(Py_UCS4 c, int op_kind);
bool sre_category(SreCode category, Py_UCS4 c);
bool sre_charset(const SreCode *set, Py_UCS4 c);
/* Whether c is in a set. */
KR_INLINE bool sre_in(const SreCode *set, Py_UCS4 c) {
    if (KR_LIKELY(set[0] == OP_BITMAP)) {
        const SreCode *bits = set + set[1];
        return c < 256 ? bits[c >> 5] >> (c & 31) & 1 : sre_charset(bits + 8, c);
    }
    return sre_charset(set, c);
}
bool sre_charset_locale(const SreCode *set, Py_UCS4 c);
#endif
