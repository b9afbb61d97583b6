"""The same on a GPU: the op table, and the trainings of R1 and R5, compared with the CPU.

``python -m benchmarks.gpu`` on a machine with an NVIDIA GPU; with ``--stand-in`` on arrays that refuse what CuPy's
refuse, anywhere. Ends with 1 where a number differs by more than rounding or an op cannot be computed there, and
with 2 where there is no GPU.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from demos.reports import r1, r5
from tinygrad_bp.autograd import elsewhere
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.gradient import grad
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.tensor import wrap
from tinygrad_bp.verify import contracts

# How far a number may be from the CPU's, of the largest in its array: sums run in another order on a GPU.
TOLERANCE = {"float32": 2e-4, "float64": 1e-8}
STEPS = 30  # of a training: rounding grows with every step


class Compared(NamedTuple):
    """What was computed on both, the largest difference relative to the largest number, and what went wrong."""

    name: str
    difference: float
    error: str = ""

    def holds(self, tolerance: float) -> bool:
        """Whether it is the CPU's but for rounding."""
        return not self.error and self.difference <= tolerance


def stand_in() -> None:
    """Put the tests' strict arrays in the place of a GPU's."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    strict: Any = importlib.import_module("strict_arrays")
    elsewhere.known("cuda", elsewhere.Place(strict.Strict, strict.on_device, lambda array: array.get(order="A")))


def difference(one: Any, other: Any) -> float:
    """The largest difference of two arrays, relative to the largest number; inf where one alone is not finite."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return np.inf
    if not one.size:
        return 0.0
    same = (one == other) | ((one != one) & (other != other))
    if same.all():
        return 0.0
    if one.dtype.kind not in "fc":
        return np.inf
    finite = np.isfinite(one)
    if not (same | (finite & np.isfinite(other))).all():
        return np.inf
    apart = np.abs(np.where(same, 0, one.astype(np.complex128) - other))
    return float(np.max(apart) / max(1.0, float(np.max(np.abs(one[finite]), initial=0))))


def computed(op: Op, sample: Any, dtype: Any, device: str) -> list[Any]:
    """The value of an op on a sample and its gradients, on a device, as NumPy's arrays."""
    arrays = contracts.draw(op, sample, dtype=dtype)
    tensors = [tg.tensor(array, device=device) for array in arrays]
    chosen = contracts.differentiable(op, arrays)
    for i in chosen:
        tensors[i].requires_grad = True
    result = contracts.run(op, tensors, sample)
    gradients: Any = ()
    if op.kind != "constant" and chosen and result.requires_grad:
        rng = np.random.default_rng(1)
        arriving = contracts.random_like(rng, elsewhere.hosted(result._value)).astype(result.dtype, copy=False)
        wanted = [tensors[i] for i in chosen]
        gradients = grad(result, wanted, wrap(arriving, None).to(result.device))
    return [elsewhere.hosted(x._value) for x in (result, *gradients)]


def of_op(op: Op, dtype: Any) -> Compared:
    """All samples of an op on both devices."""
    most = 0.0
    for sample in op.samples:
        if dtype == np.float32 and not sample.smooth:
            continue
        with np.errstate(all="ignore"):
            wanted = computed(op, sample, dtype, "cpu")
            try:
                found = computed(op, sample, dtype, "cuda")
            except Exception as error:
                return Compared(op.name, np.inf, f"{sample.shapes} {sample.params}: {type(error).__name__}: {error}")
        most = max(most, *map(difference, wanted, found))
    return Compared(op.name, most)


def op_table(dtype: Any) -> Iterator[Compared]:
    """Every op that has inputs."""
    gather()
    for space in (tg, tg.Tensor, tg.nn.functional):  # what is found when it is asked for is found
        for name in dir(space):
            getattr(space, name, None)
    return (of_op(op, dtype) for op in list(OPS.values()) if op.inputs)


def r1_setting(seed: int) -> tuple[Any, Any, Any]:
    """R1's network, its optimizer, and batches of its images; the digits where MNIST is not here."""
    tg.manual_seed(seed)
    parts = r1.load(None)
    net = r1.training.network(pixels=parts.pixels)
    return net, lambda p: tg.optim.SGD(p, lr=0.1), parts.train


def r5_setting(seed: int) -> tuple[Any, Any, Any]:
    """R5's network of batch normalisation and dropout, AdamW, and images of CIFAR-10's size, drawn at random."""
    tg.manual_seed(seed)
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, 1024)
    images = rng.standard_normal((1024, 3072), dtype=np.float32) + labels[:, None].astype(np.float32) / 10
    net = r5.training.network((256, 128), dropout=0.2, normalised=True)
    return net, lambda p: tg.optim.AdamW(p, lr=1e-3), tg.data.TensorDataset(images, labels)


def trained(setting: Callable[[int], tuple[Any, Any, Any]], device: str) -> tuple[list[Any], float]:
    """The losses and the weights of some steps on a device, and the seconds of a step."""
    net, optimizer, data = setting(0)
    net.to(device)
    step = optimizer(net.parameters())
    batches = iter(tg.data.DataLoader(data, 64, shuffle=True, generator=tg.Generator().manual_seed(0)))
    losses, times = [], []
    for _ in range(STEPS):
        x, y = next(batches, (None, None))
        if x is None:
            break
        began = time.perf_counter()
        loss = tg.nn.functional.cross_entropy(net(x.to(device)), y.to(device))
        step.zero_grad()
        loss.backward()
        step.step()
        losses.append(loss.item())  # waits for the device
        times.append(time.perf_counter() - began)
    return [np.array(losses), *(p.detach().cpu().numpy() for p in net.parameters())], float(np.median(times))


def main(arguments: list[str] | None = None) -> int:
    """Compare everything, print it, and say by the status whether all of it holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--stand-in", action="store_true", help="strict arrays of the tests in the place of a GPU's")
    given = parser.parse_args(arguments)
    if given.stand_in:
        stand_in()
    if not tg.cuda.is_available():
        print(elsewhere.missing())
        return 2
    print(f"{tg.zeros(1, device='cuda').device}: {tg.cuda.get_device_name()}")
    wrong = 0
    for dtype in (np.float64, np.float32):
        tolerance = TOLERANCE[dtype.__name__]
        table = list(op_table(dtype))
        bad = [one for one in table if not one.holds(tolerance)]
        print(f"{len(table)} ops, {dtype.__name__}, forward and backward: {len(table) - len(bad)} as on the CPU, most "
              f"{max((one.difference for one in table if one not in bad), default=0):.1e} apart")  # fmt: skip
        for one in bad:
            print(f"  {one.name}: {one.error or f'{one.difference:.1e} apart'}")
        wrong += len(bad)
    for name, setting in (("R1", r1_setting), ("R5", r5_setting)):
        (here, slow), (there, quick) = trained(setting, "cpu"), trained(setting, "cuda")
        apart = max(map(difference, here, there))
        pace = f"a step takes {slow * 1e3:.2f} ms on the CPU, {quick * 1e3:.2f} ms there"
        print(f"{name}, {len(here[0])} steps: losses and weights {apart:.1e} apart; {pace}")
        wrong += int(not apart <= 5e-3)
    print("all as on the CPU" if not wrong else f"{wrong} differ")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
