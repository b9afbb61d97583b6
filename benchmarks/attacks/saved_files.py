"""Files that ``tg.save`` and ``Checkpoint`` write and ``tg.load`` reads, and what NumPy or the format finds in them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, DataFileError, StateDictError
from tinygrad_bp.saving import npz, safetensors
from tinygrad_bp.saving.structure import take_apart

from . import mutations
from .given_files import LABELS, ROWS, idx, npz_of, numpys
from .mutations import several
from .reader import RATIO, Reader, Wrong, either, same

# ---------------------------------------------------------------------- npz

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
    right = numpys(data)
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


# ---------------------------------------------------------------------- all of them

OWN_NPZ = npz.pack(*take_apart(VALUE))
FOREIGN_NPZ = [npz_of(False, **FOREIGN), npz_of(True, **FOREIGN)]
OWN_SAFETENSORS = safetensors.pack(*take_apart(VALUE)) if safetensors.installed() else b""
SNAPSHOT = _snapshot()
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

SAVED_FILES = [
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
]
if OWN_SAFETENSORS:
    SAVED_FILES += [
        Reader(
            "`tg.load`, safetensors",
            [OWN_SAFETENSORS, _foreign_safetensors()],
            either(several, mutations.safetensored, mutations.safetensored),
            _safetensors,
            memory=64,
            share=16,
        ),
    ]
