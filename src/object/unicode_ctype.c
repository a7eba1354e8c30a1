/* unicode_ctype.c - properties of characters.
 *
 * A code point's record is char_records[char_index2[block * 128 + low bits]], block = char_index1[code >> 7]. Records hold the flags, the digit
 * values, the distances to the simple case mappings, and, when a full mapping is not the simple one, where the four full ones are.
 */
#include "krait.h"

typedef struct {
    unsigned short flags;
    signed char decimal, digit;
    int lower, upper, title;
    unsigned short special;     /* 1 + index of the first of four rows of char_special; 0: none */
} CharRecord;
#include "object/unicode_tables.h"

static const CharRecord *record(Py_UCS4 c) {
    if (c >= 0x110000) c = 0xffff;
    return &char_records[char_index2[((unsigned)char_index1[c >> CT_SHIFT] << CT_SHIFT) + (c & ((1 << CT_SHIFT) - 1))]];
}
#define TEST(name, flag) int _PyUnicode_##name(Py_UCS4 c) { return (record(c)->flags & CT_##flag) != 0; }
TEST(IsAlpha, ALPHA)
TEST(IsDecimalDigit, DECIMAL)
TEST(IsDigit, DIGIT)
TEST(IsNumeric, NUMERIC)
TEST(IsPrintable, PRINTABLE)
TEST(IsWhitespace, SPACE)
TEST(IsLinebreak, LINEBREAK)
TEST(IsLowercase, LOWER)
TEST(IsUppercase, UPPER)
TEST(IsTitlecase, TITLE)
TEST(IsCased, CASED)
TEST(IsCaseIgnorable, CASE_IGNORABLE)
TEST(IsXidStart, XID_START)
TEST(IsXidContinue, XID_CONTINUE)

int _PyUnicode_ToDecimalDigit(Py_UCS4 c) { return c < 128 ? (c - (Py_UCS4)'0' < 10 ? (int)(c - '0') : -1) : record(c)->decimal; }
int _PyUnicode_ToDigit(Py_UCS4 c) { return record(c)->digit; }
double _PyUnicode_ToNumeric(Py_UCS4 c) {
    size_t lo = 0, hi = KR_ARRAY_LEN(char_numeric);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (char_numeric[mid].code < c) lo = mid + 1;
        else hi = mid;
    }
    return lo < KR_ARRAY_LEN(char_numeric) && char_numeric[lo].code == c ? char_numeric[lo].value : -1.0;
}
Py_UCS4 _PyUnicode_ToLowercase(Py_UCS4 c) { return (Py_UCS4)((int)c + record(c)->lower); }
Py_UCS4 _PyUnicode_ToUppercase(Py_UCS4 c) { return (Py_UCS4)((int)c + record(c)->upper); }
Py_UCS4 _PyUnicode_ToTitlecase(Py_UCS4 c) { return (Py_UCS4)((int)c + record(c)->title); }

/* Full mapping number `which` (lower, upper, title, fold), or the simple one at `delta`. */
static int full(Py_UCS4 c, Py_UCS4 *out, int which, int delta, unsigned special) {
    if (!special) {
        out[0] = (Py_UCS4)((int)c + delta);
        return 1;
    }
    const Py_UCS4 *row = char_special[special - 1 + (unsigned)which];
    for (Py_UCS4 i = 0; i < row[0]; i++) out[i] = row[1 + i];
    return (int)row[0];
}
int _PyUnicode_ToLowerFull(Py_UCS4 c, Py_UCS4 *out) { const CharRecord *r = record(c); return full(c, out, 0, r->lower, r->special); }
int _PyUnicode_ToUpperFull(Py_UCS4 c, Py_UCS4 *out) { const CharRecord *r = record(c); return full(c, out, 1, r->upper, r->special); }
int _PyUnicode_ToTitleFull(Py_UCS4 c, Py_UCS4 *out) { const CharRecord *r = record(c); return full(c, out, 2, r->title, r->special); }
int _PyUnicode_ToFoldedFull(Py_UCS4 c, Py_UCS4 *out) { const CharRecord *r = record(c); return full(c, out, 3, r->lower, r->special); }

/* White space below 0x80, for the macro Py_UNICODE_ISSPACE. */
const unsigned char _Py_ascii_whitespace[128] = {
    [9] = 1, [10] = 1, [11] = 1, [12] = 1, [13] = 1, [28] = 1, [29] = 1, [30] = 1, [31] = 1, [32] = 1,
};
