"""What every answer keeps to: guards, headers, cookies, hosts, tokens, limits, errors in three shapes."""

import re
import socket

import pytest

from conf.errors import Conflict, Invalid, ProviderUnavailable, TooMany
from conf.settings import load_settings
from conf.terms import IdentityLevel
from handlers import faults
from handlers.application import Missing
from handlers.base import BaseHandler
from handlers.guards import VERBS, guard_of, public, signed_in, within
from handlers.headers import cookie_name, standing_headers
from handlers.limits import Windows
from handlers.routes import all_routes
from tests.web.conftest import Site
from tests.web.things import an_account


def test_a_verb_without_a_guard_cannot_come_to_life() -> None:
    with pytest.raises(TypeError, match="has no guard"):

        class Open(BaseHandler):
            async def get(self) -> None: ...


def test_a_verb_with_two_guards_is_refused() -> None:
    with pytest.raises(TypeError, match="two guards"):

        class Twice(BaseHandler):
            @public
            @signed_in(level=IdentityLevel.L2)
            async def get(self) -> None: ...


def test_every_verb_of_every_route_is_guarded() -> None:
    naked = [
        f"{spec.regex.pattern} {verb}"
        for spec in all_routes()
        for verb in VERBS
        if issubclass(spec.handler_class, BaseHandler)
        and getattr(spec.handler_class, verb) is not getattr(BaseHandler, verb)
        and guard_of(spec.handler_class, verb) is None
    ]
    assert naked == []


def test_no_two_routes_have_the_same_pattern() -> None:
    patterns = [spec.regex.pattern for spec in all_routes()]
    assert len(patterns) == len(set(patterns))


@pytest.mark.parametrize(
    ("address", "inside"),
    [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("", False), ("127.0.0.1.evil", False)],
)
def test_networks_are_read_as_written(address: str, inside: bool) -> None:
    assert within(address, "127.0.0.0/8, ::1/128") is inside


def test_a_wrong_verb_is_told_which_ones_there_are(site: Site) -> None:
    answer = site.visitor().post("/companies", status=405)
    assert answer.headers["allow"] == "HEAD, GET"


def test_head_is_get_without_the_body(site: Site) -> None:
    browser = site.visitor().raw
    head, whole = browser.head("/"), browser.get("/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


def test_an_unknown_host_gets_nothing(site: Site) -> None:
    assert site.visitor().raw.get("/", headers={"Host": "evil.example"}).status_code == 404


@pytest.mark.parametrize("path", ["/companies?q=a&q=b", "/companies?q=%ff", "/companies?x=1&x=2"])
def test_a_doubled_or_broken_parameter_is_a_400(site: Site, path: str) -> None:
    assert site.visitor().get(path, status=400).h1 == "请求内容有误"


@pytest.mark.parametrize("q", ["\x00", "‮试", "a" * 101, "${7*7}", "{{7*7}}", "{0.__class__}", "𠮷", "'\"\\"])
def test_odd_text_is_answered_as_text(site: Site, q: str) -> None:
    answer = site.visitor().raw.get("/companies", params={"q": q})
    assert answer.status_code in (200, 422)
    assert "49" not in re.sub(r"<[^>]*>|\w*\?v=\w*", "", answer.text).split("编号")[0]


def test_a_form_without_token_or_from_another_site_is_refused(site: Site) -> None:
    browser = site.visitor()
    assert browser.raw.post("/kiosk/enrol", data={"key": "x"}).status_code == 403
    for headers in (
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert browser.post("/kiosk/enrol", {"key": "x"}, status=403, **headers).h1 == "不能办理"
    assert browser.post("/kiosk/enrol", {"key": "x"}, status=422, Sec_Fetch_Site="same-origin").h1


def test_a_thousand_and_one_fields_are_refused(site: Site) -> None:
    fields = {f"f{n}": "1" for n in range(1001)}
    assert site.visitor().post("/kiosk/enrol", fields, status=400).h1 == "请求内容有误"


def test_multipart_is_read_by_no_ordinary_form(site: Site) -> None:
    browser = site.visitor()
    answer = browser.raw.post("/kiosk/enrol", data={"_xsrf": browser.token}, files={"key": b"x"})
    assert answer.status_code in (400, 403)


def test_a_body_over_the_limit_is_not_even_read(site: Site) -> None:
    head = f"POST /kiosk/enrol HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {(1 << 20) + 1}\r\n\r\n"
    assert talk(site, head).startswith(b"HTTP/1.1 400")


def test_an_error_is_a_page_a_fragment_or_json(site: Site) -> None:
    browser = site.visitor()
    page = browser.get("/nothing", status=404)
    part = browser.get("/nothing", status=404, fragment=True)
    program = browser.get("/nothing", status=404, Accept="application/json")
    assert page.one(".eq-fault__number code").get_text() == page.headers["x-request-id"]
    assert (part.headers["hx-retarget"], "<html" in part.text) == ("#eq-fault", False)
    assert program.response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Conflict(), 409), (Invalid({"q": "x"}), 422), (TooMany(7), 429), (ProviderUnavailable("sms", "away"), 503)],
)
def test_each_fault_has_its_status(fault: Exception, status: int) -> None:
    assert faults.status_of(fault, 500) == status


def test_what_went_wrong_inside_stays_inside() -> None:
    page = faults.page_of(ProviderUnavailable("seal", "secret host 10.1.2.3"), 503, request_id="r")
    assert "10.1.2.3" not in repr(page)


def test_someone_not_signed_in_is_sent_to_sign_in_and_the_way_back_is_not_in_the_address(site: Site) -> None:
    answer = site.visitor().get("/orders?after=x", status=303)
    assert re.fullmatch(r"/signin\?level=\d", answer.headers["location"])
    assert "eqicha-back" in answer.headers["set-cookie"]


def test_the_header_shows_a_masked_name(site: Site) -> None:
    page = site.signed_in(an_account(site)).get("/")
    assert page.one(".eq-nav__who").get_text() == "***例"
    assert page.headers["cache-control"] == "no-store"


def test_a_session_ends_after_its_idle_time(site: Site) -> None:
    browser = site.signed_in(an_account(site))
    site.clock.forward(minutes=site.settings.session_idle_minutes + 1)
    assert not browser.get("/").all(".eq-nav__who")


def test_a_session_in_use_goes_on(site: Site) -> None:
    browser = site.signed_in(an_account(site))
    for _ in range(4):
        site.clock.forward(minutes=site.settings.session_idle_minutes - 1)
        assert browser.get("/").all(".eq-nav__who")


def test_an_anonymous_visitor_costs_no_cookie(site: Site) -> None:
    assert "set-cookie" not in site.visitor().get("/").headers


def test_over_tls_every_cookie_is_host_bound_and_transport_is_pinned() -> None:
    settings = load_settings(base_url="https://eqicha.example")
    assert cookie_name(settings, "session") == "__Host-eqicha-session"
    assert "max-age=31536000" in standing_headers(settings)["Strict-Transport-Security"]


def test_cookies_are_closed_to_script(site: Site) -> None:
    answer = site.visitor().get("/type?size=large", status=303)
    assert all(part in answer.headers["set-cookie"] for part in ("HttpOnly", "SameSite=Lax", "Path=/"))


def test_larger_type_stays_until_switched_back(site: Site) -> None:
    browser = site.visitor()
    browser.get("/type?size=large", status=303)
    assert "eq-page--large" in browser.get("/").soup.html["class"]
    browser.get("/type?size=normal", status=303)
    assert "eq-page--large" not in browser.get("/").soup.html["class"]


@pytest.mark.parametrize("path", ["/help", "/privacy", "/accessibility", "/about", "/sitemap"])
def test_the_text_pages_stand(site: Site, path: str) -> None:
    page = site.visitor().get(path)
    assert len(page.words) > 40
    assert "样例" in page.one("footer").get_text()


def test_static_files_carry_their_digest_and_the_standing_headers(site: Site) -> None:
    browser = site.visitor()
    for link in browser.get("/").all("link[href^='/static/']"):
        answer = browser.raw.get(str(link["href"]))
        assert answer.status_code == 200, link
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/static/../conf/settings.py", "/static/%2e%2e/eqicha.py", "/static/nothing.css"])
def test_nothing_outside_static_is_served(site: Site, path: str) -> None:
    assert site.visitor().raw.get(path).status_code in (403, 404)


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/%2f%2fevil.example/", "/companies//evil.example"]
)
def test_no_address_leads_away(site: Site, path: str) -> None:
    answer = talk(site, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert b"location:" not in answer.split(b"\r\n\r\n")[0].lower()


def test_unknown_addresses_need_no_token_to_be_unknown(site: Site) -> None:
    assert site.visitor().raw.post("/nothing").status_code == 404
    assert guard_of(Missing, "post") is not None


def test_windows_refuse_at_the_limit_and_open_again() -> None:
    now = [0.0]
    windows = Windows(clock=lambda: now[0])
    assert [windows.hit("a", 2, 60) for _ in range(3)] == [0, 0, 60]
    assert windows.hit("b", 2, 60) == 0
    now[0] = 60.5
    assert windows.hit("a", 2, 60) == 0


def talk(site: Site, text: str) -> bytes:
    """Send bytes as they are and read until the service closes."""
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(text.encode())
        return raw.makefile("rb").read()
