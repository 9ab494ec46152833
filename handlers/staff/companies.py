"""Companies for our own people: find one, lock and unlock by two people, moves to other registries, flags of papers."""

from collections.abc import Awaitable
from datetime import date
from typing import Any

from conf.clock import day_given
from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action, may
from conf.terms import ProposalKind
from handlers.flows import company_keeping
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts import companies as contexts

USCC = r"([0-9A-Z]{18})"
KEPT = ("ground", "words", "registry", "moved_on", "letter_no", "handed_on", "reason", "document")


class CompanyList(StaffHandler):
    """`/staff/companies?q=`"""

    @staff(Action.COMPANIES_KEEP, Action.PAGES_FLAG)
    async def get(self) -> None:
        q = self.text("q", max=100).strip()
        self.show(
            contexts.StaffCompanies(
                title="企业档案", q=q, found=await self.store.companies.search(q) if q else None,
                moves=await self.store.move_outs.open(), ended=await self.store.move_outs.ended(), now=self.clock(),
            )
        )  # fmt: skip


class CompanyHandler(StaffHandler):
    """What the pages of one company share."""

    async def show_company(
        self, uscc: str, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = ""
    ) -> None:
        assert self.staff is not None  # by the guard
        company = await self.store.companies.by_uscc(uscc)
        if company is None:
            raise NotFound(uscc)
        self.show(
            contexts.StaffCompany(
                title=company.name, company=company, dossier=await self.store.dossiers.of(uscc),
                move=await self.store.move_outs.of(uscc), grounds=company_keeping.LOCK_GROUNDS,
                proposal=await self.store.proposals.open_about(ProposalKind.COMPANY_LOCK, uscc),
                may_keep=may(self.staff.roles, Action.COMPANIES_KEEP),
                may_flag=may(self.staff.roles, Action.PAGES_FLAG), now=self.clock(), problem=problem,
                done=self.text("done", max=1) == "1", sent={name: self.text(name, max=2000) for name in KEPT},
                errors=errors or {},
            ),
            status=status,
        )  # fmt: skip

    async def act(self, uscc: str, work: Awaitable[Any]) -> None:
        """Do it and show the company again, or what was wrong."""
        try:
            await work
        except Invalid as fault:
            await self.show_company(uscc, status=422, errors=fault.fields)
        except Conflict as fault:
            await self.show_company(uscc, status=409, problem=str(fault))
        else:
            self.go(f"/staff/companies/{uscc}?done=1")

    def day(self, name: str) -> date:
        """A date field. Raises Invalid."""
        try:
            return day_given(self.text(name, max=20))
        except ValueError:
            raise Invalid({name: "请填写日期。"}) from None

    def known(self) -> dict[str, Any]:
        return {"now": self.clock(), "trace": self.audit_context()}


class OneCompany(CompanyHandler):
    """`/staff/companies/{uscc}`"""

    @staff(Action.COMPANIES_KEEP, Action.PAGES_FLAG)
    async def get(self, uscc: str) -> None:
        await self.show_company(uscc)


class Lock(CompanyHandler):
    """`/staff/companies/{uscc}/lock`: propose to lock, or with no ground to unlock."""

    @staff(Action.COMPANIES_KEEP)
    async def post(self, uscc: str) -> None:
        assert self.staff is not None  # by the guard
        ground = "" if self.text("way", max=10) == "unlock" else self.text("ground", max=40) or "?"
        words = self.text("words", max=2000)
        await self.act(
            uscc,
            company_keeping.propose_lock(
                self.store, uscc, ground=ground, words=words, staff=self.staff, **self.known()
            ),
        )


class MoveOut(CompanyHandler):
    """`/staff/companies/{uscc}/moved-out`"""

    @staff(Action.COMPANIES_KEEP)
    async def post(self, uscc: str) -> None:
        async def work() -> None:
            assert self.staff is not None  # by the guard
            await company_keeping.note_move_out(
                self.store, uscc, registry=self.text("registry", max=200), moved_on=self.day("moved_on"),
                staff=self.staff, **self.known(),
            )  # fmt: skip

        await self.act(uscc, work())


class HandOver(CompanyHandler):
    """`/staff/companies/{uscc}/handed-over`: the paper dossier has gone."""

    @staff(Action.COMPANIES_KEEP)
    async def post(self, uscc: str) -> None:
        async def work() -> None:
            assert self.staff is not None  # by the guard
            await company_keeping.hand_over(
                self.store, uscc, letter_no=self.text("letter_no", max=200), handed_on=self.day("handed_on"),
                staff=self.staff, **self.known(),
            )  # fmt: skip

        await self.act(uscc, work())


class Flags(CompanyHandler):
    """`/staff/companies/{uscc}/flags`: `internal` and `sensitive` of one paper, at once."""

    @staff(Action.PAGES_FLAG)
    async def post(self, uscc: str) -> None:
        document, flags = self.text("document", max=80), self.texts("flags", max_each=20)
        reason = self.text("reason", max=2000)
        await self.act(
            uscc,
            company_keeping.set_flags(self.store, uscc, document, flags=flags, reason=reason, **self.known()),
        )


ROUTES = [
    (r"/staff/companies", CompanyList),
    (rf"/staff/companies/{USCC}", OneCompany),
    (rf"/staff/companies/{USCC}/lock", Lock),
    (rf"/staff/companies/{USCC}/moved-out", MoveOut),
    (rf"/staff/companies/{USCC}/handed-over", HandOver),
    (rf"/staff/companies/{USCC}/flags", Flags),
]
