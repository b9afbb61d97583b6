"""Transforms of functions, against central differences and against each other; PyTorch agrees with each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, NonScalarError, ShapeError, UnusedInputError

F = tg.func
RNG = np.random.default_rng(0)
W, X, V = RNG.standard_normal((4, 3)), RNG.standard_normal(3), RNG.standard_normal(3)


def vector(x: Any) -> Any:
    """(3,) to (4,), in functions that NumPy and the engine share."""
    return np.tanh(W @ x) * np.exp(x[0])


def number(x: Any) -> Any:
    return np.sum(np.tanh(W @ x) ** 2) + np.exp(np.sum(x))


def slope(function: Any, x: Any, v: Any, step: float = 1e-3) -> Any:
    """The derivative of a NumPy function along ``v``, over five points."""
    f = {k: np.asarray(function(x + k * step * v)) for k in (-2, -1, 1, 2)}
    return (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * step)


def jacobian(function: Any, x: Any) -> Any:
    return np.stack([slope(function, x, e) for e in np.eye(x.size)], axis=-1)


def close(ours: Any, truth: Any, tolerance: float = 1e-7) -> None:
    assert not ours.requires_grad
    np.testing.assert_allclose(ours.detach().numpy(), truth, rtol=tolerance, atol=tolerance)


def test_gradient_and_value() -> None:
    close(F.grad(number)(tg.tensor(X)), jacobian(number, X))
    value, gradient = F.value_and_grad(number)(tg.tensor(X))
    close(value, number(X), 1e-12)
    close(gradient, jacobian(number, X))
    gradient, value = F.grad_and_value(number)(tg.tensor(X))
    close(value, number(X), 1e-12)


def test_arrays_and_python_numbers_are_arguments_too() -> None:
    close(F.grad(number)(X), jacobian(number, X))
    assert F.grad(lambda x: x * x)(3.0).item() == 6.0
    with pytest.raises(ArgumentError, match="int64"):
        F.grad(lambda x: x * x)(3)


def test_jacobians_agree_in_both_modes() -> None:
    for transform in (F.jacrev, F.jacfwd):
        close(transform(vector)(tg.tensor(X)), jacobian(vector, X))


def test_products_agree_with_the_jacobian() -> None:
    j = jacobian(vector, X)
    value, tangent = F.jvp(vector, (tg.tensor(X),), (tg.tensor(V),))
    close(value, vector(X), 1e-12)
    close(tangent, j @ V)
    value, pull = F.vjp(vector, tg.tensor(X))
    close(value, vector(X), 1e-12)
    u = np.arange(4.0)
    close(pull(tg.tensor(u))[0], u @ j)
    close(pull(tg.tensor(2 * u))[0], 2 * u @ j)  # any number of times


def test_second_and_third_order() -> None:
    hessian = jacobian(lambda x: jacobian(number, x), X)
    for ours in (F.hessian(number), F.jacrev(F.jacrev(number)), F.jacfwd(F.jacfwd(number)), F.jacrev(F.grad(number))):
        close(ours(tg.tensor(X)), hessian, 1e-5)
    close(F.hvp(number, (tg.tensor(X),), (tg.tensor(V),)), hessian @ V, 1e-5)

    def hvp(x: Any) -> Any:
        return F.hvp(number, (x,), (tg.tensor(V),))

    third = slope(lambda x: hvp(tg.tensor(x)).detach().numpy(), X, V)
    close(F.jvp(hvp, (tg.tensor(X),), (tg.tensor(V),))[1], third)
    fourth = F.grad(F.grad(F.grad(F.grad(lambda x: x**5))))(tg.tensor(2.0))
    assert fourth.item() == 240.0


def test_no_confusion_of_inner_and_outer() -> None:
    # d/dx [x · d/dy (x + y)] = 1, not 2. Source: Siskind and Pearlmutter 2005.
    assert F.grad(lambda x: x * F.grad(lambda y: x + y)(1.0))(1.0).item() == 1.0

    def inner(x: Any) -> Any:
        return F.jvp(lambda y: x + y, (tg.tensor(1.0),), (tg.tensor(1.0),))[1]

    assert F.jvp(lambda x: x * inner(x), (tg.tensor(1.0),), (tg.tensor(1.0),))[1].item() == 1.0


def test_trees_argnums_and_aux() -> None:
    params = {"w": tg.tensor([2.0, 3.0]), "rest": [tg.tensor(5.0)]}

    def loss(p: Any, x: Any, scale: float = 1.0) -> Any:
        y = (p["w"] * x).sum() * p["rest"][0] * scale
        return y, {"y": y}

    x = tg.tensor([1.0, 10.0])
    gradients, aux = F.grad(loss, has_aux=True)(params, x, scale=2.0)
    assert gradients["w"].tolist() == [10.0, 100.0] and gradients["rest"][0].item() == 64.0
    assert aux["y"].item() == 320.0 and not aux["y"].requires_grad
    of_p, of_x = F.grad(lambda p, x: loss(p, x)[0], argnums=(0, 1))(params, x)
    assert of_p["rest"][0].item() == 32.0 and of_x.tolist() == [10.0, 15.0]
    assert F.grad(lambda p, x: loss(p, x)[0], argnums=-1)(params, x).tolist() == [10.0, 15.0]
    rows = F.jacrev(lambda p: {"a": p["w"] * p["rest"][0]})(params)
    columns = F.jacfwd(lambda p: {"a": p["w"] * p["rest"][0]})(params)
    for jac in (rows, columns):
        assert jac["a"]["w"].tolist() == [[5.0, 0.0], [0.0, 5.0]]
        assert jac["a"]["rest"][0].tolist() == [2.0, 3.0]
    (value, aux), _ = F.value_and_grad(loss, has_aux=True)(params, x)
    assert value.item() == aux["y"].item() == 160.0


def test_an_outer_gradient_flows_through() -> None:
    x = tg.tensor(X, requires_grad=True)
    F.grad(number)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), jacobian(lambda x: jacobian(number, x), X).sum(0), rtol=1e-5)
    w = tg.tensor(2.0, requires_grad=True, dtype=tg.float64)
    slopes = F.grad(lambda x: (w * x * x).sum())(tg.tensor(X))
    assert slopes.requires_grad
    slopes.sum().backward()
    np.testing.assert_allclose(w.grad.item(), 2 * X.sum())
    with tg.no_grad():
        assert not F.grad(number)(x).requires_grad
    assert not F.grad(number)(tg.tensor(X)).requires_grad


def test_what_does_not_depend_is_zero() -> None:
    assert F.grad(lambda x, y: x * 2, argnums=1)(tg.tensor(1.0), tg.tensor([1.0, 2.0])).tolist() == [0.0, 0.0]
    assert F.jacfwd(lambda x: tg.ones(2))(tg.tensor(1.0)).tolist() == [0.0, 0.0]
    assert F.jvp(lambda x: tg.ones(2), (tg.tensor(1.0),), (tg.tensor(1.0),))[1].tolist() == [0.0, 0.0]


def test_complex_numbers_in_forward_mode() -> None:
    z, t = X + 1j * V, V - 0.3j
    for function in (lambda q: q * q, np.exp, lambda q: np.abs(q) * q, lambda q: np.conj(q) * np.sin(q)):
        _, tangent = F.jvp(function, (tg.tensor(z),), (tg.tensor(t),))
        np.testing.assert_allclose(tangent.detach().numpy(), slope(function, z, t), rtol=1e-7)


def test_vmap_is_the_loop() -> None:
    rows = RNG.standard_normal((5, 3))
    close(F.vmap(vector)(tg.tensor(rows)), np.stack([vector(r) for r in rows]), 1e-12)
    close(F.vmap(vector, in_dims=1, out_dims=1)(tg.tensor(rows.T)), np.stack([vector(r) for r in rows], 1), 1e-12)
    close(F.vmap(F.grad(number))(tg.tensor(rows)), np.stack([jacobian(number, r) for r in rows]))
    both = F.vmap(lambda p, x: {"y": p["w"] * x}, in_dims=({"w": 0}, None))({"w": tg.ones(2)}, tg.tensor([1.0, 2.0]))
    assert both["y"].tolist() == [[1.0, 2.0], [1.0, 2.0]]
    x = tg.tensor(rows, requires_grad=True)
    F.vmap(number)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.stack([jacobian(number, r) for r in rows]), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: F.grad(vector)(tg.tensor(X)), NonScalarError, "(4,)"),
        (lambda: F.grad(number, argnums=2)(tg.tensor(X)), ArgumentError, "argument 2"),
        (lambda: F.grad(lambda x: 3.0)(tg.tensor(X)), NonScalarError, "float"),
        (lambda: F.jvp(vector, (tg.tensor(X),), (tg.ones(2),)), ShapeError, "(2,)"),
        (lambda: F.jvp(vector, tg.tensor(X), tg.tensor(X)), ArgumentError, "tuples"),
        (lambda: F.vjp(vector, tg.tensor(X))[1](tg.ones(2)), ShapeError, "(4,)"),
        (lambda: F.vmap(vector, in_dims=(0, 0))(tg.tensor(X)), ArgumentError, "2 arguments"),
        (lambda: F.vmap(tg.dot)(tg.ones(2, 3), tg.ones(3, 3)), ShapeError, "[2, 3]"),
        (lambda: F.vmap(vector, in_dims=4)(tg.tensor(X)), ArgumentError, "in_dims says 4"),
        (lambda: F.jacrev(lambda x: "text")(tg.tensor(X)), ArgumentError, "str"),
        (lambda: F.grad(number, has_aux=True)(tg.tensor(X)), ArgumentError, "has_aux"),
    ],
)
def test_errors(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)


# ---------------------------------------------------------------------- tg.autograd.functional


def test_functional_has_pytorchs_shapes() -> None:
    AF = tg.autograd.functional
    x, y = tg.tensor(X), tg.tensor([1.0, 2.0], dtype=tg.float64)

    def pair(a: Any, b: Any) -> Any:
        return a * b.sum(), b * b

    for strategy in ("reverse-mode", "forward-mode"):
        (aa, ab), (ba, bb) = AF.jacobian(pair, (x, y), strategy=strategy)
        assert [t.shape for t in (aa, ab, ba, bb)] == [(3, 3), (3, 2), (2, 3), (2, 2)]
        np.testing.assert_allclose(bb.detach().numpy(), [[2.0, 0.0], [0.0, 4.0]])
    np.testing.assert_allclose(
        AF.hessian(number, x).detach().numpy(), jacobian(lambda x: jacobian(number, x), X), rtol=1e-5
    )
    hessian = jacobian(lambda x: jacobian(number, x), X)
    for product in (AF.hvp, AF.vhp):
        output, found = product(number, x, tg.tensor(V))
        np.testing.assert_allclose(found.detach().numpy(), hessian @ V, rtol=1e-5)
        np.testing.assert_allclose(output.item(), number(X))
    output, (found,) = AF.vjp(number, (x,))
    np.testing.assert_allclose(found.detach().numpy(), jacobian(number, X), rtol=1e-7)
    with pytest.raises(UnusedInputError):
        AF.jacobian(lambda a, b: a * 2, (x, y), strict=True)
    with pytest.raises(ArgumentError, match="strategy"):
        AF.jacobian(number, x, strategy="sideways")
    leaf = tg.tensor(X, requires_grad=True)
    assert AF.jacobian(vector, leaf, create_graph=True).requires_grad
    assert not AF.jacobian(vector, leaf).requires_grad


def test_a_module_is_a_function_of_its_parameters() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3), tg.nn.Linear(3, 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = tg.randn(4, 2)
    params = {name: p.detach() for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    np.testing.assert_array_equal(
        tg.func.functional_call(model, (params, buffers), x).numpy(), model(x).detach().numpy()
    )
    model.load_state_dict(before)
    slopes = tg.func.grad(lambda params: tg.func.functional_call(model, (params, buffers), (x,)).sum())(params)
    model.zero_grad()
    model(x).sum().backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(slopes[name].numpy(), p.grad.numpy(), rtol=1e-5, atol=1e-6)
        assert p is model.get_parameter(name)  # put back


def test_tied_parameters_are_replaced_together() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 2, bias=False), tg.nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    x, double = tg.ones(1, 2), {"0.weight": 2 * tg.eye(2)}
    assert tg.func.functional_call(model, double, x).tolist() == [[4.0, 4.0]]
    own = model[1].weight.detach()
    untied = tg.func.functional_call(model, double, x, tie_weights=False)
    np.testing.assert_allclose(untied.detach().numpy(), (2 * x @ own.T).numpy())


@pytest.mark.parametrize(
    ("dicts", "strict", "said"),
    [
        ({"weigth": tg.zeros(1, 2)}, False, "the module has no weigth; it has weight, bias"),
        (({"bias": tg.zeros(1)}, {"bias": tg.zeros(1)}), False, "bias stands in two of the dicts"),
        ({"bias": tg.zeros(1)}, True, "weight are not given"),
    ],
)
def test_a_wrong_name_is_refused_before_the_call(dicts: object, strict: bool, said: str) -> None:
    layer = tg.nn.Linear(2, 1)
    layer.register_forward_pre_hook(lambda *_: pytest.fail("called"))
    with pytest.raises(tg.autograd.errors.ArgumentError, match=said):
        tg.func.functional_call(layer, dicts, tg.zeros(2), strict=strict)


def test_what_was_replaced_comes_back_after_an_error() -> None:
    layer = tg.nn.Linear(2, 1)
    own = layer.weight
    with pytest.raises(tg.AutogradError):
        tg.func.functional_call(layer, {"weight": tg.zeros(1, 5)}, tg.zeros(2))
    assert layer.weight is own


def test_the_states_of_models_are_stacked() -> None:
    models = [tg.nn.BatchNorm1d(3) for _ in range(2)]
    params, buffers = tg.func.stack_module_state(models)
    assert params["weight"].shape == (2, 3) and params["weight"].requires_grad and params["weight"].is_leaf
    assert buffers["running_mean"].shape == (2, 3) and not buffers["running_mean"].requires_grad
    with pytest.raises(tg.autograd.errors.ArgumentError, match="one class, got none"):
        tg.func.stack_module_state([])


TRANSFORMS = {
    "grad": lambda f, x: F.grad(lambda x: f(x).sum())(x),
    "grad_and_value": lambda f, x: F.grad_and_value(lambda x: f(x).sum())(x)[0],
    "value_and_grad": lambda f, x: F.value_and_grad(lambda x: f(x).sum())(x)[1],
    "vjp": lambda f, x: F.vjp(f, x)[1](tg.ones_like(x))[0],
    "jvp": lambda f, x: F.jvp(f, (x,), (tg.ones_like(x),))[1],
    "linearize": lambda f, x: F.linearize(f, x)[1](tg.ones_like(x)),
    "jacrev": lambda f, x: F.jacrev(f)(x),
    "jacfwd": lambda f, x: F.jacfwd(f)(x),
    "hessian": lambda f, x: F.hessian(lambda x: f(x).sum())(x),
    "hvp": lambda f, x: F.hvp(lambda x: f(x).sum(), (x,), (tg.ones_like(x),))[1],
    "vmap": lambda f, x: F.vmap(F.grad(f))(x),
    "grad of jvp": lambda f, x: F.grad(lambda x: F.jvp(f, (x,), (tg.ones_like(x),))[1].sum())(x),
    "jvp of grad": lambda f, x: F.jvp(F.grad(lambda x: f(x).sum()), (x,), (tg.ones_like(x),))[1],
    "functional.jvp": lambda f, x: tg.autograd.functional.jvp(f, x, tg.ones_like(x))[1],
    "functional.vjp": lambda f, x: tg.autograd.functional.vjp(f, x, tg.ones_like(x))[1],
    "functional.hvp": lambda f, x: tg.autograd.functional.hvp(lambda x: f(x).sum(), x, tg.ones_like(x))[1],
    "functional.vhp": lambda f, x: tg.autograd.functional.vhp(lambda x: f(x).sum(), x, tg.ones_like(x))[1],
    "functional.jacobian": lambda f, x: tg.autograd.functional.jacobian(f, x),
    "functional.hessian": lambda f, x: tg.autograd.functional.hessian(lambda x: f(x).sum(), x),
}
BESIDE = {"functional_call", "stack_module_state", "replace_all_batch_norm_modules_"}  # of modules


def test_every_transform_is_tried_in_every_mode() -> None:
    assert {*F.__all__} - BESIDE <= TRANSFORMS.keys()


@pytest.mark.parametrize("leaf", [False, True])
@pytest.mark.parametrize("switch", [tg.no_grad, tg.inference_mode, tg.enable_grad])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_differentiates_in_every_mode(name: str, switch: Any, leaf: bool) -> None:
    """The mode outside says whether the result is recorded, never what it is."""
    take = TRANSFORMS[name]
    for function in (lambda x: x.sin() * x, lambda x: tg.nn.functional.softplus(x * 2) ** 2):
        wanted = take(function, tg.tensor([0.5, 2.0], dtype=tg.float64)).numpy()
        assert wanted.any()
        x = tg.tensor([0.5, 2.0], dtype=tg.float64, requires_grad=leaf)
        with switch():
            found = take(function, x)
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-12)
        assert x.grad is None and not (found.requires_grad and switch is not tg.enable_grad)


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3)])
@pytest.mark.parametrize("name", ["jacrev", "jacfwd", "hessian"])
def test_matrices_of_nothing(name: str, shape: tuple[int, ...]) -> None:
    assert TRANSFORMS[name](lambda x: x.sin() * x, tg.zeros(shape)).shape == shape + shape
