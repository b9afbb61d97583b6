"""Elementwise functions, units and losses against PyTorch's numbers, and their other names and spellings.

Golden numbers: tests/golden/make_elementwise.py. Derivatives of every op are checked in test_every_op.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, LeafWriteError, ShapeError, TargetError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.ops.passes import choose

F = tg.nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "elementwise.json").read_text())
INF = float("inf")
# Where PyTorch itself has fewer digits: a sixth in float32, and a short series of the trigamma function.
ROUGH = {"F.hardsigmoid(k)", "torch.polygamma(1, g)"}
RRELU = [-0.1068216391301041, 2.0, -0.6293921813770456, -0.12729149443285842]  # torch.manual_seed(3), the same call


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["text"])
def test_values_and_gradients_are_those_of_pytorch(case):
    tensors = {}
    for name, numbers in GOLDEN["inputs"].items():
        constant = name in GOLDEN["constant"]
        tensors[name] = tg.tensor(numbers, dtype=None if constant else tg.float64, requires_grad=not constant)
    result = eval(case["text"], {"torch": tg, "F": F, "INF": INF, **tensors})
    assert str(result.dtype) == case["dtype"] and result.shape == np.shape(case["value"])
    rough = case["text"] in ROUGH
    np.testing.assert_allclose(result.detach().numpy(), case["value"], rtol=1e-8 if rough else 1e-11, atol=1e-13)
    if not case["grads"]:
        return
    result.backward(np.resize([1.0, -0.5, 2.0, 0.25], result.shape))
    for name, wanted in case["grads"].items():
        found = tensors[name].grad
        found = np.zeros(tensors[name].shape) if found is None else found.numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-7 if rough else 1e-9, atol=1e-12, err_msg=name)


# ---------------------------------------------------------------------- NumPy's names

UNARY = [
    "absolute", "fabs", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos",
    "cosh", "deg2rad", "degrees", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "negative",
    "positive", "rad2deg", "radians", "reciprocal", "rint", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
    "trunc", "conjugate", "fix", "sinc", "i0", "nan_to_num", "angle", "real", "round", "around",
]  # fmt: skip
BINARY = [
    "add", "arctan2", "copysign", "divide", "float_power", "floor_divide", "fmax", "fmin", "fmod", "hypot",
    "logaddexp", "logaddexp2", "maximum", "minimum", "mod", "multiply", "nextafter", "power", "remainder",
    "subtract", "true_divide",
]  # fmt: skip
TESTS = ["isposinf", "isneginf", "isreal", "signbit", "isnan", "isinf", "isfinite", "logical_not"]


def _domain(name):
    return np.array([[1.5, 2.25, 3.0]]) if name == "arccosh" else np.array([[0.3, 0.75, 0.5]])


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # of arrays, from NumPy 2.5 on
@pytest.mark.parametrize("name", UNARY)
def test_a_numpy_function_of_one_array_takes_tensors(name):
    function, x = getattr(np, name), _domain(name)
    for dtype in ("float64", "float32"):
        found = function(tg.tensor(x.astype(dtype), requires_grad=True))
        wanted = function(x.astype(dtype))
        assert isinstance(found, tg.Tensor) and found.dtype == wanted.dtype and found.requires_grad
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-14 if dtype == "float64" else 1e-6)


@pytest.mark.parametrize("name", BINARY)
def test_a_numpy_function_of_two_arrays_takes_tensors(name):
    function, a, b = getattr(np, name), np.array([0.3, -1.5, 2.0]), np.array([1.2, 2.0, 0.7])
    a = np.abs(a) if "power" in name else a
    x = tg.tensor(a, requires_grad=True)
    for found in (function(x, b), function(x, tg.tensor(b)), function(tg.tensor(a), tg.tensor(b, requires_grad=True))):
        assert isinstance(found, tg.Tensor) and found.requires_grad
        np.testing.assert_allclose(found.detach().numpy(), function(a, b), rtol=1e-14)


@pytest.mark.parametrize("name", TESTS)
def test_a_numpy_test_takes_tensors_that_require_grad(name):
    x = np.array([0.0, -0.0, 1.0, -INF, INF, np.nan])
    found = getattr(np, name)(tg.tensor(x, requires_grad=True))
    assert not found.requires_grad
    np.testing.assert_array_equal(found.numpy(), getattr(np, name)(x))


def test_numpy_functions_with_arguments_and_several_results():
    x, t = np.array([1.237, -6.5, 0.0]), tg.tensor([1.237, -6.5, 0.0], dtype=tg.float64, requires_grad=True)
    same = np.testing.assert_array_equal
    same(np.round(t, 1).detach(), np.round(x, 1))
    same(np.around(t, decimals=2).detach(), np.around(x, decimals=2))
    for one, two in zip(np.modf(t) + np.frexp(t) + np.divmod(t, 2.0), np.modf(x) + np.frexp(x) + np.divmod(x, 2.0)):
        same(one.detach().numpy(), two)
        assert one.dtype == two.dtype
    same(np.ldexp(t, np.array([900, 2, 3])).detach(), np.ldexp(x, [900, 2, 3]))
    same(np.heaviside(t, 0.5).numpy(), np.heaviside(x, 0.5))
    same(np.isclose(t, x + 1e-9).numpy(), np.isclose(x, x + 1e-9))
    z = np.array([1 + 1j, -2.0])
    np.testing.assert_allclose(np.angle(tg.tensor(z), deg=True).numpy(), np.angle(z, deg=True))
    np.testing.assert_allclose(np.sign(tg.tensor(z)).numpy(), np.sign(z))
    np.testing.assert_allclose(np.sinc(tg.tensor(z)).numpy(), np.sinc(z), rtol=1e-13)
    bad = np.array([np.nan, INF, -INF])
    given = {"copy": True, "nan": 1.0, "posinf": 2.0, "neginf": 3.0}
    same(np.nan_to_num(tg.tensor(bad), **given).numpy(), np.nan_to_num(bad, **given))
    assert np.reciprocal(tg.tensor([2, 1])).tolist() == np.reciprocal(np.array([2, 1])).tolist()


# ---------------------------------------------------------------------- operators and dtypes


def test_python_operators():
    x = tg.tensor([7.5, -7.5], dtype=tg.float64, requires_grad=True)
    assert (x % 2).tolist() == [7.5 % 2, -7.5 % 2] and (x // 2).tolist() == [7.5 // 2, -7.5 // 2]
    assert (20 % x).tolist() == [20 % 7.5, 20 % -7.5] and (20 // x).tolist() == [20 // 7.5, 20 // -7.5]
    assert [part.tolist() for part in divmod(x, 2)] == [[3.0, -4.0], [1.5, 0.5]]
    assert [part.tolist() for part in divmod(16, x)] == [[2.0, -3.0], [1.0, -6.5]]
    i = tg.tensor([5, 6])
    assert (i << 1).tolist() == [10, 12] and (1 << i).tolist() == [32, 64] and (i >> 1).tolist() == [2, 3]
    y = x.detach().clone()
    y %= 2
    y //= 0.5
    assert y.tolist() == [3.0, 1.0]


NUMBERS = [
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2", "hypot", "logaddexp", "logaddexp2", "fmax",
    "fmin", "copysign", "fmod", "remainder", "xlogy", "clamp_min", "clamp_max", "floor_divide", "nextafter",
]  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_never_widens_value_or_gradient(name):
    function = getattr(tg, name)
    for call in (lambda x: function(x, 2.0), lambda x: function(2.0, x)):
        x = tg.tensor([0.5, 1.5], requires_grad=True)
        y = call(x)
        y.sum().backward()
        assert y.dtype == tg.float32 == x.grad.dtype
    x = tg.tensor([0.5, 1.5], requires_grad=True)
    (first,) = tg.autograd.grad(function(x, 2.0).sum(), x, create_graph=True)
    assert first.dtype == tg.float32


FLOATS = [
    "sin", "asin", "atan", "sinh", "asinh", "exp2", "log2", "rsqrt", "cbrt", "reciprocal", "sigmoid", "erf", "erfc",
    "lgamma", "digamma", "i0", "deg2rad",
]  # fmt: skip


@pytest.mark.parametrize("name", [*FLOATS, "special.ndtr", "special.erfcx", "special.i1e", "special.log_ndtr"])
def test_integers_become_the_default_float(name):
    function = tg
    for part in name.split("."):
        function = getattr(function, part)
    assert function(tg.tensor([1, 1])).dtype == tg.float32
    for dtype in (tg.float16, tg.float32, tg.float64):
        assert function(tg.tensor([1.0], dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign"])
def test_whole_numbers_stay_integers(name):
    x = tg.tensor([3, -2])
    assert getattr(tg, name)(x).dtype == tg.int64 and getattr(x, name)() is not x


def test_one_object_has_all_its_names():
    for names in ("acos arccos", "asinh arcsinh", "atan2 arctan2", "trunc fix", "sub subtract", "gt greater",
                  "special.gammaln lgamma", "special.expit sigmoid", "special.psi digamma"):  # fmt: skip
        one, other = (eval(f"tg.{name}") for name in names.split())
        assert one is other
    assert tg.Tensor.arccos is tg.acos and tg.Tensor.greater is tg.gt


# ---------------------------------------------------------------------- complex numbers


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tan", "acosh", "sigmoid", "reciprocal", "sinc", "log10"])
def test_a_real_function_of_complex_numbers_has_the_conjugate_gradient(name):
    z = tg.tensor([0.5 + 0.3j, -0.4 + 1.2j], requires_grad=True, dtype=tg.complex128)
    tg.view_as_real(getattr(tg, name)(z)).pow(2).sum().backward()
    step = 1e-6

    def loss(v):
        return float((np.abs(getattr(tg, name)(tg.tensor(v)).numpy()) ** 2).sum())

    for i in range(2):
        e = np.eye(2)[i] * step
        across = (loss(z.detach().numpy() + e) - loss(z.detach().numpy() - e)) / (2 * step)
        along = (loss(z.detach().numpy() + 1j * e) - loss(z.detach().numpy() - 1j * e)) / (2 * step)
        assert z.grad[i].item() == pytest.approx(across + 1j * along, rel=1e-6)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_a_power_of_truths_counts(exponent):
    t = tg.tensor([True, False])
    assert (t**exponent).dtype == np.int64 and (t**exponent).tolist() == [1, 0**exponent]


def test_complex_powers_and_absolute_values():
    z = tg.tensor([3 + 4j], requires_grad=True)
    z.abs().sum().backward()
    assert z.grad.item() == pytest.approx(0.6 + 0.8j)
    assert tg.pow(tg.tensor([1j]), 2).item() == pytest.approx(-1)
    with pytest.raises(DtypeError, match=r"tg\.sgn"):
        tg.sign(z)


@pytest.mark.parametrize("exponent", [2.0, 0.5, -1.5, 3, 0, 1j, np.float32(2), np.complex64(1 - 1j)])
@pytest.mark.parametrize("power", [lambda z, n: z**n, tg.pow, tg.float_power, np.power, np.float_power, "**="])
def test_a_power_of_complex_numbers_is_complex(power, exponent):
    z = tg.tensor([1 + 1j, -2.0, 0.5j])
    if power == "**=":
        y = z.clone()
        y **= exponent
    else:
        y = power(z, exponent)
    assert y.dtype == (np.complex128 if power in (tg.float_power, np.float_power) else np.complex64)
    np.testing.assert_allclose(
        y.detach().numpy(), z.detach().numpy().astype(complex) ** complex(exponent), rtol=1e-5, atol=1e-6
    )


CUTS = {
    "float()": lambda z: z.float(), "to(int64)": lambda z: z.to(tg.int64), "type_as": lambda z: z.type_as(tg.ones(1)),
    "tensor(dtype)": lambda z: tg.tensor(z.detach(), dtype=tg.float32), "copy_": lambda z: tg.ones(2).copy_(z.detach()),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_cast_to_real_numbers_warns_as_numpy_does(cut):
    z = tg.tensor([1 + 2j, 3.0], requires_grad=True)
    with pytest.warns(np.exceptions.ComplexWarning, match="imaginary part"):
        assert cut(z).tolist() == [1, 3]


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_real_number_that_became_complex_has_a_real_gradient_without_a_warning(create_graph):
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * tg.tensor([1 + 1j, 2j])).abs().sum().backward(create_graph=create_graph)
    np.testing.assert_allclose(x.grad.detach().numpy(), [np.sqrt(2), 2], rtol=1e-6)


# ---------------------------------------------------------------------- in place


WRITES = [
    "exp_()", "sqrt_()", "clamp_(0.5, 1.0)", "neg_()", "abs_()", "pow_(2)", "sigmoid_()", "tanh_()", "relu_()",
    "lerp_(1.0, 0.5)", "addcmul_(2.0, 3.0)", "add_(1.0, alpha=2)", "round_()", "erf_()",
    "div_(2.0, rounding_mode='floor')", "atan2_(2.0)",
]  # fmt: skip


@pytest.mark.parametrize("text", WRITES)
def test_a_method_with_a_dash_writes_in_place(text):
    plain = text.replace("_(", "(")
    x = tg.tensor([0.4, 2.5], dtype=tg.float64)
    wanted, memory = eval(f"x.clone().{plain}", {"x": x}), x.detach().numpy()
    assert eval(f"x.{text}", {"x": x}) is x and x.detach().numpy() is memory
    np.testing.assert_array_equal(x.numpy(), wanted.numpy())
    leaf = tg.tensor([0.4, 2.5], dtype=tg.float64, requires_grad=True)
    with pytest.raises(LeafWriteError):
        eval(f"x.{text}", {"x": leaf})
    recorded = leaf * 1
    eval(f"x.{text}", {"x": recorded})
    recorded.sum().backward()
    other = leaf.detach().clone().requires_grad_()
    eval(f"x.{plain}", {"x": other}).sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), other.grad.numpy())


def test_units_write_their_input_where_asked():
    for unit in (tg.nn.ReLU(inplace=True), tg.nn.Hardtanh(inplace=True), lambda x: F.leaky_relu(x, 0.5, inplace=True)):
        x = tg.tensor([-2.0, 3.0])
        assert unit(x) is x and x.tolist()[1] in (3.0, 1.0) and x.tolist()[0] in (0.0, -1.0)
    assert repr(tg.nn.ReLU(inplace=True)) == "ReLU(inplace=True)" and repr(tg.nn.CELU()) == "CELU(alpha=1.0)"


def test_rrelu_draws_the_numbers_of_pytorch():
    tg.manual_seed(3)
    found = F.rrelu(tg.tensor([-1.0, 2.0, -4.0, -0.5], dtype=tg.float64), 0.1, 0.3, training=True)
    np.testing.assert_allclose(found.numpy(), RRELU, rtol=1e-12)


# ---------------------------------------------------------------------- mistakes

MISTAKES = [
    (lambda x: tg.div(x, 2, rounding_mode="up"), ArgumentError, "rounding_mode is None, 'floor' or 'trunc', got 'up'"),
    (lambda x: tg.polygamma(-1, x), ArgumentError, "the order n is 0 or more"),
    (lambda x: tg.mvlgamma(x, 0), ArgumentError, "the dimension p is 1 or more"),
    (lambda x: F.softshrink(x, -1.0), ArgumentError, "not negative; got -1.0"),
    (lambda x: F.celu(x, 0.0), ArgumentError, "alpha divides"),
    (lambda x: F.glu(x), ShapeError, r"must exist and be even; got \(2, 3\)"),
    (lambda x: F.prelu(x, tg.ones(2)), ShapeError, r"the input \(2, 3\) and weight \(2,\)"),
    (lambda x: F.rrelu(x, 0.5, 0.1), ArgumentError, "lower must not be above upper"),
    (lambda x: F.multi_margin_loss(x, tg.tensor([0, 3])), TargetError, "run from 0 to 2, got 0 to 3"),
    (lambda x: F.multi_margin_loss(x, tg.tensor([0.0, 1.0])), TargetError, "integers; got float32"),
    (lambda x: F.multi_margin_loss(x, tg.tensor([0])), ShapeError, r"got \(2, 3\) and \(1,\)"),
    (lambda x: F.multi_margin_loss(x, tg.tensor([0, 1]), p=3), ArgumentError, "p is 1 or 2, got 3"),
    (lambda x: F.multilabel_margin_loss(x, tg.tensor([[0, 1, -2]] * 2)), TargetError, "got -2 to 1"),
    (lambda x: F.gaussian_nll_loss(x, x, -x.abs()), ArgumentError, "some are negative"),
    (lambda x: F.gaussian_nll_loss(x, x, tg.ones(4)), ShapeError, r"the input is \(2, 3\), var \(4,\)"),
    (lambda x: F.triplet_margin_loss(x, x, x, margin=0.0), ArgumentError, "above 0, got 0.0"),
    (lambda x: tg.nn.TripletMarginLoss(margin=-1.0), ArgumentError, "above 0, got -1.0"),
    (lambda x: F.cosine_embedding_loss(x, x, tg.ones(2, 3)), ShapeError, r"and \(2, 3\)"),
    (lambda x: F.kl_div(x, x.abs() + 1, reduction="average"), ArgumentError, "'mean', 'sum' or 'none', got 'average'"),
    (lambda x: F.pdist(x[0]), ShapeError, r"one vector a row; got \(3,\)"),
    (lambda x: tg.cdist(x, tg.ones(2, 4)), ShapeError, r"x1 \(2, 3\) and x2 \(2, 4\)"),
    (lambda x: F.cosine_similarity(x, tg.ones(2, 4)), ShapeError, "do not broadcast"),
    (lambda x: tg.hypot(x, tg.ones(4)), ShapeError, r"hypot: a \(2, 3\) float32 and b \(4,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES, ids=[text for _, _, text in MISTAKES])
def test_a_mistake_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call(tg.tensor([[0.5, 1.5, -2.0], [1.0, 0.0, 3.0]]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.int64, np.complex64])
@pytest.mark.parametrize("shapes", [
    ((80, 80), (80, 80), (80, 80)), ((80, 80), (), (80, 80)), ((80, 80), (80, 1), (80,)),
    ((5000,), (2, 5000), (3, 1, 1)), ((80,), (80, 80), ()),
], ids=str)  # fmt: skip
def test_choosing_by_bits_is_numpys_where(dtype, shapes):
    """Large arrays take another way: every bit of what is chosen arrives, NaN's and −0's among them."""
    rng = np.random.default_rng(0)
    condition = rng.random(shapes[0]) < 0.5
    a, b = (np.asarray(100 * rng.standard_normal(shape)).astype(dtype) for shape in shapes[1:])
    if a.size > 1 and a.dtype.kind in "fc":
        a.flat[:4] = [np.nan, -np.inf, -0.0, 0.0]
    for one, two, chosen in (
        (a, b, condition), (b.T, a.T, condition.T), (a, 2, condition), (-1, b, condition), (a, 0.0, condition),
        (a, -0.0, condition),
    ):  # fmt: skip
        try:
            wanted = np.where(chosen, one, two)
        except ValueError:  # turned round they do not broadcast
            continue
        found = choose(chosen, one, two)
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(np.signbit(found.real), np.signbit(wanted.real))


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "masked_softmax"])
def test_many_short_rows_give_what_each_gives_alone(name, dtype):
    """Together they take another way to their maximum and their sum."""
    rows = np.random.default_rng(0).standard_normal((2, 300, 7)).astype(dtype)
    rows[0, :5, 3], rows[0, 5] = [np.nan, np.inf, -np.inf, 88.0, -6e4], -np.inf
    function = OPS[name].function
    alone = [function(tg.tensor(row)).numpy() for row in rows[0]]
    np.testing.assert_allclose(function(tg.tensor(rows)).numpy()[0], alone, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("exponent", [2, 3, 4, 5, 6, 7, 10, -1, -2, -3, -4, 3.0, 5.0, -7.0, 0, 1, 0.5, -0.5, 2.5, 1e9])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_power_is_numpys_in_every_corner(dtype, exponent):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 2.0, -2.0, 0.3, -0.3, 1e-3, -1e-3, 100, -100], dtype)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        wanted = (np.sqrt(wide) if exponent == 0.5 else np.power(wide, exponent)).astype(dtype)
        found = tg.pow(tg.tensor(x), exponent).numpy()
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("corner", [None, 0.0, -0.0, -1.0, np.inf, -np.inf, np.nan])
def test_one_over_a_root_of_many_is_numpys(dtype, corner):
    x = np.random.default_rng(0).uniform(0.1, 5, 5000).astype(dtype)
    if corner is not None:
        x[7] = corner
    with np.errstate(all="ignore"):
        wanted, found = np.power(x, -0.5), tg.pow(tg.tensor(x), -0.5).numpy()
    np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps)


def test_the_sign_of_a_boolean_is_that_itself():
    flags = tg.tensor([True, False])
    assert [*map(repr, (flags.sign(), tg.sgn(flags), flags.clone().sign_()))] == ["tensor([ True, False])"] * 3
