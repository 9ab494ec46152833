"""Outward and inward investment of a chosen street or industry: tables, charts, comparison by quarter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import urlencode

from store.records.investment import Holding, Side
from views.charts import Axis, Chart, Series, Table, ranked, stacked
from views.contexts import Context, context
from views.filters import minute

OUT, IN = "out", "in"
WAYS = {OUT: "对外投资", IN: "吸收投资"}
ELSEWHERE = "本登记机关以外"
QUARTERS = 12
_SHOWN = 200
SOURCE = "来源：天河区市场主体登记档案中的股东登记事项"
LIMITS = (
    "只含在本登记机关登记的企业：本区企业投资外地登记的企业不在其中。股东按统一社会信用代码认定，没有代码的按登记名称认定。"
    "季度按被投资企业的成立日期计，持股为目前登记的状态。"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which companies are "ours": of a street, an industry, both, or all of the register."""

    street: str = ""
    industry: str = ""

    @property
    def query(self) -> str:
        return urlencode({n: v for n, v in (("street", self.street), ("industry", self.industry)) if v})

    def holds(self, side: Side) -> bool:
        """Whether a company is one of the chosen."""
        if not side.is_local:
            return False
        return self.street in ("", side.street_code) and self.industry in ("", side.industry)


@context
class Investments(Context):
    """`/staff/investment`."""

    template = "pages/staff_investment.html"
    choice: Choice
    streets: tuple[tuple[str, str], ...]
    industries: tuple[str, ...]
    holdings: tuple[Holding, ...]
    today: date
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        street = dict(self.streets).get(self.choice.street, "")
        return " · ".join(each for each in (street, self.choice.industry) if each) or "全部登记企业"

    @property
    def dated(self) -> str:
        """Source and date of the data, for page and exports."""
        moments = [each.as_of for each in self.holdings if each.as_of]
        return f"{SOURCE}；数据截至 {minute(max(moments))}。" if moments else f"{SOURCE}；没有企业股东的记录。"

    @property
    def industry_options(self) -> list[tuple[str, str]]:
        return [(each, each) for each in self.industries]

    @property
    def limits(self) -> str:
        return LIMITS

    @property
    def ways(self) -> tuple[tuple[str, tuple[Holding, ...]], ...]:
        """Holdings by direction."""
        return tuple((way, holdings_of(self.holdings, self.choice, way)) for way in WAYS)

    @property
    def charts(self) -> tuple[Chart, ...]:
        found: list[Chart] = [_by_quarter(self.ways, self.today)]
        for way, holdings in self.ways:
            counted = Counter(_other(each, way).industry or ELSEWHERE for each in holdings).most_common(10)
            rows = [(name, float(count), "") for name, count in counted]
            title = f"{WAYS[way]}的对方行业"
            found.append(ranked(f"industry-{way}", title, rows, columns=("行业", "笔"), unit="笔"))
        return tuple(found)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The lists as shown: the first of each direction."""
        return tuple(_table(way, holdings[:_SHOWN], len(holdings)) for way, holdings in self.ways)

    @property
    def exported(self) -> tuple[Table, ...]:
        """All rows and the charts' tables, each with source and date."""
        lists = [_table(way, holdings, len(holdings)) for way, holdings in self.ways]
        return (*lists, *(chart.table for chart in self.charts))


def holdings_of(holdings: Iterable[Holding], choice: Choice, way: str) -> tuple[Holding, ...]:
    """Outward: chosen companies hold shares in companies not chosen; inward the reverse.

    With nothing chosen every company of the register is ours, so inward are holders from outside of it, and outward
    are holdings of its companies in one another.
    """
    is_all = not choice.street and not choice.industry
    if way == OUT:
        found = (
            each for each in holdings if choice.holds(each.investor) and (is_all or not choice.holds(each.investee))
        )
    else:
        found = (each for each in holdings if choice.holds(each.investee) and not choice.holds(each.investor))
    return tuple(sorted(found, key=lambda each: (each.investor.name, each.investee.name)))


def quarter_of(day: date) -> str:
    return f"{day.year} 年 {(day.month + 2) // 3} 季度"


def _by_quarter(ways: tuple[tuple[str, tuple[Holding, ...]], ...], today: date) -> Chart:
    labels: list[str] = []
    year, quarter = today.year, (today.month + 2) // 3
    for _ in range(QUARTERS):
        labels.insert(0, f"{year} 年 {quarter} 季度")
        year, quarter = (year, quarter - 1) if quarter > 1 else (year - 1, 4)
    series = []
    for way, holdings in ways:
        counted = Counter(quarter_of(each.since) for each in holdings)
        series.append(Series(name=WAYS[way], values=tuple(counted.get(label, 0) for label in labels)))
    axis = Axis(name="季度", labels=tuple(labels))
    short = Axis(name="季度", labels=tuple(f"{label[2:4]}Q{label[7]}" for label in labels))
    made = stacked("quarters", "季度比较（新成立的被投资企业）", short, series, unit="笔")
    return made if not made.table.rows else _with_long_names(made, axis)


def _with_long_names(chart: Chart, axis: Axis) -> Chart:
    rows = tuple((label, *row[1:]) for label, row in zip(axis.labels, chart.table.rows, strict=True))
    return replace(chart, table=replace(chart.table, rows=rows))


def _other(holding: Holding, way: str) -> Side:
    return holding.investee if way == OUT else holding.investor


def _table(way: str, holdings: tuple[Holding, ...], total: int) -> Table:
    rows = tuple(
        (
            each.investor.name, each.investor.street or ELSEWHERE, each.investee.name, each.investee.street,
            each.investee.industry, each.amount or "—", each.share or "—", each.since.isoformat(), _day(each.as_of),
        )
        for each in holdings
    )  # fmt: skip
    columns = ("投资方", "投资方所在", "被投资企业", "所在街道", "行业", "认缴", "比例", "成立日期", "登记数据日期")
    note = f"共 {total} 笔，列出前 {len(rows)} 笔；导出的文件含全部。" if total > len(rows) else f"共 {total} 笔。"
    return Table(title=WAYS[way], columns=columns, rows=rows, note=note)


def _day(moment: datetime | None) -> str:
    return minute(moment).split(" ")[0] if moment else "—"
