"""Small workloads, one for each thing the interpreter does: calls, attributes, arithmetic, subscripts, iteration, exceptions, generators, closures, strings,
dicts and sets, sorting, imports, classes, the collector. bench/run runs them; each takes a few milliseconds.
"""
import asyncio
import collections
import collections.abc
import functools
import gc
import itertools
import operator
import os
import sys
import tempfile
import weakref

import pyperf

N = 20000
WORK = []


def work(function):
    """Adds a workload under its name."""
    WORK.append(function)
    return function


# ---- calls


@work
def call_recursive():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    fib(18)


@work
def call_positional():
    def f(a, b):
        return a
    for _ in range(N):
        f(1, 2)
        f(3, 4)


@work
def call_keywords():
    def f(a, b=2, *, c=3):
        return a
    for _ in range(N):
        f(1, c=4)
        f(a=1, b=2)


@work
def call_defaults():
    def f(a, b=2, c=None):
        return a
    for _ in range(N):
        f(1)
        f(1, 2)


@work
def call_star():
    def f(*args, **kwargs):
        return args
    def g(*args, **kwargs):
        return f(*args, **kwargs)
    for _ in range(N // 2):
        g(1, 2, c=3)
        g(1)


class Point:
    kind = "point"

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def first(self):
        return self.x

    def move(self, d):
        self.x += d
        return self

    @property
    def width(self):
        return self.x

    @classmethod
    def made(cls):
        return cls

    @staticmethod
    def plain(x):
        return x

    def __add__(self, other):
        return self

    def __eq__(self, other):
        return self.x == other.x

    def __lt__(self, other):
        return self.x < other.x

    def __hash__(self):
        return self.x

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return i

    def __contains__(self, i):
        return True

    def __bool__(self):
        return True

    def __call__(self, x):
        return x

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


class Derived(Point):
    def first(self):
        return super().first()


class Slots:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


class Dynamic:
    def __getattr__(self, name):
        return name


@work
def call_method():
    p = Point(1, 2)
    for _ in range(N):
        p.move(1).move(-1)


@work
def call_bound_method():
    move = Point(1, 2).move
    for _ in range(N):
        move(1)
        move(-1)


@work
def call_class():
    for i in range(N):
        Point(i, i)


@work
def call_class_methods():
    p = Point(1, 2)
    for _ in range(N):
        p.made()
        p.plain(1)


@work
def call_super():
    d = Derived(1, 2)
    for _ in range(N):
        d.first()


@work
def call_object():
    p = Point(1, 2)
    for _ in range(N):
        p(1)


@work
def call_builtin():
    items = [1, 2, 3]
    for i in range(N):
        len(items)
        abs(i)
        max(i, 3)
        isinstance(i, int)


@work
def call_builtin_method():
    items = []
    add, text = items.append, "abc"
    for i in range(N):
        add(i)
        text.startswith("b")
        items.pop()


@work
def call_builtin_class():
    for i in range(N):
        int("7")
        str(i)
        tuple(())
        float(i)


@work
def call_partial():
    f = functools.partial(operator.add, 1)
    for i in range(N):
        f(i)


@work
def call_cached():
    @functools.lru_cache(maxsize=None)
    def f(a):
        return a
    for i in range(N):
        f(i & 255)


@work
def call_map():
    list(map(lambda x: x + 1, range(N)))
    list(filter(lambda x: x & 1, range(N)))


# ---- attributes


@work
def attribute_instance():
    p = Point(1, 2)
    for _ in range(N):
        p.x = p.y
        p.y = p.x


@work
def attribute_slot():
    p = Slots(1, 2)
    for _ in range(N):
        p.x = p.y
        p.y = p.x


@work
def attribute_class():
    p = Point(1, 2)
    for _ in range(N):
        p.kind
        Point.kind


@work
def attribute_property():
    p = Point(1, 2)
    for _ in range(N):
        p.width
        p.width


@work
def attribute_module():
    for _ in range(N):
        os.path.sep
        sys.maxsize


@work
def attribute_many_classes():
    objects = [type(f"C{i}", (), {"__init__": lambda self, i=i: setattr(self, f"a{i}", 0) or setattr(self, "x", i)})() for i in range(8)]
    for _ in range(N // 8):
        for o in objects:
            o.x


@work
def attribute_getattr():
    d, p = Dynamic(), Point(1, 2)
    for _ in range(N // 2):
        d.anything
        getattr(p, "x")
        getattr(p, "z", None)
        hasattr(p, "z")


@work
def global_names():
    for _ in range(N):
        N, Point, len, range


# ---- arithmetic and comparison


@work
def integer_arithmetic():
    s = i = 0
    while i < 40000:
        s += i * 3 - (i >> 2) & 0xFFFF
        i += 1


@work
def integer_division():
    s = 1
    for i in range(1, N):
        s += 1000003 // i + 1000003 % i


@work
def big_integers():
    a = 3 ** 2000
    b = 7 ** 900
    for _ in range(60):
        a * b
        a // b
        a + b
        a % b
        pow(a, 3, b)


@work
def integer_conversion():
    for i in range(N // 2):
        int(str(i * 1234567))
    str(3 ** 3000)
    int("7" * 1500)


@work
def float_arithmetic():
    x = 0.5
    for _ in range(N):
        x = x * 3.6 * (1.0 - x)


@work
def float_conversion():
    for i in range(N // 4):
        float(str(i / 7))
        round(i / 7, 2)
        int(i / 7)


@work
def complex_arithmetic():
    z = c = 0.1 + 0.2j
    for _ in range(N):
        z = z * z + c


@work
def comparisons():
    n = 0
    for i in range(N):
        if 10 < i < 15000 and i != 77 or i is None:
            n += 1
        if not i == 3:
            n += 1


@work
def operators_in_python():
    p, q = Point(1, 2), Point(2, 3)
    for _ in range(N // 2):
        p + q
        p == q
        p < q
        len(p)
        if p:
            pass


# ---- subscripts


@work
def subscript_list():
    a = list(range(100))
    for i in range(N):
        a[5] = a[7]
        a[-1]


@work
def subscript_tuple_and_string():
    t, s = (1, 2, 3), "abc"
    for i in range(N):
        t[1]
        s[2]


@work
def subscript_dict():
    d = dict.fromkeys("abcdefgh", 1)
    for _ in range(N):
        d["a"] = d["b"]
        d["c"] += 1


@work
def subscript_in_python():
    p = Point(1, 2)
    for i in range(N):
        p[i]


@work
def slices():
    a, s, b = list(range(100)), "abc" * 30, b"abc" * 30
    for i in range(N // 2):
        a[2:9]
        s[3:20]
        b[1:]
        a[:3] = a[3:6]


@work
def unpacking():
    t = (1, 2, 3)
    for _ in range(N):
        a, b, c = t
        a, b = b, a
        a, *c = t


# ---- iteration


@work
def iterate_range():
    for _ in range(N * 4):
        pass


@work
def iterate_containers():
    a, t, s, d = list(range(N)), tuple(range(N)), "x" * N, dict.fromkeys(range(N))
    for _ in a:
        pass
    for _ in t:
        pass
    for _ in s:
        pass
    for _ in d:
        pass


@work
def iterate_items():
    d = dict.fromkeys(range(N), 1)
    for k, v in d.items():
        pass
    for i, k in enumerate(d):
        pass
    for a, b in zip(d, d.values()):
        pass


@work
def iterate_in_python():
    class Count:
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            return self

        def __next__(self):
            self.n -= 1
            if self.n < 0:
                raise StopIteration
            return self.n
    for _ in Count(N):
        pass


@work
def comprehensions_all():
    for _ in range(20):
        [x * 2 for x in range(500) if x & 1]
        {x: x for x in range(500)}
        {x for x in range(500)}


@work
def comprehensions_short():
    t = (1, 2, 3)
    for _ in range(N // 4):
        [x for x in t]


@work
def iterate_itertools():
    for _ in itertools.islice(itertools.chain(range(N), range(N)), 2 * N):
        pass
    for _ in itertools.product(range(30), range(30)):
        pass
    sum(itertools.accumulate(range(N)))
    for _ in itertools.groupby(range(N), lambda x: x >> 4):
        pass


@work
def builtin_reductions():
    a = list(range(N))
    sum(a)
    max(a)
    min(a)
    any(x < 0 for x in a)
    all(a)
    sum(x for x in a)


# ---- exceptions


@work
def exception_not_raised():
    for i in range(N):
        try:
            i
        except ValueError:
            pass
        finally:
            i


@work
def exception_raised():
    for i in range(N // 4):
        try:
            raise ValueError(i)
        except (KeyError, ValueError) as e:
            e


@work
def exception_from_builtin():
    d = {}
    for i in range(N // 4):
        try:
            d[i]
        except KeyError:
            pass
        try:
            int("x")
        except ValueError:
            pass


@work
def exception_through_frames():
    def deep(n):
        if n:
            return deep(n - 1)
        raise KeyError(n)
    for _ in range(N // 40):
        try:
            deep(20)
        except KeyError:
            pass


@work
def with_statement():
    p = Point(1, 2)
    for _ in range(N // 2):
        with p:
            pass


# ---- generators and coroutines


@work
def generator_simple():
    def count(n):
        for i in range(n):
            yield i
    for _ in count(N):
        pass


@work
def generator_nested():
    def tree(n):
        if n:
            yield from tree(n - 1)
            yield n
            yield from tree(n - 1)
    for _ in tree(11):
        pass


@work
def generator_expressions():
    for _ in range(N // 8):
        sum(x for x in (1, 2, 3, 4))


@work
def generator_send():
    def accumulate():
        total = 0
        while True:
            total += yield total
    g = accumulate()
    next(g)
    for i in range(N):
        g.send(i)


@work
def coroutine_await():
    async def leaf(i):
        return i

    async def main():
        for i in range(N):
            await leaf(i)
    try:
        main().send(None)
    except StopIteration:
        pass


@work
def coroutine_tasks():
    async def leaf(i):
        await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*[leaf(i) for i in range(300)])
    asyncio.run(main())


# ---- closures


@work
def closure_make():
    def outer(n):
        def inner(x):
            return x + n
        return inner
    for i in range(N):
        outer(i)


@work
def closure_call():
    def outer(n):
        total = 0

        def inner(x):
            nonlocal total
            total += x + n
            return total
        return inner
    f = outer(1)
    for i in range(N):
        f(i)


# ---- strings and bytes


@work
def string_append():
    s = ""
    for i in range(N):
        s += "ab"
    t = ""
    for i in range(N // 10):
        t = t + "é"


@work
def string_join():
    parts = [str(i) for i in range(N // 2)]
    ",".join(parts)
    "".join(parts)
    for i in range(N // 4):
        "-".join(("a", "b", "c"))


@work
def string_fstring():
    for i in range(N // 2):
        f"{i}:{i % 7:02d} {'x'!r} {i}"


@work
def string_format():
    for i in range(N // 4):
        "{}:{:>5} {name}".format(i, "a", name="n")
        "%d %s %5.2f" % (i, "a", 1.5)


@work
def string_methods():
    s = "The quick brown fox, jumps over the lazy dog. " * 4
    for _ in range(N // 20):
        s.split()
        s.split(",")
        s.lower()
        s.upper()
        s.strip(" .")
        s.replace("the", "a")
        s.find("lazy")
        s.startswith(("x", "The"))
        s.count("o")
        s.partition(",")
        s.title()
        s.isalpha()
        s.splitlines()
        s.encode()
        s.translate({97: "b"})


@work
def string_compare():
    a, b, words = "hello world", "hello worle", ["abc%d" % i for i in range(50)]
    for i in range(N // 2):
        a == b
        a < b
        a in words
        "wor" in a


@work
def bytes_methods():
    b = bytes(range(256)) * 4
    buffer = bytearray()
    for i in range(N // 10):
        b.find(b"\x80\x81")
        b.hex()
        b.replace(b"a", b"bb")
        b.decode("latin-1")
        b"abc" + b
        buffer += b"0123"
        b[7]


# ---- dicts, sets, lists


@work
def dict_build():
    d = {}
    for i in range(N):
        d[i] = i
    for i in range(N // 4):
        {"a": 1, "b": i, "c": 3}
    dict(d)
    dict(zip(d, d))


@work
def dict_methods():
    d = {}
    for i in range(N):
        d[i % 97] = d.get(i % 97, 0) + 1
        d.setdefault(i & 31, 1)
    for i in range(N // 20):
        d.copy()
        list(d.items())
        {**d, "x": 1}
        d | {1: 2}
        d.pop(i, None)


@work
def dict_of_objects():
    keys = [Point(i, 0) for i in range(200)]
    d = {k: 1 for k in keys}
    for _ in range(10):
        for k in keys:
            d[k]
    t = {(i, i + 1): i for i in range(N // 4)}
    for i in range(N // 4):
        t[i, i + 1]


@work
def dict_default_and_counter():
    d = collections.defaultdict(list)
    for i in range(N):
        d[i & 255].append(i)
    collections.Counter("abracadabra" * (N // 40)).most_common(3)
    o = collections.OrderedDict()
    for i in range(N // 4):
        o[i] = i
        o.move_to_end(i)


@work
def set_operations():
    a, b = set(range(500)), set(range(250, 750))
    for _ in range(N // 200):
        a & b
        a | b
        a - b
        a ^ b
        a <= b
    s = set()
    for i in range(N):
        s.add(i & 1023)
        i in s


@work
def list_methods():
    a = []
    for i in range(N):
        a.append(i)
    for i in range(N // 1000):
        a.insert(N // 2, i)
        a.index(500)
        a.reverse()
        a.count(3)
        a.copy()
        a + a[:100]
        5000 in a
    while a:
        a.pop()
    for i in range(N // 4):
        [i, i, i]
        [i] * 5


@work
def deque_and_heap():
    q = collections.deque()
    for i in range(N):
        q.append(i)
        if i & 1:
            q.popleft()
    import heapq
    h = []
    for i in range(N // 4):
        heapq.heappush(h, i * 7919 % 10007)
    while h:
        heapq.heappop(h)


@work
def sorting():
    a = [i * 7919 % 10007 for i in range(N // 4)]
    sorted(a)
    sorted(a, key=lambda x: -x)
    sorted([str(x) for x in a])
    sorted([(x & 7, x) for x in a])
    sorted([Point(x, 0) for x in a[:300]])
    a.sort(reverse=True)


@work
def btree():
    """Insertion into and look-up in a B-tree, whose nodes are lists."""
    class Node:
        __slots__ = ("keys", "children")

        def __init__(self, keys, children):
            self.keys = keys
            self.children = children

    degree = 16
    root = Node([], [])

    def split(parent, i):
        child = parent.children[i]
        middle = len(child.keys) // 2
        parent.keys.insert(i, child.keys[middle])
        parent.children.insert(i + 1, Node(child.keys[middle + 1:], child.children[middle + 1:]))
        del child.keys[middle:]
        del child.children[middle + 1:]

    def place(keys, key):
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            if keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        return low

    for n in range(2500):
        key = n * 7919 % 10007
        if len(root.keys) >= 2 * degree:
            root = Node([], [root])
            split(root, 0)
        node = root
        while node.children:
            i = place(node.keys, key)
            if len(node.children[i].keys) >= 2 * degree:
                split(node, i)
                if key > node.keys[i]:
                    i += 1
            node = node.children[i]
        node.keys.insert(place(node.keys, key), key)
    for n in range(2500):
        key = n * 7919 % 10007
        node = root
        while node:
            i = place(node.keys, key)
            if i < len(node.keys) and node.keys[i] == key:
                break
            node = node.children[i]


# ---- imports, classes, matching


@work
def import_statement():
    for _ in range(N // 4):
        import os.path
        from collections import abc


@work
def import_module():
    with tempfile.TemporaryDirectory() as folder:
        names = [f"micro_module_{i}" for i in range(10)]
        for name in names:
            with open(os.path.join(folder, name + ".py"), "w", encoding="utf-8") as out:
                out.write("import os\nX = 1\n\n\ndef f(a):\n    return a\n\n\nclass C:\n    def g(self):\n        return 1\n")
        sys.path.insert(0, folder)
        try:
            for name in names:
                __import__(name)
                del sys.modules[name]
        finally:
            sys.path.remove(folder)


@work
def compile_source():
    compile("def f(a, b=1):\n    for x in a:\n        if x > b:\n            yield [y for y in x], {a: b}\n" * 20, "x", "exec")


@work
def class_create():
    for i in range(N // 100):
        class C(Point):
            a = i

            def f(self):
                return self.a
        C(1, 2).f()


@work
def class_checks():
    class Other:
        pass
    d, o = Derived(1, 2), Other()
    for _ in range(N // 2):
        isinstance(d, Point)
        isinstance(o, (int, Point))
        issubclass(Derived, Point)
        isinstance(d, collections.abc.Sized)
        type(d) is Derived


# A string, for the sake of interpreters that do not know the statement.
MATCH = """
class Subject:
    def __init__(self, x):
        self.x = x

def run(n):
    subjects = [1, "a", (1, 2), {"k": 1}, Subject(1), None]
    for _ in range(n):
        for s in subjects:
            match s:
                case 1:
                    pass
                case str():
                    pass
                case (a, b):
                    pass
                case {"k": v}:
                    pass
                case Subject(x=1):
                    pass
                case _:
                    pass
"""
try:
    exec(MATCH, match_names := {})
except SyntaxError:
    match_names = {"run": None}


@work
def match_statement():
    match_names["run"](N // 12)


# ---- memory


@work
def collect_cycles():
    for i in range(N // 2):
        a, b = [], []
        a.append(b)
        b.append(a)
    gc.collect()


@work
def collect_live():
    keep = [[i] for i in range(N)]
    gc.collect()
    del keep


@work
def allocate_containers():
    for i in range(N // 2):
        [i]
        (i, i)
        {i}
        {i: i}
        Point(i, i)


@work
def weak_references():
    p = Point(1, 2)
    cache = weakref.WeakValueDictionary()
    for i in range(N // 4):
        weakref.ref(p)()
        cache[i & 15] = p
        cache.get(i & 15)


# ---- the native half of the library


@work
def library_regex():
    import re
    text = "def f(self, x): return self.x + x  # comment, 12.5\n" * 40
    re.findall(r"self\.(\w+)", text)
    re.sub(r"\s+", " ", text)
    re.split(r"[,;:]", text)
    re.findall(r"\d+\.\d+|[a-z]+", text)
    re.findall(r"(?i)RETURN|comment", text)
    word = re.compile(r"(\w+)\s*")
    for _ in range(200):
        word.match(text).group(1)


@work
def library_json():
    import json
    data = [{"id": i, "name": f"n{i}", "tags": ["a", "b\u00e9"], "f": i / 3, "none": None} for i in range(200)]
    json.loads(json.dumps(data))
    json.loads(json.dumps(data, indent=2))


@work
def library_pickle():
    import pickle
    data = [{"id": i, "name": f"n{i}", "point": Point(i, i), "t": (i, i / 2)} for i in range(100)]
    pickle.loads(pickle.dumps(data))
    pickle.loads(pickle.dumps(list(range(2000)), 2))


@work
def library_struct():
    import struct
    for i in range(N // 10):
        struct.unpack("<IHBd", struct.pack("<IHBd", i, i & 0xFFFF, i & 0xFF, 0.5))
        int.from_bytes(i.to_bytes(4, "big"), "big")


@work
def library_binary():
    import base64
    import binascii
    import hashlib
    import zlib
    data = bytes(range(256)) * 8
    for _ in range(10):
        base64.b64decode(base64.b64encode(data))
        base64.b85decode(base64.b85encode(data))
        binascii.unhexlify(binascii.hexlify(data))
        binascii.crc32(data)
        hashlib.sha256(data).hexdigest()
        zlib.decompress(zlib.compress(data))


@work
def library_datetime():
    import datetime
    start, step = datetime.datetime(2020, 1, 1), datetime.timedelta(hours=7)
    for i in range(N // 40):
        day = start + step * i
        day.isoformat()
        day.strftime("%Y-%m-%d")
        (day - start).total_seconds()
        day < start


@work
def library_decimal():
    import decimal
    d = decimal.Decimal("1.1")
    for i in range(N // 20):
        d = (d * decimal.Decimal(i + 1) + 1) / decimal.Decimal(i + 2)
        round(d, 2)


@work
def library_streams():
    import io
    text = io.StringIO()
    for i in range(N // 10):
        text.write("line\n")
    text.seek(0)
    for _ in text:
        pass
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        for i in range(N // 10):
            file.write(f"{i}\n")
        file.seek(0)
        for _ in file:
            pass


@work
def library_csv():
    import csv
    import io
    out = io.StringIO()
    csv.writer(out).writerows([i, "a b", 'q"q', 1.5] for i in range(300))
    list(csv.reader(out.getvalue().splitlines()))


@work
def library_xml():
    import xml.etree.ElementTree as ET
    root = ET.Element("root")
    for i in range(150):
        ET.SubElement(root, "item", id=str(i)).text = f"text {i} & more"
    for item in ET.fromstring(ET.tostring(root)).iter("item"):
        item.get("id")


@work
def library_logging():
    import io
    import logging
    logger = logging.getLogger("micro")
    logger.propagate = False
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    for i in range(100):
        logger.warning("value %s of %d", "x", i)
        logger.debug("silent")
    logger.removeHandler(handler)


@work
def library_copy():
    import copy
    data = [{"a": [1, 2, (3, 4)], "b": Point(1, [2])} for _ in range(20)]
    copy.deepcopy(data)
    copy.copy(data[0])


@work
def library_random():
    import random
    source = random.Random(1)
    items = list(range(100))
    for _ in range(N // 100):
        source.random()
        source.randrange(100)
        source.choice(items)
    source.shuffle(items)


if __name__ == "__main__":
    runner = pyperf.Runner()
    for function in WORK:
        runner.bench_func(function.__name__, function)
