"""What a step that is written down puts off: pieces of large parameters, products and updates nobody looks at yet."""

import copy
import tracemalloc

import numpy as np
import pytest
from trainings import KINDS, made, start
from twins import SETTINGS, assert_twins, step_of

import tinygrad_bp as tg
from tinygrad_bp.autograd.modes import mode
from tinygrad_bp.autograd.trees import flatten
from tinygrad_bp.optim import pieces
from tinygrad_bp.program import CaptureError, later
from tinygrad_bp.program.capture import capture


def small_pieces(monkeypatch):
    """Have all parameters count as large: how many of their pieces were not followed."""
    unseen, followed = [], pieces._followed

    def counted(rule, tensors, parts):
        unseen.append(len(parts) - 1)
        return followed(rule, tensors, parts)

    monkeypatch.setattr(pieces, "BLOCK", 10)
    monkeypatch.setattr(pieces, "_followed", counted)
    return unseen


def row_by_row(t):
    """Lay the gradient of ``w`` as ``w`` itself lies."""
    t["w"].grad = t["w"].grad.reshape(-1).reshape(2, 3)


@pytest.mark.parametrize("text", SETTINGS)
def test_one_piece_is_followed_for_all(text, monkeypatch):
    def written():
        program = assert_twins(text, between=row_by_row)
        return [(step.op, step.result.shape, step.result.dtype) for step in program.steps], len(program.inputs)

    whole, unseen = written(), small_pieces(monkeypatch)
    assert written() == whole
    assert (sum(unseen) > 0) == ("Adafactor" not in text)  # which has means of rows and columns


def test_a_follower_of_one_piece_alone_would_be_found_out(monkeypatch):
    small_pieces(monkeypatch)
    monkeypatch.setattr(pieces, "same", lambda array, of: None)
    with pytest.raises((AssertionError, CaptureError)):
        assert_twins(KINDS[0], between=row_by_row)


def tall():
    """A matrix that is laid in another order than its gradient, with a view, or with memory that others have."""
    base = tg.arange(12.0).reshape(3, 4)
    return {
        "rows": base.clone(), "columns": tg.tensor(np.asfortranarray(base.numpy())), "every second": base[:, ::2],
    }  # fmt: skip


@pytest.mark.parametrize("seen_by", ["nobody", "a view", "its own gradient"])
@pytest.mark.parametrize("order", tall())
def test_however_a_parameter_lies_and_whoever_sees_it(order, seen_by, monkeypatch):
    small_pieces(monkeypatch)
    ends = []
    for follow in (True, False):
        w = tall()[order].requires_grad_()
        with tg.no_grad():
            view = w[0] if seen_by == "a view" else None
        optimizer = tg.optim.SGD([w], lr=0.1, momentum=0.5)

        def step(w=w, view=view, optimizer=optimizer):
            w.grad = w.detach() if seen_by == "its own gradient" else w.detach() * 2
            optimizer.step()
            return w.detach() * 1 if view is None else view * 1

        step()
        found = capture(step, ((), {}))[1] if follow else step()
        ends.append((found.tolist(), w.tolist()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("failing", "seen"), [(0, False), (0, True), (2, True)])
def test_an_update_that_fails_halfway_is_taken_back_and_nobody_stops_watching(failing, seen, monkeypatch):
    unseen = small_pieces(monkeypatch)
    w = tg.ones(40, requires_grad=True)
    w.grad = tg.arange(40.0)

    class Failing(tg.optim.SGD):
        def update(self, group, moving):
            def rule(p, g):
                p -= g
                if g._value[0] == 10 * failing:
                    raise ZeroDivisionError

            pieces.in_pieces(rule, *moving[0][1:])

    optimizer = Failing([w], lr=0.1, momentum=0.5)

    def step():
        try:
            optimizer.step()
            if seen:
                w * 1
        except ZeroDivisionError:
            assert mode().watchers
            raise

    with pytest.raises(ZeroDivisionError):
        capture(step, ((), {}))
    assert w.tolist() == [1.0] * 40 and not mode().watchers and unseen


AFTERWARDS = {
    "nothing": lambda w, optimizer: w.grad.sum(),
    "its end": lambda w, optimizer: w[-1:] * 1,
    "itself": lambda w, optimizer: w,
    "a copy": lambda w, optimizer: copy.deepcopy(w.detach()),
    "another step": lambda w, optimizer: (optimizer.step(), w * 1)[1],
    "a write": lambda w, optimizer: (w.data.clamp_(-0.5, 0.5), w * 1)[1],
    "another gradient": lambda w, optimizer: w.grad.zero_(),
    "what is kept": lambda w, optimizer: {k: t for k, t in optimizer.state_dict()["state"].get(0, {}).items()},
}


@pytest.mark.parametrize("text", SETTINGS)
def test_what_is_put_off_is_there_for_whoever_looks(text, monkeypatch):
    """Of every optimizer, whatever the function does after the step: its first two runs are as without a program."""
    unseen = small_pieces(monkeypatch)
    for afterwards in AFTERWARDS.values():
        ends = []
        for run in (lambda step: capture(step, ((), {}))[1], lambda step: step()):
            t = start()
            optimizer = made(text, t)
            taken = step_of(t, optimizer, lambda t=t: row_by_row(t))

            def step(taken=taken, t=t, optimizer=optimizer, afterwards=afterwards):
                taken()
                return afterwards(t["w"], optimizer)

            found = [flatten(run(step))[0] for _ in range(2)]
            ends.append([x.tolist() if isinstance(x, tg.Tensor) else x for x in (*found[0], *found[1], *t.values())])
        assert ends[0] == ends[1]
    assert (sum(unseen) > 0) == ("Adafactor" not in text)


LOOKS = {
    "nobody": (lambda w, x: None, 0),
    "the next line": (lambda w, x: w.grad * 1, 1),
    "a list": (lambda w, x: w.grad, 1),
    "a view": (lambda w, x: w.grad.T[1:], 1),
    "who clips": (lambda w, x: tg.nn.utils.clip_grad_norm_([w], 0.1), 1),
    "who adds to it": (lambda w, x: w.grad.add_(1), 1),
    "who writes what it is made of": (lambda w, x: x.zero_(), 1),
    "who goes back again": (lambda w, x: (w * w).sum().backward(), 1),
}


@pytest.mark.parametrize("kind", [tg.optim.SGD, tg.optim.Adam])
@pytest.mark.parametrize(("look", "computed"), LOOKS.values(), ids=LOOKS)
def test_a_gradient_is_computed_as_a_whole_where_somebody_looks(look, computed, kind, monkeypatch):
    monkeypatch.setattr(pieces, "BLOCK", 12)
    monkeypatch.setattr(later, "LARGE", 4)
    compute, whole = later.Products._compute, []

    def noted(products, product):
        if product in products._waiting and product.result() is not None:
            whole.append(product)
        compute(products, product)

    monkeypatch.setattr(later.Products, "_compute", noted)
    ends = []
    for run in (lambda step, x: step(x), lambda step, x: capture(step, ((x,), {}), exact=False)[1]):
        tg.manual_seed(1)
        layer, looked = tg.nn.Linear(5, 7, bias=False), []
        w, optimizer = layer.weight, kind(layer.parameters(), lr=0.1)

        def step(x, layer=layer, w=w, optimizer=optimizer, looked=looked):
            optimizer.zero_grad()
            loss = (layer(x) ** 2).sum()
            loss.backward()
            looked.append(look(w, x))
            optimizer.step()
            return loss

        losses = [run(step, tg.randn(3, 5)) for _ in range(2)]
        found = [x.detach() for x in (*looked, *losses, w) if x is not None]
        ends.append(np.concatenate([x.numpy().ravel() for x in found]))
        assert (w.grad is None) == (len(ends) == 2)
    np.testing.assert_allclose(*ends, rtol=1e-5, atol=1e-7)
    assert len(whole) == 2 * computed


def test_a_gradient_that_was_put_off_is_there_where_the_step_is_taken_back(monkeypatch):
    monkeypatch.setattr(later, "LARGE", 4)
    layer, x = tg.nn.Linear(5, 7, bias=False), tg.ones(3, 5)

    def step():
        layer(x).sum().backward()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        capture(step, ((), {}), exact=False)
    assert layer.weight.grad.tolist() == [[3.0] * 5] * 7


def test_a_step_makes_no_array_of_a_parameters_size_but_its_gradient():
    w = tg.ones(1 << 10, 1 << 10, requires_grad=True)
    x = tg.ones(4, 1 << 10)
    optimizer = tg.optim.SGD([w], lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = (x @ w).sum()
        loss.backward()
        optimizer.step()
        return loss

    capture(step, ((), {}))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        optimizer.zero_grad()
        capture(step, ((), {}))
        assert tracemalloc.get_traced_memory()[1] - before < 1.5 * w._value.nbytes
    finally:
        tracemalloc.stop()
