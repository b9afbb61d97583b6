"""What drawings call tensors, and what they know of values and gradients."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.autograd.history import history
from tinygrad_bp.drawing import draw
from tinygrad_bp.drawing.description import describe
from tinygrad_bp.drawing.known import FREED, HOOKED, NO_SCALAR, NOT_COMPUTED, OWN_RULE, SEVERAL, UNKNOWN, WRITTEN, Known
from tinygrad_bp.drawing.names import Names, variables_of_caller


def names_in(description):
    return {box.name for box in description.boxes if box.kind != "op" and box.name}


def known_of(*outputs):
    return Known(history([y._node for y in outputs]), outputs)


# ---------------------------------------------------------------------- names


def test_the_readmes_neuron_reads_as_it_is_written():
    x, w, b = tg.tensor([1.0, 2.0]), tg.tensor([3.0, -1.0], requires_grad=True), tg.tensor(0.5, requires_grad=True)
    loss = (w @ x + b) ** 2
    assert names_in(describe(loss)) == {"x", "w", "b", "loss"}


def test_never_the_name_that_an_op_has_for_its_input():
    w = tg.ones(2, requires_grad=True)
    for op in (tg.mul, tg.add, tg.maximum, tg.pow):
        (y,) = [op(w, tg.tensor([3.0, 4.0]))]
        del op
        assert not names_in(describe(y)) - {"w", "y"}


def test_given_names_come_before_those_of_tensors_and_of_variables():
    w = tg.ones(2, requires_grad=True)
    assert "w" in names_in(describe(w * 2))
    w.name = "own"
    assert "own" in names_in(describe(w * 2))
    assert "given" in names_in(describe(w * 2, {"given": w}))


def test_a_module_gives_the_names_of_its_parameters_and_buffers():
    norm = tg.nn.BatchNorm1d(2).eval()
    y = norm(tg.ones(3, 2))
    found = names_in(describe(y, norm))
    assert {"weight", "bias"} <= found
    assert Names("draw", norm).of(norm.running_mean) == "running_mean"


def test_what_variables_hold_is_named_as_it_is_written():
    class Net:
        def __init__(self):
            self.W = tg.ones(2, requires_grad=True)

    params, rows, net = {"W1": tg.ones(2, requires_grad=True)}, [tg.ones(2, requires_grad=True)], Net()
    assert {"params['W1']", "rows[0]", "net.W"} <= names_in(describe(params["W1"] * rows[0] * net.W))


def test_the_first_plain_variable_wins():
    pair = [tg.ones(2, requires_grad=True)]
    first = pair[0]
    second = first
    assert names_in(describe(second * 2)) == {"first", "2"}


IN_THE_MODULE = tg.ones(2, requires_grad=True)


def test_the_variables_of_the_module_come_last():
    assert "IN_THE_MODULE" in names_in(describe(IN_THE_MODULE * 2))
    local = IN_THE_MODULE
    assert "local" in names_in(describe(local * 2))


def test_no_frame_is_kept_nor_what_its_variables_held():
    def drawn():
        x = tg.ones(2, requires_grad=True)
        seen = weakref.ref(x)
        frame = weakref.ref(Marker := type("Marker", (), {})())
        picture = draw(x * 2)
        del x, Marker
        return picture, seen() is None, frame

    gc.disable()
    try:
        picture, gone, marker = drawn()
        assert gone and marker() is None
        assert picture is not None
    finally:
        gc.enable()


def test_what_locals_gave_is_left_alone():
    w = tg.ones(2, requires_grad=True)
    mine = locals()
    draw(w * 2)
    assert mine["w"] is w


def test_variables_of_caller_are_those_outside_the_package():
    shown = tg.ones(1)
    _hidden = tg.zeros(1)
    found = dict(variables_of_caller())
    assert found["shown"] is shown and "_hidden" not in found


def test_objects_that_run_code_when_they_are_read_are_not_read():
    class Slow:
        __slots__ = ()

        @property
        def weight(self):
            raise AssertionError("read")

    class Odd:
        def __getattribute__(self, name):
            raise RuntimeError(name)

    slow, odd, w = Slow(), Odd(), tg.ones(2, requires_grad=True)
    assert "w" in names_in(describe(w * 2))
    assert slow is not odd


@pytest.mark.parametrize("given", [[("w", 1)], "w", {"w": 3}, 5])
def test_other_things_than_names_are_refused(given):
    with pytest.raises(ArgumentError, match="params"):
        draw(tg.ones(2, requires_grad=True), params=given)


# ---------------------------------------------------------------------- gradients


def test_gradients_of_results_are_found_again_after_a_backward_that_kept_the_graph():
    rng = np.random.default_rng(0)
    a = tg.tensor(rng.standard_normal((4, 3)), requires_grad=True)
    w = tg.tensor(rng.standard_normal((3, 2)), requires_grad=True)
    h = a @ w
    z = tg.tanh(h) + h
    loss = (z * z).mean()
    assert known_of(loss).gradient(h._node) == NOT_COMPUTED
    for inner in (h, z, loss):
        inner.retain_grad()
    loss.backward(retain_graph=True)
    kept = [inner.grad.numpy() for inner in (h, z, loss)]
    known = known_of(loss)
    known.pull_again()
    for inner, grad in zip((h, z, loss), kept, strict=True):
        assert known.gradients[inner._node].tobytes() == grad.tobytes()
    assert known.gradients[w._node].tobytes() == w.grad.numpy().tobytes()


def reasons():
    """Cases in which the gradient of ``h`` is not known after a backward pass, and the reason."""
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    h = w * 3
    loss = h.exp().sum()
    loss.backward()
    yield FREED, h, (loss,)

    v = tg.tensor([1.0, 2.0], requires_grad=True)
    h = v * 3
    y = h.exp()
    y.backward(tg.ones(2), retain_graph=True)
    yield NO_SCALAR, h, (y,)

    u = tg.tensor([1.0, 2.0], requires_grad=True)
    h = u * 3
    a, b = h.sum(), h.exp().sum()
    (a + b).backward(retain_graph=True)
    yield SEVERAL, h, (a, b)

    t = tg.tensor([1.0, 2.0], requires_grad=True)
    h = t * 3
    e = h.exp()
    e.register_hook(lambda g: g * 10)
    loss = e.sum()
    loss.backward(retain_graph=True)
    yield HOOKED, h, (loss,)

    class Double(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    s = tg.tensor([1.0, 2.0], requires_grad=True)
    h = s * 3
    loss = Double.apply(h).sum()
    loss.backward(retain_graph=True)
    yield OWN_RULE, h, (loss,)

    r, c = tg.tensor([1.0, 2.0], requires_grad=True), tg.ones(2)
    h = r * 3
    loss = (h * c).sum()
    loss.backward(retain_graph=True)
    c += 1
    yield WRITTEN, h, (loss,)


@pytest.mark.parametrize(("reason", "h", "outputs"), list(reasons()), ids=lambda case: str(case)[:20])
def test_after_backward_a_gradient_that_is_not_known_says_why(reason, h, outputs):
    found = known_of(*outputs).gradient(h._node)
    assert found == reason != NOT_COMPUTED
    assert "retain_grad()" in UNKNOWN[reason]


def test_every_reason_has_a_case():
    assert {reason for reason, _, _ in reasons()} == set(UNKNOWN)


def test_a_leaf_that_backward_did_not_reach_has_none():
    w, v = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    loss = (w * 2).sum() + (v * 2).sum()
    loss.backward(retain_graph=True)
    v.grad = None
    known = known_of(loss)
    assert known.gradient(v._node) is None and known.gradient(w._node).tolist() == [2, 2]


def test_finding_gradients_calls_no_hook_and_changes_nothing():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    w.register_hook(seen.append)
    loss = w.exp().sum()
    loss.backward(retain_graph=True)
    before = w.grad.numpy().copy()
    draw(loss, values=True, grads=True)
    assert len(seen) == 1 and w.grad.numpy().tobytes() == before.tobytes()
    loss.backward()
