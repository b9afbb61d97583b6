"""Arguments have PyTorch's names, places and defaults, and layers its texts: read from its signatures and tables."""

from __future__ import annotations

import collections
import inspect
import operator
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402
from tinygrad_bp.autograd.doors import renamed_for  # noqa: E402

from . import modules as m  # noqa: E402
from .operators import converted  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

SPACES = [
    "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn", "optim", "optim.lr_scheduler", "optim.swa_utils",
    "utils.data", "autograd", "func", "nn.Module", "nn.Sequential", "nn.ModuleList", "nn.ModuleDict",
    "nn.ParameterList", "nn.ParameterDict", "optim.Optimizer", "optim.lr_scheduler.LRScheduler",
]  # fmt: skip
# What PyTorch itself has let age, and what is its machinery's.
OTHERWISE = {
    "nn.Hardtanh": "min_value max_value", "nn.functional.normalize": "out", "func.jvp": "strict",
    "autograd.gradcheck": "check_grad_dtypes masked", "func.jacrev": "_preallocate_and_copy",
    "autograd.gradgradcheck": "gen_non_contig_grad_outputs check_grad_dtypes check_batched_grad masked",
    "nn.functional.softmax": "_stacklevel", "nn.functional.log_softmax": "_stacklevel",
    "nn.functional.softmin": "_stacklevel",
}  # fmt: skip
# Where a default of PyTorch's is refused, warned of or chosen by the dtype.
DEFAULTS = {
    "nn.Softmax dim", "nn.LogSoftmax dim", "nn.Softmin dim", "nn.functional.softmax dim",
    "nn.functional.log_softmax dim", "nn.functional.softmin dim", "utils.data.random_split generator",
    "nn.functional.batch_norm running_mean", "nn.functional.batch_norm running_var",
    "nn.utils.rnn.PackedSequence batch_sizes", "nn.Sequential.pop key", "nn.ModuleList.pop key",
    *(f"autograd.{name} {of}" for name in ("gradcheck", "gradgradcheck") for of in ("eps", "atol", "rtol")),
}  # fmt: skip


def parameters(function: Any) -> dict[str, inspect.Parameter] | None:
    """What a function takes; None where it does not say."""
    try:
        taken = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None
    return {name: p for name, p in taken.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def differences(name: str, theirs: Any, ours: Any) -> Iterator[str]:
    """How the arguments of one function differ from PyTorch's."""
    wanted, found = parameters(theirs), parameters(ours)
    if wanted is None or found is None:
        return
    without = OTHERWISE.get(name, "").split()
    kinds = [p.kind for p in inspect.signature(ours).parameters.values()]
    for given in [] if inspect.Parameter.VAR_KEYWORD in kinds else wanted:
        if given not in found and given not in without:
            yield f"{name}: no {given}"
    for given in wanted.keys() & found.keys():
        a, b = wanted[given].default, found[given].default
        plain = not callable(a) and not callable(b) and str(a).replace("torch.", "") != str(b).replace("torch.", "")
        if plain and a != b and f"{name} {given}" not in DEFAULTS:
            yield f"{name}: {given}={b}, PyTorch's is {a}"
    places = [[n for n, p in of.items() if p.kind is not p.KEYWORD_ONLY] for of in (wanted, found)]
    common = [n for n in places[0] if n not in without]
    if places[1][: len(common)] != common and inspect.Parameter.VAR_POSITIONAL not in kinds:
        yield f"{name}: the places are {places[1]}, PyTorch's {places[0]}"


@pytest.mark.parametrize("space", SPACES)
def test_what_is_written_in_python_takes_the_same(space: str) -> None:
    theirs, ours = (operator.attrgetter(space)(lib) for lib in (torch, tg))
    names = [name for name in dir(theirs) if not name.startswith("_") and hasattr(ours, name)]
    pairs = [(f"{space}.{name}", getattr(theirs, name), getattr(ours, name)) for name in names]
    wrong = [said for name, a, b in pairs if callable(a) for said in differences(name, a, b)]
    assert not wrong


@pytest.mark.parametrize("info", m.exported(), ids=lambda info: info.name)
def test_a_layer_is_called_and_printed_alike(info: Any) -> None:
    kind = m.ours(info)
    assert not list(differences("forward", info.module_cls.forward, kind.forward))  # type: ignore[union-attr]
    for given in m.inputs(info, True):
        args, kwargs = given.constructor_input.args, given.constructor_input.kwargs
        theirs, ours = info.module_cls(*args, **kwargs), kind(*converted(args, [], []), **converted(kwargs, [], []))  # type: ignore[misc]
        assert repr(ours) == repr(theirs)
        shapes = [{name: tuple(value.shape) for name, value in of.state_dict().items()} for of in (ours, theirs)]
        assert shapes[0] == shapes[1]


# Names that PyTorch takes in one of two spaces that share a function here, and what it has for its own arithmetic.
NOT_TAKEN = {
    "linalg.det A", "linalg.inv A", "special.airy_ai x", "special.scaled_modified_bessel_k0 x",
    "special.scaled_modified_bessel_k1 x", "result_type tensor", "result_type other", "isin test_element",
    "group_norm cudnn_enabled", "layer_norm cudnn_enable",
    *(f"{name} out_dtype" for name in ("addmm", "baddbmm", "bmm", "mm")),
}  # fmt: skip


def taken(function: Any, name: str) -> bool:
    """Whether a function takes an argument of this name, its own or PyTorch's other one."""
    error = TypeError("unexpected keyword argument")
    return name in inspect.signature(function).parameters or renamed_for(function, error, {name: None}) is not None


def test_operators_take_pytorchs_names() -> None:
    schemas = collections.defaultdict(list)
    for schema in torch._C._jit_get_all_schemas():
        if [str(a.type) for a in schema.arguments[:1]] == ["Tensor"] and "Dimname" not in str(schema):
            schemas[schema.name.removeprefix("aten::")].append(schema)
    wrong = set()
    for place in ("", "linalg.", "special.", "fft."):
        theirs, ours = (operator.attrgetter(place[:-1])(lib) if place else lib for lib in (torch, tg))
        for name in dir(theirs):
            built_in = parameters(getattr(theirs, name)) is None and callable(getattr(theirs, name))
            if name.startswith("_") or not built_in or not hasattr(ours, name):
                continue
            for of in schemas[place.replace(".", "_") + name]:
                names = [
                    "input" if a.name == "self" else a.name for a in of.arguments if not a.is_out and not a.kwarg_only
                ]
                wrong |= {f"{place}{name} {n}" for n in names if not taken(getattr(ours, name), n)}
    assert not wrong - NOT_TAKEN
