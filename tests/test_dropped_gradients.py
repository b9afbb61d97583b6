"""No public function drops a gradient silently: each tensor given to it gets its gradient, has no slope, or is refused.

Derived from a call of every public function (``public_calls``), at every place that takes a tensor.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy_calls
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError, NoRuleError
from tinygrad_bp.autograd.op import FUNCTIONS, UFUNCS

F = tg.nn.functional
STEP = 1e-6
# Values that depend on a tensor whose gradient does not say so, and why.
KNOWN = {
    "T.empty_like(x)": "what the memory held",
    "np.empty_like(x)": "what the memory held",
    "T.embedding_renorm_(T.clone(x), i, 0.5, 2.0)": "the table itself is rescaled, as in PyTorch",
    **dict.fromkeys(("T.detach(x)", "T.detach_copy(x)", "T.detach_(T.clone(x))"), "it is what they are for"),
    "F.embedding(i, x, max_norm=0.5)": "rows that are too long are rescaled in the table itself, as in PyTorch",
}
# NumPy's functions of integers: nothing flows through them.
WHOLE = {np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.invert, np.lcm, np.left_shift, np.right_shift}


def floats(result: Any) -> Iterator[tg.Tensor]:
    """The tensors of floating point or complex numbers in a result."""
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from floats(part)
    elif isinstance(result, tg.Tensor) and result.dtype.kind in "fc":
        yield result


def run(call: str, names: dict[str, Any]) -> list[tg.Tensor]:
    tg.manual_seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*has no history")
        return list(floats(eval(call, dict(names))))


def check(call: str, name: str, **more: Any) -> str:
    """What becomes of the gradient of one tensor in a call: "found", "flat" or "refused"; raises where it is wrong."""
    names = {**pc.names(tg.tensor), **more}
    rng = np.random.default_rng(1)
    x = names[name]
    direction = rng.standard_normal(x.shape)
    direction = direction + direction.T if name == "A" else direction
    ahead, behind = (
        [y.detach().numpy() for y in run(call, {**names, name: x + tg.tensor(sign * STEP * direction)})]
        for sign in (1, -1)
    )
    names[name] = x.detach().clone().requires_grad_()
    try:
        results = run(call, names)
    except (AutogradError, UserWarning):
        return "refused"
    # The directional derivative of a random real combination of all results, across (differences) and along (backward).
    across, along, flat = 0.0, tg.zeros((), dtype=tg.float64), True
    for y, a, b in zip(results, ahead, behind, strict=True):
        weights = rng.standard_normal(y.shape) + 1j * rng.standard_normal(y.shape)
        slope = (a - b) / (2 * STEP)
        if np.abs(slope).max(initial=0) > 1e-6:
            assert y.requires_grad, f"{call}: the gradient of {name} is dropped"
            flat = False
        across += float(np.sum(np.real(np.conj(weights) * slope)))
        if y.requires_grad:
            parts = [(y.real, weights.real), (y.imag, weights.imag)] if y.is_complex() else [(y, weights.real)]
            along = along + sum((part * tg.tensor(w)).sum() for part, w in parts)
    if not along.requires_grad:
        return "flat"
    with np.errstate(all="ignore"):
        (gradient,) = tg.autograd.grad(along, names[name], allow_unused=True)
    found = 0.0 if gradient is None else float(np.sum(gradient.detach().numpy() * direction))
    assert found == pytest.approx(across, rel=1e-4, abs=1e-4), f"{call}: the gradient of {name}"
    return "flat" if flat else "found"


def test_every_public_function_has_a_call() -> None:
    called = {name for call in pc.CALLS for name in pc.NAME.findall(call)}
    assert set(pc.public()) - {name.removeprefix("T.") for name in called} - {*pc.WITHOUT_TENSORS} == set()


def numpy_name(function: Any) -> str:
    if isinstance(function, tuple):  # a method of a ufunc
        return f"np.{function[0].__name__}.{function[1]}"
    if isinstance(function, np.ufunc):
        return f"np.{function.__name__}"
    return f"{function.__module__.replace('numpy', 'np', 1)}.{function.__name__}".replace("_impl.", ".")


def test_every_numpy_function_with_a_rule_has_a_call() -> None:
    called = {name for call in numpy_calls.CALLS for name in pc.NAME.findall(call)}
    assert {numpy_name(function) for function in {*FUNCTIONS, *UFUNCS} - WHOLE} - called == set()


@pytest.mark.parametrize("calls", [pc.CALLS, pc.NUMPY], ids=["PyTorch's names", "NumPy's names"])
def test_no_tensor_given_loses_its_gradient(calls: list[str]) -> None:
    found = [check(call, name) for call in calls if call not in KNOWN for name in pc.used(call)]
    assert found.count("found") > 290 and found.count("refused") < 0.05 * len(found)


def test_no_option_given_as_a_tensor_loses_its_gradient() -> None:
    """Each parameter with a default, given a tensor of a few shapes: where the function takes it, it is checked."""
    public, kinds = pc.public(), []
    for call in (call for call in pc.CALLS if call not in KNOWN):
        function = public.get(pc.NAME.match(call).group().removeprefix("T."))
        for option, parameter in inspect.signature(function).parameters.items() if function else ():
            if parameter.default is inspect.Parameter.empty or option in ("dtype", "requires_grad", "generator"):
                continue
            for name in set("svxA") - set(pc.used(call)):
                longer = f"{call[:-1]}, {option}={name})"
                try:
                    run(longer, pc.names(tg.tensor))
                except Exception:
                    continue  # this shape, or a tensor at all, is no value of the option
                kinds.append(check(longer, name))
    assert kinds.count("found") > 60


RIGHT = {
    "T.quantile(x, s)": "found", "np.quantile(x, s)": "found", "np.percentile(x, s)": "found",
    "np.nanquantile(x, v)": "found", "np.nanpercentile(x, v)": "found", "F.cross_entropy(x, y, w)": "found",
    "F.cross_entropy(x, i, w)": "refused", "F.nll_loss(x, i, w)": "refused",
    "F.multi_margin_loss(x, i, weight=w)": "refused", "T.full((2,), s)": "refused", "x.new_full((2,), s)": "refused",
    "T.full_like(x, s)": "refused", "T.tensor(w)": "refused", "x.new_tensor(w)": "refused", "T.tensor([s])": "refused",
    "T.normal(w, 1.0)": "refused", "T.normal(1.0, w)": "refused", "F.dropout(x, s)": "refused",
    "np.linalg.lstsq(w[:3, None] + A, y)": "found",
}  # fmt: skip


@pytest.mark.parametrize("call", RIGHT)
def test_what_becomes_of_an_argument_beside_a_recorded_one(call: str) -> None:
    (name,) = (name for name in ("s", "v", "w") if name in pc.used(call))
    x = tg.tensor(pc.names(lambda a: a)["x"], requires_grad=True)
    assert check(call, name) == check(call, name, x=x) == RIGHT[call]


def test_a_refusal_says_what_to_write_instead() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(NoRuleError, match=r"cross_entropy: weight .* Write t\.detach\(\)"):
        F.cross_entropy(tg.zeros(1, 2), tg.tensor([0]), w)
    with pytest.raises(NoRuleError, match=r"Write mean \+ std \* tg\.randn_like\(mean\)"):
        tg.normal(w, 1.0)
    with tg.no_grad():
        assert F.cross_entropy(tg.zeros(1, 2), tg.tensor([0]), w).item() == pytest.approx(np.log(2))


def test_a_dropped_and_a_wrong_gradient_are_noticed() -> None:
    drops, doubles = (lambda a, b: a * b.detach()), (lambda a, b: a * b + (a * b).detach() - a.detach() * b.detach())
    assert check("f(x, y)", "y", f=doubles) == "found"
    with pytest.raises(AssertionError, match="gradient of y is dropped"):
        check("f(x, y)", "y", f=drops)
    with pytest.raises(AssertionError, match="gradient of y"):
        check("f(x, y)", "y", f=lambda a, b: drops(a, b) + b * 1e-3)


# Numbers that a tensor may stand for, at values where a function may take a shorter way.
NUMBERS = sorted(
    {
        (call, value)
        for call, function, name in pc.calls_with("s", {"float", "float | None", "Any", "Operand"})
        if function not in ("T.detach", "F.embedding", "T.embedding_renorm_")
        if name not in ("rcond", "rtol", "atol")  # results jump there
        for value in (0.5, 1.0, 2.0, *([0.0] if name in ("alpha", "beta") else []))
    }
)


def test_of_numbers() -> None:
    found = {"found": 0, "flat": 0, "refused": 0}
    for call, value in NUMBERS:
        with contextlib.suppress(AutogradError):  # it is outside of what the function takes
            found[check(call, "s", s=tg.tensor(value, dtype=tg.float64))] += 1
    assert found["found"] > 100 and {("F.softplus(x, beta=s)", 1.0), ("T.addmm(x, A, y, beta=s)", 0.0)} <= {*NUMBERS}
