/* number_state.h - state of int, float, complex, bytes and their free lists, in KrInterp. */
#ifndef KRAIT_NUMBER_STATE_H
#define KRAIT_NUMBER_STATE_H

#define KR_FLOAT_FREE_MAX 200
typedef struct {
    PyFloatObject *float_free;   /* linked by ob_type */
    int float_free_count;
    PyObject *long_free;         /* one-digit ints, linked by ob_type */
    int long_free_count;
    int max_str_digits;          /* sys.set_int_max_str_digits */
} KrNumberState;

#endif
