"""Every optimizer beside PyTorch's: each setting with the defaults, drawn combinations, 200 steps."""

from __future__ import annotations

import inspect
import random
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

# Values other than the defaults of every setting that changes the numbers.
VALUES: dict[str, list[Any]] = {
    "lr": [0.003, 0.05], "weight_decay": [0.1], "maximize": [True], "momentum": [0.9], "dampening": [0.5],
    "nesterov": [True], "betas": [(0.8, 0.95)], "eps": [1e-3], "amsgrad": [True], "decoupled_weight_decay": [True],
    "alpha": [0.9], "centered": [True], "lr_decay": [0.05], "initial_accumulator_value": [0.3], "rho": [0.7],
    "momentum_decay": [0.1], "etas": [(0.3, 1.5)], "step_sizes": [(1e-3, 0.2)], "lambd": [0.05], "t0": [20.0],
    "beta2_decay": [-0.5], "d": [2.0], "foreach": [True, False], "fused": [True, False],
}  # fmt: skip
ADAFACTOR = {"eps": [(1e-3, 1e-2)]}
NAMES = [name for name in tg.optim.__all__ if inspect.isclass(getattr(tg.optim, name))]
STEPPED = [name for name in NAMES if name not in ("Optimizer", "LBFGS")]


def settings(name: str) -> list[dict[str, Any]]:
    """Each setting alone, then drawn combinations."""
    known = set(inspect.signature(getattr(torch.optim, name)).parameters)
    values = {k: v for k, v in {**VALUES, **(ADAFACTOR if name == "Adafactor" else {})}.items() if k in known}
    found: list[dict[str, Any]] = [{}, *({k: v} for k, all_of in values.items() for v in all_of)]
    rng = random.Random(name)
    for _ in range(6):
        found.append({k: rng.choice(values[k]) for k in sorted(rng.sample(sorted(values), min(4, len(values))))})
    return [s for s in found if possible(s)]


def possible(s: dict[str, Any]) -> bool:
    nesterov = not s.get("nesterov") or (s.get("momentum") and not s.get("dampening"))
    return bool(nesterov and not (s.get("fused") and s.get("foreach")))


def start(lib: Any, dtype: str) -> list[Any]:
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(shape) for shape in ((2, 3), (1, 2), ())]
    return [lib.tensor(v.tolist(), dtype=getattr(lib, dtype), requires_grad=True) for v in values]


def loss_of(lib: Any, params: list[Any]) -> Any:
    w, v, s = params
    x = lib.tensor([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [-0.2, 0.8, 0.1], [1.0, 1.0, -1.0]], dtype=w.dtype)
    y = lib.tensor([[5.0], [-3.0], [4.0], [8.0]], dtype=w.dtype)
    return ((((x @ w.T).tanh() @ v.T) * s - y) ** 2).mean()


def path(lib: Any, name: str, options: dict[str, Any], steps: int = 200) -> Any:
    """The parameters after each step along drawn gradients: those of a loss would follow each other's rounding."""
    params, rng = start(lib, "float64"), np.random.default_rng(7)
    optimizer = getattr(lib.optim, name)(params, **options)
    for step in range(steps):
        for p in params:
            grad = rng.standard_normal(p.shape) + np.cos(step / 9)
            p.grad = lib.tensor(np.asarray(grad * (rng.random(p.shape) < 0.9)).tolist(), dtype=lib.float64)
        optimizer.step()
        yield [p.detach().numpy().copy() for p in params]


@pytest.mark.parametrize(
    ("name", "options"), [(name, s) for name in STEPPED for s in settings(name)], ids=lambda x: str(x)
)
def test_200_steps_are_those_of_pytorch(name: str, options: dict[str, Any]) -> None:
    for step, (ours, theirs) in enumerate(zip(path(tg, name, options), path(torch, name, options), strict=True)):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6, err_msg=f"step {step}")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "Optimizer"])
def test_arguments_are_those_of_pytorch(name: str) -> None:
    ours, theirs = (list(inspect.signature(getattr(lib.optim, name)).parameters.values()) for lib in (tg, torch))
    assert [(p.name, p.default, p.kind) for p in ours] == [(p.name, p.default, p.kind) for p in theirs]


@pytest.mark.parametrize("name", STEPPED)
def test_groups_states_and_texts_are_those_of_pytorch(name: str) -> None:
    found = []
    for lib in (tg, torch):
        params = start(lib, "float32")
        optimizer = getattr(lib.optim, name)([{"params": params[:2], "lr": 0.02, "tag": "a"}, {"params": params[2:]}])
        loss_of(lib, params).backward()
        optimizer.step()
        state = optimizer.state_dict()
        kept = [{k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state["state"].get(i, {}).items()}
                for i in range(3)]  # fmt: skip
        found.append((state["param_groups"], kept, repr(optimizer), len(optimizer.state)))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", STEPPED)
def test_a_state_dict_of_pytorch_is_taken_over(name: str) -> None:
    theirs = start(torch, "float64")
    other = getattr(torch.optim, name)(theirs)
    for _ in range(5):
        other.zero_grad()
        loss_of(torch, theirs).backward()
        other.step()
    ours = [tg.tensor(p.detach().numpy(), requires_grad=True) for p in theirs]
    optimizer = getattr(tg.optim, name)(ours)
    optimizer.load_state_dict(other.state_dict())
    for lib, params, o in ((torch, theirs, other), (tg, ours, optimizer)):
        for _ in range(5):
            o.zero_grad()
            loss_of(lib, params).backward()
            o.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9)


COMPLEX = [name for name in STEPPED if name != "Adafactor"]


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters_move_as_in_pytorch(name: str) -> None:
    rng = np.random.default_rng(1)
    value, grads = rng.standard_normal((3, 2)) + 1j, rng.standard_normal((6, 3, 2)) * (1 + 0.5j)
    ends = []
    for lib in (tg, torch):
        p = lib.tensor(value.tolist(), dtype=lib.complex128, requires_grad=True)
        optimizer = getattr(lib.optim, name)([p], lr=0.1)
        for grad in grads:
            p.grad = lib.tensor(grad.tolist(), dtype=lib.complex128)
            optimizer.step()
        ends.append(p.detach().numpy())
    np.testing.assert_allclose(*ends, rtol=1e-9)


DIFFERENTIABLE = [n for n in STEPPED if "differentiable" in inspect.signature(getattr(tg.optim, n)).parameters]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("more", [{}, {"weight_decay": 0.1, "maximize": True}, {"amsgrad": True}])
def test_a_differentiable_step_has_the_gradient_of_pytorch(name: str, more: dict[str, Any]) -> None:
    known = inspect.signature(getattr(torch.optim, name)).parameters
    options = {k: v for k, v in more.items() if k in known}
    found = []
    for lib in (tg, torch):
        leaf = lib.tensor([0.7, -0.3, 1.2], dtype=lib.float64, requires_grad=True)
        p = leaf.clone()
        p.retain_grad()
        optimizer = getattr(lib.optim, name)([p], lr=0.1, differentiable=True, **options)
        p.grad = leaf.clone() * 2 + 0.1 * leaf**2  # PyTorch's own second step often fails: it wrote what it kept
        optimizer.step()
        (p * lib.tensor([1.0, 2.0, 3.0], dtype=lib.float64)).sum().backward()
        found += [p.detach().numpy(), leaf.grad.numpy()]
    np.testing.assert_allclose(found[0], found[2], rtol=1e-5)
    np.testing.assert_allclose(found[1], found[3], rtol=1e-5)


def lbfgs_losses(lib: Any, options: dict[str, Any]) -> tuple[list[float], dict[str, Any]]:
    """A valley with one floor: at a narrow one the iterations would follow each other's rounding."""
    params = start(lib, "float64")
    optimizer = lib.optim.LBFGS(params, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = sum(((p - 1) ** 2).sum() * (i + 1) + (p * (i + 2)).cosh().sum() for i, p in enumerate(params))
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(200)]
    state = optimizer.state[params[0]]
    return losses, {name: state[name] for name in ("func_evals", "n_iter")}


@pytest.mark.parametrize("options", [
    {}, {"lr": 0.1}, {"line_search_fn": "strong_wolfe"}, {"line_search_fn": "strong_wolfe", "lr": 0.3, "max_iter": 4},
    {"history_size": 2, "lr": 0.5, "max_iter": 7}, {"max_eval": 3, "line_search_fn": "strong_wolfe"},
    {"tolerance_grad": 0.1, "tolerance_change": 1e-3, "lr": 0.2}, {"max_iter": 1, "lr": 0.05}, {"lr": 0.0},
])  # fmt: skip
def test_lbfgs_goes_the_way_of_pytorch(options: dict[str, Any]) -> None:
    (ours, counts), (theirs, wanted) = lbfgs_losses(tg, options), lbfgs_losses(torch, options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert counts == wanted
