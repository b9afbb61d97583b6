"""A fraction where a whole number is meant is refused by every public function and layer, and never rounded."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import public_calls
import pytest

import tinygrad_bp as tg
import tinygrad_bp.nn as nn
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError

WHOLE = {"int", "int | None", "Size", "Size | None", "Axis"}
NOT_READ = {("T.repeat_interleave", "output_size")}  # its documentation says so
CALLS = sorted({call for call, *place in public_calls.calls_with("1.5", WHOLE) if tuple(place) not in NOT_READ})


def test_of_many_functions() -> None:
    assert len(CALLS) > 300 and "T.tril(x, diagonal=1.5)" in CALLS and "F.one_hot(i, 1.5)" in CALLS


@pytest.mark.filterwarnings("ignore")
def test_a_fraction_for_a_whole_number_is_refused() -> None:
    given, taken = public_calls.names(tg.tensor), []
    for call in CALLS:
        try:
            eval(call, given)
            taken.append(call)
        except AutogradError:
            pass
    assert not taken


LAYERS = [
    (layer, name)
    for layer in (getattr(nn, name) for name in dir(nn) if name[0].isupper())
    if inspect.isclass(layer) and issubclass(layer, nn.Module)
    for name, parameter in inspect.signature(layer).parameters.items()
    if parameter.annotation == "int"
]


@pytest.mark.parametrize(("layer", "name"), LAYERS, ids=lambda given: getattr(given, "__name__", given))
def test_a_layer_refuses_it_by_name(layer: Any, name: str) -> None:
    parameters = inspect.signature(layer).parameters.values()
    needed: dict[str, Any] = {
        p.name: 2 for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    }
    with pytest.raises(ArgumentError, match=rf"^{layer.__name__}: {name} is a whole number.*, got 1\.5; .* is //$"):
        layer(**{**needed, name: 1.5})


@pytest.mark.parametrize(("make", "text"), [
    (lambda: tg.randint(0, 2.5, (2,)), "randint: high is a whole number, got 2.5; a division that gives one is //"),
    (lambda: tg.randint_like(tg.ones(2), 0.5, 3), "randint_like: low is a whole number, got 0.5; a division"),
    (lambda: tg.ones(2).random_(2.5), "random_: to is a whole number, got 2.5"),
    (lambda: nn.functional.one_hot(tg.tensor([0]), 2.5), "one_hot: num_classes is a whole number, got 2.5"),
    (lambda: nn.functional.interpolate(tg.ones(1, 1, 4), size=2.5), "interpolate: size is a whole number, got 2.5"),
    (lambda: tg.tril(tg.ones(2, 2), 0.5), "tril: diagonal is a whole number, got 0.5"),
    (lambda: tg.triu(tg.ones(2, 2), "a"), "triu: diagonal is a whole number, got 'a'"),
    (lambda: tg.gather(tg.ones(2, 2), 0.5, tg.tensor([[0]])), "gather: cannot use a float as dim"),
    (lambda: nn.functional.softmax(tg.ones(2, 2), dim=None), "softmax: cannot use None as dim"),  # PyTorch guesses
    (lambda: tg.ones(2, 2).log_softmax((0, 1)), "log_softmax: cannot use a tuple as dim"),
    (lambda: tg.squeeze(tg.ones(2, 2), axis=0.5), "squeeze: cannot use a float as dim"),
    (lambda: nn.LayerNorm(2.5), "LayerNorm: sizes are integers, got 2.5"),
    (lambda: nn.ConstantPad1d(2.5, 0), "ConstantPad1d: sizes are integers, got 2.5, 2.5"),
    (lambda: tg.optim.LBFGS([tg.ones(1)], max_iter="a"), "LBFGS: max_iter is a whole number, at least 0, got 'a'"),
    (lambda: tg.optim.LBFGS([tg.ones(1)], history_size=2.5), "LBFGS: history_size is a whole number"),
    (lambda: tg.zeros(2.5), "zeros: sizes are integers, got 2.5"),
])  # fmt: skip
def test_the_sentence(make: Any, text: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        make()
    assert str(refused.value).startswith(text)


def test_whole_numbers_of_every_kind_are_taken() -> None:
    x = tg.ones(2, 2)
    for one in (1, True, np.int8(1), tg.tensor(1)):
        assert tg.triu(x, one).tolist() == [[0, 1], [0, 0]]
        assert tg.unsqueeze(x, one).shape == (2, 1, 2)
    assert nn.LayerNorm(np.int64(2)).normalized_shape == (2,) == nn.LayerNorm([2]).normalized_shape
    assert nn.ZeroPad1d((1, np.int64(2))).padding == (1, 2)
    assert tg.randint(np.int64(1), tg.tensor(2), (1,)).tolist() == [1]
