"""The estimators: scikit-learn's own checks, its numbers, and its tools around them."""

from __future__ import annotations

import copy
import pickle
import signal
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.sklearn import network

QUICK = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 40}
ROWS = 90


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([tg.sklearn.MLPClassifier(**QUICK), tg.sklearn.MLPRegressor(**QUICK)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def data(kind):
    if kind == "labels":
        return make_multilabel_classification(ROWS, 6, n_classes=3, random_state=0)
    if kind.endswith("classes"):
        return make_classification(ROWS, 6, n_classes=int(kind[0]), n_informative=4, random_state=0)
    X, y = make_regression(ROWS, 6, n_targets=2 if kind == "outputs" else 1, random_state=0)
    return X, np.round(np.exp(y / 200)) if kind == "counts" else y / 100


SETTINGS = [
    {}, {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 32},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "nesterovs_momentum": False},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.2, "n_iter_no_change": 2, "tol": 0.01,
     "max_iter": 80},
    {"solver": "lbfgs"}, {"activation": "tanh", "hidden_layer_sizes": (7, 5)}, {"activation": "logistic", "alpha": 0.0},
    {"activation": "identity", "hidden_layer_sizes": 3}, {"early_stopping": True, "n_iter_no_change": 3},
    {"shuffle": False, "batch_size": 32}, {"batch_size": 32, "alpha": 1.0, "beta_1": 0.5, "epsilon": 1e-3},
    {"hidden_layer_sizes": ()},
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["2classes", "3classes", "labels", "number", "outputs", "counts"])
def test_the_numbers_are_scikit_learns(kind):
    X, y = data(kind)
    classifies = kind in ("2classes", "3classes", "labels")
    weights = np.random.default_rng(0).integers(1, 4, ROWS).astype(float)
    for i, changed in enumerate(SETTINGS):
        settings = {"max_iter": 12, "random_state": 3, "hidden_layer_sizes": (9,), **changed}
        settings |= {"loss": "poisson"} if kind == "counts" else {}
        name = "MLPClassifier" if classifies else "MLPRegressor"
        theirs = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name](**settings)
        ours = getattr(tg.sklearn, name)(**settings)
        for estimator in (theirs, ours):
            estimator.fit(X, y, weights if i % 2 else None)
        for a, b in zip(theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-4 if changed.get("solver") == "lbfgs" else 1e-9)
        assert ours.loss_ == pytest.approx(theirs.loss_, abs=1e-6) and ours.n_iter_ == theirs.n_iter_
        fitted = {key for key in vars(theirs) if key.endswith("_") and not key.startswith("_")}
        assert fitted <= set(vars(ours)), fitted - set(vars(ours))
        if changed.get("early_stopping"):
            np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-9)
        if classifies:
            np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-6)
        again = clone(ours).fit(csr_matrix(X), y, weights if i % 2 else None)
        np.testing.assert_allclose(again.coefs_[0], ours.coefs_[0], atol=1e-4 if "lbfgs" in changed.values() else 1e-9)


def test_parameters_and_their_defaults_are_scikit_learns():
    assert tg.sklearn.MLPClassifier().get_params() == MLPClassifier().get_params()
    assert tg.sklearn.MLPRegressor().get_params() == MLPRegressor().get_params()


def test_it_does_not_matter_when_the_program_takes_over(monkeypatch):
    X, y = data("3classes")
    found = []
    monkeypatch.setattr(network, "GATHERED", 2 * 32 * 6 * 8)  # 90 rows: two batches at once, and the rest
    for many in (1, 10**9):
        monkeypatch.setattr(network, "MANY", many)
        with pytest.warns(ConvergenceWarning):
            found.append(tg.sklearn.MLPClassifier((9,), max_iter=20, batch_size=32, random_state=0).fit(X, y))
    assert found[0]._running[1]._compiled.programs
    for a, b in zip(found[0].coefs_, found[1].coefs_, strict=True):
        # The same bits, but for a BLAS whose products depend on where an array lies: that of NumPy 2.0 is one.
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_in_processes_pipelines_and_cross_validation():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300], y[:300]
    line = make_pipeline(StandardScaler(), tg.sklearn.MLPClassifier(random_state=0, max_iter=8))
    grid = {"mlpclassifier__hidden_layer_sizes": [(4,), (40,)], "mlpclassifier__learning_rate_init": [0.02]}
    alone, beside = (GridSearchCV(line, grid, cv=2, n_jobs=jobs).fit(X, y) for jobs in (1, 2))
    np.testing.assert_array_equal(alone.cv_results_["mean_test_score"], beside.cv_results_["mean_test_score"])
    assert beside.best_params_["mlpclassifier__hidden_layer_sizes"] == (40,) and beside.best_score_ > 0.8
    assert cross_val_score(clone(beside.best_estimator_), X, y, cv=2).mean() > 0.7


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_copy_goes_on_to_the_same_bits(copied, solver):
    X, y = data("3classes")
    one = tg.sklearn.MLPClassifier((9,), solver=solver, random_state=0)
    for _ in range(3):
        one.partial_fit(X, y, classes=[0, 1, 2])
    other = copied(one)
    assert not hasattr(other, "_running")
    for _ in range(network.EAGER):
        one.partial_fit(X, y)
    for _ in range(network.EAGER):
        other.partial_fit(X, y)
    assert one.t_ == other.t_ and one.loss_curve_ == other.loss_curve_
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


def test_weights_put_there_by_hand_are_those_that_learn_and_answer():
    X, y = data("number")
    one = tg.sklearn.MLPRegressor(hidden_layer_sizes=(9,), random_state=0).partial_fit(X, y)
    before = one.predict(X)
    one.coefs_[0] = np.zeros_like(one.coefs_[0])
    assert np.ptp(one.predict(X)) == 0 < np.ptp(before)
    one.partial_fit(X, y)
    assert 0 < abs(one.coefs_[0]).max() < 0.01


def test_files_of_joblib_mapped_into_memory(tmp_path):
    X, y = data("3classes")
    one = tg.sklearn.MLPClassifier((9,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    joblib.dump((one, X), tmp_path / "one.joblib")
    mapped, X_mapped = joblib.load(tmp_path / "one.joblib", mmap_mode="r")
    np.testing.assert_array_equal(mapped.predict_proba(X_mapped), one.predict_proba(X))
    mapped.partial_fit(X_mapped, y)
    np.testing.assert_array_equal(mapped.coefs_[0], one.partial_fit(X, y).coefs_[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_goes_on_and_refuses_other_layers_and_classes():
    X, y = data("3classes")
    one = tg.sklearn.MLPClassifier((9,), random_state=0, max_iter=5, warm_start=True).fit(X, y)
    first = one.loss_
    assert one.fit(X, y).loss_ < first and len(one.loss_curve_) == 10 and one.n_iter_ == 5
    with pytest.raises(ValueError, match="warm_start=False begins anew"):
        one.fit(X, np.where(y == 2, 1, y))
    with pytest.raises(ArgumentError, match=r"layers of \(6, 9, 3\).*ask for \(6, 8, 3\)"):
        one.set_params(hidden_layer_sizes=8).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alpha": -1}, "alpha is a number in"), ({"solver": "adamw"}, "'lbfgs', 'sgd', 'adam', got 'adamw'"),
        ({"max_iter": 0}, "whole number from 1, got 0"), ({"hidden_layer_sizes": (3, 0)}, r"got \(3, 0\)"),
        ({"hidden_layer_sizes": "many"}, "got 'many'"), ({"momentum": 1.5}, "momentum"), ({"beta_1": 1}, "beta_1"),
        ({"tol": float("nan")}, "tol"), ({"batch_size": True}, "batch_size"), ({"shuffle": 1}, "True or False"),
        ({"n_iter_no_change": 0.5}, "np.inf"),
    ],
)  # fmt: skip
def test_parameters_without_a_meaning(settings, said):
    X, y = data("2classes")
    with pytest.raises(ArgumentError, match=said):
        tg.sklearn.MLPClassifier(**settings).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_data_without_a_meaning():
    X, y = data("counts")
    with pytest.raises(ValueError, match="counts, and -1"):
        tg.sklearn.MLPRegressor("poisson").fit(X, y - y.min() - 1)
    with pytest.raises(ArgumentError, match="leaves 1 to"):
        tg.sklearn.MLPRegressor(early_stopping=True, validation_fraction=0.01).fit(X, y)
    with pytest.raises(ValueError, match="NaN or infinite; scale"), np.errstate(all="ignore"):
        tg.sklearn.MLPRegressor(solver="sgd", learning_rate_init=1e200, max_iter=5).fit(X, y)
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = tg.sklearn.MLPRegressor(solver="lbfgs").partial_fit
    with pytest.raises(ArgumentError, match="early_stopping=False"):
        tg.sklearn.MLPRegressor(early_stopping=True).partial_fit(X, y)


def test_ctrl_c_ends_a_training_with_whole_steps(monkeypatch):
    X, y = data("2classes")
    one = tg.sklearn.MLPClassifier((9,), random_state=0, max_iter=1000, tol=0, n_iter_no_change=np.inf)
    real, calls = network.Step.loop, []

    def pressed(self, *given):
        calls.append(1)
        if len(calls) == 7:
            signal.raise_signal(signal.SIGINT)
        return real(self, *given)

    monkeypatch.setattr(network.Step, "loop", pressed)
    with pytest.warns(UserWarning, match="interrupted by user"):
        one.fit(X, y)
    assert one.n_iter_ == 6 and len(calls) == 7 and one.score(X, y) > 0.4


def test_verbose_says_what_scikit_learn_says(capsys):
    X, y = data("2classes")
    for kind in (MLPClassifier, tg.sklearn.MLPClassifier):
        kind((9,), random_state=0, verbose=True, solver="sgd", learning_rate="adaptive", tol=1, n_iter_no_change=1,
             learning_rate_init=2e-6, max_iter=30).fit(X, y)  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert said[: len(said) // 2] == said[len(said) // 2 :] and len(said) > 4


WITHOUT = """
import sys
sys.modules["sklearn"] = None
import tinygrad_bp as tg
assert dir(tg.sklearn) == ["MLPClassifier", "MLPRegressor"]
try:
    tg.sklearn.MLPClassifier
except ModuleNotFoundError as error:
    print(error)
"""


def test_without_scikit_learn_one_line_says_what_to_install():
    said = subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT], capture_output=True, text=True, timeout=60)
    assert said.stdout == 'sklearn.MLPClassifier needs scikit-learn 1.6 or newer: pip install "tinygrad_bp[sklearn]"\n'


def test_the_room_does_not_stand_before_scikit_learn():
    code = "import tinygrad_bp as tg, sys; assert 'sklearn' not in sys.modules; import tinygrad_bp.sklearn, sklearn; "
    code += "assert 'scikit' in sklearn.__doc__ or sklearn.__version__; assert tg.sklearn is not sklearn"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_batches_larger_than_the_data():
    X, y = data("2classes")
    with warnings.catch_warnings(), pytest.warns(UserWarning, match="batches have all 90"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        tg.sklearn.MLPClassifier(batch_size=1000, max_iter=1).fit(X, y)
