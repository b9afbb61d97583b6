"""Small integers at their ends: right as on the wider type, refused, or (plain arithmetic) wrapping as PyTorch's do.

Derived from a call of every public function. NumPy's names do what NumPy does with the arrays themselves.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError

F = tg.nn.functional
DTYPES = ["uint8", "int8", "int16", "bool"]
# Functions that compute in the dtype of their inputs: sums, products and differences wrap, as PyTorch's do.
ARITHMETIC = set(
    """
    T.abs T.absolute T.add T.sub T.subtract T.rsub T.cross T.linalg.cross T.addbmm T.addcmul T.addmm T.addmv
    T.addr T.baddbmm T.bmm T.chain_matmul T.diff T.dot T.einsum T.ger T.index_add T.inner T.kron T.linalg.matmul
    T.linalg.matrix_power T.linalg.multi_dot T.linalg.vander T.linalg.vecdot T.matmul T.matrix_power T.mm T.mul
    T.multiply T.mv T.neg T.negative T.outer T.pow T.scatter_add T.scatter_reduce T.square T.tensordot T.vdot
    F.bilinear F.conv1d F.conv2d F.conv3d F.fold F.linear F.matmul
    T.abs_ T.addmv_ T.bilinear T.conv1d T.conv2d T.conv3d T.neg_ T.negative_ T.square_
    """.split()  # noqa: SIM905
)
KNOWN = {
    "T.empty_like(x)": "what the memory held",
    "T.threshold(x, 0.5, 2.0)": "the value takes the dtype of x: 2 is True",
    "F.threshold(x, 0.5, 2.0)": "the value takes the dtype of x: 2 is True",
    **dict.fromkeys(("T.threshold_(T.clone(x), 0.5, 2.0)", "F.threshold_(T.clone(x), 0.5, 2)"), "as threshold"),
}


def ends(dtype: str) -> Callable[[np.ndarray], np.ndarray]:
    """What turns an array of floats into integers near the ends of a dtype, and near 0."""

    def make(array: np.ndarray) -> np.ndarray:
        if dtype == "bool":
            return array > 0.5
        info, rng = np.iinfo(dtype), np.random.default_rng(int(1e6 * np.abs(array).sum()))
        places = [info.min, info.min + 1, info.max, info.max - 3, info.max // 2, 3, 1, 0]
        return np.asarray(rng.choice(places, size=array.shape).astype(dtype))

    return make


def run(call: str, names: dict[str, Any]) -> list[np.ndarray]:
    def arrays(result: Any) -> Iterator[np.ndarray]:
        if isinstance(result, (tuple, list)):
            for part in result:
                yield from arrays(part)
        elif isinstance(result, (tg.Tensor, np.ndarray, np.generic)):
            yield result.detach().numpy() if isinstance(result, tg.Tensor) else np.asarray(result)

    tg.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return list(arrays(eval(call, dict(names))))


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal as float32 is to float64, or rounded and cut to the integers of the dtype."""
    if found.shape != wanted.shape:
        return False
    if found.dtype.kind in "ui":
        info = np.iinfo(found.dtype)
        return bool(np.array_equal(found, np.clip(np.rint(wanted.real), info.min, info.max)))
    size = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1)
    return bool(np.allclose(found, wanted, rtol=2e-4, atol=1e-5 * size, equal_nan=True))


def verdict(call: str, dtype: str) -> str:
    """ "right", "refused", "wraps" or "wrong"."""
    names = pc.names(lambda array: tg.tensor(ends(dtype)(array)))
    try:
        found = run(call, names)
    except AutogradError:
        return "refused"
    truths = []
    for wide in (tg.int64, tg.float64):
        try:
            truths.append(run(call, {k: v.to(wide) if k in pc.SHAPES else v for k, v in names.items()}))
        except AutogradError:
            continue
    if any(len(found) == len(truth) and all(map(close, found, truth)) for truth in truths):
        return "right"
    with np.errstate(all="ignore"):
        wraps = [x.dtype == dtype and np.array_equal(x, y.astype(dtype)) for x, y in zip(found, truths[0], strict=True)]
    return "wraps" if all(wraps) else "wrong"


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_public_function_is_right_on_small_integers_or_refuses_them(dtype: str) -> None:
    found = {call: verdict(call, dtype) for call in pc.CALLS if pc.used(call) and call not in KNOWN}
    assert [call for call, what in found.items() if what == "wrong"] == []
    assert {pc.NAME.match(call).group() for call, what in found.items() if what == "wraps"} <= ARITHMETIC
    assert list(found.values()).count("right") > 400


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_numpy_function_does_what_numpy_does(dtype: str) -> None:
    """Or what is right, where NumPy wraps."""
    for call in pc.NUMPY:
        if not pc.used(call) or "partition" in call or "empty" in call:  # any order; any value
            continue
        try:
            found = run(call, pc.names(lambda array: tg.tensor(ends(dtype)(array))))
        except AutogradError:
            continue
        names = pc.names(ends(dtype))
        plain = {k: v.detach().numpy() if isinstance(v, tg.Tensor) else v for k, v in names.items()}
        try:
            wanted = run(call, plain)
        except TypeError:  # NumPy has none for this dtype
            continue
        same = len(found) == len(wanted) and all(
            x.shape == y.shape and np.allclose(x, y, rtol=2e-3 if y.dtype == np.float16 else 1e-5, equal_nan=True)
            for x, y in zip(found, wanted, strict=True)
        )
        assert same or verdict(call, dtype) == "right", call


VALUES: dict[str, Any] = {
    "F.mse_loss(a, b)": 5050, "F.l1_loss(a, b)": 55, "F.smooth_l1_loss(a, b)": 54.5, "F.huber_loss(a, b)": 54.5,
    "T.dist(a, b)": 100.4988, "T.cdist(a[:, None], b[:, None])": [[10, 90], [180, 100]], "F.pdist(a[:, None])": [190],
    "F.avg_pool1d(a[None], 2)": [[105]], "T.trapezoid(a)": 105, "T.trapezoid(b)": 60, "T.lerp(a, b, 0.5)": [15, 150],
    "T.renorm(a[None], 2, 0, 1.0)": [[0.0499376, 0.9987523]], "F.softmin(a, 0)": [1, 0],
    "F.interpolate(a[None, None], 4, mode='linear')": [[[10, 58, 152, 200]]],
    "F.interpolate(T.stack([a, b])[None, None], (2, 3), mode='bilinear')": [[[[10, 105, 200], [20, 60, 100]]]],
    "F.interpolate(T.stack([a, b])[None, None], (2, 4), mode='bicubic')": [
        [[[0, 53, 157, 220], [12, 38, 82, 108]]]],
    "a + b": [30, 44], "a * b": [200, 32], "a.sum()": 210, "a.mean()": 105, "a - b": [246, 100], "-a": [246, 56],
}  # fmt: skip


@pytest.mark.parametrize("call", VALUES)
def test_uint8(call: str) -> None:
    a, b = (tg.tensor(values, dtype=tg.uint8) for values in ([10, 200], [20, 100]))
    found = eval(call, {"T": tg, "F": F, "a": a, "b": b})
    np.testing.assert_allclose(np.asarray(found.detach().numpy(), float), VALUES[call], rtol=1e-5)
    whole = {"a.sum()": tg.int64, **dict.fromkeys(("a + b", "a * b", "a - b", "-a"), tg.uint8)}
    assert found.dtype == (tg.uint8 if "interpolate" in call else whole.get(call, tg.float32))


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.huber_loss])
def test_raw_arrays_are_arrays_of_numbers_too(loss: Any) -> None:
    a, b = np.array([10, 200], np.uint8), np.array([20, 100], np.uint8)
    assert loss(a, b) == loss(a.astype(float), b.astype(float))


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool"])
@pytest.mark.parametrize("place", [tg, F, tg.linalg, tg.special], ids=["tg", "F", "linalg", "special"])
def test_no_function_makes_numpys_floats_of_integers(place: Any, dtype: str) -> None:
    called = 0
    for name, function in sorted(vars(place).items()):
        if name[0] == "_" or not callable(function) or isinstance(function, type):
            continue
        for shape, more in itertools.product([(3,), (2, 2), (3, 2), (1, 2, 4), (1, 1, 4, 4)], range(2)):
            x = (tg.arange(1, 1 + math.prod(shape)).reshape(shape) % 7).to(dtype)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = function(x, *[x] * more)
            except (AutogradError, AttributeError, TypeError, ValueError, StopIteration):  # no way to call it
                continue
            called += 1
            for part in found if isinstance(found, (tuple, list)) else [found]:
                kept = not isinstance(part, tg.Tensor) or part.dtype not in (np.float64, np.float16)
                # Whole weights of bincount are added in float64, as in PyTorch.
                assert kept or name in ("bincount", "float_power", "round"), f"{name} of {dtype} {shape}: {part.dtype}"
    assert called > 10


def test_scores_of_classes_are_floats() -> None:
    with pytest.raises(AutogradError, match="cross_entropy: x holds floats"):
        F.cross_entropy(tg.tensor([[10, 200]], dtype=tg.uint8), tg.tensor([0]))
    with pytest.raises(AutogradError, match="randint: uint8 does not hold all integers"):
        tg.randint(0, 300, (2,), dtype=tg.uint8)


def test_a_function_that_wraps_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(F, "mse_loss", lambda x, y: ((x - y) ** 2).sum() / x.numel())
    assert verdict("F.mse_loss(x, y)", "uint8") == "wrong"
    assert verdict("T.add(x, y)", "uint8") == "wraps" and verdict("T.exp(x / 50)", "uint8") == "right"


def test_a_factor_of_what_is_subtracted_needs_no_negative_number() -> None:
    a, b = tg.tensor([100, 10], dtype=tg.uint8), tg.tensor([10, 2], dtype=tg.uint8)
    for found in (tg.sub(a, b, alpha=2), a.sub(b, alpha=2), a.clone().sub_(b, alpha=2), tg.rsub(b, a, alpha=2)):
        assert found.dtype == tg.uint8 and found.tolist() == [80, 6]
