"""Copy the installed front-end packages' own dist files into static/vendor/, which git ignores."""

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copy_assets() -> int:
    """Copy what package.json lists under `eqichaAssets` ({target name: path under node_modules}); returns how many."""
    wanted: dict[str, str] = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["eqichaAssets"]
    target = ROOT / "static" / "vendor"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, source in wanted.items():
        path = ROOT / "node_modules" / source
        if not path.is_file():
            sys.exit(f"{source} is not in node_modules: run 'make setup'")
        shutil.copyfile(path, target / name)
    return len(wanted)


if __name__ == "__main__":
    copy_assets()
