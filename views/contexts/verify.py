"""Context of the verify page: the form, and the answer above it."""

from dataclasses import dataclass, field
from datetime import datetime

from conf.terms import OrganKind, VerifyResult
from views.contexts import Context, context
from views.filters import label, minute

SIGNS = {
    VerifyResult.VALID: "✓",
    VerifyResult.EXPIRED: "!",
    VerifyResult.WITHDRAWN: "✕",
    VerifyResult.ALTERED: "✕",
    VerifyResult.NOT_FOUND: "?",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The answer to one verification, as the verifying flow gives it; never dossier content."""

    result: VerifyResult
    says: str
    copy_no: str
    company_name: str
    issued_at: datetime | None
    valid_until: datetime | None
    page_count: int
    signer: str
    altered_pages: tuple[int, ...]
    page: int
    seal: str = ""
    national: str = ""
    unit_kind: OrganKind | None = None
    companies: int = 0

    @property
    def sign(self) -> str:
        return SIGNS[self.result]

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What may be told of the copy; nothing when there is none."""
        if not self.company_name and not self.page_count:
            return ()
        altered = "、".join(f"第 {page} 页" for page in self.altered_pages)
        rows = (
            ("被改动的页", altered),
            ("编号", self.copy_no) if self.unit_kind else ("复制件编号", self.copy_no),
            ("查询单位类别", label(self.unit_kind) if self.unit_kind else ""),
            ("涉及企业", f"{self.companies} 户" if self.unit_kind else ""),
            ("企业", self.company_name),
            ("出具时间", minute(self.issued_at)),
            ("核验有效期至", minute(self.valid_until) if self.valid_until else ""),
            ("页数", f"{self.page_count} 页"),
            ("印章签署者", self.signer),
            ("印章", self.seal),
            ("国密签名（SM2）", self.national),
        )
        return tuple((name, value) for name, value in rows if value)


@context
class VerifyForm(Context):
    """By code or by file; with `verdict` the answer stands on top."""

    template = "pages/verify.html"
    verdict: Verdict | None = None
    errors: dict[str, str] = field(default_factory=dict)
