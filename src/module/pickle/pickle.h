/* pickle.h - what the files of _pickle share.
 *
 *     module.c     the module, its functions and its state       memo.c     both memos and their proxies
 *     pickler.c    the type Pickler, the output and its frames    unpickler.c  the type Unpickler
 *     save.c       saving built-in types                          input.c    where a pickle is read from
 *     reduce.c     saving everything else: globals, reduce        load.c     executing a pickle
 *
 * Any call of Python code may use the same Pickler or Unpickler again. What belongs to one dump (its output) or one
 * load (its stack) is therefore the caller's own, not the object's, and no pointer into a buffer is kept over such a call.
 */
#ifndef KRAIT_PICKLE_H
#define KRAIT_PICKLE_H
#include "krait.h"

enum { PICKLE_HIGHEST = 5, PICKLE_DEFAULT = 4 };

/* The opcodes, as pickletools describes them. */
enum {
    OP_MARK = '(', OP_STOP = '.', OP_POP = '0', OP_POP_MARK = '1', OP_DUP = '2', OP_FLOAT = 'F', OP_INT = 'I', OP_BININT = 'J', OP_BININT1 = 'K',
    OP_BININT2 = 'M', OP_LONG = 'L', OP_NONE = 'N', OP_PERSID = 'P', OP_BINPERSID = 'Q', OP_REDUCE = 'R', OP_STRING = 'S', OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U', OP_UNICODE = 'V', OP_BINUNICODE = 'X', OP_APPEND = 'a', OP_BUILD = 'b', OP_GLOBAL = 'c', OP_DICT = 'd',
    OP_EMPTY_DICT = '}', OP_APPENDS = 'e', OP_GET = 'g', OP_BINGET = 'h', OP_INST = 'i', OP_LONG_BINGET = 'j', OP_LIST = 'l', OP_EMPTY_LIST = ']',
    OP_OBJ = 'o', OP_PUT = 'p', OP_BINPUT = 'q', OP_LONG_BINPUT = 'r', OP_SETITEM = 's', OP_TUPLE = 't', OP_EMPTY_TUPLE = ')', OP_SETITEMS = 'u',
    OP_BINFLOAT = 'G', OP_BINBYTES = 'B', OP_SHORT_BINBYTES = 'C',
    /* protocol 2 */
    OP_PROTO = 0x80, OP_NEWOBJ, OP_EXT1, OP_EXT2, OP_EXT4, OP_TUPLE1, OP_TUPLE2, OP_TUPLE3, OP_NEWTRUE, OP_NEWFALSE, OP_LONG1, OP_LONG4,
    /* protocol 4 */
    OP_SHORT_BINUNICODE, OP_BINUNICODE8, OP_BINBYTES8, OP_EMPTY_SET, OP_ADDITEMS, OP_FROZENSET, OP_NEWOBJ_EX, OP_STACK_GLOBAL, OP_MEMOIZE, OP_FRAME,
    /* protocol 5 */
    OP_BYTEARRAY8, OP_NEXT_BUFFER, OP_READONLY_BUFFER,
};

/* ------------------------------------------------------------------ the module's state */

typedef struct {
    PyObject *error, *pickling_error, *unpickling_error;
    /* of copyreg and _compat_pickle: dicts */
    PyObject *dispatch_table, *extension_registry, *inverted_registry, *extension_cache;
    PyObject *name_mapping, *import_mapping, *reverse_name_mapping, *reverse_import_mapping;
    PyObject *codecs_encode, *getattr, *partial;
    PyTypeObject *pickler_type, *unpickler_type, *pickler_memo_type, *unpickler_memo_type;
} PickleState;

extern struct PyModuleDef kr_pickle_module;
extern PyType_Spec kr_pickler_spec, kr_unpickler_spec, kr_pickler_memo_spec, kr_unpickler_memo_spec;
/* module.c: the state of the module that `type` or one of its bases belongs to. */
PickleState *kr_pickle_state_of(PyTypeObject *type) KR_MAY_RAISE;

/* ------------------------------------------------------------------ memos (memo.c) */

/* A Pickler's memo: object -> index, a hash table with open addresses; keys are owned. It is never full. */
typedef struct { PyObject *key; Py_ssize_t index; } MemoEntry;
typedef struct {
    MemoEntry *table;           /* NULL: none yet */
    size_t mask;                /* number of entries - 1, a power of two - 1 */
    Py_ssize_t used;
} PickleMemo;

/* Neighbours in memory are neighbours in the table, but blocks of 64 KiB are scattered, so that no stride makes all collide. */
KR_INLINE MemoEntry *kr_memo_place(const PickleMemo *m, PyObject *key) {
    size_t i = (((size_t)key >> 4) + ((size_t)key >> 16) * 0x9e3779b1u) & m->mask;
    while (m->table[i].key && m->table[i].key != key) i = (i + 1) & m->mask;
    return &m->table[i];
}
/* The entry of key, NULL if there is none; good until the memo changes. */
KR_INLINE const MemoEntry *kr_memo_find(const PickleMemo *m, PyObject *key) {
    if (!m->table) return NULL;
    MemoEntry *e = kr_memo_place(m, key);
    return e->key ? e : NULL;
}
int kr_memo_add(PickleMemo *, PyObject *key, Py_ssize_t index) KR_MAY_RAISE;
void kr_memo_clear(PickleMemo *) KR_RUNS_PYTHON;
int kr_memo_copy(PickleMemo *to, const PickleMemo *from) KR_MAY_RAISE;

/* An Unpickler's memo: index -> object. Indices as picklers give them are in an array; one far beyond the others, which only a hostile
 * pickle has, is in a dict, so that it costs no more than itself. */
typedef struct {
    PyObject **items;
    Py_ssize_t room, count;     /* count: of all that are set */
    PyObject *far;              /* dict, or NULL */
} UnpickleMemo;

int kr_unmemo_put(UnpickleMemo *, Py_ssize_t index, PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The object at index >= 0, NULL without an exception if there is none. */
PyObject *kr_unmemo_get_far(const UnpickleMemo *, Py_ssize_t index) KR_BORROWED;
KR_INLINE PyObject *kr_unmemo_get(const UnpickleMemo *m, Py_ssize_t index) {
    return KR_LIKELY(index < m->room) ? m->items[index] : kr_unmemo_get_far(m, index);
}
void kr_unmemo_clear(UnpickleMemo *) KR_RUNS_PYTHON;
int kr_unmemo_copy(UnpickleMemo *to, const UnpickleMemo *from) KR_MAY_RAISE;
int kr_unmemo_traverse(const UnpickleMemo *, visitproc, void *);

/* ------------------------------------------------------------------ Pickler */

/* The output of one dump. With protocol 4 opcodes are collected in frames: the frame being written begins at `frame`, with room
 * for its header; -1 between frames. */
typedef struct {
    PyObject *bytes;            /* being filled; nobody else has it */
    Py_ssize_t length, frame;
    bool framing;
} PickleOutput;

typedef struct {
    PyObject_HEAD
    PickleState *st;
    PyObject *write;            /* NULL: dumps(), the output stays in memory */
    PyObject *buffer_callback;  /* or NULL */
    PyObject *dispatch_table;   /* or NULL: copyreg's */
    PyObject *persistent_id;    /* or NULL */
    PyObject *reducer_override; /* while dumping, or NULL */
    PyObject *fast_objects;     /* in fast mode, of what is deeply nested: a dict by id */
    PickleMemo memo;
    PickleOutput out;
    int proto, bin, fast, fast_nesting;
    bool fix_imports;
    bool persistent_id_bound;   /* persistent_id is a function that takes the pickler first */
} Pickler;

/* pickler.c: sets what a constructor is given; protocol may be None. */
int kr_pickler_setup(Pickler *, PyObject *protocol, int fix_imports, PyObject *buffer_callback) KR_MAY_RAISE;
/* pickler.c: sets write from the file. */
int kr_pickler_set_file(Pickler *, PyObject *file) KR_MAY_RAISE KR_RUNS_PYTHON;
/* pickler.c: dumps o into the file, or returns bytes (None with a file). */
PyObject *kr_pickler_dump(Pickler *, PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* pickler.c: room for n bytes behind what is written, which the caller fills; in a frame. NULL without memory. */
char *kr_pickle_grow(Pickler *, Py_ssize_t n) KR_MAY_RAISE;
KR_INLINE char *kr_pickle_room(Pickler *p, Py_ssize_t n) {
    PickleOutput *out = &p->out;
    if (KR_UNLIKELY((out->framing && out->frame < 0) || Py_SIZE(out->bytes) - out->length < n)) return kr_pickle_grow(p, n);
    char *at = PyBytes_AS_STRING(out->bytes) + out->length;
    out->length += n;
    return at;
}
/* pickler.c: memcpy for what is short most of the time. */
void kr_pickle_copy(char *to, const char *from, Py_ssize_t n);
KR_INLINE int kr_pickle_put(Pickler *p, const char *s, Py_ssize_t n) {
    char *at = kr_pickle_room(p, n);
    if (!at) return -1;
    kr_pickle_copy(at, s, n);
    return 0;
}
KR_INLINE int kr_pickle_op(Pickler *p, int op) {
    char *at = kr_pickle_room(p, 1);
    if (!at) return -1;
    *at = (char)op;
    return 0;
}
/* pickler.c: header and payload; a large payload is outside frames and goes to the file as it is. `owner` has the payload, as bytes, or
 * is NULL. */
int kr_pickle_put_blob(Pickler *, const char *header, Py_ssize_t header_size, const char *payload, Py_ssize_t size, PyObject *owner)
    KR_MAY_RAISE KR_RUNS_PYTHON;
/* pickler.c: between two objects: ends a frame that is long enough. */
int kr_pickle_boundary_slow(Pickler *) KR_MAY_RAISE KR_RUNS_PYTHON;
enum { PICKLE_FRAME_MIN = 4, PICKLE_FRAME_TARGET = 64 * 1024, PICKLE_FRAME_HEADER = 9 };
KR_INLINE int kr_pickle_boundary(Pickler *p) {
    const PickleOutput *out = &p->out;
    if (KR_LIKELY(out->frame < 0 || out->length - out->frame - PICKLE_FRAME_HEADER < PICKLE_FRAME_TARGET)) return 0;
    return kr_pickle_boundary_slow(p);
}
/* pickler.c: writes PUT for the next index and notes o; nothing in fast mode. */
int kr_pickle_memoize(Pickler *, PyObject *o) KR_MAY_RAISE;
/* pickler.c: writes GET for o if the memo has it: 1; 0 if it hasn't. */
int kr_pickle_get(Pickler *, PyObject *o) KR_MAY_RAISE;

/* save.c */
int kr_pickle_save(Pickler *, PyObject *o, bool no_persistent_id) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Appends what an iterator gives to the list or dict on top of the stack. */
int kr_pickle_save_appends(Pickler *, PyObject *iterator) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_pickle_save_setitems(Pickler *, PyObject *iterator) KR_MAY_RAISE KR_RUNS_PYTHON;
/* reduce.c: what __reduce__ gave; o is NULL or the object, which is memoized. */
int kr_pickle_save_reduce(Pickler *, PyObject *reduced, PyObject *o) KR_MAY_RAISE KR_RUNS_PYTHON;
/* reduce.c: a reference to a module's attribute; name is NULL or a str. */
int kr_pickle_save_global(Pickler *, PyObject *o, PyObject *name) KR_MAY_RAISE KR_RUNS_PYTHON;
/* reduce.c: a type, and any object of another type than the built-in ones. */
int kr_pickle_save_type(Pickler *, PyObject *o) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_pickle_save_other(Pickler *, PyObject *o) KR_MAY_RAISE KR_RUNS_PYTHON;
/* reduce.c: o.a.b for a name "a.b" of parts; *parent, if not NULL, is the object the last part was found in (new reference). */
PyObject *kr_pickle_deep_attribute(PyObject *o, PyObject *name, bool parts, PyObject **parent) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

/* ------------------------------------------------------------------ Unpickler */

/* Where a pickle is read from: bytes in memory, of which those from `at` on are to come. Without a file that is all there is. With
 * one, it is what was read (`ahead` false) or what the file showed by peek() and still has (`ahead` true). */
typedef struct {
    const char *data;
    Py_ssize_t at, length;
    Py_buffer view;             /* of what data is in; view.obj NULL if none */
    PyObject *read, *readline, *readinto, *peek;    /* NULL: no file; readinto and peek may be NULL anyway */
    bool ahead;
} PickleInput;

typedef struct {
    PyObject_HEAD
    PickleState *st;
    PickleInput in;
    UnpickleMemo memo;
    PyObject *persistent_load;  /* or NULL */
    PyObject *buffers;          /* an iterator, or NULL */
    char *encoding, *errors;
    int proto;
    bool ready, fix_imports;
    bool persistent_load_bound; /* persistent_load is a function that takes the unpickler first */
} Unpickler;

/* input.c. The pointers given are good until the next call of an input function or of Python code. */
int kr_input_set_file(PickleInput *, PyObject *file) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_input_set_bytes(PickleInput *, PyObject *data) KR_MAY_RAISE;
void kr_input_clear(PickleInput *);
/* The next n bytes. NULL with UnpicklingError if there are less. */
const char *kr_input_read_slow(Unpickler *, Py_ssize_t n) KR_MAY_RAISE KR_RUNS_PYTHON;
KR_INLINE const char *kr_input_read(Unpickler *u, Py_ssize_t n) {
    PickleInput *in = &u->in;
    if (KR_UNLIKELY(n > in->length - in->at)) return kr_input_read_slow(u, n);
    const char *p = in->data + in->at;
    in->at += n;
    return p;
}
/* The next opcode; -1 with EOFError at the end. */
int kr_input_opcode_slow(Unpickler *) KR_MAY_RAISE KR_RUNS_PYTHON;
KR_INLINE int kr_input_opcode(Unpickler *u) {
    PickleInput *in = &u->in;
    return KR_LIKELY(in->at < in->length) ? (unsigned char)in->data[in->at++] : kr_input_opcode_slow(u);
}
/* The next line up to and with its newline. There is no NUL at its end. */
const char *kr_input_line(Unpickler *, Py_ssize_t *length) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The next n bytes as a bytes or, if `mutable`, a bytearray; no more is allocated than there is to read. */
PyObject *kr_input_read_object(Unpickler *, Py_ssize_t n, bool mutable) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Makes the next n bytes, a frame, available. */
int kr_input_frame(Unpickler *, Py_ssize_t n) KR_MAY_RAISE KR_RUNS_PYTHON;
/* At the end of a pickle: the file is to stand behind what was used. */
int kr_input_finish(Unpickler *) KR_MAY_RAISE KR_RUNS_PYTHON;

/* pickler.c: hooks of subclasses. Looks `name` up in self; a method of self is kept as its function, which makes no cycle. */
int kr_pickle_find_hook(PyObject *self, PyObject *name, PyObject **hook, bool *bound) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_pickle_call_hook(void *self, PyObject *hook, bool bound, PyObject *arg) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_pickle_get_hook(PyObject *self, const char *name, PyObject *hook, bool bound) KR_NEW_REF KR_MAY_RAISE;
int kr_pickle_set_hook(const char *name, PyObject *value, PyObject **hook, bool *bound) KR_MAY_RAISE KR_RUNS_PYTHON;

/* load.c: executes the pickle. */
PyObject *kr_pickle_load(Unpickler *) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* unpickler.c: the class or function of that name; what find_class() does when it is not overridden. */
PyObject *kr_unpickler_find_class(Unpickler *, PyObject *module, PyObject *name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* unpickler.c: sets what a constructor is given; NULL is the default. `function` is named in messages. */
int kr_unpickler_setup(Unpickler *, const char *function, PyObject *encoding, PyObject *errors, PyObject *buffers, int fix_imports)
    KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_unpickler_clear_all(Unpickler *);
void kr_pickler_clear_all(Pickler *);

/* memo.c: proxies for the attribute `memo`, and setting it. */
PyObject *kr_pickle_memo_proxy(PickleState *, PyObject *owner, bool pickler) KR_NEW_REF KR_MAY_RAISE;
int kr_pickler_set_memo(PyObject *self, PyObject *value, void *closure) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_unpickler_set_memo(PyObject *self, PyObject *value, void *closure) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
