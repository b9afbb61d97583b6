"""backward and grad: every argument, what they share, what they free, how large a graph may be."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import (
    ArgumentError,
    AutogradError,
    FreedError,
    NoHistoryError,
    NonScalarError,
    ShapeError,
    UnusedInputError,
)

grad = tg.autograd.grad


def leaf(data, dtype=tg.float64):
    return tg.tensor(data, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------- backward and grad


def test_a_second_backward_accumulates():
    w = leaf([1.0, 2.0])
    for _ in range(3):
        (w * w).sum().backward()
    assert w.grad.tolist() == [6, 12]
    w.grad = None
    (w * w).sum().backward()
    assert w.grad.tolist() == [2, 4]


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a + b, lambda a, b: a - (-b), lambda a, b: (a + b).reshape(-1), lambda a, b: a.T + b.T,
        lambda a, b: tg.cat([a, b]), lambda a, b: tg.stack([a, b]), lambda a, b: a + b + a, lambda a, b: a.clone() + b,
        lambda a, b: a[:] + b[...],
    ],
)  # fmt: skip
def test_gradients_share_no_memory_with_each_other_or_with_the_gradient_given(function):
    a, b = leaf([[1.0, 2.0]]), leaf([[3.0, 4.0]])
    y = function(a, b)
    given = np.ones(y.shape)
    y.backward(given)
    arrays = [given, a.grad.numpy(), b.grad.numpy(), y.detach().numpy()]
    for i, one in enumerate(arrays):
        for other in arrays[:i]:
            assert not np.shares_memory(one, other)
    before = b.grad.tolist()
    a.grad.zero_()
    given[...] = 7
    assert b.grad.tolist() == before


@pytest.mark.parametrize("way", ["backward", "grad"])
def test_the_gradient_of_a_leaf_itself_is_a_copy_of_the_one_given(way):
    w, given = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    if way == "backward":
        w.backward(given)
        found = w.grad
    else:
        (found,) = grad(w, w, given)
    assert found.tolist() == [3, 4] and not np.shares_memory(found.detach().numpy(), given)


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
@pytest.mark.parametrize(
    "function",
    [
        lambda w: w.sum(), lambda w: w.mean(), lambda w: (w * 2.5).sum(), lambda w: w.double().sum(),
        lambda w: (w * tg.ones(2, 3, 2, dtype=tg.float64)).sum(), lambda w: (w + tg.arange(2)).std(),
        lambda w: w.max(), lambda w: w.max(dim=0)[0].sum(), lambda w: w[0].sum(), lambda w: w.softmax(1)[0, 0],
        lambda w: tg.where(w > 0, w, 0.0).sum(), lambda w: w.expand(4, 3, 2).sum(), lambda w: w.T.clip(0, 1).sum(),
        lambda w: (w @ tg.ones(2, 2, dtype=w.dtype)).sum(), lambda w: (w * np.float64(2)).sum(), lambda w: w[0, 0] * 1,
    ],
)  # fmt: skip
def test_a_gradient_has_the_dtype_and_shape_of_its_leaf_and_can_be_written(dtype, function):
    w = leaf([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]], dtype)
    function(w).backward()
    assert (w.grad.dtype, w.grad.shape) == (dtype, (3, 2))
    assert w.grad.numpy().flags.writeable and w.grad.is_leaf and not w.grad.requires_grad
    w.grad.zero_()
    (found,) = grad(function(w), w)
    assert (found.dtype, found.shape) == (dtype, (3, 2)) and found.detach().numpy().flags.writeable


def test_gradient_argument_weighs_the_output():
    for given in (np.array([1, 10]), tg.tensor([1.0, 10.0])):
        w = leaf([1.0, 2.0])
        (w * 3).backward(given)
        assert w.grad.tolist() == [3, 30]
    w = leaf([1.0, 2.0])
    (w * 3).backward(gradient=tg.ones(2))
    assert w.grad.tolist() == [3, 3]


def test_backward_of_several_outputs():
    w = leaf([1.0, 2.0])
    tg.autograd.backward([(w * w).sum(), w * 3], [None, tg.tensor([1.0, 10.0])])
    assert w.grad.tolist() == [5, 34]
    w.grad = None
    y = (w * w).sum()
    tg.autograd.backward([y, y])
    assert w.grad.tolist() == [4, 8]


def test_grad_of_several_inputs_and_outputs_leaves_dot_grad_alone():
    a, b = leaf(2.0), leaf(3.0)
    da, db = grad([a * b, a * a], [a, b])
    assert (da.item(), db.item()) == (7, 2)
    assert a.grad is None and b.grad is None
    (da,) = grad(a * b, a, grad_outputs=tg.tensor(10.0))
    assert da.item() == 30


def test_grad_of_an_inner_tensor():
    w = leaf(2.0)
    h = w * w
    y = h * h
    dh, dw = grad(y, [h, w])
    assert (dh.item(), dw.item()) == (8, 32)


def test_grad_of_an_unused_input():
    a, b = leaf(2.0), leaf(3.0)
    assert grad(a * 2, [a, b], allow_unused=True)[1] is None
    with pytest.raises(UnusedInputError, match=r"input 1: .*allow_unused=True"):
        grad(a * 2, [a, b])


def test_derivatives_to_the_third_order():
    x = leaf([0.5, 2.0])
    y = (x**4).sum()
    for factor, power in ((4, 3), (12, 2), (24, 1), (24, 0)):
        (slope,) = grad(y, x, create_graph=True)
        np.testing.assert_allclose(slope.detach().numpy(), factor * x.detach().numpy() ** power)
        y = slope.sum()


def test_backward_with_create_graph_leaves_a_recorded_gradient():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad and x.grad.item() == 12
    first, x.grad = x.grad, None
    first.backward()
    assert x.grad.item() == 12


def test_retain_graph():
    w = leaf(3.0)
    y = w * w
    y.backward(retain_graph=True)
    y.backward()
    assert w.grad.item() == 12
    with pytest.raises(FreedError, match=r"a second time.*retain_graph=True"):
        y.backward()
    assert w.grad.item() == 12


def test_what_nothing_was_kept_for_can_go_backward_again():
    w = leaf([1.0, 2.0])
    y = (w + 1).sum()
    y.backward()
    y.backward()
    assert w.grad.tolist() == [2, 2]


def test_retain_grad():
    w = leaf([1.0, 2.0])
    h = w * 2
    h.retain_grad()
    (h * h).sum().backward()
    assert h.grad.tolist() == [4, 8] and w.grad.tolist() == [8, 16]
    assert not np.shares_memory(h.grad.numpy(), w.grad.numpy())


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        (lambda w: (w * 2).backward(), NonScalarError),
        (lambda w: (w * 2).detach().sum().backward(), NoHistoryError),
        (lambda w: (w * 2).sum().backward(np.ones(2)), ShapeError),
        (lambda w: tg.autograd.backward([w.sum(), w.sum()], [None]), ArgumentError),
        (lambda w: tg.autograd.backward(3.0), ArgumentError),
        (lambda w: grad(w.sum(), tg.ones(2)), NoHistoryError),
        (lambda w: setattr(w, "grad", tg.ones(3)), ShapeError),
        (lambda w: setattr(w, "grad", np.ones(2)), ArgumentError),
    ],
)
def test_what_cannot_go_backward_changes_no_gradient(program, kind):
    w = leaf([1.0, 2.0])
    with pytest.raises(kind) as caught:
        program(w)
    assert isinstance(caught.value, AutogradError)
    assert w.grad is None


def test_the_order_of_shared_paths():
    """The smallest graphs in which a depth-first walk visits a node too early."""
    x = leaf(1.0)
    a = x * 1
    b = a + a
    c = b + b
    (c + a).backward()
    assert x.grad.item() == 5
    x = leaf(2.0)
    y = x * x
    z = y * x + y
    z.backward()
    assert x.grad.item() == 3 * 4 + 2 * 2


# ---------------------------------------------------------------------- memory and size


def square(x):
    return (x * x).sum()


def twice(x):
    (slope,) = grad((x**3).sum(), x, create_graph=True)
    return (slope * slope).sum()


def created(x):
    (x.exp() * x).sum().backward(create_graph=True)
    return x.grad.sum()


def retained(x):
    h = x * 2
    h.retain_grad()
    (h * h).sum().backward(retain_graph=True)
    return (h * h).sum()


def written(x):
    y = x * 1
    y[0] = y[1] * 2
    y += x
    return y.sum()


def layered(x):
    net = tg.nn.Sequential(tg.nn.Linear(2, 3, dtype=tg.float64), tg.nn.Tanh(), tg.nn.Linear(3, 1, dtype=tg.float64))
    optimizer = tg.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(x).sum().backward()
    optimizer.step()
    return net(x).sum()


def failed(x):
    with pytest.raises(ShapeError):
        x @ tg.ones(5, 5, dtype=tg.float64)
    return x.sum()


@pytest.mark.parametrize("program", [square, twice, retained, written, layered, failed], ids=lambda f: f.__name__)
@pytest.mark.parametrize("backward", [False, True])
def test_a_graph_is_freed_by_reference_counting_alone(program, backward):
    gc.collect()
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        y = program(x)
        if backward:
            y.backward()
        watched = [weakref.ref(thing) for thing in (x, y, x.detach().numpy(), y.detach().numpy())]
        del x, y
        assert [w() for w in watched] == [None] * 4
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_backward_frees_what_was_kept():
    w = leaf([1.0, 2.0])
    h = w.exp()
    kept = weakref.ref(h.detach().numpy().base)
    y = h.sum()
    del h
    assert kept() is not None
    y.backward()
    assert kept() is None


def test_a_chain_of_200000_ops():
    x = leaf(1.0)
    y = x
    for _ in range(200_000):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad.item()) == (200_001, 1)
    first = weakref.ref(x.detach().numpy())
    del x, y
    assert first() is None


def test_a_chain_of_200000_ops_is_freed_without_backward():
    x = leaf(1.0)
    y = x
    for _ in range(200_000):
        y = y * 1.0
    last = weakref.ref(y)
    del y
    assert last() is None
    assert x.item() == 1


def test_a_fan_of_10000():
    x = leaf([1.0, 2.0])
    total = sum((x * float(i) for i in range(10_000)), tg.zeros(2, dtype=tg.float64))
    total.sum().backward()
    assert x.grad.tolist() == [sum(range(10_000))] * 2
    (found,) = grad(tg.stack([x] * 10_000).sum(), x)
    assert found.tolist() == [10_000] * 2


def test_a_list_given_to_the_method_is_one_gradient():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    (w * 3).backward([1.0, 10.0])
    assert w.grad.tolist() == [3.0, 30.0]


def test_gradients_of_create_graph_share_nothing_either():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (a + b).sum().backward(create_graph=True)
    assert a.grad is not b.grad
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    (a * 10).sum().backward()
    assert a.grad.tolist() == [11, 11]
    assert b.grad.tolist() == [1, 1]


def test_what_grad_returns_shares_nothing_with_create_graph():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    for result in ((a + b).sum(), ((a + b) ** 2).sum()):
        ga, gb = grad(result, [a, b], create_graph=True)
        before = gb.tolist()
        ga += 1
        assert ga.tolist() != before
        assert gb.tolist() == before


def test_recorded_gradients_written_under_no_grad_are_separate():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    ((a + b) ** 2).sum().backward(create_graph=True)
    with tg.no_grad():
        a.grad.zero_()
    assert a.grad.tolist() == [0, 0]
    assert b.grad.tolist() == [8, 12]


def test_asking_for_an_unused_input_loses_nothing():
    w, other = leaf([1.0, 2.0]), leaf([1.0])
    loss = (w * w).sum()
    with pytest.raises(UnusedInputError, match="do not depend on input 1"):
        grad(loss, [w, other])
    assert grad(loss, w)[0].tolist() == [2, 4]  # the values are still there


def test_a_name_does_not_make_an_inner_tensor_retain_its_gradient():
    w = leaf([1.0, 2.0])
    hidden = w * 3
    hidden.name = "hidden"
    hidden.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf .*call retain_grad"):
        assert hidden.grad is None


@pytest.mark.parametrize("collect", [list, tuple, iter, tg.nn.ParameterList, lambda ts: dict.fromkeys(ts).keys()])
def test_inputs_and_outputs_are_any_collection(collect: Any) -> None:
    a, b = (tg.nn.Parameter(tg.tensor(x)) for x in (2.0, 3.0))
    assert [float(g) for g in tg.autograd.grad(a * b, collect([a, b]))] == [3, 2]
    (a * b).backward(inputs=collect([b]))
    assert a.grad is None and float(b.grad) == 2
    assert [float(g) for g in tg.autograd.grad(iter([a * b, a]), [a], iter([tg.tensor(1.0), None]))] == [4]
