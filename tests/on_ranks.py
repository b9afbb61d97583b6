"""Programs of several ranks: ``mpiexec -n 2 python -m tests.on_ranks NAME`` runs one; rank 0 prints what it found."""

from __future__ import annotations

import copy
import doctest
import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import distributed as dist
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ModifiedError, ShapeError
from tinygrad_bp.distributed import starting
from tinygrad_bp.nn import functional as F

ROWS, BATCH, EPOCHS = 60, 12, 3


# ---------------------------------------------------------------------- trainings, with and without others


class Net(tg.nn.Module):
    """Some of everything: a tied weight, float32 beside float64, and a layer that nobody uses."""

    def __init__(self) -> None:
        super().__init__()
        self.first = tg.nn.Linear(5, 7)
        self.again = tg.nn.Linear(7, 7)
        self.again_too = self.again
        self.last = tg.nn.Linear(7, 3)
        self.unused = tg.nn.Linear(2, 2)
        self.double()
        self.scale = tg.nn.Parameter(tg.ones(3))
        self.register_buffer("mask", tg.tensor([1.0, 0.5, 2.0]))

    def forward(self, x: Any) -> Any:
        h = self.again_too(self.again(self.first(x).tanh()).tanh())
        return self.last(h) * self.scale * self.mask


def rows(count: int = ROWS) -> Any:
    x = np.random.default_rng(0).standard_normal((count, 5))
    return tg.data.TensorDataset(tg.tensor(x), tg.tensor(x[:, :3].argmax(1)))


def model_and(optimizer: Any, **settings: Any) -> tuple[Any, Any, Any]:
    """A model, what trains it (on several ranks a wrapped one), and its optimizer."""
    tg.manual_seed(0)
    model = Net()
    tg.manual_seed(dist.rank)  # the values of rank 0 count
    if dist.rank:
        with tg.no_grad():
            model.first.weight.mul_(2)
    wrapped = dist.DistributedDataParallel(model, **settings) if dist.is_initialized() else model
    return model, wrapped, optimizer(model.parameters())


def share(data: Any, batch: int = BATCH, **settings: Any) -> Any:
    """What this rank reads."""
    sampler = dist.DistributedSampler(data, dist.world_size, dist.rank, **settings)
    return tg.data.DataLoader(data, batch // dist.world_size, sampler=sampler)


def by_hand() -> dict[str, Any]:
    """A loop of one's own; each loss is the mean over the rows of all ranks."""
    told = {}
    for name, optimizer in {
        "sgd": lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        "adam": lambda p: tg.optim.Adam(p, lr=0.01),
    }.items():
        model, wrapped, steps = model_and(optimizer, bucket_cap_mb=0.0003)  # several pieces
        loader, losses = share(rows(), seed=3), []
        for epoch in range(EPOCHS):
            loader.sampler.set_epoch(epoch)
            for x, y in loader:
                steps.zero_grad()
                loss = F.cross_entropy(wrapped(x), y)
                loss.backward()
                steps.step()
                total = loss.detach().clone()
                if dist.is_initialized():
                    dist.all_reduce(total, dist.ReduceOp.AVG)
                losses.append(total.item())
        assert model.unused.weight.grad is None
        told[name] = [losses, model.first.weight.tolist(), model.scale.tolist()]
        if dist.is_initialized():
            assert len(wrapped.digest()) == 64
    return told


def unlike_shares() -> list[float]:
    """Ranks with unlike numbers of rows, of which one may have none that counts: the loss is weighted."""
    _, wrapped, steps = model_and(lambda p: tg.optim.SGD(p, lr=0.1))
    x, y = rows()[:]
    losses = []
    for start in range(0, ROWS, 16):
        whole = range(start, min(start + 16, ROWS))
        own = list(whole)[dist.rank :: dist.world_size]
        steps.zero_grad()
        loss = F.cross_entropy(wrapped(x[own]), y[own]) * (dist.world_size * len(own) / len(whole))
        loss.backward()
        steps.step()
        total = loss.detach().clone()
        if dist.is_initialized():
            dist.all_reduce(total, dist.ReduceOp.AVG)
        losses.append(total.item())
    return losses


NORMALIZED: dict[str, tuple[tuple[int, ...], Any]] = {
    "features": ((5,), lambda: [tg.nn.Linear(5, 7), tg.nn.BatchNorm1d(7), tg.nn.Tanh(), tg.nn.Linear(7, 3)]),
    "series": ((2, 6), lambda: [tg.nn.Conv1d(2, 4, 3), tg.nn.BatchNorm1d(4, momentum=None, affine=False),
                                tg.nn.ReLU(), tg.nn.Flatten(), tg.nn.Linear(16, 3)]),
    "images": ((2, 4, 4), lambda: [tg.nn.BatchNorm2d(2, bias=False), tg.nn.Conv2d(2, 3, 3), tg.nn.Tanh(),
                                   tg.nn.BatchNorm2d(3, track_running_stats=False), tg.nn.Flatten(),
                                   tg.nn.Linear(12, 3)]),
}  # fmt: skip


def synchronized() -> dict[str, Any]:
    """Batch norm by the rows of all ranks; ranks have unlike numbers of them, and in the end some have none."""
    told = {}
    for name, (shape, layers) in NORMALIZED.items():
        tg.manual_seed(0)
        model = tg.nn.Sequential(*layers()).double()
        wrapped = model
        if dist.is_initialized():
            model = tg.nn.SyncBatchNorm.convert_sync_batchnorm(model)
            wrapped = dist.DistributedDataParallel(model)
        steps = tg.optim.SGD(model.parameters(), lr=0.1)
        numbers = np.random.default_rng(7)
        found: list[Any] = []
        for count in (7, 5, 2):
            x, y = 3 + 2 * numbers.standard_normal((count, *shape)), numbers.integers(0, 3, count)
            own = range(dist.rank, count, dist.world_size)
            given = tg.tensor(x[own], requires_grad=True)
            steps.zero_grad()
            loss = F.cross_entropy(wrapped(given), tg.tensor(y[own]), reduction="sum") / count
            (loss * dist.world_size).backward()
            steps.step()
            slopes = tg.zeros(*x.shape, dtype=tg.float64)
            slopes[own] = given.grad / dist.world_size
            total = loss.detach().clone()
            if dist.is_initialized():
                dist.all_reduce(slopes)
                dist.all_reduce(total)
            found += [total.item(), slopes.tolist(), [p.grad.tolist() for p in model.parameters()]]
        found += [value.tolist() for value in model.state_dict().values()]
        model.eval()
        found += [model(tg.tensor(x)).tolist()]
        told[name] = found
    return told


def with_fit(folder: str | None = None, dies_at: int | None = None, fewer: bool = False) -> Any:
    """``fit`` with validation, a schedule that looks at it, early stopping and snapshots."""
    model, wrapped, steps = model_and(lambda p: tg.optim.AdamW(p, lr=0.02))
    data = rows()
    train, val = share(data), share(rows(24), shuffle=False)
    if fewer and dist.rank == 1:
        train = tg.data.DataLoader(tg.data.Subset(data, range(12)), 6)

    def die(training: Any) -> None:
        if len(training.history) == dies_at and dist.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    callbacks: list[Any] = [die, tg.train.EarlyStopping("val_loss", patience=50)]
    if folder is not None:
        callbacks.append(tg.train.Checkpoint(folder, steps=2))
    history = tg.train.fit(
        wrapped, tg.nn.CrossEntropyLoss(), steps, train, val, 6,
        schedule=tg.optim.lr_scheduler.ReduceLROnPlateau(steps, patience=0), callbacks=callbacks, resume=folder,
    )  # fmt: skip
    if dist.is_initialized():
        wrapped.digest()
    return [history.loss, history.accuracy, history.val_loss, history.val_accuracy, model.last.weight.tolist()]


def trainings() -> dict[str, Any]:
    return {"by hand": by_hand(), "unlike shares": unlike_shares(), "norm": synchronized(), "fit": with_fit()}


# ---------------------------------------------------------------------- what holds on several ranks


def raises(kind: type[Exception], words: str, call: Any) -> None:
    try:
        call()
    except kind as error:
        assert words in str(error), error
        return
    raise AssertionError(f"{words}: nothing was raised")


DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128"
ARRAYS = {
    "SUM": lambda found: found.any(0) if found.dtype == bool else found.sum(0, dtype=_wide(found.dtype)),
    "AVG": lambda found: found.mean(0, dtype=_wide(found.dtype)),
    "PRODUCT": lambda found: found.all(0) if found.dtype == bool else found.prod(0, dtype=_wide(found.dtype)),
    "MIN": lambda found: found.min(0),
    "MAX": lambda found: found.max(0),
}


def _wide(dtype: Any) -> Any:
    return np.float32 if dtype == np.float16 else dtype


def given(shape: tuple[int, ...], dtype: str) -> Any:
    """What each rank has, along the first axis."""
    return np.random.default_rng(5).integers(0, 4, (dist.world_size, *shape)).astype(dtype)


def collectives() -> str:
    rank, size = dist.rank, dist.world_size
    for dtype in DTYPES.split():
        for shape in [(), (0,), (3, 4), (20_000,)]:
            every = given(shape, dtype)
            for op, numpy in ARRAYS.items():
                t = tg.tensor(every[rank])
                if (op == "AVG" and t.dtype.kind not in "fc") or (op in ("MIN", "MAX") and t.dtype.kind == "c"):
                    raises(DtypeError, "has no meaning", lambda t=t, op=op: dist.all_reduce(t, op))
                    continue
                dist.all_reduce(t, op)
                assert t.dtype == dtype and np.allclose(t.numpy(), numpy(every).astype(dtype)), (dtype, shape, op)
            t = tg.tensor(every[rank])
            dist.broadcast(t, src=size - 1)
            assert (t.numpy() == every[-1]).all()
            found = [tg.zeros(shape, dtype=t.dtype) for _ in range(size)]
            dist.all_gather(found, tg.tensor(every[rank]))
            assert all((place.numpy() == item).all() for place, item in zip(found, every, strict=True))

    whole = tg.zeros(4, 6)
    dist.all_reduce(whole[:, ::2].add_(1))  # a view that is not contiguous
    assert whole.sum().item() == 12 * size and whole[:, 1].sum().item() == 0
    work = dist.all_reduce(t := tg.ones(3), async_op=True)
    while not work.is_completed():
        pass
    assert work.wait() and work.wait() and t.tolist() == [size] * 3
    assert dist.barrier() is None and dist.barrier(async_op=True).wait()

    w = tg.ones(2, requires_grad=True)
    x = tg.ones(2)
    y = (w * x).sum()
    dist.all_reduce(x)  # a write to what backward needs
    raises(ModifiedError, "modified by an in-place", y.backward)
    raises(ArgumentError, "call distributed.nn.all_reduce", lambda: dist.all_reduce(w * 2))
    raises(ArgumentError, "expected a tensor", lambda: dist.broadcast(np.ones(2)))
    raises(ArgumentError, "src is a rank", lambda: dist.broadcast(tg.ones(2), src=size))
    raises(ArgumentError, "op is of ReduceOp", lambda: dist.all_reduce(tg.ones(2), "MEDIAN"))
    raises(ArgumentError, "one a rank", lambda: dist.all_gather([tg.ones(2)], tg.ones(2)))
    raises(ShapeError, "does not fit", lambda: dist.all_gather([tg.ones(3)] * size, tg.ones(2)))
    raises(ArgumentError, "in a group already", dist.init)
    raises(ArgumentError, "one group, of all", lambda: dist.barrier(group=object()))
    raises(ArgumentError, "a program cannot ask", lambda: tg.compile(lambda t: dist.all_reduce(t))(tg.ones(2)))
    raises(dist.DistError, f"rank {size - 1}: barrier", lambda: [dist.barrier, lambda: dist.all_reduce(tg.ones(1))][
        rank < size - 1]())  # fmt: skip
    raises(dist.DistError, "(4,) float32", lambda: dist.all_reduce(tg.ones(3 + (rank == 1))))
    return "right"


def gradients() -> str:
    """Those of collectives, and what a wrapped model does to them."""
    rank, size = dist.rank, dist.world_size
    t = tg.tensor([float(rank + 1), 2.0], requires_grad=True)
    weight = tg.tensor([1.0 + rank, 1.0])  # of each rank's loss
    for dtype in (tg.float16, tg.float64):
        w = tg.ones(2, dtype=dtype, requires_grad=True)
        made = dist.nn.all_reduce(w), dist.nn.all_reduce(w, "AVG"), dist.nn.broadcast(w), dist.nn.all_gather(w)[0]
        sum(y.sum() for y in made).backward()
        assert {y.dtype for y in (*made, w.grad)} == {dtype}
    every = sum(1.0 + r for r in range(size))
    ((dist.nn.all_reduce(t * t) * weight).sum()).backward()
    assert t.grad.tolist() == [2 * (rank + 1) * every, 4.0 * size]
    (g,) = tg.autograd.grad(dist.nn.all_reduce(t**3, "AVG").sum(), t, create_graph=True)
    (second,) = tg.autograd.grad(g.sum(), t)
    assert np.allclose(second.numpy(), 6 * t.detach().numpy() * 1.0)
    t.grad = None
    y = dist.nn.broadcast(t * (1.0 if rank == 1 else np.inf), src=1)
    assert y.tolist() == [2.0, 2.0]
    (dist.nn.broadcast(t, src=1) * weight).sum().backward()
    assert t.grad.tolist() == ([every, size] if rank == 1 else [0, 0])
    t.grad = None
    found = dist.nn.all_gather(t)
    assert [f[0].item() for f in found] == [r + 1.0 for r in range(size)]
    (found[1] * weight).sum().backward()
    assert t.grad.tolist() == ([every, size] if rank == 1 else [0, 0])

    tg.manual_seed(0)
    layers = tg.nn.Linear(3, 4), tg.nn.BatchNorm1d(4), tg.nn.Linear(4, 2)
    model = tg.nn.Sequential(*layers)
    ddp = tg.nn.parallel.DistributedDataParallel(model)
    assert list(ddp.state_dict()) == [f"module.{name}" for name in model.state_dict()]
    x = tg.tensor(np.random.default_rng(rank).standard_normal((6, 3)), dtype=tg.float32)
    ddp(x).sum().backward()
    ddp.digest()  # running statistics are those of rank 0, on all
    first = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    with ddp.no_sync():
        ddp(x).sum().backward()
        own = model[0].weight.grad.clone()
    every_grad = [tg.zeros_like(own) for _ in range(size)]
    dist.all_gather(every_grad, own)
    assert not np.allclose(own.numpy(), every_grad[1 - rank % 2].numpy()) or size == 1
    mean = sum(g.numpy() for g in every_grad) / size
    assert np.allclose(mean, first[0].numpy(), atol=1e-5)
    ddp.zero_grad()
    held = model[2].bias.grad
    assert held is None
    if rank == 0:
        (ddp(x).sum() + model[2].bias.sum()).backward()
    else:
        (model[2].bias * 2).sum().backward()  # the other gradients are missing here, and count as 0
    assert np.allclose(model[2].bias.grad.numpy(), (7 + 2 * (size - 1)) / size), model[2].bias.grad
    assert model[0].weight.grad is not None
    ddp.digest()
    twin = copy.deepcopy(ddp)
    for wrapped in (ddp, twin):  # another parameter is frozen, and thawed, after it was wrapped
        first = wrapped.module[0].weight
        for frozen, learns in ((first, False), (first, True)):
            frozen.requires_grad_(learns)
            wrapped.zero_grad()
            wrapped(x).sum().backward()
            assert (first.grad is None) is not learns
        assert np.allclose(first.grad.numpy(), mean, atol=1e-4)
    model[2].bias.requires_grad_(rank == 0)
    raises(dist.DistError, "without 2.bias", lambda: ddp(x).sum().backward())
    model[2].bias.requires_grad_(True)
    ddp.zero_grad()
    late = dist.DistributedDataParallel(tg.nn.Sequential(tg.nn.Linear(3, 2)))
    late.module[0] = tg.nn.Linear(3, 2)
    raises(ArgumentError, "0.weight, 0.bias: put into the module after", lambda: late(x))
    raises(ArgumentError, "create_graph", lambda: ddp(x).sum().backward(create_graph=True))
    raises(Exception, "compile=False", lambda: tg.compile(lambda x: ddp(x).sum().backward())(x))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    raises(ArgumentError, "leave compile out", lambda: tg.train.fit(
        ddp, tg.nn.MSELoss(), optimizer, [(x, x[:, :2])], compile=True))  # fmt: skip
    raises(ArgumentError, "nothing to average", lambda: dist.DistributedDataParallel(tg.nn.ReLU()))
    raises(dist.DistError, "(5, 2) float32", lambda: dist.DistributedDataParallel(tg.nn.Linear(2, 4 + (rank == 1))))
    for dtype, most in ((tg.float16, 2e-3), (tg.float32, 1e-6)):
        rows = np.random.default_rng(2).standard_normal((4 * size, 3)) * 1e4
        norm, plain = tg.nn.SyncBatchNorm(3), tg.nn.BatchNorm1d(3)
        y = norm(tg.tensor(rows[4 * rank : 4 * rank + 4], dtype=dtype))
        expected = plain(tg.tensor(rows, dtype=dtype))[4 * rank : 4 * rank + 4]
        assert y.dtype == expected.dtype and np.allclose(y.detach(), expected.detach(), atol=most)
        assert np.allclose(norm.running_var, plain.running_var, rtol=1e-3) and norm.running_var.dtype == "float32"
    raises(DtypeError, "needs floating point", lambda: tg.nn.SyncBatchNorm(3)(tg.ones(2, 3, dtype=tg.int64)))
    raises(ShapeError, "on all ranks together", lambda: tg.nn.SyncBatchNorm(3)(tg.ones(1 - min(rank, 1), 3)))
    raises(ArgumentError, "one group, of all", lambda: tg.nn.SyncBatchNorm(3, process_group=object()))
    half = dist.DistributedDataParallel(tg.nn.Linear(2, 1).half(), bucket_cap_mb=1e-6)
    half(tg.ones(1, 2, dtype=tg.float16) * (rank + 1)).sum().backward()
    assert half.module.weight.grad.dtype == "float16"
    assert np.allclose(half.module.weight.grad.numpy(), (size + 1) / 2)
    half.module.double()  # after the pieces were made
    half.zero_grad()
    half(tg.ones(1, 2, dtype=tg.float64) * (rank + 1)).sum().backward()
    assert half.module.weight.grad.dtype == "float64"
    with tg.no_grad():
        model[0].bias.add_(rank)
    raises(dist.DistError, "differ from those of rank 0", ddp.digest)
    return "right"


def examples() -> int:
    """Those of docstrings that need two ranks."""
    tried = 0
    dist.destroy_process_group()
    assert (dist.rank, dist.world_size, dist.is_initialized()) == (0, 1, False)
    for name in ("distributed.group", "distributed.collectives", "distributed.nn", "nn.parallel", "nn.synchronized"):
        for test in doctest.DocTestFinder().find(importlib.import_module(f"tinygrad_bp.{name}")):
            last = test.name.split(".")[-1]
            if any(doctest.SKIP in example.options for example in test.examples):
                if "init" not in last and last != "ProcessGroup":
                    dist.init()
                tried += sum(example.options.pop(doctest.SKIP, False) for example in test.examples)
                runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
                assert not runner.run(test).failed, test.name
                if dist.is_initialized():
                    dist.destroy_process_group()
    return tried


# ---------------------------------------------------------------------- how jobs end


def raising() -> None:
    class Gone(tg.data.Dataset[Any]):
        def __len__(self) -> int:
            return 24

        def __getitem__(self, index: int) -> Any:
            if index == 21:  # which rank 1 reads
                raise OSError("row 21 is gone")
            return tg.ones(5, dtype=tg.float64), tg.tensor(0)

    _, wrapped, steps = model_and(lambda p: tg.optim.SGD(p, lr=0.1))
    tg.train.fit(wrapped, tg.nn.CrossEntropyLoss(), steps, share(Gone(), shuffle=False), epochs=3)


def in_thread() -> None:
    def fail() -> None:
        raise OSError("the thread's input is gone")

    if dist.rank == 1:
        threading.Thread(target=fail).start()
        time.sleep(60)
    dist.barrier()


def interrupted() -> None:
    def press(training: Any) -> None:
        if dist.rank == 1:
            os.kill(os.getpid(), signal.SIGINT)

    _, wrapped, steps = model_and(lambda p: tg.optim.SGD(p, lr=0.1))
    tg.train.fit(wrapped, tg.nn.CrossEntropyLoss(), steps, share(rows()), epochs=1000, callbacks=[press])


def left() -> None:
    if dist.rank == 1:
        sys.exit(3)
    dist.barrier()


def crashed() -> None:
    if dist.rank == 1:
        os._exit(3)
    dist.barrier()


def slow() -> None:
    if dist.rank == 1:
        time.sleep(60)
    dist.barrier()


def without_settings() -> None:
    time.sleep(1)
    raise OSError("the settings are gone")


ENDS = {
    "raising": raising, "in_thread": in_thread, "interrupted": interrupted, "slow": slow, "left": left,
    "crashed": crashed, "early": dist.barrier, "early_exit": dist.barrier, "early_crash": dist.barrier,
    "early_kill": dist.barrier, "late": dist.barrier,
}  # fmt: skip
BEFORE = {  # how a rank ends before it has called init
    "early": without_settings, "early_exit": sys.exit, "early_crash": lambda: os._exit(3),
    "early_kill": lambda: os.kill(os.getpid(), signal.SIGKILL), "late": lambda: time.sleep(60),
}  # fmt: skip
FINDS = {"trainings": trainings, "collectives": collectives, "gradients": gradients, "examples": examples}


def main(name: str, *arguments: str) -> None:
    if os.environ["PMI_RANK"] == "1" and name in BEFORE:
        BEFORE[name]()
    if name == "late":
        starting.START = 1.0
    dist.init(0.5 if name == "slow" else 60)
    first = dist.rank == 0
    if name in ENDS:
        ENDS[name]()
        return
    if name == "with_fit":
        folder, dies_at, fewer = arguments
        found: Any = with_fit(folder or None, int(dies_at) or None, bool(fewer))
    else:
        found = FINDS[name]()
    if first:
        print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
