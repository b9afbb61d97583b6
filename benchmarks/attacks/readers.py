"""Every reader of files, the files that it reads rightly, and what their changed bytes mean by the format alone.

A ``Reader`` is given the bytes of a file. Where the package reads them, another reader reads them too: what the
format's own document says in a few lines here, or ``np.load``. Both have to find the same.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import math
import re
import shutil
import struct
import tarfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, DataFileError, StateDictError
from tinygrad_bp.check.source import Unreadable
from tinygrad_bp.check.source import read as read_source
from tinygrad_bp.data.cifar10 import FILES, FOLDER, unpack
from tinygrad_bp.data.idx import read_idx
from tinygrad_bp.saving import npz, safetensors
from tinygrad_bp.saving.structure import take_apart

from . import mutations
from .mutations import several

RATIO = 1032  # deflate makes at most so many bytes out of one


@dataclass
class Reader:
    """What is attacked: good files, how they are changed, and a function that reads one in a folder of its own.

    ``read`` returns where it has found the right thing, raises one of ``refusals``, or anything else: a fault.
    ``memory`` is how many bytes may be allocated for a byte of the file, besides ``spare``.
    """

    name: str
    good: list[bytes]
    change: Callable[[Random, list[bytes]], bytes]
    read: Callable[[bytes, Path], None]
    refusals: tuple[type[Exception], ...] = (DataFileError,)
    memory: int = 16
    spare: int = 1 << 20
    share: float = 1  # of the inputs
    said: tuple[str, ...] = ()  # warnings that are the reader's own


class Wrong(AssertionError):
    """A file was read, and what was found is not what it says."""


def same(found: Any, right: Any) -> None:
    """The same shape, dtype and bits."""
    found, right = np.asarray(found), np.asarray(right)
    if found.shape != right.shape or found.dtype != right.dtype or found.tobytes() != right.tobytes():
        raise Wrong(f"found {found.dtype} {found.shape}, right is {right.dtype} {right.shape}")


def either(*ways: Callable[[Random, bytes], bytes]) -> Callable[[Random, list[bytes]], bytes]:
    """One of several ways to change one of the good files."""

    def change(rng: Random, good: list[bytes]) -> bytes:
        way = rng.choice(ways)
        if way is mutations.overlapping and rng.random() < 0.8:  # it makes large ones
            way = several
        data = rng.choice(good)
        return way(rng, data, good) if way is several else way(rng, data)  # type: ignore[call-arg]

    return change


# ---------------------------------------------------------------------- IDX

IMAGES = (np.arange(3 * 784) % 251).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([3, 0, 9], np.uint8)


def idx(array: Any) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def _idx_says(data: bytes, ndim: int) -> Any:
    if data[:4] != bytes([0, 0, 8, ndim]):
        raise Wrong("read without its magic number")
    shape = struct.unpack_from(f">{ndim}I", data, 4)
    if len(data) != 4 + 4 * ndim + math.prod(shape):
        raise Wrong("read with another length than its header says")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def _idx(data: bytes, folder: Path) -> None:
    for name, ndim in (("a", 3), ("b", 1)):
        path = folder / name
        path.write_bytes(data)
        if data[3:4] == bytes([ndim]):
            same(read_idx(path, ndim), _idx_says(data, ndim))
            return
    read_idx(path, 3)
    raise Wrong("read without its magic number")


def _idx_gz(data: bytes, folder: Path) -> None:
    path = folder / "a.gz"
    path.write_bytes(data)
    found = read_idx(path, 3)
    same(found, _idx_says(gzip.decompress(data), 3))


def _mnist(data: bytes, folder: Path) -> None:
    """The images and the labels, one after the other: both files are attacked."""
    cut = int.from_bytes(data[:4], "little")
    (folder / "train-images-idx3-ubyte").write_bytes(data[4 : 4 + cut])
    (folder / "train-labels-idx1-ubyte").write_bytes(data[4 + cut :])
    images, labels = tg.data.mnist(folder)
    same(images, _idx_says(data[4 : 4 + cut], 3))
    same(labels, _idx_says(data[4 + cut :], 1))
    if images.shape[1:] != (28, 28) or len(images) != len(labels) or (labels > 9).any():
        raise Wrong("not images with their labels")


# ---------------------------------------------------------------------- CIFAR-10

RECORDS = (np.arange(2 * 3073) % 253).astype(np.uint8).reshape(2, 3073)
RECORDS[:, 0] = [9, 4]


def _cifar(data: bytes, folder: Path) -> None:
    for file in FILES:
        if not (folder / file).exists():
            (folder / file).write_bytes(RECORDS.tobytes())
    (folder / "data_batch_3.bin").write_bytes(data)
    images, labels = tg.data.cifar10(folder)
    right = np.frombuffer(RECORDS.tobytes() * 2 + data + RECORDS.tobytes() * 2, np.uint8).reshape(-1, 3073)
    same(labels, right[:, 0])
    same(images, right[:, 1:].reshape(-1, 3, 32, 32))
    if (labels > 9).any():
        raise Wrong("a label over 9")


def _archive() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for file in FILES:
            member = tarfile.TarInfo(f"{FOLDER}/{file}")
            member.size = RECORDS.nbytes
            tar.addfile(member, io.BytesIO(RECORDS.tobytes()))
    return whole.getvalue()


def _unpack(data: bytes, folder: Path) -> None:
    whole, place = folder / "cifar.tar.gz", folder / "above" / FOLDER
    shutil.rmtree(folder / "above", ignore_errors=True)
    whole.write_bytes(data)
    outside = sorted(folder.iterdir())
    try:
        unpack(whole, place)
    finally:
        (folder / "above").mkdir(exist_ok=True)
        written = {path.name for path in place.rglob("*")} if place.exists() else set()
        beside = {path for path in folder.iterdir() if path not in outside and path.name != "above"}
        if (
            beside
            or any(name not in FILES and name != ".lock" and not name.endswith(".part") for name in written)
            or any(path.name != FOLDER for path in (folder / "above").iterdir())
        ):
            raise Wrong(f"wrote elsewhere: {written} {beside}")
    if any((place / file).stat().st_size % 3073 for file in FILES):
        raise Wrong("a file of no whole records")


# ---------------------------------------------------------------------- npz

X, Y = np.arange(3 * 64).astype(np.int8).reshape(3, 64), np.array([3, 0, 1], np.uint8)


def npz_of(packed: bool, **arrays: Any) -> bytes:
    whole = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(whole, **arrays)
    return whole.getvalue()


def _numpys(data: bytes) -> dict[str, Any]:
    """What NumPy finds, without a pickle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return {name.removesuffix(".npy"): found[name] for name in found.zip.namelist() if name.endswith(".npy")}


def _emg(data: bytes, folder: Path) -> None:
    (folder / "emg_gestures.npz").write_bytes(data)
    x, y = tg.data.emg(folder)
    right = _numpys(data)
    same(x, right["x"])
    same(y, right["y"])
    if x.shape != (len(x), 64) or (y > 3).any():
        raise Wrong("another table")


VALUE = {
    "model": tg.nn.Linear(2, 3).state_dict(),
    "epoch": 3,
    "lr": 1e-3,
    "names": ("a", "b"),
    "kinds": {1, 2},
    "size": tg.Size([2, 3]),
    "c": tg.tensor([1 + 2j]),
    "raw": b"\x00\xff",
    "of": tg.float16,
    "on": tg.device("cpu"),
    "n": np.float64(2),
    "z": 1 - 2j,
    "array": np.arange(3),
    "none": None,
    "flag": True,
    "more": [{"w": tg.nn.Parameter(tg.ones(2))}],
    "t": tg.ones(2, 3).T,
}
FOREIGN = {
    "w": np.arange(6.0).reshape(2, 3),
    "of": np.asfortranarray(np.ones((2, 3), "f4")),
    "b": np.array(True),
    "c": np.ones(2, complex),
    "big": np.arange(3, dtype=">i4"),
    "zeros": np.zeros((50, 50)),
    "none": np.zeros((0, 3)),
}


def _ordered(said: Any) -> str:
    """The text of a value, the items of its sets in one order: theirs is another one in every process."""
    if isinstance(said, list):
        return f"[{','.join(map(_ordered, said))}]"
    if not isinstance(said, dict):
        return json.dumps(said)
    ((kind, given),) = said.items()
    if kind in ("set", "frozenset"):
        return f"{kind}:{sorted(map(_ordered, given))}"
    return f"{kind}:{_ordered(given)}"


def again(value: Any) -> None:
    """What was read is saved, read again, and says the same."""
    arrays, text = take_apart(value)
    once = npz.pack(arrays, text)
    arrays, text2 = take_apart(tg.load(io.BytesIO(once)))
    if _ordered(json.loads(text2)) != _ordered(json.loads(text)):
        raise Wrong(f"saved again it is another value: {text2:.80} of {text:.80}")


def _load_npz(data: bytes, folder: Path) -> None:
    value = tg.load(io.BytesIO(data))
    if not npz.begins(data):
        again(value)
        return
    right = _numpys(data)
    found, text = npz.unpack(data, "")
    if set(found) != set(right):
        raise Wrong(f"other names: {set(found) ^ set(right)}")
    for name, array in found.items():
        same(array, right[name].astype(right[name].dtype.newbyteorder("=")))
    if text is None:
        for name, array in right.items():
            same(value[name].numpy(), array.astype(array.dtype.newbyteorder("=")))
    again(value)


def _text_in_npz(data: bytes, folder: Path) -> None:
    """The text alone is attacked: the arrays and the zip are right."""
    arrays, _ = take_apart(VALUE)
    value = tg.load(io.BytesIO(npz.pack(arrays, data.decode("utf-8", "replace"))))
    again(value)


# ---------------------------------------------------------------------- safetensors


def _foreign_safetensors() -> bytes:
    kinds = ["F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "C64"]
    header, data = {}, b""
    for kind in kinds:
        size = 2 * {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U8": 1, "BOOL": 1, "C64": 8}[kind]
        header[f"layer.{kind}"] = {"dtype": kind, "shape": [2, 1], "data_offsets": [len(data), len(data) + size]}
        data += bytes(i % 2 for i in range(size))
    header["__metadata__"] = {"format": "pt", "tied": "layer.F32"}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _safetensors(data: bytes, folder: Path) -> None:
    value = tg.load(io.BytesIO(data))
    if not safetensors.begins(data):
        again(value)
        return
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", None) or {}
    found, _ = safetensors.unpack(data, "")
    complexes = json.loads(metadata.get(safetensors.COMPLEX, "[]"))
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        raw = data[8 + size + start : 8 + size + end]
        array = found[name]
        if entry["dtype"] == "BF16":
            same(array, (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4").reshape(entry["shape"]))
        elif array.tobytes() != raw or (list(array.shape) != entry["shape"] and name not in complexes):
            raise Wrong(f"{name}: other bytes or another shape")
    again(value)


# ---------------------------------------------------------------------- CSV

ROWS = b"1.5,2,-3,4e0,0\n0,0,0,0,1\n-1.25e-3,1e308,+7,.5,1\r\n\n 1 , 2,3,4,0"


def _csv(data: bytes, folder: Path) -> None:
    path = folder / "banknote.csv"
    path.write_bytes(data)
    x, y = tg.data.banknote(path)
    rows = [
        line.split(",")
        for line in data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if line.strip()
    ]
    for row in rows:
        for cell in row:
            if not re.fullmatch(r"[ \t\v\f]*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?[ \t\v\f\x1c-\x1f]*", cell, re.ASCII):
                raise Wrong(f"{cell!r} is no number")
    right = np.array([[float(cell) for cell in row] for row in rows])
    same(x, right[:, :4])
    same(y, right[:, 4].astype(np.int64))
    if ((y != 0) & (y != 1)).any() or not np.isfinite(x).all():
        raise Wrong("another table")


# ---------------------------------------------------------------------- snapshots


def _parts() -> dict[str, Any]:
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.BatchNorm1d(2))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.1)
    loss = (model(tg.ones(3, 2)) ** 2).sum()
    loss.backward()
    optimizer.step()
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2)
    loader = tg.data.DataLoader(tg.data.TensorDataset(tg.ones(4, 2)), batch_size=2, shuffle=True)
    return {"model": model, "optimizer": optimizer, "schedule": schedule, "batches": loader, "own": tg.Generator()}


def _states(parts: dict[str, Any]) -> str:
    from tinygrad_bp.data.passes import state_of

    arrays, text = take_apart({name: state_of(part) for name, part in parts.items()})
    return text + "".join(array.tobytes().hex() for array in arrays.values())


def _snapshot() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        keeper = tg.train.Checkpoint(place)
        path = keeper.save(**_parts(), step=3)
        keeper.close()
        assert path is not None
        return path.read_bytes()


PARTS: dict[str, Any] = {}


def _resume(data: bytes, folder: Path) -> None:
    """One snapshot, damaged: named, or put back; parts that refuse it are as they were."""
    if not PARTS:
        PARTS.update(_parts())
    (folder / "snapshot-000002.npz").write_bytes(data)
    before, stream = _states(PARTS), tg.get_rng_state().tolist()
    keeper = tg.train.Checkpoint(folder)
    try:
        keeper.resume(**PARTS)
        tg.ones(2) * tg.rand(2)  # the streams go on
        list(PARTS["batches"])
        sum((p * p).sum() for p in PARTS["model"].parameters()).backward()
        PARTS["optimizer"].step()
    except AutogradError:
        if _states(PARTS) != before:
            PARTS.clear()
            raise Wrong("it was refused, and parts have changed") from None
        if tg.get_rng_state().tolist() != stream:
            raise Wrong("it was refused, and the stream has changed") from None
        raise
    finally:
        keeper.close()
        PARTS.clear()


def _before(data: bytes, folder: Path) -> None:
    """A damaged file after a good one: the good one is used, and the damaged one named."""
    if not (folder / "snapshot-000001.npz").exists():
        (folder / "snapshot-000001.npz").write_bytes(SNAPSHOT)
    (folder / "snapshot-000002.npz").write_bytes(data)
    keeper = tg.train.Checkpoint(folder)
    try:
        found = keeper._read()
    finally:
        keeper.close()
    if found is None or not isinstance(found["snapshot"], dict):
        raise Wrong("no snapshot was found, and one is whole")


# ---------------------------------------------------------------------- homework

PROGRAM = b'''# -*- coding: utf-8 -*-
"""Text with \\\\ signs."""
import numpy as np

W = np.ones((2, 3))

def forward(x, *, scale=1.0):
    """Doc."""
    return np.tanh(x @ W) * scale if scale else f"{x!r:>{10}}"

class Layer:
    def backward(self, g):
        return g @ W.T
'''
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title"]},
            {
                "cell_type": "code",
                "source": ["%matplotlib inline\n", "import numpy as np\n", "W = np.ones(3)"],
                "outputs": [],
            },
            {"cell_type": "code", "source": "def f(x):\n    return x * W", "metadata": {}},
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
).encode()


def _program(data: bytes, folder: Path) -> None:
    path = folder / "homework.py"
    path.write_bytes(data)
    source = read_source(path)
    ast.unparse(source.tree) if len(data) < 2000 else None


def _notebook(data: bytes, folder: Path) -> None:
    path = folder / "homework.ipynb"
    path.write_bytes(data)
    if not read_source(path).tree.body:
        raise Wrong("a notebook without code was read")


# ---------------------------------------------------------------------- all of them

OWN_NPZ = npz.pack(*take_apart(VALUE))
FOREIGN_NPZ = [npz_of(False, **FOREIGN), npz_of(True, **FOREIGN)]
OWN_SAFETENSORS = safetensors.pack(*take_apart(VALUE)) if safetensors.installed() else b""
SNAPSHOT = _snapshot()
PAIR = len(idx(IMAGES)).to_bytes(4, "little") + idx(IMAGES) + idx(LABELS)
OTHERS = [
    OWN_NPZ,
    *FOREIGN_NPZ,
    OWN_SAFETENSORS,
    b"\x93NUMPY\x01\x00",
    b"\x80\x02}q\x00.",
    b"\x80\x05",
    idx(LABELS),
    ROWS,
]

READERS = [
    Reader("IDX", [idx(IMAGES[:1, :3, :3]), idx(LABELS), idx(IMAGES)], either(several), _idx, share=50),
    Reader(
        "IDX, gzip",
        [gzip.compress(idx(IMAGES), mtime=0)],
        either(several, mutations.gzipped),
        _idx_gz,
        memory=4 * RATIO,
        share=12,
    ),
    Reader("MNIST's folder", [PAIR], either(several), _mnist, share=8),
    Reader("CIFAR-10, binary", [RECORDS.tobytes(), RECORDS[:1].tobytes()], either(several), _cifar, share=6),
    Reader("CIFAR-10, archive", [_archive()], either(several, mutations.tarred), _unpack, memory=4 * RATIO, share=0.5),
    Reader(
        "EMG, npz",
        [npz_of(True, x=X, y=Y), npz_of(False, x=np.asfortranarray(X), y=Y)],
        either(several, mutations.zipped, mutations.zipped, mutations.overlapping),
        _emg,
        memory=4 * RATIO,
        share=6,
    ),
    Reader(
        "banknote, CSV",
        [ROWS, ROWS * 20],
        either(several, lambda rng, data: several(rng, data, one=mutations.worded)),
        _csv,
        memory=64,
        share=24,
    ),
    Reader(
        "`tg.load`, npz",
        [OWN_NPZ, *FOREIGN_NPZ],
        either(several, mutations.zipped, mutations.zipped, mutations.overlapping),
        _load_npz,
        memory=4 * RATIO,
        share=3,
    ),
    Reader(
        "`tg.load`, its text",
        [take_apart(VALUE)[1].encode()],
        either(mutations.worded_json),
        _text_in_npz,
        memory=200,
        share=5,
    ),
    Reader("`tg.load`, any bytes", OTHERS, either(several), _load_npz, memory=4 * RATIO, share=20),
    Reader(
        "a snapshot",
        [SNAPSHOT],
        either(several, mutations.zipped, *[mutations.with_another_text] * 4),
        _resume,
        (DataFileError, ArgumentError, StateDictError),
        memory=4 * RATIO,
        share=0.2,
    ),
    Reader(
        "the snapshot before",
        [SNAPSHOT],
        either(several, mutations.zipped),
        _before,
        memory=4 * RATIO,
        share=0.4,
        said=("Skipped: the training goes on from",),
    ),
    Reader("homework, Python", [PROGRAM], either(several), _program, (Unreadable,), memory=1000, share=6),
    Reader(
        "homework, notebook",
        [NOTEBOOK],
        either(mutations.worded_json, several),
        _notebook,
        (Unreadable,),
        memory=1000,
        share=12,
    ),
]
if OWN_SAFETENSORS:
    READERS += [
        Reader(
            "`tg.load`, safetensors",
            [OWN_SAFETENSORS, _foreign_safetensors()],
            either(several, mutations.safetensored, mutations.safetensored),
            _safetensors,
            memory=64,
            share=16,
        ),
    ]
