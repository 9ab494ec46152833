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
from adapters.seal.pki import seal_roots
from adapters.seal.sm2 import Sm2Keys, load_sm2, sm3
from adapters.workshop import Workshop
from conf.clock import beijing, utc_now
from conf.errors import EqichaError, WorkFault
from conf.keys import Keys
from conf.settings import Settings, SettingsError
from conf.terms import VerifyResult
from handlers.flows.verifying import national_signature, of_copy
from store import Store, open_store
from store.records import Copy

#: Whether a line is good news (None: it could not be found out), and the line.
Part = tuple[bool | None, str]

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
        check = await workshop.run(inspect_pdf, pdf, seal_roots(settings), seconds=_SECONDS, pool="intake")
        facts = await workshop.run(read_claimed_copy, pdf, seconds=_SECONDS, pool="intake")
    except WorkFault as fault:
        return FileAnswer(is_valid=False, lines=(f"FAIL  file      cannot be read: {fault.reason}",))
    finally:
        await workshop.close()
    parts: list[Part] = [_seal_line(check), _claims_line(facts, keys)]
    parts += await _register_lines(pdf, check, settings, keys) if use_register else [_NOT_ASKED]
    return FileAnswer(
        is_valid=all(good is not False for good, _ in parts),
        lines=tuple(f"{_MARKS[good]}  {line}" for good, line in parts),
    )


_NOT_ASKED = (None, "register  not asked: whether the copy was withdrawn is not known")
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


async def _register_lines(pdf: bytes, check: SealCheck, settings: Settings, keys: Keys) -> list[Part]:
    sm2 = load_sm2(settings)
    try:
        store = await open_store(settings, keys)
    except (SettingsError, EqichaError, OSError) as fault:
        return [(None, f"register  not reachable, so withdrawal and term are not known ({type(fault).__name__})")]
    try:
        copy = await store.copies.by_sha256(hashlib.sha256(pdf).hexdigest())
        if copy is None:
            return [(False, "register  no copy with these bytes was sealed by us")]
        answer = of_copy(copy, utc_now())
        parts: list[Part] = await _version_line(store, copy, check)
        parts += _national_line(copy, pdf, sm2)
        return [*parts, (answer.result == VerifyResult.VALID, f"register  {copy.no}: {answer.result.value}")]
    finally:
        await store.close()


async def _version_line(store: Store, copy: Copy, check: SealCheck) -> list[Part]:
    """Which seal of the register the copy names, and whether the file carries that one; nothing for older copies."""
    if not copy.seal_id:
        return []
    seal = await store.seals.of(copy.seal_id, copy.seal_version)
    if seal is None:
        return [(False, f"seal      version {copy.seal_version} of {copy.seal_id} is not in the seal register")]
    says = f"seal      {seal.name}, {seal.seal_id} version {seal.version}, {seal.status.value}"
    same = seal.fingerprint == check.fingerprint
    return [(same, says if same else f"{says}; the file carries another certificate")]


def _national_line(copy: Copy, pdf: bytes, sm2: Sm2Keys | None) -> list[Part]:
    if not copy.sm2_signature:
        return []
    holds = national_signature(copy, sm2)
    if holds is None:
        return [(None, f"sm2       signed by key {copy.sm2_key}, which EQICHA_SEAL_SM2_KEY_FILE does not hold")]
    return [(holds and sm3(pdf) == copy.sm3, f"sm2       signature over SHA-256 and SM3 by key {copy.sm2_key}")]
