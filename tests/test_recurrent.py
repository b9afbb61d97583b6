"""Recurrent layers and cells, and sequences of different lengths. Golden numbers: tests/golden/make_recurrent.py."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ShapeError

nn, rnn = tg.nn, tg.nn.utils.rnn
GOLDEN = json.loads((Path(__file__).parent / "golden" / "recurrent.json").read_text())
LENGTHS = {"packed": [4, 2], "unsorted": [2, 4]}
LAYERS = [nn.RNN, nn.LSTM, nn.GRU]
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]


def doubles(values):
    return tg.tensor(values, dtype=tg.float64)


def close(found, wanted):
    np.testing.assert_allclose(found.detach().numpy(), np.array(wanted).reshape(found.shape), rtol=1e-12, atol=1e-14)


def made(case):
    tg.manual_seed(1)
    return getattr(nn, case["kind"])(2, 3, **case["settings"])


def named(case):
    return f"{case['kind']} {case['form']} {case['settings']}"


# ---------------------------------------------------------------------- the numbers of PyTorch


@pytest.mark.parametrize("case", GOLDEN, ids=named)
def test_weights_start_with_the_numbers_of_pytorch_and_are_named_so(case):
    layer = made(case)
    assert repr(layer) == case["repr"]
    assert list(layer.state_dict()) == list(case["start"]) == [name for name, _ in layer.named_parameters()]
    for name, value in layer.state_dict().items():
        np.testing.assert_array_max_ulp(value.numpy(), np.array(case["start"][name], np.float32), 1)


@pytest.mark.parametrize("case", GOLDEN, ids=named)
def test_results_and_gradients_are_those_of_pytorch(case):
    layer, x = made(case).double(), doubles(case["x"]).requires_grad_()
    layer.load_state_dict({name: np.array(value) for name, value in case["start"].items()})
    input = x
    if case["form"] in LENGTHS:
        input = rnn.pack_padded_sequence(x, LENGTHS[case["form"]], enforce_sorted=case["form"] == "packed")
    hx = case["hx"] and [doubles(h) for h in case["hx"]]
    tg.manual_seed(2)
    found = layer(input, hx and (tuple(hx) if len(hx) == 2 else hx[0]))
    y, last = (None, found) if case["form"] == "cell" else found
    results = [] if y is None else [y.data if case["form"] in LENGTHS else y]
    results += last if isinstance(last, tuple) else [last]
    for result, wanted in zip(results, case["results"], strict=True):
        close(result, wanted)
    grads = tg.autograd.grad(results, [x, *layer.parameters()], [doubles(g) for g in case["g"]])
    for grad, wanted in zip(grads, case["grads"], strict=True):
        close(grad, wanted)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_order_of_derivative(kind):
    layer = kind(2, 2, bidirectional=True).double()
    x = tg.randn(3, 2, 2, dtype=tg.float64, requires_grad=True)
    assert tg.autograd.gradgradcheck(lambda x: layer(x)[0], (x,))
    weight = layer.weight_hh_l0
    (first,) = tg.autograd.grad((layer(x)[0] ** 2).sum(), weight, create_graph=True)
    (second,) = tg.autograd.grad((first**2).sum(), weight)
    step = 1e-5

    def loss():
        (g,) = tg.autograd.grad((layer(x)[0] ** 2).sum(), weight)
        return (g**2).sum().item()

    value = weight.detach().clone()
    with tg.no_grad():
        weight[0, 1] = value[0, 1] + step
        above = loss_of(loss)
        weight[0, 1] = value[0, 1] - step
        below = loss_of(loss)
    assert second[0, 1].item() == pytest.approx((above - below) / (2 * step), rel=1e-5)


def loss_of(loss):
    with tg.enable_grad():
        return loss()


@pytest.mark.parametrize(("layer", "cell"), [*zip(LAYERS, CELLS, strict=True)])
def test_a_cell_step_by_step_is_the_layer(layer, cell):
    whole, one = layer(2, 3), cell(2, 3)
    one.load_state_dict({name.removesuffix("_l0"): value for name, value in whole.state_dict().items()})
    x, state, outputs = tg.randn(4, 5, 2), None, []
    for step in x:
        state = one(step, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    np.testing.assert_allclose(tg.stack(outputs).detach().numpy(), whole(x)[0].detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_half_precision_is_computed_in_single_and_rounded_once(kind):
    layer = kind(2, 3)
    x = tg.randn(4, 2, 2)
    layer, half = layer.to("float16").float(), x.to("float16")
    wanted = layer(half.float())[0].to("float16")
    found = layer.to("float16")(half)[0]
    assert found.dtype == tg.float16
    np.testing.assert_array_equal(found.detach().numpy(), wanted.detach().numpy())


def test_nothing_is_recorded_where_nothing_wants_a_gradient():
    layer = nn.LSTM(2, 3)
    with tg.no_grad():
        y, (h, c) = layer(tg.zeros(4, 1, 2))
    assert not (y.requires_grad or h.requires_grad or c.requires_grad)


def test_rows_may_be_none_and_states_are_forgotten_or_kept():
    layer = nn.GRU(2, 3)
    y, h = layer(tg.zeros(4, 0, 2))
    assert y.shape == (4, 0, 3) and h.shape == (1, 0, 3)
    x = tg.randn(6, 1, 2)
    whole, _ = layer(x)
    first, h = layer(x[:2])
    second, _ = layer(x[2:], h)
    np.testing.assert_allclose(tg.cat([first, second]).detach().numpy(), whole.detach().numpy(), atol=1e-6)


def test_a_step_of_a_long_sequence_costs_about_that_of_a_short_one():
    """No step copies the whole sequence, forward or backward."""
    layer = nn.LSTM(4, 8)

    def seconds(steps):
        x = tg.zeros(steps, 2, 4)
        start = time.perf_counter()
        layer(x)[0].sum().backward()
        return (time.perf_counter() - start) / steps

    pairs = [(seconds(20), seconds(2000)) for _ in range(5)]
    assert min(b for _, b in pairs) < 10 * min(a for a, _ in pairs)


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("kind", LAYERS)
def test_inputs_that_do_not_fit_are_refused(kind):
    layer = kind(2, 3)
    for shape in ((4, 2, 5), (2,), (1, 4, 2, 2), ()):
        with pytest.raises(ShapeError, match=rf"{kind.__name__}: the input is \(steps, 2\) or \(steps, rows, 2\); got"):
            layer(tg.zeros(shape))
    with pytest.raises(ShapeError, match=r"has no steps, \(0, 4, 2\)"):
        layer(tg.zeros(0, 4, 2))
    wrong, other = tg.zeros(1, 5, 3), tg.zeros(1, 4, 3, dtype=tg.float64)
    for state, error, message in (
        (wrong, ShapeError, r"\(4, 4, 2\) wants a first state \(1, 4, 3\), got \(1, 5, 3\)"),
        (other, DtypeError, "the input is float32, the first state float64"),
    ):
        with pytest.raises(error, match=message):
            layer(tg.zeros(4, 4, 2), (state, state) if kind is nn.LSTM else state)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: nn.RNN(2, 3, nonlinearity="sine"), "nonlinearity is 'tanh' or 'relu', got 'sine'"),
    (lambda: nn.RNNCell(2, 3, nonlinearity="sine"), "nonlinearity is 'tanh' or 'relu'"),
    (lambda: nn.RNNBase("MEMORY", 2, 3), "mode is one of RNN_TANH, RNN_RELU, LSTM, GRU"),
    (lambda: nn.GRU(2, 0), "hidden_size and num_layers are at least 1"),
    (lambda: nn.GRUCell(2, 0), "hidden_size is at least 1"),
    (lambda: nn.LSTM(2, 3, dropout=2), "probability that an element becomes 0; got 2"),
    (lambda: nn.LSTM(2, 3, proj_size=3), "from 0 to less than hidden_size; got 3"),
    (lambda: nn.LSTM(2, 3)(tg.zeros(1, 1, 2), (tg.zeros(1, 1, 3),)), r"the states are a pair \(h, c\), got 1"),
])  # fmt: skip
def test_settings_that_mean_nothing_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# ---------------------------------------------------------------------- sequences of different lengths


SEQUENCES = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0], [9.0, 10.0]], [[11.0, 12.0]]]


@pytest.mark.parametrize("batch_first", [False, True])
def test_packing_and_padding_undo_each_other(batch_first):
    given = [tg.tensor(s, requires_grad=True) for s in SEQUENCES]
    packed = rnn.pack_sequence(given, enforce_sorted=False)
    assert packed.data[:, 0].tolist() == [5, 1, 11, 7, 3, 9] and packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2] and packed.unsorted_indices.tolist() == [1, 0, 2]
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first, padding_value=-1.0, total_length=4)
    assert padded.shape == ((3, 4, 2) if batch_first else (4, 3, 2)) and lengths.tolist() == [2, 3, 1]
    assert (padded == -1).sum().item() == 12
    for a, b in zip(rnn.unpad_sequence(padded, lengths, batch_first), given, strict=True):
        assert a.tolist() == b.tolist()
    with pytest.raises(ShapeError, match=r"unpad_sequence: 3 lengths for 4 sequences; batch_first=True"):
        rnn.unpad_sequence(padded, lengths, not batch_first)
    (padded * padded).sum().backward()
    for x in given:
        assert x.grad.tolist() == (2 * x).tolist()
    again = rnn.pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
    assert again.data.tolist() == packed.data.tolist()
    assert [s.tolist() for s in rnn.unpack_sequence(packed)] == SEQUENCES
    assert packed.to("float64").data.dtype == packed.double().data.dtype == tg.float64
    assert rnn.PackedSequence(packed.data, packed.batch_sizes, tg.tensor([2, 0, 1])).unsorted_indices.tolist() == [
        1,
        2,
        0,
    ]


def test_padding_on_either_side():
    given = [tg.tensor([1, 2, 3]), tg.tensor([4])]
    assert rnn.pad_sequence(given).tolist() == [[1, 4], [2, 0], [3, 0]]
    assert rnn.pad_sequence(given, True, 9, "left").tolist() == [[1, 2, 3], [9, 9, 4]]


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda x: rnn.pack_padded_sequence(x, [1, 2]), ArgumentError, r"must not grow.*enforce_sorted=False"),
    (lambda x: rnn.pack_padded_sequence(x, [2, 0]), ArgumentError, r"from 1 to the 3 steps of input, got \[2, 0\]"),
    (lambda x: rnn.pack_padded_sequence(x, [4, 2]), ArgumentError, "from 1 to the 3 steps"),
    (lambda x: rnn.pack_padded_sequence(x, [2]), ShapeError, "lengths are 2 integers, one a row"),
    (lambda x: rnn.pack_padded_sequence(x, [2.0, 1.0]), ShapeError, "lengths are 2 integers"),
    (lambda x: rnn.pack_padded_sequence(x[0, 0], [1]), ShapeError, r"input is \(steps, rows, ...\)"),
    (lambda x: rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [3, 1]), total_length=2), ArgumentError,
     "total_length 2 is less than the longest, 3"),
    (lambda x: rnn.pad_sequence([]), ArgumentError, "there are no sequences"),
    (lambda x: rnn.pad_sequence([x, x[..., :1]]), ShapeError, "differ in the steps alone"),
    (lambda x: rnn.pad_sequence([x], padding_side="top"), ArgumentError, "padding_side is 'right' or 'left'"),
])  # fmt: skip
def test_sequences_that_do_not_fit_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(tg.zeros(3, 2, 4))
