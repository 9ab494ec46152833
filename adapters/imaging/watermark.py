"""A visitor's watermark burned into a page image on the server; the viewer's image route runs it in the workshop."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

from adapters.imaging import MAX_PIXELS
from adapters.imaging.fonts import runs

PATTERN = "sans-serif:lang=zh-cn"
#: Slate grey at about a quarter: plain to see on white paper, and black print reads through it.
_INK = (70, 90, 120)
_STRENGTH = 62
_ANGLE = 28
_QUALITY = 82


def watermark(content: bytes, lines: tuple[str, ...], *, quality: int = _QUALITY) -> bytes:
    """The JPEG `content` with `lines` (name, purpose, time …) tiled across it at a slant; same size."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(BytesIO(content), formats=("JPEG",)) as opened:
        page: Image.Image = opened if opened.mode in {"L", "RGB"} else opened.convert("RGB")
        page.load()
        ink = _INK if page.mode == "RGB" else sum(_INK) // 3
        page.paste(ink, (0, 0), _layer(page.size, tuple(lines)))
        out = BytesIO()
        page.save(out, "JPEG", quality=quality)
    return out.getvalue()


@lru_cache(maxsize=24)
def _layer(size: tuple[int, int], lines: tuple[str, ...]) -> Image.Image:
    """Where the ink goes, and how much, over a page of `size` pixels; kept per child, as a visitor turns many pages."""
    tile = _tile(lines, max(11, round(min(size) / 46)))
    layer = Image.new("L", size, 0)
    across, down = int(tile.width * 1.04), int(tile.height * 1.02)
    for row, top in enumerate(range(-down // 3, size[1], down)):
        for left in range(-across // 2 if row % 2 else -across // 8, size[0], across):
            layer.paste(tile, (left, top))
    return layer


def _tile(lines: tuple[str, ...], size: int) -> Image.Image:
    drawn = [runs(line, PATTERN, size) for line in lines]
    widths = [sum(font.getlength(text) for text, font in line) for line in drawn]
    block = Image.new("L", (int(max(widths, default=1)) + size, int(len(lines) * size * 1.5) + size), 0)
    draw = ImageDraw.Draw(block)
    for row, line in enumerate(drawn):
        left = size / 2 + (max(widths) - widths[row]) / 2
        for text, font in line:
            draw.text((left, row * size * 1.5 + size / 2), text, font=font, fill=_STRENGTH)
            left += font.getlength(text)
    return block.rotate(_ANGLE, Image.Resampling.BICUBIC, expand=True)
