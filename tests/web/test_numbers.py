"""The numbers over HTTP: who may read them, what they say, where they lead, and the files they are taken away in."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pikepdf
import pypdfium2
import pytest

from adapters.pdf.weasy import WeasyEngine
from adapters.workbook import Sheet, write_workbook
from adapters.workshop import Workshop
from conf.measures import Measure, day_of
from conf.terms import StaffRole
from tests.desk import Desk
from tests.numbers.test_counting import a_day_of_work
from tests.web.archive import COMMANDS
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk


@pytest.fixture
def reader(site: Site, desk: Desk) -> PageClient:
    return at_the_desk(site, a_reviewer(desk, "tong.jiyuan", role=StaffRole.STATISTICS))


def told(desk: Desk, days_ago: int = 0, **counts: dict[str, int]) -> None:
    at = desk.clock() - timedelta(days=days_ago)
    desk.run(desk.store.numbers.add(at, {Measure(name): cells for name, cells in counts.items()}))


@pytest.mark.parametrize(
    ("role", "status"),
    [(StaffRole.STATISTICS, 200), (StaffRole.AUDITOR, 200), (StaffRole.REVIEWER, 403), (StaffRole.SYSTEM_ADMIN, 403)],
)
def test_numbers_are_for_those_who_may_read_them(site: Site, desk: Desk, role: StaffRole, status: int) -> None:
    client = at_the_desk(site, a_reviewer(desk, "yang.li", role=role))
    for path in ("", "/export.xlsx", "/export.pdf", "/performance.pdf"):
        if status == 403:
            client.get(f"/staff/numbers{path}", status=403)
    assert client.get("/staff/numbers", status=status)


def test_the_dashboard_says_what_happened(reader: PageClient, desk: Desk) -> None:
    a_day_of_work(desk)
    page = reader.get("/staff/numbers")
    assert page.h1 == "统计"
    tiles = {t.find("dt").get_text(): t.find(class_="eq-numbers__value").get_text() for t in page.all("dl > div")}
    assert (tiles["查询"], tiles["申请"], tiles["出件"], tiles["累计用户"], tiles["未打印页数"]) == (
        "2",
        "1",
        "1",
        "2",
        "5",
    )
    assert "非常满意" in page.words
    assert "公司章程" in page.words or "章程" in page.words
    for figure in page.all("figure.eq-chart svg"):
        assert all(figure.find(name).get_text() for name in ("title", "desc")), "a chart says what it shows"
    assert len(page.all("figure details table")) >= 8, "every chart has its table"


def test_a_day_and_a_dimension_lead_on(reader: PageClient, desk: Desk) -> None:
    told(desk, 1, orders={"pc~natural~permit": 3, "kiosk~legal~review": 2})
    told(desk, 0, orders={"pc~natural~permit": 1})
    day = (day_of(desk.clock()) - timedelta(days=1)).isoformat()
    page = reader.get("/staff/numbers")
    link = next(a["href"] for a in page.all("#orders table a") if a.get_text() == day)
    of_day = reader.get(link)
    assert orders(of_day) == 5
    narrowed = next(a["href"] for a in of_day.all("#by-channel table a") if a.get_text() == "自助终端")
    assert orders(reader.get(narrowed)) == 2
    assert "自助终端" in reader.get(narrowed).one(".eq-lead").get_text()


def orders(page: Any) -> int:
    tile = next(t for t in page.all("dl > div") if t.find("dt").get_text() == "申请")
    return int(tile.find(class_="eq-numbers__value").get_text().replace(",", ""))


def test_five_years_are_one_page_and_more_is_refused_with_a_reason(reader: PageClient, desk: Desk) -> None:
    told(desk, 4 * 365, orders={"pc~natural~permit": 7})
    today = day_of(desk.clock())
    page = reader.get(f"/staff/numbers?from={today - timedelta(days=5 * 365)}&to={today}")
    assert orders(page) == 7
    assert len(page.all("#orders table tbody tr")) in (60, 61)
    assert "五年" in reader.get(f"/staff/numbers?from={today - timedelta(days=2000)}&to={today}", status=422).words
    assert "日期" in reader.get("/staff/numbers?from=2026-13-01", status=422).words
    assert "早于" in reader.get("/staff/numbers?from=2026-02-01&to=2026-01-01", status=422).words


def test_a_difference_found_at_night_stands_on_the_page(reader: PageClient, desk: Desk) -> None:
    from handlers.flows import nightly

    told(desk, 1, orders={"pc~natural~permit": 3})
    yesterday = day_of(desk.clock()) - timedelta(days=1)
    desk.run(nightly.recount_day(desk.store, yesterday, now=desk.clock()))
    page = reader.get("/staff/numbers")
    assert f"{yesterday} 的统计与记录不一致" in page.words
    assert "统计 3，按记录重新计算 0" in page.words


def test_no_page_of_numbers_takes_more_than_a_dozen_calls(reader: PageClient, desk: Desk) -> None:
    a_day_of_work(desk)
    reader.get("/staff/numbers")
    COMMANDS.sent.clear()
    reader.get("/staff/numbers")
    assert len(COMMANDS.sent) <= 12, COMMANDS.sent


@pytest.fixture
def workshop(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """Real children for PDF and workbook."""
    made = Workshop(processes=1, memory_mb=site.settings.child_memory_mb)
    monkeypatch.setattr(site.app, "adapters", SimpleNamespace(lines=(), workshop=made, pdf=WeasyEngine(made)))
    yield made
    site.run(made.close())


def test_the_figures_leave_as_workbook_and_pdf_and_that_is_on_record(
    reader: PageClient, desk: Desk, workshop: Workshop
) -> None:
    a_day_of_work(desk)
    book = reader.get("/staff/numbers/export.xlsx").response.content
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        assert "申请量（按处理结果）" in file.read("xl/workbook.xml").decode()
        assert (
            "公司章程" in file.read("xl/sharedStrings.xml").decode()
            or "章程" in file.read("xl/sharedStrings.xml").decode()
        )
    sheets = reader.get("/staff/numbers/export.pdf").response.content
    assert "累计注册用户" in text_of(sheets)
    report = reader.get("/staff/numbers/performance.pdf").response.content
    assert len(pikepdf.open(io.BytesIO(report)).pages) == 1
    said = text_of(report)
    for expected in ("100 人同时使用", "3 秒内", "5 秒内", "可用率", "未测得", "个人用户"):
        assert expected in said
    assert desk.run(desk.tags()).count("numbers:report:exported") == 3


def text_of(pdf: bytes) -> str:
    """All text of a PDF without its line breaks."""
    found = pypdfium2.PdfDocument(pdf)
    return "".join(page.get_textpage().get_text_bounded() for page in found).replace("\r\n", "")


def test_what_looks_like_a_formula_leaves_as_text() -> None:
    book = Sheet(name="=1+1", about=(), columns=("企业", "次"), rows=(("=HYPERLINK(1)", 3), ("@SUM", 1), ("-2", None)))
    with zipfile.ZipFile(io.BytesIO(write_workbook([book]))) as file:
        sheet, strings = file.read("xl/worksheets/sheet1.xml").decode(), file.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in sheet
        assert "=HYPERLINK(1)" in strings
        assert 'quotePrefix="1"' in file.read("xl/styles.xml").decode()
