"""Pages of a PDF file through PDFium; `probe` calls it inside its guard.

A page that is exactly one JPEG gives that JPEG's own bytes; any other page is rendered, a scan at its own resolution.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageStat

from adapters.imaging import MAX_PIXELS, ScanPage, ScanRefused
from adapters.imaging.frames import DEFAULT_DPI, check_size, lossless

_POINTS = 72
#: A page larger than this as PNG is a photograph; it is kept as JPEG of high quality instead.
_LARGE_PNG = 3 << 20


def pdf_page_count(content: bytes, name: str) -> int:
    with _document(content, name) as document:
        return len(document)


def pdf_pages(content: bytes, name: str, *, first: int, count: int) -> list[ScanPage]:
    """Pages `first` … from 0. Scripts, forms' actions and attachments in the file are never run or followed."""
    with _document(content, name) as document:
        wanted = range(first, min(first + count, len(document)))
        return [_page(document[number], f"{name} 第 {number + 1} 页") for number in wanted]


@contextmanager
def _document(content: bytes, name: str) -> Iterator[pypdfium2.PdfDocument]:
    if b"%%EOF" not in content[-2048:]:
        raise ScanRefused(f"{name} 不完整（PDF 缺少文件结尾），请重新导出后提交")
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        if "password" in str(fault).lower() or "security" in str(fault).lower():
            raise ScanRefused(f"{name} 已加密，请去除密码后重新提交") from None
        raise ScanRefused(f"{name} 不是完整的 PDF，无法打开，请重新导出后提交") from None
    try:
        if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1:
            raise ScanRefused(f"{name} 已加密或带有权限限制，请去除后重新提交")
        document.init_forms()
        yield document
    finally:
        document.close()


def _page(page: pypdfium2.PdfPage, name: str) -> ScanPage:
    try:
        scan = _only_image(page)
        if scan is None:
            return _rendered(page, name, dpi=DEFAULT_DPI, bits=0)
        inch = page.get_width() / _POINTS
        dpi = max(1, round(scan.get_px_size()[0] / inch))
        return _own_jpeg(page, scan, dpi) or _rendered(page, name, dpi=dpi, bits=scan.get_metadata().bits_per_pixel)
    finally:
        page.close()


def _only_image(page: pypdfium2.PdfPage) -> pypdfium2.PdfImage | None:
    """The image, when the page is nothing but one upright image from edge to edge."""
    objects = list(page.get_objects(max_depth=2))
    if len(objects) != 1 or not isinstance(objects[0], pypdfium2.PdfImage):
        return None
    across, down = page.get_width() * 0.01, page.get_height() * 0.01
    shown = objects[0].get_bounds()
    whole = page.get_bbox()
    near = all(abs(a - b) <= max(across, down) for a, b in zip(shown, whole, strict=True))
    a, b, c, d, *_ = objects[0].get_matrix().get()
    return objects[0] if near and a > 0 and d > 0 and b == c == 0 and page.get_rotation() == 0 else None


def _own_jpeg(page: pypdfium2.PdfPage, scan: pypdfium2.PdfImage, dpi: int) -> ScanPage | None:
    """The JPEG inside the page, untouched, unless the page shows it otherwise (inverted, masked, in CMYK)."""
    if scan.get_filters() != ["DCTDecode"]:
        return None
    content = bytes(scan.get_data())
    with Image.open(BytesIO(content), formats=("JPEG",)) as image:
        if image.mode not in {"L", "RGB"} or image.width * image.height > MAX_PIXELS:
            return None
        check_size("页面", *image.size)
        size, own = image.size, image.convert("L").resize((64, 64))
    shown = page.render(scale=128 / page.get_width()).to_pil().convert("L").resize((64, 64))
    if ImageStat.Stat(ImageChops.difference(own, shown)).mean[0] > 12:
        return None
    return ScanPage(content=content, media_type="image/jpeg", width=size[0], height=size[1], dpi=dpi)


def _rendered(page: pypdfium2.PdfPage, name: str, *, dpi: int, bits: int) -> ScanPage:
    """The page as a picture: at the scan's own resolution, or at 200 dpi where that would be too large."""
    inches = (page.get_width() / _POINTS, page.get_height() / _POINTS)
    if dpi > 1200 or inches[0] * inches[1] * dpi * dpi > MAX_PIXELS // 2:
        dpi = DEFAULT_DPI
    check_size(name, round(inches[0] * dpi), round(inches[1] * dpi))
    image = page.render(scale=dpi / _POINTS * (1 - 1e-6)).to_pil().convert("RGB")
    image = _plainest(image, one_bit=bits == 1)
    image.info["dpi"] = (dpi, dpi)
    content, media_type = lossless(image), "image/png"
    if len(content) > _LARGE_PNG:
        out = BytesIO()
        image.save(out, "JPEG", quality=92, subsampling=0, dpi=(dpi, dpi))
        content, media_type = out.getvalue(), "image/jpeg"
    return ScanPage(content=content, media_type=media_type, width=image.width, height=image.height, dpi=dpi)


def _plainest(image: Image.Image, *, one_bit: bool) -> Image.Image:
    """Grey where there is no colour, black and white where the scan was."""
    red, green, blue = image.split()
    spreads = [ImageChops.difference(a, b).getextrema()[1] for a, b in ((red, green), (green, blue))]
    if any(isinstance(spread, tuple) or spread > 8 for spread in spreads):
        return image
    return image.convert("L").point(lambda value: 255 if value >= 128 else 0, "1") if one_bit else image.convert("L")
