"""Where the sharing platform differs from our register: the list, one company, settling, asking again."""

from conf.codes import is_uscc
from conf.errors import Conflict, Invalid, NotFound, ProviderRejected, ProviderUnavailable
from conf.rights import Action
from handlers.flows import comparing
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts import differences as contexts

NO_CODE = "请填写 18 位统一社会信用代码。"
AWAY = "共享平台暂时没有答复，登记没有改动。请稍后再问一次。"
REFUSED = "共享平台没有接受这次查询。请把时间和代码告诉系统管理员。"


class DifferenceList(StaffHandler):
    """`/staff/differences`, `?uscc=` leads to one company."""

    @staff(Action.DIFFERENCES_SETTLE)
    async def get(self) -> None:
        uscc = self.text("uscc", max=40).strip().upper()
        if is_uscc(uscc) and await self.store.companies.by_uscc(uscc):
            self.go(f"/staff/differences/{uscc}")
            return
        error = ("本登记簿没有这家企业。" if is_uscc(uscc) else NO_CODE) if uscc else ""
        companies = await self.store.differences.with_open()
        self.show(contexts.Differences(title="登记比对", companies=companies, uscc=uscc, error=error))


class CompanyDifferences(StaffHandler):
    """What the pages of one company share."""

    async def show_company(self, uscc: str, *, status: int = 200, error: str = "", problem: str = "") -> None:
        company = await self.store.companies.by_uscc(uscc)
        if company is None:
            raise NotFound(uscc)
        found = await self.store.differences.of_company(uscc)
        page = contexts.CompanyDifferences(
            title="登记比对",
            company=company,
            last=await self.store.differences.last(uscc),
            differences=found,
            names=await self._names({row.settled_by for row in found}),
            chosen=self.text("difference", max=64),
            reason=self.text("reason", max=2000),
            error=error,
            problem=problem,
        )
        self.show(page, status=status)

    async def _names(self, by: set[str]) -> dict[str, str]:
        """Who settled, by name."""
        ids = {who: who.removeprefix("staff:") for who in by if who.startswith("staff:")}
        people = {who: await self.store.staff.by_id(id) for who, id in ids.items()}
        return {who: person.name if person else "同事" for who, person in people.items()}


class OneCompany(CompanyDifferences):
    """`/staff/differences/{uscc}`"""

    @staff(Action.DIFFERENCES_SETTLE)
    async def get(self, uscc: str) -> None:
        await self.show_company(uscc)


class Settle(CompanyDifferences):
    """`/staff/differences/{uscc}/settle`: dealt with, and how; the register stays as it is."""

    @staff(Action.DIFFERENCES_SETTLE)
    async def post(self, uscc: str) -> None:
        assert self.staff is not None  # by the guard
        try:
            await comparing.settle(
                self.store, uscc, self.text("difference", max=64), staff=self.staff,
                reason=self.text("reason", max=2000), now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self.show_company(uscc, status=422, error=fault.fields["reason"])
        except Conflict as fault:
            await self.show_company(uscc, status=409, problem=str(fault))
        else:
            self.go(f"/staff/differences/{uscc}")


class AskAgain(CompanyDifferences):
    """`/staff/differences/{uscc}/ask`"""

    @staff(Action.DIFFERENCES_SETTLE)
    async def post(self, uscc: str) -> None:
        try:
            await comparing.compare(
                self.store, self.adapters, uscc, reference=f"comparison.{uscc}.{self.request_id}", now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except ProviderUnavailable:
            await self.show_company(uscc, status=503, problem=AWAY)
        except ProviderRejected:
            await self.show_company(uscc, status=502, problem=REFUSED)
        else:
            self.go(f"/staff/differences/{uscc}")


USCC = r"([0-9A-Z]{18})"
ROUTES = [
    (r"/staff/differences", DifferenceList),
    (rf"/staff/differences/{USCC}", OneCompany),
    (rf"/staff/differences/{USCC}/settle", Settle),
    (rf"/staff/differences/{USCC}/ask", AskAgain),
]
