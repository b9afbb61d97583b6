"""What modules hold, their order, names and texts: the same calls on both engines."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402


def sequential(nn: Any) -> Any:
    return nn.Sequential(OrderedDict([("a", nn.Linear(1, 2)), ("b", nn.ReLU()), ("c", nn.Linear(2, 1))]))


def inserted(nn: Any) -> Any:
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    net.insert(1, nn.Tanh())
    net.append(nn.Sigmoid())
    net.extend(nn.Sequential(nn.ReLU()))
    return net


def popped(nn: Any) -> Any:
    net = sequential(nn)
    net.pop(0)
    del net[-1]
    net += nn.Sequential(nn.Tanh())
    return net


def listed(nn: Any) -> Any:
    layers = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 2), nn.Sequential(nn.ReLU())])
    layers += [nn.Sequential(nn.ReLU()), nn.Tanh()]
    layers.insert(0, nn.ReLU())
    layers[1] = nn.Tanh()
    more = [nn.ReLU(), nn.ReLU()]
    return layers + more


def sliced(nn: Any) -> Any:
    layers = listed(nn)
    del layers[1:3]
    layers.pop(-2)
    return nn.ModuleList([layers[1:4], layers])


def held(nn: Any) -> Any:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.late = None
            self.first = nn.Linear(1, 1)
            self.register_buffer("mean", torch.zeros(1) if nn is torch.nn else tg.zeros(1))
            self.register_buffer("gone", torch.zeros(1) if nn is torch.nn else tg.zeros(1), persistent=False)
            self.own = nn.Parameter(torch.ones(2) if nn is torch.nn else tg.ones(2))
            self.half = nn.Linear(1, 2)  # named like a method
            self.shared = self.first
            self.add_module("with blank", nn.ReLU())
            self.register_module("nothing", None)
            self.first = nn.Linear(1, 3)
            self.late = nn.Linear(1, 1)
            self.other = nn.Buffer(torch.ones(1) if nn is torch.nn else tg.ones(1))

        def extra_repr(self) -> str:
            return "one\ntwo"

    return Net()


def dicts(nn: Any) -> Any:
    layers = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    layers.update([("c", nn.Tanh()), ("a", nn.Linear(1, 2))])
    layers["d"] = layers.pop("b")
    del layers["c"]
    return layers


def parameters(nn: Any) -> Any:
    engine = torch if nn is torch.nn else tg
    values = nn.ParameterList([engine.ones(2), engine.ones(2, 3), 3])
    values += [engine.zeros(1)]
    return nn.ModuleList([values, nn.ParameterList(values[:2])])


NETS = [sequential, inserted, popped, listed, sliced, held, dicts, parameters]


@pytest.mark.parametrize("make", NETS, ids=lambda make: make.__name__)
def test_what_is_held(make: Callable[[Any], Any]) -> None:
    theirs, ours = make(torch.nn), make(tg.nn)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="p.")) == list(theirs.state_dict(prefix="p."))
    for walk in (
        lambda net: net.named_parameters(), lambda net: net.named_parameters("p", False),
        lambda net: net.named_parameters(remove_duplicate=False), lambda net: net.named_buffers(),
        lambda net: net.named_children(), lambda net: net.named_modules(),
        lambda net: net.named_modules(prefix="p", remove_duplicate=False), lambda net: net.named_modules(memo=set()),
        lambda net: net._modules.items(), lambda net: net._parameters.items(), lambda net: net._buffers.items(),
    ):  # fmt: skip
        assert [name for name, _ in walk(ours)] == [name for name, _ in walk(theirs)]
    keys = ours.load_state_dict({name: value.detach().numpy() for name, value in theirs.state_dict().items()})
    assert repr(keys) == repr(theirs.load_state_dict(theirs.state_dict())) == "<All keys matched successfully>"
    state = {"x": torch.zeros(1)}
    found = repr(ours.load_state_dict({"x": tg.zeros(1)}, strict=False))
    assert found == repr(theirs.load_state_dict(state, strict=False))


def test_a_child_named_like_a_method_leaves_the_method() -> None:
    theirs, ours = held(torch.nn), held(tg.nn)
    for net in (theirs, ours):
        assert callable(net.half) and str(next(net.half().parameters()).dtype).endswith("float16")
        assert type(net._modules["half"]).__name__ == "Linear" and "half.weight" in net.state_dict()
