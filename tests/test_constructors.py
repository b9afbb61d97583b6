"""``tg.Tensor(…)``, ``tg.LongTensor(…)`` and the others, ``t.new(…)``, ``t.type(…)``: what PyTorch gives for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DeviceError, DtypeError, RaggedError
from tinygrad_bp.functions import constructors
from tinygrad_bp.functions.constructors import TensorType

TYPES = {
    "BoolTensor": tg.bool, "ByteTensor": tg.uint8, "CharTensor": tg.int8, "ShortTensor": tg.int16,
    "IntTensor": tg.int32, "LongTensor": tg.int64, "HalfTensor": tg.float16, "FloatTensor": tg.float32,
    "DoubleTensor": tg.float64,
}  # fmt: skip
CONSTRUCTORS = {"Tensor": tg.float32, **TYPES}
every_type = pytest.mark.parametrize(("name", "dtype"), CONSTRUCTORS.items())


def test_the_table_has_them_all() -> None:
    assert {name for name in constructors.__all__ if isinstance(getattr(tg, name), TensorType)} == set(TYPES)


@every_type
def test_sizes_give_memory_and_data_numbers(name: str, dtype: Any) -> None:
    make = getattr(tg, name)
    sizes = {
        (): (0,), (3,): (3,), (2, 3): (2, 3), (2, 0): (2, 0), (np.int64(3),): (3,), (tg.Size([2, 3]),): (2, 3),
        (tg.ones(4, 5).shape,): (4, 5), (tg.ones(4).size(),): (4,), (tg.tensor(2), 3): (2, 3),
    }  # fmt: skip
    for given, shape in sizes.items():
        made = make(*given)
        assert type(made) is tg.Tensor and (made.shape, made.dtype) == (shape, dtype) and not made.requires_grad
    assert make(size=(2, 3)).shape == (2, 3) and make(2, device="cpu").shape == (2,)
    data: list[Any] = [
        [1, 0, 1], (1, 0, 1), [True, False, True], [1.0, 0.0, 1.0], np.array([1, 0, 1]), np.array([1.0, 0.0, 1.0]),
        [np.float64(1), 0, 1], [tg.tensor(1), tg.tensor(0), 1],
    ]  # fmt: skip
    for given in data:
        made = make(given)
        assert (made.dtype, made.tolist()) == (dtype, [1, 0, 1])
        assert make(data=given).tolist() == [1, 0, 1]
    assert make([]).shape == (0,) and make([[], []]).shape == (2, 0) and make(range(2)).tolist() == [0, 1]


@every_type
def test_what_is_neither_is_refused(name: str, dtype: Any) -> None:
    make = getattr(tg, name)
    for given in (
        (2.5,),
        (None,),
        ("ab",),
        (True,),
        (np.float32(3),),
        (2, "a"),
        ([1], [2]),
        (-1,),
        (2, None),
        ({1, 2},),
    ):
        with pytest.raises(ArgumentError, match=f"{name}: |sizes are integers"):
            make(*given)
    with pytest.raises(RaggedError):
        make([[1], [2, 3]])
    if name != "BoolTensor":
        with pytest.raises(DtypeError, match="real numbers"):
            make([1 + 2j])
    with pytest.raises(DeviceError, match="CUDA"):
        make([1.0], device="cuda")
    with pytest.raises(TypeError, match="dtype"):
        make([1.0], dtype=tg.float32)


@every_type
def test_a_tensor_comes_back_on_its_memory(name: str, dtype: Any) -> None:
    make, t = getattr(tg, name), tg.ones(3).to(dtype)
    same = make(t)
    same[0] = 0
    assert same is not t and same.dtype == dtype and t.tolist() == [0, 1, 1]
    other = tg.ones(3, dtype=tg.complex64)
    if name == "Tensor":
        assert make(other).dtype == tg.complex64  # as PyTorch has it
    else:
        with pytest.raises(DtypeError, match=f"{name}: the tensor is complex64, not {dtype}; write t.to"):
            make(other)


def test_an_array_of_the_dtype_is_shared_and_another_one_is_copied() -> None:
    array, wide = np.ones(2, np.float32), np.ones(2)
    shared, copied = tg.Tensor(array), tg.Tensor(wide)
    array[0] = wide[0] = 5
    assert shared.tolist() == [5, 1] and copied.tolist() == [1, 1]


def test_numbers_are_cut_and_fit() -> None:
    assert tg.LongTensor([1.7, -1.7]).tolist() == [1, -1]
    assert tg.LongTensor([2**62 + 1]).tolist() == [2**62 + 1]
    assert tg.DoubleTensor([0.1]).item() == 0.1
    assert tg.BoolTensor([0, 2, 0.5]).tolist() == [False, True, True]
    assert tg.ByteTensor([-1, 255]).tolist() == [255, 255] and tg.CharTensor([-128, 127]).tolist() == [-128, 127]
    for make, number in ((tg.ByteTensor, 300), (tg.ByteTensor, -256), (tg.CharTensor, 128), (tg.LongTensor, 1e30)):
        with pytest.raises(DtypeError, match="without overflow"):
            make([number])


def test_a_gradient_flows_through_it() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    (tg.Tensor(w) * 3).sum().backward()
    assert w.grad.tolist() == [3, 3]


def test_of_tensors_in_a_list_those_of_one_element_are_numbers() -> None:
    one, many, number = tg.ones(1), tg.ones(1, 1), tg.tensor(2)
    assert tg.tensor([one, many]).shape == tg.Tensor([one, one]).shape == tg.as_tensor((one, number)).shape == (2,)
    assert tg.tensor([[one, number], [many, 3]]).tolist() == [[1, 2], [1, 3]]
    assert tg.tensor([tg.ones(2), tg.zeros(2)]).shape == (2, 2)
    kinds = ([number, 1.5], [one.half(), 2], [one.half(), 1.5], [one.double(), number], [one.int(), number.bool()])
    assert [tg.tensor(kind).dtype.name for kind in kinds] == ["float32", "float16", "float32", "float64", "int32"]


def test_of_a_list_that_holds_history_the_numbers_are_taken_and_that_is_said() -> None:
    w = tg.tensor([1.5], requires_grad=True)
    for make in (tg.tensor, tg.as_tensor, tg.Tensor, w.new_tensor):
        with pytest.warns(UserWarning, match=r"has no history.* write tg\.stack\(tensors\)"):
            made = make([w * 2, 1])
        assert made.tolist() == [3, 1] and not made.requires_grad
    with tg.no_grad():
        assert tg.tensor([w, w]).tolist() == [1.5, 1.5]


def test_the_default_dtype_is_that_of_tensor_alone() -> None:
    for kind in (tg.DoubleTensor, "torch.DoubleTensor"):
        tg.set_default_tensor_type(kind)
        try:
            assert (tg.Tensor([1]).dtype, tg.FloatTensor([1]).dtype) == (tg.float64, tg.float32)
        finally:
            tg.set_default_tensor_type(tg.FloatTensor)
    with pytest.raises(ArgumentError):
        tg.set_default_tensor_type(tg.LongTensor)


@pytest.mark.parametrize(("name", "dtype"), TYPES.items())
def test_isinstance_and_type(name: str, dtype: Any) -> None:
    kind, t = getattr(tg, name), tg.ones(2).to(dtype)
    assert repr(kind) == f"<class 'torch.{name}'>" and kind.__name__ == name and t.type() == f"torch.{name}"
    for other in TYPES:
        assert isinstance(t, getattr(tg, other)) is (other == name)
    assert not isinstance(np.ones(2, dtype), kind)
    for asked in (kind, f"torch.{name}", dtype, dtype.type, str(dtype), f"torch.{dtype}"):
        assert tg.tensor([0, 1]).type(asked).dtype == dtype
    assert t.type(kind) is t


def test_type_of_others() -> None:
    assert tg.ones(1, dtype=tg.complex64).type() == "torch.ComplexFloatTensor"
    assert isinstance(tg.nn.Parameter(tg.ones(1)), tg.FloatTensor)
    assert tg.tensor([1]).type(tg.Tensor).dtype == tg.tensor([1]).type("torch.Tensor").dtype == tg.float32
    with pytest.raises(DeviceError):
        tg.ones(1).type("torch.cuda.FloatTensor")
    for wrong in ("foo", 3, "torch.FooTensor", [1]):
        with pytest.raises(ArgumentError, match="type: invalid type"):
            tg.ones(1).type(wrong)


@pytest.mark.parametrize(
    ("method", "dtype"),
    [("byte", "uint8"), ("char", "int8"), ("short", "int16"), ("int", "int32"), ("long", "int64"), ("bool", "bool"),
     ("half", "float16"), ("float", "float32"), ("double", "float64"), ("cfloat", "complex64"),
     ("cdouble", "complex128")],
)  # fmt: skip
def test_methods_named_after_dtypes(method: str, dtype: str) -> None:
    for t in (tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor(3), tg.zeros(0, 2), tg.arange(6.0)[::2]):
        cast = getattr(t, method)()
        assert cast.dtype == dtype and cast.shape == t.shape
        assert cast.requires_grad is (t.requires_grad and cast.dtype.kind in "fc")
        assert getattr(cast, method)() is cast


def test_bfloat16_is_refused() -> None:
    with pytest.raises(AttributeError, match="bfloat16"):
        _ = tg.ones(1).bfloat16


@every_type
def test_new_makes_more_of_the_same_dtype(name: str, dtype: Any) -> None:
    t = tg.ones(2, 3).to(dtype)
    assert t.new().shape == (0,) and t.new(4, 5).shape == (4, 5) and t.new([1, 0]).tolist() == [1, 0]
    assert t.new(t.size()).shape == (2, 3) and t.new(t).shape == (2, 3)
    assert {made.dtype for made in (t.new(), t.new(4, 5), t.new([1, 0]), t.new(np.zeros(2)), t.new(t))} == {dtype}


class Named(tg.Tensor):
    pass


class Told(tg.Tensor):
    def __init__(self, *items: Any) -> None:
        self.given = items


def test_subclasses() -> None:
    named = Named([1.0, 2.0])
    assert type(named) is Named and isinstance(named, tg.Tensor) and named.tolist() == [1, 2]
    assert Told(2, 3).given == (2, 3)
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    part = (w * 2).as_subclass(Named)
    assert type(part) is Named
    part.sum().backward()
    assert w.grad.tolist() == [2, 2]
    view = tg.zeros(2).as_subclass(Named)
    view[0] = 1
    assert view.tolist() == [1, 0]
    with pytest.raises(ArgumentError, match="give a subclass"):
        w.as_subclass(int)
    assert tg.nn.Parameter(named).shape == (2,)


@pytest.mark.parametrize("name", ["__torch_function__", "__torch_dispatch__"])
def test_a_subclass_that_would_never_be_asked_is_refused(name: str) -> None:
    for base in (tg.Tensor, Named, tg.nn.Parameter):
        with pytest.raises(ArgumentError, match=f"Logging.{name}: functions do not call it"):
            type("Logging", (base,), {name: classmethod(lambda cls, *args: None)})
