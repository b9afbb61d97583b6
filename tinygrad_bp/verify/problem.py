"""A function of some arrays and its gradients, and its derivative as another such function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.forward import push_forward
from ..autograd.gradient import pull
from ..autograd.modes import inference_mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import value_of
from .contracts import product


def of_kind(dtype: Any, wide: bool) -> Any:
    """The dtype itself, or the one of its kind in which differences are taken."""
    return np.dtype(dtype) if not wide else np.dtype(np.complex128 if np.dtype(dtype).kind == "c" else np.float64)


@dataclass(frozen=True)
class Problem:
    """A function of some arrays: ``run(leaves, recorded)`` gives its results, ``recorded`` if they are needed so."""

    name: str
    names: list[str]
    values: list[Any]
    run: Callable[[list[Tensor], bool], list[Tensor]]
    order: int = 1

    def outputs(self, values: Sequence[Any], recorded: bool = False) -> tuple[list[Tensor], list[Tensor]]:
        """The leaves and the results."""
        leaves = [wrap(np.array(value), None) for value in values]
        for leaf in leaves:
            leaf.requires_grad = True
        with inference_mode(False):
            return leaves, self.run(leaves, recorded)

    def gradients(self, values: Sequence[Any], cotangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The results and the gradients of ``Σ cotangents · results``."""
        leaves, found = self.outputs(values, True)
        given = [wrap(in_dtype(w, y.dtype), None) for w, y in zip(cotangents, found, strict=True)]
        pulled = pull(found, leaves, given)
        return [value_of(y) for y in found], [value_of(g) for g in pulled]

    def total(self, values: Sequence[Any], cotangents: Sequence[Any]) -> float:
        """The number ``Σ cotangents · results``."""
        _, found = self.outputs(values)
        return float(sum(product(w, value_of(y).astype(w.dtype)) for w, y in zip(cotangents, found, strict=True)))

    def derivative(self, cotangents: Sequence[Any]) -> Problem:
        """The gradients as a function of the values and of the cotangents."""
        n = len(self.values)

        def run(leaves: list[Tensor], recorded: bool) -> list[Tensor]:
            found = self.run(leaves[:n], True)
            arriving = [g.to(y.dtype) for y, g in zip(found, leaves[n:], strict=True)]
            return pull(found, leaves[:n], arriving, recorded)

        given = [in_dtype(w, y.dtype) for w, y in zip(cotangents, self.outputs(self.values)[1], strict=True)]
        several = len(given) > 1 or self.order > 1
        arriving = [f"g{self.order}_{i}" if several else "g" for i in range(len(given))]
        return Problem(self.name, [*self.names, *arriving], [*self.values, *given], run, self.order + 1)


class Pushed(Problem):
    """A problem whose gradients are found in forward mode alone, one element after another."""

    def gradients(self, values: Sequence[Any], cotangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The results and the gradients of ``Σ cotangents · results``."""
        leaves, found = self.outputs(values, True)
        gradients = [np.zeros(leaf.shape, leaf.dtype) for leaf in leaves]
        for leaf, gradient in zip(leaves, gradients, strict=True):
            for place in np.ndindex(gradient.shape):
                for unit in (1.0, 1j) if gradient.dtype.kind == "c" else (1.0,):
                    step = np.zeros_like(gradient)
                    step[place] = unit
                    moved = push_forward(found, {leaf._node: wrap(step, None)})  # type: ignore[dict-item]
                    pairs = [(w, value_of(t)) for w, t in zip(cotangents, moved, strict=True) if t is not None]
                    gradient[place] += unit * sum(product(w, t.astype(w.dtype)) for w, t in pairs)
        return [value_of(y) for y in found], gradients


def in_dtype(array: Any, dtype: Any) -> Any:
    """A cotangent in the dtype of its result."""
    return np.asarray(array).astype(dtype) if np.dtype(dtype).kind == "c" else np.real(array).astype(dtype)
