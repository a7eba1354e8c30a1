/* unicodedata_facts.c - look-up of characters in the generated tables.
 *
 * A table's row for c is index2[index1[c >> 7] * 128 + c % 128]. A decomposition's row is an offset into decomposition_data, 0 if there is
 * none: there, kind of mapping << 8 | count, then the characters. Compositions are sorted by their first and second character.
 */
#include "module/unicodedata.h"
#include "module/unicodedata_tables.h"

#define ROW(table, c) table##_index2[((unsigned)table##_index1[(c) >> 7] << 7) + ((c) & 127)]

const CharFacts *kr_char_facts(Py_UCS4 c) { return &char_facts[ROW(facts, c)]; }
const OldFacts *kr_char_old_facts(Py_UCS4 c) {
    unsigned i = ROW(old, c);
    return i ? &old_facts[i] : NULL;
}
const char *kr_category_name(unsigned i) { return category_names[i]; }
const char *kr_bidi_name(unsigned i) { return bidi_names[i]; }
const char *kr_width_name(unsigned i) { return width_names[i]; }

const unsigned *kr_char_decomposition(Py_UCS4 c, Py_ssize_t *n, const char **prefix) {
    unsigned at = ROW(decomposition, c);
    if (at == 0) return NULL;
    *n = (Py_ssize_t)(decomposition_data[at] & 255);
    *prefix = prefix_names[decomposition_data[at] >> 8];
    return &decomposition_data[at + 1];
}
Py_UCS4 kr_char_compose(Py_UCS4 first, Py_UCS4 second) {
    size_t lo = 0, hi = KR_ARRAY_LEN(compositions);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const Composition *p = &compositions[mid];
        if (p->first < first || (p->first == first && p->second < second)) lo = mid + 1;
        else hi = mid;
    }
    return lo < KR_ARRAY_LEN(compositions) && compositions[lo].first == first && compositions[lo].second == second ? compositions[lo].both : 0;
}
