"""Every layer and loss of ``nn`` in a training step that is saved: the file goes on to the bit, with NumPy alone."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program.test_layers import ELSEWHERE, LAYERS, REFUSED, X, drawn
from programs import same_bits
from test_onnx_layers import MORE

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.compiler.standalone import FormulaError
from tinygrad_bp.func.transforms import flatten

# Layers of which no file is written, and what it says.
NOT = {
    "RReLU": "the op random_slopes has no formula",
    "FractionalMaxPool2d": "the program draws random numbers, by uniform",
    "FractionalMaxPool3d": "the program draws random numbers, by uniform",
}  # fmt: skip
SHARES = {"KLDivLoss": (nn.KLDivLoss, (X[0], ("share", (3, 4))))}  # of which there are logarithms
# So large that the engine takes other ways.
LARGE = {
    "Linear of many rows": (lambda: nn.Linear(100, 150), ((300, 100),)),
    "Linear of three axes": (lambda: nn.Linear(20, 30), ((40, 50, 20),)),
    "Softmax of many rows": (lambda: nn.Softmax(-1), ((30, 20, 10),)),
    "Conv2d of many rows": (lambda: nn.Conv2d(3, 8, 3, padding=1), ((70, 3, 16, 16),)),
    "Embedding of many": (lambda: nn.Embedding(40, 20), (("below 40", (60, 80)),)),
    "evaluated": (lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout()).eval(), X),
    "float64": (lambda: nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.LayerNorm(3), nn.Dropout()).double(), X),
}  # fmt: skip
WRITTEN = {name: made for name, made in {**LAYERS, **MORE, **SHARES, **LARGE}.items() if name not in NOT}
# Run by itself: the steps that the file is asked for, then what it holds.
RUN = """
import runpy, sys
import numpy as np
file = runpy.run_path(sys.argv[1])
names = file["step"].__code__.co_varnames[: file["step"].__code__.co_argcount]
losses = [file["step"](*[file[name] for name in names]) for _ in range(3)]
assert not any(name.partition(".")[0] == "tinygrad_bp" for name in sys.modules)
np.savez(sys.argv[2], *losses, **{name: file[name] for name in names})
"""


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def training(name: str, table: Any) -> tuple[Any, list[tg.Tensor], list[tg.Tensor]]:
    """A step that trains a layer and numbers that its inputs are multiplied by; its arguments, and what it moves."""
    tg.manual_seed(0)
    rng, (make, shapes) = np.random.default_rng(0), table[name]
    layer, given = make(), [drawn(shape, rng) for shape in shapes]
    if name == "float64":
        given = [x.double() for x in given]
    scales = [nn.Parameter(tg.ones_like(x)) if x.dtype.kind == "f" else None for x in given]
    moved = [*layer.parameters(), *[scale for scale in scales if scale is not None]]
    optimizer = tg.optim.SGD(moved, lr=0.01, momentum=0.9)

    @tg.compile(exact=True)
    def step(*given: Any) -> Any:
        optimizer.zero_grad()
        results = flatten(layer(*[x if s is None else x * s for x, s in zip(given, scales, strict=True)]))[0]
        loss = sum((x * x).mean() for x in results if isinstance(x, tg.Tensor) and x.requires_grad)
        loss.backward()
        optimizer.step()
        return loss

    return step, given, [*moved, *layer.buffers()]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_trains_the_layer_to_the_bit(name: str, tmp_path: Any) -> None:
    step, given, moved = training(name, WRITTEN)
    for _ in range(4):
        step(*given)
    step.save(tmp_path / "backprop.py")
    begun = [x.detach().numpy().copy() for x in moved]
    subprocess.run([sys.executable, "-I", "-c", RUN, tmp_path / "backprop.py", tmp_path / "found.npz"], check=True)
    found = dict(np.load(tmp_path / "found.npz"))
    for number in range(3):
        loss = step(*given).numpy()
        assert np.isfinite(loss) and same_bits(found.pop(f"arr_{number}"), loss), number
    trained = [x.detach().numpy() for x in moved]
    changed = [(a, b) for a, b in zip(begun, trained, strict=True) if a.tobytes() != b.tobytes()]
    assert changed
    for _, wanted in changed:
        assert any(same_bits(array, wanted) for array in found.values())


@pytest.mark.parametrize("name", NOT)
def test_what_no_file_is_written_of_says_so(name: str, tmp_path: Any) -> None:
    step, given, _ = training(name, LAYERS)
    for _ in range(4):
        step(*given)
    with pytest.raises(FormulaError, match=NOT[name]):
        step.save(tmp_path / "backprop.py")
    assert not list(tmp_path.iterdir())


def test_every_layer_is_here() -> None:
    public = {n for n, v in vars(nn).items() if inspect.isclass(v) and issubclass(v, nn.Module) and n[0] != "_"}
    lazy = {name for name in public if name.startswith("Lazy")}
    assert public - lazy - ELSEWHERE - set(REFUSED) <= {*WRITTEN, *NOT}


def test_the_page_names_what_is_not_saved() -> None:
    page = (Path(__file__).parents[2] / "docs" / "programs.md").read_text(encoding="utf-8")
    said = page.partition("can be saved but those")[2].partition("An op\nwithout")[0]
    assert {name for name in re.findall(r"`(\w+)`", said) if hasattr(nn, name)} == {*NOT, *REFUSED}
