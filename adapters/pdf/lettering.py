"""The lettering of a copy: one small TrueType font made for it, holding just the characters that are set in it.

reportlab embeds TrueType outlines only and reads every font whole (a Chinese one takes 90 MB), and the one face that
has every character of a name (Noto CJK) has no such outlines. HarfBuzz reads single glyphs from the file where it lies,
fontTools converts those that need it, and the text stays text that can be searched and copied.
"""

import re
from collections.abc import Iterable
from functools import cache
from io import BytesIO

import pikepdf
import uharfbuzz
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.basePen import BasePen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.pathobject import PDFPathObject

from adapters.imaging.fonts import Face, face, face_for

_PATTERN = "WenQuanYi Zen Hei"
_UNITS = 1000
_UNKNOWN = "〓"
_CUT = "…"
_CODE = re.compile(rb"<([0-9A-Fa-f]{4,6})>")


class Lettering:
    """A font registered with reportlab as `name`, able to set the texts it was made for."""

    name = "eqicha-copy"

    def __init__(self, texts: Iterable[str]) -> None:
        signs = sorted({sign for text in texts for sign in text} | {_CUT, _UNKNOWN, " "})
        drawn = {ord(sign): (sign, found) for sign in signs if (found := face_for(sign, _PATTERN))}
        self._known = frozenset(map(chr, drawn))
        pdfmetrics.registerFont(TTFont(self.name, BytesIO(truetype(self.name, drawn))))

    def spelled(self, text: str) -> str:
        """The text as it can be set: a character no installed font draws becomes 〓."""
        return "".join(sign if sign in self._known else _UNKNOWN for sign in text)

    def fitted(self, text: str, size: float, room: float) -> str:
        """As `spelled`, cut with … where it would be wider than `room` points."""
        text = self.spelled(text)
        if pdfmetrics.stringWidth(text, self.name, size) <= room:
            return text
        while text and pdfmetrics.stringWidth(text + _CUT, self.name, size) > room:
            text = text[:-1]
        return text + _CUT


def outline(path: PDFPathObject, text: str, size: float) -> float:
    """Add the text's outlines to a path, baseline from the origin; returns the advance in points."""
    x = 0.0
    for character in text:
        found = face_for(character, _PATTERN)
        font = _font(found or face(_PATTERN))
        glyph = font.get_nominal_glyph(ord(character if found else _UNKNOWN))
        scale = size / font.face.upem
        font.draw_glyph_with_pen(glyph, TransformPen(_PathPen(path), (scale, 0, 0, scale, x, 0)))
        x += font.get_glyph_h_advance(glyph) * scale
    return x


class _PathPen(BasePen):
    """Draws a glyph into a reportlab path."""

    def __init__(self, path: PDFPathObject) -> None:
        super().__init__()
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


def truetype(name: str, drawn: dict[int, tuple[str, Face]]) -> bytes:
    """A TrueType font that draws at each code point the given character, as the given face does."""
    glyphs, advances = {".notdef": TTGlyphPen(None).glyph()}, {".notdef": _UNITS}
    for code, (character, found) in drawn.items():
        glyphs[f"g{code:x}"], advances[f"g{code:x}"] = _glyph(found, character)
    build = FontBuilder(_UNITS, isTTF=True)
    build.updateHead(created=0, modified=0)
    build.font.recalcTimestamp = False  # the same letters make the same font, whenever
    build.setupGlyphOrder(list(glyphs))
    build.setupCharacterMap({code: f"g{code:x}" for code in drawn})
    build.setupGlyf(glyphs)  # works out where each outline begins and ends
    # the left bearing is where the outline begins: with any other number （ and 。 would be pushed aside
    bearings = {name: getattr(glyph, "xMin", 0) for name, glyph in glyphs.items()}
    build.setupHorizontalMetrics({name: (advance, bearings[name]) for name, advance in advances.items()})
    build.setupHorizontalHeader(ascent=880, descent=-120)
    build.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    build.setupPost()
    build.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    content = BytesIO()
    build.save(content)
    return content.getvalue()


def _glyph(found: Face, character: str) -> tuple[object, int]:
    font = _font(found)
    glyph = font.get_nominal_glyph(ord(character))
    scale = _UNITS / font.face.upem
    pen = TTGlyphPen(None)
    curves = Cu2QuPen(pen, max_err=1.0, reverse_direction="glyf" not in font.face.table_tags)
    font.draw_glyph_with_pen(glyph, TransformPen(curves, (scale, 0, 0, scale, 0, 0)))
    return pen.glyph(), round(font.get_glyph_h_advance(glyph) * scale)


@cache
def _font(found: Face) -> uharfbuzz.Font:
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(found.path), found.index))
