"""Attributes of instances: more than the class was known to have, in any order, through dicts, over class changes and collections."""
import copy, gc, pickle

class P:
    pass

first = P()
for name in "abc":
    setattr(first, name, name * 2)
second = P()                        # made when the class had three names
second.c, second.a = 1, 2
print(vars(second), vars(first))
third = P()
third.b = 0
for i in range(40):                 # outgrows the instance's room, then the class's table
    setattr(third, f"n{i}", i)
print(len(vars(third)), list(vars(third))[:4], third.n39)

fourth = P()
fourth.c, fourth.b, fourth.a = "c", "b", "a"
del fourth.b
fourth.b = "again"
print(list(vars(fourth).items()))
d = vars(fourth)
d["extra"] = 1
fourth.a = "new"
print(d, fourth.extra)
fourth.__dict__ = {"other": 5}
print(vars(fourth), d)

class Q:
    def __init__(self, x): self.x = x
    def __del__(self): print("del", type(self.x).__name__)

q = Q(1)
r = Q([2])
r.__class__ = P
print(r.x, vars(r))
r.__class__ = Q
del q, r
loop = Q("loop")
loop.me = loop
other = Q("other")
other.x = (other, loop)
del loop, other
print(gc.collect() > 0)

c = copy.copy(second)
c.a = 7
print(vars(c), vars(second), vars(pickle.loads(pickle.dumps(second))))
keep = vars(P())
keep["z"] = 1
print(keep)

class Slots:
    __slots__ = ("s", "__dict__", "__weakref__")
s = [Slots() for _ in range(3)]
for i, o in enumerate(s):
    o.s, o.t = i, -i
print([(o.s, o.t, vars(o)) for o in s])

class IntWith(int): pass
class ErrorWith(Exception): pass
for o in (IntWith(5), ErrorWith(1)):
    o.note = "n"
    print(repr(o), vars(o), type(o)(3), vars(type(o)(3)))
