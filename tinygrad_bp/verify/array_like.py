"""Tensors that behave as arrays: what was written for NumPy runs on them with NumPy's meaning and leaves a graph.

A Tensor's own methods are PyTorch's: ``z.max(axis=1)`` gives values and indices, ``x.var(0)`` divides by n − 1. Code
that was written for arrays means NumPy's. Numbers that it takes out (by ``float()``, or into an array of its own) have
no graph any more; whoever reads the graph compares its slope with that of the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..autograd.tensor import Tensor
from ..autograd.types import DTypeLike
from ..autograd.values import value_of

METHODS = (  # those that are NumPy's function of the name
    "all", "any", "argmax", "argmin", "argsort", "clip", "conj", "copy", "cumprod", "cumsum", "diagonal", "dot", "max",
    "mean", "min", "nonzero", "prod", "ravel", "repeat", "round", "squeeze", "std", "sum", "swapaxes", "take", "trace",
    "var",
)  # fmt: skip


@dataclass
class Run:
    """Whether one run of a program is over: what it keeps of it has only numbers then."""

    over: bool = False


class ArrayLike(NDArrayOperatorsMixin):
    """A Tensor in the place of an array.

    >>> import tinygrad_bp as tg
    >>> x = ArrayLike(tg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True))
    >>> (x / x.max(axis=1, keepdims=True)).var().tensor
    tensor(0.0519, grad_fn=<VarBackward0>)
    """

    def __init__(self, tensor: Tensor, run: Run | None = None) -> None:
        self.tensor = tensor
        self.run = Run() if run is None else run

    def _like(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            return ArrayLike(result, self.run)
        return type(result)(map(self._like, result)) if type(result) in (tuple, list) else result

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """NumPy's function on the Tensors. What is written into is another from then on."""
        result = self._like(getattr(ufunc, method)(*map(plain, inputs), **plain(kwargs)))
        if out and isinstance(out[0], ArrayLike) and isinstance(result, ArrayLike):
            out[0].tensor = result.tensor
            return out[0]
        return result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's function on the Tensors."""
        return self._like(function(*plain(args), **plain(kwargs)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """The numbers alone."""
        return np.array(value_of(self.tensor), dtype=dtype)

    def __float__(self) -> float:
        return float(value_of(self.tensor))

    item = __float__

    def __int__(self) -> int:
        return int(value_of(self.tensor))

    def __index__(self) -> int:
        return int(value_of(self.tensor).__index__())

    def __bool__(self) -> bool:
        return bool(value_of(self.tensor))

    def __getitem__(self, key: Any) -> Any:
        return self._like(self.tensor[plain(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        written = self.tensor.clone()
        written[plain(key)] = plain(value)
        self.tensor = written

    def __len__(self) -> int:
        return len(self.tensor)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array has it."""
        return tuple(self.tensor.shape)

    @property
    def ndim(self) -> int:
        """As an array has it."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """As an array has it."""
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> Any:
        """As an array has it."""
        return np.dtype(value_of(self.tensor).dtype)

    @property
    def T(self) -> Any:
        """As an array has it."""
        return np.transpose(self)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        """As an array's."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order)

    def transpose(self, *axes: Any) -> Any:
        """As an array's."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def flatten(self) -> Any:
        """As an array's."""
        return np.ravel(self)

    def astype(self, dtype: DTypeLike, copy: bool = True) -> Any:
        """As an array's; floats stay what they are."""
        return self if np.dtype(dtype).kind == "f" and self.dtype.kind == "f" else self._like(self.tensor.astype(dtype))

    def fill(self, value: float) -> None:
        """As an array's."""
        self[...] = value


def _method(name: str) -> Callable[..., Any]:
    def method(self: ArrayLike, *args: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *args, **kwargs)

    return method


for _name in METHODS:
    setattr(ArrayLike, _name, _method(_name))


def plain(tree: Any) -> Any:
    """The Tensors in arguments, which may be nested; the numbers of those that a program kept from a run before."""
    if isinstance(tree, ArrayLike):
        return value_of(tree.tensor) if tree.run.over else tree.tensor
    if type(tree) is dict:
        return {key: plain(part) for key, part in tree.items()}
    return type(tree)(map(plain, tree)) if type(tree) in (tuple, list) else tree
