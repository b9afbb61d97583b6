"""The forms of pictures: numbers and colours in boxes, and SVG, PNG, PDF, DOT, Mermaid, JSON and text."""

import itertools
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from drawn_networks import SVG, ResNet, steps, tangle, texts

import tinygrad_bp as tg
from tinygrad_bp.drawing.dot import STYLES, label_of
from tinygrad_bp.drawing.numbers import shown, sparks
from tinygrad_bp.drawing.program import FormatError

NAMES = [
    "<script>alert(1)</script>", 'a "quoted" name', "back\\slash\\", "half \ud800", "two\nlines", "{a|b}", "a&b;#35;",
    "end", "graph", "%% x", "]", "重み λ", "",
]  # fmt: skip


# ---------------------------------------------------------------------- numbers and colours

LARGE = (6, 30)
STATES = {
    "none": None, "not computed": "not computed", "zero": np.zeros(LARGE), "nan": np.full(LARGE, np.nan),
    "inf": np.full(LARGE, np.inf),
}  # fmt: skip
SMALL = {name: value[:1, :2] if isinstance(value, np.ndarray) else value for name, value in STATES.items()}


@pytest.mark.parametrize("states", [STATES, SMALL], ids=["large", "small"])
def test_none_not_computed_zero_nan_and_inf_are_five_things(states):
    from tinygrad_bp.drawing.boxes import Box

    looks = {}
    for name, grad in states.items():
        looks[name] = label_of(Box("leaf 1", "leaf", "w", LARGE, "float32", None, grad), False, True)
    assert len(set(looks.values())) == 5
    said = {name: shown(grad).text for name, grad in states.items()}
    for name, word in (("none", "None"), ("not computed", "not computed"), ("nan", "nan"), ("inf", "inf")):
        assert word in said[name].replace("NaN", "nan")
    assert "0" in said["zero"] and len(set(said.values())) == 5


def test_one_nan_or_inf_in_a_large_array_is_seen():
    for special, word in ((np.nan, "1 NaN"), (np.inf, "1 inf"), (-np.inf, "1 inf")):
        array = np.random.default_rng(0).standard_normal((200, 300))
        array[150, 7] = special
        part = shown(array)
        assert word in part.text
        others = shown(np.random.default_rng(0).standard_normal((200, 300)))
        assert {c for row in part.cells for c in row} - {c for row in others.cells for c in row} & {
            "#000000",
            "#cc79a7",
        }


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "int64", "bool", "complex64", "uint8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (1, 1), (40,), (40, 1), (7, 5), (50, 60), (3, 4, 5), (2, 0, 3)])
def test_arrays_of_every_kind_are_shown(dtype, shape):
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    for value in (array, array.T, array[::-1] if shape else array):
        part = shown(value)
        assert part.text and all(len(row) == len(part.cells[0]) for row in part.cells)
        assert len(sparks(part.bars)) == len(part.bars)
        assert len(part.text) < 300


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool"])
def test_numbers_that_differ_in_the_last_place_are_one_bar(dtype):
    array = np.ones((4, 5, 6), dtype)
    if array.dtype.kind == "f":
        array[::2] = np.nextafter(array[0], array.dtype.type(2))
    assert sum(bar > 0 for bar in shown(array).bars) == 1


def test_extreme_numbers_are_shown():
    for value in (1e-320, 1e308, -1e308):
        part = shown(np.full((30, 30), value))
        assert part.cells and "#ffffff" not in {cell for row in part.cells for cell in row}


def seen_by(colour, kind):
    """A colour as colour-blind eyes see it (Machado, Oliveira, Fernandes: *A Physiologically-based Model*, 2009)."""
    matrix = {
        "all": np.eye(3),
        "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    }[kind]
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.clip(np.array(matrix) @ rgb, 0, 1)


def test_kinds_differ_by_shape_and_by_colour_for_every_eye():
    kinds = ["parameter", "input", "op", "saved", "result"]
    assert len({(STYLES[kind]["shape"], STYLES[kind]["style"]) for kind in STYLES}) >= len(STYLES) - 1
    for eye in ("all", "protan", "deutan", "tritan"):
        for one, other in itertools.combinations(kinds, 2):
            apart = np.linalg.norm(seen_by(STYLES[one]["color"], eye) - seen_by(STYLES[other]["color"], eye))
            assert apart > 0.12, (eye, one, other)


def test_the_legend_says_what_is_there_and_can_be_left_out():
    w, x = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    loss = (w * x).exp().sum()
    with_legend, without = " ".join(texts(tg.draw(loss))), " ".join(texts(tg.draw(loss, legend=False)))
    for word in ("parameter", "input", "op (ellipse)", "saved", "result"):
        assert word in with_legend and word not in without


# ---------------------------------------------------------------------- forms


@pytest.fixture(scope="module")
def resnet():
    return tg.draw(ResNet(), tg.randn(1, 3, 8, 8), values=False)


def test_json_has_everything(resnet):
    found = json.loads(resnet.json())
    keys = {box["key"] for box in found["boxes"]}
    assert all({arrow["tail"], arrow["head"]} <= keys for arrow in found["arrows"])
    frames = {frame["key"] for frame in found["frames"]}
    assert all(box["frame"] in frames | {""} for box in found["boxes"]) and found["notes"]
    w = tg.tensor([1.0, float("nan")], requires_grad=True)
    (box,) = json.loads(tg.draw(w, values=True).json())["boxes"]
    assert box["value"] == [1.0, "nan"] and box["grad"] is None and box["shape"] == [2]


def test_mermaid_declares_what_it_connects(resnet):
    lines = resnet.mermaid().splitlines()
    assert lines[0] == "flowchart TD"
    declared = {re.match(r"\s*(\w+)[\[(]", line)[1] for line in lines if re.search(r":::\w+$", line)}
    connected = {
        key for line in lines if " --> " in line for key in re.findall(r"\b(?:op|leaf|result|group)_\d+", line)
    }
    assert connected <= declared
    assert sum(line.strip().startswith("subgraph") for line in lines) == sum(line.strip() == "end" for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_text_in_every_form(name):
    w = tg.ones(2, requires_grad=True)
    picture = tg.draw((w * 2).sum(), params={name: w} if name else None)
    assert "<script>" not in picture.mermaid() and "<script>" not in picture.pipe("svg", encoding="utf-8")
    assert all(line.count('"') % 2 == 0 for line in picture.mermaid().splitlines())
    json.loads(picture.json())
    assert "\n\n" not in picture.text()
    picture.text().encode("utf-8")


def test_the_terminal_shows_a_tree_and_no_address(resnet):
    assert str(resnet) == repr(resnet) == resnet.text()
    assert " at 0x" not in repr(resnet) and not repr(resnet).startswith("digraph")
    for picture in (resnet, tg.draw(tangle(100)), tg.draw(tangle(400), fold=False), tg.draw(steps(300)[0], grads=True)):
        assert max(map(len, picture.text().splitlines())) <= 80
        assert max(map(len, picture.text(width=50).splitlines())) <= 50
    assert "Linear" in resnet.text().splitlines()[0]


def test_the_tree_names_what_several_read_once():
    w = tg.ones(2, requires_grad=True)
    h = w.exp()
    loss = (h * h + h.sin()).sum()
    lines = tg.draw(loss).text().splitlines()
    assert sum("Exp" in line for line in lines) == 1
    assert sum("h [1]" in line for line in lines) == 2


def test_a_deep_tree_goes_on_at_the_left():
    y = tg.ones(2, requires_grad=True)
    for i in range(40):
        y = (y.exp(), y.sin(), y.tanh())[i % 3]
    text = tg.draw(y, fold=False).text()
    assert text.count("below") >= 2 and max(map(len, text.splitlines())) <= 80
    assert len(re.findall("Exp|Sin|Tanh", text)) == 40 + text.count("below")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_the_tree_fits_the_terminal(encoding):
    code = "import tinygrad_bp as tg; w = tg.ones(2, requires_grad=True); print(tg.draw((w * 2).exp().sum()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=True
    )
    assert "Exp" in done.stdout.decode(encoding)


@pytest.mark.parametrize(("name", "start"), [
    ("a.dot", b"digraph"), ("a.mmd", b"flowchart"), ("a.json", b"{"), ("a.txt", b"y = Exp"), ("a.pdf", b"%PDF"),
])  # fmt: skip
def test_files_of_every_form(tmp_path, name, start):
    w = tg.ones(2, requires_grad=True)
    y = w.exp()
    path = tg.draw(y).render(tmp_path / name)
    assert Path(path).read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_svg_scales_to_what_it_stands_in(resnet):
    svg = resnet.pipe("svg", encoding="utf-8")
    head = re.search(r"<svg[^>]*>", svg, re.S)[0]
    assert "viewBox" in head and "height: auto" in head and "max-width" in head


def test_arrows_cross_no_title_and_touch_no_label(resnet):
    root = ElementTree.fromstring(resnet.pipe("svg", encoding="utf-8"))
    parts = list(root.find(f"{SVG}g"))
    assert parts[-1].get("class") == "titles"  # what is drawn last is above everything else
    assert {"Sequential", "blocks"} <= {text.text for text in parts[-1]}
    frames = [part for part in parts if part.get("class") == "cluster"]
    assert frames and not any(frame.findall(f"{SVG}text") for frame in frames)
    labels = [text.text for part in parts if part.get("class") == "edge" for text in part.iter(f"{SVG}text")]
    assert labels and all(label.startswith("\xa0") for label in labels)


def test_no_source_is_left_behind_unless_it_is_asked_for(tmp_path):
    picture = tg.draw(tg.ones(2, requires_grad=True).sum())
    (tmp_path / "xor.gv").write_text("mine")
    picture.render(tmp_path / "xor.svg")
    assert (tmp_path / "xor.gv").read_text() == "mine"
    picture.render(tmp_path / "other.svg", cleanup=False)
    assert (tmp_path / "other.gv").read_text(encoding="utf-8") == picture.source


def test_with_an_empty_path_the_wheel_draws_svg_png_and_pdf(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TINYGRAD_BP_DOT", raising=False)
    picture = tg.draw(ResNet(), tg.randn(1, 3, 8, 8))
    for suffix, start in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        assert Path(picture.render(tmp_path / f"a.{suffix}")).read_bytes().startswith(start)
    pdf = (tmp_path / "a.pdf").read_bytes()
    start = int(re.search(rb"startxref\n(\d+)", pdf)[1])
    assert pdf[start:].startswith(b"xref")
    with pytest.raises(FormatError, match=r"does not write gif.*apt install graphviz") as error:
        picture.render(tmp_path / "a.gif")
    assert str(error.value).count("\n") == 0


def test_a_program_that_stops_is_one_sentence(tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("a shell script")
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'out of paper' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("TINYGRAD_BP_DOT", str(program))
    with pytest.raises(FormatError, match="could not draw the picture as svg: out of paper"):
        tg.draw(tg.ones(2, requires_grad=True).sum()).pipe("svg")


def test_the_pictures_of_the_pages_are_those_of_the_code_beside_them(monkeypatch):
    docs = Path(__file__).resolve().parent.parent / "docs"
    monkeypatch.syspath_prepend(docs)
    import make_pictures

    made = dict(make_pictures.pictures())
    assert len(made) == 2
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, "python docs/make_pictures.py"
