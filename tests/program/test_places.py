"""Which value lies where, for as long as the memory is there."""

from __future__ import annotations

import weakref

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.program.places import Places
from tinygrad_bp.program.program import Value


def value(array: np.ndarray) -> Value:
    return Value(array.shape, array.dtype)


def test_a_view_of_all_of_an_array_is_at_its_place() -> None:
    places, array = Places(), np.ones((3, 4))
    known = value(array)
    places.put(array, known)
    assert places.at(array.T.T).value is known
    assert places.at(array[:]).value is known
    assert places.at(array.T) is places.at(array[1:]) is places.at(array.copy()) is None


def test_what_is_written_is_forgotten_and_what_lies_beside_is_not() -> None:
    places, array = Places(), np.ones((4, 3))
    whole, first, last = array, array[:2], array[2:]
    values = [value(a) for a in (whole, first, last)]
    for a, v in zip((whole, first, last), values, strict=True):
        places.put(a, v)
    places.written([array[1]])
    assert places.at(whole).value is places.at(first).value is None
    assert [places.at(a).before for a in (whole, first)] == values[:2]
    assert places.at(last).value is values[2]
    places.written([array])
    assert places.at(whole).before is values[0]


def test_nothing_is_kept() -> None:
    places, array = Places(), np.ones(3)
    end = weakref.ref(array)
    places.put(array[1:], value(array[1:]))
    del array
    assert end() is None
    assert not places._memories


def test_a_captured_run_frees_what_it_is_done_with() -> None:
    seen: list[weakref.ref[np.ndarray]] = []

    def long(x: tg.Tensor) -> tg.Tensor:
        for _ in range(20):
            x = x * 1.5
            seen.append(weakref.ref(x.detach()._value))
        return x

    with tg.no_grad():
        tg.program(long, tg.ones(1000))
        del seen[-1]
    assert not any(array() is not None for array in seen)
