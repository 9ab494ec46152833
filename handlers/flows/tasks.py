"""Tasks made of visitors' words: a bad page, a paper to scan. Opened by viewer and dossier, ended by staff pages."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.access import table_of
from conf.errors import Conflict, Invalid, NotFound
from conf.settings import Settings
from conf.terms import AuditTag, DocumentFlag, Outcome, PageFault, PurposeCode, TaskKind, TaskState
from conf.workdays import end_of_term
from handlers.flows import notices, viewing
from handlers.flows.access import decide, rule_of
from handlers.flows.ordering import Trace, mask_requester
from handlers.flows.viewing import Visitor
from store.ids import new_task_no
from store.records import Company, Document, Purpose, Staff
from store.records.work import Task

if TYPE_CHECKING:
    from store import Store

LONGEST_WORDS = 200
SHORTEST_RESULT, LONGEST_RESULT = 5, 300
NO_SCAN = "这份材料还没有影像入库，补扫导入后才能办结；不能补扫的请选择“不予办理”并写明原因。"


async def report_page(
    store: "Store", settings: Settings, uscc: str, document_id: str, page: int, visitor: Visitor, *, fault: str,
    words: str,
) -> Task:  # fmt: skip
    """What a visitor says about a page they may see. The same page again gives the task there is. NotFound, Invalid."""
    found = await viewing.open_document(store, uscc, document_id, visitor)
    if not 1 <= page <= len(found.pages):
        raise NotFound(str(page))
    faults = {} if fault in set(PageFault) else {"fault": "请选择这一页有什么问题。"}
    if len(words) > LONGEST_WORDS:
        faults["words"] = f"最多 {LONGEST_WORDS} 个字。"
    if faults:
        raise Invalid(faults)
    task = _task(found.company, found.document, visitor, TaskKind.BAD_PAGE, settings.task_page_days)
    told = {"page": page, "fault": PageFault(fault), "words": store.vault.conceal(words, "（略）") if words else None}
    return await _open(store, task, visitor, **told)


async def ask_scan(store: "Store", settings: Settings, uscc: str, document_id: str, visitor: Visitor) -> Task:
    """申请补扫 of a paper in the catalogue as this visitor sees it. Raises NotFound, Conflict (scanned by now)."""
    document = await store.dossiers.document(document_id)
    company = await store.companies.by_uscc(uscc)
    if document is None or company is None or document.uscc != uscc or DocumentFlag.INTERNAL in document.flags:
        raise NotFound(document_id)
    grants = await store.accounts.grants(visitor.account.id, uscc)
    purpose = Purpose(code=visitor.purposes.get(uscc, PurposeCode.OWN_AFFAIRS))
    decision = decide(visitor.account, company, (document,), purpose, visitor.now, grants=grants)
    rule = rule_of(decision.documents[0].rule_id, rules=table_of(decision.rule_version))
    if rule.outcome is Outcome.REFUSE:
        raise NotFound(document_id)
    if document.page_count:
        raise Conflict("这份材料已经扫描，可以直接查看或申请复制件。")
    return await _open(store, _task(company, document, visitor, TaskKind.SCAN, settings.task_scan_days), visitor)


async def claim(store: "Store", id: str, *, staff: Staff, now: datetime, trace: Trace) -> Task:
    """Take it. Raises NotFound, Conflict (somebody has it)."""

    async def work(tx: Any) -> Task:
        task = await store.tasks.claim(id, holder=staff.id, name=staff.name, tx=tx)
        await _moved(store, task, now, trace, tx)
        return task

    return await store.atomically(work)


async def release(store: "Store", id: str, *, staff: Staff, now: datetime, trace: Trace) -> Task:
    """Give it back. Raises NotFound, Conflict."""

    async def work(tx: Any) -> Task:
        task = await store.tasks.release(id, holder=staff.id, tx=tx)
        await _moved(store, task, now, trace, tx)
        return task

    return await store.atomically(work)


async def finish(
    store: "Store", id: str, *, to: str, result: str, staff: Staff, now: datetime, trace: Trace
) -> Task:  # fmt: skip
    """End it with a result the visitor reads and is told of. Raises NotFound, Invalid, Conflict (not this person's)."""
    task = await store.tasks.by_id(id)
    if task is None:
        raise NotFound(id)
    faults = {} if to in (TaskState.DONE, TaskState.DECLINED) else {"to": "请选择办理结果。"}
    if not SHORTEST_RESULT <= len(result) <= LONGEST_RESULT:
        faults["result"] = f"请写明结果（{SHORTEST_RESULT} 到 {LONGEST_RESULT} 个字），反馈的人会看到。"
    if to == TaskState.DONE and task.kind is TaskKind.SCAN and not await _is_scanned(store, task):
        faults["to"] = NO_SCAN
    if faults:
        raise Invalid(faults)

    async def work(tx: Any) -> Task:
        ended = await store.tasks.finish(id, holder=staff.id, to=TaskState(to), result=result, at=now, tx=tx)
        await _moved(store, ended, now, trace, tx)
        await notices.queue_task(store, ended.account_id, ended.id, now=now, tx=tx)
        return ended

    return await store.atomically(work)


async def _is_scanned(store: "Store", task: Task) -> bool:
    document = await store.dossiers.document(task.document_id)
    return document is not None and document.page_count > 0


async def _open(store: "Store", task: Task, visitor: Visitor, **told: Any) -> Task:
    """Keep it, with its evidence; one that is open about the same thing is given instead."""
    made = replace(task, **told)

    async def work(tx: Any) -> Task:
        await store.tasks.add(made, tx)
        await store.audit.append(
            tag=AuditTag.TASK_OPENED, subject=made.id, outcome="done", fields={"kind": made.kind.value},
            at=visitor.now, tx=tx, **visitor.trace,
        )  # fmt: skip
        return made

    try:
        return await store.atomically(work)
    except Conflict:
        known = await store.tasks.same(made.kind, made.account_id, made.document_id, made.page)
        if known is None:
            raise
        return known


async def _moved(store: "Store", task: Task, now: datetime, trace: Trace, tx: Any) -> None:
    fields = {"kind": task.kind.value, "to": task.state.value}
    await store.audit.append(
        tag=AuditTag.TASK_MOVED, subject=task.id, outcome="done", fields=fields, at=now, tx=tx, **trace
    )


def _task(company: Company, document: Document, visitor: Visitor, kind: TaskKind, days: int) -> Task:
    return Task(
        id=new_task_no(visitor.now), kind=kind, uscc=company.uscc, company_name=company.name, document_id=document.id,
        document_title=document.title, document_kind=document.kind, page=0, fault=None, words=None,
        account_id=visitor.account.id, requester_masked=mask_requester(visitor.account), opened_at=visitor.now,
        due_at=end_of_term(visitor.now, days), state=TaskState.OPEN, is_open=True, holder="", holder_name="", result="",
        ended_at=None,
    )  # fmt: skip
