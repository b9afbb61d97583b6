"""Calls of ops that move elements, and how each is measured: by PyTorch for the golden numbers, and by this package.

A call is the text of an expression in ``T`` (the package), ``F`` (its nn.functional) and the tensors of ``names``.
"""

from __future__ import annotations

import math
from typing import Any

FLOATS = {"x": (3, 4), "y": (2, 4), "v": (5,), "w": (4,), "p": (), "c": (2, 3, 2), "q": (1, 4, 2, 2)}
WHOLE = {"i": [[0, 2, 1, 0], [2, 2, 0, 1]], "j": [2, 0, 2], "k": [1, 3], "flat": [0, 5, 5, 11]}
MASKS = {"m": [[True, False, True, True], [False, False, True, False], [True, True, False, False]]}

CALLS = """
x.gather(0, i) | T.gather(x, 1, i) | T.take_along_dim(x, i[:1], 0) | x.take(flat) | T.take_along_dim(v, j)
x.index_select(0, j) | x.masked_select(m) | x.masked_fill(m, 7.0) | x.masked_fill(m, p) | x.masked_scatter(m, c)
x.scatter(0, i[:1], y[:1]) | x.scatter(1, i[:, :1], 3.0) | x.scatter_add(0, i, y)
T.scatter_reduce(x, 0, i, y, "sum") | T.scatter_reduce(x, 0, i, y, "sum", include_self=False)
T.scatter_reduce(x, 0, i, y, "mean") | T.scatter_reduce(x, 0, i, y, "mean", include_self=False)
T.scatter_reduce(x, 0, i, y, "prod") | T.scatter_reduce(x, 0, i, y, "prod", include_self=False)
T.scatter_reduce(x, 0, i, y, "amax") | T.scatter_reduce(x, 0, i, y, "amax", include_self=False)
T.scatter_reduce(x, 0, i, y, "amin") | T.scatter_reduce(x, 1, i, y, "amin", include_self=False)
x.index_add(0, k - 1, y, alpha=2) | x.index_add(0, T.zeros(2, dtype=T.int64), y) | x.index_copy(0, k - 1, y)
x.index_fill(0, j[:2], 5.0) | x.index_fill(1, k, p) | T.index_reduce(x, 0, k - 1, y, "amax")
x.index_put((k - 1, k), v[:2]) | x.index_put((k - 1,), y, accumulate=True) | x.put(flat, w, accumulate=True)
x.put(k, v[:2]) | T.fill(x, p) | x.diagonal_scatter(v[:3]) | x.select_scatter(w, 0, 1) | x.slice_scatter(y, 0, 1, 3)
x[1] | x[:, 1] | x[..., None, 2] | x[1:, ::2] | x[i[:, 0]] | x[i[0, :2], k] | x[m] | x[:, k] | x[None, j, 1:]
x[-1, -1] | x[j][:, k] | x[[0, 2, 2]] | c[:, j[:2], 0] | x[m[:, 0]] | x[True]
F.pad(x, (1, 2)) | F.pad(x, (1, 2, 0, 1), value=3.0) | F.pad(x, (-1, 2)) | F.pad(c, (1, 1), "reflect")
F.pad(c, (2, 1), "replicate") | F.pad(c, (1, 2), "circular") | T.constant_pad_nd(v, (1, -2), 4.0)
x.unfold(1, 2, 1) | x.unfold(0, 2, 2) | v.unfold(0, 3, 1) | T.as_strided(x.contiguous(), (2, 3), (3, 1), 1)
T.diag(w) | T.diag(x, 1) | T.diagonal(x, -1) | T.diag_embed(y, 1) | T.diagflat(y) | T.tril(x, 1) | T.triu(x, -1)
T.block_diag(x, p, y) | T.cartesian_prod(v, w) | T.combinations(v, 3) | T.combinations(w, 2, True)
T.meshgrid(v, w, indexing="xy")[0] | T.hstack([x, x]) | T.vstack([x, w]) | T.dstack([w, w])
T.column_stack([w, w, y.T]) | T.cat([x, y, T.zeros(0)]) | T.stack([x, x], -1) | x.chunk(2, 1)[1]
x.split([1, 2])[1] | T.tensor_split(v, 3)[0] | T.tensor_split(v, (1, 9))[2] | x.unbind(1)[2] | x.hsplit(2)[0]
c.dsplit(2)[1] | x.vsplit(3)[2] | x.narrow(1, -2, 2) | x.flip(0, 1) | T.fliplr(x) | T.flipud(v) | T.roll(x, 5)
T.roll(x, (1, -2), (0, 1)) | T.rot90(x) | T.rot90(x, 3, (1, 0)) | x.repeat(2, 1, 2) | x.tile(2)
T.repeat_interleave(x, 2, 0) | v.repeat_interleave(T.tensor([0, 2, 1, 0, 3])) | F.pixel_shuffle(q, 2)
F.pixel_unshuffle(q, 2) | F.channel_shuffle(q, 2) | c.movedim(0, -1) | c.swapaxes(0, 2) | c.unflatten(1, (1, -1))
T.atleast_3d(x) | y.sum_to_size(1, 4) | T.broadcast_tensors(w, x)[0] | c.permute(2, 0, 1) | T.unsqueeze_copy(x, 1)
T.narrow_copy(x, 0, 1, 2) | T.unbind_copy(x)[1] | T.squeeze_copy(q)
"""


def numbers(shape: tuple[int, ...], start: int) -> list[float]:
    """Numbers of both signs, no two alike, none near 0."""
    count = math.prod(shape)
    return [((7 * (k + start)) % 29 - 14) / 4 + 0.1 for k in range(count)]


def weights(count: int) -> list[float]:
    return [round(math.cos(k + 1), 6) for k in range(count)]


def names(T: Any) -> dict[str, Any]:
    """The tensors of the calls, made by PyTorch or by tinygrad_bp."""
    found = {"T": T, "F": T.nn.functional}
    for place, (name, shape) in enumerate(FLOATS.items()):
        found[name] = T.tensor(numbers(shape, 5 * place), dtype=T.float64).reshape(shape).detach().requires_grad_(True)
    found.update({name: T.tensor(data) for name, data in (WHOLE | MASKS).items()})
    return found


def results(T: Any, call: str) -> dict[str, Any]:
    """The value of a call, its gradients along fixed weights, and their gradients along others."""
    tensors = names(T)
    value = eval(call, tensors)
    leaves = [tensors[name] for name in FLOATS]
    w = T.tensor(weights(value.numel()), dtype=T.float64).reshape(value.shape).requires_grad_(True)
    total = (value * value * w).sum()
    firsts = T.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
    again = sum((g * g).sum() for g in firsts if g is not None)
    seconds = T.autograd.grad(again, leaves, allow_unused=True)
    return {"value": value.tolist(), "first": listed(firsts), "second": listed(seconds)}


def listed(gradients: Any) -> dict[str, Any]:
    """Gradients by name; none is the same as zeros."""
    kept = {name: g.tolist() for name, g in zip(FLOATS, gradients, strict=True) if g is not None}
    return {name: g for name, g in kept.items() if any(number != 0 for number in flat(g))}


def flat(nested: Any) -> list[float]:
    return [number for part in nested for number in flat(part)] if isinstance(nested, list) else [nested]


def calls() -> list[str]:
    return [call.strip() for line in CALLS.strip().splitlines() for call in line.split(" | ")]
