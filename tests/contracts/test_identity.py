"""What every IdentityProvider promises (adapters/identity), against the sandbox's platform; twelve ways to cheat it."""

import json
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.identity import Identity, IdentityProvider
from adapters.identity.tyrz import TyrzIdentity
from adapters.sandbox.people import SamplePerson, sample_people
from adapters.sandbox.server import Sandbox
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import IdentityLevel
from tests.outside import Run, choose


@pytest.fixture(params=[TyrzIdentity])
def identity(request: pytest.FixtureRequest, run: Run, sandbox_settings: Settings) -> Iterator[IdentityProvider]:
    async def opened() -> TyrzIdentity:
        return request.param(sandbox_settings)

    provider = run(opened())
    yield provider
    run(provider.close())


@pytest.fixture
def callback(sandbox_settings: Settings) -> str:
    return sandbox_settings.base_url + "/signin/callback"


@pytest.mark.parametrize("person", sample_people(), ids=lambda person: person.key)
def test_every_sample_person_signs_in_as_described(
    run: Run, identity: IdentityProvider, callback: str, person: SamplePerson
) -> None:
    back = run(choose(identity.authorize_url(state="s1", redirect_uri=callback), person.key))
    assert back["state"] == "s1"
    who = run(identity.exchange(back["code"], redirect_uri=callback))
    seen = (who.subject, who.kind, who.name, who.id_type, who.id_number, who.level, who.phone, who.operator_name)
    assert seen == (
        person.subject,
        person.kind,
        person.name,
        person.id_type,
        person.id_number,
        person.level,
        person.phone,
        person.operator_name,
    )


def test_a_level_is_raised_at_the_platform_and_stays_raised(
    run: Run, identity: IdentityProvider, callback: str
) -> None:
    address = identity.authorize_url(state="s", redirect_uri=callback, level=IdentityLevel.L2)
    back = run(choose(address, "raise_level", prove="yes"))
    assert run(identity.exchange(back["code"], redirect_uri=callback)).level is IdentityLevel.L2
    again = run(choose(identity.authorize_url(state="s", redirect_uri=callback), "raise_level"))
    assert run(identity.exchange(again["code"], redirect_uri=callback)).level is IdentityLevel.L2


def test_declining_to_raise_comes_back_with_the_old_level(run: Run, identity: IdentityProvider, callback: str) -> None:
    address = identity.authorize_url(state="s", redirect_uri=callback, level=IdentityLevel.L3)
    back = run(choose(address, "raise_level", prove="no"))
    assert run(identity.exchange(back["code"], redirect_uri=callback)).level is IdentityLevel.L1


def test_a_code_is_good_once(run: Run, identity: IdentityProvider, callback: str) -> None:
    code = run(choose(identity.authorize_url(state="s", redirect_uri=callback), "stranger"))["code"]
    run(identity.exchange(code, redirect_uri=callback))
    with pytest.raises(ProviderRejected, match="code refused"):
        run(identity.exchange(code, redirect_uri=callback))


@pytest.mark.parametrize("code", ["", "forged", "a" * 5000, "a&client_id=x", "../tokeninfo", "代码", "\x00"])
def test_a_forged_code_is_refused(run: Run, identity: IdentityProvider, callback: str, code: str) -> None:
    with pytest.raises(ProviderRejected, match="code refused"):
        run(identity.exchange(code, redirect_uri=callback))


def test_a_code_made_for_another_address_is_refused(run: Run, identity: IdentityProvider, callback: str) -> None:
    code = run(choose(identity.authorize_url(state="s", redirect_uri=callback), "stranger"))["code"]
    with pytest.raises(ProviderRejected, match="redirect address refused"):
        run(identity.exchange(code, redirect_uri=callback + "x"))


def test_another_clients_secret_is_refused(run: Run, sandbox_settings: Settings, callback: str) -> None:
    async def attempt() -> None:
        wrong = TyrzIdentity(load_settings(**(dict(sandbox_settings) | {"identity_client_secret": "wrong"})))
        try:
            await wrong.exchange("any", redirect_uri=callback)
        finally:
            await wrong.close()

    with pytest.raises(ProviderRejected, match="client refused"):
        run(attempt())


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/signin/callback", "http://127.0.0.1:8000/signin/callback/x", "http://127.0.0.1:8000@evil"],
)
def test_the_platform_sends_nobody_to_an_address_not_registered(
    run: Run, identity: IdentityProvider, elsewhere: str
) -> None:
    async def page() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as browser:
            return await browser.get(identity.authorize_url(state="s", redirect_uri=elsewhere))

    answer = run(page())
    assert answer.status_code == 400
    assert "redirect_uri" in answer.text


def test_the_authorize_address_carries_what_the_platform_documents(identity: IdentityProvider, callback: str) -> None:
    query = parse_qs(urlsplit(identity.authorize_url(state="a b&c", redirect_uri=callback)).query)
    assert query == {
        "service": ["initService"],
        "response_type": ["code"],
        "scope": ["all"],
        "client_id": ["eqicha-dev"],
        "redirect_uri": [callback],
        "state": ["a b&c"],
    }


def test_signing_out_there_comes_back_to_us(run: Run, identity: IdentityProvider, sandbox: Sandbox) -> None:
    async def left(address: str) -> str:
        async with httpx.AsyncClient(trust_env=False) as browser:
            return (await browser.get(address)).headers["location"]

    assert run(left(identity.logout_url(redirect_uri="http://127.0.0.1:8000/"))) == "http://127.0.0.1:8000/"
    assert run(left(identity.logout_url(redirect_uri="https://evil.example/"))) == "/"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"errcode": "invalid_grant"}, ProviderRejected),
        ({"errcode": 500, "msg": "系统繁忙"}, ProviderUnavailable),
        ({"errcode": "something new"}, ProviderUnavailable),
        ({}, ProviderUnavailable),
        ({"access_token": ""}, ProviderUnavailable),
        ({"access_token": {"$ne": 1}}, ProviderUnavailable),
        ({"access_token": "t", "userobj": {}}, ProviderUnavailable),
        ({"access_token": "t", "userobj": {"cn": "甲", "useridcode": "-1", "usertype": "1"}}, ProviderUnavailable),
        ({"access_token": "t", "userobj": {"cn": "甲", "useridcode": "1", "usertype": "9"}}, ProviderUnavailable),
    ],
)
def test_errors_with_status_200_and_missing_fields_are_told_apart(
    run: Run, sandbox_settings: Settings, callback: str, answer: dict[str, object], fault: type[Exception]
) -> None:

    async def body() -> AsyncIterator[bytes]:
        yield json.dumps(answer).encode()

    def platform(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body())

    async def attempt() -> None:
        provider = TyrzIdentity(sandbox_settings, transport=httpx.MockTransport(platform))
        try:
            await provider.exchange("code", redirect_uri=callback)
        finally:
            await provider.close()

    with pytest.raises(fault):
        run(attempt())


@pytest.mark.parametrize("name", ["errcode", "errCode", "err_code", "error_code", "ErrorCode", "error"])
@pytest.mark.parametrize(
    ("value", "final"),
    [("invalid_grant", True), ("INVALID_GRANT ", True), (40029, False), ("40029", False), ([1], False), (True, False)],
)
def test_an_error_with_status_200_is_an_error_however_it_is_spelled(
    run: Run, sandbox_settings: Settings, name: str, value: object, final: bool
) -> None:
    """Even beside a token: what reports an error is not read further."""
    said = httpx.MockTransport(lambda _: replied({name: value, "access_token": "t"}))
    with pytest.raises(ProviderRejected if final else ProviderUnavailable):
        run(_exchanged(sandbox_settings, said))


@pytest.mark.parametrize("value", [0, "0", "", None, False, 0.0, "-1", -1, "ok"])
def test_a_field_for_errors_that_reports_none_is_no_error(run: Run, sandbox_settings: Settings, value: object) -> None:
    account = {"useridcode": "u", "cn": "样例甲", "usertype": 1, "idcardtype": 10, "idcardnumber": "N1", "isreal": 1}
    answer = {"errcode": value, "error": value, "access_token": "t", "userobj": account}
    said = httpx.MockTransport(lambda _: replied(answer))
    assert run(_exchanged(sandbox_settings, said)).level is IdentityLevel.L1


def replied(body: object) -> httpx.Response:
    """An answer as it comes from the wire: a stream, not yet read."""
    content = json.dumps(body).encode()
    return httpx.Response(200, headers={"Content-Type": "application/json"}, stream=httpx.ByteStream(content))


async def _exchanged(settings: Settings, transport: httpx.AsyncBaseTransport) -> Identity:
    provider = TyrzIdentity(settings, transport=transport)
    try:
        return await provider.exchange("code", redirect_uri="http://127.0.0.1/")
    finally:
        await provider.close()
