"""Sequences of different lengths in one tensor: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd.elsewhere import hosted, moved
from ...autograd.errors import ArgumentError, ShapeError, shape_text
from ...autograd.modes import making
from ...autograd.tensor import Tensor, wrap
from ...autograd.values import held, value_of
from ...ops.elementwise import where
from ...ops.indexing import getitem
from ...ops.joining import cat, stack
from ...ops.shape import transpose
from ...ops.sorting import argsort

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


class PackedSequence(_Packed):
    """Sequences of different lengths, step by step: first the first elements of all, then the second ones, ….

    ``data`` holds (elements, ...), ``batch_sizes`` how many sequences have a first element, a second, …: the longest
    sequence comes first. ``sorted_indices`` says which of the sequences given is the first, the second, …, and
    ``unsorted_indices`` where each of them is; None where they were in order. Made by ``pack_sequence`` and
    ``pack_padded_sequence``.

    >>> import tinygrad_bp as tg
    >>> packed = tg.nn.utils.rnn.pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4, 5])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    __slots__ = ()

    def __new__(
        cls, data: Tensor, batch_sizes: Tensor, sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:  # fmt: skip
        """Either order of the sequences gives the other."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With ``data.to(…)``."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def double(self) -> PackedSequence:
        """With float64 data."""
        return self.to("float64")

    def float(self) -> PackedSequence:
        """With float32 data."""
        return self.to("float32")


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Where each of the numbers 0 to n − 1 stands; None for None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.rnn.invert_permutation(tg.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else argsort(permutation)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The elements of padded sequences (steps, rows, ...), or (rows, steps, ...) with ``batch_first``, packed.

    ``lengths`` holds one number a row, from 1 to the steps, the largest first unless ``enforce_sorted=False``.
    Raises ``ArgumentError`` for other lengths and ``ShapeError`` where there is not one a row.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([[1.0, 0.0], [2.0, 3.0]])
    >>> tg.nn.utils.rnn.pack_padded_sequence(x, [1, 2], batch_first=True, enforce_sorted=False).data
    tensor([2., 1., 3.])
    """
    who, counts = "pack_padded_sequence", np.asarray(value_of(lengths))
    if input.ndim < 2:
        raise ShapeError(f"{who}: input is (steps, rows, ...), got {shape_text(tuple(input.shape))}")
    x = transpose(input, 0, 1) if batch_first else input
    steps, rows = x.shape[:2]
    if counts.shape != (rows,) or counts.dtype.kind not in "ui":
        raise ShapeError(
            f"{who}: lengths are {rows} integers, one a row; got {shape_text(counts.shape)} {counts.dtype}"
        )
    if not rows or counts.min() < 1 or counts.max() > steps:
        raise ArgumentError(f"{who}: lengths are from 1 to the {steps} steps of input, got {counts.tolist()}")
    order = None
    if not enforce_sorted:
        order = np.argsort(-counts.astype(np.int64), kind="stable")
        x, counts = getitem(x, (slice(None), order)), counts[order]
    elif np.any(counts[1:] > counts[:-1]):
        raise ArgumentError(
            f"{who}: lengths must not grow, got {counts.tolist()}; pass enforce_sorted=False for any order"
        )
    sizes = np.add.reduce(counts > np.arange(counts[0])[:, None], axis=1, dtype=np.int64)
    sizes_of_batches, places = wrap(sizes, None), None if order is None else wrap(order, None)
    making(sizes_of_batches)
    if places is not None:
        making(places)
    return PackedSequence(without_padding(x, sizes), sizes_of_batches, places)


def without_padding(x: Tensor, sizes: Any) -> Tensor:
    """Of padded rows (steps, rows, ...), the longest first, the elements alone."""
    return getitem(x, np.nonzero(np.arange(x.shape[1]) < sizes[:, None]))  # type: ignore[no-any-return]


def with_padding(packed: PackedSequence, padding: float = 0.0) -> tuple[Tensor, Any]:
    """Padded rows (steps, rows, ...), the longest first, and their lengths."""
    sizes = hosted(value_of(packed.batch_sizes))
    row = np.arange(sizes[0])
    there = row < sizes[:, None]
    x = getitem(packed.data, np.where(there, (np.cumsum(sizes) - sizes)[:, None] + row, 0))
    if not np.all(there):
        mask, rest = np.reshape(there, (*there.shape, *(1,) * (x.ndim - 2))), np.asarray(padding, x.dtype)
        x = where(moved(mask, x), x, moved(rest, x))
    return x, np.add.reduce(there, axis=0, dtype=np.int64)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Packed sequences as padded ones (steps, rows, ...), in the order in which they were given, and their lengths.

    ``total_length`` makes them that long. Raises ``ArgumentError`` where it is less than the longest.

    >>> import tinygrad_bp as tg
    >>> packed = tg.nn.utils.rnn.pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4, 5])])
    >>> tg.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 5, 0]]), tensor([3, 2]))
    """
    x, lengths = with_padding(sequence, padding_value)
    more = 0 if total_length is None else total_length - x.shape[0]
    if more < 0:
        raise ArgumentError(f"pad_packed_sequence: total_length {total_length} is less than the longest, {x.shape[0]}")
    if more:
        x = cat([x, wrap(np.full((more, *x.shape[1:]), padding_value, x.dtype), None)], 0)
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices
        x, lengths = getitem(x, (slice(None), order)), getitem(lengths, order)
    return (transpose(x, 0, 1) if batch_first else x), wrap(held(lengths), None)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:  # fmt: skip
    """Sequences (steps of its own, ...) as one tensor (most steps, rows, ...), padded behind or in front.

    Raises ``ShapeError`` where they differ in more than the number of steps, ``ArgumentError`` for none.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.rnn.pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    given = list(sequences)
    if not given:
        raise ArgumentError("pad_sequence: there are no sequences")
    if padding_side not in ("right", "left"):
        raise ArgumentError(f"pad_sequence: padding_side is 'right' or 'left', got {padding_side!r}")
    if any(x.ndim == 0 or x.shape[1:] != given[0].shape[1:] for x in given):
        shapes = ", ".join(shape_text(tuple(x.shape)) for x in given)
        raise ShapeError(f"pad_sequence: sequences are (steps, ...) and differ in the steps alone; got {shapes}")
    most = max(x.shape[0] for x in given)
    padded = []
    for x in given:
        more = wrap(np.full((most - x.shape[0], *x.shape[1:]), padding_value, x.dtype), None)
        padded.append(cat([x, more] if padding_side == "right" else [more, x], 0))
    return stack(padded, 0 if batch_first else 1)  # type: ignore[no-any-return]


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """Padded sequences as a list of them, each of its own length.

    Raises ``ShapeError`` where there are not as many lengths as sequences.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.rnn.unpad_sequence(tg.tensor([[1, 2, 3], [4, 0, 0]]), tg.tensor([3, 1]), batch_first=True)
    [tensor([1, 2, 3]), tensor([4])]
    """
    x = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    counts = [int(n) for n in value_of(lengths)]
    if len(counts) != x.shape[0]:
        raise ShapeError(
            f"unpad_sequence: {len(counts)} lengths for {x.shape[0]} sequences; batch_first=True says that these are "
            "the rows"
        )
    return [getitem(x, (i, slice(n))) for i, n in enumerate(counts)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """A list of sequences (steps of its own, ...), the longest first unless ``enforce_sorted=False``, packed.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.rnn.pack_sequence([tg.tensor([1, 2]), tg.tensor([3])])
    PackedSequence(data=tensor([1, 3, 2]), batch_sizes=tensor([2, 1]), sorted_indices=None, unsorted_indices=None)
    """
    lengths = [len(x) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Packed sequences as a list of them, in the order in which they were given.

    >>> import tinygrad_bp as tg
    >>> packed = tg.nn.utils.rnn.pack_sequence([tg.tensor([1.0, 2.0]), tg.tensor([3.0])])
    >>> tg.nn.utils.rnn.unpack_sequence(packed)
    [tensor([1., 2.]), tensor([3.])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)


def __getattr__(name: str) -> object:
    if name == "__path__":  # the import system asks every module
        raise AttributeError(name)
    from ...not_here import missing

    raise missing("nn.utils.rnn", name)
