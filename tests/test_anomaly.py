"""detect_anomaly names the op, the element and the line that made the first NaN or infinity, and changed values."""

import asyncio
import threading
import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import modes
from tinygrad_bp.autograd.errors import AnomalyError, LeafWriteError, ModifiedError
from tinygrad_bp.autograd.frames import frame_code
from tinygrad_bp.autograd.lines import line_of, which_lines
from tinygrad_bp.autograd.op import OPS

detect = tg.autograd.detect_anomaly
F = tg.nn.functional


def leaf(*values):
    return tg.tensor(list(values), requires_grad=True)


@pytest.fixture(autouse=True)
def off_again():
    yield
    assert not tg.autograd.is_anomaly_enabled()
    assert not modes.watched
    tg.ones(1) * tg.ones(1)
    assert OPS["mul"].function.__code__ == frame_code(OPS["mul"], which_lines())


def here(error):
    """What the message says of the user's line."""
    return str(error.value).split("\n  ")[1:]


class TestForward:
    def test_the_op_the_element_its_inputs_and_the_line(self):
        x = tg.tensor([[1.0, 2.0], [-1.0, 3.0]], requires_grad=True)
        with pytest.raises(AnomalyError) as error, detect():
            y = x * 2
            z = tg.log(y)  # this line
            z.sum()
        assert str(error.value).startswith(
            "log made the first NaN: element (1, 0) of its result (2, 2), where x is -2.0; all its inputs are finite"
        )
        assert here(error)[0].startswith(f"at {__file__}:")
        assert here(error)[0].endswith("in test_the_op_the_element_its_inputs_and_the_line: z = tg.log(y)  # this line")

    @pytest.mark.parametrize(("name", "call"), [
        ("div", lambda: leaf(1.0, 2.0) / tg.tensor([1.0, 0.0])),
        ("div", lambda: tg.ones(2) / tg.zeros(2)),  # nothing is recorded
        ("exp", lambda: np.exp(leaf(1000.0))),
        ("log", lambda: np.log(tg.zeros(1))),
        ("sqrt", lambda: leaf(-1.0).sqrt()),
        ("cast", lambda: tg.tensor([1e300], dtype=tg.float64).float()),
        ("sum", lambda: tg.tensor([3e38, 3e38]).sum()),
        ("linear", lambda: F.linear(tg.ones(1, 2), leaf([3e38, 3e38]), leaf(0.0))),
        ("power", lambda: 0.0 ** leaf(-1.0)),
        ("mul", lambda: tg.nn.functional.mse_loss(leaf(3e30) * 1e30, tg.zeros(1))),
    ], ids=lambda x: x if isinstance(x, str) else "")  # fmt: skip
    def test_whatever_the_op(self, name, call):
        with pytest.raises(AnomalyError, match=f"^{name} made the first (NaN|inf): element") as error, detect():
            call()
        assert "in <lambda>" in here(error)[0]

    def test_inside_a_module_it_is_the_users_line(self):
        model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.Tanh())
        with tg.no_grad():
            model[0].weight.fill_(3e38)
        with pytest.raises(AnomalyError, match=r"linear made the first inf: .*\n  at .*: model\(tg.ones"), detect():
            model(tg.ones(1, 2))

    def test_the_users_own_infinity_is_no_anomaly(self):
        with detect():
            x = tg.tensor([np.inf, 1.0]) * 2
            y = tg.where(tg.tensor([True, False]), leaf(1.0, 2.0), -float("inf"))
            F.softmax(y, 0)
        assert x[0].item() == np.inf

    def test_a_result_of_integers_or_booleans_is_finite(self):
        with detect():
            assert tg.isnan(leaf(1.0)).tolist() == [False]
            assert tg.argmax(leaf(1.0)).item() == 0

    def test_check_nan_false(self):
        with detect(check_nan=False), np.errstate(all="ignore"):
            x = leaf(0.0)
            x.log().sum().backward()
        assert x.grad.tolist() == [np.inf]


class TestBackward:
    def test_the_rule_the_element_and_the_line_of_forward(self):
        x = leaf(4.0, 0.0)
        x.name = "x"
        with pytest.raises(AnomalyError) as error, detect():
            y = tg.sqrt(x)
            y.sum().backward()
        assert str(error.value).startswith(
            "backward: the rule of sqrt made the first inf: element (1,) of the gradient of x (x) (2,); the gradient "
            "arriving is finite"
        )
        assert here(error)[0].startswith("recorded by ")
        assert here(error)[0].endswith(": y = tg.sqrt(x)")
        assert x.grad is None

    def test_the_first_rule_not_a_later_one(self):
        x = leaf(0.0)
        with pytest.raises(AnomalyError, match="the rule of sqrt"), detect():
            (tg.sqrt(x * 3 + 0) * 2).sum().backward()

    def test_the_rules_of_create_graph(self):
        x = leaf(0.0)
        with pytest.raises(AnomalyError, match="the rule of sqrt made the first inf"), detect():
            tg.autograd.grad(tg.sqrt(x).sum(), x, create_graph=True)

    def test_a_second_derivative(self):
        x = leaf(0.0)
        with detect():
            (g,) = tg.autograd.grad((x.abs() ** 1.5).sum(), x, create_graph=True)
            with pytest.raises(AnomalyError, match="the rule of"):
                tg.autograd.grad(g.sum(), x)

    def test_a_gradient_given_that_is_not_finite(self):
        with (
            pytest.raises(AnomalyError, match=r"element \(1,\) of the gradient arriving at mul \(2,\) is NaN"),
            detect(),
        ):
            (leaf(1.0, 2.0) * 2).backward(tg.tensor([1.0, float("nan")]))

    def test_a_sum_of_gradients_that_overflows(self):
        x = leaf(1.0)
        with (
            pytest.raises(AnomalyError, match=r"element \(0,\) of the gradient arriving at mul \(1,\) is inf"),
            detect(),
        ):
            h = x * 1
            tg.autograd.backward([h * 1, h * 1], [tg.tensor([3e38]), tg.tensor([3e38])])
        with pytest.raises(AnomalyError, match=r"element \(0,\) of the gradient of the leaf x \(1,\) is inf"), detect():
            x.name = "x"
            tg.autograd.backward([x * 1, x * 1], [tg.tensor([3e38]), tg.tensor([3e38])])
        assert x.grad is None

    def test_a_users_function(self):
        class Bad(tg.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g * tg.tensor([float("nan")])

        with pytest.raises(AnomalyError, match="the rule of Bad made the first NaN") as error, detect():
            Bad.apply(leaf(1.0)).sum().backward()
        assert "Bad.apply(leaf(1.0))" in here(error)[0]

    def test_a_graph_from_outside_may_have_no_line(self):
        y = tg.sqrt(leaf(0.0)).sum()
        y.grad_fn.parents[0].where = None  # not kept
        with pytest.raises(AnomalyError, match="the rule of sqrt made the first inf") as error, detect():
            y.backward()
        assert here(error) == []

    def test_the_gradients_are_those_of_outside(self):
        def run():
            tg.manual_seed(0)
            model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 2))
            F.cross_entropy(model(tg.ones(5, 3)), tg.tensor([0, 1, 0, 1, 1])).backward()
            return [p.grad.tolist() for p in model.parameters()]

        plain = run()
        with detect():
            assert run() == plain


class TestChangedValues:
    def test_both_lines_of_a_write_through_a_tensor(self):
        w = leaf(1.0, 2.0)
        with pytest.raises(ModifiedError, match="mul kept b") as error, detect():
            loss = (w * w).sum()
            with tg.no_grad():
                w.zero_()
            loss.backward()
        kept, written = here(error)
        assert kept.startswith("recorded by ") and kept.endswith(": loss = (w * w).sum()")
        assert written.startswith("written by ") and written.endswith(": w.zero_()")

    def test_an_optimizer_step(self):
        layer = tg.nn.Linear(3, 2)
        optimizer = tg.optim.SGD(layer.parameters(), lr=0.1)
        x = tg.ones(4, 3, requires_grad=True)
        with pytest.raises(ModifiedError) as error, detect():
            layer(x).sum().backward()
            loss = layer(x).sum()
            optimizer.step()
            loss.backward()
        assert [line.rsplit(": ", 1)[1] for line in here(error)] == ["loss = layer(x).sum()", "optimizer.step()"]

    def test_a_write_through_numpy(self):
        array = np.array([1.0, 2.0])
        w, c = leaf(1.0, 2.0), tg.from_numpy(array)
        loss = (w.double() * c).sum()
        array[0] = 7.0
        loss.backward()  # not seen outside: the memory is the user's
        assert w.grad.tolist() == [7.0, 2.0]
        with pytest.raises(ModifiedError, match=r"mul kept an array \(2,\).*NumPy array") as error, detect():
            loss = (w.double() * c).sum()
            array[0] = 8.0
            loss.backward()
        assert here(error)[0].endswith(": loss = (w.double() * c).sum()")

    def test_an_index(self):
        w, rows = leaf(1.0, 2.0, 3.0), np.array([0, 1])
        with pytest.raises(ModifiedError, match="getitem kept an array"), detect():
            loss = w[rows].sum()
            rows[0] = 2
            loss.backward()

    def test_the_same_numbers_written_again_are_no_change(self):
        array = np.array([1.0, 2.0])
        w = leaf(1.0, 2.0)
        with detect():
            loss = (w.double() * tg.from_numpy(array)).sum()
            array[:] = [1.0, 2.0]
            loss.backward()
        assert w.grad.tolist() == [1.0, 2.0]

    def test_freed_values_are_not_checked_and_kept_ones_twice(self):
        w = leaf(1.0, 2.0)
        with detect():
            loss = (w.exp() * 2).sum()
            loss.backward(retain_graph=True)
            loss.backward()
            with pytest.raises(RuntimeError, match="a second time"):
                loss.backward()


class TestTheSwitch:
    def test_a_decorator(self):
        @detect()
        def bad():
            assert tg.autograd.is_anomaly_enabled()
            return tg.log(tg.zeros(1))

        assert not tg.autograd.is_anomaly_enabled()
        with pytest.raises(AnomalyError):
            bad()

    def test_set_detect_anomaly(self):
        tg.autograd.set_detect_anomaly(True)
        try:
            with pytest.raises(AnomalyError):
                tg.log(tg.zeros(1))
            with tg.autograd.set_detect_anomaly(False), np.errstate(all="ignore"):
                tg.log(tg.zeros(1))
            with pytest.raises(AnomalyError):
                tg.log(tg.zeros(1))
        finally:
            tg.autograd.set_detect_anomaly(False)

    def test_set_detect_anomaly_as_a_decorator(self):
        @tg.autograd.set_detect_anomaly(True, check_nan=False)
        def inside():
            return tg.autograd.is_anomaly_enabled()

        assert (tg.autograd.is_anomaly_enabled(), inside(), tg.autograd.is_anomaly_enabled()) == (False, True, False)

    def test_it_holds_inside_no_grad_and_after_an_error(self):
        with detect():
            with tg.no_grad(), pytest.raises(AnomalyError):
                tg.log(tg.zeros(1))
            with pytest.raises(LeafWriteError):
                w = leaf(1.0)
                w += 1
            assert tg.is_grad_enabled() and tg.autograd.is_anomaly_enabled()

    def test_another_thread_and_task_is_not_in_it(self):
        found = []

        async def task():
            found.append(tg.autograd.is_anomaly_enabled())

        with detect():
            thread = threading.Thread(target=lambda: found.append((leaf(1.0) * 2)._node.cell))
            thread.start()
            thread.join()
        asyncio.run(task())
        assert found == [None, False]

    def test_a_task_made_inside_is_in_it_also_when_that_has_ended(self):
        tg.log(tg.ones(1)), tg.sqrt(tg.ones(1))  # their frames are in place

        async def task():
            with pytest.raises(AnomalyError):
                tg.log(tg.zeros(1))
            with detect(), pytest.raises(AnomalyError):
                tg.log(tg.zeros(1))
            tg.autograd.set_detect_anomaly(False)

        async def main():
            with detect():
                inside = asyncio.create_task(task())
            assert not tg.autograd.is_anomaly_enabled()
            await inside

        asyncio.run(main())

    def test_a_task_that_leaves_an_inherited_one_leaves_it_on_for_others(self):
        async def leave():
            tg.autograd.set_detect_anomaly(False)

        async def main():
            with detect():
                inherited = asyncio.create_task(leave())
            with detect():
                await inherited
                tg.log(tg.ones(1))
                with pytest.raises(AnomalyError):
                    tg.log(tg.zeros(1))

        asyncio.run(main())

    def test_a_thread_that_ends_in_it_ends_it(self):
        thread = threading.Thread(target=lambda: tg.autograd.set_detect_anomaly(True))
        thread.start()
        thread.join()
        assert not modes.watched

    def test_numpys_warnings_are_left_to_the_error(self):
        with warnings.catch_warnings(record=True) as seen, detect(), pytest.raises(AnomalyError):
            warnings.simplefilter("always")
            tg.log(tg.zeros(1))
        assert seen == []

    def test_nodes_know_their_line_and_without_it_no_sums(self):
        assert (leaf(1.0) * 2)._node.cell is None
        with detect():
            node = (leaf(1.0) * 2)._node
        line = line_of(node)
        assert line.file == __file__ and "node = (leaf(1.0) * 2)._node" in str(line)
