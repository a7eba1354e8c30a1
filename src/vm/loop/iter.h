/* iter.h - part of the loop (eval.c): special forms of FOR_ITER. The instruction after it is a JUMP, skipped while there are items. */

#define NEXT_ITEM(item) do { SET(in.a, item); pc++; NEXT(); } while (0)
#define NO_MORE_ITEMS() do { Py_CLEAR(REG(in.b)); NEXT(); } while (0)
    SPECIAL(FOR_ITER_LIST): {
        KrListIter *it = (KrListIter *)REG(in.b);
        GUARD(Py_IS_TYPE(it, &PyListIter_Type), FOR_ITER);
        if ((v = kr_list_iter_next(it))) NEXT_ITEM(v);
        NO_MORE_ITEMS();
    }
    SPECIAL(FOR_ITER_TUPLE): {
        KrTupleIter *it = (KrTupleIter *)REG(in.b);
        GUARD(Py_IS_TYPE(it, &PyTupleIter_Type), FOR_ITER);
        if ((v = kr_tuple_iter_next(it))) NEXT_ITEM(v);
        NO_MORE_ITEMS();
    }
    SPECIAL(FOR_ITER_RANGE): {
        KrRangeIter *it = (KrRangeIter *)REG(in.b);
        GUARD(Py_IS_TYPE(it, &PyRangeIter_Type), FOR_ITER);
        if (it->remaining <= 0) NO_MORE_ITEMS();
        long i = it->next;
        it->next = (long)((unsigned long)i + (unsigned long)it->step);
        it->remaining--;
        if (!(in.a & KR_DEST_DEAD) && (v = REG(in.a)) && i > KR_SMALL_INT_MAX && i <= PyLong_MASK && Py_REFCNT(v) == 1 && PyLong_CheckExact(v)) {
            ((PyLongObject *)v)->ob_digit[0] = (digit)i; /* the box of the last round */
            Py_SET_SIZE(v, 1);
            pc++;
            NEXT();
        }
        if (!(v = kr_long_from_i64(i))) goto error;
        NEXT_ITEM(v);
    }
    SPECIAL(FOR_ITER_GENERATOR): {
        PyGenObject *g = (PyGenObject *)REG(in.b);
        GUARD(Py_IS_TYPE(g, &PyGen_Type), FOR_ITER);
        if (KR_UNLIKELY(g->gi_frame_state >= KR_GEN_EXECUTING)) goto body_FOR_ITER;
        CHECK(kr_gen_enter(t, g, KR_CONT_FOR_ITER));
        f = kr_gen_frame(g);
        RESUME_GENERATOR(Py_NewRef(Py_None));
    }
