"""``python -m tinygrad_bp.check homework.py``: is every backward in it the derivative of its forward?"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from ..autograd.terminal import adapt
from .runner import Limits, Report, files, reports
from .spec import Spec, SpecError
from .table import many, one

ABOUT = """Check a homework as it was handed in: find each forward with its backward in a Python file or notebook, run
both on inputs drawn for them, and say whether the backward is the derivative of the forward and, if not, what is wrong.
Over a folder: a row for each file."""
CODES = """Ends with 0 where all that was checked is right, 1 where something is wrong, 2 where nothing could be checked
or the command was not understood. The limits catch accidents; they are no sandbox: run no file that you would not run
yourself. docs/homework.md has more, the fields of --json among it."""
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size(text: str) -> int:
    """A size in bytes.

    >>> size("1GiB"), size("512M")
    (1073741824, 536870912)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)(i?B)?", text.strip(), re.IGNORECASE)
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512MiB or 1GiB")
    return int(float(match[1]) * UNITS[match[2].upper()])


def seconds(text: str) -> float:
    """A positive number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write a number of seconds, 20 say")
    return number


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of files; write 1 or more")
    return int(text)


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command was given."""
    parser = argparse.ArgumentParser("python -m tinygrad_bp.check", description=ABOUT, epilog=CODES)
    parser.add_argument("path", type=Path, help="a .py file, a notebook, or a folder of them")
    parser.add_argument("--spec", default="", help="shapes and values, in TOML or a Python file with CHECK = {...}")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--time", type=seconds, default=20.0, metavar="S", help="seconds for one file (20)")
    parser.add_argument("--memory", type=size, default=1 << 30, metavar="SIZE", help="memory for one file (1GiB)")
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="files at a time (1)")
    return parser.parse_args(arguments)


def code(found: list[Report]) -> int:
    """The exit status."""
    verdicts = {report.verdict for report in found}
    return 1 if "wrong" in verdicts else 0 if "right" in verdicts else 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    adapt()
    given = parsed(arguments)
    try:
        Spec.read(given.spec)
    except SpecError as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    if not given.path.exists():
        print(f"check: {given.path} is not there", file=sys.stderr)
        return 2
    folder = given.path.is_dir()
    paths = [p for p in files(given.path) if not given.spec or p.resolve() != Path(given.spec).resolve()]
    if not paths:
        print(f"check: {given.path} holds no .py files and no notebooks", file=sys.stderr)
        return 2
    limits = Limits(given.time, given.memory, str(Path(given.spec).resolve()) if given.spec else "")
    found: list[Report] = []

    def kept() -> Iterator[Report]:
        for report in reports(paths, limits, given.jobs):
            found.append(report)
            yield report

    try:
        if given.json:
            done = list(kept())
            root = given.path if folder else None
            said = {"version": 1, "files": [r.as_dict(root) for r in done]}
            print(json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False), flush=True)
        elif folder:
            for line in many(kept(), [path.relative_to(given.path).as_posix() for path in paths]):
                print(line, flush=True)
        else:
            for report in kept():
                print(one(report), flush=True)
    except BrokenPipeError:  # whoever reads, `| head` say, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        return 128 + 13  # as a shell says it of SIGPIPE
    except KeyboardInterrupt:
        print("check: interrupted", file=sys.stderr)
        return 130
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
