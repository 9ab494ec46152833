"""Seals and signatories at the desk: what the provider offers, asking for a version or a name. Called by staff pages.

Bringing a seal or a name into use needs a second person; taking one out of use takes effect at once.
"""

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from adapters.seal import SealOffer
from conf.clock import BEIJING, day_given
from conf.errors import Invalid, ProviderRejected, ProviderUnavailable
from conf.terms import AuditTag, ProposalKind, SealStatus
from handlers.flows import approving
from handlers.flows.ordering import Trace
from handlers.flows.seals import next_version
from store.records import Staff
from store.records.office import Proposal

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

#: Together they stand in one line of the certificate.
LONGEST_NAME, LONGEST_TITLE = 20, 12
AWAY = "印章提供方暂时没有答复，请稍后再试。"


async def offers(store: "Store", adapters: "Adapters") -> tuple[SealOffer, ...] | None:
    """What the provider offers and the register has not in use; None while it does not answer."""
    known = {each.fingerprint for each in await store.seals.all() if each.status == SealStatus.IN_USE}
    try:
        return tuple(offer for offer in await adapters.seal.seals() if offer.fingerprint not in known)
    except (ProviderUnavailable, ProviderRejected):
        return None


async def propose_seal(
    store: "Store", adapters: "Adapters", *, fingerprint: str, first_day: str, last_day: str, note: str, reason: str,
    by: Staff, now: datetime, trace: Trace,
) -> Proposal:  # fmt: skip
    """Ask for the next version of an offered seal. Raises Invalid by field, Conflict."""
    found = await offers(store, adapters)
    if found is None:
        raise Invalid({"fingerprint": AWAY})
    offer = next((each for each in found if each.fingerprint == fingerprint), None)
    if offer is None:
        raise Invalid({"fingerprint": "请选择提供方现在提供、登记中没有的印章。"})
    faults: dict[str, str] = {}
    begin, end = _day(first_day, "first_day", faults, empty=True), _day(last_day, "last_day", faults, empty=True)
    if faults:
        raise Invalid(faults)
    starts, ends = _moment(begin) or offer.valid_from, _moment(end) or offer.valid_until
    try:
        await next_version(store, offer, by=by.id, now=now, starts=starts, ends=ends, note=note)
    except Invalid:
        term = f"{offer.valid_from:%Y-%m-%d} 至 {offer.valid_until:%Y-%m-%d}"
        raise Invalid({"first_day": f"印章只能在证书有效期（{term}）之内使用。"}) from None
    after = {
        "seal_id": offer.seal_id, "name": offer.name, "signer": offer.signer, "fingerprint": offer.fingerprint,
        "cert_sn": offer.cert_sn, "valid_from": starts.isoformat(), "valid_until": ends.isoformat(),
        "note": note.strip()[:200],
    }  # fmt: skip
    return await approving.propose(
        store, ProposalKind.SEAL_ADD, about=offer.seal_id, title=f"启用印章：{offer.name}", before={}, after=after,
        reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_signatory(
    store: "Store", *, name: str, title: str, first_day: str, last_day: str, reason: str, by: Staff, now: datetime,
    trace: Trace,
) -> Proposal:  # fmt: skip
    """Ask that a name stand on certificates from one Beijing day until another. Raises Invalid by field, Conflict."""
    faults: dict[str, str] = {}
    name, title = name.strip(), title.strip()
    if not 2 <= len(name) <= LONGEST_NAME:
        faults["name"] = f"请填写姓名，2 到 {LONGEST_NAME} 字。"
    if not 2 <= len(title) <= LONGEST_TITLE:
        faults["title"] = f"请填写职务，2 到 {LONGEST_TITLE} 字。"
    begin, end = _day(first_day, "signs_from", faults), _day(last_day, "signs_until", faults)
    if begin and end and end < begin:
        faults["signs_until"] = "截止日不能早于起始日。"
    if faults or begin is None or end is None:
        raise Invalid(faults)
    after = {"name": name, "title": title, "first_day": begin.isoformat(), "last_day": end.isoformat()}
    return await approving.propose(
        store, ProposalKind.SIGNATORY, about="signatory", title=f"签发人：{name}", before={}, after=after,
        reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def end_signatory(store: "Store", id: str, *, by: Staff, now: datetime, trace: Trace) -> None:
    """The name stands on no new certificate from now on. Raises Conflict when it was ended, NotFound."""

    async def work(tx: Any) -> None:
        await store.signatories.end(id, by.name, tx)
        await store.audit.append(
            tag=AuditTag.SIGNATORY_CHANGED, subject=id, outcome="done", fields={"what": "ended"}, at=now, tx=tx, **trace
        )

    await store.atomically(work)


def _day(text: str, name: str, faults: dict[str, str], *, empty: bool = False) -> date | None:
    if not text and empty:
        return None
    try:
        return day_given(text)
    except ValueError:
        faults[name] = "请选择日期。"
        return None


def _moment(day: date | None) -> datetime | None:
    """Its first moment in Beijing."""
    return datetime.combine(day, time(), BEIJING).astimezone(UTC) if day else None
