"""Shows the instructions of krait's code objects.

The interface is that of Python's dis; the instructions are krait's own (see opcode). Operands are shown by what they are: a local variable by
its name, a temporary as t0, t1, ..., a constant by its repr, `!` behind a register whose value is moved out. Offsets count 2 an instruction,
as f_lasti, co_lines() and traceback do.
"""
import collections
import io
import struct
import sys
import types

from opcode import *
from opcode import FLAGS, ROLES, _all_opname, _generic_number, __all__ as _opcode_names

__all__ = ["code_info", "dis", "disassemble", "distb", "disco", "findlinestarts", "findlabels", "show_code", "get_instructions", "Instruction",
           "Bytecode"] + _opcode_names

COMPILER_FLAG_NAMES = {1: "OPTIMIZED", 2: "NEWLOCALS", 4: "VARARGS", 8: "VARKEYWORDS", 16: "NESTED", 32: "GENERATOR", 64: "NOFREE",
                       128: "COROUTINE", 256: "ITERABLE_COROUTINE", 512: "ASYNC_GENERATOR"}
_CONST, _CONSUME, _MASK = 0x8000, 0x4000, 0x3fff
_JUMP = frozenset(hasjabs)
_DATA = opmap["DATA"]
_have_code = (types.MethodType, types.FunctionType, types.CodeType, classmethod, staticmethod, type)


def pretty_flags(flags):
    """The names of a code object's flags, separated by commas."""
    names = []
    bit = 1
    while flags:
        if flags & bit:
            names.append(COMPILER_FLAG_NAMES.get(bit, hex(bit)))
            flags ^= bit
        bit <<= 1
    return ", ".join(names) or "0x0"


# ---------------------------------------------------------------- finding code


def _try_compile(source, name):
    try:
        return compile(source, name, "eval")
    except SyntaxError:
        return compile(source, name, "exec")


def _get_code_object(x):
    """The code of a function, method, generator, coroutine, class body, source text or code object."""
    for attribute in ("__func__", "__code__", "gi_code", "ag_code", "cr_code"):
        x = getattr(x, attribute, x)
    if isinstance(x, str):
        x = _try_compile(x, "<disassembly>")
    if hasattr(x, "co_code"):
        return x
    raise TypeError("don't know how to disassemble %s objects" % type(x).__name__)


# ---------------------------------------------------------------- instructions

_Instruction = collections.namedtuple("_Instruction", "opname opcode arg argval argrepr offset starts_line is_jump_target positions",
                                      defaults=[None])
Positions = collections.namedtuple("Positions", "lineno end_lineno col_offset end_col_offset", defaults=[None] * 4)


class Instruction(_Instruction):
    """One instruction.

    opname, opcode: name and number (generic form); arg: the three operands as they are encoded, or None; argval: the jump's target, the
    name or the constant, if it has one; argrepr: its operands as text; offset, starts_line, is_jump_target, positions: as in Python's dis.
    """

    @property
    def oparg(self):
        return self.arg

    def _disassemble(self, lineno_width=3, mark_as_current=False, offset_width=4):
        fields = []
        if lineno_width:
            fields.append("%*d" % (lineno_width, self.starts_line) if self.starts_line is not None else " " * lineno_width)
        fields.append("-->" if mark_as_current else "   ")
        fields.append(">>" if self.is_jump_target else "  ")
        fields.append(repr(self.offset).rjust(offset_width))
        fields.append(self.opname.ljust(22 if self.argrepr else 0))
        fields.append(self.argrepr)
        return " ".join(fields).rstrip()


class _Operands:
    """How the operands of one code object's instructions read."""

    def __init__(self, code=None):
        self.consts = code.co_consts if code else None
        self.names = code.co_names if code else None
        self.registers = code.co_varnames + tuple(n for n in code.co_cellvars if n not in code.co_varnames) + code.co_freevars if code else ()

    def register(self, operand):
        number = operand & _MASK
        name = self.registers[number] if number < len(self.registers) else "t%d" % (number - len(self.registers))
        return name

    def constant(self, index):
        return repr(self.consts[index]) if self.consts is not None else "constant %d" % index

    def name(self, index):
        return self.names[index] if self.names is not None else "name %d" % index

    def text(self, role, operand, instruction):
        if role == "R" and operand & _CONST:
            return self.constant(operand & _MASK)
        if role in "RDB":
            return self.register(operand) + ("!" if role == "R" and operand & _CONSUME else "")
        if role == "N":
            return self.name(operand)
        if role == "I":
            return str(operand)
        if role == "J":
            return "to %d" % (2 * _wide(instruction))
        if role == "K":
            return self.constant(_wide(instruction))
        return None

    def value(self, roles, instruction):
        """What dis's users look for: a jump's target, a name, or the constant loaded."""
        operands = instruction[1:]
        if "J" in roles:
            return 2 * _wide(instruction)
        if "N" in roles:
            return self.name(operands[roles.index("N")])
        if "K" in roles:
            return self.consts[_wide(instruction)] if self.consts is not None else _wide(instruction)
        for role, operand in zip(roles, operands):
            if role == "R" and operand & _CONST and self.consts is not None:
                return self.consts[operand & _MASK]
        for role, operand in zip(roles, operands):
            if role in "RDB":
                return self.register(operand)
        return None


def _wide(instruction):
    return instruction[2] | instruction[3] << 16


def _unpack(code):
    """(offset, (number, a, b, c)) of each instruction in bytes of code."""
    for index, instruction in enumerate(struct.iter_unpack("=4H", code)):
        yield 2 * index, instruction


def _unpack_opargs(code):
    for offset, (number, *operands) in _unpack(code):
        yield offset, number, tuple(operands)


def _roles(number, words, before):
    """The roles of the operands that an instruction makes use of; of a DATA word they follow from the instruction before."""
    name = opname[number]
    if number == _DATA:
        return {"CALL_KW": "R__", "MATCH_CLASS": "R__", "UNPACK_EX": "_II"}.get(before, "III")
    if name == "RAISE":
        return ("___", "R__", "RR_")[min(words[2], 2)]
    if name == "RERAISE" and not words[2]:
        return "R__"
    return ROLES[number]


def _instructions(code, operands, labels, linestarts=None, line_offset=0, positions=None):
    before = None
    for offset, instruction in _unpack(code):
        special, *words = instruction
        if special >= len(_all_opname):
            raise ValueError("no instruction has the number %d" % special)
        number = _generic_number[special]
        roles = _roles(number, words, before)
        before = opname[number]
        shown = []
        for role, operand in zip(roles, words):
            text = operands.text(role, operand, instruction)
            if text is not None:
                shown.append(text)
            if role in "JK":
                break               # the other half follows
        line = linestarts.get(offset) if linestarts else None
        yield Instruction(_all_opname[special], number, tuple(words) if shown else None, operands.value(roles, instruction), ", ".join(shown), offset,
                          line + line_offset if line is not None else None, offset in labels, Positions(*next(positions)) if positions else None)


def _code_bytes(code, adaptive):
    return code._co_code_adaptive if adaptive else code.co_code


def get_instructions(x, *, first_line=None, show_caches=False, adaptive=False):
    """Iterates over the Instructions of a function, method, source text or code object."""
    code = _get_code_object(x)
    linestarts = dict(findlinestarts(code))
    line_offset = first_line - code.co_firstlineno if first_line is not None else 0
    return _instructions(_code_bytes(code, adaptive), _Operands(code), _labels(code), linestarts, line_offset, code.co_positions())


def findlabels(code):
    """The offsets of instructions in bytes of code that jumps lead to."""
    labels = []
    for offset, instruction in _unpack(code):
        number = _generic_number[instruction[0]] if instruction[0] < len(_generic_number) else _DATA
        if number in _JUMP:
            label = 2 * _wide(instruction)
            if label not in labels:
                labels.append(label)
    return labels


_ExceptionEntry = collections.namedtuple("_ExceptionEntry", "start end target depth lasti")


def _exception_entries(code):
    return [_ExceptionEntry(2 * start, 2 * end, 2 * target, depth, bool(lasti))
            for start, end, target, depth, lasti in struct.iter_unpack("=3I2H", code.co_exceptiontable)]


def _labels(code):
    return set(findlabels(code.co_code)) | {entry.target for entry in _exception_entries(code)}


def findlinestarts(code):
    """(offset, line number) of each place in a code object where another line begins."""
    last = None
    for start, end, line in code.co_lines():
        if line is not None and line != last:
            last = line
            yield start, line


# ---------------------------------------------------------------- what uses names (modulefinder)


def _find_imports(code):
    """(name, level, from list) of each import statement."""
    IMPORT_NAME, MOVE, LOAD_CONST = opmap["IMPORT_NAME"], opmap["MOVE"], opmap["LOAD_CONST"]
    loaded = {}
    for _, instruction in _unpack(code.co_code):
        number, a, b, c = instruction
        if number == MOVE and b & _CONST:
            loaded[a & _MASK] = code.co_consts[b & _MASK]
        elif number == LOAD_CONST:
            loaded[a & _MASK] = code.co_consts[_wide(instruction)]
        elif number == IMPORT_NAME and b in loaded and b + 1 in loaded:
            yield code.co_names[c], loaded[b], loaded[b + 1]


def _find_store_names(code):
    """The names of global variables that code assigns."""
    stores = opmap["STORE_NAME"], opmap["STORE_GLOBAL"]
    for _, (number, a, *_) in _unpack(code.co_code):
        if number in stores:
            yield code.co_names[a]


# ---------------------------------------------------------------- showing


def disassemble(co, lasti=-1, *, file=None, show_caches=False, adaptive=False):
    """Shows a code object, with an arrow at the instruction with offset lasti."""
    linestarts = dict(findlinestarts(co))
    instructions = _instructions(_code_bytes(co, adaptive), _Operands(co), _labels(co), linestarts, 0, co.co_positions())
    entries = _exception_entries(co)
    _show(instructions, lasti, max(linestarts.values(), default=0) if linestarts else None, len(co.co_code) // 4, file)
    if entries:
        print("ExceptionTable:", file=file)
        for entry in entries:
            print("  %d to %d -> %d [%d]%s" % (entry.start, entry.end - 2, entry.target, entry.depth, " lasti" if entry.lasti else ""), file=file)


disco = disassemble


def _show(instructions, lasti, last_line, last_offset, file):
    lineno_width = max(3, len(str(last_line))) if last_line is not None else 0
    offset_width = max(4, len(str(last_offset)))
    for instruction in instructions:
        if lineno_width and instruction.starts_line is not None and instruction.offset > 0:
            print(file=file)
        print(instruction._disassemble(lineno_width, instruction.offset == lasti, offset_width), file=file)


def _disassemble_recursive(co, *, file=None, depth=None, show_caches=False, adaptive=False):
    disassemble(co, file=file, show_caches=show_caches, adaptive=adaptive)
    if depth is None or depth > 0:
        for constant in co.co_consts:
            if hasattr(constant, "co_code"):
                print(file=file)
                print("Disassembly of %r:" % (constant,), file=file)
                _disassemble_recursive(constant, file=file, depth=None if depth is None else depth - 1, show_caches=show_caches, adaptive=adaptive)


def dis(x=None, *, file=None, depth=None, show_caches=False, adaptive=False):
    """Shows classes, methods, functions, generators, source text, bytes of code; without an argument, the last traceback.

    Nested code is shown down to the given depth (None: all). adaptive: in the form that it has now, with the instructions that
    specialised themselves. show_caches is accepted and does nothing: caches are not part of the code.
    """
    if x is None:
        distb(file=file, show_caches=show_caches, adaptive=adaptive)
        return
    for attribute in ("__func__", "__code__", "gi_code", "ag_code", "cr_code"):
        x = getattr(x, attribute, x)
    if hasattr(x, "co_code"):
        _disassemble_recursive(x, file=file, depth=depth, show_caches=show_caches, adaptive=adaptive)
    elif hasattr(x, "__dict__"):
        for name, value in sorted(x.__dict__.items()):
            if isinstance(value, _have_code):
                print("Disassembly of %s:" % name, file=file)
                try:
                    dis(value, file=file, depth=depth, show_caches=show_caches, adaptive=adaptive)
                except TypeError as e:
                    print("Sorry:", e, file=file)
                print(file=file)
    elif isinstance(x, (bytes, bytearray)):
        _show(_instructions(x, _Operands(), set(findlabels(x))), -1, None, len(x) // 4, file)
    elif isinstance(x, str):
        _disassemble_recursive(_try_compile(x, "<dis>"), file=file, depth=depth, show_caches=show_caches, adaptive=adaptive)
    else:
        raise TypeError("don't know how to disassemble %s objects" % type(x).__name__)


def distb(tb=None, *, file=None, show_caches=False, adaptive=False):
    """Shows where a traceback (by default the last one) ended."""
    if tb is None:
        try:
            tb = sys.last_traceback
        except AttributeError:
            raise RuntimeError("no last traceback to disassemble") from None
    while tb.tb_next:
        tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file, show_caches=show_caches, adaptive=adaptive)


def code_info(x):
    """Facts about a code object as text."""
    return _format_code_info(_get_code_object(x))


def _format_code_info(co):
    lines = ["%-18s %s" % (title + ":", value) for title, value in (
        ("Name", co.co_name), ("Filename", co.co_filename), ("Argument count", co.co_argcount), ("Positional-only arguments", co.co_posonlyargcount),
        ("Kw-only arguments", co.co_kwonlyargcount), ("Number of locals", co.co_nlocals), ("Stack size", co.co_stacksize), ("Flags", pretty_flags(co.co_flags)))]
    for title, values, show in (("Constants", co.co_consts, repr), ("Names", co.co_names, str), ("Variable names", co.co_varnames, str),
                                ("Free variables", co.co_freevars, str), ("Cell variables", co.co_cellvars, str)):
        if values:
            lines.append(title + ":")
            lines.extend("%4d: %s" % (index, show(value)) for index, value in enumerate(values))
    return "\n".join(lines)


def show_code(co, *, file=None):
    """Prints code_info."""
    print(code_info(co), file=file)


class Bytecode:
    """The instructions of a function, method, source text or code object, to be iterated over or shown."""

    def __init__(self, x, *, first_line=None, current_offset=None, show_caches=False, adaptive=False):
        self.codeobj = co = _get_code_object(x)
        self.first_line = co.co_firstlineno if first_line is None else first_line
        self._line_offset = self.first_line - co.co_firstlineno
        self._original_object = x
        self.current_offset = current_offset
        self.exception_entries = _exception_entries(co)
        self.show_caches = show_caches
        self.adaptive = adaptive

    def __iter__(self):
        return get_instructions(self.codeobj, first_line=self.first_line, show_caches=self.show_caches, adaptive=self.adaptive)

    def __repr__(self):
        return "{}({!r})".format(self.__class__.__name__, self._original_object)

    @classmethod
    def from_traceback(cls, tb, *, show_caches=False, adaptive=False):
        """Of the code that a traceback ended in."""
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti, show_caches=show_caches, adaptive=adaptive)

    def info(self):
        """code_info of it."""
        return _format_code_info(self.codeobj)

    def dis(self):
        """What disassemble prints, as text."""
        with io.StringIO() as out:
            offset = self.current_offset if self.current_offset is not None else -1
            disassemble(self.codeobj, offset, file=out, show_caches=self.show_caches, adaptive=self.adaptive)
            return out.getvalue()


def _main():
    import argparse
    parser = argparse.ArgumentParser(prog="dis", description="Shows the instructions of a program.")
    parser.add_argument("infile", type=argparse.FileType("rb"), nargs="?", default="-", help="source file (standard input by default)")
    args = parser.parse_args()
    with args.infile as infile:
        source = infile.read()
    dis(compile(source, args.infile.name, "exec"))


if __name__ == "__main__":
    _main()
