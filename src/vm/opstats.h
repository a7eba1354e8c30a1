/* opstats.h - -X opstats: counts of executed instructions. */
#ifndef KRAIT_OPSTATS_H
#define KRAIT_OPSTATS_H
#include "vm/code.h"

typedef struct KrOpStats {
    uint64_t ran[KR_OP_COUNT], missed[KR_OP_COUNT];
    uint64_t pairs[KR_OP_COUNT][KR_OP_COUNT];
    uint16_t last;
} KrOpStats;

/* Counting begins with the next instruction after a call of C code: 0, or -1 without memory. */
int kr_opstats_enable(KrInterp *);
/* Prints the counts to stderr, most frequent first; nothing if it was not enabled. Counting goes on: a daemon thread may still be in its loop. */
void kr_opstats_print(KrInterp *);

#endif
