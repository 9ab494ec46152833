"""Context of our people's page about a copy: looked up by its number, to be withdrawn."""

from dataclasses import field

from conf.terms import CopyStatus
from store.records import Copy
from views.contexts import Context, context
from views.filters import minute


@context
class StaffCopy(Context):
    """A copy looked up by its number, and its withdrawal."""

    template = "pages/staff_copy.html"
    no: str = ""
    copy: Copy | None = None
    errors: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_withdrawable(self) -> bool:
        return self.copy is not None and self.copy.status == CopyStatus.VALID

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        copy = self.copy
        if copy is None:
            return ()
        withdrawn = copy.status == CopyStatus.WITHDRAWN
        return (
            ("复制件编号", copy.no),
            ("申请编号", copy.order_no),
            ("企业", f"{copy.company_name}（{copy.uscc}）"),
            ("出具时间", minute(copy.issued_at)),
            ("核验有效期至", minute(copy.valid_until)),
            ("页数", f"{len(copy.pages)} 页"),
            ("状态", f"已撤回：{copy.withdrawn_reason}" if withdrawn else "有效"),
        )
