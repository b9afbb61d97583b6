"""What is no tensor in the place of one: a result, or one sentence; never an error from inside the package.

Derived from a call of every public function.
"""

from __future__ import annotations

import inspect
import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import public_calls as pc
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.doors import door
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, IndexRangeError, ShapeError

F = tg.nn.functional
OTHERS: dict[str, Callable[[np.ndarray], Any]] = {
    "a list": lambda a: a.tolist(), "an empty list": lambda a: [], "a number": lambda a: 0.5, "None": lambda a: None,
    "text": lambda a: "a", "an object": lambda a: object(), "an array": lambda a: a,
}  # fmt: skip


def argument(name: str) -> str:
    """A tensor's name where it is an argument, or an item of a list, as it stands."""
    return rf"(?<=[(\[ =]){name}(?=[,)\]])"


CALLS = [(call, name) for call in pc.CALLS for name in pc.used(call) if re.search(argument(name), call)]
# NumPy's functions ask us where a tensor is among the arguments; np.sort and np.interp have none, or no rule, here.
NUMPY = [
    (call, name)
    for call in pc.NUMPY
    for name in pc.used(call)
    if re.search(argument(name), call) and len(pc.used(call)) > 1 and "np.sort" not in call
]


def run(call: str, name: str, other: Any) -> Any:
    given = {**pc.names(tg.tensor), "other": other}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return eval(re.sub(argument(name), "other", call), given)


@pytest.mark.parametrize("kind", OTHERS)
def test_every_public_function_gives_a_result_or_one_sentence(kind: str) -> None:
    wrong = []
    for call, name in [*CALLS, *NUMPY]:
        if not hasattr(np, "matvec") and ("matvec" in call or "vecmat" in call):
            continue
        try:
            run(call, name, OTHERS[kind](pc.names(lambda a: a)[name]))
        except AutogradError as error:
            if "\n" in str(error):
                wrong.append((call, name, error))
        except Exception as error:
            if "positional argument" not in str(error):  # Python's own, of a NumPy whose function takes one more
                wrong.append((call, name, error))
    assert not wrong


def made(kind: type) -> Any:
    """A module of a kind, of small sizes."""
    for args in ((), (2,), (2, 2), (2, 2, 2), (1, (2, 2)), (2.0, 2), (4, 2), (5, 8, [2])):
        try:
            return kind(*args)
        except (TypeError, ValueError):
            continue
    raise AssertionError(f"{kind.__name__}: give sizes with which it can be made")


MODULES = [
    m for name, m in vars(tg.nn).items() if name[0] != "_" and isinstance(m, type) and issubclass(m, tg.nn.Module)
]
HOLDERS = (
    "Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "RNNBase", "RNNCellBase",
    "TransformerEncoder", "TransformerDecoder",
)  # fmt: skip


@pytest.mark.parametrize("kind", [m for m in MODULES if m.__name__ not in HOLDERS], ids=lambda m: m.__name__)
def test_every_module_gives_a_result_or_one_sentence(kind: type) -> None:
    module: Any = made(kind)
    count = sum(p.default is p.empty for p in inspect.signature(module.forward).parameters.values())
    for place in range(count):
        for other in ([1.0, 2.0], None, "a", 0.5, object()):
            args = [other if i == place else tg.full((2, 2), 0.5) for i in range(count)]
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    module(*args)
            except AutogradError as error:
                assert "\n" not in str(error)


METHODS = [name for name in dir(tg.Tensor) if not name.startswith("_") and callable(getattr(tg.Tensor, name))]


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("backward", "register_hook")])
def test_every_method_gives_a_result_or_one_sentence(name: str) -> None:
    for args in (("a",), (None,), ([1.0, "b"],), (object(),), (1.5,), ("a", "b"), (0, "a"), (None, None)):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                getattr(tg.full((3, 3), 0.5), name)(*args)
        except AutogradError as error:
            assert "\n" not in str(error)
        except TypeError as error:  # Python's own, of another number of arguments
            assert "positional argument" in str(error)


def test_the_search_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tg, "flatten", inspect.unwrap(tg.flatten))
    with pytest.raises(AttributeError):
        run("T.flatten(x)", "x", [1.0])


T = tg.zeros(2, 3)
SAID = [
    (lambda: tg.sum([1, 2]), "sum: cannot use a list as input; write tg.tensor(input)"),
    (lambda: tg.std([1, 2]), "std: cannot use a list as input; write tg.tensor(input)"),
    (lambda: F.mse_loss(T, 3.0), "mse_loss: cannot use a float as target; write tg.tensor(target)"),
    (lambda: tg.split(None, 1), "split: cannot use None as tensor; where a tensor is meant, write tg.tensor(…)"),
    (lambda: tg.hstack([1, T]), "hstack: cannot use an int as an item of tensors; where a tensor is meant, write "
     "tg.tensor(…)"),
    (lambda: tg.flatten(T, "a"), "flatten: cannot use a str as start_dim; where a tensor is meant, write tg.tensor(…)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), SAID)
def test_what_is_said(call: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_call_without_its_arguments_is_pythons_error() -> None:
    for call in (lambda: tg.std(), lambda: tg.split(T), lambda: tg.flatten(T, nothing=1), lambda: tg.exp()):
        with pytest.raises(TypeError, match="argument") as caught:
            call()
        assert not isinstance(caught.value, AutogradError)


def test_an_error_of_a_users_function_passes_as_it_is() -> None:
    def distance(a: Any, b: Any) -> Any:
        return {}[3]

    def wrong(a: Any, b: Any) -> Any:
        raise ValueError("mine")

    for function, kind in ((distance, KeyError), (wrong, ValueError)):
        with pytest.raises(kind) as caught:
            F.triplet_margin_with_distance_loss(T, T, T, distance_function=function)
        assert type(caught.value) is kind


def test_what_a_door_makes_of_an_error() -> None:
    def function(x: Any, how: int = 0) -> Any:
        return [lambda: x.shape, lambda: [][3], lambda: np.zeros(2) + np.zeros(3), lambda: {}["a"]][how]()

    for args, kind in (((1,), ArgumentError), ((T, 1), IndexRangeError), ((T, 2), ArgumentError), ((T, 3), KeyError)):
        with pytest.raises(kind):
            door(function)(*args)
    with pytest.raises(ShapeError, match="<lambda>: operands could not be broadcast"):
        door(lambda x: np.zeros(2) + np.zeros(3))(T)


def test_functions_behind_doors_are_themselves_in_every_other_way() -> None:
    assert tg.softmax is F.softmax
    for function in (tg.sum, tg.flatten, tg.concat, F.pad, tg.linalg.norm, tg.fft.fftshift):
        assert pickle.loads(pickle.dumps(function)) is function
    assert inspect.signature(tg.std) == inspect.signature(inspect.unwrap(tg.std))
    assert tg.flatten.__doc__ == inspect.unwrap(tg.flatten).__doc__ and tg.flatten.__name__ == "flatten"
