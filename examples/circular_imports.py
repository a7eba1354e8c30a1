"""Circular imports: how they fail, and four ways out."""
import importlib
import os
import sys
import tempfile
import textwrap

folder = tempfile.mkdtemp()
sys.path.insert(0, folder)
sys.dont_write_bytecode = True


def attempt(title, **files):
    """Writes the modules, imports the first one and prints what comes of it."""
    for name, text in files.items():
        with open(os.path.join(folder, name + ".py"), "w") as f:
            f.write(textwrap.dedent(text))
    importlib.invalidate_caches()
    print(title)
    try:
        module = importlib.import_module(next(iter(files)))
        print("   ", module.greet())
    except (ImportError, AttributeError) as e:
        print("   ", type(e).__name__ + ":", str(e).replace(folder, "..."))
    for name in files:
        sys.modules.pop(name, None)
        os.remove(os.path.join(folder, name + ".py"))


attempt(
    "from ... import, both ways: the name isn't there yet",
    a="from b import name\ndef greet(): return 'hello ' + name()",
    b="from a import greet\ndef name(): return 'b'")
attempt(
    "import, but used while importing: neither is the attribute",
    a="import b\ndef greet(): return 'hello ' + b.name",
    b="import a\nname = a.greet.__name__")
attempt(
    "1. import the module, use its names only later, in functions",
    a="import b\ndef greet(): return 'hello ' + b.name()",
    b="import a\ndef name(): return 'b, known to ' + a.__name__")
attempt(
    "2. import inside the function",
    a="from b import name\ndef greet(): return 'hello ' + name()",
    b="def name():\n    from a import greet\n    return 'b, known to ' + greet.__name__")
attempt(
    "3. import at the end of the file",
    a="def greet(): return 'hello ' + name()\nfrom b import name",
    b="from a import greet\ndef name(): return 'b, known to ' + greet.__name__")
attempt(
    "4. best: move what both need into a third module",
    a="from c import name\nimport b\ndef greet(): return 'hello ' + name() + b.mark",
    b="from c import name\nmark = '!'",
    c="def name(): return 'c'")
os.rmdir(folder)
