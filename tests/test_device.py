"""Devices: the CPU everywhere, and every other one refused in PyTorch's words before anything changes."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.device import ABSENT, KINDS
from tinygrad_bp.autograd.errors import ArgumentError, DeviceError

SPACES = {"tg": tg, "tg.fft": tg.fft, "tg.Tensor": tg.Tensor, "tg.linalg": tg.linalg, "tg.special": tg.special}


def creating() -> dict[str, Callable[..., Any]]:
    """Every public function that takes a device, or whether what it makes requires grad: then it needs a device."""
    found = {}
    for place, space in SPACES.items():
        for name in dir(space):
            function = getattr(space, name)
            if name.startswith("_") or isinstance(function, type) or not callable(function):
                continue
            try:
                names = inspect.signature(function).parameters
            except ValueError:
                continue
            if "device" in names or ("requires_grad" in names and name != "requires_grad_"):
                found[f"{place}.{name}"] = function
    return found


# What a call needs beside the device.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "tensor": ([1.0],), "as_tensor": ([1.0],), "asarray": ([1.0],), "full": ((2,), 1.0), "arange": (3,),
    "range": (0, 3), "linspace": (0.0, 1.0, 3), "logspace": (0.0, 1.0, 3), "eye": (2,), "randint": (0, 3, (2,)),
    "randperm": (3,), "normal": (0.0, 1.0, (2,)), "new_full": ((2,), 1.0), "new_tensor": ([1.0],),
    "randint_like": (3,), "full_like": (1.0,), "to": (), "cuda": (), "scalar_tensor": (1.0,), "tril_indices": (2, 2),
    "triu_indices": (2, 2), "fftfreq": (4,), "rfftfreq": (4,), "empty_strided": ((2,), (1,)),
    "new_empty_strided": ((2,), (1,)), "empty_permuted": ((2,), (0,)), "frombuffer": (bytearray(8),),
    "kaiser_window": (4,), "bartlett_window": (4,), "blackman_window": (4,), "hamming_window": (4,),
    "hann_window": (4,), "from_dlpack": (np.ones(2),), "to_device": (), "Tensor": (2,),
    "Generator": (), "set_default_device": (),
}  # fmt: skip
# A buffer lies where it is, as in PyTorch; the others make no tensor of nothing.
OTHERS = ("tg.frombuffer", "tg.set_default_device", "tg.Tensor.cuda", "tg.Tensor.to_device")


def call(path: str, device: Any) -> Any:
    place, _, name = path.rpartition(".")
    given: tuple[Any, ...] = ARGUMENTS.get(name, (2,))
    if name.endswith("_like"):
        given = (tg.ones(2), *ARGUMENTS.get(name, ()))
    if place == "tg.Tensor":
        given = (tg.ones(2), *given)
    return creating()[path](*given, device=device)


CREATING = sorted(set(creating()) - set(OTHERS))


def test_there_are_many() -> None:
    known = "zeros ones empty full tensor as_tensor arange linspace logspace eye rand randn randint randperm normal"
    assert {f"tg.{name}" for name in known.split()} <= set(CREATING) and len(CREATING) >= 30


@pytest.mark.parametrize("path", CREATING)
@pytest.mark.parametrize("device", ["cpu", "cpu:0", tg.device("cpu"), None], ids=str)
def test_a_function_that_creates_takes_the_cpu(path: str, device: Any) -> None:
    assert call(path, device).device == tg.device("cpu")


@pytest.mark.parametrize("path", CREATING)
def test_and_refuses_others_before_a_number_is_drawn(path: str) -> None:
    before = tg.get_rng_state().tolist()
    for device in ("cuda", "cuda:1", tg.device("cuda"), 0):
        with pytest.raises(DeviceError, match=r"^Torch not compiled with CUDA enabled"):
            call(path, device)
    with pytest.raises(DeviceError, match=r"^PyTorch is not linked with support for mps devices"):
        call(path, "mps")
    with pytest.raises(RuntimeError, match=r"^Expected one of cpu, cuda"):
        call(path, "gpu")
    assert tg.get_rng_state().tolist() == before


@pytest.mark.parametrize(
    ("made", "shown", "text", "kind", "index"),
    [
        (tg.device("cpu"), "device(type='cpu')", "cpu", "cpu", None),
        (tg.device("cpu:1"), "device(type='cpu', index=1)", "cpu:1", "cpu", 1),
        (tg.device("cuda", 2), "device(type='cuda', index=2)", "cuda:2", "cuda", 2),
        (tg.device(type="mps"), "device(type='mps')", "mps", "mps", None),
        (tg.device(0), "device(type='cuda', index=0)", "cuda:0", "cuda", 0),
        (tg.device(tg.device("cpu")), "device(type='cpu')", "cpu", "cpu", None),
    ],
)
def test_a_device_is_shown_as_in_pytorch(made: Any, shown: str, text: str, kind: str, index: int | None) -> None:
    assert (repr(made), str(made), f"{made}", made.type, made.index) == (shown, text, text, kind, index)
    for twin in (tg.device(text), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert twin == made and hash(twin) == hash(made)
    assert made != text and made != tg.device("xla")
    with pytest.raises(AttributeError):
        made.type = "cuda"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_named_and_only_the_cpu_be_used(kind: str) -> None:
    device = tg.device(kind, 0)
    if kind == "cpu":
        assert tg.zeros(1, device=device).is_cpu
        return
    with pytest.raises(DeviceError, match=ABSENT.get(kind, f"There is no device '{kind}'")):
        tg.zeros(1, device=device)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("cuda:x",), DeviceError), (("cpu:",), DeviceError), (("cpu:0", 1), DeviceError), (("gpu",), DeviceError),
     ((None,), ArgumentError), ((1.0,), ArgumentError), ((True,), ArgumentError), (("cpu", "0"), ArgumentError)],
)  # fmt: skip
def test_what_is_no_device(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        tg.device(*arguments)


def test_the_device_of_a_block_and_the_default() -> None:
    assert tg.get_default_device() == tg.device("cpu")
    with tg.device("cuda"):
        assert tg.get_default_device() == tg.device("cuda")
        with pytest.raises(DeviceError):
            tg.ones(2)
        with tg.device("cpu"):
            assert tg.ones(2).is_cpu
        with pytest.raises(DeviceError):
            tg.rand(2)
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(tg.get_default_device()))
        thread.start()
        thread.join()
        assert seen == [tg.device("cpu")]
        assert tg.ones(2, device="cpu").is_cpu
    assert tg.ones(2).is_cpu
    tg.set_default_device("cpu:0")
    assert tg.get_default_device().index == 0
    tg.set_default_device(None)
    assert tg.get_default_device().index is None
    with pytest.raises(AssertionError, match="CUDA"):
        tg.set_default_device("cuda")


def test_of_a_tensor() -> None:
    t = tg.ones(2)
    assert t.device == tg.device("cpu") and t.get_device() == -1
    assert (t.is_cpu, t.is_cuda, t.is_meta, t.is_mps, t.is_xpu) == (True, False, False, False, False)
    assert t.cpu() is t and t.cpu(memory_format=None) is t
    for move in (lambda: t.cuda(), lambda: t.cuda(0, non_blocking=True), lambda: t.to("cuda"), lambda: t.to(0)):
        with pytest.raises(DeviceError, match=r"^Torch not compiled with CUDA enabled"):
            move()


@pytest.mark.parametrize(
    ("arguments", "keywords", "dtype", "same"),
    [
        (("cpu",), {}, "float32", True),
        ((tg.device("cpu"),), {"non_blocking": True}, "float32", True),
        (("cpu", tg.float64), {}, "float64", False),
        (("cpu", tg.float64, True, True), {}, "float64", False),
        ((tg.float32, False, True), {}, "float32", False),
        ((tg.float16,), {"copy": True}, "float16", False),
        ((), {"device": "cpu", "dtype": tg.int64}, "int64", False),
        ((), {"dtype": tg.complex64, "memory_format": None}, "complex64", False),
        ((tg.ones(1, dtype=tg.int8),), {}, "int8", False),
        ((), {"other": tg.ones(1, dtype=tg.float64)}, "float64", False),
        ((tg.float32,), {"copy": True}, "float32", False),
        (("float64",), {}, "float64", False),
        ((), {}, "float32", True),
    ],
)
def test_to(arguments: tuple[Any, ...], keywords: dict[str, Any], dtype: str, same: bool) -> None:
    t = tg.tensor([1.0, 2.0], requires_grad=True)
    moved = t.to(*arguments, **keywords)
    assert moved.dtype == dtype and (moved is t) is same
    assert moved.requires_grad is (moved.dtype.kind in "fc")


def test_what_scripts_ask_of_other_devices() -> None:
    assert not any(place.is_available() for place in (tg.cuda, tg.mps, tg.xpu, tg.accelerator, tg.backends.mps))
    assert [place.device_count() for place in (tg.cuda, tg.mps, tg.xpu, tg.accelerator)] == [0] * 4
    assert tg.accelerator.current_accelerator() is None
    kind = tg.accelerator.current_accelerator().type if tg.accelerator.is_available() else "cpu"
    assert tg.device(kind) == tg.device("cpu")


def needs_a_device(function: Callable[..., Any]) -> bool:
    return "aises ``DeviceError``" in (inspect.getdoc(function) or "")


QUESTIONS = [
    (place, name)
    for place in (tg.cuda, tg.mps, tg.xpu, tg.accelerator)
    for name in place.__all__
    if not needs_a_device(getattr(place, name))
]


@pytest.mark.parametrize(("place", "name"), QUESTIONS, ids=lambda x: getattr(x, "__name__", x))
def test_what_needs_no_device_is_answered(place: Any, name: str) -> None:
    needed = {"manual_seed": (0,), "manual_seed_all": (0,), "set_rng_state_all": ([],)}.get(name, ())
    assert getattr(place, name)(*needed) in (None, False, 0, [])


@pytest.mark.parametrize("place", [tg.cuda, tg.mps, tg.xpu, tg.accelerator], ids=lambda place: place.__name__)
def test_what_needs_one_is_refused(place: Any) -> None:
    said = ABSENT[place.__name__.rpartition(".")[2]]
    names = [name for name in place.__all__ if (place, name) not in QUESTIONS]
    assert names
    for name in names:
        needed = [p for p in inspect.signature(getattr(place, name)).parameters.values() if p.default is p.empty]
        with pytest.raises(DeviceError, match=said):
            getattr(place, name)(*[0] * len(needed))


def test_the_switches_of_other_libraries_can_be_set() -> None:
    cudnn = tg.backends.cudnn
    with cudnn.flags(deterministic=True, benchmark=True):
        assert cudnn.deterministic and cudnn.benchmark
    assert (cudnn.deterministic, cudnn.benchmark, cudnn.enabled, cudnn.version()) == (False, False, True, None)
    tg.backends.cudnn.deterministic = True
    assert cudnn.deterministic
    cudnn.deterministic = False
    tg.backends.cuda.matmul.allow_tf32 = True
    assert tg.backends.cuda.matmul.allow_tf32
    tg.backends.cuda.matmul.allow_tf32 = False
    tg.backends.cuda.enable_flash_sdp(True)
    libraries = (cudnn, tg.backends.mkl, tg.backends.mkldnn, tg.backends.mps, tg.backends.openmp)
    assert not any(library.is_available() for library in libraries)


def test_import_statements_find_them() -> None:
    import tinygrad_bp.backends.cudnn as cudnn
    import tinygrad_bp.cuda as cuda

    assert cudnn is tg.backends.cudnn and cuda is tg.cuda
