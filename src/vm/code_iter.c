/* code_iter.c - the iterators that code.co_lines() and code.co_positions() return.
 *
 * Both keep the code object alive and walk its line table with a KrLineCursor: `ready` says that the cursor stands on a run that has not been
 * handed out (lines), `index` is the next instruction (positions). Nothing is computed ahead.
 */
#include "vm/code_object.h"

typedef struct {
    PyObject_HEAD
    KrCode *code;
    KrLineCursor cursor;
    uint32_t index;
    bool ready;
} CodeIter;

static PyObject *new_iter(PyTypeObject *type, KrCode *code) {
    CodeIter *it = PyObject_New(CodeIter, type);
    if (!it) return NULL;
    it->code = (KrCode *)Py_NewRef((PyObject *)code);
    kr_line_cursor_init(&it->cursor, code);
    it->ready = kr_line_cursor_next(&it->cursor);
    it->index = 0;
    return (PyObject *)it;
}
PyObject *kr_code_lines_iter(KrCode *code) { return new_iter(&kr_LineIter_Type, code); }
PyObject *kr_code_positions_iter(KrCode *code) { return new_iter(&kr_PositionsIter_Type, code); }

static void iter_dealloc(PyObject *self) {
    Py_DECREF(((CodeIter *)self)->code);
    PyObject_Free(self);
}
static PyObject *number_or_none(int v) { return v < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(v); }

/* (start, end, line): neighbouring runs of one line are one triple. */
static PyObject *lines_next(PyObject *self) {
    CodeIter *it = (CodeIter *)self;
    KrLineCursor *r = &it->cursor;
    if (!it->ready) return NULL;
    uint32_t start = r->start, stop = r->stop;
    int line = r->at.line;
    while ((it->ready = kr_line_cursor_next(r)) && r->at.line == line) stop = r->stop;
    return Py_BuildValue("(IIN)", start * 2, stop * 2, number_or_none(line));
}
/* (line, end line, column, end column) of one instruction; Nones where the table says nothing. */
static PyObject *positions_next(PyObject *self) {
    CodeIter *it = (CodeIter *)self;
    KrLocation at = {-1, -1, -1, -1};
    if (it->index >= it->code->ninstrs) return NULL;
    while (it->ready && it->index >= it->cursor.stop) it->ready = kr_line_cursor_next(&it->cursor);
    if (it->ready) at = kr_location_shown(it->cursor.at);
    it->index++;
    return Py_BuildValue("(NNNN)", number_or_none(at.line), number_or_none(at.end_line), number_or_none(at.col), number_or_none(at.end_col));
}

PyTypeObject kr_LineIter_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "line_iterator", .tp_basicsize = sizeof(CodeIter), .tp_dealloc = iter_dealloc, .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT, .tp_iter = PyObject_SelfIter, .tp_iternext = lines_next, .tp_free = PyObject_Del,
};
PyTypeObject kr_PositionsIter_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "positions_iterator", .tp_basicsize = sizeof(CodeIter), .tp_dealloc = iter_dealloc, .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT, .tp_iter = PyObject_SelfIter, .tp_iternext = positions_next, .tp_free = PyObject_Del,
};
