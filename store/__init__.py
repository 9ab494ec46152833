"""MongoDB, and nothing else knows it is MongoDB. `open_store` is the door; the methods are domain questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from pymongo.errors import PyMongoError

from conf.clock import Clock, utc_now
from conf.errors import StoreUnavailable
from conf.keys import Keys
from conf.settings import Settings, SettingsError
from store import connection
from store.connection import Base, ServerFacts, Tx
from store.parts import Parts
from store.vault import Vault

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


class Store(Parts):
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
            with self.within(connection.opening_seconds(self._base.settings.mongo_url)):
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
