"""Seals and signatories over HTTP: brought into use by two, out of use at once; the name stands on the certificate."""

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest

from conf.terms import StaffRole
from store.records import CopyIssue
from tests.desk import Desk
from tests.flows.test_seals import NEXT, OFFER, Keeper
from tests.pdf import papers
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk
from tests.web.test_staff_accounts import admins, approve, proposed
from views.sheets import PrintSheets


@pytest.fixture(autouse=True)
def keeper(site: Site) -> Iterator[Keeper]:
    """A provider that offers two certificates of one seal."""
    kept, made = site.app.adapters, Keeper(OFFER, NEXT)
    site.app.adapters = SimpleNamespace(**vars(kept), seal=made)
    yield made
    site.app.adapters = kept


def test_a_seal_is_asked_for_by_one_and_in_use_after_another(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    asked = {"fingerprint": OFFER.fingerprint, "reason": "首次启用", "note": "保管人已核对指纹"}
    address = proposed(system.submit(system.get("/staff/seals"), "form[action$='/add']", asked))
    assert desk.run(desk.store.seals.all()) == ()
    approve(security, address)
    (made,) = desk.run(desk.store.seals.all())
    assert (made.fingerprint, made.version, made.valid_until) == (OFFER.fingerprint, 1, OFFER.valid_until)
    assert made.history[0].note == "保管人已核对指纹"
    page = system.get("/staff/seals")
    assert "TH-ARCHIVE-1 第 1 版" in page.words
    offered = [option["value"] for option in page.all("option")]
    assert offered == [NEXT.fingerprint], "what is in use is not offered again"
    assert "seal:register:added" in desk.run(desk.tags())


def test_a_certificate_that_is_not_offered_or_a_term_outside_its_own_is_refused(site: Site, desk: Desk) -> None:
    system, _ = admins(site, desk)
    asked = {"fingerprint": "c3" * 32, "reason": "首次启用"}
    assert "请选择提供方" in system.post("/staff/seals/add", asked, status=422).words
    asked = {"fingerprint": OFFER.fingerprint, "reason": "首次启用", "last_day": "2099-01-01"}
    assert "证书有效期" in system.post("/staff/seals/add", asked, status=422).words


def test_a_seal_is_retired_at_once_with_a_reason_by_those_only_who_keep_it(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    asked = {"fingerprint": OFFER.fingerprint, "reason": "首次启用"}
    approve(security, proposed(system.post("/staff/seals/add", asked)))
    address = f"/staff/seals/{OFFER.seal_id}.1/retire"
    security.post(address, {"retire_reason": "样例：怀疑泄露"}, status=403)
    assert "理由" in system.post(address, {"retire_reason": "坏"}, status=422).words
    system.post(address, {"retire_reason": "样例：怀疑泄露"})
    assert desk.run(desk.store.seals.valid_at(OFFER.seal_id, desk.clock())) is None
    assert "已停用：样例：怀疑泄露" in system.get("/staff/seals").words
    system.post("/staff/seals/none/retire", {"retire_reason": "样例：怀疑泄露"}, status=404)


def test_a_signatory_stands_from_the_first_to_the_last_day_and_ends_at_once(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    asked = {"name": "样例甲", "title": "档案科科长", "why": "任命文件样例"}
    asked |= {"signs_from": "2026-11-22", "signs_until": "2026-12-31"}
    approve(security, proposed(system.submit(system.get("/staff/seals"), "form[action$='/signatory']", asked)))
    found = {day: desk.run(desk.store.signatories.on(date.fromisoformat(day))) for day in ("2026-11-21", "2026-11-22")}
    assert found["2026-11-21"] is None
    assert found["2026-11-22"].name == "样例甲"
    assert desk.run(desk.store.signatories.on(date(2026, 12, 31)))
    assert desk.run(desk.store.signatories.on(date(2027, 1, 1))) is None
    system.submit(system.get("/staff/seals"), "form[action$='/end']")
    assert desk.run(desk.store.signatories.on(date(2026, 11, 22))) is None
    assert desk.run(desk.tags()).count("staff:signatory:changed") == 2
    wrong = asked | {"signs_until": "2026-11-01", "name": ""}
    page = system.post("/staff/seals/signatory", wrong, status=422)
    assert all(said in page.words for said in ("截止日不能早于起始日", "请填写姓名"))


def test_the_certificate_names_the_signatory_and_without_one_says_nothing() -> None:
    def sheet(issue: CopyIssue) -> str:
        return PrintSheets().certificate(papers.order(), papers.company(), issue)

    assert "签发人" not in sheet(papers.issue())
    named = sheet(papers.issue(signatory="档案科科长 样例甲"))
    assert "签发人" in named
    assert "档案科科长 样例甲" in named


def test_an_archivist_does_not_see_the_register(site: Site, desk: Desk) -> None:
    archivist = at_the_desk(site, a_reviewer(desk, "dang.an", role=StaffRole.ARCHIVIST))
    assert archivist.get("/staff/seals", status=403)
