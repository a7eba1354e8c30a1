/* signals.h - signal handlers run by the loop. */
#ifndef KRAIT_SIGNALS_H
#define KRAIT_SIGNALS_H
#include "krait.h"
/* Runs Python handlers of the signals that arrived. 0, or -1 with the handler's exception. Main thread. */
int kr_signals_run(KrThread *) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Forgets arrived signals: the child of a fork. */
void kr_signals_clear(void);
/* Gives SIGINT its default action and raises it again, so that the shell sees how we died. Does not return if it works. */
void kr_signals_die_by_sigint(void);

/* Shutdown: default actions for the handlers start-up or the program installed. */
void kr_signals_restore(void);

#endif
