"""Passes over batches that another process can go on with in the middle.

No batch and no order is kept: a pass begins again with the streams of random numbers as they stood when it began, goes
past the batches that were given, and then the streams are put where they stood after them.
"""

from __future__ import annotations

import itertools
import weakref
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd.errors import StateDictError
from ..autograd.tensor import Tensor
from ..random.generator import Generator
from ..random.streams import set_streams, streams

SAMPLED = 4096  # elements of an array that tell it from others


class Passes:
    """The base: iterate over it once an epoch. ``state_dict()`` says where the pass that began last stands."""

    _newest: weakref.ref[_Pass] | None = None
    _ahead: dict[str, Any] | None = None  # where the next pass begins
    _kept = False  # whether anybody has asked where it stands: a pass of one batch would feel what that costs

    def _begin(self) -> tuple[Iterator[Any], Iterator[Any]]:
        """The batches of a pass, and what is asked in order to leave one out."""
        raise NotImplementedError

    def _sources(self) -> dict[str, Any]:
        """What the order comes from and has a state, besides the streams that are everybody's."""
        return {}

    def described(self) -> dict[str, Any]:
        """Plain facts that tell these batches from others."""
        return {}

    def __iter__(self) -> Iterator[Any]:
        ahead, self._ahead = self._ahead, None
        began = now = self._drawn_from() if self._kept else None
        if ahead is not None:
            began = ahead["began"]
            self._draw_from(began)
        batches, order = self._begin()
        newest = _Pass(self, batches, began)
        if ahead is not None and now is not None:
            newest.given = sum(1 for _ in itertools.islice(order, ahead["batches"]))
            self._draw_from(now)
        self._newest = weakref.ref(newest)
        return newest

    def _drawn_from(self) -> dict[str, Any]:
        return {"streams": streams(), "sources": {name: state_of(part) for name, part in self._sources().items()}}

    def _draw_from(self, state: dict[str, Any]) -> None:
        for name, part in self._sources().items():
            put_back(part, state["sources"][name])
        set_streams(state["streams"])

    def state_dict(self) -> dict[str, Any]:
        """Where the newest pass stands, if it has begun and not ended, and where its own sources of order do.

        Ask once before the first pass, or call ``Checkpoint.resume`` there: from then on it is noted how a pass began.
        Raises ``StateDictError`` in the middle of one of which it is not.
        """
        self._kept = True
        newest = None if self._newest is None else self._newest()
        place = self._ahead
        if newest is not None and not newest.ended:
            if newest.began is None:
                raise StateDictError(
                    f"state_dict: a pass over the {type(self).__name__} began before anybody asked where one stands: "
                    "call its state_dict(), or resume() of a Checkpoint, once before the loop"
                )
            place = {"batches": newest.given, "began": newest.began}
        return {"place": place, "sources": {name: state_of(part) for name, part in self._sources().items()}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Have the next pass go on where the newest one of ``state_dict()`` stood.

        The streams that are everybody's stay as they are. Raises ``StateDictError`` for the state of something else.
        """
        who, sources = type(self).__name__, self._sources()
        if not isinstance(state_dict, Mapping) or set(state_dict) != {"place", "sources"}:
            raise StateDictError(f"load_state_dict: {who} takes what its state_dict() gave, got {state_dict!r:.60}")
        if set(state_dict["sources"]) != set(sources):
            here, there = (", ".join(sorted(names)) or "nothing" for names in (sources, state_dict["sources"]))
            raise StateDictError(
                f"load_state_dict: the order of this {who} comes from {here}, of the saved from {there}"
            )
        for name, part in sources.items():
            put_back(part, state_dict["sources"][name])
        self._newest, self._ahead, self._kept = None, state_dict["place"], True

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_newest"}


class _Pass(Iterator[Any]):
    """The batches of an epoch; ``len`` of it, as of what it passes over, is how many there are in all."""

    def __init__(self, over: Any, batches: Iterator[Any], began: dict[str, Any] | None) -> None:
        self._over, self._batches, self.began = over, batches, began
        self.given, self.ended = 0, False

    def __next__(self) -> Any:
        try:
            batch = next(self._batches)
        except StopIteration:
            self.ended = True
            raise
        self.given += 1
        return batch

    def __len__(self) -> int:
        return len(self._over)


class Iterated(Passes):
    """Passes over a list of batches, or any iterable that has no state of its own."""

    def __init__(self, data: Iterable[Any]) -> None:
        self._data = data

    def _begin(self) -> tuple[Iterator[Any], Iterator[Any]]:
        batches = iter(self._data)
        return batches, batches

    def described(self) -> dict[str, Any]:
        """How many batches there are, where that is known, and what is in some of them."""
        data = self._data
        if not isinstance(data, (list, tuple)):
            return {"kind": type(data).__name__}
        some = [item for batch in (data[0], data[len(data) // 2], data[-1]) for item in batch]
        return {"batches": len(data), "contents": [fingerprint(item) for item in some]}


def state_of(part: Any) -> Any:
    """Where a stream or a part of a program stands."""
    return part.get_state() if isinstance(part, Generator) else part.state_dict()


def put_back(part: Any, state: Any) -> None:
    """Go on where ``state_of`` was called."""
    (part.set_state if isinstance(part, Generator) else part.load_state_dict)(state)


def fingerprint(item: Any) -> str:
    """A line that tells an array from most others: its shape, its dtype, a checksum of some elements."""
    array = item.detach().numpy() if isinstance(item, Tensor) else np.asarray(item)
    if array.dtype.hasobject or not array.size:
        return f"{array.dtype} {array.shape}"
    places = np.linspace(0, array.size - 1, min(array.size, SAMPLED)).astype(np.intp)
    some = np.ascontiguousarray(array[np.unravel_index(places, array.shape)])
    return f"{array.dtype} {array.shape} {zlib.crc32(some.tobytes()):08x}"
