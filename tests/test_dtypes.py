"""Making tensors, and what dtype comes out: PyTorch's promotion."""

import json
import operator
import zlib
from pathlib import Path

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS

PROMOTION = json.loads((Path(__file__).parent / "golden" / "promotion.json").read_text())


def leaf(data, dtype=tg.float64):
    return tg.tensor(data, dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------- making

MADE = {
    "tensor(1)": ("int64", 1),
    "tensor(1.5)": ("float32", 1.5),
    "tensor(True)": ("bool", True),
    "tensor([1, 2.5])": ("float32", [1, 2.5]),
    "tensor([True, 2])": ("int64", [1, 2]),
    "tensor([])": ("float32", []),
    "tensor(((1, 2), [3, 4]))": ("int64", [[1, 2], [3, 4]]),
    "tensor(range(3))": ("int64", [0, 1, 2]),
    "tensor([1, 2], dtype=T.float32)": ("float32", [1, 2]),
    "tensor([1.7, -1.7], dtype=T.int64)": ("int64", [1, -1]),
    "tensor(0.1, dtype=T.float64)": ("float64", 0.1),
    "as_tensor(0.1, dtype=T.float64)": ("float64", 0.1),
    "tensor(1j)": ("complex64", 1j),
    "tensor(np.array([1.5]))": ("float64", [1.5]),
    "tensor(np.float64(1.5))": ("float64", 1.5),
    "tensor([np.float64(1.5)])": ("float64", [1.5]),
    "tensor(np.int32(3))": ("int32", 3),
    "tensor([T.tensor(1.0), T.tensor(2.0)])": ("float32", [1, 2]),
    "tensor([[1, 2], T.tensor([3, 4])])": ("int64", [[1, 2], [3, 4]]),
    "as_tensor([1.0])": ("float32", [1]),
    "from_numpy(np.arange(2, dtype=np.int32))": ("int32", [0, 1]),
    "zeros(2, 1)": ("float32", [[0], [0]]),
    "zeros((2, 1))": ("float32", [[0], [0]]),
    "zeros([2], dtype=T.int64)": ("int64", [0, 0]),
    "ones(())": ("float32", 1),
    "ones(0)": ("float32", []),
    "full((2,), 1)": ("int64", [1, 1]),
    "full((2,), True)": ("bool", [True, True]),
    "full([2], 1.5)": ("float32", [1.5, 1.5]),
    "full((), 3, dtype=T.float64)": ("float64", 3),
    "full((2,), np.float64(3))": ("float32", [3, 3]),
    "full((2,), np.int32(3))": ("int64", [3, 3]),
    "full((), T.tensor(3, dtype=T.float64))": ("float32", 3),
    "full((), 1j)": ("complex64", 1j),
    "arange(3)": ("int64", [0, 1, 2]),
    "arange(1, 4)": ("int64", [1, 2, 3]),
    "arange(3, 0, -1)": ("int64", [3, 2, 1]),
    "arange(0, 1, 0.25)": ("float32", [0, 0.25, 0.5, 0.75]),
    "arange(2.0)": ("float32", [0, 1]),
    "arange(2, dtype=T.float64)": ("float64", [0, 1]),
    "linspace(0, 1, 5)": ("float32", [0, 0.25, 0.5, 0.75, 1]),
    "eye(2)": ("float32", [[1, 0], [0, 1]]),
    "eye(1, 2, dtype=T.int64)": ("int64", [[1, 0]]),
    "zeros_like(T.tensor([1, 2]))": ("int64", [0, 0]),
    "ones_like(T.tensor([1, 2]), dtype=T.float64)": ("float64", [1, 1]),
    "full_like(T.tensor([1.0, 2.0]), 3)": ("float32", [3, 3]),
}


@pytest.mark.parametrize(("call", "dtype", "values"), [(call, *wanted) for call, wanted in MADE.items()], ids=MADE)
def test_making(call, dtype, values):
    found = eval(f"T.{call}", {"T": tg, "np": np})
    assert (found.dtype, found.tolist()) == (np.dtype(dtype), values)
    assert not found.requires_grad and found.is_leaf


@pytest.mark.parametrize("name", ["empty(2, 3)", "empty((2, 3))", "empty_like(T.zeros(2, 3))"])
def test_empty_has_a_shape_and_any_values(name):
    found = eval(f"T.{name}", {"T": tg})
    assert (found.shape, found.dtype) == ((2, 3), tg.float32)


def test_tensor_copies_and_as_tensor_and_from_numpy_share():
    array = np.zeros(2)
    copied, shared, viewed = tg.tensor(array), tg.as_tensor(array), tg.from_numpy(array)
    array[0] = 5
    assert (copied.tolist(), shared.tolist(), viewed.tolist()) == ([0, 0], [5, 0], [5, 0])
    assert tg.as_tensor(viewed) is viewed
    assert tg.as_tensor(viewed, dtype=tg.float32).dtype == tg.float32


def test_a_tensor_of_a_tensor_is_a_detached_copy():
    w = leaf([1.0])
    with pytest.warns(UserWarning, match=r"^tensor: .* has no history"):
        t = tg.tensor(w)
    assert w.new_tensor(w.detach()).dtype == tg.float64
    with pytest.warns(UserWarning, match=r"^new_tensor: .* has no history"):
        w.new_tensor(w)
    assert not t.requires_grad and not np.shares_memory(t.detach().numpy(), w.detach().numpy())


def test_dtype_names_are_numpy_dtypes():
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64"):
        assert getattr(tg, name) == np.dtype(name) and isinstance(getattr(tg, name), np.dtype)
    assert (tg.float, tg.double, tg.half, tg.long, tg.int) == (tg.float32, tg.float64, tg.float16, tg.int64, tg.int32)


def test_the_default_dtype_can_be_set():
    tg.set_default_dtype(tg.float64)
    assert tg.get_default_dtype() == tg.float64
    for made in (tg.zeros(1), tg.tensor(1.0), tg.rand(1), tg.tensor([1, 2]) / 2, tg.tensor(1).exp(), tg.arange(1.0)):
        assert made.dtype == tg.float64


# ---------------------------------------------------------------------- promotion

PYTHON = {"bool": True, "int": 1, "float": 1.0}
SCALARS = {"bool": np.bool_(True), "int": np.int64(1), "float": np.float64(1.0)}


def operand(text, numbers=PYTHON):
    name, _, kind = text.partition(" ")
    if kind == "number":
        return numbers[name]
    return tg.ones((2,) if kind == "dim" else (), dtype=name)


@pytest.mark.parametrize("function", [operator.add, operator.mul, tg.maximum], ids=lambda f: f.__name__)
def test_promotion_is_pytorchs(function):
    """All pairs of dtypes, of tensors with and without dimensions, and Python numbers."""
    found = [[a, b, function(operand(a), operand(b)).dtype.name] for a, b, _ in PROMOTION]
    assert found == PROMOTION


def test_where_and_cat_promote_the_same_way():
    mask = tg.tensor([True, False])
    assert [[a, b, tg.where(mask, operand(a), operand(b)).dtype.name] for a, b, _ in PROMOTION] == PROMOTION
    for a, b, wanted in PROMOTION:
        if a.endswith("dim") and b.endswith("dim"):
            assert tg.cat([operand(a), operand(b)]).dtype.name == wanted


def test_numpy_scalars_count_as_python_numbers():
    # With the scalar on the left of an integer tensor NumPy itself decides, before the tensor is asked.
    pairs = [(a, b, wanted) for a, b, wanted in PROMOTION if "number" in b or ("number" in a and "float" in b)]
    for a, b, wanted in pairs:
        assert (operand(a, SCALARS) + operand(b, SCALARS)).dtype.name == wanted


@pytest.mark.parametrize(
    ("call", "dtype"),
    [
        (lambda i: i / 2, tg.float32), (lambda i: i / i, tg.float32), (lambda i: 1 / i, tg.float32),
        (lambda i: i.exp(), tg.float32), (lambda i: tg.tanh(i), tg.float32), (lambda i: i.mean(), tg.float32),
        (lambda i: i.softmax(0), tg.float32), (lambda i: i * 2.5, tg.float32), (lambda i: i**2, tg.int64),
        (lambda i: i**0.5, tg.float32), (lambda i: i.sum(), tg.int64), (lambda i: i > 1, tg.bool),
        (lambda i: i.bool().sum(), tg.int64),
        (lambda i: i.to(tg.int32).sum(0), tg.int64), (lambda i: i.argmax(), tg.int64), (lambda i: i.max(), tg.int64),
        (lambda i: i.clip(0.5), tg.float32), (lambda i: i.clip(0, 1), tg.int64), (lambda i: i.double() / 2, tg.float64),
        (lambda i: i.half().mean(), tg.float16), (lambda i: i.half() * 2.0, tg.float16),
        (lambda i: i + 2**40, tg.int64),
    ],
)  # fmt: skip
def test_the_dtype_of_integers_after(call, dtype):
    assert call(tg.tensor([1, 2])).dtype == dtype


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int64"])
def test_every_op_that_gives_floats_gives_the_default_dtype(dtype):
    for op in OPS.values():
        if op.floats and op.kind == "elementwise" and set(op.params) <= {"eps", "threshold"}:
            x = [tg.tensor(np.ones(3, dtype))] * len(op.inputs)
            with np.errstate(all="ignore"):
                assert op.function(*x).dtype == tg.float32, op.name


def test_one_byte_integers_do_not_pass_through_float16():
    x = tg.tensor(np.array([12, 80], np.int8))
    np.testing.assert_allclose(x.exp().numpy(), np.exp(np.float32([12, 80])), rtol=1e-6)
    np.testing.assert_allclose(tg.hypot(x, x).numpy(), np.sqrt(2) * np.float32([12, 80]), rtol=1e-6)


def test_heaviside_keeps_integers():
    y = tg.heaviside(tg.tensor([-2, 0, 3]), tg.tensor([5, 5, 5]))
    assert y.dtype == tg.int64 and y.tolist() == [0, 5, 1]


SEVERAL = [
    pytest.param(op, s, id=f"{op.name}-{i}")
    for op in OPS.values() if op.kind != "constant"
    for i, s in enumerate(op.samples or ()) if s.smooth and len(s.shapes) > 1
]  # fmt: skip


@together(("op", "sample"), SEVERAL)
def test_a_gradient_has_the_dtype_of_its_leaf_where_another_input_is_wider(op, sample):
    rng = np.random.default_rng(0)
    drawn = [np.asarray(domain(rng, shape)) for shape, domain in zip(sample.shapes, sample.domains, strict=True)]
    floats = [i for i, array in enumerate(drawn) if array.dtype.kind == "f"]
    for wider in floats:
        given = [
            tg.tensor(array.astype("float64" if i == wider else "float32") if i in floats else array)
            for i, array in enumerate(drawn)
        ]
        leaves = [given[i].requires_grad_() for i in floats]
        try:
            result = op.function(given, **sample.params) if op.variadic else op.function(*given, **sample.params)
        except tg.AutogradError:  # an op that wants one dtype
            continue
        if result.requires_grad:
            found = tg.autograd.grad(result, leaves, tg.ones_like(result), allow_unused=True)
            for x, g in zip(leaves, found, strict=True):
                assert g is None or g.dtype == x.dtype, (op.name, wider)


# Checksums of PyTorch's own, of start, end and steps; in float64 the product needs a longer number to be exact in.
SPACED = {
    (-5, 5, 7): (311860768, 3298538058), (0, 1, 11): (790155632, 4001059533),
    (-3.14159, 3.14159, 200): (1536982436, 2893499396), (-10, 10, 2001): (2310657607, 1352360617),
    (2, -7.5, 33): (3056918363, 1024789839),
}  # fmt: skip


@pytest.mark.parametrize(("given", "sums"), SPACED.items())
def test_linspace_rounds_as_pytorch_does(given: tuple[float, float, int], sums: tuple[int, int]) -> None:
    narrow, wide = (tg.linspace(*given, dtype=kind).numpy() for kind in (tg.float32, tg.float64))
    assert zlib.crc32(narrow.astype("<f4").tobytes()) == sums[0]
    if np.finfo(np.longdouble).nmant >= 63:
        assert zlib.crc32(wide.astype("<f8").tobytes()) == sums[1]
    assert np.allclose(wide, np.linspace(*given), rtol=0, atol=1e-14) and wide[[0, -1]].tolist() == [*given[:2]]


SCALED = {
    "add": tg.add, "sub": tg.sub, "rsub": tg.rsub, "method": tg.Tensor.add,
    "addcmul": lambda a, b, alpha: tg.addcmul(a, tg.ones_like(b), b, value=alpha),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALED)
def test_what_is_added_so_often_has_the_dtype_of_the_sum(name):
    kinds = (tg.bool, tg.uint8, tg.int8, tg.int64, tg.float16, tg.float32, tg.float64, tg.complex128)
    for one in kinds:
        for other in kinds:
            for shapes in (((2,), (2,)), ((), (2,)), ((2,), ())):
                a, b = (tg.ones(shape).to(kind) for shape, kind in zip(shapes, (one, other), strict=True))
                wanted = tg.result_type(a, b)
                if wanted == tg.bool and name in ("sub", "rsub"):  # there is no difference of truths
                    continue
                for alpha in (2, 0.5) if wanted.kind in "fc" else (2,):
                    assert SCALED[name](a, b, alpha=alpha).dtype == wanted, (one, other, shapes, alpha)
    third = tg.add(tg.tensor(1 / 3, dtype=tg.float64), tg.tensor([1]), alpha=0.1)
    assert third.item() == 1 / 3 + 0.1  # not by way of float32
