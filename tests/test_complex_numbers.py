"""Every public function on complex numbers: what PyTorch or NumPy gives, or refused by name; never cut to real.

Golden results: tests/golden/make_complex.py.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import public_calls as pc
import pytest
from complex_calls import CALLS, complex_of, digest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError, DtypeError
from tinygrad_bp.autograd.op import OPS, Op

GOLDEN = json.loads((Path(__file__).parent / "golden" / "complex.json").read_text())
# Where PyTorch refuses and an answer is given all the same, and which.
ANSWERED = dict.fromkeys(
    pc.each(
        "T.@",
        """aminmax amax amin argmax argmin argsort bucketize clamp clamp_max clamp_min clip
    cummax cummin fmax fmin ge greater greater_equal gt kthvalue le less less_equal lt max maximum median min minimum
    mode msort nanmedian searchsorted sort topk unique unique_consecutive""",
    ),
    "NumPy's order: by real part, then imaginary",
)
ANSWERED |= dict.fromkeys(
    pc.each(
        "T.@",
        """nanmean nansum round special.round isin cov flip tile lu_unpack lu_solve
    linalg.lu_solve""",
    ),
    "the same function of complex numbers",
)
ANSWERED |= dict.fromkeys(
    pc.each(
        "F.@",
        """avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d interpolate upsample upsample_nearest upsample_bilinear alpha_dropout feature_alpha_dropout glu
    softmax log_softmax softmin""",
    ),
    "linear, or holomorphic",
)
ANSWERED |= dict.fromkeys(
    pc.each(
        "T.@",
        """softmax log_softmax special.softmax special.log_softmax xlogy special.xlogy
    special.xlog1py""",
    ),
    "holomorphic",
)
ANSWERED |= dict.fromkeys(
    pc.each("T.@", "clamp_ clamp_max_ clamp_min_ clip_"), "NumPy's order: by real part, then imaginary"
)
ANSWERED |= dict.fromkeys(
    pc.each("T.@", "avg_pool1d adaptive_avg_pool1d special.spherical_bessel_j0 xlogy_ round_"), "linear, or holomorphic"
)
ANSWERED |= dict.fromkeys((name for name in pc.public() if "polynomial" in name), "a polynomial")
ANSWERED = {f"T.{name}" if "polynomial" in name else name: why for name, why in ANSWERED.items()}
ANSWERED |= {
    "F.affine_grid": "linear",
    "T.abs_": "as a complex number",
    "T.result_type": "of both",
    "T.typename": "a name",
}
ANSWERED |= dict.fromkeys(["T.cdist", "T.pdist", "F.pdist"], "the norm of a complex difference")
KNOWN = {
    "T.empty_like(x)": "what the memory held",
    "T.bincount(i, w[:3])": "PyTorch cuts the weights to real numbers",
    "T.pca_lowrank(x, 2)": "vectors are turned by any phase",
    "T.svd_lowrank(x, 2)": "vectors are turned by any phase",
    "T.svd(x)": "vectors are turned by any phase",
    "T.linalg.svd(x, full_matrices=False)": "vectors are turned by any phase",
    "T.linalg.eigh(A)": "vectors are turned by any phase",
}


def run(call: str) -> list[Any]:
    def arrays(result: Any) -> list[Any]:
        if isinstance(result, (tuple, list)):
            return [array for part in result for array in arrays(part)]
        return [result.detach().numpy() if isinstance(result, tg.Tensor) else np.asarray(result)]

    tg.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        return arrays(eval(call, pc.names(lambda array: tg.tensor(complex_of(array)))))


def check(call: str, wanted: Any) -> str:
    """ "agrees", "refused" or "answered"; raises where it is none of these."""
    try:
        found = run(call)
    except AutogradError:
        return "refused"
    if wanted is None:
        assert pc.NAME.match(call).group() in ANSWERED, f"{call} is answered, and PyTorch refuses it"
        return "answered"
    if wanted == "absent":
        return "answered"
    assert len(found) == len(wanted), call
    for array, (shape, dtype, *total) in zip(found, wanted, strict=True):
        mine = digest(array)
        assert mine[:2] == [shape, dtype], f"{call}: {mine[:2]}, PyTorch gives {[shape, dtype]}"
        size = max(1.0, float(np.max(np.abs(array[np.isfinite(array)]), initial=0)) * array.size)
        np.testing.assert_allclose(mine[2:], total, rtol=1e-6, atol=1e-7 * size, err_msg=call)
    return "agrees"


def test_every_call_has_a_golden_result() -> None:
    assert list(GOLDEN) == CALLS


def test_every_function_of_complex_numbers_is_pytorchs_or_numpys_or_refused() -> None:
    found = [check(call, wanted) for call, wanted in GOLDEN.items() if call not in KNOWN and call != "T.arange(s)"]
    assert found.count("agrees") > 300 and found.count("refused") > 120


def test_numpys_functions_of_complex_numbers_are_numpys() -> None:
    for call in pc.NUMPY:
        if not pc.used(call) or any(
            word in call for word in ("partition", "empty", "svd", "linalg.qr", "eigh", "lstsq")
        ):
            continue
        try:
            found = run(call)
        except (AutogradError, TypeError):  # ours, or NumPy's own refusal
            continue
        plain = {k: v.detach().numpy() if isinstance(v, tg.Tensor) else v for k, v in pc.names(complex_of).items()}
        try:
            with np.errstate(all="ignore"):
                result = eval(call, plain)
        except TypeError:  # np.fabs: |x| all the same
            continue
        parts = result if isinstance(result, (tuple, list)) else (result,)
        for mine, theirs in zip(found, parts, strict=False):
            if isinstance(theirs, (np.ndarray, np.generic)):
                np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9, err_msg=call)
                assert mine.dtype.kind == theirs.dtype.kind, call


def test_what_asks_for_an_order_says_so() -> None:
    z = tg.tensor([1 + 1j, 2.0])
    for function in (tg.relu, tg.logit, tg.nn.functional.elu, tg.nn.functional.hardtanh, tg.nn.functional.kl_div,
                     tg.nn.functional.mse_loss, tg.complex, tg.polar):  # fmt: skip
        arguments = (z, z) if function.__name__ in ("kl_div", "mse_loss", "complex", "polar") else (z,)
        with pytest.raises(DtypeError, match=r"needs real numbers, got complex64; write x\.real"):
            function(*arguments)


def test_a_part_that_is_cut_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check("T.sin(x)", GOLDEN["T.sin(x)"]) == "agrees"
    monkeypatch.setattr(tg, "sin", lambda x: tg.real(x) + 0)
    with pytest.raises(AssertionError, match="PyTorch gives"):
        check("T.sin(x)", GOLDEN["T.sin(x)"])
    monkeypatch.setattr(tg, "heaviside", lambda x, y: x)
    with pytest.raises(AssertionError, match="PyTorch refuses"):
        check("T.heaviside(x, y)", GOLDEN["T.heaviside(x, y)"])


def test_complex_keeps_infinities_and_signs_of_zero():
    real, imag = [np.inf, -np.inf, -0.0, 1.0], [np.inf, 1.0, -0.0, -np.inf]
    joined = tg.complex(tg.tensor(real), tg.tensor(imag)).numpy()
    for part, given in ((joined.real, real), (joined.imag, imag)):
        np.testing.assert_array_equal(part, given)
        np.testing.assert_array_equal(np.signbit(part), np.signbit(given))
    assert tg.complex(tg.tensor(1.0), tg.tensor([1.0, 2.0])).tolist() == [1 + 1j, 1 + 2j]


def computes(op: Op) -> bool:
    """Whether an op of two tensors takes complex ones, and gives complex ones."""
    z = tg.tensor([0.3 + 0.1j, 0.7 - 0.2j])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = op.function(z, z)
        except (AutogradError, Warning):
            return False
    return found.is_complex()


OF_TWO = [
    op for op in OPS.values()
    if op.kind == "elementwise" and len(op.inputs) == 2 and op.name != "prelu" and computes(op)  # that has two sides
]  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("op", OF_TWO, ids=str)
def test_a_real_tensor_beside_a_complex_number_keeps_a_real_gradient(op: Op, dtype: Any, first: bool) -> None:
    """NumPy says that float64 == None: a number without a dtype must not count as one of that."""

    def found(turned: Any) -> Any:
        x = tg.tensor([0.3, 0.7], dtype=dtype, requires_grad=True)
        given = (turned(x), 0.5 + 1j) if first else (0.5 + 1j, turned(x))
        return tg.autograd.grad((op.function(*given) * (2 - 3j)).real.sum(), x)[0]

    wanted = found(lambda x: x.to(tg.complex128 if dtype == tg.float64 else tg.complex64))
    assert found(lambda x: x).dtype == dtype
    np.testing.assert_allclose(found(lambda x: x).numpy(), wanted.numpy(), rtol=1e-5)


def test_the_ops_of_two_are_found() -> None:
    assert {"add", "sub", "mul", "div", "power"} <= {op.name for op in OF_TWO}
