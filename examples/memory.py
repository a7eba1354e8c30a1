"""Reference counts, cycles, generations, the collector's debug report, and a leak found."""
import collections
import gc
import sys
import weakref


class Node:
    def __init__(self, name):
        self.name, self.other = name, None

    def __del__(self):
        print("  gone:", self.name)


print("reference counts")
a = Node("a")
b = a
print("  two names:", sys.getrefcount(a) - 1)       # minus the argument's own
del b
print("  one name:", sys.getrefcount(a) - 1)
del a

print("a cycle needs the collector, which since 3.4 may meet __del__ in it")
gc.collect()
gc.disable()
x, y = Node("x"), Node("y")
x.other, y.other = y, x
alive = weakref.ref(x)
del x, y
print("  still there:", alive() is not None)
gc.collect()
print("  after gc.collect():", alive() is not None, "garbage:", gc.garbage)

print("generations, thresholds", gc.get_threshold())
pair = []
pair.append(pair)
for generation in (0, 1):
    print("  in generation", generation, any(o is pair for o in gc.get_objects(generation)))
    gc.collect(generation)
print("  in generation 2", any(o is pair for o in gc.get_objects(2)))
events = []
gc.callbacks.append(lambda phase, info: events.append((phase, info["generation"])))
gc.collect(0)
gc.callbacks.clear()
print(" ", events)

print("debug: DEBUG_LEAK reports on stderr what was found unreachable, and keeps it", flush=True)
gc.collect()
gc.set_debug(gc.DEBUG_LEAK)
pair = None
gc.collect()
gc.set_debug(0)
print("  saved:", [type(o).__name__ for o in gc.garbage])
gc.garbage.clear()

print("a leak found: count objects by type twice, and ask who holds the one that grew")


class Request:
    pass


cache = []


def handle():
    r = Request()
    cache.append(r)         # the leak


def census():
    return collections.Counter(type(o).__name__ for o in gc.get_objects())


before = census()
for _ in range(100):
    handle()
grown = census() - before
print("  grown:", {name: n for name, n in grown.items() if n >= 50})
print("  held by the list 'cache':", any(holder is cache for holder in gc.get_referrers(cache[0])))
