"""Tables as an Excel workbook, made in a child process for the exports of numbers (handlers/flows/exports.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

_SHEET_NAME = 31  # Excel's limit
_NO_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 48

Value = str | int | float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One worksheet: a name, lines above the table, columns and rows."""

    name: str
    about: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def write_workbook(sheets: Sequence[Sheet]) -> bytes:
    """The workbook. Text is written as text, never read as formula or link; what begins like a formula is also marked
    as quoted, so that it stays text when somebody saves the sheet in another form (CWE-1236)."""
    import xlsxwriter

    file = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#E3F0F2", "border": 1, "text_wrap": True})
        quoted = book.add_format({"quote_prefix": True})
        used: set[str] = set()
        for sheet in sheets:
            page = book.add_worksheet(_name(sheet.name, used))
            for line, text in enumerate(sheet.about):
                page.write_string(line, 0, text)
            first = len(sheet.about) + 1 if sheet.about else 0
            for column, title in enumerate(sheet.columns):
                page.write_string(first, column, title, head)
                page.set_column(column, column, _width(sheet, column))
            page.freeze_panes(first + 1, 1)
            for line, row in enumerate(sheet.rows, first + 1):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        page.write_string(line, column, value, quoted if value.startswith(_FORMULA) else None)
                    elif value is not None:
                        page.write_number(line, column, value)
    return file.getvalue()


def _name(name: str, used: set[str]) -> str:
    """A name Excel takes, unlike any before it."""
    plain = name.translate(_NO_NAME)[:_SHEET_NAME].strip() or "表"
    found, number = plain, 2
    while found in used:
        found, number = f"{plain[: _SHEET_NAME - 4]} {number}", number + 1
    used.add(found)
    return found


def _width(sheet: Sheet, column: int) -> float:
    longest = max((len(str(row[column])) for row in sheet.rows[:200]), default=0)
    return min(_WIDEST, max(10, 2 * len(sheet.columns[column]), 1.6 * longest))
