/* specialize.h - quickening: how an instruction learns what it works on.
 *
 * Code is cold until it has run for a while (kr_code_warm); then it has one KrCache for each instruction. A generic
 * instruction of warm code counts its cache's `counter` down and at 0 asks the function below that belongs to it for a specialised form.
 * That function looks at the operands, fills in the cache and writes the special opcode over the generic one, or, when nothing fits,
 * sets the counter so that the next attempt comes later. A special instruction whose guard fails runs the generic body instead;
 * after KR_MISSES_ALLOWED failures it becomes generic again (kr_special_miss).
 *
 * What a cache holds is borrowed: each object in it is kept alive by what the instruction guards (a class of a certain version keeps its
 * attributes, a code object its constants). Functions here raise nothing and run no Python code.
 * While a thread traces, the loop runs the generic bodies only and nothing is specialised.
 */
#ifndef KRAIT_SPECIALIZE_H
#define KRAIT_SPECIALIZE_H
#include "object/instance.h"
#include "vm/stack.h"

enum {
    KR_WARM_AT = 24,            /* points until code is warm: */
    KR_WARM_CALL = 4,           /* ... for an entry */
    KR_WARM_LOOP = 1,           /* ... for a loop's back edge */
    KR_MISSES_ALLOWED = 32,     /* failed guards until an instruction is generic again */
    KR_FIRST_RETRY = 16,        /* executions until a second attempt; doubled with each */
    KR_LAST_RETRY = 4096
};

/* One more entry or round of cold code: allocates its caches when that was enough. */
void kr_code_count(KrCode *, int points);

/* The generic instruction `at` goes on as `op`; c is filled in otherwise. */
KR_INLINE bool kr_special_set(KrInstr *at, KrCache *c, int op) {
    c->counter = KR_MISSES_ALLOWED;
    at->op = (uint16_t)op;
    return true;
}
/* No special form fits: the next attempt comes later. */
bool kr_special_none(KrCache *c);
/* A guard failed. */
KR_INLINE void kr_special_miss(KrInstr *at, KrCache *c, int generic) {
    if (--c->counter) return;
    at->op = (uint16_t)generic;
    kr_special_none(c);
}

/* Each: true when `at` has a special opcode now. */
bool kr_specialize_load_attr(KrInstr *at, KrCache *, PyObject *o, PyObject *name);
bool kr_specialize_store_attr(KrInstr *at, KrCache *, PyObject *o, PyObject *name);
bool kr_specialize_load_method(KrInstr *at, KrCache *, PyObject *o, PyObject *name);
bool kr_specialize_load_global(KrInstr *at, KrCache *, PyObject *globals, PyObject *builtins, PyObject *name);
/* base: callable, self or NULL, arguments; nargs counts self. */
bool kr_specialize_call(KrInstr *at, KrCache *, PyObject **base, Py_ssize_t nargs);
bool kr_specialize_call_kw(KrInstr *at, KrCache *, PyObject **base, PyObject *kwnames);
bool kr_specialize_binary(KrInstr *at, KrCache *, PyObject *a, PyObject *b);
bool kr_specialize_subscr(KrInstr *at, KrCache *, PyObject *o, PyObject *key);
bool kr_specialize_store_subscr(KrInstr *at, KrCache *, PyObject *o, PyObject *key);
bool kr_specialize_unpack(KrInstr *at, KrCache *, PyObject *sequence);
bool kr_specialize_for_iter(KrInstr *at, KrCache *, PyObject *it);

/* The address of name's value in a combined dict of str keys goes to c->object, the keys' version to c->version; false if there is none. */
bool kr_special_dict_slot(KrCache *c, PyObject *dict, PyObject *name);

/* Where each parameter's value comes from when a function is called with `nargs` positional arguments and those that kwnames names: for
 * parameter i, KR_PLAN_BITS bits from KR_PLAN_BITS * i on give the argument's number, or KR_PLAN_DEFAULT. False if there is no such plan: too many
 * parameters, * or **, arguments that don't fit, defaults of keyword-only parameters. */
enum { KR_PLAN_BITS = 5, KR_PLAN_DEFAULT = 31, KR_PLAN_MAX = 12 };
bool kr_call_plan(PyFunctionObject *, Py_ssize_t nargs, PyObject *kwnames, uint64_t *plan);

/* --- guards that need more than a line --- */

#define KR_INDEX_NONE 0xffffu
/* What a special LOAD_METHOD puts beside the function: nothing, the object it was looked up on, that one's type. */
enum { KR_SELF_NONE, KR_SELF_OWNER, KR_SELF_TYPE, KR_SELF_MASK = 3 };
/* ... and when c->object is a staticmethod or classmethod around the function. */
enum { KR_CALLEE_WRAPPED = 4 };

/* Whether a dict has no such key, as far as that can be told without running Python code. */
bool kr_special_lacks(PyObject *dict, PyObject *name);
/* Whether the managed instance o has no attribute of its own by the name that the cache is for: index is the name's in the class's
 * shared keys, or KR_INDEX_NONE and version2 is how many names those had. Only for instances of the class the cache is for. */
KR_INLINE bool kr_instance_lacks(PyObject *o, const KrCache *c, PyObject *name) {
    PyDictValues *values = *kr_instance_values_ptr(o);
    if (KR_LIKELY(values != NULL)) {
        if (c->index == KR_INDEX_NONE) return ((PyHeapTypeObject *)Py_TYPE(o))->ht_cached_keys->nentries == (Py_ssize_t)c->version2;
        return c->index >= kr_values_capacity(values) || !values->values[c->index];
    }
    PyObject *dict = *kr_instance_dict_ptr(o);
    return dict == NULL || kr_special_lacks(dict, name);
}
/* --- sites that see several types ---
 * Where a special form of attribute access has failed, the form ..._MANY takes over: it finds what it would have in its cache in one table for all
 * such sites of the interpreter, by type version and name. */
typedef struct {
    PyObject *name;             /* owned: its address must stay its own; NULL: empty */
    uint16_t op;                /* the form for type version cache.version; 0: there is none */
    KrCache cache;
} KrManyEntry;
enum { KR_MANY_SIZE = 512 };    /* a power of two */
struct KrManyTable { KrManyEntry entry[KR_MANY_SIZE]; };
/* The place of a type's attribute for one generic instruction; it may be another's. Only in ..._MANY forms: then there is a table. */
KR_INLINE KrManyEntry *kr_many_entry(KrThread *t, int generic, uint32_t version, PyObject *name) {
    return &t->base.interp->vm.many->entry[(version * 37 + (uint32_t)generic * 11 + (uint32_t)((uintptr_t)name >> 4)) & (KR_MANY_SIZE - 1)];
}
KR_INLINE bool kr_many_hit(const KrManyEntry *e, uint32_t version, PyObject *name) { return e->cache.version == version && e->name == name; }
/* Fills the entry for o's attribute, if there is a form that depends on o's type. */
void kr_many_fill(KrManyEntry *, int generic, PyObject *o, PyObject *name);
/* A new interpreter's table, if there are any; -1 without an exception. */
int kr_many_init(KrInterp *);
/* Frees the table. No Python code runs in the interpreter afterwards. */
void kr_many_fini(KrInterp *);

/* A version for code objects of functions: what call sites guard on. 0 when they ran out, or when its frames need locals. */
uint32_t kr_code_version(KrCode *);

#endif
