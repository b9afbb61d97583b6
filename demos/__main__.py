"""Run the reports on the engine: print their figures beside ours and draw the pictures."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_bp.drawing.program import DotNotFoundError

from . import r2

# A report is a module: its docstring says what it repeats, its run(seed, quick, out) does it.
REPORTS = {"r2": r2}
EXTRAS = ("matplotlib", "tqdm")


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def seed(text: str) -> int:
    """An integer from 0, as the generators of random numbers want it."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {number}")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run the reports that were asked for; the result is the exit code."""
    about = "\n".join(f"  {name}    {(module.__doc__ or '').splitlines()[0]}" for name, module in REPORTS.items())
    parser = Parser(
        prog="python -m demos", description=__doc__, epilog=f"reports:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("report", nargs="?", choices=REPORTS, help="one report (default: all of them)")
    parser.add_argument(
        "--quick", action="store_true", help="one seed instead of five: the whole table in a few seconds"
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="the first seed (default 0)")
    parser.add_argument(
        "--out", type=Path, default=Path("demos/out"), metavar="DIR", help="where pictures go (default demos/out)"
    )
    options = parser.parse_args(arguments)

    missing = [name for name in EXTRAS if find_spec(name) is None]
    if missing:
        return failed(f'{" and ".join(missing)} missing: pip install "tinygrad_bp[demos]"')
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name in [options.report] if options.report else REPORTS:
            REPORTS[name].run(options.seed, options.quick, options.out)
    except (OSError, DotNotFoundError) as error:
        return failed(error)
    return 0


def failed(reason: Any) -> int:
    """Print one line on stderr; the result is the exit code."""
    print(f"python -m demos: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
