"""``tg.compare``: gradients made by hand, value by value through a whole network, against the engine's."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ModifiedError

ROWS, CONTEXT, SIGNS, WIDTH, UNITS = 32, 3, 27, 10, 64

# A character model with batch norm, its backward through every value on the way: the exercise of a well-known lecture.
# A mistake: the line of the backward that is another one, and what is found: the first wrong one, how, and where.
MISTAKES = {
    "right": ("", "", "", "", ""),
    "1/N missing": ("dlogprobs = picked * -1 / n", "dlogprobs = picked * -1", "dlogprobs", "summed", "the loss"),
    "log's derivative": ("dprobs = dlogprobs / probs", "dprobs = dlogprobs", "dprobs", "derivative missing", "log"),
    "sum not over rows": (
        "dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)", "dcounts_sum_inv = counts * dprobs",
        "dcounts_sum_inv", "not summed", "dprobs and dcounts_sum_inv",
    ),
    "sign of a power": (
        "dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv", "dcounts_sum = counts_sum**-2 * dcounts_sum_inv",
        "dcounts_sum", "sign", "dcounts_sum_inv and dcounts_sum: the rule of pow",
    ),
    "a path forgotten": (
        "dcounts = counts_sum_inv * dprobs + dcounts_sum", "dcounts = counts_sum_inv * dprobs",
        "dcounts", "path missing", "sum (counts_sum)",
    ),
    "exp's derivative": (
        "dnorm_logits = counts * dcounts", "dnorm_logits = dcounts",
        "dnorm_logits", "derivative missing", "exp (counts)",
    ),
    "wrong axis": ("db2 = dlogits.sum(0)", "db2 = dlogits.sum(1)", "db2", "shape", "dlogits and db2"),
    "tanh from its input": (
        "dhpreact = (1 - h**2) * dh", "dhpreact = (1 - hpreact**2) * dh",
        "dhpreact", "", "dh and dhpreact: the rule of tanh",
    ),
    "the mean's part": (
        "dhprebn = dbndiff + dbnmeani / n", "dhprebn = dbndiff", "dhprebn", "path missing", "bnmeani",
    ),
    "twice the square": (
        "dbndiff = bnvar_inv * dbnraw + 2 * bndiff * dbndiff2", "dbndiff = bnvar_inv * dbnraw + bndiff * dbndiff2",
        "dbndiff", "path factor", "through pow (bndiff2) is 0.5 times",
    ),
    "every character counted": (
        "np.add.at(dC, Xb, demb)", "dC[Xb] += demb", "dC", "repeats lost", "np.add.at",
    ),
}  # fmt: skip

BACKWARD = """
n = len(Xb)
picked = np.zeros(logprobs.shape, logprobs.dtype)
picked[np.arange(n), Yb] = 1
dlogprobs = picked * -1 / n
dprobs = dlogprobs / probs
dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)
dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
dcounts = counts_sum_inv * dprobs + dcounts_sum
dnorm_logits = counts * dcounts
dlogit_maxes = -dnorm_logits.sum(1, keepdims=True)
dlogits = dnorm_logits + dlogit_maxes * (np.arange(logits.shape[1]) == logits.argmax(1)[:, None])
dh = dlogits @ W2.T
dW2 = h.T @ dlogits
db2 = dlogits.sum(0)
dhpreact = (1 - h**2) * dh
dbngain = (bnraw * dhpreact).sum(0, keepdims=True)
dbnraw = bngain * dhpreact
dbnbias = dhpreact.sum(0, keepdims=True)
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)
dbnvar = -0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv
dbndiff2 = np.ones_like(bndiff2) * dbnvar / (n - 1)
dbndiff = bnvar_inv * dbnraw + 2 * bndiff * dbndiff2
dbnmeani = -dbndiff.sum(0, keepdims=True)
dhprebn = dbndiff + dbnmeani / n
dembcat = dhprebn @ W1.T
dW1 = embcat.T @ dhprebn
db1 = dhprebn.sum(0)
demb = dembcat.reshape(emb.shape)
dC = np.zeros_like(C)
np.add.at(dC, Xb, demb)
"""


def network(dtype: Any = np.float64, seed: int = 0) -> dict[str, Any]:
    """The parameters, every value on the way, and the loss, by name."""
    rng = np.random.default_rng(seed)
    Xb, Yb = rng.integers(0, SIGNS, (ROWS, CONTEXT)), rng.integers(0, SIGNS, ROWS)
    sizes = {
        "C": (SIGNS, WIDTH), "W1": (WIDTH * CONTEXT, UNITS), "b1": (UNITS,), "W2": (UNITS, SIGNS), "b2": (SIGNS,),
        "bngain": (1, UNITS), "bnbias": (1, UNITS),
    }  # fmt: skip
    scale = {"C": 1.0, "W1": 5 / 3 / (WIDTH * CONTEXT) ** 0.5}
    p = {k: tg.tensor((scale.get(k, 0.1) * rng.standard_normal(s)).astype(dtype)) for k, s in sizes.items()}
    for parameter in p.values():
        parameter.requires_grad = True
    C, W1, b1, W2, b2, bngain, bnbias = p.values()
    emb = C[Xb]
    embcat = emb.view(emb.shape[0], -1)
    hprebn = embcat @ W1 + b1
    bnmeani = 1 / ROWS * hprebn.sum(0, keepdim=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (ROWS - 1) * bndiff2.sum(0, keepdim=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = tg.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdim=True).values
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    loss = -logprobs[range(ROWS), Yb].mean()
    return {name: value for name, value in locals().items() if name in p or isinstance(value, (tg.Tensor, np.ndarray))}


def manual(values: dict[str, Any], line: str = "", instead: str = "") -> dict[str, Any]:
    """The gradients by hand, with one line of the backward replaced."""
    assert line in BACKWARD
    arrays = {k: v.numpy(force=True) if isinstance(v, tg.Tensor) else v for k, v in values.items()}
    exec(BACKWARD.replace(line, instead) if line else BACKWARD, {"np": np}, arrays)
    return {k: v for k, v in arrays.items() if k[0] == "d" and k[1:] in values}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_whole_exercise(mistake: str, dtype: Any, seed: int) -> None:
    line, instead, first, kind, where = MISTAKES[mistake]
    values = network(dtype, seed)
    made = manual(values, line, instead)
    assert len(made) == 26
    found = tg.compare(made, values["loss"], values)
    assert len(found.findings) == len(made)
    assert max(map(len, str(found).split("\n"))) <= 80
    if not first:
        assert found.ok and found.first is None and str(found).endswith("All 26 are right."), found
        return
    assert not found.ok and found.first is not None
    assert found.first.name == first, found
    assert not kind or found.first.kind == kind, found
    assert where in found.first.place + found.first.sentence, found
    # No other one is wrong by itself: what is wrong besides follows, and what does not hang on it is right.
    assert {f.kind for f in found.findings if f.name != first} <= {"right", "follows"}, found


def small(dtype: Any = np.float64) -> dict[str, Any]:
    """Two layers and their gradients by hand, which are right."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6, 3)).astype(dtype), rng.standard_normal((6, 2)).astype(dtype)
    W1, W2 = (tg.tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in ((3, 4), (4, 2)))
    z1 = x @ W1
    a1 = np.tanh(z1)
    z2 = a1 @ W2
    loss = ((z2 - y) ** 2).mean()
    dz2 = 2 * (z2.numpy(force=True) - y) / y.size
    dz1 = dz2 @ W2.numpy(force=True).T * (1 - a1.numpy(force=True) ** 2)
    return {
        "values": {"z1": z1, "a1": a1, "z2": z2, "W1": W1, "W2": W2}, "loss": loss, "x": x,
        "manual": {"dz2": dz2, "dW2": a1.numpy(force=True).T @ dz2, "dz1": dz1, "dW1": x.T @ dz1},
    }  # fmt: skip


def test_names_are_variables_of_the_caller() -> None:
    made = small()
    manual, loss = made["manual"], made["loss"]
    with pytest.raises(ArgumentError, match=r"'dz2' is the gradient of no tensor .* no such z2 or dz2 .*'z2': tensor"):
        tg.compare(manual, loss)
    z1, z2 = made["values"]["z1"], made["values"]["z2"]
    params = {"W1": made["values"]["W1"]}  # in a dict
    model = SimpleNamespace(W2=made["values"]["W2"])  # of an object
    dz1 = loss  # a variable of the entry's own name is not what it is the gradient of
    assert tg.compare(manual, loss).ok and z1 is not dz1 and z2 is not None and params and model
    made["values"]["W1"].name, params = "W1", {}  # the name of the tensor
    assert tg.compare({"W1_grad": manual["dW1"], "grad_W2": manual["dW2"], "z2": manual["dz2"]}, loss).ok


def test_the_backward_order_whatever_the_order_given() -> None:
    made = small()
    found = tg.compare(dict(sorted(made["manual"].items())), made["loss"], made["values"])
    assert [f.name for f in found.findings] == ["dz2", "dW2", "dz1", "dW1"]


def test_two_mistakes_are_both_found() -> None:
    made = small()
    manual = made["manual"]
    manual["dz2"] = 3 * manual["dz2"]
    manual["dW2"] = -3 * manual["dW2"]
    manual["dz1"] = 3 * manual["dz1"]
    manual["dW1"] = manual["dW1"].mean() + 0 * manual["dW1"]
    found = tg.compare(manual, made["loss"], made["values"])
    kinds = {f.name: f.kind for f in found.findings}
    assert kinds == {"dz2": "factor", "dW2": "sign", "dz1": "follows", "dW1": "unknown"}, found
    assert found["dz1"].sentence == "Its own step is right: it is wrong because dz2 is."
    assert "Wrong too, by its own step: dW2. It has the wrong sign. Look between dz2 and dW2" in " ".join(
        str(found).split()
    )
    assert found.first is found["dz2"] and [f.name for f in found.wrong] == ["dz2", "dW2", "dz1", "dW1"]
    with pytest.raises(tg.verify.HandWrittenError, match="First wrong: dz2"):
        found.raise_if_wrong()


@pytest.mark.parametrize("bad", [np.nan, np.inf, "shape", "none"])
def test_what_is_made_of_an_unusable_gradient_is_not_accused(bad: Any) -> None:
    made = small()
    manual = made["manual"]
    if bad == "none":
        manual["dz2"] = None  # not made yet
        assert tg.compare(manual, made["loss"], made["values"]).ok
        return
    manual["dz2"] = manual["dz2"].T if bad == "shape" else manual["dz2"] * bad
    manual["dW2"], manual["dz1"] = manual["dW2"] + 1, manual["dz1"] + 1
    found = tg.compare(manual, made["loss"], made["values"])
    assert [f.kind for f in found.findings if f.name != "dz2"] == ["follows", "follows", "right"], found
    assert "its own step cannot be told" in found["dW2"].sentence


def test_nothing_changes() -> None:
    made = small()
    tg.compare(made["manual"], made["loss"], made["values"])
    assert all(value.grad is None for value in (made["values"]["W1"], made["values"]["W2"]))
    made["loss"].backward(retain_graph=True)
    before = made["values"]["W1"].grad.numpy().copy()
    assert tg.compare(made["manual"], made["loss"], made["values"]).ok
    assert np.array_equal(made["values"]["W1"].grad.numpy(), before)
    made["loss"].backward()


def test_after_backward_what_was_kept_is_compared() -> None:
    made = small()
    made["values"]["z2"].retain_grad()
    made["loss"].backward()
    with pytest.raises(ArgumentError, match=r"freed the graph, and kept no gradient for 'dz1'; .*retain_graph=True"):
        tg.compare(made["manual"], made["loss"], made["values"])
    del made["manual"]["dz1"]
    assert tg.compare(made["manual"], made["loss"], made["values"]).ok
    made["manual"]["dz2"] = -made["manual"]["dz2"]
    made["manual"]["dW2"] = -made["manual"]["dW2"]
    found = tg.compare(made["manual"], made["loss"], made["values"])
    assert found.first is found["dz2"] and found["dW2"].place == "It may be so only because dz2 is."


def test_bad_input_is_one_sentence() -> None:
    made = small()
    w = tg.ones(3, requires_grad=True)
    for manual, loss, said in (
        ([1], made["loss"], "manual is a dict of name to gradient, got list"),
        ({}, 3.0, "loss is a tensor that the engine recorded, got float"),
        ({}, w * 2, r"loss is one number, got \(3,\)"),
        ({}, tg.tensor(1.0), "nothing was recorded for the loss"),
    ):
        with pytest.raises(ArgumentError, match=said):
            tg.compare(manual, loss)  # type: ignore[arg-type]
    y = (w * w).sum()
    with tg.no_grad():
        w += 1
    with pytest.raises(ModifiedError):
        tg.compare({"w": np.ones(3)}, y)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_other_dtypes(dtype: Any) -> None:
    made = small(dtype)
    assert tg.compare(made["manual"], made["loss"], made["values"]).ok
    made["manual"]["dz1"] = made["manual"]["dz1"] * dtype(2)
    found = tg.compare(made["manual"], made["loss"], made["values"])
    assert {f.name: f.kind for f in found.findings} == {"dz2": "right", "dW2": "right", "dz1": "factor", "dW1": "right"}


def test_tensors_lists_numbers_views_and_empty_ones() -> None:
    w, b = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor(3.0, requires_grad=True)
    empty, unused = tg.ones(0, 2, requires_grad=True), tg.ones(2, requires_grad=True)
    half = w[:1]
    loss = (w * b).sum() + empty.sum() + half.sum() + (0 * unused).sum()
    right = {
        "w": [4, 3],
        "b": np.float32(3),
        "dhalf": tg.ones(1),
        "dempty": np.zeros((0, 2)),
        "dunused": [False, False],
    }
    assert tg.compare(right, loss, {"unused": unused}).ok
    assert not tg.compare({**right, "b": 4}, loss).ok
    z = tg.tensor([1 + 2j], requires_grad=True)
    assert tg.compare({"loss": 1.0}, loss).ok and tg.compare({"dz": np.array([2 + 4j])}, (z * z.conj()).real.sum()).ok
    assert not tg.compare({"dz": np.array([2 - 4j])}, (z * z.conj()).real.sum()).ok


def test_a_gradient_that_is_zero_but_for_rounding() -> None:
    """A softmax does not change where a number is taken from each score: what arrives at that number is 0."""
    values = network(np.float32)
    made = manual(values)
    made["dlogit_maxes"] = np.zeros((ROWS, 1))
    assert tg.compare(made, values["loss"], values)["dlogit_maxes"].ok
    made["dlogit_maxes"] += 1e-3
    assert not tg.compare(made, values["loss"], values)["dlogit_maxes"].ok


def test_in_a_thread_and_a_notebook() -> None:
    made, found = small(), []
    worker = threading.Thread(target=lambda: found.append(tg.compare(made["manual"], made["loss"], made["values"])))
    worker.start()
    worker.join()
    assert found[0].ok and found[0]._repr_html_().count("<tr>") == 5
    made["manual"]["dz2"] = -made["manual"]["dz2"]
    html = tg.compare(made["manual"], made["loss"], made["values"])._repr_html_()
    assert "<b>dz2</b>" in html and "<p>First wrong: dz2. It has the wrong sign." in html
