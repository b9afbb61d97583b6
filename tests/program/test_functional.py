"""The functions of ``nn.functional``, called as in their examples, are programs."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.trees import flatten
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

from .replays import SEED

F = tg.nn.functional


def examples() -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """The arguments of the first call of each function in the examples of its docstring."""
    found: dict[str, Any] = {}
    for name in dir(F):
        function = getattr(F, name)
        if name.startswith("_") or not callable(function) or isinstance(function, type):
            continue

        def spy(*args: Any, name: str = name, function: Any = function, **kwargs: Any) -> Any:
            found.setdefault(name, (args, kwargs))
            return function(*args, **kwargs)

        space: dict[str, Any] = {}
        setattr(F, name, spy)
        try:
            for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
                with contextlib.redirect_stdout(None), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    exec(example.source, space)
        finally:
            setattr(F, name, function)
    return found


CALLS = examples()


def test_there_are_examples() -> None:
    assert len(CALLS) >= 95
    assert {"ctc_loss", "embedding_bag"} <= CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_function_is_a_program(name: str) -> None:
    (args, kwargs), function = CALLS[name], getattr(F, name)

    def call(*args: Any) -> Any:
        return function(*args, **kwargs)

    tg.manual_seed(SEED)
    captured, returned = capture(call, (args, {}))
    given = [
        args[source] if isinstance(source, int) else source() for source in captured.sources
    ]  # the leaves of these calls are their arguments
    tg.manual_seed(SEED)
    found, _ = evaluate(captured.program, [item.numpy() if isinstance(item, tg.Tensor) else item for item in given])
    wanted = [item for item in flatten(returned)[0] if isinstance(item, tg.Tensor)]
    tensors = [item for item in found if isinstance(item, (np.ndarray, np.generic))]
    for one, other in zip(tensors, wanted, strict=True):
        np.testing.assert_array_equal(one, other.detach().numpy())
