"""Generators as coroutines, and the states they go through."""
import inspect


def averager():
    total = count = 0
    average = None
    while True:
        value = yield average
        if value is None:
            return total
        total += value
        count += 1
        average = total / count


g = averager()
print(inspect.getgeneratorstate(g))
next(g)
print(inspect.getgeneratorstate(g), g.send(10), g.send(20))
try:
    g.send(None)
except StopIteration as stop:
    print(inspect.getgeneratorstate(g), stop.value)


def grouper(results, key):
    while True:
        results[key] = yield from averager()


results = {}
group = grouper(results, "a")
next(group)
for v in (1, 2, 3, None):
    group.send(v)
print(results)
