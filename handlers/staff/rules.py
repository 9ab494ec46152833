"""The access table for people: the rules that count, every version, the draft with its trial run and publication."""

from conf.access import parse_rules, rules_at
from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action, may
from handlers.flows import rules
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.tuned import RuleDraft
from views.contexts import rules as contexts

SEEN_BY = (Action.RULES_DRAFT, Action.RULES_PUBLISH)
WAITING = "已有一版规则在等待批准，请先等它办完。"


class RulesHandler(StaffHandler):
    """What all addresses of the rules share."""

    @property
    def may_draft(self) -> bool:
        return self.staff is not None and may(self.staff.roles, Action.RULES_DRAFT)


class RulesNow(RulesHandler):
    """`/staff/rules`: the table that counts now, and the versions with their dates."""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        now = self.clock()
        sets, draft = await self.store.rule_sets.all(), await self.store.rule_sets.draft()
        table = rules_at(now)
        self.show(
            contexts.RulesPage(title="查档规则", table=table, sets=sets, draft=draft, now=now, may_draft=self.may_draft)
        )


class RulesVersion(StaffHandler):
    """`/staff/rules/versions/{version}`: any version, as it was."""

    @staff(*SEEN_BY)
    async def get(self, version: str) -> None:
        found = await self.store.rule_sets.by_version(version)
        if found is None:
            raise NotFound(version)
        self.show(contexts.RulesVersion(title=f"查档规则 {version} 版", table=parse_rules(found.text), kept=found))


class DraftHandler(RulesHandler):
    """What the addresses of the draft share."""

    async def show_draft(
        self,
        draft: RuleDraft | None,
        *,
        status: int = 200,
        text: str | None = None,
        faults: tuple[rules.LineFault, ...] = (),
        errors: dict[str, str] | None = None,
        tried: rules.TryOut | None = None,
    ) -> None:
        now = self.clock()
        if text is None:
            text = draft.text if draft else await rules.text_now(self.store, now)
        changed = tuple(rules.changes(rules_at(now), parse_rules(draft.text))) if draft else ()
        page = contexts.RulesDraft(
            title="规则草案", draft=draft, text=text, changed=changed, tried=tried, errors=errors or {},
            faults=tuple((fault.line, fault.says) for fault in faults), effective=self.text("effective", max=30),
            reason=self.text("reason", max=500), may_draft=self.may_draft,
        )  # fmt: skip
        self.show(page, status=status)


class Draft(DraftHandler):
    """`/staff/rules/draft`: its text; saving it."""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        await self.show_draft(await self.store.rule_sets.draft())

    @staff(Action.RULES_DRAFT)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        text, revision = self.text("text", max=100_000), self.text("revision", max=6)
        try:
            await rules.save_draft(
                self.store, text=text, revision=int(revision) if revision.isdecimal() else 0, by=self.staff,
                now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except rules.DraftFaulty as fault:
            draft = await self.store.rule_sets.draft()
            await self.show_draft(draft, status=422, text=text, faults=fault.lines, errors=fault.fields)
        except Conflict:
            draft = await self.store.rule_sets.draft()
            await self.show_draft(draft, status=409, text=text, errors={"text": rules.MEANWHILE})
        else:
            self.go("/staff/rules/draft")


class TryDraft(DraftHandler):
    """`/staff/rules/draft/try`: last month's orders judged again; nothing is written."""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        draft = await self.store.rule_sets.draft()
        if draft is None:
            raise NotFound("no draft")
        await self.show_draft(draft, tried=await rules.try_out(self.store, draft, now=self.clock()))


class PublishDraft(DraftHandler):
    """`/staff/rules/draft/publish`: asks two others."""

    @staff(Action.RULES_DRAFT)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        draft = await self.store.rule_sets.draft()
        try:
            made = await rules.propose_publishing(
                self.store, effective=self.text("effective", max=30), reason=self.text("reason", max=500),
                by=self.staff, now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self.show_draft(draft, status=422, errors=fault.fields)
        except Conflict:
            await self.show_draft(draft, status=409, errors={"reason": WAITING})
        else:
            self.go(f"/staff/proposals/{made.id}")


ROUTES = [
    (r"/staff/rules", RulesNow),
    (r"/staff/rules/versions/([A-Za-z0-9_.-]{1,80})", RulesVersion),
    (r"/staff/rules/draft", Draft),
    (r"/staff/rules/draft/try", TryDraft),
    (r"/staff/rules/draft/publish", PublishDraft),
]
