"""Code that comes out of a bytecode cache: whatever is looked at first, it is as the compiler made it."""
import copy
import dis
import gc
import inspect
import json.decoder
import marshal
import pickle
import sys
import textwrap
import types

SOURCE = '''
"""Module."""
import sys
X = ("a", 1, 2.5, None, (1, "b"), frozenset({1, "c"}), b"bytes", 1 << 80, 3j, ...)
def outer(a, /, b: int = 1, *args, c="default", **kw):
    """Outer."""
    x = a
    def inner(y):
        "Inner."
        nonlocal x
        x += y
        try:
            return [x, (lambda: x)(), kw.get("k")]
        except ValueError as e:
            raise TypeError from e
        finally:
            args
    class K:
        """Class."""
        def m(self): return __class__, x
    return inner, K
def generator(n):
    for i in range(n):
        yield i
async def coroutine(): return 1
def fails():
    "Fails."
    raise ValueError(
        "é\\ud800")
'''
compiled = compile(SOURCE, "file.py", "exec", dont_inherit=True)
fields = [n for n in dir(compiled) if n.startswith("co_") and n not in ("co_lines", "co_positions", "co_code", "co_consts", "co_linetable", "co_exceptiontable", "co_stacksize", "co_lnotab")]


def same(a, b, where="module"):
    for name in fields:
        assert getattr(a, name) == getattr(b, name), (where, name)
    assert a.co_code == b.co_code and a.co_linetable == b.co_linetable and a.co_exceptiontable == b.co_exceptiontable and list(a.co_positions()) == list(b.co_positions())
    assert len(a.co_consts) == len(b.co_consts)
    for x, y in zip(a.co_consts, b.co_consts):
        if isinstance(x, types.CodeType):
            same(x, y, x.co_qualname)
        else:
            assert type(x) is type(y) and x == y, (where, x, y)


def fresh():
    return marshal.loads(marshal.dumps(compiled))


def function(code, name):
    return next(types.FunctionType(c, {"__builtins__": __builtins__}) for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)


same(compiled, fresh())
assert compiled == fresh() and hash(compiled) == hash(fresh())
# one thing first
for look in (lambda f: f.__doc__, lambda f: f.__code__.co_consts, lambda f: f.__code__.co_names, lambda f: f.__code__.co_varnames, lambda f: f.__code__.co_cellvars,
             lambda f: sorted({line for _, _, line in f.__code__.co_lines() if line}), lambda f: f.__code__.replace(co_name="other").co_name, lambda f: hash(f.__code__) is None,
             lambda f: f.__code__ == f.__code__, lambda f: inspect.signature(f), lambda f: f(1, 2, k=3)[0](4), lambda f: f.__code__.co_firstlineno,
             lambda f: f.__code__.co_code == f.__code__.co_code, lambda f: f.__code__.__sizeof__() > 100, lambda f: f.__code__._varname_from_oparg(0),
             lambda f: (f.__code__.co_argcount, f.__code__.co_posonlyargcount, f.__code__.co_kwonlyargcount, f.__code__.co_flags, f.__code__.co_nlocals)):
    print(look(function(fresh(), "outer")) if "code object" not in repr(look(function(fresh(), "outer"))) else "with code")
f = function(fresh(), "outer")
inner, k = f(10, k="K")
print(inner(5), inner.__doc__, inner.__qualname__, k.__doc__, k().m())
print(list(function(fresh(), "generator")(3)))
c = function(fresh(), "coroutine")()
try:
    c.send(None)
except StopIteration as e:
    print(e.value)
try:
    function(fresh(), "fails")()
except ValueError as e:
    tb = e.__traceback__.tb_next
    print(ascii(e), tb.tb_lineno, tb.tb_frame.f_code.co_filename, tb.tb_lasti == tb.tb_frame.f_lasti)
# wrong calls say the parameters' names
for call in (lambda g: g(), lambda g: g(1, a=2, c=3, zz=4), lambda g: g(1, 2, b=3)):
    try:
        print(call(function(fresh(), "outer"))[0].__name__)
    except TypeError as e:
        print(e)
try:
    function(fresh(), "generator")()
except TypeError as e:
    print(e)
# documentation belongs to the function
g, h = function(fresh(), "outer"), function(fresh(), "fails")
h.__code__ = function(fresh(), "generator").__code__
print(h.__doc__, list(h(2)))
g.__doc__ = "New."
print(g.__doc__)
del g.__doc__
print(g.__doc__)
# code objects are not seen by the collector, nor is their loading
objects = len(gc.get_objects())
function(fresh(), "outer").__code__.co_consts
gc.collect()
print(len(gc.get_objects()) - objects)
# replaced parts
code = function(fresh(), "outer").__code__
other = code.replace(co_filename="elsewhere.py", co_consts=code.co_consts + ((code, "x"),))
again = marshal.loads(marshal.dumps(other))
print(again.co_filename, again.co_consts[-1][0] == code, {k.co_filename for k in again.co_consts if isinstance(k, types.CodeType)})
# broken data never gets far
data = marshal.dumps(compiled)
for cut in (1, 2, 9, 10, 30, len(data) // 2, len(data) - 1):
    try:
        marshal.loads(data[:cut])
        print("loaded")
    except (EOFError, ValueError, TypeError):
        pass
print(marshal.loads(bytearray(data)) == compiled, marshal.loads(memoryview(b"x" * 3 + data)[3:]) == compiled)
# a module of the library
print(json.decoder.JSONDecoder.decode.__doc__.strip().splitlines()[0], json.decoder.py_scanstring.__code__.co_varnames[:4])
print(textwrap.dedent(inspect.getsource(json.decoder.JSONDecoder.decode)).splitlines()[0])
