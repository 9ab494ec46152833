"""A visitor answers a reviewer's question: words, up to three files, and the clock of the review goes on.

Called by the order page (`answer`) and by the reviewers' pages (`page_of`). Files are checked in the workshop before
anything is kept, kept encrypted under their digest, and shown to reviewers only, as watermarked pictures.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.imaging import ScanRefused
from adapters.imaging.answers import answer_page, check_answer
from adapters.imaging.watermark import watermark
from conf.errors import Conflict, Invalid, NotFound, WorkFault
from conf.terms import AuditTag, OrderStatus
from conf.workdays import end_of_term
from handlers.flows.ordering import Trace
from store import Store
from store.blobs import digest
from store.records import Account, AnswerFile, Order, Question

SHORTEST, LONGEST = 2, 500
LARGEST_FILE = 10 << 20
FILES = ("file1", "file2", "file3")
OVER = "这份申请现在不需要补充，可能已经有了结果，请看最新的进度。"


def open_question(order: Order) -> Question | None:
    """What the visitor is asked now; None when nothing is."""
    asked = order.status == OrderStatus.UNDER_REVIEW and order.review.waits_until is not None
    return order.review.questions[-1] if asked else None


async def answer(
    store: Store,
    workshop: Any,
    account: Account,
    order_no: str,
    *,
    text: str,
    files: Mapping[str, bytes],
    now: datetime,
    trace: Trace,
) -> Order:
    """Keep the answer to the open question. Raises NotFound (another's order), Conflict (nothing is asked), Invalid.

    An answer that comes late is taken as long as nobody has decided.
    """
    order = await store.orders.by_no(order_no)
    if order is None or order.account_id != account.id:
        raise NotFound(order_no)
    question = open_question(order)
    if question is None:
        raise Conflict(OVER)
    sent = {name: content for name, content in files.items() if content}
    _check_text(text, has_files=bool(sent))
    kept = [await _kept(store, workshop, name, content) for name, content in sent.items()]
    concealed = await asyncio.to_thread(store.vault.conceal, text, "（仅审核人员可见）") if text else None
    answered = replace(question, answered_at=now, answer=concealed, files=tuple(kept))
    due_at = end_of_term(now, order.review.days_left)

    async def work(tx: Any) -> Order:
        moved = await store.reviews.answer(order, answered, due_at=due_at, tx=tx)
        fields = {"question": len(order.review.questions), "files": [file.sha256 for file in kept]}
        await store.audit.append(
            tag=AuditTag.ORDER_ANSWERED, subject=order_no, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        return moved

    try:
        return await store.atomically(work)
    except Conflict:
        raise Conflict(OVER) from None


async def page_of(
    store: Store, workshop: Any, order: Order, sha256: str, number: int, *, lines: tuple[str, ...], now: datetime,
    trace: Trace,
) -> bytes:  # fmt: skip
    """One page of a file sent with an answer, as a JPEG with the reviewer's watermark; on record first. NotFound."""
    files = [file for question in order.review.questions for file in question.files]
    file = next((file for file in files if file.sha256 == sha256), None)
    if file is None or not 1 <= number <= file.pages:
        raise NotFound(sha256)
    fields = {"file": sha256, "page": number}
    await store.audit.append(
        tag=AuditTag.STAFF_SAW_EVIDENCE, subject=order.no, outcome="done", fields=fields, at=now, **trace
    )
    content = await store.reviews.file(file.kept_as)
    picture = await workshop.run(answer_page, content, number, pool="intake")
    marked: bytes = await workshop.run(watermark, picture, lines)
    return marked


async def _kept(store: Store, workshop: Any, name: str, content: bytes) -> AnswerFile:
    label = f"第 {FILES.index(name) + 1} 个文件"
    try:
        media_type, pages = await workshop.run(check_answer, content, label, pool="intake")
    except ScanRefused as fault:
        raise Invalid({name: f"{fault.reason}。"}) from None
    except WorkFault:
        raise Invalid({name: f"{label}无法读取，请重新导出为 PDF 或 JPEG 后提交。"}) from None
    kept_as = await store.reviews.put_file(content)
    sha256 = await asyncio.to_thread(digest, content)
    return AnswerFile(sha256=sha256, kept_as=kept_as, media_type=media_type, size=len(content), pages=pages)


def _check_text(text: str, *, has_files: bool) -> None:
    if len(text) > LONGEST or (not has_files and len(text) < SHORTEST):
        raise Invalid({"answer": f"请填写说明（{SHORTEST} 到 {LONGEST} 个字），或者上传文件。"})
