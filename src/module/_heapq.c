/* _heapq.c - the module _heapq: a list as a priority queue.
 *
 * The heap is a binary tree laid out by levels: the children of item k are items 2k+1 and 2k+2, neither below its parent
 * ("below" the other way round for the _max functions). To place an item from the top, the smaller child is moved up all
 * the way to a leaf first, then the item from there towards the top: items that belong near the bottom, the usual case, take
 * about one comparison a level (Knuth, vol. 3, 5.2.3, exercise 18). Comparisons may run anything: after each one the list's
 * size is checked and its items are fetched anew. Items are only ever exchanged, so the list is complete at all times.
 */
#include "krait.h"

#define ITEM(heap, i) (((PyListObject *)(heap))->ob_item[i])

/* Whether heap[i] has to be nearer the top than heap[j]; -1 on error, as when the list's size is not n afterwards. */
KR_INLINE int is_above(PyObject *heap, Py_ssize_t i, Py_ssize_t j, Py_ssize_t n, bool max) {
    PyObject *a = Py_NewRef(ITEM(heap, i)), *b = Py_NewRef(ITEM(heap, j));
    int r = max ? PyObject_RichCompareBool(b, a, Py_LT) : PyObject_RichCompareBool(a, b, Py_LT);
    Py_DECREF(a);
    Py_DECREF(b);
    if (r >= 0 && PyList_GET_SIZE(heap) != n) {
        PyErr_SetString(PyExc_RuntimeError, "list changed size during iteration");
        return -1;
    }
    return r;
}

KR_INLINE void exchange(PyObject *heap, Py_ssize_t i, Py_ssize_t j) {
    PyObject *item = ITEM(heap, i);
    ITEM(heap, i) = ITEM(heap, j);
    ITEM(heap, j) = item;
}

/* Moves item pos up as far as it belongs, not above top. */
KR_INLINE int move_up(PyObject *heap, Py_ssize_t top, Py_ssize_t pos, bool max) {
    Py_ssize_t n = PyList_GET_SIZE(heap);
    if (pos >= n) {
        PyErr_SetString(PyExc_IndexError, "index out of range");
        return -1;
    }
    while (pos > top) {
        Py_ssize_t parent = (pos - 1) >> 1;
        int above = is_above(heap, pos, parent, n, max);
        if (above <= 0)
            return above;
        exchange(heap, pos, parent);
        pos = parent;
    }
    return 0;
}

/* Places item top, whose subtrees are in order. */
KR_INLINE int place(PyObject *heap, Py_ssize_t top, bool max) {
    Py_ssize_t n = PyList_GET_SIZE(heap), pos = top, child;
    while ((child = 2 * pos + 1) < n) {
        if (child + 1 < n) {
            int left = is_above(heap, child, child + 1, n, max);
            if (left < 0)
                return -1;
            child += !left;
        }
        exchange(heap, pos, child);
        pos = child;
    }
    return move_up(heap, top, pos, max);
}

KR_INLINE int heapify(PyObject *heap, bool max) {
    for (Py_ssize_t i = PyList_GET_SIZE(heap) / 2; i-- > 0;) {
        if (i >= PyList_GET_SIZE(heap))
            break;
        if (place(heap, i, max) < 0)
            return -1;
    }
    return 0;
}

static PyObject *empty_heap(void) {
    PyErr_SetString(PyExc_IndexError, "index out of range");
    return NULL;
}

/* Puts item (borrowed) in place of the top one, which is returned. */
KR_INLINE PyObject *replace(PyObject *heap, PyObject *item, bool max) {
    if (PyList_GET_SIZE(heap) == 0)
        return empty_heap();
    PyObject *top = ITEM(heap, 0);
    ITEM(heap, 0) = Py_NewRef(item);
    if (place(heap, 0, max) < 0)
        Py_CLEAR(top);
    return top;
}

KR_INLINE PyObject *pop(PyObject *heap, bool max) {
    Py_ssize_t n = PyList_GET_SIZE(heap);
    if (n == 0)
        return empty_heap();
    PyObject *last = Py_NewRef(ITEM(heap, n - 1));
    if (PyList_SetSlice(heap, n - 1, n, NULL) < 0) {
        Py_DECREF(last);
        return NULL;
    }
    if (n == 1)
        return last;
    PyObject *top = replace(heap, last, max);
    Py_DECREF(last);
    return top;
}

/* ------------------------------------------------------------------ functions */

static bool is_heap(PyObject *heap, const char *function, const char *argument) {
    if (PyList_Check(heap))
        return true;
    _PyArg_BadArgument(function, argument, "list", heap);
    return false;
}
static bool heap_and_item(PyObject *const *args, Py_ssize_t nargs, const char *function) {
    return _PyArg_CheckPositional(function, nargs, 2, 2) && is_heap(args[0], function, "argument 1");
}

static PyObject *heapq_heappush(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!heap_and_item(args, nargs, "heappush") || PyList_Append(args[0], args[1]) < 0 ||
        move_up(args[0], 0, PyList_GET_SIZE(args[0]) - 1, false) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *heapq_heappushpop(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!heap_and_item(args, nargs, "heappushpop"))
        return NULL;
    PyObject *heap = args[0], *item = args[1];
    if (PyList_GET_SIZE(heap) == 0)
        return Py_NewRef(item);
    PyObject *top = Py_NewRef(ITEM(heap, 0));
    int below = PyObject_RichCompareBool(top, item, Py_LT);
    Py_DECREF(top);
    return below < 0 ? NULL : below == 0 ? Py_NewRef(item) : replace(heap, item, false);
}

static PyObject *heapq_heapreplace(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    return heap_and_item(args, nargs, "heapreplace") ? replace(args[0], args[1], false) : NULL;
}
static PyObject *heapq_heapreplace_max(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    return heap_and_item(args, nargs, "_heapreplace_max") ? replace(args[0], args[1], true) : NULL;
}
static PyObject *heapq_heappop(PyObject *module, PyObject *heap) { return is_heap(heap, "heappop", "argument") ? pop(heap, false) : NULL; }
static PyObject *heapq_heappop_max(PyObject *module, PyObject *heap) {
    return is_heap(heap, "_heappop_max", "argument") ? pop(heap, true) : NULL;
}
static PyObject *heapq_heapify(PyObject *module, PyObject *heap) {
    return is_heap(heap, "heapify", "argument") && heapify(heap, false) == 0 ? Py_NewRef(Py_None) : NULL;
}
static PyObject *heapq_heapify_max(PyObject *module, PyObject *heap) {
    return is_heap(heap, "_heapify_max", "argument") && heapify(heap, true) == 0 ? Py_NewRef(Py_None) : NULL;
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef heapq_functions[] = {
    {"heappush", KR_METH(heapq_heappush), METH_FASTCALL, PyDoc_STR("heappush($module, heap, item, /)\n--\n\nAdds an item to the heap.")},
    {"heappushpop", KR_METH(heapq_heappushpop), METH_FASTCALL,
     PyDoc_STR("heappushpop($module, heap, item, /)\n--\n\nAdds an item, then takes out and returns the smallest; faster than the two alone.")},
    {"heappop", heapq_heappop, METH_O, PyDoc_STR("heappop($module, heap, /)\n--\n\nTakes out and returns the smallest item.")},
    {"heapreplace", KR_METH(heapq_heapreplace), METH_FASTCALL,
     PyDoc_STR("heapreplace($module, heap, item, /)\n--\n\nTakes out and returns the smallest item, after which item is added; it may be smaller than\n"
               "what is returned.")},
    {"heapify", heapq_heapify, METH_O, PyDoc_STR("heapify($module, heap, /)\n--\n\nRearranges a list into a heap, in linear time.")},
    {"_heappop_max", heapq_heappop_max, METH_O, PyDoc_STR("_heappop_max($module, heap, /)\n--\n\nheappop for a heap with the largest item on top.")},
    {"_heapify_max", heapq_heapify_max, METH_O, PyDoc_STR("_heapify_max($module, heap, /)\n--\n\nheapify that puts the largest item on top.")},
    {"_heapreplace_max", KR_METH(heapq_heapreplace_max), METH_FASTCALL,
     PyDoc_STR("_heapreplace_max($module, heap, item, /)\n--\n\nheapreplace for a heap with the largest item on top.")},
    {NULL}};

static int heapq_exec(PyObject *module) {
    return PyModule_AddStringConstant(module, "__about__", "A heap is a list whose item k is not greater than items 2k+1 and 2k+2, so that heap[0] is the smallest.");
}

static PyModuleDef_Slot heapq_slots[] = {{Py_mod_exec, heapq_exec}, {0, NULL}};
static PyModuleDef heapq_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_heapq", .m_doc = PyDoc_STR("Priority queues in lists."), .m_methods = heapq_functions, .m_slots = heapq_slots};

PyMODINIT_FUNC PyInit__heapq(void);
PyMODINIT_FUNC PyInit__heapq(void) { return PyModuleDef_Init(&heapq_module); }
