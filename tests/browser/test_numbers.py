"""The numbers in real Chromium: a year of counts looked at, judged by axe, and led on by a click."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page
from pymongo import MongoClient

from tests.trial import TrialSet

CHANNELS = ("pc", "pc", "pc", "mobile", "mobile", "kiosk", "shb")
PAPERS = ("公司章程", "股东会决议", "公司登记（备案）申请书", "法定代表人任职文件", "住所使用证明", "机读档案")


def filled(trial: TrialSet, days: int) -> None:
    """Buckets as a service of that age would have them; the sums of folding are tests/numbers' business."""
    source, today = random.Random(1), (datetime.now(UTC) + timedelta(hours=8)).date()
    with MongoClient[Any](trial.mongod.url) as client:
        database = client["eqicha"]
        companies = [row["_id"] for row in database.companies.find({}, {"_id": 1}).limit(12)]
        rows = [row for n in range(days) for row in tallies(today - timedelta(days=n), source, companies)]
        database.tallies.insert_many(rows)


def tallies(day: date, source: random.Random, companies: list[str]) -> list[dict[str, Any]]:
    found = []
    for _ in range(source.randrange(4, 14) if day.weekday() < 5 else 2):
        channel, kind = source.choice(CHANNELS), source.choice(("natural", "natural", "legal"))
        outcome = source.choice(("permit",) * 7 + ("review",) * 3)
        dims = f"{channel}~{kind}~{outcome}"
        counts: dict[str, dict[str, int]] = {
            "orders": {dims: 1},
            "queries": {f"{dims}~dossier": source.randrange(1, 5)},
            "categories": {f"{dims}~{source.choice(PAPERS)}": 2},
            "steps": {"permitted": 1, "ready": 1, "downloaded": 1},
            "waits": {f"{'direct' if outcome == 'permit' else 'review'}~{source.choice((3, 4, 5, 7, 10, 30))}": 1},
            "paper": {source.choice(("saved", "saved", "printed")): source.randrange(3, 40)},
            "answers": {f"page~ok~{source.choice(('0_01', '0_02', '0_05', '0_1', '0_3'))}": source.randrange(20, 90)},
            "ratings": {f"{source.choice((5, 5, 5, 4, 3, 1))}~1": 1},
        }
        if source.random() < 0.4:
            counts["accounts"] = {kind: 1}
        if source.random() < 0.1:
            counts["followed"] = {source.choice(("in_time", "in_time", "late")): 1}
        if source.random() < 0.2:
            counts["refusals"] = {source.choice(("dossier~dossier:other", "order~dossier:other")): 1}
        found.append({"day": day.isoformat(), "n": counts, "uscc": source.choice(companies)})
    return found


@pytest.fixture
def desk(trial: TrialSet, visitor: Callable[..., Page]) -> Page:
    """A statistics reader signed in."""
    login = f"tong.{random.randrange(10**6)}"
    said = trial.command("create-staff", "--login", login, "--name", "样例统计", "--role", "statistics")
    first, address = said.split("password  ")[1].split()[0], said.split("one-time  ")[1].split()[0]
    page, own = visitor(), "Yang-Li-Tong-Ji-2026"
    page.goto("/staff/signin")
    for name, value in {"login": login, "password": first}.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("main form [type=submit]").click()
    page.locator("[name=code]").fill(pyotp.parse_uri(address).now())
    page.locator("main form [type=submit]").click()
    for name, value in {"old": first, "new": own, "again": own}.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main form [type=submit]").click()
    return page


def test_the_dashboard_is_looked_at_and_led_on(
    desk: Page, trial: TrialSet, judge: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    filled(trial, 400)
    desk.goto("/staff/numbers")
    assert desk.locator("h1").inner_text() == "统计"
    picture(desk, "numbers")
    judge(desk)
    desk.locator("#orders").scroll_into_view_if_needed()
    picture(desk, "numbers-charts")
    desk.locator("#orders details summary").click()
    judge(desk)
    desk.locator("#by-channel").scroll_into_view_if_needed()
    picture(desk, "numbers-ranks")
    desk.locator("#orders svg a").last.click()
    assert desk.url.count("from=") == 1
    days = desk.locator(".eq-lead").inner_text().split(" 至 ")
    assert days[0][:10] == days[1][:10], "a column leads to its day"
    desk.get_by_role("link", name="最近 5 年").click()
    judge(desk)
    picture(desk, "numbers-years")
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"
    with desk.expect_download() as download:
        desk.get_by_role("link", name="绩效报告（PDF）").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_investment_is_looked_at(
    desk: Page, judge: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    desk.goto("/staff/investment")
    judge(desk)
    picture(desk, "investment")
    desk.locator("[name=street]").select_option(index=1)
    desk.get_by_role("button", name="查看").click()
    judge(desk)
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
