"""The sandbox itself: its pages, its fault switches, what tests and newcomers can see of what it received."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from asn1crypto import cms, core, tsp
from bs4 import BeautifulSoup

from adapters.sandbox.people import sample_people
from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import SYSTEMS, faults_of
from conf.settings import Settings, load_settings
from tests.outside import Outside, Run


def fetch(run: Run, sandbox: Sandbox, method: str, path: str, **more: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
            return await client.request(method, path, **more)

    return run(asked())


def test_the_index_says_that_it_is_a_sandbox_and_offers_every_fault(run: Run, sandbox: Sandbox) -> None:
    page = BeautifulSoup(fetch(run, sandbox, "GET", "/").text, "html.parser")
    assert page.title.text == "沙箱（模拟系统）"
    assert len(page.select('form[action="/faults"]')) == len(SYSTEMS)
    for form in page.select('form[action="/faults"]'):
        offered = {option["value"] for option in form.select("select[name=fault] option")}
        assert offered == {"", *faults_of(form.select_one("input[name=system]")["value"])}
    for person in sample_people():
        assert person.name in page.text


def test_what_was_received_is_shown_escaped(run: Run, sandbox: Sandbox, outside: Outside) -> None:
    run(outside.mail.send(to="a@example.com", subject="<script>alert(1)</script>", text="正文", reference="r1"))
    text = fetch(run, sandbox, "GET", "/").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>" not in text


def test_the_sign_in_page_offers_every_sample_person_and_works_as_plain_forms(
    run: Run, sandbox: Sandbox, outside: Outside, sandbox_settings: Settings
) -> None:
    address = outside.identity.authorize_url(
        state='"><script>', redirect_uri=sandbox_settings.base_url + "/signin/callback"
    )
    text = fetch(run, sandbox, "GET", address.removeprefix(sandbox.url)).text
    page = BeautifulSoup(text, "html.parser")
    assert "沙箱（模拟系统）" in page.title.text
    assert [field["value"] for field in page.select("input[name=person]")] == [each.key for each in sample_people()]
    assert "<script>" not in text


def test_faults_are_switched_by_json_and_by_form_and_counted_down(run: Run, sandbox: Sandbox) -> None:
    wish = {"sms": "slow", "rating": {"fault": "lost", "times": 2}}
    assert fetch(run, sandbox, "POST", "/faults", json=wish).json() == {
        "sms": {"fault": "slow", "times": None},
        "rating": {"fault": "lost", "times": 2},
    }
    assert fetch(run, sandbox, "POST", "/faults", data={"system": "sms", "fault": ""}).status_code == 302
    assert [sandbox.state.faults.take("rating") for _ in range(3)] == ["lost", "lost", ""]
    assert sandbox.state.faults.shown() == {}


@pytest.mark.parametrize("wish", [{"sms": "nonsense"}, {"nonsense": "slow"}, {"mail": "forged"}, [], {"sms": 7}, "x"])
def test_an_unknown_fault_is_refused_with_the_list(run: Run, sandbox: Sandbox, wish: Any) -> None:
    answer = fetch(run, sandbox, "POST", "/faults", json=wish)
    assert answer.status_code == 400
    assert answer.json()["faults"] == {system: list(faults_of(system)) for system in SYSTEMS}
    assert sandbox.state.faults.shown() == {}


def test_what_was_received_can_be_asked_as_json_and_forgotten(run: Run, sandbox: Sandbox, outside: Outside) -> None:
    run(outside.mail.send(to="a@example.com", subject="主题", text="正文", reference="r1"))
    answer = fetch(run, sandbox, "GET", "/sandbox/received?system=mail").json()
    assert (answer["system"], answer["items"][0]["subject"], answer["calls"]["mail"]) == ("mail", "主题", 1)
    assert list(fetch(run, sandbox, "GET", "/sandbox/received").json()["received"]) == list(SYSTEMS)
    fetch(run, sandbox, "POST", "/sandbox/forget")
    assert fetch(run, sandbox, "GET", "/sandbox/received?system=mail").json()["items"] == []


def time_stamp(run: Run, sandbox: Sandbox, query: bytes, kind: str = "application/timestamp-query") -> httpx.Response:
    return fetch(run, sandbox, "POST", "/tsa", content=query, headers={"Content-Type": kind})


def a_query(algorithm: str = "sha256", size: int = 32) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": b"\1" * size}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 77, "cert_req": True}).dump()


def test_a_time_stamp_holds_our_digest_our_nonce_and_the_time(run: Run, sandbox: Sandbox) -> None:
    moment = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    sandbox.state.clock = lambda: moment
    answer = time_stamp(run, sandbox, a_query())
    assert answer.headers["content-type"] == "application/timestamp-reply"
    reply = tsp.TimeStampResp.load(answer.content, strict=True)
    assert reply["status"]["status"].native == "granted"
    signed: cms.SignedData = reply["time_stamp_token"]["content"]
    stamped = signed["encap_content_info"]["content"].parsed
    assert stamped["message_imprint"]["hashed_message"].native == b"\1" * 32
    assert (stamped["nonce"].native, stamped["gen_time"].native) == (77, moment)
    assert len(signed["certificates"]) == 1


@pytest.mark.parametrize("query", [b"", b"garbage", a_query("md5", 16), a_query() + b"x", json.dumps({}).encode()])
def test_a_query_the_authority_cannot_take_is_rejected(run: Run, sandbox: Sandbox, query: bytes) -> None:
    answer = time_stamp(run, sandbox, query)
    assert answer.status_code == 200
    (status,) = core.SequenceOf.load(answer.content, strict=True, spec=tsp.PKIStatusInfo)
    assert status["status"].native == "rejection"
    assert sandbox.state.received["tsa"] == []


def test_the_authority_takes_time_stamp_queries_only(run: Run, sandbox: Sandbox) -> None:
    assert time_stamp(run, sandbox, a_query(), kind="application/json").status_code == 415


def test_the_sandbox_does_not_run_in_production(var_dir: Any) -> None:
    settings = load_settings(var_dir=var_dir)
    with pytest.raises(ValueError, match="production"):
        Sandbox(Settings.model_construct(**{**dict(settings), "mode": "production"}))
