"""Questions about tensors and dtypes, and the switches that change nothing."""

from __future__ import annotations

import os

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import blas
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ShapeError


def test_what_a_tensor_is() -> None:
    w = tg.ones(2, requires_grad=True)
    assert tg.is_tensor(w) and not tg.is_tensor(w.numpy(force=True))
    assert tg.is_floating_point(w) and not tg.is_complex(w) and w.is_signed() and tg.numel(w) == 2
    assert tg.is_complex(tg.tensor([1j])) and not tg.is_signed(tg.tensor([True]))
    assert not (w.is_conj() or w.is_neg() or tg.tensor([1j]).conj().is_conj())
    assert w.is_same_size(tg.zeros(2)) and not w.is_same_size(tg.zeros(2, 1))
    assert tg.is_nonzero(tg.tensor(-1)) and not tg.tensor([[0.0]]).is_nonzero()
    for several in (w, tg.zeros(0)):
        with pytest.raises(ShapeError, match="needs one element"):
            several.is_nonzero()


def test_shapes_broadcast() -> None:
    assert tg.broadcast_shapes((2, 1), 3, (1,)) == (2, 3) and tg.broadcast_shapes() == ()
    assert isinstance(tg.broadcast_shapes((2,)), tg.Size)
    with pytest.raises(ShapeError, match=r"\(2,\) and \(3,\) do not broadcast"):
        tg.broadcast_shapes((2,), (3,))


# PyTorch's answers: a row can be written into the columns in this order.
CASTS = {
    "bool": "1111111", "uint8": "0111111", "int64": "0111111", "float16": "0001111", "float64": "0001111",
    "complex64": "0000011", "complex128": "0000011",
}  # fmt: skip


@pytest.mark.parametrize("name", CASTS)
def test_casts(name: str) -> None:
    assert [tg.can_cast(getattr(tg, name), getattr(tg, to)) for to in CASTS] == [c == "1" for c in CASTS[name]]


def test_the_dtype_of_results() -> None:
    assert tg.result_type(tg.ones(1, dtype=tg.float16), 2) == tg.float16
    assert tg.result_type(tg.ones(1, dtype=tg.int8), tg.tensor(1.5)) == tg.float32
    assert tg.result_type(1, 2.0) == tg.float32 and tg.promote_types(tg.uint8, tg.int8) == tg.int16
    assert tg.promote_types("int64", np.float32) == tg.float32


def test_limits_of_dtypes_are_pythons_numbers() -> None:
    assert repr(tg.finfo(tg.float32)) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, smallest_normal=1.17549e-38, "
        "tiny=1.17549e-38, dtype=float32)"
    )
    half = tg.finfo(tg.float16)
    assert (half.bits, half.max, half.tiny, half.dtype) == (16, 65504.0, 2.0**-14, "float16")
    assert type(half.eps) is float and tg.finfo().dtype == "float32" and tg.finfo(tg.complex128).eps == 2.0**-52
    assert (tg.iinfo(tg.int64).max, tg.iinfo(tg.uint8).min, tg.iinfo(tg.int16).bits) == (2**63 - 1, 0, 16)
    with pytest.raises(DtypeError, match=r"integers have tg.iinfo"):
        tg.finfo(tg.int64)
    with pytest.raises(DtypeError, match=r"floats have tg.finfo"):
        tg.iinfo(tg.float32)


def test_constants() -> None:
    assert (tg.pi, tg.e, tg.inf) == (np.pi, np.e, np.inf) and tg.nan != tg.nan and tg.newaxis is None
    assert tg.zeros(2)[:, tg.newaxis].shape == (2, 1)


def test_switches_are_taken_and_say_what_holds() -> None:
    tg.use_deterministic_algorithms(False, warn_only=True)
    tg.set_deterministic_debug_mode("warn")
    tg.set_float32_matmul_precision("medium")
    tg.set_num_interop_threads(2)
    tg.set_warn_always(True)
    assert tg.are_deterministic_algorithms_enabled() and tg.get_deterministic_debug_mode() == 2
    assert tg.get_float32_matmul_precision() == "highest" and tg.get_num_threads() >= 1
    assert not (tg.set_flush_denormal(True) or tg.is_warn_always_enabled())
    assert tg.get_num_interop_threads() == 1 and not tg.is_deterministic_algorithms_warn_only_enabled()
    for call in (
        lambda: tg.set_float32_matmul_precision("low"),
        lambda: tg.set_num_threads(0),
        lambda: tg.set_num_threads(2.0),
        lambda: tg.set_num_threads(tg.tensor(2.0)),
        lambda: tg.set_num_interop_threads(0),
        lambda: tg.set_deterministic_debug_mode(3),
        lambda: tg.set_default_tensor_type("torch.LongTensor"),
    ):
        with pytest.raises(ArgumentError):
            call()


@pytest.mark.skipif(blas.threads() is None, reason="NumPy's BLAS does not say how many threads it has")
def test_products_have_the_threads_that_are_asked_for() -> None:
    before = tg.get_num_threads()
    try:
        for number in (1, min(2, os.cpu_count() or 1)):
            tg.set_num_threads(number)
            assert tg.get_num_threads() == number
    finally:
        tg.set_num_threads(before)


def test_where_the_library_does_not_tell_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_threads", lambda: None)
    tg.set_num_threads(3)
    for said, number in (("7", 7), ("5,2", 5), (" 03", 3)):  # as OpenBLAS reads it; 0 says nothing
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.setenv(name, "0")
        assert tg.get_num_threads() == number
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert tg.get_num_threads() == os.cpu_count()


def test_the_default_dtype_by_its_old_name() -> None:
    try:
        tg.set_default_tensor_type("torch.DoubleTensor")
        assert tg.zeros(1).dtype == tg.float64
    finally:
        tg.set_default_tensor_type("torch.FloatTensor")
    assert tg.zeros(1).dtype == tg.float32
