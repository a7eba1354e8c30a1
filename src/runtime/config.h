/* config.h - where things are: versions, caches, paths; PyConfig handling is in config.c. */
#ifndef KRAIT_CONFIG_H
#define KRAIT_CONFIG_H
#include "krait.h"

#define KR_CACHE_TAG "krait-01"

/* Reads the command line (argv, when parse_argv) and the environment into c. Errors and early exits as PyStatus. */
PyStatus kr_config_read(PyConfig *c);
/* paths.c: computes executable, prefixes and sys.path (module_search_paths) unless they are set. */
PyStatus kr_config_paths(PyConfig *c);
/* paths.c: what was found, on stderr: for those whose library wasn't. */
void kr_config_show_paths(const PyConfig *c);
/* The global variables Py_*Flag get what the configuration says. */
void kr_config_publish(const PyConfig *c);
void _PyConfig_InitCompatConfig(PyConfig *);
/* frozenset of the names of all standard library modules. */
PyObject *kr_stdlib_module_names(void) KR_NEW_REF KR_MAY_RAISE;
/* Deep copy over what `to` had. */
PyStatus kr_config_copy(PyConfig *to, const PyConfig *from);
/* Whether -X name or -X name=... was given. */
bool kr_config_has_xoption(const PyConfig *c, const wchar_t *name);
/* The limit of int/str conversions that -X int_max_str_digits or the environment asks for, -1 for none; *error a message or NULL. */
int kr_config_max_str_digits(const PyConfig *c, const char **error);
/* A list of str; a str, or None for NULL. */
PyObject *kr_list_from_wide(const PyWideStringList *l) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_str_from_wide(const wchar_t *s) KR_NEW_REF KR_MAY_RAISE;
/* Every field of c by name. */
PyObject *kr_config_as_dict(const PyConfig *c) KR_NEW_REF KR_MAY_RAISE;
/* The same read back into a fresh c; TypeError or ValueError for what can't be. */
int kr_config_from_dict(PyConfig *c, PyObject *d) KR_MAY_RAISE;
extern const char kr_usage[];
#endif
