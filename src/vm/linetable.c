/* linetable.c - where instructions come from in the source.
 *
 * The table is bytes: one entry for each run of instructions with the same location. An entry is a varint count << 2 | kind, kind 0: no
 * location; 1: line only; 2: all four. Then for 1 and 2 the line as a signed varint difference to the last known line; for 2 also the
 * end line minus the line, and column and end column plus one, as varints. Varints: 7 bits a byte, low first, bit 7: more follow.
 */
#include "vm/code_object.h"

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

/* The readers are bounded: past the end of the table they see 0, so a table that was made up harms nobody. */
static uint32_t get(KrLineCursor *r) {
    uint32_t v = 0;
    for (int shift = 0; r->p < r->end; shift += 7) {
        unsigned char byte = *r->p++;
        if (shift < 32) v |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) break;
    }
    return v;
}
void kr_line_cursor_init(KrLineCursor *r, KrCode *c) {
    r->p = c->lines;
    r->end = r->p + c->lines_size;
    r->start = r->stop = 0;
    r->limit = c->ninstrs;
    r->line = c->base.co_firstlineno;
    r->at = (KrLocation){-1, -1, -1, -1};
}
bool kr_line_cursor_next(KrLineCursor *r) {
    while (r->p < r->end && r->stop < r->limit) {
        uint32_t head = get(r), count = head >> 2, kind = head & 3;
        KrLocation at = {-1, -1, -1, -1};
        if (kind) {
            uint32_t d = get(r);
            r->line += d & 1 ? -(int)(d >> 1) : (int)(d >> 1);
            at.line = at.end_line = r->line;
        }
        if (kind == 2) {
            at.end_line = r->line + (int)get(r);
            at.col = (int)get(r) - 1;
            at.end_col = (int)get(r) - 1;
        }
        if (count == 0) continue;
        r->at = at;
        r->start = r->stop;
        r->stop = count < r->limit - r->stop ? r->stop + count : r->limit;
        return true;
    }
    return false;
}
static KrLocation location(KrCode *c, uint32_t i) {
    KrLineCursor r;
    kr_line_cursor_init(&r, c);
    while (kr_line_cursor_next(&r))
        if (i < r.stop) return r.at;
    return (KrLocation){-1, -1, -1, -1};
}
KrLocation kr_location_shown(KrLocation at) {
    return kr_interp()->config.code_debug_ranges ? at : (KrLocation){at.line, at.line, -1, -1};
}
KrLocation kr_code_location(KrCode *c, uint32_t i) { return kr_location_shown(location(c, i)); }
/* Takes no memory: the dump of a crash calls it. */
int kr_code_line(KrCode *c, uint32_t i) {
    if (c->base._co_linearray && i < c->ninstrs) return ((const int *)c->base._co_linearray)[i];
    return location(c, i).line;
}
void kr_code_index_lines(KrCode *c) {
    if (c->base._co_linearray) return;
    int *lines = PyMem_Malloc((size_t)c->ninstrs * sizeof *lines);
    if (!lines) return;
    KrLineCursor r;
    kr_line_cursor_init(&r, c);
    while (kr_line_cursor_next(&r))
        for (uint32_t i = r.start; i < r.stop; i++) lines[i] = r.at.line;
    for (uint32_t i = r.stop; i < c->ninstrs; i++) lines[i] = -1;
    c->base._co_linearray_entry_size = sizeof *lines;
    c->base._co_linearray = (char *)lines;
}

/* ------------------------------------------------------------------ the public form of a cursor: offsets count 2 for an instruction */

void kr_code_range_init(KrCode *c, PyCodeAddressRange *bounds) {
    KrLineCursor r;
    kr_line_cursor_init(&r, c);
    bounds->ar_start = bounds->ar_end = 0;
    bounds->ar_line = -1;
    bounds->opaque.computed_line = r.line;
    bounds->opaque.lo_next = r.p;
    bounds->opaque.limit = r.end;
}
/* The line of an offset; moves the range forward to the run that holds it. -1 past the last run, or before the range. */
int _PyCode_CheckLineNumber(int lasti, PyCodeAddressRange *bounds) {
    KrLineCursor r = {.p = bounds->opaque.lo_next, .end = bounds->opaque.limit, .start = (uint32_t)bounds->ar_start / 2, .stop = (uint32_t)bounds->ar_end / 2,
                      .limit = INT32_MAX / 2, .line = bounds->opaque.computed_line};
    while (bounds->ar_end <= lasti) {
        if (!kr_line_cursor_next(&r)) return -1;
        bounds->ar_start = (int)r.start * 2;
        bounds->ar_end = (int)r.stop * 2;
        bounds->ar_line = r.at.line;
        bounds->opaque.computed_line = r.line;
        bounds->opaque.lo_next = r.p;
    }
    return lasti < bounds->ar_start ? -1 : bounds->ar_line;
}
