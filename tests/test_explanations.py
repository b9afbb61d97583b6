"""Large gradients are compared in some elements first: what may fit is never left out, and what cannot is."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_bp.verify.case import Case
from tinygrad_bp.verify.mutants.sample import SAMPLED, Sample


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_allows_what_meets_the_whole_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, shift, w = rng.normal(size=(3, 40, 30)) * 10.0 ** rng.integers(-3, 4, (3, 1, 1))
    shift[rng.random(shift.shape) < 0.5] = 0.0
    noise = 1e-8 * np.abs(truth + shift).max() * rng.uniform(-1, 1, truth.shape)
    t, a = rng.normal(size=2)
    for hand in (truth + shift, truth + t * shift + 0.1 * w, a * (truth + shift)):
        case = Case(hand + min(1.0, np.abs(a)) * noise, truth, tolerance=1e-7, parameter=w)
        sample = Sample.of(case)
        assert len(sample.at) <= SAMPLED and sample.allows(shift)
        assert not sample.allows(rng.permutation(shift))
