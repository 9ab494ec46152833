"""The dashboard of numbers: figures as charts and tables, each leading on into a day or a dimension."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from conf.access import rule_named
from conf.measures import ANSWER_BOUNDS, WAIT_BOUNDS, Measure, merge, quantile, summed, total, within
from conf.terms import OrderStatus, Satisfaction
from store.records.numbers import Figures, Part, Recount, TopCompany, Watched
from views.charts import Axis, Chart, Series, Table, lined, ranked, stacked
from views.contexts import Context, context
from views.filters import label

CHANNELS = {
    "pc": "电脑网页", "mobile": "手机网页", "kiosk": "自助终端", "shb": "穗好办", "yst": "粤商通", "staff": "窗口",
    "government": "政务网",
}  # fmt: skip
KINDS = {"natural": "个人", "legal": "企业", "anonymous": "未登录", "organ": "机关单位"}
OUTCOMES = {"permit": "直接提供", "review": "转人工审核", "refuse": "不予提供"}
HOW = {
    "done": "下载文件",
    "print": "终端打印",
    "saved": "未打印（电子交付）",
    "printed": "终端打印",
    "batch": "机关批量查询结果",
}
WAYS = {"direct": "直接提供", "review": "人工审核"}
SCOPES = {"order": "申请", "dossier": "查看目录", "extract": "查看机读档案", "batch": "机关批量查询"}
MOST_DAYS = 92  # a longer range is shown by month
LONGEST = 5 * 366


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What is looked at: Beijing days, and one term of a dimension each, or "" for all."""

    first: date
    last: date
    channel: str = ""
    kind: str = ""
    outcome: str = ""

    @property
    def grain(self) -> str:
        return "d" if (self.last - self.first).days < MOST_DAYS else "m"

    @property
    def only(self) -> dict[str, str]:
        return {"channel": self.channel, "kind": self.kind, "outcome": self.outcome}

    @property
    def query(self) -> str:
        terms = {"from": self.first.isoformat(), "to": self.last.isoformat(), **self.only}
        return urlencode({name: value for name, value in terms.items() if value})

    @property
    def says(self) -> str:
        named = [CHANNELS.get(self.channel, ""), KINDS.get(self.kind, ""), OUTCOMES.get(self.outcome, "")]
        days = f"{self.first.isoformat()} 至 {self.last.isoformat()}"
        return " · ".join([days, *(each for each in named if each)])

    def href(self, first: date, last: date) -> str:
        return f"/staff/numbers?{replace(self, first=first, last=last).query}"

    def narrowed(self, dimension: str, term: str) -> str:
        """The same range, for one channel, kind of visitor or outcome only."""
        terms = self.only | {dimension: term}
        return f"/staff/numbers?{Scope(first=self.first, last=self.last, **terms).query}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One figure at the top."""

    name: str
    value: str
    about: str = ""


@context
class Numbers(Context):
    """`/staff/numbers`."""

    template = "pages/staff_numbers.html"
    scope: Scope
    today: date
    tiles: tuple[Tile, ...] = ()
    charts: tuple[Chart, ...] = ()
    recounts: tuple[Recount, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> tuple[tuple[str, str, tuple[tuple[str, str], ...], str], ...]:
        """(name, label, options, value) of the filters."""
        return tuple(
            (name, title, (("", "全部"), *terms.items()), getattr(self.scope, name))
            for name, title, terms in (
                ("channel", "渠道", CHANNELS), ("kind", "查询人", KINDS), ("outcome", "处理结果", OUTCOMES),
            )
        )  # fmt: skip

    @property
    def shortcuts(self) -> tuple[tuple[str, str], ...]:
        """Ranges people ask for."""
        today = self.today
        starts = (
            ("最近 7 天", today - timedelta(days=6)), ("最近 30 天", today - timedelta(days=29)),
            ("本月", today.replace(day=1)), ("今年", today.replace(month=1, day=1)),
            ("最近 5 年", today.replace(year=today.year - 5, day=min(today.day, 28)) + timedelta(days=1)),
        )  # fmt: skip
        return tuple((name, self.scope.href(start, today)) for name, start in starts)

    @property
    def alarms(self) -> tuple[Recount, ...]:
        return tuple(recount for recount in self.recounts if recount.differences)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All that is shown, for the workbook and the PDF."""
        head = tuple((tile.name, tile.value, tile.about) for tile in self.tiles)
        summary = Table(title="概览", columns=("指标", "数值", "说明"), rows=head)
        return (summary, *(chart.table for chart in self.charts))


@context
class NumbersSheet(Context):
    """The same tables on paper."""

    template = "pages/print/numbers.html"
    about: str
    made_at: str
    tables: tuple[Table, ...]


def charts(figures: Figures, top: tuple[TopCompany, ...], watched: Watched, scope: Scope) -> tuple[Chart, ...]:
    """Every chart of the dashboard."""
    return (
        *_volumes(figures, scope), *_dimensions(figures, scope), _accounts(figures, scope), *_times(figures, scope),
        *_quality(figures), _companies(top), _paper(figures, scope), *_answers(figures, scope, watched),
    )  # fmt: skip


def tiles(figures: Figures, watched: Watched, scope: Scope, now_minutes: int) -> tuple[Tile, ...]:
    """The figures at the top; `now_minutes`: minutes of the range that are over and were watched."""
    cells = all_cells(figures)
    only = scope.only
    direct = durations(cells(Measure.WAITS), Measure.WAITS)
    accounts = merge((figures.before, cells(Measure.ACCOUNTS)))
    low, in_time = followed(cells(Measure.FOLLOWED))
    up = availability(watched, now_minutes)
    return (
        Tile(name="查询", value=f"{total(cells(Measure.QUERIES), Measure.QUERIES, **only):,}", about="次"),
        Tile(name="申请", value=f"{total(cells(Measure.ORDERS), Measure.ORDERS, **only):,}", about="件"),
        Tile(name="出件", value=f"{cells(Measure.STEPS).get('ready', 0):,}", about="份复制件"),
        Tile(name="累计用户", value=f"{sum(accounts.values()):,}", about=_by_kind(accounts)),
        Tile(name="出件时间 p50 / p95", value=_pair(direct, WAIT_BOUNDS), about="从提交到可以下载"),
        Tile(name="页面响应 p95", value=_spoken(quantile(durations(cells(Measure.ANSWERS), Measure.ANSWERS),
                                                     0.95, ANSWER_BOUNDS)), about="在服务器上测得"),
        Tile(name="未打印页数", value=f"{cells(Measure.PAPER).get('saved', 0):,}", about="页，电子交付"),
        Tile(name="差评按时办结", value=_percent(in_time / low if low else None), about=f"{low} 件已办结"),
        Tile(name="可用率", value=_percent(up, 3), about="按分钟记录"),
    )  # fmt: skip


def all_cells(figures: Figures) -> Callable[[Measure], dict[str, int]]:
    """Counts of a measure over the whole range."""
    kept: dict[Measure, dict[str, int]] = {}

    def cells(measure: Measure) -> dict[str, int]:
        if measure not in kept:
            kept[measure] = merge(part.cells(measure) for part in figures.parts)
        return kept[measure]

    return cells


def durations(cells: Mapping[str, int], measure: Measure, **only: str) -> dict[str, int]:
    """The histogram of a measure of time."""
    return summed(cells, measure, "seconds", **only)


def followed(cells: Mapping[str, int]) -> tuple[int, int]:
    """Low ratings closed, and those of them closed in time."""
    return sum(cells.values()), cells.get("in_time", 0)


def availability(watched: Watched, minutes: int) -> float | None:
    """Share of the watched minutes in which the service answered; None when nothing was watched."""
    return min(1.0, watched.minutes / minutes) if minutes else None


def axis_of(figures: Figures, scope: Scope) -> Axis:
    """The periods of the range; each leads to itself."""
    by_day = figures.grain == "d"
    labels = tuple(part.first.isoformat() if by_day else f"{part.first:%Y-%m}" for part in figures.parts)
    hrefs = tuple(scope.href(part.first, part.last) for part in figures.parts)
    return Axis(name="日期" if by_day else "月份", labels=labels, hrefs=hrefs)


def _series(figures: Figures, measure: Measure, dimension: str, names: Mapping[str, str], scope: Scope) -> list[Series]:
    sums = [summed(part.cells(measure), measure, dimension, **scope.only) for part in figures.parts]
    terms = [term for term in names if any(each.get(term) for each in sums)]
    terms += sorted({term for each in sums for term in each} - set(terms))
    return [Series(name=names.get(term, term), values=tuple(each.get(term, 0) for each in sums)) for term in terms]


def _volumes(figures: Figures, scope: Scope) -> tuple[Chart, ...]:
    axis = axis_of(figures, scope)
    queries = _series(figures, Measure.QUERIES, "channel", CHANNELS, scope)
    orders = _series(figures, Measure.ORDERS, "outcome", OUTCOMES, scope)
    return (
        stacked("queries", "查询量（按渠道）", axis, queries, unit="次"),
        stacked("orders", "申请量（按处理结果）", axis, orders, unit="件"),
    )


def _dimensions(figures: Figures, scope: Scope) -> tuple[Chart, ...]:
    cells = all_cells(figures)
    orders = cells(Measure.ORDERS)

    def by(dimension: str, names: Mapping[str, str]) -> list[tuple[str, float, str]]:
        sums = summed(orders, Measure.ORDERS, dimension, **scope.only)
        return [(names.get(t, t), n, scope.narrowed(dimension, t) if t in names else "") for t, n in _largest(sums)]

    papers = summed(cells(Measure.CATEGORIES), Measure.CATEGORIES, "category", **scope.only)
    steps = cells(Measure.STEPS)
    ends = [(label(s), steps[s], "") for s in OrderStatus if steps.get(s)]
    return (
        ranked("by-channel", "申请渠道", by("channel", CHANNELS), columns=("渠道", "申请（件）"), unit="件"),
        ranked("by-kind", "申请人类别", by("kind", KINDS), columns=("申请人", "申请（件）"), unit="件"),
        ranked("by-category", "档案材料种类", [(t, n, "") for t, n in _largest(papers)[:15]],
               columns=("材料", "申请（份）"), unit="份", note="份数最多的 15 种。"),
        ranked("steps", "办理进度", ends, columns=("步骤", "经过（件）"), unit="件",
               note="这段时间内走到该步骤的申请数，不随上面的筛选变化。"),
    )  # fmt: skip


def _accounts(figures: Figures, scope: Scope) -> Chart:
    known, series = dict(figures.before), dict[str, list[float]]({"natural": [], "legal": []})
    for part in figures.parts:
        known = merge((known, part.cells(Measure.ACCOUNTS)))
        for kind, values in series.items():
            values.append(known.get(kind, 0))
    lines = [Series(name=f"{KINDS[kind]}用户", values=tuple(values)) for kind, values in series.items()]
    return lined("accounts", "累计注册用户", axis_of(figures, scope), lines, unit="人")


def _times(figures: Figures, scope: Scope) -> tuple[Chart, ...]:
    def at(part: Part, share: float) -> float | None:
        found = quantile(durations(part.cells(Measure.WAITS), Measure.WAITS), share, WAIT_BOUNDS)
        return None if found is None else round(found, 1)

    lines = [
        Series(name=name, values=tuple(at(part, share) for part in figures.parts))
        for name, share in (("p50（秒）", 0.5), ("p95（秒）", 0.95))
    ]
    cells = all_cells(figures)(Measure.WAITS)
    rows = [
        (f"{WAYS[way]} {name}", round(found, 1), "")
        for way in WAYS
        for name, share in (("p50", 0.5), ("p95", 0.95))
        if (found := quantile(durations(cells, Measure.WAITS, way=way), share, WAIT_BOUNDS)) is not None
    ]
    return (
        lined("waits", "从提交到出件的时间", axis_of(figures, scope), lines, unit="秒"),
        ranked("waits-by-way", "出件时间（按办理方式）", rows, columns=("方式", "秒"), unit="秒"),
    )


def _quality(figures: Figures) -> tuple[Chart, ...]:
    cells = all_cells(figures)
    refusals = [
        (f"{SCOPES.get(key.split('~')[0], '')} · {_rule(key.split('~')[1])}", count, "")
        for key, count in _largest(cells(Measure.REFUSALS))
    ]
    levels = summed(cells(Measure.RATINGS), Measure.RATINGS, "satisfaction")
    ratings = [
        (label(s), levels[str(int(s))], "") for s in sorted(Satisfaction, reverse=True) if levels.get(str(int(s)))
    ]
    low, in_time = followed(cells(Measure.FOLLOWED))
    closed = [("按时办结", in_time, ""), ("超时办结", low - in_time, "")] if low else []
    return (
        ranked("refusals", "不予提供的依据", refusals, columns=("依据", "次"), unit="次"),
        ranked("ratings", "评价", ratings, columns=("满意程度", "次"), unit="次"),
        ranked("followed", "差评回访办结", closed, columns=("办结", "件"), unit="件"),
    )


def _companies(top: tuple[TopCompany, ...]) -> Chart:
    rows = [(each.name, each.count, f"/companies/{each.uscc}") for each in top]
    return ranked("companies", "查询最多的企业", rows, columns=("企业", "查询（次）"), unit="次")


def _paper(figures: Figures, scope: Scope) -> Chart:
    series = [
        Series(name=HOW[how], values=tuple(part.cells(Measure.PAPER).get(how, 0) for part in figures.parts))
        for how in ("saved", "printed")
    ]
    return stacked("paper", "交付页数", axis_of(figures, scope), series, unit="页")


def _answers(figures: Figures, scope: Scope, watched: Watched) -> tuple[Chart, ...]:
    def at(part: Part, share: float) -> float | None:
        found = quantile(durations(part.cells(Measure.ANSWERS), Measure.ANSWERS, page="page"), share, ANSWER_BOUNDS)
        return None if found is None else round(found * 1000, 1)

    lines = [
        Series(name=name, values=tuple(at(part, share) for part in figures.parts))
        for name, share in (("p50（毫秒）", 0.5), ("p95（毫秒）", 0.95))
    ]
    ends = summed(all_cells(figures)(Measure.ANSWERS), Measure.ANSWERS, "end")
    names = {"ok": "正常回答", "fault": "服务故障"}
    rows = [(names.get(end, end), count, "") for end, count in _largest(ends)]
    note = f"一分钟内最多 {watched.peak} 位访客；共记录到 {watched.minutes:,} 分钟在服务。"
    return (
        lined("answers", "页面响应时间", axis_of(figures, scope), lines, unit="毫秒"),
        ranked("ends", "回答访客的请求", rows, columns=("结果", "次"), unit="次", note=note),
    )


def _largest(sums: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def _rule(term: str) -> str:
    """The rule's sentence for visitors, or its id when the table has it no more."""
    id = term.replace(":", ".")
    rule = rule_named(id)
    return rule.says if rule else id


def _by_kind(accounts: Mapping[str, int]) -> str:
    return "，".join(f"{name} {accounts.get(kind, 0):,}" for kind, name in list(KINDS.items())[:2])


def _pair(cells: Mapping[str, int], bounds: tuple[float, ...]) -> str:
    return " / ".join(_spoken(quantile(cells, share, bounds)) for share in (0.5, 0.95))


def _spoken(seconds: float | None) -> str:
    """A duration as people say it."""
    if seconds is None:
        return "—"
    if seconds < 1:
        return f"{seconds * 1000:.0f} 毫秒"
    if seconds < 120:
        return f"{seconds:.1f} 秒"
    if seconds < 7200:
        return f"{seconds / 60:.0f} 分钟"
    return f"{seconds / 3600:.1f} 小时"


def _percent(share: float | None, digits: int = 1) -> str:
    return "—" if share is None else f"{share * 100:.{digits}f}%"


spoken, percent, share_within = _spoken, _percent, within
