/* opstats.h - -X opstats: counts of executed instructions. */
#ifndef KRAIT_OPSTATS_H
#define KRAIT_OPSTATS_H
#include "vm/frame.h"

/* What generic instructions that have special forms worked on: the types of their operands, and for a call of C code the convention. */
typedef struct { uint16_t op; int convention; char what[2][30]; uint64_t ran; } KrOpSeen;
enum { KR_OPSTATS_SEEN = 1024 };    /* a power of two */
typedef struct KrOpStats {
    KrOpSeen seen[KR_OPSTATS_SEEN];
    uint64_t ran[KR_OP_COUNT], missed[KR_OP_COUNT];
    uint64_t pairs[KR_OP_COUNT][KR_OP_COUNT];
    uint16_t last;
} KrOpStats;

/* Counting begins with the next instruction after a call of C code: 0, or -1 without memory. */
int kr_opstats_enable(KrInterp *);
/* Notes the operands of instruction i, which is about to run, if it is a generic one that could be special. */
void kr_opstats_note(KrOpStats *, KrFrame *, KrInstr i);
/* Prints the counts to stderr, most frequent first; nothing if it was not enabled. Counting goes on: a daemon thread may still be in its loop. */
void kr_opstats_print(KrInterp *);

#endif
