"""What `eqicha.py seals` does with the register: wishes as typed, answers as lines. Called by the command only."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.seal import SealOffer
from adapters.seal.offers import offer_of
from conf.clock import BEIJING, beijing
from conf.errors import Invalid, ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import SealStatus
from handlers.flows.seals import BY_COMMAND, add_seal, offered, retire_seal
from store.records import SealVersion

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A version to enter, as typed. Without `certificate` the provider is asked; days are Beijing days."""

    seal_id: str
    name: str = ""
    certificate: Path | None = None
    starts: date | None = None
    ends: date | None = None
    note: str = ""


async def listed(store: "Store", adapters: "Adapters", settings: Settings, *, now: datetime) -> list[str]:
    """The register, the version copies get now marked, and what the provider offers beside it."""
    versions = await store.seals.all()
    current = await store.seals.valid_at(settings.seal_id, now)
    lines = [_line(each, mark="->" if current and each.id == current.id else "  ") for each in versions]
    lines = lines or ["   the register is empty"]
    if current is None:
        lines.append(f"   no version of {settings.seal_id} is in use now: orders wait")
    known = {each.fingerprint for each in versions if each.status == SealStatus.IN_USE}
    try:
        offers = await adapters.seal.seals()
    except (ProviderUnavailable, ProviderRejected) as fault:
        return [*lines, f"   what the provider offers is not known: {fault.reason}"]
    return lines + [_offer_line(offer) for offer in offers if offer.fingerprint not in known]


async def add(store: "Store", adapters: "Adapters", wish: Wish, *, now: datetime) -> list[str]:
    """Enter the next version. Raises Invalid, NotFound, Conflict, ProviderUnavailable, OSError (the file)."""
    offer = await _chosen(adapters, wish)
    made = await add_seal(
        store,
        offer,
        by=BY_COMMAND,
        now=now,
        valid_from=_day(wish.starts),
        valid_until=_day(wish.ends),
        note=wish.note,
    )
    return [_line(made, mark="  "), "   compare the fingerprint with what the seal's keeper gave you"]


async def retire(store: "Store", seal_id: str, version: int, *, reason: str, now: datetime) -> list[str]:
    """Take a version out of use. Raises Invalid, NotFound, Conflict."""
    return [_line(await retire_seal(store, seal_id, version, reason=reason, by=BY_COMMAND, now=now), mark="  ")]


async def _chosen(adapters: "Adapters", wish: Wish) -> SealOffer:
    if wish.certificate is None:
        offer = await offered(adapters, wish.seal_id)
        return replace(offer, name=wish.name or offer.name)
    content = await asyncio.to_thread(wish.certificate.read_bytes)
    try:
        return offer_of(content, seal_id=wish.seal_id, name=wish.name)
    except ValueError:
        raise Invalid({"certificate": f"{wish.certificate} holds no certificate in PEM or DER"}) from None


def _day(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), BEIJING).astimezone(UTC) if day else None


def _line(each: SealVersion, *, mark: str) -> str:
    term = f"{beijing(each.valid_from):%Y-%m-%d} to {beijing(each.valid_until):%Y-%m-%d}"
    return (
        f"{mark} {each.seal_id} version {each.version}  {each.status.value:<8}  {term}  {each.name}  "
        f"sha256 {each.fingerprint}  by {each.entered_by}"
    )


def _offer_line(offer: SealOffer) -> str:
    return f"   offered, not in the register: {offer.seal_id}  {offer.name}  sha256 {offer.fingerprint}"
