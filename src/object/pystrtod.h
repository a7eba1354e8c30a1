/* pystrtod.h - floats and text, for float, complex and the formatters. */
#ifndef KRAIT_PYSTRTOD_H
#define KRAIT_PYSTRTOD_H
#include "krait.h"

#define KR_FLOAT_REPR_BUFFER 40
/* The shortest text that reads back as v, as repr() gives it but for the optional ".0"; returns its length, no NUL is written. */
int kr_double_repr(double v, char buffer[KR_FLOAT_REPR_BUFFER], int add_dot_0);
/* Shortest decimal digits of a finite v > 0: v is 0.d1d2d3... * 10^*point; returns how many digits (1 to 17). */
int kr_double_shortest(double v, char digits[20], int *point);
/* The double nearest to a decimal or hexadecimal literal, halves to even, whatever the locale; like strtod. */
double kr_strtod(const char *s, char **end);
/* snprintf in the C locale. */
int kr_snprintf_c(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
