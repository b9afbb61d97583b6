"""R5 on tiny files of CIFAR-10's binary form, and on CIFAR-10 itself where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg

pytest.importorskip("matplotlib", reason='needs pip install "tinygrad_bp[demos]"')

from demos.reports import r5
from demos.reports.r5 import gaps
from demos.reports.r5.diagnosis import CAUSES, Cause, Found, diagnosis
from demos.reports.r5.training import RAW, SHIFT, Augmented, Recipe, Trained, load, network, parts, train
from demos.reports.summary import summary
from demos.reports.table import WIDTH

REAL = [
    path
    for path in (os.environ.get("TINYGRAD_BP_DATA"), Path(__file__).parents[2] / "shared" / "data")
    if path and (Path(path) / "cifar-10-batches-bin").is_dir()
]
TINY = r5.Size(None, 1, (0, 1), 1, (r5.NAMES[0], r5.NAMES[-1]), 1, 150, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six binary files: a class is a brighter band of rows in noise."""
    path = tmp_path / "cifar-10-batches-bin"
    path.mkdir()
    rng = np.random.default_rng(0)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        labels = rng.integers(0, 10, 60).astype(np.uint8)
        images = rng.integers(0, 100, (60, 3, 32, 32)).astype(np.uint8)
        images[np.arange(60), :, 3 * labels] += 120
        (path / f"{name}.bin").write_bytes(np.column_stack([labels, images.reshape(60, -1)]).tobytes())
    return tmp_path


def test_a_run_prints_its_tables_and_draws_its_pictures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = r5.run(0, True, tmp_path, folder, TINY)
    text = capsys.readouterr().out
    for words in (
        "225 training, 75 validation and 60 test images",
        "divided by N twice",
        "colours last",
        "log-sum-exp",
    ):
        assert words in text
    for name in ("r5-curves.png", "r5-gaps.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG"), name
        assert str(tmp_path / name) in text
    own = text[: text.index("# R5: the hand rules")].splitlines()
    assert max(map(len, own)) <= WIDTH
    assert [line.report for line in lines] == ["R5"] * 4
    assert max(map(len, summary(lines).splitlines())) <= WIDTH


def test_the_same_seed_gives_the_same_bits(folder: Path) -> None:
    of = parts(load(folder))
    recipe = r5.ABLATION[r5.NAMES[-1]]._replace(dropout=0.2)
    first, again, other = (train(of, recipe, 2, seed).history.loss for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_dividing_by_n_once_more_is_a_smaller_learning_rate(folder: Path) -> None:
    of, recipe = parts(load(folder)), Recipe(hidden=(8,), batch=16)
    assert train(of, recipe._replace(twice=True), 1, 0).history.loss == (
        train(of, recipe._replace(lr=recipe.lr / 16), 1, 0).history.loss
    )


def test_parts_are_centred_on_the_training_images(folder: Path) -> None:
    loaded = load(folder)
    of, raw = parts(loaded), parts(loaded, RAW)
    assert [len(part) for part in of] == [225, 75, 60]
    x = of.train.tensors[0].numpy()
    assert x.dtype == np.float32 and np.abs(x.mean(0)).max() < 1e-5 and np.abs(x).max() <= 1
    np.testing.assert_allclose(raw.test.tensors[0].numpy(), 255 * of.test.tensors[0].numpy(), atol=2e-3)


def test_augmentation_mirrors_and_moves_whole_images() -> None:
    rows = np.arange(1, 40 * 3072 + 1, dtype=np.float32).reshape(40, 3072)
    changed = Augmented(None, tg.Generator().manual_seed(0)).changed(rows)  # type: ignore[arg-type]
    for before, after in zip(rows.reshape(40, 3, 32, 32), changed.reshape(40, 3, 32, 32), strict=True):
        matches = []
        for mirrored in (before, before[..., ::-1]):
            padded = np.pad(mirrored, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
            matches += [
                np.array_equal(after, padded[:, i : i + 32, j : j + 32])
                for i in range(2 * SHIFT + 1)
                for j in range(2 * SHIFT + 1)
            ]
        assert sum(matches) == 1
    assert not np.array_equal(rows, changed)


def test_the_stable_loss_has_no_gap_where_the_naive_ones_have() -> None:
    scores, labels = np.array([[0, 200], [0, -50]], np.float32), np.array([0, 0])
    with np.errstate(all="ignore"):
        assert not np.isfinite(gaps.exponentials(scores, labels))
        assert gaps.row_maximum(scores, labels) == np.inf
    assert tg.nn.functional.cross_entropy(tg.tensor(scores), tg.tensor(labels)).item() == 100
    calm = scores / 100
    assert gaps.row_maximum(calm, labels) == pytest.approx(
        tg.nn.functional.cross_entropy(tg.tensor(calm), tg.tensor(labels)).item(), rel=1e-6
    )


def found(train_accuracy: float, test: float, cause: Cause = CAUSES[0]) -> Found:
    return Found(cause, Trained(network((2,)), [], train_accuracy, test, test, False, 0.0))


def test_the_diagnosis_follows_the_numbers() -> None:
    mixed: dict[str, Any] = {"another form": 30.0}
    words = diagnosis([found(60, 40), found(20, 16, CAUSES[1])], mixed, 1000)
    for part in (
        "Overfitting does not explain",
        "undertraining",
        "What fits: divided by N twice",
        "do not give it",
    ):
        assert part in words.replace("\n", " "), part
    words = diagnosis([found(60, 15), found(60, 40, CAUSES[1])], {"another form": 15.0}, 1000).replace("\n", " ")
    assert "Overfitting does not" not in words and "undertraining" not in words and "not prepared as" in words


def test_without_files_the_loaders_error_comes_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="data_batch_1"):
        r5.run(0, True, tmp_path, tmp_path)


@pytest.mark.skipif(not REAL, reason="CIFAR-10 is not here: set TINYGRAD_BP_DATA to its folder")
def test_cifar10_is_learnt() -> None:
    trained = train(parts(load(Path(REAL[0]), 2_000)), Recipe(hidden=(64,), batch=32), 2, 0)
    assert trained.train > 20


def test_on_a_fresh_machine_the_digits_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    lines = r5.run(0, True, tmp_path, None)
    text = capsys.readouterr().out
    assert "--download" in text and "400 images with 20%" in " ".join(text.split())
    overfit, loss = lines
    # Plain training learns the wrong labels too; the recipes do better on new images.
    assert "without: test 8" in overfit.why and overfit.ours.startswith("test 9")
    # The naive loss has gaps, the stable one has none.
    assert loss.ours.startswith("0 gaps") and not loss.ours.endswith("naive 0")
