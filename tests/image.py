#!/usr/bin/python3.11
"""The image of start-up modules: krait starts without it and with any damaged one, and a changed source is never taken from it.

    tests/image.py [PROGRAM]
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KRAIT = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "krait")
PROGRAM = "import os, json, re, string; print(os.path.join('a', 'b'), json.dumps([1]), re.sub('a', 'b', 'aaa'), os.__spec__.loader.__class__.__name__)"
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
passed = failed = 0


def check(what, ok, done):
    global passed, failed
    passed += ok
    failed += not ok
    if not ok:
        print(f"{what}: status {done.returncode}\n{done.stdout}{done.stderr[-2000:]}")


def run(folder, *arguments, **more):
    return subprocess.run([os.path.join(folder, "krait"), *arguments], capture_output=True, text=True, errors="replace", env=dict(ENV, HOME=folder, **more.pop("env", {})), timeout=60, **more)


with tempfile.TemporaryDirectory() as folder:
    shutil.copy(KRAIT, folder)
    image = os.path.join(folder, "startup.image")
    original = open(os.path.join(os.path.dirname(KRAIT), "startup.image"), "rb").read()

    def write(data):
        with open(image + ".new", "wb") as f:
            f.write(data)
        os.rename(image + ".new", image)

    expected = "a/b [1] bbb type\n"
    write(original)
    done = run(folder, "-c", PROGRAM)
    check("whole", done.stdout == expected and not done.stderr, done)
    done = run(folder, "-c", "import os; print(os.__spec__.origin, os.getenv.__code__.co_filename)")
    check("frozen", done.stdout == "frozen <frozen os>\n", done)
    for what, options in {"isolated": ["-I"], "optimised": ["-OO"], "without site": ["-S"]}.items():
        done = run(folder, *options, "-c", PROGRAM)
        check(what, done.stdout == expected, done)
    without = expected.replace("type", "SourceFileLoader")
    for what, data in {"empty": b"", "a byte": b"k", "head only": original[:32], "half": original[:len(original) // 2], "short by one": original[:-1], "longer": original + b"x",
                       "other magic": b"krimage0" + original[8:], "other code": original[:8] + b"\0\0\0\0" + original[12:], "random": random.Random(1).randbytes(100000)}.items():
        write(data)
        done = run(folder, "-c", PROGRAM)
        check(what, done.stdout == without, done)
    os.unlink(image)
    done = run(folder, "-c", PROGRAM)
    check("none", done.stdout == without, done)
    os.mkdir(image)
    done = run(folder, "-c", PROGRAM)
    check("a folder", done.stdout == without, done)
    os.rmdir(image)
    if os.geteuid() == 0:
        write(original)
        os.chmod(image, 0o666)
        done = run(folder, "-c", PROGRAM)
        check("writable by all", done.stdout == without, done)
    # single damaged bytes: whatever is in the image, no crash; the tables and the code of the first modules are where most is read
    source = random.Random(2)
    for i in range(80):
        data = bytearray(original)
        at = source.randrange(40000 if i % 2 else 600000)
        data[at] ^= 1 << source.randrange(8)
        write(bytes(data))
        done = run(folder, "-c", PROGRAM)
        check(f"bit at {at}", 0 <= done.returncode < 128, done)
    # a source that has changed since: the entry of `os` says another time, or another size
    nfrozen, = struct.unpack_from("<I", original, 12)
    for what, offset in ("time", 32), ("size", 24):
        data = bytearray(original)
        for at in range(32, 32 + nfrozen * 40, 40):
            name, = struct.unpack_from("<I", data, at)
            if data[name:name + 3] == b"os\0":
                data[at + offset] ^= 1
        write(bytes(data))
        done = run(folder, "-c", "import os, stat; print(type(os.__spec__.loader).__name__, stat.__spec__.origin, os.getenv.__code__.co_filename)")
        check("other " + what, done.stdout == "SourceFileLoader frozen /usr/lib/python3.11/os.py\n", done)

print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
