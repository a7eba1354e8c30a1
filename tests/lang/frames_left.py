# The frame of a function that has ended is seen by nobody while its locals are released; a generator has ended by then.
import sys
import traceback


class Local:
    def __del__(self):
        f, names = sys._getframe(), []
        while f:
            names.append(f.f_code.co_name)
            f = f.f_back
        print(names, [s.name for s in traceback.extract_stack()], sys._getframe(1).f_code.co_name)


def plain():
    local = Local()


def with_frame_object():
    local = Local()
    sys._getframe()


def raising():
    local = Local()
    1 / 0


def generator():
    local = Local()
    yield 1


def call(f):
    f()


call(plain)
call(with_frame_object)
try:
    call(raising)
except ZeroDivisionError as e:
    e.__traceback__ = None
    del e
for i in range(3):      # the same when the call is specialised
    for _ in range(100):
        call(lambda: None)
    call(plain)
list(generator())
g = generator()
next(g)
g.close()


class State:
    def __del__(self):
        print(g.gi_running, g.gi_frame, g.gi_suspended, next(g, "ended"))


def ending():
    state = State()
    yield 1


g = ending()
for _ in g:
    pass
g = ending()
print(next(g), next(g, None))
g = ending()
next(g)
g.close()


class Iterating:
    def __del__(self):
        next(it, None)


def keys():
    key = Iterating()
    yield 1


it = keys()
list(it)


class C:
    def __init__(self):
        local = Local()


def make():
    C()


make()


def enclosing(x):
    def generator(y=1):
        yield x
    return generator()


print(enclosing(3).gi_frame.f_locals)
