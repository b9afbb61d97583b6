"""Sums of products in Einstein's notation: ``einsum``, whose gradient is again one."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import general
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from .diagonals import diagonal
from .reduction import sum as total
from .samples import sample
from .shape import permute, reshape

__all__ = ["einsum"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
Labels = str  # one character for each axis of an operand
Triple = tuple[Labels, Labels, Labels]  # of two operands and their product

# ---------------------------------------------------------------------- two operands


class _Plan(NamedTuple):
    """How to contract two shapes: the order and shape of each side, and of their product."""

    order_a: list[int]
    shape_a: list[int]
    order_b: list[int]
    shape_b: list[int]
    summed: bool
    shape: list[int]
    order: list[int]


@lru_cache(maxsize=1024)
def _plan(labels: Triple, shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> _Plan:
    left, right, out = labels
    size = {**dict(zip(left, shape_a)), **dict(zip(right, shape_b))}
    summed = [x for x in left if x in right and x not in out]
    both = [x for x in left if x in right and x in out]
    rows, columns = [x for x in left if x not in right], [x for x in right if x not in left]
    if not summed:
        return _Plan([left.index(x) for x in out if x in left], [size[x] if x in left else 1 for x in out],
                     [right.index(x) for x in out if x in right], [size[x] if x in right else 1 for x in out],
                     False, [], [])
    count = [math.prod(size[x] for x in part) for part in (rows, summed, columns)]
    batch, order = [size[x] for x in both], both + rows + columns
    return _Plan([left.index(x) for x in both + rows + summed], [*batch, count[0], count[1]],
                 [right.index(x) for x in both + summed + columns], [*batch, count[1], count[2]],
                 True, [size[x] for x in order], [order.index(x) for x in out])


def _contract(a: Any, b: Any, labels: Triple) -> Any:
    """One matrix product of the two operands, their axes sorted: shared, rows, summed and columns."""
    plan = _plan(labels, a.shape, b.shape)
    a, b = a.transpose(plan.order_a).reshape(plan.shape_a), b.transpose(plan.order_b).reshape(plan.shape_b)
    return np.matmul(a, b).reshape(plan.shape).transpose(plan.order) if plan.summed else np.multiply(a, b)


def _swapped(labels: Triple, side: int) -> Triple:
    """The labels of the gradient of one side: the result's with the other side's give this side's."""
    return labels[2], labels[1 - side], labels[side]


# Every label stands in two of the three places, so both gradients are contractions of the same kind.
contract: Any = general(
    "einsum", _contract,
    lambda g, b, labels: contract(g, b, _swapped(labels, 0)), lambda g, a, labels: contract(g, a, _swapped(labels, 1)),
    inputs="a b", bilinear=True, params={"labels": REQUIRED}, formula="Σ a · b over the labels that the result lacks",
    samples=(sample((2, 3), (3, 4), labels=("ij", "jk", "ki")), sample((2, 3), (2, 3), labels=("ij", "ij", "")),
             sample((5, 2, 3), (3, 5, 4), labels=("bij", "jbk", "bik")), sample((2,), (3,), labels=("i", "j", "ji")),
             sample((2, 3), (2,), labels=("ij", "i", "ji")), sample((0, 3), (3, 2), labels=("ij", "jk", "ik")),
             sample((2, 0), (0, 3), labels=("ij", "jk", "ik")), sample((), (3,), labels=("", "i", "i"))),
    reference=lambda a, b, labels: np.einsum("{},{}->{}".format(*labels), a, b),
    doc="Two operands multiplied along shared labels and summed over those that the result lacks.")

# ---------------------------------------------------------------------- reading the subscripts


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """``einsum(a, [0, 1], b, [1, 2], [0, 2])`` as subscripts and operands."""
    def text(indices: Any) -> str:
        try:
            return "".join("..." if i is Ellipsis else _LETTERS[i] for i in indices)
        except (IndexError, TypeError):
            raise ArgumentError(f"einsum: an index is an integer from 0 to 51 or ..., got {indices}") from None

    operands = list(arguments[0::2])
    output = None if len(arguments) % 2 == 0 else text(operands.pop())
    subscripts = ",".join(text(indices) for indices in arguments[1::2])
    return (subscripts if output is None else f"{subscripts}->{output}"), operands


@lru_cache(maxsize=1024)
def _read(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[tuple[Labels, ...], Labels, dict[str, int]]:
    """The labels of each operand and of the result, and the size of each label; an ellipsis' axes are '0', '1', …."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ArgumentError(f"einsum: {subscripts!r} describes {len(terms)} operands, {len(shapes)} were given")
    spread = max((len(s) - len(t) + 3 for t, s in zip(terms, shapes) if "..." in t), default=0)
    every = "".join(chr(ord("0") + i) for i in range(spread))
    labels: list[str] = []
    size: dict[str, int] = {}
    for number, (term, shape) in enumerate(zip(terms, shapes)):
        here = len(shape) - len(term) + 3
        full = term.replace("...", every[spread - here:]) if "..." in term else term
        _refuse_strange(subscripts, term)
        if len(full) != len(shape) or ("..." in term and here < 0):
            raise ShapeError(f"einsum: operand {number} has shape {shape_text(shape)}, {term!r} names another number "
                             "of axes; write ... for axes without a name")
        for label, n in zip(full, shape):
            if n != 1 and size.get(label, 1) not in (1, n):
                raise ShapeError(f"einsum: the axis {label!r} has size {n} in operand {number} {shape_text(shape)} and "
                                 f"size {size[label]} before; sizes of one label are equal or 1")
            size[label] = n if size.get(label, 1) == 1 else size[label]
        labels.append(full)
    if arrow:
        _refuse_strange(subscripts, right)
        out = right.replace("...", every)
        wrong = [x for x in out if x not in size or out.count(x) > 1]
        if wrong:
            raise ArgumentError(f"einsum: the result of {subscripts!r} names {wrong[0]!r}, which must stand in an "
                                "operand and once in the result")
    else:
        counts = Counter("".join(labels))
        out = every + "".join(sorted(x for x, n in counts.items() if n == 1 and x not in every))
    return tuple(labels), out, size


def _refuse_strange(subscripts: str, term: str) -> None:
    rest = term.replace("...", "", 1)
    if not all(x in _LETTERS for x in rest):
        raise ArgumentError(f"einsum: {subscripts!r} has {rest!r}; an operand's axes are letters and at most one ...")


# ---------------------------------------------------------------------- one operand


def _diagonals(x: Any, labels: Labels, size: dict[str, int]) -> tuple[Any, Labels]:
    """Each label once: repeated ones by their diagonal; axes of size 1 that only broadcast are left out."""
    while len(set(labels)) < len(labels):
        label = next(label for label, n in Counter(labels).items() if n > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        if x.shape[first] != x.shape[second]:
            raise ShapeError(f"einsum: {label!r} is repeated in an operand {shape_text(x.shape)} with two sizes")
        x = diagonal(x, 0, first, second)
        labels = labels[:first] + labels[first + 1:second] + labels[second + 1:] + label
    if any(n != size[label] for n, label in zip(x.shape, labels)):
        kept = [i for i, label in enumerate(labels) if x.shape[i] == size[label]]
        x, labels = reshape(x, [x.shape[i] for i in kept]), "".join(labels[i] for i in kept)
    return x, labels


def _without(x: Any, labels: Labels, wanted: set[str]) -> tuple[Any, Labels]:
    """Summed over the labels that nothing else needs."""
    gone = tuple(i for i, label in enumerate(labels) if label not in wanted)
    return (total(x, gone), "".join(label for label in labels if label in wanted)) if gone else (x, labels)


# ---------------------------------------------------------------------- all operands


def _best_pair(terms: list[tuple[Any, Labels]], out: Labels, size: dict[str, int]) -> tuple[int, int]:
    """The pair whose product frees the most memory: the greedy order."""
    def cost(i: int, j: int) -> int:
        others = set(out).union(*(labels for k, (_, labels) in enumerate(terms) if k not in (i, j)))
        sets = [set(terms[i][1]), set(terms[j][1])]
        product, a, b = (math.prod(size[x] for x in s) for s in ((sets[0] | sets[1]) & others, *sets))
        return product - a - b

    pairs = [(i, j) for j in range(len(terms)) for i in range(j)]
    return min(pairs, key=lambda pair: cost(*pair))


def einsum(*arguments: Any) -> Any:
    """Sum of products in Einstein's notation: ``einsum("ij,jk->ik", a, b)`` is ``a @ b``.

    A label in several operands multiplies along it; one that the result lacks is summed; one that an operand repeats
    takes the diagonal; ``...`` stands for the axes without a name, which broadcast. Without ``->`` the result has the
    axes of ``...``, then the labels that occur once, in alphabetical order. ``einsum(a, [0, 1], b, [1, 2], [0, 2])``
    says the same in numbers. Three and more operands are multiplied in pairs, the ones that free the most memory first.
    Raises ``ShapeError`` where sizes of one label differ, ``ArgumentError`` for subscripts that cannot be read.

    >>> import tinygrad_bp as tg
    >>> tg.einsum("ij,j->i", tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if not arguments:
        raise ArgumentError('einsum: give the subscripts and the operands, einsum("ij,jk->ik", a, b)')
    if isinstance(arguments[0], str):
        subscripts, operands = arguments[0], list(arguments[1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
    else:
        subscripts, operands = _from_lists(arguments)
    operands = [x if hasattr(x, "dtype") else np.asarray(x) for x in operands]
    labels, out, size = _read(subscripts, tuple(x.shape for x in operands))
    terms = [_diagonals(x, own, size) for x, own in zip(operands, labels)]
    if len(terms) == 1:
        x, left = _without(*terms[0], set(out))
        return permute(x, [left.index(label) for label in out])
    while len(terms) > 1:
        i, j = _best_pair(terms, out, size) if len(terms) > 2 else (0, 1)
        second, first = terms.pop(j), terms.pop(i)
        others = set(out).union(*(own for _, own in terms))
        a, left = _without(*first, others | set(second[1]))
        b, right = _without(*second, others | set(left))
        kept = "".join(x for x in dict.fromkeys(left + right) if x in others) if terms else out
        terms.append((contract(a, b, (left, right, kept)), kept))
    return terms[0][0]
