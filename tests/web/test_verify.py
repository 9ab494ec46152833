"""Verifying over HTTP: plain words, no dossier content, whole files streamed, limits, one answer for the unknown."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from adapters.seal import SealOffer
from adapters.seal.claims import Claim, read_claim, sign_claim
from adapters.seal.sm2 import Sm2Keys, sm3
from adapters.workshop import Workshop
from conf.clock import beijing
from handlers.application import Service
from handlers.flows.seals import add_seal
from handlers.flows.verifying import LARGEST_FILE
from store.records import Copy, Order
from tests.desk import PDF, Desk
from tests.seal.test_sm2 import new_key, pem_of
from tests.web.client import Page, PageClient
from tests.web.conftest import Site


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


@pytest.fixture
def workshop(site: Site) -> Any:
    """Real child processes for reading strangers' files."""

    async def opened() -> Workshop:
        return Workshop(1, site.settings.child_memory_mb)

    made = site.run(opened())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(workshop=made, sm2=None)
    yield made
    site.app.adapters = kept
    site.run(made.close())


def sealed(desk: Desk) -> tuple[Order, Copy, str]:
    """A copy with its plain verification code."""
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.seal(desk.run(desk.settled(account))))
    copy = desk.run(desk.store.copies.by_order(order.no))
    return order, copy, desk.store.vault.reveal(copy.code)


def verdict(page: Page) -> str:
    return page.one(".eq-verdict h2").get_text(strip=True)


def send(client: PageClient, content: bytes, *, token: str | None = None, name: str = "file") -> httpx.Response:
    page = client.get("/verify")
    sent = token if token is not None else str(page.one("form[enctype] input[name=_xsrf]")["value"])
    return client.raw.post(
        "/verify/file", data={"_xsrf": sent}, files={name: ("复制件.pdf", content, "application/pdf")}
    )


def test_a_code_tells_what_a_third_party_may_know_and_nothing_more(site: Site, desk: Desk) -> None:
    order, copy, code = sealed(desk)
    spaced = " ".join(code[n : n + 4] for n in range(0, 20, 4)).lower()
    page = site.visitor().get(f"/verify?code={spaced}")
    assert verdict(page) == "有效"
    assert all(word in page.words for word in (copy.no, copy.company_name, copy.signer, "1 页"))
    hidden = (order.requester_masked, "公司章程", "办理本企业事务", copy.sha256, order.no + "'")
    assert not [word for word in hidden if word in page.text]


def test_the_answer_names_the_seal_of_the_register_and_the_national_signature(
    site: Site, desk: Desk, mongo_url: str
) -> None:
    order, copy, code = sealed(desk)
    offer = SealOffer(
        seal_id="TH-ARCHIVE-1", name="样例档案查询专用章", signer="样例", certificate=b"", fingerprint="a1" * 32,
        cert_sn="1", valid_from=desk.clock(), valid_until=desk.clock() + timedelta(days=900),
    )  # fmt: skip
    desk.run(add_seal(desk.store, offer, by="command", now=desk.clock()))
    keys = Sm2Keys(pem_of(new_key()))
    made = keys.sign(copy_no=copy.no, sha256=copy.sha256, sm3=sm3(PDF + order.no.encode()))
    kept = {"seal_id": "TH-ARCHIVE-1", "seal_version": 1, "sm3": made.sm3, "sm2_key": made.key_id}
    with MongoClient(mongo_url) as client:
        kept |= {"sm2_signature": made.signature}
        client[site.settings.mongo_database]["copies"].update_one({"_id": copy.no}, {"$set": kept})
    before, site.app.adapters = site.app.adapters, SimpleNamespace(sm2=keys)
    try:
        page = site.visitor().get(f"/verify?code={code}")
        assert verdict(page) == "有效"
        assert "样例档案查询专用章（TH-ARCHIVE-1，第 1 版）" in page.words
        assert "国密签名（SM2）" in page.words
        with MongoClient(mongo_url) as client:
            spoilt = {"$set": {"sha256": "0" * 64}}
            client[site.settings.mongo_database]["copies"].update_one({"_id": copy.no}, spoilt)
        page = site.visitor().get(f"/verify?code={code}")
        assert verdict(page) == "内容被改动"
        assert "请勿采信" in page.words
    finally:
        site.app.adapters = before


def test_expired_and_withdrawn_copies_say_so(site: Site, desk: Desk) -> None:
    _, copy, code = sealed(desk)
    desk.clock.forward(days=site.settings.copy_valid_days)
    assert verdict(site.visitor().get(f"/verify?code={code}")) == "已过有效期"
    desk.run(desk.store.copies.withdraw(copy.no, "样例"))
    assert verdict(site.visitor().get(f"/verify?code={code}")) == "已撤回"


@pytest.mark.parametrize("code", ["AAAAAAAAAAAAAAAAAAAA", "x", "{'$ne': null}", "𠮷" * 20])
def test_an_unknown_code_is_not_found_and_the_try_is_on_record(site: Site, desk: Desk, code: str) -> None:
    page = site.visitor().get(f"/verify?code={code}")
    assert verdict(page) == "查无此件"
    assert not page.all(".eq-verdict dl")
    assert desk.run(desk.tags()) == ["copy:file:verified"]


def test_the_form_stands_without_a_code(site: Site) -> None:
    page = site.visitor().get("/verify")
    assert page.h1 == "验真伪"
    assert not page.all(".eq-verdict")
    assert page.one("form[enctype]")["action"] == "/verify/file"


def test_the_very_file_is_valid_and_a_changed_one_is_not(site: Site, desk: Desk, workshop: Any) -> None:
    order, copy, _ = sealed(desk)
    content = PDF + order.no.encode()
    good = Page(send(site.visitor(), content))
    assert (good.status, verdict(good)) == (200, "有效")
    assert copy.no in good.words
    for changed in (content + b"\n", content[:-1] + b"x", b"not a PDF at all"):
        assert verdict(Page(send(site.visitor(), changed))) == "查无此件"


def test_a_large_file_goes_through_in_pieces_and_a_larger_one_does_not(site: Site, desk: Desk, workshop: Any) -> None:
    client = site.visitor()
    assert send(client, b"%PDF-1.7" + b"0" * (5 << 20)).status_code == 200
    larger = Page(send(client, b"0" * (LARGEST_FILE + (1 << 20))))
    assert larger.status == 422
    assert "60 MB" in larger.words


def test_an_upload_needs_the_forms_token_and_a_file(site: Site, desk: Desk) -> None:
    client = site.visitor()
    assert send(client, b"%PDF", token="").status_code == 403
    assert send(client, b"%PDF", token="2|aaaaaaaa|bbbb|1795226400").status_code == 403
    empty = Page(send(client, b""))
    assert empty.status == 422
    assert "请先选择" in empty.words
    assert Page(send(client, b"%PDF", name="other")).status == 422
    plain = client.raw.post("/verify/file", data={"_xsrf": client.token})
    assert plain.status_code == 400
    cut = client.raw.post(
        "/verify/file", content=b"--x\r\nContent-", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert cut.status_code == 400


def test_a_pages_code_says_which_page_it_is(site: Site, desk: Desk) -> None:
    _, copy, _ = sealed(desk)
    claim = Claim(copy_no=copy.no, page=1, pages=1, digest="ab" * 16, issued_on=beijing(copy.issued_at).date())
    page = replace(copy.pages[0], digest="ab" * 32)
    rows = desk.store._base.db["copies"]

    async def with_digest() -> None:
        await rows.update_one({"_id": copy.no}, {"$set": {"pages.0.digest": page.digest}})

    desk.run(with_digest())
    good = site.visitor().get(f"/p/{sign_claim(claim, site.app.keys.claim)}")
    assert verdict(good) == "有效"
    assert "第 1 页" in good.words
    forged = sign_claim(replace(claim, pages=2), site.app.keys.claim)
    assert verdict(site.visitor().get(f"/p/{forged}")) == "内容被改动"
    assert verdict(site.visitor().get("/p/" + "A" * 120)) == "查无此件"


def test_the_published_key_checks_a_page_code(site: Site) -> None:
    answer = site.visitor().raw.get("/.well-known/eqicha-keys.json")
    assert answer.headers["content-type"].startswith("application/json")
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert read_claim  # the format is documented beside it


def test_the_limit_answers_429_with_the_time_to_wait(site: Site, desk: Desk) -> None:
    client = site.visitor()
    for _ in range(site.settings.verify_per_minute):
        client.get("/verify?code=AAAAAAAAAAAAAAAAAAAA")
    page = client.get("/verify?code=AAAAAAAAAAAAAAAAAAAA", status=429)
    assert 0 < int(page.headers["retry-after"]) <= 60
    assert "稍候" in page.words or "秒" in page.words
    assert client.get("/verify")
    assert isinstance(site.app, Service)
