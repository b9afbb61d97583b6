"""Loops of C over elements whose places integers name, and over windows of which the largest element is looked for."""

from __future__ import annotations

from .c_expressions import TYPES
from .c_text import INDICES, Text, described, offset
from .c_vectors import LANES, filled
from .kernels import Indexed, Largest
from .strided import Place, outer_first


def emit_indexed(text: Text, indexed: Indexed) -> None:
    """The lines that move elements one by one: an element is added to in the order of the loops."""
    here, there = indexed.here, indexed.there
    text.line(f"/* {described(indexed)} */")
    order = outer_first(here) if indexed.how == "read" else range(len(here.shape))
    indices = ["0"] * len(here.shape)
    for number, axis in enumerate(order):
        indices[axis] = INDICES[number]
        text.begin(f"for (int {indices[axis]} = 0; {indices[axis]} < {here.shape[axis]}; {indices[axis]}++)")
    named = [text.at(item, indices) if isinstance(item, Place) else indices[item] for item in indexed.at]
    inside, outside = text.at(here, indices), text.at(there, named)
    if indexed.how == "read":
        text.line(f"{inside} = {outside};")
    else:
        text.line(f"{outside} {'+=' if indexed.how == 'add' else '='} {inside};")
    text.end(len(indices))


def emit_largest(text: Text, largest: Largest) -> None:
    """The lines that go through each window, with some elements of the innermost axis side by side."""
    x, y, tables = largest.operand, largest.result, largest.tables
    kind, lead = TYPES[x.buffer.dtype], len(x.shape) - len(largest.tables)
    text.line(f"/* {described(largest)} */")
    if 0 in y.shape:
        return
    lane = x.lane if x.lane is not None and x.lane < lead else None
    many = 1 if lane is None else _together(filled(x.shape[lane]))
    text.begin("")
    for d, table in enumerate(tables):
        rows = ", ".join(f"{{{', '.join(map(str, row))}}}" for row in table)
        text.line(f"static const int places_{d}[{len(table)}][{len(table[0])}] = {{{rows}}};")
    outer = [INDICES[i] for i in range(len(x.shape))]
    loops = [axis for axis in range(len(y.shape)) if axis != lane]
    for axis in loops:
        text.begin(f"for (int {outer[axis]} = 0; {outer[axis]} < {y.shape[axis]}; {outer[axis]}++)")
    if lane is not None:
        text.begin(f"for (int {outer[lane]} = 0; {outer[lane]} < {filled(x.shape[lane])}; {outer[lane]} += {many})")
    text.line(f"{kind} best[{many}];")
    text.line(f"int32_t place[{many}], started = 0;")
    places = [f"r{d}" for d in range(len(tables))]
    for d, place in enumerate(places):
        text.begin(f"for (int k{d} = 0; k{d} < {len(tables[d][0])}; k{d}++)")
        text.line(f"const int {place} = places_{d}[{outer[lead + d]}][k{d}];")
        size = x.shape[lead + d]
        if any(not 0 <= one < size for row in tables[d] for one in row):
            text.line(f"if ({place} < 0 || {place} >= {size}) continue;")
    flat = places[0]
    for d, place in enumerate(places[1:], 1):
        flat = f"({flat}) * {x.shape[lead + d]} + {place}" if d > 1 else f"{flat} * {x.shape[lead + d]} + {place}"
    text.line(f"const int32_t number = {flat};")
    source = f"{x.buffer.name} + {offset(x, [*outer[:lead], *places])}"
    text.line(f"const {kind} *v = {source};")
    text.begin(f"for (int i = 0; i < {many}; i++)")
    text.line("const int take = !started | (v[i] > best[i]) | (v[i] != v[i]);")
    text.line("best[i] = take ? v[i] : best[i];")
    text.line("place[i] = take ? number : place[i];")
    text.end()
    text.line("started = 1;")
    text.end(len(tables))
    text.line(f"for (int i = 0; i < {many}; i++) {text.at(y, outer, 'i')} = place[i];")
    text.end(len(loops) + (lane is not None) + 1)


def _together(count: int) -> int:
    """How many numbers are looked at side by side: whole groups that divide ``count``."""
    groups = count // LANES
    return LANES * max(size for size in range(1, 9) if groups % size == 0)
