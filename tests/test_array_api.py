"""The array API on tensors, held against ``array-api-strict``: every function, values, dtypes and errors."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from array_api_calls import calls

import tinygrad_bp as tg
from tinygrad_bp import array_api

strict = pytest.importorskip("array_api_strict")

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
          "complex64", "complex128")  # fmt: skip
REALS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.5, np.inf, -np.inf, np.nan]
CALLS = calls()
ROOMS = ("", "fft", "linalg")
PYTHONS = re.compile(r"(bool|int|float|complex)\((o|x)\)")  # the conversions of Python, not dtypes
REFUSED = re.compile("from_dlpack")  # of recorded tensors


@pytest.fixture(autouse=True)
def _doubles() -> Iterator[None]:
    """The default dtype of ``array-api-strict``."""
    before = tg.get_default_dtype()
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(before)


def drawn(dtype: str) -> dict[str, Any]:
    """The arrays that the calls name."""
    random = np.random.default_rng(9)
    kind = np.dtype(dtype).kind

    def draw(*shape: int) -> Any:
        numbers = random.normal(0, 2, shape) if kind in "fc" else random.integers(-3 if kind == "i" else 0, 5, shape)
        return (numbers + 1j * random.normal(0, 2, shape) if kind == "c" else numbers).astype(dtype)

    square, y = draw(2, 3, 3), draw(3, 4)
    definite = square @ square.conj().mT + np.eye(3) if kind in "fc" else square
    ends = REALS if kind == "f" else [0, 1, 2, 3, 5]
    special = np.asarray([complex(a, b) for a in REALS for b in REALS] if kind == "c" else ends).astype(dtype)
    return {
        "x": draw(3, 4), "y": np.abs(y) if kind == "i" else y, "v": draw(4), "w": draw(4), "s": draw(3, 3),
        "p": definite.astype(dtype), "e": draw(0, 4), "o": draw(), "k": np.asarray([1, 0, 2, 1]),
        "b": np.asarray([True, False, True, False]), "b2": draw(3, 4) != 0, "special": special[:, None],
        "special_too": special,
    }  # fmt: skip


def outcome(xp: Any, call: str, dtype: str, names: dict[str, Any]) -> Any:
    """What a call gives, or the error that it raises."""
    spoken = {name: getattr(xp, name) for name in {*dir(xp), "fft", "linalg"} if not name.startswith("_")}
    if PYTHONS.fullmatch(call):
        spoken |= vars(builtins)
    try:
        with np.errstate(all="ignore"):
            return eval(call, {**spoken, **names, "d": getattr(xp, dtype)})
    except Exception as error:
        return error


def differs(ours: Any, theirs: Any) -> str:
    """How a result differs from the right one; "" where it does not."""
    if isinstance(theirs, TypeError):  # a dtype for which the standard says nothing
        return ""
    if isinstance(theirs, Exception):
        kind = IndexError if isinstance(theirs, np.exceptions.AxisError) else type(theirs)
        return "" if isinstance(ours, kind) else f"raises {kind.__name__} there, here: {ours!r}"
    if isinstance(ours, Exception):
        return f"raises {type(ours).__name__}: {ours}"
    if isinstance(theirs, (tuple, list)):
        if len(ours) != len(theirs):
            return f"{len(ours)} results, {len(theirs)} there"
        return next((said for pair in zip(ours, theirs) if (said := differs(*pair))), "")
    if not hasattr(theirs, "__array_namespace__"):
        dtypes = isinstance(ours, np.dtype) and str(ours) == str(theirs).removeprefix("array_api_strict.")
        return "" if dtypes or ours == theirs else f"{ours!r} is {theirs!r} there"
    if not isinstance(ours, tg.Tensor):
        return f"a {type(ours).__name__}, no tensor"
    right, value = np.asarray(theirs), ours.numpy(force=True)
    if (value.shape, value.dtype) != (right.shape, right.dtype):
        return f"{value.shape} {value.dtype}, {right.shape} {right.dtype} there"
    finite = right[np.isfinite(right)] if right.dtype.kind in "fc" else right
    close = 1e-5 if right.dtype in (np.float32, np.complex64) else 1e-12
    near = np.allclose(value, right, close, close * max(1, np.max(np.abs(finite), initial=0)), equal_nan=True)
    zero = value == 0
    same_zeros = right.dtype.kind != "f" or (np.signbit(value[zero]) == np.signbit(right[zero])).all()
    return "" if near and same_zeros else f"{value.tolist()} is {right.tolist()} there"


def disagreements(xp: Any, dtype: str, recorded: bool = False) -> dict[str, str]:
    arrays = drawn(dtype)
    theirs = {name: strict.asarray(array) for name, array in arrays.items()}
    ours = {name: tg.tensor(a, requires_grad=recorded and a.dtype.kind in "fc") for name, a in arrays.items()}
    found = {
        call: differs(outcome(xp, call, dtype, ours), outcome(strict, call, dtype, theirs))
        for call in CALLS
        if not (recorded and REFUSED.search(call))
    }
    return {call: said for call, said in found.items() if said}


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_function_as_the_standard_has_it(dtype: str) -> None:
    assert disagreements(array_api, dtype) == {}


@pytest.mark.parametrize("dtype", ["float64", "complex64"])
@pytest.mark.filterwarnings("ignore:.*of a tensor that requires grad:UserWarning")  # numbers of Python
def test_recorded_tensors(dtype: str) -> None:
    assert disagreements(array_api, dtype, recorded=True) == {}


def test_the_comparison_can_fail() -> None:
    wrong = {name: getattr(array_api, name) for name in (*dir(array_api), "fft", "linalg")}
    wrong["sin"] = lambda x: array_api.sin(x) + 1e-9
    wrong["cumulative_sum"] = lambda x, **said: array_api.cumulative_sum(x, **said).to(tg.float32)
    wrong["count_nonzero"] = lambda x, **said: np.count_nonzero(x.numpy(), **said)
    wrong["expand_dims"] = lambda x, axis: x
    found = disagreements(SimpleNamespace(**wrong), "float64")
    assert {call.partition("(")[0] for call in found} == {"sin", "cumulative_sum", "count_nonzero", "expand_dims"}
    assert {"a int64, no tensor", "a int, no tensor"} & set(found.values())  # a NumPy scalar or an int, as NumPy does
    assert "(4,) float32, (4,) float64 there" in found.values()


def names_of(room: str) -> set[str]:
    """The functions of the standard."""
    space = getattr(strict, room) if room else strict
    own = {name for name in dir(space) if not name.startswith("_") and "flags" not in name.lower() and name != "Device"}
    functions = {name for name in own if callable(getattr(space, name)) and not isinstance(getattr(space, name), type)}
    return {name for name in functions if getattr(space, name).__module__.startswith("array_api_strict")} - {
        "requires_api_version", "requires_extension", "device_supports_dtype", "broadcast_shapes",
    } - (set() if not room else {"conj", "reshape", "finfo", "astype"})  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_every_function_is_called_with_what_it_takes(room: str) -> None:
    prefix = f"{room}." if room else r"(?<![.\w])"
    for name in names_of(room):
        about = [call for call in CALLS if re.search(rf"{prefix}{name}\(", call)]
        answers = (
            outcome(strict, call, dtype, {n: strict.asarray(a) for n, a in drawn(dtype).items()})
            for call in about
            for dtype in ("float64", "int64", "bool", "complex128")
        )
        assert any(not isinstance(answer, Exception) for answer in answers), name


def parameters_of(function: Any) -> Any:
    """The parameters of a function; None of one of NumPy's in C, whose parameters older NumPys do not tell."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        assert not inspect.isfunction(inspect.unwrap(function))
        return None


@pytest.mark.parametrize("room", ROOMS)
def test_parameters_have_the_names_of_the_standard(room: str) -> None:
    ours, theirs = (getattr(xp, room) if room else xp for xp in (array_api, strict))
    for name in names_of(room):
        wanted, had = parameters_of(getattr(theirs, name)), parameters_of(getattr(ours, name))
        if had is None:
            continue
        several = any(p.kind is p.VAR_POSITIONAL for p in had.values())
        for parameter in wanted.values():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                assert parameter.name in had, (name, parameter)
                optional = had[parameter.name].default is not parameter.empty
                assert optional or parameter.default is parameter.empty, (name, parameter)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                assert several, name


def test_a_tensor_has_what_an_array_has() -> None:
    array = type(strict.zeros(1))
    public = {name for name in dir(array) if not name.startswith("_") or name.startswith("__")} - {"__imatmul__"}
    assert {name for name in public if not hasattr(tg.Tensor, name)} <= {"__buffer__"}


def test_namespace_and_versions() -> None:
    x = tg.ones(2)
    assert x.__array_namespace__() is x.__array_namespace__(api_version="2024.12") is array_api
    assert array_api.__array_api_version__ == "2024.12"
    assert type(array_api.meshgrid(x)) is type(array_api.broadcast_arrays(x)) is list  # tuples from 2025.12 on
    with pytest.raises(ValueError, match=r"one of the versions 2021\.12"):
        x.__array_namespace__(api_version="1999.12")
    with pytest.raises(AttributeError, match=r"tg\.gelu"):
        _ = array_api.gelu
    with pytest.raises(AttributeError, match="norm"):
        _ = array_api.linalg.norm


def test_info() -> None:
    info, theirs = array_api.__array_namespace_info__(), strict.__array_namespace_info__()
    assert info.default_device() == tg.device("cpu") and info.devices() == [tg.device("cpu")]
    for kind in (None, "bool", "integral", "real floating", "complex floating", "numeric", ("bool", "signed integer")):
        assert info.dtypes(kind=kind).keys() == theirs.dtypes(kind=kind).keys()
    assert all(getattr(array_api, name) is dtype for name, dtype in info.dtypes().items())
    assert {kind: str(dtype) for kind, dtype in info.default_dtypes().items()} == {
        kind: str(dtype).removeprefix("array_api_strict.") for kind, dtype in theirs.default_dtypes().items()
    }
    tg.set_default_dtype(tg.float32)
    assert info.default_dtypes()["real floating"] == array_api.zeros(1).dtype == tg.float32
    assert info.default_dtypes()["complex floating"] == array_api.asarray(1j).dtype == tg.complex64
    with pytest.raises(ValueError, match="kind"):
        info.dtypes(kind="number")
    np.zeros((1,) * info.capabilities()["max dimensions"])
    with pytest.raises(ValueError, match="maximum"):
        np.zeros((1,) * (info.capabilities()["max dimensions"] + 1))


def test_devices_and_copies() -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    xp = x.__array_namespace__()
    assert x.to_device(x.device) is x is xp.asarray(x) is xp.astype(x, x.dtype, copy=False)
    assert xp.zeros(2, device=x.device).device == x.device
    for wrong in (lambda: x.to_device("cuda"), lambda: xp.zeros(2, device="cuda"), lambda: xp.asarray(x, device="mps")):
        with pytest.raises(RuntimeError, match=r"CuPy|memory of the CPU"):
            wrong()
    with pytest.raises(ValueError, match="streams are not chosen here"):
        x.to_device("cpu", stream=1)
    with pytest.raises(ValueError, match="needs a copy"):
        xp.asarray(x, dtype=xp.float32, copy=False)
    with pytest.raises(ValueError, match="needs a copy"):
        xp.reshape(x.T, (4,), copy=False)
    copied = xp.asarray(x, copy=True)
    assert copied is not x and copied.requires_grad
    with pytest.raises(ValueError, match="needs an axis"):
        xp.cumulative_sum(x)


def test_gradients_flow() -> None:
    x = tg.tensor([3.0, 1.0, 2.0], dtype=tg.float64, requires_grad=True)
    xp = x.__array_namespace__()
    weights = xp.asarray([1.0, 10.0, 100.0], dtype=xp.float64)
    xp.sum(xp.sort(x, descending=True) * weights).backward()
    assert x.grad.tolist() == [1.0, 100.0, 10.0]
    x.grad = None
    xp.sum(xp.cumulative_sum(x, include_initial=True)).backward()
    assert x.grad.tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize(("x", "dtype", "low", "high", "bounds", "right"), [
    (200, "uint8", None, [100, 127], "int8", [100, 127]), (200, "uint8", [-1, 0], None, "int8", [200, 200]),
    ([3.5, -2.0], "float32", -1e300, 1e300, "float64", [3.5, -2.0]), ([5, -5], "int8", 0, 1000, "int64", [5, 0]),
])  # fmt: skip
def test_bounds_that_do_not_fit_the_dtype_of_what_they_bound(
    x: Any, dtype: str, low: Any, high: Any, bounds: str, right: Any
) -> None:
    low, high = (None if b is None else tg.tensor(b, dtype=np.dtype(bounds)) for b in (low, high))
    clipped = array_api.clip(tg.tensor(x, dtype=np.dtype(dtype)), low, high)
    assert (clipped.tolist(), clipped.dtype) == (right, np.dtype(dtype))
