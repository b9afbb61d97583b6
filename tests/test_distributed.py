"""Several processes: their trainings are one process's, and a job ends with the error of one of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import on_ranks
import pytest

import tinygrad_bp as tg
from benchmarks import distributed as measured
from tinygrad_bp import blas, distributed
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.distributed import group as groups
from tinygrad_bp.distributed.starting import part_of

ROOT = Path(__file__).parent.parent
BESIDE = Path(sys.executable).with_name("mpiexec")  # the wheel puts it there
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
MPI = pytest.mark.skipif(
    find_spec("mpi4py") is None or MPIEXEC is None, reason="mpi4py or mpiexec is missing: pip install tinygrad_bp[mpi]"
)
ALONE = {"init", "init_process_group", "is_available", "is_initialized"}
BEFORE = "has ended its program before it called tg.distributed.init()"
CALLED = [name for name in distributed.__all__ if name[0].islower() and name not in ALONE]


def ranks(count: int, *command: str, **variables: str) -> Any:
    """What a program prints that so many ranks run, how it ended, and how long that took."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **variables}
    began = time.monotonic()
    done = subprocess.run(
        [str(MPIEXEC), "-n", str(count), sys.executable, "-W", "error", *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.stdout, done.stderr + done.stdout, done.returncode, time.monotonic() - began


def found(count: int, *command: str) -> Any:
    out, error, code, _ = ranks(count, "-m", "tests.on_ranks", *command)
    assert code == 0, error
    return json.loads(out)


# ---------------------------------------------------------------------- alone


def test_a_program_learns_that_it_is_alone() -> None:
    assert not distributed.is_initialized()
    assert (tg.distributed.rank, tg.distributed.world_size) == (0, 1)
    assert not isinstance(tg.ones(1), distributed.ProcessGroup)
    with pytest.raises(AttributeError, match="no attribute 'ranks'"):
        _ = distributed.ranks


@pytest.mark.parametrize("name", CALLED)
def test_what_needs_others_says_so(name: str) -> None:
    arguments = [[], tg.ones(1)] if name == "all_gather" else [tg.ones(1)]
    with pytest.raises(ArgumentError, match=rf"^distributed\.{name}: this process is in no group"):
        getattr(distributed, name)(*arguments)


@pytest.mark.parametrize("make", [lambda: distributed.DistributedSampler("abc"),
                                  lambda: distributed.DistributedDataParallel(tg.nn.Linear(1, 1))])  # fmt: skip
def test_shares_are_of_a_group(make: Any) -> None:
    with pytest.raises(ArgumentError, match="in no group"):
        make()


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(ModuleNotFoundError, match=r'needs mpi4py and an MPI: pip install "tinygrad_bp\[mpi\]"'):
        distributed.init()
    monkeypatch.setattr(groups, "find_spec", lambda name: None)
    assert not distributed.is_available() and not distributed.is_initialized()


WITHOUT = """
import sys
sys.modules["mpi4py"] = {without}
import tinygrad_bp as torch
dist = torch.distributed
dist.init_process_group("gloo", rank=0, world_size=1)
t, whole, found = torch.tensor([1.0, 2.0]), torch.tensor([1, 2]), [torch.zeros(2)]
truth, half = torch.tensor([True, False]), torch.tensor([1.5], dtype=torch.float16)
for op in ("SUM", "AVG", "PRODUCT", "MIN", "MAX"):
    dist.all_reduce(t, op)
    if op != "AVG":
        dist.all_reduce(whole, op), dist.all_reduce(truth, op)
work = dist.all_reduce(half, async_op=True)
print(work.is_completed(), work.wait())
dist.broadcast(t, 0), dist.all_gather(found, t), dist.barrier()
x = torch.tensor([3.0], requires_grad=True)
(2 * dist.nn.all_reduce(x)).sum().backward()
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
model(torch.ones(3, 2)).sum().backward()
sampler = dist.DistributedSampler(range(5), shuffle=False)
print(dist.get_rank(), dist.get_world_size(), t, whole, truth, half, found, x.grad, list(sampler))
print(model.module.weight.grad)
norm = torch.nn.SyncBatchNorm(2)
print(norm(torch.tensor([[1.0, 2.0], [3.0, 6.0]])).tolist(), len(model.digest()))
dist.destroy_process_group()
print(dist.is_initialized())
"""


def test_one_process_needs_no_mpi() -> None:
    """The same program with mpi4py, where it is installed, and without."""
    told = []
    for without in ["None"] + ["__import__('mpi4py')"] * (find_spec("mpi4py") is not None):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", WITHOUT.format(without=without)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert len(set(told)) == 1
    assert told[0].startswith(
        "True True\n0 1 tensor([1., 2.]) tensor([1, 2]) tensor([ True, False]) tensor([1.5000], dtype=torch.float16) "
        "[tensor([1., 2.])] tensor([2.]) [0, 1, 2, 3, 4]\ntensor([[3., 3.]])\n"
    )


@pytest.mark.parametrize(("arguments", "said"), [({"timeout": 0}, "timeout is a number of seconds above 0")])
def test_settings_without_a_meaning_are_refused(arguments: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        distributed.init(**arguments)
    with pytest.raises(ArgumentError, match="backend is 'mpi', got 'nccl'"):
        distributed.init_process_group("nccl")
    with pytest.raises(ArgumentError, match="rank is from 0 to 1, got 2"):
        distributed.DistributedSampler("abc", 2, 2)


def test_pytorchs_places() -> None:
    assert tg.nn.parallel.DistributedDataParallel is distributed.DistributedDataParallel
    assert tg.utils.data.distributed.DistributedSampler is distributed.DistributedSampler
    assert tg.data.DistributedSampler is distributed.DistributedSampler
    assert tg.distributed.nn.all_reduce is not distributed.all_reduce


@pytest.mark.parametrize("size", [0, 1, 5, 12])
@pytest.mark.parametrize("count", [1, 2, 5, 7])
@pytest.mark.parametrize("drop_last", [False, True])
def test_shares_are_one_order(size: int, count: int, drop_last: bool) -> None:
    shares = []
    for rank in range(count):
        sampler = distributed.DistributedSampler(range(size), count, rank, seed=4, drop_last=drop_last)
        sampler.set_epoch(2)
        shares.append(list(sampler))
        assert len(sampler) == len(shares[-1])
    rows = [row for step in zip(*shares, strict=True) for row in step]
    order = tg.Generator().manual_seed(6).permutation(size).tolist()
    assert rows == [order[i % size] for i in range(len(rows))] if size else rows == []
    assert len(rows) == (size - size % count if drop_last else -(-size // count) * count)


def test_an_order_is_pytorchs() -> None:
    sampler = distributed.DistributedSampler(range(12), 5, 3, seed=4)
    sampler.set_epoch(2)
    assert list(sampler) == [0, 7, 9]  # PyTorch 2.13


def test_batch_norms_are_converted_where_they_stand() -> None:
    shared, instance = tg.nn.BatchNorm1d(4, momentum=None, bias=False).eval(), tg.nn.InstanceNorm1d(4)
    called = []
    shared.register_forward_hook(lambda *_: called.append(1))
    model = tg.nn.Sequential(tg.nn.Linear(4, 4), shared, tg.nn.ModuleDict({"a": shared, "b": instance}))
    before, parameters = dict(model.state_dict()), list(model.parameters())
    x, y = tg.rand(5, 4), shared(tg.ones(2, 4))
    assert tg.nn.SyncBatchNorm.convert_sync_batchnorm(model) is model
    new = model[1]
    assert type(new) is tg.nn.SyncBatchNorm and model[2]["a"] is new and model[2]["b"] is instance
    assert type(shared) is tg.nn.BatchNorm1d and not new.training and (new(tg.ones(2, 4)) == y).all()
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True)) and len(called) == 2
    assert list(model.state_dict()) == list(before)
    assert tg.nn.SyncBatchNorm.convert_sync_batchnorm(model)[1] is new
    alone = tg.nn.SyncBatchNorm.convert_sync_batchnorm(tg.nn.BatchNorm2d(3))
    plain = tg.nn.BatchNorm2d(3)
    x = tg.rand(2, 3, 4, 4)
    assert type(alone) is tg.nn.SyncBatchNorm and (alone(x) == plain(x)).all()
    assert (alone.running_var == plain.running_var).all()
    with pytest.raises(ArgumentError, match="a lazy batch norm has no shape yet"):
        tg.nn.SyncBatchNorm.convert_sync_batchnorm(tg.nn.Sequential(tg.nn.LazyBatchNorm1d()))


# ---------------------------------------------------------------------- together


def flat(told: Any) -> list[float]:
    if isinstance(told, dict):
        told = list(told.values())
    return [number for item in told for number in flat(item)] if isinstance(told, list) else [told]


@MPI
@pytest.mark.parametrize("count", [2, 3])
def test_a_training_of_several_ranks_is_that_of_one_process(count: int) -> None:
    one, several = flat(on_ranks.trainings()), flat(found(count, "trainings"))
    assert len(one) > 150
    np.testing.assert_allclose(several, one, rtol=0, atol=1e-10)


@MPI
@pytest.mark.parametrize("name", ["collectives", "gradients"])
def test_what_ranks_do_together(name: str) -> None:
    assert found(3, name) == "right"


@MPI
def test_examples_that_need_two_ranks() -> None:
    assert found(2, "examples") > 25


@MPI
def test_a_job_goes_on_from_its_last_snapshot_with_another_number_of_ranks(tmp_path: Path) -> None:
    whole = flat(on_ranks.with_fit())
    _, error, code, took = ranks(3, "-m", "tests.on_ranks", "with_fit", str(tmp_path), "3", "")
    assert code and took < 30 and "Killed" in error
    kept = len(list(tmp_path.glob("snapshot-*.npz")))
    assert kept
    (half,) = [tg.load(max(tmp_path.glob("snapshot-*.npz")))]
    assert half["epoch"]["sums"]["_rows"] in (0, 24, 48)  # of all ranks
    again = flat(found(2, "with_fit", str(tmp_path), "0", ""))
    np.testing.assert_allclose(again, whole, rtol=0, atol=1e-10)


@MPI
@pytest.mark.parametrize(
    ("program", "said", "code"),
    [
        (("raising",), "OSError: row 21 is gone\nrank 1 of 2 ends the job: OSError", 1),
        (("in_thread",), "OSError: the thread's input is gone\nrank 1 of 2 ends the job: OSError", 1),
        (("interrupted",), "rank 1 of 2 ends the job: KeyboardInterrupt", 130),
        (("with_fit", "", "2", ""), "Killed (signal 9)", 9),
        (("with_fit", "", "0", "fewer"), "all ranks must do the same in the same order", 1),
        (("slow",), "rank 0 has waited 0.5 s for the others in barrier", 1),
        (("left",), "rank 1 has ended its program, and rank 0 waits for it in barrier", 1),
        (("crashed",), "", 3),
        (("early",), f"the settings are gone\nDistError: rank 1 {BEFORE}", 9),
        (("early_exit",), f"DistError: rank 1 {BEFORE}", 9),
        (("early_crash",), f"DistError: rank 1 {BEFORE}", 9),
        (("early_kill",), "Killed (signal 9)", 9),
        (("late",), "DistError: not all ranks have called tg.distributed.init() after 1 s", 9),
    ],
    ids=lambda value: "-".join(filter(None, value)) if isinstance(value, tuple) else "",
)
def test_one_rank_ends_the_job(program: tuple[str, ...], said: str, code: int) -> None:
    _, error, ended, took = ranks(2, "-m", "tests.on_ranks", *program)
    assert said in error and ended == code, error
    assert took < 10


THREADS = """
import os, sys
import tinygrad_bp as tg
if sys.argv[1:]:
    tg.set_num_threads(int(sys.argv[1]))
before = tg.get_num_threads()
group = tg.distributed.init()
tg.distributed.all_gather(found := [tg.zeros(1) for _ in range(group.size())], tg.tensor([float(tg.get_num_threads())]))
if group.rank() == 0:
    print([int(x) for x in found], len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
tg.distributed.destroy_process_group()
assert tg.get_num_threads() == before
"""


@MPI
@pytest.mark.skipif(blas.threads() is None, reason="NumPy's BLAS does not say how many threads it has")
@pytest.mark.parametrize("named", ["", "2", "in the program"])
def test_ranks_share_the_cores_unless_the_user_says_how(named: str) -> None:
    variables = {name: "" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    program = ("-c", THREADS, "2") if named == "in the program" else ("-c", THREADS)
    named_before = named if named == "2" else ""
    out, error, code, _ = ranks(3, *program, **{**variables, "OPENBLAS_NUM_THREADS": named_before})
    assert code == 0, error
    cores = int(out.split("] ")[1])
    expected = {"": max(1, cores // 3), "2": min(2, cores), "in the program": 2}[named]
    assert json.loads(out.split("] ")[0] + "]") == 3 * [expected]


@pytest.mark.parametrize(
    ("own", "every", "number"),
    [
        ({0}, [{0}, {1}], 1),  # each bound to a core
        (set(range(8)), [set(range(8)), set(range(8, 16))], 8),  # each to a socket
        (set(range(8)), 2 * [set(range(8))] + 2 * [set(range(8, 16))], 4),
        ({0, 1, 2}, [{0, 1, 2}, {2, 3}], 2),
        ({0, 1}, 5 * [{0, 1}], 1),
    ],
)
def test_a_rank_has_its_part_of_the_cores_it_may_use(own: set[int], every: list[set[int]], number: int) -> None:
    assert part_of(own, every) == number


@MPI
def test_r1_is_trained_by_several_ranks(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "data").mkdir()
    quick = ("-m", "demos", "r1", "--distributed", "--quick", "--out", str(tmp_path))
    out, _, code, _ = ranks(2, *quick, TINYGRAD_BP_DATA=str(tmp_path / "data"))  # the digits stand in
    assert code == 0 and out.count("R1's best setting on 2 ranks: digits") == 1
    assert "All ranks hold the same weights" in out and (tmp_path / "r1-distributed.png").exists()


@MPI
def test_the_program_of_the_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    program = tmp_path / "train.py"
    program.write_text(page.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    out, said, code, _ = ranks(2, str(program))
    assert code == 0 and out.count("2 ranks, epoch") == 3, said


# ---------------------------------------------------------------------- what is measured


def test_what_is_expected_on_paper() -> None:
    compute, message = measured.Line(1e-3, 1e-5), measured.through({"4": 1e-5, "1000004": 1.01e-3})
    assert message == measured.Line(1e-5, pytest.approx(1e-9))
    assert measured.on_paper(1, 100, 10**6, compute, message) == pytest.approx(2e-3)
    assert measured.on_paper(8, 100, 10**6, compute, message) == pytest.approx(2e-3 + 9e-5 + 1.75e-3)
    lines = measured.paper_section({256: (compute, 10**6)}, message)
    assert [line.split(" | ")[1] for line in lines[-3:]] == ["8", "64", "512"]


@MPI
def test_ranks_measure_a_step() -> None:
    told = measured.ranks(2, 1, "step", 0.01, 8, 16)
    assert 0 < told["mean"] < told["step"] and told["bytes"] == 4 * (785 * 16 + 17 * 8 + 9 * 10)
