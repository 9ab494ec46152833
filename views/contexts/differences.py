"""Contexts of the staff pages that show where another register differs from ours."""

from conf.terms import CompanyStatus, DifferenceState
from store.records import Company, Comparison, Difference
from views.contexts import Context, context
from views.filters import label, minute

#: Registration items as the law names them (市场主体登记管理条例 Art. 8).
ITEMS = {
    "name": "名称",
    "reg_no": "注册号",
    "entity_type": "主体类型",
    "status": "登记状态",
    "legal_representative": "法定代表人（负责人）",
    "capital": "注册资本（出资额）",
    "established_on": "成立日期",
    "term_to": "经营期限至",
    "domicile": "住所（主要经营场所）",
    "scope": "经营范围",
    "registry": "登记机关",
}


@context
class Differences(Context):
    """Companies with open differences, the latest compared first; a form to look one up."""

    template = "pages/staff_differences.html"
    companies: tuple[Comparison, ...]
    uscc: str = ""
    error: str = ""


@context
class CompanyDifferences(Context):
    """One company: when it was last compared, what differs, how each difference was settled."""

    template = "pages/staff_company_differences.html"
    company: Company
    last: Comparison | None
    differences: tuple[Difference, ...]
    names: dict[str, str]  # who settled, by name
    chosen: str = ""  # the difference whose form came back
    reason: str = ""
    error: str = ""
    problem: str = ""

    @property
    def is_unknown_there(self) -> bool:
        return self.last is not None and self.last.outcome == "not_found"

    @property
    def open(self) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.state == DifferenceState.OPEN)

    @property
    def settled(self) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.state == DifferenceState.SETTLED)

    def item(self, one: Difference) -> str:
        return ITEMS[one.item]

    def rows(self, one: Difference) -> tuple[tuple[str, str], ...]:
        """Both texts as they stand."""
        return (
            ("本登记簿", self._text(one, one.ours) or "没有登记"),
            ("共享平台", self._text(one, one.theirs)),
            ("最近一次看到", minute(one.seen_at)),
        )

    def how(self, one: Difference) -> str:
        """Who settled it, when and how."""
        who = self.names.get(one.settled_by, "系统")
        return f"{who} {minute(one.settled_at) if one.settled_at else ''}：{one.reason}"

    @staticmethod
    def _text(one: Difference, text: str) -> str:
        return label(CompanyStatus(text)) if one.item == "status" and text else text
