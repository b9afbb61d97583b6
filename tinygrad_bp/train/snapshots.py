"""Snapshots: files from which a training that was killed goes on, to the bit."""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Mapping
from math import isnan
from numbers import Real
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DataFileError, StateDictError
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..data.passes import put_back, state_of
from ..distributed.group import leads, together
from ..nn.module import Module
from ..optim.loading import copied
from ..random.generator import Generator
from ..random.streams import set_streams, streams
from ..saving import load, save
from ..saving.structure import take_apart
from .callbacks import Callback
from .described import described, different
from .history import History
from .lock import Lock, folder_of

ABOUT = "snapshot"  # the key of a file under which stands what it is
VERSION = 1
_NAME = re.compile(r"snapshot-(\d{6,})\.npz")


class Checkpoint(Callback):
    """Keeps snapshots of a training in ``folder``: a process that is killed is started again, and goes on, to the bit.

    A snapshot is a file that ``tg.load`` reads, with the states of the model, the optimizer and everything else, and
    where every stream of random numbers stands. The last ``keep`` of them are kept, and the best.

    As a callback of ``fit`` it writes one after each ``epochs`` epochs and after the last, and with ``steps=n`` also
    after each n steps; ``fit(…, resume=folder)`` goes on from the newest. Best is that of the epoch with the lowest
    ``monitor`` (None: ``val_loss``, without validation data ``loss``), of an accuracy the highest; ``mode`` "min" or
    "max" says otherwise. In a loop of your own, call ``resume`` before it and ``save`` in it.

    A snapshot that cannot be written (a full disk) is a warning, and the training goes on. One that is damaged is
    named in a warning, and the one before is used. A folder belongs to one training at a time. Raises
    ``ArgumentError`` for settings without a meaning. Of several ranks each makes one and calls it alike: rank 0 alone
    writes, and reads for all.

    >>> import tempfile
    >>> import tinygrad_bp as tg
    >>> folder = tempfile.mkdtemp()
    >>> def train():
    ...     _ = tg.manual_seed(0)
    ...     model = tg.nn.Linear(2, 1)
    ...     optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    ...     keeper = tg.train.Checkpoint(folder)
    ...     first = keeper.resume(model=model, optimizer=optimizer).get("step", 0)
    ...     for step in range(first, first + 2):
    ...         optimizer.zero_grad()
    ...         (model(tg.ones(3, 2)) ** 2).mean().backward()
    ...         optimizer.step()
    ...         keeper.save(model=model, optimizer=optimizer, step=step + 1)
    ...     return first
    >>> train(), train(), train()
    (0, 2, 4)
    """

    def __init__(
        self, folder: str | os.PathLike[str], epochs: int = 1, steps: int | None = None, keep: int = 3,
        monitor: str | None = None, mode: str | None = None,
    ) -> None:  # fmt: skip
        for name, value in (("epochs", epochs), ("steps", steps), ("keep", keep)):
            if (value is None and name != "steps") or (value is not None and not _counts(value)):
                raise ArgumentError(f"Checkpoint: {name} is a whole number from 1, got {value!r}")
        if mode not in (None, "min", "max"):
            raise ArgumentError(f"Checkpoint: mode is 'min' or 'max' (None: by the name); got {mode!r}")
        self.folder: Path = folder_of(folder, "Checkpoint")
        self.epochs: int = epochs
        self.steps: int | None = steps
        self.keep: int = keep
        self.monitor: str | None = monitor
        self.mode: str | None = mode
        self._held: Lock | None = None
        self._begun = False  # whether this training has been asked to go on: then the folder is its own
        self._number = 0  # of the last snapshot
        self._best: dict[str, Any] | None = None  # the number of the best one, and its figure

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.folder)!r})"

    # ------------------------------------------------------------------ what is there

    @property
    def newest(self) -> Path | None:
        """The file of the last snapshot; None where there is none yet."""
        numbers = self._numbers()
        return self._path(numbers[-1]) if numbers else None

    @property
    def best(self) -> Path | None:
        """The file of the best snapshot; None where none was measured. ``tg.load(best)["model"]`` is its state dict."""
        if not self._number:
            self._newest_whole()
        path = self._path(self._best["number"]) if self._best else None
        return path if path is not None and path.exists() else None

    def _path(self, number: int) -> Path:
        return self.folder / f"snapshot-{number:06d}.npz"

    def _numbers(self) -> list[int]:
        """The numbers of the snapshots that are there, in order."""
        names = os.listdir(self.folder) if self.folder.is_dir() else []
        return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))

    def _read(self) -> dict[str, Any] | None:
        """The newest snapshot that is whole, or None where there is none at all; of several ranks, that of rank 0."""
        group = together()
        if group is None:
            return self._newest_whole()
        group.agree("resume")
        found = self._newest_whole() if leads() else None
        data = b"" if found is None else self._path(self._number).read_bytes()
        told = np.array([self._number, len(data)])
        group.send(told, "the snapshot of rank 0")
        self._number, length = told.tolist()
        whole = np.frombuffer(data.ljust(length), np.uint8).copy()
        group.send(whole, "the snapshot of rank 0")
        if length and found is None:
            found = load(io.BytesIO(whole.tobytes()))
            self._best = found[ABOUT]["best"]
        return found

    def _newest_whole(self) -> dict[str, Any] | None:
        """What ``_read`` gives in one process; what is damaged is named."""
        problems: list[str] = []
        for number in reversed(self._numbers()):
            path = self._path(number)
            try:
                found = load(path)
                if not isinstance(found, dict) or not isinstance(found.get(ABOUT), dict):
                    raise DataFileError(f"{path}: not a snapshot")
                if found[ABOUT].get("version") != VERSION:
                    raise DataFileError(f"{path}: written by another version of this package")
                if not _is_whole(found):
                    raise DataFileError(f"{path}: parts of the snapshot are missing in it")
            except (DataFileError, OSError) as error:
                problems.append(str(error))
                continue
            if problems:
                said = "; ".join(problems)
                warnings.warn(f"{said}. Skipped: the training goes on from {path.name}, before it", stacklevel=5)
            self._number, self._best = number, found[ABOUT]["best"]
            return found
        if problems:
            raise DataFileError(f"{'; '.join(problems)}. No snapshot is whole; delete {self.folder} to start anew")
        return None

    # ------------------------------------------------------------------ one training at a time

    def __enter__(self) -> Checkpoint:
        """Hold the folder; ``resume`` and ``save`` do so by themselves, until ``close`` or the end of the process."""
        if self._held is None and leads():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._held = Lock(self.folder, "training")
            for part in self.folder.glob(".snapshot-*.part"):  # a process was killed in the middle of a write
                part.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another training have the folder."""
        if self._held is not None:
            self._held.close()
        self._held, self._begun = None, False

    # ------------------------------------------------------------------ the two calls

    def resume(self, **parts: Any) -> dict[str, Any]:
        """Put the newest snapshot back into ``parts``, and give the plain values that were saved with it.

        The parts are those that ``save`` gets under the same names: everything that has a state. Where there is no
        snapshot yet nothing changes, and ``{}`` comes back. Raises ``ArgumentError`` where parts do not fit the
        snapshot, naming each difference, before anything changes.
        """
        self.__enter__()
        found = self._read()
        self._begun = True
        if found is None:
            self._contents(parts, None)  # loaders note from here on how a pass begins
            return {}
        return self._put_back(found, parts)

    def _put_back(self, found: dict[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
        """Put a snapshot into the parts; its values are left."""
        about = found.pop(ABOUT)
        self._refuse_different(about["parts"], parts)
        states = {name: found.pop(name) for name in about["parts"]}
        before = {name: copied(state_of(part)) for name, part in parts.items()}, copied(_rests(parts)), streams()
        try:
            _put(parts, states, about["rest"], about.get("streams"))
        except Exception as error:
            _put(parts, *before)
            error.add_note(f"{self._path(self._number)} does not fit; nothing has changed")
            raise
        return found

    def save(self, **parts: Any) -> Path | None:
        """Write a snapshot: of each part that has a state its state, and plain values as they are.

        A part has ``state_dict`` and ``load_state_dict``, or is a generator; values are those that ``tg.save`` takes.
        A number called as ``monitor`` decides which snapshot is the best. Gives the file, or None where it could not
        be written, which is a warning (and on other ranks than 0). Raises ``ArgumentError`` for a folder with snapshots
        of which this training does not know: call ``resume`` first.
        """
        figure = parts.get(self.monitor) if self.monitor is not None else None
        return self._write(parts, figure, self._sign(self.monitor))

    def _sign(self, monitor: str | None) -> int:
        mode = self.mode or ("max" if monitor is not None and monitor.endswith("accuracy") else "min")
        return 1 if mode == "max" else -1

    def _write(self, given: Mapping[str, Any], figure: Any, sign: int) -> Path | None:
        if not leads():
            return None
        self.begin()
        number, best = self._number + 1, self._best
        value = float(figure) if isinstance(figure, (Real, Tensor)) else None
        if value is not None and not isnan(value) and (best is None or sign * (value - best["figure"]) > 0):
            best = {"number": number, "figure": value}
        path = self._path(number)
        try:
            save(self._contents(given, best), path)
        except OSError as error:
            last = self._path(self._number).name if self._number else "none"
            warnings.warn(
                f"{path} could not be written ({error.strerror or error}); the training goes on, and the last snapshot "
                f"is {last}",
                stacklevel=3,
            )
            return None
        self._number, self._best = number, best
        self._forget_old()
        return path

    def begin(self) -> None:
        """Hold the folder, and refuse the snapshots of a training that is not this one."""
        self.__enter__()
        if not self._begun and leads() and self._numbers():
            raise ArgumentError(
                f"{self!r}: the folder has snapshots already. Go on from them, fit(…, resume={str(self.folder)!r}) or "
                "checkpoint.resume(…) before the loop; or give another folder, or delete this one"
            )
        self._begun = True

    def _contents(self, given: Mapping[str, Any], best: dict[str, Any] | None) -> dict[str, Any]:
        """What stands in a file."""
        if ABOUT in given:
            raise ArgumentError(f"Checkpoint: {ABOUT!r} is a name of its own; give the part or value another one")
        stated = {name: part for name, part in given.items() if has_state(part)}
        about = {
            "version": VERSION, "best": best, "streams": streams(),
            "parts": {name: described(part) for name, part in stated.items()},
            "rest": _rests(stated),
        }  # fmt: skip
        return {ABOUT: about, **{name: state_of(part) if name in stated else part for name, part in given.items()}}

    def _forget_old(self) -> None:
        numbers = [number for number in self._numbers() if number <= self._number]
        for number in numbers[: -self.keep]:
            if self._best is None or number != self._best["number"]:
                with contextlib.suppress(OSError):
                    self._path(number).unlink()

    def _refuse_different(self, was: dict[str, Any], parts: Mapping[str, Any]) -> None:
        for name, part in parts.items():
            if not has_state(part):
                raise ArgumentError(f"resume: {name} has no state; it is given back among the values")
        now = {name: described(part) for name, part in parts.items()}
        if differences := different(was, now):
            raise ArgumentError(
                f"{self._path(self._number)} is of another training: {'; '.join(differences)}. Build the parts as they "
                "were, or give another folder; tg.load reads the file. Nothing has changed"
            )

    # ------------------------------------------------------------------ in fit

    def start(self, parts: Mapping[str, Any], go_on: bool, epochs: int) -> None:
        """Hold the folder, and go on from its newest snapshot; refuse what cannot be, before anything changes."""
        if not go_on:
            self.begin()
        found = self._read() if go_on else None
        self._begun = True
        if found is None:
            take_apart(self._contents(parts, None))  # a state that no file can hold is found now
            return
        if (done := len(found["history"]["loss"])) > epochs:
            raise ArgumentError(
                f"fit: {self._path(self._number)} has {done} epochs behind it, and epochs={epochs} were asked for in "
                "all; ask for as many, or give another folder"
            )
        self._put_back(found, parts)

    def after_step(self, parts: Mapping[str, Any], steps: int) -> None:
        """The step of that number in the epoch was taken."""
        if self.steps is not None and steps % self.steps == 0:
            parts["epoch"].gather()
            self._write(parts, None, 1)

    def after_epoch(self, parts: Mapping[str, Any], history: History, last: bool) -> None:
        """An epoch is done, perhaps the last one."""
        if last or len(history) % self.epochs == 0:
            monitor = self.monitor or ("loss" if history.val_loss[-1] is None else "val_loss")
            self._write(parts, getattr(history, monitor)[-1], self._sign(monitor))


def has_state(part: Any) -> bool:
    """Whether something has a state that can be read and put back."""
    return isinstance(part, Generator) or (
        callable(getattr(part, "state_dict", None)) and callable(getattr(part, "load_state_dict", None))
    )


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_whole(found: Mapping[str, Any]) -> bool:
    """Whether everything that is put back stands in a snapshot, in its form."""
    best, parts, rest = (found[ABOUT].get(name) for name in ("best", "parts", "rest"))
    if best is not None and not (isinstance(best, dict) and _counts(best.get("number"))):
        return False
    if best is not None and not isinstance(best.get("figure"), float):
        return False
    if not isinstance(parts, dict) or not isinstance(rest, dict) or not set(rest) <= set(parts) <= set(found):
        return False
    return all(isinstance(facts, dict) for facts in parts.values())


def _put(parts: Mapping[str, Any], states: Mapping[str, Any], rests: Mapping[str, Any], drawn: Any) -> None:
    """Put states back, the rest of the modules, and the streams of random numbers."""
    for name, part in parts.items():
        put_back(part, states[name])
    for name, part in parts.items():
        if isinstance(part, Module):
            _put_rest(part, rests.get(name))
    set_streams(drawn)


def _rests(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What the state dicts of modules leave out: buffers that are not persistent, which parameters require grad."""
    return {name: _rest(part) for name, part in parts.items() if isinstance(part, Module)}


def _rest(module: Module) -> dict[str, Any]:
    kept = set(module.state_dict())
    return {
        "buffers": {name: value.detach() for name, value in module.named_buffers() if name not in kept},
        "requires_grad": {name: p.requires_grad for name, p in module.named_parameters()},
    }


def _put_rest(module: Module, rest: Any) -> None:
    own = _rest(module)
    if not isinstance(rest, dict) or not all(isinstance(rest.get(name), dict) for name in own):
        raise StateDictError("the snapshot does not say which buffers a module has, and what requires grad")
    buffers, wanted = rest["buffers"], rest["requires_grad"]
    fits = buffers.keys() == own["buffers"].keys() and wanted.keys() == own["requires_grad"].keys()
    if not fits or not all(isinstance(flag, bool) for flag in wanted.values()):
        raise StateDictError("the snapshot is of a module with other buffers or parameters")
    for name, value in buffers.items():
        if not isinstance(value, Tensor) or value.shape != own["buffers"][name].shape:
            raise StateDictError(f"the snapshot has another tensor for the buffer {name}")
    with no_grad():
        for name, value in buffers.items():
            own["buffers"][name].copy_(value)
    for name, parameter in module.named_parameters():
        if parameter.requires_grad != wanted[name]:
            parameter.requires_grad = wanted[name]
