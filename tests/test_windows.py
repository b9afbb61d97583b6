"""Windows, the transform of short pieces and back, and tensors on memory that is there. The numbers are PyTorch's."""

from __future__ import annotations

import array
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ReadOnlyError, ShapeError

W = tg.signal.windows
# Five samples, periodic; then five samples, symmetric.
PERIODIC = {
    "hann_window": [0, 0.345492, 0.904508, 0.904508, 0.345492],
    "hamming_window": [0.08, 0.397852, 0.912148, 0.912148, 0.397852],
    "blackman_window": [0, 0.200770, 0.849230, 0.849230, 0.200770],
    "bartlett_window": [0, 0.4, 0.8, 0.8, 0.4],
    "kaiser_window": [5.277343e-05, 0.1017197, 0.7929398, 0.7929398, 0.1017197],
}
SYMMETRIC = {
    "bartlett": [0, 0.5, 1, 0.5, 0], "blackman": [0, 0.34, 1, 0.34, 0], "hann": [0, 0.5, 1, 0.5, 0],
    "cosine": [0.309017, 0.809017, 1, 0.809017, 0.309017], "exponential": [0.135335, 0.367879, 1, 0.367879, 0.135335],
    "gaussian": [0.135335, 0.606531, 1, 0.606531, 0.135335], "hamming": [0.08, 0.54, 1, 0.54, 0.08],
    "general_hamming": [0.08, 0.54, 1, 0.54, 0.08], "kaiser": [5.277343e-05, 0.215672, 1, 0.215672, 5.277343e-05],
    "nuttall": [0.0003628, 0.2269824, 1, 0.2269824, 0.0003628],
}  # fmt: skip


@pytest.mark.parametrize("name", PERIODIC)
def test_periodic_windows(name: str) -> None:
    window = getattr(tg, name)
    np.testing.assert_allclose(window(5).numpy(), PERIODIC[name], atol=1e-6)
    longer = window(6, periodic=False)[:5].numpy()
    np.testing.assert_allclose(window(5, dtype=tg.float64).numpy(), longer, rtol=1e-5, atol=1e-7)
    assert window(0).shape == (0,) and window(1).tolist() == [1] and window(3, requires_grad=True).requires_grad
    with pytest.raises(DtypeError):
        window(3, dtype=tg.int64)
    with pytest.raises(ArgumentError, match="must not be negative"):
        window(-1)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_windows(name: str) -> None:
    window = getattr(W, name)
    np.testing.assert_allclose(window(5).numpy(), SYMMETRIC[name], atol=1e-6)
    # A periodic window is a symmetric one of one more sample, without its last.
    np.testing.assert_allclose(window(4, sym=False).numpy(), SYMMETRIC[name][:4], atol=1e-6)


def test_windows_with_parameters() -> None:
    assert W.general_cosine(3, a=[0.5, 0.3, 0.2]).tolist() == pytest.approx([0.4, 1.0, 0.4])
    assert W.exponential(3, center=0, tau=2, sym=False).tolist() == pytest.approx([1, 0.6065307, 0.3678794])
    for call in (
        lambda: W.exponential(3, center=0),
        lambda: W.exponential(3, tau=0),
        lambda: W.gaussian(3, std=-1),
        lambda: W.general_cosine(3, a=[]),
    ):
        with pytest.raises(ArgumentError):
            call()


@pytest.mark.parametrize(
    "options", [{}, {"window": "hann"}, {"normalized": True}, {"onesided": False}, {"hop_length": 3}]
)
def test_short_pieces_transformed_and_back(options: dict[str, object]) -> None:
    given = {"hop_length": 2, **options}
    if "window" in given:
        given["window"] = tg.hann_window(8, dtype=tg.float64)
    signal = tg.tensor(np.random.default_rng(0).standard_normal((2, 33)), requires_grad=True)
    again = tg.istft(tg.stft(signal, 8, return_complex=True, **given), 8, length=33, **given)
    np.testing.assert_allclose(again.detach().numpy(), signal.detach().numpy(), atol=1e-12)
    again.sum().backward()
    assert signal.grad is not None
    np.testing.assert_allclose(signal.grad.numpy(), np.ones((2, 33)), atol=1e-12)


def test_what_istft_refuses() -> None:
    spectrum = tg.stft(tg.arange(16.0), 8, return_complex=True)
    for error, call in (
        (ShapeError, lambda: tg.istft(spectrum.real, 8)),
        (ShapeError, lambda: tg.istft(spectrum, 12)),
        (ShapeError, lambda: tg.istft(spectrum, 8, window=tg.ones(3))),
        (ArgumentError, lambda: tg.istft(spectrum, 8, hop_length=0)),
        (ArgumentError, lambda: tg.istft(spectrum, 8, return_complex=True)),
        (ArgumentError, lambda: tg.istft(spectrum, 8, center=False, window=tg.hann_window(8))),
    ):
        with pytest.raises(error, match="istft"):
            call()
    assert tg.istft(spectrum, 8, length=20).shape == (20,)


def test_memory_that_is_there_is_shared(tmp_path: Path) -> None:
    buffer = bytearray(8)
    t = tg.frombuffer(buffer, dtype=tg.int16, count=2, offset=2)
    t[0] = 258
    assert list(buffer) == [0, 0, 2, 1, 0, 0, 0, 0] and t.shape == (2,)
    with pytest.raises(ReadOnlyError):
        tg.frombuffer(b"ab", dtype=tg.uint8).add_(1)
    assert tg.frombuffer(array.array("d", [1.5]), dtype=tg.float64).tolist() == [1.5]
    numbers = np.zeros(2)
    tg.asarray(numbers)[0] = 1
    tg.asarray(numbers, copy=True)[1] = 1
    assert numbers.tolist() == [1, 0]
    w = tg.ones(2, requires_grad=True)
    assert tg.asarray(w).requires_grad and tg.asarray(w, requires_grad=True) is w
    assert not tg.asarray(w, requires_grad=False).requires_grad
    assert tg.asarray([1.5]).dtype == tg.float32 and tg.asarray(w.detach(), dtype=tg.int64).tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="floating point"):
        tg.asarray(w, dtype=tg.int64)
    for call in (lambda: tg.asarray([1], copy=False), lambda: tg.asarray(w, dtype=tg.float64, copy=False)):
        with pytest.raises(ArgumentError, match="copy"):
            call()
    file = tmp_path / "numbers"
    tg.from_file(str(file), shared=True, size=3).fill_(2)
    assert np.fromfile(file, np.float32).tolist() == [2, 2, 2]
    tg.from_file(str(file), size=2).fill_(5)
    assert tg.from_file(str(file), size=3).tolist() == [2, 2, 2]


def test_memory_is_laid_out_as_asked() -> None:
    t = tg.empty_strided((2, 3), (1, 2))
    assert t.numpy().strides == (4, 8) and tg.empty_strided((2, 0), (5, 1)).shape == (2, 0)
    assert tg.empty_permuted((2, 3, 4), (0, 2, 1)).numpy().strides == (48, 4, 12)
    for call in (lambda: tg.empty_strided((2, 3), (1,)), lambda: tg.empty_permuted((2, 3), (0, 0))):
        with pytest.raises(ArgumentError):
            call()


def test_ranges_and_scalars() -> None:
    assert tg.range(1, 4).tolist() == [1, 2, 3, 4] and tg.range(0, 2, 0.5).shape == (5,)
    assert tg.range(5, 1, -1.5).tolist() == [5, 3.5, 2] and tg.range(2, dtype=tg.int64).tolist() == [0, 1, 2]
    with pytest.raises(ArgumentError, match="does not lead"):
        tg.range(0, -1)
    with pytest.raises(ArgumentError, match="arange: step 0 does not lead from 0 to 3"):
        tg.arange(0, 3, 0)
    with pytest.raises(RuntimeError, match="arange: step 1 does not lead from 5 to 0"):  # as in PyTorch
        tg.arange(5, 0)
    assert tg.arange(5, 0, -2).tolist() == [5, 3, 1] and tg.arange(3, 3, -1).tolist() == []
    for call in (
        lambda: tg.linspace(0, 1, 2.5), lambda: tg.logspace(0, 1, 2.5), lambda: tg.hann_window(2.5),
        lambda: tg.tril_indices(2.5, 2), lambda: tg.triu_indices(2, 2.5), lambda: tg.rot90(tg.ones(2, 2), 0.5),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=r"cannot use a float as (steps|window_length|row|col|k)"):
            call()
    assert tg.scalar_tensor(3).dtype == tg.float32 and tg.scalar_tensor(True, dtype=tg.bool).shape == ()
