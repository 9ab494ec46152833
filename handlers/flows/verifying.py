"""Is this copy ours and unchanged? By its code, by the file itself, by one page's QR code. Called by the verify pages.

Answers never hold dossier content. A code that is unknown costs the same steps as one that is known. The ground truth
is the SHA-256 we stored when sealing; the seal in the file is what everybody else can check.
"""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from adapters.pdf.facts import FileFacts
from adapters.pdf.jobs import read_claimed_copy
from adapters.seal.claims import Claim, ClaimRefused, public_keys, read_claim
from adapters.seal.sm2 import Detached
from conf.clock import beijing
from conf.errors import Invalid, WorkFault
from conf.keys import Keys
from conf.logs import get_log
from conf.terms import AuditTag, CopyStatus, VerifyResult
from handlers.flows.batch_verifying import altered_batch, of_batch, of_batch_page, where_altered
from handlers.flows.verdicts import Verification
from store.records import Copy

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from adapters.seal.sm2 import Sm2Keys
    from store import Store

Trace = Mapping[str, Any]

log = get_log("verifying")

LARGEST_FILE = 60 << 20  # bytes of an uploaded copy

_READ_SECONDS = 20
_CODE = re.compile(r"[0-9A-Z]{20}", re.ASCII)
_SAYS = {
    VerifyResult.VALID: "这份复制件由本系统签发，内容未被改动，目前有效。",
    VerifyResult.EXPIRED: "这份复制件由本系统签发，内容未被改动，但已过核验有效期。",
    VerifyResult.WITHDRAWN: "这份复制件由本系统签发，但已被撤回，请勿采信。",
}
_UNKNOWN_CODE = "没有查到这个验证码。请核对是否输错；如确认无误，请勿采信这份文件。"
_UNKNOWN_FILE = "这个文件不是本系统签发的复制件或批量查询结果，或者已被改动到无法辨认。请勿采信。"
_UNKNOWN_CLAIM = "这个二维码不是本系统签发的，或者已被改动。请勿采信这一页。"
_WRONG_RECORD = "这份复制件的记录与国密（SM2）签名不符，请勿采信，并请与登记机关联系。"
_LOST_CLAIM = "二维码的签名无误，但系统里没有这份复制件的记录。请与登记机关联系。"


async def by_code(
    store: "Store", code: str, *, now: datetime, trace: Trace, sm2: "Sm2Keys | None" = None
) -> Verification:
    """By the verification code printed on the certificate, in any case, with or without spaces and hyphens."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", code).upper() if sign not in " -\t")
    asked = plain if _CODE.fullmatch(plain) else "0" * 20
    copy, batch = await asyncio.gather(store.copies.by_code(asked), store.batches.by_code(asked))
    if batch is not None:
        return await _recorded_batch(store, of_batch(batch), by="code", trace=trace)
    answer = of_copy(copy, now) if copy else Verification(result=VerifyResult.NOT_FOUND, says=_UNKNOWN_CODE)
    return await _recorded(store, answer, copy, by="code", trace=trace, sm2=sm2)


async def by_file(
    store: "Store",
    adapters: "Adapters",
    pdf: bytes,
    *,
    keys: Keys,
    now: datetime,
    trace: Trace,
    sm2: "Sm2Keys | None" = None,
) -> Verification:
    """By the file: the same bytes we sealed, or else which pages differ. Raises Invalid for more than 60 MB."""
    if len(pdf) > LARGEST_FILE:
        raise Invalid({"file": "文件超过 60 MB，无法核验。"})
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(pdf).hexdigest())
    copy, batch = await asyncio.gather(store.copies.by_sha256(sha256), store.batches.by_sha256(sha256))
    if copy is not None:
        return await _recorded(store, of_copy(copy, now), copy, by="file", trace=trace, sm2=sm2)
    if batch is not None:
        return await _recorded_batch(store, of_batch(batch), by="file", trace=trace)
    try:
        facts = await adapters.workshop.run(read_claimed_copy, pdf, seconds=_READ_SECONDS, pool="intake")
    except WorkFault:  # a file that breaks its reader is none of ours
        facts = FileFacts(copy_no="", pages=())
    number = _copy_no(facts, keys)
    copy, batch = await asyncio.gather(store.copies.by_no(number), store.batches.sealed(number))
    if batch is not None:
        return await _recorded_batch(store, altered_batch(batch, facts), by="file", trace=trace)
    answer = _altered(copy, facts) if copy else Verification(result=VerifyResult.NOT_FOUND, says=_UNKNOWN_FILE)
    return await _recorded(store, answer, copy, by="file", trace=trace, sm2=sm2)


async def by_claim(
    store: "Store", claim: str, *, keys: Keys, now: datetime, trace: Trace, sm2: "Sm2Keys | None" = None
) -> Verification:
    """By the text of a page's QR code (the address, or only what stands behind /p/)."""
    try:
        read = read_claim(claim, [keys.claim.public_key()])
    except ClaimRefused:
        answer = Verification(result=VerifyResult.NOT_FOUND, says=_UNKNOWN_CLAIM)
        return await _recorded(store, answer, None, by="claim", trace=trace)
    copy, batch = await asyncio.gather(store.copies.by_no(read.copy_no), store.batches.sealed(read.copy_no))
    if batch is not None:
        return await _recorded_batch(store, of_batch_page(batch, read), by="claim", trace=trace)
    answer = _of_page(copy, read, now) if copy else Verification(result=VerifyResult.NOT_FOUND, says=_LOST_CLAIM)
    return await _recorded(store, answer, copy, by="claim", trace=trace, sm2=sm2)


def published_keys(keys: Keys) -> dict[str, list[dict[str, str]]]:
    """The public keys of page claims, as the JSON we publish."""
    return public_keys([keys.claim.public_key()])


def of_copy(copy: Copy, now: datetime) -> Verification:
    """The state of a copy whose file, code or page was found to be as we sealed it."""
    result = VerifyResult.VALID
    if copy.status == CopyStatus.WITHDRAWN:
        result = VerifyResult.WITHDRAWN
    elif now >= copy.valid_until:
        result = VerifyResult.EXPIRED
    return _facts(copy, result, _SAYS[result])


def _of_page(copy: Copy, claim: Claim, now: datetime) -> Verification:
    page = copy.pages[claim.page - 1] if claim.page <= len(copy.pages) else None
    same = (
        page is not None
        and claim.pages == len(copy.pages)
        and page.digest.startswith(claim.digest)
        and beijing(copy.issued_at).date() == claim.issued_on
    )
    if not same:
        return Verification(result=VerifyResult.ALTERED, says="这一页与签发时的记录不符，请勿采信。", copy_no=copy.no)
    answer = of_copy(copy, now)
    says = (
        f"这是复制件 {copy.no} 的第 {claim.page} 页，共 {claim.pages} 页。{answer.says}请核对纸面内容是否与电子件一致。"
    )
    return _facts(copy, answer.result, says, page=claim.page)


def _altered(copy: Copy, facts: FileFacts) -> Verification:
    """Which pages differ. The copy's facts are told only to a file that still holds a page of it."""
    start = f"这个文件自称是复制件 {copy.no}，但与签发时的文件不同，请勿采信。"
    sealed = [page.content_digest for page in copy.pages]
    found = [page.digest for page in facts.pages]
    if not set(sealed) & set(found):
        return Verification(result=VerifyResult.ALTERED, says=start, copy_no=copy.no)
    altered = tuple(number for number, (was, now) in enumerate(zip_longest(sealed, found), 1) if was != now)
    return _facts(copy, VerifyResult.ALTERED, start + where_altered(altered), altered=altered)


def _facts(
    copy: Copy, result: VerifyResult, says: str, *, altered: tuple[int, ...] = (), page: int = 0
) -> Verification:
    return Verification(
        result=result,
        says=says,
        copy_no=copy.no,
        company_name=copy.company_name,
        issued_at=copy.issued_at,
        valid_until=copy.valid_until,
        page_count=len(copy.pages),
        signer=copy.signer,
        altered_pages=altered,
        page=page,
    )


def _copy_no(facts: FileFacts, keys: Keys) -> str:
    """The copy a file belongs to: what a signed page claim says, else what its description says."""
    known = [keys.claim.public_key()]
    for page in facts.pages:
        for link in page.links:
            try:
                return read_claim(link, known).copy_no
            except ClaimRefused:
                continue
    return facts.copy_no


def national_signature(copy: Copy, sm2: "Sm2Keys | None") -> bool | None:
    """Whether the copy's SM2 signature holds; None when it has none, or none that a key of ours made."""
    if not copy.sm2_signature or sm2 is None:
        return None
    signed = Detached(sm3=copy.sm3, signature=copy.sm2_signature, key_id=copy.sm2_key)
    return sm2.holds(signed, copy_no=copy.no, sha256=copy.sha256)


async def _with_marks(
    store: "Store", answer: Verification, copy: Copy | None, *, sm2: "Sm2Keys | None"
) -> Verification:
    """The seal's name from the register, and the SM2 signature checked: one that is wrong means a changed record."""
    seal = await store.seals.of(copy.seal_id if copy else "", copy.seal_version if copy else 0)
    if copy is None or not answer.company_name:
        return answer
    name = f"{seal.name}（{seal.seal_id}，第 {seal.version} 版）" if seal else ""
    if not copy.sm2_signature:
        return replace(answer, seal=name)
    holds = national_signature(copy, sm2)
    if holds is False:
        log.error("copy_record_altered", copy_no=copy.no)
        return replace(answer, result=VerifyResult.ALTERED, says=_WRONG_RECORD, seal=name, national="不符")
    return replace(answer, seal=name, national="有效" if holds else "本系统现有的密钥无法核对")


async def _recorded(
    store: "Store",
    answer: Verification,
    copy: Copy | None,
    *,
    by: str,
    trace: Trace,
    sm2: "Sm2Keys | None" = None,
) -> Verification:
    subject, answer = copy.no if copy else "", await _with_marks(store, answer, copy, sm2=sm2)
    await store.audit.append(
        tag=AuditTag.COPY_VERIFIED, subject=subject, outcome=answer.result.value, fields={"by": by}, **trace
    )
    return answer


async def _recorded_batch(store: "Store", answer: Verification, *, by: str, trace: Trace) -> Verification:
    await store.audit.append(
        tag=AuditTag.COPY_VERIFIED, subject=answer.copy_no, outcome=answer.result.value, fields={"by": by}, **trace
    )
    return answer
