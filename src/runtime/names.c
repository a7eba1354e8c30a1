/* names.c - the interned names of object/names.def. */
#include "krait.h"
#include "runtime/lifecycle.h"

KrNames kr_names;

/* Interns every name of names.def; -1 with an exception set when memory runs out. */
int kr_names_init(void) {
#define KR_NAME(n)                                               \
    if (!(kr_names.n_##n = PyUnicode_FromString(#n))) return -1; \
    PyUnicode_InternImmortal(&kr_names.n_##n);
#include "object/names.def"
#undef KR_NAME
    if (!(kr_names.dot_zero = PyUnicode_FromString(".0"))) return -1;
    PyUnicode_InternImmortal(&kr_names.dot_zero);
    return 0;
}
