"""dis works on every kind of code; which instructions it shows is the implementation's business."""
import dis
import io


def sample(n, *, k=2):
    try:
        for x in range(n):
            if x > k:
                return [y for y in (x, n)]
    except ValueError as e:
        raise KeyError(*e.args) from e
    match n:
        case [a, *rest]:
            print(a, sep=rest)
    with open(n) as f, f:
        yield f"{f!r:>{n}}"


instructions = list(dis.get_instructions(sample))
print(all(i.offset >= 0 and i.opname and isinstance(i.opcode, int) for i in instructions))
print(sorted({i.starts_line - sample.__code__.co_firstlineno for i in instructions if i.starts_line})[1:])
print(any(i.is_jump_target for i in instructions), all(i.positions.lineno is None or i.positions.lineno > 0 for i in instructions))
print([i.argval for i in instructions if i.argval in ("range", "ValueError", "KeyError", "print", "open")])
for what in (sample, "x = 1", compile("lambda: 0", "f", "eval"), sample.__code__.co_code, type("C", (), {"m": sample}), sample(3)):
    out = io.StringIO()
    dis.dis(what, file=out)
    print(len(out.getvalue().splitlines()) > 2)
print(dis.code_info(sample).splitlines()[:1], dis.Bytecode("a + b").info().splitlines()[2])
try:
    1 / 0
except ZeroDivisionError as e:
    print("-->" in dis.Bytecode.from_traceback(e.__traceback__).dis())
for wrong in (5, None):
    try:
        dis.get_instructions(wrong)
    except TypeError as e:
        print(e)
print(list(dis._find_imports(compile("import a.b\nfrom c import d\nfrom . import e", "", "exec"))))
