/* exit_check.h - see exit_check.c. */
#ifndef KRAIT_EXIT_CHECK_H
#define KRAIT_EXIT_CHECK_H
#include "krait.h"

/* Whether a program, or whoever looks at its output, could tell if the interpreter were not taken apart at the end of the process. */
bool kr_exit_can_be_seen(KrInterp *);
/* One more (1) or less (-1) of the objects whose destructor does what can be seen from outside, and that the collector can't find. */
void kr_exit_watch(int change);

#endif
