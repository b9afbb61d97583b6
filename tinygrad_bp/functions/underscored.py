"""Names of PyTorch with an underscore before them that programs use all the same: ``torch._foreach_add_``.

``_foreach_`` stands before functions over lists of tensors, which fuse kernels of a GPU: optimizers and averages of
weights are written with them. Here each is the loop that it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ..autograd.errors import ArgumentError, ShapeError
from ..autograd.tensor import Tensor
from ..ops.norms import vector_norm
from .kinds import broadcast_shapes

Call: TypeAlias = tuple[Tensor, list[Any], dict[str, Any]]

# Those that take their arguments otherwise than the method of the name does.
_OWN: dict[str, Callable[..., Tensor]] = {
    "addcdiv": lambda t, tensor1, tensor2, value=1: t.addcdiv(tensor1, tensor2, value=value),
    "addcmul": lambda t, tensor1, tensor2, value=1: t.addcmul(tensor1, tensor2, value=value),
    "copy": lambda t, src, non_blocking=False: src,
    "norm": lambda t, ord=2, dtype=None: vector_norm(t, ord, dtype=dtype),
    "zero": lambda t: t.new_zeros(t.shape),
}
_ANEW = {"clone", "max", "mm", "norm"}
_NAMES = """
    abs acos add addcdiv addcmul asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp expm1 floor frac lerp
    lgamma log log10 log1p log2 maximum minimum mul neg pow reciprocal round rsqrt sigmoid sign sin sinh sqrt sub tan
    tanh trunc
"""
_BOTH = {*_NAMES.split()}
_IN_PLACE = {"copy", "zero"}


def _calls(name: str, tensors: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Call]:
    """Each tensor with its own item of every argument that is a list, and with the others as they are."""
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise ArgumentError(f"_foreach_{name}: give a list of one tensor or more, got {tensors!r}")
    counts = [len(v) for v in (tensors, *args, *kwargs.values()) if isinstance(v, (list, tuple))]
    if len({*counts}) > 1:
        raise ArgumentError(f"_foreach_{name}: lists must have one length, got {', '.join(map(str, counts))}")

    def own(value: Any, i: int) -> Any:
        return value[i] if isinstance(value, (list, tuple)) else value

    for i, tensor in enumerate(tensors):
        yield tensor, [own(v, i) for v in args], {key: own(v, i) for key, v in kwargs.items()}


def _over_lists(name: str) -> Callable[..., Any] | None:
    plain = name.removesuffix("_")
    function = _OWN.get(plain) or getattr(Tensor, plain, None)
    if name in _ANEW | _BOTH and function:
        return lambda self, *args, **kwargs: tuple(
            function(tensor, *rest, **more) for tensor, rest, more in _calls(name, self, args, kwargs)
        )
    if plain == name or plain not in _BOTH | _IN_PLACE or not function:
        return None

    def in_place(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls = list(_calls(name, self, args, kwargs))
        for i, (tensor, rest, more) in enumerate(calls):  # before anything changes
            shapes = [value.shape for value in (*rest, *more.values()) if isinstance(value, Tensor)]
            if broadcast_shapes(tensor.shape, *shapes) != tensor.shape:
                raise ShapeError(f"_foreach_{name}: tensor {i} of shape {tuple(tensor.shape)} is too small")
        for tensor, rest, more in calls:
            tensor.copy_(function(tensor, *rest, **more))
        return self

    return in_place


def _assert(condition: Any, message: str) -> None:
    assert condition, message


def underscored(name: str) -> Callable[..., Any] | None:
    """The function of a name like ``_assert`` or ``_foreach_add_``, or None."""
    if name == "_assert":
        return _assert
    return _over_lists(name.removeprefix("_foreach_")) if name.startswith("_foreach_") else None
