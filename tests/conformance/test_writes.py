"""New random programs of views and writes in place, beside PyTorch."""

import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import random_writes

pytestmark = pytest.mark.filterwarnings("ignore")


def test_new_programs_have_pytorchs_values_and_derivatives():
    for seed in range(1000, 1200):
        lines, wanted = random_writes.wanted_of(seed)
        kind, found = random_writes.verdict(lines, wanted)
        assert kind == "equal" or kind.startswith("refused"), "\n".join([found, *lines])
