"""A training program with its mistake and without, and whether each of them learns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg

Score = Callable[[np.ndarray, np.ndarray], float]


class Training(NamedTuple):
    """What a program trains: the four that `tg.diagnose` takes, how its outputs are scored, and the rows of a step."""

    model: Any
    loss_fn: Any
    batch: tuple[Any, Any]
    optimizer: Any
    score: Score
    rows: int | None = None


@dataclass(frozen=True)
class Program:
    """`make(repaired, rng)` writes the program; `faults` are the codes of its mistakes; one that `stops` raises."""

    name: str
    make: Callable[[bool, np.random.Generator], Training]
    faults: frozenset[str]
    stops: bool = False

    def written(self, repaired: bool, seed: int) -> Training:
        tg.manual_seed(seed)
        return self.make(repaired, np.random.default_rng([seed, 1]))


@dataclass
class Collection:
    """Programs by name, gathered by a decorator."""

    programs: dict[str, Program] = field(default_factory=dict)

    def add(self, *faults: str, stops: bool = False) -> Callable[[Any], Any]:
        def added(make: Any) -> Any:
            self.programs[make.__name__] = Program(make.__name__, make, frozenset(faults), stops)
            return make

        return added


def trained(training: Training, steps: int = 300, seed: int = 0) -> float:
    """The score after so many steps: 1 is perfect, 0 is chance, -1 is worse, not a number, or an error on the way."""
    model, loss_fn, (x, y), optimizer, score, rows = training
    rng = np.random.default_rng([seed, 2])
    rows = min(rows or len(x), len(x))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the shapes broadcast is one of the mistakes
        try:
            for _ in range(steps):
                chosen = rng.permutation(len(x))[:rows] if rows < len(x) else slice(None)
                optimizer.zero_grad()
                loss_fn(model(x[chosen]), y[chosen]).backward()
                optimizer.step()
            model.eval()
            with tg.no_grad():
                found = model(x).numpy()
        except (tg.AutogradError, RuntimeError, ValueError, IndexError):
            return -1.0
        return max(-1.0, float(score(found, y.numpy()))) if np.isfinite(found).all() else -1.0


def scores(program: Program, repaired: bool, seeds: int = 3, steps: int = 300) -> list[float]:
    return [trained(program.written(repaired, seed), steps, seed) for seed in range(seeds)]


def of_classes(found: np.ndarray, y: np.ndarray) -> float:
    """Accuracy above chance, of a score for each class; labels are numbers or one-hot."""
    k = found.shape[-1]
    labels = y.argmax(-1) if y.ndim == found.ndim else y
    return ((found.argmax(-1) == labels).mean() - 1 / k) / (1 - 1 / k)


def of_two(threshold: float) -> Score:
    """Accuracy above chance, of one number for two classes."""
    return lambda found, y: 2 * ((found > threshold) == (y > 0.5)).mean() - 1


def of_numbers(found: np.ndarray, y: np.ndarray) -> float:
    """R², the mean of it over the columns."""
    each = 1 - ((found - y) ** 2).mean(0) / y.var(0)
    return float(np.mean(np.maximum(each, -1)))


def floats(*arrays: Any) -> Any:
    """Float32 tensors of arrays."""
    tensors = tuple(tg.tensor(np.asarray(a, dtype=np.float32)) for a in arrays)
    return tensors if len(tensors) > 1 else tensors[0]


def scaled(a: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and deviation 1."""
    return (a - a.mean(0)) / a.std(0)
