"""Write the pages into docs/reports: ``python -m demos.reports.hand_rules``."""

from __future__ import annotations

from pathlib import Path

from tinygrad_bp.autograd import terminal

from . import REPORTS, page

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reports"


def main() -> None:
    """Write every page, and say where."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for report in REPORTS:
        path = FOLDER / f"{report}.md"
        path.write_text(page(report), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    terminal.adapt()
    main()
