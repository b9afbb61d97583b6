"""``tg.diagnose``: what it leaves as it was, what it refuses, and how its findings show."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, CaptureError
from tinygrad_bp.faults import Finding, Findings
from tinygrad_bp.faults.diagnose import findings
from tinygrad_bp.faults.observation import Observation
from tinygrad_bp.faults.table import FAULTS


def network() -> nn.Module:
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))


def batch() -> tuple[Any, Any]:
    tg.manual_seed(1)
    return tg.randn(20, 4), tg.randn(20, 1)


def everything(model: nn.Module, optimizer: tg.optim.Optimizer) -> list[Any]:
    """All that a step could change, as bytes."""
    grads = [None if p.grad is None else p.grad.numpy().tobytes() for p in model.parameters()]
    state = [value.detach().numpy().tobytes() for value in model.state_dict().values()]
    kept = [str(dict(item)) for item in optimizer._state.values()]
    groups = [str({k: v for k, v in group.items() if k != "params"}) for group in optimizer.param_groups]
    modes = [module.training for module in model.modules()]
    streams = [tg.get_rng_state().numpy().tobytes(), str(np.random.get_state()), random.getstate()]
    return [grads, state, kept, groups, modes, streams]


def nothing_happened(model: nn.Module, optimizer: tg.optim.Optimizer, call: Any) -> None:
    before = everything(model, optimizer)
    call()
    assert everything(model, optimizer) == before


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("kind", [tg.optim.SGD, tg.optim.Adam])
def test_everything_is_as_it_was(steps: int, kind: Any) -> None:
    model, (x, y) = network(), batch()
    optimizer = kind(model.parameters(), lr=0.01)
    for _ in range(steps):
        nn.MSELoss()(model(x), y).backward()
        optimizer.step()

    def loss(p: Any, y: Any) -> Any:
        np.random.rand()
        random.random()
        return ((p - y) ** 2).mean()

    nothing_happened(model, optimizer, lambda: tg.diagnose(model, loss, (x, y), optimizer))
    seen = Observation(model, loss, x, y, optimizer)
    nothing_happened(model, optimizer, lambda: seen.trained(3))
    assert len(seen.trained(3)) == 4


def test_everything_is_as_it_was_after_an_error_and_an_interrupt() -> None:
    model, (x, y) = network(), batch()
    optimizer = tg.optim.Adam(model.parameters())

    def raising(error: BaseException) -> Any:
        def loss(p: Any, y: Any) -> Any:
            model.eval()
            with tg.no_grad():
                model[0].weight += 1
            raise error

        return loss

    nothing_happened(model, optimizer, lambda: tg.diagnose(model, raising(ValueError("x")), (x, y), optimizer))

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            tg.diagnose(model, raising(KeyboardInterrupt()), (x, y), optimizer)

    nothing_happened(model, optimizer, interrupted)


def test_frozen_layers_are_frozen_afterwards() -> None:
    """A trial lets them learn."""
    tg.manual_seed(0)
    x = tg.randn(60, 4)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2), nn.Tanh(), nn.Linear(2, 1))
    for layer in (model[0], model[2]):
        layer.requires_grad_(False)
    optimizer = tg.optim.Adam(model[4].parameters(), lr=0.02)
    program = model, nn.MSELoss(), (x, (2 * x[:, :1]).sin() * x[:, 1:2]), optimizer
    nothing_happened(model, optimizer, lambda: tg.diagnose(*program))
    assert tg.diagnose(*program).codes == ("layers-frozen-at-random",)
    assert [p.requires_grad for p in model.parameters()] == 4 * [False] + 2 * [True]
    assert len(optimizer.param_groups) == 1


def test_a_lazy_layer_stays_lazy() -> None:
    model = nn.LazyLinear(1)
    tg.diagnose(model, nn.MSELoss(), batch())
    assert isinstance(model.weight, nn.UninitializedParameter) and type(model) is nn.LazyLinear
    assert model(batch()[0]).shape == (20, 1)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((3, nn.MSELoss(), batch()), "model"),
        ((network(), "mse", batch()), "loss_fn"),
        ((network(), nn.MSELoss(), batch()[0]), "batch"),
        ((network(), nn.MSELoss(), (tg.zeros(0, 4), tg.zeros(0, 1))), "no rows"),
        ((network(), nn.MSELoss(), batch(), 0.1), "optimizer"),
    ],
)
def test_misuse_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        tg.diagnose(*arguments)


def test_findings_show_as_a_list_and_as_a_table() -> None:
    one = Finding("shapes-broadcast", "(3, 1) and (3,) give (3, 3).", "train.py:12", "Write y.reshape(3, 1).")
    assert str(Findings([one])) == (
        "1. shapes-broadcast (train.py:12): (3, 1) and (3,) give (3, 3). Write y.reshape(3, 1)."
    )
    assert Findings([one]).codes == ("shapes-broadcast",)
    assert "<td" in Findings([one])._repr_html_()
    assert "Nothing is wrong" in str(Findings()) and "Nothing is wrong" in Findings()._repr_html_()


def test_a_rule_that_fails_says_nothing_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Observation(network(), nn.MSELoss(), *batch())
    monkeypatch.setattr(Observation, "loss_steps", property(lambda self: 1 / 0))
    monkeypatch.setattr(seen, "targets", np.zeros(3))
    assert not findings(seen)
    with pytest.raises(ZeroDivisionError):
        findings(seen, strict=True)


def sigmoid_before_logits() -> tuple[Any, ...]:
    tg.manual_seed(0)
    x, _ = batch()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
    return model, nn.BCEWithLogitsLoss(), (x, (x[:, :1] > 0).float())


@pytest.mark.parametrize("mode", [tg.no_grad, tg.inference_mode, tg.autograd.detect_anomaly])
def test_it_runs_inside_any_mode(mode: Any) -> None:
    with mode():
        assert tg.diagnose(*sigmoid_before_logits()).codes == ("sigmoid-before-bce-with-logits",)


def test_it_runs_in_another_thread() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(tg.diagnose(*sigmoid_before_logits()).codes))
    thread.start()
    thread.join()
    assert found == [("sigmoid-before-bce-with-logits",)]


def test_a_program_that_is_written_down_refuses_it() -> None:
    program = sigmoid_before_logits()
    with pytest.raises(CaptureError, match="diagnose"):
        tg.program.program(lambda x: tg.diagnose(*program) and x * 2, tg.ones(2))


def plain(dtype: Any = None) -> nn.Module:
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8, dtype=dtype), nn.ReLU(), nn.Linear(8, 1, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_sound_programs_of_any_dtype_and_kind_of_batch(dtype: str) -> None:
    x, _ = batch()
    y = 2 * x[:, :1]
    for pair in ((x, y), (x[::2], y[::2]), (x.numpy(), y.numpy())):
        given = tuple(item.astype(dtype) if isinstance(item, np.ndarray) else item.to(dtype) for item in pair)
        assert not tg.diagnose(plain(dtype), lambda p, y: ((p - y) ** 2).mean(), given)


@pytest.mark.parametrize(
    "loss, code",
    [
        (lambda p, y: float(((p - y) ** 2).mean()), "detached-branch"),
        (lambda p, y: None, "loss-not-a-scalar"),
        (lambda p, y: (p - y) ** 2, "loss-not-a-scalar"),
        (lambda p, y: (((p - y) ** 2).mean(), p), "loss-not-a-scalar"),
        (lambda p, y: 1 / 0, "error-in-the-step"),
        (lambda p, y: np.log(-(p**2)).mean(), "loss-not-finite"),
    ],
)
def test_odd_losses_are_findings(loss: Any, code: str) -> None:
    assert tg.diagnose(plain(), loss, batch()).codes == (code,)


def tensors(**more: Any) -> tuple[Any, Any]:
    tg.manual_seed(0)
    return tg.randn(4, 8, **more), tg.randn(8, 1, **more)


def test_a_tensor_of_a_function_that_no_optimizer_holds() -> None:
    first, last = tensors(requires_grad=True)
    x, y = batch()
    x.requires_grad_()  # what is given is not to be learnt
    program = lambda x: tg.relu(x @ first) @ last, nn.MSELoss(), (x, y)
    assert not tg.diagnose(*program) and not tg.diagnose(*program, tg.optim.Adam([first, last], lr=0.01))
    found = tg.diagnose(*program, tg.optim.Adam([first], lr=0.01))
    assert found.codes == ("parameter-not-held-by-the-optimizer",) and "(8, 1)" in found[0].reason


def test_tensors_of_a_function_that_require_no_gradient() -> None:
    first, last = tensors()
    found = tg.diagnose(lambda x: tg.relu(x @ first) @ last, nn.MSELoss(), batch())
    assert found.codes == ("all-parameters-frozen",)


def test_a_loss_without_a_value_is_not_said_to_be_0() -> None:
    x, _ = batch()
    model = nn.Sequential(plain(), nn.Sigmoid())
    found = tg.diagnose(
        model, lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).mean(), (x, 2 * (x[:, :1] > 0) - 1)
    )
    assert found.codes == ("binary-loss-for-class-numbers",)


@pytest.mark.parametrize("kind", [tg.optim.SGD, tg.optim.Adam])
def test_steps_without_a_gradient_are_seen_again_after_a_diagnosis(kind: Any) -> None:
    """The trials take steps with the same optimizer."""
    model, loss, (x, y) = plain(), nn.MSELoss(), batch()
    optimizer = kind(model.parameters(), lr=0.01)
    assert not tg.diagnose(model, loss, (x, 2 * x[:, :1]), optimizer)
    loss(model(x), y).backward()
    optimizer.zero_grad()
    optimizer.step()
    for _ in range(2):
        assert "zero-grad-misplaced" in tg.diagnose(model, loss, (x, y), optimizer).codes
    loss(model(x), y).backward()
    optimizer.step()
    assert "zero-grad-misplaced" not in tg.diagnose(model, loss, (x, y), optimizer).codes


KINDS: dict[tuple[str, str], Any] = {
    ("classes", "scores"): F.cross_entropy,
    ("classes", "softmax"): lambda z, t: F.cross_entropy(z.softmax(1), t),
    ("classes", "sigmoid"): lambda z, t: F.cross_entropy(z.sigmoid(), t),
    ("classes", "tanh"): lambda z, t: F.cross_entropy(z.tanh(), t),
    ("classes", "relu"): lambda z, t: F.cross_entropy(z.relu(), t),
    ("classes", "probabilities"): lambda p, t: -(t * p.log()).sum(1).mean(),
    ("chosen", "logarithms"): lambda p, t: -(t * p).sum(1).mean(),
    ("binary", "scores"): F.binary_cross_entropy_with_logits,
    ("binary", "sigmoid"): lambda z, t: F.binary_cross_entropy_with_logits(z.sigmoid(), t),
    ("binary", "probabilities"): F.binary_cross_entropy,
    ("squared", "values"): F.mse_loss,
    ("squared", "softmax"): lambda z, t: F.mse_loss(z.softmax(1), t),
    ("squared", "sigmoid"): lambda z, t: F.mse_loss(z.sigmoid(), t),
    ("absolute", "values"): F.l1_loss,
    ("absolute", "softmax"): lambda z, t: F.l1_loss(z.softmax(1), t),
    ("absolute", "sigmoid"): lambda z, t: F.l1_loss(z.sigmoid(), t),
}


@pytest.mark.parametrize("kind", KINDS, ids=" of ".join)
@pytest.mark.parametrize("count", [2, 3, 6])
def test_what_a_loss_is_for_any_number_of_classes(kind: tuple[str, str], count: int) -> None:
    tg.manual_seed(0)
    x, t = tg.randn(24, 4), F.one_hot(tg.arange(24) % count, count).float()
    found = Observation(nn.Sequential(nn.Linear(4, count), nn.Sigmoid()), KINDS[kind], x, t).loss_kind
    assert found is not None and (found.kind, found.of) == kind


def test_the_page_names_every_code() -> None:
    page = (Path(__file__).parents[1] / "docs" / "diagnosing.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(code for row in rows for code in re.findall(r"`([a-z-]+)`", row)) == sorted({f.code for f in FAULTS})
