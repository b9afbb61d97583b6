"""The fully connected network that all five reports build by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.types import DTypeLike
from ..nn import Linear, Module, ReLU, Sequential
from ..random.generator import Generator


class MLP(Sequential):
    """Linear layers of the given sizes with an activation between them, and ``output`` after the last.

    ``activation`` and ``output`` are classes (or functions) that make a module; None leaves the place empty.

    >>> import tinygrad_bp as tg
    >>> tg.models.MLP([2, 10, 1], activation=tg.nn.Sigmoid)
    MLP(
      (0): Linear(in_features=2, out_features=10, bias=True)
      (1): Sigmoid()
      (2): Linear(in_features=10, out_features=1, bias=True)
    )
    """

    def __init__(
        self, sizes: Sequence[int], activation: Callable[[], Module] | None = ReLU,
        output: Callable[[], Module] | None = None, bias: bool = True, dtype: DTypeLike = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        if len(sizes) < 2:
            raise ArgumentError(f"MLP: needs at least an input and an output size, got {list(sizes)}")
        layers: list[Module] = []
        for i, (size_in, size_out) in enumerate(pairwise(sizes)):
            layers.append(Linear(size_in, size_out, bias=bias, dtype=dtype, generator=generator))
            after = activation if i < len(sizes) - 2 else output
            if after is not None:
                layers.append(after())
        super().__init__(*layers)

    def __getitem__(self, index: Any) -> Any:
        return Sequential(*self._list()[index]) if isinstance(index, slice) else super().__getitem__(index)
