"""Datasets, splits and batches: PyTorch's order for the same seed. Golden numbers: tests/golden/make_loader.py."""

import collections
import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError
from tinygrad_bp.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from tinygrad_bp.data.collate import default_convert

GOLDEN = json.loads((Path(__file__).parent / "golden" / "loader.json").read_text())


def generator(seed):
    return None if seed is None else tg.Generator().manual_seed(seed)


class OneByOne(Dataset):
    """The numbers below ``size``, for which no whole batch can be cut."""

    def __init__(self, size):
        self.size, self.asked = size, []

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        self.asked.append(index)
        return (index,)


# ---------------------------------------------------------------------- PyTorch's orders


@pytest.mark.parametrize("make", [lambda n: TensorDataset(np.arange(n)), OneByOne,
                                  lambda n: Subset(TensorDataset(np.arange(n + 3)), range(n))],
                         ids=["TensorDataset", "one by one", "Subset"])  # fmt: skip
def test_batches_come_in_the_order_of_pytorch_and_leave_its_stream(make):
    for case in GOLDEN["orders"]:
        tg.manual_seed(case["seed"])
        own = generator(case["own"])
        loader = DataLoader(
            make(case["size"]), case["batch_size"], case["shuffle"], drop_last=case["drop_last"], generator=own
        )
        for epoch in case["epochs"]:
            found = [rows.tolist() if isinstance(rows, tg.Tensor) else rows for (rows,) in loader]
            assert found == epoch, case
            assert len(loader) == len(epoch)
        assert tg.randint(2**20, (1,)).item() == case["after"], case
        if own is not None:
            assert tg.randint(2**20, (1,), generator=own).item() == case["own_after"], case


@pytest.mark.parametrize("case", GOLDEN["broken_off"], ids=lambda case: f"{case['taken']} of {case['size']}")
def test_an_epoch_that_is_left_has_drawn_what_pytorch_has(case):
    own = generator(3)
    batches = iter(DataLoader(TensorDataset(np.arange(case["size"])), case["batch_size"], True, generator=own))
    assert [next(batches)[0].tolist() for _ in range(case["taken"])] == case["batches"]
    assert tg.randint(2**20, (1,), generator=own).item() == case["after"]


@pytest.mark.filterwarnings("ignore:random_split")
@pytest.mark.parametrize("case", GOLDEN["splits"], ids=lambda case: f"{case['size']} {case['lengths']} {case['seed']}")
def test_random_split_is_that_of_pytorch(case):
    tg.manual_seed(case["seed"])
    parts = random_split(range(case["size"]), case["lengths"])
    assert [list(part.indices) for part in parts] == case["parts"]
    assert tg.randint(2**20, (1,)).item() == case["after"]
    again = random_split(range(case["size"]), case["lengths"], generator=generator(case["seed"]))
    assert [list(part) for part in again] == case["parts"]


class Below(IterableDataset):
    """The numbers below ``size``, one by one."""

    def __init__(self, size):
        self.size = size

    def __iter__(self):
        return iter(range(self.size))

    def __len__(self):
        return self.size


@pytest.mark.parametrize("case", GOLDEN["listed"], ids=lambda case: case["text"])
def test_samplers_and_datasets_give_what_those_of_pytorch_give(case):
    tg.manual_seed(1)
    own = generator(5)
    made = eval(case["text"], {"D": tg.utils.data, "G": own, "S": Below})
    assert [[described(item) for item in made] for _ in range(2)] == case["gives"]
    assert len(made) == case["len"]
    assert [tg.randint(2**20, (1,), generator=g).item() for g in (None, own)] == case["after"]


def described(batch):
    if isinstance(batch, tg.Tensor):
        return {"dtype": str(batch.dtype), "values": batch.tolist()}
    if isinstance(batch, dict):
        return {key: described(value) for key, value in batch.items()}
    return [described(part) for part in batch] if isinstance(batch, (list, tuple)) else batch


@pytest.mark.parametrize("case", GOLDEN["collated"], ids=lambda case: case["batch"])
def test_samples_are_collated_as_in_pytorch(case):
    assert described(default_collate(eval(case["batch"], {"N": np, "T": tg}))) == case["gives"]


# ---------------------------------------------------------------------- batches


def test_a_shuffled_batch_is_kept_when_the_next_one_comes():
    x = np.arange(40.0).reshape(20, 2)
    loader = DataLoader(TensorDataset(x), 6, shuffle=True)
    kept, copies = [], []
    for (batch,) in loader:
        kept.append(batch)
        copies.append(batch.numpy().copy())
    for batch, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(batch.numpy(), copy)
        batch += 1  # memory of its own
    np.testing.assert_array_equal(x, np.arange(40.0).reshape(20, 2))


@pytest.mark.parametrize("batch_size", [4, 10])
def test_a_batch_in_order_is_memory_of_its_own_as_in_pytorch(batch_size):
    x = np.arange(10.0)
    (batch,) = next(iter(DataLoader(TensorDataset(x), batch_size)))
    batch += 1
    batch.requires_grad = True
    np.testing.assert_array_equal(x, np.arange(10.0))


def test_every_row_comes_once_and_rows_stay_together():
    x, y = np.random.default_rng(0).random((50, 3)), np.arange(50)
    seen = []
    for batch, labels in DataLoader(TensorDataset(x, y), 7, shuffle=True):
        np.testing.assert_array_equal(batch.numpy(), x[labels.numpy()])
        seen += labels.tolist()
    assert sorted(seen) == list(range(50)) != seen


def test_batches_keep_dtypes_and_are_lists_as_in_pytorch():
    x, y = np.zeros((4, 2), np.float32), np.arange(4, dtype=np.uint8)
    for shuffle in (False, True):
        for batch in DataLoader(TensorDataset(x, y), 2, shuffle):
            assert type(batch) is list
            assert [part.dtype for part in batch] == [np.float32, np.uint8]


def test_a_tensor_that_requires_grad_keeps_its_history_through_a_batch():
    for shuffle in (False, True):
        w = tg.ones(6, requires_grad=True)
        for (batch,) in DataLoader(TensorDataset(w), 4, shuffle):
            (batch * 2).sum().backward()
        assert w.grad.tolist() == [2.0] * 6


def test_whole_batches_are_cut_of_subsets_of_subsets_and_of_splits():
    data = TensorDataset(np.arange(100))
    inner = Subset(Subset(data, range(50, 100)), [3, 1, -1])
    assert [rows.tolist() for (rows,) in DataLoader(inner, 2)] == [[53, 51], [99]]
    train, _ = random_split(data, [0.8, 0.2], generator=generator(1))
    seen = [i for (rows,) in DataLoader(train, 16, shuffle=True) for i in rows.tolist()]
    assert sorted(seen) == sorted(train.indices)


@pytest.mark.parametrize("index", [100, -101])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_index_outside_the_dataset(index, shuffle):
    loader = DataLoader(Subset(TensorDataset(np.arange(100)), [1, index]), 2, shuffle)
    with pytest.raises(IndexRangeError, match=f"index {index} is outside the dataset, which has 100 samples"):
        next(iter(loader))


def test_a_subclass_that_changes_its_samples_is_asked_for_each():
    class Negated(TensorDataset):
        def __getitem__(self, index):
            return tuple(-tensor for tensor in super().__getitem__(index))

    dataset = Negated(np.arange(4))
    assert [rows.tolist() for (rows,) in DataLoader(dataset, 3)] == [[0, -1, -2], [-3]]
    assert [rows.tolist() for (rows,) in DataLoader(Subset(dataset, [2, 3]), 3)] == [[-2, -3]]


def test_any_object_with_a_length_and_items_is_a_dataset():
    assert [batch.tolist() for batch in DataLoader([3, 5, 7], 2)] == [[3, 5], [7]]


def test_samples_are_asked_for_when_their_batch_is():
    dataset = OneByOne(6)
    batches = iter(DataLoader(dataset, 2))
    next(batches)
    assert dataset.asked == [0, 1]
    assert all(type(index) is int for index in dataset.asked)


def test_a_sampler_gives_the_order():
    loader = DataLoader(TensorDataset(np.arange(10)), 2, sampler=[4, 4, 9])
    assert [rows.tolist() for (rows,) in loader] == [[4, 4], [9]]
    assert len(loader) == 2
    assert [rows.tolist() for (rows,) in DataLoader(OneByOne(10), 2, sampler=[4, 4, 9])] == [[4, 4], [9]]


def test_a_sampler_of_keys_for_a_dataset_of_keys():
    assert [batch.tolist() for batch in DataLoader({"a": 1, "b": 2, "c": 3}, 2, sampler="cab")] == [[3, 1], [2]]
    assert list(DataLoader({"a": 1}, None, sampler="a")) == [1]


def test_collate_fn_gets_the_samples_of_a_batch():
    loader = DataLoader(TensorDataset(np.arange(5)), 2, collate_fn=lambda samples: sum(s[0].item() for s in samples))
    assert list(loader) == [1, 5, 4]


def test_without_a_batch_size_samples_come_as_they_are():
    Pair = collections.namedtuple("Pair", "x name")
    samples = [Pair(np.ones(2), "a"), {"x": np.float32(2)}, [1, "b"]]
    first, second, third = DataLoader(samples, batch_size=None)
    assert type(first) is Pair and type(first.x) is tg.Tensor and first.name == "a"
    assert second["x"].dtype == tg.float32
    assert third == [1, "b"]
    assert default_convert((1, ("a",))) == [1, ["a"]]  # a pair is a list, as in a batch
    assert default_convert("text") == "text"
    assert list(DataLoader([1, 2], batch_size=None, collate_fn=lambda sample: -sample)) == [-1, -2]
    assert len(DataLoader(samples, batch_size=None)) == 3


def test_named_tuples_are_collated_into_their_own_kind():
    Pair = collections.namedtuple("Pair", "x y")
    batch = default_collate([Pair(1, 2.0), Pair(3, 4.0)])
    assert type(batch) is Pair
    assert batch.x.tolist() == [1, 3]


def test_mappings_are_collated_into_their_own_kind():
    samples = [collections.OrderedDict(a=1, b="x"), collections.OrderedDict(a=2, b="y")]
    batch = default_collate(samples)
    assert type(batch) is collections.OrderedDict and samples[0]["a"] == 1
    assert (batch["a"].tolist(), batch["b"]) == ([1, 2], ["x", "y"])
    kept = default_convert(collections.UserDict(a=np.ones(1)))
    assert type(kept) is collections.UserDict and type(kept["a"]) is tg.Tensor


def test_an_empty_dataset_has_no_batches():
    assert list(DataLoader([], 3)) == []
    assert list(DataLoader(TensorDataset(np.zeros((0, 2))), 3)) == []


# ---------------------------------------------------------------------- what is refused

DATA = TensorDataset(np.arange(4))


class Stream(IterableDataset):
    def __iter__(self):
        yield from range(7)


@pytest.mark.parametrize(("program", "kind", "message"), [
    (lambda: TensorDataset(), ArgumentError, "give at least one tensor or array"),
    (lambda: TensorDataset(np.zeros((3, 2)), np.zeros(4)), ShapeError, r"same number of rows.*\(3, 2\), \(4,\)"),
    (lambda: TensorDataset(np.zeros(())), ShapeError, "same number of rows"),
    (lambda: random_split(DATA, [1, 2]), ArgumentError, "sum to 3, the dataset has 4 samples"),
    (lambda: random_split(DATA, [0.5, 0.6]), ArgumentError, "sum to 1.1, the dataset has 4"),
    (lambda: random_split(DATA, [5, -1]), ArgumentError, r"must not be negative, got \[5, -1\]"),
    (lambda: random_split(DATA, [2.5, 1.5]), ArgumentError, r"integers, or fractions that sum to 1, got \[2.5, 1.5\]"),
    (lambda: DataLoader(iter([1, 2])), ArgumentError, "has __len__ and __getitem__, got list_iterator"),
    (lambda: DataLoader(DATA, 0), ArgumentError, "positive integer or None, got 0"),
    (lambda: DataLoader(DATA, 2.0), ArgumentError, "positive integer or None, got 2.0"),
    (lambda: DataLoader(DATA, True), ArgumentError, "positive integer or None, got True"),
    (lambda: DataLoader(DATA, None, drop_last=True), ArgumentError, "batch_size=None means single samples"),
    (lambda: DataLoader(DATA, 1, True, sampler=[0]), ArgumentError, "shuffle=True or sampler=, not both"),
    (lambda: DataLoader([], 1, True), ArgumentError, "the dataset is empty"),
    (lambda: DataLoader(DATA, generator=3), ArgumentError, "generator is a tg.Generator, got int"),
    (lambda: DataLoader(DATA, num_workers=-1), ArgumentError, "num_workers is an integer from 0, got -1"),
    (lambda: DataLoader(DATA, timeout=-1), ArgumentError, "timeout must not be negative, got -1"),
    (lambda: DataLoader(DATA, prefetch_factor=2), ArgumentError, "prefetch_factor is for workers; leave it out"),
    (lambda: DataLoader(DATA, persistent_workers=True), ArgumentError, "persistent_workers is for workers"),
    (lambda: DataLoader(DATA, batch_size=2, batch_sampler=[[0]]), ArgumentError, "batch_sampler names the batches"),
    (lambda: DataLoader(DATA, shuffle=True, batch_sampler=[[0]]), ArgumentError, "shuffle=True or batch_sampler="),
    (lambda: DataLoader(Stream(), shuffle=True), ArgumentError, "IterableDataset has its own order; leave out shuffle"),
    (lambda: DataLoader(DATA, batchsize=4), TypeError, "unexpected keyword argument 'batchsize'"),
    (lambda: setattr(DataLoader(DATA), "batch_size", 4), ArgumentError, "batch_size cannot be set afterwards"),
    (lambda: len(DataLoader(Stream())), TypeError, "no len"),
    (lambda: RandomSampler([]), ArgumentError, "the dataset is empty"),
    (lambda: RandomSampler([1], num_samples=0), ArgumentError, "num_samples is a positive integer, got 0"),
    (lambda: RandomSampler([1], 3), ArgumentError, "replacement is True or False, got 3"),
    (lambda: WeightedRandomSampler([1.0], True), ArgumentError, "num_samples is a positive integer, got True"),
    (lambda: WeightedRandomSampler([[1.0]], 1), ShapeError, r"weights have shape \(n,\), got \(1, 1\)"),
    (lambda: BatchSampler([1], 0, False), ArgumentError, "batch_size is a positive integer, got 0"),
    (lambda: ConcatDataset([]), ArgumentError, "give at least one dataset"),
    (lambda: ConcatDataset([Stream()]), ArgumentError, "give them to a ChainDataset"),
    (lambda: ConcatDataset([[1], [2]])[2], IndexRangeError, "index 2 is outside the dataset, which has 2 samples"),
    (lambda: StackDataset(), ArgumentError, "give datasets by place, or all of them by keyword"),
    (lambda: StackDataset([1], x=[1]), ArgumentError, "give datasets by place, or all of them by keyword"),
    (lambda: StackDataset([1], [1, 2]), ArgumentError, r"the same length, got \[1, 2\]"),
    (lambda: next(iter(Sampler())), NotImplementedError, "Sampler has no __iter__"),
    (lambda: next(iter(IterableDataset())), NotImplementedError, "IterableDataset has no __iter__"),
    (lambda: list(DataLoader(DATA, sampler=[0.5])), ArgumentError, r"are integers, .* got float64 \(1,\)"),
    (lambda: list(DataLoader(Subset(DATA, [True, False]))), ArgumentError, r"are integers, .* got bool \(2,\)"),
    (lambda: default_collate([]), ArgumentError, "got no samples"),
    (lambda: default_collate([object()]), DtypeError, "got object; give collate_fn="),
    (lambda: default_collate([None, None]), DtypeError, "got NoneType"),
    (lambda: default_collate([np.zeros(2), np.zeros(3)]), ShapeError, r"same shape, got \(2,\), \(3,\)"),
    (lambda: default_collate([(1, 2), (1,)]), ShapeError, r"same length, got \[1, 2\]"),
    (lambda: len(Dataset()), TypeError, "no len"),
    (lambda: Dataset()[0], NotImplementedError, "Dataset has no __getitem__"),
])  # fmt: skip
def test_what_cannot_be_is_refused_by_name(program, kind, message):
    with pytest.raises(kind, match=message):
        program()


def test_arguments_for_workers_and_memory_change_nothing():
    def refused(worker):
        raise AssertionError("there are no workers")

    for more in [{"num_workers": 2}, {"num_workers": 4, "prefetch_factor": 8, "persistent_workers": False},
                 {"pin_memory": True, "pin_memory_device": "cpu"}, {"timeout": 5.0, "in_order": False},
                 {"num_workers": 1, "worker_init_fn": refused, "multiprocessing_context": "spawn"}]:  # fmt: skip
        found = []
        for others in ({}, more):
            tg.manual_seed(3)
            loader = DataLoader(DATA, 3, shuffle=True, **others)
            found.append([batch.tolist() for _ in range(2) for (batch,) in loader] + [tg.rand(1).item()])
        assert found[0] == found[1]


@pytest.mark.parametrize(("own", "epochs"), [
    (False, [([0, 4, 3, 5, 2, 1], 0.30742281675338745),
             ([4, 2, 1, 0, 3, 5], 0.8964447379112244),
             ([4, 5, 1, 2, 3, 0], 0.3488934636116028)]),
    (True, [([1, 3, 2, 0, 4, 5], 0.49625658988952637),
            ([5, 0, 4, 2, 1, 3], 0.7682217955589294),
            ([3, 2, 1, 5, 0, 4], 0.08847743272781372)]),
])  # fmt: skip
def test_persistent_workers_are_given_one_seed_for_all_epochs_as_in_pytorch(own, epochs):
    generator = tg.Generator().manual_seed(3) if own else None
    tg.manual_seed(0)
    rows = TensorDataset(tg.arange(6.0))
    loader = DataLoader(rows, 2, shuffle=True, num_workers=2, persistent_workers=True, generator=generator)
    for order, drawn in epochs:  # PyTorch's
        assert [i for (batch,) in loader for i in batch.tolist()] == order and tg.rand(1).item() == drawn


def test_a_split_that_leaves_a_subset_empty_warns_as_in_pytorch():
    with pytest.warns(UserWarning, match="leave a subset empty"):
        random_split(range(1), [0.5, 0.5])


def test_what_is_loaded_says_what_it_is():
    rows = TensorDataset(np.zeros((5, 2)), np.arange(5))
    assert repr(rows) == "TensorDataset(5 samples: (2,) float64, () int64)"
    assert repr(Subset(rows, [3])) == f"Subset(1 sample of {rows!r})"
    assert repr(DataLoader(rows, 2, True)) == f"DataLoader({rows!r}, batch_size=2, shuffle=True)"
    assert repr(DataLoader([1, 2], 2, drop_last=True)) == "DataLoader(list, batch_size=2, drop_last=True)"

    class Squares(Dataset):
        def __len__(self):
            return 3

    assert repr(Squares()) == "Squares(3 samples)" and repr(Dataset()) == "Dataset()"


# ---------------------------------------------------------------------- programs written for PyTorch


def test_a_dataset_that_gives_many_samples_at_once_is_asked_so():
    class Together(Dataset):
        def __init__(self):
            self.asked = []

        def __len__(self):
            return 6

        def __getitems__(self, indices):
            self.asked.append(indices)
            return [10 * index for index in indices]

    data = Together()
    assert [batch.tolist() for batch in DataLoader(data, 4)] == [[0, 10, 20, 30], [40, 50]]
    assert [batch.tolist() for batch in DataLoader(Subset(data, [5, 1]), 4)] == [[50, 10]]
    assert data.asked == [[0, 1, 2, 3], [4, 5], [5, 1]]


def test_a_subset_with_samples_of_its_own_is_asked_for_them():
    class Scaled(Subset):
        def __getitem__(self, index):
            return 100 * super().__getitem__(index)

    assert [batch.tolist() for batch in DataLoader(Scaled(range(9), [4, 2, 8]), 2)] == [[400, 200], [800]]
    assert Subset(np.arange(9), [4, 2, 8])[[0, 2]].tolist() == [4, 8]


@pytest.mark.parametrize("shuffle", [False, True])
def test_samples_of_every_kind_come_out_of_a_dataset_written_for_pytorch(shuffle):
    class Mixed(tg.utils.data.Dataset[dict]):
        def __len__(self):
            return 5

        def __getitem__(self, i):
            return {
                "x": tg.full((2,), float(i)),
                "id": i,
                "name": f"n{i}",
                "box": (np.float32(i), [i, i + 1]),
                "w": i / 2,
            }

    seen = []
    for batch in tg.utils.data.DataLoader(Mixed(), batch_size=2, shuffle=shuffle, num_workers=2):
        rows = batch["id"].tolist()
        seen += rows
        assert batch["x"].tolist() == [[i, i] for i in rows]
        assert batch["name"] == [f"n{i}" for i in rows]
        assert batch["box"][0].dtype == tg.float32 and batch["w"].dtype == tg.float64
        assert [part.tolist() for part in batch["box"][1]] == [rows, [i + 1 for i in rows]]
    assert sorted(seen) == list(range(5))


def test_a_sampler_and_a_batch_sampler_of_ones_own():
    class Evens(Sampler):
        def __init__(self, data):
            super().__init__(data)
            self.data = data

        def __iter__(self):
            return iter(range(0, len(self.data), 2))

        def __len__(self):
            return (len(self.data) + 1) // 2

    data = TensorDataset(tg.arange(7))
    loader = DataLoader(data, batch_size=3, sampler=Evens(data))
    assert ([rows.tolist() for (rows,) in loader], len(loader)) == ([[0, 2, 4], [6]], 2)
    for kind in (list, tuple, np.array, tg.tensor):
        pairs = DataLoader(data, batch_sampler=[kind([0, 6]), kind([3])])
        assert ([rows.tolist() for (rows,) in pairs], len(pairs)) == ([[0, 6], [3]], 2)


def test_the_modules_of_pytorch_hold_the_same_objects():
    from tinygrad_bp.utils.data.dataloader import default_collate as collate
    from tinygrad_bp.utils.data.dataset import ConcatDataset as Concat
    from tinygrad_bp.utils.data.sampler import SubsetRandomSampler as Sub

    import tinygrad_bp.utils.data as data

    assert data is tg.data is tg.utils.data
    assert (collate, Concat, Sub) == (default_collate, ConcatDataset, SubsetRandomSampler)
    assert SequentialSampler(range(2)).data_source == range(2)
    assert ChainDataset([Stream()]).datasets and WeightedRandomSampler([1.0], 1).num_samples == 1
    assert tg.utils.data.get_worker_info() is None
    loader = DataLoader(range(4), 2, shuffle=True)
    assert type(loader.sampler) is RandomSampler and type(loader.batch_sampler) is BatchSampler
    assert loader.collate_fn is default_collate and StackDataset([1]).datasets == ([1],)


def test_an_epoch_that_began_says_how_many_batches_it_has():
    batches = iter(DataLoader(TensorDataset(tg.arange(10)), batch_size=4))
    assert len(batches) == 3 and len(next(batches)[0]) == 4 and len(batches) == 3
    assert [len(rows) for (rows,) in batches] == [4, 2] and next(batches, None) is None
