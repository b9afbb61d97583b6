"""The quick way into a program: what a call costs where nothing happened since the last one.

No write, no recorded op, no gradient set: the clock of ``writes`` tells. Then the tensors from outside are as they
were, and only the arguments, the mode and what ``Guards`` remembers are looked at. The function is generated for one
program, unrolled over its arguments, as the frames of ops are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..autograd.dtypes import get_default_dtype
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, blank
from ..autograd.writes import tick
from .guards import MISSING

if TYPE_CHECKING:
    from .entry import Entry

Quick = Callable[[tuple[Any, ...]], Any]


def quick(entry: Entry, leaves: Sequence[Any]) -> Quick | None:
    """The program as a function of a tuple of tensors, which gives MISSING where a slower look is needed.

    It reads ``entry.arrays``, those of the last run. None where arguments or results are more than tensors one by one,
    or where gradients are left.
    """
    captured, count = entry.captured, len(leaves)
    if captured.sources[:count] != tuple(range(count)) or any(grad.output is not None for grad in captured.grads):
        return None
    if captured.itself != (None,) or captured.back([MISSING]) is not MISSING:
        return None
    if not all(isinstance(leaf, Tensor) for leaf in leaves):
        return None
    names: dict[str, Any] = {
        "entry": entry,
        "run": getattr(entry.runnable, "run", entry.runnable),
        "others": entry.guards.others_hold,
        "MISS": MISSING,
    }
    names |= {"mode": mode, "default": get_default_dtype, "tick": tick, "blank": blank}
    exec(compile(_source(entry, leaves, names), "<tinygrad_bp>", "exec"), names)
    made: Quick = names["quick"]
    return made


def _source(entry: Entry, leaves: Sequence[Any], names: dict[str, Any]) -> str:
    """The text of the function; what it reads besides is put into ``names``."""
    switches = mode()
    names["dtype"] = get_default_dtype()
    looks = [f"switches.grad is not {switches.grad}", f"switches.inference is not {switches.inference}"]
    looks += ["switches.watchers", "default() is not dtype"]
    lines = ["def quick(args):", "    try:"]
    values = []
    for i, leaf in enumerate(leaves):
        names[f"shape{i}"], names[f"dtype{i}"] = leaf._value.shape, leaf._value.dtype
        values.append(f"v{i}")
        looks += [f"v{i}.shape != shape{i}", f"v{i}.dtype is not dtype{i}"]
        looks.append(f"a{i}._node is {'not ' * (leaf._node is None)}None")
    lines.append(f"        {''.join(f'a{i}, ' for i in range(len(leaves)))}= args" if leaves else "        () = args")
    lines += [f"        v{i} = a{i}._value" for i in range(len(leaves))]
    lines += ["    except (AttributeError, ValueError):", "        return MISS", "    switches = mode()"]
    for i, source in enumerate(entry.captured.sources[len(leaves) :], len(leaves)):
        names[f"read{i}"] = source
        values.append(f"arrays[{i}]" if hasattr(entry.arrays[i], "dtype") else f"float(read{i}())")
    for i, (holder, name, value) in enumerate(entry.guards.names):
        names[f"holder{i}"], names[f"value{i}"] = holder, value
        looks.append(f"holder{i}.get({name!r}, MISS) is not value{i}")
    for i, (cell, value) in enumerate(entry.guards.cells):
        names[f"cell{i}"], names[f"held{i}"] = cell, value
        looks.append(f"cell{i}.cell_contents is not held{i}")
    looks.append("not others()")
    lines += [f"    if {' or '.join(looks)}:", "        return MISS", "    moment = tick()"]
    lines += ["    if moment != entry.moment + 1:", "        if not entry.look_again(args):", "            return MISS"]
    lines += ["        moment = tick()", "    entry.moment = moment", "    arrays = entry.arrays"]
    lines.append(f"    found, *_ = run({', '.join(values)})")
    lines += ["    result = blank()", "    result._value = found", "    result._node = None", "    return result"]
    return "\n".join(lines)
