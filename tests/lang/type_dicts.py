# Dicts of built-in types, reached for the first time in every way there is.
import gc


class Bytes(bytearray):
    def append(self, x):
        super().append(x)       # by super()
        return self


print(Bytes(b"a").append(98))
print(type(vars(memoryview)["tobytes"]).__name__)               # by __dict__
print("is_integer" in dir(float), "imag" in dir(complex))       # by dir()
print({"a", "b"}.__hash__, bytearray.__hash__, [].__hash__, {}.__hash__, slice.__hash__)
print("__hash__" in vars(set), "__hash__" in vars(dict), "__hash__" in vars(frozenset), "__eq__" in vars(bool), "__new__" in vars(zip))
print([t for t in (range, map, filter, reversed, enumerate, property) if "__new__" not in vars(t)])


class Both(str, dict if False else object):
    pass


class Key(tuple):
    __slots__ = ()

    def __eq__(self, other):
        return tuple.__eq__(self, other)


print(Key.__hash__, Both("x").upper(), hasattr(Key, "__lt__"), Key((1,)) < (2,))
print(sorted(n for n in vars(OSError) if n[0] != "_"), vars(KeyError)["__str__"](KeyError("a")))
for t in (StopIteration, UnicodeDecodeError, SystemExit, ImportError):
    print(t.__name__, sorted(n for n in vars(t) if n[0] != "_"), bool(t.__doc__), t.__flags__ & 0x3, vars(t)["__init__"].__objclass__ is t)
print(type(iter([])).__length_hint__(iter([1, 2])), type({}.items()).isdisjoint({}.items(), []), type(x for x in ()).__name__)
print(object.__init_subclass__(), int.from_bytes(b"\1\0", "big"), dict.fromkeys("ab"), str.maketrans("a", "b"), bytes.fromhex("00ff"))
print([type(vars(dict)["fromkeys"]).__name__, type(vars(str)["maketrans"]).__name__, type(vars(int)["real"]).__name__, type(vars(slice)["start"]).__name__])
methods = [o for o in gc.get_objects() if type(o).__name__ == "method_descriptor"]
print(len(methods) > 300, any(m.__objclass__ is frozenset for m in methods))
print(isinstance(3, int.__class__), classmethod.__get__.__objclass__.__name__, type(type.__dict__["__dict__"]).__name__, "mro" in vars(type))
try:
    int.foo = 1
except TypeError as e:
    print(e)
try:
    print(memoryview.nothing)
except AttributeError as e:
    print(e)
