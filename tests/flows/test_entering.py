"""Arriving from an app: who becomes which account, for good; a ticket taken once; a new session; all on record."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from adapters.entry import AppIdentity
from adapters.sandbox.server import Sandbox
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.terms import AccountKind, Channel, EntryPoint, IdentityLevel
from handlers.flows import entering
from handlers.flows.entering import Arrived, EntryRefused
from handlers.flows.entries import entry_of
from store.records import Account, Session
from tests.desk import DATABASE, TRACE, Desk
from tests.outside import Outside, ticket_of

WHO = AppIdentity(
    app=EntryPoint.SHB,
    external_id="shb-1",
    useridcode="",
    kind=AccountKind.NATURAL,
    name="样例甲",
    id_type="身份证",
    id_number="440106199001010011",
    level=IdentityLevel.L2,
    phone="19900000001",
)


@dataclass
class LaxApp:
    """An app that answers for any ticket, however often: what it says is what our side has to judge."""

    says: AppIdentity = WHO

    async def exchange(self, app: EntryPoint, _ticket: str) -> AppIdentity:
        return replace(self.says, app=app)


@dataclass
class Door:
    """Arrivals at the desk; `app` is what stands behind the door."""

    desk: Desk
    app: Any

    def arrive(self, ticket: str, *, point: EntryPoint = EntryPoint.SHB, session: Session | None = None) -> Arrived:
        return self.desk.run(self.arriving(ticket, point=point, session=session))

    async def arriving(
        self, ticket: str, *, point: EntryPoint = EntryPoint.SHB, session: Session | None = None
    ) -> Arrived:
        desk = self.desk
        entry = await entering.entry_for(desk.store, desk.settings, point, "", now=desk.clock(), trace=TRACE)
        return await entering.arrive(
            desk.store,
            SimpleNamespace(entry=self.app),  # type: ignore[arg-type]
            desk.settings,
            session,
            sessions=desk.store.sessions,
            entry=entry,
            ticket=ticket,
            channel=Channel(point.value),
            now=desk.clock(),
            trace=TRACE,
        )

    def refused(self, ticket: str, **more: Any) -> str:
        """On what ground nobody comes in."""
        with pytest.raises(EntryRefused) as raised:
            self.arrive(ticket, **more)
        return raised.value.ground


@pytest.fixture
def door(desk: Desk, outside: Outside) -> Door:
    """The real adapter before the simulated apps."""
    return Door(desk, outside.entry)


@pytest.fixture
def lax(desk: Desk) -> Door:
    return Door(desk, LaxApp())


@pytest.fixture
def count(mongo_url: str) -> Iterator[Callable[[str], int]]:
    """How many rows a collection has."""
    with MongoClient[Any](mongo_url) as client:
        yield lambda name: client[DATABASE][name].count_documents({})


def unified(desk: Desk, **changes: Any) -> Account:
    """The account of somebody the provincial platform knows; by default the same name, number and phone as WHO."""
    said = {
        "provider": "tyrz",
        "subject": "u1",
        "kind": WHO.kind,
        "name": WHO.name,
        "id_type": WHO.id_type,
        "id_number": WHO.id_number,
        "level": IdentityLevel.L2,
        "phone": WHO.phone,
        "mail": "jia@example.com",
    }
    return desk.run(desk.store.accounts.remember(**(said | changes)))


def test_a_visitor_arrives_signed_in_with_a_session_of_the_apps_channel(
    desk: Desk, door: Door, sandbox: Sandbox
) -> None:
    arrived = door.arrive(desk.run(ticket_of(sandbox.url, "shb", "legal_representative")))
    stored = desk.run(desk.store.sessions.load(arrived.session.id))
    assert (stored.account_id, stored.channel) == (arrived.account.id, Channel.SHB)
    kept = entry_of(stored)
    assert kept is not None
    assert (kept.point, kept.task_code) == (EntryPoint.SHB, "EQC-SHB-01")
    assert (arrived.account.provider, arrived.account.subject) == ("tyrz", "sample-0002")
    assert arrived.token not in repr(arrived)
    assert desk.run(desk.tags()) == ["visitor:account:linked", "visitor:session:opened"]


def test_the_session_there_was_ends(desk: Desk, lax: Door) -> None:
    first = lax.arrive("t1").session
    second = lax.arrive("t2", session=first).session
    assert second.id != first.id
    assert desk.run(desk.store.sessions.load(first.id)) is None


def test_both_apps_and_unified_sign_in_lead_a_bound_user_to_one_account(
    desk: Desk, door: Door, sandbox: Sandbox, count: Callable[[str], int]
) -> None:
    known = unified(desk, subject="sample-0001")
    for app in ("shb", "yst", "shb"):
        arrived = door.arrive(desk.run(ticket_of(sandbox.url, app)), point=EntryPoint(app))
        assert arrived.account.id == known.id
    assert (count("accounts"), count("links")) == (1, 2)


def test_what_the_app_does_not_say_stays_known(desk: Desk, lax: Door) -> None:
    unified(desk, operator_name="梁予安")
    lax.app.says = replace(WHO, useridcode="u1", phone="")
    account = lax.arrive("t1").account
    assert desk.store.vault.reveal(account.mail) == "jia@example.com"  # type: ignore[arg-type]
    assert desk.store.vault.reveal(account.phone) == WHO.phone  # type: ignore[arg-type]
    assert account.operator_name == "梁予安"


def test_same_name_number_and_phone_are_not_the_same_account(
    desk: Desk, lax: Door, count: Callable[[str], int]
) -> None:
    known = unified(desk)
    shb = lax.arrive("t1").account
    yst = lax.arrive("t2", point=EntryPoint.YST).account
    assert len({known.id, shb.id, yst.id}) == 3
    assert [(each.provider, each.subject) for each in (shb, yst)] == [("shb", "shb-1"), ("yst", "shb-1")]
    assert count("accounts") == 3


def test_a_link_stays_with_its_account_when_the_user_is_bound_later(desk: Desk, lax: Door) -> None:
    own = lax.arrive("t1").account
    bound = unified(desk)
    lax.app.says = replace(WHO, useridcode=bound.subject)
    again = lax.arrive("t2").account
    assert again.id == own.id
    assert again.level is IdentityLevel.L2, "the provincial key vouches for the level now"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"useridcode": "u1"}, {"useridcode": "u2"}),
        ({"useridcode": "u1"}, {"useridcode": "", "id_number": "440106198502280025"}),
        ({}, {"id_number": "440106198502280025"}),
        ({}, {"useridcode": "u2", "id_number": "440106198502280025"}),
    ],
)
def test_a_number_an_app_gave_to_somebody_else_opens_nobodys_account(
    desk: Desk, lax: Door, count: Callable[[str], int], first: dict[str, str], then: dict[str, str]
) -> None:
    lax.app.says = replace(WHO, **first)  # type: ignore[arg-type]
    account = lax.arrive("t1").account
    lax.app.says = replace(WHO, name="样例乙", **then)  # type: ignore[arg-type]
    assert lax.refused("t2") == "link"
    assert desk.run(desk.store.accounts.by_id(account.id)).name == "样例甲", "nothing of the other was written"
    assert (count("accounts"), count("links"), count("sessions")) == (1, 1, 1)


def test_an_apps_word_alone_counts_as_l1_and_lowers_nobody(desk: Desk, lax: Door) -> None:
    lax.app.says = replace(WHO, level=IdentityLevel.L3)
    assert lax.arrive("t1").account.level is IdentityLevel.L1
    lax.app.says = replace(WHO, external_id="shb-2", useridcode="u1", level=IdentityLevel.L3)
    assert lax.arrive("t2").account.level is IdentityLevel.L3
    lax.app.says = replace(WHO, external_id="shb-2", level=IdentityLevel.L0)
    assert lax.arrive("t3").account.level is IdentityLevel.L3


def test_a_ticket_is_taken_once_even_if_the_app_answers_twice(
    desk: Desk, lax: Door, count: Callable[[str], int]
) -> None:
    lax.arrive("t1")
    desk.clock.forward(minutes=2)
    assert lax.refused("t1") == "ticket"
    assert lax.refused("t1") == "ticket"
    assert count("sessions") == 1
    assert desk.run(desk.tags())[-2:] == ["visitor:entry:refused"] * 2


def test_of_many_arrivals_at_the_same_moment_with_one_ticket_one_comes_in(
    desk: Desk, lax: Door, count: Callable[[str], int]
) -> None:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(lax.arriving("t1") for _ in range(6)), return_exceptions=True)

    found = desk.run(all_at_once())
    assert sum(isinstance(each, Arrived) for each in found) == 1
    assert sum(isinstance(each, EntryRefused) for each in found) == 5
    assert (count("accounts"), count("links"), count("sessions")) == (1, 1, 1)


def test_of_many_first_arrivals_at_the_same_moment_one_account_and_one_link_come(
    desk: Desk, lax: Door, count: Callable[[str], int]
) -> None:
    async def all_at_once() -> list[Arrived]:
        return list(await asyncio.gather(*(lax.arriving(f"t{n}") for n in range(6))))

    assert len({each.account.id for each in desk.run(all_at_once())}) == 1
    assert (count("accounts"), count("links"), count("sessions")) == (1, 1, 6)


@pytest.mark.parametrize(
    ("reason", "ground"),
    [
        ("ticket unknown or used", "ticket"),
        ("ticket expired", "expired"),
        ("ticket of another app", "app"),
        ("account not verified", "not_verified"),
    ],
)
def test_every_refusal_of_the_app_has_its_ground_and_is_on_record(
    desk: Desk, count: Callable[[str], int], reason: str, ground: str
) -> None:
    class Refusing:
        async def exchange(self, app: EntryPoint, _ticket: str) -> AppIdentity:
            raise ProviderRejected(app.value, reason)

    assert Door(desk, Refusing()).refused("t1") == ground
    assert desk.run(desk.tags()) == ["visitor:entry:refused"]
    assert count("sessions") == count("accounts") == 0


def test_an_app_that_is_away_changes_nothing_and_is_on_record(desk: Desk, door: Door, sandbox: Sandbox) -> None:
    session = door.arrive(desk.run(ticket_of(sandbox.url, "shb"))).session
    ticket = desk.run(ticket_of(sandbox.url, "shb"))
    sandbox.state.faults.switch("shb", "500", times=1)
    with pytest.raises(ProviderUnavailable):
        door.arrive(ticket, session=session)
    assert desk.run(desk.store.sessions.load(session.id)) is not None, "who was signed in still is"
    assert desk.run(desk.tags())[-1] == "visitor:entry:refused"
    door.arrive(ticket, session=session)


@pytest.mark.parametrize("point", list(EntryPoint))
def test_a_task_code_nobody_agreed_on_is_refused(desk: Desk, point: EntryPoint) -> None:
    asked = entering.entry_for(desk.store, desk.settings, point, "NO-SUCH", now=desk.clock(), trace=TRACE)
    with pytest.raises(EntryRefused, match="task"):
        desk.run(asked)
    assert desk.run(desk.tags()) == ["visitor:entry:refused"]


def test_the_portal_must_bring_its_task_code(desk: Desk) -> None:
    asked = entering.entry_for(desk.store, desk.settings, EntryPoint.PORTAL, "", now=desk.clock(), trace=TRACE)
    with pytest.raises(EntryRefused, match="task"):
        desk.run(asked)


def comes_in(door: Door, ticket: str, point: EntryPoint) -> Account | None:
    """The account it leads to, or None when the app says another than the link does."""
    try:
        return door.arrive(ticket, point=point).account
    except EntryRefused as fault:
        return None if fault.ground == "link" else pytest.fail(fault.ground)


#: Somebody's arrivals: through which door, under which number there, bound to which provincial account.
ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from([EntryPoint.SHB, EntryPoint.YST]),
        st.sampled_from(["n1", "n2"]),
        st.sampled_from(["", "u1", "u2"]),
        st.sampled_from(["440106199001010011", "440106198502280025"]),
    ),
    max_size=8,
)


@given(arrivals=ARRIVALS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_apps_say_in_whatever_order_a_link_never_moves_and_nobody_is_merged(
    desk: Desk, lax: Door, mongo_url: str, arrivals: list[tuple[EntryPoint, str, str, str]]
) -> None:
    with MongoClient[Any](mongo_url) as client:
        for name in ("accounts", "links", "nonces", "sessions"):
            client[DATABASE][name].delete_many({})
    linked: dict[tuple[EntryPoint, str], str] = {}
    for turn, (point, number, code, id_number) in enumerate(arrivals):
        lax.app.says = replace(WHO, external_id=number, useridcode=code, id_number=id_number)
        account = comes_in(lax, f"t{turn}", point)
        if account is None:
            assert (point, number) in linked, "a first arrival is never refused"
            continue
        assert linked.setdefault((point, number), account.id) == account.id
        if account.provider == "tyrz":
            assert code in ("", account.subject), "nobody else's provincial account"
        else:
            assert (account.provider, account.subject) == (point.value, number)
