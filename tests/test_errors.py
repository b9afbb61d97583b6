"""One error per mistake: it names the op, shows both sides and says what to write instead."""

import subprocess
import sys
import traceback

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import errors
from tinygrad_bp.autograd.errors import AutogradError

F = tg.nn.functional


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


def twice():
    loss = (leaf(1.0, 2.0) ** 2).sum()
    loss.backward()
    loss.backward()


def in_place():
    w = leaf(1.0, 2.0)
    w -= 0.1


def changed():
    w = leaf(1.0, 2.0)
    w.name = "w"
    loss = (w * w).sum()
    with tg.no_grad():
        w -= 0.1
    loss.backward()


# The ten mistakes everybody makes, with all that is said of them.
MISTAKES = {
    "shapes that do not match": (
        lambda: tg.zeros(2, 3) + tg.zeros(4),
        (ValueError, RuntimeError),
        "add: a (2, 3) float32 and b (4,) float32 do not fit; shapes broadcast where, counted from the right, sizes "
        "are equal or one of them is 1; reshape or unsqueeze one side",
    ),
    "a second backward": (
        twice,
        (RuntimeError,),
        "trying to go backward through <PowBackward0> a second time: the values it kept were freed by the first "
        "backward. Write retain_graph=True in the first call, or compute the result again",
    ),
    "backward from a non-scalar": (
        lambda: (leaf(1.0, 2.0) * 2).backward(),
        (RuntimeError,),
        "backward: grad can be implicitly created only for scalar outputs, this one has shape (2,). Reduce it first "
        "(loss.sum() or loss.mean()), or give gradient= of that shape",
    ),
    "backward without history": (
        lambda: tg.tensor(1.0).backward(),
        (RuntimeError,),
        "backward: the tensor () does not require grad and has no grad_fn: nothing was recorded for it. Give some "
        "input requires_grad=True, and compute outside no_grad()",
    ),
    "an in-place write to a leaf": (
        in_place,
        (RuntimeError,),
        "-=: (2,) is a leaf that requires_grad, so an in-place operation on it would be lost to backward. Write it "
        "inside `with tg.no_grad():`, or make a new tensor",
    ),
    "a parameter changed between forward and backward": (
        changed,
        (RuntimeError,),
        "mul kept b (w) (2,) for backward, and it was modified by an in-place operation since: the gradient would be "
        "wrong. Write it after backward(), or give the op a copy (t.clone())\n"
        f"  recorded by {__file__}:{changed.__code__.co_firstlineno + 3}, in changed: loss = (w * w).sum()",
    ),
    "integers asked to require grad": (
        lambda: tg.tensor([1, 2], requires_grad=True),
        (RuntimeError, TypeError),
        "only tensors of floating point and complex dtype can require gradients, got int64; write t.float() first, or "
        "give floats",
    ),
    "ragged lists": (
        lambda: tg.tensor([[1, 2], [3]]),
        (ValueError,),
        "cannot make a tensor of ragged lists: item 0 has 2 items, item 1 has 1 items; give every row the same length",
    ),
    "NaN labels": (
        lambda: F.mse_loss(tg.zeros(3), tg.tensor([0.0, float("nan"), 1.0])),
        (ValueError,),
        "mse_loss: the target holds NaN, first at (1,) of (3,): a NaN label makes every gradient NaN. Drop those rows, "
        "or fill them",
    ),
    "a class index out of range": (
        lambda: F.cross_entropy(tg.zeros(2, 3), tg.tensor([0, 3])),
        (IndexError, ValueError),
        "cross_entropy: class index 3 is out of range for scores (2, 3): classes run from 0 to 2",
    ),
}


@pytest.mark.parametrize(("program", "built_in", "message"), MISTAKES.values(), ids=MISTAKES)
def test_the_ten_mistakes_say_everything(program, built_in, message):
    with pytest.raises(AutogradError) as caught:
        program()
    assert str(caught.value) == message
    for kind in built_in:
        assert isinstance(caught.value, kind)


W = leaf(1.0, 2.0)
X = tg.zeros(2, 3)
OTHERS = [
    # shapes
    (lambda: X @ tg.zeros(4, 5), errors.ShapeError, r"matmul: a \(2, 3\) float32 and b \(4, 5\) .* transpose one side"),
    (lambda: X @ 2, errors.ShapeError, r"matmul: a \(2, 3\) float32 and b 2 do not fit"),
    (lambda: X.reshape(4), errors.ShapeError, r"reshape: x \(2, 3\) float32 does not fit .*\(4,\).*one size may be -1"),
    (lambda: X.expand(4, 3), errors.ShapeError, r"broadcast_to: x \(2, 3\) .* a size can grow only from 1"),
    (lambda: X.expand(3), errors.ShapeError, r"expand: \(2, 3\) has more dimensions than the sizes given, \(3,\)"),
    (lambda: tg.cat([X, tg.zeros(2)]), errors.ShapeError, r"cat: item 0 \(2, 3\) float32 and item 1 \(2,\) float32"),
    (lambda: tg.stack([X, tg.zeros(2)]), errors.ShapeError, r"stack: item 0 \(2, 3\) .* must have the same shape"),
    (lambda: X.mm(tg.zeros(3)), errors.ShapeError, r"mm: needs two matrices, got \(2, 3\) and \(3,\); use matmul"),
    (lambda: tg.dot(X, X), errors.ShapeError, r"dot: needs two vectors, got \(2, 3\) and \(2, 3\)"),
    (lambda: tg.where(X > 0, tg.zeros(4), 0.0), errors.ShapeError, r"where: condition \(2, 3\) bool and a \(4,\)"),
    (lambda: X**tg.zeros(4), errors.ShapeError, r"power: a \(2, 3\) float32 and b \(4,\) float32 do not fit"),
    (lambda: tg.nn.Linear(4, 2)(X), errors.ShapeError, r"linear: x \(2, 3\) float32 and weight \(2, 4\) float32"),
    (lambda: F.binary_cross_entropy(X, tg.zeros(3)), errors.ShapeError, r"binary_cross_entropy: x \(2, 3\) .*\(3,\)"),
    (lambda: F.cross_entropy(X, tg.tensor([0])), errors.ShapeError, r"cross_entropy: x \(2, 3\) .* shape \(2,\)"),
    (lambda: X.item(), errors.ShapeError, r"item: a tensor of shape \(2, 3\) has 6 elements; only one element"),
    (lambda: bool(X), errors.ShapeError, r"truth of a tensor of shape \(2, 3\) is ambiguous.* t.any\(\) or t.all\(\)"),
    (lambda: tg.zeros(0).amax(), errors.ShapeError, r"amax: x \(0,\) float32 .*zero-size"),
    (lambda: X.t().T.mT.unsqueeze(0).t(), errors.ShapeError, r"t: expects at most 2 dimensions, got \(1, 3, 2\)"),
    (lambda: tg.zeros(2).mT, errors.ShapeError, r"mT: needs at least 2 dimensions, got \(2,\)"),
    # indices and dimensions
    (lambda: X[5], errors.IndexRangeError, r"getitem: index 5 is out of bounds for axis 0 with size 2, in x \(2, 3\)"),
    (lambda: X[0, 0, 0], errors.IndexRangeError, "getitem: too many indices"),
    (lambda: X[0.5], errors.IndexRangeError, "getitem: only integers, slices"),
    (lambda: X[tg.tensor([0.5])], errors.IndexRangeError, "getitem: arrays used as indices must be of integer"),
    (lambda: X.sum(2), errors.IndexRangeError, r"sum: dimension out of range.*x \(2, 3\) .* give one from -2 to 1"),
    (lambda: X.max(2), errors.IndexRangeError, "argmax: dimension out of range"),
    (lambda: X.softmax(3), errors.IndexRangeError, "softmax: dimension out of range"),
    (lambda: X.squeeze(2), errors.IndexRangeError, r"squeeze: dimension out of range.*\[-2, 1\], got 2"),
    (lambda: X.permute(0, 0), errors.ArgumentError, r"permute: the order \(0, 0\) must name each of the 2 dimensions"),
    # dtypes
    (lambda: tg.tensor([True]) - tg.tensor([True]), errors.DtypeError, r"sub: not possible with a \(1,\) bool and b"),
    (lambda: -tg.tensor([True]), errors.DtypeError, r"neg: not possible with x \(1,\) bool"),
    (lambda: ~X, errors.DtypeError, r"bitwise_not: not possible with x \(2, 3\) float32"),
    (lambda: tg.tensor([2]) ** -1, errors.DtypeError, "power: .*negative integer powers.*write t.float"),
    (lambda: tg.tensor([2]) * 2**70, errors.DtypeError, "the number 1180591620717411303424 does not fit in int64"),
    (lambda: tg.tensor(2**70), errors.DtypeError, "integers outside int64"),
    (lambda: tg.tensor(np.array([1, 2], object)), errors.DtypeError, "a tensor of object values; give numbers"),
    (lambda: tg.tensor(["a"]), errors.DtypeError, "cannot make a tensor of <U1 values; give numbers or booleans"),
    (lambda: tg.tensor([1, None]), errors.DtypeError, "cannot make a tensor of object values"),
    (lambda: tg.tensor(None), errors.DtypeError, "cannot make a tensor of a NoneType"),
    (lambda: tg.set_default_dtype(tg.int64), errors.DtypeError, "only a floating point dtype can be the default"),
    (lambda: tg.arange(3).requires_grad_(), errors.DtypeError, "complex dtype can require gradients, got int64"),
    # arguments
    (lambda: X + "a", errors.ArgumentError, "add: cannot use a str as an operand; give a tensor"),
    (lambda: X * None, errors.ArgumentError, "mul: cannot use a NoneType as an operand"),
    (lambda: X < "a", errors.ArgumentError, "lt: cannot use a str as an operand"),
    (lambda: X.sum(axis=0, dim=1), errors.ArgumentError, "sum: axis=0 and dim=1 are two names of one argument"),
    (lambda: X.to("metres"), errors.ArgumentError, r"to: give a dtype .*, a device or a tensor, got 'metres'"),
    (lambda: X.clip(), errors.ArgumentError, "clip: give min, max or both"),
    (lambda: X.flatten(1, 0), errors.ArgumentError, "flatten: start_dim 1 comes after end_dim 0"),
    (lambda: X.max(dim=(0, 1)), errors.ArgumentError, r"max: dim is one integer, got \(0, 1\).*use amax"),
    (lambda: tg.cat([]), errors.ArgumentError, "cat: give at least one tensor, got an empty list"),
    (lambda: tg.cat(X), errors.ArgumentError, "cat: give a list or tuple of tensors, got one Tensor"),
    (lambda: tg.from_numpy([1.0]), errors.ArgumentError, "from_numpy: expected an np.ndarray, got list"),
    (lambda: tg.zeros(2, -1), errors.ArgumentError, r"zeros: sizes must not be negative, got \(2, -1\)"),
    (lambda: tg.ones(2.5), errors.ArgumentError, "sizes are integers, got 2.5"),
    (lambda: len(tg.tensor(1.0)), errors.ArgumentError, r"len\(\) of a 0-d tensor"),
    (lambda: list(tg.tensor(1.0)), errors.ArgumentError, "iteration over a 0-d tensor"),
    (lambda: F.mse_loss(X, X, reduction="avg"), errors.ArgumentError, "mse_loss: reduction is 'mean', 'sum' or"),
    (lambda: tg.nn.MSELoss(reduction="avg"), errors.ArgumentError, r"MSELoss: reduction is .*, got 'avg'"),
    (lambda: X.retain_grad(), errors.ArgumentError, "retain_grad: the tensor does not require grad"),
    # labels
    (lambda: F.cross_entropy(X, tg.tensor([0, -1])), errors.TargetError, "class index -1 is out of range"),
    (lambda: F.cross_entropy(X, tg.zeros(2)), errors.TargetError, r"class indices, integers .* target.long\(\)"),
    (lambda: F.cross_entropy(X, tg.zeros(2) * np.nan), errors.TargetError, "some are NaN"),
    (lambda: F.binary_cross_entropy(X + 2, X), errors.TargetError, "probabilities between 0 and 1, got values from 2"),
    (lambda: F.binary_cross_entropy(X, X * np.nan), errors.TargetError, "binary_cross_entropy: the target holds NaN"),
    (lambda: F.binary_cross_entropy_with_logits(X, X * np.nan), errors.TargetError, "the target holds NaN"),
    (lambda: F.one_hot(tg.tensor([3]), 2), errors.TargetError, "one_hot: labels run from 3 to 3, outside 0 to 1"),
    (lambda: F.one_hot(X), errors.TargetError, "one_hot: labels are integers, got float32"),
    # history
    (lambda: (W * 1).sum().backward(tg.ones(2)), errors.ShapeError, r"output has shape \(\), the gradient .* \(2,\)"),
    (lambda: tg.autograd.grad(W.sum(), X), errors.NoHistoryError, r"grad: input 0 .*\(2, 3\).* does not require grad"),
    (lambda: tg.autograd.grad(W.sum(), leaf(1.0)), errors.UnusedInputError, "not to have been used.*allow_unused=True"),
    (lambda: W.numpy(), errors.NoRuleError, r"can't call numpy\(\) on a tensor that requires grad.*detach"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "kind", "message"), OTHERS, ids=[message for _, _, message in OTHERS])
def test_a_mistake_is_named(program, kind, message):
    with pytest.raises(kind, match=message):
        program()


def test_a_name_given_to_a_tensor_stands_in_its_errors():
    w = tg.zeros(2, 3, requires_grad=True)
    w.name = "hidden.weight"
    with pytest.raises(errors.ShapeError, match=r"matmul: hidden.weight \(2, 3\) float32 and b \(2,\)"):
        w @ tg.zeros(2)
    with pytest.raises(errors.LeafWriteError, match=r"zero_: hidden\.weight"):
        w.zero_()


ONE_TRACEBACK = [
    lambda: tg.zeros(2) + tg.zeros(3),
    lambda: X[5],
    lambda: X.sum(2),
    lambda: ~X,
    lambda: tg.tensor([2]) ** -1,
    lambda: X.amax(dim=0).reshape(4),
    lambda: tg.zeros(0).amax(),
]


@pytest.mark.parametrize("program", ONE_TRACEBACK)
def test_a_mistake_shows_one_traceback(program):
    with pytest.raises(AutogradError) as caught:
        program()
    assert "another exception" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("calls", [1, 2])
def test_the_traceback_of_an_op_leads_from_the_line_to_its_definition(calls):
    program = f"""
import traceback
import tinygrad_bp as tg
for _ in range({calls}):
    try:
        tg.atan2(tg.zeros(2), tg.zeros(3))
    except RuntimeError as error:
        frames = [(frame.filename, frame.name, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
print(*frames, sep="\\n")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (user, _, _), (place, name, line) = map(eval, result.stdout.splitlines())
    assert user == "<string>" and name == "atan2"
    assert place.endswith("trigonometry.py") and line.startswith("atan2 = elementwise(")


# What NumPy raises for the same mistake, and PyTorch.
BUILT_IN = [
    (lambda: tg.zeros(2) + tg.zeros(3), (ValueError, RuntimeError)),
    (lambda: X[5], (IndexError,)),
    (lambda: np.sum(X, axis=5), (ValueError, IndexError)),
    (lambda: tg.tensor([2]) ** -1, (ValueError, RuntimeError)),
    (lambda: tg.gather(X, 1, tg.tensor([[7]])), (RuntimeError,)),
    (lambda: X.permute(0, 0), (ValueError, RuntimeError)),
    (lambda: tg.zeros(2, -1), (ValueError, RuntimeError)),
    (lambda: X.retain_grad(), (RuntimeError,)),
    (lambda: tg.cat([]), (ValueError, RuntimeError)),
    (lambda: F.cross_entropy(X, tg.tensor([0, 5])), (IndexError, RuntimeError)),
    (lambda: F.one_hot(tg.tensor([3]), 2), (RuntimeError,)),
    (lambda: F.binary_cross_entropy(X + 2, X), (RuntimeError,)),
    (lambda: tg.linalg.inv(tg.zeros(2, 2)), (np.linalg.LinAlgError, RuntimeError)),
]


@pytest.mark.parametrize(("program", "kinds"), BUILT_IN)
def test_a_mistake_is_what_numpy_and_pytorch_raise(program, kinds):
    with pytest.raises(AutogradError) as caught:
        program()
    for kind in kinds:
        assert isinstance(caught.value, kind)


def test_a_target_of_another_shape_that_broadcasts_warns():
    with pytest.warns(UserWarning, match=r"mse_loss: the target's size \(2,\) differs from the input's size \(2, 1\)"):
        F.mse_loss(tg.zeros(2, 1), tg.zeros(2))


def test_reading_grad_of_an_inner_tensor_warns():
    with pytest.warns(UserWarning, match="not a leaf.*retain_grad"):
        assert (W * 2).grad is None


def test_integers_that_numpy_cannot_broadcast_are_refused_by_raw_arrays_in_numpys_words():
    with pytest.raises(ValueError, match="broadcast"):
        tg.add(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize("kind", [c for c in vars(errors).values() if isinstance(c, type)], ids=lambda c: c.__name__)
def test_every_class_is_of_the_family(kind):
    assert issubclass(kind, AutogradError)
    assert kind.__doc__


@pytest.mark.parametrize(("program", "message"), [
    (lambda: tg.full((2,), None), "full: fill_value is one number, got NoneType"),
    (lambda: tg.optim.SGD(tg.nn.Linear(2, 2)), r"params: give a list .*\(model.parameters\(\)\), not one Linear"),
])  # fmt: skip
def test_an_argument_of_the_wrong_kind(program, message):
    with pytest.raises(errors.ArgumentError, match=message):
        program()
