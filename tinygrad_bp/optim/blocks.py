"""Large arrays in pieces that stay in the cache while several operations pass over them."""

from __future__ import annotations

from typing import Any

from ..autograd.op import OPS
from ..autograd.tensor import Tensor

# Elements of the pieces of all arrays together: in float32 and with a result on the way, 640 KiB of cache.
BLOCK = 1 << 17


def blocks(*arrays: Any) -> Any:
    """The arrays, all of one shape, as a sequence of tuples of pieces: views that can be written.

    One tuple, the arrays themselves, where they are small, are tensors or lie in memory in different orders.
    Of complex numbers the real and the imaginary parts: to an optimizer each is a number of its own.
    """
    first, piece = arrays[0], BLOCK // len(arrays)
    if isinstance(first, Tensor):
        return (tuple(map(OPS["view_as_real"].function, arrays)),) if first.is_complex() else (arrays,)
    if first.dtype.kind == "c":
        arrays = tuple([array[..., None].view(array.real.dtype) for array in arrays])
        first = arrays[0]
    if first.size <= piece:
        return (arrays,)
    if all(array.flags.c_contiguous for array in arrays):
        lines = [array.reshape(-1) for array in arrays]
    elif all(array.flags.f_contiguous for array in arrays):
        lines = [array.T.reshape(-1) for array in arrays]
    else:
        return (arrays,)
    return [tuple([line[start : start + piece] for line in lines]) for start in range(0, first.size, piece)]
