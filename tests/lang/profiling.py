# What _lsprof counts and calls by which name.
import _lsprof
import math
import sys
import time


class C:
    def m(self):
        return len([])

    def __call__(self):
        pass

    @classmethod
    def cm(cls):
        return dict.fromkeys("ab")

    @property
    def pr(self):
        return math.sqrt(4)


def rec(n):
    return n and rec(n - 1) + max(n, 0)


def gen():
    yield 1
    yield 2


def work():
    C().m()
    C()()
    C.cm()
    C().pr
    rec(5)
    list(gen())
    [].append(1)
    sorted([2, 1], key=lambda x: -x)
    for failing in (lambda: int("x")), [].pop:
        try:
            failing()
        except (ValueError, IndexError):
            pass
    time.time()
    sys.getsizeof(3)
    {}.get(1)
    bytes.fromhex("00")
    eval("1+1")
    [x for x in range(3)]
    type.mro(int)
    "".join([])


def name(code):
    return code if isinstance(code, str) else code.co_name


def show(p, times=False):
    for e in sorted(p.getstats(), key=lambda e: (name(e.code), e.callcount)):
        calls = e.calls and sorted((name(s.code), s.callcount, s.reccallcount) + ((s.totaltime, s.inlinetime) if times else ()) for s in e.calls)
        print(name(e.code), e.callcount, e.reccallcount, calls, *(e[3:5] if times else ()))
    print()


p = _lsprof.Profiler()
p.enable()
work()
p.disable()
show(p)
p.clear()
show(p)
p.enable(subcalls=False, builtins=False)
work()
p.disable()
show(p)


class Timer:
    now = 0

    def __call__(self):
        self.now += 1
        return self.now


for args in (Timer(), 0.5), (Timer(),):
    p = _lsprof.Profiler(*args)
    p.enable()
    rec(3)
    p.disable()
    show(p, times=True)


def enable_inside():
    p.enable()
    rec(2)


p = _lsprof.Profiler()
enable_inside()
rec(1)
p.disable()
show(p)
