"""R1 on tiny files of MNIST's format, and on MNIST itself where it is."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason='needs pip install "tinygrad_bp[demos]"')

from demos.reports import r1
from demos.reports.r1.findings import BATCHES, RATES, grid_words, swing, too_large
from demos.reports.r1.training import HIDDEN, VALIDATION, learn, load, network, train
from demos.reports.summary import summary
from demos.reports.table import WIDTH, Page

REAL = [
    path
    for path in (os.environ.get("TINYGRAD_BP_DATA"), Path(__file__).parents[2] / "shared" / "data")
    if path and (Path(path) / "mnist").is_dir()
]
TINY = r1.Size(96, 2, 2, 300, 2, 1, 2, (r1.CHOSEN,))


def write_idx(path: Path, array: Any) -> None:
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four IDX files: a digit is one bright row of pixels in noise."""
    (tmp_path / "mnist").mkdir()
    rng = np.random.default_rng(0)
    for name, n in (("train", 400), ("t10k", 60)):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        images = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
        images[np.arange(n), 2 * labels] = 255
        write_idx(tmp_path / "mnist" / f"{name}-images-idx3-ubyte", images)
        write_idx(tmp_path / "mnist" / f"{name}-labels-idx1-ubyte", labels)
    return tmp_path


def test_the_network_is_the_reports() -> None:
    assert [p.shape for p in network().parameters()] == [(256, 784), (256,), (128, 256), (128,), (10, 128), (10,)]
    assert [p.shape for p in network(HIDDEN[:1]).parameters()] == [(256, 784), (256,), (10, 256), (10,)]


def test_a_run_prints_its_tables_and_draws_its_pictures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Page, "width", 80)
    lines = r1.run(0, True, tmp_path, folder, TINY)
    text = capsys.readouterr().out
    for words in (
        "320 training images, 80 validation",
        "one hidden (256)",
        "N = 256",
        "Chosen: ",
    ):
        assert words in " ".join(text.split())
    for name in ("r1-curves.png", "r1-misclassified.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG"), name
        assert str(tmp_path / name) in text
    own = text[: text.index("# R1: the hand rules")].splitlines()
    assert not [line for line in own if len(line) > 80 and str(tmp_path) not in line]
    assert [line.report for line in lines] == ["R1"] * 3
    assert max(map(len, summary(lines).splitlines())) <= WIDTH


def test_the_same_seed_gives_the_same_bits(folder: Path) -> None:
    parts = load(folder)
    first, again, other = (train(parts, r1.CANDIDATES[r1.CHOSEN], 2, seed).history.loss for seed in (3, 3, 4))
    assert first == again
    assert first != other
    accuracies = [learn(parts, HIDDEN, 0.1, 16, 2, 3, "sum") for _ in range(2)]
    assert np.array_equal(*accuracies, equal_nan=True)


def test_the_reports_rule_is_n_times_the_mean(folder: Path) -> None:
    """The summed loss with lr / N takes the same steps as the mean loss with lr."""
    parts = load(folder)
    mean = train_losses(parts, 0.064, "mean")
    summed = train_losses(parts, 0.064 / 16, "sum")
    np.testing.assert_allclose(summed, mean, rtol=1e-4)


def train_losses(parts: Any, lr: float, reduction: str) -> Any:
    import tinygrad_bp as tg

    tg.manual_seed(0)
    model = network()
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for start in range(0, 160, 16):
        x, y = parts.train[start : start + 16]
        optimizer.zero_grad()
        loss = tg.nn.functional.cross_entropy(model(x), y, reduction=reduction)
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / (16 if reduction == "sum" else 1))
    return np.array(losses)


def test_a_loss_that_overflows_is_shown_as_nan(folder: Path) -> None:
    accuracies = learn(load(folder), HIDDEN, 100.0, 64, 3, 0, "sum")
    assert accuracies.shape == (3,) and np.isnan(accuracies[-1])


def grid_of(starts: dict[int, float], reduction: str) -> dict[tuple[float, int], Any]:
    """Accuracies that are 90 % below ``starts`` and 10 % from there on."""
    return {(lr, n): np.full((1, 6), 10.0 if lr >= starts[n] else 90.0) for lr in RATES[reduction] for n in BATCHES}


def test_the_words_follow_the_tables() -> None:
    mean = grid_of(dict.fromkeys(BATCHES, 1.0), "mean")
    moving = grid_of(dict(zip(BATCHES, (0.1, 0.03, 0.01), strict=True)), "sum")
    assert [too_large(moving, n) for n in BATCHES] == [0.1, 0.03, 0.01]
    assert "is the missing /N" in grid_words(moving, mean)
    assert "does not move" in grid_words(grid_of(dict.fromkeys(BATCHES, 0.01), "sum"), mean)
    assert "Not every batch size" in grid_words(grid_of(dict.fromkeys(BATCHES, 9.0), "sum"), mean)


def test_a_swing_counts_as_too_large() -> None:
    found = grid_of(dict.fromkeys(BATCHES, 9.0), "sum")
    found[0.03, 64] = np.array([[90.0, 80, 90, 80, 90, 80]])
    assert swing(found[0.03, 64]) > 4
    assert too_large(found, 64) == 0.03
    assert too_large(found, 16) is None


def test_without_files_the_loaders_error_comes_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        r1.run(0, True, tmp_path, tmp_path)


def test_on_a_fresh_machine_the_digits_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    lines = r1.run(0, True, tmp_path, None, r1.Size(300, 2, 1, 300, 6, 1, 8, (r1.CHOSEN,)))
    text = capsys.readouterr().out
    assert "--download" in text and "digits, 64 - 256 - 128 - 10" in text and "1,200 training images" in text
    assert [line.setting for line in lines][-1] == "best setting, digits"
    assert (tmp_path / "r1-misclassified.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not REAL, reason="MNIST is not here: set TINYGRAD_BP_DATA to its folder")
def test_mnist_is_learnt() -> None:
    parts = load(Path(REAL[0]))
    assert [len(part) for part in parts] == [60_000 - VALIDATION, VALIDATION, 10_000]
    accuracies = learn(parts.first(3_000), HIDDEN, 0.3, 64, 3, 0)
    assert accuracies[-1] > 75
