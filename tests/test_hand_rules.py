"""The pages of the reports' hand rules: what is kept is what the program finds, and it finds it from the numbers."""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from demos.reports import hand_rules
from demos.reports.hand_rules import REPORTS, checked, page, r1, r2, r3, r4, r5
from demos.reports.hand_rules.emitted import PROGRAMS, RATE, emitted
from demos.reports.table import WIDTH

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reports"
Found = set[tuple[str, str, str, str]]

# Every rule that the facts of the reports mark as wrong; the program is not told of them.
WRONG: dict[str, Found] = {
    "r1": {("softmax", "", "p", "batch coupling"), ("loss backward", "", "dz", "summed")},
    "r2": {("Dense", "", "db", "averaged")},
    "r3": {("cost, two classes", "", "cost", "term missing"), ("softmax backward", "", "dZ", "overflow")},
    "r4": set(),
    "r5": {
        ("fully connected", "", "dW", "averaged"), ("fully connected", "", "db", "averaged"),
        ("ReLU", "in the text", "dx", "mask inverted"), ("softmax", "at first", "p", "overflow"),
    },
}  # fmt: skip
IN_THE_NETWORK = {
    "r1": {(f"{kind}{i}", "summed") for kind in "Wb" for i in (1, 2, 3)},
    "r2": {(f"b{i}", "averaged") for i in (1, 2, 3)},
    "r3": {("loss", "term missing")},
    "r4": set(),
    "r5": {(f"{kind}{i}", "divided twice") for kind in "Wb" for i in (1, 2)},
}


as_they_are = functools.cache(checked)  # of rules that no test has changed


def of_rules(results: Any) -> Found:
    """The mistakes of the rules alone."""
    return {(piece.name, piece.source, f.name, f.kind) for piece, findings in results for f in findings
            if not f.ok and not piece.whole}  # fmt: skip


def of_networks(results: Any) -> set[tuple[str, str]]:
    """The mistakes of the whole networks."""
    return {(f.name, f.kind) for piece, findings in results for f in findings if not f.ok and piece.whole}


def rules_checked(report: str) -> Any:
    """What is found of the rules, without the networks, which take longest."""
    return [(piece, piece.check().findings) for piece in REPORTS[report].pieces() if not piece.whole]


@pytest.mark.parametrize("report", REPORTS)
def test_exactly_what_is_wrong_is_found(report: str) -> None:
    results = as_they_are(report)
    assert (of_rules(results), of_networks(results)) == (WRONG[report], IN_THE_NETWORK[report])


def test_the_final_code_of_the_reports_has_six_mistakes() -> None:
    found = {(report, name) for report, rules in WRONG.items() for name, source, _, _ in rules if not source}
    assert len(found) == 6


@pytest.mark.parametrize("report", REPORTS)
def test_the_page_that_is_kept_is_the_page_of_now(report: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_rules, "checked", as_they_are)
    kept = (FOLDER / f"{report}.md").read_text(encoding="utf-8")
    assert kept == page(report), "run python -m demos.reports.hand_rules"
    assert max(map(len, kept.splitlines())) <= WIDTH


@pytest.mark.parametrize("report", REPORTS)
def test_the_network_on_the_page_runs(report: str) -> None:
    exec(REPORTS[report].NETWORK, {"tg": tg})


def softmax_of_rows(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


REPAIRS: list[tuple[str, ModuleType, str, Any, set[str]]] = [
    ("r1", r1, "softmax", softmax_of_rows, {"loss backward"}),
    ("r1", r1, "loss_backward", lambda p, t: (p - t) / len(p), {"softmax"}),
    ("r2", r2, "dense_backward", lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)), set()),
    ("r3", r3, "cost", lambda al, y: -np.sum(y * np.log(al) + (1 - y) * np.log(1 - al)) / y.shape[1],
     {"softmax backward"}),
    ("r3", r3, "softmax_backward", lambda z, y: r3.softmax(z) - y, {"cost, two classes"}),
    ("r5", r5, "fc_backward", lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)), {"ReLU", "softmax"}),
]  # fmt: skip


@pytest.mark.parametrize("report, module, name, repaired, left", REPAIRS)
def test_a_repaired_rule_is_found_right(
    report: str, module: ModuleType, name: str, repaired: Any, left: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, repaired)
    to_the_end = name in ("loss_backward", "dense_backward", "fc_backward")
    results = checked(report) if to_the_end else rules_checked(report)
    assert {piece for piece, *_ in of_rules(results)} == left
    assert not to_the_end or not of_networks(results)


BREAKS: list[tuple[str, ModuleType, str, Any, tuple[str, str, str, str]]] = [
    ("r1", r1, "relu_backward", lambda g, x: g, ("ReLU", "", "dx", "mask missing")),
    ("r2", r2, "sigmoid_backward", lambda g, z: g, ("sigmoid backward", "", "dz", "derivative missing")),
    ("r2", r2, "loss_backward", lambda p, y: p - y, ("loss backward", "", "dp", "factor")),
    ("r3", r3, "sigmoid", lambda z: np.exp(z) / (1 + np.exp(z)), ("sigmoid", "", "AL", "overflow")),
    ("r4", r4, "fc_backward", lambda g, x, w, b: (g @ w.T, x.T @ g, g), ("fully connected", "", "db", "not summed")),
    ("r4", r4, "loss_backward", lambda z, y: r4.softmax(z) / len(y), ("loss backward", "", "dz", "labels missing")),
    ("r5", r5, "relu_backward", lambda g, x: -g * (x > 0), ("ReLU", "", "dx", "sign")),
]  # fmt: skip


@pytest.mark.parametrize("report, module, name, broken, finding", BREAKS)
def test_a_rule_broken_anew_is_found(
    report: str, module: ModuleType, name: str, broken: Any, finding: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, broken)
    assert of_rules(rules_checked(report)) == WRONG[report] | {finding}


@pytest.mark.parametrize("report", REPORTS)
def test_the_emitted_backward_is_right(report: str) -> None:
    program, space = PROGRAMS[report](), {}
    exec(emitted(report), space)
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(value.shape) * 0.1 for value in program.inputs if value in program.writes]
    rows, width = program.inputs[0].shape
    x = rng.standard_normal((rows, width))
    y = np.arange(rows) % (3 if report == "r4" else 10)
    if report in ("r2", "r3"):
        y = (y % 2).astype(float).reshape(rows, 1)

    def hand(params: Any, x: Any, y: Any) -> Any:
        moved = [p.copy() for p in params]
        loss = space["step"](x, y, *moved)
        return loss, [(before - after) / RATE for before, after in zip(params, moved, strict=True)]

    def forward(params: Any, x: Any, y: Any) -> Any:
        F = tg.nn.functional
        if report == "r4":
            w1, b1, w2, b2 = params
            return F.cross_entropy(tg.relu(x @ w1 + b1) @ w2 + b2, y) + 0.05 * ((w1**2).sum() + (w2**2).sum())
        activation = tg.sigmoid if report == "r2" else tg.relu
        for i, (weight, bias) in enumerate(zip(params[::2], params[1::2], strict=True)):
            x = F.linear(activation(x) if i else x, weight, bias)
        if report == "r2":
            return F.mse_loss(tg.sigmoid(x), y, reduction="sum")
        return F.binary_cross_entropy(tg.sigmoid(x), y) if report == "r3" else F.cross_entropy(x, y)

    diagnosis = tg.verify.check_gradients(hand, inputs, (x, y), forward=forward)
    assert all(finding.ok for finding in diagnosis.findings), str(diagnosis)
