"""What is printed, on terminals that have not all its signs."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import errors
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.autograd.terminal import fitting

ROOT = Path(__file__).resolve().parent.parent
TERMINALS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},  # Windows in Western Europe
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
# Everything whose text a user prints and that holds other signs than ASCII's.
TEXTS = """
import numpy as np, tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
w = np.array([1.0, 2.0, 4.0])
print(tg.verify.check_gradients(lambda p: (np.sum(p["w"] ** 2), {"w": -4 * p["w"]}), {"w": w}))
print(tg.verify.check_derivatives(np.abs, np.array([0.0, 1.0])))
x, y = tg.randn(20, 3), tg.randint(2, (20,))
model = tg.nn.Linear(3, 2)
training = model, tg.nn.CrossEntropyLoss(), tg.optim.SGD(model.parameters(), 0.1), [(x, y)]
print(tg.train.fit(*training, epochs=9))
try:
    tg.train.fit(*training, callbacks=[tg.train.EarlyStopping(1)])
except Exception as error:
    print(error)
help(tg.tanh), help(OPS["sum"].function), help(tg.func.hessian)
"""


# OpenBLAS computes with memory that it does not use, and now and then NumPy takes the flag for an invalid number
# (numpy issue 24067): once in some hundred fresh processes, with finite results.
NOT_OURS = [part for name in ("dot", "matmul") for part in ("-W", f"ignore:invalid value encountered in {name}")]


def printed(name: str, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHONIO", "PYTHONUTF"))}
    run = subprocess.run(
        [sys.executable, "-W", "error", *NOT_OURS, *command],
        cwd=ROOT,
        env={**environment, **TERMINALS[name]},
        capture_output=True,
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")
    return run.stdout.decode("cp1252" if name == "cp1252" else "ascii")


@pytest.mark.parametrize("name", TERMINALS)
def test_texts_are_printed(name: str) -> None:
    text = printed(name, "-c", TEXTS)
    assert "It is -2 times the engine's" in text and "9 epochs" in text


@pytest.mark.parametrize("name", TERMINALS)
@pytest.mark.parametrize("command", [("demos", "--help"), ("benchmarks", "--help"), ("demos", "r4", "--quick")])
def test_commands_print(name: str, command: tuple[str, ...], tmp_path: Path) -> None:
    out = ("--out", str(tmp_path)) if "--quick" in command else ()
    assert printed(name, "-m", *command, *out)


def strings() -> set[str]:
    """Every text in the sources that may be printed, f-strings in their parts."""
    files = [path for folder in ("tinygrad_bp", "demos", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    files = [path for path in files if path.parent.name != "attacks"]  # names made to be hostile
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_sign_in_use_has_a_likeness() -> None:
    for text in {*strings(), *(op.formula for op in OPS.values() if op.formula)}:
        alike = text.encode("ascii", "alike").decode()
        assert alike.count("\\") == text.count("\\"), text


@pytest.mark.parametrize("text, alike", [
    ("−2·x² ≤ π", "-2*x^2 <= pi"), ("Σᵢ xᵢ / √n", "sum_i x_i / sqrt n"), ("x⁻¹ᵀ", "x^-1T"), ("Φ(x)…", "Phi(x)..."),
    ("hélloā", "helloa"), ("日", "\\u65e5"), ("plain", "plain"),
])  # fmt: skip
def test_signs_are_written_alike(text: str, alike: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, wanted in (("ascii", alike), ("utf-8", text)):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert fitting(text) == wanted
        assert str(errors.ArgumentError(text)) == wanted
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # it has no encoding
    assert fitting(text) == text and repr(tg.tensor(1)) == "tensor(1)"
