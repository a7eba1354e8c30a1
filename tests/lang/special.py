"""Code that has run often is specialised on what it saw. Here what it relied on changes afterwards: results must follow."""
import sys
import types

HOT = 60


class Point:
    kind = "class attribute"

    def __init__(self, x, y=2):
        self.x = x
        self.y = y

    def norm(self):
        return self.x * self.x + self.y * self.y

    @property
    def double(self):
        return self.x * 2

    @classmethod
    def make(cls, x):
        return cls(x)

    @staticmethod
    def helper(v):
        return v + 1


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


def show(label, *values):
    print(label, *values)


def attributes():
    def read(o):
        return o.x, o.kind, o.norm(), o.double, o.make(1).x, o.helper(3)

    p = Point(3)
    for _ in range(HOT):
        read(p)
    show("warm", read(p))
    p.kind = "own"
    show("shadowed by the instance", read(p))
    Point.kind = "changed"
    show("changed in the class", read(Point(1)))
    q = Point(5)
    q.__dict__["x"] = 7
    show("through __dict__", read(q))
    q.__dict__ = {"x": 8, "y": 1, "kind": "replaced dict"}
    show("another __dict__", read(q))
    del p.kind
    show("deleted", read(p))
    r = Point(4)
    r.norm = lambda: "own method"
    show("own method", read(r))
    Point.norm = lambda self: "new method"
    show("new method", read(p))
    Point.double = 17
    show("property replaced", read(p))
    Point.x = property(lambda self: "data descriptor", lambda self, value: None)
    show("data descriptor over the value", read(p))
    del Point.x
    show("and gone", read(p))
    Point.helper = classmethod(lambda cls, v: (cls.__name__, v))
    show("static became class method", read(p))

    class Other:
        x, kind, double = 1, 2, 3
        norm = make = helper = lambda self, *a: self if a == (1,) else a

    show("another class", read(Other()))
    try:
        read(object())
    except AttributeError as e:
        show("error", e)


def stores():
    def write(o, v):
        o.a = v
        o.b = v + 1
        return o.a, o.b

    class Plain:
        pass

    for i in range(HOT):
        write(Plain(), i)
    show("plain", write(Plain(), 1))
    p = Plain()
    p.__dict__
    show("with a dict", write(p, 2), p.__dict__)
    show("slots", write(Slotted(0), 3))
    for i in range(HOT):
        write(Slotted(0), i)
    Plain.a = property(lambda self: "got", lambda self, v: show("set", v))
    show("property", write(Plain(), 4))
    s = Slotted(1)
    for _ in range(HOT):
        s.a
    del s.a
    try:
        write_only = [o.a for o in [s] * 3]
    except AttributeError as e:
        show("empty slot", e, "write_only" in locals())
    order = Plain()
    del Plain.a
    order.b, order.a = 1, 2
    write(order, 5)
    show("order kept", list(vars(order)))


GLOBAL = 1


def globals_and_builtins():
    def read():
        return GLOBAL, len("four")

    for _ in range(HOT):
        read()
    g = globals()
    g["GLOBAL"] = 2
    show("global changed", read())
    g["len"] = lambda s: "shadow"
    show("builtin shadowed", read())
    del g["len"]
    show("and back", read())
    import builtins
    builtins.len, old = (lambda s: "patched"), builtins.len
    show("builtin patched", read())
    builtins.len = old
    del g["GLOBAL"]
    try:
        read()
    except NameError as e:
        show("gone", e)
    g["GLOBAL"] = 3
    show("again", read())


def calls():
    def target(a, b=10, c=20):
        return a, b, c

    def call(f):
        return f(1), f(1, 2), f(1, 2, 3)

    for _ in range(HOT):
        call(target)
    show("warm", call(target))
    target.__defaults__ = ("x", "y")
    show("defaults", call(target))
    target.__defaults__ = None
    try:
        call(target)
    except TypeError as e:
        show("no defaults", e)
    target.__code__ = (lambda a, b=0, c=0: ("code", a)).__code__
    target.__defaults__ = (0, 0)
    show("code", call(target))
    show("bound", call(types.MethodType(lambda self, *a: (self, a), "self")))
    show("class", [type(o).__name__ for o in call(type("C", (), {"__init__": lambda self, *a: None}))])
    show("builtin", call(lambda *a: max(a + (5,))))

    class Bad:
        def __init__(self, wrong):
            if wrong:
                return 5

    def make(wrong):
        return Bad(wrong)

    for _ in range(HOT):
        make(False)
    try:
        make(True)
    except TypeError as e:
        show("init", e)
    Bad.__new__ = lambda cls, *a: "from new"
    show("new", make(False))
    Bad.__new__ = lambda cls, *a: object.__new__(cls)
    Bad.__init__ = lambda self, w: setattr(self, "v", w)
    show("another init", make(9).v)

    def raiser(n):
        if n == 0:
            raise ValueError("deep")
        return Raising(n)

    class Raising:
        def __init__(self, n):
            self.n = raiser(n - 1)

    for _ in range(HOT):
        try:
            Raising(3)
        except ValueError as e:
            depth = 0
            tb = e.__traceback__
            while tb:
                depth, tb = depth + 1, tb.tb_next
    show("raised in __init__", depth)
    for value in ([1, 2], (1,), "abc", {1: 2}, range(4)):
        for _ in range(HOT // 20):
            length = (lambda o: len(o))(value)
        show("len", length)

    def kinds(o):
        return isinstance(o, int), isinstance(o, (str, int)), type(o)

    for _ in range(HOT):
        kinds(1)
    show("isinstance", kinds(True), kinds("s"), kinds(1.5))


def numbers():
    def mix(a, b):
        return a + b, a - b, a * b, a < b, a == b, a >= b

    def whole(a, b):
        return a // b, a % b, a & b, a | b, a ^ b, a << 3, a >> 1

    for _ in range(HOT):
        mix(3, 4)
        whole(3, 4)
    big = 1 << 62
    for a, b in [(3, 4), (2**30, 2**30), (2**59, 2**59), (big, big), (-5, 3), (1.5, 2), (2, 1.5), (True, 2), (1.5, 2.5), (2**60 - 1, 1)]:
        show("mix", mix(a, b))
    for a, b in [(7, -2), (-7, 2), (2**59, 3), (big, -3), (-1, 2**40), (True, True)]:
        show("whole", whole(a, b))
    for bad in (0, 0.0, "x"):
        try:
            show(whole(1, bad))
        except (TypeError, ZeroDivisionError) as e:
            show("error", e)
    for _ in range(HOT):
        mix(1.0, 2.0)
    show("floats", mix(1.0, float("nan")), mix(1e308, 1e308), mix(3, 4))

    total = 0
    keep = []
    for i in range(1000, 1100):
        total += i
        keep.append(total)
        total = total * 3 - i
    show("boxes are not shared", keep[0], keep[50] % 1000003, keep[99] % 1000003, total % 1000003)
    x = 1000.5
    seen = []
    for i in range(HOT):
        seen.append(x)
        x += 1.25
        x *= 1.0
    show("nor floats", seen[:3], seen[-1])
    last = [i for i in range(300, 400)]
    show("nor loop variables", last[0], last[-1], len(set(map(id, last))))
    s = "start"
    other = s
    for i in range(HOT):
        s += str(i)
    show("strings", s[:20], other)

    def compare(a, b):
        return a == b, a != b

    for _ in range(HOT):
        compare("ab", "ab")
    show("equal", compare("ab", "a" + chr(98)), compare("é", "e"), compare("a", 1), compare(1, 1.0))


def subscripts():
    def get(o, k):
        return o[k]

    def put(o, k, v):
        o[k] = v

    for o, k in ([[1, 2, 3], -1], [(4, 5), 1], ["héllo", 1], [{"a": 1}, "a"]):
        for _ in range(HOT):
            get(o, k)
        show("get", get(o, k), get([10, 20], 0), get({0: "zero"}, 0), get(range(5), 3))
        try:
            get(o, 99)
        except (IndexError, KeyError) as e:
            show("error", type(e).__name__, e)
    target = [0, 0]
    for i in range(HOT):
        put(target, 1, i)
    put(target, True, "bool")
    show("put", target)
    d = {}
    for i in range(HOT):
        put(d, i % 3, i)
    show("put", d)

    class Sub(dict):
        def __missing__(self, key):
            return "missing " + key

    show("subclass", get(Sub(), "k"))


def generators():
    def count(n):
        for i in range(n):
            yield i
        return "end"

    def delegate(n):
        result = yield from count(n)
        yield result
        try:
            yield "waiting"
        except KeyError as e:
            yield f"caught {e}"

    def total(iterable):
        t = []
        for x in iterable:
            t.append(x)
        return t

    for _ in range(HOT):
        total(count(3))
    show("generator", total(count(4)), total(delegate(2)), total([7]), total("ab"))
    g = delegate(1)
    show("sent", next(g), next(g), next(g), g.throw(KeyError("k")))

    def fails(n):
        yield n
        raise StopIteration("inside")

    try:
        total(fails(1))
    except RuntimeError as e:
        show("stop", e, repr(e.__cause__))

    def nested(n):
        if n:
            yield from nested(n - 1)
        yield n

    show("nested", total(nested(50))[-1])

    def reenter():
        yield 1
        yield total(me)

    me = reenter()
    try:
        total(me)
    except ValueError as e:
        show("running", e)

    def closing():
        try:
            for i in count(10):
                yield i
        finally:
            show("closed", sys.exc_info()[0] is GeneratorExit)

    for x in closing():
        if x == 2:
            break


async def leaf(n):
    if n == 3:
        raise LookupError("three")
    return n


async def branch(n):
    return await leaf(n) + 1


async def tree(n):
    out = []
    for i in range(n):
        try:
            out.append(await branch(i))
        except LookupError as e:
            out.append(str(e))
    return out


def coroutines():
    c = tree(HOT)
    try:
        c.send(None)
    except StopIteration as e:
        show("coroutine", e.value[:6], len(e.value))


for part in (attributes, stores, globals_and_builtins, calls, numbers, subscripts, generators, coroutines):
    print("==", part.__name__)
    part()


def traced():
    lines = []

    def trace(frame, event, arg):
        if frame.f_code.co_name in ("hot", "inner"):
            lines.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
        return trace

    def inner(a):
        return a + 1

    def hot(n):
        t = 0
        for i in range(n):
            if i < 1:
                t = inner(i)
        return t

    for _ in range(HOT):
        hot(2)
    sys.settrace(trace)
    hot(2)
    sys.settrace(None)
    print(lines)


traced()

# Long chains of objects of every kind are destroyed without using up the stack.
for link in (slice, property, staticmethod, enumerate, lambda x: (lambda: 0).__get__(x), lambda x: [x], lambda x: {1: x}, ValueError):
    chain = []
    for i in range(60000):
        chain = link(chain)
    del chain
print("chains are gone")

# codecs: what incremental decoders keep, replacements an encoder refuses, how names are looked up
import codecs
for data, encoding in ("a\U0001d11e\ud901", "utf-16-le"), ("a\U0001d11e", "utf-32-be"), ("\ue000\ud901a", "utf-8"):
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    encoded = data.encode(encoding, "surrogatepass")
    print([(ascii(decoder.decode(encoded[i:i + 1], i + 1 == len(encoded))), decoder.getstate()) for i in range(len(encoded))])
codecs.register_error("tests.replace", lambda e: (replacement, e.end))
for encoding, replacement in ("utf-8", "\xe9"), ("utf-8", "e"), ("utf-16-le", b"abc"), ("utf-16-le", b"ab"), ("utf-32", "\u20ac"), ("latin-1", "\xe9"):
    try:
        print("[\udc80]".encode(encoding, "tests.replace"))
    except UnicodeEncodeError as e:
        print(ascii(e))
codecs.register(lambda name: print(name))
for name in "Not A  Codec", "--x--y--", "a.b\xe9c", "":
    try:
        codecs.lookup(name)
    except LookupError as e:
        print(ascii(e))
try:
    codecs.decode(b"1", "hex_codec")
except Exception as e:
    print(type(e), e, repr(e.__cause__))
