"""Modules that start-up imports: where they say they come from, with and without frozen modules, and their frames in tracebacks."""
import subprocess
import sys

ABOUT = """
import sys, os, stat, codecs, abc, io, site, runpy, importlib, importlib.util, importlib.machinery, _collections_abc, encodings
import importlib._bootstrap, importlib._bootstrap_external
for m in (os, os.path, stat, codecs, abc, io, site, runpy, importlib, importlib.util, importlib.machinery, _collections_abc, encodings,
          importlib._bootstrap, importlib._bootstrap_external):
    s = m.__spec__
    loader = s.loader if isinstance(s.loader, type) else type(s.loader)
    print(m.__name__, s.name, loader.__name__, s.origin, getattr(m, '__file__', None), m.__name__ == 'importlib._bootstrap' or s.loader_state, s.parent, s.submodule_search_locations, s.has_location)
print(os.getenv.__code__.co_filename, os.getenv.__doc__ is not None, os.walk.__code__.co_consts[0][:20], os.fspath)
import _imp
print(_imp.is_frozen('os'), _imp.is_frozen('json'), _imp.find_frozen('os.path'), _imp.find_frozen('zipimport'), _imp.find_frozen('json'))
for call in (lambda: _imp.get_frozen_object('json'), lambda: _imp.find_frozen(3), lambda: _imp.is_frozen_package('os'), lambda: _imp.get_frozen_object('os').co_filename):
    try:
        print(call())
    except Exception as e:
        print(type(e).__name__, e)
"""
FAILS = "import os\nos.makedirs(1)"


def run(*arguments, **more):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **more)
    print(arguments[:-1], done.returncode)
    print(done.stdout.replace(sys.executable, "PROGRAM"), end="")
    print(done.stderr.replace(sys.executable, "PROGRAM"), end="")


for options in ([], ["-I"], ["-S"], ["-X", "frozen_modules=off"], ["-O"]):
    run(*options, "-c", ABOUT)
    run(*options, "-c", FAILS)
# the environment
run("-c", "import sys, os; print(sys.dont_write_bytecode, os.environ.get('HOME'))", env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd="/")
run("-X", "frozen_modules=x", "-c", "pass")
