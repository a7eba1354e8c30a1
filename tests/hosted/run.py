"""Runs native modules of krait inside python3.11 and CPython's own tests against them.

    /usr/bin/python3.11 tests/hosted/run.py [module ...]

Each entry of MODULES names the sources, the test file, and tests that can't hold there with the reason. The last line is
"N passed, N failed, N skipped".
"""
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

IO = ["src/module/io/" + f + ".c" for f in "io iobase fileio bytesio stringio bufferedio newline textio".split()]
SRE = ["src/module/sre/" + f + ".c" for f in "engine validate sre".split()]
CTYPES = ["src/module/ctypes/" + f + ".c" for f in "aggregate array by_value call callback convert data field function info layout module param pointer simple".split()]
POSIX = ["src/module/posix/" + f + ".c" for f in "posix posix_dir posix_file posix_fd posix_process posix_constants".split()]

# module: (sources, CPython test modules, {part of a test id: reason it is left out}, modules to reload on top of it)
MODULES = {
    "time": (["src/module/time.c"], ["test.test_time"], {
        "CAPITest": "tests _testcapi, not the module", "TestCPyTime": "tests _testcapi, not the module",
        "TestOldPyTime": "tests _testcapi, not the module"}, []),
    "errno": (["src/module/errno.c"], ["test.test_errno"], {}, []),
    "_stat": (["src/module/_stat.c"], ["test.test_stat"], {}, []),
    "_sre": (SRE, ["test.test_re"], {}, ["re._constants", "re._parser", "re._compiler", "re"]),
    "fcntl": (["src/module/fcntl.c"], ["test.test_fcntl"], {}, []),
    "pwd": (["src/module/accounts.c"], ["test.test_pwd"], {}, []),
    "grp": (["src/module/accounts.c"], ["test.test_grp"], {}, []),
    "_posixsubprocess": (["src/module/_posixsubprocess.c"], ["test.test_subprocess"], {}, []),
    "select": (["src/module/select.c"], ["test.test_select", "test.test_poll", "test.test_epoll", "test.test_selectors"], {}, []),
    "_contextvars": (["src/vm/context.c", "src/vm/hamt.c", "src/module/_contextvars.c"], ["test.test_context"], {}, ["contextvars"]),
    "itertools": (["src/module/itertools" + f + ".c" for f in ("", "_comb", "_filter")], ["test.test_itertools"], {}, []),
    "math": (["src/module/math.c", "src/module/math_int.c"], ["test.test_math"], {}, []),
    "cmath": (["src/module/cmath.c"], ["test.test_cmath"], {}, []),
    "_ctypes": (CTYPES, ["test.test_ctypes"], {}, []),
    "_struct": (["src/module/_struct.c"], ["test.test_struct"], {}, ["struct"]),
    "binascii": (["src/module/binascii.c"], ["test.test_binascii"], {}, []),
    "_random": (["src/module/_random.c"], ["test.test_random"], {}, []),
    "array": (["src/module/array.c"], ["test.test_array"], {}, []),
    "posix": (POSIX, ["test.test_posix"], {}, ["os"]),
    "atexit": (["src/module/atexit.c"], ["test.test_atexit"], {"AtexitTests": "fresh processes, python3.11's own module"}, []),
    "_operator": (["src/module/_operator.c", "src/module/_operator_getters.c"], ["test.test_operator"], {}, []),
    "_functools": (["src/module/_functools.c", "src/module/_functools_lru.c"], ["test.test_functools"], {}, ["functools"]),
    "_heapq": (["src/module/_heapq.c"], ["test.test_heapq"], {}, []),
    "_bisect": (["src/module/_bisect.c"], ["test.test_bisect"], {}, []),
    "unicodedata": (["src/module/unicodedata" + f + ".c" for f in ("", "_facts", "_names", "_normalize")], ["test.test_unicodedata"], {}, []),
    "_socket": (["src/module/_socket" + f + ".c" for f in ("", "_address", "_message", "_names", "_transfer")], ["test.test_socket"],
                {"VSOCK": "binds a fixed port of the machine, which fails while another run holds it"}, ["socket"]),
    "_csv": (["src/module/_csv" + f + ".c" for f in ("", "_dialect", "_reader", "_writer")], ["test.test_csv"], {}, ["csv"]),
    "_curses": (["src/module/curses/" + f + ".c" for f in "curses library window text screen color terminfo".split()], ["test.test_curses"], {}, ["curses"]),
    "_statistics": (["src/module/_statistics.c"], ["test.test_statistics"], {}, ["statistics"]),
    "_io": (IO, ["test.test_io", "test.test_memoryio", "test.test_fileio", "test.test_bufio", "test.test_univnewlines"], {}, ["io"]),
}

RUNNER = r"""
import sys, unittest, importlib, importlib.util
name, path, tests, left_out, reload = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(","), sys.argv[5].split(",")
spec = importlib.util.spec_from_file_location(name, path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules[name] = module
class Here:     # for tests that import their module afresh
    def find_spec(self, wanted, search=None, target=None):
        return importlib.util.spec_from_file_location(name, path) if wanted == name else None
sys.meta_path.insert(0, Here())
for r in filter(None, reload):
    if r in sys.modules:
        importlib.reload(sys.modules[r])
    if r == "io":
        import builtins
        builtins.open = module.open
loaded = [importlib.import_module(t) for t in tests]
assert importlib.import_module(name) is module
def flat(suite):
    for t in suite:
        if isinstance(t, unittest.TestSuite):
            yield from flat(t)
        else:
            yield t
tests = [t for l in loaded for t in flat(unittest.defaultTestLoader.loadTestsFromModule(l))]
keep = [t for t in tests if not any(x and x in t.id() for x in left_out)]
result = unittest.TextTestRunner(verbosity=0, stream=sys.stderr).run(unittest.TestSuite(keep))
bad = len(result.failures) + len(result.errors)
print("RESULT", result.testsRun - bad - len(result.skipped), bad, len(result.skipped) + len(tests) - len(keep))
"""


def build(name, sources, folder):
    target = os.path.join(folder, name + ".so")
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-fno-strict-aliasing", "-fwrapv", "-w", "-Isrc", "-I/usr/include/python3.11",
                    "tests/hosted/shim.c", *sources, "-lm", "-lffi", "-lz", "-o", target], cwd=ROOT, check=True)
    return target


def main():
    wanted = sys.argv[1:] or list(MODULES)
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            sources, tests, left_out, reload = MODULES[name]
            path = build(name, sources, folder)
            run = subprocess.run([sys.executable, "-c", RUNNER, name, path, ",".join(tests), ",".join(left_out), ",".join(reload)], capture_output=True, text=True, cwd=folder)
            found = re.search(r"^RESULT (\d+) (\d+) (\d+)$", run.stdout, re.M)
            if found:
                counts = [int(x) for x in found.groups()]
            else:
                counts = [0, 1, 0]
            if counts[1]:
                print(run.stdout + run.stderr)
            print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped", flush=True)
            total = [a + b for a, b in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return total[1] != 0


if __name__ == "__main__":
    sys.exit(main())
