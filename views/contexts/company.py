"""Context of the company page: the public record and the dossier as counts; made by handlers/companies.py."""

from collections import Counter
from collections.abc import Iterable

from conf.terms import CompanyStatus, FilingKind, PersonRole
from store.records import Company, Filing, Person
from views.contexts import Context, context
from views.filters import day


@context
class Year:
    """Filings approved in one year, counted by kind."""

    year: int
    count: int
    kinds: tuple[tuple[FilingKind, int], ...]


def years_of(filings: Iterable[Filing]) -> tuple[Year, ...]:
    """The timeline: newest year first, counts only, since everyone may see it."""
    by_year: dict[int, Counter[FilingKind]] = {}
    for filing in filings:
        by_year.setdefault(filing.approved_on.year, Counter())[filing.kind] += 1
    return tuple(
        Year(year=year, count=kinds.total(), kinds=tuple(kinds.most_common()))
        for year, kinds in sorted(by_year.items(), reverse=True)
    )


@context
class CompanyPage(Context):
    template = "pages/company.html"
    company: Company
    years: tuple[Year, ...]
    has_scans: bool
    is_own: bool = False  # the visitor stands for this company: may see who looked into its dossier

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        """Registration items as the register names them (市场主体登记管理条例 Art. 8), empty ones left out."""
        c = self.company
        pairs = (
            ("统一社会信用代码", c.uscc),
            ("注册号", c.reg_no),
            ("类型", c.entity_type),
            (self.head_label, c.legal_representative),
            ("注册资本", c.capital),
            ("成立日期", day(c.established_on)),
            ("核准日期", day(c.approved_on)),
            ("营业期限", self.term),
            ("住所", c.domicile),
            ("所属街道", c.street),
            ("行业", c.industry),
            ("经营范围", c.scope),
            ("登记机关", c.registry),
        )
        return tuple((label, value) for label, value in pairs if value)

    @property
    def head_label(self) -> str:
        """Who stands for the company: a sole proprietor's investor and a branch's head are no 法定代表人."""
        heads = {PersonRole.RESPONSIBLE_PERSON: "负责人", PersonRole.INVESTOR: "投资人", PersonRole.OPERATOR: "经营者"}
        heads[PersonRole.MANAGING_PARTNER] = "执行事务合伙人"
        named = {p.role for p in self.company.persons if p.name == self.company.legal_representative}
        return next((label for role, label in heads.items() if role in named), "法定代表人")

    @property
    def term(self) -> str:
        if self.company.term_from is None:
            return ""
        return f"{day(self.company.term_from)} 至 {day(self.company.term_to, '长期')}"

    @property
    def shareholders(self) -> tuple[Person, ...]:
        return tuple(p for p in self.company.persons if p.role is PersonRole.SHAREHOLDER)

    @property
    def state(self) -> tuple[str, str, str] | None:
        """(kind, title, body) of the notice for a company that is not simply active."""
        c = self.company
        ended = f"（{day(c.ended_on)}）" if c.ended_on else ""
        return {
            CompanyStatus.MOVED_OUT: (
                "info",
                f"该企业已迁出{ended}",
                f"登记档案已移交{c.moved_to or '迁入地登记机关'}，请向该机关查询。",
            ),
            CompanyStatus.CANCELLED: ("warning", f"该企业已注销{ended}", "登记事项为注销前的记录。"),
            CompanyStatus.REVOKED: ("danger", f"该企业已被吊销营业执照{ended}", "企业尚未注销，档案仍可依法查询。"),
            CompanyStatus.ANNULLED: ("danger", f"该企业的登记已被撤销{ended}", "登记事项为撤销前的记录。"),
            CompanyStatus.SUSPENDED: ("warning", f"该企业正在歇业{ended}", "歇业期间主体资格仍然存续。"),
        }.get(c.status)
