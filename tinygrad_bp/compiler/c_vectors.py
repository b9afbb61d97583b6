"""Vectors in C: as many numbers as a register holds, and the sums of 16 numbers, alike whatever it holds.

A type of 16 numbers everywhere would be allowed in C, but GCC keeps a variable that is wider than a register in memory
(``docs/decisions/049``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .c_expressions import TYPES
from .processor import Registers

LANES = 16  # rows side by side: sums run in 16 parts, in the same order on every machine


def filled(count: int) -> int:
    """``count`` up to whole groups of 16."""
    return -(-count // LANES) * LANES


def row_length(count: int) -> int:
    """The numbers of a row in memory, whole groups of 16; rows of whole pages would stand in each other's way."""
    whole = filled(count)
    return whole + LANES if whole % 256 == 0 else whole


@dataclass(frozen=True)
class Vector:
    """What a register holds of a kind of floats."""

    real: str  # in C
    f: str  # what the names of its functions end with
    size: int  # numbers
    sums: int  # so many vectors are kept at once, with room for what is added to them

    @classmethod
    def of(cls, registers: Registers, dtype: np.dtype[Any]) -> Vector:
        """The vector of a dtype in such registers."""
        real = TYPES[dtype]
        size = min(registers.size // dtype.itemsize, LANES)
        return cls(real, "f" if real == "float" else "", size, 16 if registers.count > 16 else 12)

    @property
    def parts(self) -> int:
        """How many hold 16 sums."""
        return LANES // self.size

    def each(self, text: str) -> list[str]:
        """``text`` for each of the vectors of 16 numbers, with ``{p}`` and ``{on}``: which one, how far on."""
        return [text.format(p=p, on=f" + {p * self.size}" if p else "") for p in range(self.parts)]

    def total(self, parts: Sequence[str]) -> str:
        """The sum of 16 numbers: the upper half on the lower half, four times."""
        return f"total{self.f}({self.folded(parts)})"

    def folded(self, parts: Sequence[str]) -> str:
        """The first of these halvings, down to one vector."""
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [f"({low} + {high})" for low, high in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]


SHUFFLE = """
/* Numbers of two vectors, by their places. */
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (__typeof__((a) == (a))){__VA_ARGS__})
#endif
"""


def vectors(v: Vector) -> str:
    """The C text of a vector, of its sum in a fixed order, and of what is made of its numbers by place."""
    f, size, real = v.f, v.size, v.real
    itemsize, word = (4, "int32_t") if f else (8, "int64_t")
    types = "\n".join(
        f"typedef {real} vector{n}{f} __attribute__((vector_size({n * itemsize}), aligned({itemsize}), may_alias));"
        for n in (16, 8, 4, 2)
        if n <= max(size, 4)
    )
    return f"""
/* What a register holds: {size} numbers. */
{types}
typedef vector{size}{f} vector{f};
typedef {word} mask{f} __attribute__((vector_size({size * itemsize})));

/* The sum of the numbers of a vector: the upper half on the lower half, until two are left. */
INLINE {real} total{f}(vector{f} x)
{{
{_halved(v, 2)}    return x2[0] + x2[1];
}}
{_totals(v)}
/* The lower and the upper halves of two vectors, one number of each in turn. */
{_in_turn(v, "lower", 0)}
{_in_turn(v, "upper", size // 2)}

/* {size} rows of {size} numbers, turned: the upper half of the rows goes between the lower half, again and again. */
INLINE void turn{f}({real} *to, long to_step, const {real} *from, long from_step)
{{
    vector{f} a[{size}], b[{size}];
    UNROLL for (int i = 0; i < {size}; i++) a[i] = *(const vector{f} *)(from + i * from_step);
{_turned(v)}}}

/* 0 where x is negative; NaN stays. */
INLINE vector{f} relu{f}(vector{f} x) {{ return (vector{f})((mask{f})x & ~(mask{f})(x < 0)); }}

/* x where there are data, 0 in the lanes that only fill up. */
INLINE vector{f} first{f}(vector{f} x, int count)
{{
    mask{f} keep;
    for (int i = 0; i < {size}; i++) keep[i] = i < count ? -1 : 0;
    return (vector{f})((mask{f})x & keep);
}}
"""


def _halved(v: Vector, to: int) -> str:
    """Lines that make ``x{to}`` of ``x``: its upper half on its lower half, until ``to`` numbers are left."""
    lines, size, name = "", v.size, "x"
    while size > to:
        half = size // 2
        lines += f"""\
    union {{ vector{size}{v.f} x; vector{half}{v.f} half[2]; }} of_{name} = {{ {name} }};
    vector{half}{v.f} x{half} = of_{name}.half[0] + of_{name}.half[1];
"""
        size, name = half, f"x{half}"
    return lines or f"    vector{to}{v.f} x{to} = x;\n"


def _totals(v: Vector) -> str:
    """The sums of four vectors at once."""
    f, four = v.f, f"vector4{v.f}"
    head = f"INLINE {four} totals{f}(vector{f} a, vector{f} b, vector{f} c, vector{f} d)"
    if v.size < 4:
        return f"{head} {{ return ({four}){{total{f}(a), total{f}(b), total{f}(c), total{f}(d)}}; }}\n"
    return f"""
/* The sums of four vectors, each as ``total`` gives it: what is added to what is the same. */
INLINE {four} quarter{f}(vector{f} x)
{{
{_halved(v, 4)}    return x4;
}}
INLINE {four} added{f}({four} a, {four} b) {{ return SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7); }}
{head}
{{
    return added{f}(added{f}(quarter{f}(a), quarter{f}(c)), added{f}(quarter{f}(b), quarter{f}(d)));
}}
"""


def _in_turn(v: Vector, name: str, start: int) -> str:
    places = ", ".join(str(i + of * v.size) for i in range(start, start + v.size // 2) for of in (0, 1))
    return f"INLINE vector{v.f} {name}{v.f}(vector{v.f} a, vector{v.f} b) {{ return SHUFFLE(a, b, {places}); }}"


def _turned(v: Vector) -> str:
    """Half of the rows between the other half, as often as ``size`` can be halved; then the rows are written."""
    f, half, (now, then) = v.f, v.size // 2, ("a", "b")
    lines = ""
    for _ in range(v.size.bit_length() - 1):
        pair = f"{now}[i], {now}[i + {half}]"
        lines += f"""\
    UNROLL for (int i = 0; i < {half}; i++) {then}[2 * i] = lower{f}({pair}), {then}[2 * i + 1] = upper{f}({pair});
"""
        now, then = then, now
    return f"{lines}    UNROLL for (int i = 0; i < {v.size}; i++) *(vector{f} *)(to + i * to_step) = {now}[i];\n"
