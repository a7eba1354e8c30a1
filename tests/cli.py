#!/usr/bin/python3.11
"""The command line of krait beside python3.11's: the same shell commands, and output, errors and exit status must be equal.

usage: tests/cli.py [--krait PROGRAM] [-k WORD] [-v] [FILE ...]      (default: tests/cli/*.txt)

A table holds shell commands in which $PY is the program; lines that begin with blanks continue a command, "#" begins a comment. Each command
runs in a folder of its own that holds the files of FILES, with few environment variables. Where texts are each program's own (the help, the
version), a command that begins with "status:" compares what is left when no text counts: the exit status and whether there was output.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORACLE = "/usr/bin/python3.11"
# What python3.11 has frozen has no source lines in tracebacks, and importlib's frames are hidden in other cases.
LIBRARY_FRAME = re.compile(r'  File "(<frozen [\w.]+>|/usr/lib/python3.11/(site|runpy|os|codecs|abc|io)\.py)", line .*\n(    .*\n)*')
SHOW = "import sys; print(__name__, sys.argv, __package__, __spec__ and __spec__.name, sys.flags.safe_path, __file__)\n"
FILES = {
    "show.py": SHOW,
    "raise.py": "def f(x):\n    return 1 / x\n\nf(0)\n",
    "syntax.py": "print(1)\nx = (1 +\n",
    "exit.py": "import sys\nsys.exit(eval(sys.argv[1]))\n",
    "first.py": "this is no Python\nprint('second line')\n1/0\n",
    "latin.py": b"# coding: latin-1\nprint(ascii('\xe4'))\n",
    "badutf8.py": b"print('\xe4')\n",
    "nul.py": b"print(1)\0\n",
    "start.py": "print('start-up file'); started = 1\n",
    "folder/__main__.py": SHOW + "import beside\n",
    "folder/beside.py": "print('beside')\n",
    "empty/nothing.txt": "",
    "pkg/__init__.py": "",
    "pkg/__main__.py": SHOW,
    "pkg/mod.py": SHOW,
    "pkg/bad.py": "1/0\n",
    "nomain/__init__.py": "",
    "broken/__init__.py": "import nowhere\n",
}


def fill(folder):
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
    for name, main in (("prog.zip", SHOW), ("nomain.zip", None)):
        with zipfile.ZipFile(os.path.join(folder, name), "w") as z:
            z.writestr("__main__.py" if main else "other.py", main or "")


def read_table(path):
    """(line number, command) of each."""
    found = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line[0] in " \t" and line.strip():
                found[-1][1] += "\n" + line.strip("\n")[4:]
            elif line.strip() and line[0] != "#":
                found.append([number, line.strip("\n")])
    return [(f"{os.path.basename(path)}:{number}", text) for number, text in found]


def run(program, command, cache):
    status_only, command = command.startswith("status:"), command.removeprefix("status:").strip()
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        env = {"PATH": "/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8", "PY": program, "XDG_CACHE_HOME": cache, "PYTHONHASHSEED": "0", "D": folder}
        try:
            done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                                  preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        except subprocess.TimeoutExpired:
            return ["hangs", "", ""]
    texts = []
    for text in (done.stdout, done.stderr):
        text = text.decode("utf-8", "backslashreplace")
        for this, name in ((folder, "FOLDER"), (program, "PYTHON"), (os.path.join(ROOT, "lib"), "/usr/lib/python3.11")):
            text = text.replace(this, name)
        text = re.sub(r"0x[0-9a-f]+", "0x...", text).replace("`krait -h'", "`python -h'")
        text = LIBRARY_FRAME.sub("", text)
        text = re.sub(r"^Python 3\.11\.\d+ .* on linux$", "Python VERSION", text, flags=re.M)
        texts.append(str(bool(text)) if status_only else text)
    return [done.returncode, *texts]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("-k", default="", help="only commands that contain it")
    parser.add_argument("-v", action="store_true", help="show what every command printed")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or sorted(glob.glob(os.path.join(ROOT, "tests/cli/*.txt")))
    jobs = [job for path in files for job in read_table(path) if options.k in job[1]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool, tempfile.TemporaryDirectory() as cache:
        pairs = [[pool.submit(run, program, command, cache) for program in (os.path.abspath(options.krait), ORACLE)] for _, command in jobs]
        for (place, command), pair in zip(jobs, pairs):
            ours, theirs = (one.result() for one in pair)
            if ours != theirs:
                failed += 1
                print(f"{place}: {command}\n  different")
                for name, a, b in zip(("status", "output", "errors"), ours, theirs):
                    if a != b:
                        print(f"  {name} of krait:\n{str(a)[-1500:]}\n  {name} of python3.11:\n{str(b)[-1500:]}")
            elif options.v:
                print(f"{place}: {command}\n{ours}")
    print(f"{len(jobs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
