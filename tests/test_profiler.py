"""The profile counts what ran, adds up its times, and leaves nothing behind; the hub says what to do instead."""

from __future__ import annotations

import importlib
import json
import sys
import threading

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import modes
from tinygrad_bp.autograd.errors import AnomalyError, ArgumentError, ShapeError
from tinygrad_bp.profiler import Event, _averages

profiler = tg.profiler


@pytest.fixture(autouse=True)
def off_again():
    yield
    assert not modes.mode().watchers and not modes.watched


def counts(p):
    return {line.key: line.count for line in p.key_averages()}


def test_every_op_and_pull_is_counted_once():
    x = tg.ones(2, 3, requires_grad=True)
    with profiler.profile() as p:
        for _ in range(10):
            y = x / 2 * x
        y.sum().backward()
    x * x
    assert counts(p) == {
        "div": 10, "mul": 10, "sum": 1, "SumBackward0": 1, "MulBackward0": 1, "DivBackward0": 1
    }  # fmt: skip
    assert all(line.cpu_time_total >= line.self_cpu_time_total > 0 for line in p.key_averages())
    assert p.total_average().count == 24


def test_what_lies_inside_is_not_its_own_time():
    events = [
        Event("inner", 2000, 5000, 1), Event("outer", 0, 10000, 1), Event("inner", 11000, 12000, 1),
        Event("other", 0, 20000, 2),
    ]  # fmt: skip
    lines = {line.key: line for line in _averages(events, False)}
    assert {k: (v.count, v.cpu_time_total, v.self_cpu_time_total, v.cpu_time) for k, v in lines.items()} == {
        "outer": (1, 10.0, 7.0, 10.0), "inner": (2, 4.0, 4.0, 2.0), "other": (1, 20.0, 20.0, 20.0)
    }  # fmt: skip
    total = _averages(events, False).total_average()
    assert (total.key, total.count, total.self_cpu_time_total) == ("Total", 4, 31.0)
    rows = _averages(events, False).table(sort_by="self_cpu_time_total", row_limit=2, header="H").splitlines()
    assert rows[0] == "H" and [row.split()[0] for row in rows[4:6]] == ["other", "outer"]
    assert rows[4].split() == ["other", "64.52%", "20.000us", "64.52%", "20.000us", "20.000us", "1"]
    assert rows[-1] == "Self CPU time total: 31.000us"


def test_blocks_and_decorated_functions_have_lines():
    @profiler.record_function("twice")
    def twice(x, deep=True):
        return twice(x, False) if deep else x * 2

    with profiler.profile() as p, profiler.record_function("block"):
        twice(tg.ones(1))
    assert counts(p) == {"block": 1, "twice": 2, "mul": 1}
    with profiler.record_function("nobody looks"):
        pass


def test_a_function_of_ones_own_holds_what_it_calls():
    class Cube(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            return 3 * ctx.saved_tensors[0] ** 2 * g

    x = tg.ones(1, requires_grad=True)
    with profiler.profile() as p:
        y = Cube.apply(x)
    lines = {line.key: line for line in p.key_averages()}
    assert {key: line.count for key, line in lines.items()} == {"Cube": 1, "mul": 2}
    assert lines["Cube"].cpu_time_total > lines["mul"].cpu_time_total
    with profiler.profile() as p:
        y.backward()
    assert counts(p)["CubeBackward"] == 1


def test_shapes_group_lines():
    with profiler.profile(record_shapes=True, profile_memory=True, activities=[profiler.ProfilerActivity.CPU]) as p:
        tg.ones(2) * 2
        tg.ones(3) * 2
        tg.cat([tg.ones(1), tg.ones(2)])
    lines = p.key_averages(group_by_input_shape=True)
    assert [line.input_shapes for line in lines] == [((2,), ()), ((3,), ()), ((1,), (2,))]
    assert "[[2], []]" in lines.table() and "Input Shapes" not in p.key_averages().table()


@pytest.mark.parametrize(
    "given", [{"enabled": False}, {"use_cpu": False}, {"activities": [profiler.ProfilerActivity.CUDA]}]
)
def test_what_is_not_asked_for_is_not_measured(given):
    with profiler.profile(**given, use_cuda=False) as p:
        tg.ones(1) * 2
    assert p.key_averages() == [] and p.total_average().cpu_time == 0.0
    assert str(p).endswith("Self CPU time total: 0.000us\n")


def test_an_error_ends_it_and_others_may_watch_too():
    with pytest.raises(ShapeError), profiler.profile() as p:
        tg.ones(2) * 2
        tg.ones(2) + tg.ones(3)
    assert counts(p) == {"mul": 1}
    with pytest.raises(AnomalyError), tg.autograd.detect_anomaly(), profiler.profile() as p:
        tg.ones(1) * 2
        tg.log(tg.zeros(1))
    assert counts(p)["mul"] == 1


def test_other_threads_are_not_measured():
    with profiler.profile() as p:
        thread = threading.Thread(target=lambda: tg.ones(1) * 2)
        thread.start()
        thread.join()
    assert counts(p) == {}


def test_a_schedule_hands_over_each_round(tmp_path):
    seen = []
    plan = profiler.schedule(wait=1, warmup=1, active=2, repeat=2, skip_first=1)
    with profiler.profile(schedule=plan, on_trace_ready=lambda p: seen.append((p.step_num, counts(p)))) as p:
        for _ in range(12):
            tg.ones(1) * 2
            p.step()
    assert seen == [(5, {"mul": 2}), (9, {"mul": 2})]
    p.export_chrome_trace(tmp_path / "trace.json")
    written = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["name"] for event in written] == ["mul", "mul"] == [event.name for event in p.events()]
    with pytest.raises(ArgumentError, match="active is at least 1"):
        profiler.schedule(wait=0, warmup=0, active=0)


def test_what_is_not_measured_cannot_be_sorted_by():
    with profiler.profile() as p:
        tg.ones(1) * 2
    with pytest.raises(ArgumentError, match="sort_by='cuda_time_total' is not measured; sort by one of cpu_time"):
        p.key_averages().table(sort_by="cuda_time_total")


def test_pytorch_has_it_in_two_places():
    assert tg.autograd.profiler is tg.profiler is importlib.import_module("tinygrad_bp.autograd.profiler")


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.hub.load("pytorch/vision", "resnet18", pretrained=True),
        lambda: tg.hub.load_state_dict_from_url("w.pth", progress=False),
        lambda: tg.hub.download_url_to_file("w.pth", "w"),
        lambda: tg.hub.list("pytorch/vision", force_reload=True),
        lambda: tg.hub.help("pytorch/vision", "resnet18"),
    ],
)
def test_the_hub_fetches_nothing(call):
    with pytest.raises(ArgumentError, match=r"models are not fetched; build the model, and load a state dict"):
        call()


def test_the_bar_of_the_hub_is_tqdms(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"hub\.tqdm is the progress bar of tqdm: pip install tqdm"):
        _ = tg.hub.tqdm
    bar = type("auto", (), {"tqdm": object()})
    monkeypatch.setitem(sys.modules, "tqdm.auto", bar)
    monkeypatch.setitem(sys.modules, "tqdm", type("tqdm", (), {"auto": bar}))
    assert tg.hub.tqdm is bar.tqdm
