"""A file a visitor sends with an answer: what it is, and one page as a picture. Runs in the `intake` pool only."""

from adapters.imaging import ScanRefused
from adapters.imaging.probe import file_kind, page_count, probe
from adapters.imaging.render import render

#: Kinds taken, by the file's own first bytes.
TYPES = {"PDF": "application/pdf", "JPEG": "image/jpeg"}
MOST_PAGES = 30


def check_answer(content: bytes, name: str) -> tuple[str, int]:
    """(media type, pages). Every page is decoded once, so that a reviewer can read it. Raises ScanRefused."""
    kind = file_kind(content, name)
    if kind not in TYPES:
        raise ScanRefused(f"{name} 的内容是 {kind}，这里只接收 PDF 和 JPEG，请转换格式后重新提交")
    pages = page_count(content, name)
    if pages > MOST_PAGES:
        raise ScanRefused(f"{name} 有 {pages} 页，最多 {MOST_PAGES} 页，请只提交需要的页")
    for number in range(pages):
        probe(content, name, first=number, count=1)
    return TYPES[kind], pages


def answer_page(content: bytes, number: int) -> bytes:
    """Page `number` (from 1) as a JPEG for the screen; the file itself never reaches a browser. Raises ScanRefused."""
    found = probe(content, "文件", first=number - 1, count=1)
    if not found:
        raise ScanRefused("文件没有这一页")
    return render(found[0].content).view
