/* getargs.h - converting arguments to C values by format: what the files of PyArg_* share. */
#ifndef KRAIT_GETARGS_H
#define KRAIT_GETARGS_H
#include "krait.h"
#include <stdarg.h>

#define KR_ARG_LEVELS 8

/* One run over a format. `undo` are the conversions that have to be taken back if a later one fails. */
typedef struct {
    va_list va;
    bool dry;                   /* kr_args_skip leaves va alone: there is none */
    bool ssize;                 /* lengths of # are Py_ssize_t */
    int levels[KR_ARG_LEVELS];  /* where in nested tuples, from 1; 0 ends */
    char message[512];
    struct {
        void *what;
        int (*undo)(void *);
        int (*convert)(PyObject *, void *);     /* of O&: called with NULL instead of undo */
    } *done;
    int ndone, capacity;
} KrArgs;

void kr_args_init(KrArgs *, va_list va, bool ssize);
/* Ends the run: ok false takes conversions back. Gives ok. */
int kr_args_finish(KrArgs *, bool ok);
/* Converts arg by the unit at *format and moves on. NULL, or what is wrong ("must be ..."; an exception may be set instead). */
const char *kr_args_convert(KrArgs *, PyObject *arg, const char **format) KR_RUNS_PYTHON;
/* Passes over a unit without an argument; an error text or NULL. */
const char *kr_args_skip(KrArgs *, const char **format);
/* Raises TypeError for argument number i (0: the function takes one value). */
void kr_args_error(KrArgs *, Py_ssize_t i, const char *what, const char *fname, const char *message);

#endif
