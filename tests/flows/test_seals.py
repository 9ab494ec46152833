"""The seal register: which version a copy gets at which time, entered once, retired for good."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.seal import SealOffer
from conf.errors import Conflict, Invalid, NotFound, ProviderUnavailable
from conf.terms import SealStatus
from handlers.flows.seals import add_seal, current_seal, offered, ready_register, retire_seal
from store.records import SealVersion
from tests.access.cases import NOW
from tests.desk import Desk

YEARS = timedelta(days=365)
OFFER = SealOffer(
    seal_id="TH-ARCHIVE-1",
    name="样例专用章",
    signer="样例",
    certificate=b"",
    fingerprint="a1" * 32,
    cert_sn="1",
    valid_from=NOW - YEARS,
    valid_until=NOW + 3 * YEARS,
)
NEXT = replace(OFFER, fingerprint="b2" * 32, cert_sn="2")


class Keeper:
    """A provider that offers what it holds."""

    def __init__(self, *offers: SealOffer) -> None:
        self.offers = offers

    async def seals(self) -> tuple[SealOffer, ...]:
        return self.offers


def adapters(*offers: SealOffer) -> Any:
    return SimpleNamespace(seal=Keeper(*offers))


def current(desk: Desk, *offers: SealOffer, **changes: Any) -> SealVersion:
    settings = desk.settings.model_copy(update=changes)
    return desk.run(current_seal(desk.store, adapters(*offers), settings, now=desk.clock()))


def add(desk: Desk, offer: SealOffer, **more: Any) -> SealVersion:
    return desk.run(add_seal(desk.store, offer, by="command", now=desk.clock(), **more))


def retire(desk: Desk, version: int, reason: str = "样例：证书更换") -> SealVersion:
    more = {"reason": reason, "by": "command", "now": desk.clock()}
    return desk.run(retire_seal(desk.store, OFFER.seal_id, version, **more))


def test_our_own_seal_enters_itself_into_an_empty_register_once(desk: Desk) -> None:
    async def at_once() -> list[SealVersion]:
        asked = [current_seal(desk.store, adapters(OFFER), desk.settings, now=desk.clock()) for _ in range(4)]
        return await asyncio.gather(*asked)

    found = desk.run(at_once())
    assert {each.id for each in found} == {"TH-ARCHIVE-1.1"}
    assert len(desk.run(desk.store.seals.all())) == 1
    assert found[0].entered_by == "service"
    assert desk.run(desk.tags()).count("seal:register:added") == 1


def test_a_platform_s_seal_is_entered_by_a_person(desk: Desk) -> None:
    with pytest.raises(ProviderUnavailable, match="seals add"):
        current(desk, OFFER, seal_provider="platform")
    settings = desk.settings.model_copy(update={"seal_provider": "platform"})
    desk.run(ready_register(desk.store, adapters(OFFER), settings, now=desk.clock()))
    assert desk.run(desk.store.seals.all()) == (), "the start goes on, the register stays as it is"
    add(desk, desk.run(offered(adapters(OFFER), "TH-ARCHIVE-1")))
    assert current(desk, seal_provider="platform").fingerprint == OFFER.fingerprint
    with pytest.raises(NotFound, match="it offers: TH-ARCHIVE-1"):
        desk.run(offered(adapters(OFFER), "TH-9"))


def test_a_new_version_is_used_from_its_first_day_on(desk: Desk) -> None:
    add(desk, OFFER)
    add(desk, NEXT, valid_from=NOW + timedelta(days=10))
    assert current(desk).version == 1
    desk.clock.forward(days=10)
    assert current(desk).version == 2
    desk.clock.forward(days=4 * 365)
    with pytest.raises(ProviderUnavailable):
        current(desk)


def test_retiring_is_for_good_and_on_record(desk: Desk) -> None:
    add(desk, OFFER, note="首枚")
    add(desk, NEXT)
    gone = retire(desk, 2)
    assert (gone.status, [step.what for step in gone.history]) == (SealStatus.RETIRED, ["added", "retired"])
    assert current(desk).version == 1, "what is still in use goes on"
    with pytest.raises(Conflict):
        retire(desk, 2)
    with pytest.raises(NotFound):
        retire(desk, 7)
    with pytest.raises(Invalid):
        retire(desk, 1, reason="换")
    retire(desk, 1)
    with pytest.raises(ProviderUnavailable):
        current(desk, OFFER)  # our own seal does not enter itself again
    assert desk.run(desk.store.seals.of("TH-ARCHIVE-1", 1)) is not None, "copies still find it"
    assert desk.run(desk.tags()).count("seal:register:retired") == 2


def test_a_certificate_is_entered_once_and_within_its_own_term(desk: Desk) -> None:
    add(desk, OFFER)
    with pytest.raises(Conflict, match="version 1"):
        add(desk, OFFER)
    for term in (
        {"valid_from": OFFER.valid_from - timedelta(days=1)},
        {"valid_until": OFFER.valid_until + timedelta(days=1)},
        {"valid_from": NOW, "valid_until": NOW},
    ):
        with pytest.raises(Invalid, match="term"):
            add(desk, NEXT, **term)
    with pytest.raises(Invalid, match="name"):
        add(desk, replace(NEXT, name=""))
    retire(desk, 1)
    assert add(desk, OFFER).version == 2, "taken back into use, it is a version of its own"
