"""``t.data``: a tensor without history on the same memory, of every kind of tensor; a write through it counts."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import LeafWriteError, ModifiedError

START = [1.0, 2.0, 4.0]
KINDS = {
    "plain": lambda: tg.tensor(START),
    "a leaf": lambda: tg.tensor(START, requires_grad=True),
    "a parameter": lambda: tg.nn.Parameter(tg.tensor(START)),
    "a result": lambda: tg.tensor(START, requires_grad=True) * 1,
    "a view of a result": lambda: (tg.tensor([START, START], requires_grad=True) * 1)[1],
    "a strided view": lambda: tg.arange(6.0)[::2],
    "0-d": lambda: tg.tensor(3.0, requires_grad=True),
    "empty": lambda: tg.zeros(0, 3, requires_grad=True),
    "float16": lambda: tg.tensor(START, dtype=tg.float16, requires_grad=True),
    "int8": lambda: tg.tensor([1, 2, 4], dtype=tg.int8),
    "bool": lambda: tg.tensor([True, False]),
    "complex": lambda: tg.tensor([1 + 2j, 3.0], requires_grad=True),
    "from_numpy": lambda: tg.from_numpy(np.arange(3.0)),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@kinds
def test_it_is_a_tensor_on_the_same_memory_without_history(make):
    t = make()
    data = t.data
    assert type(data) is tg.Tensor and data.is_leaf and not data.requires_grad and data.grad_fn is None
    assert (data.shape, data.dtype, data._value.strides) == (t.shape, t.dtype, t._value.strides)
    assert not t.numel() or np.shares_memory(data._value, t._value)
    assert (data * data).grad_fn is None
    data.zero_()  # of a leaf too, and while recording
    assert not np.any(t.detach().numpy())


@kinds
def test_written_through_it_the_tensor_keeps_its_history_and_its_views(make):
    t = make()
    before, view = t.grad_fn, t[...]
    t.data += t.data
    t.data[...] = t.data * t.data
    assert t.grad_fn is before and np.array_equal(view.detach().numpy(), t.detach().numpy())
    assert t.tolist() == ((make().data + make().data) ** 2).to(t.dtype).tolist()


def in_place_calls():
    """Every method that writes its tensor and needs nothing else, on positive numbers below 1."""
    found = []
    for name in dir(tg.Tensor):
        if name.endswith("_") and name[0] != "_" and name not in ("requires_grad_", "detach_", "resize_"):
            try:
                getattr(tg.tensor([[0.25, 0.5]]), name)()
            except Exception:
                continue
            found.append(name)
    return found


@pytest.mark.parametrize("name", in_place_calls())
def test_every_method_that_writes_writes_through_it(name):
    plain, leaf = tg.tensor([[0.25, 0.5]]), tg.tensor([[0.25, 0.5]], requires_grad=True)
    tg.manual_seed(0)
    getattr(plain, name)()
    tg.manual_seed(0)
    getattr(leaf.data, name)()
    # Another shape is that of the tensor which data gave; its elements are the leaf's.
    np.testing.assert_array_equal(leaf.detach().numpy().ravel(), plain.numpy().ravel())
    with pytest.raises(LeafWriteError):
        getattr(leaf, name)()


def test_many_methods_write():
    assert len(in_place_calls()) > 40


def test_a_network_trained_by_hand():
    tg.manual_seed(0)
    model = tg.nn.Linear(2, 1)
    for parameter in model.parameters():
        tg.nn.init.constant_(parameter.data, 0.5)
    x = tg.tensor([[1.0, 2.0]])
    for step in range(2):
        model(x).sum().backward()
        for p in model.parameters():
            if step:
                p.data -= 0.1 * p.grad.data
            else:
                p.data.add_(p.grad.data, alpha=-0.1)
            p.grad.data.zero_()
    assert model.weight.grad.tolist() == [[0.0, 0.0]] and model.weight.requires_grad
    np.testing.assert_allclose(model.weight.data, [[0.3, 0.1]], rtol=1e-6)
    values, where = tg.tensor([[1.0, 3.0], [5.0, 2.0]], requires_grad=True).data.max(1, keepdim=True)
    assert values.tolist() == [[3.0], [5.0]] and where.tolist() == [[1], [0]]


def test_what_init_fills_through_it_is_what_it_fills_itself():
    a, b = tg.nn.Parameter(tg.zeros(3, 4)), tg.nn.Parameter(tg.zeros(3, 4))
    for name in ("normal_", "uniform_", "xavier_normal_", "kaiming_uniform_", "orthogonal_", "trunc_normal_", "eye_"):
        for parameter in (a, b.data):
            tg.manual_seed(1)
            getattr(tg.nn.init, name)(parameter)
        assert a.tolist() == b.tolist() and np.any(a.detach().numpy()), name


def test_assigning_it_shares_the_memory_of_a_tensor():
    w, other = tg.zeros(3, requires_grad=True), tg.tensor(START)
    w.data = other
    assert w.is_leaf and w.requires_grad
    other.mul_(2)
    assert w.tolist() == [2, 4, 8]
    w.data = w.data.double()
    assert w.dtype == tg.float64


def test_a_write_through_it_of_what_was_kept_is_refused_and_one_of_anything_else_is_not():
    w = tg.tensor(START, requires_grad=True)
    loss = (w * w).sum()
    w.data = w.data  # writes nothing
    loss.backward(retain_graph=True)
    assert w.grad.tolist() == [2, 4, 8]
    w.data[0] = 5.0
    with pytest.raises(ModifiedError, match="mul kept b"):
        loss.backward()
    total = (w + 1).sum()
    w.data[0] = 5.0
    w.grad.data.zero_()
    total.backward()
    assert w.grad.tolist() == [1, 1, 1]


def test_a_recorded_value_written_into_it_leaves_the_leaf_a_leaf():
    w, v = tg.tensor(START, requires_grad=True), tg.tensor(7.0, requires_grad=True)
    data = w.data
    data[1] = v
    assert data.requires_grad and w.is_leaf and w.tolist() == [1, 7, 4]
