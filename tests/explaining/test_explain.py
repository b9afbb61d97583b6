"""Explanations: the printed derivation computes the gradient, reads as the reports do, and compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, FreedError, ModifiedError, NonScalarError, ShapeError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.explaining import rules
from tinygrad_bp.explaining.latex import document
from tinygrad_bp.verify import contracts as c

from .calls import CALLS, recorded

F = tg.nn.functional


def worst(op: Any, sample: Any) -> float:
    """How far what an explanation of an op computes is from ``.grad``, relative to the gradient's size."""
    inputs, result, g = recorded(op, sample)
    wanted = {f"x{i}": inputs[i] for i in c.differentiable(op, [x.numpy(force=True) for x in inputs])}
    with np.errstate(all="ignore"):
        e = tg.explain(result, wrt=wanted, gradient=g)
        found = e.evaluate()
        result.backward(tg.as_tensor(g))
    errors = [0.0]
    for word, x in wanted.items():
        assert (x.grad is None) == (found[word] is None)
        if x.grad is not None and x.grad.numel():
            truth = x.grad.numpy(force=True)
            finite = np.isfinite(truth)
            assert found[word].dtype == truth.dtype and (np.isfinite(found[word]) == finite).all()
            size = max(1.0, float(np.abs(truth[finite]).max(initial=0)))
            errors.append(float(np.abs(found[word] - truth)[finite].max(initial=0)) / size)
    assert str(e) and e.markdown() and e.latex()
    return max(errors)


@together(("op", "sample"), CALLS)
def test_the_derivation_computes_the_gradient(op: Any, sample: Any) -> None:
    assert worst(op, sample) <= 1e-10


def test_a_derivation_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS["tanh"]
    sample = op.samples[0]
    assert worst(op, sample) <= 1e-10
    monkeypatch.setattr(OPS["mul"], "forward", np.add)  # what the printed products compute
    assert worst(op, sample) > 1e-3


def test_a_gradient_that_the_rules_do_not_give_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    op = OPS["exp"]
    assert worst(op, op.samples[0]) <= 1e-10
    inputs, result, g = recorded(op, op.samples[0])
    e = tg.explain(result, wrt=inputs[0], gradient=g)
    before = op.pull
    monkeypatch.setattr(op, "pull", lambda g, parents, kept: before(-g, parents, kept))
    monkeypatch.setattr(op, "back", None)  # which has the rules in it
    result.backward(tg.as_tensor(g))
    assert not np.allclose(e.evaluate(), inputs[0].grad.numpy())


STEPS: list[Any] = [
    lambda a, b: a @ b * 0.3, lambda a, b: a * b, lambda a, b: a + b, lambda a, b: tg.tanh(a),
    lambda a, b: a - b.sum(0), lambda a, b: tg.softmax(a, 1), lambda a, b: tg.relu(a), lambda a, b: a.T,
    lambda a, b: tg.cat([a, b])[1:4], lambda a, b: a.mean(1, keepdim=True) * b,
]  # fmt: skip


def test_random_networks() -> None:
    """Shared values, several ways, both orders of the same operands."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        leaves = [tg.tensor(rng.standard_normal((3, 3)), requires_grad=True) for _ in range(3)]
        values = list(leaves)
        for _ in range(12):
            a, b = (values[i] for i in rng.integers(0, len(values), 2))
            values.append(STEPS[rng.integers(0, len(STEPS))](a, b))
        loss = sum(value.sum() for value in values[-3:])
        e = tg.explain(loss, wrt=leaves)
        found = e.evaluate()
        for grad, ours in zip(tg.autograd.grad(loss, leaves, allow_unused=True), found.values(), strict=True):
            assert (grad is None) == (ours is None)
            if grad is not None:
                np.testing.assert_allclose(ours, grad.numpy(), rtol=1e-10, atol=1e-10)
        if e.paths:
            total = sum(path.value for path in e.paths)
            np.testing.assert_allclose(total, next(iter(found.values())), rtol=1e-10, atol=1e-10)


# ---------------------------------------------------------------------- the reports


def r4() -> tuple[Any, dict[str, Any]]:
    X, T = 10 * tg.randn(5, 4), tg.tensor([0, 1, 2, 2, 1])
    W1, b1 = (1e-4 * tg.randn(4, 10)).requires_grad_(), tg.zeros(10, requires_grad=True)
    W2, b2 = (1e-4 * tg.randn(10, 3)).requires_grad_(), tg.zeros(3, requires_grad=True)
    loss = F.cross_entropy(tg.relu(X @ W1 + b1) @ W2 + b2, T) + 0.05 * ((W1**2).sum() + (W2**2).sum())
    return tg.explain(loss, wrt=[W1, b1, W2, b2]), {}


def r2() -> tuple[Any, dict[str, Any]]:
    X, Y = (tg.tensor(array, dtype=tg.float32) for array in tg.data.xor())
    W1, W2 = tg.randn(2, 10, requires_grad=True), tg.randn(10, 1, requires_grad=True)
    b1, b2 = tg.zeros(10, requires_grad=True), tg.zeros(1, requires_grad=True)
    p = tg.sigmoid(tg.sigmoid(X @ W1 + b1) @ W2 + b2)
    return tg.explain(F.mse_loss(p, Y, reduction="sum"), wrt=[W1, b1, W2, b2]), {}


def r1() -> tuple[Any, dict[str, Any]]:
    nn = tg.nn
    X, T = tg.rand(64, 784), tg.randint(0, 10, (64,))
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    return tg.explain(F.cross_entropy(model(X), T), wrt=model), {}


R4 = """
∂L/∂W1 = Xᵀ · δ1 + 0.05 · 2 · W1  (4, 10)
∂L/∂b1 = Σ rows δ1  (10,)
∂L/∂W2 = A1ᵀ · δ2 + 0.05 · 2 · W2  (10, 3)
∂L/∂b2 = Σ rows δ2  (3,)
δ1 = ∂L/∂Z1 = (δ2 · W2ᵀ) ∘ relu′(Z1)  (5, 10)
δ2 = ∂L/∂Z2 = (softmax(Z2) − [T = 0…2]) / 5  (5, 3)
Z1 = X · W1 + b1  (5, 10)
A1 = relu(Z1)  (5, 10)
Z2 = A1 · W2 + b2  (5, 3)
relu′(Z1) = [A1 ≠ 0]
"""
R2 = """
∂L/∂W1 = Xᵀ · δ1  (2, 10)
∂L/∂b1 = Σ rows δ1  (10,)
∂L/∂W2 = A1ᵀ · δ2  (10, 1)
∂L/∂b2 = Σ rows δ2  (1,)
δ1 = ∂L/∂Z1 = (δ2 · W2ᵀ) ∘ sigmoid′(Z1)  (21, 10)
δ2 = ∂L/∂Z2 = 2 · (p − Y) ∘ sigmoid′(Z2)  (21, 1)
Z1 = X · W1 + b1  (21, 10)
A1 = sigmoid(Z1)  (21, 10)
Z2 = A1 · W2 + b2  (21, 1)
p = sigmoid(Z2)  (21, 1)
sigmoid′(x) = σ(x) · σ(−x)
"""
R1 = """
∂L/∂weight_0 = δ1ᵀ · X  (256, 784)
∂L/∂bias_0 = Σ rows δ1  (256,)
∂L/∂weight_2 = δ2ᵀ · A1  (128, 256)
∂L/∂weight_4 = δ3ᵀ · A2  (10, 128)
δ1 = ∂L/∂Z1 = (δ2 · weight_2) ∘ relu′(Z1)  (64, 256)
δ2 = ∂L/∂Z2 = (δ3 · weight_4) ∘ relu′(Z2)  (64, 128)
δ3 = ∂L/∂Z3 = (softmax(Z3) − [T = 0…9]) / 64  (64, 10)
Z1 = X · weight_0ᵀ + bias_0  (64, 256)
Z3 = A2 · weight_4ᵀ + bias_4  (64, 10)
"""


@pytest.mark.parametrize(("network", "wanted"), [(r4, R4), (r2, R2), (r1, R1)], ids=["r4", "r2", "r1"])
def test_the_reports_are_derived_as_they_write_it(network: Any, wanted: str) -> None:
    e, _ = network()
    lines = {re.sub(r"\s+", " ", line).strip() for line in e.text().split("\n")}
    for line in wanted.strip().split("\n"):
        assert re.sub(r"\s+", " ", line) in lines, str(e)
    assert e.cause.kind in ("ordinary", "partly zero")


# ---------------------------------------------------------------------- what is shown


def test_a_small_graph_in_full() -> None:
    a = tg.tensor(3.0, requires_grad=True)
    b = a + a
    c_ = b * b
    assert str(tg.explain(c_, wrt=a)) == "\n".join([
        "L = b² = 36", "",
        "∂L/∂a      = 2 · δ1  ()",
        "δ1 = ∂L/∂b = 2 · b   ()", "",
        "where", "  b = 2 · a  ()", "",
        "in numbers", "  a              = 3", "  b              = 6",
        "  δ1 = 2 · 6     = 12", "  ∂L/∂a = 2 · 12 = 24", "",
        "∂L/∂a is the sum over 4 paths from the loss:",
        *["  mul → add  b = 6"] * 4, "",
        "nothing is wrong with ∂L/∂a: ‖∂L/∂a‖ = 24",
    ])  # fmt: skip


def diamonds(count: int) -> tuple[Any, Any]:
    a = tg.tensor([1.0], dtype=tg.float64, requires_grad=True)
    h = a
    for _ in range(count):
        h = h * 0.5 + h * 0.5
    return h.sum(), a


def test_ten_thousand_diamonds_are_merged() -> None:
    loss, a = diamonds(10_000)
    e = tg.explain(loss, wrt=a)
    assert e.path_count == 2**10_000 and e.paths == ()
    shown = str(e)
    assert len(shown) < 20_000
    assert "9,975 lines between are left out; text(most=None) shows all" in shown
    assert "about 10^3010 paths lead to it; they are added where they meet" in shown
    assert e.evaluate() == 1.0
    assert "9975 lines between are left out" in e.latex() and "9,975 lines between" in e.markdown()


def test_all_lines_are_there_when_asked_for() -> None:
    loss, a = diamonds(60)
    e = tg.explain(loss, wrt=a)
    assert len(e.lines) == 60 and "left out" in str(e)
    assert "left out" not in e.text(most=None) and "not spelled out" not in e.text(most=None)
    assert e.text(most=None).count("∂L/∂Z") == 59


def test_names_are_the_callers_the_tensors_or_given() -> None:
    w = tg.ones(2, requires_grad=True)
    assert "∂L/∂w " in str(tg.explain((w * w).sum(), wrt=w))
    assert "∂L/∂v " in str(tg.explain((w * w).sum(), wrt={"v": w}))
    w.name = "theta"
    assert "∂L/∂theta " in str(tg.explain((w * w).sum(), wrt=w))
    x = tg.ones(2)
    assert "∂L/∂theta = input" in str(tg.explain((w * x).sum(), wrt=w, params={"input": x}))
    model = tg.nn.Linear(2, 1)
    assert list(tg.explain(model(x).sum(), wrt=model).causes) == ["weight", "bias"]


HOSTILE = [
    "<script>alert(1)</script>", "a\\b{c}", "$x$ & 50 %", "\u202e\ud800", "日本", "x_1^2~#", '"' * 3, "", " ", "δ1",
    "L", "0.weight", "n" * 300,
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_any_name_is_shown(word: str) -> None:
    w = tg.ones(2, requires_grad=True)
    e = tg.explain((w * w).sum(), wrt={word: w})
    for shown in (str(e), e.markdown(), e.latex(), repr(e)):
        shown.encode()
    assert e.latex().isascii() and "\u202e" not in str(e)
    assert e.evaluate()[next(iter(e.causes))].tolist() == [2, 2]


# ---------------------------------------------------------------------- LaTeX


def compiled(tex: str, folder: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    (folder / "e.tex").write_text(tex, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "e.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-3000:]


def test_the_reports_compile(tmp_path: Path) -> None:
    compiled(document("\n".join(network()[0].latex() for network in (r4, r2, r1))), tmp_path)


def test_every_op_compiles(tmp_path: Path) -> None:
    pieces = []
    for op in {param.values[0].name: param.values for param in CALLS}.values():
        inputs, result, g = recorded(*op)
        wanted = {f"x{i}": inputs[i] for i in c.differentiable(op[0], [x.numpy(force=True) for x in inputs])}
        with np.errstate(all="ignore"):
            pieces.append(tg.explain(result, wrt=wanted, gradient=g).latex())
    compiled(document("\n".join(pieces)), tmp_path)


def test_any_name_compiles(tmp_path: Path) -> None:
    w = tg.ones(2, requires_grad=True)
    compiled(document("\n".join(tg.explain((w * w).sum(), wrt={word: w}).latex() for word in HOSTILE)), tmp_path)


def test_a_whole_document(tmp_path: Path) -> None:
    compiled(r4()[0].latex(whole=True), tmp_path)


def test_latex_that_is_wrong_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Undefined control sequence"):
        compiled(document(r"\[ \nosuchcommand \]"), tmp_path)


def test_notebooks_show_it() -> None:
    e, _ = r4()
    assert e._repr_markdown_() == e.markdown() and e._repr_latex_() == e.latex()
    assert e.markdown().startswith("$$\nL = ")


# ---------------------------------------------------------------------- every kind of tensor


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64, tg.complex64, tg.complex128])
@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 1, 3)])
def test_dtypes_and_shapes(dtype: Any, shape: tuple[int, ...]) -> None:
    w = tg.ones(*shape, dtype=dtype).requires_grad_() if shape else tg.tensor(1.0, dtype=dtype, requires_grad=True)
    y = (w * w + w.exp()).abs() if dtype.kind == "c" else w * w + w.exp()
    loss = y.sum()
    e = tg.explain(loss, wrt=w)
    loss.backward(retain_graph=True)
    found = e.evaluate()
    assert found.dtype == w.grad.dtype and found.shape == w.grad.shape
    np.testing.assert_allclose(found, w.grad.numpy(), rtol=2e-3 if dtype == tg.float16 else 1e-5)
    assert str(e)


def test_views_and_memory_of_any_order() -> None:
    w = tg.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    loss = (w.T[::2] * w[:, 1:3].T).sum() + w.reshape(2, 6)[0].sum()
    e = tg.explain(loss, wrt=w)
    loss.backward()
    np.testing.assert_array_equal(e.evaluate(), w.grad.numpy())


def test_several_results() -> None:
    w = tg.tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)
    values, _ = w.max(dim=1)
    top = tg.topk(w, 2).values
    u, s, v = tg.linalg.svd(w, full_matrices=False)
    loss = (values * top.sum(1)).sum() + s.sum() + (u @ v).sum()
    e = tg.explain(loss, wrt=w)
    loss.backward()
    np.testing.assert_allclose(e.evaluate(), w.grad.numpy(), rtol=1e-10, atol=1e-10)


def test_an_lstm_and_a_convolution() -> None:
    x = tg.randn(5, 2, 3, dtype=tg.float64)
    lstm = tg.nn.LSTM(3, 4).double()
    output, (h, c_) = lstm(x)
    loss = output.sum() + (h * c_).sum()
    e = tg.explain(loss, wrt=lstm)
    found = e.evaluate()
    loss.backward()
    for word, p in lstm.named_parameters():
        np.testing.assert_allclose(found[word], p.grad.numpy(), rtol=1e-10, atol=1e-10)
    assert "lstm_vjp(" in str(e)
    conv = tg.nn.Conv2d(1, 2, 3).double()
    loss = tg.relu(conv(tg.randn(1, 1, 6, 6, dtype=tg.float64))).sum()
    e = tg.explain(loss, wrt=conv)
    loss.backward()
    np.testing.assert_allclose(e.evaluate()["weight"], conv.weight.grad.numpy(), rtol=1e-10, atol=1e-10)
    assert "convolution_weight(" in str(e)


class Cube(tg.autograd.Function):
    """A user's own."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


def test_a_function_of_the_users() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    e = tg.explain(Cube.apply(w).sum(), wrt=w)
    assert e.evaluate().tolist() == [3, 12] and "∂L/∂w = 3 · w²" in str(e)
    assert "L = Σ Cube(w)" in str(e)


def test_second_order() -> None:
    w = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    (g,) = tg.autograd.grad((w**3).sum(), w, create_graph=True)
    e = tg.explain((g * g).sum(), wrt=w)
    (truth,) = tg.autograd.grad((g * g).sum(), w, retain_graph=True)
    np.testing.assert_allclose(e.evaluate(), truth.numpy(), rtol=1e-12)


def test_hooks_are_part_of_it() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    h = w * 2
    h.register_hook(lambda g: 10 * g)
    w.register_hook(lambda g: g + 1)
    loss = (h * h).sum()
    e = tg.explain(loss, wrt=w)
    loss.backward()
    np.testing.assert_array_equal(e.evaluate(), w.grad.numpy())
    assert "hook(" in str(e) and e.paths == ()


def test_an_inner_tensor() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    h = w * 2
    loss = (h * h).sum()
    e = tg.explain(loss, wrt=[h, w])
    assert {word: value.tolist() for word, value in e.evaluate().items()} == {"h": [4, 8], "w": [8, 16]}
    assert "∂L/∂w = ∂L/∂h · 2" in str(e) or "∂L/∂w = 2 · ∂L/∂h" in str(e)


def test_the_loss_itself() -> None:
    w = tg.tensor(2.0, requires_grad=True)
    e = tg.explain(w, wrt=w)
    assert e.evaluate() == 1 and "∂L/∂w = 1" in str(e)


def test_nothing_changes() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    str(tg.explain(loss, wrt=w))
    assert w.grad is None
    loss.backward()
    assert w.grad.tolist() == [2, 4]


def test_a_layer_of_a_transformer() -> None:
    """Rules as a whole, transpositions of any axes, a parameter of which three parts are used, and many causes."""
    layer = tg.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0).double()
    loss = layer(tg.randn(2, 3, 8, dtype=tg.float64)).square().mean()
    e = tg.explain(loss, wrt=layer)
    shown, found = str(e), e.evaluate()
    loss.backward()
    for word, p in layer.named_parameters():
        np.testing.assert_allclose(found[word], p.grad.numpy(), rtol=1e-10, atol=1e-10)
    assert "layer_norm_vjp(" in shown and "place(δ1ᵀ" in shown and "more symbols are not spelled out" in shown
    assert "nothing is wrong with ∂L/∂linear2.weight, ∂L/∂linear2.bias, " in shown


def test_another_thread() -> None:
    found: list[Any] = []
    w = tg.tensor([1.0, -1.0], requires_grad=True)
    thread = threading.Thread(target=lambda: found.append(tg.explain(lambda: tg.relu(w).sum(), wrt=w)))
    thread.start()
    thread.join()
    assert found[0].cause.kind == "partly zero" and found[0].evaluate().tolist() == [1, 0]


class Marked(tg.Tensor):
    """A subclass."""


def test_a_subclass_and_a_shared_module() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True).as_subclass(Marked)
    assert tg.explain((w * w).sum(), wrt=w).evaluate().tolist() == [2, 4]
    shared = tg.nn.Linear(2, 2, bias=False)
    model = tg.nn.Sequential(shared, tg.nn.Tanh(), shared)
    loss = model(tg.ones(1, 2)).sum()
    e = tg.explain(loss, wrt=model)
    (truth,) = tg.autograd.grad(loss, list(model.parameters()), retain_graph=True)
    np.testing.assert_allclose(e.evaluate()["weight_0"], truth.numpy(), rtol=1e-5)
    assert e.path_count == 2


# ---------------------------------------------------------------------- what is refused


def freed() -> Any:
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    return tg.explain(loss, wrt=w)


def written() -> Any:
    w = tg.ones(2, requires_grad=True)
    loss = (w * w).sum()
    with tg.no_grad():
        w.mul_(2)
    return tg.explain(loss, wrt=w)


def written_later() -> Any:
    w = tg.ones(2, requires_grad=True)
    e = tg.explain((w * w).sum(), wrt=w)
    with tg.no_grad():
        w.mul_(2)
    assert "Values were written since: the numbers are left out" in str(e) and "∂L/∂w = 2 · w" in str(e)
    return e.evaluate()


W = tg.ones(2, requires_grad=True)
REFUSED = [
    (freed, FreedError, r"Write tg\.explain\(loss, wrt=W\) before loss\.backward\(\)"),
    (written, ModifiedError, "modified by an in-place operation"),
    (written_later, ModifiedError, "Evaluate before the write, or explain again"),
    (lambda: tg.explain(W * 2, wrt=W), NonScalarError, r"shape \(2,\).*give gradient="),
    (lambda: tg.explain(W * 2, wrt=W, gradient=tg.ones(3)), ShapeError, r"\(2,\).*\(3,\)"),
    (lambda: tg.explain(3.0, wrt=W), ArgumentError, "got float"),
    (lambda: tg.explain(lambda: 3.0, wrt=W), ArgumentError, "got float"),
    (lambda: tg.explain(W.sum(), wrt=[]), ArgumentError, "wrt is a tensor"),
    (lambda: tg.explain(W.sum(), wrt=3), ArgumentError, "got int"),
    (lambda: tg.explain(W.sum(), wrt=[W, 3]), ArgumentError, "wrt is a tensor"),
    (lambda: tg.explain(W.sum(), W, wrt=W), ArgumentError, "1 more arguments"),
    (lambda: tg.explain(W.sum(), wrt=W, params=[W]), ArgumentError, "params is a dict"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "said"), REFUSED)
def test_what_cannot_be_explained_says_why(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        call()
    assert W.grad is None


def test_a_rule_that_meets_a_repeated_gradient_first_is_the_rule():
    def gradients(weights):
        x = tg.tensor([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]], dtype=tg.float64, requires_grad=True)
        loss = (tg.cat([x[1:], x[:1] * 2.0]) * weights).sum() if weights is not None else tg.cat([x[1:], x[:1]]).sum()
        loss.backward(retain_graph=True)
        return tg.explain(loss, wrt=x).evaluate(), x.grad.numpy()

    rules._KNOWN.clear()
    for weights in (None, tg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=tg.float64)):  # sum repeats one number
        found, right = gradients(weights)
        np.testing.assert_allclose(found, right, rtol=1e-12)
