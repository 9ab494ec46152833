"""`make bench`: run every benchmark (or those named), each in a process of its own, one after the other."""

import subprocess
import sys
from pathlib import Path

BENCHES = ("search", "pages", "images", "copy", "numbers", "office")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    worst = 0
    for name in names or BENCHES:
        print(f"\n== {name}", flush=True)
        worst = max(
            worst, subprocess.call([sys.executable, "-m", f"bench.{name}"], cwd=Path(__file__).resolve().parent.parent)
        )
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
