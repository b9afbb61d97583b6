"""Who takes part in ``python -m benchmarks steps``, and how each takes a training step."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.compiler.build import BuildError, compiler

from . import peers
from .peers import Run
from .steps import NETWORKS, Network, Step, data, engine, hand_written, past_first_lines
from .workloads import WORKLOADS, Training

BY_NAME = {network.name: network for network in NETWORKS}
NAMES = [*BY_NAME, *WORKLOADS]
C = "tinygrad_bp.compiler.c_backend"


class Engine(NamedTuple):
    """What it is, the package that it needs, and how it starts on a network, and on a larger workload."""

    what: str
    package: str
    network: Callable[[Network], Run]
    larger: Callable[[Training], Run] | None = None

    def lacks(self) -> str:
        """What keeps it from running here; an empty text where nothing does."""
        try:  # it raises where the package is missing of which this is a part
            missing = importlib.util.find_spec(self.package) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            return f"`{self.package}` is not installed"
        if self.package == C:
            try:
                compiler()
            except BuildError as error:
                return str(error)
        return ""

    def start(self, workload: str) -> Run:
        """The workload's training step from its beginning."""
        if workload in BY_NAME:
            return self.network(BY_NAME[workload])
        if self.larger is None:
            raise ValueError(f"{workload} is not written for it")
        return self.larger(WORKLOADS[workload])

    def version(self) -> str:
        """Of the package."""
        name = self.package.partition(".")[0]
        return f"{name} {tg.__version__ if name == 'tinygrad_bp' else version(name)}"


def repeated(step: Step, *given: Any) -> Run:
    """The step, called from Python each time."""

    def run(steps: int) -> Any:
        for _ in range(steps):
            loss = step(*given)
        return loss

    return run


def single(step_of: Callable[[Network], Step]) -> Callable[[Network], Run]:
    """A step that knows its data."""
    return lambda network: repeated(step_of(network))


def products(network: Network) -> Run:
    """The matrix products of the step alone, into memory made before: the floor of who calls NumPy's BLAS."""
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((network.rows, size), dtype=np.float32) for size in network.sizes]
    weights = [rng.standard_normal((a.shape[1], b.shape[1]), dtype=np.float32) for a, b in itertools.pairwise(values)]
    calls = []
    for i, w in enumerate(weights):
        a, b = values[i : i + 2]
        calls += [(a, w, np.empty_like(b)), (a.T, b, np.empty_like(w))]
        if i:
            calls.append((b, w.T, np.empty_like(a)))

    def step() -> None:
        for a, b, out in calls:
            np.dot(a, b, out=out)

    return repeated(step)


def ours(network: Network) -> tuple[Step, tuple[Any, ...]]:
    """Our step, and what it is called with."""
    return engine(network), tuple(tg.tensor(array) for array in data(network))


def eager(step: Step, given: tuple[Any, ...]) -> Run:
    past_first_lines()
    return repeated(step, *given)


def eager_with_lines(step: Step, given: tuple[Any, ...]) -> Run:
    tg.autograd.record_lines().__enter__()  # as long as the process lives
    return repeated(step, *given)


def compiled(backend: str) -> Callable[[Step, tuple[Any, ...]], Run]:
    return lambda step, given: repeated(tg.compile(step, backend=backend), *given)


def looped(step: Step, given: tuple[Any, ...]) -> Run:
    loop = tg.compile(step, backend="c").loop
    return lambda steps: loop(*given, n=steps)[-1]


def of_ours(what: str, package: str, form: Callable[[Step, tuple[Any, ...]], Run]) -> Engine:
    """A form of our step, on every workload."""
    return Engine(what, package, lambda network: form(*ours(network)), lambda training: form(*training(tg)))


def in_torch(training: Training) -> Run:
    import torch

    step, given = training(torch)
    return repeated(step, *given)


def in_torch_compiled(training: Training) -> Run:
    import torch

    step, given = training(torch)
    return repeated(torch.compile(step), *given)


OURS = {
    "eager": of_ours("op by op", "tinygrad_bp", eager),
    "eager-lines": of_ours(
        "the same while each op keeps the user's line: the first 100,000 of a process, and in `record_lines`",
        "tinygrad_bp",
        eager_with_lines,
    ),
    "numpy": of_ours('`tg.compile(step, backend="numpy")`', "tinygrad_bp.compiler", compiled("numpy")),
    "c": of_ours('`tg.compile(step, backend="c")`, a step a call', C, compiled("c")),
    "c-loop": of_ours("the same, all steps in one call of `loop`", C, looped),
}
PEERS = {
    "torch": Engine("PyTorch, eager", "torch", single(peers.pytorch), in_torch),
    "torch-compile": Engine(
        "`torch.compile` of forward, backward and update", "torch", single(peers.torch_compiled), in_torch_compiled
    ),
    "jax": Engine("`jax.jit`, memory donated, asynchronous dispatch off", "jax", peers.jax_tuned),
    "jax-default": Engine("`jax.jit` as it comes", "jax", peers.jax_default),
    "jax-loop": Engine("all steps in one `fori_loop`, tuned as `jax`", "jax", peers.jax_loop),
    "pytensor": Engine("PyTensor, mode NUMBA, shared variables", "pytensor", single(peers.pytensor)),
    "autograd": Engine("HIPS autograd", "autograd", single(peers.hips_autograd)),
    "mygrad": Engine("MyGrad", "mygrad", single(peers.mygrad)),
    "tinygrad": Engine("`TinyJit` on the CPU by clang", "tinygrad", single(peers.tinygrad)),
}
ENGINES = {
    "by-hand": Engine("NumPy, written as the reports write it", "numpy", single(hand_written)),
    "products": Engine("its matrix products alone, the floor", "numpy", products),
    **OURS,
    **PEERS,
}
