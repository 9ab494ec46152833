"""Context of the machine-readable extract (机读档案) on screen; made by handlers/extract.py."""

from dataclasses import dataclass
from datetime import datetime

from conf.access import NextStep
from conf.terms import IdentityLevel, PersonRole
from store.records import Change, Company, Decision, Person
from views.contexts import Context, context
from views.filters import day, grouped

#: Tables of people, in this order; a person with two roles stands in both.
GROUPS = (
    (
        "法定代表人、负责人",
        (
            PersonRole.LEGAL_REPRESENTATIVE,
            PersonRole.RESPONSIBLE_PERSON,
            PersonRole.MANAGING_PARTNER,
            PersonRole.OPERATOR,
            PersonRole.INVESTOR,
        ),
    ),
    ("股东及出资", (PersonRole.SHAREHOLDER,)),
    ("主要人员", (PersonRole.DIRECTOR, PersonRole.SUPERVISOR, PersonRole.EXECUTIVE)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One table of people; a column nobody has anything in is left out."""

    heading: str
    people: tuple[Person, ...]

    @property
    def has_amounts(self) -> bool:
        return any(person.amount or person.share for person in self.people)

    @property
    def has_addresses(self) -> bool:
        return any(person.address for person in self.people)


@context
class ExtractPage(Context):
    """Registered items of one company, numbers and addresses of people masked; or why it is not open.

    Fields: 市场主体登记管理条例 Art. 8 and 9 as far as they are public. `made_at` is when the page was made,
    `true_until` the moment the registry's data reaches to.
    """

    template = "pages/extract.html"
    company: Company
    decision: Decision
    step: NextStep
    needed_level: IdentityLevel | None
    made_at: datetime
    true_until: datetime

    @property
    def is_open(self) -> bool:
        return self.decision.outcome == "permit"

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        return items_of(self.company)

    @property
    def groups(self) -> tuple[Group, ...]:
        return groups_of(self.company)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(sorted(self.company.changes, key=lambda change: change.approved_on, reverse=True))


def items_of(c: Company) -> tuple[tuple[str, str], ...]:
    """Registered items in the order of the paper form; what a company does not have is left out."""
    rows = (
        ("名称", c.name),
        ("统一社会信用代码", grouped(c.uscc)),
        ("注册号", c.reg_no),
        ("旧注册号", "、".join(c.old_reg_nos)),
        ("主体类型", c.entity_type),
        ("法定代表人（负责人）", c.legal_representative),
        ("注册资本（出资额）", c.capital),
        ("成立日期", day(c.established_on)),
        ("核准日期", day(c.approved_on)),
        ("营业期限", _term(c)),
        ("注销、吊销或迁出日期", day(c.ended_on, "")),
        ("住所（经营场所）", c.domicile),
        ("所在街道", c.street),
        ("经营范围", c.scope),
        ("行业", c.industry),
        ("登记机关", c.registry),
        ("迁入地登记机关", c.moved_to),
        ("隶属企业代码", grouped(c.parent_uscc)),
        ("登记业务件数", f"{c.filing_count} 件，最近一件 {day(c.last_filed_on)}" if c.filing_count else ""),
    )
    former = tuple(("曾用名", f"{f.name}（{day(f.since, '')} 至 {day(f.until, '')}）") for f in c.former_names)
    return (rows[0], *former, *((label, value) for label, value in rows[1:] if value))


def groups_of(company: Company) -> tuple[Group, ...]:
    """Tables of people, those nobody stands in left out."""
    found = ((head, tuple(p for p in company.persons if p.role in roles)) for head, roles in GROUPS)
    return tuple(Group(heading=head, people=people) for head, people in found if people)


def _term(company: Company) -> str:
    if company.term_from is None:
        return ""
    return f"{day(company.term_from)} 至 {day(company.term_to, '长期')}"
