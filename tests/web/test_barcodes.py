"""Barcodes as a reader sees them: what is drawn is what is read."""

import random
import re
import string

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from views.barcodes import QUIET, TALL, barcode, widths

SIGNS = string.ascii_uppercase + string.digits + "-"


def read(code: str, module: int = 2) -> str:
    """What a reader makes of the drawing, painted from the SVG's own path."""
    svg = str(barcode(code))
    wide = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (wide * module, TALL * 3), 255)
    bars = re.findall(r"M(\d+) 0h(\d+)v", svg.partition('fill="#000"')[2])
    assert bars
    for left, width in bars:
        right = (int(left) + int(width)) * module - 1
        ImageDraw.Draw(picture).rectangle((int(left) * module, 0, right, TALL * 3), fill=0)
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.Code128)
    assert len(found) == 1, code
    return str(found[0].text)


@pytest.mark.parametrize("code", ["V20261121-7K3M9Q", "L-A1-03-02-05-08", "ABCD", "X-0000-0000-0000-0000-00"])
def test_a_code_is_read_back_as_it_is(code: str) -> None:
    assert read(code) == code
    assert read(code, module=1) == code


def test_every_sign_and_many_codes_are_read_back() -> None:
    assert read(SIGNS) == SIGNS
    whole = "".join(chr(n) for n in range(32, 127)).strip()
    assert read(whole) == whole
    chance = random.Random(15417)
    for _ in range(200):
        code = "".join(chance.choices(SIGNS, k=chance.randint(4, 24)))
        assert read(code) == code


def test_the_drawing_keeps_its_quiet_zones_and_names_itself() -> None:
    svg = str(barcode("V20261121-7K3M9Q"))
    assert 'aria-label="条码 V20261121-7K3M9Q"' in svg
    assert f"M{QUIET} 0h2v" in svg
    assert "style=" not in svg
    for wrong in ("", "盒", "A\n"):
        with pytest.raises(ValueError, match="ASCII"):
            widths(wrong)
