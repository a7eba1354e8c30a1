/* fastsearch.h - substring search over arrays of 1-, 2- and 4-byte units, for str, bytes and bytearray.
 *
 * For each width W in 1, 2, 4 (unit types Py_UCS1, Py_UCS2, Py_UCS4):
 *   kr_find_char_W(s, n, c)      first index of the unit c, or -1
 *   kr_rfind_char_W(s, n, c)     last index
 *   kr_find_W(s, n, p, m)        first index of the m units at p, or -1; an empty p is found at 0
 *   kr_rfind_W(s, n, p, m)       last index; an empty p is found at n
 *   kr_count_W(s, n, p, m, max)  non-overlapping occurrences, at most max; for an empty p min(n + 1, max)
 *
 * Long patterns are sought by their last unit with a Bloom filter of the pattern's units for jumps (Horspool's and Sunday's
 * ideas). The scan counts the units it compares; when that exceeds a small multiple of the text's length it hands the rest
 * to memmem, whose worst case is linear, so that no input is quadratic.
 */
#ifndef KRAIT_FASTSEARCH_H
#define KRAIT_FASTSEARCH_H
#include "krait.h"

/* memmem for units of w bytes: a match at an odd byte offset is skipped. */
static inline KR_UNUSED Py_ssize_t kr_search_bytes(const void *s, Py_ssize_t n, const void *p, Py_ssize_t m, int w) {
    const char *start = s, *at = start, *end = start + n * w;
    size_t plen = (size_t)(m * w);
    for (;;) {
        if ((size_t)(end - at) < plen)
            return -1;
        const char *hit = memmem(at, (size_t)(end - at), p, plen);
        if (hit == NULL)
            return -1;
        if (w == 1 || (hit - start) % w == 0)
            return (hit - start) / w;
        at = hit + 1;
    }
}

#define KR_FS_W 1
#define KR_FS_CHAR Py_UCS1
#include "object/fastsearch_impl.h"
#undef KR_FS_W
#undef KR_FS_CHAR
#define KR_FS_W 2
#define KR_FS_CHAR Py_UCS2
#include "object/fastsearch_impl.h"
#undef KR_FS_W
#undef KR_FS_CHAR
#define KR_FS_W 4
#define KR_FS_CHAR Py_UCS4
#include "object/fastsearch_impl.h"
#undef KR_FS_W
#undef KR_FS_CHAR

#endif
