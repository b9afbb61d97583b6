"""NumPy's functions take Tensors, mean what they mean on arrays, and never drop a gradient."""

import re

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import NoRuleError

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])

CALLS = {
    "np.exp(x)": lambda x: np.exp(x),
    "np.tanh(x)": lambda x: np.tanh(x),
    "np.log(np.abs(x))": lambda x: np.log(np.abs(x)),
    "np.sqrt(np.square(x))": lambda x: np.sqrt(np.square(x)),
    "np.add(x, 1)": lambda x: np.add(x, 1),
    "np.power(x, 2)": lambda x: np.power(x, 2),
    "np.maximum(x, 0)": lambda x: np.maximum(x, 0),
    "np.minimum(0.2, x)": lambda x: np.minimum(0.2, x),
    "np.where(x > 0, x, 0.1 * x)": lambda x: np.where(x > 0, x, 0.1 * x),
    "np.clip(x, -1.5, 0.9)": lambda x: np.clip(x, -1.5, 0.9),
    "np.clip(x, None, 0.9)": lambda x: np.clip(x, None, 0.9),
    "np.sum(x)": lambda x: np.sum(x),
    "np.sum(x, axis=0)": lambda x: np.sum(x, axis=0),
    "np.sum(x, 1, keepdims=True)": lambda x: np.sum(x, 1, keepdims=True),
    "np.sum(x, axis=(0, 1))": lambda x: np.sum(x, axis=(0, 1)),
    "np.add.reduce(x)": lambda x: np.add.reduce(x),
    "np.maximum.reduce(x, axis=1)": lambda x: np.maximum.reduce(x, axis=1),
    "np.mean(x, axis=1)": lambda x: np.mean(x, axis=1),
    "np.mean(x)": lambda x: np.mean(x),
    "np.std(x)": lambda x: np.std(x),
    "np.std(x, axis=1, ddof=1)": lambda x: np.std(x, axis=1, ddof=1),
    "np.var(x, axis=0)": lambda x: np.var(x, axis=0),
    "np.max(x, axis=1)": lambda x: np.max(x, axis=1),
    "np.max(x)": lambda x: np.max(x),
    "np.min(x, axis=0, keepdims=True)": lambda x: np.min(x, axis=0, keepdims=True),
    "np.dot(x, x.T)": lambda x: np.dot(x, x.T),
    "np.dot(x, [1., 2., 3.])": lambda x: np.dot(x, np.array([1.0, 2.0, 3.0])),
    "np.matmul(x, x.T)": lambda x: np.matmul(x, x.T),
    "x @ array": lambda x: x @ np.ones((3, 2)),
    "array @ x": lambda x: np.ones((3, 2)) @ x,
    "array - x": lambda x: np.ones(3) - x,
    "array / x": lambda x: np.ones((2, 3)) / x,
    "np.float64(2) * x": lambda x: np.float64(2) * x,
    "[1., 2., 3.] + x": lambda x: np.array([1.0, 2.0, 3.0]) + x,
    "np.transpose(x)": lambda x: np.transpose(x),
    "np.transpose(x, (1, 0))": lambda x: np.transpose(x, (1, 0)),
    "np.swapaxes(x, 0, 1)": lambda x: np.swapaxes(x, 0, 1),
    "np.moveaxis(x, 0, -1)": lambda x: np.moveaxis(x, 0, -1),
    "np.reshape(x, -1)": lambda x: np.reshape(x, -1),
    "np.reshape(x, (3, 2))": lambda x: np.reshape(x, (3, 2)),
    "np.ravel(x)": lambda x: np.ravel(x),
    "np.expand_dims(x, 1)": lambda x: np.expand_dims(x, 1),
    "np.squeeze(x[None])": lambda x: np.squeeze(x[None]),
    "np.broadcast_to(x, (2, 2, 3))": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "np.concatenate([x, x], axis=1)": lambda x: np.concatenate([x, x], axis=1),
    "np.concatenate([x, array], axis=None)": lambda x: np.concatenate([x, np.ones((1, 2))], axis=None),
    "np.stack([x, 2 * x], axis=1)": lambda x: np.stack([x, 2 * x], axis=1),
    "np.copy(x)": lambda x: np.copy(x),
    "np.take_along_axis": lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1),
    "softmax by hand": lambda x: np.exp(x - np.max(x, axis=1, keepdims=True)) / np.sum(np.exp(x), axis=1)[:, None],
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@calls
def test_a_tensor_gives_what_the_array_gives(call):
    wanted, found = call(X), call(tg.tensor(X))
    assert isinstance(found, tg.Tensor)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-14)


@calls
def test_the_gradient_is_that_of_the_differences(call):
    x = tg.tensor(X, requires_grad=True)
    g = np.random.default_rng(0).standard_normal(np.shape(call(X)))
    call(x).backward(g)
    step, wanted = 1e-6, np.zeros_like(X)
    for i in np.ndindex(X.shape):
        e = np.zeros_like(X)
        e[i] = step
        wanted[i] = np.sum(g * (call(X + e) - call(X - e))) / (2 * step)
    np.testing.assert_allclose(x.grad.numpy(), wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["argmax", "argmin", "any", "all", "isnan", "signbit", "shape", "ndim", "size",
                                  "count_nonzero", "logical_not", "isfinite"])  # fmt: skip
def test_functions_without_a_gradient_take_a_tensor_that_requires_grad(name):
    function = getattr(np, name)
    np.testing.assert_array_equal(np.asarray(function(tg.tensor(X, requires_grad=True))), function(X))


@pytest.mark.parametrize("ufunc", [np.exp, np.sqrt, np.sin, np.log1p, np.negative, np.abs, np.square, np.sign])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float16", "float32", "float64"])
def test_a_ufunc_gives_the_dtype_of_numpy(ufunc, dtype):
    x = np.ones(2, dtype)
    assert ufunc(tg.tensor(x)).dtype == ufunc(x).dtype


@pytest.mark.parametrize("a", ["bool", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("b", ["bool", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.true_divide, np.maximum])
def test_two_operands_give_the_dtype_of_numpy(ufunc, a, b):
    x, y = np.ones(2, a), np.ones(2, b)
    wanted = ufunc(x, y).dtype
    assert ufunc(tg.tensor(x), tg.tensor(y)).dtype == wanted
    assert ufunc(tg.tensor(x), y).dtype == wanted
    assert ufunc(x, tg.tensor(y)).dtype == wanted


def test_where_the_two_surfaces_differ():
    x, ints = tg.tensor(X, dtype=tg.float32), tg.tensor([1, 2])
    assert np.exp(ints).dtype == tg.float64 and tg.exp(ints).dtype == tg.float32
    assert np.mean(ints).dtype == tg.float64 and ints.mean().dtype == tg.float32
    assert np.add(x, X).dtype == tg.float64 and (x + X).dtype == tg.float64
    assert np.std(x).item() == pytest.approx(X.std()) and x.std().item() == pytest.approx(X.std(ddof=1))
    assert isinstance(np.max(x, axis=1), tg.Tensor) and isinstance(x.max(dim=1), tuple)
    assert np.transpose(tg.zeros(2, 3, 4)).shape == (4, 3, 2)
    assert tg.transpose(tg.zeros(2, 3, 4), 0, 1).shape == (3, 2, 4)


@pytest.mark.parametrize("scalar", [np.float64(2), np.float32(2), np.int64(2), np.int8(2), np.bool_(True)])
def test_a_numpy_scalar_never_widens_in_operators(scalar):
    x = tg.ones(2)
    for result in (scalar * x, x * scalar, x + scalar, scalar - x, x / scalar):
        assert isinstance(result, tg.Tensor) and result.dtype == tg.float32


# ---------------------------------------------------------------------- without a rule

NO_RULE = {
    "np.histogram2d": lambda x: np.histogram2d(x[0], x[1]),
    "np.histogramdd": lambda x: np.histogramdd(x.T)[0],
    "np.polyfit: full=": lambda x: np.polyfit([0.0, 1.0, 2.0], x[0], 1, full=True)[:1],
}
no_rule = pytest.mark.parametrize(("name", "call"), NO_RULE.items(), ids=NO_RULE)


@no_rule
def test_a_function_without_a_rule_refuses_a_tensor_that_requires_grad_by_name(name, call):
    with pytest.raises(
        NoRuleError, match=rf"{name}( has no derivative rule| is not recorded), .* requires grad.*t.detach\(\)"
    ):
        call(tg.tensor(X, requires_grad=True))


def _equal(found, wanted):
    if isinstance(wanted, tuple):
        for one, other in zip(found, wanted, strict=True):
            _equal(one, other)
    else:
        assert isinstance(found, tg.Tensor)
        np.testing.assert_array_equal(found.numpy(), wanted)


@no_rule
def test_a_function_without_a_rule_works_on_other_tensors(name, call):
    _equal(call(tg.tensor(X)), call(X))


@no_rule
def test_a_function_without_a_rule_works_under_no_grad(name, call):
    with tg.no_grad():
        _equal(call(tg.tensor(X, requires_grad=True)), call(X))


@pytest.mark.parametrize("read", [np.asarray, np.array, lambda t: t.__array__(), lambda t: np.asarray(t * 2)])
def test_reading_a_tensor_that_requires_grad_as_an_array_is_refused(read):
    with pytest.raises(NoRuleError, match=r"Use t.detach\(\).numpy\(\)"):
        read(tg.tensor(X, requires_grad=True))


@pytest.mark.parametrize(("call", "name", "write"), [
    ("a.dot(t)", "np.asarray", "X @ t or np.dot(X, t)"), ("np.array([t, t])", "np.asarray", "np.stack([a, b])"),
    ("np.array([t, t])", "np.asarray", "like=a"), ("np.asarray([[t]])", "np.asarray", "like=a"),
    ("np.mean([t, t])", "np.mean", "np.stack([a, b])"), ("np.r_[t, t]", "np.r_", "np.concatenate"),
    ("np.c_[t, t]", "np.c_", "np.concatenate"), ("np.vectorize(abs)(t)", "np.vectorize", "tg.func.vmap(f)"),
    ("np.full((2, 2), t[0, 0])", "np.full", "t.detach().numpy()"), ("np.full((2, 3), t, float)", "np.full", "like=t"),
])  # fmt: skip
def test_what_numpy_cannot_be_asked_is_refused_with_what_to_write(call, name, write):
    with pytest.raises(NoRuleError) as refused:
        eval(call, {"np": np, "a": X.T, "t": tg.tensor(X, requires_grad=True)})
    assert name in str(refused.value) and write in str(refused.value)


LISTS = """np.array([a, b]); np.asarray((a, b)); np.array([[a], [b]]); np.array([a, b], dtype=object)
    np.array([s, 1.0]); np.array([s, s], dtype=object); np.mean([a, b]); np.mean([s, s]); np.mean([a, b], axis=0)
    np.sum([s, s]); np.std([a, b]); np.max([s, s]); np.median([s, s]); np.exp([a, b]); np.add([s, s], 1)
    np.dot([s, s], [s, s]); np.linalg.norm([s, s]); np.where([True, False], [s, s], 0); np.concatenate([[s], [s]])
    np.r_[s, s]; np.c_[a, b]; np.atleast_1d([s, s])"""


@pytest.mark.parametrize("call", [call.strip() for line in LISTS.splitlines() for call in line.split(";")])
def test_of_a_list_numpy_asks_nobody_and_what_the_refusal_says_to_write_is_recorded(call):
    # No protocol looks inside a list: __array_function__ asks arguments alone, and __array__ has to give an array,
    # also for dtype=object, which NumPy asks for only after it has the numbers.
    names = {name: tg.tensor(X[0], requires_grad=True) for name in "abcd"}
    names |= {"np": np, "s": tg.tensor(2.0, requires_grad=True)}
    with pytest.raises(NoRuleError) as refused:
        eval(call, names)
    written = [*re.findall(r"np\.[a-z]+\((?:np\.stack\()?\[.*?\]\)+", str(refused.value))]
    written += re.findall(r"np\.array\(.*?like=a\)", str(refused.value))
    assert len(written) == 4
    for instead in written:
        eval(instead, names).sum().backward()
        assert names["a"].grad is not None and names["b"].grad is not None
        names["a"].grad = names["b"].grad = None


def test_arrays_made_like_a_tensor_are_recorded():
    s = tg.tensor(0.5, dtype=tg.float64, requires_grad=True)
    rotation = np.array([[np.cos(s), -np.sin(s)], [np.sin(s), 1.0]], like=s)
    assert rotation.shape == (2, 2) and rotation.dtype == s.dtype
    (rotation.sum() + np.full((2, 3), s, like=s).sum()).backward()
    assert s.grad.item() == pytest.approx(-np.sin(0.5) + 6, rel=1e-6)


def test_a_plain_tensor_is_read_as_an_array():
    t = tg.tensor(X)
    assert np.shares_memory(np.asarray(t), t.detach().numpy())
    assert not np.shares_memory(np.array(t), t.detach().numpy())
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    assert list(map(float, tg.tensor([1.0, 2.0]))) == [1.0, 2.0]


def test_like_functions_make_tensors():
    t = tg.ones(2, 3)
    assert np.zeros_like(t).tolist() == [[0] * 3] * 2
    assert isinstance(np.ones_like(t), tg.Tensor) and np.full_like(t, 7).tolist() == [[7] * 3] * 2
    assert np.zeros_like(t, dtype=np.int64).dtype == tg.int64


def test_comparisons_of_numpy_take_tensors():
    t = tg.tensor(X, requires_grad=True)
    assert np.allclose(t, X) and np.array_equal(t, X)
    assert np.nonzero(tg.tensor([0, 1, 2]))[0].tolist() == [1, 2]
    np.testing.assert_allclose(tg.tensor(X), X)


def test_squeeze_refuses_an_axis_that_is_not_1_as_numpy_does():
    with pytest.raises(ValueError, match=r"np.squeeze: axis 0 of \(2, 1\)"):
        np.squeeze(tg.zeros(2, 1), axis=0)
    assert np.squeeze(tg.zeros(2, 1), axis=1).shape == (2,)
