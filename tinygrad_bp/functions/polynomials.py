"""Orthogonal polynomials of a degree that may differ from element to element, by their recurrences (DLMF 18.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.elsewhere import boxed, moved
from ..autograd.operands import in_floats
from ..autograd.types import Array, Operand
from ..autograd.values import fixed_value
from ..ops.elementwise import where

__all__: list[str] = []

Step = Callable[[Any, Any, int], Any]  # (P of k, P of k − 1, k) -> P of k + 1


def _of_degree(name: str, x: Any, n: Any, first: Any, step: Step) -> Any:
    """The polynomials whose degree is the whole part of n: 1, ``first``, and on by ``step``; 0 where n is below 0."""
    degree = boxed(np.trunc(fixed_value(n, f"{name}: n")))
    before, now = 1.0, first
    numbers = degree[degree > 0]  # not NaN
    most = int(numbers.max()) if numbers.size else 0
    result = where(moved(boxed(degree == 0), x), before, where(moved(boxed(degree == 1), x), now, 0.0))
    for k in range(1, most):
        before, now = now, step(now, before, k)
        result = where(moved(boxed(degree == k + 1), x), now, result)
    return result


@in_floats("input")
def chebyshev_polynomial_t(input: Array, n: Operand) -> Any:
    """Chebyshev's polynomial of the first kind, ``cos(n arccos x)`` in [−1, 1].

    >>> import tinygrad_bp as tg
    >>> tg.special.chebyshev_polynomial_t(tg.tensor([0.5, 2.0]), 2)
    tensor([-0.5000,  7.0000])
    """
    x = input
    return _of_degree("chebyshev_polynomial_t", x, n, x, lambda now, before, k: 2 * x * now - before)


@in_floats("input")
def chebyshev_polynomial_u(input: Array, n: Operand) -> Any:
    """Chebyshev's polynomial of the second kind, 2x at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.chebyshev_polynomial_u(tg.tensor([0.5, 2.0]), 2)
    tensor([ 0., 15.])
    """
    x = input
    return _of_degree("chebyshev_polynomial_u", x, n, 2 * x, lambda now, before, k: 2 * x * now - before)


@in_floats("input")
def chebyshev_polynomial_v(input: Array, n: Operand) -> Any:
    """Chebyshev's polynomial of the third kind, 2x − 1 at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.chebyshev_polynomial_v(tg.tensor([0.5, 2.0]), 2)
    tensor([-1., 11.])
    """
    x = input
    return _of_degree("chebyshev_polynomial_v", x, n, 2 * x - 1, lambda now, before, k: 2 * x * now - before)


@in_floats("input")
def chebyshev_polynomial_w(input: Array, n: Operand) -> Any:
    """Chebyshev's polynomial of the fourth kind, 2x + 1 at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.chebyshev_polynomial_w(tg.tensor([0.5, 2.0]), 2)
    tensor([ 1., 19.])
    """
    x = input
    return _of_degree("chebyshev_polynomial_w", x, n, 2 * x + 1, lambda now, before, k: 2 * x * now - before)


@in_floats("input")
def shifted_chebyshev_polynomial_t(input: Array, n: Operand) -> Any:
    """``chebyshev_polynomial_t`` at 2x − 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.shifted_chebyshev_polynomial_t(tg.tensor([0.5, 1.0]), 2)
    tensor([-1.,  1.])
    """
    return chebyshev_polynomial_t(2 * input - 1, n)


@in_floats("input")
def shifted_chebyshev_polynomial_u(input: Array, n: Operand) -> Any:
    """``chebyshev_polynomial_u`` at 2x − 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.shifted_chebyshev_polynomial_u(tg.tensor([0.5, 1.0]), 2)
    tensor([-1.,  3.])
    """
    return chebyshev_polynomial_u(2 * input - 1, n)


@in_floats("input")
def shifted_chebyshev_polynomial_v(input: Array, n: Operand) -> Any:
    """``chebyshev_polynomial_v`` at 2x − 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.shifted_chebyshev_polynomial_v(tg.tensor([0.5, 1.0]), 2)
    tensor([-1.,  1.])
    """
    return chebyshev_polynomial_v(2 * input - 1, n)


@in_floats("input")
def shifted_chebyshev_polynomial_w(input: Array, n: Operand) -> Any:
    """``chebyshev_polynomial_w`` at 2x − 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.shifted_chebyshev_polynomial_w(tg.tensor([0.5, 1.0]), 2)
    tensor([-1.,  5.])
    """
    return chebyshev_polynomial_w(2 * input - 1, n)


@in_floats("input")
def hermite_polynomial_h(input: Array, n: Operand) -> Any:
    """The physicists' Hermite polynomial, 2x at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.hermite_polynomial_h(tg.tensor([1.0, 2.0]), 2)
    tensor([ 2., 14.])
    """
    x = input
    return _of_degree("hermite_polynomial_h", x, n, 2 * x, lambda now, before, k: 2 * x * now - 2 * k * before)


@in_floats("input")
def hermite_polynomial_he(input: Array, n: Operand) -> Any:
    """The probabilists' Hermite polynomial, x at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.hermite_polynomial_he(tg.tensor([1.0, 2.0]), 2)
    tensor([0., 3.])
    """
    x = input
    return _of_degree("hermite_polynomial_he", x, n, x, lambda now, before, k: x * now - k * before)


@in_floats("input")
def laguerre_polynomial_l(input: Array, n: Operand) -> Any:
    """Laguerre's polynomial, 1 − x at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.laguerre_polynomial_l(tg.tensor([1.0, 2.0]), 2)
    tensor([-0.5000, -1.0000])
    """
    x = input
    return _of_degree(
        "laguerre_polynomial_l", x, n, 1 - x, lambda now, before, k: ((2 * k + 1 - x) * now - k * before) / (k + 1)
    )


@in_floats("input")
def legendre_polynomial_p(input: Array, n: Operand) -> Any:
    """Legendre's polynomial, x at degree 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.legendre_polynomial_p(tg.tensor([1.0, 2.0]), 2)
    tensor([1.0000, 5.5000])
    """
    x = input
    return _of_degree(
        "legendre_polynomial_p", x, n, x, lambda now, before, k: ((2 * k + 1) * x * now - k * before) / (k + 1)
    )
