"""A paper being written: headings, paragraphs, tables and signatures flow over A4 pages at 200 dpi; `texts` fill it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from adapters.imaging.fonts import runs

WIDTH, HEIGHT, DPI = 1654, 2339, 200
LEFT, RIGHT, TOP, BOTTOM = 210, 1654 - 190, 210, 2339 - 220
SERIF, BOLD, SANS = "Noto Serif CJK SC", "Noto Serif CJK SC:bold", "Noto Sans CJK SC"
#: May not begin a line.
_CLOSING = "，。、；：！？）》」』〉”’%"
BODY = 31


@dataclass(slots=True)
class Mark:
    """Something in colour laid over a page after the ink: a stamp or a signature, centred at (x, y) pixels."""

    kind: str  # "stamp" | "square" | "signature" | "portrait"
    text: str
    x: int
    y: int


@dataclass(slots=True)
class PageInk:
    """One page: black ink on white (mode L) and the marks over it."""

    ink: Image.Image
    marks: list[Mark] = field(default_factory=list)


class Sheet:
    """Write from top to bottom; a new page begins when one is full."""

    def __init__(self, *, footer: str) -> None:
        self.footer = footer
        self.pages: list[PageInk] = []
        self.new_page()

    def new_page(self) -> None:
        self.pages.append(PageInk(Image.new("L", (WIDTH, HEIGHT), 255)))
        self.draw = ImageDraw.Draw(self.pages[-1].ink)
        self.y = TOP
        self.text_at((RIGHT - 330, 92), "样例 · 虚构材料", SANS, 28, 110)
        self.draw.rectangle((RIGHT - 346, 84, RIGHT - 90, 136), outline=110, width=3)
        self.text_at((LEFT, HEIGHT - 128), self.footer, SANS, 22, 110)
        self.text_at((RIGHT - 90, HEIGHT - 128), f"第 {len(self.pages)} 页", SANS, 22, 90)

    def gap(self, pixels: int) -> None:
        self.y += pixels

    def title(self, text: str, size: int = 58) -> None:
        for line in wrap(text, BOLD, size, RIGHT - LEFT - 60):
            self._room(size * 2)
            left = (LEFT + RIGHT - length(line, BOLD, size)) / 2
            self.text_at((left, self.y), line, BOLD, size, 20)
            self.y += int(size * 1.6)
        self.y += size // 2

    def heading(self, text: str) -> None:
        self._room(130)
        self.y += 24
        left = (LEFT + RIGHT - length(text, BOLD, 36)) / 2
        self.text_at((left, self.y), text, BOLD, 36, 20)
        self.y += 74

    def para(self, text: str, *, indent: int = 2, size: int = BODY, pattern: str = SERIF) -> None:
        first = "　" * indent
        for line in wrap(first + text, pattern, size, RIGHT - LEFT):
            self._room(int(size * 1.8))
            self.text_at((LEFT, self.y), line, pattern, size, 30)
            self.y += int(size * 1.8)
        self.y += 8

    def right(self, text: str, *, size: int = BODY) -> None:
        self._room(size * 2)
        self.text_at((RIGHT - 60 - length(text, SERIF, size), self.y), text, SERIF, size, 30)
        self.y += int(size * 1.9)

    def table(
        self, rows: Sequence[tuple[str, ...]], shares: tuple[int, ...], *, size: int = 28, least: int = 66
    ) -> None:
        """Ruled rows; `shares` are relative column widths. The first column is set in bold."""
        unit = (RIGHT - LEFT) / sum(shares)
        edges = [LEFT + round(unit * sum(shares[:n])) for n in range(len(shares) + 1)]
        for row in rows:
            cells = [
                wrap(cell, BOLD if n == 0 else SERIF, size, edges[n + 1] - edges[n] - 30) for n, cell in enumerate(row)
            ]
            height = max(least, max(len(lines) for lines in cells) * int(size * 1.55) + 26)
            self._room(height)
            for n, lines in enumerate(cells):
                self._cell((edges[n], self.y, edges[n + 1], self.y + height), lines, BOLD if n == 0 else SERIF, size)
            self.y += height
        self.y += 24

    def boxes(self, labels: list[str], ticked: int) -> None:
        """A line of tick boxes, one ticked."""
        self._room(70)
        left = LEFT + 20
        for n, label in enumerate(labels):
            self.draw.rectangle((left, self.y + 6, left + 28, self.y + 34), outline=30, width=3)
            if n == ticked:
                self.draw.line((left + 4, self.y + 20, left + 12, self.y + 30, left + 32, self.y - 4), fill=20, width=5)
            self.text_at((left + 44, self.y), label, SERIF, 28, 30)
            left += 80 + int(length(label, SERIF, 28))
        self.y += 66

    def sign(self, label: str, name: str, *, stamp: str = "", when: str = "") -> None:
        """A line for a signature, signed; with a stamp over it where a body signs."""
        self._room(290 if stamp else 150)
        self.y += 30
        self.text_at((LEFT + 560, self.y), label, SERIF, 30, 30)
        x = int(LEFT + 590 + length(label, SERIF, 30))
        if label:
            self.draw.line((x, self.y + 44, RIGHT - 40, self.y + 44), fill=60, width=2)
        if name:
            self.mark("signature", name, x + 150, self.y + 14)
        if stamp:
            self.mark("stamp", stamp, RIGHT - 260, self.y + 90)
        self.y += 74
        if when:
            self.text_at((LEFT + 700, self.y + 10), when, SERIF, 30, 30)
            self.y += 60
        self.y += 110 if stamp else 0

    def sign_owner(self, label: str, name: str) -> None:
        """A shareholder's line: a person signs, a body stamps."""
        if len(name) <= 4:
            self.sign(label, name)
        else:
            self.sign(label, "", stamp=name)

    def mark(self, kind: str, text: str, x: int, y: int) -> None:
        self.pages[-1].marks.append(Mark(kind, text, x, y))

    def _room(self, height: int) -> None:
        if self.y + height > BOTTOM:
            self.new_page()

    def _cell(self, box: tuple[int, int, int, int], lines: list[str], pattern: str, size: int) -> None:
        self.draw.rectangle(box, outline=40, width=2)
        top = (box[1] + box[3]) / 2 - len(lines) * size * 0.775
        for line in lines:
            left = box[0] + 15
            if pattern == BOLD:
                left = int((box[0] + box[2] - length(line, pattern, size)) / 2)
            self.text_at((left, top), line, pattern, size, 30)
            top += size * 1.55

    def text_at(self, at: tuple[float, float], text: str, pattern: str, size: int, ink: int) -> None:
        """One line at a place of its own; `ink` 0 is black."""
        left, top = at
        for part, font in _runs(text, pattern, size):
            self.draw.text((left, top), part, font=font, fill=ink)
            left += font.getlength(part)


def wrap(text: str, pattern: str, size: int, width: float) -> list[str]:
    """Lines no wider than `width` pixels; a line does not begin with closing punctuation."""
    lines, line, used = [], "", 0.0
    for char in text:
        if char == "\n":
            lines.append(line)
            line, used = "", 0.0
            continue
        step = _advance(char, pattern, size)
        if used + step > width and line and char not in _CLOSING:
            lines.append(line)
            line, used = "", 0.0
        line, used = line + char, used + step
    return [*lines, line]


def length(text: str, pattern: str, size: int) -> float:
    """Width of the text in pixels."""
    return sum(_advance(char, pattern, size) for char in text)


@cache
def _advance(char: str, pattern: str, size: int) -> float:
    return sum(font.getlength(part) for part, font in _runs(char, pattern, size))


@cache
def _runs(text: str, pattern: str, size: int) -> tuple[tuple[str, ImageFont.FreeTypeFont], ...]:
    return tuple(runs(text, pattern, size))
