"""Signing out on the platform's own pages ends every session here: once, on record, and only what began before."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters import tif
from adapters.identity.signout import SignOutNotices
from adapters.identity.tyrz import TyrzIdentity
from adapters.sandbox.server import Sandbox
from conf.clock import beijing
from conf.errors import ProviderUnavailable
from conf.settings import load_settings
from store.records import Account
from tests.desk import Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_signin import desk as desk
from tests.web.test_signin import sign_in

ADDRESS = "/callbacks/identity"


@pytest.fixture
def platform(site: Site) -> Iterator[Sandbox]:
    """The sandbox platform, telling this service of sign-outs by the service's own clock."""

    async def opened() -> tuple[Sandbox, TyrzIdentity]:
        base = load_settings(var_dir=site.settings.var_dir)
        box = await Sandbox(base, clock=site.clock, callbacks_to=f"{site.url}/callbacks").start()
        return box, TyrzIdentity(load_settings(var_dir=site.settings.var_dir, **box.addresses))

    box, identity = site.run(opened())
    s = site.settings
    reader = SignOutNotices(s.identity_notice_id, s.identity_notice_token.get_secret_value())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(identity=identity, callbacks={"identity": reader})
    yield box
    site.app.adapters = kept
    site.run(identity.close())
    site.run(box.stop())


def told(site: Site, account: Account, *, number: str = "n-1", ago: int = 0, behind: int = 0, **changes: Any) -> bytes:
    """A notice about something `ago` seconds ago, by a clock `behind` seconds behind ours."""
    at = beijing(site.clock() - timedelta(seconds=ago + behind))
    notice = {"noticeId": number, "event": "logout", "useridcode": account.subject, "time": f"{at:%Y-%m-%d %H:%M:%S}"}
    return json.dumps(notice | changes).encode()


def call(site: Site, body: bytes, *, headers: dict[str, str] | None = None, behind: int = 0) -> httpx.Response:
    s, now = site.settings, site.clock() - timedelta(seconds=behind)
    signed = tif.sign(s.identity_notice_id, s.identity_notice_token.get_secret_value(), now=now)
    return httpx.post(site.url + ADDRESS, content=body, headers=signed if headers is None else headers, trust_env=False)


def is_signed_in(client: PageClient) -> bool:
    return client.raw.get("/orders").status_code == 200


def events(desk: Desk) -> int:
    return desk.run(desk.tags()).count("visitor:session:ended")


def test_leaving_the_platform_ends_every_session_of_the_person_and_nobody_elses(
    site: Site, desk: Desk, platform: Sandbox
) -> None:
    desk_top, phone, other = site.visitor(), site.visitor(), site.visitor()
    sign_in(site, desk_top, "enterprise")
    sign_in(site, phone, "enterprise")
    sign_in(site, other, "sub_account")
    assert is_signed_in(desk_top)
    site.clock.forward(seconds=2)

    async def leave() -> None:
        async with httpx.AsyncClient(trust_env=False) as browser:
            done = await browser.post(f"{platform.url}/tyrz/signout", data={"person": "enterprise"})
        assert done.status_code == 302
        for task in tuple(platform.state.tasks):
            await task

    site.run(leave())
    assert not is_signed_in(desk_top)
    assert not is_signed_in(phone)
    assert is_signed_in(other), "a sub-account is a person of its own"
    assert events(desk) == 1
    site.clock.forward(seconds=2)
    sign_in(site, desk_top, "enterprise")
    assert is_signed_in(desk_top)


def test_a_notice_counts_once_however_often_it_comes(site: Site, desk: Desk, platform: Sandbox) -> None:
    account = desk.run(desk.account("stranger"))
    body = told(site, account)
    client = site.signed_in(account)
    site.clock.forward(seconds=5)
    assert [call(site, body).json()["errcode"] for _ in range(5)] == [0] * 5
    assert events(desk) == 1
    assert not is_signed_in(client)


def test_a_late_notice_ends_what_began_before_it_only(site: Site, desk: Desk, platform: Sandbox) -> None:
    account = desk.run(desk.account("stranger"))
    old = site.signed_in(account)
    site.clock.forward(minutes=10)
    new = site.signed_in(account)
    assert call(site, told(site, account, ago=300)).status_code == 200
    assert (is_signed_in(old), is_signed_in(new)) == (False, True)
    assert call(site, told(site, account, number="n-0", ago=3600)).status_code == 200
    assert is_signed_in(new), "an older word changes nothing"


def test_a_platform_whose_clock_is_behind_still_ends_the_session(site: Site, desk: Desk, platform: Sandbox) -> None:
    account = desk.run(desk.account("stranger"))
    client = site.signed_in(account)
    site.clock.forward(seconds=10)
    assert call(site, told(site, account, behind=120), behind=120).status_code == 200
    assert not is_signed_in(client)


def test_a_cache_that_is_away_leaves_no_session_open(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = desk.run(desk.account("stranger"))
    client = site.signed_in(account)

    async def away(*_: Any, **__: Any) -> int:
        raise ProviderUnavailable("redis", "away")

    with monkeypatch.context() as without:
        without.setattr(site.app.sessions, "drop_account", away)
        assert call(site, told(site, account)).status_code == 200
    assert not is_signed_in(client)
    assert events(desk) == 1


def test_somebody_who_never_came_here_changes_nothing(site: Site, desk: Desk, platform: Sandbox) -> None:
    account = desk.run(desk.account("stranger"))
    client = site.signed_in(account)
    assert call(site, told(site, replace(account, subject="never-seen"))).json()["errcode"] == 0
    assert call(site, told(site, account, number="n-2", event="login")).json()["errcode"] == 0
    assert is_signed_in(client)
    assert events(desk) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"useridcode": {"$ne": ""}}, {"useridcode": ""}, {"useridcode": "x" * 200}, {"noticeId": 7}, {"noticeId": "中"},
        {"time": "yesterday"}, {"time": "9999-12-31 23:59:59"}, {"event": None, "noticeId": None},
    ],
)  # fmt: skip
def test_odd_notices_are_refused_or_passed_over_and_end_nothing(
    site: Site, desk: Desk, platform: Sandbox, changes: dict[str, Any]
) -> None:
    account = desk.run(desk.account("stranger"))
    client = site.signed_in(account)
    assert call(site, told(site, account, **changes), behind=60).status_code in (200, 401)
    assert is_signed_in(client)


def test_forged_and_stale_notices_are_refused_and_on_record(site: Site, desk: Desk, platform: Sandbox) -> None:
    account = desk.run(desk.account("stranger"))
    client, body, s = site.signed_in(account), told(site, account), site.settings
    forged = tif.sign(s.identity_notice_id, "guessed", now=site.clock())
    stranger = tif.sign("somebody", s.identity_notice_token.get_secret_value(), now=site.clock())
    for headers in ({"x-tif-paasid": "tyrz"}, forged, stranger):
        assert call(site, body, headers=headers).status_code == 401
    assert call(site, body, behind=3600).status_code == 401
    assert call(site, b"[]").status_code == 401
    assert is_signed_in(client)
    assert desk.run(desk.tags()).count("callback:event:refused") == 5
