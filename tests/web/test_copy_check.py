"""The code by SMS before a copy is handed out: sent once, good once, five tries, five minutes, and never in the way
of whoever needs none."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.server import Sandbox
from adapters.sandbox.sms import BLACKLISTED
from adapters.sandbox.state import FAULTS
from conf.errors import ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import Channel
from handlers.flows import codes as codes_flow
from store.records import Account, AuditEvent, Order
from tests.desk import PDF, Desk
from tests.outside import routed
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_kiosk import machine as machine
from tests.web.test_orders import desk as desk
from tests.web.test_orders import ready, visitor


def with_settings(site: Site, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Settings:
    settings = site.settings.model_copy(update=changes)
    monkeypatch.setattr(site.app, "conf", settings)
    return settings


@pytest.fixture
def platform(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The service asks for a code before it hands out a copy, and speaks to the sandbox's SMS platform."""
    with_settings(site, monkeypatch, copy_recheck="sms")

    async def opened() -> tuple[Sandbox, Any]:
        box = await Sandbox(load_settings(var_dir=site.settings.var_dir), slow_seconds=1.0).start()
        impatient = {"outside_connect_seconds": 0.3, "outside_total_seconds": 0.5, "outside_failures": 100}
        return box, routed(load_settings(var_dir=site.settings.var_dir, **impatient, **box.addresses))

    box, sms = site.run(opened())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(sms=sms)
    yield box
    site.app.adapters = kept
    site.run(sms.close())
    site.run(box.stop())


def texts(platform: Sandbox) -> list[str]:
    return [row["text"] for row in platform.state.received["sms"]]


def code_in(platform: Sandbox, number: int = -1) -> str:
    (found,) = re.findall(r"\d{6}", texts(platform)[number])
    return str(found)


def ask(client: PageClient, order: Order, status: int = 303) -> Page:
    return client.submit(client.get(f"/orders/{order.no}/check"), "form[data-eq-send]", {"send": "1"}, status=status)


def type_in(client: PageClient, order: Order, code: str, status: int = 303) -> Page:
    return client.submit(client.get(f"/orders/{order.no}/check"), "form[data-eq-check]", {"code": code}, status=status)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def is_handed_out(client: PageClient, order: Order) -> bool:
    answer = client.raw.get(f"/orders/{order.no}/copy")
    assert answer.status_code == 200 or answer.headers["location"] == f"/orders/{order.no}/check"
    return answer.content == PDF + order.no.encode()


def events(desk: Desk, tag: str) -> list[AuditEvent]:
    desk.run(desk.store.audit.sequence("test"))
    return [event for event in desk.run(desk.store.audit.events(batch=1000)) if event.tag.value == tag]


def at_order(site: Site, desk: Desk, role: str = "legal_representative") -> tuple[Account, PageClient, Order]:
    account, client = visitor(site, desk, role)
    return account, client, ready(desk, account)


def test_a_copy_is_handed_out_after_the_code_and_not_before(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    assert not is_handed_out(client, order)
    page = client.get(f"/orders/{order.no}/check")
    assert "199****0001" in page.words
    assert "19900000001" not in page.text
    ask(client, order)
    assert texts(platform)[0].startswith("【天河e企查】验证码")
    assert platform.state.received["sms"][0]["parts"] == 1
    type_in(client, order, code_in(platform))
    passed = client.get(f"/orders/{order.no}/check")
    assert "核对通过" in passed.words
    assert passed.one(f"main a.eq-button[href='/orders/{order.no}/copy']")
    assert is_handed_out(client, order)
    other = site.signed_in(account)
    assert not is_handed_out(other, order), "a check holds in the session it was made in"


def test_a_check_holds_for_a_quarter_of_an_hour(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    type_in(client, order, code_in(platform))
    site.clock.forward(minutes=14, seconds=59)
    assert is_handed_out(client, order)
    site.clock.forward(seconds=1)
    assert not is_handed_out(client, order)


def test_five_wrong_tries_use_a_code_up(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    code, page = code_in(platform), client.get(f"/orders/{order.no}/check")
    says = [type_in(client, order, wrong(code), status=422).words for _ in range(5)]
    assert "还可以填 4 次" in says[0]
    assert "已经填错 5 次" in says[4]
    late = client.submit(page, "form[data-eq-check]", {"code": code}, status=422)
    assert "已经填错 5 次" in late.words
    assert not late.all("form[data-eq-check]")
    assert not is_handed_out(client, order)
    assert [event.outcome for event in events(desk, "code:entry:checked")] == ["refused"] * 6


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "$ne", "000000 --"])
def test_odd_input_is_a_wrong_try(site: Site, desk: Desk, platform: Sandbox, typed: str) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    raw = client.raw.post(f"/orders/{order.no}/check", data={"_xsrf": client.token, "code": typed})
    assert raw.status_code == 422
    assert not is_handed_out(client, order)


def test_a_code_typed_with_a_space_is_the_same_code(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    code = code_in(platform)
    type_in(client, order, f"{code[:3]} {code[3:]}")
    assert is_handed_out(client, order)


def test_a_code_is_over_after_five_minutes(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    page = client.get(f"/orders/{order.no}/check")
    site.clock.forward(minutes=5)
    late = client.submit(page, "form[data-eq-check]", {"code": code_in(platform)}, status=422)
    assert "失效" in late.words
    assert not client.get(f"/orders/{order.no}/check").all("form[data-eq-check]")


def test_a_new_code_after_a_minute_ends_the_old_one(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    site.clock.forward(seconds=59)
    early = ask(client, order, status=429)
    assert "请等 1 秒" in early.words
    assert early.headers["retry-after"] == "1"
    site.clock.forward(seconds=1)
    ask(client, order)
    first, second = code_in(platform, 0), code_in(platform, 1)
    if first != second:
        type_in(client, order, first, status=422)
    type_in(client, order, second)
    assert is_handed_out(client, order)


def test_another_session_does_not_shorten_the_wait(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    ask(client, order)
    ask(site.signed_in(account), order, status=429)
    assert len(texts(platform)) == 1


@pytest.mark.parametrize("cap", ["code_per_hour", "code_per_number", "code_per_account", "code_per_address"])
def test_each_cap_holds_for_a_day_and_is_told(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch, cap: str
) -> None:
    with_settings(site, monkeypatch, copy_recheck="sms", **{cap: 2})
    account, _, order = at_order(site, desk)
    for _ in range(2):
        ask(site.signed_in(account), order)
        site.clock.forward(seconds=60)
    assert "已达上限" in ask(site.signed_in(account), order, status=429).words
    assert len(texts(platform)) == 2
    site.clock.forward(days=1)
    ask(site.signed_in(account), order)
    assert len(texts(platform)) == 3


def test_a_number_is_asked_again_in_the_next_hour(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(site, monkeypatch, copy_recheck="sms", code_per_hour=1)
    account, _, order = at_order(site, desk)
    ask(site.signed_in(account), order)
    site.clock.forward(minutes=30)
    assert "一小时" in ask(site.signed_in(account), order, status=429).words
    site.clock.forward(minutes=30)
    ask(site.signed_in(account), order)


def test_a_number_shared_by_two_accounts_has_one_cap(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(site, monkeypatch, copy_recheck="sms", code_per_number=1)
    _, client, order = at_order(site, desk)
    ask(client, order)
    site.clock.forward(seconds=60)
    _, other, theirs = at_order(site, desk, "company")
    assert "手机号" in ask(other, theirs, status=429).words


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_platform_that_is_away_costs_neither_try_nor_wait(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The client's own patience (3 s) is the budget: a later answer fails the test."""
    with_settings(site, monkeypatch, copy_recheck="sms", code_per_number=1, code_per_account=1, code_per_address=1)
    _, client, order = at_order(site, desk)
    client.get(f"/orders/{order.no}/check")
    platform.state.faults.switch("sms", fault)
    for _ in range(2):
        data = {"_xsrf": client.token, "send": "1"}
        answer = client.raw.post(f"/orders/{order.no}/check", data=data, timeout=3)
        assert answer.status_code == 503
        assert "短信平台" in answer.text
        assert "不计入次数" in answer.text
    platform.state.faults.switch("sms", "")
    ask(client, order)
    type_in(client, order, code_in(platform))
    assert is_handed_out(client, order)


def test_a_code_whose_answer_was_lost_works_when_it_arrives(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    platform.state.faults.switch("sms", "lost", 1)
    ask(client, order, status=503)
    type_in(client, order, code_in(platform))
    assert is_handed_out(client, order)


def test_a_failed_sending_leaves_the_earlier_code_good(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    site.clock.forward(seconds=60)

    async def away(**_: Any) -> None:
        raise ProviderUnavailable("sms", "away", in_doubt=False)

    with monkeypatch.context() as now:
        now.setattr(site.app.adapters, "sms", SimpleNamespace(send=away))
        ask(client, order, status=503)
    type_in(client, order, code_in(platform))
    assert is_handed_out(client, order)


def test_a_platform_slower_than_the_visitor_may_wait_is_left(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client, order = at_order(site, desk)

    async def endless(**_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(codes_flow, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(site.app.adapters, "sms", SimpleNamespace(send=endless))
    assert "没有及时答复" in ask(client, order, status=503).words


def test_a_number_the_platform_refuses_is_told_with_a_way_out(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    with_phone(site, account, BLACKLISTED)
    page = ask(client, order, status=422)
    assert "更换手机号" in page.words
    assert page.one("a[href='/signin/raise?level=3']")


def with_phone(site: Site, account: Account, phone: str, level: int = 2) -> None:
    reveal = site.store.vault.reveal
    site.run(
        site.store.accounts.remember(
            provider=account.provider, subject=account.subject, kind=account.kind, name=account.name,
            id_type=account.id_type, id_number=reveal(account.id_number), level=type(account.level)(level), phone=phone,
        )
    )  # fmt: skip


def test_an_account_without_a_number_is_told_what_to_do(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    with_phone(site, account, "")
    page = client.get(f"/orders/{order.no}/check")
    assert "没有登记手机号" in page.words
    assert page.one("main a[href='/signin/raise?level=3']")
    posted = client.raw.post(f"/orders/{order.no}/check", data={"_xsrf": client.token, "send": "1"})
    assert posted.headers["location"] == f"/orders/{order.no}/check"
    assert texts(platform) == []


def test_whoever_showed_their_face_goes_straight_on(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    with_phone(site, account, "19900000001", level=3)
    assert client.get(f"/orders/{order.no}/check", status=303).headers["location"] == f"/orders/{order.no}"
    assert is_handed_out(client, order)


def test_without_the_setting_nobody_is_asked(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(site, monkeypatch, copy_recheck="none")
    _, client, order = at_order(site, desk)
    assert client.get(f"/orders/{order.no}/check", status=303).headers["location"] == f"/orders/{order.no}"
    assert is_handed_out(client, order)


def test_of_many_parallel_submits_one_counts_and_all_arrive(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    code = code_in(platform)

    async def all_at_once() -> list[httpx.Response]:
        cookies = dict(client.raw.cookies)
        async with httpx.AsyncClient(base_url=site.url, cookies=cookies, trust_env=False) as browser:
            data = {"_xsrf": client.token, "code": code}
            return await asyncio.gather(*(browser.post(f"/orders/{order.no}/check", data=data) for _ in range(5)))

    answers = site.run(all_at_once())
    assert {answer.status_code for answer in answers} == {303}
    assert [event.outcome for event in events(desk, "code:entry:checked")].count("done") == 1


def test_parallel_guesses_are_five_at_most(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    guess = wrong(code_in(platform))

    async def all_at_once() -> list[httpx.Response]:
        cookies = dict(client.raw.cookies)
        async with httpx.AsyncClient(base_url=site.url, cookies=cookies, trust_env=False) as browser:
            data = {"_xsrf": client.token, "code": guess}
            return await asyncio.gather(*(browser.post(f"/orders/{order.no}/check", data=data) for _ in range(20)))

    site.run(all_at_once())
    grounds = [event.fields["ground"] for event in events(desk, "code:entry:checked")]
    assert grounds.count("wrong") == 5
    assert len(grounds) == 20


def test_parallel_wishes_send_one_code(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, client, order = at_order(site, desk)
    client.get(f"/orders/{order.no}/check")

    async def all_at_once() -> list[httpx.Response]:
        cookies = dict(client.raw.cookies)
        async with httpx.AsyncClient(base_url=site.url, cookies=cookies, trust_env=False) as browser:
            data = {"_xsrf": client.token, "send": "1"}
            return await asyncio.gather(*(browser.post(f"/orders/{order.no}/check", data=data) for _ in range(10)))

    assert sorted(answer.status_code for answer in site.run(all_at_once())) == [303] + [429] * 9
    assert len(texts(platform)) == 1


def test_neither_code_nor_number_is_stored_logged_or_on_record(
    site: Site, desk: Desk, platform: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    _, client, order = at_order(site, desk)
    ask(client, order)
    code = code_in(platform)
    type_in(client, order, wrong(code), status=422)
    type_in(client, order, code)
    with MongoClient[Any](site.settings.mongo_url) as mongo:
        database = mongo[site.settings.mongo_database]
        stored = {name: str(list(database[name].find())) for name in ("codes", "code_counts", "audit_events", "limits")}
    out, err = capfd.readouterr()
    for name, text in [*stored.items(), ("log", out + err)]:
        assert "19900000001" not in text, name
        assert re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", text) is None, name
    assert [event.outcome for event in events(desk, "code:message:sent")] == ["done"]
    assert [event.outcome for event in events(desk, "code:entry:checked")] == ["refused", "done"]
    assert {event.subject for event in events(desk, "code:entry:checked")} == {order.no}


def test_the_check_of_another_visitors_order_is_absent(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, _, order = at_order(site, desk)
    _, stranger = visitor(site, desk, "stranger")
    stranger.get(f"/orders/{order.no}/check", status=404)
    stranger.get(f"/orders/{order.no}/copy", status=404)
    posted = stranger.raw.post(f"/orders/{order.no}/check", data={"_xsrf": stranger.token, "send": "1"})
    assert posted.status_code == 404
    assert texts(platform) == []


def test_a_kiosk_asks_for_the_code_with_keys_on_the_screen_before_it_prints(
    site: Site, machine: PageClient, desk: Desk, platform: Sandbox
) -> None:
    account, _, order = at_order(site, desk)
    visit = site.signed_in(account, channel=Channel.KIOSK)
    machine.set_cookie("eqicha-session", visit.cookies["eqicha-session"])
    assert machine.get(f"/orders/{order.no}/print", status=303).headers["location"] == f"/orders/{order.no}/check"
    framed = machine.raw.get(f"/orders/{order.no}/print/copy")
    assert framed.status_code == 409
    assert PDF not in framed.content
    ask(machine, order)
    page = machine.get(f"/orders/{order.no}/check")
    assert page.one("#f-code")["data-eq-keys"] == "digits"
    type_in(machine, order, code_in(platform))
    assert machine.get(f"/orders/{order.no}/check").one(f"a.eq-button[href='/orders/{order.no}/print']")
    assert machine.get(f"/orders/{order.no}/print").one("iframe")
    assert machine.raw.get(f"/orders/{order.no}/print/copy").status_code == 200
    site.clock.forward(seconds=1)


def test_a_code_of_yesterday_is_no_code(site: Site, desk: Desk, platform: Sandbox) -> None:
    account, client, order = at_order(site, desk)
    ask(client, order)
    site.clock.now += timedelta(days=1)
    again = site.signed_in(account)
    assert not again.get(f"/orders/{order.no}/check").all("form[data-eq-check]")
