"""What a program could silently freeze: how tensors lie in memory, where a function asks, draws numbers, or writes."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import layout
from tinygrad_bp.nn import functional as F

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
    pytest.mark.filterwarnings("ignore:compile. Python runs"),
]  # fmt: skip


def written(view):
    """A function that writes into what may be a view of its argument, or a copy."""

    def function(x):
        part = view(x)
        part[0] = 5.0
        part += 1
        return x * 2

    return function


ASKING = {
    "is_contiguous": lambda x: x * (2 if x.is_contiguous() else 3),
    "is_contiguous of a view": lambda x: x * (2 if x.T.is_contiguous() else 3),
    "is_contiguous of a result": lambda x: x * (2 if (x * 3).is_contiguous() else 3),
    "stride": lambda x: x * x.stride(0),
    "storage_offset": lambda x: x * (1 + x.storage_offset()),
    "data_ptr": lambda x: x * (x.data_ptr() % 1024),
    "reshape": written(lambda x: x.reshape(-1)),
    "flatten": written(lambda x: x.flatten()),
    "ravel": written(lambda x: x.ravel()),
    "np.ravel": written(np.ravel),
    "reshape of a view": written(lambda x: x.T.reshape(-1)),
    "contiguous": written(lambda x: x.contiguous()),
    "unflatten": written(lambda x: x.unflatten(0, (-1, 1)).flatten(0, 1)),
    "dropout": lambda x: F.dropout(x, 0.5),
    "dropout of a result": lambda x: F.dropout(x * 2, 0.5),
    "rand_like": tg.rand_like,
    "randn_like": tg.randn_like,
    "bernoulli": lambda x: tg.bernoulli(x / 20),
    "normal_": lambda x: tg.empty_like(x).normal_(),
}


def test_every_question_is_here():
    asking = {
        name for name, item in vars(layout).items()
        if {"laying", "strides_of", "row_by_row"} & {*getattr(getattr(item, "__code__", None), "co_names", ())}
    }  # fmt: skip
    assert asking - {"row_by_row", "strides_of"} <= ASKING.keys()


def laid(kind):
    """The same numbers, row by row, column by column, with gaps, or further on in memory."""
    numbers = np.arange(16.0, dtype=np.float32).reshape(4, 4)
    if kind == "columns":
        return tg.tensor(numbers.T.copy()).t()
    if kind == "gaps":
        return tg.tensor(np.repeat(numbers, 2, axis=1))[:, ::2]
    return tg.tensor(np.concatenate([numbers, numbers]))[4:] if kind == "later" else tg.tensor(numbers)


@pytest.mark.parametrize("function", ASKING)
def test_tensors_that_lie_otherwise_are_seen(function):
    kinds = ("rows", "columns", "gaps", "later")
    for first in kinds:
        compiled = tg.compile(ASKING[function])
        for kind in [first] * 3 + [k for other in kinds for k in [other] * 2]:
            x, twin = laid(kind), laid(kind)
            results = []
            for call, given in ((ASKING[function], x), (compiled, twin)):
                tg.manual_seed(0)
                if function == "data_ptr":
                    given = x
                results.append(call(given).tolist())
            assert results[0] == results[1] and x.tolist() == twin.tolist()


def test_where_nobody_asks_one_program_runs():
    compiled = tg.compile(lambda x: (x * 2).exp().reshape(-1).sum())
    for kind in ("rows", "columns", "gaps", "later") * 2:
        compiled(laid(kind))
    assert len(compiled.programs) == 1
