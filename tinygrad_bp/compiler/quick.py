"""The quick way into a program: what a call costs where nothing happened since the last one.

No write, no recorded op, no gradient set: the clock of ``writes`` tells. Then the tensors from outside are as they
were, and only the arguments, the mode and what ``Guards`` remembers are looked at. The function is generated for one
program, unrolled over its arguments, as the frames of ops are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import getitem
from textwrap import indent
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from ..autograd import dtypes
from ..autograd.columns import strides_of
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, blank
from ..autograd.writes import owner, tick
from ..nn.module import Module
from ..program.captured import GradientOf
from ..program.program import Value
from .guards import MISSING, Attributes, unchanged

if TYPE_CHECKING:
    from .entry import Entry

Quick = Callable[[tuple[Any, ...]], Any]


def quick(entry: Entry, leaves: Sequence[Any]) -> Quick | None:
    """The program as a function of a tuple of tensors, which gives MISSING where a slower look is needed.

    It reads ``entry.arrays``, those of the last run. None where arguments are more than tensors one by one, where one
    of them is returned, or where gradients are left. A backend may have a method ``again``: a function for runs like
    the one before.
    """
    captured, count = entry.captured, len(leaves)
    if (
        entry.writes_arguments
        or entry.guards.bound
        or captured.sources[:count] != tuple(range(count))
        or any(isinstance(source, GradientOf) for source in captured.sources)
        or any(isinstance(source, int) for source, _ in captured.asked)  # the clock tells of the others' gradients
        or any(grad.output is not None or isinstance(grad.source, int) for grad in captured.grads)
    ):
        return None
    if any(place is not None for place in captured.itself) or not {strides_of}.issuperset(captured.layout):
        return None
    if not all(isinstance(leaf, Tensor) and not leaf.__dict__ for leaf in leaves):
        return None
    names: dict[str, Any] = {"entry": entry, "guards": entry.guards, "Module": Module, "MISS": MISSING}
    names |= {
        "mode": mode,
        "dtypes": dtypes,
        "tick": tick,
        "blank": blank,
        "owner": owner,
        "known": [None],
        "unchanged": unchanged,
    }
    cells: dict[str, Any] = {}
    exec(compile(_source(entry, leaves, names, cells), "<tinygrad_bp>", "exec"), names)
    made = names.pop("around")()  # in its own namespace it would be freed by the garbage collector alone
    free = tuple([cells[name] for name in made.__code__.co_freevars])
    return FunctionType(made.__code__, names, made.__name__, None, free)


_TEXT = """\
def quick(args):
    try:
        {taken} = args
        {arrays} = {values}
    except (AttributeError, ValueError):
        return MISS
    switches = mode()
    if switches is not known[0]:
        if switches.grad is not {grad} or switches.inference is not {inference} or switches.watchers:
            return MISS
        known[0] = switches
    arrays = entry.arrays
    try:
        if {looks}:
            return MISS
    except (AttributeError, KeyError, NameError, ValueError):  # a name is no more
        return MISS
    {read}
    moment = tick()
    if moment == entry.moment + 1:
        entry.moment = moment
        {keep}
        values = again({changing})
        if values is None:
            values = entry.runnable({given})
    else:
        found = entry.look_again(args)
        if found is None:
            return MISS
        entry.moment = tick()
        values = entry.runnable(*found)
    {results}
    return {returned}
"""


def _source(entry: Entry, leaves: Sequence[Any], names: dict[str, Any], cells: dict[str, Any]) -> str:
    """The text of the function in another; what it reads besides is put into ``names``, and what of variables around

    the user's function into ``cells``: its own variables around it are the same cells, and read in no time.
    """
    count, switches, guards, sources = len(leaves), mode(), entry.guards, entry.captured.sources
    settings = [i for i in range(count, len(sources)) if not hasattr(entry.arrays[i], "dtype")]
    names |= {f"read{i}": _read(sources[i])[0] for i in settings} | {"dtype": dtypes.get_default_dtype()}
    outputs, results = entry.program.outputs, list[str]()
    for i, output in enumerate(outputs):
        if isinstance(output, Value):
            results += [f"r{i} = blank()", f"r{i}._value = values[{i}]", f"r{i}._node = None"]
        else:  # what no op computed is returned as it is, None above all
            names[f"r{i}"] = output
    returned = [f"r{i}" for i in range(len(outputs))]
    alone = len(outputs) == 1 and entry.captured.back([MISSING]) is MISSING
    names["back"] = entry.captured.back
    looks = ["dtypes._default is not dtype", "Module.changes != guards.changes and not guards.modules_hold()"]
    for i, leaf in enumerate(leaves):
        names |= {f"shape{i}": leaf._value.shape, f"dtype{i}": leaf._value.dtype, f"kind{i}": type(leaf)}
        looks += [f"a{i}.__class__ is not kind{i}", f"a{i}.__dict__"]
        looks.append(f"a{i}._node is {'not ' * (leaf._node is None)}None")
        kinds = [f"v{i}.shape != shape{i}", f"v{i}.dtype is not dtype{i}"]
        if entry.captured.layout:
            names[f"strides{i}"] = leaf._value.strides
            kinds.append(f"v{i}.strides != strides{i}")
        if entry.owners:  # what is written must not show in an argument
            kinds.append(f"id(v{i} if v{i}.base is None else owner(v{i})) in entry.owners")
        looks.append(f"v{i} is not arrays[{i}] and ({' or '.join(kinds)})")  # the array of the last run was looked at
    for i, (holder, name, value) in enumerate(guards.names):
        names[f"value{i}"] = value
        if value is MISSING:
            names[f"holder{i}"], read = holder, f".get({name!r}, MISS)"
        elif isinstance(holder, Attributes) and isinstance(holder.item, CellType):
            cells[f"holder{i}"], read = holder.item, ""
        elif isinstance(holder, Attributes):
            names[f"holder{i}"], read = holder.item, f".{name}"
        else:
            names[f"holder{i}"], read = holder, f"[{name!r}]"
        looks.append(f"holder{i}{read} is not value{i}")
    for i, (now, then) in enumerate(guards.settings):
        names |= {f"now{i}": now, f"then{i}": then}
        looks.append(f"not unchanged(now{i}, then{i})")
    for i, (holds, of_tensors) in enumerate(guards.conditions):
        if not of_tensors:
            names[f"holds{i}"] = holds
            at_once = getattr(holds, "at_once", "False").format(f"holds{i}")
            looks.append(f"not ({at_once} or holds{i}())")
    changing = [*range(count), *settings]
    again = getattr(entry.runnable, "again", None)
    names["again"] = _never if again is None else again(changing)
    arrays = _tuple([f"v{i}" for i in range(count)])
    read = "; ".join([f"v{i} = float(read{i}{_read(sources[i])[1]})" for i in settings])
    inner = _TEXT.format(
        taken=_tuple([f"a{i}" for i in range(count)]), arrays=arrays,
        values=_tuple([f"a{i}._value" for i in range(count)]), grad=switches.grad, inference=switches.inference,
        looks=" or ".join(looks), read=read or "pass",
        keep=f"{_tuple([f'arrays[{i}]' for i in range(count)])} = {arrays}" if count else "pass",
        changing=", ".join([f"v{i}" for i in changing]),
        results="; ".join(results) or "pass", returned=returned[0] if alone else f"back([{', '.join(returned)}])",
        given=", ".join([f"v{i}" if i in changing else f"arrays[{i}]" for i in range(len(sources))]),
    )  # fmt: skip
    free = f"{' = '.join(cells)} = None" if cells else "pass"
    return f"def around():\n    {free}\n{indent(inner, '    ')}    return quick\n"


def _read(source: Any) -> tuple[Any, str]:
    """What a setting is read from, and how: an item of a dict without a call."""
    if isinstance(source, partial) and source.func is getitem:
        return source.args[0], f"[{source.args[1]!r}]"
    return source, "()"


def _tuple(items: list[str]) -> str:
    return f"({''.join(f'{item}, ' for item in items)})"


def _never(*arrays: Any) -> None:
    """A backend all of whose runs are alike has no quicker ones."""
