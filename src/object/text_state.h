/* text_state.h - state of str, in KrInterp. */
#ifndef KRAIT_TEXT_STATE_H
#define KRAIT_TEXT_STATE_H

typedef struct {
    PyObject *interned;          /* dict str -> str; its two references to each are not counted */
    PyObject *empty;             /* "" */
    PyObject *latin1[256];       /* one-character strings */
} KrTextState;

#endif
