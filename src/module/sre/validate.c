/* validate.c - checks a program before the engine trusts it: every operand, skip and nesting. Recursion follows the nesting
 * of the program and is limited. */
#include "module/sre/sre.h"

enum { MAX_DEPTH = 5000 };
typedef struct {
    const SreCode *begin;
    Py_ssize_t groups;
    int depth;
    SreSurvey *found;
} Check;

/* A set of characters: from code to the FAILURE that must be at end - 1. */
static bool charset(Check *c, const SreCode *code, const SreCode *end) {
    if (end - code >= 3 && c->found->nsets < c->found->capacity) c->found->sets[c->found->nsets++] = (uint32_t)(code - c->begin);
    while (code < end) {
        switch (*code++) {
        case OP_NEGATE: break;
        case OP_LITERAL: code++; break;
        case OP_RANGE:
        case OP_RANGE_UNI_IGNORE: code += 2; break;
        case OP_CHARSET:
            if (end - code < 8) return false;
            code += 8;
            break;
        case OP_BIGCHARSET: {
            if (end - code < 65) return false;
            SreCode count = *code++;
            if (count > 256 || end - code < 64 + (Py_ssize_t)count * 8) return false;
            for (int i = 0; i < 256; i++)
                if (((const unsigned char *)code)[i] >= count) return false;
            code += 64 + count * 8;
            break;
        }
        case OP_CATEGORY:
            if (code >= end || *code >= CATEGORY_COUNT) return false;
            code++;
            break;
        case OP_FAILURE: return code == end;
        default: return false;
        }
    }
    return false;
}

static bool is_single(Check *c, const SreCode *code, const SreCode *end) {
    if (code >= end) return false;
    switch (code[0]) {
    case OP_ANY: case OP_ANY_ALL: return code + 1 == end;
    case OP_LITERAL: case OP_NOT_LITERAL: case OP_LITERAL_IGNORE: case OP_NOT_LITERAL_IGNORE: case OP_LITERAL_UNI_IGNORE:
    case OP_NOT_LITERAL_UNI_IGNORE: case OP_LITERAL_LOC_IGNORE: case OP_NOT_LITERAL_LOC_IGNORE: return code + 2 == end;
    case OP_CATEGORY: return code + 2 == end && code[1] < CATEGORY_COUNT;
    case OP_IN: case OP_IN_IGNORE: case OP_IN_UNI_IGNORE: case OP_IN_LOC_IGNORE:
        return end - code > 2 && code + 1 + code[1] == end && charset(c, code + 2, end);
    default: return false;
    }
}

/* Words code..end; `until`: the operator that must close a repeat body follows at end and was checked by the caller. */
static bool block(Check *c, const SreCode *code, const SreCode *end) {
    if (++c->depth > MAX_DEPTH) return false;
#define NEED(n) if (end - code < (Py_ssize_t)(n)) return false
#define SKIP(var) NEED(1); SreCode var = code[0]; if (var < 1 || (Py_ssize_t)var > end - code) return false
    while (code < end) {
        SreCode op = *code++;
        switch (op) {
        case OP_MARK:
            NEED(1);
            if (*code++ >= 2 * (size_t)c->groups) return false;
            break;
        case OP_LITERAL: case OP_NOT_LITERAL: case OP_LITERAL_IGNORE: case OP_NOT_LITERAL_IGNORE: case OP_LITERAL_UNI_IGNORE:
        case OP_NOT_LITERAL_UNI_IGNORE: case OP_LITERAL_LOC_IGNORE: case OP_NOT_LITERAL_LOC_IGNORE:
            NEED(1);
            code++;
            break;
        case OP_ANY: case OP_ANY_ALL: case OP_FAILURE: break;
        case OP_SUCCESS: break;
        case OP_AT:
            NEED(1);
            if (*code++ > AT_UNI_NON_BOUNDARY) return false;
            break;
        case OP_CATEGORY:
            NEED(1);
            if (*code++ >= CATEGORY_COUNT) return false;
            break;
        case OP_IN: case OP_IN_IGNORE: case OP_IN_UNI_IGNORE: case OP_IN_LOC_IGNORE: {
            SKIP(skip);
            if (!charset(c, code + 1, code + skip)) return false;
            code += skip;
            break;
        }
        case OP_INFO: {
            SKIP(skip);
            const SreCode *next = code + skip;
            if (skip < 4) return false;
            SreCode flags = code[1];
            if (flags & ~(SreCode)(INFO_PREFIX | INFO_LITERAL | INFO_CHARSET)) return false;
            if ((flags & INFO_PREFIX) && (flags & INFO_CHARSET)) return false;
            if ((flags & INFO_LITERAL) && !(flags & INFO_PREFIX)) return false;
            if (flags & INFO_PREFIX) {
                if (skip < 6) return false;
                SreCode len = code[4], prefix_skip = code[5];
                if (len < 1 || prefix_skip > len || (Py_ssize_t)skip < 6 + (Py_ssize_t)len) return false;
            }
            if ((flags & INFO_CHARSET) && !charset(c, code + 4, next)) return false;
            code = next;
            break;
        }
        case OP_BRANCH: {
            const SreCode *target = NULL;
            for (;;) {
                NEED(1);
                SreCode skip = *code;
                if (skip == 0) {
                    code++;
                    break;
                }
                if (skip < 3 || (Py_ssize_t)skip > end - code) return false;
                const SreCode *last = code + skip - 2; /* JUMP n */
                if (!block(c, code + 1, last) || last[0] != OP_JUMP) return false;
                const SreCode *to = last + 1 + last[1];
                if ((Py_ssize_t)last[1] > end - (last + 1)) return false;
                if (target && to != target) return false;
                target = to;
                code += skip;
            }
            if (target != code) return false;
            break;
        }
        case OP_REPEAT_ONE: case OP_MIN_REPEAT_ONE: case OP_POSSESSIVE_REPEAT_ONE: {
            SKIP(skip);
            if (skip < 5) return false;
            SreCode min = code[1], max = code[2];
            const SreCode *next = code + skip;
            if (min > max || next[-1] != OP_SUCCESS || !is_single(c, code + 3, next - 1)) return false;
            code = next;
            break;
        }
        case OP_REPEAT: case OP_POSSESSIVE_REPEAT: {
            SKIP(skip);
            if (skip < 3 || code[1] > code[2]) return false;
            if (!block(c, code + 3, code + skip)) return false;
            code += skip;
            NEED(1);
            SreCode close = *code++;
            if (op == OP_REPEAT ? close != OP_MAX_UNTIL && close != OP_MIN_UNTIL : close != OP_SUCCESS) return false;
            break;
        }
        case OP_ATOMIC_GROUP: {
            SKIP(skip);
            if (skip < 2 || code[skip - 1] != OP_SUCCESS || !block(c, code + 1, code + skip - 1)) return false;
            code += skip;
            break;
        }
        case OP_ASSERT: case OP_ASSERT_NOT: {
            SKIP(skip);
            if (skip < 3 || code[1] > INT32_MAX || code[skip - 1] != OP_SUCCESS || !block(c, code + 2, code + skip - 1)) return false;
            code += skip;
            break;
        }
        case OP_GROUPREF: case OP_GROUPREF_IGNORE: case OP_GROUPREF_UNI_IGNORE: case OP_GROUPREF_LOC_IGNORE:
            NEED(1);
            c->found->refers = true;
            if (*code++ >= (size_t)c->groups) return false;
            break;
        case OP_GROUPREF_EXISTS: {
            /* group, skip, yes [, JUMP n, no]; skip counts from the group word to behind the yes part (and its JUMP) */
            NEED(2);
            c->found->refers = true;
            if (*code++ >= (size_t)c->groups) return false;
            SreCode skip = *code++;
            if (skip < 2 || (Py_ssize_t)skip - 2 > end - code) return false;
            const SreCode *yes_end = code + skip - 2;
            if (skip >= 4 && yes_end[-2] == OP_JUMP && (Py_ssize_t)yes_end[-1] <= end - (yes_end - 1) && block(c, code, yes_end - 2)) {
                const SreCode *no_end = yes_end - 1 + yes_end[-1];
                if (no_end < yes_end || !block(c, yes_end, no_end)) return false;
                code = no_end;
            } else {
                if (!block(c, code, yes_end)) return false;
                code = yes_end;
            }
            break;
        }
        default: return false;
        }
    }
    c->depth--;
    return code == end;
#undef NEED
#undef SKIP
}

int sre_validate(const SreCode *code, Py_ssize_t n, Py_ssize_t groups, SreSurvey *found) {
    Check c = {code, groups, 0, found};
    if (n > 0 && groups >= 0 && groups <= SRE_MAXGROUPS && code[n - 1] == OP_SUCCESS && block(&c, code, code + n - 1)) return 0;
    PyErr_SetString(PyExc_RuntimeError, "invalid SRE code");
    return -1;
}

/* ------------------------------------------------------------------ bitmaps */

/* Words of a set, FAILURE included; 0 if no bitmap can stand for it: what its categories hold depends on the locale, or it has been replaced. */
static Py_ssize_t replaceable(const SreCode *set) {
    const SreCode *at = set;
    for (;;) {
        switch (*at++) {
        case OP_FAILURE: return at - set;
        case OP_NEGATE: break;
        case OP_LITERAL: at++; break;
        case OP_CATEGORY:
            if (*at / 2 == 4) return 0;
            at++;
            break;
        case OP_RANGE: case OP_RANGE_UNI_IGNORE: at += 2; break;
        case OP_CHARSET: at += 8; break;
        case OP_BIGCHARSET: at += 65 + at[0] * 8; break;
        default: return 0;
        }
    }
}
Py_ssize_t sre_bitmap_words(const SreCode *code, const SreSurvey *found) {
    Py_ssize_t total = 0;
    for (Py_ssize_t i = 0; i < found->nsets; i++) {
        Py_ssize_t words = replaceable(code + found->sets[i]);
        total += words ? 8 + words : 0;
    }
    return total;
}
void sre_add_bitmaps(SreCode *code, Py_ssize_t n, const SreSurvey *found) {
    SreCode *to = code + n;
    for (Py_ssize_t i = 0; i < found->nsets; i++) {
        SreCode *set = code + found->sets[i];
        Py_ssize_t words = replaceable(set);
        if (!words) continue;
        memset(to, 0, 8 * sizeof *to);
        for (Py_UCS4 c = 0; c < 256; c++)
            if (sre_charset(set, c)) to[c >> 5] |= (SreCode)1 << (c & 31);
        memcpy(to + 8, set, (size_t)words * sizeof *to);
        set[0] = OP_BITMAP;
        set[1] = (SreCode)(to - set);
        to += 8 + words;
    }
}
