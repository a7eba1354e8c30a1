/* iter.c - handlers: special forms of FOR_ITER. The instruction after it is a JUMP, skipped while there are items. */
#include "vm/loop.h"
#include "object/dict_iter.h"
#include "object/iter.h"
#include "object/list.h"
#include "object/range.h"
#include "object/tuple.h"

#define NEXT_ITEM(item) do { \
        PyObject *item_ = (item), **at_ = &REG(in.a), *old_ = *at_; \
        *at_ = item_; \
        pc++; \
        NEXT_RELEASING(old_, NULL, NULL, NULL); \
    } while (0)
/* The iterator has come to its end: it, and what it iterates over, are released. */
static KR_COLD PyObject *no_more_items(KR_LOOP_PARAMS) {
    CLEAR(&REG(in.b));
    NEXT();
}
OP(FOR_ITER_LIST) {
    KrListIter *it = (KrListIter *)REG(in.b);
    GUARD(Py_IS_TYPE(it, &PyListIter_Type));
    PyListObject *seq = it->seq;
    if (KR_UNLIKELY(!seq || it->index >= Py_SIZE(seq))) GOTO(no_more_items);
    NEXT_ITEM(Py_NewRef(seq->ob_item[it->index++]));
}
OP(FOR_ITER_TUPLE) {
    KrTupleIter *it = (KrTupleIter *)REG(in.b);
    GUARD(Py_IS_TYPE(it, &PyTupleIter_Type));
    PyObject *seq = it->seq;
    if (KR_UNLIKELY(!seq || it->index >= Py_SIZE(seq))) GOTO(no_more_items);
    NEXT_ITEM(Py_NewRef(PyTuple_GET_ITEM(seq, it->index++)));
}
/* There is no pair, because of an exception or not. */
static KR_COLD PyObject *no_more_pairs(KR_LOOP_PARAMS) {
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration)) ERROR();
        PyErr_Clear();
    }
    GOTO(no_more_items);
}
/* pc[0] is the JUMP out of the loop, pc[1] the UNPACK_SEQUENCE, then two moves come. */
#define PAIR_FORM(name, condition, step) \
    OP(name) { \
        PyObject *it = REG(in.b); \
        GUARD(condition); \
        SAVE(); \
        bool found = step(it, t->vm.pair); \
        RELOAD(); \
        if (KR_UNLIKELY(!found)) GOTO(no_more_pairs); \
        PyObject **at0 = &REG(pc[2].a), *old0 = *at0; \
        *at0 = t->vm.pair[0]; \
        PyObject **at1 = &REG(pc[3].a), *old1 = *at1; \
        *at1 = t->vm.pair[1]; \
        pc += 4; \
        NEXT_RELEASING(old0, old1, NULL, NULL); \
    }
PAIR_FORM(FOR_ITER_ITEMS, Py_IS_TYPE(it, &PyDictIterItem_Type), kr_dict_item_pair)
PAIR_FORM(FOR_ITER_ENUMERATE, Py_IS_TYPE(it, &PyEnum_Type), kr_enumerate_pair)
PAIR_FORM(FOR_ITER_ZIP, kr_is_zip_of_two(it), kr_zip_pair)
OP(FOR_ITER_RANGE) {
    KrRangeIter *it = (KrRangeIter *)REG(in.b);
    GUARD(Py_IS_TYPE(it, &PyRangeIter_Type));
    if (KR_UNLIKELY(it->remaining <= 0)) GOTO(no_more_items);
    long i = it->next;
    it->next = (long)((unsigned long)i + (unsigned long)it->step);
    it->remaining--;
    PyObject *last = REG(in.a);
    if (last && i > KR_SMALL_INT_MAX && i <= PyLong_MASK && Py_REFCNT(last) == 1 && PyLong_CheckExact(last)) {
        KR_DIGITS(last)[0] = (digit)i;      /* the box of the last round */
        Py_SET_SIZE(last, 1);
        pc++;
        NEXT();
    }
    SAVE();
    PyObject *v = kr_long_from_i64(i);
    RELOAD();
    if (!v) ERROR();
    NEXT_ITEM(v);
}
