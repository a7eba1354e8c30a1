/* channel.h - channels between interpreters: queues of cross-interpreter data with two ends.
 *
 * Channels belong to the process; what follows needs the GIL, which all interpreters share. A channel has a number that is never used again
 * and is there as long as ChannelID objects name it. Each interpreter that uses an end is associated with it, until it releases it. A channel
 * is closed for good when every association is released, or by channel_close; closed for sending alone, it lasts until it is empty.
 */
#ifndef KRAIT_CHANNEL_H
#define KRAIT_CHANNEL_H
#include "krait.h"

typedef enum { KR_RECV = -1, KR_BOTH, KR_SEND } KrEnd;

typedef enum {
    KR_CHANNEL_OK,
    KR_CHANNEL_RAISED,          /* an exception is set */
    KR_CHANNEL_NOT_FOUND,
    KR_CHANNEL_CLOSED,
    KR_CHANNEL_RELEASED,        /* this interpreter has released the end */
    KR_CHANNEL_EMPTY,
    KR_CHANNEL_NOT_EMPTY,
} KrChannelStatus;

typedef struct KrChannel KrChannel;

/* A new channel that no ChannelID names yet; -1 with MemoryError. */
int64_t kr_channel_create(void) KR_MAY_RAISE;
KrChannelStatus kr_channel_destroy(int64_t id);
KrChannelStatus kr_channel_send(int64_t id, PyObject *o) KR_RUNS_PYTHON;
/* The object made of the first item into *o, a new reference. */
KrChannelStatus kr_channel_recv(int64_t id, PyObject **o) KR_RUNS_PYTHON;
/* For all interpreters. Without force only an empty channel can be closed, or the sending end. */
KrChannelStatus kr_channel_close(int64_t id, KrEnd end, bool force);
/* For the current interpreter. */
KrChannelStatus kr_channel_release(int64_t id, KrEnd end);
/* Whether the interpreter is associated with the end, into *associated. */
KrChannelStatus kr_channel_has(int64_t id, KrEnd end, int64_t interp, bool *associated);
/* The numbers of all channels, newest first: allocated with PyMem_RawMalloc, *n of them; NULL with MemoryError. */
int64_t *kr_channel_list(Py_ssize_t *n) KR_MAY_RAISE;
/* Counts the ChannelID objects; the last one takes the channel along. incref: false when there is no such channel. */
bool kr_channel_incref(int64_t id);
void kr_channel_decref(int64_t id);

/* channelid.c. resolve: in another interpreter it becomes a channel of test.support.interpreters. */
extern PyTypeObject kr_ChannelID_Type;
PyObject *kr_channelid_new(int64_t id, KrEnd end, bool force, bool resolve, KrChannelStatus *) KR_NEW_REF;
int kr_channelid_convert(PyObject *o, int64_t *id) KR_MAY_RAISE;    /* for "O&" */
int kr_channelid_register(void) KR_MAY_RAISE;

#endif
