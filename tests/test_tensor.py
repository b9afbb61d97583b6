"""Tensors: how they are made, what they tell, their dtypes, and the gradients that reach them."""

import copy
import gc
import json
import operator
import weakref
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import (
    ArgumentError,
    AutogradError,
    DtypeError,
    FreedError,
    NoHistoryError,
    NonScalarError,
    ShapeError,
    UnusedInputError,
)

PROMOTION = json.loads((Path(__file__).parent / "golden" / "promotion.json").read_text())
grad = tg.autograd.grad


def leaf(data, dtype=tg.float64):
    return tg.tensor(data, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------- making

MADE = {
    "tensor(1)": ("int64", 1),
    "tensor(1.5)": ("float32", 1.5),
    "tensor(True)": ("bool", True),
    "tensor([1, 2.5])": ("float32", [1, 2.5]),
    "tensor([True, 2])": ("int64", [1, 2]),
    "tensor([])": ("float32", []),
    "tensor(((1, 2), [3, 4]))": ("int64", [[1, 2], [3, 4]]),
    "tensor(range(3))": ("int64", [0, 1, 2]),
    "tensor([1, 2], dtype=T.float32)": ("float32", [1, 2]),
    "tensor([1.7, -1.7], dtype=T.int64)": ("int64", [1, -1]),
    "tensor(0.1, dtype=T.float64)": ("float64", 0.1),
    "as_tensor(0.1, dtype=T.float64)": ("float64", 0.1),
    "tensor(1j)": ("complex64", 1j),
    "tensor(np.array([1.5]))": ("float64", [1.5]),
    "tensor(np.float64(1.5))": ("float64", 1.5),
    "tensor([np.float64(1.5)])": ("float64", [1.5]),
    "tensor(np.int32(3))": ("int32", 3),
    "tensor([T.tensor(1.0), T.tensor(2.0)])": ("float32", [1, 2]),
    "tensor([[1, 2], T.tensor([3, 4])])": ("int64", [[1, 2], [3, 4]]),
    "as_tensor([1.0])": ("float32", [1]),
    "from_numpy(np.arange(2, dtype=np.int32))": ("int32", [0, 1]),
    "zeros(2, 1)": ("float32", [[0], [0]]),
    "zeros((2, 1))": ("float32", [[0], [0]]),
    "zeros([2], dtype=T.int64)": ("int64", [0, 0]),
    "ones(())": ("float32", 1),
    "ones(0)": ("float32", []),
    "full((2,), 1)": ("int64", [1, 1]),
    "full((2,), True)": ("bool", [True, True]),
    "full([2], 1.5)": ("float32", [1.5, 1.5]),
    "full((), 3, dtype=T.float64)": ("float64", 3),
    "arange(3)": ("int64", [0, 1, 2]),
    "arange(1, 4)": ("int64", [1, 2, 3]),
    "arange(3, 0, -1)": ("int64", [3, 2, 1]),
    "arange(0, 1, 0.25)": ("float32", [0, 0.25, 0.5, 0.75]),
    "arange(2.0)": ("float32", [0, 1]),
    "arange(2, dtype=T.float64)": ("float64", [0, 1]),
    "linspace(0, 1, 5)": ("float32", [0, 0.25, 0.5, 0.75, 1]),
    "eye(2)": ("float32", [[1, 0], [0, 1]]),
    "eye(1, 2, dtype=T.int64)": ("int64", [[1, 0]]),
    "zeros_like(T.tensor([1, 2]))": ("int64", [0, 0]),
    "ones_like(T.tensor([1, 2]), dtype=T.float64)": ("float64", [1, 1]),
    "full_like(T.tensor([1.0, 2.0]), 3)": ("float32", [3, 3]),
}


@pytest.mark.parametrize(("call", "dtype", "values"), [(call, *wanted) for call, wanted in MADE.items()], ids=MADE)
def test_making(call, dtype, values):
    found = eval(f"T.{call}", {"T": tg, "np": np})
    assert (found.dtype, found.tolist()) == (np.dtype(dtype), values)
    assert not found.requires_grad and found.is_leaf


@pytest.mark.parametrize("name", ["empty(2, 3)", "empty((2, 3))", "empty_like(T.zeros(2, 3))"])
def test_empty_has_a_shape_and_any_values(name):
    found = eval(f"T.{name}", {"T": tg})
    assert (found.shape, found.dtype) == ((2, 3), tg.float32)


def test_tensor_copies_and_as_tensor_and_from_numpy_share():
    array = np.zeros(2)
    copied, shared, viewed = tg.tensor(array), tg.as_tensor(array), tg.from_numpy(array)
    array[0] = 5
    assert (copied.tolist(), shared.tolist(), viewed.tolist()) == ([0, 0], [5, 0], [5, 0])
    assert tg.as_tensor(viewed) is viewed
    assert tg.as_tensor(viewed, dtype=tg.float32).dtype == tg.float32


def test_a_tensor_of_a_tensor_is_a_detached_copy():
    w = leaf([1.0])
    t = tg.tensor(w)
    assert not t.requires_grad and not np.shares_memory(t.data, w.data)


def test_dtype_names_are_numpy_dtypes():
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64"):
        assert getattr(tg, name) == np.dtype(name) and isinstance(getattr(tg, name), np.dtype)
    assert (tg.float, tg.double, tg.half, tg.long, tg.int) == (tg.float32, tg.float64, tg.float16, tg.int64, tg.int32)


def test_the_default_dtype_can_be_set():
    tg.set_default_dtype(tg.float64)
    assert tg.get_default_dtype() == tg.float64
    for made in (tg.zeros(1), tg.tensor(1.0), tg.rand(1), tg.tensor([1, 2]) / 2, tg.tensor(1).exp(), tg.arange(1.0)):
        assert made.dtype == tg.float64


# ---------------------------------------------------------------------- promotion

PYTHON = {"bool": True, "int": 1, "float": 1.0}
SCALARS = {"bool": np.bool_(True), "int": np.int64(1), "float": np.float64(1.0)}


def operand(text, numbers=PYTHON):
    name, _, kind = text.partition(" ")
    if kind == "number":
        return numbers[name]
    return tg.ones((2,) if kind == "dim" else (), dtype=name)


@pytest.mark.parametrize("function", [operator.add, operator.mul, tg.maximum], ids=lambda f: f.__name__)
def test_promotion_is_pytorchs(function):
    """All pairs of dtypes, of tensors with and without dimensions, and Python numbers."""
    found = [[a, b, function(operand(a), operand(b)).dtype.name] for a, b, _ in PROMOTION]
    assert found == PROMOTION


def test_where_and_cat_promote_the_same_way():
    mask = tg.tensor([True, False])
    assert [[a, b, tg.where(mask, operand(a), operand(b)).dtype.name] for a, b, _ in PROMOTION] == PROMOTION
    for a, b, wanted in PROMOTION:
        if a.endswith("dim") and b.endswith("dim"):
            assert tg.cat([operand(a), operand(b)]).dtype.name == wanted


def test_numpy_scalars_count_as_python_numbers():
    # With the scalar on the left of an integer tensor NumPy itself decides, before the tensor is asked.
    pairs = [(a, b, wanted) for a, b, wanted in PROMOTION if "number" in b or ("number" in a and "float" in b)]
    for a, b, wanted in pairs:
        assert (operand(a, SCALARS) + operand(b, SCALARS)).dtype.name == wanted


@pytest.mark.parametrize(
    ("call", "dtype"),
    [
        (lambda i: i / 2, tg.float32), (lambda i: i / i, tg.float32), (lambda i: 1 / i, tg.float32),
        (lambda i: i.exp(), tg.float32), (lambda i: tg.tanh(i), tg.float32), (lambda i: i.mean(), tg.float32),
        (lambda i: i.softmax(0), tg.float32), (lambda i: i * 2.5, tg.float32), (lambda i: i**2, tg.int64),
        (lambda i: i**0.5, tg.float32), (lambda i: i.sum(), tg.int64), (lambda i: i > 1, tg.bool),
        (lambda i: i.bool().sum(), tg.int64),
        (lambda i: i.to(tg.int32).sum(0), tg.int64), (lambda i: i.argmax(), tg.int64), (lambda i: i.max(), tg.int64),
        (lambda i: i.clip(0.5), tg.float32), (lambda i: i.clip(0, 1), tg.int64), (lambda i: i.double() / 2, tg.float64),
        (lambda i: i.half().mean(), tg.float16), (lambda i: i.half() * 2.0, tg.float16),
        (lambda i: i + 2**40, tg.int64),
    ],
)  # fmt: skip
def test_the_dtype_of_integers_after(call, dtype):
    assert call(tg.tensor([1, 2])).dtype == dtype


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
    assert isinstance(w.data, np.ndarray) and w.detach().numpy() is w.data
    assert w.T.shape == w.mT.shape == (3, 1) and tg.zeros(2, 3, 4).T.shape == (4, 3, 2)
    y = w * 2
    assert y.requires_grad and not y.is_leaf and repr(y.grad_fn) == "<Mul>"
    assert tg.zeros(()).shape == () and isinstance((tg.zeros(3) + 1).sum().data, np.ndarray)


def test_out_to_python():
    t = tg.tensor([[1.5, 2.0]])
    assert t.tolist() == [[1.5, 2.0]] and tg.tensor(3).item() == 3 and tg.tensor([[2.5]]).item() == 2.5
    assert float(tg.tensor(2.5)) == 2.5 and int(tg.tensor(2.9)) == 2 and bool(tg.tensor([0.0])) is False
    assert [10, 20, 30][tg.tensor(1)] == 20 and list(range(tg.tensor(2))) == [0, 1]
    assert float(leaf(2.0) * 2) == 4.0
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
        (lambda: tg.tensor([1.0], dtype=tg.float64), "tensor([1.], dtype=float64)"),
        (lambda: tg.zeros(0), "tensor([], dtype=float32)"),
        (lambda: tg.zeros(0, 3), "tensor([], shape=(0, 3), dtype=float32)"),
        (lambda: tg.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
        (lambda: tg.ones(1, 2, requires_grad=True) * tg.tensor([[1.0, 2.0]]), "tensor([[1., 2.]], grad_fn=<Mul>)"),
        (lambda: tg.ones(2, requires_grad=True).log_softmax(0), "tensor([-0.6931, -0.6931], grad_fn=<LogSoftmax>)"),
        (lambda: tg.zeros(2, 2), "tensor([[0., 0.],\n        [0., 0.]])"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == str(make()) == text


def test_format():
    assert f"{tg.tensor(3.14159):.2f}" == "3.14" and f"{leaf([2.0]):5.1f}" == "  2.0"
    assert f"{tg.tensor([1.0, 2.0])}" == "tensor([1., 2.])"


def test_names():
    w = leaf([1.0])
    w.name = "w"
    assert w.name == "w" and (w * 2).name is None


def test_clone_detach_and_deepcopy():
    w = leaf([1.0, 2.0])
    (w * w).sum().backward()
    c, d, e = w.clone(), w.detach(), copy.deepcopy(w)
    assert c.requires_grad and not c.is_leaf and not np.shares_memory(c.data, w.data)
    assert not d.requires_grad and np.shares_memory(d.data, w.data)
    assert e.is_leaf and e.requires_grad and not np.shares_memory(e.data, w.data)
    assert e.grad.tolist() == [2, 4] and not np.shares_memory(e.grad.data, w.grad.data)
    with pytest.raises(ArgumentError, match=r"only leaf tensors.*made by <Clone>.*detach\(\).clone\(\)"):
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
    np.testing.assert_allclose(x.grad.data, wanted, rtol=1e-5, atol=1e-7)


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
    arrays = [given, a.grad.data, b.grad.data, y.data]
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
    assert found.tolist() == [3, 4] and not np.shares_memory(found.data, given)


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
    assert w.grad.data.flags.writeable and w.grad.is_leaf and not w.grad.requires_grad
    w.grad.zero_()
    (found,) = grad(function(w), w)
    assert (found.dtype, found.shape) == (dtype, (3, 2)) and found.data.flags.writeable


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
        np.testing.assert_allclose(slope.detach().numpy(), factor * x.data**power)
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
    assert not np.shares_memory(h.grad.data, w.grad.data)


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
        watched = [weakref.ref(thing) for thing in (x, y, x.data, y.data)]
        del x, y
        assert [w() for w in watched] == [None] * 4
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_backward_frees_what_was_kept():
    w = leaf([1.0, 2.0])
    h = w.exp()
    kept = weakref.ref(h.data)
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
    first = weakref.ref(x.data)
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
    assert w.numpy(force=True) is w.data
