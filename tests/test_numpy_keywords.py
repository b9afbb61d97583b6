"""Keywords of NumPy's ufuncs, and of functions where they say what holds anyway."""

import inspect
import re
import warnings

import numpy as np
import numpy_sweep as sweep
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError, NoRuleError
from tinygrad_bp.autograd.op import FUNCTIONS, UFUNCS

X = np.array([[0.5, 1.5], [-2.0, 4.0]])
UFUNC_SAYS = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
UFUNC_OTHERS = {
    "where": np.array([True, False]),
    "casting": "unsafe",
    "order": "C",
    "dtype": np.float32,
    "subok": False,
}


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def plain(result):
    return result.detach().numpy() if isinstance(result, tg.Tensor) else result


def alike(found, wanted):
    for one, other in zip(sweep.parts_of(found), sweep.parts_of(wanted), strict=True):
        np.testing.assert_allclose(plain(one), plain(other), rtol=1e-6)


def defaults(name):
    """The parameters of a function that say something where nothing is said."""
    function = sweep.function_of(name)
    try:
        return inspect.signature(function).parameters.values() if not isinstance(function, np.ufunc) else ()
    except ValueError:
        return ()


SAID = [(call, p) for call, name in sweep.plain_calls() for p in defaults(name)
        if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY and p.name not in ("newshape", "like")
        and "[x" not in call and "[s" not in call and not call.startswith("np.array(x")]  # fmt: skip


@pytest.mark.parametrize(("call", "parameter"), SAID, ids=lambda x: getattr(x, "name", x))
def test_a_keyword_that_says_what_holds_anyway_is_accepted(call, parameter):
    longer = f"{call[:-1]}, {parameter.name}=said)"
    outcome = sweep.outcome(longer, said=parameter.default)
    assert outcome == "impossible" or outcome == sweep.outcome(call)
    assert sweep.outcome(longer, False, said=parameter.default) in ("impossible", "right")


def tensors(ufunc, recorded):
    return [tg.tensor([[4.0, 1.0], [1.0, 3.0]], requires_grad=recorded) for _ in range(ufunc.nin)]


def floating(ufunc):
    return any(kind.split("->")[0] == "d" * ufunc.nin for kind in ufunc.types)


@pytest.mark.parametrize("ufunc", [f for f in UFUNCS if floating(f)], ids=lambda f: f.__name__)
def test_the_keywords_of_ufuncs(ufunc):
    plainly = [x.numpy() for x in tensors(ufunc, False)]
    wanted = quietly(ufunc, *plainly)
    says = {**UFUNC_SAYS, "keepdims": False} if ufunc.signature else UFUNC_SAYS
    if ufunc.signature:
        says = {key: value for key, value in UFUNC_SAYS.items() if key != "where"}
    alike(quietly(ufunc, *tensors(ufunc, True), **says), wanted)
    for name, value in UFUNC_OTHERS.items():
        for recorded in (False, True):
            try:
                wanted = quietly(ufunc, *plainly, **{name: value})
            except (TypeError, ValueError) as error:
                with pytest.raises((AutogradError, type(error))):
                    quietly(ufunc, *tensors(ufunc, recorded), **{name: value})
                continue
            try:
                found = quietly(ufunc, *tensors(ufunc, recorded), **{name: value})
            except NoRuleError as error:
                assert recorded and re.search(rf"np\.{ufunc.__name__}: {name}=\S* is not recorded", str(error))
            else:
                for one, other in zip(sweep.parts_of(found), sweep.parts_of(wanted), strict=True):
                    mask = np.broadcast_to(value if name == "where" else True, np.shape(other))
                    alike(np.where(mask, plain(one), 0), np.where(mask, other, 0))


@pytest.mark.parametrize("key", [f for f in FUNCTIONS if isinstance(f, tuple)], ids=lambda f: f"{f[0].__name__}-{f[1]}")
def test_the_keywords_of_ufunc_methods(key):
    method = getattr(*key)
    x = tg.tensor(X, requires_grad=True)
    wanted = method(X)
    says = {"dtype": None, "out": None}
    if key[1] == "reduce":
        says |= {"keepdims": False, "where": True, "initial": np._NoValue}
    for name, value in says.items():
        alike(method(x, **{name: value}), wanted)
    alike(method(x, **says), wanted)
    if key[1] == "reduce":
        given = {"where": np.array([True, False]), "initial": 1.0}
        alike(method(x, **given), method(X, **given))


@pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.min, np.add.reduce, np.maximum.reduce])
def test_no_initial_number(function):
    alike(function(tg.tensor(X, requires_grad=True), initial=None), function(X, initial=None))


def test_a_function_without_a_rule_says_so():
    with pytest.raises(NoRuleError, match=r"np\.histogram2d has no derivative rule"):
        np.histogram2d(*tg.tensor(X, requires_grad=True), bins=2)
