"""Context of the seal register and the signatories."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from conf.clock import beijing
from conf.terms import SealStatus
from store.records import SealVersion
from store.records.tuned import Signatory
from views.contexts import Context, context
from views.filters import day


class Offer(Protocol):
    """adapters.seal.SealOffer, as the page needs it."""

    @property
    def seal_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def valid_until(self) -> datetime: ...


@context
class Seals(Context):
    """Every version of every seal, what is offered beside them, every signatory, and the forms."""

    template = "pages/staff_seals.html"
    versions: tuple[SealVersion, ...]
    signatories: tuple[Signatory, ...]
    offers: Sequence[Offer] | None
    may_keep: bool
    now: datetime
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (
                each.fingerprint,
                f"{each.name}（{each.seal_id}，证书至 {day(each.valid_until)}，指纹 {each.fingerprint[:16]}…）",
            )
            for each in self.offers or ()
        )

    def state(self, version: SealVersion) -> tuple[str, str]:
        if version.status != SealStatus.IN_USE:
            return f"已停用：{version.history[-1].note}", "neutral"
        if self.now >= version.valid_until:
            return "已到期", "neutral"
        return ("在用", "success") if version.valid_from <= self.now else ("未到启用日", "info")

    def is_retirable(self, version: SealVersion) -> bool:
        return self.may_keep and version.status == SealStatus.IN_USE

    def signs(self, signatory: Signatory) -> tuple[str, str]:
        today = beijing(self.now).date()
        if signatory.ended_by:
            return f"已由{signatory.ended_by}停用", "neutral"
        if today > signatory.last_day:
            return "已到期", "neutral"
        return ("在用", "success") if signatory.first_day <= today else ("未到起始日", "info")

    def is_endable(self, signatory: Signatory) -> bool:
        return self.may_keep and not signatory.ended_by and beijing(self.now).date() <= signatory.last_day
