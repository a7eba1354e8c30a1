"""Generators as coroutines: send, return values, yield from, and the states they go through."""
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


def state_by_hand(g):
    if g.gi_running:
        return "GEN_RUNNING"
    if g.gi_frame is None:
        return "GEN_CLOSED"
    return "GEN_SUSPENDED" if g.gi_suspended else "GEN_CREATED"


def show(g):
    print(inspect.getgeneratorstate(g), state_by_hand(g) == inspect.getgeneratorstate(g))


g = averager()
show(g)
try:
    g.send(1)
except TypeError as e:
    print("too early:", e)
next(g)
show(g)
print(g.send(10), g.send(20))
try:
    g.send(None)
except StopIteration as stop:
    print("returned", stop.value)
show(g)


def introspective():
    show(me)
    yield


me = introspective()
next(me)


def grouper(results, key):
    while True:
        results[key] = yield from averager()


results = {}
group = grouper(results, "a")
next(group)
for v in (1, 2, 3, None):
    group.send(v)
print(results)


def careful():
    try:
        while True:
            try:
                yield "ready"
            except ValueError as e:
                print("thrown in:", e)
    finally:
        print("cleaned up")


c = careful()
next(c)
print(c.throw(ValueError("wrong")))
c.close()
show(c)
