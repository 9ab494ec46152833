"""The access table's versions: a draft is saved, tried out on last month's orders, and published by two people.

Called by the staff pages and at the start. Published tables are never changed: decisions name their version for ever.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from conf.access import RULES, TABLE, AccessTable, AccessTableError, Rule, parse_rules, rules_at
from conf.clock import beijing, moment_given
from conf.errors import Conflict, Invalid
from conf.terms import AuditTag, Outcome, ProposalKind
from handlers.flows import access, approving
from handlers.flows.ordering import Trace
from handlers.flows.rule_faults import LineFault, faults_of
from handlers.flows.tuned_effects import digest_of
from store.records import Decision, Staff
from store.records.office import Proposal
from store.records.tuned import RuleDraft
from store.rule_sets import DRAFT, file_set

if TYPE_CHECKING:
    from store import Store

TRIED_DAYS, MOST_TRIED, IN_ONE_GO = 31, 20_000, 50
_SAID = {Outcome.PERMIT: "直接提供", Outcome.REVIEW: "人工审核", Outcome.REFUSE: "不提供"}
MEANWHILE = "有人在您之后保存过草案，请刷新页面，在新的草案上修改。"


class DraftFaulty(Invalid):
    """The text is no usable table: how many faults it has, and the first of them with their lines."""

    def __init__(self, lines: tuple[LineFault, ...], *, count: int = 1) -> None:
        shown = f"（这里列出前 {len(lines)} 处）" if len(lines) < count else ""
        super().__init__({"text": f"有 {count} 处不能使用{shown}，没有保存。"})
        self.lines = lines


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """An order whose outcome, or that of one of its papers, would be another under the draft."""

    order_no: str
    before: str
    after: str
    rule_before: str
    rule_after: str
    papers: int  # of which the outcome changes


@dataclass(frozen=True, kw_only=True, slots=True)
class TryOut:
    """What the draft would have made of the orders since `since`; `is_cut`: there were more than were tried."""

    since: datetime
    tried: int
    differences: tuple[Difference, ...]
    is_cut: bool


async def keep_file_rules(store: "Store", *, now: datetime) -> None:
    """Keep the table that came with the software, so that its decisions can be replayed under any later one."""
    if await store.rule_sets.by_version(RULES.version) is None:
        try:
            await store.rule_sets.add(file_set(RULES.version, TABLE.read_text(encoding="utf-8"), now))
        except Conflict:  # another process was first
            return


async def text_now(store: "Store", now: datetime) -> str:
    """The table that counts now, as text: where a draft begins."""
    known = await store.rule_sets.by_version(rules_at(now).version)
    return known.text if known else TABLE.read_text(encoding="utf-8")


async def save_draft(store: "Store", *, text: str, revision: int, by: Staff, now: datetime, trace: Trace) -> RuleDraft:
    """Keep the draft when it is a whole table of a new version. Raises DraftFaulty, Invalid, Conflict."""
    text = text.replace("\r\n", "\n").strip() + "\n"
    table = _table(text)
    if table.version == RULES.version or await store.rule_sets.by_version(table.version):
        line = LineFault(line=_version_line(text), says=f"版本号 {table.version} 已经用过，请换一个新的。")
        raise DraftFaulty((line,))
    draft = RuleDraft(id=DRAFT, text=text, revision=revision + 1, by=by.name, at=now)

    async def work(tx: Any) -> None:
        await store.rule_sets.save_draft(draft, tx)
        fields = {"version": table.version, "revision": draft.revision}
        await store.audit.append(
            tag=AuditTag.RULES_DRAFTED, subject=DRAFT, outcome="done", fields=fields, at=now, tx=tx, **trace
        )

    await store.atomically(work)
    return draft


async def try_out(store: "Store", draft: RuleDraft, *, now: datetime) -> TryOut:
    """The stored facts of last month's orders judged again under the draft; nothing is written."""
    table, since = _table(draft.text), now - timedelta(days=TRIED_DAYS)
    day = f"{beijing(since):%Y%m%d}"
    rows = await store.rule_sets.decided_since(day, limit=MOST_TRIED + 1)
    found = []
    for n, (order_no, decision) in enumerate(rows[:MOST_TRIED]):
        if difference := _difference(order_no, decision, access.would_be(decision, table)):
            found.append(difference)
        if n % IN_ONE_GO == 0:
            await asyncio.sleep(0)  # others are served in between
    is_cut = len(rows) > MOST_TRIED
    return TryOut(since=since, tried=min(len(rows), MOST_TRIED), differences=tuple(found), is_cut=is_cut)


async def propose_publishing(
    store: "Store", *, effective: str, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask two others to publish the draft as it is, from a Beijing time on. Raises Invalid by field, Conflict."""
    draft = await store.rule_sets.draft()
    if draft is None:
        raise Invalid({"text": "还没有草案。"})
    try:
        effective_at = moment_given(effective)
    except ValueError:
        raise Invalid({"effective": "请选择生效的日期和时间（北京时间）。"}) from None
    if effective_at < now - timedelta(minutes=10):
        raise Invalid({"effective": "生效时间不能早于现在。"})
    table, current = _table(draft.text), rules_at(now)
    after = {
        "version": table.version, "effective_at": effective_at.isoformat(), "digest": digest_of(draft.text),
        "rules": list(changes(current, table)),
    }  # fmt: skip
    return await approving.propose(
        store, ProposalKind.RULES, about="rules", title=f"发布查档规则 {table.version}",
        before={"version": current.version}, after=after, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


def changes(before: AccessTable, after: AccessTable) -> Iterable[str]:
    """What a table does to another, rule by rule, in words."""
    old, new = ({rule.id: rule for rule in table.rule} for table in (before, after))
    yield from (f"新增 {id}" for id in new if id not in old)
    yield from (f"删除 {id}" for id in old if id not in new)
    yield from (_changed(old[id], new[id]) for id in new if id in old and new[id] != old[id])
    if [id for id in old if id in new] != [id for id in new if id in old]:
        yield "调整顺序"
    if (before.relations, before.concern) != (after.relations, after.concern):
        yield "修改关系或材料分组"
    named, were = set(after.organs.named), set(before.organs.named)
    yield from (f"列明机关增加：{label}" for label in sorted(named - were))
    yield from (f"列明机关减少：{label}" for label in sorted(were - named))


def _changed(before: Rule, after: Rule) -> str:
    """Which rule, and what comes of it now: whoever approves must see where something is opened."""
    if before.outcome == after.outcome:
        return f"修改 {after.id}"
    return f"修改 {after.id}：{_SAID[before.outcome]} → {_SAID[after.outcome]}"


def _table(text: str) -> AccessTable:
    try:
        return parse_rules(text)
    except AccessTableError as fault:
        raise DraftFaulty(faults_of(text, fault.faults), count=len(fault.faults)) from None


def _version_line(text: str) -> int:
    lines = text.split("\n")
    return next((n for n, line in enumerate(lines, 1) if line.startswith("version")), 1)


def _difference(order_no: str, before: Decision, after: Decision) -> Difference | None:
    was = {each.document_id: each.outcome for each in before.documents}
    papers = sum(was.get(each.document_id) != each.outcome for each in after.documents)
    if before.outcome == after.outcome and not papers:
        return None
    return Difference(
        order_no=order_no, before=before.outcome, after=after.outcome, rule_before=before.rule_id,
        rule_after=after.rule_id, papers=papers,
    )  # fmt: skip
