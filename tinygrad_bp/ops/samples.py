"""On which inputs each op is tested: shapes, the domain of each input, and parameters. Data is drawn by the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.types import Array, Raw

Domain = Callable[[Any, tuple[int, ...]], Any]  # (np.random.Generator, shape) -> array


class Sample(NamedTuple):
    """One call of an op: a shape and a domain per input, and the keyword parameters."""

    shapes: tuple[tuple[int, ...], ...]
    domains: tuple[Domain, ...]
    params: dict[str, Any]
    smooth: bool = True  # False: value and dtype are tested, derivatives only for being finite


def real(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Standard normal."""
    return rng.standard_normal(shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Uniform in [0.5, 2]."""
    return rng.uniform(0.5, 2.0, shape)


def probability(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Uniform in [0.1, 0.9]."""
    return rng.uniform(0.1, 0.9, shape)


def nonzero(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Away from 0 by at least 0.2, either sign."""
    return rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """No two elements closer than 0.3, and none closer than 0.1 to 0: no ties, no kinks."""
    count = int(np.prod(shape))
    return (0.3 * (rng.permutation(count) - count // 2) + 0.15).reshape(shape)


def boolean(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """True or False."""
    return rng.random(shape) < 0.5


def complex_of(of: Domain = real) -> Domain:
    """Complex numbers whose real and imaginary parts are drawn from ``of``."""
    return lambda rng, shape: of(rng, shape) + 1j * of(rng, shape)


def below(count: int) -> Domain:
    """Integers from 0 to ``count - 1``."""
    return lambda rng, shape: rng.integers(0, count, shape)


def fixed(*values: float) -> Domain:
    """These very numbers, whatever the generator."""
    return lambda rng, shape: np.asarray(np.resize(np.array(values), shape))


extreme: Domain = fixed(1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0)


def hits(index: Raw, size: int) -> Any:
    """Rows of 0 and 1, for references: where a position is read or added to."""
    return (index[..., None] == np.arange(size)).astype(float)


def sample(
    *shapes: tuple[int, ...], of: Domain | Iterable[Domain] = real, smooth: bool = True, **params: Any
) -> Sample:
    """A call on arrays of these shapes; ``of`` is the domain of all inputs, or one each."""
    domains = (of,) * len(shapes) if callable(of) else tuple(of)
    return Sample(shapes, domains, params, smooth)


def unary(of: Domain = real, extremes: bool = True, **params: Any) -> tuple[Sample, ...]:
    """The samples of an elementwise op of one input: plain, vector, 0-d, empty, extreme."""
    shapes: tuple[tuple[int, ...], ...] = ((2, 3), (4,), (), (0, 3))
    samples = tuple(sample(shape, of=of, **params) for shape in shapes)
    return (*samples, sample((9,), of=extreme, smooth=False, **params)) if extremes else samples


def complexes(of: Domain = real, **params: Any) -> tuple[Sample, ...]:
    """The samples of an elementwise op of one complex input: plain, 0-d, empty."""
    return tuple(sample(shape, of=complex_of(of), **params) for shape in ((2, 3), (), (0, 3)))


def binary(a: Domain = real, b: Domain = real) -> tuple[Sample, ...]:
    """The samples of an elementwise op of two inputs: equal shapes, every kind of broadcast, 0-d, empty."""
    pairs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
        ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((2, 3), ()), ((), ()), ((0, 3), (3,)),
    )  # fmt: skip
    return tuple(sample(*pair, of=(a, b)) for pair in pairs)


def reductions(of: Domain = real, extra: Iterable[dict[str, Any]] = ({},), empty: bool = True) -> tuple[Sample, ...]:
    """The samples of a reduction: no axis, one, negative, several, kept or not."""
    axes: tuple[Any, ...] = (None, 0, -1, (0, 2), (1,))
    choices = [(p, axis, keep) for p in extra for axis in axes for keep in (False, True)]
    calls = [sample((2, 3, 4), of=of, axis=axis, keepdims=keep, **p) for p, axis, keep in choices]
    calls += [sample((), of=of, axis=None, keepdims=False, **p) for p in extra]
    if empty:
        calls += [sample((0, 3), of=of, axis=0, keepdims=False, **p) for p in extra]
    return tuple(calls)


def summed_at(positions: Any, x: Array, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with x added at the positions, counted row by row: the reference of ops that put elements."""
    return np.bincount(positions.ravel(), weights=np.ravel(x), minlength=int(np.prod(shape))).reshape(shape)
