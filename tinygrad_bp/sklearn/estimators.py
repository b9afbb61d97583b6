"""``MLPClassifier`` and ``MLPRegressor``: scikit-learn's parameters, attributes and numbers on this engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from ..ops.joining import cat
from .network import OUTPUT
from .perceptron import RULES, Perceptron


def _stochastic(estimator: Any) -> bool:
    if estimator.solver not in RULES:
        raise AttributeError(f"partial_fit takes steps by batches, solver={estimator.solver!r} the whole data")
    return True


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
    """A multi-layer perceptron that classifies: scikit-learn's ``MLPClassifier``, trained by this engine.

    Parameters, attributes and, for the same ``random_state``, numbers (to rounding) are scikit-learn's. Two classes or
    several, or several labels a row (``y`` of zeros and ones, (rows, labels)). ``fit``, ``partial_fit``, ``predict``,
    ``predict_proba``, ``predict_log_proba``, ``score``.

    After ``fit``: ``coefs_`` and ``intercepts_`` (arrays, layer by layer), ``classes_``, ``loss_``, ``loss_curve_``,
    ``best_loss_``, ``validation_scores_``, ``best_validation_score_``, ``n_iter_``, ``t_``, ``n_layers_``,
    ``n_outputs_``, ``n_features_in_``, ``feature_names_in_``, ``out_activation_``.

    >>> import tinygrad_bp as tg
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> network = make_pipeline(StandardScaler(), tg.sklearn.MLPClassifier((8,), random_state=0, max_iter=2000))
    >>> network.fit(X, y).score(X, y) > 0.95
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _targets(self, X: Any, y: Any, reset: bool, first: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if first:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif not set(unique_labels(y)) <= set(self.classes_) or (
            self.warm_start and len(unique_labels(y)) < len(self.classes_)
        ):
            raise ValueError(
                f"y has the classes {unique_labels(y)}, and this network has {self.classes_}; fit with "
                "warm_start=False begins anew"
            )
        return X, self._label_binarizer.transform(y)

    def _out_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _measured(self, X: Any, y: Any, weights: Any) -> float:
        said = self._network().outputs(X)
        if not np.isfinite(said).all():
            return float("nan")
        names = self._label_binarizer.inverse_transform
        return float(accuracy_score(names(y), names(said), sample_weight=weights))

    @available_if(_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One pass over these rows. The first call needs ``classes``, all that will ever come; later calls go on.

        Raises ``ValueError`` where ``classes`` is missing or another than before.
        """
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = unique_labels(classes)
            labels = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if labels else self.classes_)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(f"`classes={classes!r}` is not the same as on last call to partial_fit, {self.classes_!r}")
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Any:
        """The class of each row, (rows,); of several labels zeros and ones, (rows, labels)."""
        said = self._outputs(X)
        return self._label_binarizer.inverse_transform(said.ravel() if self.n_outputs_ == 1 else said)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, (rows, classes) in the order of ``classes_``."""
        return self._outputs(X, {**OUTPUT, "logistic": lambda z: OUTPUT["logistic"](_both(z))})

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of ``predict_proba``: ``-inf`` where the probability is too small for a number."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]
    """A multi-layer perceptron that gives numbers: scikit-learn's ``MLPRegressor``, trained by this engine.

    ``loss`` is ``"squared_error"``, or ``"poisson"`` for counts (``y`` not negative; the outputs are exponentials). One
    output or several, ``y`` (rows,) or (rows, outputs). Everything else as of ``MLPClassifier``, without classes;
    ``score`` is R².

    >>> import numpy as np, tinygrad_bp as tg
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> network = tg.sklearn.MLPRegressor(hidden_layer_sizes=(10,), solver="lbfgs", random_state=0)
    >>> network.fit(X, X.ravel() ** 2).score(X, X.ravel() ** 2) > 0.95
    True
    """

    def __init__(
        self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: str = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10, max_fun: int = 15000,
    ) -> None:  # fmt: skip
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, alpha=alpha, batch_size=batch_size,
            learning_rate=learning_rate, learning_rate_init=learning_rate_init, power_t=power_t, max_iter=max_iter,
            shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose, warm_start=warm_start,
            momentum=momentum, nesterovs_momentum=nesterovs_momentum, early_stopping=early_stopping,
            validation_fraction=validation_fraction, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon,
            n_iter_no_change=n_iter_no_change, max_fun=max_fun,
        )  # fmt: skip
        self.loss = loss

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, X: Any, y: Any, reset: bool, first: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True,
            dtype=(np.float64, np.float32), reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson': y holds counts, and {y.min()} is negative")
        return X, y

    def _out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _measured(self, X: Any, y: Any, weights: Any) -> float:
        said = self._network().outputs(X)
        return float(r2_score(y, said, sample_weight=weights)) if np.isfinite(said).all() else float("nan")

    @available_if(_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One pass over these rows; the first call begins, later ones go on."""
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Any:
        """The number of each row, (rows,), or its numbers, (rows, outputs)."""
        said = self._outputs(X)
        return said.ravel() if said.shape[1] == 1 else said


def _both(z: Any) -> Any:
    """The scores of two classes, of the score of the second; those of several labels as they are."""
    return cat([-z, z], 1) if z.shape[1] == 1 else z
