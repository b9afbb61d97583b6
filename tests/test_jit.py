"""Programs that script themselves with PyTorch's names: Python runs them."""

import pytest

import tinygrad_bp as tg
from tinygrad_bp import jit


@pytest.mark.parametrize(
    "compiled",
    [jit.script, jit.ignore, jit.unused, jit.export, jit.script_if_tracing, lambda f: jit.trace(f, tg.ones(2))],
)  # fmt: skip
def test_functions_and_models_come_back_as_they_are(compiled):
    layer = tg.nn.Linear(2, 1)
    assert compiled(layer) is layer and compiled(abs) is abs


def test_a_program_learns_that_nothing_is_scripted():
    assert not jit.is_scripting() and not jit.is_tracing() and jit.annotate(list, 3) == 3
    with pytest.raises(AttributeError, match=r"^tg\.jit\.save: not here; .*tg\.save"):
        _ = tg.jit.save
