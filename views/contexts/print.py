"""Contexts of the sheets that go into a copy: certificate and extract. Made by views/sheets.py.

Both PDF engines must break pages alike, so pages are made here: texts are folded to known widths, rows have known
heights in millimetres, and every page is one fixed box.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from unicodedata import east_asian_width

from store.records import Change, Company, CopyIssue, Order, OrderItem, Person
from views.contexts import Context, context
from views.filters import day, label, minute

LINE_MM = 4.9  # height of one folded line
_ROW_MM = 1.8  # what a row takes beside its lines
_ROOM_FIRST = 48.0  # for the list of contents on the certificate's first page
_ROOM_NEXT = 205.0  # on any further page, heading excepted
_ROOM_EXTRACT = 220.0
_MOST_LINES = 36  # of one row; what is longer goes on in a row of its own
EXTRACT_TITLE = "机读档案（企业登记基本信息）"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the list of contents."""

    number: int
    title: tuple[str, ...]
    filing: tuple[str, ...]
    pages: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of the extract: cells of folded lines. Rows of one `kind` that follow each other share a table."""

    kind: str  # "items" | "persons" | "changes" | "names"
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    kind: str
    heading: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@context
class Certificate(Context):
    """The certificate sheet: what the copy is, for whom, what is in it, how to verify it."""

    template: ClassVar[str] = "pages/print/certificate.html"
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    statement: tuple[str, ...]
    code: str
    address: str
    issued_on: str
    is_sample: bool
    total: str
    pages: tuple[tuple[Entry, ...], ...]


@context
class ExtractSheet(Context):
    """The machine-readable extract as a sheet: registration items, persons with masked numbers, changes."""

    template: ClassVar[str] = "pages/print/extract.html"
    lead: str
    is_sample: bool
    pages: tuple[tuple[Table, ...], ...]


def certificate(order: Order, company: Company, issue: CopyIssue) -> Certificate:
    """Context of the certificate of one copy."""
    entries = _entries(order)
    pages = sum(item.page_count for item in order.items)
    extract = "，另附机读档案" if order.with_extract else ""
    room = _ROOM_FIRST - (LINE_MM + _ROW_MM if issue.signatory else 0)
    return Certificate(
        title="企业登记档案查询证明",
        facts=_facts(order, company, issue),
        statement=_statement(issue),
        code=" ".join(issue.code[at : at + 4] for at in range(0, len(issue.code), 4)),
        address=f"{issue.base_url}/verify",
        issued_on=day(issue.issued_at),
        is_sample=issue.is_sample,
        total=f"影像 {len(order.items)} 份，共 {pages} 页{extract}",
        pages=paginate(entries, _entry_height, first=room, following=_ROOM_NEXT),
    )


def extract_sheet(company: Company, issue: CopyIssue) -> ExtractSheet:
    """Context of the extract of one company."""
    rows = [*_item_rows(company), *_person_rows(company.persons), *_name_rows(company), *_change_rows(company.changes)]
    whole = [piece for row in rows for piece in _split(row)]
    folded = paginate(whole, _row_height, first=_ROOM_EXTRACT, following=_ROOM_EXTRACT)
    return ExtractSheet(
        title=EXTRACT_TITLE,
        lead=f"数据截至 {minute(issue.issued_at)}（北京时间），摘自企业登记档案，证件号码和住址已作遮盖。",
        is_sample=issue.is_sample,
        pages=tuple(_tables(rows) for rows in folded),
    )


def fold(text: str, ems: float) -> tuple[str, ...]:
    """The text in lines of at most `ems` full-width characters; its own line breaks are kept."""
    lines: list[str] = []
    for part in (text or "—").splitlines() or ["—"]:
        line, used = "", 0.0
        for character in part:
            width = 1.0 if east_asian_width(character) in "WFA" else 0.6
            if used + width > ems:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + character, used + width
        lines.append(line)
    return tuple(lines)


def paginate(
    rows: Sequence[T], height: Callable[[T, T | None], float], *, first: float, following: float
) -> tuple[tuple[T, ...], ...]:
    """Rows by page, at least one page; `first` and `following` are the millimetres a page has for them.

    `height` is given the row and the one above it on the same page (None at the top).
    """
    pages: list[list[T]] = [[]]
    room = first
    for row in rows:
        needed = height(row, pages[-1][-1] if pages[-1] else None)
        if needed > room:
            pages.append([])
            needed, room = height(row, None), following
        pages[-1].append(row)
        room -= needed
    return tuple(tuple(page) for page in pages)


# -- certificate


def _facts(order: Order, company: Company, issue: CopyIssue) -> tuple[tuple[str, tuple[str, ...]], ...]:
    purpose = label(order.purpose.code) + (f"：{order.purpose.statement}" if order.purpose.statement else "")
    lines = fold(purpose, 34)
    pairs = (
        ("企业名称", fold(company.name, 34)),
        ("统一社会信用代码", (company.uscc,)),
        ("登记状态", (label(company.status),)),
        ("查询人", (order.requester_masked,)),
        ("查询用途", lines[:2] if len(lines) < 3 else (lines[0], lines[1][:-1] + "…")),
        ("查询单号", (issue.order_no,)),
        ("复制件编号", (issue.no,)),
        ("签发时间", (f"{minute(issue.issued_at)}（北京时间）",)),
        *((("签发人", fold(issue.signatory, 34)),) if issue.signatory else ()),
        ("核验有效期至", (day(issue.valid_until),)),
    )
    return pairs


def _statement(issue: CopyIssue) -> tuple[str, ...]:
    reach = (
        f"本件收录的档案截至第 {issue.filing_number} 次登记、{day(issue.filed_on)}，此后的登记不在其内。"
        if issue.filed_on
        else "该企业档案中尚无登记记录。"
    )
    return (
        "本件依据《经营主体登记档案管理办法》和《市场主体登记管理条例实施细则》，由企业登记电子档案复制，影像未作改动。",
        "依据《档案法实施条例》第三十二条，载有档案保管单位签章标识的复制件，与档案原件具有同等效力。",
        reach,
        "本件经电子签章并加盖时间戳，任何改动都会使签章失效；仅供上述用途使用。",
    )


def _entries(order: Order) -> list[Entry]:
    items = [_entry(number, item) for number, item in enumerate(order.items, 1)]
    if order.with_extract:
        items.append(Entry(number=len(items) + 1, title=(EXTRACT_TITLE,), filing=("—",), pages="附件"))
    return items


def _entry(number: int, item: OrderItem) -> Entry:
    return Entry(
        number=number,
        title=fold(item.document_title, 23),
        filing=fold(item.filing_title, 14),
        pages=f"{item.page_count} 页",
    )


def _entry_height(entry: Entry, _: Entry | None) -> float:
    return max(len(entry.title), len(entry.filing)) * LINE_MM + _ROW_MM


# -- extract


def _item_rows(company: Company) -> list[Row]:
    term = f"{day(company.term_from)} 至 {day(company.term_to, '长期')}" if company.term_from else "—"
    pairs = [
        ("名称", company.name),
        ("统一社会信用代码", company.uscc),
        ("注册号", "、".join(filter(None, (company.reg_no, *company.old_reg_nos)))),
        ("主体类型", company.entity_type),
        ("登记状态", label(company.status)),
        ("法定代表人（负责人）", company.legal_representative),
        ("注册资本（出资额）", company.capital),
        ("成立日期", day(company.established_on)),
        ("核准日期", day(company.approved_on)),
        ("营业期限", term),
        ("住所", company.domicile),
        ("所在街道", company.street),
        ("行业", company.industry),
        ("登记机关", company.registry),
        ("经营范围", company.scope),
    ]
    if company.ended_on:
        pairs.append(("注销、吊销或迁出日期", day(company.ended_on)))
    if company.moved_to:
        pairs.append(("迁入地登记机关", company.moved_to))
    return [Row(kind="items", cells=((name,), fold(value, 33))) for name, value in pairs]


def _person_rows(persons: Iterable[Person]) -> list[Row]:
    return [
        Row(
            kind="persons",
            cells=(
                fold(person.name, 10),
                fold("，".join(filter(None, (label(person.role), person.title))), 8),
                fold(f"{person.id_type} {person.id_number.masked if person.id_number else ''}".strip(), 15.5),
                fold("，".join(filter(None, (person.amount, person.share))), 8.5),
            ),
        )
        for person in persons
    ]


def _name_rows(company: Company) -> list[Row]:
    return [
        Row(kind="names", cells=(fold(former.name, 26), fold(f"{day(former.since)} 至 {day(former.until)}", 18)))
        for former in company.former_names
    ]


def _change_rows(changes: Iterable[Change]) -> list[Row]:
    ordered = sorted(changes, key=lambda change: change.approved_on)
    return [
        Row(
            kind="changes",
            cells=(
                fold(day(change.approved_on), 7),
                fold(change.item, 7),
                fold(change.before, 14.5),
                fold(change.after, 14.5),
            ),
        )
        for change in ordered
    ]


_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "items": ("登记事项", ()),
    "persons": ("出资人和主要人员", ("姓名或名称", "身份", "证件", "出资")),
    "names": ("曾用名称", ("名称", "使用期间")),
    "changes": ("变更记录", ("核准日期", "事项", "变更前", "变更后")),
}
_HEADING_MM = 18.5  # heading and column names above the first row of a table


def _row_height(row: Row, above: Row | None) -> float:
    heading = 0.0 if above and above.kind == row.kind else _HEADING_MM
    return max(len(cell) for cell in row.cells) * LINE_MM + _ROW_MM + heading


def _split(row: Row) -> list[Row]:
    """A row longer than a page could hold goes on in further rows."""
    longest = max(len(cell) for cell in row.cells)
    return [
        Row(kind=row.kind, cells=tuple(cell[at : at + _MOST_LINES] for cell in row.cells))
        for at in range(0, longest, _MOST_LINES)
    ]


def _tables(rows: Sequence[Row]) -> tuple[Table, ...]:
    tables: list[Table] = []
    for kind in dict.fromkeys(row.kind for row in rows):
        heading, columns = _TABLES[kind]
        same = tuple(row for row in rows if row.kind == kind)
        tables.append(Table(kind=kind, heading=heading, columns=columns, rows=same))
    return tuple(tables)
