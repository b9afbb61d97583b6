"""Every keyword of every NumPy function that has a rule: what it says anyway is accepted, all else done or named."""

import inspect
import re
import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError, NoRuleError
from tinygrad_bp.autograd.op import FUNCTIONS, UFUNCS

X, V, Q = np.array([[0.5, 1.5], [-2.0, 4.0]]), np.array([3.0, 1.0, 2.0]), np.array([[4.0, 1.0], [1.0, 3.0]])
C3, T4 = np.arange(8.0).reshape(2, 2, 2), (np.eye(4) * 2).reshape(2, 2, 2, 2)


class T:
    """Marks an array that the test gives as a tensor; other arguments stay as they are."""

    def __init__(self, array):
        self.array = array


# The arguments that each function needs. A function that is not here takes one matrix.
NEEDED = {
    np.isclose: (T(X), T(X)), np.allclose: (T(X), T(X)), np.array_equal: (T(X), T(X)), np.array_equiv: (T(X), T(X)),
    np.where: (X > 0, T(X), T(X)), np.full_like: (T(X), 2.0), np.may_share_memory: (T(X), T(X)),
    np.shares_memory: (T(X), T(X)), np.clip: (T(X), 0.0, 1.0), np.dot: (T(X), T(X)), np.inner: (T(X), T(X)),
    np.outer: (T(V), T(V)), np.vdot: (T(V), T(V)), np.tensordot: (T(X), T(X)), np.kron: (T(X), T(X)),
    np.einsum: ("ij,jk", T(X), T(X)), np.cross: (T(V), T(V)), np.convolve: (T(V), T(V)), np.correlate: (T(V), T(V)),
    np.linalg.solve: (T(Q), T(X)), np.linalg.tensorinv: (T(T4),), np.linalg.tensorsolve: (T(T4), T(X)),
    np.linalg.cholesky: (T(Q),), np.linalg.lstsq: (T(Q), T(X)), np.linalg.matrix_power: (T(Q), 2),
    np.linalg.outer: (T(V), T(V)), np.linalg.matmul: (T(X), T(X)), np.linalg.tensordot: (T(X), T(X)),
    np.linalg.vecdot: (T(X), T(X)), np.linalg.cross: (T(V), T(V)), np.linalg.multi_dot: ([T(X), T(X), T(X)],),
    np.linalg.eig: (T(Q),), np.linalg.eigvals: (T(Q),), np.vander: (T(V),), np.partition: (T(X), 1),
    np.quantile: (T(X), 0.3), np.percentile: (T(X), 30.0), np.nanquantile: (T(X), 0.3),
    np.nanpercentile: (T(X), 30.0), np.concatenate: ([T(X), T(X)],), np.stack: ([T(X), T(X)],),
    np.append: (T(X), T(X)), np.block: ([[T(X), T(X)]],), np.meshgrid: (T(V), T(V)), np.hstack: ([T(X), T(X)],),
    np.vstack: ([T(X), T(X)],), np.dstack: ([T(X), T(X)],), np.column_stack: ([T(X), T(X)],), np.split: (T(X), 2),
    np.array_split: (T(X), 2), np.hsplit: (T(X), 2), np.vsplit: (T(X), 2), np.dsplit: (T(C3), 2),
    np.reshape: (T(X), (4,)), np.broadcast_to: (T(X), (3, 2, 2)), np.swapaxes: (T(X), 0, 1),
    np.expand_dims: (T(X), 0), np.moveaxis: (T(X), 0, 1), np.roll: (T(X), 1), np.tile: (T(X), 2),
    np.repeat: (T(X), 2), np.pad: (T(X), 1), np.lib.stride_tricks.sliding_window_view: (T(V), 2),
    np.take: (T(X), [0, 1]), np.take_along_axis: (T(X), np.array([[0, 1], [1, 0]]), -1),
    np.choose: (np.array([0, 1]), [T(V[:2]), T(V[1:])]), np.select: ([X > 0], [T(X)]),
    np.insert: (T(X), 1, 5.0), np.delete: (T(X), 1), np.resize: (T(X), (3,)), np.compress: ([True, False], T(X)),
    np.extract: (X > 0, T(X)), np.piecewise: (T(X), [X > 0], [lambda x: x * 2, 0.0]),
    np.bincount: (np.array([0, 1, 1]), T(V)), np.searchsorted: (np.sort(V), T(V)), np.digitize: (T(V), np.sort(V)),
    np.isin: (T(X), T(X)), np.ix_: ([0, 1], [1, 0]), np.unravel_index: (3, (2, 2)),
    np.ravel_multi_index: (([0, 1], [1, 0]), (2, 2)), np.lexsort: ((T(V), T(V)),), np.argpartition: (T(X), 1),
    np.i0: (T(V),), np.result_type: (T(X), T(X)), np.interp: (T(X), np.sort(V), T(V)),
    (np.add, "reduce"): (T(X),),
}  # fmt: skip
if hasattr(np, "unstack"):
    NEEDED[np.unstack] = (T(X),)
    NEEDED[np.cumulative_sum] = NEEDED[np.cumulative_prod] = (T(V),)
# Values that say something, by the name of the keyword.
OTHERS = {
    "out": [np.zeros((2, 2))], "dtype": [np.float32], "where": [np.array([[True, False], [True, True]])],
    "initial": [2.0], "order": ["F", "A"], "subok": [True, False], "casting": ["unsafe"], "keepdims": [True],
    "axis": [0, 1], "axes": [(0, 1), 0], "rtol": [0.1], "atol": [0.1], "equal_nan": [True], "copy": [True, False],
    "nan": [1.0], "posinf": [1.0], "neginf": [1.0], "decimals": [1], "deg": [True], "shape": [(3,)],
    "device": ["cpu"], "ddof": [1], "correction": [1], "mean": [np.array([1.0])], "offset": [1], "axis1": [1],
    "axis2": [0], "axisa": [0], "axisb": [0], "axisc": [0], "mode": ["same", "valid", "wrap", "clip", "r", "edge"],
    "ind": [2], "upper": [True], "full_matrices": [False], "compute_uv": [False], "hermitian": [True],
    "UPLO": ["U"], "rcond": [0.1], "p": [1], "ord": [1], "tol": [0.1], "N": [2], "increasing": [True], "n": [2],
    "s": [(2, 2)], "norm": ["ortho"], "prepend": [0.0], "append": [0.0], "edge_order": [1], "x": [np.array([0.0, 2.0])],
    "dx": [2.0], "kind": ["stable"], "stable": [True], "overwrite_input": [True], "method": ["lower", "hazen"],
    "interpolation": ["lower"],
    "weights": [np.array([[1.0, 2.0], [3.0, 4.0]])], "returned": [True], "y": [X], "rowvar": [False], "bias": [True],
    "fweights": [np.array([1, 2])], "aweights": [np.array([1.0, 2.0])], "sparse": [True], "indexing": ["ij"],
    "k": [1], "return_index": [True], "return_inverse": [True], "return_counts": [True], "sorted": [True],
    "minlength": [4], "side": ["right"], "sorter": [np.array([0, 1, 2])], "right": [True], "assume_unique": [True],
    "invert": [True], "default": [1.0], "writeable": [False], "optimize": [True], "min": [0.1], "max": [0.2],
    "a_min": [0.1], "a_max": [0.2], "max_work": [1], "max_line_width": [20], "precision": [2],
    "include_initial": [True], "to_end": [V], "to_begin": [9.0], "discont": [0.2], "period": [0.7], "left": [7.0],
    "descending": [True], "suppress_small": [True], "bins": [2],
}  # fmt: skip
# Calls without one right answer: memory as it comes, singular vectors up to their sign.
UNSETTLED = {(np.empty_like, name) for name in ("dtype", "order", "subok", "device", "shape")}
UNSETTLED |= {(np.linalg.svd, "hermitian"), (np.linalg.svd, "full_matrices")}
UFUNC_SAYS = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
UFUNC_OTHERS = {
    "where": np.array([True, False]),
    "casting": "unsafe",
    "order": "C",
    "dtype": np.float32,
    "subok": False,
}


def signature(function):
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def needed(function):
    return NEEDED.get(function, (T(Q if function.__module__ == "numpy.linalg" else X),))


def arguments(function, recorded):
    """The arguments with arrays (None), tensors (False) or tensors that require grad (True)."""

    def given(item):
        if isinstance(item, list) or (isinstance(item, tuple) and marked(item)):
            return type(item)(given(part) for part in item)
        if not isinstance(item, T):
            return item
        return item.array.copy() if recorded is None else tg.tensor(item.array, requires_grad=recorded)

    return [given(item) for item in needed(function)]


def plain(result):
    if isinstance(result, tg.Tensor):
        return result.detach().numpy()
    if isinstance(result, (tuple, list)):
        return [plain(part) for part in result]
    return result


def alike(found, wanted):
    found, wanted = plain(found), plain(wanted)
    if isinstance(wanted, list):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            alike(a, b)
    elif isinstance(wanted, (str, np.dtype)):
        assert isinstance(found, type(wanted))
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def marked(item):
    return any(map(marked, item)) if isinstance(item, (list, tuple)) else isinstance(item, T)


MADE = [f for f in FUNCTIONS if not isinstance(f, tuple) and marked(needed(f))]
SAID = [
    (f, p) for f in MADE for p in signature(f).values()
    if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY
    and p.name != "newshape"  # an old name of shape, to NumPy 2.3
]  # fmt: skip


@pytest.mark.parametrize("function", MADE, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_the_needed_arguments_do(function):
    if function is np.empty_like:
        return
    alike(quietly(function, *arguments(function, True)), quietly(function, *arguments(function, None)))


@pytest.mark.parametrize(("function", "parameter"), SAID, ids=lambda x: getattr(x, "__name__", getattr(x, "name", "")))
def test_a_keyword_that_says_what_holds_anyway_is_accepted(function, parameter):
    places = [p for p in signature(function).values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    count = len(needed(function))
    if parameter in places[:count]:
        return
    wanted = quietly(function, *arguments(function, None))
    alike(quietly(function, *arguments(function, True), **{parameter.name: parameter.default}), wanted)
    if parameter in places:  # and by place, with all that come before it
        before = [p.default for p in places[count : places.index(parameter) + 1]]
        alike(quietly(function, *arguments(function, True), *before), wanted)


@pytest.mark.parametrize(("function", "parameter"), SAID, ids=lambda x: getattr(x, "__name__", getattr(x, "name", "")))
@pytest.mark.parametrize("recorded", [False, True])
def test_a_keyword_that_says_something_is_done_or_named(function, parameter, recorded):
    assert parameter.name in OTHERS, f"give an example of {parameter.name}="
    places = [p for p in signature(function).values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for value in OTHERS[parameter.name]:
        args = arguments(function, recorded)
        if parameter in places and places.index(parameter) < len(args):
            continue
        if (function, parameter.name) in UNSETTLED:
            continue
        try:
            wanted = quietly(function, *arguments(function, None), **{parameter.name: value})
        except Exception as error:
            with pytest.raises((AutogradError, type(error))):
                quietly(function, *args, **{parameter.name: value})
            continue
        try:
            found = quietly(function, *args, **{parameter.name: value})
        except NoRuleError as error:
            assert recorded and f"{parameter.name}=" in str(error), str(error)
            assert "no derivative rule" not in str(error)
        else:
            alike(found, wanted)


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
                mask = np.broadcast_to(value if name == "where" else True, np.shape(wanted))
                alike(np.where(mask, plain(found), 0), np.where(mask, wanted, 0))


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


def test_a_function_without_a_rule_says_so():
    with pytest.raises(NoRuleError, match=r"np\.histogram has no derivative rule"):
        np.histogram(tg.tensor(V, requires_grad=True), bins=2)
