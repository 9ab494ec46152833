"""Whether a sealed file is the file we sent and a seal, nothing else; in a child process, for remote.py (jobs.py).

A signature only says that nothing was changed after it. That the signer changed nothing before it is found here: our
bytes stand unchanged at the beginning, and the update behind them, up to the end of what the seal signs, alters no
object of ours but the three a seal has to touch: the catalogue (form, permissions), the file's description (who wrote
it last, and when) and the pages that carry a mark. What follows the seal is examined by inspecting.py.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from pyhanko.pdf_utils.reader import PdfFileReader

from adapters.seal.inspecting import inspect_pdf
from adapters.seal.jobs import SealExpected, SealFound
from adapters.seal.positions import Mark, marks

TOLERANCE = 1.0  # points; some platforms round to whole ones
_CATALOGUE_GAINS = frozenset({"/AcroForm", "/Perms", "/DSS", "/Extensions", "/Version"})
_FORM_KEYS = frozenset({"/Fields", "/SigFlags", "/DR", "/DA"})
_INFO_GAINS = frozenset({"/Producer", "/ModDate"})
#: A mark shows a picture and does nothing.
_MARK_KEYS = frozenset(
    {"/Type", "/Subtype", "/Rect", "/P", "/F", "/AP", "/FT", "/T", "/TU", "/V", "/Ff", "/MK", "/Lock", "/SV", "/Name",
     "/NM", "/Contents", "/M"}
)  # fmt: skip


def check_sealed(original: bytes, sealed: bytes, expected: SealExpected) -> SealFound:
    """The seal found, or in `fault` the first reason why these bytes are not `original` with the expected seal."""
    if not sealed.startswith(original):
        return SealFound(fault="it does not begin with the document we sent", kind="document")
    found = inspect_pdf(sealed, expected.roots)
    if not (found.sealed and found.intact and found.trusted and found.whole_file):
        return SealFound(fault=found.problem or "the seal is not valid", kind="seal")
    if found.fingerprint != expected.certificate:
        return SealFound(fault="sealed by another certificate than the register's", kind="certificate")
    try:
        change = next(_changes(original, _as_sealed(sealed), expected), "")
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        return SealFound(fault=f"cannot be compared ({type(fault).__name__})", kind="document")
    return SealFound(fault=change, kind="document") if change else SealFound(check=found)


def _as_sealed(sealed: bytes) -> bytes:
    """The file up to the end of what the seal signs: the revision the signer vouches for."""
    seal = PdfFileReader(BytesIO(sealed), strict=True).embedded_regular_signatures[0]
    start, length, resume, rest = (int(number) for number in seal.byte_range)
    if start != 0 or resume <= length:
        raise ValueError("byte range")
    return sealed[: resume + rest]


def _changes(original: bytes, signed: bytes, expected: SealExpected) -> Iterator[str]:
    """Every change but the seal itself, in words."""
    with pikepdf.open(BytesIO(original)) as old, pikepdf.open(BytesIO(signed)) as new:
        pages: dict[Any, int] = {page.objgen: number for number, page in enumerate(old.pages)}
        if old.Root.objgen != new.Root.objgen or [page.objgen for page in new.pages] != list(pages):
            yield "the pages are not ours, or in another order"
            return
        yield from _object_faults(old, new, pages)
        shown: list[tuple[int, Any]] = []
        for number, (was, now) in enumerate(zip(old.pages, new.pages, strict=True)):
            before, after = _notes(was.obj), _notes(now.obj)
            if [_spelled(note) for note in before] != [_spelled(note) for note in after[: len(before)]]:
                yield f"the links of page {number + 1} were changed"
            shown += [(number, note) for note in after[len(before) :]]
        yield from _mark_faults(shown, marks(expected.place, pages=len(pages)), new)


def _object_faults(old: Pdf, new: Pdf, pages: dict[Any, int]) -> Iterator[str]:
    info = old.trailer.get("/Info")
    lists = {page.obj.Annots.objgen for page in old.pages if "/Annots" in page.obj and page.obj.Annots.is_indirect}
    for was in old.objects:
        place, now = was.objgen, new.get_object(was.objgen)
        if _written(was) == _written(now) or place in lists or _is_packing(was):
            continue
        if place == old.Root.objgen:
            yield from _catalogue_faults(was, now)
        elif info is not None and place == info.objgen:
            yield from _other_keys(was, now, _INFO_GAINS, "the file's description")
        elif place in pages:
            yield from _other_keys(was, now, frozenset({"/Annots"}), f"page {pages[place] + 1}")
        else:
            yield f"object {place[0]} of ours was changed"


def _catalogue_faults(old: Any, new: Any) -> Iterator[str]:
    yield from _other_keys(old, new, _CATALOGUE_GAINS, "the catalogue")
    if "/AcroForm" in old or "/Perms" in old:
        yield "our document had a form of its own"
        return
    form, permissions = new.get("/AcroForm", Dictionary()), new.get("/Perms", Dictionary())
    if set(form.keys()) - _FORM_KEYS or len(form.get("/Fields", Array())) != 1:
        yield "the form holds more than the seal"
    if set(permissions.keys()) - {"/DocMDP"}:
        yield "it carries other permissions than the seal's"


def _other_keys(old: Any, new: Any, free: frozenset[str], what: str) -> Iterator[str]:
    """Keys outside `free` that were added, taken away or changed."""
    if not isinstance(new, Dictionary):
        yield f"{what} is gone"
        return
    for key in sorted(set(old.keys()) | set(new.keys())):
        if key not in free and (key not in old or key not in new or _spelled(old[key]) != _spelled(new[key])):
            yield f"{what} was changed ({key})"


def _mark_faults(shown: list[tuple[int, Any]], wanted: Sequence[Mark], new: Pdf) -> Iterator[str]:
    """The notes added to pages are pictures, one of them the seal's field, and stand where the seal was asked for."""
    fields = [note for _, note in shown if note.get("/Subtype") == Name.Widget]
    form = new.Root.get("/AcroForm", Dictionary()).get("/Fields", Array())
    if [_spelled(field) for field in form] != [_spelled(note) for note in fields]:
        yield "the seal is not the one field shown"
    for _, note in shown:
        if note.get("/Subtype") not in (Name.Widget, Name.Stamp) or set(note.keys()) - _MARK_KEYS:
            yield "something else than a seal was put on a page"
            return
    left = list(wanted)
    for number, note in shown:
        fitting = next((mark for mark in left if _fits(mark, number, note.Rect, new)), None)
        if fitting is None:
            yield f"a seal stands on page {number + 1} where none was asked for"
            return
        left.remove(fitting)
    if left:
        yield f"the seal is missing in {len(left)} of {len(wanted)} places"


def _fits(mark: Mark, number: int, rect: Any, new: Pdf) -> bool:
    left, bottom, right, top = (float(side) for side in rect)
    page = [float(side) for side in new.pages[number].mediabox]
    inside = page[0] - 1 <= left < right <= page[2] + 1 and page[1] - 1 <= bottom < top <= page[3] + 1
    wanted = (mark.left, mark.bottom, mark.width, mark.height)
    found = (left, bottom, right - left, top - bottom)
    return (
        inside
        and mark.page in (None, number)
        and all(want is None or abs(want - is_) <= TOLERANCE for want, is_ in zip(wanted, found, strict=True))
    )


def _notes(page: Any) -> list[Any]:
    notes = page.get("/Annots", Array())
    return list(notes) if isinstance(notes, Array) else []


def _written(thing: Any) -> tuple[bytes, bytes]:
    """An object as it is spelled, references left as they are, and its stream as it is packed."""
    if isinstance(thing, Stream):
        return thing.stream_dict.unparse(resolved=True), bytes(thing.read_raw_bytes())
    return (thing.unparse(resolved=True) if isinstance(thing, pikepdf.Object) else repr(thing).encode()), b""


def _spelled(value: Any) -> bytes:
    """A value as it stands in its holder: a reference stays one."""
    return value.unparse() if isinstance(value, pikepdf.Object) else repr(value).encode()


def _is_packing(thing: Any) -> bool:
    """Cross-reference and object streams hold other objects, which are compared themselves."""
    return isinstance(thing, Stream) and thing.stream_dict.get("/Type") in (Name.XRef, Name.ObjStm)
