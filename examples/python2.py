"""Python 2.7 code on 3: what the compiler says, what changed silently, and how each is written now."""
import builtins

print("no longer compiles:")
for old, new in (
        ("print 'x'", "print('x')"),
        ("exec 'x = 1'", "exec('x = 1')"),
        ("raise ValueError, 'x'", "raise ValueError('x')"),
        ("try: pass\nexcept OSError, e: pass", "try: pass\nexcept OSError as e: pass"),
        ("1 <> 2", "1 != 2"),
        ("`x`", "repr(x)"),
        ("0777", "0o777"),
        ("10L", "10"),
        ("ur'x'", "r'x'"),
        ("def f((a, b)): pass", "def f(ab): a, b = ab"),
        ("[x for x in 1, 2]", "[x for x in (1, 2)]")):
    try:
        compile(old, "<2.7>", "exec")
    except SyntaxError as e:
        print(f"  {old!r}: {e.msg}")
    compile(new, "<3>", "exec")

print("names that are gone:", [n for n in ("xrange", "raw_input", "unicode", "long", "unichr", "basestring", "reduce", "cmp", "file")
                               if not hasattr(builtins, n)])
print("dict methods that are gone:", [n for n in ("has_key", "iteritems", "itervalues") if not hasattr(dict, n)])
print("next() of an iterator:", hasattr(iter(()), "next"), hasattr(iter(()), "__next__"))

print("other results:")
print("  7 / 2 and 7 // 2:", 7 / 2, 7 // 2)
print("  round(2.5):", round(2.5))
print("  map gives an iterator:", type(map(str, [])).__name__, "; keys() a view:", type({}.keys()).__name__)
print("  'x' == b'x':", "x" == b"x", "; type of 'x':", type("x").__name__)
x = "outer"
[x for x in range(3)]
print("  a comprehension's variable stays inside:", x)
try:
    1 < "2"
except TypeError as e:
    print("  1 < '2':", e)


class Old:
    __metaclass__ = type("Meta", (type,), {})       # an ordinary attribute now

    def __nonzero__(self):                          # __bool__ now
        return False


class New(metaclass=Old.__metaclass__):
    def __bool__(self):
        return False


print("  __metaclass__ and __nonzero__ are ignored:", type(Old).__name__, bool(Old()), "; written now:", type(New).__name__, bool(New()))
try:
    raise KeyError("k")
except KeyError as e:
    kept = e
print("  an except's name is deleted after it:", "e" in globals(), "; the traceback is in the exception:", kept.__traceback__ is not None)
