"""``vmap``: a function of one slice as a function of all of them, run once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.batched import Batched, Level, batched, inside, lowered
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.trees import flatten
from ..functions.creation import as_tensor
from ..ops.joining import cat
from ..ops.shape import moveaxis
from .transforms import Function, check_chunk, outputs_of

RANDOMNESS = ("error", "different", "same")


def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Function:
    """``func`` for every slice of its arguments along ``in_dims``, results stacked along ``out_dims``.

    ``in_dims`` is one integer or None (the argument is not sliced), or a tuple of those, one an argument; None among
    ``out_dims`` is for a result that all slices share. The function runs once, on tensors that stand for all slices,
    and each op in it as well (one that has no rule for that runs once a slice). So it cannot read their values:
    ``if``, ``while``, ``item()`` and ``numpy()`` raise ``ValueReadError``.
    ``randomness`` says what random draws inside do: raise ``ArgumentError`` (``"error"``), or draw for each slice
    (``"different"``) or once for all (``"same"``). ``chunk_size`` slices go together, all unless given.

    >>> import tinygrad_bp as tg
    >>> tg.func.vmap(tg.dot, in_dims=(0, None))(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    if randomness not in RANDOMNESS:
        raise ArgumentError(f"vmap: randomness is one of {', '.join(RANDOMNESS)}, got {randomness!r}")
    check_chunk("vmap", chunk_size)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(args)
        if len(dims) != len(args):
            raise ArgumentError(
                f"vmap: in_dims names {len(dims)} arguments, but the function was called with {len(args)}"
            )
        flat = [_along(arg, dim) for arg, dim in zip(args, dims, strict=True)]
        sizes = {x.shape[0] for leaves, sliced, _ in flat for x, yes in zip(leaves, sliced, strict=True) if yes}
        if len(sizes) != 1:
            raise ShapeError(
                f"vmap: the arguments have sizes {sorted(sizes)} along in_dims={in_dims}; all must be equal, and at "
                "least one argument must be sliced"
            )
        (size,) = sizes
        step = size if chunk_size is None else chunk_size
        parts = []
        for start in range(0, size, step) if size > step else (0,):
            count = min(step, size - start)
            level = Level(count, randomness)
            given = [
                back([_slice(x, start, count, size, level) if yes else x for x, yes in zip(leaves, sliced)])
                for leaves, sliced, back in flat
            ]
            with inside(level):
                result = func(*given, **kwargs)
            leaves, back = outputs_of(result, "vmap")
            places = (
                list(flatten(out_dims)[0]) if isinstance(out_dims, (dict, list, tuple)) else [out_dims] * len(leaves)
            )
            if len(places) != len(leaves):
                raise ArgumentError(
                    f"vmap: out_dims names {len(places)} results, but the function returned {len(leaves)}"
                )
            parts.append([_shared(y, level) if d is None else lowered(y, level) for y, d in zip(leaves, places)])
        columns = zip(*parts, strict=True)
        return back([_placed(column, place) for column, place in zip(columns, places, strict=True)])

    return wrapper


def _along(arg: Any, dim: Any) -> tuple[list[Any], list[bool], Callable[[Sequence[Any]], Any]]:
    """The leaves of an argument, the sliced ones with that dimension in front; which they are; the way back."""
    leaves, back = flatten(arg)
    places = list(flatten(dim)[0]) if isinstance(dim, (dict, list, tuple)) else [dim] * len(leaves)
    if len(places) != len(leaves):
        raise ArgumentError(f"vmap: in_dims names {len(places)} parts of an argument that has {len(leaves)}")
    moved = []
    for x, d in zip(leaves, places, strict=True):
        if d is not None:
            x = as_tensor(x)
            if not -x.ndim <= d < x.ndim:
                raise ArgumentError(f"vmap: in_dims says {d}, but an argument has shape {shape_text(x.shape)}")
            x = moveaxis(x, d, 0) if d % x.ndim else x
        moved.append(x)
    return moved, [d is not None for d in places], back


def _slice(x: Tensor, start: int, count: int, size: int, level: Level) -> Batched:
    return batched(x if count == size else x[start : start + count], level)


def _shared(y: Tensor, level: Level) -> Tensor:
    if isinstance(y, Batched) and y.level is level:
        raise ArgumentError("vmap: out_dims is None for a result that differs from slice to slice; give its dimension")
    return y


def _placed(parts: tuple[Tensor, ...], place: int | None) -> Tensor:
    """The chunks of a result together, the batch in its place; where all slices share it, what the first one gave."""
    if place is None:
        return parts[0]
    y = cat(list(parts), 0) if len(parts) > 1 else parts[0]
    if not -y.ndim <= place < y.ndim:
        raise ArgumentError(f"vmap: out_dims says {place}, but a result has shape {shape_text(y.shape)} with the batch")
    return moveaxis(y, 0, place) if place % y.ndim else y
