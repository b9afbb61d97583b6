"""Checks of a function's derivatives: ``check_derivatives`` to any order, and PyTorch's ``gradcheck`` over it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd.device import CPU, device_of
from ..autograd.elsewhere import hosted
from ..autograd.errors import ArgumentError, AutogradError
from ..autograd.tensor import Tensor
from ..autograd.values import value_of
from .derivatives import RELATIVE, Check
from .drawn import generator
from .findings import Diagnosis, Finding
from .nested import flat, rebuilt
from .problem import Problem, Pushed


class GradcheckError(AutogradError, RuntimeError, AssertionError):
    """A derivative that differs from the slope; the message says which, where, by how much, and how it is wrong."""


def check_derivatives(
    func: Callable[..., Any],
    inputs: Any,
    *,
    order: int = 1,
    forward: bool = True,
    every_element: bool = False,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    nondet_tol: float = 0.0,
    seed: int = 0,
) -> Diagnosis:
    """Check the derivatives of ``func(*inputs)`` against differences, to any ``order``, and forward mode by reverse.

    ``inputs`` is a tensor or an array, or a tuple (or list) of arguments, which may be nested dicts, lists and tuples
    of them. Arrays of floating point or complex numbers are differentiated in, and tensors that require grad; every
    other argument is constant. ``func`` is given Tensors, returns Tensors (nested or not), and may use ``np.*``.

    Each input is checked along a random direction, each element of it as well where ``every_element``; then the
    derivative is checked in the same way, as a function of the inputs and of the gradient arriving (``g``). Steps are
    found from the scale of the inputs, or start at ``eps``. What is allowed is measured: the error of the differences,
    the rounding of the gradient, and beside them ``rtol`` (1e-7; 2e-3 for float32 against float64) of the larger
    number and ``atol`` (0).

    The answer has one finding for each input and order. At a kink, such as ``relu`` at 0, the slopes on the two sides
    are compared with the rule: it is all right between them.

    Raises ``ArgumentError`` where nothing can be differentiated, or ``func`` is not finite at ``inputs``.

    >>> import numpy as np
    >>> import tinygrad_bp as tg
    >>> print(check_derivatives(lambda x, y: x * np.tanh(y), (np.ones(3), np.arange(3.0)), order=2).ok)
    True
    >>> print(check_derivatives(tg.relu, np.array([1.0, 0.0, -2.0]))["input[1]"])
    input[1]: kink. A kink: slopes 0 and 1 on its two sides, the rule gives 0: one of the subgradients.
    """
    if order < 1:
        raise ArgumentError(f"order counts from 1, the first derivative; got {order}")
    problem = _problem(func, inputs)
    findings: list[Finding] = []
    rng = generator(seed)
    for _ in range(order):
        check = Check(
            problem, rng, forward=forward, every_element=every_element, step=eps, atol=atol or 0.0,
            rtol=RELATIVE if rtol is None else rtol, nondet_tol=nondet_tol,
        )  # fmt: skip
        found = check.findings()
        findings += found
        if any(
            finding.kind not in ("right", "rounding") for finding in found
        ):  # what is above a wrong derivative says nothing
            break
        problem = problem.derivative(check.cotangents)
    return Diagnosis(tuple(findings), GradcheckError)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Whether the first derivatives of ``func`` are right: ``torch.autograd.gradcheck``, in any dtype.

    ``eps``, ``atol`` and ``rtol`` are chosen from the dtype and the scale where left out: see ``check_derivatives``,
    which gives the whole answer. ``fast_mode`` checks one random direction of each input instead of each element;
    ``check_forward_ad`` forward mode as well, or alone where ``check_backward_ad=False``; ``check_undefined_grad``
    several results with a gradient for one only. ``check_batched_grad`` and ``check_batched_forward_grad`` are
    accepted: a batch of gradients is one call after another here. ``nondet_tol`` is how far two runs on the same inputs
    may differ. A kink is no failure while the rule gives one of the subgradients.

    Raises ``GradcheckError`` where a derivative is wrong, unless ``raise_exception=False``.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.autograd.gradcheck(tg.sin, x)
    True
    >>> tg.autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    False
    """
    problem = _problem(func, inputs)
    if check_forward_ad and not check_backward_ad:
        problem = Pushed(problem.name, problem.names, problem.values, problem.run)
        check_forward_ad, check_backward_ad, check_undefined_grad = False, True, False
    check = Check(
        problem, generator(), check_forward_ad, check_backward_ad, not fast_mode,
        check_undefined_grad, eps, atol or 0.0, RELATIVE if rtol is None else rtol, nondet_tol,
    )  # fmt: skip
    return _verdict(check, raise_exception)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Whether the second derivatives of ``func`` are right: ``torch.autograd.gradgradcheck``, in any dtype.

    The gradient is checked as a function of the inputs and of ``grad_outputs``, which are drawn where left out. The
    other arguments are those of ``gradcheck``; ``check_fwd_over_rev`` is its ``check_forward_ad``.

    Raises ``GradcheckError`` where a derivative is wrong, unless ``raise_exception=False``.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.gradgradcheck(tg.sin, tg.tensor([1.0, 2.0], requires_grad=True))
    True
    """
    problem = _problem(func, inputs)
    rng = generator()
    if grad_outputs is None:
        results = [value_of(y) for y in problem.outputs(problem.values)[1]]
        cotangents = [_drawn(rng, y) for y in results]
    else:
        cotangents = [value_of(g) for _, g in flat(grad_outputs)]
    check = Check(
        problem.derivative(cotangents), rng, check_fwd_over_rev, check_rev_over_rev, not fast_mode,
        check_undefined_grad, eps, atol or 0.0, RELATIVE if rtol is None else rtol, nondet_tol,
    )  # fmt: skip
    return _verdict(check, raise_exception)


def _drawn(rng: Any, y: Any) -> Any:
    numbers = np.asarray(rng.standard_normal(y.shape))
    return numbers + 1j * rng.standard_normal(y.shape) if y.dtype.kind == "c" else numbers


def _verdict(check: Check, raise_exception: bool) -> bool:
    found = Diagnosis(tuple(check.findings()), GradcheckError)
    if raise_exception:
        found.raise_if_wrong()
    return found.ok


def _problem(func: Callable[..., Any], inputs: Any) -> Problem:
    """The function of the arrays in its inputs alone."""
    args = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    names, leaves = [], []
    for label, arg in zip(_labels(func, len(args)), args, strict=True):
        for name, leaf in flat(arg, label):
            names.append(name)
            leaves.append(leaf)
    chosen = [i for i, leaf in enumerate(leaves) if _differentiable(leaf)]
    name = getattr(func, "__name__", type(func).__name__)
    name = "the function" if name == "<lambda>" else name
    if not chosen:
        raise ArgumentError(
            f"no input of {name} can be differentiated in: give arrays of floating point numbers, or tensors with "
            "requires_grad=True"
        )

    def run(moving: list[Tensor], recorded: bool) -> list[Tensor]:
        given = list(leaves)
        for i, leaf in zip(chosen, moving, strict=True):
            device = device_of(leaves[i]) if isinstance(leaves[i], Tensor) else CPU
            given[i] = leaf if device is CPU else leaf.to(device)
        result = func(*rebuilt(args, iter(given)))
        found = [y for _, y in flat(result)]
        if not all(isinstance(y, Tensor) for y in found):
            kind = next(type(y).__name__ for y in found if not isinstance(y, Tensor))
            raise ArgumentError(f"{name} must return Tensors, got {kind}; use np.* or tg.* on its arguments")
        return [y.cpu() for y in found if y.dtype.kind in "fc"]

    return Problem(name, [names[i] for i in chosen], [np.array(hosted(value_of(leaves[i]))) for i in chosen], run)


def _differentiable(leaf: Any) -> bool:
    if isinstance(leaf, Tensor):
        return leaf.requires_grad
    return isinstance(leaf, (np.ndarray, np.floating)) and leaf.dtype.kind in "fc"


def _labels(func: Callable[..., Any], count: int) -> Iterator[str] | Sequence[str]:
    """The names of the arguments as the function has them, else by their place."""
    try:
        parameters = [p for p in inspect.signature(func).parameters.values() if p.kind <= p.POSITIONAL_OR_KEYWORD]
    except (TypeError, ValueError):
        parameters = []
    return [p.name for p in parameters] if len(parameters) == count else [f"input {i}" for i in range(count)]
