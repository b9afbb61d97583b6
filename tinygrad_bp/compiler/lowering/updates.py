"""``W −= A · B`` in one call of BLAS, so that the product, a gradient as large as W, is never made.

By the BLAS that NumPy or SciPy brings. **This reassociates**: each product is subtracted as it is summed up.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ...blas import gemm, subtract_product
from ...ops.products import LARGE
from ...program.program import Program, Step, Value
from .writer import FLOATS, Writer


class Update(NamedTuple):
    """``place −= left @ right``, or the same of the transposes in the other order."""

    place: Value
    left: Value
    right: Value
    turned: bool
    within: tuple[Step, ...]  # the steps of which it takes the place


def product_updates(program: Program) -> dict[Step, Update]:
    """By their last step, the updates of large inputs by products that nothing else reads; none without BLAS."""
    made = {step.result: step for step in program.steps}
    readers = Counter(value for step in program.steps for value in step.reads())
    readers.update(program.results())
    found = {}
    for place, value in program.writes.items():
        last = made.get(value)
        if last is None or last.op.name != "sub" or last.operands[0] is not place or not _large(place):
            continue
        within, product = [last], made.get(last.operands[1])
        turned = product is not None and product.op.name == "permute"
        if product is not None and turned:
            within.append(product)
            product = made.get(product.operands[0])
        if product is None or product.op.name != "matmul":
            continue
        within.append(product)
        after = program.steps[program.steps.index(last) + 1 :]
        alone = all(readers[step.result] == 1 for step in within)
        late = place in program.outputs or any(place in set(step.reads()) for step in after)
        matrices = all(isinstance(x, Value) and len(x.shape) == 2 and x.dtype == place.dtype for x in product.operands)
        if alone and matrices and not late and not any(_looks_at(x, place, made) for x in product.operands):
            left, right = product.operands
            found[last] = Update(place, left, right, turned, tuple(within))
    return found if found and gemm() is not None else {}


def _looks_at(value: Any, place: Value, made: dict[Value, Step]) -> bool:
    while (step := made.get(value)) is not None and step.op.views:
        value = step.operands[0]
    return value is place


def _large(place: Value) -> bool:
    return len(place.shape) == 2 and place.dtype in FLOATS and int(np.prod(place.shape)) >= LARGE


def update(writer: Writer, step: Step, of: Update) -> None:
    """Write an update."""
    sides = (of.right, of.left) if of.turned else (of.left, of.right)
    place, left, right = (writer.slot(value) for value in (of.place, *sides))
    turned = ".T" if of.turned else ""
    writer.found.objects["subtract_product"] = subtract_product
    writer.move(f"subtract_product({{0}}, {{1}}{turned}, {{2}}{turned})", place, left, right)
    writer.found.slots[step.result] = place
