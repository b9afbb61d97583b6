"""PyTorch's own operator table, run on both engines: value, shape, gradient and second gradient of every sample."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo

import tinygrad_bp as tg

LEFT_OUT = ("sparse.", "masked.", "signal.")
RANDOM = {"bernoulli", "normal", "nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.dropout3d",
          "nn.functional.alpha_dropout", "nn.functional.rrelu", "nn.functional.fractional_max_pool2d",
          "nn.functional.fractional_max_pool3d", "pca_lowrank", "svd_lowrank"}  # fmt: skip
VALUE, GRADIENT, SECOND = 1e-9, 1e-7, 1e-6  # relative tolerances
SMALL = 1e-6  # of numbers that are all smaller, the rounding of what they are differences of is compared
# The table gives the arguments of these in another order than the function takes them.
ADAPTED: dict[str, Callable[[Any], Any]] = {
    "where": lambda f: lambda x, condition, other: f(condition, x, other),
    "einsum": lambda f: lambda tensors, equation: f(equation, tensors),
    "nn.functional.embedding": lambda f: lambda weight, index, **options: f(index, weight, **options),
    "nn.functional.embedding_bag": lambda f: lambda weight, index, **options: f(index, weight, **options),
    "zero_": lambda f: lambda x: f(tg.clone(x)),
    "nn.functional.scaled_dot_product_attention": lambda f: seeded(f),
    "nn.functional.multi_head_attention_forward": lambda f: seeded(f),
}


UNWRAPPED = {"cholesky_inverse"}  # whose wrapper is written with torch's functions


def plainly(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The call as it is."""
    return function(*args, **kwargs)


def seeded(function: Any) -> Any:
    """A function with dropout, started from the seed that the table gives PyTorch's."""

    def call(*args: Any, **kwargs: Any) -> Any:
        tg.manual_seed(42)
        return function(*args, **kwargs)

    return call


def table() -> list[OpInfo]:
    """The differentiable float64 operators of PyTorch's table, without variants, sparse, masked, signal and random."""
    return [
        op
        for op in op_db
        if not op.variant_test_name
        and not op.name.startswith(LEFT_OUT)
        and op.name not in RANDOM
        and op.supports_autograd
        and torch.float64 in op.supported_dtypes("cpu")
    ]


def ours(name: str) -> Callable[..., Any] | None:
    """What tinygrad_bp exports under PyTorch's name: a function, a method or a property."""
    try:
        found = operator.attrgetter(name)(tg)
    except AttributeError:
        found = None
    if not callable(found):  # tg.float is a dtype
        found = getattr(tg.Tensor, name, None)
        found = found.__get__ if isinstance(found, property) else found
    return ADAPTED[name](found) if found is not None and name in ADAPTED else found


class Miss(NamedTuple):
    """A sample on which the two engines differ."""

    op: str
    sample: int
    reason: str


def samples(op: OpInfo) -> Iterator[Any]:
    """The table's float64 samples, the same ones every time."""
    torch.manual_seed(0)
    np.random.seed(0)
    yield from op.sample_inputs("cpu", torch.float64, requires_grad=True)


def misses(op: OpInfo, function: Callable[..., Any]) -> tuple[int, list[Miss]]:
    """How many samples there are, and those that do not agree."""
    count, found = 0, []
    for number, sample in enumerate(samples(op)):
        count += 1
        try:
            compare(op, sample, function)
        except Exception as error:
            found.append(Miss(op.name, number, f"{type(error).__name__}: {str(error).strip()[:300]}"))
    return count, found


def compare(op: OpInfo, sample: Any, function: Callable[..., Any]) -> None:
    """Raise ``AssertionError`` (or the engine's own error) where one sample does not agree."""
    theirs_in: list[torch.Tensor] = []
    ours_in: list[Any] = []
    convert = functools.partial(converted, theirs=theirs_in, ours=ours_in)
    input, args, kwargs = convert(sample.input), convert(sample.args), convert(sample.kwargs)
    # The table's own wrapper puts inputs where the function has a slope: one triangle, a symmetric matrix.
    wrapper = plainly if op.name in UNWRAPPED else op.gradcheck_wrapper
    their_result = wrapper(op.get_op(), sample.input, *sample.args, **sample.kwargs)
    our_result = wrapper(function, input, *args, **kwargs)
    process = sample.output_process_fn_grad
    theirs, mine = list(leaves(process(their_result))), list(leaves(process(our_result)))
    assert len(theirs) == len(mine), f"{len(mine)} results, PyTorch gives {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        same(a, b, VALUE, "the value")

    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if isinstance(b, torch.Tensor) and b.requires_grad]
    if not pairs or not theirs_in:
        return
    for a, _ in pairs:
        assert a.requires_grad, "the result does not require grad"
    weights = [cotangent(b) for _, b in pairs]
    twice = bool(op.supports_gradgrad)
    their_grads = torch.autograd.grad(
        [b for _, b in pairs], theirs_in, [torch.from_numpy(w) for w in weights], allow_unused=True, create_graph=twice
    )
    our_grads = tg.autograd.grad(
        [a for a, _ in pairs], ours_in, [tg.tensor(w) for w in weights], allow_unused=True, create_graph=twice
    )
    both = []
    for a, b in zip(our_grads, their_grads, strict=True):
        if a is None or b is None:
            present = b if a is None else torch.from_numpy(np.array(a.detach().numpy()))
            assert present is None or not present.detach().numpy().any(), "one gradient is missing"
            continue
        same(a, b, GRADIENT, "the gradient")
        if b.requires_grad:
            both.append((a, b))
    if not twice or not both:
        return
    weights = [cotangent(b) for _, b in both]
    try:
        their_seconds = torch.autograd.grad(
            [b for _, b in both], theirs_in, [torch.from_numpy(w) for w in weights], allow_unused=True
        )
    except RuntimeError as error:  # the table says that PyTorch has it; with some arguments it has not
        assert "is not implemented" in str(error)
        return
    kept = [(a, w) for (a, _), w in zip(both, weights, strict=True) if a.requires_grad]
    if not kept:
        our_seconds: Any = [None] * len(ours_in)
    else:
        our_seconds = tg.autograd.grad(
            [a for a, _ in kept], ours_in, [tg.tensor(w) for _, w in kept], allow_unused=True
        )
    for a, b, x in zip(our_seconds, their_seconds, theirs_in, strict=True):
        zero = np.zeros(x.shape, x.detach().numpy().dtype)
        same(tg.tensor(zero) if a is None else a, torch.from_numpy(zero) if b is None else b, SECOND,
             "the second gradient")  # fmt: skip


def converted(value: Any, theirs: list[torch.Tensor], ours: list[Any]) -> Any:
    """PyTorch's arguments as ours; the tensors that require grad are noted on both sides."""
    if isinstance(value, torch.Tensor):
        array = np.array(value.numpy(force=True))
        if not value.requires_grad:
            return tg.tensor(array)
        known = [i for i, other in enumerate(theirs) if other is value]
        if known:
            return ours[known[0]]
        tensor = tg.tensor(array, requires_grad=True)
        theirs.append(value)
        ours.append(tensor)
        return tensor
    if isinstance(value, torch.dtype):
        return getattr(tg, str(value).removeprefix("torch."))
    if isinstance(value, dict):
        return {k: converted(v, theirs, ours) for k, v in value.items() if k != "device"}
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return type(value)([converted(v, theirs, ours) for v in value])
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        first, drop, activation = value.self_attn, value.dropout.p, converted(value.activation, theirs, ours)
        return tg.nn.TransformerEncoderLayer(
            first.embed_dim, first.num_heads, value.linear1.out_features, drop, activation, value.norm1.eps,
            first.batch_first, value.norm_first, value.linear1.bias is not None,
        )  # fmt: skip
    if callable(value) and getattr(torch.nn.functional, getattr(value, "__name__", ""), None) is value:
        return getattr(tg.nn.functional, value.__name__)
    if isinstance(value, torch.nn.Module):
        return getattr(tg.nn, type(value).__name__)()
    return tuple(value) if isinstance(value, torch.Size) else value


def leaves(result: Any) -> Iterable[Any]:
    """Results in order, out of tuples, lists and named tuples."""
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from leaves(part)
    else:
        yield result


def cotangent(tensor: torch.Tensor) -> Any:
    """Fixed weights of a result's shape and dtype."""
    rng = np.random.default_rng(tensor.numel())
    weights = rng.standard_normal(tensor.shape)
    if tensor.is_complex():
        weights = weights + 1j * rng.standard_normal(tensor.shape)
    return np.asarray(weights).astype(tensor.numpy(force=True).dtype)


def same(mine: Any, theirs: Any, tolerance: float, what: str) -> None:
    """Both numbers, shapes and kinds of dtype agree."""
    if not isinstance(theirs, torch.Tensor):
        assert mine == theirs, f"{what}: {mine!r}, PyTorch gives {theirs!r}"
        return
    expected = theirs.numpy(force=True)  # resolves conjugate, negative and zero views
    value = np.asarray(mine.detach().numpy() if isinstance(mine, tg.Tensor) else mine)
    assert value.shape == expected.shape, f"{what} has shape {value.shape}, PyTorch's {expected.shape}"
    assert value.dtype == expected.dtype, f"{what} has dtype {value.dtype}, PyTorch's {expected.dtype}"
    scale = float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)) if expected.dtype.kind in "fc" else 0
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance * max(scale, SMALL), err_msg=what)
