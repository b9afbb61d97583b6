"""What the two estimators have in common: training, and the attributes that it leaves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..autograd.errors import ArgumentError, shape_text
from ..train.interrupts import Interrupts
from .network import GATHERED, OUTPUT, SGD, Adam, Network, Step, writable
from .parameters import PARAMETERS, whole

RULES: dict[str, Any] = {"sgd": SGD, "adam": Adam}
# The parameters that a step is made of.
STEP = (
    "solver", "activation", "alpha", "learning_rate_init", "momentum", "nesterovs_momentum", "beta_1", "beta_2",
    "epsilon",
)  # fmt: skip


class Perceptron(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What classifier and regressor share: training, and the attributes that it leaves."""

    hidden_layer_sizes: Any
    activation: str
    solver: str
    alpha: float
    batch_size: Any
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: int | float
    max_fun: int
    coefs_: list[Any]
    intercepts_: list[Any]

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: str = "relu", *, solver: str = "adam",
        alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10, max_fun: int = 15000,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.solver, self.alpha = solver, alpha
        self.batch_size, self.learning_rate, self.learning_rate_init = batch_size, learning_rate, learning_rate_init
        self.power_t, self.max_iter, self.shuffle, self.random_state = power_t, max_iter, shuffle, random_state
        self.tol, self.verbose, self.warm_start, self.momentum = tol, verbose, warm_start, momentum
        self.nesterovs_momentum, self.early_stopping = nesterovs_momentum, early_stopping
        self.validation_fraction, self.beta_1, self.beta_2 = validation_fraction, beta_1, beta_2
        self.epsilon, self.n_iter_no_change, self.max_fun = epsilon, n_iter_no_change, max_fun

    # ------------------------------------------------------------------ what subclasses say

    def _targets(self, X: Any, y: Any, reset: bool, first: bool) -> tuple[Any, Any]:
        raise NotImplementedError

    def _out_activation(self) -> str:
        raise NotImplementedError

    def _measured(self, X: Any, y: Any, weights: Any) -> float:
        raise NotImplementedError

    # ------------------------------------------------------------------ the calls of scikit-learn

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on rows ``X`` (rows, features), dense or sparse, and ``y`` (rows,) or (rows, outputs).

        ``sample_weight`` (rows,) weighs them. Returns the estimator. Raises ``ArgumentError`` for a parameter without
        a meaning, and scikit-learn's errors for data that it does not take.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and attributes; the compiled step is left here, and made anew where it is needed."""
        return {name: value for name, value in super().__getstate__().items() if name != "_running"}

    # ------------------------------------------------------------------ training

    def _check_parameters(self) -> list[int]:
        """The sizes of the hidden layers."""
        for name, value in self.get_params(deep=False).items():
            if name in PARAMETERS and not PARAMETERS[name][0](value):
                raise ArgumentError(f"{type(self).__name__}: {name} is {PARAMETERS[name][1]}, got {value!r}")
        sizes: Any = self.hidden_layer_sizes
        hidden: list[Any] = [sizes] if isinstance(sizes, Integral) else list(sizes) if np.iterable(sizes) else [None]
        if not all(whole(size) for size in hidden):
            raise ArgumentError(
                f"{type(self).__name__}: hidden_layer_sizes is a whole number from 1 or a sequence of them, got "
                f"{sizes!r}"
            )
        return [int(size) for size in hidden]

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
        hidden = self._check_parameters()
        if incremental and self.early_stopping:
            raise ArgumentError("partial_fit: one pass has no validation; set early_stopping=False")
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._targets(X, y, reset=first, first=first and not incremental)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=X.dtype)
        y = y.reshape(len(y), -1).astype(X.dtype)
        units = [X.shape[1], *hidden, y.shape[1]]
        self._random_state = check_random_state(self.random_state)
        if first:
            self._begin(units, X.dtype)
        elif units != [len(w) for w in self.coefs_] + [self.coefs_[-1].shape[1]]:
            known = [len(w) for w in self.coefs_] + [self.coefs_[-1].shape[1]]
            raise ArgumentError(
                f"warm_start and partial_fit go on with layers of {shape_text(tuple(known))}, and these parameters and "
                f"targets ask for {shape_text(tuple(units))}; fit with warm_start=False begins anew"
            )
        self.coefs_, self.intercepts_ = writable(self.coefs_), writable(self.intercepts_)
        if self.solver == "lbfgs":
            self._fit_whole(X, y, weights)
        else:
            self._fit_by_batches(X, y, weights, incremental)
        if not all(np.isfinite(array).all() for array in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                f"{type(self).__name__}: the weights became NaN or infinite; scale the features (StandardScaler) or "
                "take a smaller learning_rate_init"
            )
        return self

    def _begin(self, units: Sequence[int], dtype: Any) -> None:
        """The first weights, and empty records."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_, self.n_outputs_ = len(units), units[-1]
        self.out_activation_ = self._out_activation()
        self.coefs_, self.intercepts_ = [], []
        for into, out in pairwise(units):
            bound = np.sqrt((2 if self.activation == "logistic" else 6) / (into + out))
            self.coefs_.append(self._random_state.uniform(-bound, bound, (into, out)).astype(dtype, copy=False))
            self.intercepts_.append(self._random_state.uniform(-bound, bound, out).astype(dtype, copy=False))
        self._state = None
        if self.solver in RULES:
            self.loss_curve_: list[float] = []
            self._unimproved = 0
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = [] if self.early_stopping else None
            self.best_validation_score_: float | None = -np.inf if self.early_stopping else None

    def _network(self) -> Network:
        return Network(self.coefs_, self.intercepts_, self.activation, self.out_activation_, self.alpha)

    def _begun(self, planned: int | None) -> tuple[Any, Step]:
        """A rule and a step for so many calls; where ``partial_fit`` goes on (None), those of before."""
        settings = [getattr(self, name) for name in STEP]
        state = self._state if planned is None else None
        if state is not None and (known := getattr(self, "_running", None)) is not None:
            rule, step, before, left = known
            ours = [*step.network.coefs, *step.network.intercepts]
            same = all(a is b for a, b in zip(ours, [*self.coefs_, *self.intercepts_], strict=True))
            if same and left is state and before == settings:
                return rule, step
        network = self._network()
        rule = RULES[self.solver](network, self.get_params(deep=False), state)
        return rule, Step(network, rule.rule, planned)

    def _fit_by_batches(self, X: Any, y: Any, weights: Any, incremental: bool) -> None:
        held_out: Any = None
        if self.early_stopping:
            X, y, weights, held_out = self._split(X, y, weights)
        rows = len(y)
        size = min(200, rows) if self.batch_size == "auto" else self.batch_size
        if size > rows:
            warnings.warn(f"batch_size={size} is more than there are rows; batches have all {rows}", stacklevel=4)
            size = rows
        rule, step = self._begun(None if incremental else self.max_iter * -(-rows // size))
        groups = _groups(rows, size, X.shape[1] * X.dtype.itemsize)
        best = [array.copy() for array in (*self.coefs_, *self.intercepts_)]
        order = np.arange(rows)
        self.n_iter_ = 0
        try:
            with Interrupts() as interrupts, interrupts.held(0):
                while self.n_iter_ < (1 if incremental else self.max_iter):
                    if self.shuffle:  # as sklearn.utils.shuffle does, which takes longer than a small step
                        places = np.arange(rows)
                        self._random_state.shuffle(places)
                        order = order[places]
                    total = 0.0
                    for start, count, length in groups:
                        part = slice(start, start + count * length)
                        chosen = order[part] if self.shuffle else part
                        given = [None if a is None else a[chosen] for a in (X, y, weights)]
                        batches = [None if a is None else _dense(a).reshape(count, length, *a.shape[1:]) for a in given]
                        with interrupts.held(1):
                            losses = step.loop(batches, np.array([rule.next_rate() for _ in range(count)]))
                        for loss in losses:
                            total += loss * length
                    self.n_iter_ += 1
                    self.t_ += rows
                    self.loss_ = total / rows
                    self.loss_curve_.append(self.loss_)
                    if self.verbose:
                        print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
                    if self._improved(held_out):
                        best = [array.copy() for array in (*self.coefs_, *self.intercepts_)]
                    if self.solver == "sgd" and self.learning_rate == "invscaling":
                        rule.rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
                    if self._unimproved > self.n_iter_no_change:
                        if self._stops(rule):
                            break
                        self._unimproved = 0
                    if not incremental and self.n_iter_ == self.max_iter:
                        warnings.warn(
                            f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                            "hasn't converged yet.", ConvergenceWarning, stacklevel=4,
                        )  # fmt: skip
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        self._state = rule.state()
        self._running = rule, step, [getattr(self, name) for name in STEP], self._state
        if self.early_stopping:
            self.coefs_, self.intercepts_ = best[: self.n_layers_ - 1], best[self.n_layers_ - 1 :]

    def _split(self, X: Any, y: Any, weights: Any) -> tuple[Any, Any, Any, Any]:
        """The rows that are trained on, and those held out: their features, targets and weights."""
        given = [X, y] if weights is None else [X, y, weights]
        parts = train_test_split(
            *given, random_state=self._random_state, test_size=self.validation_fraction,
            stratify=y if is_classifier(self) and self.n_outputs_ == 1 else None,
        )  # fmt: skip
        trained, held = parts[::2], parts[1::2]
        if len(held[1]) < 2:
            raise ArgumentError(
                f"early_stopping: validation_fraction={self.validation_fraction} of {len(y)} rows leaves "
                f"{len(held[1])} to validate on, and 2 are needed; give more rows, or a larger fraction"
            )
        return (*trained, *[None] * (3 - len(trained)), (*held, *[None] * (3 - len(held))))

    def _improved(self, held_out: Any) -> bool:
        """Count an epoch; whether its weights are the best on the rows held out."""
        if held_out is None:
            best = self.best_loss_ if self.best_loss_ is not None else np.inf
            self._unimproved = self._unimproved + 1 if self.loss_ > best - self.tol else 0
            self.best_loss_ = min(best, self.loss_)
            return False
        score = self._measured(*held_out)
        assert self.validation_scores_ is not None
        self.validation_scores_.append(score)
        if self.verbose:
            print(f"Validation score: {score:f}")
        best = self.best_validation_score_ if self.best_validation_score_ is not None else -np.inf
        self._unimproved = self._unimproved + 1 if score < best + self.tol else 0
        if score > best:
            self.best_validation_score_ = score
        return bool(score > best)

    def _stops(self, rule: Any) -> bool:
        what = "Validation score" if self.early_stopping else "Training loss"
        said = f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        adaptive = self.solver == "sgd" and self.learning_rate == "adaptive"
        stops = not adaptive or rule.rate <= 1e-6
        if not stops:
            rule.rate /= 5
        if self.verbose:
            small = "Learning rate too small. " if adaptive else ""
            print(said, f"{small}Stopping." if stops else f"Setting learning rate to {rule.rate:f}")
        return stops

    def _fit_whole(self, X: Any, y: Any, weights: Any) -> None:
        """L-BFGS on all rows at once, by SciPy."""
        from scipy.optimize import minimize

        network = self._network()
        step = Step(network, None)
        arrays = [*self.coefs_, *self.intercepts_]
        dense = _dense(X)
        shown, asked = np.inf, np.empty(0)

        def objective(packed: Any) -> tuple[float, Any]:
            nonlocal shown, asked
            asked = packed.copy()
            _unpack(packed, arrays)
            reported, loss, *gradients = step(dense, y, weights)
            shown = reported.item()
            return loss.item(), np.concatenate([g.numpy().ravel() for g in gradients], dtype=np.float64)

        def told(packed: Any) -> None:
            self.n_iter_ += 1
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {shown:.8f}")

        self.n_iter_ = 0
        found = minimize(
            objective, np.concatenate([array.ravel() for array in arrays], dtype=np.float64), method="L-BFGS-B",
            jac=True, callback=told, options={"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol},
        )  # fmt: skip
        if not np.array_equal(asked, found.x):  # the last call was one of a line search
            objective(found.x)
        self.loss_ = shown
        self.n_iter_ = min(int(found.nit), self.max_iter)
        if found.status != 0:
            warnings.warn(
                f"lbfgs failed to converge after {found.nit} iterations: {found.message}. Increase max_iter "
                f"({self.max_iter}), or scale the features (StandardScaler)", ConvergenceWarning, stacklevel=4,
            )  # fmt: skip

    # ------------------------------------------------------------------ after training

    def _outputs(self, X: Any, kinds: Any = OUTPUT) -> Any:
        """What the network says of rows: arrays (rows, outputs) of one of its kinds of output."""
        check_is_fitted(self, "coefs_")
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self._network().outputs(X, kinds)


def _groups(rows: int, size: int, bytes_of_row: int) -> list[tuple[int, int, int]]:
    """Batches of one length that are run as one: where they begin, how many there are, and their length."""
    whole, most = rows // size, max(1, GATHERED // (size * bytes_of_row))
    groups = [(first * size, min(most, whole - first), size) for first in range(0, whole, most)]
    return [*groups, (whole * size, 1, rows % size)] if rows % size else groups


def _dense(X: Any) -> Any:
    return X if isinstance(X, np.ndarray) else X.toarray()


def _unpack(packed: Any, arrays: Sequence[Any]) -> None:
    """Write a vector into the arrays, one after the other."""
    start = 0
    for array in arrays:
        array[...] = packed[start : start + array.size].reshape(array.shape)
        start += array.size
