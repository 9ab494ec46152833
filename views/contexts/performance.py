"""The performance report of the project on one page: users by kind, daily queries, indicators with what was reached."""

from dataclasses import dataclass
from datetime import date

from conf.measures import ANSWER_BOUNDS, WAIT_BOUNDS, Measure, quantile, summed, total, within
from store.records.numbers import Figures, Watched
from views.contexts import Context, context
from views.contexts.numbers import KINDS, all_cells, availability, durations, followed, percent, spoken

NOT_MEASURED = "本期未测得"
PAGE_SECONDS, REPORT_SECONDS = 3, 5
USERS_AT_ONCE = 100
UP = 0.999


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """One line: what was promised, what was reached, whether that is enough (None: it was not measured)."""

    name: str
    target: str
    achieved: str
    is_met: bool | None
    basis: str

    @property
    def says(self) -> str:
        return "未测得" if self.is_met is None else "达标" if self.is_met else "未达标"


@context
class Performance(Context):
    """The sheet."""

    template = "pages/print/performance.html"
    first: date
    last: date
    made_at: str
    users: tuple[tuple[str, str, str, str], ...]  # kind, at the start, new, at the end
    volumes: tuple[tuple[str, str, str], ...]  # what, in the period, a day
    indicators: tuple[Indicator, ...]


def performance(figures: Figures, watched: Watched, minutes: int, *, made_at: str) -> Performance:
    """The report of a range; `minutes`: how many of its minutes were watched."""
    return Performance(
        title="项目绩效报告", first=figures.first, last=figures.last, made_at=made_at, users=_users(figures),
        volumes=_volumes(figures), indicators=_indicators(figures, watched, minutes),
    )  # fmt: skip


def _users(figures: Figures) -> tuple[tuple[str, str, str, str], ...]:
    new = all_cells(figures)(Measure.ACCOUNTS)
    rows = [(name, figures.before.get(kind, 0), new.get(kind, 0)) for kind, name in list(KINDS.items())[:2]]
    rows.append(("合计", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    return tuple((name, f"{before:,}", f"{added:,}", f"{before + added:,}") for name, before, added in rows)


def _volumes(figures: Figures) -> tuple[tuple[str, str, str], ...]:
    cells, days = all_cells(figures), (figures.last - figures.first).days + 1
    rows = (
        ("查询（次）", total(cells(Measure.QUERIES), Measure.QUERIES)),
        ("申请（件）", total(cells(Measure.ORDERS), Measure.ORDERS)),
        ("出具复制件（份）", cells(Measure.STEPS).get("ready", 0)),
        ("下载（次）", summed(cells(Measure.DOWNLOADS), Measure.DOWNLOADS, "how").get("done", 0)),
        ("未打印页数（页）", cells(Measure.PAPER).get("saved", 0)),
    )
    return tuple((name, f"{count:,}", f"{count / days:,.1f}") for name, count in rows)


def _indicators(figures: Figures, watched: Watched, minutes: int) -> tuple[Indicator, ...]:
    cells = all_cells(figures)
    answers = cells(Measure.ANSWERS)
    pages, reports = (durations(answers, Measure.ANSWERS, page=page) for page in ("page", "report"))
    up = availability(watched, minutes)
    return (
        _together(watched, pages),
        _timed("页面响应", PAGE_SECONDS, pages),
        _timed("统计报表响应", REPORT_SECONDS, reports),
        Indicator(
            name="可用率", target=f"≥ {percent(UP)}", achieved=NOT_MEASURED if up is None else percent(up, 3),
            is_met=None if up is None else up >= UP,
            basis=f"{minutes:,} 分钟中有 {watched.minutes:,} 分钟在服务" if minutes else "本期没有运行记录",
        ),
        *_service(cells(Measure.WAITS), cells(Measure.FOLLOWED), cells(Measure.RATINGS)),
    )  # fmt: skip


def _together(watched: Watched, pages: dict[str, int]) -> Indicator:
    """Met only when so many really came at once; fewer visitors prove nothing about a hundred."""
    share = within(pages, PAGE_SECONDS, ANSWER_BOUNDS)
    was_so_many = watched.peak >= USERS_AT_ONCE and share is not None
    return Indicator(
        name="同时在线", target=f"{USERS_AT_ONCE} 人同时使用",
        achieved=f"一分钟内最多 {watched.peak} 人" if was_so_many else NOT_MEASURED,
        is_met=(share or 0) >= 0.95 if was_so_many else None,
        basis="期间 95% 的页面在限时内" if was_so_many
        else f"一分钟内最多有 {watched.peak} 人，未到 {USERS_AT_ONCE} 人，须以压力测试证明",
    )  # fmt: skip


def _timed(name: str, limit: int, cells: dict[str, int]) -> Indicator:
    share, slow = within(cells, limit, ANSWER_BOUNDS), quantile(cells, 0.95, ANSWER_BOUNDS)
    return Indicator(
        name=name, target=f"{limit} 秒内", achieved=NOT_MEASURED if slow is None else f"p95 {spoken(slow)}",
        is_met=None if slow is None else slow <= limit,
        basis="本期没有访问记录" if share is None
        else f"{sum(cells.values()):,} 次中 {percent(share, 2)} 在 {limit} 秒内，在服务器上测得",
    )  # fmt: skip


def _service(waits: dict[str, int], closed: dict[str, int], ratings: dict[str, int]) -> tuple[Indicator, ...]:
    direct = durations(waits, Measure.WAITS, way="direct")
    slow = quantile(direct, 0.95, WAIT_BOUNDS)
    low, in_time = followed(closed)
    levels = summed(ratings, Measure.RATINGS, "satisfaction")
    given, good = sum(levels.values()), sum(count for level, count in levels.items() if int(level) >= 3)
    return (
        Indicator(
            name="出件时间（无需审核）", target="10 分钟内",
            achieved=NOT_MEASURED if slow is None else f"p95 {spoken(slow)}",
            is_met=None if slow is None else slow <= 600, basis=f"{sum(direct.values()):,} 份复制件",
        ),
        Indicator(
            name="满意率", target="≥ 95.0%", achieved=percent(good / given) if given else NOT_MEASURED,
            is_met=good / given >= 0.95 if given else None, basis=f"{given:,} 次评价中基本满意以上 {good:,} 次",
        ),
        Indicator(
            name="差评按时办结", target="100.0%", achieved=percent(in_time / low) if low else NOT_MEASURED,
            is_met=in_time == low if low else None, basis=f"{low:,} 件已办结，按时 {in_time:,} 件",
        ),
    )  # fmt: skip
