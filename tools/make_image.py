"""Writes the image of start-up modules (src/runtime/image.h): krait -I -S tools/make_image.py OUTPUT

Run by the krait that will use it, when it is built. Needs nothing but built-in modules, so that it is no matter what an image holds.
"""
import marshal
import posix
import sys
from _frozen_importlib_external import MAGIC_NUMBER

STDLIB = sys._stdlib_dir
PACKAGE, ESSENTIAL = 1, 2
CHUNK = 1 << 15     # Linux caches a file in pieces as long as it was written in, and maps whole pieces

# What CPython 3.11 freezes: name, the name it is another one for (None: none), source
FROZEN = [
    ("_frozen_importlib", "importlib._bootstrap"),
    ("_frozen_importlib_external", "importlib._bootstrap_external"),
    ("zipimport", "zipimport"),
    ("abc", "abc"),
    ("codecs", "codecs"),
    ("io", "io"),
    ("_collections_abc", "_collections_abc"),
    ("_sitebuiltins", "_sitebuiltins"),
    ("genericpath", "genericpath"),
    ("ntpath", "ntpath"),
    ("posixpath", "posixpath"),
    ("os.path", "posixpath"),
    ("os", "os"),
    ("site", "site"),
    ("stat", "stat"),
    ("importlib.util", "importlib.util"),
    ("importlib.machinery", "importlib.machinery"),
    ("runpy", "runpy"),
    ("__hello__", "__hello__"),
    ("__hello_alias__", "__hello__"),
    ("__phello_alias__", "__hello__"),
    ("__phello_alias__.spam", "__hello__"),
    ("__phello__", "__phello__"),
    ("__phello__.__init__", "<__phello__"),
    ("__phello__.ham", "__phello__.ham"),
    ("__phello__.ham.__init__", "<__phello__.ham"),
    ("__phello__.ham.eggs", "__phello__.ham.eggs"),
    ("__phello__.spam", "__phello__.spam"),
]
PACKAGES = {"__phello_alias__", "__phello__", "__phello__.ham"}
ESSENTIALS = {"_frozen_importlib", "_frozen_importlib_external", "zipimport"}

# Code of everything else in these folders is kept too: it is loaded by path, if its source has not changed.
FOLDERS = ["", "asyncio", "collections", "concurrent", "concurrent/futures", "ctypes", "email", "encodings", "html", "http", "importlib",
           "importlib/metadata", "importlib/resources", "json", "logging", "multiprocessing", "re", "sqlite3", "tomllib", "unittest", "urllib",
           "wsgiref", "xml", "xml/dom", "xml/etree", "xml/parsers", "xml/sax", "zoneinfo"]
LEFT_OUT = {"turtle.py", "this.py", "antigravity.py", "__hello__.py", "pydoc.py", "doctest.py", "smtpd.py", "cgi.py", "imaplib.py", "nntplib.py", "telnetlib.py"}


def number(n, size):
    return n.to_bytes(size, "little", signed=True)


def read(path):
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        state = posix.fstat(fd)
        text = b""
        while chunk := posix.read(fd, 1 << 20):
            text += chunk
    finally:
        posix.close(fd)
    return text, state


class Image:
    def __init__(self):
        self.entries = []       # (name, source, origname, flags, code, state)
        self.codes = []         # distinct code, in marshal's format
        self.folders = []       # (path, names, state)
        self.made = {}          # (source, shown) -> its place in codes, and the source's state

    def compile(self, source, shown):
        if (source, shown) not in self.made:
            text, state = read(f"{STDLIB}/{source}")
            code = compile(text, shown, "exec", dont_inherit=True, optimize=0)
            data = marshal.dumps(code)
            self.made[source, shown] = len(self.codes), state
            self.codes.append(data + bytes(-len(data) % 8))
        return self.made[source, shown]

    def add_frozen(self, name, origname):
        module = origname.lstrip("<")
        source = module.replace(".", "/")
        source += "/__init__.py" if module in PACKAGES or origname != module else ".py"
        try:
            code, state = self.compile(source, f"<frozen {module}>")
        except FileNotFoundError:
            return              # a distribution may leave out what is there for tests only
        flags = (PACKAGE if name in PACKAGES else 0) | (ESSENTIAL if name in ESSENTIALS else 0)
        self.entries.append((name, source, origname, flags, code, state))

    def add_source(self, source):
        try:
            code, state = self.compile(source, f"{STDLIB}/{source}")
        except (SyntaxError, ValueError, UnicodeError):
            return              # it says so when somebody imports it
        self.entries.append((source, source, None, 0, code, state))

    def add_folder(self, path):
        state = posix.stat(f"{STDLIB}/{path}")
        self.folders.append((path, sorted(posix.listdir(f"{STDLIB}/{path}")), state))

    def bytes(self, nfrozen):
        strings, places = bytearray(1), {None: 0}
        head_size = 32
        at = head_size + len(self.entries) * 40 + len(self.folders) * 24
        for entry in self.entries:
            for text in entry[:3]:
                if text not in places:
                    places[text] = at + len(strings)
                    strings += text.encode() + b"\0"
        for path, names, state in self.folders:
            for text in (path, *names):
                if text not in places:
                    places[text] = at + len(strings)
                    strings += text.encode() + b"\0"
        strings += bytes(-(at + len(strings)) % 8)
        lists = []
        for path, names, state in self.folders:
            lists.append(at + len(strings))
            for name in names:
                strings += number(places[name], 4)
        strings += bytes(-(at + len(strings)) % 8)
        at += len(strings)
        starts = []
        for code in self.codes:
            starts.append(at)
            at += len(code)
        size = at + 8
        out = bytearray(b"krimage1" + MAGIC_NUMBER)
        for value in (nfrozen, len(self.entries) - nfrozen, len(self.folders), size, 0):
            out += number(value, 4)
        for name, source, origname, flags, code, state in self.entries:
            for value in (places[name], places[source], places[origname], flags, starts[code], len(self.codes[code])):
                out += number(value, 4)
            out += number(state.st_size, 8) + number(state.st_mtime_ns, 8)
        for (path, names, state), start in zip(self.folders, lists):
            for value in (places[path], start, len(names), 0):
                out += number(value, 4)
            out += number(state.st_mtime_ns, 8)
        out += strings
        for code in self.codes:
            out += code
        out += bytes(8)
        assert len(out) == size
        return out


def main(output):
    image = Image()
    for name, origname in FROZEN:
        image.add_frozen(name, origname)
    nfrozen = len(image.entries)
    sources = []
    for folder in FOLDERS + ["lib-dynload"]:
        image.add_folder(folder)
    for folder in FOLDERS:
        for name in posix.listdir(f"{STDLIB}/{folder}"):
            if name.endswith(".py") and name not in LEFT_OUT:
                sources.append(f"{folder}/{name}" if folder else name)
    for source in sorted(sources):
        image.add_source(source)
    data = image.bytes(nfrozen)
    temporary = f"{output}.{posix.getpid()}"
    fd = posix.open(temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o644)
    with memoryview(data) as rest:
        while rest:
            rest = rest[posix.write(fd, rest[:CHUNK]):]
    posix.close(fd)
    posix.rename(temporary, output)


main(sys.argv[1])
