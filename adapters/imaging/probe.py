"""A stranger's file → its pages, or a refusal that says what to do. Runs in the workshop's `intake` pool only."""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from PIL import Image, ImageFile

from adapters.imaging import FORMATS, MAX_FILE_BYTES, MAX_PAGES, MAX_PIXELS, ScanPage, ScanRefused
from adapters.imaging.frames import frame_count, image_pages
from adapters.imaging.pdf_pages import pdf_page_count, pdf_pages

T = TypeVar("T")

#: Content decides what a file is, never its name (first bytes → kind).
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_NAMED = {
    b"GIF8": "GIF",
    b"PK\x03\x04": "ZIP",
    b"BM": "BMP",
    b"RIFF": "WebP",
    b"\xd0\xcf\x11\xe0": "Office",
    b"MZ": "程序",
}


def probe(content: bytes, name: str, *, first: int = 0, count: int = MAX_PAGES) -> list[ScanPage]:
    """Pages `first` … `first + count` (from 0) of JPEG, PNG, TIFF or PDF bytes; `name` only appears in reasons.

    Raises ScanRefused. JPEG, PNG and single-page TIFF bytes come back untouched, as does a PDF page that is one JPEG.
    """
    if file_kind(content, name) == "PDF":
        return _guarded(name, lambda: pdf_pages(content, name, first=first, count=count))
    return _guarded(name, lambda: image_pages(content, name, first=first, count=count))


def page_count(content: bytes, name: str) -> int:
    """How many pages the file has; refuses as `probe` does, before any page is decoded."""
    if file_kind(content, name) == "PDF":
        pages = _guarded(name, lambda: pdf_page_count(content, name))
    else:
        pages = _guarded(name, lambda: _frame_count(content))
    if pages > MAX_PAGES:
        raise ScanRefused(f"{name} 有 {pages} 页，超过 {MAX_PAGES} 页的上限，请拆分后重新提交")
    if pages == 0:
        raise ScanRefused(f"{name} 中没有任何页面，请检查后重新提交")
    return pages


def file_kind(content: bytes, name: str) -> str:
    """JPEG, PNG, TIFF or PDF by the first bytes; refuses everything else, empty and oversized files included."""
    if not content:
        raise ScanRefused(f"{name} 是空文件，请重新扫描后提交")
    if len(content) > MAX_FILE_BYTES:
        raise ScanRefused(f"{name} 大于 {MAX_FILE_BYTES >> 20} MB，请拆分后重新提交")
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    if b"%PDF-" in content[:1024]:
        return "PDF"
    found = next((kind for signature, kind in _NAMED.items() if content.startswith(signature)), "")
    what = f"的内容是 {found}" if found else "的内容无法识别"
    raise ScanRefused(f"{name} {what}，只接收 JPEG、PNG、TIFF、PDF，请转换格式后重新提交")


def _frame_count(content: bytes) -> int:
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        return frame_count(image)


def _guarded(name: str, work: Callable[[], T]) -> T:
    """Whatever a decoder stumbles over becomes a refusal; its warnings about bombs count as faults."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, loaded in the same children, switches it on for all
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return work()
    except (ScanRefused, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ScanRefused(f"{name} 像素超过 {MAX_PIXELS // 1_000_000} 百万的上限，请降低分辨率后重新扫描") from None
    except Exception:
        raise ScanRefused(f"{name} 已损坏或不完整，无法读取，请重新扫描后提交") from None
