# Futures and tasks of asyncio: states, messages, reprs, what a task does with what its coroutine yields.
import asyncio
import contextvars
import gc
import re
import types
import _asyncio
from _asyncio import Future, Task


def show(x):
    print(re.sub(r"0x[0-9a-f]+", "0x", str(x)))


def attempt(f, *args, **kwds):
    try:
        show(repr(f(*args, **kwds)))
    except BaseException as e:
        show(f"{type(e).__name__} | {e}")


def turn(n=1):
    for _ in range(n):
        loop.call_soon(loop.stop)
        loop.run_forever()


loop = asyncio.new_event_loop()
ATTRIBUTES = ("_state", "_asyncio_future_blocking", "_loop", "_callbacks", "_result", "_exception", "_log_traceback", "_source_traceback",
              "_cancel_message")

raw = Future.__new__(Future)
for name in "result", "exception", "cancel", "cancelled", "done", "get_loop", "__await__", "__iter__", "__repr__":
    attempt(getattr(raw, name))
attempt(raw.set_result, 1)
attempt(raw.set_exception, ValueError())
attempt(raw.add_done_callback, print)
attempt(raw.remove_done_callback, print)
for name in ATTRIBUTES:
    attempt(getattr, raw, name)
del raw

f = Future(loop=loop)
for name in ATTRIBUTES:
    attempt(getattr, f, name)
    attempt(setattr, f, name, 3)
    attempt(delattr, f, name)
attempt(Future, 1)
attempt(Future, loop=3)
attempt(Future, foo=1)
f = Future(loop=loop)
for bad in 3, int, StopIteration, StopIteration():
    attempt(f.set_exception, bad)
for args, kwds in ((print,), {}), ((print,), {"context": contextvars.copy_context()}), ((len,), {}), ((3,), {"context": 4}), ((), {}), ((1, 2), {}):
    attempt(f.add_done_callback, *args, **kwds)
show(f._callbacks)
show(f)
for callback in 3, print, print, len:
    attempt(f.remove_done_callback, callback)
attempt(lambda: f._callbacks)
for step in (f.result, ()), (f.exception, ()), (f.set_result, (5,)), (f.set_result, (6,)), (f.set_exception, (ValueError,)), (f.result, ()), (f.cancel, ()):
    attempt(step[0], *step[1])
show(f)
f = Future(loop=loop)
for step in (f.cancel, ("why",)), (f.result, ()), (f.cancel, ()), (f.exception, ()), (f.set_result, (1,)), (f.__repr__, ()):
    attempt(step[0], *step[1])
f = Future(loop=loop)
f.set_exception(ValueError("x"))
attempt(f.result)

f = Future(loop=loop)
it = iter(f)
attempt(next, it)
attempt(next, it)
f.set_result("R")
attempt(next, it)
attempt(next, it)
f = Future(loop=loop)
it = iter(f)
for args in (3,), (ValueError("a"), 3), (ValueError, "v", 3), (), (ValueError, "v"), (ValueError("a"),):
    attempt(it.throw, *args)
attempt(it.close)
attempt(next, it)
attempt(type(it))


async def co(x=None):
    return x


attempt(Task)
attempt(Task, 3, loop=loop)
tk = Task(co(), loop=loop)
show(tk)
for step in (tk.set_result, (1,)), (tk.set_exception, (1,)), (tk.get_name, ()), (tk.set_name, (5,)), (tk.get_name, ()), (tk.get_coro, ()), (tk.cancelling, ()), (tk.uncancel, ()):
    attempt(step[0], *step[1])
for name in "_must_cancel", "_coro", "_fut_waiter", "_log_destroy_pending":
    attempt(getattr, tk, name)
    attempt(setattr, tk, name, True)
callback = loop._ready[-1]._callback
attempt(callback, 1)
attempt(callback, x=1)
turn()
show(tk)
attempt(callback)


async def waiter(f):
    return await f


f = Future(loop=loop)
tk = Task(waiter(f), loop=loop, name="nm")
turn()
show(tk)
show(f._callbacks)
attempt(tk.cancel, "msg")
show(tk)
turn(2)
show(tk)
attempt(tk.result)
attempt(tk.exception)


@types.coroutine
def give(x):
    try:
        yield x
    except BaseException as e:
        show(f"got {type(e).__name__} {e}")
        return "ret"


async def bad(x):
    return await give(x)


class Duck:
    _asyncio_future_blocking = True

    def __init__(self):
        self._loop = loop

    def add_done_callback(self, *args, **kwds):
        show(f"{args} {sorted(kwds)}")

    def cancel(self, *args, **kwds):
        return False

    def __repr__(self):
        return "Duck"


other = asyncio.new_event_loop()
for x in None, 3, Future(loop=other), Future(loop=loop), give(1), asyncio.futures._PyFuture(loop=loop), Duck():
    tk = Task(bad(x), loop=loop)
    turn(3)
    show(tk)
    tk.cancel()
    turn(2)
    show(tk)


async def current():
    task = asyncio.current_task()
    attempt(_asyncio._enter_task, loop, task)
    attempt(_asyncio._leave_task, loop, 3)
    attempt(_asyncio._enter_task, loop=loop, task=3)
    attempt(lambda: list(_asyncio._current_tasks.values()) == [task])
    attempt(_asyncio.get_running_loop)
    attempt(_asyncio._get_event_loop, stacklevel=1)
    for function in _asyncio._unregister_task, _asyncio._register_task:
        attempt(function, task)
        attempt(lambda: task in asyncio.all_tasks())
    attempt(_asyncio._register_task, 3)
    await task


attempt(loop.run_until_complete, current())
attempt(_asyncio.get_running_loop)
attempt(_asyncio._set_running_loop, 3)
attempt(_asyncio.get_running_loop)
attempt(_asyncio._set_running_loop, None)
attempt(_asyncio._leave_task, loop, 3)

loop.set_exception_handler(lambda loop, context: show(sorted(context.items())))
f = Future(loop=loop)
f.set_exception(ValueError("lost"))
del f
coroutine = co()
tk = Task(coroutine, loop=loop)
loop._ready.clear()
coroutine.close()
del tk
gc.collect()
loop.set_debug(True)
f = Future(loop=loop)
show([frame.name for frame in f._source_traceback])
show(f)
loop.set_debug(False)


async def interrupted():
    raise KeyboardInterrupt


async def cancelled():
    raise asyncio.CancelledError("mm")


for c in interrupted(), cancelled():
    tk = Task(c, loop=loop)
    attempt(loop.run_until_complete, tk)
    show(tk)


class Sub(Task):
    pass


tk = Sub(co(7), loop=loop, context=contextvars.Context())
tk.extra = 1
show(tk)
attempt(loop.run_until_complete, tk)
loop.close()
other.close()
