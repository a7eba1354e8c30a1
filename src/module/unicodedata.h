/* unicodedata.h - what the files of module unicodedata share, and what str's codecs ask about names.
 *
 * The tables are generated (tools/make_unicodedata_tables.py): unicodedata_tables.h belongs to unicodedata_facts.c, unicodedata_name_tables.h
 * to unicodedata_names.c. Everything here works on constants, needs no module and raises nothing unless it says so.
 */
#ifndef KRAIT_UNICODEDATA_H
#define KRAIT_UNICODEDATA_H
#include "krait.h"

/* What a character is in one version of the database; the first three and width are indices of names. `quick` holds two bits a
 * normal form, in the order NFD, NFKD, NFC, NFKC: 0 the character may stay, 1 it must not, 2 it depends on what precedes it. */
typedef struct { unsigned char category, bidi, combining, mirrored, width, quick; } CharFacts;
/* A character that version 3.2.0 saw differently. Values are -1 if none; `correction` replaces its decomposition unless 0. */
typedef struct {
    CharFacts facts;
    signed char decimal, digit;
    double numeric;
    Py_UCS4 correction;
} OldFacts;
typedef struct { Py_UCS4 first, second, both; } Composition;
enum { KR_CATEGORY_UNASSIGNED = 0 };

const CharFacts *kr_char_facts(Py_UCS4 c);
/* NULL if 3.2.0 agrees with the current version. */
const OldFacts *kr_char_old_facts(Py_UCS4 c);
const char *kr_category_name(unsigned i), *kr_bidi_name(unsigned i), *kr_width_name(unsigned i);
/* The characters that c decomposes to, *n of them, and what kind of mapping it is ("" for a canonical one); NULL if none (Hangul: none). */
const unsigned *kr_char_decomposition(Py_UCS4 c, Py_ssize_t *n, const char **prefix);
/* The primary composite of two characters other than Hangul, or 0. */
Py_UCS4 kr_char_compose(Py_UCS4 first, Py_UCS4 second);

enum { KR_CHAR_NAME_MAX = 256 };     /* bytes that every name fits in with its terminator */
/* Writes the name of c, terminated: its length, 0 if it has none. */
int kr_char_name(Py_UCS4 c, char buffer[KR_CHAR_NAME_MAX]);
/* A name is in the database's list, or a rule spells it, or it is another name than kr_char_name() gives or that of a sequence. */
typedef enum { KR_NAME_LISTED, KR_NAME_BY_RULE, KR_NAME_OTHER } KrNameKind;
/* Finds the characters of a name of n bytes in any case: how many were written, 0 if unknown; more than one only with `sequences`. */
int kr_char_lookup(const char *name, Py_ssize_t n, bool sequences, Py_UCS4 out[4], KrNameKind *kind);

/* unicodedata_normalize.c. `old`: by version 3.2.0. */
typedef struct { bool compose, compat; } KrNormalForm;
typedef enum { KR_NORMAL_NO, KR_NORMAL_MAYBE, KR_NORMAL_YES } KrNormal;
/* What a look at each character tells. */
KrNormal kr_normal_quick(PyObject *s, KrNormalForm form, bool old);
PyObject *kr_normalize(PyObject *s, KrNormalForm form, bool old) KR_NEW_REF KR_MAY_RAISE;

#endif
