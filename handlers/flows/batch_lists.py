"""A list of companies, text or CSV, read line by line; every bad line gets a sentence. Called by flows/batches."""

import asyncio
import csv
import io
from dataclasses import dataclass

from conf.codes import is_uscc
from conf.errors import Invalid
from conf.han import plain
from conf.terms import Outcome
from handlers.flows.organ_viewing import OrganVisitor, decide_extract_of
from store import Store
from store.records import Company

MOST = 200
#: A list of 200 names stays far below.
LARGEST = 64 << 10
LONGEST_LINE = 100
_SEARCHES_AT_ONCE = 8
_HEADINGS = {"统一社会信用代码", "社会信用代码", "信用代码", "代码", "企业名称", "名称", "企业"}


@dataclass(frozen=True, kw_only=True, slots=True)
class BadLine:
    """A line that cannot be taken: its number from 1, its words cut short, and why."""

    number: int
    text: str
    why: str


async def read_list(store: Store, content: bytes, visitor: OrganVisitor) -> tuple[tuple[Company, ...], list[BadLine]]:
    """The companies named, in order, and every line that cannot be taken. Raises Invalid when it is no list at all.

    One call for all codes, one or two a line for names; nothing is looked at or recorded here, only found.
    """
    lines = _lines(content)
    known = await store.companies.by_usccs([text.upper() for _, text in lines if _is_code(text)])
    turns = asyncio.Semaphore(_SEARCHES_AT_ONCE)

    async def one(text: str) -> Company | str:
        async with turns:
            return await _find(store, text, known)

    found = await asyncio.gather(*(one(text) for _, text in lines))
    companies: dict[str, tuple[int, Company]] = {}
    bad: list[BadLine] = []
    for (number, text), company in zip(lines, found, strict=True):
        why = company if isinstance(company, str) else _hindrance(company, companies, visitor)
        if why or isinstance(company, str):
            bad.append(BadLine(number=number, text=text[:LONGEST_LINE], why=why))
        else:
            companies[company.uscc] = (number, company)
    return tuple(company for _, company in companies.values()), bad


def _hindrance(company: Company, before: dict[str, tuple[int, Company]], visitor: OrganVisitor) -> str:
    if company.uscc in before:
        return f"与第 {before[company.uscc][0]} 行是同一家企业，请删去一行。"
    decision = decide_extract_of(visitor, company)
    return "" if decision.outcome is Outcome.PERMIT else f"{decision.says}{decision.remedy}"


def _lines(content: bytes) -> list[tuple[int, str]]:
    """(number, first cell) of every line that says something. Raises Invalid."""
    if len(content) > LARGEST:
        raise Invalid({"list": f"文件太大，最多 {LARGEST >> 10} KB。"})
    text = _decoded(content)
    if "\0" in text or any(ord(char) < 32 and char not in "\r\n\t" for char in text):
        raise Invalid({"list": "这不是文本文件，请上传每行一家企业的 TXT 或 CSV 文件。"})
    try:
        rows = [(number, row) for number, row in enumerate(csv.reader(io.StringIO(text)), 1)]
    except csv.Error:
        raise Invalid({"list": "文件内容无法读取，请检查引号是否成对。"}) from None
    cells = [(number, next((cell.strip() for cell in row if cell.strip()), "")) for number, row in rows]
    lines = [(number, cell) for number, cell in cells if cell]
    if lines and lines[0][1] in _HEADINGS:
        lines = lines[1:]
    if not lines:
        raise Invalid({"list": "文件里没有企业，请每行写一家企业的代码或全称。"})
    if len(lines) > MOST:
        raise Invalid({"list": f"文件里有 {len(lines)} 家企业，一次最多 {MOST} 家，请分开提交。"})
    return lines


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid({"list": "文件编码无法识别，请另存为 UTF-8 后再上传。"})


def _is_code(text: str) -> bool:
    """Whether it is meant as a code, right or wrong."""
    return len(text) == 18 and text.isascii() and text.isalnum()


async def _find(store: Store, text: str, known: dict[str, Company]) -> Company | str:
    """The company a line names by code or whole name, or why there is none."""
    if len(text) > LONGEST_LINE:
        return f"内容太长，最多 {LONGEST_LINE} 字。"
    code = text.upper()
    if _is_code(text):
        if not is_uscc(code):
            return "统一社会信用代码不正确，请核对。"
        return known.get(code) or "本登记簿没有这家企业。"
    hits = (await store.companies.search(text)).hits
    exact = [hit for hit in hits if plain(hit.name) == plain(text)]
    if len(exact) > 1:
        return "有多家同名企业，请改写统一社会信用代码。"
    if not exact:
        return "没有找到名称完全一致的企业，请核对全称或改写统一社会信用代码。"
    return await store.companies.by_uscc(exact[0].uscc) or "本登记簿没有这家企业。"
