"""One process: what libraries ask of groups before they use them."""

import pytest

import tinygrad_bp as tg
from tinygrad_bp import distributed
from tinygrad_bp.autograd.errors import ArgumentError

ASKED = {"is_available", "is_initialized"}
CALLED = [name for name in distributed.__all__ if name[0].islower() and name not in ASKED]


def test_a_program_learns_that_it_is_alone():
    assert not any(getattr(tg.distributed, name)() for name in ASKED)
    assert not isinstance(tg.ones(1), distributed.ProcessGroup)


@pytest.mark.parametrize("name", CALLED)
def test_what_needs_others_says_so(name):
    with pytest.raises(ArgumentError, match=rf"^distributed\.{name}: this process is in no group"):
        getattr(distributed, name)(tg.ones(1))


def test_the_functions_with_gradients_are_at_their_place():
    from tinygrad_bp.distributed import nn

    assert nn.all_reduce is distributed.all_reduce
