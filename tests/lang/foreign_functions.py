"""C data types and foreign functions: layouts, conversions, errors and their messages, callbacks, what is kept alive."""
import ctypes, _ctypes, array, copy, gc, pickle, struct, sys, weakref
from ctypes import *
from _ctypes import _Pointer, _SimpleCData

libc = CDLL(None)
libm = CDLL("libm.so.6")


def show(title, call):
    try:
        result = call()
    except Exception as e:
        print(title, "->", type(e).__name__, e)
    else:
        print(title, "=", result)


def run(text, **names):
    for line in text.strip().splitlines():
        show(line, lambda: eval(line, {**globals(), **names}))


class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_short)]


class Named(Point):
    _fields_ = [("name", c_char * 6), ("wide", c_wchar * 3), ("text", c_char_p)]


class Number(Union):
    _fields_ = [("i", c_int), ("f", c_float), ("b", c_ubyte * 4)]


class Outer(Structure):
    _anonymous_ = ["number"]
    _fields_ = [("kind", c_byte), ("number", Number), ("points", Point * 2), ("next", POINTER(Point))]


class Packed(Structure):
    _pack_ = 2
    _fields_ = [("a", c_byte), ("b", c_longlong)]


class Big(BigEndianStructure):
    _fields_ = [("a", c_int), ("b", c_double), ("c", c_uint16, 5), ("d", c_uint16, 11)]


class Bits(Structure):
    _fields_ = [("a", c_int, 3), ("b", c_uint, 7), ("c", c_short, 4), ("d", c_longlong, 40), ("e", c_bool, 1)]


class MyInt(c_int):
    pass


print("# layouts")
for cls in Point, Named, Number, Outer, Packed, Big, Bits, Point * 3, POINTER(Point), c_longdouble, c_wchar, Point * 2 * 3:
    fields = [(f[0], getattr(cls, f[0])) for f in getattr(cls, "_fields_", [])]
    print(cls.__name__, sizeof(cls), alignment(cls), _ctypes.buffer_info(cls), fields)
kinds = [c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulonglong]
state = 1
for n in range(60):     # bit fields of all kinds, from a small random generator of its own
    fields = []
    for i in range(4):
        state = state * 1103515245 + 12345 & 0x7fffffff
        kind = kinds[state >> 8 & 7]
        fields.append((f"f{i}", kind, 1 + (state >> 12) % (8 * sizeof(kind))) if state >> 20 & 3 else (f"f{i}", kind))
    made = type(Structure)("Made", (Structure, ), {"_fields_": fields, **({"_pack_": 1 << n % 4} if n % 3 == 0 else {})})
    places = [(getattr(made, f[0]).offset, getattr(made, f[0]).size) for f in fields]
    print(sizeof(made), alignment(made), places, end=" ")
    if all(len(f) == 2 or (p[1] & 0xffff) + f[2] <= 8 * sizeof(f[1]) for f, p in zip(fields, places)):
        o = made.from_buffer_copy(bytes(i * 37 + n & 255 for i in range(sizeof(made))))
        o.f1 = -3
        print([getattr(o, f[0]) for f in fields], bytes(o).hex())
    else:
        print()

print("# values")
for kind in kinds + [c_float, c_double, c_longdouble, c_char, c_wchar, c_bool, c_char_p, c_wchar_p, c_void_p, py_object, MyInt, c_int.__ctype_be__]:
    for value in None, True, -1, 300, 2**40, 2**70, 1.5, "a", "ab", b"a", b"ab", bytearray(b"x"), [], c_int(3):
        if kind in (c_char_p, c_wchar_p) and isinstance(value, int):
            continue        # an address
        show(f"{kind.__name__}({value!r})", lambda: kind(value).value)
        show("   as parameter", lambda: type(kind.from_param(value)).__name__)
print(Number(f=1.5).i, list(Number(f=1.5).b), Outer(1, i=0x01020304).b[:], Outer(number=(7, )).i, Outer().next)
big = Big(1, 2.5, 3, 4)
print(bytes(big).hex(), big.a, big.b, big.c, big.d)

print("# arrays and pointers")
Ints = c_int * 4
ints, chars, wides, points = Ints(1, 2, 3, 4), create_string_buffer(b"hello"), create_unicode_buffer("h\u00e9llo"), (Point * 2)((1, 2), (3, ))
run("""
ints[0], ints[-1], ints[1:3], ints[::-1], ints[3:0:-2], len(ints), list(ints)
ints[4]
ints["a"]
ints[::0]
Ints(1, 2, 3, 4, 5)
Ints("a")
chars[:], chars[1:3], chars[::2], chars.value, chars.raw
wides[:], wides[::-1], wides.value
setattr(chars, "value", b"much too long")
setattr(chars, "value", "text")
setattr(chars, "raw", 5)
points[1].x, points[0].y
points.__setitem__(0, (7, 8)) or points[0].y
points.__setitem__(0, (1, 2, 3))
points.__setitem__(0, 5)
ints.__setitem__(slice(0, 2), [9, 8]) or ints[:]
ints.__setitem__(slice(0, 2), [9])
ints.__delitem__(0)
c_int * -1
c_int * 2**62
Point * 2 is Point * 2
(c_int * 3 * 2)._length_, (c_int * 3 * 2).__name__
pointer(ints)[0][:]
cast(ints, POINTER(c_int))[0:4]
cast(ints, POINTER(c_int))[3:0:-1]
cast(ints, POINTER(c_int))[:2]
cast(ints, POINTER(c_int))[0:]
cast(ints, POINTER(c_int))["a"]
cast(chars, POINTER(c_char))[0:5]
POINTER(c_int)()[0]
POINTER(c_int)().contents
bool(POINTER(c_int)()), bool(pointer(c_int()))
POINTER(c_int)(5)
POINTER("later").__name__
POINTER("later")()
cast(ints, c_int)
pointer(5)
byref(5)
sizeof(5), 5
addressof(5)
resize(c_int(), 2)
resize(points[0], 100)
memoryview(points).format, memoryview(points).shape, memoryview(c_int(5)).shape
""")
p = pointer(c_int(5))
p[0] = 6
p.contents = c_int(9)
print(p[0], p._objects, [type(k) for k in cast(ints, c_void_p)._objects], points._objects)
x = Named(1, 2, b"abc", "xy", b"text")
print(x.name, x.wide, x.text, b"text" in x._objects.values(), x._b_base_, x._b_needsfree_)
for name, value in [("name", b"1234567"), ("name", "a"), ("wide", "long"), ("wide", b"a"), ("x", "a"), ("text", 1.5), ("text", "a"), ("name", b"a\0b"), ("wide", "z")]:
    show(f"{name}={value!r}", lambda: setattr(x, name, value) or getattr(x, name))
y = x.__class__.from_buffer_copy(x)
resize(y, 200)
y.x = 77
print(sizeof(y), y.x, y.name, len(bytes(y)))

print("# classes")
run("""
type(Structure)("T", (Structure,), {"_fields_": 5})
type(Structure)("T", (Structure,), {"_fields_": [("a",)]})
type(Structure)("T", (Structure,), {"_fields_": [("a", int)]})
type(Structure)("T", (Structure,), {"_fields_": [(b"a", c_int)]})
type(Structure)("T", (Structure,), {"_fields_": [("a", c_double, 3)]})
type(Structure)("T", (Structure,), {"_fields_": [("a", c_int, 33)]})
type(Structure)("T", (Structure,), {"_fields_": [("a", c_int)], "_pack_": -1})
type(Structure)("T", (Structure,), {"_fields_": [("a", c_int)], "_anonymous_": ["b"]})
type(Structure)("T", (Structure,), {"_fields_": [("a", c_int)], "_anonymous_": 5})
setattr(Packed, "_fields_", [])
Structure()
_SimpleCData()
_Pointer()
type(_SimpleCData)("T", (_SimpleCData,), {"_type_": "y"})
type(_SimpleCData)("T", (_SimpleCData,), {})
type(Array)("T", (Array,), {"_type_": c_int, "_length_": -1})
type(Array)("T", (Array,), {"_type_": int, "_length_": 1})
Point(1, 2, 3)
Point(1, x=2)
Point("a")
Point(z=5).__dict__
Point.x.__get__(None, Point) is Point.x
Point.x.__get__(5)
Point.x.__set__(Point(), "a")
MyInt(3), c_int(3)
MyInt(3).value, (MyInt * 2)()[0].value
hash(c_int())
copy.copy(Point(1, 2)).y, pickle.loads(pickle.dumps(Ints(4, 5)))[:]
pickle.dumps(pointer(c_int()))
c_int.from_buffer(b"1234")
c_int.from_buffer(bytearray(3))
c_int.from_buffer(bytearray(8), 4).value
c_int.from_buffer_copy(b"\\1\\0\\0\\0\\2\\0\\0\\0", 4).value
c_int.from_address("a")
""")

print("# calls")
absolute = libc.abs
run("""
absolute(-5), absolute(c_int(-6)), absolute(-7, 8)
absolute("text", 1.5)
absolute(2**64)
libc.strlen(b"abc"), libc.strlen(create_string_buffer(b"abcd")), libc.wcslen("h\u00e9")
""")
absolute.argtypes = [c_int]
run("""
absolute(-5), absolute(True), absolute(c_int(-3)), absolute(MyInt(-4)), absolute(-1, 2, 3)
absolute()
absolute("a")
absolute(c_long(1))
absolute(None)
setattr(absolute, "argtypes", 5)
setattr(absolute, "argtypes", [int])
setattr(absolute, "restype", 5)
setattr(absolute, "errcheck", 5)
absolute.argtypes, absolute.restype, absolute.errcheck
""")
for restype in c_char, c_bool, c_short, c_void_p, None, lambda v: ("called", v), MyInt, c_char_p, POINTER(c_int):
    absolute.restype = restype
    show("restype", lambda: repr(absolute(0)).split(" object")[0])
del absolute.restype
absolute.errcheck = lambda result, function, args: (result, function is absolute, args)
print(absolute(-9))
libm.pow.restype, libm.pow.argtypes = c_double, [c_double, c_double]
libm.frexp.restype, libm.frexp.argtypes = c_double, [c_double, POINTER(c_int)]
exponent = c_int()
print(libm.pow(2, 10), libm.pow(1.5, c_double(2)), libm.frexp(8.0, byref(exponent)), exponent.value, libm.frexp(20.0, exponent), exponent.value)
libc.snprintf.argtypes = [c_char_p, c_size_t, c_char_p]
out = create_string_buffer(40)
print(libc.snprintf(out, 40, b"%d %s %.2f %ld", 5, b"x", c_double(2.5), c_long(2**40)), out.value)
prototype = CFUNCTYPE(c_double, c_double, POINTER(c_int))
split = prototype(("frexp", libm), ((1, "value", 4.0), (2, "exponent")))
run("""
split(), split(16.0), split(value=1.0)
split(1, 2)
split(other=1)
prototype(("frexp", libm), ((1,),))
prototype(("frexp", libm), ((2,), (1,)))
prototype(("frexp", 5))
prototype(("frexp", libm), 5)
prototype("text")
prototype(1, 2, 3)
CFUNCTYPE(c_int, spam=1)
CFUNCTYPE(POINTER(c_int))(lambda: 1)
libc.div(c_int(7), c_int(2)) and 0
""")


class Div(Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


class LDiv(Structure):
    _fields_ = [("quot", c_long), ("rem", c_long)]


libc.div.restype, libc.ldiv.restype, libc.ldiv.argtypes = Div, LDiv, [c_long, c_long]
d, l = libc.div(17, 5), libc.ldiv(-2**40, 7)
print(d.quot, d.rem, l.quot, l.rem)
errors = CDLL(None, use_errno=True)
set_errno(0)
print(errors.open(b"/no/such/file", 0), get_errno(), set_errno(5), get_errno())


class Parameter:
    def __init__(self, value):
        self._as_parameter_ = value


print(absolute(Parameter(Parameter(-3)))[0])
repr_of = pythonapi.PyObject_Repr
repr_of.restype, repr_of.argtypes = py_object, [py_object]


class Bad:
    def __repr__(self):
        raise KeyError("bad")


show("PyDLL", lambda: repr_of([1, 2]))
show("PyDLL", lambda: repr_of(Bad()))

print("# callbacks")
sys.unraisablehook = lambda u: print("unraisable:", u.exc_type.__name__, u.exc_value, "|", u.err_msg)
Compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
numbers = (c_int * 6)(5, 3, 9, 1, 7, 2)
libc.qsort(numbers, len(numbers), sizeof(c_int), Compare(lambda a, b: a[0] - b[0]))
print(numbers[:])
for types, function in [((c_int, c_int), lambda v: v * 2), ((c_double, c_float, c_longdouble), lambda a, b: a + b), ((c_char, c_char), lambda c: c.upper()), ((c_bool, c_int), lambda v: v),
                        ((c_int, Point), lambda p: p.x + p.y), ((None, MyInt), lambda v: print(type(v).__name__, v.value)), ((py_object, py_object), lambda o: [o]),
                        ((None, c_int), lambda v: 1 // 0), ((None, ), lambda v: v), ((c_short, c_int, c_int, c_int, c_int, c_int, c_int, c_int, c_int),
                        lambda *a: sum(a))]:
    args = [Point(3, 4) if t is Point else b"x" if t is c_char else 3 for t in types[1:]]
    show(types[0] and types[0].__name__, lambda: CFUNCTYPE(*types)(function)(*args) if function.__name__ == "<lambda>" else None)
Step = CFUNCTYPE(c_int, c_int)
step = Step(lambda n: n if n == 0 else step(n - 1) + 1)
print(step(30), step.argtypes, step.restype)

print("# life")
data = bytearray(8)
view = c_int.from_buffer(data)
view.value = 258
show("append", lambda: data.append(1))
print(bytes(data[:4]))
del view
data.append(1)


class Node(Structure):
    pass


Node._fields_ = [("next", POINTER(Node)), ("value", c_int)]
node = Node(value=1)
node.next = pointer(node)
gone = weakref.ref(node)
print(node.next.contents.next[0].value)
del node
gc.collect()
print(gone())
holder = py_object([])
holder.value.append(holder)
gone = weakref.ref(holder)
del holder
gc.collect()
print(gone())
class Subject:
    pass
subject = Subject()
subject.callback = CFUNCTYPE(None)(lambda s=subject: None)
gone = weakref.ref(subject)
del subject
gc.collect()
print(gone())
events = []
sys.addaudithook(lambda event, args: events.append(event) if event.startswith("ctypes") else None)
c_int.from_address(addressof(c_int())), c_int.from_buffer(bytearray(4)), string_at(b"a"), libc.labs, set_errno(0), get_errno(), CDLL(None), create_string_buffer(3)
print(events)
