"""An official letter handed in as PDF or JPEG → its pages as JPEGs. Runs in the workshop's `intake` pool only."""

from adapters.imaging import ScanRefused
from adapters.imaging.probe import file_kind, page_count, probe
from adapters.imaging.render import render

LARGEST = 10 << 20
MOST_PAGES = 20


def letter_pages(content: bytes, name: str) -> tuple[str, list[bytes]]:
    """(media type, pages as JPEG for the screen). Raises ScanRefused with one sentence that says what to do.

    Content decides what the file is. Nobody is ever sent the file itself, only pictures made here.
    """
    if len(content) > LARGEST:
        raise ScanRefused(f"{name}大于 {LARGEST >> 20} MB，请降低分辨率后重新扫描")
    kind = file_kind(content, name)
    if kind not in ("PDF", "JPEG"):
        raise ScanRefused(f"{name}只接收 PDF 或 JPEG 扫描件，请转换格式后重新提交")
    if (pages := page_count(content, name)) > MOST_PAGES:
        raise ScanRefused(f"{name}有 {pages} 页，最多 {MOST_PAGES} 页")
    views = [render(page.content).view for page in probe(content, name)]
    return ("application/pdf" if kind == "PDF" else "image/jpeg"), views
