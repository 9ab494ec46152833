"""The redirect style: the address that leads to the platform's page, the page itself, what the platform tells us."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from adapters.assembly import open_adapters
from adapters.callbacks import CallbackRefused
from adapters.rating import RatingVisit
from adapters.rating.jump import JumpPage
from adapters.rating.told import RatingCalls
from adapters.sandbox import calling
from adapters.sandbox.server import Sandbox
from conf.keys import load_keys
from conf.settings import Settings, SettingsError, load_settings
from conf.terms import Channel
from tests.outside import Run

NOW = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)
WORD = "eqicha-dev-word"
READER = RatingCalls(load_settings())
ROW = {
    "projectNo": "TH20261121-ABC234",
    "assessNumber": "1",
    "satisfaction": "2",
    "evalDetail": "209,213",
    "writingEvaluation": "等得太久𠮷",
    "assessTime": "2026-11-21 10:04:00",
    "pf": "2",
}


def body(*rows: Any) -> bytes:
    return json.dumps({"evaluate": list(rows)}, ensure_ascii=False).encode()


BODY = body(ROW)


def signed(
    sent: bytes, *, at: datetime = NOW, word: str = WORD, mark: str = "eqicha-dev", nonce: str = "a" * 16
) -> dict[str, str]:
    """The headers as the platform's document says, written here once more on purpose."""
    moment = str(int(at.timestamp()))
    text = "\n".join((mark, moment, nonce, hashlib.sha256(sent).hexdigest()))
    right = hmac.new(word.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"X-App-Mark": mark, "X-Timestamp": moment, "X-Nonce": nonce, "X-Signature": right}


def a_visit(**changes: Any) -> RatingVisit:
    values: dict[str, Any] = {
        "order_no": "TH20261121-ABC234",
        "task_name": "企业登记档案查询",
        "company_name": "广州样例&值=有限公司",
        "visitor_name": "样例甲",
        "visitor_is_body": False,
        "id_number": "440106199001010011",
        "finished_at": NOW,
        "channel": Channel.MOBILE,
    }
    return RatingVisit(**(values | changes))


def unwrapped(address: str) -> dict[str, str]:
    """What the platform reads: Base64 twice, then the list."""
    (param,) = parse_qs(urlsplit(address).query)["param"]
    return dict(parse_qsl(base64.b64decode(base64.b64decode(param)).decode(), keep_blank_values=True))


# -- the address


def test_the_address_carries_the_case_in_base64_twice_and_no_telephone() -> None:
    found = unwrapped(JumpPage(load_settings()).address(a_visit()))
    wanted = {
        "evaluateChannel": "2", "projNo": "TH20261121-ABC234", "projName": "广州样例&值=有限公司 企业登记档案查询",
        "applicantName": "样例甲", "applicantCardNumber": "440106199001010011", "applicantPhone": "",
        "handleStateCode": "3", "regionCode": "440106000000", "version": "2", "userProp": "1", "userPageType": "111",
        "transactionTime": "2026-11-21 10:05:00", "evaluatedPersonInfo": "[]",
    }  # fmt: skip
    assert wanted.items() <= found.items()
    assert set(found) == {*wanted, "key", "serviceCode", "serviceDepartment", "source"}


@given(name=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()), is_body=st.booleans())
def test_any_name_arrives_as_it_is(name: str, is_body: bool) -> None:
    address = JumpPage(load_settings()).address(a_visit(company_name=name, visitor_name=name, visitor_is_body=is_body))
    found = unwrapped(address)
    assert (found["projName"], found["applicantName"]) == (f"{name} 企业登记档案查询", name)
    assert (found["userProp"], found["userPageType"]) == (("2", "001") if is_body else ("1", "111"))


# -- what the platform tells us


def test_a_rating_is_read_in_our_own_terms() -> None:
    call = READER.read(signed(BODY), BODY, now=NOW, skew=180)
    (event,) = call.events
    assert (event.key, event.subject, call.nonce) == ("TH20261121-ABC234.1", "TH20261121-ABC234", "a" * 16)
    assert event.happened_at == datetime(2026, 11, 21, 2, 4, tzinfo=UTC)
    assert event.values == {
        "number": 1, "satisfaction": 2, "tags": ["209", "213"], "text": "等得太久𠮷", "channel": "mobile",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "ground"),
    [
        ({}, "unsigned"),
        (signed(BODY, nonce="short"), "unsigned"),
        (signed(BODY, at=NOW - timedelta(hours=1)), "clock"),
        (signed(BODY, at=NOW + timedelta(hours=1)), "clock"),
        (signed(BODY, word="another"), "signature"),
        (signed(BODY, mark="them"), "signature"),
        (signed(BODY + b" "), "signature"),
        ({**signed(BODY), "X-Nonce": "b" * 16}, "signature"),
    ],
)
def test_what_is_forged_or_stale_is_refused(headers: dict[str, str], ground: str) -> None:
    with pytest.raises(CallbackRefused) as caught:
        READER.read(headers, BODY, now=NOW, skew=180)
    assert caught.value.ground == ground


@pytest.mark.parametrize(
    "change",
    [{"satisfaction": "6"}, {"satisfaction": None}, {"assessNumber": "3"}, {"assessTime": "0001-01-01 00:00:00"},
     {"assessTime": "yesterday"}, {"projectNo": {"$ne": ""}}, {"projectNo": "x" * 400},
     {"writingEvaluation": "\ud800"}],
)  # fmt: skip
def test_a_signed_rating_that_cannot_be_is_garbled(change: dict[str, Any]) -> None:
    sent = json.dumps({"evaluate": [ROW | change]}).encode()
    with pytest.raises(CallbackRefused) as caught:
        READER.read(signed(sent), sent, now=NOW, skew=180)
    assert caught.value.ground == "garbled"


@given(
    sent=st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["evaluate", *ROW]), inner),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_a_signed_call_that_says_nothing_is_garbled_never_a_breakdown(sent: bytes) -> None:
    ground = ""
    try:
        READER.read(signed(sent), sent, now=NOW, skew=180)
    except CallbackRefused as refused:
        ground = refused.ground
    assert ground == "garbled"


# -- the page


class Told(RequestHandler):
    """A service that is told: loses its first answer, takes the second."""

    calls: list[tuple[dict[str, str], bytes]]

    def initialize(self, calls: list[Any]) -> None:
        self.calls = calls

    def post(self) -> None:
        self.calls.append((dict(self.request.headers.get_all()), self.request.body))
        self.set_status(500) if len(self.calls) == 1 else self.finish(dict(READER.answer(taken=True)))


@pytest.fixture
def told(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[dict[str, str], bytes]]]:
    calls: list[tuple[dict[str, str], bytes]] = []
    monkeypatch.setattr(calling, "PAUSES", (0.0,) * 5)

    async def listen() -> HTTPServer:
        server, sockets = HTTPServer(Application([("/rating", Told, {"calls": calls})])), bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        sandbox.state.callbacks_to = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        return server

    server = run(listen())
    yield calls
    server.stop()


def form_of(page: str) -> dict[str, str]:
    hidden = BeautifulSoup(page, "html5lib").select("form input[type=hidden]")
    return {str(each["name"]): str(each["value"]) for each in hidden}


async def fill_in(address: str, *forms: dict[str, str], again: bool = False) -> list[httpx.Response]:
    """Open the page and send it once a form; `again` sends the first page's form each time."""
    answers, sent = [], {}
    async with httpx.AsyncClient(trust_env=False) as browser:
        for form in forms:
            if not (again and sent):
                page = await browser.get(address)
                assert page.status_code == 200, page.text
                sent = form_of(page.text)
            answers.append(await browser.post(address.partition("?")[0], data=sent | form))
    return answers


async def settled(sandbox: Sandbox) -> None:
    await asyncio.gather(*sandbox.state.tasks)


def test_the_page_takes_a_rating_and_tells_it_signed_until_it_is_answered(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings, told: list[tuple[dict[str, str], bytes]]
) -> None:
    address = JumpPage(sandbox_settings).address(a_visit())
    (answer,) = run(fill_in(address, {"satisfaction": "2", "evalDetail": "209"}))
    assert "感谢您的评价" in answer.text
    assert "样例甲" not in answer.text, "masked on the screen"
    run(settled(sandbox))
    assert len(told) == 2, "the first answer was lost"
    events = [READER.read(*call, now=sandbox.state.clock(), skew=180).events[0] for call in told]
    assert events[0] == events[1]
    assert (events[0].key, events[0].values["satisfaction"]) == ("TH20261121-ABC234.1", 2)
    assert events[0].values["channel"] == "mobile"


def test_a_low_rating_needs_a_reason_there_too_and_a_form_sent_twice_is_one(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings
) -> None:
    address = JumpPage(sandbox_settings).address(a_visit())
    (refused,) = run(fill_in(address, {"satisfaction": "1"}))
    assert "差评须勾选详情" in refused.text
    run(fill_in(address, {"satisfaction": "5"}, {"satisfaction": "5"}, again=True))
    assert len(sandbox.state.received["rating"]) == 1
    run(fill_in(address, {"satisfaction": "4"}))
    (late,) = run(fill_in(address, {"satisfaction": "4"}))
    assert "已经评价过两次" in late.text
    assert [row["assessNumber"] for row in sandbox.state.received["rating"]] == ["1", "2"]


@pytest.mark.parametrize("fault", ["lost", "truncated"])
def test_an_answer_the_browser_never_got_is_one_rating_all_the_same(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings, fault: str
) -> None:
    address = JumpPage(sandbox_settings).address(a_visit())

    async def journey() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as browser:
            form = form_of((await browser.get(address)).text) | {"satisfaction": "5"}
            sandbox.state.faults.switch("rating", fault, 1)
            with pytest.raises(httpx.HTTPError):
                await browser.post(address.partition("?")[0], data=form)
            return await browser.post(address.partition("?")[0], data=form)

    assert "感谢您的评价" in run(journey()).text
    assert len(sandbox.state.received["rating"]) == 1


@pytest.mark.parametrize("changes", [{"rating_app_mark": "them"}, {"rating_task_code": "1144"}])
def test_a_jump_the_platform_does_not_know_is_refused(
    run: Run, sandbox_settings: Settings, changes: dict[str, str]
) -> None:
    address = JumpPage(sandbox_settings.model_copy(update=changes)).address(a_visit())

    async def look(where: str) -> int:
        async with httpx.AsyncClient(trust_env=False) as browser:
            return (await browser.get(where)).status_code

    assert run(look(address)) == 400
    assert run(look(address.partition("?")[0] + "?param=%E4%BD%A0")) == 400


# -- which style


def test_the_page_and_its_calls_are_there_in_the_redirect_style_only(run: Run, sandbox_settings: Settings) -> None:
    async def opened(style: str) -> tuple[bool, bool]:
        settings = sandbox_settings.model_copy(update={"rating_style": style})
        adapters = await open_adapters(settings, load_keys(settings))
        await adapters.close()
        return adapters.rating_page is not None, "rating" in adapters.callbacks

    assert run(opened("push")) == (False, False)
    assert run(opened("redirect")) == (True, True)


@pytest.mark.parametrize("url", ["http://rating.example/page", "https://127.0.0.1/page"])
def test_production_sends_nobody_to_an_open_or_simulated_page(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(mode="production", rating_style="redirect", rating_page_url=url)
    assert "EQICHA_RATING_PAGE_URL" in str(caught.value)
