/* linetable.c - where instructions come from in the source.
 *
 * The table is bytes: one entry for each run of instructions with the same location. An entry is a varint count << 2 | kind, kind 0: no
 * location; 1: line only; 2: all four. Then for 1 and 2 the line as a signed varint difference to the last known line; for 2 also the
 * end line minus the line, and column and end column plus one, as varints. Varints: 7 bits a byte, low first, bit 7: more follow.
 */
#include "vm/code.h"

static int put_byte(KrLineTableBuilder *b, unsigned char byte) {
    if (b->size == b->capacity) {
        Py_ssize_t n = b->capacity ? b->capacity * 2 : 64;
        unsigned char *p = PyMem_Realloc(b->data, (size_t)n);
        if (!p) {
            PyErr_NoMemory();
            return -1;
        }
        b->data = p;
        b->capacity = n;
    }
    b->data[b->size++] = byte;
    return 0;
}
static int put(KrLineTableBuilder *b, uint32_t v) {
    while (v >= 0x80) {
        if (put_byte(b, (unsigned char)(v | 0x80)) < 0) return -1;
        v >>= 7;
    }
    return put_byte(b, (unsigned char)v);
}
static uint32_t zigzag(int v) { return v < 0 ? (uint32_t)(-(int64_t)v) << 1 | 1 : (uint32_t)v << 1; }
static bool same(KrLocation a, KrLocation b) { return a.line == b.line && a.end_line == b.end_line && a.col == b.col && a.end_col == b.end_col; }

static int flush(KrLineTableBuilder *b) {
    KrLocation at = b->pending;
    if (b->pending_count == 0) return 0;
    int kind = at.line < 0 ? 0 : at.col < 0 || at.end_col < 0 || at.end_line < at.line ? 1 : 2;
    if (put(b, b->pending_count << 2 | (uint32_t)kind) < 0) return -1;
    if (kind == 0) return 0;
    if (put(b, zigzag(at.line - b->line)) < 0) return -1;
    b->line = at.line;
    if (kind == 1) return 0;
    return put(b, (uint32_t)(at.end_line - at.line)) < 0 || put(b, (uint32_t)at.col + 1) < 0 || put(b, (uint32_t)at.end_col + 1) < 0 ? -1 : 0;
}
int kr_linetable_add(KrLineTableBuilder *b, KrLocation at) {
    if (b->pending_count && same(at, b->pending) && b->pending_count < 0x0fffffff) {
        b->pending_count++;
        return 0;
    }
    if (flush(b) < 0) return -1;
    b->pending = at;
    b->pending_count = 1;
    return 0;
}
PyObject *kr_linetable_finish(KrLineTableBuilder *b) {
    PyObject *bytes = flush(b) < 0 ? NULL : PyBytes_FromStringAndSize((char *)b->data, b->size);
    PyMem_Free(b->data);
    b->data = NULL;
    return bytes;
}

/* ------------------------------------------------------------------ reading */

/* A bounded reader: past the end it gives 0. */
typedef struct { const unsigned char *p, *end; } Reader;
static uint32_t get(Reader *r) {
    uint32_t v = 0;
    for (int shift = 0; r->p < r->end; shift += 7) {
        unsigned char byte = *r->p++;
        if (shift < 32) v |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) break;
    }
    return v;
}
KrLocation kr_code_location(KrCode *c, uint32_t i) {
    PyObject *table = c->base.co_linetable;
    Reader r = {(unsigned char *)PyBytes_AS_STRING(table), (unsigned char *)PyBytes_AS_STRING(table) + PyBytes_GET_SIZE(table)};
    uint32_t at = 0;
    int line = c->base.co_firstlineno;
    while (r.p < r.end) {
        uint32_t head = get(&r), count = head >> 2;
        KrLocation here = {-1, -1, -1, -1};
        if (head & 3) {
            uint32_t d = get(&r);
            line += d & 1 ? -(int)(d >> 1) : (int)(d >> 1);
            here.line = here.end_line = line;
        }
        if ((head & 3) == 2) {
            here.end_line = line + (int)get(&r);
            here.col = (int)get(&r) - 1;
            here.end_col = (int)get(&r) - 1;
        }
        if (i - at < count) return here;
        at += count;
    }
    return (KrLocation){-1, -1, -1, -1};
}
int kr_code_line(KrCode *c, uint32_t i) { return kr_code_location(c, i).line; }
