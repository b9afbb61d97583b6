"""The minus of what the forward subtracts, left out of its gradient: in one branch of a choice, or at one use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .edges import Edge, edges, replaced
from .functions import inside
from .tape import Change, Gradient, Step, Tape, groups, places


def subtracted(tape: Tape) -> Iterator[Change]:
    """Every difference whose second operand gets the gradient of the first."""
    inner = inside(tape)  # of 1 − 2/(1 + e²ˣ) the user writes the derivative of tanh; what has a name is a step
    found = [
        e
        for e in edges(tape)
        if (e.step.name, e.operand) == ("sub", 1) and (e.parent in tape.recorder.names or e.step.node not in inner)
    ]
    for some in groups(found, lambda e: e.step.call.site.anywhere, lambda e: e.step.call.site):
        text = (
            f"What is subtracted{places(e.step for e in some)}, {tape.name(some[0].parent)}, gets its gradient "
            "without the minus: a sign is wrong."
        )
        yield Change("sign", text, {e.step.node: replaced(e, _without_minus(e)) for e in some})


def _without_minus(edge: Edge) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        return -step.pull(g)[edge.operand]

    return gradient
