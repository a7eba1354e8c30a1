/* _random.c - the module _random: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) as the type Random.
 *
 * state[] are the 624 words of the generator, `index` the next one to hand out; 624 means that a new block is due.
 */
#include "krait.h"
#include <time.h>
#include <unistd.h>

#define N 624
#define M 397

typedef struct {
    PyObject_HEAD
    int index;
    uint32_t state[N];
} Random;
#define R(o) ((Random *)(o))

typedef struct {
    PyTypeObject *random_type;
} RandomState;

/* ------------------------------------------------------------------ generator */

static uint32_t next_word(Random *r) {
    uint32_t *s = r->state;
    if (r->index >= N) {
        for (int k = 0; k < N; k++) {
            uint32_t y = (s[k] & 0x80000000u) | (s[(k + 1) % N] & 0x7fffffffu);
            s[k] = s[(k + M) % N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        r->index = 0;
    }
    uint32_t y = s[r->index++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

static void seed_word(Random *r, uint32_t seed) {
    r->state[0] = seed;
    for (int i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ r->state[i - 1] >> 30) + (uint32_t)i;
    r->index = N;
}

static void seed_words(Random *r, const uint32_t *key, size_t n) {
    uint32_t *s = r->state;
    seed_word(r, 19650218u);
    size_t i = 1, j = 0;
    for (size_t k = n > N ? n : N; k; k--) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1664525u) + key[j] + (uint32_t)j;
        if (++i >= N) {
            s[0] = s[N - 1];
            i = 1;
        }
        if (++j >= n)
            j = 0;
    }
    for (size_t k = N - 1; k; k--) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1566083941u) - (uint32_t)i;
        if (++i >= N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    s[0] = 0x80000000u;
}

/* From the system's randomness, from time and process where there is none. */
static void seed_system(Random *r) {
    uint32_t key[N];
    if (_PyOS_URandomNonblock(key, sizeof key) == 0) {
        seed_words(r, key, N);
        return;
    }
    PyErr_Clear();
    struct timespec now, mono;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    const uint32_t few[] = {(uint32_t)now.tv_sec, (uint32_t)now.tv_nsec, (uint32_t)getpid(), (uint32_t)mono.tv_sec, (uint32_t)mono.tv_nsec};
    seed_words(r, few, KR_ARRAY_LEN(few));
}

/* seed(arg): the magnitude of an int, the hash of anything else, the system for None. */
static int random_set_seed(Random *r, PyObject *arg) {
    if (arg == NULL || arg == Py_None) {
        seed_system(r);
        return 0;
    }
    PyObject *n;
    if (PyLong_CheckExact(arg))
        n = PyNumber_Absolute(arg);
    else if (PyLong_Check(arg)) /* the int's own absolute value, whatever the subclass says */
        n = PyLong_Type.tp_as_number->nb_absolute(arg);
    else {
        Py_hash_t h = PyObject_Hash(arg);
        if (h == -1)
            return -1;
        n = PyLong_FromSize_t((size_t)h);
    }
    if (n == NULL)
        return -1;
    size_t words = (_PyLong_NumBits(n) + 31) / 32;
    if (words == 0)
        words = 1;
    uint32_t *key = PyMem_New(uint32_t, words);
    int result = -1;
    if (key == NULL)
        PyErr_NoMemory();
    else if (_PyLong_AsByteArray((PyLongObject *)n, (unsigned char *)key, words * 4, PY_LITTLE_ENDIAN, 0) == 0) {
        if (!PY_LITTLE_ENDIAN)
            for (size_t i = 0; i < words / 2; i++) {
                uint32_t t = key[i];
                key[i] = key[words - 1 - i];
                key[words - 1 - i] = t;
            }
        seed_words(r, key, words);
        result = 0;
    }
    PyMem_Free(key);
    Py_DECREF(n);
    return result;
}

/* ------------------------------------------------------------------ the type Random */

static int random_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyTypeObject *t = Py_TYPE(self);
    if (t->tp_init == random_init && !_PyArg_NoKeywords("Random", kwds))
        return -1;
    if (PyTuple_GET_SIZE(args) > 1) {
        PyErr_SetString(PyExc_TypeError, "Random() requires 0 or 1 argument");
        return -1;
    }
    return random_set_seed(R(self), PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : NULL);
}

static PyObject *random_random(PyObject *self, PyObject *ignored) {
    uint32_t a = next_word(R(self)) >> 5, b = next_word(R(self)) >> 6; /* 27 and 26 bits */
    return PyFloat_FromDouble((a * 67108864.0 + b) * (1.0 / 9007199254740992.0));
}

static PyObject *random_seed(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("seed", nargs, 0, 1) || random_set_seed(R(self), nargs > 0 ? args[0] : NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *random_getstate(PyObject *self, PyObject *ignored) {
    PyObject *r = PyTuple_New(N + 1);
    if (r == NULL)
        return NULL;
    for (int i = 0; i <= N; i++) {
        PyObject *v = PyLong_FromUnsignedLong(i < N ? R(self)->state[i] : (unsigned long)R(self)->index);
        if (v == NULL) {
            Py_DECREF(r);
            return NULL;
        }
        PyTuple_SET_ITEM(r, i, v);
    }
    return r;
}

static PyObject *random_setstate(PyObject *self, PyObject *state) {
    uint32_t words[N];
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state vector must be a tuple");
        return NULL;
    }
    if (PyTuple_GET_SIZE(state) != N + 1) {
        PyErr_SetString(PyExc_ValueError, "state vector is the wrong size");
        return NULL;
    }
    for (int i = 0; i < N; i++) {
        unsigned long v = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(state, i));
        if (v == (unsigned long)-1 && PyErr_Occurred())
            return NULL;
        words[i] = (uint32_t)v;
    }
    long index = PyLong_AsLong(PyTuple_GET_ITEM(state, N));
    if (index == -1 && PyErr_Occurred())
        return NULL;
    if (index < 0 || index > N) {
        PyErr_SetString(PyExc_ValueError, "invalid state");
        return NULL;
    }
    R(self)->index = (int)index;
    memcpy(R(self)->state, words, sizeof words);
    Py_RETURN_NONE;
}

static PyObject *random_getrandbits(PyObject *self, PyObject *arg) {
    int k = _PyLong_AsInt(arg);
    if (k == -1 && PyErr_Occurred())
        return NULL;
    if (k < 0) {
        PyErr_SetString(PyExc_ValueError, "number of bits must be non-negative");
        return NULL;
    }
    if (k == 0)
        return PyLong_FromLong(0);
    if (k <= 32)
        return PyLong_FromUnsignedLong(next_word(R(self)) >> (32 - k));
    size_t words = ((size_t)k - 1) / 32 + 1;
    uint32_t *p = PyMem_New(uint32_t, words);
    if (p == NULL)
        return PyErr_NoMemory();
    for (size_t i = 0; i < words; i++, k -= 32) { /* least significant word first */
        uint32_t v = next_word(R(self));
        p[PY_LITTLE_ENDIAN ? i : words - 1 - i] = k < 32 ? v >> (32 - k) : v;
    }
    PyObject *r = _PyLong_FromByteArray((unsigned char *)p, words * 4, PY_LITTLE_ENDIAN, 0);
    PyMem_Free(p);
    return r;
}

static PyMethodDef random_methods[] = {
    {"random", random_random, METH_NOARGS, PyDoc_STR("random($self, /)\n--\n\nrandom() -> x in the interval [0, 1).")},
    {"seed", KR_METH(random_seed), METH_FASTCALL,
     PyDoc_STR("seed($self, n=None, /)\n--\n\nseed([n]) -> None. Starts the generator from n, from the system's randomness without one.")},
    {"getstate", random_getstate, METH_NOARGS, PyDoc_STR("getstate($self, /)\n--\n\ngetstate() -> tuple with the generator's state.")},
    {"setstate", random_setstate, METH_O, PyDoc_STR("setstate($self, state, /)\n--\n\nsetstate(state) -> None. Continues from a state of getstate().")},
    {"getrandbits", random_getrandbits, METH_O, PyDoc_STR("getrandbits($self, k, /)\n--\n\ngetrandbits(k) -> x. An int of k random bits.")},
    {NULL}
};

static PyType_Slot random_slots[] = {
    {Py_tp_doc, "Random() -> a random number generator of its own."}, {Py_tp_methods, random_methods}, {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, random_init}, {Py_tp_free, PyObject_Free}, {0, NULL},
};
static PyType_Spec random_spec = {
    .name = "_random.Random",
    .basicsize = sizeof(Random),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = random_slots,
};

/* ------------------------------------------------------------------ module */

static int random_exec(PyObject *m) {
    RandomState *st = PyModule_GetState(m);
    st->random_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &random_spec, NULL);
    return st->random_type == NULL ? -1 : PyModule_AddType(m, st->random_type);
}
static int random_traverse(PyObject *m, visitproc visit, void *arg) {
    RandomState *st = PyModule_GetState(m);
    if (st != NULL)
        Py_VISIT(st->random_type);
    return 0;
}
static int random_clear(PyObject *m) {
    RandomState *st = PyModule_GetState(m);
    if (st != NULL)
        Py_CLEAR(st->random_type);
    return 0;
}
static void random_free(void *m) { random_clear(m); }

static PyModuleDef_Slot random_module_slots[] = {{Py_mod_exec, random_exec}, {0, NULL}};
static struct PyModuleDef random_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_random",
    .m_doc = PyDoc_STR("The Mersenne Twister, a generator of pseudo-random numbers."),
    .m_size = sizeof(RandomState),
    .m_slots = random_module_slots,
    .m_traverse = random_traverse,
    .m_clear = random_clear,
    .m_free = random_free,
};
PyMODINIT_FUNC PyInit__random(void) { return PyModuleDef_Init(&random_module); }
