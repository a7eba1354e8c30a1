"""Which audit events the functions of native modules raise, with which arguments; hooks that refuse; hooks that are traced."""
import array
import ast
import asyncio
import fcntl
import gc
import marshal
import os
import pickle
import signal
import socket
import sys
import syslog
import tempfile
import threading
import time
import types
import _thread

import encodings.idna

folder = tempfile.mkdtemp()
seen = None


def show(x):
    if type(x) is int and x > 10000:
        return "number"
    if isinstance(x, (int, str, bytes, type(None), float, types.BuiltinFunctionType)):
        return repr(x).replace(folder, "FOLDER")
    if isinstance(x, tuple):
        return "(" + ", ".join(map(show, x)) + ")"
    return type(x).__name__


def hook(event, args):
    if seen is not None:
        seen.append((event, args))


sys.addaudithook(hook)


def watch(f, *args, **kwargs):
    """Prints the events of a call and how it ends."""
    global seen
    seen = []
    try:
        f(*args, **kwargs)
        end = "returns"
    except BaseException as e:
        end = type(e).__name__
    events, seen = seen, None
    print(getattr(f, "__qualname__", f), end)
    for event, args in events:
        if event not in ("compile", "exec", "import", "sys._getframe") or f in (compile, exec, eval, __import__, sys._getframe):
            print("   ", event, ", ".join(map(show, () if event == "code.__new__" else args)))


name = os.path.join(folder, "name")
other = os.path.join(folder, "other")

# files
watch(open, name, "w")
watch(open, name, "rb+")
watch(open, name, "x")
watch(open, name, "a", opener=lambda p, f: os.open(p, f))
watch(open, os.path.join(folder, "none"))
watch(open, name.encode())
watch(os.open, name, os.O_RDONLY)
watch(os.open, "name", os.O_RDONLY, dir_fd=os.open(folder, 0))
import io
watch(io.open_code, name)
watch(io.FileIO, name)
watch(os.truncate, name, 3)
watch(os.ftruncate, 1000, 3)
watch(os.chmod, name, 0o600)
watch(os.fchmod, 1000, 0o600)
watch(os.chown, name, -1, -1)
watch(os.lchown, name, -1, -1)
watch(os.fchown, 1000, -1, 5)
watch(os.link, name, other)
watch(os.rename, other, other + "2")
watch(os.replace, other + "2", other)
watch(os.unlink, other)
watch(os.remove, other)
watch(os.symlink, name, other)
watch(os.readlink, other)
watch(os.mkdir, other + "3")
watch(os.mkdir, other + "3", 0o700)
watch(os.makedirs, other + "4/a")
watch(os.listdir, folder)
watch(os.listdir)
watch(os.listdir, 1000)
watch(os.scandir, folder)
watch(os.scandir)
watch(os.rmdir, other + "3")
watch(os.chdir, folder)
watch(os.fchdir, 1000)
watch(os.utime, name)
watch(os.utime, name, (1, 2))
watch(os.utime, name, ns=(1, 2))
watch(os.getxattr, name, "user.a")
watch(os.setxattr, name, "user.a", b"b")
watch(os.listxattr, name)
watch(os.listxattr)
watch(os.removexattr, name, "user.a")
watch(os.lockf, 1000, os.F_TEST, 0)
watch(os.mkfifo, other + "5")
watch(os.stat, name)
watch(os.chflags if hasattr(os, "chflags") else len, name)
watch(os.memfd_create, "x")
watch(fcntl.fcntl, 1000, fcntl.F_GETFD)
watch(fcntl.fcntl, 1000, fcntl.F_SETFD, b"1")
watch(fcntl.ioctl, 1000, 5)
watch(fcntl.ioctl, 1000, 5, bytearray(4))
watch(fcntl.flock, 1000, fcntl.LOCK_SH)
watch(fcntl.lockf, 1000, fcntl.LOCK_SH)
watch(fcntl.lockf, 1000, fcntl.LOCK_SH, 1, 2, 1)

# processes and the environment
watch(os.system, "true")
watch(os.putenv, "a", "b")
watch(os.unsetenv, "a")
watch(os.environ.__setitem__, "a", "b")
watch(os.environ.__delitem__, "a")
watch(os.kill, 0, 0)
watch(os.killpg, os.getpgid(0), 0)
watch(os.posix_spawn, "/nowhere", ["a"], {})
watch(os.posix_spawnp, "nowhere-at-all", ["a"], {"b": "c"})
watch(os.execv, "/nowhere", ["a"])
watch(os.execve, "/nowhere", ["a"], {"b": "c"})


def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()


watch(fork)
watch(signal.pthread_kill, threading.get_ident(), 0)
watch(_thread.start_new_thread, lambda *a: None, (1,))
watch(_thread.start_new_thread, lambda **k: None, (), {"x": 1})
time.sleep(.1)
watch(time.sleep, 0)

# the interpreter
watch(id, 1)
watch(compile, "1", "f", "eval")
watch(compile, b"1", "f", "exec")
watch(compile, ast.parse("1"), "f", "exec")
watch(ast.parse, "1")
watch(eval, "1")
watch(eval, compile("1", "f", "eval"))
watch(exec, "1")
watch(exec, compile("1", "f", "exec"))
watch(__import__, "this_is_nowhere")
watch(sys._getframe)
watch(sys._current_frames)
watch(sys._current_exceptions)
watch(sys.settrace, None)
watch(sys.setprofile, None)
watch(sys.set_asyncgen_hooks, None, None)
watch(sys.set_asyncgen_hooks, firstiter=None)
watch(sys.addaudithook, print if False else (lambda e, a: None))
watch(sys.audit, "own.event", 1, "x", [])
watch(sys.unraisablehook, 1)
watch(gc.get_objects)
watch(gc.get_objects, generation=1)
watch(gc.get_referrers, 1, 2)
watch(gc.get_referents, 1)
watch(types.FunctionType, fork.__code__, {})
watch(fork.__code__.replace, co_name="x")


class Owner:
    __slots__ = ("a",)

    def method(self):
        pass


class Plain(Owner):
    pass


def set_attribute(o, name, value):
    setattr(o, name, value)


def get_attribute(o, name):
    getattr(o, name)


def delete_attribute(o, name):
    delattr(o, name)


for attribute in ("__code__", "__defaults__", "__kwdefaults__", "__globals__", "__closure__", "__dict__", "__annotations__", "__name__"):
    print(attribute)
    watch(get_attribute, fork, attribute)
    if attribute in ("__code__", "__defaults__", "__kwdefaults__"):
        watch(set_attribute, fork, attribute, getattr(fork, attribute))
    if attribute in ("__defaults__", "__kwdefaults__"):
        watch(delete_attribute, fork, attribute)
frame = sys._getframe()
for attribute in ("f_code", "f_back", "f_locals", "f_globals", "f_builtins", "f_trace"):
    print(attribute)
    watch(get_attribute, frame, attribute)
generator = (x for x in ())
coroutine = asyncio.sleep(0)


async def agen():
    yield


for o, names in ((generator, "gi_code gi_frame gi_yieldfrom"), (coroutine, "cr_code cr_frame cr_await"), (agen(), "ag_code ag_frame ag_await"),
                 (Owner().method, "__func__ __self__"), (fork.__code__, "co_code co_consts co_name")):
    for attribute in names.split():
        print(attribute)
        watch(get_attribute, o, attribute)
coroutine.close()
try:
    1 / 0
except ZeroDivisionError as e:
    print("traceback")
    watch(get_attribute, e, "__traceback__")
    watch(get_attribute, e.__traceback__, "tb_frame")
for attribute, value in (("__name__", "N"), ("__qualname__", "Q"), ("__module__", "m"), ("__doc__", "d"), ("__abstractmethods__", set()), ("other", 1)):
    print(attribute)
    watch(set_attribute, Plain, attribute, value)
watch(set_attribute, Plain, "__bases__", (Owner,))
watch(delete_attribute, Plain, "other")
watch(delete_attribute, Plain, "__abstractmethods__")
p = Plain()
watch(set_attribute, p, "__class__", Plain)
watch(set_attribute, p, "a", 1)
watch(set_attribute, p, "__dict__", {})

# other modules
watch(array.array, "i")
watch(array.array, "b", b"ab")
watch(array.array, "u", "ab")
watch(marshal.dumps, (1, 2))
watch(marshal.loads, marshal.dumps("x"))
with open(name, "wb") as f:
    watch(marshal.dump, "x", f)
with open(name, "rb") as f:
    watch(marshal.load, f)
watch(pickle.loads, pickle.dumps(Owner))
watch(pickle.dumps, Owner)
watch(syslog.openlog, "x")
watch(syslog.openlog)
watch(syslog.setlogmask, 0)
watch(syslog.closelog)
s = socket.socket()
watch(socket.socket)
watch(socket.socketpair)
watch(s.bind, ("127.0.0.1", 0))
watch(s.connect, ("127.0.0.1", 1))
watch(s.connect_ex, ("127.0.0.1", 1))
u = socket.socket(type=socket.SOCK_DGRAM)
watch(u.sendto, b"x", ("127.0.0.1", 9))
watch(u.sendmsg, [b"x"], [], 0, ("127.0.0.1", 9))
watch(u.sendmsg, [b"x"])
watch(socket.gethostname)
watch(socket.sethostname, "x" * 1000)
watch(socket.getaddrinfo, "127.0.0.1", 80)
watch(socket.getaddrinfo, None, "http")
watch(socket.getnameinfo, ("127.0.0.1", 80), 0)
watch(socket.gethostbyname, "127.0.0.1")
watch(socket.gethostbyname_ex, "127.0.0.1")
watch(socket.gethostbyaddr, "127.0.0.1")
watch(socket.getservbyname, "http")
watch(socket.getservbyname, "http", "tcp")
watch(socket.getservbyport, 80)
watch(socket.getprotobyname, "tcp")
s.close()
u.close()
sys.breakpointhook, sys.stdin = (lambda *a: None), io.StringIO("typed\n")
watch(breakpoint, 1)
watch(input, "")
watch(input)

# a hook that refuses, from here on
refused = {"os.mkdir": RuntimeError("no folders"), "sys.addaudithook": RuntimeError, "os.fork": KeyboardInterrupt}


def refuse(event, args):
    if event in refused:
        raise refused[event]


sys.addaudithook(refuse)
for f, *args in ((os.mkdir, "x"), (sys.addaudithook, print), (os.fork,)):
    try:
        print(f(*args))
    except BaseException as e:
        print(type(e), e)
refused["sys.addaudithook"] = ValueError
try:
    sys.addaudithook(print)
except ValueError as e:
    print("ValueError")
for bad in ((), (1,), (b"x",), ("e", 1)):
    try:
        sys.audit(*bad)
    except TypeError as e:
        print(e)

# what is set stays set
try:
    1 / 0
except ZeroDivisionError:
    os.listdir(folder)
    print(sys.exc_info()[0])

print(any(x is hook for o in gc.get_objects() if type(o) is list for x in o))


class Traced:
    def __call__(self, event, args):
        x = 1


hook2 = Traced()
del refused["sys.addaudithook"]
sys.addaudithook(hook2)
calls = []
sys.settrace(lambda frame, event, arg: calls.append(event) if frame.f_code is Traced.__call__.__code__ else None)
sys.audit("a")
hook2.__cantrace__ = True
sys.audit("b")
hook2.__cantrace__ = 0
sys.audit("c")
sys.settrace(None)
print(calls)
for entry in os.listdir(folder):
    path = os.path.join(folder, entry)
    os.rmdir(path) if os.path.isdir(path) and entry != "other4" else None if entry == "other4" else os.unlink(path)
os.removedirs(other + "4/a")
