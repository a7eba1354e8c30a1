"""Design patterns, behavioural (11 of 23): chain, command, interpreter, iterator, mediator, memento, observer, state, strategy, template, visitor."""
import functools
import weakref

print("13 chain of responsibility: the first who can, answers")


def small(n):
    return f"small {n}" if n < 10 else None


def even(n):
    return f"even {n}" if n % 2 == 0 else None


def ask(chain, n):
    return next((a for a in (handler(n) for handler in chain) if a), f"nobody wants {n}")


print("  ", [ask([small, even], n) for n in (3, 12, 13)])

print("14 command: an action as an object, which can be undone")


class Insert:
    def __init__(self, text):
        self.text = text

    def do(self, document):
        document.append(self.text)

    def undo(self, document):
        document.pop()


document, done = [], []
for c in map(Insert, "abc"):
    c.do(document)
    done.append(c)
done.pop().undo(document)
print("  ", document)

print("15 interpreter: a small language, a class or function for each rule")


def evaluate(tree, names):
    match tree:
        case int():
            return tree
        case str():
            return names[tree]
        case ("+", a, b):
            return evaluate(a, names) + evaluate(b, names)
        case ("*", a, b):
            return evaluate(a, names) * evaluate(b, names)


print("  ", evaluate(("+", ("*", 2, "x"), 1), {"x": 20}))

print("16 iterator: in the language itself")


class Countdown:
    def __init__(self, start):
        self.start = start

    def __iter__(self):
        yield from range(self.start, 0, -1)


print("  ", list(Countdown(3)), list(zip(Countdown(2), "ab")))

print("17 mediator: members know the room, not each other")


class Room:
    def __init__(self):
        self.members = {}

    def join(self, name):
        self.members[name] = []
        return functools.partial(self.say, name)

    def say(self, sender, text):
        for name, inbox in self.members.items():
            if name != sender:
                inbox.append(f"{sender}: {text}")


room = Room()
ann, bob = room.join("ann"), room.join("bob")
ann("hi")
bob("hello")
print("  ", room.members)

print("18 memento: a state kept, and brought back, by its owner only")


class Editor:
    def __init__(self):
        self.text = ""

    def save(self):
        text = self.text
        return lambda: setattr(self, "text", text)


editor = Editor()
editor.text = "first"
restore = editor.save()
editor.text = "second"
restore()
print("  ", editor.text)

print("19 observer: who wants to know is told, and isn't kept alive by it")


class Subject:
    def __init__(self):
        self.observers = []

    def watch(self, method):
        self.observers.append(weakref.WeakMethod(method))

    def notify(self, event):
        for method in filter(None, [o() for o in self.observers]):
            method(event)


class Display:
    def show(self, event):
        print("   shown:", event)


subject, display = Subject(), Display()
subject.watch(display.show)
subject.watch(Display().show)       # gone at once
subject.notify("changed")

print("20 state: what an object does depends on its state, which is an object (here a method)")


class Door:
    def __init__(self):
        self.push = self.when_closed

    def when_closed(self):
        self.push = self.when_open
        return "opens"

    def when_open(self):
        self.push = self.when_closed
        return "closes"


door = Door()
print("  ", door.push(), door.push(), door.push())

print("21 strategy: an algorithm given as a function")
print("  ", sorted(["bb", "a", "CCC"], key=len), sorted(["bb", "a", "CCC"], key=str.lower, reverse=True))

print("22 template method: the order is fixed, the steps are not")


class Report:
    def make(self):
        return self.head() + " | " + self.body()

    def head(self):
        return "report"


class Sales(Report):
    def body(self):
        return "sold 3"


print("  ", Sales().make())

print("23 visitor: an operation by type, outside the classes")


@functools.singledispatch
def show(node):
    return str(node)


@show.register
def _(node: list):
    return "[" + " ".join(map(show, node)) + "]"


@show.register
def _(node: bool):
    return "yes" if node else "no"


print("  ", show([1, [True, "x"], False]))
