"""Distributions give PyTorch's samples, densities, moments, divergences and gradients."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distribution_calls import CALLS, PAIRS, answers, divergence

import tinygrad_bp as tg

D = tg.distributions
GOLDEN: list[Any] = json.loads(Path(__file__).with_name("golden").joinpath("distributions.json").read_text())
ONE = {row[0]: row[1] for row in GOLDEN if len(row) == 2}
TWO = {(row[0], row[1]): row[2] for row in GOLDEN if len(row) == 3}
# PyTorch's approximations, by what they are of: its gradients of gamma and beta samples, its Bessel functions, and sums
# in float32 of the entropy of Multinomial.
TOLERANCE = {"slopes of rsample": 2e-3, "D.VonMises": 1e-5, "D.Multinomial": 1e-6}


def tolerance(text: str, what: str) -> float:
    return max([1e-9, *(size for of, size in TOLERANCE.items() if what == of or text.startswith(of))])


def assert_same(ours: Any, theirs: Any, size: float, what: str) -> None:
    if isinstance(theirs, list) and len(theirs) == len(ours):
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b, size, what)
    elif isinstance(theirs, float) and isinstance(ours, float):
        np.testing.assert_allclose(ours, theirs, rtol=size, atol=size, err_msg=what)
    else:
        assert ours == theirs, what


@pytest.mark.parametrize("text", CALLS)
def test_everything_that_a_distribution_says(text: str) -> None:
    theirs, ours = ONE[text], answers(tg, text)
    assert set(ours) == set(theirs)
    for what in theirs:
        assert_same(ours[what], theirs[what], tolerance(text, what), what)


@pytest.mark.parametrize("pair", PAIRS, ids=" | ".join)
def test_divergences(pair: tuple[str, str]) -> None:
    theirs, ours = TWO[pair], divergence(tg, *pair)
    for what in theirs:
        assert_same(ours[what], theirs[what], 1e-9, what)


def test_a_wrong_number_is_found() -> None:
    with pytest.raises(AssertionError):
        assert_same([1.0, 2.0], [1.0, 2.1], 1e-9, "")


def test_every_distribution_is_asked() -> None:
    asked = {text.split("(")[0] for text in CALLS}
    public = {
        f"D.{name}" for name, value in vars(D).items() if isinstance(value, type) and issubclass(value, D.Distribution)
    }
    assert public - asked == {"D.Distribution", "D.LogitRelaxedBernoulli"}  # the second is in RelaxedBernoulli


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: D.Normal(0.0, -1.0), r"Normal: parameter scale \(\) must be GreaterThan\(lower_bound=0.0\)"),
        (lambda: D.Uniform(2.0, 1.0), "Uniform: needs low < high"),
        (lambda: D.Bernoulli(1.5), "parameter probs"),
        (lambda: D.Bernoulli(0.5, 0.5), "give either probs or logits"),
        (lambda: D.Categorical(tg.tensor([0.5, -0.5, 1.0])), "Simplex"),
        (lambda: D.Categorical(tg.tensor(0.5)), "one dimension or more"),
        (lambda: D.Normal([0.0], 1.0), "a parameter is a number or a tensor, got list"),
        (lambda: D.Geometric(0.0), "probs must be above 0"),
        (lambda: D.MultivariateNormal(tg.zeros(2), -tg.eye(2)), "PositiveDefinite"),
        (lambda: D.MultivariateNormal(tg.zeros(2)), "give one of covariance_matrix"),
        (lambda: D.Independent(D.Normal(0.0, 1.0), 1), "has fewer"),
        (lambda: D.Normal(tg.tensor(float("nan")), 1.0), "parameter loc"),
        (lambda: D.Normal(0.0, 1.0).log_prob(0.5), "a value is a tensor, got float"),
        (lambda: D.Bernoulli(0.5).log_prob(tg.tensor(0.5)), "its support"),
        (lambda: D.Normal(tg.zeros(2), 1.0).log_prob(tg.zeros(3)), r"a value \(3,\) does not fit"),
    ],
)  # fmt: skip
def test_wrong_arguments(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_without_validation_nothing_is_judged() -> None:
    assert D.Normal(0.0, -1.0, validate_args=False).mean.item() == 0
    assert D.Uniform(0.0, 1.0, validate_args=False).log_prob(tg.tensor(2.0)).item() == -np.inf


def test_what_is_missing_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Categorical has no rsample: no gradient flows"):
        D.Categorical(tg.ones(2)).rsample()
    with pytest.raises(NotImplementedError, match="no rule for Normal and Poisson; write one with register_kl"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Poisson(1.0))
    with pytest.raises(AttributeError, match="LKJCholesky: not here"):
        _ = D.LKJCholesky


def test_a_gradient_of_a_gradient_of_gamma_samples_is_refused() -> None:
    a = tg.tensor(2.0, requires_grad=True)
    (slope,) = tg.autograd.grad(D.Gamma(a, 1.0).rsample(), a, create_graph=True)
    with pytest.raises(NotImplementedError, match="has no gradient itself"):
        slope.backward()
    assert slope.item() > 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda a: D.StudentT(a).variance, [np.nan, np.inf, 3.0]),
        (lambda a: D.InverseGamma(a, 1.0).mean, [np.inf, 1.0, 0.5]),
        (lambda a: D.InverseGamma(a, 1.0).variance, [np.inf, np.inf, 0.25]),
        (lambda a: D.Pareto(1.0, a).mean, [np.inf, 2.0, 1.5]),
        (lambda a: D.Pareto(1.0, a).variance, [np.inf, np.inf, 0.75]),
        (lambda a: D.FisherSnedecor(1.0, a).mean, [np.nan, np.nan, 3.0]),
        (lambda a: D.FisherSnedecor(1.0, a).variance, [np.nan, np.nan, np.nan]),
    ],
)
def test_a_moment_that_does_not_exist_has_no_slope(make: Any, said: list[float]) -> None:
    a = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    moment = make(a)
    np.testing.assert_allclose(moment.detach().numpy(), said, rtol=1e-6)
    moment.sum().backward()
    slope = a.grad.numpy()
    assert (slope[~np.isfinite(said)] == 0).all() and (slope[np.isfinite(said)] != 0).all()


def test_what_is_found_without_a_gradient_keeps_its_history() -> None:
    logits = tg.zeros(2, requires_grad=True)
    d = D.Bernoulli(logits=logits)
    d.sample()
    d.probs.sum().backward()
    np.testing.assert_allclose(logits.grad.numpy(), [0.25, 0.25])


def test_float32_and_numbers() -> None:
    assert D.Normal(0, 1).sample().dtype == tg.float32
    assert D.Normal(tg.zeros(2, dtype=tg.float64), 1).log_prob(tg.zeros(2)).dtype == tg.float64
    assert D.Poisson(tg.tensor([3.0])).sample((4,)).shape == (4, 1)
    assert D.Normal(tg.zeros(0), 1.0).sample((2,)).shape == (2, 0)


def test_a_cached_transform_gives_its_very_argument_back() -> None:
    squashed = D.TransformedDistribution(D.Normal(0.0, 5.0), [D.TanhTransform(cache_size=1)])
    drawn = squashed.rsample((1000,))
    assert bool((drawn.abs() == 1).any()) and bool(squashed.log_prob(drawn).isfinite().all())


def test_a_divergence_of_your_own_is_taken_for_subclasses_too() -> None:
    class Mine(D.Normal):
        pass

    assert D.kl_divergence(Mine(0.0, 1.0), D.Normal(0.0, 1.0)).item() == 0

    @D.register_kl(Mine, Mine)
    def rule(p: Any, q: Any) -> Any:
        return tg.tensor(7.0)

    assert D.kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0)).item() == 7


def test_a_divergence_of_transformed_ones_needs_equal_transforms() -> None:
    normal, T = D.Normal(0.0, 1.0), D.transforms
    for one in [T.AffineTransform(0.0, 2.0), T.PowerTransform(2.0), T.ExpTransform().inv, T.TanhTransform()]:
        kinds = [D.TransformedDistribution(normal, [one]) for _ in range(2)]
        assert D.kl_divergence(*kinds).item() == 0
        assert one.with_cache() == one and D.ComposeTransform([one]) == D.ComposeTransform([one])
    for one, other in [
        (T.AffineTransform(0.0, 2.0), T.AffineTransform(0.0, 3.0)),
        (T.AffineTransform(tg.zeros(2), 2.0), T.AffineTransform(tg.tensor([0.0, 1.0]), 2.0)),
        (T.PowerTransform(2.0), T.PowerTransform(3.0)),
        (T.ExpTransform(), T.TanhTransform()),
        (T.ExpTransform(), T.ExpTransform().inv),
    ]:
        assert one != other
        with pytest.raises(NotImplementedError, match="transformed differently"):
            pair = [D.TransformedDistribution(D.Normal(tg.zeros(2), 1.0), [t]) for t in (one, other)]
            D.kl_divergence(*pair)


def test_modules_by_the_paths_of_pytorch() -> None:
    for path, name in [
        ("normal", "Normal"),
        ("relaxed_bernoulli", "LogitRelaxedBernoulli"),
        ("utils", "broadcast_all"),
    ]:
        assert hasattr(importlib.import_module(f"tinygrad_bp.distributions.{path}"), name)
    code = (
        "import tinygrad_bp as tg; tg.install_as_torch()\n"
        "import torch.distributions as td\n"
        "from torch.distributions.categorical import Categorical\n"
        "from torch.distributions.normal import Normal\n"
        "from torch.distributions import kl_divergence, constraints\n"
        "assert td is tg.distributions and td.normal.Normal is Normal is td.Normal and td.Categorical is Categorical"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
