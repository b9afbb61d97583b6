"""Every op that is exported under PyTorch's name, on every float64 sample of PyTorch's own operator table."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

from . import operators as o

pytestmark = pytest.mark.filterwarnings("ignore")

EXPORTED = [op for op in o.table() if o.ours(op.name) is not None]
# How many samples of an operator differ, and why.
KNOWN: dict[str, tuple[int, str]] = {
    "as_strided_scatter": (7, "PyTorch gives the gradient to the overwritten positions; its own gradcheck fails there"),
    "cholesky_inverse": (6, "one triangle of the factor is read; PyTorch's gradient has numbers in the other as well"),
    "cov": (3, "the weights are float32; the second gradient is 0, and PyTorch rounds to 10⁻⁶"),
    "logcumsumexp": (1, "ours is 0 where PyTorch's rounding leaves 10⁻¹²"),
}


@pytest.mark.parametrize("op", EXPORTED, ids=lambda op: op.name)
def test_operator(op: Any) -> None:
    _, found = o.misses(op, o.ours(op.name))  # type: ignore[arg-type]
    allowed, _ = KNOWN.get(op.name, (0, ""))
    assert len(found) == allowed, "\n".join(f"sample {miss.sample}: {miss.reason}" for miss in found[:3])


def test_enough_of_the_table_is_exported() -> None:
    assert len(EXPORTED) >= 250


def test_enough_samples_agree() -> None:
    total = sum(sum(1 for _ in o.samples(op)) for op in EXPORTED)
    assert sum(count for count, _ in KNOWN.values()) <= 0.01 * total


def test_a_wrong_op_is_seen() -> None:
    sine = next(op for op in EXPORTED if op.name == "sin")
    count, found = o.misses(sine, o.ours("cos"))  # type: ignore[arg-type]
    assert count == len(found) > 0

    # The right value with a wrong gradient.
    def without_slope(x: Any) -> Any:
        return o.tg.sin(x).detach() + 0 * x

    count, found = o.misses(sine, without_slope)
    assert len(found) == count and "the gradient" in found[0].reason
