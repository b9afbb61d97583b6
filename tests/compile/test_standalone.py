"""A program as a file of Python: it imports NumPy alone, can be read, and repeats the training to the bit."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from programs import NETWORKS, inputs_of, network, same_bits, written_down

import tinygrad_bp as tg
from tinygrad_bp.compiler.standalone import FormulaError, save, text_of

F = tg.nn.functional


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_repeats_the_training_to_the_bit(name: str, tmp_path) -> None:
    step, arguments, parameters = network(name)
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    save(captured.program, given, tmp_path / "backprop.py")
    module = loaded(tmp_path / "backprop.py")
    names = module.step.__code__.co_varnames[: module.step.__code__.co_argcount]
    for _ in range(5):
        loss = module.step(*[getattr(module, n) for n in names])
        assert same_bits(loss, step(*arguments).detach().numpy())
    held = [getattr(module, n) for n in names]
    for place, array in zip(captured.program.inputs, held, strict=True):
        if place in captured.program.writes:
            mine = next(p for p, a in zip(parameters, given[2:], strict=True) if a is given[list(
                captured.program.inputs).index(place)])  # fmt: skip
            assert same_bits(array, mine.detach().numpy())


@pytest.mark.parametrize("width", [3, 300])
def test_run_by_itself_it_imports_numpy_alone_and_prints_the_loss(width: int, tmp_path) -> None:
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(4, width), tg.nn.ReLU(), tg.nn.Linear(width, 3))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)

    @tg.compile(exact=True)
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    x, y = tg.randn(5, 4), tg.tensor([0, 1, 2, 2, 1])
    for _ in range(4):
        step(x, y)
    path = tmp_path / "backprop.py"
    step.save(path)
    assert path.with_suffix(".npz").exists() == (width == 300)
    found = subprocess.run([sys.executable, "-I", path, "3"], capture_output=True, text=True, check=True).stdout
    wanted = [f"{i} {step(x, y).detach().numpy()!s}" for i in range(3)]
    assert found.split("\n")[:-1] == wanted
    imported = {alias.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import)
                for alias in node.names}  # fmt: skip
    assert imported == {"numpy", "sys"}
    assert "d_weight_0 = np.dot(x.T, dZ1).T" in step.source


def decays(w, v, x):
    w.sub_(v * x)
    v.mul_(0.9)


def swaps(w, v, x):
    old = w.clone()
    w.copy_(v * x)
    v.copy_(old)


def follows(w, v, x):
    before = w * 0.5
    w.sub_(v * x)
    v.add_(before.t())


def turns(w, v, x):
    w.add_(v.t() * 0.5)
    v.add_(x * w.t() * 0.5)


@pytest.mark.parametrize("function", [decays, swaps, follows, turns])
def test_what_is_written_is_read_before(function, tmp_path) -> None:
    rng = np.random.default_rng(0)
    w, v, x = (tg.tensor(rng.standard_normal((2, 2)).astype(np.float32)) for _ in range(3))
    step = tg.compile(lambda x: (function(w, v, x), w.sum() + v[0, 1])[1], exact=True)
    for i in range(6):
        step(x * i)  # the file goes on with the last of them
    step.save(tmp_path / "step.py")
    found = subprocess.run([sys.executable, tmp_path / "step.py", "3"], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:-1] == [f"{i} {step(x * 5).numpy()!s}" for i in range(3)]


def test_names_and_arrays_of_all_sorts(tmp_path) -> None:
    """Parameters are called as the file's own names are; one is empty, one lies turned in memory."""
    names = ["np", "step", "held", "main", "sys", "Path", "range", "int", "relu", "sigmoid", "number", "file", "lambda"]
    rng = np.random.default_rng(0)
    given = {name: tg.tensor(rng.standard_normal((3, 3)).astype(np.float32)) for name in names}
    empty, turned = tg.zeros(0, 3), tg.tensor(rng.standard_normal((4, 5, 6)).astype(np.float32)).permute(2, 0, 1)

    def function(given, x):
        for value in given.values():
            x = tg.sigmoid(x @ value).relu()
        return x, (turned * 2).sum((0, 1)), empty * 2

    inner = tg.nn.Module()
    for name, value in given.items():
        inner.register_parameter(name, tg.nn.Parameter(value))
    step = tg.compile(tg.no_grad()(lambda x: function(dict(inner.named_parameters()), x)), exact=True)
    x = tg.ones(2, 3)
    for _ in range(4):
        found = step(x)
    step.save(tmp_path / "step.py")
    printed = subprocess.run([sys.executable, tmp_path / "step.py", "1"], capture_output=True, text=True, check=True)
    assert "sigmoid_" in step.source and printed.stdout == f"0 {tuple(t.numpy() for t in found)}\n"


def test_an_op_without_a_formula_is_named_before_anything_is_written(tmp_path) -> None:
    program = tg.program(lambda x: tg.fft.fft(x).real, tg.ones(4))
    with pytest.raises(FormulaError, match="the op fft_c2c has no formula"):
        save(program, [np.ones(4, np.float32)], tmp_path / "a.py")
    assert not list(tmp_path.iterdir())
    compiled = tg.compile(lambda x: tg.fft.fft(x).real)
    for _ in range(3):
        compiled(tg.ones(4))
    assert compiled.source.startswith("# the op fft")


def test_numbers_and_objects_that_no_literal_spells(tmp_path) -> None:
    far, space = tg.tensor([np.nan, np.inf, 1.0]), {}
    compiled = tg.compile(
        lambda x: (x + tg.tensor([np.nan, -np.inf, 1.0]), float("nan"), np.float32(np.inf), far.dtype)
    )
    for _ in range(3):
        found = compiled(tg.ones(3))
    exec(compiled.source, space)
    assert str(space["step"](np.ones(3, np.float32))[:3]) == str(tuple(np.array(x) for x in found[:3]))
    compiled = tg.compile(lambda x: (x * 2, compiled))
    for _ in range(3):
        compiled(tg.ones(3))
    with pytest.raises(FormulaError, match="the function returns a Compiled, which a file"):
        compiled.save(tmp_path / "a.py")
    assert not list(tmp_path.iterdir())


def test_saving_before_a_program_is_there_says_so(tmp_path) -> None:
    compiled = tg.compile(lambda x: x + 1)
    with pytest.raises(tg.autograd.errors.ArgumentError, match="no program yet"):
        compiled.save(tmp_path / "a.py")
    compiled = tg.compile(tg.nn.Linear(1, 1).forward)
    compiled(tg.ones(1))
    with pytest.raises(tg.autograd.errors.ArgumentError, match=r"Python runs .*forward.* return t.detach\(\)"):
        compiled.save(tmp_path / "a.py")


@pytest.mark.parametrize("name", ["relu", "sigmoid", "two classes"])
def test_the_emitted_backward_is_right(name: str) -> None:
    layers, loss_of, y = NETWORKS[name]
    tg.manual_seed(0)
    model = tg.nn.Sequential(*layers())
    parameters = {n.replace(".", "_"): p.detach().numpy().astype(np.float64) for n, p in model.named_parameters()}
    x, y = np.random.default_rng(0).standard_normal((5, 4)), y().numpy()
    y = y.astype(np.float64) if y.dtype.kind == "f" else y

    def forward(params, x, y):
        return loss_of(tg.func.functional_call(model, {n.replace("_", "."): p for n, p in params.items()}, (x,)), y)

    tensors = ({n: tg.tensor(p) for n, p in parameters.items()}, tg.tensor(x), tg.tensor(y))
    program = tg.program(tg.func.grad_and_value(forward), *tensors)
    space: dict = {}
    exec(text_of(program), space)

    def hand(params, x, y):
        *grads, loss = space["step"](*params.values(), x, y)
        return loss, dict(zip(params, grads, strict=True))

    diagnosis = tg.verify.check_gradients(hand, parameters, (x, y), forward=forward)
    assert all(finding.ok for finding in diagnosis.findings), str(diagnosis)
