"""Pictures of models and large graphs: what is folded, framed, closed and left out, and the forms they come in."""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError
from tinygrad_bp.drawing.description import describe
from tinygrad_bp.drawing.dot import STYLES, label_of
from tinygrad_bp.drawing.folding import Group, grouped
from tinygrad_bp.drawing.graph import Programmed
from tinygrad_bp.drawing.numbers import shown, sparks
from tinygrad_bp.drawing.program import FormatError
from tinygrad_bp.drawing.view import view
from tinygrad_bp.nn import functional as F

SVG = "{http://www.w3.org/2000/svg}"
NAMES = [
    "<script>alert(1)</script>", 'a "quoted" name', "back\\slash\\", "half \ud800", "two\nlines", "{a|b}", "a&b;#35;",
    "end", "graph", "%% x", "]", "重み λ", "",
]  # fmt: skip


class Block(nn.Module):
    """A block of a residual network."""

    def __init__(self, into, out):
        super().__init__()
        stride = 1 if into == out else 2
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.down = None if stride == 1 else nn.Conv2d(into, out, 1, stride, bias=False)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + (x if self.down is None else self.down(x)))


class ResNet(nn.Module):
    """Six blocks between a stem and a linear layer."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.blocks = nn.Sequential(*[Block(a, b) for a, b in itertools.pairwise((4, 4, 4, 8, 8, 16, 16))])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def equal_layers(count, width=8):
    return nn.Sequential(
        *[nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.Tanh()) for _ in range(count)]
    )


def steps(count):
    """A recurrent network: its result and its weights."""
    W, U, b = tg.randn(4, 4, requires_grad=True), tg.randn(3, 4, requires_grad=True), tg.zeros(4, requires_grad=True)
    h, xs = tg.zeros(2, 4), tg.randn(count, 2, 3)
    for t in range(count):
        h = tg.tanh(xs[t] @ U + h @ W + b)
    return h.sum(), {"W": W, "U": U, "b": b}


def size_of(picture):
    svg = picture.pipe("svg", encoding="utf-8")
    width, height = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg).groups()
    return float(width), float(height), len(svg)


def frames_of(description):
    return {(frame.title, frame.name): frame for frame in description.frames}


# ---------------------------------------------------------------------- sizes


def test_six_residual_blocks_are_readable():
    picture = tg.draw(ResNet(), tg.randn(2, 3, 8, 8))
    width, height, size = size_of(picture)
    assert width < 600 and height < 2000 and size < 60_000


def test_three_hundred_steps_are_one_block():
    loss, weights = steps(300)
    picture = tg.draw(loss, params=weights)
    width, height, _ = size_of(picture)
    assert width < 900 and height < 700
    (frame,) = picture.description.frames
    assert frame.times == 300
    assert any("of 1,501 ops" in note for note in picture.description.notes)


def test_a_chain_of_100_000_ops_is_folded():
    y = tg.tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        y = y + 1.0
    picture = tg.draw(y)
    assert len(picture.description.boxes) < 10
    assert any(frame.times == 100_000 for frame in picture.description.frames)
    assert size_of(picture)[2] < 10_000


def tangle(length, seed=0):
    """A graph in which nothing repeats."""
    rng = np.random.default_rng(seed)
    made = [tg.tensor(float(i), requires_grad=True) for i in range(5)]
    ops = (tg.add, tg.mul, tg.sub, tg.maximum)
    for pick, one, other in zip(*[rng.integers(0, n, length).tolist() for n in (4, 5, 30)], strict=True):
        made.append(tg.tanh(ops[pick](made[-1 - one], made[-1 - min(other, len(made) - 1)])))
    return made[-1]


def test_where_folding_does_not_reach_the_picture_says_what_is_left_out():
    picture = tg.draw(tangle(5000))
    total, left = (int(re.search(r"([\d,]+) ops", note)[1].replace(",", "")) for note in picture.description.notes[:2])
    drawn = sum(box.kind == "op" for box in picture.description.boxes)
    assert "left out" in picture.description.notes[1] and left == total - drawn > 5000
    assert size_of(picture)[2] < 2_000_000
    assert any("left out" in text for text in texts(picture))


def texts(picture):
    root = ElementTree.fromstring(picture.pipe("svg", encoding="utf-8"))
    return ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]


# ---------------------------------------------------------------------- folding


def stands_for(seen):
    """How many calls each element stands for."""
    counts = [0] * len(seen.elements)
    for element in seen.shown:
        counts[element] += 1
    return counts


@pytest.mark.parametrize(
    "make", [lambda: steps(20)[0], lambda: tangle(60), lambda: equal_layers(5)(tg.ones(2, 8)).sum()]
)
def test_every_op_has_an_element_that_stands_for_it(make):
    y = make()
    from tinygrad_bp.drawing.description import _read

    graph = _read(y, (), None, False, False, [])
    seen = view(graph, grouped(graph))
    counts = stands_for(seen)
    assert sum(counts) == len(graph.inputs) and all(counts)
    assert all(seen.first[first] == first for first in seen.first)
    for i, first in enumerate(seen.first):
        assert graph.label(i) == graph.label(first) and graph.shape(i) == graph.shape(first)
    whole = view(graph, grouped(graph, fold=False), whole=True)
    assert stands_for(whole) == [1] * len(graph.inputs)


def repeats(function, *args):
    """The repeated blocks of a program at its top, as (how many, how many ops each)."""
    root = grouped(Programmed(tg.program(function, *args)))
    return [(item.count, item.block) for item in root.items if isinstance(item, Group) and item.kind == "repeat"]


def test_only_equal_blocks_are_folded():
    def chain(h, w, at=None, other=tg.tanh):
        for i in range(20):
            h = (other if i == at else tg.tanh)(h @ w)
        return h

    h, w = tg.ones(2), tg.eye(2)
    assert repeats(chain, h, w) == [(20, 2)]
    assert repeats(lambda h, w: chain(h, w, 10, tg.sigmoid), h, w) == [(10, 2), (9, 2)]


def test_blocks_that_read_other_things_are_not_equal():
    def crossed(h, w):
        kept = h @ w
        for i in range(20):
            h = tg.tanh(h @ w) * (kept if i % 2 else h)
        return h

    assert (20, 3) not in repeats(crossed, tg.ones(2), tg.eye(2))


def test_blocks_inside_blocks():
    def nested(h):
        for _ in range(10):
            for _ in range(8):
                h = tg.tanh(h + 1.0)
            h = h.exp()
        return h

    root = grouped(Programmed(tg.program(nested, tg.ones(2))))
    (outer,) = root.items
    inner = [item for item in outer.items if isinstance(item, Group)]
    assert (outer.count, [group.count for group in inner]) == (10, [8])


def test_small_graphs_and_fold_false_are_drawn_whole():
    w = tg.ones(2, requires_grad=True)
    assert not tg.draw(w.exp().exp().exp().sum()).description.frames
    loss, weights = steps(5)
    drawn = tg.draw(loss, params=weights, fold=False)
    assert sum(box.kind == "op" for box in drawn.description.boxes) == 26 and not drawn.description.notes


def test_what_blocks_share_stands_outside_and_what_each_has_is_counted():
    loss, weights = steps(300)
    boxes = {box.name: box for box in tg.draw(loss, params=weights).description.boxes if box.kind == "leaf"}
    assert {name: (boxes[name].times, boxes[name].frame) for name in weights} == dict.fromkeys(weights, (1, ""))
    layers = tg.draw(equal_layers(6), tg.ones(2, 8), values=True)
    weight = next(box for box in layers.description.boxes if box.name == "0.1.weight")
    assert weight.times == 6 and weight.frame and weight.value is None
    assert any("one for each block" in text for text in texts(layers))


def test_from_block_to_block_leads_a_dashed_arrow():
    loss, weights = steps(300)
    picture = tg.draw(loss, params=weights)
    carried = [arrow for arrow in picture.description.arrows if arrow.kind == "carried"]
    kinds = {box.key: box.name for box in picture.description.boxes}
    assert [(kinds[arrow.tail], kinds[arrow.head]) for arrow in carried] == [("Tanh", "Matmul")]
    assert "style=dashed" in picture.source


# ---------------------------------------------------------------------- modules


def test_modules_are_frames():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), nn.Linear(3, 1))
    description = describe(model, tg.ones(4, 2), fold=True)
    assert set(frames_of(description)) == {("Sequential", "0")}
    ops = {box.name: box for box in description.boxes if box.kind == "op"}
    assert ops["Tanh"].frame and ops["Tanh"].facts == ("0.1",)
    assert [box.facts for box in description.boxes if box.name == "Linear"] == [("0.0",), ("1",)]


def test_equal_modules_fold():
    description = tg.draw(equal_layers(12), tg.ones(2, 8)).description
    ((_, name),) = frames_of(description)
    (frame,) = description.frames
    assert (frame.times, name) == (12, "0 … 11")


@pytest.mark.parametrize(("open", "frames", "groups"), [
    (0, set(), 3), (1, {"stem", "blocks"}, 5), ("stem", {"stem"}, 1), ("blocks.3", {"blocks", "blocks.3"}, 5),
    ("Block", {"blocks", "blocks.2", "blocks.3", "blocks.4", "blocks.5", "blocks.0 … blocks.1"}, 1),
    (["stem", "blocks.5"], {"stem", "blocks", "blocks.5"}, 4), ("blocks.*", None, 1), ("all", None, 0),
])  # fmt: skip
def test_open_by_depth_name_and_class(open, frames, groups):
    description = tg.draw(ResNet(), tg.randn(1, 3, 8, 8), open=open).description
    found = {frame.name for frame in description.frames}
    assert frames is None or found == frames
    closed = [box for box in description.boxes if box.kind == "group"]
    assert len(closed) <= groups
    if closed:
        assert any("closed modules" in note or "drawn once" in note for note in description.notes)


@pytest.mark.parametrize(("open", "said"), [
    ("bloks.0", "blocks"), (-1, "depth"), (True, "depth"), (2.5, "depth"), ([3], "strings"), (["stem", "x"], "'x'"),
])  # fmt: skip
def test_what_cannot_be_opened_is_said(open, said):
    with pytest.raises(ArgumentError, match=said):
        tg.draw(ResNet(), tg.randn(1, 3, 8, 8), open=open)


def test_a_closed_module_says_what_is_in_it():
    (box,) = [box for box in tg.draw(ResNet(), tg.randn(1, 3, 8, 8), open=0).description.boxes if "stem" in box.facts]
    assert box.name == "Sequential" and "3 ops" in box.facts and "116 parameters" in box.facts


def test_a_module_called_twice_is_two_frames_of_one_name():
    shared = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    model = lambda x: shared(x) + shared(x * 2)  # noqa: E731
    description = describe(model, tg.ones(3, 2))
    assert len(description.frames) == 2
    weights = [box for box in description.boxes if box.shape == (2, 2) and box.kind == "leaf"]
    assert len(weights) == 1 and weights[0].frame == ""


def test_drawing_a_model_changes_nothing():
    tg.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = tg.get_rng_state()
    tg.draw(model, tg.randn(4, 2), values=True, grads=True)
    tg.draw(lambda x: model(x).sum(), tg.ones(4, 2), grads=True)
    tg.set_rng_state(stream)
    expected = tg.rand(3)
    tg.set_rng_state(stream)
    tg.draw(model, tg.ones(4, 2))
    assert tg.rand(3).tolist() == expected.tolist()
    assert all(value.tolist() == before[name].tolist() for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert nn.Module._hooks is None


def test_inputs_are_followed_and_called_by_the_callers_name():
    picture = tg.draw(lambda x: (x * 2).tanh(), np.ones(3))
    (box,) = [box for box in picture.description.boxes if box.kind == "leaf" and box.shape]
    assert (box.name, box.role) == ("x", "input")
    mine = tg.ones(3)
    description = describe(lambda x: (x * 2 + x).tanh(), mine)
    assert [box.name for box in description.boxes if box.shape and box.kind == "leaf"] == ["mine"]
    assert not mine.requires_grad and mine.grad is None
    layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 8, dropout=0.0, batch_first=True), 6)
    assert [frame.times for frame in tg.draw(layers, tg.ones(1, 3, 8)).description.frames][:1] == [6]


def test_a_function_that_writes_into_its_input_is_drawn_all_the_same():
    w, x = tg.ones(2, requires_grad=True), tg.tensor([1.0, 2.0])

    def function(x):
        x += 1
        return (w * x).sum()

    assert "Mul" in {box.name for box in describe(function, x).boxes}
    assert x.tolist() == [2, 3]  # what the function does it has done


def test_an_error_of_the_model_is_its_own_and_leaves_no_hook():
    with pytest.raises(AutogradError):
        tg.draw(nn.Linear(2, 3), tg.ones(4, 5))
    assert nn.Module._hooks is None


def test_other_threads_are_not_recorded():
    other, ready, done = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()), threading.Event(), threading.Event()

    def elsewhere():
        ready.wait()
        other(tg.ones(1, 2))
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()

    def function(x):
        ready.set()
        done.wait()
        return x.exp().sum()

    description = describe(function, tg.ones(2, requires_grad=True))
    thread.join()
    assert not description.frames


def test_the_gradients_of_a_function_are_those_of_a_backward():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x = tg.ones(4, 2)
    found = {box.name: box for box in describe(lambda: model(x).square().mean()).boxes}
    loss = model(x).square().mean()
    loss.backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(found[name].grad, parameter.grad.numpy())


def test_names_of_parameters_group_a_loss():
    tg.manual_seed(0)
    model = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)) for _ in range(4)])
    description = tg.draw(model(tg.ones(2, 4)).sum(), params=model, fold=False).description
    assert [frame.name for frame in description.frames] == ["0", "1", "2", "3"]
    assert {frame.title for frame in description.frames} == {"Sequential"}


def test_the_line_of_an_op_is_in_the_picture():
    picture = tg.draw(lambda x: x.exp().sum(), tg.ones(2, requires_grad=True))
    assert any("x.exp().sum()" in box.line for box in picture.description.boxes)
    assert "tooltip" in picture.source


def test_what_is_no_graph_is_refused():
    for wrong, said in (
        ((nn.Linear(2, 2),), "sample input"), ((lambda: 3.0,), "must return a tensor"),
        ((tg.ones(2), tg.ones(2)), "several tensors"), ((tg.program(lambda x: x + 1, tg.ones(2)), 1), "program"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=said):
            tg.draw(*wrong)
    for graph in ("backward", "both"):
        with pytest.raises(ArgumentError, match="nothing flows back"):
            tg.draw(tg.ones(2), graph=graph)
    with pytest.raises(ArgumentError, match="graph is"):
        tg.draw(tg.ones(2, requires_grad=True), graph="sideways")


# ---------------------------------------------------------------------- programs


def test_a_program_is_drawn_with_its_backward_and_its_update():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tg.optim.SGD([w], 0.1)

    def step(x):
        loss = (w * x).exp().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    program = tg.program(step, tg.ones(2))
    description = describe(program)
    assert sum(box.kind == "op" for box in description.boxes) == len(program.steps)
    roles = {box.name: box.role for box in description.boxes if box.kind == "leaf"}
    assert roles["x"] == "input" and "parameter" in roles.values()
    assert any(box.name.startswith("new ") and box.output for box in description.boxes)
    assert tg.draw(program).pipe("svg")
    with pytest.raises(ArgumentError, match="among its steps"):
        tg.draw(program, graph="backward")


# ---------------------------------------------------------------------- backward


def test_the_backward_graph_has_every_rule_and_every_gradient():
    w, x = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    b = tg.tensor(0.5, requires_grad=True)
    loss = ((w @ x * 0.1 + b) ** 2).exp()
    loss.backward(retain_graph=True)
    description = describe(loss, graph="backward")
    rules = [box.name for box in description.boxes if box.kind == "op"]
    assert rules == ["ExpBackward0", "PowBackward0", "AddBackward0", "MulBackward0", "DotBackward0"]
    ends = {box.name: box.grad for box in description.boxes if box.role == "parameter"}
    assert ends["grad of w"].tolist() == w.grad.tolist() and ends["grad of b"].tolist() == b.grad.tolist()
    saved = {box.name for box in description.boxes if box.role == "saved"}
    assert "x" in saved and "loss" in saved
    heads = {arrow.head for arrow in description.arrows}
    assert all(box.key in heads for box in description.boxes if box.role == "parameter")


def test_gradients_that_are_not_shown_are_not_looked_for(monkeypatch):
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = w.exp().sum()
    loss.backward(retain_graph=True)
    from tinygrad_bp.drawing.known import Known

    asked = []
    monkeypatch.setattr(Known, "gradient", lambda self, node: asked.append(node))
    tg.draw(loss, values=True)
    assert not asked
    tg.draw(loss, grads=True)
    assert asked


def test_where_passes_add_up_the_picture_says_so():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = w.exp().sum()
    loss.backward(retain_graph=True)
    assert not tg.draw(loss, grads=True).description.notes
    loss.backward(retain_graph=True)
    (note,) = tg.draw(loss, grads=True).description.notes
    assert "passes add up" in note


def test_where_gradients_add_up_it_is_said():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    description = describe((w.exp() + w.sin()).sum(), graph="backward")
    (box,) = [box for box in description.boxes if box.name == "grad of w"]
    assert "2 gradients add up" in box.facts


def test_both_stand_side_by_side_and_saved_values_lead_across():
    w, x = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0])
    description = describe((w * x).exp().sum(), graph="both")
    assert {frame.title for frame in description.frames} == {"forward", "backward"}
    across = [arrow for arrow in description.arrows if arrow.kind == "saved"]
    frames = {box.key: box.frame for box in description.boxes}
    assert {(frames[arrow.tail], frames[arrow.head]) for arrow in across} == {("forward", "backward")}
    assert len(across) == 2  # x for w, and the exponential for itself


def test_the_folded_backward_is_the_forward_mirrored():
    loss, weights = steps(300)
    description = tg.draw(loss, params=weights, graph="backward").description
    assert [frame.times for frame in description.frames] == [300]
    assert {"grad of W", "grad of U", "grad of b"} <= {box.name for box in description.boxes}


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
