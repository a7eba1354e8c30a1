/* module_constants.h - numbers that a module gives names to, as a table. */
#ifndef KRAIT_MODULE_CONSTANTS_H
#define KRAIT_MODULE_CONSTANTS_H
#include "krait.h"

typedef struct {
    const char *name;
    long value;
} KrConstant;

/* module.name = value for each entry. 0 or -1. */
static inline KR_UNUSED int kr_add_constants(PyObject *module, const KrConstant *table, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (PyModule_AddIntConstant(module, table[i].name, table[i].value) < 0) return -1;
    return 0;
}

#endif
