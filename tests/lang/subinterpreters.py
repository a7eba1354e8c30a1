# Sub-interpreters: what each has of its own, what they share, how they end; channels between them.
import _testcapi
import _xxsubinterpreters as interpreters
import gc
import os
import sys
import threading
import time
import weakref
from textwrap import dedent


def run(interp, script, **shared):
    sys.stdout.flush()
    try:
        interpreters.run_string(interp, dedent(script), shared or None)
    except interpreters.RunFailedError as e:
        print("failed:", e)
    sys.stdout.flush()


def attempt(f, *args, **kwargs):
    try:
        print(repr(f(*args, **kwargs)))
    except Exception as e:
        print(f"{type(e).__name__}: {e}")


print("-- numbers and states")
main = interpreters.get_main()
print(repr(main), interpreters.get_current() == main, interpreters.list_all())
one, two = interpreters.create(), interpreters.create(isolated=False)
print(interpreters.list_all(), int(two) - int(one), hash(one) == int(one), one == int(one), one == str(one), one != two)
attempt(interpreters.InterpreterID, 10 ** 6)
attempt(interpreters.InterpreterID, 10 ** 6, force=True)
attempt(interpreters.InterpreterID, -1)
attempt(interpreters.InterpreterID, "x")
attempt(interpreters.is_running, one)
attempt(interpreters.is_running, main)
attempt(interpreters.destroy, main)
attempt(interpreters.destroy, 10 ** 6)
attempt(interpreters.run_string, main, "pass")
attempt(interpreters.run_string, one, 3)
attempt(interpreters.run_string, one, "a\0b")
run(one, f"""
    import _xxsubinterpreters as inner
    print(inner.get_current(), inner.get_main(), inner.is_running({one}), inner.list_all())
    try: inner.destroy({one})
    except RuntimeError as e: print(e)
    """)

print("-- each its own")
sys.marker = "main"
import builtins
builtins.marker = "main"
run(one, """
    import sys, builtins
    print(hasattr(sys, 'marker'), hasattr(builtins, 'marker'), __name__, sys.argv == [], 'json' in sys.modules)
    sys.marker = builtins.marker = 'one'
    sys.setrecursionlimit(600)
    import json, warnings, codecs
    codecs.register(lambda name: codecs.lookup('utf-8') if name == 'of_one' else None)
    print('x'.encode('of-one'))
    warnings.simplefilter('error')
    value = 42
    """)
run(one, "print(marker, sys.marker, value, sys.getrecursionlimit())")
run(two, """
    import sys
    print('marker' in vars(sys), 'value' in globals(), sys.getrecursionlimit())
    try: ''.encode('of-one')
    except LookupError as e: print(e)
    """)
print(sys.marker, marker, sys.getrecursionlimit())


class OfMain(int):
    pass


to_int, alive = weakref.ref(int), weakref.WeakSet([int, OfMain])
run(one, """
    import weakref, gc, sys
    class OfOne(int): pass
    # python3.11 shows classes of one interpreter, and references to what all share, to the others
    leaks = not hasattr(sys.implementation, 'krait')
    names = lambda cls: [c.__name__ for c in cls.__subclasses__() if c.__name__.startswith('Of')]
    print(names(int) == ['OfOne'] or leaks, weakref.getweakrefcount(int) == 0 or leaks)
    r, p, q = weakref.ref(int), weakref.proxy(int), weakref.ref(int, print)
    print(weakref.getweakrefcount(int) == 3 or leaks, r is weakref.ref(int), r(), p is weakref.proxy(int))
    print([o for o in gc.get_objects() if type(o).__name__ == 'OfMain'])
    """)
leaks = not hasattr(sys.implementation, "krait")
print([c.__name__ for c in int.__subclasses__() if c.__name__.startswith("Of")] == ["OfMain"] or leaks)
print(len(weakref.getweakrefs(int)) == 2 or leaks, to_int is weakref.ref(int), list(alive)[0] in (int, OfMain))

print("-- scripts that fail")
for script in ["1/0", "raise SystemExit", "import sys; sys.exit(42)", "raise KeyboardInterrupt", "raise Exception('\u00e4\u20ac')",
               "class A:\n class B(ValueError): pass\nraise A.B('b')", "print(undefined)", "def f(): f()\ntry: f()\nexcept RecursionError as e: print(e, flush=True)"]:
    run(two, script)

print("-- what an isolated one may not")
for interp in one, two:
    run(interp, """
        import os, subprocess, _thread, signal
        for f in (lambda: _thread.start_new_thread(int, ()) > 0, lambda: subprocess.run(['true']).returncode,
                  lambda: subprocess.run(['true'], preexec_fn=int), lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), os.forkpty):
            try: print(f())
            except (RuntimeError, ValueError) as e: print(type(e).__name__, e)
        """)

print("-- threads")
results = []


def in_thread(n):
    interp = interpreters.create(isolated=False)
    channel = interpreters.channel_create()
    interpreters.run_string(interp, dedent(f"""
        import threading, _xxsubinterpreters as inner
        total = 0
        def work(k):
            global total
            for i in range(200): total += k
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for t in threads: t.start()
        for t in threads: t.join()
        inner.channel_send({channel}, total * {n})
        """))
    results.append(interpreters.channel_recv(channel))
    interpreters.destroy(interp)


threads = [threading.Thread(target=in_thread, args=(n,)) for n in range(1, 5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results))

print("-- channels")
c = interpreters.channel_create()
print(repr(c), repr(c.send), c.recv.end, c.send == c, c == int(c), interpreters.channel_list_all() == [c])
for value in [None, 5, -2 ** 63, 2 ** 63, "text \u20ac \U0001f600", b"bytes", "", b"", 1.5, [1], c, c.send]:
    print(interpreters.is_shareable(value))
    attempt(interpreters.channel_send, c, value)
while (value := interpreters.channel_recv(c, "empty")) != "empty":
    print(ascii(value))
attempt(interpreters.channel_recv, c)
attempt(interpreters.channel_recv, 10 ** 6)
run(one, """
    import _xxsubinterpreters as inner
    print(repr(cid), n, text)
    inner.channel_send(cid, text * n)
    """, cid=c.send, n=3, text="ab")
print(interpreters.channel_recv(c), interpreters.channel_list_interpreters(c, send=True), interpreters.channel_list_interpreters(c, send=False))
interpreters.channel_send(c, 1)
attempt(interpreters.channel_close, c)
attempt(interpreters.channel_close, c, send=True)
attempt(interpreters.channel_send, c, 2)
attempt(interpreters.channel_recv, c)
attempt(interpreters.channel_recv, c)
c = interpreters.channel_create()
interpreters.channel_send(c, 1)
attempt(interpreters.channel_release, c, recv=True)
attempt(interpreters.channel_recv, c)
attempt(interpreters.channel_release, c, send=True)
attempt(interpreters.channel_send, c, 1)
c = interpreters.channel_create()
interpreters.channel_send(c, 1)
attempt(interpreters.channel_close, c, force=True)
attempt(interpreters.channel_list_interpreters, c, send=False)
attempt(interpreters.channel_destroy, c)
attempt(interpreters.channel_send, c, 1)
attempt(interpreters._channel_id, 10 ** 6, force=True, recv=True)
attempt(interpreters._channel_id, 1, send=False, recv=False)

print("-- ends")
r, w = os.pipe()
for how, thread in ("destroyed", True), ("forgotten", False):
    interp = interpreters.create(isolated=False)
    number = int(interp)
    run(interp, f"""
        import atexit, os, threading, time
        def tell(what): os.write({w}, what)
        class Cycle:
            def __init__(self, name): self.me, self.name = self, name
            def __del__(self): os.write({w}, b'del ' + self.name + b'; ')
        cycle, plain = Cycle(b'cycle'), Cycle(b'plain')
        plain.me = None
        atexit.register(tell, b'atexit; ')
        if {thread}: threading.Thread(target=lambda: (time.sleep(.02), tell(b'thread; '))).start()
        """)
    while thread:       # it can't be destroyed before the thread has ended
        try:
            interpreters.destroy(interp)
            break
        except RuntimeError:
            time.sleep(.005)
    del interp
    print(how, sorted(os.read(r, 1000).decode().split("; ")), number in map(int, interpreters.list_all()))
interpreters.destroy(one)
attempt(interpreters.run_string, one, "pass")
attempt(interpreters.is_running, one)
print(repr(one))

print("-- the C API's")
sys.stdout.flush()
print(_testcapi.run_in_subinterp("print('from within', __name__, flush=True)"))
print(_testcapi.run_in_subinterp("raise SystemError('told on stderr')") == -1)
for i in range(2):      # a module that is initialised once a process, and one that is for each interpreter
    run(two, f"""
        import sys
        for name in '_testcapi', '_testmultiphase':
            module = __import__(name)
            print(name, hasattr(module, 'marker{i}'), hasattr(module, 'marker'))
            module.marker0 = True
            del sys.modules[name], module
        """)
_testcapi.marker = True
interpreters.destroy(two)
code = "import re, json, collections\nclass A: pass\na = A(); a.a = a; e = ValueError(); e.e = e"
for i in range(5):
    _testcapi.run_in_subinterp(code)
gc.collect()
before = sys.getallocatedblocks()
for i in range(30):
    _testcapi.run_in_subinterp(code)
gc.collect()
print("grown" if sys.getallocatedblocks() > before + 600 else "as many blocks as before")
print(interpreters.list_all(), interpreters.channel_list_all() == [c])
