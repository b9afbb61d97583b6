"""Large arrays in pieces that stay in the cache while several operations pass over them."""

from __future__ import annotations

from typing import Any

# Elements of the pieces of all arrays together: in float32 and with a result on the way, 640 KiB of cache.
BLOCK = 1 << 17


def blocks(*arrays: Any) -> Any:
    """The arrays, all of one shape, as a sequence of tuples of pieces: views that can be written.

    One tuple, the arrays themselves, where they are small or lie in memory in different orders.
    """
    size, piece = arrays[0].size, BLOCK // len(arrays)
    if size <= piece:
        return (arrays,)
    if all(array.flags.c_contiguous for array in arrays):
        lines = [array.reshape(-1) for array in arrays]
    elif all(array.flags.f_contiguous for array in arrays):
        lines = [array.T.reshape(-1) for array in arrays]
    else:
        return (arrays,)
    return [tuple([line[start : start + piece] for line in lines]) for start in range(0, size, piece)]
