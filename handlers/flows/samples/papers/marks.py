"""Round red stamps, signatures and stand-in portraits; `scanner` lays them over a page."""

import math
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from adapters.imaging.fonts import font, runs

_SANS = "Noto Sans CJK SC:bold"
_SIGNING = "AR PL UMing CN"
STAMP_RED, SIGNING_BLUE, PORTRAIT_GREY = (198, 26, 32), (26, 34, 86), (120, 124, 130)
_STAMP = 330  # 42 mm at 200 dpi


@lru_cache(maxsize=64)
def stamp(text: str) -> Image.Image:
    """Where the red of a round stamp goes (mode L): ring, star, the name along the ring, 样例 below."""
    scale = 2
    side = _STAMP * scale
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((8, 8, side - 8, side - 8), outline=225, width=13)
    _star(draw, side / 2, side / 2, side * 0.14)
    size = 62 if len(text) <= 14 else 52 if len(text) <= 18 else 44
    span = min(250, 20 * len(text))
    for place, char in enumerate(text):
        angle = -span / 2 + span * place / max(1, len(text) - 1)
        glyph = Image.new("L", (size * 2, size * 2), 0)
        part, face = runs(char, _SANS, size)[0]
        ImageDraw.Draw(glyph).text((size, size), part, font=face, fill=225, anchor="mm")
        turned = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        radius = side / 2 - size * 0.95
        x = side / 2 + radius * math.sin(math.radians(angle)) - size
        y = side / 2 - radius * math.cos(math.radians(angle)) - size
        mask.paste(turned, (round(x), round(y)), turned)
    draw.text((side / 2, side * 0.76), "样　例", font=font(_SANS, 54), fill=225, anchor="mm")
    small = mask.resize((_STAMP, _STAMP), Image.Resampling.LANCZOS)
    grains = Image.frombytes("L", (110, 110), Random(text).randbytes(110 * 110))
    worn = grains.resize(small.size, Image.Resampling.BICUBIC).point(lambda value: min(255, value // 2 + 130))
    return ImageChops.multiply(small, worn)


@lru_cache(maxsize=64)
def signature(name: str) -> Image.Image:
    """Where the ink of a signature goes (mode L): the name leaning, with a stroke drawn through."""
    random = Random(name)
    size = 74
    mask = Image.new("L", (size * (len(name) + 1), size * 2), 0)
    draw = ImageDraw.Draw(mask)
    left = size // 3
    for part, face in runs(name, _SIGNING, size):
        for char in part:
            draw.text((left, size // 3 + random.randrange(-8, 9)), char, font=face, fill=230, stroke_width=1)
            left += int(size * random.uniform(0.72, 0.9))
    points = [(size // 3 + step * left / 9, size * 1.25 + random.uniform(-16, 16)) for step in range(9)]
    draw.line(points, fill=200, width=3, joint="curve")
    lean = Image.Transform.AFFINE
    return mask.transform(mask.size, lean, (1, 0.25, -size * 0.2, 0.05, 1, 0), Image.Resampling.BICUBIC)


@lru_cache(maxsize=1)
def portrait() -> Image.Image:
    """A featureless head and shoulders, for the place of a photograph on copies of papers."""
    mask = Image.new("L", (230, 290), 60)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((70, 50, 160, 160), fill=200)
    draw.pieslice((20, 175, 210, 420), 180, 360, fill=200)
    draw.text((115, 262), "样例", font=font(_SANS, 40), fill=20, anchor="mm")
    return mask


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = math.radians(corner * 36)
        points.append((x + reach * math.sin(angle), y - reach * math.cos(angle)))
    draw.polygon(points, fill=225)
