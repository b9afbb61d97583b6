"""``call`` says in plain Python what calling an op means; the generated frames say the same, for every op."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd import call as plain
from tinygrad_bp.autograd.errors import FreedError
from tinygrad_bp.autograd.frames import one_step, source
from tinygrad_bp.autograd.node import Node
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.tensor import Tensor, wrap
from tinygrad_bp.verify import contracts as c

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]
DTYPES = (np.float64, np.float32, np.float16)


def same(a: Any, b: Any) -> bool:
    """The very same thing, or equal in type, dtype, shape, strides and every bit."""
    if a is b:
        return True
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and (a.dtype, a.shape, a.strides, a.flags.writeable) == (b.dtype, b.shape, b.strides, b.flags.writeable)
            and a.tobytes() == b.tobytes()
        )
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def difference(one: Any, other: Any) -> str:
    """In what two results of a call differ; empty where they are the same."""
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        return "" if same(np.asarray(one), np.asarray(other)) else "value"
    return different_nodes(one._node, other._node) if same(one._value, other._value) else "value"


def different_nodes(a: Node | None, b: Node | None) -> str:
    """In what two nodes differ. A parent made on the way (an operand that was cast) is equal, not the same."""
    if a is b:
        return ""
    if a is None or b is None or a.op is None or b.op is None:
        return "node"
    for slot in ("op", "shape", "cell"):
        if getattr(a, slot) != getattr(b, slot):
            return slot
    if len(a.parents) != len(b.parents) or any(map(different_nodes, a.parents, b.parents)):
        return "parents"
    return "" if same(a.kept, b.kept) else "kept values"


def operands(op: Op, sample: Any, dtype: Any, kind: str, wanting: tuple[int, ...]) -> tuple[Any, ...]:
    """What a sample is called with: arrays, tensors, or tensors of which some want a gradient."""
    with np.errstate(over="ignore"):  # extremes of float64 are inf in float16
        arrays = c.draw(op, sample, dtype=dtype)
    if kind == "arrays":
        given = arrays
    else:
        given = [tg.as_tensor(array) for array in arrays]
        for i in wanting:
            given[i].requires_grad = True
    return (list(given),) if op.variadic else tuple(given)


def outcome(function: Any, *args: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(*args)
    except Exception as error:
        return type(error), str(error)


def through_both(op: Op, given: tuple[Any, ...], params: dict[str, Any]) -> str:
    """The difference between the op's frame and ``call`` on the same operands."""
    everything = {name: params.get(name, default) for name, default in op.params.items()}
    results = (
        outcome(lambda: op.function(*given, **params)),
        outcome(lambda: plain.call(op, given, everything)),
    )
    if any(isinstance(result, tuple) for result in results):
        return "" if results[0] == results[1] else f"{results}"
    return difference(*results)


def subsets(places: list[int]) -> list[tuple[int, ...]]:
    """All together, each alone, and each left out."""
    alone = [(i,) for i in places]
    rest = [tuple(k for k in places if k != i) for i in places]
    return list(dict.fromkeys([tuple(places), *alone, *rest]))


@together(("op", "sample"), CALLS)
def test_a_frame_does_what_call_says(op: Op, sample: Any) -> None:
    for dtype in DTYPES:
        wanting = c.differentiable(op, c.draw(op, sample))
        assert not through_both(op, operands(op, sample, dtype, "arrays", ()), sample.params)
        for chosen in [(), *subsets(wanting)]:
            given = operands(op, sample, dtype, "tensors", chosen)
            assert not through_both(op, given, sample.params), (dtype, chosen)
            with tg.no_grad():
                assert not through_both(op, given, sample.params), (dtype, chosen, "no_grad")


# ---------------------------------------------------------------------- the walk, unrolled


def backs(op: Op, result: Tensor) -> str:
    """In what the op's step back differs from the walk at its node: the parents' gradients, and what is kept on."""
    node = result._node
    assert node is not None
    kept, value = node.kept, result._value
    for held in (None, 2.5):  # the parents' first gradients, and further ones
        for g in (np.ones_like(value), np.full_like(value, 1 + 2j if value.dtype.kind == "c" else 3)):
            found = []
            for step in (op.back or one_step, one_step):
                node.kept = kept
                gradients = {p: np.full(p.shape, held) for p in node.parents if p is not None and held is not None}
                failed = outcome(step, node, g, gradients)
                found.append((failed, [*gradients.items()], node.kept is None))
            if not same(*found):
                return f"{found}"
    return ""


@pytest.mark.parametrize(("op", "sample"), [p for p in CALLS if p.values[0].kind != "constant"])
def test_a_step_back_does_what_the_walk_does(op: Op, sample: Any) -> None:
    wanting = c.differentiable(op, c.draw(op, sample))
    for dtype in DTYPES:
        for chosen in subsets(wanting):
            given = operands(op, sample, dtype, "tensors", chosen)
            with np.errstate(all="ignore"):
                result = outcome(lambda given=given: op.function(*given, **sample.params))
                if isinstance(result, Tensor) and result._node is not None and result._node.op is op:
                    assert not backs(op, result), (dtype, chosen)


def test_a_step_back_that_differs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    op = OPS["mul"]
    assert not backs(op, x * x)
    for wrong in (
        lambda node, g, gradients: None,
        lambda node, g, gradients: one_step(node, -g, gradients),
        lambda node, g, gradients: (one_step(node, g, gradients), setattr(node, "kept", (0, 0))),
        lambda node, g, gradients: gradients.update({node.parents[0]: 2 * g * node.kept[0]}),
    ):
        monkeypatch.setattr(op, "back", wrong)
        assert backs(op, x * x)


def test_what_was_freed_is_refused_by_a_step_back() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(FreedError, match="a second time"):
        y.backward()
    assert x.grad.tolist() == [2.0, 4.0]


BINARY = [op for op in OPS.values() if op.kind in ("elementwise", "constant") and sum(op.promotes) == 2]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@pytest.mark.parametrize("other", [2, 2.5, True, 1j, np.float32(2), [1.0, 2.0], np.arange(2), np.array(3.0)], ids=repr)
def test_mixed_operands(op: Op, other: Any) -> None:
    for dtype in (tg.float64, tg.float32, tg.int64, tg.uint8):
        x = tg.tensor([1, 2], dtype=dtype)
        for tensor in (x, x.clone().requires_grad_()) if dtype.kind == "f" else (x,):
            for given in ((tensor, other), (other, tensor)):
                given = given if len(op.inputs) == 2 else (tg.tensor([True, False]), *given)
                assert not through_both(op, given, {}), (dtype, given)


def test_what_differs_is_found() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert difference(x * x, x * x) == ""
    assert difference(x * x, x * 3) == "value"
    assert difference(tg.exp(x), tg.exp(x.clone().requires_grad_())) == "parents"
    y = x * x
    assert difference(y, wrap(y._value, None)) == "node"
    assert difference(x * x, x**2) == "op"
    one, other = tg.exp(x), tg.exp(x)
    other._node.kept = (np.zeros(2, np.float32),)
    assert difference(one, other) == "kept values"


def test_a_frame_that_keeps_too_little_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "kept", lambda *given: ())
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert through_both(OPS["mul"], (x, x), {}) == "kept values"


def test_the_text_of_a_frame_is_shown() -> None:
    assert "node.kept = (v_b if n_a is not None else None, v_a if n_b is not None else None,)" in source(OPS["mul"])
