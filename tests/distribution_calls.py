"""Distributions as texts, ``D`` the module and ``t`` what makes a parameter, and what is asked of each of them."""

from __future__ import annotations

from typing import Any

CALLS = [
    "D.Normal(t([0.5, -1.0]), t([1.0, 2.0]))", "D.Normal(t(0.5), t([[1.0], [3.0]]))",
    "D.Uniform(t([0.5, -1.0]), t([1.0, 2.0]))", "D.Exponential(t([0.5, 3.0]))",
    "D.Laplace(t([0.5, -1.0]), t([1.0, 2.0]))",
    "D.Cauchy(t([0.5, -1.0]), t([1.0, 2.0]))", "D.VonMises(t([0.5, -1.0]), t([1.0, 20.0]))",
    "D.Gamma(t([0.5, 3.0, 40.0]), t([1.0, 2.0, 0.5]))", "D.Chi2(t([0.5, 3.0]))",
    "D.InverseGamma(t([0.5, 3.0]), t([1.0, 2.0]))",
    "D.Beta(t([0.5, 3.0]), t([1.0, 2.0]))", "D.Dirichlet(t([[0.5, 3.0, 1.0], [1.5, 1.0, 6.0]]))",
    "D.StudentT(t([1.5, 3.0]), t([1.0, 2.0]), t([0.5, 2.0]))", "D.FisherSnedecor(t([1.5, 3.0]), t([5.0, 6.0]))",
    "D.LogNormal(t([0.5, -1.0]), t([1.0, 0.5]))", "D.Gumbel(t([0.5, -1.0]), t([1.0, 2.0]))",
    "D.HalfNormal(t([0.5, 2.0]))",
    "D.HalfCauchy(t([0.5, 2.0]))", "D.Pareto(t([0.5, 2.0]), t([1.5, 3.0]))", "D.Weibull(t([0.5, 2.0]), t([1.5, 3.0]))",
    "D.Bernoulli(t([0.2, 0.7]))", "D.Bernoulli(logits=t([-1.0, 2.0]))", "D.Binomial(7, t([0.2, 0.7]))",
    "D.Binomial(40, logits=t([-1.0, 0.5]))", "D.Geometric(t([0.2, 0.7]))", "D.Geometric(logits=t([0.2, 0.7]))",
    "D.Poisson(t([0.5, 30.0]))", "D.NegativeBinomial(t([2.0, 5.0]), t([0.2, 0.7]))",
    "D.NegativeBinomial(t([2.0, 5.0]), logits=t([0.2, 0.7]))",
    "D.Categorical(t([[0.2, 0.3, 0.5], [2.0, 1.0, 1.0]]))", "D.Categorical(logits=t([0.2, -1.0, 3.0]))",
    "D.OneHotCategorical(t([[0.2, 0.3, 0.5], [2.0, 1.0, 1.0]]))",
    "D.OneHotCategoricalStraightThrough(logits=t([0.2, -1.0, 3.0]))",
    "D.Multinomial(5, t([[0.2, 0.3, 0.5], [2.0, 1.0, 1.0]]))",
    "D.Multinomial(5, logits=t([0.2, -1.0, 3.0]))", "D.RelaxedBernoulli(t(0.5), t([0.2, 0.7]))",
    "D.RelaxedOneHotCategorical(t(0.5), t([0.2, 0.3, 0.5]))",
    "D.MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]]))",
    "D.MultivariateNormal(t([[0.5, -1.0], [0.0, 3.0]]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]]))",
    "D.MultivariateNormal(t([0.5, -1.0]), scale_tril=t([[[2.0, 0.0], [0.5, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]))",
    "D.Independent(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), 1)", "D.Independent(D.Bernoulli(t([[0.2, 0.7]])), 1)",
    "D.MixtureSameFamily(D.Categorical(t([0.2, 0.8])), D.Normal(t([0.5, -1.0]), t([1.0, 2.0])))",
    "D.MixtureSameFamily(D.Categorical(logits=t([0.2, 0.8])), "
    "D.Independent(D.Normal(t([[0.5, -1.0], [0.0, 3.0]]), t([[1.0, 2.0], [1.0, 1.0]])), 1))",
    "D.TransformedDistribution(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), [D.transforms.TanhTransform(cache_size=1)])",
    "D.TransformedDistribution(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), "
    "[D.AffineTransform(t([1.0, 2.0]), t([-2.0, 0.5])), D.SigmoidTransform()])",
    "D.TransformedDistribution(D.Uniform(t([0.1, 0.2]), t([1.0, 0.9])), [D.SigmoidTransform().inv, D.ExpTransform()])",
    "D.TransformedDistribution(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), [D.StickBreakingTransform()])",
    "D.TransformedDistribution(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), "
    "[D.SoftplusTransform(), D.PowerTransform(t(2.0))])",
    "D.TransformedDistribution(D.Normal(t([0.5, -1.0, 0.0, 1.0]), t(2.0)), [D.ReshapeTransform((4,), (2, 2))])",
    "D.Normal(t([0.5, -1.0]), t([1.0, 2.0])).expand((3, 2))", "D.Categorical(logits=t([0.2, -1.0, 3.0])).expand((2,))",
    "D.LogNormal(t(0.5), t(1.0)).expand((3,))", "D.Beta(t(0.5), t(1.0)).expand((2,))",
    "D.Gumbel(t(0.5), t(1.0)).expand((2,))",
    "D.MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]])).expand((3,))",
]  # fmt: skip
PAIRS = [
    ("D.Uniform(t([0.5]), t([1.0]))", "D.Uniform(t([0.2]), t([2.0]))"),
    ("D.Uniform(t([0.5]), t([1.0]))", "D.Uniform(t([0.7]), t([2.0]))"),
    ("D.Uniform(t([0.5]), t([1.0]))", "D.Normal(t([0.7]), t([2.0]))"),
    ("D.Laplace(t([0.5]), t([1.0]))", "D.Normal(t([0.7]), t([2.0]))"),
    ("D.Normal(t([0.5]), t([1.0]))", "D.Laplace(t([0.7]), t([2.0]))"),
    ("D.Exponential(t([0.5]))", "D.Gamma(t([0.7]), t([2.0]))"), ("D.Gamma(t([0.7]), t([2.0]))",
    "D.Exponential(t([0.5]))"),
    ("D.Bernoulli(t([0.0, 1.0, 0.5]))", "D.Bernoulli(t([0.5, 0.5, 1.0]))"),
    ("D.Categorical(t([0.0, 1.0]))", "D.Categorical(t([0.5, 0.5]))"),
    ("D.Categorical(t([0.5, 0.5]))", "D.Categorical(t([0.0, 1.0]))"),
    *(
        (f"D.{kind}({p})", f"D.{kind}({q})")
        for kind in ("Normal", "Laplace", "Cauchy", "Gamma", "Beta", "Gumbel", "LogNormal", "Pareto")
        for p, q in [("t([0.9, 3.0]), t([1.0, 2.0])", "t([0.5, 2.0]), t([3.0, 2.5])")]
    ),
    *(
        (f"D.{kind}({p})", f"D.{kind}({q})")
        for kind in ("Exponential", "Poisson", "HalfNormal", "Bernoulli", "Geometric", "Categorical", "Dirichlet")
        for p, q in [("t([0.9, 0.1])", "t([0.5, 0.4])")]
    ),
    ("D.OneHotCategorical(t([0.9, 0.1]))", "D.OneHotCategorical(t([0.5, 0.4]))"),
    ("D.Binomial(5, t([0.9, 0.1]))", "D.Binomial(5, t([0.5, 0.4]))"),
    ("D.MultivariateNormal(t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]]))",
    "D.MultivariateNormal(t([0.0, 1.0]), t([[1.0, 0.0], [0.0, 1.0]]))"),
    ("D.Independent(D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), 1)",
    "D.Independent(D.Normal(t([0.0, 0.0]), t([1.0, 1.0])), 1)"),
]  # fmt: skip


class Asked:
    """A text as an object of an engine, with the leaves that its parameters are."""

    def __init__(self, torch: Any, text: str) -> None:
        self.torch, self.leaves = torch, []  # type: ignore[var-annotated]
        self.made = eval(text, {"D": torch.distributions, "t": self.leaf})

    def leaf(self, values: Any) -> Any:
        self.leaves.append(self.torch.tensor(values, dtype=self.torch.float64, requires_grad=True))
        return self.leaves[-1]

    def gradients(self, result: Any) -> list[Any]:
        """Of the sum of a result that is weighted by its elements' places."""
        if not result.requires_grad:
            return [None] * len(self.leaves)
        weights = self.torch.arange(1.0, 1.0 + result.numel(), dtype=self.torch.float64).reshape(result.shape)
        found = self.torch.autograd.grad((weights * result).sum(), self.leaves, allow_unused=True, retain_graph=True)
        return [None if g is None else plain(g) for g in found]


def plain(x: Any) -> Any:
    return x.detach().tolist()


def answers(torch: Any, text: str) -> dict[str, Any]:
    """Everything that one distribution says; what it refuses is left out."""
    d = Asked(torch, text)
    torch.manual_seed(0)
    sample = d.made.sample((3,))
    found = {"repr": repr(d.made), "sample": plain(sample), "batch": list(d.made.batch_shape)}
    found["event"] = list(d.made.event_shape)
    questions = {name: (lambda name=name: getattr(d.made, name)) for name in ("mean", "mode", "variance", "stddev")}
    questions["log_prob"] = lambda: d.made.log_prob(sample)
    questions |= {"entropy": lambda: d.made.entropy(), "support": lambda: d.made.enumerate_support()}
    questions["cdf"] = torch.no_grad()(lambda: d.made.cdf(sample))
    questions["icdf"] = torch.no_grad()(lambda: d.made.icdf(torch.full(d.made.batch_shape, 0.3, dtype=torch.float64)))
    for name, ask in questions.items():
        try:
            result = ask()
        except NotImplementedError:
            continue
        found[name] = plain(result)
        if name in ("log_prob", "entropy", "mean"):
            found[f"slopes of {name}"] = d.gradients(result)
    if d.made.has_rsample:
        torch.manual_seed(0)
        found["slopes of rsample"] = d.gradients(d.made.rsample((3,)))
    return found


def divergence(torch: Any, p: str, q: str) -> dict[str, Any]:
    both = Asked(torch, f"({p}, {q})")
    result = torch.distributions.kl_divergence(*both.made)
    return {"value": plain(result), "slopes": both.gradients(result)}
