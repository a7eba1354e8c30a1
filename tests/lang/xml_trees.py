# Elements, builders and parsers of xml.etree, and xml.parsers.expat: what CPython's own tests leave out.
import copy
import io
import pickle
import xml.etree.ElementTree as ET
from xml.parsers import expat


def show(f, *args, **kwds):
    try:
        print(f(*args, **kwds))
    except Exception as e:
        print(type(e).__name__, e)


def tags(e):
    return [c.tag for c in e]


def assign(e, i, v):
    e[i] = v
    return tags(e)


def delete(e, i):
    del e[i]
    return tags(e)


e = ET.Element("a")
for c in "bcdefgh":
    ET.SubElement(e, c)
for i in (0, -1, 7, -8, slice(1, 3), slice(None, None, -2), slice(9, 2)):
    show(lambda: e[i].tag if isinstance(i, int) else [c.tag for c in e[i]])
show(assign, e, slice(1, 3), [ET.Element("x")])
show(assign, e, slice(1, 1), [ET.Element("y"), ET.Element("z"), ET.Element("w")])
show(assign, e, slice(None, None, 4), [ET.Element("p"), ET.Element("q"), ET.Element("r")])
show(assign, e, slice(None, None, 4), [ET.Element("p")])
show(assign, e, slice(0, 2), [3])
show(assign, e, 99, e[0])
show(delete, e, slice(None, None, -3))
show(delete, e, slice(None, None, 2))
show(delete, e, 0)
show(e.insert, -9, ET.Element("first"))
show(e.insert, 99, ET.Element("last"))
print(tags(e), len(e))

doc = ET.XML('<a x="1">one<b>two<c k="v">three</c>four</b>five<d/>six</a>')
print(list(doc.itertext()), [z.tag for z in doc.iter()], [z.tag for z in doc.iter("c")])
for copied in copy.copy(doc), copy.deepcopy(doc), pickle.loads(pickle.dumps(doc)):
    print(ET.tostring(copied), copied[0] is doc[0], copied.attrib == doc.attrib)
for path in "b", "{*}c", ".//c", "b/c", "*", ".", "b[1]", "nope", "":
    print(path, doc.find(path) is not None, doc.findtext(path, "none"), len(doc.findall(path)), len(list(doc.iterfind(path))))


class Target:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: print(name, args)


text = '<?xml version="1.0"?><!DOCTYPE a SYSTEM "x"><?p q r?><!--c--><x:a xmlns:x="u" b="c">t&#65;<![CDATA[z]]>&e;<b/>tail</x:a>'
parser = ET.XMLParser(target=Target())
parser.entity["e"] = "entity"
parser.feed(text)
parser.close()
events = ("start", "end", "start-ns", "end-ns", "comment", "pi")
pull = ET.XMLPullParser(events)
for i in range(0, len(text), 7):
    pull.feed(text[i:i + 7].replace("&e;", ""))
    for event, value in pull.read_events():
        print(event, getattr(value, "tag", value) if event not in ("comment", "pi") else value.text)
for bad in "<a>&foo;</a>", '<!DOCTYPE a SYSTEM "x"><a>&foo;</a>', '<a b="1" b="2"/>', "<x:a/>", "", "<a>", "<a/>x", "<a></b>":
    try:
        ET.fromstring(bad)
    except ET.ParseError as e:
        print(e, e.code, e.position)
builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
parser = ET.XMLParser(target=builder)
parser.feed("<a>x<!--c-->y<?p q?>z<b/>w</a>")
print(ET.tostring(parser.close()))

p = expat.ParserCreate(namespace_separator=" ")
p.namespace_prefixes = p.ordered_attributes = p.specified_attributes = True
for name in dir(p):
    if name.endswith("Handler"):
        setattr(p, name, lambda *args, name=name: print(name, args) or 1)
p.Parse('<!DOCTYPE r SYSTEM "f" [<!ELEMENT r (a|(b,c*)+|d?)><!ELEMENT m (#PCDATA|x)*><!ATTLIST r x CDATA "d" y (a|b) #REQUIRED>'
        '<!ENTITY % pe "v"><!ENTITY e SYSTEM "g"><!NOTATION n SYSTEM "h">]><r y="a" xmlns:q="u" q:z="1">&e;<q:s/>text\nmore<!--c--><![CDATA[d]]></r>', True)


class Reader:
    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, n):
        return self.pieces.pop(0) if self.pieces else b""


for pieces in (b"<a>", b"x" * 2000, b"</a>"), (b"<a>" + b"x" * 3000,), ("<a/>",), (3,):
    p = expat.ParserCreate()
    p.buffer_text = True
    p.CharacterDataHandler = lambda s: print("text", len(s))
    show(p.ParseFile, Reader(*pieces))
