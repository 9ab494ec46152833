"""The register of loans: what is out and overdue, lending, extending, taking back."""

from conf.errors import Conflict, Invalid
from conf.rights import Action
from handlers.flows import paper_loans
from handlers.flows.paper_loans import LoanForm
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.paper import Loan
from views.contexts import paper as contexts

ID = r"([A-Za-z0-9_.-]{1,80})"
FIELDS = {"barcode": 60, "borrower": 100, "unit": 200, "mail": 300, "purpose": 500, "approver": 80}


class LoanList(StaffHandler):
    """`/staff/paper/loans`"""

    @staff(Action.PAPER_KEEP)
    async def get(self) -> None:
        await self._page()

    @staff(Action.PAPER_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        form = LoanForm(**{name: self.text(name, max=most) for name, most in FIELDS.items()})
        now, trace = self.clock(), self.audit_context()
        try:
            loan = await paper_loans.lend(self.store, self.conf, form, by=self.staff, now=now, trace=trace)
        except Invalid as fault:
            await self._page(status=422, errors=fault.fields)
        except Conflict as fault:
            await self._page(status=409, problem=str(fault))
        else:
            self.go(f"/staff/paper/loans/{loan.id}")

    async def _page(self, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = "") -> None:
        assert self.staff is not None  # by the guard
        people = [one for one in await self.store.staff.listed() if paper_loans.may_approve(one, self.staff)]
        page = contexts.Loans(
            title="借阅登记",
            out=await self.store.paper.loans_out(),
            back=await self.store.paper.loans_back(),
            approvers=tuple((one.id, one.name) for one in people),
            days=self.conf.paper_loan_days,
            now=self.clock(),
            values={name: self.text(name, max=most) for name, most in FIELDS.items()},
            problem=problem,
            errors=errors or {},
        )
        self.show(page, status=status)


class LoanHandler(StaffHandler):
    """What the pages of one loan share."""

    async def show_loan(
        self, id: str, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = ""
    ) -> None:
        loan = await self.store.paper.one(Loan, id)
        page = contexts.LoanPage(
            title=f"借阅单 {id}",
            loan=loan,
            borrower=self.store.vault.reveal(loan.borrower),
            days=self.conf.paper_extension_days,
            now=self.clock(),
            values={name: self.text(name, max=500) for name in ("reason", "condition", "note")},
            problem=problem,
            errors=errors or {},
        )
        self.show(page, status=status)


class OneLoan(LoanHandler):
    """`/staff/paper/loans/{id}`"""

    @staff(Action.PAPER_KEEP)
    async def get(self, id: str) -> None:
        await self.show_loan(id)


class LoanStep(LoanHandler):
    """`/staff/paper/loans/{id}/{step}`"""

    @staff(Action.PAPER_KEEP)
    async def post(self, id: str, step: str) -> None:
        assert self.staff is not None  # by the guard
        store, by, now, trace = self.store, self.staff, self.clock(), self.audit_context()
        try:
            if step == "extend":
                reason = self.text("reason", max=500)
                await paper_loans.extend(store, self.conf, id, reason, by=by, now=now, trace=trace)
            else:
                condition, note = self.text("condition", max=20), self.text("note", max=500)
                await paper_loans.give_back(store, id, condition, note, by=by, now=now, trace=trace)
        except Invalid as fault:
            await self.show_loan(id, status=422, errors=fault.fields)
        except Conflict as fault:
            await self.show_loan(id, status=409, problem=str(fault))
        else:
            self.go(f"/staff/paper/loans/{id}")


ROUTES = [
    (r"/staff/paper/loans", LoanList),
    (rf"/staff/paper/loans/{ID}", OneLoan),
    (rf"/staff/paper/loans/{ID}/(extend|return)", LoanStep),
]
