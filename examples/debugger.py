"""pdb, driven by a script: breakpoints, stepping, looking, post mortem; and breakpoint()."""
import io
import pdb
import sys


def mean(values):
    total = 0
    for v in values:
        total += v
    return total / len(values)


def script(*commands):
    """A debugger that reads these commands and shows what is typed."""
    class Typed(io.StringIO):
        def readline(self, *args):
            line = super().readline(*args)
            sys.stdout.write(line)
            return line
    return pdb.Pdb(stdin=Typed("\n".join(commands) + "\n"), stdout=sys.stdout, nosigint=True, readrc=False)


print("--- a breakpoint, then look, step, change")
script("break mean", "continue", "args", "next", "next", "step", "p v, total", "where", "!total = 100", "clear 1", "continue").runcall(mean, [1, 2, 3])

print("--- a breakpoint with a condition")
script("break 10, v == 3", "continue", "p total", "list 9, 11", "continue").runcall(mean, [1, 2, 3])

print("--- post mortem")
try:
    mean([])
except ZeroDivisionError as e:
    debugger = script("p len(values)", "whatis values", "quit")
    debugger.reset()
    debugger.interaction(None, e.__traceback__)

print("--- breakpoint() calls sys.breakpointhook, which can be anything")
sys.breakpointhook = lambda *args, **names: print("stopped in", sys._getframe(1).f_code.co_name, args)


def suspicious():
    breakpoint("why")
    return 1


print(suspicious())
