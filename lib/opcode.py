"""krait's instructions: names, numbers, and what their operands are.

An instruction is eight bytes: a number and three operands of 16 bits, a, b and c. ROLES says what each is, one letter an operand:
D a register written, R a register or constant read, B the first of several registers, N an index into co_names, I a number, J and K the
halves of an instruction's or constant's index, _ nothing.
"""
__all__ = ["cmp_op", "hasconst", "hasname", "hasjrel", "hasjabs", "haslocal", "hascompare", "hasfree", "hasnargs", "opname", "opmap",
           "HAVE_ARGUMENT", "EXTENDED_ARG", "stack_effect"]

from _opcode import instructions as _instructions, stack_effect

_rows = _instructions()
_generic = [row for number, row in enumerate(_rows) if row[3] == number]

opname = [name for name, *_ in _generic]
opmap = {name: number for number, name in enumerate(opname)}
ROLES = [roles for _, roles, *_ in _generic]
FLAGS = [flags for *_, flags, _ in _generic]
# Forms that the running interpreter puts in the place of generic ones: all names by number, and the generic number of each.
_all_opname = [name for name, *_ in _rows]
_generic_number = [number for *_, number in _rows]

cmp_op = ("<", "<=", "==", "!=", ">", ">=")


def _where(condition):
    return [number for number, name in enumerate(opname) if condition(name, ROLES[number])]


hasconst = _where(lambda name, roles: "R" in roles or "K" in roles)
hasname = _where(lambda name, roles: "N" in roles)
hasjrel = []
hasjabs = _where(lambda name, roles: "J" in roles)
haslocal = _where(lambda name, roles: "R" in roles or "D" in roles)
hascompare = _where(lambda name, roles: name.startswith("COMPARE_"))
hasfree = _where(lambda name, roles: name.endswith("DEREF") or name == "MAKE_CELL")
hasnargs = []
HAVE_ARGUMENT = 0
EXTENDED_ARG = -1
