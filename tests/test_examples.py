"""Everything public has an example, and what functions give in the examples is what their stubs say."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_bp as tg

# Without an example, and why.
WITHOUT = {
    "functions that copy what a view gives, named after it": "_copy",
    "errors: the examples of what raises them show them": "Error",
    "bases of layers and callbacks, which nobody makes": "RNNBase RNNCellBase ParametrizationList Callback",
    "data sets that are downloaded": "cifar10 emg fashion_mnist mnist",
    "what training and checks return: the examples of fit and of checks show it": (
        "Figures History KeepBest Mean Run Sweep Training Remark Compared Diagnosis Finding"
    ),
    "what reads a file of yours": "from_file",
    "the other half of a pair, whose first half shows both": "custom_bwd",
    "parts that other files use": "with_padding without_padding",
    "in place, as the function without the underscore": "alpha_dropout_ feature_alpha_dropout_ feature_dropout_",
}


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "docs")
    return importlib.import_module("make_pages")


def public(pages: Any) -> Iterator[tuple[str, Any]]:
    for room in pages.ROOMS:
        yield from ((name, value) for name, value, _ in pages.entries(room))


def excused(name: str) -> bool:
    last = name.split(".")[-1]
    return last.endswith(("_copy", "Error")) or last in " ".join(WITHOUT.values()).split()


def test_everything_public_has_an_example(pages: Any) -> None:
    found = list(public(pages))
    without = [
        name
        for name, value in found
        if ">>>" not in (inspect.getdoc(value) or "")
        and not (not isinstance(value, type) and pages.op_of(value) and pages.example(name, pages.op_of(value)))
    ]
    assert len(found) > 800
    missing = [name for name in without if not excused(name)]
    assert not missing, " ".join(missing)


def kind(value: Any) -> str:
    """A type and its bases as stubs write them; of a plain tuple, what is in it."""
    if isinstance(value, tg.Tensor):
        return "Tensor"
    if type(value) in (tuple, list):
        return f"{type(value).__name__}[{', '.join(sorted({kind(item) for item in value}))}]"
    return " ".join(base.__name__ for base in type(value).__mro__)


def agrees(declared: str, given: str) -> bool:
    """Whether a declared result covers one that was given."""
    declared = re.sub(r"\w+\.", "", declared).replace("DType", "dtype")
    if declared.startswith(("tuple[", "list[")) and given.startswith(("tuple[", "list[")):
        return declared.partition("[")[0] == given.partition("[")[0]
    return declared == "Any" or not {*re.findall(r"\w+", declared)}.isdisjoint(given.split())


def test_results_are_what_the_stubs_say(pages: Any) -> None:
    """Every call of a public function with a tensor, in every example of the package, gives what its stub declares."""
    stubs = importlib.import_module("make_stubs")
    names: dict[Any, tuple[str, Any]] = {}
    for room in stubs.SPACES:
        for name, value in pages.names_of(pages.space(room)):
            code = getattr(inspect.unwrap(value), "__code__", None) if inspect.isfunction(value) else None
            if code is not None:
                names.setdefault(code, (name, value))
    seen: dict[Any, set[str]] = {}

    def watch(frame: Any, event: str, result: Any) -> None:
        if event == "return" and frame.f_code in names and result is not None:
            given = list(frame.f_locals.values())
            if any(isinstance(item, tg.Tensor) for value in given for item in [value, *_items(value)]):
                seen.setdefault(frame.f_code, set()).add(kind(result))

    modules = [m.name for m in pkgutil.walk_packages(tg.__path__, "tinygrad_bp.") if "as_torch" not in m.name]
    runner = doctest.DocTestRunner(verbose=False)
    for module in map(importlib.import_module, modules):
        for test in doctest.DocTestFinder().find(module):
            sys.setprofile(watch)
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    runner.run(test, clear_globs=False)
            finally:
                sys.setprofile(None)
    wrong = {}
    for code, kinds in seen.items():
        name, value = names[code]
        declared = [stubs.tensors(call.result) for call in pages.calls(value)]
        if odd := [k for k in kinds if not any(agrees(result, k) for result in declared)]:
            wrong[name] = (declared, odd)
    assert len(seen) > 300
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if type(value) in (tuple, list) else ()


def test_a_wrong_result_is_found() -> None:
    assert agrees("Tensor", "Parameter Tensor object") and agrees("tuple[Tensor, ...]", "tuple[Tensor object]")
    assert agrees("scans.Found", "cummax Found tuple object")
    assert not agrees("Tensor", "tuple[Tensor]") and not agrees("bool", "Tensor")


# Not for users, or PyTorch's names of what stands elsewhere.
NO_PAGE = """
accelerator array_api as_torch backends blas check cuda functions hub jit mps not_here numpy_names ops places
playground types version xpu
"""


def test_every_room_has_a_page(pages: Any) -> None:
    rooms = {module.name for module in pkgutil.iter_modules(tg.__path__)}
    assert rooms - {name.partition(".")[0] for name in pages.ROOMS} == set(NO_PAGE.split())
