# Where tracebacks point: the places of instructions that raise, in expressions over several lines too.
import traceback
class B:
    def __bool__(self): raise ValueError
b=B()
def t(f):
    try: f()
    except Exception: traceback.print_exc()
def f1():
    if b:
        pass
def f2():
    if b: pass
def f3():
    x = 1 if b else 2
def f4():
    if (1 < 2 and
        b):
        pass
def f5():
    assert (
        b)
def f6():
    assert (
        1 ==
        2), "x"
def f7():
    return [x for x in [1]
        if b]
def f8():
    while 1 and b: pass
def f9():
    return b and 1
def f10():
    return not b
def f11():
    assert 1 == 2 and 1, "x"
def f12():
    assert (1 == 1 and
            0), (
            "x")
def f13():
    return (x
        for x in [1]
        if x == 1
          if b).__next__()
def f14():
    return [[].x
        for x in [1]
        if x == 1]
def f15():
    return {x:
          [] for x in [1]
        if x == 1 } | {
         []:
           1 for y in [1]
        if y ==
           1 }
class G:
    def __lt__(s,o): return b
def f16():
    return G() < 1 < 2
def f17():
    if G() < 1 < 2: pass
def f18():
    if (G() <
          1
          < 2): pass
for i in range(1,19): t(globals()['f%d'%i])
async def ag():
    yield 1
async def a1():
    return [x
        async for x in ag()
        if x ==
          1
          if b]
async def a2():
    return [x
        async for x in ag()
        async for y in b
        if x]
class Bad:
    def __aiter__(s): return s
    async def __anext__(s): raise KeyError
async def a3():
    return {x:
         y async for x in ag()
        async for
          y in Bad()
        if x}
def f20():
    f(1,
      2,
      *b)
def f21():
    f(1,
      **{1:
       2}, x=
       3)
def f22():
    return {'a':
       b.x,
       'b': 2}
def f23():
    return {[]:
       b,
       'b': 2}
def f24():
    return {**
       b,
       [] :
        2}
def f25(x=1,
    y=3):
    return lambda: (
     b +
      1)
def f26():
    del (b
     .x
     .y)
def f27():
    b.x[
     1] += 2
def f28():
    b.x.y \
     .z += 2
def f29(a=1):
    return (a
     .b
     ).c
def f30():
    with (
      b):
        pass
def f31():
    return f"""{1}{b:>{
b.x}}"""
def f32():
    raise (
      b)
def f33():
    x, y = (
       b)
def f34():
    for x, y in [
       1]: pass
def f35():
    try: 1/0
    except (
       b): pass
def f36():
    x = yield_ = [*
      b]
def f37():
    return (1 <
       b)
def f38():
    return (b
       [1]
       [2])
def f39():
    return b(
      )(
      2)
def f40():
    import a.b \
      as c
def f41():
    assert (
      not True), 'x'
def f42():
    assert b.x, 'x'
def f43():
    match b:
        case [1, 2]:
            pass
        case {'a': b.x.y}:
            pass
        case str(x=1): pass
        case b.x: pass
def f44():
    match 1:
        case x if x == 1 and b:
            pass
def f45():
    global zz
    print(zz +
      zz)
def f46():
    class X(b,
       metaclass=b): pass
def f47():
    @b
    def f(): pass
def f48():
    @b.x
    class f: pass
for i in range(20,49): t(globals()['f%d'%i])
t(f25())
import asyncio
for q in a1,a2,a3:
    t(lambda: asyncio.run(q()))
