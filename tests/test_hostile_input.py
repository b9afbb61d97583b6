"""Hostile files and names, threads, very many steps: a share of ``python -m benchmarks.attacks``, and what it found."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import warnings
import zipfile
from random import Random

import numpy as np
import pytest

import tinygrad_bp as tg
from benchmarks import sections
from benchmarks.attacks import inputs, judging, steady, threads
from benchmarks.attacks.mutations import overlapping
from benchmarks.attacks.names import NAMES
from benchmarks.attacks.reader import Reader, Wrong
from benchmarks.attacks.saved_files import FOREIGN_NPZ, OWN_NPZ, SNAPSHOT
from benchmarks.attacks.targets import READERS, shares
from tinygrad_bp.autograd import watch
from tinygrad_bp.autograd.errors import ArgumentError, DataFileError, StateDictError
from tinygrad_bp.check.source import Unreadable, read
from tinygrad_bp.random.streams import set_streams, streams
from tinygrad_bp.saving import npz
from tinygrad_bp.saving.structure import take_apart

# ---------------------------------------------------------------------- a share of the inputs


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_hostile_files_are_read_rightly_or_refused(reader):
    count = 15 if "snapshot" in reader.name else 40 if "load" in reader.name else 80
    told = judging.judge(reader, 0, count)
    assert not told.faults, told
    assert told.refused > count / 3 or reader.name == "the snapshot before"
    assert told.read


@pytest.mark.parametrize("target", NAMES, ids=lambda target: target.name)
def test_hostile_names_are_text_everywhere(target):
    told = judging.judge(target, 0, 3 if "model" in target.name else 8)
    assert not told.faults, told


def reader_of(read, **settings):
    return Reader("made up", [], lambda rng, good: bytes(rng.randrange(9)), read, **settings)


def fails(*_):
    raise KeyError("x")


def says_wrong(*_):
    raise Wrong("another array")


def warns(*_):
    warnings.warn("odd", stacklevel=1)


def refuses_at_length(*_):
    raise DataFileError("x" * 3000)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (fails, "KeyError"),
        (says_wrong, "another array"),
        (warns, "UserWarning"),
        (refuses_at_length, "2000 signs"),
        (lambda *_: bytearray(3_000_000), "allocated too much"),
    ],
)
def test_the_judge_sees_faults(read, said):
    told = judging.judge(reader_of(read), 0, 3)
    assert sum(told.faults.values()) == 3 and said in next(iter(told.faults)) and not told.read and not told.refused


def test_the_judge_sees_what_takes_too_long(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.001)
    assert judging.judge(reader_of(lambda *_: sum(range(200_000))), 0, 1).faults == {"took too long": 1}


def test_an_input_is_the_same_in_every_run():
    assert list(judging.inputs(READERS[0], 5, 3)) == list(judging.inputs(READERS[0], 5, 9))[:3]


def test_every_target_gets_its_share_and_all_are_judged(monkeypatch):
    given = shares(1000)
    assert sum(given.values()) == 1000 and min(given.values()) >= 1
    assert sum(count for _, _, count in inputs.chunks(25_000)) == 25_000
    found = inputs.run("IDX", 0, 50)
    assert found["read"] + found["refused"] == 50 and found["rss"] > 0
    told = judging.Told(read=1, refused=1)
    told.faults["KeyError"], told.first["KeyError"] = 1, 7
    rows = "\n".join(inputs.table({"IDX": told}, 2048))
    assert "| IDX | 3 | 1 | 1 | **1** |" in rows and "first input 7" in rows and "took 2 MiB" in rows


def test_what_is_kept_is_not_read_again(monkeypatch, tmp_path):
    asked = []

    def run(name, first, count):
        asked.append(name)
        return {**vars(judging.Told(read=count)), "rss": 5}

    monkeypatch.setattr(inputs, "run", run)
    keep = tmp_path / "told.json"
    told, largest = inputs.all_of(1000, 1, keep)
    assert sum(one.read for one in told.values()) == 1000 and largest == 5 and set(asked) == set(told)
    asked.clear()
    known = json.loads(keep.read_text())
    del known["told"]["IDX"]
    keep.write_text(json.dumps(known))
    assert inputs.all_of(1000, 1, keep)[0] == told and set(asked) == {"IDX"}


# ---------------------------------------------------------------------- npz


def npy(header, data=bytes(12)):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + data


def zipped(how=zipfile.ZIP_STORED, **members):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return whole.getvalue()


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"


@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        GOOD.replace("(3,)", "(3L,)"),  # as Python 2 wrote it; NumPy warns
        '{"shape": (3,), "descr": "<f4", "fortran_order": False}\n',
        "{'descr':'<f4','fortran_order':True,'shape':( 3 , )}",
    ],
)
def test_headers_are_read_in_any_order_and_from_any_python(header):
    assert tg.load(io.BytesIO(zipped(w__npy=npy(header))))["w"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "header",
    [
        GOOD[:-6],  # NumPy raises tokenize.TokenError
        "{'descr': '<f4', 1: False, 'shape': (3,)}",  # TypeError
        GOOD.replace("<f4", "\\d"),  # a SyntaxWarning
        GOOD.replace("}", "'shape': (3,)}"),
        GOOD.replace("(3,)", "(3)"),
        GOOD.replace("(3,)", "(03,)"),
        GOOD.replace("(3,)", "(" * 5000),
        GOOD.replace("<f4", "a4"),  # a DeprecationWarning
        GOOD.replace("<f4", "<f4,<f4"),
        GOOD.replace("'<f4'", "__import__('os').abort()"),
        GOOD + "\xa0",  # no space for Python
        "",
        "{}",
    ],
)
def test_headers_are_not_evaluated(header, tmp_path):
    data = zipped(x__npy=npy(header), y__npy=npy(header))
    with pytest.raises(DataFileError, match=r"'x.npy' in it"):
        tg.load(io.BytesIO(data))
    (tmp_path / "emg_gestures.npz").write_bytes(data)
    with pytest.raises(DataFileError, match=r"'x.npy' in it"):
        tg.data.emg(tmp_path)


def peak(program):
    """What a program raises, and the most bytes that it had."""
    tracemalloc.start()
    try:
        with pytest.raises(DataFileError) as caught:
            program()
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def lying(size):
    """A zip whose directory says that a member has so many bytes."""
    data = bytearray(zipped(zipfile.ZIP_DEFLATED, w__npy=npy(GOOD)))
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, size)
    return bytes(data)


def test_a_zip_behind_something_else_is_no_npz_file(tmp_path):
    (tmp_path / "emg_gestures.npz").write_bytes(b"#!" + zipped(x__npy=npy(GOOD), y__npy=npy(GOOD)))
    with pytest.raises(DataFileError, match="it begins with"):
        tg.data.emg(tmp_path)


def test_what_a_directory_claims_is_not_allocated():
    said, most = peak(lambda: tg.load(io.BytesIO(lying(2**32 - 2))))
    assert "promises 4294967294 bytes" in said and most < 500_000
    said, most = peak(lambda: tg.load(io.BytesIO(lying(20))))
    assert "damaged" in said and most < 500_000


def test_members_that_share_bytes_are_refused():
    said, most = peak(lambda: tg.load(io.BytesIO(overlapping(Random(0), FOREIGN_NPZ[1], 50))))
    assert "overlap" in said and most < 3_000_000


def test_a_bomb_takes_what_deflate_can_make_of_it_and_text_takes_nothing():
    zeros = io.BytesIO()
    np.savez_compressed(zeros, w=np.zeros(1_000_000))
    assert len(zeros.getvalue()) < 10_000
    zeros.seek(0)
    assert tg.load(zeros)["w"].shape == (1_000_000,)  # it is an array like others
    text = zipped(zipfile.ZIP_DEFLATED, tinygrad_bp__json="[" + "[]," * 1_000_000 + "1]")
    said, most = peak(lambda: tg.load(io.BytesIO(text)))
    assert "promises 3000003 bytes" in said and most < 200_000
    with pytest.raises(DataFileError, match="at most 100"):
        npz.unpack(FOREIGN_NPZ[0], "w.npz", 100)


def test_numbers_that_are_none_are_refused_in_the_text():
    said = json.dumps({"complex": [10**400, 1]})
    with pytest.raises(DataFileError, match="OverflowError"):
        tg.load(io.BytesIO(npz.pack({}, said)))


# ---------------------------------------------------------------------- other files


@pytest.mark.parametrize("cell", ["1_000", "١", "1__0", "1" * 5000, "x" * 5000])
def test_a_table_has_numbers_alone_and_its_errors_are_short(cell, tmp_path):
    (tmp_path / "banknote.csv").write_text(f"1,2,3,{cell},0\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="line 1: expected a number") as caught:
        tg.data.banknote(tmp_path)
    assert len(str(caught.value)) < 300
    (tmp_path / "banknote.csv").write_text(f"1,2,3,0\x0c,0\n{'1,' * 4000}\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="line 2: expected 5 numbers") as caught:
        tg.data.banknote(tmp_path)
    assert len(str(caught.value)) < 300


def test_a_notebook_nested_very_deep_is_none(tmp_path):
    (tmp_path / "deep.ipynb").write_text("[" * 100_000)
    with pytest.raises(Unreadable, match="no notebook"):
        read(tmp_path / "deep.ipynb")


def test_a_cell_nested_very_deep_is_left_out(tmp_path):
    deep = "x = " + "-" * 100_000 + "1"  # Python 3.13 takes 3,000
    cells = [{"cell_type": "code", "source": text} for text in (deep, "w = 1")]
    (tmp_path / "deep.ipynb").write_text(json.dumps({"cells": cells}))
    source = read(tmp_path / "deep.ipynb")
    assert len(source.tree.body) == 1 and "Code cell 1 was left out" in source.notes[0]


def parts():
    tg.manual_seed(3)
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.BatchNorm1d(2))
    return {"model": model, "optimizer": tg.optim.SGD(model.parameters(), lr=0.1)}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("best", {"number": 1}, DataFileError),
        ("best", 3, DataFileError),
        ("parts", {"model": {}, "optimizer": {}, "more": {}}, DataFileError),
        ("parts", None, DataFileError),
        ("rest", {"other": {}}, DataFileError),
        ("rest", {}, StateDictError),
        ("rest", {"model": {"buffers": {"x": 1}, "requires_grad": {}}}, StateDictError),
        ("streams", {}, ArgumentError),
        ("streams", None, ArgumentError),
        ("streams", {"default": 3, "python": 3}, ArgumentError),
    ],
)
def test_a_snapshot_that_says_something_else_is_refused_and_nothing_has_changed(name, value, error, tmp_path):
    with tg.train.Checkpoint(tmp_path) as keeper:
        path = keeper.save(**parts())
    found = tg.load(path)
    tg.save({**found, "snapshot": {**found["snapshot"], name: value}}, path)
    now = parts()
    now["model"][0].bias.data.fill_(7.0)
    before, drawn = take_apart(now["model"].state_dict()), streams()["default"].tolist()
    with tg.train.Checkpoint(tmp_path) as keeper, pytest.raises(error):
        keeper.resume(**now)
    arrays, text = take_apart(now["model"].state_dict())
    assert text == before[1] and all(np.array_equal(arrays[key], before[0][key]) for key in arrays)
    assert streams()["default"].tolist() == drawn


@pytest.mark.parametrize("name", ["default", "python", "numpy"])
def test_streams_move_together_or_not_at_all(name):
    before = streams()
    with pytest.raises(ArgumentError):
        set_streams({**before, name: {"state": 3} if name == "numpy" else (3,)})
    after = streams()
    assert after["default"].tolist() == before["default"].tolist() and after["python"] == before["python"]


# ---------------------------------------------------------------------- names


def named(name):
    w = tg.tensor([[1.0, 2.0]], requires_grad=True)
    w.name = name
    return (w * w).sum(), w


def test_a_replay_as_text_shows_no_sign_that_a_terminal_obeys():
    text = tg.replay(named("a\x1b[2J\n\u202e")[0]).text()
    assert "\x1b" not in text and "\u202e" not in text and r"a\x1b[2J\n\u202e" in text
    assert max(map(len, text.split("\n"))) <= 80


def test_very_long_names_are_cut_in_drawings():
    picture = tg.draw(named("שלום" * 4000)[0])
    assert picture.pipe("svg", encoding="utf-8").startswith("<?xml")
    assert len(picture.source) < 5000 and json.loads(picture.json())["boxes"][0]["name"] == "שלום" * 4000


def test_what_graphviz_says_may_end_in_the_middle_of_a_letter():
    picture = tg.draw(named("w")[0])
    picture.body.append("\t<<" + "ש" * 20_000)
    with pytest.raises(tg.drawing.program.FormatError, match="could not draw"):
        picture.pipe("svg", encoding="utf-8")


def test_digits_of_other_scripts_are_no_index_in_latex():
    loss, w = named("x٣")
    assert tg.explain(loss, wrt=w).latex(whole=True).isascii()


# ---------------------------------------------------------------------- threads, steps, pages


def test_threads_do_not_disturb_each_other():
    done, wrong = threads.run(2.0)
    assert not wrong and len(done) == len(set(threads.TASKS))


def test_an_op_that_another_thread_defines_meanwhile_is_no_obstacle(monkeypatch):
    class Defined:
        """While it is asked for its function, one more op is there."""

        @property
        def function(self):
            ops[f"more {len(ops)}"] = some
            return some.function

    some = watch.OPS["add"]
    ops = {"first": Defined(), "second": some}
    monkeypatch.setattr(watch, "OPS", ops)
    monkeypatch.setattr(watch, "entry_code", lambda op: some.function.__code__)
    watch.enter_every_op()
    assert len(ops) == 3


def test_what_threads_did_together_is_checked():
    shared = threads.Shared()
    shared.drawn[0] += tg.rand(4, dtype=tg.float64).tolist()
    threads.shared_leaf(Random(0), 0, shared)
    assert threads.checked(shared) == []
    shared.leaves[0].grad = shared.leaves[1].grad = tg.ones(3, dtype=tg.float64) * 0.5
    shared.drawn[0][1] += 1e-9
    assert len(threads.checked(shared)) == 3


def test_memory_stays_as_it_is():
    found = steady.alone("compiled", 2000)
    assert found["objects"] <= 10 and found["memory"] <= steady.GROWTH


def test_a_leak_is_seen():
    found = steady.alone("leak", 2000)
    assert found["objects"] > 1000 and found["memory"] > steady.GROWTH


def test_a_section_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n\nSaid.\n\n## One\n\n1\n\n## Two\n\n2\n")
    sections.put(page, {"Two": "22\n", "Three": "3"})
    assert page.read_text() == "# Page\n\nSaid.\n\n## One\n\n1\n\n## Two\n\n22\n\n## Three\n\n3\n"


def test_the_files_that_are_attacked_are_right():
    assert tg.load(io.BytesIO(OWN_NPZ))["epoch"] == 3
    assert tg.load(io.BytesIO(SNAPSHOT))["step"] == 3
