#!/usr/bin/python3.11
"""The prompt in a terminal: the same keys typed to krait and to python3.11 must give the same screen, history file and exit status.

usage: tests/prompt.py [--krait PROGRAM] [-v] [SESSION ...]

A session is the arguments of the program and what is typed, step by step; the next step is typed when the text that ends the one before has
appeared, so nothing depends on how fast either program is. Standard: a line, and the next prompt after it.
"""
import argparse
import concurrent.futures
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORACLE = "/usr/bin/python3.11"
PS1, PS2, END = ">>> ", "... ", None
UP, DOWN, LEFT, HOME, LINE_END, KILL, SEARCH, ENTER = "\x1b[A", "\x1b[B", "\x1b[D", "\x01", "\x05", "\x0b", "\x12", "\r"
CTRL_C, CTRL_D, CTRL_Z, TAB = "\x03", "\x04", "\x1a", "\t"


def line(text, until=PS1):
    return (text + ENTER, until)


def block(*lines):
    return [line(one, PS2) for one in lines] + [line("")]


LEAVE = [(CTRL_D, END)]
FILES = {"raise.py": "def f(x):\n    return 1 / x\n\nf(0)\n", "start.py": "print('start-up file'); started = 1\n", "hello.py": "print('hello'); x = 5\n"}
CURSES = """
import curses, curses.panel, curses.textpad
def main(screen):
    curses.mousemask(curses.ALL_MOUSE_EVENTS)
    curses.init_pair(1, curses.COLOR_RED, -1) if not curses.use_default_colors() else None
    window = curses.newwin(5, 30, 2, 4)
    panel = curses.panel.new_panel(window)
    window.keypad(True)
    window.box()
    while True:
        curses.panel.update_panels()
        curses.doupdate()
        key = window.get_wch(1, 1)
        if key == "q":
            break
        window.addstr(2, 1, repr(key).ljust(20), curses.color_pair(1) | curses.A_BOLD)
        if key == curses.KEY_MOUSE:
            window.addstr(3, 1, repr(curses.getmouse()))
        if key == "m":
            panel.move(4, 8)
    box = curses.textpad.Textbox(curses.newwin(1, 10, 10, 0))
    return box.edit()
print(repr(curses.wrapper(main)))
raise SystemExit(3)
"""
# name: (arguments, environment, steps)
SESSIONS = {
    "values": ([], {}, [line("1 + 1"), line("_ * 2"), line("_"), line("None"), line("_"), line("'ä' + \"x\""), line("x = y = 3; x"),
                        line("# nothing"), line("  "),
                        line("print('a'); 'b'"), line("__name__, __builtins__.__name__"),
                        line("import sys; sys.ps1, sys.ps2, hasattr(sys, 'last_value')")] + LEAVE),
    "blocks": ([], {}, block("def f(x):", "    if x:", "        return x + 1", "    return 0") + [line("f(4)")] + block("for i in range(2): print(i)")
               + block("class A:", "    '''A class", "", "    of mine'''", "    y = 1") + [line("A.y, A.__doc__"), line("z = [1,", PS2),
                        line("", PS2), line("2]"), line("z"),
               line("s = '''a", PS2), line("b'''"), line("s"), line("1 + \\", PS2), line("2")] + block("@staticmethod", "def g(): pass")
               + block("try:", "  1/0", "except ArithmeticError as e:", "  print(e)") + block("if 1: 5") + LEAVE),
    "errors": ([], {}, [line("1/0"), line("x = "), line("nothing"), line("  1")]
                        + block("def f():", "  g()") + block("def g():", "  raise ValueError('x') from KeyError(1)")
               + [line("f()"), line("import sys; sys.last_type, sys.last_traceback.tb_lineno"), line("(1"  " 2)"), line("f('"),
                        line("raise ExceptionGroup('g', [ValueError(1)])"),
                  line("if 1:", PS2), line("1"), line("raise SystemExit(3)", END)]),
    "interrupts": ([], {}, [("abc" + CTRL_C, PS1), line("def f():", PS2), ("  x" + CTRL_C, PS1), line("2"), line("import time"),
                            line("print('now') or time.sleep(30)", "now\r\n"),
                            (CTRL_C, PS1), line("if print('go', flush=True) or 1:", PS2),
                        line("  while 1: pass", PS2), line("", "go\r\n"), (CTRL_C, PS1), line("input('? ')", "? "), (CTRL_C, PS1),
                            line("input('? ')", "? "), (CTRL_D, PS1), line("input('? ')", "? "), line("text"),
                            line("import signal; _ = signal.signal(2, lambda *a: print('handled'))"),
                            line("print('now') or time.sleep(3) or 7", "now\r\n"), (CTRL_C, "handled"), ("", PS1)] + LEAVE),
    "endings": ([], {}, [line("x = (", PS2), (CTRL_D, PS1), line("def f():", PS2), (CTRL_D, PS1), line("if 1:", PS2), line("  5", PS2),
                        (CTRL_D, PS1), line("quit"), line("exit"),
                         line("quit(7)", END)]),
    "exit": ([], {}, [line("exit()", END)]),
    "exit text": ([], {}, [line("import sys; sys.exit('text')", END)]),
    "history": ([], {}, [line("1 + 1"), line("2 + 2"), (UP + ENTER, PS1), (UP + UP + UP, "1 + 1"), (ENTER, PS1), ("abc", "abc"),
                        (HOME + "x" + LINE_END + "y", "Cy"),
                         (HOME + KILL + "3" + ENTER, PS1), (SEARCH + "2 +", "2 +"), (ENTER, PS1), line("def f():", PS2), line("  return 1", PS2),
                         line(""), (UP + UP, "def f():"), (ENTER, PS2), (UP + UP + ENTER, PS2),
                         line(""), line("import readline; readline.get_current_history_length(), readline.get_history_item(2)")] + LEAVE),
    "completion": ([], {}, [("impo" + TAB, "import "), ("sys" + ENTER, PS1), ("sys.getrefc" + TAB, "getrefcount("), ("1)" + CTRL_C, PS1),
                            ("sys.getre" + TAB + TAB, "getrefcount("),
                            (CTRL_C, PS1), line("verylongname = 6"), ("verylo" + TAB + ENTER, PS1), line("if 1:", PS2), (TAB + "8" + ENTER, PS2),
                            line(""), ("'a'.uppe" + TAB + ")" + ENTER, PS1),
                            ("qqqq" + TAB + ENTER, PS1)] + LEAVE),
    "after an error": (["-i", "raise.py"], {}, [("", PS1), line("f(2)"), line("x"), line("import sys; sys.last_value")] + LEAVE),
    "after a program": (["-i", "hello.py"], {}, [("", PS1), line("x"), line("__file__"), line("raise SystemExit", END)]),
    "after a command": (["-i", "-c", "import sys; y = 4; sys.exit(5)"], {}, [("", PS1), line("y"), line("1/0")] + LEAVE),
    "start-up file": (["-q"], {"PYTHONSTARTUP": "start.py"}, [("", PS1), line("started")] + LEAVE),
    "isolated": (["-I"], {}, [("", PS1), line("import sys; 'readline' in sys.modules, 'rlcompleter' in sys.modules"),
                            line("def f(): return 3", PS2), line(""), line("f()"), ("ab" + CTRL_C, PS1)] + LEAVE),
    "no site": (["-S"], {}, [("", PS1), line("import sys; 'readline' in sys.modules"), line("quit")] + LEAVE),
    "prompts": ([], {}, [("import sys; sys.ps1, sys.ps2 = 'one> ', 'two> '" + ENTER, "one> "), line("if 1:", "two> "), line("  5", "two> "),
                         line("", "one> "),
                         line("sys.ps1 = '\\001\\033[1m\\002\\344> \\001\\033[m\\002'", "> "), line("1", "\x1b[m"), line("del sys.ps1", "")] + LEAVE),
    "debugger": ([], {}, [line("import pdb"), *block("def f(a):", "  b = a * 2", "  return b"), line("pdb.runcall(f, 3)", "(Pdb) "),
                        line("p a", "(Pdb) "), line("n", "(Pdb) "),
                          ("b" + ENTER, "(Pdb) "), line("p b", "(Pdb) "), line("c")] + LEAVE),
    "suspend": ([], {}, [line("import os, signal; _ = signal.signal(signal.SIGTSTP, lambda *a: print('stopped'))"), ("" + CTRL_Z, "stopped"),
                        (ENTER, PS1)] + LEAVE),
    "code module": (["-m", "code"], {}, [("", PS1), line("1 + 1"), *block("def f():", "  return 1/0"), line("f()"), ("abc" + CTRL_C, PS1),
                            line("x =")] + LEAVE),
    "asyncio": (["-m", "asyncio"], {}, [("", "import asyncio\r\n>>> "), line("await asyncio.sleep(0, 7)"), *block("async def f():", "  return 8"),
                            line("await f()")] + LEAVE),
    "curses": (["-c", CURSES], {}, [("", "\x1b(B"), ("x", "'x'"), (UP.replace("[", "O"), "259"), ("ä", "ä"), ("\x1b[<0;5;6M", "409"), ("m", "'m'"), ("q", "\x1b["),
                                    ("text" + HOME + "more ", "more"), ("\x07", END)]),
    "memory": ([], {}, [line("import _testcapi"), line("1/0"), line("_testcapi.set_nomemory(0)", END)]),
}


def spawn(program, arguments, folder, more):
    env = {"PATH": "/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8", "TERM": "xterm", "INPUTRC": "/dev/null", "XDG_CACHE_HOME": "/tmp", **more}
    env["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))

    def own_terminal():
        signal.signal(signal.SIGINT, signal.SIG_DFL)    # where a shell's background jobs begin it is ignored
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen([program, *arguments], cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
    os.close(slave)
    return process, master


def read_until(master, text, limit=30):
    """What is read until the text has been seen (None: until the end), and whether it has."""
    deadline = time.monotonic() + limit
    seen = ""
    while text is None or text not in seen:
        if not select.select([master], [], [], max(0, deadline - time.monotonic()))[0]:
            return seen + f"<nothing more; waited for {text!r}>", False
        try:
            piece = os.read(master, 65536)
        except OSError:
            piece = b""
        if not piece:
            return seen, text is None
        seen += piece.decode("utf-8", "backslashreplace")
    return seen, True


def wait_until_idle(process, limit=1):
    """Until the program waits for something: what interrupts it finds it there."""
    deadline = time.monotonic() + limit
    idle = 0
    while idle < 3 and time.monotonic() < deadline:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8", errors="replace") as f:
            idle = idle + 1 if f.read().rpartition(")")[2].split()[0] == "S" else 0
        time.sleep(.002)


def run(program, arguments, more, steps):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        process, master = spawn(program, arguments, folder, more)
        try:
            screen, good = ("", True) if steps[0][0] == "" else read_until(master, PS1)
            screens = [screen]
            for keys, until in steps:
                if not good:
                    break
                wait_until_idle(process)
                os.write(master, keys.encode())
                screen, good = read_until(master, until)
                screens.append(screen)
            if good:
                status = process.wait(60)
            else:
                status = "stuck"
        except subprocess.TimeoutExpired:
            status = "does not end"
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
            os.close(master)
        history = os.path.join(folder, ".python_history")
        history = open(history, encoding="utf-8").read() if os.path.exists(history) else None
    text = "".join(screens).replace(folder, "FOLDER").replace(program, "PYTHON")
    text = re.sub(r"(object refcount +: )\d+", r"\1N", text)
    text = re.sub(r"(Python|asyncio REPL) 3\.11\.\d+ .* on linux", r"\1 VERSION", re.sub(r"0x[0-9a-f]+", "0x...", text))
    return [status, text, history]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("-v", action="store_true", help="show the screens")
    parser.add_argument("sessions", nargs="*")
    options = parser.parse_args()
    names = options.sessions or list(SESSIONS)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pairs = [[pool.submit(run, program, *SESSIONS[name]) for program in (os.path.abspath(options.krait), ORACLE)] for name in names]
        for name, pair in zip(names, pairs):
            ours, theirs = (one.result() for one in pair)
            if options.v:
                print(name, ours[1].replace("\r\n", "\n"))
            if ours == theirs and ours[0] != "stuck":
                continue
            failed += 1
            print(f"{name}: different")
            for what, a, b in zip(("status", "screen", "history"), ours, theirs):
                if a != b or a == "stuck" or what == "screen" and ours[0] == "stuck":
                    print(f"  {what} of krait:\n{str(a)[-3000:]!r}\n  {what} of python3.11:\n{str(b)[-3000:]!r}".replace("\\r\\n", "\n"))
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
