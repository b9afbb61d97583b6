"""R3: iris, banknote and EMG; what is absent is said; the recipes are what they are called."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason='needs pip install "tinygrad_bp[demos]"')

import tinygrad_bp as tg
from demos.reports import r3
from demos.reports.r3 import recipe, training
from demos.reports.table import WIDTH

SHARED = Path(os.environ.get("TINYGRAD_BP_DATA") or Path(__file__).parents[2] / "shared" / "data")
REAL = pytest.mark.skipif(not (SHARED / "emg_gestures.npz").exists(), reason=f"no emg_gestures.npz in {SHARED}")


@pytest.mark.parametrize("start", [training.START, "0.01"])
def test_iris_is_learnt_whole(start: str) -> None:
    run = training.descend(training.iris(), training.TWO, 0, start=start)
    assert run.train == 1.0 and run.converged is not None and np.isnan(run.held_out)


def test_a_training_repeats_to_the_bit() -> None:
    first, second = (training.descend(training.iris(), training.TWO, 5, 200) for _ in range(2))
    assert first.losses.tolist() == second.losses.tolist()
    other = training.descend(training.iris(), training.TWO, 6, 200)
    assert first.losses.tolist() != other.losses.tolist()


def test_the_split_keeps_the_classes_and_repeats() -> None:
    y = np.repeat([0, 1, 2], [50, 100, 10])
    kept, held = training.split(y)
    assert sorted([*kept, *held]) == list(range(160))
    assert np.bincount(y[held]).tolist() == [10, 20, 2]
    assert held.tolist() == training.split(y)[1].tolist()


def test_standardising_looks_at_the_training_rows_alone() -> None:
    data = training.Data(np.array([[1.0, 5.0], [3.0, 5.0]]), np.zeros(2), np.array([[5.0, 6.0]]), np.zeros(1))
    done = data.standardised()
    assert done.x.tolist() == [[-1, 0], [1, 0]] and done.held_x.tolist() == [[3, 1]]


def test_sorted_sizes_keep_each_sensor_apart() -> None:
    x = np.zeros((1, 8, 8), dtype=np.float32)
    x[0, :, 2] = [3, -128, 0, 1, -2, 5, -4, 127]  # one sensor over its eight moments
    got = recipe.sorted_sizes(x.reshape(1, 64)).reshape(8, 8)
    np.testing.assert_allclose(np.expm1(got[:, 2]), [0, 1, 2, 3, 4, 5, 127, 128], rtol=1e-5)
    assert not np.delete(got, 2, axis=1).any()


def test_every_recipe_has_the_same_four_linear_layers() -> None:
    for model in (recipe.network(False), recipe.network(True), training.network(training.MANY)):
        layers = [m for m in model.modules() if isinstance(m, tg.nn.Linear)]
        assert [(m.in_features, m.out_features) for m in layers] == [(64, 8), (8, 32), (32, 8), (8, 4)]


def test_the_ladder_adds_one_step_at_a_time() -> None:
    counts = [sum(of) for of in recipe.ladder().values()]
    assert counts == list(range(len(recipe.STEPS) + 1))
    assert all(sum(of) == len(recipe.STEPS) - 1 for of in recipe.without().values())
    assert [sum(of) for of in recipe.alone().values()] == [1]


def fake(held_out: float) -> list[training.Run]:
    return [training.Run(tg.nn.ReLU(), np.array([]), np.array([]), held_out, held_out)]


def test_the_words_follow_the_numbers() -> None:
    climbed = {"start": fake(0.3), "+ a": fake(0.7), "+ b": fake(0.6), "+ c": fake(0.95)}
    words = " ".join(recipe.what_made_the_difference(climbed, {"all but a": fake(0.945), "all but c": fake(0.6)}, {}))
    assert "From 0.300 to 0.950" in words and "a (+0.400), c (+0.350)" in words and "b (-0.100)" in words
    assert "only c cannot be left out (-0.350)" in words and "at most 0.005" in words
    words = " ".join(recipe.what_made_the_difference(climbed, {"all but a": fake(0.5), "all but c": fake(0.6)}, {}))
    assert "only" not in words and "leaving out a costs most (-0.450)" in words


def test_without_files_the_digits_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(r3, "ITERATIONS", 50)
    monkeypatch.setattr(r3, "QUICK_ITERATIONS", 20)
    monkeypatch.setattr(r3, "QUICK_EPOCHS", 2)
    (tmp_path / "data").mkdir()
    lines = r3.run(0, True, tmp_path, tmp_path / "data")
    text = capsys.readouterr().out
    assert "banknote, standardised" in text and "left out" not in text
    assert "emg_gestures.npz" in text and "digits stand in" in " ".join(text.split())
    assert any("digits" in line.setting for line in lines)
    assert {path.suffix for path in tmp_path.iterdir()} == {"", ".png"}


@REAL
def test_the_recipe_passes_the_aim_on_real_emg() -> None:
    data = training.emg(SHARED)
    assert data.note == "" and len(data.x) + len(data.held_x) == 11624
    whole = recipe.Recipe(*[True] * len(recipe.STEPS))
    run = recipe.train(data, whole, 0, 3, 0)
    assert run.held_out >= r3.AIM
    counts = recipe.confusion(run.model, recipe.prepared(data, whole))
    assert counts.sum() == len(data.held_y) and np.trace(counts) / counts.sum() == pytest.approx(run.held_out)
    again = recipe.train(data, whole, 0, 3, 0)
    assert run.losses.tolist() == again.losses.tolist()


@REAL
def test_the_quick_form(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r3, "ITERATIONS", 50)
    monkeypatch.setattr(r3, "QUICK_ITERATIONS", 10)
    monkeypatch.setattr(r3, "QUICK_EPOCHS", 1)
    lines = r3.run(0, True, tmp_path, SHARED)
    text = capsys.readouterr().out
    assert "0.598" in text and "A better recipe" in text and "banknote, standardised" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        "r3-learning-curves.png", "r3-recipe.png", "r3-recipe-curves.png", "r3-confusion.png",
    }  # fmt: skip
    assert [line.setting.split()[-1] for line in lines[:1]] == ["iris"] and len(lines) == 5
    ours = text[: text.index("# R3")] if "# R3" in text else text
    assert all(len(line) <= WIDTH for line in ours.splitlines())
