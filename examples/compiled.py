"""Interpreted or compiled? Source, tree, code object, and running it."""
import ast

source = "total = sum(n * n for n in range(limit))"
tree = ast.parse(source)
print(ast.dump(tree.body[0].targets[0]))
code = compile(tree, "<example>", "exec")
print(type(code).__name__, code.co_names, len(code.co_code) > 0)
namespace = {"limit": 10}
exec(code, namespace)
print(namespace["total"])


class Twice(ast.NodeTransformer):
    def visit_Mult(self, node):
        return ast.Add()


changed = ast.fix_missing_locations(Twice().visit(tree))
print(ast.unparse(changed))
exec(compile(changed, "<changed>", "exec"), namespace)
print(namespace["total"])
