"""``tg.save`` and ``tg.load``: what comes back, what is refused, and what is left after an interruption."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import re
import stat
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DataFileError, StateDictError
from tinygrad_bp.saving import npz, safetensors
from tinygrad_bp.saving.structure import DTYPES

FORMATS = [
    pytest.param(".npz", id="npz"),
    pytest.param(
        ".safetensors", id="safetensors", marks=pytest.mark.skipif(not safetensors.installed(), reason="not installed")
    ),
]


def back(value, ending=".npz"):
    data = {".npz": npz, ".safetensors": safetensors}[ending].pack(*tg.saving.structure.take_apart(value))
    return tg.load(io.BytesIO(data))


def same(one, two):
    """Whether two values are of the same kinds and equal, NaN to itself."""
    assert type(one) is type(two)
    if isinstance(one, tg.Tensor):
        assert one.requires_grad == two.requires_grad and one.is_leaf == two.is_leaf
        one, two = one.detach().numpy(), two.detach().numpy()
    if isinstance(one, (np.ndarray, np.generic)):
        assert one.shape == two.shape and one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key, value in one.items():
            same(value, two[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for a, b in zip(one, two):
            same(a, b)
    else:
        assert one == two or one != one


VALUES = {
    "plain": [1, -(2**70), 2.5, -0.0, float("inf"), "ä\n\0", "", None, True, 1 + 2j, b"\0\xff", bytearray(b"a")],
    "containers": {"a": [(), [], {}, ((1,),)], 3: {None: 1, (1, "x"): 2, 2.5: 3, True: 4}, "s": {1}, "f": frozenset()},
    "of PyTorch": {"shape": tg.Size([2, 3]), "device": tg.device("cpu:0"), "dtype": tg.float16},
    "ordered": OrderedDict([("b", 1), ("a", tg.float32)]),
    "arrays": [np.arange(3), np.float32(2.5), np.bool_(True), np.array(7), np.int8(-3)],
    "a tensor": tg.tensor([1.0, 2.0]),
    "a leaf": tg.ones(2, requires_grad=True),
    "parameters": [tg.nn.Parameter(tg.ones(2, 3)), tg.nn.Parameter(tg.ones(2), requires_grad=False)],
    "odd names": {"__metadata__": tg.ones(1), "a/b\\c": tg.ones(2), "a\0b": tg.ones(3), "x" * 999: tg.ones(4)},
    "names that collide": {"a.b": tg.ones(1), "a": {"b": tg.ones(2)}, "file": tg.ones(3), "a.b 1": tg.ones(4)},
    "not contiguous": [
        tg.arange(12.0).reshape(3, 4).T, tg.arange(12.0)[::2], tg.arange(3.0).flip(0), tg.ones(1).expand(4),
        np.arange(12).reshape(3, 4)[:, ::-2], np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_come_back_as_they_were(value, ending):
    same(back(value, ending), value)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (2, 3)], ids=str)
@pytest.mark.parametrize("dtype", sorted(DTYPES, key=str), ids=str)
def test_every_dtype_and_shape(dtype, shape, ending):
    array = np.arange(-1, np.prod(shape, dtype=int) - 1).reshape(shape).astype(dtype)
    found = back({"t": tg.tensor(array), "a": array, "swapped": array.astype(dtype.newbyteorder())}, ending)
    same(found, {"t": tg.tensor(array), "a": array, "swapped": array})
    found["a"][...] = 1  # memory of its own, which can be written
    found["t"].zero_()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_result_comes_back_as_a_leaf_that_requires_grad(ending):
    w = tg.ones(2, requires_grad=True)
    found = back(w * 3, ending)
    assert found.tolist() == [3, 3] and found.is_leaf and found.requires_grad and found.grad is None


@pytest.mark.parametrize("ending", FORMATS)
def test_shared_tensors_are_stored_once_and_stay_shared(ending):
    p = tg.nn.Parameter(tg.ones(100, 100))
    found = back({"encoder": p, "decoder": p, "value": p.detach(), "rows": p.detach()[:2]}, ending)
    assert found["encoder"] is found["decoder"]
    with tg.no_grad():
        found["encoder"].fill_(5)
    assert found["value"].sum().item() == 50000
    assert found["rows"].tolist() == [[1] * 100] * 2  # other elements are another array
    assert len(npz.pack(*tg.saving.structure.take_apart([p, p, p.detach()]))) < 1.1 * 40_000


@pytest.mark.parametrize("ending", FORMATS)
def test_training_goes_on_where_it_was_saved(ending, tmp_path):
    def parts():
        tg.manual_seed(0)
        model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.BatchNorm1d(4), tg.nn.Linear(4, 1))
        optimizer = tg.optim.AdamW(model.parameters(), lr=0.1)
        return model, optimizer, tg.optim.lr_scheduler.StepLR(optimizer, 2)

    def train(model, optimizer, schedule, steps):
        x = tg.arange(12.0).reshape(4, 3).sin()
        for _ in range(steps):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
            schedule.step()

    whole = parts()
    train(*whole, 8)
    first, second = parts(), parts()
    train(*first, 5)
    names = ("model", "optimizer", "schedule")
    path = tmp_path / f"checkpoint{ending}"
    tg.save({"epoch": 5, **{name: part.state_dict() for name, part in zip(names, first)}}, path)
    loaded = tg.load(path, map_location="cpu", weights_only=True)
    for name, part in zip(names, second):
        part.load_state_dict(loaded[name])
    train(*second, 8 - loaded["epoch"])
    same(second[0].state_dict(), whole[0].state_dict())


# ---------------------------------------------------------------------- which format


@pytest.mark.parametrize("name", ["ck.pt", "ck.pth", "ck", "ck.npz.bak", "a file"])
@pytest.mark.parametrize("present", [True, False])
def test_any_name_takes_the_format_that_is_there(name, present, tmp_path, monkeypatch):
    if present and not safetensors.installed():
        pytest.skip("not installed")
    monkeypatch.setattr(safetensors, "installed", lambda: present)
    tg.save({"w": tg.ones(2)}, tmp_path / name)
    assert safetensors.begins((tmp_path / name).read_bytes()) is present
    assert tg.load(str(tmp_path / name))["w"].tolist() == [1, 1]


def test_without_the_package_its_ending_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ModuleNotFoundError, match="pip install safetensors"):
        tg.save(tg.ones(2), tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (tmp_path / "w").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(ModuleNotFoundError, match="pip install safetensors"):
        tg.load(tmp_path / "w")


@pytest.mark.skipif(not safetensors.installed(), reason="not installed")
def test_safetensors_of_other_programs_are_dicts_of_tensors():
    header = (
        b'{"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"__metadata__":{"format":"pt"}}'
    )
    data = struct.pack("<Q", len(header)) + header + struct.pack("<f", 1.5) + bytes([0x80, 0x3F, 0x20, 0xC1])
    same(tg.load(io.BytesIO(data)), {"b": tg.tensor([1.0, -10.0]), "w": tg.tensor([1.5])})
    header = b'{"tiny":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}'
    with pytest.raises(DataFileError, match=r"^the file: 'tiny' is of F8_E4M3, which NumPy does not have$"):
        tg.load(io.BytesIO(struct.pack("<Q", len(header)) + header + b"8"))


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_npz_of_other_programs_are_dicts_of_tensors(write):
    file = io.BytesIO()
    write(file, w=np.ones((2, 3), order="F"), n=np.arange(3), swapped=np.array(2.0, ">f8"))
    file.seek(0)
    expected = {"w": tg.ones(2, 3).double(), "n": tg.arange(3), "swapped": tg.tensor(2.0, dtype=tg.float64)}
    same(tg.load(file), expected)


def test_numpy_reads_what_is_saved_as_npz(tmp_path):
    tg.save({"layer": {"weight": tg.ones(2, 3)}}, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        np.testing.assert_array_equal(file["layer.weight"], np.ones((2, 3)))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_model_writes_and_reads_its_state(ending, tmp_path):
    path = tmp_path / f"net{ending}"
    layers = [tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3)) for _ in range(2)]
    layers[0](tg.randn(8, 2))
    layers[0].save(path)
    layers[1].load(path)
    same(layers[1].state_dict(), layers[0].state_dict())
    same(dict(tg.load(path)), dict(layers[0].state_dict()))
    with pytest.raises(StateDictError, match="missing keys"):
        tg.nn.Linear(2, 3).load(path)
    assert tg.nn.Linear(2, 3).load(path, strict=False).missing_keys == ["weight", "bias"]


# ---------------------------------------------------------------------- what is refused


def test_pickles_are_refused_with_the_lines_that_convert_them(tmp_path):
    path = tmp_path / "ck.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ck/data.pkl", pickle.dumps({}))
        archive.writestr("ck/data/0", b"1234")
    whole = path.read_bytes()
    for data in (whole, pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2), pickle.dumps([1], 4)):
        path.write_bytes(data)
        with pytest.raises(DataFileError) as caught:
            tg.load(path)
        assert f"{path}: a pickle" in str(caught.value)
        assert f"torch.load({str(path)!r}, weights_only=True)" in str(caught.value)
        assert f"tg.load({str(path.with_suffix('.npz'))!r})" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty; .*f.seek"),
        (b"hello", "neither a safetensors nor an npz"),
        (b"\x93NUMPY\x01\x00", "np.save"),
        (b"PK\x03\x04" + bytes(100), "an npz file, found a damaged one"),
    ],
)
def test_other_files_are_refused_by_name(data, said, tmp_path):
    (tmp_path / "odd.pt").write_bytes(data)
    with pytest.raises(DataFileError, match=f"odd.pt.*{said}"):
        tg.load(tmp_path / "odd.pt")


Pair = namedtuple("Pair", "a b")
looped: list = []
looped.append(looped)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (tg.nn.Linear(1, 1), "the value is a Linear, .*state_dict"),
        ({"net": [tg.nn.Linear(1, 1)]}, r"the value at 'net\.0' is a Linear, .*state_dict"),
        (tg.optim.SGD([tg.ones(1, requires_grad=True)], lr=1), "is a SGD, .*state_dict"),
        (lambda: 0, "is a function; .*that it can be made from"),
        (Pair(1, 2), r"is a Pair; .*tuple\(value\)"),
        (defaultdict(list), r"is a defaultdict; .*give dict\(value\)"),
        (Path("a"), r"Path; .*give str\(value\)"),
        (tg.nn.Linear(1, 1).parameters(), r"is a generator; .*give list\(value\)"),
        (np.array([None]), "array of object"),
        (np.array(["a"]), "array of <U1"),
        (looped, "contains itself"),
        pytest.param(10**5000, "Exceeds the limit", id="a long number"),
        (type("Settings", (), {})(), r"is a Settings; .*vars\(value\)"),
    ],
)
def test_what_is_never_saved(value, said, tmp_path):
    (tmp_path / "old").write_text("kept")
    with pytest.raises(ArgumentError, match=said):
        tg.save(value, tmp_path / "old")
    assert (tmp_path / "old").read_text() == "kept"


def test_files_opened_for_text_and_what_is_no_file(tmp_path):
    with open(tmp_path / "x", "w") as file, pytest.raises(ArgumentError, match="'wb'"):
        tg.save(tg.ones(1), file)
    with open(tmp_path / "x") as file, pytest.raises(ArgumentError, match="'rb'"):
        tg.load(file)
    with pytest.raises(ArgumentError, match="got Tensor"):
        tg.save("x.pt", tg.ones(1))
    with pytest.raises(ArgumentError, match="got int"):
        tg.load(3)
    missing = tmp_path / "no" / "folder"
    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(missing))}'$"):  # as the user calls it
        tg.save(tg.ones(1), missing)


def test_where_it_is_put():
    file = io.BytesIO()
    tg.save(tg.ones(2), file)
    for place in ("cpu", tg.device("cpu"), None, {"cuda:0": "cpu"}, lambda storage, location: storage):
        file.seek(0)
        assert tg.load(file, map_location=place).tolist() == [1, 1]
    for place, kind in (
        ("cuda", RuntimeError),
        (tg.device("cuda:1"), RuntimeError),
        ("foo", RuntimeError),
        (3, TypeError),
    ):
        with pytest.raises(kind):
            tg.load(file, map_location=place)


def packed(ending):
    format = {".npz": npz, ".safetensors": safetensors}[ending]
    return format.pack(
        *tg.saving.structure.take_apart({"w": tg.ones(2, 3), "z": tg.ones(1, dtype=tg.complex64), "n": (1, 2)})
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_cut_short_anywhere_is_refused(ending):
    whole = packed(ending)
    for size in range(len(whole)):
        with pytest.raises(DataFileError):
            tg.load(io.BytesIO(whole[:size]))


@pytest.mark.parametrize("ending", FORMATS)
def test_damaged_bytes_are_refused_or_give_values_of_the_same_kinds(ending):
    whole, draw, refused = packed(ending), np.random.default_rng(0), 0
    for _ in range(2000):
        damaged = bytearray(whole)
        for place in draw.integers(0, len(whole), draw.integers(1, 4)):
            damaged[place] = draw.integers(0, 256)
        try:
            tg.load(io.BytesIO(bytes(damaged)))
        except DataFileError:
            refused += 1
    assert refused > 1000


def member(header):
    text = repr(header).encode().ljust(118)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "header",
    [
        {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)},
        {"descr": "<f4", "fortran_order": False, "shape": (-1,)},
        {"descr": "|O", "fortran_order": False, "shape": (1,)},
        {"descr": "|V0", "fortran_order": False, "shape": (1 << 60,)},
        {"descr": "<f4", "fortran_order": False, "shape": (0, 1 << 62, 1 << 62)},
        {"descr": "<f4", "shape": (1,)},
        "__import__('os').system('false')",
    ],
    ids=str,
)
def test_hostile_headers_are_refused_before_memory_is_asked_for(header):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("w.npy", member(header) + bytes(4))
    with pytest.raises(DataFileError, match=r"'w\.npy' in it"):
        tg.load(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize(
    "text",
    [
        '{"tensor": ["w", true]}',
        '{"dict": [[[1], 2]]}',
        '{"set": [[1]]}',
        '{"os": 1}',
        '{"device": "nowhere"}',
        "{}",
        '{"dtype": "O"}',
        '{"bytes": 3}',
        '{"complex": ["a", 1]}',
        '{"Size": ["a"]}',
        "[" * 100_000,
        "x",
    ],
)
def test_a_hostile_text_is_refused(text):
    with pytest.raises(DataFileError, match="how its arrays belong together"):
        tg.load(io.BytesIO(npz.pack({}, text)))


# ---------------------------------------------------------------------- the file itself


def test_a_folder_that_cannot_be_opened_keeps_what_was_saved(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)  # written to, and not listed
    tg.save({"epoch": 1}, tmp_path / "ck.npz")
    monkeypatch.undo()
    assert tg.load(tmp_path / "ck.npz") == {"epoch": 1}


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_old_file_whole(where, tmp_path, monkeypatch):
    path = tmp_path / "ck.pt"
    tg.save({"epoch": 1}, path)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            tg.save({"epoch": 2}, path)
    assert tg.load(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def killed(times, path, *how):
    """How many of so many killed saves left a file that is not whole, and how many were in the middle of a write."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.killed", "saves", str(times), str(path), *how],
        capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent.parent,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.parametrize("ending", FORMATS)
def test_a_kill_in_the_middle_of_a_save_leaves_a_whole_file(ending, tmp_path):
    for _ in range(5):  # beside other work the kills may all come before a write or after it
        broken, cut = killed(60, tmp_path / f"ck{ending}")
        assert broken == 0
        if cut:
            return
    pytest.fail("no kill came in the middle of a write")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_the_count_of_broken_files_can_rise(tmp_path):
    broken, _ = killed(60, tmp_path / "ck.npz", "straight")
    assert broken > 0


LIMITED = """
import resource, sys
import tinygrad_bp as tg

tg.save({"epoch": 1}, sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    tg.save({"epoch": 2, "w": tg.ones(100_000)}, sys.argv[1])
except OSError as error:
    print(type(error).__name__, error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("ending", FORMATS)
def test_a_disk_without_room_leaves_the_old_file_whole(ending, tmp_path):
    """A limit on the size of files stands for the full disk: the write ends in the middle."""
    path = tmp_path / f"ck{ending}"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("OSError") and not done.returncode, done.stderr
    assert tg.load(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
@pytest.mark.parametrize("ending", FORMATS)
def test_a_folder_that_is_not_there_is_said_by_the_name_given(ending, tmp_path):
    path = tmp_path / "none" / f"x{ending}"
    with pytest.raises(FileNotFoundError) as raised:
        tg.save({"a": 1}, path)
    assert raised.value.filename == str(path.resolve())


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "ck.pt", tmp_path / "link.pt"
    before = os.umask(0o027)
    try:
        tg.save(1, path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    link.symlink_to(path)
    tg.save(2, link)
    assert link.is_symlink() and tg.load(path) == 2 and stat.S_IMODE(path.stat().st_mode) == 0o604
    assert sorted(tmp_path.iterdir()) == [path, link]


# ---------------------------------------------------------------------- pickles between processes


def applied(model):
    return model, model(tg.ones(1, 2)).detach()


def test_models_and_tensors_go_to_other_processes_and_into_no_other_pickle():
    model = tg.nn.Linear(2, 3)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        ((again, result),) = pool.map(applied, [model])
    same(again.state_dict(), model.state_dict())
    same(result, model(tg.ones(1, 2)).detach())
    assert again.weight.requires_grad and type(again.weight) is tg.nn.Parameter and again.weight.name == "weight"
    for value in (model, model.weight, tg.ones(2)):
        with pytest.raises(ArgumentError, match=r"never pickled.*tg\.save"):
            pickle.dumps(value)
    with pytest.raises(ArgumentError, match="detach"):
        multiprocessing.reduction.ForkingPickler.dumps(model(tg.ones(1, 2)))
