"""float16, and the ends of float16 and float32: every op on every sample against itself in float64, rounded."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import public_calls as pc
import pytest
import rounding

import tinygrad_bp as tg
from tinygrad_bp.autograd.define import build_function
from tinygrad_bp.autograd.frames import build_back, build_pull
from tinygrad_bp.autograd.op import FUNCTIONS, OPS, Op, kept_for
from tinygrad_bp.autograd.watch import enter
from tinygrad_bp.verify import contracts as c

F = tg.nn.functional

RESULT = "the slope is read off the rounded result, as in PyTorch: where it is small it is off by one rounding of 1"
CENTRE = "the mean is rounded: numbers that nearly coincide keep fewer digits of their distance"
PARTS = "a product or a sum on the way leaves the range, though the result does not; so in NumPy"
SQUARES = "differences of squares of singular values, or pivots, leave the range"
FED_BACK = "a product with the weights leaves the range, and a gate, ½ + ½ tanh(x / 2), is right to a rounding of 1"
# Of about how many calls the result in a dtype is not that of float64, rounded; at least of one.
KNOWN: dict[tuple[str, str], tuple[int, str]] = {
    ("tanh", "float32"): (2, RESULT),
    **dict.fromkeys((("softmax", "float32"), ("masked_softmax", "float32")), (3, RESULT)),
    ("ndtri", "float32"): (6, "the slope grows as exp(y² / 2), so the rounding of y shows y² times"),
    ("ive", "float32"): (14, "the three terms of DLMF 10.29.1 cancel"),
    **dict.fromkeys(
        (("scaled_modified_bessel_k0", "float32"), ("scaled_modified_bessel_k1", "float32")),
        (4, "the two functions of which the slope is the difference nearly coincide"),
    ),
    ("igamma", "float32"): (8, PARTS),
    ("igammac", "float32"): (8, PARTS),
    ("zeta", "float32"): (3, "the slope is below the normal numbers, and made of such"),
    ("prod", "float32"): (3, PARTS),
    ("other_products", "float32"): (1, PARTS),
    ("nll_loss", "float32"): (4, PARTS),
    ("fractional_argmax", "float16"): (1, "where a window begins is a product of a share in float16"),
    ("vector_norm", "float32"): (6, PARTS),
    ("fixed_batch_norm", "float32"): (3, PARTS),
    ("cofactors_slope", "float32"): (4, PARTS),
    ("std", "float32"): (28, CENTRE),
    ("layer_norm", "float32"): (4, CENTRE),
    ("batch_norm", "float32"): (1, CENTRE),
    ("cholesky", "float32"): (1, SQUARES),
    ("svd", "float32"): (5, SQUARES),
    ("pinv", "float32"): (6, SQUARES),
    ("matrix_exp", "float32"): (2, "the exponential is squared s times, and with it its rounding"),
    **dict.fromkeys(((name, "float32") for name in ("rnn", "lstm_gates", "lstm", "gru")), (3, FED_BACK)),
    ("nan_to_num", "float16"): (14, "the largest number is the dtype's own"),
    ("nan_to_num", "float32"): (9, "the largest number is the dtype's own"),
}


def wrong_calls(op: Op, dtype: Any) -> list[str]:
    """The calls of an op that do not give in ``dtype`` what they give in float64, rounded."""
    found = []
    for number, sample in enumerate(op.samples):
        arrays = c.draw(op, sample)
        if any(array.dtype.kind == "c" for array in arrays) or sample.params.get("dtype") is not None:
            continue
        if op.kind == "elementwise":  # without sums over what was repeated: each number is judged by itself
            arrays = [np.array(array) for array in np.broadcast_arrays(*arrays)]
        for power in rounding.scales(dtype):
            scaled = [array * 2.0**power if array.dtype.kind == "f" else array for array in arrays]
            faults = rounding.faults(partial(c.run, op, sample=sample), scaled, dtype, op.kind != "elementwise")
            found += [f"sample {number} · 2^{power}: {fault}" for fault in faults[:1]]
    return found


@pytest.mark.parametrize("dtype", rounding.DTYPES.values(), ids=rounding.DTYPES)
@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_op(op: Op, dtype: Any) -> None:
    found = wrong_calls(op, dtype)
    most, _ = KNOWN.get((op.name, dtype.name), (0, ""))
    assert bool(most) <= len(found) <= 2 * most, "\n".join(found[:5])  # another NumPy rounds otherwise


# ---------------------------------------------------------------------- the checker is checked


def changed(name: str, **parts: Any) -> Op:
    """An op of the table with other parts, outside the table."""
    other = Op()
    for part in Op.__slots__:
        setattr(other, part, getattr(OPS[name], part))
    for part, value in parts.items():
        setattr(other, part, value)
    other.kept = kept_for(other.rules)
    other.function, other.pull, other.back = build_function(other, enter), build_pull(other), build_back(other)
    return other


WRONG: dict[str, Callable[[], Op]] = {
    "the divisor squared": lambda: changed("div", rules=(lambda g, b: g / b, lambda g, a, b: -g * a / (b * b))),
    "one minus a sigmoid": lambda: changed(
        "sigmoid", rules=(lambda g, y: g * (y * (1 - y)),), residuals={}, forward=lambda x: 1 / (1 + np.exp(-x))),
    "a sigmoid that stops": lambda: changed(
        "sigmoid", rules=(lambda g, y: g * y,), residuals={},
        forward=lambda x: 1 / (1 + np.exp(np.minimum(-x, np.floor(np.log(np.finfo(x.dtype).max)))))),
    "float16 on the way": lambda: changed("softmax", wide=False),
    "squares": lambda: changed("std", forward=lambda x, axis, correction, keepdims: np.std(
        x, axis, ddof=correction, keepdims=keepdims)),
    "an infinite slope": lambda: changed("asinh", rules=(lambda g, x: g / np.sqrt(1 + x * x),)),
    "lost digits": lambda: changed("sum", forward=lambda x, axis, keepdims, dtype: np.add.reduce(
        x * (1 + 30 * np.finfo(x.dtype).eps), axis, dtype, None, keepdims)),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_op_is_seen(wrong: Callable[[], Op]) -> None:
    op = wrong()
    most = sum(KNOWN.get((op.name, name), (0, ""))[0] for name in rounding.DTYPES)
    assert sum(len(wrong_calls(op, dtype)) for dtype in rounding.DTYPES.values()) > most


# ---------------------------------------------------------------------- every public function

STYLES: dict[str, Callable[..., Any]] = {
    "f(x)": lambda f, x: f(x), "f(x, 1)": lambda f, x: f(x, 1), "f(x, y)": lambda f, x: f(x, x.flip(1)),
}  # fmt: skip

UNDEFINED = {
    "np.empty_like": "its numbers are what lay in memory",
    "np.partition": "on each side the order is any",
    **dict.fromkeys(["tg.pca_lowrank", "tg.svd_lowrank", "F.gumbel_softmax"], "random numbers are drawn"),
    **dict.fromkeys(["np.outer", "np.polyval"], "the two gradients of one tensor overflow before they are added"),
}


def public() -> dict[str, Callable[..., Any]]:
    """The functions of the package that draw no random numbers, and NumPy's that have a rule."""
    spaces = {"tg": tg, "F": F, "special": tg.special, "linalg": tg.linalg}
    found = {f"np.{f.__name__}": f for f in FUNCTIONS if hasattr(f, "__name__")}
    for space, module in spaces.items():
        for name in module.__all__ if hasattr(module, "__all__") else dir(module):
            function = getattr(module, name)
            plain = isinstance(function, types.FunctionType) and not name.startswith("_") and not name.endswith("_")
            if plain and not function.__module__.startswith("tinygrad_bp.random") and "dropout" not in name:
                found[f"{space}.{name}"] = function
    return {name: function for name, function in found.items() if name not in UNDEFINED}


PUBLIC = public()


def _called(call: Callable[..., Any], function: Callable[..., Any], tensors: Any) -> Any:
    return call(function, *tensors)


def test_there_are_many_of_them() -> None:
    assert len(PUBLIC) > 600


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_in_float16(name: str) -> None:
    x = np.random.default_rng(9).standard_normal((4, 6)) + 0.3
    for style, call in STYLES.items():
        for power in rounding.scales(np.float16):
            try:
                found = rounding.faults(partial(_called, call, PUBLIC[name]), [x * 2.0**power], np.dtype(np.float16))
            except (TypeError, ValueError, AttributeError, RuntimeError, IndexError, ArithmeticError):  # no such call
                break
            assert not found, f"{style} · 2^{power}: {found[0]}"


# Calls whose result in float16 is not that of float64, rounded, at numbers around 300, and why.
LARGE = {
    "T.istft(T.complex(c[0, :3], c[1, :3]), 4, window=v + 1.0)": "complex numbers are of float32",
    "T.empty_like(x)": "its numbers are what lay in memory",
    "T.rand_like(x)": "each dtype draws its own numbers",
}


@pytest.mark.filterwarnings("ignore")
def test_every_public_call_in_float16_with_large_numbers() -> None:
    """Numbers whose squares overflow, in each call of each public function; also beside arguments in float32."""
    wrong = {}
    for call in pc.CALLS:
        used = pc.used(call)
        names = pc.names(lambda array: array)

        def run(tensors: Any, call: str = call, used: list[str] = used) -> Any:
            tg.manual_seed(0)
            return eval(call, {**pc.names(tg.tensor), **dict(zip(used, tensors, strict=True))})

        try:
            found = rounding.faults(run, [names[name] * 300.0 for name in used], np.dtype(np.float16))
        except (
            TypeError,
            ValueError,
            AttributeError,
            RuntimeError,
            IndexError,
            ArithmeticError,
        ):  # no call for float16
            continue
        if found:
            wrong[call] = found[0]
    assert wrong.keys() == LARGE.keys(), wrong


# ---------------------------------------------------------------------- functions made of several ops

COMPOSED: dict[str, Callable[..., Any]] = {
    "mean": tg.mean, "std": tg.std, "var": tg.var, "nanmean": tg.nanmean, "amax": lambda x: tg.amax(x, 1),
    "amin of ties": lambda x: tg.amin(tg.round(x), 1), "norm": tg.linalg.norm, "vector_norm": tg.linalg.vector_norm,
    "np.mean": np.mean, "np.std": np.std, "np.linalg.norm": np.linalg.norm, "logsumexp": lambda x: tg.logsumexp(x, 1),
    "layer_norm": lambda x: F.layer_norm(x, (6,)), "rms_norm": lambda x: F.rms_norm(x, (6,), eps=1e-5),
    "group_norm": lambda x: F.group_norm(x, 2), "batch_norm": lambda x: F.batch_norm(x, training=True),
    "instance_norm": lambda x: F.instance_norm(x[None]), "local_response_norm":
        lambda x: F.local_response_norm(x[None], 2), "normalize": F.normalize, "softmax": lambda x: F.softmax(x, 1),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x.flip(1)), "cdist": lambda x: tg.cdist(x, x.flip(1)),
    "pairwise_distance": lambda x: F.pairwise_distance(x, x.flip(1)), "avg_pool1d": lambda x: F.avg_pool1d(x[None], 3),
    "avg_pool2d": lambda x: F.avg_pool2d(x[None, None], 2), "lp_pool1d": lambda x: F.lp_pool1d(x[None], 2, 3),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x[None], 4), "mse_loss": lambda x: F.mse_loss(x, x.flip(0)),
    "l1_loss": lambda x: F.l1_loss(x, x.flip(0)), "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, x.flip(0)),
    "logsigmoid": F.logsigmoid, "mish": F.mish, "gelu": F.gelu, "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu, "softsign": F.softsign, "ndtr": tg.special.ndtr, "sinc": tg.sinc, "cov": tg.cov,
    "batch_norm of images": lambda x: F.batch_norm(x.reshape(-1, 3, 2), weight=x[0, :3], bias=x[1, :3], training=True),
    "cosine_embedding_loss": lambda x: F.cosine_embedding_loss(x, x.flip(1), tg.tensor([1.0, -1, 1, -1])),
    "cross_entropy": lambda x: F.cross_entropy(x, tg.tensor([0, 3, 1, 5])), "x @ x.T": lambda x: x @ x.T,
    "trapezoid": tg.trapezoid, "a broadcast sum": lambda x: x + x[0], "cumsum": lambda x: tg.cumsum(x, 1),
}  # fmt: skip
ROUNDED = {
    **dict.fromkeys(("softmax",), RESULT),
    "sinc": "π x is rounded, and with it the phase of large numbers",
    **dict.fromkeys(("rms_norm", "local_response_norm", "normalize", "cosine_similarity", "pairwise_distance",
                     "lp_pool1d", "l1_loss", "smooth_l1_loss", "cosine_embedding_loss"), PARTS),
}  # fmt: skip


@pytest.mark.parametrize("dtype", rounding.DTYPES.values(), ids=rounding.DTYPES)
@pytest.mark.parametrize("name", COMPOSED)
def test_functions(name: str, dtype: Any) -> None:
    x = np.random.default_rng(9).standard_normal((4, 6)) + 0.3
    found = [
        f"2^{power}: {fault}"
        for power in rounding.scales(dtype)
        for fault in rounding.faults(lambda tensors: COMPOSED[name](tensors[0]), [x * 2.0**power], dtype)
    ]
    assert bool(found) == (dtype == np.float32 and name in ROUNDED), "\n".join(found)


LONG = ("mean", "std", "nanmean", "norm", "np.std", "batch_norm", "batch_norm of images", "group_norm", "instance_norm",
        "mse_loss", "a broadcast sum", "trapezoid", "cosine_similarity")  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LONG)
def test_long_sums_in_float16(name: str) -> None:
    """A sum in float16 stands still at 2048 times what is added."""
    x = np.random.default_rng(9).random((8000, 6))
    assert not rounding.faults(lambda tensors: COMPOSED[name](tensors[0]), [x], np.dtype(np.float16))


# ---------------------------------------------------------------------- numbers that were once wrong


def slopes(function: Callable[..., Any], dtype: Any, *numbers: Any) -> list[Any]:
    """The value and the gradients as lists of float64."""
    tensors = [tg.tensor(number, dtype=dtype, requires_grad=True) for number in numbers]
    y = function(*tensors)
    y.sum().backward()
    return [np.asarray(t.detach(), np.float64).tolist() for t in (y, *(t.grad for t in tensors))]


LINES: list[tuple[Callable[..., Any], Any, tuple[Any, ...], list[Any]]] = [
    (tg.div, tg.float16, (300.0, 300.0), [1, 1 / 300, -1 / 300]),
    (tg.div, tg.float32, (1e20, 1e20), [1, 1e-20, -1e-20]),
    (tg.div, tg.float32, (1e-25, 1e-24), [0.1, 1e24, -1e23]),
    (tg.mean, tg.float16, ([60000.0] * 10,), [60000, [0.1] * 10]),
    (tg.mean, tg.float16, ([1.0] * 70000,), [1, [1 / 70000] * 70000]),
    (lambda x: F.layer_norm(x, (3,)), tg.float16, ([1.0, 400, 800],), [[-1.224608, -1.0215e-3, 1.225630], [0, 0, 0]]),
    (F.mse_loss, tg.float16, ([200.0] * 4, [0.0] * 4), [40000, [100] * 4, [-100] * 4]),
    (lambda x: F.avg_pool1d(x, 2), tg.float16, ([[60000.0, 60000]],), [[[60000]], [[0.5, 0.5]]]),
    (tg.linalg.vector_norm, tg.float16, ([300.0, 400],), [500, [0.6, 0.8]]),
    (tg.linalg.vector_norm, tg.float32, ([3e30, 4e30],), [5e30, [0.6, 0.8]]),
    (tg.sigmoid, tg.float16, ([-16.0, -60000],), [[1.125e-7, 0], [1.125e-7, 0]]),
    (tg.sigmoid, tg.float32, ([-100.0],), [[3.783506e-44], [3.783506e-44]]),
    (tg.sigmoid, tg.float64, ([-740.0],), [[4.199e-322], [4.199e-322]]),
    (F.silu, tg.float16, ([-60000.0],), [[0], [0]]),
    (F.silu, tg.float32, ([-3e38],), [[0], [0]]),
]


@pytest.mark.parametrize(("function", "dtype", "numbers", "expected"), LINES)
def test_lines(function: Callable[..., Any], dtype: Any, numbers: tuple[Any, ...], expected: list[Any]) -> None:
    info = np.finfo(dtype)
    for found, right in zip(slopes(function, dtype, *numbers), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=4 * float(info.eps), atol=float(info.smallest_subnormal))


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64], ids=str)
def test_the_second_derivative_of_logsigmoid_far_below_0(dtype: Any) -> None:
    x = tg.tensor([-30.0, -8.0, 8.0], dtype=dtype, requires_grad=True)
    (first,) = tg.autograd.grad(F.logsigmoid(x).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x)
    right = [-9.357623e-14, -3.352378e-04, -3.352378e-04]
    info = np.finfo(dtype)
    np.testing.assert_allclose(
        second.numpy(), right, rtol=max(8 * float(info.eps), 1e-6), atol=float(info.smallest_subnormal)
    )
