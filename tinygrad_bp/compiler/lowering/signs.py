"""A sum that is only wanted with the other sign is taken with it: −(a + r · b) is (−r · b) − a, a call less."""

from __future__ import annotations

from collections import Counter

from ..lines import Line, Slot
from .writer import Writer


def fold_signs(writer: Writer) -> None:
    """Where ``negative`` alone reads the sum of a product and a repeated row, repeat the row with the other sign."""
    lines, made = writer.found.lines, {slot: line for line in writer.found.lines for slot in line.gives}
    ends = [writer.found.slots[value] for value in writer.found.program.results()]
    readers = Counter([*ends, *(slot for line in lines for slot in line.reads)])
    arrays = {slot: array for slot, array in writer.found.constants()}
    for line in list(lines):
        if not line.text.startswith("negative(") or readers[line.reads[0]] != 1:
            continue
        total = made.get(line.reads[0])
        if total is None or not total.text.startswith("add({0}, {1}"):
            continue
        product, repeated = total.reads
        repeat = made.get(repeated)
        if repeat is None or readers[repeated] != 1 or repeat.reads[0] not in arrays:
            continue
        ones: Slot = repeat.reads[0]
        if not repeat.text.startswith("{0}.dot({1}") or not (arrays[ones] == 1).all():
            continue
        minus = writer.constant(-arrays[ones], f"minus_{ones.name}")
        lines[lines.index(repeat)] = Line(repeat.text, (minus, repeat.reads[1]), repeat.gives, repeat.into)
        lines[lines.index(total)] = Line(
            "subtract({0}, {1})", (repeated, product), line.gives, "subtract({0}, {1}, {out})", over=True
        )
        lines.remove(line)
