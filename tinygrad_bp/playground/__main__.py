"""``python -m tinygrad_bp.playground out/``: a page in which the package runs without an installation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..autograd.errors import AutogradError
from ..autograd.terminal import adapt
from .folder import write
from .pinned import PACKAGES

ABOUT = """Make a folder with one page: an editor, Run, and what a program prints, draws, replays and explains. Python
runs in the page itself, opened from a web server or from a USB stick: nobody installs anything."""
NOTE = f"""With --pyodide the folder needs no network. {PACKAGES.replace("`", "")} download the files; they may stay
packed. Without it, the page loads them from Pyodide's network and checks each of them. docs/playground.md has more."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    adapt()
    parser = argparse.ArgumentParser("python -m tinygrad_bp.playground", description=ABOUT, epilog=NOTE)
    parser.add_argument("out", type=Path, help="the folder to make")
    parser.add_argument("--pyodide", type=Path, metavar="FOLDER", help="where Pyodide's files are, to be put into it")
    given = parser.parse_args(arguments)
    try:
        sizes = write(given.out, given.pyodide)
    except AutogradError as error:
        print(f"playground: {error}", file=sys.stderr)
        return 2
    print(f"{given.out / 'index.html'}: {sum(sizes.values()) / 1e6:.1f} MB in {len(sizes)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
