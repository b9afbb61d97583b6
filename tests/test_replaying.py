"""Replays: what is recorded equals what backward does, on every kind of graph, and nothing is left behind."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
import random_functions

import tinygrad_bp as tg
from tinygrad_bp.autograd.backward import unbroadcast
from tinygrad_bp.autograd.errors import (
    ArgumentError,
    FreedError,
    ModifiedError,
    NoHistoryError,
    NonScalarError,
    ShapeError,
)
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.drawing.program import DotNotFoundError
from tinygrad_bp.verify import contracts

GRAPHS = 500


def summed(replay, leaf):
    """The contributions to a leaf, added up, and what backward started with where it is an output itself."""
    found = [seed for output, seed in zip(replay.outputs, replay.seeds, strict=True) if output is leaf]
    found += [given.contribution for step in replay.steps for given in step.inputs if given.tensor is leaf]
    return sum(found[1:], found[0]) if found else None


def disorder(replay):
    """What is wrong with the order of the steps: a topological order of the reversed graph, each step once."""
    place = {id(step.result): i for i, step in enumerate(replay.steps)}
    wrong = [] if len(place) == len(replay.steps) else ["a step comes twice"]
    for i, step in enumerate(replay.steps):
        for given in step.inputs:
            if given.tensor.kind == "result" and place.get(id(given.tensor), -1) <= i:
                wrong.append(f"step {i} ({step.op}) passes on to a step that came before it, or never comes")
    made = {id(step.result) for step in replay.forward}
    seen = set()
    for step in replay.forward:
        wrong += [f"{step.op} reads what is not yet there" for x in step.inputs if id(x) in made and id(x) not in seen]
        seen.add(id(step.result))
    return wrong


def agrees(replay, leaves):
    """That contributions, sums and gradients are what backward leaves in ``.grad``, bit for bit."""
    assert not disorder(replay)
    for leaf in leaves:
        if leaf.grad is None and leaf not in {traced.tensor for traced in replay.leaves}:
            continue  # nothing was computed of it
        traced = replay.of(leaf)
        total = summed(replay, traced)
        if leaf.grad is None:
            assert total is None and traced.gradient is None
            continue
        expected = leaf.grad.numpy()
        scale = 1e-12 * max(1.0, np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
        np.testing.assert_allclose(total, expected, rtol=0, atol=scale)
        np.testing.assert_array_equal(traced.gradient, expected)
    for step in replay.steps:
        np.testing.assert_array_equal(step.gradient, step.result.gradient)
        for given in step.inputs:
            assert given.contribution.shape == given.tensor.shape
            if given.before is None:
                np.testing.assert_array_equal(given.after, given.contribution)
            else:
                np.testing.assert_array_equal(given.after, given.before + given.contribution)


def after_backward(outputs, leaves, **options):
    replay = tg.replay(outputs, **options)
    assert all(leaf.grad is None for leaf in leaves)
    single = not isinstance(outputs, list)
    tg.autograd.backward(
        outputs, [options["gradient"]] if single and "gradient" in options else options.get("gradient")
    )
    agrees(replay, leaves)
    return replay


def wide(array):
    """The array with 64 bits a number: what must agree to 1e-12 is computed in them."""
    return array.astype({"f": np.float64, "c": np.complex128}.get(array.dtype.kind, array.dtype))


def random_graph(seed):
    """A loss of a function of the generator, and its leaves; None where it has no finite value."""
    _, function, inputs = random_functions.draw(seed)
    tensors = [tg.tensor(wide(a), requires_grad=a.dtype.kind in "fc") for a in inputs]
    try:
        y = function(*tensors)
    except (tg.AutogradError, FloatingPointError, TypeError, ValueError):
        return None
    if not isinstance(y, tg.Tensor) or not y.requires_grad or y.dtype.kind not in "fc":
        return None
    return y.abs().sum() if y.dtype.kind == "c" else y.sum(), [x for x in tensors if x.requires_grad]


def shared_graph(seed):
    """A graph whose tensors are read again and again, by any op."""
    rng = np.random.default_rng(seed)
    leaves = [tg.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((3, 4), (4,), (3, 1), ())]
    pool = list(leaves)
    for _ in range(rng.integers(5, 40)):
        a, b = (pool[i] for i in rng.integers(len(pool), size=2))
        kind = rng.integers(6)
        pool.append(
            a + b if kind == 0 else a * b if kind == 1 else tg.tanh(a - b) if kind == 2 else tg.sigmoid(a) if kind == 3
            else tg.tanh(a.sum() + b) if kind == 4 else tg.stack([a.sum(), b.mean()]).max() * 0.1 + tg.tanh(a)
        )  # fmt: skip
    return sum((x * 0.5).mean() for x in pool[len(leaves) :]), leaves


def test_contributions_are_the_gradients_of_random_graphs():
    count = seed = 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        while count < GRAPHS:
            graph = random_graph(seed)
            seed += 1
            if graph is not None:
                loss, leaves = graph
                after_backward(loss, leaves)
                count += 1
    assert seed < 3 * GRAPHS


@pytest.mark.parametrize("seed", range(60))
def test_and_of_graphs_whose_paths_meet(seed):
    loss, leaves = shared_graph(seed)
    replay = after_backward(loss, leaves)
    assert any(given.before is not None for step in replay.steps for given in step.inputs)


def test_the_check_of_the_order_can_fail():
    a = tg.tensor(2.0, requires_grad=True)
    replay = tg.replay((a * a).exp().log())
    assert not disorder(replay)
    replay.steps = (replay.steps[1], replay.steps[0], replay.steps[2])
    assert disorder(replay)
    replay.steps = (*replay.steps[:2], replay.steps[1])
    assert disorder(replay)
    replay = tg.replay((a * a).exp())
    replay.forward = replay.forward[::-1]
    assert disorder(replay)


def test_the_check_of_the_sums_can_fail():
    a = tg.tensor(2.0, requires_grad=True)
    loss = a * a
    replay = tg.replay(loss)
    loss.backward()
    replay.steps[0].inputs[0].contribution += 1e-3
    with pytest.raises(AssertionError):
        agrees(replay, [a])


ELEMENTWISE = [
    (op, i) for op in OPS.values() if op.kind == "elementwise" for i, sample in enumerate(op.samples or ())
]  # fmt: skip


@pytest.mark.parametrize(("op", "i"), ELEMENTWISE, ids=lambda value: getattr(value, "name", str(value)))
def test_what_arrives_times_the_derivative_is_passed_on(op, i):
    sample = op.samples[i]
    arrays = [wide(a) for a in contracts.draw(op, sample)]
    tensors = [tg.tensor(a, requires_grad=a.dtype.kind in "fc") for a in arrays]
    with np.errstate(all="ignore"):
        y = op.function(*tensors, **sample.params)
        if not y.requires_grad:
            return
        g = np.random.default_rng(0).normal(size=y.shape).astype(y.dtype)
        replay = tg.replay(y, gradient=g)
    step = next(step for step in replay.steps if step.op == op.name)
    for given in step.inputs:
        with np.errstate(all="ignore"):
            product = unbroadcast(np.asarray(step.gradient * given.derivative), given.tensor.shape)
        np.testing.assert_allclose(product, given.contribution, rtol=1e-12, atol=1e-300)


# ---------------------------------------------------------------------- what it leaves alone


def network():
    x, w, b = tg.randn(4, 3), tg.randn(3, 2, requires_grad=True), tg.zeros(2, requires_grad=True)
    return (tg.tanh(x @ w + b) ** 2).mean(), w, b


def test_nothing_is_freed_and_no_gradient_changes():
    loss, w, b = network()
    first = tg.replay(loss)
    assert w.grad is None and b.grad is None
    second = tg.replay(loss)
    loss.backward(retain_graph=True)
    before = w.grad.numpy().copy()
    third = tg.replay(loss)
    np.testing.assert_array_equal(w.grad.numpy(), before)
    for replay in (first, second, third):
        agrees(replay, [w, b])


def test_a_freed_graph_says_what_to_write():
    loss, _, _ = network()
    loss.backward()
    with pytest.raises(
        FreedError, match=r"of the 5 steps.*before loss\.backward\(\).*retain_graph=True.*tg\.replay\(f"
    ):
        tg.replay(loss)
    a = tg.ones(2, requires_grad=True)
    kept_nothing = (a + a).sum()
    kept_nothing.backward()
    assert len(tg.replay(kept_nothing).steps) == 2


def test_what_is_written_later_is_another_thing():
    w = tg.ones(2, requires_grad=True)
    loss = (w * 3).sum()
    replay = tg.replay(loss)
    loss.backward()
    with tg.no_grad():
        w -= 10
    w.grad.zero_()
    np.testing.assert_array_equal(replay.of(w).value, [1, 1])
    np.testing.assert_array_equal(replay.of(w).gradient, [3, 3])
    given = np.ones(2)
    replay = tg.replay(w * 3, gradient=given)
    given[:] = 7
    np.testing.assert_array_equal(replay.seeds[0], [1, 1])


def test_a_value_written_since_is_refused_as_backward_does():
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    with tg.no_grad():
        w += 1
    with pytest.raises(ModifiedError):
        tg.replay(loss)


def test_a_replay_that_is_gone_leaves_no_tensor_behind():
    gc.disable()
    try:
        w = tg.ones(2, requires_grad=True)
        inner = weakref.ref(w)
        replay = tg.replay(lambda w: (w * w).sum(), w)
        assert replay.leaves[0].tensor is w
        del w, replay
        assert inner() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------------- what it is asked for


def test_a_function_knows_its_lines_and_its_variables():
    def square(v):
        doubled = v * 2
        return doubled * doubled

    def loss_of(x, w):
        hidden = square(x @ w)
        loss = hidden.sum()
        return loss

    replay = tg.replay(loss_of, tg.ones(2, 3), tg.ones(3, requires_grad=True))
    assert [step.source.text for step in replay.steps] == [
        "loss = hidden.sum()", "return doubled * doubled", "doubled = v * 2", "hidden = square(x @ w)",
    ]  # fmt: skip
    assert [step.source.function for step in replay.steps] == ["loss_of", "square", "square", "loss_of"]
    assert [step.result.name for step in replay.steps] == ["loss", "hidden", "doubled", "v"]
    assert [x.name for x in replay.forward[0].inputs] == ["x", "w"]
    assert replay.lines


@pytest.mark.usefixtures("later")
def test_without_lines_the_text_says_how_to_get_them():
    loss, _, _ = network()
    replay = tg.replay(loss)
    assert not replay.lines and all(step.source is None for step in replay.steps)
    assert "tg.replay(f, *args)" in replay.text() and "record_lines" in replay.html()
    with tg.autograd.record_lines():
        loss, _, _ = network()
    assert tg.replay(loss).steps[-1].source.text.startswith("return (tg.tanh")


def test_names_are_given_or_those_of_variables():
    w, x = tg.ones(2, requires_grad=True), tg.ones(2)
    loss = (w * x).sum()
    assert [t.name for t in tg.replay(loss).tensors()] == ["w", "x", "mul 1", "loss"]
    assert [t.name for t in tg.replay(loss, params={"W": w}).tensors()] == ["W", "x", "mul 1", "loss"]
    assert tg.replay((w * 3).sum()).outputs[0].name == "L"
    model = tg.nn.Linear(2, 1)
    replay = tg.replay(model(tg.ones(1, 2)).sum(), params=model)
    assert {leaf.name for leaf in replay.leaves} == {"weight", "bias"}


def test_several_outputs_and_gradients():
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    b = a * a
    with pytest.raises(NonScalarError):
        tg.replay(b)
    with pytest.raises(ShapeError):
        tg.replay(b, gradient=np.ones(3))
    with pytest.raises(ArgumentError, match="2 outputs but 1 gradients"):
        tg.replay([b, b], gradient=np.ones(2))
    replay = after_backward([b, b.sum()], [a], gradient=[np.array([1.0, 10.0]), None])
    assert [step.op for step in replay.steps] == ["sum", "mul"]
    first = replay.steps[0].inputs[0]
    np.testing.assert_array_equal(first.before, [1, 10])
    np.testing.assert_array_equal(first.after, [2, 11])


def test_an_output_that_is_a_leaf():
    a = tg.tensor(3.0, requires_grad=True)
    replay = tg.replay(a)
    assert replay.steps == replay.forward == ()
    assert replay.leaves[0].gradient == 1 and replay.outputs[0] is replay.leaves[0]
    assert "starts with" in replay.text() and "<svg" in replay.html()
    replay = after_backward([a, a * 2], [a], gradient=[None, None])
    assert replay.of(a).gradient == 3


@pytest.mark.parametrize("wrong", [3, "loss", None, [], {"a": 1}, [1]])
def test_anything_else_is_refused(wrong):
    with pytest.raises(ArgumentError, match="replay"):
        tg.replay(wrong)


def test_wrong_arguments_say_what_to_write():
    a = tg.ones(1, requires_grad=True)
    with pytest.raises(ArgumentError, match="only a function takes them"):
        tg.replay(a * 2, a)
    for value in (3.0, np.arange(3.0)):
        with pytest.raises(ArgumentError, match=r"must return a tensor.*got (float|ndarray).*tg\.tensor\(x, req"):
            tg.replay(lambda x: x**2, value)
    with pytest.raises(NoHistoryError, match=r"^replay: .*requires_grad"):
        tg.replay(tg.ones(1))
    with pytest.raises(NoHistoryError, match=r"^replay: .*requires_grad"):
        tg.replay(lambda x: [x * 2, x], tg.ones(1))
    with tg.no_grad(), pytest.raises(NoHistoryError):
        tg.replay(lambda: a * 2)
    with pytest.raises(ArgumentError, match="not in this graph"):
        tg.replay(a * 2).of(tg.ones(1))
    with pytest.raises(ArgumentError, match="got int"):
        tg.replay(a * 2).of(1)
    with pytest.raises(ArgumentError, match="params"):
        tg.replay(a * 2, params=3)


# ---------------------------------------------------------------------- every kind of graph


class Cube(tg.autograd.Function):
    """A user's own op."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Own(tg.Tensor):
    """A tensor of a class of the user's."""


def lstm(x):
    tg.manual_seed(0)
    return tg.nn.LSTM(3, 2).double()(x.reshape(2, 1, 3))[0]


def twice(x):
    layer = tg.nn.Linear(3, 3)
    return layer(tg.relu(layer(x)))


def in_place(x):
    y = x * 2
    y[0] = y[1] * y[1]
    y += x
    return y


KINDS = {
    "function": lambda x: Cube.apply(x) + Cube.apply(x),
    "variadic": lambda x: tg.cat([x, x * 2, tg.ones(1, 3)]),
    "max with indices": lambda x: x.max(dim=1).values,
    "topk": lambda x: x.topk(2).values,
    "svd": lambda x: tg.linalg.svd(x, full_matrices=False)[1],
    "lstm": lstm,
    "shared module": twice,
    "in place": in_place,
    "view": lambda x: x.T[1:].reshape(-1)[::2],
    "subclass": lambda x: x.as_subclass(Own) * 2 if hasattr(x, "as_subclass") else x * 2,
    "complex": lambda x: (tg.complex(x, x * 2) ** 2).abs(),
    "bool and int": lambda x: tg.where(x > 0, x, x * 0.1)[:, tg.tensor([0, 2])],
    "0-d": lambda x: x.sum() * x[0, 0],
    "empty": lambda x: tg.cat([x[:0], x]) * x[:0].sum(),
    "numpy": lambda x: np.exp(x) + np.sum(x, axis=0),
    "infinite": lambda x: x * tg.tensor([np.inf, 0.0, 1.0]),
    "not a number": lambda x: tg.log(x - 100),
    "embedding": lambda x: tg.nn.functional.embedding(tg.tensor([[0, 1, 1]]), x),
    "unbroadcast": lambda x: x + x[0] + x[0, 0],
    "nothing arrives": lambda x: tg.floor_divide(x, 2.0) + x.detach(),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_graph(name):
    x = tg.tensor([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]], dtype=tg.float64, requires_grad=True)
    with np.errstate(all="ignore"):
        y = KINDS[name](x)
        replay = tg.replay(y, gradient=np.ones(y.shape, y.dtype.name))
        y.backward(tg.ones(y.shape, dtype=y.dtype))
        agrees(replay, [x])
        text = replay.text()
    assert max(map(len, text.splitlines())) <= 80
    assert "<svg" in replay.html()
    with np.errstate(all="ignore"):
        again = tg.replay(lambda x: KINDS[name](x), x, gradient=np.ones(y.shape, y.dtype.name))
    assert len(again.steps) == len(replay.steps)
    assert not [t for t in again.tensors() if isinstance(t.value, str)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_are_those_of_the_graph(dtype):
    w = tg.tensor([1.0, 2.0], dtype=getattr(tg, dtype), requires_grad=True)
    replay = after_backward((w * w).sum(), [w])
    assert replay.of(w).dtype == replay.of(w).gradient.dtype == replay.steps[-1].gradient.dtype == np.dtype(dtype)


def test_integers_and_booleans_are_constants():
    w = tg.ones(3, requires_grad=True)
    counts, mask = tg.tensor([1, 2, 3], dtype=tg.int8), tg.tensor([True, False, True])
    replay = tg.replay(lambda: (w * counts * mask).sum())
    kinds = {t.name: (t.kind, str(t.dtype)) for t in replay.tensors() if t.kind == "constant"}
    assert kinds == {"counts": ("constant", "int8"), "mask": ("constant", "bool")}
    assert "mask (3,)" in replay.text()


def test_hooks_have_their_say():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = w * w
    y.register_hook(lambda g: g * 10)
    w.register_hook(lambda g: g + 1)
    loss = y.sum()
    replay = tg.replay(loss)
    loss.backward()
    np.testing.assert_array_equal(replay.of(w).gradient, w.grad.numpy())
    assert replay.steps[1].gradient[0] == 10
    np.testing.assert_array_equal(summed(replay, replay.of(w)), w.grad.numpy() - 1)


def test_a_leaf_that_is_gone_and_a_gradient_that_never_comes():
    y = tg.tensor(2.0, requires_grad=True) * 3
    replay = tg.replay(y)
    assert replay.leaves[0].gradient == 3 and replay.leaves[0].tensor is None
    a, b = (tg.tensor(2.0, requires_grad=True) for _ in range(2))

    class Blind(tg.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, None

    replay = after_backward(Blind.apply(a, b), [a, b])
    assert replay.of(b).gradient is None
    assert "none arrives" in replay.text()


def test_values_that_were_packed_are_unpacked():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), lambda a: tg.tensor(a)):
        loss = (w.exp() * w).sum()
    after_backward(loss, [w])


def test_each_thread_has_its_own():
    found, failed = {}, []

    def one(i):
        try:
            w = tg.tensor([float(i)], requires_grad=True)
            found[i] = tg.replay(lambda w: (w * w).sum(), w).of(w).gradient[0]
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and found == {i: 2.0 * i for i in range(8)}


def test_a_long_chain_is_cut_and_says_so():
    y = tg.ones(2, requires_grad=True)
    for _ in range(20_000):
        y = y * 1.0
    replay = tg.replay(y.sum())
    assert len(replay.steps) == 20_001
    text, html = replay.text(), replay.html()
    assert "19801 steps farther from the outputs left out; limit= shows more." in " ".join(text.split())
    assert "19801 steps farther from the outputs left out" in html and len(html) < 2_000_000
    assert len(text.splitlines()) < 3000
    assert "1 step farther" in tg.replay((y.detach().requires_grad_() * 2).sum()).text(limit=1)


@pytest.mark.parametrize("limit", [0, -1, 1.5, None, True, "all"])
def test_a_limit_is_a_number_of_steps(limit):
    replay = tg.replay(network()[0])
    for show in (replay.text, replay.html):
        with pytest.raises(ArgumentError, match="a number of steps from 1"):
            show(limit=limit)


def test_a_part_of_a_graph_names_what_it_leaves_out():
    replay = tg.replay(network()[0])
    html = replay.html(limit=2)
    assert '"kind":"earlier"' in html and html.count('class="node') == 3
    assert "3 steps farther from the outputs left out" in html


def test_without_a_program_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    replay = tg.replay(network()[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYGRAD_BP_DOT", str(tmp_path / "nowhere"))
    for write in (replay.html, lambda: replay.save("new/xor.html")):
        with pytest.raises(DotNotFoundError, match=r"TINYGRAD_BP_DOT names .*pip install graphviz-pure"):
            write()
    assert not list(tmp_path.iterdir())
    shown = replay._repr_html_()
    assert "pip install graphviz-pure" in shown and "Backward:" in shown and "<script" not in shown
    assert replay.text()


def test_the_wheel_is_enough(tmp_path, monkeypatch):
    monkeypatch.delenv("TINYGRAD_BP_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "<svg" in tg.replay(network()[0]).html()


def test_a_page_is_made_of_files_beside_the_code():
    folder = Path(tg.replaying.__file__).parent
    assert {path.name for path in folder.iterdir() if path.suffix in (".html", ".css", ".js")} == {
        "page.html", "page.css", "page.js",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in folder.glob("page.[hcj]*")) < 60_000


def test_figures_of_a_page(tmp_path):
    replay = tg.replay(network()[0])
    path = replay.save(tmp_path / "new" / "xor.html")
    html = (tmp_path / "new" / "xor.html").read_text(encoding="utf-8")
    assert path == str(tmp_path / "new" / "xor.html") and html == replay.html()
    assert len(html) < 150_000
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "") and "https://" not in html
    shown = replay._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts"') and "<script" not in shown
