/* list_sort.h - the body of list.sort for one element type; list_sort.c includes it twice.
 *
 * Parameters: ELEM, the type of a slot; KEY(e), what is compared; NAME(x), the generated function's name.
 * Source of the algorithm: run detection, galloping and its adaptive threshold as in T. Peters' published description
 * of timsort; the order of merges by node powers from J. I. Munro and S. Wild, "Nearly-Optimal Mergesorts" (2018).
 *
 * Invariant: whatever happens, failure included, the slots hold a permutation of what they held before.
 */

/* Slots lo .. start-1 are sorted; puts the rest up to hi in place by binary insertion. */
static int NAME(insertion)(KrSort *s, ELEM *lo, ELEM *start, ELEM *hi) {
    for (; start < hi; start++) {
        ELEM moving = *start;
        ELEM *left = lo, *right = start;
        while (left < right) {
            ELEM *middle = left + ((right - left) >> 1);
            int lt = s->less(s, KEY(moving), KEY(*middle));
            if (lt < 0)
                return -1;
            if (lt)
                right = middle;
            else
                left = middle + 1;
        }
        memmove(left + 1, left, (size_t)(start - left) * sizeof *left);
        *left = moving;
    }
    return 0;
}

static void NAME(reverse)(ELEM *lo, ELEM *hi) {
    while (lo < --hi) {
        ELEM t = *lo;
        *lo++ = *hi;
        *hi = t;
    }
}

/* Length of the run that starts at lo, turned to ascending order; -1 on error. */
static Py_ssize_t NAME(run)(KrSort *s, ELEM *lo, ELEM *hi) {
    ELEM *p = lo + 1;
    if (p == hi)
        return 1;
    int descending = s->less(s, KEY(*p), KEY(*lo));
    if (descending < 0)
        return -1;
    for (p++; p < hi; p++) {
        int lt = s->less(s, KEY(*p), KEY(p[-1]));
        if (lt < 0)
            return -1;
        if (lt != descending)
            break;
    }
    if (descending)
        NAME(reverse)(lo, p);
    return p - lo;
}

/* How many of the n sorted slots at a come before key: those < key, or with `right` those <= key. Searches outwards
 * from `hint` in doubling steps. -1 on error. */
static inline Py_ssize_t NAME(gallop)(KrSort *s, PyObject *key, ELEM *a, Py_ssize_t n, Py_ssize_t hint, const bool right) {
    Py_ssize_t lo, hi, step = 1;
    int t;
#define BEFORE(i) (right ? ((t = s->less(s, key, KEY(a[i]))) < 0 ? -1 : !t) : s->less(s, KEY(a[i]), key))
    int before = BEFORE(hint);
    if (before < 0)
        return -1;
    if (before) {
        lo = hint + 1;
        while (hint + step < n) {
            if ((before = BEFORE(hint + step)) < 0)
                return -1;
            if (!before)
                break;
            lo = hint + step + 1;
            step = step * 2 + 1;
        }
        hi = hint + step < n ? hint + step : n;
    } else {
        hi = hint;
        while (hint - step >= 0) {
            if ((before = BEFORE(hint - step)) < 0)
                return -1;
            if (before)
                break;
            hi = hint - step;
            step = step * 2 + 1;
        }
        lo = hint - step >= 0 ? hint - step + 1 : 0;
    }
    while (lo < hi) {
        Py_ssize_t middle = lo + ((hi - lo) >> 1);
        if ((before = BEFORE(middle)) < 0)
            return -1;
        if (before)
            lo = middle + 1;
        else
            hi = middle;
    }
#undef BEFORE
    return lo;
}

/* Merges a[0..na) with the slots b[0..nb) that follow it, na <= nb, by way of a copy of a, front to back.
 * Given: b[0] < a[0], and a's last is greater than b's last. */
static int NAME(merge_low)(KrSort *s, ELEM *a, Py_ssize_t na, ELEM *b, Py_ssize_t nb) {
    ELEM *x = kr_sort_buffer(s, (size_t)na * sizeof *a), *to = a, *y = b;
    if (x == NULL)
        return -1;
    memcpy(x, a, (size_t)na * sizeof *a);
    ELEM *xend = x + na, *yend = b + nb;
    int result = -1;
    Py_ssize_t threshold = s->min_gallop, k;
    *to++ = *y++;
    if (y == yend)
        goto rest;
    if (x == xend - 1)
        goto one_left;
    for (;;) {
        Py_ssize_t xwins = 0, ywins = 0;
        do {
            int lt = s->less(s, KEY(*y), KEY(*x));
            if (lt < 0)
                goto error;
            if (lt) {
                *to++ = *y++;
                ywins++;
                xwins = 0;
                if (y == yend)
                    goto rest;
            } else {
                *to++ = *x++;
                xwins++;
                ywins = 0;
                if (x == xend - 1)
                    goto one_left;
            }
        } while (xwins < threshold && ywins < threshold);
        threshold++;
        do {
            threshold -= threshold > 1;
            s->min_gallop = threshold;
            if ((k = NAME(gallop)(s, KEY(*y), x, xend - x, 0, true)) < 0)
                goto error;
            xwins = k;
            memcpy(to, x, (size_t)k * sizeof *x);
            to += k;
            x += k;
            if (x == xend - 1)
                goto one_left;
            if (x == xend)      /* only with an inconsistent comparison */
                goto rest;
            *to++ = *y++;
            if (y == yend)
                goto rest;
            if ((k = NAME(gallop)(s, KEY(*x), y, yend - y, 0, false)) < 0)
                goto error;
            ywins = k;
            memmove(to, y, (size_t)k * sizeof *y);
            to += k;
            y += k;
            if (y == yend)
                goto rest;
            *to++ = *x++;
            if (x == xend - 1)
                goto one_left;
        } while (xwins >= KR_SORT_MIN_GALLOP || ywins >= KR_SORT_MIN_GALLOP);
        s->min_gallop = ++threshold;
    }
one_left:
    memmove(to, y, (size_t)(yend - y) * sizeof *y);
    to += yend - y;
rest:
    result = 0;
error:
    memcpy(to, x, (size_t)(xend - x) * sizeof *x);
    return result;
}

/* The same for na >= nb, by way of a copy of b, back to front. */
static int NAME(merge_high)(KrSort *s, ELEM *a, Py_ssize_t na, ELEM *b, Py_ssize_t nb) {
    ELEM *copy = kr_sort_buffer(s, (size_t)nb * sizeof *b);
    if (copy == NULL)
        return -1;
    memcpy(copy, b, (size_t)nb * sizeof *b);
    /* nx and ny: slots of a, and of the copy, still to be placed; the next goes to a[nx + ny - 1]. */
    Py_ssize_t nx = na, ny = nb, threshold = s->min_gallop, k;
    int result = -1;
#define PLACE_X() (nx--, a[nx + ny] = a[nx])
#define PLACE_Y() (ny--, a[nx + ny] = copy[ny])
    PLACE_X();
    if (nx == 0)
        goto rest;
    if (ny == 1)
        goto one_left;
    for (;;) {
        Py_ssize_t xwins = 0, ywins = 0;
        do {
            int lt = s->less(s, KEY(copy[ny - 1]), KEY(a[nx - 1]));
            if (lt < 0)
                goto error;
            if (lt) {
                PLACE_X();
                xwins++;
                ywins = 0;
                if (nx == 0)
                    goto rest;
            } else {
                PLACE_Y();
                ywins++;
                xwins = 0;
                if (ny == 1)
                    goto one_left;
            }
        } while (xwins < threshold && ywins < threshold);
        threshold++;
        do {
            threshold -= threshold > 1;
            s->min_gallop = threshold;
            if ((k = NAME(gallop)(s, KEY(copy[ny - 1]), a, nx, nx - 1, true)) < 0)
                goto error;
            xwins = nx - k;
            memmove(a + k + ny, a + k, (size_t)xwins * sizeof *a);
            nx = k;
            if (nx == 0)
                goto rest;
            PLACE_Y();
            if (ny == 1)
                goto one_left;
            if ((k = NAME(gallop)(s, KEY(a[nx - 1]), copy, ny, ny - 1, false)) < 0)
                goto error;
            ywins = ny - k;
            memcpy(a + nx + k, copy + k, (size_t)ywins * sizeof *a);
            ny = k;
            if (ny == 1)
                goto one_left;
            if (ny == 0)        /* only with an inconsistent comparison */
                goto rest;
            PLACE_X();
            if (nx == 0)
                goto rest;
        } while (xwins >= KR_SORT_MIN_GALLOP || ywins >= KR_SORT_MIN_GALLOP);
        s->min_gallop = ++threshold;
    }
#undef PLACE_X
#undef PLACE_Y
one_left:
    memmove(a + 1, a, (size_t)nx * sizeof *a);
    nx = 0;
rest:
    result = 0;
error:
    memcpy(a + nx, copy, (size_t)ny * sizeof *a);
    return result;
}

/* Merges the neighbouring sorted runs a[0..na) and a[na..na+nb). */
static int NAME(merge)(KrSort *s, ELEM *a, Py_ssize_t na, Py_ssize_t nb) {
    ELEM *b = a + na;
    Py_ssize_t k = NAME(gallop)(s, KEY(*b), a, na, 0, true);
    if (k < 0)
        return -1;
    a += k;
    na -= k;
    if (na == 0)
        return 0;
    nb = NAME(gallop)(s, KEY(a[na - 1]), b, nb, nb - 1, false);
    if (nb <= 0)
        return (int)nb;
    return na <= nb ? NAME(merge_low)(s, a, na, b, nb) : NAME(merge_high)(s, a, na, b, nb);
}

static int NAME(items)(KrSort *s, ELEM *base, Py_ssize_t n) {
    struct { Py_ssize_t start, length; int power; } runs[KR_SORT_MAX_RUNS];
    int count = 0;
    Py_ssize_t min_run = kr_sort_min_run(n), start = 0;
    while (start < n) {
        Py_ssize_t length = NAME(run)(s, base + start, base + n);
        if (length < 0)
            return -1;
        if (length < min_run) {
            Py_ssize_t forced = n - start < min_run ? n - start : min_run;
            if (NAME(insertion)(s, base + start, base + start + length, base + start + forced) < 0)
                return -1;
            length = forced;
        }
        if (count > 0) {
            int power = kr_sort_power(runs[count - 1].start, runs[count - 1].length, length, n);
            while (count > 1 && runs[count - 2].power > power) {
                if (NAME(merge)(s, base + runs[count - 2].start, runs[count - 2].length, runs[count - 1].length) < 0)
                    return -1;
                runs[count - 2].length += runs[count - 1].length;
                count--;
            }
            runs[count - 1].power = power;
        }
        runs[count].start = start;
        runs[count].length = length;
        runs[count].power = 0;
        count++;
        start += length;
    }
    for (; count > 1; count--) {
        if (NAME(merge)(s, base + runs[count - 2].start, runs[count - 2].length, runs[count - 1].length) < 0)
            return -1;
        runs[count - 2].length += runs[count - 1].length;
    }
    return 0;
}

#undef ELEM
#undef KEY
#undef NAME
