"""Large products of a few rows in C: what takes time is to read the large matrix, so it is gone through once.

A forward product goes from its first row to its last, an update from its last to its first: what the one has read last
the other finds in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from .c_expressions import FLOATS, number
from .c_products import FEW, NEAR, SOME
from .c_text import Text, offset
from .c_vectors import LANES
from .kernels import Product
from .strided import Place, swapped

PASS = 1 << 14  # bytes of the matrix that are multiplied by all rows before the next
# Sums that are kept at once -> rows, and vectors of each: of a forward product, and of what an update writes.
TILES = {16: ((8, 2), (4, 4)), 12: ((4, 3), (4, 3))}


def has_few_rows(product: Product) -> bool:
    """Whether a large product is one of these: of floats, a few rows, and a matrix in whole groups of 16 columns."""
    c = product.c
    if c.buffer.dtype not in FLOATS or len(c.shape) != 2:
        return False
    if product.scale is not None:
        most = SOME if math.prod(c.shape) * c.buffer.dtype.itemsize <= NEAR else FEW
        return product.a.shape[-1] <= most and c.shape[-1 if c.strides[-1] == 1 else -2] % LANES == 0
    return c.shape[-2] <= FEW and c.shape[-1] % LANES == 0 and product.b.strides[-1] == 1


def emit_few_rows(text: Text, product: Product) -> None:
    """The lines of ``c = a @ b + bias``, or of ``c -= scale · a @ b``, for a product with few rows."""
    (_forward if product.scale is None else _update)(text, product)


def _forward(text: Text, product: Product) -> None:
    """``sums[m][n] += Σ a[m, k] · b[k][n]`` for the k of a pass, which follow each other in memory."""
    a, b, c, bias = product.a, product.b, product.c, product.bias
    (m, k), n = a.shape, b.shape[-1]
    v = text.vector(c)
    real, f, size = v.real, v.f, v.size
    (most, across), _ = TILES[v.sums]
    some = max(PASS // (n * c.buffer.dtype.itemsize), 8)
    text.line(f"/* few rows: {b.buffer.name} is gone through once, {some} of its rows at a time */")
    text.begin("")
    text.line(f"static {real} sums[{m * n}] ALIGNED;")
    text.line(f"for (int i = 0; i < {m * n}; i++) sums[i] = 0;")
    text.begin(f"for (int from = 0; from < {k}; from += {some})")
    text.line(f"int to = from + {some} < {k} ? from + {some} : {k};")
    for start, stop, wide in _parts(n // size, across):
        for first, last, tall in _parts(m, most):
            row = f"{b.buffer.name} + {offset(b, ['k', 'i'], f'x * {size}')}"
            sums = f"*(vector{f} *)(sums + (m + y) * {n} + i + x * {size})"
            every = f"UNROLL for (int x = 0; x < {wide}; x++)"
            text.begin(f"for (int i = {start * size}; i < {stop * size}; i += {wide * size})")
            text.begin(f"for (int m = {first}; m < {last}; m += {tall})")
            text.line(f"vector{f} row[{wide}], s[{tall}][{wide}] = {{0}};")
            text.begin("for (int k = from; k < to; k++)")
            text.line(f"{every} row[x] = *(const vector{f} *)({row});")
            text.line(f"{every} __builtin_prefetch({row} + {some * b.strides[-2]}); /* of the next pass */")
            text.line(f"UNROLL for (int y = 0; y < {tall}; y++)")
            text.line(f"    {every} s[y][x] += {text.at(a, ['(m + y)', 'k'])} * row[x];")
            text.end()
            text.line(f"UNROLL for (int y = 0; y < {tall}; y++)")
            text.line(f"    {every} {sums} += s[y][x];")
            text.end(2)
    text.end()
    more = f" + {text.at(bias, ['n'])}" if bias is not None else ""
    text.line(f"for (int m = 0; m < {m}; m++)")
    text.line(f"    for (int n = 0; n < {n}; n++) {text.at(c, ['m', 'n'])} = sums[m * {n} + n]{more};")
    text.end()


def _update(text: Text, product: Product) -> None:
    """``c[m][n] += Σ a[m, k] · factor[k][n]``: each element of c is read and written once."""
    a, b, c, scale = product.a, product.b, product.c, product.scale
    if c.strides[-1] != 1:
        a, b, c = swapped(b), swapped(a), swapped(c)
    (m, k), n = a.shape, b.shape[-1]
    v = text.vector(c)
    real, f, size = v.real, v.f, v.size
    by = text.at(scale, []) if isinstance(scale, Place) else number(scale, c.buffer.dtype)
    text.line(f"/* few rows: {c.buffer.name} is written once, from the last row, which was read last, to the first */")
    text.begin("")
    text.line(f"static {real} factor[{k * n}] ALIGNED;")
    text.line(f"for (int k = 0; k < {k}; k++)")
    text.line(f"    for (int n = 0; n < {n}; n++) factor[k * {n} + n] = -{by} * {text.at(b, ['k', 'n'])};")
    _, (most, across) = TILES[v.sums]
    for first, last, tall in reversed([*_parts(m, most)]):
        text.begin(f"for (int m = {last - tall}; m >= {first}; m -= {tall})")
        for start, stop, wide in _parts(n // size, across):
            to = f"*(vector{f} *)({c.buffer.name} + {offset(c, ['(m + y)', 'i'], f'x * {size}')})"
            every = f"UNROLL for (int x = 0; x < {wide}; x++)"
            text.begin(f"for (int i = {start * size}; i < {stop * size}; i += {wide * size})")
            text.line(f"vector{f} row[{wide}], s[{tall}][{wide}];")
            text.line(f"UNROLL for (int y = 0; y < {tall}; y++)")
            text.line(f"    {every} s[y][x] = {to};")
            text.begin(f"for (int k = 0; k < {k}; k++)")
            text.line(f"{every} row[x] = *(const vector{f} *)(factor + k * {n} + i + x * {size});")
            text.line(f"UNROLL for (int y = 0; y < {tall}; y++)")
            text.line(f"    {every} s[y][x] += {text.at(a, ['(m + y)', 'k'])} * row[x];")
            text.end()
            text.line(f"UNROLL for (int y = 0; y < {tall}; y++)")
            text.line(f"    {every} {to} = s[y][x];")
            text.end()
        text.end()
    text.end()


def _parts(count: int, most: int) -> Iterator[tuple[int, int, int]]:
    """0 … ``count`` by ``most`` at a time, then what is left: from, to, how many at a time."""
    left = count % most
    if count > left:
        yield 0, count - left, most
    if left:
        yield count - left, count, left
