"""ReLU of a product, taken while its sums are in registers: the product itself is never written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .emit_product import rows_lie_side_by_side
from .kernels import Kernel, Loops, Member, Product
from .strided import Place


def rectified(kernels: Sequence[Kernel]) -> list[Kernel]:
    """The kernels with every ReLU that is all that reads a product, element by element, taken by the product."""
    reads = Counter(place.buffer for kernel in kernels for place in kernel.reads())
    writes = Counter(place.buffer for kernel in kernels for place in kernel.writes())
    products = {
        kernel.c.buffer: kernel
        for kernel in kernels
        if isinstance(kernel, Product) and rows_lie_side_by_side(kernel) and not kernel.c.buffer.outside
    }
    taken: dict[Product, Place] = {}
    gone: set[Member] = set()
    for member in _relus(kernels):
        x, y = member.operands[0], member.result
        product = products.get(x.buffer)
        if product is None or (reads[x.buffer], writes[x.buffer], writes[y.buffer]) != (1, 1, 1):
            continue
        if not y.buffer.outside and _alike(x, y) and x.buffer.size == y.buffer.size:
            taken[product] = replace(product.c, buffer=y.buffer)
            gone.add(member)
    return [*_without(kernels, taken, gone)]


def _relus(kernels: Sequence[Kernel]) -> Iterator[Member]:
    for kernel in kernels:
        if isinstance(kernel, Loops):
            yield from (m for m in kernel.members if m.step is not None and m.step.op.name == "relu")


def _alike(x: Place, y: Place) -> bool:
    """Whether two places lie the same way, each in its buffer."""
    return (x.shape, x.strides, x.offset, x.lane) == (y.shape, y.strides, y.offset, y.lane)


def _without(kernels: Sequence[Kernel], taken: dict[Product, Place], gone: set[Member]) -> Iterator[Kernel]:
    for kernel in kernels:
        if isinstance(kernel, Product) and kernel in taken:
            yield replace(kernel, relu=taken[kernel])
        elif isinstance(kernel, Loops):
            left = [member for member in kernel.members if member not in gone]
            if left:
                yield replace(kernel, members=left)
        else:
            yield kernel
