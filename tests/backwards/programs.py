"""A program of the corpus: how it is checked, the mistakes it can have, and the words that name each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_bp.verify import Diagnosis, check_backward, check_gradients

Check = Callable[[], Diagnosis]


@dataclass(frozen=True)
class Program:
    """``build(mistake)`` gives the check of a backward with that mistake; with ``""`` it is right."""

    subject: str
    style: str
    build: Callable[[str], Check]
    mistakes: dict[str, Collection[str]]  # and the kinds that name each


def given(f: Callable[..., Any], params: Any, batch: Sequence[Any], axis: int = 0, batched: bool = True) -> Check:
    """``loss, grads = f(params, *batch)``."""
    if not batched:  # rows are no examples: one sequence
        return lambda: check_gradients(lambda params: f(params, *batch), params)
    return lambda: check_gradients(f, params, batch, axis=axis)


def closed(f: Callable[..., Any], params: Any) -> Check:
    """``loss, grads = f(params)``, with the data closed over."""
    return lambda: check_gradients(f, params)


def layer(
    hand: Callable[..., Any], engine: Callable[..., Any], inputs: Sequence[Any], names: Sequence[str] = ()
) -> Check:
    """``hand(g, *inputs)`` against the gradient of ``engine(*inputs)``."""
    return lambda: check_backward(hand, engine, inputs, names=names)
