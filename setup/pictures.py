"""`make pictures`: the README's pictures, made from what the browser journeys saw.

Runs the journey at three sizes and the working days of our people, then shrinks the screenshots and the first page of
the copy into docs/pictures.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SEEN = ROOT / "tests" / "browser" / "output"
TARGET = ROOT / "docs" / "pictures"
#: Name in docs/pictures → screenshot of the journey, width in pixels.
PICTURES = {
    "pc-home": ("pc-1-home", 1000),
    "pc-dossier": ("pc-4-dossier", 1000),
    "pc-viewer": ("pc-5-viewer", 1000),
    "phone-company": ("phone-3-company", 390),
    "phone-order": ("phone-7-ready", 390),
    "kiosk-home": ("kiosk-1-home", 540),
    "kiosk-results": ("kiosk-2-results", 540),
    "verify": ("pc-10-verified", 1000),
    "copy-certificate": ("copy-01", 700),
    "copy-page": ("copy-02", 700),
    "staff-numbers": ("staff-numbers", 1000),
    "staff-review": ("staff-review", 1000),
    "gov-dossier": ("gov-dossier", 390),
}


def main() -> int:
    tests = ["tests/browser/test_journey.py", "tests/browser/test_roles.py"]
    wanted = "from_a_name or reviewer_asks or court_looks or (manager_reads and pc)"
    journey = [*tests, "-p", "no:pytest_tornado", "-k", wanted]
    code = subprocess.call([sys.executable, "-m", "pytest", *journey], cwd=ROOT)
    if code:
        return code
    pages = ["pdftoppm", "-r", "110", "-l", "2", "-png", str(SEEN / "copy.pdf"), str(SEEN / "page")]
    subprocess.run(pages, check=True)
    for number, page in enumerate(sorted(SEEN.glob("page-*.png")), start=1):
        page.replace(SEEN / f"copy-0{number}.png")
    TARGET.mkdir(exist_ok=True)
    for name, (seen, width) in PICTURES.items():
        shrink(SEEN / f"{seen}.png", TARGET / f"{name}.png", width)
    return 0


def shrink(source: Path, target: Path, width: int) -> None:
    """A smaller picture with a palette of its own; pages have few colours, so nothing is lost to the eye."""
    with Image.open(source) as picture:
        height = round(picture.height * width / picture.width)
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    small.quantize(192, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
