"""What a run asks of all there is: the parts that the tests are cut into, some of many examples, many as one test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from parts import parsed, part_of, some
from together import together

NAMES = [f"tests/test_some.py::test[{i}]" for i in range(2000)]


def test_the_parts_are_of_equal_size_and_another_seed_cuts_others() -> None:
    cuts = [[part_of(name, 4, seed) for name in NAMES] for seed in ("", "a", "a")]
    assert all(450 < cut.count(part) < 550 for cut in cuts for part in (1, 2, 3, 4))
    assert cuts[1] == cuts[2] and sum(a != b for a, b in zip(cuts[0], cuts[1])) > 1400
    assert {part_of(name, 1, "") for name in NAMES} == {1}


@pytest.mark.parametrize("text", ["", "4", "0/4", "5/4", "1/0", "a/b", "1/4/2"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="write 1/4 for the first of four"):
        parsed(text)


def test_four_parts_are_the_whole() -> None:
    """Of one file, through the command itself."""
    root = Path(__file__).resolve().parent.parent

    def names(*options: str) -> list[str]:
        command = [sys.executable, "-m", "pytest", "--collect-only", "tests/test_modes.py", *options]
        lines = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if "::" in line]

    parts = [names("--part", f"{k}/4", "--seed", "7") for k in (1, 2, 3, 4)]
    assert sorted(name for part in parts for name in part) == sorted(names()) and all(parts)


def test_some_are_spread_and_all_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYGRAD_BP_EXAMPLES", raising=False)
    assert some(range(40), 4) == [0, 10, 20, 30] and some(range(5), 3) == [0, 1, 3] and some("ab", 4) == ["a", "b"]
    monkeypatch.setenv("TINYGRAD_BP_EXAMPLES", "all")
    assert some(range(40), 4) == list(range(40))


def test_of_many_together_each_is_asked_and_each_that_fails_is_named() -> None:
    asked = []

    @together(("x", "y"), [pytest.param(x, y, id=f"{x}{y}") for x in "ab" for y in range(4)], lambda x, _: x)
    def question(x: str, y: int, more: bool = False) -> None:
        asked.append((x, y))
        if y == 3:
            pytest.skip("not here")
        assert x == "a" or y == 0
        if more:
            pytest.fail("nothing was raised")

    (mark,) = question.pytestmark
    assert mark.args[0] == "group" and list(mark.args[1]) == ["a", "b"]
    question("a")
    assert asked == [("a", 0), ("a", 1), ("a", 2), ("a", 3)]
    with pytest.raises(ExceptionGroup, match="2 of 4: b1, b2") as caught:
        question("b")
    assert len(asked) == 8 and "This is b1." in caught.value.exceptions[0].__notes__[0]
    with pytest.raises(BaseExceptionGroup, match="3 of 4: a0, a1, a2"):
        question("a", more=True)
