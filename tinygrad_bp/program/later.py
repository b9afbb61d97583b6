"""What a run that is written down has not done yet: large products that nobody has read, and moves of parameters."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.sharing import lies_there, start_of
from ..autograd.writes import owner

LARGE = 1 << 17  # elements of a product from which on it may wait


@dataclass(eq=False, slots=True)
class _Product:
    forward: Callable[..., Any]
    operands: Sequence[Any]
    result: Callable[[], Any]  # weak; zeros of which no page is there until somebody writes or the product is computed


@dataclass(eq=False, slots=True)
class _Part:
    """Some elements of a product, in the order of its memory."""

    product: _Product
    start: int
    stop: int


class Products:
    """Products of two matrices that are computed when somebody reads them, and never if nobody does."""

    def __init__(self) -> None:
        self._waiting: list[_Product] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put_off(self, forward: Callable[..., Any], operands: Sequence[Any]) -> Any:
        """The array in which the product will lie; None where it should be computed at once."""
        if len(operands) != 2 or any(type(x) is not np.ndarray or x.ndim != 2 or x.dtype.kind != "f" for x in operands):
            return None
        a, b = operands
        if a.dtype != b.dtype or a.shape[1] != b.shape[0] or len(a) * b.shape[1] <= LARGE:
            return None
        import mmap  # not every platform has it that runs small programs

        shape = len(a), b.shape[1]
        # Zeros of the system's: NumPy's may be memory that was freed, which is there and is cleared.
        result = np.ndarray(shape, a.dtype, mmap.mmap(-1, math.prod(shape) * a.itemsize))
        self._waiting.append(_Product(forward, operands, weakref.ref(result)))
        return result

    def find(self, array: Any) -> _Product | None:
        """The product in whose memory an array lies."""
        memory = owner(array)
        return next((product for product in self._waiting if product.result() is memory), None)

    def bring_up(self, arrays: Sequence[Any], written: bool = False) -> None:
        """Compute those that lie in the memory of these arrays, or are made of what is going to be written."""
        for product in [*self._waiting]:
            parts = [product.result(), *(product.operands if written else ())]
            if any(np.may_share_memory(x, array) for x in parts if x is not None for array in arrays):
                self._compute(product)

    def finish(self) -> None:
        """Compute those that somebody still sees."""
        while self._waiting:
            self._compute(self._waiting[0])

    def part(self, array: Any) -> Any:
        """Which part of which product an array is that lies there without gaps; the array itself where of none."""
        product = self.find(array)
        if product is None:
            return array
        start = (start_of(array) - start_of(product.result())) // array.itemsize
        return _Part(product, start, start + array.size)

    def elements(self, part: Any) -> Any:
        """What ``part`` gave, as an array: of a product that nobody sees, its rows are computed and kept by nobody."""
        if not isinstance(part, _Part):
            return part
        (a, b), result = part.product.operands, part.product.result()
        if result is not None:
            self._compute(part.product)
            return result.reshape(-1)[part.start : part.stop]
        width = b.shape[1]
        first, last = part.start // width, -(-part.stop // width)
        rows = np.ascontiguousarray(part.product.forward(a[first:last], b))
        return rows.reshape(-1)[part.start - first * width : part.stop - first * width]

    def _compute(self, product: _Product) -> None:
        if product in self._waiting:
            self._waiting.remove(product)
            result = product.result()
            if result is not None:
                result[...] = product.forward(*product.operands)


@dataclass(eq=False, slots=True)
class _Move:
    """What is done with large arrays, of which the first pieces alone have been written."""

    rule: Callable[..., None]
    arrays: Sequence[Any]
    pieces: Sequence[Any]
    before: list[Any]  # what the first pieces held

    def restore(self) -> None:
        """Have in the first pieces what they held."""
        for piece, before in zip(self.pieces[0], self.before, strict=True):
            piece[...] = before


class Moves:
    """Moves of parameters that are done when somebody reads them, or when the function has ended.

    Until then a failure finds the arrays as they were, but for their first pieces, so nobody has to keep a copy of
    them.
    """

    def __init__(self, products: Products) -> None:
        self._products = products
        self._waiting: list[_Move] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put_off(self, rule: Callable[..., None], arrays: Sequence[Any], pieces: Sequence[Any]) -> None:
        """The rule is called with each of the pieces later; with the first also now, by the caller."""
        self._waiting.append(_Move(rule, arrays, pieces, [piece.copy() for piece in pieces[0]]))

    def is_first(self, array: Any) -> bool:
        """Whether an array is the first piece of one that waits."""
        return any(lies_there(piece, array) for move in self._waiting for piece in move.pieces[0])

    def bring_up(self, arrays: Sequence[Any], keep: Callable[[Sequence[Any]], None]) -> None:
        """Do those that read or write the memory under these arrays; ``keep`` is told before what is written now."""
        for move in [*self._waiting]:
            touched = [array for array in arrays if not self.is_first(array)]
            if any(np.may_share_memory(x, array) for x in move.arrays for array in touched):
                move.restore()
                keep(move.arrays)
                self._waiting.remove(move)
                self._products.bring_up(move.arrays)
                for piece in move.pieces:
                    move.rule(*piece)

    def finish(self) -> None:
        """Do all of them: the function has ended, and nothing is taken back any more, so no number may stop it."""
        with np.errstate(all="ignore"):
            while self._waiting:
                move = self._waiting.pop()
                move.restore()
                rule, parts = move.rule, [[self._products.part(array) for array in piece] for piece in move.pieces]
                del move  # nobody sees a product any more that only waited for this
                for piece in parts:
                    rule(*[self._products.elements(part) for part in piece])
        self._products.finish()

    def take_back(self) -> None:
        """The arrays are as they were; who sees a product sees it computed."""
        for move in self._waiting:
            move.restore()
        self._waiting.clear()
        self._products.finish()
