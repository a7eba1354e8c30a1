/* channel.c - the channels themselves (channel.h). */
#include "module/subinterpreters/channel.h"

typedef struct Item {
    struct Item *next;
    _PyCrossInterpreterData data;
} Item;

typedef struct Association {
    struct Association *next;
    int64_t interp;
    bool open;
} Association;

/* The two ends have index 0 (receiving) and 1 (sending). */
struct KrChannel {
    KrChannel *next;
    int64_t id;
    long ids;                   /* ChannelID objects */
    bool closed, closing;       /* closing: nothing can be sent any more, and the last item closes it */
    Item *first, **last;
    Association *ends[2];
};

/* The channel, if it is there and not closed. */
static KrChannelStatus find(int64_t id, KrChannel **out) {
    KrChannel *c = kr_runtime.process.channels;
    while (c && c->id != id) c = c->next;
    *out = c;
    return !c ? KR_CHANNEL_NOT_FOUND : c->closed ? KR_CHANNEL_CLOSED : KR_CHANNEL_OK;
}

/* Releasing an item may run Python code: the queue is nobody's by then. */
static void drop_items(KrChannel *c) {
    Item *i = c->first;
    c->first = NULL;
    c->last = &c->first;
    while (i) {
        Item *next = i->next;
        _PyCrossInterpreterData_Release(&i->data);
        PyMem_RawFree(i);
        i = next;
    }
}
static void close_channel(KrChannel *c) {
    c->closed = true;
    for (int side = 0; side < 2; side++)
        while (c->ends[side]) {
            Association *a = c->ends[side];
            c->ends[side] = a->next;
            PyMem_RawFree(a);
        }
    drop_items(c);
}

int64_t kr_channel_create(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    KrChannel *c = PyMem_RawCalloc(1, sizeof *c);
    if (!c) {
        PyErr_NoMemory();
        return -1;
    }
    c->id = p->next_channel_id++;
    c->last = &c->first;
    c->next = p->channels;
    p->channels = c;
    return c->id;
}

KrChannelStatus kr_channel_destroy(int64_t id) {
    KrChannel **at = &kr_runtime.process.channels;
    while (*at && (*at)->id != id) at = &(*at)->next;
    KrChannel *c = *at;
    if (!c) return KR_CHANNEL_NOT_FOUND;
    *at = c->next;
    close_channel(c);
    PyMem_RawFree(c);
    return KR_CHANNEL_OK;
}

bool kr_channel_incref(int64_t id) {
    KrChannel *c;
    if (find(id, &c) == KR_CHANNEL_NOT_FOUND) return false;
    c->ids++;
    return true;
}
void kr_channel_decref(int64_t id) {
    KrChannel *c;
    if (find(id, &c) != KR_CHANNEL_NOT_FOUND && --c->ids == 0) kr_channel_destroy(id);
}

int64_t *kr_channel_list(Py_ssize_t *n) {
    *n = 0;
    for (KrChannel *c = kr_runtime.process.channels; c; c = c->next) ++*n;
    int64_t *ids = PyMem_RawMalloc((size_t)*n * sizeof *ids), *at = ids;
    if (!ids) return (int64_t *)PyErr_NoMemory();
    for (KrChannel *c = kr_runtime.process.channels; c; c = c->next) *at++ = c->id;
    return ids;
}

/* ------------------------------------------------------------------ ends */

/* The current interpreter's association with an end, made when there is none; NULL with MemoryError. */
static Association *associate(KrChannel *c, int side) {
    int64_t interp = kr_interp()->id;
    Association **at = &c->ends[side];
    while (*at && (*at)->interp != interp) at = &(*at)->next;
    if (*at) return *at;
    Association *a = PyMem_RawMalloc(sizeof *a);
    if (!a) return (Association *)PyErr_NoMemory();
    *a = (Association){NULL, interp, true};
    return *at = a;
}
static bool any_open(KrChannel *c) {
    for (int side = 0; side < 2; side++)
        for (Association *a = c->ends[side]; a; a = a->next)
            if (a->open) return true;
    return false;
}

KrChannelStatus kr_channel_release(int64_t id, KrEnd end) {
    KrChannel *c;
    KrChannelStatus r = find(id, &c);
    if (r) return r;
    for (int side = 0; side < 2; side++) {
        if (end == (side ? KR_RECV : KR_SEND)) continue;
        Association *a = associate(c, side);
        if (!a) return KR_CHANNEL_RAISED;
        a->open = false;
    }
    if (!any_open(c)) close_channel(c);
    return KR_CHANNEL_OK;
}

KrChannelStatus kr_channel_close(int64_t id, KrEnd end, bool force) {
    KrChannel *c;
    KrChannelStatus r = find(id, &c);
    if (r) return r;
    if (!force && end == KR_SEND && c->closing) return KR_CHANNEL_CLOSED;
    if (force || !c->first) close_channel(c);
    else if (end != KR_SEND) return KR_CHANNEL_NOT_EMPTY;
    else c->closing = true;
    return KR_CHANNEL_OK;
}

KrChannelStatus kr_channel_has(int64_t id, KrEnd end, int64_t interp, bool *associated) {
    KrChannel *c;
    KrChannelStatus r = find(id, &c);
    if (r) return r;
    if (end == KR_SEND && c->closing) return KR_CHANNEL_CLOSED;
    Association *a = c->ends[end == KR_SEND];
    while (a && a->interp != interp) a = a->next;
    *associated = a && a->open;
    return KR_CHANNEL_OK;
}

/* ------------------------------------------------------------------ sending and receiving */

KrChannelStatus kr_channel_send(int64_t id, PyObject *o) {
    KrChannel *c;
    KrChannelStatus r = find(id, &c);
    if (r || c->closing) return r ? r : KR_CHANNEL_CLOSED;
    Item *i = PyMem_RawMalloc(sizeof *i);
    if (!i) {
        PyErr_NoMemory();
        return KR_CHANNEL_RAISED;
    }
    if (_PyObject_GetCrossInterpreterData(o, &i->data) < 0) {
        PyMem_RawFree(i);
        return KR_CHANNEL_RAISED;
    }
    Association *a = NULL;
    r = find(id, &c);           /* anything may have happened to it */
    if (r || c->closing) r = r ? r : KR_CHANNEL_CLOSED;
    else if (!(a = associate(c, 1))) r = KR_CHANNEL_RAISED;
    else if (!a->open) r = KR_CHANNEL_RELEASED;
    if (r) {
        _PyCrossInterpreterData_Release(&i->data);
        PyMem_RawFree(i);
        return r;
    }
    i->next = NULL;
    *c->last = i;
    c->last = &i->next;
    return KR_CHANNEL_OK;
}

KrChannelStatus kr_channel_recv(int64_t id, PyObject **o) {
    KrChannel *c;
    KrChannelStatus r = find(id, &c);
    if (r) return r;
    Association *a = associate(c, 0);
    if (!a || !a->open) return a ? KR_CHANNEL_RELEASED : KR_CHANNEL_RAISED;
    Item *i = c->first;
    if (!i) return KR_CHANNEL_EMPTY;
    if (!(c->first = i->next)) {
        c->last = &c->first;
        if (c->closing) close_channel(c);
    }
    *o = _PyCrossInterpreterData_NewObject(&i->data);
    _PyCrossInterpreterData_Release(&i->data);
    PyMem_RawFree(i);
    return *o ? KR_CHANNEL_OK : KR_CHANNEL_RAISED;
}
