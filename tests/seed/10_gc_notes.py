http://www.jianshu.com/p/1e375fb40506
http://blog.csdn.net/yueguanghaidao/article/details/11274737
http://www.wklken.me/posts/2015/09/29/python-source-gc.html
引用计数, 标记清除, 分代回收
gc.set_debug(gc.DEBUG_STATS | gc.DEBUG_LEAK)


/* PyObject_HEAD defines the initial segment of every PyObject. */
#define PyObject_HEAD                   \
    _PyObject_HEAD_EXTRA                \
    Py_ssize_t ob_refcnt;               \
    struct _typeobject *ob_type;

//----------------------------------------------------

  #define _PyObject_HEAD_EXTRA            \
      struct _object *_ob_next;           \
      struct _object *_ob_prev;

// 双向链表结构, 垃圾回收


Modules/gcmodule.c

/* GC information is stored BEFORE the object structure. */
typedef union _gc_head {
    struct {
        // 建立链表需要的前后指针
        union _gc_head *gc_next;
        union _gc_head *gc_prev;
        // 在初始化时会被初始化为 GC_UNTRACED
        Py_ssize_t gc_refs;
    } gc;
    long double dummy;  /* force worst-case alignment */
} PyGC_Head;

创建container的过程: container对象 = pyGC_Head | PyObject_HEAD | Container Object
