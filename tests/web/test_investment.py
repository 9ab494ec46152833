"""Who holds shares in whom, by street and industry: outward, inward, by quarter, with source and date, as files."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from conf.codes import make_uscc
from conf.terms import PersonRole, StaffRole
from store.records import Person
from tests.access import cases
from tests.desk import Desk
from tests.web.archive import COMMANDS
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_numbers import workshop as workshop
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk

WUSHAN, SHIPAI = ("440106001", "五山街道"), ("440106006", "石牌街道")
A, B, C = (make_uscc(f"MA9T000{n}") for n in range(3))
FAR = make_uscc("MA8Y0001", region="440305")


@pytest.fixture
def reader(site: Site, desk: Desk) -> PageClient:
    """A (五山, software) holds shares in B (石牌, catering); C (石牌) is held by a body of Shenzhen and by A."""
    company(desk, A, "广州甲样例软件有限公司", WUSHAN, "软件业")
    company(desk, B, "广州乙样例餐饮有限公司", SHIPAI, "餐饮业", ("广州甲样例软件有限公司", A, "40%"))
    named = ("广州甲样例软件有限公司", "", "10%")
    company(desk, C, "广州丙样例贸易有限公司", SHIPAI, "批发业", ("深圳样例投资有限公司", FAR, "60%"), named)
    return at_the_desk(site, a_reviewer(desk, "tong.jiyuan", role=StaffRole.STATISTICS))


def company(desk: Desk, uscc: str, name: str, street: tuple[str, str], industry: str, *holders: Any) -> None:
    persons = tuple(
        Person(
            name=held_by,
            role=PersonRole.SHAREHOLDER,
            id_type="统一社会信用代码",
            id_number=desk.store.vault.conceal(code, "*") if code else None,
            is_body=True,
            share=share,
        )
        for held_by, code, share in holders
    )
    made = replace(
        cases.company(), uscc=uscc, name=name, street_code=street[0], street=street[1], industry=industry,
        persons=persons, established_on=date(2026, 8, 3), former_names=(),
    )  # fmt: skip
    desk.run(desk.store.companies.put(made))


def pairs(page: Page, way: str) -> list[tuple[str, str]]:
    """(holder, held) by their one telling character, of these three companies; the desk's own company is left out."""
    rows = page.all(f"section[aria-label='{way}明细'] tbody tr")
    found = [(row.find("th").get_text(strip=True)[2], row.find_all("td")[1].get_text(strip=True)[2]) for row in rows]
    return [pair for pair in found if pair[1] in "甲乙丙"]


def test_a_street_is_seen_from_both_sides(reader: PageClient) -> None:
    wushan = reader.get("/staff/investment?street=440106001")
    assert sorted(pairs(wushan, "对外投资")) == [("甲", "丙"), ("甲", "乙")]
    assert pairs(wushan, "吸收投资") == []
    shipai = reader.get("/staff/investment?street=440106006")
    assert pairs(shipai, "对外投资") == []
    assert sorted(pairs(shipai, "吸收投资")) == [("样", "丙"), ("甲", "丙"), ("甲", "乙")]
    assert "本登记机关以外" in shipai.words


def test_an_industry_alone_or_with_a_street(reader: PageClient) -> None:
    assert pairs(reader.get("/staff/investment?industry=餐饮业"), "吸收投资") == [("甲", "乙")]
    assert pairs(reader.get("/staff/investment?industry=餐饮业&street=440106001"), "吸收投资") == []
    everything = reader.get("/staff/investment")
    assert pairs(everything, "吸收投资") == [("样", "丙")], "of all the register, only holders from outside of it"


def test_source_date_and_quarters_are_on_the_page(reader: PageClient) -> None:
    page = reader.get("/staff/investment?street=440106006")
    assert "来源：天河区市场主体登记档案中的股东登记事项；数据截至 20" in page.words
    quarters = {row.find("th").get_text(): row.find_all("td")[1].get_text() for row in page.all("#quarters tbody tr")}
    assert quarters["2026 年 3 季度"] == "3"
    assert quarters["2026 年 2 季度"] == "0"


def test_the_files_carry_source_and_date_too(reader: PageClient, desk: Desk, workshop: object) -> None:
    book = reader.get("/staff/investment/export.xlsx?street=440106006").response.content
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        strings = file.read("xl/sharedStrings.xml").decode()
    assert "深圳样例投资有限公司" in strings
    assert "来源：天河区市场主体登记档案" in strings
    assert reader.get("/staff/investment/export.pdf").response.content.startswith(b"%PDF")
    assert desk.run(desk.tags()).count("numbers:report:exported") == 2


def test_the_page_is_for_those_who_may_read_numbers_and_costs_few_calls(
    reader: PageClient, site: Site, desk: Desk
) -> None:
    other = at_the_desk(site, a_reviewer(desk, "shen.he"))
    for path in ("", "/export.xlsx", "/export.pdf"):
        other.get(f"/staff/investment{path}", status=403)
    reader.get("/staff/investment")
    COMMANDS.sent.clear()
    reader.get("/staff/investment")
    assert len(COMMANDS.sent) <= 12
