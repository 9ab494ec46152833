"""Attacks below the pages: framing, hosts, forwarded addresses, methods, static paths, standing headers."""

import socket
from urllib.parse import urlsplit

import pytest

from handlers.headers import STANDING
from handlers.routes import all_routes
from tests.security.addresses import address_of, filled
from tests.security.corpora import OPERATORS, REDIRECTS, SMUGGLED, TEXTS
from tests.web.conftest import Site, _site, site  # noqa: F401  fixtures
from tests.web.things import USCC, a_company

FILLED = {
    "uscc": "91440106MA9W00010Y", "order": "TH20261121-AAAAAA", "copy": "THC20261121-AAAAAA",
    "task": "TK20261121-AAAAAA", "batch": "ZWP20261121-AAAAAA", "key": "0a" * 15, "id": "d1", "token": "x" * 120,
    "system": "nobody", "n": "1", "turn": "1",
}  # fmt: skip


def talk(site: Site, sent: bytes) -> bytes:  # noqa: F811
    """What comes back on a socket of its own until the service closes or says nothing more."""
    at = urlsplit(site.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as wire:
        wire.sendall(sent)
        got = b""
        while part := wire.recv(65536):
            got += part
    return got


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_request_two_servers_could_read_differently_is_refused(site: Site, name: str) -> None:  # noqa: F811
    host = f"Host: {urlsplit(site.url).netloc}\r\nConnection: close\r\n"
    answer = talk(site, SMUGGLED[name].replace("{h}", host).encode("latin-1"))
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"404", b"431"), answer[:200]
    assert answer.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get"])
def test_methods_that_are_none_of_ours_are_refused_and_echo_nothing(site: Site, method: str) -> None:  # noqa: F811
    host = urlsplit(site.url).netloc
    sent = f"{method} /companies HTTP/1.1\r\nHost: {host}\r\nX-Canary: canary-7f3a\r\nConnection: close\r\n\r\n"
    answer = talk(site, sent.encode())
    assert answer.split(b" ")[1] in (b"400", b"403", b"405")
    assert b"canary-7f3a" not in answer


@pytest.mark.parametrize(
    "path", ["/static/../eqicha.py", "/static/%2e%2e/eqicha.py", "/static/..%2feqicha.py", "/static//etc/passwd",
             "/static/%00", "/static/....//eqicha.py", "/static/..\\eqicha.py", "/.git/config", "/.env"],
)  # fmt: skip
def test_no_path_leads_out_of_the_static_files(site: Site, path: str) -> None:  # noqa: F811
    sent = f"GET {path} HTTP/1.1\r\nHost: {urlsplit(site.url).netloc}\r\nConnection: close\r\n\r\n"
    answer = talk(site, sent.encode())
    assert answer.split(b" ")[1] in (b"400", b"403", b"404")
    assert not [word for word in (b"argparse", b"root:", b"Traceback") if word in answer]


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/companies?q=a&q=b", "/verify", "/orders", "/staff/orders", "/static/nothing", "/healthz"],
)
def test_every_answer_carries_the_standing_headers(site: Site, path: str) -> None:  # noqa: F811
    for method in ("GET", "HEAD", "PUT"):
        headers = site.visitor().raw.request(method, path).headers
        assert {name: headers.get(name) for name in STANDING} == STANDING, (method, path)
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers


@pytest.mark.parametrize(("name", "address"), REDIRECTS)
def test_no_parameter_leads_to_another_host(site: Site, name: str, address: str) -> None:  # noqa: F811
    browser = site.visitor().raw
    for path in ("/orders", "/staff/signin", "/type/large"):
        answer = browser.get(f"{path}?{name}={address}", headers={"Referer": address.replace("%0d%0a", "")})
        assert "evil" not in answer.headers.get("location", "")
        assert answer.status_code < 500


@pytest.mark.parametrize("value", OPERATORS)
@pytest.mark.parametrize("name", ["q", "q[$ne]", "after", "code", "code[$gt]", "level", "state"])
def test_no_operator_finds_anything(site: Site, name: str, value: str) -> None:  # noqa: F811
    site.run(site.store.companies.put_many([a_company()]))
    site.run(site.store.companies.refresh_search())
    for path in ("/companies", "/verify", "/signin/callback"):
        answer = site.visitor().raw.get(path, params={name: value})
        assert answer.status_code < 500
        assert USCC not in answer.text
    assert USCC in site.visitor().raw.get("/companies", params={"q": USCC}).text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "path", ["/companies?q=", "/companies?after=", "/verify?code=", "/signin/callback?state=", "/p/"]
)
def test_odd_bytes_are_answered_and_break_nothing(site: Site, path: str, text: str) -> None:  # noqa: F811
    answer = site.visitor().raw.get(path + text)
    assert answer.status_code < 500
    assert "set-cookie" not in answer.headers or "x=1" not in answer.headers["set-cookie"]
    assert "\x00" not in answer.text


def test_a_forged_forwarded_address_opens_no_network_and_resets_no_limit(site: Site) -> None:  # noqa: F811
    browser = site.visitor().raw
    answers = [
        browser.get(
            "/verify?code=AAAAAAAAAAAAAAAAAAAA", headers={"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}"}
        )
        for n in range(site.settings.verify_per_minute + 1)
    ]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_nobody_gets_anything_but_refusals_by_writing_without_a_token(site: Site) -> None:  # noqa: F811
    browser = site.visitor().raw
    for spec in all_routes():
        path = filled(address_of(spec.regex.pattern), FILLED)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = browser.request(method, path, data={"a": "1"})
            if answer.headers.get("location", "").startswith(("/signin?level=", "/gov/signin")):
                continue  # a form with files has its token in the body, and is read for nobody who is not signed in
            assert answer.status_code in (400, 403, 404, 405), (method, path, answer.status_code)
