"""What the compiler refuses and what it says, and the lines it gives to instructions."""


def refused(source):
    try:
        compile(source, "source", "exec")
    except SyntaxError as e:
        print(e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset)
    else:
        print("accepted")


for source in (
    "x=1\nfrom __future__ import division",
    "x=1;from __future__ import division",
    "'a'\n'b'\nfrom __future__ import division",
    "'a';from __future__ import division",
    "from __future__ import division\nx=1\nfrom __future__ import annotations",
    "def f():\n  from __future__ import division\n",
    "if 1:\n  from __future__ import annotations",
    "from __future__ import nope",
    "from .__future__ import nope",
    "from __future__ import braces",
):
    refused(source)

# An annotation that opens a scope of its own, while annotations are not evaluated.
for annotation in ("lambda a, b=True: a", "[x for x in y]", "(i for i in (j for j in k))"):
    namespace = {}
    exec(f"from __future__ import annotations\ndef f(a: {annotation}) -> {annotation}: ...\nv: {annotation}\nw: {annotation} = 1", namespace)
    print(namespace["f"].__annotations__, namespace["__annotations__"])


# The line of a frame that an exception leaves because no clause took it.
def one_clause():
    try:
        1 / 0
    except TypeError:
        pass


def two_clauses():
    try:
        1 / 0
    except TypeError:
        pass
    except (KeyError,
            ValueError):
        pass


def group():
    try:
        raise ExceptionGroup("group", [ValueError()])
    except* TypeError:
        pass


for f in (one_clause, two_clauses, group):
    try:
        f()
    except Exception as e:
        tb = e.__traceback__.tb_next
        print(f.__name__, tb.tb_lineno - f.__code__.co_firstlineno, tb.tb_frame.f_lineno and tb.tb_frame.f_lineno - f.__code__.co_firstlineno)

# Code of modules, generators and coroutines run in other ways than their own.
import ast
from types import FunctionType


class Awaitable:
    def __await__(self):
        yield 1
        return 5


def finish(coroutine):
    print(coroutine.send(None))
    try:
        coroutine.send(None)
    except StopIteration as e:
        print("stopped", e.value)


def generator():
    yield 1
    yield 2


names = {}
FunctionType(compile("x = 1\nprint(locals() is globals())", "source", "exec"), names)()
print(names["x"], list(eval(generator.__code__, {})))
code = compile("y = await a", "source", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
names, local = {"a": Awaitable()}, {}
finish(FunctionType(code, names)())
finish(eval(code, names, local))
print(names["y"], local["y"])
for source in ("async for i in x: pass", "async with a: pass", "await x", "[i async for i in x]"):
    print(bool(compile(source, "source", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).co_flags & 128))


# Code that was written to a cache and read again is the same code: everything the compiler makes passes the check for hostile code.
import glob
import marshal
import os


def nested(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from nested(constant)


folder = os.path.dirname(os.__file__)
checked = 0
for path in sorted(glob.glob(folder + "/*.py") + glob.glob(folder + "/test/test_[a-g]*.py")):
    with open(path, encoding="latin-1") as file:
        try:
            code = compile(file.read(), path, "exec")
        except SyntaxError:
            continue
    again = marshal.loads(marshal.dumps(code))
    if [c.co_code for c in nested(code)] != [c.co_code for c in nested(again)]:
        print(path, "differs")
    checked += 1
print(checked > 100)
def f(**k): print(k)
class A:
    def m(self):
        f(__isolated=1)
        f(__a=1, **{'__b':2})
        f(*[], __c=3)
        def g(__x, *, __y=3): print(__x, __y)
        try: g(1, __y=2)
        except TypeError as e: print(e)
        g(1, _A__y=2)
A().m()
class Base:
    def __init_subclass__(cls, **kw): print(kw)
class D:
    class E(Base, __z=2): pass
    x: int = dict(__q=1)
    print(x)
    import os as __os
    print([n for n in dir() if 'os' in n])
