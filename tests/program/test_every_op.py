"""Nothing freezes: every op and every public function, written down as a program and run on other values.

Each run equals Python's to the bit, or the function is refused by a sentence. Derived from the table and from the
calls of every public function; nobody writes a test per function.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy_calls
import numpy_sweep
import public_calls as pc
import pytest
from together import together

import tinygrad_bp as tg
import tinygrad_bp.nn
from tinygrad_bp.autograd.errors import AutogradError
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.values import held
from tinygrad_bp.program import CaptureError, Program, Step, Value, evaluate
from tinygrad_bp.program.program import same_steps
from tinygrad_bp.verify import contracts as c

from .replays import differs, outcome, twice, with_gradients

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]


@pytest.fixture(autouse=True)
def quiet():
    """Extreme values overflow, and some calls warn."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def tensors(op: Op, sample: Any, seed: int) -> list[Any]:
    return [tg.tensor(array) for array in c.draw(op, sample, seed)]


def of_shapes(op: Op, sample: Any) -> bool:
    """Whether an index of truths chooses elements, so that shapes are not those of every run."""
    index = sample.params.get("index")
    return op.name in ("getitem", "place") and getattr(index, "dtype", None) == np.bool_


@together(("op", "sample"), CALLS)
def test_every_op(op: Op, sample: Any) -> None:
    def called(*given: Any) -> Any:
        return (
            op.function(list(given) if op.variadic else given[0], **sample.params)
            if op.variadic
            else op.function(*given, **sample.params)
        )

    one, other = tensors(op, sample, 0), tensors(op, sample, 1)
    wanting = c.differentiable(op, c.draw(op, sample)) if op.kind != "constant" else []
    assert not differs(called, one, other)
    if wanting:
        assert not differs(with_gradients(called, wanting), one, other)


TWICE = {  # by op a sample with more operands than one, or whose gradient has a history in what it was made from
    op.name: param
    for param in reversed(CALLS)
    for op, sample in [param.values]
    if op.kind != "constant" and not op.variadic and (len(sample.shapes) > 1 or op.grad_grad_fn)
}


@together(("op", "sample"), list(TWICE.values()))
def test_every_op_where_one_operand_is_wanted_twice(op: Op, sample: Any) -> None:
    """A second derivative reads what the first kept of data: of other data it is another one."""
    one, other = tensors(op, sample, 0), tensors(op, sample, 1)
    for place in c.differentiable(op, c.draw(op, sample))[-1:]:  # a weight, where there is one
        assert not differs(twice(lambda *given: op.function(*given, **sample.params), place), one, other)


def test_programs_are_the_same_where_their_texts_are() -> None:
    """Of the first sample of every op, called twice, and beside the samples of the same op and of the next."""
    found: list[Any] = []
    for op, sample in (param.values for param in CALLS):
        given = c.draw(op, sample, 0)
        if not of_shapes(op, sample):
            found.append([called_once(op, given, sample.params) for _ in range(2)])
    assert all(same_steps(*pair) and str(pair[0]) == str(pair[1]) for pair in found)
    others = [(a, b) for i, (a, _) in enumerate(found) for _, b in found[i + 1 : i + 4]]
    assert [same_steps(a, b) for a, b in others] == [str(a) == str(b) for a, b in others]
    assert sum(str(a) != str(b) for a, b in others) > len(OPS)


def called_once(op: Op, arrays: list[Any], params: dict[str, Any]) -> Program:
    inputs = tuple(Value(array.shape, array.dtype) for array in arrays)
    with np.errstate(all="ignore"):
        result = np.asarray(op.compute(*([arrays] if op.variadic else arrays), **params))
    value = Value(result.shape, result.dtype)
    return Program(inputs, (Step(op, (inputs,) if op.variadic else inputs, dict(params), value),), (value,))


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_residual_has_a_formula(op: Op) -> None:
    assert None not in op.residuals.values()


# ---------------------------------------------------------------------- public functions

# What a program refuses: the shape of the result depends on values.
SHAPED = {
    "argwhere", "bincount", "index_reduce", "masked_scatter", "masked_select", "nonzero", "segment_reduce", "unique",
    "unique_consecutive",
}  # fmt: skip
# … or a value of it becomes a number of Python, which would stay as it was.
UNSEEN = {
    "allclose": "gives a bool of Python", "equal": "gives a bool of Python", "is_nonzero": "gives a bool of Python",
    "arange": "a bound in a tensor says how many numbers there are", "linspace": "NumPy counts from a number of Python",
    "full": "a fill value in a tensor is read as a number: t.expand(size) is seen",
    "full_like": "a fill value in a tensor is read as a number: t.expand(size) is seen",
    "dropout": "a probability in a tensor is read as a number", "dropout2d": "so is this one",
    "nanmedian": "of all elements: how many there are depends on which are NaN",
}  # fmt: skip
NOT_A_NUMBER = ("T.empty_like(x)",)  # whatever the memory held
ALSO = [  # other ways through the same functions
    "F.cross_entropy(x, T.where(i == 1, -100, i))", "F.cross_entropy(x, i, reduction='none')",
    "F.cross_entropy(x, i, u[:4], label_smoothing=0.1)", "F.nll_loss(x, i, w, reduction='none')",
    "F.nll_loss(x, i, reduction='sum')", "F.embedding(i, x, padding_idx=1, scale_grad_by_freq=True)",
    "F.embedding_bag(k, x, mode='max')", "F.gumbel_softmax(x, hard=True)", "F.rrelu(x - 0.5, training=True)",
    "F.grid_sample(im, T.stack([c[:1], c[1:]], -1), 'nearest', 'border')", "F.normalize(x)", "x[i]", "x[:, k[0]]",
    "x[i[0]]", "T.median(x, 1)", "T.mode(x, 0)", "T.multinomial(x, 5, True)", "F.one_hot(k, 3)",
    "T.where(x > 0.5, x, y)", "x.masked_fill(x > 0.5, 0.0)", "T.topk(x, 2, largest=False)", "T.scatter(x, 0, k, y)",
    "F.dropout(x.T, 0.5)", "T.randn_like(x.T)", "T.rand(3) + x[0, :3]", "T.randperm(4)[i]", "T.randint(5, (3,)) + i",
    "T.zeros(3, 4).uniform_() + x", "T.zeros(3, 4).exponential_() + x", "T.zeros(3, 4).random_() + x",
    "F.scaled_dot_product_attention(x, y, z, is_causal=True)", "F.scaled_dot_product_attention(x, y, z, A > 0.6)",
    "F.embedding_bag(k[0], x, T.sort(i).values * (i[0] + 1))", "F.embedding_bag(k, x, padding_idx=2)",
    "F.embedding_bag(k[0], x, T.sort(i).values * (i[0] + 1), padding_idx=1, mode='max')",
    "F.embedding_bag(k[0], x, T.sort(i).values, include_last_offset=True)",
    "F.embedding_bag(k[0], x, i[:1] * 0, mode='sum', per_sample_weights=w, scale_grad_by_freq=True)",
    "F.ctc_loss(F.log_softmax(T.stack([x, y, z, x + y]), 2), k[:, :2] % 3 + 1, [3, 2, 4], i % 2 + 1)",
    "F.ctc_loss(F.log_softmax(T.stack([x, y, z, x + y]), 2), k[0] % 3 + 1, i + 2, [2, 1, 1], zero_infinity=True)",
    "T.segment_reduce(x, 'mean', lengths=T.where(i == 0, 2, T.where(i == 1, 0, 1)))",
    "T.segment_reduce(x, 'sum', offsets=T.tensor([0, 0, 1, 3]))", "T.histogram(x, 4, weight=y, density=True)",
    "T.histogramdd(x[:, :2], [T.sort(v).values, T.sort(w).values], weight=x[:, 3])[0][:2]",
    "T.searchsorted(T.sort(x).values, y)", "T.isin(k, i[:2])", "T.nan_to_num(T.log(x - 0.5))",
]  # fmt: skip


PUBLIC = [
    pytest.param(call, gradients, id=f"{call}, {'gradients' if gradients else 'value'}")
    for call in [*pc.CALLS, *ALSO] if call not in NOT_A_NUMBER for gradients in (False, True)
]  # fmt: skip


@together(("call", "gradients"), PUBLIC, lambda call, _: call)
def test_every_public_function(call: str, gradients: bool) -> None:
    name = re.findall(r"[.](\w+)\(", call)[0] if "(" in call else ""
    try:
        assert not outcome(call, gradients)
    except CaptureError as error:
        assert name in (SHAPED if "depends on values" in str(error) else UNSEEN), error
        assert "while a program is written down" in str(error) or "leaves no op behind" in str(error)
    except AutogradError:  # no gradient flows there, with or without a program
        assert gradients


@pytest.mark.parametrize("call", [f for f in dict.fromkeys(numpy_calls.CALLS) if "np.empty(" not in f])
def test_every_numpy_function(call: str) -> None:
    for gradients in (False, True):
        with contextlib.suppress(AutogradError):  # refused by a sentence
            assert not outcome(call, gradients, written=numpy_sweep.written, at=numpy_sweep.at)


# ---------------------------------------------------------------------- the check is checked


def test_an_op_that_reads_behind_the_engine_is_found() -> None:
    def frozen(x: Any) -> Any:
        return x * tg.from_numpy(np.where(held(x) > 0.5, 1.0, 2.0))  # seen by nobody

    one, other = (tg.tensor(np.random.default_rng(seed).random(20)) for seed in (0, 1))
    assert "run 1" in differs(frozen, [one], [other])


def test_a_frozen_residual_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tg.tensor([0.1, 0.7]), tg.tensor([1.5, -2.0])
    function = with_gradients(tg.sigmoid, [0])
    assert not differs(function, [one], [other])
    slope = OPS["sigmoid"].residuals["slope"]
    monkeypatch.setitem(OPS["sigmoid"].residuals, "slope", lambda x: tg.from_numpy(slope(x)._value.copy()))
    assert "run 1" in differs(function, [one], [other])


def test_a_write_behind_the_engine_is_refused() -> None:
    def written(x: Any) -> Any:
        y = x.clone()
        np.add.at(y, [0, 0], 1.0)
        return y

    with pytest.raises(CaptureError):
        differs(written, [tg.ones(3)])


@pytest.mark.parametrize("set_stream", [
    lambda: tg.manual_seed(1), lambda: tg.Generator().manual_seed(1), lambda: tg.set_rng_state(tg.get_rng_state()),
])  # fmt: skip
def test_setting_a_stream_is_refused(set_stream: Any) -> None:
    def drawn(x: Any) -> Any:
        set_stream()
        return x + tg.rand(3)

    with pytest.raises(CaptureError, match="while a program is written down: it would happen now"):
        differs(drawn, [tg.ones(3)])


def test_each_run_draws_other_numbers() -> None:
    generator = tg.Generator().manual_seed(4)
    program = tg.program(lambda x: x + tg.rand(3, generator=generator), tg.zeros(3))
    generator.manual_seed(4)
    first, second = (evaluate(program, [np.zeros(3, np.float32)])[0][0] for _ in range(2))
    generator.manual_seed(4)
    assert np.array_equal(first, tg.rand(3, generator=generator).numpy())
    assert np.array_equal(second, tg.rand(3, generator=generator).numpy())
    assert "draw(stream='uniform'" in str(program) and "<Generator from seed 4>" in str(program)


def test_a_checkpoint_is_what_it_checkpoints() -> None:
    def step(x: Any) -> Any:
        w = x.detach().requires_grad_()
        y = tg.utils.checkpoint.checkpoint(lambda w: tg.nn.functional.dropout(w, 0.5) * w, w, use_reentrant=False)
        return tg.autograd.grad(y.sum(), w)

    assert not differs(step, [tg.rand(20)], [tg.rand(20)])


# ---------------------------------------------------------------------- what is left in the source

ROOT = Path(tg.__file__).parent
# How often a room reads values where a program does not follow: each is refused there, by a sentence.
# Of those in nn 13 are of nn/parallel.py, which asks other processes and refuses a program as a whole.
READS = {"ops": 15, "functions": 16, "nn": 33, "numpy_names": 70, "random": 1, "distributions": 1}


def reads(room: str) -> int:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / room).rglob("*.py")))
    code = "\n".join(line for line in text.split("\n") if not line.startswith(("from ", "import ")))
    return len(re.findall(r"\b(?:value_of|fixed_value|plainly)\(", code)) + len(re.findall(r"\._value\b", code))


@pytest.mark.parametrize("room", READS)
def test_no_new_place_reads_values_behind_the_engine(room: str) -> None:
    assert reads(room) <= READS[room], "make it an op (constant, where no gradient flows), or refuse in a program"
