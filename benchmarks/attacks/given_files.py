"""Files that come from elsewhere: data sets and homework, and what they say by their formats alone.

Where the package reads one, another reader reads it too: what the format's own document says in a few lines here, or
``np.load``. Both have to find the same.
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
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.check.source import Unreadable
from tinygrad_bp.check.source import read as read_source
from tinygrad_bp.data.cifar10 import FILES, FOLDER, unpack
from tinygrad_bp.data.idx import read_idx

from . import mutations
from .mutations import several
from .reader import RATIO, Reader, Wrong, either, same

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


def numpys(data: bytes) -> dict[str, Any]:
    """What NumPy finds, without a pickle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return {name.removesuffix(".npy"): found[name] for name in found.zip.namelist() if name.endswith(".npy")}


def _emg(data: bytes, folder: Path) -> None:
    (folder / "emg_gestures.npz").write_bytes(data)
    x, y = tg.data.emg(folder)
    right = numpys(data)
    same(x, right["x"])
    same(y, right["y"])
    if x.shape != (len(x), 64) or (y > 3).any():
        raise Wrong("another table")


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

PAIR = len(idx(IMAGES)).to_bytes(4, "little") + idx(IMAGES) + idx(LABELS)

GIVEN_FILES = [
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
