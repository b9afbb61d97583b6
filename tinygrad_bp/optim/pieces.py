"""Large arrays in pieces that stay in the cache while several operations pass over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.elsewhere import ARRAYS
from ..autograd.modes import holding, mode, same
from ..autograd.op import OPS
from ..autograd.sharing import aliases
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import unwatched

# Elements of the pieces of all arrays together: in float32 and with a result on the way, 640 KiB of cache.
BLOCK = 1 << 17

Rule = Callable[..., None]  # what is done with arrays, element by element; it writes into them


def in_pieces(rule: Rule, *arrays: Any) -> None:
    """Call the rule with the arrays, all of one shape; of large ones with piece after piece, views that it may write.

    With the arrays as they are where they lie in memory in different orders. Of complex numbers with the real and the
    imaginary parts: to an optimizer each is a number of its own. With tensors too, but for large ones in a step that
    someone follows: what is done with their first pieces counts as done with all of them.
    """
    first = arrays[0]
    if first.__class__ is np.ndarray and first.size * len(arrays) <= BLOCK and first.dtype.kind != "c":
        rule(*arrays)
    elif not isinstance(first, Tensor):
        for piece in _pieces(arrays):
            rule(*piece)
    elif first.is_complex():
        rule(*map(OPS["view_as_real"].function, arrays))
    elif not mode().watchers or mode().grad or not _lie_apart(arrays):
        rule(*arrays)
    else:
        pieces = _pieces([x._value for x in arrays])
        if len(pieces) == 1:
            rule(*arrays)
        else:
            _followed(rule, arrays, pieces)


def _pieces(arrays: Any) -> list[Any]:
    """Tuples of pieces; one, the arrays themselves, where they are small or lie in different orders."""
    first, piece = arrays[0], BLOCK // len(arrays)
    if first.dtype.kind == "c":
        arrays = tuple([array[..., None].view(array.real.dtype) for array in arrays])
        first = arrays[0]
    if first.size <= piece:
        return [arrays]
    if all([array.flags.c_contiguous for array in arrays]):
        lines = [array.reshape(-1) for array in arrays]
    elif all([array.flags.f_contiguous for array in arrays]):
        lines = [array.T.reshape(-1) for array in arrays]
    else:
        return [arrays]
    places = [slice(start, start + piece) for start in range(0, first.size, piece)]
    return list(zip(*[[line[place] for place in places] for line in lines]))


def _lie_apart(tensors: tuple[Any, ...]) -> bool:
    """Whether nobody but each of these tensors sees its memory as a tensor, and no two of them the same."""
    arrays = [x._value for x in tensors]
    if any([x._value.__class__ in ARRAYS or aliases(x) for x in tensors]):
        return False
    return not any([np.may_share_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i]])


def _followed(rule: Rule, tensors: tuple[Any, ...], pieces: list[tuple[Any, ...]]) -> None:
    """The first pieces are followed as if they were the whole; nobody sees the others, which may have to wait.

    So a step that is written down makes no array of the size of a parameter.
    """

    def unseen(*arrays: Any) -> None:
        with unwatched():
            rule(*[wrap(array, None) for array in arrays])

    watchers = mode().watchers
    waits = len(watchers) == 1 and watchers[0].put_off(unseen, tensors, pieces)
    for x, piece in zip(tensors, pieces[0]):
        if not waits:
            holding(x)
        same(piece, x._value)
    rule(*[wrap(array, None) for array in pieces[0]])
    for others in pieces[1:] if not waits else ():
        unseen(*others)
    for x, piece in zip(tensors, pieces[0]):  # until now nobody knew what was written
        same(x._value, piece)
