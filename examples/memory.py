"""Reference counts, cycles, the collector's generations, and a leak found."""
import gc
import sys
import weakref


class Node:
    def __init__(self, name):
        self.name, self.other = name, None

    def __del__(self):
        print("gone:", self.name)


a = Node("a")
print("references:", sys.getrefcount(a) - 1)
b = a
print("references:", sys.getrefcount(a) - 1)
del b
seen = weakref.ref(a)
del a
print("dead at once:", seen() is None)
gc.collect()
gc.disable()
x, y = Node("x"), Node("y")
x.other, y.other = y, x
del x, y
print("a cycle lives on; collected:", gc.collect() >= 2)
print("thresholds:", gc.get_threshold(), "generations:", len(gc.get_count()))
leak = []
leak.append(leak)
print("who refers to the list:", any(r is leak for r in gc.get_referrers(leak)))
