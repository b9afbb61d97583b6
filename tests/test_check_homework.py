"""Homework in many styles, and what the check finds of it: the errors that are in it, and no others.

Those named r1 to r5 are the classes of the five reports, with the errors that the reports have.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tinygrad_bp.check.problem import Verdict
from tinygrad_bp.check.runner import Limits, report
from tinygrad_bp.check.source import read, run_definitions
from tinygrad_bp.check.spec import Spec
from tinygrad_bp.check.together import judged_together
from tinygrad_bp.check.work import items

FOLDER = Path(__file__).parent / "homework"
FILES = sorted(path.name for path in FOLDER.glob("*.py") if path.name != "conftest.py")
# What is wrong in a file: the pair, and a word of the verdict. Everything else that is found in it is right.
WRONG: dict[str, dict[str, str]] = {
    "r1.py": {"SoftmaxWithLoss": "dscores: summed"},
    "r2.py": {"Dense": "biases: averaged"},
    "r3.py": {"softmax_backward": "overflow", "L_model_backward": "compute_cost: term missing"},
    "r5.py": {"FC": "divided twice", "SoftmaxCrossEntropy": "overflow"},
    "activations_wrong.py": {
        "relu_prime": "mask inverted", "d_leaky_relu": "dx", "softplus_der": "dx", "backward_elu": "dx",
        "geluBackward": "dx", "Swish.gradient": "dx",
        "PReLU": "da", "wave_grad": "dy",
    },
    "column_layers_wrong.py": {
        "Dense": "weights", "Tanh": "dinput", "mse_prime": "sign", "binary_cross_entropy_prime": "dy_pred",
    },
    "line_fit_wrong.py": {"compute_gradient": "dj_db: summed"},
    "attention_wrong.py": {"attention_backward": "dK"},
    "conv_classes_wrong.py": {
        "Conv3x3.backprop": "filters", "MaxPool2": "mask missing", "AvgPool2": "dx", "Conv2D": "db",
    },
    "columns_any_depth_wrong.py": {"L_model_backward": "dW1"},
    "columns_logistic_wrong.py": {"propagate": "dw: summed"},
    "columns_two_layers_wrong.py": {"backward_propagation": "dW1"},
    "cached_layers_wrong.py": {
        "affine_backward": "db", "relu_backward": "mask inverted", "batchnorm_backward": "dx",
        "dropout_backward": "dx", "conv_backward_naive": "dx", "max_pool_backward_naive": "dx",
        "softmax_loss": "summed", "svm_loss": "dx",
    },
    "cached_recurrent_wrong.py": {
        "rnn_step_backward": "tanh", "rnn_backward": "dWh", "word_embedding_backward": "dW",
        "lstm_step_backward": "dprev_c",
    },
    "deriv_flag_wrong.py": {"squash": "dx"},
    "layer_objects_wrong.py": {"MulLayer": "dx", "Relu": "not relu", "Affine": "dx: averaged"},
    "digits_in_columns.py": {"softmax": "overflow", "backward_prop": "shape"},
    "loss_and_grads_wrong.py": {
        "softmax_loss_naive": "regularisation", "svm_loss_vectorized": "regularisation", "two_layer_net": "params.0",
        "compute_grads": "params.w",
    },
    "losses_wrong.py": {
        "MSELoss.gradient": "dy_pred", "BCELoss": "dp", "HuberLoss.grad": "dpred", "mae_derivative": "dy_pred",
        "hinge_loss_grad": "dscores",
    },
    "lists_of_layers_wrong.py": {"Net.backprop": "nabla_w.0"},
    "norms_wrong.py": {"BatchNorm1d": "dx", "LayerNorm": "gamma: averaged", "Dropout": "dx"},
    "torch_function_wrong.py": {"MyLinear": "grad_bias: averaged", "MyExp": "di"},
    "torch_layers_wrong.py": {
        "Linear": "dbias: averaged", "Tanh": "dx", "CrossEntropy": "summed", "batchnorm_backward": "dx",
    },
    "data_in_constructor_wrong.py": {
        "TwoLayers.backprop": "weights1: derivative missing", "Three.backpropagation": "weights: sign",
        "Slow": "b1: averaged",
    },
    "loop_in_train_wrong.py": {"Perceptron.train": "weights", "Line.fit": "b: summed"},
    "errors_and_deltas_wrong.py": {"Hours": "W1"},
    "train_in_class_wrong.py": {"NeuralNetwork.backprop": "weights1", "MLP": "W1"},
}  # fmt: skip
# How many pairs are found in a right file, where that says more than that there are some.
FOUND = {"cached_layers.py": 8, "cached_recurrent.py": 5, "r3_right.py": 5, "activations.py": 8, "conv_classes.py": 5,
         "data_in_constructor.py": 3, "loop_in_train.py": 3}  # fmt: skip


def verdicts(name: str, spec: Spec | None = None) -> list[Verdict]:
    """What is found of a file; of one that uses torch, or has no data, in a process of its own."""
    if name.startswith(("torch", "only", "digits")):
        return report(FOLDER / name, Limits(time=60)).verdicts
    source = read(FOLDER / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        todo = items(source, run_definitions(source), spec or Spec())
        found = [(item, item.check()) for item in todo]
    return judged_together([verdict for item, verdict in found if not (item.base and verdict.verdict == "unchecked")])


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_is_found_and_nothing_else(name: str) -> None:
    found = verdicts(name)
    said = {v.name: v.sentence for v in found if v.verdict == "wrong"}
    assert set(said) == set(WRONG.get(name, {})), said
    assert not [v for v in found if v.verdict == "unchecked"]
    for pair, word in WRONG.get(name, {}).items():
        assert word in said[pair], said[pair]
    assert len(found) >= FOUND.get(name, 1)


def test_every_wrong_file_has_its_entry() -> None:
    assert set(WRONG) <= set(FILES)
    assert {name for name in FILES if name.endswith("_wrong.py")} <= set(WRONG)
    assert len(FILES) >= 55


def test_a_derivative_of_the_output_that_is_called_with_the_input(tmp_path: Path) -> None:
    file = tmp_path / "homework.py"
    text = "import numpy as np\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"
    text += "def sigmoid_prime(z):\n    return z * (1 - z)\n"
    used = "def back(z, g):\n    a = sigmoid(z)\n    return g * sigmoid_prime({})\n"
    for argument, verdict in {"a": "right", "z": "wrong"}.items():
        file.write_text(text + used.format(argument))
        source = read(file)
        (item,) = items(source, run_definitions(source), Spec())
        assert item.check().verdict == verdict


def test_the_factor_of_a_squared_error_is_told() -> None:
    said = {v.name: v.sentence for v in verdicts("data_in_constructor.py")}
    assert "those of the sum of (p − y)²" in said["TwoLayers.backprop"]
    assert "0.003 times those of the sum of ½(p − y)²" in said["Slow"]


@pytest.mark.parametrize(
    "left",
    ["self.n = 0\n    def feedforward(self):\n        self.out = self.w / self.n",
     "self.out = None\n    def feedforward(self):\n        pass\n        self.n = len(self.x)"],
)  # fmt: skip
def test_a_forward_without_arguments_that_gives_no_numbers(tmp_path: Path, left: str) -> None:
    file = tmp_path / "homework.py"
    text = "import numpy as np\nclass Net:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n"
    text += "        self.w = np.ones((x.shape[1], 1))\n        " + left
    file.write_text(text + "\n    def backprop(self):\n        self.w += self.w\n")
    source = read(file)
    (item,) = items(source, run_definitions(source), Spec())
    verdict = item.check()
    assert (verdict.verdict, verdict.sentence) == ("unchecked", "feedforward gives no finite numbers.")


def test_a_loop_in_no_function_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "homework.py"
    text = "import numpy as np\nx, y, w = np.ones((4, 3)), np.ones((4, 1)), np.zeros((3, 1))\n"
    text += "for _ in range(9):\n    l1 = 1 / (1 + np.exp(-np.dot(x, w)))\n    w += np.dot(x.T, y - l1)\n"
    file.write_text(text)
    (verdict,) = report(file, Limits(time=60)).verdicts
    assert verdict.verdict == "unchecked" and "line 3 stands in no function" in verdict.sentence
    assert "def backward(X, y, W)" in verdict.sentence
    file.write_text("total = 0\nfor i in range(3):\n    total += i\n")
    assert not report(file, Limits(time=60)).verdicts


def test_a_training_that_is_no_single_step_is_not_judged(tmp_path: Path) -> None:
    text = "import numpy as np\nclass Net:\n    def __init__(self, n):\n        self.w = np.zeros(n)\n"
    text += "    def predict(self, X):\n        return X @ self.w\n    def fit(self, X, y, epochs):\n"
    one = "        for _ in range(epochs):\n            self.w -= X.T @ (self.predict(X) - y)\n"
    each = "        for _ in range(epochs):\n            for a, b in zip(X, y):\n"
    each += "                self.w -= a * (self.predict(a) - b)\n"
    for body, found in {one: 1, each: 0, "        self.w = np.zeros(3)\n" + one: 0}.items():
        file = tmp_path / "homework.py"
        file.write_text(text + body)
        source = read(file)
        assert len(items(source, run_definitions(source), Spec())) == found
