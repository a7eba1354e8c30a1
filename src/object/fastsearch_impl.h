/* fastsearch_impl.h - the body of fastsearch.h for one width: KR_FS_W bytes, unit type KR_FS_CHAR. Included three times. */
#define KR_FS_PASTE2(a, b) a##b
#define KR_FS_PASTE(a, b) KR_FS_PASTE2(a, b)
#define KR_FS(name) KR_FS_PASTE(name, KR_FS_W)

static inline KR_UNUSED Py_ssize_t KR_FS(kr_find_char_)(const KR_FS_CHAR *s, Py_ssize_t n, KR_FS_CHAR c) {
    if (n <= 0)
        return -1;
#if KR_FS_W == 1
    const KR_FS_CHAR *hit = memchr(s, c, (size_t)n);
    return hit ? hit - s : -1;
#else
    Py_ssize_t i = 0;
    for (; i + 8 <= n; i += 8) {
        if ((s[i] == c) | (s[i + 1] == c) | (s[i + 2] == c) | (s[i + 3] == c) | (s[i + 4] == c) | (s[i + 5] == c) | (s[i + 6] == c) |
            (s[i + 7] == c))
            break;
    }
    for (; i < n; i++)
        if (s[i] == c)
            return i;
    return -1;
#endif
}

static inline KR_UNUSED Py_ssize_t KR_FS(kr_rfind_char_)(const KR_FS_CHAR *s, Py_ssize_t n, KR_FS_CHAR c) {
#if KR_FS_W == 1
    if (n <= 0)
        return -1;
    const KR_FS_CHAR *hit = memrchr(s, c, (size_t)n);
    return hit ? hit - s : -1;
#else
    while (--n >= 0)
        if (s[n] == c)
            return n;
    return -1;
#endif
}

/* Searches for 2 <= m <= n units. max < 0: returns the first index or -1; else counts up to max occurrences. */
static KR_UNUSED Py_ssize_t KR_FS(kr_search_long_)(const KR_FS_CHAR *s, Py_ssize_t n, const KR_FS_CHAR *p, Py_ssize_t m, Py_ssize_t max) {
    const Py_ssize_t end = n - m, mlast = m - 1;
    const KR_FS_CHAR last = p[mlast];
    Py_ssize_t gap = mlast, found = 0, budget = 4 * n + 256;
    uint64_t bloom = 0;
    for (Py_ssize_t j = 0; j < mlast; j++) {
        bloom |= (uint64_t)1 << (p[j] & 63);
        if (p[j] == last)
            gap = mlast - j - 1;
    }
    bloom |= (uint64_t)1 << (last & 63);
    Py_ssize_t i = 0;
#if KR_FS_W == 1
    /* Sixteen places at once: where both the first and the last unit fit, the others are compared. */
    typedef unsigned char Lanes __attribute__((vector_size(16)));
    const Lanes want_first = (Lanes){0} + p[0], want_last = (Lanes){0} + last;
    while (i + mlast + 16 <= n && budget > 0) {
        Lanes a, b;
        uint64_t fits[2];
        memcpy(&a, s + i, 16);
        memcpy(&b, s + i + mlast, 16);
        Lanes both = (Lanes)(a == want_first) & (Lanes)(b == want_last);
        memcpy(fits, &both, 16);
        Py_ssize_t next = i + 16;
        if (KR_UNLIKELY((fits[0] | fits[1]) != 0)) {
            for (int lane = 0; lane < 16; lane++) {
                if (!(((const unsigned char *)fits)[lane]))
                    continue;
                Py_ssize_t at = i + lane;
                if (memcmp(s + at + 1, p + 1, (size_t)(m - 2)) == 0) {
                    if (max < 0)
                        return at;
                    if (++found == max)
                        return found;
                    next = at + m;
                    break;
                }
                budget -= m;
            }
        }
        i = next;
    }
#endif
    while (i <= end) {
        if (s[i + mlast] == last) {
            Py_ssize_t j = 0;
            while (j < mlast && s[i + j] == p[j])
                j++;
            if (j == mlast) {
                if (max < 0)
                    return i;
                if (++found == max)
                    return found;
                i += m;
                continue;
            }
            budget -= j + 1;
            if (KR_UNLIKELY(budget < 0)) {
                while (i <= end) {
                    Py_ssize_t at = kr_search_bytes(s + i, n - i, p, m, KR_FS_W);
                    if (at < 0)
                        break;
                    if (max < 0)
                        return i + at;
                    if (++found == max)
                        return found;
                    i += at + m;
                }
                return max < 0 ? -1 : found;
            }
            if (i < end && !(bloom >> (s[i + m] & 63) & 1))
                i += m;
            else
                i += gap;
        }
        else if (i < end && !(bloom >> (s[i + m] & 63) & 1))
            i += m;
        i++;
    }
    return max < 0 ? -1 : found;
}

static inline KR_UNUSED Py_ssize_t KR_FS(kr_find_)(const KR_FS_CHAR *s, Py_ssize_t n, const KR_FS_CHAR *p, Py_ssize_t m) {
    if (m > n)
        return -1;
    if (m <= 1)
        return m == 0 ? 0 : KR_FS(kr_find_char_)(s, n, p[0]);
    if (m == n)
        return memcmp(s, p, (size_t)n * sizeof *s) == 0 ? 0 : -1;
#if KR_FS_W == 1
    if (n > 2000)
        return kr_search_bytes(s, n, p, m, 1);
#endif
    return KR_FS(kr_search_long_)(s, n, p, m, -1);
}

static inline KR_UNUSED Py_ssize_t KR_FS(kr_count_)(const KR_FS_CHAR *s, Py_ssize_t n, const KR_FS_CHAR *p, Py_ssize_t m, Py_ssize_t max) {
    if (n < 0 || max <= 0)
        return 0;
    if (m == 0)
        return n < max ? n + 1 : max;
    if (m > n)
        return 0;
    if (m == 1) {
        Py_ssize_t found = 0, i = 0;
#if KR_FS_W == 1
        typedef unsigned char Lanes __attribute__((vector_size(16)));
        while (n - i >= 16) {           /* each lane counts up to 255 */
            Py_ssize_t end = n - i > 255 * 16 ? i + 255 * 16 : i + (n - i) / 16 * 16;
            Lanes sum = {0}, bytes, wanted = (Lanes){0} + p[0];
            for (; i < end; i += 16) {
                memcpy(&bytes, s + i, 16);
                sum -= (Lanes)(bytes == wanted);
            }
            for (int lane = 0; lane < 16; lane++)
                found += sum[lane];
        }
#endif
        for (; i < n; i++)
            found += s[i] == p[0];
        return found < max ? found : max;
    }
    return KR_FS(kr_search_long_)(s, n, p, m, max);
}

static inline KR_UNUSED Py_ssize_t KR_FS(kr_rfind_)(const KR_FS_CHAR *s, Py_ssize_t n, const KR_FS_CHAR *p, Py_ssize_t m) {
    if (m > n)
        return -1;
    if (m == 0)
        return n;
    if (m == 1)
        return KR_FS(kr_rfind_char_)(s, n, p[0]);
    const KR_FS_CHAR first = p[0];
    Py_ssize_t gap = m - 1;
    uint64_t bloom = (uint64_t)1 << (first & 63);
    for (Py_ssize_t j = m - 1; j > 0; j--) {
        bloom |= (uint64_t)1 << (p[j] & 63);
        if (p[j] == first)
            gap = j - 1;
    }
    for (Py_ssize_t i = n - m; i >= 0; i--) {
        if (s[i] == first) {
            Py_ssize_t j = m - 1;
            while (j > 0 && s[i + j] == p[j])
                j--;
            if (j == 0)
                return i;
            if (i > 0 && !(bloom >> (s[i - 1] & 63) & 1))
                i -= m;
            else
                i -= gap;
        }
        else if (i > 0 && !(bloom >> (s[i - 1] & 63) & 1))
            i -= m;
    }
    return -1;
}

#undef KR_FS
#undef KR_FS_PASTE
#undef KR_FS_PASTE2
