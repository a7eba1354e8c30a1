/* engine_impl.h - the machine of engine.c for one character width: SRE_CHAR is the type, SRE(name) the function name. */

static bool SRE(at)(State *st, const SRE_CHAR *s, Py_ssize_t p, SreCode where) {
    bool before, after;
    switch (where) {
    case AT_BEGINNING:
    case AT_BEGINNING_STRING: return p == st->beginning;
    case AT_BEGINNING_LINE: return p == st->beginning || is_linebreak(s[p - 1]);
    case AT_END: return p == st->end || (p + 1 == st->end && is_linebreak(s[p]));
    case AT_END_LINE: return p == st->end || is_linebreak(s[p]);
    case AT_END_STRING: return p == st->end;
    default: break;
    }
    if (st->beginning == st->end) return false;
    bool (*word)(Py_UCS4) = where >= AT_UNI_BOUNDARY ? unicode_word : where >= AT_LOC_BOUNDARY ? locale_word : ascii_word;
    before = p > st->beginning && word(s[p - 1]);
    after = p < st->end && word(s[p]);
    return (before != after) == (where == AT_BOUNDARY || where == AT_LOC_BOUNDARY || where == AT_UNI_BOUNDARY);
}

/* Whether the one-character item at pc matches c. */
static inline bool SRE(one)(const SreCode *pc, Py_UCS4 c) {
    switch (pc[0]) {
    case OP_ANY: return !is_linebreak(c);
    case OP_ANY_ALL: return true;
    case OP_LITERAL: return c == pc[1];
    case OP_NOT_LITERAL: return c != pc[1];
    case OP_CATEGORY: return sre_category(pc[1], c);
    case OP_IN: return sre_in(pc + 2, c);
    case OP_IN_IGNORE: return sre_in(pc + 2, lower_ascii(c));
    case OP_IN_UNI_IGNORE: return sre_in(pc + 2, lower_unicode(c));
    case OP_IN_LOC_IGNORE: return sre_charset_locale(pc + 2, c);
    case OP_LITERAL_IGNORE: return lower_ascii(c) == pc[1];
    case OP_LITERAL_UNI_IGNORE: return lower_unicode(c) == pc[1];
    case OP_LITERAL_LOC_IGNORE: return same_locale(pc[1], c);
    case OP_NOT_LITERAL_IGNORE: return lower_ascii(c) != pc[1];
    case OP_NOT_LITERAL_UNI_IGNORE: return lower_unicode(c) != pc[1];
    case OP_NOT_LITERAL_LOC_IGNORE: return !same_locale(pc[1], c);
    default: return false;
    }
}

/* How many characters from p on, at most max, the item matches. */
static Py_ssize_t SRE(count)(State *st, const SRE_CHAR *s, Py_ssize_t p, const SreCode *item, SreCode max) {
    Py_ssize_t end = st->end, from = p;
    if (max != SRE_MAXREPEAT && (Py_ssize_t)max < end - p) end = p + (Py_ssize_t)max;
    switch (item[0]) {
    case OP_ANY:
        while (p < end && !is_linebreak(s[p])) p++;
        break;
    case OP_ANY_ALL: p = end; break;
    case OP_LITERAL: {
        SreCode c = item[1];
        while (p < end && s[p] == c) p++;
        break;
    }
    case OP_NOT_LITERAL: {
        SreCode c = item[1];
        while (p < end && s[p] != c) p++;
        break;
    }
    case OP_IN: {
        const SreCode *set = item + 2;
        if (set[0] == OP_BITMAP) {
            const SreCode *bits = set + set[1];
            for (; p < end; p++) {
                Py_UCS4 c = s[p];
                if (!(c < 256 ? bits[c >> 5] >> (c & 31) & 1 : sre_charset(bits + 8, c))) break;
            }
        } else {
            while (p < end && sre_in(set, s[p])) p++;
        }
        break;
    }
    default:
        while (p < end && SRE(one)(item, s[p])) p++;
    }
    return p - from;
}

/* Compares a group's text with what is at p; its length, or -1. */
static Py_ssize_t SRE(groupref)(State *st, const SRE_CHAR *s, Py_ssize_t p, SreCode group, Py_UCS4 (*fold)(Py_UCS4)) {
    Py_ssize_t a = st->mark[2 * group], b = st->mark[2 * group + 1];
    if (a < 0 || b < 0 || b < a || b - a > st->end - p) return -1;
    for (Py_ssize_t i = 0; i < b - a; i++)
        if (fold ? fold(s[a + i]) != fold(s[p + i]) : s[a + i] != s[p + i]) return -1;
    return b - a;
}

/* The first alternative from pc on that could match at p, by its first character; NULL if there is none. */
static inline const SreCode *SRE(alternative)(const SreCode *pc, const SRE_CHAR *s, Py_ssize_t p, Py_ssize_t end) {
    for (; pc[0] != 0; pc += pc[0]) {
        if (pc[1] == OP_LITERAL ? p < end && s[p] == pc[2] : pc[1] == OP_IN ? p < end && sre_in(pc + 3, s[p]) : true) return pc;
    }
    return NULL;
}

static int SRE(match)(State *st, const SreCode *program, Py_ssize_t start) {
    const SRE_CHAR *s = st->data;
    SreStack *stack = st->stack;
    const SreCode *pc = program;
    Py_ssize_t p = start, end = st->end, barrier = -1, n;
    Repeat *rep = NULL;
    unsigned steps = 0;
    Entry *e;
    stack->size = 0;
    while (KR_UNLIKELY(stack->blocks && stack->blocks->next)) {
        Block *b = stack->blocks;
        stack->blocks = b->next;
        PyMem_Free(b);
    }
    if (stack->blocks) stack->blocks->used = 0;
    for (Py_ssize_t i = 0; i < st->nmarks; i++) st->mark[i] = -1;
    st->lastindex = -1;
#define PUSH(kind) do { if (!(e = push(stack, kind))) return -1; } while (0)
#define SET_REPEAT(value) do { PUSH(UNDO_REPEAT); e->object = rep; rep = (value); } while (0)
    for (;;) {
        if (KR_UNLIKELY((++steps & 0xfff) == 0) && PyErr_CheckSignals() < 0) return -1;
        switch (*pc++) {
        case OP_INFO: pc += pc[0]; continue;
        case OP_JUMP: pc += pc[0]; continue;
        case OP_MARK: {
            SreCode i = pc[0];
            PUSH(UNDO_MARK);
            e->index = i;
            e->n = st->mark[i];
            e->ptr = st->lastindex;
            if (i & 1) st->lastindex = i / 2 + 1;
            st->mark[i] = p;
            pc++;
            continue;
        }
        case OP_LITERAL:
            do {
                if (p >= end || s[p] != pc[0]) goto fail;
                p++;
                pc += 2;
            } while (pc[-1] == OP_LITERAL);
            pc--;
            continue;
        case OP_ANY:
            if (p >= end || is_linebreak(s[p])) goto fail;
            p++;
            continue;
        case OP_ANY_ALL:
            if (p >= end) goto fail;
            p++;
            continue;
        case OP_IN:
            if (p >= end || !sre_in(pc + 1, s[p])) goto fail;
            p++;
            pc += pc[0];
            continue;
        case OP_NOT_LITERAL: case OP_CATEGORY: case OP_LITERAL_IGNORE: case OP_LITERAL_UNI_IGNORE: case OP_LITERAL_LOC_IGNORE:
        case OP_NOT_LITERAL_IGNORE: case OP_NOT_LITERAL_UNI_IGNORE: case OP_NOT_LITERAL_LOC_IGNORE:
            if (p >= end || !SRE(one)(pc - 1, s[p])) goto fail;
            p++;
            pc++;
            continue;
        case OP_IN_IGNORE: case OP_IN_UNI_IGNORE: case OP_IN_LOC_IGNORE:
            if (p >= end || !SRE(one)(pc - 1, s[p])) goto fail;
            p++;
            pc += pc[0];
            continue;
        case OP_AT:
            if (!SRE(at)(st, s, p, pc[0])) goto fail;
            pc++;
            continue;
        case OP_GROUPREF: n = SRE(groupref)(st, s, p, pc[0], NULL); goto groupref;
        case OP_GROUPREF_IGNORE: n = SRE(groupref)(st, s, p, pc[0], lower_ascii); goto groupref;
        case OP_GROUPREF_UNI_IGNORE: n = SRE(groupref)(st, s, p, pc[0], lower_unicode); goto groupref;
        case OP_GROUPREF_LOC_IGNORE: n = SRE(groupref)(st, s, p, pc[0], lower_locale); goto groupref;
        groupref:
            if (n < 0) goto fail;
            p += n;
            pc++;
            continue;
        case OP_GROUPREF_EXISTS: {
            Py_ssize_t a = st->mark[2 * pc[0]], b = st->mark[2 * pc[0] + 1];
            pc += a >= 0 && b >= 0 && b >= a ? 2 : pc[1];
            continue;
        }
        case OP_BRANCH:
        branch: {
            /* pc: skip word, alternative; a zero skip ends the list */
            pc = SRE(alternative)(pc, s, p, end);
            if (!pc) goto fail;
            const SreCode *next = SRE(alternative)(pc + pc[0], s, p, end);
            if (next) {
                PUSH(CHOICE_BRANCH);
                e->pc = next;
                e->ptr = p;
            }
            pc++;
            continue;
        }
        case OP_REPEAT_ONE: {
            SreCode min = pc[1], max = pc[2];
            const SreCode *tail = pc + pc[0];
            if ((Py_ssize_t)min > end - p) goto fail;
            n = SRE(count)(st, s, p, pc + 3, max);
            if (n < (Py_ssize_t)min) goto fail;
            if (n > (Py_ssize_t)min) {
                if (tail[0] == OP_SUCCESS && barrier < 0 && !st->match_all && !st->must_advance) {
                    p += n; /* the longest is the answer */
                    pc = tail;
                    continue;
                }
                PUSH(CHOICE_REPEAT_ONE);
                e->pc = tail;
                e->ptr = p;
                e->n = n + 1;
                e->index = min;
                goto retry_repeat_one;
            }
            p += n;
            pc = tail;
            continue;
        }
        case OP_MIN_REPEAT_ONE: {
            SreCode min = pc[1];
            if ((Py_ssize_t)min > end - p) goto fail;
            n = min ? SRE(count)(st, s, p, pc + 3, min) : 0;
            if (n < (Py_ssize_t)min) goto fail;
            p += n;
            PUSH(CHOICE_MIN_REPEAT_ONE);
            e->pc = pc;
            e->ptr = p;
            e->n = n;
            pc += pc[0];
            continue;
        }
        case OP_POSSESSIVE_REPEAT_ONE:
            if ((Py_ssize_t)pc[1] > end - p) goto fail;
            n = SRE(count)(st, s, p, pc + 3, pc[2]);
            if (n < (Py_ssize_t)pc[1]) goto fail;
            p += n;
            pc += pc[0];
            continue;
        case OP_REPEAT: {
            Repeat *r = new_repeat(stack);
            if (!r) return -1;
            *r = (Repeat){.op = pc, .count = -1, .last_ptr = -1, .outer = rep};
            SET_REPEAT(r);
            pc += pc[0];
            continue;
        }
        case OP_MAX_UNTIL:
        case OP_MIN_UNTIL: {
            bool greedy = pc[-1] == OP_MAX_UNTIL;
            if (!rep) {
                PyErr_SetString(PyExc_RuntimeError, "invalid SRE code");
                return -1;
            }
            SreCode min = rep->op[1], max = rep->op[2];
            n = rep->count + 1;
            PUSH(UNDO_COUNT);
            e->object = rep;
            e->n = rep->count;
            e->ptr = rep->last_ptr;
            if (n < (Py_ssize_t)min) {
                rep->count = n;
                pc = rep->op + 3;
                continue;
            }
            bool more = (max == SRE_MAXREPEAT || n < (Py_ssize_t)max) && p != rep->last_ptr;
            if (greedy && more) {
                PUSH(CHOICE_TAIL);
                e->pc = pc;
                e->ptr = p;
                e->object = rep;
                rep->count = n;
                rep->last_ptr = p;
                pc = rep->op + 3;
                continue;
            }
            if (!greedy && more) {
                PUSH(CHOICE_BODY);
                e->ptr = p;
                e->n = n;
                e->object = rep;
            }
            SET_REPEAT(rep->outer);
            continue;
        }
        case OP_ATOMIC_GROUP:
            PUSH(BARRIER_ATOMIC);
            e->pc = pc + pc[0];
            e->n = barrier;
            barrier = stack->size - 1;
            pc++;
            continue;
        case OP_POSSESSIVE_REPEAT:
            PUSH(BARRIER_POSSESSIVE);
            e->pc = pc;
            e->n = barrier;
            e->ptr = p;
            e->index = 0;
            barrier = stack->size - 1;
            if (pc[2] == 0) goto barrier_failed;
            pc += 3;
            continue;
        case OP_ASSERT:
        case OP_ASSERT_NOT:
            if (p - st->beginning < (Py_ssize_t)pc[1]) {
                if (pc[-1] == OP_ASSERT) goto fail;
                pc += pc[0];
                continue;
            }
            PUSH(pc[-1] == OP_ASSERT ? BARRIER_ASSERT : BARRIER_ASSERT_NOT);
            e->pc = pc + pc[0];
            e->ptr = p;
            e->n = barrier;
            barrier = stack->size - 1;
            p -= (Py_ssize_t)pc[1];
            pc += 2;
            continue;
        case OP_SUCCESS: {
            if (barrier < 0) {
                if ((st->match_all && p != end) || (st->must_advance && p == st->start)) goto fail;
                st->ptr = p;
                return 1;
            }
            Entry b = stack->entries[barrier];
            if (b.kind == BARRIER_ASSERT_NOT) {
                /* undo all of the body, then fail */
                stack->entries[barrier].kind = BARRIER_ASSERT;
                for (Py_ssize_t i = barrier + 1; i < stack->size; i++)
                    if (stack->entries[i].kind > UNDO_COUNT) {
                        Entry *x = &stack->entries[i];
                        x->kind = UNDO_LASTINDEX; /* a choice that is cut away: nothing to undo */
                        x->n = -2;
                    }
                goto fail;
            }
            Py_ssize_t w = barrier;
            for (Py_ssize_t i = barrier + 1; i < stack->size; i++)
                if (stack->entries[i].kind <= UNDO_COUNT) stack->entries[w++] = stack->entries[i];
            stack->size = w;
            barrier = b.n;
            if (b.kind == BARRIER_POSSESSIVE) {
                uint32_t done = b.index + 1;
                const SreCode *op = b.pc;
                bool again = (op[2] == SRE_MAXREPEAT || done < op[2]) && p != b.ptr;
                if (again || done < op[1]) {
                    PUSH(BARRIER_POSSESSIVE);
                    e->pc = op;
                    e->n = barrier;
                    e->ptr = p;
                    e->index = done;
                    barrier = stack->size - 1;
                    pc = op + 3;
                } else {
                    pc = op + op[0] + 1;
                }
                continue;
            }
            if (b.kind == BARRIER_ASSERT) p = b.ptr;
            pc = b.pc;
            continue;
        }
        case OP_FAILURE: goto fail;
        default: PyErr_SetString(PyExc_RuntimeError, "invalid SRE code"); return -1;
        }
    fail:
        for (;;) {
            if (stack->size == 0) return 0;
            e = &stack->entries[stack->size - 1];
            switch (e->kind) {
            case UNDO_MARK:
                st->mark[e->index] = e->n;
                st->lastindex = e->ptr;
                stack->size--;
                continue;
            case UNDO_LASTINDEX: stack->size--; continue;
            case UNDO_REPEAT:
                rep = e->object;
                stack->size--;
                continue;
            case UNDO_COUNT: {
                Repeat *r = e->object;
                r->count = e->n;
                r->last_ptr = e->ptr;
                stack->size--;
                continue;
            }
            case CHOICE_BRANCH:
                pc = e->pc;
                p = e->ptr;
                stack->size--;
                goto branch;
            case CHOICE_TAIL: {
                Repeat *r = e->object;
                pc = e->pc;
                p = e->ptr;
                stack->size--;
                r->count = stack->entries[stack->size - 1].n; /* the UNDO_COUNT below: as when UNTIL was reached */
                r->last_ptr = stack->entries[stack->size - 1].ptr;
                rep = r;
                SET_REPEAT(r->outer);
                break;
            }
            case CHOICE_BODY: {
                Repeat *r = e->object;
                p = e->ptr;
                r->count = e->n;
                r->last_ptr = p;
                rep = r;
                pc = r->op + 3;
                stack->size--;
                break;
            }
            case CHOICE_REPEAT_ONE:
            retry_repeat_one: {
                Py_ssize_t k = e->n - 1, min = (Py_ssize_t)e->index, from = e->ptr;
                const SreCode *next = pc = e->pc;
                while (next[0] == OP_MARK) next += 2;
                if (next[0] == OP_LITERAL) {
                    SreCode c = next[1];
                    while (k >= min && (from + k >= end || s[from + k] != c)) k--;
                } else if (next[0] == OP_IN) {
                    while (k >= min && (from + k >= end || !sre_in(next + 2, s[from + k]))) k--;
                }
                if (k < min) {
                    stack->size--;
                    continue;
                }
                p = from + k;
                if (k == min) stack->size--;
                else e->n = k;
                break;
            }
            case CHOICE_MIN_REPEAT_ONE: {
                SreCode max = e->pc[2];
                if ((max != SRE_MAXREPEAT && e->n >= (Py_ssize_t)max) || e->ptr >= end || !SRE(one)(e->pc + 3, s[e->ptr])) {
                    stack->size--;
                    continue;
                }
                e->ptr++;
                e->n++;
                p = e->ptr;
                pc = e->pc + e->pc[0];
                break;
            }
            case BARRIER_ASSERT:
            case BARRIER_ATOMIC:
                barrier = e->n;
                stack->size--;
                continue;
            case BARRIER_ASSERT_NOT:
                barrier = e->n;
                p = e->ptr;
                pc = e->pc;
                stack->size--;
                break;
            case BARRIER_POSSESSIVE:
            barrier_failed:
                e = &stack->entries[stack->size - 1];
                barrier = e->n;
                if (e->index < e->pc[1]) {
                    stack->size--;
                    continue;
                }
                p = e->ptr;
                pc = e->pc + e->pc[0] + 1;
                stack->size--;
                break;
            }
            break;
        }
    }
#undef PUSH
#undef SET_REPEAT
}

static int SRE(search)(State *st, const SreCode *program) {
    const SRE_CHAR *s = st->data;
    Py_ssize_t p = st->start, end = st->end, first = st->start;
    const SreCode *prefix = NULL, *charset = NULL;
    Py_ssize_t prefix_len = 0;
    SreCode flags = 0;
    if (st->start > end) return 0;
    if (program[0] == OP_INFO) {
        flags = program[2];
        Py_ssize_t min = (Py_ssize_t)program[3];
        if (min > end - p) return 0;
        if (min > 1) end -= min - 1;
        if (flags & INFO_PREFIX) {
            prefix_len = (Py_ssize_t)program[5];
            prefix = program + 7;
        } else if (flags & INFO_CHARSET) {
            charset = program + 5;
        }
    }
    const SreCode *body = program[0] == OP_INFO ? program + 1 + program[1] : program;
    /* Where the program begins with as many X as there are, and a match beginning at p failed, one that begins later in the same row of X fails as well: what
       follows the row was tried at all of these places, and nothing tells it where the row began. */
    const SreCode *row = NULL;
    if (!st->refers) {
        const SreCode *at = body;
        while (at[0] == OP_MARK) at += 2;
        if (at[0] == OP_REPEAT_ONE && at[3] == SRE_MAXREPEAT) row = at + 4;
    }
    bool anchored = body[0] == OP_AT && (body[1] == AT_BEGINNING || body[1] == AT_BEGINNING_STRING);
    for (;; p++) {
        if (anchored && p != st->beginning) return 0;
        if (prefix) {
            SreCode c = prefix[0];
            if (sizeof(SRE_CHAR) < sizeof c && c > (SRE_CHAR)-1) return 0;
            if (sizeof(SRE_CHAR) == 1) {
                const SRE_CHAR *found = p < end ? memchr(s + p, (int)c, (size_t)(end - p)) : NULL;
                if (!found) return 0;
                p = found - s;
            } else {
                while (p < end && s[p] != c) p++;
                if (p >= end) return 0;
            }
            Py_ssize_t i = 1;
            while (i < prefix_len && p + i < st->end && s[p + i] == prefix[i]) i++;
            if (i < prefix_len) continue;
        } else if (charset) {
            while (p < end && !sre_in(charset, s[p])) p++;
            if (p >= end) return 0;
        }
        if (p > end) return 0;
        bool advance = st->must_advance;
        if (p != first) st->must_advance = false;
        st->start = p;
        int r = SRE(match)(st, program, p);
        st->must_advance = advance;
        if (r) return r;
        if (p >= end) return 0;
        if (row && !(advance && p == first)) {
            Py_ssize_t n = SRE(count)(st, s, p, row, SRE_MAXREPEAT);
            if (n > 1) p += n - 1;
        }
    }
}
