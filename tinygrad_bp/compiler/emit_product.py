"""Matrix products in C: which loop stands innermost follows from where the batch lies."""

from __future__ import annotations

from collections.abc import Sequence

from .c_expressions import TYPES, number
from .c_text import INDICES, Text, described, offset
from .c_vectors import LANES, filled
from .emit_few_rows import emit_few_rows, has_few_rows
from .kernels import Product
from .strided import Place, swapped


def _summed(product: Product) -> tuple[list[str], list[int]]:
    """The names of the summed axes, and their sizes; the last one is k."""
    sizes = list(product.b.shape[len(product.c.shape) - 2 : -1])
    return [*[f"r{i}" for i in range(len(sizes) - 1)], "k"], sizes


def _over(text: Text, product: Product, outer: Sequence[str], names: Sequence[str], sizes: Sequence[int]) -> None:
    """Loops over summed axes; places outside are left out."""
    for name, size in zip(names, sizes, strict=True):
        text.begin(f"for (int {name} = 0; {name} < {size}; {name}++)")
        for one in product.inside:
            if names[one.inner] != name:
                continue
            place = f"{outer[one.outer]}{f' + {one.low}' if one.low else ''} - {name}{f' * {one.by}' * (one.by != 1)}"
            between = f" || ({place}) % {one.step}" if one.step > 1 else ""
            text.line(f"if ({place} < 0 || {place} > {one.last}{between}) continue;")


def emit_product(text: Text, product: Product) -> None:
    """The lines of ``c = a @ b``, for each pair of matrices."""
    a, b, c = product.a, product.b, product.c
    outer = len(c.shape) - 2
    text.line(f"/* {described(product)} */")
    if 0 in c.shape:
        return
    indices = [INDICES[i] for i in range(outer)]
    for index, size in zip(indices, c.shape[:-2], strict=True):
        text.begin(f"for (int {index} = 0; {index} < {size}; {index}++)")
    if product.large and has_few_rows(product):
        emit_few_rows(text, product)
    elif product.large:
        _by_blas(text, product, indices)
    elif rows_lie_side_by_side(product):
        _side_by_side(text, product, indices, a, b, turned=False)
    elif c.lane == outer + 1 and b.lane == outer + 1 and product.bias is None:
        _side_by_side(text, product, indices, swapped(b), swapped(a), turned=True)
    elif a.lane is not None and a.lane == len(a.shape) - 1 and b.lane == len(b.shape) - 2:
        _along(text, product, indices)
    else:
        _plain(text, product, indices)
    text.end(outer)


def rows_lie_side_by_side(product: Product) -> bool:
    """Whether sums for 16 rows are in one register each, when they are done."""
    outer = len(product.c.shape) - 2
    return not product.large and product.c.lane == outer and product.a.lane == outer


def _part(count: int, most: int) -> int:
    """The largest part of at most ``most`` that divides ``count``, or ``most`` where all of them are small."""
    if count >= 8 * most:
        return most
    best = max(size for size in range(1, most + 1) if count % size == 0)
    return best if best * 2 > min(most, count) else min(most, count)


def _pointer(place: Place, indices: Sequence[str], more: str = "") -> str:
    return f"{place.buffer.name} + {offset(place, indices, more)}"


def _side_by_side(text: Text, product: Product, outer: Sequence[str], a: Place, b: Place, turned: bool) -> None:
    """Rows side by side: ``c[n][rows] = Σ b[k, n] · a[k][rows]``, a tile of n and rows at a time in registers."""
    c = product.relu or (swapped(product.c) if turned else product.c)
    rows, n = c.shape[-2:]
    (names, sizes), v = _summed(product), text.vector(c)
    f, vectors = v.f, filled(rows) // v.size
    most = 2 if v.sums == 12 else 7 if vectors < 8 else 4
    wide = max(size for size in range(1, most + 1) if vectors % size == 0)
    tall = _part(n, max(v.sums // wide, 1))
    for start, stop, high in ((0, n - n % tall, tall), (n - n % tall, n, n % tall)):
        if start == stop:
            continue
        text.begin(f"for (int n = {start}; n < {stop}; n += {high})")
        text.begin(f"for (int i = 0; i < {filled(rows)}; i += {wide * v.size})")
        text.line(f"vector{f} s[{high}][{wide}];")
        bias = text.at(product.bias, ["(n + y)"]) if product.bias is not None else "0"
        text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
        text.line(f"    UNROLL for (int x = 0; x < {wide}; x++) s[y][x] = {bias} + (vector{f}){{0}};")
        _over(text, product, outer, names, sizes)
        text.line(f"vector{f} row[{wide}];")
        row = _pointer(a, [*outer, "i", *names], f"x * {v.size}")
        text.line(f"UNROLL for (int x = 0; x < {wide}; x++) row[x] = *(const vector{f} *)({row});")
        text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
        weight = text.at(b, [*outer, *names, "(n + y)"])
        text.line(f"    UNROLL for (int x = 0; x < {wide}; x++) s[y][x] += {weight} * row[x];")
        text.end(len(names))
        to = _pointer(c, [*outer, "i", "(n + y)"], f"x * {v.size}")
        done = f"relu{f}(s[y][x])" if product.relu else "s[y][x]"
        text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
        text.line(f"    UNROLL for (int x = 0; x < {wide}; x++) *(vector{f} *)({to}) = {done};")
        text.end(2)


def _along(text: Text, product: Product, outer: Sequence[str]) -> None:
    """Sums over the rows of a batch: ``c[m, n] = Σ a[m][rows] · b[n][rows]``, 16 rows at a time."""
    a, b, c = product.a, product.b, product.c
    m, n = c.shape[-2:]
    rows, names, sizes = a.shape[-1], *_summed(product)
    v = text.vector(c)
    f, most = v.f, v.sums // v.parts
    whole = rows // LANES * LANES
    wide = _part(n, min(5 if names[:-1] else 4, most))
    tall = _part(m, min(most // wide, 4))
    for m0, m1, high in ((0, m - m % tall, tall), (m - m % tall, m, m % tall)):
        for n0, n1, broad in ((0, n - n % wide, wide), (n - n % wide, n, n % wide)):
            if m0 == m1 or n0 == n1:
                continue
            text.begin(f"for (int m = {m0}; m < {m1}; m += {high})")
            text.begin(f"for (int n = {n0}; n < {n1}; n += {broad})")
            every = f"    UNROLL for (int x = 0; x < {broad}; x++)"
            text.line(f"vector{f} {', '.join(v.each(f's{{p}}[{high}][{broad}]'))};")
            text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
            text.line(f"{every} {' = '.join(v.each('s{p}[y][x]'))} = (vector{f}){{0}};")

            def both(index: str) -> tuple[str, str]:
                left = f"*(const vector{f} *)({_pointer(a, [*outer, '(m + y)', *names[:-1], index])}{{on}})"
                right = f"*(const vector{f} *)({_pointer(b, [*outer, *names[:-1], index, '(n + x)'])}{{on}})"
                return left, right

            _over(text, product, outer, names[:-1], sizes[:-1])
            if whole:
                text.line(f"for (int i = 0; i < {whole}; i += {LANES})")
                text.line(f"    UNROLL for (int y = 0; y < {high}; y++)")
                left, right = both("i")
                text.line(f"    {every} {', '.join(v.each(f's{{p}}[y][x] += {left} * {right}'))};")
            if rows > whole:
                left, right = both(str(whole))
                text.line(f"vector{f} l[{high}], r[{broad}];")
                for p, (above, below) in enumerate(zip(v.each(left), v.each(right), strict=True)):
                    if (count := rows - whole - p * v.size) > 0:
                        text.line(f"UNROLL for (int y = 0; y < {high}; y++) l[y] = first{f}({above}, {count});")
                        text.line(f"UNROLL for (int x = 0; x < {broad}; x++) r[x] = first{f}({below}, {count});")
                        text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
                        text.line(f"{every} s{p}[y][x] += l[y] * r[x];")
            text.end(len(names) - 1)
            if broad == 4 and c.strides[-1] == 1:
                text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
                four = (v.folded(v.each(f"s{{p}}[y][{x}]")) for x in range(4))
                text.line(f"    *(vector4{f} *)({_pointer(c, [*outer, '(m + y)', 'n'])}) = "
                          f"totals{f}({', '.join(four)});")  # fmt: skip
            elif high == 4 and c.strides[-2] == 1:
                text.line(f"UNROLL for (int x = 0; x < {broad}; x++)")
                four = (v.folded(v.each(f"s{{p}}[{y}][x]")) for y in range(4))
                text.line(f"    *(vector4{f} *)({_pointer(c, [*outer, 'm', '(n + x)'])}) = "
                          f"totals{f}({', '.join(four)});")  # fmt: skip
            else:
                to = text.at(c, [*outer, "(m + y)", "(n + x)"])
                text.line(f"UNROLL for (int y = 0; y < {high}; y++)")
                text.line(f"{every} {to} = {v.total(v.each('s{p}[y][x]'))};")
            text.end(2)


def _plain(text: Text, product: Product, outer: Sequence[str]) -> None:
    """Any places: the innermost loop runs along whatever lies side by side."""
    a, b, c, bias = product.a, product.b, product.c, product.bias
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    kind = TYPES[c.buffer.dtype]
    result = text.at(c, [*outer, "m", "n"])
    start = text.at(bias, ["n"]) if bias is not None else "0"
    term = f"{text.at(a, [*outer, 'm', 'k'])} * {text.at(b, [*outer, 'k', 'n'])}"
    loop = {
        letter: f"for (int {letter} = 0; {letter} < {size}; {letter}++)"
        for letter, size in zip("mkn", (m, k, n), strict=True)
    }
    if b.strides[-1] == 1 and c.strides[-1] == 1:
        text.begin(loop["m"])
        text.line(f"{loop['n']} {result} = {start};")
        text.line(f"{loop['k']} {loop['n']} {result} += {term};")
        text.end()
    elif a.strides[-2] == 1 and c.strides[-2] == 1:
        text.begin(loop["n"])
        text.line(f"{loop['m']} {result} = {start};")
        text.line(f"{loop['k']} {loop['m']} {result} += {term};")
        text.end()
    else:
        text.begin(loop["m"])
        text.begin(loop["n"])
        text.line(f"{kind} s = 0;")
        text.line(f"{loop['k']} s += {term};")
        text.line(f"{result} = s + {start};")
        text.end(2)


def _by_blas(text: Text, product: Product, outer: Sequence[str]) -> None:
    """A call of BLAS, which knows matrices column by column; one row by row is the other one transposed."""
    a, b, c, bias = product.a, product.b, product.c, product.bias
    if bias is not None:
        m, n = c.shape[-2:]
        first, last = ("n", "m") if c.strides[-2] == 1 else ("m", "n")
        size = {"m": m, "n": n}
        text.line(f"for (int {first} = 0; {first} < {size[first]}; {first}++)")
        text.line(
            f"    for (int {last} = 0; {last} < {size[last]}; {last}++) "
            f"{text.at(c, [*outer, 'm', 'n'])} = {text.at(bias, ['n'])};"
        )
    if c.strides[-2] != 1:
        a, b, c = swapped(b), swapped(a), swapped(c)
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    scale = product.scale
    if scale is None:
        alpha, beta = "1", "1" if bias is not None else "0"
    else:
        by = text.at(scale, []) if isinstance(scale, Place) else number(scale, c.buffer.dtype)
        alpha, beta = f"-{by}", "1"
    f = "f" if TYPES[c.buffer.dtype] == "float" else ""
    left, right = (f"'{'N' if place.strides[-2] == 1 else 'T'}'" for place in (a, b))
    steps = [
        max(p.strides[-1], p.shape[-2]) if p.strides[-2] == 1 else max(p.strides[-2], p.shape[-1]) for p in (a, b, c)
    ]
    text.line(
        f"gemm{f}({left}, {right}, {m}, {n}, {k}, {alpha}, {_pointer(a, outer)}, {steps[0]}, {_pointer(b, outer)}, "
        f"{steps[1]}, {beta}, {_pointer(c, outer)}, {steps[2]});"
    )
