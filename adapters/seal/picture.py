"""Draws the seal picture: red circle of 40 mm, star, name round the edge; used when no picture file is set.

Production brings its own picture (EQICHA_SEAL_PICTURE_FILE). What is drawn here carries a small 样例.
"""

import math
import os
import secrets
import subprocess
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from conf.settings import Settings

DPI = 600
SIZE_MM = 40
RED = (230, 0, 18)  # #E60012

_OVER = 2  # drawn larger and scaled down, for smooth edges
_FONT = "Noto Serif CJK SC:bold"


def seal_picture(settings: Settings) -> Path:
    """Path of the PNG with the seal; drawn under var/dev/ when the deployment sets none."""
    if settings.seal_picture_file != Path(""):
        return settings.seal_picture_file
    path = settings.var_dir / "dev" / "seal.png"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".seal-{os.getpid()}-{secrets.token_hex(4)}.png")
        draw_seal(settings.seal_name, sample=True).save(draft, dpi=(DPI, DPI), optimize=True)
        draft.replace(path)
    return path


def draw_seal(name: str, *, sample: bool) -> Image.Image:
    """RGBA picture of 40 mm at 600 dpi. A name ending in …专用章 has that part set straight below the star."""
    size = round(SIZE_MM / 25.4 * DPI) * _OVER
    picture = Image.new("L", (size, size), 0)  # ink density; colour is added at the end
    draw = ImageDraw.Draw(picture)
    rim = round(size * 0.03)
    draw.ellipse((rim // 2, rim // 2, size - 1 - rim // 2, size - 1 - rim // 2), outline=255, width=rim)
    _star(draw, centre=(size / 2, size * 0.47), radius=size * 0.15)
    arc, bottom = _split(name)
    _arc(picture, arc, radius=size * 0.385)
    if bottom:
        _line(picture, bottom, y=size * 0.735, height=size * 0.088, width=size * 0.52)
    if sample:
        _line(picture, "样例", y=size * 0.865, height=size * 0.055, width=size * 0.2)
    ink = picture.resize((size // _OVER, size // _OVER), Image.Resampling.LANCZOS)
    ink = ink.point(lambda density: density * 225 // 255)  # ink lets the paper through a little
    sealed = Image.new("RGBA", ink.size, (*RED, 0))
    sealed.putalpha(ink)
    return sealed


def _split(name: str) -> tuple[str, str]:
    cut = name.find("档案查询专用章") if "档案查询专用章" in name else name.find("专用章")
    return (name[:cut], name[cut:]) if cut > 0 else (name, "")


def _star(draw: ImageDraw.ImageDraw, *, centre: tuple[float, float], radius: float) -> None:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for step in range(10):
        reach = radius if step % 2 == 0 else inner
        angle = math.radians(-90 + step * 36)
        points.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    draw.polygon(points, fill=255)


def _arc(picture: Image.Image, text: str, *, radius: float) -> None:
    """Characters upright to the centre, spread over the upper arc."""
    sweep = min(250.0, 24.0 * len(text))
    height = min(picture.width * 0.115, math.radians(sweep) * radius / max(len(text), 1) * 0.98)
    font = _font(round(height))
    for place, character in enumerate(text):
        share = (place + 0.5) / len(text) - 0.5
        angle = sweep * share
        tile = _tile(character, font, squeeze=0.82)
        turned = tile.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        x = picture.width / 2 + radius * math.sin(math.radians(angle))
        y = picture.height / 2 - radius * math.cos(math.radians(angle))
        picture.paste(255, (round(x - turned.width / 2), round(y - turned.height / 2)), turned)


def _line(picture: Image.Image, text: str, *, y: float, height: float, width: float) -> None:
    font = _font(round(height))
    tile = _tile(text, font, squeeze=min(1.0, width / max(font.getlength(text), 1)))
    picture.paste(255, (round(picture.width / 2 - tile.width / 2), round(y - tile.height / 2)), tile)


def _tile(text: str, font: ImageFont.FreeTypeFont, *, squeeze: float) -> Image.Image:
    """The text alone, narrowed as seal scripts are."""
    box = font.getbbox(text, anchor="ls")
    height = round(font.size * 1.2)
    tile = Image.new("L", (round(box[2]) + 2, height), 0)
    ImageDraw.Draw(tile).text((0, height * 0.82), text, font=font, fill=255, anchor="ls")
    return tile.resize((max(1, round(tile.width * squeeze)), height), Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    path, index = _font_file()
    return ImageFont.truetype(path, size, index=index)


@cache
def _font_file() -> tuple[str, int]:
    """Where the system keeps the font; fontconfig knows."""
    found = subprocess.run(
        ["fc-match", "-f", "%{file}\t%{index}", _FONT], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    path, _, index = found.partition("\t")
    return path, int(index or 0) & 0xFFFF
