"""What every EntryProvider promises (adapters/entry), against both simulated apps: a ticket is good once, here, now."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.entry import NOT_VERIFIED, TICKET_EXPIRED, TICKET_OF_ANOTHER, TICKET_UNKNOWN, EntryProvider
from adapters.entry.tickets import AppTickets
from adapters.sandbox.people import SamplePerson, sample_people
from adapters.sandbox.server import Sandbox
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import EntryPoint, IdentityLevel
from tests.outside import Run, ticket_of

APPS = [EntryPoint.SHB, EntryPoint.YST]


@pytest.fixture(params=[AppTickets])
def entry(request: pytest.FixtureRequest, run: Run, sandbox_settings: Settings) -> Iterator[EntryProvider]:
    async def opened() -> AppTickets:
        return request.param(sandbox_settings)

    provider = run(opened())
    yield provider
    run(provider.close())


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("person", sample_people(), ids=lambda person: person.key)
def test_every_sample_person_comes_out_of_either_app_as_described(
    run: Run, sandbox: Sandbox, entry: EntryProvider, app: EntryPoint, person: SamplePerson
) -> None:
    who = run(entry.exchange(app, run(ticket_of(sandbox.url, app, person.key))))
    seen = (who.app, who.useridcode, who.kind, who.name, who.id_type, who.id_number, who.level, who.phone)
    wanted = (person.subject, person.kind, person.name, person.id_type, person.id_number, person.level, person.phone)
    assert seen == (app, *wanted)
    assert person.name not in repr(who), "a log line of it tells nobody's name"


def test_one_person_has_a_number_of_their_own_in_each_app(run: Run, sandbox: Sandbox, entry: EntryProvider) -> None:
    found = [run(entry.exchange(app, run(ticket_of(sandbox.url, app)))).external_id for app in APPS]
    assert len(set(found)) == 2


def test_who_is_not_bound_to_the_provincial_identity_has_no_key_of_it(
    run: Run, sandbox: Sandbox, entry: EntryProvider
) -> None:
    who = run(entry.exchange(EntryPoint.SHB, run(ticket_of(sandbox.url, "shb", is_bound=False))))
    assert (who.useridcode, bool(who.external_id)) == ("", True), "-1 means that it is missing"


@pytest.mark.parametrize("app", APPS)
def test_a_ticket_is_good_once(run: Run, sandbox: Sandbox, entry: EntryProvider, app: EntryPoint) -> None:
    ticket = run(ticket_of(sandbox.url, app))
    run(entry.exchange(app, ticket))
    with pytest.raises(ProviderRejected, match=TICKET_UNKNOWN):
        run(entry.exchange(app, ticket))


def test_a_ticket_of_one_app_does_not_open_the_other_door(run: Run, sandbox: Sandbox, entry: EntryProvider) -> None:
    ticket = run(ticket_of(sandbox.url, "shb"))
    with pytest.raises(ProviderRejected):
        run(entry.exchange(EntryPoint.YST, ticket))
    assert run(entry.exchange(EntryPoint.SHB, ticket)).useridcode == "sample-0001", "and is not used up by that"


@pytest.mark.parametrize(
    "ticket", ["", "x", "a" * 5000, "a" * 30 + "&appId=x", "../exchange" * 3, "票" * 30, "\x00" * 30]
)
def test_what_cannot_be_a_ticket_is_refused_without_asking(
    run: Run, sandbox: Sandbox, entry: EntryProvider, ticket: str
) -> None:
    with pytest.raises(ProviderRejected, match=TICKET_UNKNOWN):
        run(entry.exchange(EntryPoint.SHB, ticket))
    assert sandbox.state.calls["shb"] == 0


def test_a_forged_ticket_is_refused(run: Run, entry: EntryProvider) -> None:
    with pytest.raises(ProviderRejected, match=TICKET_UNKNOWN):
        run(entry.exchange(EntryPoint.SHB, "f" * 43))


@pytest.mark.parametrize("changes", [{"entry_shb_key": "wrong"}, {"entry_shb_id": "another"}])
def test_a_call_with_a_wrong_key_or_id_is_ours_to_mend_and_the_ticket_is_not_lost(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings, entry: EntryProvider, changes: dict[str, str]
) -> None:
    ticket = run(ticket_of(sandbox.url, "shb"))
    wrong = load_settings(**(dict(sandbox_settings) | changes))
    with pytest.raises(ProviderUnavailable, match="signature refused"):
        run(with_other(wrong, ticket))
    assert run(entry.exchange(EntryPoint.SHB, ticket)).name == "温知夏"


def test_a_clock_an_hour_off_is_noticed(run: Run, sandbox: Sandbox, sandbox_settings: Settings) -> None:
    ticket = run(ticket_of(sandbox.url, "shb"))
    with pytest.raises(ProviderUnavailable, match="signature refused"):
        run(with_other(sandbox_settings, ticket, clock=lambda: utc_now() - timedelta(hours=1)))


async def with_other(wrong: Settings, ticket: str, **more: Any) -> None:
    """One exchange by a provider of its own."""
    provider = AppTickets(wrong, **more)
    try:
        await provider.exchange(EntryPoint.SHB, ticket)
    finally:
        await provider.close()


USER = {
    "externalId": "shb-1", "useridcode": "u1", "usertype": "1", "cn": "样例甲", "idcardtype": "10",
    "idcardnumber": "44010619900101001x", "creditable_level_of_account": "L2", "telephonenumber": "-1",
    "extproperties": ["legal_code=-1", "note=a=b"],
}  # fmt: skip


def said(user: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """An app's good answer with something changed."""
    data = {"appId": "eqicha-dev-shb", "issuedAt": int(utc_now().timestamp()), "user": USER | (user or {})}
    return {"code": "0", "data": data | changes}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: said(appId="another-app"), TICKET_OF_ANOTHER),
        (lambda: said(issuedAt=int(utc_now().timestamp()) - 3600), TICKET_EXPIRED),
        (lambda: said(issuedAt=int(utc_now().timestamp()) + 3600), TICKET_EXPIRED),
        (lambda: said({"idcardnumber": "-1"}), NOT_VERIFIED),
        (lambda: said({"cn": ""}), NOT_VERIFIED),
        (lambda: said({"externalId": "-1"}), "garbled answer"),
        (lambda: said({"externalId": {"$gt": ""}}), "garbled answer"),
        (lambda: said({"externalId": "a b"}), "garbled answer"),
        (lambda: said({"usertype": "9"}), "garbled answer"),
        (lambda: {"code": "0"}, "garbled answer"),
        (lambda: {"code": "0", "data": []}, "garbled answer"),
        (list, "garbled answer"),
        (lambda: {"code": "5000"}, "busy"),
        (lambda: {"code": "7777"}, "unknown code"),
    ],
)
def test_an_answer_that_may_not_be_believed_lets_nobody_in(
    run: Run, sandbox_settings: Settings, answer: Callable[[], Any], reason: str
) -> None:
    body = json.dumps(answer()).encode()  # made now: an app's answer is good for a minute
    told = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(body)))
    with pytest.raises((ProviderRejected, ProviderUnavailable), match=reason):
        run(with_other(sandbox_settings, "t" * 40, transport=told))


def test_missing_values_are_empty_and_a_number_reads_in_capitals(run: Run, sandbox_settings: Settings) -> None:
    async def asked() -> Any:
        told = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(json.dumps(said()).encode())))
        provider = AppTickets(sandbox_settings, transport=told)
        try:
            return await provider.exchange(EntryPoint.SHB, "t" * 40)
        finally:
            await provider.close()

    who = run(asked())
    assert (who.phone, who.id_number, who.level) == ("", "44010619900101001X", IdentityLevel.L2)


#: What may happen to tickets, in any order: one is issued, time passes, one is shown at a door.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.sampled_from(APPS)),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.just("show"), st.tuples(st.integers(0, 3), st.sampled_from(APPS))),
    ),
    max_size=14,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_ticket_opens_its_own_apps_door_once_within_a_minute_and_nothing_else_ever(
    run: Run, sandbox: Sandbox, entry: EntryProvider, steps: list[tuple[str, Any]]
) -> None:
    sandbox.state.forget()
    start, passed = utc_now(), 0.0
    issued: list[tuple[str, EntryPoint, float]] = []
    used: set[str] = set()
    # the app's clock runs ahead by what has passed; ours does not need to, it is lenient by the skew
    sandbox.state.clock = lambda: start + timedelta(seconds=passed)
    for what, how in steps:
        if what == "issue":
            issued.append((run(ticket_of(sandbox.url, how)), how, passed))
        elif what == "wait":
            passed = min(passed + how, 170)
        elif issued:
            ticket, app, at = issued[how[0] % len(issued)]
            door = how[1]
            opens = door is app and ticket not in used and passed - at <= 60
            if opens:
                assert run(entry.exchange(door, ticket)).app is app
            else:
                with pytest.raises(ProviderRejected):
                    run(entry.exchange(door, ticket))
            if door is app:
                used.add(ticket)
    sandbox.state.clock = utc_now
