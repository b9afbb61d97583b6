"""One number for each dimension, or one for all: what layers written for PyTorch import from ``nn.modules.utils``.

And how their signatures say it, in ``nn.common_types``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.tensor import Tensor


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives ``n`` times what it is given, or a tuple of its items.

    >>> _ntuple(2)(3), _ntuple(2)([3, 4])
    ((3, 3), (3, 4))
    """

    def repeated(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    return repeated


_single, _pair, _triple, _quadruple = map(_ntuple, range(1, 5))

_size_any_t = int | tuple[int, ...]
_size_1_t, _size_2_t, _size_3_t = int | tuple[int], int | tuple[int, int], int | tuple[int, int, int]
_size_any_opt_t = int | None | tuple[int | None, ...]
_size_2_opt_t = int | None | tuple[int | None, int | None]
_size_3_opt_t = int | None | tuple[int | None, int | None, int | None]
_ratio_any_t = float | tuple[float, ...]
_ratio_2_t, _ratio_3_t = float | tuple[float, float], float | tuple[float, float, float]
_tensor_list_t, _maybe_indices_t = Tensor | tuple[Tensor, ...], Tensor | tuple[Tensor, Tensor]
