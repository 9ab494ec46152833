"""An enterprise sees who looked into its dossier, by kind, purpose, time and pages; nobody else, and no name."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conf.terms import AuditTag, Channel, Outcome
from handlers.flows import lookers, organ_viewing
from handlers.flows.organ_viewing import OrganVisitor
from store.ids import copy_no_of
from store.records.audit import AuditQuery
from tests.desk import TRACE
from tests.government import a_case, a_unit, a_user, keep
from tests.web.archive import OTHER, USCC, Archive, open_archive
from tests.web.client import Page

LOOKERS, COMPANY = f"/companies/{USCC}/lookers", f"/companies/{USCC}"
PAGES = ("articles-010y-p1", "articles-010y-p2")


@pytest.fixture(scope="module")
def filled(mongo_url: str, var_dir: Path) -> Iterator[Archive]:
    with open_archive(mongo_url, var_dir, "eqicha_lookers_test") as made:
        yield made


@pytest.fixture
def archive(filled: Archive) -> Iterator[Archive]:
    """The archive nobody has looked into yet."""
    yield filled

    async def forget() -> None:
        for name in ("audit_events", "grants"):
            await filled.store._base[name].delete_many({})

    filled.run(forget())


def looks(page: Page) -> list[list[str]]:
    """Time, inquirer, purpose, what: row by row."""
    parts = [f".eq-looks__{part}" for part in ("when", "who", "why", "what")]
    rows = page.all("main .eq-orders__item")
    return [[" ".join(row.select(part)[0].get_text().split()) for part in parts] for row in rows]


def look(archive: Archive, *, who: str = "acc-x", minutes: int = 0, **changes: Any) -> None:
    """An event as a look leaves one, `minutes` ago."""
    fields = {"size": "view", "rule": "r", "uscc": USCC, "inquirer": "lawyer", "purpose": "legal_service"}
    event = {
        "tag": AuditTag.PAGE_VIEWED, "who": who, "role": "visitor", "channel": Channel.PC, "request_id": "r",
        "address": "a", "subject": PAGES[0], "outcome": "permit", "fields": fields,
        "at": archive.clock() - timedelta(minutes=minutes),
    }  # fmt: skip
    archive.run(archive.store.audit.append(**event | changes))


def test_a_reviewer_at_work_is_no_inquirer_but_an_auditor_finds_the_look_by_company(archive: Archive) -> None:
    fields = {"size": "view", "rule": "staff.review", "uscc": USCC}
    look(archive, who="a reviewer", role="staff", channel=Channel.STAFF, fields=fields)
    assert looks(archive.visit("company").get(LOOKERS)) == []
    found = archive.run(archive.store.audit_search.find(AuditQuery(uscc=USCC)))
    assert "staff.review" in [event.fields.get("rule") for event in found.events]


def test_looks_are_told_as_they_happened(archive: Archive) -> None:
    head = archive.visit("head")
    head.get(f"{COMPANY}/dossier")
    head.post(f"{COMPANY}/purpose", {"purpose": "bidding"})
    for page_id in PAGES:
        for size in ("thumb", "view", "view"):
            assert head.raw.get(f"/pages/{page_id}/{size}.jpg").status_code == 200
    archive.permit("stranger", "articles-010y")
    lawyer = archive.visit("stranger")
    assert lawyer.raw.get(f"/pages/{PAGES[0]}/view.jpg").status_code == 200
    assert lawyer.raw.get("/pages/inner-010y-p1/view.jpg").status_code == 404
    archive.visit("other company").get(f"{COMPANY}/dossier")  # sees that it is shut to them
    page = archive.visit("company").get(LOOKERS)
    told = {tuple(row[1:]) for row in looks(page)}
    assert told == {
        ("法定代表人、负责人等", "办理本企业事务", "只看目录"),
        ("法定代表人、负责人等", "招标投标", "查看 2 页"),
        ("律师", "律师承办法律事务", "查看 1 页"),
    }
    assert {row[0] for row in looks(page)} == {"2026年11月21日 10:00"}
    for name in ("样例甲", "路人样", "**甲"):
        assert name not in page.one("main").get_text()


@pytest.mark.parametrize("person", ["shareholder", "stranger", "other company", "nobody"])
def test_to_anybody_else_it_is_absent_and_not_linked(archive: Archive, person: str) -> None:
    visitor = archive.visit(person)
    visitor.get(LOOKERS, status=404)
    visitor.get("/companies/91440106MA9W0009XX/lookers", status=404)
    assert LOOKERS not in visitor.get(COMPANY).text
    assert archive.events("dossier:lookers:viewed") == []


def test_its_own_people_have_the_link_and_each_reading_is_on_record(archive: Archive) -> None:
    for person in ("head", "company"):
        visitor = archive.visit(person)
        page = visitor.get(str(visitor.get(COMPANY).one(f"a[href='{LOOKERS}']")["href"]))
        assert page.h1 == "谁查阅过本企业档案"
        assert "还没有人查阅过" in page.words
        assert f"/companies/{OTHER}/lookers" not in visitor.get(f"/companies/{OTHER}").text
    assert [e["fields"]["visits"] for e in archive.events("dossier:lookers:viewed")] == [0, 0]
    assert archive.visit().get(LOOKERS, status=303).headers["location"].startswith("/signin")
    low = archive.visit("low head")
    assert low.get(LOOKERS, status=303).headers["location"] == "/signin?level=2", "raised to what the rule asks"
    assert LOOKERS not in low.get(COMPANY).text


def test_looks_of_one_sitting_are_one_visit(archive: Archive) -> None:
    for minutes, subject in ((200, "p1"), (180, "p2"), (160, "p1"), (90, "p1")):
        look(archive, minutes=minutes, subject=subject)
    look(archive, minutes=170, who="acc-y", subject="p1")
    rows = looks(archive.visit("company").get(LOOKERS))
    assert [(row[0], row[3]) for row in rows] == [
        ("2026年11月21日 08:30", "查看 1 页"),
        ("2026年11月21日 07:10", "查看 1 页"),
        ("2026年11月21日 06:40 至 07:20", "查看 2 页"),
    ]


def test_a_copy_counts_its_pages_and_an_old_event_shows_what_it_knows(archive: Archive) -> None:
    no = "TH20261121-7K3M9Q"
    fields = {
        "order_no": no,
        "sha256": "0",
        "uscc": USCC,
        "inquirer": "interested",
        "purpose": "litigation",
        "pages": 7,
    }
    for _ in range(2):  # taken twice, still one copy
        look(archive, tag=AuditTag.COPY_DOWNLOADED, subject=copy_no_of(no), outcome="done", fields=fields)
    look(archive, who="old", minutes=60, tag=AuditTag.DOSSIER_LISTED, subject=USCC, fields={"rule": "dossier.own.head"})
    rows = [row[1:] for row in looks(archive.visit("company").get(LOOKERS))]
    assert rows == [
        ["股东、董事、监事、高级管理人员", "诉讼、仲裁", "取得复制件 7 页"],
        ["未记载", "未记载", "只看目录"],
    ]


@pytest.mark.parametrize(("silent", "days", "told"), [(True, 0, 0), (False, 0, 2), (False, 90, 1), (False, 365, 0)])
def test_organs_are_told_late_or_never(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, silent: bool, days: int, told: int
) -> None:
    changed = {"looker_silent_organs": silent, "looker_delay_days": days}
    monkeypatch.setattr(archive.app, "conf", archive.settings.model_copy(update=changed))
    for age in (60, 100 * 24 * 60):
        look(
            archive, role="organ", minutes=age, fields={"size": "view", "rule": "r", "uscc": USCC, "inquirer": "organ"}
        )
    page = archive.visit("company").get(LOOKERS)
    assert [row[1] for row in looks(page)] == ["机关"] * told
    assert ("不在此列出" in page.words) is silent
    assert (f"{days} 天后列出" in page.words) is (not silent and days > 0)


@pytest.fixture
def organ(archive: Archive) -> Iterator[OrganVisitor]:
    """Somebody of a court with an open case, as the government rooms know them."""
    store, now = archive.store, archive.clock()
    unit, user, case = a_unit(store, now), a_user(store, now), a_case(now)
    archive.run(keep(store, unit, user, case))
    trace = {"who": "u", "role": "unit", "channel": Channel.GOVERNMENT, "request_id": "r", "address": "a"}
    yield OrganVisitor(user=user, unit=unit, case=case, now=now, trace=trace)

    async def forget() -> None:
        for name in ("units", "unit_users", "organ_cases", "organ_views"):
            await store._base[name].delete_many({})

    archive.run(forget())


def test_looks_from_the_government_rooms_follow_the_same_rule(
    archive: Archive, organ: OrganVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catalogue, paper, page, batch: told as an organ's after the delay, without a name, or never. Refused: never."""
    store, conf = archive.store, archive.settings
    archive.run(organ_viewing.list_dossier(store, conf, USCC, organ))
    archive.run(organ_viewing.open_document(store, conf, USCC, "articles-010y", organ))
    company = archive.run(store.companies.by_uscc(USCC))
    told = organ_viewing.decide_extract_of(organ, company)
    page = {"what": "page", "title": "公司章程 第 1 页", "subject": PAGES[0]}
    views = [
        organ_viewing.look_of(organ, company, told, outcome=told.outcome, **page),
        organ_viewing.look_of(organ, company, told, what="batch", outcome=told.outcome, title="批量查询"),
        organ_viewing.look_of(organ, company, told, outcome=Outcome.REFUSE, **page | {"subject": PAGES[1]}),
    ]
    archive.run(organ_viewing.record(store, conf, organ, views))

    def listed(*, silent: bool, after: int) -> list[list[str]]:
        changed = {"looker_silent_organs": silent, "looker_delay_days": 90}
        settings = conf.model_copy(update=changed)
        account = archive.run(archive.account("company"))
        now = organ.now + timedelta(days=after)
        found = archive.run(lookers.who_looked(store, settings, USCC, account, now=now, trace=TRACE))
        return [[visit.inquirer, visit.purpose, visit.pages] for visit in found.visits]

    assert listed(silent=True, after=4000) == []
    assert listed(silent=False, after=89) == []
    assert listed(silent=False, after=90) == [["organ", "", 1]], "one visit of an organ, one page, nobody's name"


def test_many_looks_come_by_whole_days(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookers, "BATCH", 5)
    for day in range(4):
        for n in range(2):
            look(archive, who=f"acc-{n}", minutes=day * 24 * 60 + n)
    company = archive.visit("company")
    page, days = company.get(LOOKERS), []
    while True:
        days.append([row[0][:11] for row in looks(page)])
        more = page.all("a[rel=next]")
        if not more:
            break
        page = company.get(str(more[0]["href"]))
    assert days == [["2026年11月21日"] * 2 + ["2026年11月20日"] * 2, ["2026年11月19日"] * 2 + ["2026年11月18日"] * 2]
    company.get(f"{LOOKERS}?before=yesterday", status=422)


def test_the_page_takes_few_questions_however_many_looks(archive: Archive) -> None:
    for n in range(50):
        look(archive, who=f"acc-{n}", minutes=n)
    company = archive.visit("company")
    archive.commands.sent.clear()
    assert len(looks(company.get(LOOKERS))) == 50
    assert len(archive.commands.sent) <= 12
