"""Contexts of the sheets of a unit's batch look-up; made by views/batch_sheets.py."""

from dataclasses import dataclass
from typing import ClassVar

from views.contexts import Context, context
from views.contexts.print import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One company of the list, its texts folded."""

    number: int
    name: tuple[str, ...]
    uscc: str
    says: tuple[str, ...]


@context
class BatchCover(Context):
    """Who asked for what, and the list of companies by page."""

    template: ClassVar[str] = "pages/print/batch_cover.html"
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    foot: str
    is_sample: bool
    pages: tuple[tuple[Line, ...], ...]


@context
class BatchExtracts(Context):
    """Sheets of several companies: (name, tables of one page)."""

    template: ClassVar[str] = "pages/print/batch_extracts.html"
    sheets: tuple[tuple[str, tuple[Table, ...]], ...]
    foot: str
    is_sample: bool
