"""The connection to MongoDB, set so that nothing is lost; `open_store` makes it, every store module gets a `Base`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pymongo
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from conf.clock import Clock
from conf.keys import Keys
from conf.settings import Settings, SettingsError
from store.vault import Vault

T = TypeVar("T")
Tx = AsyncClientSession  # opaque to every caller outside this room
Row = dict[str, Any]

WRITE_SECONDS = 20.0  # security rules §2: orders and other writes
READ_SECONDS = 3.0  # a page a visitor waits for
OPENING_SECONDS = 5.0  # a start that finds no database; `serverSelectionTimeoutMS` in the address says otherwise

#: A restore's mark: the collection is there from its first document to its last.
RESTORING = "restoring"

SAFE: dict[str, Any] = {"w": "majority", "journal": True, "retryWrites": True, "readConcernLevel": "majority"}


@dataclass(frozen=True, kw_only=True)
class Base:
    """What every store module is built over: `base.db["orders"]`, the vault, the clock, the settings."""

    client: AsyncMongoClient[Row]
    db: AsyncDatabase[Row]
    vault: Vault
    clock: Clock
    settings: Settings
    keys: Keys

    def __getitem__(self, name: str) -> AsyncCollection[Row]:
        return self.db[name]


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """What the server really does, for `eqicha.py check` and the start in production."""

    version: str
    replica_set: str  # empty on a standalone server
    write_concern: str


#: Least patch per release line with the fix of CVE-2025-14847 (heap read without signing in); newer lines have it.
LEAST_SAFE = {(7, 0): 28, (8, 0): 17, (8, 2): 3}


def is_safe_version(version: str) -> bool:
    """Whether production may use this server: 7.0.28, 8.0.17, 8.2.3 or newer (security rules §2)."""
    try:
        major, minor, patch = (int(part) for part in version.split("-")[0].split(".")[:3])
    except ValueError:
        return False
    least = LEAST_SAFE.get((major, minor))
    return patch >= least if least is not None else (major, minor) > max(LEAST_SAFE)


def connect(settings: Settings) -> AsyncMongoClient[Row]:
    """A client with majority, journalled, retried writes and majority reads, whatever the address leaves unsaid.

    Raises SettingsError when the address is missing or asks for less.
    """
    if not settings.mongo_url:
        raise SettingsError(["EQICHA_MONGO_URL: empty; set it, or use `make run`, which brings a trial database"])
    faults = [f"EQICHA_MONGO_URL: {fault}; leave it out" for fault in _weaker(settings.mongo_url)]
    if faults:
        raise SettingsError(faults)
    return AsyncMongoClient(
        settings.mongo_url,
        tz_aware=True,
        appname="eqicha",
        timeoutMS=int(WRITE_SECONDS * 1000),
        **SAFE,
    )


def opening_seconds(url: str) -> float:
    """How long a start looks for the database: as the address says, else OPENING_SECONDS.

    Said to the driver again at the call: with a `timeoutMS` of its own a client looks for a server until that has
    passed, whatever its `serverSelectionTimeoutMS`, so a mistyped address would cost WRITE_SECONDS.
    """
    options = parse_uri(url, validate=True, warn=False)["options"]
    return float(options.get("serverSelectionTimeoutMS") or OPENING_SECONDS)  # the parser made seconds of it


def is_away(fault: BaseException) -> bool:
    """The server could not be reached, was lost on the way, or took too long."""
    return isinstance(fault, ConnectionFailure) or (isinstance(fault, PyMongoError) and fault.timeout)


def database(client: AsyncMongoClient[Row], name: str) -> AsyncDatabase[Row]:
    return client.get_database(name, codec_options=CodecOptions(tz_aware=True), read_preference=ReadPreference.PRIMARY)


async def server_facts(client: AsyncMongoClient[Row]) -> ServerFacts:
    hello = await client.admin.command("hello")
    build = await client.admin.command("buildInfo")
    concern = client.write_concern.document
    return ServerFacts(
        version=str(build["version"]),
        replica_set=str(hello.get("setName", "")),
        write_concern=f"w={concern.get('w')} j={str(concern.get('j')).lower()}",
    )


async def unfinished_restore(db: AsyncDatabase[Row]) -> bool:
    """Whether a restore into this database was cut off; nobody may work with it then."""
    return await db[RESTORING].find_one({}, {"_id": 1}) is not None


async def atomically(client: AsyncMongoClient[Row], work: Callable[[Tx], Awaitable[T]]) -> T:
    """Run `work` in one transaction (snapshot, majority). The driver runs it again after a transient error."""
    with pymongo.timeout(WRITE_SECONDS):
        async with client.start_session() as session:
            return await session.with_transaction(
                work,  # type: ignore[arg-type]
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern(w="majority", j=True),
                read_preference=ReadPreference.PRIMARY,
            )


def _weaker(url: str) -> list[str]:
    options = parse_uri(url, validate=True, warn=False)["options"]
    found = []
    if options.get("w", "majority") != "majority":
        found.append("w must be majority")
    if options.get("journal", True) is not True:
        found.append("journal must be true")
    if options.get("retrywrites", options.get("retryWrites", True)) is not True:
        found.append("retryWrites must be true")
    if options.get("readconcernlevel", options.get("readConcernLevel", "majority")) != "majority":
        found.append("readConcernLevel must be majority")
    return found
