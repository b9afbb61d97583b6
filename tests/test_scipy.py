"""SciPy's functions on tensors: its special functions through ``__array_ufunc__``, the others through the array API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.array_api import special as ours

scipy_special = pytest.importorskip("scipy.special")

# Where SCIPY_ARRAY_API=1 was said before SciPy was imported its functions are no ufuncs: they ask the namespace.
OF_THE_ARRAY_API = not isinstance(scipy_special.expit, np.ufunc)
UFUNCS = [name for name in ours.__all__ if isinstance(getattr(scipy_special, name, None), np.ufunc)]
X, Y = np.asarray([0.15, 0.4, 0.7, 0.92]), np.asarray([1.3, 0.8, 2.6, 0.4])
N = np.asarray([0, 1, 3, 4])
# What functions of several arguments are given: floats are differentiated, but for those in brackets.
TAKEN: dict[str, list[Any]] = {
    "beta betaln binom poch boxcox boxcox1p inv_boxcox inv_boxcox1p": [Y, X],
    "kl_div rel_entr xlogy xlog1py powm1 pseudo_huber huber": [X, Y],
    "gammainc gammaincc chdtr chdtrc": [[Y], X],
    "gdtr gdtrc": [X, [Y], Y],
    "pdtr pdtrc": [[N.astype(float)], Y],
    " ".join(name for name in UFUNCS if name.startswith("eval_")): [[N], X],
}
ARGUMENTS = {name: taken for names, taken in TAKEN.items() for name in names.split()}
# Where the values at the ends of the domain are compared as well.
ENDS = np.asarray([0.0, 1.0, -1.0, -0.5, -1.5, 2.0, np.inf, np.nan])


def arguments_of(name: str) -> tuple[list[Any], list[bool]]:
    given = ARGUMENTS.get(name, [X])
    return [x[0] if isinstance(x, list) else x for x in given], [not isinstance(x, list) for x in given]


@pytest.mark.parametrize("name", UFUNCS)
def test_values_and_gradients(name: str) -> None:
    ufunc = getattr(scipy_special, name)
    arrays, wanted = arguments_of(name)
    right = ufunc(*arrays)
    tensors = [tg.tensor(a, requires_grad=flows) for a, flows in zip(arrays, wanted)]
    found = ufunc(*tensors)
    assert isinstance(found, tg.Tensor) and found.dtype == right.dtype
    assert found.requires_grad or name in ("gammasgn",)
    np.testing.assert_allclose(found.numpy(force=True), right, 1e-11, 1e-13)
    if found.requires_grad:
        assert tg.autograd.gradcheck(ufunc, tuple(tensors))


@pytest.mark.parametrize("name", UFUNCS)
def test_single_precision_and_0d(name: str) -> None:
    ufunc = getattr(scipy_special, name)
    for arrays in (
        [a.astype("f4") if a.dtype.kind == "f" else a for a in arguments_of(name)[0]],
        [a[1] for a in arguments_of(name)[0]],
    ):
        right = ufunc(*arrays)
        found = ufunc(*[tg.tensor(a) for a in arrays])
        assert isinstance(found, tg.Tensor) and (found.dtype, found.shape) == (right.dtype, np.shape(right))
        np.testing.assert_allclose(found.numpy(), right, 2e-5, 1e-6)


# Where SciPy itself has several answers from version to version, or the op here has PyTorch's.
PYTORCHS = {"j0", "j1", "y0", "y1", "k0", "k1", "k0e", "k1e"}


@pytest.mark.parametrize("name", [name for name in UFUNCS if name not in ARGUMENTS and name not in PYTORCHS])
@np.errstate(all="ignore")
def test_ends_of_the_domain(name: str) -> None:
    ufunc = getattr(scipy_special, name)
    np.testing.assert_allclose(ufunc(tg.tensor(ENDS)).numpy(), ufunc(ENDS), 1e-11, 1e-13)


def test_integers_and_arrays_beside_tensors() -> None:
    t = tg.tensor([1, 2])
    if OF_THE_ARRAY_API:  # the namespace's dtype, and SciPy itself mixes no two namespaces
        assert scipy_special.expit(t).dtype == tg.float32
        with pytest.raises(TypeError, match="namespaces"):
            scipy_special.xlogy(X, tg.tensor(Y))
        return
    assert scipy_special.expit(t).dtype == scipy_special.expit(np.asarray([1, 2])).dtype == tg.float64
    w = tg.tensor(Y, requires_grad=True)
    assert np.allclose(scipy_special.xlogy(X, w).numpy(force=True), scipy_special.xlogy(X, Y))
    assert tg.autograd.gradcheck(lambda w: scipy_special.xlogy(X[:, None], w), (w,))


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if not name.startswith("eval_")])
def test_a_number_beside_a_tensor(name: str) -> None:
    ufunc = getattr(scipy_special, name)
    arrays, wanted = arguments_of(name)
    for place in (place for place, flows in enumerate(wanted) if flows):
        given = [float(a[1]) for a in arrays]
        before, after = given[:place], given[place + 1 :]
        right = ufunc(*before, arrays[place], *after)
        x = tg.tensor(arrays[place], requires_grad=True)
        found = ufunc(*before, x, *after)
        assert found.dtype == right.dtype and np.allclose(found.numpy(force=True), right, 1e-11, 1e-13)
        assert tg.autograd.gradcheck(lambda x, before=before, after=after: ufunc(*before, x, *after), x)


def test_zero_has_a_slope_at_exprel() -> None:
    x = tg.tensor([0.0, 1e-5, 1e-3], dtype=tg.float64, requires_grad=True)
    scipy_special.exprel(x).sum().backward()
    assert np.allclose(x.grad.numpy(), [0.5, 0.5 + 1e-5 / 3, 0.5 + 1e-3 / 3 + 1e-6 / 8], rtol=1e-9)


def test_a_ufunc_without_a_rule_says_its_name() -> None:
    with pytest.raises(tg.autograd.errors.NoRuleError, match=r"^airy has no derivative rule"):
        scipy_special.airy(tg.tensor(X, requires_grad=True))
    assert np.allclose(scipy_special.airy(tg.tensor(X))[0].numpy(), scipy_special.airy(X)[0])


@pytest.mark.skipif(OF_THE_ARRAY_API, reason="it is recorded then")
def test_a_function_in_python_says_how_it_takes_tensors() -> None:
    for function in (scipy_special.logsumexp, scipy_special.softmax):
        with pytest.raises(tg.autograd.errors.NoRuleError, match=r"SCIPY_ARRAY_API=1 .* tg has logsumexp, softmax"):
            function(tg.tensor(X, requires_grad=True))


def test_scipy_is_not_imported_for_it() -> None:
    code = (
        "import sys, numpy as np, tinygrad_bp as tg\n"
        "x = tg.ones(2, requires_grad=True)\n"
        "x.__array_namespace__().special.expit(x); np.exp(x); np.heaviside(x.detach(), 1)\n"
        "print('scipy' in sys.modules)\n"
        "from scipy.special import expit\n"
        "print(expit(x))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.splitlines() == ["False", "tensor([0.7311, 0.7311], grad_fn=<SigmoidBackward0>)"]


def test_calls_of_scipy_and_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    command = [sys.executable, "-m", "tests.array_api_consumers"]
    root = Path(__file__).parent.parent
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout.splitlines()
    said = {line[:32].strip(): line[33:] for line in printed[:-1]}
    assert len(said) == 31 and list(said.values()).count("right") >= 25, printed
    # scikit-learn divides 0 by 0 there and overwrites the result, but not its slope.
    assert [name for name, verdict in said.items() if verdict.startswith("wrong")] in ([], ["StandardScaler"])
