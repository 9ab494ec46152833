"""The sheets of a batch look-up as HTML: cover with the list, then a table a company; handed to the batch flow."""

from collections.abc import Sequence

from conf.clock import beijing
from store.records import Company, CopyIssue, Decision
from store.records.government import BatchLookup, OrganCase
from views.contexts.print import LINE_MM, extract_sheet, fold, paginate
from views.contexts.print_batch import BatchCover, BatchExtracts, Line
from views.filters import day, minute
from views.render import render

_ROOM_FIRST, _ROOM_NEXT = 78.0, 205.0


class GovernmentSheets:
    """What `handlers/flows/batches.py: BatchSheets` asks for, drawn from our templates."""

    def __init__(self, *, is_sample: bool) -> None:
        self._is_sample = is_sample

    def cover(
        self,
        batch: BatchLookup,
        case: OrganCase,
        answers: Sequence[tuple[Company, Decision]],
        person: str,
        *,
        code: str,
        address: str,
    ) -> str:
        """HTML of the list: what was asked by whom for which case, what became of every company, how to verify it."""
        lines = [_line(number, *answer) for number, answer in enumerate(answers, 1)]
        facts = (
            ("查询单位", fold(batch.unit_name, 33)),
            ("查询人", (person,)),
            ("案号", fold(case.no, 33)),
            ("查询目的", fold(case.purpose, 33)[:3]),
            ("公函", fold(f"{case.letter.no}（{day(case.letter.dated)}）", 33)),
            ("审批", (f"{batch.decided_name}，{minute(batch.decided_at)}",)),
            ("批量查询编号", (batch.id,)),
            ("验证码", (" ".join(code[at : at + 4] for at in range(0, len(code), 4)),)),
            ("核验网址", fold(address, 33)),
        )
        page = BatchCover(
            title="企业登记档案批量查询结果",
            facts=facts,
            foot=_foot(batch, case, person),
            is_sample=self._is_sample,
            pages=paginate(lines, _height, first=_ROOM_FIRST, following=_ROOM_NEXT),
        )
        return render(page)

    def extracts(self, batch: BatchLookup, case: OrganCase, companies: Sequence[Company], person: str) -> str:
        """HTML of the extracts of these companies, each from a new page."""
        sheets = tuple(
            (company.name, tables)
            for company in companies
            for tables in extract_sheet(company, self._issue(batch, company)).pages
        )
        foot = _foot(batch, case, person)
        return render(BatchExtracts(title="机读档案", sheets=sheets, foot=foot, is_sample=self._is_sample))

    def watermark(self, batch: BatchLookup) -> str:
        """仅供本案使用 · 单位 · 编号 · 时间, as on every page."""
        sample = "样例 · " if self._is_sample else ""
        at = beijing(batch.decided_at or batch.created_at)
        return f"{sample}仅供本案使用 · {batch.unit_name} · {batch.id} · {at:%Y-%m-%d %H:%M}"

    def _issue(self, batch: BatchLookup, company: Company) -> CopyIssue:
        at = batch.decided_at or batch.created_at
        return CopyIssue(
            no=batch.id, order_no=batch.id, code="", issued_at=at, valid_until=at, filing_number=company.filing_count,
            filed_on=company.last_filed_on, base_url="", is_sample=self._is_sample,
        )  # fmt: skip


def _line(number: int, company: Company, decision: Decision) -> Line:
    says = "提供" if decision.outcome == "permit" else decision.says
    return Line(number=number, name=fold(company.name, 20), uscc=company.uscc, says=fold(says, 14))


def _height(line: Line, _: Line | None) -> float:
    return max(len(line.name), len(line.says)) * LINE_MM + 1.8


def _foot(batch: BatchLookup, case: OrganCase, person: str) -> str:
    """On every page: unit, person, case, number, Beijing time of the approval."""
    at = beijing(batch.decided_at or batch.created_at)
    return f"{batch.unit_name} {person} · 案号 {case.no} · {batch.id} · {at:%Y-%m-%d %H:%M} · 仅供本案使用"
