# The collector runs by itself, in all three generations, and keeps the thresholds that were set.
import gc
import weakref

print(gc.get_threshold(), gc.isenabled())


class Node:
    pass


def cycle():
    a, b = Node(), Node()
    a.other, b.other = b, a
    return weakref.ref(a)


refs = [cycle() for _ in range(3000)]
print(sum(r() is not None for r in refs) < 1500)
stats = gc.get_stats()
print(stats[0]["collections"] > 2, stats[0]["collected"] > 1000)

old = [Node() for _ in range(200_000)]      # survivors make middle and full collections happen
for n in old:
    n.me = n
stats = gc.get_stats()
print(stats[1]["collections"] > 5, stats[2]["collections"] > 0)
r = weakref.ref(old[0])
del old[:], n
for _ in range(300_000):
    Node().me = [Node()]
print(gc.get_count()[0] <= 701)

gc.set_threshold(5, 6, 7)
gc.collect()
print(gc.get_threshold(), r())
gc.set_threshold(0)
before = gc.get_stats()[0]["collections"]
for _ in range(3000):
    cycle()
print(gc.get_stats()[0]["collections"] == before, gc.get_threshold()[0], gc.get_count()[0] > 3000)
gc.set_threshold(700)

# Chains that are deep and lists that are long are walked without running out of anything.
chain = None
for _ in range(300_000):
    chain = [chain]
wide = [[] for _ in range(300_000)]
print(gc.collect() > 0)
chain.append(chain)
wide.append(wide)
r = weakref.ref(type("C", (), {}))
del chain, wide
print(gc.collect() >= 600_000, r())
