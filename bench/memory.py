#!/usr/bin/python3.11
"""Bytes an object of each kind takes: what sys.getsizeof() says, and what the process grows by while many are made.

`bench/memory.py [interpreter ...]` compares interpreters, python3.11 and build-pgo/krait by default. Every kind is measured in a process of its
own. The growth is that of resident memory while the objects are made and kept in a list, whose own pages are counted out.
"""
import subprocess
import sys

# kind: (how many, statements that prepare, the expression that makes number i, what to measure the size of: an expression of o)
KINDS = {
    "instance, 3 attributes": (300_000, "class C:\n def __init__(self, i): self.a = self.b = self.c = None", "C(i)"),
    "instance, no attributes": (300_000, "class C: pass", "C()"),
    "instance, 12 attributes": (100_000, "class C:\n def __init__(self, i): self.a=self.b=self.c=self.d=self.e=self.f=self.g=self.h=self.i=self.j=self.k=self.l=i", "C(None)"),
    "instance, 3 attributes and its __dict__": (200_000, "class C:\n def __init__(self, i): self.a = self.b = self.c = None\ndef make():\n o = C(1); o.__dict__; return o", "make()"),
    "instance, attributes of its own": (100_000, "class C: pass\ndef make(i):\n o = C()\n for k in range(3): setattr(o, f'x{(i*7+k) % 50}', None)\n return o", "make(i)"),
    "instance, attributes of its own, many": (100_000, "class C: pass\ndef make(i):\n o = C()\n for k in range(20): setattr(o, f'x{(i*7+k) % 50}', None)\n return o", "make(i)"),
    "instance, 3 slots": (300_000, "class C:\n __slots__ = 'a', 'b', 'c'\n def __init__(self, i): self.a = self.b = self.c = None", "C(i)"),
    "exception": (100_000, "", "ValueError(None)"),
    "int": (1_000_000, "", "i + 100_000"),
    "int of 64 bits": (1_000_000, "", "i + (1 << 63)"),
    "float": (1_000_000, "", "i + 0.5"),
    "complex": (500_000, "", "i + 0.5j"),
    "str of 10": (500_000, "", "'%010d' % i"),
    "str of 40": (500_000, "", "'%040d' % i"),
    "str of 10, not ASCII": (300_000, "", "'\\u20ac%09d' % i"),
    "bytes of 10": (500_000, "", "b'%010d' % i"),
    "bytearray of 10": (300_000, "", "bytearray(10)"),
    "tuple of 2": (500_000, "", "(i, None)[:1] + (None,)"),
    "tuple of 5": (500_000, "x = None", "(x, x, x, x, x)"),
    "list, empty": (500_000, "", "[]"),
    "list of 3": (500_000, "x = None", "[x, x, x]"),
    "list of 10, appended": (100_000, "def make():\n l = []\n for _ in range(10): l.append(None)\n return l", "make()"),
    "list of 1,000, appended": (3_000, "def make():\n l = []\n for _ in range(1000): l.append(None)\n return l", "make()"),
    "list of 100, comprehension": (20_000, "r = range(100)", "[None for _ in r]"),
    "list of 100, list()": (20_000, "t = (None,) * 100", "list(t)"),
    "dict, empty": (300_000, "", "{}"),
    "dict of 3": (200_000, "x = None", "{'a': x, 'b': x, 'c': x}"),
    "dict of 8, set": (100_000, "x = None\ndef make():\n d = {}\n for i in 'abcdefgh': d[i] = x\n return d", "make()"),
    "dict of 8 ints": (100_000, "x = None\ndef make():\n d = {}\n for i in range(8): d[i] = x\n return d", "make()"),
    "dict of 100": (10_000, "x = None\ns = [str(i) for i in range(100)]\ndef make():\n d = {}\n for i in s: d[i] = x\n return d", "make()"),
    "dict of 100,000": (10, "x = None\ns = list(range(100000))\ndef make():\n d = {}\n for i in s: d[i] = x\n return d", "make()"),
    "dict, copy of 100": (10_000, "d = {str(i): None for i in range(100)}", "d.copy()"),
    "set of 3": (200_000, "x = None", "{'a', 'b', 'c'}"),
    "set of 100": (10_000, "x = list(range(100))", "set(x)"),
    "set of 100,000": (10, "x = list(range(100000))", "set(x)"),
    "deque, empty": (30_000, "from collections import deque", "deque()"),
    "defaultdict of 3": (100_000, "from collections import defaultdict\nd = {'a': 1, 'b': 2, 'c': 3}", "defaultdict(list, d)"),
    "OrderedDict of 3": (50_000, "from collections import OrderedDict\nd = {'a': 1, 'b': 2, 'c': 3}", "OrderedDict(d)"),
    "namedtuple of 3": (200_000, "from collections import namedtuple\nN = namedtuple('N', 'a b c')", "N(1, 2, 3)"),
    "generator, new": (100_000, "def g(a, b):\n yield a\n yield b", "g(1, 2)"),
    "generator, suspended": (100_000, "def g(a, b):\n c = d = e = None\n yield a\n yield b\ndef make():\n o = g(1, 2); next(o); return o", "make()"),
    "generator, suspended in a for": (100_000, "def g(a):\n for x in a:\n  yield x\nt = (1, 2)\ndef make():\n o = g(t); next(o); return o", "make()"),
    "coroutine": (100_000, "async def g(a, b): return a\nimport warnings; warnings.simplefilter('ignore')", "g(1, 2)"),
    "frame, finished": (50_000, "import sys\ndef f(a, b): return sys._getframe()", "f(1, 2)"),
    "function": (200_000, "", "lambda: None"),
    "function with defaults": (200_000, "", "lambda a=1, b=2: None"),
    "closure": (200_000, "def outer(x):\n def inner(): return x\n return inner", "outer(None)"),
    "bound method": (300_000, "class C:\n def m(self): pass\nc = C()", "c.m"),
    "builtin method": (300_000, "l = []", "l.append"),
    "partial": (200_000, "from functools import partial", "partial(print, 1)"),
    "property": (200_000, "f = lambda s: 1", "property(f)"),
    "range": (200_000, "", "range(i, i + 10)"),
    "slice": (200_000, "", "slice(None, None)"),
    "list iterator": (200_000, "l = []", "iter(l)"),
    "weakref with callback": (200_000, "import weakref\nclass C: pass\nc = C()", "weakref.ref(c, print)"),
    "class": (5_000, "", "type('C', (), {})"),
    "class, 5 methods": (5_000, "def make():\n class C:\n  def a(self): pass\n  def b(self): pass\n  def c(self): pass\n  def d(self): pass\n  def __init__(self): self.x = 1\n return C", "make()"),
    "module": (20_000, "import types", "types.ModuleType('m')"),
    "code, small function": (3_000, "s = compile('def f(a, b):\\n return a + b\\n', 'x', 'exec')\nimport marshal\ns = marshal.dumps(s)", "marshal.loads(s)"),
    "code, 60 lines": (2_000, "s = compile('def f(a, b):\\n' + ''.join(f' x{i} = a.y{i} + b({i})\\n' for i in range(60)) + 'f(1, 2)' * 0, 'x', 'exec')\nimport marshal\ns = marshal.dumps(s)",
                       "marshal.loads(s).co_consts[0]"),
    "code, 60 lines, run often": (1_000, "class A: pass\nA.y = 1\na = A()\ndef b(i): return i\nt = 'def f(a, b):\\n' + ''.join(f' x{i} = a.y + b({i})\\n' for i in range(60))\n"
                                  "def make():\n n = {}\n exec(compile(t, 'x', 'exec'), n)\n for i in range(30): n['f'](a, b)\n return n['f'].__code__", "make()"),
    "thread": (500, "import threading\nb = threading.Event()\ndef make():\n t = threading.Thread(target=b.wait); t.start(); return t\nimport atexit; threading._register_atexit(b.set)", "make()"),
    "re pattern": (1_000, "import re", "re.compile('a(b|c)*[%d]+' % i)"),
    "ast of 200 lines": (100, "import ast\ns = 'x = a + b * c\\n' * 200", "ast.parse(s)"),
    "str split of 100": (5_000, "s = 'abcdefgh ' * 100", "s.split()"),
    "json, loaded": (300, "import json\ns = json.dumps([{'name': f'n{i}', 'value': i, 'list': [i, str(i)]} for i in range(100)])", "json.loads(s)"),
}

CHILD = """
import sys, gc
def rss():
    with open('/proc/self/statm', 'rb') as f: return int(f.read().split()[1]) * 4096
{prepare}
def fill(l, n, base):
    for i in range(n): l[i] = {make}
few = [None] * {warm}
fill(few, {warm}, 0)
many = [1] * {count}
gc.collect(); before = rss()
fill(many, {count}, 1)
grown = (rss() - before) / {count}
try: size = sys.getsizeof(many[0])
except TypeError: size = 0
print(size, grown)
sys.stdout.flush()
import os; os._exit(0)
"""


def measure(program, kind):
    count, prepare, make = KINDS[kind]
    code = CHILD.format(prepare=prepare, make=make, count=count, warm=min(count, 300))
    done = subprocess.run([program, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{program}: {kind}: {done.stderr}")
    size, grown = done.stdout.split()
    return int(size), float(grown)


def main():
    programs = sys.argv[1:] or ["/usr/bin/python3.11", "build-pgo/krait"]
    print(f"{'':40} " + " ".join(f"{p.rsplit('/', 1)[-1]:>19}" for p in programs) + "  ratio")
    for kind in KINDS:
        found = [measure(p, kind) for p in programs]
        print(f"{kind:40} " + " ".join(f"{size:8} {grown:10.1f}" for size, grown in found) + (f" {found[1][1] / found[0][1]:6.2f}" if len(found) > 1 else ""), flush=True)


if __name__ == "__main__":
    main()
