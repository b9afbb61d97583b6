"""The ops whose result is a view, with memory of its own: PyTorch's names in ``_copy``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached
from ..ops import borders, complex_numbers, diagonals, shape
from ..ops.elementwise import clone
from . import splitting

__all__ = [
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy", "narrow_copy", "permute_copy",
    "select_copy",
    "slice_copy", "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy",
    "unfold_copy", "unsqueeze_copy", "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip


def _copied(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def copy(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return tuple([clone(part) for part in result]) if isinstance(result, tuple) else clone(result)

    copy.__module__, copy.__name__ = __name__, f"{function.__name__}_copy"
    copy.__qualname__ = copy.__name__
    copy.__doc__ = f"A copy of what ``{function.__name__}`` gives, which shares no memory with the input."
    return copy


alias_copy: Callable[..., Any] = clone


def detach_copy(input: Array) -> Tensor:
    """A copy of the tensor without history, which shares no memory with it.

    >>> import tinygrad_bp as tg
    >>> tg.detach_copy(tg.ones(2, requires_grad=True))
    tensor([1., 1.])
    """
    copied: Tensor = clone(detached(input))
    return copied


as_strided_copy: Callable[..., Any] = _copied(borders.as_strided)
diagonal_copy: Callable[..., Any] = _copied(diagonals.diagonal)
expand_copy: Callable[..., Any] = _copied(shape.expand)
narrow_copy: Callable[..., Any] = _copied(splitting.narrow)
permute_copy: Callable[..., Any] = _copied(shape.permute)
select_copy: Callable[..., Any] = _copied(splitting.select)
slice_copy: Callable[..., Any] = _copied(splitting.slice)
split_copy: Callable[..., Any] = _copied(splitting.split)
split_with_sizes_copy: Callable[..., Any] = _copied(splitting.split_with_sizes)
squeeze_copy: Callable[..., Any] = _copied(shape.squeeze)
t_copy: Callable[..., Any] = _copied(shape.t)
transpose_copy: Callable[..., Any] = _copied(shape.transpose)
unbind_copy: Callable[..., Any] = _copied(splitting.unbind)
unfold_copy: Callable[..., Any] = _copied(borders.unfold)
unsqueeze_copy: Callable[..., Any] = _copied(shape.unsqueeze)
view_as_complex_copy: Callable[..., Any] = _copied(complex_numbers.view_as_complex)
view_as_real_copy: Callable[..., Any] = _copied(complex_numbers.view_as_real)
view_copy: Callable[..., Any] = _copied(shape.view)
