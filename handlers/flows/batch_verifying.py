"""Is this batch result ours and unchanged? The answer to a stranger; called by handlers/flows/verifying.py only.

Told: that it is genuine, number, date, how many companies, which kind of unit, how many pages. Never told: which
companies, who asked, for which case. What retention leaves of a look-up is enough for all of it.
"""

from dataclasses import replace
from itertools import zip_longest

from adapters.pdf.facts import FileFacts
from adapters.seal.claims import Claim
from conf.clock import beijing
from conf.terms import VerifyResult
from handlers.flows.verdicts import Verification
from store.records.government import BatchLookup

_GENUINE = "这份批量查询结果由本系统签发，内容未被改动。它只供查询单位办理本案使用。"
_OTHER_PAGE = "这一页与签发时的记录不符，请勿采信。"


def of_batch(batch: BatchLookup) -> Verification:
    """The answer to somebody who holds the file or its code."""
    return Verification(
        result=VerifyResult.VALID, says=_GENUINE, copy_no=batch.id, issued_at=batch.decided_at,
        page_count=len(batch.pages), unit_kind=batch.unit_kind, companies=batch.companies,
    )  # fmt: skip


def of_batch_page(batch: BatchLookup, claim: Claim) -> Verification:
    """The answer to a page's QR code whose signature is ours."""
    page = batch.pages[claim.page - 1] if claim.page <= len(batch.pages) else None
    same = (
        page is not None
        and claim.pages == len(batch.pages)
        and page.digest.startswith(claim.digest)
        and batch.decided_at is not None
        and beijing(batch.decided_at).date() == claim.issued_on
    )
    if not same:
        return Verification(result=VerifyResult.ALTERED, says=_OTHER_PAGE, copy_no=batch.id)
    whole = f"这是批量查询结果 {batch.id} 的第 {claim.page} 页，共 {claim.pages} 页。"
    return replace(of_batch(batch), says=f"{whole}{_GENUINE}请核对纸面内容是否与电子件一致。", page=claim.page)


def altered_batch(batch: BatchLookup, facts: FileFacts) -> Verification:
    """A file that names this look-up and is not the sealed one. Facts are told only to one that holds a page of it."""
    start = f"这个文件自称是批量查询结果 {batch.id}，但与签发时的文件不同，请勿采信。"
    sealed, found = [page.content_digest for page in batch.pages], [page.digest for page in facts.pages]
    if not set(sealed) & set(found):
        return Verification(result=VerifyResult.ALTERED, says=start, copy_no=batch.id)
    altered = tuple(number for number, (was, now) in enumerate(zip_longest(sealed, found), 1) if was != now)
    return replace(
        of_batch(batch), result=VerifyResult.ALTERED, says=start + where_altered(altered), altered_pages=altered
    )


def where_altered(altered: tuple[int, ...]) -> str:
    """Which pages differ, in words."""
    if not altered:
        return "各页画面与签发时相同，改动在签章、说明信息或页面之外。"
    pages = "、".join(map(str, altered[:20])) + ("等" if len(altered) > 20 else "")
    return f"被改动、增加或缺少的是第 {pages} 页。"
