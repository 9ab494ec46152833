"""Context of the page on which an enterprise sees who looked into its dossier; made by handlers/lookers.py."""

from datetime import date
from typing import Any

from conf.clock import beijing
from store.records import Company
from views import audit_words as words
from views.contexts import Context, context
from views.filters import minute


@context
class LookersPage(Context):
    """`visits` are Visits of handlers/flows/lookers.py, newest first."""

    template = "pages/lookers.html"
    company: Company
    visits: tuple[Any, ...]
    before: date | None
    is_first: bool
    organs_after_days: int | None  # None: organs are never shown

    def inquirer(self, visit: Any) -> str:
        return words.INQUIRERS.get(visit.inquirer, "未记载") if visit.inquirer else "未记载"

    def purpose(self, visit: Any) -> str:
        return words.value_words("purpose", visit.purpose) if visit.purpose else "未记载"

    def until(self, visit: Any) -> str:
        """The end of a visit of more than a minute, the day only when it is another."""
        begun, ended = beijing(visit.begun_at), beijing(visit.ended_at)
        if (ended - begun).total_seconds() < 60:
            return ""
        return f"{ended:%H:%M}" if begun.date() == ended.date() else minute(ended)

    def amount(self, visit: Any) -> str:
        parts = [f"查看 {visit.pages} 页"] if visit.pages else []
        parts += [f"取得复制件 {visit.copied} 页"] if visit.copied else []
        return "，".join(parts) or "只看目录"
