"""The modules of curses on a file in place of a terminal: what every function gives, refuses, and writes."""
import os
import sys
import tempfile

os.environ.update(TERM="xterm", LINES="24", COLUMNS="80", ESCDELAY="25")
os.environ.pop("NCURSES_NO_UTF8_ACS", None)
say_fd = os.dup(1)
screen = tempfile.TemporaryFile()
os.dup2(screen.fileno(), 1)
nobody = os.open(os.devnull, os.O_RDONLY)
os.dup2(nobody, 0)


def say(*args):
    os.write(say_fd, (" ".join(map(str, args)) + "\n").encode("utf-8", "backslashreplace"))


import _curses
import curses


def show(x):
    if isinstance(x, curses.window):
        return f"window {x.getbegyx()} {x.getmaxyx()} {x.getparyx()} {x.encoding}"
    return repr(x)


def call(f, *args):
    name = f.__name__ if hasattr(f, "__name__") else f
    try:
        result = show(f(*args))
    except BaseException as e:
        result = f"{type(e).__module__}.{type(e).__name__}: {e}"
    say(f"{name}{tuple(show(a) if isinstance(a, curses.window) else a for a in args)}", "->", result)


def written():
    """What the library has written since the last time."""
    where = written.where
    written.where = os.lseek(1, 0, os.SEEK_CUR)
    data = os.pread(1, written.where - where, where)
    say("written:", data)


written.where = 0

# before anything is set up
for name in ("initscr setupterm newwin newpad doupdate start_color color_pair COLORS has_colors getwin tigetstr tparm putp beep cbreak getsyx "
             "mousemask unctrl keyname napms endwin isendwin resizeterm is_term_resized use_env termname erasechar has_key "
             "get_escdelay get_tabsize use_default_colors init_pair pair_content pair_number color_content update_lines_cols ungetch unget_wch").split():
    if name not in ("initscr", "setupterm"):
        f = getattr(_curses, name, None)
        say(name, type(f).__name__)
        if f is not None:
            arguments = {"newwin": (2, 2), "newpad": (2, 2), "color_pair": (1,), "getwin": (None,), "tigetstr": ("cr",), "tparm": (b"x",),
        "putp": (b"x",), "mousemask": (1,),
                         "unctrl": ("a",), "keyname": (1,), "napms": (0,), "resizeterm": (2, 2), "is_term_resized": (2, 2), "use_env": (True,),
        "has_key": (1,),
                         "init_pair": (1, 1, 1), "pair_content": (1,), "pair_number": (1,), "color_content": (1,), "ungetch": ("a",),
        "unget_wch": ("a",)}.get(name, ())
            call(f, *arguments)
say(sorted(n for n in dir(_curses) if not n.startswith("__") and n not in ("_C_API",)))
for n in sorted(dir(_curses)):
    v = getattr(_curses, n)
    if isinstance(v, (int, bytes, str)) and not n.startswith("__"):
        say(n, repr(v))
say(_curses.ncurses_version, _curses.error, _curses.window, _curses.__version__, type(_curses._C_API).__name__, repr(_curses._C_API).split(" at ")[0])
say(_curses.error.__mro__, _curses.error.__doc__, _curses.window.__module__, _curses.window.__qualname__)
call(_curses.window)
for f in (_curses.setupterm, _curses.tparm):
    call(f, [])
call(_curses.setupterm, "no-such-terminal", 1)
call(_curses.setupterm, None, "x")
call(_curses.setupterm, "xterm")
call(curses.setupterm, fd=1) if False else call(lambda: curses.setupterm(fd=1))
call(_curses.setupterm)
call(_curses.tigetflag, "am")
call(_curses.tigetflag, "cr")
call(_curses.tigetflag, b"am")
call(_curses.tigetnum, "cols")
call(_curses.tigetnum, "am")
call(_curses.tigetnum, "a\0")
call(_curses.tigetstr, "cup")
call(_curses.tigetstr, "am")
call(_curses.tigetstr, "nothing")
call(_curses.tparm, _curses.tigetstr("cup"), 5, 3)
call(_curses.tparm, "x", 5, 3)
call(_curses.tparm, b"%p1%d")
call(_curses.tparm, b"%p1%d %p9%d", *range(1, 10))
call(_curses.tparm, b"%p1%d", *range(1, 11))
call(_curses.tparm)
call(_curses.putp, b"ab")
call(_curses.putp, "ab")
call(_curses.has_colors)
call(_curses.initscr, 1)

stdscr = curses.initscr()
say(show(stdscr), curses.LINES, curses.COLS, hasattr(curses, "COLORS"))
say(sorted(n for n in dir(_curses) if n.startswith("ACS_") or n in ("LINES", "COLS")))
for n in sorted(dir(_curses)):
    if n.startswith("ACS_"):
        say(n, getattr(_curses, n))
say(sorted(n for n in dir(stdscr) if not n.startswith("__")))
say(type(stdscr), show(curses.initscr()), curses.initscr() is stdscr)
written()

# every method and function with too few, too many and wrong arguments
skip = {"initscr", "window", "error", "wrapper", "napms", "delay_output", "endwin", "halfdelay", "flushinp", "getch", "getkey", "get_wch",
        "getstr", "use_env", "filter", "exit",
        "beep", "flash", "savetty", "resetty", "def_prog_mode", "def_shell_mode", "reset_prog_mode", "reset_shell_mode", "doupdate", "refresh",
        "noutrefresh", "redrawwin",
        "setupterm", "start_color", "use_default_colors", "raw", "noraw", "cbreak", "nocbreak", "intrflush", "resize_term", "resizeterm",
        "set_escdelay", "set_tabsize",
        "clear", "erase", "clrtobot", "clrtoeol", "curs_set", "unget_wch", "ungetch", "ungetmouse", "getmouse", "getwin", "baudrate", "erasechar",
        "killchar", "longname", "qiflush", "noqiflush"}
window = curses.newwin(6, 20, 2, 3)
for owner in (_curses, window):
    for name in sorted(dir(owner)):
        f = getattr(owner, name)
        if name.startswith("_") or not callable(f) or name in ("error", "window"):
            continue
        say(name, repr((f.__doc__ or "").split("\n")[0]) if "[" in (f.__doc__ or "") else "", getattr(f, "__text_signature__", None))
        call(f, *[1] * 12)
        call(f, *[None] * 12)
        if name not in skip:
            for n in range(0, 9):
                call(f, *[1] * n)
            call(f, "x")
            call(f, None)
            call(f, [])
            call(f, 1, "x")
            call(f, 1, 1, [])
            call(f, 1.5)
            call(f, 2**40)
            call(f, -5, -5)
written()

# text
window = curses.newwin(6, 20, 2, 3)
for arguments in (("abc",), (b"abc",), ("ab", 2097152), (1, 2, "xyz"), (1, 2, "xyz", 2097152), (0, 100, "x"), ("a\0",), (b"a\0",), ("äß\u20ac",),
        ("",), (5, 18, "toolong"), (1, "x"), ("\ud800",), (9,)):
    window.erase()
    call(window.addstr, *arguments)
    call(window.inch, 0, 0)
    call(window.instr, 1, 0)
    call(window.getyx)
    window.erase()
    call(window.insstr, *arguments)
    call(window.instr, 0, 0)
for arguments in (("abc", 2), (b"abc", 2), ("ab", 2, 2097152), (1, 2, "xyz", 2), (1, 2, "xyz", 2, 2097152), (0, 100, "x", 1), ("a\0", 1),
        ("äß", 1), ("abc", 0), ("abc", -1), ("abc", 100)):
    window.erase()
    call(window.addnstr, *arguments)
    call(window.instr, 0, 0)
    window.erase()
    call(window.insnstr, *arguments)
    call(window.instr, 0, 0)
for arguments in (("a",), (b"a",), (97,), ("\u20ac",), ("ab",), (b"ab",), ("",), (b"",), ("a", 2097152), (1, 2, "b"), (1, 2, b"b", 2097152),
        (50, 2, "b"), (50, 2, b"b"), (5, 19, "b"), (2**31,),
                  (2**70,), (-1,), ([],), ("\x01",), ("\ud800",), ("é",), (300,), ("a", 2**33)):
    for f in (window.addch, window.insch, window.echochar, window.bkgd, window.bkgdset):
        window.erase()
        if f.__name__ in ("echochar", "bkgd", "bkgdset") and isinstance(arguments[0], int) and len(arguments) > 2:
            continue
        call(f, *arguments)
        call(window.instr, 0, 0, 5)
        call(window.getbkgd)
        window.bkgdset(0)
    window.erase()
    call(window.hline, *arguments[:3 if len(arguments) > 2 else 1], 4, *arguments[3 if len(arguments) > 2 else 1:])
    call(window.instr, 0, 0)
    call(window.vline, *arguments[:3 if len(arguments) > 2 else 1], 4, *arguments[3 if len(arguments) > 2 else 1:])
    call(window.inch, 1, 0)
    call(curses.unctrl, arguments[0])
    call(curses.ungetch, arguments[0])
    call(window.border, arguments[0])
    call(window.box, arguments[0], arguments[0])
    call(window.instr, 0, 0)
written()
window.erase()
window.addstr(0, 0, "one two three")
for f, *arguments in ((window.delch,), (window.delch, 0, 3), (window.delch, 9, 9), (window.insertln,), (window.deleteln,), (window.insdelln, 2),
        (window.insdelln, -1), (window.move, 0, 3), (window.move, 9, 9),
                      (window.clrtoeol,), (window.clrtobot,), (window.scroll,), (window.scrollok, True), (window.scroll,), (window.scroll, 2),
        (window.setscrreg, 1, 3), (window.setscrreg, 9, 3),
                      (window.chgat, 2097152), (window.chgat, 2, 2097152), (window.chgat, 1, 2, 2097152), (window.chgat, 1, 2, 3, 2097152),
        (window.chgat, 9, 2, 3, 2097152), (window.instr, 0, 0, 3), (window.instr, 2),
                      (window.instr, -1), (window.instr, 0, 0, -1), (window.instr, 9, 9), (window.inch,), (window.inch, 9, 9), (window.getyx,),
        (window.getbegyx,), (window.getmaxyx,), (window.getparyx,),
                      (window.is_linetouched, 1), (window.is_linetouched, 100), (window.is_linetouched, -1), (window.is_wintouched,),
        (window.touchwin,), (window.untouchwin,), (window.touchline, 1, 2),
                      (window.touchline, 1, 2, False), (window.touchline, 90, 2), (window.redrawln, 0, 2), (window.redrawwin,),
        (window.attron, 2097152), (window.attroff, 1), (window.attrset, 65536), (window.standout,),
                      (window.standend,), (window.attron, 2**40), (window.enclose, 3, 4), (window.enclose, 30, 4), (window.resize, 5, 10),
        (window.resize, 0, 0), (window.mvwin, 1, 1), (window.mvwin, 99, 99),
                      (window.derwin, 1, 1), (window.derwin, 2, 2, 1, 1), (window.derwin, 20, 20, 1, 1), (window.subwin, 2, 2),
        (window.subwin, 2, 2, 2, 2), (window.subwin, 20, 20, 2, 2), (window.subpad, 1, 1),
                      (window.mvderwin, 1, 1), (window.syncup,), (window.syncdown,), (window.syncok, 1), (window.cursyncup,), (window.keypad, 1),
        (window.nodelay, True), (window.timeout, 3), (window.notimeout, 0),
                      (window.leaveok, []), (window.idcok, 1), (window.idlok, 1), (window.immedok, 0), (window.clearok, 0), (window.getch,),
        (window.refresh,), (window.noutrefresh,), (window.noutrefresh, 1), (window.refresh, 1, 2, 3, 4, 5, 6),
                      (window.overlay, stdscr), (window.overwrite, stdscr), (window.overlay, stdscr, 0, 0, 0, 0, 1, 1),
        (window.overwrite, stdscr, 0, 0, 0, 0, 90, 90), (window.overlay, 1), (window.getbkgd,)):
    call(f, *arguments)
call(setattr, window, "encoding", "latin-1")
call(window.addch, "ä")
call(window.addch, "\u20ac")
call(window.addstr, "ä\u20ac")
call(setattr, window, "encoding", "no-such-codec")
call(window.echochar, "ä")
call(setattr, window, "encoding", 3)
call(delattr, window, "encoding")
call(setattr, window, "encoding", "a\0")
written()

# pads
pad = curses.newpad(10, 30)
say(show(pad))
pad.addstr(1, 1, "pad")
for f, *arguments in ((pad.refresh,), (pad.refresh, 0, 0, 1, 1, 5, 5), (pad.noutrefresh,), (pad.noutrefresh, 0, 0, 1, 1, 5, 5),
        (pad.refresh, 0, 0, 1, 1, 99, 99), (pad.subpad, 2, 2), (pad.subpad, 2, 2, 1, 1),
                      (pad.subwin, 2, 2, 1, 1), (pad.derwin, 2, 2, 1, 1), (pad.echochar, "a"), (pad.subpad, 2, 2, 90, 90),
        (curses.newpad, -1, -1), (curses.newwin, 99, 999), (curses.newwin, -1, 0), (curses.newwin, 0, 0)):
    call(f, *arguments)
with tempfile.TemporaryFile() as f:
    call(window.putwin, 1)
    window.putwin(f)
    f.seek(0)
    copy = curses.getwin(f)
    say(show(copy), copy.instr(0, 0))
    call(curses.getwin, f)
written()

# input
stdscr.nodelay(True)
for text in ("a", b"b", 99, 300, curses.KEY_UP, "é", "\u20ac"):
    call(curses.ungetch, text)
    call(stdscr.getch)
for text in ("a", b"b", 99, 300, curses.KEY_UP, 1025):
    curses.ungetch(text)
    call(stdscr.getkey)
for text in ("a", "é", "\u20ac", "\U0001f600", 97, 8364, "ab", b"a", -1, 2**40, None):
    call(curses.unget_wch, text)
    call(stdscr.get_wch)
for f in (stdscr.getch, stdscr.getkey, stdscr.get_wch):
    call(f)
    call(f, 1, 1)
    call(f, 99, 99)
curses.noecho()
for text, *arguments in (("one\n",), ("one\n", 2), ("one\n", 1, 1), ("one\n", 1, 1, 2), ("one\n", 99, 1), ("one\n", -1), ("x\n", 2000), ("\n",)):
    for c in reversed(text):
        curses.ungetch(c)
    call(stdscr.getstr, *arguments)
    curses.flushinp()
for key in (0, 27, 65, 127, 128, 255, 256, 259, 511, 600, -1):
    call(curses.keyname, key)
for key in (curses.KEY_UP, 65, 10**6, -1):
    call(curses.has_key, key)
for f, *arguments in ((curses.mousemask, curses.ALL_MOUSE_EVENTS), (curses.mouseinterval, 5), (curses.mouseinterval, 5),
        (curses.ungetmouse, 0, 1, 2, 0, 4), (curses.getmouse,), (curses.getmouse,), (curses.mousemask, 0),
                      (curses.mousemask, -1), (curses.mousemask, 2**40), (curses.ungetmouse, 40000, 0, 0, 0, 0)):
    call(f, *arguments)
written()

# colours
for f, *arguments in ((curses.has_colors,), (curses.can_change_color,), (curses.color_pair, 1), (curses.start_color,)):
    call(f, *arguments)
say(curses.COLORS, curses.COLOR_PAIRS)
for f, *arguments in ((curses.color_pair, 0), (curses.color_pair, 3), (curses.color_pair, 63), (curses.color_pair, 64), (curses.color_pair, 256),
        (curses.color_pair, -1), (curses.color_pair, 2**40), (curses.pair_number, 768),
                      (curses.pair_number, 2**40), (curses.pair_number, -1), (curses.init_pair, 1, 2, 3), (curses.pair_content, 1),
        (curses.pair_content, 0), (curses.pair_content, 60), (curses.pair_content, 10**5),
                      (curses.init_pair, 0, 1, 1), (curses.init_pair, 100000, 1, 1), (curses.init_pair, 1, -1, 0), (curses.init_pair, 1, 8, 0),
        (curses.init_pair, 1, 0, 2**40), (curses.init_pair, -1, 0, 0),
                      (curses.init_pair, "x", 0, 0), (curses.init_pair, 1, "x", 0), (curses.color_content, 1), (curses.color_content, 8),
        (curses.color_content, -1), (curses.color_content, 2**70), (curses.init_color, 1, 2, 3, 4),
                      (curses.init_color, 1, 1001, 3, 4), (curses.init_color, 1, -1, 3, 4), (curses.init_color, 99, 1, 3, 4),
        (curses.init_color, 1, 2**40, 3, 4), (curses.init_color, 1, "a", 3, 4), (curses.use_default_colors,),
                      (curses.pair_content, 0), (curses.init_pair, 1, -1, -1), (curses.pair_content, 1), (curses.has_extended_color_support,)):
    call(f, *arguments)
window.bkgd(" ", curses.color_pair(1))
window.addstr(0, 0, "colour", curses.color_pair(1) | curses.A_BOLD)
call(window.inch, 0, 0)
window.addch(1, 1, "ä", curses.color_pair(1))
call(window.inch, 1, 1)
window.refresh()
written()

# the rest
for f, *arguments in ((curses.getsyx,), (curses.setsyx, 3, 4), (curses.getsyx,), (curses.setsyx, -1, -1), (curses.getsyx,), (curses.isendwin,),
        (curses.doupdate,), (curses.beep,), (curses.flash,), (curses.curs_set, 0), (curses.curs_set, 1),
                      (curses.curs_set, 5), (curses.nl,), (curses.nonl,), (curses.nl, 0), (curses.echo,), (curses.noecho,), (curses.echo, False),
        (curses.meta, 1), (curses.flushinp,), (curses.napms, 1), (curses.delay_output, 0),
                      (curses.halfdelay, 256), (curses.halfdelay, 0), (curses.qiflush,), (curses.qiflush, 0), (curses.noqiflush,),
        (curses.typeahead, -1), (curses.termname,), (curses.longname,), (curses.has_ic,), (curses.has_il,),
                      (curses.termattrs,), (curses.get_escdelay,), (curses.set_escdelay, 30), (curses.get_escdelay,), (curses.set_escdelay, 0),
        (curses.set_escdelay, -1), (curses.get_tabsize,), (curses.set_tabsize, 4), (curses.get_tabsize,),
                      (curses.set_tabsize, 0), (curses.is_term_resized, 24, 80), (curses.is_term_resized, 20, 70), (curses.resize_term, 20, 70),
        (curses.resizeterm, 24, 80), (curses.resizeterm, -1, 0), (curses.resizeterm, "a", 0),
                      (curses.update_lines_cols,), (curses.use_env, True), (curses.filter,)):
    call(f, *arguments)
say(curses.LINES, curses.COLS, _curses.LINES, _curses.COLS, stdscr.getmaxyx())
written()

# what is built on it
import curses.ascii
import curses.has_key
import curses.panel
import curses.textpad

say(curses.ascii.unctrl("\x01"), curses.ascii.isctrl("\x02"), curses.has_key.has_key(curses.KEY_UP))
panels = [curses.panel.new_panel(curses.newwin(3, 10, y, y * 2)) for y in range(3)]
for i, p in enumerate(panels):
    p.window().addstr(0, 0, f"panel {i}")
    p.set_userptr(i)
panels[0].top()
panels[2].hide()
curses.panel.update_panels()
curses.doupdate()
written()
say(curses.panel.top_panel() is panels[0], panels[0].userptr(), panels[2].hidden(), panels[1].above() is panels[0], panels[0].below() is panels[1],
        show(panels[1].window()), panels[1].window() is panels[1].window())
call(panels[0].move, 5, 5)
call(panels[0].move, 500, 5)
call(panels[0].replace, window)
call(panels[0].replace, 1)
call(curses.panel.new_panel, 1)
box = curses.textpad.Textbox(curses.newwin(3, 10, 0, 0))
for c in "hello\x01\x05 you":
    box.do_command(ord(c))
say(repr(box.gather()))
curses.textpad.rectangle(stdscr, 1, 1, 5, 10)
stdscr.refresh()
written()
curses.putp(b"done\n")
written()
