/* text_state.h - state of str, in KrInterp. */
#ifndef KRAIT_TEXT_STATE_H
#define KRAIT_TEXT_STATE_H

typedef struct {
    uint64_t *words;             /* mask + 1 of them: unicode_intern.c */
    size_t mask, live, filled;   /* strings; words that are not 0 */
} KrInternTable;

typedef struct {
    KrInternTable interned;
    PyObject *empty;             /* "" */
    PyObject *latin1[256];       /* one-character strings */
} KrTextState;

#endif
