"""Outward and inward investment from the register's shareholder data, on a page and as files."""

from conf.measures import day_of
from conf.rights import Action
from handlers.flows import exports
from handlers.guards import staff
from handlers.staff.numbers import PDF, XLSX, NumbersHandler
from views.contexts.investment import Choice, Investments
from views.contexts.numbers import NumbersSheet
from views.filters import minute
from views.render import render

TITLE = "对外投资统计"


class InvestmentHandler(NumbersHandler):
    """What page and exports have in common."""

    async def investments(self) -> Investments:
        """The chosen companies' holdings, in three database calls; what is not in the register is as not chosen."""
        streets, industries = await self.store.investment.places()
        street, industry = self.text("street", max=20), self.text("industry", max=60)
        choice = Choice(
            street=street if street in dict(streets) else "", industry=industry if industry in industries else ""
        )
        holdings = await self.store.investment.holdings()
        return Investments(
            title=TITLE, choice=choice, streets=streets, industries=industries, holdings=holdings,
            today=day_of(self.clock()),
        )  # fmt: skip


class InvestmentPage(InvestmentHandler):
    """`/staff/investment?street=&industry=`"""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        self.show(await self.investments())


class InvestmentWorkbook(InvestmentHandler):
    """`/staff/investment/export.xlsx`"""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        page = await self.investments()
        await self.taken_away("investment", "xlsx", page.today, page.today)
        about = (page.says, page.dated, page.limits)
        content = await exports.workbook(self.adapters.workshop, page.exported, about=about)
        self.send(content, XLSX, "investment.xlsx", f"{TITLE}-{page.today}.xlsx")


class InvestmentSheets(InvestmentHandler):
    """`/staff/investment/export.pdf`"""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        page = await self.investments()
        await self.taken_away("investment", "pdf", page.today, page.today)
        about, made_at = f"{page.says}。{page.dated}{page.limits}", minute(self.clock())
        sheet = NumbersSheet(title=TITLE, about=about, made_at=made_at, tables=page.exported)
        self.send(await self.adapters.pdf.render(render(sheet)), PDF, "investment.pdf", f"{TITLE}-{page.today}.pdf")


ROUTES = [
    (r"/staff/investment", InvestmentPage),
    (r"/staff/investment/export\.xlsx", InvestmentWorkbook),
    (r"/staff/investment/export\.pdf", InvestmentSheets),
]
