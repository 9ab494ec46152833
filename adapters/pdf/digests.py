"""What can be read out of a copy's file: its number, a digest of each page, the page claims, the embedded scans.

Called through adapters/pdf/jobs.py: after sealing (to store the digests) and by verification.
"""

import hashlib
import re
from io import BytesIO
from operator import itemgetter
from typing import Any

import pikepdf

from adapters.pdf.facts import FileFacts, PageFacts

COPY_KEY = "/EqichaCopy"

_NUMBER = re.compile(r"[A-Z0-9-]{8,30}", re.ASCII)
_NUMBER_IN_RAW = re.compile(rb"(?:THC|ZWP)\d{8}-[2-9A-Z]{6}")
_MOST_PAGES = 2000
_MOST_LINKS = 20
_DEEPEST = 40
_SMALL = 4096  # bytes; unpacked, these are at most some megabytes
_PACKING = frozenset({"/Filter", "/DecodeParms"})
#: Left out: the way back to page and form, and the seal's value, which holds the signature itself.
_SKIPPED = frozenset({"/P", "/Parent", "/V", "/StructParents", "/StructParent", "/Length"})


def read_copy(pdf: bytes) -> FileFacts:
    """All of it; raises pikepdf.PdfError or ValueError when the file cannot be read as a PDF."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        if len(opened.pages) > _MOST_PAGES:
            raise ValueError("too many pages")
        number = str(opened.docinfo.get(COPY_KEY, ""))
        known: dict[tuple[int, int], bytes] = {}
        pages = tuple(
            PageFacts(digest=_digest(page.obj, known, 0).hex(), links=_links(page), jpegs=_jpegs(page.obj, known=set()))
            for page in opened.pages
        )
    return FileFacts(copy_no=number if _NUMBER.fullmatch(number) else "", pages=pages)


def read_claimed_copy(pdf: bytes) -> FileFacts:
    """As `read_copy`, but a file that cannot be read is still searched for a copy number in its raw bytes."""
    try:
        return read_copy(pdf)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = _NUMBER_IN_RAW.search(pdf)
        return FileFacts(copy_no=found[0].decode() if found else "", pages=())


def _links(page: pikepdf.Page) -> tuple[str, ...]:
    notes = page.obj.get("/Annots", pikepdf.Array())
    actions = [note.get("/A") for note in list(notes)[:_MOST_LINKS] if isinstance(note, pikepdf.Dictionary)]
    return tuple(str(action.URI) for action in actions if isinstance(action, pikepdf.Dictionary) and "/URI" in action)


def _jpegs(item: Any, *, known: set[tuple[int, int]], depth: int = 0) -> tuple[str, ...]:
    """Digests of the JPEG streams among a page's pictures, forms within forms included."""
    if depth > 4:
        return ()
    resources = item.get("/Resources")
    pictures = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    found: list[str] = []
    for _, picture in sorted(pictures.items(), key=itemgetter(0)) if isinstance(pictures, pikepdf.Dictionary) else []:
        if not isinstance(picture, pikepdf.Stream) or picture.objgen in known:
            continue
        known.add(picture.objgen)
        if picture.get("/Filter") in ("/DCTDecode", pikepdf.Array([pikepdf.Name.DCTDecode])):
            found.append(hashlib.sha256(picture.read_raw_bytes()).hexdigest())
        found += _jpegs(picture, known=known, depth=depth + 1)
    return tuple(found)


def _digest(item: Any, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    mark = item.objgen if isinstance(item, pikepdf.Object) and item.is_indirect else (0, 0)
    if mark == (0, 0):
        return hashlib.sha256(_spelled(item, known, depth)).digest()
    if mark not in known:
        known[mark] = b"open"  # a ring refers to itself by this
        known[mark] = hashlib.sha256(_spelled(item, known, depth)).digest()
    return known[mark]


def _spelled(item: Any, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    if isinstance(item, pikepdf.Stream):
        return b"stream" + _streamed(item, known, depth)
    if isinstance(item, pikepdf.Dictionary):
        return b"dict" + _entries(item, known, depth)
    if isinstance(item, pikepdf.Array):
        return b"array" + b"".join(_digest(part, known, depth + 1) for part in item)
    if isinstance(item, pikepdf.Object):
        return b"value" + item.unparse()
    return b"plain" + repr(item).encode()


def _streamed(item: pikepdf.Stream, known: dict[tuple[int, int], bytes], depth: int) -> bytes:
    """As stored; but a small stream as it reads, since programs pack and unpack those when they save a file again."""
    raw = item.read_raw_bytes()
    if len(raw) <= _SMALL and item.get("/Filter") in (None, pikepdf.Name.FlateDecode):
        return _entries(item, known, depth, but=_PACKING) + hashlib.sha256(item.read_bytes()).digest()
    return _entries(item, known, depth) + hashlib.sha256(raw).digest()


def _entries(item: Any, known: dict[tuple[int, int], bytes], depth: int, *, but: frozenset[str] = frozenset()) -> bytes:
    names = sorted(set(item.keys()) - _SKIPPED - but)
    return b"".join(name.encode() + b"\0" + _digest(item[name], known, depth + 1) for name in names)
