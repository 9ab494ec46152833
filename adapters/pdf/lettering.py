"""TrueType fonts for drawing on copies: the main face, and one made on the spot for characters it lacks.

reportlab embeds TrueType outlines only, and the one face that has every character of a name (Noto CJK) has none. The
missing characters are therefore converted to TrueType by fontTools, so they stay text that can be searched and copied.
"""

import re
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.basePen import BasePen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as Outlines
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.pathobject import PDFPathObject

from adapters.imaging.fonts import Face, face, face_for

MAIN = "eqicha-main"
_PATTERN = "WenQuanYi Zen Hei"
_UNITS = 1000
_UNKNOWN = "〓"
_CODE = re.compile(rb"<([0-9A-Fa-f]{4,6})>")


def runs(text: str) -> list[tuple[str, str]]:
    """The text as (part, registered font name), cut where the font changes."""
    out: list[tuple[str, str]] = []
    for character in text:
        character, name = _lettered(character)
        if out and out[-1][1] == name:
            out[-1] = (out[-1][0] + character, name)
        else:
            out.append((character, name))
    return out


@cache
def _lettered(character: str) -> tuple[str, str]:
    """The character as it will be drawn and the font that draws it."""
    if _main_face().draws(character) or character.isspace():
        return character, MAIN
    other = face_for(character, _PATTERN)
    return (character, _converted(character, other)) if other else (_UNKNOWN, MAIN)


def width(text: str, size: float) -> float:
    """Points the text takes at `size` points."""
    return sum(pdfmetrics.stringWidth(part, name, size) for part, name in runs(text))


def shorten(text: str, size: float, room: float) -> str:
    """The text, cut with … where it would be wider than `room` points."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def outline(path: PDFPathObject, text: str, size: float) -> float:
    """Add the text's outlines to a path, baseline from the origin; returns the advance in points."""
    x = 0.0
    for character in text:
        found = _main_face() if _lettered(character)[1] == MAIN else face_for(character, _PATTERN) or _main_face()
        outlines = _outlines(found.path, found.index)
        names, glyphs = outlines.getBestCmap(), outlines.getGlyphSet()
        drawn = glyphs[names.get(ord(character)) or names[ord(_UNKNOWN)]]
        scale = size / outlines["head"].unitsPerEm
        drawn.draw(TransformPen(_PathPen(glyphs, path), (scale, 0, 0, scale, x, 0)))
        x += drawn.width * scale
    return x


class _PathPen(BasePen):
    """Draws a glyph into a reportlab path."""

    def __init__(self, glyphs: Any, path: PDFPathObject) -> None:
        super().__init__(glyphs)
        self._path = path

    def _moveTo(self, to: tuple[float, float]) -> None:
        self._path.moveTo(*to)

    def _lineTo(self, to: tuple[float, float]) -> None:
        self._path.lineTo(*to)

    def _curveToOne(self, one: tuple[float, float], two: tuple[float, float], to: tuple[float, float]) -> None:
        self._path.curveTo(*one, *two, *to)

    def _closePath(self) -> None:
        self._path.close()


def mend_text_layer(pdf: pikepdf.Pdf, stand_ins: dict[str, str] | None = None) -> None:
    """Spell characters beyond U+FFFF in ToUnicode maps as UTF-16, which reportlab does not.

    `stand_ins` maps characters that were set in place of others to those.
    """
    known = {_utf16(stand_in): _utf16(meant) for stand_in, meant in (stand_ins or {}).items()}
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font" and "/ToUnicode" in item:
            stream = item.ToUnicode
            stream.write(_CODE.sub(lambda found: b"<" + _respelled(found[1], known) + b">", stream.read_bytes()))


def _respelled(code: bytes, known: dict[bytes, bytes]) -> bytes:
    return _utf16(chr(int(code, 16))) if len(code) > 4 else known.get(code.upper(), code)


def _utf16(character: str) -> bytes:
    return character.encode("utf-16-be").hex().upper().encode()


@cache
def _main_face() -> Face:
    found = face(_PATTERN)
    try:
        pdfmetrics.registerFont(TTFont(MAIN, found.path, subfontIndex=found.index))
    except TTFError:
        raise RuntimeError("no TrueType face for Chinese: install Debian's fonts-wqy-zenhei") from None
    return found


@cache
def _converted(character: str, found: Face) -> str:
    """Registers a TrueType font holding this one character and returns its name."""
    name = f"eqicha-u{ord(character):x}"
    pdfmetrics.registerFont(TTFont(name, BytesIO(truetype(name, {ord(character): (character, found)}))))
    return name


def truetype(name: str, drawn: dict[int, tuple[str, Face]]) -> bytes:
    """A TrueType font that draws at each code point the given character, as the given face does."""
    glyphs, metrics = {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (_UNITS, 0)}
    for code, (character, found) in drawn.items():
        glyphs[f"g{code:x}"], advance = _glyph(_outlines(found.path, found.index), character)
        metrics[f"g{code:x}"] = (advance, 0)
    build = FontBuilder(_UNITS, isTTF=True)
    build.setupGlyphOrder(list(glyphs))
    build.setupCharacterMap({code: f"g{code:x}" for code in drawn})
    build.setupGlyf(glyphs)
    build.setupHorizontalMetrics(metrics)
    build.setupHorizontalHeader(ascent=880, descent=-120)
    build.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    build.setupPost()
    build.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    content = BytesIO()
    build.save(content)
    return content.getvalue()


def _glyph(outlines: Outlines, character: str) -> tuple[object, int]:
    glyphs = outlines.getGlyphSet()
    drawn = glyphs[outlines.getBestCmap()[ord(character)]]
    scale = _UNITS / outlines["head"].unitsPerEm
    pen = TTGlyphPen(None)
    curves = Cu2QuPen(pen, max_err=1.0, reverse_direction="glyf" not in outlines)
    drawn.draw(TransformPen(curves, (scale, 0, 0, scale, 0, 0)))
    return pen.glyph(), round(drawn.width * scale)


@cache
def _outlines(path: str, index: int) -> Outlines:
    number = index if path.endswith((".ttc", ".otc")) else -1
    return Outlines(path, fontNumber=number, lazy=True)
