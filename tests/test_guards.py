"""What recorded ops computed is read-only to NumPy, from whatever side; what the user made stays writable."""

import ctypes
import gc
import math
import signal
import threading
import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import gradient, modes, sharing, watch, writes
from tinygrad_bp.autograd.errors import ModifiedError, ReadOnlyError
from tinygrad_bp.autograd.watch import Watcher

START = [1.0, 2.0, 4.0]


def recorded():
    w = tg.tensor(START, requires_grad=True)
    return w, w * 1.0


HANDED = {
    "data": lambda h: h.data.numpy(),
    "detach().numpy()": lambda h: h.detach().numpy(),
    "numpy(force=True)": lambda h: h.numpy(force=True),
    "a view's data": lambda h: h[1:].data.numpy(),
    "a reshaped view": lambda h: h.reshape(3, 1).detach().numpy(),
    "a view of the detached": lambda h: h.detach()[::-1].numpy(),
    "from_numpy of what was handed": lambda h: tg.from_numpy(h.detach().numpy()).numpy(),
}
WITHOUT_RECORDING = {
    "asarray": np.asarray,
    "a view": lambda h: h[1:].numpy(),
    "a view of a view": lambda h: h[1:][::-1].numpy(),
    "an expanded one": lambda h: h.expand(2, 3).numpy(),
    "NumPy's function of it": lambda h: np.atleast_2d(h).numpy(),
    "T": lambda h: h.T.numpy(),
}


@pytest.mark.parametrize("handed", HANDED.values(), ids=HANDED)
def test_what_is_handed_out_of_a_result_cannot_be_written(handed):
    _, h = recorded()
    array = handed(h)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 9.0
    with pytest.raises(ValueError, match="read-only"):
        array += 1.0
    assert h.tolist() == START
    assert np.shares_memory(array, h._value)


@pytest.mark.parametrize("handed", WITHOUT_RECORDING.values(), ids=WITHOUT_RECORDING)
def test_nor_what_is_taken_from_it_under_no_grad(handed):
    _, h = recorded()
    with tg.no_grad():
        array = handed(h)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 9.0


@pytest.mark.parametrize("make", [
    lambda: tg.tensor(START), lambda: tg.tensor(START, requires_grad=True), lambda: tg.zeros(3),
    lambda: tg.nn.Parameter(tg.zeros(3)), lambda: tg.tensor(START) * 2, lambda: tg.tensor(START)[:],
    lambda: recorded()[0],
], ids=["tensor", "leaf", "zeros", "Parameter", "not recorded", "a view of it", "a leaf that was read"])  # fmt: skip
def test_what_the_user_made_is_writable_through_numpy(make):
    for through in (lambda t: t.data.numpy(), lambda t: t.detach().numpy(), lambda t: t.detach()[:].numpy()):
        t = make()
        array = through(t)
        array[0] = 9.0
        assert t[0].item() == 9.0


def test_a_prediction_under_no_grad_is_writable():
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 2))
    with tg.no_grad():
        prediction = model(tg.ones(5, 3))
    prediction.numpy()[0] = 7.0
    assert prediction[0].tolist() == [7.0, 7.0]


def test_a_detached_view_of_a_leaf_leaves_the_leaf_writable():
    w = tg.tensor(START, requires_grad=True)
    first = w[:1].detach()
    with tg.no_grad():
        _ = w[1:]
    w.detach().numpy()[0] = 9.0
    w.detach().numpy()[1] = 8.0
    assert (w.tolist(), first.tolist()) == ([9.0, 8.0, 4.0], [9.0])


class TestWritesThroughTensors:
    def test_a_detached_result_is_written_in_place_and_counted(self):
        _, h = recorded()
        loss = (h * h).sum()
        d = h.detach()
        d[0] = 9.0
        d[1:].zero_()
        assert h.tolist() == d.tolist() == [9.0, 0.0, 0.0]
        with pytest.raises(ModifiedError):
            loss.backward()

    def test_one_that_no_rule_reads_may_be_written(self):
        w, h = recorded()
        loss = h.sum()
        h.detach().zero_()
        loss.backward()
        assert w.grad.tolist() == [1, 1, 1]

    def test_an_expanded_one_is_refused(self):
        _, h = recorded()
        for view in (
            h.detach().expand(2, 3),
            tg.from_numpy(np.lib.stride_tricks.sliding_window_view(h.detach().numpy(), 2)),
        ):
            with pytest.raises(ReadOnlyError):
                view.zero_()

    def test_memory_that_the_user_made_read_only_is_refused(self):
        array = np.array(START)
        array.flags.writeable = False
        with pytest.raises(ReadOnlyError):
            tg.from_numpy(array).zero_()
        view = np.array(START)[:]
        view.flags.writeable = False
        t = tg.from_numpy(view)
        (t.requires_grad_() * 2).detach()
        with pytest.raises(ReadOnlyError), tg.no_grad():
            t.zero_()


TO_NUMBERS = {
    "float": float, "int": int, "complex": complex, "math.exp": math.exp, "math.floor": math.floor,
    "np.float64": np.float64, "array.fill": lambda t: np.zeros(2).fill(t),
    "array[0] =": lambda t: np.zeros(2).__setitem__(0, t), "fromiter": lambda t: np.fromiter([t], float),
    "a format of C": lambda t: "%.2f" % t,  # noqa: UP031
}  # fmt: skip


class TestNumbersWithoutAGradient:
    @pytest.mark.parametrize("take", TO_NUMBERS.values(), ids=TO_NUMBERS)
    def test_one_taken_from_a_recorded_tensor_warns_and_names_the_line(self, take):
        t = recorded()[1].sum()
        with pytest.warns(UserWarning, match=r"of a tensor that requires grad: the number has no gradient") as caught:
            take(t)
        assert [warning.filename for warning in caught] == [__file__]

    @pytest.mark.parametrize("take", TO_NUMBERS.values(), ids=TO_NUMBERS)
    def test_not_under_no_grad_and_not_without_a_gradient(self, take):
        t = recorded()[1].sum()
        take(t.detach())
        with tg.no_grad():
            take(t)

    def test_item_tolist_and_printing_are_meant(self):
        t = recorded()[1].sum()
        assert (t.item(), t.tolist(), f"{t:.1f}", bool(t)) == (7.0, 7.0, "7.0", True)

    def test_once_for_a_line(self):
        t = recorded()[1].sum()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                float(t)
        assert len(caught) == 1


class TestLeavesOwnTheirMemory:
    @pytest.mark.parametrize("make", [
        lambda h: h.detach().requires_grad_(), lambda h: tg.nn.Parameter(h.detach()), lambda h: tg.nn.Parameter(h),
    ], ids=["requires_grad_", "Parameter of the detached", "Parameter of the result"])  # fmt: skip
    def test_one_made_of_a_result_can_be_trained(self, make):
        w, h = recorded()
        loss = (h * h).sum()
        leaf = make(h)
        leaf.grad = tg.ones(3)
        tg.optim.SGD([leaf], lr=1.0).step()
        leaf.detach().numpy()[0] = 7.0
        assert leaf.tolist() == [7.0, 1.0, 3.0]
        loss.backward()
        assert w.grad.tolist() == [2.0, 4.0, 8.0]

    def test_data_assigned_from_a_result(self):
        w, h = recorded()
        loss = (h * h).sum()
        v = tg.zeros(3, requires_grad=True)
        for value in (h, h.detach(), h.detach().numpy()):
            v.data = value
            v.detach().numpy()[0] = 7.0
        loss.backward()
        assert w.grad.tolist() == [2.0, 4.0, 8.0]

    def test_a_grad_assigned_from_a_result_is_added_to(self):
        w, h = recorded()
        w.grad = h.detach()
        h.sum().backward()
        assert w.grad.tolist() == [2.0, 3.0, 5.0]
        assert h.tolist() == START


NUMPYS_WRITERS = {
    "copyto": lambda t: np.copyto(t, 9.0),
    "copyto by name": lambda t: np.copyto(dst=t, src=9.0),
    "put": lambda t: np.put(t, [0, 1, 2], 9.0),
    "place": lambda t: np.place(t, np.ones(3, bool), [9.0]),
    "putmask": lambda t: np.putmask(t, np.ones(3, bool), 9.0),
    "nan_to_num": lambda t: (np.add.at(t, [0, 1, 2], [8.0, 7.0, 5.0]), np.nan_to_num(t, copy=False)),
    "add.at": lambda t: np.add.at(t, [0, 1, 2], [8.0, 7.0, 5.0]),
    "put_along_axis": lambda t: np.put_along_axis(t, np.arange(3), 9.0, 0),
}


class TestNumpyFunctionsThatWrite:
    @pytest.mark.parametrize("write", NUMPYS_WRITERS.values(), ids=NUMPYS_WRITERS)
    def test_they_count_as_writes(self, write):
        t, w = tg.tensor(START), tg.tensor(START, requires_grad=True)
        loss = (t * w).sum()
        write(t)
        assert t.tolist() == [9.0, 9.0, 9.0]
        with pytest.raises(ModifiedError):
            loss.backward()

    @pytest.mark.parametrize("recording", [True, False])
    @pytest.mark.parametrize("write", NUMPYS_WRITERS.values(), ids=NUMPYS_WRITERS)
    def test_they_leave_what_a_recorded_result_was(self, write, recording):
        w, h = recorded()
        loss = (h * h).sum()
        with tg.set_grad_enabled(recording):
            write(h)
        assert h.tolist() == [9.0, 9.0, 9.0]
        loss.backward()
        assert w.grad.tolist() == [2.0, 4.0, 8.0]

    def test_out_of_a_function(self):
        t, w = tg.tensor(3.0), tg.tensor(2.0, requires_grad=True)
        loss = t * w
        assert np.nansum(tg.tensor(START), out=t) is t
        assert t.item() == 7.0
        with pytest.raises(ModifiedError):
            loss.backward()

    def test_an_array_written_in_place_by_an_operator_with_a_tensor(self):
        array, w = np.array(START), tg.tensor(START, dtype=tg.float64, requires_grad=True)
        loss = (array * w).sum()
        array -= tg.from_numpy(np.array(START))
        with pytest.raises(ModifiedError):
            loss.backward()


@pytest.mark.parametrize("index", [
    lambda i: i, lambda i: (i, slice(None)), lambda i: (slice(0, 1), i), lambda i: (..., i),
], ids=["alone", "in a tuple", "behind a slice", "behind an ellipsis"])  # fmt: skip
def test_an_index_that_was_written_since_is_refused(index):
    x, i = tg.ones(3, 3, requires_grad=True), tg.tensor([0, 1])
    loss = x[index(i)].sum()
    i.fill_(2)
    with pytest.raises(ModifiedError, match="getitem kept index"):
        loss.backward()


@pytest.mark.parametrize("choose", [
    lambda x: tg.max(x, 1), lambda x: tg.sort(x, 1), lambda x: tg.topk(x, 2), lambda x: tg.kthvalue(x, 2),
    lambda x: tg.median(x, 1), lambda x: tg.cummax(x, 1),
    lambda x: tg.nn.functional.max_pool1d(x[None], 2, return_indices=True),
], ids=["max", "sort", "topk", "kthvalue", "median", "cummax", "max_pool1d"])  # fmt: skip
def test_indices_given_out_beside_the_elements_that_keep_them_cannot_be_written(choose):
    x = tg.arange(8.0).reshape(2, 4)
    _, free = choose(x)
    free.numpy()[...] = 0  # nothing keeps them
    values, indices = choose(x.requires_grad_())
    with pytest.raises(ValueError, match="read-only"):
        indices.numpy()[...] = 0
    indices.zero_()
    with pytest.raises(ModifiedError):
        values.sum().backward()


NAMED = {
    "the base of the array": lambda array: array.base.__setitem__(0, 9.0),
    "its flag": lambda array: (array.setflags(write=True), array.__setitem__(0, 9.0)),
    "ctypes": lambda array: array.ctypes.data_as(ctypes.POINTER(ctypes.c_float)).__setitem__(0, 9.0),
}


if np.lib.NumpyVersion(np.__version__) < "2.5.0":  # from then on it refuses an array that is read-only
    NAMED["np.add.at"] = lambda array: np.add.at(array, [0], 1.0)


@pytest.mark.parametrize("write", NAMED.values(), ids=NAMED)
def test_what_numpy_lets_pass_is_seen_in_anomaly_mode(write):
    with tg.autograd.detect_anomaly():
        _, h = recorded()
        loss = (h * h).sum()
        write(h.detach().numpy())
        with pytest.raises(ModifiedError):
            loss.backward()


@pytest.mark.parametrize("again", [
    lambda array: np.asarray(memoryview(array)), lambda array: np.frombuffer(array, array.dtype),
    lambda array: np.asarray(memoryview(array[1:]))[::-1],
], ids=["memoryview", "frombuffer", "a view of a view"])  # fmt: skip
def test_two_arrays_of_one_memory_are_known_to_be(again):
    array, w = np.array(START), tg.tensor(START, dtype=tg.float64, requires_grad=True)
    loss = (tg.from_numpy(array) * w).sum()
    tg.from_numpy(again(array)).zero_()
    with pytest.raises(ModifiedError):
        loss.backward()


class TestThreads:
    """A second thread comes in at the moment where it would do harm; it has to wait."""

    def test_a_write_does_not_put_the_clock_back(self):
        mine, other = np.zeros(1), np.zeros(1)

        class Slow(Watcher):
            def written(self, moment):
                thread.start()
                thread.join(0.1)
                return moment

        thread = threading.Thread(target=lambda: writes.wrote(other))
        token = modes._MODE.set(modes.Mode(watchers=(Slow(),)))
        try:
            writes.wrote(mine)
        finally:
            modes._MODE.reset(token)
        thread.join()
        assert writes.last_write() == max(writes.last_write(mine), writes.last_write(other))

    def test_a_signal_handler_may_write_and_go_backward(self):
        w, count = tg.tensor(START, requires_grad=True), tg.zeros(1)

        def handle(number, frame):
            for lock in (writes.lock, gradient._depositing, watch._lock):
                handled.add(lock.acquire(blocking=False))  # of the thread that runs: it would wait for itself
                lock.release()
            count.add_(1.0)
            with tg.autograd.detect_anomaly():
                (w * 2).sum().backward()

        handled, before = set(), signal.signal(signal.SIGINT, handle)
        try:
            for lock in (writes.lock, gradient._depositing, watch._lock):
                with lock:
                    signal.raise_signal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert (handled, count.item(), w.grad.tolist()) == ({True}, 3.0, [6.0, 6.0, 6.0])

    def test_backward_into_a_shared_leaf_loses_nothing(self, monkeypatch):
        w = tg.tensor(START, requires_grad=True)

        def late(value):
            if not threads:
                threads.append(threading.Thread(target=lambda: (w * 2).sum().backward()))
                threads[0].start()
                threads[0].join(0.1)
            return value

        own, threads = gradient._own, []
        monkeypatch.setattr(gradient, "_own", lambda g, taken: late(own(g, taken)))
        (w * 3).sum().backward()
        threads[0].join()
        assert w.grad.tolist() == [5.0, 5.0, 5.0]


def test_guards_are_forgotten_with_the_memory():
    gc.collect()
    before = len(sharing._guarded)
    _, h = recorded()
    array = h.detach().numpy()
    assert len(sharing._guarded) == before + 1
    del h, _, array
    assert len(sharing._guarded) == before
