"""Pictures of models and large graphs: what is folded, framed, closed and left out."""

import re
import threading

import numpy as np
import pytest
from drawn_networks import ResNet, equal_layers, steps, tangle, texts

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError
from tinygrad_bp.drawing.description import describe
from tinygrad_bp.drawing.folding import Group, grouped
from tinygrad_bp.drawing.graph import Programmed
from tinygrad_bp.drawing.view import view

SVG = "{http://www.w3.org/2000/svg}"


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


def test_where_folding_does_not_reach_the_picture_says_what_is_left_out():
    picture = tg.draw(tangle(5000))
    total, left = (int(re.search(r"([\d,]+) ops", note)[1].replace(",", "")) for note in picture.description.notes[:2])
    drawn = sum(box.kind == "op" for box in picture.description.boxes)
    assert "left out" in picture.description.notes[1] and left == total - drawn > 5000
    assert size_of(picture)[2] < 2_000_000
    assert any("left out" in text for text in texts(picture))


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
