"""What a tensor tells, how it is called, and what it does at ties."""

import copy
import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import (
    ArgumentError,
    DtypeError,
)

grad = tg.autograd.grad


def leaf(data, dtype=tg.float64):
    return tg.tensor(data, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------- ties


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        (lambda x: x.max(), [3, 1, 3, 3], [1 / 3, 0, 1 / 3, 1 / 3]),
        (lambda x: x.min(), [1, 1, 3], [0.5, 0.5, 0]),
        (lambda x: x.amax(0), [3, 1, 3], [0.5, 0, 0.5]),
        (lambda x: x.amin(), [2, 2], [0.5, 0.5]),
        (lambda x: x.max(0).values, [3, 1, 3], [1, 0, 0]),
        (lambda x: x.min(0)[0], [3, 1, 1], [0, 1, 0]),
        (lambda x: tg.maximum(x, tg.tensor([1.0, 1.0, 1.0])).sum(), [0, 1, 2], [0, 0.5, 1]),
        (lambda x: tg.minimum(x, tg.tensor(1.0)).sum(), [0, 1, 2], [1, 0.5, 0]),
        (lambda x: x.clip(0, 1).sum(), [-1, 0, 0.5, 1, 2], [0, 1, 1, 1, 0]),
        (lambda x: x.clamp(min=0).sum(), [-1, 0, 1], [0, 1, 1]),
        (lambda x: x.relu().sum(), [-1, 0, 1], [0, 0, 1]),
        (lambda x: x.abs().sum(), [-2, 0, 2], [-1, 0, 1]),
        (lambda x: x.std(), [2, 2], [0, 0]),
        (lambda x: (x**0).sum(), [0, 2], [0, 0]),
        (lambda x: (x**1).sum(), [0, 2], [1, 1]),
        (lambda x: (x**2).sum(), [0, 2], [0, 4]),
    ],
)
def test_at_ties_and_kinks(function, x, slope):
    x = leaf(x)
    function(x).backward()
    assert x.grad.tolist() == slope


# ---------------------------------------------------------------------- what a tensor tells


def test_attributes():
    w = leaf([[1.0, 2.0, 3.0]])
    assert (w.shape, w.ndim, w.dim(), w.numel(), w.dtype) == ((1, 3), 2, 2, 3, tg.float64)
    assert (w.size(), w.size(1), w.size(-1)) == ((1, 3), 3, 3)
    assert (w.requires_grad, w.is_leaf, w.grad_fn, w.grad, w.name) == (True, True, None, None, None)
    assert isinstance(w.detach().numpy(), np.ndarray) and w.data.numpy() is w.detach().numpy()
    assert w.T.shape == w.mT.shape == (3, 1) and tg.zeros(2, 3, 4).T.shape == (4, 3, 2)
    y = w * 2
    assert y.requires_grad and not y.is_leaf and repr(y.grad_fn) == "<MulBackward0>"
    assert tg.zeros(()).shape == () and isinstance((tg.zeros(3) + 1).sum().detach().numpy(), np.ndarray)


def test_out_to_python():
    t = tg.tensor([[1.5, 2.0]])
    assert t.tolist() == [[1.5, 2.0]] and tg.tensor(3).item() == 3 and tg.tensor([[2.5]]).item() == 2.5
    assert float(tg.tensor(2.5)) == 2.5 and int(tg.tensor(2.9)) == 2 and bool(tg.tensor([0.0])) is False
    assert [10, 20, 30][tg.tensor(1)] == 20 and list(range(tg.tensor(2))) == [0, 1]
    assert (leaf(2.0) * 2).item() == 4.0 and (leaf([2.0]) * 2).tolist() == [4.0]
    with pytest.raises(DtypeError, match="only integer tensors of one element can be an index, got float32"):
        [1, 2][tg.tensor(1.0)]


def test_length_iteration_and_membership():
    w = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(w) == 2 and 3.0 in w and 9.0 not in w
    first, second = w
    assert first.tolist() == [1, 2]
    (first.sum() + 10 * second.sum()).backward()
    assert w.grad.tolist() == [[1, 1], [10, 10]]


def test_equality_is_elementwise_and_hash_is_identity():
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 3.0])
    assert (a == b).tolist() == [True, False] and (a != b).tolist() == [False, True]
    assert (a == [1.0, 2.0]).tolist() == [True, True]
    assert (a == None) is False and (a != None) is True  # noqa: E711
    assert (a == "text") is False
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tg.tensor([[1.0, 2.0]]), "tensor([[1., 2.]])"),
        (lambda: tg.tensor([1, 2]), "tensor([1, 2])"),
        (lambda: tg.tensor(True), "tensor(True)"),
        (lambda: tg.tensor(1.0), "tensor(1.)"),
        (lambda: tg.tensor([1 / 3]), "tensor([0.3333])"),
        (lambda: tg.tensor([1.0], dtype=tg.float64), "tensor([1.], dtype=torch.float64)"),
        (lambda: tg.zeros(0), "tensor([])"),
        (lambda: tg.zeros(0, 3), "tensor([], size=(0, 3))"),
        (lambda: tg.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
        (
            lambda: tg.ones(1, 2, requires_grad=True) * tg.tensor([[1.0, 2.0]]),
            "tensor([[1., 2.]], grad_fn=<MulBackward0>)",
        ),
        (
            lambda: tg.ones(2, requires_grad=True).log_softmax(0),
            "tensor([-0.6931, -0.6931], grad_fn=<LogSoftmaxBackward0>)",
        ),
        (lambda: tg.zeros(2, 2), "tensor([[0., 0.],\n        [0., 0.]])"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == str(make()) == text


def test_format():
    assert f"{tg.tensor(3.14159):.2f}" == "3.14" and f"{leaf(2.0):5.1f}" == "  2.0"
    assert f"{tg.tensor([1.0, 2.0])}" == "tensor([1., 2.])"


def test_names():
    w = leaf([1.0])
    w.name = "w"
    assert w.name == "w" and (w * 2).name is None


def test_clone_detach_and_deepcopy():
    w = leaf([1.0, 2.0])
    (w * w).sum().backward()
    c, d, e = w.clone(), w.detach(), copy.deepcopy(w)
    assert c.requires_grad and not c.is_leaf and not np.shares_memory(c.detach().numpy(), w.detach().numpy())
    assert not d.requires_grad and np.shares_memory(d.detach().numpy(), w.detach().numpy())
    assert e.is_leaf and e.requires_grad and not np.shares_memory(e.detach().numpy(), w.detach().numpy())
    assert e.grad.tolist() == [2, 4] and not np.shares_memory(e.grad.numpy(), w.grad.numpy())
    with pytest.raises(ArgumentError, match=r"only leaf tensors.*made by <CloneBackward0>.*detach\(\).clone\(\)"):
        copy.deepcopy(c)


def test_casts():
    w = leaf([1.5, 0.0])
    casts = [
        (w.float(), tg.float32),
        (w.double(), tg.float64),
        (w.half(), tg.float16),
        (w.to(tg.float32), tg.float32),
        (w.to(dtype=tg.float32), tg.float32),
        (w.type_as(tg.ones(1)), tg.float32),
        (w.to("float32"), tg.float32),
    ]
    for cast, dtype in casts:
        assert cast.dtype == dtype and cast.requires_grad
    for cast, dtype in [(w.long(), tg.int64), (w.int(), tg.int32), (w.bool(), tg.bool)]:
        assert cast.dtype == dtype and not cast.requires_grad
    assert w.double() is w and w.to("cpu") is w
    assert w.long().tolist() == [1, 0] and w.bool().tolist() == [True, False]
    w.float().sum().backward()
    assert w.grad.dtype == tg.float64


def test_requires_grad_can_be_switched_on_leaves_only():
    w = tg.ones(2)
    assert w.requires_grad_() is w and w.requires_grad
    w.requires_grad = False
    assert not w.requires_grad
    with pytest.raises(ArgumentError, match="switched off only on leaf tensors"):
        (leaf([1.0]) * 2).requires_grad_(False)


# ---------------------------------------------------------------------- PyTorch's ways to call

X = tg.tensor([[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]])
SPELLINGS = [
    ("x.where(x > 0, -1.0)", [[1, -1, 0.5], [3, -1, -1]]),
    ("x.ravel()", [1, -2, 0.5, 3, 0, -1]),
    ("x.reshape_as(T.zeros(3, 2))", [[1, -2], [0.5, 3], [0, -1]]),
    ("T.subtract(x, x).sum()", 0),
    ("x.negative().absolute().true_divide(2)", [[0.5, 1, 0.25], [1.5, 0, 0.5]]),
    ("x.sum(0, True)", [[4, -2, -0.5]]), ("x.sum(dim=(0, 1), keepdim=True)", [[1.5]]), ("x.sum(axis=1)", [-0.5, 2]),
    ("x.sum(-1, keepdims=True)", [[-0.5], [2]]), ("x.max(1)[0]", [1, 3]), ("x.max(dim=1).indices", [0, 0]),
    ("x.max(1, True).values", [[1], [3]]), ("x.min(axis=0)[1]", [0, 0, 1]), ("x.max()", 3), ("T.max(x, 1)[1]", [0, 0]),
    ("T.max(x, T.zeros(3))", [[1, 0, 0.5], [3, 0, 0]]), ("x.amax((0, 1))", 3), ("x.argmax()", 3),
    ("x.argmax(dim=1, keepdim=True)", [[0], [0]]), ("x.std(0, unbiased=False)", [1, 1, 0.75]),
    ("x.var(dim=0, correction=0, keepdim=True)", [[1, 1, 0.5625]]), ("x.std(False).shape", ()),
    ("x.reshape(-1)", [1, -2, 0.5, 3, 0, -1]), ("x.reshape((3, 2))", [[1, -2], [0.5, 3], [0, -1]]),
    ("x.view(2, -1)", X.tolist()), ("x.permute((1, 0))", [[1, 3], [-2, 0], [0.5, -1]]),
    ("x.permute(1, 0)[0]", [1, 3]), ("x.transpose(0, -1)[0]", [1, 3]), ("x.t()[0]", [1, 3]),
    ("T.cat((x, x), dim=1).shape", (2, 6)), ("T.cat([x, x], 0).shape", (4, 3)),
    ("T.stack([x, x], dim=2).shape", (2, 3, 2)),
    ("T.stack((x, x)).shape", (2, 2, 3)), ("x.clamp(min=0)", [[1, 0, 0.5], [3, 0, 0]]),
    ("x.clamp(-1, 1)", [[1, -1, 0.5], [1, 0, -1]]), ("x.clip(max=0.5)[0]", [0.5, -2, 0.5]),
    ("x.softmax(dim=1).sum(1).shape", (2,)), ("T.softmax(x * 0, 1)[0, 0].item() * 3", 1.0),
    ("T.where(x > 0, x, 0.)", [[1, 0, 0.5], [3, 0, 0]]), ("T.where(x > 0, 1, 0)", [[1, 0, 1], [1, 0, 0]]),
    ("x.flatten()", [1, -2, 0.5, 3, 0, -1]), ("x.unsqueeze(-1).shape", (2, 3, 1)), ("x[None].squeeze(0).shape", (2, 3)),
    ("x.squeeze(0).shape", (2, 3)), ("x.expand(2, 2, 3).shape", (2, 2, 3)), ("x[0].expand(2, -1).shape", (2, 3)),
    ("(x > 0).sum()", 3), ("(x > 0).any(dim=0)", [True, False, True]), ("(x > 0).float().mean()", 0.5),
    ("x[x > 0]", [1, 0.5, 3]), ("x[T.tensor([1, 0, 1])][:, 0]", [3, 1, 3]), ("x[[0, 1], [1, 2]]", [-2, -1]),
    ("x[..., None, 0]", [[1], [3]]), ("x[-1, ::2]", [3, -1]), ("x[T.tensor(1)]", [3, 0, -1]), ("x[1:1].shape", (0, 3)),
    ("2 - x[0]", [1, 4, 1.5]), ("2 / x[0]", [2, -1, 4]), ("2 ** x[0, :2]", [2, 0.25]), ("x[0] ** 2", [1, 4, 0.25]),
    ("-x[0]", [-1, 2, -0.5]), ("abs(x)[0]", [1, 2, 0.5]), ("~(x[0] > 0)", [False, True, False]),
    ("(x[0] > 0) & (x[0] < 1)", [False, False, True]), ("(x[0] > 0) | (x[0] < -1)", [True, True, True]),
    ("x @ T.ones(3)", [-0.5, 2]), ("(x @ x.T).shape", (2, 2)), ("x.mm(x.T).shape", (2, 2)),
    ("T.ones(2) @ x", [4, -2, -0.5]), ("x.logsumexp(dim=1, keepdim=True).shape", (2, 1)),
    ("T.zeros(0, 3).sum()", 0), ("T.zeros(0, 3).sum(0)", [0, 0, 0]), ("(T.zeros(0, 3) + 1).shape", (0, 3)),
    ("(T.zeros(0, 3) @ T.zeros(3, 2)).shape", (0, 2)), ("T.tensor(2.0).max(0).values", 2), ("T.tensor(2.0).sum(0)", 2),
]  # fmt: skip


@pytest.mark.parametrize(("call", "wanted"), SPELLINGS, ids=[call for call, _ in SPELLINGS])
def test_spelling(call, wanted):
    found = eval(call, {"x": X, "T": tg})
    found = found.tolist() if isinstance(found, tg.Tensor) else found
    assert found == pytest.approx(wanted) if isinstance(wanted, float) else found == wanted


@pytest.mark.parametrize("view", [lambda x: x[::-1], lambda x: x[::2], lambda x: x.T, lambda x: x[:, None],
                                  lambda x: x.expand(4, 4), lambda x: x[0]])  # fmt: skip
@pytest.mark.parametrize("function", [lambda v: (v * v).sum(), lambda v: (v @ v.T).sum() if v.ndim == 2 else v.sum(),
                                      lambda v: v.reshape(-1).std(), lambda v: v.exp().max()])  # fmt: skip
def test_views_of_any_layout_as_operands(view, function):
    x = leaf(np.random.default_rng(0).standard_normal((4, 4)))
    y = function(view(x))
    y.backward()
    step, wanted = 1e-6, np.zeros((4, 4))
    for i in np.ndindex(4, 4):
        e = np.zeros((4, 4))
        e[i] = step
        wanted[i] = (function(view(x.detach() + e)).item() - function(view(x.detach() - e)).item()) / (2 * step)
    np.testing.assert_allclose(x.grad.numpy(), wanted, rtol=1e-5, atol=1e-7)


def test_the_size_of_a_dimension_that_is_not_there():
    with pytest.raises(IndexError, match=r"size: dimension out of range, \(2,\) has no dimension 5"):
        tg.ones(2).size(5)


def test_one_element_read_by_its_index_is_a_view():
    x = tg.zeros(3)
    first = x[0]
    first += 5
    assert x.tolist() == [5, 0, 0]


def test_numpy_by_force_drops_the_gradient_on_demand():
    w = tg.ones(2, requires_grad=True)
    assert w.numpy(force=True) is w.detach().numpy()


def test_equal_and_allclose_answer_with_a_bool():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    assert tg.equal(w, tg.tensor([1.0, 2.0])) is True
    assert w.equal(tg.tensor([1.0])) is False
    assert tg.allclose(w, w + 1e-7) is True
    assert w.allclose(w + 1e-3) is False


@pytest.mark.parametrize(
    "make", [lambda: tg.ones(2), lambda: tg.ones(2, requires_grad=True) * 2, lambda: tg.nn.Parameter(tg.ones(2))]
)
def test_users_put_attributes_on_tensors(make: Any) -> None:
    t = make()
    t.g, t.note = tg.zeros(2), ["kept"]
    assert (t.g is t.g) and not hasattr(t + 1, "note") and not hasattr(t.data, "note")
    assert copy.copy(t).note is t.note
    if t.is_leaf:
        other = copy.deepcopy(t)
        assert other.note == t.note and other.note is not t.note and other.g is not t.g
    seen = weakref.ref(t.g)
    gc.disable()
    del t
    gc.enable()
    assert seen() is None
    with pytest.raises(AttributeError, match="no attribute 'g'"):
        make().g  # noqa: B018
