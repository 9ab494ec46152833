"""Cases of units: opened once with purpose, number and letter, closed, and checked afterwards by one of our people.

Called by the pages of the government network and by the checkers' pages.
"""

import asyncio
import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from adapters.imaging.letters import LARGEST as LARGEST
from adapters.imaging.letters import letter_pages
from conf.clock import beijing, day_given
from conf.errors import Conflict, Invalid, NotFound, WorkFault
from conf.terms import AuditTag, CaseCheck
from handlers.flows.ordering import Trace
from store import Store
from store.ids import sortable_id
from store.records import Staff
from store.records.government import Letter, OrganCase, Unit, UnitUser

LONGEST_PURPOSE = 200
LONGEST_TEXT = 500
#: A letter older than this is asked for anew.
LETTER_DAYS = 180
LETTER_SECONDS = 30
TAKEN = "您的单位已经登记过这个案号，请从案件列表进入。"
_BRACKETS = str.maketrans("()", "（）")
_NUMBER = re.compile(r"[\w〔〕（）()\[\]第号字\-—./ ]{2,60}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseForm:
    """A case as it was filled in; `letter` are the bytes of the scanned letter."""

    purpose: str = ""
    no: str = ""
    letter_no: str = ""
    letter_on: str = ""
    letter: bytes = field(default=b"", repr=False)


async def open_case(
    store: Store, workshop: Any, form: CaseForm, *, user: UnitUser, unit: Unit, now: datetime, trace: Trace
) -> OrganCase:
    """Keep a case with its letter. Raises Invalid by field.

    Ground: 实施细则 Art. 60 (1), a state organ inquires with its own letter and its people's papers.
    """
    form = replace(form, no=case_number(form.no))
    dated, faults = _checked(form, beijing(now).date())
    if faults or dated is None:
        raise Invalid(faults)
    letter = await _keep_letter(store, workshop, form, dated)
    case = OrganCase(
        id=sortable_id(now), unit_id=unit.id, unit_name=unit.name, user_id=user.id, user_name=user.name, no=form.no,
        purpose=form.purpose, letter=letter, opened_at=now, closed_at=None, looked_at=None, due_at=None,
        check=CaseCheck.PENDING, checked_by="", checked_name="", checked_at=None, check_text="",
    )  # fmt: skip

    async def work(tx: Any) -> OrganCase:
        await store.organ_cases.add(case, tx)
        fields = {"unit": unit.id, "case": case.no, "letter": letter.sha256}
        await store.audit.append(
            tag=AuditTag.GOVERNMENT_CASE_OPENED, subject=case.id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        return case

    try:
        return await store.atomically(work)
    except Conflict:
        raise Invalid({"no": TAKEN}) from None


def case_number(typed: str) -> str:
    """A case number in one way of writing, so that blanks or another kind of brackets do not make it a second case."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", typed)).translate(_BRACKETS)


async def case_of(store: Store, id: str, user: UnitUser) -> OrganCase:
    """A case of the user's own unit. Raises NotFound for another's as for none."""
    case = await store.organ_cases.by_id(id)
    if case is None or case.unit_id != user.unit_id:
        raise NotFound(id)
    return case


async def close_case(store: Store, case: OrganCase, *, now: datetime, trace: Trace) -> None:
    """Nothing more is looked up for it. Raises Conflict when it is closed already."""

    async def work(tx: Any) -> None:
        await store.organ_cases.change(case.id, {"closed_at": None}, {"closed_at": now}, tx)
        fields = {"unit": case.unit_id, "case": case.no}
        await store.audit.append(
            tag=AuditTag.GOVERNMENT_CASE_CLOSED, subject=case.id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )

    await store.atomically(work)


async def check_case(
    store: Store, case: OrganCase, *, check: str, text: str, by: Staff, now: datetime, trace: Trace
) -> OrganCase:
    """The after-check: in order, or an objection with its words. Raises Invalid by field, Conflict when it is done.

    An objection closes the case: until it is cleared up nothing more is looked up for it.
    """
    text, faults = text.strip(), {}
    if check not in (CaseCheck.IN_ORDER, CaseCheck.OBJECTION):
        faults["check"] = "请选择核查结果。"
    if len(text) > LONGEST_TEXT or (check == CaseCheck.OBJECTION and len(text) < 5):
        faults["text"] = f"提出异议时请写明内容，5 至 {LONGEST_TEXT} 字。"
    if faults:
        raise Invalid(faults)
    found = CaseCheck(check)

    async def work(tx: Any) -> OrganCase:
        changes = {"check": found, "check_text": text, "checked_by": by.id, "checked_name": by.name, "checked_at": now}
        if found is CaseCheck.OBJECTION and case.closed_at is None:
            changes["closed_at"] = now
        checked = await store.organ_cases.change(case.id, {"check": CaseCheck.PENDING}, changes, tx)
        fields = {"unit": case.unit_id, "case": case.no, "check": found.value}
        await store.audit.append(
            tag=AuditTag.GOVERNMENT_CASE_CHECKED, subject=case.id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        return checked

    return await store.atomically(work)


async def letter_page(store: Store, case: OrganCase, number: int, *, now: datetime, trace: Trace) -> bytes:
    """A page of the letter as a JPEG for a checker; recorded. Raises NotFound."""
    if not 1 <= number <= len(case.letter.pages):
        raise NotFound
    content = await store.organ_cases.letter(case.letter.pages[number - 1])
    fields = {"unit": case.unit_id, "case": case.no}
    await store.audit.append(
        tag=AuditTag.GOVERNMENT_LETTER_SHOWN, subject=case.id, outcome="done", fields=fields, at=now, **trace
    )
    return content


async def _keep_letter(store: Store, workshop: Any, form: CaseForm, dated: date) -> Letter:
    try:
        media_type, pages = await workshop.run(letter_pages, form.letter, "公函", seconds=LETTER_SECONDS, pool="intake")
    except WorkFault as fault:
        raise Invalid({"letter": f"{fault.reason.rstrip('。')}。"}) from None
    sha256 = await store.organ_cases.put_letter(form.letter, media_type)
    kept = await asyncio.gather(*(store.organ_cases.put_letter(page, "image/jpeg") for page in pages))
    return Letter(no=form.letter_no, dated=dated, sha256=sha256, media_type=media_type, pages=tuple(kept))


def _checked(form: CaseForm, today: date) -> tuple[date | None, dict[str, str]]:
    faults = {}
    if not 5 <= len(form.purpose) <= LONGEST_PURPOSE:
        faults["purpose"] = f"请写明查询目的，5 至 {LONGEST_PURPOSE} 字。"
    if not _NUMBER.fullmatch(form.no):
        faults["no"] = "请填写案号，2 至 60 字，例如（2026）粤0106民初1号。"
    if not _NUMBER.fullmatch(form.letter_no):
        faults["letter_no"] = "请填写公函文号，2 至 60 字。"
    try:
        dated: date | None = day_given(form.letter_on)
    except ValueError:
        dated = None
    if dated is None:
        faults["letter_on"] = "请填写公函日期。"
    elif dated > today:
        faults["letter_on"] = "公函日期不能晚于今天。"
    elif (today - dated).days > LETTER_DAYS:
        faults["letter_on"] = f"公函出具已超过 {LETTER_DAYS} 天，请重新出具。"
    if not form.letter:
        faults["letter"] = "请选择公函的扫描件（PDF 或 JPEG）。"
    return dated, faults
