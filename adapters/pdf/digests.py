"""A digest for each page of a copy, taken from its objects, so that an altered page can be named.

Called after sealing (to store the digests) and by verification, there in a child of its own: the file is a stranger's.
"""

import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pikepdf

COPY_KEY = "/EqichaCopy"

_NUMBER = re.compile(r"[A-Z0-9-]{8,30}", re.ASCII)
_MOST_PAGES = 2000
_DEEPEST = 40
#: Left out: the way back to page and form, and the seal's value, which holds the signature itself.
_SKIPPED = frozenset({"/P", "/Parent", "/V", "/StructParents", "/StructParent"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PageDigests:
    """What a file says of itself: the copy number in its description ("" when none) and a digest for each page."""

    copy_no: str
    pages: tuple[str, ...]


def page_digests(pdf: bytes) -> PageDigests:
    """Digests of all pages; raises pikepdf.PdfError or ValueError when the file cannot be read as a PDF."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        if len(opened.pages) > _MOST_PAGES:
            raise ValueError("too many pages")
        number = str(opened.docinfo.get(COPY_KEY, ""))
        known: dict[tuple[int, int], bytes] = {}
        pages = tuple(_digest(page.obj, known, 0).hex() for page in opened.pages)
    return PageDigests(copy_no=number if _NUMBER.fullmatch(number) else "", pages=pages)


def _digest(item: Any, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    mark = item.objgen if isinstance(item, pikepdf.Object) and item.is_indirect else (0, 0)
    if mark != (0, 0) and mark in known:
        return known[mark]
    if mark != (0, 0):
        known[mark] = b"open"  # a ring refers to itself by this
    found = hashlib.sha256(_spelled(item, known, depth)).digest()
    if mark != (0, 0):
        known[mark] = found
    return found


def _spelled(item: Any, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    if isinstance(item, pikepdf.Stream):
        raw = item.read_raw_bytes()
        return b"stream" + _entries(item, known, depth) + hashlib.sha256(raw).digest()
    if isinstance(item, pikepdf.Dictionary):
        return b"dict" + _entries(item, known, depth)
    if isinstance(item, pikepdf.Array):
        return b"array" + b"".join(_digest(part, known, depth + 1) for part in item)
    if isinstance(item, pikepdf.Object):
        return b"value" + item.unparse()
    return b"plain" + repr(item).encode()


def _entries(item: Any, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    names = sorted(name for name in _keys(item) if name not in _SKIPPED and name != "/Length")
    return b"".join(name.encode() + b"\0" + _digest(item[name], known, depth + 1) for name in names)


def _keys(item: Any) -> list[str]:
    return list(item.keys())  # of a stream's dictionary; iterating a pikepdf stream itself is refused
