"""Large arrays in pieces that stay in the cache while several operations pass over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.elsewhere import ARRAYS
from ..autograd.modes import holding, mode, same
from ..autograd.op import OPS
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import unwatched
from ..autograd.writes import aliases

# Elements of the pieces of all arrays together: in float32 and with a result on the way, 640 KiB of cache.
BLOCK = 1 << 17


def blocks(*arrays: Any) -> Any:
    """The arrays, all of one shape, as a sequence of tuples of pieces: views that can be written.

    One tuple, the arrays themselves, where they are small or lie in memory in different orders. Of complex numbers the
    real and the imaginary parts: to an optimizer each is a number of its own. Tensors are one tuple too, but for large
    ones in a step that someone follows: what is done with their first pieces counts as done with all of them.
    """
    first, piece = arrays[0], BLOCK // len(arrays)
    if isinstance(first, Tensor):
        if first.is_complex():
            return (tuple(map(OPS["view_as_real"].function, arrays)),)
        if not mode().watchers or mode().grad or not _lie_apart(arrays):
            return (arrays,)
        pieces = blocks(*[x._value for x in arrays])
        return _followed(arrays, pieces) if len(pieces) > 1 else (arrays,)
    if first.dtype.kind == "c":
        arrays = tuple([array[..., None].view(array.real.dtype) for array in arrays])
        first = arrays[0]
    if first.size <= piece:
        return (arrays,)
    if all([array.flags.c_contiguous for array in arrays]):
        lines = [array.reshape(-1) for array in arrays]
    elif all([array.flags.f_contiguous for array in arrays]):
        lines = [array.T.reshape(-1) for array in arrays]
    else:
        return (arrays,)
    places = [slice(start, start + piece) for start in range(0, first.size, piece)]
    return list(zip(*[[line[place] for place in places] for line in lines]))


def _lie_apart(tensors: tuple[Any, ...]) -> bool:
    """Whether nobody but each of these tensors sees its memory as a tensor, and no two of them the same."""
    arrays = [x._value for x in tensors]
    if any([x._value.__class__ in ARRAYS or aliases(x) for x in tensors]):
        return False
    return not any([np.may_share_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i]])


def _followed(tensors: tuple[Any, ...], pieces: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The pieces as tensors. The first are followed as if they were the whole; nobody sees the others.

    So a step that is written down makes no array of the size of a parameter. Where the loop over the pieces is left by
    an error, the mode is that of who watches again at the end of the ``with`` around the update.
    """
    for x, piece in zip(tensors, pieces[0]):
        holding(x)
        same(piece, x._value)
    yield tuple([wrap(piece, None) for piece in pieces[0]])
    unseen = unwatched()
    unseen.__enter__()
    for others in pieces[1:]:
        yield tuple([wrap(piece, None) for piece in others])
    unseen.__exit__(None, None, None)
    for x, piece in zip(tensors, pieces[0]):  # until now nobody knew what was written
        same(x._value, piece)
