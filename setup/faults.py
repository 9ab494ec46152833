"""`make faults`: every counterpart × every fault against a service of its own; prints and keeps the table."""

import sys
import tempfile
from pathlib import Path

from tests.matrix import (
    SETTINGS,
    Cell,
    Part,
    licences,
    messaging,
    platform_sealing,
    receipts,
    sealing,
    signing_in,
    table,
)
from tests.matrix_entries import arriving, following
from tests.trial import TrialSet

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "faults.md"
ABOUT = """# Faults of the counterparts

Made by `make faults` (tests/matrix.py); `make test` holds the same cells. A whole service runs against the sandbox;
each fault is switched on, a visitor does what needs that counterpart, the fault is switched off. *Longest wait* is
the slowest answer the visitor had from us meanwhile (measured in this run; promised: 3 s); *right* means answered in
plain words, nothing lost, nothing doubled at the receiving side.
"""
PARTS: dict[str, Part] = {
    "signing in": signing_in,
    "entries of both apps": arriving,
    "progress told to the portal": following,
    "licences of lawyers": licences,
    "time-stamps": lambda trial: sealing(trial, "tsa"),
    "messages and ratings": lambda trial: messaging(trial, ["sms", "sms2", "mail", "rating"]),
    "receipts": receipts,
    "e-seal platform": platform_sealing,
}


def main() -> int:
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory() as folder:
        trial = TrialSet(Path(folder), sms2_provider="textline", **SETTINGS)
        try:
            trial.up(companies=12, dossiers=2)
            for number, (name, part) in enumerate(PARTS.items(), start=1):
                print(f"[{number}/{len(PARTS)}] {name} …", file=sys.stderr, flush=True)
                cells += part(trial)
        finally:
            trial.down()
    TARGET.write_text(f"{ABOUT}\n{table(cells)}\n", encoding="utf-8")
    wrong = [cell for cell in cells if cell.wrong]
    print(table(cells))
    print(f"{len(cells)} cells, {len(wrong)} wrong; kept in docs/faults.md")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
