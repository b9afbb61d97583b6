"""Tensors on a GPU, on arrays that refuse what CuPy's refuse: the op table, and what a training is made of."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import public_calls
import pytest
import test_device
from strict_arrays import Strict, on_device

import tinygrad_bp as tg
from benchmarks import gpu as benchmark
from tinygrad_bp import ops
from tinygrad_bp.autograd import elsewhere
from tinygrad_bp.autograd.errors import DeviceError
from tinygrad_bp.autograd.gradient import grad
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.tensor import wrap
from tinygrad_bp.verify import contracts

PLACE = elsewhere.Place(Strict, on_device, lambda array: array.get(order="A"))
CUDA = tg.device("cuda", 0)
# Ops that say that they run on the CPU alone: none.
ON_THE_CPU: frozenset[str] = frozenset()


@pytest.fixture(autouse=True)
def gpu() -> Iterator[None]:
    """A GPU for one test."""
    tables = [dict(table) for table in elsewhere.NUMBERS]
    elsewhere.known("cuda", PLACE)
    yield
    elsewhere.PLACES.clear()
    elsewhere.ARRAYS.clear()
    for table, before in zip(elsewhere.NUMBERS, tables, strict=True):
        table.update(before)


def numbers(x: Any) -> Any:
    return elsewhere.hosted(x._value)


# ---------------------------------------------------------------------- the op table


def found(op: Op, sample: Any, put: Any, recorded: bool) -> list[Any]:
    """The value and the gradients of a sample whose arrays ``put`` puts in their place."""
    arrays = contracts.draw(op, sample)
    chosen = contracts.differentiable(op, arrays)
    tensors = [wrap(put(np.array(array)), None) for array in arrays]
    for i in chosen:
        tensors[i].requires_grad = True
    result = contracts.run(op, tensors, sample)
    if op.kind == "constant" or not chosen or not result.requires_grad:
        return [result]
    cotangent = contracts.random_like(np.random.default_rng(1), numbers(result)).astype(result.dtype, copy=False)
    wanted = [tensors[i] for i in chosen]
    beside = put(cotangent) if type(result._value) is not np.ndarray else cotangent
    return [result, *grad(result, wanted, wrap(beside, None), create_graph=recorded)]


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.inputs], ids=lambda op: op.name)
def test_an_op_and_its_rules_run_on_the_arrays_of_a_device(op: Op) -> None:
    """Every sample, forward and backward; of the first also the recorded rules."""
    for i, sample in enumerate(op.samples):
        for recorded in (False, True)[: 1 + (i == 0)]:
            with np.errstate(all="ignore"):
                if op.name in ON_THE_CPU:
                    with pytest.raises(DeviceError, match=op.name):
                        found(op, sample, on_device, recorded)
                    continue
                wanted = found(op, sample, lambda array: array, recorded)
                got = found(op, sample, on_device, recorded)
            for one, other in zip(wanted, got, strict=True):
                assert type(other._value) is Strict or op.name == "to_device"  # which has both
                assert one.dtype == other.dtype
                np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-10, atol=1e-12, err_msg=str(sample))


# ---------------------------------------------------------------------- what names NumPy's arrays

MAKES = {"np.asarray", "np.array", "np.asanyarray", "np.ascontiguousarray", "np.asfortranarray"}
# Files and functions of ops that make arrays of NumPy's, and why.
OF_NUMPY = {
    ("einsum", "einsum"): "a number of Python among the operands", ("gamma_functions", "_cotangents"): "numbers alone",
    ("indexing", "_plain_item"): "a list as an index", ("joining", "combinations"): "positions, as an index",
    ("max_pooling", "_adaptive_max_pool"): "a table of positions", ("passes", "choose"): "large arrays of NumPy's",
    ("scans", "_loop"): "a reference", ("samples", "fixed"): "samples", ("indexing", ""): "samples",
    ("max_pooling", ""): "samples", ("resampling", ""): "samples", ("scatter", ""): "samples",
}  # fmt: skip


def numpys_own(source: str) -> set[str]:
    """The functions of a file, '' for its top, that make an array of NumPy's or ask whether something is one.

    References and samples are NumPy's alone, and what is made ``like=`` another array is made where that lies.
    """
    found = set()

    def look(node: ast.AST, inside: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.keyword) and child.arg in ("reference", "samples"):
                continue
            name = child.name if isinstance(child, ast.FunctionDef) else inside
            if name.endswith("_reference"):
                continue
            if isinstance(child, ast.Call) and "like" not in {keyword.arg for keyword in child.keywords}:
                function = ast.unparse(child.func)
                if function in MAKES or (function == "isinstance" and "np.ndarray" in ast.unparse(child)):
                    found.add(name)
            if isinstance(child, ast.Compare) and "np.ndarray" in ast.unparse(child):
                found.add(name)
            look(child, name)

    look(ast.parse(source), "")
    return found


def test_ops_name_no_array_library() -> None:
    files = sorted(Path(ops.__file__).parent.glob("*.py"))
    found = {(file.stem, name) for file in files for name in numpys_own(file.read_text(encoding="utf-8"))}
    assert found == set(OF_NUMPY)


@pytest.mark.parametrize(("source", "found"), [
    ("def f(x):\n    return np.asarray(x)", {"f"}), ("g = lambda x: np.array(x)", {""}),
    ("def f(x):\n    return x.__class__ is np.ndarray", {"f"}), ("isinstance(x, (int, np.ndarray))", {""}),
    ("np.asarray(1, like=x)", set()), ("op(f, reference=lambda x: np.array(x))", set()),
    ("def _reference(x):\n    return np.array(x)", set()), ("np.zeros_like(x)", set()),
])  # fmt: skip
def test_who_names_it_is_found(source: str, found: set[str]) -> None:
    assert numpys_own(source) == found


# ---------------------------------------------------------------------- moving


def test_a_tensor_moves_and_its_gradient_comes_back() -> None:
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    for there in (x.to("cuda"), x.cuda(), x.to(0), x.to("cuda", tg.float32), x.to(tg.ones(1, device="cuda"))):
        assert there.device == CUDA and there.is_cuda and not there.is_cpu and there.get_device() == 0
        (there * there).sum().backward()
    assert x.grad.is_cpu and x.grad.tolist() == [10.0, -20.0]
    assert there.to("cuda") is there and there.cpu().is_cpu and x.cpu() is x
    wide = x.detach().to("cuda", tg.float64)
    assert wide.is_cuda and wide.dtype == tg.float64
    assert tg.ones(2, device="cuda", requires_grad=True).is_leaf


@pytest.mark.parametrize("path", test_device.CREATING)
def test_what_creates_gives_the_numbers_of_the_cpu(path: str) -> None:
    tg.manual_seed(0)
    here = test_device.call(path, "cpu")
    tg.manual_seed(0)
    there = test_device.call(path, "cuda")
    if path == "tg.Generator":
        return
    assert there.device == CUDA and there.dtype == here.dtype and there.shape == here.shape
    if "empty" not in path and path != "tg.Tensor.new" and not path.endswith("Tensor"):  # memory as it is
        np.testing.assert_array_equal(numbers(there), numbers(here))


def test_the_default_device_and_what_is_made_beside_a_tensor() -> None:
    with tg.device("cuda"):
        assert tg.ones(2).is_cuda and tg.rand(2).is_cuda and tg.nn.Linear(2, 2).weight.is_cuda
    x = tg.ones(2, 3, device="cuda")
    like = [tg.zeros_like(x), tg.rand_like(x), x.new_zeros(3), x.new_tensor([1.0]), np.ones_like(x), tg.bernoulli(x)]
    assert all(y.is_cuda for y in like)
    tg.manual_seed(1)
    drawn = x.normal_().tolist()
    tg.manual_seed(1)
    assert drawn == tg.ones(2, 3).normal_().tolist()


def test_tensors_of_two_devices_are_refused_in_one_line() -> None:
    here, there = tg.ones(2), tg.ones(2, device="cuda")
    mixed = (lambda: here + there, lambda: there * here, lambda: tg.where(there > 0, here, there), lambda: there @ here,
             lambda: tg.cat([here, there]), lambda: np.maximum(here, there), lambda: there - np.ones(2),
             lambda: tg.nn.functional.mse_loss(there, here))  # fmt: skip
    for call in mixed:
        with pytest.raises(DeviceError, match="same device, but found at least two devices, cuda:0 and cpu") as caught:
            call()
        assert "\n" not in str(caught.value) and "t.to(device)" in str(caught.value)
    there.requires_grad = True
    with pytest.raises(DeviceError, match="same device"):
        there.sum().backward(tg.ones(()))


def test_numpy_gets_no_array_unless_asked() -> None:
    x = tg.ones(2, device="cuda")
    for ask in (lambda: x.numpy(), lambda: np.asarray(x)):
        with pytest.raises(DeviceError, match=r"Write t\.cpu\(\) first"):
            ask()
    assert type(x.numpy(force=True)) is np.ndarray  # asked for, as PyTorch has it
    assert x.tolist() == [1.0, 1.0] and x[0].item() == 1 and x.cpu().numpy().tolist() == [1, 1]
    assert repr(x) == "tensor([1., 1.], device='cuda:0')"
    assert repr((x * 2).requires_grad_()) == "tensor([2., 2.], device='cuda:0', requires_grad=True)"
    with pytest.raises(DeviceError, match=r"cuda:1: the current one is cuda:0; write tg\.cuda\.set_device\(1\) first"):
        x.to("cuda:1")


def test_writing() -> None:
    x, view = (base := tg.zeros(2, 3, device="cuda")), base[0]
    x += 1
    view[1] = 5.0
    x[:, 2] = tg.ones(2, device="cuda") * 7
    x.copy_(x.cpu() * 2)
    assert view.tolist() == [2.0, 10.0, 14.0] and x.is_cuda
    w = tg.ones(3, device="cuda", requires_grad=True)
    loss = (w * w).sum()
    with tg.no_grad():
        w -= 0.5
    with pytest.raises(RuntimeError, match="modified by an in-place"):
        loss.backward()


# ---------------------------------------------------------------------- every public function

# Calls whose own arguments lie on the CPU, and those that say that they run there.
OTHERWISE = {
    "T.empty_like(x)": "memory as it was",
    "T.resize_as_(T.zeros(20), x)": "zeros",
    "T.full((2,), s)": "one number",
    "T.addbmm(x, c[:, :3], T.ones(2, 6, 4, dtype=c.dtype))": "ones",
    "T.arange(s)": "one number",
    "T.linspace(s, 2.0, 3)": "2.0",
    "F.dropout(x, s)": "one number",
    "F.dropout2d(im, s)": "one number",
    "T.linalg.lstsq(A, x)": "residuals, which are not there",
    "T.histogram(x)": DeviceError,
    "T.histogram(x, T.sort(v).values)": DeviceError,
    "T.histogramdd(x, 2)": DeviceError,
    "T.geqrf(x)": DeviceError,
    "T.linalg.ldl_factor(A)": DeviceError,
    "T.linalg.ldl_factor_ex(A)": DeviceError,
    "T.linalg.ldl_solve(A, T.tensor([1, 2, 3]), x)": DeviceError,
}


def given(device: str) -> dict[str, Any]:
    names = public_calls.names(lambda array: tg.tensor(array, device=device))
    return {**names, **{name: names[name].to(device) for name in "mik"}}


def flat(found: Any) -> list[Any]:
    return [one for part in found for one in flat(part)] if isinstance(found, (tuple, list)) else [found]


def test_every_public_function_gives_there_what_it_gives_here() -> None:
    wrong = []
    for call in public_calls.CALLS:
        try:
            with np.errstate(all="ignore"):
                tg.manual_seed(0)
                wanted = eval(call, given("cpu"))
                tg.manual_seed(0)
                found = eval(call, given("cuda"))
            for one, other in zip(flat(wanted), flat(found), strict=True):
                if isinstance(one, tg.Tensor):
                    assert other.is_cuda and one.dtype == other.dtype
                    np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-6, atol=1e-9)
        except Exception as error:
            if call not in OTHERWISE or (OTHERWISE[call] is DeviceError and "runs on the CPU" not in str(error)):
                wrong.append(f"{call}: {error}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------------- training


def mlp() -> Any:
    return tg.nn.Sequential(tg.nn.Linear(4, 8), tg.nn.ReLU(), tg.nn.Dropout(0.2), tg.nn.Linear(8, 3))


def convnet() -> Any:
    nn = tg.nn
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 4, 2, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(), nn.LayerNorm(4), nn.Linear(4, 3),
    )  # fmt: skip


def trained(make: Any, optimizer: str, device: str, steps: int = 3) -> tuple[list[float], Any]:
    tg.manual_seed(0)
    net = make().to(device)
    x, y = tg.rand(6, 4, device=device), tg.tensor([0, 1, 2, 0, 1, 2], device=device)
    step = getattr(tg.optim, optimizer)(net.parameters(), lr=0.05)
    losses = []

    def closure() -> Any:
        step.zero_grad()
        loss = tg.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        return loss

    for _ in range(steps):
        losses.append(float(step.step(closure).item()))
    return losses, net


OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop",
              "LBFGS"]  # fmt: skip


@pytest.mark.parametrize(("make", "optimizer"), [*((mlp, name) for name in OPTIMIZERS), (convnet, "SGD")])
def test_a_training_is_that_of_the_cpu(make: Any, optimizer: str) -> None:
    here, there = trained(make, optimizer, "cpu"), trained(make, optimizer, "cuda")
    np.testing.assert_allclose(there[0], here[0], rtol=1e-5)
    for one, other in zip(here[1].state_dict().values(), there[1].state_dict().values(), strict=True):
        assert other.is_cuda
        np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-4, atol=1e-6)


def test_a_module_is_made_there_moved_and_saved() -> None:
    tg.manual_seed(0)
    here = tg.nn.LSTM(3, 2)
    tg.manual_seed(0)
    there = tg.nn.LSTM(3, 2, device="cuda")
    for one, other in zip(here.parameters(), there.parameters(), strict=True):
        assert other.is_cuda and other.tolist() == one.tolist()
    net = mlp().cuda()
    assert all(p.is_cuda and p.requires_grad for p in net.parameters())
    file = io.BytesIO()
    tg.save(net.state_dict(), file)
    file.seek(0)
    kept = tg.load(file)
    assert all(value.is_cpu for value in kept.values())
    file.seek(0)
    assert all(value.is_cuda for value in tg.load(file, map_location="cuda").values())
    net.load_state_dict({name: value * 0 for name, value in kept.items()})
    assert all(p.is_cuda and p.abs().sum().item() == 0 for p in net.parameters())
    assert all(p.is_cpu for p in net.cpu().double().parameters()) and net[0].weight.dtype == tg.float64


def test_a_picture_shows_the_numbers_and_gradcheck_passes() -> None:
    x = tg.tensor([0.5, -1.0], dtype=tg.float64, device="cuda", requires_grad=True)
    loss = (x.tanh() * x).sum()
    assert "0.993" in tg.draw(loss, values=True, grads=True).source
    assert tg.autograd.gradcheck(lambda x: x.tanh() * x.exp(), x)
    assert tg.autograd.gradgradcheck(lambda x: (x.sigmoid() * x).sum(), x)


def test_a_gpu_that_is_there_is_said_to_be() -> None:
    assert tg.cuda.is_available() and tg.cuda.device_count() == 1 and tg.cuda.current_device() == 0
    assert tg.device("cuda" if tg.cuda.is_available() else "cpu") == tg.device("cuda")
    for settle in (tg.cuda.init, tg.cuda.synchronize, tg.cuda.empty_cache, lambda: tg.cuda.set_device(0)):
        assert settle() is None
    with pytest.raises(DeviceError, match="import cupy"):
        tg.cuda.Stream()
    assert tg.accelerator.is_available() and tg.accelerator.current_accelerator() == tg.device("cuda")


def test_fit_takes_its_batches_to_the_model() -> None:
    def fitted(device: str) -> Any:
        tg.manual_seed(0)
        net = mlp().to(device)
        data = tg.data.TensorDataset(np.random.default_rng(0).random((12, 4), np.float32), np.arange(12) % 3)
        loader = tg.data.DataLoader(data, 4)
        history = tg.train.fit(net, tg.nn.CrossEntropyLoss(), tg.optim.SGD(net.parameters(), lr=0.1), loader, epochs=2,
                               val=loader, progress=False)  # fmt: skip
        return history

    here, there = fitted("cpu"), fitted("cuda")
    np.testing.assert_allclose(there.loss, here.loss, rtol=1e-5)
    np.testing.assert_allclose(there.val_loss, here.val_loss, rtol=1e-5)


# ---------------------------------------------------------------------- the comparison for a machine with a GPU


def test_the_comparison_runs_to_its_end_and_finds_what_differs(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(benchmark, "OPS", {name: OPS[name] for name in ("tanh", "matmul", "getitem")})
    monkeypatch.setattr(benchmark, "gather", lambda: None)
    monkeypatch.setattr(benchmark, "STEPS", 1)
    assert benchmark.main([]) == 0
    assert "3 ops, float64, forward and backward: 3 as on the CPU" in capsys.readouterr().out
    asked = Strict.__array_ufunc__

    def spoiled(self: Any, ufunc: Any, *given: Any, **kwargs: Any) -> Any:
        found = asked(self, ufunc, *given, **kwargs)
        return found * 1.001 if ufunc is np.tanh else found

    monkeypatch.setattr(Strict, "__array_ufunc__", spoiled)
    assert benchmark.main([]) == 1
    assert "tanh: 1.0e-03 apart" in capsys.readouterr().out


def test_the_comparison_says_what_is_missing(capsys: Any) -> None:
    elsewhere.PLACES.clear()
    assert benchmark.main([]) == 2
    assert "CuPy" in capsys.readouterr().out
