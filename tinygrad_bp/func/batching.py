"""How each op runs once for a whole batch: a rule by the op's name. What has none here runs once a slice.

A rule is given the operands with the batch in front, calls ops, and gives the results of all slices, the batch in
front. It knows nothing of derivatives: what it calls is recorded as any other call. ``None`` says that it has nothing
for these operands; they then go one slice at a time, and so what is wrong with them is said of one slice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.batched import KINDS, RULES, WITHIN, Batched, Level, Rule
from ..autograd.dtypes import result_type
from ..autograd.op import OPS, Op
from ..autograd.values import held
from ..ops.shape import reshape

Operands = Sequence[Any]
Which = Sequence[bool]
Params = dict[str, Any]


def _call(name: str, *given: Any) -> Any:
    return OPS[name].function(*given)


def _ndim(x: Any, yes: bool) -> int:
    """The dimensions of one slice."""
    return (x.ndim if hasattr(x, "ndim") else np.ndim(x)) - yes


def _at_rank(x: Any, ndim: int) -> Any:
    """A batch whose slices have ``ndim`` dimensions: new ones between the batch and theirs, as they broadcast."""
    missing = ndim + 1 - x.ndim
    return x if missing <= 0 else _call("reshape", x, (x.shape[0], *(1,) * missing, *x.shape[1:]))


def _all(x: Any, yes: bool, size: int) -> Any:
    """An operand with the batch in front: repeated where all slices share it."""
    return x if yes else _call("broadcast_to", x, (size, *(x.shape if hasattr(x, "shape") else np.shape(x))))


def _flat(x: Any) -> Any:
    """A batch and the first dimension of its slices as one."""
    return _call("reshape", x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _apart(x: Any, size: int) -> Any:
    """The inverse of ``_flat``."""
    return _call("reshape", x, (size, x.shape[0] // size if size else 0, *x.shape[1:]))


def _batch_to(x: Any, place: int) -> Any:
    """The batch, which is in front, at another place."""
    order = list(range(1, x.ndim))
    order.insert(place, 0)
    return _call("permute", x, tuple(order))


def _batch_from(x: Any, place: int) -> Any:
    """The batch, which is at another place, in front."""
    return _call("permute", x, (place, *(d for d in range(x.ndim) if d != place)))


# ---------------------------------------------------------------------- element by element


class _Kind(NamedTuple):
    ndim: int
    dtype: Any


def _promoted(op: Op, xs: Operands, which: Which) -> list[Any]:
    """Operands in the dtype that they have together in one slice: a number that is a tensor widens no other."""
    given = [(i, xs[i]) for i, yes in enumerate(op.promotes) if yes]
    kinds = [_Kind(_ndim(x, which[i]), x.dtype) for i, x in given if hasattr(x, "dtype")]
    if len({kind.dtype for kind in kinds}) < 2:
        return list(xs)
    numbers = [x for _, x in given if isinstance(x, (bool, int, float, complex))]
    target = result_type(kinds, numbers)
    chosen = {i for i, x in given if hasattr(x, "dtype") and x.dtype != target}
    return [_call("cast", x, target) if i in chosen else x for i, x in enumerate(xs)]


def aligned(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """Operands that broadcast with each other."""
    if len(xs) > 1:
        ndim = max(map(_ndim, xs, which))
        xs = [_at_rank(x, ndim) if yes else x for x, yes in zip(_promoted(op, xs, which), which)]
    return op.function(*xs, **params)


# ---------------------------------------------------------------------- stacks


def _stacks(least: int) -> Rule:
    """Operands of at least so many dimensions, before which any others may stand, the same for all."""

    def rule(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
        ndims = set(map(_ndim, xs, which))
        if min(ndims) < least or len(ndims) > 1:
            return None
        return op.function(*(_all(x, yes, level.size) for x, yes in zip(xs, which)), **params)

    return rule


def _pairs(least: int) -> Rule:
    """Operands of at least so many dimensions, before which any others may stand and broadcast."""

    def rule(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
        ndims = list(map(_ndim, xs, which))
        return aligned(op, level, xs, which, params) if min(ndims) >= least else None

    return rule


def _folded(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """The batch as part of the first dimension of every operand."""
    if min(map(_ndim, xs, which)) < 1:
        return None
    return _apart(op.function(*(_flat(_all(x, yes, level.size)) for x, yes in zip(xs, which)), **params), level.size)


def _first_folded(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """The batch as part of the first dimension of the first operand; the others are shared."""
    if any(which[1:]) or xs[0].ndim < 2:
        return None
    return _apart(op.function(_flat(xs[0]), *xs[1:], **params), level.size)


# ---------------------------------------------------------------------- along axes


def _after(axis: int, ndim: int) -> int | None:
    """A dimension of one slice among those of the batch; None where a slice has no such dimension."""
    return axis % ndim + 1 if -ndim <= axis < ndim else None


def _axes_after(axes: Any, ndim: int) -> Any:
    if isinstance(axes, int):
        return _after(axes, ndim)
    moved = tuple([_after(axis, ndim) for axis in axes])
    return None if None in moved else moved


def _along(*names: str, ranks: int = 1) -> Rule:
    """Operands of one rank, and parameters that name dimensions of theirs."""

    def rule(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
        ndims = set(map(_ndim, xs, which))
        ndim = max(ndims)
        if ndim == 0 and ranks == 1:  # a 0-d tensor has the dimension 0
            if len(xs) > 1 or any(params[name] not in (0, -1) for name in names):
                return None
            y = op.function(_call("reshape", xs[0], (level.size, 1)), **params | dict.fromkeys(names, 1))
            return _call("reshape", y, (level.size, *y.shape[2:]))
        moved = {name: None if params[name] is None else _axes_after(params[name], ndim) for name in names}
        if len(ndims) > 1 or None in moved.values():
            return None
        return op.function(*(_all(x, yes, level.size) for x, yes in zip(xs, which)), **params | moved)

    return rule


def _reduced(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """A reduction; without an axis, over all."""
    (x,), axis = xs, params["axis"]
    ndim = x.ndim - 1
    every = axis is None or (axis in ((), []) and op.name not in ("any", "all"))
    if every or not ndim:
        if not every and not {0, -1}.issuperset(axis if isinstance(axis, (list, tuple)) else (axis,)):
            return None
        flat = _call("reshape", x, (level.size, math.prod(x.shape[1:])))
        y = op.function(flat, **params | {"axis": 1} | {name: False for name in params if name == "keepdims"})
        return _call("reshape", y, (level.size, *(1,) * ndim)) if params.get("keepdims") and ndim else y
    moved = _axes_after(axis, ndim)
    return None if moved is None else op.function(x, **params | {"axis": moved})


def _joined(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """Tensors side by side, along a dimension that they have (``cat``) or that is new (``stack``)."""
    ndims = set(map(_ndim, xs, which))
    axis = _after(params["axis"], max(ndims) + (op.name == "stack"))
    if axis is None or len(ndims) > 1:
        return None
    return op.function([_all(x, yes, level.size) for x, yes in zip(xs, which)], **params | {"axis": axis})


# ---------------------------------------------------------------------- shapes


def _reshape(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    (x,), shape = xs, params["shape"]
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        if not known:
            return None
        shape = tuple([math.prod(x.shape[1:]) // known if n == -1 else n for n in shape])
    return reshape(x, level.size, *shape)  # a view where PyTorch has one


def _permute(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    axes = params["axes"]
    axes = range(xs[0].ndim - 1)[::-1] if axes is None else axes
    return op.function(xs[0], (0, *_axes_after(axes, xs[0].ndim - 1)))


def _broadcast_to(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    shape = params["shape"]
    if len(shape) < xs[0].ndim - 1:
        return None
    return op.function(_at_rank(xs[0], len(shape)), (level.size, *shape))


def _shaped(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """An op with the shape of its result, and dimensions of that."""
    shape = params["shape"]
    moved = {name: _after(params[name], len(shape)) for name in params if name.startswith("axis")}
    return None if None in moved.values() else op.function(xs[0], **params | {"shape": (level.size, *shape)} | moved)


# ---------------------------------------------------------------------- indexes


def _behind(index: Any) -> tuple[tuple[Any, ...], int]:
    """The same index of every slice, and where NumPy puts the batch: behind arrays that stand apart from each other."""
    items = index if isinstance(index, tuple) else (index,)
    arrays = [item for item in items if hasattr(item, "dtype") or isinstance(item, bool)]
    places = [i for i, item in enumerate(items) if item is not None and item is not ... and not isinstance(item, slice)]
    if not arrays or places[-1] - places[0] < len(places):
        return (slice(None), *items), 0
    shapes = [item.nonzero()[0].shape if item.dtype == bool else item.shape for item in map(np.asarray, arrays)]
    return (slice(None), *items), len(np.broadcast_shapes(*shapes))


def _getitem(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    index, place = _behind(params["index"])
    y = op.function(xs[0], index)
    return _batch_from(y, place) if place else y


def _getitem_at(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """Positions of its own in every slice: the batch is one more position."""
    index = params["index"]
    items = list(index) if isinstance(index, tuple) else [index]
    places = [i for i, item in enumerate(items) if not (item is None or item is ... or isinstance(item, slice))]
    if any(isinstance(items[i], bool) or getattr(items[i], "dtype", None) == np.bool_ for i in places):
        return None
    x, rank = _all(xs[0], which[0], level.size), max(_ndim(items[i], False) for i in places)
    for i in places:
        if isinstance(items[i], Batched) and items[i].level is level:
            items[i] = held(_at_rank(items[i].slices, rank))
    together = places[-1] - places[0] < len(places)
    before = 0
    if together:  # the positions stand where the first of them is
        rest = x.ndim - 1 - sum(item is not None and item is not ... for item in items)
        before = sum(rest if item is ... else 1 for item in items[: places[0]])
    y = op.function(x, (np.arange(level.size).reshape(-1, *(1,) * rank), *items))
    if before:
        others = range(1 + rank, y.ndim)
        y = _call("permute", y, (0, *others[:before], *range(1, 1 + rank), *others[before:]))
    return y


def _place(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    index, place = _behind(params["index"])
    x = _batch_to(xs[0], place) if place else xs[0]
    return op.function(x, (level.size, *params["shape"]), index)


def _setitem(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    x, v = xs
    index, place = _behind(params["index"])
    if place:
        return None
    x = _all(x, which[0], level.size)
    if which[1]:
        there = np.broadcast_to(np.empty((), bool), x.shape[1:])[params["index"]]
        v = _at_rank(v, np.ndim(there))
        if v.ndim > np.ndim(there) + 1:  # dimensions of size 1 in front
            v = _call("reshape", v, (level.size, *v.shape[v.ndim - np.ndim(there) :]))
    return op.function(x, v, index)


def _take_rows(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    weight, index = xs
    if not which[0]:
        return op.function(weight, index, **params)
    if params["padding_idx"] is not None or params["by_frequency"]:
        return None
    return op.function(_flat(weight), _own_rows(index, which[1], level.size, weight.shape[1]), **params)


def _add_rows(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    x, index = xs
    rows = params["size"]
    return _apart(
        op.function(_all(x, which[0], level.size), _own_rows(index, which[1], level.size, rows), level.size * rows),
        level.size,
    )


def _own_rows(index: Any, yes: bool, size: int, rows: int) -> Any:
    """An index of rows for each slice, where the rows of all slices follow each other."""
    first = np.arange(size) * rows
    return _call("add", _all(index, yes, size), first.reshape((size, *(1,) * _ndim(index, yes))))


# ---------------------------------------------------------------------- products


def _matmul(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    (a, b), (na, nb) = _promoted(op, xs, which), map(_ndim, xs, which)
    if not (na and nb):
        return None
    if not which[1] and nb <= 2:
        return op.function(a, b)
    if not which[0] and na <= 2:
        if nb == 2:
            return op.function(a, b)
        if nb == 1:
            return op.function(b, a if na == 1 else _call("permute", a, (1, 0)))
    a = _call("reshape", a, (*a.shape[:-1], 1, a.shape[-1])) if na == 1 else a
    b = _call("reshape", b, (*b.shape, 1)) if nb == 1 else b
    y = op.function(*(_at_rank(x, max(na, nb, 2)) if yes else x for x, yes in zip((a, b), which)))
    shape = y.shape[: -2 if na == 1 else y.ndim - 1] if nb == 1 else (*y.shape[:-2], y.shape[-1])
    return y if na > 1 < nb else _call("reshape", y, shape)


def _linear(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    x, weight, bias = xs
    if not any(which[1:]):
        return op.function(x, weight, bias)
    turned = _call("permute", weight, (0, 2, 1) if which[1] else (1, 0))
    product = _matmul(OPS["matmul"], level, (x, turned), which[:2], {})
    return aligned(OPS["add"], level, (product, bias), (which[0] or which[1], which[2]), {})


def _einsum(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """One label more, which stands for the batch."""
    (left, right, out), batch = params["labels"], "Σ"
    while batch in left + right + out:  # a batch of batches
        batch = chr(ord(batch) + 1)
    return op.function(*xs, labels=(batch * which[0] + left, batch * which[1] + right, batch + out))


def _solve(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    (a, b), (na, nb) = xs, map(_ndim, xs, which)
    if na != 2 or nb not in (1, 2):
        return None
    a, b = _all(a, which[0], level.size), _all(b, which[1], level.size)
    if nb == 2:
        return op.function(a, b)
    return _call("reshape", op.function(a, _call("reshape", b, (*b.shape, 1))), b.shape)


def _channels(x: Any, yes: bool, size: int) -> Any:
    """The batch as part of the channels, which are the second dimension of a slice."""
    x = _batch_to(_all(x, yes, size), 1)
    return _call("reshape", x, (x.shape[0], size * x.shape[2], *x.shape[3:]))


def _convolution(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """Another kernel for each slice: the slices are groups of channels."""
    (x, weight), (nx, _) = xs, map(_ndim, xs, which)
    if not which[1]:
        return _first_folded(op, level, xs, which, params)
    if nx < 2:
        return None
    y = op.function(
        _channels(x, which[0], level.size), _flat(weight), **params | {"groups": level.size * params["groups"]}
    )
    y = _call("reshape", y, (y.shape[0], level.size, y.shape[1] // level.size, *y.shape[2:]))
    return _batch_from(y, 1)


def _convolution_weight(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    sides = [_channels(x, yes, level.size) for x, yes in zip(xs, which)]
    return _apart(op.function(*sides, **params | {"groups": level.size * params["groups"]}), level.size)


# ---------------------------------------------------------------------- losses and norms


def _reduce(y: Any, reduction: str) -> Any:
    if reduction == "none" or y.ndim == 1:
        return y
    return _call(reduction, y, tuple(range(1, y.ndim)))


def _loss(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """A loss of each element, reduced."""
    both = [_all(x, yes, level.size) for x, yes in zip(xs, which)]
    return _reduce(op.function(*both, **params | {"reduction": "none"}), params["reduction"])


def _loss_of_rows(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    """A loss of each row of scores, reduced."""
    rows = [_all(x, yes, level.size) for x, yes in zip(xs, which)]
    if rows[0].ndim == 2:  # the scores of one row
        return op.function(*rows, **params | {"reduction": "none"})
    y = _apart(op.function(*map(_flat, rows), **params | {"reduction": "none"}), level.size)
    return _reduce(y, params["reduction"])


def _nll_rows(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    rows = [_all(x, yes, level.size) for x, yes in zip(xs, which)]
    return op.function(*rows) if rows[0].ndim == 2 else _apart(op.function(*map(_flat, rows)), level.size)


def _nll_loss(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    x, target, divisor = xs
    total = _reduce(_nll_rows(OPS["nll_rows"], level, (x, target), which[:2], {}), "sum")
    divisor = _call("cast", _all(divisor, which[2], level.size), total.dtype)
    none = _call("isnan", divisor)  # no label counts: the loss is NaN, its gradient 0
    return _call("where", none, divisor, _call("div", total, _call("where", none, 1, divisor)))


def _layer_norm(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    x, weight, bias = xs
    if not any(which[1:]):
        return op.function(x, weight, bias, **params)
    shape = weight.shape[which[1] :]
    standard = op.function(x, np.ones(shape, x.dtype), np.zeros(shape, x.dtype), **params)
    scaled = aligned(OPS["mul"], level, (standard, weight), which[:2], {})
    return aligned(OPS["add"], level, (scaled, bias), (which[0] or which[1], which[2]), {})


def _one_hot(op: Op, level: Level, xs: Operands, which: Which, params: Params) -> Any:
    # Without a count each slice would have one of its own.
    return op.function(xs[0], **params) if params["num_classes"] >= 0 else None


# ---------------------------------------------------------------------- the table

_BY_RULE: dict[Rule, str] = {
    aligned: """eq ne lt le gt ge logical_not logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor
        bitwise_not isnan isinf isfinite signbit isposinf isneginf isreal bitwise_left_shift bitwise_right_shift gcd lcm
        isclose leaky_slope heaviside exponent complex dropout""",
    _stacks(0): "cast clone conj real imag view_as_real",
    _stacks(1): "view_as_complex masked_softmax picked put unpooled",
    _stacks(
        2
    ): """tril triu inv det slogdet cholesky cofactors eigh eig lu matrix_exp qr svd pinv to_mirror cofactors_slope""",
    _pairs(2): "distances",
    _reduced: "sum mean prod var std logsumexp amax amin argmax argmin any all count_nonzero vector_norm",
    _along("axis"): """cumsum cumprod logcumsumexp softmax log_softmax unfold flip roll resample spread fft_r2c fft_c2r
        recurrence other_products argsort running_index top_indices rank_index median_index mode_index""",
    _along("axes"): "fft_c2c",
    _along("axis1", "axis2", ranks=2): "diagonal",
    _along("axis", ranks=2): "cross",
    _joined: "cat stack",
    _reshape: "reshape",
    _permute: "permute",
    _broadcast_to: "broadcast_to",
    _shaped: "fold diagonal_place",
    _getitem: "getitem",
    _place: "place",
    _setitem: "setitem",
    _take_rows: "take_rows",
    _add_rows: "add_rows",
    _matmul: "matmul",
    _linear: "linear",
    _einsum: "einsum",
    _solve: "solve",
    _convolution: "convolution transposed_convolution",
    _convolution_weight: "convolution_weight",
    _folded: "standard_rows norm_pull",
    _first_folded: "fixed_batch_norm windows overlap window_sum window_argmax",
    _loss: "mse_loss l1_loss huber_loss binary_cross_entropy_with_logits binary_cross_entropy",
    _loss_of_rows: "cross_entropy",
    _nll_loss: "nll_loss",
    _nll_rows: "nll_rows",
    _layer_norm: "layer_norm",
    _one_hot: "one_hot",
}

KINDS["elementwise"] = aligned
WITHIN["getitem"] = _getitem_at
RULES.update({name: rule for rule, names in _BY_RULE.items() for name in names.split()})
