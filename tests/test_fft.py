"""``tg.fft`` and ``np.fft`` on Tensors: values against NumPy, gradients against the DFT matrix and differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((3, 4, 5))
COMPLEX = REAL + 1j * RNG.standard_normal((3, 4, 5))
ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
NORMS = (None, "backward", "ortho", "forward")


def takes_real(name: str) -> bool:
    return name.startswith(("rfft", "ihfft"))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [None, 1, 3, 6, 8])
@pytest.mark.parametrize("name", ONE)
def test_one_dimension_is_numpys(name: str, n: int | None, norm: str | None) -> None:
    x = REAL if takes_real(name) else COMPLEX
    for axis in (0, 1, -1):
        expected = getattr(np.fft, name)(x, n, axis, norm)
        for result in (
            getattr(tg.fft, name)(tg.from_numpy(x), n=n, dim=axis, norm=norm),
            getattr(np.fft, name)(tg.from_numpy(x), n=n, axis=axis, norm=norm),
            getattr(tg.fft, name)(x, n, axis, norm),
        ):
            np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", SEVERAL)
def test_several_dimensions_are_numpys(name: str, norm: str | None) -> None:
    x = REAL if takes_real(name) else COMPLEX
    default = (-2, -1) if name.endswith("2") else (0, 1, 2)
    for s, axes in ((None, default), ((4, 6), (0, 2)), ((2, 3), (-1, -2)), (None, (1,))):
        expected = getattr(np.fft, name)(x, s, axes, norm)
        ours = getattr(tg.fft, name)(tg.from_numpy(x), s, axes, norm)
        np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-12, atol=1e-12)
        theirs = getattr(np.fft, name)(tg.from_numpy(x), s=s, axes=axes, norm=norm)
        np.testing.assert_allclose(theirs.detach().numpy(), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        getattr(tg.fft, name)(tg.from_numpy(x)).detach().numpy(), getattr(np.fft, name)(x), rtol=1e-12
    )


def test_dtypes() -> None:
    x = tg.ones(4)
    assert tg.fft.fft(x).dtype == np.complex64 and tg.fft.fft(x.double()).dtype == np.complex128
    assert tg.fft.rfft(x).dtype == np.complex64 and tg.fft.irfft(tg.fft.rfft(x)).dtype == np.float32
    assert tg.fft.fft(tg.ones(4, dtype=tg.int64)).dtype == np.complex64
    assert np.fft.fft(tg.ones(4, dtype=tg.int64)).dtype == np.complex128  # NumPy's


@pytest.mark.parametrize("call", [
    "F.fft(x)", "F.fft(x, 7, 0, 'ortho')", "F.ifft(x, 2)", "F.fft(r)", "F.rfft(r, 7)", "F.rfft(r, 4, 1)", "F.irfft(x)",
    "F.irfft(x, 7)", "F.hfft(x, 6, norm='ortho')", "F.ihfft(r, norm='forward')", "F.fftn(x)",
    "F.rfftn(r, (2, 6), (0, 2))",
    "F.irfft2(x, (3, 6))", "F.hfftn(x)", "F.ihfft2(r)", "F.fftshift(x)", "F.ifftshift(x, 1)",
])  # fmt: skip
def test_gradients_by_differences(call: str) -> None:
    step = 1e-6

    def loss(x: Any, r: Any) -> Any:
        result = eval(call, {"F": tg.fft, "x": x, "r": r})
        weights = np.arange(1.0, 1 + math.prod(result.shape)).reshape(result.shape) * (1 - 0.5j)
        return tg.real(result * tg.tensor(weights)).sum()

    x, r = tg.tensor(COMPLEX, requires_grad=True), tg.tensor(REAL, requires_grad=True)
    loss(x, r).backward()
    rng = np.random.default_rng(1)
    dx, dr = rng.standard_normal(REAL.shape) + 1j * rng.standard_normal(REAL.shape), rng.standard_normal(REAL.shape)

    def at(t: float) -> float:
        return float(loss(tg.tensor(COMPLEX + t * dx), tg.tensor(REAL + t * dr)).item())

    ours = 0.0 if x.grad is None else np.sum(np.real(np.conjugate(x.grad.numpy()) * dx))
    ours += 0.0 if r.grad is None else np.sum(r.grad.numpy() * dr)
    assert ours == pytest.approx((at(step) - at(-step)) / (2 * step), rel=1e-6, abs=1e-5)
    assert r.grad is None or r.grad.dtype == np.float64


def test_a_convolution_by_transforms_learns() -> None:
    # The gradient of a filter in the spectrum is that of the sum it stands for.
    x, k = tg.tensor(REAL[0, 0]), tg.tensor(REAL[1, 0], requires_grad=True)
    y = tg.fft.irfft(tg.fft.rfft(x) * tg.fft.rfft(k), 5)
    expected = [sum(REAL[0, 0, j] * REAL[1, 0, (i - j) % 5] for j in range(5)) for i in range(5)]
    np.testing.assert_allclose(y.detach().numpy(), expected)
    y[0].backward()
    np.testing.assert_allclose(k.grad.numpy(), REAL[0, 0][(-np.arange(5)) % 5])


def test_second_order() -> None:
    # The energy of a spectrum is n times that of the signal (Parseval): its Hessian is 2n · identity.
    x = tg.tensor(REAL[0, 0], requires_grad=True)
    energy = (tg.fft.fft(x).abs() ** 2).sum()
    (g,) = tg.autograd.grad(energy, x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), 10 * REAL[0, 0], rtol=1e-12)
    (h,) = tg.autograd.grad(g[2], x)
    np.testing.assert_allclose(h.detach().numpy(), [0, 0, 10, 0, 0], atol=1e-12)


def test_frequencies_and_shifts_are_numpys() -> None:
    for n in (1, 4, 5):
        np.testing.assert_allclose(tg.fft.fftfreq(n, 0.5, dtype=tg.float64).detach().numpy(), np.fft.fftfreq(n, 0.5))
        np.testing.assert_allclose(tg.fft.rfftfreq(n, dtype=tg.float64).detach().numpy(), np.fft.rfftfreq(n))
        x = np.arange(n)
        np.testing.assert_array_equal(tg.fft.fftshift(tg.from_numpy(x)).detach().numpy(), np.fft.fftshift(x))
        np.testing.assert_array_equal(tg.fft.ifftshift(tg.fft.fftshift(tg.from_numpy(x))).detach().numpy(), x)
    assert tg.fft.fftfreq(4).dtype == np.float32
    assert tg.fft.rfftfreq(288, 1 / 400)[58].item() == np.float32(58) * np.float32(400 / 288)  # as PyTorch rounds
    np.testing.assert_array_equal(
        np.fft.fftshift(tg.from_numpy(REAL), axes=(0, 2)).detach().numpy(), np.fft.fftshift(REAL, (0, 2))
    )


def test_stft_is_the_transform_of_its_frames() -> None:
    signal, window = REAL.reshape(2, 30), np.hanning(6)
    ours = tg.stft(tg.from_numpy(signal), 8, 3, 6, tg.from_numpy(window), return_complex=True)
    padded = np.pad(signal, ((0, 0), (4, 4)), mode="reflect")
    full = np.pad(window, 1)
    frames = np.stack([padded[:, t : t + 8] * full for t in range(0, 31, 3)], 1)
    np.testing.assert_allclose(ours.detach().numpy(), np.swapaxes(np.fft.rfft(frames), 1, 2), atol=1e-12)
    parts = tg.stft(tg.from_numpy(signal), 8, 3, 6, tg.from_numpy(window), return_complex=False)
    np.testing.assert_allclose(parts.detach().numpy()[..., 1], ours.detach().numpy().imag)


@pytest.mark.parametrize(("call", "error", "says"), [
    ("F.fft(x, norm='none')", ArgumentError, "'ortho'"), ("F.fft(x, 0)", ArgumentError, "data points (0)"),
    ("F.fft(x, dim=3)", IndexRangeError, "out of range"), ("F.rfft(x * 1j)", DtypeError, "real"),
    ("F.fftn(x, (2, 2, 2, 2))", ShapeError, "4 sizes"), ("F.fftn(x, dim=(0, 0))", ArgumentError, "differ"),
    ("F.irfft(x[..., :1])", ArgumentError, "data points (0)"), ("F.fft2(x, (2,))", ShapeError, "1 sizes"),
    ("T.stft(x[0], 4)", ArgumentError, "return_complex"), ("T.stft(x, 4)", ShapeError, "(3, 4, 5)"),
    ("T.stft(x[0], 64, return_complex=True)", ShapeError, "padded"),
    ("T.stft(x[0], 4, center=False, window=T.ones(3), return_complex=True)", ShapeError, "4 numbers"),
    ("T.stft(x[0], 16, center=False, return_complex=True)", ShapeError, "n_fft=16"),
    ("T.stft(x[0], 4, pad_mode='mirror', return_complex=True)", ArgumentError, "mirror"),
])  # fmt: skip
def test_errors_say_what_to_write(call: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        eval(call, {"F": tg.fft, "T": tg, "x": tg.from_numpy(REAL)})
    assert says in str(caught.value)
