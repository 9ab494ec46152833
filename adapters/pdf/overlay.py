"""What is drawn over every page of a copy: strip, QR code, watermark, edge seal; by reportlab, for compose.py."""

from dataclasses import dataclass
from io import BytesIO

import segno
from reportlab import rl_config
from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from adapters.pdf import lettering

A4 = (210 * mm, 297 * mm)
BAND = 34 * mm  # kept free at the foot for strip and QR
MARGIN = 8 * mm

_QR = 25 * mm
_QR_BOX = 28 * mm
_MASK = 3  # any mask is right (ISO/IEC 18004); trying all eight costs more than the rest of the page
_GREY = Color(0.33, 0.36, 0.4)
_INK = Color(0.1, 0.12, 0.15)
_LINE = Color(0.72, 0.13, 0.13)
_WATERMARK = Color(0.25, 0.3, 0.38, alpha=0.13)
_WATERMARK_SIZE = 12.5
_WATERMARK_ROW = 30 * mm
_SEAL = 40 * mm
_SEAL_FORM = "seal"
_SEAM_PAGES = 8  # a seal across the edges spans this many pages at most

rl_config.useA85 = 0  # text encoding of streams would take a minute for a large copy


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One page's own words: size in points, strip lines (first one larger), address in the QR code."""

    size: tuple[float, float]
    lines: tuple[str, ...]
    qr: str


def draw_overlay(sheets: list[Sheet], *, seal_picture: str, title: str) -> bytes:
    """A PDF with one transparent page for each sheet, in order."""
    target = BytesIO()
    canvas = Canvas(target, invariant=1, pageCompression=1, initialFontName="Helvetica")
    canvas.setTitle(title)
    letters = lettering.Lettering(line for sheet in sheets for line in sheet.lines)
    _keep_seal(canvas, seal_picture)
    for place, sheet in enumerate(sheets):
        canvas.setPageSize(sheet.size)
        _strip(canvas, sheet, letters)
        _qr(canvas, sheet)
        _seam(canvas, sheet.size, *seam_part(place, len(sheets)))
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def qr_box(size: tuple[float, float]) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of the white box with the QR code, in points."""
    right, bottom = size[0] - MARGIN, 4.5 * mm
    return right - _QR_BOX, bottom, right, bottom + _QR_BOX


def seam_part(place: int, pages: int) -> tuple[int, int]:
    """(part, parts) of the edge seal on page `place` (from 0); groups are balanced, a lone page has none (0, 0)."""
    if pages < 2:
        return 0, 0
    groups = -(-pages // _SEAM_PAGES)
    smaller, larger = divmod(pages, groups)
    edge = larger * (smaller + 1)
    if place < edge:
        return place % (smaller + 1), smaller + 1
    return (place - edge) % smaller, smaller


def _strip(canvas: Canvas, sheet: Sheet, letters: lettering.Lettering) -> None:
    left, room = 12 * mm, sheet.size[0] - 12 * mm - MARGIN - _QR_BOX - 6 * mm
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.8)
    canvas.line(left, 30.5 * mm, left + room, 30.5 * mm)
    height = 25.2 * mm
    for number, line in enumerate(sheet.lines):
        size = 10.5 if number == 0 else 8
        canvas.setFillColor(_INK if number == 0 else _GREY)
        canvas.setFont(letters.name, size)
        canvas.drawString(left, height, letters.fitted(line, size, room))
        height -= 5.2 * mm if number == 0 else 4.3 * mm


def _qr(canvas: Canvas, sheet: Sheet) -> None:
    """White box at the lower right corner, modules merged to runs so that a page stays small."""
    x, y, _, _ = qr_box(sheet.size)
    canvas.setFillColor(Color(1, 1, 1))
    canvas.rect(x, y, _QR_BOX, _QR_BOX, stroke=0, fill=1)
    matrix = segno.make_qr(sheet.qr, error="l", boost_error=True, mask=_MASK).matrix
    inset, module = (_QR_BOX - _QR) / 2, _QR / len(matrix)
    code = [
        f"{start} {len(matrix) - 1 - row} {length} 1 re"
        for row, line in enumerate(matrix)
        for start, length in _dark_runs(line)
    ]
    canvas.saveState()
    canvas.translate(x + inset, y + inset)
    canvas.scale(module, module)
    canvas.setFillColor(Color(0, 0, 0))
    canvas.drawPath(PDFPathObject(code=code), stroke=0, fill=1)
    canvas.restoreState()


def _dark_runs(line: bytearray) -> list[tuple[int, int]]:
    found, at = [], 0
    while (start := line.find(1, at)) >= 0:
        end = line.find(0, start)
        end = len(line) if end < 0 else end
        found.append((start, end - start))
        at = end
    return found


def draw_watermark(size: tuple[float, float], text: str) -> bytes:
    """A one-page PDF of this size with the text tiled over it, as outlines: it must not mix with the text layer."""
    target = BytesIO()
    canvas = Canvas(target, pagesize=size, invariant=1, pageCompression=1)
    path = canvas.beginPath()
    advance = lettering.outline(path, text, _WATERMARK_SIZE)
    canvas.beginForm("tile", 0, -_WATERMARK_SIZE, advance, _WATERMARK_SIZE * 2)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.endForm()
    canvas.setFillColor(_WATERMARK)
    canvas.translate(size[0] / 2, size[1] / 2)
    canvas.rotate(30)
    for x, y in _tiles(size, advance + 22 * mm):
        canvas.saveState()
        canvas.translate(x, y)
        canvas.doForm("tile")
        canvas.restoreState()
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _tiles(size: tuple[float, float], step: float) -> list[tuple[float, float]]:
    """Where a tile begins, in points about the middle of the page, every second row shifted by half a step."""
    reach = (size[0] ** 2 + size[1] ** 2) ** 0.5 / 2
    rows = range(int(2 * reach / _WATERMARK_ROW) + 1)
    columns = range(int(2 * reach / step) + 2)
    return [
        (-reach - (row % 2) * step / 2 + column * step, -reach + row * _WATERMARK_ROW)
        for row in rows
        for column in columns
    ]


def _keep_seal(canvas: Canvas, picture: str) -> None:
    """The seal once, for all pages: reportlab would take the digest of the picture again for each."""
    canvas.beginForm(_SEAL_FORM, 0, 0, _SEAL, _SEAL)
    canvas.drawImage(ImageReader(picture), 0, 0, _SEAL, _SEAL, mask="auto")
    canvas.endForm()


def _seam(canvas: Canvas, size: tuple[float, float], part: int, parts: int) -> None:
    """This page's slice of the seal, flush with the right edge, half way up."""
    if not parts:
        return
    slice_width, bottom = _SEAL / parts, size[1] / 2 - _SEAL / 2
    canvas.saveState()
    window = canvas.beginPath()
    window.rect(size[0] - slice_width, bottom, slice_width, _SEAL)
    canvas.clipPath(window, stroke=0, fill=0)
    canvas.translate(size[0] - slice_width * (part + 1), bottom)
    canvas.doForm(_SEAL_FORM)
    canvas.restoreState()
