"""Run the reports on the engine: print their figures beside ours and draw the pictures.

Without a report: the quick form of all five, and one table that sums them up. With one: its full form. The exit code
is 0 where every report ran, 1 where one could not, 2 for wrong arguments.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import tinygrad_bp as tg
from tinygrad_bp.autograd import terminal
from tinygrad_bp.autograd.errors import DataFileError
from tinygrad_bp.drawing.program import DotNotFoundError

from .reports import r1, r2, r3, r4, r5
from .reports.r1 import together
from .reports.summary import Line, summary
from .reports.table import Page

# A report is a module: its docstring says what it repeats, its run(seed, quick, out, data) does it, and its FULL_FORM
# says how long the full form takes on two cores.
REPORTS = {"r1": r1, "r2": r2, "r3": r3, "r4": r4, "r5": r5}
DOWNLOADS: dict[str, Callable[..., Any]] = {"r1": tg.data.mnist, "r5": tg.data.cifar10}
EXTRAS = ("matplotlib", "tqdm")


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave with 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def seed(text: str) -> int:
    """An integer of 32 bits: the generators of random numbers tell no more seeds apart."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"must be from 0 to {2**32 - 1}, got {number}")
    return number


def parser() -> Parser:
    """The command line."""
    about = "\n".join(
        f"  {name}    {(module.__doc__ or '').splitlines()[0]}\n        Full form: {module.FULL_FORM}."
        for name, module in REPORTS.items()
    )
    result = Parser(
        prog="python -m demos", description=__doc__, epilog=f"reports (times on two cores):\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    result.add_argument("report", nargs="?", choices=REPORTS, help="one report (default: the quick form of all)")
    result.add_argument(
        "--distributed", action="store_true",
        help="of r1: train its best setting on all processes that mpiexec -n N has started",
    )  # fmt: skip
    result.add_argument("--quick", action="store_true", help="fewer seeds, epochs or images, as the output says")
    result.add_argument("--seed", type=seed, default=0, metavar="N", help="the first seed (default 0)")
    result.add_argument(
        "--data", type=Path, metavar="DIR",
        help="where MNIST, CIFAR-10 and EMG lie (default: $TINYGRAD_BP_DATA, else the digits of the package stand in)",
    )  # fmt: skip
    result.add_argument("--download", action="store_true", help="fetch MNIST and CIFAR-10 into that folder first")
    result.add_argument(
        "--out", type=Path, default=Path("demos/out"), metavar="DIR", help="where pictures go (default demos/out)"
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the reports that were asked for; the result is the exit code."""
    options = parser().parse_args(arguments)
    if options.distributed:
        if options.report != "r1":
            parser().error("--distributed is for r1: python -m demos r1 --distributed")
        try:
            tg.distributed.init()
        except (ModuleNotFoundError, tg.distributed.DistError) as error:
            return failed(error)
        if tg.distributed.rank:
            sys.stdout = io.StringIO()  # rank 0 alone prints
    missing = [name for name in EXTRAS if find_spec(name) is None]
    if missing:
        return failed(f'{" and ".join(missing)} missing: pip install "tinygrad_bp[demos]"')
    names = [options.report] if options.report else list(REPORTS)
    lines: list[Line] = []
    gone: list[str] = []
    start = time.perf_counter()
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        if not os.access(options.out, os.W_OK):  # said now, not after minutes of training
            return failed(f"{options.out}: cannot be written; give another folder with --out")
        if options.download:
            for name in names:
                if name in DOWNLOADS:
                    for split in ("train", "test"):
                        DOWNLOADS[name](options.data, split, download=True)
        for name in names:
            try:
                lines += report(name, options)
            except (FileNotFoundError, DataFileError) as error:
                if options.report:
                    raise
                gone.append(f"{name.upper()} did not run: {error}")
                print(gone[-1], file=sys.stderr)
    except (OSError, DataFileError, DotNotFoundError) as error:
        return failed(error)
    if not options.report:
        print(f"\nAll reports, quick form ({time.perf_counter() - start:.0f} s)\n")
        print(summary(lines))
    return failed("; ".join(gone)) if gone else 0


def report(name: str, options: argparse.Namespace) -> list[Line]:
    """Run one report. Its errors of data speak of the command line's options."""
    quick = options.quick or not options.report
    if not quick:
        print(f"{name.upper()}, full form: takes {REPORTS[name].FULL_FORM} on two cores; --quick does less.\n")
    start = time.perf_counter()
    try:
        run = together.run if options.distributed else REPORTS[name].run
        lines = run(options.seed, quick, options.out, options.data)
    except (FileNotFoundError, DataFileError) as error:
        where = "; here: --data DIR, or --download" if isinstance(error, FileNotFoundError) else ""
        raise type(error)(f"{error}{where}") from None
    print(f"\n{name.upper()}, {'quick' if quick else 'full'} form: {time.perf_counter() - start:.0f} s\n")
    return lines


def failed(reason: Any) -> int:
    """Print one line on stderr; the result is the exit code."""
    print(f"python -m demos: {reason}", file=sys.stderr)
    return 1


def interrupted(*_: Any) -> NoReturn:
    """End the program on Ctrl-C. A KeyboardInterrupt would only end one training: ``fit`` returns what it has."""
    print("\npython -m demos: interrupted", file=sys.stderr)
    sys.exit(130)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in the background keeps ignoring it
        signal.signal(signal.SIGINT, interrupted)
    terminal.adapt()
    Page.fit()
    sys.stdout.reconfigure(line_buffering=True)  # a pipe or a file shows each line when it is there
    sys.exit(main())
