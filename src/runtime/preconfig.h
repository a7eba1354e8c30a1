/* preconfig.h - what must be known before the first byte of the command line is decoded: locale, UTF-8 mode, allocators. */
#ifndef KRAIT_PRECONFIG_H
#define KRAIT_PRECONFIG_H
#include "krait.h"

/* Steps through the options of a command line, as the program and the pre-configuration read it. */
typedef struct {
    wchar_t *const *argv;       /* argv[0] is the program */
    Py_ssize_t argc, next;      /* next: the argument to look at */
    const wchar_t *letters;     /* rest of a group such as -bE */
    const wchar_t *value;       /* what -c, -m, -W, -X and --check-hash-based-pycs were given, or a long option itself */
    wchar_t letter;             /* the option that a complaint is about */
    bool done;
} KrOptions;
enum { KR_OPTION_END = 0, KR_OPTION_LONG = 256, KR_OPTION_HASH_PYCS, KR_OPTION_NO_VALUE };
/* The next option's letter or one of the above. Options end at -c and -m (which are given), "--", "-", and the first other argument. */
int kr_option_next(KrOptions *o);

/* The value of the last -X name or -X name=value; "" without one, NULL when it wasn't given. */
const wchar_t *kr_xoption(const PyWideStringList *xoptions, const wchar_t *name);

/* Pre-initializes unless that has happened, by what a PyConfig knows. */
PyStatus kr_preinitialize_for(const PyConfig *c);
/* PyStatus with the place that CPython names in its message. */
PyStatus kr_status_error(const char *func, const char *message);
/* On stderr, when the locale is still one that can only show ASCII and PYTHONCOERCECLOCALE=warn. */
void kr_warn_legacy_locale(void);

#endif
