"""A name that PyTorch has and we do not says so, and what to do instead; Python suggests nothing in its place."""

from __future__ import annotations

import importlib
import subprocess
import sys
from functools import reduce

import pytest

import tinygrad_bp as tg
from tinygrad_bp.functions import methods
from tinygrad_bp.nn import module
from tinygrad_bp.not_here import BEHIND, NOT_HERE, reasons

NAMES = [(place, name) for place in NOT_HERE for name in reasons(place)]


# Where the names of a class are asked for.
INSTANCES = {"Tensor": [tg.ones(1), tg.Tensor, tg.nn.Parameter], "nn.Module": [tg.nn.ReLU(), tg.nn.Sequential()]}


def space(place: str) -> object:
    return reduce(getattr, filter(None, place.split(".")), tg)


def test_no_name_of_the_list_is_here() -> None:
    there = [(place, name) for place, name in NAMES if hasattr(space(place), name)]
    assert not there, "take them off the list in not_here.py"


def test_every_reason_stands_once_and_names_come_once() -> None:
    for place, groups in NOT_HERE.items():
        names = " ".join(groups.values()).split()
        assert len(names) == len(set(names)), place


@pytest.mark.parametrize(("place", "name"), NAMES)
def test_it_says_why_and_what_to_do(place: str, name: str) -> None:
    said = f"{'.'.join(filter(None, ('tg', place)))}.{name}: not here; {reasons(place)[name]}"
    for where in INSTANCES.get(place, [space(place)]):
        with pytest.raises(AttributeError) as caught:
            getattr(where, name)
        assert str(caught.value) == said.removeprefix("tg." if place == "Tensor" else "")
        assert not hasattr(where, name) and name not in dir(where)


@pytest.mark.parametrize("name", BEHIND)
def test_packages_behind_an_underscore_say_it_too(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"tg.{name}: not here; "):
        importlib.import_module(f"tinygrad_bp.{name}.config")


@pytest.mark.parametrize(("place", "absent"), [("Tensor", methods.ABSENT), ("nn.Module", module.ABSENT)])
def test_the_methods_that_are_not_here_are_those_with_a_reason(place: str, absent: str) -> None:
    assert set(reasons(place)) == {*absent.split()}
    for name in absent.split():
        with pytest.raises(AttributeError, match="not here; "):
            getattr(space(place), name)


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        ("tg.nn.Liner", "AttributeError: module 'tinygrad_bp.nn' has no attribute 'Liner'. Did you mean: 'Linear'?"),
        ("tg.ones(1).raval()", "AttributeError: 'Tensor' object has no attribute 'raval'. Did you mean: 'ravel'?"),
        ("tg.ones(1).values()", f"AttributeError: Tensor.values: not here; {reasons('Tensor')['values']}"),
        ("tg.nn.qat", f"AttributeError: tg.nn.qat: not here; {reasons('nn')['qat']}"),
    ],
)
def test_python_suggests_for_misspelt_names_alone(asked: str, last: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import tinygrad_bp as tg; {asked}"], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == last


def test_the_list_is_read_only_when_a_name_is_missing() -> None:
    code = (
        "import sys, tinygrad_bp as tg\n"
        "tg.nn.Linear, tg.optim.SGD, tg.utils, tg.data\n"
        "print('tinygrad_bp.not_here' in sys.modules, hasattr(tg, 'multiprocessing'))\n"
        "print('tinygrad_bp.not_here' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
