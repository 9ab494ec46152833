"""The sample registry: valid codes, fictional and said so, the same for the same seed, stored as an import is."""

import io
from collections import Counter
from datetime import date
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from adapters.sandbox.people import sample_people
from conf.codes import is_citizen_id, is_reg_no, is_uscc
from conf.terms import AccountKind, CompanyStatus, DocumentFlag, IdentityLevel, PageSize
from handlers.flows.intake.rows import CompanyRow
from handlers.flows.samples.boxes import sample_boxes
from handlers.flows.samples.companies import make_companies
from handlers.flows.samples.known import known_companies
from handlers.flows.samples.papers.drawing import WRITERS, draw
from handlers.flows.samples.papers.facts import Facts
from handlers.flows.samples.registry import make_registry, sample_registry
from store import Store
from tests.intake.conftest import Run


@pytest.fixture(scope="module")
def rows() -> list[CompanyRow]:
    return list(make_companies(300, seed=1))


def test_the_same_seed_gives_the_same_registry_and_another_seed_another() -> None:
    assert make_registry(companies=40, dossiers=8, seed=1) == make_registry(companies=40, dossiers=8, seed=1)
    assert make_registry(companies=40, dossiers=8, seed=1) != make_registry(companies=40, dossiers=8, seed=2)


def test_all_codes_are_valid_and_of_tianhe(rows: list[CompanyRow]) -> None:
    assert len({row.uscc for row in rows}) == len({row.name for row in rows}) == 300
    for row in rows:
        assert is_uscc(row.uscc)
        assert row.uscc[2:8] == "440106"
        assert is_reg_no(row.reg_no)
        assert row.street_code.startswith("440106")
        for person in row.persons:
            assert is_uscc(person.id_number) if person.is_body else is_citizen_id(person.id_number)


def test_every_status_and_shape_of_company_is_there(rows: list[CompanyRow]) -> None:
    assert {row.status for row in rows} == set(CompanyStatus)
    assert len({row.entity_type for row in rows}) >= 7
    assert any(row.parent_uscc for row in rows)
    assert any(row.locked for row in rows[6:])
    assert sum(bool(row.former_names) for row in rows) >= 10
    assert {char for row in rows for char in row.name} >= set("䶮㛃𠮷")
    assert all(row.moved_to for row in rows if row.status is CompanyStatus.MOVED_OUT)
    assert all("样例数据，纯属虚构" in row.scope for row in rows)
    assert max(row.last_filed_on or date.min for row in rows) <= date(2026, 10, 30)


def test_near_duplicates_differ_in_one_character(rows: list[CompanyRow]) -> None:
    by_length: dict[int, list[str]] = {}
    for row in rows:
        by_length.setdefault(len(row.name), []).append(row.name)
    pairs = 0
    for names in by_length.values():
        for place, one in enumerate(names):
            pairs += sum(sum(a != b for a, b in zip(one, other, strict=True)) <= 2 for other in names[place + 1 :])
    assert pairs >= 3


def test_the_sandboxs_people_stand_in_their_companies() -> None:
    companies = {row.uscc: row for row in known_companies()}
    people = {one.key: one for one in sample_people()}
    for one in people.values():
        if one.role:
            named = [(person.name, person.id_number, person.role.value) for person in companies[one.uscc].persons]
            assert (one.name, one.id_number, one.role) in named
    enterprise = people["enterprise"]
    assert enterprise.kind is AccountKind.LEGAL
    assert companies[enterprise.id_number].name == enterprise.name
    assert people["unverified"].level is IdentityLevel.L0
    assert people["raise_level"].level is IdentityLevel.L1
    assert not any(one.uscc for one in (people["stranger"], people["lawyer"]))
    assert all(is_citizen_id(one.id_number) for one in people.values() if one.kind is AccountKind.NATURAL)
    assert companies[people["moved_out"].uscc].status is CompanyStatus.MOVED_OUT
    assert companies[people["locked"].uscc].locked


def test_twenty_dossiers_are_planned_with_realistic_flags_and_gaps() -> None:
    manifest, facts = make_registry(companies=300, dossiers=20, seed=1)
    assert len({row.uscc for row in manifest.filings.values()}) == 20
    flags = Counter(flag for row in manifest.documents.values() for flag in row.flags)
    assert all(flags[flag] >= 20 for flag in DocumentFlag)
    unscanned = Counter(row.uscc for row in manifest.documents.values() if not row.files)
    assert set(unscanned.values()) == {1}
    assert len(unscanned) == 20
    assert {one.kind for one in facts.values()} == set(WRITERS)
    for row in manifest.documents.values():
        assert bool(row.files) == ((row.business_no, row.number) in facts)


def a_paper(kind: str, **more: Any) -> Facts:
    fields: dict[str, Any] = {"kind": kind, "title": kind, "event": "变更登记", "company": "广州䶮样例有限公司"}
    fields |= {"uscc": "91440106MA9W00010Y", "entity_type": "有限责任公司", "head": "样某", "capital": "10万元人民币"}
    fields |= {"domicile": "广州市天河区样例路1号", "scope": "样例", "owners": (("样某", "100%", "10万元"),)}
    fields |= {"staffed": (("样某", "董事"),), "dated": date(2020, 6, 3), "business_no": "440106202006030001"}
    return Facts(**(fields | {"seed": kind, "colour": False, "subject": "样某"} | more))


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_every_paper_is_drawn_as_an_a4_scan(kind: str) -> None:
    taken = draw(a_paper(kind, colour=kind == "登记通知书"))
    assert taken.total == len(taken.pages) >= 1
    for page in taken.pages:
        assert (page.scan.width, page.scan.height, page.scan.dpi) == (1654, 2339, 200)
        assert 60_000 < len(page.scan.content) < 450_000
        with Image.open(io.BytesIO(page.scan.content)) as image:
            assert image.mode == ("RGB" if kind == "登记通知书" else "L")
            grey = image.convert("L")
        share = ImageStat.Stat(grey.point(lambda value: 255 * (value < 110))).mean[0] / 255
        assert 0.001 < share < 0.2  # print, and mostly paper
    assert draw(a_paper(kind, colour=kind == "登记通知书")) == taken


def test_a_notice_carries_a_red_stamp() -> None:
    (page,) = draw(a_paper("登记通知书", colour=True)).pages
    with Image.open(io.BytesIO(page.scan.content)) as image:
        red, green, _ = image.split()
    stamped = ImageChops.subtract(red, green).point(lambda value: 255 * (value > 70))
    left, top, right, bottom = stamped.getbbox() or (0, 0, 0, 0)
    assert 250 < right - left < 420
    assert 250 < bottom - top < 420


def test_the_registry_is_stored_and_a_second_run_changes_nothing(intake_run: Run, store: Store, adapters: Any) -> None:
    made = intake_run(sample_registry(store, adapters, companies=12, dossiers=1, seed=3))
    assert (made.companies, made.dossiers, made.report.refusals) == (12, 1, [])
    assert made.pages >= 60
    first = known_companies()[0]
    dossier = intake_run(store.dossiers.of(first.uscc))
    assert sum(document.page_count for document in dossier.documents) == made.pages
    company = intake_run(store.companies.by_uscc(first.uscc))
    assert company.filing_count == len(dossier.filings)
    assert intake_run(sample_boxes(store, now=store.clock())) == 1, "a box for each company with papers"
    (box,) = intake_run(store.paper.volumes_of([first.uscc]))
    assert box.parts[0].filings == tuple(filing.number for filing in dossier.filings)
    assert intake_run(sample_boxes(store, now=store.clock())) == 0
    page = intake_run(store.dossiers.pages(dossier.documents[0].id))[0]
    with Image.open(io.BytesIO(intake_run(store.scans.get_size(page.sha256, PageSize.VIEW)))) as view:
        assert view.width == 1240
    again = intake_run(sample_registry(store, adapters, companies=12, dossiers=1, seed=3))
    assert (again.pages, again.report.accepted, again.report.refusals) == (0, 0, [])
