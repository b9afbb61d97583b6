"""no_grad, enable_grad and set_grad_enabled hold exactly where they are written."""

import asyncio
import contextvars
import threading

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError

SWITCHES = [
    pytest.param(tg.no_grad, False, id="no_grad"),
    pytest.param(tg.enable_grad, True, id="enable_grad"),
    pytest.param(lambda: tg.set_grad_enabled(False), False, id="set_grad_enabled(False)"),
    pytest.param(lambda: tg.set_grad_enabled(True), True, id="set_grad_enabled(True)"),
    pytest.param(tg.inference_mode, False, id="inference_mode"),
    pytest.param(lambda: tg.inference_mode(mode=False), True, id="inference_mode(False)"),
]


@pytest.fixture(autouse=True, params=[True, False], ids=["outside recording", "outside not recording"])
def outside(request):
    """Every test runs once in each mode; what it leaves behind is undone and must be that mode."""
    before = tg.is_grad_enabled()
    tg.set_grad_enabled(request.param)
    yield request.param
    after = tg.is_grad_enabled()
    tg.set_grad_enabled(before)
    assert after is request.param


def recording():
    return (tg.ones(1, requires_grad=True) * 2).requires_grad


@pytest.mark.parametrize(("switch", "inside"), SWITCHES)
class TestASwitch:
    def test_as_a_context_manager(self, switch, inside, outside):
        with switch():
            assert tg.is_grad_enabled() is recording() is inside
        assert tg.is_grad_enabled() is recording() is outside

    def test_as_a_decorator(self, switch, inside, outside):
        manager = switch()

        @manager
        def function(a, *, b):
            """What it does."""
            return a + b, recording()

        assert tg.is_grad_enabled() is outside
        assert function(1, b=2) == (3, inside)
        assert recording() is outside
        assert (function.__name__, function.__doc__) == ("function", "What it does.")

    def test_an_exception_ends_it(self, switch, inside, outside):
        @switch()
        def fails():
            raise KeyError(recording())

        with pytest.raises(KeyError, match=str(inside)):
            fails()
        assert recording() is outside
        with pytest.raises(ZeroDivisionError), switch():
            _ = 1 / 0
        assert recording() is outside

    def test_one_manager_can_be_entered_again(self, switch, inside, outside):
        manager = switch()
        with manager:
            with tg.no_grad(), manager:
                assert recording() is inside
            with tg.enable_grad(), manager:
                assert recording() is inside
            assert recording() is inside
        assert recording() is outside

    def test_a_decorated_function_may_call_itself(self, switch, inside, outside):
        @switch()
        def down(n):
            assert recording() is inside
            if n:
                down(n - 1)
            assert recording() is inside

        down(5)
        assert recording() is outside

    def test_a_generator_holds_it_inside_only(self, switch, inside, outside):
        closed = []

        @switch()
        def generator():
            try:
                received = yield recording()
                assert received == "sent"
                try:
                    yield recording()
                except KeyError:
                    yield recording(), "caught"
                yield 0
            finally:
                closed.append(recording())

        it = generator()
        assert tg.is_grad_enabled() is outside
        assert next(it) is inside
        assert recording() is outside
        assert it.send("sent") is inside
        assert recording() is outside
        assert it.throw(KeyError("thrown")) == (inside, "caught")
        assert recording() is outside
        it.close()
        assert closed == [inside]
        assert recording() is outside

    def test_a_generator_returns_its_value(self, switch, inside, outside):
        @switch()
        def inner():
            yield 1
            return "end"

        def outer():
            return (yield from inner())

        it = outer()
        assert next(it) == 1
        with pytest.raises(StopIteration) as stop:
            next(it)
        assert stop.value.value == "end"

    def test_a_coroutine_holds_it_across_await(self, switch, inside, outside):
        @switch()
        async def work():
            before = recording()
            await asyncio.sleep(0)
            return before, recording()

        async def main():
            results = await asyncio.gather(work(), work())
            return results, recording()

        assert asyncio.run(main()) == ([(inside, inside)] * 2, outside)

    def test_an_async_generator_holds_it_inside_only(self, switch, inside, outside):
        @switch()
        async def numbers():
            yield recording()
            await asyncio.sleep(0)
            yield recording()

        async def main():
            return [(item, recording()) async for item in numbers()]

        assert asyncio.run(main()) == [(inside, outside)] * 2

    def test_another_thread_does_not_see_it(self, switch, inside, outside):
        seen = []
        with switch():
            thread = threading.Thread(target=lambda: seen.append(recording()))
            thread.start()
            thread.join()
        assert seen == [True]

    def test_a_copied_context_takes_it_along_and_gives_nothing_back(self, switch, inside, outside):
        with switch():
            context = contextvars.copy_context()
        assert context.run(recording) is inside
        context.run(tg.set_grad_enabled, not inside)
        assert recording() is outside


def test_they_nest():
    with tg.no_grad():
        with tg.enable_grad():
            with tg.no_grad():
                assert not recording()
            assert recording()
        assert not recording()


def test_set_grad_enabled_called_plainly_switches_from_there_on(outside):
    tg.set_grad_enabled(not outside)
    assert recording() is not outside
    tg.set_grad_enabled(outside)
    assert recording() is outside


def test_set_grad_enabled_as_a_decorator_does_not_switch_where_it_is_written(outside):
    @tg.set_grad_enabled(not outside)
    def function():
        return recording()

    assert recording() is outside
    assert function() is not outside


def test_tasks_do_not_disturb_each_other():
    async def off(steps):
        with tg.no_grad():
            for _ in range(steps):
                assert not recording()
                await asyncio.sleep(0)

    async def on(steps):
        with tg.enable_grad():
            for _ in range(steps):
                assert recording()
                await asyncio.sleep(0)

    async def main():
        await asyncio.gather(off(5), on(7), off(3), on(2))

    asyncio.run(main())


def test_threads_do_not_disturb_each_other_in_one_decorated_function():
    inside, leave = threading.Barrier(3), threading.Barrier(3)
    seen = []

    @tg.no_grad()
    def function():
        inside.wait(5)
        seen.append(recording())
        leave.wait(5)

    def run():
        function()
        seen.append(recording())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [False] * 3 + [True] * 3


def test_a_leaf_can_be_made_to_require_grad_anywhere():
    with tg.no_grad():
        assert tg.ones(2, requires_grad=True).requires_grad


def test_backward_works_inside_no_grad():
    with tg.enable_grad():
        w = tg.tensor(3.0, requires_grad=True)
        loss = w * w
    with tg.no_grad():
        loss.backward()
    assert w.grad.item() == 6.0


def test_create_graph_records_inside_no_grad():
    with tg.enable_grad():
        w = tg.tensor(3.0, requires_grad=True)
        loss = w * w * w
    with tg.no_grad():
        (slope,) = tg.autograd.grad(loss, w, create_graph=True)
    (curve,) = tg.autograd.grad(slope, w)
    assert curve.item() == 18.0


BARE = [(tg.no_grad, False), (tg.enable_grad, True), (tg.inference_mode, False)]


@pytest.mark.parametrize(("switch", "inside"), BARE, ids=lambda x: getattr(x, "__name__", x))
class TestWithoutParentheses:
    def test_it_decorates_functions_methods_generators_and_coroutines(self, switch, inside, outside):
        @switch
        def function(a, *, b=2):
            """What it does."""
            return a + b, recording()

        class Model:
            @switch
            def method(self, x):
                return self, x, recording()

            @staticmethod
            @switch
            def static():
                return recording()

            @classmethod
            @switch
            def of_class(cls):
                return cls, recording()

        @switch
        def generator():
            yield recording()
            return recording()

        @switch
        async def coroutine():
            return recording()

        assert function(1) == (3, inside) and (function.__name__, function.__doc__) == ("function", "What it does.")
        model = Model()
        assert model.method(1) == (model, 1, inside) and Model.of_class() == (Model, inside)
        assert Model.static() is inside
        items = generator()
        assert next(items) is inside and tg.is_grad_enabled() is outside
        with pytest.raises(StopIteration) as stop:
            next(items)
        assert stop.value.value is inside
        assert asyncio.run(coroutine()) is inside
        assert tg.is_grad_enabled() is outside

    def test_anything_but_a_function_is_refused(self, switch, inside, outside):
        if switch is not tg.inference_mode:
            for given in (True, 3, "text"):
                with pytest.raises(ArgumentError, match=f"{switch.__name__}: decorates a function"):
                    switch(given)
        with pytest.raises(TypeError):
            switch(1, 2)
        assert tg.is_grad_enabled() is outside


def test_nothing_inside_inference_mode_records_and_its_end_inside_does():
    w = tg.ones(2, requires_grad=True)
    with tg.inference_mode():
        assert tg.is_inference_mode_enabled()
        for switch in (tg.enable_grad(), tg.set_grad_enabled(True), tg.autograd.detect_anomaly()):
            with switch:
                assert tg.is_inference_mode_enabled() and not recording()
        with tg.no_grad():
            assert tg.is_inference_mode_enabled()
        w.add_(1)
        with tg.inference_mode(False):
            assert recording() and not tg.is_inference_mode_enabled()
        assert tg.is_inference_mode_enabled() and not recording()
    assert not tg.is_inference_mode_enabled() and w.tolist() == [2, 2]


def test_inference_mode_is_of_one_thread():
    seen = []
    with tg.inference_mode():
        thread = threading.Thread(target=lambda: seen.append(tg.is_inference_mode_enabled()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_autograd_has_the_switches_too():
    for name in ("no_grad", "enable_grad", "set_grad_enabled", "inference_mode"):
        assert getattr(tg.autograd, name) is getattr(tg, name)
    assert not tg.autograd.is_inference_mode_enabled()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("switch", [tg.no_grad, tg.inference_mode])
def test_what_differentiates_for_itself_does_so_in_every_mode(switch):
    x, weight = tg.arange(6.0).reshape(1, 1, 6), tg.tensor([[[1.0, 2.0]]])
    wanted = tg.nn.grad.conv1d_weight(x, weight.shape, tg.ones(1, 1, 5))
    assert wanted.numpy().any()
    points, answers = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]] * 4), np.array([1, 1, 0, 0] * 4)
    with switch():
        assert tg.nn.grad.conv1d_weight(x, weight.shape, tg.ones(1, 1, 5)).tolist() == wanted.tolist()
        assert tg.autograd.gradcheck(lambda x: x.sin(), tg.ones(2, dtype=tg.float64, requires_grad=True))
        curve = tg.sklearn.MLPClassifier((8,), max_iter=30, random_state=0).fit(points, answers).loss_curve_
    assert curve[-1] < curve[0]
