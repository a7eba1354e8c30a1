#!/usr/bin/env python3
"""Writes the rows of src/object/pow10_table.h: for k from -292 to 324, floor(10^k * 2^(127 - floor(log2 10^k))) + 1."""


def row(k):
    if k >= 0:
        n = 10 ** k
        e = n.bit_length() - 1
        g = n << (127 - e) if e <= 127 else n >> (e - 127)
    else:
        d = 10 ** -k
        e = -d.bit_length()  # floor(log2(10^k)): a power of ten below 1 is never a power of two
        g = (1 << (127 - e)) // d
    assert g.bit_length() == 128
    g += 1
    return "    {0x%016x, 0x%016x}," % (g >> 64, g & (1 << 64) - 1)


for k in range(-292, 325):
    print(row(k))
