"""The benchmarks: their calls run, what they excuse is in a table, and who computes something else is found."""

import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from benchmarks import __main__ as command
from benchmarks import bars, costs, ops, picture, side_by_side, step_page
from benchmarks.engines import BY_NAME, ENGINES, NAMES, PEERS
from benchmarks.graphs import Result
from benchmarks.side_by_side import EngineError, Measured, Timing
from benchmarks.worker import Worker
from benchmarks.workloads import WORKLOADS

# ---------------------------------------------------------------------- single ops


@pytest.mark.parametrize("case", ops.CASES, ids=lambda case: case.name)
def test_every_call_runs_forward_and_backward(case: ops.Case) -> None:
    forward, both = ops.steps(case, case.small, tg)
    assert np.isfinite(forward().detach().numpy()).all()
    assert all(np.isfinite(gradient.numpy()).all() for gradient in both())


def test_what_is_excused_is_measured() -> None:
    names = [case.name for case in ops.CASES]
    assert len(set(names)) == len(names)
    assert set(ops.KNOWN) <= set(names)
    assert all(most > ops.BAR and why for most, why in ops.KNOWN.values())


def test_without_pytorch_the_table_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.importlib.util, "find_spec", lambda name: None)
    lines, holds = ops.alone(0.1)
    assert holds
    assert lines == ["Not measured: PyTorch is not installed; `pip install torch`."]


# ---------------------------------------------------------------------- training steps


def timings(workload: str) -> dict[str, Timing]:
    """A microsecond more for each engine, of those that have the workload."""
    able = [name for name in ENGINES if workload in BY_NAME or ENGINES[name].larger]
    return {name: Timing(i * 1e-6, i * 0.9e-6, i * 1.2e-6) for i, name in enumerate(able, 1)}


def everything() -> dict[str, Measured]:
    return {name: Measured(timings(name), {}, {}) for name in NAMES}


@pytest.mark.parametrize("workload", BY_NAME)
def test_the_engine_takes_the_step_that_was_written_by_hand(workload: str) -> None:
    losses = {name: Worker(ENGINES[name]).start(workload)["losses"] for name in ("by-hand", "products", "eager")}
    assert losses.pop("products") == [None, None]
    assert not side_by_side.differing(losses)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_larger_steps_train(workload: str) -> None:
    first, fifth = Worker(ENGINES["eager"]).start(workload)["losses"]
    assert fifth < first


def test_who_computes_something_else_is_found() -> None:
    losses = {"products": [None, None], "first": [1.0, 0.5], "rounded": [1.00001, 0.50001]}
    assert not side_by_side.differing(losses)
    losses |= {"once": [1.0, 0.501], "never": [math.nan, math.nan]}
    assert list(side_by_side.differing(losses)) == ["once", "never"]


def test_processes_answer_say_what_they_cannot_and_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "ROUNDS", 2)
    engines = ["by-hand", "products", "eager"]
    with side_by_side.processes(engines, alone=True) as among:
        found = side_by_side.measure("toy5", among, 0)
        assert list(found.timings) == engines and not found.absent and not found.wrong
        assert all(0 < low <= median <= high for median, low, high in found.timings.values())
        assert list(side_by_side.measure("pinn", among, 0).timings) == ["eager"]

        with pytest.raises(EngineError, match="pinn is not written for it"):
            among["by-hand"].ask(start="pinn")
        among["by-hand"].child.kill()
        with pytest.raises(EngineError, match="ended without a word"):
            among["by-hand"].ask(warm=0.001)
        among["eager"].child.kill()
        found = side_by_side.measure("toy5", among, 0)
        assert list(found.timings) == ["by-hand", "products"] and list(found.absent) == ["eager"]
    assert all(process.child is None for process in among.values())
    if side_by_side.PINS:
        assert sorted(os.sched_getaffinity(0)) == side_by_side.CORES


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux keeps the peak of memory there")
def test_training_grows_by_its_weights_at_least() -> None:
    sizes = BY_NAME[costs.LARGEST].sizes
    weights = 4 * sum(a * b for a, b in itertools.pairwise(sizes)) / 2**20
    most, later = costs.growth("by-hand")
    assert weights < later <= most < 10 * weights


def test_every_bar_names_what_there_is() -> None:
    for bar in bars.BARS:
        assert bar.workload in NAMES and {*bar.ours, *bar.theirs} <= set(ENGINES)
        assert not set(bar.ours) & set(PEERS)


def test_a_bar_holds_up_to_its_figure() -> None:
    bar = bars.Bar("toy5", ("numpy", "c"), bars.ANY_PEER, 0.5)
    measured = {"numpy": Timing(3.0, 3.0, 3.0), "c": Timing(1.0, 1.0, 1.0), "jax": Timing(2.0, 2.0, 2.0)}

    def judged(timings: dict[str, Timing], **absent: str) -> Result:
        return bars.judged(bar, Measured(timings, absent, {}))

    held = judged(measured)
    assert held.holds and held.figure == "0.50 ×, c, jax" and held.what.endswith("beside the fastest peer")
    assert not judged({**measured, "pytensor": Timing(1.9, 1.9, 1.9)}).holds
    assert judged({"c": measured["c"]}) == judged({}) and judged({}).holds and judged({}).figure == "not measured"
    assert judged(measured, numpy="no").holds and not judged({}, numpy="no").holds


def test_tables_fit_a_terminal() -> None:
    runs = {step_page.ONE: everything(), step_page.ALL: everything()}
    lines = [line for chosen in (BY_NAME, WORKLOADS) for line in step_page.overview(everything(), chosen)]
    for workload in NAMES:
        lines += step_page.details(runs, workload)[2:]
    assert len(lines) > 150 and max(map(len, lines)) <= 80


def test_the_section_fails_where_a_bar_or_a_loss_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def section(measured: dict[str, Measured]) -> tuple[str, bool]:
        monkeypatch.setattr(step_page, "run", lambda *_: {step_page.ONE: measured, step_page.ALL: measured})
        lines, holds = step_page.section(list(measured), ["by-hand", "eager"], 0, None)
        return "\n".join(lines), holds

    fast = {name: Timing(1.0, 1.0, 1.0) for name in ("by-hand", "eager")}
    slow = {**fast, "eager": Timing(9.0, 9.0, 9.0)}
    text, holds = section({"toy5": Measured(fast, {}, {})})
    assert holds and "missed" not in text and "Left out" not in text
    text, holds = section({"toy5": Measured(slow, {}, {})})
    assert not holds and "9.00 × (missed)" in text
    text, holds = section({"toy5": Measured(fast, {"torch": "it has no time"}, {})})
    assert holds and "- torch (toy5): it has no time" in text
    text, holds = section({"toy5": Measured(fast, {}, {"torch": "its losses are others"})})
    assert not holds and "- torch (toy5): its losses are others" in text


def test_who_is_not_installed_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("no_such_package", "no_such.part"):
        monkeypatch.setitem(ENGINES, "torch", ENGINES["torch"]._replace(package=package))
        assert f"- torch (all): `{package}` is not installed" in step_page.left_out({}, ["torch", "by-hand", "eager"])
    assert not step_page.left_out({}, ["by-hand", "eager", "numpy"])
    monkeypatch.setenv("CC", "no_such_compiler")
    (line,) = (line for line in step_page.left_out({}, ["numpy", "c"]) if line.startswith("-"))
    assert line.startswith("- c (all): CC names the C compiler 'no_such_compiler'")


def test_the_picture_shows_every_engine(tmp_path: Path) -> None:
    assert list(picture.LOOKS) == list(ENGINES)
    pytest.importorskip("matplotlib")
    shown = picture.draw({name: timings(name) for name in NAMES}, tmp_path / "pictures")
    assert shown.endswith("(pictures/steps.png)")
    assert (tmp_path / "pictures" / "steps.png").read_bytes().startswith(b"\x89PNG")


def test_a_section_takes_the_place_of_the_one_before() -> None:
    page = "# Page\n\nHead.\n\n## One\n\nold\n\n## Two\n\nkept\n"
    assert command.replaced(page, ["## One\n\nnew\n"]) == "# Page\n\nHead.\n\n## One\n\nnew\n\n## Two\n\nkept\n"
    assert command.replaced(page, ["## Three\n\nnew"]).endswith("## Two\n\nkept\n\n## Three\n\nnew\n")


def test_an_unknown_workload_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "steps", "toy6"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "no workload toy6; there are xor21, toy5" in capsys.readouterr().err
