"""A tensor in pieces: everything here reads a basic index, so a piece is a view wherever NumPy has one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as integer
from typing import Any, SupportsIndex

from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.steps import as_step, recorded_as
from ..autograd.types import Array
from ..ops.indexing import along, getitem, place_of, setitem
from ..ops.shape import broadcast_to, takes_axis

__all__ = [
    "chunk", "dsplit", "hsplit", "narrow", "select", "select_scatter", "slice", "slice_scatter", "split",
    "split_with_sizes", "tensor_split", "unbind", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "vsplit",
]  # fmt: skip

_cut = slice  # the builtin; the function of that name is defined below


@takes_axis
def select(input: Array, dim: int, index: int) -> Any:
    """The slice at one position of dimension ``dim``, without that dimension.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    return getitem(input, along(place_of(input, dim, "select"), integer(index)))


@takes_axis
def narrow(input: Array, dim: int, start: SupportsIndex, length: int) -> Any:
    """``length`` positions of dimension ``dim``, from ``start`` on (negative: counted from the end).

    >>> import tinygrad_bp as tg
    >>> tg.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    place, start, length = place_of(input, dim, "narrow"), integer(start), integer(length)
    size = input.shape[place]
    first = start + size if start < 0 else start
    if not (0 <= first <= size and 0 <= length <= size - first):
        raise IndexRangeError(
            f"narrow: start {start} and length {length} leave dimension {dim}, of size {size}, in "
            f"{shape_text(input.shape)}"
        )
    return getitem(input, along(place, _cut(first, first + length)))


@takes_axis
def slice(x: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """The positions ``start:end:step`` of dimension ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.slice(tg.arange(5), 0, 1, None, 2)
    tensor([1, 3])
    """
    return getitem(x, along(place_of(x, dim, "slice"), _cut(start, end, step)))


def _scattered(x: Any, src: Any, index: tuple[Any, ...], name: str) -> Any:
    shape = tuple(getitem(x, index).shape)
    if tuple(src.shape) != shape:
        raise ShapeError(f"{name}: src has shape {shape_text(src.shape)}, the part it replaces {shape_text(shape)}")
    return setitem(x, src, index)


@takes_axis
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Any:
    """A copy of ``input`` with ``select(dim, index)`` replaced by ``src``.

    >>> import tinygrad_bp as tg
    >>> tg.select_scatter(tg.zeros(2, 2), tg.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _scattered(input, src, along(place_of(input, dim, "select_scatter"), integer(index)), "select_scatter")


@takes_axis
def slice_scatter(
    input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """A copy of ``input`` with the positions ``start:end:step`` of ``dim`` replaced by ``src``.

    >>> import tinygrad_bp as tg
    >>> tg.slice_scatter(tg.zeros(4), tg.ones(2), 0, 0, 4, 2)
    tensor([1., 0., 1., 0.])
    """
    index = along(place_of(input, dim, "slice_scatter"), _cut(start, end, step))
    return _scattered(input, broadcast_to(src, getitem(input, index).shape), index, "slice_scatter")


@recorded_as("UnbindBackward0")
@takes_axis
def unbind(input: Array, dim: int = 0) -> tuple[Any, ...]:
    """All slices of dimension ``dim``, without it.

    >>> import tinygrad_bp as tg
    >>> tg.unbind(tg.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    place = place_of(input, dim, "unbind")
    return tuple([getitem(input, along(place, i)) for i in range(input.shape[place])])


def _pieces(x: Any, place: int, ends: Sequence[int], step: str = "SliceBackward0") -> tuple[Any, ...]:
    """The pieces of dimension ``place`` between 0, each of ``ends`` and the end: each limit as in a Python slice."""
    starts = (0, *ends)
    stops = (*ends, x.shape[place])
    cuts = [along(place, _cut(a, b)) for a, b in zip(starts, stops, strict=True)]
    return tuple([as_step(step, getitem(x, cut)) for cut in cuts])


@takes_axis
def split_with_sizes(input: Array, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """Pieces of the sizes given, which must add up to the size of ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.split_with_sizes(tg.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    place = place_of(input, dim, "split")
    sizes = [integer(size) for size in split_sizes]
    if sum(sizes) != input.shape[place] or min(sizes, default=0) < 0:
        raise ShapeError(f"split: sizes {sizes} must be at least 0 and add up to {input.shape[place]}, as dim {dim} is")
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return _pieces(input, place, ends[:-1], "SplitWithSizesBackward0") if sizes else ()


@takes_axis
def split(tensor: Array, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes.

    >>> import tinygrad_bp as tg
    >>> tg.split(tg.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    step = integer(split_size_or_sections)
    place = place_of(tensor, dim, "split")
    if step < 0 or (step == 0 and tensor.shape[place]):
        raise ArgumentError(f"split: the size of a piece must be positive, got {step}")
    return _pieces(tensor, place, range(step, tensor.shape[place], step), "SplitBackward0") if step else (tensor,)


@takes_axis
def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most ``chunks`` pieces of one size, the last one smaller where it does not divide.

    >>> import tinygrad_bp as tg
    >>> tg.chunk(tg.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks < 1:
        raise ArgumentError(f"chunk: there must be at least one piece, got chunks={chunks}")
    size = input.shape[place_of(input, dim, "chunk")]
    return split(input, -(-size // chunks), dim) if size else split_with_sizes(input, [0] * chunks, dim)


@takes_axis
def tensor_split(input: Array, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """That many pieces, the first ones larger by one where it does not divide; or cut at the positions of a list.

    >>> import tinygrad_bp as tg
    >>> tg.tensor_split(tg.arange(5), 2), tg.tensor_split(tg.arange(5), (1, 4))
    ((tensor([0, 1, 2]), tensor([3, 4])), (tensor([0]), tensor([1, 2, 3]), tensor([4])))
    """
    place = place_of(input, dim, "tensor_split")
    if hasattr(indices_or_sections, "tolist"):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, (tuple, list)):
        return _pieces(input, place, [integer(i) for i in indices_or_sections])
    count = integer(indices_or_sections)
    if count < 1:
        raise ArgumentError(f"tensor_split: there must be at least one piece, got {count}")
    small, larger = divmod(input.shape[place], count)
    return _pieces(input, place, [i * small + min(i, larger) for i in range(1, count)])


def _evenly(x: Any, indices_or_sections: Any, dim: int, ndim: int, name: str) -> tuple[Any, ...]:
    if x.ndim < ndim:
        raise ShapeError(f"{name}: needs at least {ndim} dimensions, got {shape_text(x.shape)}")
    if isinstance(indices_or_sections, int) and indices_or_sections > 0 and x.shape[dim] % indices_or_sections:
        raise ShapeError(f"{name}: {indices_or_sections} equal pieces do not divide dim {dim} of {shape_text(x.shape)}")
    return tensor_split(x, indices_or_sections, dim)


def hsplit(input: Array, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal pieces, or cuts at positions, along the columns (of one dimension: along it).

    >>> import tinygrad_bp as tg
    >>> tg.hsplit(tg.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    return _evenly(input, indices_or_sections, 0 if input.ndim == 1 else 1, 1, "hsplit")


def vsplit(input: Array, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal pieces, or cuts at positions, along the rows of at least two dimensions.

    >>> import tinygrad_bp as tg
    >>> [part.shape for part in tg.vsplit(tg.ones(4, 2), 2)]
    [torch.Size([2, 2]), torch.Size([2, 2])]
    """
    return _evenly(input, indices_or_sections, 0, 2, "vsplit")


def dsplit(input: Array, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal pieces, or cuts at positions, along the third dimension.

    >>> import tinygrad_bp as tg
    >>> [part.shape for part in tg.dsplit(tg.ones(1, 2, 4), 2)]
    [torch.Size([1, 2, 2]), torch.Size([1, 2, 2])]
    """
    return _evenly(input, indices_or_sections, 2, 3, "dsplit")


unsafe_chunk = chunk
unsafe_split = split
unsafe_split_with_sizes = split_with_sizes
