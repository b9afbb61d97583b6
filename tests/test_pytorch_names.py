"""PyTorch's public names: nearly all that make sense here are here, and of the others it is said why they are not."""

from __future__ import annotations

import pytest
import pytorch_names as names

from tinygrad_bp.not_here import NOT_HERE, reasons

# Of the names that make sense on a CPU, how many are here.
BAR = 0.97


@pytest.mark.parametrize("space", names.SPACES)
def test_nearly_all_that_makes_sense_is_here(space: str) -> None:
    assert names.found(space).share >= BAR, names.listed(space)[0]


@pytest.mark.parametrize("place", NOT_HERE)
def test_what_is_said_not_to_be_here_is_not(place: str) -> None:
    assert not [name for name in reasons(place) if hasattr(names.ours(f"torch.{place}".rstrip(".")), name)]
    listed = [name for text in NOT_HERE[place].values() for name in text.split()]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("place", [place for place in NOT_HERE if f"torch.{place}".rstrip(".") in names.SPACES])
def test_what_is_said_to_be_pytorchs_is(place: str) -> None:
    known = names.NAMES[f"torch.{place}".rstrip(".")].split()
    assert not [name for name in reasons(place) if name not in known]


def test_a_missing_name_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(names.NAMES, "torch.linalg", "det distributed no_such_function")
    monkeypatch.setitem(NOT_HERE, "linalg", {"a reason": "distributed"})
    reasons.cache_clear()
    one = names.found("torch.linalg")
    assert one == (["det"], {"distributed": "a reason"}, ["no_such_function"]) and one.share == 0.5
    assert names.listed("torch.linalg") == ["missing: no_such_function", "a reason: distributed"]
    reasons.cache_clear()
