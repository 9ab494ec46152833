"""Installed fonts by fontconfig, with a fallback per character; watermarks and the sample papers use it in children."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from PIL import ImageFont


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file; `ranges` are the code points it draws."""

    path: str
    index: int
    ranges: tuple[tuple[int, int], ...]

    def draws(self, char: str) -> bool:
        return any(low <= ord(char) <= high for low, high in self.ranges)


@cache
def face(pattern: str = "sans-serif:lang=zh-cn") -> Face:
    """The face fontconfig picks for a pattern, `Noto Serif CJK SC:bold`; RuntimeError without fontconfig."""
    line = _fontconfig("fc-match", pattern, "%{file}\t%{index}\t%{charset}")
    path, index, charset = line.split("\t")
    return Face(path, int(index) & 0xFFFF, _ranges(charset))


@cache
def face_for(char: str, pattern: str = "sans-serif:lang=zh-cn") -> Face | None:
    """The face for one character: the pattern's own where it has the glyph, else any installed one, else None."""
    first = face(pattern)
    if first.draws(char) or char.isspace():
        return first
    lines = _fontconfig(
        "fc-list", f":charset={ord(char):x}:scalable=true", "%{file}\t%{index}\t%{charset}\n"
    ).splitlines()
    found = sorted((line.split("\t") for line in lines if line.count("\t") == 2), key=lambda row: "CJK" not in row[0])
    return Face(found[0][0], int(found[0][1]) & 0xFFFF, _ranges(found[0][2])) if found else None


@cache
def font(pattern: str, size: int) -> ImageFont.FreeTypeFont:
    """The pattern's face at `size` pixels, ready for Pillow."""
    chosen = face(pattern)
    return ImageFont.truetype(chosen.path, size, index=chosen.index, layout_engine=ImageFont.Layout.BASIC)


def runs(text: str, pattern: str, size: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The text cut where the font changes; a character no installed font draws becomes 〓."""
    out: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for char in text:
        found = face_for(char, pattern)
        char, found = (char, found) if found else ("〓", face(pattern))
        drawn = font(pattern, size) if found == face(pattern) else _font_of(found, size)
        if out and out[-1][1] is drawn:
            out[-1] = (out[-1][0] + char, drawn)
        else:
            out.append((char, drawn))
    return out


def uncovered(text: str, pattern: str = "sans-serif:lang=zh-cn") -> str:
    """Characters of the text no installed font draws, each once; `eqicha.py check` can report them."""
    return "".join(sorted({char for char in text if face_for(char, pattern) is None}))


@cache
def _font_of(chosen: Face, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(chosen.path, size, index=chosen.index, layout_engine=ImageFont.Layout.BASIC)


def _fontconfig(program: str, pattern: str, layout: str) -> str:
    if not shutil.which(program):
        raise RuntimeError(f"{program} is missing: install Debian's fontconfig and fonts-noto-cjk")
    options = ["-f", layout, pattern]
    return subprocess.run([program, *options], capture_output=True, text=True, check=True, timeout=20).stdout


def _ranges(charset: str) -> tuple[tuple[int, int], ...]:
    pairs = (part.partition("-") for part in charset.split())
    return tuple((int(low, 16), int(high or low, 16)) for low, _, high in pairs)
