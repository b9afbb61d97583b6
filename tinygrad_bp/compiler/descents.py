"""Weights that a large product moves: BLAS can add to the weight itself, and there is no gradient in memory."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from ..program.program import Program, Step, Value

Descent = tuple[Step, bool, Any]  # the product, whether it stands transposed, and what it is multiplied by


def descents(
    program: Program, direct: Container[Value], large: Callable[[tuple[int, ...], int], bool]
) -> tuple[dict[Value, Descent], set[Value]]:
    """``W − s · a @ b`` for the values that written inputs become, and the values on the way, which need no memory.

    Only values in ``direct`` may be written before the end; ``large`` says of a shape and an inner size whether BLAS
    takes the product.
    """
    maker = {step.result: step for step in program.steps}
    uses: dict[Value, int] = {}
    for value in (*[read for step in program.steps for read in step.reads()], *program.results()):
        uses[value] = uses.get(value, 0) + 1
    found: dict[Value, Descent] = {}
    within: set[Value] = set()
    for held, value in program.writes.items():
        step = maker.get(value)
        if value not in direct or step is None or step.op.name != "sub" or step.operands[0] is not held:
            continue
        chain: list[Any] = [step.operands[1]]
        scale: Any = 1.0
        turned = False
        scaled = maker.get(chain[0])
        if scaled is not None and scaled.op.name == "mul":
            scale, product = scaled.operands
            if isinstance(scale, Value) and scale.shape:
                product, scale = scale, product
            chain.append(product)
        while (last := maker.get(chain[-1])) is not None and last.op.name == "permute":
            turned = turned != (int(last.params["axes"][0]) % 2 == 1)
            chain.append(last.operands[0])
        one_number = not isinstance(scale, Value) or not scale.shape
        if last is None or last.op.name != "matmul" or not one_number or any(uses.get(item) != 1 for item in chain):
            continue
        if all(len(item.shape) == 2 for item in (held, *last.operands)) and large(
            held.shape, last.operands[0].shape[-1]
        ):
            found[value] = last, turned, scale
            within.update(chain)
    return found, within
