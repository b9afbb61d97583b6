"""Drawn tensors and calls, printed by both."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

from printed_tensors import CALLS, EXPRESSIONS, drawn, recorded  # noqa: E402

import tinygrad_bp as tg  # noqa: E402

DRAWN = 2000


def test_drawn_tensors_print_alike() -> None:
    differ = []
    for array, options, requires_grad in drawn(DRAWN):
        texts = []
        for module in (torch, tg):
            module.set_printoptions(profile="default")
            module.set_printoptions(**options)
            texts.append(repr(module.tensor(array, requires_grad=requires_grad)))
            module.set_printoptions(profile="default")
        if texts[0] != texts[1]:
            differ.append(texts)
    assert not differ, f"{len(differ)} of {DRAWN}, the first:\n{differ[0][0]}\n{differ[0][1]}"


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_prints_alike(text: str) -> None:
    assert str(eval(text, {"T": tg})) == str(eval(text, {"T": torch}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
def test_what_made_it_has_the_same_name(call: str) -> None:
    assert recorded(call, tg) == recorded(call, torch)
