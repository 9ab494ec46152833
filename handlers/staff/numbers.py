"""What the numbers say: the dashboard, its exports, the performance report of a period."""

from datetime import date, timedelta
from urllib.parse import quote

from conf.clock import day_given
from conf.errors import Invalid
from conf.measures import day_of
from conf.rights import Action
from handlers.flows import exports
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.numbers import Figures, TopCompany, Watched
from views.contexts.numbers import CHANNELS, KINDS, LONGEST, OUTCOMES, Numbers, NumbersSheet, Scope, charts, tiles
from views.contexts.performance import performance
from views.filters import minute
from views.render import render

TITLE = "统计"
USUAL_DAYS = 30
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class NumbersHandler(StaffHandler):
    """What every page of numbers has in common: the range asked for, the figures, a file sent."""

    def scope(self) -> Scope:
        """The range and filters of the address. Raises Invalid by field."""
        today = day_of(self.clock())
        first = self._day("from", today - timedelta(days=USUAL_DAYS - 1))
        last = self._day("to", today)
        if first > last:
            raise Invalid({"to": "结束日期不能早于开始日期。"})
        if (last - first).days >= LONGEST:
            raise Invalid({"from": "一次最多统计五年，请缩短范围。"})
        terms = {"channel": CHANNELS, "kind": KINDS, "outcome": OUTCOMES}
        chosen = {name: self.text(name, max=20) for name in terms}
        only = {name: value if value in terms[name] else "" for name, value in chosen.items()}
        return Scope(first=first, last=last, **only)

    async def figures(self, scope: Scope) -> tuple[Figures, tuple[TopCompany, ...], Watched]:
        """Everything a page shows, in seven database calls."""
        numbers = self.store.numbers
        read = await numbers.read(scope.first, scope.last, grain=scope.grain)
        return (
            read,
            await numbers.top_companies(scope.first, scope.last),
            await numbers.watched(scope.first, scope.last),
        )

    async def page(self, scope: Scope) -> Numbers:
        """The dashboard of a range."""
        figures, top, watched = await self.figures(scope)
        minutes = exports.watched_minutes(scope.first, scope.last, watched, self.clock())
        return Numbers(
            title=TITLE, scope=scope, today=day_of(self.clock()),
            tiles=tiles(figures, watched, scope, minutes),
            charts=charts(figures, top, watched, scope),
            recounts=await self.store.numbers.recounts(),
        )  # fmt: skip

    async def taken_away(self, what: str, form: str, first: date, last: date) -> None:
        """The export goes on record before it is made: making it may take longer than a page may ask the store."""
        now, trace = self.clock(), self.audit_context()
        await exports.record(self.store, what, form, first=first, last=last, now=now, trace=trace)

    def send(self, content: bytes, media_type: str, plain: str, name: str) -> None:
        """A file: `plain` is its name for old browsers, `name` for all others."""
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}")
        self.finish(content)

    def _day(self, name: str, usual: date) -> date:
        sent = self.text(name, max=10)
        try:
            return min(day_given(sent), day_of(self.clock())) if sent else usual
        except ValueError:
            raise Invalid({name: "请填写日期，例如 2026-11-21。"}) from None


class Dashboard(NumbersHandler):
    """`/staff/numbers?from=&to=&channel=&kind=&outcome=`"""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        try:
            scope = self.scope()
        except Invalid as fault:
            today = day_of(self.clock())
            usual = Scope(first=today - timedelta(days=USUAL_DAYS - 1), last=today)
            sent = {"from": self.text("from", max=10), "to": self.text("to", max=10)}
            self.show(Numbers(title=TITLE, scope=usual, today=today, errors=fault.fields, sent=sent), status=422)
            return
        self.show(await self.page(scope))


class Workbook(NumbersHandler):
    """`/staff/numbers/export.xlsx`: every table of the dashboard as a sheet."""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        scope = self.scope()
        page = await self.page(scope)
        about = (scope.says, f"生成于 {minute(self.clock())}（北京时间）")
        await self.taken_away("numbers", "xlsx", scope.first, scope.last)
        content = await exports.workbook(self.adapters.workshop, page.tables, about=about)
        self.send(content, XLSX, "numbers.xlsx", f"统计-{scope.first}-{scope.last}.xlsx")


class Sheets(NumbersHandler):
    """`/staff/numbers/export.pdf`: the same on paper."""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        scope = self.scope()
        page = await self.page(scope)
        made_at = minute(self.clock())
        sheet = NumbersSheet(title="天河 e企查统计", about=scope.says, made_at=made_at, tables=page.tables)
        await self.taken_away("numbers", "pdf", scope.first, scope.last)
        content = await self.adapters.pdf.render(render(sheet))
        self.send(content, PDF, "numbers.pdf", f"统计-{scope.first}-{scope.last}.pdf")


class PerformanceReport(NumbersHandler):
    """`/staff/numbers/performance.pdf`: the report on one page."""

    @staff(Action.NUMBERS_READ)
    async def get(self) -> None:
        scope = self.scope()
        figures, _, watched = await self.figures(scope)
        minutes = exports.watched_minutes(scope.first, scope.last, watched, self.clock())
        report = performance(figures, watched, minutes, made_at=minute(self.clock()))
        await self.taken_away("performance", "pdf", scope.first, scope.last)
        content = await self.adapters.pdf.render(render(report))
        self.send(content, PDF, "performance.pdf", f"绩效报告-{scope.first}-{scope.last}.pdf")


ROUTES = [
    (r"/staff/numbers", Dashboard),
    (r"/staff/numbers/export\.xlsx", Workbook),
    (r"/staff/numbers/export\.pdf", Sheets),
    (r"/staff/numbers/performance\.pdf", PerformanceReport),
]
