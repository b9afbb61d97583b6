"""The network behind an estimator: layers over arrays that the estimator keeps, its losses, and how a step moves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.gradient import grad
from ..autograd.modes import inference_mode, no_grad
from ..autograd.tensor import Tensor
from ..compiler import compile as compiled
from ..functions.creation import from_numpy
from ..nn import functional as F
from ..ops.special_functions import xlogy

Settings = dict[str, Any]

HIDDEN: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z, "logistic": F.sigmoid, "tanh": F.tanh, "relu": F.relu,
}  # fmt: skip
# What the last layer's sums are turned into, and the loss of each row that belongs to it.
OUTPUT: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda z: F.softmax(z, 1), "logistic": F.sigmoid, "identity": lambda z: z, "exp": lambda z: z.exp(),
}  # fmt: skip
ROWS: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": lambda z, y: F.cross_entropy(z, y, reduction="none"),
    "logistic": lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1),
    "identity": lambda z, y: ((z - y) ** 2).sum(1) / 2,
    "exp": lambda z, y: (z.exp() - y * z + xlogy(y, y) - y).sum(1),  # Poisson's deviance
}
EAGER = 100  # calls before a step is compiled, where nobody knows how many will come
GATHERED = 1 << 24  # bytes of features that are put in order at once
MANY = 500  # as many are worth it from the first on


class Network:
    """Layers ``x @ W + b`` over ``coefs`` and ``intercepts``, arrays that its steps write in place."""

    coefs: list[Any]
    intercepts: list[Any]
    weights: list[Tensor]
    biases: list[Tensor]
    activation: str
    out_activation: str
    alpha: float

    def __init__(
        self, coefs: Sequence[Any], intercepts: Sequence[Any], activation: str, out_activation: str, alpha: float
    ) -> None:
        self.coefs, self.intercepts = list(coefs), list(intercepts)
        self.weights = [from_numpy(array).requires_grad_() for array in coefs]
        self.biases = [from_numpy(array).requires_grad_() for array in intercepts]
        self.activation, self.out_activation, self.alpha = activation, out_activation, alpha

    @property
    def parameters(self) -> list[Tensor]:
        """The weights, then the biases."""
        return [*self.weights, *self.biases]

    def scores(self, product: Any) -> Any:
        """The last layer's sums, of ``x @ weights[0]``: a sparse ``x`` is multiplied outside."""
        hidden = HIDDEN[self.activation]
        for bias, weight in zip(self.biases[:-1], self.weights[1:], strict=True):
            product = hidden(product + bias) @ weight
        return product + self.biases[-1]

    def outputs(self, x: Any, kinds: dict[str, Callable[[Any], Any]] = OUTPUT) -> Any:
        """What the network says of the rows of an array or a sparse matrix, as an array."""
        with no_grad():
            return kinds[self.out_activation](self.scores(from_numpy(x @ self.coefs[0]))).numpy()

    def loss(self, x: Any, y: Any, row_weights: Any) -> tuple[Any, Any]:
        """What is minimised: the mean over the rows, by their weights, and ``alpha / 2`` times all squares by row.

        Before it what is reported: squared errors are means over the outputs there, and sums where they are minimised.
        """
        rows = ROWS[self.out_activation](self.scores(x @ self.weights[0]), y)
        count = x.shape[0] if row_weights is None else row_weights.sum()
        loss = (rows if row_weights is None else rows * row_weights).sum() / count
        shown = loss / y.shape[1] if self.out_activation == "identity" and y.shape[1] > 1 else loss
        if not self.alpha:
            return shown, loss
        squares = sum(((w * w).sum() for w in self.weights[1:]), (self.weights[0] * self.weights[0]).sum())
        penalty = squares * (self.alpha / 2) / count
        return (loss + penalty,) * 2 if shown is loss else (shown + penalty, loss + penalty)


class Step:
    """What is done with a batch, by Python at first and then by a program: two losses, as ``Network.loss`` gives them.

    A rule gets the gradients and the learning rate, and moves the parameters. Without one the gradients are given too.
    """

    def __init__(
        self, network: Network, rule: Callable[[list[Tensor], Any], None] | None, planned: int | None = None
    ) -> None:
        self.network = network
        self.calls: int = 0
        self._eager = EAGER if planned is None else 0 if planned >= MANY else planned
        parameters = network.parameters

        def run(x: Any, y: Any, row_weights: Any, rate: Any) -> Any:
            with inference_mode(False):
                shown, loss = network.loss(x, y, row_weights)
                gradients = grad(loss, parameters)
            if rule is None:
                return shown.detach(), loss.detach(), *gradients
            with no_grad():
                rule([g for g in gradients if g is not None], rate)
            return shown.detach(), loss.detach()

        self._run = run
        self._compiled: Any = compiled(run, exact=True)  # so that it does not matter when the program takes over

    def __call__(self, x: Any, y: Any, row_weights: Any) -> tuple[Tensor, ...]:
        """Of a step without a rule: both losses and the gradients."""
        self.calls += 1
        run: Any = self._compiled if self.calls > self._eager else self._run
        result: tuple[Tensor, ...] = run(*_tensors(x, y, row_weights), None)
        return result

    def loop(self, batches: Sequence[Any], rates: Any) -> list[float]:
        """A step for each batch of features, targets and row weights, stacked in front; the losses reported."""
        given = _tensors(*batches, rates)
        self.calls += len(rates)
        if self.calls > self._eager:
            shown: list[float] = self._compiled.loop(*given)[0].tolist()
            return shown
        each = zip(*[[None] * len(rates) if stacked is None else stacked for stacked in given], strict=True)
        return [self._run(*batch)[0].item() for batch in each]


def _tensors(*arrays: Any) -> list[Any]:
    return [None if array is None else from_numpy(np.ascontiguousarray(array)) for array in arrays]


def writable(arrays: Sequence[Any]) -> list[Any]:
    """The arrays; of one that lies in a file opened for reading, as joblib maps them, a copy."""
    return [np.require(array, requirements="W") for array in arrays]


class SGD:
    """Stochastic gradient descent as scikit-learn writes it: velocities hold the learning rate of their time."""

    rate: float
    velocities: list[Any]

    def __init__(self, network: Network, settings: Settings, state: dict[str, Any] | None) -> None:
        self.rate = float(settings["learning_rate_init"])
        self.velocities = [np.zeros_like(p.numpy()) for p in map(Tensor.detach, network.parameters)]
        if state is not None:
            self.rate, self.velocities = state["rate"], writable(state["velocities"])
        momentum, nesterov = float(settings["momentum"]), settings["nesterovs_momentum"]
        pairs = [*zip(network.parameters, map(from_numpy, self.velocities), strict=True)]

        def rule(gradients: list[Tensor], rate: Any) -> None:
            for (p, velocity), g in zip(pairs, gradients, strict=True):
                moved = g * rate
                velocity.mul_(momentum).sub_(moved)
                p.add_(velocity * momentum - moved if nesterov else velocity)

        self.rule = rule

    def next_rate(self) -> float:
        """The learning rate of the step to come."""
        return self.rate

    def state(self) -> dict[str, Any]:
        """All that a later ``partial_fit`` goes on from."""
        return {"rate": self.rate, "velocities": self.velocities}


class Adam:
    """Adam as scikit-learn writes it: ``epsilon`` is added to the root of the moment that is not corrected."""

    steps: int
    moments: list[list[Any]]

    def __init__(self, network: Network, settings: Settings, state: dict[str, Any] | None) -> None:
        self._init, self._betas = float(settings["learning_rate_init"]), (settings["beta_1"], settings["beta_2"])
        self.steps = 0
        self.moments = [[np.zeros_like(p.detach().numpy()) for p in network.parameters] for _ in range(2)]
        if state is not None:
            self.steps, self.moments = state["steps"], [*map(writable, state["moments"])]
        beta_1, beta_2, epsilon = *map(float, self._betas), float(settings["epsilon"])
        held = [*zip(network.parameters, *[map(from_numpy, arrays) for arrays in self.moments], strict=True)]

        def rule(gradients: list[Tensor], rate: Any) -> None:
            for (p, first, second), g in zip(held, gradients, strict=True):
                first.mul_(beta_1).add_(g * (1 - beta_1))
                second.mul_(beta_2).add_(g * g * (1 - beta_2))
                p.sub_(first * rate / (second.sqrt() + epsilon))

        self.rule = rule

    def next_rate(self) -> float:
        """The learning rate of the step to come."""
        self.steps += 1
        beta_1, beta_2 = self._betas
        return float(self._init * np.sqrt(1 - beta_2**self.steps) / (1 - beta_1**self.steps))

    def state(self) -> dict[str, Any]:
        """All that a later ``partial_fit`` goes on from."""
        return {"steps": self.steps, "moments": self.moments}
