/* unicodedata_names.c - names of characters, both ways.
 *
 * Three kinds of name. Hangul syllables are spelt from their parts. Ranges of hex_ranges are a prefix and the code point. The rest are
 * numbered by code point ("rank"; name_runs tells the runs of consecutive codes): a name is a string of words, each spelt in one, two or
 * three symbols of name_symbols (common words are short) and ended by a space; a word's letters are word_letters between two offsets. A space
 * stands before every word but the first and one that follows a word ending in '-'. name_blocks says where each 16th name begins.
 * names_in_order are the ranks sorted by name. Aliases and sequences, sorted too, are in other_names.
 */
#include "module/unicodedata.h"

typedef struct { Py_UCS4 first, last; unsigned char prefix; } HexRange;
typedef struct { Py_UCS4 first; unsigned short count, rank; } NameRun;
typedef struct { const char *name; unsigned char count; Py_UCS4 text[4]; } OtherName;
#include "module/unicodedata_name_tables.h"

enum { HANGUL_FIRST = 0xac00, HANGUL_LEADS = 19, HANGUL_VOWELS = 21, HANGUL_TAILS = 28, HANGUL_COUNT = HANGUL_LEADS * HANGUL_VOWELS * HANGUL_TAILS };
static const char hangul_prefix[] = "HANGUL SYLLABLE ";
static const char hangul_leads[][3] = {"G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"};
static const char hangul_vowels[][4] = {"A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE", "WI", "YU",
                                        "EU", "YI", "I"};
static const char hangul_tails[][3] = {"", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M", "B", "BS", "S",
                                       "SS", "NG", "J", "C", "K", "T", "P", "H"};

/* ------------------------------------------------------------------ from character to name */

/* Reads a word's symbols at *at: its number. */
static unsigned read_word(const char **at) {
    const unsigned char *p = (const unsigned char *)*at;
    unsigned a = symbol_values[*p++], n = SYMBOL_COUNT, word = a;
    if (a >= ONE_SYMBOL + TWO_SYMBOLS) {
        word = ONE_SYMBOL + TWO_SYMBOLS * n + ((a - ONE_SYMBOL - TWO_SYMBOLS) * n + symbol_values[p[0]]) * n + symbol_values[p[1]];
        p += 2;
    } else if (a >= ONE_SYMBOL) {
        word = ONE_SYMBOL + (a - ONE_SYMBOL) * n + symbol_values[*p++];
    }
    *at = (const char *)p;
    return word;
}
/* The name number `rank`, terminated: its length. */
static int name_of_rank(unsigned rank, char *out) {
    const char *p = name_symbols + name_blocks[rank / NAMES_PER_BLOCK];
    for (unsigned skip = rank % NAMES_PER_BLOCK; skip > 0; skip--) p = strchr(p, ' ') + 1;
    int n = 0;
    while (*p != ' ') {
        unsigned word = read_word(&p), from = word_offsets[word], length = word_offsets[word + 1] - from;
        if (n > 0 && out[n - 1] != '-') out[n++] = ' ';
        memcpy(out + n, word_letters + from, length);
        n += (int)length;
    }
    out[n] = 0;
    return n;
}
int kr_char_name(Py_UCS4 c, char out[KR_CHAR_NAME_MAX]) {
    if (c >= HANGUL_FIRST && c < HANGUL_FIRST + HANGUL_COUNT) {
        unsigned i = c - HANGUL_FIRST;
        return snprintf(out, KR_CHAR_NAME_MAX, "%s%s%s%s", hangul_prefix, hangul_leads[i / (HANGUL_VOWELS * HANGUL_TAILS)],
                        hangul_vowels[i / HANGUL_TAILS % HANGUL_VOWELS], hangul_tails[i % HANGUL_TAILS]);
    }
    size_t lo = 0, hi = KR_ARRAY_LEN(name_runs);
    while (lo < hi) {           /* the first run that begins after c */
        size_t mid = (lo + hi) / 2;
        if (name_runs[mid].first <= c) lo = mid + 1;
        else hi = mid;
    }
    if (lo > 0 && c - name_runs[lo - 1].first < name_runs[lo - 1].count) return name_of_rank(name_runs[lo - 1].rank + (c - name_runs[lo - 1].first), out);
    for (size_t i = 0; i < KR_ARRAY_LEN(hex_ranges); i++)
        if (c >= hex_ranges[i].first && c <= hex_ranges[i].last) return snprintf(out, KR_CHAR_NAME_MAX, "%s%04X", hex_prefixes[hex_ranges[i].prefix], c);
    return 0;
}

/* ------------------------------------------------------------------ from name to character */

/* The longest of `count` parts that p[:n] begins with: its number and length, -1 if none does. */
static int longest_part(const char *p, Py_ssize_t n, const char *parts, size_t size, int count, Py_ssize_t *length) {
    int best = -1;
    *length = 0;
    for (int i = 0; i < count; i++) {
        const char *part = parts + (size_t)i * size;
        Py_ssize_t k = (Py_ssize_t)strlen(part);
        if (k <= n && (best < 0 || k > *length) && memcmp(p, part, (size_t)k) == 0) {
            best = i;
            *length = k;
        }
    }
    return best;
}
static Py_UCS4 hangul_lookup(const char *p, Py_ssize_t n) {
    Py_ssize_t k;
    int lead = longest_part(p, n, hangul_leads[0], sizeof hangul_leads[0], HANGUL_LEADS, &k);
    p += k, n -= k;
    int vowel = longest_part(p, n, hangul_vowels[0], sizeof hangul_vowels[0], HANGUL_VOWELS, &k);
    p += k, n -= k;
    int tail = longest_part(p, n, hangul_tails[0], sizeof hangul_tails[0], HANGUL_TAILS, &k);
    if (lead < 0 || vowel < 0 || k != n) return 0;
    return (Py_UCS4)(HANGUL_FIRST + (lead * HANGUL_VOWELS + vowel) * HANGUL_TAILS + tail);
}
/* A name "prefix" + four or five upper-case hexadecimal digits, if it is one of the prefix's range. */
static Py_UCS4 hex_lookup(const char *p, Py_ssize_t n, unsigned char prefix, bool lower_too) {
    Py_UCS4 c = 0;
    if (n < 4 || n > 5) return 0;
    for (; n > 0; n--, p++) {
        if (!Py_ISXDIGIT(*p) || (!lower_too && Py_ISLOWER(*p))) return 0;
        c = c * 16 + (Py_UCS4)(Py_ISDIGIT(*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
    }
    for (size_t i = 0; i < KR_ARRAY_LEN(hex_ranges); i++)
        if (hex_ranges[i].prefix == prefix && c >= hex_ranges[i].first && c <= hex_ranges[i].last) return c;
    return 0;
}
static Py_UCS4 listed_lookup(const char *name) {
    size_t lo = 0, hi = KR_ARRAY_LEN(names_in_order);
    char buffer[KR_CHAR_NAME_MAX];
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        name_of_rank(names_in_order[mid], buffer);
        int order = strcmp(buffer, name);
        if (order == 0) {
            unsigned rank = names_in_order[mid];
            size_t a = 0, b = KR_ARRAY_LEN(name_runs);
            while (a < b) {
                size_t m = (a + b) / 2;
                if (name_runs[m].rank <= rank) a = m + 1;
                else b = m;
            }
            return name_runs[a - 1].first + (rank - name_runs[a - 1].rank);
        }
        if (order < 0) lo = mid + 1;
        else hi = mid;
    }
    return 0;
}
static const OtherName *other_lookup(const char *name) {
    size_t lo = 0, hi = KR_ARRAY_LEN(other_names);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = strcmp(other_names[mid].name, name);
        if (order == 0) return &other_names[mid];
        if (order < 0) lo = mid + 1;
        else hi = mid;
    }
    return NULL;
}
int kr_char_lookup(const char *name, Py_ssize_t n, bool sequences, Py_UCS4 out[4], KrNameKind *kind) {
    char upper[KR_CHAR_NAME_MAX + 1];
    Py_ssize_t k = (Py_ssize_t)strlen(hangul_prefix);
    *kind = KR_NAME_BY_RULE;
    if (n <= 0 || n >= (Py_ssize_t)sizeof upper) return 0;
    /* the two algorithmic families are matched as they are, the others in any case */
    if (n > k && memcmp(name, hangul_prefix, (size_t)k) == 0) {
        out[0] = hangul_lookup(name + k, n - k);
        return out[0] != 0;
    }
    for (Py_ssize_t i = 0; i < n; i++) upper[i] = (char)Py_TOUPPER(Py_CHARMASK(name[i]));
    upper[n] = 0;
    if (strlen(upper) != (size_t)n) return 0;
    for (unsigned char i = 0; i < KR_ARRAY_LEN(hex_prefixes); i++) {
        k = (Py_ssize_t)strlen(hex_prefixes[i]);
        if (n > k && memcmp(i == 0 ? name : upper, hex_prefixes[i], (size_t)k) == 0 && (out[0] = hex_lookup(name + k, n - k, i, i != 0))) {
            if (i != 0) *kind = KR_NAME_LISTED;
            return 1;
        }
    }
    *kind = KR_NAME_LISTED;
    if ((out[0] = listed_lookup(upper))) return 1;
    const OtherName *other = other_lookup(upper);
    if (!other || (other->count > 1 && !sequences)) return 0;
    *kind = KR_NAME_OTHER;
    memcpy(out, other->text, sizeof other->text);
    return other->count;
}
