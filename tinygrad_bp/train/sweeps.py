"""Sweeps: a training for every setting of a grid and every seed, here or side by side, each kept as it ends."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import os
import random
import re
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DataFileError
from ..autograd.tensor import Tensor
from ..autograd.terminal import in_notebook, watched
from ..random.generator import manual_seed
from ..random.streams import set_streams, streams
from ..saving import load, save
from .history import MONITORS, History
from .lock import Lock, folder_of
from .results import Run, Sweep

Train = Callable[..., Any]
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def sweep(
    train: Train, grid: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]], seeds: int | Sequence[int] = 5, *,
    n_jobs: int = 1, folder: str | os.PathLike[str] | None = None, progress: bool = True,
) -> Sweep:  # fmt: skip
    """Call ``train`` for every setting of ``grid`` with every seed, and return the ``Sweep``: mean ± spread by setting.

    train     ``train(**setting)``, with ``seed=`` where it has such a parameter. It returns a number, a dict of numbers
              by name, or the ``History`` of ``fit`` (of which the last epoch counts). Before each call the streams of
              this package, of Python and of NumPy are seeded; afterwards they are as before
    grid      values by parameter, of which every combination is a setting, or a list of settings
    seeds     how many (from 0), or which
    n_jobs    processes, -1 for one a core; needs joblib. 1 runs here. Lambdas and functions of a notebook work, what
              they read from around them is sent along. The figures are the same as here
    folder    keeps each run as it ends; a sweep that was killed is called again and goes on, to the same table. A
              damaged file is named in a warning, and its run is done anew
    progress  False for no progress bar; otherwise tqdm, where installed, draws one on a terminal and in Jupyter

    A run that raises is named in a warning and in the table, and loses no other; it is not kept. Ctrl-C ends the sweep:
    what has ended is returned, with ``stopped`` saying so. Raises ``ArgumentError`` where settings and ``train`` do not
    fit together, or the folder is of another ``train``, before anything runs.

    >>> import tinygrad_bp as tg
    >>> def train(lr):
    ...     w = tg.randn(1, requires_grad=True)
    ...     optimizer = tg.optim.SGD([w], lr=lr)
    ...     for _ in range(10):
    ...         optimizer.zero_grad()
    ...         (w ** 2).sum().backward()
    ...         optimizer.step()
    ...     return abs(w.item())
    >>> tg.train.sweep(train, {"lr": [0.1, 0.4]}, seeds=3)
    Sweep: 2 settings, 3 seeds
     lr               result
    0.1      0.09287 ± 0.065
    0.4  8.856e-08 ± 6.2e-08
    """
    settings = _settings(grid)
    chosen = _chosen(seeds)
    _check(train, settings, n_jobs)
    named = [Run(setting, seed, {}) for setting in settings for seed in chosen]
    kept = None if folder is None else _Kept(folder_of(folder, "sweep"), train)
    done: dict[int, Run] = {}
    stopped = ""
    with kept if kept is not None else _nothing():
        if kept is not None:
            done = {place: run for place, run in enumerate(map(kept.read, named)) if run is not None}
        rest = [place for place in range(len(named)) if place not in done]
        bar = _bar(len(named), len(done)) if progress and rest else None
        ended = _here(train, named, rest, kept) if n_jobs == 1 else _beside(train, named, rest, kept, n_jobs)
        try:
            for place, run in ended:
                done[place] = run
                if bar is not None:
                    bar.update()
        except KeyboardInterrupt:
            stopped = f"interrupted after {len(done)} of {len(named)} runs"
        finally:
            if bar is not None:
                bar.close()
    found = Sweep([done[place] for place in sorted(done)], stopped)
    if found.failed:
        first = found.failed[0]
        more = f", and {len(found.failed) - 1} more" if len(found.failed) > 1 else ""
        warnings.warn(f"sweep: {first.name} ended in {first.error}{more}; .failed has them all", stacklevel=2)
    return found


def _chosen(seeds: Any) -> list[int]:
    found: list[Any] = []
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        found = [*range(seeds)]
    elif np.iterable(seeds):
        found = [*seeds]
    whole = [isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= seed < 2**32 for seed in found]
    if not found or not all(whole) or len(set(found)) < len(found):
        raise ArgumentError(f"sweep: seeds is how many, from 1, or different whole numbers from 0; got {seeds!r}")
    return [int(seed) for seed in found]


def _settings(grid: Any) -> list[dict[str, Any]]:
    if isinstance(grid, Mapping):
        for name, values in grid.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
                raise ArgumentError(f"sweep: grid gives each parameter a list of values; write {name!r}: [{values!r}]")
        names, values = [*grid], [[*each] for each in grid.values()]
        found = [dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*values)]
    elif isinstance(grid, Sequence) and all(isinstance(setting, Mapping) for setting in grid):
        found = [dict(setting) for setting in grid]
    else:
        raise ArgumentError("sweep: grid is a dict of lists of values, or a list of dicts, each of them a setting")
    if not found:
        raise ArgumentError("sweep: the grid has no setting; give each parameter at least one value")
    texts = [_text(setting) for setting in found]
    if len(set(texts)) < len(texts):
        twice = next(text for text in texts if texts.count(text) > 1)
        raise ArgumentError(f"sweep: two settings read {twice}; give values that can be told apart by their names")
    return found


def _text(setting: Mapping[str, Any]) -> str:
    """A setting as files name it: the same in every process."""
    parts = []
    for name, value in setting.items():
        text = f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else repr(value)
        if _ADDRESS.search(text):
            raise ArgumentError(
                f"sweep: {name}={text} says nothing of itself, so no table can name it; give a number, a string, a "
                "class or a named function"
            )
        parts.append(f"{name}={text}")
    return ", ".join(parts)


def _check(train: Any, settings: Sequence[Mapping[str, Any]], n_jobs: Any) -> None:
    if not callable(train):
        raise ArgumentError(f"sweep: train is called with a setting, and {type(train).__name__} cannot be called")
    if not isinstance(n_jobs, int) or isinstance(n_jobs, bool) or (n_jobs < 1 and n_jobs != -1):
        raise ArgumentError(f"sweep: n_jobs is a number of processes, -1 for one a core; got {n_jobs!r}")
    try:
        signature = inspect.signature(train)
    except (TypeError, ValueError):  # a function of C, which says nothing
        return
    for setting in settings:
        if "seed" in setting:
            raise ArgumentError("sweep: the seeds are given as seeds=, not among the settings")
        try:
            signature.bind(**_with_seed(train, setting, 0))
        except TypeError as error:
            raise ArgumentError(f"sweep: train cannot be called with {_text(setting)}: {error}") from None


def _with_seed(train: Train, setting: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The arguments of a call."""
    try:
        parameters = inspect.signature(train).parameters
    except (TypeError, ValueError):
        return dict(setting)
    takes = "seed" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {**setting, "seed": seed} if takes else dict(setting)


# ---------------------------------------------------------------------- one run


def _here(train: Train, named: Sequence[Run], places: Sequence[int], kept: _Kept | None) -> Iterator[tuple[int, Run]]:
    """Run them in this process, one after the other."""
    for place in places:
        yield place, _ended(train, named[place], kept)


def _beside(
    train: Train, named: Sequence[Run], places: Sequence[int], kept: _Kept | None, n_jobs: int
) -> Iterator[tuple[int, Run]]:
    """Run them in processes; each keeps its own runs, so that nothing is lost with this one."""
    try:
        from joblib import Parallel, delayed
        from joblib.externals.loky.backend.reduction import register
    except ImportError:
        raise ModuleNotFoundError(
            'sweep: n_jobs other than 1 needs joblib: pip install "tinygrad_bp[sweep]"', name="joblib"
        ) from None
    from ..autograd.copying import sent
    from ..nn.parameter import Parameter

    for kind in (Tensor, Parameter):  # tensors that train reads go along
        register(kind, sent)
    calls = (delayed(_placed)(place, train, named[place], kept) for place in places)
    ended = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)(calls)
    try:
        for place, run in ended:
            if run is None:
                raise KeyboardInterrupt
            yield place, run
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that what was asked for is not waited for
            ended.close()


def _placed(place: int, *given: Any) -> tuple[int, Run | None]:
    try:
        return place, _ended(*given)
    except KeyboardInterrupt:
        return place, None


def _ended(train: Train, run: Run, kept: _Kept | None) -> Run:
    """Do a run, and keep it; an interrupt that ``train`` caught, as ``fit`` does, ends it all the same."""
    before = streams()
    try:
        manual_seed(run.seed)
        random.seed(run.seed)
        np.random.seed(run.seed)
        with _pressed() as presses:
            try:
                figures = _figures(train(**_with_seed(train, run.setting, run.seed)))
            except Exception as error:
                return run._replace(error=f"{type(error).__name__}: {error}")
            finally:
                if presses:
                    raise KeyboardInterrupt
    finally:
        set_streams(before)
    ended = run._replace(figures=figures)
    if kept is not None:
        kept.write(ended)
    return ended


@contextmanager
def _pressed() -> Iterator[list[int]]:
    """Note each Ctrl-C on its way to whoever takes it."""
    presses: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield presses
        return

    def press(number: int, frame: Any) -> None:
        presses.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, press)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, before)


def _figures(result: Any) -> dict[str, float]:
    if isinstance(result, History):
        last = {name: getattr(result, name)[-1] for name in MONITORS if len(result)}
        result = {name: value for name, value in last.items() if value is not None}
    elif not isinstance(result, Mapping):
        result = {"result": result}
    found = {}
    for name, value in result.items():
        if not isinstance(name, str) or np.size(getattr(value, "_value", value)) != 1:
            raise ArgumentError(
                f"sweep: train returns a number, a dict of numbers by name, or a History; got {result!r:.80}"
            )
        found[name] = float(value)
    if not found:
        raise ArgumentError("sweep: train returned no figure")
    return found


# ---------------------------------------------------------------------- kept


def _key(run: Run) -> str:
    return f"{_text(run.setting)}; seed {run.seed}"


class _Kept:
    """A folder with a file for each run that has ended."""

    def __init__(self, folder: Path, train: Train) -> None:
        self.folder, self.about = folder, _about(train)

    def __enter__(self) -> _Kept:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held = Lock(self.folder, "sweep")
        for part in self.folder.glob(".run-*.part"):  # a process was killed in the middle of a write
            part.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def __getstate__(self) -> dict[str, Any]:
        """Without the lock, which stays with the process that has it."""
        return {"folder": self.folder, "about": self.about}

    def path(self, run: Run) -> Path:
        """The file of a run."""
        return self.folder / f"run-{hashlib.sha256(_key(run).encode()).hexdigest()[:16]}.npz"

    def write(self, run: Run) -> None:
        """Keep a run; one that cannot be written is a warning."""
        path = self.path(run)
        try:
            save({"about": self.about, "run": _key(run), "figures": run.figures}, path)
        except OSError as error:
            warnings.warn(f"{path} could not be written ({error.strerror or error}); the sweep goes on", stacklevel=2)

    def read(self, run: Run) -> Run | None:
        """The run as it was kept; None where it was not. Raises ``ArgumentError`` where it is of another ``train``."""
        path = self.path(run)
        if not path.exists():
            return None
        try:
            found = load(path)
            fits = isinstance(found, dict) and found.get("run") == _key(run) and isinstance(found.get("figures"), dict)
            if not fits:
                raise DataFileError(f"{path}: not the run of {run.name}")
        except (DataFileError, OSError) as error:
            warnings.warn(f"{error}. Its run is done anew: {run.name}", stacklevel=3)
            return None
        if found["about"] != self.about:
            raise ArgumentError(
                f"sweep: {self.folder} has runs of another function, or of {self.about.split()[0]} before it was "
                "changed; give another folder, or delete this one"
            )
        return run._replace(figures=found["figures"])


def _about(train: Any) -> str:
    """What tells a function from another, and from itself once it was changed: its name, and the code that it has."""
    name = getattr(train, "__qualname__", type(train).__qualname__)
    code = getattr(train, "__code__", None)
    return name if code is None else f"{name} {hashlib.sha256(repr(_code(code)).encode()).hexdigest()[:16]}"


def _code(code: CodeType) -> Any:
    consts = [_code(each) if isinstance(each, CodeType) else _plain(each) for each in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, consts


def _plain(constant: Any) -> str:
    return repr(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _bar(total: int, done: int) -> Any:
    if not watched():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, initial=done, unit=" runs", leave=in_notebook())
