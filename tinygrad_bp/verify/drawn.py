"""Random numbers that nobody else draws, and inputs and arriving gradients that hide nothing.

A check that draws from ``default_rng(0)`` draws the numbers of the program that it checks: the gradient arriving is
then the layer's own input, and a mask of the one is a mask of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd.types import DTypeLike, Raw

KEY = 0x6A1B_93C7_D05E_42F8_B7A4_1E2D_8C96_F350  # of no meaning: it only has to be a number that is in no program
DIRECTIONS = 3
ALIKE = 0.9  # the |cosine|, or the share of like signs, from which one array tells too much of another
TRIES = 8


def generator(stream: int = 0) -> np.random.Generator:
    """The same numbers in every run, and in no other program: another kind of generator under a key of its own.

    >>> generator().random() == generator().random(), generator().random() == generator(1).random()
    (True, False)
    """
    return np.random.Generator(np.random.Philox(key=KEY + stream))


def arriving(shape: tuple[int, ...], dtype: DTypeLike, others: Sequence[Raw] = ()) -> Iterator[Any]:
    """Gradients that may arrive at an output: in several directions, each unlike every other array of its shape.

    No element is small, so that what happens to it is seen. The second has every sign of the first turned: a rule that
    asks for the sign of what arrives is wrong for one of them in every element.
    """
    rng = generator()
    first = None
    for k in range(DIRECTIONS):
        for _ in range(TRIES):
            size = 0.5 + np.abs(rng.standard_normal(shape))
            signs = -np.sign(first) if k == 1 and first is not None else rng.choice([-1.0, 1.0], shape)
            g = np.asarray(signs * size)
            if k == 1 or not any(alike(g, other) for other in others):
                break
        first = g if first is None else first
        yield g.astype(dtype)


def alike(a: Raw, b: Raw) -> bool:
    """Whether two arrays of one shape point along one line, or have the same signs or all opposite ones.

    >>> a = np.array([1.0, -2.0, 3.0, 0.5, -1.0, 2.0, -4.0, 1.0])
    >>> alike(a, -2 * a), alike(a, np.tanh(a)), alike(a, np.roll(a, 1))
    (True, True, False)
    """
    if a.shape != b.shape or a.size < 2 or np.asarray(b).dtype.kind not in "fiu":
        return False
    x, y = np.ravel(a).astype(np.float64), np.ravel(b).astype(np.float64)
    lengths = float(np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(y * y)))
    along = abs(float(np.sum(x * y))) > ALIKE * lengths
    signs = abs(float(np.mean(np.sign(x) * np.sign(y)))) > ALIKE
    return bool(lengths and (along or (signs and a.size >= 8)))


def elsewhere(inputs: Sequence[Raw], movable: Sequence[int], shares: bool, signs: int) -> list[Any]:
    """The inputs with others in place of the movable ones, of their kind: what is right by accident is not right there.

    The numbers of an array change places and shrink by up to a half; zeros among others stay, and so does symmetry.
    They have signs of their own, others for each number ``signs``, or (0) those they had, for functions that are not
    defined elsewhere. Where there may be ``shares``, numbers from 0 to 1 keep theirs. An array of zeros becomes as
    large as the others are.
    """
    rng, moved = generator(1 + signs), list(inputs)
    sizes = [float(np.max(np.abs(inputs[i]), initial=0.0)) for i in movable]
    usual = float(np.median([size for size in sizes if size] or [1.0]))
    for i in movable:
        a = np.asarray(inputs[i])
        if a.dtype.kind != "f" or not a.size:
            continue
        some = a != 0
        if not some.any():
            moved[i] = (usual * rng.uniform(-1, 1, a.shape)).astype(a.dtype)
            continue
        b = np.array(a)
        b[some] = rng.permutation(a[some]) * rng.uniform(0.5, 1, int(some.sum()))
        if signs and not (shares and np.all((a >= 0) & (a <= 1))):
            b *= rng.choice([-1.0, 1.0], a.shape).astype(a.dtype)
        if a.ndim == 2 and a.shape[0] == a.shape[1] and np.array_equal(a, a.T):
            b = np.triu(b) + np.triu(b, 1).T
        moved[i] = b
    return moved


def near(inputs: Sequence[Raw], movable: Sequence[int], stream: int) -> list[Any]:
    """The inputs with the movable ones changed in their third digits: what is greater than what stays as it was."""
    rng, moved = generator(50 + stream), list(inputs)
    for i in movable:
        a = np.asarray(inputs[i])
        if a.dtype.kind == "f":
            moved[i] = (a * (1 + 2e-3 * rng.uniform(-1, 1, a.shape))).astype(a.dtype)
    return moved
