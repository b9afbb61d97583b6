"""Broken programs: mistakes of rates, sizes, first weights, layers, optimizers and modes, made in sound networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn, optim

from . import sound_structures as sound_structures  # enters its programs
from .case import Case
from .sound_networks import Program, blobs, digits, f32, made, mlp, pictures, surface, waves

Mistake = Callable[[Program], Program]


def times_the_rate(factor: float, program: Program) -> Program:
    """With another learning rate."""
    for group in program.optimizer.param_groups:
        group["lr"] *= factor
    return program


def other_inputs(change: Callable[[Any], Any], program: Program) -> Program:
    """With other inputs."""
    return program._replace(batch=(change(program.batch[0]), program.batch[1]))


def other_targets(change: Callable[[Any], Any], program: Program) -> Program:
    """With other targets."""
    return program._replace(batch=(program.batch[0], change(program.batch[1])))


@tg.no_grad()
def other_weights(change: Callable[[Any], Any], program: Program) -> Program:
    """With other weights; biases stay."""
    for parameter in program.model.parameters():
        if parameter.ndim > 1:
            parameter.copy_(change(parameter))
    return program


@tg.no_grad()
def other_biases(value: float, program: Program) -> Program:
    """With a bias for all units of the first layer."""
    next(p for p in program.model.parameters() if p.ndim == 1).fill_(value)
    return program


@tg.no_grad()
def all_equal(value: float, program: Program) -> Program:
    """With weights of one value, and biases of 0."""
    for parameter in program.model.parameters():
        parameter.fill_(value if parameter.ndim > 1 else 0.0)
    return program


def steps_without_zero_grad(count: int, program: Program) -> Program:
    """After some steps of a loop that never clears the gradients."""
    for _ in range(count):
        program.loss_fn(program.model(program.batch[0]), program.batch[1]).backward()
        program.optimizer.step()
    return program


def cleared_before_each_step(forgotten: bool, program: Program) -> Program:
    """After some steps of a loop that clears the gradients between backward and step."""
    for _ in range(5):
        program.loss_fn(program.model(program.batch[0]), program.batch[1]).backward()
        program.optimizer.zero_grad(set_to_none=forgotten)
        program.optimizer.step()
    return program


def in_eval_mode(program: Program) -> Program:
    """With a model that was measured and not set back."""
    program.model.eval()
    return program


def optimizer_of(choose: Callable[[Any], Any], program: Program) -> Program:
    """With an optimizer that holds what ``choose`` gives of the model."""
    lr = program.optimizer.param_groups[0]["lr"]
    return program._replace(optimizer=type(program.optimizer)(choose(program.model), lr=lr))


def with_setting(name: str, value: Any, program: Program) -> Program:
    """With another setting of the optimizer."""
    for group in program.optimizer.param_groups:
        group[name] = value
    return program


def frozen(program: Program) -> Program:
    """With nothing that wants a gradient."""
    program.model.requires_grad_(False)
    return program


def new_head(program: Program) -> Program:
    """With a last layer that was put there after the optimizer was made."""
    last = program.model[len(program.model) - 1]
    program.model[len(program.model) - 1] = nn.Linear(last.in_features, last.out_features)
    return program


def heavy_dropout(share: float, program: Program) -> Program:
    """With dropout before the last layer."""
    model = nn.Sequential(*list(program.model)[:-1], nn.Dropout(share), program.model[-1])
    return program._replace(model=model)


def in_another_order(program: Program) -> Program:
    """With targets that were shuffled without their inputs."""
    order = np.random.default_rng(5).permutation(len(program.batch[1]))
    return other_targets(lambda y: y[order], program)


def with_a(value: float, x: Any) -> Any:
    """The same numbers with one that is not finite."""
    x = x.clone()
    x[3] = value
    return x


def columns(x: Any) -> Any:
    """Columns of very different size."""
    return x * f32([1.0, 30.0, 400.0, 5000.0, 2e4]) + f32([0.0, 50.0, 1000.0, 0.0, 3e4])


CASES: list[Case] = []


def enter(code: str, mistake: Any, *names: str) -> None:
    """A case for each sound program that gets the mistake."""
    for name in names:

        def make(name: str = name) -> Program:
            return mistake(made(name, 0))

        CASES.append(Case(f"{code}: {name} ({len(CASES)})", make, (code,)))


LARGE, SMALL = "learning-rate-too-large", "learning-rate-too-small"
enter(LARGE, partial(times_the_rate, 1e3), "blobs_with_sgd", "xor_of_four_rows", "small_convolutions",
      "autoencoder", "surface_with_tanh", "lstm_of_a_series", "xor_of_sigmoids")  # fmt: skip
enter(LARGE, partial(times_the_rate, 100.0), "rings_with_logits_and_momentum", "line_from_zero", "surface_with_sgd",
      "iris_of_two_classes", "soft_targets", "positive_outputs")  # fmt: skip
enter(LARGE, partial(times_the_rate, 20.0), "targets_of_some_hundreds")
enter(SMALL, partial(times_the_rate, 1e-3), "blobs_with_sgd", "rings_with_binary_likelihood", "xor_of_four_rows",
      "gru_of_a_series", "bag_of_words", "surface_with_sgd", "autoencoder", "soft_targets",
      "one_row_in_ten_is_positive")  # fmt: skip
enter(SMALL, partial(times_the_rate, 1e-4), "digits_with_adam", "report_r1", "next_letter")
enter(SMALL, partial(times_the_rate, 1e-9), "blobs_with_sgd", "digits_with_adam")
enter(SMALL, partial(times_the_rate, 1e-6), "blobs_with_sgd", "surface_with_sgd", "autoencoder", "digits_with_adam")

INPUTS, TARGETS = "inputs-not-scaled", "targets-not-scaled"
enter(INPUTS, partial(other_inputs, lambda x: 255 * x), "blobs_with_sgd", "logistic_regression_by_hand", "ten_rows",
      "soft_targets", "iris_of_two_classes", "mean_and_spread", "three_numbers_of_a_curve")  # fmt: skip
enter(INPUTS, partial(other_inputs, lambda x: 1000 * x), "rings_with_binary_likelihood", "positive_outputs",
      "blobs_with_a_small_rate", "surface_with_sgd")  # fmt: skip
enter(INPUTS, partial(other_inputs, columns), "surface_with_sgd", "surface_with_tanh")
enter(INPUTS, partial(other_inputs, lambda x: x + 1000), "blobs_with_sgd")
enter(TARGETS, partial(other_targets, lambda y: 1e4 * y), "surface_with_sgd", "surface_with_tanh",
      "convolution_of_a_series", "three_numbers_of_a_curve")  # fmt: skip
enter(TARGETS, partial(other_targets, lambda y: y + 3e4), "surface_with_tanh", "lstm_of_a_series")

enter("initial-weights-too-large", partial(other_weights, lambda w: 30 * tg.randn_like(w)), "surface_with_tanh",
      "rings_with_logits_and_momentum", "digits_by_nll")  # fmt: skip
enter("initial-weights-too-large", partial(other_weights, lambda w: 8 * tg.randn_like(w)), "surface_with_sgd",
      "report_r1")  # fmt: skip
enter("initial-weights-too-large", partial(other_weights, tg.randn_like), "digits_with_adam", "report_r1")
enter("equal-weights", partial(all_equal, 0.0), "surface_with_tanh", "rings_with_binary_likelihood",
      "blobs_with_adam_3e4", "autoencoder", "small_convolutions")  # fmt: skip
enter("equal-weights", partial(all_equal, 0.1), "blobs_with_sgd", "surface_with_sgd",
      "digits_with_adam", "xor_of_four_rows", "recurrent_by_hand")  # fmt: skip
enter("dead-layer", partial(other_biases, -100.0), "blobs_with_sgd", "surface_with_sgd",
      "digits_with_adam")  # fmt: skip
enter("saturated-layer", partial(other_biases, 60.0), "surface_with_tanh", "xor_of_sigmoids",
      "rings_with_logits_and_momentum")  # fmt: skip

HELD = "parameter-not-held-by-the-optimizer"
enter(HELD, partial(optimizer_of, lambda model: model[0].parameters()), "blobs_with_sgd", "surface_with_tanh")
enter(HELD, partial(optimizer_of, lambda model: [p for p in model.parameters() if p.ndim == 1]), "digits_with_adam")
enter(HELD, partial(optimizer_of, lambda model: mlp(5, 32, 32, 1).parameters()), "surface_with_tanh")
enter(HELD, new_head, "blobs_with_sgd", "digits_with_adam", "report_r1")
enter("zero-grad-missing", partial(steps_without_zero_grad, 30), "blobs_with_a_small_rate", "digits_with_adam",
      "surface_with_tanh", "bag_of_words", "autoencoder")  # fmt: skip
enter("zero-grad-misplaced", partial(cleared_before_each_step, False), "digits_with_adam", "gru_of_a_series",
      "autoencoder")  # fmt: skip
enter("zero-grad-misplaced", partial(cleared_before_each_step, True), "digits_with_adam", "blobs_with_sgd")
enter("all-parameters-frozen", frozen, "digits_with_adam", "gru_of_a_series")
enter(LARGE, partial(times_the_rate, 1e3), "one_row_in_ten_is_positive")
enter("optimizer-ascends", partial(with_setting, "maximize", True), "blobs_with_sgd", "surface_with_tanh")
enter("penalty-outweighs-the-loss", partial(with_setting, "weight_decay", 3.0), "surface_with_tanh", "digits_with_adam")
enter("model-in-eval-mode", in_eval_mode, "digits_with_batch_norm", "digits_with_dropout_and_decay",
      "convolutions_with_batch_norm_and_dropout")  # fmt: skip
enter("dropout-too-heavy", partial(heavy_dropout, 0.97), "surface_with_tanh", "digits_with_adam", "surface_with_sgd")
enter("labels-shuffled", in_another_order, "blobs_with_sgd", "raw_iris_with_adam", "rings_with_logits_and_momentum",
      "digits_with_adam", "autoencoder")  # fmt: skip
enter("inputs-not-finite", partial(other_inputs, partial(with_a, np.nan)), "blobs_with_sgd", "lstm_of_a_series")
enter("inputs-not-finite", partial(other_inputs, partial(with_a, np.inf)), "digits_with_adam")
enter("targets-not-finite", partial(other_targets, partial(with_a, np.nan)), "surface_with_sgd")


# ---------------------------------------------------------------------- networks that are wrong themselves


def written(*codes: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Enter what a function makes of random numbers: a model, data, and the rate of Adam."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def make() -> Program:
            model, loss, batch, rate = function(np.random.default_rng(0))
            return Program(model, loss, batch, optim.Adam(list(model.parameters()), lr=rate))

        CASES.append(Case(f"{codes[0]}: {function.__name__}", make, codes))
        return function

    return register


BETWEEN = "no-activation-between-layers"
for between in (
    [], [nn.Dropout(0.2)], [nn.BatchNorm1d(32)], [nn.BatchNorm1d(32), nn.Dropout(0.1)], [nn.Identity()],
):  # fmt: skip

    def joined(rng: Any, between: Any = tuple(between)) -> Any:
        return nn.Sequential(nn.Linear(5, 32), *between, nn.Linear(32, 1)), nn.MSELoss(), surface(rng), 0.01

    written(BETWEEN)(joined)


@written(BETWEEN)
def three_linear_layers(rng: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 3)), nn.CrossEntropyLoss(), blobs(rng), 0.01


@written(BETWEEN)
def convolution_and_linear(rng: Any) -> Any:
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Flatten(), nn.Linear(800, 4))
    return model, nn.CrossEntropyLoss(), pictures(rng), 0.003


@written(BETWEEN)
def products_by_hand(rng: Any) -> Any:
    class ByHand(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W1, self.b1 = nn.Parameter(tg.randn(5, 16) / 2), nn.Parameter(tg.zeros(16))
            self.W2, self.b2 = nn.Parameter(tg.randn(16, 1) / 4), nn.Parameter(tg.zeros(1))

        def forward(self, x: Any) -> Any:
            return (x @ self.W1 + self.b1) @ self.W2 + self.b2

    return ByHand(), nn.MSELoss(), surface(rng), 0.01


class Changed(nn.Module):
    """Two layers, with something done to what the first gives."""

    def __init__(self, change: Callable[[Any], Any], *sizes: int) -> None:
        super().__init__()
        self.first, self.second, self.change = nn.Linear(*sizes[:2]), nn.Linear(*sizes[1:]), change

    def forward(self, x: Any) -> Any:
        return self.second(self.change(tg.tanh(self.first(x))))


def under_no_grad(h: Any) -> Any:
    """The same value, computed where nothing is recorded."""
    with tg.no_grad():
        return 1 * h


DETACHED = "detached-branch"
for cut in (
    lambda h: h.detach(), lambda h: tg.tensor(h.detach().numpy()), under_no_grad, lambda h: h.data, tg.round,
    lambda h: (h > 0).float(), lambda h: (10 * h).int().float(),
):  # fmt: skip

    def changed(rng: Any, cut: Any = cut) -> Any:
        return Changed(cut, 5, 24, 1), nn.MSELoss(), surface(rng), 0.01

    written(DETACHED)(changed)


@written(DETACHED, "loss-is-not-a-number", "no-gradient", "error-in-the-step")
def answers_of_argmax(rng: Any) -> Any:
    model = mlp(2, 16, 3)
    return model, lambda scores, y: ((scores.argmax(1) - y).float() ** 2).mean(), blobs(rng), 0.01


@written("layer-made-in-forward")
def layer_in_forward(rng: Any) -> Any:
    class Fresh(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(64, 32)

        def forward(self, x: Any) -> Any:
            return nn.Linear(32, 10)(tg.relu(self.first(x)))

    return Fresh(), nn.CrossEntropyLoss(), digits(rng), 0.003


@written("layer-made-in-forward")
def parameter_in_forward(rng: Any) -> Any:
    class Fresh(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.last(tg.tanh(x @ nn.Parameter(tg.randn(5, 16))))

    return Fresh(), nn.MSELoss(), surface(rng), 0.01


@written("layer-made-in-forward")
def recurrent_layer_in_forward(rng: Any) -> Any:
    class Fresh(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(8, 1)

        def forward(self, x: Any) -> Any:
            return self.last(nn.GRU(1, 8, batch_first=True)(x)[0][:, -1])

    return Fresh(), nn.MSELoss(), waves(rng), 0.01


for keep in (list, tuple, lambda layers: dict(enumerate(layers)), lambda layers: [[layers[0]], layers[1:]]):

    def kept(rng: Any, keep: Any = keep) -> Any:
        class Plain(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.hidden = keep([nn.Linear(2, 16), nn.Linear(16, 16)])
                self.last = nn.Linear(16, 3)

            def forward(self, x: Any) -> Any:
                hidden = list(self.hidden.values()) if isinstance(self.hidden, dict) else self.hidden
                for layer in hidden:
                    for one in layer if isinstance(layer, list) else [layer]:
                        x = tg.relu(one(x))
                return self.last(x)

        return Plain(), nn.CrossEntropyLoss(), blobs(rng), 0.01

    written(HELD)(kept)


@written(HELD)
def tensor_that_is_no_parameter(rng: Any) -> Any:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W = (tg.randn(5, 16) / 2).requires_grad_()
            self.last = nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.last(tg.tanh(x @ self.W))

    return Plain(), nn.MSELoss(), surface(rng), 0.01


@written("dropout-in-eval-mode")
def dropout_as_a_function(rng: Any) -> Any:
    return Changed(lambda h: nn.functional.dropout(h, 0.5), 64, 64, 10), nn.CrossEntropyLoss(), digits(rng), 0.003


@written("vanishing-gradients")
def ten_sigmoid_layers(rng: Any) -> Any:
    return mlp(5, *[16] * 10, 1, between=nn.Sigmoid), nn.MSELoss(), surface(rng), 1e-3


@written("vanishing-gradients", "initial-weights-too-small", "equal-weights")
def eight_layers_of_tiny_weights(rng: Any) -> Any:
    model = mlp(5, *[16] * 7, 1, between=nn.Tanh)
    for parameter in model.parameters():
        parameter.data.mul_(0.01)
    return model, nn.MSELoss(), surface(rng), 1e-5
