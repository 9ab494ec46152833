"""MongoDB, and nothing else knows it is MongoDB. `open_store` is the door; the methods are domain questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import PyMongoError

from conf.clock import Clock, utc_now
from conf.errors import StoreUnavailable
from conf.keys import Keys
from conf.settings import Settings, SettingsError
from store import connection
from store.connection import Base, ServerFacts, Tx
from store.vault import Vault

if TYPE_CHECKING:  # each part is imported when first used: a command that needs one does not load all
    from store.accounts import Accounts
    from store.audit import Audit
    from store.audit_checks import AuditChecks
    from store.audit_proofs import AuditProofs
    from store.audit_search import AuditSearch
    from store.backups import Backups
    from store.codes import Codes
    from store.companies import Companies
    from store.copies import Copies
    from store.differences import Differences
    from store.dossiers import Dossiers
    from store.followups import FollowUps
    from store.government import Batches, Cases, Units, UnitUsers
    from store.inbox import Inbox
    from store.inspections import Inspections
    from store.investment import Investment
    from store.jobs import Jobs
    from store.leases import Leases
    from store.licence_scans import LicenceScans
    from store.limits import Limits
    from store.links import Links
    from store.numbers import Numbers
    from store.orders import Orders
    from store.outbox import Outbox
    from store.proposals import Proposals
    from store.ratings import Ratings
    from store.recount import Recounter
    from store.retention import Retention
    from store.scans import Scans
    from store.seals import Seals
    from store.sessions import Sessions
    from store.staff import StaffRegister
    from store.terminals import Terminals

T = TypeVar("T")
__all__ = ["ServerFacts", "Store", "Tx", "open_store"]


async def open_store(settings: Settings, keys: Keys, clock: Clock = utc_now, *, to_restore: bool = False) -> Store:
    """Connect and check. Raises SettingsError when the address is missing, weak, or (in production) a standalone.

    `to_restore`: also a database that a restore left half done is opened.
    """
    client = connection.connect(settings)
    base = Base(
        client=client,
        db=connection.database(client, settings.mongo_database),
        vault=Vault(keys),
        clock=clock,
        settings=settings,
        keys=keys,
    )
    store = Store(base)
    try:
        await store.check_server()
        if not to_restore:
            await store.check_whole()
    except BaseException:
        await store.close()
        raise
    return store


class Store:
    """All parts of the store over one connection pool; one a process, opened inside the running loop."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.vault = base.vault
        self.clock = base.clock

    async def close(self) -> None:
        for part in list(vars(self).values()):
            stop = getattr(part, "stop", None)
            if stop is not None:
                await stop()
        await self._base.client.close()

    async def ping(self) -> bool:
        """Whether the database answers; never raises."""
        try:
            with connection.pymongo.timeout(1.5):
                await self._base.client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def within(self, seconds: float) -> AbstractContextManager[object]:
        """Everything asked of the database inside takes at most `seconds` together; longer limits within are cut."""
        return connection.pymongo.timeout(seconds)

    def named(self, fault: Exception) -> Exception:
        """StoreUnavailable for a fault of the connection or of time; any other fault as it is."""
        return StoreUnavailable(type(fault).__name__) if connection.is_away(fault) else fault

    async def server(self) -> ServerFacts:
        return await connection.server_facts(self._base.client)

    async def check_server(self) -> None:
        """Raise SettingsError when the database cannot be reached or cannot do transactions."""
        try:
            facts = await self.server()
        except PyMongoError as fault:
            raise SettingsError([f"EQICHA_MONGO_URL: the database does not answer ({type(fault).__name__})"]) from None
        if not facts.replica_set:
            raise SettingsError(["EQICHA_MONGO_URL: a standalone server cannot keep orders safe; start a replica set"])
        if self._base.settings.is_production and not connection.is_safe_version(facts.version):
            advice = "open to CVE-2025-14847; use 7.0.28, 8.0.17, 8.2.3 or newer"
            raise SettingsError([f"EQICHA_MONGO_URL: MongoDB {facts.version} is {advice}"])

    async def check_whole(self) -> None:
        """Raise SettingsError when a restore into this database was cut off."""
        if await connection.unfinished_restore(self._base.db):
            name = self._base.settings.mongo_database
            raise SettingsError([f"EQICHA_MONGO_DATABASE: {name} was left half restored; run eqicha.py restore again"])

    async def ensure_indexes(self) -> None:
        from store.indexes import ensure_indexes

        await ensure_indexes(self._base.db)

    async def atomically(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work(tx)` in one transaction; pass `tx` to every write in it. It may run more than once."""
        return await connection.atomically(self._base.client, work)

    @cached_property
    def companies(self) -> Companies:
        from store.companies import Companies

        return Companies(self._base)

    @cached_property
    def dossiers(self) -> Dossiers:
        from store.dossiers import Dossiers

        return Dossiers(self._base)

    @cached_property
    def scans(self) -> Scans:
        from store.scans import Scans

        return Scans(self._base)

    @cached_property
    def seals(self) -> Seals:
        from store.seals import Seals

        return Seals(self._base)

    @cached_property
    def accounts(self) -> Accounts:
        from store.accounts import Accounts

        return Accounts(self._base)

    @cached_property
    def links(self) -> Links:
        from store.links import Links

        return Links(self._base)

    @cached_property
    def sessions(self) -> Sessions:
        from store.sessions import Sessions

        return Sessions(self._base)

    @cached_property
    def codes(self) -> Codes:
        from store.codes import Codes

        return Codes(self._base)

    @cached_property
    def orders(self) -> Orders:
        from store.orders import Orders

        return Orders(self._base)

    @cached_property
    def copies(self) -> Copies:
        from store.copies import Copies

        return Copies(self._base)

    @cached_property
    def proposals(self) -> Proposals:
        from store.proposals import Proposals

        return Proposals(self._base)

    @cached_property
    def ratings(self) -> Ratings:
        from store.ratings import Ratings

        return Ratings(self._base)

    @cached_property
    def followups(self) -> FollowUps:
        from store.followups import FollowUps

        return FollowUps(self._base)

    @cached_property
    def outbox(self) -> Outbox:
        from store.outbox import Outbox

        return Outbox(self._base)

    @cached_property
    def inbox(self) -> Inbox:
        from store.inbox import Inbox

        return Inbox(self._base)

    @cached_property
    def staff(self) -> StaffRegister:
        from store.staff import StaffRegister

        return StaffRegister(self._base)

    @cached_property
    def terminals(self) -> Terminals:
        from store.terminals import Terminals

        return Terminals(self._base)

    @cached_property
    def audit(self) -> Audit:
        from store.audit import Audit

        return Audit(self._base)

    @cached_property
    def audit_checks(self) -> AuditChecks:
        from store.audit_checks import AuditChecks

        return AuditChecks(self._base)

    @cached_property
    def audit_proofs(self) -> AuditProofs:
        from store.audit_proofs import AuditProofs

        return AuditProofs(self._base)

    @cached_property
    def audit_search(self) -> AuditSearch:
        from store.audit_search import AuditSearch

        return AuditSearch(self._base)

    @cached_property
    def leases(self) -> Leases:
        from store.leases import Leases

        return Leases(self._base)

    @cached_property
    def limits(self) -> Limits:
        from store.limits import Limits

        return Limits(self._base)

    @cached_property
    def backups(self) -> Backups:
        from store.backups import Backups

        return Backups(self._base)

    @cached_property
    def retention(self) -> Retention:
        from store.retention import Retention

        return Retention(self._base)

    @cached_property
    def jobs(self) -> Jobs:
        from store.jobs import Jobs

        return Jobs(self._base)

    @cached_property
    def inspections(self) -> Inspections:
        from store.inspections import Inspections

        return Inspections(self._base)

    @cached_property
    def differences(self) -> Differences:
        from store.differences import Differences

        return Differences(self._base)

    @cached_property
    def licence_scans(self) -> LicenceScans:
        from store.licence_scans import LicenceScans

        return LicenceScans(self._base)

    @cached_property
    def units(self) -> Units:
        from store.government import Units

        return Units(self._base)

    @cached_property
    def unit_users(self) -> UnitUsers:
        from store.government import UnitUsers

        return UnitUsers(self._base)

    @cached_property
    def organ_cases(self) -> Cases:
        from store.government import Cases

        return Cases(self._base)

    @cached_property
    def batches(self) -> Batches:
        from store.government import Batches

        return Batches(self._base)

    @cached_property
    def numbers(self) -> Numbers:
        from store.numbers import Numbers

        return Numbers(self._base)

    @cached_property
    def recounter(self) -> Recounter:
        from store.recount import Recounter

        return Recounter(self._base)

    @cached_property
    def investment(self) -> Investment:
        from store.investment import Investment

        return Investment(self._base)
