"""What every op promises, checked: its value, its derivatives of first and second order (elementwise ops: third),
and its dtypes.

A derivative is checked along one random direction, and then the derivative function is checked in the same way.
Differences are taken over five points in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.errors import AutogradError
from ..autograd.forward import push_forward
from ..autograd.gradient import grad
from ..autograd.op import Op
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike, Raw
from ..autograd.values import value_of
from ..ops.samples import Sample
from .differences import over_five_points

STEP = 1e-3
TOLERANCE = 1e-6
FLOAT32_TOLERANCE = 2e-3


class ContractError(AutogradError, AssertionError):
    """An op that breaks a promise; the message names the op, the sample and the two numbers that differ."""


def draw(op: Op, sample: Sample, seed: int = 0, dtype: DTypeLike = np.float64) -> list[Any]:
    """Arrays for the sample: floats in ``dtype``, complex numbers of its width, others as their domain gives them."""
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(domain(rng, shape)) for shape, domain in zip(sample.shapes, sample.domains, strict=True)]
    return [_as(array, dtype) for array in arrays]


def _as(array: Any, dtype: Any) -> Any:
    if array.dtype.kind == "c":
        return array.astype(np.complex128 if dtype == np.float64 else np.complex64)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def random_like(rng: np.random.Generator, array: Raw) -> Any:
    """Standard normal numbers of an array's shape, complex where it is; an array also for 0 dimensions."""
    numbers: Any = rng.standard_normal(array.shape)
    if array.dtype.kind == "c":
        numbers = numbers + 1j * rng.standard_normal(array.shape)
    return np.asarray(numbers)


def product(a: Raw, b: Raw) -> Any:
    """Σ Re(conj(a) · b): how much a moves along b, for real and complex numbers."""
    return float(np.sum(np.real(np.conjugate(a) * b)))


def run(op: Op, arrays: Sequence[Any], sample: Sample) -> Any:
    """The op's public function on tensors or arrays."""
    return op.function(list(arrays), **sample.params) if op.variadic else op.function(*arrays, **sample.params)


def reference(op: Op, arrays: Sequence[Any], sample: Sample) -> Any:
    """The same value by NumPy's own function, or by the formula that the op gives in plain NumPy."""
    function = op.reference or op.forward
    return function(list(arrays), **sample.params) if op.variadic else function(*arrays, **sample.params)


def differentiable(op: Op, arrays: Sequence[Any]) -> list[int]:
    """The numbers of the inputs that take a gradient."""
    if op.variadic:
        return list(range(len(arrays)))
    return [i for i, rule in enumerate(op.rules) if rule is not None and arrays[i].dtype.kind in "fc"]


def leaves(op: Op, arrays: Sequence[Any]) -> list[Any]:
    """The arrays as tensors; those that take a gradient require it."""
    chosen = differentiable(op, arrays)
    tensors = [wrap(np.array(array), None) for array in arrays]
    for i in chosen:
        tensors[i].requires_grad = True
    return tensors


def gradients(op: Op, arrays: Sequence[Any], sample: Sample, cotangent: Raw, recorded: bool) -> list[Tensor]:
    """The gradients of ``sum(cotangent * op(arrays))``, by raw rules or by recorded ones."""
    tensors = leaves(op, arrays)
    result = run(op, tensors, sample)
    wanted = [tensors[i] for i in differentiable(op, arrays)]
    return list(grad(result, wanted, wrap(cotangent, None), create_graph=recorded))  # type: ignore[arg-type]


def slope_along(op: Op, sample: Sample, arrays: Sequence[Any], chosen: list[int], directions: list[Any]) -> Any:
    """The derivative of the op's value where the chosen arrays move along their directions."""
    return over_five_points(
        lambda t: op.compute(*_args(op, moved(arrays, chosen, directions, t)), **sample.params), STEP
    )


def moved(arrays: Sequence[Any], chosen: list[int], directions: list[Any], t: float) -> list[Any]:
    """The arrays with the chosen ones moved along their directions."""
    result = list(arrays)
    for i, direction in zip(chosen, directions, strict=True):
        result[i] = arrays[i] + t * direction
    return result


def close(what: str, op: Op, sample: Sample, ours: Any, truth: Any, scale: float, tolerance: float) -> None:
    """Raise ``ContractError`` where two numbers differ by more than ``tolerance`` of their size."""
    ours, truth = float(ours), float(truth)
    size = max(abs(ours), abs(truth), 1e-2 * scale, 1e-30)
    if not abs(ours - truth) <= tolerance * size:
        raise ContractError(
            f"{op.name} {sample.shapes} {sample.params}: {what} is {ours!r}, central differences give {truth!r} "
            f"(relative difference {abs(ours - truth) / size:.2e}, allowed {tolerance:.0e})"
        )


def total(pairs: Any) -> Any:
    """The sum of products of pairs of arrays."""
    return sum(product(np.asarray(a), np.asarray(b)) for a, b in pairs)


def check_value(op: Op, sample: Sample, dtype: DTypeLike = np.float64) -> None:
    """The value is NumPy's, a Tensor in gives a Tensor of the same dtype, and arrays in give an array."""
    arrays = draw(op, sample, dtype=dtype)
    result = run(op, [wrap(array, None) for array in arrays], sample)
    wide = [_as(array, np.float64) for array in arrays]
    expected = np.asarray(reference(op, wide, sample))
    tolerance = 1e-12 if dtype == np.float64 else 2e-3 if dtype == np.float16 else 2e-6
    np.testing.assert_allclose(
        value_of(result).astype(expected.dtype), expected, rtol=tolerance, atol=tolerance, err_msg=f"{op.name} {sample}"
    )
    floats = [array for array in arrays if array.dtype.kind in "fc"]
    keeps = "dtype" not in op.params and op.kind != "constant" and floats
    if keeps and np.empty(0, result.dtype).real.dtype != dtype:
        raise ContractError(f"{op.name} {sample}: inputs of {np.dtype(dtype)} gave {result.dtype}")
    plain = run(op, arrays, sample)
    if op.inputs and isinstance(plain, Tensor):
        raise ContractError(f"{op.name}: arrays in must give an array out, got a Tensor")


def check_strides(op: Op, sample: Sample) -> None:
    """Inputs that are not contiguous give the same value and the same gradients."""
    arrays = draw(op, sample)
    strided = [_strided(array) for array in arrays]
    value = run(op, [wrap(array, None) for array in arrays], sample).numpy(force=True)
    np.testing.assert_allclose(
        run(op, [wrap(array, None) for array in strided], sample).numpy(force=True), value, rtol=1e-12
    )
    if op.kind == "constant" or not differentiable(op, arrays):
        return
    cotangent = random_like(np.random.default_rng(1), value)
    for one, two in zip(
        gradients(op, arrays, sample, cotangent, False), gradients(op, strided, sample, _strided(cotangent), False),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(value_of(one), value_of(two), rtol=1e-10, atol=1e-12, err_msg=f"{op.name} {sample}")


def _strided(array: Any) -> Any:
    """The same numbers with gaps between them and every axis reversed in memory."""
    holder = np.zeros(tuple(2 * size for size in array.shape), array.dtype)
    gaps: Any = (..., *(slice(None, None, 2) for _ in array.shape))
    backwards: Any = (..., *(slice(None, None, -1) for _ in array.shape))
    view = holder[gaps][backwards]
    view[...] = array
    return view


def check_derivatives(op: Op, sample: Sample, seed: int = 0) -> None:
    """First and second derivative against central differences in float64, and both modes of every rule."""
    arrays = draw(op, sample, seed)
    chosen = differentiable(op, arrays)
    rng = np.random.default_rng(seed + 1)
    directions = [random_like(rng, arrays[i]) for i in chosen]
    value = np.asarray(reference(op, arrays, sample))
    w = random_like(rng, value)

    raw = [value_of(g) for g in gradients(op, arrays, sample, w, recorded=False)]
    for i, g in zip(chosen, raw, strict=True):
        if g.shape != arrays[i].shape or g.dtype != arrays[i].dtype:
            raise ContractError(f"{op.name} {sample}: the gradient of input {i} is {g.shape} {g.dtype}")
    slope = slope_along(op, sample, arrays, chosen, directions)
    truth, scale = product(w, slope), float(np.sum(np.abs(w * slope)))
    close("the first derivative", op, sample, total(zip(raw, directions, strict=True)), truth, scale, TOLERANCE)

    # Each input alone: a mistake in one rule cannot hide behind another.
    for place, (i, direction) in enumerate(zip(chosen, directions, strict=True)):
        part = slope_along(op, sample, arrays, [i], [direction])
        part_scale = float(np.sum(np.abs(w * part)))
        ours = total([(raw[place], direction)])
        close(f"the slope in input {i}", op, sample, ours, product(w, part), part_scale, TOLERANCE)

    recorded = gradients(op, arrays, sample, w, recorded=True)
    for one, two in zip(raw, recorded, strict=True):
        np.testing.assert_allclose(
            one, value_of(two), rtol=1e-10, atol=1e-12, err_msg=f"{op.name}: the two modes differ"
        )

    single = [
        value_of(g) for g in gradients(op, [_as(a, np.float32) for a in arrays], sample, _as(w, np.float32), False)
    ]
    if any(g.dtype != _as(arrays[i], np.float32).dtype for i, g in zip(chosen, single, strict=True)):
        raise ContractError(f"{op.name} {sample}: float32 inputs have gradients of {[g.dtype for g in single]}")
    ours = total(zip(single, directions, strict=True))
    close("the float32 derivative", op, sample, ours, truth, scale, FLOAT32_TOLERANCE)

    check_second(op, sample, arrays, w, rng)


def check_second(op: Op, sample: Sample, arrays: list[Any], w: Raw, rng: np.random.Generator) -> None:
    """The derivative of the gradient, in the inputs and in the cotangent."""
    chosen = differentiable(op, arrays)
    directions = [random_like(rng, arrays[i]) for i in chosen]
    weights = [random_like(rng, arrays[i]) for i in chosen]
    dw = random_like(rng, w)

    tensors = leaves(op, arrays)
    cotangent = wrap(np.array(w), None)
    cotangent.requires_grad = True
    firsts = grad(run(op, tensors, sample), [tensors[i] for i in chosen], cotangent, create_graph=True)
    pairs = [(g, weight) for g, weight in zip(firsts, weights, strict=True) if g is not None and g.requires_grad]
    wanted = [tensors[i] for i in chosen] + [cotangent]
    found = (
        grad([g for g, _ in pairs], wanted, [wrap(weight, None) for _, weight in pairs], allow_unused=True)
        if pairs
        else [None] * len(wanted)
    )
    ours = total((value_of(g), d) for g, d in zip(found, [*directions, dw], strict=True) if g is not None)

    def first(t: float) -> Any:
        gs = gradients(op, moved(arrays, chosen, directions, t), sample, w + t * dw, recorded=False)
        return total((value_of(g), weight) for g, weight in zip(gs, weights, strict=True))

    truth = over_five_points(first, STEP)
    scale = float(sum(np.sum(np.abs(weight)) for weight in weights))
    close("the second derivative", op, sample, ours, truth, scale, TOLERANCE)


def check_third(op: Op, sample: Sample) -> None:
    """The derivative of the second derivative along a direction; ``check_second`` has proven the second."""
    arrays = draw(op, sample)
    chosen = differentiable(op, arrays)
    rng = np.random.default_rng(4)
    first, second, third = ([random_like(rng, arrays[i]) for i in chosen] for _ in range(3))
    w = random_like(rng, np.asarray(reference(op, arrays, sample)))

    def climbed(arrays: Sequence[Any], *directions: list[Any]) -> list[Any]:
        tensors = leaves(op, arrays)
        inputs = [tensors[i] for i in chosen]
        outputs, weights = [run(op, tensors, sample)], [w]
        for direction in directions:
            gs = grad(outputs, inputs, [wrap(v, None) for v in weights], create_graph=True, allow_unused=True)
            kept = [(g, v) for g, v in zip(gs, direction, strict=True) if g is not None and g.requires_grad]
            outputs, weights = [g for g, _ in kept], [v for _, v in kept]
            if not kept:
                return [None] * len(inputs)
        return list(grad(outputs, inputs, [wrap(v, None) for v in weights], allow_unused=True))

    def along_all(gs: list[Any], directions: list[Any]) -> Any:
        return total((value_of(g), v) for g, v in zip(gs, directions, strict=True) if g is not None)

    ours = along_all(climbed(arrays, first, second), third)
    truth = over_five_points(lambda t: along_all(climbed(moved(arrays, chosen, third, t), first), second), STEP)
    scale = float(sum(np.sum(np.abs(v)) for v in third))
    close("the third derivative", op, sample, ours, truth, scale, TOLERANCE)


def check_forward(op: Op, sample: Sample) -> None:
    """Pushed forward, the derivative is the slope: in forward mode every op agrees with its reverse mode."""
    arrays = draw(op, sample)
    chosen = differentiable(op, arrays)
    rng = np.random.default_rng(3)
    directions = [random_like(rng, arrays[i]) for i in chosen]
    tensors = leaves(op, arrays)
    result = run(op, tensors, sample)
    moving = {tensors[i]._node: wrap(d, None) for i, d in zip(chosen, directions, strict=True)}
    (tangent,) = push_forward([result], moving)
    slope = slope_along(op, sample, arrays, chosen, directions)
    found = np.zeros_like(slope) if tangent is None else value_of(tangent)
    size = float(np.max(np.abs(slope), initial=1e-2))
    np.testing.assert_allclose(found, slope, rtol=TOLERANCE, atol=TOLERANCE * size, err_msg=f"{op.name} {sample}")


def check_finite(op: Op, sample: Sample) -> None:
    """At extreme inputs the value is NumPy's and no gradient is NaN."""
    check_value(op, sample)
    arrays = draw(op, sample)
    if op.kind == "constant":
        return
    value = np.asarray(op.compute(*_args(op, arrays), **sample.params))
    for g in gradients(op, arrays, sample, np.ones_like(value), recorded=False):
        if not np.isfinite(value_of(g)).all():
            raise ContractError(f"{op.name} {sample.params}: the gradient at {arrays} is {value_of(g)}")


def check_kind(op: Op, sample: Sample) -> None:
    """An elementwise op's partials and a linear op itself are the forward derivative, as their kind says."""
    arrays = draw(op, sample)
    chosen = differentiable(op, arrays)
    rng = np.random.default_rng(2)
    if op.kind == "linear":
        others = [random_like(rng, a) if i in chosen else a for i, a in enumerate(arrays)]
        mixed = [2.0 * a + 3.0 * b if i in chosen else a for i, (a, b) in enumerate(zip(arrays, others, strict=True))]
        parts = [np.asarray(op.compute(*_args(op, inputs), **sample.params)) for inputs in (arrays, others, mixed)]
        np.testing.assert_allclose(2 * parts[0] + 3 * parts[1], parts[2], rtol=1e-10, atol=1e-10, err_msg=op.name)
        return
    # The Jacobian of an elementwise op is diagonal: its gradient along v is its slope along v.
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    full = [np.array(np.broadcast_to(a, shape)) for a in arrays]
    v = np.asarray(rng.standard_normal(shape))
    for place, i in enumerate(chosen):
        if full[i].dtype.kind == "c":  # a slope along v is the gradient only where the derivative is a real number
            continue
        rule = gradients(op, full, sample, v, recorded=False)[place].numpy(force=True)
        slope = slope_along(op, sample, full, [i], [v])
        np.testing.assert_allclose(rule, slope, rtol=1e-6, atol=1e-8, err_msg=f"{op.name}, input {i}")


def _args(op: Op, arrays: list[Any]) -> list[Any]:
    return [arrays] if op.variadic else arrays
