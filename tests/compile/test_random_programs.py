"""A thousand random programs over the op table: compiled, value and gradient have the bits of ops one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from parts import some
from programs import inputs_of, same_bits
from random_programs import CALLS, OneOp, RandomProgram
from together import together

import tinygrad_bp as tg
from tinygrad_bp.compiler.numpy_backend import build
from tinygrad_bp.program.capture import capture


def compiled(program, exact=True):
    """Value and gradients of the run that was written down, and a function of arrays that runs its program."""

    def both(*tensors):
        return tg.func.grad_and_value(program, argnums=tuple(range(len(tensors))))(*tensors)

    tensors = [tg.tensor(a) for a in program.arrays]
    captured, (grads, value) = capture(both, (tuple(tensors), {}))
    assert not any(array is None for array in inputs_of(captured, tensors))
    runnable = build(captured.program, exact)

    def run(arrays):
        return captured.back(runnable(*inputs_of(captured, [tg.tensor(a) for a in arrays])))

    return ([g.numpy(force=True) for g in grads], value.numpy(force=True)), run


def check(program, *others) -> None:
    """What is compiled has the bits of ops one by one; ``others`` are programs of the same steps and other numbers."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            wanted = program.eager()
        except tg.autograd.errors.LinAlgError as error:
            pytest.skip(str(error))
        try:
            first, run = compiled(program)
        except tg.program.CaptureError as error:
            pytest.skip(str(error))
        for found in (first, *(run(program.arrays) for _ in range(3))):
            assert alike(found, wanted), program.calls
        for other in others:
            assert alike(run(other.arrays), other.eager()), (program.calls, other.arrays)


def alike(found, wanted) -> bool:
    (grads, value), ((right,), slopes) = found, wanted
    return same_bits(value, right) and all(b is None or same_bits(a, b) for a, b in zip(grads, slopes, strict=True))


@pytest.mark.parametrize("seed", some(range(1000), 60))
def test_random_programs(seed: int) -> None:
    check(RandomProgram(seed))


@together(("op", "sample"), [pytest.param(op, s, id=f"{op.name}-{i}") for i, (op, s) in enumerate(CALLS)])
def test_every_op_with_its_gradient(op, sample) -> None:
    program = OneOp(op, sample)
    if program.arrays:
        check(program)


@together(
    ("op", "sample"),
    [pytest.param(op, s, id=f"{op.name}-{i}") for i, (op, s) in enumerate(CALLS) if s.shapes and not any(s.shapes)],
)
def test_rules_of_numbers_have_the_bits_of_arrays(op, sample) -> None:
    """NumPy computes x ** 0.5 of a scalar and of an array without dimensions by two functions."""
    first, *others = (OneOp(op, sample, seed) for seed in range(30))
    if all(x is None for x in first.fixed):
        check(first, *others)
    elif first.arrays:  # a mask of truths is part of the program
        for program in (first, *others):
            check(program)


def test_a_residual_has_the_bits_that_its_forward_found() -> None:
    """Over eleven classes the formula's softmax sums in another order than the loss."""
    rng = np.random.default_rng(0)
    target = tg.tensor(rng.integers(0, 11, 18))
    for _ in range(20):
        x = tg.tensor(rng.standard_normal((18, 11)).astype(np.float32))
        slope = tg.func.grad(lambda x: tg.nn.functional.cross_entropy(x, target))
        _, captured = capture(slope, ((x,), {}))
        assert same_bits(captured.numpy(), slope(x).numpy())


def test_a_result_that_is_laid_row_by_row_is_still_a_result() -> None:
    def function(a, b):
        return tg.linalg.cross(a, b, dim=0).reshape(-1) * 1

    rng = np.random.default_rng(0)
    a, b, c = (tg.tensor(rng.standard_normal((3, 4))) for _ in range(3))
    program = tg.program(function, a, b)
    assert not program.constants()
    runnable = build(program, exact=True)
    for _ in range(2):
        assert same_bits(runnable(a.numpy(), c.numpy())[0], function(a, c).numpy())
