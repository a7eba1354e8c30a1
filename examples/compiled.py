"""Interpreted or compiled? Both: source, tree, bytecode, cache file, each shown live."""
import ast
import importlib.util
import marshal
import os
import py_compile
import sys
import tempfile
import types

source = "total = sum(n * n for n in range(limit))"
print("source:", source)

tree = ast.parse(source)
print("tree:", ast.dump(tree.body[0].targets[0]), "=", type(tree.body[0].value).__name__)

code = compile(tree, "<example>", "exec")
inner = next(c for c in code.co_consts if isinstance(c, types.CodeType))
print("code object:", code.co_name, code.co_names, "with one inside:", inner.co_name)
print("bytecode:", type(code.co_code).__name__, "not empty:", len(code.co_code) > 0)

namespace = {"limit": 10}
exec(code, namespace)
print("run:", namespace["total"])


class MultiplyToAdd(ast.NodeTransformer):
    def visit_Mult(self, node):
        return ast.Add()


changed = ast.fix_missing_locations(MultiplyToAdd().visit(tree))
exec(compile(changed, "<changed>", "exec"), namespace)
print("the tree changed:", ast.unparse(changed), "gives", namespace["total"])

sys.pycache_prefix = None       # caches go beside the source, whatever the environment says
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "module.py")
    with open(path, "w") as f:
        f.write("value = 6 * 7\n")
    cache = py_compile.compile(path)
    print("cache:", os.path.relpath(cache, folder).replace(sys.implementation.cache_tag, "TAG"))
    with open(cache, "rb") as f:
        head, rest = f.read(16), f.read()
    print("  begins with this version's magic number:", head[:4] == importlib.util.MAGIC_NUMBER)
    print("  knows its source's size:", int.from_bytes(head[12:], "little") == os.path.getsize(path))
    loaded = marshal.loads(rest)
    print("  holds a code object:", loaded.co_consts[0], "was computed by the compiler")
    sys.path.insert(0, folder)
    import module
    print("  imported:", module.value, "; cached:", module.__cached__ == cache)
