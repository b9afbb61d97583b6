"""R4: the loss of the toy rows, the gradient check, and the training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason='needs pip install "tinygrad_bp[demos]"')

import tinygrad_bp as tg
from demos.reports import r4
from demos.reports.table import WIDTH


def test_the_first_loss_is_the_reports() -> None:
    losses = r4.first_losses(range(20))
    assert max(abs(loss - 1.0986121892929077) for loss in losses) < 1e-6


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_gradients_are_those_of_central_differences(seed: int) -> None:
    checks = r4.check(seed, tg.float64, r4.STEP)
    for name, check in checks.items():
        assert check.crossings == 0
        assert check.course < 20 * max(check.rounding, 1e-9), name
        assert check.course < 20 * r4.ERRORS[name], name


def test_a_wrong_gradient_fails_the_check() -> None:
    a = np.array([[0.5, -0.25], [0.125, 0.0]])
    assert r4.as_the_course(a, a) == r4.per_element(a, a) == 0
    assert r4.as_the_course(a, a / 5) > 0.5 and r4.per_element(a, a / 5) > 0.5
    missing = np.array([[0.5, -0.25], [0.0, 0.0]])
    assert r4.as_the_course(a, missing) > 0.1 and r4.per_element(a, missing) == 1


def test_the_numeric_gradient_of_a_cubic() -> None:
    w = np.array([1.0, -2.0])
    gradient = r4.numeric_gradient(lambda: float((w**3).sum()), w, 1e-5)
    np.testing.assert_allclose(gradient, [3.0, 12.0], rtol=1e-9)
    assert w.tolist() == [1.0, -2.0]


def test_a_kink_is_counted() -> None:
    large = r4.check(0, tg.float64, 1e-2)
    assert large["W1"].crossings > 0 and large["W1"].course > 1e-2
    assert large["W2"].crossings == 0


def test_training_learns_the_rows_and_repeats_to_the_bit() -> None:
    first, second = r4.train(3), r4.train(3)
    assert first == second
    assert len(first.losses) == r4.ITERATIONS + 1
    assert first.losses[-1] < 0.2 * first.losses[0]
    assert first.accuracies["training"][-1] == 1.0
    assert first.accuracies["validation"][-1] > 0.9
    assert first.accuracies["fresh"][-1] < 0.6


def test_the_quick_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = r4.run(0, True, tmp_path)
    text = capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"r4-gradient-check.png", "r4-training.png"}
    assert {line.report for line in lines} == {"R4"} and len(lines) == 3
    for figure in ("1.0986121892929077", "1.76e-06", "8.55e-06", "8.54e-06", "1.40e-09"):
        assert figure in text
    ours = text[: text.index("# R4")] if "# R4" in text else text
    assert all(len(line) <= WIDTH for line in ours.splitlines())
