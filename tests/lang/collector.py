"""The collector runs by itself: its thresholds from the start, garbage that does not pile up, in threads too."""
import gc
import threading
import weakref

print(gc.isenabled(), gc.get_threshold())


class Node:
    def __init__(self):
        self.me = self


def garbage(make, n=5000):
    """How many of n cyclic objects are alive at once, at most, within the first generation's reach."""
    before = gc.get_stats()[0]["collections"]
    alive = set()
    most = 0
    for _ in range(n):
        o = make()
        alive.add(weakref.ref(o, alive.discard))
        most = max(most, len(alive))
    return most < 2000, gc.get_stats()[0]["collections"] > before


def function():
    def f():
        return f
    return f


def klass():
    class Local:
        pass
    return Local


for make in (Node, function, klass):
    print(make.__name__, garbage(make, 8000))
results = []
thread = threading.Thread(target=lambda: results.append(garbage(Node)))
thread.start()
thread.join()
print(results)
gc.set_threshold(50, 3, 2)
print(gc.get_threshold(), garbage(Node, 1000))
gc.disable()
print(garbage(Node, 2500))
