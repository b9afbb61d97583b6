"""``tg.onnx.export``: whole models in onnxruntime, names, free sizes, files, and what is refused."""

from __future__ import annotations

import builtins
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_runs import arrays_of, assert_same, exported, onnx, run, session

import tinygrad_bp as tg
from demos.reports import r4
from demos.reports.r1 import training as r1
from demos.reports.r2 import training as r2
from demos.reports.r3 import recipe
from demos.reports.r3 import training as r3
from demos.reports.r5 import training as r5
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, CaptureError, DtypeError

GPT = Path(__file__).parents[1] / "demos" / "examples" / "tiny_gpt.py"
BATCH = {0: "batch"}
ONE = tg.ones(2)


def tiny_gpt() -> Any:
    names: dict[str, Any] = {"__name__": "tiny_gpt"}
    exec(GPT.read_text(encoding="utf-8").split("tg.manual_seed")[0], names)  # the model, not its training
    return names["GPT"]()


def lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Dropout(0.5), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


class Reader(nn.Module):
    """Words in, one score: what recurrent layers are used for."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.words, self.steps, self.score = nn.Embedding(10, 6), kind(6, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, words: tg.Tensor) -> tg.Tensor:
        return self.score(self.steps(self.words(words))[0][:, -1]).sigmoid()


def rows(*shape: int, dtype: Any = None) -> tg.Tensor:
    return tg.randn(*shape, dtype=dtype)


def codes(*shape: int) -> tg.Tensor:
    return tg.randint(0, 10, shape)


MODELS: dict[str, tuple[Any, Any]] = {
    "R1": (r1.network, lambda n: rows(n, 784)),
    "R2": (lambda: r2.network(r2.Setting("XOR")), lambda n: rows(n, 2, dtype=tg.float64)),
    "R2 ReLU": (lambda: r2.network(r2.Setting("XOR", activation="ReLU")), lambda n: rows(n, 2, dtype=tg.float64)),
    "R3": (lambda: r3.network(r3.MANY), lambda n: rows(n, r3.MANY[0])),
    "R3 normalized": (lambda: recipe.network(True), lambda n: rows(n, r3.MANY[0])),
    "R4": (r4.network, lambda n: rows(n, r4.INPUTS)),
    "R4 float64": (lambda: r4.network(tg.float64), lambda n: rows(n, r4.INPUTS, dtype=tg.float64)),
    "R5": (lambda: r5.network([64, 32], 0.5, True), lambda n: rows(n, 3072)),
    "LeNet": (lenet, lambda n: rows(n, 1, 28, 28)),
    "LSTM": (lambda: Reader(nn.LSTM), lambda n: codes(n, 7)), "GRU": (lambda: Reader(nn.GRU), lambda n: codes(n, 7)),
    "tiny GPT": (tiny_gpt, lambda n: codes(n, 12)),
    "MLP float16": (lambda: tg.models.MLP([4, 8, 2], dtype=tg.float16), lambda n: rows(n, 4).half()),
}  # fmt: skip


def seeded(name: str) -> tuple[nn.Module, Any]:
    tg.manual_seed(0)
    make, sample = MODELS[name]
    model = make()
    for buffer_name, buffer in model.named_buffers():  # statistics of a training
        if buffer_name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return model, sample


@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_onnx_is_the_model(name: str, tmp_path: Path) -> None:
    model, sample = seeded(name)
    x = sample(1)
    kept = {key: array.copy() for key, array in zip(model.state_dict(), arrays_of(model.state_dict()))}
    state = tg.get_rng_state()
    tg.onnx.export(model, x, tmp_path / "m.onnx", input_names=["x"], output_names=["y"], dynamic_axes={"x": BATCH})
    assert [module.training for module in model.modules()] == [True] * len(list(model.modules()))
    assert all(np.array_equal(array, kept[key]) for key, array in zip(kept, arrays_of(model.state_dict())))
    assert all(parameter.grad is None for parameter in model.parameters()) and tg.equal(state, tg.get_rng_state())

    found = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(found, full_check=True)
    assert (found.ir_version, [(o.domain, o.version) for o in found.opset_import]) == (8, [("", 17)])
    stored = {array.name: onnx.numpy_helper.to_array(array) for array in found.graph.initializer}
    assert all(np.array_equal(stored[key], p.detach().numpy()) for key, p in model.named_parameters())
    assert [i.name for i in found.graph.input] == ["x"] and [o.name for o in found.graph.output] == ["y"]
    assert found.graph.output[0].type.tensor_type.shape.dim[0].dim_param == "batch"

    model.eval()
    in_session = session(found)
    for n in (1, 5):
        x = sample(n)
        assert_same([model(x)], run(in_session, [x]), 1e-5 if x.dtype != tg.float16 else 2e-3)


def test_two_free_axes() -> None:
    model, sample = seeded("tiny GPT")
    in_session = session(exported(model, sample(2), dynamic_axes={"codes": {0: "batch", 1: "time"}}))
    for n, t in ((1, 16), (3, 1), (2, 9)):
        x = codes(n, t)
        assert_same([model(x)], run(in_session, [x]))


def test_the_nodes_are_those_that_people_expect() -> None:
    model, sample = seeded("LeNet")
    kinds = [node.op_type for node in exported(model, sample(1), dynamic_axes={"input": BATCH}).graph.node]
    assert kinds == ["Conv", "Tanh", "MaxPool", "Conv", "Tanh", "AveragePool", "Reshape", "Gemm", "Tanh",
                     "Gemm", "Tanh", "Gemm"]  # fmt: skip


# ---------------------------------------------------------------------- functions, inputs and results


def test_a_function_of_several_arguments() -> None:
    w = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    w.name = "w"

    def function(x, pair, *, scale, mask=None, times=2):
        a, (b, c) = x @ w, pair
        return {"sum": (a + b) * scale, "rest": (c, tg.where(mask, a, -1.0) * times)}

    x, b, c, mask = tg.ones(3, 2), tg.ones(2), tg.tensor([1, 2]), tg.tensor([True, False])
    file = io.BytesIO()
    tg.onnx.export(function, (x, (b, c)), file, kwargs={"scale": tg.tensor(3.0), "mask": mask})
    model = onnx.load_from_string(file.getvalue())
    assert [i.name for i in model.graph.input] == ["x", "pair_0", "pair_1", "scale", "mask"]
    assert [o.name for o in model.graph.output] == ["output_0", "output_1", "output_2"]
    assert "w" in [array.name for array in model.graph.initializer]
    args = [x, b, c, tg.tensor(3.0), mask]
    assert_same(function(x, (b, c), scale=args[3], mask=mask), run(session(model), args))


def test_results_that_nothing_computes() -> None:
    function = lambda x, y: (x, x, x * 1, 2.5, None, tg.ones(2))  # noqa: E731
    x, y = tg.ones(2), tg.zeros(1)
    theirs = run(session(exported(function, x, y)), [x, y])
    assert [found.tolist() for found in theirs] == [[1, 1], [1, 1], [1, 1], 2.5, [1, 1]]


def test_a_method_is_exported_with_its_module_in_eval() -> None:
    class Coder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.drop = nn.Linear(3, 2), nn.Dropout(0.5)

        def encode(self, x):
            return self.drop(self.encoder(x))

    model, x = Coder(), tg.ones(1, 3)
    found = exported(model.encode, x)
    assert {"encoder.weight", "encoder.bias"} <= {array.name for array in found.graph.initializer} and model.training
    assert_same([model.encoder(x)], run(session(found), [x]))


def test_names_that_stand_for_two_things_are_refused() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.x = nn.Parameter(tg.ones(2))

        def forward(self, x):
            return x * self.x

    with pytest.raises(ArgumentError, match="x names a stored tensor, and an input or a result too"):
        exported(Scale(), ONE)
    assert [i.name for i in exported(Scale(), ONE, input_names=["given"]).graph.initializer] == ["x"]


def test_a_gradient_is_a_function_too() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 1))
    slope = tg.func.grad(lambda x: model(x).sum())
    x = tg.randn(5, 3)
    assert_same([slope(x)], run(session(exported(slope, x)), [x]))


def test_tied_weights_are_stored_once() -> None:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    b.weight = a.weight
    found = exported(nn.Sequential(a, b), tg.ones(1, 2))
    assert [array.name for array in found.graph.initializer] == ["0.weight", "0.bias", "1.bias"]


def test_weights_of_any_layout_are_stored_row_by_row() -> None:
    w = tg.arange(6.0).reshape(3, 2).T
    found = exported(lambda x: x @ w, tg.ones(1, 2))
    (stored,) = (onnx.numpy_helper.to_array(array) for array in found.graph.initializer)
    assert stored.tolist() == w.tolist()


DTYPES = ["float16", "float32", "float64", "int8", "uint8", "uint32", "int32", "int64", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_dtypes_and_shapes(dtype: str, shape: tuple[int, ...]) -> None:
    x = tg.arange(6).reshape(2, 3)[: shape[0] if shape else 1].to(np.dtype(dtype))
    x = x if shape else x[0, 1]

    def function(x):
        both = x + x if dtype != "bool" else x | x
        moved = x.reshape(-1), tg.cat([x.ravel(), x.ravel()]), tg.where(x == 1, x, both), x.clip(0, 1)
        return x * x, both, x == 1, x > 0.5, x.sum(), -x.int(), x.float(), x / 2, x.exp(), moved

    model = exported(function, x)
    given = model.graph.input[0].type.tensor_type
    assert onnx.helper.tensor_dtype_to_np_dtype(given.elem_type) == x.dtype and len(given.shape.dim) == len(shape)
    assert_same(function(x), run(session(model), [x]))


# ---------------------------------------------------------------------- free sizes


def test_what_follows_a_free_size() -> None:
    def function(x):
        n, t = x.shape
        zeros, places = tg.zeros(n, 2), tg.arange(t)
        flat = x.reshape(-1).reshape(n * t)  # bilinear in two free sizes: what is left
        return x.mean(), x.var(), x + places, tg.cat([x, zeros], 1), flat, x.flip(0), x.cumsum(1), x[-1], x.sort(1)[0]

    model = exported(function, tg.randn(2, 3), dynamic_axes={"x": {0: "n", -1: "t"}})
    in_session = session(model)
    for shape in ((1, 1), (4, 2), (5, 5)):
        x = tg.randn(*shape)
        assert_same(function(x), run(in_session, [x]))


def test_axes_without_names_are_free_together() -> None:
    model = exported(lambda x, y: x + y, tg.ones(3, 2), tg.ones(3, 2), dynamic_axes={"x": [0], "y": [0], "output": [0]})
    dims = [value.type.tensor_type.shape.dim[0].dim_param for value in (*model.graph.input, *model.graph.output)]
    assert dims == ["dim_0"] * 3


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x.sum() * (1 / len(x)), "a number computed from a size by Python"),
        (lambda x: x[tg.tensor([0, len(x) - 1, 0])], "made by NumPy or Python holds other numbers"),
        (lambda x: x * 2 if len(x) > 3 else x.exp(), "the function calls other ops at other sizes"),
        (lambda x: sum(row.sum() for row in x), "the function calls other ops at other sizes"),
        (lambda x: x.cumprod(0), "the op cumprod would keep n as it is in the sample"),
        (lambda x: x.sum() + tg.zeros(len(x) ** 2), "the op add would keep [?] as it is in the sample"),
        (lambda x: x.repeat(len(x) ** 2, 1), "would keep"),
        (lambda x: x.reshape(4, -1), "the function cannot be called at n = 3"),
        (lambda x: x[:: len(x)], "the op getitem would keep n"),
    ],
)
def test_what_cannot_follow_a_free_size_is_refused(function: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=said):
        tg.onnx.export(function, tg.ones(4, 3), tmp_path / "m.onnx", dynamic_axes={"x": {0: "n"}})
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"input_names": ["a", "b"]}, "1 different names, one for each of the inputs"),
        ({"input_names": "x"}, "a list of names"),
        ({"output_names": []}, "1 different names, one for each of the results"),
        ({"input_names": ["y"], "output_names": ["y"]}, "y names an input and a result"),
        ({"dynamic_axes": {"z": [0]}}, "dynamic_axes names 'z'; the inputs are 'x'"),
        ({"dynamic_axes": {"x": {1: "n"}}}, "'x' has 1 dimensions, got axis 1"),
        ({"dynamic_axes": ["x"]}, "dynamic_axes is a dict"),
        ({"opset_version": 11}, "opset_version=11: models are written for opset 17"),
        ({"export_params": False}, "with their weights"),
    ],
)
def test_settings_that_do_not_fit(settings: Any, said: str) -> None:
    file = io.BytesIO()
    with pytest.raises(ArgumentError, match=said):
        tg.onnx.export(lambda x: x * 2, ONE, file, **settings)
    assert not file.getvalue()


@pytest.mark.parametrize(
    ("function", "args", "error", "said"),
    [
        (lambda x: x if x.sum() > 0 else -x, ONE, CaptureError, "bool"),
        (lambda x: tg.fft.rfft(x), ONE, DtypeError, "the op fft_r2c cannot be exported"),
        (lambda x: tg.linalg.inv(x), tg.eye(2), DtypeError, "the op inv cannot be exported: opset 17 has no factor"),
        (lambda x: x & 1, tg.tensor([1]), DtypeError, "bitwise operators for booleans alone"),
        (lambda x: nn.functional.dropout(x), ONE, DtypeError, "random numbers: call model.eval"),
        (lambda x: x + tg.rand(2), ONE, DtypeError, "random numbers"),
        (lambda x: None, ONE, ArgumentError, "returns no tensor"),
        (lambda x: 1, 3, ArgumentError, "args holds no tensor"),
        ("model", ONE, ArgumentError, "model is a module or a function, got str"),
    ],
)
def test_what_cannot_be_exported(function: Any, args: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        exported(function, args)


def test_a_function_that_writes_is_refused_and_undone() -> None:
    norm, w = nn.BatchNorm1d(2), tg.ones(2, requires_grad=True)
    before = [array.copy() for array in arrays_of(norm.state_dict())]
    with pytest.raises(ArgumentError, match="the function writes a tensor, and a model of ONNX has no state"):
        exported(lambda x: norm(x), tg.randn(3, 2))
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays_of(norm.state_dict()), strict=True))
    with pytest.raises(ArgumentError, match=r"leaves gradients in .grad"):
        exported(lambda x: (w * x).sum().backward(), ONE)
    assert w.grad is None


def test_more_than_a_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tg.onnx.writing, "LARGEST", 100)
    with pytest.raises(ArgumentError, match=r"the weights take 120 bytes, and a file of ONNX holds at most 100"):
        exported(nn.Linear(5, 5), tg.ones(1, 5))


def test_without_the_package_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name == "onnx" and not (len(args) > 3 and args[3]):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    said = r"^onnx.export needs the package onnx: pip install 'tinygrad_bp\[onnx\]'$"
    with pytest.raises(ModuleNotFoundError, match=said):
        tg.onnx.export(lambda x: x, ONE, io.BytesIO())


def test_the_room_hides_no_package_and_loads_none() -> None:
    code = "import tinygrad_bp as tg, sys; tg.onnx.export; print('onnx' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False" and onnx is not tg.onnx and hasattr(onnx, "checker")


# ---------------------------------------------------------------------- files


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    tg.onnx.export(lambda x: x * 2, ONE, path)
    old = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            tg.onnx.export(lambda x: x * 3, ONE, path)
    assert path.read_bytes() == old and [p.name for p in tmp_path.iterdir()] == ["m.onnx"]
    tg.onnx.export(lambda x: x * 3, ONE, str(path))
    assert path.read_bytes() != old
    with pytest.raises(ArgumentError, match="takes text"):
        tg.onnx.export(lambda x: x, ONE, io.StringIO())
    with pytest.raises(ArgumentError, match="give a path or a file"):
        tg.onnx.export(lambda x: x, ONE, 3)


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        model, sample = seeded("LSTM")
        file = io.BytesIO()
        tg.onnx.export(model, sample(1), file)
        files.append(file.getvalue())
    assert files[0] == files[1] and b"pickle" not in files[0]
