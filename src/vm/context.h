/* context.h - what the public headers leave out of context variables. */
#ifndef KRAIT_VM_CONTEXT_H
#define KRAIT_VM_CONTEXT_H
#include "krait.h"

/* Readies the types; anything that makes one of their objects does so too. */
int kr_context_ready(void) KR_MAY_RAISE;

#endif
