"""The registration history of a sample company: filings, documents, and the facts each paper is drawn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from conf.terms import CompanyStatus, DocumentFlag, FilingKind, PersonRole
from handlers.flows.intake.rows import ChangeRow, CompanyRow, DocumentRow, FileRow, FilingRow
from handlers.flows.samples.papers.facts import Facts

#: Pages a paper comes to, about; only to know when a dossier is thick enough.
_PAGES = {"登记申请书": 4, "章程": 5, "房屋租赁合同": 2, "股权转让协议": 2, "股权质押合同": 2, "验资证明": 2}
_FLAGS = {
    "章程": DocumentFlag.PUBLIC,
    "章程修正案": DocumentFlag.PUBLIC,
    "登记通知书": DocumentFlag.PUBLIC,
    "审核表": DocumentFlag.INTERNAL,
    "身份证明": DocumentFlag.SENSITIVE,
    "联络员信息": DocumentFlag.SENSITIVE,
    "验资证明": DocumentFlag.SENSITIVE,
}
_OVER = {
    CompanyStatus.CANCELLED: (FilingKind.CANCELLATION, "注销登记"),
    CompanyStatus.MOVED_OUT: (FilingKind.MOVE_OUT, "迁出登记"),
    CompanyStatus.REVOKED: (FilingKind.REVOCATION, "吊销营业执照"),
    CompanyStatus.ANNULLED: (FilingKind.REVOCATION, "撤销登记"),
}
Turn = tuple[str, str, str]


@dataclass(slots=True)
class History:
    """Rows in order, and the facts of each scanned document by (business number, document number)."""

    filings: list[FilingRow] = field(default_factory=list)
    documents: list[DocumentRow] = field(default_factory=list)
    facts: dict[tuple[str, int], Facts] = field(default_factory=dict)
    pages: int = 0  # expected


def make_history(company: CompanyRow, *, seed: int, thickness: int) -> History:
    """Filings of the company up to its status, then record filings and pledges until about `thickness` pages."""
    return _Writer(company, Random(f"{seed}/{company.uscc}")).write(thickness)


class _Writer:
    def __init__(self, company: CompanyRow, random: Random) -> None:
        self.company, self.random = company, random
        self.history = History()
        self.taken: set[date] = set()

    def write(self, thickness: int) -> History:
        company = self.company
        self._establish()
        by_day: dict[date, list[ChangeRow]] = {}
        for change in company.changes:
            by_day.setdefault(change.approved_on, []).append(change)
        for day, changes in by_day.items():
            self._change(day, changes[0])
        if company.ended_on and company.status in _OVER:
            self._end(company.ended_on)
        self._annual()
        for day in self._spare_days():
            if self.history.pages >= thickness:
                break
            self.random.choice((self._record, self._record, self._pledge))(day)
        return self.history

    def _establish(self) -> None:
        company = self.company
        papers = ["登记申请书", "授权委托书", "房屋租赁合同", "联络员信息"]
        if self._owners():
            papers += ["名称预先核准通知书", "章程", "股东会决议", "任职文件"]
        if self._owners() and company.established_on.year < 2014:  # paid-up capital was certified until then
            papers += ["验资证明"]
        people = [company.legal_representative, *(name for name, *_ in self._owners() if len(name) <= 4)]
        titles = {"登记通知书": "准予设立登记通知书", "任职文件": "法定代表人、董事、监事任职文件"}
        papers += ["登记通知书", "审核表"]
        filing = self._file(FilingKind.ESTABLISHMENT, "设立登记", company.established_on)
        self._papers(filing, papers, titles=titles, people=people)

    def _change(self, day: date, change: ChangeRow) -> None:
        papers = ["登记申请书", "授权委托书"]
        papers += ["股东会决议", "章程修正案"] if self._owners() else []
        people = []
        if change.item == "住所变更":
            papers += ["房屋租赁合同"]
        if change.item == "法定代表人变更":
            papers += ["任职文件"]
            people = [change.after]
        if change.item == "注册资本变更" and self._owners():
            papers += ["股权转让协议"]
        filing = self._file(FilingKind.CHANGE, change.item.replace("变更", "变更登记"), day)
        titles = {"登记通知书": "准予变更登记通知书", "任职文件": "法定代表人任职文件"}
        turn = (change.item, change.before, change.after)
        self._papers(filing, [*papers, "登记通知书", "审核表"], titles=titles, people=people, turn=turn)

    def _record(self, day: date) -> None:
        filing = self._file(FilingKind.RECORD, "董事、监事、高级管理人员备案", day)
        papers = ["登记申请书", *(["任职文件"] if self._owners() else []), "登记通知书", "审核表"]
        titles = {"登记通知书": "准予备案通知书", "任职文件": "董事、监事、高级管理人员任职文件"}
        self._papers(filing, papers, titles=titles)

    def _pledge(self, day: date) -> None:
        if not self._owners():
            return self._record(day)
        filing = self._file(FilingKind.PLEDGE, "股权出质设立登记", day)
        titles = {"登记通知书": "股权出质设立登记通知书", "登记申请书": "股权出质登记申请书"}
        return self._papers(filing, ["登记申请书", "股权质押合同", "登记通知书", "审核表"], titles=titles)

    def _end(self, day: date) -> None:
        kind, title = _OVER[self.company.status]
        filing = self._file(kind, title, day)
        papers = ["登记申请书", "授权委托书"]
        if kind is FilingKind.CANCELLATION:
            papers += ["清算报告", "清税证明"]
        if self._owners():
            papers += ["股东会决议"]
        self._papers(filing, [*papers, "登记通知书", "审核表"], titles={"登记通知书": f"准予{title}通知书"})

    def _annual(self) -> None:
        """An annual inspection whose paper is catalogued but not scanned yet."""
        day = self._free(self.company.established_on + timedelta(days=400 + self.random.randrange(60)))
        filing = self._file(FilingKind.ANNUAL, f"{day.year - 1} 年度年检", day)
        self._document(filing, 1, "年检报告书", f"{day.year - 1} 年度年检报告书", pages=6)

    def _papers(
        self,
        filing: FilingRow,
        kinds: list[str],
        *,
        titles: dict[str, str],
        people: Sequence[str] = (),
        turn: Turn = ("", "", ""),
    ) -> None:
        wanted = [(kind, titles.get(kind, _TITLES.get(kind, kind)), "") for kind in kinds]
        wanted += [("身份证明", f"身份证复印件（{name}）", name) for name in dict.fromkeys(people)]
        for number, (kind, title, subject) in enumerate(wanted, start=1):
            self._document(filing, number, kind, title)
            self.history.facts[filing.business_no, number] = self._facts(
                filing, number, kind=kind, title=title, subject=subject, turn=turn
            )
            self.history.pages += _PAGES.get(kind, 1)

    def _document(self, filing: FilingRow, number: int, kind: str, title: str, *, pages: int | None = None) -> None:
        files = () if pages else (FileRow(name=f"samples/{filing.business_no}/{number:03d}"),)
        flags = frozenset({_FLAGS[kind]}) if kind in _FLAGS else frozenset()
        self.history.documents.append(
            DocumentRow(
                kind="document",
                uscc=filing.uscc,
                business_no=filing.business_no,
                number=number,
                type=kind,
                title=title,
                dated=filing.approved_on - timedelta(days=0 if kind in {"登记通知书", "审核表"} else 3),
                flags=flags,
                pages=pages,
                files=files,
            )
        )

    def _facts(self, filing: FilingRow, number: int, *, kind: str, title: str, subject: str, turn: Turn) -> Facts:
        company, day = self.company, filing.approved_on
        return Facts(
            kind=kind,
            title=title,
            event=filing.title,
            company=self._as_of("名称变更", company.name, day),
            uscc=company.uscc,
            entity_type=company.entity_type,
            head=self._as_of("法定代表人变更", company.legal_representative, day),
            capital=self._as_of("注册资本变更", company.capital, day),
            domicile=self._as_of("住所变更", company.domicile, day),
            scope=self._as_of("经营范围变更", company.scope, day),
            owners=self._owners(),
            staffed=tuple((one.name, one.title) for one in company.persons if one.title),
            dated=day,
            business_no=filing.business_no,
            seed=f"{filing.uscc}/{filing.business_no}/{number}/{kind}/{self.random.random()}",
            colour=kind in {"登记通知书", "名称预先核准通知书"} or self.random.random() < 0.45,
            subject=subject,
            turn=turn,
        )

    def _as_of(self, item: str, now: str, day: date) -> str:
        """What stood in the register right after `day`."""
        later = sorted((one for one in self.company.changes if one.item == item and one.approved_on > day), key=_day)
        return later[0].before if later else now

    def _owners(self) -> tuple[tuple[str, str, str], ...]:
        holders = (one for one in self.company.persons if one.role is PersonRole.SHAREHOLDER)
        return tuple((one.name, one.share, one.amount) for one in holders)

    def _file(self, kind: FilingKind, title: str, day: date) -> FilingRow:
        self.taken.add(day)
        number = f"440106{day:%Y%m%d}{self.random.randrange(1, 9999):04d}"
        filing = FilingRow(
            kind="filing", uscc=self.company.uscc, business_no=number, event=kind, title=title, approved_on=day
        )
        self.history.filings.append(filing)
        return filing

    def _spare_days(self) -> Iterator[date]:
        """Days for further filings, spread between establishment and the end or the day of the registry."""
        first, last = self.company.established_on, self.company.ended_on or date(2026, 10, 30)
        span = max(1, (last - first).days - 30)
        for _ in range(40):
            yield self._free(first + timedelta(days=15 + self.random.randrange(span)))

    def _free(self, day: date) -> date:
        while day in self.taken or day.weekday() > 4:
            day += timedelta(days=1)
        return day


_TITLES = {"登记申请书": "公司登记（备案）申请书", "授权委托书": "指定代表或者共同委托代理人授权书"}


def _day(change: ChangeRow) -> date:
    return change.approved_on
