"""The seal register: adding, retiring, and which version a copy gets. Called by `eqicha.py seals` and sealing."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters.seal import SealOffer
from conf.errors import Conflict, Invalid, NotFound, ProviderRejected, ProviderUnavailable
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, Channel, SealStatus
from handlers.flows.ordering import Trace
from store.records import SealStep, SealVersion

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

SYSTEM, BY_ITSELF, BY_COMMAND = "seal", "service", "command"
SHORTEST_REASON, LONGEST_NAME = 5, 100

log = get_log("seal")


async def current_seal(store: "Store", adapters: "Adapters", settings: Settings, *, now: datetime) -> SealVersion:
    """The version to seal with now. Raises ProviderUnavailable when the register has none: the order waits.

    A local seal enters itself into an empty register: its key is ours. The platform's is entered by a person.
    """
    found = await store.seals.valid_at(settings.seal_id, now)
    if found is None and settings.seal_provider == "local":
        if not await store.seals.all():
            (offer,) = await adapters.seal.seals()
            with suppress(Conflict):  # another process was first
                await add_seal(store, offer, by=BY_ITSELF, now=now)
        found = await store.seals.valid_at(settings.seal_id, now)
    if found is None:
        log.error("seal_missing", seal_id=settings.seal_id)
        raise ProviderUnavailable(SYSTEM, f"no version of seal {settings.seal_id} is in use now: eqicha.py seals add")
    return found


async def ready_register(store: "Store", adapters: "Adapters", settings: Settings, *, now: datetime) -> None:
    """At the start: a local seal enters itself; what is missing is logged, and orders wait until it is mended."""
    try:
        await current_seal(store, adapters, settings, now=now)
    except (ProviderUnavailable, ProviderRejected) as fault:
        log.warning("seal_not_ready", fault=fault.reason)


async def add_seal(
    store: "Store",
    offer: SealOffer,
    *,
    by: str,
    now: datetime,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    note: str = "",
) -> SealVersion:
    """Enter a certificate as the next version of its seal, in use within its own term or a part of it.

    Raises Invalid (name, term) and Conflict (this certificate is in use already, or another was entered meanwhile).
    """
    starts, ends = valid_from or offer.valid_from, valid_until or offer.valid_until
    made = await next_version(store, offer, by=by, now=now, starts=starts, ends=ends, note=note)
    return await store.atomically(lambda tx: enter(store, made, by=by, now=now, tx=tx))


async def next_version(
    store: "Store", offer: SealOffer, *, by: str, now: datetime, starts: datetime, ends: datetime, note: str
) -> SealVersion:
    """The version a certificate would be, not entered yet. Raises Invalid and Conflict as `add_seal`."""
    _check(offer, starts, ends)
    known = [each for each in await store.seals.all() if each.seal_id == offer.seal_id]
    for each in known:
        if each.fingerprint == offer.fingerprint and each.status == SealStatus.IN_USE:
            raise Conflict(f"this certificate is version {each.version} of seal {offer.seal_id} already")
    version = max((each.version for each in known), default=0) + 1
    return SealVersion(
        id=f"{offer.seal_id}.{version}",
        seal_id=offer.seal_id,
        version=version,
        name=offer.name,
        signer=offer.signer,
        fingerprint=offer.fingerprint,
        cert_sn=offer.cert_sn,
        valid_from=starts,
        valid_until=ends,
        status=SealStatus.IN_USE,
        entered_by=by,
        history=(SealStep(at=now, what="added", by=by, note=note),),
    )


async def enter(store: "Store", made: SealVersion, *, by: str, now: datetime, tx: Any) -> SealVersion:
    """Enter a version with its evidence. Raises Conflict when its number was taken meanwhile."""
    await store.seals.add(made, tx)
    fields = {"version": made.version, "fingerprint": made.fingerprint}
    await _record(store, AuditTag.SEAL_ADDED, made.seal_id, by=by, fields=fields, now=now, tx=tx)
    return made


async def retire_seal(
    store: "Store", seal_id: str, version: int, *, reason: str, by: str, now: datetime, trace: Trace | None = None
) -> SealVersion:
    """Take a version out of use for good; copies it sealed stay as they are. Raises Invalid, NotFound, Conflict.

    `trace`: who did it at the desk; without it the command did.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid({"reason": f"say why in at least {SHORTEST_REASON} characters"})

    async def work(tx: Any) -> SealVersion:
        step = SealStep(at=now, what="retired", by=by, note=reason.strip())
        gone = await store.seals.retire(seal_id, version, step, tx)
        fields = {"version": version, "reason": reason.strip()}
        await _record(store, AuditTag.SEAL_RETIRED, seal_id, by=by, fields=fields, now=now, tx=tx, trace=trace)
        return gone

    return await store.atomically(work)


async def offered(adapters: "Adapters", seal_id: str) -> SealOffer:
    """The seal of that id as its provider offers it. Raises NotFound."""
    offers = await adapters.seal.seals()
    for offer in offers:
        if offer.seal_id == seal_id:
            return offer
    ids = ", ".join(offer.seal_id for offer in offers) or "none"
    raise NotFound(f"the seal provider offers no seal {seal_id}; it offers: {ids}")


def _check(offer: SealOffer, starts: datetime, ends: datetime) -> None:
    faults = {}
    if not 0 < len(offer.name) <= LONGEST_NAME:
        faults["name"] = f"give the seal a name of at most {LONGEST_NAME} characters"
    if not offer.valid_from <= starts < ends <= offer.valid_until:
        term = f"{offer.valid_from:%Y-%m-%d} to {offer.valid_until:%Y-%m-%d}"
        faults["term"] = f"a seal is used within the term of its certificate, {term}"
    if faults:
        raise Invalid(faults)


async def _record(
    store: "Store",
    tag: AuditTag,
    seal_id: str,
    *,
    by: str,
    fields: dict[str, Any],
    now: datetime,
    tx: Any,
    trace: Trace | None = None,
) -> None:
    channel = Channel.COMMAND if by == BY_COMMAND else Channel.WORKER
    itself: Trace = {"who": by, "role": "system", "channel": channel, "request_id": "", "address": ""}
    await store.audit.append(
        tag=tag, subject=seal_id, outcome="done", fields=fields, at=now, tx=tx, **(trace or itself)
    )
