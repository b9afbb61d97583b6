"""Many small questions as one test: beside a test of its own most of them take no time.

Each is asked as if it were a test, whatever becomes of the others; a failure names all that failed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import tinygrad_bp as tg


def start_afresh() -> None:
    """The dtype and the random numbers that a test begins with."""
    tg.set_default_dtype(tg.float32)
    tg.manual_seed(0)


def of_op(op: Any, *_: Any) -> str:
    """Questions about one op belong together."""
    return op.name


def together(names: Sequence[str], cases: Sequence[Any], of: Callable[..., str] = of_op) -> Callable[[Any], Any]:
    """Like ``parametrize``, with one test for all cases (``pytest.param``, with an id) that are ``of`` the same."""
    groups: dict[str, list[Any]] = {}
    for case in cases:
        groups.setdefault(of(*case.values), []).append(case)

    def decorated(test: Any) -> Any:
        @functools.wraps(test)
        def each(group: str, **others: Any) -> None:
            failed, skipped = [], []
            for case in groups[group]:
                start_afresh()
                try:
                    test(**dict(zip(names, case.values, strict=True)), **others)
                except pytest.skip.Exception as reason:
                    skipped.append(str(reason))
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"This is {case.id}.")
                    failed.append((case.id, error))
            if failed:
                raise BaseExceptionGroup(
                    f"{len(failed)} of {len(groups[group])}: {', '.join(name for name, _ in failed)}",
                    [error for _, error in failed],
                )
            if len(skipped) == len(groups[group]):
                pytest.skip(skipped[0])

        kept = [p for p in inspect.signature(test).parameters.values() if p.name not in names]
        own = inspect.Parameter("group", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        each.__signature__ = inspect.Signature([own, *kept])  # by which pytest knows what to give
        return pytest.mark.parametrize("group", groups)(each)

    return decorated
