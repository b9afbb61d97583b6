"""Every way to write × every op that keeps a value: right, or refused, never silently wrong.

Derived from the op table. A *holder* is the tensor through which the user reaches a value that a node keeps: a leaf,
a tensor of the user's that requires no grad, the recorded result of another op, or the op's own result. A cell takes
the gradient once without a write and once with it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ModifiedError, ReadOnlyError
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.writes import arrays_in, owner
from tinygrad_bp.verify import contracts

PAGE = Path(__file__).parents[1] / "docs" / "in-place.md"


class Holder:
    """A tensor over a value that will be kept, and what the user took from it before the write."""

    def __init__(self, tensor: Any, memory: Any, take: Any) -> None:
        self.tensor, self.memory = tensor, memory  # memory: the array that the user made it of, if any
        self.taken = take(tensor)


def nothing(tensor: Any) -> None:
    """Nobody else sees the memory."""


def view(tensor: Any) -> Any:
    return tensor[...]


@tg.no_grad()
def plain_view(tensor: Any) -> Any:
    return tensor[...]


def turned(tensor: Any) -> Any:
    return tensor.T if tensor.ndim < 3 else tensor.reshape(-1)


def array_of(tensor: Any) -> Any:
    return tensor.detach().numpy()


def array_of_view(tensor: Any) -> Any:
    return tensor.detach()[...].numpy()


def assign(x: Any, v: Any) -> None:
    x[...] = v


def add_in_place(x: Any, v: Any) -> None:
    x += v


def step(x: Any, v: Any) -> None:
    x.grad = tg.from_numpy(np.asarray(x.detach().numpy() - v, x.dtype))
    tg.optim.SGD([x], lr=1.0).step()


def set_data(x: Any, v: Any) -> None:
    x.data = v


def add_to_data(x: Any, v: Any) -> None:
    x.data += tg.from_numpy(v)


def data_of(tensor: Any) -> Any:
    return tensor.data


def from_buffer(array: Any, v: Any) -> None:
    np.asarray(memoryview(array))[...] = v


def recorded(write: Any) -> Any:
    """The same outside no_grad: the tensor gets a new recorded value."""

    def writing(holder: Holder, v: Any) -> None:
        with tg.enable_grad():
            write(holder.tensor, v)

    return writing


def subtract_tensor(array: Any, v: Any) -> None:
    array -= tg.from_numpy(np.asarray(array - v))


# What is written on the page: how, on (holder, new values), which holders it applies to, what was taken before.
LEAF, DATA, INNER, RESULT = "a leaf", "data", "a result read by another op", "its own result"
ALL = (LEAF, DATA, INNER, RESULT)
WAYS: dict[str, tuple[Any, tuple[str, ...], Any]] = {
    "t.copy_(v)": (lambda h, v: h.tensor.copy_(tg.from_numpy(v)), ALL, nothing),
    "t[...] = v": (lambda h, v: assign(h.tensor, v), ALL, nothing),
    "t += v": (lambda h, v: add_in_place(h.tensor, v), ALL, nothing),
    "t.add_(v)": (lambda h, v: h.tensor.add_(v), ALL, nothing),
    "t.zero_()": (lambda h, v: h.tensor.zero_(), ALL, nothing),
    "t.fill_(number)": (lambda h, v: h.tensor.fill_(v.flat[0]), ALL, nothing),
    "t += v, recorded": (recorded(add_in_place), (INNER,), nothing),
    "t[...] = v, recorded": (recorded(assign), (INNER,), nothing),
    "t.detach().copy_(v)": (lambda h, v: h.tensor.detach().copy_(tg.from_numpy(v)), ALL, nothing),
    "t += v, while a view lives": (lambda h, v: add_in_place(h.tensor, v), ALL, view),
    "t += v, recorded, while a view lives": (recorded(add_in_place), (INNER,), view),
    "t += v, recorded, after t.detach()": (recorded(add_in_place), (INNER,), array_of),
    "an earlier view, t[...].copy_(v)": (lambda h, v: h.taken.copy_(tg.from_numpy(v)), ALL, view),
    "a view of no_grad, t[...].copy_(v)": (lambda h, v: h.taken.copy_(tg.from_numpy(v)), ALL, plain_view),
    "an earlier view, t.T.zero_()": (lambda h, v: h.taken.zero_(), ALL, turned),
    "optimizer.step()": (lambda h, v: step(h.tensor, v), (LEAF,), nothing),
    "np.add(t, v, out=t)": (lambda h, v: np.add(h.tensor, v, out=h.tensor), ALL, nothing),
    "np.copyto(t, v)": (lambda h, v: np.copyto(h.tensor, v), ALL, nothing),
    "np.add.at(t, ..., v)": (lambda h, v: np.add.at(h.tensor, ..., v), ALL, nothing),
    "t.data = v": (lambda h, v: set_data(h.tensor, v), ALL, nothing),
    "t.data[...] = v": (lambda h, v: assign(h.tensor.data, v), ALL, nothing),
    "t.data += v": (lambda h, v: add_to_data(h.tensor, v), ALL, nothing),
    "t.data.zero_()": (lambda h, v: h.tensor.data.zero_(), ALL, nothing),
    "a view, t[...].data.copy_(v)": (lambda h, v: h.tensor[...].data.copy_(tg.from_numpy(v)), ALL, nothing),
    "t.data, taken before": (lambda h, v: h.taken.copy_(tg.from_numpy(v)), ALL, data_of),
    "t.data.numpy()[...] = v": (lambda h, v: assign(h.tensor.data.numpy(), v), ALL, nothing),
    "t.numpy()[...] = v": (lambda h, v: assign(h.tensor.numpy(force=True), v), ALL, nothing),
    "t.detach().numpy()[...] = v": (lambda h, v: assign(h.tensor.detach().numpy(), v), ALL, nothing),
    "t[...].numpy()[...] = v": (lambda h, v: assign(h.tensor[...].numpy(force=True), v), ALL, nothing),
    "np.asarray(t)[...] = v": (lambda h, v: assign(np.asarray(h.tensor), v), ALL, nothing),
    "memoryview(t.numpy())": (lambda h, v: from_buffer(h.tensor.numpy(force=True), v), ALL, nothing),
    "an array taken before, t.detach().numpy()": (lambda h, v: assign(h.taken, v), ALL, array_of),
    "an array taken before, of a view": (lambda h, v: assign(h.taken, v), ALL, array_of_view),
    "the array under from_numpy": (lambda h, v: assign(h.memory, v), (LEAF, DATA), nothing),
    "that array, array -= t": (lambda h, v: subtract_tensor(h.memory, v), (LEAF, DATA), nothing),
}

RIGHT, AT_ONCE, BACKWARD, ANOMALY, WRONG = (
    "right", "refused at the write", "refused by backward", "refused in detect_anomaly", "SILENTLY WRONG",
)  # fmt: skip
NOT_POSSIBLE = None


def other_values(array: Any) -> Any:
    """Different numbers of the same shape and dtype."""
    if array.dtype.kind == "b":
        return ~array
    return np.asarray(array.max() - array if array.dtype.kind in "ui" else 0.4375 - array)


def build(op: Op, sample: Any, kind: str, position: int, take: Any = nothing) -> Any:
    """A call in which the value at ``position`` is held as ``kind`` says: (holder, leaves, result)."""
    arrays = [np.array(array) for array in contracts.draw(op, sample)]
    chosen = contracts.differentiable(op, arrays)
    tensors, leaves, holder = [], [], None
    for i, array in enumerate(arrays):
        held = i == position and kind != RESULT
        tensor = tg.from_numpy(array)
        if i in chosen and not (held and kind == DATA):
            tensor.requires_grad = True
            leaves.append(tensor)
            if held and kind == INNER:
                tensor = tensor.clone()
        elif held and kind != DATA:
            return None
        if held:
            holder = Holder(tensor, array, take)
        tensors.append(tensor)
    if not leaves:
        return None
    result = contracts.run(op, tensors, sample)
    if kind == RESULT:
        holder = Holder(result, None, take)
    return holder, leaves, result


def outcome(op: Op, sample: Any, kind: str, position: int, way: str, anomaly: bool = False) -> str | None:
    """What becomes of one cell; None where the way cannot be gone here."""
    write, kinds, take = WAYS[way]
    if kind not in kinds:
        return NOT_POSSIBLE
    with tg.autograd.detect_anomaly(check_nan=False) if anomaly else tg.enable_grad():
        holder, leaves, result = build(op, sample, kind, position, take)
        value = other_values(holder.tensor._value)
        if value.dtype.kind == "b" and ("+=" in way or "-=" in way or "add" in way or "step" in way):
            return NOT_POSSIBLE
        node = result._node
        try:
            with tg.no_grad():
                write(holder, value)
        except ReadOnlyError:
            return AT_ONCE
        except ValueError as error:
            assert re.search("read-only|readonly", str(error)), error
            return AT_ONCE
        try:
            written = backward(leaves, node, result)
        except ModifiedError:
            return ANOMALY if anomaly else BACKWARD
    assert not anomaly, f"{WRONG}: {op.name}, {kind}, input {position}, {way}"
    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(written, expected(op.name, kind, position))):
        return RIGHT
    return outcome(op, sample, kind, position, way, anomaly=True)


def backward(leaves: list[Any], node: Any, result: Any) -> list[Any]:
    """The gradients of the leaves from the node, whatever became of the tensor that had it."""
    root = tg.ones(*node.shape, dtype=result.dtype)
    root._node = node
    with np.errstate(all="ignore"):
        found = tg.autograd.grad(root, leaves, tg.ones_like(root), allow_unused=True)
    return [np.zeros(()) if g is None else g.numpy() for g in found]


@cache
def expected(name: str, kind: str, position: int) -> list[Any]:
    """The gradients of one cell without a write."""
    op = OPS[name]
    _, leaves, result = build(op, the_sample(op), kind, position)
    return backward(leaves, result._node, result)


def the_sample(op: Op) -> Any:
    """The call on which the op is tried."""
    return next(s for s in op.samples if s.smooth and all(0 not in shape for shape in s.shapes))


def cells(op: Op) -> list[tuple[Any, str, int]]:
    """For one sample of each op: every value that its node keeps, with everything that can hold it."""
    found = []
    sample = the_sample(op)
    for position in range(len(sample.shapes)):
        for kind in (LEAF, DATA, INNER):
            call = build(op, sample, kind, position)
            if call is not None and is_kept(call):
                found.append((sample, kind, position))
    call = build(op, sample, RESULT, -1)
    if call is not None and is_kept(call):
        found.append((sample, RESULT, -1))
    return found


def is_kept(call: Any) -> bool:
    holder, _, result = call
    memory = owner(holder.tensor._value)
    return result._node is not None and any(owner(array) is memory for array in arrays_in(result._node.kept))


KEEPING = [op for op in OPS.values() if op.kind != "constant" and op.keeps_values and op.samples]


def with_array_parameters() -> list[Any]:
    """Every call of the samples with arrays among its parameters, such as an index."""
    return [
        pytest.param(op, sample, id=f"{op.name}-{i}")
        for op in OPS.values()
        if op.kind != "constant"
        for i, sample in enumerate(op.samples or ())
        if any(array.size for array in arrays_in(sample.params.values()))
    ]


@pytest.mark.parametrize(("op", "sample"), with_array_parameters())
@pytest.mark.parametrize("through", ["a tensor", "NumPy"])
def test_a_parameter_that_is_an_array(op: Op, sample: Any, through: str) -> None:
    def call(write: bool) -> list[Any]:
        params = {name: copied(value) for name, value in sample.params.items()}
        _, leaves, result = build(op, sample._replace(params=params), RESULT, -1)
        for array in arrays_in(params.values()) if write else ():
            if through == "NumPy":
                array[...] = other_values(array)
            else:
                tg.from_numpy(array).copy_(tg.from_numpy(other_values(array)))
        return backward(leaves, result._node, result)

    # Outside anomaly mode a write through a tensor is seen by its number, without a checksum.
    with tg.autograd.detect_anomaly(check_nan=False) if through == "NumPy" else tg.enable_grad():
        try:
            written = call(True)
        except ModifiedError:
            return
    assert all(np.array_equal(a, b) for a, b in zip(written, call(False)))


def copied(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(copied(item) for item in value)
    return np.array(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_no_op_returns_the_memory_of_an_input_as_its_own(op: Op) -> None:
    # A view has a base, by which a guard finds it; an input that comes back as it is has none.
    for sample in op.samples or ():
        if sample.smooth:
            arrays = contracts.draw(op, sample)
            result = contracts.run(op, [tg.from_numpy(array) for array in arrays], sample)
            assert all(result._value is not array for array in arrays)


@pytest.mark.parametrize("op", KEEPING, ids=lambda op: op.name)
def test_no_write_gives_a_silently_wrong_gradient(op: Op) -> None:
    for sample, kind, position in cells(op):
        for way in WAYS:
            found = outcome(op, sample, kind, position, way)
            if found is not NOT_POSSIBLE:
                assert found in (RIGHT, *table()[way][kind]), (way, kind, found)


# The page: for each way and each holder, what may happen. One op of each kind fills it; the test above holds all
# others to it.
TABLE_OPS = ("mul", "exp", "matmul", "softmax")
_table: dict[str, dict[str, list[str]]] = {}


def table() -> dict[str, dict[str, list[str]]]:
    """way → holder → outcomes, over a few ops."""
    if not _table:
        for way in WAYS:
            row = _table[way] = {kind: [] for kind in ALL}
            for name in TABLE_OPS:
                for sample, kind, position in cells(OPS[name]):
                    found = outcome(OPS[name], sample, kind, position, way)
                    if found is not NOT_POSSIBLE and found not in row[kind]:
                        row[kind].append(found)
    return _table


def page() -> str:
    """The table of the page, as Markdown."""
    lines = ["| written how | " + " | ".join(ALL) + " |", "|---" * (len(ALL) + 1) + "|"]
    for way, row in table().items():
        lines.append(f"| `{way}` | " + " | ".join(" or ".join(row[kind]) or "·" for kind in ALL) + " |")
    return "\n".join(lines)


def test_the_page_prints_the_matrix() -> None:
    assert page() in PAGE.read_text(encoding="utf-8")


def test_many_ops_and_every_holder_take_part() -> None:
    kinds = [kind for op in KEEPING for _, kind, _ in cells(op)]
    assert len(KEEPING) > 40
    assert all(kinds.count(kind) > 10 for kind in ALL), {kind: kinds.count(kind) for kind in ALL}


def test_the_matrix_finds_what_is_silently_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, kind, position = cells(OPS["mul"])[0]
    monkeypatch.setattr("tinygrad_bp.autograd.anomaly.Anomaly.before_backward", lambda self, nodes: None)
    with pytest.raises(AssertionError, match=f"{WRONG}: mul, {kind}"):
        outcome(OPS["mul"], sample, kind, position, "the array under from_numpy")


if __name__ == "__main__":
    print(page())
