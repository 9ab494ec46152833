"""Inked pages → what a scanner would have made of them: tinted or grey paper, skew, noise, shadows, JPEG at 200 dpi."""

from functools import lru_cache
from io import BytesIO
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from handlers.flows.samples.papers import marks
from handlers.flows.samples.papers.sheet import DPI, HEIGHT, WIDTH, PageInk

#: Paper tints, oldest first.
_TINTS = ((243, 236, 218), (247, 243, 232), (249, 248, 243), (252, 251, 249))
_INK = (36, 35, 38)


def scan(page: PageInk, *, seed: str, colour: bool) -> bytes:
    """JPEG of the page as scanned; the same for the same seed."""
    random = Random(seed)
    angle = random.uniform(-0.75, 0.75)
    ink = page.ink.rotate(angle, Image.Resampling.BILINEAR, fillcolor=255, translate=_drift(random))
    strength = ImageChops.invert(ink)
    image = _paper(random.randrange(len(_TINTS)), colour).copy()
    image.paste(_INK if colour else 38, (0, 0), strength)
    for mark in page.marks:
        _lay(image, mark.kind, mark.text, (mark.x, mark.y), angle=angle, random=random)
    _shadow(image, random)
    out = BytesIO()
    image.save(out, "JPEG", quality=random.choice((60, 64, 68)), dpi=(DPI, DPI))
    return out.getvalue()


def _lay(image: Image.Image, kind: str, text: str, at: tuple[int, int], *, angle: float, random: Random) -> None:
    if kind == "stamp":
        mask, ink = marks.stamp(text).rotate(angle + random.uniform(-9, 9), Image.Resampling.BILINEAR), marks.STAMP_RED
    elif kind == "signature":
        mask, ink = marks.signature(text).rotate(random.uniform(-2, 4), Image.Resampling.BILINEAR), marks.SIGNING_BLUE
    else:
        mask, ink = marks.portrait(), marks.PORTRAIT_GREY
    left, top = at[0] - mask.width // 2 + random.randrange(-12, 13), at[1] - mask.height // 2 + random.randrange(-8, 9)
    fill: tuple[int, int, int] | int = ink if image.mode == "RGB" else round(sum(ink) / 3)
    image.paste(fill, (left, top), mask)


@lru_cache(maxsize=8)
def _paper(tint: int, colour: bool) -> Image.Image:
    """Empty paper of one tint with grain and slow unevenness, made once a child."""
    grain = noise((WIDTH // 2, HEIGHT // 2), tint).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    slow = noise((8, 11), tint + 100).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain, slow = grain.point(lambda value: value // 26 + 122), slow.point(lambda value: value // 28 + 124)
    texture = ImageChops.add(grain, slow, 1, 0)
    plates = [ImageChops.multiply(texture, Image.new("L", texture.size, min(255, plate + 6))) for plate in _TINTS[tint]]
    return Image.merge("RGB", plates) if colour else plates[1]


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    """Even noise (mode L), the same for the same seed."""
    return Image.frombytes("L", size, Random(seed).randbytes(size[0] * size[1]))


def _shadow(image: Image.Image, random: Random) -> None:
    """What the lid and the binding leave: a dark edge, two punched holes, specks of dust."""
    draw = ImageDraw.Draw(image)
    dark: tuple[int, int, int] | int = (150, 146, 140) if image.mode == "RGB" else 146
    if random.random() < 0.6:
        side = random.randrange(4, 16)
        edge = Image.new("L", (side, HEIGHT), 150).filter(ImageFilter.BoxBlur(3))
        image.paste(dark, (0 if random.random() < 0.5 else WIDTH - side, 0), edge)
    if random.random() < 0.5:
        for y in (HEIGHT // 2 - 315, HEIGHT // 2 + 315):
            draw.ellipse((62, y, 102, y + 40), fill=dark)
    for _ in range(random.randrange(6, 24)):
        x, y = random.randrange(WIDTH), random.randrange(HEIGHT)
        draw.ellipse((x, y, x + random.randrange(1, 4), y + random.randrange(1, 4)), fill=dark)


def _drift(random: Random) -> tuple[int, int]:
    return random.randrange(-14, 15), random.randrange(-14, 15)
