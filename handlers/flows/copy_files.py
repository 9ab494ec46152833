"""`eqicha.py verify-copy FILE`: a copy checked by its seal and page claims, and in the register when that answers."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from adapters.pdf.facts import FileFacts
from adapters.pdf.jobs import read_claimed_copy
from adapters.seal import SealCheck
from adapters.seal.claims import Claim, ClaimRefused, read_claim
from adapters.seal.jobs import inspect_pdf
from adapters.seal.pki import seal_files
from adapters.workshop import Workshop
from conf.clock import beijing, utc_now
from conf.errors import EqichaError, WorkFault
from conf.keys import Keys
from conf.settings import Settings, SettingsError
from conf.terms import VerifyResult
from handlers.flows.verifying import of_copy
from store import Store, open_store

_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class FileAnswer:
    """Whether the file may be relied on, and one line for each thing that was, or could not be, checked."""

    is_valid: bool
    lines: tuple[str, ...]


async def verify_copy_file(path: Path, settings: Settings, keys: Keys, *, use_register: bool = True) -> FileAnswer:
    """Check seal and page claims of one file, and with `use_register` our record of it. Nothing is changed by it."""
    pdf = await asyncio.to_thread(path.read_bytes)
    workshop = Workshop(1, settings.child_memory_mb)
    try:
        check = await workshop.run(inspect_pdf, pdf, seal_files(settings).roots, seconds=_SECONDS, pool="intake")
        facts = await workshop.run(read_claimed_copy, pdf, seconds=_SECONDS, pool="intake")
    except WorkFault as fault:
        return FileAnswer(is_valid=False, lines=(f"FAIL  file      cannot be read: {fault.reason}",))
    finally:
        await workshop.close()
    parts = [_seal_line(check), _claims_line(facts, keys), await _register_line(pdf, settings, keys, use_register)]
    return FileAnswer(
        is_valid=all(good is not False for good, _ in parts),
        lines=tuple(f"{_MARKS[good]}  {line}" for good, line in parts),
    )


_MARKS = {True: "ok  ", False: "FAIL", None: "--  "}


def _seal_line(check: SealCheck) -> tuple[bool, str]:
    if check.sealed and check.intact and check.trusted and check.whole_file:
        at = f"{beijing(check.signed_at):%Y-%m-%d %H:%M:%S}" if check.signed_at else "?"
        return True, f"seal      {check.signer}, {at} Beijing time, whole file unchanged since"
    return False, f"seal      {check.problem or 'not valid'}"


def _claims_line(facts: FileFacts, keys: Keys) -> tuple[bool, str]:
    """Every page carries a claim of ours, numbered in order, all of one copy; JPEG scans equal their claim."""
    pages, claims = len(facts.pages), [_claim(page.links, keys) for page in facts.pages]
    missing = [number for number, claim in enumerate(claims, 1) if claim is None]
    if not pages or missing:
        return False, f"pages     no valid page claim on {_numbers(missing) or 'any page'}"
    known = [claim for claim in claims if claim is not None]
    if len({claim.copy_no for claim in known}) != 1 or [c.page for c in known] != list(range(1, pages + 1)):
        return False, "pages     page claims are out of order or of several copies"
    if known[0].pages != pages:
        return False, f"pages     {pages} pages where the claims say {known[0].pages}"
    compared = sum(
        any(jpeg.startswith(claim.digest) for jpeg in page.jpegs)
        for page, claim in zip(facts.pages, known, strict=True)
    )
    return True, f"pages     {known[0].copy_no}, {pages} pages claimed; {compared} scans compared byte by byte"


def _claim(links: tuple[str, ...], keys: Keys) -> Claim | None:
    for link in links:
        try:
            return read_claim(link, [keys.claim.public_key()])
        except ClaimRefused:
            continue
    return None


def _numbers(pages: list[int]) -> str:
    return "page " + ", ".join(map(str, pages[:20])) if pages else ""


async def _register_line(pdf: bytes, settings: Settings, keys: Keys, use_register: bool) -> tuple[bool | None, str]:
    if not use_register:
        return None, "register  not asked: whether the copy was withdrawn is not known"
    try:
        store = await open_store(settings, keys)
    except (SettingsError, EqichaError, OSError) as fault:
        return None, f"register  not reachable, so withdrawal and term are not known ({type(fault).__name__})"
    try:
        return await _registered(store, pdf)
    finally:
        await store.close()


async def _registered(store: Store, pdf: bytes) -> tuple[bool | None, str]:
    copy = await store.copies.by_sha256(hashlib.sha256(pdf).hexdigest())
    if copy is None:
        return False, "register  no copy with these bytes was sealed by us"
    answer = of_copy(copy, utc_now())
    return answer.result == VerifyResult.VALID, f"register  {copy.no}: {answer.result.value}"
