"""What the end of a process runs: finalizers, weak references' callbacks, generators' `finally`, exit functions, and what it writes."""
import os
import subprocess
import sys
import tempfile

PROGRAMS = {
    "del in a module": "class A:\n    def __del__(self): print('gone')\na = A()",
    "del in a cycle": "class A:\n    def __del__(self): print('gone')\na = A(); a.me = a; del a",
    "del of a class attribute": "class A:\n    def __del__(self): print('gone')\nclass B: a = A()",
    "del in a default": "class A:\n    def __del__(self): print('gone')\ndef f(a=A()): pass",
    "del in another module": "import types, sys\nclass A:\n    def __del__(self): print('gone')\nm = sys.modules['m'] = types.ModuleType('m'); m.a = A()",
    "del with sys.exit": "import sys\nclass A:\n    def __del__(self): print('gone')\na = A()\nsys.exit(3)",
    "del after an error": "class A:\n    def __del__(self): print('gone')\na = A()\n1/0",
    "callback": "import weakref\nclass A: pass\na = A(); r = weakref.ref(a, lambda r: print('gone'))",
    "finalize": "import weakref\nclass A: pass\na = A(); weakref.finalize(a, print, 'finalized')",
    "atexit": "import atexit\natexit.register(print, 1); atexit.register(print, 2)",
    "atexit fails": "import atexit\natexit.register(lambda: 1/0)",
    "generator": "def g():\n    try: yield 1\n    finally: print('closed')\nx = g(); next(x)",
    "generator not begun": "def g():\n    try: yield 1\n    finally: print('closed')\nx = g()",
    "coroutine": "async def f(): pass\nx = f()",
    "file": "f = open(NAME, 'w'); f.write('text')",
    "file in an untracked dict": "d = {'f': open(NAME, 'wb')}; d['f'].write(b'bytes')",
    "scandir": "import os\ns = os.scandir('/'); next(s)",
    "scandir in a tuple": "import os\ns = (os.scandir('/'), 1)",
    "socket": "import _socket\ns = _socket.socket()",
    "stdout replaced": "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, write_through=False); print('text')",
    "stdout wrapped": "import sys\nclass W:\n    def write(self, s): return sys.__stdout__.write(s.upper())\n    def flush(self): sys.__stdout__.write('flushed'); sys.__stdout__.flush()\nsys.stdout = W()\nprint('text')",
    "stdout buffered": "import sys\nsys.stdout.write('no end of line')",
    "stdout closed": "import sys\nprint(1, flush=True)\nsys.stdout.close()",
    "stdout detached": "import sys\nb = sys.stdout.detach(); b.write(b'bytes')",
    "BytesIO subclass": "import io\nclass B(io.BytesIO):\n    def close(self): print('closing'); super().close()\nb = B()",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.05), print('thread'))).start()",
    "gc.callbacks": "import gc\nseen = []\ngc.callbacks.append(lambda phase, info: seen.append(phase) or (phase == 'start' and len(seen) == 1 and print('collecting')))",
    "gc.freeze": "import gc\nclass A:\n    def __del__(self): print('gone')\na = A(); gc.freeze()",
    "audit hook": "import sys\nsys.addaudithook(lambda e, a: print(e) if e.startswith('cpython._PySys_Clear') else None)",
    "subclass of an extension's type": "import _decimal\nclass D(_decimal.Decimal):\n    def __del__(self): print('gone')\nd = D(1)",
    "TemporaryDirectory": "import tempfile, warnings\nwarnings.simplefilter('ignore')\nt = tempfile.TemporaryDirectory(); open(NAME, 'w').write(t.name)",
}
with tempfile.TemporaryDirectory() as folder:
    name = os.path.join(folder, "file")
    for what, program in PROGRAMS.items():
        program = program.replace("NAME", repr(name))
        done = subprocess.run([sys.executable, "-W", "always", "-c", program], capture_output=True, text=True)
        error = done.stderr.replace(folder, "FOLDER")
        for word in error.split():
            if word.startswith("0x"):
                error = error.replace(word, "0x...")
        print("--", what, done.returncode)
        print(done.stdout)
        print(error)
        if os.path.exists(name):
            with open(name) as f:
                text = f.read()
            print("file:", text if not text.startswith(tempfile.gettempdir()) else os.path.exists(text))
            os.unlink(name)
