"""What a program could silently freeze: a value that is read is refused, and nothing is lost."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, same_as_python
from tinygrad_bp.program import CaptureError

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(), lambda x: x.tolist(), lambda x: x.numpy(), lambda x: np.asarray(x),
        lambda x: float(x.sum()), lambda x: int(x.sum()), lambda x: bool(x.sum() > 0), lambda x: f"{x.sum():.2f}",
        lambda x: 1.0 in x, lambda x: complex(x.sum()), lambda x: [1, 2, 3][(x.sum() * 0).long()], lambda x: x.item(0),
        lambda x: np.from_dlpack(x), lambda x: x.storage().tolist(),
        lambda x: "yes" if x.sum() > 0 else "no", lambda x: x.equal(x), lambda x: tg.allclose(x, x),
        lambda x: np.allclose(x, x), lambda x: [t for t in (x > 0) if t],
    ],
)  # fmt: skip
def test_reading_a_value_is_refused(read):
    x = tg.tensor([1.0, -2.0, 3.0])

    def function(x):
        y = x * 2
        read(y)
        return y

    with pytest.raises(CaptureError, match="while a program is written down"):
        tg.compile(function)(x)
    assert function(x).shape == (3,)


def test_what_was_written_before_the_refusal_is_taken_back():
    w = tg.ones(2)

    def function(x):
        w.add_(1)
        return x * w.sum().item()

    with pytest.raises(CaptureError, match=r"item\(\) of a tensor"):
        tg.compile(function)(X)
    assert w.tolist() == [1.0, 1.0]


def test_errors_of_the_function_are_its_own_and_lose_nothing():
    w = tg.ones(3)

    def function(x):
        w.add_(1)
        return x @ tg.ones(4)

    with pytest.raises(tg.AutogradError, match=r"matmul|fit"):
        tg.compile(function)(X)
    assert w.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("given", [3, "text", X])
def test_what_cannot_be_compiled(given):
    with pytest.raises(tg.AutogradError, match="compile: give a function or a module, got"):
        tg.compile(given)


def test_an_unknown_backend_is_refused():
    with pytest.raises(tg.AutogradError, match=r"backend is 'numpy'.*got 'fortran'"):
        tg.compile(lambda x: x, backend="fortran")


def test_a_function_learns_that_it_is_written_down():
    seen = []

    @tg.compile
    def double(x):
        seen.append(tg.compiler.is_compiling())
        return 2 * x

    for _ in range(4):
        double(tg.ones(2))
    assert seen and all(seen) and not tg.compiler.is_compiling()


def test_a_distribution_says_what_to_write():
    def step(x, **settings):
        return tg.distributions.Normal(x, x.exp(), **settings).log_prob(x)

    with pytest.raises(CaptureError, match=r"Normal looks at the numbers .*: write validate_args=False"):
        tg.compile(step)(X)
    same_as_python(lambda x: step(x, validate_args=False), *[(X,)] * 4)


@pytest.mark.parametrize("text", [str, repr, "{}".format, "values: {}".format, lambda x: [f"{x}"]])
def test_a_text_of_values_is_not_returned(text):
    with pytest.raises(CaptureError, match=r"Return the tensor and write str\(t\) outside"):
        tg.compile(lambda x: (x * 2, text(x * 2)))(X)
    same_as_python(lambda x: x * len(text(x.shape)), *[(X,)] * 4)


def test_values_may_be_printed(capsys):
    same_as_python(lambda x: print(x) or x * 2, *[(X,)] * 4)
    assert "tensor([ 1., -2.,  3.])" in capsys.readouterr().out
