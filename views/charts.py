"""Charts as geometry and as tables: the numbers pages make them, views/components/chart.html draws them as SVG.

A chart never stands alone: it has a name, a sentence for those who cannot see it, and its table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 540, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 34
_ROW = 30  # height of one row of a ranking
_NAME = 190  # room for its names
_FEW = 7  # labels along the time axis

Value = str | int | float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under columns, for the page, the workbook and the PDF; `hrefs` is the drill-down of each row ("" none)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    hrefs: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One rectangle; `series` picks its colour, `says` is its tip and its name as a link."""

    x: float
    y: float
    width: float
    height: float
    series: int
    says: str
    href: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One series as the points of a polyline."""

    points: str
    series: int
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    x: float
    y: float
    says: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """What the component draws."""

    id: str
    title: str
    says: str
    height: float
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Text, ...] = ()  # along the value axis, each with a line across
    labels: tuple[Text, ...] = ()
    names: tuple[Text, ...] = ()  # rows of a ranking
    legend: tuple[str, ...] = ()
    table: Table
    is_empty: bool = False
    width: int = WIDTH


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """What stands along a time axis: a label and an address a period."""

    name: str
    labels: tuple[str, ...]
    hrefs: tuple[str, ...] = ()

    def href(self, place: int) -> str:
        return self.hrefs[place] if self.hrefs else ""


def stacked(id: str, title: str, axis: Axis, series: Sequence[Series], *, unit: str) -> Chart:
    """Columns over time, one series upon the other."""
    sums = [sum(each.values[n] or 0 for each in series) for n in range(len(axis.labels))]
    top = _nice(max(sums, default=0))
    step = _step(axis)
    bars = []
    for n in range(len(axis.labels)):
        y = float(HEIGHT - _BOTTOM)
        for place, each in enumerate(series):
            value = each.values[n] or 0
            tall = _tall(value, top)
            if tall:
                y -= tall
                says = f"{axis.labels[n]} {each.name} {value:g}{unit}"
                bars.append(
                    Bar(x=_r(_LEFT + n * step + step * 0.12), y=_r(y), width=_r(step * 0.76), height=_r(tall),
                        series=place, says=says, href=axis.href(n))
                )  # fmt: skip
    return Chart(
        id=id, title=title, says=_summary(title, axis, sums, unit), height=HEIGHT, bars=tuple(bars),
        marks=_marks(top), labels=_labels(axis, step), legend=tuple(each.name for each in series),
        table=over_time(title, axis, series), is_empty=not any(sums),
    )  # fmt: skip


def lined(id: str, title: str, axis: Axis, series: Sequence[Series], *, unit: str) -> Chart:
    """Lines over time; a value that is not there leaves a gap."""
    known = [value for each in series for value in each.values if value is not None]
    top, step = _nice(max(known, default=0)), _step(axis)
    lines = []
    for place, each in enumerate(series):
        dots = tuple(
            (_r(_LEFT + (n + 0.5) * step), _r(HEIGHT - _BOTTOM - _tall(value, top)),
             f"{axis.labels[n]} {each.name} {value:g}{unit}")
            for n, value in enumerate(each.values) if value is not None
        )  # fmt: skip
        lines.append(Line(points=" ".join(f"{x:g},{y:g}" for x, y, _ in dots), series=place, dots=dots))
    return Chart(
        id=id, title=title, says=_summary(title, axis, known, unit), height=HEIGHT, lines=tuple(lines),
        marks=_marks(top), labels=_labels(axis, step), legend=tuple(each.name for each in series),
        table=over_time(title, axis, series), is_empty=not known,
    )  # fmt: skip


def ranked(
    id: str, title: str, rows: Sequence[tuple[str, float, str]], *, columns: tuple[str, str], unit: str, note: str = ""
) -> Chart:
    """Bars from the largest down; a row is its name, its value and where it leads ("" nowhere)."""
    top = max((value for _, value, _ in rows), default=0)
    room = WIDTH - _NAME - 70
    bars = tuple(
        Bar(x=_NAME, y=_r(n * _ROW + 6), width=_r(max(1.0, room * value / top)) if value else 0, height=_ROW - 12,
            series=0, says=f"{name} {value:g}{unit}", href=href)
        for n, (name, value, href) in enumerate(rows)
    )  # fmt: skip
    marks = tuple(
        Text(x=_r(_NAME + bar.width + 6), y=bar.y + 14, says=f"{value:,g}")
        for bar, (_, value, _) in zip(bars, rows, strict=True)
    )
    names = tuple(Text(x=_NAME - 8, y=n * _ROW + 20, says=_short(name)) for n, (name, _, _) in enumerate(rows))
    table = Table(
        title=title, columns=columns, rows=tuple((name, value) for name, value, _ in rows),
        hrefs=tuple(href for _, _, href in rows), note=note,
    )  # fmt: skip
    leader = f"，最多的是{rows[0][0]}（{rows[0][1]:g}{unit}）" if rows else ""
    return Chart(
        id=id, title=title, says=f"{title}：{len(rows)} 项{leader}。", height=max(1, len(rows)) * _ROW, bars=bars,
        labels=marks, names=names, table=table, is_empty=not rows,
    )  # fmt: skip


def over_time(title: str, axis: Axis, series: Sequence[Series]) -> Table:
    """A table with a row a period."""
    rows = tuple((label, *(each.values[n] for each in series)) for n, label in enumerate(axis.labels))
    return Table(title=title, columns=(axis.name, *(each.name for each in series)), rows=rows, hrefs=axis.hrefs)


def _step(axis: Axis) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(1, len(axis.labels))


def _tall(value: float, top: float) -> float:
    return (HEIGHT - _TOP - _BOTTOM) * value / top


def _nice(value: float) -> float:
    """The next round number above, so that four equal steps are round as well."""
    if value <= 0:
        return 4.0
    size = 10 ** int(log10(value) // 1)
    return float(next(each * size for each in (1, 2, 4, 6, 8, 10) if each * size >= value))


def _marks(top: float) -> tuple[Text, ...]:
    return tuple(
        Text(x=_LEFT - 8, y=_r(HEIGHT - _BOTTOM - _tall(top * n / 4, top)), says=f"{top * n / 4:,g}") for n in range(5)
    )


def _labels(axis: Axis, step: float) -> tuple[Text, ...]:
    every = ceil(len(axis.labels) / _FEW) or 1
    return tuple(
        Text(x=_r(_LEFT + (n + 0.5) * step), y=HEIGHT - 12, says=label[-5:] if len(label) == 10 else label)
        for n, label in enumerate(axis.labels)
        if n % every == 0
    )


def _summary(title: str, axis: Axis, values: Sequence[float], unit: str) -> str:
    if not axis.labels or not values:
        return f"{title}：没有数据。"
    return f"{title}：{axis.labels[0]} 至 {axis.labels[-1]}，最小 {min(values):g}{unit}，最大 {max(values):g}{unit}。"


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"


def _r(value: float) -> float:
    return round(value, 2)
