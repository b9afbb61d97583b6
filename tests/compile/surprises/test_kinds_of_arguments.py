"""What a program could silently freeze: shapes, dtypes, memory orders and modes."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, same_as_python

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64, tg.int8, tg.int64, tg.bool, tg.complex64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 3)])
def test_every_dtype_and_shape(dtype, shape):
    compiled = tg.compile(lambda x: (x + x, x.sum(), x.reshape(-1) * 2.0, x == x), exact=True)
    for round in range(4):
        x = (tg.ones(shape) * (round + 1)).to(dtype)
        for one, other in zip(compiled.function(x), compiled(x), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
            assert one.dtype == other.dtype and one.shape == other.shape


def test_another_shape_dtype_or_nest_has_a_program_of_its_own():
    def function(x):
        return x["a"] * 2 + (x["b"][0] if isinstance(x["b"], list) else x["b"])

    compiled = tg.compile(function)
    cases = [{"a": X, "b": X}, {"a": X, "b": [X]}, {"a": X.double(), "b": X.double()}, {"a": X[:2], "b": X[:2]}]
    for _ in range(3):
        for case in cases:
            np.testing.assert_array_equal(compiled(case).numpy(), function(case).numpy())
    assert len(compiled.programs) == 4


def test_columns_steps_and_repetitions_in_memory():
    base = tg.tensor(np.arange(24.0).reshape(4, 6))
    kinds = [base.T, base[::2], base[:, ::-1] if False else base.flip(1), base[:1].expand(4, 6), base[1:, 2:]]
    compiled = tg.compile(lambda x: (x * 2).sum(0) + x.mean(), exact=True)
    for x in kinds * 4:
        np.testing.assert_array_equal(compiled(x).numpy(), compiled.function(x).numpy())


def test_the_default_dtype_and_the_grad_mode_are_seen():
    compiled = tg.compile(lambda x: tg.ones(2) * x)
    whole = tg.tensor(3)
    try:
        for dtype in (tg.float32, tg.float64) * 3:
            tg.set_default_dtype(dtype)
            assert compiled(whole).dtype == dtype
    finally:
        tg.set_default_dtype(tg.float32)
    with tg.no_grad():
        assert compiled(whole).tolist() == [3.0, 3.0]


def test_arrays_and_lists_as_arguments():
    calls = [(X, np.full(3, i, np.float32)) for i in range(5)]
    same_as_python(lambda x, a: x * a, *calls)
    same_as_python(lambda x, a: x * tg.from_numpy(a) + tg.as_tensor(a) * tg.tensor(a), *calls)
